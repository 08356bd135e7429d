/* work_inbox.c - what did not simply go through: shown with both values, resolved in one word.
 *
 *   conflict: --mine (my value after all), --theirs (what stands stays), --set VALUE
 *   parked:   retry (send it again, on what stands now), discard */
#include "client/verbs/work_inside.h"

#include <assert.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

static const struct column inbox_columns[] = {
    {"number", "No", COLUMN_SHOWN | COLUMN_RIGHT},
    {"kind", "Kind", COLUMN_SHOWN},
    {"subject", "About", COLUMN_SHOWN | COLUMN_WIDE},
    {"field", "Field", COLUMN_SHOWN},
    {"mine", "Mine", COLUMN_SHOWN | COLUMN_WIDE},
    {"theirs", "Theirs", COLUMN_SHOWN | COLUMN_WIDE},
    {"who", "By", COLUMN_SHOWN},
    {"when", "When", COLUMN_SHOWN},
    {"reasons", "Why", COLUMN_SHOWN | COLUMN_WIDE},
    {"possible", "Possible", COLUMN_SHOWN},
    {"base", "Before", 0},
    {"author", "Author", 0},
    {"subject_id", "Id of what", 0},
    {"acted_at", "Made", 0},
};
static_assert(sizeof inbox_columns / sizeof inbox_columns[0] == INBOX_COLUMN_COUNT,
              "a name for each column");

/* Refused creations stand before what hangs on them, else by number. */
static bool item_before(const struct inbox_item *a, const struct inbox_item *b)
{
    if (uuid_equal(b->group, a->id)) return true;
    return a->number < b->number;
}

bool inbox_is_missing(const struct inbox_item *item)
{
    return item->kind == INBOX_NOTICE && str_equal(item->field, STR("missing"));
}

bool inbox_is_replaced(const struct inbox_item *item)
{
    bool thing = item->subject_kind == ENTITY_DEAL || item->subject_kind == ENTITY_ORGANISATION ||
                 item->subject_kind == ENTITY_PERSON;
    return item->kind == INBOX_NOTICE && thing;
}

bool inbox_is_mine(const struct work *work, const struct inbox_item *item)
{
    /* Whoever sees one of another's is a manager; what a revoked device left, or nobody has brought
     * back since a restore, is theirs. */
    if (inbox_is_missing(item)) return true;
    if (item->kind == INBOX_NOTICE) return uuid_equal(item->concerned, work->identity.member);
    return uuid_equal(item->author, work->identity.member) ||
           uuid_equal(item->concerned, work->identity.member) ||
           str_starts_with(item->reasons, STR("device_revoked"));
}

/* Open items that wait for this member; all: everybody's that this copy has. */
static enum fault items_load(struct work *work, bool everybody, const struct inbox_item ***out,
                             size_t *count)
{
    const void **all;
    size_t total;
    *count = 0;
    enum fault fault = work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &all,
                                             &total);
    if (fault) return fault;
    const struct inbox_item **items = arena_array(work->arena, total + 1, sizeof *items);
    *out = items;
    if (!items) return FAULT_MEMORY;
    for (size_t i = 0; i < total; i++) {
        const struct inbox_item *item = all[i];
        if (item->state != INBOX_OPEN || (!everybody && !inbox_is_mine(work, item))) continue;
        size_t at = (*count)++;
        for (; at > 0 && item_before(item, items[at - 1]); at--) items[at] = items[at - 1];
        items[at] = item;
    }
    return FAULT_NONE;
}

struct str inbox_unit_say(struct work *work, const struct inbox_item *item, struct str text)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    struct str out = STR(""), currency = work->team->currency;
    const struct field *leader =
        field_by_name((enum entity_kind)item->subject_kind, item->field);
    if (!leader || unit_parse(work->arena, leader, text, values, &count)) return text;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i].field->name, "currency") == 0) currency = values[i].value.text;
    }
    for (size_t i = 0; i < count; i++) {
        struct str canonical;
        const char *name = values[i].field->name;
        if (!values[i].value.present) continue;
        if (strcmp(name, "currency") == 0 || strcmp(name, "probability_by_hand") == 0) continue;
        if (value_format(work->arena, values[i].value, &canonical)) continue;
        struct str said = text_say(work, values[i].field, canonical, currency);
        out = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(out), out.n ? ", " : "",
                           STR_ARGS(said));
    }
    return out.n > 0 ? out : STR("nothing");
}

