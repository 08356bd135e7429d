/* work_write.c - from wishes to queued mutations, and what came of them.
 *
 * A wish that needs something created first (a new organisation) is decided as a whole before
 * anything is queued: a refusal leaves nothing behind. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/base/money.h"

void mutation_begin(struct work *work, struct mutation *mutation, enum mutation_kind kind,
                    enum entity_kind entity, struct uuid target)
{
    *mutation = (struct mutation){
        .id = uuid_v7((uint64_t)work->now.wall_ms, work->random),
        .kind = kind,
        .entity = entity,
        .target = target,
        .acted_at = {true, work->now.wall_ms},
        .definition_version = work->definition.version,
    };
}

/* --- reasons --- */

/* "check:budget|value" -> "the check Has a budget or Value" is too much: labels are enough. */
static struct str field_say(struct work *work, struct str names)
{
    static const enum entity_kind kinds[] = {ENTITY_DEAL, ENTITY_PERSON, ENTITY_ORGANISATION,
                                             ENTITY_ACTIVITY, ENTITY_MEMBER, ENTITY_DEVICE};
    struct str rest = names, part, out = STR("");
    while (str_split(&rest, '|', &part)) {
        const struct field *field = NULL;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && !field; i++) {
            field = field_by_name(kinds[i], part);
        }
        struct str label = field ? str_from(field->label) : part;
        out = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(out), out.n ? ", " : "",
                           STR_ARGS(label));
    }
    return out;
}

struct str stage_say(struct work *work, struct str key)
{
    for (size_t i = 0; i < work->definition.pipeline_count; i++) {
        const struct stage *stage = pipeline_stage(&work->definition.pipelines[i], key);
        if (stage) return stage->name;
    }
    return key;
}

static struct str check_say(struct work *work, struct str key)
{
    for (size_t i = 0; i < work->definition.pipeline_count; i++) {
        const struct stage_check *check = pipeline_check(&work->definition.pipelines[i], key);
        if (check) return arena_format(work->arena, "%.*s: %.*s", STR_ARGS(key),
                                       STR_ARGS(check->name));
    }
    return key;
}

static bool reason_is_amount(const struct reason *reason)
{
    return str_equal(reason->field, STR("value")) &&
           (reason->code == REASON_CHANGED_MEANWHILE || reason->code == REASON_NUMBER_RANGE);
}

/* An amount that stands says its currency beside it; one without is of the team's. */
static struct str reason_currency(const struct work *work, const struct reason *reason)
{
    bool said = reason->code == REASON_CHANGED_MEANWHILE && reason->other.n > 0;
    return said ? reason->other : work->team->currency;
}

static struct str value_say(struct work *work, const struct reason *reason, struct str value)
{
    const struct field *field = field_by_name(ENTITY_DEAL, reason->field);
    bool stands = reason->code == REASON_CHANGED_MEANWHILE;
    if ((!stands && !reason_is_amount(reason)) || !field) return value;
    return text_say(work, field, value, reason_currency(work, reason));
}

void work_reason_places(struct work *work, const struct reason *reason,
                        struct place places[REASON_PLACES])
{
    places[0] = (struct place){"field", field_say(work, reason->field)};
    places[1] = (struct place){"stage", stage_say(work, reason->stage)};
    places[2] = (struct place){"check", check_say(work, reason->check)};
    places[3] = (struct place){"value", value_say(work, reason, reason->value)};
    bool range = reason->code == REASON_NUMBER_RANGE;
    places[4] = (struct place){
        "other", range ? value_say(work, reason, reason->other) : reason->other};
}

static void part_add(struct reason_said *out, const char *name, struct str value)
{
    if (value.n == 0 || out->part_count == REASON_PARTS_MAX) return;
    out->parts[out->part_count++] = (struct reason_part){name, value};
}

/* Minor units as decimal text. */
static struct str amount_decimal(struct work *work, struct str minor, struct str currency)
{
    struct optional amount = {true, 0};
    if (str_to_int64(minor, &amount.v)) return minor;
    struct cell cell = cell_money(work, amount, currency);
    return cell.text.n > 0 ? cell.text : minor;
}

void work_reason_parts(struct work *work, const struct reason *reason, struct reason_said *out)
{
    bool amount = work && reason_is_amount(reason);
    bool range = reason->code == REASON_NUMBER_RANGE;
    const struct field *field = field_by_name(ENTITY_DEAL, reason->field);
    struct str value = reason->value, other = reason->other, currency = STR_NONE;
    if (amount) {
        currency = reason_currency(work, reason);
        value = amount_decimal(work, value, currency);
        other = range ? amount_decimal(work, other, currency) : STR_NONE;
    } else if (work && field && field->type == VALUE_REFERENCE) {
        value = value_say(work, reason, value);
    }
    out->code = reason_code_name(reason->code);
    out->part_count = 0;
    part_add(out, "field", reason->field);
    part_add(out, "stage", reason->stage);
    part_add(out, "check", reason->check);
    part_add(out, "value", reason->value.n > 0 ? value : STR_NONE);
    part_add(out, "other", other);
    part_add(out, "currency", reason->value.n > 0 ? currency : STR_NONE);
}

