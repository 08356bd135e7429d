/* store_postgres.c - the pool: jobs wait in a queue, go to a connection, and end.
 *
 * Called by the listener's loop and, through store_blocking, by administration and tests.
 * Invariant: every submitted request ends exactly once, also when the store is closed. */
#define _GNU_SOURCE
#include "server/edge/store_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"
#include "server/edge/store_hints.h"
#include "server/edge/store_job.h"

#include "common/base/banned.h"

enum {
    CONNECTIONS_DEFAULT = 4, /* more queue on the same rows and only burn processors */
    CONNECTIONS_MAX = 16,
    DEPTH_MAX = 8,           /* segments on one connection: hides the round trip, shares the work */
    WAIT_MS = 10 * 1000,     /* a restarting database is back by then; later the caller must know */
    STATEMENTS_BYTES_MAX = 512 * 1024,
    KEYWORDS_MAX = 64,
    HOSTS_MAX = 8, /* a cluster has two or three */
};

struct store_postgres {
    struct store_postgres_options options;
    struct arena arena; /* statements */
    uint8_t hash_key[ARENA_HASH_KEY]; /* of its jobs' maps */
    struct statement_text statements[STATEMENT_COUNT];
    PQconninfoOption *conninfo;
    const char *keywords[KEYWORDS_MAX], *values[KEYWORDS_MAX];
    const char *other_values[HOSTS_MAX - 1][KEYWORDS_MAX];
    const char *const *others[HOSTS_MAX - 1];
    size_t other_count;
    struct postgres *connections[CONNECTIONS_MAX];
    size_t connection_count, connections_wanted;
    struct store_hints *hints;
    struct store_job *first, *last; /* the queue */
    bool closing;
};

static void log_line(struct store_postgres *store, const char *what, const char *why)
{
    char line[512];
    if (!store->options.log) return;
    snprintf(line, sizeof line, "%s why=\"%s\"", what, why);
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < ' ') *c = ' ';
    }
    store->options.log(store->options.context, line);
}

static void job_end(struct store_postgres *store, struct store_job *job)
{
    store->options.done(store->options.context, &job->result);
    store_job_finish(job);
    free(job);
}

static void job_fail(struct store_postgres *store, struct store_job *job, const char *why)
{
    job->result = (struct store_result){.kind = job->request->kind,
                                        .ticket = job->request->ticket,
                                        .status = STORE_FAILED,
                                        .trouble = str_from(why),
                                        .arena = &job->arena};
    job_end(store, job);
}

static struct postgres *connection_idlest(struct store_postgres *store)
{
    struct postgres *best = NULL;
    for (size_t i = 0; i < store->connection_count; i++) {
        struct postgres *one = store->connections[i];
        if (!postgres_ready(one) || postgres_in_flight(one) >= DEPTH_MAX) continue;
        if (!best || postgres_in_flight(one) < postgres_in_flight(best)) best = one;
    }
    return best;
}

static void queue_push(struct store_postgres *store, struct store_job *job)
{
    job->next = NULL;
    if (store->last) {
        store->last->next = job;
    } else {
        store->first = job;
    }
    store->last = job;
}

static struct store_job *queue_pop(struct store_postgres *store)
{
    struct store_job *job = store->first;
    store->first = job->next;
    if (!store->first) store->last = NULL;
    return job;
}

static void dispatch(struct store_postgres *store)
{
    struct postgres *connection;
    while (store->first && !store->closing && (connection = connection_idlest(store))) {
        struct store_job *job = queue_pop(store);
        if (store_job_write(job)) {
            job_fail(store, job, "request is too large");
        } else if (!postgres_send(connection, job->calls, job->call_count, job)) {
            job_fail(store, job, "connection lost");
        } else {
            arena_reset(&job->sending); /* libpq has its own copy */
        }
    }
}

static void on_result(void *context, void *segment, size_t index, const PGresult *result)
{
    (void)context;
    store_job_read(segment, index, result);
}

