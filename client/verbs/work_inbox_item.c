/* work_inbox_item.c - the items of the inbox as things: whose they are, in which order, what hangs on
 * what, what they are about and who stood in the way. Asked by work_inbox*.c, and for how many
 * wait. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/domain/merge.h"
#include "common/domain/stage_edit.h"

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

bool inbox_is_copy(const struct inbox_item *item)
{
    return item->kind == INBOX_NOTICE && str_equal(item->field, STR("copy"));
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
    /* That it joined is for the other devices to judge. */
    bool itself = item->kind == INBOX_NOTICE && item->subject_kind == ENTITY_DEVICE &&
                  uuid_equal(item->subject, work->identity.device);
    if (itself && str_equal(item->field, STR("name"))) return false;
    if (item->kind == INBOX_NOTICE) return uuid_equal(item->concerned, work->identity.member);
    return uuid_equal(item->author, work->identity.member) ||
           uuid_equal(item->concerned, work->identity.member) ||
           str_starts_with(item->reasons, STR("device_revoked"));
}

enum fault inbox_items(struct work *work, bool everybody, struct inbox_list *out)
{
    const void **all;
    size_t total;
    *out = (struct inbox_list){.count = 0};
    enum fault fault = work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &all,
                                             &total);
    if (fault) return fault;
    const struct inbox_item **items = arena_array(work->arena, total + 1, sizeof *items);
    out->items = items;
    if (!items) return FAULT_MEMORY;
    for (size_t i = 0; i < total; i++) {
        const struct inbox_item *item = all[i];
        if (item->state != INBOX_OPEN || (!everybody && !inbox_is_mine(work, item))) continue;
        size_t at = out->count++;
        for (; at > 0 && item_before(item, items[at - 1]); at--) items[at] = items[at - 1];
        items[at] = item;
    }
    return inbox_roots(work, out);
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

enum fault inbox_theirs(struct work *work, const struct inbox_item *item,
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

struct inbox_about inbox_about(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    struct inbox_about about = {(enum entity_kind)item->subject_kind, item->subject};
    if (item->subject_kind != ENTITY_NONE) return about;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return about;
    if (mutation.entity <= ENTITY_NONE || mutation.entity >= ENTITY_COUNT) return about;
    return (struct inbox_about){(enum entity_kind)mutation.entity, mutation.target};
}

/* There is no other deal to log it for. */
static bool activity_has_deal(struct work *work, const struct mutation *mutation)
{
    const void *deal;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (!edit->field || edit->field->refers != ENTITY_DEAL || !edit->want.present) continue;
        return work_found(work, work->replica->f->entity(work->replica, work->arena, ENTITY_DEAL,
                                                         edit->want.id, false, &deal));
    }
    return true;
}

bool inbox_can_retry(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    const void *current;
    if (item->kind != INBOX_PARKED) return false;
    if (str_starts_with(item->reasons, STR("server_fault"))) return false;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return false;
    if (mutation.kind == MUTATION_CLOSE) return false; /* that item is settled */
    /* What hangs on a refused creation comes back with it. */
    if (!uuid_is_zero(item->group)) return true;
    if (mutation.entity == ENTITY_ACTIVITY) return activity_has_deal(work, &mutation);
    if (mutation.kind == MUTATION_CREATE || mutation.kind == MUTATION_IMPORT) return true;
    if (mutation.kind == MUTATION_RESTORE) { /* what was deleted last comes back */
        const struct event *deletion;
        enum fault fault = deletion_of(work, mutation.target, &deletion);
        return work_found(work, fault) && deletion;
    }
    return work_found(work, work->replica->f->entity(work->replica, work->arena,
                                                     (enum entity_kind)mutation.entity,
                                                     mutation.target, false, &current));
}

/* What a refused creation would be called: its own words. */
static struct str creation_say(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    if (codec_mutation_unpack(work->arena, item->payload, &mutation)) return STR_NONE;
    if (mutation.stage) {
        return arena_format(work->arena, "the stage %.*s", STR_ARGS(mutation.stage->want.name));
    }
    for (size_t i = 0; i < mutation.edit_count; i++) {
        const struct field *field = mutation.edits[i].field;
        if (!field) continue;
        if (strcmp(field->name, "title") == 0 || strcmp(field->name, "name") == 0) {
            return mutation.edits[i].want.text;
        }
    }
    return STR_NONE;
}

/* As it is called here, or would be had it not been refused. */
static struct str thing_named(struct work *work, enum entity_kind kind, struct uuid id)
{
    const void *creation;
    struct str name = name_of(work, kind, id);
    if (name.n > 0) return name;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INBOX,
                                                inbox_creation_id(id), false, &creation);
    if (!fault) return creation_say(work, creation);
    const struct event *deletion;
    if (deletion_of(work, id, &deletion) || !deletion) return STR_NONE;
    return deletion_title(work, deletion);
}

