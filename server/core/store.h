/* store.h - the port to the database, as data: requests go out, results come back.
 *
 * Two implementations: server/edge/store_postgres and tests/support/store_memory, held to the same
 * by tests/contract. A request and everything it points to stays valid until its result has been
 * given to server_store_done; a result and what it points to lives in the result's arena.
 * Every request is one round trip and leaves nothing open behind it. */
#ifndef SLUICE_SERVER_CORE_STORE_H
#define SLUICE_SERVER_CORE_STORE_H

#include "common/base/arena.h"
#include "common/codec/message.h"
#include "common/domain/definition.h"
#include "common/domain/entity.h"

enum store_kind {
    STORE_SIGN_IN = 1, /* who is this device, and what does the server know of its copy */
    STORE_ENROL,       /* consume an invitation for a device key */
    STORE_TOKEN,       /* rotate a replica's token, or register a new replica */
    STORE_LOAD,        /* the rows a batch of mutations will look at */
    STORE_COMMIT,      /* one batch: all or nothing, only if seq is still the expected one */
    STORE_PAGE,        /* rows after a cursor, from one snapshot */
    STORE_HEAD         /* where is the team now */
};

enum store_status {
    STORE_OK = 1,
    STORE_NOT_FOUND, /* unknown device, code, team */
    STORE_USED,      /* the invitation was used by another key */
    STORE_EXPIRED,
    STORE_REVOKED, /* SIGN_IN: all of the result is there nevertheless */
    STORE_STALE,   /* seq (or the token) is not the expected one; nothing was written */
    STORE_FAILED,  /* nothing was written; trying again may help */
    STORE_REFUSED, /* COMMIT: a row breaks what the database holds to; trying again never helps */
    STORE_UNKNOWN  /* the connection died at COMMIT: load again, the replica numbers tell */
};

struct store_replica { /* what the server knows of one copy */
    struct uuid id, device;
    uint64_t last_number;
    bool known;
    bool has_token, has_next_token; /* the client holds one of them */
    uint8_t token[TOKEN_BYTES], next_token[TOKEN_BYTES];
    bool has_deliver_to;  /* set once, at its first visit after its device was revoked: */
    uint64_t deliver_to;  /* the last number it may still deliver */
};

struct store_outcome_key { /* has this mutation an answer already? */
    struct uuid replica;
    uint64_t number;
    struct uuid mutation; /* also found under another replica or number (renumbered copy) */
};

/* What a mutation left on a thing, for who takes it back; the thing's newest deletion comes too, and
 * all in order of seq. */
struct store_trace {
    struct uuid subject, mutation;
};

struct use; /* common/domain/use.h: what hangs on a thing */

struct store_request {
    enum store_kind kind;
    uint64_t ticket; /* comes back in the result */
    struct uuid team; /* all but SIGN_IN and ENROL */

    /* SIGN_IN, ENROL */
    uint8_t device_key[32];
    struct uuid replica, device; /* ENROL: id for the new device */
    uint64_t cursor_seq;
    bool has_mark;
    uint8_t cursor_mark[MARK_BYTES];
    bool has_top; /* SIGN_IN: is this one of this history, too? */
    uint64_t top_seq;
    uint8_t top_mark[MARK_BYTES];
    uint8_t code_hash[32];
    struct str device_name;
    struct uuid notice; /* SIGN_IN: the inbox item that tells of this copy, if it was told of */
    int64_t now_ms;

    /* TOKEN: device and replica above; expected = what SIGN_IN returned */
    struct store_replica expected, wanted;
    struct uuid member;

    /* LOAD */
    const struct entity_key *keys;
    size_t key_count;
    const struct uuid *actors; /* members whose mutations these are */
    size_t actor_count;
    const struct uuid *replicas;
    size_t replica_count;
    const struct store_outcome_key *outcome_keys;
    size_t outcome_key_count;
    const struct store_trace *traces; /* their events come among the rows */
    size_t trace_count;
    const struct use *uses; /* questions: answered over all rows but those of `keys` */
    size_t use_count;

    /* LOAD, PAGE, HEAD: a commit the asker builds on; is it still of this history? */
    bool has_known;
    uint64_t known_seq;
    uint8_t known_mark[MARK_BYTES];

    /* COMMIT: rows carry their seq in (expected_seq, new_seq]. STALE unless the team is at
     * expected_seq, and its last mark, if one is expected, is that one: after a failover the same
     * seq may stand for something else. */
    uint64_t expected_seq, new_seq;
    const struct uuid *unanswered; /* STALE too if one of these mutations has an outcome: asked here
                                      when no LOAD did */
    size_t unanswered_count;
    bool has_expected_mark;
    uint8_t expected_mark[MARK_BYTES];
    uint8_t mark[MARK_BYTES];
    int64_t recorded_at; /* becomes the team's last */
    int64_t inbox_last;
    const struct row *rows; /* ENTITY_DEFINITION rows raise definition_version, MEMBER rows
                               access_version */
    size_t row_count;
    const struct store_replica *replica_numbers; /* id, last_number to set */
    size_t replica_number_count;

    /* PAGE: rows with seq > cursor_seq; OUTCOME rows only of `replica` */
    size_t row_limit;
};

struct store_result {
    enum store_kind kind;
    uint64_t ticket;
    enum store_status status;
    struct str trouble; /* FAILED, REFUSED, UNKNOWN: SQLSTATE and text, for the log */
    struct arena *arena; /* everything below lives in it; owned by the store until done */

    struct uuid team; /* SIGN_IN, ENROL */
    /* SIGN_IN, LOAD, PAGE, HEAD: read first, in the same snapshot as the rows */
    uint64_t seq;
    uint8_t mark[MARK_BYTES];
    int64_t recorded_last, inbox_last;
    uint64_t definition_version, access_version;

    /* SIGN_IN */
    struct uuid device;
    const struct member *member;
    struct store_replica replica;
    bool announced; /* the device has been, to its member */
    bool others;    /* its member has another living device */
    bool copied;    /* the device had another copy before this one, and that was not told yet */
    int64_t revoked_at;    /* REVOKED: when, and the name of who did it; 0 and empty: not known */
    struct str revoked_by;
    uint64_t sight_seq; /* a copy with an older cursor may lack or hold what it must not */
    bool mark_known; /* (cursor_seq, cursor_mark), or (known_seq, known_mark), is a commit of this
                        history */
    bool top_known;  /* SIGN_IN: (top_seq, top_mark) is one */

    /* SIGN_IN, LOAD */
    const struct team *team_row;
    /* LOAD */
    const struct definition *definition;
    const struct member **members; /* of actors; absent ones left out */
    size_t member_count;
    struct row *rows; /* of keys that exist and are not removed */
    size_t row_count;
    struct store_replica *replicas;
    size_t replica_count;
    struct outcome **outcomes; /* those found, each after what came before it, with its seq in
                                  outcome_seqs: of several of one mutation the first is its answer */
    uint64_t *outcome_seqs;
    size_t outcome_count;
    struct use *uses; /* the questions, with their answers */
    size_t use_count;

    /* PAGE: rows (above) in order of seq; complete for (cursor_seq, to_seq] */
    uint64_t to_seq;
    bool has_mark;
    uint8_t to_mark[MARK_BYTES]; /* when to_seq ends a commit; always when to_seq == seq */
};

#endif
