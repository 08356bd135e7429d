/* proxy.c - see proxy.h. */
#define _GNU_SOURCE
#include "tests/nth/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "common/base/check.h"

#include "common/base/banned.h"

enum { LINKS_MAX = 16, MESSAGE_MAX = 32 * 1024 * 1024, WAIT_MS = 20000 };

/* Bytes read from one side that are not yet a whole message. */
struct inlet {
    uint8_t *bytes;
    size_t n, cap;
};

struct link {
    int client, server;
    bool started; /* the first message of a client has no type */
    uint32_t backend;
    struct inlet from_client, from_server;
    uint64_t asked, answered; /* statements of this connection */
    uint64_t mute_after;      /* deaf: answers up to that one are passed on; 0: all */
    bool silenced;
};

struct proxy {
    char path[128], target[128], administrator[320];
    int listener, wake[2];
    pthread_t thread;
    struct link links[LINKS_MAX];
    size_t count;
    pthread_mutex_t mutex; /* of what follows */
    enum proxy_break what;
    uint64_t statements, strike_at;
    bool struck;
};

/* --- bytes --- */

static bool all_written(int fd, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        ssize_t done = send(fd, p, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static bool inlet_read(struct inlet *inlet, int fd)
{
    if (inlet->cap - inlet->n < 65536) {
        inlet->cap = inlet->cap * 2 + 131072;
        check(inlet->cap < MESSAGE_MAX);
        inlet->bytes = realloc(inlet->bytes, inlet->cap);
        check(inlet->bytes != NULL);
    }
    ssize_t n = recv(fd, inlet->bytes + inlet->n, inlet->cap - inlet->n, 0);
    if (n <= 0) return n < 0 && errno == EINTR;
    inlet->n += (size_t)n;
    return true;
}

static uint32_t number_at(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The length of the message at `at`, 0 when it is not whole yet. */
static size_t message_at(const struct inlet *inlet, size_t at, bool typed)
{
    size_t head = typed ? 5 : 4;
    if (inlet->n - at < head) return 0;
    size_t n = number_at(inlet->bytes + at + head - 4) + (typed ? 1u : 0u);
    return inlet->n - at < n ? 0 : n;
}

static void inlet_drop(struct inlet *inlet, size_t n)
{
    memmove(inlet->bytes, inlet->bytes + n, inlet->n - n);
    inlet->n -= n;
}

/* --- links --- */

static void link_end(struct link *link)
{
    if (link->client >= 0) close(link->client);
    if (link->server >= 0) close(link->server);
    link->client = link->server = -1;
    free(link->from_client.bytes);
    free(link->from_server.bytes);
    link->from_client = link->from_server = (struct inlet){NULL, 0, 0};
}

static int target_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    check(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void link_begin(struct proxy *proxy)
{
    int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) return;
    struct link *link = NULL;
    for (size_t i = 0; i < proxy->count && !link; i++) {
        if (proxy->links[i].client < 0) link = &proxy->links[i];
    }
    if (!link) {
        check(proxy->count < LINKS_MAX);
        link = &proxy->links[proxy->count++];
    }
    *link = (struct link){.client = client, .server = target_connect(proxy->target)};
    if (link->server < 0) link_end(link);
}

/* --- breaking --- */

static void backend_end(struct proxy *proxy, uint32_t backend)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%u, 10000)", (unsigned)backend);
    PGconn *administrator = PQconnectdb(proxy->administrator);
    PGresult *result = PQexec(administrator, sql);
    check(PQresultStatus(result) == PGRES_TUPLES_OK);
    PQclear(result);
    PQfinish(administrator);
}

static void answers_pass(struct proxy *proxy, struct link *link);

/* Until the server has answered every statement of this connection, or given up. */
static void answers_await(struct proxy *proxy, struct link *link)
{
    static const uint8_t flush[] = {'H', 0, 0, 0, 4};
    (void)all_written(link->server, flush, sizeof flush);
    while (link->client >= 0 && link->answered < link->asked) {
        struct pollfd wait = {.fd = link->server, .events = POLLIN};
        if (poll(&wait, 1, WAIT_MS) <= 0 || !inlet_read(&link->from_server, link->server)) return;
        answers_pass(proxy, link);
    }
}

/* One more statement was passed on. True: the connection is broken behind it. */
static bool statement_sent(struct proxy *proxy, struct link *link)
{
    link->asked++;
    pthread_mutex_lock(&proxy->mutex);
    bool strikes = ++proxy->statements == proxy->strike_at && proxy->what != PROXY_NONE;
    enum proxy_break what = proxy->what;
    if (strikes) proxy->struck = true;
    pthread_mutex_unlock(&proxy->mutex);
    if (!strikes) return false;
    switch (what) {
    case PROXY_NONE:
    case PROXY_BREAKS: return false;
    case PROXY_DEAF: link->mute_after = link->asked; return false;
    case PROXY_TERMINATE:
        answers_await(proxy, link);
        if (link->client >= 0) backend_end(proxy, link->backend);
        return false; /* the server ends the connection, and that is passed on */
    case PROXY_CUT: link_end(link); return true;
    }
    return false;
}

static void requests_pass(struct proxy *proxy, struct link *link)
{
    size_t at = 0, n;
    while ((n = message_at(&link->from_client, at, link->started)) > 0) {
        const uint8_t *message = link->from_client.bytes + at;
        bool executes = link->started && message[0] == 'E';
        link->started = true;
        (void)all_written(link->server, message, n); /* that it is gone is heard by reading */
        at += n;
        if (executes && statement_sent(proxy, link)) return;
        if (link->client < 0) return;
    }
    inlet_drop(&link->from_client, at);
}

static bool answer_ends(uint8_t type)
{
    return type == 'C' || type == 'I' || type == 's';
}

static void answers_pass(struct proxy *proxy, struct link *link)
{
    size_t at = 0, n;
    (void)proxy;
    while ((n = message_at(&link->from_server, at, true)) > 0) {
        const uint8_t *message = link->from_server.bytes + at;
        if (message[0] == 'K') link->backend = number_at(message + 5);
        if (message[0] == 'E') link->answered = link->asked; /* the rest is skipped */
        link->answered += answer_ends(message[0]);
        /* Deaf: when the server is ready again, all has been done and committed. */
        if (link->silenced && message[0] == 'Z') {
            link_end(link);
            return;
        }
        if (!link->silenced && !all_written(link->client, message, n)) {
            link_end(link);
            return;
        }
        if (link->mute_after > 0 && answer_ends(message[0]) &&
            link->answered >= link->mute_after)
            link->silenced = true;
        at += n;
    }
    inlet_drop(&link->from_server, at);
}

/* --- the thread --- */

static void link_poll(struct proxy *proxy, struct link *link, short client, short server)
{
    if (client && !inlet_read(&link->from_client, link->client)) {
        link_end(link);
        return;
    }
    if (client) requests_pass(proxy, link);
    if (link->client < 0 || !server) return;
    if (inlet_read(&link->from_server, link->server)) {
        answers_pass(proxy, link);
    } else {
        link_end(link);
    }
}

static void *proxy_main(void *context)
{
    struct proxy *proxy = context;
    for (;;) {
        struct pollfd wait[2 + 2 * LINKS_MAX];
        wait[0] = (struct pollfd){.fd = proxy->wake[0], .events = POLLIN};
        wait[1] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        size_t count = proxy->count;
        for (size_t i = 0; i < count; i++) {
            wait[2 + 2 * i] = (struct pollfd){.fd = proxy->links[i].client, .events = POLLIN};
            wait[3 + 2 * i] = (struct pollfd){.fd = proxy->links[i].server, .events = POLLIN};
        }
        if (poll(wait, 2 + 2 * count, -1) < 0 && errno != EINTR) break;
        if (wait[0].revents) break;
        for (size_t i = 0; i < count; i++) {
            if (proxy->links[i].client >= 0)
                link_poll(proxy, &proxy->links[i], wait[2 + 2 * i].revents, wait[3 + 2 * i].revents);
        }
        if (wait[1].revents) link_begin(proxy);
    }
    for (size_t i = 0; i < proxy->count; i++) link_end(&proxy->links[i]);
    return NULL;
}

struct proxy *proxy_start(const char *folder, const char *target, const char *administrator)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    check(proxy != NULL);
    check(snprintf(proxy->path, sizeof proxy->path, "%s/.s.PGSQL.5432", folder) <
          (int)sizeof address.sun_path);
    check(snprintf(proxy->target, sizeof proxy->target, "%s/.s.PGSQL.5432", target) <
          (int)sizeof address.sun_path);
    check(snprintf(proxy->administrator, sizeof proxy->administrator, "%s", administrator) <
          (int)sizeof proxy->administrator);
    memcpy(address.sun_path, proxy->path, strlen(proxy->path) + 1);
    check(pthread_mutex_init(&proxy->mutex, NULL) == 0);
    proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ready = proxy->listener >= 0 && pipe2(proxy->wake, O_CLOEXEC) == 0 &&
                 bind(proxy->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                 listen(proxy->listener, 8) == 0 &&
                 pthread_create(&proxy->thread, NULL, proxy_main, proxy) == 0;
    if (ready) return proxy;
    free(proxy);
    return NULL;
}

void proxy_stop(struct proxy *proxy)
{
    if (!proxy) return;
    check(write(proxy->wake[1], "", 1) == 1);
    pthread_join(proxy->thread, NULL);
    close(proxy->wake[0]);
    close(proxy->wake[1]);
    close(proxy->listener);
    unlink(proxy->path);
    pthread_mutex_destroy(&proxy->mutex);
    free(proxy);
}

void proxy_arm(struct proxy *proxy, enum proxy_break what, uint64_t n)
{
    pthread_mutex_lock(&proxy->mutex);
    proxy->what = what;
    proxy->strike_at = n;
    proxy->statements = 0;
    proxy->struck = false;
    pthread_mutex_unlock(&proxy->mutex);
}

uint64_t proxy_disarm(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->mutex);
    uint64_t count = proxy->statements;
    proxy->what = PROXY_NONE;
    pthread_mutex_unlock(&proxy->mutex);
    return count;
}

bool proxy_struck(const struct proxy *proxy)
{
    return proxy->struck;
}

const char *proxy_break_name(enum proxy_break what)
{
    static const char *const names[PROXY_BREAKS] = {
        [PROXY_NONE] = "nothing after statement",
        [PROXY_TERMINATE] = "backend ended after statement",
        [PROXY_CUT] = "connection closed after statement",
        [PROXY_DEAF] = "answers lost after statement"};
    return names[what];
}
