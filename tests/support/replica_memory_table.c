/* replica_memory_table.c - see replica_memory_table.h. */
#include "tests/support/replica_memory_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/domain/field.h"
#include "common/base/banned.h"

static struct memory_item *item_make(size_t bytes)
{
    struct memory_item *item = calloc(1, sizeof *item + bytes);
    check(item != NULL);
    item->references = 1;
    return item;
}

/* Puts the text behind the item, where *used says, and makes it point there. */
static struct str item_text(struct memory_item *item, size_t *used, struct str text)
{
    if (!text.p) return STR_NONE;
    if (text.n > 0) memcpy(item->bytes + *used, text.p, text.n);
    struct str kept = {item->bytes + *used, text.n};
    *used += text.n;
    return kept;
}

struct memory_item *memory_item_row(uint64_t generation, const struct packed_row *row)
{
    struct memory_item *item = item_make(row->body.n);
    size_t used = 0;
    item->row = *row;
    item->row.body = item_text(item, &used, row->body);
    item->key = (struct memory_key){.generation = generation,
                                    .kind = row->kind,
                                    .id = row->id,
                                    .seq = row->kind == ENTITY_EVENT ? row->seq : 0,
                                    .n = row->n};
    return item;
}

struct memory_item *memory_item_entry(const struct outbox_entry *entry)
{
    struct memory_item *item =
        item_make(entry->payload.n + entry->reasons.n + entry->summary.n);
    size_t used = 0;
    item->entry = *entry;
    item->entry.payload = item_text(item, &used, entry->payload);
    item->entry.reasons = item_text(item, &used, entry->reasons);
    item->entry.summary = item_text(item, &used, entry->summary);
    item->key.seq = entry->number;
    return item;
}

struct memory_item *memory_item_identity(const struct identity *identity)
{
    size_t bytes = identity->device_name.n + identity->last_failure.n, used = 0;
    for (size_t i = 0; i < identity->address_count; i++) bytes += identity->addresses[i].n;
    struct memory_item *item = item_make(bytes);
    item->identity = *identity;
    for (size_t i = 0; i < identity->address_count; i++)
        item->identity.addresses[i] = item_text(item, &used, identity->addresses[i]);
    item->identity.device_name = item_text(item, &used, identity->device_name);
    item->identity.last_failure = item_text(item, &used, identity->last_failure);
    return item;
}

struct memory_item *memory_item_keep(struct memory_item *item)
{
    if (item) item->references++;
    return item;
}

void memory_item_drop(struct memory_item *item)
{
    if (item && --item->references == 0) free(item);
}

static int key_compare(const struct memory_key *a, const struct memory_key *b)
{
    if (a->generation != b->generation) return a->generation < b->generation ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    int order = uuid_compare(a->id, b->id);
    if (order != 0) return order;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

size_t memory_table_at(const struct memory_table *table, const struct memory_key *key)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (key_compare(&table->items[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct memory_item *memory_table_get(const struct memory_table *table,
                                           const struct memory_key *key)
{
    size_t at = memory_table_at(table, key);
    if (at >= table->count || key_compare(&table->items[at]->key, key) != 0) return NULL;
    return table->items[at];
}

static void table_reserve(struct memory_table *table, size_t cap)
{
    if (cap <= table->cap) return;
    table->items = realloc(table->items, cap * sizeof(struct memory_item *));
    check(table->items != NULL);
    table->cap = cap;
}

/* Takes the item over. */
static void undo_note(struct memory_table *table, const struct memory_key *key,
                      struct memory_item *item)
{
    if (!table->journal) {
        memory_item_drop(item);
        return;
    }
    if (table->undo_count == table->undo_cap) {
        table->undo_cap = table->undo_cap ? table->undo_cap * 2 : 16;
        table->undo = realloc(table->undo, table->undo_cap * sizeof *table->undo);
        check(table->undo != NULL);
    }
    table->undo[table->undo_count++] = (struct memory_undo){*key, item};
}

void memory_table_put(struct memory_table *table, struct memory_item *item)
{
    size_t at = memory_table_at(table, &item->key);
    if (at < table->count && key_compare(&table->items[at]->key, &item->key) == 0) {
        undo_note(table, &item->key, table->items[at]);
        table->items[at] = item;
        return;
    }
    if (table->count == table->cap) table_reserve(table, table->cap ? table->cap * 2 : 16);
    memmove(table->items + at + 1, table->items + at,
            (table->count - at) * sizeof(struct memory_item *));
    table->items[at] = item;
    table->count++;
    undo_note(table, &item->key, NULL);
}

bool memory_table_remove(struct memory_table *table, const struct memory_key *key)
{
    size_t at = memory_table_at(table, key);
    if (at >= table->count || key_compare(&table->items[at]->key, key) != 0) return false;
    struct memory_item *gone = table->items[at];
    table->count--;
    memmove(table->items + at, table->items + at + 1,
            (table->count - at) * sizeof(struct memory_item *));
    struct memory_key gone_key = gone->key; /* the item may end here */
    undo_note(table, &gone_key, gone);
    return true;
}

void memory_table_keep(struct memory_table *table, uint64_t generation)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i]->key.generation == generation) {
            table->items[kept++] = table->items[i];
        } else {
            struct memory_key key = table->items[i]->key;
            undo_note(table, &key, table->items[i]);
        }
    }
    table->count = kept;
}

void memory_table_begin(struct memory_table *table)
{
    table->journal = true;
}

/* Takes over what `undo` holds. */
static void undo_apply(struct memory_table *table, const struct memory_undo *undo)
{
    if (undo->item)
        memory_table_put(table, undo->item);
    else
        (void)memory_table_remove(table, &undo->key);
}

