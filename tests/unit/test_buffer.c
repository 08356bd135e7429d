/* test_buffer.c - claims about owned bytes, and the log lines built in them. */
#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/logline.h"

/* AddressSanitizer would end the program where the C library answers NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static bool buffer_holds(const struct buffer *b, struct str want)
{
    return str_equal(buffer_str(b), want);
}

static void appends_add_up(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    assert_int_equal(buffer_str(&b).n, 0);
    buffer_append(&b, NULL, 0);
    buffer_append_str(&b, STR("ab"));
    buffer_append_str(&b, STR_NONE);
    buffer_append_byte(&b, 0xff);
    buffer_append_u16be(&b, 0x0102);
    buffer_append_u32be(&b, 0x03040506);
    buffer_append_u64be(&b, UINT64_C(0x0708090a0b0c0d0e));
    buffer_format(&b, "%s-%d", "x", 42);
    assert_true(buffer_holds(
        &b, STR("ab\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0ex-42")));
    assert_int_equal(buffer_fault(&b), FAULT_NONE);
    buffer_finish(&b);
    buffer_finish(&b);
}

static void growth_keeps_content(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    for (uint32_t i = 0; i < 50000; i++) buffer_append_u32be(&b, i);
    assert_int_equal(buffer_fault(&b), FAULT_NONE);
    assert_int_equal(b.n, 200000);
    for (uint32_t i = 0; i < 50000; i++) {
        const uint8_t *p = b.p + 4 * i;
        assert_int_equal((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3],
                         i);
    }
    buffer_finish(&b);
}

static void the_ceiling_holds_and_failure_stays(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 5);
    buffer_append_str(&b, STR("abc"));
    buffer_append_str(&b, STR("def")); /* too much: nothing of it */
    buffer_append_str(&b, STR("g"));   /* would fit, but comes after the failure */
    buffer_format(&b, "%d", 1);
    assert_null(buffer_reserve(&b, 1));
    assert_true(buffer_holds(&b, STR("abc")));
    assert_int_equal(buffer_fault(&b), FAULT_LIMIT);
    buffer_clear(&b);
    assert_int_equal(buffer_fault(&b), FAULT_NONE);
    buffer_format(&b, "%s", "12345"); /* exactly full: the NUL of printf does not count */
    assert_int_equal(buffer_fault(&b), FAULT_NONE);
    assert_true(buffer_holds(&b, STR("12345")));
    buffer_append_byte(&b, '6');
    assert_int_equal(buffer_fault(&b), FAULT_LIMIT);
    buffer_finish(&b);
    buffer_init(&b, SIZE_MAX);
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_int_equal(buffer_fault(&b), FAULT_LIMIT);
    buffer_clear(&b);
    buffer_append_str(&b, STR("kept"));
    assert_null(buffer_reserve(&b, SIZE_MAX / 2)); /* allowed, but there is no such memory */
    assert_int_equal(buffer_fault(&b), FAULT_MEMORY);
    assert_true(buffer_holds(&b, STR("kept")));
    buffer_clear(&b);
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_int_equal(buffer_fault(&b), FAULT_LIMIT);
    buffer_finish(&b);
}

static void reserved_room_is_filled_by_the_caller(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100);
    assert_non_null(buffer_reserve(&b, 0));
    uint8_t *room = buffer_reserve(&b, 10);
    assert_non_null(room);
    memcpy(room, "hello", 5);
    buffer_grown(&b, 5);
    assert_true(buffer_holds(&b, STR("hello")));
    buffer_finish(&b);
}

static void consuming_moves_the_rest_forward(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100);
    buffer_consume(&b, 0);
    buffer_append_str(&b, STR("abcdef"));
    buffer_consume(&b, 4);
    assert_true(buffer_holds(&b, STR("ef")));
    buffer_release_if_empty(&b);
    assert_non_null(b.p);
    buffer_consume(&b, 2);
    assert_int_equal(b.n, 0);
    buffer_release_if_empty(&b);
    assert_null(b.p);
    buffer_append_str(&b, STR("again"));
    assert_true(buffer_holds(&b, STR("again")));
    buffer_finish(&b);
}

static void log_lines_stay_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str value;
        const char *want;
    } rows[] = {
        {"a word is bare", STR_INIT("proposal"), "e k=proposal"},
        {"blanks need quotes", STR_INIT("two words"), "e k=\"two words\""},
        {"nothing is an empty pair of quotes", {NULL, 0}, "e k=\"\""},
        {"an equals sign needs quotes", STR_INIT("a=b"), "e k=\"a=b\""},
        {"quotes and backslashes are escaped", STR_INIT("a\"b\\"), "e k=\"a\\\"b\\\\\""},
        {"line ends are escaped", STR_INIT("a\nb\r\t"), "e k=\"a\\nb\\r\\t\""},
        {"an escape sequence is escaped", STR_INIT("\x1b[0m"), "e k=\"\\x1b[0m\""},
        {"letters stay readable", STR_INIT("Łódź"), "e k=\"Łódź\""},
        {"C1 controls are escaped", STR_INIT("\xc2\x9b"), "e k=\"\\xc2\\x9b\""},
        {"overrides are escaped", STR_INIT("\xe2\x80\xae"), "e k=\"\\xe2\\x80\\xae\""},
        {"invalid bytes are escaped", STR_INIT("a\xff\xc3"), "e k=\"a\\xff\\xc3\""},
        {"DEL is escaped", STR_INIT("\x7f"), "e k=\"\\x7f\""},
    };
    struct buffer line;
    buffer_init(&line, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_clear(&line);
        logline_begin(&line, "e");
        logline_str(&line, "k", rows[i].value);
        if (!buffer_holds(&line, str_from(rows[i].want))) {
            fail_msg("%s: %.*s", rows[i].claim, STR_ARGS(buffer_str(&line)));
        }
    }
    buffer_clear(&line);
    logline_begin(&line, "deal.moved");
    logline_number(&line, "seq", INT64_MIN);
    logline_id(&line, "deal", (struct uuid){{0x01, 0x23, [15] = 0xff}});
    assert_true(buffer_holds(&line, STR("deal.moved seq=-9223372036854775808 "
                                        "deal=01230000-0000-0000-0000-0000000000ff")));
    buffer_finish(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_add_up),
        cmocka_unit_test(growth_keeps_content),
        cmocka_unit_test(the_ceiling_holds_and_failure_stays),
        cmocka_unit_test(reserved_room_is_filled_by_the_caller),
        cmocka_unit_test(consuming_moves_the_rest_forward),
        cmocka_unit_test(log_lines_stay_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
