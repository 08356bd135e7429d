/* test_overlay_properties.c - deciding again only what a delta touches shows the same as deciding
 * everything again from scratch: any edits, answers and changes of others, byte for byte.
 *
 * A server of the same rules stands beside: answers are what it decides, in order; others change
 * things between. */
#include "client/core/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/random.h"
#include "common/codec/row.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

enum { SEEDS = 300, STEPS = 80, ROWS_MAX = 512 };

struct story {
    struct rule_world w; /* the server's */
    struct replica *replica;
    struct pending pending;
    struct random random;
    struct now now;
    uint64_t seed, seq, answered; /* answered: the last number */
    unsigned step;
    struct packed_row rows[ROWS_MAX]; /* not yet revealed */
    size_t row_count;
};

static struct {
    size_t reveals, whole, partial, spared, redone, answers, refusals, foreign, dependent;
} seen;

static size_t below(struct story *s, size_t bound)
{
    return (size_t)random_below(&s->random, bound);
}

static bool chance(struct story *s, size_t percent)
{
    return below(s, 100) < percent;
}

static void ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

#define PICK(s, ...)                                                                               \
    ((const char *const[]){__VA_ARGS__})[below(                                                    \
        (s), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))]

static const char *deal_name(struct story *s)
{
    return PICK(s, "d1", "d2", "d3", "d4", "d5");
}

static const char *org_name(struct story *s)
{
    return PICK(s, "acme", "zenith", "o1", "o2");
}

/* --- what somebody may want --- */

static struct mutation wish_deal(struct story *s)
{
    const char *text, *name = deal_name(s); /* borrowed by the mutation: in the arena */
    const struct deal *shown = replica_deal(&s->w, s->replica, name, chance(s, 20));
    struct str title = shown ? shown->title : STR("Roof"), stage = STR("contact");
    if (shown) stage = shown->stage;
    struct arena *arena = &s->w.arena;
    switch (below(s, 6)) {
    case 0:
        text = arena_format(arena, "title:%.*s>%s", STR_ARGS(title), PICK(s, "A", "B", "C")).p;
        break;
    case 1:
        text = arena_format(arena, "stage:%.*s>%s", STR_ARGS(stage),
                            PICK(s, "contact", "qualification", "proposal")).p;
        break;
    case 2:
        text = arena_format(arena, "tags%s%s", PICK(s, "+", "-"), PICK(s, "x", "y")).p;
        break;
    case 3: text = arena_format(arena, "org=%s", org_name(s)).p; break;
    case 4: text = arena_format(arena, "owner=%s", PICK(s, "rep", "other", "boss")).p; break;
    default:
        return world_mutation(&s->w, MUTATION_DELETE, ENTITY_DEAL, name, "");
    }
    return world_mutation(&s->w, MUTATION_EDIT, ENTITY_DEAL, name, text);
}

static struct mutation wish_creation(struct story *s)
{
    const char *text;
    switch (below(s, 4)) {
    case 0:
        return world_mutation(&s->w, MUTATION_CREATE, ENTITY_ORGANISATION, PICK(s, "o1", "o2"),
                              chance(s, 80) ? "name=New" : "name=Other");
    case 1:
        text = arena_format(&s->w.arena, "type=call;text=called;deal=%s", deal_name(s)).p;
        return world_mutation(&s->w, MUTATION_CREATE, ENTITY_ACTIVITY, PICK(s, "a1", "a2", "a3"),
                              text);
    default: break;
    }
    text = arena_format(&s->w.arena, "title=Deal;pipeline=sales;stage=%s;org=%s",
                        PICK(s, "lead", "contact"), org_name(s)).p;
    return world_mutation(&s->w, MUTATION_CREATE, ENTITY_DEAL, deal_name(s), text);
}

