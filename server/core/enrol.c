/* enrol.c - from a finished handshake to Welcome: who is this, and what does its copy need?
 *
 * Each step is one store request; its answer leads to the next, to Welcome or to a refusal.
 * Invariants: nothing is sent to a device that is not enrolled but a refusal; the token is stored
 * before Welcome announces it, so a copy that comes back holds one of the two that are known. */
#include "server/core/internal.h"

#include <string.h>

#include <sodium.h>

#include "common/base/logline.h"
#include "common/codec/row.h"
#include "common/domain/field.h"

#include "common/base/banned.h"

static void sign_in(struct server *server, struct session *session, struct now now)
{
    struct job *job = job_new(server, session->connection, (struct uuid){{0}});
    if (!job) {
        session_refuse(server, session, REFUSAL_BUSY, "out of memory");
        return;
    }
    struct store_request *request = &job->request;
    request->kind = STORE_SIGN_IN;
    memcpy(request->device_key, session->device_key, sizeof request->device_key);
    request->replica = session->hello.replica;
    request->notice = inbox_notice_id(notice_copied_id(session->hello.replica));
    request->cursor_seq = session->hello.cursor_seq;
    request->has_mark = session->hello.has_mark;
    memcpy(request->cursor_mark, session->hello.cursor_mark, sizeof request->cursor_mark);
    request->has_top = session->hello.has_fill;
    request->top_seq = session->hello.top_seq;
    memcpy(request->top_mark, session->hello.top_mark, sizeof request->top_mark);
    request->now_ms = now.wall_ms;
    session_set_state(server, session, SESSION_SIGNING_IN, now);
    job_submit(server, job);
}

static void enrol(struct server *server, struct session *session, struct now now)
{
    struct job *job = job_new(server, session->connection, (struct uuid){{0}});
    if (!job) {
        session_refuse(server, session, REFUSAL_BUSY, "out of memory");
        return;
    }
    struct store_request *request = &job->request;
    request->kind = STORE_ENROL;
    memcpy(request->device_key, session->device_key, sizeof request->device_key);
    request->replica = session->hello.replica;
    request->device = uuid_v7((uint64_t)now.wall_ms, &server->random);
    codec_payload_hash((struct str){(const char *)session->hello.code, CODE_BYTES},
                       request->code_hash);
    request->device_name = arena_str(&job->arena, session->hello.device_name);
    request->now_ms = now.wall_ms;
    session_set_state(server, session, SESSION_ENROLLING, now);
    job_submit(server, job);
}

/* The code it may carry stays nowhere but in session->hello. */
static enum fault hello_take(struct session *session, struct str bytes)
{
    struct hello *hello = &session->hello;
    struct arena arena;
    arena_init(&arena, HELLO_ARENA_MAX);
    enum fault fault = codec_hello_unpack(&arena, bytes, hello);
    if (!fault) {
        hello->program = arena_str(&session->arena, hello->program);
        hello->device_name = arena_str(&session->arena, hello->device_name);
        fault = arena_fault(&session->arena);
    }
    arena_wipe(&arena);
    return fault;
}

void enrol_hello(struct server *server, struct session *session, struct str bytes, struct now now)
{
    enum fault fault = hello_take(session, bytes);
    if (fault) {
        session_bad(server, session, "hello");
    } else if (session->hello.protocol != PROTOCOL_VERSION) {
        session_refuse(server, session, REFUSAL_VERSION, "the server speaks protocol 1");
    } else if (!text_is_clean(session->hello.device_name, false) ||
               session->hello.device_name.n > NAME_BYTES_MAX) {
        session_bad(server, session, "hello");
    } else if (session->hello.has_code) {
        enrol(server, session, now);
        sodium_memzero(session->hello.code, sizeof session->hello.code);
    } else {
        sign_in(server, session, now);
    }
}

static void enrol_answered(struct server *server, struct session *session,
                           const struct store_result *result, struct now now)
{
    switch (result->status) {
    case STORE_OK: sign_in(server, session, now); return;
    case STORE_NOT_FOUND:
        session_refuse(server, session, REFUSAL_INVITATION_UNKNOWN, "no such invitation");
        return;
    case STORE_USED:
        session_refuse(server, session, REFUSAL_INVITATION_USED, "the invitation was used");
        return;
    case STORE_EXPIRED:
        session_refuse(server, session, REFUSAL_INVITATION_EXPIRED, "the invitation expired");
        return;
    case STORE_REVOKED:
        session_refuse_revoked(server, session);
        return;
    case STORE_STALE:
    case STORE_FAILED:
    case STORE_REFUSED:
    case STORE_UNKNOWN: break;
    }
    session_refuse(server, session, REFUSAL_BUSY, "the database does not answer");
}

