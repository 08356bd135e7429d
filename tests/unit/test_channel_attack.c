/* test_channel_attack.c - everything on the wire that must close a channel. Bytes are handed over by
 * hand, so each test says exactly what a stranger, or somebody in between, could do. */
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

enum { STRANGER_BYTES_MAX = 2 * 1024 };

/* One authentic transport message with any plaintext, as a client of bad will could make it. */
static void feed_sealed(struct link_pair *pair, struct str plain)
{
    uint8_t record[2 + 1024];
    size_t n = plain.n + NOISE_TAG_BYTES;
    assert_true(n <= 1024);
    record[0] = (uint8_t)(n >> 8);
    record[1] = (uint8_t)n;
    assert_int_equal(noise_encrypt(&pair->client.sending, STR_NONE, plain, record + 2), FAULT_NONE);
    channel_feed(&pair->server, text_of(record, 2 + n));
}

/* --- strangers --- */

static void test_headers(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        const char *header; /* KKKK stands for the id of the first key */
        enum channel_reason reason;
        size_t answer; /* bytes the server says */
    } rows[] = {
        {"a web browser is not answered", "47455420 2f20 4854", CHANNEL_REASON_NOT_SLUICE, 0},
        {"lower-case magic is another", "736c6365 01 00 KKKK", CHANNEL_REASON_NOT_SLUICE, 0},
        {"version 2 gets our header as a hint", "534c4345 02 00 KKKK", CHANNEL_REASON_VERSION, 8},
        {"version 0 too", "534c4345 00 00 KKKK", CHANNEL_REASON_VERSION, 8},
        {"version 255 with flags too", "534c4345 ff ff 0000", CHANNEL_REASON_VERSION, 8},
        {"flags must be 0", "534c4345 01 01 KKKK", CHANNEL_REASON_FLAGS, 0},
        {"a flag at the top too", "534c4345 01 80 KKKK", CHANNEL_REASON_FLAGS, 0},
        {"a key that is not ours too", "534c4345 01 00 0000", CHANNEL_REASON_KEY_UNKNOWN, 8},
    };
    struct link_pair pair;
    link_pair_init(&pair, 4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        link_pair_open(&pair);
        uint8_t header[HEADER_BYTES];
        struct str row = str_from(rows[i].header);
        bool ours = row.p[row.n - 1] == 'K';
        size_t n = hex_read(str_slice(row, 0, ours ? row.n - 4 : row.n), header, sizeof header);
        if (ours) memcpy(header + n, channel_output(&pair.client).p + 6, 2);
        channel_feed(&pair.server, text_of(header, sizeof header));
        if (channel_output(&pair.server).n != rows[i].answer) fail_msg("%s", rows[i].claim);
        if (rows[i].answer > 0) {
            assert_memory_equal(channel_output(&pair.server).p, "SLCE\1\200", 6);
        }
        expect_closed(&pair.server, rows[i].reason);
    }
    link_pair_finish(&pair);
}

static void test_hints(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str answer;
        enum channel_reason reason;
        uint8_t version;
    } rows[] = {
        {"a server of another version", {"SLCE\7\0ab", 8}, CHANNEL_REASON_VERSION, 7},
        {"a server that has another key", {"SLCE\1\200ab", 8}, CHANNEL_REASON_HANDSHAKE_FAILED, 0},
        {"our own header, come back", {"SLCE\1\0ab", 8}, CHANNEL_REASON_NOT_SLUICE, 0},
        {"almost the magic", {"SLCX\7\0ab", 8}, CHANNEL_REASON_NOT_SLUICE, 0},
        {"a secure shell", {"SSH-2.0-OpenSSH", 15}, CHANNEL_REASON_NOT_SLUICE, 0},
        {"a web server", {"HTTP/1.1 400 Bad Request", 24}, CHANNEL_REASON_NOT_SLUICE, 0},
        {"message 2 too short by its length", {"\0\57", 2}, CHANNEL_REASON_NOT_SLUICE, 0},
        {"message 2 too long by its length", {"\0\61", 2}, CHANNEL_REASON_NOT_SLUICE, 0},
    };
    struct link_pair pair;
    link_pair_init(&pair, 5);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        link_pair_open(&pair);
        channel_feed(&pair.client, rows[i].answer);
        if (pair.client.peer_version != rows[i].version) fail_msg("%s", rows[i].claim);
        assert_int_equal(channel_output(&pair.client).n, 0);
        expect_closed(&pair.client, rows[i].reason);
    }
    /* the hint as the server makes it, through both */
    link_pair_open(&pair);
    struct buffer first = taken(&pair.client);
    first.p[4] = 9;
    channel_feed(&pair.server, buffer_str(&first));
    struct buffer hint = taken(&pair.server);
    hint.p[4] = 3;
    channel_feed(&pair.client, buffer_str(&hint));
    struct channel_event event = expect(&pair.server, CHANNEL_CLOSED);
    assert_int_equal(event.peer_version, 9);
    event = expect(&pair.client, CHANNEL_CLOSED);
    assert_int_equal(event.reason, CHANNEL_REASON_VERSION);
    assert_int_equal(event.peer_version, 3);
    buffer_finish(&first);
    buffer_finish(&hint);
    link_pair_finish(&pair);
}

