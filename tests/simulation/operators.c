/* operators.c - who runs the servers and leads the team: founding, settings, stages, roles, devices,
 * backups, and what befalls servers and their database. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/acts_inside.h"

#include "common/base/banned.h"

/* --- founding --- */

static void row_put(struct row *rows, size_t *count, enum entity_kind kind, struct uuid id,
                    const void *entity)
{
    rows[(*count)++] = (struct row){.kind = kind, .id = id, .entity = entity};
}

void operators_found(struct world *world)
{
    struct arena *arena = &world->oracle.arena;
    static const struct zone zone = {.first_offset_s = 3600};
    struct team team = {.id = world->team,
                        .name = STR("Acme Sales"),
                        .zone_name = STR("UTC+1"),
                        .currency = STR("EUR")};
    struct definition definition;
    check(zone_pack(arena, &zone, &team.zone) == FAULT_NONE);
    check(definition_default(arena, world->team, &definition) == FAULT_NONE);
    struct member members[PERSONS_FOUNDING];
    struct invitation invitations[PERSONS_FOUNDING];
    uint8_t hashes[PERSONS_FOUNDING][32];
    struct row rows[2 + 2 * PERSONS_FOUNDING];
    size_t count = 0;
    row_put(rows, &count, ENTITY_TEAM, world->team, &team);
    row_put(rows, &count, ENTITY_DEFINITION, world->team, &definition);
    int64_t wall = world_now(world).wall_ms;
    for (size_t i = 0; i < PERSONS_FOUNDING; i++) {
        const struct person_of_world *person = &world->persons[i];
        members[i] = (struct member){
            .id = person->member, .name = str_from(person->name), .role = person->role};
        row_put(rows, &count, ENTITY_MEMBER, person->member, &members[i]);
        codec_payload_hash((struct str){(const char *)person->code, CODE_BYTES}, hashes[i]);
        invitations[i] = (struct invitation){
            .id = uuid_v7(100 + i, &world->random),
            .member = person->member,
            .invited_by = world->persons[0].member,
            .code_hash = {(const char *)hashes[i], 32},
            .expires_at = {true, wall + INT64_C(365) * 86400000},
            .created_at = {true, wall},
        };
        row_put(rows, &count, ENTITY_INVITATION, invitations[i].id, &invitations[i]);
    }
    database_write(world, rows, count);
}

/* --- settings --- */

static void team_rename(struct world *world)
{
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct team team = *world->oracle.team;
    team.name =
        arena_format(&arena, "Acme Sales %llu", (unsigned long long)world_below(world, 100));
    struct row row = {.kind = ENTITY_TEAM, .id = team.id, .entity = &team};
    world_tell(world, "administration renames the team");
    database_write(world, &row, 1);
    arena_finish(&arena);
}

/* On a laptop of the owner or the manager, by chance; SIZE_MAX when there is none. */
static size_t chief_laptop(struct world *world)
{
    size_t found[LAPTOPS_ROOM], count = 0;
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (world->laptops[i].person < 2 && laptop_joined(world, i)) found[count++] = i;
    }
    return count > 0 ? found[world_below(world, count)] : SIZE_MAX;
}

/* Owner or manager do that now, on one of their laptops. */
static void chief_does(struct world *world, void (*what)(struct act *))
{
    size_t laptop = chief_laptop(world);
    if (laptop == SIZE_MAX) return;
    struct act act;
    act_open(&act, world, laptop);
    what(&act);
    arena_finish(&act.arena);
    laptop_heed_disk(world, laptop);
    if (!world->laptops[laptop].sync) return;
    sync_poke(world->laptops[laptop].sync, laptop_now(world, laptop));
    laptop_drain(world, laptop);
}

/* --- members and devices --- */

void operators_set_role(struct world *world, const struct person_of_world *person, int64_t role)
{
    const struct row *row = oracle_row(world, ENTITY_MEMBER, person->member);
    if (!row) return;
    struct member member = *(const struct member *)row->entity;
    if (member.removed || member.role == role) return;
    member.role = role;
    struct row changed = {.kind = ENTITY_MEMBER, .id = member.id, .entity = &member};
    world_mark(world, MARK_ROLE_CHANGED);
    world_tell(world, "%s gets role %lld", person->name, (long long)role);
    database_write(world, &changed, 1);
}

void operators_define(struct world *world, const struct definition *definition)
{
    struct row row = {.kind = ENTITY_DEFINITION, .id = definition->id, .entity = definition};
    database_write(world, &row, 1);
}

void operators_invite(struct world *world, struct person_of_world *person)
{
    uint8_t hash[32];
    int64_t wall = world_now(world).wall_ms;
    random_bytes(&world->random, person->code, sizeof person->code);
    codec_payload_hash((struct str){(const char *)person->code, CODE_BYTES}, hash);
    struct invitation invitation = {
        .id = uuid_v7((uint64_t)wall, &world->random),
        .member = person->member,
        .invited_by = world->persons[0].member,
        .code_hash = {(const char *)hash, 32},
        .expires_at = {true, wall + INT64_C(365) * 86400000},
        .created_at = {true, wall},
    };
    struct row row = {.kind = ENTITY_INVITATION, .id = invitation.id, .entity = &invitation};
    database_write(world, &row, 1);
}

void operators_remove(struct world *world, struct person_of_world *person)
{
    const struct row *row = oracle_row(world, ENTITY_MEMBER, person->member);
    if (!row) return;
    struct member member = *(const struct member *)row->entity;
    if (member.removed) return;
    member.removed = true;
    struct row changed = {.kind = ENTITY_MEMBER, .id = member.id, .entity = &member};
    world_tell(world, "%s is removed from the team", person->name);
    database_write(world, &changed, 1);
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (&world->persons[world->laptops[i].person] == person) world->laptops[i].revoked = true;
    }
}

