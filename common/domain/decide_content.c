/* decide_content.c - single values: well formed, normalised, within bounds, naming what exists.
 *
 * Both what was seen and what is wanted pass here, because both may end in a conflict record.
 * Invariant: after content_normalise every value has its field's type, text is clean NFC, dates and
 * times fit the calendar; nothing later looks at the raw mutation's edits. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/base/money.h"

#include "common/base/banned.h"

static const int64_t DAY_MS = INT64_C(86400000);

/* --- form --- */

static bool edit_is_formed(const struct decision *d, const struct edit *edit)
{
    const struct field *field = edit->field;
    if ((int64_t)field->entity != d->mutation->entity || field->tag != edit->tag) return false;
    if (field->type == VALUE_SET) return !edit->base.present && !edit->want.present;
    if (edit->add.count > 0 || edit->remove.count > 0) return false;
    if (edit->base.present && edit->base.type != field->type) return false;
    return !edit->want.present || edit->want.type == field->type;
}

static void form_check(struct decision *d)
{
    const struct mutation *mutation = d->mutation;
    if (uuid_is_zero(mutation->id)) decision_refuse(d, (struct reason){.code = REASON_UNDECODABLE});
    if (uuid_is_zero(mutation->target) && mutation->kind != MUTATION_CLOSE) {
        decision_refuse(d, (struct reason){.code = REASON_UNDECODABLE});
    }
    if (mutation->edit_count > MUTATION_CHANGES_MAX) {
        decision_refuse(d, (struct reason){.code = REASON_TOO_MANY,
                                           .field = STR("changes"),
                                           .value = decision_number(d, MUTATION_CHANGES_MAX)});
    }
    if (mutation->stand_count > MUTATION_HISTORY_MAX) {
        decision_refuse(d, (struct reason){.code = REASON_TOO_MANY,
                                           .field = STR("stands"),
                                           .value = decision_number(d, MUTATION_HISTORY_MAX)});
    }
    if (d->refused.count > 0) return;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (!edit->field) {
            decision_refuse(d, (struct reason){.code = REASON_FIELD_UNKNOWN,
                                               .value = decision_number(d, edit->tag)});
            continue;
        }
        bool formed = edit_is_formed(d, edit);
        for (size_t k = 0; k < i; k++) formed = formed && mutation->edits[k].tag != edit->tag;
        if (!formed) decision_refuse(d, (struct reason){.code = REASON_UNDECODABLE});
    }
}

/* --- values --- */

static struct str choice_list(struct decision *d, const struct field *field)
{
    struct str list = STR("");
    for (size_t i = 1; field->choices[i]; i++) {
        list = arena_format(d->arena, "%.*s%s%s", STR_ARGS(list), i > 1 ? ", " : "",
                            field->choices[i]);
    }
    return list;
}

static void choice_refuse(struct decision *d, const struct field *field, struct str value)
{
    decision_refuse(d, (struct reason){.code = REASON_CHOICE_UNKNOWN,
                                       .field = str_from(field->name),
                                       .value = decision_quote(d, value),
                                       .other = choice_list(d, field)});
}

/* What fails leaves something standing in its place: refused already, it shall not also be called
 * missing. */
static bool text_passes(struct decision *d, const struct field *field, struct str *text)
{
    bool lines = (field->flags & FIELD_LINES) != 0;
    struct str normal = STR_NONE;
    if (!text_is_clean(*text, lines) || text_normalise(d->arena, *text, lines, &normal)) {
        decision_refuse_field(d, REASON_TEXT_INVALID, field);
        *text = STR("?");
        return false;
    }
    *text = normal;
    if (normal.n <= field->text_max) return true;
    decision_refuse(d, (struct reason){.code = REASON_TOO_LONG,
                                       .field = str_from(field->name),
                                       .value = decision_number(d, (int64_t)field->text_max)});
    return false;
}

/* Currency codes and text choices have one spelling each. */
static void text_spell(struct decision *d, const struct field *field, struct value *value,
                       bool wanted)
{
    if (!value->present) return;
    if (field->choices) {
        int64_t choice = field_choice_value(field, value->text);
        if (choice > 0)
            value->text = str_from(field->choices[choice]);
        else if (wanted)
            choice_refuse(d, field, value->text);
    }
    if (strcmp(field->name, "currency") != 0) return;
    const struct currency *currency = currency_find(value->text);
    if (currency) {
        value->text = str_from(currency->code);
    } else if (wanted) {
        decision_refuse(d, (struct reason){.code = REASON_CURRENCY_UNKNOWN,
                                           .value = decision_quote(d, value->text)});
    }
}

static void range_refuse(struct decision *d, const struct field *field, struct str low,
                         struct str high)
{
    decision_refuse(d, (struct reason){.code = REASON_NUMBER_RANGE,
                                       .field = str_from(field->name),
                                       .value = low,
                                       .other = high});
}

