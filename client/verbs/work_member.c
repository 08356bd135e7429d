/* work_member.c - `member list`, and `member edit`: another name or role. Rights are the rule book's. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

static const struct column member_columns[] = {
    {"id", "ID", COLUMN_SHOWN},
    {"name", "Name", COLUMN_SHOWN},
    {"role", "Role", COLUMN_SHOWN},
    {"imported", "Imported", 0},
    {"full_id", "Full ID", 0},
};
const struct columns member_table = COLUMNS(member_columns);

enum fault member_row(struct work *work, const struct member *member, struct answer *answer)
{
    char full[UUID_TEXT_LENGTH + 1];
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    uuid_format(member->id, full);
    cells[0] = cell_text(name_short(work, ENTITY_MEMBER, member->id));
    cells[1] = cell_text(member->name);
    cells[2] = cell_field(work, field_by_name(ENTITY_MEMBER, STR("role")), member);
    cells[3] = cell_flag(member->imported);
    cells[4] = cell_text(arena_str(work->arena, str_from(full)));
    return FAULT_NONE;
}

enum fault member_list(struct work *work, const struct request *request, struct answer *answer)
{
    enum fault fault = FAULT_NONE;
    (void)request;
    answer_table(answer, SHAPE_TABLE, member_columns, member_table.count);
    for (size_t i = 0; i < work->member_count && !fault; i++) {
        if (!work->members[i]->removed) fault = member_row(work, work->members[i], answer);
    }
    return fault;
}

enum fault member_edit(struct work *work, const struct request *request, struct answer *answer)
{
    struct wish wish;
    bool fine, done;
    const void *shown;
    const struct member *member = name_member(work, request->arguments[0], answer);
    if (!member) return FAULT_NONE;
    wish_init(&wish, ENTITY_MEMBER, member->id, member);
    enum fault fault = wish_options(work, request, &wish, answer, &fine);
    if (fault || !fine) return fault;
    if (wish.count == 0) {
        answer_fail(answer, ERROR_NOTHING_TO_CHANGE,
                    "there is nothing to change; say --role ROLE or --name NAME");
        return FAULT_NONE;
    }
    const struct request_option *name = request_option(request, "name");
    const struct member *other = name ? name_called(work, name->value, member) : NULL;
    if (other) {
        FAIL(answer, ERROR_NAME_TAKEN,
             "{name} ({id}) is called so already; give a name that tells the two apart",
             {"name", other->name}, {"id", name_short(work, ENTITY_MEMBER, other->id)});
        return FAULT_NONE;
    }
    answer_machine(answer, SHAPE_RECORD, &member_table);
    struct str summary = arena_format(work->arena, "member edit %.*s", STR_ARGS(member->name));
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (!done) {
        NOTE(answer, NOTE_TALK, "{name} is so already; nothing was changed",
             {"name", member->name});
        return member_row(work, member, answer);
    }
    fault = work->replica->f->entity(work->replica, work->arena, ENTITY_MEMBER, member->id, false,
                                     &shown);
    if (fault) return fault;
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    NOTE(answer, NOTE_RESULT, "{name} is {role} from now on, on every device",
         {"name", ((const struct member *)shown)->name},
         {"role", cell_field(work, role, shown).shown});
    return member_row(work, shown, answer);
}