static struct mutation wish_other(struct story *s)
{
    struct mutation m;
    switch (below(s, 5)) {
    case 0:
        return world_mutation(&s->w, MUTATION_DELETE, ENTITY_ORGANISATION, org_name(s), "");
    case 1:
        return world_mutation(&s->w, MUTATION_EDIT, ENTITY_ORGANISATION, org_name(s),
                              PICK(s, "name=Acme", "name=Zeta", "name:New>Newer"));
    case 2:
        m = world_mutation(&s->w, MUTATION_INVITE, ENTITY_MEMBER,
                           chance(s, 10) ? "boss" : PICK(s, "other", "ghost"),
                           PICK(s, "role=rep", "role=viewer", "role=manager"));
        m.code_hash = STR("0123456789abcdef0123456789abcdef");
        return m;
    case 3:
        m = world_mutation(&s->w, MUTATION_EDIT, ENTITY_DEAL, deal_name(s),
                           PICK(s, "title=Mended", "stage=qualification"));
        m.resolves = inbox_creation_id(m.target);
        m.resolution = INBOX_RESENT;
        return m;
    default:
        m = world_mutation(&s->w, MUTATION_CLOSE, ENTITY_DEAL, deal_name(s), "");
        m.resolves = inbox_creation_id(m.target);
        m.resolution = INBOX_DISCARDED;
        return m;
    }
}

static struct mutation wish(struct story *s)
{
    size_t what = below(s, 10);
    if (what < 5) return wish_deal(s);
    return what < 8 ? wish_creation(s) : wish_other(s);
}

/* --- the server --- */

static void server_row(struct story *s, enum entity_kind kind, struct uuid id, uint32_t n,
                       const void *entity)
{
    assert_true(s->row_count < ROWS_MAX);
    s->rows[s->row_count++] = world_row(&s->w, kind, id, s->seq, n, entity);
}

static struct change server_decides(struct story *s, const char *actor,
                                    const struct mutation *mutation)
{
    struct change change = world_do(&s->w, actor, mutation);
    s->seq++;
    for (size_t i = 0; i < change.row_count; i++) {
        const struct row *row = &change.rows[i];
        if (row->kind == ENTITY_INVITATION) continue;
        server_row(s, row->kind, row->id, row->n, row->removed ? NULL : row->entity);
    }
    return change;
}

static void server_answers(struct story *s)
{
    struct outbox_entry *entries = NULL;
    struct mutation mutation;
    size_t count = 0;
    ok(s->replica->f->outbox_list(s->replica, &s->w.arena, s->answered + 1, false, 1, &entries,
                                  &count));
    if (count == 0) return;
    ok(codec_mutation_unpack(&s->w.arena, entries[0].payload, &mutation));
    struct change change = server_decides(s, "boss", &mutation);
    s->answered = entries[0].number;
    struct outcome outcome = {.replica = world_id("replica"),
                              .number = (int64_t)s->answered,
                              .kind = change.outcome,
                              .mutation = mutation.id};
    server_row(s, ENTITY_OUTCOME, outcome.replica, (uint32_t)s->answered, &outcome);
    seen.answers++;
    if (change.outcome == OUTCOME_PARKED) seen.refusals++;
}

static void others_act(struct story *s)
{
    if (chance(s, 4)) { /* what every decision looks at */
        struct member *boss = world_put(&s->w, ENTITY_MEMBER, "boss",
                                        chance(s, 50) ? "name=Boss;role=owner"
                                                      : "name=Boss;role=viewer");
        s->seq++;
        server_row(s, ENTITY_MEMBER, boss->id, 0, boss);
        return;
    }
    struct mutation mutation = wish(s);
    if (server_decides(s, PICK(s, "other", "lead"), &mutation).row_count > 0) seen.foreign++;
}

/* --- the reveal --- */

