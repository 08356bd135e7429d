/* loop.c - see loop.h. */
#include "tests/nth/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/banned.h"

enum { TOLD_MAX = 40 };

static bool is_prime(uint64_t n)
{
    for (uint64_t i = 2; i * i <= n; i++) {
        if (n % i == 0) return false;
    }
    return n >= 2;
}

uint64_t loop_step(uint64_t total, uint64_t share)
{
    const char *wish = getenv("SLUICE_NTH");
    if (wish && strcmp(wish, "all") == 0) return 1;
    if (wish && *wish) share = strtoull(wish, NULL, 10);
    if (share == 0) share = 1;
    uint64_t step = total / share;
    if (step < 2) return 1;
    while (!is_prime(step)) step++;
    return step;
}

uint64_t loop_first(uint64_t step, const struct scene *scene)
{
    uint64_t hash = 0;
    for (const char *c = scene->name; *c; c++) hash = hash * 31 + (uint8_t)*c;
    return 1 + hash % step;
}

bool loop_wants(const struct scene *scene)
{
    const char *only = getenv("SLUICE_NTH_SCENE");
    return !only || strstr(scene->name, only);
}

bool loop_wants_row(const char *how)
{
    const char *only = getenv("SLUICE_NTH_HOW");
    return !only || strstr(how, only);
}

void loop_begin(struct loop *loop)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    trial_begin(loop->trial, loop->database);
    scene_base(loop->trial);
    if (loop->trial->problem[0]) fail_msg("the team: %s", loop->trial->problem);
}

struct before loop_measure(struct loop *loop, const struct scene *scene)
{
    struct before before = recover_measure(loop->trial, scene);
    if (loop->trial->problem[0]) fail_msg("%s: %s", scene->name, loop->trial->problem);
    loop->scenes++;
    return before;
}

void loop_tell(struct loop *loop, const struct scene *scene, const char *how, uint64_t n)
{
    loop->tried++;
    if (!loop->trial->problem[0]) return;
    loop->broken++;
    if (loop->broken <= TOLD_MAX)
        printf("%s, %s, %s %llu: %s\n", loop->what, scene->name, how, (unsigned long long)n,
               loop->trial->problem);
}

void loop_end(struct loop *loop)
{
    trial_end(loop->trial);
    printf("%s: %zu scenes, %llu points of failure, %llu of them struck, %zu survived badly\n",
           loop->what, loop->scenes, (unsigned long long)loop->points,
           (unsigned long long)loop->tried, loop->broken);
    assert_int_equal(loop->broken, 0);
    assert_true(loop->tried > 0);
}
