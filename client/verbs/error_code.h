/* error_code.h - every way in which a command can fail: a stable word for scripts and its exit
 * status. The table is the only list: `--json`, docs/errors.md and the tests are made of it.
 *
 * The sentence for people stands where the error is met, for only there its names are known.
 * Words never change their meaning and are never used again for another one. */
#ifndef SLUICE_CLIENT_VERBS_ERROR_CODE_H
#define SLUICE_CLIENT_VERBS_ERROR_CODE_H

#include <stddef.h>

/* Exit codes of the command line; a contract with scripts. */
enum answer_code {
    ANSWER_OK = 0,
    ANSWER_FAILURE = 1,
    ANSWER_USAGE = 2,
    ANSWER_NOT_FOUND = 3,
    ANSWER_REFUSED = 4,
    ANSWER_CONFLICT = 5,
    ANSWER_NETWORK = 6,
    ANSWER_NOT_JOINED = 7,
    ANSWER_UNWANTED = 8
};

/* ERROR(NAME, "name", exit, "what it means") */
#define ERROR_TABLE(ERROR)                                                                         \
    /* this machine */                                                                             \
    ERROR(DISK_FULL, "disk_full", FAILURE,                                                         \
          "the disk of the offline copy is full; nothing was changed")                             \
    ERROR(COPY_DAMAGED, "copy_damaged", FAILURE,                                                   \
          "the offline copy is damaged, or belongs to another key")                                \
    ERROR(COPY_MISSING, "copy_missing", FAILURE, "a file of the offline copy is missing")          \
    ERROR(COPY_BUSY, "copy_busy", FAILURE,                                                         \
          "another sluice is using the offline copy, or is joining here")                          \
    ERROR(COPY_NEWER, "copy_newer", FAILURE, "a newer sluice made the offline copy")               \
    ERROR(COPY_TROUBLE, "copy_trouble", FAILURE,                                                   \
          "the offline copy could not be used for another reason")                                 \
    ERROR(ACCESS_DENIED, "access_denied", FAILURE,                                                 \
          "a file or folder is not the user's, or open to others")                                 \
    ERROR(DISK_FAULT, "disk_fault", FAILURE, "the disk could not be read or written")              \
    ERROR(NO_MEMORY, "no_memory", FAILURE, "there is not enough memory")                           \
    ERROR(NO_HOME, "no_home", FAILURE, "there is no folder where the offline copy could be")       \
    ERROR(FILE_UNREADABLE, "file_unreadable", FAILURE,                                             \
          "a file named on the command line could not be read")                                    \
    ERROR(FILE_UNWRITABLE, "file_unwritable", FAILURE,                                             \
          "a file named on the command line could not be written")                                 \
    ERROR(OUTPUT_UNWRITABLE, "output_unwritable", FAILURE,                                         \
          "the standard output could not be written")                                              \
    ERROR(JOINED_ALREADY, "joined_already", FAILURE, "the offline copy belongs to a team already") \
    ERROR(UNCHANGED, "unchanged", FAILURE,                                                         \
          "what should be taken back is as it was before already")                                 \
    ERROR(ITEM_NEWER, "item_newer", FAILURE, "a newer sluice made this item of the inbox")         \
    /* the words of the command */                                                                 \
    ERROR(UNKNOWN_COMMAND, "unknown_command", USAGE, "there is no such command")                   \
    ERROR(UNKNOWN_OPTION, "unknown_option", USAGE, "the command has no such option")               \
    ERROR(ARGUMENT_MISSING, "argument_missing", USAGE,                                             \
          "the command needs one word more, or one of several options")                            \
    ERROR(ARGUMENT_UNWANTED, "argument_unwanted", USAGE,                                           \
          "a word or value is too much, or does not go with the others")                           \
    ERROR(VALUE_MISSING, "value_missing", USAGE, "the option needs a value")                       \
    ERROR(VALUE_INVALID, "value_invalid", USAGE,                                                   \
          "the option or field cannot be that; what is possible is listed")                        \
    ERROR(TOO_MANY_WORDS, "too_many_words", USAGE,                                                 \
          "the command line has more words than sluice takes")                                     \
    ERROR(NOT_UTF8, "not_utf8", USAGE,                                                             \
          "a word, or what was read from standard input, is not UTF-8")                            \
    ERROR(INPUT_TOO_LONG, "input_too_long", USAGE, "standard input is longer than a value may be") \
    ERROR(NOT_FOR_MACHINES, "not_for_machines", USAGE,                                             \
          "the command draws for people only, or needs a format")                                  \
    ERROR(NOTHING_TO_CHANGE, "nothing_to_change", USAGE,                                           \
          "the command names nothing that it should change")                                       \
    ERROR(UNKNOWN_FIELD, "unknown_field", USAGE, "there is no such field or column")               \
    ERROR(UNKNOWN_STAGE, "unknown_stage", USAGE, "the pipeline has no such stage")                 \
    ERROR(UNKNOWN_PIPELINE, "unknown_pipeline", USAGE, "there is no such pipeline")                \
    ERROR(UNKNOWN_CHECK, "unknown_check", USAGE, "the pipeline has no such check")                 \
    ERROR(UNKNOWN_ROLE, "unknown_role", USAGE, "there is no such role")                            \
    ERROR(UNKNOWN_ACTIVITY, "unknown_activity", USAGE, "there is no such kind of activity to log") \
    ERROR(UNKNOWN_REPORT, "unknown_report", USAGE, "there is no such report, grouping or figure")  \
    ERROR(UNKNOWN_KIND, "unknown_kind", USAGE,                                                     \
          "there is nothing of that name to export or to complete")                                \
    ERROR(UNKNOWN_CURRENCY, "unknown_currency", USAGE, "that is not a currency")                   \
    ERROR(UNKNOWN_ENCODING, "unknown_encoding", USAGE, "there is no such encoding of text")        \
    ERROR(INVALID_AMOUNT, "invalid_amount", USAGE, "that is not an amount of money")               \
    ERROR(INVALID_NUMBER, "invalid_number", USAGE, "that is not a whole number")                   \
    ERROR(INVALID_DATE, "invalid_date", USAGE, "that is not a date")                               \
    ERROR(INVALID_PERIOD, "invalid_period", USAGE, "that is not a period")                         \
    ERROR(INVALID_FILTER, "invalid_filter", USAGE,                                                 \
          "the filter cannot be understood; the message marks the place")                          \
    ERROR(INVALID_ADDRESS, "invalid_address", USAGE, "that is not an address of a server")         \
    ERROR(INVALID_INVITATION, "invalid_invitation", USAGE,                                         \
          "that is not an invitation, or was cut or mistyped")                                     \
    ERROR(IN_FUTURE, "in_future", USAGE, "what happened cannot have a date in the future")         \
    ERROR(AMBIGUOUS, "ambiguous", USAGE,                                                           \
          "several things fit; the message lists them with their ids")                             \
    ERROR(WRONG_ITEM, "wrong_item", USAGE, "this item of the inbox is settled in another way")     \
    ERROR(FILE_FORMAT, "file_format", USAGE, "the file is no table that can be imported")          \
    ERROR(FILE_ENCODING, "file_encoding", USAGE,                                                   \
          "the file's letters cannot be read in this encoding")                                    \
    ERROR(IMPORT_UNCLEAR, "import_unclear", USAGE,                                                 \
          "the table needs options that say how to read it")                                       \
    /* what is not there */                                                                        \
    ERROR(NOT_FOUND, "not_found", NOT_FOUND, "there is nothing of that name or id")                \
    ERROR(FILE_NOT_FOUND, "file_not_found", NOT_FOUND, "there is no such file")                    \
    ERROR(GONE, "gone", NOT_FOUND, "it was there and has been deleted")                            \
    ERROR(NOTHING_TO_UNDO, "nothing_to_undo", NOT_FOUND,                                           \
          "there is nothing of one's own to take back")                                            \
    /* rules and rights, and what others did meanwhile */                                          \
    ERROR(REFUSED, "refused", REFUSED, "a rule or a right forbids it; `reasons` has all of them")  \
    ERROR(NOT_UNDOABLE, "not_undoable", REFUSED, "this cannot be taken back")                      \
    ERROR(CHANGES_UNSENT, "changes_unsent", REFUSED, "changes that were not sent would be lost")   \
    ERROR(NAME_TAKEN, "name_taken", REFUSED, "somebody in the team is called so already")          \
    ERROR(ROWS_REJECTED, "rows_rejected", REFUSED, "some rows of the import did not land")         \
    ERROR(CONFLICT, "conflict", CONFLICT,                                                          \
          "somebody changed the same thing meanwhile; the inbox has both")                         \
    /* the network; work done is kept and sent later */                                            \
    ERROR(OFFLINE, "offline", NETWORK,                                                             \
          "this needs the network, and --offline or SLUICE_OFFLINE forbids it")                    \
    ERROR(SERVER_UNREACHABLE, "server_unreachable", NETWORK,                                       \
          "no connection to the server could be made")                                             \
    ERROR(SERVER_SILENT, "server_silent", NETWORK, "the server did not answer in time")            \
    ERROR(SERVER_CLOSED, "server_closed", NETWORK, "the connection was closed without a word")     \
    ERROR(SERVER_BUSY, "server_busy", NETWORK, "the server is busy")                               \
    ERROR(SERVER_TROUBLE, "server_trouble", NETWORK, "the server has a problem of its own")        \
    ERROR(CONNECTION_LOST, "connection_lost", NETWORK, "the connection broke")                     \
    ERROR(CONNECTION_HELD, "connection_held", NETWORK,                                             \
          "another sluice of this identity holds the connection")                                  \
    ERROR(NOT_SLUICE, "not_sluice", NETWORK, "something else than Sluice answers at the address")  \
    ERROR(TAMPERED, "tampered", NETWORK, "what the server sent was changed on its way")            \
    ERROR(DATA_INCOMPLETE, "data_incomplete", NETWORK,                                             \
          "joined, but the team's data has not all arrived")                                       \
    /* the server's identity and version */                                                        \
    ERROR(SERVER_KEY_DIFFERS, "server_key_differs", FAILURE,                                       \
          "what answers is not the server that was joined")                                        \
    ERROR(SERVER_NEWER, "server_newer", FAILURE, "the server is newer than this sluice")           \
    ERROR(SERVER_OLDER, "server_older", FAILURE, "the server is older than this sluice")           \
    ERROR(SERVER_VERSION, "server_version", FAILURE, "the server speaks another version")          \
    ERROR(SERVER_NONSENSE, "server_nonsense", FAILURE,                                             \
          "the server sent something that cannot be understood")                                   \
    /* this device and its team */                                                                 \
    ERROR(NOT_JOINED, "not_joined", NOT_JOINED, "this device has not joined a team yet")           \
    ERROR(NOT_SYNCED, "not_synced", NOT_JOINED, "joined, but nothing of the team has arrived yet") \
    ERROR(DEVICE_UNKNOWN, "device_unknown", UNWANTED, "the server does not know this device")      \
    ERROR(DEVICE_REVOKED, "device_revoked", UNWANTED, "this device was revoked")                   \
    ERROR(DEVICE_REFUSED, "device_refused", UNWANTED, "the server refuses this device")            \
    ERROR(INVITATION_UNKNOWN, "invitation_unknown", UNWANTED,                                      \
          "the server does not know this invitation")                                              \
    ERROR(INVITATION_USED, "invitation_used", UNWANTED, "the invitation was used already")         \
    ERROR(INVITATION_EXPIRED, "invitation_expired", UNWANTED, "the invitation has expired")

enum error_code {
    ERROR_NONE = 0,
#define ERROR(name, word, exit, meaning) ERROR_##name,
    ERROR_TABLE(ERROR)
#undef ERROR
    ERROR_COUNT
};

/* "unknown_stage"; "none" for none. */
const char *error_code_word(enum error_code error);
enum answer_code error_code_exit(enum error_code error);
/* One line for the documentation. */
const char *error_code_meaning(enum error_code error);

#endif
