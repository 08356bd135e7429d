/* keeper.c - forks the worker, watches it and PostgreSQL.
 *
 * Signals are blocked and taken one by one, so nothing happens between two looks. The worker shares
 * the folder's lock: a new server waits until a killed one's worker is gone too. */
#define _GNU_SOURCE
#include "server/edge/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "server/core/crash_note.h"
#include "server/edge/access_restore.h"
#include "server/edge/cluster.h"
#include "server/edge/listener.h"
#include "server/edge/migrate.h"
#include "server/edge/place.h"
#include "server/edge/sandbox.h"

#include "common/base/banned.h"

enum {
    ENDING_MS_MAX = 8 * 1000, /* an ending worker has 5 s, then a moment */
    WORKER_STOP_MS = 10 * 1000,
    LOOK_AGAIN_MS = 20,
    RESTART_PAUSE_MS = 200,
    RESTART_PAUSE_MS_MAX = 10 * 1000,
    CALM_MS = 60 * 1000, /* after which a crash is a first one again */
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static bool holder_lives(int fd)
{
    char text[24] = "";
    if (pread(fd, text, sizeof text - 1, 0) <= 0) return false;
    long pid = strtol(text, NULL, 10);
    if (pid <= 1) return false;
    char path[48], program[8];
    snprintf(path, sizeof path, "/proc/%ld/exe", pid); /* a zombie has none */
    return readlink(path, program, sizeof program) > 0 || errno == EACCES;
}

enum fault keeper_lock(const char *data, int *fd)
{
    char path[CONFIGURATION_PATH_MAX + 16], text[24];
    snprintf(path, sizeof path, "%s/lock", data);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) return FAULT_IO;
    int64_t end = clock_ms() + ENDING_MS_MAX;
    while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        if (holder_lives(*fd) || clock_ms() >= end) {
            close(*fd);
            *fd = -1;
            return FAULT_BUSY;
        }
        pause_ms(LOOK_AGAIN_MS);
    }
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(*fd, 0) == 0 && pwrite(*fd, text, (size_t)n, 0) == n) return FAULT_NONE;
    int error = errno;
    close(*fd);
    *fd = -1;
    errno = error; /* of the write: what the caller tells */
    return FAULT_IO;
}

/* --- running --- */

struct keeper {
    const struct configuration *configuration;
    const char *listen;
    struct cluster cluster;
    bool private;
    pid_t worker;
    int lock, guard;
    int64_t worker_since_ms;
    long pause;
    int64_t database_again_ms; /* when to try to start it; 0: it runs, or is somebody else's */
    long database_pause;
    sigset_t signals;
    struct crash_note *note; /* shared with the worker */
};

static int worker_main(const struct keeper *keeper, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) return 1;
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* what it remembers is the server's key and customers' data */
    signal(SIGHUP, SIG_IGN); /* a closed terminal: the keeper says when to stop */
    sigprocmask(SIG_UNBLOCK, &keeper->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct trouble trouble = {""};
    char conninfo[CONFIGURATION_VALUE_MAX * 2];
    struct key_pair key;
    enum fault fault = conninfo_app(keeper->configuration, conninfo);
    if (fault) {
        trouble_say(&trouble, "the setting `database` is no connection string; correct it");
    } else {
        fault = server_key_read(keeper->configuration->data, &key, &trouble);
    }
    if (!fault && sandbox_enter()) {
        fprintf(stderr, "worker.sandbox_missing why=\"%s\"\n", strerror(errno));
    }
    if (!fault) {
        struct listener_options options = {
            .data = keeper->configuration->data, .listen = keeper->listen,
            .conninfo = conninfo, .key = &key, .note = keeper->note};
        fault = listener_run(&options, &trouble);
        key_pair_finish(&key);
    }
    if (fault) trouble_print(&trouble, fault);
    return fault ? trouble_exit(fault) : 0;
}

static bool worker_start(struct keeper *keeper)
{
    pid_t parent = getpid();
    fflush(NULL);
    keeper->worker = fork();
    if (keeper->worker == 0) exit(worker_main(keeper, parent));
    keeper->worker_since_ms = clock_ms();
    return keeper->worker > 0;
}

static void worker_stop(struct keeper *keeper)
{
    if (keeper->worker <= 0) return;
    kill(keeper->worker, SIGTERM);
    int64_t end = clock_ms() + WORKER_STOP_MS;
    while (waitpid(keeper->worker, NULL, WNOHANG) == 0) {
        if (clock_ms() >= end) kill(keeper->worker, SIGKILL);
        pause_ms(LOOK_AGAIN_MS);
    }
    keeper->worker = 0;
}

static long pause_longer(long pause)
{
    long longer = pause ? pause * 2 : RESTART_PAUSE_MS;
    return longer > RESTART_PAUSE_MS_MAX ? RESTART_PAUSE_MS_MAX : longer;
}

/* Who kills it from outside proves nothing against what it was at. */
static void suspect_note(const struct keeper *keeper, int number)
{
    if (!keeper->note || number == SIGKILL || number == SIGTERM || number == SIGINT) return;
    uint32_t crashes = crash_note_blame(keeper->note);
    if (crashes == 0) return;
    char hash[2 * NOTE_HASH_BYTES + 1];
    sodium_bin2hex(hash, sizeof hash, keeper->note->hash, NOTE_HASH_BYTES);
    fprintf(stderr, "keeper.suspect crashes=%u set_aside=%s payload_hash=%s\n", (unsigned)crashes,
            crashes >= CRASHES_MAX ? "yes" : "no", hash);
}

