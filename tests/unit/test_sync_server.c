/* test_sync_server.c - two copies, a whole server core and the store in memory, wired together:
 * what one person does offline, the other one sees. */
#include "tests/support/pair_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

static void what_one_does_offline_the_other_sees(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    pair_deal(b, 1, "title=Roof");
    pair_edit(b, 0, "title=Roof and cellar");
    struct sync_report report = pair_exchange(b, 0);
    assert_int_equal(report.answered, 1);
    pair_deal(b, 1, "title=Roof");
    pair_exchange(b, 1);
    pair_deal(b, 1, "title=Roof and cellar");
}

static void nobody_is_overwritten(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    pair_edit(b, 0, "title:Roof>Of rep");
    pair_edit(b, 1, "title:Roof>Of other");
    pair_edit(b, 1, "source:>fair");
    pair_exchange(b, 0);
    struct sync_report report = pair_exchange(b, 1);
    assert_int_equal(report.conflicts, 1);
    pair_exchange(b, 0);
    for (size_t i = 0; i < PAIR_CLIENTS; i++) pair_deal(b, i, "title=Of rep;source=fair");
}

static void a_live_session_shows_what_others_do(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 1);
    pair_start(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    pair_run(b);
    for (int i = 0; i < PAIR_PATIENCE && sync_report(b->clients[0].sync).state != SYNC_LIVE; i++)
        pair_sleep(b);
    pair_edit(b, 1, "title=Live");
    pair_exchange(b, 1);
    for (int i = 0; i < PAIR_PATIENCE; i++) {
        const struct deal *deal =
            replica_deal(&b->world, b->clients[0].replica, "roof", false);
        if (str_equal(deal->title, STR("Live"))) break;
        pair_sleep(b);
    }
    pair_deal(b, 0, "title=Live");
}

/* The answer is lost with the connection: the same numbers again, and nothing happens twice. */
static void a_lost_answer_is_asked_for_again(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    for (size_t cut = 0; cut < 12; cut++) {
        pair_edit(b, 0, cut % 2 == 0 ? "title:Roof>Cellar" : "title:Cellar>Roof");
        pair_start(b, &b->clients[0], false);
        sync_start(b->clients[0].sync, b->now);
        for (size_t step = 0; step < cut * 3; step++) {
            if (!pair_server_step(b) && !pair_client_step(b, &b->clients[0])) pair_sleep(b);
        }
        pair_exchange(b, 0);
        pair_deal(b, 0, cut % 2 == 0 ? "title=Cellar" : "title=Roof");
    }
    size_t pending = 1;
    const struct event **events = NULL;
    uint64_t *seqs = NULL;
    size_t count = 0;
    pair_ok(b->clients[0].replica->f->outbox_count(b->clients[0].replica, &pending));
    assert_int_equal(pending, 0);
    pair_ok(b->clients[0].replica->f->events(b->clients[0].replica, &b->world.arena, world_id("roof"),
                                        &events, &seqs, &count));
    assert_int_equal(count, 12);
}

/* scenario 8: a laptop's copy is cloned; both work on. Nothing of either is lost. */
static void a_cloned_copy_and_its_original_both_deliver(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct replica *clone = replica_memory_copy(b->clients[0].replica);
    pair_edit(b, 0, "title=Of the original");
    pair_exchange(b, 0);
    pair_edit(b, 0, "source:>fair");
    pair_exchange(b, 0);
    struct replica *original = b->clients[0].replica;
    b->clients[0].replica = clone;
    pair_edit(b, 0, "next_step:call>of the clone");
    struct sync_report report = pair_exchange(b, 0);
    assert_true(report.was_forked);
    pair_deal(b, 0, "title=Of the original;source=fair;next_step=of the clone");
    b->clients[0].replica = original;
    pair_exchange(b, 0);
    pair_deal(b, 0, "title=Of the original;source=fair;next_step=of the clone");
    clone->f->close(clone);
}

static void copy_put(struct pair_bench *b, const struct packed_row *row)
{
    struct replica *replica = b->clients[0].replica;
    struct identity identity;
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    pair_ok(replica->f->begin(replica));
    pair_ok(replica->f->put_row(replica, identity.generation, row));
    pair_ok(replica->f->commit(replica));
}

