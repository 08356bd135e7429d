/* test_frame.c - messages cut into chunks and put together again, and every way to get it wrong. */
#include "common/link/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/random.h"
#include "tests/support/hex.h"

enum { ROW_CHUNKS_MAX = 4, CAP = 10 };

static const struct {
    const char *claim;
    const char *chunks[ROW_CHUNKS_MAX]; /* hexadecimal; the last one gives `want` */
    enum fault want;
    const char *message; /* of a good frame */
} rows[] = {
    {"one final chunk is a message", {"01 00000003 616263"}, FAULT_NONE, "abc"},
    {"a message may be empty", {"01 00000000"}, FAULT_NONE, ""},
    {"two chunks", {"00 00000003 61", "01 6263"}, FAULT_NONE, "abc"},
    {"the first of two may carry the total alone but one byte",
     {"00 00000003 61", "00 62", "01 63"},
     FAULT_NONE,
     "abc"},
    {"exactly the cap", {"01 0000000a 30313233343536373839"}, FAULT_NONE, "0123456789"},
    {"a frame follows a frame", {"01 00000001 61", "01 00000001 62"}, FAULT_NONE, "b"},
    {"a frame of chunks follows one of chunks",
     {"00 00000002 61", "01 62", "00 00000002 63", "01 64"},
     FAULT_NONE,
     "cd"},
    {"one above the cap is refused by its total", {"00 0000000b 30"}, FAULT_LIMIT, NULL},
    {"the largest total is refused", {"00 ffffffff 30"}, FAULT_LIMIT, NULL},
    {"the largest total is refused when final", {"01 ffffffff 30"}, FAULT_LIMIT, NULL},
    {"a total beyond 31 bits is refused", {"00 80000000 30"}, FAULT_LIMIT, NULL},
    {"no flags at all", {""}, FAULT_FORMAT, NULL},
    {"flags alone, no total", {"01"}, FAULT_FORMAT, NULL},
    {"a total cut short", {"01 000000"}, FAULT_FORMAT, NULL},
    {"an unknown flag", {"03 00000001 61"}, FAULT_FORMAT, NULL},
    {"the highest flag", {"81 00000001 61"}, FAULT_FORMAT, NULL},
    {"an unknown flag later", {"00 00000002 61", "05 62"}, FAULT_FORMAT, NULL},
    {"final, but less than declared", {"01 00000003 6162"}, FAULT_FORMAT, NULL},
    {"final later, but less than declared", {"00 00000003 61", "01 62"}, FAULT_FORMAT, NULL},
    {"more than declared", {"01 00000003 61626364"}, FAULT_FORMAT, NULL},
    {"more than declared later", {"00 00000003 61", "01 626364"}, FAULT_FORMAT, NULL},
    {"more than declared, not final", {"00 00000001 6162"}, FAULT_FORMAT, NULL},
    {"all there, but not final", {"00 00000003 616263"}, FAULT_FORMAT, NULL},
    {"all there later, but not final", {"00 00000002 61", "00 62"}, FAULT_FORMAT, NULL},
    {"empty and not final", {"00 00000000"}, FAULT_FORMAT, NULL},
    {"a first chunk that brings nothing", {"00 00000003"}, FAULT_FORMAT, NULL},
    {"a later chunk that brings nothing", {"00 00000003 61", "00"}, FAULT_FORMAT, NULL},
    {"an empty later chunk", {"00 00000003 61", ""}, FAULT_FORMAT, NULL},
    {"final with nothing when something is missing", {"00 00000003 61", "01"}, FAULT_FORMAT, NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct frame_reader reader;
        frame_reader_init(&reader, CAP);
        enum fault fault = FAULT_NONE;
        bool whole = false;
        struct str message = STR_NONE;
        uint8_t bytes[ROW_CHUNKS_MAX][64];
        for (size_t k = 0; k < ROW_CHUNKS_MAX && rows[i].chunks[k] != NULL; k++) {
            if (fault != FAULT_NONE) fail_msg("%s: failed too early", rows[i].claim);
            size_t n = hex_read(str_from(rows[i].chunks[k]), bytes[k], sizeof bytes[k]);
            struct str chunk = {(const char *)bytes[k], n};
            fault = frame_reader_feed(&reader, chunk, &whole, &message);
        }
        if (fault != rows[i].want) fail_msg("%s: %s", rows[i].claim, fault_name(fault));
        if (whole != (rows[i].message != NULL)) fail_msg("%s: whole is %d", rows[i].claim, whole);
        if (whole && !str_equal(message, (struct str){rows[i].message, strlen(rows[i].message)})) {
            fail_msg("%s: another message", rows[i].claim);
        }
        if (fault != FAULT_NONE) assert_int_equal(reader.body.cap, 0);
        frame_reader_finish(&reader);
    }
}

