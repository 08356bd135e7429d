/* main.c - sluice-peer: a client without manners, for the tests of this folder.
 *
 *   sluice-peer INVITATION DEVICE ACT      DEVICE: any word, the seed of its key
 *
 * Shakes hands with the real server of the invitation, does one thing no client of ours would do,
 * and prints what comes of it, a line each: welcome, refused WORD, bye N, pages, closed. Ends when
 * the server closes; exit 1 when it has not closed after WAIT_S. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netdb.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/arena.h"
#include "common/base/check.h"
#include "common/codec/message.h"
#include "common/link/channel.h"
#include "common/link/invitation.h"

#include "common/base/banned.h"

enum { WAIT_S = 30, HUGE_FRAME = 64 * 1024 * 1024, NEST = 20000 };

enum act {
    ACT_SIGN_IN,     /* nothing: says hello without the code */
    ACT_ENROL,       /* with it; says bye after the first page */
    ACT_LOITER,      /* enrolled: says nothing any more, and hears nothing */
    ACT_HALF,        /* message 1, then silence */
    ACT_HELLO,       /* random bytes for a hello */
    ACT_VERSION,     /* a hello of another protocol version */
    ACT_GARBAGE,     /* a message of random bytes */
    ACT_NEST,        /* messages in messages, too deep */
    ACT_GROUPS,      /* the same with groups */
    ACT_LARGE,       /* a frame over the cap */
    ACT_TOTAL,       /* a frame that declares 4 GiB */
    ACT_RECORD,      /* bytes that are not encrypted */
    ACT_WELCOME,     /* what only a server may say */
    ACT_COUNT
};
static const char *const act_names[ACT_COUNT] = {"sign-in", "enrol", "loiter", "half",  "hello",
                                                 "version", "garbage", "nest", "groups", "large",
                                                 "total",   "record", "welcome"};

struct peer {
    int fd;
    enum act act;
    struct invitation_line line;
    struct key_pair device;
    struct channel channel;
    struct arena arena;
};

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "sluice-peer: %s\n", why);
    exit(2);
}

static void say(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fill_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

static void peer_connect(struct peer *peer)
{
    char text[300];
    struct str address = peer->line.address;
    struct addrinfo *found, wanted = {.ai_socktype = SOCK_STREAM};
    check(address.n < sizeof text);
    memcpy(text, address.p, address.n);
    text[address.n] = 0;
    char *colon = strrchr(text, ':');
    if (!colon) die("no port in the invitation");
    *colon = 0;
    if (getaddrinfo(text, colon + 1, &wanted, &found) != 0) die("no such address");
    peer->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(peer->fd, found->ai_addr, found->ai_addrlen) != 0) die("cannot connect");
    freeaddrinfo(found);
}

