/* test_sync_server.c - two copies, a whole server core and the store in memory, wired together:
 * what one person does offline, the other one sees. */
#include "client/core/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/core/outbox.h"
#include "common/codec/row.h"
#include "server/core/server.h"
#include "tests/support/link_pair.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"
#include "tests/support/store_memory.h"

enum { CLIENTS = 2, PATIENCE = 2000 };

struct client {
    struct replica *replica;
    struct sync *sync;
    struct key_pair device;
    uint64_t connection; /* 0: none */
};

struct bench {
    struct rule_world world;
    struct store_memory *store;
    struct server *server;
    struct key_pair key;
    struct random random;
    struct client clients[CLIENTS];
    uint64_t connections;
    struct now now;
    bool down; /* the network is */
    bool check; /* copies are compared */
};

static void ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

/* --- founding --- */

static void code_of(size_t client, uint8_t code[CODE_BYTES])
{
    memset(code, (int)client + 1, CODE_BYTES);
}

static void team_found(struct bench *b)
{
    static const char *names[CLIENTS] = {"rep", "other"};
    struct rule_world *w = &b->world;
    struct row *rows = arena_array(&w->arena, w->state.rows.count + 2 + CLIENTS, sizeof *rows);
    size_t count = 0;
    rows[count++] = (struct row){ENTITY_TEAM, w->team.id, 1, 0, false, &w->team};
    rows[count++] = (struct row){ENTITY_DEFINITION, w->team.id, 1, 0, false, &w->definition};
    for (size_t i = 0; i < w->state.rows.count; i++) {
        const struct map_entry *entry = &w->state.rows.entries[i];
        struct row row = {.kind = (enum entity_kind)entry->key.p[0], .seq = 1};
        memcpy(row.id.b, entry->key.p + 1, sizeof row.id.b);
        row.entity = entry->value;
        rows[count++] = row;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        uint8_t code[CODE_BYTES], hash[32];
        code_of(i, code);
        codec_payload_hash((struct str){(const char *)code, CODE_BYTES}, hash);
        struct invitation *invitation = arena_alloc(&w->arena, sizeof *invitation);
        *invitation = (struct invitation){
            .id = world_id(i == 0 ? "invitation 0" : "invitation 1"),
            .member = world_id(names[i]),
            .invited_by = world_id("boss"),
            .code_hash = arena_str(&w->arena, (struct str){(const char *)hash, sizeof hash}),
            .expires_at = {true, w->recorded + 1000000},
            .created_at = {true, w->recorded}};
        rows[count++] =
            (struct row){ENTITY_INVITATION, invitation->id, 1, 0, false, invitation};
    }
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = w->team.id,
                                   .new_seq = 1,
                                   .mark = {1},
                                   .recorded_at = w->recorded,
                                   .rows = rows,
                                   .row_count = count};
    const struct store_result *result = store_memory_run(b->store, &commit);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(b->store, result);
}

static void client_sync_make(struct bench *b, struct client *client, bool live)
{
    struct sync_options options = {.replica = client->replica,
                                   .device_secret = client->device.secret,
                                   .program = STR("test"),
                                   .live = live,
                                   .check = b->check};
    memcpy(options.device_public, client->device.public.b, 32);
    random_bytes(&b->random, options.seed, sizeof options.seed);
    sync_destroy(client->sync);
    if (client->connection) server_closed(b->server, client->connection, b->now);
    client->connection = 0;
    client->sync = sync_create(&options);
    assert_non_null(client->sync);
}

static void client_make(struct bench *b, size_t index)
{
    struct client *client = &b->clients[index];
    client->device = link_key_pair(&b->random);
    client->replica = replica_memory_open();
    struct identity identity = {.addresses = {STR("server:1")},
                                .address_count = 1,
                                .has_code = true,
                                .device_name = STR("laptop"),
                                .replica = world_id(index == 0 ? "replica 0" : "replica 1"),
                                .next_number = 1};
    code_of(index, identity.code);
    memcpy(identity.server_key, b->key.public.b, 32);
    ok(client->replica->f->begin(client->replica));
    ok(client->replica->f->identity_store(client->replica, &identity));
    ok(client->replica->f->commit(client->replica));
    client_sync_make(b, client, false);
}

