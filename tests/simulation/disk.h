/* disk.h - what a copy stands on: the replica port with a disk below that fails, fills up, is held
 * by somebody else, and with a process above that dies between any two writes.
 *
 * A crash at a write leaves the copy as its last commit left it, or, at a commit itself, as one of
 * the two. After the crash every call fails until the disk is mounted again; whoever drives the
 * laptop notices disk_crashed() and lets the process die. */
#ifndef SLUICE_TESTS_SIMULATION_DISK_H
#define SLUICE_TESTS_SIMULATION_DISK_H

#include "tests/simulation/copy.h"

struct disk {
    struct replica port; /* what the laptop's programs get */
    struct copy copy;
    struct replica *inner; /* of the copy */
    struct world *world;
    bool open; /* a transaction is */
    bool crashed;
    bool crash_armed;
    size_t crash_after; /* writes until then */
    enum fault fail_with;
    size_t fail_after;
    bool removed_one; /* in this transaction: a planted bug looks at it */
    struct uuid replica_before;
};

void disk_init(struct disk *disk, struct world *world, const struct copy *copy);
/* Closes what is below. */
void disk_finish(struct disk *disk);
/* The process that had it open is gone: what was not committed is not there. */
void disk_mount(struct disk *disk);
/* The same, and the machine was without power. */
void disk_power_cut(struct disk *disk);
/* After so many more writes (begin and commit included) the next one fails, once. */
void disk_fail(struct disk *disk, size_t writes, enum fault fault);
/* After so many more writes the process dies. */
void disk_tear(struct disk *disk, size_t writes);
bool disk_crashed(const struct disk *disk);

#endif
