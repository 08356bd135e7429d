/* sync_attempt.c - connecting, failing and trying again. See sync_inside.h.
 *
 * Invariant: every way out of a connection goes through sync_close, and every failure leaves a
 * state from which the next attempt starts clean. */
#include "client/core/sync_inside.h"

#include "common/base/check.h"
#include "common/base/banned.h"

const char *sync_trouble_name(enum sync_trouble trouble)
{
    switch (trouble) {
    case SYNC_TROUBLE_NONE: return "none";
    case SYNC_TROUBLE_UNREACHABLE: return "unreachable";
    case SYNC_TROUBLE_CLOSED: return "closed";
    case SYNC_TROUBLE_LOST: return "lost";
    case SYNC_TROUBLE_SILENT: return "silent";
    case SYNC_TROUBLE_NOT_SLUICE: return "not_sluice";
    case SYNC_TROUBLE_VERSION: return "version";
    case SYNC_TROUBLE_SERVER_KEY: return "server_key";
    case SYNC_TROUBLE_REFUSED: return "refused";
    case SYNC_TROUBLE_BUSY: return "busy";
    case SYNC_TROUBLE_TAMPERED: return "tampered";
    case SYNC_TROUBLE_PROTOCOL: return "protocol";
    case SYNC_TROUBLE_LOCAL: return "local";
    }
    return "unknown";
}

enum sync_trouble sync_trouble_of(enum channel_reason reason)
{
    switch (reason) {
    case CHANNEL_REASON_NONE:
    case CHANNEL_REASON_LOCAL:
    case CHANNEL_REASON_ENDED:
    case CHANNEL_REASON_TRUNCATED: return SYNC_TROUBLE_LOST;
    case CHANNEL_REASON_HANDSHAKE_ENDED: return SYNC_TROUBLE_CLOSED;
    case CHANNEL_REASON_NOT_SLUICE: return SYNC_TROUBLE_NOT_SLUICE;
    case CHANNEL_REASON_VERSION:
    case CHANNEL_REASON_FLAGS: return SYNC_TROUBLE_VERSION;
    case CHANNEL_REASON_KEY_UNKNOWN:
    case CHANNEL_REASON_HANDSHAKE_FAILED: return SYNC_TROUBLE_SERVER_KEY;
    case CHANNEL_REASON_HANDSHAKE_TIMEOUT: return SYNC_TROUBLE_SILENT;
    case CHANNEL_REASON_TAMPERED: return SYNC_TROUBLE_TAMPERED;
    case CHANNEL_REASON_TOO_LARGE:
    case CHANNEL_REASON_BAD_FRAME: return SYNC_TROUBLE_PROTOCOL;
    case CHANNEL_REASON_MEMORY:
    case CHANNEL_REASON_COUNT: return SYNC_TROUBLE_LOCAL;
    }
    return SYNC_TROUBLE_PROTOCOL;
}

void sync_begin(struct sync *sync, struct now now)
{
    arena_reset(&sync->identity_arena);
    enum fault fault =
        sync->replica->f->identity_load(sync->replica, &sync->identity_arena, &sync->identity);
    if (fault) {
        sync_fail_local(sync, fault, now);
        return;
    }
    sync->retry_at = UINT64_MAX;
    if (sync->identity.address_count == 0) {
        sync->report.trouble = SYNC_TROUBLE_UNREACHABLE;
        sync->report.state = SYNC_OFFLINE;
        return;
    }
    sync->address %= sync->identity.address_count;
    sync->report.state = SYNC_CONNECTING;
    sync->began_at = now.boot_ms;
    sync->connect_due = true;
    sync->connection = true;
}

void sync_close(struct sync *sync)
{
    sync_fill_keep(sync);
    sync_pages_drop(sync);
    bool comparing = sync->check.phase == CHECK_ASKING || sync->check.phase == CHECK_JUDGING;
    if (comparing) sync->check.phase = CHECK_WANTED;
    if (!sync->connection) return;
    sync->connection = false;
    if (sync->connect_due) { /* nobody was told to connect yet */
        sync->connect_due = false;
        return;
    }
    if (sync->report.state != SYNC_CONNECTING) channel_close(&sync->channel);
    sync->close_due = true;
}

