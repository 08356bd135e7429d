/* network.c - one TCP connection: resolved in the thread pool, IPv4 and IPv6, closed in the
 * background.
 *
 * Invariant: `ending` is set once, and the memory goes when the last handle has closed. */
#define _GNU_SOURCE
#include "client/edge/network.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"

enum {
    CONNECT_MS = 5000,      /* for resolving, and for each address */
    FLUSH_MS = 2000,        /* for the last bytes of a connection nobody waits for */
    READ_BYTES = 64 * 1024,
    WRITE_BYTES = 256 * 1024, /* copied at once when the socket is full */
    HOST_MAX = 256,
    PORT_MAX = 8
};

enum stage { STAGE_RESOLVING, STAGE_CONNECTING, STAGE_OPEN, STAGE_BROKEN, STAGE_FLUSHING };

struct connection {
    uv_loop_t *loop;
    struct connection_events events;
    enum stage stage;
    bool detached; /* no more events */
    bool ending;
    bool resolving, tcp_live, timer_live;
    uv_timer_t timer;
    uv_tcp_t tcp;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    uv_write_t write, last;
    uv_shutdown_t shutdown;
    struct addrinfo *found, *next;
    char *output; /* being written; NULL: nothing is */
    char *rest;
    char input[READ_BYTES];
};

static void connection_release(struct connection *c)
{
    if (!c->ending || c->resolving || c->tcp_live || c->timer_live) return;
    if (c->found != NULL) uv_freeaddrinfo(c->found);
    free(c->output);
    free(c->rest);
    free(c);
}

static void connection_try_next(struct connection *c);

static void connection_tcp_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->tcp_live = false;
    if (c->ending) {
        connection_release(c);
    } else {
        connection_try_next(c);
    }
}

static void connection_timer_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    c->timer_live = false;
    connection_release(c);
}

static void connection_close_tcp(struct connection *c)
{
    if (c->tcp_live && !uv_is_closing((uv_handle_t *)&c->tcp)) {
        uv_close((uv_handle_t *)&c->tcp, connection_tcp_closed);
    }
}

static void connection_end(struct connection *c)
{
    if (c->ending) return;
    c->ending = true;
    c->detached = true;
    if (c->resolving) uv_cancel((uv_req_t *)&c->resolve); /* too late is fine: it is waited for */
    connection_close_tcp(c);
    uv_close((uv_handle_t *)&c->timer, connection_timer_closed);
}

static void connection_fail(struct connection *c)
{
    bool tell = !c->detached;
    struct connection_events events = c->events;
    connection_end(c);
    if (tell) events.lost(events.context);
}

static void connection_timer(uv_timer_t *timer)
{
    struct connection *c = timer->data;
    if (c->stage == STAGE_CONNECTING) {
        connection_close_tcp(c);
    } else if (c->stage == STAGE_FLUSHING) {
        connection_end(c);
    } else {
        connection_fail(c);
    }
}

static void connection_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct connection *c = handle->data;
    (void)suggested;
    *out = uv_buf_init(c->input, sizeof c->input);
}

static void connection_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct connection *c = stream->data;
    if (n < 0) {
        connection_fail(c);
    } else if (n > 0 && !c->detached) {
        c->events.received(c->events.context, (struct str){bytes->base, (size_t)n});
    }
}

static void connection_connected(uv_connect_t *request, int status)
{
    struct connection *c = request->data;
    if (c->ending || uv_is_closing((uv_handle_t *)&c->tcp)) return;
    if (status < 0) {
        connection_close_tcp(c);
        return;
    }
    uv_timer_stop(&c->timer);
    c->stage = STAGE_OPEN;
    if (uv_read_start((uv_stream_t *)&c->tcp, connection_allocate, connection_read) < 0) {
        connection_fail(c);
        return;
    }
    c->events.opened(c->events.context);
}

