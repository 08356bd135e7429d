/* sync.h - one copy's conversation with the server, as a state machine without I/O.
 *
 *   OFFLINE --sync_start--> CONNECTING --connected--> HANDSHAKE --welcome--> CATCHING_UP
 *      ^                        |                        |                      | head reached,
 *      +---- failure: back-off -+------------------------+                      v all answered
 *      +------------------------------- bye / lost ------------------------- LIVE (or DONE)
 *
 * Driven by client/edge/loop and by the simulator. The replica port is called synchronously.
 * After any call drain sync_next until SYNC_EFFECT_NONE. */
#ifndef SLUICE_CLIENT_CORE_SYNC_H
#define SLUICE_CLIENT_CORE_SYNC_H

#include "client/core/replica.h"
#include "common/base/bounds.h"
#include "common/base/now.h"
#include "common/base/random.h"
#include "common/link/secret.h"

struct sync;

struct sync_options {
    struct replica *replica;
    struct secret32 device_secret;
    uint8_t device_public[32];
    uint8_t seed[32];
    struct str program;
    bool live; /* stay; else DONE when everything was exchanged */
    size_t fill_bytes; /* of a snapshot held in memory before it is put; 0: the usual */
    bool check; /* not live: before that compare the copy with the server, and repair it */
};

enum sync_state {
    SYNC_OFFLINE = 0,
    SYNC_CONNECTING,
    SYNC_HANDSHAKE,
    SYNC_CATCHING_UP,
    SYNC_LIVE,
    SYNC_DONE,
    SYNC_REFUSED /* the server does not want this device; only the person can help */
};

enum sync_effect_kind {
    SYNC_EFFECT_NONE = 0,
    SYNC_EFFECT_CONNECT, /* open a TCP connection to `address`; then sync_connected/_lost */
    SYNC_EFFECT_WRITE,   /* sync_output / sync_sent */
    SYNC_EFFECT_CLOSE,   /* close the connection after writing what there is; no sync_lost needed */
    SYNC_EFFECT_CHANGED, /* what people see changed: redraw */
    SYNC_EFFECT_PROGRESS /* see sync_progress */
};

/* Why the last attempt failed; stable codes for exit status and messages. */
enum sync_trouble {
    SYNC_TROUBLE_NONE = 0,
    SYNC_TROUBLE_UNREACHABLE, /* no connection */
    SYNC_TROUBLE_CLOSED,      /* closed before it proved to be our server, without a word: something
                                 else, or a server that has no room */
    SYNC_TROUBLE_LOST,        /* the connection broke */
    SYNC_TROUBLE_SILENT,      /* half-open: nothing came for DEAD_MS, or the handshake timed out */
    SYNC_TROUBLE_NOT_SLUICE,  /* something else listens there */
    SYNC_TROUBLE_VERSION,     /* the server speaks another version */
    SYNC_TROUBLE_SERVER_KEY,  /* it is not the server we pinned */
    SYNC_TROUBLE_REFUSED,     /* see refusal */
    SYNC_TROUBLE_BUSY,
    SYNC_TROUBLE_TAMPERED,    /* what came is not what our server sent */
    SYNC_TROUBLE_PROTOCOL,    /* it sent something we cannot accept */
    SYNC_TROUBLE_LOCAL        /* the copy could not be written: see local_fault */
};

struct sync_effect {
    enum sync_effect_kind kind;
    struct str address;
};

/* A change that came: an event of that subject, or that activity. */
struct sync_revealed {
    uint32_t kind; /* ENTITY_EVENT or ENTITY_ACTIVITY */
    struct uuid id;
    uint64_t seq;
};

struct sync_report {
    enum sync_state state;
    enum sync_trouble trouble;
    enum session_refusal refusal;
    enum fault local_fault;
    uint8_t peer_version; /* SYNC_TROUBLE_VERSION: what the server claims to speak; 0: not told */
    uint64_t rows_received, rows_expected; /* progress of catching up, by seq */
    uint64_t sent, answered;               /* mutations in this session */
    uint64_t conflicts, parked;            /* answers that need attention, in this session */
    char revoked_by[NAME_BYTES_MAX + 1]; /* REFUSAL_REVOKED: who did it; empty: not told */
    int64_t revoked_at;                  /* and when, in ms; 0: not told */
    uint64_t settled; /* REFUSAL_REVOKED: what this copy made up to here has an outcome */
    uint64_t unsent;  /* filled by who obeys it: what the server takes no more */
    bool was_restored; /* the server had gone back in time; answered work was offered again */
    bool was_checked;  /* the copy was compared with the server: rows_checked, rows_repaired */
    bool was_refetched; /* so much differed that everything was fetched anew */
    uint64_t rows_checked, rows_repaired;
    bool was_forked;   /* this copy had been cloned or restored; it took a new replica id */
    /* What the last SYNC_EFFECT_CHANGED was about, by seq; borrowed until the next call. */
    const struct sync_revealed *revealed;
    size_t revealed_count;
    bool revealed_more; /* and more than that: a snapshot, or too many */
};

struct sync *sync_create(const struct sync_options *options);
void sync_destroy(struct sync *sync);
void sync_start(struct sync *sync, struct now now);
void sync_connected(struct sync *sync, struct now now);
void sync_received(struct sync *sync, struct str bytes, struct now now);
/* The connection could not be opened, or broke. */
void sync_lost(struct sync *sync, struct now now);
/* New mutations are in the outbox. One that gets lost costs seconds. */
void sync_poke(struct sync *sync, struct now now);
void sync_tick(struct sync *sync, struct now now);
/* Says bye, after what is in flight. */
void sync_stop(struct sync *sync, struct now now);

struct sync_effect sync_next(struct sync *sync);
struct str sync_output(const struct sync *sync);
void sync_sent(struct sync *sync, size_t n, struct now now);
uint64_t sync_deadline(const struct sync *sync);
struct sync_report sync_report(const struct sync *sync);
/* Stable lower-case codes for identity.last_failure, --json and logs: "unreachable". Never NULL. */
const char *sync_trouble_name(enum sync_trouble trouble);

#endif
