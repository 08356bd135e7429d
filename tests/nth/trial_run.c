/* trial_run.c - see trial.h: the server, the sync machines and the pipes between them. */
#include "tests/nth/trial.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { ROUNDS_MAX = 20000 };

/* --- the store --- */

const struct store_result *trial_ask(struct trial *trial, const struct store_request *request)
{
    if (trial->database) return trial->database->run(request);
    return store_memory_run(trial->store, request);
}

void trial_release(struct trial *trial, const struct store_result *result)
{
    if (!trial->database) store_memory_release(trial->store, result);
}

uint64_t trial_head(struct trial *trial)
{
    enum memory_side side = memory_enter(MEMORY_TEST);
    struct store_request request = {.kind = STORE_HEAD, .team = trial->team};
    const struct store_result *result = trial_ask(trial, &request);
    uint64_t seq = result->status == STORE_OK ? result->seq : UINT64_MAX;
    trial_release(trial, result);
    memory_enter(side);
    return seq;
}

/* --- beginning and ending --- */

bool server_begin(struct trial *trial)
{
    struct server_options options = {
        .key_count = 1, .program = STR("sluiced nth"), .note = &trial->note};
    options.keys[0].secret = trial->server_key.secret;
    memcpy(options.keys[0].public_key, trial->server_key.public.b, 32);
    random_bytes(&trial->random, options.seed, sizeof options.seed);
    enum memory_side side = memory_enter(MEMORY_SERVER);
    trial->server = server_create(&options);
    memory_enter(side);
    return trial->server != NULL;
}

void server_end(struct trial *trial)
{
    for (size_t i = 0; i < DESKS; i++) desk_sync_end(trial, i);
    server_destroy(trial->server);
    trial->server = NULL;
}

bool desk_sync(struct trial *trial, size_t index, bool live, bool check_too)
{
    struct desk *desk = &trial->desks[index];
    struct sync_options options = {.replica = desk->replica,
                                   .device_secret = desk->device.secret,
                                   .program = STR("sluice nth"),
                                   .live = live,
                                   .check = check_too};
    memcpy(options.device_public, desk->device.public.b, 32);
    random_bytes(&trial->random, options.seed, sizeof options.seed);
    enum memory_side side = memory_enter(MEMORY_CLIENT);
    desk->sync = sync_create(&options);
    if (desk->sync) sync_start(desk->sync, trial->now);
    memory_enter(side);
    return desk->sync != NULL;
}

/* The client's end is gone; over a half-open wire the server does not hear of it. */
static void connection_end(struct trial *trial, struct desk *desk)
{
    if (desk->connection && trial->server && !desk->frozen) {
        enum memory_side side = memory_enter(MEMORY_SERVER);
        server_closed(trial->server, desk->connection, trial->now);
        memory_enter(side);
    }
    desk->connection = 0;
    desk->frozen = false;
}

void desk_sync_end(struct trial *trial, size_t index)
{
    struct desk *desk = &trial->desks[index];
    connection_end(trial, desk);
    sync_destroy(desk->sync);
    desk->sync = NULL;
}

/* --- pipes --- */

/* How many of the bytes get through; *cut: here it breaks. */
static size_t wire_pass(struct trial *trial, const struct desk *desk, enum wire_way way, size_t n,
                        bool *cut)
{
    struct wire *wire = &trial->wire;
    *cut = false;
    if (desk != &trial->desks[trial->who]) return n;
    uint64_t before = wire->bytes[way];
    wire->bytes[way] += n;
    if (!wire->armed || wire->struck || wire->way != way || wire->bytes[way] < wire->cut_at)
        return n;
    wire->struck = true;
    *cut = true;
    return wire->cut_at > before ? (size_t)(wire->cut_at - before) : 0;
}

