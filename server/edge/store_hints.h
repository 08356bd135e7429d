/* store_hints.h - LISTEN and NOTIFY between several sluiced on one database.
 *
 * Hints are never needed for correctness: a poll of the head is the net below. They go over a
 * connection of their own, after the commit and outside its transaction (a NOTIFY inside would
 * serialise all commits of the database), and gathered: while one NOTIFY is under way, teams that
 * change meanwhile wait and share the next. */
#ifndef SLUICE_SERVER_EDGE_STORE_HINTS_H
#define SLUICE_SERVER_EDGE_STORE_HINTS_H

#include "common/base/id.h"

struct store_hints;
typedef struct uv_loop_s uv_loop_t;

struct store_hints_options {
    uv_loop_t *loop;
    const char *const *keywords, *const *values; /* as in postgres_options */
    const char *const *const *others;
    size_t other_count;
    bool listens; /* else it only tells, and connects when there is something to tell */
    void *context;
    void (*heard)(void *context, struct uuid team); /* another process committed to that team */
    void (*lost)(void *context, const char *why);
};

struct store_hints *store_hints_open(const struct store_hints_options *options); /* NULL: memory */
/* This process has committed to that team. */
void store_hints_tell(struct store_hints *hints, struct uuid team);
bool store_hints_told(const struct store_hints *hints); /* nothing waits to be told */
void store_hints_close(struct store_hints *hints);
bool store_hints_closed(const struct store_hints *hints);
void store_hints_destroy(struct store_hints *hints);

#endif
