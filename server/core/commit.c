/* commit.c - one writer per team: takes what sessions pushed, in order, a batch at a time.
 *
 *   IDLE --queue--> LOADING --decide--> WRITING --OK--> IDLE or the next batch
 *     \                ^  \--nothing new--> IDLE   |
 *      \--all known: decide ----------------^      |
 *                      +--STALE, UNKNOWN-----------+   FAILED --> WAITING --tick--> LOADING
 *                      +--REFUSED: half of them; one alone is parked
 *
 * Invariants: at most one LOAD or COMMIT of a team is under way; a batch is the head of the queue
 * and leaves it only when its outcome is certain. */
#include "server/core/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/logline.h"
#include "common/domain/field.h"

#include "common/base/banned.h"

static struct queued *queue_push(struct team_actor *team, struct str payload)
{
    struct queued *item = malloc(sizeof *item + payload.n);
    if (!item) return NULL;
    *item = (struct queued){.n = payload.n};
    if (payload.n > 0) memcpy(item->payload, payload.p, payload.n);
    if (team->last) {
        team->last->next = item;
    } else {
        team->first = item;
    }
    team->last = item;
    team->queue_count++;
    return item;
}

/* False: out of memory. number 0: a change of the server's own. */
static bool queue_add(struct session *session, uint64_t number, struct str payload)
{
    struct queued *item = queue_push(session->team, payload);
    if (!item) return false;
    item->connection = session->connection;
    item->actor = session->member.id;
    item->number = number;
    if (number > 0) {
        item->replica = session->hello.replica;
        item->device = session->device;
    }
    session->inflight++;
    return true;
}

bool commit_queue(struct server *server, struct session *session, const struct push *push,
                  struct now now)
{
    if (!session->team) return false;
    for (size_t i = 0; i < push->count; i++) {
        if (!queue_add(session, push->first_number + i, push->mutations[i])) return false;
    }
    commit_run(server, session->team, now);
    return true;
}

bool commit_queue_own(struct server *server, struct session *session, struct str payload,
                      struct now now)
{
    if (!session->team || !queue_add(session, 0, payload)) return false;
    commit_run(server, session->team, now);
    return true;
}

static bool own_waits(const struct team_actor *team, struct uuid about)
{
    for (const struct queued *item = team->first; item; item = item->next) {
        if (item->own && uuid_equal(item->about, about)) return true;
    }
    return false;
}

bool commit_queue_server(struct server *server, struct uuid team_id, struct str payload,
                         struct uuid about, struct now now)
{
    struct team_actor *team = server_team(server, team_id, true, now);
    if (!team) return false;
    if (team->own_count > 0 && own_waits(team, about)) return true;
    if (team->own_count >= SERVER_CHANGES_MAX) return false;
    struct queued *item = queue_push(team, payload);
    if (!item) return false;
    item->about = about;
    item->own = true;
    team->own_count++;
    commit_run(server, team, now);
    return true;
}

static void batch_end(struct team_actor *team)
{
    const uint8_t *hash_key = team->arena.hash_key;
    size_t bytes_max = team->arena.max;
    arena_finish(&team->arena);
    arena_init(&team->arena, bytes_max);
    team->arena.hash_key = hash_key;
    team->batch = NULL;
    team->batch_count = 0;
    team->commit = COMMIT_IDLE;
}

static void commit_wait(struct server *server, struct team_actor *team, struct now now)
{
    uint64_t wait = RETRY_MS;
    for (unsigned i = 0; i < team->failures && wait < RETRY_MAX_MS; i++) wait *= 2;
    if (wait > RETRY_MAX_MS) wait = RETRY_MAX_MS;
    team->failures++;
    batch_end(team);
    team->commit = COMMIT_WAITING;
    team->again_ms = now.boot_ms + wait;
    server_wake(server, team->again_ms);
    belief_ask_again(server, team, now);
}

/* Memory that does not suffice for many may suffice for one; one that needs too much again and again
 * is parked, for others to go on; when not even that goes, it is not its own fault. */
