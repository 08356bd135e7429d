/* import_update.c - a row whose deal is here already: what the file says differently. Called by
 * import.c.
 *
 * Three values per field: what stands here, what the file says, and what the last import brought.
 *   file = here          nothing to do
 *   file = last import   somebody changed it here since: kept
 *   else                 the file has news: told, or with `update` an edit whose base is what the
 *                        last import brought, so that what was changed on both sides conflicts
 * Invariant: without `update` nothing is written. */
#include "client/exchange/import_inside.h"

#include <string.h>

struct difference {
    const struct field *field;
    struct value here, base, want;
    struct text_set add; /* for sets */
    bool news;
};

struct comparison {
    struct importer *im;
    const struct csv_record *record;
    struct row_parts *parts;
    const struct deal *deal;
    const struct event **events;
    size_t event_count;
    bool events_known, imported; /* it came with an import */
    struct difference items[ROW_EDITS_MAX];
    size_t count;
    bool news, kept, moves;
};

/* Batches of imports are derived from their file; all others are stamped. */
static bool event_is_import(const struct event *event)
{
    return event->what == EVENT_IMPORTED ||
           (!uuid_is_zero(event->batch) && event->batch.b[6] >> 4 == 8);
}

static enum fault events_load(struct comparison *c)
{
    struct importer *im = c->im;
    uint64_t *seqs;
    if (c->events_known) return FAULT_NONE;
    c->events_known = true;
    enum fault fault = im->replica->f->events(im->replica, &im->chunk, c->deal->id, &c->events,
                                              &seqs, &c->event_count);
    for (size_t i = 0; !fault && i < c->event_count; i++) {
        c->imported |= c->events[i]->what == EVENT_IMPORTED;
    }
    return fault;
}

/* What the last import brought; of a deal of our own, what stands. */
static enum fault base_find(struct comparison *c, const struct field *field, struct value here,
                            struct value *out)
{
    enum fault fault = events_load(c);
    bool known = false;
    struct str text = STR_NONE;
    *out = here;
    for (size_t i = 0; !fault && c->imported && i < c->event_count; i++) {
        const struct event *event = c->events[i];
        bool stage = event->what == EVENT_STAGE || event->what == EVENT_IMPORTED;
        if (stage && strcmp(field->name, "stage") == 0) {
            if (event_is_import(event)) *out = value_text(event->to_stage);
        } else if (stage && strcmp(field->name, "status") == 0) {
            if (event_is_import(event)) *out = value_number(VALUE_CHOICE, event->to_status);
        } else if (event->what == EVENT_FIELD && str_equal(event->field, str_from(field->name))) {
            if (event_is_import(event)) text = event->to_value;
            else if (!known) text = event->from_value;
            known = true;
        }
    }
    if (fault || !known) return fault;
    return value_parse(&c->im->chunk, field->type, text, out);
}

static enum fault difference_add(struct comparison *c, const struct field *field, struct value want)
{
    struct value here = field_get(field, c->deal), base;
    if (value_equal(here, want) || c->count == ROW_EDITS_MAX) return FAULT_NONE;
    enum fault fault = base_find(c, field, here, &base);
    bool news = !value_equal(base, want);
    c->items[c->count++] = (struct difference){
        .field = field, .here = here, .base = base, .want = want, .news = news};
    c->news |= news;
    c->kept |= !news;
    return fault;
}

static enum fault set_compare(struct comparison *c, const struct edit *edit)
{
    struct value here = field_get(edit->field, c->deal), base;
    struct str missing[SET_ITEMS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < edit->add.count && count < SET_ITEMS_MAX; i++) {
        if (!text_set_has(here.set, edit->add.items[i])) missing[count++] = edit->add.items[i];
    }
    if (count == 0 || c->count == ROW_EDITS_MAX) return FAULT_NONE;
    enum fault fault = base_find(c, edit->field, here, &base);
    /* An item the last import brought and that is gone was taken away here. */
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        if (!text_set_has(base.set, missing[i])) missing[fresh++] = missing[i];
    }
    struct difference *item = &c->items[c->count++];
    *item = (struct difference){.field = edit->field, .here = here, .base = base,
                                .news = fresh > 0};
    c->news |= fresh > 0;
    c->kept |= fresh == 0;
    if (!fault) fault = text_set_make(&c->im->chunk, missing, fresh, &item->add);
    item->want = value_set(item->add);
    return fault;
}

