/* test_random.c - claims about the seeded stream. */
#include "common/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void the_stream_is_chacha20(void **state)
{
    (void)state;
    /* RFC 8439, appendix A.1, test vectors 1 and 2: zero key, zero nonce, blocks 0 and 1. */
    static const uint8_t want[] = {
        0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86,
        0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc,
        0x8b, 0x77, 0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24,
        0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c,
        0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86, 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51,
        0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
    };
    struct random r;
    uint8_t out[sizeof want];
    random_init(&r, (const uint8_t[32]){0});
    random_bytes(&r, out, sizeof out);
    assert_memory_equal(out, want, sizeof want);
}

static void the_sizes_asked_for_do_not_matter(void **state)
{
    (void)state;
    struct random one;
    struct random other;
    uint8_t whole[500];
    uint8_t parts[500];
    random_init_number(&one, 42);
    random_init_number(&other, 42);
    random_bytes(&one, whole, sizeof whole);
    for (size_t at = 0, n = 0; at < sizeof parts; at += n) {
        n = at % 97 < sizeof parts - at ? at % 97 : sizeof parts - at;
        if (n == 0) n = 1;
        random_bytes(&other, parts + at, n);
    }
    assert_memory_equal(whole, parts, sizeof whole);
    assert_int_equal(random_u64(&one), random_u64(&other));
}

static void seeds_give_streams_of_their_own(void **state)
{
    (void)state;
    struct random r;
    uint64_t first[100];
    for (uint64_t seed = 0; seed < 100; seed++) {
        random_init_number(&r, seed);
        first[seed] = random_u64(&r);
        for (uint64_t i = 0; i < seed; i++) assert_true(first[i] != first[seed]);
    }
}

static void what_was_given_out_is_not_kept(void **state)
{
    (void)state;
    struct random r;
    uint8_t out[40];
    uint8_t zeros[40] = {0};
    random_init_number(&r, 1);
    random_bytes(&r, out, sizeof out);
    assert_memory_equal(r.block, zeros, sizeof zeros);
}

static void numbers_below_a_bound_are_spread_evenly(void **state)
{
    (void)state;
    struct random r;
    uint32_t seen[7] = {0};
    random_init_number(&r, 3);
    for (int i = 0; i < 70000; i++) seen[random_below(&r, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 9600, 10400);
    for (int i = 0; i < 100; i++) assert_int_equal(random_below(&r, 1), 0);
    /* Three quarters of 2^64: without rejection the lowest third would come twice as often. */
    uint64_t bound = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < 30000; i++) {
        uint64_t v = random_below(&r, bound);
        assert_true(v < bound);
        if (v < UINT64_C(1) << 62) low++;
    }
    assert_in_range(low, 9600, 10400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_is_chacha20),
        cmocka_unit_test(the_sizes_asked_for_do_not_matter),
        cmocka_unit_test(seeds_give_streams_of_their_own),
        cmocka_unit_test(what_was_given_out_is_not_kept),
        cmocka_unit_test(numbers_below_a_bound_are_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
