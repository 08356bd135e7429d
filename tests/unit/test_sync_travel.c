/* test_sync_travel.c - both cores when time goes back: a copy that is restored or cloned, a database
 * that is restored, overtaken by a new history, or replaced by a standby that had not heard the end. */
#include "tests/support/pair_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

static void copy_swap(struct pair_bench *b, struct replica *with)
{
    b->clients[0].replica->f->close(b->clients[0].replica);
    b->clients[0].replica = with;
}

/* The database is what it was; the server is started anew, as after a restore. */
static void store_swap(struct pair_bench *b, struct store_memory *with)
{
    store_memory_keep_access(with, b->store);
    store_memory_destroy(b->store);
    b->store = with;
}

/* How often history tells of a change of that field to that. */
static size_t told(struct pair_bench *b, size_t index, const char *field, const char *to)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count = 0, found = 0;
    struct replica *replica = b->clients[index].replica;
    pair_ok(replica->f->events(replica, &b->world.arena, world_id("roof"), &events, &seqs, &count));
    for (size_t i = 0; i < count; i++) {
        found += str_equal(events[i]->field, str_from(field)) &&
                 str_equal(events[i]->to_value, str_from(to));
    }
    return found;
}

static size_t open_items(struct pair_bench *b, size_t index, int64_t kind)
{
    const void **items;
    size_t count = 0, found = 0;
    struct replica *replica = b->clients[index].replica;
    pair_ok(replica->f->all(replica, &b->world.arena, ENTITY_INBOX, &items, &count));
    for (size_t i = 0; i < count; i++) {
        const struct inbox_item *item = items[i];
        found += item->kind == kind && item->state == INBOX_OPEN;
    }
    return found;
}

/* scenario 7: the copy of last week is put back. New edits arrive, none is taken for an old one; what
 * had been sent since stands; the member is told. */
static void a_copy_of_last_week_is_put_back(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct replica *week = replica_memory_copy(b->clients[0].replica);
    pair_edit(b, 0, "title:Roof>Since then");
    pair_exchange(b, 0);
    copy_swap(b, week);
    pair_edit(b, 0, "source:>fair"); /* the number of the lost one */
    pair_edit(b, 0, "next_step:call>write");
    assert_true(pair_exchange(b, 0).was_forked);
    pair_exchange(b, 0);
    pair_deal(b, 0, "title=Since then;source=fair;next_step=write");
    pair_exchange(b, 1);
    pair_deal(b, 1, "title=Since then;source=fair;next_step=write");
    assert_int_equal(told(b, 1, "title", "Since then"), 1);
    assert_int_equal(told(b, 1, "source", "fair"), 1);
    assert_int_equal(open_items(b, 0, INBOX_NOTICE), 1);
    assert_int_equal(open_items(b, 0, INBOX_PARKED) + open_items(b, 0, INBOX_CONFLICT), 0);
}

/* scenario 9: the server is restored. What was answered since is offered again and judged again: what
 * nobody contradicts is there, the rest is a conflict; nobody keeps rows that are no more. */
static void the_database_of_yesterday_is_put_back(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    struct store_memory *backup = store_memory_copy(b->store);
    pair_edit(b, 0, "title:Roof>Lost");
    pair_edit(b, 0, "source:>fair");
    pair_exchange(b, 0);
    pair_exchange(b, 1); /* it has seen them, and must not keep them as they were */
    pair_deal(b, 1, "title=Lost;source=fair");
    store_swap(b, backup);
    pair_restart(b);
    pair_exchange(b, 1);
    pair_deal(b, 1, "title=Roof");
    pair_edit(b, 1, "title:Roof>Meanwhile");
    pair_exchange(b, 1);
    assert_true(pair_exchange(b, 0).was_restored);
    pair_exchange(b, 1);
    for (size_t i = 0; i < 2; i++) {
        pair_deal(b, i, "title=Meanwhile;source=fair");
        assert_int_equal(told(b, i, "title", "Lost"), 0);
        assert_int_equal(told(b, i, "source", "fair"), 1);
    }
    assert_int_equal(open_items(b, 0, INBOX_CONFLICT), 1);
}

