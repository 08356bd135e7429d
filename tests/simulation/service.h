/* service.h - the server core on the memory store: run, crashed, started again.
 *
 * Drains the core's effects into the network and the store. Store requests are executed some time
 * after they were asked for, in an order chance decides, and fail in every way store.h names. */
#ifndef SLUICE_TESTS_SIMULATION_SERVICE_H
#define SLUICE_TESTS_SIMULATION_SERVICE_H

#include "server/core/server.h"

struct world;
struct store_memory;

struct service {
    struct server *server; /* NULL while it is down */
    struct store_memory *store;
    uint64_t incarnation;
    const struct store_request **requests; /* asked, not yet executed; NULL: slot is free */
    size_t request_cap;
};

void service_start(struct world *world);
/* Commits in flight may or may not have happened. */
void service_crash(struct world *world);
void service_finish(struct world *world);
void service_drain(struct world *world);
void service_store(struct world *world, uint64_t slot, uint64_t incarnation);
/* Founds the team: what `sluiced init` does. */
void service_found(struct world *world);
/* Writes to the team beside the running server, as `sluiced` commands and other servers do. */
void service_administer(struct world *world);

#endif
