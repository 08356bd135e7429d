/* work_history.c - `history DEAL`: who changed what from what to what, and when; and --restore, which
 * gives one field back the value it had.
 *
 * Lines are numbered as the events are, oldest first; a line is never given another number by what
 * the server adds behind it. What means something only together is shown and restored together.
 * Restoring is an edit like any other: its base is what is shown, the rules judge it, undo takes it
 * back. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

enum {
    HISTORY_NUMBER, HISTORY_WHEN, HISTORY_WHO, HISTORY_WHAT, HISTORY_FIELD, HISTORY_FROM,
    HISTORY_TO, HISTORY_RECORDED, HISTORY_SEQ
};

static const struct column history_columns[] = {
    [HISTORY_NUMBER] = {"number", "No", COLUMN_SHOWN | COLUMN_RIGHT},
    [HISTORY_WHEN] = {"when", "When", COLUMN_SHOWN},
    [HISTORY_WHO] = {"who", "Who", COLUMN_SHOWN},
    [HISTORY_WHAT] = {"what", "What", COLUMN_SHOWN},
    [HISTORY_FIELD] = {"field", "Field", COLUMN_SHOWN},
    [HISTORY_FROM] = {"from", "From", COLUMN_SHOWN | COLUMN_WIDE},
    [HISTORY_TO] = {"to", "To", COLUMN_SHOWN | COLUMN_WIDE},
    [HISTORY_RECORDED] = {"recorded_at", "Recorded", 0},
    [HISTORY_SEQ] = {"seq", "Seq", COLUMN_RIGHT},
};
const struct columns history_table = COLUMNS(history_columns);

struct deal_past {
    const struct deal *deal;
    const struct event **events;
    uint64_t *seqs;
    size_t count;
};

static const struct field *event_field(const struct event *event)
{
    if (event->what != EVENT_FIELD) return NULL;
    return field_by_name((enum entity_kind)event->subject_kind, event->field);
}

/* What the same act said of another field; NULL: nothing. */
static const struct event *event_beside(const struct deal_past *past, const struct event *event,
                                        const char *field)
{
    for (size_t i = 0; i < past->count; i++) {
        const struct event *other = past->events[i];
        if (other->what != EVENT_FIELD || !uuid_equal(other->mutation, event->mutation)) continue;
        if (str_equal(other->field, str_from(field))) return other;
    }
    return NULL;
}

/* --- showing --- */

static struct cell stage_cell(struct work *work, const struct event *event, struct str key,
                              int64_t status)
{
    const struct field *field = field_by_name(ENTITY_DEAL, STR("status"));
    const struct pipeline *pipeline = definition_pipeline(&work->definition, event->pipeline);
    const struct stage *stage = pipeline ? pipeline_stage(pipeline, key) : NULL;
    struct str name = stage ? stage->name : key;
    const char *status_name = field_choice_name(field, status);
    if (status != STATUS_ICED && status != STATUS_DISCARDED) return cell_faces(key, name);
    return cell_faces(key, arena_format(work->arena, "%.*s, %s", STR_ARGS(name), status_name));
}

static const char *what_word(const struct event *event)
{
    if (!uuid_is_zero(event->undoes)) return "took back";
    switch ((enum event_what)event->what) {
    case EVENT_CREATED: return "added";
    case EVENT_STAGE: return "moved";
    case EVENT_FIELD: return "changed";
    case EVENT_DELETED: return "deleted";
    case EVENT_IMPORTED: return "imported";
    case EVENT_NONE: break;
    }
    return "";
}

static bool is_called(const struct field *field, const char *name)
{
    return strcmp(field->name, name) == 0;
}

/* One side of a change as people say it. */
static struct str side_say(struct work *work, const struct deal_past *past,
                           const struct event *event, const struct field *field, bool from)
{
    struct str value = from ? event->from_value : event->to_value;
    struct str currency = event->currency;
    if (is_called(field, "probability_by_hand")) {
        return value.n > 0 && !str_equal(value, STR("false")) ? STR("by hand") : STR("the stage's");
    }
    if (is_called(field, "probability")) {
        if (value.n == 0) return STR("the stage's");
        return arena_format(work->arena, "%.*s %%, by hand", STR_ARGS(value));
    }
    if (is_called(field, "value")) { /* the currency it was in then */
        const struct event *beside = event_beside(past, event, "currency");
        if (beside) currency = from ? beside->from_value : beside->to_value;
    }
    return text_say(work, field, value, currency);
}

