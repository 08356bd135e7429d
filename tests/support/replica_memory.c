/* replica_memory.c - see replica_memory.h.
 *
 * A state is sorted tables of pointers to reference-counted, immutable items. From begin() on they
 * keep what was replaced; rollback() puts it back. */
#include "tests/support/replica_memory.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/domain/field.h"
#include "common/metrics/abridged.h"
#include "tests/support/replica_memory_inside.h"
#include "common/base/banned.h"

static const uint64_t SHOWN_NONE = UINT64_MAX; /* no shown row is of that generation */

struct replica_memory *memory_of(struct replica *replica)
{
    return (struct replica_memory *)replica;
}

/* Counts the call and says whether it is the one that was planned to fail. */
static enum fault memory_write(struct replica_memory *memory)
{
    memory->writes++;
    if (memory->fail_with == FAULT_NONE) return FAULT_NONE;
    if (memory->fail_after-- > 0) return FAULT_NONE;
    enum fault fault = memory->fail_with;
    memory->fail_with = FAULT_NONE;
    memory->fail_after = 0;
    return fault;
}

enum fault memory_change(struct replica_memory *memory)
{
    check(memory->open);
    return memory_write(memory);
}

/* --- identity and transactions --- */

static enum fault identity_load(struct replica *replica, struct arena *arena, struct identity *out)
{
    const struct memory_item *item = memory_of(replica)->now.identity;
    if (!item) return FAULT_NOT_FOUND;
    *out = item->identity;
    for (size_t i = 0; i < out->address_count; i++)
        out->addresses[i] = arena_str(arena, out->addresses[i]);
    out->device_name = arena_str(arena, out->device_name);
    out->last_failure = arena_str(arena, out->last_failure);
    return arena_fault(arena);
}

static enum fault identity_store(struct replica *replica, const struct identity *identity)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    memory_item_drop(memory->now.identity);
    memory->now.identity = memory_item_identity(identity);
    return FAULT_NONE;
}

static enum fault begin(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    check(!memory->open);
    check(!memory->looking);
    enum fault fault = memory_write(memory);
    if (fault) return fault;
    memory_state_begin(&memory->now);
    memory->open = true;
    return FAULT_NONE;
}

static enum fault look_begin(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    check(!memory->open);
    check(!memory->looking);
    memory->looking = true;
    return FAULT_NONE;
}

static void look_end(struct replica *replica)
{
    memory_of(replica)->looking = false;
}

static void rollback(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    if (!memory->open) return;
    memory_state_end(&memory->now, false);
    memory->open = false;
}

static enum fault commit(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    check(memory->open);
    enum fault fault = memory_write(memory);
    if (fault) {
        rollback(replica);
        return fault;
    }
    memory_state_end(&memory->now, true);
    memory->open = false;
    return FAULT_NONE;
}

/* --- looking at entities --- */

static uint64_t generation_of(const struct replica_memory *memory)
{
    return memory->now.identity ? memory->now.identity->identity.generation : 0;
}

static const struct memory_item *row_find(const struct replica_memory *memory,
                                          enum entity_kind kind, struct uuid id, bool server)
{
    struct memory_key key = {.kind = kind, .id = id};
    if (!server) {
        const struct memory_item *shown = memory_table_get(&memory->now.shown, &key);
        if (shown) return shown;
    }
    key.generation = generation_of(memory);
    return memory_table_get(&memory->now.rows, &key);
}

static enum fault item_unpack(struct arena *arena, const struct memory_item *item, const void **out)
{
    void *entity = NULL;
    enum fault fault =
        codec_entity_unpack(arena, (enum entity_kind)item->row.kind, item->row.body, &entity);
    *out = entity;
    return fault;
}

static enum fault entity(struct replica *replica, struct arena *arena, enum entity_kind kind,
                         struct uuid id, bool server, const void **out)
{
    const struct memory_item *item = row_find(memory_of(replica), kind, id, server);
    if (!item || item->row.removed) return FAULT_NOT_FOUND;
    return item_unpack(arena, item, out);
}

