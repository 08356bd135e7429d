/* main.c - sluice-sim: runs seeds of the simulated world, or tells the story of one.
 *
 * Last line of each seed: "seed SEED: N steps, HASH, ok". Exit 1 when an invariant broke, or when a
 * campaign of many seeds never met one of the things it is to meet. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/simulation/scene.h"

#include "common/base/banned.h"

enum {
    TWICE_EVERY = 20, /* of so many seeds one runs twice */
    RARE_MARKS_FROM = 1000, /* ... the rare ones too */
    MARKS_FROM = 100, /* a campaign of so many seeds has to meet every mark */
};

/* For last words: what runs now. */
static struct world *current;

static int usage(FILE *out, int code)
{
    fputs("usage: sluice-sim SEED [--story] [--plant BUG] [--files]\n"
          "       sluice-sim --seeds FROM..TO [--plant BUG] [--files] [--until-broken]\n"
          "       sluice-sim --regressions FILE     a seed a line, # begins a remark\n"
          "       sluice-sim --scenarios [NAME] [--seeds FROM..TO] [--files] [--story]\n"
          "       sluice-sim --plant help           the bugs that can be planted\n",
          out);
    return code;
}

/* A crash of the code under test is a finding like any other: which seed, and what led to it. */
static void last_words(int signal_number)
{
    if (current) {
        printf("seed %" PRIu64 ": BROKEN at step %" PRIu64
               ", the program ends with signal %d; what happened last:\n",
               current->options.seed, current->steps, signal_number);
        chronicle_print(&current->chronicle);
        fflush(stdout);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

struct campaign {
    struct world_options options;
    bool until_broken;
    struct marks marks;
    uint64_t seeds, broken;
};

/* One run; its hash. */
static bool world_once(struct campaign *campaign, const struct world_options *options, bool tell,
                       uint64_t *hash)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world) return false;
    current = world;
    bool ok = world_run(world, options);
    const struct oracle *oracle = &world->oracle;
    if (ok && tell && options->story) {
        printf("seed %" PRIu64 ": %zu mutations of %zu laptops, seq %" PRIu64
               ", %zu merged, %zu conflicts, %zu parked, %zu repeated, %zu stage events, "
               "%zu judged (%zu in part)\n",
               options->seed, oracle->promise_count, world->laptop_count, oracle->seq,
               oracle->merged, oracle->conflicts, oracle->parked, oracle->repeated,
               oracle->stages, oracle->judged, oracle->unsure);
    }
    *hash = world->hash;
    if (tell) {
        marks_add(&campaign->marks, &world->marks);
        printf("seed %" PRIu64 ": %" PRIu64 " steps, %016" PRIx64 ", %s\n", options->seed,
               world->steps, world->hash, ok ? "ok" : "BROKEN");
        fflush(stdout);
    }
    current = NULL;
    world_finish_all(world);
    free(world);
    return ok;
}

static void seed_run(struct campaign *campaign, uint64_t seed)
{
    struct world_options options = campaign->options;
    options.seed = seed;
    uint64_t hash, again;
    bool ok = world_once(campaign, &options, true, &hash);
    options.story = false;
    if (ok && seed % TWICE_EVERY == 0 &&
        (!world_once(campaign, &options, false, &again) || again != hash)) {
        printf("seed %" PRIu64 ": BROKEN, a second run of it went another way\n", seed);
        ok = false;
    }
    campaign->seeds++;
    campaign->broken += !ok;
}

static bool number_read(const char *text, char **end, uint64_t *out)
{
    errno = 0;
    *out = strtoull(text, end, 10);
    return *end != text && errno == 0 && *text != '-';
}

static bool range_read(const char *range, uint64_t *from, uint64_t *to)
{
    char *end;
    if (!number_read(range, &end, from) || strncmp(end, "..", 2) != 0) return false;
    return number_read(end + 2, &end, to) && !*end && *from <= *to;
}

static bool seeds_run(struct campaign *campaign, const char *range)
{
    uint64_t from, to;
    if (!range_read(range, &from, &to)) return false;
    for (uint64_t seed = from; seed <= to; seed++) {
        seed_run(campaign, seed);
        if (campaign->until_broken && campaign->broken > 0) break;
    }
    return true;
}

static bool regressions_run(struct campaign *campaign, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    char line[512], *end;
    while (fgets(line, sizeof line, file)) {
        uint64_t seed;
        if (!number_read(line, &end, &seed)) continue;
        campaign->options.files = strstr(line, "--files") != NULL;
        seed_run(campaign, seed);
    }
    fclose(file);
    return true;
}

/* --- scripted runs --- */