/* A stranger cannot make us keep or read more than a handshake. */
static void test_stranger_memory(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 6);
    size_t n = 4 << 20;
    uint8_t *flood = calloc(1, n);
    for (int stage = 0; stage < 4; stage++) {
        link_pair_open(&pair);
        uint8_t length[2] = {0, 0};
        if (stage >= 1) channel_feed(&pair.server, str_slice(channel_output(&pair.client), 0, 8));
        if (stage >= 2) {
            channel_feed(&pair.server, str_slice(channel_output(&pair.client), 8, 58));
            length[0] = (uint8_t)((NOISE_MESSAGE_3_BYTES + HANDSHAKE_PAYLOAD_MAX) >> 8);
            length[1] = (uint8_t)(NOISE_MESSAGE_3_BYTES + HANDSHAKE_PAYLOAD_MAX);
        }
        if (stage == 3) channel_feed(&pair.server, text_of(length, 2));
        assert_in_range(channel_memory(&pair.server), 0, STRANGER_BYTES_MAX);
        for (size_t i = 0; i < 3000 && pair.server.stage < CHANNEL_STAGE_OPEN; i++) {
            channel_feed(&pair.server, text_of(flood, 1));
            assert_in_range(channel_memory(&pair.server), 0, 2 * STRANGER_BYTES_MAX);
        }
        assert_int_equal(pair.server.stage, CHANNEL_STAGE_CLOSED);
        channel_feed(&pair.server, text_of(flood, n));
        assert_int_equal(channel_memory(&pair.server), 0);
        assert_int_equal(channel_output(&pair.server).n, 0);
    }
    /* a length beyond what message 3 may have closes before a byte of it is read */
    link_pair_open(&pair);
    link_carry(&pair.client, &pair.server);
    link_carry(&pair.server, &pair.client);
    uint8_t length[2] = {(NOISE_MESSAGE_3_BYTES + HANDSHAKE_PAYLOAD_MAX + 1) >> 8,
                         (NOISE_MESSAGE_3_BYTES + HANDSHAKE_PAYLOAD_MAX + 1) & 0xff};
    channel_feed(&pair.server, text_of(length, 2));
    expect_closed(&pair.server, CHANNEL_REASON_TOO_LARGE);
    /* and lengths too short for what must be in there */
    for (size_t message = 1; message <= 3; message += 2) {
        link_pair_open(&pair);
        if (message == 3) link_carry(&pair.client, &pair.server);
        if (message == 1) channel_feed(&pair.server, str_slice(channel_output(&pair.client), 0, 8));
        channel_feed(&pair.server, message == 1 ? STR("\0\57") : STR("\0\77"));
        expect_closed(&pair.server, CHANNEL_REASON_HANDSHAKE_FAILED);
    }
    free(flood);
    link_pair_finish(&pair);
}

