/* acts_lead.c - what owners and managers do to the team: its stages, its people and their roles, what
 * was deleted. All of it is mutations, made on a laptop that may be offline; reps try it, too. See
 * acts.h. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/domain/stage_edit.h"
#include "tests/simulation/acts.h"
#include "tests/simulation/acts_inside.h"

#include "common/base/banned.h"

/* --- stages --- */

static const struct pipeline *pipeline_shown(struct act *act)
{
    struct definition *definition = arena_alloc(&act->arena, sizeof *definition);
    check(definition != NULL);
    enum fault fault = act->replica->f->definition(act->replica, &act->arena, definition);
    return !fault && definition->pipeline_count > 0 ? &definition->pipelines[0] : NULL;
}

static const struct stage *stage_any(struct act *act, const struct pipeline *pipeline)
{
    return &pipeline->stages[world_below(act->world, pipeline->stage_count)];
}

/* Few, so that two people want the same one now and then. */
static struct str stage_name_any(struct act *act)
{
    return arena_format(&act->arena, "Talks %llu", (unsigned long long)world_below(act->world, 8));
}

static void gates_turn(struct act *act, struct stage *stage)
{
    static const struct str more[] = {STR_INIT("value"), STR_INIT("check:need"), STR_INIT("org"),
                                      STR_INIT("check:budget|expected_close")};
    struct gate *gates = arena_array(&act->arena, stage->gate_count + 1, sizeof *gates);
    check(gates != NULL);
    if (stage->gate_count > 0) memcpy(gates, stage->gates, stage->gate_count * sizeof *gates);
    stage->gates = gates;
    if (stage->gate_count > 2 || (stage->gate_count > 0 && world_chance(act->world, 300)))
        stage->gate_count--;
    else
        gates[stage->gate_count++].requirement = more[world_below(act->world, 4)];
}

static bool stage_submit(struct act *act, const struct stage_edit *edit, const char *summary)
{
    act_begin(act, MUTATION_EDIT, ENTITY_DEFINITION, act->world->team, summary);
    act->mutation.stage = arena_copy(&act->arena, edit, sizeof *edit); /* looked at again later */
    check(act->mutation.stage != NULL);
    return world_chance(act->world, 30) ? act_force(act) : act_submit(act);
}

static void stage_add(struct act *act, const struct pipeline *pipeline)
{
    struct stage_edit edit = {.pipeline = pipeline->key, .created = true, .moved = true};
    edit.want = (struct stage){
        .key = arena_format(&act->arena, "extra-%llu", (unsigned long long)world_below(act->world, 6)),
        .name = stage_name_any(act),
        .kind = STAGE_OPEN,
        .probability = (int64_t)world_below(act->world, 100)};
    edit.behind = world_chance(act->world, 700) ? STR("contact") : stage_any(act, pipeline)->key;
    if (stage_submit(act, &edit, "stage add")) world_mark(act->world, MARK_STAGE_ADDED);
}

/* Won, lost and the first proper stage stay: people's work in a seed is to go on. */
static void stage_turn_away(struct act *act, struct stage_edit *edit)
{
    struct stage *want = &edit->want;
    if (want->removed) {
        want->removed = false;
        want->successor = STR_NONE;
        if (stage_submit(act, edit, "stage restore")) world_mark(act->world, MARK_STAGE_BACK);
        return;
    }
    if (want->kind != STAGE_OPEN || str_equal(want->key, STR("contact"))) return;
    want->removed = true;
    want->successor = STR("contact");
    if (stage_submit(act, edit, "stage remove")) world_mark(act->world, MARK_STAGE_REMOVED);
}

static void stage_change(struct act *act, const struct pipeline *pipeline, struct stage_edit *edit)
{
    struct world *world = act->world;
    struct stage *want = &edit->want;
    switch (world_below(world, 5)) {
    case 0:
        gates_turn(act, want);
        if (stage_submit(act, edit, "stage gates")) world_mark(world, MARK_GATE_CHANGED);
        return;
    case 1:
        edit->moved = true;
        edit->behind = stage_any(act, pipeline)->key;
        if (stage_submit(act, edit, "stage move")) world_mark(world, MARK_STAGE_MOVED);
        return;
    case 2: want->probability = (int64_t)world_below(world, 100); break;
    case 3: want->slow_days = (int64_t)world_below(world, 30); break;
    default: want->name = stage_name_any(act); break;
    }
    if (stage_submit(act, edit, "stage edit")) world_mark(world, MARK_STAGE_EDITED);
}

