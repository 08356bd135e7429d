/* replica_contract_past.c - open deals are judged by what the copy has abridged of their past: the same
 * as by all of it, whatever came in whatever order, and whatever waits to be sent. */
#include "tests/contract/replica_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/random.h"
#include "common/metrics/abridged.h"
#include "common/metrics/health.h"

enum { WORLDS = 12, STEPS = 60, DEALS = 4, EVENTS_MAX = 1024 };

static const int64_t DAY_MS = INT64_C(86400000);

/* --- something happens --- */

struct chance {
    struct bench *bench;
    struct random random;
    uint64_t generation;
};

static bool one_in(struct chance *c, uint64_t n)
{
    return random_below(&c->random, n) == 0;
}

static struct uuid deal_id_of(uint64_t i)
{
    return (struct uuid){{7, (uint8_t)i}};
}

static struct uuid any_deal(struct chance *c)
{
    return deal_id_of(random_below(&c->random, DEALS));
}

/* Of few, so that one undoes another. */
static struct uuid any_mutation(struct chance *c)
{
    return (struct uuid){{9, (uint8_t)random_below(&c->random, 6)}};
}

static struct deal *deal_make(struct chance *c)
{
    static const char *const stands[] = {"status=open", "status=open", "stage=won;status=won",
                                         "stage=lost;status=lost"};
    struct deal *deal =
        world_deal(&c->bench->world, "roof", stands[random_below(&c->random, 4)]);
    deal->id = any_deal(c);
    return deal;
}

static struct event event_make(struct chance *c, struct uuid deal)
{
    static const struct str fields[] = {STR_INIT("next_step"), STR_INIT("due"), STR_INIT("title"),
                                        STR_INIT("expected_close"), STR_INIT("value")};
    static const struct str dates[] = {STR_INIT("2026-01-31"), STR_INIT("2026-02-01"),
                                       STR_INIT("2027-01-01"), STR_INIT("")};
    static const int64_t whats[] = {EVENT_CREATED, EVENT_STAGE, EVENT_STAGE, EVENT_IMPORTED,
                                    EVENT_FIELD,   EVENT_FIELD, EVENT_FIELD, EVENT_FIELD};
    const struct pipeline *pipeline = &c->bench->world.definition.pipelines[0];
    struct event event = {.subject = deal, .subject_kind = ENTITY_DEAL};
    event.what = one_in(c, 40) ? EVENT_DELETED : whats[random_below(&c->random, 8)];
    event.mutation = any_mutation(c);
    if (one_in(c, 4)) event.undoes = any_mutation(c);
    if (one_in(c, 4)) event.batch = world_id("batch");
    if (!one_in(c, 4)) event.who = world_id("rep");
    int64_t ago = (int64_t)random_below(&c->random, 60);
    event.happened_at = (struct optional){!one_in(c, 5), c->bench->world.recorded - ago * DAY_MS};
    if (event.what == EVENT_FIELD) {
        event.field = fields[random_below(&c->random, 5)];
        event.from_value = dates[random_below(&c->random, 4)];
        event.to_value = dates[random_below(&c->random, 4)];
    } else {
        if (!one_in(c, 3)) event.pipeline = pipeline->key;
        event.to_stage = pipeline->stages[random_below(&c->random, pipeline->stage_count)].key;
        event.to_status = (int64_t)random_below(&c->random, 6);
    }
    return event;
}

static void chance_put(struct chance *c, enum entity_kind kind, struct uuid id, uint32_t n,
                       const void *entity)
{
    struct packed_row row = world_row(&c->bench->world, kind, id,
                                      1 + random_below(&c->random, 40), n, entity);
    ok(c->bench->replica->f->put_row(c->bench->replica, c->generation, &row));
}

static void chance_show(struct chance *c, enum entity_kind kind, struct uuid id, uint32_t n,
                        const void *entity)
{
    struct row row = {.kind = kind, .id = id, .n = n, .entity = entity};
    ok(c->bench->replica->f->shown_put(c->bench->replica, &row));
}

/* Another generation is shown, of which little is known yet. */
static void generation_next(struct chance *c)
{
    struct replica *replica = c->bench->replica;
    struct identity identity;
    ok(replica->f->identity_load(replica, &c->bench->world.arena, &identity));
    identity.generation = ++c->generation;
    for (int i = 0; i < 10; i++) {
        struct event event = event_make(c, any_deal(c));
        struct deal *deal = deal_make(c);
        if (i % 2) chance_put(c, ENTITY_DEAL, deal->id, 0, deal);
        else chance_put(c, ENTITY_EVENT, event.subject, 0, &event);
    }
    ok(replica->f->identity_store(replica, &identity));
    ok(replica->f->keep_generation(replica, identity.generation));
}

static void step(struct chance *c)
{
    struct replica *replica = c->bench->replica;
    struct deal *deal = deal_make(c);
    struct event event = event_make(c, any_deal(c));
    uint32_t n = (uint32_t)random_below(&c->random, 3);
    uint64_t what = random_below(&c->random, 40);
    if (what < 18) chance_put(c, ENTITY_EVENT, event.subject, n, one_in(c, 8) ? NULL : &event);
    else if (what < 26) chance_put(c, ENTITY_DEAL, deal->id, 0, one_in(c, 6) ? NULL : deal);
    else if (what < 32) chance_show(c, ENTITY_EVENT, event.subject, 0x1000 + n, &event);
    else if (what < 36) chance_show(c, ENTITY_DEAL, deal->id, 0, one_in(c, 4) ? NULL : deal);
    else if (what < 38) ok(replica->f->shown_drop(replica, ENTITY_DEAL, any_deal(c)));
    else if (what < 39) ok(replica->f->shown_clear(replica));
    else generation_next(c);
}