/* --- the plan --- */

static bool token_is(bool has, const uint8_t *token, const struct hello *hello)
{
    return has && hello->has_token && memcmp(token, hello->token, TOKEN_BYTES) == 0;
}

static bool replica_is_itself(const struct session *session, const struct store_result *result)
{
    const struct store_replica *known = &result->replica;
    const struct hello *hello = &session->hello;
    if (!known->known) return true;
    if (!uuid_equal(known->device, result->device)) return false; /* copied to another device */
    if (hello->next_number <= known->last_number) return false;   /* restored from a backup */
    if (token_is(known->has_token, known->token, hello)) return true;
    if (token_is(known->has_next_token, known->next_token, hello)) return true;
    if (!hello->has_token) return !known->has_token; /* its first welcome was lost */
    /* A server that went back in time does not know what it said since. */
    return hello->has_fill ? !result->top_known : hello->cursor_seq > 0 && !result->mark_known;
}

/* Where a delta goes on. */
static uint64_t hello_from(const struct hello *hello)
{
    return hello->has_fill ? hello->fill_seq : hello->cursor_seq;
}

static enum plan plan_for(const struct session *session, const struct store_result *result)
{
    const struct hello *hello = &session->hello;
    if (!replica_is_itself(session, result)) return PLAN_NEW_REPLICA;
    /* Every row that came of a broken snapshot was read at a head up to its top, not only those up to
     * fill_seq: where that one is of another history, any of them may be. */
    if (hello->has_fill && !result->top_known) return PLAN_SNAPSHOT;
    bool anew = hello->refill || hello->cursor_seq == 0 || !result->mark_known;
    if (!hello->has_fill && anew) return PLAN_SNAPSHOT;
    return hello_from(hello) < result->sight_seq ? PLAN_SNAPSHOT : PLAN_DELTA;
}

static void token_next(struct server *server, struct session *session,
                       const struct store_result *result)
{
    const struct hello *hello = &session->hello;
    session->expected = result->replica;
    struct store_replica *wanted = &session->wanted;
    *wanted = (struct store_replica){
        .id = hello->replica,
        .device = result->device,
        .last_number = result->replica.known ? result->replica.last_number : 0,
        .known = true,
        .has_token = result->replica.known && hello->has_token,
        .has_next_token = true,
    };
    if (wanted->has_token) memcpy(wanted->token, hello->token, TOKEN_BYTES);
    random_bytes(&server->random, wanted->next_token, TOKEN_BYTES);
    session->expected.id = hello->replica;
    if (!session->revoked) return;
    wanted->has_deliver_to = true;
    wanted->deliver_to = session->deliver_to;
}

static void announce(struct server *server, struct session *session,
                     const struct mutation *mutation, struct now now)
{
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    if (codec_mutation_pack(mutation, &packed) == FAULT_NONE) {
        (void)commit_queue_own(server, session, buffer_str(&packed), now);
    }
    buffer_finish(&packed);
}

/* A new device's row gets its seq, and its member hears of it if there is another device to hear it
 * on. A further copy of a device, cloned or restored, is told in any case: the copy that was there
 * first hears of it. Repeated at each sign-in until it is done. */
static void announce_device(struct server *server, struct session *session, struct now now)
{
    if (session->state != SESSION_OPEN || !session->team) return;
    struct mutation mutation = {
        .id = uuid_derive(session->device, STR("announced")),
        .kind = MUTATION_CREATE,
        .entity = ENTITY_DEVICE,
        .target = session->device,
        .acted_at = {true, now.wall_ms},
        .bulk = !session->others,
    };
    if (session->announce) announce(server, session, &mutation, now);
    if (!session->copied || session->state != SESSION_OPEN || !session->team) return;
    mutation.id = notice_copied_id(session->hello.replica);
    mutation.kind = MUTATION_NOTICE;
    mutation.bulk = false;
    announce(server, session, &mutation, now);
}

/* Whoever else has this copy's replica id has lost its connection without knowing it. */
static void others_replace(struct server *server, struct team_actor *team,
                           const struct session *session)
{
    struct session *other = team->sessions;
    while (other) {
        struct session *next = other->team_next;
        if (uuid_equal(other->hello.replica, session->hello.replica)) {
            session_bye(server, other, BYE_REPLACED);
        }
        other = next;
    }
}