/* The same for machines: money as decimal text, choices and things by name; absent: nothing. A unit
 * of several is name=value;name=value. */
static struct cell unit_cell(struct work *work, const struct inbox_item *item, struct str text)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count, present = 0;
    struct str out = STR(""), last = STR(""), currency = work->team->currency;
    const struct field *leader =
        field_by_name((enum entity_kind)item->subject_kind, item->field);
    struct str shown = inbox_unit_say(work, item, text);
    if (!leader || unit_parse(work->arena, leader, text, values, &count)) return cell_text(text);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(values[i].field->name, "currency") == 0) currency = values[i].value.text;
    }
    for (size_t i = 0; i < count; i++) {
        const struct field *field = values[i].field;
        if (!values[i].value.present || strcmp(field->name, "probability_by_hand") == 0) continue;
        if (value_format(work->arena, values[i].value, &last)) continue;
        struct optional number = {true, values[i].value.number};
        if (strcmp(field->name, "value") == 0) last = cell_money(work, number, currency).text;
        else last = text_say(work, field, last, currency);
        out = arena_format(work->arena, "%.*s%s%s=%.*s", STR_ARGS(out), present++ ? ";" : "",
                           field->name, STR_ARGS(unit_escape(work->arena, last)));
    }
    if (present == 0) return (struct cell){.type = CELL_NONE, .shown = shown};
    return cell_faces(present == 1 ? last : out, shown);
}

/* A change that was taken back says as little as what took it back. */
static bool event_is_void(const struct event *const *events, size_t count, size_t at)
{
    if (!uuid_is_zero(events[at]->undoes)) return true;
    for (size_t i = at + 1; i < count; i++) {
        if (uuid_equal(events[i]->undoes, events[at]->mutation)) return true;
    }
    return false;
}

/* The newest change of that unit that stands and is not the item's own, up to that time if there is
 * one; NULL: none is known. */
static enum fault theirs_event(struct work *work, const struct inbox_item *item,
                               struct optional until, const struct event **out)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    *out = NULL;
    enum fault fault = work->replica->f->events(work->replica, work->arena, item->subject,
                                                &events, &seqs, &count);
    const struct field *leader =
        field_by_name((enum entity_kind)item->subject_kind, item->field);
    for (size_t i = count; !fault && leader && !*out && i-- > 0;) {
        const struct field *field = field_by_name(leader->entity, events[i]->field);
        bool about = events[i]->what == EVENT_FIELD && field && field_same_unit(field, leader);
        if (!about || uuid_equal(events[i]->mutation, item->mutation)) continue;
        if (until.has && events[i]->recorded_at.v > until.v) continue;
        if (!event_is_void(events, count, i)) *out = events[i];
    }
    return fault;
}

/* Who made what stood in the way, and when; not who changed it again since. */
static enum fault theirs_find(struct work *work, const struct inbox_item *item, struct cell *who,
                              struct cell *when)
{
    const struct event *event;
    enum fault fault = theirs_event(work, item, item->recorded_at, &event);
    if (fault || !event) return fault;
    *who = cell_text(name_of_member(work, event->who));
    *when = cell_time(work, event->recorded_at);
    when->shown = moment_say(work, event->recorded_at);
    return FAULT_NONE;
}

struct str inbox_reason_say(struct work *work, const struct reason *reason)
{
    struct place places[REASON_PLACES];
    work_reason_places(work, reason, places);
    return sentence_fill(work->arena, reason_sentence(reason->code), places, REASON_PLACES);
}

static struct cell reasons_cell(struct work *work, struct str packed)
{
    struct reasons reasons;
    struct str text = STR("");
    if (packed.n == 0) return (struct cell){.type = CELL_NONE};
    if (reasons_parse(work->arena, packed, &reasons)) return cell_text(packed);
    struct reason_said *said =
        arena_array(work->arena, reasons.count + 1, sizeof *said);
    if (!said) return (struct cell){.type = CELL_NONE};
    for (size_t i = 0; i < reasons.count; i++) {
        work_reason_parts(work, &reasons.items[i], &said[i]);
        said[i].message = inbox_reason_say(work, &reasons.items[i]);
        text = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(text), text.n ? "; " : "",
                            STR_ARGS(said[i].message));
    }
    return (struct cell){.type = CELL_REASONS, .text = text, .shown = text,
                         .reasons = said, .reason_count = reasons.count};
}

