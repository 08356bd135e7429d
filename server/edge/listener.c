/* listener.c - drives the server core: what sockets, timers and the store bring goes in, effects
 * come out.
 *
 * Invariants: a uv handle is freed in its close callback only; after each event the core's effects
 * are drained to the last (listener_turn); server_closed is told once per accepted connection. */
#define _GNU_SOURCE
#include "server/edge/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include <sodium.h>
#include <uv.h>

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/version.h"
#include "server/core/server.h"
#include "server/edge/socket.h"
#include "server/edge/store_postgres.h"
#include "server/edge/witness.h"

#include "common/base/banned.h"

enum {
    BUCKETS = 4096,        /* a third of SESSIONS_MAX: chains of three */
    READ_BYTES = 64 * 1024, /* one shared buffer: the core takes all of it at once */
    WRITE_BYTES = 64 * 1024, /* handed to the kernel's care per connection at most */
    LINES_BYTES = 64 * 1024, /* of the log, written in one piece at the end of a turn */
    SEND_BYTES = 512 * 1024, /* that the system may keep: it would take 4 MiB from who does not read */
    DEAD_PEER_MS = 30 * 1000,
    KEEPALIVE_S = 30,
    STOP_MS = 5 * 1000, /* what is in flight has that long */
    TIME_BYTES = 32,
};

struct listener;

struct connection {
    uv_tcp_t handle;
    struct listener *listener;
    struct connection *next; /* in its bucket */
    uint64_t number;
    bool reading, writing, ending, closing;
    uv_write_t write;
    uint8_t *rest; /* bytes of a write under way */
};

struct listener {
    uv_loop_t loop;
    uv_tcp_t socket;
    uv_timer_t timer;
    uv_signal_t terminate, interrupt;
    struct server *server;
    struct store_postgres *store;
    struct witness *witness;
    struct connection *buckets[BUCKETS];
    uint64_t last_number, stop_at_ms;
    size_t connections, paused;
    bool turning, ready, stopping, ended;
    uint64_t went_back; /* the server's count when the numbers were compared last */
    bool compared;
    struct buffer lines;
    time_t lines_second;
    char lines_at[TIME_BYTES]; /* that second */
    bool unaccepted; /* for want of memory; libuv says no more until it is taken */
    char name[SOCKET_NAME_BYTES]; /* the address really bound */
    char input[READ_BYTES];
};

static struct now now_read(void)
{
    struct timespec boot, wall;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct now){
        .boot_ms = (uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000,
        .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
}

static void time_format(time_t seconds, char at[TIME_BYTES])
{
    struct tm parts;
    at[0] = 0;
    if (gmtime_r(&seconds, &parts)) strftime(at, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void log_line(struct str line, bool warning)
{
    char at[TIME_BYTES];
    time_format(time(NULL), at);
    fprintf(stderr, "%s %s%.*s\n", at, warning ? "warning " : "", STR_ARGS(line));
}

static void lines_write(struct listener *listener)
{
    if (listener->lines.n > 0) (void)fwrite(listener->lines.p, 1, listener->lines.n, stderr);
    buffer_clear(&listener->lines);
}

/* Of the core: one for each change, so not a system call for each. */
static void lines_add(struct listener *listener, struct str line, bool warning)
{
    time_t second = time(NULL);
    if (second != listener->lines_second) time_format(second, listener->lines_at);
    listener->lines_second = second;
    size_t before = listener->lines.n;
    buffer_format(&listener->lines, "%s %s%.*s\n", listener->lines_at, warning ? "warning " : "",
                  STR_ARGS(line));
    if (!buffer_fault(&listener->lines)) return;
    listener->lines.n = before; /* no room, or no memory */
    lines_write(listener);
    log_line(line, warning);
}

/* --- connections --- */

static void listener_turn(struct listener *listener);

static struct connection **connection_place(struct listener *listener, uint64_t number)
{
    struct connection **place = &listener->buckets[number % BUCKETS];
    while (*place && (*place)->number != number) place = &(*place)->next;
    return place;
}

static void connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    free(connection->rest);
    free(connection);
}

/* Tells the core and lets go; the memory follows in the close callback. */
static void connection_close(struct connection *connection)
{
    struct listener *listener = connection->listener;
    if (connection->closing) return;
    connection->closing = true;
    if (!connection->reading) listener->paused--;
    *connection_place(listener, connection->number) = connection->next;
    listener->connections--;
    uint64_t number = connection->number;
    uv_close((uv_handle_t *)&connection->handle, connection_closed);
    server_closed(listener->server, number, now_read());
}

static void connection_flush(struct connection *connection);

static void connection_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;
    struct listener *listener = connection->listener;
    connection->writing = false;
    free(connection->rest);
    connection->rest = NULL;
    if (connection->closing) return;
    if (status < 0) {
        connection_close(connection);
    } else {
        connection_flush(connection);
    }
    listener_turn(listener);
}

/* What the socket does not take at once is copied, at most WRITE_BYTES, and counts as sent: the
 * core's output stays its own, and bounded. */
static void connection_flush(struct connection *connection)
{
    struct server *server = connection->listener->server;
    while (!connection->closing && !connection->writing) {
        struct str output = server_output(server, connection->number);
        if (output.n == 0) break;
        size_t n = output.n < WRITE_BYTES ? output.n : WRITE_BYTES;
        uv_buf_t piece = uv_buf_init((char *)(uintptr_t)output.p, (unsigned)n);
        int sent = uv_try_write((uv_stream_t *)&connection->handle, &piece, 1);
        if (sent == UV_EAGAIN) {
            connection->rest = malloc(n);
            if (!connection->rest) {
                connection_close(connection);
                return;
            }
            memcpy(connection->rest, output.p, n);
            piece = uv_buf_init((char *)connection->rest, (unsigned)n);
            connection->write.data = connection;
            sent = uv_write(&connection->write, (uv_stream_t *)&connection->handle, &piece, 1,
                            connection_written);
            if (sent == 0) {
                connection->writing = true;
                sent = (int)n;
            }
        }
        if (sent < 0) {
            connection_close(connection);
            return;
        }
        server_sent(server, connection->number, (size_t)sent, now_read());
    }
    if (connection->ending && !connection->writing && !connection->closing) {
        connection_close(connection);
    }
}

static void connection_allocate(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)size;
    struct connection *connection = handle->data;
    *out = uv_buf_init(connection->listener->input, READ_BYTES);
}