static void session_welcome(struct server *server, struct session *session,
                            struct team_actor *team, struct now now)
{
    if (team) others_replace(server, team, session);
    session_set_state(server, session, SESSION_OPEN, now);
    session->heard_ms = session->pinged_ms = session->worked_ms = now.boot_ms;
    server_wake(server, session_deadline(server, session));
    session->welcome.server_time = now.wall_ms;
    session_send(server, session,
                 &(struct message){.kind = MESSAGE_WELCOME, .welcome = session->welcome});
    if (session->state != SESSION_OPEN) return;
    server->counters.sessions++;
    struct buffer *line = server_log(server, "session_open", false);
    if (line) {
        logline_number(line, "connection", (int64_t)session->connection);
        logline_str(line, "source", (struct str){session->source, session->source_length});
        logline_id(line, "team", session->welcome.team);
        logline_id(line, "member", session->member.id);
        logline_id(line, "replica", session->hello.replica);
        logline_number(line, "plan", session->plan);
    }
    if (team) {
        session_enter_team(session, team, false);
        feed_session(server, session, now);
    }
    announce_device(server, session, now);
    if (server->stopping) session_bye(server, session, BYE_SHUTDOWN);
    session_pump(server, session, now);
}

static void session_join_on(struct server *server, struct session *session,
                            struct team_actor *team, enum join_word word, struct now now)
{
    switch (word) {
    case JOIN_WAIT:
        if (!session->team) session_enter_team(session, team, true);
        return;
    case JOIN_YES:
        session_leave_team(session);
        session_welcome(server, session, team, now);
        return;
    case JOIN_AGAIN:
        session_leave_team(session);
        if (++session->tries < SIGN_IN_TRIES) {
            sign_in(server, session, now);
            return;
        }
        break;
    case JOIN_FAILED: break;
    }
    session_refuse(server, session, REFUSAL_BUSY, "the database does not answer");
}

static void session_join(struct server *server, struct session *session, struct now now)
{
    struct team_actor *team = server_team(server, session->welcome.team, true, now);
    enum join_word word = team ? belief_join(server, team, session, now) : JOIN_FAILED;
    session_join_on(server, session, team, word, now);
}

void enrol_head(struct server *server, struct session *session,
                const struct store_request *request, const struct store_result *result,
                struct now now)
{
    struct team_actor *team = session->team;
    if (!session->joining || session->join_ticket != result->ticket) return;
    enum join_word word = belief_joined(server, team, session, request, result, now);
    session_join_on(server, session, team, word, now);
}

void enrol_joining(struct server *server, struct team_actor *team, struct now now)
{
    struct session *session = team->joining;
    while (session) {
        struct session *next = session->team_next;
        session_join_on(server, session, team, belief_join(server, team, session, now), now);
        session = next;
    }
}

static void register_replica(struct server *server, struct session *session, struct now now)
{
    struct job *job = job_new(server, session->connection, session->welcome.team);
    if (!job) {
        session_refuse(server, session, REFUSAL_BUSY, "out of memory");
        return;
    }
    struct store_request *request = &job->request;
    request->kind = STORE_TOKEN;
    request->replica = session->hello.replica;
    request->device = session->device;
    request->member = session->member.id;
    request->expected = session->expected;
    request->wanted = session->wanted;
    request->now_ms = now.wall_ms;
    session_set_state(server, session, SESSION_REGISTERING, now);
    job_submit(server, job);
}

/* A revoked device gives up what it holds, once: how much is settled at its first visit. */
static bool revoked_delivers(struct session *session, const struct store_result *result)
{
    const struct store_replica *known = &result->replica;
    if (!known->known || session->plan == PLAN_NEW_REPLICA) return false;
    uint64_t last = known->last_number, most = last + REVOKED_MUTATIONS_MAX;
    session->settled = last;
    session->deliver_to = session->hello.next_number - 1;
    /* What it was answered under former ids may come again, before what is newer. */
    bool went_back = session->hello.has_mark && !result->mark_known;
    if (went_back || session->deliver_to > most) session->deliver_to = most;
    if (known->has_deliver_to) session->deliver_to = known->deliver_to;
    session->announce = session->copied = false;
    return session->deliver_to > last;
}

