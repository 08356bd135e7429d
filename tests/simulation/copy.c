/* copy.c - see copy.h. */
#define _GNU_SOURCE /* mkdtemp */
#include "tests/simulation/world.h"
#include "tests/simulation/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/edge/replica_file.h"
#include "common/base/check.h"
#include "tests/simulation/file_layer.h"
#include "tests/support/replica_memory.h"

#include "common/base/banned.h"

/* replica_file makes and looks for its file by name before SQLite does: an empty one stands there. */
static void path_next(struct world *world, struct copy *copy)
{
    check(snprintf(copy->path, sizeof copy->path, "%s/%zu", world->folder, world->file_count++) <
          (int)sizeof copy->path);
}

void copies_start(struct world *world)
{
    if (!world->options.files) return;
    const char *base = getenv("TMPDIR");
    check(snprintf(world->folder, sizeof world->folder, "%s/sluice-sim.XXXXXX",
                   base ? base : "/tmp") < (int)sizeof world->folder);
    check(mkdtemp(world->folder) != NULL);
    file_layer_start(world);
}

void copies_stop(struct world *world)
{
    if (!world->options.files) return;
    struct copy copy;
    size_t count = world->file_count;
    world->file_count = 0;
    while (world->file_count < count) {
        path_next(world, &copy);
        unlink(copy.path);
    }
    rmdir(world->folder);
    file_layer_stop();
}

void copy_create(struct world *world, struct copy *copy)
{
    *copy = (struct copy){.replica = NULL};
    if (!world->options.files) {
        copy->replica = replica_memory_open();
        check(copy->replica != NULL);
        return;
    }
    struct secret32 device;
    random_bytes(&world->random, copy->key.b, sizeof copy->key.b);
    random_bytes(&world->random, device.b, sizeof device.b);
    path_next(world, copy);
    check(replica_file_create(copy->path, &copy->key, &device, &copy->replica) == FAULT_NONE);
}

void copy_duplicate(struct world *world, const struct copy *from, struct copy *to, bool scratch)
{
    *to = (struct copy){.key = from->key};
    if (!world->options.files) {
        to->replica = replica_memory_copy(from->replica);
        check(to->replica != NULL);
        return;
    }
    if (scratch && world->scratch.path[0]) {
        memcpy(to->path, world->scratch.path, sizeof to->path);
    } else {
        path_next(world, to);
        FILE *stands = fopen(to->path, "w");
        check(stands != NULL);
        fclose(stands);
        if (scratch) memcpy(world->scratch.path, to->path, sizeof to->path);
    }
    file_layer_copy(from->path, to->path);
    enum fault fault = replica_file_open(to->path, &to->key, &to->replica);
    if (fault) {
        world_fail(world, "a copied file cannot be opened: %s", fault_name(fault));
        copy_create(world, to);
    }
}

void copy_close(struct copy *copy)
{
    if (copy->replica) copy->replica->f->close(copy->replica);
    copy->replica = NULL;
}

void copy_reopen(struct world *world, struct copy *copy, bool power)
{
    if (!world->options.files) return;
    copy_close(copy);
    file_layer_restart(copy->path, power);
    enum fault fault = replica_file_open(copy->path, &copy->key, &copy->replica);
    if (!fault) fault = replica_file_verify(copy->replica);
    if (!fault) return;
    world_fail(world, "the file is not readable after a %s: %s", power ? "power cut" : "crash",
               fault_name(fault));
    copy_close(copy);
    copy_create(world, copy);
}
