/* link_expect.c - see link_expect.h. */
#include "tests/support/link_expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <sodium.h>

#include <cmocka.h>

struct str text_of(const void *p, size_t n)
{
    return (struct str){p, n};
}

struct channel_event expect(struct channel *c, enum channel_event_kind kind)
{
    struct channel_event event;
    assert_true(channel_next(c, &event));
    if (event.kind == CHANNEL_CLOSED && kind != CHANNEL_CLOSED) {
        fail_msg("closed: %s", channel_reason_name(event.reason));
    }
    assert_int_equal(event.kind, kind);
    return event;
}

void expect_nothing(struct channel *c)
{
    struct channel_event event;
    assert_false(channel_next(c, &event));
}

static bool is_zero(const void *p, size_t n)
{
    return sodium_is_zero(p, n) == 1;
}

void expect_closed(struct channel *c, enum channel_reason reason)
{
    struct channel_event event = expect(c, CHANNEL_CLOSED);
    if (event.reason != reason) {
        fail_msg("closed for %s instead of %s", channel_reason_name(event.reason),
                 channel_reason_name(reason));
    }
    expect_nothing(c);
    channel_feed(c, STR("more"));
    channel_end(c);
    channel_tick(c, (struct now){.boot_ms = UINT64_MAX});
    channel_close(c);
    expect_nothing(c);
    assert_int_equal(channel_send(c, STR("x")), FAULT_CLOSED);
    assert_false(channel_is_open(c));
    assert_int_equal(channel_deadline_ms(c), UINT64_MAX);
    assert_true(is_zero(&c->sending, sizeof c->sending));
    assert_true(is_zero(&c->receiving, sizeof c->receiving));
    assert_true(is_zero(&c->ephemeral, sizeof c->ephemeral));
    c->handshake.step = 0;
    assert_true(is_zero(&c->handshake, sizeof c->handshake));
}

struct buffer taken(struct channel *from)
{
    struct buffer b;
    buffer_init(&b, OUTPUT_HARD);
    buffer_append_str(&b, channel_output(from));
    channel_sent(from, b.n);
    return b;
}
