/* decision.h - one decision in the making: what the decide_*.c files share. Private to them.
 *
 *   decide.c            entry, form of the mutation, dispatch, the outcome
 *   decide_content.c    values of single fields: normalised, within bounds, known
 *   decide_create.c     CREATE of organisations, people, deals, activities, imported members
 *   decide_edit.c       EDIT, CORRECT; merge of units
 *   decide_delete.c     DELETE, RESTORE
 *   decide_deal.c       rules of a deal as a whole: money, owner, checks, pushes, closing
 *   decide_transition.c the unit pipeline+stage+status
 *   decide_refusal.c    what there is instead of a stage or pipeline that cannot be
 *   decide_import.c     IMPORT
 *   decide_invite.c     INVITE
 *   decide_stage.c      EDIT of the definition
 *   decide_people.c     EDIT of members; devices: announced, named, revoked, told of
 *   decide_inbox.c      conflict and parked items, CLOSE, what a mutation resolves
 *   history.c           event rows
 *
 * Memory that runs out is noticed once, at the end: the arena remembers (arena_fault). Until then
 * helpers give absent text and NULL, and every caller bears that. */
#ifndef SLUICE_COMMON_DOMAIN_DECISION_H
#define SLUICE_COMMON_DOMAIN_DECISION_H

#include "common/domain/decide.h"
#include "common/domain/permission.h"

struct decision {
    struct arena *arena;
    const struct state *state;
    const struct decision_context *context;
    const struct mutation *mutation;
    struct str payload;
    struct uuid actor;
    enum entity_kind kind; /* of the target */
    struct edit *edits;    /* the mutation's, values normalised */
    size_t edit_count;
    int64_t recorded;
    struct optional acted;   /* the client's clock, brought within the calendar */
    struct optional claimed; /* when it is said to have happened, likewise */
    struct uuid group;       /* the refused creation this one hangs on */
    bool merged;             /* something applied beside what others did */
    bool conflicted;         /* a unit became a conflict: its reason is in change->reasons */
    int64_t inbox_number;    /* the last one given out */
    struct reasons refused;  /* any: nothing is applied, the mutation is parked */
    struct change *change;
};

/* --- decision.c --- */
void decision_refuse(struct decision *d, struct reason reason);
void decision_refuse_field(struct decision *d, enum reason_code code, const struct field *field);
/* Adds RIGHT_MISSING when the actor may not. */
bool decision_may(struct decision *d, enum action action);
/* True, and PARENT_REFUSED, when the creation of that thing waits in the inbox. */
bool decision_hangs(struct decision *d, enum entity_kind kind, struct uuid id);
/* PARENT_REFUSED when that is so, else GONE. */
void decision_gone(struct decision *d, enum entity_kind kind, struct uuid id);
/* The edit of that field, NULL if the mutation does not name it. */
const struct edit *decision_edit(const struct decision *d, const char *field);
bool decision_undoes(const struct decision *d);
/* What is refused unseen (a revoked device's) belongs with the refused creation it hangs on all the
 * same, for a manager to take them together. */
void decision_group(struct decision *d);
/* The event that the mutation it takes back left on the target, when that was the actor's own; NULL
 * when there is none. A prediction has no events: it believes (ask decision_undoes). */
const struct event *decision_trace(const struct decision *d, struct str field);
/* Clean and short enough to stand in a sentence. */
struct str decision_quote(struct decision *d, struct str text);
/* CHANGED_MEANWHILE: what stands in the row, an amount with its currency (other). */
struct reason decision_changed(struct decision *d, const struct field *field, const void *row,
                               struct str stands);
struct str decision_number(struct decision *d, int64_t number);
/* When it happened, as far as we believe it: never after it was recorded, nor before there was what it
 * happened to. */
int64_t decision_happened(const struct decision *d);
/* The same for a stage event: never before the deal's previous one either. */
int64_t decision_happened_stage(const struct decision *d, const struct deal *deal);
/* Adds a row, or replaces the one of the same key. A NULL entity removes. */
void decision_row(struct decision *d, enum entity_kind kind, struct uuid id, const void *entity);

/* Can things of that kind be created? */
bool decision_creates(enum entity_kind kind);

