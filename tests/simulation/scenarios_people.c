/* scenarios_people.c - what people do to the same things while they do not see each other: merges,
 * conflicts, refusals and what hangs on them, changed stages, old programs, two devices. */
#include "tests/simulation/scenarios.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

static bool text_is(struct str text, const char *wanted)
{
    return str_equal(text, str_from(wanted));
}

/* On every laptop, and on the server. */
static void expect_source(struct scene *scene, struct uuid deal, const char *source)
{
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && text_is(stands->source, source));
    for (size_t i = 0; i < scene->world.laptop_count; i++) {
        const struct deal *shown = scene_shown(scene, i, deal);
        EXPECT(scene, shown && text_is(shown->source, source));
    }
}

static void expect_value(struct scene *scene, struct uuid deal, int64_t value)
{
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && stands->value.has && stands->value.v == value);
    for (size_t i = 0; i < scene->world.laptop_count; i++) {
        const struct deal *shown = scene_shown(scene, i, deal);
        EXPECT(scene, shown && shown->value.has && shown->value.v == value);
    }
}

/* Scenario 12: a rep offline for ten days moves a deal to a stage deleted meanwhile. Required: parked
 * with its payload and the allowed stages; the rest of the queue proceeds. */
SCENARIO(move_to_deleted_stage)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    struct act *act = scene_begin(scene, ANNA, MUTATION_EDIT, ENTITY_DEAL, deal);
    act_set(act, "checks", STR("interest"), false);
    (void)scene_submit(scene);
    (void)scene_move(scene, ANNA, deal, "contact");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct definition *definition = scene_definition(scene);
    struct stage *gone = scene_stage(definition, "qualification");
    gone->removed = true;
    gone->successor = STR("contact");
    scene_define(scene, definition);
    scene_days(scene, 10);
    struct uuid before = scene_edit(scene, ANNA, deal, "source", "fair");
    struct uuid move = scene_move(scene, ANNA, deal, "qualification");
    struct uuid after = scene_value(scene, ANNA, deal, 700);
    struct uuid other = scene_deal(scene, ANNA, "Barn");
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, before) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, move) == OUTCOME_PARKED);
    EXPECT(scene, scene_outcome(scene, after) == OUTCOME_APPLIED);
    EXPECT(scene, scene_stands(scene, other) != NULL);
    const struct inbox_item *item = scene_item(scene, ANNA, move);
    EXPECT(scene, item && item->state == INBOX_OPEN && item->payload.n > 0);
    EXPECT(scene, scene_items_open(scene, ANNA) == 1);
    EXPECT(scene, scene_reason_has(item, "stage_removed") && scene_reason_has(item, "other=Contact"));
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && text_is(stands->stage, "contact") && stands->value.v == 700);
    if (item) { /* what is allowed now goes through, and ends the matter */
        act = scene_again(scene, ANNA, item);
        act->edits[0].want = value_text(STR("lead"));
        struct uuid mended = scene_submit(scene);
        scene_settle(scene);
        EXPECT(scene, scene_outcome(scene, mended) == OUTCOME_APPLIED);
        EXPECT(scene, scene_items_open(scene, ANNA) == 0);
    }
}

/* Scenario 13: an offline creation, twelve edits of it and a child, and the creation is rejected.
 * Required: one parked group in order; after a fix and a resend all of it applies. */
SCENARIO(creation_refused)
{
    enum { EDITS = 12 };
    struct uuid queued[EDITS + 2];
    struct uuid organisation = scene_organisation(scene, ANNA, "Firm");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct definition *definition = scene_definition(scene);
    scene_gate(scene, definition, "contact", "value");
    scene_define(scene, definition);
    struct act *act = scene_begin(scene, ANNA, MUTATION_CREATE, ENTITY_DEAL, (struct uuid){{0}});
    act_text(act, "title", NULL, STR("Roof"));
    act_reference(act, "org", NULL, organisation);
    act_text(act, "stage", NULL, STR("contact"));
    queued[0] = scene_submit(scene);
    struct uuid deal = act->mutation.target;
    for (size_t i = 1; i <= EDITS; i++) {
        char text[] = "step a";
        text[5] = (char)('a' + i);
        queued[i] = scene_edit(scene, ANNA, deal, "source", text);
    }
    queued[EDITS + 1] = scene_log(scene, ANNA, deal, "spoke about it");
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_stands(scene, deal) == NULL);
    EXPECT(scene, scene_items_open(scene, ANNA) == EDITS + 2);
    const struct inbox_item *head = scene_item(scene, ANNA, queued[0]);
    EXPECT(scene, scene_reason_has(head, "field_required"));
    int64_t number = head ? head->number : 0;
    for (size_t i = 1; i < EDITS + 2 && head; i++) {
        const struct inbox_item *item = scene_item(scene, ANNA, queued[i]);
        EXPECT(scene, item && item->number == number + (int64_t)i);
        EXPECT(scene, item && uuid_equal(item->group, head->id));
        EXPECT(scene, scene_reason_has(item, "parent_refused"));
    }
    for (size_t i = 0; i < EDITS + 2 && !scene->world.failed; i++) {
        act = scene_again(scene, ANNA, scene_item(scene, ANNA, queued[i]));
        if (i == 0) { /* what was wanting */
            act_number(act, "value", NULL, 500);
            act_text(act, "currency", NULL, STR("EUR"));
        }
        queued[i] = scene_submit(scene);
        scene_settle(scene);
        EXPECT(scene, scene_outcome(scene, queued[i]) == OUTCOME_APPLIED);
    }
    EXPECT(scene, scene_items_open(scene, ANNA) == 0);
    expect_source(scene, deal, "step m");
}

