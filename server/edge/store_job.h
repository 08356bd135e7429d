/* store_job.h - one request of the store port on its way: to statements, and from their results.
 *
 * Called by store_postgres.c, which moves jobs between queue and connections. Nothing in here
 * knows sockets or the loop. */
#ifndef SLUICE_SERVER_EDGE_STORE_JOB_H
#define SLUICE_SERVER_EDGE_STORE_JOB_H

#include "server/core/store.h"
#include "server/edge/postgres.h"

struct store_job {
    const struct store_request *request;
    struct store_result result;
    struct arena arena;   /* of the result */
    struct arena sending; /* of the calls; reset when they are sent */
    struct postgres_call *calls;
    size_t call_count, call_cap;
    struct postgres_call spare; /* swallows parameters when there is no memory for a call */
    enum statement *statements; /* of the calls, in the result's arena: how to read what comes */
    size_t row_cap;
    struct definition *definition;
    uint64_t definition_seq;
    bool answered; /* the row that decides between found and not was there */
    bool has_head;
    int tries;
    bool unblocks; /* it met a lock that did not go away */
    uint64_t queued_ms;
    struct store_job *next;
};

void store_job_init(struct store_job *job, const struct store_request *request);
void store_job_finish(struct store_job *job);
/* Fills calls. FAULT_MEMORY when it does not fit. Starts the result anew, so a job may be run
 * again. */
MUST_USE enum fault store_job_write(struct store_job *job);
/* The commit's part of it (store_job_commit.c). */
void store_job_write_commit(struct store_job *job);
/* The next call's parameters, to be filled; never NULL. */
struct pg_parameters *store_job_call(struct store_job *job, enum statement statement);
/* What came for the index-th call. */
void store_job_read(struct store_job *job, size_t index, const PGresult *result);
/* Settles the status from how the segment ended. False: run it again. */
bool store_job_settle(struct store_job *job, const struct postgres_end *end);

#endif
