/* test_arena.c - claims about memory that dies together. */
#include "common/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* AddressSanitizer would end the program where the C library answers NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static bool bytes_are(const void *p, size_t n, uint8_t byte)
{
    for (size_t i = 0; i < n; i++) {
        if (((const uint8_t *)p)[i] != byte) return false;
    }
    return true;
}

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a;
    uint8_t *pieces[200];
    arena_init(&a, 1 << 24);
    /* Twice, so that the second round gets memory that was used before. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 200; i++) {
            size_t size = i * i % 5000;
            pieces[i] = arena_alloc(&a, size);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            assert_true(bytes_are(pieces[i], size, 0));
            memset(pieces[i], (int)i, size);
        }
        for (size_t i = 0; i < 200; i++)
            assert_true(bytes_are(pieces[i], i * i % 5000, (uint8_t)i));
        arena_reset(&a);
        assert_int_equal(a.used, 0);
    }
    arena_finish(&a);
    arena_finish(&a);
}

static void the_budget_holds_and_failure_stays_until_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_alloc(&a, 64));
    assert_int_equal(arena_fault(&a), FAULT_NONE);
    assert_null(arena_alloc(&a, 64));
    assert_null(arena_alloc(&a, 1));
    assert_int_equal(arena_fault(&a), FAULT_MEMORY);
    assert_true(arena_str(&a, STR("x")).p == NULL);
    assert_true(arena_format(&a, "%d", 1).p == NULL);
    arena_reset(&a);
    assert_int_equal(arena_fault(&a), FAULT_NONE);
    assert_non_null(arena_alloc(&a, 96));
    arena_finish(&a);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_array(&a, SIZE_MAX / 4 + 1, 8));
    assert_int_equal(arena_fault(&a), FAULT_MEMORY);
    arena_reset(&a);
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_reset(&a);
    assert_null(arena_alloc(&a, SIZE_MAX / 2)); /* within the budget, but there is no such memory */
    assert_int_equal(arena_fault(&a), FAULT_MEMORY);
    arena_finish(&a);
}

static void nothing_has_an_address_too(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_alloc(&a, 0));
    assert_non_null(arena_array(&a, 0, 8));
    assert_non_null(arena_copy(&a, NULL, 0));
    arena_finish(&a);
}

static void copies_are_terminated(void **state)
{
    (void)state;
    struct arena a;
    char source[] = "abcdef";
    arena_init(&a, 1000);
    struct str copy = arena_str(&a, (struct str){source, 3});
    source[0] = 'x';
    assert_int_equal(copy.n, 3);
    assert_string_equal(copy.p, "abc");
    assert_true(arena_str(&a, STR_NONE).p == NULL);
    assert_false(a.failed);
    struct str empty = arena_str(&a, STR(""));
    assert_true(empty.p && empty.n == 0 && empty.p[0] == '\0');
    struct str text = arena_format(&a, "%s/%05d", "deal", 42);
    assert_int_equal(text.n, 10);
    assert_string_equal(text.p, "deal/00042");
    arena_finish(&a);
}

static void reset_keeps_at_most_one_small_block(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1 << 24);
    for (int i = 0; i < 100; i++) assert_non_null(arena_alloc(&a, 10000));
    arena_reset(&a);
    assert_non_null(a.blocks);
    struct arena_block *kept = a.blocks;
    assert_non_null(arena_alloc(&a, 100));
    assert_ptr_equal(a.blocks, kept);
    arena_finish(&a);
    arena_init(&a, 1 << 24);
    assert_non_null(arena_alloc(&a, 1 << 20));
    arena_reset(&a);
    assert_null(a.blocks); /* a single huge message must not cost an idle session */
    arena_finish(&a);
}

struct item {
    uint64_t number;
    char letter;
};

static void pushing_grows_an_array(void **state)
{
    (void)state;
    struct arena a;
    struct item *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    arena_init(&a, 1 << 20);
    for (uint64_t i = 0; i < 1000; i++) {
        struct item *item = arena_push(&a, (void **)&items, &count, &cap, sizeof *items);
        assert_non_null(item);
        assert_ptr_equal(item, items + i);
        assert_true(bytes_are(item, sizeof *item, 0));
        *item = (struct item){.number = i, .letter = 'x'};
    }
    assert_int_equal(count, 1000);
    count--; /* what was taken off the end is zeroed when it is pushed anew */
    assert_true(
        bytes_are(arena_push(&a, (void **)&items, &count, &cap, sizeof *items), sizeof *items, 0));
    items[999].number = 999;
    for (uint64_t i = 0; i < 1000; i++) assert_int_equal(items[i].number, i);
    arena_finish(&a);

    items = NULL;
    count = cap = 0;
    arena_init(&a, 8 * sizeof *items);
    for (int i = 0; i < 8; i++) {
        assert_non_null(arena_push(&a, (void **)&items, &count, &cap, sizeof *items));
    }
    struct item *before = items;
    assert_null(arena_push(&a, (void **)&items, &count, &cap, sizeof *items));
    assert_int_equal(count, 8);
    assert_ptr_equal(items, before);
    arena_finish(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(the_budget_holds_and_failure_stays_until_reset),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(nothing_has_an_address_too),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(reset_keeps_at_most_one_small_block),
        cmocka_unit_test(pushing_grows_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
