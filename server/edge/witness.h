/* witness.h - keeps outside the database what must outlive its restore.
 *
 * Sees every request and result of the store go by (listener.c): enrolments and revocations go to
 * the access journal before the core hears of them, and so before any answer goes out; numbers go to
 * known_numbers, written every few seconds. What other servers of the database did comes by as rows
 * of pages, and at the next start (access_restore.h). */
#ifndef SLUICE_SERVER_EDGE_WITNESS_H
#define SLUICE_SERVER_EDGE_WITNESS_H

#include "server/core/server.h"
#include "server/edge/service_user.h"

struct witness;

MUST_USE enum fault witness_open(const char *data, struct witness **out, struct trouble *trouble);
void witness_close(struct witness *witness); /* writes; accepts NULL */
/* Tickets above this are of the witness's own requests; the server never comes that far. */
#define WITNESS_TICKETS (UINT64_C(1) << 63)
/* A request of its own, to be run: NULL when there is none. Valid until its result was given to
 * witness_own, which is true for those. */
const struct store_request *witness_next(struct witness *witness);
bool witness_own(struct witness *witness, const struct store_result *result);
/* A sign-in that the database lets pass though the device was revoked, or its member removed: after a
 * failover nobody has put that back yet. */
bool witness_shuts_out(const struct witness *witness, const struct store_result *result,
                       enum entity_kind *kind, struct uuid *subject);
/* The request stays valid until its result was heard. */
void witness_asked(struct witness *witness, const struct store_request *request);
/* False: something could not be written down; it is tried again with the next one. */
bool witness_heard(struct witness *witness, const struct store_result *result);
/* Gives the server all numbers, to be compared with the database. False: again later. */
bool witness_compare(struct witness *witness, struct server *server, struct now now);
/* Writes the numbers when that is due. False: it could not. */
bool witness_tick(struct witness *witness, uint64_t boot_ms);

#endif
