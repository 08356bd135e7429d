/* argv.c - words to a request: noun and verb, options anywhere, the rest are arguments.
 *
 *   words = [noun] verb { option | argument } ; "--" ends options; --name value, --name=value */
#include "client/cli/argv.h"

#include <string.h>

#include "common/base/banned.h"

struct parser {
    struct arena *arena;
    const struct str *words;
    size_t count, at;
    struct command_line *line;
    bool only_arguments; /* after "--" */
};

static bool is_word(struct str word, const char *wanted)
{
    return str_equal(word, str_from(wanted));
}

/* Options that every verb takes. */
const struct option argv_common_options[] = {
    {"json", "FIELDS", NULL, "these fields as JSON; without FIELDS, list what there is"},
    {"csv", NULL, NULL, "as CSV"},
    {"plain", NULL, NULL, "tab-separated, for scripts"},
    {"columns", "A,B", NULL, "these columns, in this order"},
    {"no-headers", NULL, NULL, "without the line of headings"},
    {"wait", "SECONDS", NULL, "wait for the server's answer, 30 seconds if not said"},
    {"offline", NULL, NULL, "do not touch the network; also SLUICE_OFFLINE=1"},
    {"home", "FOLDER", NULL, "another identity; also SLUICE_HOME"},
    {"yes", NULL, NULL, "do not ask"},
    {"help", NULL, NULL, "this help"},
    {"version", NULL, NULL, "the version"},
    {NULL, NULL, NULL, NULL},
};

static void mistake(struct parser *parser, enum error_code error, const char *sentence,
                    const struct place *places, size_t count)
{
    if (parser->line->mistake.p) return;
    parser->line->mistake_code = error;
    parser->line->mistake = sentence_fill(parser->arena, sentence, places, count);
}
#define MISTAKE(parser, error, sentence, ...)                                                      \
    mistake((parser), (error), (sentence), (struct place[]){__VA_ARGS__},                          \
            sizeof((struct place[]){__VA_ARGS__}) / sizeof(struct place))

/* --- suggestions --- */

static void suggest(struct str typed, const char *candidate, size_t *best, struct str *out)
{
    if (!candidate) return;
    size_t limit = typed.n >= 4 ? 2 : 1; /* two letters swapped are two edits */
    size_t distance = text_distance(typed, str_from(candidate), limit);
    if (distance > limit || distance >= *best) return;
    *best = distance;
    *out = str_from(candidate);
}

static void verb_unknown(struct parser *parser, struct str noun, struct str word)
{
    size_t best = SIZE_MAX;
    struct str near = STR_NONE, list = STR(""), whole = STR_NONE;
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        if (verb->flags & VERB_HIDDEN) continue;
        if (noun.n > 0) {
            if (!verb->noun || !is_word(noun, verb->noun)) continue;
            suggest(word, verb->name, &best, &near);
            list = arena_format(parser->arena, "%.*s%s%s", STR_ARGS(list), list.n ? ", " : "",
                                verb->name);
        } else {
            suggest(word, verb->noun ? verb->noun : verb->name, &best, &near);
            suggest(word, verb->alias, &best, &near);
            if (whole.n == 0 && verb->noun && is_word(word, verb->name)) {
                whole = arena_format(parser->arena, "%s %s", verb->noun, verb->name);
            }
        }
    }
    if (whole.n > 0) near = whole; /* `sluice win`: its noun was left out */
    if (near.n > 0) {
        MISTAKE(parser, ERROR_UNKNOWN_COMMAND, "there is no \"{word}\"; did you mean \"{near}\"?",
                {"word", word}, {"near", near});
    } else if (noun.n > 0) {
        MISTAKE(parser, ERROR_UNKNOWN_COMMAND, "there is no \"{noun} {word}\"; there are: {list}",
                {"noun", noun}, {"word", word}, {"list", list});
    } else {
        MISTAKE(parser, ERROR_UNKNOWN_COMMAND,
                "there is no \"{word}\"; `sluice --help` lists what there is", {"word", word},
                {"list", list});
    }
}

static void option_unknown(struct parser *parser, struct str name)
{
    size_t best = SIZE_MAX;
    struct str near = STR_NONE;
    const struct verb *verb = parser->line->request.verb;
    for (size_t list = 0; verb && verb->options && verb->options[list]; list++) {
        for (const struct option *o = verb->options[list]; o->name; o++) {
            suggest(name, o->name, &best, &near);
        }
    }
    for (const struct option *o = argv_common_options; o->name; o++) {
        suggest(name, o->name, &best, &near);
    }
    if (near.n > 0) {
        MISTAKE(parser, ERROR_UNKNOWN_OPTION, "there is no option --{name}; did you mean --{near}?",
                {"name", name}, {"near", near});
    } else {
        MISTAKE(parser, ERROR_UNKNOWN_OPTION,
                "there is no option --{name} here; --help lists what there is", {"name", name});
    }
}

/* --- the verb --- */

static bool noun_known(struct str word)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (verbs[i].noun && is_word(word, verbs[i].noun)) return true;
    }
    return false;
}

