/* test_decide_properties.c - what holds for any mutation on any state, from seeds.
 *
 * A world lives through random mutations of random people, sensible and not; after each the rules'
 * invariants are checked. At the end it is checked that the generator reached what it should:
 * properties of what never happens would prove nothing. SLUICE_SEEDS=N runs N seeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/random.h"
#include "common/domain/merge.h"
#include "common/domain/use.h"
#include "tests/support/rule_world.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { SEEDS = 250, STEPS = 60, ITEMS_MAX = 256 };

static struct {
    unsigned outcomes[OUTCOME_PARKED + 1];
    unsigned reasons[REASON_OWNER_SELF + 1];
    unsigned moves, restored, not_restorable, resolved;
} seen;

struct story {
    struct rule_world w;
    struct random random;
    uint64_t seed;
    unsigned step;
    struct uuid items[ITEMS_MAX];
    size_t item_count;
};

static const char *const actors[] = {"rep",   "rep",   "rep",  "rep",  "rep",  "other",
                                     "other", "other", "lead", "lead", "lead", "boss",
                                     "boss",  "boss",  "boss", "boss"};
static const char *const targets[] = {"d1", "d1", "d1", "d1", "d2", "d2", "d2", "d3"};

static size_t below(struct story *s, size_t bound)
{
    return (size_t)random_below(&s->random, bound);
}

static bool chance(struct story *s, size_t percent)
{
    return below(s, 100) < percent;
}

static void story_fail(const struct story *s, const char *claim)
{
    fail_msg("seed %llu step %u: %s", (unsigned long long)s->seed, s->step, claim);
}

/* --- generating --- */

static struct str pick(struct story *s, const char *const *pool, size_t count)
{
    return str_from(pool[below(s, count)]);
}

static struct str text_make(struct story *s, const struct field *field)
{
    static const char *const stages[] = {
        "lead",     "contact",  "qualification", "proposal", "closing", "won",         "lost",
        "contact",  "proposal", "talk",          "sign",     "signed",  "negotiation", "moon",
        "proposal", "contact",  "qualification", "proposal", "closing", "sign"};
    static const char *const plain[] = {"a", "b", "  c ", "e\xcc\x81", "f;g=h\\", "x", "y", "z"};
    static const char *const broken[] = {"d\n", "\xff"};
    static const char *const currencies[] = {"EUR", "usd", "JPY", "EUR", "usd", "JPY", "XQX"};
    static const char *const pipelines[] = {"sales",   "sales",   "sales", "renewal",
                                            "renewal", "renewal", "moon"};
    static const char *const categories[] = {"commit",   "omitted", "Best-Case",
                                             "pipeline", "commit",  "mood"};
    if (chance(s, 1)) return pick(s, broken, COUNT_OF(broken));
    if (strcmp(field->name, "stage") == 0) return pick(s, stages, COUNT_OF(stages));
    if (strcmp(field->name, "pipeline") == 0) return pick(s, pipelines, COUNT_OF(pipelines));
    if (strcmp(field->name, "currency") == 0) return pick(s, currencies, COUNT_OF(currencies));
    if (strcmp(field->name, "category") == 0) return pick(s, categories, COUNT_OF(categories));
    return pick(s, plain, COUNT_OF(plain));
}

static int64_t number_make(struct story *s, const struct field *field)
{
    static const int64_t odd[] = {0, -1, INT64_MAX, INT64_MIN, INT64_C(1) << 52, 100, 101};
    if (chance(s, 2)) return odd[below(s, COUNT_OF(odd))];
    if (field->type == VALUE_DATE) return 20500 + (int64_t)below(s, 120);
    if (field->type == VALUE_TIME) return s->w.recorded - (int64_t)below(s, 100) * 3600000;
    if (field->type == VALUE_CHOICE) return 1 + (int64_t)below(s, 5);
    if (field->type == VALUE_FLAG) return (int64_t)below(s, 2);
    return (int64_t)below(s, 100);
}

