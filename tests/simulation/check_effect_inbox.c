/* check_effect_inbox.c - the record of each conflict holds what was seen, wanted and stands; a record
 * changes only by who may settle it, and only as was asked. */
#include "tests/simulation/check_effect.h"

#include <string.h>

#include "common/base/check.h"
#include "tests/simulation/check_inside.h"
#include "tests/simulation/world.h"

#include "common/base/banned.h"

/* --- a unit as one text, written and read anew --- */

enum unit_side { SIDE_STANDS, SIDE_SEEN, SIDE_WANTED };

static struct str escaped(struct deed *e, struct str text)
{
    char *out = arena_alloc(&e->arena, 2 * text.n + 1);
    check(out != NULL);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(";=\\", text.p[i]) && text.p[i]) out[n++] = '\\';
        out[n++] = text.p[i];
    }
    return (struct str){out, n};
}

/* The part of that name in "value=100;currency=EUR"; false: there is none. */
static bool part_of(struct deed *e, struct str unit, const char *name, struct str *out)
{
    for (size_t at = 0; at < unit.n;) {
        size_t end = at;
        while (end < unit.n && unit.p[end] != ';') end += unit.p[end] == '\\' ? 2 : 1;
        if (end > unit.n) end = unit.n;
        size_t n = strlen(name);
        bool named = end - at > n && memcmp(unit.p + at, name, n) == 0 && unit.p[at + n] == '=';
        if (named) {
            char *plain = arena_alloc(&e->arena, end - at + 1);
            check(plain != NULL);
            size_t k = 0;
            for (size_t i = at + n + 1; i < end; i++) {
                if (unit.p[i] == '\\' && i + 1 < end) i++;
                plain[k++] = unit.p[i];
            }
            *out = (struct str){plain, k};
            return true;
        }
        at = end + 1;
    }
    return false;
}

static const struct edit *edit_of(const struct deed *e, const struct field *field)
{
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        if (e->mutation->edits[i].field == field) return &e->mutation->edits[i];
    }
    return NULL;
}

/* over: the author's record that goes on: what nobody names now is as it was wanted there. */
static struct str side_text(struct deed *e, const struct field *field, enum unit_side side,
                            const struct inbox_item *over)
{
    const struct edit *edit = side == SIDE_STANDS ? NULL : edit_of(e, field);
    struct str part;
    if (edit) return effect_text(e, field, side == SIDE_SEEN ? edit->base : edit->want);
    if (over && side == SIDE_WANTED && part_of(e, over->mine, field->name, &part)) return part;
    struct stand_text before = effect_before(e, field);
    if (!before.known) e->unsure = true;
    return before.text;
}

static struct str unit_text(struct deed *e, const struct field *leader, enum unit_side side,
                            const struct inbox_item *over)
{
    if (leader->unit == UNIT_SINGLE) return side_text(e, leader, side, over);
    struct str out = STR("");
    size_t count;
    const struct field *fields = fields_of(leader->entity, &count);
    for (size_t i = 0; i < count; i++) {
        if (!field_same_unit(&fields[i], leader)) continue;
        struct str part = escaped(e, side_text(e, &fields[i], side, over));
        out = arena_format(&e->arena, "%.*s%s%s=%.*s", STR_ARGS(out), out.n > 0 ? ";" : "",
                           fields[i].name, STR_ARGS(part));
    }
    return out;
}

/* --- records of conflicts --- */

static bool is_record(const struct deed *e, const struct row *row, const struct field *leader)
{
    if (row->kind != ENTITY_INBOX || row->removed) return false;
    const struct inbox_item *item = row->entity;
    return item->kind == INBOX_CONFLICT && uuid_equal(item->subject, e->mutation->target) &&
           uuid_equal(item->author, e->outcome->member) &&
           effect_same(item->field, str_from(leader->name));
}

/* Written earlier in this commit too, but not seen: what it held then is not known. */
static bool is_hidden(const struct deed *e, struct uuid id)
{
    const uint64_t *hidden = map_get(&e->world->oracle.hidden, oracle_id_key(&id));
    return hidden && *hidden == e->request->new_seq;
}

