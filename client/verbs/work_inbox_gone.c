/* work_inbox_gone.c - what a refused change needs and the server has not: deleted, or lost when the server
 * went back in time and not brought again yet. And what hangs on what: on a refused creation, or
 * together with others on one thing that is not there. Asked by the other work_inbox*.c. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

/* What the mutation names in that field. */
static struct inbox_about reference_of(const struct mutation *mutation, struct str name)
{
    for (size_t i = 0; i < mutation->edit_count; i++) {
        const struct edit *edit = &mutation->edits[i];
        if (!edit->field || !edit->want.present || edit->field->type != VALUE_REFERENCE) continue;
        if (!str_equal(str_from(edit->field->name), name)) continue;
        return (struct inbox_about){edit->field->refers, edit->want.id};
    }
    return (struct inbox_about){ENTITY_NONE, {{0}}};
}

static struct inbox_about needed(struct work *work, const struct inbox_item *item)
{
    struct reasons reasons;
    struct mutation mutation;
    struct inbox_about none = {ENTITY_NONE, {{0}}};
    if (item->kind != INBOX_PARKED || reasons_parse(work->arena, item->reasons, &reasons)) return none;
    for (size_t i = 0; i < reasons.count; i++) {
        const struct reason *reason = &reasons.items[i];
        struct inbox_about about = none;
        const char *kind = entity_name((enum entity_kind)item->subject_kind);
        if (reason->code == REASON_GONE && kind && str_equal(reason->value, str_from(kind))) {
            about = (struct inbox_about){(enum entity_kind)item->subject_kind, item->subject};
        }
        if (reason->code == REASON_REFERENCE_UNKNOWN &&
            codec_mutation_unpack(work->arena, item->payload, &mutation) == FAULT_NONE) {
            about = reference_of(&mutation, reason->field);
        }
        if (about.kind != ENTITY_NONE && !uuid_is_zero(about.id)) return about;
    }
    return none;
}

/* Was it deleted, even if nothing of it was kept to bring it back? */
static bool is_deleted(struct work *work, struct uuid id)
{
    const struct event **events;
    uint64_t *seqs;
    size_t count;
    enum fault fault =
        work->replica->f->events(work->replica, work->arena, id, &events, &seqs, &count);
    if (!work_found(work, fault)) return false;
    for (size_t i = 0; i < count; i++) {
        if (events[i]->what == EVENT_DELETED) return true;
    }
    return false;
}

struct inbox_need inbox_need(struct work *work, const struct inbox_item *item)
{
    const void *found;
    struct inbox_need need = {.thing = needed(work, item)};
    if (need.thing.kind == ENTITY_NONE) return need;
    need.gone = !work_found(work, work->replica->f->entity(work->replica, work->arena,
                                                           need.thing.kind, need.thing.id, false,
                                                           &found));
    (void)work_found(work, deletion_of(work, need.thing.id, &need.deletion));
    need.deleted = is_deleted(work, need.thing.id);
    int64_t since = work->identity.lost_since;
    need.waits = need.gone && !need.deleted && since > 0 && item->recorded_at.has &&
                 item->recorded_at.v >= since;
    return need;
}

/* --- what hangs on what --- */

static struct str id_key(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

/* The creation that a thing waits for, and the first item that needs a thing. */
struct roots {
    struct map items; /* id -> its place + 1 */
    struct map firsts; /* what is needed -> place + 1 of the first that does */
    size_t *places;
};

static enum fault root_find(struct work *work, struct inbox_list *list, struct roots *roots, size_t i)
{
    const struct inbox_item *item = list->items[i];
    const size_t *root = uuid_is_zero(item->group) ? NULL : map_get(&roots->items, id_key(&item->group));
    if (!root) {
        struct inbox_about thing = inbox_is_copy(item)
                                       ? (struct inbox_about){ENTITY_DEVICE, item->subject}
                                       : needed(work, item);
        struct uuid creation = inbox_creation_id(thing.id);
        if (thing.kind == ENTITY_NONE) return FAULT_NONE;
        root = map_get(&roots->items, id_key(&creation));
        if (!root) root = map_get(&roots->firsts, id_key(&thing.id));
        if (!root) return map_put(&roots->firsts, id_key(&thing.id), &roots->places[i]);
    }
    if (*root != i + 1) list->roots[i] = *root - 1;
    return FAULT_NONE;
}

enum fault inbox_roots(struct work *work, struct inbox_list *list)
{
    struct roots roots = {.places = arena_array(work->arena, list->count + 1, sizeof *roots.places)};
    list->roots = arena_array(work->arena, list->count + 1, sizeof *list->roots);
    if (!roots.places || !list->roots) return FAULT_MEMORY;
    map_init(&roots.items, work->arena);
    map_init(&roots.firsts, work->arena);
    enum fault fault = FAULT_NONE;
    for (size_t i = 0; i < list->count && !fault; i++) {
        roots.places[i] = i + 1;
        list->roots[i] = INBOX_ALONE;
        fault = map_put(&roots.items, id_key(&list->items[i]->id), &roots.places[i]);
    }
    for (size_t i = 0; i < list->count && !fault; i++) fault = root_find(work, list, &roots, i);
    return fault;
}

size_t inbox_with(const struct inbox_list *list, size_t root, const struct inbox_item **out)
{
    enum { FAR = 8 }; /* an activity on a deal on a person on an organisation is less */
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t on = list->roots[i];
        for (size_t far = 0; on != INBOX_ALONE && on != root && far < FAR; far++) on = list->roots[on];
        if (on == root && i != root) out[found++] = list->items[i];
    }
    return found;
}
