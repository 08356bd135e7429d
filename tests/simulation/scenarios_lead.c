/* scenarios_lead.c - what owners and managers do while they do not see each other: deletions taken back,
 * stages, names. */
#include "tests/simulation/scenarios.h"

#include <string.h>

#include "common/base/check.h"
#include "common/domain/stage_edit.h"

#include "common/base/banned.h"

static struct uuid restore(struct scene *scene, size_t laptop, struct uuid deal, struct uuid deletion)
{
    struct act *act = scene_begin(scene, laptop, MUTATION_RESTORE, ENTITY_DEAL, deal);
    act->mutation.undoes = deletion;
    return scene_submit(scene);
}

/* Spare: a restore made offline against a deletion that others took back meanwhile, before they
 * deleted the deal again. Required: it is parked, nothing older comes back; the newest deletion can
 * still be taken back. */
SCENARIO(older_deletion_taken_back)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    (void)scene_value(scene, ANNA, deal, 100);
    scene_settle(scene);
    struct uuid first = scene_delete(scene, MAX, deal);
    scene_settle(scene);
    scene_away(scene, OLGA);
    struct uuid late = restore(scene, OLGA, deal, first);
    (void)restore(scene, MAX, deal, first);
    (void)scene_value(scene, MAX, deal, 900);
    struct uuid second = scene_delete(scene, MAX, deal);
    scene_settle(scene);
    scene_back(scene, OLGA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, late) == OUTCOME_PARKED);
    EXPECT(scene, scene_reason_has(scene_item(scene, OLGA, late), "deleted_again"));
    EXPECT(scene, scene_stands(scene, deal) == NULL && scene_shown(scene, OLGA, deal) == NULL);
    struct uuid newest = restore(scene, OLGA, deal, second);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, newest) == OUTCOME_APPLIED);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && stands->value.v == 900);
}

static struct stage_edit stage_of(struct scene *scene, size_t laptop, const char *key)
{
    struct definition *definition = arena_alloc(&scene->arena, sizeof *definition);
    struct replica *replica = laptop_port(&scene->world, laptop);
    struct stage_edit edit;
    check(definition != NULL);
    check(replica->f->definition(replica, &scene->arena, definition) == FAULT_NONE);
    check(stage_edit_begin(&definition->pipelines[0], str_from(key), &edit));
    return edit;
}

static struct uuid stage_submit(struct scene *scene, size_t laptop, const struct stage_edit *edit)
{
    struct act *act =
        scene_begin(scene, laptop, MUTATION_EDIT, ENTITY_DEFINITION, scene->world.team);
    act->mutation.stage = edit;
    return scene_submit(scene);
}

static const struct member *member_shown(struct scene *scene, size_t laptop, size_t person)
{
    struct replica *replica = laptop_port(&scene->world, laptop);
    const void *member = NULL;
    EXPECT(scene, replica->f->entity(replica, &scene->arena, ENTITY_MEMBER,
                                     scene->world.persons[person].member, false,
                                     &member) == FAULT_NONE);
    return member;
}

static struct uuid member_rename(struct scene *scene, size_t laptop, size_t person,
                                 const char *name)
{
    const struct member *before = member_shown(scene, laptop, person);
    struct act *act = scene_begin(scene, laptop, MUTATION_EDIT, ENTITY_MEMBER,
                                  scene->world.persons[person].member);
    act_text(act, "name", before, str_from(name));
    return scene_submit(scene);
}

/* Spare: two managers give the same name, offline, to two members and to two stages. Required: no
 * change is lost or wedges what follows. Members are told apart by their ids, both renames apply;
 * people type stages by name, so the second one is parked with its reason. */