static bool scenario_twice(const struct scenario *scenario, const struct world_options *options)
{
    uint64_t hash, again;
    struct world_options silent = *options;
    silent.story = false;
    if (!scenario_run(scenario, options, &hash)) return false;
    if (options->seed % TWICE_EVERY != 1) return true;
    if (scenario_run(scenario, &silent, &again) && again == hash) return true;
    printf("BROKEN, a second run of it went another way\n");
    return false;
}

/* Exit status: 0 when there is such a scenario and all held. */
static int scenarios_run(const struct world_options *options, const char *name, uint64_t from,
                         uint64_t to)
{
    size_t played = 0, broken = 0;
    for (size_t i = 0; i < scenario_count; i++) {
        const struct scenario *scenario = &scenarios[i];
        bool ok = true;
        if (name && strcmp(name, scenario->name) != 0) continue;
        for (uint64_t seed = from; seed <= to && ok; seed++) {
            struct world_options one = *options;
            one.seed = seed;
            ok = scenario_twice(scenario, &one);
        }
        played++;
        broken += !ok;
        if (scenario->number > 0)
            printf("scenario %u", scenario->number);
        else
            printf("spare scenario");
        printf(" %s: %s: %s\n", scenario->name, scenario->claim, ok ? "ok" : "BROKEN");
        fflush(stdout);
    }
    printf("%zu scenarios, %zu broken\n", played, broken);
    return played > 0 && broken == 0 ? 0 : 1;
}

static int plants_tell(void)
{
    for (int i = 1; i < PLANT_COUNT; i++)
        printf("%-20s %s\n", plant_name((enum plant)i), plant_text((enum plant)i));
    return 0;
}

static int campaign_end(const struct campaign *campaign)
{
    if (campaign->seeds > 1) {
        size_t missed = marks_print(&campaign->marks);
        printf("%" PRIu64 " seeds, %" PRIu64 " broken, %zu of %d marks missed\n", campaign->seeds,
               campaign->broken, missed, MARK_COUNT);
        bool all = campaign->seeds >= MARKS_FROM && !campaign->options.plant;
        bool rare = campaign->seeds >= RARE_MARKS_FROM;
        if (all && !marks_met(&campaign->marks, rare)) return 1;
    }
    return campaign->broken > 0 ? 1 : 0;
}

struct wishes {
    struct campaign campaign;
    const char *name, *seeds, *regressions; /* name: a seed, or a scenario */
    bool scenarios, help, plants;
};

/* False: not understood. */
static bool wishes_read(struct wishes *wishes, int argc, char **argv)
{
    struct world_options *options = &wishes->campaign.options;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--story") == 0) {
            options->story = true;
        } else if (strcmp(argv[i], "--files") == 0) {
            options->files = true;
        } else if (strcmp(argv[i], "--until-broken") == 0) {
            wishes->campaign.until_broken = true;
        } else if (strcmp(argv[i], "--scenarios") == 0) {
            wishes->scenarios = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && value) {
            wishes->seeds = argv[++i];
        } else if (strcmp(argv[i], "--regressions") == 0 && value) {
            wishes->regressions = argv[++i];
        } else if (strcmp(argv[i], "--plant") == 0 && value) {
            wishes->plants = strcmp(value, "help") == 0;
            options->plant = plant_named(argv[++i]);
            if (!options->plant && !wishes->plants) return false;
        } else if (strcmp(argv[i], "--help") == 0) {
            wishes->help = true;
        } else if (!wishes->name && argv[i][0] != '-') {
            wishes->name = argv[i];
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct wishes wishes = {.name = NULL};
    struct campaign *campaign = &wishes.campaign;
    if (!wishes_read(&wishes, argc, argv)) return usage(stderr, 2);
    if (wishes.help) return usage(stdout, 0);
    if (wishes.plants) return plants_tell();
    if (sodium_init() < 0) return 1;
    signal(SIGABRT, last_words); /* of check(), and of a sanitizer told to end so */
    char *end;
    uint64_t one = 1, to = 1;
    bool good = false;
    if (wishes.scenarios) {
        if (wishes.seeds && !range_read(wishes.seeds, &one, &to)) return usage(stderr, 2);
        return scenarios_run(&campaign->options, wishes.name, one, to);
    }
    if (wishes.seeds) {
        good = seeds_run(campaign, wishes.seeds);
    } else if (wishes.regressions) {
        good = regressions_run(campaign, wishes.regressions);
    } else if (wishes.name && number_read(wishes.name, &end, &one) && !*end) {
        seed_run(campaign, one);
        good = true;
    }
    return good ? campaign_end(campaign) : usage(stderr, 2);
}
