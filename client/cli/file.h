/* file.h - whole files for the command line: read with a limit, written atomically. */
#ifndef SLUICE_CLIENT_CLI_FILE_H
#define SLUICE_CLIENT_CLI_FILE_H

#include "common/base/buffer.h"

/* Standard input for "-". FAULT_NOT_FOUND, FAULT_LIMIT, FAULT_FORMAT (a folder), FAULT_IO; *why says
 * it in words that live as long as the program. */
MUST_USE enum fault file_read_all(const char *path, struct buffer *out, const char **why);
/* Beside it first, then renamed, readable by its owner only: never half a file. A device or a pipe
 * is written as it is. */
MUST_USE enum fault file_write_all(const char *path, struct str bytes, const char **why);

#endif
