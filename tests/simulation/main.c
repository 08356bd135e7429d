/* main.c - sluice-sim: runs seeds of the simulated world, or tells the story of one.
 *
 * Last line of each seed: "seed SEED: N steps, HASH, ok". Exit 1 when an invariant broke, or when a
 * campaign of many seeds never met one of the things it is to meet. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/simulation/world.h"

#include "common/base/banned.h"

enum {
    TWICE_EVERY = 20, /* of so many seeds one runs twice */
    MARKS_FROM = 100, /* a campaign of so many seeds has to meet every mark */
};

/* For last words: what runs now. */
static struct world *current;

static int usage(FILE *out, int code)
{
    fputs("usage: sluice-sim SEED [--story] [--plant BUG] [--files]\n"
          "       sluice-sim --seeds FROM..TO [--plant BUG] [--files] [--until-broken]\n"
          "       sluice-sim --regressions FILE     a seed a line, # begins a remark\n"
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
               ", %zu merged, %zu conflicts, %zu parked, %zu repeated, %zu stage events\n",
               options->seed, oracle->promise_count, world->laptop_count, oracle->seq,
               oracle->merged, oracle->conflicts, oracle->parked, oracle->repeated,
               oracle->stages);
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
    *out = strtoull(text, end, 10);
    return *end != text;
}

static bool seeds_run(struct campaign *campaign, const char *range)
{
    uint64_t from, to;
    char *end;
    if (!number_read(range, &end, &from) || strncmp(end, "..", 2) != 0) return false;
    if (!number_read(end + 2, &end, &to) || *end) return false;
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
        if (all && missed > 0) return 1;
    }
    return campaign->broken > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct campaign campaign = {.seeds = 0};
    const char *seed = NULL, *seeds = NULL, *regressions = NULL;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--story") == 0) {
            campaign.options.story = true;
        } else if (strcmp(argv[i], "--files") == 0) {
            campaign.options.files = true;
        } else if (strcmp(argv[i], "--until-broken") == 0) {
            campaign.until_broken = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && value) {
            seeds = argv[++i];
        } else if (strcmp(argv[i], "--regressions") == 0 && value) {
            regressions = argv[++i];
        } else if (strcmp(argv[i], "--plant") == 0 && value) {
            if (strcmp(value, "help") == 0) return plants_tell();
            campaign.options.plant = plant_named(argv[++i]);
            if (!campaign.options.plant) return usage(stderr, 2);
        } else if (strcmp(argv[i], "--help") == 0) {
            return usage(stdout, 0);
        } else if (!seed && argv[i][0] != '-') {
            seed = argv[i];
        } else {
            return usage(stderr, 2);
        }
    }
    if (sodium_init() < 0) return 1;
    signal(SIGABRT, last_words); /* of check(), and of a sanitizer told to end so */
    char *end;
    uint64_t one;
    bool good = false;
    if (seeds) {
        good = seeds_run(&campaign, seeds);
    } else if (regressions) {
        good = regressions_run(&campaign, regressions);
    } else if (seed && number_read(seed, &end, &one) && !*end) {
        seed_run(&campaign, one);
        good = true;
    }
    return good ? campaign_end(&campaign) : usage(stderr, 2);
}
