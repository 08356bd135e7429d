/* command_network.c - the commands that talk with the server: join, sync, and waiting for answers. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <string.h>

#include <time.h>
#include <unistd.h>

#include "client/cli/say.h"
#include "common/link/invitation.h"
#include "common/base/banned.h"

enum { JOIN_MS = 60 * 1000, POLL_MS = 20, OTHER_MS = 30 * 1000 };

/* --- join --- */

static struct str device_name(struct command *command)
{
    char name[256] = "";
    const struct request_option *given = request_option(&command->line.request, "device");
    if (given && given->value.n > 0) return given->value;
    if (gethostname(name, sizeof name - 1) != 0 || !name[0]) return STR("device");
    return arena_str(&command->arena, str_from(name));
}

static enum fault join_prepare(struct command *command, const struct invitation_line *invitation)
{
    struct replica *replica = home_replica(command->home);
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, &command->arena, &identity);
    if (fault == FAULT_NOT_FOUND) identity = (struct identity){.next_number = 1}; /* a new copy */
    else if (fault) return fault;
    identity.addresses[0] = invitation->address;
    identity.address_count = 1;
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

static void join_exchange(struct command *command)
{
    struct sync_report report;
    struct home_sync_options options = {.timeout_ms = JOIN_MS};
    enum answer_code code;
    enum fault fault = home_sync(command->home, &options, &report);
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    const char *trouble = say_trouble(&report, &code);
    if (report.trouble == SYNC_TROUBLE_LOCAL) {
        command_fault(command, "write the offline copy", report.local_fault, NULL);
        return;
    }
    if (trouble) {
        answer_fail(&command->answer, code,
                    code == ANSWER_NETWORK && report.refusal == REFUSAL_NONE
                        ? "the server cannot be reached; join again when there is a network"
                        : trouble);
        return;
    }
    if (command_work(command)) return;
    struct work *work = &command->work;
    NOTE(&command->answer, NOTE_RESULT, "Joined {team} as {member}",
         {"team", work->team ? work->team->name : STR("the team")},
         {"member", work->me ? work->me->name : STR("a member")});
}

/* A home whose joining was cut off: goes on with its keys. FAULT_EXISTS when it has joined. */
static enum fault join_again(struct command *command, struct trouble *trouble)
{
    struct identity identity;
    enum fault fault = home_open(command->path, &command->home, trouble);
    if (fault) return fault;
    struct replica *replica = home_replica(command->home);
    fault = replica->f->identity_load(replica, &command->arena, &identity);
    if (fault == FAULT_NOT_FOUND) return FAULT_NONE; /* not even prepared */
    return !fault && identity.joined ? FAULT_EXISTS : fault;
}

void command_join(struct command *command)
{
    struct invitation_line invitation;
    struct trouble trouble = {.fault = FAULT_NONE};
    struct answer *answer = &command->answer;
    if (command->offline) {
        answer_fail(answer, ANSWER_NETWORK, "joining needs the network; leave out --offline");
        return;
    }
    enum fault fault = invitation_line_parse(command->line.request.arguments[0], &invitation);
    if (fault) {
        answer_fail(answer, ANSWER_USAGE,
                    fault == FAULT_CRYPTO
                        ? "the invitation was cut or mistyped; copy the whole line"
                        : "this is not an invitation; it is one line that begins with sluice1-");
        return;
    }
    fault = home_create(command->path, &command->home, &trouble);
    bool made = !fault;
    if (fault == FAULT_EXISTS) fault = join_again(command, &trouble);
    if (fault == FAULT_EXISTS) {
        answer_fail(answer, ANSWER_FAILURE,
                    "there is an identity here already; set SLUICE_HOME to join another team");
        return;
    }
    if (!fault) fault = join_prepare(command, &invitation);
    if (fault) command_fault(command, "make the offline copy", fault, &trouble);
    else join_exchange(command);
    /* Without an answer the invitation may be used up: the same device may then try again. */
    if (answer->code == ANSWER_OK || answer->code == ANSWER_NETWORK || !made) return;
    home_close(command->home);
    command->home = NULL;
    command->working = false;
    home_discard(command->path);
}

/* --- sync --- */

