/* test_wire.c - what the pre-scan refuses, what it lets pass, and that protobuf-c agrees. */
#include "common/link/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/random.h"
#include "tests/support/hex.h"
#include "tests/support/wire_sample.h"

static const struct {
    const char *claim;
    const char *hex;
    enum fault want;
} rows[] = {
    {"nothing is a message", "", FAULT_NONE},
    {"a varint", "08 05", FAULT_NONE},
    {"a negative int32 in ten bytes", "08 ffffffffffffffffff01", FAULT_NONE},
    {"a varint padded with zeros", "08 8500", FAULT_NONE},
    {"a string", "12 02 c3b3", FAULT_NONE},
    {"bytes may be anything", "1a 03 00ff80", FAULT_NONE},
    {"a sub-message", "22 02 0805", FAULT_NONE},
    {"an empty sub-message", "22 00", FAULT_NONE},
    {"repeated sub-messages", "2a 00 2a 02 0805 2a 00", FAULT_NONE},
    {"packed varints", "32 04 01 ac02 03", FAULT_NONE},
    {"an empty packed field", "32 00", FAULT_NONE},
    {"packed fields may come in pieces", "32 01 01 32 01 02", FAULT_NONE},
    {"a packable field may come unpacked", "30 01 30 ac02", FAULT_NONE},
    {"packed bools", "3a 03 000101", FAULT_NONE},
    {"fixed32, one by one", "45 01020304 45 05060708", FAULT_NONE},
    {"fixed32, packed though declared unpacked", "42 08 0102030405060708", FAULT_NONE},
    {"sfixed64, packed", "72 08 0102030405060708", FAULT_NONE},
    {"one member of a oneof", "4a 01 61", FAULT_NONE},
    {"the other member of a oneof", "52 02 0805", FAULT_NONE},
    {"a double", "59 0000000000000000", FAULT_NONE},
    {"repeated strings", "62 01 61 62 00", FAULT_NONE},
    {"a required field that is there", "7a 02 0801", FAULT_NONE},
    {"fields in any order", "68 01 08 05", FAULT_NONE},
    {"the same field in two sub-messages", "2a 02 0805 2a 02 0806", FAULT_NONE},
    {"an unknown varint", "8001 05", FAULT_NONE},
    {"an unknown string is not looked into", "8201 02 ff00", FAULT_NONE},
    {"unknown fixed fields", "8501 01020304 8101 0102030405060708", FAULT_NONE},
    {"the largest field number", "f8ffffff0f 01", FAULT_NONE},

    {"a tag alone", "08", FAULT_FORMAT},
    {"a tag cut short", "88", FAULT_FORMAT},
    {"a varint cut short", "08 ff", FAULT_FORMAT},
    {"a varint of eleven bytes", "08 8080808080808080808001", FAULT_FORMAT},
    {"a varint beyond 64 bits", "08 ffffffffffffffffff02", FAULT_FORMAT},
    {"an unknown varint of eleven bytes", "8001 8080808080808080808001", FAULT_FORMAT},
    {"a length beyond the end", "12 03 6162", FAULT_FORMAT},
    {"a length of 4 GiB", "12 ffffffff0f 61", FAULT_FORMAT},
    {"a length of more than five bytes", "12 818080808000 61", FAULT_FORMAT},
    {"a length beyond 2^35", "12 ffffffffff01 61", FAULT_FORMAT},
    {"a sub-message beyond its parent", "22 02 2202 0805", FAULT_FORMAT},
    {"bytes beyond their parent", "22 02 1a02 0805", FAULT_FORMAT},
    {"a varint beyond its sub-message", "22 02 08ff 01", FAULT_FORMAT},
    {"fixed32 cut short", "45 010203", FAULT_FORMAT},
    {"fixed64 cut short", "59 01020304050607", FAULT_FORMAT},
    {"fixed32 beyond its sub-message", "22 03 450102 0304", FAULT_FORMAT},
    {"packed fixed32 of a wrong size", "42 05 0102030405", FAULT_FORMAT},
    {"packed sfixed64 of a wrong size", "72 04 01020304", FAULT_FORMAT},
    {"a packed varint cut short", "32 01 80", FAULT_FORMAT},
    {"a packed bool of two bytes", "3a 02 8000", FAULT_FORMAT},
    {"a packed bool of 2", "3a 01 02", FAULT_FORMAT},
    {"field number 0", "00 01", FAULT_FORMAT},
    {"field number 0 with a length", "02 01 61", FAULT_FORMAT},
    {"a tag of six bytes", "888080808000 01", FAULT_FORMAT},
    {"a field number of 2^29", "8080808010 01", FAULT_FORMAT},
    {"a field number that loses bits in a shift", "ffffffff7f 00", FAULT_FORMAT},
    {"a group", "0b 0c", FAULT_FORMAT},
    {"an unknown group", "8301 8401", FAULT_FORMAT},
    {"the end of a group", "0c", FAULT_FORMAT},
    {"wire type 6", "0e", FAULT_FORMAT},
    {"wire type 7", "0f", FAULT_FORMAT},
    {"an unknown field of wire type 7", "8701", FAULT_FORMAT},
    {"a number as a string", "0a 01 05", FAULT_FORMAT},
    {"a number as fixed32", "0d 01020304", FAULT_FORMAT},
    {"a string as a number", "10 05", FAULT_FORMAT},
    {"a sub-message as a number", "20 05", FAULT_FORMAT},
    {"a double as fixed32", "5d 01020304", FAULT_FORMAT},
    {"a repeated string as a number", "60 05", FAULT_FORMAT},
    {"a singular number twice", "08 05 08 05", FAULT_FORMAT},
    {"a singular string twice", "12 01 61 12 01 61", FAULT_FORMAT},
    {"a singular sub-message twice", "22 00 22 00", FAULT_FORMAT},
    {"a singular field twice, others between", "08 05 68 01 08 05", FAULT_FORMAT},
    {"a singular field twice, deeper", "22 04 08050805", FAULT_FORMAT},
    {"a singular field again after a sub-message", "22 00 08 05 2a 00 22 00", FAULT_FORMAT},
    {"a oneof member twice", "4a 00 4a 00", FAULT_FORMAT},
    {"two members of a oneof", "4a 01 61 52 00", FAULT_FORMAT},
    {"two members of a oneof, the other way", "52 00 4a 01 61", FAULT_FORMAT},
    {"a NUL in a string", "12 03 610062", FAULT_FORMAT},
    {"a string that is not UTF-8", "12 01 ff", FAULT_FORMAT},
    {"an overlong UTF-8 sequence", "12 02 c0af", FAULT_FORMAT},
    {"a surrogate in a string", "12 03 eda080", FAULT_FORMAT},
    {"a sequence cut by the string's end", "12 01 c3", FAULT_FORMAT},
    {"a bad repeated string", "62 01 61 62 01 80", FAULT_FORMAT},
    {"a bad string in a oneof", "4a 01 80", FAULT_FORMAT},
    {"a bad string three levels down", "22 07 2a 05 52 03 12 01 80", FAULT_FORMAT},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[64];
        size_t n = hex_read(str_from(rows[i].hex), bytes, sizeof bytes);
        struct str input = {(const char *)bytes, n};
        enum fault fault = wire_scan(&wire_sample_type, input);
        if (fault != rows[i].want) fail_msg("%s: scan says %s", rows[i].claim, fault_name(fault));
        struct arena arena;
        arena_init(&arena, WIRE_ARENA_MAX);
        ProtobufCMessage *message = wire_unpack(&wire_sample_type, &arena, input, &fault);
        if (fault != rows[i].want || (message != NULL) != (fault == FAULT_NONE)) {
            fail_msg("%s: unpack says %s", rows[i].claim, fault_name(fault));
        }
        arena_finish(&arena);
    }
}

