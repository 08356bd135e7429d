/* test_channel.c - the whole link when nobody means harm: handshakes, messages, ends, limits, time.
 * What attackers may try is in test_channel_attack.c. */
#include "common/link/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

#include "tests/support/hex.h"
#include "tests/support/link_expect.h"
#include "tests/support/link_pair.h"

enum { IDLE_BYTES_MAX = 8 * 1024 };

/* --- what works --- */

static void test_handshake(void **state)
{
    (void)state;
    for (size_t key = 0; key < CHANNEL_KEYS_MAX; key++) {
        struct link_pair pair;
        link_pair_init(&pair, key);
        pair.client_options.server = pair.keys[key].public;
        link_pair_open(&pair);
        assert_int_equal(link_carry(&pair.client, &pair.server), 8 + 2 + 48);
        assert_int_equal(channel_send(&pair.client, STR("too early")), FAULT_BUSY);
        assert_int_equal(channel_send(&pair.server, STR("too early")), FAULT_BUSY);
        expect_nothing(&pair.server); /* looking too early changes nothing */
        expect_nothing(&pair.client);
        assert_int_equal(link_carry(&pair.server, &pair.client), 2 + 48);
        assert_int_equal(link_carry(&pair.client, &pair.server), 2 + 64 + 5);
        assert_int_equal(channel_output(&pair.server).n, 0);

        struct channel_event event = expect(&pair.client, CHANNEL_HANDSHAKE_DONE);
        assert_true(public32_equal(&event.peer, &pair.keys[key].public));
        event = expect(&pair.server, CHANNEL_HANDSHAKE_DONE);
        assert_true(public32_equal(&event.peer, &pair.device.public));
        assert_int_equal(event.key_index, key);
        assert_true(str_equal(event.bytes, STR("hello")));
        assert_memory_equal(channel_binding(&pair.client), channel_binding(&pair.server),
                            NOISE_HASH_BYTES);
        assert_true(channel_is_open(&pair.client));
        assert_true(channel_is_open(&pair.server));
        expect_nothing(&pair.client);
        expect_nothing(&pair.server);
        link_pair_finish(&pair);
    }
}

/* The very bytes, as python3-dissononce makes them from the same keys: secrets of 32 times 1 (device),
 * 2 (server), ephemerals of 32 times 3 (client), 4 (server). Pins header, prologue and framing. */
static void test_bytes(void **state)
{
    (void)state;
    static const char first[] =
        "534c43450100694f00305dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3"
        "ef22949a4be9d8bc8804223f13b9620cb110";
    static const char second[] =
        "0030ac01b2209e86354fb853237b5de0f4fab13c7fcbf433a61c019369617fecf10b77e08b529e9e"
        "cc905f4e27b92f41aa52";
    static const char third[] =
        "004553604ae68598b37b5fd59de26daee1d578e290510cdcad81433e6bf46c54f845a86c401a8824"
        "487b167edec075ce3663168f25f997df2838759af31630d2b17ab26409627b001792c62afb3b3337"
        "5d520565f74bd98ad88f5b657eeec02a"; /* and the message "up" */
    static const char down[] = "0019858d4a96299d0ad620cdb97d0c4a883389b6643b890a532fd4";
    static const char binding[] =
        "28088f7d8dd4e5d0de6cf267ada21bcfa11cb5e0233feeb4cda0826aa926cea417a73b00e7fea92a"
        "1f61e21772e835b9ad7b817f9a6c52087be1f7a4b7d1d491";
    struct secret32 secret[5];
    for (size_t i = 0; i < 5; i++) memset(secret[i].b, (int)i, sizeof secret[i].b);
    struct link_pair pair;
    link_pair_init(&pair, 0);
    pair.device = key_pair_from_secret(&secret[1]);
    pair.keys[0] = key_pair_from_secret(&secret[2]);
    pair.client_options.server = pair.keys[0].public;
    pair.client_options.ephemeral = secret[3];
    pair.server_options.ephemeral = secret[4];
    assert_int_equal(channel_init(&pair.client, &pair.client_options), FAULT_NONE);
    assert_int_equal(channel_init(&pair.server, &pair.server_options), FAULT_NONE);
    const char *want[] = {first, second, third, down};
    for (size_t i = 0; i < 4; i++) {
        struct channel *from = i % 2 == 0 ? &pair.client : &pair.server;
        if (i == 2) assert_int_equal(channel_send(from, STR("up")), FAULT_NONE);
        if (i == 3) assert_int_equal(channel_send(from, STR("down")), FAULT_NONE);
        uint8_t bytes[512];
        size_t n = hex_read(str_from(want[i]), bytes, sizeof bytes);
        assert_true(str_equal(channel_output(from), text_of(bytes, n)));
        link_carry(from, i % 2 == 0 ? &pair.server : &pair.client);
    }
    uint8_t hash[NOISE_HASH_BYTES];
    hex_read(str_from(binding), hash, sizeof hash);
    assert_memory_equal(channel_binding(&pair.server), hash, sizeof hash);
    link_pair_finish(&pair);
}

