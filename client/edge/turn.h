/* turn.h - whose turn it is to hold the device's connection, among processes of one home.
 *
 * The lock goes with the process: who crashes gives it up. Called by home.c. */
#ifndef SLUICE_CLIENT_EDGE_TURN_H
#define SLUICE_CLIENT_EDGE_TURN_H

#include "common/base/fault.h"

struct turn {
    int fd; /* -1: not held */
};

/* FAULT_BUSY: another process has it. */
MUST_USE enum fault turn_take(const char *home, struct turn *out);
/* The process that took it last and has not given it back; 0: there is none, or it is gone. */
long turn_holder(const char *home);
/* The same for being the one sender left behind: it keeps this while it lingers without the
 * connection, so that a command in the foreground gets its turn at once. */
MUST_USE enum fault turn_take_sender(const char *home, struct turn *out);
void turn_release(struct turn *turn);
/* Tells the holder that there is something to send. */
void turn_poke(const char *home);
/* Makes the file that is poked, if need be. */
MUST_USE enum fault turn_poke_path(const char *home, char out[4096]);

#endif