/* Scenario 14: two reps offline edit different fields of one deal. Required: both survive; no
 * conflict is shown. */
SCENARIO(different_fields)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    scene_away(scene, BEN);
    struct uuid first = scene_edit(scene, ANNA, deal, "source", "fair");
    struct uuid second = scene_value(scene, BEN, deal, 900);
    scene_back(scene, BEN);
    scene_settle(scene);
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, first) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, second) == OUTCOME_APPLIED);
    expect_source(scene, deal, "fair");
    expect_value(scene, deal, 900);
    for (size_t i = 0; i < scene->world.laptop_count; i++)
        EXPECT(scene, scene_items_open(scene, i) == 0);
}

/* Scenario 15: two reps offline edit the same amount. Required: one value on all clients, the other in
 * a record for both; one key swaps them. */
SCENARIO(same_amount)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    (void)scene_value(scene, ANNA, deal, 100);
    scene_settle(scene);
    scene_away(scene, ANNA);
    scene_away(scene, BEN);
    struct uuid hers = scene_value(scene, ANNA, deal, 200);
    struct uuid his = scene_value(scene, BEN, deal, 300);
    scene_back(scene, ANNA);
    scene_settle(scene);
    scene_back(scene, BEN);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, hers) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, his) == OUTCOME_CONFLICT);
    expect_value(scene, deal, 200);
    const struct inbox_item *item = scene_item(scene, BEN, his);
    EXPECT(scene, item && item->state == INBOX_OPEN && item->kind == INBOX_CONFLICT);
    EXPECT(scene, item && text_is(item->field, "value"));
    EXPECT(scene, item && item->mine.n > 0 && item->theirs.n > 0 && item->base.n > 0);
    EXPECT(scene, scene_item(scene, ANNA, his) != NULL); /* whose value it would replace */
    EXPECT(scene, scene_item(scene, CLEO, his) == NULL); /* whom it does not concern */
    if (!item) return;
    struct uuid mine = scene_mine(scene, BEN, item);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, mine) == OUTCOME_APPLIED);
    expect_value(scene, deal, 300);
    EXPECT(scene, scene_items_open(scene, BEN) == 0 && scene_items_open(scene, ANNA) == 0);
}

/* Scenario 16: an offline edit of a deal that the manager deleted. Required: it stays deleted, nothing
 * brings it back; the edit is parked with its payload. */
SCENARIO(edit_of_deleted)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct uuid edit = scene_value(scene, ANNA, deal, 900);
    struct uuid note = scene_log(scene, ANNA, deal, "spoke about it");
    struct uuid other = scene_deal(scene, ANNA, "Barn");
    struct uuid deletion = scene_delete(scene, MAX, deal);
    scene_settle(scene);
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_stands(scene, deal) == NULL && scene_stands(scene, other) != NULL);
    for (size_t i = 0; i < scene->world.laptop_count; i++)
        EXPECT(scene, scene_shown(scene, i, deal) == NULL);
    EXPECT(scene, scene_outcome(scene, edit) == OUTCOME_PARKED);
    EXPECT(scene, scene_outcome(scene, note) == OUTCOME_PARKED);
    const struct inbox_item *item = scene_item(scene, ANNA, edit);
    EXPECT(scene, item && item->payload.n > 0 && scene_reason_has(item, "gone"));

    /* The manager brings it back; what was kept applies then. */
    struct act *back = scene_begin(scene, MAX, MUTATION_RESTORE, ENTITY_DEAL, deal);
    back->mutation.undoes = deletion;
    struct uuid restored = scene_submit(scene);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, restored) == OUTCOME_APPLIED);
    item = scene_item(scene, ANNA, edit);
    if (item) (void)scene_again(scene, ANNA, item);
    struct uuid again = scene_submit(scene);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, again) == OUTCOME_APPLIED);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && text_is(stands->title, "Roof") && stands->value.v == 900);
}

