/* command_network.c - what talks with the server: sync, delivering, waiting for answers. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <string.h>

#include <time.h>
#include <unistd.h>

#include "client/cli/progress.h"
#include "client/cli/say.h"
#include "common/base/banned.h"

enum { POLL_MS = 20, OTHER_MS = 30 * 1000, OTHER_MOMENT_MS = 1000 };

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

/* What another process, that holds the connection and was poked, may have done for us. */
typedef bool served_fn(struct command *command, uint64_t waited_ms);

/* Nothing waits, and the last thing its holder told is no failure. One that only exchanges (it may
 * have begun before what we are asked for) is over within a moment; one that stays receives. */
static bool sync_is_served(struct command *command, uint64_t waited_ms)
{
    struct replica *replica = home_replica(command->home);
    struct identity identity;
    if (waited_ms < OTHER_MOMENT_MS || pending_count(command) > 0) return false;
    if (replica->f->identity_load(replica, &command->arena, &identity)) return false;
    return identity.last_failure_at <= identity.last_sync_at;
}

/* Tries for its turn until another process has done what was wanted; until the time is up, counted
 * from when that one last got on with sending. */
static enum fault sync_turn_wait(struct command *command, const struct home_sync_options *options,
                                 served_fn *served, struct progress *progress,
                                 struct sync_report *report)
{
    uint64_t quiet_ms = options->timeout_ms ? options->timeout_ms : OTHER_MS;
    uint64_t began = home_now().boot_ms, heard = began;
    size_t left = progress->pending;
    for (;;) {
        *report = (struct sync_report){.state = SYNC_OFFLINE};
        enum fault fault = home_sync(command->home, options, report);
        if (fault != FAULT_BUSY) return fault;
        uint64_t now = home_now().boot_ms;
        size_t pending = pending_count(command);
        if (pending < left) heard = now;
        left = pending;
        if (now >= heard + quiet_ms) return fault;
        if (options->limit_ms && now >= began + options->limit_ms) return fault;
        if (served && served(command, now - began)) return fault;
        if (left > 0 && left < progress->pending) {
            progress_say(progress, "Sending: {done} of {all} done", progress->pending - left,
                         progress->pending);
        }
        pause_ms(POLL_MS);
    }
}

static enum fault sync_in_turn(struct command *command, struct home_sync_options options,
                               served_fn *served, struct sync_report *report)
{
    struct progress progress;
    progress_begin(&progress, pending_count(command));
    options.changed = progress_sync;
    options.context = &progress;
    enum fault fault = sync_turn_wait(command, &options, served, &progress, report);
    progress_end(&progress);
    return fault;
}

void command_tell_clock(struct command *command)
{
    bool ahead;
    struct str span = work_clock_skew(&command->work, &ahead);
    if (!span.p) return;
    NOTE(&command->answer, NOTE_TALK,
         ahead ? "this machine's clock is {span} ahead of the server's; correct the wrong one, or "
                 "dates like today and +2w go wrong"
               : "this machine's clock is {span} behind the server's; correct the wrong one, or "
                 "dates like today and +2w go wrong",
         {"span", span});
}

/* Another process has the connection and does not get on with what is to be sent. */
static void held_tell(struct command *command, bool fails)
{
    long holder = home_holder(command->home);
    struct answer *answer = &command->answer;
    if (holder == 0 && fails) {
        answer_fail(answer, ERROR_CONNECTION_HELD,
                    "another sluice holds the connection and could not send everything; try again");
        return;
    }
    if (holder == 0) return;
    if (fails) answer_error(answer, ERROR_CONNECTION_HELD);
    NOTE(answer, fails ? NOTE_ERROR : NOTE_TALK,
         "another sluice (process {id}) holds the connection and does not send; if it hangs, "
         "`kill -9 {id}` ends it: nothing is lost, and the next `sluice sync` sends what waits",
         {"id", arena_format(&command->arena, "%ld", holder)});
}

