/* test_sync_trouble.c - what goes wrong between a copy and its server: how it is called, what is
 * tried again, what is left to the person. */
#include "tests/support/sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/core/sync_inside.h"

/* Exit codes, --json and `status` depend on them. */
static void troubles_have_stable_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        [SYNC_TROUBLE_NONE] = "none",           [SYNC_TROUBLE_UNREACHABLE] = "unreachable",
        [SYNC_TROUBLE_CLOSED] = "closed",       [SYNC_TROUBLE_LOST] = "lost",
        [SYNC_TROUBLE_SILENT] = "silent",       [SYNC_TROUBLE_NOT_SLUICE] = "not_sluice",
        [SYNC_TROUBLE_VERSION] = "version",     [SYNC_TROUBLE_SERVER_KEY] = "server_key",
        [SYNC_TROUBLE_REFUSED] = "refused",     [SYNC_TROUBLE_BUSY] = "busy",
        [SYNC_TROUBLE_TAMPERED] = "tampered",   [SYNC_TROUBLE_PROTOCOL] = "protocol",
        [SYNC_TROUBLE_LOCAL] = "local",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(sync_trouble_name((enum sync_trouble)i), names[i]);
    }
    assert_string_equal(sync_trouble_name((enum sync_trouble)99), "unknown");
}

static void every_end_of_a_channel_is_a_trouble(void **state)
{
    (void)state;
    static const enum sync_trouble troubles[CHANNEL_REASON_COUNT] = {
        [CHANNEL_REASON_NONE] = SYNC_TROUBLE_LOST,
        [CHANNEL_REASON_LOCAL] = SYNC_TROUBLE_LOST,
        [CHANNEL_REASON_ENDED] = SYNC_TROUBLE_LOST,
        [CHANNEL_REASON_TRUNCATED] = SYNC_TROUBLE_LOST,
        [CHANNEL_REASON_HANDSHAKE_ENDED] = SYNC_TROUBLE_CLOSED,
        [CHANNEL_REASON_NOT_SLUICE] = SYNC_TROUBLE_NOT_SLUICE,
        [CHANNEL_REASON_VERSION] = SYNC_TROUBLE_VERSION,
        [CHANNEL_REASON_FLAGS] = SYNC_TROUBLE_VERSION,
        [CHANNEL_REASON_KEY_UNKNOWN] = SYNC_TROUBLE_SERVER_KEY,
        [CHANNEL_REASON_HANDSHAKE_FAILED] = SYNC_TROUBLE_SERVER_KEY,
        [CHANNEL_REASON_HANDSHAKE_TIMEOUT] = SYNC_TROUBLE_SILENT,
        [CHANNEL_REASON_TAMPERED] = SYNC_TROUBLE_TAMPERED,
        [CHANNEL_REASON_TOO_LARGE] = SYNC_TROUBLE_PROTOCOL,
        [CHANNEL_REASON_BAD_FRAME] = SYNC_TROUBLE_PROTOCOL,
        [CHANNEL_REASON_MEMORY] = SYNC_TROUBLE_LOCAL,
    };
    for (int reason = 0; reason < CHANNEL_REASON_COUNT; reason++) {
        assert_int_equal(sync_trouble_of((enum channel_reason)reason), troubles[reason]);
        assert_int_not_equal(troubles[reason], SYNC_TROUBLE_NONE);
    }
}

static const struct {
    const char *claim;
    enum session_refusal refusal;
    enum sync_trouble trouble;
    enum sync_state state; /* OFFLINE: will be tried again */
    const char *noted;     /* for `status` */
} refusals[] = {
    {"a busy server is tried again", REFUSAL_BUSY, SYNC_TROUBLE_BUSY, SYNC_OFFLINE, "busy"},
    {"so is one in trouble", REFUSAL_INTERNAL, SYNC_TROUBLE_BUSY, SYNC_OFFLINE, "busy"},
    {"another version is said to be that", REFUSAL_VERSION, SYNC_TROUBLE_VERSION, SYNC_OFFLINE,
     "version"},
    {"an unknown device is the person's to mend", REFUSAL_UNKNOWN_DEVICE, SYNC_TROUBLE_REFUSED,
     SYNC_REFUSED, "unknown_device"},
    {"a revoked one as well", REFUSAL_REVOKED, SYNC_TROUBLE_REFUSED, SYNC_REFUSED, "revoked"},
    {"and a code too late", REFUSAL_INVITATION_EXPIRED, SYNC_TROUBLE_REFUSED, SYNC_REFUSED,
     "invitation_expired"},
};

