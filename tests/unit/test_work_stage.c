/* test_work_stage.c - claims about the verbs of the stages, at a manager's desk. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "common/domain/stage_edit.h"

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static void deals_put(struct work_desk *desk)
{
    world_put(&desk->world, ENTITY_DEAL, "one",
              "title=One;pipeline=sales;stage=contact;status=open;owner=rep;org=acme");
    world_put(&desk->world, ENTITY_DEAL, "two",
              "title=Two;pipeline=sales;stage=contact;status=iced;owner=rep;org=acme");
    world_put(&desk->world, ENTITY_DEAL, "three",
              "title=Three;pipeline=sales;stage=lost;status=lost;owner=rep;lost_reason=price");
    world_put(&desk->world, ENTITY_DEAL, "four",
              "title=Four;pipeline=renewal;stage=talk;status=open;owner=rep;contact=ann");
}

static void manager_sits(struct work_desk *desk)
{
    deals_put(desk);
    work_desk_sit(desk, "lead");
}

static void rep_sits(struct work_desk *desk)
{
    deals_put(desk);
    work_desk_sit(desk, "rep");
}

static void stages_change_by_command(void **state)
{
    (void)state;
    static const struct work_claim rows[] = {
        {"added where it is said", NULL, "stage|add|Trial run|--after|contact|--days|20", 0,
         "Added the stage Trial run (trial-run), behind Contact", NULL},
        {"added behind the last one", NULL, "stage|add|Last", 0, "behind Closing", NULL},
        {"to another pipeline", NULL, "stage|add|Check|--pipeline|renewal", 0, "behind Sign", NULL},
        {"a pipeline nobody knows", NULL, "stage|add|Check|--pipeline|moon", 3, "no pipeline", NULL},
        {"behind a stage nobody knows", NULL, "stage|add|X|--after|moon", 2, "no stage", NULL},
        {"behind one of another pipeline", NULL, "stage|add|X|--after|renewal/talk", 2,
         "of another pipeline", NULL},
        {"a key that is taken", NULL, "stage|add|X|--key|contact", 2, "already", NULL},
        {"a key that was", NULL, "stage|add|Negotiation", 2, "brings it back", NULL},
        {"a key of its own", NULL, "stage|add|Negotiation|--key|talks", 0, "(talks)", NULL},
        {"a name without a letter for a key", NULL, "stage|add|!!", 4, "needs a key", NULL},
        {"only tried", NULL, "stage|add|Trial|--dry-run", 0, "Would add", NULL},
        {"every field", NULL,
         "stage|edit|contact|--name|Talks|--text|They talk|--probability|20|--expected-days|9|"
         "--quiet-days|3|--slow-days|8|--skip-forbidden|yes|--back|manager",
         0, "back: manager (was allowed)", NULL},
        {"gates anew", NULL, "stage|edit|proposal|--gates|next-step,check:budget|value", 0,
         "gates: next_step,check:budget", NULL},
        {"gates more and fewer", NULL, "stage|edit|proposal|--gates|+source,-value", 0,
         "gates: expected_close,source", NULL},
        {"a gate that is there stays one", NULL, "stage|edit|proposal|--gates|+value", 0,
         "so already", NULL},
        {"a gate that is not there", NULL, "stage|edit|proposal|--gates|-source", 2,
         "does not ask for source", NULL},
        {"no gates", NULL, "stage|edit|proposal|--gates|", 0, "gates: none", NULL},
        {"nothing said", NULL, "stage|edit|proposal", 2, "nothing to change", NULL},
        {"no number", NULL, "stage|edit|proposal|--days|many", 2, "whole number", NULL},
        {"an empty number is none", "stage|edit|proposal|--days|9", "stage|edit|proposal|--days|", 0,
         "expected_days: none (was 9)", NULL},
        {"no such policy", NULL, "stage|edit|proposal|--back|often", 2, "--back is", NULL},
        {"neither yes nor no", NULL, "stage|edit|proposal|--skip-forbidden|often", 2, "yes or no",
         NULL},
        {"skipping allowed", NULL, "stage|edit|renewal/talk|--skip-forbidden|no", 0, "Changed", NULL},
        {"a pipeline nobody knows, before a slash", NULL, "stage|edit|moon/talk|--name|X", 2,
         "no pipeline", NULL},
        {"moved", NULL, "stage|move|contact|--after|proposal", 0, "stands behind Proposal", NULL},
        {"moved to the front", NULL, "stage|move|renewal/sign|--first", 0, "it is the first", NULL},
        {"moved nowhere", NULL, "stage|move|contact", 2, "--after STAGE", NULL},
        {"moved where nobody knows", NULL, "stage|move|contact|--after|moon", 2, "no stage", NULL},
        {"removed, and how many deals that touches", NULL,
         "stage|remove|contact|--successor|lead", 0, "its deals (2 deals) show in Lead", NULL},
        {"only tried, nothing is removed", NULL,
         "stage|remove|contact|--successor|lead|--dry-run", 0, "would show in Lead", "undo"},
        {"tried, what would be refused", NULL, "stage|remove|won|--successor|lead|--dry-run", 4,
         "no won stage", NULL},
        {"for itself", NULL, "stage|remove|contact|--successor|contact", 2, "--successor", NULL},
        {"for nothing", NULL, "stage|remove|contact", 2, "say where its deals belong", NULL},
        {"for what nobody knows", NULL, "stage|remove|contact|--successor|moon", 2, "no stage", NULL},
        {"what nobody knows", NULL, "stage|remove|moon|--successor|lead", 2, "no stage", NULL},
        {"brought back", NULL, "stage|restore|negotiation", 0, "Brought the stage Negotiation back",
         NULL},
        {"it was never away", NULL, "stage|restore|contact", 0, "so already", NULL},
        {"taken back", "stage|edit|contact|--name|Talks", "undo", 0,
         "Took back: stage edit Talks", NULL},
        {"a removal taken back", "stage|remove|contact|--successor|lead", "undo", 0, "Took back",
         NULL},
        {"and it is as it was", "stage|remove|contact|--successor|lead;undo",
         "deal|add|Five|--stage|contact|--org|acme", 0, NULL, NULL},
        {"nobody moves there", "stage|remove|contact|--successor|lead",
         "deal|add|Five|--stage|contact|--org|acme", 4, "no longer exists", NULL},
        {"told", "stage|edit|contact|--name|Talks", "stage|history", 0, "Contact", NULL},
    };
    CLAIMS(rows, manager_sits);
}

static void reps_do_not(void **state)
{
    (void)state;
    static const struct work_claim rows[] = {
        {"a rep may not", NULL, "stage|edit|contact|--name|Talks", 4, "may not change the stages",
         NULL},
        {"nor try", NULL, "stage|remove|contact|--successor|lead|--dry-run", 4,
         "may not change the stages", NULL},
        {"but see", NULL, "pipeline|show", 0, "Contact", NULL},
    };
    CLAIMS(rows, rep_sits);
}

/* For machines a stage is a record of its own. */
static void a_changed_stage_is_told_as_it_stands(void **state)
{
    (void)state;
    struct work_desk desk;
    work_desk_begin(&desk);
    manager_sits(&desk);
    desk.machine = true;
    assert_int_equal(work_desk_run(&desk, "stage|edit|contact|--probability|20|--quiet-days|3|"
                                          "--slow-days|8|--back|never"), 0);
    assert_cell(&desk, 0, "key", "contact");
    assert_cell(&desk, 0, "probability", "20");
    assert_cell(&desk, 0, "quiet_days", "3");
    assert_cell(&desk, 0, "slow_days", "8");
    assert_cell(&desk, 0, "back", "never");
    assert_int_equal(work_desk_pending(&desk), 1);
    assert_int_equal(work_desk_run(&desk, "stage|remove|contact|--successor|lead"), 0);
    assert_cell(&desk, 0, "successor", "lead");
    work_desk_end(&desk);
}

