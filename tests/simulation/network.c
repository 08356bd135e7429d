/* network.c - see network.h. */
#define _GNU_SOURCE /* memmem */
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

static struct connection *connection_find(const struct world *world, uint64_t id)
{
    const struct network *network = &world->network;
    return id > 0 && id <= network->count ? network->connections[id - 1] : NULL;
}

static void direction_drop(struct direction *direction)
{
    while (direction->first) {
        struct segment *gone = direction->first;
        direction->first = gone->next;
        free(gone);
    }
    direction->last = NULL;
}

static void connection_forget(struct network *network, struct connection *connection)
{
    direction_drop(&connection->towards[SIDE_LAPTOP]);
    direction_drop(&connection->towards[SIDE_SERVER]);
    network->connections[connection->id - 1] = NULL;
    free(connection);
}

void network_finish(struct network *network)
{
    for (size_t i = 0; i < network->count; i++) {
        if (network->connections[i]) connection_forget(network, network->connections[i]);
    }
    free(network->connections);
    *network = (struct network){0};
}

bool network_stands(const struct world *world, uint64_t id)
{
    const struct connection *connection = connection_find(world, id);
    return connection && connection->open[SIDE_LAPTOP] && connection->open[SIDE_SERVER] &&
           !connection->frozen && !connection->broken;
}

static uint64_t delay_draw(struct world *world)
{
    return 1 + world_below(world, world->weather.delay_ms_max);
}

uint64_t network_connect(struct world *world, size_t laptop, size_t server)
{
    struct network *network = &world->network;
    if (network->count == network->cap) {
        network->cap = network->cap ? network->cap * 2 : 64;
        network->connections =
            realloc(network->connections, network->cap * sizeof *network->connections);
        check(network->connections != NULL);
    }
    struct connection *connection = calloc(1, sizeof *connection);
    check(connection != NULL);
    network->connections[network->count++] = connection;
    connection->id = network->count;
    connection->laptop = laptop;
    connection->server = server;
    connection->open[SIDE_LAPTOP] = true;
    world_schedule(world, delay_draw(world), WORLD_CONNECT, connection->id, 0);
    return connection->id;
}

void network_connected(struct world *world, uint64_t id)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || !connection->open[SIDE_LAPTOP]) return;
    size_t index = connection->laptop, at = connection->server;
    if (service_defers(world, at, WORLD_CONNECT, id, 0)) return; /* a black hole meanwhile */
    struct laptop *laptop = &world->laptops[index];
    struct server *server = world->servers[at].server;
    if (laptop->away || !server || world->servers[at].stopping) {
        network_broken(world, id, SIDE_LAPTOP);
        return;
    }
    world_fact(world, "connected", index, id);
    connection->open[SIDE_SERVER] = true;
    server_accepted(server, id, STR("192.0.2.7"), world_now(world));
    service_drain(world, at);
    sync_connected(laptop->sync, laptop_now(world, index));
    laptop_drain(world, index);
}

/* Nothing anybody typed may be readable on the wire. */
static void wire_tap(struct world *world, struct str bytes)
{
    static const char *const words[] = {"Roof ", "Firm ", "Person ", "spoke about"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (memmem(bytes.p, bytes.n, words[i], strlen(words[i])))
            world_fail(world, "\"%s\" can be read on the wire", words[i]);
    }
}

static void segment_send(struct world *world, struct connection *connection, enum side to,
                         struct str bytes, bool end)
{
    struct segment *segment = calloc(1, sizeof *segment + bytes.n);
    check(segment != NULL);
    segment->n = bytes.n;
    segment->end = end;
    if (bytes.n > 0) memcpy(segment->bytes, bytes.p, bytes.n);
    struct direction *direction = &connection->towards[to];
    if (direction->last)
        direction->last->next = segment;
    else
        direction->first = segment;
    direction->last = segment;
    uint64_t due = world->now_ms + delay_draw(world);
    if (due < direction->due_last_ms) due = direction->due_last_ms; /* order of a stream */
    direction->due_last_ms = due;
    world_schedule(world, due - world->now_ms, WORLD_DELIVER, connection->id, to);
}

static void network_carry(struct world *world, struct connection *connection, enum side to,
                          struct str bytes)
{
    segment_send(world, connection, to, bytes, false);
    if (world_chance(world, world->weather.tampered) && connection->towards[to].last) {
        struct segment *last = connection->towards[to].last;
        last->bytes[world_below(world, last->n)] ^= (uint8_t)(1u << world_below(world, 8));
        world_mark(world, MARK_TAMPERED);
    }
    if (world_chance(world, world->weather.replayed)) {
        segment_send(world, connection, to, bytes, false);
        world_mark(world, MARK_REPLAYED);
    }
}

