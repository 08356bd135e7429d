/* work_inbox.c - what did not simply go through: shown with both values, resolved in one word.
 *
 *   conflict: --mine (my value after all), --theirs (what stands stays), --set VALUE
 *   parked:   retry (send it again, on what stands now), discard */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

static enum fault story_tell(struct work *work, const struct inbox_item *const *items, size_t count,
                             const struct inbox_item *item, const struct cell *cells,
                             struct answer *answer)
{
    struct inbox_told told = {.item = item, .cells = cells};
    const struct inbox_item **with = arena_array(work->arena, count, sizeof *with);
    if (!with) return FAULT_MEMORY;
    told.with_count = inbox_with(items, count, item, with);
    struct cell(*rows)[INBOX_COLUMN_COUNT] =
        arena_array(work->arena, told.with_count + 1, sizeof *rows);
    if (!rows) return FAULT_MEMORY;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < told.with_count && !fault; i++) {
        fault = inbox_cells(work, with[i], rows[i]);
    }
    told.with = with;
    told.with_cells = (const struct cell(*)[INBOX_COLUMN_COUNT])rows;
    if (!fault && item->kind == INBOX_PARKED) {
        fault = inbox_would(work, item, &told.would, &told.would_not);
    }
    return fault ? fault : inbox_story(work, &told, answer);
}

static enum fault inbox_list(struct work *work, const struct request *request,
                             struct answer *answer)
{
    const struct inbox_item **items;
    size_t count;
    bool everybody = request_option(request, "all") != NULL, first = true;
    enum fault fault = inbox_items(work, everybody, &items, &count);
    answer_table(answer, SHAPE_TABLE, inbox_columns, INBOX_COLUMN_COUNT);
    answer->machine_only = true; /* people are told a story */
    for (size_t i = 0; i < count && !fault; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        fault = inbox_cells(work, items[i], cells);
        /* What hangs on another is told with that. */
        if (fault || request->machine || inbox_hangs(items, count, items[i])) continue;
        if (!first) answer_say(answer, NOTE_RESULT, "");
        first = false;
        fault = story_tell(work, items, count, items[i], cells, answer);
    }
    if (!fault && count == 0) answer_say(answer, NOTE_TALK, "nothing needs attention");
    return fault;
}

/* --- resolving --- */

static enum fault item_close(struct work *work, const struct inbox_item *item,
                             enum inbox_state state, struct answer *answer)
{
    bool done;
    struct mutation mutation;
    mutation_begin(work, &mutation, MUTATION_CLOSE, ENTITY_INBOX, item->id);
    mutation.resolves = item->id;
    mutation.resolution = state;
    enum fault fault =
        mutation_submit(work, &mutation, STR("inbox resolve"), answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT,
         state == INBOX_THEIRS ? "Item {number}: what stands stays" : "Item {number} is discarded",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)});
    return FAULT_NONE;
}

static enum fault item_mine(struct work *work, const struct inbox_item *item, struct wish *wish,
                            struct answer *answer)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    const struct field *leader = field_by_name(wish->kind, item->field);
    enum fault fault =
        leader ? unit_parse(work->arena, leader, item->mine, values, &count) : FAULT_FORMAT;
    if (fault == FAULT_FORMAT) {
        answer_fail(answer, ERROR_ITEM_NEWER, "this item came from a newer version; update sluice");
        return FAULT_NONE;
    }
    for (size_t i = 0; !fault && i < count; i++) {
        wish_set(wish, values[i].field->name, values[i].value);
    }
    return fault;
}

