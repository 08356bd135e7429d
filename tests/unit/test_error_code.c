/* test_error_code.c - claims about the codes of errors; docs/errors.md is made of the tables here.
 *
 * After a change: BLESS=1 build/tests/test_error_code writes the page anew, from the root. */
#include "client/verbs/error_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/domain/reason.h"

static const char page_path[] = "docs/errors.md";

static const struct {
    enum error_code code;
    const char *name;
} every_code[] = {
#define ERROR(name, word, exit, meaning) {ERROR_##name, #name},
    ERROR_TABLE(ERROR)
#undef ERROR
};
enum { EVERY_CODE = sizeof every_code / sizeof every_code[0] };

static const char *const exits[] = {
    [ANSWER_OK] = "done",
    [ANSWER_FAILURE] = "failed on this machine, or between versions",
    [ANSWER_USAGE] = "usage: unknown words, ambiguous or invalid values",
    [ANSWER_NOT_FOUND] = "not found",
    [ANSWER_REFUSED] = "refused by a rule or a right",
    [ANSWER_CONFLICT] = "a conflict, to be resolved in the inbox",
    [ANSWER_NETWORK] = "the network is needed and absent; work done is kept",
    [ANSWER_NOT_JOINED] = "not joined yet",
    [ANSWER_UNWANTED] = "the server refuses this device or invitation",
};
enum { EXITS = sizeof exits / sizeof exits[0] };

static void every_code_has_its_own_word_an_exit_and_a_meaning(void **state)
{
    (void)state;
    assert_int_equal(EVERY_CODE, ERROR_COUNT - 1);
    for (size_t i = 0; i < EVERY_CODE; i++) {
        char want[64] = "";
        for (size_t k = 0; every_code[i].name[k]; k++) {
            want[k] = (char)tolower((unsigned char)every_code[i].name[k]);
        }
        assert_string_equal(error_code_word(every_code[i].code), want);
        assert_in_range(error_code_exit(every_code[i].code), ANSWER_FAILURE, EXITS - 1);
        assert_true(strlen(error_code_meaning(every_code[i].code)) > 10);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(error_code_meaning(every_code[i].code),
                                    error_code_meaning(every_code[k].code));
        }
    }
    assert_int_equal(error_code_exit(ERROR_NONE), ANSWER_OK);
    assert_string_equal(error_code_word(ERROR_NONE), "none");
}

/* --- the page --- */

static void page_exits(struct buffer *page)
{
    buffer_format(page, "| exit status | means |\n|---|---|\n");
    for (size_t i = 0; i < EXITS; i++) buffer_format(page, "| %zu | %s |\n", i, exits[i]);
}

static void page_errors(struct buffer *page)
{
    for (size_t status = 1; status < EXITS; status++) {
        buffer_format(page, "\n### Exit status %zu: %s\n\n| code | means |\n|---|---|\n", status,
                      exits[status]);
        for (size_t i = 0; i < EVERY_CODE; i++) {
            enum error_code code = every_code[i].code;
            if (error_code_exit(code) != status) continue;
            buffer_format(page, "| `%s` | %s |\n", error_code_word(code), error_code_meaning(code));
        }
    }
}

static void page_reasons(struct buffer *page)
{
    buffer_format(page, "| code | sentence |\n|---|---|\n");
#define REASON(name, number, sentence)                                                             \
    buffer_format(page, "| `%s` | %s |\n", reason_code_name(REASON_##name), sentence);
    REASON_TABLE(REASON)
#undef REASON
}

static void page_faults(struct buffer *page)
{
    static const char *const means[FAULT_COUNT] = {
        [FAULT_MEMORY] = "there is not enough memory",
        [FAULT_LIMIT] = "a value is longer, or a number larger, than sluiced takes",
        [FAULT_FORMAT] = "an option, a setting or a file cannot be understood",
        [FAULT_CLOSED] = "what it depends on was closed meanwhile",
        [FAULT_NOT_FOUND] = "a file, a setting or a row is missing",
        [FAULT_EXISTS] = "it is there already",
        [FAULT_STALE] = "others changed the team at the same moment, again and again",
        [FAULT_BUSY] = "another program uses it: a data folder, a port",
        [FAULT_DENIED] = "it is not sluiced's to read or write, or open to others, or against a rule",
        [FAULT_CRYPTO] = "a key is damaged or not the right one",
        [FAULT_FULL] = "the disk is full",
        [FAULT_IO] = "a file, the database or the network failed",
        [FAULT_UNKNOWN] = "whether it was done cannot be known: look, then try again",
    };
    buffer_format(page, "| code | exit status | means |\n|---|---|---|\n");
    for (size_t i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        bool usage = i == FAULT_FORMAT || i == FAULT_LIMIT;
        assert_non_null(means[i]);
        buffer_format(page, "| `%s` | %d | %s |\n", fault_name((enum fault)i), usage ? 2 : 1,
                      means[i]);
    }
}

static void page_make(struct buffer *page)
{
    buffer_format(page,
                  "# Errors\n\n"
                  "Made by `test_error_code` from the tables in the code (`BLESS=1` writes it anew).\n\n"
                  "## sluice\n\n"
                  "An error is one line on standard error, `sluice: what is wrong; what to do`, and an "
                  "exit\nstatus. With `--json` it is one object there, and nothing else:\n\n"
                  "    {\"error\": {\"code\": \"unknown_stage\", \"exit\": 2, \"message\": \"...\", "
                  "\"reasons\": []}}\n\n"
                  "Codes are for scripts: none ever changes its meaning. The message is for people, may "
                  "be\ntranslated and may change.\n\n");
    page_exits(page);
    page_errors(page);
    buffer_format(page,
                  "\n## Reasons\n\nWith `refused` there is a reason for each rule that forbids it: "
                  "`code`, `message`, and of `field`,\n`stage`, `check`, `value` and `other` those it is "
                  "about. The same codes stand in the inbox.\n\n");
    page_reasons(page);
    buffer_format(page,
                  "\n## sluiced\n\nOne line on standard error, with the code in brackets at its end: "
                  "`sluiced: what is wrong; what to\ndo [code]`.\n\n");
    page_faults(page);
}

static void the_page_lists_every_one(void **state)
{
    (void)state;
    struct buffer page, written;
    const char *bless = getenv("BLESS");
    buffer_init(&page, 1 << 20);
    buffer_init(&written, 1 << 20);
    page_make(&page);
    assert_int_equal(buffer_fault(&page), FAULT_NONE);
    if (bless && *bless) {
        FILE *file = fopen(page_path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(page.p, 1, page.n, file), page.n);
        assert_int_equal(fclose(file), 0);
    }
    FILE *file = fopen(page_path, "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file)) buffer_append_byte(&written, (uint8_t)c);
    assert_int_equal(fclose(file), 0);
    buffer_append_byte(&page, 0);
    buffer_append_byte(&written, 0);
    assert_string_equal((const char *)written.p, (const char *)page.p);
    buffer_finish(&page);
    buffer_finish(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_its_own_word_an_exit_and_a_meaning),
        cmocka_unit_test(the_page_lists_every_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