/* The pause before another try; true when told to stop meanwhile. */
static bool stop_within(const struct keeper *keeper, long ms)
{
    sigset_t stop = keeper->signals;
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    sigdelset(&stop, SIGCHLD);
    return sigtimedwait(&stop, NULL, &limit) > 0;
}

/* A worker that was killed is started again; one that says why it cannot run is not. Negative: go
 * on; else the program's exit code. */
static int worker_ended(struct keeper *keeper, int status)
{
    keeper->worker = 0;
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    bool calm = clock_ms() - keeper->worker_since_ms > CALM_MS;
    keeper->pause = calm ? 0 : keeper->pause;
    fprintf(stderr, "keeper.worker_ended signal=%d restart_ms=%ld\n", WTERMSIG(status),
            keeper->pause);
    suspect_note(keeper, WTERMSIG(status));
    if (stop_within(keeper, keeper->pause)) return 0;
    keeper->pause = pause_longer(keeper->pause);
    return worker_start(keeper) ? -1 : 1;
}

/* A database that cannot run now (its disk is full) is tried again for as long as it takes: the
 * worker holds on to its sessions, and clients keep their work. */
static void database_again(struct keeper *keeper)
{
    struct trouble trouble;
    if (keeper->database_again_ms == 0 || clock_ms() < keeper->database_again_ms) return;
    keeper->database_again_ms = 0;
    enum fault fault = cluster_start(&keeper->cluster, &trouble);
    if (!fault) {
        fprintf(stderr, "keeper.database_started\n");
        keeper->database_pause = 0;
        return;
    }
    keeper->database_pause = pause_longer(keeper->database_pause);
    keeper->database_again_ms = clock_ms() + keeper->database_pause;
    if (fault == FAULT_CLOSED) return;
    trouble_print(&trouble, fault);
    fprintf(stderr, "keeper.database_waits fault=%s again_ms=%ld\n", fault_name(fault),
            keeper->database_pause);
}

static int children_look(struct keeper *keeper)
{
    int status, code = -1;
    for (pid_t pid; code < 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == keeper->worker) {
            code = worker_ended(keeper, status);
        } else if (pid == keeper->cluster.postmaster) {
            keeper->cluster.postmaster = 0;
            fprintf(stderr, "keeper.database_ended\n");
            keeper->database_again_ms = clock_ms();
        }
    }
    return code;
}

static int keeper_watch(struct keeper *keeper)
{
    for (int code;;) {
        code = children_look(keeper);
        if (code >= 0) return code;
        database_again(keeper);
        if (keeper->private) cluster_log_turn(&keeper->cluster);
        int number = sigtimedwait(&keeper->signals, NULL, &(struct timespec){.tv_sec = 1});
        if (number == SIGTERM || number == SIGINT || number == SIGHUP) return 0;
    }
}

/* What nohup made ignored stays so; a terminal that closes stops the server in order. */
static void signals_take(struct keeper *keeper)
{
    struct sigaction hangup;
    sigemptyset(&keeper->signals);
    sigaddset(&keeper->signals, SIGTERM);
    sigaddset(&keeper->signals, SIGINT);
    sigaddset(&keeper->signals, SIGCHLD);
    bool ignored = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
    if (!ignored) sigaddset(&keeper->signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &keeper->signals, NULL);
}

static enum fault database_begin(struct keeper *keeper, struct trouble *trouble)
{
    const struct configuration *configuration = keeper->configuration;
    enum fault fault = FAULT_NONE;
    if (keeper->private) {
        fault = cluster_init(&keeper->cluster, configuration->data, trouble);
        if (!fault) fault = place_guard(configuration->data, &keeper->guard, trouble);
        if (!fault) fault = cluster_start(&keeper->cluster, trouble);
        if (fault) return fault;
    }
    char owner[CONFIGURATION_VALUE_MAX * 2];
    struct migrate_report report = {0};
    fault = conninfo_owner(configuration, owner);
    if (!fault) fault = migrate_run(owner, &report);
    if (fault) {
        trouble_say(trouble, "cannot prepare the database: %s", report.trouble);
        return fault;
    }
    return access_restore(configuration, trouble);
}

int keeper_run(const struct configuration *configuration, const char *listen)
{
    struct keeper keeper = {.configuration = configuration,
                            .listen = listen,
                            .private = configuration->database[0] == 0 &&
                                       strcmp(configuration->cluster, configuration->data) == 0,
                            .guard = -1};
    struct trouble trouble = {""};
    enum fault fault = keeper_lock(configuration->data, &keeper.lock);
    if (fault) {
        trouble_say(&trouble,
                    fault == FAULT_BUSY ? "%s is in use by a running server; stop that first"
                                        : "cannot write in %s; look at its rights and room",
                    configuration->data);
        trouble_print(&trouble, fault);
        return 1;
    }
    signals_take(&keeper);
    void *shared = mmap(NULL, sizeof *keeper.note, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED) keeper.note = shared; /* else nothing is ever set aside */
    int code = 1;
    fault = database_begin(&keeper, &trouble);
    if (fault) {
        trouble_print(&trouble, fault);
        code = fault == FAULT_CLOSED ? 0 : trouble_exit(fault);
    } else if (worker_start(&keeper)) {
        code = keeper_watch(&keeper);
    }
    worker_stop(&keeper);
    cluster_stop(&keeper.cluster);
    if (keeper.guard >= 0) close(keeper.guard);
    close(keeper.lock);
    return code;
}
