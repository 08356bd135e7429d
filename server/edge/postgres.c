/* postgres.c - see the header for the states. Called by store_postgres only.
 *
 * Invariants: the poll handle is on the heap and made anew for every socket, because libpq closes
 * and reopens sockets under the same number; what was sent and not answered is in `segments`, in
 * order. */
#define _GNU_SOURCE
#include "server/edge/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum {
    SEGMENTS_MAX = 64,         /* on the wire at once; the store sends fewer */
    BACKOFF_FIRST_MS = 50,
    BACKOFF_LAST_MS = 1600,    /* a restarted database is noticed within two seconds */
    CONNECT_MS = 5000,         /* PQconnectPoll knows no time limit of its own */
    ANSWER_MS = 25 * 1000,     /* statement_timeout ends a statement after 20 s: who says nothing for
                                  longer is stopped, or something between us swallows it */
    REPLAN_FIRST = 2,          /* segments; then at every doubling */
};

enum state { STATE_BACKOFF = 1, STATE_CONNECTING, STATE_PREPARING, STATE_READY,
             STATE_BREAKING, STATE_CLOSED };

struct watch { /* frees itself once closed */
    uv_poll_t poll;
    struct postgres *owner;
};

struct segment {
    void *context;
    size_t index;    /* of the statement whose result comes next */
    bool has_result; /* something came for it: the next NULL ends it */
    struct postgres_end end;
};

struct postgres {
    struct postgres_options options;
    enum state state;
    PGconn *connection;
    struct watch *watch;
    int mask;
    uv_timer_t timer; /* back-off, or the limit on connecting or answering */
    bool timer_closed;
    uint64_t backoff_ms;
    size_t turn; /* which set of values: 0, or one of the others + 1 */
    struct segment segments[SEGMENTS_MAX]; /* ring */
    size_t first, count;
    uint64_t sent, replan_at; /* segments on this connection */
    int open_handles;
};

static void connect_begin(struct postgres *p);
static void drop(struct postgres *p, const char *why);
static void on_timer(uv_timer_t *timer);
static void ready_event(struct postgres *p);
static void connecting_event(struct postgres *p);

static void watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->owner->open_handles--;
    free(watch);
}

static void watch_end(struct postgres *p)
{
    if (!p->watch) return;
    uv_poll_stop(&p->watch->poll);
    uv_close((uv_handle_t *)&p->watch->poll, watch_closed);
    p->watch = NULL;
    p->mask = 0;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct watch *watch = handle->data;
    struct postgres *p = watch->owner;
    (void)status; /* libpq finds out by itself when it reads */
    (void)events;
    if (p->watch != watch) return;
    if (p->state == STATE_CONNECTING) {
        connecting_event(p);
    } else {
        ready_event(p);
    }
}

static bool watch_want(struct postgres *p, int mask)
{
    if (!p->watch) {
        struct watch *watch = calloc(1, sizeof *watch);
        if (!watch) return false;
        if (uv_poll_init(p->options.loop, &watch->poll, PQsocket(p->connection)) != 0) {
            free(watch);
            return false;
        }
        watch->poll.data = watch;
        watch->owner = p;
        p->open_handles++;
        p->watch = watch;
        p->mask = 0;
    }
    if (mask == p->mask) return true;
    p->mask = mask;
    return uv_poll_start(&p->watch->poll, mask, on_poll) == 0;
}

