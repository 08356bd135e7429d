/* test_abridged.c - claims about what is kept of an event, and about bytes that are none. */
#include "common/metrics/abridged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid DEAL = {{4, 2}}, MUTATION = {{1}}, OTHER = {{2}}, SOMEBODY = {{3}};

static struct event event_of(enum event_what what, struct str field)
{
    return (struct event){.subject = DEAL, .subject_kind = ENTITY_DEAL, .what = what,
                          .field = field, .mutation = MUTATION};
}

static void what_says_nothing_of_health_is_left_out(void **state)
{
    (void)state;
    const struct {
        enum event_what what;
        struct str field;
        bool kept;
    } rows[] = {
        {EVENT_CREATED, STR_NONE, true},          {EVENT_STAGE, STR_NONE, true},
        {EVENT_IMPORTED, STR_NONE, true},         {EVENT_DELETED, STR_NONE, true},
        {EVENT_FIELD, STR("next_step"), true},    {EVENT_FIELD, STR("due"), true},
        {EVENT_FIELD, STR("expected_close"), true}, {EVENT_FIELD, STR("value"), false},
        {EVENT_FIELD, STR("title"), false},       {EVENT_NONE, STR("due"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event event = event_of(rows[i].what, rows[i].field);
        assert_int_equal(abridged_keeps(&event), rows[i].kept);
        event.subject_kind = ENTITY_PERSON;
        assert_false(abridged_keeps(&event));
    }
}

/* Three events that between them have everything. */
static void events_append(struct buffer *out)
{
    struct event stage = event_of(EVENT_STAGE, STR_NONE);
    stage.happened_at = (struct optional){true, INT64_C(1772452800000)};
    stage.pipeline = STR("sales");
    stage.to_stage = STR("contact");
    stage.to_status = STATUS_OPEN;
    stage.who = SOMEBODY;
    abridged_append(out, UINT64_C(1) << 40, 4000, &stage);
    struct event close = event_of(EVENT_FIELD, STR("expected_close"));
    close.from_value = STR("2026-01-31");
    close.to_value = STR("2026-02-01");
    close.undoes = OTHER;
    close.who = SOMEBODY;
    close.batch = OTHER;
    abridged_append(out, 9, 0, &close);
    struct event due = event_of(EVENT_FIELD, STR("due"));
    due.from_value = STR("left out");
    abridged_append(out, 10, 0, &due);
}

static void what_is_kept_is_there_again(void **state)
{
    struct arena arena;
    struct buffer packed;
    struct abridged a;
    (void)state;
    arena_init(&arena, 1 << 16);
    buffer_init(&packed, 1 << 16);
    events_append(&packed);
    struct str rest = buffer_str(&packed);
    assert_int_equal(abridged_next(&arena, DEAL, &rest, &a), FAULT_NONE);
    assert_true(uuid_equal(a.event->subject, DEAL) && a.event->subject_kind == ENTITY_DEAL);
    assert_true(a.seq == UINT64_C(1) << 40 && a.n == 4000);
    assert_true(a.event->happened_at.has && a.event->happened_at.v == INT64_C(1772452800000));
    assert_true(str_equal(a.event->pipeline, STR("sales")));
    assert_true(str_equal(a.event->to_stage, STR("contact")));
    assert_int_equal(a.event->to_status, STATUS_OPEN);
    assert_false(uuid_is_zero(a.event->who));
    assert_true(uuid_equal(a.event->mutation, MUTATION) && uuid_is_zero(a.event->undoes));
    assert_int_equal(abridged_next(&arena, DEAL, &rest, &a), FAULT_NONE);
    assert_true(str_equal(a.event->field, STR("expected_close")));
    assert_true(str_equal(a.event->from_value, STR("2026-01-31")));
    assert_true(str_equal(a.event->to_value, STR("2026-02-01")));
    assert_true(uuid_equal(a.event->undoes, OTHER));
    assert_true(uuid_is_zero(a.event->who)); /* in a batch: nobody's hand */
    assert_false(a.event->happened_at.has);
    assert_int_equal(abridged_next(&arena, DEAL, &rest, &a), FAULT_NONE);
    assert_true(str_equal(a.event->field, STR("due")) && a.event->from_value.n == 0);
    assert_int_equal(rest.n, 0);
    buffer_finish(&packed);
    arena_finish(&arena);
}

/* Takes all there is. */
static enum fault text_read(struct str text)
{
    struct arena arena;
    struct abridged a;
    enum fault fault = FAULT_NONE;
    arena_init(&arena, 1 << 16);
    while (fault == FAULT_NONE && text.n > 0) fault = abridged_next(&arena, DEAL, &text, &a);
    arena_finish(&arena);
    return fault;
}

static void bytes_that_are_no_events_are_told(void **state)
{
    struct buffer packed;
    size_t whole = 0;
    (void)state;
    buffer_init(&packed, 1 << 16);
    events_append(&packed);
    for (size_t n = 0; n <= packed.n; n++) { /* whole only between two events */
        enum fault fault = text_read(str_slice(buffer_str(&packed), 0, n));
        assert_true(fault == FAULT_NONE || fault == FAULT_FORMAT);
        whole += fault == FAULT_NONE;
    }
    assert_int_equal(whole, 4);
    packed.p[0] = 0xff; /* flags nobody knows */
    assert_int_equal(text_read(buffer_str(&packed)), FAULT_FORMAT);
    buffer_finish(&packed);
    assert_int_equal(text_read((struct str){"\0\2\1\377\377\377\377\377\377\377\377\377\377", 13}),
                     FAULT_FORMAT); /* a number without an end */
    assert_int_equal(text_read((struct str){"\0\2\1\377\377\377\377\177", 8}), FAULT_FORMAT);
    char field[] = "\0\3\1\0................\7"; /* of a field nobody reads */
    assert_int_equal(text_read((struct str){field, sizeof field - 1}), FAULT_FORMAT);
    struct arena none;
    struct abridged a;
    struct str rest = STR("x");
    arena_init(&none, 0);
    assert_int_equal(abridged_next(&none, DEAL, &rest, &a), FAULT_MEMORY);
    arena_finish(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_nothing_of_health_is_left_out),
        cmocka_unit_test(what_is_kept_is_there_again),
        cmocka_unit_test(bytes_that_are_no_events_are_told),
    };
    return cmocka_run_group_tests_name("abridged", tests, NULL, NULL);
}