static int bench_open(void **state)
{
    static struct bench bench;
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    world_init(&b->world);
    world_deal(&b->world, "roof", "title=Roof");
    random_init_number(&b->random, 11);
    b->now = (struct now){.boot_ms = 1000, .wall_ms = b->world.recorded};
    b->store = store_memory_create();
    team_found(b);
    b->key = link_key_pair(&b->random);
    struct server_options options = {.key_count = 1, .seed = {4}, .program = STR("sluiced test")};
    options.keys[0].secret = b->key.secret;
    memcpy(options.keys[0].public_key, b->key.public.b, 32);
    b->server = server_create(&options);
    assert_non_null(b->server);
    for (size_t i = 0; i < CLIENTS; i++) client_make(b, i);
    *state = b;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < CLIENTS; i++) {
        sync_destroy(b->clients[i].sync);
        b->clients[i].replica->f->close(b->clients[i].replica);
    }
    server_destroy(b->server);
    store_memory_destroy(b->store);
    world_finish(&b->world);
    return 0;
}

/* --- the wire between them --- */

static void client_connect(struct bench *b, struct client *client)
{
    if (b->down) {
        sync_lost(client->sync, b->now);
        return;
    }
    client->connection = ++b->connections;
    server_accepted(b->server, client->connection, STR("test"), b->now);
    sync_connected(client->sync, b->now);
}

static bool client_step(struct bench *b, struct client *client)
{
    struct sync_effect effect = sync_next(client->sync);
    struct str out;
    switch (effect.kind) {
    case SYNC_EFFECT_NONE: return false;
    case SYNC_EFFECT_CONNECT: client_connect(b, client); break;
    case SYNC_EFFECT_WRITE:
        out = sync_output(client->sync);
        if (client->connection) server_received(b->server, client->connection, out, b->now);
        sync_sent(client->sync, out.n, b->now);
        break;
    case SYNC_EFFECT_CLOSE:
        if (client->connection) server_closed(b->server, client->connection, b->now);
        client->connection = 0;
        break;
    case SYNC_EFFECT_CHANGED:
    case SYNC_EFFECT_PROGRESS: break;
    }
    return true;
}

static struct client *client_of(struct bench *b, uint64_t connection)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (b->clients[i].connection == connection) return &b->clients[i];
    }
    return NULL;
}

static void server_write(struct bench *b, uint64_t connection)
{
    struct client *client = client_of(b, connection);
    struct str out = server_output(b->server, connection);
    if (client) sync_received(client->sync, out, b->now);
    server_sent(b->server, connection, out.n, b->now);
}

static bool server_step(struct bench *b)
{
    struct effect effect = server_next(b->server);
    struct client *client;
    const struct store_result *result;
    switch (effect.kind) {
    case EFFECT_NONE: return false;
    case EFFECT_WRITE: server_write(b, effect.connection); break;
    case EFFECT_CLOSE:
        server_write(b, effect.connection);
        client = client_of(b, effect.connection);
        server_closed(b->server, effect.connection, b->now);
        if (!client) break;
        client->connection = 0;
        sync_lost(client->sync, b->now);
        break;
    case EFFECT_STORE:
        result = store_memory_run(b->store, effect.request);
        server_store_done(b->server, result, b->now);
        store_memory_release(b->store, result);
        break;
    case EFFECT_LOG: break;
    }
    return true;
}

static void run(struct bench *b)
{
    for (bool moved = true; moved;) {
        moved = server_step(b);
        for (size_t i = 0; i < CLIENTS; i++) moved = client_step(b, &b->clients[i]) || moved;
    }
}

static void sleep_a_little(struct bench *b)
{
    b->now.boot_ms += 20;
    b->now.wall_ms += 20;
    server_tick(b->server, b->now);
    for (size_t i = 0; i < CLIENTS; i++) sync_tick(b->clients[i].sync, b->now);
    run(b);
}

static struct sync_report exchange(struct bench *b, size_t index)
{
    struct client *client = &b->clients[index];
    client_sync_make(b, client, false);
    sync_start(client->sync, b->now);
    run(b);
    for (int i = 0; i < PATIENCE && sync_report(client->sync).state != SYNC_DONE; i++)
        sleep_a_little(b);
    struct sync_report report = sync_report(client->sync);
    if (report.state != SYNC_DONE) {
        fail_msg("client %zu: state %d, trouble %s, refusal %s", index, (int)report.state,
                 sync_trouble_name(report.trouble), refusal_name(report.refusal));
    }
    return report;
}