static struct value value_make(struct story *s, const struct field *field)
{
    static const char *const members[] = {"rep",  "rep",  "rep",  "other",  "other",
                                          "boss", "boss", "boss", "leaver", "nobody"};
    static const char *const things[] = {"acme", "zenith", "zenith", "zenith", "nobody"};
    if (chance(s, field->unit == UNIT_STAGE ? 1 : 8)) return value_absent(field->type);
    switch (field->type) {
    case VALUE_TEXT: return value_text(text_make(s, field));
    case VALUE_BYTES: return value_absent(VALUE_BYTES);
    case VALUE_REFERENCE: {
        bool member = field->refers == ENTITY_MEMBER;
        const char *name =
            member ? members[below(s, COUNT_OF(members))] : things[below(s, COUNT_OF(things))];
        if (field->refers == ENTITY_ORGANISATION && chance(s, 90)) name = "acme";
        if (field->refers == ENTITY_PERSON && chance(s, 90)) name = "ann";
        return value_reference(world_id(name));
    }
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_FLAG:
    case VALUE_CHOICE: return value_number(field->type, number_make(s, field));
    case VALUE_SET: break;
    }
    return value_absent(field->type);
}

static struct text_set set_make(struct story *s, const struct field *field)
{
    static const char *const tags[] = {"a", "b", "c", " d ", "e", "f", "g", "h", "x\ny"};
    static const char *const checks[] = {"interest", "interest", "interest", "interest",
                                         "interest", "budget",   "budget",   "mood"};
    struct str *items = arena_array(&s->w.arena, 3, sizeof *items);
    size_t count = below(s, 3);
    for (size_t i = 0; i < count; i++) {
        bool check = strcmp(field->name, "checks") == 0;
        items[i] = check ? pick(s, checks, COUNT_OF(checks)) : pick(s, tags, COUNT_OF(tags));
    }
    return (struct text_set){items, count};
}

static bool field_chosen(struct story *s, const struct field *field)
{
    static const struct {
        const char *name;
        size_t percent;
    } odds[] = {{"stage", 40},    {"status", 20},     {"pipeline", 5},
                {"wake_date", 3}, {"lost_reason", 4}, {"owner", 6}};
    if (!(field->flags & FIELD_EDITABLE)) return below(s, 900) == 0;
    for (size_t i = 0; i < COUNT_OF(odds); i++) {
        if (strcmp(field->name, odds[i].name) == 0) return chance(s, odds[i].percent);
    }
    return chance(s, 10);
}

static struct edit edit_make(struct story *s, const struct field *field, const void *stands)
{
    struct edit edit = {.tag = field->tag, .field = field};
    if (field->type == VALUE_SET) {
        edit.base = edit.want = value_absent(VALUE_SET);
        edit.add = set_make(s, field);
        if (chance(s, 50)) edit.remove = set_make(s, field);
        return edit;
    }
    edit.base = stands ? field_get(field, stands) : value_absent(field->type);
    edit.want = value_make(s, field);
    if (chance(s, 8)) edit.base = value_make(s, field);
    if (stands && chance(s, 6)) edit.want = field_get(field, stands);
    if (strcmp(field->name, "status") == 0 && chance(s, 70)) {
        edit.want = value_number(VALUE_CHOICE, chance(s, 60) ? STATUS_OPEN : STATUS_ICED);
    }
    return edit;
}

static void edits_make(struct story *s, struct mutation *m)
{
    size_t count;
    const struct field *fields = fields_of((enum entity_kind)m->entity, &count);
    const void *stands = state_find(&s->w.state, (enum entity_kind)m->entity, m->target);
    m->edits = arena_array(&s->w.arena, count + 2, sizeof *m->edits);
    for (size_t i = 0; i < count; i++) {
        bool needed = m->kind != MUTATION_EDIT && strcmp(fields[i].name, "title") == 0;
        if (!needed && !field_chosen(s, &fields[i])) continue;
        m->edits[m->edit_count++] = edit_make(s, &fields[i], stands);
    }
    if (chance(s, 1) && m->edit_count > 0) { /* the same field twice */
        m->edits[m->edit_count] = m->edits[0];
        m->edit_count++;
    }
    if (chance(s, 1)) m->edits[m->edit_count++] = (struct edit){.tag = 500};
}

