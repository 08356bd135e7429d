/* service.c - see service.h. */
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/support/store_memory.h"

#include "common/base/banned.h"

/* --- founding --- */

static void row_put(struct row *rows, size_t *count, enum entity_kind kind, struct uuid id,
                    const void *entity)
{
    rows[(*count)++] = (struct row){.kind = kind, .id = id, .seq = 1, .entity = entity};
}

void service_found(struct world *world)
{
    world->service.store = store_memory_create();
    check(world->service.store != NULL);
    struct arena *arena = &world->oracle.arena;
    static const struct zone zone = {.first_offset_s = 3600};
    struct team team = {.id = world->team,
                        .name = STR("Acme Sales"),
                        .zone_name = STR("UTC+1"),
                        .currency = STR("EUR")};
    struct definition definition;
    check(zone_pack(arena, &zone, &team.zone) == FAULT_NONE);
    check(definition_default(arena, world->team, &definition) == FAULT_NONE);
    struct member members[PERSONS];
    struct invitation invitations[PERSONS];
    uint8_t hashes[PERSONS][32];
    struct row rows[2 + 2 * PERSONS];
    size_t count = 0;
    row_put(rows, &count, ENTITY_TEAM, world->team, &team);
    row_put(rows, &count, ENTITY_DEFINITION, world->team, &definition);
    int64_t wall = world_now(world).wall_ms;
    for (size_t i = 0; i < PERSONS; i++) {
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
    struct store_request found = {.kind = STORE_COMMIT,
                                  .ticket = 1,
                                  .team = world->team,
                                  .expected_seq = 0,
                                  .new_seq = 1,
                                  .recorded_at = wall,
                                  .now_ms = wall,
                                  .rows = rows,
                                  .row_count = count};
    random_bytes(&world->random, found.mark, sizeof found.mark);
    const struct store_result *result = store_memory_run(world->service.store, &found);
    check(result->status == STORE_OK);
    oracle_commit(world, &found);
    store_memory_release(world->service.store, result);
}

void service_administer(struct world *world)
{
    struct store_memory *store = world->service.store;
    struct store_request look = {.kind = STORE_HEAD, .ticket = 2, .team = world->team};
    const struct store_result *head = store_memory_run(store, &look);
    check(head->status == STORE_OK);
    struct team team = *world->oracle.team;
    team.name =
        arena_format(&world->oracle.arena, "Acme Sales %llu", (unsigned long long)head->seq);
    struct row row = {
        .kind = ENTITY_TEAM, .id = world->team, .seq = head->seq + 1, .entity = &team};
    int64_t wall = world_now(world).wall_ms;
    struct store_request write = {.kind = STORE_COMMIT,
                                  .ticket = 3,
                                  .team = world->team,
                                  .expected_seq = head->seq,
                                  .new_seq = head->seq + 1,
                                  .inbox_last = head->inbox_last,
                                  .recorded_at =
                                      wall > head->recorded_last ? wall : head->recorded_last,
                                  .now_ms = wall,
                                  .rows = &row,
                                  .row_count = 1};
    random_bytes(&world->random, write.mark, sizeof write.mark);
    store_memory_release(store, head);
    const struct store_result *result = store_memory_run(store, &write);
    check(result->status == STORE_OK);
    world_tell(world, "administration renames the team");
    oracle_commit(world, &write);
    store_memory_release(store, result);
    if (!world->service.server || world_chance(world, 500)) return; /* hints may be lost */
    server_hint(world->service.server, world->team, world_now(world));
    service_drain(world);
}

/* --- life and death --- */

void service_start(struct world *world)
{
    struct service *service = &world->service;
    struct server_options options = {.key_count = 1, .program = STR("sluiced simulated")};
    options.keys[0].secret = world->server_key.secret;
    memcpy(options.keys[0].public_key, world->server_key.public.b, 32);
    random_bytes(&world->random, options.seed, sizeof options.seed);
    service->server = server_create(&options);
    check(service->server != NULL);
    service->incarnation++;
    world_tell(world, "the server starts");
    service_drain(world);
}

static void commit_observe(struct world *world, const struct store_request *request,
                           const struct store_result *result)
{
    if (request->kind == STORE_COMMIT && result->status == STORE_OK) oracle_commit(world, request);
}

void service_crash(struct world *world)
{
    struct service *service = &world->service;
    if (!service->server) return;
    world_tell(world, "the server crashes");
    for (size_t i = 0; i < service->request_cap; i++) {
        const struct store_request *request = service->requests[i];
        service->requests[i] = NULL;
        if (!request || !world_chance(world, 500)) continue;
        const struct store_result *result = store_memory_run(service->store, request);
        commit_observe(world, request, result);
        store_memory_release(service->store, result);
    }
    server_destroy(service->server);
    service->server = NULL;
    for (uint64_t id = 1; id <= world->network.count; id++) {
        network_vanish(world, id, SIDE_SERVER, world_chance(world, world->weather.half_open));
    }
}

void service_finish(struct world *world)
{
    struct service *service = &world->service;
    server_destroy(service->server);
    store_memory_destroy(service->store);
    free(service->requests);
    *service = (struct service){0};
}

/* --- effects --- */

static void store_ask(struct world *world, const struct store_request *request)
{
    struct service *service = &world->service;
    size_t slot = 0;
    while (slot < service->request_cap && service->requests[slot]) slot++;
    if (slot == service->request_cap) {
        service->request_cap = service->request_cap ? service->request_cap * 2 : 16;
        service->requests =
            realloc((void *)service->requests, service->request_cap * sizeof *service->requests);
        check(service->requests != NULL);
        for (size_t i = slot; i < service->request_cap; i++) service->requests[i] = NULL;
    }
    service->requests[slot] = request;
    world_fact(world, "store", (uint64_t)request->kind, request->new_seq);
    world_schedule(world, world_below(world, world->weather.store_delay_ms_max + 1), WORLD_STORE,
                   slot, service->incarnation);
}

static bool output_flush(struct world *world, uint64_t connection)
{
    struct server *server = world->service.server;
    struct str out = server_output(server, connection);
    if (out.n == 0) return false;
    size_t n = out.n;
    network_write(world, connection, SIDE_SERVER, out);
    server_sent(server, connection, n, world_now(world));
    return true;
}

void service_drain(struct world *world)
{
    for (size_t rounds = 0;; rounds++) {
        struct server *server = world->service.server;
        struct effect effect = server_next(server);
        if (effect.kind == EFFECT_NONE) return;
        if (rounds > 100000) {
            world_fail(world, "the server's effects have no end (kind %d)", (int)effect.kind);
            return;
        }
        switch (effect.kind) {
        case EFFECT_NONE: break;
        case EFFECT_WRITE: (void)output_flush(world, effect.connection); break;
        case EFFECT_CLOSE:
            (void)output_flush(world, effect.connection);
            world_fact(world, "server_close", effect.connection, 0);
            network_close(world, effect.connection, SIDE_SERVER);
            server_closed(server, effect.connection, world_now(world));
            break;
        case EFFECT_STORE: store_ask(world, effect.request); break;
        case EFFECT_LOG:
            world_tell(world, "server%s: %.*s", effect.warning ? " warns" : "",
                       STR_ARGS(effect.line));
            break;
        }
    }
}

/* --- the store, on good and bad days --- */

/* A result that the store never gave: the bad day of that request. */
static struct store_result bad_result(const struct store_request *request, enum store_status status)
{
    return (struct store_result){.kind = request->kind,
                                 .ticket = request->ticket,
                                 .status = status,
                                 .team = request->team,
                                 .trouble = STR("57P01 simulated")};
}

void service_store(struct world *world, uint64_t slot, uint64_t incarnation)
{
    struct service *service = &world->service;
    if (!service->server || incarnation != service->incarnation) return;
    const struct store_request *request = service->requests[slot];
    service->requests[slot] = NULL;
    check(request != NULL);
    const struct weather *weather = &world->weather;
    bool commit = request->kind == STORE_COMMIT;
    struct store_result bad;
    const struct store_result *good = NULL, *result = &bad;
    if (world_chance(world, weather->store_failed)) {
        bad = bad_result(request, STORE_FAILED);
    } else if (commit && world_chance(world, weather->store_stale)) {
        bad = bad_result(request, STORE_STALE);
    } else if (commit && world_chance(world, weather->store_unknown)) {
        if (world_chance(world, 500)) good = store_memory_run(service->store, request);
        if (good) commit_observe(world, request, good);
        world_tell(world, "the database dies at COMMIT; it was %s",
                   good && good->status == STORE_OK ? "written" : "not written");
        bad = bad_result(request, STORE_UNKNOWN);
    } else {
        good = store_memory_run(service->store, request);
        commit_observe(world, request, good);
        result = good;
    }
    world_fact(world, "stored", (uint64_t)result->status, result->seq);
    struct arena empty;
    arena_init(&empty, 1024);
    if (result == &bad) bad.arena = &empty;
    server_store_done(service->server, result, world_now(world));
    if (good) store_memory_release(service->store, good);
    service_drain(world);
    arena_finish(&empty);
}
