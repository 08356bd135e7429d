/* command_join.c - `join INVITATION`: makes a home and takes its device into a team.
 *
 *   no home --home_create--> not joined --welcome--> joined
 *      ^                         |
 *      +---- surely not taken ---+   (what else went wrong leaves it: see below)
 *
 * Invariant: a device key that the server may have taken the invitation for is never thrown away,
 * for an invitation is worth one key, once, and only that key may try again. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <assert.h>
#include <string.h>

#include <unistd.h>

#include "client/cli/progress.h"
#include "client/cli/say.h"
#include "common/base/bounds.h"
#include "common/base/text.h"
#include "common/link/invitation.h"
#include "common/base/banned.h"

enum { JOIN_MS = 60 * 1000 };

static_assert((int)INVITATION_ADDRESSES_MAX <= (int)SERVER_ADDRESSES_MAX, "a copy keeps all of a line");

static bool device_name_fits(struct str name)
{
    return name.n > 0 && name.n <= NAME_BYTES_MAX && text_is_clean(name, false);
}

/* --device, else what the machine calls itself, if that can be shown. */
static struct str device_name(struct command *command)
{
    char name[256] = "";
    const struct request_option *given = request_option(&command->line.request, "device");
    if (given && str_trim(given->value).n > 0) return str_trim(given->value);
    if (gethostname(name, sizeof name - 1) != 0) return STR("device");
    struct str own = str_from(name);
    return device_name_fits(own) ? arena_str(&command->arena, own) : STR("device");
}

static enum fault join_prepare(struct command *command, const struct invitation_line *invitation)
{
    struct replica *replica = home_replica(command->home);
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, &command->arena, &identity);
    if (fault == FAULT_NOT_FOUND) identity = (struct identity){.next_number = 1}; /* a new copy */
    else if (fault) return fault;
    /* Both lists were looked at before. */
    if (invitation_addresses(invitation->address, identity.addresses, &identity.address_count))
        return FAULT_FORMAT;
    memcpy(identity.server_key, invitation->server_key, sizeof identity.server_key);
    memcpy(identity.code, invitation->code, sizeof identity.code);
    identity.has_code = true;
    identity.device_name = device_name(command);
    if (identity.next_number == 0) identity.next_number = 1;
    if (uuid_is_zero(identity.replica)) {
        identity.replica = uuid_v7((uint64_t)home_now().wall_ms, &command->random);
    }
    fault = replica->f->begin(replica);
    if (fault) return fault;
    fault = replica->f->identity_store(replica, &identity);
    if (!fault) return replica->f->commit(replica);
    replica->f->rollback(replica);
    return fault;
}

/* The server may know this device key now: the answer got lost, or did not come. */
static bool join_may_be_taken(const struct sync_report *report)
{
    switch (report->trouble) {
    case SYNC_TROUBLE_UNREACHABLE:
    case SYNC_TROUBLE_CLOSED:
    case SYNC_TROUBLE_NOT_SLUICE:
    case SYNC_TROUBLE_VERSION:
    case SYNC_TROUBLE_SERVER_KEY:
    case SYNC_TROUBLE_REFUSED: return false;
    case SYNC_TROUBLE_NONE:
    case SYNC_TROUBLE_LOST:
    case SYNC_TROUBLE_SILENT:
    case SYNC_TROUBLE_BUSY:
    case SYNC_TROUBLE_TAMPERED:
    case SYNC_TROUBLE_PROTOCOL:
    case SYNC_TROUBLE_LOCAL: break;
    }
    return true;
}

static bool join_is_done(struct command *command)
{
    struct replica *replica = home_replica(command->home);
    struct identity identity;
    return replica->f->identity_load(replica, &command->arena, &identity) == FAULT_NONE &&
           identity.joined;
}

static void join_welcome(struct command *command)
{
    home_gone_forget(command->path);
    if (command_work(command)) return;
    struct work *work = &command->work;
    NOTE(&command->answer, NOTE_RESULT, "Joined {team} as {member}",
         {"team", work->team ? work->team->name : STR("the team")},
         {"member", work->me ? work->me->name : STR("a member")});
    answer_machine(&command->answer, SHAPE_RECORD, &join_table);
    struct cell *cells = answer_row(&command->answer);
    if (cells && work->team) cells[JOIN_TEAM] = cell_text(work->team->name);
    if (cells && work->me) {
        const char *role = field_choice_name(field_by_name(ENTITY_MEMBER, STR("role")),
                                             work->me->role);
        cells[JOIN_MEMBER] = cell_text(work->me->name);
        if (role) cells[JOIN_ROLE] = cell_text(str_from(role));
    }
    if (cells) cells[JOIN_DEVICE] = cell_text(work->identity.device_name);
    if (cells) cells[JOIN_SERVER] = cell_text(work->identity.addresses[0]);
    command_tell_clock(command);
}