static void stands_make(struct story *s, struct mutation *m)
{
    m->stand_count = below(s, 4);
    m->stands = arena_array(&s->w.arena, 4, sizeof *m->stands);
    const struct field *stage = field_by_name(ENTITY_DEAL, STR("stage"));
    for (size_t i = 0; i < m->stand_count; i++) {
        m->stands[i].stage = text_make(s, stage);
        m->stands[i].status = (int64_t)below(s, 3);
        if (chance(s, 70)) m->stands[i].since = (struct optional){true, number_make(s, stage)};
    }
}

static struct mutation mutation_make(struct story *s)
{
    static const int64_t kinds[] = {
        MUTATION_CREATE,  MUTATION_CREATE, MUTATION_DELETE, MUTATION_IMPORT,
        MUTATION_CORRECT, MUTATION_CLOSE,  MUTATION_INVITE, 99};
    char name[40];
    snprintf(name, sizeof name, "m%u", s->step);
    struct mutation m = {.id = world_id(name),
                         .kind = MUTATION_EDIT,
                         .entity = ENTITY_DEAL,
                         .target = world_id(targets[below(s, COUNT_OF(targets))])};
    if (chance(s, 14)) m.kind = kinds[below(s, COUNT_OF(kinds))];
    if (m.kind == MUTATION_INVITE) m.entity = ENTITY_MEMBER;
    if (chance(s, 3)) m.entity = (int64_t)below(s, 14);
    if (chance(s, 95))
        m.acted_at =
            (struct optional){true, number_make(s, field_by_name(ENTITY_DEAL, STR("created_at")))};
    if (chance(s, 10)) m.happened_at = m.acted_at;
    if (s->item_count > 0 && (m.kind == MUTATION_CLOSE || chance(s, 8))) {
        m.resolves = s->items[below(s, s->item_count)];
        m.resolution = m.kind == MUTATION_CLOSE ? INBOX_THEIRS : INBOX_MINE;
        if (chance(s, 20)) m.resolution = (int64_t)below(s, 7);
    }
    if (m.entity >= 0 && m.entity < ENTITY_COUNT) edits_make(s, &m);
    if (m.kind == MUTATION_IMPORT) stands_make(s, &m);
    return m;
}

/* --- checking --- */

static void check_same(struct story *s, const struct change *a, const struct change *b)
{
    if (a->outcome != b->outcome || a->row_count != b->row_count)
        story_fail(s, "twice, not the same");
    for (size_t i = 0; i < a->row_count; i++) {
        const struct row *x = &a->rows[i], *y = &b->rows[i];
        bool same = x->kind == y->kind && uuid_equal(x->id, y->id) && x->n == y->n &&
                    x->removed == y->removed;
        if (same && !x->removed) same = entity_equal(x->kind, x->entity, y->entity);
        if (!same) story_fail(s, "twice, another row");
    }
    char first[4096];
    snprintf(first, sizeof first, "%s", world_reasons(&s->w, a));
    if (strcmp(first, world_reasons(&s->w, b)) != 0) story_fail(s, "twice, other reasons");
}

/* What hangs on the target, of rows and events that are not loaded: as a server counts it. */
static void uses_load(struct story *s, const char *actor, const struct mutation *m,
                      const struct state *whole, struct state *loaded)
{
    struct use *use = arena_alloc(&s->w.arena, sizeof *use);
    assert_non_null(use);
    if (!mutation_use(m, world_id(actor), use)) return;
    for (size_t i = 0; i < whole->rows.count; i++) {
        const struct map_entry *entry = &whole->rows.entries[i];
        if (map_get(&loaded->rows, entry->key)) continue;
        use_row(use, (enum entity_kind)entry->key.p[0], entry->value);
    }
    assert_int_equal(use_history(&s->w.arena, use, whole->events, whole->event_count), FAULT_NONE);
    assert_int_equal(state_put_use(loaded, use), FAULT_NONE);
}

