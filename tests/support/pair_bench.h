/* pair_bench.h - two copies, a whole server core and the store in memory, wired together. For tests of
 * what clients and server make of one another. */
#ifndef SLUICE_TESTS_SUPPORT_PAIR_BENCH_H
#define SLUICE_TESTS_SUPPORT_PAIR_BENCH_H

#include "client/core/outbox.h"
#include "client/core/sync.h"
#include "server/core/server.h"
#include "tests/support/link_pair.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"
#include "tests/support/store_memory.h"

enum { PAIR_CLIENTS = 2, PAIR_PATIENCE = 2000 };

struct pair_client {
    struct replica *replica;
    struct sync *sync;
    struct key_pair device;
    uint64_t connection; /* 0: none */
};

struct pair_bench {
    struct rule_world world;
    struct store_memory *store;
    struct server *server;
    struct key_pair key;
    struct random random;
    struct pair_client clients[PAIR_CLIENTS];
    uint64_t connections;
    struct now now;
    bool down; /* the network is */
    bool check; /* copies are compared */
    size_t page_rows; /* the store gives no more at once; 0: as many as it is asked for */
    size_t page_stop; /* after so many pages the store hangs; 0: it does not */
};

/* Set-up and tear-down of a test: copies of "rep" and "other", who have a deal, "roof". */
int pair_open(void **state);
int pair_close(void **state);
/* The server dies, and another one serves the store as it is now. */
void pair_restart(struct pair_bench *b);
void pair_ok(enum fault fault);
/* That copy is thrown away; a new device joins with the code. */
void pair_join(struct pair_bench *b, size_t index, const uint8_t code[CODE_BYTES]);
/* A new machine over the same copy. */
void pair_start(struct pair_bench *b, struct pair_client *client, bool live);
/* One effect of a copy, or of the server; false: it has none. */
bool pair_client_step(struct pair_bench *b, struct pair_client *client);
bool pair_server_step(struct pair_bench *b);
/* Until nobody has anything left to say. */
void pair_run(struct pair_bench *b);
void pair_sleep(struct pair_bench *b);
/* That copy exchanges everything, once. */
struct sync_report pair_exchange(struct pair_bench *b, size_t index);
/* An edit of "roof" on that copy. */
void pair_edit(struct pair_bench *b, size_t index, const char *edits);
/* What that copy shows of "roof". */
void pair_deal(struct pair_bench *b, size_t index, const char *fields);

#endif
