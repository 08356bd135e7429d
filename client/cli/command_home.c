/* command_home.c - the copy read for a command, and the words for when disk or copy fail it. */
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
