/* query_compile.c - from the text of a filter to its terms: read here, its values resolved by
 * query_value.c, once, so that a mistake is said before anything is searched.
 *
 *   query  = term { blank term }
 *   term   = "sort:" ["-"] NAME { "," ["-"] NAME }
 *          | ["-"] ( NAME ":" values | NAME SIGN value | values )
 *   values = value { "," value }                      SIGN   = ">" | ">=" | "<" | "<=" | "="
 *   value  = quoted | anything without blank and comma | nothing ("has no value")
 *
 * The names are those of the deal's fields (field.c), `is`, `age`, and the aliases below. */
#include "common/domain/query_compile_inside.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/money.h"
#include "common/base/banned.h"

static const struct {
    const char *alias, *field;
} aliases[] = {
    {"close", "expected_close"}, {"tag", "tags"},         {"check", "checks"},
    {"person", "contact"},       {"organisation", "org"}, {"created", "created_at"},
    {"closed", "closed_at"},     {"pushed", "push_count"},
};

/* --- filter names --- */

static const struct field *filter_field(struct str name)
{
    size_t count;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    const char *wanted = NULL;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (query_name_is(name, aliases[i].alias)) wanted = aliases[i].field;
    }
    if (wanted) return field_by_name(ENTITY_DEAL, str_from(wanted));
    for (size_t i = 0; i < count; i++) {
        if (query_name_is(name, fields[i].name)) return &fields[i];
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

static enum fault filter_unknown(struct query_compiler *c, struct str name)
{
    size_t count, best = SIZE_MAX;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    struct str nearest = STR_NONE, all = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        name_suggest(name, fields[i].name, &best, &nearest);
        query_list_add(c->arena, &all, query_name_shown(c->arena, str_from(fields[i].name)));
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
    nearest = query_name_shown(c->arena, nearest);
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

static enum fault term_begin(struct query_compiler *c, struct str name, bool negated)
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
    if (query_name_is(name, "is")) {
        term->subject = SUBJECT_IS;
    } else if (query_name_is(name, "age") || query_name_is(name, "age_days")) {
        term->subject = SUBJECT_AGE;
    } else {
        term->field = filter_field(name);
        if (!term->field) return filter_unknown(c, name);
        term->subject = field_subject(term->field);
    }
    return FAULT_NONE;
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

static enum fault value_take(struct query_compiler *c, struct str text, size_t *at, struct str *out)
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

static enum fault sort_add(struct query_compiler *c, struct str word)
{
    struct query *query = c->query;
    bool descending = word.n > 1 && word.p[0] == '-';
    struct str name = descending ? str_slice(word, 1, word.n) : word;
    bool age = query_name_is(name, "age") || query_name_is(name, "age_days");
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

static enum fault sort_read(struct query_compiler *c, struct str text, size_t *at)
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

static enum fault term_read(struct query_compiler *c, struct str text, size_t *at)
{
    size_t start = *at;
    struct str order = name_take(text, at);
    if (order.p && query_name_is(order, "sort")) return sort_read(c, text, at);
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
        if (!fault && !nothing) fault = query_value_add(c, value);
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
    struct query_compiler compiler = {.arena = arena, .context = context, .query = query};
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
