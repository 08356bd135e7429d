/* work_reason.c - why something was refused: the places of the sentence for people, the parts for
 * machines. Callers: whatever refuses, client/cli/say. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

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
    out->parts[out->part_count++] = (struct part){name, value};
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
