/* replica_contract.c - see replica_contract.h. Each test says in its name what must hold. */
#include "tests/contract/replica_contract.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/contract/replica_contract_inside.h"

static const struct replica_factory *factory;

static int bench_open(void **state)
{
    static struct bench bench;
    world_init(&bench.world);
    bench.replica = factory->open(factory->context);
    *state = &bench;
    return bench.replica ? 0 : -1;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    factory->discard(factory->context, bench->replica);
    world_finish(&bench->world);
    return 0;
}

void bench_reopen(struct bench *b)
{
    b->replica = factory->reopen(factory->context, b->replica);
    assert_non_null(b->replica);
}

static void assert_title(struct bench *b, const char *name, bool server, const char *title)
{
    const struct deal *deal = replica_deal(&b->world, b->replica, name, server);
    if (!title) {
        assert_null(deal);
        return;
    }
    assert_non_null(deal);
    assert_string_equal(arena_str(&b->world.arena, deal->title).p, title);
}

static struct identity identity_of(struct bench *b)
{
    struct identity identity;
    ok(b->replica->f->identity_load(b->replica, &b->world.arena, &identity));
    return identity;
}

/* --- identity --- */

static void a_new_copy_has_no_identity(void **state)
{
    struct bench *b = *state;
    struct identity identity;
    assert_int_equal(b->replica->f->identity_load(b->replica, &b->world.arena, &identity),
                     FAULT_NOT_FOUND);
}

static void an_identity_is_there_again_after_a_crash(void **state)
{
    struct bench *b = *state;
    struct identity in = world_identity("rep");
    in.address_count = 2;
    memset(in.server_key, 7, sizeof in.server_key);
    in.has_code = in.has_token = in.has_mark = in.refill = true;
    memset(in.code, 1, sizeof in.code);
    memset(in.token, 2, sizeof in.token);
    memset(in.cursor_mark, 3, sizeof in.cursor_mark);
    in.next_number = 41;
    in.cursor_seq = 77;
    in.generation = 5;
    in.fill_generation = 6;
    in.fill_seq = 66;
    in.fill_top_seq = 77;
    memset(in.fill_top_mark, 4, sizeof in.fill_top_mark);
    in.lost_since = 78;
    in.last_sync_at = 1000;
    in.last_failure_at = 2000;
    in.server_clock_offset = -3000;
    in.last_failure = STR("unreachable");
    in.refusal = REFUSAL_REVOKED;
    in.last_undoable = world_id("mutation");
    bench_begin(b);
    ok(b->replica->f->identity_store(b->replica, &in));
    bench_commit(b);
    bench_reopen(b);
    struct identity out = identity_of(b);
    assert_int_equal(out.address_count, 2);
    assert_true(str_equal(out.addresses[1], STR("second:2")));
    assert_memory_equal(out.server_key, in.server_key, sizeof in.server_key);
    assert_true(out.joined && out.has_code && out.has_token && out.has_mark && out.refill);
    assert_memory_equal(out.code, in.code, sizeof in.code);
    assert_memory_equal(out.token, in.token, sizeof in.token);
    assert_memory_equal(out.cursor_mark, in.cursor_mark, sizeof in.cursor_mark);
    assert_true(str_equal(out.device_name, in.device_name));
    assert_true(uuid_equal(out.team, in.team) && uuid_equal(out.member, in.member));
    assert_true(uuid_equal(out.device, in.device) && uuid_equal(out.replica, in.replica));
    assert_int_equal(out.next_number, 41);
    assert_int_equal(out.cursor_seq, 77);
    assert_true(out.fill_generation == 6 && out.fill_seq == 66 && out.fill_top_seq == 77);
    assert_memory_equal(out.fill_top_mark, in.fill_top_mark, sizeof in.fill_top_mark);
    assert_int_equal(out.lost_since, in.lost_since);
    assert_int_equal(out.generation, 5);
    assert_int_equal(out.last_sync_at, 1000);
    assert_int_equal(out.last_failure_at, 2000);
    assert_int_equal(out.server_clock_offset, -3000);
    assert_true(str_equal(out.last_failure, STR("unreachable")));
    assert_int_equal(out.refusal, REFUSAL_REVOKED);
    assert_true(uuid_equal(out.last_undoable, in.last_undoable));
}