static void on_end(void *context, void *segment, const struct postgres_end *end)
{
    struct store_postgres *store = context;
    struct store_job *job = segment;
    bool settled = store_job_settle(job, end);
    bool written = settled && job->request->kind == STORE_COMMIT && job->result.status == STORE_OK;
    struct uuid team = job->request->team;
    if (settled) {
        job_end(store, job);
    } else {
        queue_push(store, job);
    }
    dispatch(store);
    /* Own devices first: the others' servers wait for more than this. */
    if (written) store_hints_tell(store->hints, team);
}

static struct postgres *connection_open(struct store_postgres *store);

/* The others follow the first: a server is ready with one, and all at once would make it wait for
 * their share of the processors. */
static void on_ready(void *context)
{
    struct store_postgres *store = context;
    while (store->connection_count < store->connections_wanted && !store->closing) {
        struct postgres *connection = connection_open(store);
        if (!connection) break; /* for want of memory: it goes with fewer */
        store->connections[store->connection_count++] = connection;
    }
    dispatch(store);
}

/* Those that waited long enough hear it; the others may be lucky at the next attempt. */
static void on_lost(void *context, const char *why)
{
    struct store_postgres *store = context;
    log_line(store, "database.lost", why);
    if (store_postgres_ready(store)) return;
    uint64_t now = uv_now(store->options.loop);
    while (store->first && now - store->first->queued_ms > WAIT_MS) {
        job_fail(store, queue_pop(store), "no connection to the database");
    }
}

static void on_hint(void *context, struct uuid team)
{
    struct store_postgres *store = context;
    if (store->options.hint) store->options.hint(store->options.context, team);
}

static void on_hints_lost(void *context, const char *why)
{
    log_line(context, "database.hints_lost", why);
}

/* What the administrator wrote, and above it what must always be so. */
static bool keywords_fill(struct store_postgres *store)
{
    static const char *const ours[][2] = {
        {"application_name", "sluiced"}, {"client_encoding", "UTF8"},
        {"tcp_user_timeout", "10000"},   {"keepalives", "1"},
        {"options", connection_options},
    };
    size_t n = 0;
    char *trouble = NULL;
    store->conninfo = PQconninfoParse(store->options.conninfo, &trouble);
    if (!store->conninfo) {
        log_line(store, "database.conninfo", trouble ? trouble : "out of memory");
        PQfreemem(trouble);
        return false;
    }
    for (PQconninfoOption *o = store->conninfo; o->keyword; o++) {
        bool is_ours = false;
        for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
            if (strcmp(o->keyword, ours[i][0]) == 0) is_ours = true;
        }
        if (!o->val || is_ours || n == KEYWORDS_MAX - 1) continue;
        store->keywords[n] = o->keyword;
        store->values[n++] = o->val;
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0] && n < KEYWORDS_MAX - 1; i++) {
        store->keywords[n] = ours[i][0];
        store->values[n++] = ours[i][1];
    }
    return true;
}

static bool keyword_is(const char *keyword, const char *name)
{
    return keyword && strcmp(keyword, name) == 0;
}

/* The n-th of a list; a list of one holds for all. */
static const char *list_item(struct store_postgres *store, const char *list, size_t n)
{
    struct str rest = str_from(list), part = STR_NONE;
    if (str_find(rest, ',') == rest.n) return list;
    for (size_t i = 0; i <= n; i++) {
        if (!str_split(&rest, ',', &part)) return "";
    }
    return part.n > 0 ? arena_str(&store->arena, part).p : "";
}

static size_t list_count(const char *list)
{
    size_t count = 1;
    for (; *list; list++) count += *list == ',';
    return count;
}

static bool keyword_is_listed(const char *keyword)
{
    return keyword_is(keyword, "host") || keyword_is(keyword, "hostaddr") ||
           keyword_is(keyword, "port");
}

