/* check.h - the oracle: what must be true of every seed, known from the commits alone.
 *
 * It keeps its own model of the team, built from the commits that really happened, and its own list
 * of what people did. Neither asks the code under test what is right. */
#ifndef SLUICE_TESTS_SIMULATION_CHECK_H
#define SLUICE_TESTS_SIMULATION_CHECK_H

#include "common/base/map.h"
#include "server/core/store.h"

struct world;
struct identity;

/* A mutation that became durable on somebody's laptop: it has to be answered. */
struct promise {
    struct uuid mutation;
    size_t laptop;
    uint8_t hash[32];
    struct str payload;
    bool excused; /* its copy was replaced by an older one: it may never have left */
};

struct model_row {
    struct row row;        /* entity in the oracle's memory */
    uint64_t hash;         /* codec_row_hash of it as it travels; 0: removed, or nobody's to see */
    struct model_row *next; /* of an event: the next one of its subject, in order of seq and n */
};

struct model_history {
    struct model_row *first, *last;
};

/* What everybody in the team sees (all but inboxes and devices), as it stood at a seq: how many rows,
 * and the sum of their hashes. */
struct team_digest {
    uint64_t count, sum;
    bool known; /* a commit ended there, with this mark */
    uint8_t mark[MARK_BYTES];
};

struct answer {
    struct uuid mutation;
    size_t outcomes, effects;
    int64_t kind;
    bool promised;
    size_t promise; /* index */
};

struct oracle {
    struct arena arena;
    struct map answers;      /* mutation -> struct answer */
    struct promise *promises;
    size_t promise_count, promise_cap;
    struct store_request **commits; /* of the history that stands, copies */
    size_t commit_count, commit_cap;
    bool replaying; /* the books are written anew, nothing of it is news */

    /* what the commits so far come to */
    struct map rows;     /* (kind, id, n, seq of events) -> struct model_row */
    struct map histories; /* subject -> struct model_history */
    struct team_digest *digests; /* by seq, up to that of the last commit */
    size_t digest_cap;
    struct team_digest digest; /* as of now */
    struct map replicas; /* replica -> uint64_t: last number answered */
    struct map told;     /* (subject, field) -> struct str: the value history tells */
    uint64_t seq;
    int64_t recorded;
    const struct definition *definition; /* as of now, made from history (check_definition.c) */
    uint64_t definition_seq;             /* that changed it last */
    const struct team *team;

    struct map hidden;   /* inbox item -> uint64_t: the commit in which more befell it than is seen */

    size_t parked, conflicts, merged, repeated, stages;
    size_t judged, unsure; /* mutations whose effect was looked at; with a value not in the books */
};

void oracle_init(struct oracle *oracle);
void oracle_finish(struct oracle *oracle);
void oracle_promise(struct world *world, struct uuid mutation, struct str payload, size_t laptop);
/* This laptop went back to an older copy of itself: what it had made since may never have left. */
void oracle_excuse(struct world *world, size_t laptop, size_t since);
/* A commit that really happened. administered: nobody's mutation. */
void oracle_commit(struct world *world, const struct store_request *request, bool administered);
/* Is the copy's cursor of the history that the database has now? */
bool oracle_knows(const struct oracle *oracle, const struct identity *identity);
/* The database went back: what came after that seq never was. */
void oracle_rewind(struct world *world, uint64_t seq);
/* NULL when there never was one. */
const struct row *oracle_row(const struct world *world, enum entity_kind kind, struct uuid id);
void *oracle_entity_own(struct arena *arena, const struct row *row);
/* A laptop shows something new: now and then it is compared at once. */
void oracle_look(struct world *world, size_t laptop);
/* Shown = server + pending, for one laptop, now. */
void oracle_check_shown(struct world *world, size_t laptop);
/* After healing: conservation and convergence. */
void oracle_check_end(struct world *world);

#endif
