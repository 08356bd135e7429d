/* server_world.c - see server_world.h. */
#include "tests/support/server_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/codec/row.h"

static void world_found(struct server_world *w)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct uuid invitation_id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random);
    uint8_t hash[32];
    codec_payload_hash((struct str){(const char *)w->code, CODE_BYTES}, hash);
    struct team team = {.id = w->team, .name = STR("Roofers"), .currency = STR("EUR")};
    struct member owner = {.id = w->owner, .name = STR("Anna"), .role = ROLE_OWNER};
    struct definition definition;
    assert_int_equal(definition_default(&arena, w->team, &definition), FAULT_NONE);
    struct invitation invitation = {.id = invitation_id,
                                    .member = w->owner,
                                    .code_hash = {(const char *)hash, 32},
                                    .expires_at = {true, SERVER_WORLD_WALL + 3600000}};
    struct row rows[] = {
        {.kind = ENTITY_TEAM, .id = w->team, .seq = 1, .entity = &team},
        {.kind = ENTITY_MEMBER, .id = w->owner, .seq = 1, .entity = &owner},
        {.kind = ENTITY_DEFINITION, .id = w->team, .seq = 1, .entity = &definition},
        {.kind = ENTITY_INVITATION, .id = invitation_id, .seq = 1, .entity = &invitation},
    };
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = w->team,
                                   .new_seq = 1,
                                   .mark = {1},
                                   .recorded_at = SERVER_WORLD_WALL,
                                   .rows = rows,
                                   .row_count = 4};
    const struct store_result *result = store_memory_run(w->store, &commit);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(w->store, result);
    arena_finish(&arena);
}

static void world_server(struct server_world *w, size_t batch_bytes_max)
{
    struct server_options options = {
        .key_count = 1, .program = STR("sluiced test"), .note = &w->note,
        .batch_bytes_max = batch_bytes_max};
    options.keys[0].secret = w->key.secret;
    memcpy(options.keys[0].public_key, w->key.public.b, 32);
    random_bytes(&w->random, options.seed, sizeof options.seed);
    w->server = server_create(&options);
    assert_non_null(w->server);
}

void server_world_begin(struct server_world *w)
{
    memset(w, 0, sizeof *w);
    random_init_number(&w->random, 7);
    w->key = link_key_pair(&w->random);
    w->now = (struct now){1000, SERVER_WORLD_WALL};
    w->team = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random);
    w->owner = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random);
    random_bytes(&w->random, w->code, sizeof w->code);
    w->store = store_memory_create();
    world_found(w);
    world_server(w, 0);
}

void server_world_small(struct server_world *w, size_t batch_bytes_max)
{
    server_destroy(w->server);
    world_server(w, batch_bytes_max);
}

void server_world_end(struct server_world *w)
{
    for (size_t i = 0; i < PEERS_MAX; i++) {
        channel_finish(&w->peers[i].channel);
        arena_finish(&w->peers[i].arena);
    }
    server_destroy(w->server);
    store_memory_destroy(w->store);
}

void server_world_restart(struct server_world *w)
{
    server_destroy(w->server);
    for (size_t i = 0; i < PEERS_MAX; i++) w->peers[i].open = false;
    world_server(w, 0);
}

/* --- moving bytes --- */

static void peer_pull(struct peer *peer)
{
    struct channel_event event;
    while (channel_next(&peer->channel, &event)) {
        if (event.kind == CHANNEL_HANDSHAKE_DONE) peer->open = true;
        if (event.kind != CHANNEL_MESSAGE) continue;
        assert_true(peer->count < MESSAGES_MAX);
        assert_int_equal(codec_message_unpack(&peer->arena, event.bytes,
                                              &peer->messages[peer->count++]),
                         FAULT_NONE);
    }
}

static struct peer *peer_of(struct server_world *w, uint64_t connection)
{
    for (size_t i = 0; i < PEERS_MAX; i++) {
        if (w->peers[i].connection == connection) return &w->peers[i];
    }
    return NULL;
}

void server_world_carry(struct server_world *w, uint64_t connection)
{
    if (connection == w->stuck) return;
    struct peer *peer = peer_of(w, connection);
    struct str out = server_output(w->server, connection);
    size_t n = out.n;
    if (peer) channel_feed(&peer->channel, out);
    server_sent(w->server, connection, n, w->now);
    if (peer) peer_pull(peer);
}

void server_world_answer(struct server_world *w, const struct store_request *request)
{
    const struct store_result *result = store_memory_run(w->store, request);
    server_store_done(w->server, result, w->now);
    store_memory_release(w->store, result);
}

