/* check_inside.h - what the files of the oracle share; included by check*.c only. */
#ifndef SLUICE_TESTS_SIMULATION_CHECK_INSIDE_H
#define SLUICE_TESTS_SIMULATION_CHECK_INSIDE_H

#include "server/core/store.h"

struct world;

/* check_stage.c: an event into a stage, against the deal written under the same seq. */
void check_stage(struct world *world, const struct row *event, const struct store_request *request);
/* check_copy.c: one laptop's server rows against the model. */
void check_converged(struct world *world, size_t laptop);

#endif
