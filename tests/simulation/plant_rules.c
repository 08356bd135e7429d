/* plant_rules.c - planted bugs of the rule book itself: each takes the place of one function between two
 * of its files (--wrap, tests/CMakeLists.txt), and asks the real one when its bug is not planted. See
 * plant.h. */
#include "tests/simulation/world.h"

#include "common/domain/decision.h"
#include "common/domain/merge.h"
#include "common/domain/permission.h"

#include "common/base/banned.h"

/* clang-format off */
enum unit_verdict __real_merge_unit(const struct field *, const struct edit *, size_t, const void *,
                                    const struct field **);
enum unit_verdict __wrap_merge_unit(const struct field *, const struct edit *, size_t, const void *,
                                    const struct field **);
enum fault __real_merge_set(struct arena *, struct text_set, const struct edit *, struct text_set *,
                            bool *, bool *);
enum fault __wrap_merge_set(struct arena *, struct text_set, const struct edit *, struct text_set *,
                            bool *, bool *);
void __real_inbox_conflict(struct decision *, const struct field *, const struct field *,
                           const void *);
void __wrap_inbox_conflict(struct decision *, const struct field *, const struct field *,
                           const void *);
enum fault __real_decide(struct arena *, const struct state *, const struct decision_context *,
                         const struct mutation *, struct str, struct change *);
enum fault __wrap_decide(struct arena *, const struct state *, const struct decision_context *,
                         const struct mutation *, struct str, struct change *);
bool __real_permission_member_allows(const struct member *, enum action);
bool __wrap_permission_member_allows(const struct member *, enum action);
bool __real_permission_sees(const struct member *, enum entity_kind, const void *);
bool __wrap_permission_sees(const struct member *, enum entity_kind, const void *);
/* clang-format on */

/* A rule is a function of its arguments: it has nowhere else to look for the world it is spoilt in. */
static struct world *spoilt;
/* A server's own decision runs: what a copy's own rules drop would never be sent. */
static bool final;

void plant_rules_begin(struct world *world)
{
    spoilt = world;
}

/* Always, and without chance: two who decide alike go on deciding alike. */
static bool rule_is(enum plant plant)
{
    return spoilt && spoilt->options.plant == plant;
}

static void rule_strikes(void)
{
    spoilt->planted.struck++;
}

enum fault __wrap_decide(struct arena *arena, const struct state *state,
                         const struct decision_context *context, const struct mutation *mutation,
                         struct str payload, struct change *out)
{
    final = !context->predicted;
    enum fault fault = __real_decide(arena, state, context, mutation, payload, out);
    final = false;
    return fault;
}

enum unit_verdict __wrap_merge_unit(const struct field *leader, const struct edit *edits,
                                    size_t count, const void *current,
                                    const struct field **changed)
{
    enum unit_verdict verdict = __real_merge_unit(leader, edits, count, current, changed);
    bool guarded = (leader->flags & FIELD_GUARDED) != 0;
    if (rule_is(PLANT_GUARD_SKIPPED) && guarded && verdict == UNIT_CHANGED) {
        rule_strikes();
        return UNIT_TAKE;
    }
    bool source = leader->entity == ENTITY_DEAL && str_equal(str_from(leader->name), STR("source"));
    if (rule_is(PLANT_EDIT_DROPPED) && final && source && verdict == UNIT_TAKE) {
        rule_strikes();
        return UNIT_SAME;
    }
    return verdict;
}

enum fault __wrap_merge_set(struct arena *arena, struct text_set current, const struct edit *edit,
                            struct text_set *out, bool *taken, bool *already)
{
    if (rule_is(PLANT_SET_REPLACED) && edit->add.count > 0 && current.count > 0) {
        rule_strikes();
        current.count = 0;
        *taken = true;
        *already = false;
        return text_set_merge(arena, current, edit->add, edit->remove, out);
    }
    return __real_merge_set(arena, current, edit, out, taken, already);
}

void __wrap_inbox_conflict(struct decision *d, const struct field *leader,
                           const struct field *changed, const void *current)
{
    if (rule_is(PLANT_CONFLICT_MUTE) && d->conflicted) {
        rule_strikes();
        return;
    }
    __real_inbox_conflict(d, leader, changed, current);
    for (size_t i = 0; rule_is(PLANT_CONFLICT_WRONG) && i < d->change->row_count; i++) {
        if (d->change->rows[i].kind != ENTITY_INBOX) continue;
        union {
            const void *in;
            struct inbox_item *out;
        } item = {.in = d->change->rows[i].entity};
        item.out->mine = item.out->base;
        rule_strikes();
    }
}

bool __wrap_permission_member_allows(const struct member *member, enum action action)
{
    bool allowed = __real_permission_member_allows(member, action);
    bool rep = member && !member->removed && member->role == ROLE_REP;
    bool wide = action == ACTION_ASSIGN_ANY || action == ACTION_REOPEN_ANY ||
                action == ACTION_BACK_MANAGED;
    bool spoils = (rule_is(PLANT_CLOSE_ANY) && action == ACTION_RESOLVE_ANY) ||
                  (rule_is(PLANT_RIGHTS_WIDE) && rep && wide);
    if (!spoils || allowed) return allowed;
    rule_strikes();
    return true;
}

bool __wrap_permission_sees(const struct member *member, enum entity_kind kind, const void *entity)
{
    bool sees = __real_permission_sees(member, kind, entity);
    if (sees || !rule_is(PLANT_SIGHT_RULE) || kind != ENTITY_INBOX || !member || !entity)
        return sees;
    rule_strikes();
    return !member->removed;
}