/* False: the other side is gone. */
static bool peer_write(struct peer *peer, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t sent = send(peer->fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void peer_flush(struct peer *peer)
{
    struct str out = channel_output(&peer->channel);
    if (out.n == 0) return;
    (void)peer_write(peer, out.p, out.n);
    channel_sent(&peer->channel, out.n);
}

static void peer_open(struct peer *peer)
{
    char garbage[200];
    struct buffer hello;
    struct hello content = {.protocol = peer->act == ACT_VERSION ? 7 : PROTOCOL_VERSION,
                            .program = STR("sluice-peer"),
                            .next_number = 1,
                            .has_code = peer->act == ACT_ENROL || peer->act == ACT_LOITER,
                            .device_name = STR("peer"),
                            .live = true};
    fill_random(&content.replica, sizeof content.replica);
    memcpy(content.code, peer->line.code, sizeof content.code);
    buffer_init(&hello, HANDSHAKE_PAYLOAD_MAX);
    if (codec_hello_pack(&content, &hello)) die("cannot pack the hello");
    fill_random(garbage, sizeof garbage);
    struct channel_options options = {
        .role = CHANNEL_CLIENT,
        .keys = &peer->device,
        .key_count = 1,
        .hello = peer->act == ACT_HELLO ? (struct str){garbage, sizeof garbage}
                                        : buffer_str(&hello),
        .frame_in_max = FRAME_TO_CLIENT_MAX,
        .frame_out_max = HUGE_FRAME,
        .output_max = HUGE_FRAME * 2,
        .now = {.boot_ms = 0},
    };
    memcpy(options.server.b, peer->line.server_key, sizeof options.server.b);
    fill_random(options.ephemeral.b, sizeof options.ephemeral.b);
    if (channel_init(&peer->channel, &options)) die("cannot begin");
    buffer_finish(&hello);
}

/* One transport message, sealed as it should be, with what should not be in it. */
static void peer_chunk(struct peer *peer, struct str plain)
{
    uint8_t record[2 + 256];
    size_t n = plain.n + NOISE_TAG_BYTES;
    check(n <= 256);
    record[0] = (uint8_t)(n >> 8);
    record[1] = (uint8_t)n;
    check(noise_encrypt(&peer->channel.sending, STR_NONE, plain, record + 2) == FAULT_NONE);
    (void)peer_write(peer, record, 2 + n);
}

/* push { tag 1 { ...: each level three bytes of length, so that all fit. */
static void peer_nest(struct peer *peer, bool groups)
{
    struct buffer out;
    buffer_init(&out, HUGE_FRAME);
    for (size_t left = NEST; left > 0; left--) {
        if (groups) {
            buffer_append_byte(&out, 0x1b);
            continue;
        }
        size_t inside = (left - 1) * 4;
        buffer_append_byte(&out, 0x1a);
        buffer_append_byte(&out, (uint8_t)(0x80 | (inside & 0x7f)));
        buffer_append_byte(&out, (uint8_t)(0x80 | (inside >> 7 & 0x7f)));
        buffer_append_byte(&out, (uint8_t)(inside >> 14 & 0x7f));
    }
    if (channel_send(&peer->channel, buffer_str(&out))) die("cannot nest");
    buffer_finish(&out);
}

static void peer_large(struct peer *peer)
{
    size_t n = FRAME_TO_SERVER_MAX + 1;
    char *bytes = calloc(1, n);
    check(bytes != NULL);
    if (channel_send(&peer->channel, (struct str){bytes, n})) die("cannot send it");
    free(bytes);
}

static void peer_welcome(struct peer *peer)
{
    struct buffer out;
    buffer_init(&out, FRAME_TO_SERVER_MAX);
    struct message message = {.kind = MESSAGE_WELCOME, .welcome = {.plan = PLAN_SNAPSHOT}};
    if (codec_message_pack(&message, &out) || channel_send(&peer->channel, buffer_str(&out))) {
        die("cannot say welcome");
    }
    buffer_finish(&out);
}

static void peer_act(struct peer *peer)
{
    char garbage[2000];
    fill_random(garbage, sizeof garbage);
    garbage[0] = 0; /* a record whose length is told right */
    garbage[1] = 100;
    switch (peer->act) {
    case ACT_GARBAGE:
        if (channel_send(&peer->channel, (struct str){garbage, sizeof garbage})) die("send");
        break;
    case ACT_NEST: peer_nest(peer, false); break;
    case ACT_GROUPS: peer_nest(peer, true); break;
    case ACT_LARGE: peer_large(peer); break;
    case ACT_TOTAL: peer_chunk(peer, (struct str){"\0\377\377\377\377x", 6}); break;
    case ACT_RECORD: (void)peer_write(peer, garbage, sizeof garbage); break;
    case ACT_WELCOME: peer_welcome(peer); break;
    case ACT_SIGN_IN:
    case ACT_ENROL:
    case ACT_LOITER:
    case ACT_HALF:
    case ACT_HELLO:
    case ACT_VERSION:
    case ACT_COUNT: break;
    }
}

static void peer_bye(struct peer *peer)
{
    struct buffer out;
    buffer_init(&out, FRAME_TO_SERVER_MAX);
    struct message message = {.kind = MESSAGE_BYE, .bye = BYE_DONE};
    if (codec_message_pack(&message, &out) || channel_send(&peer->channel, buffer_str(&out))) {
        die("cannot say bye");
    }
    buffer_finish(&out);
}

static void peer_hear(struct peer *peer, struct str bytes)
{
    struct message message;
    arena_reset(&peer->arena);
    if (codec_message_unpack(&peer->arena, bytes, &message)) die("the server makes no sense");
    switch (message.kind) {
    case MESSAGE_WELCOME:
        say("welcome");
        peer_act(peer);
        break;
    case MESSAGE_REFUSAL: printf("refused %s\n", refusal_name(message.refusal.code)); break;
    case MESSAGE_BYE: printf("bye %d\n", (int)message.bye); break;
    case MESSAGE_CHECK:
    case MESSAGE_CHECKED:
    case MESSAGE_PAGE:
        if (peer->act == ACT_ENROL) peer_bye(peer);
        break;
    case MESSAGE_NONE:
    case MESSAGE_PUSH:
    case MESSAGE_PING:
    case MESSAGE_PONG: break;
    }
}

/* False: it is over. */
static bool peer_pull(struct peer *peer)
{
    struct channel_event event;
    while (channel_next(&peer->channel, &event)) {
        switch (event.kind) {
        case CHANNEL_HANDSHAKE_DONE: break;
        case CHANNEL_MESSAGE: peer_hear(peer, event.bytes); break;
        case CHANNEL_CLOSED: return false;
        }
    }
    return true;
}

static bool peer_turn(struct peer *peer, char *input, size_t size)
{
    ssize_t n = recv(peer->fd, input, size, 0);
    if (n <= 0) return false;
    if (peer->act == ACT_HALF || peer->channel.stage == CHANNEL_STAGE_CLOSED) return true;
    channel_feed(&peer->channel, (struct str){input, (size_t)n});
    bool goes_on = peer_pull(peer);
    peer_flush(peer);
    return goes_on;
}

static int peer_run(struct peer *peer)
{
    static char input[64 * 1024];
    int64_t began = clock_ms(), end = began + WAIT_S * 1000;
    peer_connect(peer);
    peer_open(peer);
    peer_flush(peer);
    while (clock_ms() < end) {
        struct pollfd wait = {.fd = peer->fd, .events = POLLIN};
        if (poll(&wait, 1, 100) <= 0) continue;
        if (peer_turn(peer, input, sizeof input)) continue;
        say("closed");
        return 0;
    }
    say("open");
    return 1;
}

int main(int argc, char **argv)
{
    struct peer peer = {.fd = -1, .act = ACT_COUNT};
    uint8_t seed[32];
    if (argc != 4 || sodium_init() < 0) die("sluice-peer INVITATION DEVICE ACT");
    if (invitation_line_parse(str_from(argv[1]), &peer.line)) die("no invitation");
    for (size_t i = 0; i < ACT_COUNT; i++) {
        if (strcmp(argv[3], act_names[i]) == 0) peer.act = (enum act)i;
    }
    if (peer.act == ACT_COUNT) die("no such act");
    crypto_generichash(seed, sizeof seed, (const uint8_t *)argv[2], strlen(argv[2]), NULL, 0);
    struct secret32 secret;
    memcpy(secret.b, seed, sizeof seed);
    peer.device = key_pair_from_secret(&secret);
    arena_init(&peer.arena, 16 * 1024 * 1024);
    int code = peer_run(&peer);
    channel_finish(&peer.channel);
    arena_finish(&peer.arena);
    if (peer.fd >= 0) close(peer.fd);
    return code;
}
