/* file_layer.c - see file_layer.h. */
#include "tests/simulation/world.h"
#include "tests/simulation/file_layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { SECTOR = 512, PATH_BYTES = 256 };

struct unsynced { /* since the last sync */
    size_t at, n;
    bool cuts; /* the file ends at `at` now */
    uint8_t *bytes;
};

struct content {
    uint8_t *bytes;
    size_t n, cap;
};

struct stored {
    struct stored *next;
    char path[PATH_BYTES];
    struct content now, durable;
    struct unsynced *changes;
    size_t change_count, change_cap;
};

/* One disk per copy: the database and its journal die together. */
struct trouble {
    struct trouble *next;
    char path[PATH_BYTES];
    bool armed, dies, full, dead;
    size_t after;
};

static struct {
    struct world *world;
    struct stored *files;
    struct trouble *troubles;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
} layer;

struct open_file {
    sqlite3_file base;
    struct stored *stored;
};

static struct stored *stored_of(sqlite3_file *file)
{
    return ((struct open_file *)(void *)file)->stored;
}

/* --- contents --- */

static void content_resize(struct content *content, size_t n)
{
    if (n > content->cap) {
        content->cap = n * 2;
        content->bytes = realloc(content->bytes, content->cap);
        check(content->bytes != NULL);
    }
    if (n > content->n) memset(content->bytes + content->n, 0, n - content->n);
    content->n = n;
}

static void content_write(struct content *content, size_t at, const uint8_t *bytes, size_t n)
{
    if (at + n > content->n) content_resize(content, at + n);
    if (n > 0) memcpy(content->bytes + at, bytes, n);
}

static void content_copy(struct content *to, const struct content *from)
{
    content_resize(to, 0);
    content_write(to, 0, from->bytes, from->n);
}

static void changes_drop(struct stored *stored)
{
    for (size_t i = 0; i < stored->change_count; i++) free(stored->changes[i].bytes);
    stored->change_count = 0;
}

static struct unsynced *change_new(struct stored *stored)
{
    if (stored->change_count == stored->change_cap) {
        stored->change_cap = stored->change_cap ? stored->change_cap * 2 : 16;
        stored->changes = realloc(stored->changes, stored->change_cap * sizeof *stored->changes);
        check(stored->changes != NULL);
    }
    struct unsynced *change = &stored->changes[stored->change_count++];
    *change = (struct unsynced){0};
    return change;
}

static struct stored *stored_find(const char *path, bool make)
{
    for (struct stored *s = layer.files; s; s = s->next) {
        if (strcmp(s->path, path) == 0) return s;
    }
    if (!make) return NULL;
    struct stored *stored = calloc(1, sizeof *stored);
    check(stored && strlen(path) < PATH_BYTES);
    memcpy(stored->path, path, strlen(path) + 1);
    stored->next = layer.files;
    layer.files = stored;
    return stored;
}

static void journal_of(const char *path, char out[PATH_BYTES])
{
    check(snprintf(out, PATH_BYTES, "%s-journal", path) < PATH_BYTES);
}

/* --- trouble --- */

static struct trouble *trouble_of(const char *path, bool make)
{
    for (struct trouble *t = layer.troubles; t; t = t->next) {
        size_t n = strlen(t->path);
        if (strncmp(t->path, path, n) == 0 && (path[n] == '\0' || path[n] == '-')) return t;
    }
    if (!make) return NULL;
    struct trouble *trouble = calloc(1, sizeof *trouble);
    check(trouble && strlen(path) < PATH_BYTES);
    memcpy(trouble->path, path, strlen(path) + 1);
    trouble->next = layer.troubles;
    layer.troubles = trouble;
    return trouble;
}

/* SQLITE_OK, or what is wrong with this operation. */
static int trouble_strikes(const struct stored *stored, int otherwise)
{
    struct trouble *trouble = trouble_of(stored->path, false);
    if (!trouble) return SQLITE_OK;
    if (trouble->dead) return otherwise;
    if (!trouble->armed || trouble->after-- > 0) return SQLITE_OK;
    trouble->armed = false;
    trouble->dead = trouble->dies;
    if (trouble->dies) {
        world_mark(layer.world, MARK_TORN);
        return otherwise;
    }
    world_mark(layer.world, trouble->full ? MARK_DISK_FULL : MARK_DISK_IO);
    return trouble->full ? SQLITE_FULL : otherwise;
}

void file_layer_fail(const char *path, size_t operations, bool full)
{
    struct trouble *trouble = trouble_of(path, true);
    trouble->armed = true;
    trouble->dies = false;
    trouble->full = full;
    trouble->after = operations;
}

void file_layer_tear(const char *path, size_t operations)
{
    file_layer_fail(path, operations, false);
    trouble_of(path, true)->dies = true;
}

bool file_layer_torn(const char *path)
{
    const struct trouble *trouble = trouble_of(path, false);
    return trouble && trouble->dead;
}

/* Each change since the last sync is on the disk, or is not, or in part: by sectors, in any order. */
static void power_fails(struct stored *stored)
{
    for (size_t i = 0; i < stored->change_count; i++) {
        const struct unsynced *change = &stored->changes[i];
        uint64_t fate = world_below(layer.world, 4);
        size_t n = change->n;
        if (fate == 0) continue;
        if (fate == 1 && !change->cuts)
            n = (size_t)world_below(layer.world, change->n / SECTOR + 1) * SECTOR;
        if (n > change->n) n = change->n;
        if (change->cuts)
            content_resize(&stored->durable, change->at);
        else
            content_write(&stored->durable, change->at, change->bytes, n);
    }
    changes_drop(stored);
    content_copy(&stored->now, &stored->durable);
}

