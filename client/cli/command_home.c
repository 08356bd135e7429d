/* command_home.c - the copy that a command works on: is there one, and what stands in it. */
#include "client/cli/command_inside.h"

#include "common/base/banned.h"

enum fault command_work(struct command *command)
{
    enum fault fault = work_open(&command->work, home_replica(command->home), &command->arena,
                                 &command->random, home_now());
    command->working = fault == FAULT_NONE;
    if (fault) command_fault(command, "read the offline copy", fault, NULL);
    return fault;
}

bool command_has_home(struct command *command, const char *missing)
{
    if (command_is_gone(command)) return false;
    if (home_exists(command->path)) return true;
    if (home_is_no_folder(command->path)) {
        FAIL(&command->answer, ERROR_NO_HOME,
             "{home} is a file, not a folder; set SLUICE_HOME (or --home) to the folder of your "
             "offline copy",
             {"home", str_from(command->path)});
    } else {
        answer_fail(&command->answer, ERROR_NOT_JOINED, missing);
    }
    return false;
}
