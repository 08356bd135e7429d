/* inbox_world.h - the world of the tests of inbox rules: one deal that several people want otherwise. */
#ifndef SLUICE_TESTS_SUPPORT_INBOX_WORLD_H
#define SLUICE_TESTS_SUPPORT_INBOX_WORLD_H

#include "tests/support/rule_world.h"

/* The item of the conflict over that unit of the deal, with that author's value. */
static inline struct uuid conflict_id(const char *unit, const char *author)
{
    const struct field *field = field_by_name(ENTITY_DEAL, str_from(unit));
    return inbox_conflict_id(world_id("deal"), field_unit_leader(field), world_id(author));
}

/* `actor` edits the deal; the change is applied. */
static inline struct change deal_edit(struct rule_world *w, const char *actor, const char *edits)
{
    struct mutation m = world_mutation(w, MUTATION_EDIT, ENTITY_DEAL, "deal", edits);
    return world_do(w, actor, &m);
}

/* The world with one deal of "other", and an inbox that has come to 41. */
static inline void world_start(struct rule_world *w)
{
    world_init(w);
    world_deal(w, "deal", "owner=other");
    w->state.inbox_last = 41;
}

#endif