static void test_cap_before_memory(void **state)
{
    (void)state;
    struct frame_reader reader;
    bool whole;
    struct str message;
    frame_reader_init(&reader, FRAME_TO_SERVER_MAX);
    /* 256 KiB declared is within the cap, but one byte of it has come: memory follows the bytes */
    assert_int_equal(frame_reader_feed(&reader, (struct str){"\0\0\4\0\0x", 6}, &whole, &message),
                     FAULT_NONE);
    assert_in_range(reader.body.cap, 1, 256);
    frame_reader_finish(&reader);
    frame_reader_init(&reader, FRAME_TO_SERVER_MAX);
    assert_int_equal(frame_reader_feed(&reader, (struct str){"\0\0\4\0\1x", 6}, &whole, &message),
                     FAULT_LIMIT);
    assert_int_equal(reader.body.cap, 0);
    frame_reader_finish(&reader);
}

/* Around every size at which another chunk is needed. */
static void test_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,
                                   1,
                                   FRAME_CHUNK_MAX - FRAME_HEADER_FIRST - 1,
                                   FRAME_CHUNK_MAX - FRAME_HEADER_FIRST,
                                   FRAME_CHUNK_MAX - FRAME_HEADER_FIRST + 1,
                                   2 * FRAME_CHUNK_MAX - FRAME_HEADER_FIRST - FRAME_HEADER_NEXT,
                                   2 * FRAME_CHUNK_MAX - FRAME_HEADER_FIRST - FRAME_HEADER_NEXT + 1,
                                   FRAME_TO_CLIENT_MAX};
    uint8_t *message = malloc(FRAME_TO_CLIENT_MAX);
    uint8_t *chunk_bytes = malloc(FRAME_CHUNK_MAX);
    struct random random;
    random_init_number(&random, 1);
    random_bytes(&random, message, FRAME_TO_CLIENT_MAX);
    struct frame_reader reader;
    frame_reader_init(&reader, FRAME_TO_CLIENT_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct frame_cutter cutter;
        struct frame_chunk chunk;
        struct str want = {(const char *)message, sizes[i]}, got;
        size_t chunks = 0, bytes = 0;
        bool whole = false;
        frame_cutter_init(&cutter, want);
        while (frame_cutter_next(&cutter, &chunk)) {
            assert_false(whole);
            size_t n = chunk.header_size + chunk.body.n;
            assert_in_range(n, 1, FRAME_CHUNK_MAX);
            memcpy(chunk_bytes, chunk.header, chunk.header_size);
            memcpy(chunk_bytes + chunk.header_size, chunk.body.p, chunk.body.n);
            assert_int_equal(frame_reader_feed(&reader, (struct str){(const char *)chunk_bytes, n},
                                               &whole, &got),
                             FAULT_NONE);
            chunks++;
            bytes += n;
        }
        assert_true(whole);
        assert_true(str_equal(got, want));
        assert_int_equal(chunks, frame_chunks(sizes[i]));
        assert_int_equal(bytes, frame_size(sizes[i]));
    }
    frame_reader_release(&reader);
    assert_int_equal(reader.body.cap, 0);
    frame_reader_finish(&reader);
    free(message);
    free(chunk_bytes);
}

static void test_any_cut(void **state)
{
    (void)state;
    struct random random;
    random_init_number(&random, 2);
    struct frame_reader reader;
    frame_reader_init(&reader, 400);
    for (int round = 0; round < 2000; round++) {
        uint8_t message[400], chunk[FRAME_HEADER_FIRST + 400];
        size_t total = (size_t)random_below(&random, sizeof message + 1), at = 0;
        random_bytes(&random, message, total);
        bool whole = false;
        struct str got = STR_NONE;
        for (bool first = true; !whole; first = false) {
            size_t left = total - at;
            size_t n = left == 0 ? 0 : 1 + (size_t)random_below(&random, left);
            size_t header = first ? FRAME_HEADER_FIRST : FRAME_HEADER_NEXT;
            memset(chunk, 0, header);
            chunk[0] = n == left;
            if (first) chunk[3] = (uint8_t)(total >> 8);
            if (first) chunk[4] = (uint8_t)total;
            memcpy(chunk + header, message + at, n);
            assert_int_equal(frame_reader_feed(&reader,
                                               (struct str){(const char *)chunk, header + n},
                                               &whole, &got),
                             FAULT_NONE);
            assert_int_equal(whole, n == left);
            at += n;
        }
        assert_int_equal(got.n, total);
        if (total > 0) assert_memory_equal(got.p, message, total);
        if (random_below(&random, 2) == 0) frame_reader_release(&reader);
    }
    frame_reader_finish(&reader);
}

static void test_absent_message(void **state)
{
    (void)state;
    struct frame_cutter cutter;
    struct frame_chunk chunk;
    frame_cutter_init(&cutter, STR_NONE);
    assert_true(frame_cutter_next(&cutter, &chunk));
    assert_int_equal(chunk.header_size, FRAME_HEADER_FIRST);
    assert_memory_equal(chunk.header, "\1\0\0\0\0", FRAME_HEADER_FIRST);
    assert_int_equal(chunk.body.n, 0);
    assert_false(frame_cutter_next(&cutter, &chunk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_cap_before_memory),
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_any_cut),
        cmocka_unit_test(test_absent_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