static void commit_too_big(struct server *server, struct team_actor *team, struct now now)
{
    struct buffer *line = server_log(server, "commit_memory", true);
    if (line) {
        logline_id(line, "team", team->id);
        logline_number(line, "mutations", (int64_t)team->batch_count);
    }
    struct queued *alone = team->batch_count == 1 ? team->first : NULL;
    if (alone && ++alone->too_big % MEMORY_TRIES == 0) alone->refused = !alone->refused;
    team->batch_max = team->batch_count > 1 ? team->batch_count / 2 : 1;
    commit_wait(server, team, now);
}

static bool batch_take(const struct server *server, struct team_actor *team)
{
    size_t count = 0, bytes = 0;
    for (const struct queued *item = team->first; item && count < team->batch_max;
         item = item->next) {
        if (count > 0 && bytes + item->n > BATCH_BYTES_MAX) break;
        bytes += item->n;
        count++;
    }
    team->batch_count = count;
    team->batch = arena_array(&team->arena, count, sizeof *team->batch);
    if (!team->batch) return false;
    const struct queued *item = team->first;
    for (size_t i = 0; i < count; i++, item = item->next) {
        team->batch[i] = (struct batch_mutation){
            .actor = item->actor,
            .replica = item->replica,
            .device = item->device,
            .number = item->number,
            .payload = {item->payload, item->n},
            .failed = item->refused ||
                      crash_note_condemns(server->note, (struct str){item->payload, item->n}),
            .note = server->note,
        };
    }
    return true;
}

static void write_submit(struct server *server, struct team_actor *team, struct job *job,
                         struct now now)
{
    uint64_t ticket = job->request.ticket;
    job->request = team->write;
    job->request.ticket = ticket;
    job->request.team = team->id;
    job->request.now_ms = now.wall_ms;
    team->commit = COMMIT_WRITING;
    job_submit(server, job);
}

/* That they have no answer yet is asked by the commit. */
static bool unanswered_name(struct team_actor *team)
{
    const struct store_request *load = &team->load;
    size_t count = load->outcome_key_count;
    struct uuid *ids = arena_array(&team->arena, count ? count : 1, sizeof *ids);
    for (size_t i = 0; ids && i < count; i++) {
        struct uuid id = load->outcome_keys[i].mutation;
        if (!uuid_is_zero(id)) ids[team->write.unanswered_count++] = id;
    }
    team->write.unanswered = ids;
    return ids != NULL;
}

/* Decides on what is known. True: the commit is under way. False: load, and decide then; also when
 * nothing would be written, because it is the commit that says whether what is known still holds. */
static bool commit_known(struct server *server, struct team_actor *team, struct job *job,
                         struct now now)
{
    struct store_result loaded;
    if (!belief_is(team, team->known.seq, team->known.mark)) return false;
    if (!known_answers(&team->known, &team->arena, &team->load, &loaded)) return false;
    if (batch_decide(&team->arena, &loaded, team->batch, team->batch_count, now.wall_ms,
                     &server->random, &team->write)) {
        return false;
    }
    if (team->write.row_count == 0 || !unanswered_name(team)) return false;
    server->counters.known_commits++;
    write_submit(server, team, job, now);
    return true;
}

void commit_run(struct server *server, struct team_actor *team, struct now now)
{
    if (team->commit == COMMIT_WAITING && now.boot_ms >= team->again_ms) {
        team->commit = COMMIT_IDLE;
    }
    if (team->commit != COMMIT_IDLE || !team->first) {
        belief_ask_again(server, team, now);
        return;
    }
    struct job *job = job_new(server, 0, team->id);
    if (!job || !batch_take(server, team) ||
        batch_plan(&team->arena, team->id, team->batch, team->batch_count, &team->load)) {
        if (job) {
            arena_finish(&job->arena);
            free(job);
        }
        commit_too_big(server, team, now);
        return;
    }
    if (commit_known(server, team, job, now)) return;
    team->load.ticket = job->request.ticket;
    belief_name(team, &team->load);
    job->request = team->load;
    team->commit = COMMIT_LOADING;
    job_submit(server, job);
}

/* --- the outcome --- */

static struct str outcome_word(enum outcome_kind outcome)
{
    const struct field *field = field_by_name(ENTITY_OUTCOME, STR("kind"));
    const char *name = field_choice_name(field, outcome);
    return name ? str_from(name) : STR("none");
}

