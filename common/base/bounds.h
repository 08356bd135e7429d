/* bounds.h - every limit of Sluice, in one place, each with its reason.
 *
 * A limit that is not here does not exist. Relations between limits are checked at compile time. */
#ifndef SLUICE_COMMON_BASE_BOUNDS_H
#define SLUICE_COMMON_BASE_BOUNDS_H

#include <assert.h>
#include <stdint.h>

enum {
    /* --- link --- */
    HEADER_BYTES = 8,                /* magic 4, version 1, flags 1, server key id 2 */
    NOISE_MESSAGE_MAX = 65535,       /* Noise specification, section 3 */
    NOISE_PLAINTEXT_MAX = 65535 - 16,
    HANDSHAKE_PAYLOAD_MAX = 1024,    /* message 3: a hello with an invitation is < 400 bytes */
    HANDSHAKE_MS = 5000,             /* one deadline for all of it: slowloris */
    FRAME_TO_SERVER_MAX = 256 * 1024,   /* a push of mutations; a single one is <= 64 KiB */
    FRAME_TO_CLIENT_MAX = 1024 * 1024,  /* a page of rows */
    FRAME_CHUNK_MAX = 65000,         /* plaintext of one transport message, header included */
    WIRE_DEPTH_MAX = 8,              /* our messages nest 4 deep */
    WIRE_FIELDS_MAX = 40000,         /* a full page: 2,000 rows of 8 fields, and room */
    WIRE_UNKNOWN_MAX = 64,           /* a newer peer adds a few fields, not thousands */
    WIRE_ARENA_MAX = 8 * 1024 * 1024,   /* protobuf-c blows 1 MiB up by at most that in our schema */
    SESSION_HOURS_MAX = 24,          /* a new handshake, hence fresh keys, at least daily */
    PING_MS = 30 * 1000,             /* keepalive; also how fast a half-open link is noticed */
    DEAD_MS = 90 * 1000,             /* three missed pings */

    /* --- mutations --- */
    MUTATION_BYTES_MAX = 64 * 1024,  /* a note of 16 KiB, both sides, and room */
    MUTATION_CHANGES_MAX = 64,       /* a deal has fewer fields */
    MUTATION_HISTORY_MAX = 256,      /* an imported deal's stage events */
    MUTATION_KEYS_MAX = 192,         /* two per change, one per unit in conflict, and some traces */
    COMMIT_MUTATIONS_MAX = 256,      /* one batch: bounded latency for the next one in the queue */
    PUSH_MUTATIONS_MAX = 128,        /* in one frame, further bounded by its bytes */
    SERVER_CHANGES_MAX = 4096,       /* of a team, made by the server itself, that wait for a commit, one of
                                        a kind per copy: more copies no team has; one too many is made
                                        again when the copy comes again */
    REVOKED_MUTATIONS_MAX = 2000,    /* a revoked device may deliver: months of an honest rep's work */
    INFLIGHT_MUTATIONS_MAX = 512,    /* per session not yet committed; then its socket is not read */

    USE_COUNT_MAX = 1000,            /* what names a thing is counted so far: "1000 or more" says it */

    CLAIM_AHEAD_MS = 24 * 3600 * 1000,  /* a stated time may lie ahead by that: clocks */

    /* --- content --- */
    TITLE_BYTES_MAX = 200,
    NAME_BYTES_MAX = 120,
    TEXT_BYTES_MAX = 500,
    NOTE_BYTES_MAX = 16 * 1024,
    SET_ITEMS_MAX = 50,              /* tags, checks */
    SET_ITEM_BYTES_MAX = 60,
    MARKS_MAX = 30,                  /* combining marks in a row: Unicode's stream-safe limit;
                                        sorting them is quadratic */
    ZONE_TRANSITIONS_MAX = 1024,     /* two a year for five centuries */
    STAGES_MAX = 24,
    PIPELINES_MAX = 32,
    CHECKS_MAX = 24,
    GATES_MAX = 32,
    REASONS_MAX = 32,                /* more reasons than gates cannot arise */