/* The wire broke: both hear of it, or neither does. */
static void wire_break(struct trial *trial, struct desk *desk)
{
    if (trial->wire.silent) {
        desk->frozen = true;
        return;
    }
    connection_end(trial, desk);
    memory_enter(MEMORY_CLIENT);
    if (desk->sync) sync_lost(desk->sync, trial->now);
    memory_enter(MEMORY_TEST);
}

static void client_writes(struct trial *trial, struct desk *desk)
{
    struct str out = sync_output(desk->sync);
    size_t n = out.n;
    bool cut = false;
    if (n == 0) return;
    uint64_t connection = desk->connection;
    if (connection && !desk->frozen && trial->server) {
        struct str through = {out.p, wire_pass(trial, desk, WIRE_TO_SERVER, n, &cut)};
        memory_enter(MEMORY_SERVER);
        if (through.n > 0) server_received(trial->server, connection, through, trial->now);
    }
    memory_enter(MEMORY_CLIENT);
    sync_sent(desk->sync, n, trial->now);
    memory_enter(MEMORY_TEST);
    if (cut) wire_break(trial, desk);
}

static struct desk *desk_of(struct trial *trial, uint64_t connection)
{
    for (size_t i = 0; connection > 0 && i < DESKS; i++) {
        if (trial->desks[i].connection == connection) return &trial->desks[i];
    }
    return NULL;
}

static void server_writes(struct trial *trial, uint64_t connection)
{
    struct str out = server_output(trial->server, connection);
    struct desk *desk = desk_of(trial, connection);
    size_t n = out.n;
    bool cut = false;
    if (n == 0) return;
    if (desk && desk->sync && !desk->frozen) {
        struct str through = {out.p, wire_pass(trial, desk, WIRE_TO_CLIENT, n, &cut)};
        memory_enter(MEMORY_CLIENT);
        if (through.n > 0) sync_received(desk->sync, through, trial->now);
    }
    memory_enter(MEMORY_SERVER);
    server_sent(trial->server, connection, n, trial->now);
    memory_enter(MEMORY_TEST);
    if (cut) wire_break(trial, desk);
}

/* --- effects --- */

static void client_connects(struct trial *trial, struct desk *desk)
{
    connection_end(trial, desk);
    if (!trial->server) {
        memory_enter(MEMORY_CLIENT);
        sync_lost(desk->sync, trial->now);
        memory_enter(MEMORY_TEST);
        return;
    }
    desk->connection = ++trial->connections;
    memory_enter(MEMORY_SERVER);
    server_accepted(trial->server, desk->connection, STR("192.0.2.7"), trial->now);
    memory_enter(MEMORY_CLIENT);
    sync_connected(desk->sync, trial->now);
    memory_enter(MEMORY_TEST);
}

static bool client_drain(struct trial *trial, struct desk *desk)
{
    bool any = false;
    for (; desk->sync; any = true) {
        memory_enter(MEMORY_CLIENT);
        struct sync_effect effect = sync_next(desk->sync);
        memory_enter(MEMORY_TEST);
        switch (effect.kind) {
        case SYNC_EFFECT_NONE: return any;
        case SYNC_EFFECT_CONNECT: client_connects(trial, desk); break;
        case SYNC_EFFECT_WRITE: client_writes(trial, desk); break;
        case SYNC_EFFECT_CLOSE:
            client_writes(trial, desk);
            connection_end(trial, desk);
            break;
        case SYNC_EFFECT_CHANGED:
        case SYNC_EFFECT_PROGRESS: break;
        }
    }
    return any;
}

static void server_closes(struct trial *trial, uint64_t connection)
{
    server_writes(trial, connection);
    struct desk *desk = desk_of(trial, connection);
    bool told = desk && !desk->frozen;
    memory_enter(MEMORY_SERVER);
    server_closed(trial->server, connection, trial->now);
    memory_enter(MEMORY_CLIENT);
    if (desk) desk->connection = 0;
    if (desk) desk->frozen = false;
    if (told && desk->sync) sync_lost(desk->sync, trial->now);
    memory_enter(MEMORY_TEST);
}

