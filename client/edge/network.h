/* network.h - one TCP connection to the server, driven by libuv. Called by loop.c only.
 *
 *   RESOLVING --> CONNECTING (each address in turn, 5 s) --> OPEN --connection_finish--> FLUSHING
 *
 * Events come from the loop, never from inside a call made here. A connection frees itself: after
 * lost(), connection_finish() or connection_drop() its pointer is dead to the caller, and the loop
 * must run until its handles are closed. */
#ifndef SLUICE_CLIENT_EDGE_NETWORK_H
#define SLUICE_CLIENT_EDGE_NETWORK_H

#include "common/base/text.h"

#include <uv.h>

struct connection;

struct connection_events {
    void (*opened)(void *context);
    void (*received)(void *context, struct str bytes); /* borrowed for the call */
    void (*written)(void *context);                    /* connection_write takes more again */
    void (*lost)(void *context); /* could not be opened, or broke; last event */
    void *context;
};

/* address: "host:port" or "[v6]:port"; a bad one is lost. NULL: out of memory. */
struct connection *connection_open(uv_loop_t *loop, struct str address,
                                   const struct connection_events *events);
/* How many of the bytes were taken; 0: wait for written(). */
size_t connection_write(struct connection *connection, struct str bytes);
/* Sends the rest and closes, in the background, within 2 s. No more events. */
void connection_finish(struct connection *connection, struct str rest);
void connection_drop(struct connection *connection); /* accepts NULL */

#endif
