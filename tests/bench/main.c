/* sluice-bench - load for a running server, measured from the clients' side: real connections, real
 * encryption, no disk of their own. Called by scripts/bench, which makes the table.
 *
 *   sluice-bench hot PORT SECONDS WINDOW   a device for each invitation line on standard input; each
 *                                          edits its own deals, WINDOW edits on their way at a time:
 *                                          "EDITS_PER_SECOND P50_MS P99_MS"
 *   sluice-bench seen PORT WATCHERS EDITS  two lines: who edits, who watches: from the edit to the
 *                                          last byte at each watcher, and to its author's answer:
 *                                          "SEEN_P50_MS SEEN_P99_MS ANSWERED_P50_MS"
 *   sluice-bench idle PORT COUNT           lines up to an empty one: COUNT quiet connections, copies of
 *                                          those devices in turn: "connected", and ends with its
 *                                          standard input */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"
#include "tests/support/socket_peer.h"

#include "common/base/banned.h"

enum {
    DEALS_PER_DEVICE = 64,
    DEVICES_MAX = 20000,
    SAMPLES_MAX = 4 << 20,
    WARM_UP_MS = 1000,
    PATIENCE_MS = 30 * 1000,
    BYTES_AT_ONCE = 256 * 1024
};

struct client {
    struct socket_peer peer;
    struct uuid deals[DEALS_PER_DEVICE];
    unsigned edits[DEALS_PER_DEVICE]; /* so far: also what the title says */
    uint64_t next, answered;          /* numbers */
    double sent_at[INFLIGHT_MUTATIONS_MAX];
    bool waiting;                     /* seen: for the row of this round */
};

struct bench {
    struct client *clients;
    size_t count;
    struct pollfd *polls;
    char *bytes;
    double *samples;
    size_t sample_count;
    bool sampling;
    bool watching; /* samples are of rows seen, not of answers */
    uint64_t answers;
    struct uuid awaited; /* seen: which deal */
    size_t awaiting;     /* how many devices have not got it */
    double round_began, answered_at;
};

static double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void fail(const char *what)
{
    fprintf(stderr, "sluice-bench: %s\n", what);
    exit(1);
}

static int double_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static double percentile(double *samples, size_t count, size_t percent)
{
    if (count == 0) fail("nothing was measured");
    qsort(samples, count, sizeof *samples, double_compare);
    size_t at = count * percent / 100;
    return samples[at < count ? at : count - 1];
}

static void sample(struct bench *bench, double ms)
{
    if (bench->sampling && bench->sample_count < SAMPLES_MAX) {
        bench->samples[bench->sample_count++] = ms;
    }
}

/* --- what comes --- */

static void outcome_take(struct bench *bench, struct client *client, const struct outcome *outcome)
{
    if (outcome->kind != OUTCOME_APPLIED) fail("an edit was not applied");
    uint64_t number = (uint64_t)outcome->number;
    if (number <= client->answered) return;
    client->answered = number;
    bench->answers++;
    bench->answered_at = clock_ms();
    double took = bench->answered_at - client->sent_at[number % INFLIGHT_MUTATIONS_MAX];
    if (!bench->watching) sample(bench, took);
}

static void page_take(struct bench *bench, struct client *client, const struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        void *entity = NULL;
        if (client->waiting && row->kind == ENTITY_DEAL && uuid_equal(row->id, bench->awaited)) {
            client->waiting = false;
            bench->awaiting--;
            sample(bench, clock_ms() - bench->round_began);
        }
        if (row->kind != ENTITY_OUTCOME) continue;
        if (codec_entity_unpack(&client->peer.arena, ENTITY_OUTCOME, row->body, &entity)) {
            fail("an answer cannot be read");
        }
        outcome_take(bench, client, entity);
    }
}

/* Takes what a socket has; it was said to be readable. */
static void client_receive(struct bench *bench, struct client *client)
{
    struct socket_peer *peer = &client->peer;
    struct channel_event event;
    ssize_t n = recv(peer->socket, bench->bytes, BYTES_AT_ONCE, MSG_DONTWAIT);
    if (n <= 0) fail("the server closed a connection");
    channel_feed(&peer->channel, (struct str){bench->bytes, (size_t)n});
    while (channel_next(&peer->channel, &event)) {
        struct message message;
        if (event.kind != CHANNEL_MESSAGE) fail("the server ended a session");
        arena_reset(&peer->arena);
        if (codec_message_unpack(&peer->arena, event.bytes, &message)) fail("an unreadable message");
        if (message.kind == MESSAGE_PAGE) page_take(bench, client, &message.page);
        if (message.kind == MESSAGE_PING) {
            message.kind = MESSAGE_PONG;
            if (!socket_peer_send(peer, &message)) fail("cannot answer the server");
        }
    }
}