/* One line per change that was decided: its id is in the log of the device too. */
static void answer_log(struct server *server, const struct team_actor *team,
                       const struct queued *item, const struct batch_mutation *decided)
{
    if (decided->answered_before || decided->forked || decided->gap) return;
    struct buffer *line = server_log(server, "mutation", decided->failed);
    if (!line) return;
    logline_id(line, "mutation", decided->mutation.id);
    logline_id(line, "team", team->id);
    logline_id(line, "member", item->actor);
    logline_id(line, "replica", item->replica);
    logline_number(line, "number", (int64_t)item->number);
    logline_str(line, "outcome", outcome_word(decided->outcome));
    if (decided->failed) {
        logline_str(line, "alarm", item->too_big    ? STR("needs too much memory")
                                   : item->too_slow ? STR("takes the database too long")
                                   : item->refused ? STR("the database refuses its rows")
                                                   : STR("broke the server twice"));
    }
}

static void item_answered(struct server *server, const struct queued *item,
                          const struct batch_mutation *decided, struct now now)
{
    struct session *session = server_session(server, item->connection);
    if (!session) return;
    if (session->inflight > 0) session->inflight--;
    if (session->state != SESSION_OPEN) return;
    server_feed_later(server, session, now); /* before those who only watch */
    if (session->revoked && item->number >= session->deliver_to) session->delivered = true;
    if (session->revoked && item->number > session->settled && !decided->forked && !decided->gap)
        session->settled = item->number;
    /* What was decided before is told first. */
    if (decided->forked || decided->gap) feed_session(server, session, now);
    if (decided->forked) session_bye(server, session, BYE_FORKED);
    if (decided->gap) session_bye(server, session, BYE_GAP);
}

static void batch_answered(struct server *server, struct team_actor *team, struct now now)
{
    size_t count = team->batch_count;
    struct batch_mutation *decided = team->batch;
    for (size_t i = 0; i < count; i++) {
        struct queued *item = team->first;
        team->first = item->next;
        if (!team->first) team->last = NULL;
        team->queue_count--;
        if (item->own) team->own_count--;
        answer_log(server, team, item, &decided[i]);
        item_answered(server, item, &decided[i], now);
        free(item);
    }
    server->counters.mutations += count;
    team->failures = team->stales = 0;
    team->batch_max = COMMIT_MUTATIONS_MAX;
    batch_end(team);
    commit_run(server, team, now); /* the database works while everybody is told */
    for (struct session *session = team->sessions; session; session = session->team_next) {
        server_feed_later(server, session, now);
    }
}

static void commit_decide(struct server *server, struct team_actor *team,
                          const struct store_result *loaded, struct now now)
{
    enum fault fault = batch_decide(&team->arena, loaded, team->batch, team->batch_count,
                                    now.wall_ms, &server->random, &team->write);
    struct job *job = NULL;
    if (!fault && team->write.row_count == 0) {
        batch_answered(server, team, now);
        return;
    }
    if (!fault) job = job_new(server, 0, team->id);
    if (fault || !job) {
        commit_too_big(server, team, now);
        return;
    }
    write_submit(server, team, job, now);
}

static void commit_tell(struct server *server, const struct team_actor *team, const char *event,
                        const struct store_result *result)
{
    struct buffer *line = server_log(server, event, true);
    if (!line) return;
    logline_id(line, "team", team->id);
    logline_number(line, "status", result->status);
    logline_number(line, "mutations", (int64_t)team->batch_count);
    logline_str(line, "trouble", result->trouble);
}

/* One of the batch brings a row that the database will never take. Found by halves, it is parked,
 * so that it does not hold up all others; when not even that is taken, the fault is not its own. */
static void commit_refused(struct server *server, struct team_actor *team,
                           const struct store_result *result, struct now now)
{
    commit_tell(server, team, "commit_refused", result);
    bool alone = team->batch_count == 1;
    if (alone) team->first->refused = !team->first->refused;
    team->batch_max = alone ? 1 : team->batch_count / 2;
    if (alone && !team->first->refused) {
        commit_wait(server, team, now);
        return;
    }
    batch_end(team);
    commit_run(server, team, now);
}