static void a_refusal_says_what_helps(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        bench_sync(b, true);
        b->connected = false;
        bench_start(b);
        server_says(b, &(struct message){.kind = MESSAGE_REFUSAL,
                                         .refusal = {.code = refusals[i].refusal}});
        struct sync_report report = bench_report(b);
        bool holds = report.trouble == refusals[i].trouble && report.state == refusals[i].state;
        holds = holds && report.refusal == refusals[i].refusal;
        /* It comes back by itself only where that may help. */
        holds = holds && (sync_deadline(b->sync) == UINT64_MAX) == (report.state == SYNC_REFUSED);
        holds = holds && str_equal(identity_of(b).last_failure, str_from(refusals[i].noted));
        if (!holds) fail_msg("%s", refusals[i].claim);
        assert_int_equal(identity_of(b).last_failure_at, b->now.wall_ms);
    }
}

static const struct {
    const char *claim;
    enum bye_reason bye;
    enum sync_trouble trouble; /* NONE: it says hello again at once */
} byes[] = {
    {"it stops", BYE_SHUTDOWN, SYNC_TROUBLE_LOST},
    {"this copy came by another connection", BYE_REPLACED, SYNC_TROUBLE_LOST},
    {"it did not like a message", BYE_FORM, SYNC_TROUBLE_PROTOCOL},
    {"we read too slowly", BYE_SLOW, SYNC_TROUBLE_NONE},
    {"a number is missing", BYE_GAP, SYNC_TROUBLE_NONE},
    {"the session is old", BYE_REHANDSHAKE, SYNC_TROUBLE_NONE},
};

static void a_farewell_is_followed_by_what_it_means(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof byes / sizeof byes[0]; i++) {
        bench_sync(b, true);
        b->connected = false;
        bench_start(b);
        server_welcomes(b, PLAN_DELTA, 0, 1);
        assert_int_equal(bench_report(b).state, SYNC_LIVE);
        size_t hellos = b->hellos;
        server_bye(b, byes[i].bye);
        bool again = byes[i].trouble == SYNC_TROUBLE_NONE;
        if (b->hellos != hellos + again) fail_msg("%s: %zu", byes[i].claim, b->hellos - hellos);
        if (again) continue;
        if (bench_report(b).trouble != byes[i].trouble) fail_msg("%s", byes[i].claim);
        assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
    }
}

/* A server that always wants another hello is left alone in the end. */
static void not_for_ever(void **state)
{
    struct bench *b = *state;
    bench_start(b);
    for (unsigned i = 0; i < 100 && bench_report(b).state != SYNC_OFFLINE; i++) {
        server_bye(b, BYE_REHANDSHAKE);
    }
    assert_int_equal(bench_report(b).state, SYNC_OFFLINE);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_LOST);
    assert_true(b->hellos <= 8);
}

static const struct {
    const char *claim;
    struct message message;
    bool welcomed; /* said after the welcome */
    bool fine;
} sayings[] = {
    {"a ping is answered", {.kind = MESSAGE_PING, .nonce = 5}, true, true},
    {"a pong is taken", {.kind = MESSAGE_PONG, .nonce = 5}, true, true},
    {"a push is a client's", {.kind = MESSAGE_PUSH, .push = {.first_number = 1}}, true, false},
    {"a second welcome", {.kind = MESSAGE_WELCOME, .welcome = {.plan = PLAN_DELTA}}, true, false},
    {"a page before the welcome", {.kind = MESSAGE_PAGE, .page = {.from_seq = 1, .to_seq = 1, .head_seq = 1}}, false, false},
};