/* decide() may look only at what mutation_keys() names: a server loads no more. */
static void check_keys(struct story *s, const char *actor, const struct mutation *m,
                       const struct change *change)
{
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t count = mutation_keys(m, world_id(actor), keys);
    struct state whole = s->w.state, loaded;
    assert_int_equal(state_init(&loaded, &s->w.arena, whole.team, whole.definition), FAULT_NONE);
    loaded.inbox_last = whole.inbox_last;
    for (size_t i = 0; i < count; i++) {
        const void *entity = state_find(&whole, keys[i].kind, keys[i].id);
        assert_int_equal(state_put(&loaded, keys[i].kind, keys[i].id, entity), FAULT_NONE);
    }
    uses_load(s, actor, m, &whole, &loaded);
    struct decision_context context = {.actor = world_find(&s->w, ENTITY_MEMBER, actor),
                                       .recorded_at = s->w.recorded};
    struct change again;
    assert_int_equal(decide(&s->w.arena, &loaded, &context, m, STR("payload"), &again), FAULT_NONE);
    check_same(s, change, &again);
}

/* A client that redoes some predictions and not others relies on this: where they may write. */
static void check_writes(struct story *s, const char *actor, const struct mutation *m)
{
    struct state *state = &s->w.state;
    struct decision_context context = {.actor = world_find(&s->w, ENTITY_MEMBER, actor),
                                       .recorded_at = s->w.recorded,
                                       .predicted = true};
    struct uuid ids[MUTATION_WRITES_MAX];
    size_t count = mutation_writes(m, ids);
    struct entity_key keys[MUTATION_KEYS_MAX];
    size_t key_count = mutation_keys(m, world_id(actor), keys);
    struct change change;
    assert_int_equal(decide(&s->w.arena, state, &context, m, STR("payload"), &change), FAULT_NONE);
    for (size_t i = 0; i < change.row_count; i++) {
        bool named = false, read = false;
        for (size_t k = 0; k < count; k++) named |= uuid_equal(ids[k], change.rows[i].id);
        for (size_t k = 0; k < key_count; k++) read |= uuid_equal(keys[k].id, change.rows[i].id);
        if (!named) story_fail(s, "a prediction writes what it does not name");
        if (!read) story_fail(s, "written without being looked at");
    }
}

static void check_rows(struct story *s, const struct change *change)
{
    size_t events = 0, parked = 0;
    int64_t last = s->w.state.inbox_last;
    for (size_t i = 0; i < change->row_count; i++) {
        const struct row *row = &change->rows[i];
        if (row->kind == ENTITY_EVENT && row->n != events++)
            story_fail(s, "events are not numbered on");
        for (size_t k = 0; k < i; k++) {
            bool same = row->kind == change->rows[k].kind && row->n == change->rows[k].n &&
                        uuid_equal(row->id, change->rows[k].id);
            if (same) story_fail(s, "a row twice");
        }
        if (row->kind != ENTITY_INBOX) continue;
        const struct inbox_item *item = row->entity;
        const struct inbox_item *old = world_item(&s->w, item->id);
        if (item->kind == INBOX_PARKED && item->state == INBOX_OPEN) parked++;
        if (item->number > last && item->number != ++last) story_fail(s, "a number left out");
        if (item->number <= s->w.state.inbox_last && (!old || old->number != item->number)) {
            story_fail(s, "a number given twice");
        }
        bool overwritten = old && old->state == INBOX_OPEN && item->number != old->number;
        if (overwritten) story_fail(s, "an open item overwritten");
        bool set =
            item->field.n > 0 && item->kind == INBOX_CONFLICT &&
            field_by_name((enum entity_kind)item->subject_kind, item->field)->type == VALUE_SET;
        if (set) story_fail(s, "a set in conflict");
        if (item->state != INBOX_OPEN) seen.resolved++;
    }
    if (events != change->event_count) story_fail(s, "events miscounted");
    if ((change->outcome == OUTCOME_PARKED) != (parked == 1)) story_fail(s, "parked, but not kept");
    if (change->outcome != OUTCOME_PARKED) return;
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != ENTITY_INBOX) story_fail(s, "parked, but something changed");
    }
}

