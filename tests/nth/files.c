/* files.c - see files.h. The file layer asks a simulated world for chance, and marks in it what it
 * did: this one has nothing else. */
#include "tests/nth/files.h"

#include <stdio.h>
#include <string.h>

#include <sqlcipher/sqlite3.h>

#include "common/base/check.h"
#include "tests/nth/layer.h"
#include "tests/simulation/copy.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

static struct world files;

void files_start(void)
{
    files.options.files = true;
    random_init_number(&files.random, 5);
    copies_start(&files);
    layer_start();
}

void files_stop(void)
{
    layer_stop();
    copies_stop(&files);
}

const char *files_folder(void)
{
    return files.folder;
}

void files_seed(uint64_t seed)
{
    random_init_number(&files.random, seed);
}

void files_remove(const char *path)
{
    sqlite3_vfs *disk = sqlite3_vfs_find("simulated");
    char journal[256];
    check(disk != NULL);
    check(snprintf(journal, sizeof journal, "%s-journal", path) < (int)sizeof journal);
    (void)disk->xDelete(disk, path, 0);
    (void)disk->xDelete(disk, journal, 0);
    (void)remove(path);
}

struct replica *files_duplicate(const char *path, const struct secret32 *key)
{
    struct copy from = {.key = *key}, to;
    check(strlen(path) < sizeof from.path);
    memcpy(from.path, path, strlen(path) + 1);
    copy_duplicate(&files, &from, &to, true);
    if (!files.failed) return to.replica;
    files.failed = false;
    copy_close(&to);
    return NULL;
}
