/* world.c - the loop, the clock, the heap and chance. See world.h. */
#define _GNU_SOURCE
#include "tests/simulation/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

static const uint64_t START_MS = 1000000;
static const int64_t WALL_AT_START_MS = INT64_C(1772452800000); /* 2026-03-02T12:00:00Z */
static const uint64_t DAY_MS = 86400000;
static const uint64_t HEAL_LIMIT_MS = 6 * 3600 * 1000; /* of quiet until all must be settled */

/* --- heap --- */

static bool event_before(const struct world_event *a, const struct world_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void events_swap(struct world_event *events, size_t a, size_t b)
{
    struct world_event kept = events[a];
    events[a] = events[b];
    events[b] = kept;
}

void world_schedule(struct world *world, uint64_t delay_ms, enum event_kind_of_world kind,
                    uint64_t a, uint64_t b)
{
    if (world->event_count == world->event_cap) {
        world->event_cap = world->event_cap ? world->event_cap * 2 : 256;
        world->events = realloc(world->events, world->event_cap * sizeof *world->events);
        check(world->events != NULL);
    }
    struct world_event *events = world->events;
    size_t at = world->event_count++;
    events[at] = (struct world_event){world->now_ms + delay_ms, world->event_order++, kind, a, b};
    while (at > 0 && event_before(&events[at], &events[(at - 1) / 2])) {
        events_swap(events, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct world_event event_take(struct world *world)
{
    struct world_event *events = world->events, first = events[0];
    events[0] = events[--world->event_count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < world->event_count && event_before(&events[child], &events[least]))
                least = child;
        }
        if (least == at) return first;
        events_swap(events, at, least);
        at = least;
    }
}

/* --- chance, facts, words --- */

struct now world_now(const struct world *world)
{
    return (struct now){world->now_ms, WALL_AT_START_MS + (int64_t)(world->now_ms - START_MS)};
}

uint64_t world_below(struct world *world, uint64_t bound)
{
    return random_below(&world->random, bound);
}

uint64_t world_span(struct world *world, uint64_t bound_ms)
{
    uint64_t bound = bound_ms / world->weather.pace;
    return world_below(world, bound > 0 ? bound : 1);
}

bool world_chance(struct world *world, uint64_t per_thousand)
{
    return world_below(world, 1000) < per_thousand;
}

static void hash_add(struct world *world, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        world->hash = (world->hash ^ (value >> (8 * i) & 0xff)) * UINT64_C(1099511628211);
    }
}

void world_fact(struct world *world, const char *what, uint64_t a, uint64_t b)
{
    for (const char *p = what; *p; p++) hash_add(world, (uint64_t)(unsigned char)*p);
    hash_add(world, world->now_ms);
    hash_add(world, a);
    hash_add(world, b);
}

void world_mark(struct world *world, enum mark mark)
{
    world->marks.counts[mark]++;
}

static int time_print(const struct world *world, char *out, size_t size)
{
    uint64_t ms = world->now_ms - START_MS;
    return snprintf(out, size,
                    "day %2" PRIu64 " %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 "  ",
                    ms / DAY_MS + 1, ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

void world_tell(struct world *world, const char *format, ...)
{
    char *line = chronicle_line(&world->chronicle);
    int at = time_print(world, line, CHRONICLE_BYTES);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + at, CHRONICLE_BYTES - (size_t)at, format, arguments);
    va_end(arguments);
    if (world->options.story) puts(line);
}

void world_fail(struct world *world, const char *format, ...)
{
    if (world->failed) return;
    world->failed = true;
    char when[64];
    (void)time_print(world, when, sizeof when);
    va_list arguments;
    va_start(arguments, format);
    printf("seed %" PRIu64 ": BROKEN at step %" PRIu64 ", %s", world->options.seed, world->steps,
           when);
    vprintf(format, arguments);
    va_end(arguments);
    puts("; what happened last:");
    chronicle_print(&world->chronicle);
}

/* --- a seed's circumstances --- */

static void people_draw(struct world *world)
{
    static const char *const names[PERSONS] = {"Olga", "Max",  "Anna", "Ben",
                                               "Cleo", "Dora", "Emil"};
    static const int64_t roles[PERSONS] = {ROLE_OWNER, ROLE_MANAGER, ROLE_REP, ROLE_REP,
                                           ROLE_REP,   ROLE_REP,     ROLE_VIEWER};
    for (size_t i = 0; i < PERSONS; i++) {
        struct person_of_world *person = &world->persons[i];
        *person = (struct person_of_world){
            .name = names[i], .role = roles[i], .invited = i < PERSONS_FOUNDING};
        person->member = uuid_v7(2 + i, &world->random);
        random_bytes(&world->random, person->code, sizeof person->code);
    }
}

void world_open(struct world *world, const struct world_options *options)
{
    *world = (struct world){.options = *options, .now_ms = START_MS};
    random_init_number(&world->random, options->seed);
    plant_rules_begin(world);
    world->hash = UINT64_C(14695981039346656037);
    weather_draw(world);
    oracle_init(&world->oracle);
    struct secret32 secret;
    random_bytes(&world->random, secret.b, sizeof secret.b);
    world->server_key = key_pair_from_secret(&secret);
    world->team = uuid_v7(1, &world->random);
    world->server_count = 1 + (size_t)(world_chance(world, 500) ? world_below(world, 3) : 0);
    if (options->calm) {
        weather_clear(&world->weather);
        world->weather.pace = 1;
        world->weather.page_rows = 0;
        world->server_count = options->servers ? options->servers : 1;
    }
    people_draw(world);
    uint64_t chaos = DAY_MS / 8 + world_below(world, DAY_MS / 2);
    if (world_chance(world, 50)) chaos += 4 * DAY_MS; /* a week away */
    /* A few seeds with ten thousand mutations would take most of the time of all. */
    bool large = world_chance(world, 10);
    world->chaos_mutations = large ? UINT64_MAX : 1200;
    world->chaos_steps = large ? STEPS_MAX / 2 : 60000; /* the rest heals */
    world->chaos_until_ms = START_MS + chaos / world->weather.pace;
    copies_start(world);
    database_open(world);
    operators_found(world);
    for (size_t i = 0; i < world->server_count; i++) service_start(world, i);
    for (size_t i = 0; i < PERSONS_FOUNDING; i++)
        laptop_start(world, laptop_create(world, i), true);
    if (!options->calm) actors_schedule(world);
}

void world_finish_all(struct world *world)
{
    plant_rules_begin(NULL);
    for (size_t i = 0; i < world->laptop_count; i++) laptop_finish(&world->laptops[i]);
    copies_stop(world);
    database_finish(world);
    service_finish(world);
    network_finish(&world->network);
    oracle_finish(&world->oracle);
    free(world->events);
    for (size_t i = 0; i < ENTITY_COUNT; i++) free(world->made[i].ids);
    *world = (struct world){0};
}

/* --- the loop --- */

static uint64_t deadline_next(const struct world *world)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < world->server_count; i++) {
        uint64_t at = service_deadline(world, i);
        if (at < next) next = at;
    }
    for (size_t i = 0; i < world->laptop_count; i++) {
        uint64_t at = laptop_deadline(world, i);
        if (at < next) next = at;
    }
    return next;
}

