/* work_inbox.c - what did not simply go through: shown with both values, resolved in one word.
 *
 *   conflict: --mine (my value after all), --theirs (what stands stays), --set VALUE
 *   parked:   retry (send it again, on what stands now), discard */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

static enum fault story_tell(struct work *work, const struct inbox_list *list, size_t place,
                             const struct cell *cells, struct answer *answer)
{
    const struct inbox_item *item = list->items[place];
    struct inbox_told told = {.item = item, .cells = cells};
    const struct inbox_item **with = arena_array(work->arena, list->count + 1, sizeof *with);
    if (!with) return FAULT_MEMORY;
    told.with_count = inbox_with(list, place, with);
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
        fault = inbox_would(work, item, &told.would, &told.conflict, &told.would_not);
    }
    return fault ? fault : inbox_story(work, &told, answer);
}

static enum fault inbox_show(struct work *work, const struct request *request,
                             struct answer *answer)
{
    struct inbox_list list;
    bool everybody = request_option(request, "all") != NULL, first = true;
    enum fault fault = inbox_items(work, everybody, &list);
    answer_machine(answer, SHAPE_TABLE, &inbox_table); /* people are told a story */
    for (size_t i = 0; !fault && i < list.count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        fault = inbox_cells(work, list.items[i], cells);
        bool hangs = list.roots[i] != INBOX_ALONE;
        if (hangs) {
            cells[INBOX_GROUP_COLUMN] =
                cell_number(work->arena, list.items[list.roots[i]]->number);
        }
        /* What hangs on another is told with that. */
        if (fault || request->machine || hangs) continue;
        if (!first) answer_say(answer, NOTE_RESULT, "");
        first = false;
        fault = story_tell(work, &list, i, cells, answer);
    }
    if (!fault && list.count == 0) answer_say(answer, NOTE_TALK, "nothing needs attention");
    return fault;
}

/* --- resolving --- */

/* "inbox discard 3: Roof", as `undo` will call it. */
static struct str item_summary(struct work *work, const struct inbox_item *item, const char *verb)
{
    const struct field *field = field_by_name((enum entity_kind)item->subject_kind, item->field);
    struct str about = inbox_subject_say(work, item);
    const char *label = item->kind == INBOX_CONFLICT && field ? field->label : "";
    return arena_format(work->arena, "inbox %s %lld%s%s%s%.*s", verb, (long long)item->number,
                        about.n > 0 ? ": " : "", label, *label ? " of " : "", STR_ARGS(about));
}

static enum fault item_close(struct work *work, const struct inbox_item *item,
                             enum inbox_state state, struct answer *answer)
{
    bool done;
    struct mutation mutation;
    struct str summary = item_summary(work, item, state == INBOX_THEIRS ? "resolve" : "discard");
    mutation_begin(work, &mutation, MUTATION_CLOSE, ENTITY_INBOX, item->id);
    mutation.resolves = item->id;
    mutation.resolution = state;
    enum fault fault = mutation_submit(work, &mutation, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    struct str about = inbox_subject_say(work, item);
    const struct field *field = field_by_name((enum entity_kind)item->subject_kind, item->field);
    NOTE(answer, NOTE_RESULT,
         state == INBOX_THEIRS && field ? "Item {number}: {field} of {what} stays as it stands"
         : about.n > 0                  ? "Item {number} is discarded: {what}"
                                        : "Item {number} is discarded",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)},
         {"field", field ? str_from(field->label) : STR_NONE}, {"what", about});
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
    if (theirs) return item_close(work, item, INBOX_THEIRS, answer);
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, item->subject,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) {
        FAIL(answer, ERROR_GONE,
             "{what} no longer exists; `sluice inbox resolve {number} --theirs` settles it",
             {"what", inbox_subject_say(work, item).n > 0 ? inbox_subject_say(work, item) : STR("it")},
             {"number", arena_format(work->arena, "%lld", (long long)item->number)});
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
    fault = mutation_submit(work, &mutation, item_summary(work, item, "resolve"), answer, &done);
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
         {"title", inbox_subject_say(work, item)}, {"value", inbox_unit_say(work, leader, stands)});
    return FAULT_NONE;
}

/* --- which items --- */

enum { ITEMS_MAX = 512 }; /* more at once nobody means by one command */

struct items {
    const struct inbox_item *items[ITEMS_MAX];
    size_t count;
};

static void items_add(struct items *list, const struct inbox_item *item)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == item) return;
    }
    if (list->count < ITEMS_MAX) list->items[list->count++] = item;
}