/* --- limits --- */

/* `levels` messages within each other through field 4, the innermost empty. */
static void nest(struct buffer *b, size_t levels)
{
    buffer_clear(b);
    for (size_t i = 1; i < levels; i++) {
        size_t below = 2 * (levels - 1 - i);
        assert_true(below < 128);
        buffer_append_byte(b, 0x22);
        buffer_append_byte(b, (uint8_t)below);
    }
}

static void repeat(struct buffer *b, const char *bytes, size_t n, size_t times)
{
    buffer_clear(b);
    for (size_t i = 0; i < times; i++) buffer_append(b, bytes, n);
}

static void packed(struct buffer *b, size_t elements)
{
    buffer_clear(b);
    buffer_append_byte(b, 0x32);
    for (size_t n = elements;; n >>= 7) {
        buffer_append_byte(b, (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0)));
        if (n <= 0x7f) break;
    }
    for (size_t i = 0; i < elements; i++) buffer_append_byte(b, 1);
}

static enum fault scan(const struct buffer *b)
{
    assert_false(b->failed);
    return wire_scan(&wire_sample_type, buffer_str(b));
}

static void test_limits(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    nest(&b, WIRE_DEPTH_MAX);
    assert_int_equal(scan(&b), FAULT_NONE);
    nest(&b, WIRE_DEPTH_MAX + 1);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    repeat(&b, "\x2a\0", 2, WIRE_FIELDS_MAX);
    assert_int_equal(scan(&b), FAULT_NONE);
    repeat(&b, "\x2a\0", 2, WIRE_FIELDS_MAX + 1);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    packed(&b, WIRE_FIELDS_MAX - 1); /* the field itself counts too */
    assert_int_equal(scan(&b), FAULT_NONE);
    packed(&b, WIRE_FIELDS_MAX);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    repeat(&b, "\x80\x01\0", 3, WIRE_UNKNOWN_MAX);
    assert_int_equal(scan(&b), FAULT_NONE);
    repeat(&b, "\x80\x01\0", 3, WIRE_UNKNOWN_MAX + 1);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    /* counted over all levels: a sub-message with one unknown field each */
    repeat(&b, "\x2a\3\x80\x01\0", 5, WIRE_UNKNOWN_MAX);
    assert_int_equal(scan(&b), FAULT_NONE);
    repeat(&b, "\x2a\3\x80\x01\0", 5, WIRE_UNKNOWN_MAX + 1);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    buffer_finish(&b);
}

