/* cluster.c - runs initdb and postgres as direct children (no pg_ctl: waitpid tells the truth).
 *
 * Children leave the terminal's session, so that ^C reaches the server only and the order of
 * stopping stays ours. */
#define _GNU_SOURCE
#include "server/edge/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "common/base/banned.h"

enum {
    PATH_MAX_HERE = CONFIGURATION_PATH_MAX + 64,
    READY_MS_MAX = 120 * 1000, /* recovery after a crash takes what it takes */
    STOP_MS_MAX = 10 * 1000,
    LOCK_MS_MAX = 5 * 1000, /* a killed postmaster's children need a moment to leave */
    LOOK_AGAIN_MS = 5,
    LOG_BYTES_MAX = 16 * 1024 * 1024, /* weeks of an ordinary day's lines; kept twice */
    ARGUMENTS_MAX = 24
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

static const char *path_in(const struct cluster *cluster, const char *name,
                           char out[PATH_MAX_HERE])
{
    snprintf(out, PATH_MAX_HERE, "%s/%s", cluster->folder, name);
    return out;
}

enum fault cluster_init(struct cluster *cluster, const char *data, struct trouble *trouble)
{
    memset(cluster, 0, sizeof *cluster);
    snprintf(cluster->folder, sizeof cluster->folder, "%.400s/postgres", data);
    const char *chosen = getenv("SLUICED_POSTGRES_BINDIR");
    if (chosen && *chosen) {
        snprintf(cluster->programs, sizeof cluster->programs, "%s", chosen);
        return FAULT_NONE;
    }
    glob_t found = {0};
    long newest = -1;
    if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
            if (version <= newest) continue;
            newest = version;
            snprintf(cluster->programs, sizeof cluster->programs, "/usr/lib/postgresql/%ld/bin",
                     version);
        }
    }
    globfree(&found);
    if (newest >= 15) return FAULT_NONE;
    trouble_say(trouble, "PostgreSQL 15 or newer is not installed; install it (postgresql-15), name "
                         "its folder in SLUICED_POSTGRES_BINDIR, or use --database URL");
    return FAULT_NOT_FOUND;
}

static void child_become(const char *log_path, pid_t parent)
{
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log < 0 || nothing < 0) _exit(125);
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    setsid();
    umask(077);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    static const int signals[] = {SIGINT, SIGTERM, SIGCHLD, SIGPIPE, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) signal(signals[i], SIG_DFL);
    if (chdir("/") != 0) _exit(125);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent) _exit(125); /* ended before it could be asked for */
}

static pid_t program_start(const struct cluster *cluster, const char *program,
                           const char *const *arguments)
{
    char path[PATH_MAX_HERE], log[PATH_MAX_HERE];
    char *argv[ARGUMENTS_MAX] = {path};
    snprintf(path, sizeof path, "%s/%s", cluster->programs, program);
    path_in(cluster, "log", log);
    for (size_t i = 0; arguments[i] && i + 2 < ARGUMENTS_MAX; i++) {
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        child_become(log, parent);
        execv(path, argv);
        fprintf(stderr, "cannot run %s: %s\n", path, strerror(errno));
        _exit(126);
    }
    return pid;
}

/* The last line of the log that says what went wrong, for the sentence. */
static void log_last(const struct cluster *cluster, char out[256])
{
    char path[PATH_MAX_HERE], line[512];
    out[0] = 0;
    FILE *log = fopen(path_in(cluster, "log", path), "re");
    if (!log) return;
    (void)fseek(log, cluster->log_from, SEEK_SET);
    while (fgets(line, sizeof line, log)) {
        if (strstr(line, "FATAL") || strstr(line, "error") || strstr(line, "cannot") ||
            strstr(line, "could not")) {
            line[strcspn(line, "\n")] = 0;
            snprintf(out, 256, "%.255s", line);
        }
    }
    fclose(log);
}

static void log_mark(struct cluster *cluster)
{
    char path[PATH_MAX_HERE];
    struct stat about;
    bool there = stat(path_in(cluster, "log", path), &about) == 0;
    cluster->log_from = there ? (long)about.st_size : 0;
}

