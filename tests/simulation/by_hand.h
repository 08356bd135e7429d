/* by_hand.h - commits written by hand, shown to the oracle: one right, then wrong in one way, to see that
 * it says no. For test_oracle and test_effect. */
#ifndef SLUICE_TESTS_SIMULATION_BY_HAND_H
#define SLUICE_TESTS_SIMULATION_BY_HAND_H

#include "common/domain/mutation.h"
#include "tests/simulation/world.h"

enum { HAND_ROWS_MAX = 16, HAND_MUTATIONS_MAX = 8 };

struct by_hand {
    struct world *world;
    struct arena arena;
    struct definition definition;
    struct row rows[HAND_ROWS_MAX];
    size_t count;
    struct str payloads[HAND_MUTATIONS_MAX];
};

extern const struct uuid HAND_TEAM, HAND_REPLICA, HAND_DEAL, HAND_FIRM;
extern const struct uuid HAND_OWNER, HAND_REP, HAND_OTHER, HAND_VIEWER;

/* A team with an owner, two reps, a viewer and a firm, as seq 1. */
void by_hand_open(struct by_hand *hand);
void by_hand_close(struct by_hand *hand);
/* Nothing broke so far. */
bool by_hand_holds(const struct by_hand *hand);

struct uuid by_hand_id(uint8_t n);
/* Of that deal, under id n; then somebody has made it. */
struct mutation by_hand_mutation(uint8_t n, enum mutation_kind kind, struct edit *edits,
                                 size_t edit_count);
void by_hand_made(struct by_hand *hand, uint8_t n, const struct mutation *mutation);
struct edit by_hand_text(const char *field, const char *base, const char *want);

void by_hand_put(struct by_hand *hand, enum entity_kind kind, struct uuid id, uint64_t seq,
                 const void *entity);
/* The answer to mutation n of that member, under its number. */
struct outcome *by_hand_answer(struct by_hand *hand, uint64_t seq, uint8_t n, int64_t number,
                               enum outcome_kind kind, struct uuid member);
void by_hand_commit(struct by_hand *hand, uint64_t from, uint64_t to);

#endif
