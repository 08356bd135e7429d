/* actors.c - people at their laptops, and what happens to laptops and server.
 *
 * A person looks at what their copy shows and does one thing to it, online or not. What becomes
 * durable is told to the oracle; what the copy refuses is not. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/domain/field.h"
#include "tests/simulation/acts.h"

#include "common/base/banned.h"

static const uint64_t MINUTE_MS = 60000;
static const uint64_t DAY_MS = 86400000;

void actors_schedule(struct world *world)
{
    for (size_t i = 0; i < PERSONS; i++) {
        world_schedule(world, MINUTE_MS + world_below(world, 30 * MINUTE_MS), WORLD_ACT, i, 0);
    }
    world_schedule(world, 10 * MINUTE_MS, WORLD_FAULT, 0, 0);
}

/* One of the person's laptops, by chance; SIZE_MAX when none can be used yet. */
static size_t laptop_pick(struct world *world, uint64_t person)
{
    size_t mine[LAPTOPS_MAX], count = 0;
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (world->laptops[i].person == person && laptop_joined(world, i)) mine[count++] = i;
    }
    return count > 0 ? mine[world_below(world, count)] : SIZE_MAX;
}

void actors_act(struct world *world, uint64_t person)
{
    if (world->healed) return;
    size_t index = laptop_pick(world, person);
    /* Bursts: several things within a minute, then a pause. */
    uint64_t pause = world_chance(world, 700) ? 1000 + world_below(world, MINUTE_MS)
                                              : world_below(world, 90 * MINUTE_MS);
    if (index != SIZE_MAX) {
        act_once(world, index);
        struct laptop *laptop = &world->laptops[index];
        if (laptop->sync) {
            sync_poke(laptop->sync, laptop_now(world, index));
            laptop_drain(world, index);
        }
        if (world_chance(world, 30)) oracle_check_shown(world, index);
    }
    world_schedule(world, pause, WORLD_ACT, person, 0);
}

/* --- what the world does to them --- */

static void go_away(struct world *world, size_t index)
{
    static const uint64_t spans[] = {5 * 60000, 3600000, 10 * 3600000, 60 * 3600000};
    uint64_t span = 1 + world_below(world, spans[world_below(world, 4)]);
    laptop_leave(world, index);
    world_tell(world, "%s is offline on laptop %zu for %llu min",
               world->persons[world->laptops[index].person].name, index,
               (unsigned long long)(span / MINUTE_MS));
    world_schedule(world, span, WORLD_WAKE, index, 0);
}

void actors_fault(struct world *world)
{
    if (world->healed) return;
    const struct weather *weather = &world->weather;
    size_t index = (size_t)world_below(world, world->laptop_count);
    struct laptop *laptop = &world->laptops[index];
    bool joined = laptop_joined(world, index);
    if (world_chance(world, weather->server_crash)) {
        service_crash(world);
        world_schedule(world, 100 + world_below(world, 20 * MINUTE_MS), WORLD_SERVER, 0, 0);
    }
    if (world_chance(world, weather->laptop_away) && !laptop->away) go_away(world, index);
    if (world_chance(world, weather->laptop_crash)) {
        world_tell(world, "laptop %zu crashes", index);
        laptop_crash(world, index);
        world_schedule(world, world_below(world, 30 * MINUTE_MS), WORLD_WAKE, index, 0);
    }
    if (world_chance(world, weather->disk) && joined) laptop_spoil(world, index);
    if (world_chance(world, weather->administration)) service_administer(world);
    if (world_chance(world, weather->copy)) laptop_copy(world, index);
    if (world_chance(world, 100) && joined && !laptop->backup) laptop_backup(world, index);
    if (world_chance(world, weather->restore)) laptop_restore(world, index);
    world_schedule(world, 1 + world_below(world, DAY_MS / 48), WORLD_FAULT, 0, 0);
}

bool actors_heal(struct world *world)
{
    world_tell(world, "everything heals; nobody does anything new");
    world->weather = (struct weather){.delay_ms_max = 50, .store_delay_ms_max = 5};
    if (!world->service.server) service_start(world);
    for (size_t i = 0; i < world->laptop_count; i++) laptop_return(world, i);
    return true;
}
