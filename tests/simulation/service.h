/* service.h - the server core: several processes on one store; run, crashed, stopped, put to sleep.
 *
 * Drains a core's effects into the network and the database. A sleeping one (SIGSTOP) hears nothing;
 * what was meant for it comes when it wakes. */
#ifndef SLUICE_TESTS_SIMULATION_SERVICE_H
#define SLUICE_TESTS_SIMULATION_SERVICE_H

#include <stdbool.h>

#include "server/core/server.h"

struct world;

struct service {
    struct server *server; /* NULL while it is down */
    uint64_t incarnation;
    uint64_t resume_ms; /* sleeping until then; 0: awake */
    bool stopping;      /* asked to stop, finishing what is under way */
    bool compared;      /* what the edge remembers was given to it... */
    uint64_t went_back; /* ... since the database went back so often */
};

void service_start(struct world *world, size_t index);
/* Commits in flight may or may not have happened. */
void service_crash(struct world *world, size_t index);
/* As SIGTERM does; starts again some time later. */
void service_stop(struct world *world, size_t index);
void service_pause(struct world *world, size_t index, uint64_t span_ms);
void service_resume(struct world *world, size_t index);
/* True: the server sleeps, the event will come again when it wakes. Kind: enum event_kind_of_world. */
bool service_defers(struct world *world, size_t index, int kind, uint64_t a, uint64_t b);
void service_finish(struct world *world);
void service_drain(struct world *world, size_t index);
uint64_t service_deadline(const struct world *world, size_t index);
void service_tick(struct world *world, size_t index);
void service_hint(struct world *world, size_t index);
/* A laptop that did not read does so again: what waits for it goes out. */
void service_read(struct world *world, size_t laptop);

#endif
