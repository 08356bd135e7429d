/* sync.c - see sync.h: effects, timers and what the network reports. The parts: sync_inside.h. */
#include "client/core/sync_inside.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/base/banned.h"

struct sync *sync_create(const struct sync_options *options)
{
    struct sync *sync = calloc(1, sizeof *sync);
    if (!sync) return NULL;
    sync->replica = options->replica;
    sync->device.secret = options->device_secret;
    for (size_t i = 0; i < sizeof sync->device.public.b; i++)
        sync->device.public.b[i] = options->device_public[i];
    random_init(&sync->random, options->seed);
    struct str program = str_slice(options->program, 0, SYNC_PROGRAM_BYTES);
    for (size_t i = 0; i < program.n; i++) sync->program[i] = program.p[i];
    sync->program_length = program.n;
    sync->live = options->live;
    sync->fill_bytes = options->fill_bytes > 0 ? options->fill_bytes : SYNC_FILL_BYTES;
    if (options->check && !options->live) sync->check.phase = CHECK_WANTED;
    arena_init(&sync->check.arena, SYNC_CHECK_BYTES);
    sync->retry_at = sync->reveal_at = UINT64_MAX;
    arena_init(&sync->identity_arena, 64 * 1024);
    sync_rows_init(&sync->kept, SYNC_KEPT_BYTES);
    sync_rows_init(&sync->fill, SYNC_ROWS_BYTES);
    sync_rows_init(&sync->put, SYNC_ROWS_BYTES);
    arena_init(&sync->scratch, SYNC_MESSAGE_BYTES);
    pending_init(&sync->pending);
    return sync;
}

void sync_destroy(struct sync *sync)
{
    if (!sync) return;
    channel_finish(&sync->channel);
    key_pair_finish(&sync->device);
    arena_finish(&sync->identity_arena);
    sync_rows_finish(&sync->kept);
    sync_rows_finish(&sync->fill);
    sync_rows_finish(&sync->put);
    arena_finish(&sync->scratch);
    arena_finish(&sync->check.arena);
    pending_finish(&sync->pending);
    free(sync);
}

void sync_start(struct sync *sync, struct now now)
{
    if (sync->report.state != SYNC_OFFLINE || sync->connection) return;
    sync->stopping = false;
    sync->tried = 0;
    sync_begin(sync, now);
}

static struct hello hello_make(const struct sync *sync)
{
    const struct identity *identity = &sync->identity;
    struct hello hello = {
        .protocol = PROTOCOL_VERSION,
        .program = {sync->program, sync->program_length},
        .replica = identity->replica,
        .has_token = identity->has_token,
        .next_number = identity->next_number,
        .cursor_seq = identity->cursor_seq,
        .has_mark = identity->has_mark,
        .refill = sync->force_snapshot || identity->refill,
        .has_fill = sync->resume,
        .fill_seq = identity->fill_seq,
        .top_seq = identity->fill_top_seq,
        .has_code = identity->has_code,
        .device_name = identity->device_name,
        .live = sync->live,
    };
    for (size_t i = 0; i < TOKEN_BYTES; i++) hello.token[i] = identity->token[i];
    for (size_t i = 0; i < MARK_BYTES; i++) hello.cursor_mark[i] = identity->cursor_mark[i];
    for (size_t i = 0; i < MARK_BYTES; i++) hello.top_mark[i] = identity->fill_top_mark[i];
    for (size_t i = 0; i < CODE_BYTES; i++) hello.code[i] = identity->code[i];
    return hello;
}

static enum fault channel_open(struct sync *sync, struct now now)
{
    struct buffer packed;
    struct hello hello = hello_make(sync);
    buffer_init(&packed, HANDSHAKE_PAYLOAD_MAX);
    enum fault fault = codec_hello_pack(&hello, &packed);
    struct channel_options options = {
        .role = CHANNEL_CLIENT,
        .keys = &sync->device,
        .key_count = 1,
        .hello = buffer_str(&packed),
        .frame_in_max = FRAME_TO_CLIENT_MAX,
        .frame_out_max = FRAME_TO_SERVER_MAX,
        .now = now,
    };
    for (size_t i = 0; i < sizeof options.server.b; i++)
        options.server.b[i] = sync->identity.server_key[i];
    random_bytes(&sync->random, options.ephemeral.b, sizeof options.ephemeral.b);
    channel_finish(&sync->channel);
    if (!fault) fault = channel_init(&sync->channel, &options);
    if (fault) sync->channel = (struct channel){.stage = CHANNEL_STAGE_CLOSED};
    secret32_finish(&options.ephemeral);
    buffer_finish(&packed);
    return fault;
}