/* scenario 10: the same, and the new history is longer than the lost one: the mark tells. */
static void a_longer_history_has_passed_the_lost_one(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    struct store_memory *backup = store_memory_copy(b->store);
    pair_edit(b, 0, "source:>fair");
    pair_exchange(b, 0);
    store_swap(b, backup);
    pair_restart(b);
    pair_exchange(b, 1);
    static const char *const steps[] = {"next_step:call>1", "next_step:1>2", "next_step:2>3",
                                        "next_step:3>4"};
    for (size_t i = 0; i < 4; i++) {
        pair_edit(b, 1, steps[i]);
        pair_exchange(b, 1);
    }
    struct identity lost, now;
    struct replica *replica = b->clients[0].replica;
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &lost));
    replica = b->clients[1].replica;
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &now));
    assert_true(now.cursor_seq > lost.cursor_seq); /* the seq alone looks fine */
    assert_true(pair_exchange(b, 0).was_restored);
    pair_exchange(b, 1);
    for (size_t i = 0; i < 2; i++) {
        pair_deal(b, i, "source=fair;next_step=4");
        assert_int_equal(told(b, i, "source", "fair"), 1);
    }
}

/* scenario 11: a standby without the last commits takes over under a running server and a live session:
 * nobody does anything, and all is there again. */
static void a_standby_without_the_end_takes_over(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 1);
    pair_start(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    pair_run(b);
    struct store_memory *standby = store_memory_copy(b->store);
    pair_edit(b, 0, "source:>fair");
    sync_poke(b->clients[0].sync, b->now);
    for (int i = 0; i < 100; i++) pair_sleep(b);
    assert_int_equal(told(b, 0, "source", "fair"), 1);
    store_swap(b, standby);
    uint64_t connections = b->connections;
    size_t waiting = 0;
    for (int i = 0; i < PAIR_PATIENCE; i++) pair_sleep(b);
    assert_true(b->connections > connections); /* it was sent away, and came again by itself */
    assert_int_equal(sync_report(b->clients[0].sync).state, SYNC_LIVE);
    struct replica *replica = b->clients[0].replica;
    pair_ok(replica->f->outbox_count(replica, &waiting));
    assert_int_equal(waiting, 0);
    pair_exchange(b, 1);
    pair_deal(b, 1, "source=fair");
    assert_int_equal(told(b, 1, "source", "fair"), 1);
}

/* scenarios 8 and 9 together: a copy became another one, and then the database loses what it had been
 * answered under its former id. It comes back, before what is newer, and once. */
static void what_was_answered_under_a_former_id_comes_back(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct store_memory *backup = store_memory_copy(b->store);
    pair_edit(b, 0, "title:Roof>First");
    pair_exchange(b, 0);
    struct replica *clone = replica_memory_copy(b->clients[0].replica);
    pair_edit(b, 0, "source:>gone with the laptop");
    pair_exchange(b, 0);
    copy_swap(b, clone); /* the original is lost */
    pair_edit(b, 0, "title:First>Second");
    assert_true(pair_exchange(b, 0).was_forked);
    store_swap(b, backup);
    pair_restart(b);
    assert_true(pair_exchange(b, 0).was_restored);
    pair_exchange(b, 1);
    for (size_t i = 0; i < 2; i++) {
        pair_deal(b, i, "title=Second");
        assert_int_equal(told(b, i, "title", "First"), 1);
        assert_int_equal(told(b, i, "title", "Second"), 1);
    }
    assert_int_equal(open_items(b, 0, INBOX_CONFLICT) + open_items(b, 0, INBOX_PARKED), 0);
}

/* Beside the server, as administration does. */
/* A copy's own clone comes first to a database that went back, and under the very number that the copy
 * was answered under in the lost history: the number is taken, the work is not. */
static void a_clone_takes_the_number_of_what_was_lost(void **state)
{
    struct pair_bench *b = *state;
    pair_exchange(b, 0);
    struct store_memory *backup = store_memory_copy(b->store);
    struct replica *clone = replica_memory_copy(b->clients[0].replica);
    pair_edit(b, 0, "source:>fair");
    pair_exchange(b, 0);
    struct replica *own = replica_memory_copy(b->clients[0].replica);
    store_swap(b, backup);
    pair_restart(b);
    copy_swap(b, clone);
    pair_edit(b, 0, "next_step:call>write");
    pair_exchange(b, 0);
    copy_swap(b, own);
    pair_exchange(b, 0);
    pair_exchange(b, 0); /* under an id of its own now */
    pair_exchange(b, 1);
    for (size_t i = 0; i < 2; i++) {
        pair_deal(b, i, "source=fair;next_step=write");
        assert_int_equal(told(b, i, "source", "fair"), 1);
        assert_int_equal(told(b, i, "next_step", "write"), 1);
    }
    assert_int_equal(open_items(b, 0, INBOX_CONFLICT) + open_items(b, 0, INBOX_PARKED), 0);
}

