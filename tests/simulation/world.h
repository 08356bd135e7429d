/* world.h - the simulated world: one virtual clock, one heap of events, one stream of chance.
 *
 * Everything that happens in a seed happens through world_run(): it takes what is due next, in a
 * fixed order, and hands it to the part it belongs to. Parts: network (pipes), service (the server
 * on its store), laptop (a copy and its sync), actors (people), check (the oracle).
 * Invariant: two runs of one seed take the same steps; the trace hash proves it. It covers facts
 * only (what, when, how much), never cipher bytes or addresses. */
#ifndef SLUICE_TESTS_SIMULATION_WORLD_H
#define SLUICE_TESTS_SIMULATION_WORLD_H

#include <stdbool.h>

#include "common/base/now.h"
#include "common/base/random.h"
#include "common/link/secret.h"
#include "tests/simulation/check.h"
#include "tests/simulation/laptop.h"
#include "tests/simulation/network.h"
#include "tests/simulation/service.h"

enum { PERSONS = 5, LAPTOPS_MAX = 12, STEPS_MAX = 3 * 1000 * 1000 };

enum event_kind_of_world {
    WORLD_CONNECT, /* a: connection */
    WORLD_DELIVER, /* a: connection, b: side that receives */
    WORLD_BROKEN,  /* a: connection, b: side that notices */
    WORLD_STORE,   /* a: slot of a store request, b: incarnation of the server */
    WORLD_SERVER,  /* the server starts again */
    WORLD_ACT,     /* a: person */
    WORLD_WAKE,    /* a: laptop */
    WORLD_FAULT    /* the environment does something */
};

struct world_event {
    uint64_t at, order; /* ties go by order of scheduling */
    enum event_kind_of_world kind;
    uint64_t a, b;
};

/* What a seed makes likely: each seed switches a random part of the faults off. */
struct weather {
    uint64_t delay_ms_max;
    uint64_t cut, half_open, split;                    /* per thousand */
    uint64_t store_failed, store_stale, store_unknown; /* per thousand commits and loads */
    uint64_t store_delay_ms_max;
    /* per thousand of WORLD_FAULT */
    uint64_t server_crash, laptop_crash, laptop_away, copy, restore, disk, administration;
    bool clocks_wrong;
};

struct person_of_world {
    struct uuid member;
    const char *name;
    int64_t role;
    uint8_t code[CODE_BYTES];
    struct uuid last_mutation; /* what an undo would take back */
    uint64_t made;
};

struct world {
    uint64_t seed;
    bool story;
    struct random random;
    uint64_t now_ms; /* virtual, since an arbitrary start */
    uint64_t steps, hash;
    uint64_t chaos_until_ms;
    bool healed, failed;
    struct weather weather;

    struct world_event *events;
    size_t event_count, event_cap;
    uint64_t event_order;

    struct uuid team;
    struct key_pair server_key;
    struct person_of_world persons[PERSONS];
    struct laptop laptops[LAPTOPS_MAX];
    size_t laptop_count;
    struct network network;
    struct service service;
    struct oracle oracle;
};

/* Runs the seed to its end. False when an invariant broke; the reason was printed. */
bool world_run(struct world *world, uint64_t seed, bool story);
void world_finish_all(struct world *world);

void world_schedule(struct world *world, uint64_t delay_ms, enum event_kind_of_world kind,
                    uint64_t a, uint64_t b);
struct now world_now(const struct world *world);
/* True `per_thousand` times in a thousand; draws even when it cannot be. */
bool world_chance(struct world *world, uint64_t per_thousand);
uint64_t world_below(struct world *world, uint64_t bound);
/* A fact for the trace hash. */
void world_fact(struct world *world, const char *what, uint64_t a, uint64_t b);
void world_tell(const struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An invariant broke. Only the first one is printed: all that follow may be its consequence. */
void world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* actors.c */
void actors_schedule(struct world *world);
void actors_act(struct world *world, uint64_t person);
void actors_fault(struct world *world);
bool actors_heal(struct world *world);

#endif
