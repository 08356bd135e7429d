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

enum { SHARE = 8 };

static struct trial trial;
static struct loop loop = {.trial = &trial, .what = "memory"};

/* What lives on when everything is closed: SQLCipher's own, and nothing of a try. */
static size_t live_at_rest;

static void everything_closes(const struct scene *scene)
{
    server_end(&trial);
    for (size_t i = 0; i < DESKS; i++) desk_close(&trial, i);
    if (memory_live() > live_at_rest) {
        trial_wrong(&trial, "%zu blocks are never given back", memory_live() - live_at_rest);
        if (loop.broken == 0) LEAKS_TELL();
        live_at_rest = memory_live();
    }
    (void)scene;
}

static void memory_try(const struct scene *scene, const struct before *before,
                       enum memory_side side, uint64_t n, bool lasting)
{
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    memory_arm(side, n, lasting);
    struct done done = scene_do(&trial, scene);
    (void)memory_disarm();
    if (!done.ok && scene->act != ACT_SYNC && done.fault != FAULT_MEMORY)
        trial_wrong(&trial, "the fault is not memory but %s", fault_name(done.fault));
    recover_living(&trial, scene, before, &done);
    everything_closes(scene);
}

static void memory_row(const struct scene *scene, const struct before *before,
                       enum memory_side side, bool lasting)
{
    const char *how = side == MEMORY_SERVER ? "server, allocation"
                      : lasting             ? "client, all from allocation"
                                            : "client, allocation";
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    memory_arm(side, 0, false);
    (void)scene_do(&trial, scene);
    uint64_t total = memory_disarm();
    everything_closes(scene);
    uint64_t step = loop_step(total, SHARE);
    loop.points += total;
    for (uint64_t n = loop_first(step, scene); n <= total; n += step) {
        memory_try(scene, before, side, n, lasting);
        loop_tell(&loop, scene, how, n);
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
        memory_row(scene, &before, MEMORY_CLIENT, false);
        memory_row(scene, &before, MEMORY_CLIENT, true);
        if (scene->act == ACT_SYNC) memory_row(scene, &before, MEMORY_SERVER, false);
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
