/* query_compile.c - from the text of a filter to its terms: words, names and numbers are resolved
 * here, once, so that a mistake is said before anything is searched.
 *
 *   query  = term { blank term }
 *   term   = "sort:" ["-"] NAME { "," ["-"] NAME }
 *          | ["-"] ( NAME ":" values | NAME SIGN value | values )
 *   values = value { "," value }                      SIGN   = ">" | ">=" | "<" | "<=" | "="
 *   value  = quoted | anything without blank and comma | nothing ("has no value")
 *
 * The names are those of the deal's fields (field.c), `is`, `age`, and the aliases below. */
#include "common/domain/query.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/money.h"
#include "common/domain/query_term.h"
#include "common/base/banned.h"

struct compiler {
    struct arena *arena;
    const struct query_context *context;
    struct query *query;
    struct term *term; /* the one being filled */
    struct str name;   /* of its filter, as typed; absent for words */
    struct str mistake;
};

/* Says what is wrong and is the fault at once. */
#define MISTAKE(compiler, ...)                                                                     \
    ((compiler)->mistake = arena_format((compiler)->arena, __VA_ARGS__), FAULT_FORMAT)

static const struct {
    const char *alias, *field;
} aliases[] = {
    {"close", "expected_close"}, {"tag", "tags"},         {"check", "checks"},
    {"person", "contact"},       {"organisation", "org"}, {"created", "created_at"},
    {"closed", "closed_at"},     {"pushed", "push_count"},
};

static struct alternative *alternative_add(struct compiler *c, enum test test)
{
    void *items = c->term->alternatives;
    struct alternative *added = arena_push(c->arena, &items, &c->term->count, &c->term->cap,
                                           sizeof *added);
    c->term->alternatives = items;
    if (added) added->test = test;
    return added;
}

static void list_add(struct arena *arena, struct str *list, struct str item)
{
    if (!list->p) *list = item;
    else *list = arena_format(arena, "%.*s, %.*s", STR_ARGS(*list), STR_ARGS(item));
}

/* --- filter names --- */

static bool name_is(struct str name, const char *wanted)
{
    size_t n = strlen(wanted);
    if (name.n != n) return false;
    for (size_t i = 0; i < n; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c == '-') c = '_';
        if (c != wanted[i]) return false;
    }
    return true;
}

static const struct field *filter_field(struct str name)
{
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    const char *wanted = NULL;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (name_is(name, aliases[i].alias)) wanted = aliases[i].field;
    }
    if (wanted) return field_by_name(ENTITY_DEAL, str_from(wanted));
    for (size_t i = 0; i < count; i++) {
        if (name_is(name, fields[i].name)) return &fields[i];
    }
    return NULL;
}

static void name_suggest(struct str typed, const char *candidate, size_t *best, struct str *out)
{
    size_t limit = typed.n > 4 ? 2 : 1; /* two letters swapped are two edits */
    size_t distance = text_distance(typed, str_from(candidate), limit);
    if (distance > limit || distance >= *best) return;
    *best = distance;
    *out = str_from(candidate);
}

/* As it is typed: with '-' for '_'. */
static struct str name_shown(struct arena *arena, struct str name)
{
    char *shown = arena_copy(arena, name.p, name.n);
    if (!shown) return name;
    for (size_t i = 0; i < name.n; i++) {
        if (shown[i] == '_') shown[i] = '-';
    }
    return (struct str){shown, name.n};
}

static enum fault filter_unknown(struct compiler *c, struct str name)
{
    size_t count, best = SIZE_MAX;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    struct str nearest = STR_NONE, all = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        name_suggest(name, fields[i].name, &best, &nearest);
        list_add(c->arena, &all, name_shown(c->arena, str_from(fields[i].name)));
    }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        name_suggest(name, aliases[i].alias, &best, &nearest);
    }
    name_suggest(name, "is", &best, &nearest);
    name_suggest(name, "age", &best, &nearest);
    if (!nearest.p) {
        return MISTAKE(c, "unknown filter \"%.*s:\"; there are: is, age, %.*s", STR_ARGS(name),
                       STR_ARGS(all));
    }
    nearest = name_shown(c->arena, nearest);
    return MISTAKE(c, "unknown filter \"%.*s:\"; did you mean %.*s:?", STR_ARGS(name),
                   STR_ARGS(nearest));
}

