/* test_map.c - claims about the hash map. */
#include "common/base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

static void entries_are_found_and_keep_their_order(void **state)
{
    (void)state;
    struct arena arena;
    struct map m;
    int values[5000];
    arena_init(&arena, 1 << 24);
    map_init(&m, &arena);
    assert_null(map_get(&m, STR("anything")));
    for (int i = 0; i < 5000; i++) {
        char key[16];
        int n = snprintf(key, sizeof key, "key %d", i * 7);
        assert_int_equal(map_put(&m, (struct str){key, (size_t)n}, &values[i]), FAULT_NONE);
        assert_true(m.count * 2 <= m.slot_count);
    }
    assert_int_equal(m.count, 5000);
    for (int i = 0; i < 5000; i++) {
        struct str key = arena_format(&arena, "key %d", i * 7);
        assert_ptr_equal(map_get(&m, key), &values[i]);
        assert_true(str_equal(m.entries[i].key, key));
        assert_ptr_equal(m.entries[i].value, &values[i]);
        assert_null(map_get(&m, arena_format(&arena, "key %d", i * 7 + 1)));
    }
    arena_finish(&arena);
}

static void putting_again_replaces(void **state)
{
    (void)state;
    struct arena arena;
    struct map m;
    int a;
    int b;
    arena_init(&arena, 1 << 16);
    map_init(&m, &arena);
    assert_int_equal(map_put(&m, STR("k"), &a), FAULT_NONE);
    assert_int_equal(map_put(&m, STR("k"), &b), FAULT_NONE);
    assert_int_equal(m.count, 1);
    assert_ptr_equal(map_get(&m, STR("k")), &b);
    arena_finish(&arena);
}

/* Only where an entry lies depends on it. */
static void the_key_of_the_hash_changes_no_answer(void **state)
{
    (void)state;
    static const uint8_t hash_key[ARENA_HASH_KEY] = {1, 2, 3};
    struct arena arenas[2];
    struct map maps[2];
    int value;
    for (size_t i = 0; i < 2; i++) {
        arena_init(&arenas[i], 1 << 20);
        if (i == 1) arenas[i].hash_key = hash_key;
        map_init(&maps[i], &arenas[i]);
        for (char key = 0; key < 100; key++) {
            assert_int_equal(map_put(&maps[i], (struct str){&key, 1}, &value), FAULT_NONE);
        }
    }
    size_t moved = 0;
    for (size_t i = 0; i < 100; i++) {
        assert_true(str_equal(maps[0].entries[i].key, maps[1].entries[i].key));
        assert_ptr_equal(map_get(&maps[1], maps[0].entries[i].key), &value);
        moved += maps[0].entries[i].hash != maps[1].entries[i].hash;
    }
    assert_int_equal(moved, 100);
    for (size_t i = 0; i < 2; i++) arena_finish(&arenas[i]);
}

static void any_bytes_are_a_key(void **state)
{
    (void)state;
    struct arena arena;
    struct map m;
    int a;
    int b;
    int c;
    arena_init(&arena, 1 << 16);
    map_init(&m, &arena);
    assert_int_equal(map_put(&m, STR_NONE, &a), FAULT_NONE);
    assert_int_equal(map_put(&m, STR("x\0y"), &b), FAULT_NONE);
    assert_int_equal(map_put(&m, STR("x"), &c), FAULT_NONE);
    assert_ptr_equal(map_get(&m, STR("")), &a);
    assert_ptr_equal(map_get(&m, STR("x\0y")), &b);
    assert_ptr_equal(map_get(&m, STR("x")), &c);
    assert_null(map_get(&m, STR("x\0z")));
    arena_finish(&arena);
}

/* With every budget, what went in before the failure is still there. */
static void want_of_memory_leaves_the_map_whole(void **state)
{
    (void)state;
    static char keys[40];
    for (size_t max = 0; max < 8192; max += 64) {
        struct arena arena;
        struct map m;
        size_t put = 0;
        arena_init(&arena, max);
        map_init(&m, &arena);
        for (put = 0; put < 40; put++) {
            char key = (char)put;
            enum fault fault = map_put(&m, (struct str){&key, 1}, &keys[put]);
            if (fault) {
                assert_int_equal(fault, FAULT_MEMORY);
                break;
            }
        }
        for (size_t i = 0; i < 40; i++) {
            char key = (char)i;
            assert_ptr_equal(map_get(&m, (struct str){&key, 1}), i < put ? &keys[i] : NULL);
        }
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_and_keep_their_order),
        cmocka_unit_test(putting_again_replaces),
        cmocka_unit_test(the_key_of_the_hash_changes_no_answer),
        cmocka_unit_test(any_bytes_are_a_key),
        cmocka_unit_test(want_of_memory_leaves_the_map_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