static void row_reveal(struct story *s, const struct packed_row *row)
{
    void *unpacked = NULL;
    if (row->kind != ENTITY_OUTCOME) {
        ok(s->replica->f->put_row(s->replica, 1, row));
        pending_row(&s->pending, (enum entity_kind)row->kind, row->id);
        return;
    }
    ok(codec_entity_unpack(&s->w.arena, ENTITY_OUTCOME, row->body, &unpacked));
    ok(outbox_answer(s->replica, &s->w.arena, row, s->now));
    pending_answered(&s->pending, (uint64_t)((const struct outcome *)unpacked)->number);
}

static void marks_count(const struct story *s)
{
    struct pending copy = s->pending;
    size_t marked = 0, spared = 0;
    for (size_t i = 0; i < copy.entry_count; i++) {
        if (copy.entries[i]->answered) continue;
        (copy.entries[i]->marked ? marked++ : spared++);
    }
    seen.reveals++;
    seen.redone += marked;
    seen.spared += spared;
    if (copy.whole) seen.whole++;
    else if (marked > 0 && spared > 0) seen.partial++;
}

static void reveal(struct story *s)
{
    ok(s->replica->f->begin(s->replica));
    ok(pending_learn(&s->pending, s->replica));
    for (size_t i = 0; i < s->row_count; i++) row_reveal(s, &s->rows[i]);
    s->row_count = 0;
    pending_close(&s->pending); /* again below: it may not matter how often */
    marks_count(s);
    ok(outbox_refresh(s->replica, &s->w.arena, &s->pending, s->now));
    ok(s->replica->f->commit(s->replica));
    struct replica *scratch = replica_memory_copy(s->replica);
    ok(scratch->f->begin(scratch));
    ok(outbox_rebase(scratch, &s->w.arena, s->now));
    ok(scratch->f->commit(scratch));
    if (!replica_memory_shows_same(s->replica, scratch))
        fail_msg("seed %llu step %u: shown otherwise than from scratch",
                 (unsigned long long)s->seed, s->step);
    scratch->f->close(scratch);
    if (chance(s, 5)) pending_forget(&s->pending);
}

static void story_step(struct story *s)
{
    size_t what = below(s, 12);
    s->now.wall_ms += (int64_t)below(s, 1000);
    s->w.recorded = s->now.wall_ms;
    if (what < 6) {
        struct mutation mutation = wish(s);
        struct change change;
        ok(outbox_submit(s->replica, &s->w.arena, &mutation, STR("wish"), s->now, &change));
    } else if (what < 8) {
        for (size_t n = 1 + below(s, 2); n > 0; n--) server_answers(s);
    } else if (what < 10) {
        others_act(s);
    } else {
        reveal(s);
    }
}

static void story_run(uint64_t seed)
{
    static struct story s;
    uint8_t bytes[32] = {0};
    memcpy(bytes, &seed, sizeof seed);
    s = (struct story){.seed = seed, .seq = 1};
    random_init(&s.random, bytes);
    world_init(&s.w);
    world_deal(&s.w, "d1", "title=A");
    world_deal(&s.w, "d2", "title=B;org=zenith;owner=boss");
    s.now = (struct now){.boot_ms = 1000, .wall_ms = s.w.recorded};
    s.replica = replica_memory_open();
    pending_init(&s.pending);
    world_fill(&s.w, s.replica, "boss");
    for (s.step = 0; s.step < STEPS; s.step++) story_step(&s);
    reveal(&s);
    pending_finish(&s.pending);
    s.replica->f->close(s.replica);
    world_finish(&s.w);
}

static void what_is_touched_again_is_as_good_as_everything_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) story_run(seed);
    print_message("reveals %zu, whole %zu, partial %zu; entries redone %zu, spared %zu; "
                  "answers %zu, refused %zu; others %zu\n",
                  seen.reveals, seen.whole, seen.partial, seen.redone, seen.spared, seen.answers,
                  seen.refusals, seen.foreign);
    assert_true(seen.partial > 200 && seen.whole > 20 && seen.spared > 2000);
    assert_true(seen.answers > 1000 && seen.refusals > 50 && seen.foreign > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_touched_again_is_as_good_as_everything_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