static void hidden_note(struct deed *e, const struct row *row)
{
    uint64_t *hidden = oracle_place(&e->world->oracle, &e->world->oracle.hidden,
                                    oracle_id_key(&row->id), sizeof *hidden);
    *hidden = e->request->new_seq;
}

/* Does the wish start from the author's own one in that record? */
static bool goes_on(struct deed *e, const struct field *leader, const struct inbox_item *slot)
{
    if (uuid_equal(e->mutation->resolves, slot->id)) return true;
    for (size_t i = 0; i < e->mutation->edit_count; i++) {
        const struct edit *edit = &e->mutation->edits[i];
        if (!field_same_unit(edit->field, leader)) continue;
        struct str mine = slot->mine;
        if (leader->unit != UNIT_SINGLE && !part_of(e, slot->mine, edit->field->name, &mine))
            return false;
        if (!effect_same(mine, effect_text(e, edit->field, edit->base))) return false;
    }
    return true;
}

static void record_judge(struct deed *e, const struct field *leader, const struct inbox_item *item)
{
    const struct row *old = oracle_row(e->world, ENTITY_INBOX, item->id);
    const struct inbox_item *slot = old && !old->removed ? old->entity : NULL;
    bool on = slot && slot->state == INBOX_OPEN;
    bool hidden = is_hidden(e, item->id);
    if (on && !hidden && !goes_on(e, leader, slot))
        effect_fail(e, "an open record is overwritten by another wish", item->field);
    struct str stands = unit_text(e, leader, SIDE_STANDS, NULL);
    struct str wanted = unit_text(e, leader, SIDE_WANTED, on ? slot : NULL);
    struct str seen = on ? slot->base : unit_text(e, leader, SIDE_SEEN, NULL);
    if (e->unsure) return;
    if (!effect_same(item->theirs, stands))
        effect_fail(e, "a conflict's record does not hold what stands", item->theirs);
    if (hidden) return;
    if (!effect_same(item->mine, wanted))
        effect_fail(e, "a conflict's record does not hold what was wanted", item->mine);
    if (!effect_same(item->base, seen))
        effect_fail(e, "a conflict's record does not hold what was seen", item->base);
    if (item->state != INBOX_OPEN) effect_fail(e, "a conflict begins settled", item->field);
}

void effect_conflict(struct deed *e, const struct field *leader)
{
    size_t found = 0, later = 0;
    for (size_t i = 0; i < e->request->row_count && !e->world->failed; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->seq < e->seq || !is_record(e, row, leader)) continue;
        const struct inbox_item *item = row->entity;
        if (row->seq > e->seq) {
            later++;
        } else if (uuid_equal(item->mutation, e->mutation->id)) {
            found++;
            record_judge(e, leader, item);
        }
    }
    if (e->world->failed || found == 1 || (found == 0 && later > 0)) return;
    effect_fail(e, found == 0 ? "a conflict without a record" : "a conflict with two records",
                str_from(leader->name));
}

/* --- settling --- */

static bool may_settle(struct deed *e, const struct inbox_item *item)
{
    if (uuid_equal(item->author, e->outcome->member)) return true;
    if (uuid_equal(item->concerned, e->outcome->member)) return true;
    const struct row *row = oracle_row(e->world, ENTITY_MEMBER, e->outcome->member);
    return row && !row->removed && oracle_is_chief(row->entity);
}

static void content_judge(struct deed *e, const struct inbox_item *old,
                          const struct inbox_item *item)
{
    const struct str were[] = {old->base, old->mine, old->theirs, old->payload, old->field};
    const struct str are[] = {item->base, item->mine, item->theirs, item->payload, item->field};
    bool same = uuid_equal(old->author, item->author) && uuid_equal(old->subject, item->subject) &&
                uuid_equal(old->concerned, item->concerned) && old->kind == item->kind &&
                uuid_equal(old->mutation, item->mutation) && old->number == item->number;
    for (size_t i = 0; i < 5; i++) same = same && effect_same(were[i], are[i]);
    if (!same) effect_fail(e, "what was settled is not what it was", item->field);
}