void server_world_elsewhere(struct server_world *w, const char *name)
{
    const struct store_result *head = store_memory_run(
        w->store, &(struct store_request){.kind = STORE_HEAD, .team = w->team});
    struct organisation organisation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random),
                                        .name = str_from(name)};
    struct row row = {.kind = ENTITY_ORGANISATION,
                      .id = organisation.id,
                      .seq = head->seq + 1,
                      .entity = &organisation};
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = w->team,
                                   .expected_seq = head->seq,
                                   .new_seq = head->seq + 1,
                                   .recorded_at = head->recorded_last,
                                   .inbox_last = head->inbox_last,
                                   .rows = &row,
                                   .row_count = 1};
    random_bytes(&w->random, commit.mark, sizeof commit.mark);
    store_memory_release(w->store, head);
    const struct store_result *result = store_memory_run(w->store, &commit);
    assert_int_equal(result->status, STORE_OK);
    store_memory_release(w->store, result);
}

static bool drain(struct server_world *w)
{
    bool any = false;
    for (;;) {
        struct effect effect = server_next(w->server);
        struct peer *peer;
        switch (effect.kind) {
        case EFFECT_NONE: return any;
        case EFFECT_WRITE: server_world_carry(w, effect.connection); break;
        case EFFECT_CLOSE:
            server_world_carry(w, effect.connection);
            peer = peer_of(w, effect.connection);
            if (peer) peer->closed = true;
            server_closed(w->server, effect.connection, w->now);
            break;
        case EFFECT_STORE:
            if (w->hold && effect.request->kind == (w->holds ? w->holds : STORE_COMMIT)) {
                assert_true(w->held_count < sizeof w->held / sizeof w->held[0]);
                w->held[w->held_count++] = effect.request;
            } else {
                server_world_answer(w, effect.request);
            }
            break;
        case EFFECT_LOG:
            assert_true(effect.line.n > 0);
            if (w->listens && str_starts_with(effect.line, str_from(w->listens))) w->lines++;
            break;
        }
        any = true;
    }
}

void server_world_settle(struct server_world *w)
{
    bool moved = true;
    while (moved) {
        moved = drain(w);
        for (size_t i = 0; i < PEERS_MAX; i++) {
            struct peer *peer = &w->peers[i];
            if (!peer->connection || peer->closed) continue;
            struct str out = channel_output(&peer->channel);
            size_t n = out.n;
            if (n == 0) continue;
            server_received(w->server, peer->connection, out, w->now);
            channel_sent(&peer->channel, n);
            moved = true;
        }
    }
}

void server_world_pass(struct server_world *w, uint64_t ms)
{
    w->now.boot_ms += ms;
    w->now.wall_ms += (int64_t)ms;
    server_tick(w->server, w->now);
    server_world_settle(w);
}

/* --- clients --- */

void peer_make(struct server_world *w, struct peer *peer)
{
    *peer = (struct peer){.key = link_key_pair(&w->random)};
    peer->hello = (struct hello){.protocol = PROTOCOL_VERSION,
                                 .program = STR("test"),
                                 .next_number = 1,
                                 .device_name = STR("laptop"),
                                 .live = true};
    random_bytes(&w->random, peer->hello.replica.b, 16);
}

void peer_connect(struct server_world *w, struct peer *peer)
{
    channel_finish(&peer->channel);
    arena_finish(&peer->arena);
    arena_init(&peer->arena, 64 << 20);
    peer->count = 0;
    peer->open = peer->closed = false;
    peer->connection = ++w->connections;
    struct buffer hello;
    buffer_init(&hello, HANDSHAKE_PAYLOAD_MAX);
    assert_int_equal(codec_hello_pack(&peer->hello, &hello), FAULT_NONE);
    struct channel_options options = {.role = CHANNEL_CLIENT,
                                      .keys = &peer->key,
                                      .key_count = 1,
                                      .server = w->key.public,
                                      .hello = buffer_str(&hello),
                                      .frame_in_max = FRAME_TO_CLIENT_MAX,
                                      .frame_out_max = FRAME_TO_SERVER_MAX,
                                      .now = w->now};
    random_bytes(&w->random, options.ephemeral.b, sizeof options.ephemeral.b);
    assert_int_equal(channel_init(&peer->channel, &options), FAULT_NONE);
    buffer_finish(&hello);
    server_accepted(w->server, peer->connection, STR("192.0.2.7"), w->now);
    server_world_settle(w);
}

const struct message *peer_find(const struct peer *peer, enum message_kind kind)
{
    for (size_t i = peer->count; i > 0; i--) {
        if (peer->messages[i - 1].kind == kind) return &peer->messages[i - 1];
    }
    return NULL;
}