static void test_bad_keys(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 7);
    struct channel c;
    pair.client_options.server = (struct public32){{1}}; /* a point of small order */
    assert_int_equal(channel_init(&c, &pair.client_options), FAULT_CRYPTO);

    /* Two server keys with the same id: each is tried. */
    pair.keys[0].public = pair.keys[1].public;
    pair.client_options.server = pair.keys[1].public;
    link_pair_open(&pair);
    link_carry(&pair.client, &pair.server);
    link_carry(&pair.server, &pair.client);
    link_carry(&pair.client, &pair.server);
    assert_int_equal(expect(&pair.server, CHANNEL_HANDSHAKE_DONE).key_index, 1);

    /* The id of the right key, but the secret of another: the client notices nothing before the
     * server has proven itself, and the server closes at message 1, with its header as a hint. */
    pair.server_options.key_count = 1;
    link_pair_open(&pair);
    link_carry(&pair.client, &pair.server);
    assert_int_equal(channel_output(&pair.server).n, HEADER_BYTES);
    link_carry(&pair.server, &pair.client);
    expect_closed(&pair.server, CHANNEL_REASON_HANDSHAKE_FAILED);
    expect_closed(&pair.client, CHANNEL_REASON_HANDSHAKE_FAILED);
    link_pair_finish(&pair);
}

/* --- tampering with the handshake --- */

static void test_every_bit(void **state)
{
    (void)state;
    static const size_t size[] = {8 + 2 + 48, 2 + 48, 2 + 64 + 5};
    struct link_pair pair;
    link_pair_init(&pair, 8);
    for (size_t message = 0; message < 3; message++) {
        for (size_t bit = 0; bit < size[message] * 8; bit++) {
            link_pair_open(&pair);
            struct channel *side[2] = {&pair.client, &pair.server};
            for (size_t i = 0; i < message; i++) link_carry(side[i % 2], side[!(i % 2)]);
            struct channel *from = side[message % 2], *to = side[!(message % 2)];
            struct buffer bytes = taken(from);
            assert_int_equal(bytes.n, size[message]);
            bytes.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            channel_feed(to, buffer_str(&bytes));
            assert_false(channel_is_open(to));
            /* a longer length makes it wait for more, but only until the deadline */
            channel_tick(to, (struct now){.boot_ms = HANDSHAKE_MS});
            /* the version, the key's id, message 1 itself: for another server, perhaps */
            size_t byte = bit / 8;
            bool hint = message == 0 && (byte == 4 || byte == 6 || byte == 7 || byte >= 10);
            assert_int_equal(channel_output(to).n, hint ? HEADER_BYTES : 0);
            expect(to, CHANNEL_CLOSED);
            buffer_finish(&bytes);
        }
    }
    link_pair_finish(&pair);
}

/* A recorded handshake, played again to the same server, gets no further than message 2. */
static void test_handshake_replay(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 9);
    link_pair_open(&pair);
    struct buffer first = taken(&pair.client);
    channel_feed(&pair.server, buffer_str(&first));
    link_carry(&pair.server, &pair.client);
    struct buffer third = taken(&pair.client);
    channel_feed(&pair.server, buffer_str(&third));
    expect(&pair.server, CHANNEL_HANDSHAKE_DONE);

    link_pair_open(&pair);
    channel_feed(&pair.server, buffer_str(&first));
    assert_int_equal(channel_output(&pair.server).n, 2 + 48);
    channel_feed(&pair.server, buffer_str(&third));
    expect_closed(&pair.server, CHANNEL_REASON_HANDSHAKE_FAILED);
    buffer_finish(&first);
    buffer_finish(&third);
    link_pair_finish(&pair);
}

/* --- tampering with the transport --- */

enum attack {
    ATTACK_NONE,
    ATTACK_TRUNCATE_RECORD,
    ATTACK_DROP_FIRST,
    ATTACK_DROP_MIDDLE,
    ATTACK_REPLAY,
    ATTACK_REORDER,
    ATTACK_SPLICE,
    ATTACK_REFLECT,
    ATTACK_SHORT_RECORD,
    ATTACK_CLEAR,
};

