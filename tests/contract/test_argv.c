/* test_argv.c - claims about what a command line means. */
#include "client/cli/argv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct claim_row {
    const char *claim, *words; /* separated by '|' */
    const char *verb;          /* "deal add"; NULL: none */
    const char *arguments;     /* separated by '|' */
    const char *option, *value;
    const char *mistake; /* part of it */
};

static const struct claim_row rows[] = {
    {"noun and verb", "deal|add|Roof", "deal add", "Roof", NULL, NULL, NULL},
    {"a daily alias stands for both", "add|Roof", "deal add", "Roof", NULL, NULL, NULL},
    {"options may stand before arguments", "add|--value|12k|Roof", "deal add", "Roof", "value",
     "12k", NULL},
    {"an option's value may follow '='", "add|Roof|--next-step=Call Bob", "deal add", "Roof",
     "next-step", "Call Bob", NULL},
    {"an empty value clears a field", "deal|edit|x|--due|", "deal edit", "x", "due", "", NULL},
    {"behind -- everything is an argument", "add|--|--odd", "deal add", "--odd", NULL, NULL, NULL},
    {"a filter may begin with '-'", "ls|-stage:lead|owner:me", "deal list",
     "-stage:lead|owner:me", NULL, NULL, NULL},
    {"options before the command are its own", "--offline|status", "status", "", NULL, NULL, NULL},
    {"a mistyped verb gets the nearest", "deal|mvoe|x|y", NULL, NULL, NULL, NULL, "\"move\""},
    {"a mistyped noun gets the nearest", "dael|list", NULL, NULL, NULL, NULL, "\"deal\""},
    {"a mistyped option gets the nearest", "add|Roof|--valeu|3", "deal add", NULL, NULL, NULL,
     "--value"},
    {"an option without its value is told", "add|Roof|--value", "deal add", NULL, NULL, NULL,
     "--value needs"},
    {"an option is nobody's value", "add|Roof|--next-step|--offline", "deal add", NULL, NULL, NULL,
     "if that is meant, --next-step=--offline"},
    {"unless it is said to be", "add|Roof|--next-step=--offline", "deal add", "Roof", "next-step",
     "--offline", NULL},
    {"what only looks like one is a value", "add|Roof|--next-step|--away", "deal add", "Roof",
     "next-step", "--away", NULL},
    {"a missing argument shows the form", "deal|move|x", "deal move", NULL, NULL, NULL,
     "sluice deal move DEAL STAGE"},
    {"an argument too many is told", "deal|show|a|b", "deal show", NULL, NULL, NULL,
     "\"b\" is too much"},
    {"a switch takes no value", "ls|--all=yes", "deal list", NULL, NULL, NULL, "takes no value"},
    {"help may stand before what it is about", "help|deal|add", "deal add", "", NULL, NULL, NULL},
    {"a mistyped verb far from all gets the list", "deal|frobnicate", NULL, NULL, NULL, NULL,
     "there are: add, list"},
    {"a verb without its noun gets both", "thaw|x", NULL, NULL, NULL, NULL, "\"deal thaw\""},
    {"what is not UTF-8 is refused", "add|caf\xe9", NULL, NULL, NULL, NULL, "word 2 is not UTF-8"},
};

static size_t words_split(const char *text, struct str *words)
{
    struct str rest = str_from(text), part;
    size_t count = 0;
    while (str_split(&rest, '|', &part)) words[count++] = part;
    return count;
}

static bool text_has(struct str text, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= text.n; i++) {
        if (memcmp(text.p + i, part, n) == 0) return true;
    }
    return false;
}

static void row_check(const struct claim_row *row)
{
    struct arena arena;
    struct str words[16], wanted[16];
    struct command_line line;
    char name[64] = "";
    arena_init(&arena, 1 << 20);
    print_message("%s\n", row->claim);
    assert_int_equal(argv_parse(&arena, words, words_split(row->words, words), &line), FAULT_NONE);
    const struct verb *verb = line.request.verb;
    if (verb) {
        (void)snprintf(name, sizeof name, "%s%s%s", verb->noun ? verb->noun : "",
                       verb->noun ? " " : "", verb->name);
    }
    if (row->verb) assert_string_equal(name, row->verb);
    else assert_null(verb);
    if (row->mistake) {
        assert_true(text_has(line.mistake, row->mistake));
    } else {
        assert_int_equal(line.mistake.n, 0);
        size_t count = words_split(row->arguments, wanted);
        assert_int_equal(line.request.argument_count, row->arguments[0] ? count : 0);
        for (size_t i = 0; row->arguments[0] && i < count; i++) {
            assert_true(str_equal(line.request.arguments[i], wanted[i]));
        }
    }
    if (row->option) {
        const struct request_option *given = request_option(&line.request, row->option);
        assert_non_null(given);
        assert_true(given->value.p != NULL);
        assert_int_equal(given->value.n, strlen(row->value));
        assert_memory_equal(given->value.p, row->value, given->value.n);
    }
    arena_finish(&arena);
}

static void words_mean_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) row_check(&rows[i]);
}

static void json_takes_fields_or_lists_them(void **state)
{
    (void)state;
    struct arena arena;
    struct command_line line;
    struct str with[] = {STR("ls"), STR("--json"), STR("id,title")};
    struct str bare[] = {STR("deal"), STR("show"), STR("--json")};
    arena_init(&arena, 1 << 20);
    assert_int_equal(argv_parse(&arena, with, 3, &line), FAULT_NONE);
    assert_int_equal(line.format, OUTPUT_JSON);
    assert_true(str_equal(line.fields, STR("id,title")));
    assert_false(line.list_fields);
    assert_int_equal(argv_parse(&arena, bare, 3, &line), FAULT_NONE);
    assert_true(line.list_fields);
    assert_int_equal(line.mistake.n, 0);
    arena_finish(&arena);
}

static void help_has_examples_first(void **state)
{
    (void)state;
    struct arena arena;
    struct command_line line;
    arena_init(&arena, 1 << 24);
    for (size_t i = 0; i < verb_count; i++) {
        line = (struct command_line){.request = {.verb = &verbs[i]}};
        if (verbs[i].flags & VERB_HIDDEN) continue;
        assert_non_null(verbs[i].examples);
        struct str help = argv_help(&arena, &line);
        assert_true(str_starts_with(help, STR("Examples:\n  sluice ")));
    }
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_mean_what_they_say),
        cmocka_unit_test(json_takes_fields_or_lists_them),
        cmocka_unit_test(help_has_examples_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
