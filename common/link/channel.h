/* channel.h - noise and frames stacked: bytes of a TCP stream in and out, whole messages out and in.
 *
 *   HEADER --8 bytes--> HANDSHAKE --3 messages--> OPEN --any failure, close, end--> CLOSED
 *
 * Used by both programs' network edges and by the simulator; does no I/O itself:
 *
 *   channel_feed(&c, bytes_read);
 *   while (channel_next(&c, &event)) ...
 *   out = channel_output(&c); written = write(out); channel_sent(&c, written);
 *
 * On the wire: a clear header (magic "SLCE", version, flags 0, two bytes that name the server key),
 * then Noise messages, each behind a 2-byte big-endian length. The header is the Noise prologue, so
 * nothing in it can be changed unnoticed. Closing is final and wipes the keys; the first byte that
 * is not authentic closes. docs/protocol.md has the whole story.
 *
 * The caller runs sodium_init() once before. */
#ifndef SLUICE_COMMON_LINK_CHANNEL_H
#define SLUICE_COMMON_LINK_CHANNEL_H

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/now.h"
#include "common/link/frame.h"
#include "common/link/noise.h"

enum {
    CHANNEL_VERSION = 1,
    CHANNEL_KEYS_MAX = 2, /* a server's current key and the next one */
    /* Bytes fed and not yet pulled. An edge reads 64 KiB at a time and pulls; a simulated network
     * may hand over at once all that a peer can have queued. */
    CHANNEL_INPUT_MAX = OUTPUT_HARD + FRAME_TO_CLIENT_MAX,
};

enum channel_role { CHANNEL_CLIENT, CHANNEL_SERVER };

enum channel_reason {
    CHANNEL_REASON_NONE = 0,
    CHANNEL_REASON_LOCAL,             /* channel_close() was called by our own side */
    CHANNEL_REASON_ENDED,             /* the stream ended between two frames; fine after a bye */
    CHANNEL_REASON_TRUNCATED,         /* the stream ended within a frame */
    CHANNEL_REASON_HANDSHAKE_ENDED,   /* the stream ended before the peer had proven anything */
    CHANNEL_REASON_NOT_SLUICE,        /* the peer does not speak this protocol at all */
    CHANNEL_REASON_VERSION,           /* another version; at the client only a hint (in clear) */
    CHANNEL_REASON_FLAGS,             /* header flags we do not know */
    CHANNEL_REASON_KEY_UNKNOWN,       /* the client knows a server key that we do not have */
    CHANNEL_REASON_HANDSHAKE_FAILED,  /* wrong key, or tampered with */
    CHANNEL_REASON_HANDSHAKE_TIMEOUT, /* not finished HANDSHAKE_MS after channel_init() */
    CHANNEL_REASON_TAMPERED,  /* a transport message that is not authentic or out of order */
    CHANNEL_REASON_TOO_LARGE, /* a frame over the cap, or CHANNEL_INPUT_MAX passed */
    CHANNEL_REASON_BAD_FRAME, /* authentic, but not framed as agreed */
    CHANNEL_REASON_MEMORY,    /* we ran out of memory */
    CHANNEL_REASON_COUNT
};

/* A stable lower-case name for logs ("not_sluice"). Never NULL. */
const char *channel_reason_name(enum channel_reason reason);

enum channel_event_kind {
    CHANNEL_HANDSHAKE_DONE, /* first event of a good channel */
    CHANNEL_MESSAGE,        /* a whole message of the peer */
    CHANNEL_CLOSED          /* last event, exactly once */
};

struct channel_event {
    enum channel_event_kind kind;
    /* CHANNEL_MESSAGE: the message. CHANNEL_HANDSHAKE_DONE at the server: what the client put in
     * message 3 (its hello). Borrowed until the next feed, next, close, tick or finish; answers may
     * be sent while it is read. */
    struct str bytes;
    /* CHANNEL_HANDSHAKE_DONE: the static key the peer has proven to hold. At the server that says
     * only who it is, not that it may do anything: until the device is looked up, do not feed. */
    struct public32 peer;
    size_t key_index; /* CHANNEL_HANDSHAKE_DONE at the server: which of its keys the client used */
    enum channel_reason reason; /* CHANNEL_CLOSED */
    uint8_t peer_version;       /* CHANNEL_CLOSED for VERSION: what the peer claims to speak */
};