static void sync_record(struct command *command, const struct sync_report *report)
{
    size_t attention = 0;
    struct arena *arena = &command->arena;
    if (work_attention(&command->work, &attention)) return;
    answer_machine(&command->answer, SHAPE_RECORD, &sync_table);
    struct cell *cells = answer_row(&command->answer);
    if (!cells) return;
    cells[SYNC_SENT] = cell_number(arena, (int64_t)report->answered);
    cells[SYNC_PENDING] = cell_number(arena, (int64_t)pending_count(command));
    cells[SYNC_ATTENTION] = cell_number(arena, (int64_t)attention);
    cells[SYNC_RESTORED] = cell_flag(report->was_restored);
    cells[SYNC_FORKED] = cell_flag(report->was_forked);
}

void command_sync(struct command *command)
{
    struct sync_report report;
    struct home_sync_options options = {.live = false, .timeout_ms = command->line.wait_ms};
    struct answer *answer = &command->answer;
    enum error_code error;
    if (command->offline) {
        answer_fail(answer, ERROR_OFFLINE, "sync needs the network; leave out --offline");
        return;
    }
    if (!command->work.identity.joined) {
        answer_fail(answer, ERROR_NOT_JOINED,
                    "this device has not joined a team yet; run `sluice join INVITATION`");
        return;
    }
    if (request_option(&command->line.request, "watch")) {
        command_watch(command);
        return;
    }
    enum fault fault = sync_in_turn(command, options, sync_is_served, &report);
    if (fault == FAULT_BUSY) {
        if (sync_is_served(command, OTHER_MOMENT_MS)) { /* and what came is here */
            answer_say(answer, NOTE_TALK, "Exchanged everything, by the sluice that is connected");
            if (!command_work(command)) sync_record(command, &report);
            return;
        }
        held_tell(command, true);
        return;
    }
    if (fault) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    const char *trouble = say_trouble(&report, &error);
    if (report.trouble == SYNC_TROUBLE_LOCAL) {
        command_fault(command, "write the offline copy", report.local_fault, NULL);
        return;
    }
    if (trouble) command_refused(command, &report, error, trouble);
    if (command->gone) return;
    if (report.was_restored) {
        answer_say(answer, NOTE_TALK,
                   "the server had been restored from a backup; your work was offered again");
    }
    if (report.was_forked) {
        answer_say(answer, NOTE_TALK, "this copy had been copied or restored; it goes its own way");
    }
    if (command_work(command)) return;
    command_tell_clock(command);
    if (answer->code != ANSWER_OK) return;
    NOTE(answer, NOTE_TALK, "Exchanged everything: {sent} sent",
         {"sent", arena_format(&command->arena, "%llu", (unsigned long long)report.answered)});
    sync_record(command, &report);
}

void command_deliver(struct command *command)
{
    enum fault fault = home_deliver(command->home);
    if (fault && fault != FAULT_BUSY) answer_error(&command->answer, ERROR_COPY_TROUBLE);
}

/* --- after a write --- */

/* The sentence, and which item of the inbox it is about. */
static struct str outcome_say(struct command *command, const struct outbox_entry *entry,
                              const char *sentence)
{
    struct str numbers;
    struct str said = say_sentence(&command->arena, sentence, NULL, 0);
    if (work_items_of(&command->work, entry->mutation, &numbers) || numbers.n == 0) return said;
    const struct place places[] = {{"said", said}, {"numbers", numbers}};
    bool one = str_find(numbers, ',') == numbers.n;
    return say_sentence(&command->arena,
                        one ? "{said}, item {numbers}" : "{said}, items {numbers}", places, 2);
}

/* What was told is what was hoped for: it did not become so. */
static void prediction_forget(struct answer *answer)
{
    answer->shape = SHAPE_NOTHING;
    answer->note_count = 0;
}

static void outcome_take(struct command *command, const struct outbox_entry *entry)
{
    struct answer *answer = &command->answer;
    bool refused = entry->outcome == OUTCOME_PARKED, many = command->first > 0;
    if (!refused && entry->outcome != OUTCOME_CONFLICT) return;
    if (!many) prediction_forget(answer);
    bool known = !reasons_parse(&command->arena, entry->reasons, &answer->reasons) &&
                 answer->reasons.count > 0;
    if (!known) answer->reasons.count = 0;
    if (refused) {
        answer_error(answer, ERROR_REFUSED);
        /* With its reasons it is said where they are printed. */
        if (known && answer->reasons.items[0].code == REASON_DEVICE_REVOKED) {
            answer->reasons.count = 0;
            answer_fail(answer, ERROR_DEVICE_REVOKED,
                        "this device was revoked; what you did was delivered and waits for the "
                        "managers' decision; ask your administrator for a new invitation");
            return;
        }
        answer->refused = outcome_say(command, entry, "the server refused it; see `sluice inbox`");
        if (!known) FAIL(answer, ERROR_REFUSED, "{said}", {"said", answer->refused});
        return;
    }
    FAIL(answer, ERROR_CONFLICT, "{said}",
         {"said", outcome_say(command, entry,
                              "somebody changed the same thing meanwhile; see `sluice inbox`")});
}