static enum fault entities(struct replica *replica, struct arena *arena, enum entity_kind kind,
                           const struct uuid *ids, size_t count, const void **out)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count && !fault; i++) {
        out[i] = NULL;
        fault = entity(replica, arena, kind, ids[i], false, &out[i]);
        if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
    }
    return fault;
}

struct found_list {
    const void **items;
    size_t count, cap;
};

static enum fault found_add(struct arena *arena, struct found_list *list,
                            const struct memory_item *item)
{
    if (item->row.removed) return FAULT_NONE;
    void *items = list->items;
    const void **place = arena_push(arena, &items, &list->count, &list->cap, sizeof *list->items);
    list->items = items;
    return place ? item_unpack(arena, item, place) : FAULT_MEMORY;
}

/* Every shown entity of a kind, in order of id. */
static enum fault shown_of_kind(struct replica_memory *memory, struct arena *arena,
                                enum entity_kind kind, struct found_list *list)
{
    const struct memory_table *rows = &memory->now.rows, *shown = &memory->now.shown;
    struct memory_key key = {.generation = generation_of(memory), .kind = kind};
    enum fault fault = FAULT_NONE;
    for (size_t i = memory_table_at(rows, &key); i < rows->count && !fault; i++) {
        const struct memory_item *item = rows->items[i];
        if (item->key.generation != key.generation || item->key.kind != kind) break;
        struct memory_key same = {.kind = kind, .id = item->row.id};
        const struct memory_item *over = memory_table_get(shown, &same);
        fault = found_add(arena, list, over ? over : item);
    }
    key.generation = 0;
    for (size_t i = memory_table_at(shown, &key); i < shown->count && !fault; i++) {
        const struct memory_item *item = shown->items[i];
        if (item->key.kind != kind) break;
        if (row_find(memory, kind, item->row.id, true)) continue;
        fault = found_add(arena, list, item);
    }
    return fault;
}

static enum fault first_of_kind(struct replica *replica, struct arena *arena, enum entity_kind kind,
                                const void **out)
{
    struct found_list list = {.items = NULL};
    enum fault fault = shown_of_kind(memory_of(replica), arena, kind, &list);
    if (fault) return fault;
    if (list.count == 0) return FAULT_NOT_FOUND;
    *out = list.items[0];
    return FAULT_NONE;
}

static enum fault definition(struct replica *replica, struct arena *arena, struct definition *out)
{
    const void *found;
    enum fault fault = first_of_kind(replica, arena, ENTITY_DEFINITION, &found);
    if (!fault) *out = *(const struct definition *)found;
    return fault;
}

static enum fault team(struct replica *replica, struct arena *arena, const struct team **out)
{
    const void *found;
    enum fault fault = first_of_kind(replica, arena, ENTITY_TEAM, &found);
    if (!fault) *out = found;
    return fault;
}

/* What a list is sorted by: number, else name or title, else as it is (by id). */
static int entity_compare(enum entity_kind kind, const void *a, const void *b)
{
    if (kind == ENTITY_INBOX) {
        const struct inbox_item *x = a, *y = b;
        return (x->number > y->number) - (x->number < y->number);
    }
    if (kind == ENTITY_ACTIVITY) {
        const struct activity *x = a, *y = b;
        if (x->happened_at.v != y->happened_at.v)
            return x->happened_at.v < y->happened_at.v ? -1 : 1;
        return uuid_compare(x->id, y->id);
    }
    const struct field *name = field_by_name(kind, STR("name"));
    if (!name) return 0;
    return str_compare(field_get(name, a).text, field_get(name, b).text);
}