static enum fault item_resolve(struct work *work, const struct request *request,
                               const struct inbox_item *item, struct answer *answer)
{
    const struct request_option *set = request_option(request, "set");
    bool mine = request_option(request, "mine") != NULL, fine = true, done;
    bool theirs = request_option(request, "theirs") != NULL;
    const void *current;
    const struct event *stood;
    struct wish wish;
    struct mutation mutation;
    if ((set != NULL) + mine + theirs != 1) {
        answer_fail(answer, ERROR_ARGUMENT_MISSING, "say which: --mine, --theirs or --set VALUE");
        return FAULT_NONE;
    }
    if (item->kind != INBOX_CONFLICT) {
        answer_fail(answer, ERROR_WRONG_ITEM,
                    item->kind == INBOX_NOTICE
                        ? "this is a notice, nothing is to be chosen: `inbox discard N` closes it"
                        : "this is a refused change: `inbox retry N` or `inbox discard N`");
        return FAULT_NONE;
    }
    if (theirs) return item_close(work, item, INBOX_THEIRS, answer);
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, item->subject,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) {
        answer_fail(answer, ERROR_GONE, "it no longer exists; resolve with --theirs");
        return FAULT_NONE;
    }
    if (fault) return fault;
    wish_init(&wish, kind, item->subject, current);
    const struct field *leader = field_by_name(kind, item->field);
    if (mine) fault = item_mine(work, item, &wish, answer);
    else if (leader) fault = wish_field(work, &wish, leader, set->value, answer, &fine);
    if (fault || answer->code != ANSWER_OK) return fault;
    wish_complete_units(&wish);
    mutation_begin(work, &mutation, MUTATION_EDIT, kind, item->subject);
    mutation.edits = wish.edits;
    mutation.edit_count = wish.count;
    mutation.resolves = item->id;
    mutation.resolution = mine ? INBOX_MINE : INBOX_VALUE;
    struct optional now = {.has = false};
    fault = inbox_theirs(work, item, now, &stood); /* who is told that it went */
    if (fault) return fault;
    if (stood) mutation.replaces = stood->mutation;
    fault = mutation_submit(work, &mutation, STR("inbox resolve"), answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    fault = work->replica->f->entity(work->replica, work->arena, kind, item->subject, false,
                                     &current);
    if (fault) return fault;
    struct str stands = STR("");
    if (leader) fault = unit_format(work->arena, leader, current, &stands);
    if (fault) return fault;
    NOTE(answer, NOTE_RESULT, "Item {number} is resolved; {field} of {title} is {value}",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)},
         {"field", leader ? str_from(leader->label) : item->field},
         {"title", inbox_subject_say(work, item)}, {"value", inbox_unit_say(work, item, stands)});
    return FAULT_NONE;
}

enum { GROUP_MAX = 64 };

static bool group_has(const struct uuid *group, size_t count, struct uuid id)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(group[i], id)) return true;
    }
    return false;
}

/* The item and what hangs on it, however far: sent again, or thrown away, together. */
static enum fault item_group(struct work *work, const struct request *request,
                             const struct inbox_item *item, bool retry, struct answer *answer)
{
    const struct inbox_item **items;
    struct uuid group[GROUP_MAX] = {item->id};
    size_t count, known = 1;
    enum fault fault = inbox_items(work, true, &items, &count); /* creations stand first */
    if (!fault) {
        fault = retry ? inbox_retry(work, request, item, answer)
                      : item_close(work, item, INBOX_DISCARDED, answer);
    }
    for (size_t i = 0; !fault && i < count && answer->code == ANSWER_OK; i++) {
        bool hangs = !uuid_is_zero(items[i]->group) && group_has(group, known, items[i]->group);
        if (!hangs || uuid_equal(items[i]->id, item->id)) continue;
        if (known < GROUP_MAX) group[known++] = items[i]->id;
        fault = retry ? inbox_retry(work, NULL, items[i], answer)
                      : item_close(work, items[i], INBOX_DISCARDED, answer);
    }
    return fault;
}

enum fault inbox_run(struct work *work, const struct request *request, struct answer *answer)
{
    const struct inbox_item *item;
    if (request->argument_count == 0) return inbox_list(work, request, answer);
    struct str what = request->arguments[0];
    bool resolve = str_equal(what, STR("resolve")), retry = str_equal(what, STR("retry"));
    bool discard = str_equal(what, STR("discard"));
    if (request->argument_count != 2 || (!resolve && !retry && !discard)) {
        answer_fail(answer, ERROR_ARGUMENT_MISSING,
                    "the forms are `sluice inbox`, `sluice inbox resolve N --mine`, "
                    "`sluice inbox retry N` and `sluice inbox discard N`");
        return FAULT_NONE;
    }
    enum fault fault = inbox_item_named(work, request->arguments[1], answer, &item);
    if (fault || !item) return fault;
    if (resolve) return item_resolve(work, request, item, answer);
    if (!retry && item->kind == INBOX_CONFLICT) {
        answer_fail(answer, ERROR_WRONG_ITEM,
                    "this is a conflict: `inbox resolve N --mine`, --theirs or --set VALUE");
        return FAULT_NONE;
    }
    return item_group(work, request, item, retry, answer);
}
