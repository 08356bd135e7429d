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
    [INBOX_NOW_COLUMN] = {"now", "Now", 0},
    [INBOX_RECORDED_COLUMN] = {"recorded_at", "Came", 0},
};
const struct columns inbox_table = COLUMNS(inbox_columns);

static const struct field *item_leader(const struct inbox_item *item)
{
    return field_by_name((enum entity_kind)item->subject_kind, item->field);
}

struct str inbox_unit_say(struct work *work, const struct field *leader, struct str text)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    struct str out = STR(""), currency = work->team->currency;
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

/* One field for machines: money as decimal text, things by name; absent: nothing. */
static struct str machine_text(struct work *work, const struct unit_value *value, struct str currency)
{
    struct str text;
    struct optional number = {true, value->value.number};
    if (!value->value.present || value_format(work->arena, value->value, &text)) return STR_NONE;
    if (strcmp(value->field->name, "value") == 0) return cell_money(work, number, currency).text;
    bool named = value->field->type == VALUE_REFERENCE || value->field->type == VALUE_CHOICE;
    return named ? text_say(work, value->field, text, currency) : text;
}

/* A unit of several is an object of all its fields; name=value;name=value where there are none. */
static struct cell unit_cell(struct work *work, const struct field *leader, struct str text)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count, said = 0, present = 0;
    struct str out = STR(""), currency = work->team->currency;
    struct str shown = inbox_unit_say(work, leader, text);
    if (!leader || unit_parse(work->arena, leader, text, values, &count)) return cell_text(text);
    struct part *parts = arena_array(work->arena, count + 1, sizeof *parts);
    if (!parts) return (struct cell){.type = CELL_NONE};
    for (size_t i = 0; i < count; i++) {
        bool named = strcmp(values[i].field->name, "currency") == 0 && values[i].value.present;
        if (named) currency = values[i].value.text;
    }
    for (size_t i = 0; i < count; i++) {
        const char *name = values[i].field->name;
        if (strcmp(name, "probability_by_hand") == 0) continue;
        struct part part = {name, machine_text(work, &values[i], currency)};
        parts[said++] = part;
        if (!part.value.p) continue;
        out = arena_format(work->arena, "%.*s%s%s=%.*s", STR_ARGS(out), present++ ? ";" : "", name,
                           STR_ARGS(unit_escape(work->arena, part.value)));
    }
    if (present == 0) return (struct cell){.type = CELL_NONE, .shown = shown};
    if (said == 1) return cell_faces(parts[0].value, shown);
    return (struct cell){.type = CELL_PARTS, .text = out, .shown = shown, .parts = parts,
                         .part_count = said};
}

/* The unit as it stands here now. */
static enum fault now_cell(struct work *work, const struct inbox_item *item,
                           const struct field *leader, struct cell *cell)
{
    const void *current;
    struct str text;
    if (!leader) return FAULT_NONE;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, leader->entity,
                                                item->subject, false, &current);
    if (fault) return fault == FAULT_NOT_FOUND ? FAULT_NONE : fault;
    fault = unit_format(work->arena, leader, current, &text);
    if (!fault) *cell = unit_cell(work, leader, text);
    return fault;
}

struct str inbox_who_say(struct work *work, const struct inbox_item *item, struct uuid who)
{
    bool own = uuid_equal(who, item->author) && uuid_equal(who, work->identity.member);
    return own ? STR("you, elsewhere") : name_of_member(work, who);
}

/* Who made what stood in the way, and when; not who changed it again since. */
static enum fault theirs_find(struct work *work, const struct inbox_item *item, struct cell *who,
                              struct cell *when)
{
    const struct event *event;
    enum fault fault = inbox_theirs(work, item, item->recorded_at, &event);
    if (fault || !event) return fault;
    *who = cell_faces(name_of_member(work, event->who), inbox_who_say(work, item, event->who));
    *when = cell_time(work, event->recorded_at);
    when->shown = moment_say(work, event->recorded_at);
    return FAULT_NONE;
}

/* May this member reopen it, if it is over? */
static bool may_reopen(struct work *work, const struct inbox_item *item)
{
    const void *found;
    if (item->subject_kind != ENTITY_DEAL) return true;
    bool there = work_found(work, work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL,
                                                           item->subject, false, &found));
    bool own = there && work->me && uuid_equal(((const struct deal *)found)->owner, work->me->id);
    return permission_member_allows(work->me, own ? ACTION_REOPEN_OWN : ACTION_REOPEN_ANY);
}

struct str inbox_reason_say(struct work *work, const struct inbox_item *item,
                            const struct reason *reason)
{
    struct place places[REASON_PLACES];
    work_reason_places(work, reason, places);
    const char *sentence = reason_sentence(reason->code);
    if (reason->code == REASON_DEAL_CLOSED && !may_reopen(work, item)) {
        sentence = "the deal is {value}; its owner or a manager can reopen it";
    }
    if (reason->code == REASON_REFERENCE_UNKNOWN || reason->code == REASON_GONE) {
        struct inbox_need need = inbox_need(work, item);
        bool named = need.thing.kind != ENTITY_NONE; /* else what is gone is no thing of ours */
        sentence = need.waits                ? "the restored server does not have the {value} yet"
                   : !named || need.deleted ? "the {value} no longer exists"
                                             : "the server did not have the {value}";
    }
    return sentence_fill(work->arena, sentence, places, REASON_PLACES);
}

