/* test_nth_disk.c - the N-th read, write or sync of a copy fails, is cut short, finds the disk full;
 * the process is killed there, or the power goes. What was said to be done is there, what was said
 * to have failed is not there or is there whole, and everything reaches the server once.
 *
 * Scenario 5: killed between applying a delta and committing it: rows "kill" and "power cut" of the
 * scenes that exchange. Scenario 6: the power goes after a mutation was sent and before it was
 * durable: its number is never given to another payload (recover_dead adds another one, audit_server
 * compares payload hashes). Scenario 26: the disk is full, or fails, during an apply and during a
 * local edit: rows "full disk", "write", "short write" and "sync". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/nth/loop.h"

enum { SHARE = 3 };

static struct trial trial;
static struct loop loop = {.trial = &trial, .what = "disk"};

static bool kills(enum layer_trouble trouble)
{
    return trouble == LAYER_KILL || trouble == LAYER_POWER;
}

static void disk_try(const struct scene *scene, const struct before *before,
                     enum layer_trouble trouble, uint64_t n)
{
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    layer_arm(trouble, n);
    struct done done = scene_do(&trial, scene);
    (void)layer_disarm();
    if (!kills(trouble)) {
        recover_living(&trial, scene, before, &done);
        return;
    }
    if (!layer_struck()) trial_wrong(&trial, "it was not reached");
    desk_restart(&trial, scene->who, trouble == LAYER_POWER);
    recover_dead(&trial, scene, before, &done);
}

static void disk_row(const struct scene *scene, const struct before *before,
                     enum layer_trouble trouble)
{
    if (!loop_wants_row(layer_trouble_name(trouble))) return;
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    layer_arm(trouble, 0);
    (void)scene_do(&trial, scene);
    uint64_t total = layer_disarm(), step = loop_step(total, SHARE);
    loop.points += total;
    for (uint64_t n = loop_first(step, scene); n <= total; n += step) {
        disk_try(scene, before, trouble, n);
        loop_tell(&loop, scene, layer_trouble_name(trouble), n);
    }
}

static void a_failing_disk_is_survived(void **state)
{
    (void)state;
    loop_begin(&loop);
    for (size_t i = 0; i < scene_count; i++) {
        const struct scene *scene = &scenes[i];
        /* A copy that is half made is made again by whoever wanted it. */
        if (!loop_wants(scene) || scene->act == ACT_CREATE) continue;
        struct before before = loop_measure(&loop, scene);
        for (enum layer_trouble t = LAYER_READ; t < LAYER_TROUBLES; t++)
            disk_row(scene, &before, t);
    }
    loop_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_failing_disk_is_survived)};
    if (sodium_init() < 0) return 1;
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
