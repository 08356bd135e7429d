/* work_wish.c - from options as typed to edits of fields, driven by the field table.
 *
 * Callers: the verbs that write. Invariant: the base of every edit is what stands in the shown row,
 * so that nobody is overwritten who changed it meanwhile. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/base/money.h"

void wish_init(struct wish *wish, enum entity_kind kind, struct uuid target, const void *current)
{
    *wish = (struct wish){.kind = kind, .target = target, .current = current};
}

static struct edit *wish_edit(struct wish *wish, const char *name)
{
    const struct field *field = field_by_name(wish->kind, str_from(name));
    if (!field) return NULL;
    for (size_t i = 0; i < wish->count; i++) {
        if (wish->edits[i].field == field) return &wish->edits[i];
    }
    if (wish->count == MUTATION_CHANGES_MAX) return NULL;
    struct edit *edit = &wish->edits[wish->count++];
    *edit = (struct edit){.tag = field->tag,
                          .field = field,
                          .base = value_absent(field->type),
                          .want = value_absent(field->type)};
    if (wish->current && field->type != VALUE_SET) edit->base = field_get(field, wish->current);
    return edit;
}

void wish_set(struct wish *wish, const char *field, struct value want)
{
    struct edit *edit = wish_edit(wish, field);
    if (edit) edit->want = want;
}

void wish_change_set(struct wish *wish, const char *field, struct text_set add,
                     struct text_set remove)
{
    struct edit *edit = wish_edit(wish, field);
    if (!edit) return;
    edit->add = add;
    edit->remove = remove;
}

void wish_complete_units(struct wish *wish)
{
    if (!wish->current) return;
    size_t named = wish->count;
    for (size_t i = 0; i < named; i++) {
        const struct field *fields[8];
        const struct field *leader = field_unit_leader(wish->edits[i].field);
        if (leader->unit == UNIT_SINGLE) continue;
        size_t all, count = 0;
        const struct field *table = fields_of(wish->kind, &all);
        for (size_t k = 0; k < all && count < 8; k++) {
            if (field_same_unit(&table[k], leader)) fields[count++] = &table[k];
        }
        for (size_t k = 0; k < count; k++) {
            size_t before = wish->count;
            struct edit *edit = wish_edit(wish, fields[k]->name);
            if (edit && wish->count > before) edit->want = edit->base;
        }
    }
}

/* --- single values --- */

static struct value wanted_or_current(const struct wish *wish, const char *name)
{
    const struct field *field = field_by_name(wish->kind, str_from(name));
    for (size_t i = 0; i < wish->count; i++) {
        if (wish->edits[i].field == field) return wish->edits[i].want;
    }
    return wish->current ? field_get(field, wish->current) : value_absent(field->type);
}

static bool wish_money(struct work *work, struct wish *wish, struct str text,
                       struct answer *answer)
{
    struct str code = wanted_or_current(wish, "currency").text;
    size_t blank = str_find(text, ' ');
    struct str tail = str_trim(str_slice(text, blank, text.n));
    if (currency_find(tail)) { /* "12.5k EUR" */
        code = tail;
        text = str_slice(text, 0, blank);
    }
    if (code.n == 0) code = work->team->currency;
    const struct currency *currency = currency_find(code);
    if (!currency) {
        FAIL(answer, ERROR_UNKNOWN_CURRENCY, "\"{value}\" is not a currency; give one like EUR",
             {"value", code});
        return false;
    }
    int64_t minor;
    if (money_parse(text, currency, &minor)) {
        FAIL(answer, ERROR_INVALID_AMOUNT,
             "\"{value}\" is not an amount of {currency}; write 12500, 12.5k or 1.2M",
             {"value", text}, {"currency", str_from(currency->code)});
        return false;
    }
    wish_set(wish, "value", value_number(VALUE_NUMBER, minor));
    wish_set(wish, "currency", value_text(str_from(currency->code)));
    return true;
}

static bool date_typed(struct work *work, struct str text, int64_t *days, struct answer *answer)
{
    if (date_parse(text, work->today, days) == FAULT_NONE) return true;
    FAIL(answer, ERROR_INVALID_DATE,
         "\"{value}\" is not a date; write 2027-03-01, today, fri, +2w, eom or 2027-Q1",
         {"value", text});
    return false;
}

