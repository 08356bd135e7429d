/* decide_inbox.c - durable records of what did not simply go through, and their closing.
 *
 *   (none) --conflict/park--> OPEN --EDIT that resolves it--> MINE, VALUE
 *                              |  \--resent (whatever comes of it)--> RESENT
 *                              |\-CLOSE--> THEIRS, DISCARDED
 *                              \<--undo of that EDIT or CLOSE-- MINE, VALUE, THEIRS, DISCARDED,
 *                                                                RESENT
 *
 * Invariants: an open item is never overwritten by another wish, only by a later one of the same
 * author that builds on it or sends it again; numbers are given once. A prediction writes no new
 * item: the server's will come. */
#include "common/domain/decision.h"

#include <string.h>

#include "common/domain/merge.h"

#include "common/base/banned.h"

static const int64_t NOTICE_ITSELF_MS = INT64_C(30) * 24 * 3600 * 1000; /* one who is away is back */

static const struct inbox_item *item_find(const struct decision *d, struct uuid id)
{
    if (uuid_is_zero(id)) return NULL;
    return state_find(d->state, ENTITY_INBOX, id);
}

static struct inbox_item *item_new(struct decision *d, struct uuid id, enum inbox_kind kind)
{
    struct inbox_item *item = arena_alloc(d->arena, sizeof *item);
    if (!item) return NULL;
    *item = (struct inbox_item){
        .id = id,
        .number = ++d->inbox_number,
        .kind = kind,
        .state = INBOX_OPEN,
        .subject_kind = d->kind,
        .subject = d->mutation->target,
        .payload = d->payload,
        .mutation = d->mutation->id,
        .author = d->actor,
        .acted_at = d->acted,
        .recorded_at = {true, d->recorded},
    };
    return item;
}

/* --- conflicts --- */

/* The unit as it was seen and as it is wanted, over what stands in fields not named. */
static bool unit_sides(struct decision *d, const struct field *leader, const void *current,
                       void **base, void **mine)
{
    *base = entity_clone(d->arena, d->kind, current);
    *mine = entity_clone(d->arena, d->kind, current);
    if (!*base || !*mine) return false;
    for (size_t i = 0; i < d->edit_count; i++) {
        const struct edit *edit = &d->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        field_set(edit->field, *base, edit->base);
        field_set(edit->field, *mine, edit->want);
    }
    return true;
}

static const struct edit *unit_edit(const struct decision *d, const struct field *field)
{
    for (size_t i = 0; i < d->edit_count; i++) {
        if (d->edits[i].field == field) return &d->edits[i];
    }
    return NULL;
}

/* Did this mutation start from the author's own value in that open conflict? Then its `mine` is
 * set: the named fields as wanted now, the others as they were wanted before. */
static bool conflict_continues(struct decision *d, const struct field *leader,
                               const struct inbox_item *slot, void *mine)
{
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    if (unit_parse(d->arena, leader, slot->mine, values, &count)) return false;
    bool resolves = uuid_equal(d->mutation->resolves, slot->id);
    for (size_t i = 0; i < count; i++) {
        const struct edit *edit = unit_edit(d, values[i].field);
        if (!edit) continue;
        if (!resolves && !value_equal(edit->base, values[i].value)) return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!unit_edit(d, values[i].field)) field_set(values[i].field, mine, values[i].value);
    }
    return true;
}

static struct inbox_item *conflict_item(struct decision *d, const struct field *leader,
                                        struct uuid concerned, void *mine)
{
    struct uuid id = inbox_conflict_id(d->mutation->target, leader, d->actor);
    const struct inbox_item *slot = item_find(d, id);
    bool open = slot && slot->state == INBOX_OPEN;
    bool same = slot && uuid_equal(slot->concerned, concerned);
    if (!slot || (!open && same)) return item_new(d, id, INBOX_CONFLICT);
    if (!open || !conflict_continues(d, leader, slot, mine)) {
        /* Two wishes that do not build on one another: both are kept. Nor does a record ever pass
         * from one person's sight to another's: who had it would not hear that it is gone. */
        return item_new(d, uuid_derive(d->mutation->id, str_from(leader->name)), INBOX_CONFLICT);
    }
    struct inbox_item *item = arena_copy(d->arena, slot, sizeof *slot);
    if (!item) return NULL;
    item->mutation = d->mutation->id;
    item->payload = d->payload;
    item->acted_at = d->acted;
    item->recorded_at = (struct optional){true, d->recorded};
    return item;
}