static void test_hello_sizes(void **state)
{
    (void)state;
    static const char hello[HANDSHAKE_PAYLOAD_MAX + 1] = {1, 2, 3};
    static const size_t sizes[] = {0, 1, HANDSHAKE_PAYLOAD_MAX};
    struct link_pair pair;
    link_pair_init(&pair, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pair.client_options.hello = text_of(hello, sizes[i]);
        link_pair_open(&pair);
        link_carry(&pair.client, &pair.server);
        link_carry(&pair.server, &pair.client);
        link_carry(&pair.client, &pair.server);
        struct channel_event event = expect(&pair.server, CHANNEL_HANDSHAKE_DONE);
        assert_true(str_equal(event.bytes, pair.client_options.hello));
    }
    pair.client_options.hello = text_of(hello, sizeof hello);
    struct channel c;
    assert_int_equal(channel_init(&c, &pair.client_options), FAULT_LIMIT);
    link_pair_finish(&pair);
}

static void test_messages(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, FRAME_CHUNK_MAX - 5, FRAME_CHUNK_MAX - 4, 200000, FRAME_TO_SERVER_MAX};
    struct link_pair pair;
    link_pair_init(&pair, 2);
    link_pair_open(&pair);
    link_pair_shake(&pair);
    uint8_t *message = malloc(FRAME_TO_CLIENT_MAX + 1);
    random_bytes(&pair.random, message, FRAME_TO_CLIENT_MAX + 1);
    for (int both = 0; both < 2; both++) { /* sent and pulled one by one, then all at once */
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            assert_int_equal(channel_send(&pair.client, text_of(message, sizes[i])), FAULT_NONE);
            if (both == 1) continue;
            link_carry(&pair.client, &pair.server);
            struct channel_event event = expect(&pair.server, CHANNEL_MESSAGE);
            assert_true(str_equal(event.bytes, text_of(message, sizes[i])));
            expect_nothing(&pair.server);
        }
        link_carry(&pair.client, &pair.server);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes && both == 1; i++) {
            struct channel_event event = expect(&pair.server, CHANNEL_MESSAGE);
            assert_true(str_equal(event.bytes, text_of(message, sizes[i])));
            /* an answer may be sent while the message is read */
            assert_int_equal(channel_send(&pair.server, event.bytes), FAULT_NONE);
        }
        expect_nothing(&pair.server);
    }
    link_carry(&pair.server, &pair.client);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct channel_event event = expect(&pair.client, CHANNEL_MESSAGE);
        assert_true(str_equal(event.bytes, text_of(message, sizes[i])));
    }
    expect_nothing(&pair.client);

    /* The caps of the two directions differ, and each side keeps to its own. */
    struct str most = text_of(message, FRAME_TO_CLIENT_MAX);
    assert_int_equal(channel_send(&pair.server, most), FAULT_NONE);
    link_carry(&pair.server, &pair.client);
    assert_true(str_equal(expect(&pair.client, CHANNEL_MESSAGE).bytes, most));
    assert_int_equal(channel_send(&pair.server, text_of(message, FRAME_TO_CLIENT_MAX + 1)),
                     FAULT_LIMIT);
    assert_int_equal(channel_send(&pair.client, text_of(message, FRAME_TO_SERVER_MAX + 1)),
                     FAULT_LIMIT);
    assert_int_equal(channel_output(&pair.client).n, 0);
    free(message);

    /* Nothing is kept by a channel that is idle. */
    expect_nothing(&pair.client);
    assert_int_equal(channel_memory(&pair.client), 0);
    assert_int_equal(channel_memory(&pair.server), 0);
    assert_in_range(sizeof pair.server, 1, IDLE_BYTES_MAX);
    link_pair_finish(&pair);
}

/* --- any split gives the same events --- */

static void log_events(struct channel *c, struct buffer *log)
{
    struct channel_event event;
    while (channel_next(c, &event)) {
        buffer_format(log, "%d %d %zu %zu:", (int)event.kind, (int)event.reason, event.key_index,
                      event.bytes.n);
        buffer_append_str(log, event.bytes);
    }
}

