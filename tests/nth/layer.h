/* layer.h - the file layer of the simulator, with its operations counted and the N-th failing.
 *
 * Stands before tests/simulation/file_layer, which knows what the disk holds and what a power cut
 * leaves of it. Counts all files together: one copy is open at a time while it is armed. */
#ifndef SLUICE_TESTS_NTH_LAYER_H
#define SLUICE_TESTS_NTH_LAYER_H

#include <stdbool.h>
#include <stdint.h>

enum layer_trouble {
    LAYER_NONE = 0,
    LAYER_READ,  /* the N-th read fails */
    LAYER_WRITE, /* the N-th write, cut or deletion fails */
    LAYER_SHORT, /* of the N-th write only half is written */
    LAYER_FULL,  /* from the N-th write on the disk is full, until it is disarmed */
    LAYER_SYNC,  /* the N-th sync fails */
    LAYER_KILL,  /* the process dies at the N-th write, cut or sync: nothing happens after it */
    LAYER_POWER, /* and so does the machine: what was not synced is as chance wants */
    LAYER_TROUBLES
};

/* After file_layer_start; before file_layer_stop. */
void layer_start(void);
void layer_stop(void);
void layer_arm(enum layer_trouble trouble, uint64_t n);
/* How many operations of that kind there were. */
uint64_t layer_disarm(void);
bool layer_struck(void);
const char *layer_trouble_name(enum layer_trouble trouble);

#endif
