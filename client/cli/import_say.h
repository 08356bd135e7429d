/* import_say.h - what came of an import, for a person and for a script. */
#ifndef SLUICE_CLIENT_CLI_IMPORT_SAY_H
#define SLUICE_CLIENT_CLI_IMPORT_SAY_H

#include "client/cli/command_inside.h"
#include "client/exchange/import.h"

struct import_saying {
    struct command *command;
    const struct import_report *report;
    const struct import_options *options;
    struct str source; /* the file's name */
};

/* The options do not fit the file. */
void import_say_mistake(const struct import_saying *saying);
/* Also writes the rejects file, and sets the code. */
void import_say_report(const struct import_saying *saying);

#endif
