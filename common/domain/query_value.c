/* query_value.c - the values of a filter: names of members, stages and checks, numbers, dates and
 * ranges are resolved once, and what cannot be is a mistake with what there is.
 *
 * Called by query_compile.c. */
#include "common/domain/query_compile_inside.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/money.h"
#include "common/base/banned.h"

static struct alternative *alternative_add(struct query_compiler *c, enum test test)
{
    void *items = c->term->alternatives;
    struct alternative *added = arena_push(c->arena, &items, &c->term->count, &c->term->cap,
                                           sizeof *added);
    c->term->alternatives = items;
    if (added) added->test = test;
    return added;
}

/* --- numbers and dates --- */

enum comparison { COMPARE_SAME, COMPARE_ABOVE, COMPARE_FROM, COMPARE_BELOW, COMPARE_UP_TO };

static enum comparison comparison_take(struct str *text)
{
    static const struct {
        struct str sign;
        enum comparison comparison;
    } signs[] = {{{">=", 2}, COMPARE_FROM},
                 {{"<=", 2}, COMPARE_UP_TO},
                 {{">", 1}, COMPARE_ABOVE},
                 {{"<", 1}, COMPARE_BELOW},
                 {{"=", 1}, COMPARE_SAME}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!str_starts_with(*text, signs[i].sign)) continue;
        *text = str_slice(*text, signs[i].sign.n, text->n);
        return signs[i].comparison;
    }
    return COMPARE_SAME;
}

/* What one number or date covers: a number itself, a month its days. Both ends included. */
struct span {
    int64_t from, to;
};

static enum fault span_of_number(struct query_compiler *c, struct str text, struct span *out)
{
    struct currency scale = {.digits = c->term->subject == SUBJECT_MONEY ? QUERY_MONEY_DIGITS : 0};
    struct str number = text;
    bool unit = c->term->subject == SUBJECT_PROBABILITY && number.n > 1 &&
                number.p[number.n - 1] == '%';
    unit = unit || (c->term->subject == SUBJECT_AGE && number.n > 1 &&
                    number.p[number.n - 1] == 'd');
    if (unit) number.n--;
    if (money_parse(number, &scale, &out->from) != FAULT_NONE) {
        return MISTAKE(c, "%.*s: \"%.*s\" is no number; possible: 10000, >10k, <=1.5M, 10k..50k",
                       STR_ARGS(c->name), STR_ARGS(text));
    }
    out->to = out->from;
    return FAULT_NONE;
}

static enum fault span_of_date(struct query_compiler *c, struct str text, struct span *out)
{
    int64_t from, to;
    /* First as a period, so that 2027-Q1 is all of it and not its last day. */
    if (period_parse(text, c->context->today, &from, &to) == FAULT_NONE) {
        *out = (struct span){from, to - 1};
        return FAULT_NONE;
    }
    if (date_parse(text, c->context->today, &from) == FAULT_NONE) {
        *out = (struct span){from, from};
        return FAULT_NONE;
    }
    return MISTAKE(c,
                   "%.*s: \"%.*s\" is no date; possible: 2027-03-01, today, fri, +2w, eom, week, "
                   "2027-Q1, <fri, 2027-01-01..2027-03-31",
                   STR_ARGS(c->name), STR_ARGS(text));
}

static bool term_is_date(const struct term *term)
{
    return term->field && (term->field->type == VALUE_DATE || term->field->type == VALUE_TIME);
}

static enum fault span_of(struct query_compiler *c, struct str text, struct span *out)
{
    return term_is_date(c->term) ? span_of_date(c, text, out) : span_of_number(c, text, out);
}

static bool range_split(struct str text, struct str *left, struct str *right)
{
    for (size_t i = 0; i + 1 < text.n; i++) {
        if (text.p[i] != '.' || text.p[i + 1] != '.') continue;
        *left = str_slice(text, 0, i);
        *right = str_slice(text, i + 2, text.n);
        return left->n > 0 || right->n > 0;
    }
    return false;
}

