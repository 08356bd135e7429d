/* test_nth_wire.c - the connection is cut after the N-th byte, this way or that, and both sides
 * hear of it or neither does. By itself, without anybody's help, everything arrives, once.
 *
 * Scenario 24: a cut at every byte of what is pushed, and half-open connections: the deadlines of
 * both sides end them, and the next attempt heals (settle within an hour of virtual time; a
 * keepalive interval and a back-off are minutes). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/nth/loop.h"

enum { SHARE = 15 };

static struct trial trial;
static struct loop loop = {.trial = &trial, .what = "wire"};

static const char *const how[WIRE_WAYS][2] = {
    [WIRE_TO_SERVER] = {"cut towards the server at byte", "half open from the server's side at byte"},
    [WIRE_TO_CLIENT] = {"cut towards the client at byte", "half open from the client's side at byte"},
};

static void wire_try(const struct scene *scene, const struct before *before, enum wire_way way,
                     bool silent, uint64_t n)
{
    scene_begin(&trial, scene, false);
    scene_ready(&trial, scene);
    trial.wire =
        (struct wire){.way = way, .armed = true, .silent = silent, .cut_at = n};
    struct done done = scene_do(&trial, scene);
    if (!trial.wire.struck) trial_wrong(&trial, "that byte was never sent");
    recover_living(&trial, scene, before, &done);
}

static void wire_row(const struct scene *scene, const struct before *before, enum wire_way way,
                     uint64_t total)
{
    uint64_t step = loop_step(total, SHARE);
    for (int silent = 0; silent < 2; silent++) {
        if (!loop_wants_row(how[way][silent])) continue;
        loop.points += total;
        for (uint64_t n = loop_first(step, scene); n <= total; n += step) {
            wire_try(scene, before, way, silent, n);
            loop_tell(&loop, scene, how[way][silent], n);
        }
    }
}

static void a_broken_wire_is_survived(void **state)
{
    (void)state;
    loop_begin(&loop);
    for (size_t i = 0; i < scene_count; i++) {
        const struct scene *scene = &scenes[i];
        if (!loop_wants(scene) || scene->act != ACT_SYNC) continue;
        struct before before = loop_measure(&loop, scene);
        scene_begin(&trial, scene, false);
        scene_ready(&trial, scene);
        (void)scene_do(&trial, scene);
        const struct wire quiet = trial.wire;
        wire_row(scene, &before, WIRE_TO_SERVER, quiet.bytes[WIRE_TO_SERVER]);
        wire_row(scene, &before, WIRE_TO_CLIENT, quiet.bytes[WIRE_TO_CLIENT]);
    }
    loop_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_broken_wire_is_survived)};
    if (sodium_init() < 0) return 1;
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