/* --- and is judged --- */

struct told {
    const struct event **events;
    size_t count;
};

/* Of that deal, among those of all. */
static struct told told_of(const struct told *all, struct uuid deal)
{
    size_t from = 0, to;
    while (from < all->count && !uuid_equal(all->events[from]->subject, deal)) from++;
    for (to = from; to < all->count && uuid_equal(all->events[to]->subject, deal);) to++;
    return (struct told){all->events + from, to - from};
}

static struct health judged(struct bench *b, const struct deal *deal, const struct told *told)
{
    static const struct touches untouched;
    struct row rows[EVENTS_MAX];
    struct health_norms *norms;
    struct health health;
    struct health_question question = {.today = b->world.recorded / DAY_MS,
                                       .now_ms = b->world.recorded};
    assert_true(told->count <= EVENTS_MAX);
    for (size_t i = 0; i < told->count; i++) {
        rows[i] = (struct row){.kind = ENTITY_EVENT, .seq = i + 1, .entity = told->events[i]};
    }
    ok(health_norms_create(&b->world.arena, &b->world.definition, &norms));
    health_norms_finish(norms);
    ok(health_judge(norms, &question, deal, rows, told->count, &untouched, &health));
    return health;
}

static void assert_same(struct optional a, struct optional b)
{
    assert_int_equal(a.has, b.has);
    if (a.has) assert_int_equal(a.v, b.v);
}

static void assert_judged_alike(struct bench *b, const struct deal *deal, const struct told *all,
                                const struct told *abridged)
{
    struct health by_all = judged(b, deal, all), by_abridged = judged(b, deal, abridged);
    assert_int_equal(by_all.is, by_abridged.is);
    assert_int_equal(by_all.why, by_abridged.why);
    assert_same(by_all.last_touch, by_abridged.last_touch);
    assert_same(by_all.stage_ms, by_abridged.stage_ms);
    assert_same(by_all.bears_ms, by_abridged.bears_ms);
    assert_same(by_all.age_ms, by_abridged.age_ms);
    assert_same(by_all.cycle_ms, by_abridged.cycle_ms);
    assert_int_equal(by_all.quiet_days, by_abridged.quiet_days);
}

/* What is kept of each event, one behind the other. */
static void kept_of(const struct told *told, struct buffer *out, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < told->count; i++) {
        if (!abridged_keeps(told->events[i])) continue;
        abridged_append(out, 0, 0, told->events[i]);
        (*count)++;
    }
    ok(buffer_fault(out));
}

/* How many are open. */
static size_t assert_past(struct bench *b)
{
    struct replica *replica = b->replica;
    struct told all, open;
    uint64_t *seqs;
    size_t found = 0, of_found = 0;
    ok(replica->f->events(replica, &b->world.arena, (struct uuid){{0}}, &all.events, &seqs,
                          &all.count));
    ok(replica->f->events_open(replica, &b->world.arena, &open.events, &open.count));
    for (uint64_t i = 0; i < DEALS; i++) {
        const void *entity = NULL;
        struct uuid id = deal_id_of(i);
        struct told of_all = told_of(&all, id), of_open = told_of(&open, id);
        struct buffer expected, kept;
        size_t expected_count, kept_count;
        enum fault fault =
            replica->f->entity(replica, &b->world.arena, ENTITY_DEAL, id, false, &entity);
        if (fault == FAULT_NOT_FOUND || ((const struct deal *)entity)->status != STATUS_OPEN) {
            assert_int_equal(of_open.count, 0);
            continue;
        }
        ok(fault);
        buffer_init(&expected, 1 << 20);
        buffer_init(&kept, 1 << 20);
        kept_of(&of_all, &expected, &expected_count);
        kept_of(&of_open, &kept, &kept_count);
        assert_int_equal(kept_count, of_open.count);
        assert_int_equal(kept_count, expected_count);
        assert_true(str_equal(buffer_str(&kept), buffer_str(&expected)));
        buffer_finish(&expected);
        buffer_finish(&kept);
        assert_judged_alike(b, entity, &of_all, &of_open);
        found++;
        of_found += of_open.count;
    }
    assert_int_equal(of_found, open.count);
    return found;
}

void open_deals_are_judged_as_by_all_of_their_past(void **state)
{
    struct bench *b = *state;
    size_t open = 0;
    for (uint64_t world = 0; world < WORLDS; world++) {
        struct chance c = {.bench = b, .generation = 1 + world * STEPS};
        random_init_number(&c.random, world);
        struct identity identity = world_identity("rep");
        identity.generation = c.generation;
        ok(b->replica->f->begin(b->replica));
        ok(b->replica->f->identity_store(b->replica, &identity));
        ok(b->replica->f->shown_clear(b->replica));
        ok(b->replica->f->keep_generation(b->replica, c.generation));
        ok(b->replica->f->commit(b->replica));
        for (int i = 0; i < STEPS; i++) {
            uint64_t generation = c.generation;
            ok(b->replica->f->begin(b->replica));
            for (uint64_t n = 1 + random_below(&c.random, 4); n > 0; n--) step(&c);
            if (one_in(&c, 10)) {
                b->replica->f->rollback(b->replica);
                c.generation = generation;
            } else {
                ok(b->replica->f->commit(b->replica));
            }
            open += assert_past(b);
        }
    }
    assert_true(open > WORLDS * STEPS / 2);
}
