/* import_make.c - a read record as mutations: its organisation, contact and owner if they are new,
 * the deal with its past, its note. Called by import.c and import_update.c.
 *
 * Invariant: ids derive from what the file says, never from when it was imported. */
#include "client/exchange/import_inside.h"

#include <string.h>

#include "common/domain/gate.h"

enum { THING_EDITS_MAX = 6 };

struct mutation import_mutation(struct importer *im, enum mutation_kind kind,
                                enum entity_kind entity, struct uuid target)
{
    return (struct mutation){.id = uuid_v7((uint64_t)im->now.wall_ms, im->random),
                             .kind = kind,
                             .entity = entity,
                             .target = target,
                             .acted_at = {true, im->now.wall_ms},
                             .batch = im->batch,
                             .definition_version = im->definition.version,
                             .bulk = true};
}

/* --- things a deal refers to --- */

struct thing {
    enum entity_kind kind;
    struct str name;
    struct map *map;
    struct str key; /* in the map */
};

static void thing_edit(struct mutation *mutation, const char *name, struct value want)
{
    const struct field *field = field_by_name((enum entity_kind)mutation->entity, str_from(name));
    mutation->edits[mutation->edit_count++] = (struct edit){
        .tag = field->tag, .field = field, .base = value_absent(field->type), .want = want};
}

/* The thing of that name: known, made earlier in this import, or made now by a CREATE mutation.
 * *made is that mutation, to be completed; NULL if it was there. Without `make`, a zero id. */
static enum fault thing_find(struct importer *im, const struct csv_record *record,
                             const struct thing *thing, bool make, struct uuid *out,
                             struct mutation **made)
{
    *made = NULL;
    *out = (struct uuid){{0}};
    const struct uuid *known = map_get(thing->map, thing->key);
    if (known) *out = *known;
    if (known || !make) return FAULT_NONE;
    struct str key = arena_format(&im->chunk, "import/%s/%.*s", entity_name(thing->kind),
                                  STR_ARGS(thing->key));
    struct uuid *id = arena_alloc(im->arena, sizeof *id);
    struct edit *edits = arena_array(&im->chunk, THING_EDITS_MAX, sizeof *edits);
    if (!id || !edits || !key.p) return FAULT_MEMORY;
    *id = *out = uuid_derive(im->team, key);
    enum fault fault = map_put(thing->map, thing->key, id);
    const void *existing;
    /* Renamed since it was imported: it is still that one. */
    if (!fault) {
        fault = im->replica->f->entity(im->replica, &im->chunk, thing->kind, *id, false, &existing);
    }
    if (fault != FAULT_NOT_FOUND) return fault;
    struct mutation mutation = import_mutation(im, MUTATION_CREATE, thing->kind, *id);
    mutation.edits = edits;
    thing_edit(&mutation, "name", value_text(arena_str(&im->chunk, thing->name)));
    if (thing->kind == ENTITY_MEMBER) {
        thing_edit(&mutation, "imported", value_number(VALUE_FLAG, 1));
    }
    import_chunk_add(im, &mutation, SOURCE_THING, record);
    *made = &im->mutations[im->count - 1];
    return FAULT_NONE;
}

/* The name as the key it is known by; cut to what a name may have, and said so. */
static enum fault thing_name(struct importer *im, const struct csv_record *record,
                             struct thing *thing)
{
    if (thing->name.n > NAME_BYTES_MAX) {
        size_t end = NAME_BYTES_MAX;
        while (end > 0 && ((unsigned char)thing->name.p[end] & 0xC0) == 0x80) end--;
        enum fault fault = import_remark_add(im, record->line, false,
                                             STR("a name was cut to 120 bytes"), thing->name);
        if (fault) return fault;
        thing->name = str_slice(thing->name, 0, end);
    }
    return text_fold(&im->chunk, thing->name, &thing->key);
}