static void edit(struct bench *b, size_t index, const char *edits)
{
    struct change change;
    struct mutation mutation =
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", edits);
    ok(outbox_submit(b->clients[index].replica, &b->world.arena, &mutation, STR("edit"), b->now,
                     &change));
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
}

static void assert_deal(struct bench *b, size_t index, const char *fields)
{
    const struct deal *deal = replica_deal(&b->world, b->clients[index].replica, "roof", false);
    assert_fields(&b->world, ENTITY_DEAL, deal, fields);
}

/* --- tests --- */

static void what_one_does_offline_the_other_sees(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    exchange(b, 1);
    assert_deal(b, 1, "title=Roof");
    edit(b, 0, "title=Roof and cellar");
    struct sync_report report = exchange(b, 0);
    assert_int_equal(report.answered, 1);
    assert_deal(b, 1, "title=Roof");
    exchange(b, 1);
    assert_deal(b, 1, "title=Roof and cellar");
}

static void nobody_is_overwritten(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    exchange(b, 1);
    edit(b, 0, "title:Roof>Of rep");
    edit(b, 1, "title:Roof>Of other");
    edit(b, 1, "source:>fair");
    exchange(b, 0);
    struct sync_report report = exchange(b, 1);
    assert_int_equal(report.conflicts, 1);
    exchange(b, 0);
    for (size_t i = 0; i < CLIENTS; i++) assert_deal(b, i, "title=Of rep;source=fair");
}

