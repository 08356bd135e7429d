/* private_cluster.c - makes, starts, crashes and removes a PostgreSQL for tests.
 *
 * Needs no libpq: readiness is read from postmaster.pid, the file pg_ctl reads too. Every process is
 * a direct child and is ended by its id. */
#define _GNU_SOURCE

#include "tests/support/private_cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    READY_MS_MAX = 60 * 1000, /* a start takes 0.1 s; a loaded machine much longer */
    STOP_MS_MAX = 20 * 1000,  /* then SIGQUIT, then SIGKILL */
    LOOK_AGAIN_MS = 10,       /* how often a condition is looked at */
    CHILDREN_MAX = 64,        /* of one postmaster with max_connections below */
    ARGUMENTS_MAX = 32,
};

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void look_again_later(void)
{
    nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_MS * 1000000L}, NULL);
}

static bool trouble(const char *what, const char *about)
{
    fprintf(stderr, "private_cluster: %s %s: %s\n", what, about, strerror(errno));
    return false;
}

/* Always fits: the folder's own type keeps it short. */
static const char *path_in(const struct private_cluster *cluster, const char *name,
                           char path[PRIVATE_CLUSTER_ADDRESS_MAX])
{
    snprintf(path, PRIVATE_CLUSTER_ADDRESS_MAX, "%s/%s", cluster->folder, name);
    return path;
}

/* SLUICE_POSTGRES_BINDIR, or the newest installed version. */
static bool programs_find(struct private_cluster *cluster)
{
    const char *chosen = getenv("SLUICE_POSTGRES_BINDIR");
    if (chosen && *chosen) {
        int n = snprintf(cluster->programs, sizeof cluster->programs, "%s", chosen);
        return n > 0 && (size_t)n < sizeof cluster->programs;
    }
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0) {
        errno = ENOENT;
        return trouble("no programs in", "/usr/lib/postgresql");
    }
    long newest = -1;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (version <= newest) continue;
        newest = version;
        snprintf(cluster->programs, sizeof cluster->programs, "%s", found.gl_pathv[i]);
    }
    globfree(&found);
    return newest >= 0;
}

/* --- processes --- */

/* In the child: becomes a user PostgreSQL accepts, bound to the parent's life. */
static void child_prepare(const struct private_cluster *cluster, const struct passwd *user,
                          pid_t parent)
{
    char path[PRIVATE_CLUSTER_ADDRESS_MAX];
    int log = open(path_in(cluster, "log", path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log < 0 || nothing < 0) _exit(125);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    setsid(); /* ^C at the test must not reach it */
    if (user && (initgroups(user->pw_name, user->pw_gid) != 0 ||
                 setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
                 setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)) {
        _exit(125);
    }
    /* After the change of user, which would clear it. SIGINT: a fast, clean stop. */
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent) _exit(125);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    umask(077);
    if (chdir(cluster->folder) != 0) _exit(125);
}

/* Starts PROGRAM of PostgreSQL. Returns its id, or -1. */
static pid_t program_start(const struct private_cluster *cluster, const char *program,
                           const char *const *arguments)
{
    const struct passwd *user = NULL;
    if (geteuid() == 0 && !(user = getpwnam("postgres"))) {
        trouble("no user", "postgres");
        return -1;
    }
    char path[PRIVATE_CLUSTER_ADDRESS_MAX];
    snprintf(path, sizeof path, "%s/%s", cluster->programs, program);
    char *argv[ARGUMENTS_MAX] = {path};
    for (size_t i = 0; arguments[i] && i + 2 < ARGUMENTS_MAX; i++) {
        argv[i + 1] = strdup(arguments[i]);
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        child_prepare(cluster, user, parent);
        execv(path, argv);
        _exit(126);
    }
    for (size_t i = 1; i < ARGUMENTS_MAX; i++) free(argv[i]);
    if (pid < 0) trouble("cannot start", path);
    return pid;
}

static void log_show(const struct private_cluster *cluster)
{
    char path[PRIVATE_CLUSTER_ADDRESS_MAX];
    FILE *log = fopen(path_in(cluster, "log", path), "r");
    if (!log) return;
    for (int c; (c = fgetc(log)) != EOF;) fputc(c, stderr);
    fclose(log);
}

/* Waits for a process of ours to end; false when it is still there after `ms_max`. */
static bool process_wait(pid_t pid, int *status, int64_t ms_max)
{
    int64_t end = clock_ms() + ms_max;
    for (;;) {
        pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid || (ended < 0 && errno == ECHILD)) return true;
        if (clock_ms() >= end) return false;
        look_again_later();
    }
}

/* --- the cluster --- */

static bool cluster_make(struct private_cluster *cluster)
{
    char data[PRIVATE_CLUSTER_ADDRESS_MAX];
    const char *const arguments[] = {
        "-D",          path_in(cluster, "data", data),
        "-U",          "sluice",
        "-A",          "trust",
        "-E",          "UTF8",
        "--locale=C.UTF-8", "--locale-provider=icu",
        "--icu-locale=und", "--no-sync",
        "--no-instructions", NULL,
    };
    int status = 0;
    pid_t pid = program_start(cluster, "initdb", arguments);
    if (pid < 0) return false;
    if (!process_wait(pid, &status, READY_MS_MAX)) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    fprintf(stderr, "private_cluster: initdb failed (status %d)\n", status);
    log_show(cluster);
    return false;
}

/* The eighth line of postmaster.pid is the state; the first is the postmaster's id, which tells a
 * file left by an earlier one from this one's. */