/* The deal's row as the copy has it, with another title. */
static struct packed_row copy_row(struct pair_bench *b, const char *title)
{
    struct replica *replica = b->clients[0].replica;
    const void *entity = NULL;
    struct row_mark *marks = NULL;
    size_t count = 0;
    uint64_t seq = 0;
    pair_ok(replica->f->entity(replica, &b->world.arena, ENTITY_DEAL, world_id("roof"), true, &entity));
    pair_ok(replica->f->marks(replica, &b->world.arena, &marks, &count));
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(marks[i].id, world_id("roof")) && marks[i].kind == ENTITY_DEAL)
            seq = marks[i].seq;
    }
    struct deal deal = *(const struct deal *)entity;
    deal.title = str_from(title);
    return world_row(&b->world, ENTITY_DEAL, deal.id, seq, 0, &deal);
}

static void a_copy_that_is_right_is_left_alone(void **state)
{
    struct pair_bench *b = *state;
    b->check = true;
    for (int i = 0; i < 2; i++) {
        struct sync_report report = pair_exchange(b, 0);
        assert_true(report.was_checked);
        assert_true(report.rows_checked > 5);
        assert_int_equal(report.rows_repaired, 0);
        assert_false(report.was_refetched);
    }
}

static void a_row_that_differs_is_repaired(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct packed_row wrong = copy_row(b, "Forged");
    copy_put(b, &wrong);
    pair_deal(b, 0, "title=Forged");
    pair_edit(b, 0, "source:>fair"); /* what was not sent stays, on top of what is right */
    b->check = true;
    struct sync_report report = pair_exchange(b, 0);
    assert_true(report.was_checked);
    assert_int_equal(report.answered, 1);
    assert_false(report.was_refetched);
    pair_deal(b, 0, "title=Roof;source=fair");
    wrong = copy_row(b, "Forged");
    copy_put(b, &wrong);
    report = pair_exchange(b, 0);
    assert_int_equal(report.rows_repaired, 1);
    pair_deal(b, 0, "title=Roof;source=fair");
    report = pair_exchange(b, 0);
    assert_int_equal(report.rows_repaired, 0);
}

static void a_row_that_is_missing_is_fetched(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct packed_row gone = copy_row(b, "Roof");
    gone.removed = true;
    gone.body = STR_NONE;
    copy_put(b, &gone);
    b->check = true;
    struct sync_report report = pair_exchange(b, 0);
    assert_int_equal(report.rows_repaired, 1);
    assert_false(report.was_refetched);
    pair_deal(b, 0, "title=Roof");
}

static void rows_the_server_has_not_are_taken_out(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct deal deal = {.id = world_id("nowhere"), .title = STR("Forged"),
                        .status = STATUS_OPEN};
    const uint64_t seqs[] = {1, 1000000}; /* among the others, and behind them */
    for (size_t i = 0; i < 2; i++) {
        struct packed_row extra = world_row(&b->world, ENTITY_DEAL, deal.id, seqs[i], 0, &deal);
        copy_put(b, &extra);
        b->check = true;
        struct sync_report report = pair_exchange(b, 0);
        assert_true(report.was_checked && !report.was_refetched);
        assert_int_equal(report.rows_repaired, 1);
        assert_null(replica_deal(&b->world, b->clients[0].replica, "nowhere", true));
        pair_deal(b, 0, "title=Roof");
    }
    /* What the server has, but older. */
    struct packed_row ahead = copy_row(b, "Ahead");
    ahead.seq = 1000000;
    copy_put(b, &ahead);
    struct sync_report report = pair_exchange(b, 0);
    assert_true(report.rows_repaired == 2 && !report.was_refetched);
    pair_deal(b, 0, "title=Roof");
    assert_int_equal(pair_exchange(b, 0).rows_repaired, 0);
}

