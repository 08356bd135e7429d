/* home.h - one identity of one team on this machine: its folder, keys, copy and connection.
 *
 *   SLUICE_HOME/key          32 random bytes of the copy's encryption, 0600
 *   SLUICE_HOME/copy.db      the encrypted copy (replica_file); also holds the device's secret key
 *   SLUICE_HOME/turn         flock'ed by the process that holds the server connection (turn.h)
 *   SLUICE_HOME/sender       flock'ed by the sender that a command left behind
 *   SLUICE_HOME/poke         touched when a mutation was queued; its holder watches it
 *   SLUICE_HOME/erased       there is no copy any more: why (home_erase.c)
 *
 * The only client edge that the command line and the board talk to. */
#ifndef SLUICE_CLIENT_EDGE_HOME_H
#define SLUICE_CLIENT_EDGE_HOME_H

#include "client/core/sync.h"
#include "common/base/bounds.h"

struct home;

/* What went wrong outside, for a sentence: operation, path, errno text. Borrowed from the home or
 * static; valid until the next call. */
struct trouble {
    enum fault fault;
    const char *operation; /* "open", "lock", "read" */
    char path[256];
    char detail[160];
};

/* --home, SLUICE_HOME, else $XDG_DATA_HOME/sluice, else ~/.local/share/sluice. */
MUST_USE enum fault home_path(const char *given, char out[4096]);
bool home_exists(const char *path);
/* Something else than a folder stands there. */
bool home_is_no_folder(const char *path);
/* Makes folder (0700), key, device key pair and an empty copy. FAULT_EXISTS when there is one. */
MUST_USE enum fault home_create(const char *path, struct home **out, struct trouble *trouble);
/* One process at a time makes and joins a home: FAULT_BUSY when another does. Makes the folder. */
MUST_USE enum fault home_join_begin(const char *path, int *lock, struct trouble *trouble);
void home_join_end(int lock);
/* FAULT_NOT_FOUND: no home there. FAULT_CRYPTO: damaged or another key. */
MUST_USE enum fault home_open(const char *path, struct home **out, struct trouble *trouble);
void home_close(struct home *home); /* accepts NULL */

/* --- erasing a copy: home_erase.c --- */

struct home_gone {
    bool revoked; /* its device was; else it was wiped by hand */
    char by[NAME_BYTES_MAX + 1]; /* who revoked it, and when, in ms; empty and 0: not known */
    int64_t revoked_at;
    uint64_t settled; /* what the copy made up to here the server has */
};

/* True: there was a copy, and it was erased because its device was revoked. Finishes what a stopped
 * erasing left. */
bool home_gone(const char *path, struct home_gone *out);
/* The same without finishing: for who holds the turn. */
bool home_is_gone(const char *path);
/* While another joining is tried its note is aside; joined, it is forgotten. */
void home_gone_aside(const char *path);
void home_gone_back(const char *path);
void home_gone_forget(const char *path);
/* Removes a home whose joining failed. */
void home_discard(const char *path);
/* What a refusal tells a revoked device to do; the turn is held. report->unsent > 0: nothing was
 * erased. Else the home can only be closed. */
MUST_USE enum fault home_erase_revoked(struct home *home, struct sync_report *report);
/* Everything of the home, by its person's will: with unsent changes only by `force`, which also
 * takes a copy that cannot be read. FAULT_BUSY: another process holds the connection. */
MUST_USE enum fault home_wipe(const char *path, bool force, size_t *unsent,
                              struct trouble *trouble);

/* Reads the key and every page of the copy, and computes once more what is computed from its rows.
 * FAULT_NONE: whole; *pending counts what is unsent, *recomputed: what was computed did not fit, and does
 * now. */
MUST_USE enum fault home_verify(const char *path, size_t *pending, bool *recomputed,
                                struct trouble *trouble);

struct home_rebuilt {
    bool joined;      /* the new copy is the same device; else it has to join again */
    size_t kept;      /* unsent changes that are in the new copy */
    size_t lost;      /* numbers of which nothing could be read */
    char aside[4096]; /* where the old copy is now; empty: there was none */
};

/* Sets the copy aside under a dated name and, where its key, identity and device can still be read,
 * makes a new empty one of the same device that holds the unsent changes; the next exchange fetches
 * everything. FAULT_BUSY: another process holds the connection. After any fault all is as before. */
MUST_USE enum fault home_rebuild(const char *path, struct home_rebuilt *out,
                                 struct trouble *trouble);

struct replica *home_replica(struct home *home);
const uint8_t *home_device_public(const struct home *home);
struct now home_now(void);

/* Somebody looks at a screen: asked each second, at a poke, when the terminal has another size and
 * when `input` (a descriptor, -1: none) can be read. False: enough. */
struct home_look {
    bool (*look)(void *context);
    void *context;
    int input;
};

struct home_sync_options {
    bool check;            /* compare the copy with the server, and repair it */
    bool live;             /* stay until stopped (SIGINT/SIGTERM), reconnecting */
    uint32_t timeout_ms;   /* give up after that long without any progress; 0: 30 s */
    uint32_t limit_ms;     /* give up after that long in all; 0: never */
    /* Called after each change of the shown state or of progress, when live also of the
     * connection; may be NULL. Return false to stop. The one place where the edge calls back: into
     * the command line, on its own stack. */
    bool (*changed)(void *context, const struct sync_report *report);
    void *context;
    const struct home_look *look; /* may be NULL */
};

/* While another process holds the connection: asks `look`, for that long at most. *stopped: it has
 * enough, or SIGINT or SIGTERM came. */
MUST_USE enum fault home_wait(struct home *home, const struct home_look *look, uint32_t ms,
                              bool *stopped);
/* What another process's exchange revealed after that seq, by seq. */
MUST_USE enum fault home_revealed(struct home *home, uint64_t after, size_t limit,
                                  struct sync_revealed *out, size_t *count);
/* Exchanges everything with the server in this process. FAULT_BUSY: another process holds the
 * connection (it was poked); FAULT_NONE otherwise, the report tells how it went. */
MUST_USE enum fault home_sync(struct home *home, const struct home_sync_options *options,
                              struct sync_report *report);
/* The process that holds the connection; 0: none does, or it is not known. */
long home_holder(const struct home *home);
/* After a write: pokes the holder of the connection, or leaves a sender behind (a re-exec of
 * `program` with the hidden verb "deliver"), unless a failure is younger than SENDER_PAUSE_MS. */
void home_deliver_later(struct home *home, const char *path, const char *program);
/* What the sender does: sync once, linger SENDER_LINGER_MS for more pokes, end. */
MUST_USE enum fault home_deliver(struct home *home);

#endif