/* One host per attempt: libpq, left to itself, waits on the first as long as the kernel does. */
static void hosts_split(struct store_postgres *store)
{
    size_t count = 1;
    for (size_t i = 0; store->keywords[i]; i++) {
        if (!keyword_is_listed(store->keywords[i]) || keyword_is(store->keywords[i], "port")) {
            continue;
        }
        if (list_count(store->values[i]) > count) count = list_count(store->values[i]);
    }
    if (count > HOSTS_MAX) count = HOSTS_MAX;
    for (size_t n = count; n-- > 0;) { /* the first last: it is written over the list itself */
        const char **values = n > 0 ? store->other_values[n - 1] : store->values;
        for (size_t i = 0; store->keywords[i]; i++) {
            bool listed = keyword_is_listed(store->keywords[i]);
            values[i] = listed ? list_item(store, store->values[i], n) : store->values[i];
        }
        if (n > 0) store->others[n - 1] = values;
    }
    store->other_count = count - 1;
}

static struct postgres *connection_open(struct store_postgres *store)
{
    return postgres_open(&(struct postgres_options){
        .loop = store->options.loop, .keywords = store->keywords, .values = store->values,
        .others = store->others, .other_count = store->other_count,
        .statements = store->statements, .context = store, .result = on_result,
        .end = on_end, .ready = on_ready, .lost = on_lost});
}

struct store_postgres *store_postgres_open(const struct store_postgres_options *options)
{
    struct store_postgres *store = calloc(1, sizeof *store);
    if (!store) return NULL;
    store->options = *options;
    arena_init(&store->arena, STATEMENTS_BYTES_MAX);
    randombytes_buf(store->hash_key, sizeof store->hash_key);
    size_t count = options->connections > 0 ? options->connections : CONNECTIONS_DEFAULT;
    store->connections_wanted = count > CONNECTIONS_MAX ? CONNECTIONS_MAX : count;
    if (statements_build(&store->arena, store->statements) || !keywords_fill(store)) goto fail;
    hosts_split(store);
    store->connections[0] = connection_open(store);
    if (!store->connections[0]) goto fail;
    store->connection_count = 1;
    /* NULL, for want of memory, leaves the poll. */
    store->hints = store_hints_open(&(struct store_hints_options){
        .loop = options->loop, .keywords = store->keywords, .values = store->values,
        .others = store->others, .other_count = store->other_count,
        .listens = options->hint != NULL, .context = store, .heard = on_hint,
        .lost = on_hints_lost});
    return store;
fail:
    PQconninfoFree(store->conninfo);
    arena_finish(&store->arena);
    free(store);
    return NULL;
}

void store_postgres_submit(struct store_postgres *store, const struct store_request *request)
{
    struct store_job *job = calloc(1, sizeof *job);
    if (!job || store->closing) {
        struct store_result result = {.kind = request->kind, .ticket = request->ticket,
                                      .status = STORE_FAILED,
                                      .trouble = job ? STR("closing") : STR("out of memory")};
        free(job);
        store->options.done(store->options.context, &result);
        return;
    }
    store_job_init(job, request);
    job->sending.hash_key = store->hash_key;
    job->queued_ms = uv_now(store->options.loop);
    queue_push(store, job);
    dispatch(store);
}

bool store_postgres_ready(const struct store_postgres *store)
{
    for (size_t i = 0; i < store->connection_count; i++) {
        if (postgres_ready(store->connections[i])) return true;
    }
    return false;
}

void store_postgres_close(struct store_postgres *store)
{
    if (store->closing) return;
    store->closing = true;
    store_hints_close(store->hints);
    for (size_t i = 0; i < store->connection_count; i++) postgres_close(store->connections[i]);
    while (store->first) job_fail(store, queue_pop(store), "closing");
}

bool store_postgres_closed(const struct store_postgres *store)
{
    for (size_t i = 0; i < store->connection_count; i++) {
        if (!postgres_closed(store->connections[i])) return false;
    }
    return store->closing && store_hints_closed(store->hints);
}

bool store_postgres_told(const struct store_postgres *store)
{
    return store_hints_told(store->hints);
}

void store_postgres_destroy(struct store_postgres *store)
{
    if (!store) return;
    check(store_postgres_closed(store));
    store_hints_destroy(store->hints);
    for (size_t i = 0; i < store->connection_count; i++) postgres_destroy(store->connections[i]);
    PQconninfoFree(store->conninfo);
    arena_finish(&store->arena);
    free(store);
}
