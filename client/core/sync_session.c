/* sync_session.c - the messages of an open session, and when it is over. See sync_inside.h.
 *
 * Invariant: a mutation is answered only by data (its OUTCOME row in a revealed delta), never by a
 * message; what this file counts as in flight is a guess that bounds how much is sent. */
#include "client/core/sync_inside.h"

#include "common/base/check.h"
#include "common/base/banned.h"

/* --- welcome --- */

/* A copy whose numbers do not meet the server's cannot go on under this replica id: numbers that
 * the server has and we never gave out (restored copy), or a gap that nothing here can fill. */
static enum fault numbers_meet(struct sync *sync, const struct identity *identity,
                               uint64_t last_number, bool *meet)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    *meet = false;
    if (last_number >= identity->next_number) return FAULT_NONE;
    enum fault fault = sync->replica->f->outbox_list(sync->replica, &sync->scratch,
                                                     last_number + 1, false, 1, &entries, &count);
    if (fault) return fault;
    uint64_t next = count > 0 ? entries[0].number : identity->next_number;
    *meet = next == last_number + 1;
    return FAULT_NONE;
}

static void identity_welcome(struct identity *identity, const struct welcome *welcome,
                             struct now now)
{
    /* The same however often it is said until an exchange is complete. */
    if (welcome->went_back) {
        identity->lost_since = identity->last_sync_at + identity->server_clock_offset;
        if (identity->lost_since <= 0) identity->lost_since = 1;
    }
    identity->team = welcome->team;
    identity->member = welcome->member;
    identity->device = welcome->device;
    identity->has_token = true;
    for (size_t i = 0; i < TOKEN_BYTES; i++) identity->token[i] = welcome->next_token[i];
    identity->joined = true;
    identity->has_code = false;
    for (size_t i = 0; i < CODE_BYTES; i++) identity->code[i] = 0;
    identity->server_clock_offset = welcome->server_time - now.wall_ms;
    identity->refusal = 0;
}

/* Inside a transaction: a new replica id, and what is shown under the new numbers. */
static enum fault replica_renew(struct sync *sync, struct now now)
{
    struct uuid replica = uuid_v7((uint64_t)now.wall_ms, &sync->random);
    enum fault fault = outbox_renumber(sync->replica, &sync->scratch, replica);
    return fault ? fault : outbox_rebase(sync->replica, &sync->scratch, now);
}

/* Inside the transaction. *forked: this copy took a new replica id. */
static enum fault welcome_store(struct sync *sync, const struct welcome *welcome, struct now now,
                                bool *forked, size_t *reoffered)
{
    struct replica *replica = sync->replica;
    struct identity identity;
    bool meet = true;
    *reoffered = 0;
    enum fault fault = replica->f->identity_load(replica, &sync->scratch, &identity);
    if (fault) return fault;
    identity_welcome(&identity, welcome, now);
    fault = replica->f->identity_store(replica, &identity);
    *forked = welcome->plan == PLAN_NEW_REPLICA;
    bool lost = welcome->went_back || welcome->last_number < identity.next_number;
    if (!fault && !*forked && lost) {
        fault = outbox_reoffer(replica, welcome->last_number, welcome->went_back, reoffered);
    }
    if (!fault && !*forked) {
        fault = numbers_meet(sync, &identity, welcome->last_number, &meet);
        *forked = !meet;
    }
    if (!fault && *forked) {
        fault = replica_renew(sync, now);
        *reoffered = 0; /* they wait under new numbers, as what they always were */
        return fault;
    }
    size_t former = 0;
    if (!fault && welcome->went_back) {
        fault = outbox_reoffer_former(replica, welcome->last_number, &former);
        *reoffered += former;
    }
    bool waits = welcome->went_back || *reoffered > 0;
    return !fault && waits ? outbox_rebase(replica, &sync->scratch, now) : fault;
}

/* Who revoked this device, for the report; what is not told leaves it as it is. */
static void revoked_note(struct sync *sync, struct str by, int64_t at)
{
    struct sync_report *report = &sync->report;
    if (by.n == 0 && at == 0) return; /* what was told before stands */
    size_t n = by.n < sizeof report->revoked_by ? by.n : 0;
    for (size_t i = 0; i < n; i++) report->revoked_by[i] = by.p[i];
    report->revoked_by[n] = 0;
    report->revoked_at = at;
}

static enum fault welcome_begin(struct sync *sync, const struct welcome *welcome, struct now now)
{
    bool snapshot = welcome->plan == PLAN_SNAPSHOT || sync->position == 0;
    if (snapshot) sync->resume = false;
    arena_reset(&sync->identity_arena);
    enum fault fault =
        sync->replica->f->identity_load(sync->replica, &sync->identity_arena, &sync->identity);
    if (!fault) fault = sync_pages_begin(sync, snapshot);
    if (fault) return fault;
    sync->head = welcome->head_seq;
    sync->server_epoch = welcome->server_time - (int64_t)now.boot_ms;
    sync->welcome_last = sync->pushed = welcome->last_number;
    sync->inflight = 0;
    sync->push_blocked = false;
    sync->recheck_at = now.boot_ms + SYNC_RECHECK_MS;
    sync->delivers_only = welcome->delivers_only;
    sync->report.settled = 0; /* of this copy's numbers, which may be others now */
    if (welcome->delivers_only)
        revoked_note(sync, welcome->revoked_by, welcome->revoked_at);
    sync->report.state = SYNC_CATCHING_UP;
    sync->report.trouble = SYNC_TROUBLE_NONE;
    sync->report.refusal = REFUSAL_NONE;
    sync->report.rows_received = sync->position;
    sync->report.rows_expected = sync->head;
    sync->progress_due = true;
    return FAULT_NONE;
}

