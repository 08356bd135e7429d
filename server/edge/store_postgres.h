/* store_postgres.h - the store port (server/core/store.h) on PostgreSQL.
 *
 * A small pool of non-blocking libpq connections in pipeline mode on a libuv loop. One request is
 * one pipeline segment (one round trip, one implicit transaction). Reconnects by itself with
 * back-off; a request in flight on a lost connection ends as STORE_FAILED, a COMMIT whose Sync was
 * sent as STORE_UNKNOWN. One host per attempt is given to libpq; several are rotated here. */
#ifndef SLUICE_SERVER_EDGE_STORE_POSTGRES_H
#define SLUICE_SERVER_EDGE_STORE_POSTGRES_H

#include "server/core/store.h"

typedef struct uv_loop_s uv_loop_t;

struct store_postgres;

struct store_postgres_options {
    const char *conninfo; /* the application role's; one host */
    uv_loop_t *loop;
    size_t connections;   /* 0: 4 */
    /* Results are handed over from the loop; the result is freed after this returns. */
    void (*done)(void *context, const struct store_result *result);
    /* NOTIFY heard: another process committed to that team. May be NULL. */
    void (*hint)(void *context, struct uuid team);
    void (*log)(void *context, const char *line);
    void *context;
};

struct store_postgres *store_postgres_open(const struct store_postgres_options *options);
/* Queues; the request stays the caller's and must stay valid until done. */
void store_postgres_submit(struct store_postgres *store, const struct store_request *request);
bool store_postgres_ready(const struct store_postgres *store); /* at least one connection is up */
bool store_postgres_told(const struct store_postgres *store); /* no hint waits to be sent */
/* Starts closing; the loop must run on until it returns true from _closed. */
void store_postgres_close(struct store_postgres *store);
bool store_postgres_closed(const struct store_postgres *store);
void store_postgres_destroy(struct store_postgres *store);

/* For administration and tests: submit, run the store's own private loop until done. The result is
 * valid until the next call or close. `conninfo` as above. */
struct store_blocking;
struct store_blocking *store_blocking_open(const char *conninfo); /* NULL: could not connect */
const struct store_result *store_blocking_run(struct store_blocking *store,
                                              const struct store_request *request);
void store_blocking_close(struct store_blocking *store);

#endif
