/* acts.h - the single things people do. Called by actors.c. */
#ifndef SLUICE_TESTS_SIMULATION_ACTS_H
#define SLUICE_TESTS_SIMULATION_ACTS_H

#include <stddef.h>

struct world;

/* Does one thing, drawn by chance, on that laptop. It may be refused there; then nothing was. */
void act_once(struct world *world, size_t laptop);
/* The same of what owners and managers do, as far as the seed has it. */
void act_lead(struct world *world, size_t laptop);

#endif
