/* plant.c - names of the planted bugs, and whether one strikes. See plant.h. */
#include "tests/simulation/world.h"

#include <strings.h>

#include "common/base/banned.h"

static const struct {
    const char *name, *text;
} plants_known[] = {
    {"none", "nothing is wrong"},
#define PLANT_ROW(name, text) {#name, text},
    PLANTS(PLANT_ROW)
#undef PLANT_ROW
};

const char *plant_name(enum plant plant)
{
    return plants_known[plant].name;
}

const char *plant_text(enum plant plant)
{
    return plants_known[plant].text;
}

enum plant plant_named(const char *name)
{
    for (size_t i = 1; i < PLANT_COUNT; i++) {
        if (strcasecmp(name, plants_known[i].name) == 0) return (enum plant)i;
    }
    return PLANT_NONE;
}

bool plant_strikes(struct world *world, enum plant plant, uint64_t one_in)
{
    if (world->options.plant != plant || world_below(world, one_in) != 0) return false;
    if (world->planted.struck++ < 5) world_tell(world, "(planted: %s)", plant_text(plant));
    return true;
}