static void connection_want(struct connection *connection);

static void connection_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct connection *connection = stream->data;
    struct listener *listener = connection->listener;
    if (connection->closing || n == 0) return;
    if (n < 0) {
        connection_close(connection);
    } else {
        server_received(listener->server, connection->number,
                        (struct str){bytes->base, (size_t)n}, now_read());
        connection_want(connection);
    }
    listener_turn(listener);
}

static void connection_want(struct connection *connection)
{
    struct listener *listener = connection->listener;
    bool wants = !connection->ending && server_wants_input(listener->server, connection->number);
    if (connection->closing || wants == connection->reading) return;
    if (wants) {
        if (uv_read_start((uv_stream_t *)&connection->handle, connection_allocate,
                          connection_read) != 0) {
            connection_close(connection);
            return;
        }
        listener->paused--;
    } else {
        uv_read_stop((uv_stream_t *)&connection->handle);
        listener->paused++;
    }
    connection->reading = wants;
}

static void connection_tune(struct connection *connection)
{
    uv_tcp_nodelay(&connection->handle, 1);
    uv_tcp_keepalive(&connection->handle, 1, KEEPALIVE_S);
    int fd;
    unsigned wait_ms = DEAD_PEER_MS;
    int send_bytes = SEND_BYTES;
    (void)uv_send_buffer_size((uv_handle_t *)&connection->handle, &send_bytes);
    if (uv_fileno((uv_handle_t *)&connection->handle, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &wait_ms, sizeof wait_ms);
    }
}

static struct str source_name(const uv_tcp_t *handle, char text[64])
{
    struct sockaddr_storage peer;
    int length = sizeof peer;
    if (uv_tcp_getpeername(handle, (struct sockaddr *)&peer, &length) != 0 ||
        getnameinfo((struct sockaddr *)&peer, (socklen_t)length, text, 64, NULL, 0,
                    NI_NUMERICHOST) != 0) {
        return STR("?");
    }
    return str_from(text);
}

static void listener_accept(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    if (status < 0) {
        server_accept_failed(listener->server, str_from(uv_err_name(status)), now_read());
        listener_turn(listener);
        return;
    }
    struct connection *connection = calloc(1, sizeof *connection);
    listener->unaccepted = !connection;
    if (!connection) {
        server_accept_failed(listener->server, STR("ENOMEM"), now_read());
        listener_turn(listener);
        return;
    }
    connection->listener = listener;
    uv_tcp_init(&listener->loop, &connection->handle);
    connection->handle.data = connection;
    if (uv_accept(stream, (uv_stream_t *)&connection->handle) != 0) {
        uv_close((uv_handle_t *)&connection->handle, connection_closed);
        return;
    }
    connection_tune(connection);
    connection->number = ++listener->last_number;
    connection->next = *connection_place(listener, connection->number);
    *connection_place(listener, connection->number) = connection;
    listener->connections++;
    listener->paused++; /* until connection_want starts it */
    char text[64];
    server_accepted(listener->server, connection->number, source_name(&connection->handle, text),
                    now_read());
    connection_want(connection);
    listener_turn(listener);
}

