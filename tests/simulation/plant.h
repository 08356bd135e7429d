/* plant.h - bugs planted on purpose, to see that the simulator finds them. None is in the code under
 * test: most sit in the ports the simulator gives it (the store, the copy) and lie there; those of the
 * rule book stand between two of its files, where the linker puts them (plant_rules.c).
 *
 * A bug planted in a port strikes now and then, not always: a bug that breaks everything proves little.
 * One in the rule book strikes whenever it can, on servers and copies alike, as a wrong rule would: all
 * agree, and only who knows the rules by other means can notice. */
#ifndef SLUICE_TESTS_SIMULATION_PLANT_H
#define SLUICE_TESTS_SIMULATION_PLANT_H

#include "client/core/replica.h"
#include "server/core/store.h"

struct world;

/* name, what the bug is */
#define PLANTS(X)                                                                                  \
    X(COMMIT_HALF, "a commit leaves out a deal it changed")                                        \
    X(COMMIT_DOUBLED, "the rows of a commit are written a second time")                            \
    X(STALE_ACCEPTED, "a commit decided on an older state goes through")                           \
    X(KNOWN_STALE, "a commit decided on what a server remembers goes through, though others wrote") \
    X(ANSWER_UNASKED, "such a commit does not ask whether its changes have an answer already")     \
    X(OUTCOME_FORGOTTEN, "a commit leaves out the answer")                                         \
    X(NUMBER_FORGOTTEN, "the server is not told which numbers it has answered")                    \
    X(EVENT_DROPPED, "a commit leaves out an event of history")                                    \
    X(INBOX_DROPPED, "a refused mutation is not kept for its author")                              \
    X(CONFLICT_WON, "a conflict overwrites what stands, without a record")                         \
    X(GATES_SKIPPED, "a move is decided without the gates of its stage")                           \
    X(USES_UNASKED, "a thing is deleted without asking what hangs on it")                          \
    X(RIGHTS_SKIPPED, "a mutation is decided with an owner's rights")                              \
    X(SEQ_SKIPPED, "a commit leaves out a seq")                                                    \
    X(RECORDED_BACK, "recorded time runs backwards")                                               \
    X(PAGE_CURSOR, "a page begins one seq too late")                                               \
    X(PAGE_ROW_LOST, "a page leaves out its last row")                                             \
    X(PAGE_TOMBSTONE, "a page leaves out what was removed")                                        \
    X(MARK_TRUSTED, "a restored database is not noticed")                                          \
    X(REVOKED_ACCEPTED, "a revoked device is let in")                                              \
    X(SIGHT_LEAK, "a rep sees the inbox of others")                                                \
    X(ACK_LOST, "a client does not keep the answer")                                               \
    X(PENDING_PRUNED, "a client forgets what is not yet answered")                                 \
    X(SUBMIT_LOST, "an edit is shown but not kept to be sent")                                     \
    X(REVEAL_TORN, "a delta is shown without one of its rows")                                     \
    X(TOMBSTONE_IGNORED, "a client keeps what was removed")                                        \
    X(OVERLAY_KEPT, "what was pending stays shown for ever")                                       \
    X(OVERLAY_LOST, "what is pending is not shown")                                                \
    X(RENUMBER_LOST, "a cloned copy loses a pending mutation when it is renumbered")               \
    X(NUMBER_REUSED, "two mutations get one number")                                               \
    X(EVENT_LOST, "a client loses an event of history")                                            \
    X(REOFFER_LOST, "answered mutations are not offered to a restored server")                     \
    X(FORMER_DROPPED, "a copy that takes a new replica id does not keep what was answered")        \
    X(COPY_UNTOLD, "nobody is told of a copied device")                                            \
    X(MISSING_UNTOLD, "nobody is told of what a restored database lacks")                          \
    X(REVOCATION_FORGOTTEN, "a restored database lets a revoked device in again")                  \
    X(JOURNAL_DROPPED, "a client does not keep what was answered")                                 \
    X(GENERATION_MIXED, "a snapshot is filled into what people look at")                           \
    X(GUARD_SKIPPED, "stage and owner are overwritten though somebody else changed them")          \
    X(EDIT_DROPPED, "an edit of one field is answered and not done")                               \
    X(SET_REPLACED, "what is added to a set replaces what others put there")                       \
    X(SIGHT_RULE, "everybody sees every record in the inbox")                                      \
    X(CONFLICT_MUTE, "of several conflicts only the first is recorded")                            \
    X(CONFLICT_WRONG, "a conflict's record holds what was seen as what was wanted")                \
    X(CLOSE_ANY, "anybody may settle anybody's records")                                           \
    X(RIGHTS_WIDE, "a rep may assign, reopen and move back what is others'")

enum plant {
    PLANT_NONE = 0,
#define PLANT_ENUM(name, text) PLANT_##name,
    PLANTS(PLANT_ENUM)
#undef PLANT_ENUM
        PLANT_COUNT
};

struct planted {
    uint64_t struck; /* how often the bug did something */
};

const char *plant_name(enum plant plant);
const char *plant_text(enum plant plant);
/* PLANT_NONE when there is none of that name; any case. */
enum plant plant_named(const char *name);

/* Does it strike now? Counts. `one_in`: chance; drawn only when this bug is planted. */
bool plant_strikes(struct world *world, enum plant plant, uint64_t one_in);

/* plant_rules.c: from now on in this world; the rule book has no other way to know. */
void plant_rules_begin(struct world *world);

/* plant_store.c: what the bug does to a request before the database runs it, in the arena. */
void plant_request(struct world *world, struct arena *arena, struct store_request *request);
/* What it does to the answer. */
void plant_result(struct world *world, const struct store_request *request,
                  struct store_result *result);

#endif
