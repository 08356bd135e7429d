/* work_invite.c - `invite NAME --role`: a one-time code is made here, its hash goes to the server.
 *
 * The line is given out only once the server has taken the hash (client/cli/command_network). */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"
#include "common/link/invitation.h"

static const struct column invite_columns[] = {
    {"member", "Member", COLUMN_SHOWN}, {"role", "Role", COLUMN_SHOWN},
    {"further", "Further device", 0},   {"hours", "Hours", COLUMN_SHOWN | COLUMN_RIGHT},
    {"line", "Invitation", COLUMN_SHOWN},
};
const struct columns invite_table = COLUMNS(invite_columns);

static enum fault line_make(struct work *work, struct str address,
                            const uint8_t code[INVITATION_CODE_BYTES], struct answer *answer)
{
    char text[INVITATION_LINE_MAX + 1];
    struct invitation_line line = {.address = address};
    memcpy(line.server_key, work->identity.server_key, sizeof line.server_key);
    memcpy(line.code, code, sizeof line.code);
    enum fault fault = invitation_line_format(&line, text);
    if (!fault) answer->held = arena_str(work->arena, str_from(text));
    return fault;
}

/* --address, else where we reach the server ourselves. False: the answer tells the mistake. */
static bool address_given(struct work *work, const struct request *request, struct str *out,
                          struct answer *answer)
{
    const struct request_option *given = request_option(request, "address");
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    *out = given ? str_trim(given->value) : work->identity.addresses[0];
    if (!given || invitation_addresses(*out, each, &count) == FAULT_NONE) return true;
    FAIL(answer, ERROR_INVALID_ADDRESS,
         "\"{address}\" is no address; give HOST:PORT, as in sales.example.org:7117, or several with "
         "commas and no spaces between them",
         {"address", *out});
    return false;
}

enum fault member_invite(struct work *work, const struct request *request, struct answer *answer)
{
    const struct request_option *given = request_option(request, "role");
    const struct field *role_field = field_by_name(ENTITY_MEMBER, STR("role"));
    uint8_t code[INVITATION_CODE_BYTES], hash[32];
    struct mutation mutation;
    struct wish wish;
    bool done;
    struct str name = str_trim(request->arguments[0]), address;
    if (!address_given(work, request, &address, answer)) return FAULT_NONE;
    const struct member *known = name_called(work, name, NULL);
    bool fresh = !known || known->imported; /* who never could sign in is given a role */
    int64_t role = known && !fresh ? known->role : ROLE_REP;
    if (given) role = field_choice_value(role_field, given->value);
    if (role == ROLE_NONE) {
        FAIL(answer, ERROR_UNKNOWN_ROLE,
             "there is no role \"{role}\"; there are: owner, manager, rep, "
             "viewer",
             {"role", given ? given->value : STR("")});
        return FAULT_NONE;
    }
    struct uuid id =
        known ? known->id : uuid_v7((uint64_t)work->now.wall_ms, work->random);
    wish_init(&wish, ENTITY_MEMBER, id, known);
    wish_set(&wish, "name", value_text(known ? known->name : name));
    if (given || fresh) wish_set(&wish, "role", value_number(VALUE_CHOICE, role));
    random_bytes(work->random, code, sizeof code);
    codec_payload_hash((struct str){(const char *)code, sizeof code}, hash);
    mutation_begin(work, &mutation, MUTATION_INVITE, ENTITY_MEMBER, id);
    mutation.edits = wish.edits;
    mutation.edit_count = wish.count;
    mutation.code_hash = arena_str(work->arena, (struct str){(const char *)hash, sizeof hash});
    /* When it expires the server decides, by its own clock: INVITATION_HOURS from then. */
    struct str summary = arena_format(work->arena, "invite %.*s", STR_ARGS(name));
    enum fault fault = mutation_submit(work, &mutation, summary, answer, &done);
    if (fault || answer->code != ANSWER_OK) return fault;
    answer->wrote = true;
    answer->mutation = mutation.id;
    NOTE(answer, NOTE_TALK,
         fresh ? "Invited {name} as {role}; the line below is worth one device, once, for {hours} hours"
               : "Invited a further device of {name} ({role}); the line below is worth one device, "
                 "once, for {hours} hours",
         {"name", known ? known->name : name}, {"role", str_from(field_choice_name(role_field, role))},
         {"hours", arena_format(work->arena, "%d", INVITATION_HOURS)});
    answer_machine(answer, SHAPE_RECORD, &invite_table);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    cells[0] = cell_text(known ? known->name : name);
    cells[1] = cell_text(str_from(field_choice_name(role_field, role)));
    cells[2] = cell_flag(!fresh);
    cells[3] = cell_number(work->arena, INVITATION_HOURS);
    return line_make(work, address, code, answer);
}
