/* work_invitation.c - `invitation list` and `invitation revoke`: those that nobody has used yet.
 *
 * Which invitation a device joined with is said by its row: from that it is known what was used.
 * Seen by managers and owners. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/domain/permission.h"
#include "common/base/banned.h"

static const struct column invitation_columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"member", "Member", COLUMN_SHOWN | COLUMN_WIDE},
    {"role", "Role", COLUMN_SHOWN},
    {"by", "Invited by", COLUMN_SHOWN},
    {"created_at", "Invited", COLUMN_SHOWN},
    {"expires_at", "Until", COLUMN_SHOWN},
    {"state", "State", COLUMN_SHOWN},
    {"device", "Device", 0},
    {"full_id", "Full ID", 0},
};
const struct columns invitation_table = COLUMNS(invitation_columns);

enum { REVOKED_MAX = 256 }; /* more at once nobody means by one word */

struct invitations {
    const struct invitation **items; /* oldest first */
    struct str *shorts;
    const struct device **used_by; /* NULL: nobody yet */
    const struct invitation *own; /* this device joined with it, and its row is still to come */
    size_t count;
};

/* Right after joining the server has not told of this device yet: the newest of mine was it. */
static enum fault own_find(struct work *work, struct invitations *list, const void *const *devices,
                           size_t count)
{
    list->own = NULL;
    for (size_t k = 0; k < count; k++) {
        if (uuid_equal(((const struct device *)devices[k])->id, work->identity.device)) {
            return FAULT_NONE;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        bool mine = uuid_equal(list->items[i]->member, work->identity.member);
        if (mine && !list->used_by[i]) list->own = list->items[i];
    }
    return FAULT_NONE;
}

static enum fault uses_find(struct work *work, struct invitations *list)
{
    const void **devices;
    size_t count;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_DEVICE, &devices, &count);
    list->used_by = arena_array(work->arena, list->count + 1, sizeof *list->used_by);
    if (!list->used_by) return FAULT_MEMORY;
    for (size_t i = 0; !fault && i < list->count; i++) {
        for (size_t k = 0; k < count && !list->used_by[i]; k++) {
            const struct device *device = devices[k];
            if (uuid_equal(device->invitation, list->items[i]->id)) list->used_by[i] = device;
        }
    }
    return fault ? fault : own_find(work, list, devices, count);
}

static enum fault invitations_read(struct work *work, struct invitations *list)
{
    const void **found;
    enum fault fault = work->replica->f->all(work->replica, work->arena, ENTITY_INVITATION, &found,
                                             &list->count);
    if (fault) return fault;
    struct uuid *ids = arena_array(work->arena, list->count + 1, sizeof *ids);
    list->items = arena_array(work->arena, list->count + 1, sizeof *list->items);
    list->shorts = arena_array(work->arena, list->count + 1, sizeof *list->shorts);
    if (!ids || !list->items || !list->shorts) return FAULT_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        const struct invitation *item = found[i];
        size_t at = i;
        for (; at > 0 && item->created_at.v < list->items[at - 1]->created_at.v; at--) {
            list->items[at] = list->items[at - 1];
        }
        list->items[at] = item;
    }
    for (size_t i = 0; i < list->count; i++) ids[i] = list->items[i]->id;
    fault = names_short(work->arena, ids, list->count, list->shorts);
    return fault ? fault : uses_find(work, list);
}

/* "open" is what can still let somebody in. */
static const char *invitation_state(const struct work *work, const struct invitations *list,
                                    size_t i)
{
    const struct invitation *item = list->items[i];
    if (list->used_by[i] || item == list->own) return "used";
    if (item->revoked) return "revoked";
    return item->expires_at.has && item->expires_at.v <= work->now.wall_ms ? "expired" : "open";
}

static enum fault invitation_cells(struct work *work, const struct invitations *list, size_t i,
                                   struct cell *cells)
{
    const struct invitation *item = list->items[i];
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    const void *member;
    char full[UUID_TEXT_LENGTH + 1];
    uuid_format(item->id, full);
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_MEMBER,
                                                item->member, false, &member);
    if (fault && fault != FAULT_NOT_FOUND) return fault;
    cells[0] = cell_text(list->shorts[i]);
    cells[1] = cell_text(name_of_member(work, item->member));
    if (!fault) cells[2] = cell_field(work, role, member);
    cells[3] = cell_text(name_of_member(work, item->invited_by));
    cells[4] = cell_time(work, item->created_at);
    cells[5] = cell_time(work, item->expires_at);
    cells[5].shown = moment_full_say(work, item->expires_at);
    cells[6] = cell_text(str_from(invitation_state(work, list, i)));
    if (list->used_by[i]) cells[7] = cell_text(list->used_by[i]->name);
    cells[8] = cell_text(arena_str(work->arena, str_from(full)));
    return FAULT_NONE;
}

