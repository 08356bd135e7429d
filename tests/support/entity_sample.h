/* entity_sample.h - entities with something distinct in every field, made from the field table, so
 * that a test covers fields which are added later. */
#ifndef SLUICE_TESTS_SUPPORT_ENTITY_SAMPLE_H
#define SLUICE_TESTS_SUPPORT_ENTITY_SAMPLE_H

#include "common/domain/field.h"

/* Another value for every field and seed; never absent. */
struct value value_sample(struct arena *arena, const struct field *field, uint32_t seed);
/* NULL when the arena is used up. */
void *entity_sample(struct arena *arena, enum entity_kind kind, uint32_t seed);
/* An id that shows its number. */
struct uuid uuid_sample(uint32_t number);

#endif