static bool stage_of(const struct story *s, const struct deal *deal,
                     const struct pipeline **pipeline, const struct stage **stage)
{
    *pipeline = definition_pipeline(&s->w.definition, deal->pipeline);
    *stage = *pipeline ? pipeline_stage_today(*pipeline, deal->stage) : NULL;
    return *stage != NULL;
}

static void check_deal(struct story *s, const struct deal *deal)
{
    const struct pipeline *pipeline;
    const struct stage *stage;
    if (!stage_of(s, deal, &pipeline, &stage)) story_fail(s, "a stage nobody knows");
    bool running = deal->status == STATUS_OPEN || deal->status == STATUS_ICED;
    bool fits = running                            ? stage->kind <= STAGE_OPEN
                : deal->status == STATUS_WON       ? stage->kind == STAGE_WON
                : deal->status == STATUS_LOST      ? stage->kind == STAGE_LOST
                : deal->status == STATUS_DISCARDED ? stage->kind == STAGE_LEAD
                                                   : false;
    if (!fits) story_fail(s, "status does not fit the stage");
    bool closed = deal->status == STATUS_WON || deal->status == STATUS_LOST;
    if (deal->closed_at.has && !closed) story_fail(s, "closed_at of an open deal");
    if (deal->wake_date.has && deal->status != STATUS_ICED)
        story_fail(s, "wakes, but is not on ice");
    if (deal->lost_reason.p && deal->status != STATUS_LOST && deal->status != STATUS_DISCARDED) {
        story_fail(s, "a reason without a loss");
    }
    if (deal->value.has && !deal->currency.p) story_fail(s, "a value without a currency");
    if (deal->value.has && (deal->value.v < 0 || deal->value.v > MONEY_MAX)) story_fail(s, "value");
    if (!deal->title.p) story_fail(s, "no title");
    if (!text_is_clean(deal->title, false) || deal->title.n > TITLE_BYTES_MAX)
        story_fail(s, "title");
    if (deal->stage_changed_at.has && deal->stage_changed_at.v > s->w.recorded) {
        story_fail(s, "a stage event in the future");
    }
}

static void check_gates(struct story *s, const struct deal *before, const struct deal *after)
{
    const struct pipeline *pipeline;
    const struct stage *from, *to;
    bool moved =
        !str_equal(before->stage, after->stage) || !str_equal(before->pipeline, after->pipeline);
    if (!moved) return;
    seen.moves++;
    bool same =
        stage_of(s, before, &pipeline, &from) && str_equal(before->pipeline, after->pipeline);
    if (!stage_of(s, after, &pipeline, &to)) story_fail(s, "moved to nowhere");
    struct reasons missing = {.count = 0};
    gate_missing(pipeline, after, same ? from : NULL, to, &missing);
    if (missing.count > 0) story_fail(s, "moved past a gate");
    if (after->attention) story_fail(s, "moved, still marked");
    bool back = same && from->kind == STAGE_OPEN && to->kind <= STAGE_OPEN &&
                pipeline_position(pipeline, to) < pipeline_position(pipeline, from);
    if (back && from->back == BACK_NEVER) story_fail(s, "moved back from where nobody may");
}