/* A change of a stage that the server refused. */
static void parked(struct work_desk *desk, const char *name, const struct stage_edit *edit,
                   const char *fields)
{
    struct buffer body;
    struct mutation mutation =
        world_mutation(&desk->world, MUTATION_EDIT, ENTITY_DEFINITION, "team", NULL);
    struct inbox_item *item = world_put(&desk->world, ENTITY_INBOX, name, fields);
    mutation.stage = edit;
    buffer_init(&body, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(&mutation, &body), FAULT_NONE);
    item->payload = arena_str(&desk->world.arena, buffer_str(&body));
    buffer_finish(&body);
    item->kind = INBOX_PARKED;
    item->state = INBOX_OPEN;
    item->subject_kind = ENTITY_DEFINITION;
    item->subject = mutation.target;
    item->mutation = mutation.id;
    item->author = world_id("lead");
    item->acted_at = item->recorded_at = (struct optional){true, desk->world.recorded};
}

static void refused_manager_sits(struct work_desk *desk)
{
    struct stage seen = {.key = STR("contact"), .name = STR("Contact")}, wanted = seen, none = {0};
    wanted.name = STR("Talks");
    wanted.text = STR("They talk");
    wanted.expected_days = 9;
    none.key = STR("trial");
    struct stage fresh = none;
    fresh.name = STR("Trial");
    struct stage_edit edited = {.pipeline = STR("sales"), .base = seen, .want = wanted};
    struct stage_edit moved = {.pipeline = STR("sales"), .base = seen, .want = seen, .moved = true,
                               .behind_base = STR("lead"), .behind = STR("proposal")};
    struct stage_edit first = {.pipeline = STR("sales"), .base = seen, .want = wanted,
                               .moved = true, .behind_base = STR("lead")};
    struct stage_edit added = {.pipeline = STR("sales"), .created = true, .base = none,
                               .want = fresh, .moved = true, .behind = STR("contact")};
    struct stage_edit nowhere = {.pipeline = STR("moon"), .base = seen, .want = wanted};
    deals_put(desk);
    parked(desk, "one item", &edited, "number=1;reasons=changed_meanwhile field=name value=First");
    parked(desk, "two item", &moved, "number=2;reasons=changed_meanwhile field=behind value=lead");
    parked(desk, "three item", &first, "number=3;reasons=stages_unsound value=order");
    parked(desk, "four item", &added, "number=4;reasons=stages_unsound value=name");
    parked(desk, "five item", &nowhere, "number=5;reasons=stage_unknown value=contact other=talk");
    work_desk_sit(desk, "lead");
}

static void a_refused_change_waits_in_the_inbox(void **state)
{
    (void)state;
    static const struct work_claim rows[] = {
        {"each field, as it was to be", NULL, "inbox", 0, "name: Talks (was Contact)", NULL},
        {"what had been nothing", NULL, "inbox", 0, "text: They talk (was none)", NULL},
        {"where it was to stand", NULL, "inbox", 0, "behind proposal", NULL},
        {"first of all", NULL, "inbox", 0, "behind nothing: first", NULL},
        {"a new one", NULL, "inbox", 0, "to add it", NULL},
        {"sent again on what stands", NULL, "inbox|retry|1", 0, "sent again", NULL},
        {"and taken back", "inbox|retry|1", "undo", 0, "Took back", NULL},
        {"a place as well", NULL, "inbox|retry|2", 0, "sent again", NULL},
        {"or put away", NULL, "inbox|discard|4", 0, "discarded", NULL},
    };
    CLAIMS(rows, refused_manager_sits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_change_by_command),
        cmocka_unit_test(reps_do_not),
        cmocka_unit_test(a_changed_stage_is_told_as_it_stands),
        cmocka_unit_test(a_refused_change_waits_in_the_inbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