static void verb_parse(struct parser *parser, const struct str *plain, size_t count,
                       size_t *taken)
{
    struct command_line *line = parser->line;
    *taken = 0;
    if (count == 0) return;
    struct str word = plain[0];
    for (size_t i = 0; i < verb_count; i++) {
        const struct verb *verb = &verbs[i];
        bool alone = !verb->noun && is_word(word, verb->name);
        if (alone || (verb->alias && is_word(word, verb->alias))) {
            line->request.verb = verb;
            *taken = 1;
            return;
        }
    }
    if (!noun_known(word)) {
        verb_unknown(parser, STR_NONE, word);
        return;
    }
    line->noun = word;
    *taken = 1;
    if (count == 1) return;
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].noun || !is_word(word, verbs[i].noun)) continue;
        if (!is_word(plain[1], verbs[i].name)) continue;
        line->request.verb = &verbs[i];
        *taken = 2;
        return;
    }
    verb_unknown(parser, word, plain[1]);
}

/* --- options --- */

static bool looks_like_option(const struct parser *parser, struct str word)
{
    if (parser->only_arguments || word.n < 2 || word.p[0] != '-') return false;
    if (word.p[1] == '-') return true;
    if (is_word(word, "-h")) return true;
    const struct verb *verb = parser->line->request.verb;
    return !(verb && (verb->flags & VERB_FILTERS));
}

static const struct option *common_option(struct str name)
{
    for (const struct option *o = argv_common_options; o->name; o++) {
        if (is_word(name, o->name)) return o;
    }
    return NULL;
}

/* "--offline": no value, unless it is given with "=". */
static bool is_an_option(const struct parser *parser, struct str word)
{
    if (parser->only_arguments || word.n < 3 || word.p[0] != '-' || word.p[1] != '-') return false;
    struct str name = str_slice(word, 2, word.n);
    name = str_slice(name, 0, str_find(name, '='));
    const struct verb *verb = parser->line->request.verb;
    return common_option(name) || (verb && verb_option(verb, name));
}

static bool value_take(struct parser *parser, const struct option *option, bool has_value,
                       struct str *value)
{
    if (has_value) return true;
    struct str next = parser->at < parser->count ? parser->words[parser->at] : STR_NONE;
    if (next.p && !is_an_option(parser, next)) {
        *value = next;
        parser->at++;
        return true;
    }
    MISTAKE(parser, ERROR_VALUE_MISSING,
            next.p ? "--{name} needs a value ({value}); if that is meant, --{name}={next}"
                   : "--{name} needs a value ({value})",
            {"name", str_from(option->name)}, {"value", str_from(option->value)}, {"next", next});
    return false;
}

/* --json takes the next word if that can be fields; at the end, or before an option, it is bare. */
static void json_parse(struct parser *parser, bool has_value, struct str value)
{
    struct command_line *line = parser->line;
    line->format = OUTPUT_JSON;
    const struct verb *verb = line->request.verb;
    if (verb && strcmp(verb->name, "export") == 0) return;
    if (!has_value && parser->at < parser->count) {
        struct str next = parser->words[parser->at];
        if (next.n > 0 && next.p[0] != '-') {
            value = next;
            has_value = true;
            parser->at++;
        }
    }
    if (has_value && value.n > 0) line->fields = value;
    else line->list_fields = !(verb && (verb->flags & VERB_WHOLE));
}

static bool wait_parse(struct parser *parser, bool has_value, struct str value)
{
    int64_t seconds = 30;
    parser->line->wait = true;
    if (has_value && (str_to_int64(value, &seconds) || seconds < 1 || seconds > 3600)) {
        MISTAKE(parser, ERROR_VALUE_INVALID, "--wait takes seconds from 1 to 3600, not \"{value}\"",
                {"value", value});
        return false;
    }
    parser->line->wait_ms = (uint32_t)(seconds * 1000);
    return true;
}

static bool common_parse(struct parser *parser, const struct option *option, bool has_value,
                         struct str value)
{
    struct command_line *line = parser->line;
    struct str name = str_from(option->name);
    if (is_word(name, "json")) {
        json_parse(parser, has_value, value);
        return true;
    }
    if (is_word(name, "wait")) return wait_parse(parser, has_value, value);
    if (option->value && !value_take(parser, option, has_value, &value)) return false;
    if (is_word(name, "columns")) line->fields = value;
    if (is_word(name, "home")) line->home = value;
    if (is_word(name, "csv")) line->format = OUTPUT_CSV;
    if (is_word(name, "plain")) line->format = OUTPUT_PLAIN;
    if (is_word(name, "no-headers")) line->no_headers = true;
    if (is_word(name, "offline")) line->offline = true;
    if (is_word(name, "yes")) line->yes = true;
    if (is_word(name, "help")) line->help = true;
    if (is_word(name, "version")) line->version = true;
    return true;
}

