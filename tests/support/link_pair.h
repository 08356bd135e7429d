/* link_pair.h - a client's and a server's channel side by side, from a seed. For tests and fuzz
 * targets of everything that speaks through channels. */
#ifndef SLUICE_TESTS_SUPPORT_LINK_PAIR_H
#define SLUICE_TESTS_SUPPORT_LINK_PAIR_H

#include "common/base/random.h"
#include "common/link/channel.h"

struct link_pair {
    struct random random;
    struct key_pair device;
    struct key_pair keys[CHANNEL_KEYS_MAX]; /* the server's: current, next */
    struct channel_options client_options, server_options;
    struct channel client, server;
};

/* Keys and options as in production, channels not yet made: change options, then open. */
void link_pair_init(struct link_pair *pair, uint64_t seed);
/* Makes the two channels (again), with ephemerals of their own. */
void link_pair_open(struct link_pair *pair);
void link_pair_finish(struct link_pair *pair);

struct key_pair link_key_pair(struct random *random);
/* Hands over all that `from` has to say; the number of bytes. */
size_t link_carry(struct channel *from, struct channel *to);
/* Carries both ways until the handshake is over and its events are pulled. Stops the program when
 * that does not happen. */
void link_pair_shake(struct link_pair *pair);

#endif
