/* test_work_board.c - claims about `sluice today` and `sluice board`, over a copy in memory. */
#include "client/verbs/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

enum { CROWD = 30 }; /* deals in Proposal */

struct desk {
    struct rule_world world;
    struct replica *replica;
    struct random random;
    struct work work;
    struct answer answer;
};

/* Now is 2026-03-02. The deals of world_deal are 30 days old and nobody is known to have touched
 * them: quiet after 14 days, unless a next step is ahead. */
static const struct {
    const char *name, *fields;
} deals[] = {
    {"late", "title=Late;due=2026-02-27;next_step=Call Ann"},
    {"closing", "title=Should be closed;expected_close=2026-02-20"},
    {"now", "title=Now;due=2026-03-02;next_step=Visit"},
    {"mute", "title=Mute"},
    {"dear", "title=Dear and mute;value=500000"},
    {"bare", "title=Bare;next_step=;created_at=-2;stage_entered_at=-1"},
    {"fine", "title=Fine;due=2026-03-05"},
    {"theirs", "title=Theirs;owner=other;due=2026-02-01"},
    {"lead", "title=A lead;stage=lead;due=2026-03-09"},
};

static int desk_open(void **state)
{
    static struct desk desk;
    static char names[CROWD][40], fields[CROWD][120];
    memset(&desk, 0, sizeof desk);
    world_init(&desk.world);
    for (size_t i = 0; i < sizeof deals / sizeof deals[0]; i++) {
        world_deal(&desk.world, deals[i].name, deals[i].fields);
    }
    for (int i = 0; i < CROWD; i++) {
        (void)snprintf(names[i], sizeof names[i], "crowd %d", i);
        (void)snprintf(fields[i], sizeof fields[i],
                       "title=Crowd %d;stage=proposal;owner=other;due=2026-03-%02d;value=100", i,
                       10 + i % 20);
        world_deal(&desk.world, names[i], fields[i]);
    }
    desk.replica = replica_memory_open();
    world_fill(&desk.world, desk.replica, "rep");
    random_init_number(&desk.random, 7);
    *state = &desk;
    return 0;
}

static int desk_close(void **state)
{
    struct desk *desk = *state;
    desk->replica->f->close(desk->replica);
    world_finish(&desk->world);
    return 0;
}

static void run(struct desk *desk, const char *name, struct request request, bool all)
{
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].noun && strcmp(verbs[i].name, name) == 0) request.verb = &verbs[i];
    }
    assert_non_null(request.verb);
    if (all) {
        const struct option *option = verb_option(request.verb, STR("all"));
        assert_non_null(option);
        request.options[request.option_count++] = (struct request_option){option, STR_NONE};
    }
    struct now now = {.boot_ms = 1, .wall_ms = desk->world.recorded};
    assert_int_equal(work_open(&desk->work, desk->replica, &desk->world.arena, &desk->random, now),
                     FAULT_NONE);
    answer_init(&desk->answer, &desk->world.arena);
    assert_int_equal(work_run(&desk->work, &request, &desk->answer), FAULT_NONE);
    assert_int_equal(desk->answer.code, ANSWER_OK);
}

static struct cell cell_at(const struct desk *desk, size_t row, const char *column)
{
    const struct answer *answer = &desk->answer;
    assert_true(row < answer->row_count);
    for (size_t i = 0; i < answer->column_count; i++) {
        if (strcmp(answer->columns[i].name, column) == 0) {
            return answer->cells[row * answer->column_count + i];
        }
    }
    fail_msg("no column %s", column);
    return (struct cell){.type = CELL_NONE};
}

static const struct {
    const char *title, *group, *reason;
} wanted[] = {
    {"Late", "overdue", "Call Ann: the next step was due 2026-02-27"},
    {"Should be closed", "overdue", "the expected close has passed: 2026-02-20"},
    {"Now", "due-today", "Visit: due today"},
    {"Dear and mute", "stale", "no touch is known; this stage bears 14 days without"},
    {"Mute", "stale", "no touch is known; this stage bears 14 days without"},
    {"Bare", "no-next-step", "there is no next step"},
};

