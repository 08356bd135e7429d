/* session.c - one connection: bytes to messages, messages to work, and its end.
 *
 * Called by server.c with bytes and time, by commit.c and feed.c to go on. Invariants: before the
 * device is known nothing but the handshake is decrypted; after closing nothing is read; a session
 * is freed only when the edge has said that the connection is gone. */
#include "server/core/internal.h"

#include <sodium.h>

#include "common/base/logline.h"

#include "common/base/banned.h"

enum { MESSAGE_ARENA_MAX = 2 * WIRE_ARENA_MAX };

static bool state_is_handshake(enum session_state state)
{
    switch (state) {
    case SESSION_HANDSHAKE:
    case SESSION_ENROLLING:
    case SESSION_SIGNING_IN:
    case SESSION_REGISTERING: return true;
    case SESSION_OPEN:
    case SESSION_CLOSING: return false;
    }
    return false;
}

void session_set_state(struct server *server, struct session *session, enum session_state state,
                       struct now now)
{
    bool before = state_is_handshake(session->state), after = state_is_handshake(state);
    if (before && !after) server->handshake_count--;
    session->state = state;
    session->state_ms = now.boot_ms;
    server_wake(server, session_deadline(server, session));
}

/* --- the end --- */

void session_enter_team(struct session *session, struct team_actor *team, bool joining)
{
    struct session **list = joining ? &team->joining : &team->sessions;
    session->team = team;
    session->joining = joining;
    session->team_next = *list;
    if (*list) (*list)->team_previous = session;
    *list = session;
}

void session_leave_team(struct session *session)
{
    struct team_actor *team = session->team;
    if (!team) return;
    if (session->team_previous) {
        session->team_previous->team_next = session->team_next;
    } else if (session->joining) {
        team->joining = session->team_next;
    } else {
        team->sessions = session->team_next;
    }
    if (session->team_next) session->team_next->team_previous = session->team_previous;
    session->team = NULL;
    session->joining = false;
    session->team_previous = session->team_next = NULL;
}

void session_close(struct server *server, struct session *session)
{
    if (session->state == SESSION_CLOSING) return;
    if (session->state != SESSION_OPEN) server->handshake_count--;
    session->state = SESSION_CLOSING;
    session->state_ms = server->now_ms;
    server_wake(server, session_deadline(server, session));
    session_leave_team(session);
    if (session->has_channel) channel_close(&session->channel);
    buffer_finish(&session->parked_input);
    buffer_init(&session->parked_input, FRAME_TO_SERVER_MAX);
    session->close_due = true;
    server_ready(server, session);
}

void session_free(struct session *session)
{
    session_leave_team(session);
    if (session->has_channel) channel_finish(&session->channel);
    buffer_finish(&session->parked_input);
    arena_finish(&session->arena);
    sodium_memzero(session->hello.code, sizeof session->hello.code); /* of one that was refused */
}

static void session_tell(struct buffer *line, const struct session *session, struct str what)
{
    if (!line) return;
    logline_number(line, "connection", (int64_t)session->connection);
    logline_str(line, "source", (struct str){session->source, session->source_length});
    if (what.n > 0) logline_str(line, "reason", what);
}

/* What an enrolled device does. */
static void session_log(struct server *server, const struct session *session, const char *event,
                        struct str what)
{
    session_tell(server_log(server, event, false), session, what);
}

void session_end(struct server *server, struct session *session)
{
    if (session->state == SESSION_OPEN) session_log(server, session, "session_lost", STR_NONE);
    session_close(server, session);
}

void session_drop(struct server *server, struct session *session, const char *why)
{
    session_tell(server_log_stranger(server, LOG_CROWD, "connection_dropped"), session,
                 str_from(why));
    session_close(server, session);
}

void session_bad(struct server *server, struct session *session, const char *what)
{
    session_tell(server_log_stranger(server, LOG_SIGN_IN, "session_bad_message"), session,
                 str_from(what));
    session_bye(server, session, BYE_FORM);
}

/* Over the soft mark it is judged, in spans of SLOW_MS. */
static void slow_watch(struct server *server, struct session *session)
{
    if (session->slow_ms || channel_output(&session->channel).n <= OUTPUT_SOFT) return;
    session->slow_ms = server->now_ms;
    session->slow_taken = 0;
    server_wake(server, session->slow_ms + SLOW_MS);
}

void session_send(struct server *server, struct session *session, const struct message *message)
{
    if (session->state == SESSION_CLOSING) return;
    struct buffer out;
    buffer_init(&out, FRAME_TO_CLIENT_MAX);
    enum fault fault = codec_message_pack(message, &out);
    if (!fault) fault = channel_send(&session->channel, buffer_str(&out));
    buffer_finish(&out);
    if (fault) {
        session_log(server, session, "session_output", str_from(fault_name(fault)));
        session_close(server, session);
        return;
    }
    session->write_due = true;
    server_ready(server, session);
    slow_watch(server, session);
}