static void clients_receive(struct bench *bench, int timeout_ms)
{
    if (poll(bench->polls, bench->count, timeout_ms) <= 0) return;
    for (size_t i = 0; i < bench->count; i++) {
        if (bench->polls[i].revents) client_receive(bench, &bench->clients[i]);
    }
}

/* --- what goes --- */

static struct str title_of(struct client *client, size_t deal, char text[32])
{
    int n = snprintf(text, 32, "Title %u", client->edits[deal]);
    return (struct str){text, (size_t)n};
}

static struct str edit_pack(struct client *client, size_t deal)
{
    char before[32], after[32];
    struct value base = value_text(title_of(client, deal, before));
    client->edits[deal]++;
    struct value want = value_text(title_of(client, deal, after));
    return socket_peer_edit(&client->peer, ENTITY_DEAL, client->deals[deal], "title", base, want);
}

/* As many as the window has room for, in one frame. */
static void client_push(struct client *client, size_t window)
{
    struct str payloads[PUSH_MUTATIONS_MAX];
    char *kept[PUSH_MUTATIONS_MAX];
    size_t under_way = (size_t)(client->next - 1 - client->answered), count = 0;
    uint64_t first = client->next;
    /* A small frame for each single answer would be a poor client. */
    if (under_way > window / 2 && window > 1) return;
    while (under_way + count < window && count < PUSH_MUTATIONS_MAX) {
        struct str packed = edit_pack(client, client->next % DEALS_PER_DEVICE);
        kept[count] = malloc(packed.n);
        if (!kept[count]) fail("out of memory");
        memcpy(kept[count], packed.p, packed.n);
        payloads[count] = (struct str){kept[count], packed.n};
        client->sent_at[client->next % INFLIGHT_MUTATIONS_MAX] = clock_ms();
        client->next++;
        count++;
    }
    if (count == 0) return;
    struct message push = {.kind = MESSAGE_PUSH,
                           .push = {.first_number = first, .mutations = payloads, .count = count}};
    if (!socket_peer_send(&client->peer, &push)) fail("cannot send");
    for (size_t i = 0; i < count; i++) free(kept[i]);
}

static void deals_make(struct bench *bench, struct client *client, size_t count)
{
    char text[32];
    for (size_t i = 0; i < count; i++) {
        client->deals[i] = uuid_v7(1000 + i, &client->peer.random);
        struct str title = title_of(client, i, text);
        struct str packed = socket_peer_deal(&client->peer, client->deals[i], title.p);
        if (!socket_peer_push(&client->peer, client->next++, packed)) fail("cannot send");
    }
    double end = clock_ms() + PATIENCE_MS;
    while (client->answered + 1 < client->next) {
        if (clock_ms() > end) fail("no answer");
        clients_receive(bench, 100);
    }
}

/* --- connecting --- */

static void bench_init(struct bench *bench, size_t count)
{
    if (count == 0 || count > DEVICES_MAX) fail("that is no number of devices");
    *bench = (struct bench){
        .clients = calloc(count, sizeof *bench->clients),
        .polls = calloc(count, sizeof *bench->polls),
        .bytes = malloc(BYTES_AT_ONCE),
        .samples = calloc(SAMPLES_MAX, sizeof(double)),
    };
    if (!bench->clients || !bench->polls || !bench->bytes || !bench->samples) fail("out of memory");
}

static void client_added(struct bench *bench, struct client *client)
{
    client->next = 1;
    bench->polls[bench->count] = (struct pollfd){.fd = client->peer.socket, .events = POLLIN};
    bench->count++;
}

static void client_enrol(struct bench *bench, int port)
{
    char line[512];
    struct client *client = &bench->clients[bench->count];
    if (!fgets(line, sizeof line, stdin)) fail("there are too few invitations");
    line[strcspn(line, "\n")] = 0;
    if (!socket_peer_make(&client->peer, bench->count + 1, line)) fail("that is no invitation");
    if (!socket_peer_welcomed(&client->peer, port)) fail("not welcome");
    client_added(bench, client);
}

/* Another copy on the device of that one. */
static void client_again(struct bench *bench, const struct client *of, int port)
{
    struct client *client = &bench->clients[bench->count];
    client->peer = (struct socket_peer){.socket = -1};
    client->peer.key = of->peer.key;
    client->peer.server_key = of->peer.server_key;
    client->peer.hello = of->peer.hello;
    client->peer.hello.has_token = false;
    random_init_number(&client->peer.random, bench->count + 77777);
    client->peer.hello.replica = uuid_v7((uint64_t)clock_ms(), &client->peer.random);
    arena_init(&client->peer.arena, (size_t)64 << 20);
    if (!socket_peer_welcomed(&client->peer, port)) fail("a further copy is not welcome");
    client_added(bench, client);
}

