/* home_erase.c - taking a copy away for good: its device was revoked, or its person said so.
 *
 *   copy --note is durable--> [erased] --key, then the copy--> the note alone (revoked), or nothing
 *
 * Invariants: nothing that the server has not taken is erased, unless its person said so; and an
 * erasing that began is finished by the next command, whatever stopped it: the note says so. The
 * key goes first: from then on nobody reads what is left. */
#define _GNU_SOURCE
#include "client/edge/home.h"

#include "client/edge/home_inside.h"
#include "client/edge/keys.h"
#include "client/edge/replica_file.h"
#include "client/edge/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/banned.h"

enum { NOTE_BYTES = 512, UNSENT_STEP = 256 };
static const size_t UNSENT_BYTES = (size_t)UNSENT_STEP * 2 * MUTATION_BYTES_MAX;
static const char NOTE_NAME[] = "erased", NOTE_NEW[] = "erased.new", NOTE_BEFORE[] = "erased.before";

/* --- the note: "why at settled name", one line --- */

static enum fault erase_fault(int error)
{
    if (error == ENOSPC || error == EDQUOT) return FAULT_FULL;
    return error == EACCES || error == EPERM || error == EROFS ? FAULT_DENIED : FAULT_IO;
}

static bool note_read(const char *folder, struct home_gone *out)
{
    char path[HOME_PATH_MAX], line[NOTE_BYTES], why[16] = "";
    int name_at = 0;
    *out = (struct home_gone){.revoked = true};
    if (home_path_join(folder, NOTE_NAME, path) != FAULT_NONE) return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return false;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = 0;
    line[strcspn(line, "\n")] = 0;
    long long at = 0;
    unsigned long long settled = 0;
    /* A note that cannot be read is one all the same: it appears whole, by rename. */
    if (sscanf(line, "%15s %lld %llu %n", why, &at, &settled, &name_at) < 3) return true;
    out->revoked = strcmp(why, "revoked") == 0;
    out->revoked_at = at;
    out->settled = settled;
    if (name_at > 0) snprintf(out->by, sizeof out->by, "%s", line + name_at);
    return true;
}

static enum fault note_write(const char *folder, const struct home_gone *gone)
{
    char path[HOME_PATH_MAX], new_path[HOME_PATH_MAX], line[NOTE_BYTES];
    enum fault fault = home_path_join(folder, NOTE_NAME, path);
    if (fault == FAULT_NONE) fault = home_path_join(folder, NOTE_NEW, new_path);
    if (fault != FAULT_NONE) return fault;
    int n = snprintf(line, sizeof line, "%s %lld %llu %s\n", gone->revoked ? "revoked" : "wiped",
                     (long long)gone->revoked_at, (unsigned long long)gone->settled, gone->by);
    int fd = open(new_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return erase_fault(errno);
    if (write(fd, line, (size_t)n) != n || fsync(fd) != 0) fault = erase_fault(errno);
    close(fd);
    if (fault == FAULT_NONE && rename(new_path, path) != 0) fault = erase_fault(errno);
    if (fault == FAULT_NONE) fault = folder_sync(folder);
    if (fault != FAULT_NONE) unlink(new_path);
    return fault;
}

static bool note_exists(const char *folder, const char *name)
{
    char path[HOME_PATH_MAX];
    return home_path_join(folder, name, path) == FAULT_NONE && access(path, F_OK) == 0;
}

static void note_rename(const char *folder, const char *from, const char *to)
{
    char old[HOME_PATH_MAX], new[HOME_PATH_MAX];
    if (home_path_join(folder, from, old) != FAULT_NONE) return;
    if (to == NULL) {
        unlink(old);
    } else if (home_path_join(folder, to, new) == FAULT_NONE) {
        (void)!rename(old, new);
    }
}

bool home_is_gone(const char *path)
{
    return note_exists(path, NOTE_NAME);
}

void home_gone_aside(const char *path)
{
    note_rename(path, NOTE_NAME, NOTE_BEFORE);
}

void home_gone_back(const char *path)
{
    note_rename(path, NOTE_BEFORE, NOTE_NAME);
}

void home_gone_forget(const char *path)
{
    note_rename(path, NOTE_BEFORE, NULL);
}

void home_discard(const char *path)
{
    static const char *const names[] = {"copy.db",     "copy.db-journal", "copy.new",
                                        "copy.new-journal", "key", "poke", "sender", "turn"};
    char name[HOME_PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (home_path_join(path, names[i], name) == FAULT_NONE) unlink(name);
    }
    home_gone_back(path);
    rmdir(path); /* stays if somebody keeps other files there */
}

/* --- erasing --- */

/* The key and its second names, the copy, what was set aside of it, what was being made. */
static bool name_is_key(const char *name)
{
    size_t n = strlen(name);
    return strcmp(name, "key") == 0 ||
           (strncmp(name, "copy.db.", 8) == 0 && n > 4 && strcmp(name + n - 4, ".key") == 0);
}

static bool name_is_copy(const char *name)
{
    return strncmp(name, "copy.db", 7) == 0 || strncmp(name, "copy.new", 8) == 0;
}

static enum fault names_erase(const char *folder, bool keys)
{
    char path[HOME_PATH_MAX];
    enum fault fault = FAULT_NONE;
    DIR *directory = opendir(folder);
    if (directory == NULL) return erase_fault(errno);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (keys ? !name_is_key(name) : !name_is_copy(name)) continue;
        enum fault one = home_path_join(folder, name, path);
        if (one == FAULT_NONE && keys) one = key_file_destroy(path);
        else if (one == FAULT_NONE && unlink(path) != 0 && errno != ENOENT) one = erase_fault(errno);
        if (one != FAULT_NONE) fault = one;
    }
    closedir(directory);
    enum fault synced = folder_sync(folder);
    return fault != FAULT_NONE ? fault : synced;
}

