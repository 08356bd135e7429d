/* test_work.c - claims about the verbs, over a copy in memory of the team of rule_world.h. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static int desk_open(void **state)
{
    static struct work_desk desk;
    work_desk_begin(&desk);
    world_put(&desk.world, ENTITY_DEAL, "roof",
              "title=Łódź roof;pipeline=sales;stage=contact;status=open;owner=rep;org=acme");
    work_desk_sit(&desk, "rep");
    *state = &desk;
    return 0;
}

static int desk_close(void **state)
{
    work_desk_end(*state);
    return 0;
}

static void a_new_deal_is_shown_at_once(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|add|Pilot|--value|12.5k|--next-step|Call"),
                     ANSWER_OK);
    assert_cell(desk, 0, "title", "Pilot");
    assert_cell(desk, 0, "value", "12500.00");
    assert_cell(desk, 0, "stage", "lead");
    assert_int_equal(work_desk_pending(desk), 1);
    assert_int_equal(work_desk_run(desk, "deal|list|pilot"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 1);
    assert_cell(desk, 0, "next_step", "Call");
    assert_cell(desk, 0, "is", "waiting");
}

/* A list has the columns that will be printed; a name that is none is told beside all there are. */
static void a_list_makes_the_columns_that_are_wanted(void **state)
{
    static const struct {
        const char *fields;
        bool usual;
        const char *first, *last; /* NULL: all */
    } rows[] = {
        {NULL, false, NULL, NULL},          {NULL, true, "id", "is"},
        {"due, full-id", true, "full_id", "due"}, {"title", false, "title", "title"},
        {"title,nothing", true, NULL, NULL},
    };
    struct work_desk *desk = *state;
    size_t all = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        desk->fields = rows[i].fields;
        desk->usual = rows[i].usual;
        assert_int_equal(work_desk_run(desk, "deal|list"), ANSWER_OK);
        const struct answer *answer = &desk->answer;
        assert_true(answer->row_count > 0);
        if (i == 0) all = answer->column_count;
        if (!rows[i].first) {
            assert_int_equal(answer->column_count, all);
            continue;
        }
        assert_true(answer->column_count < all);
        assert_string_equal(answer->columns[0].name, rows[i].first);
        assert_string_equal(answer->columns[answer->column_count - 1].name, rows[i].last);
    }
    desk->fields = "title,value";
    assert_int_equal(work_desk_run(desk, "deal|list|lodz"), ANSWER_OK);
    assert_cell(desk, 0, "title", "Łódź roof");
}