void sync_connected(struct sync *sync, struct now now)
{
    if (sync->report.state != SYNC_CONNECTING) return;
    /* The hello is made of what the copy says now: another process may have written meanwhile. */
    arena_reset(&sync->identity_arena);
    enum fault fault =
        sync->replica->f->identity_load(sync->replica, &sync->identity_arena, &sync->identity);
    /* A snapshot that broke goes on, unless what it is of is in doubt since. */
    sync->resume = !fault && sync->identity.fill_generation > sync->identity.generation &&
                   (!sync->force_snapshot || sync->filling);
    if (!fault) fault = channel_open(sync, now);
    if (fault == FAULT_CRYPTO) {
        sync_fail(sync, SYNC_TROUBLE_SERVER_KEY, now);
        return;
    }
    if (fault) {
        sync_fail_local(sync, fault, now);
        return;
    }
    sync->report.state = SYNC_HANDSHAKE;
    bool refill = sync->force_snapshot || sync->identity.refill;
    sync->position = refill ? 0 : sync->identity.cursor_seq;
    if (sync->resume) sync->position = sync->identity.fill_seq;
    sync->began_at = sync->heard_at = sync->pinged_at = now.boot_ms;
    sync->write_due = true;
}

static bool session_is_open(const struct sync *sync)
{
    return sync->connection &&
           (sync->report.state == SYNC_HANDSHAKE || sync_in_session(sync));
}

static void channel_pump(struct sync *sync, struct now now)
{
    struct channel_event event;
    while (session_is_open(sync) && channel_next(&sync->channel, &event)) {
        switch (event.kind) {
        case CHANNEL_HANDSHAKE_DONE: break;
        case CHANNEL_MESSAGE:
            sync_end(sync, sync_session_message(sync, event.bytes, now), now);
            break;
        case CHANNEL_CLOSED:
            sync->report.peer_version = event.peer_version;
            if (event.reason == CHANNEL_REASON_MEMORY) {
                sync_fail_local(sync, FAULT_MEMORY, now);
            } else {
                sync_fail(sync, sync_trouble_of(event.reason), now);
            }
            break;
        }
    }
    sync->write_due = true;
}

void sync_received(struct sync *sync, struct str bytes, struct now now)
{
    if (!session_is_open(sync)) return;
    uint64_t heard = channel_heard(&sync->channel);
    channel_feed(&sync->channel, bytes);
    channel_pump(sync, now);
    if (session_is_open(sync) && channel_heard(&sync->channel) != heard)
        sync->heard_at = now.boot_ms;
}

void sync_lost(struct sync *sync, struct now now)
{
    if (!sync->connection) return;
    if (sync->report.state == SYNC_CONNECTING) {
        sync_fail(sync, SYNC_TROUBLE_UNREACHABLE, now);
    } else {
        channel_end(&sync->channel);
        channel_pump(sync, now);
    }
    sync->close_due = false; /* it is gone already */
}

void sync_poke(struct sync *sync, struct now now)
{
    if (sync_in_session(sync)) sync_end(sync, ending_local(sync_push(sync)), now);
}

static void session_tick(struct sync *sync, struct now now)
{
    if (now.boot_ms >= sync->heard_at + DEAD_MS) {
        sync_fail(sync, SYNC_TROUBLE_SILENT, now);
        return;
    }
    bool stop = sync->stopping && now.boot_ms >= sync->stop_at;
    if (stop || now.boot_ms >= sync->reveal_at) {
        sync_end(sync, sync_session_settle(sync, now), now);
    } else if (sync_fill_waits(sync)) {
        sync_end(sync, sync_session_fill(sync, now), now);
    }
    if (stop || !sync_in_session(sync)) return;
    if (now.boot_ms >= sync->recheck_at) {
        sync->recheck_at = now.boot_ms + SYNC_RECHECK_MS;
        if (!sync->stopping) sync_poke(sync, now);
        if (!sync_in_session(sync)) return;
    }
    if (now.boot_ms < sync->heard_at + PING_MS || now.boot_ms < sync->pinged_at + PING_MS) return;
    sync->pinged_at = now.boot_ms;
    struct message ping = {.kind = MESSAGE_PING, .nonce = random_u64(&sync->random)};
    enum fault fault = sync_write(sync, &ping);
    if (fault && fault != FAULT_BUSY) sync_fail_local(sync, fault, now);
}