static bool server_drain(struct trial *trial)
{
    bool any = false;
    for (; trial->server; any = true) {
        memory_enter(MEMORY_SERVER);
        struct effect effect = server_next(trial->server);
        memory_enter(MEMORY_TEST);
        const struct store_result *result;
        switch (effect.kind) {
        case EFFECT_NONE: return any;
        case EFFECT_WRITE: server_writes(trial, effect.connection); break;
        case EFFECT_CLOSE: server_closes(trial, effect.connection); break;
        case EFFECT_STORE:
            result = trial_ask(trial, effect.request);
            memory_enter(MEMORY_SERVER);
            server_store_done(trial->server, result, trial->now);
            memory_enter(MEMORY_TEST);
            trial_release(trial, result);
            break;
        case EFFECT_LOG: break;
        }
    }
    return any;
}

/* --- running --- */

static bool desk_settled(struct trial *trial, struct desk *desk)
{
    if (!desk->sync) return true;
    enum sync_state state = sync_report(desk->sync).state;
    if (state == SYNC_DONE || state == SYNC_REFUSED) return true;
    if (state != SYNC_LIVE) return false;
    struct replica *replica = desk->replica;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct identity identity;
    size_t pending;
    bool settled = replica->f->outbox_count(replica, &pending) == FAULT_NONE && pending == 0 &&
                   replica->f->identity_load(replica, &arena, &identity) == FAULT_NONE &&
                   identity.cursor_seq == trial_head(trial);
    arena_finish(&arena);
    return settled;
}

/* Nobody moves: until when. UINT64_MAX: for ever. */
static uint64_t next_deadline(struct trial *trial)
{
    uint64_t at = trial->server ? server_deadline(trial->server) : UINT64_MAX;
    for (size_t i = 0; i < DESKS; i++) {
        if (!trial->desks[i].sync) continue;
        uint64_t deadline = sync_deadline(trial->desks[i].sync);
        if (deadline < at) at = deadline;
    }
    return at;
}

static void time_passes(struct trial *trial, uint64_t at)
{
    uint64_t passed = at > trial->now.boot_ms ? at - trial->now.boot_ms : 1;
    trial->now.boot_ms += passed;
    trial->now.wall_ms += (int64_t)passed;
    memory_enter(MEMORY_SERVER);
    if (trial->server) server_tick(trial->server, trial->now);
    memory_enter(MEMORY_CLIENT);
    for (size_t i = 0; i < DESKS; i++) {
        if (trial->desks[i].sync) sync_tick(trial->desks[i].sync, trial->now);
    }
    memory_enter(MEMORY_TEST);
}

bool trial_run(struct trial *trial, uint64_t limit_ms)
{
    uint64_t limit = trial->now.boot_ms + limit_ms;
    for (size_t rounds = 0; rounds < ROUNDS_MAX; rounds++) {
        bool moved = false, settled = true;
        for (size_t i = 0; i < DESKS; i++) moved |= client_drain(trial, &trial->desks[i]);
        moved |= server_drain(trial);
        if (moved) continue;
        for (size_t i = 0; i < DESKS; i++) settled &= desk_settled(trial, &trial->desks[i]);
        if (settled) return true;
        uint64_t at = next_deadline(trial);
        if (at > limit) return false;
        time_passes(trial, at);
    }
    trial_wrong(trial, "there is no end to what client and server have to say");
    return false;
}

void trial_sync(struct trial *trial, size_t desk)
{
    check(desk_open(trial, desk) == FAULT_NONE);
    if (!trial->server) check(server_begin(trial));
    check(desk_sync(trial, desk, true, false));
    if (!trial_run(trial, 600000)) trial_wrong(trial, "desk %zu does not settle", desk);
    desk_close(trial, desk);
    server_end(trial);
}