void session_bye(struct server *server, struct session *session, enum bye_reason reason)
{
    if (session->state == SESSION_CLOSING) return;
    if (channel_is_open(&session->channel)) {
        session_send(server, session, &(struct message){.kind = MESSAGE_BYE, .bye = reason});
    }
    session_close(server, session);
}

static void session_refuse_with(struct server *server, struct session *session,
                                const struct refusal *refusal)
{
    if (session->state == SESSION_CLOSING) return;
    session_tell(server_log_stranger(server, LOG_SIGN_IN, "session_refused"), session,
                 str_from(refusal_name(refusal->code)));
    session_send(server, session,
                 &(struct message){.kind = MESSAGE_REFUSAL, .refusal = *refusal});
    session_close(server, session);
}

void session_refuse(struct server *server, struct session *session, enum session_refusal code,
                    const char *detail)
{
    struct refusal refusal = {.code = code, .detail = str_from(detail)};
    session_refuse_with(server, session, &refusal);
}

void session_refuse_revoked(struct server *server, struct session *session)
{
    struct refusal refusal = {.code = REFUSAL_REVOKED,
                              .detail = STR("revoked"),
                              .revoked_by = session->revoked_by,
                              .revoked_at = session->revoked_at,
                              .last_number = session->settled};
    session_refuse_with(server, session, &refusal);
}

/* --- messages --- */

static void session_push(struct server *server, struct session *session, const struct push *push,
                         struct now now)
{
    if (session->plan == PLAN_NEW_REPLICA) {
        session_bye(server, session, BYE_FORKED);
        return;
    }
    struct push taken = *push;
    if (session->revoked && push->first_number > session->deliver_to) {
        session_refuse_revoked(server, session);
        return;
    }
    /* What it did after its first visit stays with it; what it may deliver is taken all the same. */
    if (session->revoked && taken.count > session->deliver_to - taken.first_number + 1) {
        taken.count = (size_t)(session->deliver_to - taken.first_number + 1);
    }
    for (size_t i = 0; i < taken.count; i++) {
        if (taken.mutations[i].n > MUTATION_BYTES_MAX) {
            session_bad(server, session, "mutation_size");
            return;
        }
    }
    if (!commit_queue(server, session, &taken, now)) session_bye(server, session, BYE_SLOW);
}

static void session_message(struct server *server, struct session *session, struct str bytes,
                            struct now now)
{
    struct arena arena;
    arena_init(&arena, MESSAGE_ARENA_MAX);
    struct message message;
    if (codec_message_unpack(&arena, bytes, &message)) message.kind = MESSAGE_NONE;
    switch (message.kind) {
    case MESSAGE_PUSH:
        session->worked_ms = now.boot_ms;
        session_push(server, session, &message.push, now);
        break;
    case MESSAGE_PING:
        session_send(server, session,
                     &(struct message){.kind = MESSAGE_PONG, .nonce = message.nonce});
        break;
    case MESSAGE_PONG: break;
    case MESSAGE_CHECK:
        session->worked_ms = now.boot_ms;
        feed_check(server, session, &message.check);
        break;
    case MESSAGE_BYE:
        session_log(server, session, "session_bye", STR_NONE);
        session_close(server, session);
        break;
    case MESSAGE_NONE:
    case MESSAGE_WELCOME:
    case MESSAGE_REFUSAL:
    case MESSAGE_PAGE:
    case MESSAGE_CHECKED: session_bad(server, session, "message"); break;
    }
    arena_finish(&arena);
}

bool session_reads(const struct server *server, const struct session *session)
{
    if (session->state == SESSION_HANDSHAKE) return true;
    return session->state == SESSION_OPEN && session->inflight < INFLIGHT_MUTATIONS_MAX &&
           channel_output(&session->channel).n < server_output_mark(server);
}

static void session_event(struct server *server, struct session *session,
                          const struct channel_event *event, struct now now)
{
    switch (event->kind) {
    case CHANNEL_HANDSHAKE_DONE:
        server->counters.handshakes++;
        for (size_t i = 0; i < sizeof session->device_key; i++) {
            session->device_key[i] = event->peer.b[i];
        }
        enrol_hello(server, session, event->bytes, now);
        break;
    case CHANNEL_MESSAGE: session_message(server, session, event->bytes, now); break;
    case CHANNEL_CLOSED:
        session_tell(server_log_stranger(server, LOG_CONNECTION, "session_channel"), session,
                     str_from(channel_reason_name(event->reason)));
        session_close(server, session);
        break;
    }
}

