/* file.c - see file.h. Callers: import and export. Invariant: what was there before stays until the
 * new file is whole and durable. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/banned.h"

enum { READ_STEP = 1 << 16 };

static enum fault fault_of(int number, const char **why)
{
    *why = strerror(number);
    return number == ENOENT ? FAULT_NOT_FOUND : FAULT_IO;
}

static enum fault stream_read(FILE *file, struct buffer *out, const char **why)
{
    for (;;) {
        uint8_t *room = buffer_reserve(out, READ_STEP);
        if (!room) {
            *why = "it is too large; split it";
            return FAULT_LIMIT;
        }
        size_t n = fread(room, 1, READ_STEP, file);
        buffer_grown(out, n);
        if (n == 0) break;
    }
    return ferror(file) ? fault_of(errno, why) : FAULT_NONE;
}

enum fault file_read_all(const char *path, struct buffer *out, const char **why)
{
    struct stat about;
    *why = "";
    if (strcmp(path, "-") == 0) return stream_read(stdin, out, why);
    FILE *file = fopen(path, "rb");
    if (!file) return fault_of(errno, why);
    enum fault fault = FAULT_NONE;
    if (fstat(fileno(file), &about) == 0 && S_ISDIR(about.st_mode)) {
        *why = "it is a folder";
        fault = FAULT_FORMAT;
    }
    if (!fault) fault = stream_read(file, out, why);
    fclose(file);
    return fault;
}

/* So that the name is still there after a power cut. Where folders cannot be synced, it is. */
static void folder_settle(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == path ? 1 : slash ? (int)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", n > 0 ? n : 1, n > 0 ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

static bool all_written(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes = str_slice(bytes, (size_t)n, bytes.n);
    }
    return true;
}

enum fault file_write_all(const char *path, struct str bytes, const char **why)
{
    char beside[PATH_MAX];
    struct stat about;
    *why = "";
    bool special = stat(path, &about) == 0 && !S_ISREG(about.st_mode);
    int n = snprintf(beside, sizeof beside, special ? "%s" : "%s.new-XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof beside) return fault_of(ENAMETOOLONG, why);
    int fd = special ? open(path, O_WRONLY | O_CLOEXEC) : mkstemp(beside);
    if (fd < 0) return fault_of(errno, why);
    bool good = all_written(fd, bytes) && (special || fsync(fd) == 0);
    int number = errno;
    if (close(fd) != 0 && good) {
        good = false;
        number = errno;
    }
    if (good && !special && rename(beside, path) != 0) {
        good = false;
        number = errno;
    }
    if (good && !special) folder_settle(path);
    if (!good && !special) (void)unlink(beside);
    return good ? FAULT_NONE : fault_of(number, why);
}
