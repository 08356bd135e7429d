/* loop.c - what sync wants done, done with libuv: connect, write, wake up, watch for pokes.
 *
 * Invariant: after anything that happened, exchange_pump drains the effects, then sets the one
 * timer that wakes sync up. The loop ends by closing its handles, never by uv_stop. */
#define _GNU_SOURCE
#include "client/edge/loop.h"

#include "client/edge/attention.h"
#include "client/edge/network.h"

#include <signal.h>

#include <uv.h>

#include "common/base/bounds.h"
#include "common/base/check.h"

#include "common/base/banned.h"

enum {
    STOP_MS = 2000,      /* for saying bye */
    NEXT_ADDRESS_MS = 1000, /* a retry nearer than that is the next address, not a back-off */
    RECHECK_MS = 5000,   /* should a poke get lost */
    BREATH_MS = 10,      /* between slices of a snapshot, which are due at once: the same */
    LEISURE_MS = 50,     /* between two parts of what can wait: others want to write */
    KEEPALIVE_BYTES = 256 /* a ping or pong is smaller, and no progress */
};

struct exchange {
    const struct loop_options *options;
    struct sync *sync;
    struct connection *connection;
    uv_loop_t loop;
    uv_timer_t tick, limit, leisure;
    uv_signal_t interrupt, terminate;
    uv_fs_event_t poke;
    struct attention attention;
    uint64_t quiet_at, limit_at; /* boot ms when it is given up: no progress; in all */
    bool stopping, late, over;
    enum sync_state told_state; /* what `changed` was called with last */
    enum sync_trouble told_trouble;
};

static void exchange_pump(struct exchange *x);

/* --- ending --- */

