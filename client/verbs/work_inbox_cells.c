/* work_inbox_cells.c - an item of the inbox as cells, for machines and for its story. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"

static const struct column inbox_columns[] = {
    [INBOX_NUMBER_COLUMN] = {"number", "No", COLUMN_SHOWN | COLUMN_RIGHT},
    [INBOX_KIND_COLUMN] = {"kind", "Kind", COLUMN_SHOWN},
    [INBOX_SUBJECT_COLUMN] = {"subject", "About", COLUMN_SHOWN | COLUMN_WIDE},
    [INBOX_FIELD_COLUMN] = {"field", "Field", COLUMN_SHOWN},
    [INBOX_MINE_COLUMN] = {"mine", "Mine", COLUMN_SHOWN | COLUMN_WIDE},
    [INBOX_THEIRS_COLUMN] = {"theirs", "Theirs", COLUMN_SHOWN | COLUMN_WIDE},
    [INBOX_WHO_COLUMN] = {"who", "By", COLUMN_SHOWN},
    [INBOX_WHEN_COLUMN] = {"when", "When", COLUMN_SHOWN},
    [INBOX_REASONS_COLUMN] = {"reasons", "Why", COLUMN_SHOWN | COLUMN_WIDE},
    [INBOX_POSSIBLE_COLUMN] = {"possible", "Possible", COLUMN_SHOWN},
    [INBOX_BASE_COLUMN] = {"base", "Before", 0},
    [INBOX_AUTHOR_COLUMN] = {"author", "Author", 0},
    [INBOX_SUBJECT_ID_COLUMN] = {"subject_id", "Id of what", 0},
    [INBOX_ACTED_COLUMN] = {"acted_at", "Made", 0},
    [INBOX_STATE_COLUMN] = {"state", "State", 0},
    [INBOX_GROUP_COLUMN] = {"with", "Hangs on", 0},
};
const struct columns inbox_table = COLUMNS(inbox_columns);

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

/* Who made what stood in the way, and when; not who changed it again since. */
static enum fault theirs_find(struct work *work, const struct inbox_item *item, struct cell *who,
                              struct cell *when)
{
    const struct event *event;
    enum fault fault = inbox_theirs(work, item, item->recorded_at, &event);
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

/* What a parked mutation wanted, in short. */
static struct str wanted_say(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    struct str out = STR(""), currency = work->team->currency;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return STR_NONE;
    if (mutation.stage) return stage_edit_say(work, mutation.stage);
    bool logged = mutation.entity == ENTITY_ACTIVITY;
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
        if (logged && strcmp(edit->field->name, "text") == 0) return said;
        if (logged) continue; /* the head says what was logged for which deal */
        out = arena_format(work->arena, "%.*s%s%s: %.*s", STR_ARGS(out), out.n ? ", " : "",
                           edit->field->label, STR_ARGS(said));
    }
    return out;
}

/* What can be done with it, as the words of `sluice inbox`. */
static struct str possible_say(struct work *work, const struct inbox_item *item)
{
    if (item->kind == INBOX_CONFLICT) return STR("resolve");
    if (item->kind == INBOX_NOTICE) return STR("discard");
    return inbox_can_retry(work, item) ? STR("retry, discard") : STR("discard");
}

/* The number of what it hangs on. */
static enum fault group_cell(struct work *work, const struct inbox_item *item, struct cell *cell)
{
    const void *found;
    if (uuid_is_zero(item->group)) return FAULT_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX,
                                                item->group, false, &found);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    *cell = cell_number(work->arena, ((const struct inbox_item *)found)->number);
    return FAULT_NONE;
}

/* Both values and who stood in the way; of what was refused, what was wanted. */
static enum fault sides_cells(struct work *work, const struct inbox_item *item, struct cell *cells)
{
    cells[INBOX_WHEN_COLUMN] = cell_time(work, item->recorded_at);
    if (item->kind == INBOX_CONFLICT) {
        cells[INBOX_MINE_COLUMN] = unit_cell(work, item, item->mine);
        cells[INBOX_THEIRS_COLUMN] = unit_cell(work, item, item->theirs);
        cells[INBOX_BASE_COLUMN] = unit_cell(work, item, item->base);
        cells[INBOX_WHEN_COLUMN] = (struct cell){.type = CELL_NONE};
        return theirs_find(work, item, &cells[INBOX_WHO_COLUMN], &cells[INBOX_WHEN_COLUMN]);
    }
    if (inbox_is_replaced(item)) {
        cells[INBOX_MINE_COLUMN] = unit_cell(work, item, item->mine);
        cells[INBOX_THEIRS_COLUMN] = unit_cell(work, item, item->theirs);
        cells[INBOX_WHO_COLUMN] = cell_text(name_of_member(work, item->author));
        return FAULT_NONE;
    }
    bool notice = item->kind == INBOX_NOTICE;
    cells[INBOX_MINE_COLUMN] = cell_text(notice ? item->mine : wanted_say(work, item));
    if (!inbox_is_missing(item)) return FAULT_NONE;
    cells[INBOX_THEIRS_COLUMN] = cell_text(item->theirs); /* the numbers, from and to */
    cells[INBOX_BASE_COLUMN] = cell_text(item->base);
    return FAULT_NONE;
}

enum fault inbox_cells(struct work *work, const struct inbox_item *item, struct cell *cells)
{
    const struct field *kind = field_by_name(ENTITY_INBOX, STR("kind"));
    const struct field *state = field_by_name(ENTITY_INBOX, STR("state"));
    struct inbox_about about = inbox_about(work, item);
    const struct field *field = field_by_name(about.kind, item->field);
    char id[UUID_TEXT_LENGTH + 1];
    uuid_format(about.id, id);
    cells[INBOX_NUMBER_COLUMN] = cell_number(work->arena, item->number);
    cells[INBOX_KIND_COLUMN] = cell_field(work, kind, item);
    cells[INBOX_STATE_COLUMN] = cell_field(work, state, item);
    cells[INBOX_SUBJECT_COLUMN] = cell_text(inbox_subject_say(work, item));
    cells[INBOX_FIELD_COLUMN] = cell_faces(item->field, field ? str_from(field->label) : item->field);
    cells[INBOX_REASONS_COLUMN] = reasons_cell(work, item->reasons);
    cells[INBOX_POSSIBLE_COLUMN] = cell_text(possible_say(work, item));
    cells[INBOX_ACTED_COLUMN] = cell_time(work, item->acted_at);
    cells[INBOX_AUTHOR_COLUMN] = cell_text(name_of_member(work, item->author));
    cells[INBOX_SUBJECT_ID_COLUMN] = cell_text(arena_str(work->arena, str_from(id)));
    enum fault fault = sides_cells(work, item, cells);
    return fault ? fault : group_cell(work, item, &cells[INBOX_GROUP_COLUMN]);
}
