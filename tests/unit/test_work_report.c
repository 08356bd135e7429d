/* test_work_report.c - claims about `sluice report` and about the histories `sluice export` gives, over a
 * copy in memory of a team of two reps. */
#include "client/verbs/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/support/metrics_world.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

static const int64_t DAY_MS = INT64_C(86400000);
enum { JANUARY = 20454 /* 2026-01-01; now is 2026-03-02 */ };

/* Days count from 2026-01-01; see metrics_world.h. */
static const struct {
    const char *name, *owner, *past;
    int64_t value;
} deals[] = {
    {"roof", "rep", "L0 C1 Q3 P5 W11", 10000},
    {"barn", "rep", "C1 Q2 X8", 30000},
    {"shed", "other", "C2 P4 W6", 20000},
    {"door", "other", "C3", 5000},
    {"gate", "other", "C-60 W-30", 70000},
};

static const struct {
    const char *name, *fields;
} activities[] = {
    {"one", "type=call;deal=roof;member=rep;happened_at=-40"},
    {"two", "type=meeting;deal=roof;member=other;happened_at=-40"},
    {"old", "type=call;deal=roof;member=rep;happened_at=-90"},
};

struct desk {
    struct rule_world world;
    struct replica *replica;
    struct random random;
    struct work work;
    struct answer answer;
};

static void deal_put(struct desk *desk, const char *name, const char *owner, const char *text,
                     int64_t value)
{
    struct past_world past;
    past_write(&past, text, value);
    struct deal *deal = &past.deal;
    deal->id = world_id(name);
    deal->title = str_from(name);
    deal->owner = world_id(owner);
    if (deal->closed_at.has) deal->closed_at.v += JANUARY * DAY_MS;
    assert_int_equal(desk->replica->f->begin(desk->replica), FAULT_NONE);
    struct packed_row row = world_row(&desk->world, ENTITY_DEAL, deal->id, 2, 0, deal);
    assert_int_equal(desk->replica->f->put_row(desk->replica, 1, &row), FAULT_NONE);
    for (size_t k = 0; k < past.count; k++) {
        struct event *event = &past.events[k];
        event->subject = deal->id;
        event->owner = event->who = deal->owner;
        event->happened_at.v += JANUARY * DAY_MS;
        event->recorded_at.v += JANUARY * DAY_MS;
        row = world_row(&desk->world, ENTITY_EVENT, deal->id, k + 2, 0, event);
        assert_int_equal(desk->replica->f->put_row(desk->replica, 1, &row), FAULT_NONE);
    }
    assert_int_equal(desk->replica->f->commit(desk->replica), FAULT_NONE);
}

