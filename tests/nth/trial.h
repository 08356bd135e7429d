/* trial.h - one try: a team on one server core, and its members' copies: real encrypted files on the
 * simulated disk, real sync machines, joined by pipes that can be cut at a byte.
 *
 * Made once, with something of everything in it, then put back to that for each try. Nothing in it
 * comes from a clock or the system's randomness: the N-th allocation is the same one each time. */
#ifndef SLUICE_TESTS_NTH_TRIAL_H
#define SLUICE_TESTS_NTH_TRIAL_H

#include "client/core/sync.h"
#include "client/verbs/work.h"
#include "server/core/server.h"
#include "tests/nth/layer.h"
#include "tests/nth/memory.h"
#include "tests/support/store_memory.h"

/* Anna (owner) and Bob (manager) are at their copies; Cid, a manager too, has not joined yet. */
enum { ANNA = 0, BOB, CID, DESKS };

/* States of all copies and the store that can be put back: the team as every scene finds it, as it
 * was some days earlier, and as one scene has prepared it. */
enum kept_state { KEPT_BASE = 0, KEPT_EARLY, KEPT_SCENE, KEPT_STATES };

enum { PATH_BYTES_MAX = 220, PROBLEM_BYTES = 600, ENTRIES_MAX = 128 };

struct desk {
    char path[PATH_BYTES_MAX], kept[KEPT_STATES][PATH_BYTES_MAX];
    struct secret32 key;
    struct key_pair device;
    struct replica *replica; /* NULL: closed */
    struct sync *sync;       /* NULL: not running */
    uint64_t connection;     /* 0: none */
    bool frozen;             /* half open: everything is swallowed, nobody is told */
};

enum wire_way { WIRE_TO_SERVER = 0, WIRE_TO_CLIENT, WIRE_WAYS };

/* The connections of one desk are cut once, after so many bytes one way, all of them together. */
struct wire {
    enum wire_way way;
    bool armed, silent, struck;
    uint64_t cut_at;
    uint64_t bytes[WIRE_WAYS];
};

/* A store that is not in memory. */
struct database {
    const struct store_result *(*run)(const struct store_request *request); /* until the next one */
    void (*keep)(enum kept_state which);
    void (*put_back)(enum kept_state which);
};

struct trial {
    struct random random;
    struct now now;
    struct key_pair server_key;
    struct uuid team, members[DESKS];
    uint8_t codes[DESKS][CODE_BYTES];
    struct desk desks[DESKS];
    size_t who; /* at whose desk things happen and wires are cut */
    struct server *server;
    struct crash_note note;
    struct store_memory *store, *kept[KEPT_STATES];
    const struct database *database; /* instead of the memory store; NULL: that */
    struct wire wire;
    uint64_t connections;
    bool forks; /* a copy is to take a new replica id: its older numbers are another's */
    size_t tries;
    char problem[PROBLEM_BYTES]; /* the first thing that was wrong; empty: nothing */
};

/* The first one is kept. */
void trial_wrong(struct trial *trial, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- trial.c --- */
void trial_begin(struct trial *trial, const struct database *database);
void trial_end(struct trial *trial);
/* A team with three members and their invitations, in whatever store there is. */
void trial_found(struct trial *trial);
/* Everything open is closed; copies and store are as they were kept. */
void trial_reset(struct trial *trial, enum kept_state which);
void trial_keep(struct trial *trial, enum kept_state which);
/* Only Anna's copy, or only the store. */
void trial_copy_set_back(struct trial *trial, enum kept_state which);
void trial_store_set_back(struct trial *trial, enum kept_state which);

/* An empty copy with the member's invitation. */
void desk_make(struct trial *trial, size_t desk);
MUST_USE enum fault desk_open(struct trial *trial, size_t desk);
void desk_close(struct trial *trial, size_t desk);
/* Its process has died, or its machine; it is opened again. */
void desk_restart(struct trial *trial, size_t desk, bool power);

/* --- trial_run.c --- */
/* Both accept that memory runs out: false. */
bool server_begin(struct trial *trial);
bool desk_sync(struct trial *trial, size_t desk, bool live, bool check);
void desk_sync_end(struct trial *trial, size_t desk);
void server_end(struct trial *trial);
/* Carries bytes and requests and lets time pass until everybody who syncs has settled: is live with
 * nothing pending at the server's head, is done, or is refused. False: not within the limit. */
bool trial_run(struct trial *trial, uint64_t limit_ms);
/* Opens, exchanges everything at that desk, without faults, and closes. */
void trial_sync(struct trial *trial, size_t desk);
uint64_t trial_head(struct trial *trial);
const struct store_result *trial_ask(struct trial *trial, const struct store_request *request);
void trial_release(struct trial *trial, const struct store_result *result);

/* --- words.c --- */
struct said {
    enum fault fault;
    enum answer_code code;
    uint64_t digest; /* of everything the answer would show */
    char text[200];  /* its beginning, for people */
};
/* "deal|add|Roof|--value|12k" at that desk. */
struct said words_run(struct trial *trial, size_t desk, const char *words);
/* Several, separated by ';', each of which must go through. */
void words_all(struct trial *trial, size_t desk, const char *words);

/* --- audit.c --- */
struct entries { /* an outbox, as far as it matters here */
    size_t count, pending;
    uint64_t next;
    struct uuid mutations[ENTRIES_MAX];
};
struct entries audit_entries(struct trial *trial, size_t desk);
/* The file is whole, numbers have no gaps, and what is shown is server plus pending. */
void audit_copy(struct trial *trial, size_t desk);
/* After settling: the copy holds exactly the server's rows, and each of its mutations has exactly
 * one outcome there and left its traces once. */
void audit_server(struct trial *trial, size_t desk);

#endif
