/* state.c - the loaded rows. Filled by whoever loads (server commit, client outbox), read by
 * decide. */
#include "common/domain/state.h"

#include <string.h>

#include "common/domain/mutation.h"

#include "common/base/banned.h"

enum { STATE_KEY_BYTES = 1 + sizeof(struct uuid) };

static struct str state_key(enum entity_kind kind, const struct uuid *id,
                            char bytes[STATE_KEY_BYTES])
{
    bytes[0] = (char)kind;
    memcpy(bytes + 1, id->b, sizeof id->b);
    return (struct str){bytes, STATE_KEY_BYTES};
}

enum fault state_init(struct state *state, struct arena *arena, const struct team *team,
                      const struct definition *definition)
{
    *state = (struct state){.arena = arena, .definition = definition, .team = team};
    map_init(&state->rows, arena);
    map_init(&state->uses, arena);
    if (!team || !team->zone.p) return FAULT_NONE; /* UTC until the team is known */
    return zone_unpack(arena, team->zone, &state->zone);
}

enum fault state_put(struct state *state, enum entity_kind kind, struct uuid id,
                     const void *entity)
{
    char bytes[STATE_KEY_BYTES];
    /* The map keeps plain pointers; nobody writes through them, state_find gives const again. */
    union {
        const void *in;
        void *out;
    } pointer = {.in = entity};
    return map_put(&state->rows, state_key(kind, &id, bytes), pointer.out);
}

enum fault state_put_trace(struct state *state, const struct event *event)
{
    bool of_field = event->what == EVENT_FIELD;
    if (!of_field && event->what != EVENT_STAGE && event->what != EVENT_DELETED) return FAULT_NONE;
    struct str field = of_field ? event->field : STR_NONE;
    if (event->what == EVENT_DELETED) {
        enum fault fault =
            state_put(state, ENTITY_EVENT, event_deletion_id(event->subject), event);
        if (fault) return fault;
    }
    return state_put(state, ENTITY_EVENT, event_trace_id(event->mutation, field), event);
}

enum fault state_add_event(struct state *state, const struct event *event)
{
    void *events = state->events;
    const struct event **slot = arena_push(state->arena, &events, &state->event_count,
                                           &state->event_cap, sizeof *slot);
    state->events = events;
    if (!slot) return FAULT_MEMORY;
    *slot = event;
    return state_put_trace(state, event);
}

const void *state_find(const struct state *state, enum entity_kind kind, struct uuid id)
{
    char bytes[STATE_KEY_BYTES];
    return map_get(&state->rows, state_key(kind, &id, bytes));
}
