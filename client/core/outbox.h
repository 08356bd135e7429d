/* outbox.h - own mutations: decided at once on the shown state, kept until the server answered.
 *
 * Invariant: shown rows = server rows + pending mutations re-decided on top, after every function
 * here has returned. */
#ifndef SLUICE_CLIENT_CORE_OUTBOX_H
#define SLUICE_CLIENT_CORE_OUTBOX_H

#include "client/core/pending.h"
#include "client/core/replica.h"
#include "common/base/now.h"
#include "common/domain/decide.h"

/* Decides on the shown state and, unless refused, makes the mutation durable and shown, in one
 * transaction. change->outcome OUTCOME_PARKED: refused here, nothing was queued; reasons say why.
 * Stamps number; the mutation's id, acted_at and definition_version must be set. When nothing would
 * change, nothing is queued and change->row_count is 0. */
MUST_USE enum fault outbox_submit(struct replica *replica, struct arena *arena,
                                  struct mutation *mutation, struct str summary, struct now now,
                                  struct change *change);
/* Many at once in one transaction (import, bulk edits). Refused ones are reported per item in
 * changes[] and not queued. */
MUST_USE enum fault outbox_submit_many(struct replica *replica, struct arena *arena,
                                       struct mutation *mutations, size_t count,
                                       struct str summary, struct now now,
                                       struct change *changes);
/* Rebuilds the overlay from scratch. Call inside a transaction, after server rows changed: a
 * snapshot, work offered again, anything nobody kept account of. */
MUST_USE enum fault outbox_rebase(struct replica *replica, struct arena *arena, struct now now);
/* The same, for a delta: only what `pending` was told of (pending_learn, then pending_row and
 * pending_answered), and what hangs on it, is decided again. */
MUST_USE enum fault outbox_refresh(struct replica *replica, struct arena *arena,
                                   struct pending *pending, struct now now);
/* Marks entries answered as the OUTCOME rows of a delta say (inside a transaction). */
MUST_USE enum fault outbox_answer(struct replica *replica, struct arena *arena,
                                  const struct packed_row *row, struct now now);
/* The server's number is lower than what it answered: it was restored. Everything above is pending
 * again, with the same numbers and bytes (inside a transaction). Returns how many. went_back: the
 * server does not know where this copy stood; then what lies below waits for its answer again as
 * well, which in another history may be another one, or to a clone's mutation under that number. */
MUST_USE enum fault outbox_reoffer(struct replica *replica, uint64_t server_last_number,
                                   bool went_back, size_t *count);
/* The server does not know where this copy stood: what was answered under former replica ids may be
 * lost with it. All of that becomes pending, numbered after the server's last one, before what is
 * newer (inside a transaction). What is not lost is known by its id. Returns how many. */
MUST_USE enum fault outbox_reoffer_former(struct replica *replica, uint64_t server_last_number,
                                          size_t *count);
/* This copy was restored or cloned: new replica id; what is unanswered is renumbered from 1, what
 * is answered becomes OUTBOX_FORMER (inside a transaction). */
MUST_USE enum fault outbox_renumber(struct replica *replica, struct arena *arena,
                                    struct uuid new_replica);

#endif
