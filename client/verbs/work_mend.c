/* work_mend.c - how a refused move goes through: the same command with what the gates ask for,
 * capitals where only the person knows the value. */
#include "client/verbs/work_inside.h"

#include <string.h>

#include "common/base/banned.h"

struct mend {
    struct str checks, options;
    bool complete; /* every reason can be mended by an option */
};

static void mend_field(struct work *work, const struct request *request, struct str name,
                       struct mend *mend)
{
    for (size_t list = 0; request->verb->options && request->verb->options[list]; list++) {
        for (const struct option *o = request->verb->options[list]; o->name; o++) {
            if (!o->field || !str_equal(name, str_from(o->field))) continue;
            mend->options = arena_format(work->arena, "%.*s --%s %s", STR_ARGS(mend->options),
                                         o->name, o->value);
            return;
        }
    }
    mend->complete = false;
}

static struct str mend_word(struct arena *arena, struct str word)
{
    bool plain = word.n > 0;
    for (size_t i = 0; i < word.n; i++) {
        char c = word.p[i];
        bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || c == '.' || c == ',' || c == '+' || c == '/';
        plain = plain && safe;
    }
    return plain ? word : arena_format(arena, "\"%.*s\"", STR_ARGS(word));
}

void answer_mend(struct work *work, const struct request *request, const struct deal *deal,
                 struct answer *answer)
{
    const struct reasons *reasons = &answer->reasons;
    if (answer->code != ANSWER_REFUSED || reasons->count == 0) return;
    struct mend mend = {STR(""), STR(""), true};
    for (size_t i = 0; i < reasons->count; i++) {
        const struct reason *reason = &reasons->items[i];
        struct str rest = reason->field, part;
        if (reason->code == REASON_CHECK_REQUIRED) {
            mend.checks = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(mend.checks),
                                       mend.checks.n ? "," : "", STR_ARGS(reason->check));
        } else if (reason->code == REASON_FIELD_REQUIRED ||
                   reason->code == REASON_ANY_FIELD_REQUIRED) {
            if (str_split(&rest, '|', &part)) mend_field(work, request, part, &mend);
        } else {
            mend.complete = false;
        }
    }
    bool checkable = verb_option(request->verb, STR("check")) != NULL;
    if (!mend.complete || (mend.checks.n > 0 && !checkable)) return;
    const struct verb *verb = request->verb;
    struct str out = arena_format(work->arena, "sluice %s%s%s %.*s",
                                  verb->alias || !verb->noun ? "" : verb->noun,
                                  verb->alias || !verb->noun ? "" : " ",
                                  verb->alias ? verb->alias : verb->name,
                                  STR_ARGS(name_short(work, ENTITY_DEAL, deal->id)));
    for (size_t i = 1; i < request->argument_count; i++) {
        out = arena_format(work->arena, "%.*s %.*s", STR_ARGS(out),
                           STR_ARGS(mend_word(work->arena, request->arguments[i])));
    }
    for (size_t i = 0; i < request->option_count; i++) {
        const struct request_option *given = &request->options[i];
        if (strcmp(given->option->name, "check") == 0 && mend.checks.n > 0) {
            mend.checks = arena_format(work->arena, "%.*s,%.*s", STR_ARGS(given->value),
                                       STR_ARGS(mend.checks));
            continue;
        }
        out = arena_format(work->arena, "%.*s --%s%s%.*s", STR_ARGS(out), given->option->name,
                           given->option->value ? " " : "",
                           STR_ARGS(given->option->value ? mend_word(work->arena, given->value)
                                                         : STR("")));
    }
    if (mend.checks.n > 0) {
        out = arena_format(work->arena, "%.*s --check %.*s", STR_ARGS(out), STR_ARGS(mend.checks));
    }
    answer->mend = arena_format(work->arena, "%.*s%.*s", STR_ARGS(out), STR_ARGS(mend.options));
}
