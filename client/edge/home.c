/* home.c - a home's folder: making, opening, discarding it, and exchanging with the server.
 *
 * Invariant: copy.db appears whole, by rename, after its key is durable: home_exists() is that
 * file. What an interrupted home_create left behind is cleared by the next one. */
#define _GNU_SOURCE
#include "client/edge/home.h"

#include "client/edge/home_inside.h"
#include "client/edge/keys.h"
#include "client/edge/replica_file.h"
#include "client/edge/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

/* --- clocks and randomness --- */

struct now home_now(void)
{
    struct timespec boot, wall;
    check(clock_gettime(CLOCK_BOOTTIME, &boot) == 0);
    check(clock_gettime(CLOCK_REALTIME, &wall) == 0);
    return (struct now){
        .boot_ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000,
        .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
}

/* --- paths --- */

enum fault home_path_join(const char *folder, const char *name, char out[HOME_PATH_MAX])
{
    int n = snprintf(out, HOME_PATH_MAX, "%s/%s", folder, name);
    return n < 0 || n >= HOME_PATH_MAX ? FAULT_LIMIT : FAULT_NONE;
}

enum fault home_path(const char *given, char out[HOME_PATH_MAX])
{
    const char *environment = getenv("SLUICE_HOME");
    const char *data = getenv("XDG_DATA_HOME");
    const char *user = getenv("HOME");
    if (given == NULL || *given == 0) given = environment;
    if (given != NULL && *given != 0) {
        int n = snprintf(out, HOME_PATH_MAX, "%s", given);
        return n < 0 || n >= HOME_PATH_MAX ? FAULT_LIMIT : FAULT_NONE;
    }
    if (data != NULL && data[0] == '/') return home_path_join(data, "sluice", out);
    if (user == NULL || *user == 0) return FAULT_NOT_FOUND;
    return home_path_join(user, ".local/share/sluice", out);
}

bool home_exists(const char *path)
{
    char copy[HOME_PATH_MAX];
    struct stat status;
    if (home_path_join(path, "copy.db", copy) != FAULT_NONE) return false;
    if (stat(copy, &status) == 0) return S_ISREG(status.st_mode);
    return errno == EACCES; /* there, and somebody else's: home_open says so */
}

enum fault home_revealed(struct home *home, uint64_t after, size_t limit,
                         struct sync_revealed *out, size_t *count)
{
    return replica_file_revealed(home->replica, after, limit, out, count);
}

bool home_is_no_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISDIR(status.st_mode);
}

static enum fault trouble_set(struct trouble *trouble, enum fault fault, const char *operation,
                              const char *path, const char *detail)
{
    if (fault == FAULT_NONE || trouble == NULL) return fault;
    trouble->fault = fault;
    trouble->operation = operation;
    /* Only for a sentence: a path that is too long is told by its beginning. */
    snprintf(trouble->path, sizeof trouble->path, "%.*s", (int)sizeof trouble->path - 1, path);
    snprintf(trouble->detail, sizeof trouble->detail, "%s", detail);
    return fault;
}

/* A sentence's end for faults that have no errno any more. */
static const char *trouble_detail(enum fault fault)
{
    switch (fault) {
    case FAULT_NOT_FOUND: return strerror(ENOENT);
    case FAULT_EXISTS: return strerror(EEXIST);
    case FAULT_DENIED: return "not ours, or others may read it (mode 0600 is wanted)";
    case FAULT_FULL: return strerror(ENOSPC);
    case FAULT_BUSY: return "another process is using it";
    case FAULT_CRYPTO: return "damaged, or encrypted with another key";
    case FAULT_FORMAT: return "made by a newer version";
    case FAULT_MEMORY: return strerror(ENOMEM);
    case FAULT_IO: return strerror(EIO);
    case FAULT_LIMIT: return strerror(ENAMETOOLONG);
    case FAULT_NONE:
    case FAULT_CLOSED:
    case FAULT_STALE:
    case FAULT_UNKNOWN:
    case FAULT_COUNT: break;
    }
    return fault_name(fault);
}

enum fault home_trouble(struct trouble *trouble, enum fault fault, const char *operation,
                        const char *path)
{
    return trouble_set(trouble, fault, operation, path, trouble_detail(fault));
}

/* --- making --- */

/* Every folder on the way, 0700 where it is new. */
static enum fault folder_create(const char *path, struct trouble *trouble)
{
    char part[HOME_PATH_MAX];
    int n = snprintf(part, sizeof part, "%s", path);
    if (n <= 0 || (size_t)n >= sizeof part) {
        return trouble_set(trouble, FAULT_LIMIT, "create folder", path, strerror(ENAMETOOLONG));
    }
    for (char *p = part + 1;; p++) {
        char kept = *p;
        if (kept != '/' && kept != 0) continue;
        *p = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            enum fault fault = errno == ENOSPC ? FAULT_FULL : FAULT_DENIED;
            return trouble_set(trouble, fault, "create folder", part, strerror(errno));
        }
        *p = kept;
        if (kept == 0) break;
    }
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        return trouble_set(trouble, FAULT_DENIED, "create folder", path, strerror(ENOTDIR));
    }
    if (chmod(path, 0700) != 0) {
        return trouble_set(trouble, FAULT_DENIED, "create folder", path, strerror(errno));
    }
    return FAULT_NONE;
}

