/* crash_note.h - which mutation the server was at when it died, so that one which kills it twice is
 * set aside and everybody else is served.
 *
 * The note lies in memory that outlives the worker (the keeper's). The worker writes what it is
 * about to look at; after a crash the keeper counts it. Pure: no system calls here. */
#ifndef SLUICE_SERVER_CORE_CRASH_NOTE_H
#define SLUICE_SERVER_CORE_CRASH_NOTE_H

#include "common/base/text.h"

enum {
    SUSPECTS_MAX = 16, /* the one seen longest ago gives way */
    CRASHES_MAX = 2,   /* of one mutation; then it is parked as our bug */
    NOTE_HASH_BYTES = 32
};

struct suspect {
    uint8_t hash[NOTE_HASH_BYTES]; /* of the mutation's bytes */
    uint32_t crashes;
};

struct crash_note { /* zeroed is a valid, empty one */
    bool busy; /* hash is being looked at */
    uint8_t hash[NOTE_HASH_BYTES];
    struct suspect suspects[SUSPECTS_MAX]; /* newest last */
    uint32_t count;
};

/* The worker's part. A NULL note is none. */
void crash_note_begin(struct crash_note *note, const uint8_t hash[NOTE_HASH_BYTES]);
void crash_note_end(struct crash_note *note);
/* Has it brought the server down CRASHES_MAX times? */
bool crash_note_condemns(const struct crash_note *note, struct str payload);

/* The keeper's part, after a crash: how often that mutation has done it; 0 when none was named. */
uint32_t crash_note_blame(struct crash_note *note);

#endif