/* --- decide_content.c --- */
/* False (and refused) when the mutation is malformed; else d->edits is filled. */
bool content_normalise(struct decision *d);
/* What a wish must refer to: things and members that exist. */
void content_references(struct decision *d, const struct edit *edit);
/* Required fields of the entity are there; `named_only`: of those the mutation names. */
void content_required(struct decision *d, const void *entity, bool named_only);

/* --- decide_invite.c, shared with decide_people.c --- */
bool role_is_modest(int64_t role); /* a rep's or a viewer's: managers may give and take it */
/* Nobody takes the last owner away: only another owner may change or remove an owner. */
void member_judge_owner(struct decision *d, const struct member *before,
                        const struct member *after);

/* --- decide_edit.c, shared with decide_delete.c --- */
/* Can things of that kind be edited? */
bool edit_makes(enum entity_kind kind);

/* --- decide_create.c, shared with decide_import.c --- */
/* True when target exists already: then the decision is made. */
bool create_exists(struct decision *d, bool stands_equal);
void create_allow_fields(struct decision *d, unsigned flags);
/* Puts the wishes into a new entity. */
void create_fill(struct decision *d, void *entity);
void create_check_references(struct decision *d);

void decide_create(struct decision *d);
void decide_edit(struct decision *d);
void decide_delete(struct decision *d);
void decide_restore(struct decision *d);
void decide_import(struct decision *d);
void decide_invite(struct decision *d);
void decide_invitation(struct decision *d); /* EDIT of one: revoked */
void decide_close(struct decision *d);
void decide_member(struct decision *d);
void decide_device(struct decision *d);
void decide_notice(struct decision *d);
void decide_stage(struct decision *d); /* of the definition */

/* --- decide_deal.c --- */
/* All rules about the deal as it would be; completes and stamps it. `before` is NULL when it is
 * created. */
void deal_judge(struct decision *d, const struct deal *before, struct deal *after);
void activity_judge(struct decision *d, const struct activity *before, struct activity *after);
void deal_complete_money(struct decision *d, struct deal *deal);
void deal_judge_checks(struct decision *d, const struct deal *before, const struct deal *after);

/* --- decide_transition.c --- */
bool deal_is_closed(const struct deal *deal); /* won or lost */
/* Judges a change of the unit (creation included), fills in what it implies, stamps its times. */
void transition_judge(struct decision *d, const struct deal *before, struct deal *after);
/* Does that status go with that kind of stage in that pipeline? */
bool transition_fits(const struct pipeline *pipeline, int64_t status, const struct stage *stage);

/* --- decide_refusal.c --- */
/* "lead, contact, proposal": the living stages. */
struct str deal_stage_list(struct decision *d, const struct pipeline *pipeline);
void deal_refuse_pipeline(struct decision *d, struct str key);
void deal_refuse_stage(struct decision *d, const struct pipeline *pipeline, struct str key);

/* --- decide_inbox.c --- */
/* The conflict of the leader's unit: `current` stands, the mutation wants otherwise. */
void inbox_conflict(struct decision *d, const struct field *leader, const struct field *changed,
                    const void *current);
void inbox_park(struct decision *d);
/* A notice for that member, once: NULL when it is there already. */
struct inbox_item *inbox_notice(struct decision *d, struct uuid about, struct uuid concerned,
                                struct str field, struct str said);
/* May the mutation name that item, and how? Refuses if not. */
void inbox_resolves_check(struct decision *d);
/* Closes what the mutation resolves, according to the outcome. */
void inbox_resolves_close(struct decision *d);
/* A creation went through: the parked one of the same target is settled. */
void inbox_creation_settled(struct decision *d);

/* --- history.c --- */
/* Adds an event of now about the target; deal: after the event, NULL for other kinds. NULL when
 * out of memory. */
struct event *history_add(struct decision *d, enum event_what what, const struct deal *deal);
/* One FIELD event per field that differs, stage and status aside. */
void history_fields(struct decision *d, const void *before, const void *after);
/* A CREATED event. */
void history_created(struct decision *d, const void *entity);
/* The STAGE event, if pipeline, stage or status differ. */
void history_stage(struct decision *d, const struct deal *before, const struct deal *after);

#endif
