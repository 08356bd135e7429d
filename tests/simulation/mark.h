/* mark.h - what must have happened somewhere in a campaign: a fault that never struck proves
 * nothing. Counted while seeds run, printed at the end; a mark of zero fails the campaign. */
#ifndef SLUICE_TESTS_SIMULATION_MARK_H
#define SLUICE_TESTS_SIMULATION_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, what it says */
#define MARKS(X)                                                                                   \
    X(CUT, "a connection is cut between two bytes")                                                \
    X(HALF_OPEN, "a connection goes silent without an end")                                        \
    X(TAMPERED, "a byte is changed on the wire")                                                   \
    X(REPLAYED, "bytes arrive twice")                                                              \
    X(STORE_FAILED, "the database refuses a request")                                              \
    X(STORE_STALE, "a commit comes too late and nothing is written")                               \
    X(COMMIT_UNKNOWN_DONE, "the database dies at COMMIT, which was written")                       \
    X(COMMIT_UNKNOWN_UNDONE, "the database dies at COMMIT, which was not written")                 \
    X(COMMIT_AFTER_DEATH, "a commit of a dead server reaches the database late")                   \
    X(SERVER_CRASH, "a server crashes and starts again")                                           \
    X(SERVER_STOPPED, "a server sleeps with a request under way")                                  \
    X(SERVER_GRACEFUL, "a server is stopped as an operator does")                                  \
    X(SEVERAL_SERVERS, "two servers commit to one team")                                           \
    X(HINT_LOST, "a server is not told of another's commit")                                       \
    X(RESTORED, "the database is restored to an older state")                                      \
    X(FAILOVER, "a standby takes over without the last commits")                                   \
    X(REOFFERED, "a client offers answered mutations again")                                       \
    X(LOST_TAIL_PASSED, "new history has passed the seq of a lost tail")                           \
    X(MISSING, "what a restored database lacks is told to the managers")                           \
    X(LAPTOP_CRASH, "a client crashes")                                                            \
    X(TORN, "a client crashes between two writes to its copy")                                     \
    X(TORN_COMMIT, "a client crashes at its commit, which was durable")                            \
    X(DISK_FULL, "a client's disk is full")                                                        \
    X(DISK_IO, "a client's disk fails")                                                            \
    X(DISK_BUSY, "a client's copy is held by another process")                                     \
    X(CLONED, "a copy is used on a second laptop")                                                 \
    X(CLONE_TOLD, "a cloned or restored copy takes a new replica id")                              \
    X(COPY_TOLD, "a copied device is told to its member")                                          \
    X(FORMER_OFFERED, "a copy offers again what it was answered under a former replica id")        \
    X(LAPTOP_RESTORED, "a laptop goes back to an older copy")                                      \
    X(AWAY, "a laptop is offline for a while")                                                     \
    X(CLOCK_JUMP, "a laptop's clock jumps")                                                        \
    X(STOPPED_SYNC, "a client is told to stop while it syncs")                                     \
    X(NOT_LIVE, "a client exchanges once and goes")                                                \
    X(REVOKED, "a device is revoked")                                                              \
    X(REVOKED_TOLD, "a revoked device is turned away")                                             \
    X(REMOVED, "a member is removed from the team")                                                \
    X(ROLE_CHANGED, "a member gets another role")                                                  \
    X(SNAPSHOT, "a copy is filled anew from a snapshot")                                           \
    X(SNAPSHOT_PAGES, "a snapshot comes in several pages from the store")                          \
    X(SNAPSHOT_BROKEN, "a snapshot is broken off between two pages")                               \
    X(SNAPSHOT_RESUMED, "a broken snapshot goes on where it broke")                                \
    X(DEFINITION_CHANGED, "the stages change while people work")                                   \
    X(STAGE_ADDED, "a stage is added")                                                             \
    X(STAGE_EDITED, "a stage is edited")                                                           \
    X(STAGE_MOVED, "a stage gets another place")                                                   \
    X(STAGE_REMOVED, "a stage is removed")                                                         \
    X(STAGE_BACK, "a removed stage comes back")                                                    \
    X(STAGE_REFUSED, "a change of a stage meets another's and is parked")                          \
    X(STAGE_REMOVED_MOVE, "a deal is moved to a stage that is no more")                            \
    X(GATE_CHANGED, "a stage asks for more than before")                                           \
    X(IMPORT, "deals are imported")                                                                \
    X(INVITE, "somebody is invited")                                                               \
    X(JOINED_LATER, "somebody invited joins")                                                      \
    X(CORRECT, "a closed deal is corrected")                                                       \
    X(UNDO, "somebody takes an edit back")                                                         \
    X(KEPT_USED, "what others use is not taken away")                                              \
    X(MERGED, "a mutation is merged")                                                              \
    X(CONFLICT, "a mutation becomes a conflict")                                                   \
    X(PARKED, "a mutation is parked")                                                              \
    X(PARENT_PARKED, "a mutation is parked with the creation it needs")                            \
    X(GONE, "an edit meets a deal that was deleted")                                               \
    X(DELETED, "a deal is deleted as it was seen")                                                 \
    X(DELETED_CHANGED, "a deletion meets what was changed meanwhile and is parked")                \
    X(BROUGHT_BACK, "what was deleted is brought back")                                            \
    X(DELETED_AGAIN, "a restore of an older deletion is parked")                                   \
    X(RENAMED, "a member is renamed")                                                              \
    X(CALLED_ALIKE, "two members come to be called alike")                                         \
    X(MINE, "a conflict is resolved with one's own value")                                         \
    X(THEIRS, "a conflict is resolved with the value that stands")                                 \
    X(RESENT, "a parked mutation is mended and sent again")                                        \
    X(DISCARDED, "a parked mutation is discarded")                                                 \
    X(REPEATED, "an answered mutation is answered again")                                          \
    X(LARGE_TEXT, "texts at their limits travel")                                                  \
    X(MANY_PENDING, "a hundred mutations wait on one laptop")                                      \
    X(CONVERGED_MIDWAY, "a copy is compared with the server while the storm goes on")              \
    X(COMPARED_BEHIND, "a copy is compared with the team as it stood at the copy's cursor")        \
    X(QUIET, "nobody sends anything but keepalives once all is settled")

enum mark {
#define MARK_ENUM(name, text) MARK_##name,
    MARKS(MARK_ENUM)
#undef MARK_ENUM
        MARK_COUNT
};

struct marks {
    uint64_t counts[MARK_COUNT];
};

const char *mark_name(enum mark mark); /* "commit_unknown_done" */
const char *mark_text(enum mark mark);
void marks_add(struct marks *to, const struct marks *from);
/* None is zero, but perhaps one that takes a thousand seeds to come about (`rare`: nor those). */
bool marks_met(const struct marks *marks, bool rare);
/* Prints all; how many are zero. */
size_t marks_print(const struct marks *marks);

#endif