static int desk_open(void **state)
{
    static struct desk desk;
    memset(&desk, 0, sizeof desk);
    world_init(&desk.world);
    for (size_t i = 0; i < sizeof activities / sizeof activities[0]; i++) {
        world_put(&desk.world, ENTITY_ACTIVITY, activities[i].name, activities[i].fields);
    }
    desk.replica = replica_memory_open();
    world_fill(&desk.world, desk.replica, "rep");
    for (size_t i = 0; i < sizeof deals / sizeof deals[0]; i++) {
        deal_put(&desk, deals[i].name, deals[i].owner, deals[i].past, deals[i].value);
    }
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

/* Runs a verb: its argument, then pairs of option and value, separated by '|'. */
static int run_verb(struct desk *desk, const char *verb, const char *words)
{
    struct request request = {.width = 80, .machine = strcmp(verb, "export") == 0};
    struct str rest = str_from(words), part;
    for (size_t i = 0; i < verb_count; i++) {
        if (!verbs[i].noun && strcmp(verbs[i].name, verb) == 0) request.verb = &verbs[i];
    }
    assert_non_null(request.verb);
    assert_true(str_split(&rest, '|', &request.arguments[request.argument_count++]));
    while (str_split(&rest, '|', &part)) {
        const struct option *option = verb_option(request.verb, part);
        struct str value = STR_NONE;
        assert_non_null(option);
        if (option->value) assert_true(str_split(&rest, '|', &value));
        request.options[request.option_count++] = (struct request_option){option, value};
    }
    struct now now = {.boot_ms = 1, .wall_ms = desk->world.recorded};
    assert_int_equal(work_open(&desk->work, desk->replica, &desk->world.arena, &desk->random, now),
                     FAULT_NONE);
    answer_init(&desk->answer, &desk->world.arena);
    assert_int_equal(work_run(&desk->work, &request, &desk->answer), FAULT_NONE);
    return (int)desk->answer.code;
}

static int run(struct desk *desk, const char *words)
{
    return run_verb(desk, "report", words);
}

static void assert_cell(const struct desk *desk, size_t row, const char *name, const char *wanted)
{
    const struct answer *answer = &desk->answer;
    assert_true(row < answer->row_count);
    for (size_t i = 0; i < answer->column_count; i++) {
        if (strcmp(answer->columns[i].name, name) != 0) continue;
        struct str text = answer->cells[row * answer->column_count + i].text;
        if (!str_equal(text, str_from(wanted)) && !(text.n == 0 && !*wanted)) {
            fail_msg("%s of row %zu is \"%.*s\", not \"%s\"", name, row, STR_ARGS(text), wanted);
        }
        return;
    }
    fail_msg("no column %s", name);
}

static const struct {
    const char *claim, *words;
    size_t rows, row;
    const char *column, *wanted;
} rows[] = {
    {"this quarter is the period if none is said", "winrate", 1, 0, "won", "2"},
    {"the win rate is two of three", "winrate", 1, 0, "win_rate", "66.67"},
    {"money is decimal text", "winrate", 1, 0, "won_value", "300.00"},
    {"by value it is half", "winrate", 1, 0, "win_rate_value", "50.00"},
    {"all of time has the older win too", "winrate|period|all", 1, 0, "won", "3"},
    {"a month before everything has none, which is not 0", "winrate|period|2020-01", 1, 0,
     "win_rate", ""},
    {"one owner's only", "winrate|owner|Rep", 1, 0, "win_rate", "50.00"},
    {"rows by owner, and the total", "winrate|by|owner", 3, 2, "won", "2"},
    {"rows by month are in order", "winrate|period|all|by|month", 3, 0, "group", "2025-12"},
    {"a pipeline without deals", "winrate|pipeline|renewal", 1, 0, "won", "0"},
    {"best won value first", "reps", 3, 0, "owner", "Other"},
    {"the second has rank two", "reps", 3, 1, "rank", "2"},
    {"open deals are the owner's", "reps", 3, 0, "open", "1"},
    {"calls of the period only", "reps", 3, 1, "calls", "1"},
    {"a meeting is theirs who held it", "reps", 3, 0, "meetings", "1"},
    {"the total has every activity once", "reps", 3, 2, "calls", "1"},
    {"a cycle begins in the first proper stage", "reps", 3, 1, "cycle_mean", "10.0"},
    {"four deals entered contact", "funnel", 4, 0, "entered", "4"},
    {"skipping implies the stage", "funnel", 4, 1, "entered", "3"},
    {"three of four went on, so far", "funnel", 4, 0, "conversion", "75.00"},
    {"it says that it may still change", "funnel", 4, 0, "so_far", "true"},
    {"nothing is running behind it", "funnel", 4, 2, "so_far", "false"},
    {"the stage it was lost from", "funnel", 4, 1, "lost_in_period", "1"},
    {"in a currency nothing is valued in, nothing is summed", "winrate|currency|USD", 1, 0,
     "won_value", "0.00"},
    {"though it is counted", "winrate|currency|USD", 1, 0, "won", "2"},
    {"time is of completed visits", "funnel", 4, 2, "time_mean", "4.0"},
};

static void reports_have_these_figures(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].claim);
        assert_int_equal(run(desk, rows[i].words), ANSWER_OK);
        assert_int_equal(desk->answer.row_count, rows[i].rows);
        assert_cell(desk, rows[i].row, rows[i].column, rows[i].wanted);
    }
}

static const struct {
    const char *claim, *words;
    size_t rows;
    const char *first; /* title */
} lists[] = {
    {"won ones, open ones first, then the last closed", "winrate|deals|won", 2, "roof"},
    {"a rate is of won and lost", "winrate|deals|win-rate", 3, "roof"},
    {"of one row", "reps|deals|Other:won", 1, "shed"},
    {"of a stage by its key", "funnel|deals|qualification:failed", 1, "barn"},
    {"or by its name", "funnel|deals|Qualification:lost_in_period", 1, "barn"},
    {"a deal counts in many stages and is listed once", "funnel|deals|entered", 4, "door"},
    {"what was left out", "winrate|currency|USD|deals|other-currency", 3, "roof"},
};

static void each_figure_lists_its_deals(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        print_message("%s\n", lists[i].claim);
        assert_int_equal(run(desk, lists[i].words), ANSWER_OK);
        assert_int_equal(desk->answer.row_count, lists[i].rows);
        assert_cell(desk, 0, "title", lists[i].first);
    }
}

static const struct {
    const char *claim, *words;
    int code;
} mistakes[] = {
    {"an unknown report is a usage error", "winrat", ANSWER_USAGE},
    {"a period must be one", "reps|period|someday", ANSWER_USAGE},
    {"an unknown pipeline is not found", "funnel|pipeline|moon", ANSWER_NOT_FOUND},
    {"an unknown member is not found", "reps|owner|nobody", ANSWER_NOT_FOUND},
    {"a grouping must be one", "winrate|by|colour", ANSWER_USAGE},
    {"a currency must be one", "reps|currency|gold", ANSWER_USAGE},
    {"a figure must have deals behind it", "reps|deals|calls", ANSWER_USAGE},
    {"a row must be there", "reps|deals|Nobody:won", ANSWER_NOT_FOUND},
    {"only winrate has groupings", "reps|by|owner", ANSWER_USAGE},
};

static void mistakes_are_told(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        print_message("%s\n", mistakes[i].claim);
        assert_int_equal(run(desk, mistakes[i].words), mistakes[i].code);
        assert_int_equal(desk->answer.note_count, 1);
        assert_int_equal(desk->answer.row_count, 0);
    }
}