/* Each of these has taken down a protobuf-c without a cage. */
static void test_bombs(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1 << 20);
    /* a million levels: would need a gigabyte of C stack */
    repeat(&b, "\x22\xff\xff\x3f", 4, (1 << 20) / 4);
    assert_int_equal(scan(&b), FAULT_FORMAT); /* no honest length fits */
    /* 30 KB of honest nesting, innermost first from the back */
    size_t size = 0, used = 0;
    uint8_t *deep = malloc(60000);
    while (size < 30000) {
        uint8_t head[4] = {0x22, (uint8_t)size, 0, 0};
        size_t n = 2;
        if (size > 0x7f) {
            head[1] = (uint8_t)(0x80 | (size & 0x7f));
            head[2] = (uint8_t)(size >> 7 & 0x7f);
            n = 3;
        }
        if (size > 0x3fff) {
            head[2] |= 0x80;
            head[3] = (uint8_t)(size >> 14);
            n = 4;
        }
        used += n;
        memcpy(deep + 60000 - used, head, n);
        size = used;
    }
    struct str bytes = {(const char *)deep + 60000 - used, used};
    assert_int_equal(wire_scan(&wire_sample_type, bytes), FAULT_LIMIT);
    free(deep);
    /* a singular sub-message over and over, each with a repeated field: quadratic merging */
    repeat(&b, "\x22\2\x2a\0", 4, (1 << 20) / 4);
    assert_int_equal(scan(&b), FAULT_FORMAT);
    /* a mebibyte of empty sub-messages: a hundredfold in memory */
    repeat(&b, "\x2a\0", 2, (1 << 20) / 2);
    assert_int_equal(scan(&b), FAULT_LIMIT);
    buffer_finish(&b);
}

/* --- unpacking --- */

static void test_unpack(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t n = hex_read(STR("08 fbffffffffffffffff01  12 04 4c756369  1a 02 00ff  22 02 0807"
                            "2a 02 0801 2a 02 0802  32 03 01ac02  3a 02 0001  45 04030201"
                            "52 02 0809  59 000000000000f03f  62 01 61 62 01 62  68 01"
                            "72 08 ffffffffffffffff  7a 02 082a  8001 05"),
                        bytes, sizeof bytes);
    struct arena arena;
    arena_init(&arena, WIRE_ARENA_MAX);
    enum fault fault;
    ProtobufCMessage *base =
        wire_unpack(&wire_sample_type, &arena, (struct str){(const char *)bytes, n}, &fault);
    assert_int_equal(fault, FAULT_NONE);
    memset(bytes, 0xee, sizeof bytes); /* nothing points there */
    const struct wire_sample *m = (const struct wire_sample *)(const void *)base;
    assert_true(m->has_count);
    assert_int_equal(m->count, -5);
    assert_string_equal(m->name, "Luci");
    assert_int_equal(m->data.len, 2);
    assert_memory_equal(m->data.data, "\0\xff", 2);
    assert_int_equal(m->child->count, 7);
    assert_int_equal(m->n_children, 2);
    assert_int_equal(m->children[1]->count, 2);
    assert_int_equal(m->n_numbers, 2);
    assert_int_equal(m->numbers[1], 300);
    assert_int_equal(m->n_marks, 2);
    assert_int_equal(m->words[0], 0x01020304);
    assert_int_equal(m->side_case, 10);
    assert_int_equal(m->side.right->count, 9);
    assert_true(m->ratio == 1.0);
    assert_string_equal(m->names[1], "b");
    assert_true(m->flag);
    assert_int_equal(m->longs[0], -1);
    assert_int_equal(m->strict->must, 42);
    assert_int_equal(m->base.n_unknown_fields, 1);
    arena_finish(&arena);
}

static void test_required(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, WIRE_ARENA_MAX);
    enum fault fault;
    assert_null(wire_unpack(&wire_sample_type, &arena, STR("\x7a\0"), &fault));
    assert_int_equal(fault, FAULT_FORMAT);
    arena_finish(&arena);
}