static void check_conflicts(struct story *s, const struct change *change, const struct deal *before,
                            const struct deal *after)
{
    for (size_t i = 0; i < change->row_count; i++) {
        const struct inbox_item *item = change->rows[i].entity;
        if (change->rows[i].kind != ENTITY_INBOX || item->kind != INBOX_CONFLICT) continue;
        if (item->state != INBOX_OPEN || item->subject_kind != ENTITY_DEAL) continue;
        const struct field *leader = field_by_name(ENTITY_DEAL, item->field);
        const struct field *fields[UNIT_FIELDS_MAX];
        size_t count = unit_fields(leader, fields);
        for (size_t k = 0; k < count; k++) {
            bool kept = value_equal(field_get(fields[k], before), field_get(fields[k], after));
            if (!kept) story_fail(s, "a conflict changed what stood");
        }
        struct unit_value values[UNIT_FIELDS_MAX];
        if (unit_parse(&s->w.arena, leader, item->mine, values, &count) ||
            unit_parse(&s->w.arena, leader, item->theirs, values, &count)) {
            story_fail(s, "a conflict that cannot be read");
        }
        if (str_equal(item->mine, item->theirs)) story_fail(s, "a conflict of the same");
    }
}

/* --- taking back --- */

static struct mutation inverse_make(struct story *s, const struct mutation *m,
                                    const struct deal *before, const struct deal *after)
{
    struct mutation inverse = {.kind = MUTATION_EDIT,
                               .entity = ENTITY_DEAL,
                               .target = m->target,
                               .undoes = m->id,
                               .acted_at = m->acted_at};
    inverse.id = uuid_derive(m->id, STR("inverse"));
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    inverse.edits = arena_array(&s->w.arena, count, sizeof *inverse.edits);
    for (size_t i = 0; i < count; i++) {
        struct value was = field_get(&fields[i], before), is = field_get(&fields[i], after);
        if (!(fields[i].flags & FIELD_EDITABLE) || value_equal(was, is)) continue;
        struct edit *edit = &inverse.edits[inverse.edit_count++];
        *edit = (struct edit){.tag = fields[i].tag, .field = &fields[i], .base = is, .want = was};
        if (fields[i].type != VALUE_SET) continue;
        edit->base = edit->want = value_absent(VALUE_SET);
        edit->add = was.set;
        struct str *gone = arena_array(&s->w.arena, is.set.count + 1, sizeof *gone);
        for (size_t k = 0; k < is.set.count; k++) {
            if (!text_set_has(was.set, is.set.items[k]))
                gone[edit->remove.count++] = is.set.items[k];
        }
        edit->remove.items = gone;
    }
    return inverse;
}

static void check_inverse(struct story *s, const char *actor, const struct mutation *m,
                          const struct deal *before, const struct deal *after)
{
    struct mutation inverse = inverse_make(s, m, before, after);
    if (inverse.edit_count == 0) return;
    struct change change = world_decide(&s->w, actor, &inverse);
    if (change.outcome == OUTCOME_PARKED) {
        /* Not possible only where what was before could not be entered today. */
        const struct pipeline *pipeline;
        const struct stage *stage;
        struct reasons missing = {.count = 0};
        if (stage_of(s, before, &pipeline, &stage)) {
            gate_missing(pipeline, before, stage, stage, &missing);
        }
        bool gates = missing.count > 0;
        bool removed = stage && !str_equal(stage->key, before->stage);
        bool given_away = !uuid_equal(before->owner, after->owner);
        if (!gates && !removed && !given_away) {
            fail_msg("seed %llu step %u: cannot be taken back: %s", (unsigned long long)s->seed,
                     s->step, world_reasons(&s->w, &change));
        }
        seen.not_restorable++;
        return;
    }
    const struct deal *again = change.rows[0].entity;
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    for (size_t i = 0; i < count; i++) {
        if (!(fields[i].flags & FIELD_EDITABLE)) continue;
        bool same = value_equal(field_get(&fields[i], before), field_get(&fields[i], again));
        if (!same) {
            fail_msg("seed %llu step %u: %s was not restored", (unsigned long long)s->seed, s->step,
                     fields[i].name);
        }
    }
    seen.restored++;
}

/* --- the story --- */

static void items_note(struct story *s, const struct change *change)
{
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != ENTITY_INBOX || s->item_count == ITEMS_MAX) continue;
        s->items[s->item_count++] = change->rows[i].id;
    }
}