static void entities_sort(enum entity_kind kind, const void **items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const void *item = items[i];
        size_t at = i;
        for (; at > 0 && entity_compare(kind, items[at - 1], item) > 0; at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

static enum fault all(struct replica *replica, struct arena *arena, enum entity_kind kind,
                      const void ***out, size_t *count)
{
    struct found_list list = {.items = NULL};
    enum fault fault = shown_of_kind(memory_of(replica), arena, kind, &list);
    if (fault) return fault;
    entities_sort(kind, list.items, list.count);
    *out = list.items;
    *count = list.count;
    return FAULT_NONE;
}

static bool id_wanted(struct uuid wanted, struct uuid id)
{
    return uuid_is_zero(wanted) || uuid_equal(wanted, id);
}

static enum fault deals(struct replica *replica, struct arena *arena,
                        const struct deal_filter *filter, const struct deal ***out, size_t *count)
{
    struct found_list list = {.items = NULL};
    enum fault fault = shown_of_kind(memory_of(replica), arena, ENTITY_DEAL, &list);
    if (fault) return fault;
    const struct deal **kept = arena_array(arena, list.count, sizeof(const struct deal *));
    if (!kept) return FAULT_MEMORY;
    *count = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct deal *deal = list.items[i];
        if (filter->won && deal->status != STATUS_WON) continue;
        if (!filter->all && !filter->won && deal->status != STATUS_OPEN) continue;
        if (!id_wanted(filter->organisation, deal->organisation)) continue;
        if (!id_wanted(filter->contact, deal->contact)) continue;
        if (!id_wanted(filter->owner, deal->owner)) continue;
        kept[(*count)++] = deal;
    }
    *out = kept;
    return FAULT_NONE;
}

static bool text_matches(struct arena *arena, struct str folded, enum entity_kind kind,
                         const char *field_name, const void *thing)
{
    const struct field *field = field_by_name(kind, str_from(field_name));
    struct str mine;
    if (!field || field_get(field, thing).text.n == 0) return false;
    return text_fold(arena, field_get(field, thing).text, &mine) == FAULT_NONE &&
           str_equal(mine, folded);
}

static enum fault find(struct replica *replica, struct arena *arena, enum entity_kind kind,
                       struct str text, size_t limit, const void ***out, size_t *count)
{
    struct found_list list = {.items = NULL};
    struct str folded;
    enum fault fault = shown_of_kind(memory_of(replica), arena, kind, &list);
    if (!fault) fault = text_fold(arena, text, &folded);
    if (fault) return fault;
    const struct field *id = field_by_name(kind, STR("id"));
    const struct field *external = field_by_name(kind, STR("external_id"));
    *count = 0;
    for (size_t i = 0; i < list.count && *count < limit; i++) {
        const void *thing = list.items[i];
        bool hit = uuid_short_matches(field_get(id, thing).id, text) ||
                   (external && text.n > 0 && str_equal(field_get(external, thing).text, text)) ||
                   text_matches(arena, folded, kind, "name", thing) ||
                   text_matches(arena, folded, kind, "title", thing);
        if (hit) list.items[(*count)++] = thing;
    }
    *out = list.items;
    return FAULT_NONE;
}

static enum fault activities(struct replica *replica, struct arena *arena, struct uuid subject,
                             const struct activity ***out, size_t *count)
{
    struct found_list list = {.items = NULL};
    enum fault fault = shown_of_kind(memory_of(replica), arena, ENTITY_ACTIVITY, &list);
    if (fault) return fault;
    entities_sort(ENTITY_ACTIVITY, list.items, list.count);
    const struct activity **kept = arena_array(arena, list.count, sizeof(const struct activity *));
    if (!kept) return FAULT_MEMORY;
    *count = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct activity *activity = list.items[i];
        if (id_wanted(subject, activity->deal) || id_wanted(subject, activity->organisation) ||
            id_wanted(subject, activity->person))
            kept[(*count)++] = activity;
    }
    *out = kept;
    return FAULT_NONE;
}

/* --- history --- */

struct event_list {
    const struct event **events;
    uint64_t *seqs;
    size_t count;
};

static enum fault event_add(struct arena *arena, struct event_list *list, struct uuid subject,
                            const struct memory_item *item)
{
    const void *event;
    if (item->row.removed) return FAULT_NONE;
    enum fault fault = item_unpack(arena, item, &event);
    if (fault) return fault;
    const struct event *unpacked = event;
    if (uuid_is_zero(subject) && unpacked->subject_kind != ENTITY_DEAL) return FAULT_NONE;
    list->events[list->count] = unpacked;
    list->seqs[list->count++] = item->row.seq;
    return FAULT_NONE;
}