static void world_tick(struct world *world)
{
    for (size_t i = 0; i < world->server_count; i++) service_tick(world, i);
    for (size_t i = 0; i < world->laptop_count; i++) laptop_tick(world, i);
}

static void world_handle(struct world *world, const struct world_event *event)
{
    switch (event->kind) {
    case WORLD_CONNECT: network_connected(world, event->a); return;
    case WORLD_DELIVER: network_deliver(world, event->a, (enum side)event->b); return;
    case WORLD_BROKEN: network_broken(world, event->a, (enum side)event->b); return;
    case WORLD_STORE: database_run(world, event->a); return;
    case WORLD_STORED: database_told(world, event->a); return;
    case WORLD_HINT: service_hint(world, event->a); return;
    case WORLD_SERVER: service_start(world, event->a); return;
    case WORLD_ACT: actors_act(world, event->a); return;
    case WORLD_WAKE: laptop_return(world, event->a); return;
    case WORLD_FAULT: actors_fault(world); return;
    }
    bug("event_kind_of_world", __FILE__, __LINE__);
}

/* One step: whatever is due next. Deadlines of the cores go before events of the same time. */
static void world_step(struct world *world)
{
    uint64_t deadline = deadline_next(world);
    uint64_t event_at = world->event_count > 0 ? world->events[0].at : UINT64_MAX;
    world->steps++;
    if (deadline <= event_at) {
        if (deadline > world->now_ms) world->now_ms = deadline;
        world_fact(world, "tick", 0, 0);
        world_tick(world);
        return;
    }
    struct world_event event = event_take(world);
    world->now_ms = event.at;
    world_fact(world, "event", (uint64_t)event.kind, event.a);
    world_handle(world, &event);
}

