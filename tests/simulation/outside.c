/* outside.c - see outside.h. */
#include "tests/simulation/outside.h"

#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/check.h"

#include "common/base/banned.h"

static struct known_stand *stand_of(struct world *world, struct uuid replica)
{
    struct outside_of_world *outside = &world->outside;
    for (size_t i = 0; i < outside->count; i++) {
        if (uuid_equal(outside->stands[i].replica, replica)) return &outside->stands[i];
    }
    if (outside->count == OUTSIDE_STANDS_MAX) return NULL; /* it is a help, no promise */
    struct known_stand *stand = &outside->stands[outside->count++];
    *stand = (struct known_stand){.replica = replica};
    return stand;
}

static bool stand_stands(const struct world *world, const struct known_stand *stand)
{
    const struct answer *answer = map_get(&world->oracle.answers, oracle_id_key(&stand->mutation));
    return answer && answer->outcomes > 0;
}

/* What the copy was answered before the database went back, and is not answered again, is kept beside
 * what it is answered now. */
static void outcome_hear(struct world *world, const struct outcome *outcome)
{
    struct outside_of_world *outside = &world->outside;
    struct known_stand *stand = stand_of(world, outcome->replica);
    if (!stand) return;
    bool lost = stand->number > 0 && !uuid_equal(stand->mutation, outcome->mutation) &&
                !stand_stands(world, stand);
    if (lost && outside->count < OUTSIDE_STANDS_MAX) outside->stands[outside->count++] = *stand;
    stand->number = (uint64_t)outcome->number;
    stand->mutation = outcome->mutation;
    stand->at_ms = outcome->recorded_at.v;
}

void outside_hear(struct world *world, const struct store_request *request,
                  const struct store_result *result)
{
    if (result->status != STORE_OK) return;
    if (request->kind == STORE_TOKEN) {
        struct known_stand *stand = stand_of(world, request->replica);
        if (stand) stand->device = request->device;
    }
    for (size_t i = 0; request->kind == STORE_COMMIT && i < request->row_count; i++) {
        if (request->rows[i].kind == ENTITY_OUTCOME) outcome_hear(world, request->rows[i].entity);
    }
}

void outside_look(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (!service->server || service->stopping || !world->outside.travelled) return;
    uint64_t went_back = server_counters(service->server).went_back;
    if (service->compared && went_back == service->went_back) return;
    struct known_stand answered[OUTSIDE_STANDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < world->outside.count; i++) {
        const struct known_stand *stand = &world->outside.stands[i];
        if (stand->number > 0 && !uuid_is_zero(stand->device)) answered[count++] = *stand;
    }
    if (plant_strikes(world, PLANT_MISSING_UNTOLD, 1)) count = 0;
    service->compared =
        server_compare(service->server, world->team, answered, count, world_now(world));
    service->went_back = went_back;
}

void outside_wait(struct world *world)
{
    static const uint64_t ASKED_MS = 10 * 60 * 1000;
    if (!world->outside.travelled || world->failed) return;
    world_run_until(world, world->now_ms + ASKED_MS, false);
    if (!world->failed) world_settle(world);
}

/* A server to which nobody comes any more has nobody to ask for, nor to tell. */
static bool somebody_is_left(const struct world *world)
{
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (!laptop_is_shut_out(world, i)) return true;
    }
    return false;
}

static bool replica_lacks(const struct world *world, struct uuid replica)
{
    const struct outside_of_world *outside = &world->outside;
    for (size_t i = 0; i < outside->count; i++) {
        const struct known_stand *stand = &outside->stands[i];
        if (!uuid_equal(stand->replica, replica) || stand->number == 0) continue;
        if (!stand_stands(world, stand)) return true;
    }
    return false;
}

void outside_check(struct world *world)
{
    const struct outside_of_world *outside = &world->outside;
    if (!somebody_is_left(world)) return;
    for (size_t i = 0; outside->travelled && i < outside->count && !world->failed; i++) {
        const struct known_stand *stand = &outside->stands[i];
        if (stand->number == 0 || uuid_is_zero(stand->device)) continue;
        bool stands = stand_stands(world, stand);
        const struct row *row =
            oracle_row(world, ENTITY_INBOX, inbox_notice_id(notice_missing_id(stand->replica)));
        const struct inbox_item *item = row && !row->removed ? row->entity : NULL;
        if (stands && item && item->state == INBOX_OPEN && !replica_lacks(world, stand->replica))
            world_fail(world, "what is there again is still told as missing");
        if (stands && item) world_mark(world, MARK_MISSING);
        if (stands) continue;
        if (!inbox_notice_stands(item, stand->number))
            world_fail(world, "nobody is told of what a restored database lacks");
        world_mark(world, MARK_MISSING);
    }
}
