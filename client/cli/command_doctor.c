/* command_doctor.c - `doctor`, which looks at the copy and mends it. */
#include "client/cli/command_inside.h"
#include "common/base/banned.h"

static struct str count_text(struct command *command, size_t count)
{
    return arena_format(&command->arena, "%zu", count);
}

/* The record for machines: whether the copy is whole, and what waits. */
static struct cell *doctor_record(struct command *command, bool whole, size_t pending)
{
    answer_machine(&command->answer, SHAPE_RECORD, &doctor_table);
    struct cell *cells = answer_row(&command->answer);
    if (!cells) return NULL;
    cells[DOCTOR_HOME] = cell_text(arena_str(&command->arena, str_from(command->path)));
    cells[DOCTOR_WHOLE] = cell_flag(whole);
    cells[DOCTOR_PENDING] = cell_number(&command->arena, (int64_t)pending);
    cells[DOCTOR_COMPARED] = cell_flag(false);
    return cells;
}

static void doctor_look(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    size_t pending = 0;
    bool recomputed = false;
    enum fault fault = home_verify(command->path, &pending, &recomputed, &trouble);
    if (!fault) {
        struct cell *cells = doctor_record(command, true, pending);
        NOTE(&command->answer, NOTE_RESULT,
             sentence_of(pending, "The offline copy in {home} is whole; {count} change waits to be sent",
                         "The offline copy in {home} is whole; {count} changes wait to be sent"),
             {"home", str_from(command->path)}, {"count", count_text(command, pending)});
        if (cells) cells[DOCTOR_RECOMPUTED] = cell_flag(recomputed);
        if (recomputed) {
            answer_say(&command->answer, NOTE_RESULT,
                       "What its lists are read from did not fit its rows, and was made anew");
        }
        if (!command->offline) command_compare(command, cells);
        return;
    }
    bool mendable = fault == FAULT_CRYPTO || fault == FAULT_NOT_FOUND;
    if (!mendable) {
        command_fault(command, "read the offline copy", fault, &trouble);
        return;
    }
    FAIL(&command->answer, ERROR_COPY_DAMAGED,
         "{path} is {detail}; `sluice doctor --rebuild` sets the copy aside, keeps what was not "
         "sent where it can be read, and fetches the rest anew",
         {"path", arena_str(&command->arena, str_from(trouble.path))},
         {"detail", arena_str(&command->arena, str_from(trouble.detail))});
}

static void doctor_rebuild(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    struct home_rebuilt rebuilt;
    struct answer *answer = &command->answer;
    enum fault fault = home_rebuild(command->path, &rebuilt, &trouble);
    if (fault) {
        command_fault(command, "rebuild the offline copy", fault, &trouble);
        return;
    }
    struct cell *cells = doctor_record(command, false, rebuilt.kept);
    if (cells) {
        cells[DOCTOR_ASIDE] = cell_text(arena_str(&command->arena, str_from(rebuilt.aside)));
        cells[DOCTOR_JOINED] = cell_flag(rebuilt.joined);
        cells[DOCTOR_LOST] = cell_number(&command->arena, (int64_t)rebuilt.lost);
    }
    NOTE(answer, NOTE_RESULT, "The old copy is now {aside}",
         {"aside", arena_str(&command->arena, str_from(rebuilt.aside))});
    if (!rebuilt.joined) {
        answer_say(answer, NOTE_RESULT,
                   "Nothing of it could be read; ask for an invitation for a further device and run "
                   "`sluice join INVITATION`. Keep the old file until nothing is missed");
        return;
    }
    if (rebuilt.lost > 0) {
        NOTE(answer, NOTE_RESULT,
             sentence_of(rebuilt.lost,
                         "{lost} row of your own changes could not be read; keep the old file until "
                         "nothing is missed",
                         "{lost} rows of your own changes could not be read; keep the old file until "
                         "nothing is missed"),
             {"lost", count_text(command, rebuilt.lost)});
    }
    NOTE(answer, NOTE_RESULT,
         sentence_of(rebuilt.kept,
                     "{kept} unsent change is kept; `sluice sync` sends it and fetches the rest",
                     "{kept} unsent changes are kept; `sluice sync` sends them and fetches the rest"),
         {"kept", count_text(command, rebuilt.kept)});
}

void command_doctor(struct command *command)
{
    if (!command_has_home(command, "there is no offline copy here; run `sluice join INVITATION`")) {
        return;
    }
    if (request_option(&command->line.request, "rebuild")) {
        doctor_rebuild(command);
    } else {
        doctor_look(command);
    }
}