/* "3", or "3-7": those of them that are open. The answer tells the mistake. */
static enum fault items_named(struct work *work, struct str text, struct items *list,
                              struct answer *answer)
{
    const struct inbox_item *item;
    struct inbox_list open;
    size_t before = list->count, dash = str_find(text, '-');
    int64_t first = 0, last = 0;
    bool range = dash > 0 && dash < text.n &&
                 str_to_int64(str_slice(text, 0, dash), &first) == FAULT_NONE &&
                 str_to_int64(str_slice(text, dash + 1, text.n), &last) == FAULT_NONE;
    if (!range) {
        enum fault fault = inbox_item_named(work, text, answer, &item);
        if (!fault && item) items_add(list, item);
        return fault;
    }
    enum fault fault = inbox_items(work, false, &open);
    for (size_t i = 0; !fault && i < open.count; i++) {
        int64_t number = open.items[i]->number;
        if (number >= first && number <= last) items_add(list, open.items[i]);
    }
    if (!fault && list->count == before) {
        FAIL(answer, ERROR_NOT_FOUND,
             "none of the items {range} is open; `sluice inbox` shows what there is",
             {"range", text});
    }
    return fault;
}

/* Is it of the kind that can be treated so? */
static bool item_fits(struct work *work, const struct inbox_item *item, bool resolve, bool retry,
                      struct answer *answer)
{
    bool conflict = item->kind == INBOX_CONFLICT;
    const char *sentence = NULL;
    if (conflict && !resolve) {
        sentence = "item {number} is a conflict: `sluice inbox resolve {number} --mine`, --theirs or "
                   "--set VALUE";
    } else if (item->kind == INBOX_NOTICE && !conflict && (resolve || retry)) {
        sentence = "item {number} is a notice, nothing is to be chosen: `sluice inbox discard "
                   "{number}` closes it";
    } else if (resolve && !conflict) {
        sentence = inbox_can_retry(work, item)
                       ? "item {number} is a refused change: `sluice inbox retry {number}` or "
                         "`sluice inbox discard {number}`"
                       : "item {number} is a refused change: `sluice inbox discard {number}` closes it";
    }
    if (!sentence) return true;
    FAIL(answer, ERROR_WRONG_ITEM, sentence,
         {"number", arena_format(work->arena, "%lld", (long long)item->number)});
    return false;
}

/* How it stands here and now. */
static enum fault item_again(struct work *work, struct uuid id, const struct inbox_item **out)
{
    const void *found = NULL;
    enum fault fault =
        work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX, id, false, &found);
    *out = found;
    return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
}

/* --- one command --- */

/* The item and what hangs on it, however far: sent again, or thrown away, together. */
static enum fault item_group(struct work *work, const struct request *request,
                             const struct inbox_item *root, bool retry, struct items *touched,
                             struct answer *answer)
{
    struct inbox_list open;
    size_t hanging = 0;
    enum fault fault = inbox_items(work, true, &open); /* creations stand first */
    if (fault) return fault;
    const struct inbox_item **with = arena_array(work->arena, open.count + 1, sizeof *with);
    if (!with) return FAULT_MEMORY;
    for (size_t i = 0; i < open.count; i++) {
        if (uuid_equal(open.items[i]->id, root->id)) hanging = inbox_with(&open, i, with);
    }
    for (size_t i = 0; !fault && i <= hanging && answer->code == ANSWER_OK; i++) {
        const struct inbox_item *item = i == 0 ? root : with[i - 1];
        fault = retry ? inbox_retry(work, i == 0 ? request : NULL, item, answer)
                      : item_close(work, item, INBOX_DISCARDED, answer);
        if (answer->code == ANSWER_OK) items_add(touched, item);
    }
    return fault;
}

/* For machines: what was settled, as it is now. */
static enum fault items_rows(struct work *work, const struct items *touched, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    answer_machine(answer, SHAPE_TABLE, &inbox_table);
    for (size_t i = 0; i < touched->count && !fault; i++) {
        const struct inbox_item *item;
        fault = item_again(work, touched->items[i]->id, &item);
        if (fault || !item) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        fault = inbox_cells(work, item, cells);
    }
    return fault;
}

static enum fault items_settle(struct work *work, const struct request *request,
                               const struct items *list, bool resolve, bool retry,
                               struct answer *answer)
{
    struct items *touched = arena_alloc(work->arena, sizeof *touched);
    enum fault fault = FAULT_NONE;
    if (!touched) return FAULT_MEMORY;
    *touched = (struct items){.count = 0};
    work->batch = uuid_v7((uint64_t)work->now.wall_ms, work->random); /* `undo` takes back all of it */
    for (size_t i = 0; i < list->count && !fault && answer->code == ANSWER_OK; i++) {
        const struct inbox_item *item;
        fault = item_again(work, list->items[i]->id, &item);
        /* What hung on one before it was settled with that. */
        if (fault || !item || item->state != INBOX_OPEN) continue;
        if (!resolve) {
            fault = item_group(work, request, item, retry, touched, answer);
            continue;
        }
        fault = item_resolve(work, request, item, answer);
        if (answer->code == ANSWER_OK) items_add(touched, item);
    }
    return fault ? fault : items_rows(work, touched, answer);
}

