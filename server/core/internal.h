/* internal.h - what the files of server/core share. Private to them.
 *
 *   server.c   the entry points, effects, time
 *   session.c  one connection: channel, messages, closing
 *   enrol.c    hello -> ENROL, SIGN_IN, TOKEN -> welcome or refusal
 *   commit.c   one writer per team: queue, LOAD, COMMIT
 *   missing.c  what a restored database lacks and nobody brings back
 *   feed.c     what was committed, to those who may see it, in pages
 *   ring.c     the rows of recent commits, for feed.c
 *   belief.c   where the team is: how it is noticed that the database went back in time
 *   batch.c    the decisions
 *   known.c    what needs not be loaded for them
 *   crowd.c    room for those who have proven nothing yet
 *   registry.c sessions, teams and store requests by their names
 *   log.c      lines for the log
 *
 *   HANDSHAKE --message 3--> ENROLLING --> SIGNING_IN --> REGISTERING --welcome--> OPEN
 *       |           any failure, refusal, bye: |                                    |
 *       +------------------------------> CLOSING --server_closed--> (gone) <--------+ */
#ifndef SLUICE_SERVER_CORE_INTERNAL_H
#define SLUICE_SERVER_CORE_INTERNAL_H

#include "common/base/bounds.h"
#include "common/link/channel.h"
#include "server/core/batch.h"
#include "server/core/known.h"
#include "server/core/server.h"

enum {
    SOURCE_BYTES = 64,
    BUCKETS = 4096,              /* of the table of sessions; a power of two */
    MISSING_BUCKETS = 1024,      /* of the table of what is missing, by team; a power of two */
    SIGN_IN_MS = 30 * 1000,      /* the database may be failing over */
    HEAD_POLL_MS = 2 * 1000,     /* the net below missed hints */
    RETRY_MS = 100,              /* doubled up to RETRY_MAX_MS */
    RETRY_MAX_MS = 5 * 1000,
    MEMORY_TRIES = 5,            /* of one mutation that needs more than there is; then parked */
    SLOW_TRIES = 3,              /* of one that alone the database cannot write in time; then parked */
    STALE_TRIES = 4,             /* at once; then smaller batches, and a wait of up to */
    STALE_WAIT_MS = 100,
    BELIEF_TRAIL = 128,          /* commits while a page is read */
    SIGN_IN_TRIES = 3,           /* two connections of one copy racing for its token */
    BATCH_BYTES_MAX = 4 * 1024 * 1024,
    BATCH_ARENA_MAX = 256 * 1024 * 1024,
    HELLO_ARENA_MAX = 1024 * 1024,
    REVOKED_MS = 60 * 1000,      /* a revoked device has that long to deliver */
    TICK_MS = 50,                /* ticks closer together are not worth a look at everybody */
};

enum session_state {
    SESSION_HANDSHAKE = 1,
    SESSION_ENROLLING,
    SESSION_SIGNING_IN,
    SESSION_REGISTERING,
    SESSION_OPEN,
    SESSION_CLOSING
};

struct team_actor;

struct session {
    struct session *bucket_next;             /* same bucket of the table */
    struct session *previous, *next;         /* all sessions */
    struct session *ready_next;              /* server->ready */
    struct session *team_previous, *team_next; /* team->sessions, or team->joining */
    struct team_actor *team;
    uint64_t connection;
    char source[SOURCE_BYTES];
    size_t source_length;
    enum session_state state;
    struct channel channel;
    bool has_channel;
    bool write_due, close_due, close_told, feed_due, is_ready;
    struct buffer parked_input; /* arrived before we know who it is */
    uint64_t opened_ms, state_ms, heard_ms, pinged_ms;
    uint64_t heard_count; /* authentic messages by then */
    uint64_t slow_ms;     /* since when it is judged, over OUTPUT_SOFT; 0: it is not */
    size_t slow_taken;    /* bytes of output it took since */
    uint64_t worked_ms;   /* when it last asked for something, or something was sent */