/* Of many: the first that did not simply go through, else the last; false while any waits. */
static bool outcome_find_many(struct command *command, struct outbox_entry *entry)
{
    struct replica *replica = home_replica(command->home);
    struct outbox_entry *entries;
    size_t count;
    enum fault fault = replica->f->outbox_list(replica, &command->arena, command->first, false, 1,
                                               &entries, &count);
    if (fault || count > 0) return false;
    fault = replica->f->outbox_list(replica, &command->arena, command->first, true, SIZE_MAX,
                                    &entries, &count);
    if (fault || count == 0) return false;
    *entry = entries[count - 1];
    for (size_t i = count; i-- > 0;) {
        bool smooth = entries[i].outcome != OUTCOME_PARKED && entries[i].outcome != OUTCOME_CONFLICT;
        if (!smooth) *entry = entries[i];
    }
    return true;
}

static bool outcome_find(struct command *command, struct outbox_entry *entry)
{
    struct replica *replica = home_replica(command->home);
    if (command->first > 0) return outcome_find_many(command, entry);
    enum fault fault = replica->f->outbox_find(replica, &command->arena,
                                               command->answer.mutation, entry);
    return !fault && entry->answered;
}

static bool outcome_is_served(struct command *command, uint64_t waited_ms)
{
    struct outbox_entry entry;
    (void)waited_ms;
    return outcome_find(command, &entry);
}

static void command_wait(struct command *command)
{
    struct sync_report report = {.state = SYNC_OFFLINE};
    enum error_code error = ERROR_SERVER_SILENT;
    /* Who says how long to wait means in all; else it may take as long as it gets on. */
    struct home_sync_options options = {.timeout_ms = command->line.wait_ms,
                                        .limit_ms = command->line.wait ? command->line.wait_ms : 0};
    struct outbox_entry entry;
    enum fault fault = sync_in_turn(command, options, outcome_is_served, &report);
    if (fault && fault != FAULT_BUSY) {
        command_fault(command, "exchange with the server", fault, NULL);
        return;
    }
    if (outcome_find(command, &entry)) {
        outcome_take(command, &entry);
        return;
    }
    const char *trouble = fault ? NULL : say_trouble(&report, &error);
    if (fault == FAULT_BUSY && home_holder(command->home) > 0) {
        held_tell(command, true);
        return;
    }
    command_refused(command, &report, trouble ? error : ERROR_SERVER_SILENT,
                    trouble ? trouble
                            : "the server did not answer in time; your work is kept and sent later");
}

/* What waits longer than any exchange takes waits for somebody who does not get on. */
static bool pending_is_old(struct command *command)
{
    struct replica *replica = home_replica(command->home);
    struct outbox_entry *entries;
    size_t count;
    enum fault fault =
        replica->f->outbox_list(replica, &command->arena, 1, false, 1, &entries, &count);
    return !fault && count > 0 && entries[0].made_at + OTHER_MS < home_now().wall_ms;
}

void command_settle(struct command *command)
{
    struct answer *answer = &command->answer;
    bool online = (command->line.request.verb->flags & VERB_ONLINE) != 0;
    if (!answer->wrote) return;
    command->waiting = command->offline;
    if (command->offline) {
        if (command->line.wait) {
            answer_fail(answer, ERROR_OFFLINE, "--wait needs the network; leave out --offline");
        }
        return;
    }
    if (!command->line.wait && !online) {
        const struct identity *identity = &command->work.identity;
        command->waiting = identity->last_failure_at > identity->last_sync_at;
        home_deliver_later(command->home, command->path, command->program);
        if (!command->waiting && pending_is_old(command)) held_tell(command, false);
        return;
    }
    if (!command->line.wait) command->line.wait_ms = OTHER_MS;
    command_wait(command);
    if (command->gone) return;
    command->waiting = answer->code == ANSWER_NETWORK;
    if (command_work(command)) return;
    /* An invitation is given out only when the server knows it. */
    if (answer->held.n > 0 && answer->code == ANSWER_OK) answer_give(answer);
    else if (answer->held.n > 0) answer->shape = SHAPE_NOTHING;
}

