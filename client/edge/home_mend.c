/* home_mend.c - looking a copy through, and making a new one of what can still be read.
 *
 * Only three things of a copy cannot be fetched again: who this device is, its secret key, and the
 * changes that were not sent. They are read row by row, so that one bad page costs its own rows.
 * Invariant: the old copy keeps its name until the new one is durable; the turn is held. */
#define _GNU_SOURCE
#include "client/edge/home.h"

#include "client/edge/home_inside.h"
#include "client/edge/keys.h"
#include "client/edge/replica_file.h"
#include "client/edge/turn.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include <sodium.h>

#include "common/base/bounds.h"
#include "common/base/check.h"

#include "common/base/banned.h"

enum {
    BATCH_ROWS = 256,
    ASIDE_MAX = 100,  /* damaged copies set aside within one second */
    LOST_MAX = 10000, /* rows that cannot be read, one after another: then the rest is given up */
};
static const size_t BATCH_BYTES = (size_t)BATCH_ROWS * 2 * MUTATION_BYTES_MAX;

struct mend {
    char folder[HOME_PATH_MAX], key_path[HOME_PATH_MAX], copy_path[HOME_PATH_MAX];
    char new_path[HOME_PATH_MAX];
    struct secret32 key, device;
    struct replica *old, *new;
    struct arena identity_arena, arena;
    struct identity identity;
    size_t kept, lost;
};

static enum fault mend_paths(struct mend *mend, const char *path)
{
    enum fault fault = home_path_join(path, "key", mend->key_path);
    if (!fault) fault = home_path_join(path, "copy.db", mend->copy_path);
    if (!fault) fault = home_path_join(path, "copy.new", mend->new_path);
    snprintf(mend->folder, sizeof mend->folder, "%s", path);
    return fault;
}

/* Key, copy, identity, device: whatever fails here makes a copy that has to be joined again. */
static enum fault mend_open(struct mend *mend)
{
    enum fault fault = key_file_read(mend->key_path, &mend->key);
    if (!fault) fault = replica_file_open(mend->copy_path, &mend->key, &mend->old);
    if (!fault) fault = replica_file_device(mend->old, &mend->device);
    if (!fault) {
        arena_reset(&mend->identity_arena);
        fault = mend->old->f->identity_load(mend->old, &mend->identity_arena, &mend->identity);
    }
    return fault;
}

/* A page that failed leaves the connection without use. */
static enum fault mend_reopen(struct mend *mend)
{
    mend->old->f->close(mend->old);
    mend->old = NULL;
    return replica_file_open(mend->copy_path, &mend->key, &mend->old);
}

static void mend_close(struct mend *mend)
{
    if (mend->old) mend->old->f->close(mend->old);
    if (mend->new) mend->new->f->close(mend->new);
    secret32_finish(&mend->key);
    secret32_finish(&mend->device);
    arena_finish(&mend->identity_arena);
    arena_finish(&mend->arena);
}

/* --- reading what can be read --- */

/* Entries from *number on, at most `limit`, into the new copy; *number is then the next one. */
static enum fault entries_take(struct mend *mend, uint64_t *number, size_t limit, bool *more)
{
    struct outbox_entry *entries;
    size_t count = 0;
    arena_reset(&mend->arena);
    enum fault fault = mend->old->f->outbox_list(mend->old, &mend->arena, *number, true, limit,
                                                 &entries, &count);
    if (fault) return fault;
    *more = count == limit;
    for (size_t i = 0; i < count; i++) {
        fault = mend->new->f->outbox_add(mend->new, &entries[i]);
        if (fault) return fault == FAULT_CRYPTO ? FAULT_IO : fault; /* CRYPTO: the old one's */
        mend->kept += !entries[i].answered;
        *number = entries[i].number + 1;
    }
    return FAULT_NONE;
}

/* Batches while they can be read, single rows where they cannot. */
static enum fault entries_rescue(struct mend *mend)
{
    uint64_t number = 0;
    bool more = true;
    while (more && mend->lost < LOST_MAX) {
        enum fault fault = entries_take(mend, &number, BATCH_ROWS, &more);
        if (!fault) continue;
        if (fault != FAULT_CRYPTO) return fault;
        for (size_t i = 0; i < BATCH_ROWS && number < mend->identity.next_number; i++) {
            fault = mend_reopen(mend);
            if (!fault) fault = entries_take(mend, &number, 1, &more);
            if (fault && fault != FAULT_CRYPTO) return fault;
            if (!fault && !more) return FAULT_NONE;
            if (!fault) continue;
            if (!mend->old) return FAULT_NONE; /* not even its first page any more */
            mend->lost++;
            number++;
        }
        more = number < mend->identity.next_number;
        fault = more ? mend_reopen(mend) : FAULT_NONE;
        if (fault == FAULT_CRYPTO) return FAULT_NONE;
        if (fault) return fault;
    }
    return FAULT_NONE;
}

/* Of former replica ids: a reserve, of which is taken what can be read. */
static enum fault former_rescue(struct mend *mend)
{
    uint64_t number = OUTBOX_FORMER;
    bool more = mend->old != NULL;
    enum fault fault = FAULT_NONE;
    while (more && !fault) fault = entries_take(mend, &number, BATCH_ROWS, &more);
    return fault == FAULT_CRYPTO ? FAULT_NONE : fault;
}