/* Scenario 21, as it reads today (a deal moves between pipelines; no pipeline has a sight of its own
 * yet): a manager moves a deal from A to B while a rep edits it offline. Required: one copy of it, the
 * newest; the edit applied, the move in A parked by the rules of B. */
SCENARIO(deal_to_other_pipeline)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    struct definition *definition = scene_definition(scene);
    static struct stage stages[3];
    struct pipeline *both = arena_array(&scene->arena, 2, sizeof *both);
    check(both != NULL);
    memcpy(stages, definition->pipelines[0].stages, sizeof stages); /* lead, contact, ... */
    stages[0].key = STR("scout");
    stages[1].key = STR("sign");
    stages[2] = *scene_stage(definition, "won");
    struct stage ends[4] = {stages[0], stages[1], stages[2], *scene_stage(definition, "lost")};
    both[0] = definition->pipelines[0];
    both[1] = both[0];
    both[1].key = STR("partners");
    both[1].name = STR("Partners");
    both[1].stages = arena_copy(&scene->arena, ends, sizeof ends);
    both[1].stage_count = 4;
    definition->pipelines = both;
    definition->pipeline_count = 2;
    scene_define(scene, definition);
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct uuid edit = scene_edit(scene, ANNA, deal, "source", "fair");
    struct uuid move = scene_move(scene, ANNA, deal, "contact");
    const struct deal *before = scene_shown(scene, MAX, deal);
    struct act *act = scene_begin(scene, MAX, MUTATION_EDIT, ENTITY_DEAL, deal);
    act_text(act, "pipeline", before, STR("partners"));
    act_text(act, "stage", before, STR("sign"));
    struct uuid away = scene_submit(scene);
    scene_settle(scene);
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, away) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, edit) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, move) == OUTCOME_PARKED);
    EXPECT(scene, scene_item(scene, ANNA, move) != NULL);
    expect_source(scene, deal, "fair");
    const struct deal *shown = scene_shown(scene, ANNA, deal);
    EXPECT(scene, shown && text_is(shown->pipeline, "partners") && text_is(shown->stage, "sign"));
}

/* Scenario 22: a manager changes the stages while thirty queued moves arrive. Required: each is judged
 * by the definition in force at its seq (the oracle reads each gate a second time), and the order is
 * the same on all clients. */
SCENARIO(stages_change_under_moves)
{
    enum { EACH = 15 };
    struct world *world = &scene->world;
    struct uuid early, deals[2 * EACH], moves[2 * EACH];
    scene_prefer(scene, ANNA, 0);
    scene_prefer(scene, BEN, 1);
    for (size_t i = 0; i < 2 * EACH; i++) deals[i] = scene_deal(scene, CLEO, "Roof");
    struct uuid first = scene_deal(scene, CLEO, "Barn");
    scene_settle(scene);
    scene_away(scene, ANNA);
    scene_away(scene, BEN);
    for (size_t i = 0; i < 2 * EACH; i++) {
        size_t who = i % 2 ? ANNA : BEN;
        if (i % 5 == 0) (void)scene_value(scene, who, deals[i], 100);
        moves[i] = scene_move(scene, who, deals[i], "contact");
    }
    early = scene_move(scene, CLEO, first, "contact");
    scene_settle(scene);
    world->database.held_server = 2; /* Ben's arrive, are decided by the old stages, and wait */
    scene_prefer(scene, BEN, 1);
    scene_pass(scene, 5000);
    struct definition *definition = scene_definition(scene);
    scene_gate(scene, definition, "contact", "value");
    scene_define(scene, definition);
    scene_prefer(scene, ANNA, 0);
    scene_pass(scene, 5000);
    world->database.held_server = 0;
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, early) == OUTCOME_APPLIED);
    for (size_t i = 0; i < 2 * EACH; i++) {
        bool may = i % 5 == 0;
        EXPECT(scene, scene_outcome(scene, moves[i]) == (may ? OUTCOME_APPLIED : OUTCOME_PARKED));
        const struct deal *stands = scene_stands(scene, deals[i]);
        EXPECT(scene, stands && text_is(stands->stage, may ? "contact" : "lead"));
        const struct inbox_item *item = scene_item(scene, i % 2 ? ANNA : BEN, moves[i]);
        EXPECT(scene, may || scene_reason_has(item, "field_required"));
    }
}

/* Scenario 27: an old client, offline for eighty days, in a team with a new required field. Required:
 * its work is accepted or parked; what others wrote meanwhile is never blanked. */