static bool cluster_ready(const struct private_cluster *cluster)
{
    char path[PRIVATE_CLUSTER_ADDRESS_MAX];
    FILE *file = fopen(path_in(cluster, "data/postmaster.pid", path), "r");
    if (!file) return false;
    char line[PRIVATE_CLUSTER_ADDRESS_MAX];
    bool ready = false;
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        if (number == 1 && strtol(line, NULL, 10) != cluster->postmaster) break;
        if (number == 8) ready = strncmp(line, "ready", 5) == 0;
    }
    fclose(file);
    return ready;
}

bool private_cluster_resume(struct private_cluster *cluster)
{
    char data[PRIVATE_CLUSTER_ADDRESS_MAX], run[PRIVATE_CLUSTER_ADDRESS_MAX];
    const char *const arguments[] = {
        "-D", path_in(cluster, "data", data),
        "-k", path_in(cluster, "run", run),
        "-c", "listen_addresses=",
        "-c", "unix_socket_permissions=0700",
        "-c", "logging_collector=off",
        "-c", "fsync=off",
        "-c", "shared_buffers=32MB",
        "-c", "max_connections=50",
        NULL,
    };
    cluster->postmaster = program_start(cluster, "postgres", arguments);
    if (cluster->postmaster < 0) {
        cluster->postmaster = 0;
        return false;
    }
    int64_t end = clock_ms() + READY_MS_MAX;
    while (!cluster_ready(cluster)) {
        bool ended = waitpid(cluster->postmaster, NULL, WNOHANG) != 0;
        if (ended || clock_ms() >= end) {
            fprintf(stderr, "private_cluster: postgres %s\n",
                    ended ? "ended instead of starting" : "is not ready in time");
            log_show(cluster);
            if (ended) cluster->postmaster = 0;
            return false;
        }
        look_again_later();
    }
    return true;
}

bool private_cluster_start(struct private_cluster *cluster)
{
    memset(cluster, 0, sizeof *cluster);
    const char *temporary = getenv("TMPDIR");
    if (!temporary || !*temporary) temporary = "/tmp";
    int n = snprintf(cluster->folder, sizeof cluster->folder, "%s/sluice-pg-XXXXXX", temporary);
    if (n < 0 || (size_t)n >= sizeof cluster->folder) {
        cluster->folder[0] = 0;
        errno = ENAMETOOLONG;
        return trouble("no folder in", temporary);
    }
    if (!mkdtemp(cluster->folder)) {
        trouble("cannot make", cluster->folder);
        cluster->folder[0] = 0;
        return false;
    }
    char run[PRIVATE_CLUSTER_ADDRESS_MAX];
    bool made = programs_find(cluster) && mkdir(path_in(cluster, "run", run), 0700) == 0;
    if (made && geteuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        made = user && chown(cluster->folder, user->pw_uid, user->pw_gid) == 0 &&
               chown(run, user->pw_uid, user->pw_gid) == 0;
        if (!made) trouble("cannot give away", cluster->folder);
    }
    if (made && private_cluster_address(cluster, "postgres", cluster->connection,
                                        sizeof cluster->connection) &&
        cluster_make(cluster) && private_cluster_resume(cluster)) {
        return true;
    }
    private_cluster_stop(cluster);
    return false;
}

bool private_cluster_address(const struct private_cluster *cluster, const char *database,
                             char *address, size_t capacity)
{
    int n = snprintf(address, capacity,
                     "postgresql:///%s?host=%s/run&user=sluice&sslmode=disable&gssencmode=disable",
                     database, cluster->folder);
    return n > 0 && (size_t)n < capacity;
}

/* --- the end --- */

static size_t children_list(pid_t pid, pid_t children[CHILDREN_MAX])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t count = 0;
    char text[CHILDREN_MAX * 12];
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = 0;
    fclose(file);
    for (char *from = text, *end; count < CHILDREN_MAX; from = end) {
        long child = strtol(from, &end, 10);
        if (end == from) break;
        children[count++] = (pid_t)child;
    }
    return count;
}

/* A zombie has no program any more; whoever adopted it may never reap it. */
static bool process_runs(pid_t pid)
{
    char path[64], program[8];
    snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
    return readlink(path, program, sizeof program) >= 0 || errno == EACCES;
}

void private_cluster_crash(struct private_cluster *cluster)
{
    if (cluster->postmaster <= 0) return;
    pid_t children[CHILDREN_MAX];
    size_t count = children_list(cluster->postmaster, children);
    kill(cluster->postmaster, SIGKILL);
    waitpid(cluster->postmaster, NULL, 0);
    cluster->postmaster = 0;
    /* They notice and leave; a new postmaster does not start while one is attached. */
    int64_t end = clock_ms() + STOP_MS_MAX;
    for (size_t i = 0; i < count; i++) {
        while (process_runs(children[i]) && clock_ms() < end) look_again_later();
    }
}

void private_cluster_pause(struct private_cluster *cluster)
{
    if (cluster->postmaster <= 0) return;
    /* Fast, then immediate. SIGTERM would wait for the clients to leave. */
    static const int politeness[] = {SIGINT, SIGQUIT, SIGKILL};
    for (size_t i = 0; i < sizeof politeness / sizeof politeness[0]; i++) {
        kill(cluster->postmaster, politeness[i]);
        if (process_wait(cluster->postmaster, NULL, STOP_MS_MAX)) break;
    }
    cluster->postmaster = 0;
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void private_cluster_stop(struct private_cluster *cluster)
{
    private_cluster_pause(cluster);
    if (cluster->folder[0]) nftw(cluster->folder, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    memset(cluster, 0, sizeof *cluster);
}
