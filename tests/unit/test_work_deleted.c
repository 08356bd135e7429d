/* test_work_deleted.c - claims about deals that are deleted, and brought back. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static void rep_sits(struct work_desk *desk)
{
    world_put(&desk->world, ENTITY_DEAL, "one",
              "title=Old roof;pipeline=sales;stage=contact;status=open;owner=rep;org=acme;value=100;"
              "currency=EUR");
    world_put(&desk->world, ENTITY_DEAL, "two",
              "title=New roof;pipeline=sales;stage=lead;status=open;owner=rep");
    world_put(&desk->world, ENTITY_DEAL, "three",
              "title=Gate;pipeline=sales;stage=lead;status=open;owner=other");
    work_desk_sit(desk, "rep");
}

static void deals_go_and_come_back(void **state)
{
    (void)state;
    static const struct work_claim rows[] = {
        {"deleted", NULL, "deal|delete|Old roof", 0, "Deleted", NULL},
        {"gone from the list", "deal|delete|Old roof", "deal|list", 0, "New roof", "Old roof"},
        {"not somebody else's", NULL, "deal|delete|Gate", 4, "may not delete what belongs", NULL},
        {"not what is not there", NULL, "deal|delete|Moon", 3, "no deal", NULL},
        {"those that are gone", "deal|delete|Old roof", "deal|restore", 0, "Old roof", "New roof"},
        {"none is gone", NULL, "deal|restore", 0, NULL, "roof"},
        {"brought back by name", "deal|delete|Old roof", "deal|restore|old", 0, "Brought back", NULL},
        {"and there", "deal|delete|Old roof;deal|restore|old", "deal|show|Old roof", 0, "Old roof",
         NULL},
        {"once", "deal|delete|Old roof;deal|restore|old", "deal|restore|old", 3, "no deleted deal",
         NULL},
        {"several are so called", "deal|delete|Old roof;deal|delete|New roof", "deal|restore|roof", 2,
         "could be several", NULL},
        {"too short a word is none", "deal|delete|Old roof", "deal|restore|r", 3, "no deleted deal",
         NULL},
        {"an id nobody has", "deal|delete|Old roof",
         "deal|restore|01890000-0000-7000-8000-000000000000", 3, "no deleted deal", NULL},
        {"twice gone, it stands once", "deal|delete|Old roof;undo;deal|delete|Old roof",
         "deal|restore|old", 0, "Brought back", NULL},
        {"taken back", "deal|delete|Old roof", "undo", 0, "Took back: deal delete Old roof", NULL},
        {"nothing is left to take back", "deal|delete|Old roof;undo", "undo", 3, "nothing of yours",
         NULL},
    };
    CLAIMS(rows, rep_sits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(deals_go_and_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