/* --- transactions --- */

static void change_everything(struct bench *b)
{
    struct identity identity = identity_of(b);
    struct deal *deal = world_deal(&b->world, "roof", "title=Changed");
    struct outbox_entry entry = {
        .number = 9, .mutation = world_id("m9"), .payload = STR("payload")};
    identity.next_number = 10;
    ok(b->replica->f->identity_store(b->replica, &identity));
    put(b, 1, ENTITY_DEAL, "roof", 2, 0, deal);
    show(b, ENTITY_DEAL, "cellar", 0, deal);
    ok(b->replica->f->outbox_add(b->replica, &entry));
}

static void assert_unchanged(struct bench *b)
{
    size_t pending = 1;
    assert_int_equal(identity_of(b).next_number, 1);
    assert_title(b, "roof", false, "Before");
    assert_title(b, "cellar", false, NULL);
    ok(b->replica->f->outbox_count(b->replica, &pending));
    assert_int_equal(pending, 0);
}

static void a_rollback_restores_everything(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "roof", "title=Before");
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    change_everything(b);
    assert_title(b, "roof", false, "Changed"); /* seen from within */
    assert_title(b, "cellar", false, "Changed");
    b->replica->f->rollback(b->replica);
    assert_unchanged(b);
}

static void what_was_not_committed_is_lost_in_a_crash(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "roof", "title=Before");
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    change_everything(b);
    bench_reopen(b);
    assert_unchanged(b);
}

static void what_was_committed_survives_a_crash(void **state)
{
    struct bench *b = *state;
    size_t pending = 0;
    world_deal(&b->world, "roof", "title=Before");
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    change_everything(b);
    bench_commit(b);
    bench_reopen(b);
    assert_int_equal(identity_of(b).next_number, 10);
    assert_title(b, "roof", true, "Changed");
    assert_title(b, "cellar", false, "Changed");
    assert_title(b, "cellar", true, NULL);
    ok(b->replica->f->outbox_count(b->replica, &pending));
    assert_int_equal(pending, 1);
}

/* --- layers --- */

static void an_older_row_does_not_replace_a_newer_one(void **state)
{
    struct bench *b = *state;
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "roof", 5, 0, world_deal(&b->world, "roof", "title=Five"));
    put(b, 1, ENTITY_DEAL, "roof", 4, 0, world_deal(&b->world, "roof", "title=Four"));
    bench_commit(b);
    assert_title(b, "roof", false, "Five");
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "roof", 6, 0, NULL);
    put(b, 1, ENTITY_DEAL, "roof", 5, 0, world_deal(&b->world, "roof", "title=Five"));
    bench_commit(b);
    assert_title(b, "roof", false, NULL);
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "roof", 7, 0, world_deal(&b->world, "roof", "title=Seven"));
    bench_commit(b);
    assert_title(b, "roof", false, "Seven");
}

static void a_generation_is_not_seen_before_it_is_switched_to(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "roof", "title=Old");
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    put(b, 2, ENTITY_DEAL, "roof", 1, 0, world_deal(&b->world, "roof", "title=New"));
    bench_commit(b);
    assert_title(b, "roof", false, "Old");
    struct identity identity = identity_of(b);
    identity.generation = 2;
    bench_begin(b);
    ok(b->replica->f->identity_store(b->replica, &identity));
    ok(b->replica->f->keep_generation(b->replica, 2));
    bench_commit(b);
    assert_title(b, "roof", false, "New");
    struct definition definition;
    assert_int_equal(b->replica->f->definition(b->replica, &b->world.arena, &definition),
                     FAULT_NOT_FOUND);
    bench_begin(b); /* gone for good: the same generation starts empty */
    ok(b->replica->f->keep_generation(b->replica, 1));
    identity.generation = 1;
    ok(b->replica->f->identity_store(b->replica, &identity));
    bench_commit(b);
    assert_title(b, "roof", false, NULL);
}

