/* test_decide_people.c - changes of members and devices that are not what they were seen to be. */
#include "tests/support/rule_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct {
    const char *claim;
    enum entity_kind entity;
    const char *target, *edits;
    const char *reasons; /* absent: it goes through */
    size_t rows;         /* what it writes when it does, history included */
} rows[] = {
    {"a member is renamed", ENTITY_MEMBER, "other", "name=Another", NULL, 2},
    {"as it is already, nothing is written", ENTITY_MEMBER, "other", "name=Other", NULL, 0},
    {"renamed meanwhile, it stays as it is", ENTITY_MEMBER, "other", "name:Old>New",
     "changed_meanwhile field=name value=Other", 0},
    {"a name is needed", ENTITY_MEMBER, "other", "name=", "required field=name", 0},
    {"where a member comes from is not changed", ENTITY_MEMBER, "ghost", "imported=",
     "field_fixed field=imported", 0},
    {"who left does not come back", ENTITY_MEMBER, "leaver", "removed=", "member_left", 0},
    {"who left may still be named right", ENTITY_MEMBER, "leaver", "name=Left", NULL, 2},
    {"who left has left", ENTITY_MEMBER, "leaver", "removed:>true", NULL, 0},
    {"nobody", ENTITY_MEMBER, "nobody", "name:>New", "gone value=member", 0},
    {"a device is renamed", ENTITY_DEVICE, "phone", "name=Mobile", NULL, 2},
    {"a device keeps a name", ENTITY_DEVICE, "phone", "name=", "required field=name", 0},
    {"a device is revoked", ENTITY_DEVICE, "phone", "revoked=true", NULL, 0},
    {"a revoked one does not come back", ENTITY_DEVICE, "old", "revoked=",
     "field_fixed field=revoked", 0},
    {"a revoked one is revoked", ENTITY_DEVICE, "old", "revoked:>true", NULL, 0},
    {"a revoked one may be named", ENTITY_DEVICE, "old", "name=Burnt", NULL, 2},
    {"whose it is, is not changed", ENTITY_DEVICE, "phone", "member=other",
     "field_fixed field=member", 0},
};

static void people_and_devices_change_by_their_rules(void **state)
{
    (void)state;
    size_t broken = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rule_world w;
        world_init(&w);
        world_put(&w, ENTITY_DEVICE, "phone", "member=rep;name=phone");
        world_put(&w, ENTITY_DEVICE, "old", "member=rep;name=old;revoked=true;revoked_at=-3");
        struct mutation mutation =
            world_mutation(&w, MUTATION_EDIT, rows[i].entity, rows[i].target, rows[i].edits);
        struct change change = world_decide(&w, "boss", &mutation);
        const char *reasons = world_reasons(&w, &change);
        bool holds = rows[i].reasons ? strstr(reasons, rows[i].reasons) != NULL
                                     : change.outcome == OUTCOME_APPLIED;
        if (!rows[i].reasons && rows[i].rows > 0) holds = holds && change.row_count == rows[i].rows;
        if (!holds) {
            print_message("NOT: %s: %s, %zu rows\n", rows[i].claim, reasons, change.row_count);
            broken++;
        }
        world_finish(&w);
    }
    assert_int_equal(broken, 0);
}

/* When and by whom is stamped once. */
static void a_revocation_is_stamped(void **state)
{
    (void)state;
    struct rule_world w;
    world_init(&w);
    world_put(&w, ENTITY_DEVICE, "phone", "member=rep;name=phone");
    struct mutation mutation =
        world_mutation(&w, MUTATION_EDIT, ENTITY_DEVICE, "phone", "revoked=true");
    (void)world_do(&w, "lead", &mutation);
    assert_fields(&w, ENTITY_DEVICE, world_find(&w, ENTITY_DEVICE, "phone"),
                  "revoked=true;revoked_at=0;revoked_by=lead");
    mutation = world_mutation(&w, MUTATION_EDIT, ENTITY_DEVICE, "phone", "name=Lost");
    (void)world_do(&w, "boss", &mutation);
    assert_fields(&w, ENTITY_DEVICE, world_find(&w, ENTITY_DEVICE, "phone"),
                  "name=Lost;revoked_by=lead");
    world_finish(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_and_devices_change_by_their_rules),
        cmocka_unit_test(a_revocation_is_stamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
