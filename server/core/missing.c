/* missing.c - what copies were answered and this database does not have, told to people.
 *
 * The edge remembers outside the database, per copy, the last mutation that was answered
 * (server_compare). A database that was restored has fewer; the copies that come back offer again what
 * is missing. What nobody has offered after a while is a notice, and when it is offered after all the
 * notice is closed.
 *
 *   WAITING --time--> ASKING a part of them at a time --all--> those not found: WAITING
 *                        |                                     all found: nothing more to do
 *                        \--failed--> WAITING
 *
 * Invariant: what is asked about at one time lies at `at`; what was not found lies before `kept`. */
#include "server/core/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/logline.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

enum {
    MISSING_ASK_MAX = 200,         /* keys of one request */
    MISSING_GRACE_MS = 60 * 1000,  /* copies that were connected are back by then */
    MISSING_AGAIN_MS = 30 * 1000,  /* doubled up to the next while nothing changes */
    MISSING_AGAIN_MAX_MS = 4 * 60 * 1000,
    MISSING_SOON_MS = 1000,        /* after somebody brought something */
    MISSING_LOOKS = 10,            /* for a notice that waits behind what it tells of */
    MISSING_ARENA_MAX = 64 * 1024 * 1024,
};

/* Of one stand, as it was last found. */
struct stand_look {
    uint8_t looks; /* so often it is still looked whether its notice came */
    bool answered, open;
};

struct missing {
    struct missing *next;        /* of all */
    struct missing *bucket_next; /* of those whose team's id ends alike */
    struct uuid team;
    struct arena arena;
    struct known_stand *stands;
    struct stand_look *looks; /* per stand */
    size_t count, at, kept;
    uint64_t check_ms, again_ms;
    bool asking, told; /* told: a notice is open */
    bool stirred;      /* something was told or settled, in this round */
};

/* The tail of an id is random. */
static size_t missing_bucket(struct uuid team)
{
    return (team.b[14] << 8 | team.b[15]) % MISSING_BUCKETS;
}

static struct missing *missing_find(const struct server *server, struct uuid team)
{
    struct missing *missing = server->missing_buckets[missing_bucket(team)];
    while (missing && !uuid_equal(missing->team, team)) missing = missing->bucket_next;
    return missing;
}

static void missing_at(struct server *server, struct missing *missing, uint64_t at_ms)
{
    missing->check_ms = at_ms;
    server_wake(server, at_ms);
}

bool server_compare(struct server *server, struct uuid team, const struct known_stand *stands,
                    size_t count, struct now now)
{
    struct missing *missing = missing_find(server, team);
    if (missing && missing->asking) return false;
    if (!missing) {
        missing = calloc(1, sizeof *missing);
        if (!missing) return false;
        missing->team = team;
        arena_init(&missing->arena, MISSING_ARENA_MAX);
        missing->next = server->missing;
        server->missing = missing;
        struct missing **bucket = &server->missing_buckets[missing_bucket(team)];
        missing->bucket_next = *bucket;
        *bucket = missing;
    }
    arena_reset(&missing->arena);
    missing->at = missing->kept = missing->count = 0;
    missing->stands = arena_copy(&missing->arena, stands, count * sizeof *stands);
    missing->looks = arena_array(&missing->arena, count, sizeof *missing->looks);
    if (count > 0 && (!missing->stands || !missing->looks)) return false;
    missing->count = count;
    missing->again_ms = MISSING_AGAIN_MS;
    missing_at(server, missing, now.boot_ms + MISSING_GRACE_MS);
    return true;
}

/* --- asking --- */

static size_t part_count(const struct missing *missing)
{
    size_t left = missing->count - missing->at;
    return left < MISSING_ASK_MAX ? left : MISSING_ASK_MAX;
}