/* One subject's events: what the server said, then what is predicted. */
static enum fault events_of(struct replica_memory *memory, struct arena *arena, struct uuid subject,
                            struct uuid one, struct event_list *list)
{
    enum fault fault = FAULT_NONE;
    const struct memory_table *rows = &memory->now.rows, *shown = &memory->now.shown;
    struct memory_key key = {
        .generation = generation_of(memory), .kind = ENTITY_EVENT, .id = one};
    for (size_t i = memory_table_at(rows, &key); i < rows->count && !fault; i++) {
        const struct memory_item *item = rows->items[i];
        if (item->key.generation != key.generation || item->row.kind != ENTITY_EVENT ||
            !uuid_equal(item->row.id, one))
            break;
        fault = event_add(arena, list, subject, item);
    }
    key.generation = 0;
    for (size_t i = memory_table_at(shown, &key); i < shown->count && !fault; i++) {
        const struct memory_item *item = shown->items[i];
        if (item->row.kind != ENTITY_EVENT || !uuid_equal(item->row.id, one)) break;
        fault = event_add(arena, list, subject, item);
    }
    return fault;
}

/* The subject of the first event row after this one, in both layers. False: there is none. */
static bool subject_next(const struct replica_memory *memory, bool first, struct uuid *subject)
{
    const struct memory_table *tables[] = {&memory->now.rows, &memory->now.shown};
    uint64_t generations[] = {generation_of(memory), 0};
    bool found = false;
    struct uuid best = *subject;
    for (size_t t = 0; t < 2; t++) {
        struct memory_key key = {.generation = generations[t], .kind = ENTITY_EVENT};
        if (!first) {
            key.id = *subject;
            key.seq = UINT64_MAX;
            key.n = UINT32_MAX;
        }
        size_t at = memory_table_at(tables[t], &key);
        if (at >= tables[t]->count) continue;
        const struct memory_item *item = tables[t]->items[at];
        if (item->key.generation != generations[t] || item->row.kind != ENTITY_EVENT) continue;
        if (!found || uuid_compare(item->row.id, best) < 0) best = item->row.id;
        found = true;
    }
    *subject = best;
    return found;
}

static enum fault events(struct replica *replica, struct arena *arena, struct uuid subject,
                         const struct event ***out, uint64_t **seqs, size_t *count)
{
    struct replica_memory *memory = memory_of(replica);
    size_t most = memory->now.rows.count + memory->now.shown.count;
    if (!uuid_is_zero(subject))
        most = memory_table_span(&memory->now.rows, generation_of(memory), subject) +
               memory_table_span(&memory->now.shown, 0, subject);
    struct event_list list = {arena_array(arena, most, sizeof(const struct event *)),
                              arena_array(arena, most, sizeof(uint64_t)), 0};
    if (!list.events || !list.seqs) return FAULT_MEMORY;
    enum fault fault = FAULT_NONE;
    if (!uuid_is_zero(subject)) {
        fault = events_of(memory, arena, subject, subject, &list);
    } else {
        struct uuid one = {{0}};
        for (bool first = true; !fault && subject_next(memory, first, &one); first = false)
            fault = events_of(memory, arena, subject, one, &list);
    }
    *out = list.events;
    *seqs = list.seqs;
    *count = list.count;
    return fault;
}

static enum fault events_of_status(struct replica *replica, struct arena *arena,
                                   enum deal_status status, const struct event ***out,
                                   size_t *count)
{
    uint64_t *seqs;
    size_t total;
    *count = 0;
    enum fault fault = events(replica, arena, (struct uuid){{0}}, out, &seqs, &total);
    bool open = false;
    for (size_t i = 0; i < total && !fault; i++) {
        const struct event *event = (*out)[i];
        if (i == 0 || !uuid_equal(event->subject, (*out)[i - 1]->subject)) {
            const void *found;
            fault = entity(replica, arena, ENTITY_DEAL, event->subject, false, &found);
            open = !fault && ((const struct deal *)found)->status == status;
            if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
        }
        if (open) seqs[(*count)++] = i;
    }
    for (size_t i = 0; i < *count; i++) (*out)[i] = (*out)[seqs[i]];
    return fault;
}