/* What a refused creation would be called: its own words. */
static struct str creation_say(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return STR_NONE;
    for (size_t i = 0; i < mutation.edit_count; i++) {
        const struct field *field = mutation.edits[i].field;
        if (!field) continue;
        if (strcmp(field->name, "title") == 0 || strcmp(field->name, "name") == 0 ||
            strcmp(field->name, "text") == 0) {
            return mutation.edits[i].want.text;
        }
    }
    return STR_NONE;
}

static struct str subject_say(struct work *work, const struct inbox_item *item)
{
    const void *creation;
    struct str name = name_of(work, (enum entity_kind)item->subject_kind, item->subject);
    if (name.n > 0) return name;
    name = creation_say(work, item);
    if (name.n > 0) return name;
    /* A change of what was refused itself. */
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX,
                                                inbox_creation_id(item->subject), false,
                                                &creation);
    return fault ? STR_NONE : creation_say(work, creation);
}

/* What a parked mutation wanted, in short. */
static struct str wanted_say(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    struct str out = STR(""), currency = work->team->currency;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return STR_NONE;
    for (size_t i = 0; i < mutation.edit_count; i++) {
        const struct edit *edit = &mutation.edits[i];
        struct str canonical;
        if (!edit->field) continue;
        if (edit->field->type != VALUE_SET && value_equal(edit->base, edit->want)) continue;
        struct value want = edit->field->type == VALUE_SET ? value_set(edit->add) : edit->want;
        if (value_format(work->arena, want, &canonical)) continue;
        struct str said = text_say(work, edit->field, canonical, currency);
        /* The amount has its currency; what was refused as well has no name yet. */
        if (said.n == 0 || strcmp(edit->field->name, "currency") == 0) continue;
        out = arena_format(work->arena, "%.*s%s%s: %.*s", STR_ARGS(out), out.n ? ", " : "",
                           edit->field->label, STR_ARGS(said));
    }
    return out;
}

static enum fault item_cells(struct work *work, const struct inbox_item *item,
                             struct cell *cells)
{
    enum fault fault = FAULT_NONE;
    const struct field *kind = field_by_name(ENTITY_INBOX, STR("kind"));
    const struct field *field = field_by_name((enum entity_kind)item->subject_kind, item->field);
    bool conflict = item->kind == INBOX_CONFLICT;
    cells[0] = cell_number(work->arena, item->number);
    cells[1] = cell_field(work, kind, item);
    cells[2] = cell_text(subject_say(work, item));
    cells[3] = cell_faces(item->field, field ? str_from(field->label) : item->field);
    if (conflict) {
        cells[4] = unit_cell(work, item, item->mine);
        cells[5] = unit_cell(work, item, item->theirs);
        cells[10] = unit_cell(work, item, item->base);
        fault = theirs_find(work, item, &cells[6], &cells[7]);
    } else if (inbox_is_replaced(item)) {
        cells[4] = unit_cell(work, item, item->mine);
        cells[5] = unit_cell(work, item, item->theirs);
        cells[6] = cell_text(name_of_member(work, item->author));
        cells[7] = cell_time(work, item->recorded_at);
    } else {
        cells[4] = cell_text(item->kind == INBOX_NOTICE ? item->mine : wanted_say(work, item));
        if (inbox_is_missing(item)) { /* the numbers, from and to */
            cells[5] = cell_text(item->theirs);
            cells[10] = cell_text(item->base);
        }
        cells[7] = cell_time(work, item->recorded_at);
    }
    cells[8] = reasons_cell(work, item->reasons);
    cells[9] = cell_text(conflict                         ? STR("resolve")
                         : item->kind == INBOX_NOTICE ? STR("discard")
                                                      : STR("retry, discard"));
    cells[INBOX_ACTED_COLUMN] = cell_time(work, item->acted_at);
    cells[11] = cell_text(name_of_member(work, item->author));
    char id[UUID_TEXT_LENGTH + 1];
    uuid_format(item->subject, id);
    cells[12] = cell_text(arena_str(work->arena, str_from(id)));
    return fault;
}

/* --- what would be sent again --- */