/* Feeds `stream` in pieces of at most `piece` bytes (0: of random size) and logs what comes. */
static struct buffer log_of(const struct channel_options *options, struct str stream, size_t piece,
                            struct random *random)
{
    struct channel c;
    struct buffer log;
    buffer_init(&log, 1 << 22);
    assert_int_equal(channel_init(&c, options), FAULT_NONE);
    for (size_t at = 0; at < stream.n;) {
        size_t n = piece > 0 ? piece : 1 + (size_t)random_below(random, 1000);
        channel_feed(&c, str_slice(stream, at, at + n));
        at += n;
        if (piece > 0 || random_below(random, 2) == 0) log_events(&c, &log);
    }
    channel_end(&c);
    log_events(&c, &log);
    assert_false(log.failed);
    channel_finish(&c);
    return log;
}

static void test_any_split(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 3);
    link_pair_open(&pair);
    struct buffer stream[2]; /* to the server, to the client */
    for (int i = 0; i < 2; i++) buffer_init(&stream[i], 1 << 22);
    uint8_t *large = calloc(1, 150000);
    for (int round = 0; round < 6; round++) {
        buffer_append_str(&stream[0], channel_output(&pair.client));
        link_carry(&pair.client, &pair.server);
        buffer_append_str(&stream[1], channel_output(&pair.server));
        link_carry(&pair.server, &pair.client);
        if (round < 2) continue;
        size_t n = round == 2 ? 150000 : (size_t)round - 3;
        assert_int_equal(channel_send(&pair.client, text_of(large, n)), FAULT_NONE);
        assert_int_equal(channel_send(&pair.server, text_of(large, n)), FAULT_NONE);
    }
    for (int role = 0; role < 2; role++) {
        const struct channel_options *options =
            role == 0 ? &pair.server_options : &pair.client_options;
        for (int bad = 0; bad < 3; bad++) { /* as it was; with a byte changed; cut short */
            struct str bytes = buffer_str(&stream[role]);
            if (bad == 1) stream[role].p[bytes.n - 30] ^= 1;
            if (bad == 2) bytes = str_slice(bytes, 0, bytes.n / 2);
            struct buffer whole = log_of(options, bytes, bytes.n, &pair.random);
            for (int split = 0; split < 12; split++) {
                size_t piece = split == 0 ? 1 : split == 1 ? 7 : 0;
                struct buffer log = log_of(options, bytes, piece, &pair.random);
                assert_true(str_equal(buffer_str(&log), buffer_str(&whole)));
                buffer_finish(&log);
            }
            assert_true(whole.n > 150000 || bad == 2);
            buffer_finish(&whole);
        }
        buffer_finish(&stream[role]);
    }
    free(large);
    link_pair_finish(&pair);
}

/* --- ends, limits, time --- */

static void test_ends(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 14);
    pair.client_options.now.boot_ms = pair.server_options.now.boot_ms = 1000;
    link_pair_open(&pair); /* the deadline is one for the whole handshake */
    assert_int_equal(channel_deadline_ms(&pair.server), 1000 + HANDSHAKE_MS);
    link_carry(&pair.client, &pair.server);
    channel_tick(&pair.server, (struct now){.boot_ms = 1000 + HANDSHAKE_MS - 1});
    expect_nothing(&pair.server);
    channel_tick(&pair.server, (struct now){.boot_ms = 1000 + HANDSHAKE_MS});
    expect_closed(&pair.server, CHANNEL_REASON_HANDSHAKE_TIMEOUT);
    channel_tick(&pair.client, (struct now){.boot_ms = 1000 + HANDSHAKE_MS});
    expect_closed(&pair.client, CHANNEL_REASON_HANDSHAKE_TIMEOUT);

    link_pair_open(&pair); /* once open there is none */
    link_pair_shake(&pair);
    assert_int_equal(channel_deadline_ms(&pair.server), UINT64_MAX);
    channel_tick(&pair.server, (struct now){.boot_ms = UINT64_MAX});
    expect_nothing(&pair.server);
    /* what was sent before closing still goes out */
    assert_int_equal(channel_send(&pair.server, STR("bye")), FAULT_NONE);
    channel_close(&pair.server);
    assert_true(link_carry(&pair.server, &pair.client) > 0);
    channel_end(&pair.client);
    assert_true(str_equal(expect(&pair.client, CHANNEL_MESSAGE).bytes, STR("bye")));
    expect_closed(&pair.client, CHANNEL_REASON_ENDED);
    expect_closed(&pair.server, CHANNEL_REASON_LOCAL);

    link_pair_open(&pair); /* bytes that come after the end are none of this stream */
    link_pair_shake(&pair);
    assert_int_equal(channel_send(&pair.server, STR("late")), FAULT_NONE);
    channel_end(&pair.client);
    link_carry(&pair.server, &pair.client);
    expect_closed(&pair.client, CHANNEL_REASON_ENDED);

    link_pair_open(&pair); /* closing drops what was not pulled, also that it had opened */
    link_carry(&pair.client, &pair.server);
    link_carry(&pair.server, &pair.client);
    channel_close(&pair.client);
    expect_closed(&pair.client, CHANNEL_REASON_LOCAL);

    link_pair_open(&pair); /* a length no record can have closes before the record has come */
    link_pair_shake(&pair);
    channel_feed(&pair.server, STR("\0\17"));
    expect_closed(&pair.server, CHANNEL_REASON_TAMPERED);

    link_pair_open(&pair); /* an end within the handshake */
    channel_end(&pair.server);
    expect_closed(&pair.server, CHANNEL_REASON_HANDSHAKE_ENDED);
    link_carry(&pair.client, &pair.server);
    channel_end(&pair.client);
    expect_closed(&pair.client, CHANNEL_REASON_HANDSHAKE_ENDED);
    link_pair_finish(&pair);

    struct channel zeroed = {.role = CHANNEL_CLIENT};
    channel_finish(&zeroed);
    channel_finish(&zeroed);
}

