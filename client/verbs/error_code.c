/* error_code.c - see error_code.h. Callers: answer.c, client/cli, the test that makes the list. */
#include "client/verbs/error_code.h"

#include "common/base/banned.h"
#include "common/base/check.h"

static const struct {
    const char *word, *meaning;
    enum answer_code exit;
} errors[ERROR_COUNT] = {
    [ERROR_NONE] = {"none", "", ANSWER_OK},
#define ERROR(name, word, exit, meaning) [ERROR_##name] = {word, meaning, ANSWER_##exit},
    ERROR_TABLE(ERROR)
#undef ERROR
};

const char *error_code_word(enum error_code error)
{
    check(error < ERROR_COUNT);
    return errors[error].word;
}

enum answer_code error_code_exit(enum error_code error)
{
    check(error < ERROR_COUNT);
    return errors[error].exit;
}

const char *error_code_meaning(enum error_code error)
{
    check(error < ERROR_COUNT);
    return errors[error].meaning;
}