/* As it is spelled, else as it is read: that is said once for each spelling. */
static enum fault organisation_find(struct importer *im, const struct csv_record *record,
                                    struct str text, bool make, struct uuid *out)
{
    struct thing thing = {.kind = ENTITY_ORGANISATION, .name = text, .map = &im->organisations};
    struct mutation *made;
    enum fault fault = thing_name(im, record, &thing);
    if (!fault && text_is_clean(thing.name, false)) {
        fault = text_normalise(&im->chunk, thing.name, false, &thing.name);
    }
    if (fault) return fault;
    const struct uuid *spelled = map_get(&im->spelled, thing.name);
    const struct called *called = map_get(&im->called, thing.key);
    bool several = called && called->count > 1;
    if (spelled) {
        *out = *spelled;
        return FAULT_NONE;
    }
    fault = thing_find(im, record, &thing, make, out, &made);
    if (made) im->report->new_organisations++;
    if (fault || uuid_is_zero(*out)) return fault;
    fault = import_organisation_known(im, thing.name, *out);
    if (fault || made || !called) return fault;
    im->report->read_alike++;
    struct str as = arena_format(&im->chunk, "%.*s is %.*s", STR_ARGS(thing.name),
                                 STR_ARGS(called->name));
    return import_remark_add(im, record->line, false,
                             several
                                 ? STR("an organisation that could be several: the first was taken")
                                 : STR("an organisation that is spelled otherwise here"),
                             as);
}

/* Two people of one name at two organisations are two people; one e-mail address is one person. */
static enum fault contact_find(struct importer *im, const struct csv_record *record,
                               struct row_parts *parts, struct uuid organisation, bool make,
                               struct uuid *out)
{
    struct thing thing = {.kind = ENTITY_PERSON, .name = parts->contact, .map = &im->people};
    struct str email = STR_NONE;
    const struct uuid *known = NULL;
    struct mutation *made;
    enum fault fault = thing_name(im, record, &thing);
    if (!fault && parts->email.n) fault = text_fold(&im->chunk, parts->email, &email);
    if (fault) return fault;
    if (email.n) known = map_get(&im->emails, email);
    struct str alone = thing.key;
    if (!uuid_is_zero(organisation)) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_format(organisation, id);
        thing.key = arena_format(&im->chunk, "%.*s/%s", STR_ARGS(thing.key), id);
        if (!map_get(&im->people, thing.key) && !known) known = map_get(&im->people, alone);
    }
    if (known) {
        *out = *known;
        return FAULT_NONE;
    }
    fault = thing_find(im, record, &thing, make, out, &made);
    if (fault || !made) return fault;
    im->report->new_people++;
    if (!uuid_is_zero(organisation)) thing_edit(made, "org", value_reference(organisation));
    if (parts->email.n) thing_edit(made, "email", value_text(parts->email));
    if (parts->phone.n) thing_edit(made, "phone", value_text(parts->phone));
    struct uuid *id = arena_copy(im->arena, out, sizeof *out);
    if (!id) return FAULT_MEMORY;
    return email.n ? map_put(&im->emails, email, id) : FAULT_NONE;
}

static enum fault owner_find(struct importer *im, const struct csv_record *record,
                             struct row_parts *parts, bool make, struct uuid *out)
{
    struct thing thing = {.kind = ENTITY_MEMBER, .name = parts->owner, .map = &im->members};
    struct mutation *made;
    (void)import_text_has(im, &im->options->owners, parts->owner, &thing.name);
    enum fault fault = thing_name(im, record, &thing);
    if (!fault) fault = thing_find(im, record, &thing, make, out, &made);
    if (fault || !made) return fault;
    im->report->new_members++;
    return import_remark_add(im, record->line, false,
                             STR("unknown owner, added as a member without a device"), thing.name);
}

enum fault import_row_references(struct importer *im, const struct csv_record *record,
                                 struct row_parts *parts, bool make)
{
    struct uuid organisation = {{0}}, id;
    enum fault fault = FAULT_NONE;
    if (parts->organisation.n) {
        fault = organisation_find(im, record, parts->organisation, make, &organisation);
        import_row_edit(parts, "org", value_reference(organisation));
    }
    if (!fault && parts->contact.n) {
        fault = contact_find(im, record, parts, organisation, make, &id);
        import_row_edit(parts, "contact", value_reference(id));
    }
    if (!fault && parts->owner.n) {
        fault = owner_find(im, record, parts, make, &id);
        import_row_edit(parts, "owner", value_reference(id));
    }
    return fault ? fault : arena_fault(&im->chunk);
}

/* --- the deal --- */

static bool row_closes(const struct row_parts *parts)
{
    if (parts->status == STATUS_WON || parts->status == STATUS_LOST) return true;
    if (parts->status != STATUS_NONE && parts->status != STATUS_OPEN) return false;
    return parts->stage->kind == STAGE_WON || parts->stage->kind == STAGE_LOST;
}