/* The same for machines: money as decimal text, things by name. */
static struct str side_text(struct work *work, const struct deal_past *past,
                            const struct event *event, const struct field *field, bool from)
{
    struct str value = from ? event->from_value : event->to_value;
    struct optional amount = {true, 0};
    if (is_called(field, "value") && str_to_int64(value, &amount.v) == FAULT_NONE) {
        const struct event *beside = event_beside(past, event, "currency");
        struct str currency = event->currency;
        if (beside) currency = from ? beside->from_value : beside->to_value;
        return cell_money(work, amount, currency).text;
    }
    if (field->type != VALUE_REFERENCE || value.n == 0) return value;
    return text_say(work, field, value, event->currency);
}

/* What is told with another line of the same act already. */
static bool line_is_told(const struct deal_past *past, const struct event *event)
{
    const struct field *field = event_field(event);
    if (!field) return false;
    if (is_called(field, "currency")) return event_beside(past, event, "value") != NULL;
    return is_called(field, "probability_by_hand") &&
           event_beside(past, event, "probability") != NULL;
}

static void field_cells(struct work *work, const struct deal_past *past, const struct event *event,
                        struct cell *cells)
{
    const struct field *field = event_field(event);
    cells[HISTORY_FIELD] = cell_text(event->field);
    if (!field) {
        cells[HISTORY_FROM] = cell_text(event->from_value);
        cells[HISTORY_TO] = cell_text(event->to_value);
        return;
    }
    bool by_hand = is_called(field, "probability_by_hand");
    cells[HISTORY_FIELD].shown = by_hand ? STR("Probability") : str_from(field->label);
    cells[HISTORY_FROM] = cell_text(side_text(work, past, event, field, true));
    cells[HISTORY_TO] = cell_text(side_text(work, past, event, field, false));
    cells[HISTORY_FROM].shown = side_say(work, past, event, field, true);
    cells[HISTORY_TO].shown = side_say(work, past, event, field, false);
}

static void history_cells(struct work *work, const struct deal_past *past, size_t i,
                          struct cell *cells)
{
    const struct event *event = past->events[i];
    const struct field *what = field_by_name(ENTITY_EVENT, STR("what"));
    cells[HISTORY_NUMBER] = cell_number(work->arena, (int64_t)i + 1);
    cells[HISTORY_WHEN] = cell_time(work, event->happened_at);
    cells[HISTORY_WHEN].shown = moment_full_say(work, event->happened_at);
    cells[HISTORY_WHO] = cell_text(name_of_member(work, event->who));
    cells[HISTORY_WHAT] = cell_field(work, what, event);
    cells[HISTORY_WHAT].shown = str_from(what_word(event));
    cells[HISTORY_RECORDED] = cell_time(work, event->recorded_at);
    if (past->seqs[i] > 0) cells[HISTORY_SEQ] = cell_number(work->arena, (int64_t)past->seqs[i]);
    if (event->what == EVENT_FIELD) {
        field_cells(work, past, event, cells);
        return;
    }
    cells[HISTORY_FIELD] = cell_faces(STR("stage"), STR("Stage"));
    cells[HISTORY_FROM] = stage_cell(work, event, event->from_stage, event->from_status);
    cells[HISTORY_TO] = stage_cell(work, event, event->to_stage, event->to_status);
}

/* --- what it was --- */

/* What stood in that field before this event; false: the event does not tell of it. */
static enum fault before_event(struct work *work, const struct event *event,
                               const struct field *field, struct value *out, bool *told)
{
    bool moved = event->what == EVENT_STAGE;
    *told = true;
    if (event->what == EVENT_FIELD && str_equal(event->field, str_from(field->name))) {
        return value_parse(work->arena, field->type, event->from_value, out);
    }
    if (moved && is_called(field, "stage")) {
        *out = value_text(event->from_stage);
    } else if (moved && is_called(field, "status")) {
        *out = value_number(VALUE_CHOICE, event->from_status);
    } else if (moved && is_called(field, "pipeline") &&
               str_equal(event->field, STR("pipeline"))) {
        *out = value_text(event->from_value);
    } else {
        *told = false;
    }
    return FAULT_NONE;
}

/* After the first n events: what the next one that tells of it found, else what stands. */
static enum fault value_after(struct work *work, const struct deal_past *past, size_t n,
                              const struct field *field, struct value *out)
{
    bool told = false;
    enum fault fault = FAULT_NONE;
    *out = field_get(field, past->deal);
    for (size_t i = n; i < past->count && !fault && !told; i++) {
        struct value before;
        fault = before_event(work, past->events[i], field, &before, &told);
        if (!fault && told) *out = before;
    }
    return fault;
}