void inbox_conflict(struct decision *d, const struct field *leader, const struct field *changed,
                    const void *current)
{
    struct reasons own = {.count = 0};
    struct str stands;
    if (value_format(d->arena, field_get(changed, current), &stands)) return;
    struct reason reason = decision_changed(d, changed, current, stands);
    bool first = !d->conflicted;
    d->conflicted = true;
    reasons_add(&d->change->reasons, reason);
    reasons_add(&own, reason);
    if (d->context->predicted) return;
    void *base, *mine;
    if (!unit_sides(d, leader, current, &base, &mine)) return;
    struct uuid concerned = {{0}};
    if (d->kind == ENTITY_DEAL) concerned = ((const struct deal *)current)->owner;
    struct inbox_item *item = conflict_item(d, leader, concerned, mine);
    if (!item) return;
    /* Once: with one per unit, the rows of one change would outgrow a page. */
    if (!first) item->payload = STR_NONE;
    /* A continued conflict keeps what the author saw first. */
    bool continued = item->field.n > 0;
    bool faulty = !continued && unit_format(d->arena, leader, base, &item->base);
    item->field = str_from(leader->name);
    if (!continued) item->concerned = concerned;
    faulty = faulty || unit_format(d->arena, leader, mine, &item->mine);
    faulty = faulty || unit_format(d->arena, leader, current, &item->theirs);
    faulty = faulty || reasons_format(d->arena, &own, &item->reasons);
    if (!faulty) decision_row(d, ENTITY_INBOX, item->id, item);
}

/* --- parked mutations --- */

static bool mutation_creates(const struct decision *d)
{
    int64_t kind = d->mutation->kind;
    if (kind != MUTATION_CREATE && kind != MUTATION_IMPORT) return false;
    return decision_creates(d->kind) && !uuid_is_zero(d->mutation->target);
}

/* The refused creation has a place of its own, so that what depends on it finds it, unless another
 * creation of the same thing waits there, or stood there for somebody else: a record never passes
 * from one person's sight to another's, for who had it would not hear that it is gone. */
static struct inbox_item *park_item(struct decision *d)
{
    struct uuid own = inbox_parked_id(d->mutation->id);
    if (!mutation_creates(d)) return item_new(d, own, INBOX_PARKED);
    struct uuid creation = inbox_creation_id(d->mutation->target);
    const struct inbox_item *slot = item_find(d, creation);
    if (!slot) return item_new(d, creation, INBOX_PARKED);
    if (!uuid_equal(slot->author, d->actor)) return item_new(d, own, INBOX_PARKED);
    if (slot->state != INBOX_OPEN) return item_new(d, creation, INBOX_PARKED);
    bool again =
        uuid_equal(d->mutation->resolves, creation) || uuid_equal(d->mutation->id, slot->mutation);
    if (!again) return item_new(d, own, INBOX_PARKED);
    struct inbox_item *item = item_new(d, creation, INBOX_PARKED);
    if (item) item->number = slot->number;
    return item;
}

void inbox_park(struct decision *d)
{
    if (d->context->predicted) return;
    struct inbox_item *item = park_item(d);
    if (!item) return;
    item->group = d->group;
    /* A decision that came too late is about what the item is about. */
    const struct inbox_item *decided = item_find(d, d->mutation->resolves);
    bool late = d->refused.count > 0 && d->refused.items[0].code == REASON_ITEM_CLOSED;
    if (late && d->mutation->kind == MUTATION_CLOSE && decided->subject_kind != ENTITY_NONE) {
        item->subject_kind = decided->subject_kind;
        item->subject = decided->subject;
    }
    if (reasons_format(d->arena, &d->refused, &item->reasons)) return;
    decision_row(d, ENTITY_INBOX, item->id, item);
}

/* --- notices --- */

bool inbox_notice_stands(const struct inbox_item *item, uint64_t last_number)
{
    int64_t last = 0;
    if (!item || item->state == INBOX_RESENT) return false;
    if (item->state == INBOX_OPEN || last_number == 0) return true;
    return str_to_int64(item->theirs, &last) == FAULT_NONE && (uint64_t)last >= last_number;
}

struct inbox_item *inbox_notice(struct decision *d, struct uuid about, struct uuid concerned,
                                struct str field, struct str said)
{
    struct uuid id = inbox_notice_id(about);
    bool stands = inbox_notice_stands(item_find(d, id), d->mutation->last_number);
    if (d->context->predicted || stands) return NULL;
    struct inbox_item *item = item_new(d, id, INBOX_NOTICE);
    if (!item) return NULL;
    item->payload = STR_NONE;
    item->concerned = concerned;
    item->field = field;
    item->mine = said;
    decision_row(d, ENTITY_INBOX, item->id, item);
    return item;
}