/* --- turns --- */

static void connections_want(struct listener *listener)
{
    for (size_t i = 0; i < BUCKETS && listener->paused > 0; i++) {
        for (struct connection *each = listener->buckets[i], *next; each; each = next) {
            next = each->next;
            if (!each->reading) connection_want(each);
        }
    }
}

static void effect_run(struct listener *listener, const struct effect *effect)
{
    struct connection *connection = *connection_place(listener, effect->connection);
    switch (effect->kind) {
    case EFFECT_NONE:
        break;
    case EFFECT_WRITE:
        if (connection) connection_flush(connection);
        break;
    case EFFECT_CLOSE:
        if (!connection) break;
        if (connection->ending) {
            connection_close(connection);
        } else {
            connection->ending = true;
            connection_flush(connection);
        }
        break;
    case EFFECT_STORE:
        if (listener->witness) witness_asked(listener->witness, effect->request);
        store_postgres_submit(listener->store, effect->request);
        break;
    case EFFECT_LOG:
        lines_add(listener, effect->line, effect->warning);
        break;
    }
}

static void handle_end(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* After the start, and when the database was found to have gone back. */
static void numbers_compare(struct listener *listener, struct now now)
{
    if (!listener->witness || !listener->ready || listener->stopping) return;
    uint64_t went_back = server_counters(listener->server).went_back;
    if (listener->compared && went_back == listener->went_back) return;
    listener->compared = witness_compare(listener->witness, listener->server, now);
    listener->went_back = went_back;
}

static void timer_fired(uv_timer_t *timer)
{
    struct listener *listener = timer->data;
    if (!listener->ended) {
        struct now now = now_read();
        if (server_deadline(listener->server) <= now.boot_ms) server_tick(listener->server, now);
        if (listener->unaccepted && !listener->stopping) {
            listener_accept((uv_stream_t *)&listener->socket, 0);
        }
        numbers_compare(listener, now);
        if (listener->witness && !witness_tick(listener->witness, now.boot_ms)) {
            log_line(STR("known_numbers_failed"), true);
        }
    }
    listener_turn(listener);
}

/* The parts end in order: sessions, sockets, the store, the timer. */
static void listener_end(struct listener *listener)
{
    if (!listener->stopping) return;
    bool late = now_read().boot_ms >= listener->stop_at_ms;
    if (!listener->ended && (late || (server_stopped(listener->server) &&
                                      listener->connections == 0))) {
        listener->ended = true;
        for (size_t i = 0; i < BUCKETS; i++) {
            while (listener->buckets[i]) connection_close(listener->buckets[i]);
        }
        store_postgres_close(listener->store);
    }
    if (listener->ended && store_postgres_closed(listener->store)) {
        handle_end((uv_handle_t *)&listener->timer);
        handle_end((uv_handle_t *)&listener->terminate);
        handle_end((uv_handle_t *)&listener->interrupt);
    }
}

static void timer_set(struct listener *listener)
{
    if (uv_is_closing((uv_handle_t *)&listener->timer)) return;
    uint64_t now_ms = now_read().boot_ms, at = server_deadline(listener->server);
    uint64_t wait_ms = at <= now_ms ? 0 : at - now_ms;
    uint64_t most_ms = listener->stopping || !listener->ready ? 20 : 1000;
    uv_update_time(&listener->loop);
    uv_timer_start(&listener->timer, timer_fired, wait_ms < most_ms ? wait_ms : most_ms, 0);
}

static void listener_turn(struct listener *listener)
{
    if (listener->turning) return;
    listener->turning = true;
    for (struct effect effect; !listener->ended;) {
        effect = server_next(listener->server);
        if (effect.kind == EFFECT_NONE) break;
        effect_run(listener, &effect);
    }
    lines_write(listener);
    if (listener->paused > 0) connections_want(listener);
    if (!listener->ready && !listener->stopping && store_postgres_ready(listener->store)) {
        listener->ready = true;
        printf("sluiced: ready on %s\n", listener->name);
        fflush(stdout);
    }
    listener_end(listener);
    timer_set(listener);
    listener->turning = false;
}

static void listener_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct listener *listener = handle->data;
    if (!listener->stopping) {
        struct now now = now_read();
        listener->stopping = true;
        listener->stop_at_ms = now.boot_ms + STOP_MS;
        handle_end((uv_handle_t *)&listener->socket);
        server_stop(listener->server, now);
    }
    listener_turn(listener);
}

/* --- the store --- */

