/* work_undo_import.c - takes back a whole import: all mutations of its batch, newest first.
 *
 * Called by work_undo.c when the newest change is of an import. Batches of imports are derived from
 * their file, so an import that went on after an interruption is one. Invariant: what anybody
 * changed since, or what others refer to, stays and is counted. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

enum {
    CHUNK_MUTATIONS = 400, /* one durable transaction; another process's write never waits long */
    CHUNK_ARENA = 64 * 1024 * 1024,
    PLACE_EDITS = 2 /* stage and status */
};

struct import_undo {
    struct work *work;
    struct arena chunk;
    struct mutation *old; /* of the batch, in order of number */
    size_t count, cap;
    struct uuid batch, newer_batch;
    struct map mutations;    /* ids of the batch's own mutations */
    struct map busy;         /* things others refer to */
    struct mutation *inverse;
    size_t inverse_count;
    size_t done; /* of `count`, for who waits */
    size_t deals, updates, organisations, people, notes, members, kept;
    struct answer *answer;
};

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

/* The mutations of the batch that stand, of those from that number on. */
static enum fault batch_look(struct import_undo *undo, uint64_t from, struct map *undone)
{
    struct work *work = undo->work;
    struct outbox_entry *entries;
    size_t total;
    enum fault fault = work->replica->f->outbox_list(work->replica, work->arena, from, true,
                                                     SIZE_MAX, &entries, &total);
    for (size_t i = total; i-- > 0 && !fault;) {
        struct mutation mutation;
        work_say_progress(work, "Looking through what you did: {done} of {all} changes",
                          total - i, total);
        if (codec_mutation_unpack(work->arena, entries[i].payload, &mutation)) continue;
        if (!uuid_is_zero(mutation.undoes)) {
            fault = map_put(undone, id_key(&mutation.undoes), undo);
            continue;
        }
        if (map_get(undone, id_key(&mutation.id))) continue;
        if (entries[i].answered && entries[i].outcome == OUTCOME_PARKED) continue;
        if (!uuid_equal(mutation.batch, undo->batch)) continue;
        struct mutation *kept = arena_push(work->arena, (void **)&undo->old, &undo->count,
                                           &undo->cap, sizeof *kept);
        if (!kept) return FAULT_MEMORY;
        *kept = mutation;
        fault = map_put(&undo->mutations, id_key(&kept->id), undo);
    }
    return fault;
}

/* Newest first: those of before the copy got another replica id are older. */
static enum fault batch_load(struct import_undo *undo)
{
    struct map undone;
    map_init(&undone, undo->work->arena);
    enum fault fault = batch_look(undo, 1, &undone);
    return fault ? fault : batch_look(undo, OUTBOX_FORMER, &undone);
}

/* --- what stays --- */

static enum fault busy_put(struct import_undo *undo, struct uuid id)
{
    return uuid_is_zero(id) ? FAULT_NONE : map_put(&undo->busy, id_key(&id), undo);
}

/* Deals somebody logged something for since. */
static enum fault activities_look(struct import_undo *undo)
{
    struct work *work = undo->work;
    const struct activity **activities;
    struct map own;
    size_t count;
    map_init(&own, work->arena);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < undo->count; i++) {
        if (undo->old[i].entity != ENTITY_ACTIVITY) continue;
        fault = map_put(&own, id_key(&undo->old[i].target), undo);
    }
    if (!fault) {
        fault = work->replica->f->activities(work->replica, work->arena, (struct uuid){{0}},
                                             &activities, &count);
    }
    for (size_t i = 0; !fault && i < count; i++) {
        if (map_get(&own, id_key(&activities[i]->id))) continue;
        fault = busy_put(undo, activities[i]->deal);
        if (!fault) fault = busy_put(undo, activities[i]->organisation);
        if (!fault) fault = busy_put(undo, activities[i]->person);
    }
    return fault;
}

/* What the deals and people that are left refer to, of that kind: what the import brought of the
 * others is gone by now. */
static enum fault references_look(struct import_undo *undo, enum entity_kind kind)
{
    struct work *work = undo->work;
    const struct deal_filter everything = {.all = true};
    const struct deal **deals;
    const void **people;
    size_t count;
    bool organisations = kind == ENTITY_ORGANISATION;
    enum fault fault =
        work->replica->f->deals(work->replica, work->arena, &everything, &deals, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        fault = busy_put(undo, organisations ? deals[i]->organisation : deals[i]->contact);
    }
    if (fault || !organisations) return fault;
    fault = work->replica->f->all(work->replica, work->arena, ENTITY_PERSON, &people, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        fault = busy_put(undo, ((const struct person *)people[i])->organisation);
    }
    return fault;
}

