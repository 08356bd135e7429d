/* test_slow_readers.c - scenario 28 on a running server: one rep edits many deals at once while many
 * watch and some of them do not read. Who reads sees every edit meanwhile; who does not costs a
 * bounded amount, and gets what is missing when it reads again, or comes back after it was cut.
 *
 * SLUICE_TEST_DEALS, _WATCHERS, _SLOW and _ROUNDS make it larger: fault/test_scenario_28.sh does. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"
#include "tests/support/live_server.h"
#include "tests/support/socket_peer.h"

enum {
    WATCHERS_MAX = 400,
    DEALS_MAX = 10000,
    ROUNDS_MAX = 100,
    PUSH = 100,   /* mutations in one push */
    WAIT_MS = 240 * 1000,
    BYTES_AT_ONCE = 64 * 1024,
    FLAT_KIB = 24 * 1024, /* what memory may differ by between two rounds */
};

struct watcher {
    struct socket_peer peer;
    bool slow;
    uint64_t reached;    /* by its pages; its cursor follows at each head */
    uint64_t round_from; /* seq at which the round began */
    size_t seen;         /* deals edited in this round */
};

static struct live_server live;
static struct socket_peer ada;
static struct watcher watchers[WATCHERS_MAX];
static struct uuid deals[DEALS_MAX];
static size_t deal_count, watcher_count, slow_count, round_count;
static uint64_t head; /* as far as Ada knows */
static char wants[2][TEXT_BYTES_MAX + 1];

static size_t size_from(const char *name, size_t otherwise, size_t max)
{
    const char *text = getenv(name);
    size_t value = text ? (size_t)strtoul(text, NULL, 10) : otherwise;
    return value > max ? max : value;
}

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the world --- */

static bool watcher_make(size_t i, const struct socket_peer *device)
{
    struct watcher *watcher = &watchers[i];
    if (!socket_peer_make(&watcher->peer, 10 + i, live.owner)) return false;
    watcher->peer.key = device->key; /* one more copy on that device */
    watcher->peer.hello.has_code = false;
    watcher->slow = i < slow_count;
    return socket_peer_welcomed(&watcher->peer, live.first.port);
}

static int group_begin(void **state)
{
    (void)state;
    char options[512];
    const char *asan = getenv("ASAN_OPTIONS");
    snprintf(options, sizeof options, "%s:quarantine_size_mb=1", asan ? asan : "");
    setenv("ASAN_OPTIONS", options, 1); /* freed is freed: the server's memory is looked at */
    deal_count = size_from("SLUICE_TEST_DEALS", 500, DEALS_MAX);
    watcher_count = size_from("SLUICE_TEST_WATCHERS", 24, WATCHERS_MAX);
    slow_count = size_from("SLUICE_TEST_SLOW", 8, watcher_count);
    round_count = size_from("SLUICE_TEST_ROUNDS", 12, ROUNDS_MAX);
    for (size_t i = 0; i < 2; i++) memset(wants[i], 'a' + (int)i, TEXT_BYTES_MAX);
    bool good = live_server_init(&live) && live_server_run(&live, &live.first) &&
                socket_peer_make(&ada, 1, live.owner) &&
                socket_peer_welcomed(&ada, live.first.port);
    for (size_t i = 0; good && i < watcher_count; i++) good = watcher_make(i, &ada);
    if (good) return 0;
    live_server_logs(&live);
    return -1;
}

static int group_end(void **state)
{
    (void)state;
    socket_peer_finish(&ada);
    for (size_t i = 0; i < watcher_count; i++) socket_peer_finish(&watchers[i].peer);
    live_server_finish(&live);
    return 0;
}

static size_t server_memory_kib(void)
{
    char command[160], line[64] = "";
    snprintf(command, sizeof command,
             "awk '/^VmRSS:/ {print $2}' /proc/$(pgrep -P %d -x sluiced)/status",
             (int)live.first.pid);
    FILE *out = popen(command, "re");
    assert_non_null(out);
    if (fgets(line, sizeof line, out)) {}
    pclose(out);
    size_t kib = (size_t)strtoul(line, NULL, 10);
    assert_true(kib > 0);
    return kib;
}

/* --- what comes --- */

static void rows_count(struct watcher *watcher, const struct page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        if (row->kind == ENTITY_DEAL && row->seq > watcher->round_from) watcher->seen++;
    }
    watcher->reached = page->to_seq;
    if (!page->has_mark) return;
    watcher->peer.hello.cursor_seq = page->to_seq;
    watcher->peer.hello.has_mark = true;
    memcpy(watcher->peer.hello.cursor_mark, page->to_mark, MARK_BYTES);
}

static void messages_take(struct watcher *watcher)
{
    struct channel_event event;
    while (channel_next(&watcher->peer.channel, &event)) {
        assert_int_equal(event.kind, CHANNEL_MESSAGE);
        struct message message;
        arena_reset(&watcher->peer.arena);
        assert_int_equal(codec_message_unpack(&watcher->peer.arena, event.bytes, &message),
                         FAULT_NONE);
        if (message.kind == MESSAGE_PAGE) rows_count(watcher, &message.page);
        if (message.kind == MESSAGE_BYE) fail_msg("a watcher was sent away: %d", message.bye);
        if (message.kind != MESSAGE_PING) continue;
        struct message pong = {.kind = MESSAGE_PONG, .nonce = message.nonce};
        bool sent = socket_peer_send(&watcher->peer, &pong);
        assert_true(sent || watcher->slow); /* who reads late may answer one who has hung up */
    }
}

