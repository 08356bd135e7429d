/* server.c - the entry points: what comes in is handed to the session or team it is for, what goes
 * out is queued as effects.
 *
 * Invariants: a session is known by its connection number and lives until server_closed; a job
 * lives until server_store_done; nothing here waits. */
#include "server/core/internal.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/base/check.h"
#include "common/base/logline.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

/* Of the same seed, but drawn from nothing else that is seen outside. */
static void hash_key_make(struct server *server, const uint8_t seed[32])
{
    uint8_t hash[32], named[4 + 32] = "maps";
    memcpy(named + 4, seed, 32);
    codec_payload_hash((struct str){(const char *)named, sizeof named}, hash);
    memcpy(server->hash_key, hash, sizeof server->hash_key);
    sodium_memzero(named, sizeof named);
}

struct server *server_create(const struct server_options *options)
{
    check(options->key_count >= 1 && options->key_count <= CHANNEL_KEYS_MAX);
    struct server *server = calloc(1, sizeof *server);
    if (!server) return NULL;
    server->key_count = options->key_count;
    for (size_t i = 0; i < options->key_count; i++) {
        server->keys[i].secret = options->keys[i].secret;
        memcpy(server->keys[i].public.b, options->keys[i].public_key, 32);
    }
    random_init(&server->random, options->seed);
    hash_key_make(server, options->seed);
    server->sessions_max = options->sessions_max ? options->sessions_max : SESSIONS_MAX;
    server->batch_bytes_max = options->batch_bytes_max ? options->batch_bytes_max : BATCH_ARENA_MAX;
    size_t n = options->program.n < SOURCE_BYTES ? options->program.n : SOURCE_BYTES;
    if (n > 0) memcpy(server->program, options->program.p, n);
    server->program_length = n;
    server->note = options->note;
    server->wake_ms = UINT64_MAX;
    return server;
}

void server_store_done(struct server *server, const struct store_result *result, struct now now)
{
    server->now_ms = now.boot_ms;
    struct job *job = job_unlink(server, result->ticket);
    check(job != NULL);
    struct session *session = server_session(server, job->connection);
    struct team_actor *team = server_team(server, job->team, false, now);
    switch (job->request.kind) {
    case STORE_SIGN_IN:
    case STORE_ENROL:
    case STORE_TOKEN:
        if (session) enrol_done(server, session, result, now);
        break;
    case STORE_LOAD:
        if (job->compares) {
            missing_done(server, job->team, result, now);
        } else if (team) {
            commit_done(server, team, result, now);
        }
        break;
    case STORE_COMMIT:
        if (team) commit_done(server, team, result, now);
        break;
    case STORE_PAGE:
        if (session) feed_page(server, session, &job->request, result, now);
        break;
    case STORE_HEAD:
        if (session) {
            enrol_head(server, session, &job->request, result, now);
        } else if (team && job->connection == 0) {
            belief_head(server, team, &job->request, result, now);
        }
        if (team) feed_team(server, team, now);
        break;
    }
    if (team && team->joining) enrol_joining(server, team, now);
    job_free(job);
}

/* --- teams --- */

static void team_free(struct team_actor *team)
{
    commit_drop(team);
    ring_clear(&team->ring);
    arena_finish(&team->arena);
    known_finish(&team->known);
    free(team);
}

static bool team_is_idle(const struct team_actor *team)
{
    return !team->sessions && !team->joining && !team->first && team->commit == COMMIT_IDLE &&
           !team->head_busy;
}

void server_hint(struct server *server, struct uuid team_id, struct now now)
{
    struct team_actor *team = server_team(server, team_id, false, now);
    server->now_ms = now.boot_ms;
    if (team && team->sessions) belief_ask_head(server, team, now);
}

/* --- sessions --- */

void server_accept_failed(struct server *server, struct str why, struct now now)
{
    server->now_ms = now.boot_ms;
    struct buffer *line = server_log_stranger(server, LOG_CROWD, "accept_failed");
    if (line) logline_str(line, "reason", why);
}

static bool session_open_channel(struct server *server, struct session *session, struct now now)
{
    struct channel_options options = {
        .role = CHANNEL_SERVER,
        .keys = server->keys,
        .key_count = server->key_count,
        .frame_in_max = FRAME_TO_SERVER_MAX,
        .frame_out_max = FRAME_TO_CLIENT_MAX,
        .now = now,
    };
    random_bytes(&server->random, options.ephemeral.b, sizeof options.ephemeral.b);
    session->has_channel = channel_init(&session->channel, &options) == FAULT_NONE;
    secret32_finish(&options.ephemeral);
    return session->has_channel;
}

