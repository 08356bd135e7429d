/* pending.c - see pending.h. Called by outbox_refresh and sync_pages.
 *
 * Out of memory it says "everything again", which is what there would be without it. */
#include "client/core/pending.h"

#include "client/core/outbox_decide.h"
#include "common/codec/row.h"
#include "common/base/banned.h"

enum {
    PENDING_BYTES = 512 * 1024 * 1024, /* a mutation takes about half a kilobyte */
    ANSWERED_MIN = 2048                /* fewer answered ones are not worth a new start */
};

void pending_init(struct pending *pending)
{
    *pending = (struct pending){.next = 0};
    arena_init(&pending->arena, PENDING_BYTES);
    map_init(&pending->things, &pending->arena);
}

void pending_finish(struct pending *pending)
{
    arena_finish(&pending->arena);
}

void pending_forget(struct pending *pending)
{
    arena_finish(&pending->arena);
    pending_init(pending);
}

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

static struct pending_thing *thing_of(struct pending *pending, struct uuid id)
{
    struct pending_thing *thing = map_get(&pending->things, id_key(&id));
    if (thing) return thing;
    thing = arena_alloc(&pending->arena, sizeof *thing);
    if (!thing) return NULL;
    thing->id = id;
    return map_put(&pending->things, id_key(&id), thing) ? NULL : thing;
}

/* --- learning --- */

static bool id_among(struct uuid id, const struct uuid *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(ids[i], id)) return true;
    }
    return false;
}

/* False: out of memory. */
static bool entry_touch(struct pending *pending, struct pending_entry *entry,
                        struct entity_key key, bool writes)
{
    struct pending_thing *thing = thing_of(pending, key.id);
    struct pending_touch *touch = arena_alloc(&pending->arena, sizeof *touch);
    if (!thing || !touch) return false;
    *touch = (struct pending_touch){.entry = entry, .next = thing->touches};
    thing->touches = touch;
    entry->things[entry->thing_count++] = thing;
    if (!writes) return true;
    thing->kinds |= UINT32_C(1) << key.kind;
    thing->last_writer = entry->number;
    /* Every decision looks at these two, without naming them. */
    if (uuid_equal(key.id, pending->member) || uuid_equal(key.id, pending->team))
        pending->always_whole = true;
    return true;
}

static enum fault entry_learn(struct pending *pending, struct arena *arena,
                              const struct outbox_entry *known)
{
    struct mutation mutation;
    struct entity_key keys[MUTATION_KEYS_MAX];
    struct uuid writes[MUTATION_WRITES_MAX];
    enum fault fault = codec_mutation_unpack(arena, known->payload, &mutation);
    if (fault == FAULT_FORMAT) return FAULT_NONE; /* it shows nothing */
    if (fault) return fault;
    /* Every decision looks at the stages, so no key names them: what shows others has to be decided
     * anew when it is answered, above all when it is refused and no row comes. */
    if (mutation.entity == ENTITY_DEFINITION) pending->always_whole = true;
    size_t count = mutation_keys(&mutation, pending->member, keys);
    size_t write_count = mutation_writes(&mutation, writes);
    struct pending_entry *entry = arena_alloc(&pending->arena, sizeof *entry);
    if (!entry) return FAULT_MEMORY;
    entry->number = known->number;
    entry->things = arena_array(&pending->arena, count + 1, sizeof(struct pending_thing *));
    void *entries = pending->entries;
    struct pending_entry **slot = arena_push(&pending->arena, &entries, &pending->entry_count,
                                             &pending->entry_cap, sizeof *slot);
    if (!entry->things || !slot) return FAULT_MEMORY;
    pending->entries = entries;
    *slot = entry;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            bool written = id_among(keys[i].id, writes, write_count);
            if (written != (pass == 0)) continue;
            if (!entry_touch(pending, entry, keys[i], written)) return FAULT_MEMORY;
        }
        if (pass == 0) entry->written = entry->thing_count;
    }
    return FAULT_NONE;
}