void network_write(struct world *world, uint64_t id, enum side from, struct str bytes)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || connection->frozen || connection->broken) return;
    enum side to = from == SIDE_LAPTOP ? SIDE_SERVER : SIDE_LAPTOP;
    world_fact(world, "write", id, bytes.n);
    world->network.bytes += bytes.n;
    wire_tap(world, bytes);
    while (bytes.n > 0) {
        size_t n = bytes.n;
        if (n > 1 && world_chance(world, world->weather.split))
            n = 1 + (size_t)world_below(world, n - 1);
        network_carry(world, connection, to, str_slice(bytes, 0, n));
        bytes = str_slice(bytes, n, bytes.n);
        if (!world_chance(world, world->weather.cut)) continue;
        network_cut(world, id, world_chance(world, world->weather.half_open));
        return;
    }
}

void network_close(struct world *world, uint64_t id, enum side from)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || !connection->open[from]) return;
    connection->open[from] = false;
    enum side to = from == SIDE_LAPTOP ? SIDE_SERVER : SIDE_LAPTOP;
    direction_drop(&connection->towards[from]);
    if (!connection->open[to])
        connection_forget(&world->network, connection);
    else if (!connection->frozen && !connection->broken)
        segment_send(world, connection, to, STR_NONE, true);
}

void network_vanish(struct world *world, uint64_t id, enum side from, bool silent)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || !connection->open[from]) return;
    enum side to = from == SIDE_LAPTOP ? SIDE_SERVER : SIDE_LAPTOP;
    connection->open[from] = false;
    if (!connection->open[to]) {
        connection_forget(&world->network, connection);
        return;
    }
    direction_drop(&connection->towards[SIDE_LAPTOP]);
    direction_drop(&connection->towards[SIDE_SERVER]);
    if (connection->frozen || connection->broken) return;
    connection->frozen = connection->broken = true;
    if (!silent) world_schedule(world, delay_draw(world), WORLD_BROKEN, id, to);
}

void network_server_gone(struct world *world, size_t server)
{
    struct network *network = &world->network;
    while (network->oldest < network->count && !network->connections[network->oldest])
        network->oldest++;
    for (size_t i = network->oldest; i < network->count; i++) {
        const struct connection *connection = network->connections[i];
        if (connection && connection->server == server)
            network_vanish(world, i + 1, SIDE_SERVER,
                           world_chance(world, world->weather.half_open));
    }
}

void network_cut(struct world *world, uint64_t id, bool silent)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || connection->broken) return;
    world_fact(world, silent ? "half_open" : "cut", id, 0);
    world_tell(world, "connection %llu of laptop %zu %s", (unsigned long long)id,
               connection->laptop, silent ? "goes silent" : "breaks");
    direction_drop(&connection->towards[SIDE_LAPTOP]);
    direction_drop(&connection->towards[SIDE_SERVER]);
    connection->broken = connection->frozen = true;
    world_mark(world, silent ? MARK_HALF_OPEN : MARK_CUT);
    if (silent) return;
    world_schedule(world, delay_draw(world), WORLD_BROKEN, id, SIDE_LAPTOP);
    world_schedule(world, delay_draw(world), WORLD_BROKEN, id, SIDE_SERVER);
}

void network_broken(struct world *world, uint64_t id, enum side side)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || !connection->open[side]) return;
    size_t index = connection->laptop, at = connection->server;
    if (side == SIDE_SERVER && service_defers(world, at, WORLD_BROKEN, id, (uint64_t)side)) return;
    connection->open[side] = false;
    if (!connection->open[SIDE_LAPTOP] && !connection->open[SIDE_SERVER])
        connection_forget(&world->network, connection);
    if (side == SIDE_SERVER) {
        server_closed(world->servers[at].server, id, world_now(world));
        service_drain(world, at);
        return;
    }
    struct laptop *laptop = &world->laptops[index];
    check(laptop->connection == id);
    laptop->connection = 0;
    sync_lost(laptop->sync, laptop_now(world, index));
    laptop_drain(world, index);
}

void network_deliver(struct world *world, uint64_t id, enum side to)
{
    struct connection *connection = connection_find(world, id);
    if (!connection || !connection->open[to] || !connection->towards[to].first) return;
    struct direction *direction = &connection->towards[to];
    size_t index = connection->laptop, at = connection->server;
    if (to == SIDE_SERVER && service_defers(world, at, WORLD_DELIVER, id, (uint64_t)to)) return;
    if (to == SIDE_SERVER && !server_wants_input(world->servers[at].server, id)) {
        world_schedule(world, 20, WORLD_DELIVER, id, to);
        return;
    }
    struct segment *segment = direction->first;
    direction->first = segment->next;
    if (!direction->first) direction->last = NULL;
    struct str bytes = {(const char *)segment->bytes, segment->n};
    world_fact(world, "deliver", id, segment->n);
    if (segment->end) {
        network_broken(world, id, to);
    } else if (to == SIDE_SERVER) {
        server_received(world->servers[at].server, id, bytes, world_now(world));
        service_drain(world, at);
    } else {
        sync_received(world->laptops[index].sync, bytes, laptop_now(world, index));
        laptop_drain(world, index);
    }
    free(segment);
}

size_t network_laptop(const struct world *world, uint64_t id)
{
    return world->network.connections[id - 1]->laptop;
}

size_t network_server(const struct world *world, uint64_t id)
{
    return world->network.connections[id - 1]->server;
}