/* The postmaster writes on to the file it has open: so that is copied, and emptied. */
void cluster_log_turn(struct cluster *cluster)
{
    char path[PATH_MAX_HERE], before[PATH_MAX_HERE];
    struct stat about;
    path_in(cluster, "log", path);
    if (stat(path, &about) != 0 || about.st_size <= LOG_BYTES_MAX) return;
    int from = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int to = open(path_in(cluster, "log.1", before),
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    while (from >= 0 && to >= 0 && sendfile(to, from, NULL, LOG_BYTES_MAX) > 0) {}
    /* Also when there is no room for the copy: that is when its length matters most. */
    if (from >= 0 && ftruncate(from, 0) == 0) cluster->log_from = 0;
    if (from >= 0) close(from);
    if (to >= 0) close(to);
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

enum fault cluster_make(struct cluster *cluster, struct trouble *trouble)
{
    char beside[PATH_MAX_HERE], data[PATH_MAX_HERE], run[PATH_MAX_HERE], why[256];
    path_in(cluster, "data.new", beside);
    path_in(cluster, "data", data);
    if ((mkdir(cluster->folder, 0700) != 0 && errno != EEXIST) ||
        (mkdir(path_in(cluster, "run", run), 0700) != 0 && errno != EEXIST)) {
        trouble_say(trouble, "cannot make %s: %s", cluster->folder, strerror(errno));
        return errno == ENOSPC ? FAULT_FULL : FAULT_IO;
    }
    nftw(beside, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    log_mark(cluster);
    const char *const arguments[] = {"-D", beside, "-U", "sluice", "-A", "trust", "-E", "UTF8",
                                     "--locale=C.UTF-8", "--locale-provider=icu",
                                     "--icu-locale=und", "--data-checksums", "--no-instructions",
                                     "--no-sync", NULL};
    /* It would sync a thousand files one by one; so all it made, and its new name, at once. Open before
     * it writes: then syncfs tells of what could not be written meanwhile, too. */
    int disk = open(cluster->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = -1;
    pid_t pid = disk < 0 ? -1 : program_start(cluster, "initdb", arguments);
    if (pid > 0) waitpid(pid, &status, 0);
    bool made = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                rename(beside, data) == 0 && syncfs(disk) == 0;
    if (disk >= 0) close(disk);
    if (made) return FAULT_NONE;
    log_last(cluster, why);
    bool full = strstr(why, "No space left") != NULL;
    trouble_say(trouble, "cannot make the database cluster: %s; %s",
                why[0] ? why : strerror(errno),
                full ? "make room on that disk" : "its log in the data folder says more");
    nftw(beside, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
    return full ? FAULT_FULL : FAULT_IO;
}

/* --- orphans --- */

/* The postmaster that holds this cluster: its id, or 0. A zombie or another program that got the
 * same number is none; then the lock file left behind is removed. */
static pid_t orphan_find(const struct cluster *cluster)
{
    char path[PATH_MAX_HERE], line[32] = "", working[64];
    struct stat theirs, ours;
    FILE *file = fopen(path_in(cluster, "data/postmaster.pid", path), "re");
    if (!file) return 0;
    bool read_it = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    long pid = read_it ? strtol(line, NULL, 10) : 0;
    if (pid > 1) {
        char data[PATH_MAX_HERE];
        snprintf(working, sizeof working, "/proc/%ld/cwd", pid);
        if (stat(working, &theirs) == 0 && stat(path_in(cluster, "data", data), &ours) == 0 &&
            theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino) {
            return (pid_t)pid;
        }
    }
    if (pid != 0) unlink(path);
    return 0;
}

/* Usually it is stopping by itself already, because its server has ended. */
static void orphan_end(const struct cluster *cluster)
{
    static const int politeness[] = {SIGINT, SIGQUIT, SIGKILL};
    for (size_t i = 0; i < sizeof politeness / sizeof politeness[0]; i++) {
        pid_t pid = orphan_find(cluster);
        if (pid == 0) return;
        kill(pid, politeness[i]);
        int64_t end = clock_ms() + STOP_MS_MAX;
        while (clock_ms() < end && orphan_find(cluster) == pid) look_again_later();
    }
}

/* --- running --- */

static pid_t postmaster_start(const struct cluster *cluster)
{
    char data[PATH_MAX_HERE], run[PATH_MAX_HERE];
    const char *const arguments[] = {"-D", path_in(cluster, "data", data),
                                     "-k", path_in(cluster, "run", run),
                                     "-c", "listen_addresses=",
                                     "-c", "unix_socket_permissions=0700",
                                     "-c", "logging_collector=off",
                                     NULL};
    return program_start(cluster, "postgres", arguments);
}

/* Somebody who blocks these signals waits for this start to end. */
static bool stop_wanted(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

/* Ended by itself: once more when only a killed one's lock is in the way. */
static bool worth_again(const struct cluster *cluster)
{
    char why[256];
    log_last(cluster, why);
    return strstr(why, "lock file") != NULL && strstr(why, "No space left") == NULL;
}

/* The postmaster says so itself, in the eighth line of its lock file; asking it would cost it a process
 * each time. */
static bool cluster_answers(const struct cluster *cluster)
{
    char path[PATH_MAX_HERE], line[CONFIGURATION_PATH_MAX + 64] = "";
    FILE *file = fopen(path_in(cluster, "data/postmaster.pid", path), "re");
    if (!file) return false;
    bool ours = fgets(line, sizeof line, file) &&
                strtol(line, NULL, 10) == (long)cluster->postmaster;
    for (int i = 2; ours && i <= 8; i++) ours = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return ours && strncmp(line, "ready", 5) == 0;
}

enum fault cluster_start(struct cluster *cluster, struct trouble *trouble)
{
    char data[PATH_MAX_HERE], why[256];
    if (access(path_in(cluster, "data/PG_VERSION", data), F_OK) != 0) {
        trouble_say(trouble, "there is no database cluster in %s; restore it, or run `sluiced init` "
                             "with a new folder",
                    cluster->folder);
        return FAULT_NOT_FOUND;
    }
    orphan_end(cluster);
    log_mark(cluster);
    int64_t again_until = clock_ms() + LOCK_MS_MAX, end = clock_ms() + READY_MS_MAX;
    cluster->postmaster = postmaster_start(cluster);
    while (cluster->postmaster > 0 && clock_ms() < end) {
        if (cluster_answers(cluster)) return FAULT_NONE;
        if (waitpid(cluster->postmaster, NULL, WNOHANG) == cluster->postmaster) {
            cluster->postmaster = 0;
            if (clock_ms() >= again_until || !worth_again(cluster)) break;
            orphan_end(cluster);
            cluster->postmaster = postmaster_start(cluster);
        }
        if (stop_wanted()) {
            cluster_stop(cluster);
            trouble_say(trouble, "told to stop while the database was starting");
            return FAULT_CLOSED;
        }
        look_again_later();
    }
    cluster_stop(cluster);
    log_last(cluster, why);
    bool full = strstr(why, "No space left") != NULL;
    trouble_say(trouble, "the database does not start: %s; %s%s", why[0] ? why : "no reason given",
                full ? "make room on the disk of " : "more is said in ", cluster->folder);
    return full ? FAULT_FULL : FAULT_IO;
}

void cluster_stop(struct cluster *cluster)
{
    static const int politeness[] = {SIGINT, SIGQUIT, SIGKILL};
    for (size_t i = 0; cluster->postmaster > 0 && i < 3; i++) {
        kill(cluster->postmaster, politeness[i]);
        int64_t end = clock_ms() + STOP_MS_MAX;
        while (clock_ms() < end) {
            pid_t ended = waitpid(cluster->postmaster, NULL, WNOHANG);
            if (ended == cluster->postmaster || (ended < 0 && errno == ECHILD)) {
                cluster->postmaster = 0;
                return;
            }
            look_again_later();
        }
    }
}

/* --- connection strings --- */

static bool conninfo_add(char out[CONFIGURATION_VALUE_MAX * 2], const char *key, const char *value)
{
    size_t n = strlen(out), max = CONFIGURATION_VALUE_MAX * 2;
    int written = snprintf(out + n, max - n, "%s%s='", n ? " " : "", key);
    if (written < 0 || (size_t)written >= max - n) return false;
    n += (size_t)written;
    for (; *value; value++) {
        if (n + 4 > max) return false;
        if (*value == '\'' || *value == '\\') out[n++] = '\\';
        out[n++] = *value;
    }
    if (n + 2 > max) return false;
    out[n++] = '\'';
    out[n] = 0;
    return true;
}

static enum fault conninfo_private(const struct configuration *c, const char *user,
                                   char out[CONFIGURATION_VALUE_MAX * 2])
{
    char run[PATH_MAX_HERE];
    snprintf(run, sizeof run, "%s/postgres/run", c->cluster[0] ? c->cluster : c->data);
    out[0] = 0;
    bool fits = conninfo_add(out, "host", run) && conninfo_add(out, "dbname", "postgres") &&
                conninfo_add(out, "user", user) && conninfo_add(out, "sslmode", "disable") &&
                conninfo_add(out, "gssencmode", "disable");
    return fits ? FAULT_NONE : FAULT_LIMIT;
}

enum fault conninfo_owner(const struct configuration *c, char out[CONFIGURATION_VALUE_MAX * 2])
{
    if (!c->database[0]) return conninfo_private(c, "sluice", out);
    snprintf(out, CONFIGURATION_VALUE_MAX * 2, "%s", c->database);
    return FAULT_NONE;
}

enum fault conninfo_app(const struct configuration *c, char out[CONFIGURATION_VALUE_MAX * 2])
{
    if (c->database_app[0]) {
        snprintf(out, CONFIGURATION_VALUE_MAX * 2, "%s", c->database_app);
        return FAULT_NONE;
    }
    if (!c->database[0]) return conninfo_private(c, "sluice_app", out);
    PQconninfoOption *options = PQconninfoParse(c->database, NULL);
    if (!options) return FAULT_FORMAT;
    out[0] = 0;
    bool fits = conninfo_add(out, "user", "sluice_app");
    for (const PQconninfoOption *each = options; fits && each->keyword; each++) {
        if (!each->val || strcmp(each->keyword, "user") == 0) continue;
        fits = conninfo_add(out, each->keyword, each->val);
    }
    PQconninfoFree(options);
    return fits ? FAULT_NONE : FAULT_LIMIT;
}
