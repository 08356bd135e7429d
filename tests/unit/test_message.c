/* test_message.c - claims about the session's messages: they read back, and what is out of order
 * does not get through. */
#include "common/codec/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/arena.h"
#include "common/base/bounds.h"
#include "tests/support/entity_sample.h"

static enum fault round_trip(struct arena *arena, const struct message *message,
                             struct message *back)
{
    struct buffer out;
    buffer_init(&out, FRAME_TO_CLIENT_MAX);
    enum fault fault = codec_message_pack(message, &out);
    assert_int_equal(fault, FAULT_NONE);
    fault = codec_message_unpack(arena, buffer_str(&out), back);
    buffer_finish(&out);
    return fault;
}

static struct message welcome_sample(void)
{
    return (struct message){
        .kind = MESSAGE_WELCOME,
        .welcome = {.team = uuid_sample(1), .member = uuid_sample(2), .device = uuid_sample(3),
                    .role = 4, .next_token = {9, 8, 7}, .last_number = 5, .head_seq = 6,
                    .plan = PLAN_SNAPSHOT, .server_time = -7, .team_name = STR("Team ż"),
                    .member_name = STR("Anna"), .program = STR("sluice 0.1.0"),
                    .delivers_only = true, .went_back = true},
    };
}

static void a_welcome_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct message sent = welcome_sample(), back;
    assert_int_equal(round_trip(&arena, &sent, &back), FAULT_NONE);
    assert_int_equal(back.kind, MESSAGE_WELCOME);
    const struct welcome *a = &sent.welcome, *b = &back.welcome;
    assert_true(uuid_equal(a->team, b->team) && uuid_equal(a->member, b->member));
    assert_true(uuid_equal(a->device, b->device));
    assert_memory_equal(a->next_token, b->next_token, TOKEN_BYTES);
    assert_int_equal(b->role, 4);
    assert_int_equal(b->last_number, 5);
    assert_int_equal(b->head_seq, 6);
    assert_int_equal(b->plan, PLAN_SNAPSHOT);
    assert_int_equal(b->server_time, -7);
    assert_true(str_equal(a->team_name, b->team_name));
    assert_true(str_equal(a->member_name, b->member_name));
    assert_true(str_equal(a->program, b->program));
    assert_true(b->delivers_only && b->went_back);
    arena_finish(&arena);
}

static void small_messages_read_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct message back;
    struct message refusal = {.kind = MESSAGE_REFUSAL,
                              .refusal = {REFUSAL_VERSION, STR("speaks 1"), STR("Ada"), 1234, 56}};
    assert_int_equal(round_trip(&arena, &refusal, &back), FAULT_NONE);
    assert_int_equal(back.refusal.code, REFUSAL_VERSION);
    assert_true(str_equal(back.refusal.detail, STR("speaks 1")));
    assert_true(str_equal(back.refusal.revoked_by, STR("Ada")));
    assert_int_equal(back.refusal.revoked_at, 1234);
    assert_int_equal(back.refusal.last_number, 56);
    struct message ping = {.kind = MESSAGE_PING, .nonce = UINT64_MAX};
    assert_int_equal(round_trip(&arena, &ping, &back), FAULT_NONE);
    assert_int_equal(back.kind, MESSAGE_PING);
    assert_true(back.nonce == UINT64_MAX);
    struct message pong = {.kind = MESSAGE_PONG, .nonce = 3};
    assert_int_equal(round_trip(&arena, &pong, &back), FAULT_NONE);
    assert_int_equal(back.kind, MESSAGE_PONG);
    assert_int_equal(back.nonce, 3);
    struct message check = {.kind = MESSAGE_CHECK, .check = {.from_seq = 7, .rows = true}};
    assert_int_equal(round_trip(&arena, &check, &back), FAULT_NONE);
    assert_int_equal(back.kind, MESSAGE_CHECK);
    assert_int_equal(back.check.from_seq, 7);
    assert_true(back.check.rows);
    struct packed_row row = {.kind = 6, .id = uuid_sample(1), .seq = 9, .n = 2, .body = STR("b")};
    struct message checked = {.kind = MESSAGE_CHECKED,
                              .digest = {3, UINT64_MAX - 1},
                              .page = {.from_seq = 7, .to_seq = 9, .head_seq = 12,
                                       .rows = &row, .count = 1}};
    assert_int_equal(round_trip(&arena, &checked, &back), FAULT_NONE);
    assert_int_equal(back.kind, MESSAGE_CHECKED);
    assert_true(back.digest.count == 3 && back.digest.sum == UINT64_MAX - 1);
    assert_true(back.page.from_seq == 7 && back.page.to_seq == 9 && back.page.head_seq == 12);
    assert_int_equal(back.page.count, 1);
    assert_true(codec_row_hash(&back.page.rows[0]) == codec_row_hash(&row));
    row.seq = 10; /* outside its span */
    assert_int_equal(round_trip(&arena, &checked, &back), FAULT_FORMAT);
    for (int reason = BYE_DONE; reason <= BYE_REPLACED; reason++) {
        struct message bye = {.kind = MESSAGE_BYE, .bye = (enum bye_reason)reason};
        assert_int_equal(round_trip(&arena, &bye, &back), FAULT_NONE);
        assert_int_equal(back.bye, reason);
    }
    arena_finish(&arena);
}