/* The note is durable; the turn is held. Keys durably before anything else. */
static enum fault erase_finish(const char *folder, bool revoked)
{
    enum fault fault = names_erase(folder, true);
    if (fault == FAULT_NONE) fault = names_erase(folder, false);
    if (fault != FAULT_NONE || revoked) return fault;
    note_rename(folder, NOTE_NAME, NULL);
    home_discard(folder);
    return FAULT_NONE;
}

/* Pending ones that the server has no outcome of; it may have one whose answer got lost. */
static enum fault unsent_count(struct replica *replica, uint64_t settled, size_t *unsent)
{
    struct arena arena;
    uint64_t from = settled + 1;
    size_t found = UNSENT_STEP;
    enum fault fault = FAULT_NONE;
    arena_init(&arena, UNSENT_BYTES);
    while (fault == FAULT_NONE && found == UNSENT_STEP) {
        struct outbox_entry *entries = NULL;
        arena_reset(&arena);
        fault = replica->f->outbox_list(replica, &arena, from, false, UNSENT_STEP, &entries,
                                        &found);
        if (fault != FAULT_NONE || found == 0) break;
        *unsent += found;
        from = entries[found - 1].number + 1;
    }
    arena_finish(&arena);
    return fault;
}

/* *unsent stays 0 or nothing is erased, unless `force`. From its count to its end nobody else may
 * write into the copy; whoever waited for that fails. */
static enum fault erase_open(const char *folder, struct replica *replica,
                             const struct home_gone *gone, bool force, size_t *unsent)
{
    enum fault fault = replica->f->begin(replica);
    if (fault == FAULT_NONE) {
        fault = unsent_count(replica, gone->settled, unsent);
        if (fault == FAULT_NONE && (*unsent == 0 || force)) fault = note_write(folder, gone);
        if (fault != FAULT_NONE || (*unsent > 0 && !force)) {
            replica->f->rollback(replica);
            return fault;
        }
        replica_file_retire(replica, true);
    } else if (force) {
        fault = note_write(folder, gone);
    }
    return fault == FAULT_NONE ? erase_finish(folder, gone->revoked) : fault;
}

enum fault home_erase_revoked(struct home *home, struct sync_report *report)
{
    struct home_gone gone = {
        .revoked = true, .revoked_at = report->revoked_at, .settled = report->settled};
    size_t unsent = 0;
    snprintf(gone.by, sizeof gone.by, "%s", report->revoked_by);
    enum fault fault = erase_open(home->path, home->replica, &gone, false, &unsent);
    report->unsent = unsent;
    return fault;
}

enum fault home_wipe(const char *path, bool force, size_t *unsent, struct trouble *trouble)
{
    const struct home_gone gone = {.revoked = false};
    struct home *home = NULL;
    struct turn turn;
    *unsent = 0;
    enum fault fault = turn_take(path, &turn);
    if (fault != FAULT_NONE) return home_trouble(trouble, fault, "lock", path);
    fault = home_open(path, &home, trouble);
    if (fault == FAULT_NONE) {
        fault = erase_open(path, home->replica, &gone, force, unsent);
        if (fault != FAULT_NONE) fault = home_trouble(trouble, fault, "erase", path);
        home_close(home);
    } else if (force) { /* what cannot be read can be erased */
        fault = note_write(path, &gone);
        if (fault == FAULT_NONE) fault = erase_finish(path, false);
        if (fault != FAULT_NONE) fault = home_trouble(trouble, fault, "erase", path);
    }
    turn_release(&turn);
    return fault;
}

/* --- what an erasing that was stopped left --- */

/* Its note was written while nothing waited. Should something have come in all the same, between
 * the note and the copy's retirement, the copy stays. */
static void erase_resume(const char *path, const struct home_gone *gone)
{
    struct trouble ignored;
    struct home *home = NULL;
    struct turn turn;
    size_t unsent = 0;
    bool stays = false;
    if (turn_take(path, &turn) != FAULT_NONE) return; /* who holds it is at it */
    if (gone->revoked && home_open(path, &home, &ignored) == FAULT_NONE) {
        struct replica *replica = home->replica;
        stays = unsent_count(replica, gone->settled, &unsent) == FAULT_NONE && unsent > 0;
        home_close(home);
    }
    if (stays) {
        note_rename(path, NOTE_NAME, NULL);
    } else {
        enum fault fault = erase_finish(path, gone->revoked);
        (void)fault; /* the next command tries again */
    }
    turn_release(&turn);
}

bool home_gone(const char *path, struct home_gone *out)
{
    char key[HOME_PATH_MAX];
    if (!note_read(path, out)) return false;
    bool left = home_exists(path) || (home_path_join(path, "key", key) == FAULT_NONE &&
                                      access(key, F_OK) == 0);
    if (left || !out->revoked) erase_resume(path, out);
    return note_exists(path, NOTE_NAME) && out->revoked;
}