void do_stages(struct act *act)
{
    struct world *world = act->world;
    const struct pipeline *pipeline = pipeline_shown(act);
    struct stage_edit edit;
    if (!pipeline) return;
    uint64_t drawn = world_below(world, 10);
    check(stage_edit_begin(pipeline, stage_any(act, pipeline)->key, &edit));
    if (drawn < 2)
        stage_add(act, pipeline);
    else if (drawn < 5)
        stage_turn_away(act, &edit);
    else
        stage_change(act, pipeline, &edit);
    /* Thought better of: the inverse, at once or too late. */
    if (!act->mutation.stage || !world_chance(world, 150)) return;
    struct uuid done = act->mutation.id;
    struct stage_edit back;
    stage_edit_inverse(pipeline, act->mutation.stage, &back);
    act_begin(act, MUTATION_EDIT, ENTITY_DEFINITION, world->team, "undo of a stage");
    act->mutation.stage = &back;
    act->mutation.undoes = done;
    (void)act_submit(act);
}

/* --- what was deleted --- */

static const enum entity_kind mortal[] = {ENTITY_DEAL, ENTITY_DEAL, ENTITY_ORGANISATION,
                                          ENTITY_PERSON, ENTITY_ACTIVITY};

/* As `deal delete` does: named as it is seen. */
static void deal_delete_seen(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_DELETE, ENTITY_DEAL, deal->id, "deal delete, as seen");
    act_text(act, "title", deal, STR_NONE);
    act_edit(act, "value", deal);
    act_edit(act, "stage", deal);
    if (act_submit(act)) world_mark(act->world, MARK_DELETED);
}

/* The deletion of that thing; an older one by a program that does not look twice. */
static const struct event *deletion_pick(struct act *act, struct uuid id, bool older)
{
    const struct event **events, *found = NULL;
    uint64_t *seqs;
    size_t count;
    if (act->replica->f->events(act->replica, &act->arena, id, &events, &seqs, &count)) return NULL;
    for (size_t i = 0; i < count; i++) {
        if (events[i]->what != EVENT_DELETED) continue;
        found = events[i];
        if (older) break;
    }
    return found;
}

static void bring_back(struct act *act)
{
    struct world *world = act->world;
    bool older = world_chance(world, 200);
    for (size_t tries = 0; tries < 24; tries++) {
        enum entity_kind kind = mortal[world_below(world, 5)];
        const struct made_of_world *made = &world->made[kind];
        if (made->count == 0) continue;
        struct uuid id = made->ids[world_below(world, made->count)];
        const void *entity;
        if (act->replica->f->entity(act->replica, &act->arena, kind, id, false, &entity) !=
            FAULT_NOT_FOUND)
            continue;
        const struct event *deletion = deletion_pick(act, id, older);
        if (!deletion) continue;
        act_begin(act, MUTATION_RESTORE, kind, id, "restore");
        act->mutation.undoes = deletion->mutation;
        if (older ? act_force(act) : act_submit(act)) world_mark(world, MARK_BROUGHT_BACK);
        return;
    }
}

void do_deletions(struct act *act)
{
    if (world_chance(act->world, 400))
        deal_delete_seen(act);
    else
        bring_back(act);
}

/* --- people --- */

static const struct member *member_any(struct act *act)
{
    const void **all;
    size_t count;
    enum fault fault = act->replica->f->all(act->replica, &act->arena, ENTITY_MEMBER, &all, &count);
    return !fault && count > 0 ? all[world_below(act->world, count)] : NULL;
}

/* The client asks that no two are called alike; who is offline cannot know. */
void do_rename_member(struct act *act)
{
    const struct member *member = member_any(act);
    if (!member) return;
    act_begin(act, MUTATION_EDIT, ENTITY_MEMBER, member->id, "member rename");
    act_text(act, "name", member, act_word(act, "Kim"));
    if (act_submit(act)) world_mark(act->world, MARK_RENAMED);
}

void do_role(struct act *act)
{
    static const int64_t roles[] = {ROLE_MANAGER, ROLE_REP, ROLE_REP, ROLE_VIEWER};
    const struct member *member = member_any(act);
    if (!member || member->role == ROLE_OWNER) return;
    act_begin(act, MUTATION_EDIT, ENTITY_MEMBER, member->id, "member role");
    act_number(act, "role", member, roles[world_below(act->world, 4)]);
    if (act_submit(act)) world_mark(act->world, MARK_ROLE_CHANGED);
}

/* --- one of these --- */

void act_lead(struct world *world, size_t laptop)
{
    struct act act;
    act_open(&act, world, laptop);
    const struct weather *weather = &world->weather;
    void (*wanted[4])(struct act *);
    size_t count = 0;
    if (weather->definition > 0) wanted[count++] = do_stages;
    if (weather->deletions) wanted[count++] = do_deletions;
    if (weather->renames) wanted[count++] = do_rename_member;
    if (weather->role > 0) wanted[count++] = do_role;
    if (count > 0) wanted[world_below(world, count)](&act);
    arena_finish(&act.arena);
}
