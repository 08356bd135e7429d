/* place.c - see place.h.
 *
 * Two things are asked. Whose copy is this? The folder says where it was served last; when another
 * path still holds the same cluster (its system identifier), that one is the first and this the copy.
 * Does another one run? The first holds its lock; and who runs a cluster holds a socket's name made of
 * the cluster's identifier, which ends with its process: that also finds copies that no file knows of.
 * Other machines and containers with a network of their own are out of sight: there the marks that
 * clients carry tell that something is wrong, as after a restore. */
#define _GNU_SOURCE
#include "server/edge/place.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/banned.h"

enum { NAME_TRIES = 50, MACHINE_BYTES = 64, LINE_BYTES = CONFIGURATION_PATH_MAX + 32 };

struct place {
    char path[CONFIGURATION_PATH_MAX];
    char machine[MACHINE_BYTES];
    char second_of[CONFIGURATION_PATH_MAX]; /* empty: it serves its own database */
};

static void path_join(char out[CONFIGURATION_PATH_MAX + 64], const char *folder, const char *name)
{
    snprintf(out, CONFIGURATION_PATH_MAX + 64, "%s/%s", folder, name);
}

static void machine_read(char out[MACHINE_BYTES])
{
    out[0] = 0;
    FILE *file = fopen("/etc/machine-id", "re");
    if (!file) return; /* then all are taken for one */
    if (!fgets(out, MACHINE_BYTES, file)) out[0] = 0;
    out[strcspn(out, " \n")] = 0;
    fclose(file);
}

/* --- the file --- */

static bool place_read(const char *data, struct place *out)
{
    char path[CONFIGURATION_PATH_MAX + 64], line[LINE_BYTES];
    *out = (struct place){.path = ""};
    path_join(path, data, "place");
    FILE *file = fopen(path, "re");
    if (!file) return false;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "path = ", 7) == 0) {
            snprintf(out->path, sizeof out->path, "%.*s", CONFIGURATION_PATH_MAX - 1, line + 7);
        } else if (strncmp(line, "machine = ", 10) == 0) {
            snprintf(out->machine, sizeof out->machine, "%.*s", MACHINE_BYTES - 1, line + 10);
        } else if (strncmp(line, "second_of = ", 12) == 0) {
            snprintf(out->second_of, sizeof out->second_of, "%.*s", CONFIGURATION_PATH_MAX - 1,
                     line + 12);
        }
    }
    fclose(file);
    return out->path[0] != 0;
}

/* That it cannot be written (a full disk) stops nobody: it is asked again the next time. */
static void place_write(const char *data, const struct place *place)
{
    char path[CONFIGURATION_PATH_MAX + 64], beside[CONFIGURATION_PATH_MAX + 80];
    path_join(path, data, "place");
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *file = fopen(beside, "we");
    if (!file) return;
    bool good = fprintf(file, "path = %s\nmachine = %s\nsecond_of = %s\n", place->path,
                        place->machine, place->second_of) > 0;
    good = fflush(file) == 0 && good && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good || rename(beside, path) != 0) unlink(beside);
}

/* --- the other folder --- */

/* The first eight bytes of pg_control: made by initdb, kept by every copy. 0: there is none. */
static uint64_t cluster_identifier(const char *data)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    uint64_t identifier = 0;
    path_join(path, data, "postgres/data/global/pg_control");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    if (read(fd, &identifier, sizeof identifier) != (ssize_t)sizeof identifier) identifier = 0;
    close(fd);
    return identifier;
}

static bool folder_is_same(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* A server, or an administrator's command that has its database open. */
static bool folder_is_served(const char *data)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    path_join(path, data, "lock");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool served = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return served;
}

/* --- settling --- */

static enum fault second_refuse(const char *data, const char *first, struct trouble *trouble)
{
    trouble_say(trouble, "this folder serves the database of %s, which does not run; start that one "
                         "first. If it is given up, move it away: then %s goes on with the database "
                         "it has itself, as it was when it was copied",
                first, data);
    return FAULT_DENIED;
}

