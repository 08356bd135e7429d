/* acts_inside.h - one thing a person does, in the making: what acts*.c share. */
#ifndef SLUICE_TESTS_SIMULATION_ACTS_INSIDE_H
#define SLUICE_TESTS_SIMULATION_ACTS_INSIDE_H

#include "client/core/outbox.h"
#include "common/domain/field.h"

struct world;

enum { EDITS_MAX = 16 };

struct act {
    struct world *world;
    size_t laptop;
    struct person_of_world *person;
    struct replica *replica;
    struct arena arena;
    struct mutation mutation;
    struct edit edits[EDITS_MAX];
    const char *summary;
};

/* Somebody sits down at that laptop; the caller finishes the arena. */
void act_open(struct act *act, struct world *world, size_t laptop);
/* A zero target: a new thing. */
void act_begin(struct act *act, enum mutation_kind kind, enum entity_kind entity,
               struct uuid target, const char *summary);
struct edit *act_edit(struct act *act, const char *name, const void *before);
void act_text(struct act *act, const char *name, const void *before, struct str text);
void act_number(struct act *act, const char *name, const void *before, int64_t number);
void act_reference(struct act *act, const char *name, const void *before, struct uuid id);
void act_set(struct act *act, const char *name, struct str item, bool remove);
/* Makes it durable on the laptop and tells the oracle. False: refused, or nothing to do. */
bool act_submit(struct act *act);
/* The same, past the rules of this laptop: what an older or a tampered program would send. */
bool act_force(struct act *act);

struct str act_word(struct act *act, const char *what);
/* One of what was ever made, if this copy shows it, else NULL: cheaper than to list all of it. */
const void *act_pick_made(struct act *act, enum entity_kind kind);
/* Any one shown; NULL when there is none. */
const void *act_pick(struct act *act, enum entity_kind kind);
const struct deal *act_pick_deal(struct act *act);

/* acts_more.c */
void do_import(struct act *act);
void do_invite(struct act *act);
void do_correct(struct act *act);
void do_inbox(struct act *act);
void do_large(struct act *act);
void do_edit_activity(struct act *act);
/* acts_rogue.c */
void do_rogue(struct act *act);

/* acts_lead.c */
void do_stages(struct act *act);
void do_deletions(struct act *act);
void do_rename_member(struct act *act);
void do_role(struct act *act);

#endif
