/* known_numbers.h - up to which number each copy was answered, kept outside the database.
 *
 *   DATA/known.numbers   one line per copy; written anew every few seconds while it changes
 *
 * A copy may have further lines, with ` lost` at their ends: what it was answered in a history that was
 * gone when it was answered something else. They stay until their mutation is answered again.
 *
 * A restored database has answered less. Copies that are ahead of it offer their work again when
 * they come; this file says which have not come yet, so that somebody can ask for them. It is a help
 * and no promise: its last seconds may be missing. */
#ifndef SLUICE_SERVER_EDGE_KNOWN_NUMBERS_H
#define SLUICE_SERVER_EDGE_KNOWN_NUMBERS_H

#include "common/base/arena.h"
#include "common/base/id.h"

struct known_number {
    struct uuid team, replica, device; /* device: zero when not heard of */
    struct uuid mutation; /* that had the number; zero when not known */
    uint64_t number;
    int64_t at_ms; /* when it was answered */
    bool lost;     /* what came for this copy later may not build on it */
    bool doubted;  /* the database is being asked for it (not written down) */
};

struct known_numbers;

/* What the file says; an absent or damaged one says less. NULL: out of memory. */
struct known_numbers *known_numbers_open(const char *data);
void known_numbers_close(struct known_numbers *known); /* accepts NULL; does not write */
/* A device that is given is kept. Without a mutation: numbers only grow. With one it was answered just
 * now: what the copy was answered before is kept as lost if the number did not grow, or if it was
 * doubted. */
void known_numbers_learn(struct known_numbers *known, const struct known_number *number);
/* The database has an answer to that mutation, of that copy, as it is now. */
void known_numbers_answered(struct known_numbers *known, struct uuid replica, struct uuid mutation);
/* The database may have gone back: it is asked for all of them. */
void known_numbers_doubt(struct known_numbers *known);
/* The lost ones come last. */
size_t known_numbers_count(const struct known_numbers *known);
const struct known_number *known_numbers_at(const struct known_numbers *known, size_t i);
bool known_numbers_changed(const struct known_numbers *known); /* since it was read or written */
/* Beside the file, then in its place. */
MUST_USE enum fault known_numbers_write(struct known_numbers *known);

#endif