bool date_option(struct work *work, const struct request *request, const char *name,
                 struct optional *out, struct answer *answer)
{
    const struct request_option *given = request_option(request, name);
    int64_t days;
    *out = (struct optional){false, 0};
    if (!given) return true;
    if (!date_typed(work, given->value, &days, answer)) return false;
    if (days > work->today) {
        FAIL(answer, ERROR_IN_FUTURE, "{date} lies in the future; what happened has a past date",
             {"date", given->value});
        return false;
    }
    /* Today is now; noon may not have come yet. */
    if (days < work->today) *out = (struct optional){true, zone_noon(&work->zone, days)};
    return true;
}

static bool number_typed(struct str text, struct value *out, struct answer *answer)
{
    int64_t number;
    if (text.n > 1 && text.p[text.n - 1] == '%') text.n--;
    if (str_to_int64(text, &number) == FAULT_NONE) {
        *out = value_number(VALUE_NUMBER, number);
        return true;
    }
    FAIL(answer, ERROR_INVALID_NUMBER, "\"{value}\" is not a whole number", {"value", text});
    return false;
}

static struct str choices_list(struct arena *arena, const struct field *field)
{
    struct str list = STR("");
    for (size_t i = 1; field->choices[i]; i++) {
        list = arena_format(arena, "%.*s%s%s", STR_ARGS(list), i > 1 ? ", " : "",
                            field->choices[i]);
    }
    return list;
}

/* --- things named --- */

static struct mutation *creation_begin(struct work *work, struct wish *wish,
                                       enum entity_kind kind, struct str name, void **made)
{
    if (wish->before_count == WISH_CREATIONS_MAX) return NULL;
    struct mutation *mutation = &wish->before[wish->before_count];
    mutation_begin(work, mutation, MUTATION_CREATE, kind,
                   uuid_v7((uint64_t)work->now.wall_ms, work->random));
    struct edit *edits = arena_array(work->arena, 2, sizeof *edits);
    *made = arena_alloc(work->arena, entity_size(kind));
    if (!edits || !*made) return NULL;
    const struct field *field = field_by_name(kind, STR("name"));
    edits[0] = (struct edit){.tag = field->tag,
                             .field = field,
                             .base = value_absent(VALUE_TEXT),
                             .want = value_text(name)};
    field_set(field, *made, edits[0].want);
    field_set(field_by_name(kind, STR("id")), *made, value_reference(mutation->target));
    mutation->edits = edits;
    mutation->edit_count = 1;
    wish->made[wish->before_count++] = *made;
    return mutation;
}

static enum fault wish_reference(struct work *work, struct wish *wish, const struct field *field,
                                 struct str text, struct answer *answer)
{
    if (field->refers == ENTITY_MEMBER) {
        const struct member *member = name_member(work, text, answer);
        if (member) wish_set(wish, field->name, value_reference(member->id));
        return FAULT_NONE;
    }
    const void *found;
    enum fault fault = name_look(work, field->refers, text, answer, &found);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (found) {
        struct uuid id = entity_id(field->refers, found);
        struct str name = entity_title(field->refers, found);
        wish_set(wish, field->name, value_reference(id));
        /* Spelled otherwise, or an id: it may be another than was meant. */
        if (!str_equal(name, str_trim(text))) {
            NOTE(answer, NOTE_TALK, "using {kind} {name} ({id})",
                 {"kind", str_from(entity_name(field->refers))}, {"name", name},
                 {"id", name_short(work, field->refers, id)});
        }
        return FAULT_NONE;
    }
    if (field->refers == ENTITY_DEAL) return name_find(work, ENTITY_DEAL, text, answer, &found);
    void *made;
    struct mutation *creation = creation_begin(work, wish, field->refers, text, &made);
    if (!creation) return FAULT_MEMORY;
    struct value organisation = field->refers == ENTITY_PERSON && wish->kind == ENTITY_DEAL
                                    ? wanted_or_current(wish, "org")
                                    : value_absent(VALUE_REFERENCE);
    if (organisation.present) {
        const struct field *org = field_by_name(ENTITY_PERSON, STR("org"));
        creation->edits[creation->edit_count++] =
            (struct edit){.tag = org->tag,
                          .field = org,
                          .base = value_absent(VALUE_REFERENCE),
                          .want = organisation};
        field_set(org, made, organisation);
    }
    wish_set(wish, field->name, value_reference(creation->target));
    return FAULT_NONE;
}