/* What is in flight gets that long for the next of its results. */
static void answer_await(struct postgres *p)
{
    if (p->state != STATE_READY) return;
    if (p->count > 0) {
        uv_timer_start(&p->timer, on_timer, ANSWER_MS, 0);
    } else {
        uv_timer_stop(&p->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct postgres *p = timer->data;
    if (p->state == STATE_BACKOFF) {
        connect_begin(p);
    } else if (p->state == STATE_CONNECTING || p->state == STATE_PREPARING) {
        drop(p, "no answer while connecting");
    } else if (p->state == STATE_BREAKING) {
        drop(p, "sending failed");
    } else if (p->state == STATE_READY) {
        drop(p, "no answer");
    }
}

static void notice_ignore(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Takes the first segment out and tells its end; it may submit new ones meanwhile. */
static void segment_finish(struct postgres *p)
{
    struct segment segment = p->segments[p->first];
    p->first = (p->first + 1) % SEGMENTS_MAX;
    p->count--;
    if (segment.context) {
        p->options.end(p->options.context, segment.context, &segment.end);
    } else if (p->state == STATE_PREPARING && !segment.end.failed && !segment.end.lost) {
        p->state = STATE_READY;
        p->backoff_ms = BACKOFF_FIRST_MS;
        uv_timer_stop(&p->timer);
        p->options.ready(p->options.context);
    }
}

static void release(struct postgres *p)
{
    watch_end(p);
    if (p->connection) PQfinish(p->connection);
    p->connection = NULL;
}

/* The connection is of no use any more; ends what is in flight and tries again later. */
static void drop(struct postgres *p, const char *why)
{
    if (p->state == STATE_BACKOFF || p->state == STATE_CLOSED) return;
    char line[256];
    snprintf(line, sizeof line, "%s", why);
    p->state = STATE_BACKOFF;
    p->turn = (p->turn + 1) % (p->options.other_count + 1);
    release(p);
    uint64_t jitter = uv_hrtime() / 1000 % (p->backoff_ms / 2 + 1);
    uv_timer_start(&p->timer, on_timer, p->backoff_ms + jitter, 0);
    p->backoff_ms = p->backoff_ms * 2 > BACKOFF_LAST_MS ? BACKOFF_LAST_MS : p->backoff_ms * 2;
    while (p->count > 0) {
        p->segments[p->first].end.lost = true;
        segment_finish(p);
    }
    p->options.lost(p->options.context, line);
}

static void connect_begin(struct postgres *p)
{
    p->state = STATE_CONNECTING;
    const char *const *values = p->turn ? p->options.others[p->turn - 1] : p->options.values;
    p->connection = PQconnectStartParams(p->options.keywords, values, 0);
    uv_timer_start(&p->timer, on_timer, CONNECT_MS, 0);
    if (!p->connection || PQstatus(p->connection) == CONNECTION_BAD) {
        drop(p, p->connection ? PQerrorMessage(p->connection) : "out of memory");
        return;
    }
    PQsetNoticeReceiver(p->connection, notice_ignore, NULL);
    if (!watch_want(p, UV_WRITABLE)) drop(p, "cannot watch the socket");
}

static bool flush(struct postgres *p)
{
    int left = PQflush(p->connection);
    if (left < 0) return false;
    return watch_want(p, UV_READABLE | (left ? UV_WRITABLE : 0));
}

static struct segment *segment_push(struct postgres *p, void *context)
{
    if (p->count == SEGMENTS_MAX) return NULL;
    struct segment *segment = &p->segments[(p->first + p->count) % SEGMENTS_MAX];
    *segment = (struct segment){.context = context};
    p->count++;
    return segment;
}

/* The first segment on a connection: every statement prepared. */
static void prepare_all(struct postgres *p)
{
    p->state = STATE_PREPARING;
    p->sent = 0;
    p->replan_at = REPLAN_FIRST;
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        const struct statement_text *text = &p->options.statements[i];
        if (!text->sql) continue;
        if (!PQsendPrepare(p->connection, text->name, text->sql, 0, NULL)) {
            drop(p, PQerrorMessage(p->connection));
            return;
        }
    }
    bool listens = !p->options.listen || PQsendQueryParams(p->connection, p->options.listen, 0,
                                                           NULL, NULL, NULL, NULL, 0);
    if (!listens || !PQpipelineSync(p->connection) || !segment_push(p, NULL) || !flush(p)) {
        drop(p, PQerrorMessage(p->connection));
    }
}

static void connecting_event(struct postgres *p)
{
    watch_end(p); /* the poll below may close the socket */
    switch (PQconnectPoll(p->connection)) {
    case PGRES_POLLING_READING:
        if (!watch_want(p, UV_READABLE)) drop(p, "cannot watch the socket");
        return;
    case PGRES_POLLING_WRITING:
        if (!watch_want(p, UV_WRITABLE)) drop(p, "cannot watch the socket");
        return;
    case PGRES_POLLING_OK:
        if (PQsetnonblocking(p->connection, 1) != 0 || !PQenterPipelineMode(p->connection)) {
            drop(p, PQerrorMessage(p->connection));
            return;
        }
        prepare_all(p);
        return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE:
    default: drop(p, PQerrorMessage(p->connection)); return;
    }
}

static void error_keep(struct postgres_end *end, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (end->failed || !state) return; /* without a state it is the connection that is lost */
    end->failed = true;
    snprintf(end->state, sizeof end->state, "%s", state);
    snprintf(end->message, sizeof end->message, "%s", message ? message : "");
}

/* One step of reading; false when nothing more can be read now. */
static bool result_next(struct postgres *p)
{
    if (p->count == 0 || !p->connection || PQisBusy(p->connection)) return false;
    struct segment *segment = &p->segments[p->first];
    PGresult *result = PQgetResult(p->connection);
    if (!result) {
        if (!segment->has_result) return false; /* nothing is coming: the connection is gone */
        segment->has_result = false;
        segment->index++;
        return true;
    }
    segment->has_result = true;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        segment_finish(p);
        return true;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        if (segment->context && !segment->end.failed) {
            p->options.result(p->options.context, segment->context, segment->index, result);
        }
        break;
    case PGRES_PIPELINE_ABORTED: break;
    default: error_keep(&segment->end, result); break;
    }
    PQclear(result);
    return true;
}

static void notifications_read(struct postgres *p)
{
    PGnotify *heard;
    while (p->connection && (heard = PQnotifies(p->connection))) {
        bool own = heard->be_pid == PQbackendPID(p->connection);
        if (!own && p->options.notified) p->options.notified(p->options.context, heard->extra);
        PQfreemem(heard);
    }
}

static void ready_event(struct postgres *p)
{
    bool alive = PQconsumeInput(p->connection) != 0;
    bool heard = false;
    while (result_next(p)) heard = true;
    if (heard) answer_await(p);
    notifications_read(p);
    if (!p->connection) return; /* dropped or closed by what a result caused */
    if (p->state == STATE_PREPARING && p->count > 0 && p->segments[p->first].end.failed) {
        drop(p, p->segments[p->first].end.message);
    } else if (!alive || PQstatus(p->connection) == CONNECTION_BAD || !flush(p)) {
        drop(p, PQerrorMessage(p->connection));
    } else if (p->state == STATE_PREPARING && p->count == 0) {
        drop(p, "statements could not be prepared");
    }
}

struct postgres *postgres_open(const struct postgres_options *options)
{
    struct postgres *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->options = *options;
    p->backoff_ms = BACKOFF_FIRST_MS;
    p->state = STATE_BACKOFF;
    if (uv_timer_init(options->loop, &p->timer) != 0) {
        free(p);
        return NULL;
    }
    p->timer.data = p;
    p->open_handles = 1;
    uv_timer_start(&p->timer, on_timer, 0, 0); /* from the loop, so that callbacks never surprise */
    return p;
}

bool postgres_ready(const struct postgres *p)
{
    return p->state == STATE_READY && p->count < SEGMENTS_MAX;
}

size_t postgres_in_flight(const struct postgres *p)
{
    return p->count;
}

/* A prepared statement keeps the plan that was good for the tables as they were. Those of a new team
 * are empty: any index will do, also one that leads through the whole team. So plans are made anew
 * at every doubling; what a bad one costs stays in proportion. False: the connection breaks. */
static bool plans_renew(struct postgres *p)
{
    if (++p->sent < p->replan_at || p->count + 1 >= SEGMENTS_MAX) return true; /* room for both */
    p->replan_at = p->sent * 2;
    return PQsendQueryParams(p->connection, "DISCARD PLANS", 0, NULL, NULL, NULL, NULL, 0) &&
           PQpipelineSync(p->connection) && segment_push(p, NULL);
}

bool postgres_send(struct postgres *p, const struct postgres_call *calls, size_t count,
                   void *segment)
{
    check(segment);
    check(postgres_ready(p));
    for (size_t i = 0; i < count; i++) {
        if (calls[i].parameters.failed) return false; /* before anything of it is sent */
    }
    bool sent = plans_renew(p);
    for (size_t i = 0; i < count && sent; i++) {
        const struct pg_parameters *with = &calls[i].parameters;
        const char *name = p->options.statements[calls[i].statement].name;
        check(name);
        sent = PQsendQueryPrepared(p->connection, name, with->count, with->values, with->lengths,
                                   with->formats, 1)
               != 0;
    }
    sent = sent && PQpipelineSync(p->connection) && segment_push(p, segment);
    if (!sent) { /* half a segment must not become part of the next one */
        p->state = STATE_BREAKING;
        uv_timer_start(&p->timer, on_timer, 0, 0);
        return false;
    }
    if (!uv_is_active((uv_handle_t *)&p->timer)) answer_await(p);
    /* A failed flush shows again at the next turn of the loop; dropping now would call back. */
    bool flushed = PQflush(p->connection) == 0;
    watch_want(p, flushed ? UV_READABLE : UV_READABLE | UV_WRITABLE);
    return true;
}

static void timer_closed(uv_handle_t *handle)
{
    struct postgres *p = handle->data;
    p->open_handles--;
    p->timer_closed = true;
}

void postgres_close(struct postgres *p)
{
    if (p->state == STATE_CLOSED) return;
    p->state = STATE_CLOSED;
    release(p);
    uv_timer_stop(&p->timer);
    uv_close((uv_handle_t *)&p->timer, timer_closed);
    while (p->count > 0) {
        p->segments[p->first].end.lost = true;
        segment_finish(p);
    }
}

bool postgres_closed(const struct postgres *p)
{
    return p->state == STATE_CLOSED && p->open_handles == 0;
}

void postgres_destroy(struct postgres *p)
{
    if (!p) return;
    check(postgres_closed(p));
    free(p);
}