static void story_step(struct story *s)
{
    struct mutation m = mutation_make(s);
    const char *actor = actors[below(s, COUNT_OF(actors))];
    if (chance(s, 3)) actor = chance(s, 50) ? "looker" : "leaver";
    const struct deal *before = state_find(&s->w.state, ENTITY_DEAL, m.target);
    struct change change = world_decide(&s->w, actor, &m);
    struct change twice = world_decide(&s->w, actor, &m);
    check_same(s, &change, &twice);
    check_keys(s, actor, &m, &change);
    check_writes(s, actor, &m);
    check_rows(s, &change);
    seen.outcomes[change.outcome]++;
    for (size_t i = 0; i < change.reasons.count; i++) seen.reasons[change.reasons.items[i].code]++;
    world_apply(&s->w, &change);
    items_note(s, &change);
    const struct deal *after = state_find(&s->w.state, ENTITY_DEAL, m.target);
    if (after) check_deal(s, after);
    if (change.outcome == OUTCOME_PARKED && before != after)
        story_fail(s, "parked, but it changed");
    if (!before || !after) return;
    check_conflicts(s, &change, before, after);
    if (m.kind != MUTATION_EDIT) return;
    check_gates(s, before, after);
    bool applied = change.outcome == OUTCOME_APPLIED || change.outcome == OUTCOME_MERGED;
    if (applied && before != after) check_inverse(s, actor, &m, before, after);
}

static void story_run(uint64_t seed)
{
    struct story s = {.seed = seed};
    world_init(&s.w);
    random_init_number(&s.random, seed);
    world_deal(&s.w, "d1", "");
    world_deal(&s.w, "d2", "stage=lead;value=;checks=;org=;contact=;owner=");
    if (chance(&s, 50)) world_deal(&s.w, "d3", "stage=sign;pipeline=renewal;attention=true");
    for (s.step = 0; s.step < STEPS; s.step++) {
        s.w.recorded += (int64_t)below(&s, 24 * 3600000);
        story_step(&s);
    }
    world_finish(&s.w);
}

static void test_any_mutation_on_any_state(void **state)
{
    (void)state;
    const char *wanted = getenv("SLUICE_SEEDS");
    uint64_t seeds = wanted ? strtoull(wanted, NULL, 10) : SEEDS;
    for (uint64_t seed = 1; seed <= seeds; seed++) story_run(seed);
}

static void test_the_generator_reached_everything(void **state)
{
    (void)state;
    for (int outcome = OUTCOME_APPLIED; outcome <= OUTCOME_PARKED; outcome++) {
        print_message("%s: %u\n", outcome_name((enum outcome_kind)outcome), seen.outcomes[outcome]);
        assert_true(seen.outcomes[outcome] > 50);
    }
    print_message("moves %u, taken back %u, not possible %u, items closed %u\n", seen.moves,
                  seen.restored, seen.not_restorable, seen.resolved);
    assert_true(seen.moves > 300);
    assert_true(seen.restored > 1000);
    assert_true(seen.restored > 4 * seen.not_restorable);
    assert_true(seen.resolved > 50);
    /* Reasons this generator cannot bring about. */
    static const enum reason_code out_of_reach[] = {REASON_NONE,
                                                    REASON_TOO_LONG,
                                                    REASON_IN_FUTURE,
                                                    REASON_NAME_TAKEN,
                                                    REASON_TOO_MANY,
                                                    REASON_SERVER_FAULT,
                                                    REASON_DEVICE_REVOKED,
                                                    REASON_OWNER_SELF,
                                                    REASON_VALUE_WITHOUT_CURRENCY,
                                                    REASON_DEAL_NOT_CLOSED};
    for (int code = 1; code <= REASON_OWNER_SELF; code++) {
        bool expected = true;
        for (size_t i = 0; i < COUNT_OF(out_of_reach); i++) {
            if ((int)out_of_reach[i] == code) expected = false;
        }
        if (expected && seen.reasons[code] == 0) {
            fail_msg("%s never occurred", reason_code_name((enum reason_code)code));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_mutation_on_any_state),
        cmocka_unit_test(test_the_generator_reached_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