static enum subject field_subject(const struct field *field)
{
    struct str name = str_from(field->name);
    if (str_equal(name, STR("id"))) return SUBJECT_ID;
    if (str_equal(name, STR("org"))) return SUBJECT_ORGANISATION;
    if (str_equal(name, STR("contact"))) return SUBJECT_CONTACT;
    if (str_equal(name, STR("stage"))) return SUBJECT_STAGE;
    if (str_equal(name, STR("probability"))) return SUBJECT_PROBABILITY;
    if (str_equal(name, STR("value"))) return SUBJECT_MONEY;
    return field->type == VALUE_TIME ? SUBJECT_INSTANT : SUBJECT_FIELD;
}

static enum fault term_begin(struct compiler *c, struct str name, bool negated)
{
    void *items = c->query->terms;
    struct term *term = arena_push(c->arena, &items, &c->query->count, &c->query->cap,
                                   sizeof *term);
    c->query->terms = items;
    if (!term) return FAULT_MEMORY;
    c->term = term;
    c->name = name;
    term->negated = negated;
    term->subject = SUBJECT_WORD;
    if (!name.p) return FAULT_NONE;
    if (name_is(name, "is")) {
        term->subject = SUBJECT_IS;
    } else if (name_is(name, "age") || name_is(name, "age_days")) {
        term->subject = SUBJECT_AGE;
    } else {
        term->field = filter_field(name);
        if (!term->field) return filter_unknown(c, name);
        term->subject = field_subject(term->field);
    }
    return FAULT_NONE;
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

static enum fault span_of_number(struct compiler *c, struct str text, struct span *out)
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

static enum fault span_of_date(struct compiler *c, struct str text, struct span *out)
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

static enum fault span_of(struct compiler *c, struct str text, struct span *out)
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

static enum fault range_add(struct compiler *c, struct str text)
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

static enum fault text_add(struct compiler *c, enum test test, struct str text)
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

static enum fault choice_add(struct compiler *c, struct str text)
{
    const struct field *field = c->term->field;
    int64_t choice = field_choice_value(field, text);
    if (choice == 0) {
        struct str all = STR_NONE;
        for (size_t i = 1; field->choices[i]; i++) {
            list_add(c->arena, &all, str_from(field->choices[i]));
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

static enum fault flag_add(struct compiler *c, struct str text)
{
    bool yes = name_is(text, "true") || name_is(text, "yes");
    if (!yes && !name_is(text, "false") && !name_is(text, "no")) {
        return MISTAKE(c, "%.*s: possible: yes, no", STR_ARGS(c->name));
    }
    /* A false flag is an absent one. */
    struct alternative *added = alternative_add(c, yes ? TEST_RANGE : TEST_EMPTY);
    if (!added) return FAULT_MEMORY;
    added->from = added->to = 1;
    return FAULT_NONE;
}

static enum fault is_add(struct compiler *c, struct str text)
{
    struct str all = STR_NONE;
    for (int i = 0; i < IS_COUNT; i++) {
        struct str name = str_from(deal_is_name((enum deal_is)i));
        list_add(c->arena, &all, name);
        if (text_distance(name_shown(c->arena, text), name, 0) != 0) continue;
        struct alternative *added = alternative_add(c, TEST_BIT);
        if (!added) return FAULT_MEMORY;
        added->bit = UINT32_C(1) << i;
        return FAULT_NONE;
    }
    return MISTAKE(c, "is: \"%.*s\" is not known; possible: %.*s", STR_ARGS(text), STR_ARGS(all));
}

static enum fault id_add(struct compiler *c, struct str text)
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
static int member_fit(struct compiler *c, const struct member *member, struct str wanted)
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

static enum fault member_unclear(struct compiler *c, struct str text, struct str fitting)
{
    if (fitting.p) {
        return MISTAKE(c, "%.*s: \"%.*s\" fits several: %.*s", STR_ARGS(c->name), STR_ARGS(text),
                       STR_ARGS(fitting));
    }
    struct str all = STR("me");
    for (size_t i = 0; i < c->context->member_count; i++) {
        list_add(c->arena, &all, c->context->members[i]->name);
    }
    return MISTAKE(c, "%.*s: nobody is called \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

static enum fault member_add(struct compiler *c, struct str text)
{
    struct uuid found = c->context->me;
    if (!name_is(text, "me")) {
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
            list_add(c->arena, &fitting, member->name);
        }
        if (several != 1) return member_unclear(c, text, fitting);
    }
    struct alternative *added = alternative_add(c, TEST_REFERENCE);
    if (!added) return FAULT_MEMORY;
    added->id = found;
    return FAULT_NONE;
}

/* --- names in the definition --- */

static enum fault stage_unknown(struct compiler *c, struct str text)
{
    struct str all = STR_NONE;
    const struct definition *definition = c->context->definition;
    for (size_t i = 0; i < definition->pipeline_count; i++) {
        const struct pipeline *pipeline = &definition->pipelines[i];
        for (size_t k = 0; k < pipeline->stage_count; k++) {
            if (!pipeline->stages[k].removed) list_add(c->arena, &all, pipeline->stages[k].key);
        }
    }
    return MISTAKE(c, "%.*s: there is no stage \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

static enum fault pipeline_unknown(struct compiler *c, struct str text)
{
    struct str all = STR_NONE;
    for (size_t i = 0; i < c->context->definition->pipeline_count; i++) {
        list_add(c->arena, &all, c->context->definition->pipelines[i].key);
    }
    return MISTAKE(c, "%.*s: there is no pipeline \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

/* In every pipeline that has such a stage, or in the one named before a slash. */
static enum fault stage_add(struct compiler *c, struct str text)
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

static enum fault pipeline_add(struct compiler *c, struct str text)
{
    const struct pipeline *pipeline =
        definition_pipeline_named(c->arena, c->context->definition, text);
    if (!pipeline) return pipeline_unknown(c, text);
    return text_add(c, TEST_SAME, pipeline->key);
}

static enum fault check_add(struct compiler *c, struct str text)
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
            list_add(c->arena, &all, item->key);
        }
    }
    return MISTAKE(c, "%.*s: there is no check \"%.*s\"; there are: %.*s", STR_ARGS(c->name),
                   STR_ARGS(text), STR_ARGS(all));
}

/* --- values --- */

static enum fault field_value_add(struct compiler *c, struct str text)
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

static enum fault value_add(struct compiler *c, struct str text)
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

/* --- reading --- */

static bool byte_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool byte_is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* A name directly followed by a colon, or by a sign of comparison, which stays. */
static struct str name_take(struct str text, size_t *at)
{
    size_t end = *at;
    while (end < text.n && byte_is_name(text.p[end])) end++;
    if (end == *at || end == text.n) return STR_NONE;
    char sign = text.p[end];
    struct str name = str_slice(text, *at, end);
    /* a=b may be somebody's words */
    bool compared = sign == '<' || sign == '>' || (sign == '=' && filter_field(name));
    if (sign != ':' && !compared) return STR_NONE;
    *at = sign == '=' || sign == ':' ? end + 1 : end;
    return name;
}

static enum fault value_take(struct compiler *c, struct str text, size_t *at, struct str *out)
{
    size_t start = *at;
    if (start < text.n && text.p[start] == '"') {
        size_t end = start + 1;
        while (end < text.n && text.p[end] != '"') end++;
        if (end == text.n) return MISTAKE(c, "a quote is not closed");
        *out = str_slice(text, start + 1, end);
        *at = end + 1;
        if (*at < text.n && !byte_is_blank(text.p[*at]) && text.p[*at] != ',') {
            return MISTAKE(c, "a blank is missing behind \"%.*s\"", STR_ARGS(*out));
        }
        return FAULT_NONE;
    }
    while (*at < text.n && !byte_is_blank(text.p[*at]) && text.p[*at] != ',') (*at)++;
    *out = str_slice(text, start, *at);
    return FAULT_NONE;
}

/* --- the order --- */

static enum fault sort_add(struct compiler *c, struct str word)
{
    struct query *query = c->query;
    bool descending = word.n > 1 && word.p[0] == '-';
    struct str name = descending ? str_slice(word, 1, word.n) : word;
    bool age = name_is(name, "age") || name_is(name, "age_days");
    const struct field *field = age ? NULL : filter_field(name);
    if (name.n == 0) return MISTAKE(c, "sort: by what? as in sort:-value or sort:due,title");
    if (!age && !field) {
        enum fault fault = filter_unknown(c, name);
        c->mistake = arena_format(c->arena, "sort: %.*s", STR_ARGS(c->mistake));
        return fault;
    }
    if (field && (field->type == VALUE_SET || field->type == VALUE_BYTES)) {
        return MISTAKE(c, "sort: there is no order of %s", field->name);
    }
    if (query->sort_count == SORT_KEYS_MAX) return MISTAKE(c, "sort: by four fields at most");
    query->sorts[query->sort_count++] = (struct sort_key){field, descending};
    return FAULT_NONE;
}

static enum fault sort_read(struct compiler *c, struct str text, size_t *at)
{
    enum fault fault = FAULT_NONE;
    while (!fault) {
        struct str word = STR_NONE;
        fault = value_take(c, text, at, &word);
        if (!fault) fault = sort_add(c, word);
        if (*at == text.n || text.p[*at] != ',') break;
        (*at)++;
    }
    return fault;
}

/* Two lines below the sentence: the text, and what of it is meant. */
static struct str mistake_place(struct arena *arena, struct str text, size_t from, size_t to,
                                struct str mistake)
{
    enum { MARKS_MOST = 40, TEXT_MOST = 400 };
    static const char marks[] = "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^";
    struct str whole = str_trim(text);
    size_t shift = whole.n > 0 ? (size_t)(whole.p - text.p) : 0;
    if (to > from && to - from == whole.n) return mistake; /* there is only that */
    if (whole.n > TEXT_MOST || from < shift) return mistake;
    size_t before = text_width(str_slice(text, shift, from));
    size_t cells = text_width(str_slice(text, from, to));
    if (cells == 0) cells = 1;
    if (cells > MARKS_MOST) cells = MARKS_MOST;
    return arena_format(arena, "%.*s\n  %.*s\n  %*s%.*s", STR_ARGS(mistake), STR_ARGS(whole),
                        (int)before, "", (int)cells, marks);
}

static enum fault term_read(struct compiler *c, struct str text, size_t *at)
{
    size_t start = *at;
    struct str order = name_take(text, at);
    if (order.p && name_is(order, "sort")) return sort_read(c, text, at);
    *at = start;
    bool negated = text.p[*at] == '-';
    if (negated) (*at)++;
    if (*at == text.n || byte_is_blank(text.p[*at])) return MISTAKE(c, "nothing stands behind -");
    struct str name = name_take(text, at);
    enum fault fault = term_begin(c, name, negated);
    while (!fault) {
        struct str value = STR_NONE;
        fault = value_take(c, text, at, &value);
        /* Between the commas of a word there is nothing to look for. */
        bool nothing = value.n == 0 && !name.p;
        if (!fault && !nothing) fault = value_add(c, value);
        if (*at == text.n || text.p[*at] != ',') break;
        (*at)++;
    }
    return fault;
}

enum fault query_compile(struct arena *arena, struct str text, const struct query_context *context,
                         struct query **out, struct str *mistake)
{
    *out = NULL;
    *mistake = STR_NONE;
    if (!text_is_clean(text, true)) {
        *mistake = STR("the filter contains characters that cannot be shown");
        return FAULT_FORMAT;
    }
    struct query *query = arena_alloc(arena, sizeof *query);
    if (!query) return FAULT_MEMORY;
    const struct currency *currency = currency_find(context->currency);
    query->zone = context->zone;
    query->money_digits = currency ? currency->digits : 2;
    struct compiler compiler = {.arena = arena, .context = context, .query = query};
    size_t at = 0;
    while (at < text.n) {
        if (byte_is_blank(text.p[at])) {
            at++;
            continue;
        }
        size_t start = at;
        compiler.term = NULL;
        enum fault fault = term_read(&compiler, text, &at);
        if (fault) {
            while (at < text.n && !byte_is_blank(text.p[at])) at++;
            *mistake = mistake_place(arena, text, start, at, compiler.mistake);
            return arena_fault(arena) ? arena_fault(arena) : fault;
        }
        /* `""` or a lone comma asks for nothing. */
        if (compiler.term && compiler.term->count == 0) query->count--;
    }
    *out = query;
    return arena_fault(arena);
}