SCENARIO(two_called_alike)
{
    scene_away(scene, OLGA);
    scene_away(scene, MAX);
    struct stage_edit hers = stage_of(scene, OLGA, "contact");
    struct stage_edit his = stage_of(scene, MAX, "proposal");
    hers.want.name = his.want.name = STR("Talks");
    struct uuid renames[] = {member_rename(scene, OLGA, ANNA, "Kim"),
                             member_rename(scene, MAX, BEN, "Kim")};
    struct uuid stages[] = {stage_submit(scene, OLGA, &hers), stage_submit(scene, MAX, &his)};
    struct uuid after = scene_deal(scene, MAX, "Roof");
    scene_back(scene, OLGA);
    scene_settle(scene);
    scene_back(scene, MAX);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, renames[0]) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, renames[1]) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, stages[0]) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, stages[1]) == OUTCOME_PARKED);
    EXPECT(scene, scene_reason_has(scene_item(scene, MAX, stages[1]), "stages_unsound"));
    EXPECT(scene, scene_stands(scene, after) != NULL);
    EXPECT(scene, str_equal(member_shown(scene, CLEO, BEN)->name, STR("Kim")));
    struct stage_edit shown = stage_of(scene, MAX, "proposal");
    EXPECT(scene, str_equal(shown.base.name, STR("Proposal")));
}

/* Spare: two managers change one field of one stage offline. Required: the second change is parked with
 * what stands, its author's copy shows what stands, and sent again on that it goes through. */
SCENARIO(stage_change_refused)
{
    scene_away(scene, OLGA);
    scene_away(scene, MAX);
    struct stage_edit hers = stage_of(scene, OLGA, "contact");
    struct stage_edit his = stage_of(scene, MAX, "contact");
    hers.want.probability = 20;
    his.want.probability = 30;
    struct uuid first = stage_submit(scene, OLGA, &hers);
    struct uuid second = stage_submit(scene, MAX, &his);
    scene_back(scene, OLGA);
    scene_settle(scene);
    scene_back(scene, MAX);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, first) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, second) == OUTCOME_PARKED);
    EXPECT(scene, scene_reason_has(scene_item(scene, MAX, second), "changed_meanwhile"));
    struct stage_edit again = stage_of(scene, MAX, "contact");
    EXPECT(scene, again.base.probability == 20);
    again.want.probability = 30;
    struct uuid third = stage_submit(scene, MAX, &again);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, third) == OUTCOME_APPLIED);
    /* Refused without any row of the stages: what it showed has to go all the same. */
    scene_away(scene, MAX);
    struct stage_edit none = stage_of(scene, MAX, "contact");
    none.want.probability = 40;
    struct uuid fourth = stage_submit(scene, MAX, &none);
    operators_set_role(&scene->world, &scene->world.persons[MAX], ROLE_REP);
    scene_back(scene, MAX);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, fourth) == OUTCOME_PARKED);
    again = stage_of(scene, MAX, "contact");
    EXPECT(scene, again.base.probability == 30);
}

/* Spare: a refused move is sent again, goes through, and is taken back. Required: it waits in the inbox
 * as before, on every device. */
SCENARIO(resent_and_taken_back)
{
    size_t second = scene_laptop(scene, ANNA);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct definition *definition = scene_definition(scene);
    scene_gate(scene, definition, "contact", "value");
    scene_define(scene, definition);
    struct uuid move = scene_move(scene, ANNA, deal, "contact");
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, move) == OUTCOME_PARKED);
    (void)scene_value(scene, BEN, deal, 900);
    scene_settle(scene);
    (void)scene_again(scene, ANNA, scene_item(scene, ANNA, move));
    struct uuid resent = scene_submit(scene);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, resent) == OUTCOME_APPLIED);
    EXPECT(scene, scene_items_open(scene, ANNA) == 0);
    struct uuid item = scene_item(scene, ANNA, move)->id;
    const struct deal *before = scene_shown(scene, ANNA, deal);
    struct act *act = scene_begin(scene, ANNA, MUTATION_EDIT, ENTITY_DEAL, deal);
    act_text(act, "stage", before, STR("lead"));
    act_edit(act, "status", before)->want = value_number(VALUE_CHOICE, STATUS_OPEN);
    act->mutation.undoes = resent;
    act->mutation.resolves = item;
    act->mutation.resolution = INBOX_OPEN;
    struct uuid undo = scene_submit(scene);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, undo) == OUTCOME_APPLIED);
    EXPECT(scene, scene_items_open(scene, ANNA) == 1 && scene_items_open(scene, second) == 1);
}
