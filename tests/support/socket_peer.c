/* socket_peer.c - see socket_peer.h. */
#define _GNU_SOURCE
#include "tests/support/socket_peer.h"

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/codec/row.h"
#include "common/link/invitation.h"
#include "tests/support/link_pair.h"

enum { CONNECT_MS = 20 * 1000, INPUT_BYTES = 64 * 1024, ARENA_MAX = 64 << 20 };

static struct now now_read(void)
{
    struct timespec boot, wall;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct now){.boot_ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000,
                        .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000};
}

bool socket_peer_make(struct socket_peer *peer, uint64_t seed, const char *line)
{
    struct invitation_line invitation;
    *peer = (struct socket_peer){.socket = -1};
    /* Far apart: two peers made within a few milliseconds must not be one. */
    random_init_number(&peer->random, (seed << 44) + (uint64_t)now_read().wall_ms);
    peer->key = link_key_pair(&peer->random);
    arena_init(&peer->arena, ARENA_MAX);
    if (invitation_line_parse(str_from(line), &invitation)) return false;
    memcpy(peer->server_key.b, invitation.server_key, sizeof peer->server_key.b);
    peer->hello = (struct hello){.protocol = PROTOCOL_VERSION,
                                 .program = STR("socket_peer"),
                                 .replica = uuid_v7((uint64_t)now_read().wall_ms, &peer->random),
                                 .next_number = 1,
                                 .has_code = true,
                                 .device_name = STR("test"),
                                 .live = true};
    memcpy(peer->hello.code, invitation.code, sizeof peer->hello.code);
    return true;
}

static bool flush(struct socket_peer *peer)
{
    struct str out;
    while ((out = channel_output(&peer->channel)).n > 0) {
        ssize_t n = send(peer->socket, out.p, out.n, MSG_NOSIGNAL);
        if (n <= 0) return false;
        channel_sent(&peer->channel, (size_t)n);
    }
    return true;
}

/* Waits for bytes and feeds them. False: nothing came in time, or the end. */
static bool receive(struct socket_peer *peer, int timeout_ms)
{
    char bytes[INPUT_BYTES];
    struct pollfd waiting = {.fd = peer->socket, .events = POLLIN};
    if (poll(&waiting, 1, timeout_ms) <= 0) return false;
    ssize_t n = recv(peer->socket, bytes, sizeof bytes, 0);
    if (n <= 0) {
        channel_end(&peer->channel);
        socket_peer_leave(peer);
        return false;
    }
    channel_feed(&peer->channel, (struct str){bytes, (size_t)n});
    return true;
}

bool socket_peer_connect(struct socket_peer *peer, int port)
{
    socket_peer_leave(peer);
    channel_finish(&peer->channel);
    struct buffer hello;
    buffer_init(&hello, HANDSHAKE_PAYLOAD_MAX);
    struct channel_options options = {.role = CHANNEL_CLIENT,
                                      .keys = &peer->key,
                                      .key_count = 1,
                                      .server = peer->server_key,
                                      .frame_in_max = FRAME_TO_CLIENT_MAX,
                                      .frame_out_max = FRAME_TO_SERVER_MAX,
                                      .now = now_read()};
    bool good = codec_hello_pack(&peer->hello, &hello) == FAULT_NONE;
    options.hello = buffer_str(&hello);
    random_bytes(&peer->random, options.ephemeral.b, sizeof options.ephemeral.b);
    good = good && channel_init(&peer->channel, &options) == FAULT_NONE;
    buffer_finish(&hello);
    if (!good) return false;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->port = port;
    peer->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    (void)setsockopt(peer->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(peer->socket, (struct sockaddr *)&address, sizeof address) != 0) return false;
    if (!flush(peer)) return false;
    while (!channel_is_open(&peer->channel)) {
        struct channel_event event;
        if (!receive(peer, CONNECT_MS)) return false;
        while (!channel_is_open(&peer->channel) && channel_next(&peer->channel, &event)) {
            if (event.kind == CHANNEL_CLOSED) return false;
        }
        if (!flush(peer)) return false;
    }
    return true;
}

struct message socket_peer_read(struct socket_peer *peer, int timeout_ms)
{
    struct message message = {.kind = MESSAGE_NONE};
    struct channel_event event;
    uint64_t end = now_read().boot_ms + (uint64_t)timeout_ms;
    for (;;) {
        while (channel_next(&peer->channel, &event)) {
            if (event.kind != CHANNEL_MESSAGE) continue;
            arena_reset(&peer->arena);
            if (codec_message_unpack(&peer->arena, event.bytes, &message)) {
                return (struct message){.kind = MESSAGE_NONE};
            }
            return message;
        }
        uint64_t now = now_read().boot_ms;
        if (peer->socket < 0 || now >= end) return message;
        if (!receive(peer, (int)(end - now)) && peer->socket >= 0) return message;
    }
}

bool socket_peer_welcomed(struct socket_peer *peer, int port)
{
    if (!socket_peer_connect(peer, port)) return false;
    struct message message = socket_peer_read(peer, CONNECT_MS);
    if (message.kind != MESSAGE_WELCOME) return false;
    peer->welcome = message.welcome;
    peer->welcome.team_name = peer->welcome.member_name = peer->welcome.program = STR_NONE;
    peer->hello.has_code = false;
    peer->hello.has_token = true;
    memcpy(peer->hello.token, message.welcome.next_token, TOKEN_BYTES);
    return true;
}

