/* access_journal.h - who was let in and who was sent away, kept outside the database.
 *
 *   DATA/access.journal   one line each, appended and synced before the answer goes out
 *
 * A database that is restored knows neither the devices revoked since its backup nor the invitations
 * used or taken back since; from this file they are put back before the server listens (access_restore.h). Each
 * line carries its own check; what a crash left half written at the end is cut off, a damaged line
 * elsewhere is counted and passed over. Every server of one database keeps its own. */
#ifndef SLUICE_SERVER_EDGE_ACCESS_JOURNAL_H
#define SLUICE_SERVER_EDGE_ACCESS_JOURNAL_H

#include "server/core/store.h"
#include "server/edge/service_user.h"

enum { ACCESS_KEY_BYTES = 32, ACCESS_HASH_BYTES = 32 };

enum access_kind { ACCESS_ENROLLED = 1, ACCESS_REVOKED, ACCESS_REMOVED, ACCESS_TAKEN_BACK };

struct access_entry {
    enum access_kind kind;
    struct uuid team, subject; /* a device; REMOVED: a member; TAKEN_BACK: an invitation */
    int64_t at_ms;
    struct uuid by; /* REVOKED, TAKEN_BACK: the member who did; zero: not known */
    uint8_t key[ACCESS_KEY_BYTES], code_hash[ACCESS_HASH_BYTES]; /* ENROLLED */
    struct str name; /* ENROLLED: of the device; in the journal's memory, or the caller's */
};

struct access_journal;

/* Makes the file (0600) when it is not there. */
MUST_USE enum fault access_journal_open(const char *data, struct access_journal **out,
                                        struct trouble *trouble);
void access_journal_close(struct access_journal *journal); /* accepts NULL */

size_t access_journal_count(const struct access_journal *journal);
/* In order of what happened. */
const struct access_entry *access_journal_entry(const struct access_journal *journal, size_t i);
/* Is there such a line? */
bool access_journal_has(const struct access_journal *journal, enum access_kind kind,
                        struct uuid subject);
size_t access_journal_damaged(const struct access_journal *journal); /* lines passed over */

/* Returns when it is on disk. What has such a line gets no second one. What could not be
 * written is kept and written with the next one. */
MUST_USE enum fault access_journal_add(struct access_journal *journal,
                                       const struct access_entry *entry);

#endif