static void shown_rows_lie_over_the_servers(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "roof", "title=Server");
    world_deal(&b->world, "cellar", "title=Cellar");
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    show(b, ENTITY_DEAL, "roof", 0, world_deal(&b->world, "roof", "title=Mine"));
    show(b, ENTITY_DEAL, "cellar", 0, NULL);
    bench_commit(b);
    assert_title(b, "roof", false, "Mine");
    assert_title(b, "roof", true, "Server");
    assert_title(b, "cellar", false, NULL);
    assert_title(b, "cellar", true, "Cellar");
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "roof", 9, 0, world_deal(&b->world, "roof", "title=Newer"));
    bench_commit(b);
    assert_title(b, "roof", false, "Mine");
    bench_begin(b);
    ok(b->replica->f->shown_clear(b->replica));
    bench_commit(b);
    assert_title(b, "roof", false, "Newer");
    assert_title(b, "cellar", false, "Cellar");
}

/* --- lists --- */

static size_t events_of(struct bench *b, const char *name);

static size_t found(struct bench *b, enum entity_kind kind, const char *text)
{
    const void **items;
    size_t count = 0;
    ok(b->replica->f->find(b->replica, &b->world.arena, kind, str_from(text), 10, &items, &count));
    return count;
}

static size_t events_of(struct bench *b, const char *name)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count = 0;
    ok(b->replica->f->events(b->replica, &b->world.arena, world_id(name), &events, &seqs, &count));
    return count;
}

static void a_row_that_is_dropped_was_never_there(void **state)
{
    struct bench *b = *state;
    struct event event = {.subject = world_id("roof"), .subject_kind = ENTITY_DEAL};
    struct row_mark deal = {.kind = ENTITY_DEAL, .id = world_id("extra"), .seq = 8};
    struct row_mark past = {.kind = ENTITY_EVENT, .id = world_id("roof"), .seq = 8, .n = 1};
    struct row_mark odd = {.kind = 77, .id = world_id("odd"), .seq = 8, .n = 3};
    struct packed_row unknown = {.kind = 77, .id = odd.id, .seq = 8, .n = 3, .body = STR("x")};
    world_deal(&b->world, "roof", "title=Roof");
    world_fill(&b->world, b->replica, "rep");
    struct row_mark *before, *after;
    size_t count = 0, now = 0;
    ok(b->replica->f->marks(b->replica, &b->world.arena, &before, &count));
    bench_begin(b);
    put(b, 1, ENTITY_DEAL, "extra", 8, 0, world_deal(&b->world, "extra", "title=Extra"));
    put(b, 1, ENTITY_EVENT, "roof", 8, 0, &event);
    put(b, 1, ENTITY_EVENT, "roof", 8, 1, &event);
    ok(b->replica->f->put_row(b->replica, 1, &unknown));
    bench_commit(b);
    bench_begin(b); /* of another seq, layer or place, or gone: nothing to do */
    deal.seq = 7;
    ok(b->replica->f->drop_row(b->replica, 1, &deal));
    deal.seq = 8;
    ok(b->replica->f->drop_row(b->replica, 2, &deal));
    deal.n = 1;
    ok(b->replica->f->drop_row(b->replica, 1, &deal));
    deal.n = 0;
    bench_commit(b);
    assert_title(b, "extra", true, "Extra");
    bench_begin(b);
    ok(b->replica->f->drop_row(b->replica, 1, &deal));
    ok(b->replica->f->drop_row(b->replica, 1, &deal));
    put(b, 1, ENTITY_DEAL, "extra", 8, 0, NULL); /* nor is a tombstone */
    deal.seq = 9;
    ok(b->replica->f->drop_row(b->replica, 1, &deal));
    ok(b->replica->f->drop_row(b->replica, 1, &past));
    ok(b->replica->f->drop_row(b->replica, 1, &odd));
    bench_commit(b);
    bench_reopen(b);
    assert_title(b, "extra", false, NULL);
    assert_int_equal(found(b, ENTITY_DEAL, "Extra"), 0);
    assert_int_equal(events_of(b, "roof"), 1);
    ok(b->replica->f->marks(b->replica, &b->world.arena, &after, &now));
    assert_int_equal(now, count + 1);
    bench_begin(b); /* what is older than it was is not older than nothing */
    put(b, 1, ENTITY_DEAL, "extra", 3, 0, world_deal(&b->world, "extra", "title=Older"));
    bench_commit(b);
    assert_title(b, "extra", false, "Older");
    assert_int_equal(found(b, ENTITY_DEAL, "Older"), 1);
}

