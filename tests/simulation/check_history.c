/* check_history.c - history explains the state, and nobody was overwritten.
 *
 * Each FIELD event says from where to where. The chain of them must have no gap, must end at what
 * the row holds, and each link that somebody's edit made must begin at the value that person saw:
 * that is what "nobody is overwritten silently" comes to, read from the outside. What history told
 * so far of each thing is the book that check_effect and check_rights judge by. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/domain/field.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static struct str told_key(struct arena *arena, struct uuid subject, struct str field)
{
    struct str id = {(const char *)subject.b, sizeof subject.b};
    char *key = arena_alloc(arena, id.n + field.n);
    check(key != NULL);
    memcpy(key, id.p, id.n);
    memcpy(key + id.n, field.p, field.n);
    return (struct str){key, id.n + field.n};
}

static bool field_is_place(const struct field *field)
{
    static const char *const placed[] = {"pipeline", "stage", "status"};
    for (size_t i = 0; field->entity == ENTITY_DEAL && i < 3; i++) {
        if (strcmp(field->name, placed[i]) == 0) return true;
    }
    return false;
}

/* Told by FIELD events: what people edit, but for a deal's place, which has events of its own. */
static bool field_is_told(const struct field *field)
{
    return (field->flags & FIELD_EDITABLE) && !field_is_place(field);
}

const struct str *oracle_told(const struct oracle *oracle, struct uuid subject, struct str field)
{
    char key[sizeof subject.b + 64];
    if (field.n > 64) return NULL;
    memcpy(key, subject.b, sizeof subject.b);
    if (field.n > 0) memcpy(key + sizeof subject.b, field.p, field.n);
    return map_get(&oracle->told, (struct str){key, sizeof subject.b + field.n});
}

static struct str formatted(struct arena *arena, const struct field *field, const void *entity)
{
    struct str text;
    check(value_format(arena, field_get(field, entity), &text) == FAULT_NONE);
    return text;
}

static void told_set(struct world *world, struct uuid subject, struct str field, struct str value)
{
    struct oracle *oracle = &world->oracle;
    struct str *told = oracle_place(oracle, &oracle->told,
                                    told_key(&oracle->arena, subject, field), sizeof *told);
    *told = value;
}

static bool same_text(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The event's `from` is what its author saw. */
static void check_seen(struct world *world, const struct event *event)
{
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    const struct mutation *mutation = oracle_mutation(world, &arena, event->mutation);
    for (size_t i = 0; mutation && mutation->kind == MUTATION_EDIT && i < mutation->edit_count;
         i++) {
        const struct edit *edit = &mutation->edits[i];
        if (!edit->field || edit->field->type == VALUE_SET) continue;
        if (!str_equal(str_from(edit->field->name), event->field)) continue;
        struct str seen, wanted;
        check(value_format(&arena, edit->base, &seen) == FAULT_NONE);
        check(value_format(&arena, edit->want, &wanted) == FAULT_NONE);
        if (!same_text(seen, event->from_value))
            world_fail(world, "seq %llu: %.*s was \"%.*s\" and is overwritten by somebody who saw "
                              "\"%.*s\"", (unsigned long long)world->oracle.seq,
                       STR_ARGS(event->field), STR_ARGS(event->from_value), STR_ARGS(seen));
        if (!same_text(wanted, event->to_value))
            world_fail(world, "seq %llu: %.*s becomes another value than was wanted",
                       (unsigned long long)world->oracle.seq, STR_ARGS(event->field));
    }
    arena_finish(&arena);
}

static void check_link(struct world *world, const struct event *event, struct str field,
                       struct str from, struct str to)
{
    struct oracle *oracle = &world->oracle;
    const struct str *told = oracle_told(oracle, event->subject, field);
    if (told && !same_text(*told, from))
        world_fail(world, "seq %llu: history says %.*s was \"%.*s\", then that it was \"%.*s\"",
                   (unsigned long long)oracle->seq, STR_ARGS(field), STR_ARGS(*told),
                   STR_ARGS(from));
    told_set(world, event->subject, field, to);
}

/* Creation: everything the row holds, if it is written under this seq. */
static bool told_by_row(struct world *world, const struct row *row,
                        const struct store_request *request, enum entity_kind kind)
{
    size_t count;
    const struct field *fields = fields_of(kind, &count);
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *made = &request->rows[i];
        if (made->kind != kind || made->removed || made->seq != row->seq ||
            !uuid_equal(made->id, row->id))
            continue;
        for (size_t k = 0; k < count; k++) {
            if (!field_is_told(&fields[k])) continue;
            told_set(world, row->id, str_from(fields[k].name),
                     formatted(&world->oracle.arena, &fields[k], made->entity));
        }
        return true;
    }
    return false;
}

/* Filled in by a rule when nobody says it: not in the books until history tells of it. */
static bool field_is_filled(const struct field *field)
{
    static const char *const names[] = {"currency", "probability_by_hand", "happened_at",
                                        "lost_reason", "wake_date"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0) return true;
    }
    return false;
}