/* What a copy in a file has of it. */
static enum fault event_abridge(struct arena *arena, const struct event **out,
                                const struct event *event)
{
    struct buffer packed;
    struct abridged abridged;
    buffer_init(&packed, 1 << 16);
    abridged_append(&packed, 1, 0, event);
    enum fault fault = buffer_fault(&packed);
    struct str rest = arena_str(arena, buffer_str(&packed));
    buffer_finish(&packed);
    if (!fault) fault = abridged_next(arena, event->subject, &rest, &abridged);
    if (!fault) *out = abridged.event;
    return fault;
}

static enum fault events_open(struct replica *replica, struct arena *arena,
                              const struct event ***out, size_t *count)
{
    size_t found = 0;
    enum fault fault = events_of_status(replica, arena, STATUS_OPEN, out, &found);
    *count = 0;
    for (size_t i = 0; i < found && !fault; i++) {
        if (abridged_keeps((*out)[i])) fault = event_abridge(arena, &(*out)[(*count)++], (*out)[i]);
    }
    return fault;
}

static enum fault events_won(struct replica *replica, struct arena *arena,
                             const struct event ***out, size_t *count)
{
    return events_of_status(replica, arena, STATUS_WON, out, count);
}

/* --- what is kept --- */

/* Of what all deals say: nobody has to notice a change. */
static enum fault won_mark(struct replica *replica, uint64_t *out)
{
    const struct memory_state *now = &memory_of(replica)->now;
    *out = memory_table_hash(&now->rows, ENTITY_DEAL) * 3 +
           memory_table_hash(&now->shown, ENTITY_DEAL);
    return FAULT_NONE;
}

static enum fault short_lengths(struct replica *replica, struct arena *arena,
                                enum entity_kind kind, const struct uuid *ids, size_t count,
                                size_t *lengths)
{
    struct found_list list = {.items = NULL};
    enum fault fault = shown_of_kind(memory_of(replica), arena, kind, &list);
    if (!fault) memory_short_lengths(kind, list.items, list.count, ids, count, lengths);
    return fault;
}

static enum fault kept_load(struct replica *replica, struct arena *arena, int64_t number,
                            struct str *out)
{
    struct buffer *kept = &memory_of(replica)->kept[number];
    *out = kept->n > 0 ? arena_str(arena, buffer_str(kept)) : STR_NONE;
    return arena_fault(arena);
}

static enum fault kept_store(struct replica *replica, int64_t number, struct str bytes)
{
    struct replica_memory *memory = memory_of(replica);
    check(!memory->open);
    buffer_finish(&memory->kept[number]);
    buffer_init(&memory->kept[number], (size_t)1 << 20);
    buffer_append_str(&memory->kept[number], bytes);
    return buffer_fault(&memory->kept[number]);
}

/* --- what the server said --- */

static enum fault put_row(struct replica *replica, uint64_t generation,
                          const struct packed_row *row)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct memory_item *item = memory_item_row(generation, row);
    const struct memory_item *old = memory_table_get(&memory->now.rows, &item->key);
    if (old && old->row.seq > row->seq) {
        memory_item_drop(item);
        return FAULT_NONE;
    }
    memory_table_put(&memory->now.rows, item);
    return FAULT_NONE;
}

static enum fault drop_row(struct replica *replica, uint64_t generation,
                           const struct row_mark *mark)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct memory_key key = {.generation = generation, .kind = mark->kind, .id = mark->id,
                             .seq = mark->kind == ENTITY_EVENT ? mark->seq : 0, .n = mark->n};
    const struct memory_item *item = memory_table_get(&memory->now.rows, &key);
    if (item && item->row.seq <= mark->seq) (void)memory_table_remove(&memory->now.rows, &key);
    return FAULT_NONE;
}

static enum fault keep_generation(struct replica *replica, uint64_t generation)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (!fault) memory_table_keep(&memory->now.rows, generation);
    return fault;
}

/* --- overlay --- */

static enum fault shown_clear(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (!fault) memory_table_keep(&memory->now.shown, SHOWN_NONE);
    return fault;
}

static enum fault shown_put(struct replica *replica, const struct row *row)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    struct buffer body;
    buffer_init(&body, FRAME_TO_CLIENT_MAX);
    struct packed_row packed = {.kind = row->kind,
                                .id = row->id,
                                .n = row->n,
                                .removed = row->removed || !row->entity};
    if (!packed.removed) fault = codec_entity_pack(row->kind, row->entity, &body);
    packed.body = buffer_str(&body);
    if (!fault) memory_table_put(&memory->now.shown, memory_item_row(0, &packed));
    buffer_finish(&body);
    return fault;
}

