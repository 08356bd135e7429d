/* replica_memory_outbox.c - own mutations in a copy in memory. */
#include "tests/support/replica_memory_inside.h"

#include "common/codec/row.h"
#include "common/base/banned.h"

enum fault memory_outbox_add(struct replica *replica, const struct outbox_entry *entry)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct memory_item *item = memory_item_entry(entry);
    if (memory_table_get(&memory->now.outbox, &item->key)) {
        memory_item_drop(item);
        return FAULT_EXISTS;
    }
    memory_table_put(&memory->now.outbox, item);
    return FAULT_NONE;
}

static struct outbox_entry entry_copy(struct arena *arena, const struct outbox_entry *entry)
{
    struct outbox_entry copy = *entry;
    copy.payload = arena_str(arena, entry->payload);
    copy.reasons = arena_str(arena, entry->reasons);
    copy.summary = arena_str(arena, entry->summary);
    return copy;
}

enum fault memory_outbox_list(struct replica *replica, struct arena *arena, uint64_t from,
                              bool answered_too, size_t limit, struct outbox_entry **out,
                              size_t *count)
{
    const struct memory_table *outbox = &memory_of(replica)->now.outbox;
    size_t most = outbox->count < limit ? outbox->count : limit;
    struct outbox_entry *entries = arena_array(arena, most, sizeof *entries);
    if (!entries) return FAULT_MEMORY;
    struct memory_key key = {.seq = from};
    *count = 0;
    for (size_t i = memory_table_at(outbox, &key); i < outbox->count && *count < most; i++) {
        const struct outbox_entry *entry = &outbox->items[i]->entry;
        if (entry->answered && !answered_too) continue;
        if (entry->number >= OUTBOX_FORMER && from < OUTBOX_FORMER) break;
        entries[(*count)++] = entry_copy(arena, entry);
    }
    *out = entries;
    return arena_fault(arena);
}

enum fault memory_outbox_update(struct replica *replica, const struct outbox_entry *entry)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct memory_key key = {.seq = entry->number};
    if (!memory_table_get(&memory->now.outbox, &key)) return FAULT_NOT_FOUND;
    memory_table_put(&memory->now.outbox, memory_item_entry(entry));
    return FAULT_NONE;
}

enum fault memory_outbox_remove(struct replica *replica, uint64_t number)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct memory_key key = {.seq = number};
    return memory_table_remove(&memory->now.outbox, &key) ? FAULT_NONE : FAULT_NOT_FOUND;
}

enum fault memory_outbox_find(struct replica *replica, struct arena *arena, struct uuid mutation,
                              struct outbox_entry *out)
{
    const struct memory_table *outbox = &memory_of(replica)->now.outbox;
    for (size_t i = 0; i < outbox->count; i++) {
        if (!uuid_equal(outbox->items[i]->entry.mutation, mutation)) continue;
        *out = entry_copy(arena, &outbox->items[i]->entry);
        return arena_fault(arena);
    }
    return FAULT_NOT_FOUND;
}

enum fault memory_outbox_count(struct replica *replica, size_t *pending)
{
    const struct memory_table *outbox = &memory_of(replica)->now.outbox;
    *pending = 0;
    for (size_t i = 0; i < outbox->count; i++) *pending += !outbox->items[i]->entry.answered;
    return FAULT_NONE;
}

enum fault memory_outbox_waiting(struct replica *replica, struct arena *arena,
                                 const struct uuid *ids, size_t count, bool *waiting)
{
    const struct memory_table *outbox = &memory_of(replica)->now.outbox;
    for (size_t k = 0; k < count; k++) waiting[k] = false;
    for (size_t i = 0; i < outbox->count; i++) {
        const struct outbox_entry *entry = &outbox->items[i]->entry;
        struct mutation mutation;
        if (entry->answered || codec_mutation_unpack(arena, entry->payload, &mutation)) continue;
        for (size_t k = 0; k < count; k++) {
            waiting[k] = waiting[k] || uuid_equal(ids[k], mutation.target);
        }
    }
    return arena_fault(arena);
}

enum fault memory_outbox_prune(struct replica *replica, int64_t answered_before)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    for (size_t i = memory->now.outbox.count; i > 0; i--) {
        const struct memory_item *item = memory->now.outbox.items[i - 1];
        if (item->entry.answered && item->entry.answered_at < answered_before)
            memory_table_remove(&memory->now.outbox, &item->key);
    }
    return FAULT_NONE;
}
