/* test_live.c - running servers, real sockets, one database: what one person commits the others
 * see, at once from the same server and from another one. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/live_server.h"
#include "tests/support/socket_peer.h"

enum {
    EDITS = 200,
    WAIT_MS = 10 * 1000,
    POLL_MS = 2000, /* how often a server asks by itself what others committed */
};

static struct live_server live;
static struct live_process second;
static struct socket_peer ada, bob;

static double clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int double_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static bool world_begin(void)
{
    char line[LIVE_LINE_MAX];
    return live_server_init(&live) && live_server_run(&live, &live.first) &&
           live_server_command(&live, "invite Bob --role rep", line) &&
           live_server_copy(&live, "two", &second) && live_server_run(&live, &second) &&
           socket_peer_make(&ada, 1, live.owner) && socket_peer_make(&bob, 2, line) &&
           socket_peer_welcomed(&ada, live.first.port) &&
           socket_peer_welcomed(&bob, live.first.port);
}

static int group_begin(void **state)
{
    (void)state;
    if (world_begin()) return 0;
    live_server_logs(&live);
    return -1;
}

static int group_end(void **state)
{
    (void)state;
    socket_peer_finish(&ada);
    socket_peer_finish(&bob);
    (void)live_server_end(&second);
    live_server_finish(&live);
    return 0;
}

struct latency {
    double commit[EDITS], seen[EDITS]; /* ms after the push */
};

/* One at a time: pushed by Ada; answered to her; seen by Bob. How long a commit takes depends on the
 * machine and the build, so what a colleague waits is judged beside it, edit by edit; the absolute
 * figures are scripts/bench's. */
static void latency_measure(struct latency *out)
{
    for (size_t i = 0; i < EDITS; i++) {
        struct outcome outcome;
        struct uuid id = uuid_v7(1000 + i, &ada.random);
        struct str payload = socket_peer_deal(&ada, id, "Roof");
        double begin = clock_ms();
        assert_true(socket_peer_push(&ada, ada.hello.next_number, payload));
        assert_true(socket_peer_await_answer(&ada, ada.hello.next_number, WAIT_MS, &outcome));
        out->commit[i] = clock_ms() - begin;
        assert_int_equal(outcome.kind, OUTCOME_APPLIED);
        assert_true(socket_peer_await_row(&bob, ENTITY_DEAL, id, WAIT_MS));
        out->seen[i] = clock_ms() - begin;
    }
    qsort(out->commit, EDITS, sizeof *out->commit, double_compare);
    qsort(out->seen, EDITS, sizeof *out->seen, double_compare);
}

/* A commit is two round trips to the database; another server needs three more (NOTIFY, head, page). */
static void latency_judge(const char *how, double times_max)
{
    struct latency latency;
    latency_measure(&latency);
    double commit = latency.commit[EDITS / 2], seen = latency.seen[EDITS / 2];
    double late = latency.seen[EDITS - 1];
    print_message("%s: commit p50 %.2f ms, seen p50 %.2f ms, the last %.2f ms\n", how, commit, seen,
                  late);
    if (seen > times_max * commit) fail_msg("seen p50 %.2f ms, commit %.2f ms", seen, commit);
    /* Polled, half of them would come later than that. */
    if (late > POLL_MS / 2) fail_msg("one was seen after %.2f ms: polled, not pushed", late);
}

static void a_colleague_sees_a_commit_within_milliseconds(void **state)
{
    (void)state;
    latency_judge("same server", 2);
}

static void also_from_another_server(void **state)
{
    (void)state;
    assert_true(socket_peer_welcomed(&bob, second.port));
    latency_judge("other server", 4);
}

/* Both write to one team at the same moments: the database says who comes first, nothing is lost
 * and nothing is written twice. */
static void two_servers_write_to_one_team(void **state)
{
    (void)state;
    enum { ROUNDS = 100 };
    for (size_t i = 0; i < ROUNDS; i++) {
        struct outcome outcome;
        struct uuid of_ada = uuid_v7(5000 + i, &ada.random), of_bob = uuid_v7(1, &bob.random);
        uint64_t number_ada = ada.hello.next_number, number_bob = bob.hello.next_number;
        assert_true(socket_peer_push(&ada, number_ada, socket_peer_deal(&ada, of_ada, "Ada's")));
        assert_true(socket_peer_push(&bob, number_bob, socket_peer_deal(&bob, of_bob, "Bob's")));
        assert_true(socket_peer_await_answer(&ada, number_ada, WAIT_MS, &outcome));
        assert_int_equal(outcome.kind, OUTCOME_APPLIED);
        assert_true(socket_peer_await_answer(&bob, number_bob, WAIT_MS, &outcome));
        assert_int_equal(outcome.kind, OUTCOME_APPLIED);
    }
}

