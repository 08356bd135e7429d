/* tell.h - a mutation and its answer in words, for the story of a run. */
#ifndef SLUICE_TESTS_SIMULATION_TELL_H
#define SLUICE_TESTS_SIMULATION_TELL_H

#include <stddef.h>

#include "common/domain/mutation.h"

enum { TELL_BYTES = 120 };

/* " deal 3f2a: title Roof, value 3000": which thing, and what is wanted of it; cut where it is long. */
void tell_wishes(char out[TELL_BYTES], const struct mutation *mutation);
/* "3f2a": the end of its id. */
void tell_id(char out[5], struct uuid id);
const char *tell_outcome(int64_t outcome);

#endif
