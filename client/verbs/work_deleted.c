/* work_deleted.c - deals that are deleted, and brought back: `deal delete`, `deal restore`; asked by undo
 * and the inbox too. What was there stands in the event of its deletion (decide_delete.c). */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/domain/merge.h"

enum fault deletion_of(struct work *work, struct uuid id, const struct event **out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    *out = NULL;
    if (uuid_is_zero(id)) return FAULT_NONE; /* that would be the events of all */
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, id, &events, &seqs, &count);
    for (size_t i = count; i-- > 0 && !fault && !*out;) {
        if (events[i]->what == EVENT_DELETED) *out = events[i];
    }
    if (*out && (*out)->from_value.n == 0) *out = NULL;
    return fault;
}

struct str deletion_title(struct work *work, const struct event *deletion)
{
    void *entity;
    enum entity_kind kind = (enum entity_kind)deletion->subject_kind;
    if (entity_parse(work->arena, kind, deletion->from_value, &entity)) return STR_NONE;
    return entity_title(kind, entity);
}

bool deletion_may(const struct work *work, const struct event *deletion)
{
    bool own = work->me && uuid_equal(deletion->who, work->me->id);
    return permission_member_allows(work->me, own ? ACTION_DELETE_OWN : ACTION_RESTORE_ANY);
}

enum fault deletion_undo(struct work *work, enum entity_kind kind, struct uuid target,
                         struct uuid deletion, struct str summary, struct answer *answer,
                         bool *done)
{
    struct mutation mutation;
    mutation_begin(work, &mutation, MUTATION_RESTORE, kind, target);
    mutation.undoes = deletion;
    return mutation_submit(work, &mutation, summary, answer, done);
}

/* --- the verbs --- */

static const struct column deleted_columns[] = {
    {"id", "ID", COLUMN_SHOWN},   {"title", "Title", COLUMN_SHOWN | COLUMN_WIDE},
    {"who", "Deleted by", COLUMN_SHOWN}, {"when", "When", COLUMN_SHOWN},
    {"full_id", "Full id", 0},
};
const struct columns deleted_table = COLUMNS(deleted_columns);

static enum fault deleted_row(struct work *work, struct uuid id, struct str short_id,
                              struct str title, struct uuid who, struct optional when,
                              struct answer *answer)
{
    char full[UUID_TEXT_LENGTH + 1];
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    uuid_format(id, full);
    cells[0] = cell_text(short_id);
    cells[1] = cell_text(title);
    cells[2] = cell_text(name_of_member(work, who));
    cells[3] = cell_time(work, when);
    cells[4] = cell_text(arena_str(work->arena, str_from(full)));
    return arena_fault(work->arena);
}

enum fault deal_delete(struct work *work, const struct request *request, struct answer *answer)
{
    const void *found;
    struct edit edits[MUTATION_CHANGES_MAX];
    struct mutation mutation;
    size_t count, seen = 0;
    bool done;
    enum fault fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    const struct deal *deal = found;
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    /* Named as it is seen: what somebody changed meanwhile is not thrown away unseen. */
    for (size_t i = 0; i < count && seen < MUTATION_CHANGES_MAX; i++) {
        const struct field *field = &fields[i];
        if (!(field->flags & FIELD_EDITABLE) || field->type == VALUE_SET) continue;
        edits[seen++] = (struct edit){.tag = field->tag, .field = field,
                                      .base = field_get(field, deal),
                                      .want = value_absent(field->type)};
    }
    mutation_begin(work, &mutation, MUTATION_DELETE, ENTITY_DEAL, deal->id);
    mutation.edits = edits;
    mutation.edit_count = seen;
    struct str id = name_short(work, ENTITY_DEAL, deal->id);
    struct str summary = arena_format(work->arena, "deal delete %.*s", STR_ARGS(deal->title));
    fault = mutation_submit(work, &mutation, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT, "Deleted {id} {title}", {"id", id}, {"title", deal->title});
    answer_machine(answer, SHAPE_RECORD, &deleted_table);
    return deleted_row(work, deal->id, id, deal->title, work->identity.member,
                       (struct optional){true, work->now.wall_ms}, answer);
}