/* Rows and events of a thing lie together, each kind for itself. */
static void shown_drop_kind(struct memory_table *shown, enum entity_kind kind, struct uuid id)
{
    struct memory_key key = {.kind = kind, .id = id};
    for (;;) {
        size_t at = memory_table_at(shown, &key);
        if (at >= shown->count) return;
        struct memory_key found = shown->items[at]->key;
        if (found.kind != (uint32_t)kind || !uuid_equal(found.id, id)) return;
        memory_table_remove(shown, &found);
    }
}

static enum fault shown_drop(struct replica *replica, enum entity_kind kind, struct uuid id)
{
    struct replica_memory *memory = memory_of(replica);
    enum fault fault = memory_change(memory);
    if (fault) return fault;
    shown_drop_kind(&memory->now.shown, kind, id);
    shown_drop_kind(&memory->now.shown, ENTITY_EVENT, id);
    return FAULT_NONE;
}

static void memory_close(struct replica *replica)
{
    struct replica_memory *memory = memory_of(replica);
    rollback(replica);
    memory_state_finish(&memory->now);
    for (size_t i = 0; i < KEPT_MAX; i++) buffer_finish(&memory->kept[i]);
    free(memory);
}

static enum fault marks(struct replica *replica, struct arena *arena, struct row_mark **out,
                        size_t *count)
{
    return memory_table_marks(&memory_of(replica)->now.rows, generation_of(memory_of(replica)),
                              arena, out, count);
}

static const struct replica_functions memory_functions = {
    .identity_load = identity_load,
    .identity_store = identity_store,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .look_begin = look_begin,
    .look_end = look_end,
    .entity = entity,
    .entities = entities,
    .definition = definition,
    .team = team,
    .all = all,
    .deals = deals,
    .find = find,
    .marks = marks,
    .activities = activities,
    .events = events,
    .events_open = events_open,
    .events_won = events_won,
    .won_mark = won_mark,
    .short_lengths = short_lengths,
    .kept_load = kept_load,
    .kept_store = kept_store,
    .put_row = put_row,
    .drop_row = drop_row,
    .keep_generation = keep_generation,
    .outbox_add = memory_outbox_add,
    .outbox_list = memory_outbox_list,
    .outbox_update = memory_outbox_update,
    .outbox_remove = memory_outbox_remove,
    .outbox_find = memory_outbox_find,
    .outbox_count = memory_outbox_count,
    .outbox_prune = memory_outbox_prune,
    .outbox_waiting = memory_outbox_waiting,
    .shown_clear = shown_clear,
    .shown_put = shown_put,
    .shown_drop = shown_drop,
    .close = memory_close,
};

struct replica *replica_memory_open(void)
{
    struct replica_memory *memory = calloc(1, sizeof *memory);
    if (!memory) return NULL;
    memory->port.f = &memory_functions;
    return &memory->port;
}

struct replica *replica_memory_copy(const struct replica *replica)
{
    const struct replica_memory *from = (const struct replica_memory *)replica;
    struct replica *copy = replica_memory_open();
    if (!copy) return NULL;
    memory_state_copy(&memory_of(copy)->now, &from->now);
    return copy;
}

bool replica_memory_shows_same(const struct replica *a, const struct replica *b)
{
    const struct memory_table *x = &((const struct replica_memory *)a)->now.shown;
    const struct memory_table *y = &((const struct replica_memory *)b)->now.shown;
    if (x->count != y->count) return false;
    return memory_table_rows_same(x, y);
}

void replica_memory_fail(struct replica *replica, size_t calls, enum fault fault)
{
    memory_of(replica)->fail_after = calls;
    memory_of(replica)->fail_with = fault;
}

size_t replica_memory_writes(const struct replica *replica)
{
    return ((const struct replica_memory *)replica)->writes;
}

bool replica_memory_in_transaction(const struct replica *replica)
{
    return ((const struct replica_memory *)replica)->open;
}
