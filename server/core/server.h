/* server.h - the whole server as one state machine: bytes, store results and time in; bytes, store
 * requests and closes out. No clock, no socket, no database, no callback.
 *
 * The edge (server/edge/listener) calls the server_* functions and after each turn drains
 * server_next until EFFECT_NONE. The simulator does the same with a virtual network.
 *
 * Data's way: server_received -> session -> commit -> STORE_LOAD -> decide -> STORE_COMMIT ->
 * feed -> sessions -> output. */
#ifndef SLUICE_SERVER_CORE_SERVER_H
#define SLUICE_SERVER_CORE_SERVER_H

#include "common/base/now.h"
#include "common/base/random.h"
#include "common/link/secret.h"
#include "server/core/crash_note.h"
#include "server/core/store.h"

struct server;

struct server_key {
    struct secret32 secret;
    uint8_t public_key[32];
};

struct server_options {
    struct server_key keys[2]; /* current, and next when rotating */
    size_t key_count;
    uint8_t seed[32];    /* of the server's randomness: ephemeral keys, marks, tokens */
    struct str program;  /* "sluiced 0.1.0" */
    size_t sessions_max; /* 0: SESSIONS_MAX */
    size_t batch_bytes_max; /* 0: what a batch may need at most */
    struct crash_note *note; /* outlives a crash; may be NULL */
};

enum effect_kind {
    EFFECT_NONE = 0,
    EFFECT_WRITE, /* the connection has output: server_output, then server_sent */
    EFFECT_CLOSE, /* write what output there is, then close and call server_closed; asked for again:
                     at once */
    EFFECT_STORE, /* run the request, then server_store_done */
    EFFECT_LOG    /* a line for the log */
};

struct effect {
    enum effect_kind kind;
    uint64_t connection;
    const struct store_request *request;
    struct str line; /* valid until the next call */
    bool warning;
};

struct server *server_create(const struct server_options *options); /* NULL: out of memory */
void server_destroy(struct server *server);

/* connection: a number of the edge's choosing, never reused. source: the peer's address, for
 * limits and logs. */
void server_accepted(struct server *server, uint64_t connection, struct str source,
                     struct now now);
/* A connection came that could not be accepted: no descriptor, no memory. */
void server_accept_failed(struct server *server, struct str why, struct now now);
void server_received(struct server *server, uint64_t connection, struct str bytes,
                     struct now now);
void server_closed(struct server *server, uint64_t connection, struct now now);
void server_store_done(struct server *server, const struct store_result *result, struct now now);
/* What the edge remembers outside the database of one copy: the last mutation that was answered. */
struct known_stand {
    struct uuid replica, device, mutation; /* device, mutation: zero when not known */
    uint64_t number;
    int64_t at_ms;
};
/* All that is remembered of a team's copies: what the database does not have, and nobody brings back,
 * is told to its managers. After a start and when the database went back. False: again later. */
MUST_USE bool server_compare(struct server *server, struct uuid team,
                             const struct known_stand *stands, size_t count, struct now now);
/* A device (DEVICE) or member (MEMBER) that was sent away, by what the edge keeps outside the database:
 * made so again where the database has forgotten it. */
void server_shut_out(struct server *server, struct uuid team, enum entity_kind kind,
                     struct uuid subject, struct now now);
/* Another process may have committed to this team (a hint, never needed for correctness). */
void server_hint(struct server *server, struct uuid team, struct now now);
void server_tick(struct server *server, struct now now);
/* Tells every session that the server stops; sessions close after what is in flight. */
void server_stop(struct server *server, struct now now);
bool server_stopped(const struct server *server); /* no session, no store request in flight */

struct effect server_next(struct server *server);
struct str server_output(const struct server *server, uint64_t connection);
void server_sent(struct server *server, uint64_t connection, size_t n, struct now now);
/* False: stop reading from that socket for now (too much of its work in flight). */
bool server_wants_input(const struct server *server, uint64_t connection);
/* boot_ms of the next needed server_tick; UINT64_MAX when none. */
uint64_t server_deadline(const struct server *server);

struct server_counters {
    uint64_t sessions, handshakes, mutations, commits, stale_commits, pages, rows_out;
    uint64_t known_commits; /* decided without a LOAD */
    uint64_t went_back; /* how often the database of a team was found to be an older one */
};
struct server_counters server_counters(const struct server *server);

#endif
