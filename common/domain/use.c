/* use.c - see use.h. Called by decide, by the stores' models and by the client's verbs. */
#include "common/domain/use.h"

#include <string.h>

#include "common/base/banned.h"

enum { USE_KEY_BYTES = 3 * sizeof(struct uuid) };

bool mutation_use(const struct mutation *mutation, struct uuid actor, struct use *out)
{
    *out = (struct use){.thing = mutation->target, .actor = actor, .undoes = mutation->undoes};
    if (mutation->kind != MUTATION_DELETE || uuid_is_zero(mutation->target)) return false;
    bool named = mutation->entity == ENTITY_ORGANISATION || mutation->entity == ENTITY_PERSON;
    bool takes_back = mutation->entity == ENTITY_DEAL || mutation->entity == ENTITY_ACTIVITY;
    return named || (takes_back && !uuid_is_zero(mutation->undoes));
}

/* --- counting --- */

static void use_count(int64_t *count)
{
    if (*count < USE_COUNT_MAX) (*count)++;
}

void use_row(struct use *use, enum entity_kind kind, const void *entity)
{
    if (!entity) return;
    if (kind == ENTITY_DEAL) {
        const struct deal *deal = entity;
        bool names =
            uuid_equal(deal->organisation, use->thing) || uuid_equal(deal->contact, use->thing);
        if (names) use_count(&use->deals);
    } else if (kind == ENTITY_PERSON) {
        const struct person *person = entity;
        if (uuid_equal(person->organisation, use->thing)) use_count(&use->people);
    } else if (kind == ENTITY_ACTIVITY) {
        const struct activity *activity = entity;
        bool of_deal = uuid_equal(activity->deal, use->thing) &&
                       !uuid_equal(activity->member, use->actor);
        bool names = uuid_equal(activity->organisation, use->thing) ||
                     uuid_equal(activity->person, use->thing);
        if (of_deal || names) use_count(&use->activities);
    }
}

struct str use_event_name(const struct event *event)
{
    if (event->what == EVENT_FIELD) return event->field;
    if (event->what == EVENT_STAGE) return STR("stage");
    return event->what == EVENT_DELETED ? STR("deleted") : STR("created");
}

enum fault use_changed(struct arena *arena, struct use *use, struct str name)
{
    if (text_set_has(use->changed, name)) return FAULT_NONE;
    struct str *names = arena_array(arena, use->changed.count + 1, sizeof *names);
    if (!names) return FAULT_MEMORY;
    for (size_t i = 0; i < use->changed.count; i++) names[i] = use->changed.items[i];
    names[use->changed.count] = name;
    return text_set_make(arena, names, use->changed.count + 1, &use->changed);
}

enum fault use_history(struct arena *arena, struct use *use, const struct event *const *events,
                       size_t count)
{
    size_t from = 0;
    enum fault fault = FAULT_NONE;
    if (uuid_is_zero(use->undoes)) return FAULT_NONE;
    for (size_t i = 0; i < count; i++) { /* what was before is of an earlier life of that id */
        const struct event *event = events[i];
        bool creation = event->what == EVENT_CREATED || event->what == EVENT_IMPORTED;
        if (!creation || !uuid_equal(event->mutation, use->undoes)) continue;
        if (uuid_equal(event->subject, use->thing)) from = i + 1;
    }
    for (size_t i = from; i < count && !fault; i++) {
        const struct event *event = events[i];
        if (!uuid_equal(event->subject, use->thing) || uuid_equal(event->who, use->actor)) continue;
        fault = use_changed(arena, use, use_event_name(event));
    }
    return fault;
}

/* --- telling --- */

static void in_use(struct arena *arena, enum entity_kind kind, int64_t count, const char *one,
                   const char *many, struct reasons *out)
{
    if (count == 0) return;
    struct str said = arena_format(arena, "%lld%s %s", (long long)count,
                                   count == USE_COUNT_MAX ? " or more" : "",
                                   count == 1 ? one : many);
    reasons_add(out, (struct reason){.code = REASON_IN_USE,
                                     .value = str_from(entity_name(kind)),
                                     .other = said});
}

void use_reasons(struct arena *arena, const struct use *use, enum entity_kind kind,
                 struct reasons *out)
{
    struct str names = STR_NONE;
    bool logged = kind == ENTITY_DEAL && use->activities > 0;
    for (size_t i = 0; i < use->changed.count + (logged ? 1 : 0); i++) {
        struct str name = i < use->changed.count ? use->changed.items[i]
                                                 : str_from(entity_name(ENTITY_ACTIVITY));
        names = arena_format(arena, "%.*s%s%.*s", STR_ARGS(names), i > 0 ? "|" : "",
                             STR_ARGS(name));
    }
    if (names.n > 0) {
        reasons_add(out, (struct reason){.code = REASON_WORKED_ON,
                                         .field = names,
                                         .value = str_from(entity_name(kind))});
    }
    in_use(arena, kind, use->deals, "deal", "deals", out);
    in_use(arena, kind, use->people, "person", "people", out);
    if (!logged) in_use(arena, kind, use->activities, "activity", "activities", out);
}

/* --- in a state --- */

static struct str use_key(const struct use *use, char bytes[USE_KEY_BYTES])
{
    memcpy(bytes, use->thing.b, sizeof use->thing.b);
    memcpy(bytes + sizeof use->thing.b, use->actor.b, sizeof use->actor.b);
    memcpy(bytes + sizeof use->thing.b + sizeof use->actor.b, use->undoes.b, sizeof use->undoes.b);
    return (struct str){bytes, USE_KEY_BYTES};
}

enum fault state_put_use(struct state *state, const struct use *use)
{
    char bytes[USE_KEY_BYTES];
    /* The map keeps plain pointers; nobody writes through them. */
    union {
        const void *in;
        void *out;
    } pointer = {.in = use};
    return map_put(&state->uses, use_key(use, bytes), pointer.out);
}

enum fault state_use(const struct state *state, struct arena *arena, struct use *use)
{
    char bytes[USE_KEY_BYTES];
    const struct use *loaded = map_get(&state->uses, use_key(use, bytes));
    if (loaded) *use = *loaded;
    for (size_t i = 0; i < state->rows.count; i++) {
        const struct map_entry *entry = &state->rows.entries[i];
        enum entity_kind kind = (enum entity_kind)(unsigned char)entry->key.p[0];
        use_row(use, kind, entry->value);
    }
    return use_history(arena, use, state->events, state->event_count);
}