void session_pump(struct server *server, struct session *session, struct now now)
{
    if (!session->has_channel) return;
    struct channel_event event;
    while (session_reads(server, session)) {
        if (session->state == SESSION_OPEN && session->parked_input.n > 0) {
            channel_feed(&session->channel, buffer_str(&session->parked_input));
            buffer_clear(&session->parked_input);
            buffer_release_if_empty(&session->parked_input);
        }
        if (!channel_next(&session->channel, &event)) break;
        session_event(server, session, &event, now);
    }
    uint64_t heard = channel_heard(&session->channel);
    if (heard != session->heard_count) {
        session->heard_count = heard;
        session->heard_ms = session->pinged_ms = now.boot_ms;
    }
    if (channel_output(&session->channel).n > 0) {
        session->write_due = true;
        server_ready(server, session);
    }
}

/* --- time --- */

uint64_t session_deadline(const struct server *server, const struct session *session)
{
    (void)server;
    uint64_t soonest;
    switch (session->state) {
    case SESSION_HANDSHAKE: return session->opened_ms + HANDSHAKE_MS;
    case SESSION_ENROLLING:
    case SESSION_SIGNING_IN:
    case SESSION_REGISTERING: return session->state_ms + SIGN_IN_MS;
    case SESSION_OPEN:
        soonest = session->pinged_ms + PING_MS;
        if (session->revoked && session->state_ms + REVOKED_MS < soonest) {
            soonest = session->state_ms + REVOKED_MS;
        }
        if (session->page_again_ms && session->page_again_ms < soonest) {
            soonest = session->page_again_ms;
        }
        if (session->slow_ms && session->slow_ms + SLOW_MS < soonest) {
            soonest = session->slow_ms + SLOW_MS;
        }
        return soonest;
    case SESSION_CLOSING: return session->state_ms + CLOSING_MS;
    }
    return UINT64_MAX;
}

/* A span over the soft mark has ended: did it take enough? */
static bool session_is_slow(struct server *server, struct session *session, struct now now)
{
    if (session->slow_ms == 0 || now.boot_ms < session->slow_ms + SLOW_MS) return false;
    bool slow = channel_output(&session->channel).n > OUTPUT_SOFT &&
                session->slow_taken < SLOW_BYTES;
    session->slow_ms = 0;
    slow_watch(server, session);
    return slow;
}

/* It came to exchange, has nothing more to say, and does not leave. */
static bool session_overstays(const struct session *session, struct now now)
{
    return !session->hello.live && session->inflight == 0 && !session->page_busy &&
           session->check_ticket == 0 &&
           channel_output(&session->channel).n == 0 &&
           now.boot_ms >= session->worked_ms + EXCHANGE_MS;
}

static void session_tick_open(struct server *server, struct session *session, struct now now)
{
    const uint64_t age_max = (uint64_t)SESSION_HOURS_MAX * 3600 * 1000;
    if (now.boot_ms >= session->heard_ms + DEAD_MS) {
        session_log(server, session, "session_silent", STR_NONE);
        session_close(server, session);
    } else if (session_is_slow(server, session, now)) {
        session_log(server, session, "session_slow", STR_NONE);
        session_close(server, session); /* a bye would stand behind what it does not take */
    } else if (session_overstays(session, now)) {
        session_bye(server, session, BYE_DONE);
    } else if (session->revoked && now.boot_ms >= session->state_ms + REVOKED_MS) {
        session_refuse_revoked(server, session);
    } else if (now.boot_ms >= session->opened_ms + age_max && session->inflight == 0) {
        session_bye(server, session, BYE_REHANDSHAKE);
    } else {
        if (now.boot_ms >= session->pinged_ms + PING_MS) {
            session->pinged_ms = now.boot_ms;
            session_send(server, session,
                         &(struct message){.kind = MESSAGE_PING,
                                           .nonce = random_u64(&server->random)});
        }
        if (session->page_again_ms && now.boot_ms >= session->page_again_ms) {
            session->page_again_ms = 0;
            feed_session(server, session, now);
        }
    }
}

void session_tick(struct server *server, struct session *session, struct now now)
{
    switch (session->state) {
    case SESSION_HANDSHAKE:
        channel_tick(&session->channel, now);
        session_pump(server, session, now);
        if (session->state == SESSION_HANDSHAKE &&
            now.boot_ms >= session->opened_ms + HANDSHAKE_MS) {
            session_close(server, session);
        }
        break;
    case SESSION_ENROLLING:
    case SESSION_SIGNING_IN:
    case SESSION_REGISTERING:
        if (now.boot_ms >= session->state_ms + SIGN_IN_MS) {
            session_refuse(server, session, REFUSAL_BUSY, "the database does not answer");
        }
        break;
    case SESSION_OPEN: session_tick_open(server, session, now); break;
    case SESSION_CLOSING: /* asked for again: now without what the peer has not read */
        if (now.boot_ms < session->state_ms + CLOSING_MS) break;
        session->state_ms = now.boot_ms;
        session->close_due = true;
        server_ready(server, session);
        break;
    }
}