static struct sync_ending session_welcome(struct sync *sync, const struct welcome *welcome,
                                          struct now now)
{
    bool forked = false;
    size_t reoffered = 0;
    if (sync->report.state != SYNC_HANDSHAKE || welcome->plan == PLAN_NONE) {
        return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    }
    struct replica *replica = sync->replica;
    enum fault fault = replica->f->begin(replica);
    if (!fault) {
        fault = welcome_store(sync, welcome, now, &forked, &reoffered);
        if (fault) {
            replica->f->rollback(replica);
        } else {
            fault = replica->f->commit(replica);
        }
    }
    if (!fault && forked) {
        sync->report.was_forked = true;
        return ending_again(SYNC_TROUBLE_PROTOCOL);
    }
    if (!fault) fault = welcome_begin(sync, welcome, now);
    if (fault) return ending_local(fault);
    if (reoffered > 0) sync->report.was_restored = true;
    if (sync->position > sync->head || sync->top_seq > sync->head) {
        /* A history that is behind us cannot be ours. */
        sync_pages_anew(sync);
        return ending_again(SYNC_TROUBLE_PROTOCOL);
    }
    fault = sync_push(sync);
    if (fault || sync->position < sync->head) return ending_local(fault);
    fault = sync_pages_reveal(sync, NULL, now);
    return fault ? ending_local(fault) : sync_session_settle(sync, now);
}

/* --- when it is over --- */

/* The server has another payload under a number of ours: another copy uses them too. Takes a new replica
 * id and says hello again. */
static struct sync_ending session_forked(struct sync *sync, struct now now)
{
    struct replica *replica = sync->replica;
    arena_reset(&sync->scratch);
    enum fault fault = replica->f->begin(replica);
    if (!fault) {
        fault = replica_renew(sync, now);
        if (fault) {
            replica->f->rollback(replica);
        } else {
            fault = replica->f->commit(replica);
        }
    }
    if (fault) return ending_local(fault);
    sync->report.was_forked = true;
    return ending_again(SYNC_TROUBLE_PROTOCOL);
}

/* After a fault of taking or showing rows. */
static struct sync_ending pages_ending(struct sync *sync, enum fault fault, struct now now)
{
    if (fault == FAULT_EXISTS) return session_forked(sync, now);
    if (fault == FAULT_FORMAT) return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    return ending_local(fault);
}

/* REFUSAL_REVOKED and the like end it for good; the others are tried again. */
static struct sync_ending session_refused(struct sync *sync, const struct refusal *refusal)
{
    sync->report.refusal = refusal->code;
    revoked_note(sync, refusal->revoked_by, refusal->revoked_at);
    if (refusal->last_number > sync->report.settled) sync->report.settled = refusal->last_number;
    switch (refusal->code) {
    case REFUSAL_BUSY:
    case REFUSAL_INTERNAL: return ending_trouble(SYNC_TROUBLE_BUSY);
    case REFUSAL_VERSION: return ending_trouble(SYNC_TROUBLE_VERSION);
    case REFUSAL_NONE: return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    case REFUSAL_UNKNOWN_DEVICE:
    case REFUSAL_REVOKED:
    case REFUSAL_INVITATION_UNKNOWN:
    case REFUSAL_INVITATION_USED:
    case REFUSAL_INVITATION_EXPIRED: break;
    }
    return (struct sync_ending){SYNC_ENDS_REFUSED, SYNC_TROUBLE_REFUSED, FAULT_NONE};
}

static struct sync_ending session_bye(struct sync *sync)
{
    struct message message = {.kind = MESSAGE_BYE, .bye = BYE_DONE};
    enum fault fault = sync_write(sync, &message);
    (void)fault; /* a server that gets no bye sees the connection end */
    return (struct sync_ending){SYNC_ENDS_DONE, SYNC_TROUBLE_NONE, FAULT_NONE};
}

/* At the head, and all that came is shown. `first`: what is still unanswered, or NULL. */
static struct sync_ending session_rest(struct sync *sync, const struct outbox_entry *first,
                                       struct now now)
{
    if (first && first->number <= sync->welcome_last) {
        /* The server has its answer and we passed it by: only a copy that was put together from
         * two times can be like that. Everything again, answers too. */
        sync_pages_anew(sync);
        return ending_again(SYNC_TROUBLE_PROTOCOL);
    }
    if (sync->delivers_only) {
        if (first) return SYNC_ENDING_NONE;
        /* All is delivered; what the server says next is known already. */
        struct refusal refusal = {.code = REFUSAL_REVOKED};
        return session_refused(sync, &refusal);
    }
    if (sync->live) {
        sync->report.state = SYNC_LIVE;
        return SYNC_ENDING_NONE;
    }
    if (first) return SYNC_ENDING_NONE;
    bool checks = false;
    struct sync_ending ending = sync_check_step(sync, now, &checks);
    return ending.kind != SYNC_GOES_ON || checks ? ending : session_bye(sync);
}