/* Each part of a row counts, and neither what is removed nor an answer does. */
static void a_digest_tells_rows_apart(void **state)
{
    (void)state;
    struct packed_row row = {.kind = 6, .id = uuid_sample(1), .seq = 9, .n = 2, .body = STR("body")};
    struct packed_row others[] = {row, row, row, row, row};
    others[0].kind = 7;
    others[1].id = uuid_sample(2);
    others[2].seq = 8;
    others[3].n = 3;
    others[4].body = STR("bodz");
    struct digest one = {0, 0};
    codec_digest_add(&one, &row, 1);
    assert_int_equal(one.count, 1);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct digest other = {0, 0};
        codec_digest_add(&other, &others[i], 1);
        assert_true(other.sum != one.sum);
    }
    struct packed_row silent[] = {row, row};
    silent[0].removed = true;
    silent[1].kind = ENTITY_OUTCOME;
    codec_digest_add(&one, silent, 2);
    assert_int_equal(one.count, 1);
    /* So that other programs can check theirs: kind 6, n 2, id 1..., seq 9, "body". */
    assert_true(one.sum == codec_row_hash(&row));
}

static void a_hello_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct hello full = {.protocol = PROTOCOL_VERSION, .program = STR("sluice 0.1.0"),
                         .replica = uuid_sample(1), .has_token = true, .token = {1, 2},
                         .next_number = 77, .cursor_seq = 88, .has_mark = true,
                         .cursor_mark = {3, 4}, .has_code = true, .code = {5, 6},
                         .device_name = STR("laptop"), .live = true, .refill = true,
                         .has_fill = true, .fill_seq = 5, .top_seq = 9, .top_mark = {7, 8}};
    struct hello least = {.protocol = 9, .replica = uuid_sample(2), .next_number = 1};
    const struct hello *hellos[] = {&full, &least};
    for (size_t i = 0; i < 2; i++) {
        struct buffer out;
        buffer_init(&out, HANDSHAKE_PAYLOAD_MAX);
        struct hello back;
        assert_int_equal(codec_hello_pack(hellos[i], &out), FAULT_NONE);
        assert_int_equal(codec_hello_unpack(&arena, buffer_str(&out), &back), FAULT_NONE);
        buffer_finish(&out);
        const struct hello *a = hellos[i];
        assert_int_equal(a->protocol, back.protocol);
        assert_true(uuid_equal(a->replica, back.replica));
        assert_int_equal(a->has_token, back.has_token);
        assert_int_equal(a->has_mark, back.has_mark);
        assert_int_equal(a->has_code, back.has_code);
        assert_memory_equal(a->token, back.token, TOKEN_BYTES);
        assert_memory_equal(a->cursor_mark, back.cursor_mark, MARK_BYTES);
        assert_memory_equal(a->code, back.code, CODE_BYTES);
        assert_int_equal(a->next_number, back.next_number);
        assert_int_equal(a->cursor_seq, back.cursor_seq);
        assert_int_equal(a->live, back.live);
        assert_int_equal(a->refill, back.refill);
        assert_int_equal(a->has_fill, back.has_fill);
        assert_true(a->fill_seq == back.fill_seq && a->top_seq == back.top_seq);
        assert_memory_equal(a->top_mark, back.top_mark, MARK_BYTES);
        assert_true(str_equal(a->program, back.program));
        assert_true(str_equal(a->device_name, back.device_name));
    }
    arena_finish(&arena);
}

