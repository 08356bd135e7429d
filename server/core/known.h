/* known.h - what the server knows of a team without asking: the rows it loaded or wrote, as they are
 * at one seq. A batch that needs no others is decided at once, and its commit is the only round trip.
 *
 * Right by the store port's promise: what decisions read changes only together with seq, and a commit
 * goes through only at the seq, and with the mark, it was decided at. If anybody else wrote, it is
 * STALE: then all of this is forgotten, loaded and decided again. So nothing here is ever trusted
 * further than the commit that follows.
 *
 * Not known, so never answered from here: invitations, and that a device does not exist (enrolling
 * takes no seq); what a mutation left behind (traces); what hangs on a thing (uses); whether a mutation was answered under another
 * number (the commit asks: store_request.unanswered). */
#ifndef SLUICE_SERVER_CORE_KNOWN_H
#define SLUICE_SERVER_CORE_KNOWN_H

#include "common/base/map.h"
#include "server/core/store.h"

struct known_generation {
    struct arena arena;
    struct map rows; /* (kind, id) -> entity, replica, or that there is none */
};

struct known {
    bool valid;
    uint64_t seq;
    uint8_t mark[MARK_BYTES];
    int64_t recorded_last, inbox_last;
    /* What was used lately is in the young one; when that has its half of the bytes, the old one
     * goes, and it becomes the old one. */
    struct known_generation young, old;
    const uint8_t *hash_key;
};

void known_init(struct known *known, const uint8_t *hash_key);
void known_finish(struct known *known);
void known_forget(struct known *known);
/* Bytes held. */
size_t known_bytes(const struct known *known);

/* A LOAD came back; then a COMMIT decided on it, or on what is known, went through. Both keep within
 * bytes_max. */
void known_loaded(struct known *known, const struct store_request *load,
                  const struct store_result *loaded, size_t bytes_max);
void known_committed(struct known *known, const struct store_request *commit, size_t bytes_max);

/* Fills `loaded` as that LOAD would. False: ask the database. What it points to is borrowed, until
 * the next call of the others. */
bool known_answers(struct known *known, struct arena *arena, const struct store_request *load,
                   struct store_result *loaded);

#endif