static void test_transport(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        enum attack attack;
        size_t messages; /* that still arrive */
        enum channel_reason reason;
    } rows[] = {
        {"nothing done: three messages and a clean end", ATTACK_NONE, 3, CHANNEL_REASON_ENDED},
        {"a record cut off at the end", ATTACK_TRUNCATE_RECORD, 2, CHANNEL_REASON_TRUNCATED},
        {"the first record left out", ATTACK_DROP_FIRST, 0, CHANNEL_REASON_TAMPERED},
        {"the middle record left out", ATTACK_DROP_MIDDLE, 1, CHANNEL_REASON_TAMPERED},
        {"a record twice", ATTACK_REPLAY, 1, CHANNEL_REASON_TAMPERED},
        {"two records swapped", ATTACK_REORDER, 0, CHANNEL_REASON_TAMPERED},
        {"a record of another session of the same two", ATTACK_SPLICE, 1, CHANNEL_REASON_TAMPERED},
        {"the server's own record sent back", ATTACK_REFLECT, 1, CHANNEL_REASON_TAMPERED},
        {"a record shorter than its tag", ATTACK_SHORT_RECORD, 1, CHANNEL_REASON_TAMPERED},
        {"clear bytes", ATTACK_CLEAR, 1, CHANNEL_REASON_TAMPERED},
    };
    struct link_pair pair, other;
    link_pair_init(&pair, 10);
    link_pair_init(&other, 10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        link_pair_open(&pair);
        link_pair_shake(&pair);
        random_init_number(&other.random, 1000 + i); /* the same keys, another ephemeral */
        link_pair_open(&other);
        link_pair_shake(&other);
        struct buffer record[3], stolen, own;
        for (int k = 0; k < 3; k++) {
            assert_int_equal(channel_send(&pair.client, STR("message")), FAULT_NONE);
            record[k] = taken(&pair.client);
        }
        /* the second record of the other session, so that its nonce is the one expected */
        assert_int_equal(channel_send(&other.client, STR("message")), FAULT_NONE);
        link_carry(&other.client, &other.server);
        assert_int_equal(channel_send(&other.client, STR("message")), FAULT_NONE);
        stolen = taken(&other.client);
        assert_int_equal(channel_send(&pair.server, STR("message")), FAULT_NONE);
        channel_sent(&pair.server, channel_output(&pair.server).n);
        assert_int_equal(channel_send(&pair.server, STR("message")), FAULT_NONE);
        own = taken(&pair.server);

        struct str r[3] = {buffer_str(&record[0]), buffer_str(&record[1]), buffer_str(&record[2])};
        struct str play[3] = {r[0], r[1], r[2]};
        switch (rows[i].attack) {
        case ATTACK_NONE: break;
        case ATTACK_TRUNCATE_RECORD: play[2] = str_slice(r[2], 0, r[2].n - 1); break;
        case ATTACK_DROP_FIRST: play[0] = STR_NONE; break;
        case ATTACK_DROP_MIDDLE: play[1] = STR_NONE; break;
        case ATTACK_REPLAY: play[1] = r[0]; break;
        case ATTACK_REORDER:
            play[0] = r[1];
            play[1] = r[0];
            break;
        case ATTACK_SPLICE: play[1] = buffer_str(&stolen); break;
        case ATTACK_REFLECT: play[1] = buffer_str(&own); break;
        case ATTACK_SHORT_RECORD: play[1] = STR("\0\17 no tag fits!!"); break;
        case ATTACK_CLEAR: play[1] = STR("\0\30 message in clear, not sealed"); break;
        }
        for (int k = 0; k < 3; k++) channel_feed(&pair.server, play[k]);
        channel_end(&pair.server);
        for (size_t k = 0; k < rows[i].messages; k++) {
            assert_true(str_equal(expect(&pair.server, CHANNEL_MESSAGE).bytes, STR("message")));
        }
        expect_closed(&pair.server, rows[i].reason);
        for (int k = 0; k < 3; k++) buffer_finish(&record[k]);
        buffer_finish(&stolen);
        buffer_finish(&own);
    }
    link_pair_finish(&pair);
    link_pair_finish(&other);
}

static void test_every_bit_of_a_record(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 11);
    link_pair_open(&pair);
    link_pair_shake(&pair);
    assert_int_equal(channel_send(&pair.client, STR("message")), FAULT_NONE);
    struct buffer record = taken(&pair.client);
    struct channel before = pair.server; /* holds no memory now, so a copy is as good */
    assert_int_equal(channel_memory(&before), 0);
    for (size_t bit = 0; bit < record.n * 8; bit++) {
        pair.server = before;
        record.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        channel_feed(&pair.server, buffer_str(&record));
        channel_end(&pair.server);
        struct channel_event event = expect(&pair.server, CHANNEL_CLOSED);
        if (bit >= 16)
            assert_int_equal(event.reason, CHANNEL_REASON_TAMPERED);
        else
            assert_true(event.reason == CHANNEL_REASON_TAMPERED ||
                        event.reason == CHANNEL_REASON_TRUNCATED);
        record.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    pair.server = before;
    channel_feed(&pair.server, buffer_str(&record));
    expect(&pair.server, CHANNEL_MESSAGE);
    buffer_finish(&record);
    link_pair_finish(&pair);
}