struct deleted {
    const struct event **events; /* of the newest deletion of each deal that is gone */
    struct uuid *ids;
    struct str *shorts, *titles;
    size_t count;
};

static enum fault deal_is_there(struct work *work, struct uuid id, bool *there)
{
    const void *found;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL, id, false, &found);
    *there = !fault;
    return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
}

/* Events of one deal stand together, in order. */
static enum fault deleted_load(struct work *work, struct deleted *out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    struct uuid everything = {{0}};
    *out = (struct deleted){.count = 0};
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, everything, &events, &seqs, &count);
    if (fault) return fault;
    out->events = arena_array(work->arena, count + 1, sizeof *out->events);
    out->ids = arena_array(work->arena, count + 1, sizeof *out->ids);
    out->shorts = arena_array(work->arena, count + 1, sizeof *out->shorts);
    out->titles = arena_array(work->arena, count + 1, sizeof *out->titles);
    if (arena_fault(work->arena)) return FAULT_MEMORY;
    for (size_t i = 0; i < count && !fault; i++) {
        const struct event *event = events[i];
        bool there, kept = event->what == EVENT_DELETED && event->from_value.n > 0;
        if (!kept || event->subject_kind != ENTITY_DEAL) continue;
        fault = deal_is_there(work, event->subject, &there);
        if (fault || there) continue;
        size_t at = out->count;
        if (at > 0 && uuid_equal(out->ids[at - 1], event->subject)) at--;
        else out->count++;
        out->events[at] = event;
        out->ids[at] = event->subject;
        out->titles[at] = deletion_title(work, event);
    }
    return fault ? fault : names_short(work->arena, out->ids, out->count, out->shorts);
}

static enum fault deleted_list(struct work *work, const struct deleted *deleted,
                               struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    answer_table(answer, SHAPE_TABLE, deleted_columns, deleted_table.count);
    for (size_t i = 0; i < deleted->count && !fault; i++) {
        const struct event *event = deleted->events[i];
        fault = deleted_row(work, deleted->ids[i], deleted->shorts[i], deleted->titles[i],
                            event->who, event->recorded_at, answer);
    }
    return fault;
}

static bool deleted_is(struct work *work, const struct deleted *deleted, size_t at, struct str text)
{
    struct uuid id;
    struct str wanted, title;
    if (uuid_parse(text, &id) == FAULT_NONE) return uuid_equal(id, deleted->ids[at]);
    if (str_equal(text, deleted->shorts[at])) return true;
    if (text_fold(work->arena, text, &wanted)) return false;
    if (text_fold(work->arena, deleted->titles[at], &title)) return false;
    return str_equal(wanted, title) || (wanted.n > 1 && name_within(title, wanted));
}

enum fault deal_restore(struct work *work, const struct request *request, struct answer *answer)
{
    struct deleted deleted;
    size_t found = 0, at = 0;
    bool done;
    enum fault fault = deleted_load(work, &deleted);
    if (fault) return fault;
    if (request->argument_count == 0) return deleted_list(work, &deleted, answer);
    for (size_t i = 0; i < deleted.count; i++) {
        if (!deleted_is(work, &deleted, i, request->arguments[0])) continue;
        found++;
        at = i;
    }
    if (found != 1) {
        FAIL(answer, found > 0 ? ERROR_AMBIGUOUS : ERROR_NOT_FOUND,
             found > 0 ? "\"{text}\" could be several; type the id that `sluice deal restore` shows"
                       : "no deleted deal is called \"{text}\"; `sluice deal restore` shows those "
                         "there are",
             {"text", request->arguments[0]});
        return FAULT_NONE;
    }
    struct str title = deleted.titles[at];
    struct str summary = arena_format(work->arena, "deal restore %.*s", STR_ARGS(title));
    fault = deletion_undo(work, ENTITY_DEAL, deleted.ids[at], deleted.events[at]->mutation, summary,
                          answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT, "Brought back {id} {title}",
         {"id", name_short(work, ENTITY_DEAL, deleted.ids[at])}, {"title", title});
    answer_machine(answer, SHAPE_RECORD, &deleted_table);
    return deleted_row(work, deleted.ids[at], deleted.shorts[at], title, deleted.events[at]->who,
                       deleted.events[at]->recorded_at, answer);
}