static bool notes_tell(const struct desk *desk, const char *sentence)
{
    for (size_t i = 0; i < desk->answer.note_count; i++) {
        if (strcmp(desk->answer.notes[i].sentence, sentence) == 0) return true;
    }
    return false;
}

static void what_it_is_about_stands_before_rows_and_totals(void **state)
{
    static const char *const wanted[] = {"winrate", "2026-01-01..2026-03-31", "", "EUR",
                                         "2026-03-02T12:00:00.000Z"};
    struct desk *desk = *state;
    assert_int_equal(run(desk, "winrate"), ANSWER_OK);
    assert_true(desk->answer.totals);
    assert_int_equal(desk->answer.about_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(str_equal(desk->answer.about[i].text, str_from(wanted[i])) || !*wanted[i]);
    }
    assert_int_equal(run(desk, "funnel"), ANSWER_OK);
    assert_false(desk->answer.totals);
    assert_true(str_equal(desk->answer.about[2].text, STR("sales")));
}

static void thin_data_and_lacks_are_said(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(run(desk, "winrate"), ANSWER_OK);
    assert_true(notes_tell(desk, "only {count} deals: too few to say much"));
    assert_false(notes_tell(desk, "n/a: {reason}"));
    assert_int_equal(run(desk, "winrate|period|2020-01"), ANSWER_OK);
    assert_true(notes_tell(desk, "n/a: {reason}"));
}

static void explain_has_a_sentence_for_every_column(void **state)
{
    static const char *const reports[] = {"winrate|explain", "reps|explain", "funnel|explain"};
    struct desk *desk = *state;
    for (size_t i = 0; i < 3; i++) {
        size_t explained = 0;
        assert_int_equal(run(desk, reports[i]), ANSWER_OK);
        for (size_t k = 0; k < desk->answer.note_count; k++) {
            if (desk->answer.notes[k].role == NOTE_RESULT) explained++;
        }
        /* All but key, so_far and the group's, owner's or stage's name (which may have one, too);
         * one more for the report itself. */
        assert_true(explained >= desk->answer.column_count - 3);
    }
}

/* What is exported is what the reports count, or another team would have other figures. */
static const struct {
    const char *claim, *past, *history;
} exports[] = {
    {"moves and an end", "C1 Q2 W3", "contact@2 qualification@3 won@4"},
    {"an undone win is no win", "C1 Q2 W3 U4", "contact@2 qualification@3"},
    {"an undone undo gives it back", "C1 Q2 W3 U4 U5", "contact@2 qualification@3 won@4"},
    {"a deleted life is none", "C1 Q2 X3 Z4 C5 Q7", "contact@6 qualification@8"},
    {"unless that was taken back", "C1 Q2 Z4 U5 X7", "contact@2 qualification@3 lost@8"},
    {"ice and thawing", "C1 I2 T4", "contact@2 contact:iced@3 contact@5"},
    {"what is not known stays so", "C? X4", "contact@? lost@5"},
};

/* "contact@2" for "contact@2026-01-02T12:00:00.000Z" */
static struct str history_short(struct arena *arena, struct str history)
{
    struct str out = STR(""), word;
    while (str_split(&history, ' ', &word)) {
        size_t at = str_find(word, '@');
        struct str day = str_slice(word, at + 1, word.n);
        if (day.n == 24) day = str_slice(day, day.p[8] == '0' ? 9 : 8, 10);
        out = arena_format(arena, "%.*s%s%.*s@%.*s", STR_ARGS(out), out.n ? " " : "",
                           STR_ARGS(str_slice(word, 0, at)), STR_ARGS(day));
    }
    return out;
}

static void exported_history_is_what_counts(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof exports / sizeof exports[0]; i++) {
        deal_put(desk, "mill", "rep", exports[i].past, 100);
        assert_int_equal(run_verb(desk, "export", "deals"), 0);
        const struct answer *answer = &desk->answer;
        size_t last = answer->column_count - 1;
        assert_string_equal(answer->columns[last].name, "history");
        struct str history = STR_NONE;
        for (size_t row = 0; row < answer->row_count; row++) {
            const struct cell *cells = &answer->cells[row * answer->column_count];
            for (size_t c = 0; c < last; c++) {
                if (strcmp(answer->columns[c].name, "title") != 0) continue;
                if (str_equal(cells[c].text, STR("mill"))) history = cells[last].text;
            }
        }
        history = history_short(&desk->world.arena, history);
        if (!str_equal(history, str_from(exports[i].history))) {
            fail_msg("%s: %.*s, not %s", exports[i].claim, STR_ARGS(history), exports[i].history);
        }
        desk_close(state);
        desk_open(state);
        desk = *state;
    }
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)
    const struct CMUnitTest tests[] = {
        CLAIM(reports_have_these_figures),
        CLAIM(each_figure_lists_its_deals),
        CLAIM(mistakes_are_told),
        CLAIM(what_it_is_about_stands_before_rows_and_totals),
        CLAIM(thin_data_and_lacks_are_said),
        CLAIM(explain_has_a_sentence_for_every_column),
        CLAIM(exported_history_is_what_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