static enum fault range_add(struct query_compiler *c, struct str text)
{
    struct span range = {INT64_MIN, INT64_MAX}, span;
    struct str left, right;
    enum fault fault = FAULT_NONE;
    if (range_split(text, &left, &right)) {
        if (left.n) {
            fault = span_of(c, left, &span);
            range.from = span.from;
        }
        if (!fault && right.n) {
            fault = span_of(c, right, &span);
            range.to = span.to;
        }
    } else {
        struct str plain = text;
        enum comparison comparison = comparison_take(&plain);
        fault = span_of(c, plain, &span);
        if (!fault) {
            switch (comparison) {
            case COMPARE_SAME: range = span; break;
            case COMPARE_ABOVE: range.from = span.to + 1; break;
            case COMPARE_FROM: range.from = span.from; break;
            case COMPARE_BELOW: range.to = span.from - 1; break;
            case COMPARE_UP_TO: range.to = span.to; break;
            }
        }
    }
    if (fault) return fault;
    if (range.from > range.to) {
        return MISTAKE(c, "%.*s: \"%.*s\" ends before it begins", STR_ARGS(c->name),
                       STR_ARGS(text));
    }
    struct alternative *added = alternative_add(c, TEST_RANGE);
    if (!added) return FAULT_MEMORY;
    added->from = range.from;
    added->to = range.to;
    return FAULT_NONE;
}

/* --- names of things --- */

static enum fault text_add(struct query_compiler *c, enum test test, struct str text)
{
    struct str folded;
    enum fault fault = text_fold(c->arena, text, &folded);
    if (fault == FAULT_MEMORY) return fault;
    if (fault || folded.n == 0) {
        return MISTAKE(c, "\"%.*s\" cannot be searched for", STR_ARGS(text));
    }
    struct alternative *added = alternative_add(c, test);
    if (!added) return FAULT_MEMORY;
    added->text = folded;
    return FAULT_NONE;
}

static enum fault choice_add(struct query_compiler *c, struct str text)
{
    const struct field *field = c->term->field;
    int64_t choice = field_choice_value(field, text);
    if (choice == 0) {
        struct str all = STR_NONE;
        for (size_t i = 1; field->choices[i]; i++) {
            query_list_add(c->arena, &all, str_from(field->choices[i]));
        }
        return MISTAKE(c, "%.*s: \"%.*s\" is not known; possible: %.*s", STR_ARGS(c->name),
                       STR_ARGS(text), STR_ARGS(all));
    }
    if (field->type == VALUE_TEXT) return text_add(c, TEST_SAME, str_from(field->choices[choice]));
    struct alternative *added = alternative_add(c, TEST_RANGE);
    if (!added) return FAULT_MEMORY;
    added->from = added->to = choice;
    return FAULT_NONE;
}

static enum fault flag_add(struct query_compiler *c, struct str text)
{
    bool yes = query_name_is(text, "true") || query_name_is(text, "yes");
    if (!yes && !query_name_is(text, "false") && !query_name_is(text, "no")) {
        return MISTAKE(c, "%.*s: possible: yes, no", STR_ARGS(c->name));
    }
    /* A false flag is an absent one. */
    struct alternative *added = alternative_add(c, yes ? TEST_RANGE : TEST_EMPTY);
    if (!added) return FAULT_MEMORY;
    added->from = added->to = 1;
    return FAULT_NONE;
}

static enum fault is_add(struct query_compiler *c, struct str text)
{
    struct str all = STR_NONE;
    for (int i = 0; i < IS_COUNT; i++) {
        struct str name = str_from(deal_is_name((enum deal_is)i));
        query_list_add(c->arena, &all, name);
        if (text_distance(query_name_shown(c->arena, text), name, 0) != 0) continue;
        struct alternative *added = alternative_add(c, TEST_BIT);
        if (!added) return FAULT_MEMORY;
        added->bit = UINT32_C(1) << i;
        return FAULT_NONE;
    }
    return MISTAKE(c, "is: \"%.*s\" is not known; possible: %.*s", STR_ARGS(text), STR_ARGS(all));
}

