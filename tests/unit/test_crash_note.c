/* test_crash_note.c - a mutation that brings the server down twice is set aside, and only that. */
#include "server/core/crash_note.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/row.h"
#include "tests/support/server_world.h"

/* What a worker and its keeper do when it dies of that mutation. */
static uint32_t crash_on(struct crash_note *note, struct str payload)
{
    uint8_t hash[NOTE_HASH_BYTES];
    codec_payload_hash(payload, hash);
    crash_note_begin(note, hash);
    return crash_note_blame(note);
}

static void two_crashes_condemn(void **state)
{
    (void)state;
    struct crash_note note = {.count = 0};
    assert_int_equal(crash_note_blame(&note), 0); /* it died of something else */
    assert_false(crash_note_condemns(&note, STR("poison")));
    assert_int_equal(crash_on(&note, STR("poison")), 1);
    assert_false(crash_note_condemns(&note, STR("poison")));
    assert_int_equal(crash_note_blame(&note), 0); /* counted once */
    assert_int_equal(crash_on(&note, STR("bread")), 1);
    assert_int_equal(crash_on(&note, STR("poison")), 2);
    assert_true(crash_note_condemns(&note, STR("poison")));
    assert_false(crash_note_condemns(&note, STR("bread")));
    assert_false(crash_note_condemns(NULL, STR("poison")));
}

static void what_went_well_is_not_blamed(void **state)
{
    (void)state;
    struct crash_note note = {.count = 0};
    uint8_t hash[NOTE_HASH_BYTES] = {1};
    crash_note_begin(&note, hash);
    crash_note_end(&note);
    assert_int_equal(crash_note_blame(&note), 0);
}

static void the_list_is_bounded(void **state)
{
    (void)state;
    struct crash_note note = {.count = 0};
    char name[2] = {0};
    for (int i = 0; i < 3 * SUSPECTS_MAX; i++) {
        name[0] = (char)(i + 1);
        assert_int_equal(crash_on(&note, (struct str){name, 1}), 1);
        assert_true(note.count <= SUSPECTS_MAX);
    }
    assert_int_equal(crash_on(&note, (struct str){name, 1}), 2); /* the newest is remembered */
    assert_true(crash_note_condemns(&note, (struct str){name, 1}));
}

/* The server that comes up after the second crash: the client sends the same again. */
static void a_condemned_mutation_is_parked_and_the_others_go_on(void **state)
{
    (void)state;
    static struct server_world w;
    server_world_begin(&w);
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct peer *peer = peer_enrolled(&w);
    struct str poison = server_world_deal(&w, &arena, "Poison");
    (void)crash_on(&w.note, poison);
    (void)crash_on(&w.note, poison);
    peer_push(&w, peer, 1, server_world_deal(&w, &arena, "Bread"));
    peer_push(&w, peer, 2, poison);
    peer_push(&w, peer, 3, server_world_deal(&w, &arena, "Butter"));
    assert_false(peer->closed);
    assert_int_equal(peer_outcome(peer, 1).kind, OUTCOME_APPLIED);
    struct outcome outcome = peer_outcome(peer, 2);
    assert_int_equal(outcome.kind, OUTCOME_PARKED);
    assert_true(str_starts_with(outcome.reasons, STR("server_fault")));
    assert_int_equal(peer_outcome(peer, 3).kind, OUTCOME_APPLIED);
    assert_int_equal(peer_rows(peer, ENTITY_DEAL), 2);
    assert_int_equal(peer_rows(peer, ENTITY_INBOX), 1); /* with its payload */
    assert_false(w.note.busy);
    arena_finish(&arena);
    server_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_crashes_condemn),
        cmocka_unit_test(what_went_well_is_not_blamed),
        cmocka_unit_test(the_list_is_bounded),
        cmocka_unit_test(a_condemned_mutation_is_parked_and_the_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