static void bench_finish(struct bench *bench)
{
    for (size_t i = 0; i < bench->count; i++) socket_peer_finish(&bench->clients[i].peer);
    free(bench->clients);
    free(bench->polls);
    free(bench->bytes);
    free(bench->samples);
}

/* --- the three --- */

static void hot(int port, double seconds, size_t window)
{
    struct bench bench;
    bench_init(&bench, 64);
    if (window == 0 || window > INFLIGHT_MUTATIONS_MAX) fail("that is no window");
    for (int c; bench.count < 64 && (c = getc(stdin)) != EOF; ) {
        ungetc(c, stdin);
        client_enrol(&bench, port);
    }
    size_t deals = DEALS_PER_DEVICE;
    for (size_t i = 0; i < bench.count; i++) deals_make(&bench, &bench.clients[i], deals);
    double began = clock_ms() + WARM_UP_MS, end = began + seconds * 1000;
    uint64_t before = 0;
    for (double now = clock_ms(); now < end; now = clock_ms()) {
        if (!bench.sampling && now >= began) {
            bench.sampling = true;
            before = bench.answers;
            began = now;
        }
        for (size_t i = 0; i < bench.count; i++) client_push(&bench.clients[i], window);
        clients_receive(&bench, 100);
    }
    double took = (clock_ms() - began) / 1000;
    printf("%.0f %.2f %.2f\n", (double)(bench.answers - before) / took,
           percentile(bench.samples, bench.sample_count, 50),
           percentile(bench.samples, bench.sample_count, 99));
    bench_finish(&bench);
}

static void seen(int port, size_t watchers, size_t edits)
{
    struct bench bench;
    bench_init(&bench, watchers + 1);
    double *answered = calloc(edits, sizeof *answered);
    if (!answered || edits == 0) fail("nothing to measure");
    client_enrol(&bench, port);
    client_enrol(&bench, port);
    while (bench.count < watchers + 1) {
        client_again(&bench, &bench.clients[1], port);
        clients_receive(&bench, 0); /* who does not read is closed */
    }
    struct client *author = &bench.clients[0];
    bench.watching = bench.sampling = true;
    deals_make(&bench, author, 1);
    for (double end = clock_ms() + 300; clock_ms() < end;) clients_receive(&bench, 50);
    for (size_t round = 0; round < edits; round++) {
        struct str packed = edit_pack(author, 0);
        bench.awaited = author->deals[0];
        bench.awaiting = watchers;
        for (size_t i = 1; i < bench.count; i++) bench.clients[i].waiting = true;
        bench.round_began = clock_ms();
        uint64_t number = author->next++;
        if (!socket_peer_push(&author->peer, number, packed)) fail("cannot send");
        author->sent_at[number % INFLIGHT_MUTATIONS_MAX] = bench.round_began;
        double end = bench.round_began + PATIENCE_MS;
        while (bench.awaiting > 0 || author->answered < number) {
            if (clock_ms() > end) fail("somebody did not see an edit");
            clients_receive(&bench, 100);
        }
        answered[round] = bench.answered_at - bench.round_began;
    }
    printf("%.2f %.2f %.2f\n", percentile(bench.samples, bench.sample_count, 50),
           percentile(bench.samples, bench.sample_count, 99), percentile(answered, edits, 50));
    free(answered);
    bench_finish(&bench);
}

static void idle(int port, size_t count)
{
    struct bench bench;
    bench_init(&bench, count);
    size_t devices = 0;
    for (int c; bench.count < count && (c = getc(stdin)) != '\n'; devices++) {
        ungetc(c, stdin);
        client_enrol(&bench, port);
    }
    while (bench.count < count) {
        client_again(&bench, &bench.clients[bench.count % devices], port);
        if (bench.count % 16 == 0) clients_receive(&bench, 0);
    }
    for (double end = clock_ms() + 1000; clock_ms() < end;) clients_receive(&bench, 100);
    puts("connected");
    fflush(stdout);
    struct pollfd input = {.fd = 0, .events = POLLIN};
    while (poll(&input, 1, 0) == 0) clients_receive(&bench, 100);
    bench_finish(&bench);
}

int main(int argc, char **argv)
{
    int port = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 0;
    size_t a = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    size_t b = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;
    if (argc == 5 && strcmp(argv[1], "hot") == 0) hot(port, (double)a, b);
    else if (argc == 5 && strcmp(argv[1], "seen") == 0) seen(port, a, b);
    else if (argc == 4 && strcmp(argv[1], "idle") == 0) idle(port, a);
    else fail("hot PORT SECONDS WINDOW | seen PORT WATCHERS EDITS | idle PORT COUNT");
    return 0;
}
