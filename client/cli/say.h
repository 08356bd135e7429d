/* say.h - sentences for people: the only caller of gettext. Callers: client/cli. */
#ifndef SLUICE_CLIENT_CLI_SAY_H
#define SLUICE_CLIENT_CLI_SAY_H

#include "client/core/sync.h"
#include "client/verbs/work.h"

/* Chooses the language from the environment. */
void say_begin(void);
struct str say_sentence(struct arena *arena, const char *sentence, const struct place *places,
                        size_t count);
/* One reason, with names for keys; work may be NULL. */
struct str say_reason(struct arena *arena, struct work *work, const struct reason *reason);
/* Why an exchange failed and what to do, and its code. */
const char *say_trouble(const struct sync_report *report, enum error_code *error);
/* The same for joining, where there is no work to lose and no server pinned yet but the one in the
 * invitation; with a place {server}. */
const char *say_join_trouble(const struct sync_report *report, enum error_code *error);

#endif
