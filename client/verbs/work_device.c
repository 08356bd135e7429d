/* work_device.c - `device list` and `device revoke`: what signs in as whom, and taking that away.
 *
 * Seen are one's own devices; managers and owners see everybody's. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

static const struct column device_columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"member", "Member", COLUMN_SHOWN},
    {"name", "Device", COLUMN_SHOWN | COLUMN_WIDE},
    {"created_at", "Joined", COLUMN_SHOWN},
    {"revoked_at", "Revoked", COLUMN_SHOWN},
    {"this", "This one", COLUMN_SHOWN},
    {"full_id", "Full ID", 0},
};
const struct columns device_table = COLUMNS(device_columns);

struct device_list {
    const struct device **devices;
    struct str *shorts;
    size_t count;
};

static enum fault devices_read(struct work *work, struct device_list *out)
{
    const void **found;
    enum fault fault =
        work->replica->f->all(work->replica, work->arena, ENTITY_DEVICE, &found, &out->count);
    if (fault) return fault;
    struct uuid *ids = arena_array(work->arena, out->count + 1, sizeof *ids);
    out->devices = arena_array(work->arena, out->count + 1, sizeof *out->devices);
    out->shorts = arena_array(work->arena, out->count + 1, sizeof *out->shorts);
    if (!ids || !out->devices || !out->shorts) return FAULT_MEMORY;
    for (size_t i = 0; i < out->count; i++) {
        out->devices[i] = found[i];
        ids[i] = out->devices[i]->id;
    }
    return names_short(work->arena, ids, out->count, out->shorts);
}

static enum fault device_row(struct work *work, const struct device *device, struct str short_id,
                             struct answer *answer)
{
    char full[UUID_TEXT_LENGTH + 1];
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    uuid_format(device->id, full);
    cells[0] = cell_text(short_id);
    cells[1] = cell_text(name_of_member(work, device->member));
    cells[2] = cell_text(device->name);
    cells[3] = cell_time(work, device->created_at);
    cells[4] = cell_time(work, device->revoked_at);
    cells[5] = cell_flag(uuid_equal(device->id, work->identity.device));
    cells[6] = cell_text(arena_str(work->arena, str_from(full)));
    return FAULT_NONE;
}

enum fault device_list(struct work *work, const struct request *request, struct answer *answer)
{
    struct device_list list;
    (void)request;
    enum fault fault = devices_read(work, &list);
    if (fault) return fault;
    answer_table(answer, SHAPE_TABLE, device_columns,
                 sizeof device_columns / sizeof device_columns[0]);
    for (size_t i = 0; i < list.count && !fault; i++) {
        fault = device_row(work, list.devices[i], list.shorts[i], answer);
    }
    return fault;
}

/* By its name or the beginning of its id; NULL when that is none or more than one. */
static const struct device *device_named(const struct device_list *list, struct str text,
                                         size_t *matches)
{
    const struct device *found = NULL;
    *matches = 0;
    for (size_t i = 0; i < list->count; i++) {
        char full[UUID_TEXT_LENGTH + 1];
        uuid_format(list->devices[i]->id, full);
        bool is = str_equal(text, list->devices[i]->name) || str_equal(text, str_from(full)) ||
                  (text.n >= list->shorts[i].n && str_starts_with(text, list->shorts[i]));
        if (!is || list->devices[i]->revoked) continue;
        found = list->devices[i];
        (*matches)++;
    }
    return *matches == 1 ? found : NULL;
}

enum fault device_revoke(struct work *work, const struct request *request, struct answer *answer)
{
    struct device_list list;
    struct wish wish;
    bool done;
    size_t matches;
    const void *shown;
    struct str wanted = str_trim(request->arguments[0]);
    enum fault fault = devices_read(work, &list);
    if (fault) return fault;
    const struct device *device = device_named(&list, wanted, &matches);
    if (!device && matches > 1) {
        FAIL(answer, ERROR_AMBIGUOUS,
             "\"{name}\" fits several devices; give the id of one, see "
             "`sluice device list`",
             {"name", wanted});
        return FAULT_NONE;
    }
    if (!device) {
        FAIL(answer, ERROR_NOT_FOUND,
             "there is no device \"{name}\" that can be revoked; see "
             "`sluice device list`",
             {"name", wanted});
        return FAULT_NONE;
    }
    wish_init(&wish, ENTITY_DEVICE, device->id, device);
    wish_set(&wish, "revoked", value_number(VALUE_FLAG, 1));
    struct str summary = arena_format(work->arena, "device revoke %.*s", STR_ARGS(device->name));
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    NOTE(answer, NOTE_TALK, "Revoked {name} of {member}, for good: it is cut off when the server "
                            "hears of this, may deliver what it holds for managers to decide on, "
                            "and then erases its copy",
         {"name", device->name}, {"member", name_of_member(work, device->member)});
    fault = work->replica->f->entity(work->replica, work->arena, ENTITY_DEVICE, device->id, false,
                                     &shown);
    answer_machine(answer, SHAPE_RECORD, &device_table);
    if (fault) return fault;
    return device_row(work, shown, name_short(work, ENTITY_DEVICE, device->id), answer);
}
