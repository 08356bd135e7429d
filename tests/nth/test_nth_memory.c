/* test_nth_memory.c - the N-th allocation fails, once or from there on: of the client in every
 * scene, of the server in every scene that has one. What happens is survived: a fault comes out or
 * all goes well without it; nothing is left behind, no half state; done again, it works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/nth/loop.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define LEAKS_TELL() ((void)__lsan_do_recoverable_leak_check())
#else
#define LEAKS_TELL() ((void)0)
#endif

static struct trial trial;
static struct loop loop = {.trial = &trial, .what = "memory"};

/* What lives on when everything is closed: SQLCipher's own, and nothing of a try. */
static size_t live_at_rest;

static void everything_closes(void)
{
    server_end(&trial);
    for (size_t i = 0; i < DESKS; i++) desk_close(&trial, i);
    if (memory_live() > live_at_rest) {
        trial_wrong(&trial, "%zu blocks are never given back", memory_live() - live_at_rest);
        if (loop.broken == 0) LEAKS_TELL();
        live_at_rest = memory_live();
    }
}

struct row_of {
    const char *how;
    enum memory_side side;
    enum memory_asker asker;
    bool lasting;
    uint64_t share;
};

static const struct row_of rows[] = {
    {"client, own allocation", MEMORY_CLIENT, MEMORY_OURS, false, 30},
    {"client, allocation of SQLCipher", MEMORY_CLIENT, MEMORY_LIBRARY, false, 3},
    {"client, all from allocation", MEMORY_CLIENT, MEMORY_ANYBODY, true, 3},
    {"server, allocation", MEMORY_SERVER, MEMORY_ANYBODY, false, 50},
};

static void memory_try(const struct scene *scene, const struct before *before,
                       const struct row_of *row, uint64_t n)
{
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    memory_arm(row->side, row->asker, n, row->lasting);
    struct done done = scene_do(&trial, scene);
    (void)memory_disarm();
    if (!done.ok && scene->act != ACT_SYNC && done.fault != FAULT_MEMORY)
        trial_wrong(&trial, "the fault is not memory but %s", fault_name(done.fault));
    recover_living(&trial, scene, before, &done);
    everything_closes();
}

static void memory_row(const struct scene *scene, const struct before *before,
                       const struct row_of *row)
{
    if (row->side == MEMORY_SERVER && scene->act != ACT_SYNC) return;
    if (!loop_wants_row(row->how)) return;
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    memory_arm(row->side, row->asker, 0, false);
    (void)scene_do(&trial, scene);
    uint64_t total = memory_disarm(), step = loop_step(total, row->share);
    everything_closes();
    loop.points += total;
    for (uint64_t n = loop_first(step, scene); n <= total; n += step) {
        memory_try(scene, before, row, n);
        loop_tell(&loop, scene, row->how, n);
    }
}

static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    loop_begin(&loop);
    live_at_rest = memory_live();
    for (size_t i = 0; i < scene_count; i++) {
        const struct scene *scene = &scenes[i];
        if (!loop_wants(scene)) continue;
        struct before before = loop_measure(&loop, scene);
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
            memory_row(scene, &before, &rows[k]);
    }
    loop_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(running_out_of_memory_is_survived)};
    if (sodium_init() < 0) return 1;
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
