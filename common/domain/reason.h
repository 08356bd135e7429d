/* reason.h - why a rule refused: a stable code and typed parameters, never a sentence.
 *
 * The table is the only list of refusals. Sentences have {named} places; only the client's `say`
 * prints them (translated). Numbers are wire values: never renumber, never reuse. */
#ifndef SLUICE_COMMON_DOMAIN_REASON_H
#define SLUICE_COMMON_DOMAIN_REASON_H

#include "common/base/arena.h"
#include "common/base/bounds.h"

/* REASON(NAME, number, "sentence") - parameters used: {field} {stage} {check} {value} {other} */
#define REASON_TABLE(REASON)                                                                       \
    REASON(FIELD_REQUIRED, 1, "{stage} needs {field}")                                             \
    REASON(ANY_FIELD_REQUIRED, 2, "{stage} needs one of: {field}")                                 \
    REASON(CHECK_REQUIRED, 3, "{stage} needs the check \"{check}\"")                               \
    REASON(STAGE_UNKNOWN, 4, "there is no stage \"{value}\"; there are: {other}")                  \
    REASON(STAGE_REMOVED, 5, "the stage \"{stage}\" no longer exists; deals there moved to {other}; " \
                             "there are: {value}") \
    REASON(SKIP_FORBIDDEN, 6, "{stage} may not be skipped")                                        \
    REASON(BACK_FORBIDDEN, 7, "a deal may not go back from {stage}")                               \
    REASON(DEAL_CLOSED, 8, "the deal is {value}; reopen it first")                                 \
    REASON(DEAL_ICED, 9, "the deal is on ice; thaw it first")                                      \
    REASON(DEAL_NOT_ICED, 10, "the deal is not on ice")                                            \
    REASON(DEAL_NOT_CLOSED, 11, "the deal is not closed")                                          \
    REASON(STATUS_MISFIT, 12, "status {value} does not go with the stage {stage}")                 \
    REASON(RIGHT_MISSING, 13, "your role ({value}) may not {other}")                               \
    REASON(GONE, 14, "the {value} no longer exists")                                               \
    REASON(CHANGED_MEANWHILE, 15, "{field} was changed meanwhile to {value}")                      \
    REASON(TEXT_INVALID, 16, "{field} contains characters that cannot be shown")                   \
    REASON(TOO_LONG, 17, "{field} is longer than {value} bytes")                                   \
    REASON(CHOICE_UNKNOWN, 18, "{field} cannot be {value}; possible: {other}")                     \
    REASON(CURRENCY_UNKNOWN, 19, "{value} is not a currency")                                      \
    REASON(NUMBER_RANGE, 20, "{field} must be between {value} and {other}")                        \
    REASON(IN_FUTURE, 21, "{field} lies in the future")                                            \
    REASON(REFERENCE_UNKNOWN, 22, "{field} names a {value} that does not exist")                   \
    REASON(FIELD_UNKNOWN, 23, "field number {value} is not known here; a newer version wrote it")  \
    REASON(FIELD_FIXED, 24, "{field} cannot be edited")                                            \
    REASON(EXISTS, 25, "the {value} exists already")                                               \
    REASON(UNDECODABLE, 26, "this change could not be read")                                       \
    REASON(KIND_UNKNOWN, 27, "this kind of change is not known here; a newer version wrote it")    \
    REASON(PARENT_REFUSED, 28, "it depends on the {value} that was refused")                         \
    REASON(NAME_TAKEN, 29, "there is already somebody called {value}")                             \
    REASON(VALUE_WITHOUT_CURRENCY, 30, "a value needs a currency")                                 \
    REASON(ITEM_CLOSED, 31, "this was resolved already")                                           \
    REASON(EMPTY, 32, "there is nothing to change")                                                \
    REASON(TOO_MANY, 33, "{field} may have at most {value} entries")                               \
    REASON(SERVER_FAULT, 34, "the server failed on this change twice; it was set aside")           \
    REASON(MEMBER_LEFT, 35, "{value} is no longer in the team")                                    \
    REASON(PIPELINE_UNKNOWN, 36, "there is no pipeline \"{value}\"; there are: {other}")           \
    REASON(REQUIRED, 37, "{field} is needed")                                                      \
    REASON(CLOSING_FIXED, 38, "{field} of a closed deal changes only by a correction")             \
    REASON(CHECK_UNKNOWN, 39, "there is no check \"{value}\"; there are: {other}")               \
    REASON(DEVICE_REVOKED, 40, "it came from a device that was revoked")                           \
    REASON(OWNER_SELF, 41, "an owner is changed or removed by another owner only")           \
    REASON(ROLE_KEPT, 42, "{value} is {other} already, and an invitation does not change that: "   \
                          "leave --role away for a further device; a role is changed with "        \
                          "`sluice member edit NAME --role ROLE`")                             \
    REASON(STAGES_UNSOUND, 43, "the stages would not fit together: {value}")                       \
    REASON(DELETED_AGAIN, 44, "the {value} was brought back meanwhile and deleted again")          \
    REASON(DEVICE_ITSELF, 45, "no device settles the notice about itself; another one of its member "  \
                               "does, or a manager")                                                \
    REASON(WORKED_ON, 46, "others have worked on the {value} since: {field}")                      \
    REASON(IN_USE, 47, "the {value} is in use by {other}")

enum reason_code {
    REASON_NONE = 0,
#define REASON(name, number, sentence) REASON_##name = number,
    REASON_TABLE(REASON)
#undef REASON
};

struct reason {
    enum reason_code code;
    struct str field, stage, check, value, other; /* names and keys, absent where unused */
};

struct reasons {
    struct reason items[REASONS_MAX];
    size_t count;
};

/* Adds unless the same one is there; silently drops above REASONS_MAX (never the first ones). */
void reasons_add(struct reasons *reasons, struct reason reason);
/* "field_required"; the stable code in --json and logs. */
const char *reason_code_name(enum reason_code code);
const char *reason_sentence(enum reason_code code);

/* One line each: "field_required stage=proposal field=value", values quoted where needed. What is
 * stored and travels. */
MUST_USE enum fault reasons_format(struct arena *arena, const struct reasons *reasons,
                                   struct str *out);
/* Unknown codes (a newer server) are kept as UNDECODABLE with the line in `value`. */
MUST_USE enum fault reasons_parse(struct arena *arena, struct str text, struct reasons *out);

#endif
