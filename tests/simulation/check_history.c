/* check_history.c - history explains the state, and nobody was overwritten.
 *
 * Each FIELD event says from where to where. The chain of them must have no gap, must end at what
 * the row holds, and each link that somebody's edit made must begin at the value that person saw:
 * that is what "nobody is overwritten silently" comes to, read from the outside. */
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

/* Told by FIELD events: what people edit, but for a deal's place, which has events of its own. */
static bool field_is_told(const struct field *field)
{
    static const char *const placed[] = {"pipeline", "stage", "status"};
    if (!(field->flags & FIELD_EDITABLE)) return false;
    for (size_t i = 0; field->entity == ENTITY_DEAL && i < 3; i++) {
        if (strcmp(field->name, placed[i]) == 0) return false;
    }
    return true;
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
    struct arena arena;
    arena_init(&arena, 4096);
    const struct str *told = map_get(&oracle->told, told_key(&arena, event->subject, field));
    arena_finish(&arena);
    if (told && !same_text(*told, from))
        world_fail(world, "seq %llu: history says %.*s was \"%.*s\", then that it was \"%.*s\"",
                   (unsigned long long)oracle->seq, STR_ARGS(field), STR_ARGS(*told),
                   STR_ARGS(from));
    told_set(world, event->subject, field, to);
}

/* Creation: everything the row holds, if it is written under this seq. */
static void told_begin(struct world *world, const struct row *row,
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
    }
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
        told_begin(world, row, request, (enum entity_kind)event->subject_kind);
        if (event->subject_kind == ENTITY_DEAL)
            told_set(world, row->id, STR("stage"), event->to_stage);
        return;
    case EVENT_STAGE:
        check_link(world, event, STR("stage"), event->from_stage, event->to_stage);
        return;
    case EVENT_FIELD:
        if (event->subject_kind == ENTITY_DEFINITION) {
            check_stage_change(world, event);
            return;
        }
        check_link(world, event, event->field, event->from_value, event->to_value);
        check_seen(world, event);
        return;
    case EVENT_DELETED: return;
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
        bool stage = row->kind == ENTITY_DEAL && strcmp(fields[i].name, "stage") == 0;
        if (!stage && !field_is_told(&fields[i])) continue;
        struct str name = str_from(fields[i].name);
        const struct str *told = map_get(&world->oracle.told, told_key(&arena, row->id, name));
        struct str holds = formatted(&arena, &fields[i], row->entity);
        if (told && !same_text(*told, holds))
            world_fail(world, "seq %llu: %.*s is \"%.*s\", and history tells of \"%.*s\"",
                       (unsigned long long)world->oracle.seq, STR_ARGS(name), STR_ARGS(holds),
                       STR_ARGS(*told));
    }
    arena_finish(&arena);
}

/* --- rights --- */

static bool is_chief(const struct member *member)
{
    return member->role == ROLE_OWNER || member->role == ROLE_MANAGER;
}

/* A rep brings back what that rep deleted. */
static bool deleted_by(struct world *world, const struct member *member,
                       const struct mutation *mutation)
{
    struct str subject = {(const char *)mutation->target.b, sizeof mutation->target.b};
    const struct model_history *history = map_get(&world->oracle.histories, subject);
    const struct model_row *row = history ? history->first : NULL;
    for (; row && member->role == ROLE_REP; row = row->next) {
        const struct event *event = row->row.entity;
        if (event->what != EVENT_DELETED || !uuid_equal(event->mutation, mutation->undoes)) continue;
        return uuid_equal(event->who, member->id);
    }
    return false;
}

/* As history tells: the row itself may have changed earlier in this batch, and be written later. */
static int64_t role_told(const struct world *world, const struct member *member)
{
    static const struct {
        int64_t role;
        const char *name;
    } roles[] = {{ROLE_OWNER, "owner"}, {ROLE_MANAGER, "manager"}, {ROLE_REP, "rep"},
                 {ROLE_VIEWER, "viewer"}};
    struct arena arena;
    arena_init(&arena, 4096);
    const struct str *told =
        map_get(&world->oracle.told, told_key(&arena, member->id, STR("role")));
    arena_finish(&arena);
    for (size_t i = 0; told && i < 4; i++) {
        if (str_equal(*told, str_from(roles[i].name))) return roles[i].role;
    }
    return member->role;
}

