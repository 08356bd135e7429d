/* work_use.c - what hangs on a thing, as the copy knows it: asked before a deletion is queued, and for
 * the example in its refusal. The server asks the same of what it has, and has the last word. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/domain/use.h"

static enum fault deals_of(struct work *work, struct uuid thing, bool contact,
                           const struct deal ***deals, size_t *count)
{
    struct deal_filter filter = {.all = true};
    if (contact) filter.contact = thing;
    else filter.organisation = thing;
    return work->replica->f->deals(work->replica, work->arena, &filter, deals, count);
}

static enum fault use_deals(struct work *work, struct use *use)
{
    enum fault fault = FAULT_NONE;
    for (int contact = 0; contact < 2 && !fault; contact++) {
        const struct deal **deals;
        size_t count;
        fault = deals_of(work, use->thing, contact != 0, &deals, &count);
        for (size_t i = 0; i < count && !fault; i++) use_row(use, ENTITY_DEAL, deals[i]);
    }
    return fault;
}

static enum fault use_people(struct work *work, struct use *use)
{
    const void **people;
    size_t count;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_PERSON, &people, &count);
    for (size_t i = 0; i < count && !fault; i++) use_row(use, ENTITY_PERSON, people[i]);
    return fault;
}

static enum fault use_activities(struct work *work, struct use *use)
{
    const struct activity **activities;
    size_t count;
    enum fault fault = work->replica->f->activities(work->replica, work->arena, use->thing,
                                                    &activities, &count);
    for (size_t i = 0; i < count && !fault; i++) use_row(use, ENTITY_ACTIVITY, activities[i]);
    return fault;
}

enum fault use_against(struct work *work, const struct mutation *mutation,
                       struct reasons *reasons)
{
    struct use use;
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    if (!mutation_use(mutation, work->identity.member, &use)) return FAULT_NONE;
    enum entity_kind kind = (enum entity_kind)mutation->entity;
    enum fault fault = work->replica->f->events(work->replica, work->arena, use.thing, &events,
                                                &seqs, &count);
    if (!fault) fault = use_history(work->arena, &use, events, count);
    if (!fault) fault = use_activities(work, &use);
    bool named = kind == ENTITY_ORGANISATION || kind == ENTITY_PERSON;
    if (!fault && named) fault = use_deals(work, &use);
    if (!fault && kind == ENTITY_ORGANISATION) fault = use_people(work, &use);
    if (fault) return fault;
    use_reasons(work->arena, &use, kind, reasons);
    return arena_fault(work->arena);
}

/* --- whose it is --- */

static struct str example_say(struct work *work, struct str title, struct uuid whose)
{
    struct str name = name_of_member(work, whose);
    return arena_format(work->arena, " (%.*s%s%.*s)", STR_ARGS(title), name.n ? ", " : "",
                        STR_ARGS(name));
}

/* Another's before an own one. */
static struct str example_deal(struct work *work, struct uuid thing)
{
    const struct deal *found = NULL;
    for (int contact = 0; contact < 2; contact++) {
        const struct deal **deals;
        size_t count;
        enum fault fault = deals_of(work, thing, contact != 0, &deals, &count);
        if (!work_found(work, fault)) return STR_NONE;
        for (size_t i = 0; i < count; i++) {
            bool others = !uuid_equal(deals[i]->owner, work->identity.member);
            if (!found || others) found = deals[i];
        }
    }
    return found ? example_say(work, found->title, found->owner) : STR_NONE;
}

static struct str example_person(struct work *work, struct uuid thing)
{
    const void **people;
    size_t count;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_PERSON, &people, &count);
    if (!work_found(work, fault)) return STR_NONE;
    for (size_t i = 0; i < count; i++) {
        const struct person *person = people[i];
        if (!uuid_equal(person->organisation, thing)) continue;
        return example_say(work, person->name, person->created_by);
    }
    return STR_NONE;
}

struct str use_example(struct work *work, struct uuid thing)
{
    struct str example = example_deal(work, thing);
    return example.n > 0 ? example : example_person(work, thing);
}

/* The newest of what others logged for it, up to then. */
const struct activity *use_activity(struct work *work, struct uuid thing, struct uuid author,
                                    struct optional until)
{
    const struct activity **activities, *found = NULL;
    size_t count;
    enum fault fault =
        work->replica->f->activities(work->replica, work->arena, thing, &activities, &count);
    if (!work_found(work, fault)) return NULL;
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(activities[i]->member, author)) continue;
        if (until.has && activities[i]->created_at.v > until.v) continue;
        found = activities[i];
    }
    return found;
}