static void a_live_session_shows_what_others_do(void **state)
{
    struct bench *b = *state;
    exchange(b, 1);
    client_sync_make(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    run(b);
    for (int i = 0; i < PATIENCE && sync_report(b->clients[0].sync).state != SYNC_LIVE; i++)
        sleep_a_little(b);
    edit(b, 1, "title=Live");
    exchange(b, 1);
    for (int i = 0; i < PATIENCE; i++) {
        const struct deal *deal =
            replica_deal(&b->world, b->clients[0].replica, "roof", false);
        if (str_equal(deal->title, STR("Live"))) break;
        sleep_a_little(b);
    }
    assert_deal(b, 0, "title=Live");
}

/* The answer is lost with the connection: the same numbers again, and nothing happens twice. */
static void a_lost_answer_is_asked_for_again(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    for (size_t cut = 0; cut < 12; cut++) {
        edit(b, 0, cut % 2 == 0 ? "title:Roof>Cellar" : "title:Cellar>Roof");
        client_sync_make(b, &b->clients[0], false);
        sync_start(b->clients[0].sync, b->now);
        for (size_t step = 0; step < cut * 3; step++) {
            if (!server_step(b) && !client_step(b, &b->clients[0])) sleep_a_little(b);
        }
        exchange(b, 0);
        assert_deal(b, 0, cut % 2 == 0 ? "title=Cellar" : "title=Roof");
    }
    size_t pending = 1;
    const struct event **events = NULL;
    uint64_t *seqs = NULL;
    size_t count = 0;
    ok(b->clients[0].replica->f->outbox_count(b->clients[0].replica, &pending));
    assert_int_equal(pending, 0);
    ok(b->clients[0].replica->f->events(b->clients[0].replica, &b->world.arena, world_id("roof"),
                                        &events, &seqs, &count));
    assert_int_equal(count, 12);
}

/* A laptop's copy is cloned; both work on. Nothing of either is lost. */
static void a_cloned_copy_and_its_original_both_deliver(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    struct replica *clone = replica_memory_copy(b->clients[0].replica);
    edit(b, 0, "title=Of the original");
    exchange(b, 0);
    edit(b, 0, "source:>fair");
    exchange(b, 0);
    struct replica *original = b->clients[0].replica;
    b->clients[0].replica = clone;
    edit(b, 0, "next_step:call>of the clone");
    struct sync_report report = exchange(b, 0);
    assert_true(report.was_forked);
    assert_deal(b, 0, "title=Of the original;source=fair;next_step=of the clone");
    b->clients[0].replica = original;
    exchange(b, 0);
    assert_deal(b, 0, "title=Of the original;source=fair;next_step=of the clone");
    clone->f->close(clone);
}

static void copy_put(struct bench *b, const struct packed_row *row)
{
    struct replica *replica = b->clients[0].replica;
    struct identity identity;
    ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    ok(replica->f->begin(replica));
    ok(replica->f->put_row(replica, identity.generation, row));
    ok(replica->f->commit(replica));
}

/* The deal's row as the copy has it, with another title. */
static struct packed_row copy_row(struct bench *b, const char *title)
{
    struct replica *replica = b->clients[0].replica;
    const void *entity = NULL;
    struct row_mark *marks = NULL;
    size_t count = 0;
    uint64_t seq = 0;
    ok(replica->f->entity(replica, &b->world.arena, ENTITY_DEAL, world_id("roof"), true, &entity));
    ok(replica->f->marks(replica, &b->world.arena, &marks, &count));
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
    struct bench *b = *state;
    b->check = true;
    for (int i = 0; i < 2; i++) {
        struct sync_report report = exchange(b, 0);
        assert_true(report.was_checked);
        assert_true(report.rows_checked > 5);
        assert_int_equal(report.rows_repaired, 0);
        assert_false(report.was_refetched);
    }
}

static void a_row_that_differs_is_repaired(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    struct packed_row wrong = copy_row(b, "Forged");
    copy_put(b, &wrong);
    assert_deal(b, 0, "title=Forged");
    edit(b, 0, "source:>fair"); /* what was not sent stays, on top of what is right */
    b->check = true;
    struct sync_report report = exchange(b, 0);
    assert_true(report.was_checked);
    assert_int_equal(report.answered, 1);
    assert_false(report.was_refetched);
    assert_deal(b, 0, "title=Roof;source=fair");
    wrong = copy_row(b, "Forged");
    copy_put(b, &wrong);
    report = exchange(b, 0);
    assert_int_equal(report.rows_repaired, 1);
    assert_deal(b, 0, "title=Roof;source=fair");
    report = exchange(b, 0);
    assert_int_equal(report.rows_repaired, 0);
}

static void a_row_that_is_missing_is_fetched(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    struct packed_row gone = copy_row(b, "Roof");
    gone.removed = true;
    gone.body = STR_NONE;
    copy_put(b, &gone);
    b->check = true;
    struct sync_report report = exchange(b, 0);
    assert_int_equal(report.rows_repaired, 1);
    assert_false(report.was_refetched);
    assert_deal(b, 0, "title=Roof");
}

static void rows_the_server_has_not_are_fetched_away(void **state)
{
    struct bench *b = *state;
    exchange(b, 0);
    struct deal deal = {.id = world_id("nowhere"), .title = STR("Forged"),
                        .status = STATUS_OPEN};
    const uint64_t seqs[] = {1, 1000000}; /* among the others, and behind them */
    for (size_t i = 0; i < 2; i++) {
        struct packed_row extra = world_row(&b->world, ENTITY_DEAL, deal.id, seqs[i], 0, &deal);
        copy_put(b, &extra);
        b->check = true;
        struct sync_report report = exchange(b, 0);
        assert_true(report.was_checked);
        assert_true(report.was_refetched);
        assert_null(replica_deal(&b->world, b->clients[0].replica, "nowhere", true));
        assert_deal(b, 0, "title=Roof");
    }
}

/* It need not wait for the refusal: that this session only delivers was said at its begin. */
static void a_revoked_device_delivers_and_is_told(void **state)
{
    struct bench *b = *state;
    struct replica *replica = b->clients[0].replica;
    struct identity identity;
    exchange(b, 0);
    ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    edit(b, 0, "title=Too late");
    store_memory_revoke(b->store, identity.device);
    client_sync_make(b, &b->clients[0], true);
    sync_start(b->clients[0].sync, b->now);
    run(b);
    for (int i = 0; i < PATIENCE && sync_report(b->clients[0].sync).state != SYNC_REFUSED; i++)
        sleep_a_little(b);
    struct sync_report report = sync_report(b->clients[0].sync);
    assert_int_equal(report.state, SYNC_REFUSED);
    assert_int_equal(report.refusal, REFUSAL_REVOKED);
    assert_int_equal(report.answered, 1);
    assert_int_equal(report.parked, 1);
    assert_true(sync_deadline(b->clients[0].sync) == UINT64_MAX);
    ok(replica->f->identity_load(replica, &b->world.arena, &identity));
    assert_true(str_equal(identity.last_failure, STR("revoked")));
    assert_deal(b, 0, "title=Roof");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

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
        TEST(rows_the_server_has_not_are_fetched_away),
        TEST(a_revoked_device_delivers_and_is_told),
    };
    return cmocka_run_group_tests_name("sync and server", tests, NULL, NULL);
}
