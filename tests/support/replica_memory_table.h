/* replica_memory_table.h - sorted tables of shared, immutable items: what replica_memory.c is made
 * of, and nobody else uses. */
#ifndef SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_TABLE_H
#define SLUICE_TESTS_SUPPORT_REPLICA_MEMORY_TABLE_H

#include "client/core/replica.h"

/* Rows: generation, kind, id, seq of events, n. Outbox entries: seq is the number. */
struct memory_key {
    uint64_t generation;
    uint32_t kind;
    struct uuid id;
    uint64_t seq;
    uint32_t n;
};

struct memory_item {
    size_t references;
    struct memory_key key;
    struct packed_row row;     /* of rows */
    uint64_t hash;             /* codec_row_hash of it, once somebody asked; 0: nobody has */
    struct outbox_entry entry; /* of outbox entries */
    struct identity identity;  /* of the identity */
    char bytes[];              /* what the texts above point to */
};

struct memory_undo { /* what stood under the key; NULL: nothing */
    struct memory_key key;
    struct memory_item *item;
};

struct memory_table {
    struct memory_item **items;
    size_t count, cap;
    bool journal; /* a transaction is open */
    struct memory_undo *undo;
    size_t undo_count, undo_cap;
};

struct memory_state {
    struct memory_table rows, shown, outbox;
    struct memory_item *identity, *identity_before; /* before: while a transaction is open */
};

/* A transaction on all of it. */
void memory_state_begin(struct memory_state *state);
void memory_state_end(struct memory_state *state, bool commit);
/* As it was when the transaction began that is open. */
void memory_state_copy(struct memory_state *to, const struct memory_state *from);
void memory_state_finish(struct memory_state *state);

struct memory_item *memory_item_row(uint64_t generation, const struct packed_row *row);
struct memory_item *memory_item_entry(const struct outbox_entry *entry);
struct memory_item *memory_item_identity(const struct identity *identity);
struct memory_item *memory_item_keep(struct memory_item *item); /* accepts NULL */
void memory_item_drop(struct memory_item *item);                /* accepts NULL */

/* Position of the first item that is not before the key. */
size_t memory_table_at(const struct memory_table *table, const struct memory_key *key);
const struct memory_item *memory_table_get(const struct memory_table *table,
                                           const struct memory_key *key);
/* How many events of that subject. */
size_t memory_table_span(const struct memory_table *table, uint64_t generation, struct uuid subject);
/* Takes the item over; replaces the one of the same key. */
void memory_table_put(struct memory_table *table, struct memory_item *item);
bool memory_table_remove(struct memory_table *table, const struct memory_key *key);
/* Drops the rows of other generations. */
void memory_table_keep(struct memory_table *table, uint64_t generation);
/* Of tables with as many rows. */
bool memory_table_rows_same(const struct memory_table *x, const struct memory_table *y);
/* The rows of that generation that are not removed. */
MUST_USE enum fault memory_table_marks(struct memory_table *table, uint64_t generation,
                                       struct arena *arena, struct row_mark **out, size_t *count);
/* From here to the end what is replaced is kept; it comes back unless `commit`. */
void memory_table_begin(struct memory_table *table);
void memory_table_end(struct memory_table *table, bool commit);
/* As it was when the transaction began that is open. */
void memory_table_copy(struct memory_table *to, const struct memory_table *from);
void memory_table_finish(struct memory_table *table);

/* Of the bodies of that kind. */
uint64_t memory_table_hash(const struct memory_table *table, enum entity_kind kind);
/* How much of each short id tells it from those of all other things. */
void memory_short_lengths(enum entity_kind kind, const void *const *things, size_t thing_count,
                          const struct uuid *ids, size_t count, size_t *lengths);

#endif
