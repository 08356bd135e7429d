/* command_doctor.c - what is wrong with the disk or the copy, in words; and `doctor`, which looks
 * and mends. */
#include "client/cli/command_inside.h"


#include "common/base/banned.h"

/* What is wrong and what to do; {path} is the file, {home} the folder, {what} what was tried. */
static const char *fault_sentence(enum fault fault)
{
    switch (fault) {
    case FAULT_FULL:
        return "could not {what}: the disk of {home} is full; make room and try again, nothing was "
               "changed";
    case FAULT_CRYPTO:
        return "could not {what}: {path} is damaged or belongs to another key; `sluice doctor` says "
               "what can be saved";
    case FAULT_BUSY:
        return "could not {what}: another sluice is using {home}; try again";
    case FAULT_DENIED:
        return "could not {what}: {path} is not yours, or others may read it; give it to yourself "
               "and chmod 600 it";
    case FAULT_FORMAT:
        return "could not {what}: {path} was made by a newer sluice; update sluice";
    case FAULT_IO:
        return "could not {what}: {path} cannot be read or written ({detail}); is its disk sound "
               "and mounted?";
    case FAULT_MEMORY:
        return "could not {what}: there is not enough memory; close something and try again";
    case FAULT_NOT_FOUND:
        return "could not {what}: {path} is missing; `sluice doctor` says what can be saved";
    case FAULT_NONE:
    case FAULT_LIMIT:
    case FAULT_CLOSED:
    case FAULT_EXISTS:
    case FAULT_STALE:
    case FAULT_UNKNOWN:
    case FAULT_COUNT: break;
    }
    return "could not {what} ({fault} {path} {detail}); see `sluice doctor`";
}

static enum error_code fault_error(enum fault fault)
{
    switch (fault) {
    case FAULT_FULL: return ERROR_DISK_FULL;
    case FAULT_CRYPTO: return ERROR_COPY_DAMAGED;
    case FAULT_BUSY: return ERROR_COPY_BUSY;
    case FAULT_DENIED: return ERROR_ACCESS_DENIED;
    case FAULT_FORMAT: return ERROR_COPY_NEWER;
    case FAULT_IO: return ERROR_DISK_FAULT;
    case FAULT_MEMORY: return ERROR_NO_MEMORY;
    case FAULT_NOT_FOUND: return ERROR_COPY_MISSING;
    case FAULT_NONE:
    case FAULT_LIMIT:
    case FAULT_CLOSED:
    case FAULT_EXISTS:
    case FAULT_STALE:
    case FAULT_UNKNOWN:
    case FAULT_COUNT: break;
    }
    return ERROR_COPY_TROUBLE;
}

void command_fault(struct command *command, const char *what, enum fault fault,
                   const struct trouble *trouble)
{
    struct str home = str_from(command->path);
    bool told = trouble && trouble->path[0];
    struct str path = told ? arena_str(&command->arena, str_from(trouble->path)) : home;
    struct str detail = told ? arena_str(&command->arena, str_from(trouble->detail)) : STR("");
    /* A folder or file that cannot be made: the system's own words say more. Open already, and
     * denied: it is not the key's rights, but the folder's or the disk's. */
    const char *sentence = fault == FAULT_DENIED && !told
                               ? "could not {what}: you may only read {home}; is it yours, and its "
                                 "disk mounted for writing?"
                           : fault == FAULT_DENIED && told && trouble->operation &&
                                   str_equal(str_from(trouble->operation), STR("create folder"))
                               ? "could not {what}: {path}: {detail}; set SLUICE_HOME to a folder "
                                 "you may write in"
                               : fault_sentence(fault);
    struct str system = detail.n > 0 ? detail : str_from(fault_name(fault));
    FAIL(&command->answer, fault_error(fault), sentence, {"what", str_from(what)},
         {"fault", str_from(fault_name(fault))}, {"home", home}, {"path", path},
         {"detail", system});
}

/* --- doctor --- */

static struct str count_text(struct command *command, size_t count)
{
    return arena_format(&command->arena, "%zu", count);
}

static void doctor_look(struct command *command)
{
    struct trouble trouble = {.fault = FAULT_NONE};
    size_t pending = 0;
    enum fault fault = home_verify(command->path, &pending, &trouble);
    if (!fault) {
        NOTE(&command->answer, NOTE_RESULT,
             "The offline copy in {home} is whole; {count} changes wait to be sent",
             {"home", str_from(command->path)}, {"count", count_text(command, pending)});
        if (!command->offline) command_compare(command);
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
             "{lost} rows of your own changes could not be read; keep the old file until nothing is "
             "missed",
             {"lost", count_text(command, rebuilt.lost)});
    }
    NOTE(answer, NOTE_RESULT,
         "{kept} unsent changes are kept; `sluice sync` sends them and fetches the rest",
         {"kept", count_text(command, rebuilt.kept)});
}

void command_doctor(struct command *command)
{
    if (!home_exists(command->path)) {
        answer_fail(&command->answer, ERROR_NOT_JOINED,
                    "there is no offline copy here; run `sluice join INVITATION`");
    } else if (request_option(&command->line.request, "rebuild")) {
        doctor_rebuild(command);
    } else {
        doctor_look(command);
    }
}
