/* actors.c - people at their laptops, and what happens to them.
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
        world_schedule(world, 1000 + world_span(world, 30 * MINUTE_MS), WORLD_ACT, i, 0);
    }
    world_schedule(world, 1000 + world_span(world, 10 * MINUTE_MS), WORLD_FAULT, 0, 0);
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

/* Somebody invited while the seed runs unpacks a laptop. */
static void laptop_unpack(struct world *world, uint64_t person)
{
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (world->laptops[i].person == person) return;
    }
    const struct person_of_world *who = &world->persons[person];
    if (who->removed || !who->invited || world->laptop_count == LAPTOPS_MAX) return;
    if (!oracle_row(world, ENTITY_MEMBER, who->member)) return; /* the invitation still travels */
    world_mark(world, MARK_JOINED_LATER);
    world_tell(world, "%s joins", who->name);
    laptop_start(world, laptop_create(world, (size_t)person), true);
}

/* Does this act concern the team? Reps try that more seldom. */
static bool leads(struct world *world, uint64_t person)
{
    uint64_t often = world->weather.lead;
    if (often == 0) return false;
    return world_chance(world, person < 2 ? often : often / 10);
}

static void laptop_use(struct world *world, size_t index)
{
    struct laptop *laptop = &world->laptops[index];
    size_t times = 1;
    if (world->weather.bursts && world_chance(world, 50))
        times = 80 + (size_t)world_below(world, 80);
    for (size_t i = 0; i < times && !world->failed && !disk_crashed(&laptop->disk); i++) {
        if (leads(world, laptop->person))
            act_lead(world, index);
        else
            act_once(world, index);
    }
    laptop_heed_disk(world, index);
    size_t pending;
    if (laptop->disk.inner->f->outbox_count(laptop->disk.inner, &pending) == FAULT_NONE &&
        pending >= 100)
        world_mark(world, MARK_MANY_PENDING);
    if (laptop->sync) {
        sync_poke(laptop->sync, laptop_now(world, index));
        laptop_drain(world, index);
    }
    if (world_chance(world, 30)) oracle_check_shown(world, index);
    if (world_chance(world, 200) && !laptop->away) laptop_return(world, index);
}

void actors_act(struct world *world, uint64_t person)
{
    if (world->healed) return;
    if (person >= PERSONS_FOUNDING) laptop_unpack(world, person);
    size_t index = laptop_pick(world, person);
    /* Bursts: several things within a minute, then a pause. */
    uint64_t pause = world_chance(world, 700) ? 1 + world_span(world, MINUTE_MS)
                                              : 1 + world_span(world, 90 * MINUTE_MS);
    if (index != SIZE_MAX) laptop_use(world, index);
    world_schedule(world, pause, WORLD_ACT, person, 0);
}

/* --- what the world does to them --- */

static void go_away(struct world *world, size_t index)
{
    static const uint64_t spans[] = {5 * 60000, 3600000, 10 * 3600000, 60 * 3600000};
    uint64_t span = 1 + world_span(world, spans[world_below(world, 4)]);
    laptop_leave(world, index);
    world_tell(world, "%s is offline on laptop %zu for %llu min",
               world->persons[world->laptops[index].person].name, index,
               (unsigned long long)(span / MINUTE_MS));
    world_schedule(world, span, WORLD_WAKE, index, 0);
}

/* Backwards too, by hours or by years. */
static void clock_jump(struct world *world, size_t index)
{
    static const int64_t spans[] = {3600000, INT64_C(86400000), INT64_C(94608000000)};
    int64_t most = spans[world_below(world, 3)];
    struct laptop *laptop = &world->laptops[index];
    laptop->skew_ms = (int64_t)world_below(world, 2 * (uint64_t)most) - most;
    world_mark(world, MARK_CLOCK_JUMP);
    world_tell(world, "the clock of laptop %zu is %lld s wrong now", index,
               (long long)(laptop->skew_ms / 1000));
}

static void laptop_fault(struct world *world, size_t index)
{
    const struct weather *weather = &world->weather;
    const struct laptop *laptop = &world->laptops[index];
    bool joined = laptop_joined(world, index);
    if (world_chance(world, weather->laptop_away) && !laptop->away) go_away(world, index);
    if (world_chance(world, weather->laptop_crash)) {
        world_tell(world, "laptop %zu crashes", index);
        laptop_crash(world, index);
        world_schedule(world, world_span(world, 30 * MINUTE_MS), WORLD_WAKE, index, 0);
    }
    if (world_chance(world, weather->disk) && joined) laptop_spoil(world, index);
    if (world_chance(world, weather->laptop_torn)) laptop_tear(world, index);
    if (world_chance(world, weather->clock_jump)) clock_jump(world, index);
    if (world_chance(world, weather->sync_stop)) {
        laptop_stop(world, index);
        world_schedule(world, world_span(world, 30 * MINUTE_MS), WORLD_WAKE, index, 0);
    }
    if (world_chance(world, weather->copy)) laptop_copy(world, index);
    if (world_chance(world, 100) && joined && !laptop->backup.replica) laptop_backup(world, index);
    if (world_chance(world, weather->restore)) laptop_restore(world, index);
}

void actors_fault(struct world *world)
{
    if (world->healed) return;
    operators_act(world);
    laptop_fault(world, (size_t)world_below(world, world->laptop_count));
    world_schedule(world, 1 + world_span(world, DAY_MS / 48), WORLD_FAULT, 0, 0);
}

void actors_heal(struct world *world)
{
    world_tell(world, "everything heals; nobody does anything new");
    weather_clear(&world->weather);
    for (size_t i = 0; i < world->server_count; i++) {
        service_resume(world, i);
        service_start(world, i);
    }
    for (size_t i = 0; i < world->laptop_count; i++) {
        laptop_return(world, i);
        for (uint64_t later = 1; later <= 4; later++)
            world_schedule(world, later * 60 * MINUTE_MS, WORLD_WAKE, i, 0);
    }
}
