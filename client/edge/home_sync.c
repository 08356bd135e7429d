/* home_sync.c - exchanging with the server: in this process, or in a sender left behind.
 *
 *   a command wrote something -> home_deliver_later -> somebody has the turn: poke it
 *                                                   -> nobody: fork, re-exec `program deliver`
 * Invariant: what was queued before the turn was given back is sent, or a failure is noted: after
 * giving it back the outbox is looked at once more, for a poke that came too late. */
#define _GNU_SOURCE
#include "client/edge/home.h"

#include "client/edge/home_inside.h"
#include "client/edge/keys.h"
#include "client/edge/loop.h"
#include "client/edge/replica_file.h"
#include "client/edge/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/bounds.h"
#include "common/base/version.h"

#include "common/base/banned.h"

extern char **environ;

enum {
    SYNC_MS = 30 * 1000,
    IDENTITY_BYTES = 128 * 1024,
    TIDY_PAUSE_NS = 20 * 1000 * 1000,
    TIDY_PARTS_MAX = 1000 /* ten million rows; what is left then, later */
};

long home_holder(const struct home *home)
{
    return turn_holder(home->path);
}

/* --- in this process --- */

/* A revoked device has nothing any more but what the server did not take. */
static void exchange_obey(struct home *home, struct sync_report *report)
{
    if (report->state != SYNC_REFUSED || report->refusal != REFUSAL_REVOKED) return;
    enum fault fault = home_erase_revoked(home, report);
    (void)fault; /* a disk that does not let us: the next exchange is refused again */
}

/* Another process was told, and erased the copy that we have open. */
static bool exchange_is_over(struct home *home, struct sync_report *report)
{
    if (!home_is_gone(home->path)) return false;
    *report = (struct sync_report){.state = SYNC_REFUSED,
                                   .trouble = SYNC_TROUBLE_REFUSED,
                                   .refusal = REFUSAL_REVOKED};
    return true;
}

/* What was shown before goes in parts. What hinders it (another process that writes, a full disk) does
 * not hinder the exchange: the next one goes on. */
static bool home_leisure(void *of)
{
    struct home *home = of;
    bool more = false;
    enum fault fault = replica_file_drop_former(home->replica, &more);
    return more && (fault == FAULT_NONE || fault == FAULT_BUSY);
}

/* Nobody exchanges any more, yet others may be writing. */
static void home_tidy(struct home *home)
{
    const struct timespec pause = {.tv_nsec = TIDY_PAUSE_NS};
    for (int i = 0; i < TIDY_PARTS_MAX && home_leisure(home); i++) nanosleep(&pause, NULL);
}

/* The turn is held. */
static enum fault home_exchange(struct home *home, const struct home_sync_options *options,
                                struct sync_report *report)
{
    char poke[HOME_PATH_MAX];
    if (exchange_is_over(home, report)) return FAULT_NONE;
    enum fault fault = turn_poke_path(home->path, poke);
    if (fault != FAULT_NONE) return fault;
    struct sync_options sync_options = {
        .replica = home->replica,
        .device_secret = home->device.secret,
        .program = STR("sluice " SLUICE_VERSION),
        .live = options->live,
        .check = options->check,
    };
    memcpy(sync_options.device_public, home->device.public.b, sizeof sync_options.device_public);
    system_random(sync_options.seed, sizeof sync_options.seed);
    struct sync *sync = sync_create(&sync_options);
    secret32_finish(&sync_options.device_secret);
    sodium_memzero(sync_options.seed, sizeof sync_options.seed);
    if (sync == NULL) return FAULT_MEMORY;
    struct loop_options loop_options = {
        .sync = sync,
        .poke = poke,
        .live = options->live,
        .timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : SYNC_MS,
        .limit_ms = options->limit_ms,
        .changed = options->changed,
        .context = options->context,
        .look = options->look,
        .leisure = home_leisure,
        .leisure_of = home,
    };
    fault = loop_run(&loop_options, report);
    sync_destroy(sync);
    if (fault == FAULT_NONE && report->state == SYNC_DONE) home_tidy(home);
    if (fault == FAULT_NONE) exchange_obey(home, report);
    return fault;
}

static bool report_is_good(const struct sync_report *report)
{
    return report->state == SYNC_DONE && report->trouble == SYNC_TROUBLE_NONE;
}

/* Something was queued after the exchange was over. */
static bool home_has_more(struct home *home, const struct sync_report *report)
{
    size_t pending = 0;
    return report_is_good(report) &&
           home->replica->f->outbox_count(home->replica, &pending) == FAULT_NONE && pending > 0;
}

enum fault home_sync(struct home *home, const struct home_sync_options *options,
                     struct sync_report *report)
{
    enum { ROUNDS_MAX = 5 };
    enum fault fault = FAULT_NONE;
    *report = (struct sync_report){0};
    for (int round = 0; round < ROUNDS_MAX; round++) {
        struct turn turn;
        enum fault taken = turn_take(home->path, &turn);
        if (taken == FAULT_BUSY) turn_poke(home->path);
        /* In a later round whoever took it meanwhile sends what is left. */
        if (taken != FAULT_NONE) return round == 0 ? taken : FAULT_NONE;
        fault = home_exchange(home, options, report);
        /* After rows were put beside their order, what was computed of damaged ones may not fit. */
        if (fault == FAULT_NONE && report->rows_repaired > 0) {
            bool differed = false;
            fault = replica_file_recompute(home->replica, home_now(), &differed);
        }
        turn_release(&turn);
        if (fault != FAULT_NONE || options->live || !home_has_more(home, report)) break;
    }
    return fault;
}