static void hellos_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *claim;
        struct hello hello;
    } rows[] = {
        {"no protocol", {.replica = uuid_sample(1), .next_number = 1}},
        {"no replica", {.protocol = 1, .next_number = 1}},
        {"numbers begin with one", {.protocol = 1, .replica = uuid_sample(1)}},
        {"numbers fit an int64",
         {.protocol = 1, .replica = uuid_sample(1), .next_number = UINT64_MAX}},
        {"so does the cursor",
         {.protocol = 1, .replica = uuid_sample(1), .next_number = 1, .cursor_seq = UINT64_MAX}},
        {"of nothing nothing goes on",
         {.protocol = 1, .replica = uuid_sample(1), .next_number = 1, .has_fill = true,
          .top_seq = 1}},
        {"what came was not read before it was there",
         {.protocol = 1, .replica = uuid_sample(1), .next_number = 1, .has_fill = true,
          .fill_seq = 9, .top_seq = 8}},
        {"the top fits too",
         {.protocol = 1, .replica = uuid_sample(1), .next_number = 1, .has_fill = true,
          .fill_seq = 9, .top_seq = UINT64_MAX}},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out;
        struct hello back;
        buffer_init(&out, HANDSHAKE_PAYLOAD_MAX);
        assert_int_equal(codec_hello_pack(&rows[i].hello, &out), FAULT_NONE);
        if (codec_hello_unpack(&arena, buffer_str(&out), &back) != FAULT_FORMAT) {
            fail_msg("%s", rows[i].claim);
        }
        buffer_finish(&out);
    }
    struct hello back;
    assert_int_equal(codec_hello_unpack(&arena, STR_NONE, &back), FAULT_FORMAT);
    assert_int_equal(codec_hello_unpack(&arena, STR("garbage"), &back), FAULT_FORMAT);
    arena_finish(&arena);
}

static void a_push_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct str mutations[PUSH_MUTATIONS_MAX + 1];
    for (size_t i = 0; i <= PUSH_MUTATIONS_MAX; i++) {
        mutations[i] = arena_format(&arena, "mutation %zu", i);
    }
    mutations[1] = STR_NONE; /* senseless, but that is content */
    mutations[2] = (struct str){"\0\xff", 2};
    struct message push = {.kind = MESSAGE_PUSH, .push = {7, mutations, PUSH_MUTATIONS_MAX}}, back;
    assert_int_equal(round_trip(&arena, &push, &back), FAULT_NONE);
    assert_int_equal(back.push.first_number, 7);
    assert_int_equal(back.push.count, PUSH_MUTATIONS_MAX);
    for (size_t i = 0; i < PUSH_MUTATIONS_MAX; i++) {
        assert_true(str_equal(back.push.mutations[i], mutations[i]));
    }
    push.push.count++;
    assert_int_equal(round_trip(&arena, &push, &back), FAULT_FORMAT);
    push.push.count = 0;
    assert_int_equal(round_trip(&arena, &push, &back), FAULT_FORMAT);
    push.push.count = 1;
    push.push.first_number = 0;
    assert_int_equal(round_trip(&arena, &push, &back), FAULT_FORMAT);
    push.push.first_number = INT64_MAX;
    assert_int_equal(round_trip(&arena, &push, &back), FAULT_FORMAT);
    arena_finish(&arena);
}

static struct packed_row row_of(uint64_t seq, uint32_t n, bool removed)
{
    return (struct packed_row){.kind = 6, .n = n, .id = uuid_sample((uint32_t)seq), .seq = seq,
                               .removed = removed, .body = removed ? STR_NONE : STR("\x12\x01x")};
}

static void a_page_reads_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, WIRE_ARENA_MAX);
    struct packed_row *rows = arena_array(&arena, PAGE_ROWS_MAX, sizeof *rows);
    for (size_t i = 0; i < PAGE_ROWS_MAX; i++) {
        rows[i] = row_of(11 + i / 2, (uint32_t)(i % 2), i % 5 == 0);
    }
    struct message page = {.kind = MESSAGE_PAGE,
                           .page = {.from_seq = 10, .to_seq = 2000, .head_seq = 3000,
                                    .has_mark = true, .to_mark = {1, 2, 3},
                                    .head_mark = {4, 5}, .rows = rows,
                                    .count = PAGE_ROWS_MAX}};
    struct message back;
    assert_int_equal(round_trip(&arena, &page, &back), FAULT_NONE);
    assert_int_equal(back.page.from_seq, 10);
    assert_int_equal(back.page.to_seq, 2000);
    assert_int_equal(back.page.head_seq, 3000);
    assert_true(back.page.has_mark);
    assert_memory_equal(back.page.to_mark, page.page.to_mark, MARK_BYTES);
    assert_memory_equal(back.page.head_mark, page.page.head_mark, MARK_BYTES);
    assert_int_equal(back.page.count, PAGE_ROWS_MAX);
    for (size_t i = 0; i < PAGE_ROWS_MAX; i++) {
        const struct packed_row *a = &rows[i], *b = &back.page.rows[i];
        assert_true(a->kind == b->kind && a->n == b->n && a->seq == b->seq);
        assert_true(a->removed == b->removed && uuid_equal(a->id, b->id));
        assert_true(str_equal(a->body, b->body));
    }
    arena_finish(&arena);
}