static void what_is_shown_of_one_thing_goes_back_to_the_servers(void **state)
{
    struct bench *b = *state;
    struct deal *deal = world_deal(&b->world, "roof", "title=Roof");
    struct event event = {.subject = world_id("roof"), .subject_kind = ENTITY_DEAL};
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    deal->title = STR("Mine");
    show(b, ENTITY_DEAL, "roof", 0, deal);
    show(b, ENTITY_DEAL, "cellar", 0, deal);
    show(b, ENTITY_ORGANISATION, "roof", 0, world_find(&b->world, ENTITY_ORGANISATION, "acme"));
    show(b, ENTITY_EVENT, "roof", 0x1000, &event);
    show(b, ENTITY_EVENT, "roof", 0x2001, &event);
    show(b, ENTITY_EVENT, "cellar", 0x1001, &event);
    ok(b->replica->f->shown_drop(b->replica, ENTITY_DEAL, world_id("roof")));
    ok(b->replica->f->shown_drop(b->replica, ENTITY_PERSON, world_id("nobody")));
    bench_commit(b);
    bench_reopen(b);
    assert_title(b, "roof", false, "Roof");
    assert_title(b, "roof", true, "Roof");
    assert_title(b, "cellar", false, "Mine");
    assert_int_equal(found(b, ENTITY_DEAL, "Mine"), 1);
    assert_int_equal(found(b, ENTITY_DEAL, "Roof"), 1);
    assert_int_equal(events_of(b, "roof"), 0);
    assert_int_equal(events_of(b, "cellar"), 1);
    const void *kept = NULL;
    ok(b->replica->f->entity(b->replica, &b->world.arena, ENTITY_ORGANISATION, world_id("roof"),
                             false, &kept));
    bench_begin(b); /* and can be shown again */
    show(b, ENTITY_DEAL, "roof", 0, NULL);
    show(b, ENTITY_EVENT, "roof", 0x1000, &event);
    bench_commit(b);
    assert_title(b, "roof", false, NULL);
    assert_int_equal(found(b, ENTITY_DEAL, "Roof"), 0);
    assert_int_equal(events_of(b, "roof"), 1);
    bench_begin(b);
    ok(b->replica->f->shown_drop(b->replica, ENTITY_DEAL, world_id("roof")));
    b->replica->f->rollback(b->replica);
    assert_title(b, "roof", false, NULL);
}

static void what_is_shown_is_found_like_what_the_server_has(void **state)
{
    struct bench *b = *state;
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    struct deal *deal = world_deal(&b->world, "shed", "title=Shed;external_id=X-1;org=zenith");
    show(b, ENTITY_DEAL, "shed", 0, deal);
    bench_commit(b);
    char id_short[SHORT_ID_LENGTH_MAX + 1];
    uuid_short(world_id("shed"), 8, id_short);
    assert_int_equal(found(b, ENTITY_DEAL, "SHED"), 1);
    assert_int_equal(found(b, ENTITY_DEAL, "X-1"), 1);
    assert_int_equal(found(b, ENTITY_DEAL, id_short), 1);
    assert_int_equal(found(b, ENTITY_DEAL, "she"), 0);
    const struct deal_filter filter = {.organisation = world_id("zenith")};
    const struct deal **deals;
    size_t count = 0;
    ok(b->replica->f->deals(b->replica, &b->world.arena, &filter, &deals, &count));
    assert_int_equal(count, 1);
    assert_true(uuid_equal(deals[0]->id, world_id("shed")));
}

