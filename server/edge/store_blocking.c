/* store_blocking.c - the same store, one request at a time, on a loop of its own. For
 * administration and tests (store_postgres.h). */
#define _GNU_SOURCE
#include "server/edge/store_postgres.h"

#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum {
    CONNECT_WAIT_MS = 10 * 1000,
    TELL_WAIT_MS = 500, /* other processes' poll tells it too, a little later */
};

/* The store frees a result once `done` returns; so `done` takes the arena over, and all the result
 * points to lives on. */
struct store_blocking {
    uv_loop_t loop;
    struct store_postgres *store;
    uv_timer_t limit;
    struct store_result result;
    struct arena arena;
    bool has_result, late;
};

static void on_done(void *context, const struct store_result *result)
{
    struct store_blocking *blocking = context;
    blocking->result = *result;
    if (result->arena) { /* taken over: the store is left with an empty one */
        blocking->arena = *result->arena;
        *result->arena = (struct arena){0};
    }
    blocking->result.arena = &blocking->arena;
    blocking->has_result = true;
}

static void on_limit(uv_timer_t *timer)
{
    struct store_blocking *blocking = timer->data;
    blocking->late = true;
}

struct store_blocking *store_blocking_open(const char *conninfo)
{
    struct store_blocking *blocking = calloc(1, sizeof *blocking);
    if (!blocking) return NULL;
    if (uv_loop_init(&blocking->loop) != 0) {
        free(blocking);
        return NULL;
    }
    uv_timer_init(&blocking->loop, &blocking->limit);
    blocking->limit.data = blocking;
    blocking->store = store_postgres_open(&(struct store_postgres_options){
        .conninfo = conninfo, .loop = &blocking->loop, .connections = 1, .done = on_done,
        .context = blocking});
    uv_timer_start(&blocking->limit, on_limit, CONNECT_WAIT_MS, 0);
    while (blocking->store && !blocking->late && !store_postgres_ready(blocking->store)) {
        uv_run(&blocking->loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&blocking->limit);
    if (blocking->store && store_postgres_ready(blocking->store)) return blocking;
    store_blocking_close(blocking);
    return NULL;
}

const struct store_result *store_blocking_run(struct store_blocking *blocking,
                                              const struct store_request *request)
{
    arena_finish(&blocking->arena);
    blocking->arena = (struct arena){0};
    blocking->has_result = false;
    uv_update_time(&blocking->loop);
    store_postgres_submit(blocking->store, request);
    while (!blocking->has_result) uv_run(&blocking->loop, UV_RUN_ONCE);
    return &blocking->result;
}

void store_blocking_close(struct store_blocking *blocking)
{
    if (!blocking) return;
    if (blocking->store) {
        blocking->late = false;
        uv_update_time(&blocking->loop);
        uv_timer_start(&blocking->limit, on_limit, TELL_WAIT_MS, 0);
        while (!blocking->late && !store_postgres_told(blocking->store)) {
            uv_run(&blocking->loop, UV_RUN_ONCE);
        }
        store_postgres_close(blocking->store);
        while (!store_postgres_closed(blocking->store)) uv_run(&blocking->loop, UV_RUN_ONCE);
        store_postgres_destroy(blocking->store);
    }
    uv_close((uv_handle_t *)&blocking->limit, NULL);
    while (uv_run(&blocking->loop, UV_RUN_DEFAULT) != 0) {}
    check(uv_loop_close(&blocking->loop) == 0);
    arena_finish(&blocking->arena);
    free(blocking);
}
