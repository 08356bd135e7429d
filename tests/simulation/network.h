/* network.h - byte pipes between laptops and servers: delayed, split, cut, half open, tampered with.
 *
 * Bytes of one direction stay in order and arrive whole or, after a cut, not at all. A half-open
 * connection swallows everything and tells nobody. Somebody in between may change a byte or send
 * bytes twice: that is to end the connection, never to change anything. */
#ifndef SLUICE_TESTS_SIMULATION_NETWORK_H
#define SLUICE_TESTS_SIMULATION_NETWORK_H

#include "common/base/text.h"

struct world;

enum side { SIDE_LAPTOP = 0, SIDE_SERVER = 1 };

struct segment {
    struct segment *next;
    size_t n;
    bool end; /* the stream ends here */
    uint8_t bytes[];
};

struct direction { /* what travels towards one side */
    struct segment *first, *last;
    uint64_t due_last_ms;
};

struct connection {
    uint64_t id;
    size_t laptop, server;
    bool open[2]; /* does that side still hold it */
    bool frozen;  /* half open: everything is swallowed */
    bool broken;
    struct direction towards[2];
};

struct network {
    struct connection **connections; /* index = id - 1; NULL when nobody holds it any more */
    size_t count, cap, oldest;       /* oldest: none below is held */
    uint64_t bytes; /* sent so far, by anybody */
};

void network_finish(struct network *network);
/* A laptop asks for a connection; its id. WORLD_CONNECT tells how it went. */
uint64_t network_connect(struct world *world, size_t laptop, size_t server);
void network_write(struct world *world, uint64_t id, enum side from, struct str bytes);
/* That side closes after what it has written. */
void network_close(struct world *world, uint64_t id, enum side from);
/* That side is gone without a word; the other may notice soon, or never. */
void network_vanish(struct world *world, uint64_t id, enum side from, bool silent);
void network_server_gone(struct world *world, size_t server);
/* Cuts the wire for both; `silent`: neither is told. */
void network_cut(struct world *world, uint64_t id, bool silent);

size_t network_laptop(const struct world *world, uint64_t id);
size_t network_server(const struct world *world, uint64_t id);
/* Do both sides hold it, and does the wire carry? */
bool network_stands(const struct world *world, uint64_t id);

void network_connected(struct world *world, uint64_t id);
void network_deliver(struct world *world, uint64_t id, enum side to);
void network_broken(struct world *world, uint64_t id, enum side side);

#endif