static void connection_try_next(struct connection *c)
{
    if (c->next == NULL) {
        connection_fail(c);
        return;
    }
    struct addrinfo *address = c->next;
    c->next = address->ai_next;
    c->stage = STAGE_CONNECTING;
    if (uv_tcp_init(c->loop, &c->tcp) < 0) {
        connection_fail(c);
        return;
    }
    c->tcp_live = true;
    c->tcp.data = c;
    c->connect.data = c;
    uv_timer_start(&c->timer, connection_timer, CONNECT_MS, 0);
    if (uv_tcp_connect(&c->connect, &c->tcp, address->ai_addr, connection_connected) < 0) {
        connection_close_tcp(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
}

static void connection_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct connection *c = request->data;
    c->resolving = false;
    c->found = found;
    if (c->ending) {
        connection_release(c);
    } else if (status < 0) {
        connection_fail(c);
    } else {
        c->next = found;
        connection_try_next(c);
    }
}

static bool address_part(struct str part, char *out, size_t size)
{
    if (part.n == 0 || part.n >= size) return false;
    memcpy(out, part.p, part.n);
    out[part.n] = 0;
    return memchr(part.p, 0, part.n) == NULL;
}

/* "host:port", "[v6]:port". */
static bool address_split(struct str address, char host[HOST_MAX], char port[PORT_MAX])
{
    size_t colon = address.n;
    for (size_t i = 0; i < address.n; i++) {
        if (address.p[i] == ':') colon = i;
    }
    if (colon == address.n) return false;
    struct str name = str_slice(address, 0, colon);
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']') {
        name = str_slice(name, 1, name.n - 1);
    }
    return address_part(name, host, HOST_MAX) &&
           address_part(str_slice(address, colon + 1, address.n), port, PORT_MAX);
}

struct connection *connection_open(uv_loop_t *loop, struct str address,
                                   const struct connection_events *events)
{
    char host[HOST_MAX], port[PORT_MAX];
    const struct addrinfo hints = {.ai_family = AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_protocol = IPPROTO_TCP,
                                   .ai_flags = AI_NUMERICSERV};
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->loop = loop;
    c->events = *events;
    uv_timer_init(loop, &c->timer);
    c->timer_live = true;
    c->timer.data = c;
    c->resolve.data = c;
    c->resolving = address_split(address, host, port) &&
                   uv_getaddrinfo(loop, &c->resolve, connection_resolved, host, port, &hints) == 0;
    /* What failed at once is told by the loop as well. */
    uv_timer_start(&c->timer, connection_timer, c->resolving ? CONNECT_MS : 0, 0);
    return c;
}

static void connection_written(uv_write_t *request, int status)
{
    struct connection *c = request->data;
    free(c->output);
    c->output = NULL;
    if (status < 0) {
        if (!c->ending) connection_fail(c);
    } else if (!c->detached) {
        c->events.written(c->events.context);
    }
}

static void connection_break(struct connection *c)
{
    c->stage = STAGE_BROKEN;
    uv_timer_start(&c->timer, connection_timer, 0, 0);
}

size_t connection_write(struct connection *c, struct str bytes)
{
    if (c->stage != STAGE_OPEN || c->output != NULL || bytes.n == 0) return 0;
    size_t n = bytes.n < WRITE_BYTES ? bytes.n : WRITE_BYTES;
    c->output = malloc(n);
    if (c->output == NULL) {
        connection_break(c);
        return 0;
    }
    memcpy(c->output, bytes.p, n);
    uv_buf_t buffer = uv_buf_init(c->output, (unsigned)n);
    int written = uv_try_write((uv_stream_t *)&c->tcp, &buffer, 1);
    if (written > 0) {
        free(c->output);
        c->output = NULL;
        return (size_t)written;
    }
    c->write.data = c;
    if ((written < 0 && written != UV_EAGAIN) ||
        uv_write(&c->write, (uv_stream_t *)&c->tcp, &buffer, 1, connection_written) < 0) {
        free(c->output);
        c->output = NULL;
        connection_break(c);
        return 0;
    }
    return n;
}

static void connection_shut(uv_shutdown_t *request, int status)
{
    struct connection *c = request->data;
    (void)status;
    connection_end(c);
}

static void connection_last_written(uv_write_t *request, int status)
{
    struct connection *c = request->data;
    if (c->ending) return;
    c->shutdown.data = c;
    if (status < 0 ||
        uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, connection_shut) < 0) {
        connection_end(c);
    }
}

void connection_finish(struct connection *c, struct str rest)
{
    if (c->ending) return;
    c->detached = true;
    if (c->stage != STAGE_OPEN) {
        connection_end(c);
        return;
    }
    c->stage = STAGE_FLUSHING;
    uv_timer_start(&c->timer, connection_timer, FLUSH_MS, 0);
    c->rest = malloc(rest.n + 1);
    if (c->rest == NULL) {
        connection_end(c);
        return;
    }
    if (rest.n > 0) memcpy(c->rest, rest.p, rest.n);
    uv_buf_t buffer = uv_buf_init(c->rest, (unsigned)rest.n);
    c->last.data = c;
    if (uv_write(&c->last, (uv_stream_t *)&c->tcp, &buffer, 1, connection_last_written) < 0) {
        connection_end(c);
    }
}

void connection_drop(struct connection *c)
{
    if (c != NULL) connection_end(c);
}