static void exchange_close(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

static void exchange_end(struct exchange *x)
{
    if (x->over) return;
    x->over = true;
    connection_drop(x->connection);
    x->connection = NULL;
    exchange_close((uv_handle_t *)&x->tick);
    exchange_close((uv_handle_t *)&x->limit);
    exchange_close((uv_handle_t *)&x->leisure);
    exchange_close((uv_handle_t *)&x->interrupt);
    exchange_close((uv_handle_t *)&x->terminate);
    exchange_close((uv_handle_t *)&x->poke);
    attention_end(&x->attention);
}

static bool exchange_is_over(const struct exchange *x)
{
    struct sync_report report = sync_report(x->sync);
    switch (report.state) {
    case SYNC_DONE:
    case SYNC_REFUSED: return true;
    case SYNC_CONNECTING:
    case SYNC_HANDSHAKE:
    case SYNC_CATCHING_UP:
    case SYNC_LIVE: return false;
    case SYNC_OFFLINE: break;
    }
    if (x->stopping) return true;
    if (x->options->live || report.trouble == SYNC_TROUBLE_NONE) return false;
    /* It failed. Another address may be tried at once; a back-off is not for us to wait out. */
    uint64_t deadline = sync_deadline(x->sync);
    return deadline == UINT64_MAX || deadline > home_now().boot_ms + NEXT_ADDRESS_MS;
}

/* A long exchange is fine as long as it gets on. */
static void exchange_progress(struct exchange *x)
{
    uint32_t timeout = x->options->timeout_ms;
    if (timeout > 0 && !x->options->live) x->quiet_at = home_now().boot_ms + timeout;
}

static void exchange_limit(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    uint64_t now = home_now().boot_ms;
    uint64_t at = x->quiet_at < x->limit_at ? x->quiet_at : x->limit_at;
    if (x->stopping) {
        exchange_end(x);
        return;
    }
    if (now < at) {
        if (at != UINT64_MAX) uv_timer_start(&x->limit, exchange_limit, at - now, 0);
        return;
    }
    x->late = true;
    x->stopping = true;
    sync_stop(x->sync, home_now());
    uv_timer_start(&x->limit, exchange_limit, STOP_MS, 0);
    exchange_pump(x);
}

static void exchange_limit_start(struct exchange *x)
{
    x->quiet_at = x->limit_at = UINT64_MAX;
    if (x->options->live) return;
    if (x->options->limit_ms > 0) x->limit_at = home_now().boot_ms + x->options->limit_ms;
    exchange_progress(x);
    exchange_limit(&x->limit);
}

static void exchange_stop(struct exchange *x)
{
    if (x->stopping) { /* asked twice: at once */
        exchange_end(x);
        return;
    }
    x->stopping = true;
    sync_stop(x->sync, home_now());
    uv_timer_start(&x->limit, exchange_limit, STOP_MS, 0);
}

static void exchange_signal(uv_signal_t *handle, int number)
{
    struct exchange *x = handle->data;
    (void)number;
    exchange_stop(x);
    exchange_pump(x);
}

static void exchange_quit(void *context)
{
    struct exchange *x = context;
    exchange_stop(x);
    exchange_pump(x);
}

/* --- the connection's events --- */

static void exchange_opened(void *context)
{
    struct exchange *x = context;
    sync_connected(x->sync, home_now());
    exchange_pump(x);
}

static void exchange_received(void *context, struct str bytes)
{
    struct exchange *x = context;
    if (bytes.n > KEEPALIVE_BYTES) exchange_progress(x);
    sync_received(x->sync, bytes, home_now());
    exchange_pump(x);
}

static void exchange_written(void *context)
{
    exchange_pump(context);
}

static void exchange_lost(void *context)
{
    struct exchange *x = context;
    x->connection = NULL;
    sync_lost(x->sync, home_now());
    exchange_pump(x);
}

static void exchange_connect(struct exchange *x, struct str address)
{
    const struct connection_events events = {.opened = exchange_opened,
                                             .received = exchange_received,
                                             .written = exchange_written,
                                             .lost = exchange_lost,
                                             .context = x};
    connection_drop(x->connection);
    x->connection = connection_open(&x->loop, address, &events);
    if (x->connection == NULL) sync_lost(x->sync, home_now());
}

static void exchange_write(struct exchange *x)
{
    while (x->connection != NULL) {
        struct str output = sync_output(x->sync);
        size_t n = output.n > 0 ? connection_write(x->connection, output) : 0;
        if (n == 0) return;
        if (n > KEEPALIVE_BYTES) exchange_progress(x);
        sync_sent(x->sync, n, home_now());
    }
}

static void exchange_disconnect(struct exchange *x)
{
    struct str rest = sync_output(x->sync);
    if (x->connection != NULL) connection_finish(x->connection, rest);
    x->connection = NULL;
    if (rest.n > 0) sync_sent(x->sync, rest.n, home_now());
}

/* --- the pump --- */

/* news: rows came, else only the state or the progress is another. */
static void exchange_tell(struct exchange *x, bool news)
{
    struct sync_report report = sync_report(x->sync);
    x->told_state = report.state;
    x->told_trouble = report.trouble;
    if (!news) report.revealed_count = 0;
    if (!news) report.revealed_more = false;
    if (x->options->changed == NULL || x->stopping) return;
    if (!x->options->changed(x->options->context, &report)) exchange_stop(x);
}

/* Who watches wants to know that the connection broke, and that it is back. */
static void exchange_tell_state(struct exchange *x)
{
    struct sync_report report = sync_report(x->sync);
    bool same = report.state == x->told_state && report.trouble == x->told_trouble;
    if (x->options->live && !same) exchange_tell(x, false);
}

static void exchange_tick(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    sync_tick(x->sync, home_now());
    exchange_pump(x);
}

static void exchange_leisure(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    const struct loop_options *options = x->options;
    if (options->leisure != NULL && options->leisure(options->leisure_of)) {
        uv_timer_start(timer, exchange_leisure, LEISURE_MS, 0);
    }
}

static void exchange_pump(struct exchange *x)
{
    struct sync_effect effect;
    while (!x->over && (effect = sync_next(x->sync)).kind != SYNC_EFFECT_NONE) {
        switch (effect.kind) {
        case SYNC_EFFECT_NONE: break;
        case SYNC_EFFECT_CONNECT: exchange_connect(x, effect.address); break;
        case SYNC_EFFECT_WRITE: exchange_write(x); break;
        case SYNC_EFFECT_CLOSE: exchange_disconnect(x); break;
        case SYNC_EFFECT_CHANGED:
        case SYNC_EFFECT_PROGRESS:
            exchange_progress(x);
            exchange_tell(x, effect.kind == SYNC_EFFECT_CHANGED);
            if (!x->over && !uv_is_active((uv_handle_t *)&x->leisure)) {
                uv_timer_start(&x->leisure, exchange_leisure, LEISURE_MS, 0);
            }
            break;
        }
    }
    if (x->over) return;
    exchange_write(x);
    exchange_tell_state(x);
    if (x->over) return;
    if (exchange_is_over(x)) {
        exchange_end(x);
        return;
    }
    uint64_t deadline = sync_deadline(x->sync), now = home_now().boot_ms;
    if (deadline == UINT64_MAX) {
        uv_timer_stop(&x->tick);
    } else {
        /* The boot clock goes on while the machine sleeps, libuv's does not: look now and then. */
        uint64_t wait = deadline > now ? deadline - now : deadline == 0 ? BREATH_MS : 0;
        uv_update_time(&x->loop);
        uv_timer_start(&x->tick, exchange_tick, wait < RECHECK_MS ? wait : RECHECK_MS, 0);
    }
}

static void exchange_poked(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct exchange *x = handle->data;
    (void)name;
    (void)events;
    if (status < 0) return;
    sync_poke(x->sync, home_now());
    attention_look(&x->attention); /* what was queued is shown already */
    if (!x->over) exchange_pump(x);
}

static enum fault exchange_init(struct exchange *x)
{
    if (uv_loop_init(&x->loop) != 0) return FAULT_MEMORY;
    uv_timer_init(&x->loop, &x->tick);
    uv_timer_init(&x->loop, &x->limit);
    uv_timer_init(&x->loop, &x->leisure);
    x->leisure.data = x;
    uv_signal_init(&x->loop, &x->interrupt);
    uv_signal_init(&x->loop, &x->terminate);
    uv_fs_event_init(&x->loop, &x->poke);
    x->tick.data = x->limit.data = x->interrupt.data = x->terminate.data = x->poke.data = x;
    if (uv_signal_start(&x->interrupt, exchange_signal, SIGINT) != 0 ||
        uv_signal_start(&x->terminate, exchange_signal, SIGTERM) != 0) {
        return FAULT_IO;
    }
    /* Without a watch (too many of them) mutations of others wait for our next look. */
    uv_fs_event_start(&x->poke, exchange_poked, x->options->poke, 0);
    attention_begin(&x->attention, &x->loop, x->options->look, exchange_quit, x);
    return FAULT_NONE;
}

enum fault loop_run(const struct loop_options *options, struct sync_report *report)
{
    struct exchange x = {.options = options, .sync = options->sync};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    enum fault fault = exchange_init(&x);
    if (fault == FAULT_MEMORY) return fault;
    sigaction(SIGPIPE, &ignore, &before);
    if (fault == FAULT_NONE) {
        exchange_limit_start(&x);
        sync_start(x.sync, home_now());
        exchange_pump(&x);
    } else {
        exchange_end(&x);
    }
    uv_run(&x.loop, UV_RUN_DEFAULT);
    check(uv_loop_close(&x.loop) == 0);
    sigaction(SIGPIPE, &before, NULL);
    *report = sync_report(x.sync);
    if (x.late && report->trouble == SYNC_TROUBLE_NONE) report->trouble = SYNC_TROUBLE_SILENT;
    return fault;
}

/* --- lingering --- */

struct vigil {
    uv_fs_event_t poke;
    uv_timer_t timer;
    bool poked;
};

static void linger_end(struct vigil *linger)
{
    exchange_close((uv_handle_t *)&linger->poke);
    exchange_close((uv_handle_t *)&linger->timer);
}

static void linger_poked(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct vigil *linger = handle->data;
    (void)name;
    (void)events;
    linger->poked = status == 0;
    linger_end(linger);
}

static void linger_timeout(uv_timer_t *timer)
{
    linger_end(timer->data);
}

enum fault loop_linger(const char *poke, uint32_t ms, bool *poked)
{
    uv_loop_t loop;
    struct vigil linger = {.poked = false};
    *poked = false;
    if (uv_loop_init(&loop) != 0) return FAULT_MEMORY;
    uv_fs_event_init(&loop, &linger.poke);
    uv_timer_init(&loop, &linger.timer);
    linger.poke.data = linger.timer.data = &linger;
    uv_fs_event_start(&linger.poke, linger_poked, poke, 0);
    uv_timer_start(&linger.timer, linger_timeout, ms, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    check(uv_loop_close(&loop) == 0);
    *poked = linger.poked;
    return FAULT_NONE;
}

/* --- waiting beside another process --- */

struct beside {
    struct attention attention;
    uv_signal_t interrupt, terminate;
    uv_fs_event_t poke;
    uv_timer_t timer;
    bool stopped;
};

static void beside_end(struct beside *beside)
{
    exchange_close((uv_handle_t *)&beside->interrupt);
    exchange_close((uv_handle_t *)&beside->terminate);
    exchange_close((uv_handle_t *)&beside->poke);
    exchange_close((uv_handle_t *)&beside->timer);
    attention_end(&beside->attention);
}

static void beside_quit(void *context)
{
    struct beside *beside = context;
    beside->stopped = true;
    beside_end(beside);
}

static void beside_signal(uv_signal_t *handle, int number)
{
    (void)number;
    beside_quit(handle->data);
}

static void beside_poked(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct beside *beside = handle->data;
    (void)name;
    (void)events;
    if (status == 0) attention_look(&beside->attention);
}

static void beside_timeout(uv_timer_t *timer)
{
    beside_end(timer->data);
}

enum fault loop_wait(const char *poke, const struct home_look *look, uint32_t ms, bool *stopped)
{
    uv_loop_t loop;
    struct beside beside = {.stopped = false};
    if (uv_loop_init(&loop) != 0) return FAULT_MEMORY;
    uv_signal_init(&loop, &beside.interrupt);
    uv_signal_init(&loop, &beside.terminate);
    uv_fs_event_init(&loop, &beside.poke);
    uv_timer_init(&loop, &beside.timer);
    beside.interrupt.data = beside.terminate.data = beside.poke.data = beside.timer.data = &beside;
    uv_signal_start(&beside.interrupt, beside_signal, SIGINT);
    uv_signal_start(&beside.terminate, beside_signal, SIGTERM);
    uv_fs_event_start(&beside.poke, beside_poked, poke, 0);
    uv_timer_start(&beside.timer, beside_timeout, ms, 0);
    attention_begin(&beside.attention, &loop, look, beside_quit, &beside);
    uv_run(&loop, UV_RUN_DEFAULT);
    check(uv_loop_close(&loop) == 0);
    *stopped = beside.stopped;
    return FAULT_NONE;
}