/* "call for Harbour crane" */
static struct str activity_say(struct work *work, const struct mutation *mutation)
{
    struct str type = STR("activity"), deal = STR_NONE;
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (!edit->field || !edit->want.present) continue;
        if (strcmp(edit->field->name, "type") == 0) {
            const char *name = field_choice_name(edit->field, edit->want.number);
            if (name) type = str_from(name);
        }
        if (strcmp(edit->field->name, "deal") == 0) {
            deal = thing_named(work, ENTITY_DEAL, edit->want.id);
            if (deal.n == 0) deal = STR("a deal that is gone");
        }
    }
    if (deal.n == 0) return type;
    return arena_format(work->arena, "%.*s for %.*s", STR_ARGS(type), STR_ARGS(deal));
}

struct str inbox_subject_say(struct work *work, const struct inbox_item *item)
{
    struct mutation mutation;
    struct inbox_about about = inbox_about(work, item);
    bool known = codec_mutation_unpack(work->arena, item->payload, &mutation) == FAULT_NONE;
    if (about.kind == ENTITY_ACTIVITY && known) return activity_say(work, &mutation);
    struct str name = thing_named(work, about.kind, about.id);
    return name.n > 0 ? name : creation_say(work, item);
}

struct str inbox_state_say(int64_t state)
{
    switch ((enum inbox_state)state) {
    case INBOX_MINE: return STR("with the own value");
    case INBOX_THEIRS: return STR("with what stood");
    case INBOX_VALUE: return STR("with another value");
    case INBOX_DISCARDED: return STR("discarded");
    case INBOX_RESENT: return STR("sent again");
    case INBOX_OPEN:
    case INBOX_STATE_NONE: break;
    }
    return STR("closed");
}

struct str inbox_settled_say(struct work *work, const struct inbox_item *item)
{
    struct str who = name_of_member(work, item->closed_by);
    if (uuid_equal(item->closed_by, work->identity.member)) who = STR("you");
    if (who.n == 0) who = STR("the server");
    return arena_format(work->arena, "%.*s, by %.*s", STR_ARGS(inbox_state_say(item->state)),
                        STR_ARGS(who));
}

/* No open item has that number: was it settled, by whom and how? */
static enum fault named_missing(struct work *work, struct str text, int64_t number,
                                struct answer *answer)
{
    const void **all;
    size_t count;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &all, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct inbox_item *item = all[i];
        if (item->number != number || item->state == INBOX_OPEN) continue;
        FAIL(answer, ERROR_NOT_FOUND, "item {number} is settled already: {how}, {when}",
             {"number", text}, {"how", inbox_settled_say(work, item)},
             {"when", moment_say(work, item->closed_at)});
        return FAULT_NONE;
    }
    if (!fault) {
        FAIL(answer, ERROR_NOT_FOUND,
             "there is no open item {number}; `sluice inbox` shows what there is",
             {"number", text});
    }
    return fault;
}

enum fault inbox_item_named(struct work *work, struct str text, struct answer *answer,
                            const struct inbox_item **out)
{
    struct inbox_list open;
    int64_t number = 0;
    *out = NULL;
    bool numeric = str_to_int64(text, &number) == FAULT_NONE;
    enum fault fault = inbox_items(work, true, &open);
    for (size_t i = 0; !fault && i < open.count && numeric; i++) {
        if (open.items[i]->number == number) *out = open.items[i];
    }
    if (!fault && !*out) fault = named_missing(work, text, numeric ? number : 0, answer);
    return fault;
}

/* One copying may leave two notices, when both copies had to find a new way: they are told as one. */
static bool copy_is_told(const void *const *items, size_t before)
{
    const struct inbox_item *item = items[before];
    for (size_t i = 0; i < before; i++) {
        const struct inbox_item *other = items[i];
        if (other->state != INBOX_OPEN || !inbox_is_copy(other)) continue;
        if (uuid_equal(other->subject, item->subject)) return true;
    }
    return false;
}

enum fault work_attention(struct work *work, size_t *count)
{
    const void **items;
    size_t all;
    *count = 0;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &items, &all);
    for (size_t i = 0; !fault && i < all; i++) {
        const struct inbox_item *item = items[i];
        if (item->state != INBOX_OPEN || !inbox_is_mine(work, item)) continue;
        if (!inbox_is_copy(item) || !copy_is_told(items, i)) ++*count;
    }
    return fault;
}

enum fault work_items_of(struct work *work, struct uuid mutation, struct str *numbers)
{
    const void **items;
    size_t count;
    *numbers = STR("");
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_INBOX, &items, &count);
    for (size_t i = 0; !fault && i < count; i++) {
        const struct inbox_item *item = items[i];
        if (item->state != INBOX_OPEN || !uuid_equal(item->mutation, mutation)) continue;
        *numbers = arena_format(work->arena, "%.*s%s%lld", STR_ARGS(*numbers),
                                numbers->n > 0 ? ", " : "", (long long)item->number);
    }
    return fault;
}