static int64_t closing_status(const struct row_parts *parts)
{
    if (parts->status == STATUS_WON || parts->status == STATUS_LOST) return parts->status;
    return parts->stage->kind == STAGE_WON ? STATUS_WON : STATUS_LOST;
}

static enum fault row_stand_remarks(struct importer *im, const struct csv_record *record,
                                    const struct row_parts *parts, bool closes)
{
    bool won = closes && closing_status(parts) == STATUS_WON;
    const struct {
        bool applies;
        struct str text;
    } remarks[] = {
        {!parts->organisation.n, STR("no organisation")},
        {!parts->owner.n, STR("no owner")},
        {parts->backwards,
         STR("closed before it was created: the closing date counts, the other is left out")},
        {!parts->created.has && !parts->backwards && parts->entry_count == 0 &&
             parts->stand_count == 0,
         STR("no creation date: left out of durations")},
        {closes && !parts->closed.has && parts->stand_count == 0, STR("closed, but no closing date")},
        {!closes && parts->closed.has && parts->stand_count == 0,
         STR("the closing date of an open deal is left out")},
        {won && !parts->has_value, STR("won without a value")},
        {!parts->contact.n && (parts->email.n || parts->phone.n),
         STR("e-mail or telephone of nobody is left out")},
    };
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; !fault && i < sizeof remarks / sizeof remarks[0]; i++) {
        if (!remarks[i].applies) continue;
        fault = import_remark_add(im, record->line, false, remarks[i].text, STR_NONE);
    }
    return fault;
}

static enum fault row_stands(struct importer *im, const struct row_parts *parts, bool closes,
                             struct mutation *mutation)
{
    if (parts->stand_count > 0) {
        mutation->stands = parts->stands;
        mutation->stand_count = parts->stand_count;
        return FAULT_NONE;
    }
    struct stand *stands = arena_array(&im->chunk, parts->entry_count + 3, sizeof *stands);
    if (!stands) return FAULT_MEMORY;
    size_t count = 0;
    const struct stage *stage = parts->stage;
    bool running = stage->kind == STAGE_OPEN || stage->kind == STAGE_LEAD;
    const struct stage *first = running ? stage : pipeline_stage_of_kind(parts->pipeline, STAGE_OPEN);
    for (size_t i = 0; i < parts->entry_count; i++) {
        stands[count++] = (struct stand){parts->entries[i].stage->key, STATUS_OPEN,
                                         {true, parts->entries[i].at}};
    }
    if (count == 0 && closes && parts->created.has && first) {
        /* Where a closed deal stood before is not in such a table; that it was in the pipeline
         * since it was created is. */
        stands[count++] = (struct stand){first->key, STATUS_OPEN, parts->created};
    }
    if (closes) {
        stands[count++] = (struct stand){stage->key, closing_status(parts), parts->closed};
    } else {
        if (count == 0 || !str_equal(stands[count - 1].stage, stage->key)) {
            struct optional since = count ? (struct optional){false, 0} : parts->created;
            stands[count++] = (struct stand){stage->key, STATUS_OPEN, since};
        }
        if (parts->status == STATUS_ICED || parts->status == STATUS_DISCARDED) {
            stands[count++] = (struct stand){stage->key, parts->status, {false, 0}};
        }
    }
    mutation->stands = stands;
    mutation->stand_count = count;
    return FAULT_NONE;
}

static enum fault row_title(struct importer *im, const struct csv_record *record,
                            struct row_parts *parts)
{
    struct str title = parts->title;
    parts->title_made = title.n == 0;
    if (!title.n && parts->organisation.n && parts->rest.n) {
        title = arena_format(&im->chunk, "%.*s: %.*s", STR_ARGS(parts->organisation),
                             STR_ARGS(parts->rest));
    }
    if (!title.n && parts->organisation.n) title = parts->organisation;
    if (!title.n && parts->rest.n) title = parts->rest;
    if (!title.n) title = arena_format(&im->chunk, "Deal %.*s", STR_ARGS(parts->external_id));
    enum fault fault = FAULT_NONE;
    if (title.n > TITLE_BYTES_MAX) {
        size_t end = TITLE_BYTES_MAX;
        while (end > 0 && ((unsigned char)title.p[end] & 0xC0) == 0x80) end--;
        fault = import_remark_add(im, record->line, false, STR("the title was cut to 200 bytes"),
                                  STR_NONE);
        title = str_slice(title, 0, end);
    }
    import_row_edit(parts, "title", value_text(title));
    return fault ? fault : arena_fault(&im->chunk);
}

