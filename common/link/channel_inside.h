/* channel_inside.h - a channel's parts, shared by the channel*.c files and nobody else.
 *
 *   channel.c           the functions of channel.h: records and messages in, messages out
 *   channel_handshake.c the clear header and the handshake, until keys are there
 *   channel_closing.c   the one way into CLOSED, and what is wiped and dropped there
 *
 * Each calls only what stands below it. */
#ifndef SLUICE_COMMON_LINK_CHANNEL_INSIDE_H
#define SLUICE_COMMON_LINK_CHANNEL_INSIDE_H

#include "common/link/channel.h"

enum { LENGTH_BYTES = 2 }; /* big-endian, before each message */

static inline size_t channel_length_read(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* --- channel_handshake.c --- */
/* The client's first bytes go out. */
MUST_USE enum fault channel_handshake_begin(struct channel *c,
                                            const struct channel_options *options);
/* Takes from bytes what the step at hand needs, and takes the step when that is all there. */
void channel_handshake_feed(struct channel *c, struct str *bytes);

/* --- channel_closing.c --- */
void channel_wipe_keys(struct channel *c);
void channel_queue_drop(struct buffer *b, size_t *used);
/* A hello may hold an invitation code. */
void channel_payload_drop(struct channel *c);
/* The one way into CLOSED. Output stays. */
void channel_stop(struct channel *c, enum channel_reason reason);
/* The peer's fault (or the world's): nothing more is said to it either. */
void channel_fail(struct channel *c, enum channel_reason reason);

#endif
