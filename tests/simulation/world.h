/* world.h - the simulated world: one virtual clock, one heap of events, one stream of chance.
 *
 * Everything that happens in a seed happens through world_run(): it takes what is due next, in a
 * fixed order, and hands it to the part it belongs to. Parts: network (pipes), service (the servers),
 * database (their store, on good and bad days), laptop (a copy and its sync), disk (what a copy
 * stands on), actors and acts (people), operators (who run the servers), check (the oracle).
 * Invariant: two runs of one seed take the same steps; the trace hash proves it. It covers facts
 * only (what, when, how much), never cipher bytes or addresses. */
#ifndef SLUICE_TESTS_SIMULATION_WORLD_H
#define SLUICE_TESTS_SIMULATION_WORLD_H

#include <stdbool.h>

#include "common/base/now.h"
#include "common/base/random.h"
#include "common/link/secret.h"
#include "tests/simulation/check.h"
#include "tests/simulation/chronicle.h"
#include "tests/simulation/database.h"
#include "tests/simulation/laptop.h"
#include "tests/simulation/mark.h"
#include "tests/simulation/network.h"
#include "tests/simulation/plant.h"
#include "tests/simulation/service.h"
#include "tests/simulation/weather.h"
#include "tests/simulation/outside.h"

enum {
    PERSONS_FOUNDING = 5,
    PERSONS = 7, /* the last ones may be invited while the seed runs */
    LAPTOPS_MAX = 12,  /* of people who act by themselves */
    LAPTOPS_ROOM = 64, /* scripts may have more */
    SERVERS_MAX = 3,
    STEPS_MAX = 3 * 1000 * 1000
};

enum event_kind_of_world {
    WORLD_CONNECT, /* a: connection */
    WORLD_DELIVER, /* a: connection, b: side that receives */
    WORLD_BROKEN,  /* a: connection, b: side that notices */
    WORLD_STORE,   /* a: slot of a store request: the database runs it */
    WORLD_STORED,  /* a: slot: the server hears of it */
    WORLD_HINT,    /* a: server: somebody else may have committed */
    WORLD_SERVER,  /* a: server that starts again */
    WORLD_ACT,     /* a: person */
    WORLD_WAKE,    /* a: laptop */
    WORLD_FAULT    /* the environment does something */
};

struct world_event {
    uint64_t at, order; /* ties go by order of scheduling */
    enum event_kind_of_world kind;
    uint64_t a, b;
};

struct person_of_world {
    struct uuid member;
    const char *name;
    int64_t role; /* as it was made; may change */
    uint8_t code[CODE_BYTES];
    bool removed; /* from the team, for good */
    bool invited; /* member and invitation exist in the team, or wait to be sent */
    uint64_t made;
};

/* Ids of what people ever made, of one kind. */
struct made_of_world {
    struct uuid *ids;
    size_t count, cap;
};

struct world_options {
    uint64_t seed;
    bool story;         /* tell it on stdout */
    enum plant plant;   /* a bug to be found; PLANT_NONE for none */
    bool files;         /* copies are the real encrypted files on a simulated disk */
    /* Called for every request the database ran, with what came of it; for comparing stores. */
    void (*ran)(void *context, const struct store_request *, const struct store_result *);
    /* The database as it is now becomes the backup, or the standby; or is replaced by it. */
    void (*travelled)(void *context, bool standby, bool back);
    void *ran_context;
    bool steady; /* the database never goes back in time */
    bool calm;   /* nobody acts and nothing strikes by itself: a script does (scene.h) */
    size_t servers; /* how many, if calm */
};

struct world {
    struct world_options options;
    struct random random;
    uint64_t now_ms; /* virtual, since an arbitrary start */
    uint64_t steps, hash;
    uint64_t chaos_until_ms;
    uint64_t chaos_mutations, chaos_steps; /* ... or until so much has happened */
    bool healed, failed;
    uint64_t stop_seq; /* a script wants to go on as soon as the team is there; 0: no */
    struct weather weather;
    struct marks marks;
    struct chronicle chronicle;
    struct planted planted;
    char folder[120]; /* of placeholders for simulated files */
    size_t file_count;
    struct copy scratch;

    struct world_event *events;
    size_t event_count, event_cap;
    uint64_t event_order;

    struct uuid team;
    struct key_pair server_key;
    struct person_of_world persons[PERSONS];
    struct made_of_world made[ENTITY_COUNT];
    struct laptop laptops[LAPTOPS_ROOM];
    size_t laptop_count;
    struct network network;
    struct service servers[SERVERS_MAX];
    size_t server_count;
    struct database database;
    struct outside_of_world outside;
    struct oracle oracle;
};

/* Runs the seed to its end. False when an invariant broke; the reason was printed. */
bool world_run(struct world *world, const struct world_options *options);
void world_finish_all(struct world *world);

/* The parts of world_run, for scripts. */
void world_open(struct world *world, const struct world_options *options);
/* settled_ends: or until nobody waits for anything. Who is away is not waited for if all is calm. */
void world_run_until(struct world *world, uint64_t until_ms, bool settled_ends);
/* Until nobody waits for anything; it is broken when that never comes. */
void world_settle(struct world *world);
/* Nobody has anything to say any more: no commits, and on the wire no more than keepalives. */
void world_check_quiet(struct world *world);

void world_schedule(struct world *world, uint64_t delay_ms, enum event_kind_of_world kind,
                    uint64_t a, uint64_t b);
struct now world_now(const struct world *world);
/* True `per_thousand` times in a thousand; draws even when it cannot be. */
bool world_chance(struct world *world, uint64_t per_thousand);
uint64_t world_below(struct world *world, uint64_t bound);
/* A span of human time, drawn below the bound and brought to the pace of the seed. */
uint64_t world_span(struct world *world, uint64_t bound_ms);
/* A fact for the trace hash. */
void world_fact(struct world *world, const char *what, uint64_t a, uint64_t b);
void world_mark(struct world *world, enum mark mark);
void world_tell(struct world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* An invariant broke. Only the first one is printed: all that follow may be its consequence. */
void world_fail(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* actors.c */
void actors_schedule(struct world *world);
void actors_act(struct world *world, uint64_t person);
void actors_fault(struct world *world);
void actors_heal(struct world *world);

/* operators.c */
void operators_act(struct world *world);
/* Who was turned away stays so, also when the database forgot it. */
void operators_turn_away(struct world *world);
/* What `sluiced init` does. */
void operators_found(struct world *world);
void operators_remove(struct world *world, struct person_of_world *person);
void operators_set_role(struct world *world, const struct person_of_world *person, int64_t role);
void operators_define(struct world *world, const struct definition *definition);
/* A one-time code for another laptop of that person. */
void operators_invite(struct world *world, struct person_of_world *person);

#endif