/* Changed again in the same batch, so that the row as it was made is nowhere: as it was wanted. */
static void told_by_wish(struct world *world, const struct event *event,
                         const struct mutation *mutation)
{
    struct oracle *oracle = &world->oracle;
    size_t count;
    const struct field *fields = fields_of((enum entity_kind)event->subject_kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (!field_is_told(&fields[i])) continue;
        struct value value = value_absent(fields[i].type);
        bool named = false;
        for (size_t k = 0; k < mutation->edit_count; k++) {
            const struct edit *edit = &mutation->edits[k];
            if (edit->field != &fields[i]) continue;
            named = true;
            value = fields[i].type == VALUE_SET ? value_set(edit->add) : edit->want;
        }
        bool actors = strcmp(fields[i].name, "owner") == 0 || strcmp(fields[i].name, "member") == 0;
        if (actors && !named && event->what == EVENT_CREATED) value = value_reference(event->who);
        struct str name = str_from(fields[i].name), text;
        if (field_is_filled(&fields[i])) {
            struct str key = told_key(&oracle->arena, event->subject, name);
            check(map_put(&oracle->told, key, NULL) == FAULT_NONE);
            continue;
        }
        check(value_format(&oracle->arena, value, &text) == FAULT_NONE);
        told_set(world, event->subject, name, arena_str(&oracle->arena, text));
    }
}

static void place_tell(struct world *world, const struct event *event)
{
    struct str status = STR_NONE;
    struct value value = value_number(VALUE_CHOICE, event->to_status);
    if (event->subject_kind != ENTITY_DEAL) return;
    check(value_format(&world->oracle.arena, value, &status) == FAULT_NONE);
    told_set(world, event->subject, STR("pipeline"), event->pipeline);
    told_set(world, event->subject, STR("stage"), event->to_stage);
    told_set(world, event->subject, STR("status"), status);
}

static void told_begin(struct world *world, const struct row *row,
                       const struct store_request *request)
{
    const struct event *event = row->entity;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    bool whole = told_by_row(world, row, request, (enum entity_kind)event->subject_kind);
    const struct mutation *mutation = oracle_mutation(world, &arena, event->mutation);
    /* What is brought back is as it was told to be when it went. */
    bool back = !mutation || mutation->kind == MUTATION_RESTORE;
    if (!whole && !back) told_by_wish(world, event, mutation);
    arena_finish(&arena);
    place_tell(world, event);
    told_set(world, event->subject, STR("is there"), STR("yes"));
}

static void check_moved(struct world *world, const struct event *event)
{
    struct arena arena;
    arena_init(&arena, 4096);
    struct str from;
    struct value value = value_number(VALUE_CHOICE, event->from_status);
    check(value_format(&arena, value, &from) == FAULT_NONE);
    struct str pipeline = event->field.n > 0 ? event->from_value : event->pipeline;
    check_link(world, event, STR("pipeline"), pipeline, event->pipeline);
    check_link(world, event, STR("stage"), event->from_stage, event->to_stage);
    check_link(world, event, STR("status"), from, STR_NONE);
    place_tell(world, event);
    arena_finish(&arena);
}

/* Brought back: everything as the deletion kept it. */
static void told_again(struct world *world, const struct event *event)
{
    const void *entity = check_returned(world, event);
    size_t count;
    const struct field *fields = fields_of((enum entity_kind)event->subject_kind, &count);
    for (size_t i = 0; entity && i < count; i++) {
        if (!field_is_told(&fields[i])) continue;
        told_set(world, event->subject, str_from(fields[i].name),
                 formatted(&world->oracle.arena, &fields[i], entity));
    }
}

void check_event(struct world *world, const struct row *row, const struct store_request *request)
{
    const struct event *event = row->entity;
    switch ((enum event_what)event->what) {
    case EVENT_NONE: world_fail(world, "an event that says nothing"); return;
    case EVENT_CREATED:
    case EVENT_IMPORTED:
        if (row->n == 0) told_again(world, event);
        told_begin(world, row, request);
        return;
    case EVENT_STAGE: check_moved(world, event); return;
    case EVENT_FIELD:
        if (event->subject_kind == ENTITY_DEFINITION) {
            check_stage_change(world, event);
            return;
        }
        check_link(world, event, event->field, event->from_value, event->to_value);
        check_seen(world, event);
        return;
    case EVENT_DELETED: told_set(world, event->subject, STR("is there"), STR_NONE); return;
    }
}

/* A row as it was just written: each field that history tells holds what history says. */
void check_explained(struct world *world, const struct row *row)
{
    size_t count;
    const struct field *fields = fields_of(row->kind, &count);
    bool told_kind = row->kind == ENTITY_DEAL || row->kind == ENTITY_ORGANISATION ||
                     row->kind == ENTITY_PERSON || row->kind == ENTITY_ACTIVITY;
    if (!told_kind || row->removed) return;
    struct arena arena;
    arena_init(&arena, (size_t)1024 * 1024);
    for (size_t i = 0; i < count && !world->failed; i++) {
        if (!field_is_told(&fields[i]) && !field_is_place(&fields[i])) continue;
        struct str name = str_from(fields[i].name);
        const struct str *told = oracle_told(&world->oracle, row->id, name);
        struct str holds = formatted(&arena, &fields[i], row->entity);
        if (told && !same_text(*told, holds))
            world_fail(world, "seq %llu: %.*s is \"%.*s\", and history tells of \"%.*s\"",
                       (unsigned long long)world->oracle.seq, STR_ARGS(name), STR_ARGS(holds),
                       STR_ARGS(*told));
    }
    arena_finish(&arena);
}