/* Did anything but this import touch it? */
static enum fault touched(struct import_undo *undo, struct uuid subject, bool *out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    struct replica *replica = undo->work->replica;
    *out = map_get(&undo->busy, id_key(&subject)) != NULL;
    enum fault fault = replica->f->events(replica, &undo->chunk, subject, &events, &seqs, &count);
    bool past = false; /* events before the import's own are of an earlier life of that id */
    for (size_t i = 0; !fault && i < count; i++) {
        bool own = map_get(&undo->mutations, id_key(&events[i]->mutation)) != NULL;
        if (past && !own) *out = true;
        past |= own;
    }
    return fault;
}

/* --- the inverse --- */

static enum fault inverse_submit(struct import_undo *undo)
{
    struct work *work = undo->work;
    enum fault fault = FAULT_NONE;
    if (undo->inverse_count > 0) {
        struct change *changes = arena_array(&undo->chunk, undo->inverse_count, sizeof *changes);
        if (!changes) return FAULT_MEMORY;
        fault = outbox_submit_many(work->replica, &undo->chunk, undo->inverse, undo->inverse_count,
                                   STR("undo of import"), work->now, changes);
        for (size_t i = 0; !fault && i < undo->inverse_count; i++) {
            const struct mutation *mutation = &undo->inverse[i];
            if (changes[i].outcome == OUTCOME_PARKED) {
                undo->kept += mutation->entity == ENTITY_DEAL;
                continue;
            }
            undo->answer->wrote = true;
            undo->answer->mutation = mutation->id;
            bool removed = mutation->kind == MUTATION_DELETE;
            undo->deals += mutation->entity == ENTITY_DEAL && removed;
            undo->updates += mutation->entity == ENTITY_DEAL && !removed;
            undo->organisations += mutation->entity == ENTITY_ORGANISATION;
            undo->people += mutation->entity == ENTITY_PERSON;
            undo->notes += mutation->entity == ENTITY_ACTIVITY;
        }
    }
    undo->inverse_count = 0;
    arena_reset(&undo->chunk);
    return fault;
}

/* A deletion names what it was seen as; where a deal stands, too. */
static enum fault removal_add(struct import_undo *undo, const struct mutation *old,
                              const void *current)
{
    struct mutation *mutation = &undo->inverse[undo->inverse_count];
    enum entity_kind kind = (enum entity_kind)old->entity;
    mutation_begin(undo->work, mutation, MUTATION_DELETE, kind, old->target);
    mutation->edits = arena_array(&undo->chunk, old->edit_count + PLACE_EDITS, sizeof(struct edit));
    if (!mutation->edits) return FAULT_MEMORY;
    undo_creation(old, mutation->edits, &mutation->edit_count);
    static const char *const places[PLACE_EDITS] = {"stage", "status"};
    for (size_t i = 0; i < PLACE_EDITS && kind == ENTITY_DEAL; i++) {
        const struct field *field = field_by_name(kind, str_from(places[i]));
        mutation->edits[mutation->edit_count++] = (struct edit){
            .tag = field->tag, .field = field, .base = field_get(field, current),
            .want = value_absent(field->type)};
    }
    mutation->undoes = old->id;
    mutation->batch = undo->newer_batch;
    mutation->bulk = true;
    undo->inverse_count++;
    return FAULT_NONE;
}

static enum fault update_revert(struct import_undo *undo, const struct mutation *old,
                                const void *current)
{
    struct wish *wish = arena_alloc(&undo->chunk, sizeof *wish);
    if (!wish) return FAULT_MEMORY;
    wish_init(wish, ENTITY_DEAL, old->target, current);
    enum fault fault = undo_edits(undo->work, old, wish);
    if (fault || wish->count == 0) return fault;
    struct mutation *mutation = &undo->inverse[undo->inverse_count++];
    mutation_begin(undo->work, mutation, (enum mutation_kind)old->kind, ENTITY_DEAL, old->target);
    mutation->edits = wish->edits;
    mutation->edit_count = wish->count;
    mutation->undoes = old->id;
    mutation->batch = undo->newer_batch;
    mutation->bulk = true;
    return FAULT_NONE;
}