void server_accepted(struct server *server, uint64_t connection, struct str source,
                     struct now now)
{
    server->now_ms = now.boot_ms;
    struct session *session = calloc(1, sizeof *session);
    if (!session) return; /* the edge's own time limit ends it */
    session->connection = connection;
    session->source_length = source.n < SOURCE_BYTES ? source.n : SOURCE_BYTES;
    if (session->source_length > 0) memcpy(session->source, source.p, session->source_length);
    buffer_init(&session->parked_input, FRAME_TO_SERVER_MAX);
    arena_init(&session->arena, HELLO_ARENA_MAX);
    session->opened_ms = session->state_ms = session->heard_ms = session->pinged_ms = now.boot_ms;
    struct str kept = {session->source, session->source_length};
    const char *full = crowd_make_room(server, kept);
    session->state = SESSION_CLOSING; /* until there is a channel */
    if (!full && session_open_channel(server, session, now)) {
        session->state = SESSION_HANDSHAKE;
        server->handshake_count++;
        server_wake(server, session_deadline(server, session));
    } else {
        crowd_refused(server, kept, full ? full : "memory");
        session->close_due = true;
        server_ready(server, session);
    }
    struct session **bucket = session_place(server, connection);
    session->bucket_next = *bucket;
    *bucket = session;
    session->next = server->sessions;
    if (session->next) session->next->previous = session;
    server->sessions = session;
    server->session_count++;
}

void server_received(struct server *server, uint64_t connection, struct str bytes, struct now now)
{
    server->now_ms = now.boot_ms;
    struct session *session = server_session(server, connection);
    if (!session || session->state == SESSION_CLOSING) return;
    if (session->state == SESSION_HANDSHAKE || session->state == SESSION_OPEN) {
        channel_feed(&session->channel, bytes);
    } else {
        buffer_append_str(&session->parked_input, bytes);
        if (buffer_fault(&session->parked_input)) session_close(server, session);
    }
    session_pump(server, session, now);
}

void server_closed(struct server *server, uint64_t connection, struct now now)
{
    server->now_ms = now.boot_ms;
    struct session *session = server_session(server, connection);
    if (!session) return;
    session_end(server, session);
    server_unready(server, session);
    struct session **link = session_place(server, connection);
    while (*link != session) link = &(*link)->bucket_next;
    *link = session->bucket_next;
    if (session->previous) {
        session->previous->next = session->next;
    } else {
        server->sessions = session->next;
    }
    if (session->next) session->next->previous = session->previous;
    server->session_count--;
    session_free(session);
    free(session);
}

struct str server_output(const struct server *server, uint64_t connection)
{
    const struct session *session = server_session(server, connection);
    if (!session || !session->has_channel) return STR_NONE;
    return channel_output(&session->channel);
}

void server_sent(struct server *server, uint64_t connection, size_t n, struct now now)
{
    struct session *session = server_session(server, connection);
    if (!session || !session->has_channel) return;
    server->now_ms = now.boot_ms;
    channel_sent(&session->channel, n);
    if (session->state == SESSION_CLOSING) return;
    session->slow_taken += n;
    /* It takes what we send, slowly: its answers stand behind that. A ping alone says nothing. */
    bool behind = channel_output(&session->channel).n > 0;
    if (n > 0 && behind) session->heard_ms = now.boot_ms;
    if (behind) {
        session->write_due = true;
        server_ready(server, session);
    }
    feed_session(server, session, now);
    session_pump(server, session, now); /* it may have been over the mark */
}

bool server_wants_input(const struct server *server, uint64_t connection)
{
    const struct session *session = server_session(server, connection);
    if (!session) return false;
    return session_reads(server, session);
}

/* --- effects --- */

void server_feed_later(struct server *server, struct session *session, struct now now)
{
    session->feed_due = true;
    server->feed_now = now;
    server_ready(server, session);
}

static void feed_due(struct server *server, struct session *session)
{
    struct now now = server->feed_now;
    session->feed_due = false;
    if (session->state != SESSION_OPEN) return;
    feed_session(server, session, now);
    if (server->stopping && session->inflight == 0) {
        session_bye(server, session, BYE_SHUTDOWN);
    } else {
        session_pump(server, session, now);
    }
}

/* One after the other is fed and written to: the first reads while the last is fed. */
static bool ready_next(struct server *server, struct effect *effect)
{
    while (server->ready_first) {
        struct session *session = server->ready_first;
        if (session->feed_due) feed_due(server, session);
        server_unready(server, session);
        effect->connection = session->connection;
        bool writes = session->write_due && channel_output(&session->channel).n > 0;
        session->write_due = false;
        if (session->close_due) {
            session->close_due = false;
            effect->kind = EFFECT_CLOSE;
            return true;
        }
        if (!writes) continue;
        effect->kind = EFFECT_WRITE;
        return true;
    }
    return false;
}

