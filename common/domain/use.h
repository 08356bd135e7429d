/* use.h - what hangs on a thing, which a deletion must not take along.
 *
 * The one question of a decision that keys cannot name: what refers to a thing is found from its side
 * only. So it is asked beforehand (mutation_use), counted by whoever loads the rows, over all that the
 * mutations of the batch do not name themselves; what they name is in the state, and looked at there.
 * A prediction asks nothing: the verbs ask the copy before they queue a deletion. */
#ifndef SLUICE_COMMON_DOMAIN_USE_H
#define SLUICE_COMMON_DOMAIN_USE_H

#include "common/domain/mutation.h"
#include "common/domain/reason.h"
#include "common/domain/state.h"

struct use {
    /* The question. undoes: the creation that is taken back, zero when something is just deleted. */
    struct uuid thing, actor, undoes;
    /* The answer, each up to USE_COUNT_MAX: living rows that name it. Of a deal only activities of
     * others than the actor: one's own go with it. */
    int64_t deals, people, activities;
    /* What others than the actor changed of it since that creation: names of fields, "stage",
     * "created" (brought back), "deleted". Nothing without undoes. */
    struct text_set changed;
};

/* Does what hangs on the target matter to that mutation? */
bool mutation_use(const struct mutation *mutation, struct uuid actor, struct use *out);

/* Counts the row (NULL: none) if it is one that names the thing. */
void use_row(struct use *use, enum entity_kind kind, const void *entity);
/* What an event says was changed; the name of a field is borrowed. */
struct str use_event_name(const struct event *event);
/* Notes that others changed that. */
MUST_USE enum fault use_changed(struct arena *arena, struct use *use, struct str name);
/* Everything of a history that others changed since the creation; events in order. */
MUST_USE enum fault use_history(struct arena *arena, struct use *use,
                                const struct event *const *events, size_t count);

/* Reasons against the deletion. */
void use_reasons(struct arena *arena, const struct use *use, enum entity_kind kind,
                 struct reasons *out);

/* The answer of whoever loaded: kept with the state. Borrowed. */
MUST_USE enum fault state_put_use(struct state *state, const struct use *use);
/* Answers the question from that, and from the rows and events the state has by now. */
MUST_USE enum fault state_use(const struct state *state, struct arena *arena, struct use *use);

#endif