struct sync_ending sync_session_settle(struct sync *sync, struct now now)
{
    if (!sync_in_session(sync)) return SYNC_ENDING_NONE;
    enum fault fault = sync_pages_settle(sync, sync->stopping, now);
    if (fault) return pages_ending(sync, fault, now);
    bool late = sync->stopping && now.boot_ms >= sync->stop_at;
    if (sync->reveal_at != UINT64_MAX && !late) return SYNC_ENDING_NONE;
    if (late || (sync->stopping && sync->inflight == 0)) return session_bye(sync);
    if (sync->position < sync->head || sync->snapshot) return SYNC_ENDING_NONE;
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    arena_reset(&sync->scratch);
    fault = sync->replica->f->outbox_list(sync->replica, &sync->scratch, 0, false, 1, &entries,
                                          &count);
    if (fault) return ending_local(fault);
    return session_rest(sync, count > 0 ? &entries[0] : NULL, now);
}

struct sync_ending sync_session_fill(struct sync *sync, struct now now)
{
    if (sync->position == sync->head) return sync_session_settle(sync, now);
    enum fault fault = sync_fill_step(sync);
    return fault ? pages_ending(sync, fault, now) : SYNC_ENDING_NONE;
}

/* --- messages --- */

static struct sync_ending session_page(struct sync *sync, const struct page *page, struct now now)
{
    bool delta = !sync->snapshot;
    enum fault fault = sync_pages_take(sync, page, now);
    if (delta && fault == FAULT_LIMIT) {
        sync_pages_anew(sync);
        return ending_again(SYNC_TROUBLE_PROTOCOL);
    }
    if (fault) return pages_ending(sync, fault, now);
    if (sync->position < sync->head) return SYNC_ENDING_NONE;
    fault = sync_push(sync);
    return fault ? ending_local(fault) : sync_session_settle(sync, now);
}

static struct sync_ending session_checked(struct sync *sync, const struct message *message,
                                          struct now now)
{
    struct sync_ending ending = sync_check_take(sync, message);
    bool asked = ending.kind == SYNC_GOES_ON && sync->check.phase == CHECK_JUDGING;
    return asked ? sync_session_settle(sync, now) : ending;
}

static struct sync_ending session_ended(struct sync *sync, enum bye_reason reason, struct now now)
{
    switch (reason) {
    case BYE_NONE:
    case BYE_DONE:
    case BYE_SHUTDOWN:
    case BYE_REPLACED: return ending_trouble(SYNC_TROUBLE_LOST);
    case BYE_FORM: return ending_trouble(SYNC_TROUBLE_PROTOCOL);
    case BYE_FORKED: return session_forked(sync, now);
    case BYE_SLOW:
    case BYE_GAP:
    case BYE_REHANDSHAKE: return ending_again(SYNC_TROUBLE_LOST);
    }
    return ending_trouble(SYNC_TROUBLE_LOST);
}

static struct sync_ending session_pong(struct sync *sync, uint64_t nonce)
{
    struct message pong = {.kind = MESSAGE_PONG, .nonce = nonce};
    enum fault fault = sync_write(sync, &pong);
    return ending_local(fault == FAULT_BUSY ? FAULT_NONE : fault);
}

static struct sync_ending message_take(struct sync *sync, const struct message *message,
                                       struct now now)
{
    switch (message->kind) {
    case MESSAGE_WELCOME: return session_welcome(sync, &message->welcome, now);
    case MESSAGE_REFUSAL: return session_refused(sync, &message->refusal);
    case MESSAGE_PAGE: return session_page(sync, &message->page, now);
    case MESSAGE_PING: return session_pong(sync, message->nonce);
    case MESSAGE_PONG: return SYNC_ENDING_NONE;
    case MESSAGE_BYE: return session_ended(sync, message->bye, now);
    case MESSAGE_CHECKED: return session_checked(sync, message, now);
    case MESSAGE_NONE:
    case MESSAGE_CHECK:
    case MESSAGE_PUSH: break;
    }
    return ending_trouble(SYNC_TROUBLE_PROTOCOL);
}

struct sync_ending sync_session_message(struct sync *sync, struct str bytes, struct now now)
{
    struct message message;
    struct arena arena;
    arena_init(&arena, SYNC_MESSAGE_BYTES);
    arena_reset(&sync->scratch);
    enum fault fault = codec_message_unpack(&arena, bytes, &message);
    struct sync_ending ending;
    if (!fault) ending = message_take(sync, &message, now);
    else if (fault == FAULT_MEMORY) ending = ending_local(fault);
    else ending = ending_trouble(SYNC_TROUBLE_PROTOCOL);
    arena_finish(&arena);
    return ending;
}