static void test_output_limit(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 15);
    pair.server_options.output_max = 1000;
    link_pair_open(&pair);
    link_pair_shake(&pair);
    uint8_t message[500] = {0};
    assert_int_equal(channel_send(&pair.server, text_of(message, 1000)), FAULT_BUSY);
    assert_int_equal(channel_send(&pair.server, text_of(message, 500)), FAULT_NONE);
    assert_int_equal(channel_send(&pair.server, text_of(message, 500)), FAULT_BUSY);
    size_t waiting = channel_output(&pair.server).n;
    assert_int_equal(waiting, 500 + 5 + 2 + 16);
    /* a part goes out: there is room again, and no nonce was lost by the refusals */
    channel_feed(&pair.client, str_slice(channel_output(&pair.server), 0, 100));
    channel_sent(&pair.server, 100);
    assert_int_equal(channel_send(&pair.server, text_of(message, 500)), FAULT_NONE);
    link_carry(&pair.server, &pair.client);
    expect(&pair.client, CHANNEL_MESSAGE);
    expect(&pair.client, CHANNEL_MESSAGE);
    expect_nothing(&pair.client);
    assert_int_equal(channel_memory(&pair.server), 0);
    link_pair_finish(&pair);
}

static void test_input_limit(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 16);
    link_pair_open(&pair);
    link_pair_shake(&pair);
    uint8_t *flood = calloc(1, 1 << 20);
    size_t fed = 0;
    for (; fed + (1 << 20) <= CHANNEL_INPUT_MAX; fed += 1 << 20) {
        channel_feed(&pair.server, text_of(flood, 1 << 20));
        assert_true(channel_is_open(&pair.server));
    }
    channel_feed(&pair.server, text_of(flood, CHANNEL_INPUT_MAX - fed + 1));
    expect_closed(&pair.server, CHANNEL_REASON_TOO_LARGE);
    assert_int_equal(channel_memory(&pair.server), 0);
    free(flood);
    link_pair_finish(&pair);
}

static void test_nonces(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 17);
    link_pair_open(&pair);
    link_pair_shake(&pair);
    uint8_t *two_chunks = calloc(1, FRAME_CHUNK_MAX);
    pair.client.sending.nonce = pair.server.receiving.nonce = UINT64_MAX - 1;
    assert_int_equal(channel_send(&pair.client, text_of(two_chunks, FRAME_CHUNK_MAX)), FAULT_LIMIT);
    assert_int_equal(channel_output(&pair.client).n, 0);
    assert_int_equal(channel_send(&pair.client, STR("last")), FAULT_NONE);
    assert_int_equal(channel_send(&pair.client, STR("over")), FAULT_LIMIT);
    link_carry(&pair.client, &pair.server);
    expect(&pair.server, CHANNEL_MESSAGE);
    channel_feed(&pair.server, STR("\0\30\1\0\0\0\7at once0123456789abcdef"));
    expect_closed(&pair.server, CHANNEL_REASON_TAMPERED);
    free(two_chunks);
    link_pair_finish(&pair);
}

static void test_reason_names(void **state)
{
    (void)state;
    for (int a = 0; a < CHANNEL_REASON_COUNT; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(channel_reason_name((enum channel_reason)a),
                                    channel_reason_name((enum channel_reason)b));
        }
    }
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake),    cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_hello_sizes),  cmocka_unit_test(test_messages),
        cmocka_unit_test(test_any_split),    cmocka_unit_test(test_ends),
        cmocka_unit_test(test_output_limit), cmocka_unit_test(test_input_limit),
        cmocka_unit_test(test_nonces),       cmocka_unit_test(test_reason_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
