/* weather.c - see weather.h. */
#include "tests/simulation/world.h"

#include "common/base/banned.h"

static uint64_t likely(struct world *world, uint64_t most)
{
    uint64_t drawn = 1 + world_below(world, most);
    return world_chance(world, 500) ? drawn : 0;
}

/* A rarer guest: in one seed of so many. */
static uint64_t seldom(struct world *world, uint64_t one_in, uint64_t most)
{
    uint64_t drawn = 1 + world_below(world, most);
    return world_below(world, one_in) == 0 ? drawn : 0;
}

static void weather_draw_people(struct world *world, struct weather *weather)
{
    weather->imports = world_chance(world, 300);
    weather->invites = world_chance(world, 300);
    weather->corrects = world_chance(world, 300);
    weather->large_texts = world_chance(world, 100);
    weather->bursts = world_chance(world, 100);
}

/* From a stream of its own: what came later leaves to older seeds the weather they had. */
static void weather_draw_more(struct world *world, struct weather *weather)
{
    struct random more;
    random_init_number(&more, ~world->options.seed);
    bool some = random_below(&more, 10) < 7;
    weather->lead = some ? 20 + random_below(&more, 180) : 0;
    weather->deletions = some && random_below(&more, 2) == 0;
    weather->renames = some && random_below(&more, 3) == 0;
}

void weather_draw(struct world *world)
{
    static const uint64_t paces[] = {8, 24, 24, 60, 60, 60, 60, 60};
    struct weather *weather = &world->weather;
    *weather = (struct weather){
        .pace = paces[world_below(world, sizeof paces / sizeof paces[0])],
        .delay_ms_max = 1 + world_below(world, world_chance(world, 300) ? 3000 : 80),
        .cut = likely(world, 20),
        .half_open = likely(world, 400),
        .split = likely(world, 900),
        .tampered = seldom(world, 4, 10),
        .replayed = seldom(world, 4, 10),
        .store_failed = likely(world, 60),
        .store_stale = likely(world, 60),
        .store_unknown = likely(world, 80),
        .store_delay_ms_max = 1 + world_below(world, world_chance(world, 300) ? 2000 : 20),
        .page_rows = likely(world, 40),
        .hint_lost = likely(world, 900),
        .server_crash = likely(world, 100),
        .server_stop = likely(world, 150),
        .server_graceful = likely(world, 60),
        .restore_database = seldom(world, 4, 40),
        .failover = seldom(world, 4, 80),
        .laptop_crash = likely(world, 200),
        .laptop_torn = likely(world, 300),
        .laptop_away = likely(world, 400),
        .copy = likely(world, 40),
        .restore = likely(world, 60),
        .disk = likely(world, 300),
        .clock_jump = seldom(world, 3, 200),
        .sync_stop = likely(world, 150),
        .sync_once = likely(world, 150),
        .administration = likely(world, 100),
        .definition = seldom(world, 2, 80),
        .role = seldom(world, 3, 60),
        .removal = seldom(world, 3, 50),
        .revoke = seldom(world, 3, 30),
        .clocks_wrong = world_chance(world, 300),
    };
    if (world_chance(world, 20)) weather->pace = 1; /* long pings, long silences, little else */
    weather_draw_people(world, weather);
    weather_draw_more(world, weather);
    if (world->options.steady) weather->restore_database = weather->failover = 0;
}

void weather_clear(struct weather *weather)
{
    uint64_t page_rows = weather->page_rows;
    *weather = (struct weather){
        .pace = weather->pace, .delay_ms_max = 50, .store_delay_ms_max = 5, .page_rows = page_rows};
}