static bool part_fill(const struct missing *missing, struct job *job)
{
    size_t count = part_count(missing);
    struct entity_key *keys = arena_array(&job->arena, count, sizeof *keys);
    struct uuid *replicas = arena_array(&job->arena, count, sizeof *replicas);
    struct store_outcome_key *outcomes = arena_array(&job->arena, count, sizeof *outcomes);
    if (!keys || !replicas || !outcomes) return false;
    for (size_t i = 0; i < count; i++) {
        const struct known_stand *stand = &missing->stands[missing->at + i];
        struct uuid notice = inbox_notice_id(notice_missing_id(stand->replica));
        keys[i] = (struct entity_key){ENTITY_INBOX, notice};
        replicas[i] = stand->replica;
        outcomes[i] = (struct store_outcome_key){stand->replica, stand->number, stand->mutation};
    }
    struct store_request *request = &job->request;
    request->kind = STORE_LOAD;
    request->keys = keys;
    request->replicas = replicas;
    request->outcome_keys = outcomes;
    request->key_count = request->replica_count = request->outcome_key_count = count;
    return true;
}

static void missing_ask(struct server *server, struct missing *missing, struct now now)
{
    struct job *job = job_new(server, 0, missing->team);
    missing_at(server, missing, now.boot_ms + MISSING_AGAIN_MS);
    if (!job) return;
    if (!part_fill(missing, job)) {
        arena_finish(&job->arena);
        free(job);
        return;
    }
    job->compares = true;
    missing->asking = true;
    job_submit(server, job);
}

void missing_tick(struct server *server, struct now now)
{
    for (struct missing *missing = server->missing; missing; missing = missing->next) {
        bool due = missing->count > 0 && now.boot_ms >= missing->check_ms;
        if (due && !missing->asking && !server->stopping) missing_ask(server, missing, now);
    }
}

void missing_wake(struct server *server)
{
    for (const struct missing *missing = server->missing; missing; missing = missing->next) {
        if (missing->count > 0 && !missing->asking) server_wake(server, missing->check_ms);
    }
}

void missing_committed(struct server *server, struct uuid team, struct now now)
{
    struct missing *missing = missing_find(server, team);
    if (!missing || !missing->told || missing->asking) return;
    uint64_t soon = now.boot_ms + MISSING_SOON_MS;
    missing->again_ms = MISSING_AGAIN_MS;
    if (soon < missing->check_ms) missing_at(server, missing, soon);
}

/* --- telling --- */

static void notice_queue(struct server *server, struct uuid team, const struct mutation *mutation,
                         struct uuid about, struct now now)
{
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    if (codec_mutation_pack(mutation, &packed) == FAULT_NONE) {
        /* Or at the next check. */
        (void)commit_queue_server(server, team, buffer_str(&packed), about, now);
    }
    buffer_finish(&packed);
}

static void stand_tell(struct server *server, struct uuid team, const struct known_stand *stand,
                       uint64_t last_number, struct now now)
{
    uint64_t first = last_number < stand->number ? last_number + 1 : stand->number;
    struct mutation mutation = {.id = notice_missing_id(stand->replica),
                                .kind = MUTATION_NOTICE,
                                .entity = ENTITY_DEVICE,
                                .target = stand->device,
                                .acted_at = {stand->at_ms > 0, stand->at_ms},
                                .first_number = first,
                                .last_number = stand->number};
    notice_queue(server, team, &mutation, mutation.id, now);
    struct buffer *line = server_log(server, "changes_missing", true);
    if (!line) return;
    logline_id(line, "team", team);
    logline_id(line, "device", stand->device);
    logline_id(line, "replica", stand->replica);
    logline_number(line, "first", (int64_t)first);
    logline_number(line, "last", (int64_t)stand->number);
}

static void stand_settle(struct server *server, struct uuid team,
                         const struct known_stand *stand, struct now now)
{
    struct uuid item = inbox_notice_id(notice_missing_id(stand->replica));
    struct mutation mutation = {.id = uuid_v7((uint64_t)now.wall_ms, &server->random),
                                .kind = MUTATION_CLOSE,
                                .entity = ENTITY_INBOX,
                                .target = item,
                                .acted_at = {true, now.wall_ms},
                                .resolves = item,
                                .resolution = INBOX_RESENT};
    notice_queue(server, team, &mutation, item, now);
}

