/* work_member.c - `member edit`: another name or role. Rights are the rule book's. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

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
    struct str summary = arena_format(work->arena, "member edit %.*s", STR_ARGS(member->name));
    fault = wish_submit(work, &wish, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    if (!done) {
        NOTE(answer, NOTE_TALK, "{name} is so already; nothing was changed",
             {"name", member->name});
        return FAULT_NONE;
    }
    fault = work->replica->f->entity(work->replica, work->arena, ENTITY_MEMBER, member->id, false,
                                     &shown);
    if (fault) return fault;
    const struct field *role = field_by_name(ENTITY_MEMBER, STR("role"));
    NOTE(answer, NOTE_RESULT, "{name} is {role} from now on, on every device",
         {"name", ((const struct member *)shown)->name},
         {"role", cell_field(work, role, shown).shown});
    return FAULT_NONE;
}
