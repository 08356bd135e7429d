/* sync_session.c - the messages of an open session, and pushing. See sync_inside.h.
 *
 * Invariant: a mutation is answered only by data (its OUTCOME row in a revealed delta), never by a
 * message; what this file counts as in flight is a guess that bounds how much is sent. */
#include "client/core/sync_inside.h"

#include "common/base/check.h"
#include "common/base/banned.h"

enum fault session_write(struct sync *sync, const struct message *message)
{
    struct buffer packed;
    buffer_init(&packed, FRAME_TO_SERVER_MAX);
    enum fault fault = codec_message_pack(message, &packed);
    if (!fault) fault = channel_send(&sync->channel, buffer_str(&packed));
    buffer_finish(&packed);
    if (!fault) sync->write_due = true;
    return fault;
}

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

static struct uuid replica_make(struct sync *sync, struct now now)
{
    return uuid_v7((uint64_t)now.wall_ms, &sync->random);
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
        fault = outbox_renumber(replica, &sync->scratch, replica_make(sync, now));
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
    sync->delivers_only = welcome->delivers_only;
    sync->report.settled = 0; /* of this copy's numbers, which may be others now */
    if (welcome->delivers_only)
        sync_revoked_note(sync, welcome->revoked_by, welcome->revoked_at);
    sync->report.state = SYNC_CATCHING_UP;
    sync->report.trouble = SYNC_TROUBLE_NONE;
    sync->report.refusal = REFUSAL_NONE;
    sync->report.rows_received = sync->position;
    sync->report.rows_expected = sync->head;
    sync->progress_due = true;
    return FAULT_NONE;
}

static void session_welcome(struct sync *sync, const struct welcome *welcome, struct now now)
{
    bool forked = false;
    size_t reoffered = 0;
    if (sync->report.state != SYNC_HANDSHAKE || welcome->plan == PLAN_NONE) {
        sync_fail(sync, SYNC_TROUBLE_PROTOCOL, now);
        return;
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
        sync_again(sync, SYNC_TROUBLE_PROTOCOL, now);
        return;
    }
    if (!fault) fault = welcome_begin(sync, welcome, now);
    if (fault) {
        sync_fail_local(sync, fault, now);
        return;
    }
    if (reoffered > 0) sync->report.was_restored = true;
    if (sync->position > sync->head) { /* a history that is behind us cannot be ours */
        sync_begin_anew(sync);
        sync_again(sync, SYNC_TROUBLE_PROTOCOL, now);
        return;
    }
    sync_session_push(sync, now);
    if (!sync_in_session(sync) || sync->position < sync->head) return;
    fault = sync_pages_reveal(sync, NULL, now);
    if (fault) {
        sync_fail_local(sync, fault, now);
    } else {
        sync_session_settle(sync, now);
    }
}

/* --- pushing --- */

/* One frame. *sent: how many went; 0 when there was nothing or no room. */
static enum fault push_frame(struct sync *sync, size_t *sent)
{
    struct outbox_entry *entries = NULL;
    size_t count = 0, room = INFLIGHT_MUTATIONS_MAX - sync->inflight;
    *sent = 0;
    if (room > PUSH_MUTATIONS_MAX) room = PUSH_MUTATIONS_MAX;
    struct arena arena;
    arena_init(&arena, SYNC_MESSAGE_BYTES);
    enum fault fault = sync->replica->f->outbox_list(sync->replica, &arena, sync->pushed + 1,
                                                     false, room, &entries, &count);
    struct str *payloads = fault ? NULL : arena_array(&arena, count, sizeof *payloads);
    if (!fault && !payloads) fault = FAULT_MEMORY;
    size_t bytes = 0, taken = 0;
    while (!fault && taken < count) {
        bytes += entries[taken].payload.n;
        if (taken > 0 && bytes > SYNC_PUSH_BYTES) break;
        if (entries[taken].number != entries[0].number + taken) break;
        payloads[taken] = entries[taken].payload;
        taken++;
    }
    if (!fault && taken > 0) {
        struct message message = {.kind = MESSAGE_PUSH,
                                  .push = {entries[0].number, payloads, taken}};
        fault = session_write(sync, &message);
        if (!fault) {
            sync->pushed = entries[taken - 1].number;
            *sent = taken;
        }
    }
    arena_finish(&arena);
    return fault;
}

void sync_session_push(struct sync *sync, struct now now)
{
    sync->push_blocked = false;
    while (sync_in_session(sync) && sync->inflight < INFLIGHT_MUTATIONS_MAX) {
        size_t sent = 0;
        enum fault fault = push_frame(sync, &sent);
        if (fault == FAULT_BUSY && channel_output(&sync->channel).n > 0) {
            sync->push_blocked = true; /* goes on when the output was written */
            return;
        }
        if (fault) {
            sync_fail_local(sync, fault, now);
            return;
        }
        if (sent == 0) return;
        sync->inflight += sent;
        sync->report.sent += sent;
    }
}

/* --- ending --- */

