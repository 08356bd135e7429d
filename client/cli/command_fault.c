/* command_fault.c - the words for when disk or copy fail a command. */
#include "client/cli/command_inside.h"

#include "common/base/banned.h"

/* What is wrong and what to do, and its code; {path} is the file, {home} the folder, {what} what was
 * tried. */
static const struct {
    enum error_code code;
    const char *sentence;
} words[FAULT_COUNT] = {
    [FAULT_FULL] = {ERROR_DISK_FULL,
                    "could not {what}: the disk of {home} is full; make room and try again, nothing "
                    "was changed"},
    [FAULT_CRYPTO] = {ERROR_COPY_DAMAGED,
                      "could not {what}: {path} is damaged or belongs to another key; `sluice "
                      "doctor` says what can be saved"},
    [FAULT_BUSY] = {ERROR_COPY_BUSY,
                    "could not {what}: another sluice is using {home}; try again"},
    [FAULT_DENIED] = {ERROR_ACCESS_DENIED,
                      "could not {what}: {path} is not yours, or others may read it; give it to "
                      "yourself and chmod 600 it"},
    [FAULT_FORMAT] = {ERROR_COPY_NEWER,
                      "could not {what}: {path} was made by a newer sluice; update sluice"},
    [FAULT_IO] = {ERROR_DISK_FAULT,
                  "could not {what}: {path} cannot be read or written ({detail}); is its disk sound "
                  "and mounted?"},
    [FAULT_MEMORY] = {ERROR_NO_MEMORY,
                      "could not {what}: there is not enough memory; close something and try again"},
    [FAULT_NOT_FOUND] = {ERROR_COPY_MISSING,
                         "could not {what}: {path} is missing; `sluice doctor` says what can be "
                         "saved"},
};

static const char *fault_sentence(enum fault fault)
{
    const char *sentence = words[fault].sentence;
    return sentence ? sentence : "could not {what} ({fault} {path} {detail}); see `sluice doctor`";
}

static enum error_code fault_error(enum fault fault)
{
    return words[fault].sentence ? words[fault].code : ERROR_COPY_TROUBLE;
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
