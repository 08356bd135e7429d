/* registry.c - what a server has, by its name: sessions, teams, store requests on their way; and when it
 * is to be woken. */
#include "server/core/internal.h"

#include <stdlib.h>

#include "common/base/banned.h"

struct job *job_new(struct server *server, uint64_t connection, struct uuid team)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    arena_init(&job->arena, HELLO_ARENA_MAX);
    job->connection = connection;
    job->team = team;
    job->request.team = team;
    job->request.ticket = ++server->ticket;
    return job;
}

void job_submit(struct server *server, struct job *job)
{
    job->next = server->jobs;
    server->jobs = job;
    if (server->queue_last) {
        server->queue_last->queue_next = job;
    } else {
        server->queue_first = job;
    }
    server->queue_last = job;
}

struct job *job_unlink(struct server *server, uint64_t ticket)
{
    for (struct job **link = &server->jobs; *link; link = &(*link)->next) {
        struct job *job = *link;
        if (job->request.ticket != ticket) continue;
        *link = job->next;
        return job;
    }
    return NULL;
}

void job_free(struct job *job)
{
    arena_finish(&job->arena);
    free(job);
}

struct team_actor *server_team(struct server *server, struct uuid id, bool make, struct now now)
{
    for (struct team_actor *team = server->teams; team; team = team->next) {
        if (uuid_equal(team->id, id)) return team;
    }
    if (!make) return NULL;
    struct team_actor *team = calloc(1, sizeof *team);
    if (!team) return NULL;
    team->id = id;
    team->batch_max = COMMIT_MUTATIONS_MAX;
    arena_init(&team->arena, server->batch_bytes_max);
    team->arena.hash_key = server->hash_key;
    known_init(&team->known, server->hash_key);
    team->head_ms = now.boot_ms + HEAD_POLL_MS;
    server_wake(server, team->head_ms);
    team->next = server->teams;
    server->teams = team;
    server->team_count++;
    return team;
}

struct session **session_place(const struct server *server, uint64_t connection)
{
    /* The numbers count up: their low bits spread well. */
    union {
        struct session *const *in;
        struct session **out;
    } bucket = {.in = &server->buckets[connection % BUCKETS]};
    return bucket.out;
}

struct session *server_session(const struct server *server, uint64_t connection)
{
    struct session *session = *session_place(server, connection);
    while (session && session->connection != connection) session = session->bucket_next;
    return session;
}

void server_ready(struct server *server, struct session *session)
{
    if (session->is_ready) return;
    session->is_ready = true;
    session->ready_next = NULL;
    if (server->ready_last) {
        server->ready_last->ready_next = session;
    } else {
        server->ready_first = session;
    }
    server->ready_last = session;
}

void server_unready(struct server *server, struct session *session)
{
    if (!session->is_ready) return;
    struct session *before = NULL, *at = server->ready_first;
    while (at && at != session) {
        before = at;
        at = at->ready_next;
    }
    if (before) {
        before->ready_next = session->ready_next;
    } else {
        server->ready_first = session->ready_next;
    }
    if (server->ready_last == session) server->ready_last = before;
    session->is_ready = false;
    session->ready_next = NULL;
}

size_t server_known_share(const struct server *server)
{
    size_t share = server->team_count > 0 ? KNOWN_ALL / server->team_count : KNOWN_ALL;
    return share < KNOWN_TEAM_BYTES ? share : KNOWN_TEAM_BYTES;
}

size_t server_output_mark(const struct server *server)
{
    size_t share = server->session_count > 0 ? OUTPUT_ALL / server->session_count : OUTPUT_HIGH;
    if (share > OUTPUT_HIGH) return OUTPUT_HIGH;
    return share < OUTPUT_LEAST ? OUTPUT_LEAST : share;
}

void server_wake(struct server *server, uint64_t boot_ms)
{
    if (boot_ms < server->wake_ms) server->wake_ms = boot_ms;
}