/* Everything pending is sent when somebody else holds the connection and goes through it. */
static size_t pending_count(struct command *command)
{
    size_t pending = 0;
    struct replica *replica = home_replica(command->home);
    if (replica->f->outbox_count(replica, &pending)) return 0;
    return pending;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* Another process holds the connection and was poked: tries for its turn until the time is up. */
static enum fault sync_in_turn(struct command *command, const struct home_sync_options *options,
                               struct sync_report *report)
{
    uint64_t limit = home_now().boot_ms + (options->timeout_ms ? options->timeout_ms : OTHER_MS);
    for (;;) {
        *report = (struct sync_report){.state = SYNC_OFFLINE};
        enum fault fault = home_sync(command->home, options, report);
        if (fault != FAULT_BUSY || home_now().boot_ms >= limit) return fault;
        pause_ms(POLL_MS);
    }
}

void command_sync(struct command *command)
{
    struct sync_report report;
    bool watch = request_option(&command->line.request, "watch") != NULL;
    struct home_sync_options options = {.live = watch};
    struct answer *answer = &command->answer;
    enum answer_code code;
    if (command->offline) {
        answer_fail(answer, ANSWER_NETWORK, "sync needs the network; leave out --offline");
        return;
    }
    if (!command->work.identity.joined) {
        answer_fail(answer, ANSWER_NOT_JOINED,
                    "this device has not joined a team yet; run `sluice join INVITATION`");
        return;
    }
    enum fault fault = sync_in_turn(command, &options, &report);
    if (fault == FAULT_BUSY) {
        if (pending_count(command) == 0) return; /* its holder has sent everything */
        answer_fail(answer, ANSWER_NETWORK,
                    "another sluice holds the connection and could not send everything; try again");
        return;
    }
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    const char *trouble = say_trouble(&report, &code);
    /* A watch ends when it is interrupted: that alone is no failure. */
    bool interrupted = watch && report.trouble == SYNC_TROUBLE_NONE;
    if (report.trouble == SYNC_TROUBLE_LOCAL) {
        command_fault(command, "write the offline copy", report.local_fault, NULL);
        return;
    }
    if (trouble && !interrupted) answer_fail(answer, code, trouble);
    if (report.was_restored) {
        answer_say(answer, NOTE_TALK,
                   "the server had been restored from a backup; your work was offered again");
    }
    if (report.was_forked) {
        answer_say(answer, NOTE_TALK, "this copy had been copied or restored; it goes its own way");
    }
    if (command_work(command)) return;
    if (answer->code != ANSWER_OK) return;
    NOTE(answer, NOTE_TALK, "Exchanged everything: {sent} sent",
         {"sent", arena_format(&command->arena, "%llu", (unsigned long long)report.answered)});
}

void command_deliver(struct command *command)
{
    enum fault fault = home_deliver(command->home);
    if (fault && fault != FAULT_BUSY) command->answer.code = ANSWER_FAILURE;
}

/* --- after a write --- */

static void outcome_take(struct command *command, const struct outbox_entry *entry)
{
    struct answer *answer = &command->answer;
    if (entry->outcome == OUTCOME_PARKED) {
        answer->code = ANSWER_REFUSED;
        if (reasons_parse(&command->arena, entry->reasons, &answer->reasons)) return;
        answer_say(answer, NOTE_ERROR, "the server refused it; see `sluice inbox`");
    } else if (entry->outcome == OUTCOME_CONFLICT) {
        answer->code = ANSWER_CONFLICT;
        answer_say(answer, NOTE_ERROR,
                   "somebody changed the same thing meanwhile; see `sluice inbox`");
    }
}

static bool outcome_known(struct command *command)
{
    struct outbox_entry entry;
    struct replica *replica = home_replica(command->home);
    enum fault fault = replica->f->outbox_find(replica, &command->arena,
                                               command->answer.mutation, &entry);
    if (fault || !entry.answered) return false;
    outcome_take(command, &entry);
    return true;
}

static void command_wait(struct command *command)
{
    struct answer *answer = &command->answer;
    struct sync_report report = {.state = SYNC_OFFLINE};
    enum answer_code code = ANSWER_NETWORK;
    uint64_t limit = home_now().boot_ms + command->line.wait_ms;
    struct home_sync_options options = {.timeout_ms = command->line.wait_ms};
    enum fault fault = sync_in_turn(command, &options, &report);
    /* Its holder may have sent it and not yet have the answer. */
    while (fault == FAULT_BUSY && home_now().boot_ms < limit && !outcome_known(command)) {
        pause_ms(POLL_MS);
    }
    if (fault && fault != FAULT_BUSY) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    if (outcome_known(command)) return;
    const char *trouble = fault ? NULL : say_trouble(&report, &code);
    answer_fail(answer, trouble ? code : ANSWER_NETWORK,
                trouble ? trouble
                        : "the server did not answer in time; your work is kept and sent later");
}

void command_settle(struct command *command)
{
    struct answer *answer = &command->answer;
    bool online = (command->line.request.verb->flags & VERB_ONLINE) != 0;
    if (!answer->wrote) return;
    command->waiting = command->offline;
    if (command->offline) {
        if (command->line.wait) {
            answer_fail(answer, ANSWER_NETWORK, "--wait needs the network; leave out --offline");
        }
        return;
    }
    if (!command->line.wait && !online) {
        const struct identity *identity = &command->work.identity;
        command->waiting = identity->last_failure_at > identity->last_sync_at;
        home_deliver_later(command->home, command->path, command->program);
        return;
    }
    if (!command->line.wait) command->line.wait_ms = OTHER_MS;
    command_wait(command);
    command->waiting = answer->code == ANSWER_NETWORK;
    if (command_work(command)) return;
    /* An invitation is given out only when the server knows it. */
    if (answer->code == ANSWER_OK && answer->shape == SHAPE_NOTHING && answer->text.n > 0) {
        NOTE(answer, NOTE_RESULT, "{line}", {"line", answer->text});
    }
}

bool command_online(struct command *command)
{
    struct sync_report report;
    struct home_sync_options options = {.timeout_ms = OTHER_MS};
    enum answer_code code = ANSWER_NETWORK;
    const char *trouble = "this needs the network; leave out --offline";
    if (!command->offline) {
        enum fault fault = sync_in_turn(command, &options, &report);
        if (fault == FAULT_BUSY) return true;
        if (fault) {
            command_fault(command, "exchange with the server", fault, NULL);
            return false;
        }
        trouble = say_trouble(&report, &code);
    }
    if (!trouble) return command_work(command) == FAULT_NONE;
    answer_fail(&command->answer, code, trouble);
    return false;
}