enum fault home_wait(struct home *home, const struct home_look *look, uint32_t ms, bool *stopped)
{
    char poke[HOME_PATH_MAX];
    *stopped = false;
    enum fault fault = turn_poke_path(home->path, poke);
    return fault ? fault : loop_wait(poke, look, ms, stopped);
}

/* One exchange in this process's turn; somebody else's turn serves as well, once poked. */
static enum fault deliver_once(struct home *home, struct sync_report *report)
{
    const struct home_sync_options options = {.live = false};
    struct turn turn;
    enum fault fault = turn_take(home->path, &turn);
    if (fault == FAULT_BUSY) turn_poke(home->path);
    if (fault != FAULT_NONE) return fault;
    fault = home_exchange(home, &options, report);
    turn_release(&turn);
    return fault;
}

enum fault home_deliver(struct home *home)
{
    struct sync_report report = {0};
    struct turn sender;
    char poke[HOME_PATH_MAX];
    enum fault fault = turn_poke_path(home->path, poke);
    if (fault == FAULT_NONE) fault = turn_take_sender(home->path, &sender);
    if (fault == FAULT_BUSY) {
        turn_poke(home->path);
        return FAULT_NONE;
    }
    if (fault != FAULT_NONE) return fault;
    bool again = true;
    while (again) {
        fault = deliver_once(home, &report);
        if (fault != FAULT_NONE || !report_is_good(&report)) break;
        again = home_has_more(home, &report);
        if (!again) fault = loop_linger(poke, SENDER_LINGER_MS, &again);
        again = fault == FAULT_NONE && (again || home_has_more(home, &report));
    }
    turn_release(&sender);
    return fault == FAULT_BUSY ? FAULT_NONE : fault;
}

/* --- a sender left behind --- */

static bool home_failed_lately(struct home *home)
{
    struct arena arena;
    struct identity identity;
    int64_t now = home_now().wall_ms;
    arena_init(&arena, IDENTITY_BYTES);
    bool failed = home->replica->f->identity_load(home->replica, &arena, &identity) != FAULT_NONE;
    if (!failed && identity.last_failure_at != 0 && identity.last_failure.n > 0) {
        /* A clock that was set back must not keep senders away for ever. */
        failed = now >= identity.last_failure_at &&
                 now - identity.last_failure_at < SENDER_PAUSE_MS;
    }
    failed = failed || identity.address_count == 0;
    arena_finish(&arena);
    return failed;
}

/* Our environment with SLUICE_HOME replaced; the caller frees the array and its first entry. */
static char **sender_environment(const char *home)
{
    static const char name[] = "SLUICE_HOME=";
    size_t count = 0, kept = 1;
    while (environ[count] != NULL) count++;
    char **out = calloc(count + 2, sizeof *out);
    if (out == NULL) return NULL;
    size_t size = sizeof name + strlen(home);
    out[0] = malloc(size);
    if (out[0] == NULL) {
        free(out);
        return NULL;
    }
    snprintf(out[0], size, "%s%s", name, home);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], name, sizeof name - 1) != 0) out[kept++] = environ[i];
    }
    return out;
}

/* In the child: only what is safe between fork and exec. */
static _Noreturn void sender_become(const char *program, char *const *arguments,
                                    char *const *environment)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) _exit(127);
    if (close_range(3, ~0U, 0) != 0 || setsid() < 0 || chdir("/") != 0) _exit(127);
    pid_t pid = fork(); /* so that nobody has to wait for it */
    if (pid != 0) _exit(pid < 0 ? 127 : 0);
    execve(program, arguments, environment);
    _exit(127);
}

static void sender_start(const char *path, const char *program)
{
    char self[] = "/proc/self/exe", verb[] = "deliver", name[] = "sluice";
    char *const arguments[] = {name, verb, NULL};
    char *home = realpath(path, NULL);
    /* A bare name was found on PATH: the file that runs is meant. */
    char *file = program != NULL && strchr(program, '/') ? realpath(program, NULL) : NULL;
    char **environment = home ? sender_environment(home) : NULL;
    if (environment != NULL) {
        pid_t pid = fork();
        if (pid == 0) sender_become(file ? file : self, arguments, environment);
        if (pid > 0) (void)waitpid(pid, NULL, 0);
        free(environment[0]);
    }
    free(environment);
    free(file);
    free(home);
}

void home_deliver_later(struct home *home, const char *path, const char *program)
{
    struct turn turn;
    enum fault fault = turn_take(home->path, &turn);
    if (fault == FAULT_BUSY) {
        turn_poke(home->path);
        return;
    }
    if (fault != FAULT_NONE) return; /* the next command tries again */
    turn_release(&turn);
    fault = turn_take_sender(home->path, &turn);
    if (fault == FAULT_BUSY) turn_poke(home->path); /* it lingers for just this */
    if (fault != FAULT_NONE) return;
    turn_release(&turn);
    if (!home_failed_lately(home)) sender_start(path, program);
}