SCENARIO(old_client)
{
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct definition *definition = scene_definition(scene);
    scene_gate(scene, definition, "contact", "category");
    scene_gate(scene, definition, "contact", "expected_close");
    scene_define(scene, definition);
    (void)scene_edit(scene, BEN, deal, "category", "commit");
    (void)scene_value(scene, BEN, deal, 900);
    scene_settle(scene);
    scene_days(scene, 80);
    struct uuid edit = scene_edit(scene, ANNA, deal, "source", "fair");
    struct uuid step = scene_edit(scene, ANNA, deal, "next_step", "call");
    struct uuid move = scene_move(scene, ANNA, deal, "contact"); /* may, as far as she knows */
    struct uuid other = scene_deal(scene, ANNA, "Barn");
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, edit) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, step) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, move) == OUTCOME_PARKED);
    EXPECT(scene, scene_reason_has(scene_item(scene, ANNA, move), "field_required"));
    EXPECT(scene, scene_stands(scene, other) != NULL);
    expect_source(scene, deal, "fair");
    expect_value(scene, deal, 900);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && text_is(stands->category, "commit"));
}

/* Scenario 27, the other way round: a client newer than the server. What the server does not know is
 * parked with its bytes, the session lives, what follows goes through. */
SCENARIO(newer_client)
{
    struct uuid made[4], deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct act *act = scene_begin(scene, ANNA, MUTATION_EDIT, ENTITY_DEAL, deal);
    act->mutation.kind = 99;
    made[0] = scene_force(scene);
    act = scene_begin(scene, ANNA, MUTATION_CREATE, ENTITY_DEAL, (struct uuid){{0}});
    act->mutation.entity = 77;
    made[1] = scene_force(scene);
    made[2] = scene_edit(scene, ANNA, deal, "source", "fair");
    scene_back(scene, ANNA);
    scene_settle(scene);
    for (size_t i = 0; i < 2; i++) {
        EXPECT(scene, scene_outcome(scene, made[i]) == OUTCOME_PARKED);
        const struct inbox_item *item = scene_item(scene, ANNA, made[i]);
        EXPECT(scene, item && item->payload.n > 0);
    }
    EXPECT(scene, scene_outcome(scene, made[2]) == OUTCOME_APPLIED);
    expect_source(scene, deal, "fair");
}

/* Spare: the same user edits on two devices, offline. Required: different things merge; the same thing
 * is a conflict with oneself, told on both, resolved on one and gone on the other. */
SCENARIO(two_devices_offline)
{
    size_t second = scene_laptop(scene, ANNA);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    (void)scene_value(scene, ANNA, deal, 100);
    scene_settle(scene);
    scene_away(scene, ANNA);
    scene_away(scene, second);
    struct uuid source = scene_edit(scene, ANNA, deal, "source", "fair");
    struct uuid step = scene_edit(scene, second, deal, "next_step", "call");
    struct uuid two = scene_value(scene, ANNA, deal, 200);
    struct uuid three = scene_value(scene, second, deal, 300);
    scene_back(scene, ANNA);
    scene_settle(scene);
    scene_back(scene, second);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, source) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, step) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, two) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, three) == OUTCOME_CONFLICT);
    expect_value(scene, deal, 200);
    EXPECT(scene, scene_items_open(scene, ANNA) == 1 && scene_items_open(scene, second) == 1);
    const struct inbox_item *item = scene_item(scene, ANNA, three);
    if (item) (void)scene_mine(scene, ANNA, item);
    scene_settle(scene);
    expect_value(scene, deal, 300);
    EXPECT(scene, scene_items_open(scene, ANNA) == 0 && scene_items_open(scene, second) == 0);
}

/* Spare: a parked edit is discarded on one device and resent from the other, both offline. Required:
 * who comes first is obeyed; the other is told, and nothing it holds is lost. */
SCENARIO(discard_against_resend)
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
    (void)scene_value(scene, BEN, deal, 900); /* now it would go through */
    scene_settle(scene);
    scene_away(scene, ANNA);
    scene_away(scene, second);
    struct uuid discard = scene_discard(scene, ANNA, scene_item(scene, ANNA, move));
    (void)scene_again(scene, second, scene_item(scene, second, move));
    struct uuid resent = scene_submit(scene);
    scene_back(scene, ANNA);
    scene_settle(scene);
    scene_back(scene, second);
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, discard) == OUTCOME_APPLIED);
    const struct inbox_item *old = scene_item(scene, second, move);
    EXPECT(scene, old && old->state == INBOX_DISCARDED);
    EXPECT(scene, scene_outcome(scene, resent) == OUTCOME_PARKED);
    const struct inbox_item *kept = scene_item(scene, ANNA, resent);
    EXPECT(scene, kept && kept->state == INBOX_OPEN && kept->payload.n > 0);
    EXPECT(scene, scene_reason_has(kept, "item_closed"));
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && text_is(stands->stage, "lead"));
}