    struct arena arena; /* the hello's and the member's texts */
    struct hello hello;
    uint8_t device_key[32];
    unsigned tries;
    enum plan plan;
    bool revoked;        /* it may deliver up to deliver_to, and sees its answers only */
    uint64_t deliver_to;
    bool delivered;      /* it only waits for its answers, then it is refused */
    uint64_t settled;    /* revoked: what it made up to here has an outcome */
    int64_t revoked_at;  /* 0 and empty: not known */
    struct str revoked_by;
    bool announce; /* its device is new */
    bool copied;   /* its device had another copy before, and that is to be told */
    bool others;   /* its member has another one */
    struct store_replica expected, wanted;
    struct uuid device;
    struct member member;
    struct welcome welcome; /* prepared until the token is stored */
    uint8_t head_mark[MARK_BYTES]; /* of welcome.head_seq */
    /* To join its team, what it was signed in at and what the team is believed to be at must be of one
     * history: belief.c. */
    bool joining;         /* in team->joining, not in team->sessions */
    bool join_base;       /* asked about what it was signed in at, not about the belief */
    uint64_t join_ticket; /* of the HEAD that it waits for; 0: none */
    unsigned join_epoch;  /* the team's, when asking */

    uint64_t cursor; /* everything up to here is in the output */
    bool page_busy;
    uint64_t check_ticket; /* of the page that a check waits for; 0: none */
    bool check_rows;
    uint64_t page_again_ms; /* after a failed one; 0: none */
    unsigned page_failures; /* in a row */
    size_t inflight;
};

/* A store request on its way, for a session or a team. */
struct job {
    struct job *next;
    struct job *queue_next; /* not yet given out */
    struct store_request request;
    uint64_t connection; /* 0: of the team */
    struct uuid team;
    struct arena arena;
    bool compares; /* a LOAD for missing.c */
};

struct missing;

struct log_line {
    struct log_line *next;
    struct buffer text;
    bool warning;
};

struct queued { /* a mutation waiting for its commit */
    struct queued *next;
    uint64_t connection;
    struct uuid actor, replica, device;
    uint64_t number;
    struct uuid about; /* OWN: what it is about; one of them waits at a time */
    bool own; /* of the server itself, in nobody's name */
    bool refused; /* its rows, by the database, or it needs too much memory or time: parked instead */
    unsigned too_big, too_slow; /* how often it alone was */
    size_t n;
    char payload[];
};

struct ring_row {
    struct packed_row row;
    struct inbox_item *item; /* INBOX: whom it concerns; else NULL */
    struct member *member;   /* MEMBER: rights may have changed; else NULL */
    struct device *device;   /* DEVICE: whose it is, may be revoked; else NULL */
    size_t bytes;
};

struct ring { /* rows of recent commits, in order; complete for (start, end] */
    struct ring_row *rows;
    size_t first, count, cap;
    size_t bytes;
    uint64_t start, end;
};

/* Lines that come as often as there are sessions, by kind, so that one kind cannot hide another. */
enum log_topic { LOG_CONNECTION, LOG_CROWD, LOG_SIGN_IN, LOG_FEED, LOG_TOPICS };

struct log_budget {
    uint64_t began_ms;
    size_t lines;    /* in this minute */
    uint64_t missed; /* counted instead */
};

struct belief_step { /* a commit that the belief was at */
    uint64_t seq;
    uint8_t mark[MARK_BYTES];
};

enum commit_state { COMMIT_IDLE = 0, COMMIT_LOADING, COMMIT_WRITING, COMMIT_WAITING };

struct team_actor {
    struct team_actor *next;
    struct uuid id;
    struct session *sessions;
    struct session *joining; /* not among them yet */
    uint64_t head;           /* with mark, what it is believed to be at: belief.c alone changes it */
    uint8_t mark[MARK_BYTES];
    unsigned epoch; /* how often another history was taken over */
    struct belief_step trail[BELIEF_TRAIL]; /* the last ones of this epoch, in turns */
    size_t trail_count;
    struct ring ring;
    struct queued *first, *last;
    size_t queue_count, own_count; /* own: of the server itself, in nobody's name */
    enum commit_state commit;
    struct arena arena; /* of the batch */
    struct batch_mutation *batch;
    size_t batch_count; /* of the first in the queue */
    size_t batch_max;
    struct known known;
    struct store_request load, write;
    unsigned failures, stales; /* in a row */
    uint64_t again_ms; /* COMMIT_WAITING */
    bool head_busy;
    bool head_again; /* after what is under way */
    uint64_t head_ms; /* next poll */
};