static enum fault entries_learn(struct pending *pending, struct replica *replica)
{
    struct arena list, one;
    arena_init(&list, OUTBOX_STEP_BYTES);
    arena_init(&one, OUTBOX_STEP_BYTES);
    enum fault fault = FAULT_NONE;
    for (size_t count = OUTBOX_STEP; !fault && count == OUTBOX_STEP;) {
        struct outbox_entry *entries = NULL;
        arena_reset(&list);
        fault = replica->f->outbox_list(replica, &list, pending->next, false, OUTBOX_STEP,
                                        &entries, &count);
        for (size_t i = 0; !fault && i < count; i++) {
            arena_reset(&one);
            fault = entry_learn(pending, &one, &entries[i]);
            pending->next = entries[i].number + 1;
        }
    }
    arena_finish(&one);
    arena_finish(&list);
    return fault;
}

enum fault pending_learn(struct pending *pending, struct replica *replica)
{
    struct arena arena;
    struct identity identity;
    if (pending->answered_count >= ANSWERED_MIN &&
        pending->answered_count * 2 > pending->entry_count) {
        pending_forget(pending);
    }
    arena_init(&arena, OUTBOX_STEP_BYTES);
    enum fault fault = replica->f->identity_load(replica, &arena, &identity);
    if (!fault) {
        pending->member = identity.member;
        pending->team = identity.team;
        fault = entries_learn(pending, replica);
    }
    arena_finish(&arena);
    if (fault == FAULT_MEMORY || pending->arena.failed) {
        pending->always_whole = true;
        fault = FAULT_NONE;
    }
    return fault;
}

/* --- what changed --- */

static void thing_dirty(struct pending *pending, struct pending_thing *thing)
{
    if (thing->dirty) return;
    thing->dirty = true;
    if (pending->last_dirty) {
        pending->last_dirty->next_dirty = thing;
    } else {
        pending->first_dirty = thing;
    }
    pending->last_dirty = thing;
}

void pending_row(struct pending *pending, enum entity_kind kind, struct uuid id)
{
    if (kind == ENTITY_TEAM || kind == ENTITY_DEFINITION || uuid_equal(id, pending->member))
        pending->whole = true;
    struct pending_thing *thing = map_get(&pending->things, id_key(&id));
    if (thing) thing_dirty(pending, thing);
}

void pending_answered(struct pending *pending, uint64_t number)
{
    size_t low = 0, high = pending->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pending->entries[middle]->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == pending->entry_count || pending->entries[low]->number != number) {
        pending->whole = true; /* nobody can read what it is about, nor what it once showed */
        return;
    }
    struct pending_entry *entry = pending->entries[low];
    if (entry->answered) return;
    entry->answered = true;
    pending->answered_count++;
    for (size_t i = 0; i < entry->written; i++) thing_dirty(pending, entry->things[i]);
}

/* --- what follows --- */

static void entry_mark(struct pending *pending, struct pending_entry *entry)
{
    if (entry->marked || entry->answered) return;
    entry->marked = true;
    for (size_t i = 0; i < entry->thing_count; i++) {
        struct pending_thing *thing = entry->things[i];
        /* What it looks at must not yet be as later ones leave it. */
        if (i < entry->written || thing->last_writer > entry->number) thing_dirty(pending, thing);
    }
}

void pending_close(struct pending *pending)
{
    pending->whole = pending->whole || pending->always_whole;
    if (pending->whole) return;
    for (struct pending_thing *thing = pending->first_dirty; thing; thing = thing->next_dirty) {
        for (struct pending_touch *touch = thing->touches; touch; touch = touch->next)
            entry_mark(pending, touch->entry);
    }
}

void pending_done(struct pending *pending)
{
    for (size_t i = 0; i < pending->entry_count; i++) pending->entries[i]->marked = false;
    struct pending_thing *thing = pending->first_dirty;
    while (thing) {
        struct pending_thing *next = thing->next_dirty;
        thing->dirty = false;
        thing->next_dirty = NULL;
        thing = next;
    }
    pending->first_dirty = pending->last_dirty = NULL;
    pending->whole = false;
}