static void an_unknown_organisation_comes_with_the_deal(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|add|Pilot|--org|Newcomer AG"), ANSWER_OK);
    assert_cell(desk, 0, "org", "Newcomer AG");
    assert_int_equal(work_desk_pending(desk), 2);
    assert_int_equal(work_desk_run(desk, "org|list|newcomer"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 1);
    /* One command, one undo. */
    assert_int_equal(work_desk_run(desk, "undo"), ANSWER_OK);
    assert_int_equal(work_desk_run(desk, "org|list|newcomer"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 0);
    assert_int_equal(work_desk_run(desk, "deal|list|pilot"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 0);
}

static void a_refused_deal_leaves_no_organisation_behind(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|add|Pilot|--org|Newcomer AG|--stage|proposal"),
                     ANSWER_REFUSED);
    assert_true(desk->answer.reasons.count >= 3); /* every reason, not the first */
    assert_int_equal(work_desk_pending(desk), 0);
    assert_int_equal(work_desk_run(desk, "org|list|newcomer"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 0);
}

static void a_move_takes_fields_and_checks_along(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|move|lodz roof|proposal"), ANSWER_REFUSED);
    assert_int_equal(work_desk_pending(desk), 0);
    assert_int_equal(work_desk_run(desk,
                                   "deal|move|lodz roof|proposal|--value|9k|--close|2030-01-31|"
                                   "--check|interest"),
                     ANSWER_OK);
    assert_cell(desk, 0, "stage", "proposal");
    assert_cell(desk, 0, "expected_close", "2030-01-31");
    assert_int_equal(work_desk_pending(desk), 1);
    assert_int_equal(work_desk_run(desk, "undo"), ANSWER_OK);
    assert_int_equal(work_desk_run(desk, "deal|show|lodz roof"), ANSWER_OK);
    assert_cell(desk, 0, "stage", "contact");
    assert_cell(desk, 0, "value", "");
    assert_cell(desk, 0, "checks", "");
}

static void closing_and_reopening(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|lose|lodz roof"), ANSWER_REFUSED);
    assert_int_equal(work_desk_run(desk, "deal|lose|lodz roof|too|dear"), ANSWER_OK);
    assert_cell(desk, 0, "status", "lost");
    assert_cell(desk, 0, "lost_reason", "too dear");
    assert_int_equal(work_desk_run(desk, "deal|list"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 0);
    assert_int_equal(work_desk_run(desk, "deal|list|--all"), ANSWER_OK);
    assert_int_equal(desk->answer.row_count, 1);
    assert_int_equal(work_desk_run(desk, "deal|reopen|lodz roof"), ANSWER_OK);
    assert_cell(desk, 0, "stage", "contact");
    assert_cell(desk, 0, "status", "open");
}

static void ice_and_thaw(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|thaw|lodz roof"), ANSWER_REFUSED);
    assert_int_equal(work_desk_run(desk, "deal|ice|lodz roof|--until|2030-02-01"), ANSWER_OK);
    assert_cell(desk, 0, "status", "iced");
    assert_cell(desk, 0, "wake_date", "2030-02-01");
    assert_int_equal(work_desk_run(desk, "deal|thaw|lodz roof"), ANSWER_OK);
    assert_cell(desk, 0, "status", "open");
    assert_cell(desk, 0, "wake_date", "");
}

static const struct {
    const char *claim, *words;
    int code;
} mistakes[] = {
    {"an unknown deal is not found", "deal|show|nowhere", ANSWER_NOT_FOUND},
    {"an unknown stage is a usage error", "deal|move|lodz roof|moon", ANSWER_USAGE},
    {"an amount must be one", "deal|edit|lodz roof|--value|much", ANSWER_USAGE},
    {"a date must be one", "deal|edit|lodz roof|--due|someday", ANSWER_USAGE},
    {"what happened is never in the future", "log|call|lodz roof|x|--on|tomorrow", ANSWER_USAGE},
    {"an unknown filter is a usage error", "deal|list|stge:lead", ANSWER_USAGE},
    {"an unknown member is not found", "deal|assign|lodz roof|nobody", ANSWER_NOT_FOUND},
    {"an unknown check is a usage error", "deal|check|lodz roof|moon", ANSWER_USAGE},
    {"nothing to change is a usage error", "deal|edit|lodz roof", ANSWER_USAGE},
    {"nothing to undo is not found", "undo", ANSWER_NOT_FOUND},
    {"an unknown inbox number is not found", "inbox|resolve|99|--mine", ANSWER_NOT_FOUND},
};

static void mistakes_are_told_and_queue_nothing(void **state)
{
    struct work_desk *desk = *state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        print_message("%s\n", mistakes[i].claim);
        assert_int_equal(work_desk_run(desk, mistakes[i].words), mistakes[i].code);
        assert_true(desk->answer.note_count > 0);
        assert_int_equal(work_desk_pending(desk), 0);
    }
}

static void a_log_shows_with_its_deal(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "log|call|lodz roof|Asked for the budget"), ANSWER_OK);
    assert_int_equal(work_desk_run(desk, "deal|show|lodz roof"), ANSWER_OK);
    assert_non_null(desk->answer.next);
    assert_int_equal(desk->answer.next->row_count, 1);
}

static void tags_are_added_removed_and_replaced(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "deal|edit|lodz roof|--tags|b,a"), ANSWER_OK);
    assert_cell(desk, 0, "tags", "a,b");
    assert_int_equal(work_desk_run(desk, "deal|edit|lodz roof|--tags|+c,-a"), ANSWER_OK);
    assert_cell(desk, 0, "tags", "b,c");
    assert_int_equal(work_desk_run(desk, "deal|edit|lodz roof|--tags|x"), ANSWER_OK);
    assert_cell(desk, 0, "tags", "x");
    assert_int_equal(work_desk_run(desk, "undo"), ANSWER_OK);
    assert_int_equal(work_desk_run(desk, "deal|show|lodz roof"), ANSWER_OK);
    assert_cell(desk, 0, "tags", "b,c");
}