static enum fault inverse_add(struct import_undo *undo, const struct mutation *old)
{
    struct replica *replica = undo->work->replica;
    enum entity_kind kind = (enum entity_kind)old->entity;
    const void *current;
    bool stays = false;
    if (kind == ENTITY_MEMBER) {
        undo->members++;
        return FAULT_NONE;
    }
    enum fault fault =
        replica->f->entity(replica, &undo->chunk, kind, old->target, false, &current);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    if (old->kind == MUTATION_EDIT || old->kind == MUTATION_CORRECT) {
        return update_revert(undo, old, current);
    }
    fault = touched(undo, old->target, &stays);
    if (fault) return fault;
    if (stays) {
        undo->kept += kind == ENTITY_DEAL;
        return FAULT_NONE;
    }
    return removal_add(undo, old, current);
}

/* Those of one kind, newest first. */
static enum fault kind_revert(struct import_undo *undo, enum entity_kind kind)
{
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < undo->count; i++) {
        if (undo->old[i].entity != (int64_t)kind) continue;
        fault = inverse_add(undo, &undo->old[i]);
        undo->done++;
        bool full = undo->inverse_count == CHUNK_MUTATIONS || undo->chunk.used > CHUNK_ARENA / 2;
        if (!fault && full) fault = inverse_submit(undo);
        work_say_progress(undo->work, "Taking back: {done} of {all} changes", undo->done, undo->count);
    }
    return fault ? fault : inverse_submit(undo);
}

/* --- telling --- */

static void undo_say(struct import_undo *undo)
{
    struct arena *arena = undo->work->arena;
    struct answer *answer = undo->answer;
    const struct {
        size_t count;
        const char *outcome, *kind, *one, *many;
    } rows[] = {
        {undo->deals, "undone", "deal", "  {count} deal removed", "  {count} deals removed"},
        {undo->updates, "changed back", "deal", "  {count} deal as it was before",
         "  {count} deals as they were before"},
        {undo->organisations, "undone", "organisation", "  {count} organisation removed",
         "  {count} organisations removed"},
        {undo->people, "undone", "person", "  {count} person removed", "  {count} people removed"},
        {undo->notes, "undone", "activity", "  {count} note removed", "  {count} notes removed"},
        {undo->kept, "kept", "deal", "  {count} deal stays: it was changed or worked on since",
         "  {count} deals stay: they were changed or worked on since"},
        {undo->members, "kept", "member", "  {count} member without a device stays in the team",
         "  {count} members without a device stay in the team"},
    };
    if (!answer->wrote) {
        answer_fail(answer, ERROR_NOT_UNDOABLE,
                    "nothing of the import can be taken back: what it brought was changed since; "
                    "`sluice undo --skip` takes back what was before it");
        return;
    }
    answer_say(answer, NOTE_RESULT, "Took back the import:");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].count == 0) continue;
        NOTE(answer, NOTE_RESULT, sentence_of(rows[i].count, rows[i].one, rows[i].many),
             {"count", arena_format(arena, "%zu", rows[i].count)});
        struct cell *cells = answer_row(answer);
        if (!cells) return;
        cells[UNDO_OUTCOME] = cell_text(str_from(rows[i].outcome));
        cells[UNDO_WHAT] = cell_text(STR("import"));
        cells[UNDO_KIND] = cell_text(str_from(rows[i].kind));
        cells[UNDO_COUNT] = cell_number(arena, (int64_t)rows[i].count);
    }
}

enum fault undo_import(struct work *work, struct uuid batch, struct answer *answer)
{
    static const enum entity_kind order[] = {ENTITY_ACTIVITY, ENTITY_DEAL, ENTITY_PERSON,
                                             ENTITY_ORGANISATION, ENTITY_MEMBER};
    struct import_undo undo = {.work = work, .answer = answer, .batch = batch};
    map_init(&undo.mutations, work->arena);
    map_init(&undo.busy, work->arena);
    enum fault fault = batch_load(&undo);
    if (fault) return fault;
    undo.newer_batch = uuid_v7((uint64_t)work->now.wall_ms, work->random);
    undo.inverse = arena_array(work->arena, CHUNK_MUTATIONS, sizeof *undo.inverse);
    if (!undo.inverse) return FAULT_MEMORY;
    arena_init(&undo.chunk, CHUNK_ARENA);
    fault = activities_look(&undo);
    for (size_t i = 0; !fault && i < sizeof order / sizeof order[0]; i++) {
        if (order[i] == ENTITY_PERSON || order[i] == ENTITY_ORGANISATION) {
            fault = references_look(&undo, order[i]);
        }
        if (!fault) fault = kind_revert(&undo, order[i]);
    }
    arena_finish(&undo.chunk);
    if (!fault) undo_say(&undo);
    return fault;
}