    /* --- feed --- */
    PAGE_ROWS_MAX = 2000,
    PAGE_BYTES_MAX = 768 * 1024,     /* leaves room for the envelope and one large row */
    REVEAL_ROWS_MAX = 50000,         /* of a delta: people see it whole or not at all, so in one
                                        transaction, 1.5 s of processor on a copy of 100,000 deals,
                                        while others that write wait up to LOCAL_BUSY_MS. More goes
                                        through a new generation, in transactions of */
    SLICE_ROWS_MAX = 20000,          /* that many: nobody sees it yet, so others need not wait long */
    FEED_RING_BYTES = 16 * 1024 * 1024, /* recent rows kept per team for live sessions */
    KNOWN_TEAM_BYTES = 4 * 1024 * 1024, /* rows a team's writer remembers: 2,000 deals in use */
    KNOWN_ALL = 64 * 1024 * 1024,       /* of all teams; each has its share */
    OUTPUT_HIGH = 2 * 1024 * 1024,   /* above: no more pages are made for that session, and it is
                                        not read: what it asks for would wait there too */
    OUTPUT_SOFT = 1024 * 1024,       /* above for SLOW_MS while it takes less than SLOW_BYTES: */
    SLOW_MS = 60 * 1000,             /* closed as too slow; it pulls from its cursor when it is back */
    SLOW_BYTES = 64 * 1024,          /* 1 KB/s: slower than any line people work on */
    OUTPUT_HARD = 8 * 1024 * 1024,   /* above: the session is closed as too slow, at once */
    OUTPUT_ALL = 512 * 1024 * 1024,  /* OUTPUT_HIGH of 256 sessions; of more, each has its share, */
    OUTPUT_LEAST = 128 * 1024,       /* but one batch of edits fits */
    EXCHANGE_MS = 5 * 60 * 1000,     /* a session that did not ask to stay ends when idle so long */

    /* --- sessions --- */
    SESSIONS_MAX = 12000,
    HANDSHAKES_MAX = 256,            /* unauthenticated connections at once */
    HANDSHAKES_PER_SOURCE_MAX = 64,  /* generous: tests and offices share an address; above either,
                                        the oldest one goes */
    STRANGER_LINES_MAX = 30,         /* log lines of a kind that strangers can cause, in each */
    STRANGER_LINES_MS = 60 * 1000,   /* minute: 5 MB a day at worst; the rest is counted */
    CLOSING_MS = 10 * 1000,          /* a peer may take that long to read why it is closed */
    INVITATION_HOURS = 48,

    /* --- client --- */
    JOURNAL_DAYS = 90,               /* answered mutations are kept for a restored server */
    SENDER_LINGER_MS = 2000,
    SENDER_PAUSE_MS = 30 * 1000,     /* none within this of a failed attempt */
    CLOCK_SKEW_TOLD_MS = 5 * 60 * 1000, /* a clock that far off is worth a word; less is usual */
    LOCAL_BUSY_MS = 10 * 1000,       /* another process's write may hold the file that long */
};

/* Dates anybody means, and all that fit the ISO form: 1900-01-01 to 9999-12-31, in days. */
#define DATE_MIN INT64_C(-25567)
#define DATE_MAX INT64_C(2932896)
#define MONEY_MAX INT64_C(1000000000000000) /* 10^15 minor units; sums fit 128 bits */

static_assert(PAGE_BYTES_MAX + MUTATION_BYTES_MAX * 2 < FRAME_TO_CLIENT_MAX,
              "a page plus one oversized row must fit one frame");
static_assert(MUTATION_BYTES_MAX * 2 < FRAME_TO_SERVER_MAX, "two mutations must fit one push");
static_assert(OUTPUT_SOFT < OUTPUT_HIGH, "who is over the soft mark is still fed");
static_assert(OUTPUT_HARD > OUTPUT_HIGH + 2 * FRAME_TO_CLIENT_MAX, "two pages below the hard mark");

#endif
