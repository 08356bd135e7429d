/* check_use.c - nobody takes away what others use or have worked on, read from the commits alone. See
 * check.h. */
#include "tests/simulation/world.h"

#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static bool names(const struct row *row, struct uuid thing)
{
    if (row->kind == ENTITY_DEAL) {
        const struct deal *deal = row->entity;
        return uuid_equal(deal->organisation, thing) || uuid_equal(deal->contact, thing);
    }
    if (row->kind == ENTITY_PERSON) {
        return uuid_equal(((const struct person *)row->entity)->organisation, thing);
    }
    const struct activity *activity = row->entity;
    return uuid_equal(activity->organisation, thing) || uuid_equal(activity->person, thing);
}

/* What named it before it went, and still does: what came back since is another matter. */
static void check_named(struct world *world, const struct row *gone)
{
    const struct map *rows = &world->oracle.rows;
    for (size_t i = 0; i < rows->count && !world->failed; i++) {
        const struct row *row = &((const struct model_row *)rows->entries[i].value)->row;
        bool refers = row->kind == ENTITY_DEAL || row->kind == ENTITY_PERSON ||
                      row->kind == ENTITY_ACTIVITY;
        if (!refers || row->removed || row->seq >= gone->seq || !names(row, gone->id)) continue;
        world_fail(world, "seq %llu: %s goes while %s names it", (unsigned long long)gone->seq,
                   entity_name(gone->kind), entity_name(row->kind));
    }
}

static void check_logged(struct world *world, const struct row *row, const struct event *deletion)
{
    const struct map *rows = &world->oracle.rows;
    for (size_t i = 0; i < rows->count && !world->failed; i++) {
        const struct row *other = &((const struct model_row *)rows->entries[i].value)->row;
        if (other->kind != ENTITY_ACTIVITY || other->removed || other->seq >= row->seq) continue;
        const struct activity *activity = other->entity;
        if (!uuid_equal(activity->deal, row->id)) continue;
        if (!uuid_equal(activity->member, deletion->who))
            world_fail(world, "seq %llu: a deal is taken back for which others logged something",
                       (unsigned long long)row->seq);
    }
}

/* A creation is taken back only while nobody else has had a hand in what it made. */
static void check_taken_back(struct world *world, const struct row *row)
{
    const struct event *deletion = row->entity;
    if (deletion->what != EVENT_DELETED || uuid_is_zero(deletion->undoes)) return;
    const struct model_history *history =
        map_get(&world->oracle.histories, oracle_id_key(&row->id));
    bool others = false;
    for (const struct model_row *at = history ? history->first : NULL; at; at = at->next) {
        const struct event *event = at->row.entity;
        if (at->row.seq >= row->seq) break;
        bool made = event->what == EVENT_CREATED || event->what == EVENT_IMPORTED;
        others = others || !uuid_equal(event->who, deletion->who);
        if (made && uuid_equal(event->mutation, deletion->undoes)) others = false;
    }
    if (others)
        world_fail(world, "seq %llu: %s is taken back though others have worked on it since",
                   (unsigned long long)row->seq,
                   entity_name((enum entity_kind)deletion->subject_kind));
    if (deletion->subject_kind == ENTITY_DEAL) check_logged(world, row, deletion);
}

void check_use(struct world *world, const struct row *row)
{
    bool named = row->kind == ENTITY_ORGANISATION || row->kind == ENTITY_PERSON;
    if (named && row->removed) check_named(world, row);
    if (row->kind == ENTITY_EVENT) check_taken_back(world, row);
}
