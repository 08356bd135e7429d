/* rule_world.h - a small team with people, a definition and a clock, for tests of the rule book.
 *
 * Things are named by words ("rep", "acme"), their ids derived from them; entities and edits are
 * written as text, so that a test is a table of sentences. */
#ifndef SLUICE_TESTS_SUPPORT_RULE_WORLD_H
#define SLUICE_TESTS_SUPPORT_RULE_WORLD_H

#include "common/domain/decide.h"

/* Members: boss (owner), lead (manager), rep, other (reps), looker (viewer), ghost (imported rep),
 * leaver (removed). Things: acme, zenith (organisations), ann (person).
 *
 * Pipeline "sales": lead | contact [org|contact] | qualification [check:interest], back: manager |
 *   proposal [value, expected_close] | negotiation [source], removed -> proposal |
 *   closing [next_step], back: never | won [value] | lost [lost_reason]; checks interest, budget.
 * Pipeline "renewal": talk (proper) [contact], not to be skipped | sign | signed (won) | dropped
 *   (lost); no lead stage, no checks. */
struct rule_world {
    struct arena arena;
    struct state state;
    struct team team;
    struct definition definition;
    int64_t recorded; /* the server's clock; an hour after the client's */
    unsigned mutations;
    bool predicted;
};

void world_init(struct rule_world *w);
void world_finish(struct rule_world *w);
struct uuid world_id(const char *name);
/* Puts an entity whose fields are given as "title=Roof;stage=lead;status=open;tags=a,b;owner=rep".
 * Times are days after (negative: before) w->recorded. */
void *world_put(struct rule_world *w, enum entity_kind kind, const char *name, const char *fields);
/* Sets fields of an entity, in that notation. */
void world_write(struct rule_world *w, enum entity_kind kind, void *entity, const char *fields);
/* The event that a mutation of that actor left on a deal: "what=stage;from_stage=lead;...". */
void world_trace(struct rule_world *w, const char *mutation, const char *actor, const char *target,
                 const char *fields);
/* A deal of rep's in that stage with everything the gates ask for, changed by `fields`. */
struct deal *world_deal(struct rule_world *w, const char *name, const char *fields);
/* Edits as text: "stage=proposal" (seen: what stands), "value:100>200" (seen 100), "tags+vip",
 * "tags-vip"; nothing between means absent. Separated by ';'. */
struct mutation world_mutation(struct rule_world *w, enum mutation_kind kind,
                               enum entity_kind entity, const char *target, const char *edits);
struct change world_decide(struct rule_world *w, const char *actor,
                           const struct mutation *mutation);
void world_apply(struct rule_world *w, const struct change *change);
/* Decides and applies. */
struct change world_do(struct rule_world *w, const char *actor, const struct mutation *mutation);

/* The reasons, one a line, NUL-terminated. */
const char *world_reasons(struct rule_world *w, const struct change *change);
const void *world_find(struct rule_world *w, enum entity_kind kind, const char *name);
const struct inbox_item *world_item(struct rule_world *w, struct uuid id);
/* The n-th event of a change, NULL if there is none. */
const struct event *change_event(const struct change *change, size_t n);
const struct inbox_item *change_item(const struct change *change, size_t n);
const char *outcome_name(enum outcome_kind outcome);
/* Fails the test when a field is not as written; same notation as world_put, "field=" is absent. */
void assert_fields(struct rule_world *w, enum entity_kind kind, const void *entity,
                   const char *fields);

#endif