/* Out of the calendar: brought back into it, so that whatever prints the value can. */
static void calendar_check(struct decision *d, const struct field *field, struct value *value)
{
    bool days = field->type == VALUE_DATE;
    int64_t low = days ? DATE_MIN : DATE_MIN * DAY_MS;
    int64_t high = days ? DATE_MAX : (DATE_MAX + 1) * DAY_MS - 1;
    if (value->number >= low && value->number <= high) return;
    range_refuse(d, field, STR("1900-01-01"), STR("9999-12-31"));
    value->number = value->number < low ? low : high;
}

static void number_check(struct decision *d, const struct field *field, int64_t number)
{
    int64_t high = strcmp(field->name, "probability") == 0 ? 100 : MONEY_MAX;
    if (number >= 0 && number <= high) return;
    range_refuse(d, field, STR("0"), decision_number(d, high));
}

static void value_normalise(struct decision *d, const struct field *field, struct value *value,
                            bool wanted)
{
    if (!value->present) {
        *value = value_absent(field->type);
        return;
    }
    switch (field->type) {
    case VALUE_TEXT:
        if (text_passes(d, field, &value->text)) {
            *value = value_text(value->text);
            text_spell(d, field, value, wanted);
        }
        return;
    case VALUE_NUMBER:
        if (wanted) number_check(d, field, value->number);
        return;
    case VALUE_DATE:
    case VALUE_TIME: calendar_check(d, field, value); return;
    case VALUE_FLAG: *value = value_number(VALUE_FLAG, value->number != 0); return;
    case VALUE_CHOICE:
        *value = value_number(VALUE_CHOICE, value->number);
        if (!wanted || !value->present || !field->choices) return;
        if (field_choice_name(field, value->number)) return;
        choice_refuse(d, field, decision_number(d, value->number));
        return;
    case VALUE_REFERENCE: *value = value_reference(value->id); return;
    case VALUE_BYTES:
    case VALUE_SET: return; /* no bytes are editable; sets have add and remove */
    }
}

static void set_normalise(struct decision *d, const struct field *field, struct text_set *set)
{
    struct text_set raw = *set;
    *set = (struct text_set){NULL, 0};
    if (raw.count > SET_ITEMS_MAX) {
        decision_refuse(d, (struct reason){.code = REASON_TOO_MANY,
                                           .field = str_from(field->name),
                                           .value = decision_number(d, SET_ITEMS_MAX)});
        return;
    }
    struct str items[SET_ITEMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < raw.count; i++) {
        items[count] = raw.items[i];
        if (text_passes(d, field, &items[count])) count++;
    }
    if (text_set_make(d->arena, items, count, set)) *set = (struct text_set){NULL, 0};
}

bool content_normalise(struct decision *d)
{
    form_check(d);
    if (d->refused.count > 0) return false;
    const struct mutation *mutation = d->mutation;
    if (mutation->edit_count == 0) return true;
    d->edits = arena_copy(d->arena, mutation->edits, mutation->edit_count * sizeof *d->edits);
    if (!d->edits) return false;
    d->edit_count = mutation->edit_count;
    for (size_t i = 0; i < d->edit_count; i++) {
        struct edit *edit = &d->edits[i];
        if (edit->field->type == VALUE_SET) {
            set_normalise(d, edit->field, &edit->add);
            set_normalise(d, edit->field, &edit->remove);
        } else {
            value_normalise(d, edit->field, &edit->base, false);
            value_normalise(d, edit->field, &edit->want, true);
        }
    }
    return true;
}

/* --- what is named must exist --- */

static void member_check(struct decision *d, const struct edit *edit, const struct member *member)
{
    /* A history may credit people who have left. */
    if (!member->removed || d->mutation->kind == MUTATION_IMPORT) return;
    char id[UUID_TEXT_LENGTH + 1];
    uuid_format(edit->want.id, id);
    decision_refuse(d, (struct reason){.code = REASON_MEMBER_LEFT,
                                       .field = str_from(edit->field->name),
                                       .value = arena_str(d->arena, str_from(id))});
}

void content_references(struct decision *d, const struct edit *edit)
{
    const struct field *field = edit->field;
    if (field->type != VALUE_REFERENCE || field->refers == ENTITY_NONE) return;
    if (!edit->want.present) return;
    const void *named = state_find(d->state, field->refers, edit->want.id);
    if (named) {
        if (field->refers == ENTITY_MEMBER) member_check(d, edit, named);
        return;
    }
    if (decision_hangs(d, field->refers, edit->want.id)) return;
    decision_refuse(d, (struct reason){.code = REASON_REFERENCE_UNKNOWN,
                                       .field = str_from(field->name),
                                       .value = str_from(entity_name(field->refers))});
}

static bool field_is_named(const struct decision *d, const struct field *field)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        if (d->edits[i].field == field) return true;
    }
    return false;
}

void content_required(struct decision *d, const void *entity, bool named_only)
{
    size_t count;
    const struct field *fields = fields_of(d->kind, &count);
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        if (!(field->flags & FIELD_REQUIRED) || field_get(field, entity).present) continue;
        if (named_only && !field_is_named(d, field)) continue;
        decision_refuse_field(d, REASON_REQUIRED, field);
    }
}