struct channel_options {
    enum channel_role role;
    /* Own static keys: a client has one, a server one or two (current first). Borrowed until the
     * handshake is over; kept by whoever owns the identity. */
    const struct key_pair *keys;
    size_t key_count;
    struct public32 server;    /* client: the pinned server key */
    struct secret32 ephemeral; /* 32 random bytes, fresh for each channel */
    struct str hello;          /* client: payload of message 3, <= HANDSHAKE_PAYLOAD_MAX; copied */
    size_t frame_in_max;       /* server: FRAME_TO_SERVER_MAX; client: FRAME_TO_CLIENT_MAX */
    size_t frame_out_max;      /* the other way round */
    size_t output_max;         /* bytes that may wait to be sent; 0 means OUTPUT_HARD */
    struct now now;            /* begins HANDSHAKE_MS */
};

enum channel_stage {
    CHANNEL_STAGE_HEADER,
    CHANNEL_STAGE_HANDSHAKE,
    CHANNEL_STAGE_OPEN,
    CHANNEL_STAGE_CLOSED
};

/* Fields are channel.c's own; read them through the functions below. */
struct channel {
    enum channel_role role;
    enum channel_stage stage;
    bool done_due;   /* CHANNEL_HANDSHAKE_DONE is still to be pulled */
    bool closed_due; /* CHANNEL_CLOSED is still to be pulled */
    bool ended;      /* channel_end() was called: close when the input is used up */
    enum channel_reason reason;
    uint8_t peer_version;
    const struct key_pair *keys;
    size_t key_count, key_index;
    struct secret32 ephemeral; /* server: until message 1 says which key it is for */
    uint8_t header[HEADER_BYTES];
    struct noise_handshake handshake;
    struct noise_cipher sending, receiving;
    struct public32 peer;
    uint8_t binding[NOISE_HASH_BYTES];
    uint64_t deadline_ms;
    size_t frame_out_max;
    size_t wanted;      /* handshake: bytes that input must have before the next step */
    size_t input_used;  /* bytes of input already taken */
    size_t output_used; /* bytes of output already sent */
    struct buffer input;
    struct buffer output;
    struct buffer payload; /* of message 3: at the client until it is sent, then until pulled */
    struct frame_reader frames;
};

/* FAULT_LIMIT when the hello is too long, FAULT_CRYPTO when the server key is no usable key,
 * FAULT_MEMORY. After a fault there is nothing to finish. */
MUST_USE enum fault channel_init(struct channel *c, const struct channel_options *options);
void channel_finish(struct channel *c); /* wipes; accepts a zeroed one */

/* Bytes of the peer, in order, cut anywhere. Ignored after closing. What it leads to is pulled with
 * channel_next and channel_output. */
void channel_feed(struct channel *c, struct str bytes);
/* The peer's stream has ended (end of file, reset). CHANNEL_CLOSED follows what is still there. */
void channel_end(struct channel *c);
/* False when there is nothing (more) at present. */
bool channel_next(struct channel *c, struct channel_event *event);

/* Closes with HANDSHAKE_TIMEOUT when the handshake is late. */
void channel_tick(struct channel *c, struct now now);
/* boot_ms at which channel_tick is wanted; UINT64_MAX when never. */
uint64_t channel_deadline_ms(const struct channel *c);

/* What is to be written to the stream; borrowed until the next call. Also after closing: what was
 * sent before channel_close() (a bye), or a hint in clear. Then close the stream. */
struct str channel_output(const struct channel *c);
void channel_sent(struct channel *c, size_t n); /* n bytes of it are written */

/* Encrypts a message into the output, all of it or nothing. FAULT_LIMIT when it is longer than
 * frame_out_max, FAULT_BUSY when the handshake is not over or output_max would be passed (the peer
 * reads too slowly), FAULT_CLOSED, FAULT_MEMORY. */
MUST_USE enum fault channel_send(struct channel *c, struct str message);
/* Ends it from our side: unread input is dropped, output stays to be flushed. */
void channel_close(struct channel *c);

/* How many authentic messages came since the handshake. Bytes alone prove nothing: a length that was
 * changed on the way swallows all that follows it, for hours, and keeps quiet. */
uint64_t channel_heard(const struct channel *c);
bool channel_is_open(const struct channel *c); /* handshake over and not closed */
/* Equal on both sides of one handshake and of no other; NOISE_HASH_BYTES bytes once open. */
const uint8_t *channel_binding(const struct channel *c);
/* Heap memory held at present. */
size_t channel_memory(const struct channel *c);

#endif