static void team_and_definition_are_found(void **state)
{
    struct bench *b = *state;
    const struct team *team = NULL;
    struct definition definition;
    world_fill(&b->world, b->replica, "rep");
    ok(b->replica->f->team(b->replica, &b->world.arena, &team));
    assert_true(str_equal(team->name, STR("Team")));
    ok(b->replica->f->definition(b->replica, &b->world.arena, &definition));
    assert_int_equal(definition.pipeline_count, 2);
}

static void lists_come_by_name_or_number(void **state)
{
    struct bench *b = *state;
    const void **found = NULL;
    size_t count = 0;
    world_fill(&b->world, b->replica, "rep");
    bench_begin(b);
    show(b, ENTITY_ORGANISATION, "middle", 0,
         world_put(&b->world, ENTITY_ORGANISATION, "middle", "name=Middle"));
    for (int64_t i = 1; i <= 3; i++) {
        const char *names[] = {"", "item two", "item three", "item one"};
        struct inbox_item item = {.id = world_id(names[i]), .number = i, .kind = INBOX_NOTICE};
        put(b, 1, ENTITY_INBOX, names[i], 2, 0, &item);
    }
    bench_commit(b);
    ok(b->replica->f->all(b->replica, &b->world.arena, ENTITY_ORGANISATION, &found, &count));
    assert_int_equal(count, 3);
    const char *names[] = {"Acme", "Middle", "Zenith"};
    for (size_t i = 0; i < count; i++) {
        const struct organisation *organisation = found[i];
        assert_true(str_equal(organisation->name, str_from(names[i])));
    }
    ok(b->replica->f->all(b->replica, &b->world.arena, ENTITY_INBOX, &found, &count));
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        const struct inbox_item *item = found[i];
        assert_int_equal(item->number, i + 1);
    }
}

static void deals_are_filtered(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "one", "owner=rep;org=acme");
    world_deal(&b->world, "two", "owner=other;org=zenith");
    world_deal(&b->world, "closed", "owner=rep;status=won;stage=won");
    world_fill(&b->world, b->replica, "rep");
    const struct {
        const char *sentence;
        struct deal_filter filter;
        size_t count;
    } rows[] = {
        {"open ones only", {.all = false}, 2},
        {"closed ones too", {.all = true}, 3},
        {"of one owner", {.all = true, .owner = world_id("rep")}, 2},
        {"open ones of an owner", {.owner = world_id("rep")}, 1},
        {"of an organisation", {.organisation = world_id("zenith")}, 1},
        {"of a contact", {.all = true, .contact = world_id("ann")}, 3},
        {"of nobody", {.all = true, .owner = world_id("boss")}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct deal **deals = NULL;
        size_t count = 99;
        ok(b->replica->f->deals(b->replica, &b->world.arena, &rows[i].filter, &deals, &count));
        if (count != rows[i].count) fail_msg("%s: %zu", rows[i].sentence, count);
    }
}

