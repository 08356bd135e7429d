/* channel_closing.c - why a channel ended, and what is wiped and dropped then. See channel_inside.h. */
#include "common/link/channel_inside.h"

#include <sodium.h>

#include "common/base/check.h"

#include "common/base/banned.h"

const char *channel_reason_name(enum channel_reason reason)
{
    switch (reason) {
    case CHANNEL_REASON_NONE: return "none";
    case CHANNEL_REASON_LOCAL: return "local";
    case CHANNEL_REASON_ENDED: return "ended";
    case CHANNEL_REASON_TRUNCATED: return "truncated";
    case CHANNEL_REASON_HANDSHAKE_ENDED: return "handshake_ended";
    case CHANNEL_REASON_NOT_SLUICE: return "not_sluice";
    case CHANNEL_REASON_VERSION: return "version";
    case CHANNEL_REASON_FLAGS: return "flags";
    case CHANNEL_REASON_KEY_UNKNOWN: return "key_unknown";
    case CHANNEL_REASON_HANDSHAKE_FAILED: return "handshake_failed";
    case CHANNEL_REASON_HANDSHAKE_TIMEOUT: return "handshake_timeout";
    case CHANNEL_REASON_TAMPERED: return "tampered";
    case CHANNEL_REASON_TOO_LARGE: return "too_large";
    case CHANNEL_REASON_BAD_FRAME: return "bad_frame";
    case CHANNEL_REASON_MEMORY: return "memory";
    case CHANNEL_REASON_COUNT: break;
    }
    bug("channel reason", __FILE__, __LINE__);
}

void channel_wipe_keys(struct channel *c)
{
    noise_handshake_finish(&c->handshake);
    noise_cipher_finish(&c->sending);
    noise_cipher_finish(&c->receiving);
    secret32_finish(&c->ephemeral);
    c->keys = NULL;
    c->key_count = 0;
}

void channel_queue_drop(struct buffer *b, size_t *used)
{
    size_t max = b->max;
    buffer_finish(b);
    buffer_init(b, max);
    *used = 0;
}

void channel_payload_drop(struct channel *c)
{
    if (c->payload.n > 0) sodium_memzero(c->payload.p, c->payload.n);
    buffer_clear(&c->payload);
    buffer_release_if_empty(&c->payload);
}

void channel_stop(struct channel *c, enum channel_reason reason)
{
    if (c->stage == CHANNEL_STAGE_CLOSED) return;
    c->stage = CHANNEL_STAGE_CLOSED;
    c->reason = reason;
    c->closed_due = true;
    c->done_due = false;
    channel_wipe_keys(c);
    channel_queue_drop(&c->input, &c->input_used);
    channel_payload_drop(c);
    frame_reader_finish(&c->frames);
}

void channel_fail(struct channel *c, enum channel_reason reason)
{
    channel_stop(c, reason);
    channel_queue_drop(&c->output, &c->output_used);
}
