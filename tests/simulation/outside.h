/* outside.h - what the servers' edge keeps outside the database: up to which number each copy was
 * answered (server/edge/known_numbers). Given to the core after a start and when the database went
 * back; what nobody brings back has to be told to the managers in the end. */
#ifndef SLUICE_TESTS_SIMULATION_OUTSIDE_H
#define SLUICE_TESTS_SIMULATION_OUTSIDE_H

#include "server/core/server.h"

struct world;

enum { OUTSIDE_STANDS_MAX = 512 };

struct outside_of_world {
    struct known_stand stands[OUTSIDE_STANDS_MAX];
    size_t count;
    bool travelled; /* the database went back at least once */
};

/* A server heard what came of that request. */
void outside_hear(struct world *world, const struct store_request *request,
                  const struct store_result *result);
/* After that server did something: compares when that is due. */
void outside_look(struct world *world, size_t server);
/* Time enough to ask for all that is missing, and for those who have it to bring it. */
void outside_wait(struct world *world);
/* What is missing is told, and nothing else is. */
void outside_check(struct world *world);

#endif