static void pages_out_of_order_are_refused(void **state)
{
    (void)state;
    struct packed_row falling[] = {row_of(12, 0, false), row_of(11, 0, false)};
    struct packed_row early[] = {row_of(10, 0, false)};
    struct packed_row late[] = {row_of(21, 0, false)};
    struct packed_row no_kind[] = {row_of(12, 0, false)};
    struct packed_row no_id[] = {row_of(12, 0, false)};
    struct packed_row no_body[] = {row_of(12, 0, false)};
    struct packed_row good[] = {row_of(12, 0, false), row_of(12, 0, true), row_of(20, 0, false)};
    no_kind[0].kind = 0;
    no_id[0].id = (struct uuid){{0}};
    no_body[0].body = STR_NONE;
    const struct {
        const char *claim;
        uint64_t from, to, head;
        struct packed_row *rows;
        size_t count;
        enum fault want;
    } pages[] = {
        {"in order", 10, 20, 20, good, 3, FAULT_NONE},
        {"empty, only moving the cursor", 10, 20, 20, NULL, 0, FAULT_NONE},
        {"falling", 10, 20, 20, falling, 2, FAULT_FORMAT},
        {"before its beginning", 10, 20, 20, early, 1, FAULT_FORMAT},
        {"behind its end", 10, 20, 30, late, 1, FAULT_FORMAT},
        {"ending before it begins", 20, 10, 30, NULL, 0, FAULT_FORMAT},
        {"ending behind the head", 10, 20, 19, NULL, 0, FAULT_FORMAT},
        {"a head no store can hold", 10, 20, UINT64_MAX, NULL, 0, FAULT_FORMAT},
        {"a row of no kind", 10, 20, 20, no_kind, 1, FAULT_FORMAT},
        {"a row of no id", 10, 20, 20, no_id, 1, FAULT_FORMAT},
        {"a row neither there nor gone", 10, 20, 20, no_body, 1, FAULT_FORMAT},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct message page = {.kind = MESSAGE_PAGE,
                               .page = {.from_seq = pages[i].from, .to_seq = pages[i].to,
                                        .head_seq = pages[i].head, .rows = pages[i].rows,
                                        .count = pages[i].count}};
        struct message back;
        if (round_trip(&arena, &page, &back) != pages[i].want) fail_msg("%s", pages[i].claim);
    }
    arena_finish(&arena);
}

static void bytes_that_are_no_message_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *claim;
        struct str bytes;
    } rows[] = {
        {"nothing", {NULL, 0}},
        {"a message of a newer version", {"\x7a\x00", 2}},
        {"two messages at once", {"\x2a\x00\x32\x00", 4}},
        {"the same one twice", {"\x2a\x00\x2a\x00", 4}},
        {"a bye without a reason", {"\x3a\x00", 2}},
        {"a bye for an unheard reason", {"\x3a\x02\x08\x63", 4}},
        {"a refusal without a code", {"\x12\x00", 2}},
        {"an empty welcome", {"\x0a\x00", 2}},
        {"truncated", {"\x2a\x05\x08", 3}},
    };
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct message back;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (codec_message_unpack(&arena, rows[i].bytes, &back) != FAULT_FORMAT) {
            fail_msg("%s", rows[i].claim);
        }
    }
    /* A refusal stays one even when its code is of a newer server. */
    assert_int_equal(codec_message_unpack(&arena, (struct str){"\x12\x02\x08\x63", 4}, &back), 0);
    assert_int_equal(back.refusal.code, REFUSAL_INTERNAL);
    arena_finish(&arena);
}