static uint64_t next_due(const struct world *world)
{
    uint64_t deadline = deadline_next(world);
    uint64_t event_at = world->event_count > 0 ? world->events[0].at : UINT64_MAX;
    return deadline < event_at ? deadline : event_at;
}

static bool world_is_settled(const struct world *world)
{
    if (database_is_busy(world)) return false;
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (world->options.calm && world->laptops[i].away) continue;
        if (!laptop_is_settled(world, i, world->oracle.seq)) return false;
    }
    return true;
}

static void restless_tell(struct world *world)
{
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (laptop_is_settled(world, i, world->oracle.seq)) continue;
        const struct laptop *laptop = &world->laptops[i];
        size_t pending = 0;
        struct replica *replica = laptop->disk.inner;
        if (replica->f->outbox_count(replica, &pending)) pending = SIZE_MAX;
        struct sync_report report = {.state = SYNC_OFFLINE};
        if (laptop->sync) report = sync_report(laptop->sync);
        struct arena arena;
        arena_init(&arena, 1024 * 1024);
        struct identity identity = {.cursor_seq = 0};
        (void)laptop_identity(world, i, &arena, &identity);
        world_fail(world,
                   "laptop %zu of %s has not settled: state %d trouble %d refusal %d, %zu pending, "
                   "cursor %" PRIu64 " of %" PRIu64 "%s",
                   i, world->persons[laptop->person].name, (int)report.state, (int)report.trouble,
                   (int)report.refusal, pending, identity.cursor_seq, world->oracle.seq,
                   laptop->revoked ? ", revoked" : "");
        arena_finish(&arena);
    }
    world_fail(world, "a commit never ends");
}

static bool chaos_is_enough(const struct world *world)
{
    if (world->options.calm) return false;
    return world->oracle.promise_count > world->chaos_mutations ||
           world->steps > world->chaos_steps;
}

void world_run_until(struct world *world, uint64_t until_ms, bool settled_ends)
{
    uint64_t stuck_at = 0, stuck = 0;
    while (!world->failed && world->steps < STEPS_MAX && world->now_ms < until_ms) {
        if (settled_ends && world_is_settled(world)) return;
        if (!world->healed && chaos_is_enough(world)) return;
        if (world->stop_seq && world->oracle.seq >= world->stop_seq) return;
        if (world->options.calm && next_due(world) > until_ms) {
            world->now_ms = until_ms; /* nothing happens until then */
            return;
        }
        stuck = world->now_ms == stuck_at ? stuck + 1 : 0;
        stuck_at = world->now_ms;
        if (stuck > 20000) world_fail(world, "time stands still: somebody is busy for ever");
        if (!world->failed) world_step(world);
    }
    if (!world->failed && world->steps >= STEPS_MAX) world_fail(world, "too many steps");
}

void world_settle(struct world *world)
{
    world_run_until(world, world->now_ms + HEAL_LIMIT_MS, true);
    if (!world->failed && !world_is_settled(world)) restless_tell(world);
}

void world_check_quiet(struct world *world)
{
    static const uint64_t QUIET_MS = 10 * 60 * 1000, PER_LAPTOP_BYTES = 20 * 400;
    uint64_t seq = world->oracle.seq, bytes = world->network.bytes;
    world_run_until(world, world->now_ms + QUIET_MS, false);
    if (world->failed) return;
    bytes = world->network.bytes - bytes;
    if (world->oracle.seq != seq) world_fail(world, "something is committed though all is quiet");
    if (bytes > PER_LAPTOP_BYTES * world->laptop_count)
        world_fail(world, "%" PRIu64 " bytes were sent though all is quiet", bytes);
    /* Just then it may look, as it does again and again, for what is missing. */
    if (!world_is_settled(world)) world_run_until(world, world->now_ms + 1000, true);
    if (!world->failed && !world_is_settled(world)) restless_tell(world);
    world_mark(world, MARK_QUIET);
}

bool world_run(struct world *world, const struct world_options *options)
{
    world_open(world, options);
    world_run_until(world, world->chaos_until_ms, false);
    if (!world->failed) {
        world->healed = true;
        actors_heal(world);
        world_run_until(world, world->now_ms + HEAL_LIMIT_MS, true);
    }
    if (!world->failed && !world_is_settled(world)) restless_tell(world);
    outside_wait(world);
    if (!world->failed && world_chance(world, 100)) world_check_quiet(world);
    if (!world->failed) oracle_check_end(world);
    if (!world->failed) outside_check(world);
    return !world->failed;
}