static enum fault set_wish(struct work *work, struct wish *wish, const struct field *field,
                           struct text_set then, struct text_set now)
{
    struct str add[SET_ITEMS_MAX], remove[SET_ITEMS_MAX];
    size_t add_count = 0, remove_count = 0;
    struct text_set adds, removes;
    for (size_t i = 0; i < then.count && add_count < SET_ITEMS_MAX; i++) {
        if (!text_set_has(now, then.items[i])) add[add_count++] = then.items[i];
    }
    for (size_t i = 0; i < now.count && remove_count < SET_ITEMS_MAX; i++) {
        if (!text_set_has(then, now.items[i])) remove[remove_count++] = now.items[i];
    }
    enum fault fault = text_set_make(work->arena, add, add_count, &adds);
    if (!fault) fault = text_set_make(work->arena, remove, remove_count, &removes);
    if (!fault) wish_change_set(wish, field->name, adds, removes);
    return fault;
}

/* The whole unit as it was after the first n events. */
static enum fault restore_wish(struct work *work, const struct deal_past *past, size_t n,
                               const struct field *field, struct wish *wish)
{
    const struct field *fields[UNIT_FIELDS_MAX];
    size_t count = unit_fields(field_unit_leader(field), fields);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < count && !fault; i++) {
        struct value then;
        fault = value_after(work, past, n, fields[i], &then);
        if (fault) break;
        if (fields[i]->type != VALUE_SET) {
            wish_set(wish, fields[i]->name, then);
            continue;
        }
        fault = set_wish(work, wish, fields[i], then.set, field_get(fields[i], past->deal).set);
    }
    return fault;
}

/* --- which line --- */

static enum fault tells_unit(struct work *work, const struct event *event,
                             const struct field *leader, bool *tells)
{
    const struct field *fields[UNIT_FIELDS_MAX];
    size_t count = unit_fields(leader, fields);
    enum fault fault = FAULT_NONE;
    *tells = false;
    for (size_t i = 0; i < count && !fault && !*tells; i++) {
        struct value before;
        fault = before_event(work, event, fields[i], &before, tells);
    }
    return fault;
}

/* How many events there were before the last act that changed the unit; false: none did. */
static enum fault last_change(struct work *work, const struct deal_past *past,
                              const struct field *field, size_t *n, bool *found)
{
    const struct field *leader = field_unit_leader(field);
    *found = false;
    for (size_t i = past->count; i-- > 0;) {
        bool tells;
        enum fault fault = tells_unit(work, past->events[i], leader, &tells);
        if (fault) return fault;
        bool same = *found && uuid_equal(past->events[i]->mutation, past->events[*n]->mutation);
        if (*found && !same) break;
        if (!tells) continue;
        *found = true;
        *n = i;
    }
    return FAULT_NONE;
}

/* An act is one, whichever of its lines is named. */
static size_t act_end(const struct deal_past *past, size_t line)
{
    size_t n = line;
    while (n < past->count &&
           uuid_equal(past->events[n]->mutation, past->events[line - 1]->mutation)) {
        n++;
    }
    return n;
}

static bool field_can_come_back(const struct field *field)
{
    return field && (field->flags & FIELD_EDITABLE) != 0;
}

static void field_refuse(struct work *work, struct str name, struct answer *answer)
{
    size_t count;
    struct str list = STR("");
    const struct field *fields = fields_of(ENTITY_DEAL, &count);
    for (size_t i = 0; i < count; i++) {
        if (!field_can_come_back(&fields[i]) || field_unit_leader(&fields[i]) != &fields[i]) {
            continue;
        }
        const char *word = is_called(&fields[i], "pipeline") ? "stage" : fields[i].name;
        list = arena_format(work->arena, "%.*s%s%s", STR_ARGS(list), list.n ? ", " : "", word);
    }
    FAIL(answer, ERROR_UNKNOWN_FIELD,
         "there is no field \"{name}\" that could be restored; there are: {list}", {"name", name},
         {"list", list});
}

/* "value@3": after line 3; "value": before it was changed last. *field NULL: the answer tells the
 * mistake. */
static enum fault restore_parse(struct work *work, const struct deal_past *past, struct str text,
                                const struct field **field, size_t *n, struct answer *answer)
{
    size_t at = str_find(text, '@');
    struct str name = str_trim(str_slice(text, 0, at)), line = str_slice(text, at + 1, text.n);
    const struct field *named = field_by_name(ENTITY_DEAL, name);
    int64_t number = 0;
    bool found = true;
    *field = NULL;
    if (!field_can_come_back(named)) {
        field_refuse(work, name, answer);
        return FAULT_NONE;
    }
    if (at < text.n) {
        bool good = str_to_int64(line, &number) == FAULT_NONE && number >= 1 &&
                    (uint64_t)number <= past->count;
        if (!good) {
            FAIL(answer, ERROR_NOT_FOUND,
                 "the history has no line {line}; `sluice history` numbers them 1 to {last}",
                 {"line", line},
                 {"last", arena_format(work->arena, "%zu", past->count)});
            return FAULT_NONE;
        }
        *n = act_end(past, (size_t)number);
    } else {
        enum fault fault = last_change(work, past, named, n, &found);
        if (fault) return fault;
    }
    if (!found) {
        FAIL(answer, ERROR_NOTHING_TO_CHANGE, "{field} of {title} was never anything else",
             {"field", str_from(named->label)}, {"title", past->deal->title});
        return FAULT_NONE;
    }
    *field = named;
    return FAULT_NONE;
}