/* Does the word take that option? What it would leave unheard is a mistake. */
static bool option_fits(const char *name, bool resolve, bool retry)
{
    bool chooses = strcmp(name, "mine") == 0 || strcmp(name, "theirs") == 0 ||
                   strcmp(name, "set") == 0;
    if (resolve) return chooses;
    return retry && !chooses && strcmp(name, "all") != 0;
}

/* The options that the word takes: one of three, or what mends a single change. */
static bool options_fit(const struct request *request, const struct items *list, bool resolve,
                        bool retry, struct answer *answer)
{
    for (size_t i = 0; i < request->option_count; i++) {
        const char *name = request->options[i].option->name;
        if (option_fits(name, resolve, retry)) continue;
        FAIL(answer, ERROR_ARGUMENT_UNWANTED,
             resolve ? "`sluice inbox resolve` takes no --{name}, but one of --mine, --theirs and --set "
                       "VALUE"
             : retry ? "`sluice inbox retry` takes no --{name}, but what mends the change, by its "
                       "field: --value AMOUNT, --stage STAGE, --check CHECK ..."
                     : "`sluice inbox discard` takes no --{name}",
             {"name", str_from(name)});
        return false;
    }
    bool set = request_option(request, "set") != NULL;
    bool mine = request_option(request, "mine") != NULL;
    bool theirs = request_option(request, "theirs") != NULL;
    if (resolve && set + mine + theirs != 1) {
        answer_fail(answer, ERROR_ARGUMENT_MISSING, "say which: --mine, --theirs or --set VALUE");
        return false;
    }
    if (list->count > 1 && (set || (retry && request->option_count > 0))) {
        answer_fail(answer, ERROR_ARGUMENT_UNWANTED,
                    "a value is given to one item at a time; leave out the other numbers");
        return false;
    }
    return true;
}

/* `sluice inbox` itself only shows. */
static bool show_fits(const struct request *request, struct answer *answer)
{
    for (size_t i = 0; i < request->option_count; i++) {
        const char *name = request->options[i].option->name;
        if (strcmp(name, "all") == 0) continue;
        FAIL(answer, ERROR_ARGUMENT_MISSING,
             "say what --{name} is for: `sluice inbox resolve N` or `sluice inbox retry N`",
             {"name", str_from(name)});
        return false;
    }
    return true;
}

static void form_tell(struct work *work, const struct request *request, struct answer *answer)
{
    static const char *const words[] = {"resolve", "retry", "discard"};
    struct str typed = request->arguments[0];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        bool is = str_equal(typed, str_from(words[i]));
        if (!is && text_distance(typed, str_from(words[i]), 2) > 2) continue;
        FAIL(answer, is ? ERROR_ARGUMENT_MISSING : ERROR_UNKNOWN_COMMAND,
             is ? "say which: `sluice inbox {word} N`, with the numbers that `sluice inbox` shows"
                : "there is no \"{typed}\"; did you mean `sluice inbox {word}{rest}`?",
             {"word", str_from(words[i])}, {"typed", typed},
             {"rest", request->argument_count > 1
                          ? arena_format(work->arena, " %.*s", STR_ARGS(request->arguments[1]))
                          : STR("")});
        return;
    }
    answer_fail(answer, ERROR_UNKNOWN_COMMAND,
                "the forms are `sluice inbox`, `sluice inbox resolve N --mine`, "
                "`sluice inbox retry N` and `sluice inbox discard N`");
}

enum fault inbox_run(struct work *work, const struct request *request, struct answer *answer)
{
    if (request->argument_count == 0) {
        return show_fits(request, answer) ? inbox_show(work, request, answer) : FAULT_NONE;
    }
    struct str what = request->arguments[0];
    bool resolve = str_equal(what, STR("resolve")), retry = str_equal(what, STR("retry"));
    bool discard = str_equal(what, STR("discard"));
    if (request->argument_count < 2 || (!resolve && !retry && !discard)) {
        form_tell(work, request, answer);
        return FAULT_NONE;
    }
    struct items *list = arena_alloc(work->arena, sizeof *list);
    if (!list) return FAULT_MEMORY;
    *list = (struct items){.count = 0};
    enum fault fault = FAULT_NONE;
    for (size_t i = 1; i < request->argument_count && !fault && answer->code == ANSWER_OK; i++) {
        fault = items_named(work, str_trim(request->arguments[i]), list, answer);
    }
    if (fault || answer->code != ANSWER_OK || !options_fit(request, list, resolve, retry, answer)) {
        return fault;
    }
    /* Nothing is done before all of it can be. */
    for (size_t i = 0; i < list->count; i++) {
        if (!item_fits(work, list->items[i], resolve, retry, answer)) return FAULT_NONE;
    }
    return items_settle(work, request, list, resolve, retry, answer);
}
