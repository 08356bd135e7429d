/* service.c - see service.h. */
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

void service_start(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (service->server) return;
    struct server_options options = {.key_count = 1, .program = STR("sluiced simulated")};
    options.keys[0].secret = world->server_key.secret;
    memcpy(options.keys[0].public_key, world->server_key.public.b, 32);
    random_bytes(&world->random, options.seed, sizeof options.seed);
    service->server = server_create(&options);
    check(service->server != NULL);
    service->incarnation++;
    service->resume_ms = 0;
    service->stopping = false;
    service->compared = false;
    world_tell(world, "server %zu starts", index);
    service_drain(world, index);
}

static void service_end(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    database_abandon(world, index);
    server_destroy(service->server);
    service->server = NULL;
    service->stopping = false;
    service->resume_ms = 0;
    network_server_gone(world, index);
}

void service_crash(struct world *world, size_t index)
{
    if (!world->servers[index].server) return;
    world_tell(world, "server %zu crashes", index);
    world_mark(world, MARK_SERVER_CRASH);
    service_end(world, index);
}

static void service_settle(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (!service->stopping || !server_stopped(service->server)) return;
    world_tell(world, "server %zu has stopped", index);
    world_mark(world, MARK_SERVER_GRACEFUL);
    service_end(world, index);
    world_schedule(world, 1000 + world_span(world, 600000), WORLD_SERVER, index, 0);
}

void service_stop(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (!service->server || service->stopping || service->resume_ms > 0) return;
    world_tell(world, "server %zu is told to stop", index);
    server_stop(service->server, world_now(world));
    service->stopping = true;
    service_drain(world, index);
}

void service_pause(struct world *world, size_t index, uint64_t span_ms)
{
    struct service *service = &world->servers[index];
    if (!service->server || service->resume_ms > 0) return;
    service->resume_ms = world->now_ms + span_ms;
    world_mark(world, MARK_SERVER_STOPPED);
    world_tell(world, "server %zu sleeps for %llu s", index, (unsigned long long)span_ms / 1000);
    /* Something must wake it, should nothing else be meant for it. */
    world_schedule(world, span_ms, WORLD_HINT, index, 0);
}

void service_resume(struct world *world, size_t index)
{
    world->servers[index].resume_ms = 0;
}

bool service_defers(struct world *world, size_t index, int kind, uint64_t a, uint64_t b)
{
    struct service *service = &world->servers[index];
    if (service->resume_ms == 0) return false;
    if (world->now_ms >= service->resume_ms) {
        world_tell(world, "server %zu goes on", index);
        service->resume_ms = 0;
        return false;
    }
    world_schedule(world, service->resume_ms - world->now_ms, (enum event_kind_of_world)kind, a, b);
    return true;
}

void service_finish(struct world *world)
{
    for (size_t i = 0; i < world->server_count; i++) {
        server_destroy(world->servers[i].server);
        world->servers[i].server = NULL;
    }
}

uint64_t service_deadline(const struct world *world, size_t index)
{
    const struct service *service = &world->servers[index];
    if (!service->server) return UINT64_MAX;
    uint64_t at = server_deadline(service->server);
    return service->resume_ms > at ? service->resume_ms : at;
}

void service_tick(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (service_deadline(world, index) > world->now_ms) return;
    service->resume_ms = 0;
    server_tick(service->server, world_now(world));
    service_drain(world, index);
}

void service_hint(struct world *world, size_t index)
{
    struct service *service = &world->servers[index];
    if (!service->server || service_defers(world, index, WORLD_HINT, index, 0)) return;
    server_hint(service->server, world->team, world_now(world));
    service_drain(world, index);
}

/* --- effects --- */

static void output_flush(struct world *world, size_t index, uint64_t connection)
{
    struct server *server = world->servers[index].server;
    struct str out = server_output(server, connection);
    if (out.n == 0) return;
    if (out.n > OUTPUT_HARD + FRAME_TO_CLIENT_MAX)
        world_fail(world, "server %zu keeps %zu bytes for one connection", index, out.n);
    struct laptop *laptop = &world->laptops[network_laptop(world, connection)];
    if (laptop->deaf) { /* its socket takes no more */
        if (out.n > laptop->unread_most) laptop->unread_most = out.n;
        return;
    }
    size_t n = out.n;
    network_write(world, connection, SIDE_SERVER, out);
    server_sent(server, connection, n, world_now(world));
}

void service_read(struct world *world, size_t laptop)
{
    uint64_t connection = world->laptops[laptop].connection;
    for (size_t i = 0; connection && i < world->server_count; i++) {
        if (!world->servers[i].server || network_server(world, connection) != i) continue;
        output_flush(world, i, connection);
        service_drain(world, i);
    }
}

/* Without the ids that every line has. What people did, and that they came and went, is told elsewhere. */
static void log_tell(struct world *world, size_t index, const struct effect *effect)
{
    const struct str left_out[] = {STR("source="), STR("team="), STR("member="),
                                   STR("replica="), STR("connection="), STR("device=")};
    char line[160] = "";
    size_t at = 0;
    struct str rest = effect->line, word;
    bool daily = str_starts_with(rest, STR("mutation ")) || str_starts_with(rest, STR("session_"));
    if (daily && !effect->warning) return;
    while (at < sizeof line && str_split(&rest, ' ', &word)) {
        bool told = true;
        for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
            told = told && !str_starts_with(word, left_out[i]);
        if (!told) continue;
        int n = snprintf(line + at, sizeof line - at, " %.*s", STR_ARGS(word));
        if (n > 0) at += (size_t)n;
    }
    world_tell(world, "server %zu%s:%s", index, effect->warning ? " warns" : "", line);
}

static void effect_do(struct world *world, size_t index, const struct effect *effect)
{
    struct server *server = world->servers[index].server;
    switch (effect->kind) {
    case EFFECT_NONE: break;
    case EFFECT_WRITE: output_flush(world, index, effect->connection); break;
    case EFFECT_CLOSE:
        output_flush(world, index, effect->connection);
        world_fact(world, "server_close", effect->connection, 0);
        network_close(world, effect->connection, SIDE_SERVER);
        server_closed(server, effect->connection, world_now(world));
        break;
    case EFFECT_STORE: database_ask(world, index, effect->request); break;
    case EFFECT_LOG:
        log_tell(world, index, effect);
        break;
    }
}

void service_drain(struct world *world, size_t index)
{
    for (size_t rounds = 0; world->servers[index].server; rounds++) {
        struct effect effect = server_next(world->servers[index].server);
        if (effect.kind == EFFECT_NONE) break;
        if (rounds > 100000) {
            world_fail(world, "the effects of server %zu have no end (kind %d)", index,
                       (int)effect.kind);
            return;
        }
        effect_do(world, index, &effect);
    }
    if (world->servers[index].server) outside_look(world, index);
    if (world->servers[index].server) service_settle(world, index);
}