void answer_refuse(struct answer *answer, const struct reasons *reasons)
{
    answer_error(answer, ERROR_REFUSED);
    answer->reasons = *reasons;
}

bool work_may(struct work *work, enum action action, struct answer *answer)
{
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    struct reasons reasons = {.count = 0};
    if (permission_member_allows(work->me, action)) return true;
    const char *name = field_choice_name(role, work->me->role);
    reasons_add(&reasons, (struct reason){.code = REASON_RIGHT_MISSING,
                                          .value = name ? str_from(name) : STR("none"),
                                          .other = str_from(permission_name(action))});
    answer_refuse(answer, &reasons);
    return false;
}

/* --- submitting --- */

static enum fault state_load(struct work *work, struct state *state, const struct wish *wish,
                             const struct mutation *mutation)
{
    struct entity_key keys[MUTATION_KEYS_MAX];
    enum fault fault = state_init(state, work->arena, work->team, &work->definition);
    size_t count = mutation_keys(mutation, work->identity.member, keys);
    for (size_t i = 0; i < count && !fault; i++) {
        const void *entity = NULL;
        fault = work->replica->f->entity(work->replica, work->arena, keys[i].kind, keys[i].id,
                                         false, &entity);
        if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
        for (size_t k = 0; k < wish->before_count; k++) {
            if (uuid_equal(wish->before[k].target, keys[i].id)) entity = wish->made[k];
        }
        if (!fault) fault = state_put(state, keys[i].kind, keys[i].id, entity);
    }
    return fault;
}

/* Would it be refused? Only asked when something else would be queued before it. */
static enum fault wish_preview(struct work *work, const struct wish *wish,
                               const struct mutation *mutation, struct reasons *reasons, bool *fine)
{
    struct state state;
    struct change change;
    struct decision_context context = {
        .actor = work->me, .recorded_at = work->now.wall_ms, .predicted = true};
    *fine = false;
    enum fault fault = state_load(work, &state, wish, mutation);
    if (!fault) {
        fault = decide(work->arena, &state, &context, mutation, STR_NONE, &change);
    }
    if (fault) return fault;
    *fine = change.outcome != OUTCOME_PARKED;
    if (!*fine) *reasons = change.reasons;
    return FAULT_NONE;
}

static bool change_settle(const struct mutation *mutation, const struct change *change,
                          struct answer *answer)
{
    if (change->outcome == OUTCOME_PARKED) {
        answer_refuse(answer, &change->reasons);
        return false;
    }
    if (change->row_count == 0 && change->outcome != OUTCOME_CONFLICT) return false;
    answer->wrote = true;
    answer->undoable = uuid_is_zero(mutation->undoes) &&
                       (mutation->kind == MUTATION_CREATE || mutation->kind == MUTATION_EDIT) &&
                       mutation->entity != ENTITY_DEVICE && /* revoked is for good */
                       mutation->entity != ENTITY_INVITATION;
    answer->mutation = mutation->id;
    return true;
}

enum fault mutation_submit(struct work *work, struct mutation *mutation, struct str summary,
                           struct answer *answer, bool *done)
{
    struct change change;
    *done = false;
    enum fault fault =
        outbox_submit(work->replica, work->arena, mutation, summary, work->now, &change);
    if (fault) return fault;
    *done = change_settle(mutation, &change, answer);
    return FAULT_NONE;
}

static enum fault wish_submit_all(struct work *work, struct wish *wish, struct mutation *last,
                                  struct str summary, struct answer *answer, bool *done)
{
    struct mutation all[WISH_CREATIONS_MAX + 1];
    struct change changes[WISH_CREATIONS_MAX + 1];
    size_t count = wish->before_count;
    bool fine;
    struct reasons reasons;
    enum fault fault = wish_preview(work, wish, last, &reasons, &fine);
    if (!fault && !fine) answer_refuse(answer, &reasons);
    if (fault || !fine) return fault;
    struct uuid batch = uuid_v7((uint64_t)work->now.wall_ms, work->random);
    last->batch = batch;
    for (size_t i = 0; i < count; i++) {
        all[i] = wish->before[i];
        all[i].batch = batch;
    }
    all[count] = *last;
    fault = outbox_submit_many(work->replica, work->arena, all, count + 1, summary, work->now,
                               changes);
    if (fault) return fault;
    bool last_done = false;
    for (size_t i = 0; i <= count; i++) last_done = change_settle(&all[i], &changes[i], answer);
    for (size_t i = 0; i < count && last_done; i++) {
        enum entity_kind kind = (enum entity_kind)wish->before[i].entity;
        NOTE(answer, NOTE_RESULT, "Added {kind} {id} {name}",
             {"kind", str_from(entity_name(kind))},
             {"id", name_short(work, kind, wish->before[i].target)},
             {"name", entity_title(kind, wish->made[i])});
    }
    *done = last_done;
    return FAULT_NONE;
}

