/* database.h - the servers' store, on good days and bad: the memory store behind a connection that
 * delays, fails and dies at COMMIT; restored to yesterday; failed over with a lost tail.
 *
 * A request travels in two legs: the database runs it (WORLD_STORE), the server hears of it
 * (WORLD_STORED). In between either may die, or sleep. */
#ifndef SLUICE_TESTS_SIMULATION_DATABASE_H
#define SLUICE_TESTS_SIMULATION_DATABASE_H

#include "server/core/store.h"

struct world;
struct store_memory;

struct asked { /* a request under way */
    uint64_t id;
    size_t server;
    uint64_t incarnation;
    const struct store_request *request; /* NULL when its server is gone and nothing is kept */
    struct store_request own;            /* a copy, when the server did not live to see it */
    struct arena arena;                  /* of the copy, and of bad results */
    const struct store_result *good;     /* of the store, to be given back */
    struct store_result bad;
    bool ran;
};

struct database {
    struct store_memory *store;
    struct store_memory *backup;  /* an older state, NULL when none was taken */
    struct store_memory *standby; /* lags behind */
    struct asked **asked;
    size_t asked_count, asked_cap;
    uint64_t asked_last;
    uint64_t lost_seq;   /* the highest seq ever lost */
    size_t last_server;  /* that committed */
    /* what a script wants */
    enum store_status next_commit; /* comes to that instead: UNKNOWN, FAILED; 0: nothing wanted */
    bool next_done;                /* of UNKNOWN: it was written */
    size_t held_server;            /* 1 + index: its commits stay on their way meanwhile */
};

void database_open(struct world *world);
void database_finish(struct world *world);
void database_ask(struct world *world, size_t server, const struct store_request *request);
void database_run(struct world *world, uint64_t id);
void database_told(struct world *world, uint64_t id);
/* The server died: what it asked may still happen. */
void database_abandon(struct world *world, size_t server);
/* Writes at once: what is written beside the servers. The rows carry no seq yet. */
void database_write(struct world *world, struct row *rows, size_t count);
/* A commit is under way, or what it is decided on is being loaded. */
bool database_is_busy(const struct world *world);
/* The deal as it stands; NULL when there is none. */
const struct deal *database_deal(struct world *world, struct uuid id);

void database_backup(struct world *world);
/* Back to the backup. False when there is none, or nothing happened since. */
bool database_restore(struct world *world);
/* The standby, which lacks the last commits, takes over; servers go on. */
bool database_failover(struct world *world);

#endif