static enum fault id_add(struct query_compiler *c, struct str text)
{
    struct uuid id;
    bool full = uuid_parse(text, &id) == FAULT_NONE;
    struct alternative *added = alternative_add(c, full ? TEST_REFERENCE : TEST_SHORT_ID);
    if (!added) return FAULT_MEMORY;
    if (full) added->id = id;
    else added->text = text;
    return FAULT_NONE;
}

/* 2: the whole name, 1: the beginning of one of its words, 0: not this one. */
static int member_fit(struct query_compiler *c, const struct member *member, struct str wanted)
{
    struct str name, word;
    if (text_fold(c->arena, member->name, &name) != FAULT_NONE) return 0;
    if (str_equal(name, wanted)) return 2;
    if (str_starts_with(name, wanted)) return 1;
    while (str_split(&name, ' ', &word)) {
        if (str_starts_with(word, wanted)) return 1;
    }
    return 0;
}

static enum fault member_unclear(struct query_compiler *c, struct str text, struct str fitting)
{
    if (fitting.p) {
        return MISTAKE(c, "%.*s: \"%.*s\" fits several: %.*s", STR_ARGS(c->name), STR_ARGS(text),
                       STR_ARGS(fitting));
    }
    struct str all = STR("me");
    for (size_t i = 0; i < c->context->member_count; i++) {
        query_list_add(c->arena, &all, c->context->members[i]->name);
    }
    return MISTAKE(c, "%.*s: nobody is called \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

static enum fault member_add(struct query_compiler *c, struct str text)
{
    struct uuid found = c->context->me;
    if (!query_name_is(text, "me")) {
        struct str wanted, fitting = STR_NONE;
        if (text_fold(c->arena, text, &wanted) != FAULT_NONE) return FAULT_FORMAT;
        size_t several = 0;
        int best = 0;
        for (size_t i = 0; i < c->context->member_count && wanted.n; i++) {
            const struct member *member = c->context->members[i];
            int fit = member_fit(c, member, wanted);
            if (fit == 0 || fit < best) continue;
            if (fit > best) {
                fitting = STR_NONE;
                several = 0;
            }
            best = fit;
            found = member->id;
            several++;
            query_list_add(c->arena, &fitting, member->name);
        }
        if (several != 1) return member_unclear(c, text, fitting);
    }
    struct alternative *added = alternative_add(c, TEST_REFERENCE);
    if (!added) return FAULT_MEMORY;
    added->id = found;
    return FAULT_NONE;
}

/* --- names in the definition --- */

static enum fault stage_unknown(struct query_compiler *c, struct str text)
{
    struct str all = STR_NONE;
    const struct definition *definition = c->context->definition;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        for (size_t k = 0; k < pipeline->stage_count; k++) {
            if (pipeline->stages[k].removed) continue;
            query_list_add(c->arena, &all, pipeline->stages[k].key);
        }
    }
    return MISTAKE(c, "%.*s: there is no stage \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

static enum fault pipeline_unknown(struct query_compiler *c, struct str text)
{
    struct str all = STR_NONE;
    for (size_t i = 0; i < c->context->definition->pipeline_count; i++) {
        query_list_add(c->arena, &all, c->context->definition->pipelines[i].key);
    }
    return MISTAKE(c, "%.*s: there is no pipeline \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

/* In every pipeline that has such a stage, or in the one named before a slash. */
static enum fault stage_add(struct query_compiler *c, struct str text)
{
    const struct definition *definition = c->context->definition;
    const struct pipeline *only = NULL;
    struct str name = text;
    size_t slash = str_find(text, '/'), added_count = 0;
    if (slash < text.n) {
        struct str pipeline = str_slice(text, 0, slash);
        only = definition_pipeline_named(c->arena, definition, pipeline);
        if (!only) return pipeline_unknown(c, pipeline);
        name = str_slice(text, slash + 1, text.n);
    }
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        if (only && only != pipeline) continue;
        const struct stage *stage = pipeline_stage_named(c->arena, pipeline, name);
        if (stage) stage = pipeline_stage_today(pipeline, stage->key);
        if (!stage) continue;
        struct alternative *added = alternative_add(c, TEST_STAGE);
        if (!added) return FAULT_MEMORY;
        added->text = arena_str(c->arena, pipeline->key);
        added->stage = arena_str(c->arena, stage->key);
        added_count++;
    }
    return added_count ? FAULT_NONE : stage_unknown(c, text);
}

static enum fault pipeline_add(struct query_compiler *c, struct str text)
{
    const struct pipeline *pipeline =
        definition_pipeline_named(c->arena, c->context->definition, text);
    if (!pipeline) return pipeline_unknown(c, text);
    return text_add(c, TEST_SAME, pipeline->key);
}

static enum fault check_add(struct query_compiler *c, struct str text)
{
    const struct definition *definition = c->context->definition;
    struct str all = STR_NONE, wanted;
    if (text_fold(c->arena, text, &wanted) != FAULT_NONE) return FAULT_FORMAT;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        for (size_t k = 0; k < pipeline->check_count; k++) {
            const struct stage_check *item = &pipeline->checks[k];
            struct str name;
            if (text_fold(c->arena, item->name, &name) != FAULT_NONE) name = STR_NONE;
            bool found = str_equal(item->key, wanted) || str_equal(name, wanted);
            if (found) return text_add(c, TEST_SAME, item->key);
            query_list_add(c->arena, &all, item->key);
        }
    }
    return MISTAKE(c, "%.*s: there is no check \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

/* --- values --- */

static enum fault field_value_add(struct query_compiler *c, struct str text)
{
    const struct field *field = c->term->field;
    struct str name = str_from(field->name);
    switch (field->type) {
    case VALUE_TEXT:
        if (str_equal(name, STR("pipeline"))) return pipeline_add(c, text);
        if (field->choices) return choice_add(c, text);
        return text_add(c, str_equal(name, STR("currency")) ? TEST_SAME : TEST_CONTAINS, text);
    case VALUE_BYTES: break;
    case VALUE_NUMBER:
    case VALUE_DATE:
    case VALUE_TIME: return range_add(c, text);
    case VALUE_FLAG: return flag_add(c, text);
    case VALUE_CHOICE: return choice_add(c, text);
    case VALUE_REFERENCE: return member_add(c, text); /* the others are subjects of their own */
    case VALUE_SET:
        if (str_equal(name, STR("checks"))) return check_add(c, text);
        return text_add(c, TEST_SAME, text);
    }
    return MISTAKE(c, "%.*s: cannot be searched for", STR_ARGS(c->name));
}

enum fault query_value_add(struct query_compiler *c, struct str text)
{
    if (text.n == 0 && c->name.p) {
        return alternative_add(c, TEST_EMPTY) ? FAULT_NONE : FAULT_MEMORY;
    }
    switch (c->term->subject) {
    case SUBJECT_WORD:
    case SUBJECT_ORGANISATION:
    case SUBJECT_CONTACT: return text_add(c, TEST_CONTAINS, text);
    case SUBJECT_FIELD: return field_value_add(c, text);
    case SUBJECT_MONEY:
    case SUBJECT_INSTANT:
    case SUBJECT_AGE:
    case SUBJECT_PROBABILITY: return range_add(c, text);
    case SUBJECT_STAGE: return stage_add(c, text);
    case SUBJECT_ID: return id_add(c, text);
    case SUBJECT_IS: return is_add(c, text);
    }
    return FAULT_FORMAT;
}
