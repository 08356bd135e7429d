/* pair_bench.c - see pair_bench.h. */
#include "tests/support/pair_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

void pair_ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

/* --- founding --- */

static void code_of(size_t client, uint8_t code[CODE_BYTES])
{
    memset(code, (int)client + 1, CODE_BYTES);
}

static void team_found(struct pair_bench *b)
{
    static const char *names[PAIR_CLIENTS] = {"rep", "other"};
    struct rule_world *w = &b->world;
    struct row *rows = arena_array(&w->arena, w->state.rows.count + 2 + PAIR_CLIENTS, sizeof *rows);
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
    for (size_t i = 0; i < PAIR_CLIENTS; i++) {
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

void pair_start(struct pair_bench *b, struct pair_client *client, bool live)
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

/* A new device with an empty copy, and that code. */
static void client_make(struct pair_bench *b, size_t index, struct uuid replica,
                        const uint8_t code[CODE_BYTES])
{
    struct pair_client *client = &b->clients[index];
    client->device = link_key_pair(&b->random);
    client->replica = replica_memory_open();
    struct identity identity = {.addresses = {STR("server:1")},
                                .address_count = 1,
                                .has_code = true,
                                .device_name = STR("laptop"),
                                .replica = replica,
                                .next_number = 1};
    memcpy(identity.code, code, CODE_BYTES);
    memcpy(identity.server_key, b->key.public.b, 32);
    pair_ok(client->replica->f->begin(client->replica));
    pair_ok(client->replica->f->identity_store(client->replica, &identity));
    pair_ok(client->replica->f->commit(client->replica));
    pair_start(b, client, false);
}

void pair_join(struct pair_bench *b, size_t index, const uint8_t code[CODE_BYTES])
{
    struct pair_client *client = &b->clients[index];
    sync_destroy(client->sync);
    client->sync = NULL;
    client->replica->f->close(client->replica);
    client_make(b, index, uuid_v7((uint64_t)b->now.wall_ms, &b->random), code);
}

static void server_begin(struct pair_bench *b)
{
    struct server_options options = {.key_count = 1, .program = STR("sluiced test")};
    random_bytes(&b->random, options.seed, sizeof options.seed);
    options.keys[0].secret = b->key.secret;
    memcpy(options.keys[0].public_key, b->key.public.b, 32);
    b->server = server_create(&options);
    assert_non_null(b->server);
}

void pair_restart(struct pair_bench *b)
{
    server_destroy(b->server);
    for (size_t i = 0; i < PAIR_CLIENTS; i++) {
        if (b->clients[i].connection) sync_lost(b->clients[i].sync, b->now);
        b->clients[i].connection = 0;
    }
    server_begin(b);
}

int pair_open(void **state)
{
    static struct pair_bench bench;
    struct pair_bench *b = &bench;
    memset(b, 0, sizeof *b);
    world_init(&b->world);
    world_deal(&b->world, "roof", "title=Roof");
    random_init_number(&b->random, 11);
    b->now = (struct now){.boot_ms = 1000, .wall_ms = b->world.recorded};
    b->store = store_memory_create();
    team_found(b);
    b->key = link_key_pair(&b->random);
    server_begin(b);
    for (size_t i = 0; i < PAIR_CLIENTS; i++) {
        uint8_t code[CODE_BYTES];
        code_of(i, code);
        client_make(b, i, world_id(i == 0 ? "replica 0" : "replica 1"), code);
    }
    *state = b;
    return 0;
}

int pair_close(void **state)
{
    struct pair_bench *b = *state;
    for (size_t i = 0; i < PAIR_CLIENTS; i++) {
        sync_destroy(b->clients[i].sync);
        b->clients[i].replica->f->close(b->clients[i].replica);
    }
    server_destroy(b->server);
    store_memory_destroy(b->store);
    world_finish(&b->world);
    return 0;
}

/* --- the wire between them --- */

static void client_connect(struct pair_bench *b, struct pair_client *client)
{
    if (b->down) {
        sync_lost(client->sync, b->now);
        return;
    }
    client->connection = ++b->connections;
    server_accepted(b->server, client->connection, STR("test"), b->now);
    sync_connected(client->sync, b->now);
}

bool pair_client_step(struct pair_bench *b, struct pair_client *client)
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

static struct pair_client *client_of(struct pair_bench *b, uint64_t connection)
{
    for (size_t i = 0; i < PAIR_CLIENTS; i++) {
        if (b->clients[i].connection == connection) return &b->clients[i];
    }
    return NULL;
}

static void server_write(struct pair_bench *b, uint64_t connection)
{
    struct pair_client *client = client_of(b, connection);
    struct str out = server_output(b->server, connection);
    if (client) sync_received(client->sync, out, b->now);
    server_sent(b->server, connection, out.n, b->now);
}

bool pair_server_step(struct pair_bench *b)
{
    struct effect effect = server_next(b->server);
    struct pair_client *client;
    const struct store_result *result;
    struct store_request request;
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
        request = *effect.request;
        if (request.kind == STORE_PAGE && b->page_rows > 0) request.row_limit = b->page_rows;
        if (request.kind == STORE_PAGE && b->page_stop > 0 && --b->page_stop == 0) break;
        result = store_memory_run(b->store, &request);
        server_store_done(b->server, result, b->now);
        store_memory_release(b->store, result);
        break;
    case EFFECT_LOG: break;
    }
    return true;
}

void pair_run(struct pair_bench *b)
{
    for (bool moved = true; moved;) {
        moved = pair_server_step(b);
        for (size_t i = 0; i < PAIR_CLIENTS; i++) moved = pair_client_step(b, &b->clients[i]) || moved;
    }
}

void pair_sleep(struct pair_bench *b)
{
    b->now.boot_ms += 20;
    b->now.wall_ms += 20;
    server_tick(b->server, b->now);
    for (size_t i = 0; i < PAIR_CLIENTS; i++) sync_tick(b->clients[i].sync, b->now);
    pair_run(b);
}

struct sync_report pair_exchange(struct pair_bench *b, size_t index)
{
    struct pair_client *client = &b->clients[index];
    pair_start(b, client, false);
    sync_start(client->sync, b->now);
    pair_run(b);
    for (int i = 0; i < PAIR_PATIENCE && sync_report(client->sync).state != SYNC_DONE; i++)
        pair_sleep(b);
    struct sync_report report = sync_report(client->sync);
    if (report.state != SYNC_DONE) {
        fail_msg("client %zu: state %d, trouble %s, refusal %s", index, (int)report.state,
                 sync_trouble_name(report.trouble), refusal_name(report.refusal));
    }
    return report;
}

void pair_edit(struct pair_bench *b, size_t index, const char *edits)
{
    struct change change;
    struct mutation mutation =
        world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", edits);
    pair_ok(outbox_submit(b->clients[index].replica, &b->world.arena, &mutation, STR("edit"), b->now,
                     &change));
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
}

void pair_deal(struct pair_bench *b, size_t index, const char *fields)
{
    const struct deal *deal = replica_deal(&b->world, b->clients[index].replica, "roof", false);
    assert_fields(&b->world, ENTITY_DEAL, deal, fields);
}