static const struct edit *wish_edit_of(const struct wish *wish, const char *name)
{
    for (size_t i = 0; i < wish->count; i++) {
        if (strcmp(wish->edits[i].field->name, name) == 0) return &wish->edits[i];
    }
    return NULL;
}

/* What is won or lost stays so by this: opening it again is a word of its own, and its checks are
 * what it was won by. True: the answer says so. */
static bool restore_reopens(struct work *work, const struct deal *deal, const struct field *field,
                            const struct wish *wish, struct answer *answer)
{
    const struct edit *status = wish_edit_of(wish, "status"), *stage = wish_edit_of(wish, "stage");
    bool closed = deal->status == STATUS_WON || deal->status == STATUS_LOST;
    bool opens = status && status->want.number != deal->status;
    struct reasons reasons = {.count = 0};
    const char *name = field_choice_name(field_by_name(ENTITY_DEAL, STR("status")), deal->status);
    if (!closed || (!opens && !is_called(field, "checks"))) return false;
    reasons_add(&reasons, (struct reason){.code = REASON_DEAL_CLOSED,
                                          .value = name ? str_from(name) : STR_NONE});
    answer_refuse(answer, &reasons);
    struct str to = stage && opens ? stage->want.text : STR_NONE;
    answer->mend_title = "open it again:";
    answer->mend = arena_format(work->arena, "sluice deal reopen %.*s%s%.*s",
                                STR_ARGS(name_short(work, ENTITY_DEAL, deal->id)),
                                to.n > 0 ? " " : "", STR_ARGS(to));
    return true;
}

/* "Value of r4mqg Roof, as line 5 left it" */
static struct str restore_called(struct work *work, const struct deal_past *past,
                                 const struct field *field, size_t n)
{
    struct str as = STR("");
    if (n > 0) as = arena_format(work->arena, ", as line %zu left it", n);
    return arena_format(work->arena, "%s of %.*s %.*s%.*s", field->label,
                        STR_ARGS(name_short(work, ENTITY_DEAL, past->deal->id)),
                        STR_ARGS(past->deal->title), STR_ARGS(as));
}

static enum fault history_restore(struct work *work, const struct deal_past *past, struct str text,
                                  struct answer *answer)
{
    const struct field *field;
    struct wish wish;
    bool done;
    size_t n = 0;
    enum fault fault = restore_parse(work, past, text, &field, &n, answer);
    if (fault || !field) return fault;
    wish_init(&wish, ENTITY_DEAL, past->deal->id, past->deal);
    fault = restore_wish(work, past, n, field, &wish);
    if (fault) return fault;
    struct str called = restore_called(work, past, field, n);
    answer->refused = arena_format(work->arena, "cannot restore %.*s; nothing was changed",
                                   STR_ARGS(called));
    if (restore_reopens(work, past->deal, field, &wish, answer)) return FAULT_NONE;
    struct str summary = arena_format(work->arena, "history %.*s --restore %s",
                                      STR_ARGS(past->deal->title), field->name);
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (!done) {
        answer->machine_only = true;
        NOTE(answer, NOTE_TALK, "{field} of {title} is so already; nothing was changed",
             {"field", str_from(field->label)}, {"title", past->deal->title});
        return deal_record(work, past->deal, answer);
    }
    bool stage = field_same_unit(field, field_by_name(ENTITY_DEAL, STR("stage")));
    return deal_said(work, &wish,
                     stage ? "Restored {what}: {stage}" : "Restored {what}", called, answer);
}

enum fault deal_history(struct work *work, const struct request *request, struct answer *answer)
{
    const void *found;
    struct deal_past past;
    const struct request_option *restore = request_option(request, "restore");
    enum fault fault = name_find(work, ENTITY_DEAL, request->arguments[0], answer, &found);
    if (fault || !found) return fault;
    past.deal = found;
    fault = work->replica->f->events(work->replica, work->arena, past.deal->id, &past.events,
                                     &past.seqs, &past.count);
    if (fault) return fault;
    if (restore) return history_restore(work, &past, restore->value, answer);
    answer_table(answer, SHAPE_TABLE, history_columns,
                 sizeof history_columns / sizeof history_columns[0]);
    for (size_t i = 0; i < past.count; i++) {
        if (!request->script && line_is_told(&past, past.events[i])) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        history_cells(work, &past, i, cells);
    }
    return FAULT_NONE;
}