static void session_bye(struct sync *sync)
{
    struct message message = {.kind = MESSAGE_BYE, .bye = BYE_DONE};
    enum fault fault = session_write(sync, &message);
    (void)fault; /* a server that gets no bye sees the connection end */
    sync_close(sync);
    sync->report.state = SYNC_DONE;
    sync->retry_at = UINT64_MAX;
}

void sync_session_settle(struct sync *sync, struct now now)
{
    if (!sync_in_session(sync)) return;
    bool shown = false;
    enum fault fault = sync_pages_settle(sync, sync->stopping, now, &shown);
    if (fault) {
        sync_pages_fail(sync, fault, now);
        return;
    }
    bool late = sync->stopping && now.boot_ms >= sync->stop_at;
    if (sync->reveal_at != UINT64_MAX && !late) return;
    if (late || (sync->stopping && sync->inflight == 0)) {
        session_bye(sync);
        return;
    }
    if (sync->position < sync->head || sync->snapshot) return;
    struct outbox_entry *entries = NULL;
    size_t count = 0;
    arena_reset(&sync->scratch);
    fault = sync->replica->f->outbox_list(sync->replica, &sync->scratch, 0, false, 1, &entries,
                                          &count);
    if (fault) {
        sync_fail_local(sync, fault, now);
        return;
    }
    if (count > 0 && entries[0].number <= sync->welcome_last) {
        /* The server has its answer and we passed it by: only a copy that was put together from
         * two times can be like that. Everything again, answers too. */
        sync_begin_anew(sync);
        sync_again(sync, SYNC_TROUBLE_PROTOCOL, now);
        return;
    }
    if (sync->delivers_only) {
        if (count > 0) return;
        /* All is delivered; what the server says next is known already. */
        struct refusal refusal = {.code = REFUSAL_REVOKED};
        sync_refuse(sync, &refusal, now);
    } else if (sync->live) {
        sync->report.state = SYNC_LIVE;
    } else if (count == 0 && !sync_check_goes_on(sync, now)) {
        session_bye(sync);
    }
}

/* The server has another payload under a number of ours. */
void sync_session_forked(struct sync *sync, struct now now)
{
    struct replica *replica = sync->replica;
    arena_reset(&sync->scratch);
    enum fault fault = replica->f->begin(replica);
    if (!fault) {
        fault = outbox_renumber(replica, &sync->scratch, replica_make(sync, now));
        if (fault) {
            replica->f->rollback(replica);
        } else {
            fault = replica->f->commit(replica);
        }
    }
    if (fault) {
        sync_fail_local(sync, fault, now);
        return;
    }
    sync->report.was_forked = true;
    sync_again(sync, SYNC_TROUBLE_PROTOCOL, now);
}

static void session_ended(struct sync *sync, enum bye_reason reason, struct now now)
{
    switch (reason) {
    case BYE_NONE:
    case BYE_DONE:
    case BYE_SHUTDOWN:
    case BYE_REPLACED: sync_fail(sync, SYNC_TROUBLE_LOST, now); return;
    case BYE_FORM: sync_fail(sync, SYNC_TROUBLE_PROTOCOL, now); return;
    case BYE_FORKED: sync_session_forked(sync, now); return;
    case BYE_SLOW:
    case BYE_GAP:
    case BYE_REHANDSHAKE: sync_again(sync, SYNC_TROUBLE_LOST, now); return;
    }
    sync_fail(sync, SYNC_TROUBLE_LOST, now);
}

static void session_pong(struct sync *sync, uint64_t nonce, struct now now)
{
    struct message pong = {.kind = MESSAGE_PONG, .nonce = nonce};
    enum fault fault = session_write(sync, &pong);
    if (fault && fault != FAULT_BUSY) sync_fail_local(sync, fault, now);
}

void sync_session_message(struct sync *sync, struct str bytes, struct now now)
{
    struct message message;
    struct arena arena;
    arena_init(&arena, SYNC_MESSAGE_BYTES);
    arena_reset(&sync->scratch);
    enum fault fault = codec_message_unpack(&arena, bytes, &message);
    if (fault) {
        if (fault == FAULT_MEMORY) sync_fail_local(sync, fault, now);
        else sync_fail(sync, SYNC_TROUBLE_PROTOCOL, now);
        arena_finish(&arena);
        return;
    }
    switch (message.kind) {
    case MESSAGE_WELCOME: session_welcome(sync, &message.welcome, now); break;
    case MESSAGE_REFUSAL: sync_refuse(sync, &message.refusal, now); break;
    case MESSAGE_PAGE: sync_pages_take(sync, &message.page, now); break;
    case MESSAGE_PING: session_pong(sync, message.nonce, now); break;
    case MESSAGE_PONG: break;
    case MESSAGE_BYE: session_ended(sync, message.bye, now); break;
    case MESSAGE_CHECKED: sync_check_take(sync, &message, now); break;
    case MESSAGE_NONE:
    case MESSAGE_CHECK:
    case MESSAGE_PUSH: sync_fail(sync, SYNC_TROUBLE_PROTOCOL, now); break;
    }
    arena_finish(&arena);
}
