/* socket.c - see socket.h. */
#define _GNU_SOURCE
#include "server/edge/socket.h"

#include <stdio.h>
#include <string.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include "common/base/bounds.h"
#include "server/edge/configuration.h"

#include "common/base/banned.h"

enum {
    BACKLOG = 1024,
    DESCRIPTORS_OWN = 64,   /* files, pipes, the database's connections */
    DESCRIPTORS_LEAST = 16, /* sessions, whatever the limit says */
};

static enum fault address_find(const char *listen, struct sockaddr_storage *out,
                               struct trouble *trouble)
{
    char host[256], port[6];
    struct addrinfo *found = NULL;
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    if (!listen_split(listen, host, port)) {
        trouble_say(trouble, "\"%s\" is no address; give HOST:PORT", listen);
        return FAULT_FORMAT;
    }
    int failed = getaddrinfo(host, port, &wanted, &found);
    if (failed) {
        trouble_say(trouble, "the host %s is not known here (%s); give an address of this machine",
                    host, gai_strerror(failed));
        return FAULT_FORMAT;
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return FAULT_NONE;
}

static void name_bound(const uv_tcp_t *socket, char name[SOCKET_NAME_BYTES])
{
    struct sockaddr_storage bound;
    int length = sizeof bound;
    char host[128] = "?", port[16] = "?";
    if (uv_tcp_getsockname(socket, (struct sockaddr *)&bound, &length) == 0) {
        (void)getnameinfo((struct sockaddr *)&bound, (socklen_t)length, host, sizeof host, port,
                          sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    }
    bool literal = strchr(host, ':') != NULL;
    snprintf(name, SOCKET_NAME_BYTES, "%s%s%s:%s", literal ? "[" : "", host,
             literal ? "]" : "", port);
}

enum fault socket_open(uv_tcp_t *socket, const char *listen, uv_connection_cb accept,
                       char name[SOCKET_NAME_BYTES], struct trouble *trouble)
{
    struct sockaddr_storage address;
    enum fault fault = address_find(listen, &address, trouble);
    if (fault) return fault;
    int failed = uv_tcp_bind(socket, (struct sockaddr *)&address, 0);
    if (!failed) {
        failed = uv_listen((uv_stream_t *)socket, BACKLOG, accept);
    }
    if (!failed) {
        name_bound(socket, name);
        return FAULT_NONE;
    }
    if (failed == UV_EADDRINUSE) {
        trouble_say(trouble, "%s is in use by another program; stop that or choose another port "
                             "with --listen",
                    listen);
        return FAULT_BUSY;
    }
    trouble_say(trouble, "cannot listen on %s: %s; %s", listen, uv_strerror(failed),
                failed == UV_EACCES ? "choose a port above 1023"
                                    : "choose an address of this machine with --listen");
    return failed == UV_EACCES ? FAULT_DENIED : FAULT_IO;
}

size_t descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return DESCRIPTORS_LEAST;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    size_t all = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < SESSIONS_MAX * 2
                     ? (size_t)limit.rlim_cur
                     : (size_t)SESSIONS_MAX * 2;
    size_t left = all > DESCRIPTORS_OWN + DESCRIPTORS_LEAST ? all - DESCRIPTORS_OWN
                                                            : (size_t)DESCRIPTORS_LEAST;
    if (left >= SESSIONS_MAX) return SESSIONS_MAX;
    return left;
}