const struct welcome *peer_welcomed(struct peer *peer)
{
    const struct message *message = peer_find(peer, MESSAGE_WELCOME);
    assert_non_null(message);
    peer->hello.has_code = false;
    peer->hello.has_token = true;
    memcpy(peer->hello.token, message->welcome.next_token, TOKEN_BYTES);
    const struct message *page = peer_find(peer, MESSAGE_PAGE);
    if (page && page->page.has_mark) {
        peer->hello.cursor_seq = page->page.to_seq;
        peer->hello.has_mark = true;
        memcpy(peer->hello.cursor_mark, page->page.to_mark, MARK_BYTES);
    }
    return &message->welcome;
}

void peer_leave(struct server_world *w, struct peer *peer)
{
    struct buffer out;
    buffer_init(&out, 1024);
    assert_int_equal(
        codec_message_pack(&(struct message){.kind = MESSAGE_BYE, .bye = BYE_DONE}, &out),
        FAULT_NONE);
    assert_int_equal(channel_send(&peer->channel, buffer_str(&out)), FAULT_NONE);
    buffer_finish(&out);
    server_world_settle(w);
    assert_true(peer->closed);
}

struct peer *peer_enrolled(struct server_world *w)
{
    struct peer *peer = &w->peers[0];
    peer_make(w, peer);
    peer->hello.has_code = true;
    memcpy(peer->hello.code, w->code, CODE_BYTES);
    peer_connect(w, peer);
    assert_false(peer->closed);
    peer_welcomed(peer);
    return peer;
}

struct peer *peer_second(struct server_world *w)
{
    struct peer *peer = &w->peers[1];
    peer_make(w, peer);
    peer->key = w->peers[0].key;
    peer_connect(w, peer);
    assert_false(peer->closed);
    peer_welcomed(peer);
    return peer;
}

struct str server_world_pack(const struct mutation *mutation, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(mutation, &out), FAULT_NONE);
    struct str packed = arena_str(arena, buffer_str(&out));
    buffer_finish(&out);
    return packed;
}

struct str server_world_deal(struct server_world *w, struct arena *arena, const char *title)
{
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_DEAL, STR("title")), .want = value_text(str_from(title))},
        {.field = field_by_name(ENTITY_DEAL, STR("owner")), .want = value_reference(w->owner)},
    };
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    struct mutation mutation = {.id = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random),
                                .kind = MUTATION_CREATE,
                                .entity = ENTITY_DEAL,
                                .target = uuid_v7((uint64_t)SERVER_WORLD_WALL, &w->random),
                                .edits = edits,
                                .edit_count = 2,
                                .acted_at = {true, SERVER_WORLD_WALL}};
    return server_world_pack(&mutation, arena);
}

void peer_push(struct server_world *w, struct peer *peer, uint64_t number,
                      struct str payload)
{
    peer_push_many(w, peer, number, &payload, 1);
}

void peer_push_many(struct server_world *w, struct peer *peer, uint64_t first, struct str *payloads,
                    size_t count)
{
    struct message message = {
        .kind = MESSAGE_PUSH,
        .push = {.first_number = first, .mutations = payloads, .count = count}};
    struct buffer out;
    buffer_init(&out, FRAME_TO_SERVER_MAX);
    assert_int_equal(codec_message_pack(&message, &out), FAULT_NONE);
    assert_int_equal(channel_send(&peer->channel, buffer_str(&out)), FAULT_NONE);
    buffer_finish(&out);
    server_world_settle(w);
}

size_t peer_rows(const struct peer *peer, enum entity_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < peer->count; i++) {
        if (peer->messages[i].kind != MESSAGE_PAGE) continue;
        const struct page *page = &peer->messages[i].page;
        for (size_t k = 0; k < page->count; k++) {
            if (page->rows[k].kind == (uint32_t)kind) count++;
        }
    }
    return count;
}

struct outcome peer_outcome(struct peer *peer, uint64_t number)
{
    for (size_t i = 0; i < peer->count; i++) {
        if (peer->messages[i].kind != MESSAGE_PAGE) continue;
        const struct page *page = &peer->messages[i].page;
        for (size_t k = 0; k < page->count; k++) {
            if (page->rows[k].kind != ENTITY_OUTCOME || page->rows[k].n != number) continue;
            void *outcome;
            assert_int_equal(codec_entity_unpack(&peer->arena, ENTITY_OUTCOME,
                                                 page->rows[k].body, &outcome),
                             FAULT_NONE);
            return *(struct outcome *)outcome;
        }
    }
    return (struct outcome){.kind = OUTCOME_NONE};
}

enum bye_reason peer_bye(const struct peer *peer)
{
    const struct message *bye = peer_find(peer, MESSAGE_BYE);
    return bye && peer->closed ? bye->bye : BYE_NONE;
}