struct server {
    struct key_pair keys[CHANNEL_KEYS_MAX];
    size_t key_count, sessions_max, batch_bytes_max;
    struct random random;
    uint8_t hash_key[ARENA_HASH_KEY]; /* of its teams' maps: ids are chosen by devices */
    char program[SOURCE_BYTES];
    size_t program_length;
    struct session *buckets[BUCKETS];
    struct session *sessions;
    size_t session_count, handshake_count;
    struct session *ready_first, *ready_last;
    struct team_actor *teams;
    size_t team_count;
    struct missing *missing, *missing_buckets[MISSING_BUCKETS];
    struct job *jobs, *queue_first, *queue_last;
    struct log_line *lines_first, *lines_last, *line_out;
    struct log_budget budgets[LOG_TOPICS];
    uint64_t ticket, wake_ms;
    uint64_t now_ms; /* boot time of what is being handled */
    struct now feed_now; /* of the newest commit that is to be told */
    bool stopping;
    struct crash_note *note;
    struct server_counters counters;
};

/* --- server.c --- */
/* It is fed, and its input taken up again, when the effects before it are given out. */
void server_feed_later(struct server *server, struct session *session, struct now now);

/* --- registry.c --- */
/* Where the list of sessions begins in which that connection's is. */
struct session **session_place(const struct server *server, uint64_t connection);
struct session *server_session(const struct server *server, uint64_t connection);
struct team_actor *server_team(struct server *server, struct uuid id, bool make, struct now now);
/* NULL: out of memory. Fill request, then job_submit. */
struct job *job_new(struct server *server, uint64_t connection, struct uuid team);
void job_submit(struct server *server, struct job *job);
/* Takes it out; NULL when there is none. */
struct job *job_unlink(struct server *server, uint64_t ticket);
void job_free(struct job *job);
void server_wake(struct server *server, uint64_t boot_ms);
/* It has something for the edge; no more. */
void server_ready(struct server *server, struct session *session);
void server_unready(struct server *server, struct session *session);
/* Bytes of output above which a session is neither fed nor read. */
size_t server_output_mark(const struct server *server);
/* What one team's writer may remember. */
size_t server_known_share(const struct server *server);

/* --- log.c --- */
/* A line under way; logline_* into it. NULL when out of memory. */
struct buffer *server_log(struct server *server, const char *event, bool warning);
/* The same for what strangers can cause as often as they like: NULL too when there were
 * STRANGER_LINES_MAX of that topic in this minute; how many more is told when it is over. */
struct buffer *server_log_stranger(struct server *server, enum log_topic topic, const char *event);
void log_budgets_renew(struct server *server);
void log_line_free(struct log_line *line); /* accepts NULL */

/* --- crowd.c --- */
const char *crowd_make_room(struct server *server, struct str source);
void crowd_refused(struct server *server, struct str source, const char *why);

/* --- session.c --- */
void session_pump(struct server *server, struct session *session, struct now now);
void session_send(struct server *server, struct session *session, const struct message *message);
void session_close(struct server *server, struct session *session);
/* The connection is gone. */
void session_end(struct server *server, struct session *session);
/* For another connection to have its place. */
void session_drop(struct server *server, struct session *session, const char *why);
/* Logs what was malformed, and says bye. */
void session_bad(struct server *server, struct session *session, const char *what);
void session_bye(struct server *server, struct session *session, enum bye_reason reason);
void session_refuse(struct server *server, struct session *session, enum session_refusal code,
                    const char *detail);
/* The device is told to erase what it holds, and who shut it out. */
void session_refuse_revoked(struct server *server, struct session *session);
/* Out of the handshake, one way or the other. */
void session_set_state(struct server *server, struct session *session, enum session_state state,
                       struct now now);
/* False: what it sends waits, in its socket and then with it. */
bool session_reads(const struct server *server, const struct session *session);
void session_tick(struct server *server, struct session *session, struct now now);
uint64_t session_deadline(const struct server *server, const struct session *session);
void session_enter_team(struct session *session, struct team_actor *team, bool joining);
void session_leave_team(struct session *session);
void session_free(struct session *session);

/* --- enrol.c --- */
void enrol_hello(struct server *server, struct session *session, struct str bytes,
                 struct now now);
void enrol_done(struct server *server, struct session *session, const struct store_result *result,
                struct now now);
/* A HEAD that a session asked for, to join its team. */
void enrol_head(struct server *server, struct session *session,
                const struct store_request *request, const struct store_result *result,
                struct now now);