/* The event that a mutation left of a field this one names; NULL when there is none. */
static const struct event *item_trace(const struct decision *d, struct uuid mutation)
{
    for (size_t i = 0; i < d->edit_count && !uuid_is_zero(mutation); i++) {
        struct str name = str_from(d->edits[i].field->name);
        const struct event *event =
            state_find(d->state, ENTITY_EVENT, event_trace_id(mutation, name));
        if (event && event->what == EVENT_FIELD &&
            uuid_equal(event->subject, d->mutation->target)) {
            return event;
        }
    }
    return NULL;
}

static const void *target_after(const struct decision *d)
{
    for (size_t i = 0; i < d->change->row_count; i++) {
        const struct row *row = &d->change->rows[i];
        if (row->kind == d->kind && uuid_equal(row->id, d->mutation->target)) return row->entity;
    }
    return NULL;
}

/* Whose value stood until this conflict was settled otherwise hears of it. `mine` is what was theirs. */
static void notice_replaced(struct decision *d, const struct inbox_item *settled)
{
    const struct event *stood = item_trace(d, d->mutation->replaces);
    const struct field *leader = field_by_name(d->kind, settled->field);
    const void *before = state_find(d->state, d->kind, d->mutation->target);
    const void *after = target_after(d);
    if (d->context->predicted || !stood || !leader || !before || !after) return;
    if (uuid_is_zero(stood->who) || uuid_equal(stood->who, d->actor)) return;
    struct inbox_item *item =
        item_new(d, inbox_replaced_id(d->mutation->id), INBOX_NOTICE);
    if (!item) return;
    item->payload = STR_NONE;
    item->concerned = stood->who;
    item->field = str_from(leader->name);
    bool faulty = unit_format(d->arena, leader, before, &item->mine) ||
                  unit_format(d->arena, leader, after, &item->theirs);
    if (!faulty) decision_row(d, ENTITY_INBOX, item->id, item);
}

/* --- closing --- */

static bool item_is_mine_to_close(const struct decision *d, const struct inbox_item *item)
{
    const struct member *actor = d->context->actor;
    if (d->context->administration) return true;
    if (!actor || actor->removed) return false;
    if (uuid_equal(item->author, d->actor) || uuid_equal(item->concerned, d->actor)) return true;
    return permission_member_allows(actor, ACTION_RESOLVE_ANY);
}

/* Whoever holds a stolen invitation or folder is not to silence what warns of that: a notice about a
 * device is settled elsewhere. Not for ever: there may be nobody else. What is missing is no alarm. */
static bool item_accuses_device(const struct decision *d, const struct inbox_item *item)
{
    bool alarm = item->kind == INBOX_NOTICE && item->subject_kind == ENTITY_DEVICE &&
                 !str_equal(item->field, STR("missing"));
    if (!alarm || d->context->administration || uuid_is_zero(d->context->device)) return false;
    if (!uuid_equal(item->subject, d->context->device)) return false;
    return !item->recorded_at.has || d->recorded < item->recorded_at.v + NOTICE_ITSELF_MS;
}

static void item_close(struct decision *d, const struct inbox_item *item, int64_t state)
{
    struct inbox_item *closed = arena_copy(d->arena, item, sizeof *item);
    if (!closed) return;
    closed->state = state;
    closed->closed_by = d->actor;
    closed->closed_at = (struct optional){true, d->recorded};
    decision_row(d, ENTITY_INBOX, closed->id, closed);
}

static void resolution_refuse(struct decision *d, struct str possible)
{
    decision_refuse(d, (struct reason){.code = REASON_CHOICE_UNKNOWN,
                                       .field = STR("resolution"),
                                       .value = decision_number(d, d->mutation->resolution),
                                       .other = possible});
}

/* An item of others is answered like one that does not exist. */
static const struct inbox_item *item_named(struct decision *d)
{
    const struct inbox_item *item = item_find(d, d->mutation->resolves);
    if (item && item_is_mine_to_close(d, item)) return item;
    decision_refuse(d, (struct reason){.code = REASON_GONE, .value = STR("item")});
    return NULL;
}

void inbox_resolves_check(struct decision *d)
{
    int64_t resolution = d->mutation->resolution;
    if (uuid_is_zero(d->mutation->resolves) || d->mutation->kind == MUTATION_CLOSE) return;
    bool reopens = resolution == INBOX_OPEN && decision_undoes(d);
    if (resolution != INBOX_MINE && resolution != INBOX_VALUE && resolution != INBOX_RESENT &&
        !reopens) {
        resolution_refuse(d, STR("mine, value, resent"));
    }
    if (reopens) return; /* nothing to open again is no reason against the undo */
    const struct inbox_item *item = item_named(d);
    if (item && item->state != INBOX_OPEN && (d->change->row_count > 0 || d->conflicted)) {
        decision_refuse(d, (struct reason){.code = REASON_ITEM_CLOSED});
    }
}