/* Whoever leaves too much for too long is cut: it comes back to its cursor. */
static void watcher_cut(struct watcher *watcher)
{
    if (!watcher->slow) fail_msg("a watcher that reads was cut");
    watcher->seen = 0;
    watcher->reached = watcher->peer.hello.cursor_seq;
    assert_true(socket_peer_welcomed(&watcher->peer, live.first.port));
    assert_int_equal(watcher->peer.welcome.plan, PLAN_DELTA);
}

/* Reads what is there of those that read (or of the slow ones only). */
static void read_some(bool slow, int timeout_ms)
{
    static struct pollfd polls[WATCHERS_MAX];
    static char bytes[BYTES_AT_ONCE];
    for (size_t i = 0; i < watcher_count; i++) {
        bool wanted = watchers[i].slow == slow;
        polls[i] = (struct pollfd){.fd = wanted ? watchers[i].peer.socket : -1, .events = POLLIN};
    }
    if (poll(polls, watcher_count, timeout_ms) <= 0) return;
    for (size_t i = 0; i < watcher_count; i++) {
        if (!polls[i].revents) continue;
        ssize_t n = recv(polls[i].fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) continue;
        if (n <= 0) {
            watcher_cut(&watchers[i]);
            continue;
        }
        channel_feed(&watchers[i].peer.channel, (struct str){bytes, (size_t)n});
        messages_take(&watchers[i]);
    }
}

static size_t behind(bool slow)
{
    size_t count = 0;
    for (size_t i = 0; i < watcher_count; i++) {
        if (watchers[i].slow == slow && watchers[i].reached < head) count++;
    }
    return count;
}

static void read_all(bool slow)
{
    int64_t end = clock_ms() + WAIT_MS;
    while (behind(slow) > 0 && clock_ms() < end) read_some(slow, 100);
    if (behind(slow) > 0) fail_msg("%zu watchers do not catch up", behind(slow));
}

static void all_saw_each_deal_once(bool slow)
{
    for (size_t i = 0; i < watcher_count; i++) {
        if (watchers[i].slow != slow || watchers[i].seen == deal_count) continue;
        fail_msg("watcher %zu saw %zu of %zu deals", i, watchers[i].seen, deal_count);
    }
}

/* --- what Ada does --- */

static struct str payload_keep(struct arena *arena, struct str payload)
{
    assert_true(payload.n > 0);
    return arena_str(arena, payload);
}

static struct str mutation_of(size_t i, int round)
{
    if (round == 0) {
        deals[i] = uuid_v7(1000 + i, &ada.random);
        return socket_peer_deal(&ada, deals[i], "Roof");
    }
    struct value seen = round == 1 ? value_absent(VALUE_TEXT)
                                   : value_text(str_from(wants[(round + 1) % 2]));
    return socket_peer_edit(&ada, ENTITY_DEAL, deals[i], "next_step", seen,
                            value_text(str_from(wants[round % 2])));
}

/* One edit of every deal; those that read do so meanwhile. */
static void round_push(int round)
{
    struct str payloads[PUSH];
    struct arena arena;
    arena_init(&arena, 16 << 20);
    for (size_t i = 0; i < watcher_count; i++) {
        watchers[i].round_from = head;
        watchers[i].seen = 0;
    }
    for (size_t at = 0; at < deal_count; at += PUSH) {
        size_t count = deal_count - at < PUSH ? deal_count - at : PUSH;
        struct outcome outcome;
        uint64_t first = ada.hello.next_number, last = first + count - 1;
        for (size_t i = 0; i < count; i++) {
            payloads[i] = payload_keep(&arena, mutation_of(at + i, round));
        }
        struct message push = {.kind = MESSAGE_PUSH,
                               .push = {.first_number = first, .mutations = payloads,
                                        .count = count}};
        assert_true(socket_peer_send(&ada, &push));
        read_some(false, 0);
        assert_true(socket_peer_await_answer(&ada, last, WAIT_MS, &outcome));
        assert_int_equal(outcome.kind, OUTCOME_APPLIED);
        arena_reset(&arena);
    }
    head = ada.hello.cursor_seq;
    arena_finish(&arena);
}

static void scenario_28_a_bulk_edit_with_slow_readers(void **state)
{
    (void)state;
    static size_t memory[ROUNDS_MAX + 1];
    round_push(0);
    read_all(false);
    read_all(true);
    for (int round = 1; round <= (int)round_count; round++) {
        int64_t began = clock_ms();
        round_push(round);
        read_all(false);
        all_saw_each_deal_once(false);
        memory[round] = server_memory_kib();
        print_message("round %d: all who read have it after %d ms, server %zu MiB, %zu behind\n",
                      round, (int)(clock_ms() - began), memory[round] / 1024, behind(true));
        assert_int_equal(behind(true), slow_count);
    }
    /* By the middle the slow ones' output is full; the same again costs nothing more. */
    size_t middle = memory[round_count / 2], end = memory[round_count];
    if (end > middle + FLAT_KIB) {
        fail_msg("the server grew from %zu to %zu MiB", middle / 1024, end / 1024);
    }
    for (size_t i = 0; i < watcher_count; i++) {
        if (!watchers[i].slow) continue;
        watchers[i].round_from = head - deal_count;
        watchers[i].seen = 0;
    }
    read_all(true);
    all_saw_each_deal_once(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_28_a_bulk_edit_with_slow_readers),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