/* Whose membership itself is lost was never removed: it may be offered again. */
static void member_forget(struct world *world, struct person_of_world *person)
{
    person->removed = false;
    for (size_t i = 0; i < world->laptop_count; i++) {
        struct laptop *laptop = &world->laptops[i];
        if (&world->persons[laptop->person] == person)
            laptop->revoked = !uuid_is_zero(laptop->device.id);
    }
}

/* Everybody's laptop is known by its key: copies of it are turned away with it. */
static void laptop_turn_away(struct world *world, size_t index)
{
    for (size_t i = 0; i < world->laptop_count; i++) {
        struct laptop *laptop = &world->laptops[i];
        if (memcmp(laptop->key.public.b, world->laptops[index].key.public.b, 32) != 0) continue;
        laptop->revoked = true;
        laptop->device = world->laptops[index].device;
    }
}

static void somebody_leave(struct world *world)
{
    size_t index = 2 + (size_t)world_below(world, PERSONS - 2); /* owner and manager stay */
    struct person_of_world *person = &world->persons[index];
    if (person->removed || !oracle_row(world, ENTITY_MEMBER, person->member)) return;
    person->removed = true;
    world_mark(world, MARK_REMOVED);
    operators_remove(world, person);
}

static void device_write(struct world *world, const struct device *device)
{
    struct row row = {.kind = ENTITY_DEVICE, .id = device->id, .entity = device};
    const struct row *stands = oracle_row(world, ENTITY_DEVICE, device->id);
    bool revoked = stands && ((const struct device *)stands->entity)->revoked;
    if (!revoked) database_write(world, &row, 1);
}

static void device_revoke(struct world *world)
{
    size_t index = (size_t)world_below(world, world->laptop_count);
    struct laptop *laptop = &world->laptops[index];
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    const struct row *row = NULL;
    if (!laptop->revoked && laptop_identity(world, index, &arena, &identity) && identity.joined)
        row = oracle_row(world, ENTITY_DEVICE, identity.device);
    arena_finish(&arena);
    if (!row) return;
    laptop->device = *(const struct device *)row->entity;
    laptop->device.revoked = true;
    laptop->device.revoked_by = world->persons[0].member;
    laptop->device.revoked_at = (struct optional){true, world_now(world).wall_ms};
    world_mark(world, MARK_REVOKED);
    world_tell(world, "the device of laptop %zu is revoked", index);
    laptop_turn_away(world, index);
    if (!plant_strikes(world, PLANT_REVOKED_ACCEPTED, 1)) device_write(world, &laptop->device);
}

void operators_turn_away(struct world *world)
{
    for (size_t i = 0; i < PERSONS; i++) {
        struct person_of_world *person = &world->persons[i];
        if (!person->removed) continue;
        const struct row *row = oracle_row(world, ENTITY_MEMBER, person->member);
        if (row) operators_remove(world, person);
        else member_forget(world, person);
    }
    for (size_t i = 0; i < world->laptop_count; i++) {
        const struct laptop *laptop = &world->laptops[i];
        if (!laptop->revoked || uuid_is_zero(laptop->device.id)) continue;
        const struct row *row = oracle_row(world, ENTITY_DEVICE, laptop->device.id);
        bool stands = row && ((const struct device *)row->entity)->revoked;
        if (world->options.plant == PLANT_REVOKED_ACCEPTED) continue;
        if (!stands && plant_strikes(world, PLANT_REVOCATION_FORGOTTEN, 1)) continue;
        device_write(world, &laptop->device);
    }
}

/* --- servers and their database --- */

static void servers_befall(struct world *world)
{
    const struct weather *weather = &world->weather;
    size_t server = (size_t)world_below(world, world->server_count);
    if (world_chance(world, weather->server_crash)) {
        service_crash(world, server);
        world_schedule(world, 100 + world_span(world, 20 * 60000), WORLD_SERVER, server, 0);
    }
    if (world_chance(world, weather->server_stop))
        service_pause(world, server, 1 + world_span(world, 3600000));
    if (world_chance(world, weather->server_graceful)) service_stop(world, server);
}

static void database_befalls(struct world *world)
{
    const struct weather *weather = &world->weather;
    if (weather->restore_database > 0 && world_chance(world, 60)) database_backup(world);
    if (world_chance(world, weather->failover) && database_failover(world))
        world_tell(world, "a standby takes over");
    if (!world_chance(world, weather->restore_database)) return;
    /* A restore is done with the servers down; a promotion is not. */
    for (size_t i = 0; i < world->server_count; i++) service_crash(world, i);
    if (database_restore(world)) world_tell(world, "the database is restored to yesterday's");
    for (size_t i = 0; i < world->server_count; i++)
        world_schedule(world, 100 + world_span(world, 20 * 60000), WORLD_SERVER, i, 0);
}

void operators_act(struct world *world)
{
    const struct weather *weather = &world->weather;
    servers_befall(world);
    database_befalls(world);
    if (world_chance(world, weather->administration)) team_rename(world);
    if (world_chance(world, weather->definition)) chief_does(world, do_stages);
    if (world_chance(world, weather->role)) chief_does(world, do_role);
    if (world_chance(world, weather->removal)) somebody_leave(world);
    if (world_chance(world, weather->revoke)) device_revoke(world);
}
