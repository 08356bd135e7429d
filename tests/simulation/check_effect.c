/* check_effect.c - did the mutation do what was wanted, and nothing else? See check_effect.h. */
#define _GNU_SOURCE /* memmem */
#include "tests/simulation/check_effect.h"

#include <string.h>

#include "common/base/check.h"
#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

static const size_t EFFECT_BYTES_MAX = (size_t)8 * 1024 * 1024;

/* --- what the files share --- */

bool effect_same(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct str effect_text(struct deed *e, const struct field *field, struct value value)
{
    struct str text;
    value.type = field->type;
    check(value_format(&e->arena, value, &text) == FAULT_NONE);
    return text;
}

void effect_fail(struct deed *e, const char *what, struct str about)
{
    char id[UUID_TEXT_LENGTH + 1];
    uuid_format(e->mutation->target, id);
    world_fail(e->world, "seq %llu: mutation kind %d of %s %s, outcome %d: %s (%.*s)",
               (unsigned long long)e->seq, (int)e->mutation->kind,
               entity_name(e->kind) ? entity_name(e->kind) : "?", id, (int)e->outcome->kind, what,
               STR_ARGS(str_slice(about, 0, about.n < 120 ? about.n : 120)));
}

bool effect_parked(const struct deed *e)
{
    return e->outcome->kind == OUTCOME_PARKED;
}

const struct row *effect_row(const struct deed *e, enum entity_kind kind, struct uuid id,
                             bool *later)
{
    *later = false;
    for (size_t i = 0; i < e->request->row_count; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->kind != kind || row->seq < e->seq || !uuid_equal(row->id, id)) continue;
        if (row->seq == e->seq) return row;
        *later = true;
    }
    return NULL;
}

const struct event *effect_event(const struct deed *e, enum event_what what)
{
    for (size_t i = 0; i < e->request->row_count; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->kind != ENTITY_EVENT || row->seq != e->seq) continue;
        const struct event *event = row->entity;
        if (event->what == what && uuid_equal(event->subject, e->mutation->target)) return event;
    }
    return NULL;
}

/* People's rows have no creation in history: the row itself says how they stand, unless this commit
 * may have changed it before under an earlier seq. */
static struct stand_text before_of_row(struct deed *e, const struct field *field)
{
    struct stand_text none = {.known = false};
    for (size_t i = 0; i < e->request->row_count; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->kind == ENTITY_OUTCOME && row->seq < e->seq) return none;
    }
    const struct row *row = oracle_row(e->world, e->kind, e->mutation->target);
    if (!row || row->removed || row->kind == ENTITY_DEFINITION) return none;
    struct str text = effect_text(e, field, field_get(field, row->entity));
    return (struct stand_text){.text = text, .known = true};
}

struct stand_text effect_before(struct deed *e, const struct field *field)
{
    const struct str *told =
        oracle_told(&e->world->oracle, e->mutation->target, str_from(field->name));
    if (told) return (struct stand_text){.text = *told, .known = true};
    if (e->kind == ENTITY_MEMBER || e->kind == ENTITY_DEVICE) return before_of_row(e, field);
    return (struct stand_text){.known = false};
}

struct stand_text effect_after(struct deed *e, const struct field *field)
{
    struct stand_text after = effect_before(e, field);
    for (size_t i = 0; i < e->request->row_count; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->kind != ENTITY_EVENT || row->seq != e->seq) continue;
        const struct event *event = row->entity;
        if (!uuid_equal(event->subject, e->mutation->target)) continue;
        bool placed = event->what == EVENT_STAGE && field->entity == ENTITY_DEAL;
        if (placed && strcmp(field->name, "stage") == 0)
            after = (struct stand_text){event->to_stage, true};
        else if (placed && strcmp(field->name, "pipeline") == 0)
            after = (struct stand_text){event->pipeline, true};
        else if (placed && strcmp(field->name, "status") == 0)
            after.text = effect_text(e, field, value_number(VALUE_CHOICE, event->to_status));
        else if (event->what == EVENT_FIELD && str_equal(event->field, str_from(field->name)))
            after = (struct stand_text){event->to_value, true};
    }
    return after;
}

