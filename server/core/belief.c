/* belief.c - where a team is, as far as this server knows: the commit (head, mark).
 *
 * By it a database that went back in time is noticed while sessions are open: it goes along with each
 * LOAD, PAGE and HEAD, whose answer says whether it is still of the database's history.
 *
 * Invariants: what an open session was sent, or brought, lies in the history up to the belief. The
 * belief moves only to where an answer was read that was asked about exactly it and knew it, or to our
 * own commit upon it. Who brings another history (belief_gone) first has every open session told, so
 * that it says where it is; only when there is none is it just taken over. While a LOAD is under way
 * nothing else moves it, while a COMMIT is, only the sight of it: so what is decided and written builds
 * on the belief.
 *
 * What was read at a commit not in that history is not sent, not even the older rows of it: a row that
 * was changed later is missing among them, and the change may be lost. */
#include "server/core/internal.h"

#include <string.h>

#include "common/base/logline.h"

#include "common/base/banned.h"

static bool commit_busy(const struct team_actor *team)
{
    return team->commit == COMMIT_LOADING || team->commit == COMMIT_WRITING;
}

/* It was written upon the belief, or not at all. */
static bool is_under_way(const struct team_actor *team, const struct store_result *result)
{
    const struct store_request *write = &team->write;
    return team->commit == COMMIT_WRITING && result->seq == write->new_seq &&
           memcmp(result->mark, write->mark, MARK_BYTES) == 0;
}

bool belief_is(const struct team_actor *team, uint64_t seq, const uint8_t *mark)
{
    return team->head == seq && memcmp(team->mark, mark, MARK_BYTES) == 0;
}

bool belief_covers(const struct team_actor *team, uint64_t seq, const uint8_t *mark)
{
    size_t count = team->trail_count < BELIEF_TRAIL ? team->trail_count : BELIEF_TRAIL;
    for (size_t i = 0; i < count; i++) {
        const struct belief_step *step = &team->trail[i];
        if (step->seq == seq && memcmp(step->mark, mark, MARK_BYTES) == 0) return true;
    }
    return false;
}

static void belief_set(struct team_actor *team, uint64_t seq, const uint8_t *mark)
{
    struct belief_step *step = &team->trail[team->trail_count++ % BELIEF_TRAIL];
    step->seq = team->head = seq;
    memcpy(step->mark, mark, MARK_BYTES);
    memcpy(team->mark, mark, MARK_BYTES);
}

/* To what no answer has led from the old one: nobody may rely on that any more. */
static void belief_adopt(struct team_actor *team, uint64_t seq, const uint8_t *mark)
{
    if (belief_is(team, seq, mark)) return;
    known_forget(&team->known);
    ring_clear(&team->ring);
    team->ring.start = team->ring.end = seq;
    team->trail_count = 0;
    belief_set(team, seq, mark);
    team->epoch++;
}

static void belief_gone(struct server *server, struct team_actor *team, uint64_t seq,
                        const uint8_t *mark)
{
    struct buffer *line = server_log(server, "team_went_back", true);
    if (line) logline_id(line, "team", team->id);
    server->counters.went_back++;
    while (team->sessions) session_bye(server, team->sessions, BYE_SHUTDOWN);
    belief_adopt(team, seq, mark);
}

/* --- asked with a request, and answered --- */

void belief_name(const struct team_actor *team, struct store_request *request)
{
    request->has_known = team->head > 0;
    request->known_seq = team->head;
    memcpy(request->known_mark, team->mark, MARK_BYTES);
}

enum belief_word belief_heard(struct server *server, struct team_actor *team,
                              const struct store_request *request,
                              const struct store_result *result)
{
    if (!belief_is(team, request->known_seq, request->known_mark)) return BELIEF_OTHER;
    if (team->head == 0 || result->mark_known) return BELIEF_HOLDS;
    belief_gone(server, team, result->seq, result->mark);
    return BELIEF_GONE;
}

void belief_learn(struct team_actor *team, enum belief_word word,
                  const struct store_result *result)
{
    bool goes_on = word == BELIEF_HOLDS && !commit_busy(team);
    if (goes_on || is_under_way(team, result)) belief_loaded(team, result);
}