static void rows_write(struct pair_bench *b, uint8_t history, struct row *rows, size_t count)
{
    struct store_request look = {.kind = STORE_HEAD, .team = b->world.team.id};
    const struct store_result *head = store_memory_run(b->store, &look);
    struct store_request write = {.kind = STORE_COMMIT,
                                  .team = b->world.team.id,
                                  .expected_seq = head->seq,
                                  .new_seq = head->seq + 1,
                                  .mark = {99, history, (uint8_t)head->seq},
                                  .inbox_last = head->inbox_last,
                                  .recorded_at = head->recorded_last,
                                  .rows = rows,
                                  .row_count = count};
    store_memory_release(b->store, head);
    for (size_t i = 0; i < count; i++) rows[i].seq = write.new_seq;
    const struct store_result *result = store_memory_run(b->store, &write);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(b->store, result);
}

static void rep_is_removed_and_let_in_again(struct pair_bench *b, const uint8_t code[CODE_BYTES])
{
    uint8_t hash[32];
    codec_payload_hash((struct str){(const char *)code, CODE_BYTES}, hash);
    struct member gone = {.id = world_id("rep"), .name = STR("Rep"), .role = ROLE_REP,
                          .removed = true};
    struct member again = {.id = world_id("rep again"), .name = STR("Rep"), .role = ROLE_VIEWER};
    struct invitation invitation = {.id = world_id("invitation again"),
                                    .member = again.id,
                                    .invited_by = world_id("boss"),
                                    .code_hash = {(const char *)hash, sizeof hash},
                                    .expires_at = {true, b->world.recorded + 1000000},
                                    .created_at = {true, b->world.recorded}};
    struct row rows[] = {{.kind = ENTITY_MEMBER, .id = gone.id, .entity = &gone},
                         {.kind = ENTITY_MEMBER, .id = again.id, .entity = &again},
                         {.kind = ENTITY_INVITATION, .id = invitation.id, .entity = &invitation}};
    rows_write(b, 0, rows, 3);
}

static void organisation_write(struct pair_bench *b, uint8_t history, const char *id,
                               const char *name)
{
    struct organisation organisation = {.id = world_id(id), .name = str_from(name)};
    struct row row = {.kind = ENTITY_ORGANISATION, .id = organisation.id, .entity = &organisation};
    rows_write(b, history, &row, 1);
}

static void assert_organisation(struct pair_bench *b, const char *id, const char *name)
{
    const void *found = NULL;
    struct replica *replica = b->clients[0].replica;
    enum fault fault = replica->f->entity(replica, &b->world.arena, ENTITY_ORGANISATION,
                                          world_id(id), false, &found);
    if (fault) fail_msg("%s: %s", id, fault_name(fault));
    const struct organisation *organisation = found;
    assert_true(str_equal(organisation->name, str_from(name)));
}

/* The first copy exchanges by small pages, and the line breaks when it has some of everything. */
static void exchange_breaks(struct pair_bench *b)
{
    struct pair_client *client = &b->clients[0];
    struct replica *replica = client->replica;
    struct identity identity;
    pair_start(b, client, false);
    sync_start(client->sync, b->now);
    b->page_rows = 1;
    b->page_stop = 7;
    pair_run(b);
    b->page_rows = b->page_stop = 0;
    assert_int_equal(sync_report(client->sync).state, SYNC_CATCHING_UP);
    server_closed(b->server, client->connection, b->now);
    client->connection = 0;
    sync_lost(client->sync, b->now);
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    assert_true(identity.fill_seq >= 4 && identity.fill_top_seq > identity.fill_seq);
}

/* What a broken snapshot left out, because it had moved on when its page was read, has not moved in the
 * database that is put back. */
static void what_a_broken_snapshot_left_out_comes(void **state)
{
    struct pair_bench *b = *state;
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++) organisation_write(b, 1, ids[i], "Before");
    struct store_memory *backup = store_memory_copy(b->store);
    organisation_write(b, 1, "b", "Lost");
    exchange_breaks(b);
    store_swap(b, backup);
    for (size_t i = 0; i < 4; i++) organisation_write(b, 2, "h", "After");
    pair_restart(b);
    pair_exchange(b, 0);
    for (size_t i = 0; i < 7; i++) assert_organisation(b, ids[i], "Before");
    assert_organisation(b, "h", "After");
    b->check = true;
    assert_int_equal(pair_exchange(b, 0).rows_repaired, 0);
}