static void a_welcome_must_be_whole(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct message back, welcome;
    for (int i = 0; i < 5; i++) {
        welcome = welcome_sample();
        if (i == 0) welcome.welcome.team = (struct uuid){{0}};
        if (i == 1) welcome.welcome.member = (struct uuid){{0}};
        if (i == 2) welcome.welcome.device = (struct uuid){{0}};
        if (i == 3) welcome.welcome.plan = PLAN_NONE;
        if (i == 4) welcome.welcome.head_seq = UINT64_MAX;
        assert_int_equal(round_trip(&arena, &welcome, &back), FAULT_FORMAT);
    }
    struct buffer out;
    buffer_init(&out, 20);
    welcome = welcome_sample();
    assert_int_equal(codec_message_pack(&welcome, &out), FAULT_LIMIT);
    buffer_finish(&out);
    arena_finish(&arena);
}

/* --- what another program may leave out --- */

static uint64_t varint(struct str bytes, size_t *at)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < bytes.n; shift += 7) {
        uint8_t byte = (uint8_t)bytes.p[(*at)++];
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return value;
}

static void varint_put(struct buffer *out, uint64_t value)
{
    for (; value > 127; value >>= 7) buffer_append_byte(out, (uint8_t)(value | 128));
    buffer_append_byte(out, (uint8_t)value);
}

/* The fields of that message but one; only varints and bytes are among ours. */
static void fields_but(struct str bytes, uint64_t left_out, struct buffer *out)
{
    for (size_t at = 0; at < bytes.n;) {
        size_t from = at;
        uint64_t tag = varint(bytes, &at);
        uint64_t n = varint(bytes, &at);
        if (tag % 8 == 2) at += n;
        if (tag / 8 != left_out) buffer_append_str(out, str_slice(bytes, from, at));
    }
}

/* The packed envelope, with the one message in it lacking a field; `row`: its first row lacks it. */
static void envelope_but(struct str packed, uint64_t left_out, bool row, struct buffer *out)
{
    struct buffer inner, rows;
    buffer_init(&inner, FRAME_TO_CLIENT_MAX);
    buffer_init(&rows, FRAME_TO_CLIENT_MAX);
    size_t at = 0;
    uint64_t tag = varint(packed, &at);
    uint64_t n = varint(packed, &at);
    struct str message = str_slice(packed, at, at + n);
    if (!row) {
        fields_but(message, left_out, &inner);
    } else {
        for (at = 0; at < message.n;) {
            size_t from = at;
            uint64_t field = varint(message, &at);
            n = varint(message, &at);
            if (field % 8 == 2) at += n;
            if (field / 8 != 5) {
                buffer_append_str(&inner, str_slice(message, from, at));
                continue;
            }
            fields_but(str_slice(message, at - n, at), left_out, &rows);
            varint_put(&inner, field);
            varint_put(&inner, rows.n);
            buffer_append_str(&inner, buffer_str(&rows));
        }
    }
    varint_put(out, tag);
    varint_put(out, inner.n);
    buffer_append_str(out, buffer_str(&inner));
    buffer_finish(&inner);
    buffer_finish(&rows);
}

static const struct {
    const char *claim;
    enum message_kind kind;
    uint64_t field;
    bool row, fine;
} lacks[] = {
    {"a welcome to no team", MESSAGE_WELCOME, 1, false, false},
    {"a welcome of nobody", MESSAGE_WELCOME, 2, false, false},
    {"without a device", MESSAGE_WELCOME, 11, false, false},
    {"without a token nothing can be signed in with again", MESSAGE_WELCOME, 4, false, false},
    {"without a plan nobody knows what follows", MESSAGE_WELCOME, 6, false, false},
    {"without a clock", MESSAGE_WELCOME, 8, false, false},
    {"no role is none", MESSAGE_WELCOME, 3, false, true},
    {"no number was answered yet", MESSAGE_WELCOME, 5, false, true},
    {"a head of nothing", MESSAGE_WELCOME, 7, false, true},
    {"names are for people", MESSAGE_WELCOME, 9, false, true},
    {"a refusal without a reason", MESSAGE_REFUSAL, 1, false, false},
    {"a refusal without words", MESSAGE_REFUSAL, 2, false, true},
    {"a farewell without a reason", MESSAGE_BYE, 1, false, false},
    {"mutations without a number", MESSAGE_PUSH, 1, false, false},
    {"a push of nothing", MESSAGE_PUSH, 2, false, false},
    {"a ping of no number is of number 0", MESSAGE_PING, 1, false, true},
    {"so is a pong", MESSAGE_PONG, 1, false, true},
    {"a page from nowhere is from the beginning", MESSAGE_PAGE, 1, false, true},
    {"a page to nowhere holds no row", MESSAGE_PAGE, 2, false, false},
    {"a page without a mark ends within a commit", MESSAGE_PAGE, 3, false, true},
    {"a page of nothing", MESSAGE_PAGE, 5, false, true},
    {"a page of no history", MESSAGE_PAGE, 6, false, false},
    {"a row of no kind", MESSAGE_PAGE, 1, true, false},
    {"a row of no thing", MESSAGE_PAGE, 2, true, false},
    {"a row of no time", MESSAGE_PAGE, 3, true, false},
    {"a row not numbered is the first", MESSAGE_PAGE, 4, true, true},
    {"a row that is here has a body", MESSAGE_PAGE, 6, true, false},
};