static void the_board_has_each_open_deal_once(void **state)
{
    struct work_desk *desk = *state;
    assert_int_equal(work_desk_run(desk, "board"), ANSWER_OK);
    assert_int_equal(desk->answer.shape, SHAPE_TEXT);
    assert_true(desk->answer.text.n > 0);
    const char *first = strstr(desk->answer.text.p, "Łódź roof");
    assert_non_null(first);
    assert_null(strstr(first + 1, "Łódź roof"));
}

static const struct {
    const char *claim, *words, *source; /* the deal's afterwards */
} resolutions[] = {
    {"mine puts my value there", "inbox|resolve|3|--mine", "web"},
    {"theirs lets stand what stands", "inbox|resolve|3|--theirs", "fair"},
    {"a third value is a value", "inbox|resolve|3|--set|friend", "friend"},
};

static void a_conflict_is_shown_with_both_values_and_resolved(void **state)
{
    struct work_desk *desk = *state;
    for (size_t i = 0; i < sizeof resolutions / sizeof resolutions[0]; i++) {
        print_message("%s\n", resolutions[i].claim);
        (void)desk_close(state);
        (void)desk_open(state);
        world_put(&desk->world, ENTITY_DEAL, "barn",
                  "title=Barn;pipeline=sales;stage=lead;status=open;owner=rep;source=fair");
        world_put(&desk->world, ENTITY_INBOX, "item",
                  "number=3;kind=conflict;state=open;subject_kind=deal;subject=barn;field=source;"
                  "base=mail;mine=web;theirs=fair;author=rep");
        work_desk_sit(desk, "rep");
        assert_int_equal(work_desk_run(desk, "inbox"), ANSWER_OK);
        assert_int_equal(desk->answer.row_count, 1);
        assert_cell(desk, 0, "mine", "web");
        assert_cell(desk, 0, "theirs", "fair");
        assert_int_equal(work_desk_run(desk, resolutions[i].words), ANSWER_OK);
        assert_int_equal(work_desk_pending(desk), 1);
        assert_int_equal(work_desk_run(desk, "deal|show|Barn"), ANSWER_OK);
        assert_cell(desk, 0, "source", resolutions[i].source);
        assert_int_equal(work_desk_run(desk, "inbox"), ANSWER_OK);
        assert_int_equal(desk->answer.row_count, 0);
    }
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
    const struct CMUnitTest tests[] = {
        CLAIM(a_new_deal_is_shown_at_once),
        CLAIM(a_list_makes_the_columns_that_are_wanted),
        CLAIM(an_unknown_organisation_comes_with_the_deal),
        CLAIM(a_refused_deal_leaves_no_organisation_behind),
        CLAIM(a_move_takes_fields_and_checks_along),
        CLAIM(closing_and_reopening),
        CLAIM(ice_and_thaw),
        CLAIM(mistakes_are_told_and_queue_nothing),
        CLAIM(a_log_shows_with_its_deal),
        CLAIM(tags_are_added_removed_and_replaced),
        CLAIM(a_conflict_is_shown_with_both_values_and_resolved),
        CLAIM(the_board_has_each_open_deal_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