/* A copy beside its original. */
static enum fault copy_settle(struct configuration *c, const struct place *known,
                              struct place *now, struct trouble *trouble)
{
    const char *first = known->second_of[0] ? known->second_of : known->path;
    if (folder_is_served(first)) {
        snprintf(now->second_of, sizeof now->second_of, "%s", first);
        snprintf(c->cluster, sizeof c->cluster, "%s", first);
        if (known->second_of[0]) return FAULT_NONE;
        fprintf(stderr,
                "sluiced: %s is a copy of %s, which is being served: from now on it serves the "
                "database there too, never its own; for servers that may outlive each other give "
                "all of them a PostgreSQL of yours (`database` in sluiced.conf)\n",
                c->data, first);
        return FAULT_NONE;
    }
    if (known->second_of[0]) return second_refuse(c->data, first, trouble);
    fprintf(stderr,
            "sluiced: %s is a copy of %s, which is not being served: going on with the copy's own "
            "database. Serve %s no more: what is done there and here would drift apart\n",
            c->data, first, first);
    return FAULT_NONE;
}

enum fault place_settle(struct configuration *c, struct trouble *trouble)
{
    struct place known, now = {.path = ""};
    char resolved[PATH_MAX];
    snprintf(c->cluster, sizeof c->cluster, "%s", c->data);
    if (c->database[0]) return FAULT_NONE;
    bool fits = realpath(c->data, resolved) && strlen(resolved) < sizeof now.path;
    snprintf(now.path, sizeof now.path, "%.*s", CONFIGURATION_PATH_MAX - 1,
             fits ? resolved : c->data);
    machine_read(now.machine);
    enum fault fault = FAULT_NONE;
    if (place_read(c->data, &known)) {
        bool here = strcmp(known.machine, now.machine) == 0;
        bool settled = here && strcmp(known.path, now.path) == 0;
        const char *first = known.second_of[0] ? known.second_of : known.path;
        uint64_t identifier = cluster_identifier(c->data);
        bool beside = here && !folder_is_same(first, c->data) && identifier != 0 &&
                      cluster_identifier(first) == identifier;
        if (beside) {
            fault = copy_settle(c, &known, &now, trouble);
        } else if (!settled || known.second_of[0]) {
            fprintf(stderr, "place.moved from=\"%s\" to=\"%s\" machine=%s\n", first, now.path,
                    here ? "same" : "another");
        }
        if (fault || (settled && strcmp(known.second_of, now.second_of) == 0)) return fault;
    }
    place_write(c->data, &now);
    return FAULT_NONE;
}

/* --- one at a time --- */

/* Who holds the name is one of ours, or root: a stranger that took it is nobody. */
static bool holder_is_ours(const struct sockaddr_un *name, socklen_t length, pid_t *pid)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    bool known = connect(fd, (const struct sockaddr *)name, length) == 0 &&
                 getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    close(fd);
    if (!known) return false;
    *pid = peer.pid;
    return peer.uid == geteuid() || peer.uid == 0;
}

/* A server that has just ended gives the folder's lock back a moment before the name. */
static bool name_take(int fd, const struct sockaddr_un *name, socklen_t length)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        if (bind(fd, (const struct sockaddr *)name, length) == 0) return true;
        if (errno != EADDRINUSE) return false;
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000L}, NULL);
    }
    return false;
}

enum fault place_guard(const char *data, int *guard, struct trouble *trouble)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    uint64_t identifier = cluster_identifier(data);
    *guard = -1;
    if (identifier == 0) return FAULT_NONE;
    int n = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "sluiced.cluster.%016" PRIx64,
                     identifier);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return FAULT_NONE;
    pid_t pid = 0;
    if (name_take(fd, &name, length)) {
        (void)listen(fd, SOMAXCONN); /* for who asks who we are; nobody is ever answered */
        *guard = fd;
        return FAULT_NONE;
    }
    bool taken = errno == EADDRINUSE && holder_is_ours(&name, length, &pid);
    close(fd);
    if (!taken) return FAULT_NONE;
    trouble_say(trouble, "another copy of the database of %s is being served on this machine (process "
                         "%ld), and the two would drift apart; stop that one, or give both one "
                         "PostgreSQL of yours (`database` in sluiced.conf)",
                data, (long)pid);
    return FAULT_DENIED;
}