struct str stage_list(struct arena *arena, const struct pipeline *pipeline)
{
    struct str list = STR("");
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (pipeline->stages[i].removed) continue;
        list = arena_format(arena, "%.*s%s%.*s", STR_ARGS(list), list.n ? ", " : "",
                            STR_ARGS(pipeline->stages[i].key));
    }
    return list;
}

static bool wish_stage(struct work *work, struct wish *wish, struct str text,
                       struct answer *answer)
{
    const struct pipeline *pipeline = NULL;
    struct str key = wanted_or_current(wish, "pipeline").text;
    struct str name = text;
    size_t slash = str_find(text, '/');
    if (slash < text.n) {
        struct str typed = str_slice(text, 0, slash);
        pipeline = definition_pipeline_named(work->arena, &work->definition, typed);
        name = str_slice(text, slash + 1, text.n);
        if (!pipeline) {
            FAIL(answer, ERROR_UNKNOWN_PIPELINE, "there is no pipeline \"{value}\"",
                 {"value", typed});
            return false;
        }
    } else if (key.n > 0) {
        pipeline = definition_pipeline(&work->definition, key);
    } else if (work->definition.pipeline_count > 0) {
        pipeline = &work->definition.pipelines[0];
    }
    const struct stage *stage =
        pipeline ? pipeline_stage_named(work->arena, pipeline, name) : NULL;
    if (!stage) {
        FAIL(answer, ERROR_UNKNOWN_STAGE, "there is no stage \"{value}\"; there are: {list}",
             {"value", name}, {"list", pipeline ? stage_list(work->arena, pipeline) : STR("none")});
        return false;
    }
    wish_set(wish, "pipeline", value_text(pipeline->key));
    wish_set(wish, "stage", value_text(stage->key));
    /* The status goes with the stage; out of an ended one it is open again by `deal reopen` only. */
    if (stage->kind == STAGE_WON) wish_set(wish, "status", value_number(VALUE_CHOICE, STATUS_WON));
    if (stage->kind == STAGE_LOST) {
        wish_set(wish, "status", value_number(VALUE_CHOICE, STATUS_LOST));
    }
    return true;
}

/* "a,b" makes it these; "+a,-b" changes it. */
static enum fault wish_words(struct work *work, struct wish *wish, const struct field *field,
                             struct str text)
{
    struct str add[SET_ITEMS_MAX + 1], remove[SET_ITEMS_MAX + 1], rest = text, part;
    size_t add_count = 0, remove_count = 0;
    bool changes = text.n > 0 && (text.p[0] == '+' || text.p[0] == '-');
    struct text_set current = {NULL, 0};
    if (wish->current) current = field_get(field, wish->current).set;
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        bool minus = changes && part.n > 0 && part.p[0] == '-';
        if (changes && part.n > 0 && (part.p[0] == '+' || part.p[0] == '-')) {
            part = str_slice(part, 1, part.n);
        }
        if (part.n == 0) continue;
        if (minus && remove_count <= SET_ITEMS_MAX) remove[remove_count++] = part;
        if (!minus && add_count <= SET_ITEMS_MAX) add[add_count++] = part;
    }
    struct text_set adds, removes;
    enum fault fault = text_set_make(work->arena, add, add_count, &adds);
    for (size_t i = 0; i < current.count && !changes && !fault; i++) {
        bool stays = text_set_has(adds, current.items[i]);
        if (!stays && remove_count <= SET_ITEMS_MAX) remove[remove_count++] = current.items[i];
    }
    if (!fault) fault = text_set_make(work->arena, remove, remove_count, &removes);
    if (!fault) wish_change_set(wish, field->name, adds, removes);
    return fault;
}

/* --- by type --- */

static bool wish_plain(struct work *work, struct wish *wish, const struct field *field,
                       struct str text, struct answer *answer)
{
    struct value want = value_text(text);
    int64_t number;
    if (field->type == VALUE_DATE) {
        if (!date_typed(work, text, &number, answer)) return false;
        want = value_number(VALUE_DATE, number);
    } else if (field->type == VALUE_NUMBER) {
        if (!number_typed(text, &want, answer)) return false;
        if (strcmp(field->name, "probability") == 0) {
            wish_set(wish, "probability_by_hand", value_number(VALUE_FLAG, 1));
        }
    } else if (field->type == VALUE_CHOICE || field->choices) {
        number = field_choice_value(field, text);
        if (number == 0) {
            FAIL(answer, ERROR_VALUE_INVALID, "{field} cannot be \"{value}\"; possible: {list}",
                 {"field", str_from(field->label)}, {"value", text},
                 {"list", choices_list(work->arena, field)});
            return false;
        }
        if (field->type == VALUE_CHOICE) want = value_number(VALUE_CHOICE, number);
        else want = value_text(str_from(field->choices[number]));
    } else if (field->type == VALUE_TIME) {
        if (!date_typed(work, text, &number, answer)) return false;
        want = value_number(VALUE_TIME, zone_noon(&work->zone, number));
    }
    wish_set(wish, field->name, want);
    return true;
}

