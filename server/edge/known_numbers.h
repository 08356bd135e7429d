/* known_numbers.h - up to which number each copy was answered, kept outside the database.
 *
 *   DATA/known.numbers   one line per copy; written anew every few seconds while it changes
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
};

struct known_numbers;

/* What the file says; an absent or damaged one says less. NULL: out of memory. */
struct known_numbers *known_numbers_open(const char *data);
void known_numbers_close(struct known_numbers *known); /* accepts NULL; does not write */
/* Numbers only grow; a device that is given is kept. */
void known_numbers_learn(struct known_numbers *known, const struct known_number *number);
size_t known_numbers_count(const struct known_numbers *known);
const struct known_number *known_numbers_at(const struct known_numbers *known, size_t i);
bool known_numbers_changed(const struct known_numbers *known); /* since it was read or written */
/* Beside the file, then in its place. */
MUST_USE enum fault known_numbers_write(struct known_numbers *known);

#endif