static struct home *home_make(const char *path, struct replica *replica,
                              const struct secret32 *device)
{
    struct home *home = calloc(1, sizeof *home);
    if (home == NULL) {
        replica->f->close(replica);
        return NULL;
    }
    snprintf(home->path, sizeof home->path, "%s", path);
    home->replica = replica;
    home->device = key_pair_from_secret(device);
    return home;
}

/* Key, then the copy beside its name, then its name; the turn is held. */
static enum fault home_fill(const char *path, struct trouble *trouble)
{
    char key_path[HOME_PATH_MAX], new_path[HOME_PATH_MAX], copy_path[HOME_PATH_MAX];
    struct secret32 key, device;
    struct replica *replica = NULL;
    enum fault fault = home_path_join(path, "key", key_path);
    if (fault == FAULT_NONE) fault = home_path_join(path, "copy.new", new_path);
    if (fault == FAULT_NONE) fault = home_path_join(path, "copy.db", copy_path);
    if (fault != FAULT_NONE) return trouble_set(trouble, fault, "create", path, "");
    if (home_exists(path)) {
        return trouble_set(trouble, FAULT_EXISTS, "create", copy_path, strerror(EEXIST));
    }
    unlink(key_path); /* of a creation that was interrupted: its copy never got a name */
    unlink(new_path);
    fault = key_file_create(path, key_path, &key);
    if (fault != FAULT_NONE) {
        return trouble_set(trouble, fault, "create", key_path, trouble_detail(fault));
    }
    system_random(device.b, sizeof device.b);
    fault = replica_file_create(new_path, &key, &device, &replica);
    secret32_finish(&key);
    secret32_finish(&device);
    if (replica != NULL) replica->f->close(replica);
    if (fault == FAULT_NONE && rename(new_path, copy_path) != 0) fault = FAULT_IO;
    if (fault == FAULT_NONE) fault = folder_sync(path);
    if (fault == FAULT_NONE) return FAULT_NONE;
    unlink(new_path);
    unlink(key_path);
    return trouble_set(trouble, fault, "create", copy_path, trouble_detail(fault));
}

/* The sender's lock: nobody sends for a home that has not joined. */
enum fault home_join_begin(const char *path, int *lock, struct trouble *trouble)
{
    struct turn turn;
    *lock = -1;
    enum fault fault = folder_create(path, trouble);
    if (fault != FAULT_NONE) return fault;
    fault = turn_take_sender(path, &turn);
    *lock = turn.fd;
    return fault == FAULT_NONE ? fault : home_trouble(trouble, fault, "lock", path);
}

void home_join_end(int lock)
{
    struct turn turn = {.fd = lock};
    turn_release(&turn);
}

enum fault home_create(const char *path, struct home **out, struct trouble *trouble)
{
    struct turn turn;
    char journal[HOME_PATH_MAX];
    *out = NULL;
    check(sodium_init() >= 0);
    process_harden();
    enum fault fault = folder_create(path, trouble);
    if (fault != FAULT_NONE) return fault;
    fault = turn_take(path, &turn);
    if (fault != FAULT_NONE) {
        return trouble_set(trouble, fault, "lock", path, trouble_detail(fault));
    }
    fault = home_fill(path, trouble);
    /* SQLite leaves an empty journal of the old name. */
    if (home_path_join(path, "copy.new-journal", journal) == FAULT_NONE) unlink(journal);
    turn_release(&turn);
    return fault == FAULT_NONE ? home_open(path, out, trouble) : fault;
}

/* --- opening --- */

enum fault home_open(const char *path, struct home **out, struct trouble *trouble)
{
    char key_path[HOME_PATH_MAX], copy_path[HOME_PATH_MAX];
    struct secret32 key, device;
    struct replica *replica = NULL;
    *out = NULL;
    check(sodium_init() >= 0);
    process_harden();
    enum fault fault = home_path_join(path, "key", key_path);
    if (fault == FAULT_NONE) fault = home_path_join(path, "copy.db", copy_path);
    if (fault != FAULT_NONE) return trouble_set(trouble, fault, "open", path, "");
    if (!home_exists(path)) {
        return trouble_set(trouble, FAULT_NOT_FOUND, "open", copy_path, strerror(ENOENT));
    }
    fault = key_file_read(key_path, &key);
    if (fault == FAULT_NOT_FOUND) fault = FAULT_CRYPTO; /* the copy is there, but locked for good */
    if (fault != FAULT_NONE) {
        return trouble_set(trouble, fault, "read", key_path, trouble_detail(fault));
    }
    fault = replica_file_open(copy_path, &key, &replica);
    secret32_finish(&key);
    if (fault == FAULT_NONE) {
        fault = replica_file_device(replica, &device);
        if (fault != FAULT_NONE) replica->f->close(replica);
    }
    if (fault != FAULT_NONE) {
        return trouble_set(trouble, fault, "open", copy_path, trouble_detail(fault));
    }
    *out = home_make(path, replica, &device);
    secret32_finish(&device);
    if (*out != NULL) return FAULT_NONE;
    return trouble_set(trouble, FAULT_MEMORY, "open", copy_path, strerror(ENOMEM));
}

void home_close(struct home *home)
{
    if (home == NULL) return;
    home->replica->f->close(home->replica);
    key_pair_finish(&home->device);
    free(home);
}

struct replica *home_replica(struct home *home)
{
    return home->replica;
}

const uint8_t *home_device_public(const struct home *home)
{
    return home->device.public.b;
}
