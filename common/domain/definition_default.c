/* definition_default.c - the pipeline a new team starts with. Called by `sluiced init` and tests.
 *
 * The quiet days grow with the stage: a fresh lead goes cold within a week, while a proposal may
 * rightly lie on somebody's desk for two (14 is also what a stage without its own number has). */
#include "common/domain/definition.h"

#include "common/base/banned.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])
/* Never written through: definition_copy copies what these point to at once. */
#define GATES(...)                                                                                 \
    .gates = (struct gate[]){__VA_ARGS__},                                                         \
    .gate_count = sizeof((struct gate[]){__VA_ARGS__}) / sizeof(struct gate)
#define GATE(text) {STR(text)}

enum fault definition_default(struct arena *arena, struct uuid team, struct definition *out)
{
    struct stage_check checks[] = {
        {STR("interest"), STR("Interest verified")},
        {STR("market"), STR("In our target market")},
        {STR("need"), STR("Has a real need")},
        {STR("budget"), STR("Has a budget")},
        {STR("timeline"), STR("Has a timeline")},
        {STR("people"), STR("We talk to the right people")},
        {STR("cycle"), STR("Closes within a normal sales cycle")},
    };
    struct stage stages[] = {
        {.key = STR("lead"), .name = STR("Lead"), .kind = STAGE_LEAD,
         .text = STR("Somebody is on our radar; nobody has checked yet whether there is interest."),
         .expected_days = 7, .quiet_days = 7},
        {.key = STR("contact"), .name = STR("Contact"), .kind = STAGE_OPEN, .probability = 10,
         .text = STR("We know whom we talk to, and the first real contact has begun."),
         .expected_days = 7, .quiet_days = 7, GATES(GATE("org|contact"))},
        {.key = STR("qualification"), .name = STR("Qualification"), .kind = STAGE_OPEN,
         .probability = 30,
         .text = STR("They have shown interest, and we are finding out whether the deal is real."),
         .expected_days = 14, .quiet_days = 10, GATES(GATE("check:interest"))},
        {.key = STR("proposal"), .name = STR("Proposal"), .kind = STAGE_OPEN, .probability = 60,
         .text = STR("The deal is qualified on all six points and they have our offer or are about "
                     "to get it."),
         .expected_days = 21, .quiet_days = 14,
         GATES(GATE("check:market"), GATE("check:need"), GATE("check:budget"),
               GATE("check:timeline"), GATE("check:people"), GATE("check:cycle"), GATE("value"),
               GATE("expected_close"))},
        {.key = STR("won"), .name = STR("Won"), .kind = STAGE_WON, .probability = 100,
         .text = STR("They said yes in a form that binds, and the value is the agreed one."),
         GATES(GATE("value"))},
        {.key = STR("lost"), .name = STR("Lost"), .kind = STAGE_LOST,
         .text = STR("It will not happen, and we wrote down why."), GATES(GATE("lost_reason"))},
    };
    struct pipeline sales = {
        .key = STR("sales"), .name = STR("Sales"),
        .stages = stages, .stage_count = COUNT_OF(stages),
        .checks = checks, .check_count = COUNT_OF(checks),
    };
    struct definition definition = {
        .id = team, .version = 1, .pipelines = &sales, .pipeline_count = 1};
    return definition_copy(arena, &definition, out);
}
