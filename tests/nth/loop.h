/* loop.h - a point of failure after another: how many there are is counted first, then each is
 * struck in turn. In an ordinary run only so many of each row, spread by a prime step;
 * SLUICE_NTH=500 says how many, SLUICE_NTH=all every one. */
#ifndef SLUICE_TESTS_NTH_LOOP_H
#define SLUICE_TESTS_NTH_LOOP_H

#include "tests/nth/scene.h"

struct loop {
    struct trial *trial;
    const char *what; /* "memory" */
    const struct database *database;
    size_t scenes, broken;
    uint64_t points, tried;
};

/* The step from one point to the next. `share`: how many of this row are tried in an ordinary run. */
uint64_t loop_step(uint64_t total, uint64_t share);
/* Where to begin: not every scene with its first ones. */
uint64_t loop_first(uint64_t step, const struct scene *scene);
/* SLUICE_NTH_SCENE: only scenes whose names have these words. */
bool loop_wants(const struct scene *scene);
/* SLUICE_NTH_HOW: only rows whose names have these words. */
bool loop_wants_row(const char *how);
/* Makes the team. */
void loop_begin(struct loop *loop);
/* What came of one try; says it when something was wrong. */
void loop_tell(struct loop *loop, const struct scene *scene, const char *how, uint64_t n);
/* --- recover.c: after the fault the same thing is done again, and all must be well --- */

struct before { /* how it was before, and how it is when nothing goes wrong */
    struct entries entries;
    size_t adds; /* mutations that the scene makes */
    struct done done;
};

/* Runs the scene without a fault. */
struct before recover_measure(struct trial *trial, const struct scene *scene);
/* The process lives: what it said is true, doing it again works, and the copy is well. */
void recover_living(struct trial *trial, const struct scene *scene, const struct before *before,
                    const struct done *done);
/* The process has died and its successor has opened the copy. */
void recover_dead(struct trial *trial, const struct scene *scene, const struct before *before,
                  const struct done *done);

/* --- again loop.c --- */

/* The scene without a fault. Fails the test when that does not go well. */
struct before loop_measure(struct loop *loop, const struct scene *scene);
/* What was done, and fails the test if anything was wrong. */
void loop_end(struct loop *loop);

#endif
