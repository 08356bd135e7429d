/* fuzz_channel.c - any bytes into a channel, at each stage of its life.
 *
 * The first byte says to whom they go, the second how they are cut:
 *   0 a server that knows nothing yet      2 an open server, as if from the network
 *   1 a client waiting for message 2       3 an open server, sealed by an authentic client: the rest
 *                                            is a row of (length byte, chunk)
 * Claims: no crash; nothing but authentic bytes becomes a message; after CLOSED there is nothing,
 * and no memory; a stranger makes us keep little and say less than a handshake. */
#include <stddef.h>
#include <stdint.h>

#include <sodium.h>

#include "common/base/check.h"
#include "common/link/channel.h"
#include "tests/support/link_pair.h"

enum { STRANGER_BYTES_MAX = 4096, ANSWER_MAX = 2 + 48 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pulls everything; the number of messages. */
static size_t pull(struct channel *c)
{
    struct channel_event event;
    size_t messages = 0;
    bool closed = false;
    while (channel_next(c, &event)) {
        check(!closed);
        closed = event.kind == CHANNEL_CLOSED;
        if (closed) check(event.reason != CHANNEL_REASON_NONE);
        if (event.kind != CHANNEL_MESSAGE) continue;
        messages++;
        check(channel_send(c, event.bytes) == FAULT_NONE); /* which reads all of it */
        channel_sent(c, channel_output(c).n);
    }
    if (closed) check(channel_memory(c) == c->output.cap);
    return messages;
}

static size_t feed_raw(struct channel *c, struct str bytes, size_t piece)
{
    size_t messages = 0;
    for (size_t at = 0; at < bytes.n; at += piece) {
        channel_feed(c, str_slice(bytes, at, at + piece));
        messages += pull(c);
        if (!channel_is_open(c)) check(channel_memory(c) <= STRANGER_BYTES_MAX);
    }
    return messages;
}

static void feed_chunks(struct link_pair *pair, struct str bytes, size_t piece)
{
    while (bytes.n > 0) {
        size_t n = (uint8_t)bytes.p[0];
        struct str chunk = str_slice(bytes, 1, 1 + n);
        bytes = str_slice(bytes, 1 + n, bytes.n);
        uint8_t record[2 + 255 + NOISE_TAG_BYTES];
        record[0] = (uint8_t)((chunk.n + NOISE_TAG_BYTES) >> 8);
        record[1] = (uint8_t)(chunk.n + NOISE_TAG_BYTES);
        check(noise_encrypt(&pair->client.sending, STR_NONE, chunk, record + 2) == FAULT_NONE);
        size_t record_n = 2 + chunk.n + NOISE_TAG_BYTES;
        feed_raw(&pair->server, (struct str){(const char *)record, record_n}, piece);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct link_pair
        open; /* shaken hands once; idle channels hold no memory, so copy well */
    static bool ready;
    if (!ready) {
        check(sodium_init() >= 0);
        link_pair_init(&open, 1);
        open.server_options.frame_in_max = 1000;
        link_pair_open(&open);
        link_pair_shake(&open);
        ready = true;
    }
    if (size < 2) return 0;
    struct str bytes = {(const char *)data + 2, size - 2};
    size_t piece = data[1] > 0 ? data[1] : size;
    struct link_pair pair = open;
    struct channel c;
    switch (data[0] % 4) {
    case 0:
        check(channel_init(&c, &pair.server_options) == FAULT_NONE);
        check(feed_raw(&c, bytes, piece) == 0);
        check(channel_output(&c).n <= ANSWER_MAX);
        channel_finish(&c);
        break;
    case 1:
        check(channel_init(&c, &pair.client_options) == FAULT_NONE);
        channel_sent(&c, channel_output(&c).n);
        check(feed_raw(&c, bytes, piece) == 0);
        channel_finish(&c);
        break;
    case 2: check(feed_raw(&pair.server, bytes, piece) == 0); break;
    default: feed_chunks(&pair, bytes, piece);
    }
    channel_end(&pair.server);
    pull(&pair.server);
    check(!channel_is_open(&pair.server));
    link_pair_finish(&pair);
    return 0;
}
