/* replica_contract_events.c - what happened: in order, of open deals, of won ones. */
#include "tests/contract/replica_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

void events_come_in_order_predicted_ones_last(void **state)
{
    struct bench *b = *state;
    struct event event = {
        .subject = world_id("roof"), .subject_kind = ENTITY_DEAL, .what = EVENT_FIELD};
    const char *texts[] = {"a", "b", "c", "d", "e"};
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    struct event events[5];
    for (size_t i = 0; i < 5; i++) {
        events[i] = event;
        events[i].to_value = str_from(texts[i]);
    }
    put(b, 1, ENTITY_EVENT, "roof", 4, 1, &events[2]);
    put(b, 1, ENTITY_EVENT, "roof", 4, 0, &events[1]);
    put(b, 1, ENTITY_EVENT, "roof", 3, 7, &events[0]);
    show(b, ENTITY_EVENT, "roof", 0x2000, &events[4]);
    show(b, ENTITY_EVENT, "roof", 0x1000, &events[3]);
    event.subject = world_id("acme");
    event.subject_kind = ENTITY_ORGANISATION;
    put(b, 1, ENTITY_EVENT, "acme", 4, 0, &event);
    event.subject = world_id("cellar");
    event.subject_kind = ENTITY_DEAL;
    show(b, ENTITY_EVENT, "cellar", 0, &event);
    bench_commit(b);
    const struct event **found = NULL;
    uint64_t *seqs = NULL;
    size_t count = 0;
    const uint64_t expected[] = {3, 4, 4, 0, 0};
    ok(b->replica->f->events(b->replica, &b->world.arena, world_id("roof"), &found, &seqs,
                             &count));
    assert_int_equal(count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(str_equal(found[i]->to_value, str_from(texts[i])));
        assert_int_equal(seqs[i], expected[i]);
    }
    ok(b->replica->f->events(b->replica, &b->world.arena, (struct uuid){{0}}, &found, &seqs,
                             &count));
    assert_int_equal(count, 6); /* of deals only, each deal's together */
    size_t changes = 0;
    for (size_t i = 1; i < count; i++)
        changes += !uuid_equal(found[i]->subject, found[i - 1]->subject);
    assert_int_equal(changes, 1);
}

static void open_events_are_of(struct bench *b, const char *one, const char *other)
{
    const struct event **found = NULL;
    size_t count = 0;
    ok(b->replica->f->events_open(b->replica, &b->world.arena, &found, &count));
    assert_int_equal(count, 6);
    for (size_t i = 0; i < count; i++) {
        assert_true(uuid_equal(found[i]->subject, world_id(one)) ||
                    uuid_equal(found[i]->subject, world_id(other)));
    }
}

void events_of_open_and_of_won_deals(void **state)
{
    static const struct {
        const char *name, *fields, *shown; /* shown: by a change that waits */
    } deals[] = {{"roof", "status=open", NULL}, {"barn", "stage=won;status=won", NULL},
                 {"shed", "status=open", "stage=lost;status=lost"},
                 {"mill", "stage=lost;status=lost", "status=open"}};
    struct bench *b = *state;
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    for (size_t i = 0; i < 4; i++) {
        const struct deal *deal = world_deal(&b->world, deals[i].name, deals[i].fields);
        struct event event = {.subject = world_id(deals[i].name),
                              .subject_kind = ENTITY_DEAL,
                              .what = EVENT_STAGE};
        put(b, 1, ENTITY_EVENT, deals[i].name, 3, 0, &event); /* before and after its deal */
        put(b, 1, ENTITY_DEAL, deals[i].name, 3, 0, deal);
        put(b, 1, ENTITY_EVENT, deals[i].name, 2, 0, &event);
        show(b, ENTITY_EVENT, deals[i].name, 0x1000, &event);
        if (!deals[i].shown) continue;
        show(b, ENTITY_DEAL, deals[i].name, 0,
             world_deal(&b->world, deals[i].name, deals[i].shown));
    }
    bench_commit(b);
    open_events_are_of(b, "roof", "mill");
    const struct event **events = NULL;
    const struct deal **won = NULL;
    struct deal_filter filter = {.won = true};
    size_t count = 0, event_count = 0;
    ok(b->replica->f->deals(b->replica, &b->world.arena, &filter, &won, &count));
    ok(b->replica->f->events_won(b->replica, &b->world.arena, &events, &event_count));
    assert_int_equal(count, 1);
    assert_int_equal(event_count, 3);
    assert_true(uuid_equal(won[0]->id, world_id("barn")));
    assert_true(uuid_equal(events[2]->subject, world_id("barn")));
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "roof", 4, 0, world_deal(&b->world, "roof", deals[1].fields));
    put(b, 1, ENTITY_DEAL, "barn", 4, 0, world_deal(&b->world, "barn", deals[0].fields));
    bench_commit(b);
    open_events_are_of(b, "barn", "mill");
}

static uint64_t won_mark(struct bench *b)
{
    uint64_t mark = 0;
    ok(b->replica->f->won_mark(b->replica, &mark));
    return mark;
}

/* What changes the won deals that people see makes another mark; reading does not. */
void the_won_deals_have_a_mark(void **state)
{
    struct bench *b = *state;
    struct deal *open = world_deal(&b->world, "barn", "status=open");
    struct deal *won = world_deal(&b->world, "barn", "stage=won;status=won");
    struct deal *lost = world_deal(&b->world, "barn", "stage=lost;status=lost");
    world_fill(&b->world, b->replica, "rep");
    const struct {
        const struct deal *server, *shown; /* both NULL: the overlay goes */
    } steps[] = {{open, NULL}, {won, NULL}, {NULL, open}, {NULL, NULL},
                 {lost, NULL}, {NULL, won}, {NULL, NULL}};
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bench_begin(b);
        if (steps[i].server) put(b, 1, ENTITY_DEAL, "barn", 3 + i, 0, steps[i].server);
        else if (steps[i].shown) show(b, ENTITY_DEAL, "barn", 0, steps[i].shown);
        else ok(b->replica->f->shown_drop(b->replica, ENTITY_DEAL, world_id("barn")));
        bench_commit(b);
        if (i > 0) assert_true(won_mark(b) != before);
        before = won_mark(b);
        assert_true(won_mark(b) == before);
    }
}