static void only_what_a_server_says_is_taken(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof sayings / sizeof sayings[0]; i++) {
        bench_sync(b, true);
        b->connected = false;
        bench_start(b);
        if (sayings[i].welcomed) server_welcomes(b, PLAN_DELTA, 0, 1);
        enum sync_state before = bench_report(b).state;
        server_says(b, &sayings[i].message);
        bool fine = bench_report(b).state == before;
        if (fine != sayings[i].fine) fail_msg("%s", sayings[i].claim);
        if (!fine) assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_PROTOCOL);
    }
}

static void without_an_address_nothing_is_tried(void **state)
{
    struct bench *b = *state;
    struct identity identity = identity_of(b);
    identity.address_count = 0;
    identity_set(b, &identity);
    bench_start(b);
    assert_int_equal(b->connects, 0);
    assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_UNREACHABLE);
}

static const struct {
    const char *claim;
    bool connects; /* and then nothing comes; else not even that */
    enum sync_trouble trouble;
} waits[] = {
    {"no connection within its time", false, SYNC_TROUBLE_UNREACHABLE},
    {"no welcome within its time", true, SYNC_TROUBLE_SILENT},
};

static void nothing_is_waited_for_for_ever(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        bench_sync(b, false);
        sync_start(b->sync, b->now);
        assert_int_equal(sync_next(b->sync).kind, SYNC_EFFECT_CONNECT);
        if (waits[i].connects) sync_connected(b->sync, b->now);
        uint64_t began = b->now.boot_ms;
        b->now.boot_ms = sync_deadline(b->sync) - 1;
        sync_tick(b->sync, b->now);
        assert_int_equal(bench_report(b).trouble, SYNC_TROUBLE_NONE);
        b->now.boot_ms++;
        sync_tick(b->sync, b->now);
        if (bench_report(b).trouble != waits[i].trouble) fail_msg("%s", waits[i].claim);
        assert_true(b->now.boot_ms - began <= 60000);
        while (sync_next(b->sync).kind != SYNC_EFFECT_NONE) {}
    }
}

static void stopping_before_the_connection_is_asked_for(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    sync_start(b->sync, b->now);
    sync_stop(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->connects, 0);
    assert_int_equal(sync_deadline(b->sync), UINT64_MAX);
    sync_stop(b->sync, b->now); /* twice is once */
    bench_drive(b);
    assert_int_equal(b->connects, 0);
}

static void stopping_waits_for_what_is_in_flight_but_not_for_ever(void **state)
{
    struct bench *b = *state;
    bench_sync(b, true);
    bench_start(b);
    server_welcomes(b, PLAN_DELTA, 0, 1);
    bench_edit(b, "source=web");
    sync_poke(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->pushes, 1);
    sync_stop(b->sync, b->now);
    bench_drive(b);
    assert_int_equal(b->byes, 0);
    uint64_t at = sync_deadline(b->sync);
    assert_true(at < b->now.boot_ms + 60000);
    while (bench_report(b).state == SYNC_LIVE && at != UINT64_MAX) {
        b->now.boot_ms = at;
        sync_tick(b->sync, b->now);
        bench_drive(b);
        at = sync_deadline(b->sync);
    }
    assert_int_not_equal(bench_report(b).state, SYNC_LIVE);
    assert_int_equal(bench_pending(b), 1); /* it is not lost */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(troubles_have_stable_names),
        cmocka_unit_test(every_end_of_a_channel_is_a_trouble),
        TEST(a_refusal_says_what_helps),
        TEST(a_farewell_is_followed_by_what_it_means),
        TEST(not_for_ever),
        TEST(only_what_a_server_says_is_taken),
        TEST(without_an_address_nothing_is_tried),
        TEST(nothing_is_waited_for_for_ever),
        TEST(stopping_before_the_connection_is_asked_for),
        TEST(stopping_waits_for_what_is_in_flight_but_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
