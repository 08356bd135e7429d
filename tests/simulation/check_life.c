/* check_life.c - what was deleted stays deleted until somebody brings it back, and then it is what the
 * newest deletion threw away. Read from history alone. */
#include "tests/simulation/world.h"

#include "common/base/check.h"
#include "common/domain/merge.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

/* What history says last of whether it is there; NULL: nothing. */
static const struct event *life_last(const struct world *world, struct uuid subject)
{
    const struct model_history *history =
        map_get(&world->oracle.histories, oracle_id_key(&subject));
    const struct event *found = NULL;
    for (const struct model_row *row = history ? history->first : NULL; row; row = row->next) {
        const struct event *event = row->row.entity;
        if (event->what == EVENT_CREATED || event->what == EVENT_IMPORTED ||
            event->what == EVENT_DELETED)
            found = event;
    }
    return found;
}

/* Before the event is in the books. */
const void *check_returned(struct world *world, const struct event *event)
{
    const struct event *last = life_last(world, event->subject);
    bool gone = last && last->what == EVENT_DELETED;
    void *entity;
    if (uuid_is_zero(event->undoes)) {
        if (gone)
            world_fail(world, "seq %llu: what was deleted came back by itself",
                       (unsigned long long)world->oracle.seq);
        return NULL;
    }
    if (!gone || !uuid_equal(last->mutation, event->undoes)) {
        world_fail(world, "seq %llu: a deletion is taken back that is not the last one",
                   (unsigned long long)world->oracle.seq);
        return NULL;
    }
    if (entity_parse(&world->oracle.arena, (enum entity_kind)event->subject_kind, last->from_value,
                     &entity))
        return NULL;
    return entity;
}

void check_alive(struct world *world, const struct row *row)
{
    bool told = row->kind == ENTITY_DEAL || row->kind == ENTITY_ORGANISATION ||
                row->kind == ENTITY_PERSON || row->kind == ENTITY_ACTIVITY;
    if (!told) return;
    const struct event *last = life_last(world, row->id);
    if (!last) return; /* written beside the servers: by a test */
    bool there = last->what != EVENT_DELETED;
    if (there == !row->removed) return;
    world_fail(world, "seq %llu: a %s is %s, and history tells otherwise",
               (unsigned long long)row->seq, entity_name(row->kind),
               row->removed ? "gone" : "there");
}

void check_called(struct world *world, const struct row *row)
{
    const struct member *member = row->entity;
    if (row->kind != ENTITY_MEMBER || row->removed || world->oracle.replaying) return;
    for (size_t i = 0; i < PERSONS; i++) {
        struct uuid id = world->persons[i].member;
        const struct row *other = oracle_row(world, ENTITY_MEMBER, id);
        if (!other || uuid_equal(id, member->id)) continue;
        if (str_equal(((const struct member *)other->entity)->name, member->name))
            world_mark(world, MARK_CALLED_ALIKE);
    }
}
