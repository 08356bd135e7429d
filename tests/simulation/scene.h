/* scene.h - a calm world in which a script says what happens: who does what, what breaks and when.
 *
 * Both production cores, network, store and oracle are those of the seeds; the seed still draws
 * delays. Laptops 0 to 4 are of the five people below. */
#ifndef SLUICE_TESTS_SIMULATION_SCENE_H
#define SLUICE_TESTS_SIMULATION_SCENE_H

#include "tests/simulation/acts_inside.h"
#include "tests/simulation/world.h"

enum { OLGA, MAX, ANNA, BEN, CLEO }; /* owner, manager, three reps */

struct scene {
    struct world world;
    struct arena arena; /* what was looked at */
    struct act act;     /* what is being made */
    bool skewed;        /* clocks are wrong */
    char note[1024];    /* what came of it, for comparing two runs */
};

struct scenario {
    unsigned number; /* of the thirty; 0: a spare one */
    const char *name, *claim;
    void (*play)(struct scene *scene);
    size_t servers;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* Plays it from the seed, lets everything heal and asks the oracle. hash may be NULL. */
bool scenario_run(const struct scenario *scenario, const struct world_options *options,
                  uint64_t *hash);
/* The same, and the note it made. */
bool scenario_told(const struct scenario *scenario, const struct world_options *options,
                   uint64_t *hash, char note[1024]);

/* --- time and circumstances --- */
void scene_pass(struct scene *scene, uint64_t ms);
/* Until everybody who is not away has all, and has said all. */
void scene_settle(struct scene *scene);
void scene_away(struct scene *scene, size_t laptop);
void scene_back(struct scene *scene, size_t laptop);
/* It stays connected and does not read, until it does again. */
void scene_deaf(struct scene *scene, size_t laptop, bool deaf);
/* The wire of that laptop breaks now. */
void scene_cut(struct scene *scene, size_t laptop, bool silent);
/* Until the team has come to that seq; broken after an hour. */
void scene_until_seq(struct scene *scene, uint64_t seq);
/* All lids are closed for so many days. */
void scene_days(struct scene *scene, uint64_t days);
/* The laptop's program ends; what is on its disk stays. scene_back starts it again. */
void scene_shut(struct scene *scene, size_t laptop);
/* Another laptop of the same person, joined. */
size_t scene_laptop(struct scene *scene, size_t person);
/* The program starts anew, online, and tries that server first. */
void scene_prefer(struct scene *scene, size_t laptop, size_t server);
/* The definition as it stands, to be changed and given to scene_define. */
struct definition *scene_definition(struct scene *scene);
void scene_define(struct scene *scene, struct definition *definition);
struct stage *scene_stage(struct definition *definition, const char *key);
/* The stage asks for that too. */
void scene_gate(struct scene *scene, struct definition *definition, const char *stage,
                const char *requirement);

/* --- doing: all is durable on that laptop, or it is broken --- */
struct act *scene_begin(struct scene *scene, size_t laptop, enum mutation_kind kind,
                        enum entity_kind entity, struct uuid target);
struct uuid scene_submit(struct scene *scene); /* the mutation */
struct uuid scene_force(struct scene *scene);  /* the same past the laptop's own rules */
struct uuid scene_organisation(struct scene *scene, size_t laptop, const char *name);
/* With an organisation of its own, so that it may move; in its first stage. */
struct uuid scene_deal(struct scene *scene, size_t laptop, const char *title);
struct uuid scene_edit(struct scene *scene, size_t laptop, struct uuid deal, const char *field,
                       const char *text);
struct uuid scene_value(struct scene *scene, size_t laptop, struct uuid deal, int64_t value);
struct uuid scene_move(struct scene *scene, size_t laptop, struct uuid deal, const char *stage);
struct uuid scene_delete(struct scene *scene, size_t laptop, struct uuid deal);
struct uuid scene_log(struct scene *scene, size_t laptop, struct uuid deal, const char *text);
/* A parked mutation once more, on what stands now; more may be added before scene_submit. */
struct act *scene_again(struct scene *scene, size_t laptop, const struct inbox_item *item);
struct uuid scene_discard(struct scene *scene, size_t laptop, const struct inbox_item *item);
/* A conflict ends with one's own value. */
struct uuid scene_mine(struct scene *scene, size_t laptop, const struct inbox_item *item);

/* --- looking --- */
const struct deal *scene_shown(struct scene *scene, size_t laptop, struct uuid deal); /* or NULL */
const struct deal *scene_stands(struct scene *scene, struct uuid deal); /* or NULL */
/* OUTCOME_NONE: not answered. */
enum outcome_kind scene_outcome(struct scene *scene, struct uuid mutation);
/* How often the server answered it, and how many rows it changed. */
size_t scene_answers(struct scene *scene, struct uuid mutation);
/* The item of that mutation on that laptop, open or not; NULL: none. */
const struct inbox_item *scene_item(struct scene *scene, size_t laptop, struct uuid mutation);
/* Conflicts and parked ones. */
size_t scene_items_open(struct scene *scene, size_t laptop);
size_t scene_pending(struct scene *scene, size_t laptop);
struct identity scene_identity(struct scene *scene, size_t laptop);
bool scene_reason_has(const struct inbox_item *item, const char *words);

void scene_expect(struct scene *scene, bool holds, const char *what, const char *file, int line);
#define EXPECT(scene, condition) scene_expect(scene, condition, #condition, __FILE__, __LINE__)

#endif
