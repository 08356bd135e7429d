/* keys.c - making and reading the key file, and keeping the process to itself. */
#define _GNU_SOURCE
#include "client/edge/keys.h"

#include <errno.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
#define KEYS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEYS_SANITIZED 1
#endif
#endif
#ifndef KEYS_SANITIZED
#define KEYS_SANITIZED 0
#endif

void system_random(void *out, size_t n)
{
    uint8_t *bytes = out;
    while (n > 0) {
        ssize_t got = getrandom(bytes, n, 0);
        if (got < 0 && errno == EINTR) continue;
        check(got > 0);
        bytes += got;
        n -= (size_t)got;
    }
}

static enum fault keys_fault(int error)
{
    switch (error) {
    case EEXIST: return FAULT_EXISTS;
    case ENOENT:
    case ENOTDIR: return FAULT_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EROFS: return FAULT_DENIED;
    case ENOSPC:
    case EDQUOT: return FAULT_FULL;
    default: return FAULT_IO;
    }
}

enum fault folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return keys_fault(errno);
    enum fault fault = fsync(fd) == 0 ? FAULT_NONE : keys_fault(errno);
    close(fd);
    return fault;
}

static enum fault keys_write(int fd, const struct secret32 *key)
{
    size_t done = 0;
    while (done < sizeof key->b) {
        ssize_t n = write(fd, key->b + done, sizeof key->b - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return keys_fault(errno);
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? FAULT_NONE : keys_fault(errno);
}

enum fault key_file_create(const char *folder, const char *path, struct secret32 *out)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return keys_fault(errno);
    system_random(out->b, sizeof out->b);
    enum fault fault = keys_write(fd, out);
    close(fd);
    if (fault == FAULT_NONE) fault = folder_sync(folder);
    if (fault != FAULT_NONE) {
        unlink(path);
        secret32_finish(out);
    }
    return fault;
}

enum fault key_file_destroy(const char *path)
{
    struct secret32 noise;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) return FAULT_NONE;
    if (fd >= 0) {
        system_random(noise.b, sizeof noise.b);
        /* Where it cannot be overwritten, on a full disk that copies on write, it is removed. */
        enum fault ignored = keys_write(fd, &noise);
        (void)ignored;
        close(fd);
    }
    return unlink(path) == 0 || errno == ENOENT ? FAULT_NONE : keys_fault(errno);
}

enum fault key_file_read(const char *path, struct secret32 *out)
{
    struct stat status;
    uint8_t beyond;
    size_t done = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return keys_fault(errno);
    enum fault fault = fstat(fd, &status) == 0 ? FAULT_NONE : keys_fault(errno);
    if (fault == FAULT_NONE && (!S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
                                (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)) {
        fault = FAULT_DENIED;
    }
    while (fault == FAULT_NONE && done < sizeof out->b) {
        ssize_t n = read(fd, out->b + done, sizeof out->b - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            fault = keys_fault(errno);
        } else if (n == 0) {
            fault = FAULT_CRYPTO;
        } else {
            done += (size_t)n;
        }
    }
    if (fault == FAULT_NONE && read(fd, &beyond, 1) != 0) fault = FAULT_CRYPTO;
    close(fd);
    if (fault != FAULT_NONE) secret32_finish(out);
    return fault;
}

void process_harden(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    /* The leak checker traces its own process. */
    if (!KEYS_SANITIZED) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
