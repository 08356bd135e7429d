/* postgres.h - one libpq connection on a libuv loop, always in pipeline mode.
 *
 *   BACKOFF --timer--> CONNECTING --ok--> PREPARING --prepared--> READY
 *      ^___________________|________________|__________________|   (any failure)
 *
 * A segment is a list of statements and one Sync: one round trip, one implicit transaction. Results
 * come in the order of sending. libpq resolves a host name while it blocks: name databases by
 * address or socket where that may take long. */
#ifndef SLUICE_SERVER_EDGE_POSTGRES_H
#define SLUICE_SERVER_EDGE_POSTGRES_H

#include <libpq-fe.h>
#include <uv.h>

#include "server/edge/pg_binary.h"
#include "server/edge/statements.h"

struct postgres;

/* How a segment ended. */
struct postgres_end {
    bool failed;      /* a statement failed, all of it is undone */
    bool lost;        /* the connection went away before the Sync was answered */
    char state[6];    /* SQLSTATE of the first error, "" when there is none */
    char message[256];
};

struct postgres_call {
    enum statement statement;
    struct pg_parameters parameters;
};

struct postgres_options {
    uv_loop_t *loop;
    const char *const *keywords; /* of PQconnectStartParams; must outlive the connection */
    const char *const *values;
    const char *const *const *others; /* further sets of values, tried in turn after a failure */
    size_t other_count;
    const struct statement_text *statements; /* STATEMENT_COUNT; must outlive too */
    const char *listen; /* a LISTEN for every new connection, or NULL */
    void *context;
    void (*result)(void *context, void *segment, size_t index, const PGresult *result);
    void (*end)(void *context, void *segment, const struct postgres_end *end);
    void (*ready)(void *context);
    void (*lost)(void *context, const char *why); /* or could not connect; it tries again */
    void (*notified)(void *context, const char *payload); /* with listen: by another connection */
};

struct postgres *postgres_open(const struct postgres_options *options); /* NULL: no memory */
bool postgres_ready(const struct postgres *postgres);
size_t postgres_in_flight(const struct postgres *postgres);
/* Sends the statements and one Sync, only while ready. False: nothing will come of it, and no
 * callback is made for `segment` (no memory in a call's parameters, or the connection breaks). */
bool postgres_send(struct postgres *postgres, const struct postgres_call *calls, size_t count,
                   void *segment);
/* Ends what is in flight as lost; closed when postgres_closed, after some turns of the loop. */
void postgres_close(struct postgres *postgres);
bool postgres_closed(const struct postgres *postgres);
void postgres_destroy(struct postgres *postgres); /* only a closed one */

#endif
