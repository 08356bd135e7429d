/* layer.c - see layer.h. */
#include "tests/nth/layer.h"

#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "common/base/check.h"
#include "tests/nth/memory.h"

#include "common/base/banned.h"

enum operation { READ = 1, WRITE = 2, CUT = 4, SYNC = 8 };

static struct {
    sqlite3_vfs vfs, *inner;
    enum layer_trouble trouble;
    uint64_t count, strike_at;
    bool struck;
} layer;

struct outer_file {
    sqlite3_file base;
    sqlite3_file *inner;
};

static unsigned counted(enum layer_trouble trouble)
{
    switch (trouble) {
    case LAYER_NONE: return 0;
    case LAYER_READ: return READ;
    case LAYER_WRITE: return WRITE | CUT;
    case LAYER_SHORT:
    case LAYER_FULL: return WRITE;
    case LAYER_SYNC: return SYNC;
    case LAYER_KILL:
    case LAYER_POWER: return WRITE | CUT | SYNC;
    case LAYER_TROUBLES: break;
    }
    bug("layer_trouble", __FILE__, __LINE__);
}

/* What this operation comes to. */
static enum layer_trouble strike(enum operation operation)
{
    enum layer_trouble trouble = layer.trouble;
    if (!(counted(trouble) & operation)) return LAYER_NONE;
    layer.count++;
    bool lasts = trouble == LAYER_FULL || trouble == LAYER_KILL || trouble == LAYER_POWER;
    if (layer.strike_at == 0 || layer.count < layer.strike_at) return LAYER_NONE;
    if (layer.count > layer.strike_at && !lasts) return LAYER_NONE;
    layer.struck = true;
    return trouble;
}

#define INNER (((struct outer_file *)(void *)file)->inner)

/* The layer below allocates for itself. */
#define BELOW(call)                                                                                \
    enum memory_side side = memory_enter(MEMORY_TEST);                                             \
    int code = (call);                                                                             \
    memory_enter(side);                                                                            \
    return code

static int outer_close(sqlite3_file *file)
{
    BELOW(INNER->pMethods ? INNER->pMethods->xClose(INNER) : SQLITE_OK);
}

static int outer_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
    if (strike(READ)) return SQLITE_IOERR_READ;
    BELOW(INNER->pMethods->xRead(INNER, out, n, at));
}

static int inner_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    BELOW(INNER->pMethods->xWrite(INNER, bytes, n, at));
}

static int outer_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    switch (strike(WRITE)) {
    case LAYER_NONE: return inner_write(file, bytes, n, at);
    case LAYER_FULL: return SQLITE_FULL;
    case LAYER_SHORT:
        if (n > 1) check(inner_write(file, bytes, n / 2, at) == SQLITE_OK);
        return SQLITE_IOERR_WRITE;
    default: return SQLITE_IOERR_WRITE;
    }
}

static int outer_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (strike(CUT)) return SQLITE_IOERR_TRUNCATE;
    BELOW(INNER->pMethods->xTruncate(INNER, size));
}

static int outer_sync(sqlite3_file *file, int flags)
{
    if (strike(SYNC)) return SQLITE_IOERR_FSYNC;
    BELOW(INNER->pMethods->xSync(INNER, flags));
}

static int outer_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return INNER->pMethods->xFileSize(INNER, size);
}

static int outer_lock(sqlite3_file *file, int level)
{
    return INNER->pMethods->xLock(INNER, level);
}

static int outer_unlock(sqlite3_file *file, int level)
{
    return INNER->pMethods->xUnlock(INNER, level);
}

static int outer_check_lock(sqlite3_file *file, int *taken)
{
    return INNER->pMethods->xCheckReservedLock(INNER, taken);
}

static int outer_control(sqlite3_file *file, int what, void *argument)
{
    return INNER->pMethods->xFileControl(INNER, what, argument);
}