static enum fault mend_fill(struct mend *mend)
{
    unlink(mend->new_path);
    enum fault fault =
        replica_file_create(mend->new_path, &mend->key, &mend->device, &mend->new);
    if (!fault) fault = mend->new->f->begin(mend->new);
    if (fault) return fault;
    /* Everything is fetched anew; numbers, replica and token stay, so that what the server has
     * already had is answered and not done twice. */
    mend->identity.refill = true;
    mend->identity.generation = 0;
    mend->identity.fill_generation = 0;
    fault = mend->new->f->identity_store(mend->new, &mend->identity);
    if (!fault) fault = entries_rescue(mend);
    if (!fault) fault = former_rescue(mend);
    if (!fault && mend->lost > 0) {
        /* Numbers without a gap are not to be had: the server shall tell it to begin a new row. */
        system_random(mend->identity.token, sizeof mend->identity.token);
        mend->identity.cursor_seq = 0;
        mend->identity.has_mark = false;
        fault = mend->new->f->identity_store(mend->new, &mend->identity);
    }
    if (!fault) return mend->new->f->commit(mend->new);
    mend->new->f->rollback(mend->new);
    return fault;
}

/* --- changing places --- */

static enum fault aside_name(const struct mend *mend, char out[HOME_PATH_MAX])
{
    char stamp[32] = "";
    struct tm parts;
    time_t seconds = time(NULL);
    if (gmtime_r(&seconds, &parts)) strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &parts);
    for (int i = 1; i <= ASIDE_MAX; i++) { /* a second one within the same second has a number */
        char number[16] = "";
        if (i > 1) snprintf(number, sizeof number, "-%d", i);
        int n = snprintf(out, HOME_PATH_MAX, "%s.damaged-%s%s", mend->copy_path, stamp, number);
        if (n < 0 || n >= HOME_PATH_MAX) return FAULT_LIMIT;
        if (access(out, F_OK) != 0) return FAULT_NONE;
    }
    return FAULT_EXISTS;
}

/* Nothing of it could be read: the copy and what SQLite may have left beside it. */
static enum fault copy_set_aside(const struct mend *mend, const char *aside)
{
    char from[HOME_PATH_MAX + 16], to[HOME_PATH_MAX + 16];
    /* Joining again makes another key: without its own nobody could ever read the old copy. Where
     * there is no key, or the disk knows no second names, the copy goes aside all the same. */
    snprintf(to, sizeof to, "%s.key", aside);
    (void)!link(mend->key_path, to);
    if (rename(mend->copy_path, aside) != 0) return FAULT_IO;
    snprintf(from, sizeof from, "%s-journal", mend->copy_path);
    snprintf(to, sizeof to, "%s-journal", aside);
    return rename(from, to) == 0 || errno == ENOENT ? FAULT_NONE : FAULT_IO;
}

/* There is a copy under its name at every moment, where the disk knows second names. */
static enum fault copy_replace(struct mend *mend, const char *aside)
{
    mend->new->f->close(mend->new);
    mend->new = NULL;
    if (link(mend->copy_path, aside) != 0) return errno == ENOSPC ? FAULT_FULL : FAULT_IO;
    replica_file_retire(mend->old, true);
    if (rename(mend->new_path, mend->copy_path) == 0) return FAULT_NONE;
    replica_file_retire(mend->old, false);
    unlink(aside);
    return FAULT_IO;
}

static enum fault mend_swap(struct mend *mend, struct home_rebuilt *out)
{
    char journal[HOME_PATH_MAX + 16];
    if (!home_exists(mend->folder)) return FAULT_NOT_FOUND;
    enum fault fault = aside_name(mend, out->aside);
    if (!fault) {
        fault = mend->new ? copy_replace(mend, out->aside) : copy_set_aside(mend, out->aside);
    }
    snprintf(journal, sizeof journal, "%s-journal", mend->new_path);
    unlink(journal);
    return fault ? fault : folder_sync(mend->folder);
}

enum fault home_rebuild(const char *path, struct home_rebuilt *out, struct trouble *trouble)
{
    struct turn turn;
    struct mend mend = {.lost = 0};
    *out = (struct home_rebuilt){.joined = false};
    check(sodium_init() >= 0);
    process_harden();
    enum fault fault = mend_paths(&mend, path);
    if (!fault) fault = turn_take(path, &turn);
    if (fault) return home_trouble(trouble, fault, "lock", path);
    arena_init(&mend.identity_arena, WIRE_ARENA_MAX);
    arena_init(&mend.arena, BATCH_BYTES);
    out->joined = mend_open(&mend) == FAULT_NONE;
    if (out->joined) {
        /* Keeps other processes from writing meanwhile; a damaged copy may refuse. */
        enum fault ignored = mend.old->f->begin(mend.old);
        (void)ignored;
        fault = mend_fill(&mend);
    }
    if (!fault) fault = mend_swap(&mend, out);
    else unlink(mend.new_path);
    out->kept = mend.kept;
    out->lost = mend.lost;
    mend_close(&mend);
    turn_release(&turn);
    return home_trouble(trouble, fault, "rebuild", mend.copy_path);
}

enum fault home_verify(const char *path, size_t *pending, bool *recomputed,
                       struct trouble *trouble)
{
    struct home *home = NULL;
    char copy[HOME_PATH_MAX];
    *pending = 0;
    *recomputed = false;
    enum fault fault = home_open(path, &home, trouble);
    if (fault) return fault;
    fault = replica_file_verify(home->replica);
    if (!fault) fault = replica_file_recompute(home->replica, home_now(), recomputed);
    if (!fault) fault = home->replica->f->outbox_count(home->replica, pending);
    home_close(home);
    if (!fault || home_path_join(path, "copy.db", copy)) return fault;
    return home_trouble(trouble, fault, "read", copy);
}