enum fault invitation_list(struct work *work, const struct request *request, struct answer *answer)
{
    struct invitations list;
    bool all = request_option(request, "all") != NULL;
    /* That there are none would be no answer for who may not see them. */
    if (!work_may(work, ACTION_INVITE_REP, answer)) return FAULT_NONE;
    enum fault fault = invitations_read(work, &list);
    answer_table(answer, SHAPE_TABLE, invitation_columns,
                 sizeof invitation_columns / sizeof invitation_columns[0]);
    for (size_t i = 0; !fault && i < list.count; i++) {
        if (!all && strcmp(invitation_state(work, &list, i), "open") != 0) continue;
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        fault = invitation_cells(work, &list, i, cells);
    }
    if (answer->row_count == 0) answer_say(answer, NOTE_TALK, "no invitation waits to be used");
    return fault;
}

enum meant { MEANT_NOT = 0, MEANT_PART, MEANT_WHOLE };

/* Named by its id, by whom it is for, or by how that name begins. */
static enum meant invitation_meant(struct work *work, const struct invitations *list, size_t i,
                                   struct str text, struct str folded)
{
    struct str name;
    if (text.n >= list->shorts[i].n && uuid_short_matches(list->items[i]->id, text)) {
        return MEANT_WHOLE;
    }
    if (text_fold(work->arena, name_of_member(work, list->items[i]->member), &name)) {
        return MEANT_NOT;
    }
    if (str_equal(name, folded)) return MEANT_WHOLE;
    return folded.n > 0 && str_starts_with(name, folded) ? MEANT_PART : MEANT_NOT;
}

/* How well anything is meant; *several: by a part, and of more than one member. */
static enum meant invitations_meant(struct work *work, const struct invitations *list,
                                    struct str text, struct str folded, bool *several)
{
    enum meant best = MEANT_NOT;
    struct uuid member = {{0}};
    *several = false;
    for (size_t i = 0; i < list->count; i++) {
        enum meant meant = invitation_meant(work, list, i, text, folded);
        if (meant == MEANT_NOT || meant < best) continue;
        if (meant > best) *several = false;
        else *several |= !uuid_equal(member, list->items[i]->member);
        best = meant;
        member = list->items[i]->member;
    }
    *several = *several && best == MEANT_PART;
    return best;
}

/* Nothing can be taken back: was it used, and by what? */
static void revoke_nothing(struct work *work, const struct device *used, struct str text,
                           struct answer *answer)
{
    if (!used) {
        FAIL(answer, ERROR_NOT_FOUND,
             "no invitation \"{name}\" waits to be used; see `sluice invitation list --all`",
             {"name", text});
        return;
    }
    FAIL(answer, ERROR_GONE,
         "that invitation was used by the device {device} of {member}; `sluice device revoke {id}` "
         "shuts it out",
         {"device", used->name}, {"member", name_of_member(work, used->member)},
         {"id", name_short(work, ENTITY_DEVICE, used->id)});
}

static enum fault revoke_one(struct work *work, const struct invitation *item,
                             struct answer *answer)
{
    struct wish wish;
    bool done;
    struct str name = name_of_member(work, item->member);
    wish_init(&wish, ENTITY_INVITATION, item->id, item);
    wish_set(&wish, "revoked", value_number(VALUE_FLAG, 1));
    wish_set(&wish, "member", value_reference(item->member)); /* by whose rank it is judged */
    struct str summary = arena_format(work->arena, "invitation revoke %.*s", STR_ARGS(name));
    enum fault fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_RESULT,
         "Took back the invitation of {name}: from when the server hears of it, it lets nobody in",
         {"name", name});
    return FAULT_NONE;
}

/* As it stands now. */
static enum fault revoked_row(struct work *work, struct invitations *list, size_t i,
                              struct answer *answer)
{
    const void *shown;
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    enum fault fault = work->replica->f->entity(work->replica, work->arena, ENTITY_INVITATION,
                                                list->items[i]->id, false, &shown);
    if (fault) return fault;
    list->items[i] = shown;
    return invitation_cells(work, list, i, cells);
}

enum fault invitation_revoke(struct work *work, const struct request *request,
                             struct answer *answer)
{
    struct invitations list;
    struct str text = str_trim(request->arguments[0]), folded;
    const struct device *used = NULL;
    size_t count = 0;
    bool several;
    if (!work_may(work, ACTION_INVITE_REP, answer)) return FAULT_NONE;
    enum fault fault = invitations_read(work, &list);
    if (!fault) fault = text_fold(work->arena, text, &folded);
    if (fault) return fault;
    enum meant best = invitations_meant(work, &list, text, folded, &several);
    if (several) {
        FAIL(answer, ERROR_AMBIGUOUS,
             "\"{name}\" could be several people; type the whole name, or the id as `sluice "
             "invitation list` shows it",
             {"name", text});
        return FAULT_NONE;
    }
    answer_machine(answer, SHAPE_TABLE, &invitation_table);
    for (size_t i = 0; !fault && i < list.count && count < REVOKED_MAX; i++) {
        enum meant meant = invitation_meant(work, &list, i, text, folded);
        if (meant == MEANT_NOT || meant < best) continue;
        if (list.used_by[i]) used = list.used_by[i];
        if (strcmp(invitation_state(work, &list, i), "open") != 0) continue;
        fault = revoke_one(work, list.items[i], answer);
        if (answer->code != ANSWER_OK) return fault;
        if (!fault) fault = revoked_row(work, &list, i, answer);
        count++;
    }
    if (!fault && count == 0) revoke_nothing(work, used, text, answer);
    return fault;
}