void file_layer_restart(const char *path, bool power)
{
    char journal[PATH_BYTES];
    journal_of(path, journal);
    struct stored *main_file = stored_find(path, false), *other = stored_find(journal, false);
    if (power && main_file) power_fails(main_file);
    if (power && other) power_fails(other);
    struct trouble *trouble = trouble_of(path, true);
    trouble->armed = trouble->dead = false;
}

static void stored_copy(const char *from, const char *to)
{
    const struct stored *source = stored_find(from, false);
    if (!source) return;
    struct stored *copy = stored_find(to, true);
    changes_drop(copy);
    content_copy(&copy->now, &source->now);
    content_copy(&copy->durable, &source->now);
}

void file_layer_copy(const char *from, const char *to)
{
    char journal_from[PATH_BYTES], journal_to[PATH_BYTES];
    journal_of(from, journal_from);
    journal_of(to, journal_to);
    stored_copy(from, to);
    stored_copy(journal_from, journal_to);
}

/* --- what SQLite calls --- */

static int file_close(sqlite3_file *file)
{
    (void)file;
    return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *out, int amount, sqlite3_int64 at)
{
    const struct content *now = &stored_of(file)->now;
    size_t from = (size_t)at, n = (size_t)amount, have = 0;
    if (from < now->n) have = now->n - from < n ? now->n - from : n;
    if (have > 0) memcpy(out, now->bytes + from, have);
    if (have == n) return SQLITE_OK;
    memset((uint8_t *)out + have, 0, n - have);
    return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int amount, sqlite3_int64 at)
{
    struct stored *stored = stored_of(file);
    int code = trouble_strikes(stored, SQLITE_IOERR_WRITE);
    if (code) return code;
    struct unsynced *change = change_new(stored);
    change->at = (size_t)at;
    change->n = (size_t)amount;
    change->bytes = malloc(change->n + 1);
    check(change->bytes != NULL);
    memcpy(change->bytes, bytes, change->n);
    content_write(&stored->now, change->at, change->bytes, change->n);
    return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct stored *stored = stored_of(file);
    int code = trouble_strikes(stored, SQLITE_IOERR_TRUNCATE);
    if (code) return code;
    struct unsynced *change = change_new(stored);
    change->at = (size_t)size;
    change->cuts = true;
    content_resize(&stored->now, (size_t)size);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    struct stored *stored = stored_of(file);
    int code = trouble_strikes(stored, SQLITE_IOERR_FSYNC);
    if (code) return code;
    content_copy(&stored->durable, &stored->now);
    changes_drop(stored);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64)stored_of(file)->now.n;
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int file_check_lock(sqlite3_file *file, int *taken)
{
    (void)file;
    *taken = 0;
    return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
    (void)file;
    (void)what;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

/* Nothing is promised: writes are torn, and tear what is beside them within a sector. */
static int file_promises(sqlite3_file *file)
{
    (void)file;
    return 0;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_promises,
};

static int layer_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                      int *flags_out)
{
    (void)vfs;
    struct open_file *open = (struct open_file *)(void *)file;
    open->base.pMethods = NULL;
    if (!path) return SQLITE_CANTOPEN; /* temporary files are to stay in memory */
    open->stored = stored_find(path, true);
    open->base.pMethods = &file_methods;
    if (flags_out) *flags_out = flags;
    return SQLITE_OK;
}

static int layer_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    (void)sync_folder;
    struct stored *stored = stored_find(path, false);
    if (!stored) return SQLITE_IOERR_DELETE_NOENT;
    int code = trouble_strikes(stored, SQLITE_IOERR_DELETE);
    if (code) return code;
    changes_drop(stored);
    content_resize(&stored->now, 0);
    content_resize(&stored->durable, 0);
    return SQLITE_OK;
}

static int layer_access(sqlite3_vfs *vfs, const char *path, int what, int *out)
{
    (void)vfs;
    const struct stored *stored = stored_find(path, false);
    *out = stored && (what != SQLITE_ACCESS_EXISTS || stored->now.n > 0);
    return SQLITE_OK;
}

static int layer_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)n, "%s", path) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int layer_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return microseconds;
}

static int layer_time(sqlite3_vfs *vfs, double *now)
{
    (void)vfs;
    *now = 2461000.5;
    return SQLITE_OK;
}

static int layer_random(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    return layer.real->xRandomness(layer.real, n, out);
}

void file_layer_start(struct world *world)
{
    layer.world = world;
    layer.real = sqlite3_vfs_find("unix");
    check(layer.real != NULL);
    layer.vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = sizeof(struct open_file),
        .mxPathname = PATH_BYTES,
        .zName = "simulated",
        .xOpen = layer_open,
        .xDelete = layer_delete,
        .xAccess = layer_access,
        .xFullPathname = layer_full_path,
        .xRandomness = layer_random,
        .xSleep = layer_sleep,
        .xCurrentTime = layer_time,
    };
    check(sqlite3_vfs_register(&layer.vfs, 1) == SQLITE_OK);
}

void file_layer_stop(void)
{
    check(sqlite3_vfs_unregister(&layer.vfs) == SQLITE_OK);
    check(sqlite3_vfs_register(layer.real, 1) == SQLITE_OK);
    while (layer.files) {
        struct stored *gone = layer.files;
        layer.files = gone->next;
        changes_drop(gone);
        free(gone->changes);
        free(gone->now.bytes);
        free(gone->durable.bytes);
        free(gone);
    }
    while (layer.troubles) {
        struct trouble *gone = layer.troubles;
        layer.troubles = gone->next;
        free(gone);
    }
}