static void signed_in(struct server *server, struct session *session,
                      const struct store_result *result, struct now now)
{
    const struct member *member =
        result->member ? entity_copy(&session->arena, ENTITY_MEMBER, result->member) : NULL;
    if (!member || !result->team_row) {
        session_refuse(server, session, REFUSAL_UNKNOWN_DEVICE, "this device is not enrolled");
        return;
    }
    session->member = *member;
    session->device = result->device;
    session->announce = !result->announced;
    session->others = result->others;
    session->copied = result->copied;
    session->plan = plan_for(session, result);
    session->revoked = result->status == STORE_REVOKED;
    session->revoked_at = result->revoked_at;
    session->revoked_by = arena_str(&session->arena, result->revoked_by);
    if (session->revoked && !revoked_delivers(session, result)) {
        session_refuse_revoked(server, session);
        return;
    }
    session->cursor = session->plan == PLAN_DELTA ? hello_from(&session->hello) : 0;
    token_next(server, session, result);
    memcpy(session->head_mark, result->mark, MARK_BYTES);
    session->welcome = (struct welcome){
        .team = result->team,
        .member = member->id,
        .device = result->device,
        .role = member->role,
        .last_number = session->wanted.last_number,
        .head_seq = result->seq,
        .plan = session->plan,
        .team_name = arena_str(&session->arena, result->team_row->name),
        .member_name = member->name,
        .program = {server->program, server->program_length},
        .delivers_only = session->revoked,
        .revoked_by = session->revoked ? session->revoked_by : STR_NONE,
        .revoked_at = session->revoked ? session->revoked_at : 0,
        .went_back = session->hello.has_mark && !result->mark_known,
    };
    memcpy(session->welcome.next_token, session->wanted.next_token, TOKEN_BYTES);
    if (session->plan == PLAN_NEW_REPLICA) {
        session_welcome(server, session, NULL, now);
    } else {
        register_replica(server, session, now);
    }
}

static void sign_in_answered(struct server *server, struct session *session,
                             const struct store_result *result, struct now now)
{
    switch (result->status) {
    case STORE_OK:
    case STORE_REVOKED: signed_in(server, session, result, now); return;
    case STORE_NOT_FOUND:
        session_refuse(server, session, REFUSAL_UNKNOWN_DEVICE, "this device is not enrolled");
        return;
    case STORE_USED:
    case STORE_EXPIRED:
    case STORE_STALE:
    case STORE_FAILED:
    case STORE_REFUSED:
    case STORE_UNKNOWN: break;
    }
    session_refuse(server, session, REFUSAL_BUSY, "the database does not answer");
}

/* STALE: another connection of this copy was faster. UNKNOWN: look again. */
static void token_answered(struct server *server, struct session *session,
                           const struct store_result *result, struct now now)
{
    if (result->status == STORE_OK) {
        session_join(server, session, now);
    } else if ((result->status == STORE_STALE || result->status == STORE_UNKNOWN) &&
               ++session->tries < SIGN_IN_TRIES) {
        sign_in(server, session, now);
    } else {
        session_refuse(server, session, REFUSAL_BUSY, "the database does not answer");
    }
}

void enrol_done(struct server *server, struct session *session, const struct store_result *result,
                struct now now)
{
    if (session->state == SESSION_ENROLLING && result->kind == STORE_ENROL) {
        enrol_answered(server, session, result, now);
    } else if (session->state == SESSION_SIGNING_IN && result->kind == STORE_SIGN_IN) {
        sign_in_answered(server, session, result, now);
    } else if (session->state == SESSION_REGISTERING && result->kind == STORE_TOKEN) {
        token_answered(server, session, result, now);
    }
}

void server_shut_out(struct server *server, struct uuid team, enum entity_kind kind,
                     struct uuid subject, struct now now)
{
    const char *name = kind == ENTITY_MEMBER ? "removed" : "revoked";
    const struct field *field = field_by_name(kind, str_from(name));
    struct edit edit = {.tag = field->tag, .field = field,
                        .base = value_number(field->type, 0),
                        .want = value_number(field->type, 1)};
    struct mutation mutation = {.id = uuid_v7((uint64_t)now.wall_ms, &server->random),
                                .kind = MUTATION_EDIT,
                                .entity = kind,
                                .target = subject,
                                .edits = &edit,
                                .edit_count = 1,
                                .acted_at = {true, now.wall_ms}};
    struct buffer packed;
    server->now_ms = now.boot_ms;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    if (codec_mutation_pack(&mutation, &packed) == FAULT_NONE) {
        (void)commit_queue_server(server, team, buffer_str(&packed), subject, now);
    }
    buffer_finish(&packed);
}