static bool device_is_own(const struct world *world, const struct member *member, struct uuid id)
{
    const struct row *row = oracle_row(world, ENTITY_DEVICE, id);
    return row && !row->removed &&
           uuid_equal(((const struct device *)row->entity)->member, member->id);
}

/* Managers lead reps and viewers, owners everybody. */
static bool may_lead(const struct world *world, const struct member *member,
                     const struct mutation *mutation)
{
    const struct row *row = oracle_row(world, ENTITY_MEMBER, mutation->target);
    const struct member *led = row && !row->removed ? row->entity : NULL;
    if (member->role == ROLE_OWNER) return true;
    if (member->role != ROLE_MANAGER) return false;
    int64_t role = led ? role_told(world, led) : ROLE_REP; /* invited in this very batch */
    bool modest = role == ROLE_REP || role == ROLE_VIEWER;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (edit->field && strcmp(edit->field->name, "role") == 0)
            modest = modest && (edit->want.number == ROLE_REP || edit->want.number == ROLE_VIEWER);
    }
    return modest;
}

/* Read from the outside: who may do what, as the manual says. */
static bool right_is_there(struct world *world, const struct member *member,
                           const struct mutation *mutation)
{
    if (!member || member->removed) return false;
    switch ((enum mutation_kind)mutation->kind) {
    case MUTATION_NONE:
    case MUTATION_NOTICE: return false;
    case MUTATION_IMPORT:
    case MUTATION_CORRECT:
    case MUTATION_INVITE: return is_chief(member);
    case MUTATION_CREATE: return is_chief(member) || member->role == ROLE_REP;
    case MUTATION_EDIT:
        if (mutation->entity == ENTITY_DEFINITION || mutation->entity == ENTITY_INVITATION)
            return is_chief(member);
        if (mutation->entity == ENTITY_MEMBER) return may_lead(world, member, mutation);
        if (mutation->entity == ENTITY_DEVICE)
            return is_chief(member) || device_is_own(world, member, mutation->target);
        return is_chief(member) || member->role == ROLE_REP;
    case MUTATION_RESTORE: return is_chief(member) || deleted_by(world, member, mutation);
    case MUTATION_DELETE: break;
    case MUTATION_CLOSE: return true;
    }
    const struct row *row = oracle_row(world, (enum entity_kind)mutation->entity, mutation->target);
    if (!row || row->removed || row->kind != ENTITY_DEAL) return member->role != ROLE_VIEWER;
    const struct deal *deal = row->entity;
    /* Whose it is, as history tells: the row itself may have changed hands earlier in this batch. */
    struct arena arena;
    arena_init(&arena, 4096);
    const struct str *told =
        map_get(&world->oracle.told, told_key(&arena, deal->id, STR("owner")));
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(member->id, text);
    bool owner = told ? str_equal(*told, str_from(text)) : uuid_equal(deal->owner, member->id);
    arena_finish(&arena);
    bool own = owner || uuid_equal(deal->created_by, member->id);
    return is_chief(member) || (own && member->role == ROLE_REP);
}

void check_right(struct world *world, const struct outcome *outcome, size_t effects)
{
    if (outcome->kind == OUTCOME_PARKED || effects == 0) return;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    const struct mutation *mutation = oracle_mutation(world, &arena, outcome->mutation);
    const struct row *row = oracle_row(world, ENTITY_MEMBER, outcome->member);
    struct member member = {.role = ROLE_NONE};
    if (row && !row->removed) {
        member = *(const struct member *)row->entity;
        member.role = role_told(world, &member);
    }
    if (mutation && !right_is_there(world, row ? &member : NULL, mutation))
        world_fail(world, "seq %llu: somebody with role %d did what they have no right to (kind %d, "
                          "of entity %d)",
                   (unsigned long long)world->oracle.seq, (int)member.role, (int)mutation->kind,
                   (int)mutation->entity);
    arena_finish(&arena);
}
