/* sync_bench.c - see sync_bench.h. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"

void ok(enum fault fault)
{
    assert_string_equal(fault_name(fault), fault_name(FAULT_NONE));
}

static void server_pump(struct bench *b)
{
    struct channel_event event;
    struct message message;
    while (channel_next(&b->link.server, &event)) {
        if (event.kind == CHANNEL_CLOSED) return;
        if (event.kind == CHANNEL_HANDSHAKE_DONE) {
            ok(codec_hello_unpack(&b->world.arena, event.bytes, &b->hello));
            b->hellos++;
            continue;
        }
        ok(codec_message_unpack(&b->world.arena, event.bytes, &message));
        if (message.kind == MESSAGE_PUSH) {
            b->pushed_first[b->pushes] = message.push.first_number;
            b->pushed[b->pushes++] = message.push.count;
        }
        b->pings += message.kind == MESSAGE_PING;
        b->byes += message.kind == MESSAGE_BYE && message.bye == BYE_DONE;
    }
}

static void effect_connect(struct bench *b, struct str address)
{
    b->connects++;
    memcpy(b->address, address.p, address.n);
    b->address[address.n] = '\0';
    if (b->unreachable) {
        sync_lost(b->sync, b->now);
        return;
    }
    link_pair_open(&b->link);
    b->connected = true;
    sync_connected(b->sync, b->now);
}

void bench_drive(struct bench *b)
{
    for (;;) {
        struct sync_effect effect = sync_next(b->sync);
        struct str out;
        switch (effect.kind) {
        case SYNC_EFFECT_NONE:
            out = b->connected ? channel_output(&b->link.server) : STR_NONE;
            if (out.n == 0) return;
            sync_received(b->sync, out, b->now);
            channel_sent(&b->link.server, out.n);
            break;
        case SYNC_EFFECT_CONNECT: effect_connect(b, effect.address); break;
        case SYNC_EFFECT_WRITE:
            out = sync_output(b->sync);
            channel_feed(&b->link.server, out);
            sync_sent(b->sync, out.n, b->now);
            server_pump(b);
            break;
        case SYNC_EFFECT_CLOSE:
            b->closes++;
            b->connected = false;
            break;
        case SYNC_EFFECT_CHANGED: b->changed++; break;
        case SYNC_EFFECT_PROGRESS: break;
        }
    }
}

void server_says(struct bench *b, const struct message *message)
{
    struct buffer packed;
    buffer_init(&packed, FRAME_TO_CLIENT_MAX);
    ok(codec_message_pack(message, &packed));
    ok(channel_send(&b->link.server, buffer_str(&packed)));
    buffer_finish(&packed);
    bench_drive(b);
}

void server_welcomes(struct bench *b, enum plan plan, uint64_t last_number, uint64_t head)
{
    struct message message = {.kind = MESSAGE_WELCOME,
                              .welcome = {.team = world_id("team"),
                                          .member = world_id("rep"),
                                          .device = world_id("device"),
                                          .role = ROLE_REP,
                                          .next_token = {9, 9},
                                          .last_number = last_number,
                                          .head_seq = head,
                                          .plan = plan,
                                          .server_time = b->now.wall_ms + 5000,
                                          .team_name = STR("Team"),
                                          .member_name = STR("Rep"),
                                          .program = STR("scripted")}};
    server_says(b, &message);
}

void server_pages(struct bench *b, uint64_t from, uint64_t to, uint64_t head,
                  struct packed_row *rows, size_t count)
{
    struct message message = {.kind = MESSAGE_PAGE,
                              .page = {.from_seq = from,
                                       .to_seq = to,
                                       .head_seq = head,
                                       .has_mark = to == head,
                                       .to_mark = {(uint8_t)to},
                                       .head_mark = {(uint8_t)head},
                                       .rows = rows,
                                       .count = count}};
    server_says(b, &message);
}

void server_bye(struct bench *b, enum bye_reason reason)
{
    struct message message = {.kind = MESSAGE_BYE, .bye = reason};
    server_says(b, &message);
}

struct packed_row bench_deal_row(struct bench *b, const char *name, uint64_t seq,
                                 const char *fields)
{
    return world_row(&b->world, ENTITY_DEAL, world_id(name), seq, 0,
                     world_deal(&b->world, name, fields));
}

struct packed_row bench_outcome_row(struct bench *b, uint64_t number, uint64_t seq,
                                    enum outcome_kind kind)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    uint8_t hash[32];
    ok(b->replica->f->outbox_list(b->replica, &b->world.arena, number, true, 1, &entries, &count));
    codec_payload_hash(count > 0 ? entries[0].payload : STR("nothing"), hash);
    struct outcome outcome = {.replica = b->hello.replica,
                              .number = (int64_t)number,
                              .kind = kind,
                              .payload_hash = {(const char *)hash, sizeof hash}};
    return world_row(&b->world, ENTITY_OUTCOME, outcome.replica, seq, (uint32_t)number, &outcome);
}

struct identity identity_of(struct bench *b)
{
    struct identity identity;
    ok(b->replica->f->identity_load(b->replica, &b->world.arena, &identity));
    return identity;
}

void identity_set(struct bench *b, const struct identity *identity)
{
    ok(b->replica->f->begin(b->replica));
    ok(b->replica->f->identity_store(b->replica, identity));
    ok(b->replica->f->commit(b->replica));
}

void bench_edit(struct bench *b, const char *edits)
{
    struct change change;
    struct mutation mutation = world_mutation(&b->world, MUTATION_EDIT, ENTITY_DEAL, "roof", edits);
    ok(outbox_submit(b->replica, &b->world.arena, &mutation, STR("edit"), b->now, &change));
    assert_int_equal(change.outcome, OUTCOME_APPLIED);
}

size_t bench_pending(struct bench *b)
{
    size_t count = 0;
    ok(b->replica->f->outbox_count(b->replica, &count));
    return count;
}

void assert_deal(struct bench *b, const char *name, const char *fields)
{
    const struct deal *deal = replica_deal(&b->world, b->replica, name, false);
    assert_fields(&b->world, ENTITY_DEAL, deal, fields);
}

struct sync_report bench_report(struct bench *b)
{
    return sync_report(b->sync);
}

void bench_sync(struct bench *b, bool live)
{
    struct sync_options options = {.replica = b->replica,
                                   .device_secret = b->link.device.secret,
                                   .seed = {1, 2, 3},
                                   .program = STR("test"),
                                   .fill_bytes = b->fill_bytes,
                                   .live = live};
    memcpy(options.device_public, b->link.device.public.b, 32);
    sync_destroy(b->sync);
    b->sync = sync_create(&options);
    assert_non_null(b->sync);
}

int bench_open(void **state)
{
    static struct bench bench;
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    world_init(&b->world);
    link_pair_init(&b->link, 7);
    world_deal(&b->world, "roof", "title=Roof");
    b->now = (struct now){.boot_ms = 1000, .wall_ms = b->world.recorded};
    b->replica = replica_memory_open();
    world_fill(&b->world, b->replica, "rep");
    struct identity identity = identity_of(b);
    memcpy(identity.server_key, b->link.keys[0].public.b, 32);
    identity.has_mark = true;
    identity.cursor_mark[0] = 1;
    identity_set(b, &identity);
    bench_sync(b, false);
    *state = b;
    return 0;
}

int bench_close(void **state)
{
    struct bench *b = *state;
    assert_false(replica_memory_in_transaction(b->replica));
    sync_destroy(b->sync);
    b->replica->f->close(b->replica);
    link_pair_finish(&b->link);
    world_finish(&b->world);
    return 0;
}

void bench_start(struct bench *b)
{
    sync_start(b->sync, b->now);
    bench_drive(b);
}
