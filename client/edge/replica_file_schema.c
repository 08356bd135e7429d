/* replica_file_schema.c - the tables of a copy.
 *
 * entity_row, event and outbox are the truth, made once by replica_file_create; the others are
 * indexes of them, made again from the bodies whenever this program's differ from those that filled
 * the file (replica_file_index). Everything of a layer is keyed by it first, so that a generation
 * lies together and a new one is filled beside the one that is shown. */
#include "client/edge/replica_file_inside.h"

#include "common/base/banned.h"

/* SQLite 3.15: no UPSERT, no generated columns. */
const char *const replica_file_schema =
    "CREATE TABLE identity("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " addresses TEXT, server_key BLOB, joined INTEGER NOT NULL, code BLOB, device_name TEXT,"
    " team BLOB, member BLOB, device BLOB, replica BLOB, token BLOB,"
    " next_number INTEGER NOT NULL, cursor_seq INTEGER NOT NULL, cursor_mark BLOB,"
    " refill INTEGER NOT NULL, generation INTEGER NOT NULL, last_sync_at INTEGER NOT NULL,"
    " last_failure_at INTEGER NOT NULL, server_clock_offset INTEGER NOT NULL,"
    " last_failure TEXT, refusal INTEGER NOT NULL, last_undoable BLOB,"
    " fill_generation INTEGER NOT NULL, fill_seq INTEGER NOT NULL,"
    " fill_top_seq INTEGER NOT NULL, fill_top_mark BLOB, lost_since INTEGER NOT NULL);"
    "CREATE TABLE device(one INTEGER PRIMARY KEY CHECK(one = 1), secret BLOB NOT NULL);"

    "CREATE TABLE entity_row("
    " layer INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, n INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, removed INTEGER NOT NULL, body BLOB,"
    " PRIMARY KEY(layer, kind, id, n)) WITHOUT ROWID;"
    "CREATE TABLE event("
    " layer INTEGER NOT NULL, subject BLOB NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,"
    " body BLOB, PRIMARY KEY(layer, subject, seq, n)) WITHOUT ROWID;"

    "CREATE TABLE outbox("
    " number INTEGER PRIMARY KEY, mutation BLOB NOT NULL, payload BLOB NOT NULL,"
    " answered INTEGER NOT NULL, outcome INTEGER NOT NULL, seq INTEGER NOT NULL, reasons TEXT,"
    " made_at INTEGER NOT NULL, answered_at INTEGER NOT NULL, summary TEXT);"
    "CREATE INDEX outbox_mutation ON outbox(mutation);"
    "CREATE INDEX outbox_pending ON outbox(number) WHERE answered = 0;"
    "CREATE INDEX outbox_answered ON outbox(answered_at) WHERE answered = 1;";

/* The overlay is looked through whole: it is small but while much is pending, and each further index
 * would have to be written once more for every mutation on its way in and out. */
const char *const replica_file_index_schema =
    "DROP TABLE IF EXISTS entity_index;"
    "DROP TABLE IF EXISTS deal_index;"
    "DROP TABLE IF EXISTS activity_index;"
    "DROP TABLE IF EXISTS kept;"
    "DROP TABLE IF EXISTS event_open;" /* of an earlier program */
    "DROP TABLE IF EXISTS past_open;"
    "DROP TABLE IF EXISTS outbox_target;"
    "DROP TABLE IF EXISTS short_shared;"

    /* What people type for a thing: its short id, its folded name or title, its external id. */
    "CREATE TABLE entity_index("
    " layer INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL,"
    " short TEXT NOT NULL, name TEXT, external TEXT,"
    " PRIMARY KEY(layer, kind, id)) WITHOUT ROWID;"
    "CREATE INDEX entity_index_short ON entity_index(layer, kind, short)"
    " WHERE layer >= 0;"
    "CREATE INDEX entity_index_name ON entity_index(layer, kind, name) WHERE name IS NOT NULL"
    " AND layer >= 0;"
    "CREATE INDEX entity_index_external ON entity_index(layer, kind, external)"
    " WHERE external IS NOT NULL AND layer >= 0;"

    /* How short ids begin that several of the server's things have, and perhaps some that had: a list
     * looks closer at those, and at no others. */
    "CREATE TABLE short_shared("
    " layer INTEGER NOT NULL, kind INTEGER NOT NULL, start TEXT NOT NULL,"
    " PRIMARY KEY(layer, kind, start)) WITHOUT ROWID;"

    /* What each pending entry of the outbox is about. */
    "CREATE TABLE outbox_target(number INTEGER PRIMARY KEY, target BLOB NOT NULL);"
    "CREATE INDEX outbox_target_target ON outbox_target(target);"

    /* What was computed from the rest and may be gone: nothing is lost with it. */
    "CREATE TABLE kept(number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"

    /* Open deals lie together with their bodies: what the board and most lists read. */
    "CREATE TABLE deal_index("
    " layer INTEGER NOT NULL, open INTEGER NOT NULL, id BLOB NOT NULL,"
    " organisation BLOB, contact BLOB, owner BLOB, body BLOB,"
    " PRIMARY KEY(layer, open, id)) WITHOUT ROWID;"
    "CREATE INDEX deal_index_organisation ON deal_index(layer, organisation)"
    " WHERE organisation IS NOT NULL AND layer >= 0;"
    "CREATE INDEX deal_index_contact ON deal_index(layer, contact)"
    " WHERE contact IS NOT NULL AND layer >= 0;"

    /* Of each deal the server has as open its events, abridged.h, in one text: among those of all deals
     * they are on a page of their own each, and every list judges by them. */
    "CREATE TABLE past_open("
    " layer INTEGER NOT NULL, subject BLOB NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY(layer, subject)) WITHOUT ROWID;"

    "CREATE TABLE activity_index("
    " layer INTEGER NOT NULL, id BLOB NOT NULL, subject BLOB NOT NULL,"
    " PRIMARY KEY(layer, id, subject)) WITHOUT ROWID;"
    "CREATE INDEX activity_index_subject ON activity_index(layer, subject)"
    " WHERE layer >= 0;";