bool command_online(struct command *command)
{
    struct sync_report report = {.state = SYNC_OFFLINE};
    struct home_sync_options options = {.timeout_ms = OTHER_MS};
    enum error_code error = ERROR_OFFLINE;
    const char *trouble = "this needs the network; leave out --offline";
    if (!command->offline) {
        enum fault fault = sync_in_turn(command, options, sync_is_served, &report);
        if (fault == FAULT_BUSY) return true;
        if (fault) {
            command_fault(command, "exchange with the server", fault, NULL);
            return false;
        }
        trouble = say_trouble(&report, &error);
    }
    if (!trouble) return command_work(command) == FAULT_NONE;
    command_refused(command, &report, error, trouble);
    return false;
}

/* --- doctor --- */

static void compare_say(struct command *command, const struct sync_report *report,
                        struct cell *cells)
{
    struct answer *answer = &command->answer;
    struct str rows = arena_format(&command->arena, "%llu",
                                   (unsigned long long)report->rows_checked);
    struct str repaired = arena_format(&command->arena, "%llu",
                                       (unsigned long long)report->rows_repaired);
    if (cells) {
        cells[DOCTOR_COMPARED] = cell_flag(true);
        cells[DOCTOR_ROWS] = cell_number(&command->arena, (int64_t)report->rows_checked);
        cells[DOCTOR_REPAIRED] = cell_number(&command->arena, (int64_t)report->rows_repaired);
        cells[DOCTOR_REFETCHED] = cell_flag(report->was_refetched);
    }
    if (report->was_refetched) {
        NOTE(answer, NOTE_RESULT,
             sentence_of((size_t)report->rows_checked,
                         "Too much of it was not the server's; everything was fetched anew, and "
                         "now its {rows} row is the server's",
                         "Too much of it was not the server's; everything was fetched anew, and "
                         "now all {rows} rows are the server's"),
             {"rows", rows});
    } else if (report->rows_repaired > 0) {
        NOTE(answer, NOTE_RESULT,
             sentence_of((size_t)report->rows_repaired,
                         "{repaired} of its {rows} rows was not the server's; it was put right",
                         "{repaired} of its {rows} rows were not the server's; they were put right"),
             {"repaired", repaired}, {"rows", rows});
    } else {
        NOTE(answer, NOTE_RESULT,
             sentence_of((size_t)report->rows_checked, "Its {rows} row is the server's",
                         "All its {rows} rows are the server's"),
             {"rows", rows});
    }
}

void command_compare(struct command *command, struct cell *cells)
{
    struct answer *answer = &command->answer;
    struct sync_report report = {.state = SYNC_OFFLINE};
    struct home_sync_options options = {.check = true};
    struct trouble outside = {.fault = FAULT_NONE};
    enum error_code error = ERROR_NONE;
    enum fault fault = home_open(command->path, &command->home, &outside);
    if (!fault) fault = command_work(command);
    if (fault || !command->work.identity.joined) return; /* it was told that it is whole */
    fault = sync_in_turn(command, options, NULL, &report);
    const char *trouble = fault ? NULL : say_trouble(&report, &error);
    if (!fault && !trouble && report.was_checked) {
        compare_say(command, &report, cells);
    } else if (report.trouble == SYNC_TROUBLE_LOCAL) {
        command_fault(command, "repair the offline copy", report.local_fault, NULL);
    } else if (trouble && error == ERROR_DEVICE_REVOKED) {
        command_refused(command, &report, error, trouble);
    } else if (fault == FAULT_BUSY) {
        answer_say(answer, NOTE_TALK,
                   "it was not compared with the server's: another sluice holds the connection");
    } else {
        NOTE(answer, NOTE_TALK, "it was not compared with the server's: {why}",
             {"why", trouble ? str_from(trouble) : STR("the exchange was cut off; try again")});
    }
}