/* What was wanted, on what stands now. */
static void retry_edits(struct wish *wish, const struct mutation *old)
{
    for (size_t i = 0; i < old->edit_count && i < MUTATION_CHANGES_MAX; i++) {
        struct edit edit = old->edits[i];
        bool based = edit.field && edit.field->type != VALUE_SET && wish->current &&
                     old->kind == MUTATION_EDIT;
        if (based) {
            /* What it did not want to change is taken as it stands now; so is the base of what is
             * guarded, which would be refused for ever. Else the base stays: what somebody changed
             * since becomes a conflict that shows both, and is not overwritten unseen. */
            bool unchanged = value_equal(edit.base, edit.want);
            struct value stands = field_get(edit.field, wish->current);
            if (unchanged || (edit.field->flags & FIELD_GUARDED)) edit.base = stands;
            if (unchanged) edit.want = stands;
        }
        wish->edits[wish->count++] = edit;
    }
}

/* *possible: it can be sent again at all. The wish borrows from *old. */
static enum fault retry_wish(struct work *work, const struct inbox_item *item,
                             struct mutation *old, struct wish *wish, bool *possible)
{
    const void *current = NULL;
    *possible = item->kind == INBOX_PARKED &&
                codec_mutation_unpack(work->arena, item->payload, old) == FAULT_NONE;
    if (!*possible) return FAULT_NONE;
    enum entity_kind kind = (enum entity_kind)old->entity;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, kind, old->target,
                                                false, &current);
    if (fault == FAULT_NOT_FOUND) current = NULL;
    else if (fault) return fault;
    wish_init(wish, kind, old->target, old->kind == MUTATION_EDIT ? current : NULL);
    retry_edits(wish, old);
    old->resolves = item->id;
    old->resolution = INBOX_RESENT;
    wish->again = old;
    return FAULT_NONE;
}

/* Were it sent again now: would it go through, and if not, why? Neither: it is none of ours to send. */
static enum fault retry_would(struct work *work, const struct inbox_item *item, bool *would,
                              struct reasons *would_not)
{
    struct mutation old;
    struct wish wish;
    bool possible;
    *would = false;
    would_not->count = 0;
    if (!uuid_equal(item->author, work->identity.member)) return FAULT_NONE;
    enum fault fault = retry_wish(work, item, &old, &wish, &possible);
    if (fault || !possible) return fault;
    return wish_would(work, &wish, would, would_not);
}

static bool is_dependent(const struct inbox_item *const *items, size_t count,
                         const struct inbox_item *item)
{
    for (size_t i = 0; i < count && !uuid_is_zero(item->group); i++) {
        if (uuid_equal(items[i]->id, item->group)) return true;
    }
    return false;
}

/* Those of the items that hang on this one, however far, in order; how many. */
static size_t items_with(const struct inbox_item *const *items, size_t count,
                         const struct inbox_item *root, const struct inbox_item **out)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        bool hangs = uuid_equal(items[i]->group, root->id);
        for (size_t k = 0; k < found && !hangs; k++) {
            hangs = uuid_equal(items[i]->group, out[k]->id);
        }
        if (hangs && !uuid_is_zero(items[i]->group) && items[i] != root) out[found++] = items[i];
    }
    return found;
}

static enum fault story_tell(struct work *work, const struct inbox_item *const *items, size_t count,
                             const struct inbox_item *item, const struct cell *cells,
                             struct answer *answer)
{
    struct inbox_told told = {.item = item, .cells = cells};
    const struct inbox_item **with = arena_array(work->arena, count, sizeof *with);
    if (!with) return FAULT_MEMORY;
    told.with_count = items_with(items, count, item, with);
    struct cell(*rows)[INBOX_COLUMN_COUNT] =
        arena_array(work->arena, told.with_count + 1, sizeof *rows);
    if (!rows) return FAULT_MEMORY;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < told.with_count && !fault; i++) {
        fault = item_cells(work, with[i], rows[i]);
    }
    told.with = with;
    told.with_cells = (const struct cell(*)[INBOX_COLUMN_COUNT])rows;
    if (!fault && item->kind == INBOX_PARKED) {
        fault = retry_would(work, item, &told.would, &told.would_not);
    }
    return fault ? fault : inbox_story(work, &told, answer);
}