enum fault wish_field(struct work *work, struct wish *wish, const struct field *field,
                      struct str text, struct answer *answer, bool *fine)
{
    enum fault fault = FAULT_NONE;
    text = str_trim(text);
    if (text.n == 0 && field->type != VALUE_SET) {
        wish_set(wish, field->name, value_absent(field->type));
        /* No amount needs no currency, and no hand no percentage. */
        if (strcmp(field->name, "value") == 0) {
            wish_set(wish, "currency", value_absent(VALUE_TEXT));
        }
        if (strcmp(field->name, "probability") == 0) {
            wish_set(wish, "probability_by_hand", value_absent(VALUE_FLAG));
        }
    } else if (strcmp(field->name, "value") == 0) {
        (void)wish_money(work, wish, text, answer);
    } else if (strcmp(field->name, "stage") == 0) {
        (void)wish_stage(work, wish, text, answer);
    } else if (field->type == VALUE_SET) {
        fault = wish_words(work, wish, field, text);
    } else if (field->type == VALUE_REFERENCE) {
        fault = wish_reference(work, wish, field, text, answer);
    } else {
        (void)wish_plain(work, wish, field, text, answer);
    }
    *fine = answer->code == ANSWER_OK;
    return fault;
}

enum fault wish_checks(struct work *work, struct str pipeline_key, struct str words,
                       struct wish *wish, struct answer *answer)
{
    const struct pipeline *pipeline = definition_pipeline(&work->definition, pipeline_key);
    struct str rest = words, part, add[CHECKS_MAX], remove[CHECKS_MAX], list = STR("");
    size_t add_count = 0, remove_count = 0;
    while (str_split(&rest, ',', &part)) {
        part = str_trim(part);
        bool minus = part.n > 1 && part.p[0] == '-';
        if (part.n > 1 && (part.p[0] == '-' || part.p[0] == '+')) {
            part = str_slice(part, 1, part.n);
        }
        if (part.n == 0) continue;
        const struct stage_check *check = pipeline ? pipeline_check(pipeline, part) : NULL;
        if (!check) {
            for (size_t i = 0; pipeline && i < pipeline->check_count; i++) {
                list = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(list), i ? ", " : "",
                                    STR_ARGS(pipeline->checks[i].key));
            }
            FAIL(answer, ERROR_UNKNOWN_CHECK, "there is no check \"{value}\"; there are: {list}",
                 {"value", part}, {"list", list});
            return FAULT_NONE;
        }
        if (minus && remove_count < CHECKS_MAX) remove[remove_count++] = check->key;
        if (!minus && add_count < CHECKS_MAX) add[add_count++] = check->key;
    }
    struct text_set adds, removes;
    enum fault fault = text_set_make(work->arena, add, add_count, &adds);
    if (!fault) fault = text_set_make(work->arena, remove, remove_count, &removes);
    if (!fault) wish_change_set(wish, "checks", adds, removes);
    return fault;
}

enum fault wish_options(struct work *work, const struct request *request, struct wish *wish,
                        struct answer *answer, bool *fine)
{
    *fine = true;
    /* The currency first, because it says how an amount is read; the organisation before the
     * contact, who may have to be created there. */
    static const char *const order[] = {"currency", "org", NULL};
    for (size_t pass = 0; pass < 3; pass++) {
        for (size_t i = 0; i < request->option_count && *fine; i++) {
            const struct request_option *given = &request->options[i];
            if (!given->option->field) continue;
            const struct field *field = field_by_name(wish->kind, str_from(given->option->field));
            if (!field) continue;
            size_t turn = 0;
            while (order[turn] && strcmp(order[turn], field->name) != 0) turn++;
            if (turn != pass) continue;
            enum fault fault = wish_field(work, wish, field, given->value, answer, fine);
            if (fault) return fault;
        }
    }
    if (!*fine) return FAULT_NONE;
    *fine = date_option(work, request, "on", &wish->happened_at, answer);
    return FAULT_NONE;
}