static void settled_judge(struct deed *e, const struct inbox_item *old,
                          const struct inbox_item *item)
{
    bool asked = uuid_equal(e->mutation->resolves, item->id);
    bool creation = (e->mutation->kind == MUTATION_CREATE ||
                     e->mutation->kind == MUTATION_IMPORT) &&
                    old->kind == INBOX_PARKED && uuid_equal(old->subject, e->mutation->target);
    if (!asked && !creation) effect_fail(e, "something is settled that nobody named", item->field);
    if (!may_settle(e, old)) effect_fail(e, "somebody settles what is not theirs", item->field);
    if (!uuid_equal(item->closed_by, e->outcome->member))
        effect_fail(e, "settled by somebody else", item->field);
    if (asked && !creation && item->state != e->mutation->resolution)
        effect_fail(e, "settled otherwise than was asked", item->field);
    content_judge(e, old, item);
}

static void reopened_judge(struct deed *e, const struct inbox_item *old,
                           const struct inbox_item *item)
{
    bool undoes = !uuid_is_zero(e->mutation->undoes);
    bool asked = uuid_equal(e->mutation->resolves, item->id);
    if (!undoes || !asked || !uuid_equal(old->closed_by, e->outcome->member))
        effect_fail(e, "something is open again, and nobody took its settling back", item->field);
    content_judge(e, old, item);
}

static void item_judge(struct deed *e, const struct row *row)
{
    const struct inbox_item *item = row->entity;
    const struct row *before = oracle_row(e->world, ENTITY_INBOX, row->id);
    const struct inbox_item *old = before && !before->removed ? before->entity : NULL;
    if (item->kind == INBOX_NOTICE || is_hidden(e, row->id)) return;
    bool news = uuid_equal(item->mutation, e->mutation->id);
    if (!old || (news && !uuid_equal(old->mutation, item->mutation))) {
        if (!news || !uuid_equal(item->author, e->outcome->member))
            effect_fail(e, "a record of another change, or of somebody else's", item->field);
        return;
    }
    if (old->state == INBOX_OPEN && item->state != INBOX_OPEN)
        settled_judge(e, old, item);
    else if (old->state != INBOX_OPEN && item->state == INBOX_OPEN && !news)
        reopened_judge(e, old, item);
    else if (old->state != item->state)
        effect_fail(e, "what was settled is settled again", item->field);
}

/* What it was to settle is settled. */
static void resolved_judge(struct deed *e)
{
    struct uuid id = e->mutation->resolves;
    const struct row *before = oracle_row(e->world, ENTITY_INBOX, id);
    bool through = e->outcome->kind == OUTCOME_APPLIED || e->outcome->kind == OUTCOME_MERGED;
    if (uuid_is_zero(id) || !through || !before || before->removed || is_hidden(e, id)) return;
    const struct inbox_item *old = before->entity;
    if (old->state != INBOX_OPEN || e->mutation->resolution == INBOX_OPEN) return;
    bool later;
    const struct row *row = effect_row(e, ENTITY_INBOX, id, &later);
    if (!row && !later && may_settle(e, old))
        effect_fail(e, "answered, and its record is still open", old->field);
}

void effect_inbox(struct deed *e)
{
    size_t records = 0;
    for (size_t i = 0; i < e->request->row_count && !e->world->failed; i++) {
        const struct row *row = &e->request->rows[i];
        if (row->kind != ENTITY_INBOX || row->removed || row->seq < e->seq) continue;
        const struct inbox_item *item = row->entity;
        if (row->seq > e->seq) {
            bool touched = uuid_equal(item->subject, e->mutation->target) ||
                           uuid_equal(row->id, e->mutation->resolves);
            if (touched) hidden_note(e, row);
            continue;
        }
        item_judge(e, row);
        bool record = item->kind == INBOX_CONFLICT && item->state == INBOX_OPEN &&
                      uuid_equal(item->mutation, e->mutation->id);
        records += record;
    }
    if (!e->unsure && records > e->conflicts && !e->world->failed)
        effect_fail(e, "a conflict is told of that was none", STR_NONE);
    if (!e->world->failed) resolved_judge(e);
}
