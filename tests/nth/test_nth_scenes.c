/* test_nth_scenes.c - every scene goes through when nothing is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/nth/scene.h"

static struct trial trial;

static void every_scene_goes_through(void **state)
{
    (void)state;
    size_t broken = 0;
    trial_begin(&trial, NULL);
    scene_base(&trial);
    if (trial.problem[0]) fail_msg("the team: %s", trial.problem);
    for (size_t i = 0; i < scene_count; i++) {
        const struct scene *scene = &scenes[i];
        scene_begin(&trial, scene, true);
        scene_ready(&trial, scene);
        struct done done = scene_do(&trial, scene);
        if (!done.ok) trial_wrong(&trial, "%s: %s", fault_name(done.fault), done.text);
        if (scene->act != ACT_CREATE) audit_copy(&trial, scene->who);
        if (scene->act == ACT_SYNC && !scene->refused) audit_server(&trial, scene->who);
        printf("%s %s: %s %s\n", trial.problem[0] ? "BROKEN" : "ok    ", scene->name, done.text,
               trial.problem);
        broken += trial.problem[0] != '\0';
    }
    trial_end(&trial);
    assert_int_equal(broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_scene_goes_through)};
    if (sodium_init() < 0) return 1;
    memory_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