static pid_t worker_of(const struct live_process *process)
{
    char command[128], line[32] = "";
    snprintf(command, sizeof command, "pgrep -P %d -x sluiced", (int)process->pid);
    FILE *out = popen(command, "re");
    if (out && fgets(line, sizeof line, out)) {}
    if (out) pclose(out);
    return (pid_t)strtol(line, NULL, 10);
}

/* A stopped process holds no lock between two messages: whatever it was at, others go on. */
static void a_stopped_server_blocks_nobody(void **state)
{
    (void)state;
    pid_t worker = worker_of(&second);
    assert_true(worker > 0);
    for (size_t i = 0; i < 5; i++) {
        struct outcome outcome;
        uint64_t number_bob = bob.hello.next_number, number_ada = ada.hello.next_number;
        struct uuid of_bob = uuid_v7(1, &bob.random), of_ada = uuid_v7(1, &ada.random);
        /* in the middle of its work, as far as luck goes */
        assert_true(socket_peer_push(&bob, number_bob, socket_peer_deal(&bob, of_bob, "Bob's")));
        assert_int_equal(kill(worker, SIGSTOP), 0);
        double begin = clock_ms();
        assert_true(socket_peer_push(&ada, number_ada, socket_peer_deal(&ada, of_ada, "Ada's")));
        assert_true(socket_peer_await_answer(&ada, number_ada, WAIT_MS, &outcome));
        double took = clock_ms() - begin;
        if (took > 1000) fail_msg("the other one waited %.0f ms", took);
        assert_int_equal(kill(worker, SIGCONT), 0);
        assert_true(socket_peer_await_answer(&bob, number_bob, WAIT_MS, &outcome));
        assert_int_equal(outcome.kind, OUTCOME_APPLIED);
    }
}

/* The other server hears of it in time, and what the device still holds is kept for managers. */
static void a_revoked_device_is_cut_within_a_second(void **state)
{
    (void)state;
    enum session_refusal refusal;
    enum bye_reason bye;
    struct outcome outcome;
    uint64_t number = ada.hello.next_number;
    double begin = clock_ms();
    assert_true(socket_peer_push(&ada, number,
                                 socket_peer_edit(&ada, ENTITY_DEVICE, bob.welcome.device,
                                                  "revoked", value_absent(VALUE_FLAG),
                                                  value_number(VALUE_FLAG, 1))));
    assert_true(socket_peer_await_end(&bob, 1000, &refusal, &bye));
    print_message("cut after %.1f ms\n", clock_ms() - begin);
    assert_int_equal(bye, BYE_REHANDSHAKE);
    assert_true(socket_peer_await_answer(&ada, number, WAIT_MS, &outcome));
    assert_int_equal(outcome.kind, OUTCOME_APPLIED);
    uint64_t held = bob.hello.next_number;
    bob.hello.next_number = held + 1;
    assert_true(socket_peer_welcomed(&bob, second.port));
    struct uuid deal = uuid_v7(1, &bob.random);
    assert_true(socket_peer_push(&bob, held, socket_peer_deal(&bob, deal, "Bob's last")));
    bool answered = socket_peer_await_answer(&bob, held, WAIT_MS, &outcome);
    if (!answered) live_server_logs(&live);
    assert_true(answered);
    assert_int_equal(outcome.kind, OUTCOME_PARKED);
    assert_true(socket_peer_await_end(&bob, WAIT_MS, &refusal, &bye));
    assert_int_equal(refusal, REFUSAL_REVOKED);
    assert_false(socket_peer_welcomed(&bob, live.first.port));
    assert_true(socket_peer_await_row(&ada, ENTITY_INBOX, inbox_creation_id(deal), WAIT_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_colleague_sees_a_commit_within_milliseconds),
        cmocka_unit_test(also_from_another_server),
        cmocka_unit_test(two_servers_write_to_one_team),
        cmocka_unit_test(a_stopped_server_blocks_nobody),
        cmocka_unit_test(a_revoked_device_is_cut_within_a_second),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