static enum fault edit_compare(struct comparison *c, const struct edit *edit)
{
    static const char *const apart[] = {"external_id", "pipeline", "stage", "status"};
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        if (strcmp(edit->field->name, apart[i]) == 0) return FAULT_NONE;
    }
    if (edit->field->type == VALUE_SET) return set_compare(c, edit);
    struct value want = edit->want;
    if (want.type == VALUE_TEXT) {
        bool lines = (edit->field->flags & FIELD_LINES) != 0;
        struct str normal;
        if (text_is_clean(want.text, lines) &&
            text_normalise(&c->im->chunk, want.text, lines, &normal) == FAULT_NONE) {
            want = value_text(normal);
        }
    }
    return difference_add(c, edit->field, want);
}

/* Where the file says the deal stands; a won or lost one stands at the end. */
static void place_of(const struct row_parts *parts, const struct stage **stage, int64_t *status)
{
    *stage = parts->stage;
    *status = parts->status ? parts->status : STATUS_OPEN;
    if (*status == STATUS_OPEN && parts->stage->kind == STAGE_WON) *status = STATUS_WON;
    if (*status == STATUS_OPEN && parts->stage->kind == STAGE_LOST) *status = STATUS_LOST;
    enum stage_kind end = *status == STATUS_WON ? STAGE_WON : STAGE_LOST;
    if (*status == STATUS_WON || *status == STATUS_LOST) {
        *stage = pipeline_stage_of_kind(parts->pipeline, end);
    }
}

static enum fault place_compare(struct comparison *c)
{
    const struct stage *stage;
    int64_t status;
    place_of(c->parts, &stage, &status);
    if (!stage || !str_equal(c->parts->pipeline->key, c->deal->pipeline)) return FAULT_NONE;
    size_t before = c->count;
    enum fault fault = difference_add(c, field_by_name(ENTITY_DEAL, STR("stage")),
                                      value_text(stage->key));
    if (!fault) {
        fault = difference_add(c, field_by_name(ENTITY_DEAL, STR("status")),
                               value_number(VALUE_CHOICE, status));
    }
    for (size_t i = before; i < c->count; i++) c->moves |= c->items[i].news;
    return fault;
}

static bool deal_stays_closed(const struct comparison *c)
{
    bool closed = c->deal->status == STATUS_WON || c->deal->status == STATUS_LOST;
    return closed && !c->moves;
}

static enum fault days_compare(struct comparison *c)
{
    const struct row_parts *parts = c->parts;
    const struct zone *zone = &c->im->zone;
    enum fault fault = FAULT_NONE;
    if (deal_stays_closed(c) && parts->closed.has && parts->stand_count == 0) {
        struct optional here = c->deal->closed_at;
        bool same = here.has && zone_date(zone, here.v) == zone_date(zone, parts->closed.v);
        const struct field *field = field_by_name(ENTITY_DEAL, STR("closed_at"));
        if (!same) fault = difference_add(c, field, value_number(VALUE_TIME, parts->closed.v));
    }
    struct optional created = c->deal->created_at;
    bool differs = parts->created.has && parts->stand_count == 0 && parts->entry_count == 0 &&
                   (!created.has ||
                    zone_date(zone, created.v) != zone_date(zone, parts->created.v));
    if (fault || !differs) return fault;
    return import_remark_add(c->im, c->record->line, false,
                             STR("was created on another day than here, which cannot be changed"),
                             STR_NONE);
}

/* --- telling --- */

static struct str reference_say(struct comparison *c, const struct difference *item, bool here)
{
    struct str theirs = c->parts->organisation;
    if (strcmp(item->field->name, "owner") == 0) theirs = c->parts->owner;
    if (strcmp(item->field->name, "contact") == 0) theirs = c->parts->contact;
    if (!here) return theirs;
    const void *thing;
    struct replica *replica = c->im->replica;
    if (replica->f->entity(replica, &c->im->chunk, item->field->refers, item->here.id, false,
                           &thing)) {
        return STR("nobody");
    }
    return field_get(field_by_name(item->field->refers, STR("name")), thing).text;
}