/* The colleague's edits: one, that many steps after the check began; or one every so many steps. */
static struct sync_report checked_beside(struct pair_bench *b, size_t after, size_t every,
                                         size_t *edits)
{
    char edit[96];
    b->check = true;
    pair_start(b, &b->clients[0], false);
    b->check = false;
    struct sync *sync = b->clients[0].sync;
    sync_start(sync, b->now);
    for (size_t step = 0; step < 20000; step++) {
        enum sync_state at = sync_report(sync).state;
        if (at == SYNC_DONE || at == SYNC_OFFLINE) break;
        bool due = every > 0 ? step >= after && (step - after) % every == 0 : step == after;
        if (due) {
            if (*edits == 0) snprintf(edit, sizeof edit, "title:Roof>Title 1");
            else snprintf(edit, sizeof edit, "title:Title %zu>Title %zu", *edits, *edits + 1);
            pair_edit(b, 1, edit);
            sync_poke(b->clients[1].sync, b->now);
            ++*edits;
        }
        bool moved = pair_server_step(b);
        for (size_t i = 0; i < 2; i++) moved = pair_client_step(b, &b->clients[1 - i]) || moved;
        if (!moved) pair_sleep(b);
    }
    return sync_report(sync);
}

/* A row that moved on since its mark was read is no row that the server has not. */
static void a_check_beside_a_colleague_at_work(void **state)
{
    static const size_t everies[] = {0, 60, 30};
    struct pair_bench *b = *state;
    size_t edits = 0;
    pair_exchange(b, 0);
    pair_start(b, &b->clients[1], true);
    sync_start(b->clients[1].sync, b->now);
    pair_run(b);
    b->page_rows = 2; /* many spans */
    for (size_t i = 0; i < 3; i++) {
        for (size_t after = 0; after < 60; after++) {
            struct sync_report report = checked_beside(b, after, everies[i], &edits);
            if (report.state != SYNC_DONE)
                fail_msg("%zu/%zu: %s", after, everies[i], sync_trouble_name(report.trouble));
            assert_true(report.was_checked && !report.was_refetched);
            assert_int_equal(report.rows_repaired, 0);
        }
    }
    /* What is wrong is found all the same. */
    struct deal deal = {.id = world_id("nowhere"), .title = STR("Forged"), .status = STATUS_OPEN};
    struct packed_row extra = world_row(&b->world, ENTITY_DEAL, deal.id, 1, 0, &deal);
    copy_put(b, &extra);
    struct sync_report report = checked_beside(b, 20, 30, &edits);
    assert_true(report.was_checked && !report.was_refetched);
    assert_int_equal(report.rows_repaired, 1);
    assert_null(replica_deal(&b->world, b->clients[0].replica, "nowhere", true));
    assert_true(edits > 40);
}

/* It need not wait for the refusal: that this session only delivers was said at its begin. */
static void a_revoked_device_delivers_and_is_told(void **state)
{
    struct pair_bench *b = *state;
    struct replica *replica = b->clients[0].replica;
    struct identity identity;
    pair_exchange(b, 0);
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    pair_edit(b, 0, "title=Too late");
    store_memory_revoke(b->store, identity.device);
    pair_start(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    pair_run(b);
    for (int i = 0; i < PAIR_PATIENCE && sync_report(b->clients[0].sync).state != SYNC_REFUSED; i++)
        pair_sleep(b);
    struct sync_report report = sync_report(b->clients[0].sync);
    assert_int_equal(report.state, SYNC_REFUSED);
    assert_int_equal(report.refusal, REFUSAL_REVOKED);
    assert_int_equal(report.answered, 1);
    assert_int_equal(report.parked, 1);
    assert_int_not_equal(report.revoked_at, 0);
    assert_true(sync_deadline(b->clients[0].sync) == UINT64_MAX);
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    assert_true(str_equal(identity.last_failure, STR("revoked")));
    pair_deal(b, 0, "title=Roof");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, pair_open, pair_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_one_does_offline_the_other_sees),
        TEST(nobody_is_overwritten),
        TEST(a_live_session_shows_what_others_do),
        TEST(a_lost_answer_is_asked_for_again),
        TEST(a_cloned_copy_and_its_original_both_deliver),
        TEST(a_copy_that_is_right_is_left_alone),
        TEST(a_row_that_differs_is_repaired),
        TEST(a_row_that_is_missing_is_fetched),
        TEST(rows_the_server_has_not_are_taken_out),
        TEST(a_check_beside_a_colleague_at_work),
        TEST(a_revoked_device_delivers_and_is_told),
    };
    return cmocka_run_group_tests_name("sync and server", tests, NULL, NULL);
}