/* *keep: the home must stay. */
static void join_exchange(struct command *command, struct str server, bool *keep)
{
    struct sync_report report;
    struct progress progress;
    struct home_sync_options options = {
        .timeout_ms = JOIN_MS, .changed = progress_sync, .context = &progress};
    struct answer *answer = &command->answer;
    enum error_code error;
    *keep = true;
    progress_begin(&progress, 0);
    enum fault fault = home_sync(command->home, &options, &report);
    progress_end(&progress);
    if (fault == FAULT_BUSY) {
        answer_fail(answer, ERROR_COPY_BUSY, "another sluice is joining here; wait for it");
        return;
    }
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    if (report.state == SYNC_DONE) {
        join_welcome(command);
        return;
    }
    if (report.trouble == SYNC_TROUBLE_LOCAL) {
        command_fault(command, "write the offline copy", report.local_fault, NULL);
        if (join_is_done(command)) {
            answer_say(answer, NOTE_TALK,
                       "this device has joined; once that is mended, `sluice sync` fetches the data");
        }
        return;
    }
    const char *trouble = say_join_trouble(&report, &error);
    if (join_is_done(command) && error_code_exit(error) == ANSWER_NETWORK) {
        answer_fail(answer, ERROR_DATA_INCOMPLETE,
                    "joined, but the team's data has not all arrived; run `sluice sync`");
        return;
    }
    *keep = join_is_done(command) || join_may_be_taken(&report);
    FAIL(answer, error, trouble, {"server", server});
}

/* A new home, or one whose joining did not get through. */
static enum fault join_home(struct command *command, bool *made, struct trouble *trouble)
{
    enum fault fault = home_create(command->path, &command->home, trouble);
    *made = fault == FAULT_NONE;
    if (fault != FAULT_EXISTS) return fault;
    fault = home_open(command->path, &command->home, trouble);
    if (fault) return fault;
    return join_is_done(command) ? FAULT_EXISTS : FAULT_NONE;
}

/* The home is there, or `fault` says why not. */
static void join_with(struct command *command, const struct invitation_line *invitation,
                      enum fault fault, bool made, const struct trouble *trouble)
{
    struct answer *answer = &command->answer;
    bool keep = false;
    if (fault == FAULT_EXISTS) {
        answer_fail(answer, ERROR_JOINED_ALREADY,
                    "this device has joined a team already; set SLUICE_HOME to another folder to "
                    "join one more");
        return;
    }
    if (!fault) fault = join_prepare(command, invitation);
    if (fault) command_fault(command, "make the offline copy", fault, trouble);
    else join_exchange(command, invitation->address, &keep);
    if (answer->code == ANSWER_OK || !made || keep) return;
    home_close(command->home);
    command->home = NULL;
    command->working = false;
    home_discard(command->path);
}

/* --server goes before what the line says: its key protects wherever it is reached. */
static bool join_server(struct command *command, struct invitation_line *invitation)
{
    const struct request_option *given = request_option(&command->line.request, "server");
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    if (!given) return true;
    struct str list = str_trim(given->value);
    if (invitation_addresses(list, each, &count) == FAULT_NONE) {
        invitation->address = list;
        return true;
    }
    FAIL(&command->answer, ERROR_INVALID_ADDRESS,
         "\"{address}\" is no address; give HOST:PORT, as in sales.example.org:7117, or several with "
         "commas and no spaces between them",
         {"address", list});
    return false;
}

void command_join(struct command *command)
{
    struct invitation_line invitation;
    struct trouble trouble = {.fault = FAULT_NONE};
    struct answer *answer = &command->answer;
    bool made;
    int lock;
    if (command->offline) {
        answer_fail(answer, ERROR_OFFLINE, "joining needs the network; leave out --offline");
        return;
    }
    enum fault fault = invitation_line_parse(command->line.request.arguments[0], &invitation);
    if (fault) {
        answer_fail(answer, ERROR_INVALID_INVITATION,
                    fault == FAULT_CRYPTO
                        ? "the invitation was cut or mistyped; copy the whole line"
                        : "this is not an invitation; it is one line that begins with sluice1-");
        return;
    }
    if (!join_server(command, &invitation)) return;
    if (!device_name_fits(device_name(command))) {
        FAIL(answer, ERROR_VALUE_INVALID,
             "the name of a device has at most {most} bytes, all of them characters that can be "
             "shown; give another --device",
             {"most", arena_format(&command->arena, "%d", NAME_BYTES_MAX)});
        return;
    }
    fault = home_join_begin(command->path, &lock, &trouble);
    made = false;
    if (fault == FAULT_BUSY) {
        answer_fail(answer, ERROR_COPY_BUSY, "another sluice is joining here; wait for it");
        return;
    }
    struct home_gone gone;
    if (home_gone(command->path, &gone)) home_gone_aside(command->path);
    if (!fault) fault = join_home(command, &made, &trouble);
    join_with(command, &invitation, fault, made, &trouble);
    home_join_end(lock);
}
