/* test_work_history.c - `sluice history DEAL`: what changed, told and taken back field by field. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static void deal_put(struct work_desk *desk)
{
    world_put(&desk->world, ENTITY_DEAL, "roof",
              "title=Roof;pipeline=sales;stage=contact;status=open;owner=rep;source=fair;"
              "value=500000;currency=EUR;org=acme;tags=key");
}

static void rep_sits(struct work_desk *desk)
{
    deal_put(desk);
    work_desk_sit(desk, "rep");
}

static void script_sits(struct work_desk *desk)
{
    rep_sits(desk);
    desk->script = true;
    desk->machine = true;
}

#define DEARER "deal|edit|Roof|--value|7k USD"
#define STEP "deal|edit|Roof|--next-step|Call|--due|2031-01-01"
#define CHANCE "deal|edit|Roof|--probability|40"

static const struct work_claim told_claims[] = {
    {"an amount in the currency it was in", DEARER, "deal|history|Roof",
     0, "5,000 EUR\t7,000 USD", NULL},
    {"its currency is no line of its own", DEARER, "deal|history|Roof", 0, NULL, "Currency"},
    {"what was nothing", STEP, "deal|history|Roof", 0, "nothing\tCall", NULL},
    {"a chance said by hand is one line", CHANCE, "deal|history|Roof",
     0, "the stage's\t40 %, by hand", "by hand\tby hand"},
    {"and given back to the stage", CHANCE ";deal|edit|Roof|--probability|", "deal|history|Roof", 0,
     "40 %, by hand\tthe stage's", NULL},
    {"a move by the names of stages", "deal|move|Roof|lead", "deal|history|Roof",
     0, "Contact\tLead", NULL},
    {"ice", "deal|ice|Roof", "deal|history|Roof", 0, "Contact, iced", NULL},
    {"an end", "deal|lose|Roof|dear", "deal|history|Roof", 0, "Contact\tLost", NULL},
    {"tags", "deal|edit|Roof|--tags|+new", "deal|history|Roof", 0, "Tags", NULL},
    {"a person by name", "deal|edit|Roof|--contact|Ann", "deal|history|Roof", 0, "Ann", NULL},
    {"what was taken back, and that it was", STEP ";undo", "deal|history|Roof",
     0, "took back", NULL},
};
static const struct work_claim machine_claims[] = {
    {"scripts get every line", DEARER, "deal|history|Roof", 0, "Currency\tEUR", NULL},
    {"and things by name", "deal|edit|Roof|--contact|Ann", "deal|history|Roof", 0, "Ann", NULL},
    {"and moves", "deal|move|Roof|lead", "deal|history|Roof", 0, "Stage\tContact", NULL},
};

static void history_is_told_as_people_say_it(void **state)
{
    (void)state;
    CLAIMS(told_claims, rep_sits);
    CLAIMS(machine_claims, script_sits);
}

static const struct work_claim restore_claims[] = {
    {"a value comes back with its currency", DEARER, "deal|history|Roof|--restore|value", 0,
     "5,000 EUR (was 7,000 USD)", NULL},

    {"and goes again by undo", DEARER ";deal|history|Roof|--restore|value;undo", "deal|show|Roof",
     0, "7,000 USD", NULL},
    {"a step with its day", STEP, "deal|history|Roof|--restore|next-step", 0,
     "Next step: none (was Call); Due: none", NULL},
    {"whichever of them is named", STEP, "deal|history|Roof|--restore|due",
     0, "Next step: none", NULL},
    {"a chance is the stage's again", CHANCE, "deal|history|Roof|--restore|probability", 0,
     "Probability: none (was 40 %)", NULL},
    {"tags are taken and given", "deal|edit|Roof|--tags|+new", "deal|history|Roof|--restore|tags",
     0,
     "Restored Tags", NULL},
    {"given", "deal|edit|Roof|--tags|-key", "deal|history|Roof|--restore|tags", 0, "key", NULL},
    {"a stage", "deal|move|Roof|lead", "deal|history|Roof|--restore|stage", 0, "Contact", NULL},
    {"through its gates", "deal|edit|Roof|--org|;deal|move|Roof|lead",
     "deal|history|Roof|--restore|stage", 4, "Contact needs one of", NULL},
    {"an end is not opened by that", "deal|lose|Roof|dear", "deal|history|Roof|--restore|stage", 4,
     "the deal is lost; reopen it first", NULL},
    {"but by a word of its own", "deal|lose|Roof|dear", "deal|history|Roof|--restore|stage", 4,
     " contact\n", NULL},
    {"nor are the checks of an end taken back", "deal|check|Roof|interest;deal|lose|Roof|dear",
     "deal|history|Roof|--restore|checks", 4, "cannot restore Checks of", NULL},
    {"what cannot be restored is named", "deal|edit|Roof|--org|;deal|move|Roof|lead",
     "deal|history|Roof|--restore|stage", 4, "cannot restore Stage of", NULL},
    {"as which line left it is said", "deal|edit|Roof|--source|a;deal|edit|Roof|--source|b",
     "deal|history|Roof|--restore|source@1", 0, "as line 1 left it", NULL},
    {"as a line left it", "deal|edit|Roof|--source|a;deal|edit|Roof|--source|b",
     "deal|history|Roof|--restore|source@1", 0, "Source: a (was b)", NULL},
    {"as the last line left it is as it is", "deal|edit|Roof|--source|a",
     "deal|history|Roof|--restore|source@1", 0, "is so already", NULL},
    {"a line that is not there", DEARER, "deal|history|Roof|--restore|value@9",
     3, "no line 9", NULL},
    {"nor zero", DEARER, "deal|history|Roof|--restore|value@0", 3, "no line 0", NULL},
    {"nor a word", DEARER, "deal|history|Roof|--restore|value@x", 3, "no line x", NULL},
    {"a field that there is not", DEARER, "deal|history|Roof|--restore|colour",
     2, "there are:", NULL},
    {"nor one that nobody sets", DEARER, "deal|history|Roof|--restore|created-at",
     2, "there are:", NULL},
    {"what never changed cannot go back", NULL, "deal|history|Roof|--restore|source", 2,
     "never anything else", NULL},
};

static void a_field_gets_back_what_it_was(void **state)
{
    (void)state;
    CLAIMS(restore_claims, rep_sits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_is_told_as_people_say_it),
        cmocka_unit_test(a_field_gets_back_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