/* The same beside a copy that became another one: what it had been answered is asked for again. */
static void what_was_answered_comes_back_beside_a_broken_snapshot(void **state)
{
    struct pair_bench *b = *state;
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct replica *replica;
    struct identity identity;
    pair_exchange(b, 0);
    for (size_t i = 0; i < 8; i++) organisation_write(b, 1, ids[i], "Before");
    pair_restart(b);
    pair_exchange(b, 0);
    struct store_memory *backup = store_memory_copy(b->store);
    pair_edit(b, 0, "title:Roof>First");
    pair_exchange(b, 0);
    struct replica *clone = replica_memory_copy(b->clients[0].replica);
    pair_edit(b, 0, "source:>gone with the laptop");
    pair_exchange(b, 0);
    copy_swap(b, clone); /* the original is lost */
    pair_edit(b, 0, "title:First>Second");
    assert_true(pair_exchange(b, 0).was_forked);
    replica = b->clients[0].replica;
    pair_ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    identity.refill = true; /* somebody mended it */
    pair_ok(replica->f->begin(replica));
    pair_ok(replica->f->identity_store(replica, &identity));
    pair_ok(replica->f->commit(replica));
    exchange_breaks(b);
    store_swap(b, backup);
    pair_restart(b);
    assert_true(pair_exchange(b, 0).was_restored);
    pair_exchange(b, 1);
    for (size_t i = 0; i < 2; i++) {
        pair_deal(b, i, "title=Second");
        assert_int_equal(told(b, i, "title", "First"), 1);
        assert_int_equal(told(b, i, "title", "Second"), 1);
    }
}

/* scenario 20: a rep is removed and let in again while offline (who left never comes back as the same
 * member). What was pending is kept for the managers and never applied; the new copy has exactly the
 * rows of today, and the rights of today. */
static void a_rep_is_removed_and_let_in_again_while_offline(void **state)
{
    struct pair_bench *b = *state;
    uint8_t code[CODE_BYTES] = {42};
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    pair_edit(b, 0, "title:Roof>Never");
    rep_is_removed_and_let_in_again(b, code);
    pair_edit(b, 1, "source:>today");
    pair_exchange(b, 1);
    pair_start(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    pair_run(b);
    for (int i = 0; i < PAIR_PATIENCE && sync_report(b->clients[0].sync).state != SYNC_REFUSED; i++)
        pair_sleep(b);
    assert_int_equal(sync_report(b->clients[0].sync).refusal, REFUSAL_REVOKED);
    pair_join(b, 0, code);
    pair_exchange(b, 0);
    pair_exchange(b, 1);
    pair_exchange(b, 0);
    pair_deal(b, 0, "title=Roof;source=today");
    assert_int_equal(told(b, 0, "title", "Never"), 0);
    assert_int_equal(told(b, 0, "source", "today"), 1);
    assert_int_equal(open_items(b, 0, INBOX_PARKED), 0); /* no business of the new member's */
    b->check = true; /* row by row what the server has for this member, and nothing from before */
    struct sync_report report = pair_exchange(b, 0);
    assert_true(report.was_checked && report.rows_checked > 0);
    assert_true(report.rows_repaired == 0 && !report.was_refetched);
    struct change change;
    struct mutation mutation =
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", "title:Roof>No right");
    pair_ok(outbox_submit(b->clients[0].replica, &b->world.arena, &mutation, STR("edit"), b->now,
                          &change));
    assert_int_equal(change.outcome, OUTCOME_PARKED); /* a viewer's */
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, pair_open, pair_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_copy_of_last_week_is_put_back),
        TEST(the_database_of_yesterday_is_put_back),
        TEST(a_longer_history_has_passed_the_lost_one),
        TEST(a_standby_without_the_end_takes_over),
        TEST(what_was_answered_under_a_former_id_comes_back),
        TEST(a_clone_takes_the_number_of_what_was_lost),
        TEST(a_rep_is_removed_and_let_in_again_while_offline),
        TEST(what_a_broken_snapshot_left_out_comes),
        TEST(what_was_answered_comes_back_beside_a_broken_snapshot),
    };
    return cmocka_run_group_tests_name("sync_travel", tests, NULL, NULL);
}
