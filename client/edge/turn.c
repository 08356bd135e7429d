/* turn.c - flock on SLUICE_HOME/turn and SLUICE_HOME/sender, and touching SLUICE_HOME/poke. */
#define _GNU_SOURCE
#include "client/edge/turn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/banned.h"

enum { TURN_PATH_MAX = 4096 };

static enum fault turn_fault(int error)
{
    if (error == ENOSPC || error == EDQUOT) return FAULT_FULL;
    if (error == ENOENT) return FAULT_NOT_FOUND;
    return error == EACCES || error == EPERM || error == EROFS ? FAULT_DENIED : FAULT_IO;
}

static enum fault turn_open(const char *home, const char *name, int *fd)
{
    char path[TURN_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", home, name);
    if (n < 0 || (size_t)n >= sizeof path) return FAULT_LIMIT;
    *fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd < 0 ? turn_fault(errno) : FAULT_NONE;
}

static enum fault turn_lock(const char *home, const char *name, struct turn *out)
{
    out->fd = -1;
    int fd;
    enum fault fault = turn_open(home, name, &fd);
    if (fault != FAULT_NONE) return fault;
    int failed;
    do {
        failed = flock(fd, LOCK_EX | LOCK_NB);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) {
        fault = errno == EWOULDBLOCK ? FAULT_BUSY : FAULT_IO;
        close(fd);
        return fault;
    }
    out->fd = fd;
    return FAULT_NONE;
}

enum fault turn_take(const char *home, struct turn *out)
{
    char text[24];
    enum fault fault = turn_lock(home, "turn", out);
    if (fault != FAULT_NONE) return fault;
    /* Only for who waits: without it they are told less. */
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(out->fd, 0) == 0) (void)!pwrite(out->fd, text, (size_t)n, 0);
    return FAULT_NONE;
}

/* Asking the lock would be in the way of who wants it just now. */
long turn_holder(const char *home)
{
    int fd;
    char text[24] = "";
    if (turn_open(home, "turn", &fd) != FAULT_NONE) return 0;
    long holder = pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
    close(fd);
    if (holder <= 0) return 0;
    return kill((pid_t)holder, 0) == 0 || errno == EPERM ? holder : 0;
}

enum fault turn_take_sender(const char *home, struct turn *out)
{
    return turn_lock(home, "sender", out);
}

void turn_release(struct turn *turn)
{
    if (turn->fd >= 0) {
        (void)!ftruncate(turn->fd, 0);
        close(turn->fd);
    }
    turn->fd = -1;
}

void turn_poke(const char *home)
{
    int fd;
    if (turn_open(home, "poke", &fd) != FAULT_NONE) return;
    /* Only hurries the holder: it looks into the outbox anyway. */
    (void)futimens(fd, NULL);
    close(fd);
}

enum fault turn_poke_path(const char *home, char out[4096])
{
    int fd;
    enum fault fault = turn_open(home, "poke", &fd);
    if (fault != FAULT_NONE) return fault;
    close(fd);
    int n = snprintf(out, TURN_PATH_MAX, "%s/poke", home);
    return n < 0 || n >= TURN_PATH_MAX ? FAULT_LIMIT : FAULT_NONE;
}