void sync_tick(struct sync *sync, struct now now)
{
    if (session_is_open(sync)) {
        channel_tick(&sync->channel, now);
        channel_pump(sync, now);
    }
    switch (sync->report.state) {
    case SYNC_OFFLINE:
        if (now.boot_ms >= sync->retry_at) sync_begin(sync, now);
        break;
    case SYNC_CONNECTING:
        if (now.boot_ms >= sync->began_at + SYNC_CONNECT_MS)
            sync_fail(sync, SYNC_TROUBLE_UNREACHABLE, now);
        break;
    case SYNC_HANDSHAKE:
        if (now.boot_ms >= sync->began_at + SYNC_WELCOME_MS)
            sync_fail(sync, SYNC_TROUBLE_SILENT, now);
        break;
    case SYNC_CATCHING_UP:
    case SYNC_LIVE: session_tick(sync, now); break;
    case SYNC_DONE:
    case SYNC_REFUSED: break;
    }
}

void sync_stop(struct sync *sync, struct now now)
{
    if (sync->stopping) return;
    sync->stopping = true;
    sync->stop_at = now.boot_ms + SYNC_STOP_MS;
    if (sync_in_session(sync)) {
        sync_end(sync, sync_session_settle(sync, now), now);
        return;
    }
    sync_close(sync);
    sync->retry_at = UINT64_MAX;
    if (sync->report.state != SYNC_REFUSED && sync->report.state != SYNC_DONE)
        sync->report.state = SYNC_OFFLINE;
}

/* Output before its connection's close, and both before the next connection. */
struct sync_effect sync_next(struct sync *sync)
{
    if (sync->write_due) {
        sync->write_due = false;
        bool useful = sync->connection || sync->close_due;
        if (useful && sync->report.state != SYNC_CONNECTING && sync_output(sync).n > 0)
            return (struct sync_effect){.kind = SYNC_EFFECT_WRITE};
    }
    if (sync->close_due) {
        sync->close_due = false;
        return (struct sync_effect){.kind = SYNC_EFFECT_CLOSE};
    }
    if (sync->connect_due) {
        sync->connect_due = false;
        return (struct sync_effect){.kind = SYNC_EFFECT_CONNECT,
                                    .address = sync->identity.addresses[sync->address]};
    }
    if (sync->changed_due) {
        sync->changed_due = false;
        sync->revealed_told = true;
        return (struct sync_effect){.kind = SYNC_EFFECT_CHANGED};
    }
    if (sync->progress_due) {
        sync->progress_due = false;
        return (struct sync_effect){.kind = SYNC_EFFECT_PROGRESS};
    }
    return (struct sync_effect){.kind = SYNC_EFFECT_NONE};
}

struct str sync_output(const struct sync *sync)
{
    return channel_output(&sync->channel);
}

void sync_sent(struct sync *sync, size_t n, struct now now)
{
    size_t waiting = channel_output(&sync->channel).n; /* of a later connection: less, or none */
    channel_sent(&sync->channel, n < waiting ? n : waiting);
    if (sync->push_blocked && sync_in_session(sync)) {
        sync_end(sync, ending_local(sync_push(sync)), now);
    }
    if (channel_output(&sync->channel).n > 0) sync->write_due = true;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sync_deadline(const struct sync *sync)
{
    uint64_t at = UINT64_MAX;
    if (session_is_open(sync)) at = channel_deadline_ms(&sync->channel);
    switch (sync->report.state) {
    case SYNC_OFFLINE: return sync->retry_at;
    case SYNC_CONNECTING: return sync->began_at + SYNC_CONNECT_MS;
    case SYNC_HANDSHAKE: return earlier(at, sync->began_at + SYNC_WELCOME_MS);
    case SYNC_CATCHING_UP:
    case SYNC_LIVE: break;
    case SYNC_DONE:
    case SYNC_REFUSED: return UINT64_MAX;
    }
    if (sync_fill_waits(sync)) return 0; /* at once, but what was received meanwhile comes first */
    uint64_t quiet = sync->heard_at > sync->pinged_at ? sync->heard_at : sync->pinged_at;
    at = earlier(at, earlier(quiet + PING_MS, sync->heard_at + DEAD_MS));
    at = earlier(at, earlier(sync->reveal_at, sync->recheck_at));
    return sync->stopping ? earlier(at, sync->stop_at) : at;
}

struct sync_report sync_report(const struct sync *sync)
{
    struct sync_report report = sync->report;
    report.revealed = sync->revealed;
    report.revealed_count = sync->revealed_count;
    report.revealed_more = sync->revealed_more;
    return report;
}
