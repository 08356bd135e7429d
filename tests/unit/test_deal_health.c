/* test_deal_health.c - claims about hot, slow, quiet, stale and overdue deals, each with its reason. */
#include "common/metrics/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/metrics_world.h"

static const int64_t DAY_MS = INT64_C(86400000);
enum { TODAY = 100 }; /* noon of that day is now */

/* The past in letters (metrics_world.h): Contact bears 7 quiet days and is expected to take 7,
 * Qualification 10 and 14, Proposal 14 and 21. Days; 0: none. */
struct row_of_health {
    const char *claim;
    const char *past;
    const char *is, *why; /* names in their order, with a blank behind each */
    const char *wins;     /* the past of won deals */
    int win_count;
    int due, close, touch, inbound, pushed, created;
    bool no_step, people, bulk, undone_push, pulled;
    int slow_days;
};

static const struct row_of_health rows[] = {
    {"touched yesterday, nothing else known", "C97", "cold ", "steady silent ", .touch = 99},
    {"a lead has no temperature and is never quiet", "L10", "", "", .touch = 11},
    {"a won deal is nothing", "C90 W95", "", "", .due = 90, .close = 90},
    {"one on ice is nothing", "C90 I95", "", "", .due = 90, .no_step = true},
    {"no next step is its own flag", "C97", "cold no-next-step ", "steady silent no-step ",
     .no_step = true, .touch = 99},
    {"a due date in the past is overdue", "C97", "cold overdue ", "steady silent step-overdue ",
     .due = 99, .touch = 99},
    {"due today is not overdue", "C97", "warm ", "step-soon steady ", .due = 100, .touch = 99},
    {"an expected close in the past is overdue", "C97", "cold overdue ",
     "steady silent close-overdue ", .close = 99, .touch = 99},

    {"quiet after the stage's quiet days", "Q88", "cold quiet stale ", "quiet steady silent ",
     .touch = 0},
    {"not quiet on the last of them", "Q90", "cold ", "steady silent ", .touch = 0},
    {"a call is a touch", "Q88", "cold ", "steady silent ", .touch = 90},
    {"a move by hand is a touch", "C80 Q91", "cold ", "steady silent ", .touch = 0},
    {"a move in bulk is none", "C80 Q91", "cold quiet stale ", "untouched steady silent ",
     .bulk = true},
    {"what was created since cannot be quiet", "Q91", "cold ", "steady silent ", .bulk = true,
     .created = 91},
    {"an undone move is none", "C80 Q95 U96", "cold slow quiet stale ",
     "slow-expected quiet steady silent ", .touch = 0},
    {"a step ahead suppresses it", "Q88", "cold ", "steady silent ", .due = 130},
    {"for 30 days at most", "Q88", "cold quiet stale ", "quiet steady silent ", .due = 131},

    {"slow by the expected days for want of wins", "C92", "cold slow stale ",
     "slow-expected steady silent ", .touch = 99},
    {"not on the last of them", "C93", "cold ", "steady silent ", .touch = 99},
    {"the stage's own days come first", "C92", "cold slow stale ", "slow-own slow-age steady silent ",
     "C0 W2", 25, .touch = 99, .slow_days = 5},
    {"and may be longer than usual", "C92", "warm ", "step-soon steady ", "C0 Q2 W60", 20,
     .touch = 99, .slow_days = 9, .due = 101},
    {"as long as half the won deals' visits is a point", "C92", "cold ", "brisk steady silent ",
     "C0 Q8 W60", 20, .touch = 99},
    {"beyond what three in four won deals took", "C97", "cold slow stale ",
     "slow-usual slow-age steady silent ", "C0 W2", 20, .touch = 99},
    {"nineteen wins are too few for that", "C97", "cold ", "steady silent ", "C0 W2", 19,
     .touch = 99},
    {"nothing suppresses slow", "C92", "warm slow stale ", "slow-expected step-soon steady ",
     .due = 105, .touch = 99},
    {"older than nine in ten won deals were", "C80 Q99", "cold slow stale ",
     "slow-age brisk steady silent ", "C0 Q10 W19", 20, .touch = 99},
    {"ice does not count", "C80 I81 T95", "cold ", "steady silent ", .touch = 99},

    {"five points are hot", "C99", "hot ", "step-soon inbound brisk steady decider ", "C0 W2", 10,
     .due = 101, .touch = 99, .inbound = 99, .people = true},
    {"four are hot, too", "C99", "hot ", "step-soon inbound steady decider ", .due = 101,
     .touch = 99, .inbound = 99, .people = true},
    {"overdue is never hot", "C99", "warm overdue ",
     "step-soon inbound steady decider close-overdue ", .due = 101, .close = 90, .touch = 99,
     .inbound = 99, .people = true},
    {"two are warm", "C97", "warm ", "inbound steady ", .touch = 99, .inbound = 86},
    {"their word is old after 14 days", "C97", "cold ", "steady silent ", .touch = 99,
     .inbound = 85},
    {"three points without step and word are cold", "C99", "cold ",
     "brisk steady decider silent ", "C0 W2", 10, .touch = 99, .people = true},
    {"nine wins are too few for brisk", "C99", "cold ", "steady decider silent ", "C0 W2", 9,
     .touch = 99, .people = true},
    {"a push takes a point", "C97", "cold ", "step-soon ", .due = 107, .touch = 99, .pushed = 75},
    {"for 30 days", "C97", "warm ", "step-soon steady ", .due = 107, .touch = 99, .pushed = 69},
    {"an undone push takes none", "C97", "warm ", "step-soon steady ", .due = 107, .touch = 99,
     .pushed = 98, .undone_push = true},
    {"pulled in is not pushed", "C97", "warm ", "step-soon steady ", .due = 107, .touch = 99,
     .pushed = 98, .pulled = true},
    {"a step in 8 days is not soon", "C97", "cold ", "steady silent ", .due = 108, .touch = 99},
};