static void things_are_found_by_what_people_type(void **state)
{
    struct bench *b = *state;
    world_deal(&b->world, "roof", "title=Łódź Roof;external_id=EXT-7");
    world_deal(&b->world, "twin", "title=lodz roof");
    world_fill(&b->world, b->replica, "rep");
    char id[SHORT_ID_LENGTH_MAX + 1];
    uuid_short(world_id("roof"), 7, id);
    const struct {
        const char *sentence, *text;
        size_t limit, count;
    } rows[] = {
        {"by the beginning of its id", id, 10, 1},
        {"by its external id", "EXT-7", 10, 1},
        {"by its title without accents and case", "LODZ ROOF", 10, 2},
        {"no more than asked for", "Łódź Roof", 1, 1},
        {"not by a part of the title", "roof", 10, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const void **found = NULL;
        size_t count = 99;
        ok(b->replica->f->find(b->replica, &b->world.arena, ENTITY_DEAL, str_from(rows[i].text),
                               rows[i].limit, &found, &count));
        if (count != rows[i].count) fail_msg("%s: %zu", rows[i].sentence, count);
    }
}

static void activities_come_oldest_first(void **state)
{
    struct bench *b = *state;
    world_put(&b->world, ENTITY_ACTIVITY, "second", "type=call;deal=roof;text=2;happened_at=-1");
    world_put(&b->world, ENTITY_ACTIVITY, "first", "type=call;deal=roof;text=1;happened_at=-2");
    world_put(&b->world, ENTITY_ACTIVITY, "else", "type=note;org=acme;text=3;happened_at=-3");
    world_fill(&b->world, b->replica, "rep");
    const struct activity **found = NULL;
    size_t count = 0;
    ok(b->replica->f->activities(b->replica, &b->world.arena, world_id("roof"), &found, &count));
    assert_int_equal(count, 2);
    assert_true(str_equal(found[0]->text, STR("1")));
    assert_true(str_equal(found[1]->text, STR("2")));
    ok(b->replica->f->activities(b->replica, &b->world.arena, world_id("acme"), &found, &count));
    assert_int_equal(count, 1);
    ok(b->replica->f->activities(b->replica, &b->world.arena, (struct uuid){{0}}, &found, &count));
    assert_int_equal(count, 3);
}

static void what_is_kept_is_there_again(void **state)
{
    struct bench *b = *state;
    struct str kept = STR("something");
    ok(b->replica->f->kept_load(b->replica, &b->world.arena, 1, &kept));
    assert_null(kept.p);
    ok(b->replica->f->kept_store(b->replica, 1, STR("one")));
    ok(b->replica->f->kept_store(b->replica, 2, STR("two")));
    ok(b->replica->f->kept_store(b->replica, 1, (struct str){"o\0e", 3}));
    ok(b->replica->f->kept_load(b->replica, &b->world.arena, 1, &kept));
    assert_true(str_equal(kept, (struct str){"o\0e", 3}));
    ok(b->replica->f->kept_load(b->replica, &b->world.arena, 2, &kept));
    assert_true(str_equal(kept, STR("two")));
    bench_begin(b); /* it has left nothing open */
    bench_commit(b);
}

#define CONTRACT(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int replica_contract_run(const struct replica_factory *of)
{
    factory = of;
    const struct CMUnitTest tests[] = {
        CONTRACT(a_new_copy_has_no_identity),
        CONTRACT(an_identity_is_there_again_after_a_crash),
        CONTRACT(a_rollback_restores_everything),
        CONTRACT(what_was_not_committed_is_lost_in_a_crash),
        CONTRACT(what_was_committed_survives_a_crash),
        CONTRACT(an_older_row_does_not_replace_a_newer_one),
        CONTRACT(a_generation_is_not_seen_before_it_is_switched_to),
        CONTRACT(shown_rows_lie_over_the_servers),
        CONTRACT(a_row_that_is_dropped_was_never_there),
        CONTRACT(what_is_shown_of_one_thing_goes_back_to_the_servers),
        CONTRACT(what_is_shown_is_found_like_what_the_server_has),
        CONTRACT(team_and_definition_are_found),
        CONTRACT(lists_come_by_name_or_number),
        CONTRACT(deals_are_filtered),
        CONTRACT(things_are_found_by_what_people_type),
        CONTRACT(activities_come_oldest_first),
        CONTRACT(events_come_in_order_predicted_ones_last),
        CONTRACT(events_of_open_and_of_won_deals),
        CONTRACT(open_deals_are_judged_as_by_all_of_their_past),
        CONTRACT(the_won_deals_have_a_mark),
        CONTRACT(short_ids_are_unique_in_the_copy),
        CONTRACT(short_ids_of_a_long_list_are_unique_too),
        CONTRACT(many_asked_at_once_are_those_asked_one_by_one),
        CONTRACT(what_changes_is_found_as_it_is_now),
        CONTRACT(what_is_kept_is_there_again),
        CONTRACT(the_outbox_lists_in_order_of_number),
        CONTRACT(an_entry_keeps_all_it_was_given),
        CONTRACT(entries_are_removed_and_pruned),
        CONTRACT(what_waits_is_known_by_what_it_is_about),
    };
    return cmocka_run_group_tests_name(of->name, tests, NULL, NULL);
}