static struct message lack_sample(enum message_kind kind)
{
    static struct str mutation = STR_INIT("bytes");
    static struct packed_row row;
    row = (struct packed_row){
        .kind = 6, .n = 2, .id = uuid_sample(1), .seq = 2, .body = STR("body")};
    struct message message = welcome_sample();
    message.kind = kind;
    message.refusal = (struct refusal){.code = REFUSAL_BUSY, .detail = STR("later")};
    message.push = (struct push){.first_number = 1, .mutations = &mutation, .count = 1};
    message.page = (struct page){.from_seq = 1, .to_seq = 2, .head_seq = 2, .has_mark = true,
                                 .rows = &row, .count = 1};
    message.nonce = 7;
    message.bye = BYE_DONE;
    return message;
}

static void what_may_be_left_out_and_what_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
        struct arena arena;
        struct buffer packed, lacking;
        struct message back, whole = lack_sample(lacks[i].kind);
        arena_init(&arena, 1 << 20);
        buffer_init(&packed, FRAME_TO_CLIENT_MAX);
        buffer_init(&lacking, FRAME_TO_CLIENT_MAX);
        assert_int_equal(codec_message_pack(&whole, &packed), FAULT_NONE);
        assert_int_equal(codec_message_unpack(&arena, buffer_str(&packed), &back), FAULT_NONE);
        envelope_but(buffer_str(&packed), lacks[i].field, lacks[i].row, &lacking);
        assert_true(lacking.n < packed.n);
        enum fault fault = codec_message_unpack(&arena, buffer_str(&lacking), &back);
        enum fault want = lacks[i].fine ? FAULT_NONE : FAULT_FORMAT;
        if (fault != want) fail_msg("%s: %s", lacks[i].claim, fault_name(fault));
        if (lacks[i].fine) assert_int_equal(back.kind, lacks[i].kind);
        buffer_finish(&packed);
        buffer_finish(&lacking);
        arena_finish(&arena);
    }
}

/* They stand in logs, in --json and in copies. */
static void refusals_have_stable_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        [REFUSAL_NONE] = "none",
        [REFUSAL_UNKNOWN_DEVICE] = "unknown_device",
        [REFUSAL_REVOKED] = "revoked",
        [REFUSAL_INVITATION_UNKNOWN] = "invitation_unknown",
        [REFUSAL_INVITATION_USED] = "invitation_used",
        [REFUSAL_INVITATION_EXPIRED] = "invitation_expired",
        [REFUSAL_VERSION] = "version",
        [REFUSAL_BUSY] = "busy",
        [REFUSAL_INTERNAL] = "internal",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(refusal_name((enum session_refusal)i), names[i]);
    }
    assert_string_equal(refusal_name((enum session_refusal)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_have_stable_names),
        cmocka_unit_test(what_may_be_left_out_and_what_not),
        cmocka_unit_test(a_welcome_reads_back),
        cmocka_unit_test(small_messages_read_back),
        cmocka_unit_test(a_hello_reads_back),
        cmocka_unit_test(hellos_that_make_no_sense_are_refused),
        cmocka_unit_test(a_push_reads_back),
        cmocka_unit_test(a_digest_tells_rows_apart),
        cmocka_unit_test(a_page_reads_back),
        cmocka_unit_test(pages_out_of_order_are_refused),
        cmocka_unit_test(bytes_that_are_no_message_are_refused),
        cmocka_unit_test(a_welcome_must_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
