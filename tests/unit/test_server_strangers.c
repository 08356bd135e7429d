/* test_server_strangers.c - claims about what strangers can cost the server: places and log lines. */
#include "server/core/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/base/bounds.h"
#include "common/base/random.h"

enum { SMALL = 8 };

struct bench {
    struct server *server;
    struct now now;
    size_t lines; /* logged since the last look */
    char last[512];
    uint64_t connections;
};

static void bench_begin(struct bench *b, size_t sessions_max)
{
    struct server_options options = {.key_count = 1, .sessions_max = sessions_max};
    struct random random;
    *b = (struct bench){.now = {.boot_ms = 1000000, .wall_ms = 1}};
    random_init_number(&random, 1);
    random_bytes(&random, options.keys[0].secret.b, sizeof options.keys[0].secret.b);
    struct key_pair pair = key_pair_from_secret(&options.keys[0].secret);
    memcpy(options.keys[0].public_key, pair.public.b, sizeof pair.public.b);
    b->server = server_create(&options);
    assert_non_null(b->server);
}

/* Closes what the server wants closed, keeps the newest line. */
static void bench_drain(struct bench *b)
{
    for (;;) {
        struct effect effect = server_next(b->server);
        switch (effect.kind) {
        case EFFECT_NONE: return;
        case EFFECT_CLOSE: server_closed(b->server, effect.connection, b->now); break;
        case EFFECT_LOG:
            b->lines++;
            snprintf(b->last, sizeof b->last, "%.*s", STR_ARGS(effect.line));
            break;
        case EFFECT_WRITE:
            server_sent(b->server, effect.connection,
                        server_output(b->server, effect.connection).n, b->now);
            break;
        case EFFECT_STORE: fail_msg("a stranger made the server ask the database"); break;
        }
    }
}

static uint64_t bench_accept(struct bench *b, const char *source)
{
    server_accepted(b->server, ++b->connections, str_from(source), b->now);
    bench_drain(b);
    return b->connections;
}

static size_t bench_open(const struct bench *b)
{
    size_t count = 0;
    for (uint64_t i = 1; i <= b->connections; i++) count += server_wants_input(b->server, i);
    return count;
}

static void a_crowd_loses_its_oldest(void **state)
{
    (void)state;
    struct bench b;
    char source[32];
    bench_begin(&b, 0);
    for (unsigned i = 0; i < 2 * HANDSHAKES_MAX; i++) {
        snprintf(source, sizeof source, "198.51.100.%u", i);
        uint64_t newest = bench_accept(&b, source);
        assert_true(server_wants_input(b.server, newest));
    }
    assert_int_equal(bench_open(&b), HANDSHAKES_MAX);
    assert_true(server_wants_input(b.server, HANDSHAKES_MAX + 1));
    assert_false(server_wants_input(b.server, HANDSHAKES_MAX));
    server_destroy(b.server);
}

static void one_address_loses_its_own_oldest(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, 0);
    uint64_t other = bench_accept(&b, "203.0.113.7");
    for (size_t i = 0; i < 3 * HANDSHAKES_PER_SOURCE_MAX; i++) bench_accept(&b, "198.51.100.1");
    assert_true(server_wants_input(b.server, other));
    assert_int_equal(bench_open(&b), HANDSHAKES_PER_SOURCE_MAX + 1);
    assert_non_null(strstr(b.last, "connection_dropped"));
    assert_non_null(strstr(b.last, "source=198.51.100.1 reason=handshakes_of_source"));
    server_destroy(b.server);
}

static void a_small_server_takes_the_newest_too(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, SMALL);
    for (size_t i = 0; i < 3 * SMALL; i++) bench_accept(&b, "198.51.100.1");
    assert_int_equal(bench_open(&b), SMALL);
    assert_true(server_wants_input(b.server, b.connections));
    assert_non_null(strstr(b.last, "reason=sessions"));
    server_destroy(b.server);
}

static void garbage_cannot_fill_the_log(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, 0);
    enum { SENT = 1000 };
    for (size_t i = 0; i < SENT; i++) {
        uint64_t connection = bench_accept(&b, "198.51.100.1");
        server_received(b.server, connection, STR("GET / HTTP/1.1\r\n"), b.now);
        bench_drain(&b);
        assert_false(server_wants_input(b.server, connection));
    }
    assert_int_equal(b.lines, STRANGER_LINES_MAX);
    assert_non_null(strstr(b.last, "source=198.51.100.1 reason=not_sluice"));
    /* Another kind has lines of its own. */
    server_accept_failed(b.server, STR("EMFILE"), b.now);
    bench_drain(&b);
    assert_string_equal(b.last, "accept_failed reason=EMFILE");
    /* When the minute is over, one line says how many there were. */
    assert_true(server_deadline(b.server) <= b.now.boot_ms + STRANGER_LINES_MS);
    b.now.boot_ms += STRANGER_LINES_MS;
    b.lines = 0;
    server_tick(b.server, b.now);
    bench_drain(&b);
    assert_int_equal(b.lines, 1);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "lines_left_out topic=connection count=%d",
             SENT - STRANGER_LINES_MAX);
    assert_string_equal(b.last, wanted);
    /* And the next one is written again. */
    uint64_t connection = bench_accept(&b, "198.51.100.1");
    server_received(b.server, connection, STR("GET / HTTP/1.1\r\n"), b.now);
    bench_drain(&b);
    assert_int_equal(b.lines, 2);
    server_destroy(b.server);
}

/* Who does not take its last words does not keep its place. */
static void closing_has_an_end(void **state)
{
    (void)state;
    struct bench b;
    bench_begin(&b, 0);
    server_accepted(b.server, 1, STR("198.51.100.1"), b.now);
    server_received(b.server, 1, STR("SLCE\2\0\0\0"), b.now); /* is answered */
    assert_int_equal(server_output(b.server, 1).n, HEADER_BYTES);
    size_t asked = 0;
    for (size_t i = 0; i < 3; i++) {
        struct effect effect;
        while ((effect = server_next(b.server)).kind != EFFECT_NONE) {
            asked += effect.kind == EFFECT_CLOSE;
        }
        assert_int_equal(asked, i + 1);
        assert_true(server_deadline(b.server) <= b.now.boot_ms + CLOSING_MS);
        b.now.boot_ms += CLOSING_MS;
        server_tick(b.server, b.now);
    }
    server_closed(b.server, 1, b.now);
    server_destroy(b.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crowd_loses_its_oldest),
        cmocka_unit_test(one_address_loses_its_own_oldest),
        cmocka_unit_test(a_small_server_takes_the_newest_too),
        cmocka_unit_test(garbage_cannot_fill_the_log),
        cmocka_unit_test(closing_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