static void page_keep(struct socket_peer *peer, const struct page *page)
{
    peer->hello.cursor_seq = page->to_seq;
    peer->hello.has_mark = page->has_mark;
    memcpy(peer->hello.cursor_mark, page->to_mark, MARK_BYTES);
}

static struct message page_next(struct socket_peer *peer, uint64_t end)
{
    for (;;) {
        uint64_t now = now_read().boot_ms;
        struct message message = socket_peer_read(peer, now < end ? (int)(end - now) : 0);
        if (message.kind == MESSAGE_PAGE) page_keep(peer, &message.page);
        if (message.kind == MESSAGE_PAGE || message.kind == MESSAGE_NONE) return message;
    }
}

bool socket_peer_await_answer(struct socket_peer *peer, uint64_t number, int timeout_ms,
                              struct outcome *out)
{
    uint64_t end = now_read().boot_ms + (uint64_t)timeout_ms;
    for (;;) {
        struct message message = page_next(peer, end);
        if (message.kind == MESSAGE_NONE) return false;
        for (size_t i = 0; i < message.page.count; i++) {
            void *entity;
            const struct packed_row *row = &message.page.rows[i];
            if (row->kind != ENTITY_OUTCOME) continue;
            if (codec_entity_unpack(&peer->arena, ENTITY_OUTCOME, row->body, &entity)) continue;
            const struct outcome *outcome = entity;
            if ((uint64_t)outcome->number != number) continue;
            *out = *outcome;
            peer->hello.next_number = number + 1;
            return true;
        }
    }
}

bool socket_peer_await_row(struct socket_peer *peer, enum entity_kind kind, struct uuid id,
                           int timeout_ms)
{
    uint64_t end = now_read().boot_ms + (uint64_t)timeout_ms;
    for (;;) {
        struct message message = page_next(peer, end);
        if (message.kind == MESSAGE_NONE) return false;
        for (size_t i = 0; i < message.page.count; i++) {
            const struct packed_row *row = &message.page.rows[i];
            if (row->kind == (uint32_t)kind && uuid_equal(row->id, id)) return true;
        }
    }
}

bool socket_peer_await_end(struct socket_peer *peer, int timeout_ms, enum session_refusal *refusal,
                           enum bye_reason *bye)
{
    uint64_t end = now_read().boot_ms + (uint64_t)timeout_ms;
    *refusal = REFUSAL_NONE;
    *bye = BYE_NONE;
    for (;;) {
        uint64_t now = now_read().boot_ms;
        struct message message = socket_peer_read(peer, now < end ? (int)(end - now) : 0);
        if (message.kind == MESSAGE_REFUSAL) *refusal = message.refusal.code;
        if (message.kind == MESSAGE_BYE) *bye = message.bye;
        if (message.kind == MESSAGE_NONE) return peer->socket < 0;
    }
}

bool socket_peer_send(struct socket_peer *peer, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, FRAME_TO_SERVER_MAX);
    bool good = codec_message_pack(message, &out) == FAULT_NONE &&
                channel_send(&peer->channel, buffer_str(&out)) == FAULT_NONE && flush(peer);
    buffer_finish(&out);
    return good;
}

bool socket_peer_push(struct socket_peer *peer, uint64_t number, struct str payload)
{
    return socket_peer_send(
        peer, &(struct message){.kind = MESSAGE_PUSH,
                                .push = {.first_number = number, .mutations = &payload,
                                         .count = 1}});
}

void socket_peer_leave(struct socket_peer *peer)
{
    if (peer->socket >= 0) close(peer->socket);
    peer->socket = -1;
}

void socket_peer_finish(struct socket_peer *peer)
{
    if (peer->port > 0) socket_peer_leave(peer);
    channel_finish(&peer->channel);
    arena_finish(&peer->arena);
}

static struct str pack(struct socket_peer *peer, struct mutation *mutation)
{
    struct buffer out;
    struct str packed = STR_NONE;
    int64_t wall = now_read().wall_ms;
    mutation->id = uuid_v7((uint64_t)wall, &peer->random);
    mutation->acted_at = (struct optional){true, wall};
    buffer_init(&out, MUTATION_BYTES_MAX);
    arena_reset(&peer->arena);
    if (codec_mutation_pack(mutation, &out) == FAULT_NONE) {
        packed = arena_str(&peer->arena, buffer_str(&out));
    }
    buffer_finish(&out);
    return packed;
}

struct str socket_peer_edit(struct socket_peer *peer, enum entity_kind kind, struct uuid target,
                            const char *field, struct value base, struct value want)
{
    struct edit edit = {.field = field_by_name(kind, str_from(field)), .base = base, .want = want};
    edit.tag = edit.field->tag;
    return pack(peer, &(struct mutation){.kind = MUTATION_EDIT,
                                         .entity = kind,
                                         .target = target,
                                         .edits = &edit,
                                         .edit_count = 1});
}

struct str socket_peer_deal(struct socket_peer *peer, struct uuid id, const char *title)
{
    struct edit edits[] = {
        {.field = field_by_name(ENTITY_DEAL, STR("title")), .want = value_text(str_from(title))},
        {.field = field_by_name(ENTITY_DEAL, STR("owner")),
         .want = value_reference(peer->welcome.member)},
    };
    for (size_t i = 0; i < 2; i++) edits[i].tag = edits[i].field->tag;
    return pack(peer, &(struct mutation){.kind = MUTATION_CREATE,
                                         .entity = ENTITY_DEAL,
                                         .target = id,
                                         .edits = edits,
                                         .edit_count = 2});
}
