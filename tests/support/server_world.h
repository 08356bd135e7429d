/* server_world.h - scripted clients that speak through real channels to the server core, which
 * works on the memory store. For tests of the server. */
#ifndef SLUICE_TESTS_SUPPORT_SERVER_WORLD_H
#define SLUICE_TESTS_SUPPORT_SERVER_WORLD_H

#include "common/domain/mutation.h"
#include "server/core/server.h"
#include "tests/support/link_pair.h"
#include "tests/support/store_memory.h"

#define SERVER_WORLD_WALL INT64_C(1800000000000)

enum { PEERS_MAX = 4, MESSAGES_MAX = 256 };

struct peer {
    struct channel channel;
    struct key_pair key;
    struct hello hello;
    uint64_t connection;
    bool open, closed; /* closed: by the server */
    struct arena arena;
    struct message messages[MESSAGES_MAX];
    size_t count;
};

struct server_world {
    struct server *server;
    struct store_memory *store;
    struct random random;
    struct key_pair key;
    struct crash_note note;
    struct now now;
    struct uuid team, owner;
    uint8_t code[CODE_BYTES];
    struct peer peers[PEERS_MAX];
    uint64_t connections;
    const struct store_request *held[8]; /* requests not answered yet */
    size_t held_count;
    bool hold;
    enum store_kind holds; /* 0: COMMITs */
    size_t lines; /* logged by the event named in `listens` */
    const char *listens;
    uint64_t stuck; /* a connection that takes no bytes at present */
};

void server_world_begin(struct server_world *w);
void server_world_end(struct server_world *w);
/* The server dies, and another one serves the store as it is now. */
void server_world_restart(struct server_world *w);
/* Another server in the place of the first, whose batches get that much memory. Before anybody
 * connects. */
void server_world_small(struct server_world *w, size_t batch_bytes_max);
/* Time goes by, a tick, and all that follows. */
void server_world_pass(struct server_world *w, uint64_t ms);
/* Carries bytes and store requests until nobody has anything left to say. */
void server_world_settle(struct server_world *w);
/* Runs a held request. */
void server_world_answer(struct server_world *w, const struct store_request *request);
/* As another server of the database would: an organisation of that name, in one commit. */
void server_world_elsewhere(struct server_world *w, const char *name);
void server_world_carry(struct server_world *w, uint64_t connection);
struct str server_world_pack(const struct mutation *mutation, struct arena *arena);
/* A packed creation of a deal of the owner's. */
struct str server_world_deal(struct server_world *w, struct arena *arena, const char *title);
void peer_make(struct server_world *w, struct peer *peer);
void peer_connect(struct server_world *w, struct peer *peer);
/* The newest message of that kind, or NULL. */
const struct message *peer_find(const struct peer *peer, enum message_kind kind);
/* Takes over what a real client would keep. */
const struct welcome *peer_welcomed(struct peer *peer);
void peer_leave(struct server_world *w, struct peer *peer);
/* The first peer, enrolled with the owner's invitation and caught up. */
struct peer *peer_enrolled(struct server_world *w);
/* A second copy on the first one's device. */
struct peer *peer_second(struct server_world *w);
void peer_push(struct server_world *w, struct peer *peer, uint64_t number, struct str payload);
void peer_push_many(struct server_world *w, struct peer *peer, uint64_t first, struct str *payloads,
                    size_t count);
/* How many rows of that kind came in pages. */
size_t peer_rows(const struct peer *peer, enum entity_kind kind);
/* The answer to that number; kind NONE when there is none. */
struct outcome peer_outcome(struct peer *peer, uint64_t number);
/* Why the server ended it; NONE when it did not. */
enum bye_reason peer_bye(const struct peer *peer);

#endif