bool effect_stands(const struct deed *e, bool *known)
{
    const struct str *told = oracle_told(&e->world->oracle, e->mutation->target, STR("is there"));
    *known = true;
    return told && told->n > 0;
}

bool effect_names(const struct deed *e, const struct field *field)
{
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        const struct field *named = e->mutation->edits[i].field;
        if (named && field_same_unit(named, field)) return true;
    }
    return false;
}

/* --- what nobody named --- */

/* Money of which nobody named the currency is in the team's. */
static bool event_completes(const struct deed *e, const struct field *field)
{
    (void)e;
    return strcmp(field->name, "currency") == 0;
}

static void event_judge(struct deed *e, const struct event *event)
{
    if (!uuid_equal(event->subject, e->mutation->target) || event->subject_kind != e->kind) {
        effect_fail(e, "history of something else goes on", event->field);
        return;
    }
    if (!uuid_equal(event->mutation, e->mutation->id) ||
        !uuid_equal(event->who, e->outcome->member)) {
        effect_fail(e, "history names another change, or somebody else", event->field);
        return;
    }
    bool edits = e->mutation->kind == MUTATION_EDIT || e->mutation->kind == MUTATION_CORRECT;
    if (!edits || e->kind == ENTITY_DEFINITION) return;
    if (event->what != EVENT_FIELD && event->what != EVENT_STAGE) {
        effect_fail(e, "an edit does more than edit", event->field);
        return;
    }
    struct str name = event->what == EVENT_STAGE ? STR("stage") : event->field;
    const struct field *field = field_by_name(e->kind, name);
    if (!field || (!effect_names(e, field) && !event_completes(e, field)))
        effect_fail(e, "something changes that nobody named", name);
}

/* What an accepted mutation may write at all. */
static bool row_belongs(const struct deed *e, const struct row *row)
{
    if (row->kind == ENTITY_OUTCOME || row->kind == ENTITY_INBOX) return true;
    if (effect_parked(e)) return false;
    if (row->kind == ENTITY_EVENT) return true; /* event_judge */
    if (row->kind == e->kind && uuid_equal(row->id, e->mutation->target))
        return e->mutation->kind != MUTATION_CLOSE;
    return e->mutation->kind == MUTATION_INVITE && row->kind == ENTITY_INVITATION &&
           uuid_equal(row->id, e->mutation->id);
}

/* Where a thing comes from never changes, whatever is edited. */
static void origin_judge(struct deed *e, const struct row *row)
{
    static const char *const names[] = {"id", "external_id", "created_by", "created_at"};
    const struct row *before = oracle_row(e->world, row->kind, row->id);
    bool edits = e->mutation->kind == MUTATION_EDIT || e->mutation->kind == MUTATION_CORRECT;
    if (!edits || row->removed || !before || before->removed || row->kind == ENTITY_DEFINITION)
        return;
    for (size_t i = 0; i < e->request->row_count; i++) { /* made anew in this very batch */
        const struct row *other = &e->request->rows[i];
        if (other->kind != ENTITY_EVENT || !uuid_equal(other->id, row->id)) continue;
        if (((const struct event *)other->entity)->what != EVENT_FIELD &&
            ((const struct event *)other->entity)->what != EVENT_STAGE)
            return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct field *field = field_by_name(row->kind, str_from(names[i]));
        if (field && !value_equal(field_get(field, row->entity), field_get(field, before->entity)))
            effect_fail(e, "an edit changes where it comes from", str_from(names[i]));
    }
}

static void rows_judge(struct deed *e)
{
    for (size_t i = 0; i < e->request->row_count && !e->world->failed; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->seq != e->seq) continue;
        if (!row_belongs(e, row)) {
            const char *name = entity_name(row->kind);
            effect_fail(e, effect_parked(e) ? "parked, and yet it changes something"
                                            : "it changes something it does not name",
                        name ? str_from(name) : STR("?"));
        } else if (row->kind == ENTITY_EVENT) {
            event_judge(e, row->entity);
        } else if (row->kind == e->kind && row->kind != ENTITY_INBOX) {
            origin_judge(e, row);
        }
    }
}

/* --- deletions --- */