/* One that alone takes the database longer than it may holds up all others: parked like one that it
 * refuses. */
static void alone_judge(struct team_actor *team, const struct store_result *result)
{
    struct queued *alone = team->batch_count == 1 ? team->first : NULL;
    bool slow = result->status == STORE_FAILED && str_starts_with(result->trouble, STR("57014"));
    if (alone && slow && ++alone->too_slow % SLOW_TRIES == 0) alone->refused = !alone->refused;
}

/* Others write, too. What is decided sooner, and not always at the same time as theirs, goes through. */
static void commit_stale(struct server *server, struct team_actor *team, struct now now)
{
    server->counters.stale_commits++;
    bool crowded = ++team->stales > STALE_TRIES;
    if (crowded && team->batch_count > 1) team->batch_max = team->batch_count / 2;
    batch_end(team);
    if (!crowded) {
        commit_run(server, team, now);
        return;
    }
    team->commit = COMMIT_WAITING;
    team->again_ms = now.boot_ms + 1 + random_below(&server->random, STALE_WAIT_MS);
    server_wake(server, team->again_ms);
    belief_ask_again(server, team, now);
}

static void commit_trouble(struct server *server, struct team_actor *team,
                           const struct store_result *result, struct now now)
{
    commit_tell(server, team, "commit_failed", result);
    alone_judge(team, result);
    if (result->status == STORE_UNKNOWN && team->failures == 0) {
        team->failures = 1;
        batch_end(team);
        commit_run(server, team, now);
        return;
    }
    /* A database too slow for many within its time limit may manage a few. */
    bool again = team->failures > 1 && team->batch_count > 1;
    if (again) team->batch_max = team->batch_count / 2;
    commit_wait(server, team, now);
}

/* The team does not exist any more. */
static void commit_gone(struct server *server, struct team_actor *team)
{
    while (team->sessions) {
        session_refuse(server, team->sessions, REFUSAL_UNKNOWN_DEVICE, "the team is gone");
    }
    batch_end(team);
    commit_drop(team);
}

/* False: not to be decided on. */
static bool load_holds(struct server *server, struct team_actor *team,
                       const struct store_result *loaded, struct now now)
{
    switch (belief_heard(server, team, &team->load, loaded)) {
    case BELIEF_HOLDS: belief_loaded(team, loaded); return true;
    case BELIEF_GONE: /* what is queued came from copies that build on what is no more: they will
                         offer it again */
        batch_end(team);
        commit_drop(team);
        return false;
    case BELIEF_OTHER: break; /* the database was found to be another one meanwhile */
    }
    batch_end(team);
    commit_run(server, team, now);
    return false;
}

void commit_done(struct server *server, struct team_actor *team,
                 const struct store_result *result, struct now now)
{
    bool loading = team->commit == COMMIT_LOADING;
    size_t share = server_known_share(server);
    if (result->status != STORE_OK) known_forget(&team->known);
    switch (result->status) {
    case STORE_OK:
        if (loading) {
            if (!load_holds(server, team, result, now)) return;
            known_loaded(&team->known, &team->load, result, share);
            commit_decide(server, team, result, now);
            return;
        }
        server->counters.commits++;
        known_committed(&team->known, &team->write, share);
        if (belief_committed(server, team, &team->write)) {
            ring_committed(&team->ring, &team->write);
        }
        feed_heed(server, team, &team->write);
        if (team->write.replica_number_count > 0) missing_committed(server, team->id, now);
        batch_answered(server, team, now);
        return;
    case STORE_STALE: commit_stale(server, team, now); return;
    case STORE_NOT_FOUND: commit_gone(server, team); return;
    case STORE_REFUSED:
        if (loading) break;
        commit_refused(server, team, result, now);
        return;
    case STORE_USED:
    case STORE_EXPIRED:
    case STORE_REVOKED:
    case STORE_FAILED:
    case STORE_UNKNOWN: break;
    }
    commit_trouble(server, team, result, now);
}

void commit_drop(struct team_actor *team)
{
    while (team->first) {
        struct queued *item = team->first;
        team->first = item->next;
        free(item);
    }
    team->last = NULL;
    team->queue_count = team->own_count = 0;
}