static struct optional day(int n)
{
    return (struct optional){n != 0, n * DAY_MS + DAY_MS / 2};
}

static struct event *event_add(struct past_world *past)
{
    size_t n = past->count++;
    assert_true(n < PAST_EVENTS_MAX);
    past->rows[n] = (struct row){.kind = ENTITY_EVENT, .seq = n + 1, .entity = &past->events[n]};
    past->events[n].what = EVENT_FIELD;
    past->events[n].field = STR("expected_close");
    past->events[n].mutation.b[0] = (uint8_t)(n + 1);
    return &past->events[n];
}

static void past_make(const struct row_of_health *row, struct past_world *past)
{
    static struct str people[] = {STR_INIT("people")};
    past_write(past, row->past, 100);
    struct deal *deal = &past->deal;
    if (row->pushed) {
        struct event *event = event_add(past);
        event->from_value = row->pulled ? STR("2027-05-01") : STR("2027-04-30");
        event->to_value = row->pulled ? STR("2027-04-30") : STR("2027-05-01");
        event->happened_at = day(row->pushed);
        if (row->undone_push) {
            struct event *undo = event_add(past);
            undo->from_value = event->to_value;
            undo->to_value = event->from_value;
            undo->happened_at = event->happened_at;
            undo->undoes = event->mutation;
        }
    }
    for (size_t i = 0; i < past->count; i++) {
        past->events[i].who.b[15] = 1;
        if (row->bulk) past->events[i].batch.b[15] = 1;
    }
    deal->created_at = day(row->created);
    if (!row->no_step) deal->next_step = STR("Call");
    if (row->due) deal->due = (struct optional){true, row->due};
    if (row->close) deal->expected_close = (struct optional){true, row->close};
    if (row->people) deal->checks = (struct text_set){people, 1};
}

static struct health_norms *norms_kept(struct arena *arena, const struct definition *definition,
                                       const struct health_norms *norms)
{
    struct health_norms *kept;
    struct buffer packed;
    buffer_init(&packed, 1 << 16);
    assert_int_equal(health_norms_pack(norms, 7, &packed), FAULT_NONE);
    assert_int_equal(health_norms_create(arena, definition, &kept), FAULT_NONE);
    assert_false(health_norms_unpack(kept, 8, buffer_str(&packed)));
    struct str cut = str_slice(buffer_str(&packed), 0, buffer_str(&packed).n - 1);
    assert_false(health_norms_unpack(kept, 7, cut));
    assert_true(health_norms_unpack(kept, 7, buffer_str(&packed)));
    buffer_finish(&packed);
    return kept;
}