/* For `status`. That it cannot be written is no further failure. */
static void failure_note(struct sync *sync, const char *code, int64_t refusal, struct now now)
{
    struct replica *replica = sync->replica;
    struct identity identity;
    arena_reset(&sync->scratch);
    if (replica->f->begin(replica)) return;
    enum fault fault = replica->f->identity_load(replica, &sync->scratch, &identity);
    if (!fault) {
        identity.last_failure_at = now.wall_ms;
        identity.last_failure = str_from(code);
        identity.refusal = refusal;
        fault = replica->f->identity_store(replica, &identity);
    }
    if (fault) {
        replica->f->rollback(replica);
    } else if (replica->f->commit(replica)) {
        return; /* rolled back; the note is lost, no more */
    }
}

static uint64_t backoff_ms(struct sync *sync)
{
    unsigned doubled = sync->failures < 7 ? sync->failures : 7;
    uint64_t delay = (uint64_t)SYNC_BACKOFF_MIN_MS << doubled;
    if (delay > SYNC_BACKOFF_MAX_MS) delay = SYNC_BACKOFF_MAX_MS;
    return delay / 2 + random_below(&sync->random, delay / 2 + 1);
}

/* This round is over: later, or never. */
static void attempt_rest(struct sync *sync, struct now now)
{
    sync->tried = 0;
    sync->report.state = SYNC_OFFLINE;
    sync->retry_at = UINT64_MAX;
    if (!sync->live || sync->stopping) return;
    sync->retry_at = now.boot_ms + backoff_ms(sync);
    sync->failures++;
}

void sync_fail(struct sync *sync, enum sync_trouble trouble, struct now now)
{
    sync_close(sync);
    sync->report.trouble = trouble;
    sync->report.state = SYNC_OFFLINE;
    sync->address++;
    sync->tried++;
    if (!sync->stopping && sync->tried < sync->identity.address_count) {
        sync_begin(sync, now);
        return;
    }
    failure_note(sync, sync_trouble_name(trouble), 0, now);
    attempt_rest(sync, now);
}

void sync_fail_local(struct sync *sync, enum fault fault, struct now now)
{
    sync_close(sync);
    sync->report.trouble = SYNC_TROUBLE_LOCAL;
    sync->report.local_fault = fault;
    attempt_rest(sync, now);
}

/* Closes and says hello again at once; given up when it does not help. */
static void attempt_again(struct sync *sync, enum sync_trouble otherwise, struct now now)
{
    if (++sync->rehellos > SYNC_REHELLO_MAX || sync->stopping) {
        sync->rehellos = 0;
        sync_fail(sync, otherwise, now);
        return;
    }
    sync_close(sync);
    sync->report.state = SYNC_OFFLINE;
    sync_begin(sync, now);
}

static void attempt_refused(struct sync *sync, struct now now)
{
    enum session_refusal code = sync->report.refusal;
    sync_close(sync);
    sync->report.trouble = SYNC_TROUBLE_REFUSED;
    sync->report.state = SYNC_REFUSED;
    sync->retry_at = UINT64_MAX;
    failure_note(sync, refusal_name(code), (int64_t)code, now);
}

static void attempt_done(struct sync *sync)
{
    sync_close(sync);
    sync->report.state = SYNC_DONE;
    sync->retry_at = UINT64_MAX;
}

void sync_end(struct sync *sync, struct sync_ending ending, struct now now)
{
    switch (ending.kind) {
    case SYNC_GOES_ON: return;
    case SYNC_ENDS_DONE: attempt_done(sync); return;
    case SYNC_ENDS_AGAIN: attempt_again(sync, ending.trouble, now); return;
    case SYNC_ENDS_TROUBLE: sync_fail(sync, ending.trouble, now); return;
    case SYNC_ENDS_LOCAL: sync_fail_local(sync, ending.fault, now); return;
    case SYNC_ENDS_REFUSED: attempt_refused(sync, now); return;
    }
}