static void option_parse(struct parser *parser, struct str word)
{
    struct request *request = &parser->line->request;
    if (is_word(word, "-h")) word = STR("--help");
    struct str name = str_slice(word, 2, word.n), value = STR_NONE;
    size_t equals = str_find(name, '=');
    bool has_value = equals < name.n;
    if (has_value) {
        value = str_slice(name, equals + 1, name.n);
        name = str_slice(name, 0, equals);
    }
    if (word.p[1] != '-') {
        MISTAKE(parser, ERROR_UNKNOWN_OPTION, "there is no option {word}; options begin with --",
                {"word", word});
        return;
    }
    const struct option *option = request->verb ? verb_option(request->verb, name) : NULL;
    const struct option *common = option ? NULL : common_option(name);
    if (common) {
        if (has_value && !common->value) {
            MISTAKE(parser, ERROR_ARGUMENT_UNWANTED, "--{name} takes no value", {"name", name});
            return;
        }
        (void)common_parse(parser, common, has_value, value);
        return;
    }
    if (!option) {
        option_unknown(parser, name);
        return;
    }
    if (option->value ? !value_take(parser, option, has_value, &value) : has_value) {
        if (!option->value) {
            MISTAKE(parser, ERROR_ARGUMENT_UNWANTED, "--{name} takes no value", {"name", name});
        }
        return;
    }
    if (request->option_count == REQUEST_OPTIONS_MAX) {
        MISTAKE(parser, ERROR_TOO_MANY_WORDS, "too many options; at most {most}",
                {"most", STR("32")});
        return;
    }
    if (option->value && !value.p) value = STR("");
    request->options[request->option_count++] = (struct request_option){option, value};
}

/* --- the whole --- */

static void arguments_check(struct parser *parser)
{
    const struct request *request = &parser->line->request;
    const struct verb *verb = request->verb;
    if (!verb || parser->line->help || parser->line->list_fields) return;
    struct str usage = arena_format(parser->arena, "sluice %s%s%s %s",
                                    verb->noun ? verb->noun : "", verb->noun ? " " : "",
                                    verb->name, verb->arguments);
    if (request->argument_count < verb->arguments_min) {
        MISTAKE(parser, ERROR_ARGUMENT_MISSING, "something is missing; the form is `{usage}`",
                {"usage", usage});
    }
    if (request->argument_count > verb->arguments_max) {
        MISTAKE(parser, ERROR_ARGUMENT_UNWANTED,
                "\"{word}\" is too much; the form is `{usage}` (quote words that belong "
                "together)",
                {"word", request->arguments[verb->arguments_max]}, {"usage", usage});
    }
}

/* The first words that are no options: they name the verb, wherever options stand. */
static size_t leading_words(struct parser *parser, struct str plain[2], size_t index[2])
{
    size_t found = 0;
    for (size_t i = 0; i < parser->count && found < 2; i++) {
        struct str word = parser->words[i];
        if (is_word(word, "--")) break;
        if (is_word(word, "--home")) i++;
        else if (word.n < 2 || word.p[0] != '-') {
            index[found] = i;
            plain[found++] = word;
        } else if (found == 1 && !str_starts_with(word, STR("--home"))) {
            /* `sluice ls --all word`: the second word may belong to an option */
            break;
        }
    }
    return found;
}

enum fault argv_parse(struct arena *arena, const struct str *words, size_t count,
                      struct command_line *out)
{
    struct parser parser = {.arena = arena, .words = words, .count = count, .line = out};
    struct str plain[2];
    size_t index[2] = {0, 0}, taken;
    *out = (struct command_line){.format = OUTPUT_TABLE};
    for (size_t i = 0; i < count; i++) {
        if (text_is_utf8(words[i])) continue;
        MISTAKE(&parser, ERROR_NOT_UTF8,
                "word {number} is not UTF-8; use a terminal with a UTF-8 locale",
                {"number", arena_format(arena, "%zu", i + 1)});
        return arena_fault(arena);
    }
    if (count > 0 && is_word(words[0], "help")) {
        /* `sluice help deal add` is `sluice deal add --help`. */
        out->help = true;
        parser.words++;
        parser.count--;
        count--;
        words++;
    }
    size_t leading = leading_words(&parser, plain, index);
    verb_parse(&parser, plain, leading, &taken);
    while (parser.at < count && !out->mistake.p) {
        size_t at = parser.at++;
        struct str word = words[at];
        if ((taken > 0 && at == index[0]) || (taken > 1 && at == index[1])) continue;
        if (!parser.only_arguments && is_word(word, "--")) {
            parser.only_arguments = true;
        } else if (looks_like_option(&parser, word)) {
            option_parse(&parser, word);
        } else if (out->request.argument_count < REQUEST_ARGUMENTS_MAX) {
            out->request.arguments[out->request.argument_count++] = word;
        } else {
            MISTAKE(&parser, ERROR_TOO_MANY_WORDS, "too many words; at most {most}",
                    {"most", STR("32")});
        }
    }
    if (!out->mistake.p) arguments_check(&parser);
    out->request.machine = out->format != OUTPUT_TABLE || out->fields.n > 0;
    out->request.fields = out->fields;
    out->request.usual = out->format != OUTPUT_JSON && out->format != OUTPUT_CSV;
    out->request.csv = out->format == OUTPUT_CSV;
    out->request.script = out->format != OUTPUT_TABLE;
    return arena_fault(arena);
}