static int outer_sector_size(sqlite3_file *file)
{
    return INNER->pMethods->xSectorSize(INNER);
}

static int outer_promises(sqlite3_file *file)
{
    return INNER->pMethods->xDeviceCharacteristics(INNER);
}

static const sqlite3_io_methods outer_methods = {
    .iVersion = 1,
    .xClose = outer_close,
    .xRead = outer_read,
    .xWrite = outer_write,
    .xTruncate = outer_truncate,
    .xSync = outer_sync,
    .xFileSize = outer_size,
    .xLock = outer_lock,
    .xUnlock = outer_unlock,
    .xCheckReservedLock = outer_check_lock,
    .xFileControl = outer_control,
    .xSectorSize = outer_sector_size,
    .xDeviceCharacteristics = outer_promises,
};

static int outer_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    struct outer_file *outer = (struct outer_file *)(void *)file;
    outer->base.pMethods = NULL;
    outer->inner = (sqlite3_file *)(void *)(outer + 1);
    enum memory_side side = memory_enter(MEMORY_TEST);
    int code = layer.inner->xOpen(layer.inner, path, outer->inner, flags, out);
    memory_enter(side);
    if (code == SQLITE_OK) outer->base.pMethods = &outer_methods;
    return code;
}

static int outer_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    if (strike(CUT)) return SQLITE_IOERR_DELETE;
    BELOW(layer.inner->xDelete(layer.inner, path, sync_folder));
}

static int outer_access(sqlite3_vfs *vfs, const char *path, int what, int *out)
{
    (void)vfs;
    BELOW(layer.inner->xAccess(layer.inner, path, what, out));
}

static int outer_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out)
{
    (void)vfs;
    BELOW(layer.inner->xFullPathname(layer.inner, path, n, out));
}

static int outer_random(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    return layer.inner->xRandomness(layer.inner, n, out);
}

static int outer_sleep(sqlite3_vfs *vfs, int microseconds)
{
    (void)vfs;
    return layer.inner->xSleep(layer.inner, microseconds);
}

static int outer_time(sqlite3_vfs *vfs, double *now)
{
    (void)vfs;
    return layer.inner->xCurrentTime(layer.inner, now);
}

void layer_start(void)
{
    layer.inner = sqlite3_vfs_find("simulated");
    check(layer.inner != NULL);
    layer.vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct outer_file) + layer.inner->szOsFile,
        .mxPathname = layer.inner->mxPathname,
        .zName = "counted",
        .xOpen = outer_open,
        .xDelete = outer_delete,
        .xAccess = outer_access,
        .xFullPathname = outer_full_path,
        .xRandomness = outer_random,
        .xSleep = outer_sleep,
        .xCurrentTime = outer_time,
    };
    check(sqlite3_vfs_register(&layer.vfs, 1) == SQLITE_OK);
}

void layer_stop(void)
{
    check(sqlite3_vfs_unregister(&layer.vfs) == SQLITE_OK);
    check(sqlite3_vfs_register(layer.inner, 1) == SQLITE_OK);
}

void layer_arm(enum layer_trouble trouble, uint64_t n)
{
    layer.trouble = trouble;
    layer.strike_at = n;
    layer.count = 0;
    layer.struck = false;
}

uint64_t layer_disarm(void)
{
    uint64_t count = layer.count;
    layer.trouble = LAYER_NONE;
    layer.strike_at = 0;
    return count;
}

bool layer_struck(void)
{
    return layer.struck;
}

const char *layer_trouble_name(enum layer_trouble trouble)
{
    static const char *const names[LAYER_TROUBLES] = {
        [LAYER_NONE] = "nothing",      [LAYER_READ] = "read",      [LAYER_WRITE] = "write",
        [LAYER_SHORT] = "short write", [LAYER_FULL] = "full disk", [LAYER_SYNC] = "sync",
        [LAYER_KILL] = "kill",         [LAYER_POWER] = "power cut"};
    return names[trouble];
}