/* Clear bytes put behind a handshake message by somebody in between must not be believed. */
static void test_bytes_behind_the_handshake(void **state)
{
    (void)state;
    struct link_pair pair;
    link_pair_init(&pair, 12);
    for (int forged = 0; forged < 2; forged++) {
        link_pair_open(&pair);
        link_carry(&pair.client, &pair.server);
        link_carry(&pair.server, &pair.client);
        if (!forged) assert_int_equal(channel_send(&pair.client, STR("at once")), FAULT_NONE);
        struct buffer third = taken(&pair.client); /* with the message behind it */
        if (forged)
            buffer_append_str(&third, STR("\0\30\1\0\0\0\7at once"
                                          "0123456789abcdef"));
        channel_feed(&pair.server, buffer_str(&third));
        expect(&pair.server, CHANNEL_HANDSHAKE_DONE);
        if (forged)
            expect_closed(&pair.server, CHANNEL_REASON_TAMPERED);
        else
            assert_true(str_equal(expect(&pair.server, CHANNEL_MESSAGE).bytes, STR("at once")));
        buffer_finish(&third);
    }
    link_pair_open(&pair); /* and behind message 2, at the client */
    link_carry(&pair.client, &pair.server);
    struct buffer second = taken(&pair.server);
    buffer_append_str(&second, STR("\0\30\1\0\0\0\7at once0123456789abcdef"));
    channel_feed(&pair.client, buffer_str(&second));
    expect(&pair.client, CHANNEL_HANDSHAKE_DONE);
    expect_closed(&pair.client, CHANNEL_REASON_TAMPERED);
    buffer_finish(&second);
    link_pair_finish(&pair);
}

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        const char *plain;
        enum channel_reason reason;
    } rows[] = {
        {"a frame one above the cap", "00 00040001 61", CHANNEL_REASON_TOO_LARGE},
        {"a frame of 4 GiB", "00 ffffffff 61", CHANNEL_REASON_TOO_LARGE},
        {"an empty chunk", "", CHANNEL_REASON_BAD_FRAME},
        {"an unknown flag", "41 00000001 61", CHANNEL_REASON_BAD_FRAME},
        {"more than declared", "01 00000001 6162", CHANNEL_REASON_BAD_FRAME},
        {"less than declared", "01 00000003 6162", CHANNEL_REASON_BAD_FRAME},
        {"a chunk without progress", "00 00000003", CHANNEL_REASON_BAD_FRAME},
    };
    struct link_pair pair;
    link_pair_init(&pair, 13);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t plain[64];
        size_t n = hex_read(str_from(rows[i].plain), plain, sizeof plain);
        link_pair_open(&pair);
        link_pair_shake(&pair);
        feed_sealed(&pair, text_of(plain, n));
        size_t before = channel_memory(&pair.server);
        expect_closed(&pair.server, rows[i].reason);
        assert_in_range(before, 1, 256); /* the record itself, and nothing for the frame */
        assert_int_equal(channel_memory(&pair.server), 0);
    }
    /* an end within a frame is seen though the record is whole */
    link_pair_open(&pair);
    link_pair_shake(&pair);
    feed_sealed(&pair, text_of("\0\0\0\0\3a", 6));
    channel_end(&pair.server);
    expect_closed(&pair.server, CHANNEL_REASON_TRUNCATED);
    link_pair_finish(&pair);
}

int main(void)
{
    if (sodium_init() < 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_stranger_memory),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_handshake_replay),
        cmocka_unit_test(test_transport),
        cmocka_unit_test(test_every_bit_of_a_record),
        cmocka_unit_test(test_bytes_behind_the_handshake),
        cmocka_unit_test(test_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
