/* test_id.c - claims about identifiers and their short form. */
#include "common/base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/random.h"

static struct uuid parsed(const char *text)
{
    struct uuid id;
    assert_int_equal(uuid_parse(str_from(text), &id), FAULT_NONE);
    return id;
}

static void new_ids_are_version_7_and_ordered_by_time(void **state)
{
    (void)state;
    struct random random;
    struct uuid before = {{0}};
    uint8_t ones[16] = {0};
    uint8_t zeros[16] = {0};
    random_init_number(&random, 1);
    for (uint64_t i = 0; i < 300; i++) {
        struct uuid id = uuid_v7(UINT64_C(0x0123456789ab) + i, &random);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        assert_true(uuid_compare(before, id) < 0);
        assert_true(uuid_compare(id, before) > 0);
        for (size_t k = 6; k < 16; k++) {
            ones[k] |= id.b[k];
            zeros[k] |= (uint8_t)~id.b[k];
        }
        before = id;
    }
    /* 74 bits vary: all but version and variant. */
    for (size_t k = 6; k < 16; k++) {
        uint8_t fixed = k == 6 ? 0xf0 : k == 8 ? 0xc0 : 0;
        assert_int_equal(ones[k] & zeros[k], (uint8_t)~fixed);
    }
    struct uuid id = uuid_v7(UINT64_C(0x0123456789ab), &random);
    assert_memory_equal(id.b, "\x01\x23\x45\x67\x89\xab", 6);
}

static void derived_ids_depend_on_scope_and_name_only(void **state)
{
    (void)state;
    struct uuid scope = {{1}};
    struct uuid other = {{2}};
    struct uuid id = uuid_derive(scope, STR("deal:42"));
    assert_int_equal(id.b[6] >> 4, 8);
    assert_int_equal(id.b[8] >> 6, 2);
    assert_true(uuid_equal(id, uuid_derive(scope, STR("deal:42"))));
    assert_false(uuid_equal(id, uuid_derive(scope, STR("deal:43"))));
    assert_false(uuid_equal(id, uuid_derive(other, STR("deal:42"))));
    assert_false(uuid_is_zero(uuid_derive(scope, STR_NONE)));
    /* BLAKE2b-128 of 01 00..00 "deal:42", computed elsewhere: imported ids must never change. */
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(id, text);
    assert_string_equal(text, "2d8fcf89-bc24-8bb1-aae9-bd3e555b60dc");
}

static void text_form_round_trips(void **state)
{
    (void)state;
    static const char text[] = "0190f3a1-7c3b-7def-8123-456789abcdef";
    char out[UUID_TEXT_LENGTH + 1];
    uuid_format(parsed(text), out);
    assert_string_equal(out, text);
    uuid_format(parsed("0190F3A1-7C3B-7DEF-8123-456789ABCDEF"), out);
    assert_string_equal(out, text);
    assert_true(uuid_is_zero(parsed("00000000-0000-0000-0000-000000000000")));
    static const char *const bad[] = {
        "",
        "0190f3a1-7c3b-7def-8123-456789abcde",
        "0190f3a1-7c3b-7def-8123-456789abcdef0",
        "0190f3a17-c3b-7def-8123-456789abcdef",
        "0190f3a1-7c3b-7def-8123-456789abcdeg",
        "0190f3a1 7c3b 7def 8123 456789abcdef",
        "0190f3a17c3b7def8123456789abcdef",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct uuid id;
        if (uuid_parse(str_from(bad[i]), &id) != FAULT_FORMAT) fail_msg("%s", bad[i]);
    }
}

static void short_form_begins_with_the_last_bits(void **state)
{
    (void)state;
    char out[SHORT_ID_LENGTH_MAX + 1];
    /* The last byte 0x41 = 010 00001: first character 1, then the bits above it. */
    struct uuid id = parsed("ffffffff-ffff-ffff-f000-000000000041");
    uuid_short(id, SHORT_ID_LENGTH_MAX, out);
    assert_string_equal(out, "120000000000");
    uuid_short(id, 5, out);
    assert_string_equal(out, "12000");
    uuid_short(parsed("00000000-0000-0000-0fff-ffffffffffff"), 12, out);
    assert_string_equal(out, "zzzzzzzzzzzz");
    uuid_short(parsed("00000000-0000-0000-0800-000000000000"), 12, out);
    assert_string_equal(out, "00000000000g");
}

static void short_form_matches_its_own_prefixes(void **state)
{
    (void)state;
    struct random random;
    random_init_number(&random, 7);
    for (int i = 0; i < 200; i++) {
        struct uuid id = uuid_v7(1, &random);
        char out[SHORT_ID_LENGTH_MAX + 1];
        for (size_t length = 1; length <= SHORT_ID_LENGTH_MAX; length++) {
            uuid_short(id, length, out);
            assert_int_equal(strlen(out), length);
            assert_true(uuid_short_matches(id, str_from(out)));
            out[length - 1] = out[length - 1] == 'z' ? 'y' : 'z';
            assert_false(uuid_short_matches(id, str_from(out)));
        }
    }
    /* 00001 00000 01010 in reading order 1, 0, a */
    struct uuid id = parsed("00000000-0000-0000-8000-000000002801");
    assert_true(uuid_short_matches(id, STR("10a")));
    assert_true(uuid_short_matches(id, STR("10A")));
    assert_true(uuid_short_matches(id, STR("loA")));
    assert_true(uuid_short_matches(id, STR("IOa")));
    assert_false(uuid_short_matches(id, STR("u0a")));
    assert_false(uuid_short_matches(id, STR("1-0a")));
    assert_false(uuid_short_matches(id, STR_NONE));
    assert_true(uuid_short_matches(id, STR("10a000000000")));
    assert_false(uuid_short_matches(id, STR("10a0000000000")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_ids_are_version_7_and_ordered_by_time),
        cmocka_unit_test(derived_ids_depend_on_scope_and_name_only),
        cmocka_unit_test(text_form_round_trips),
        cmocka_unit_test(short_form_begins_with_the_last_bits),
        cmocka_unit_test(short_form_matches_its_own_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
