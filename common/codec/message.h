/* message.h - the session's messages as our own structs. Packed into and out of one Envelope. */
#ifndef SLUICE_COMMON_CODEC_MESSAGE_H
#define SLUICE_COMMON_CODEC_MESSAGE_H

#include "common/base/buffer.h"
#include "common/base/id.h"

enum { PROTOCOL_VERSION = 1, MARK_BYTES = 16, TOKEN_BYTES = 16, CODE_BYTES = 16 };

/* Wire values. */
enum plan {
    PLAN_NONE = 0,
    PLAN_DELTA = 1,       /* rows after the cursor follow */
    PLAN_SNAPSHOT = 2,    /* the cursor is not of this history (or 0): everything follows, into a
                             new generation; answered mutations above last_number are offered again */
    PLAN_NEW_REPLICA = 3  /* this copy was restored or cloned: take a new replica id, renumber what
                             is unanswered, say hello again */
};
enum session_refusal {
    REFUSAL_NONE = 0,
    REFUSAL_UNKNOWN_DEVICE = 1,     /* never enrolled, or the team is gone */
    REFUSAL_REVOKED = 2,
    REFUSAL_INVITATION_UNKNOWN = 3, /* no such code */
    REFUSAL_INVITATION_USED = 4,    /* used by another device */
    REFUSAL_INVITATION_EXPIRED = 5,
    REFUSAL_VERSION = 6,            /* detail: what the server speaks */
    REFUSAL_BUSY = 7,               /* try again later */
    REFUSAL_INTERNAL = 8
};
enum bye_reason {
    BYE_NONE = 0,
    BYE_DONE = 1,        /* the peer has what it came for */
    BYE_SHUTDOWN = 2,    /* the server stops; come back soon */
    BYE_SLOW = 3,        /* the reader did not keep up; pull from the cursor again */
    BYE_FORM = 4,        /* a message that is not allowed here, or is malformed */
    BYE_FORKED = 5,      /* same number, another payload: say hello again as a new replica */
    BYE_GAP = 6,         /* a number was left out: say hello again */
    BYE_REHANDSHAKE = 7, /* the session is 24 h old */
    BYE_REPLACED = 8     /* the same replica connected again */
};

struct hello {
    uint32_t protocol;
    struct str program;
    struct uuid replica;
    bool has_token;
    uint8_t token[TOKEN_BYTES];
    uint64_t next_number, cursor_seq;
    bool has_mark;
    uint8_t cursor_mark[MARK_BYTES];
    bool has_code;
    uint8_t code[CODE_BYTES];
    struct str device_name;
    bool live;
    bool refill; /* everything again, whatever the cursor */
    /* A snapshot that broke off: all up to fill_seq is there, read at heads up to (top_seq, top_mark). */
    bool has_fill;
    uint64_t fill_seq, top_seq;
    uint8_t top_mark[MARK_BYTES];
};
struct welcome {
    struct uuid team, member, device;
    int64_t role;
    uint8_t next_token[TOKEN_BYTES];
    uint64_t last_number, head_seq;
    enum plan plan;
    int64_t server_time;
    struct str team_name, member_name, program;
    bool delivers_only; /* revoked: what it holds is taken for the managers, then it is refused */
    struct str revoked_by; /* delivers_only: as in a refusal */
    int64_t revoked_at;
    bool went_back; /* the hello's mark is not of this history: what was answered may be lost */
};
struct refusal {
    enum session_refusal code;
    struct str detail;
    struct str revoked_by; /* REVOKED: the name of who did it; empty: not told */
    int64_t revoked_at;    /* and when, in ms; 0: not told */
    uint64_t last_number;  /* REVOKED: what the copy made up to here has an outcome */
};
struct push {
    uint64_t first_number;
    struct str *mutations; /* packed */
    size_t count;
};
struct packed_row { /* a row whose body is still bytes: what replicas keep */
    uint32_t kind, n;
    struct uuid id;
    uint64_t seq;
    bool removed;
    struct str body;
};
struct page {
    uint64_t from_seq, to_seq, head_seq;
    bool has_mark;
    uint8_t to_mark[MARK_BYTES], head_mark[MARK_BYTES];
    struct packed_row *rows;
    size_t count;
};
/* Of rows that are there, answers left out: how many, and the sum of codec_row_hash modulo 2^64. Two
 * sides with the same digest of the same span have the same rows. */
struct digest {
    uint64_t count, sum;
};
struct check_request {
    uint64_t from_seq;
    bool rows;
};
enum message_kind {
    MESSAGE_NONE = 0,
    MESSAGE_WELCOME,
    MESSAGE_REFUSAL,
    MESSAGE_PUSH,
    MESSAGE_PAGE,
    MESSAGE_PING,
    MESSAGE_PONG,
    MESSAGE_BYE,
    MESSAGE_CHECK,
    MESSAGE_CHECKED
};
struct message {
    enum message_kind kind;
    struct welcome welcome;
    struct refusal refusal;
    struct push push;
    struct page page; /* CHECKED too; without marks */
    struct check_request check;
    struct digest digest; /* CHECKED */
    uint64_t nonce; /* PING, PONG */
    enum bye_reason bye;
};

/* A stable lower-case word for logs, --json and identity.last_failure ("revoked"). Never NULL. */
const char *refusal_name(enum session_refusal refusal);

/* The first eight bytes of BLAKE2b-256 over kind and n (4 bytes each, big-endian), id, seq (8 bytes,
 * big-endian) and the BLAKE2b-256 of the body. */
uint64_t codec_row_hash(const struct packed_row *row);
/* Adds what of the rows a digest is made of. */
void codec_digest_add(struct digest *digest, const struct packed_row *rows, size_t count);

MUST_USE enum fault codec_hello_pack(const struct hello *hello, struct buffer *out);
MUST_USE enum fault codec_hello_unpack(struct arena *arena, struct str bytes, struct hello *out);
MUST_USE enum fault codec_message_pack(const struct message *message, struct buffer *out);
/* Scanned before unpacking; FAULT_FORMAT for anything that is not exactly one known message with
 * sane lengths (ids 16 bytes, marks 16, seq order inside a page). Text is borrowed from the arena. */
MUST_USE enum fault codec_message_unpack(struct arena *arena, struct str bytes,
                                         struct message *out);

#endif
