/* laptop.h - one copy and its conversation: the client core on a simulated disk. */
#ifndef SLUICE_TESTS_SIMULATION_LAPTOP_H
#define SLUICE_TESTS_SIMULATION_LAPTOP_H

#include "client/core/outbox.h"
#include "client/core/sync.h"
#include "tests/simulation/disk.h"

struct world;

struct laptop {
    size_t person;
    struct disk disk;    /* its port is what programs on the laptop use */
    struct sync *sync;   /* NULL: not running */
    uint64_t connection; /* 0: none */
    bool away;           /* no network, lid closed */
    bool deaf;           /* does not read what servers send */
    size_t unread_most;  /* what a server kept for it meanwhile */
    bool snapshotting;   /* a snapshot has begun and not ended */
    bool revoked;        /* or its member is: it is to be turned away */
    bool spoiled;        /* a script damaged its copy: nothing to compare yet */
    bool doctor;         /* compares the copy with the server when it exchanges once */
    bool live, stopping; /* how the sync was started; it was told to stop */
    struct uuid first;   /* the device's first replica id: every other one is a copy's */
    bool forked;         /* it took a new replica id once */
    int64_t skew_ms;     /* of its wall clock */
    struct key_pair key;
    struct device device; /* as it was revoked; zero id when its member was removed */
    struct copy backup; /* an older one of the whole */
    size_t backup_promises; /* how many mutations had been made in the world by then */
    uint64_t generation, cursor_seq; /* that were shown last */
    uint64_t connects;      /* since all healed */
};

/* A new laptop with an invitation that is not yet used. */
size_t laptop_create(struct world *world, size_t person);
/* A second laptop with the same files, key included. */
void laptop_copy(struct world *world, size_t from);
void laptop_backup(struct world *world, size_t index);
void laptop_restore(struct world *world, size_t index);
void laptop_finish(struct laptop *laptop);

void laptop_start(struct world *world, size_t index, bool live);
/* The process dies. What the replica has committed stays. */
void laptop_crash(struct world *world, size_t index);
/* The program is told to end: says bye after what is in flight. */
void laptop_stop(struct world *world, size_t index);
void laptop_leave(struct world *world, size_t index); /* offline */
void laptop_return(struct world *world, size_t index);
void laptop_tick(struct world *world, size_t index);
void laptop_drain(struct world *world, size_t index);
struct now laptop_now(const struct world *world, size_t index);
bool laptop_joined(const struct world *world, size_t index);
struct replica *laptop_port(struct world *world, size_t index);
/* A copy of what is on its disk, for a look: one at a time, to be closed by the caller. */
void laptop_disk_copy(struct world *world, size_t index, struct copy *copy);
/* The next writes to the copy fail at some point, once. */
void laptop_spoil(struct world *world, size_t index);
/* The process dies at some write. */
void laptop_tear(struct world *world, size_t index);
/* Lets the process die if its disk says so. */
void laptop_heed_disk(struct world *world, size_t index);
uint64_t laptop_deadline(const struct world *world, size_t index);
/* Turned away for good, and rightly. */
bool laptop_is_shut_out(const struct world *world, size_t index);
bool laptop_is_settled(const struct world *world, size_t index, uint64_t seq);
bool laptop_identity(const struct world *world, size_t index, struct arena *arena,
                     struct identity *out);

#endif
