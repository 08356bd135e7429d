/* command_wipe.c - `wipe`: the copy erased by its person's will. */
#include "client/cli/command_inside.h"

#include "client/cli/say.h"
#include "common/base/banned.h"

static void wipe_refused(struct command *command, size_t unsent)
{
    FAIL(&command->answer, ERROR_CHANGES_UNSENT,
         sentence_of(unsent,
                     "{count} change was not sent yet and would be lost; `sluice sync` sends it, "
                     "`sluice wipe --force` erases it too",
                     "{count} changes were not sent yet and would be lost; `sluice sync` sends them, "
                     "`sluice wipe --force` erases them too"),
         {"count", arena_format(&command->arena, "%zu", unsent)});
}

void command_wipe(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    size_t unsent = 0;
    struct answer *answer = &command->answer;
    if (!command_has_home(command, "there is no offline copy here")) return;
    bool force = request_option(&command->line.request, "force") != NULL;
    enum fault fault = home_wipe(command->path, force, &unsent, &trouble);
    if (fault == FAULT_BUSY) {
        answer_fail(answer, ERROR_CONNECTION_HELD,
                    "another sluice of this identity is connected; end it, then wipe again");
    } else if (fault) {
        command_fault(command, "erase the offline copy", fault, &trouble);
        if (!force) {
            answer_say(answer, NOTE_TALK,
                       "what waits to be sent cannot be counted; `sluice wipe --force` erases all "
                       "there is");
        }
    } else if (unsent > 0 && !force) {
        wipe_refused(command, unsent);
    } else if (unsent > 0) {
        NOTE(answer, NOTE_RESULT,
             sentence_of(unsent,
                         "Erased the offline copy in {home}, its key, and {count} change that was "
                         "never sent",
                         "Erased the offline copy in {home}, its key, and {count} changes that were "
                         "never sent"),
             {"home", str_from(command->path)}, {"count", arena_format(&command->arena, "%zu", unsent)});
    } else {
        NOTE(answer, NOTE_RESULT, "Erased the offline copy in {home} and its key",
             {"home", str_from(command->path)});
    }
    if (answer->code != ANSWER_OK) return;
    answer_machine(answer, SHAPE_RECORD, &wipe_table);
    struct cell *cells = answer_row(answer);
    if (cells) {
        cells[WIPE_HOME] = cell_text(arena_str(&command->arena, str_from(command->path)));
        cells[WIPE_UNSENT] = cell_number(&command->arena, (int64_t)unsent);
    }
    answer_say(answer, NOTE_TALK,
               "The server still knows this device; somebody who stays in the team may shut it out "
               "with `sluice device revoke`");
}
