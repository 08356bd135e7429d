/* import_chunk.c - mutations of many rows, decided and made durable together. Called by import.c.
 *
 * Invariant: each mutation is judged once, and tells the row it came from what became of it. */
#include "client/exchange/import_inside.h"

#include "client/core/outbox.h"

enum {
    CHUNK_MUTATIONS = 2000, /* one durable transaction, half a second: it rewrites pages all over
                               the copy, and another process must not wait long for its write */
    ROW_MUTATIONS = 6,      /* a deal, its note, and perhaps its owner, organisation and contact */
    CHUNK_ARENA = 256 * 1024 * 1024
};

enum fault import_chunk_init(struct importer *im)
{
    const size_t room = CHUNK_MUTATIONS + ROW_MUTATIONS;
    arena_init(&im->chunk, CHUNK_ARENA);
    im->mutations = arena_array(im->arena, room, sizeof *im->mutations);
    im->sources = arena_array(im->arena, room, sizeof *im->sources);
    return im->mutations && im->sources ? FAULT_NONE : FAULT_MEMORY;
}

void import_chunk_finish(struct importer *im)
{
    arena_finish(&im->chunk);
}

bool import_chunk_is_full(const struct importer *im)
{
    return im->count >= CHUNK_MUTATIONS || im->chunk.used > CHUNK_ARENA / 2;
}

void import_chunk_add(struct importer *im, const struct mutation *mutation, enum source_kind kind,
                      const struct csv_record *record)
{
    im->mutations[im->count] = *mutation;
    im->sources[im->count] = (struct import_source){kind, record->line, record->raw};
    im->count++;
}

static bool change_marks_attention(const struct change *change)
{
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != ENTITY_DEAL || !change->rows[i].entity) continue;
        const struct deal *deal = change->rows[i].entity;
        if (deal->attention) return true;
    }
    return false;
}

static enum fault change_judge(struct importer *im, const struct import_source *source,
                               const struct change *change)
{
    struct import_report *report = im->report;
    bool parked = change->outcome == OUTCOME_PARKED;
    switch (source->kind) {
    case SOURCE_THING: return FAULT_NONE; /* its deal will say so */
    case SOURCE_NOTE:
        report->notes += !parked && change->row_count > 0;
        return parked ? import_source_reject(im, source, &change->reasons) : FAULT_NONE;
    case SOURCE_DEAL:
        if (parked) return import_source_reject(im, source, &change->reasons);
        if (change->row_count == 0) report->unchanged++;
        else report->created++;
        report->attention += change_marks_attention(change);
        return FAULT_NONE;
    case SOURCE_UPDATE:
        if (parked) return import_source_reject(im, source, &change->reasons);
        report->updated++;
        report->conflicts += change->outcome == OUTCOME_CONFLICT;
        return FAULT_NONE;
    case SOURCE_UPDATE_MORE:
        report->conflicts += change->outcome == OUTCOME_CONFLICT;
        if (!parked) return FAULT_NONE;
        /* The row is counted already: the other half landed. */
        struct str why;
        enum fault fault = import_reasons_say(im, &change->reasons, &why);
        if (fault) return fault;
        return import_remark_add(im, source->line, false, STR("not all of it was taken"), why);
    }
    return FAULT_NONE;
}

/* What would come of it, and nothing written: things this import would make are kept aside. */
static enum fault mutation_try(struct importer *im, const struct mutation *mutation,
                               struct change *change)
{
    struct state state;
    struct entity_key keys[MUTATION_KEYS_MAX];
    const void *me = NULL;
    enum fault fault = state_init(&state, &im->chunk, im->team_row, &im->definition);
    size_t count = mutation_keys(mutation, im->me, keys);
    for (size_t i = 0; !fault && i < count; i++) {
        const void *entity = map_get(&im->made, (struct str){(const char *)keys[i].id.b, 16});
        if (!entity) {
            fault = im->replica->f->entity(im->replica, &im->chunk, keys[i].kind, keys[i].id, false,
                                           &entity);
        }
        if (fault == FAULT_NOT_FOUND) fault = FAULT_NONE;
        if (!fault) fault = state_put(&state, keys[i].kind, keys[i].id, entity);
    }
    if (!fault) {
        fault = im->replica->f->entity(im->replica, &im->chunk, ENTITY_MEMBER, im->me, false, &me);
    }
    if (!fault) fault = state_put(&state, ENTITY_MEMBER, im->me, me);
    struct decision_context context = {
        .actor = me, .recorded_at = im->now.wall_ms, .predicted = true};
    if (!fault) fault = decide(&im->chunk, &state, &context, mutation, STR_NONE, change);
    for (size_t i = 0; !fault && i < change->row_count; i++) {
        const struct row *row = &change->rows[i];
        bool needed = row->kind == ENTITY_MEMBER || row->kind == ENTITY_ORGANISATION ||
                      row->kind == ENTITY_PERSON || mutation->kind == MUTATION_IMPORT;
        if (!needed || !row->entity || row->kind == ENTITY_EVENT) continue;
        void *kept = entity_copy(im->arena, row->kind, row->entity);
        fault = map_put(&im->made, (struct str){(const char *)row->id.b, 16}, kept);
    }
    return fault;
}

enum fault import_chunk_submit(struct importer *im)
{
    enum fault fault = FAULT_NONE;
    if (im->count > 0) {
        struct change *changes = arena_array(&im->chunk, im->count, sizeof *changes);
        if (!changes) return FAULT_MEMORY;
        if (im->options->dry_run) {
            for (size_t i = 0; !fault && i < im->count; i++) {
                fault = mutation_try(im, &im->mutations[i], &changes[i]);
            }
        } else {
            fault = outbox_submit_many(im->replica, &im->chunk, im->mutations, im->count,
                                       STR("import"), im->now, changes);
        }
        for (size_t i = 0; !fault && i < im->count; i++) {
            fault = change_judge(im, &im->sources[i], &changes[i]);
        }
    }
    im->count = 0;
    arena_reset(&im->chunk);
    return fault;
}