static void effect_delete(struct deed *e)
{
    bool known, later, stood = effect_stands(e, &known);
    if (effect_parked(e)) return;
    const struct event *event = effect_event(e, EVENT_DELETED);
    const struct row *row = effect_row(e, e->kind, e->mutation->target, &later);
    if (stood && !event) effect_fail(e, "nothing is deleted", STR_NONE);
    if (!stood && (event || row)) effect_fail(e, "what is not there is deleted", STR_NONE);
    if (stood && !later && !(row && row->removed)) effect_fail(e, "the row stays", STR_NONE);
    for (size_t i = 0; stood && i < e->mutation->edit_count; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (!edit->field || edit->field->type == VALUE_SET) continue;
        struct stand_text before = effect_before(e, edit->field);
        if (before.known && !effect_same(before.text, effect_text(e, edit->field, edit->base)))
            effect_fail(e, "deleted, though it was seen otherwise", str_from(edit->field->name));
    }
}

/* --- which judgement --- */

static bool reasons_say(const struct deed *e, const char *code)
{
    struct str reasons = e->outcome->reasons;
    return reasons.n > 0 && memmem(reasons.p, reasons.n, code, strlen(code)) != NULL;
}

/* Something in it is of a newer version: it must not be half understood. */
static bool effect_is_understood(const struct deed *e)
{
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        if (!e->mutation->edits[i].field) return false;
    }
    return e->mutation->entity > ENTITY_NONE && e->mutation->entity < ENTITY_COUNT;
}

static void effect_by_kind(struct deed *e)
{
    bool made = e->kind == ENTITY_DEAL || e->kind == ENTITY_ORGANISATION ||
                e->kind == ENTITY_PERSON || e->kind == ENTITY_ACTIVITY;
    bool people = e->kind == ENTITY_MEMBER || e->kind == ENTITY_DEVICE;
    switch ((enum mutation_kind)e->mutation->kind) {
    case MUTATION_NONE:
    case MUTATION_NOTICE:
        if (!effect_parked(e)) effect_fail(e, "nobody may ask that", STR_NONE);
        return;
    case MUTATION_EDIT:
    case MUTATION_CORRECT:
        if (made || people) effect_edit(e);
        return;
    case MUTATION_DELETE: effect_delete(e); return;
    case MUTATION_CREATE:
    case MUTATION_IMPORT:
        if (made) effect_create(e);
        return;
    case MUTATION_RESTORE: effect_restore(e); return;
    case MUTATION_INVITE:
    case MUTATION_CLOSE: return;
    }
}

static void effect_judge(struct deed *e)
{
    if (!effect_is_understood(e)) {
        if (!effect_parked(e)) effect_fail(e, "not understood, and not parked", STR_NONE);
        return;
    }
    rows_judge(e);
    if (!e->world->failed) effect_by_kind(e);
    if (!e->world->failed) effect_inbox(e);
    if (e->world->failed) return;
    if (e->clashes > 0 && !effect_parked(e))
        effect_fail(e, "what somebody else changed meanwhile is not parked", STR_NONE);
    bool edits = e->mutation->kind == MUTATION_EDIT && e->kind != ENTITY_DEFINITION;
    if (edits && effect_parked(e) && !e->unsure && reasons_say(e, "changed_meanwhile") &&
        e->clashes == 0)
        effect_fail(e, "parked as changed meanwhile, and it was not", STR_NONE);
    e->world->oracle.unsure += e->unsure;
    e->world->oracle.judged++;
}

void check_effect(struct world *world, const struct store_request *request, uint64_t seq,
                  const struct outcome *outcome)
{
    struct deed e = {.world = world, .request = request, .seq = seq, .outcome = outcome};
    arena_init(&e.arena, EFFECT_BYTES_MAX);
    e.mutation = oracle_mutation(world, &e.arena, outcome->mutation);
    if (e.mutation) {
        bool kind = e.mutation->entity > ENTITY_NONE && e.mutation->entity < ENTITY_COUNT;
        if (kind) e.kind = (enum entity_kind)e.mutation->entity;
        effect_judge(&e);
    } else if (outcome->kind != OUTCOME_PARKED) {
        world_fail(world, "seq %llu: unreadable, and not parked", (unsigned long long)seq);
    }
    arena_finish(&e.arena);
}