static void judge(const struct row_of_health *row, struct health *health)
{
    struct arena arena;
    struct health_norms *norms;
    struct past_world past;
    struct touches touches = {.last = {false, 0}};
    arena_init(&arena, 1 << 20);
    struct question q = question_about(&arena, REPORT_FUNNEL, 0, TODAY);
    for (size_t i = 0; i < q.definition->pipelines[0].stage_count; i++)
        q.definition->pipelines[0].stages[i].slow_days = row->slow_days;
    assert_int_equal(health_norms_create(&arena, q.definition, &norms), FAULT_NONE);
    for (int i = 0; i < row->win_count; i++) {
        past_write(&past, row->wins, 100);
        assert_int_equal(health_norms_feed(norms, &past.deal, past.rows, past.count), FAULT_NONE);
    }
    past_write(&past, "C0 X99", 100); /* a lost one is no norm */
    assert_int_equal(health_norms_feed(norms, &past.deal, past.rows, past.count), FAULT_NONE);
    health_norms_finish(norms);
    past_make(row, &past);
    int64_t now = TODAY * DAY_MS + DAY_MS / 2;
    struct activity call = {.type = ACTIVITY_CALL, .happened_at = day(row->touch)};
    struct activity mail = {.type = ACTIVITY_MAIL_IN, .happened_at = day(row->inbound)};
    touches_add(&touches, &call, now);
    touches_add(&touches, &mail, now);
    struct health_question question = {.today = TODAY, .now_ms = now};
    assert_int_equal(health_judge(norms, &question, &past.deal, past.rows, past.count, &touches,
                                  health),
                     FAULT_NONE);
    /* Norms that were kept judge the same. */
    struct health again;
    struct health_norms *kept = norms_kept(&arena, q.definition, norms);
    assert_int_equal(health_judge(kept, &question, &past.deal, past.rows, past.count, &touches,
                                  &again),
                     FAULT_NONE);
    assert_int_equal(again.is, health->is);
    assert_int_equal(again.why, health->why);
    arena_finish(&arena);
}

static void deals_are_judged(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health health;
        char is[200] = "", why[400] = "";
        judge(&rows[i], &health);
        for (int k = 0; k < IS_COUNT; k++) {
            if (!(health.is >> k & 1)) continue;
            strcat(is, deal_is_name((enum deal_is)k));
            strcat(is, " ");
        }
        for (int k = 0; k < HEALTH_REASON_COUNT; k++) {
            if (!(health.why >> k & 1)) continue;
            strcat(why, health_reason_name((enum health_reason)k));
            strcat(why, " ");
        }
        if (strcmp(is, rows[i].is) == 0 && strcmp(why, rows[i].why) == 0) continue;
        print_error("%s: it is \"%s\" because \"%s\"\n", rows[i].claim, is, why);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < HEALTH_REASON_COUNT; i++) {
        assert_true(strlen(health_reason_name((enum health_reason)i)) > 0);
        assert_true(strlen(health_reason_sentence((enum health_reason)i)) > 0);
    }
}

static void the_future_is_no_touch(void **state)
{
    (void)state;
    struct touches touches = {.last = {false, 0}};
    struct activity call = {.type = ACTIVITY_CALL, .happened_at = day(TODAY + 1)};
    touches_add(&touches, &call, TODAY * DAY_MS);
    assert_false(touches.last.has);
}

static void the_mark_is_of_won_deals_and_definition(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct question q = question_about(&arena, REPORT_FUNNEL, 0, TODAY);
    struct definition later = *q.definition;
    later.version++;
    uint64_t mark = health_norms_mark(q.definition, 1);
    assert_true(mark == health_norms_mark(q.definition, 1));
    assert_true(mark != health_norms_mark(q.definition, 2));
    assert_true(mark != health_norms_mark(&later, 1));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_are_judged),
        cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
        cmocka_unit_test(the_future_is_no_touch),
        cmocka_unit_test(the_mark_is_of_won_deals_and_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