void belief_loaded(struct team_actor *team, const struct store_result *result)
{
    if (result->seq > team->head) belief_set(team, result->seq, result->mark);
}

bool belief_committed(struct server *server, struct team_actor *team,
                      const struct store_request *commit)
{
    static const uint8_t no_mark[MARK_BYTES];
    if (commit->new_seq == commit->expected_seq) return true;
    if (belief_is(team, commit->new_seq, commit->mark)) return true; /* seen before */
    if (belief_is(team, commit->expected_seq, commit->expected_mark)) {
        belief_set(team, commit->new_seq, commit->mark);
        return true;
    }
    /* The database went back while it was under way: before it, or with it? */
    belief_gone(server, team, 0, no_mark);
    return false;
}

/* --- where the team is, should somebody else have written --- */

void belief_ask_again(struct server *server, struct team_actor *team, struct now now)
{
    if (!team->head_again || team->head_busy || commit_busy(team)) return;
    team->head_again = false;
    if (team->sessions) belief_ask_head(server, team, now);
}

void belief_ask_head(struct server *server, struct team_actor *team, struct now now)
{
    team->head_ms = now.boot_ms + HEAD_POLL_MS;
    server_wake(server, team->head_ms);
    /* What is under way may have been read before what is asked for now. */
    team->head_again = team->head_busy || commit_busy(team);
    if (team->head_again) return;
    struct job *job = job_new(server, 0, team->id);
    if (!job) return;
    job->request.kind = STORE_HEAD;
    team->head_busy = true;
    belief_name(team, &job->request);
    job_submit(server, job);
}

void belief_head(struct server *server, struct team_actor *team,
                 const struct store_request *request, const struct store_result *result,
                 struct now now)
{
    team->head_busy = false;
    if (result->status != STORE_OK) {
        team->head_again = false; /* at the next poll */
        return;
    }
    enum belief_word word = belief_heard(server, team, request, result);
    belief_learn(team, word, result);
    bool lost = word == BELIEF_OTHER && !result->mark_known;
    if (lost || result->seq > team->head) team->head_again = true;
    belief_ask_again(server, team, now);
}

/* --- who comes --- */

/* The session was found to be good at its sign-in, at a commit (`base`) that need not be the belief: it
 * is let in when base lies in the history up to the belief. If base is not above the belief, that is so
 * when the database knows base now: either it knows the belief too, or that is found lost at the next
 * question, and the session is told with all others. */
enum join_word belief_join(struct server *server, struct team_actor *team,
                           struct session *session, struct now now)
{
    uint64_t base = session->welcome.head_seq;
    if (session->join_ticket) return JOIN_WAIT;
    if (!team->sessions && !commit_busy(team)) {
        bool more = team->head > base; /* or there was, in a history that is no more */
        belief_adopt(team, base, session->head_mark);
        if (more) belief_ask_head(server, team, now);
    }
    if (belief_covers(team, base, session->head_mark)) return JOIN_YES;
    session->join_base = team->head >= base;
    if (!session->join_base && commit_busy(team)) return JOIN_WAIT; /* it moves, or is free then */
    struct job *job = job_new(server, session->connection, team->id);
    if (!job) return JOIN_FAILED;
    job->request.kind = STORE_HEAD;
    belief_name(team, &job->request);
    if (session->join_base) {
        job->request.has_known = true;
        job->request.known_seq = base;
        memcpy(job->request.known_mark, session->head_mark, MARK_BYTES);
    }
    session->join_epoch = team->epoch;
    session->join_ticket = job->request.ticket;
    job_submit(server, job);
    return JOIN_WAIT;
}

enum join_word belief_joined(struct server *server, struct team_actor *team,
                             struct session *session, const struct store_request *request,
                             const struct store_result *result, struct now now)
{
    session->join_ticket = 0;
    if (result->status != STORE_OK) return JOIN_FAILED;
    if (session->join_base) {
        if (!result->mark_known) return JOIN_AGAIN;
        if (session->join_epoch == team->epoch) return JOIN_YES;
        return belief_join(server, team, session, now);
    }
    enum belief_word word = belief_heard(server, team, request, result);
    belief_learn(team, word, result);
    if (word == BELIEF_GONE || result->seq < session->welcome.head_seq) return JOIN_AGAIN;
    return belief_join(server, team, session, now);
}