struct effect server_next(struct server *server)
{
    struct effect effect = {.kind = EFFECT_NONE};
    log_line_free(server->line_out);
    server->line_out = NULL;
    if (server->queue_first) {
        struct job *job = server->queue_first;
        server->queue_first = job->queue_next;
        if (!server->queue_first) server->queue_last = NULL;
        effect.kind = EFFECT_STORE;
        effect.connection = job->connection;
        effect.request = &job->request;
        return effect;
    }
    if (ready_next(server, &effect)) return effect;
    if (server->lines_first) { /* last: nobody waits for them */
        struct log_line *line = server->lines_first;
        server->lines_first = line->next;
        if (!server->lines_first) server->lines_last = NULL;
        server->line_out = line;
        effect.kind = EFFECT_LOG;
        effect.line = buffer_str(&line->text);
        effect.warning = line->warning;
    }
    return effect;
}

/* --- time --- */

uint64_t server_deadline(const struct server *server)
{
    return server->wake_ms;
}

static void team_tick(struct server *server, struct team_actor *team, struct now now)
{
    if (team->commit == COMMIT_WAITING) commit_run(server, team, now);
    if (known_bytes(&team->known) > 2 * server_known_share(server)) known_forget(&team->known);
    if (team->sessions && now.boot_ms >= team->head_ms) belief_ask_head(server, team, now);
}

static void wake_again(struct server *server, struct now now)
{
    server->wake_ms = UINT64_MAX;
    for (const struct session *session = server->sessions; session; session = session->next) {
        server_wake(server, session_deadline(server, session));
    }
    for (const struct team_actor *team = server->teams; team; team = team->next) {
        if (team->commit == COMMIT_WAITING) server_wake(server, team->again_ms);
        if (team->sessions) server_wake(server, team->head_ms);
    }
    missing_wake(server);
    for (size_t i = 0; i < LOG_TOPICS; i++) {
        if (server->budgets[i].missed == 0) continue;
        server_wake(server, server->budgets[i].began_ms + STRANGER_LINES_MS);
    }
    uint64_t soonest = now.boot_ms + TICK_MS;
    if (server->wake_ms < soonest) server->wake_ms = soonest;
}

void server_tick(struct server *server, struct now now)
{
    if (now.boot_ms < server->wake_ms) return;
    server->now_ms = now.boot_ms;
    log_budgets_renew(server);
    for (struct session *session = server->sessions; session; session = session->next) {
        session_tick(server, session, now);
    }
    struct team_actor **link = &server->teams;
    while (*link) {
        struct team_actor *team = *link;
        team_tick(server, team, now);
        if (team_is_idle(team)) {
            *link = team->next;
            server->team_count--;
            team_free(team);
        } else {
            link = &team->next;
        }
    }
    missing_tick(server, now);
    wake_again(server, now);
}

/* --- the end --- */

void server_stop(struct server *server, struct now now)
{
    server->now_ms = now.boot_ms;
    server->stopping = true;
    for (struct session *session = server->sessions; session; session = session->next) {
        if (session->inflight > 0) continue; /* told when its mutations have their outcome */
        if (session->state == SESSION_OPEN) {
            session_bye(server, session, BYE_SHUTDOWN);
        } else {
            session_close(server, session);
        }
    }
}

bool server_stopped(const struct server *server)
{
    if (!server->stopping || server->sessions || server->jobs) return false;
    for (const struct team_actor *team = server->teams; team; team = team->next) {
        if (team->first) return false;
    }
    return true;
}

struct server_counters server_counters(const struct server *server)
{
    return server->counters;
}

void server_destroy(struct server *server)
{
    if (!server) return;
    while (server->sessions) {
        struct session *session = server->sessions;
        server->sessions = session->next;
        session->team = NULL;
        session_free(session);
        free(session);
    }
    while (server->teams) {
        struct team_actor *team = server->teams;
        server->teams = team->next;
        team_free(team);
    }
    missing_finish(server);
    while (server->jobs) {
        struct job *job = server->jobs;
        server->jobs = job->next;
        job_free(job);
    }
    while (server->lines_first) {
        struct log_line *line = server->lines_first;
        server->lines_first = line->next;
        log_line_free(line);
    }
    log_line_free(server->line_out);
    for (size_t i = 0; i < CHANNEL_KEYS_MAX; i++) key_pair_finish(&server->keys[i]);
    free(server);
}