static void item_open(struct decision *d, const struct inbox_item *item)
{
    struct inbox_item *open = arena_copy(d->arena, item, sizeof *item);
    if (!open) return;
    open->state = INBOX_OPEN;
    open->closed_by = (struct uuid){{0}};
    open->closed_at = (struct optional){false, 0};
    decision_row(d, ENTITY_INBOX, open->id, open);
}

/* Who was told that their value went need not know any more: it is back. */
static void replaced_withdraw(struct decision *d)
{
    const struct inbox_item *notice = item_find(d, inbox_replaced_id(d->mutation->undoes));
    if (notice && notice->state == INBOX_OPEN) item_close(d, notice, INBOX_DISCARDED);
}

/* A conflict by a choice, a parked change by being sent again; by who takes it back now. */
static bool item_is_settled(const struct decision *d, const struct inbox_item *item)
{
    bool chosen = item->state == INBOX_MINE || item->state == INBOX_VALUE;
    bool resent = item->state == INBOX_RESENT;
    if (!uuid_equal(item->closed_by, d->actor)) return false;
    return (item->kind == INBOX_CONFLICT && chosen) || (item->kind == INBOX_PARKED && resent);
}

/* What settled it is taken back: the choice is to be made again. Only if it was that which did. */
static void item_reopen(struct decision *d, const struct inbox_item *item)
{
    bool settled = item_is_settled(d, item);
    if (!settled || !decision_undoes(d) || d->refused.count > 0 || d->conflicted) return;
    const struct event *event = item_trace(d, d->mutation->undoes);
    if (!event) event = decision_trace(d, STR_NONE); /* of a move */
    bool by_that = event && uuid_equal(event->who, d->actor) && event->recorded_at.has &&
                   item->closed_at.has && event->recorded_at.v == item->closed_at.v;
    /* Settled with the value that stood already: nothing else tells of it, nor is there a value to
     * take back. */
    if (!by_that && d->edit_count > 0 && !d->context->predicted) return;
    item_open(d, item);
    replaced_withdraw(d);
}

void inbox_resolves_close(struct decision *d)
{
    if (d->mutation->kind == MUTATION_CLOSE) return;
    const struct inbox_item *item = item_find(d, d->mutation->resolves);
    if (item && d->mutation->resolution == INBOX_OPEN) {
        item_reopen(d, item);
        return;
    }
    if (!item || item->state != INBOX_OPEN || !item_is_mine_to_close(d, item)) return;
    /* The new record, conflict or parked, holds the wish from now on: two would be one too many. */
    bool resent = d->mutation->resolution == INBOX_RESENT && item->kind == INBOX_PARKED;
    bool refused = d->refused.count > 0;
    if ((refused || d->conflicted) && (!resent || d->context->predicted)) return;
    if (refused && uuid_equal(item->id, inbox_creation_id(d->mutation->target))) return;
    item_close(d, item, d->mutation->resolution);
    if (item->kind == INBOX_CONFLICT && !refused) notice_replaced(d, item);
}

void inbox_creation_settled(struct decision *d)
{
    const struct inbox_item *item = item_find(d, inbox_creation_id(d->mutation->target));
    if (item && item->state == INBOX_OPEN && uuid_equal(item->author, d->actor)) {
        item_close(d, item, INBOX_RESENT);
    }
}

void decide_close(struct decision *d)
{
    int64_t resolution = d->mutation->resolution;
    bool settled = resolution == INBOX_RESENT && d->context->administration;
    bool reopens = resolution == INBOX_OPEN && decision_undoes(d);
    if (resolution != INBOX_THEIRS && resolution != INBOX_DISCARDED && !settled && !reopens) {
        resolution_refuse(d, STR("theirs, discarded"));
    }
    const struct inbox_item *item = item_named(d);
    if (item && item_accuses_device(d, item)) {
        decision_refuse(d, (struct reason){.code = REASON_DEVICE_ITSELF});
    }
    if (item && reopens && d->refused.count == 0) {
        bool closed = item->state == INBOX_THEIRS || item->state == INBOX_DISCARDED;
        if (closed && uuid_equal(item->closed_by, d->actor)) item_open(d, item);
        return;
    }
    if (!item || d->refused.count > 0) return;
    /* Decided otherwise meanwhile, be it by oneself on another device: whoever comes too late hears of
     * it. A notice asks for nothing. */
    bool otherwise = item->state == INBOX_MINE || item->state == INBOX_VALUE ||
                     item->state == INBOX_RESENT;
    if (otherwise && item->kind != INBOX_NOTICE && !settled) {
        decision_refuse(d, (struct reason){.code = REASON_ITEM_CLOSED});
    }
    if (item->state == INBOX_OPEN) item_close(d, item, resolution);
}
