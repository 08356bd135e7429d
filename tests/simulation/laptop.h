/* laptop.h - one copy and its conversation: the client core on the memory replica. */
#ifndef SLUICE_TESTS_SIMULATION_LAPTOP_H
#define SLUICE_TESTS_SIMULATION_LAPTOP_H

#include "client/core/outbox.h"
#include "client/core/sync.h"

struct world;

struct laptop {
    size_t person;
    struct replica *replica;
    struct sync *sync;   /* NULL: not running */
    uint64_t connection; /* 0: none */
    bool away;           /* no network, lid closed */
    int64_t skew_ms;     /* of its wall clock */
    struct key_pair key;
    struct replica *backup; /* an older copy of the whole replica */
    size_t backup_promises; /* how many mutations had been made in the world by then */
};

/* A new laptop with an invitation that is not yet used. */
size_t laptop_create(struct world *world, size_t person);
/* A second laptop with the same files, key included. */
void laptop_copy(struct world *world, size_t from);
void laptop_backup(struct world *world, size_t index);
void laptop_restore(struct world *world, size_t index);
void laptop_finish(struct laptop *laptop);

void laptop_start(struct world *world, size_t index);
/* The process dies. What the replica has committed stays. */
void laptop_crash(struct world *world, size_t index);
void laptop_leave(struct world *world, size_t index); /* offline */
void laptop_return(struct world *world, size_t index);
void laptop_drain(struct world *world, size_t index);
struct now laptop_now(const struct world *world, size_t index);
bool laptop_joined(const struct world *world, size_t index);
/* The next writes to the copy fail at some point, once. */
void laptop_spoil(struct world *world, size_t index);
uint64_t laptop_deadline(const struct world *world, size_t index);
bool laptop_is_settled(const struct world *world, size_t index, uint64_t seq);

#endif