static struct cell reasons_cell(struct work *work, const struct inbox_item *item)
{
    struct str packed = item->reasons;
    struct reasons reasons;
    struct str text = STR("");
    if (packed.n == 0) return (struct cell){.type = CELL_NONE};
    if (reasons_parse(work->arena, packed, &reasons)) return cell_text(packed);
    struct reason_said *said =
        arena_array(work->arena, reasons.count + 1, sizeof *said);
    if (!said) return (struct cell){.type = CELL_NONE};
    for (size_t i = 0; i < reasons.count; i++) {
        work_reason_parts(work, &reasons.items[i], &said[i]);
        said[i].message = inbox_reason_say(work, item, &reasons.items[i]);
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

/* Of what was refused: who made it so and when, and what stood there then. */
static enum fault parked_cells(struct work *work, const struct inbox_item *item, struct cell *cells)
{
    struct reasons reasons;
    struct cause cause;
    struct str theirs = STR("");
    const struct field *leader = NULL;
    cells[INBOX_MINE_COLUMN] = cell_text(wanted_say(work, item));
    if (reasons_parse(work->arena, item->reasons, &reasons)) return FAULT_NONE;
    for (size_t i = 0; i < reasons.count; i++) {
        const struct reason *reason = &reasons.items[i];
        bool known = cells[INBOX_WHO_COLUMN].type == CELL_NONE &&
                     inbox_cause(work, item, reason, &cause);
        if (known && !uuid_is_zero(cause.who)) {
            cells[INBOX_WHO_COLUMN] = cell_text(name_of_member(work, cause.who));
            cells[INBOX_WHEN_COLUMN] = cell_time(work, cause.when);
        }
        if (reason->code != REASON_CHANGED_MEANWHILE) continue;
        struct place places[REASON_PLACES];
        work_reason_places(work, reason, places);
        theirs = arena_format(work->arena, "%.*s%s%.*s: %.*s", STR_ARGS(theirs),
                              theirs.n > 0 ? ", " : "", STR_ARGS(places[0].value),
                              STR_ARGS(places[3].value));
        const struct field *field = field_by_name((enum entity_kind)item->subject_kind,
                                                  reason->field);
        if (!leader && field) leader = field_unit_leader(field);
    }
    if (theirs.n > 0) cells[INBOX_THEIRS_COLUMN] = cell_text(theirs);
    return now_cell(work, item, leader, &cells[INBOX_NOW_COLUMN]);
}

/* Both values, what stands now and who stood in the way; of what was refused, what was wanted. */
static enum fault sides_cells(struct work *work, const struct inbox_item *item, struct cell *cells)
{
    const struct field *leader = item_leader(item);
    cells[INBOX_WHEN_COLUMN] = cell_time(work, item->recorded_at);
    if (item->kind == INBOX_PARKED) return parked_cells(work, item, cells);
    if (item->kind == INBOX_CONFLICT) {
        cells[INBOX_MINE_COLUMN] = unit_cell(work, leader, item->mine);
        cells[INBOX_THEIRS_COLUMN] = unit_cell(work, leader, item->theirs);
        cells[INBOX_BASE_COLUMN] = unit_cell(work, leader, item->base);
        cells[INBOX_WHEN_COLUMN] = (struct cell){.type = CELL_NONE};
        enum fault fault = now_cell(work, item, leader, &cells[INBOX_NOW_COLUMN]);
        if (fault) return fault;
        return theirs_find(work, item, &cells[INBOX_WHO_COLUMN], &cells[INBOX_WHEN_COLUMN]);
    }
    if (inbox_is_replaced(item)) {
        cells[INBOX_MINE_COLUMN] = unit_cell(work, leader, item->mine);
        cells[INBOX_THEIRS_COLUMN] = unit_cell(work, leader, item->theirs);
        cells[INBOX_WHO_COLUMN] = cell_text(name_of_member(work, item->author));
        return now_cell(work, item, leader, &cells[INBOX_NOW_COLUMN]);
    }
    cells[INBOX_MINE_COLUMN] = cell_text(item->mine);
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
    cells[INBOX_REASONS_COLUMN] = reasons_cell(work, item);
    cells[INBOX_POSSIBLE_COLUMN] = cell_text(possible_say(work, item));
    cells[INBOX_ACTED_COLUMN] = cell_time(work, item->acted_at);
    cells[INBOX_RECORDED_COLUMN] = cell_time(work, item->recorded_at);
    cells[INBOX_AUTHOR_COLUMN] = cell_text(name_of_member(work, item->author));
    cells[INBOX_SUBJECT_ID_COLUMN] = cell_text(arena_str(work->arena, str_from(id)));
    enum fault fault = sides_cells(work, item, cells);
    return fault ? fault : group_cell(work, item, &cells[INBOX_GROUP_COLUMN]);
}