void memory_table_end(struct memory_table *table, bool commit)
{
    table->journal = false;
    for (size_t i = table->undo_count; i > 0; i--) {
        if (commit)
            memory_item_drop(table->undo[i - 1].item);
        else
            undo_apply(table, &table->undo[i - 1]);
    }
    table->undo_count = 0;
}

void memory_table_copy(struct memory_table *to, const struct memory_table *from)
{
    *to = (struct memory_table){.items = NULL};
    if (from->count > 0) table_reserve(to, from->count);
    for (size_t i = 0; i < from->count; i++) to->items[i] = memory_item_keep(from->items[i]);
    to->count = from->count;
    for (size_t i = from->undo_count; i > 0; i--) {
        struct memory_undo undo = {from->undo[i - 1].key,
                                   memory_item_keep(from->undo[i - 1].item)};
        undo_apply(to, &undo);
    }
}

void memory_table_finish(struct memory_table *table)
{
    memory_table_end(table, true);
    for (size_t i = 0; i < table->count; i++) memory_item_drop(table->items[i]);
    free(table->items);
    free(table->undo);
    *table = (struct memory_table){.items = NULL};
}

size_t memory_table_span(const struct memory_table *table, uint64_t generation, struct uuid subject)
{
    struct memory_key key = {.generation = generation, .kind = ENTITY_EVENT, .id = subject};
    size_t from = memory_table_at(table, &key);
    key.seq = UINT64_MAX;
    key.n = UINT32_MAX;
    return memory_table_at(table, &key) - from;
}

/* --- all of a copy --- */

void memory_state_begin(struct memory_state *state)
{
    memory_table_begin(&state->rows);
    memory_table_begin(&state->shown);
    memory_table_begin(&state->outbox);
    state->identity_before = memory_item_keep(state->identity);
}

void memory_state_end(struct memory_state *state, bool commit)
{
    memory_table_end(&state->rows, commit);
    memory_table_end(&state->shown, commit);
    memory_table_end(&state->outbox, commit);
    struct memory_item *gone = commit ? state->identity_before : state->identity;
    if (!commit) state->identity = state->identity_before;
    state->identity_before = NULL;
    memory_item_drop(gone);
}

void memory_state_copy(struct memory_state *to, const struct memory_state *from)
{
    memory_table_copy(&to->rows, &from->rows);
    memory_table_copy(&to->shown, &from->shown);
    memory_table_copy(&to->outbox, &from->outbox);
    to->identity = memory_item_keep(from->rows.journal ? from->identity_before : from->identity);
    to->identity_before = NULL;
}

void memory_state_finish(struct memory_state *state)
{
    memory_table_finish(&state->rows);
    memory_table_finish(&state->shown);
    memory_table_finish(&state->outbox);
    memory_item_drop(state->identity);
    *state = (struct memory_state){.identity = NULL};
}

uint64_t memory_table_hash(const struct memory_table *table, enum entity_kind kind)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < table->count; i++) {
        const struct packed_row *row = &table->items[i]->row;
        if (row->kind != (uint32_t)kind) continue;
        hash = (hash ^ row->removed) * UINT64_C(1099511628211);
        for (size_t k = 0; k < row->body.n; k++) {
            hash = (hash ^ (uint8_t)row->body.p[k]) * UINT64_C(1099511628211);
        }
    }
    return hash;
}

/* --- short ids --- */

static size_t short_common(struct uuid a, struct uuid b)
{
    char x[SHORT_ID_LENGTH_MAX + 1], y[SHORT_ID_LENGTH_MAX + 1];
    size_t n = 0;
    uuid_short(a, SHORT_ID_LENGTH_MAX, x);
    uuid_short(b, SHORT_ID_LENGTH_MAX, y);
    while (x[n] && x[n] == y[n]) n++;
    return n;
}

void memory_short_lengths(enum entity_kind kind, const void *const *things, size_t thing_count,
                          const struct uuid *ids, size_t count, size_t *lengths)
{
    const struct field *field = field_by_name(kind, STR("id"));
    for (size_t i = 0; i < count; i++) {
        lengths[i] = SHORT_ID_LENGTH_MIN;
        for (size_t k = 0; k < thing_count; k++) {
            struct uuid other = field_get(field, things[k]).id;
            if (uuid_equal(other, ids[i])) continue;
            size_t common = short_common(other, ids[i]);
            if (common >= lengths[i]) lengths[i] = common + 1;
        }
        if (lengths[i] > SHORT_ID_LENGTH_MAX) lengths[i] = SHORT_ID_LENGTH_MAX;
    }
}

enum fault memory_table_marks(struct memory_table *table, uint64_t generation,
                              struct arena *arena, struct row_mark **out, size_t *count)
{
    size_t cap = 0;
    void *marks = NULL;
    *count = 0;
    for (size_t i = 0; i < table->count; i++) {
        struct memory_item *item = table->items[i];
        if (item->key.generation != generation || item->row.removed) continue;
        if (item->hash == 0) item->hash = codec_row_hash(&item->row);
        struct row_mark *mark = arena_push(arena, &marks, count, &cap, sizeof *mark);
        if (!mark) return FAULT_MEMORY;
        *mark = (struct row_mark){.seq = item->row.seq, .hash = item->hash,
                                  .kind = item->row.kind, .n = item->row.n, .id = item->row.id};
    }
    *out = marks;
    return FAULT_NONE;
}

bool memory_table_rows_same(const struct memory_table *x, const struct memory_table *y)
{
    for (size_t i = 0; i < x->count; i++) {
        const struct packed_row *p = &x->items[i]->row, *q = &y->items[i]->row;
        if (p->kind != q->kind || !uuid_equal(p->id, q->id) || p->n != q->n) return false;
        if (p->removed != q->removed || !str_equal(p->body, q->body)) return false;
    }
    return true;
}
