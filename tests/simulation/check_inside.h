/* check_inside.h - what the files of the oracle share; included by check*.c only.
 *
 *   check.c         the books: promises, answers, the model of rows; conservation
 *   check_rows.c    what one seq may look like
 *   check_stage.c   no deal enters a stage its gates forbid
 *   check_definition.c history explains the stages
 *   check_life.c    what was deleted stays deleted, or comes back as it was
 *   check_history.c history explains the state; nobody is overwritten
 *   check_effect.c  a mutation did what was wanted, and nothing else (check_effect.h)
 *   check_rights.c  who may do and see what
 *   check_use.c     nobody takes away what others use or have worked on
 *   check_copy.c    copies against the books */
#ifndef SLUICE_TESTS_SIMULATION_CHECK_INSIDE_H
#define SLUICE_TESTS_SIMULATION_CHECK_INSIDE_H

#include "client/core/replica.h"
#include "common/domain/mutation.h"
#include "tests/simulation/check.h"

struct world;

struct str oracle_id_key(const struct uuid *id);
void *oracle_place(struct oracle *oracle, struct map *map, struct str key, size_t size);
/* The mutation as it was made; NULL when it cannot be read. Lives in the arena. */
const struct mutation *oracle_mutation(struct world *world, struct arena *arena, struct uuid id);

/* check.c: every mutation that was made has an outcome. */
void check_conservation(struct world *world);
/* check_rows.c: everything under one seq of a commit. */
void check_seq(struct world *world, const struct store_request *request, uint64_t seq,
               bool administered);
/* What the row hangs on is there, or was. After all rows of its commit. */
void check_parents(struct world *world, const struct row *row);
/* check_use.c: what others use or have worked on is not taken away. After all rows of its commit. */
void check_use(struct world *world, const struct row *row);
/* check_stage.c: an event into a stage, against the deal written under the same seq. */
void check_stage(struct world *world, const struct row *event, const struct store_request *request);
/* check_definition.c: an event of a stage, applied to the definition; then what is stored. */
void check_stage_change(struct world *world, const struct event *event);
void check_definition(struct world *world, const struct definition *stored);
/* check_life.c: an event of a creation; what it brings back, NULL if it is new. */
const void *check_returned(struct world *world, const struct event *event);
/* What is there and what is not, as history has it. After all rows of its commit. */
void check_alive(struct world *world, const struct row *row);
/* No rule forbids that two members are called alike; it is to happen. */
void check_called(struct world *world, const struct row *row);
/* check_history.c */
void check_event(struct world *world, const struct row *row, const struct store_request *request);
void check_explained(struct world *world, const struct row *row);
/* What history told so far of that field; NULL: nothing. "is there": a text unless it is deleted. */
const struct str *oracle_told(const struct oracle *oracle, struct uuid subject, struct str field);
/* check_effect.c: the mutation that is answered under that seq, and everything it left; before the
 * history under that seq is entered in the books. */
void check_effect(struct world *world, const struct store_request *request, uint64_t seq,
                  const struct outcome *outcome);
/* check_rights.c, at the same time. */
void check_right(struct world *world, const struct store_request *request, uint64_t seq,
                 const struct outcome *outcome, size_t effects);
bool oracle_is_chief(const struct member *member);
bool oracle_sees(const struct member *member, enum entity_kind kind, const void *entity);
/* What everybody in the team sees. */
bool oracle_is_shared(enum entity_kind kind);

/* check_copy.c: one laptop's server rows against the model, read as people's programs read them. */
void check_converged(struct world *world, size_t laptop);
/* The same rows by their bytes: each is there once, and no other. */
void check_digest(struct world *world, size_t laptop);
/* What the copy shows is the team as it stood at the copy's cursor, wherever the server is by now. */
void check_at_cursor(struct world *world, size_t laptop, const struct identity *identity);
/* What the laptop says came of its mutations. */
void check_answers(struct world *world, size_t laptop);
/* Its member was told of it if it is a copy of a known device, and only then. */
void check_copy_told(struct world *world, size_t laptop);

#endif
