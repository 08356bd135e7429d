/* command_gone.c - what is said where a device was revoked and its copy erased. */
#define _POSIX_C_SOURCE 200809L
#include "client/cli/command_inside.h"

#include <time.h>

#include "client/cli/say.h"
#include "common/base/banned.h"

static struct str count_text(struct command *command, uint64_t count)
{
    return arena_format(&command->arena, "%llu", (unsigned long long)count);
}

/* The day where the device is: of the team's zone nothing is left. */
static struct str day_text(struct command *command, int64_t at_ms)
{
    char day[16] = "";
    struct tm local;
    time_t seconds = (time_t)(at_ms / 1000);
    if (localtime_r(&seconds, &local)) (void)strftime(day, sizeof day, "%Y-%m-%d", &local);
    return arena_str(&command->arena, str_from(day));
}

static void fail_revoked(struct command *command, const char *told, const char *untold,
                         const char *by, int64_t at_ms)
{
    bool known = *by && at_ms != 0;
    FAIL(&command->answer, ERROR_DEVICE_REVOKED, known ? told : untold,
         {"by", arena_str(&command->arena, str_from(by))},
         {"date", known ? day_text(command, at_ms) : STR("")});
}

bool command_is_gone(struct command *command)
{
    struct home_gone gone;
    if (!home_gone(command->path, &gone)) return false;
    fail_revoked(command,
                 "this device was revoked by {by} on {date} and its copy was erased; ask your "
                 "administrator for a new invitation",
                 "this device was revoked and its copy was erased; ask your administrator for a new "
                 "invitation",
                 gone.by, gone.revoked_at);
    return true;
}

/* What came too late for the server to take stays with its person, and with it the copy. */
static void refused_unsent(struct command *command, const struct sync_report *report)
{
    size_t unsent = (size_t)report->unsent;
    fail_revoked(command,
                 "this device was revoked by {by} on {date}; ask your administrator for a new "
                 "invitation",
                 "this device was revoked; ask your administrator for a new invitation",
                 report->revoked_by, report->revoked_at);
    if (unsent == 0) return;
    NOTE(&command->answer, NOTE_TALK,
         sentence_of(unsent,
                     "{count} change it still holds is taken no more: write it down, then `sluice "
                     "wipe --force` erases it with the copy",
                     "{count} changes it still holds are taken no more: write them down, then "
                     "`sluice wipe --force` erases them with the copy"),
         {"count", count_text(command, unsent)});
}

void command_refused(struct command *command, const struct sync_report *report,
                     enum error_code error, const char *trouble)
{
    if (error != ERROR_DEVICE_REVOKED) {
        answer_fail(&command->answer, error, trouble);
        return;
    }
    if (report->answered > 0) {
        NOTE(&command->answer, NOTE_TALK,
             sentence_of((size_t)report->answered,
                         "{count} change of this device was delivered and waits for the managers' "
                         "decision",
                         "{count} changes of this device were delivered and wait for the managers' "
                         "decision"),
             {"count", count_text(command, report->answered)});
    }
    command->gone = command_is_gone(command);
    if (command->gone) {
        command->working = false;
    } else {
        refused_unsent(command, report);
    }
}