/* The team has heard of the database: who waits to join it? */
void enrol_joining(struct server *server, struct team_actor *team, struct now now);

/* --- commit.c --- */
/* False: out of memory. */
bool commit_queue(struct server *server, struct session *session, const struct push *push,
                  struct now now);
/* A change the server itself makes, in the name of the session's member. */
bool commit_queue_own(struct server *server, struct session *session, struct str payload,
                      struct now now);
/* The same in nobody's name, unless one about the same waits already. False too: SERVER_CHANGES_MAX
 * of the team wait. */
bool commit_queue_server(struct server *server, struct uuid team, struct str payload,
                         struct uuid about, struct now now);
void commit_run(struct server *server, struct team_actor *team, struct now now);
void commit_done(struct server *server, struct team_actor *team,
                 const struct store_result *result, struct now now);
void commit_drop(struct team_actor *team);

/* --- ring.c --- */
/* Packs a row, and keeps what sight is judged by. */
MUST_USE enum fault ring_row_make(const struct row *from, struct ring_row *out);
void ring_row_finish(struct ring_row *row);
void ring_committed(struct ring *ring, const struct store_request *commit);
void ring_clear(struct ring *ring);

/* --- belief.c --- */
enum belief_word {
    BELIEF_HOLDS = 1, /* what is believed is of the database's history */
    BELIEF_OTHER,     /* something else was asked about: the answer says nothing of the belief */
    BELIEF_GONE       /* it is not: all sessions of the team were sent away, to say where they are */
};
/* Has the request ask about the belief. */
void belief_name(const struct team_actor *team, struct store_request *request);
enum belief_word belief_heard(struct server *server, struct team_actor *team,
                              const struct store_request *request,
                              const struct store_result *result);
bool belief_is(const struct team_actor *team, uint64_t seq, const uint8_t *mark);
/* Is that commit, for certain, in the history up to the belief? False: it may be nevertheless. */
bool belief_covers(const struct team_actor *team, uint64_t seq, const uint8_t *mark);
/* Goes on to where an answer was read, if it may: while the writer is at work, to its own commit only.
 * The second: after HOLDS, of the writer's LOAD. */
void belief_learn(struct team_actor *team, enum belief_word word,
                  const struct store_result *result);
void belief_loaded(struct team_actor *team, const struct store_result *result);
/* False: upon something else than what is believed; all sessions were sent away. */
bool belief_committed(struct server *server, struct team_actor *team,
                      const struct store_request *commit);
void belief_ask_head(struct server *server, struct team_actor *team, struct now now);
/* If it is to be asked for again, and can be now. */
void belief_ask_again(struct server *server, struct team_actor *team, struct now now);
void belief_head(struct server *server, struct team_actor *team,
                 const struct store_request *request, const struct store_result *result,
                 struct now now);
enum join_word {
    JOIN_YES = 1,
    JOIN_WAIT,  /* for a HEAD, or for the writer */
    JOIN_AGAIN, /* what it was signed in at is no more: sign in again */
    JOIN_FAILED
};
/* May a session that was signed in be one of the team's? Asked again whenever the team has heard of
 * the database. */
enum join_word belief_join(struct server *server, struct team_actor *team,
                           struct session *session, struct now now);
enum join_word belief_joined(struct server *server, struct team_actor *team,
                             struct session *session, const struct store_request *request,
                             const struct store_result *result, struct now now);

/* --- feed.c --- */
/* Ends the sessions whose rights that commit takes away or changes. */
void feed_heed(struct server *server, struct team_actor *team, const struct store_request *commit);
void feed_session(struct server *server, struct session *session, struct now now);
void feed_team(struct server *server, struct team_actor *team, struct now now);
void feed_page(struct server *server, struct session *session,
               const struct store_request *request, const struct store_result *result,
               struct now now);
/* What the member may see after that seq, as a digest, or as rows too: one answer per question. */
void feed_check(struct server *server, struct session *session,
                const struct check_request *wanted);

/* --- missing.c --- */
void missing_tick(struct server *server, struct now now);
void missing_wake(struct server *server); /* when it has to be called next */
/* Somebody's mutations were committed: among them may be what was missing. */
void missing_committed(struct server *server, struct uuid team, struct now now);
void missing_done(struct server *server, struct uuid team, const struct store_result *result,
                  struct now now);
void missing_finish(struct server *server);

#endif