static struct str value_say(struct comparison *c, const struct difference *item, bool here)
{
    struct value value = here ? item->here : item->want;
    struct str text = STR_NONE;
    if (value.type == VALUE_REFERENCE && (value.present || !here)) return reference_say(c, item, here);
    if (value.present && strcmp(item->field->name, "value") == 0) {
        char money[64];
        const struct currency *own = currency_find(c->deal->currency);
        const struct currency *currency = here ? own : c->parts->currency;
        if (!currency) return STR("?");
        money_format(value.number, currency, money, sizeof money);
        return arena_str(&c->im->chunk, str_from(money));
    }
    if (value.present && value.type == VALUE_CHOICE) {
        const char *name = field_choice_name(item->field, value.number);
        return name ? str_from(name) : STR("?");
    }
    if (value_format(&c->im->chunk, value, &text) || text.n == 0) return STR("nothing");
    return text.n > 60 ? text_clip(text, 60) : text;
}

static enum fault differences_tell(struct comparison *c)
{
    struct importer *im = c->im;
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < c->count; i++) {
        const struct difference *item = &c->items[i];
        if (im->options->update && item->news) continue;
        struct str text = arena_format(&im->chunk, item->news
                                           ? "%s differs from the file; --update takes the file's"
                                           : "%s was changed here since the import and is kept",
                                       item->field->label);
        struct str detail = arena_format(&im->chunk, "%.*s here, %.*s in the file",
                                         STR_ARGS(value_say(c, item, true)),
                                         STR_ARGS(value_say(c, item, false)));
        fault = import_remark_add(im, c->record->line, false, text, detail);
    }
    return fault;
}

/* --- writing --- */

static bool is_corrected(const struct field *field)
{
    return strcmp(field->name, "value") == 0 || strcmp(field->name, "currency") == 0 ||
           strcmp(field->name, "closed_at") == 0;
}

/* The news of one kind of mutation: a correction of a closed deal's figures, or an edit. */
static enum fault update_add(struct comparison *c, bool correction, enum source_kind source,
                             bool *added)
{
    struct importer *im = c->im;
    struct mutation mutation = import_mutation(im, correction ? MUTATION_CORRECT : MUTATION_EDIT,
                                               ENTITY_DEAL, c->deal->id);
    mutation.edits = arena_array(&im->chunk, ROW_EDITS_MAX, sizeof *mutation.edits);
    if (!mutation.edits) return FAULT_MEMORY;
    bool closed = deal_stays_closed(c);
    for (size_t i = 0; i < c->count; i++) {
        const struct difference *item = &c->items[i];
        if (!item->news || (closed && is_corrected(item->field)) != correction) continue;
        mutation.edits[mutation.edit_count++] = (struct edit){
            .tag = item->field->tag, .field = item->field, .base = item->base,
            .want = item->want, .add = item->add};
    }
    for (size_t i = 0; i < mutation.edit_count; i++) {
        struct edit *edit = &mutation.edits[i];
        if (edit->field->type != VALUE_SET) continue;
        edit->base = edit->want = value_absent(VALUE_SET);
    }
    *added = mutation.edit_count > 0;
    if (!*added) return FAULT_NONE;
    bool closes = c->moves && c->parts->closed.has;
    if (closes) mutation.happened_at = c->parts->closed;
    import_chunk_add(im, &mutation, source, c->record);
    return FAULT_NONE;
}

static enum fault update_make(struct comparison *c)
{
    bool edited, corrected;
    enum fault fault = update_add(c, false, SOURCE_UPDATE, &edited);
    if (!fault) {
        fault = update_add(c, true, edited ? SOURCE_UPDATE_MORE : SOURCE_UPDATE, &corrected);
    }
    return fault;
}

enum fault import_row_compare(struct importer *im, const struct csv_record *record,
                              struct row_parts *parts, const struct deal *deal)
{
    struct comparison *c = arena_alloc(&im->chunk, sizeof *c);
    if (!c) return FAULT_MEMORY;
    *c = (struct comparison){.im = im, .record = record, .parts = parts, .deal = deal};
    if (parts->has_value) {
        import_row_edit(parts, "currency",
                        value_text(arena_str(&im->chunk, str_from(parts->currency->code))));
    }
    if (parts->title.n) import_row_edit(parts, "title", value_text(parts->title));
    enum fault fault = import_row_references(im, record, parts, im->options->update);
    for (size_t i = 0; !fault && i < parts->edit_count; i++) {
        fault = edit_compare(c, &parts->edits[i]);
    }
    if (!fault) fault = place_compare(c);
    if (!fault) fault = days_compare(c);
    if (!fault) fault = differences_tell(c);
    if (fault) return fault;
    im->report->kept += c->kept && !c->news;
    if (c->news && im->options->update) return update_make(c);
    if (c->news) im->report->differing++;
    else im->report->unchanged++;
    return arena_fault(&im->chunk);
}