static enum fault inbox_list(struct work *work, const struct request *request,
                             struct answer *answer)
{
    const struct inbox_item **items;
    size_t count;
    bool everybody = request_option(request, "all") != NULL, first = true;
    enum fault fault = items_load(work, everybody, &items, &count);
    answer_table(answer, SHAPE_TABLE, inbox_columns, INBOX_COLUMN_COUNT);
    answer->machine_only = true; /* people are told a story */
    for (size_t i = 0; i < count && !fault; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        fault = item_cells(work, items[i], cells);
        /* What hangs on another is told with that. */
        if (fault || request->machine || is_dependent(items, count, items[i])) continue;
        if (!first) answer_say(answer, NOTE_RESULT, "");
        first = false;
        fault = story_tell(work, items, count, items[i], cells, answer);
    }
    if (!fault && count == 0) answer_say(answer, NOTE_TALK, "nothing needs attention");
    return fault;
}

/* --- resolving --- */

static enum fault item_find(struct work *work, struct str text, struct answer *answer,
                            const struct inbox_item **out)
{
    const struct inbox_item **items;
    size_t count;
    int64_t number = 0;
    *out = NULL;
    bool numeric = str_to_int64(text, &number) == FAULT_NONE;
    enum fault fault = items_load(work, true, &items, &count);
    for (size_t i = 0; i < count && !fault && numeric; i++) {
        if (items[i]->number == number) *out = items[i];
    }
    if (!fault && !*out) {
        FAIL(answer, ERROR_NOT_FOUND,
             "there is no open item {number}; `sluice inbox` shows what there is",
             {"number", text});
    }
    return fault;
}

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
    fault = theirs_event(work, item, now, &stood); /* who is told that it went */
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
         {"title", subject_say(work, item)}, {"value", inbox_unit_say(work, item, stands)});
    return FAULT_NONE;
}

/* --- sending again --- */

static enum fault retry_options(struct work *work, const struct request *request,
                                struct wish *wish, struct answer *answer, bool *fine)
{
    const struct request_option *check = request_option(request, "check");
    enum fault fault = wish_options(work, request, wish, answer, fine);
    if (fault || !*fine || !check || wish->kind != ENTITY_DEAL) return fault;
    struct str pipeline = work->definition.pipeline_count > 0 ? work->definition.pipelines[0].key
                                                              : STR_NONE;
    if (wish->current) pipeline = ((const struct deal *)wish->current)->pipeline;
    fault = wish_checks(work, pipeline, check->value, wish, answer);
    *fine = answer->code == ANSWER_OK;
    return fault;
}

/* request: its options mend the wish; NULL for what hangs on another item. */
static enum fault item_retry(struct work *work, const struct request *request,
                             const struct inbox_item *item, struct answer *answer)
{
    struct mutation old;
    struct wish wish;
    bool done, fine = true, possible;
    enum fault fault = retry_wish(work, item, &old, &wish, &possible);
    if (fault) return fault;
    if (!possible) {
        answer_fail(answer, ERROR_WRONG_ITEM,
                    item->kind == INBOX_CONFLICT
                        ? "this is a conflict: `inbox resolve N --mine`, --theirs or --set VALUE"
                        : "this item cannot be sent again; `inbox discard N` closes it");
        return FAULT_NONE;
    }
    if (request) fault = retry_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    if (!wish.happened_at.has) wish.happened_at = old.happened_at;
    fault = wish_submit(work, &wish, STR("inbox retry"), answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT, "Item {number} is sent again: {what}",
         {"number", arena_format(work->arena, "%lld", (long long)item->number)},
         {"what", subject_say(work, item)});
    return wish_tell_date(work, &wish, answer);
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
    enum fault fault = items_load(work, true, &items, &count); /* creations stand first */
    if (!fault) {
        fault = retry ? item_retry(work, request, item, answer)
                      : item_close(work, item, INBOX_DISCARDED, answer);
    }
    for (size_t i = 0; !fault && i < count && answer->code == ANSWER_OK; i++) {
        bool hangs = !uuid_is_zero(items[i]->group) && group_has(group, known, items[i]->group);
        if (!hangs || uuid_equal(items[i]->id, item->id)) continue;
        if (known < GROUP_MAX) group[known++] = items[i]->id;
        fault = retry ? item_retry(work, NULL, items[i], answer)
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
    enum fault fault = item_find(work, request->arguments[1], answer, &item);
    if (fault || !item) return fault;
    if (resolve) return item_resolve(work, request, item, answer);
    if (!retry && item->kind == INBOX_CONFLICT) {
        answer_fail(answer, ERROR_WRONG_ITEM,
                    "this is a conflict: `inbox resolve N --mine`, --theirs or --set VALUE");
        return FAULT_NONE;
    }
    return item_group(work, request, item, retry, answer);
}