static void enrolments_put(struct listener *listener)
{
    const struct store_request *request;
    while (listener->witness && (request = witness_next(listener->witness)) != NULL) {
        store_postgres_submit(listener->store, request);
    }
}

/* The device is told to come again; by then the database knows too. */
static bool sign_in_shut_out(struct listener *listener, const struct store_result *result)
{
    enum entity_kind kind;
    struct uuid subject;
    if (!listener->witness || !witness_shuts_out(listener->witness, result, &kind, &subject)) {
        return false;
    }
    struct now now = now_read();
    struct store_result failed = *result;
    failed.status = STORE_FAILED;
    log_line(STR("access_forgotten"), true);
    server_shut_out(listener->server, result->team, kind, subject, now);
    server_store_done(listener->server, &failed, now);
    return true;
}

static void store_done(void *context, const struct store_result *result)
{
    struct listener *listener = context;
    if (listener->witness && !witness_heard(listener->witness, result)) {
        log_line(STR("access_journal_failed"), true);
    }
    if (listener->ended || (listener->witness && witness_own(listener->witness, result))) return;
    enrolments_put(listener);
    if (!sign_in_shut_out(listener, result)) {
        server_store_done(listener->server, result, now_read());
    }
    listener_turn(listener);
}

static void store_hint(void *context, struct uuid team)
{
    struct listener *listener = context;
    if (listener->ended) return;
    server_hint(listener->server, team, now_read());
    listener_turn(listener);
}

static void store_log(void *context, const char *line)
{
    (void)context;
    log_line(str_from(line), true);
}

/* --- the beginning --- */

static struct server *server_make(const struct listener_options *from, size_t sessions_max)
{
    const struct key_pair *key = from->key;
    struct server_options options = {.key_count = 1,
                                     .sessions_max = sessions_max,
                                     .note = from->note,
                                     .program = STR("sluiced " SLUICE_VERSION)};
    options.keys[0].secret = key->secret;
    memcpy(options.keys[0].public_key, key->public.b, sizeof key->public.b);
    randombytes_buf(options.seed, sizeof options.seed);
    struct server *server = server_create(&options);
    sodium_memzero(&options, sizeof options);
    return server;
}

static void listener_handles(struct listener *listener)
{
    uv_tcp_init(&listener->loop, &listener->socket);
    uv_timer_init(&listener->loop, &listener->timer);
    uv_signal_init(&listener->loop, &listener->terminate);
    uv_signal_init(&listener->loop, &listener->interrupt);
    listener->socket.data = listener->timer.data = listener;
    listener->terminate.data = listener->interrupt.data = listener;
    uv_signal_start(&listener->terminate, listener_signal, SIGTERM);
    uv_signal_start(&listener->interrupt, listener_signal, SIGINT);
}

enum fault listener_run(const struct listener_options *options, struct trouble *trouble)
{
    size_t sessions_max = descriptors_raise();
    if (sessions_max < SESSIONS_MAX) {
        char text[96];
        snprintf(text, sizeof text, "descriptors_few sessions_max=%zu", sessions_max);
        log_line(str_from(text), true);
    }
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener || uv_loop_init(&listener->loop) != 0) {
        free(listener);
        trouble_say(trouble, "there is not enough memory to start");
        return FAULT_MEMORY;
    }
    listener_handles(listener);
    buffer_init(&listener->lines, LINES_BYTES);
    enum fault fault =
        options->data ? witness_open(options->data, &listener->witness, trouble) : FAULT_NONE;
    if (!fault) fault = socket_open(&listener->socket, options->listen, listener_accept,
                                     listener->name, trouble);
    if (!fault) {
        struct store_postgres_options store = {.conninfo = options->conninfo,
                                               .loop = &listener->loop,
                                               .done = store_done,
                                               .hint = store_hint,
                                               .log = store_log,
                                               .context = listener};
        listener->server = server_make(options, sessions_max);
        listener->store = listener->server ? store_postgres_open(&store) : NULL;
        if (!listener->store) {
            trouble_say(trouble, "the database setting cannot be used; correct `database`");
            fault = FAULT_FORMAT;
        }
    }
    if (!fault) {
        listener_turn(listener);
    } else {
        handle_end((uv_handle_t *)&listener->socket);
        handle_end((uv_handle_t *)&listener->timer);
        handle_end((uv_handle_t *)&listener->terminate);
        handle_end((uv_handle_t *)&listener->interrupt);
    }
    uv_run(&listener->loop, UV_RUN_DEFAULT);
    store_postgres_destroy(listener->store);
    server_destroy(listener->server);
    witness_close(listener->witness);
    buffer_finish(&listener->lines);
    uv_loop_close(&listener->loop);
    free(listener);
    return fault;
}