/* What the gates would have asked of the deal where it stands. */
static enum fault row_missing(struct importer *im, const struct row_parts *parts)
{
    struct deal deal = {.status = STATUS_OPEN};
    struct reasons missing = {.count = 0};
    const struct stage *stage = parts->stage;
    if (parts->status == STATUS_DISCARDED) return FAULT_NONE;
    if (row_closes(parts)) {
        stage = pipeline_stage_of_kind(parts->pipeline,
                                       closing_status(parts) == STATUS_WON ? STAGE_WON : STAGE_LOST);
    }
    if (!stage) return FAULT_NONE;
    deal.pipeline = parts->pipeline->key;
    deal.stage = stage->key;
    for (size_t i = 0; i < parts->edit_count; i++) {
        const struct edit *edit = &parts->edits[i];
        bool set = edit->field->type == VALUE_SET;
        field_set(edit->field, &deal, set ? value_set(edit->add) : edit->want);
    }
    gate_missing(parts->pipeline, &deal, NULL, stage, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        struct str text;
        struct reasons one = {.items = {missing.items[i]}, .count = 1};
        enum fault fault = FAULT_NONE;
        if (im->options->reason_say) {
            text = im->options->reason_say(im->options->context, &im->chunk, &missing.items[i]);
        } else {
            fault = reasons_format(&im->chunk, &one, &text);
        }
        if (fault) return fault;
        struct import_remark *known = map_get(&im->missing, text);
        if (!known) {
            /* Rows of a table of counts; `line` is the count. */
            known = arena_alloc(im->arena, sizeof *known);
            if (!known) return FAULT_MEMORY;
            known->text = arena_str(im->arena, text);
            fault = map_put(&im->missing, text, known);
        }
        known->line++;
        if (fault) return fault;
    }
    return FAULT_NONE;
}

static enum fault row_note(struct importer *im, const struct csv_record *record,
                           const struct row_parts *parts, struct uuid deal)
{
    if (parts->note.n == 0) return FAULT_NONE;
    struct edit *edits = arena_array(&im->chunk, THING_EDITS_MAX, sizeof *edits);
    if (!edits) return FAULT_MEMORY;
    struct mutation mutation = import_mutation(im, MUTATION_CREATE, ENTITY_ACTIVITY,
                                               uuid_derive(deal, STR("import/note")));
    mutation.edits = edits;
    thing_edit(&mutation, "type", value_number(VALUE_CHOICE, ACTIVITY_NOTE));
    thing_edit(&mutation, "deal", value_reference(deal));
    thing_edit(&mutation, "text", value_text(parts->note));
    if (parts->created.has) {
        thing_edit(&mutation, "happened_at", value_number(VALUE_TIME, parts->created.v));
    }
    import_chunk_add(im, &mutation, SOURCE_NOTE, record);
    return FAULT_NONE;
}

enum fault import_row_make(struct importer *im, const struct csv_record *record,
                           struct row_parts *parts, struct uuid id)
{
    bool closes = row_closes(parts);
    if (parts->has_value) {
        import_row_edit(parts, "currency",
                        value_text(arena_str(&im->chunk, str_from(parts->currency->code))));
    }
    if (parts->external_id.n) {
        import_row_edit(parts, "external_id", value_text(parts->external_id));
    }
    import_row_edit(parts, "pipeline", value_text(parts->pipeline->key));
    enum fault fault = row_title(im, record, parts);
    if (!fault) fault = import_row_references(im, record, parts, true);
    if (!fault) fault = row_stand_remarks(im, record, parts, closes);
    struct mutation mutation = import_mutation(im, MUTATION_IMPORT, ENTITY_DEAL, id);
    if (!fault) fault = row_stands(im, parts, closes, &mutation);
    if (!fault) fault = row_missing(im, parts);
    if (fault) return fault;
    mutation.edits = arena_copy(&im->chunk, parts->edits, parts->edit_count * sizeof parts->edits[0]);
    mutation.edit_count = parts->edit_count;
    if (!mutation.edits) return FAULT_MEMORY;
    import_chunk_add(im, &mutation, SOURCE_DEAL, record);
    return row_note(im, record, parts, id);
}