static void today_says_what_to_do_and_why(void **state)
{
    struct desk *desk = *state;
    run(desk, "today", (struct request){.width = 80}, false);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct str title = cell_at(desk, i, "title").text;
        struct str group = cell_at(desk, i, "group").text;
        struct str reason = cell_at(desk, i, "reason").text;
        if (!str_equal(title, str_from(wanted[i].title)) ||
            !str_equal(group, str_from(wanted[i].group)) ||
            !str_equal(reason, str_from(wanted[i].reason))) {
            fail_msg("row %zu is \"%.*s\" in %.*s because \"%.*s\"", i, STR_ARGS(title),
                     STR_ARGS(group), STR_ARGS(reason));
        }
    }
    assert_int_equal(desk->answer.row_count, sizeof wanted / sizeof wanted[0]);
}

static void a_group_is_named_once_for_people_and_always_for_scripts(void **state)
{
    struct desk *desk = *state;
    run(desk, "today", (struct request){.width = 80}, false);
    assert_true(str_equal(cell_at(desk, 0, "group").shown, STR("Overdue")));
    assert_int_equal(cell_at(desk, 1, "group").shown.n, 0);
    run(desk, "today", (struct request){.script = true}, false);
    assert_true(str_equal(cell_at(desk, 1, "group").shown, STR("Overdue")));
}

/* Lines of the text, and its widest one. */
static size_t lines_of(struct str text, size_t *widest)
{
    struct str line;
    size_t count = 0;
    *widest = 0;
    while (str_split(&text, '\n', &line)) {
        if (text_width(line) > *widest) *widest = text_width(line);
        count++;
    }
    return count;
}

static bool text_has(const struct desk *desk, const char *part)
{
    struct str text = desk->answer.text, wanted_part = str_from(part);
    for (size_t i = 0; i + wanted_part.n <= text.n; i++) {
        if (str_equal(str_slice(text, i, i + wanted_part.n), wanted_part)) return true;
    }
    return false;
}

static const struct {
    const char *claim;
    size_t width, height;
    bool all;
    const char *says, *says_not;
} boards[] = {
    {"without a terminal a lane has twelve cards", 100, 0, false, "… 18 more", "Crowd 17\n"},
    {"--all has them all", 100, 0, true, "Crowd 17", "more"},
    {"a high terminal has more", 100, 200, false, "Crowd 17", "more"},
    {"a low one has fewer", 100, 24, false, " more", NULL},
    {"a narrow one has lanes below each other", 40, 60, false, "Proposal", NULL},
    {"a tiny one still says how many there are", 20, 10, false, "… 30", NULL},
    {"what the stage is worth, and weighted", 100, 0, false, "weighted 0 EUR", NULL},
    {"what stands still", 100, 0, false, "5 quiet", NULL},
    {"what moves", 100, 0, false, "1 moved", NULL},
};

static void the_board_fits_what_it_is_drawn_into(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        struct request request = {.width = boards[i].width, .height = boards[i].height};
        run(desk, "board", request, boards[i].all);
        size_t widest, lines = lines_of(desk->answer.text, &widest);
        bool fits = widest <= boards[i].width;
        if (boards[i].height >= 24) fits = fits && lines < boards[i].height;
        if (!fits || !text_has(desk, boards[i].says) ||
            (boards[i].says_not && text_has(desk, boards[i].says_not))) {
            fail_msg("%s: %zu lines, %zu wide:\n%.*s", boards[i].claim, lines, widest,
                     STR_ARGS(desk->answer.text));
        }
    }
}

static void scripts_get_a_row_per_stage(void **state)
{
    struct desk *desk = *state;
    run(desk, "board", (struct request){.script = true, .machine = true}, false);
    assert_int_equal(desk->answer.shape, SHAPE_TABLE);
    assert_int_equal(desk->answer.row_count, 5);
    assert_true(str_equal(cell_at(desk, 1, "stage").text, STR("contact")));
    assert_true(str_equal(cell_at(desk, 1, "deals").text, STR("8")));
    assert_true(str_equal(cell_at(desk, 1, "value").text, STR("5700.00")));
    assert_true(str_equal(cell_at(desk, 1, "added").text, STR("0")));
    assert_int_equal(cell_at(desk, 2, "value").type, CELL_NONE);
    assert_true(str_equal(cell_at(desk, 3, "deals").text, STR("30")));
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
    const struct CMUnitTest tests[] = {
        CLAIM(today_says_what_to_do_and_why),
        CLAIM(a_group_is_named_once_for_people_and_always_for_scripts),
        CLAIM(the_board_fits_what_it_is_drawn_into),
        CLAIM(scripts_get_a_row_per_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