/* Every budget from nothing to enough: refused as lack of memory, or unpacked; nothing between. */
static void test_budget(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t n =
        hex_read(STR("12 04 4c756369 1a 02 00ff 22 02 0807 2a 02 0801 2a 02 0802 32 03 01ac02"
                     "62 01 61 62 01 62 8001 05 7a 02 082a"),
                 bytes, sizeof bytes);
    size_t good = 0;
    for (size_t budget = 0; budget < 4096; budget += 8) {
        struct arena arena;
        enum fault fault;
        arena_init(&arena, budget);
        ProtobufCMessage *m =
            wire_unpack(&wire_sample_type, &arena, (struct str){(const char *)bytes, n}, &fault);
        if (m != NULL)
            good++;
        else
            assert_int_equal(fault, FAULT_MEMORY);
        if (m == NULL) assert_int_equal(good, 0);
        arena_finish(&arena);
    }
    assert_in_range(good, 1, 4096 / 8 - 1);
}

/* What the scan lets pass, protobuf-c unpacks: the scan is not laxer anywhere. */
static void test_agreement(void **state)
{
    (void)state;
    struct random random;
    random_init_number(&random, 11);
    struct arena arena;
    arena_init(&arena, WIRE_ARENA_MAX);
    size_t passed = 0;
    for (int round = 0; round < 200000; round++) {
        uint8_t bytes[64];
        size_t n = hex_read(str_from(rows[random_below(&random, sizeof rows / sizeof *rows)].hex),
                            bytes, 32);
        n += hex_read(str_from(rows[random_below(&random, sizeof rows / sizeof *rows)].hex),
                      bytes + n, 32);
        for (uint64_t edits = random_below(&random, 3); edits > 0 && n > 0; edits--) {
            bytes[random_below(&random, n)] = (uint8_t)random_u64(&random);
        }
        enum fault fault;
        struct str input = {(const char *)bytes, n};
        bool good = wire_scan(&wire_sample_type, input) == FAULT_NONE;
        ProtobufCMessage *m = wire_unpack(&wire_sample_type, &arena, input, &fault);
        if (good && m == NULL && memchr(bytes, 0x7a, n) == NULL) { /* 7a: strict may lack `must` */
            fail_msg("round %d: scanned, but not unpacked", round);
        }
        assert_false(!good && m != NULL);
        passed += m != NULL;
        arena_reset(&arena);
    }
    assert_true(passed > 10000);
    arena_finish(&arena);
}

static void fields_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *claim, *hex;
        uint32_t number;
        uint64_t value;
        size_t length, used; /* 0 used: refused */
    } items[] = {
        {"a varint", "08 05", 1, 5, 0, 2},
        {"a varint of two bytes", "08 ac02", 1, 300, 0, 3},
        {"the largest varint", "08 ffffffffffffffffff01", 1, UINT64_MAX, 0, 11},
        {"a tag of two bytes", "8801 05", 17, 5, 0, 3},
        {"a tag of three bytes", "88c001 05", 3073, 5, 0, 4},
        {"text, and no more than it", "12 02 6162 08", 2, 0, 2, 4},
        {"no text", "12 00", 2, 0, 0, 2},
        {"eight bytes", "59 0102030405060708", 11, 0, 8, 9},
        {"four bytes", "5d 01020304", 11, 0, 4, 5},
        {"the largest field number", "f8ffffff0f 01", WIRE_TAG_MAX, 1, 0, 6},
        {"a tag alone", "08", 0, 0, 0, 0},
        {"a tag cut short", "88", 0, 0, 0, 0},
        {"a varint cut short", "08 ff", 0, 0, 0, 0},
        {"a varint beyond 64 bits", "08 ffffffffffffffffff02", 0, 0, 0, 0},
        {"text beyond the end", "12 03 6162", 0, 0, 0, 0},
        {"four bytes beyond the end", "5d 010203", 0, 0, 0, 0},
        {"a length of more than five bytes", "12 818080808000 61", 0, 0, 0, 0},
        {"a group", "0b 0c", 0, 0, 0, 0},
        {"field number 0", "00 05", 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        uint8_t bytes[32];
        size_t n = hex_read(str_from(items[i].hex), bytes, sizeof bytes), at = 0;
        struct wire_item item;
        enum fault fault = wire_item_next((struct str){(const char *)bytes, n}, &at, &item);
        if ((fault == FAULT_NONE) != (items[i].used > 0)) fail_msg("%s", items[i].claim);
        if (fault) continue;
        bool same = item.number == items[i].number && item.value == items[i].value &&
                    item.bytes.n == items[i].length && at == items[i].used;
        if (!same) fail_msg("%s", items[i].claim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_one_by_one),
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bombs),     cmocka_unit_test(test_unpack),
        cmocka_unit_test(test_required),  cmocka_unit_test(test_budget),
        cmocka_unit_test(test_agreement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