static const struct inbox_item *item_in(const struct store_result *result, struct uuid id)
{
    for (size_t i = 0; i < result->row_count; i++) {
        const struct row *row = &result->rows[i];
        if (row->kind == ENTITY_INBOX && !row->removed && uuid_equal(row->id, id))
            return row->entity;
    }
    return NULL;
}

static uint64_t last_number_in(const struct store_result *result, struct uuid replica)
{
    for (size_t i = 0; i < result->replica_count; i++) {
        if (uuid_equal(result->replicas[i].id, replica)) return result->replicas[i].last_number;
    }
    return 0;
}

/* By its id, under whatever number it was offered again: numbers alone may stand for other work. */
static bool stand_is_answered(const struct store_result *result, const struct known_stand *stand)
{
    if (uuid_is_zero(stand->mutation)) {
        return last_number_in(result, stand->replica) >= stand->number;
    }
    for (size_t i = 0; i < result->outcome_count; i++) {
        if (uuid_equal(result->outcomes[i]->mutation, stand->mutation)) return true;
    }
    return false;
}

static void part_judge(struct server *server, struct missing *missing,
                       const struct store_result *result, struct now now)
{
    size_t end = missing->at + part_count(missing);
    for (; missing->at < end; missing->at++) {
        const struct known_stand *stand = &missing->stands[missing->at];
        struct uuid id = inbox_notice_id(notice_missing_id(stand->replica));
        const struct inbox_item *item = item_in(result, id);
        struct stand_look look = missing->looks[missing->at];
        look.answered = stand_is_answered(result, stand);
        look.open = item && item->state == INBOX_OPEN;
        if (look.answered) {
            /* Its notice may wait in the queue behind the very work it tells of. An open one is kept
             * until it is seen closed: what closes it may be lost. */
            if (!look.open && look.looks == 0) continue;
            if (!look.open) look.looks--;
        } else if (!inbox_notice_stands(item, stand->number)) {
            stand_tell(server, missing->team, stand, last_number_in(result, stand->replica), now);
            look.looks = MISSING_LOOKS;
            missing->stirred = true;
        }
        missing->told = true;
        missing->looks[missing->kept] = look;
        missing->stands[missing->kept++] = *stand;
    }
}

/* A copy may have several stands, of histories that were lost one after the other; they have one
 * notice. */
static bool replica_lacks(const struct missing *missing, struct uuid replica)
{
    for (size_t i = 0; i < missing->count; i++) {
        if (missing->looks[i].answered) continue;
        if (uuid_equal(missing->stands[i].replica, replica)) return true;
    }
    return false;
}

/* All have been asked about: what is there again is told no more. */
static void round_end(struct server *server, struct missing *missing, struct now now)
{
    missing->count = missing->kept;
    missing->at = missing->kept = 0;
    for (size_t i = 0; i < missing->count; i++) {
        const struct stand_look *look = &missing->looks[i];
        if (!look->answered) continue;
        missing->stirred = true;
        if (!look->open || replica_lacks(missing, missing->stands[i].replica)) continue;
        stand_settle(server, missing->team, &missing->stands[i], now);
    }
    missing->again_ms *= 2;
    if (missing->stirred) missing->again_ms = MISSING_AGAIN_MS;
    if (missing->again_ms > MISSING_AGAIN_MAX_MS) missing->again_ms = MISSING_AGAIN_MAX_MS;
    missing_at(server, missing, now.boot_ms + missing->again_ms);
}

void missing_done(struct server *server, struct uuid team, const struct store_result *result,
                  struct now now)
{
    struct missing *missing = missing_find(server, team);
    if (!missing) return;
    missing->asking = false;
    if (result->status == STORE_NOT_FOUND) missing->count = 0; /* the team is gone */
    if (result->status != STORE_OK) return;
    if (missing->at == 0) missing->told = missing->stirred = false;
    part_judge(server, missing, result, now);
    if (missing->at < missing->count) {
        missing_ask(server, missing, now);
        return;
    }
    round_end(server, missing, now);
}

void missing_finish(struct server *server)
{
    while (server->missing) {
        struct missing *missing = server->missing;
        server->missing = missing->next;
        arena_finish(&missing->arena);
        free(missing);
    }
}