static void wish_mutation(struct work *work, struct wish *wish, struct mutation *mutation)
{
    mutation_begin(work, mutation, wish->current ? MUTATION_EDIT : MUTATION_CREATE, wish->kind,
                   wish->target);
    wish_complete_units(wish);
    mutation->edits = wish->edits;
    mutation->edit_count = wish->count;
    mutation->happened_at = wish->happened_at;
    if (!wish->again) return;
    mutation->kind = wish->again->kind;
    mutation->stands = wish->again->stands;
    mutation->stand_count = wish->again->stand_count;
    mutation->resolves = wish->again->resolves;
    mutation->resolution = wish->again->resolution;
}

enum fault wish_would(struct work *work, struct wish *wish, bool *would, struct reasons *would_not)
{
    struct mutation mutation;
    wish_mutation(work, wish, &mutation);
    return wish_preview(work, wish, &mutation, would_not, would);
}

enum fault wish_submit(struct work *work, struct wish *wish, struct str summary,
                       struct answer *answer, bool *done)
{
    struct mutation mutation;
    *done = false;
    wish_mutation(work, wish, &mutation);
    if (wish->before_count > 0) {
        return wish_submit_all(work, wish, &mutation, summary, answer, done);
    }
    return mutation_submit(work, &mutation, summary, answer, done);
}

enum fault wish_tell_date(struct work *work, const struct wish *wish, struct answer *answer)
{
    const void *shown;
    const struct deal *before = wish->current;
    if (wish->kind != ENTITY_DEAL || !before || !wish->happened_at.has) return FAULT_NONE;
    struct optional last = before->stage_changed_at;
    if (!last.has || last.v <= wish->happened_at.v) return FAULT_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL,
                                                wish->target, false, &shown);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    const struct deal *after = shown;
    bool moved = !str_equal(before->stage, after->stage) || before->status != after->status ||
                 !str_equal(before->pipeline, after->pipeline);
    if (!moved) return FAULT_NONE;
    struct optional day = {true, zone_date(&work->zone, wish->happened_at.v)};
    NOTE(answer, NOTE_TALK,
         "It counts as of {when}, not {day}: the deal was moved last then, and its history only goes "
         "forward",
         {"when", moment_full_say(work, after->stage_changed_at)}, {"day", date_say(work, day)});
    return FAULT_NONE;
}

/* --- what was changed, in words --- */

/* In every sentence already, or meaning nothing alone. */
static bool change_is_said(const struct wish *wish, const struct field *field)
{
    static const char *const said[] = {"currency", "probability_by_hand", "pipeline", "title", NULL};
    static const char *const deal_said[] = {"stage", "status", "owner", NULL};
    bool created = !wish->current;
    for (size_t i = 0; said[i]; i++) {
        if (strcmp(said[i], field->name) != 0) continue;
        return strcmp(said[i], "title") != 0 || created;
    }
    for (size_t i = 0; deal_said[i] && wish->kind == ENTITY_DEAL; i++) {
        if (strcmp(deal_said[i], field->name) == 0) return created || strcmp(field->name, "owner") != 0;
    }
    return created && strcmp(field->name, "name") == 0;
}

static struct str change_value(struct work *work, const struct field *field, const void *entity)
{
    struct value value = entity ? field_get(field, entity) : value_absent(field->type);
    struct str canonical;
    if (field->type == VALUE_SET) return cell_field(work, field, entity).shown;
    if (!value.present || value_format(work->arena, value, &canonical)) return STR_NONE;
    const struct field *money = field_by_name(field->entity, STR("currency"));
    struct str currency = money ? field_get(money, entity).text : STR_NONE;
    return text_say(work, field, canonical, currency);
}

static bool change_is_one(const struct field *field, const void *before, const void *after)
{
    if (!before) return field_get(field, after).present || field->type == VALUE_SET;
    struct value a = field_get(field, before), b = field_get(field, after);
    const struct field *currency = field_by_name(field->entity, STR("currency"));
    bool money = currency && strcmp(field->name, "value") == 0;
    return !value_equal(a, b) ||
           (money && !value_equal(field_get(currency, before), field_get(currency, after)));
}

struct str wish_changes(struct work *work, const struct wish *wish, const void *shown)
{
    struct str out = STR("");
    for (size_t i = 0; i < wish->count; i++) {
        const struct field *field = wish->edits[i].field;
        if (!field || change_is_said(wish, field)) continue;
        if (!change_is_one(field, wish->current, shown)) continue;
        struct str now = change_value(work, field, shown);
        struct str was = wish->current ? change_value(work, field, wish->current) : STR_NONE;
        if (now.n == 0 && was.n == 0) continue;
        out = arena_format(work->arena, "%.*s%s%s: %.*s", STR_ARGS(out), out.n ? "; " : "",
                           field->label, STR_ARGS(now.n > 0 ? now : STR("none")));
        if (was.n == 0) continue;
        out = arena_format(work->arena, "%.*s (was %.*s)", STR_ARGS(out), STR_ARGS(was));
    }
    return out;
}
