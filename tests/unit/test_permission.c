/* test_permission.c - the rights, spelled out a second time by hand. */
#include "common/domain/permission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/support/entity_sample.h"

static void rights_are_as_written_down(void **state)
{
    (void)state;
    /* In the order owner, manager, rep, viewer, nobody. */
    static const struct {
        enum action action;
        const char *may;
    } rows[] = {
        {ACTION_EDIT, "yyy--"},         {ACTION_ASSIGN_OWN, "yyy--"},
        {ACTION_ASSIGN_ANY, "yy---"},   {ACTION_DELETE_OWN, "yyy--"},
        {ACTION_DELETE_ANY, "yy---"},   {ACTION_IMPORT, "yy---"},
        {ACTION_CORRECT, "yy---"},      {ACTION_REOPEN_OWN, "yyy--"},
        {ACTION_REOPEN_ANY, "yy---"},   {ACTION_BACK_MANAGED, "yy---"},
        {ACTION_INVITE_REP, "yy---"},   {ACTION_INVITE_ANY, "y----"},
        {ACTION_RESOLVE_ANY, "yy---"},   {ACTION_DEVICE_OWN, "yyyy-"},
        {ACTION_DEVICE_ANY, "yy---"},   {ACTION_DEFINE, "yy---"},
        {ACTION_RESTORE_ANY, "yy---"},
    };
    static const enum role roles[] = {ROLE_OWNER, ROLE_MANAGER, ROLE_REP, ROLE_VIEWER, ROLE_NONE};
    assert_int_equal(sizeof rows / sizeof rows[0], ACTION_COUNT);
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        for (size_t r = 0; r < 5; r++) {
            bool want = rows[i].may[r] == 'y';
            struct member member = {.role = roles[r]};
            if (permission_allows(roles[r], rows[i].action) != want) {
                fail_msg("role %d: %s", (int)roles[r], permission_name(rows[i].action));
            }
            assert_int_equal(permission_member_allows(&member, rows[i].action), want);
            member.removed = true;
            assert_false(permission_member_allows(&member, rows[i].action));
        }
    }
}

static void a_role_out_of_nowhere_may_nothing(void **state)
{
    (void)state;
    for (int action = 0; action < ACTION_COUNT; action++) {
        struct member member = {.role = 4711};
        assert_false(permission_allows((enum role)77, (enum action)action));
        assert_false(permission_member_allows(&member, (enum action)action));
        member.role = -1;
        assert_false(permission_member_allows(&member, (enum action)action));
        assert_false(permission_member_allows(NULL, (enum action)action));
    }
}

static void actions_have_different_names(void **state)
{
    (void)state;
    for (int i = 0; i < ACTION_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            const char *name = permission_name((enum action)i);
            assert_string_not_equal(name, permission_name((enum action)k));
        }
    }
}

static void inbox_items_are_seen_by_those_concerned(void **state)
{
    (void)state;
    struct inbox_item item = {.author = uuid_sample(1), .concerned = uuid_sample(2)};
    const struct {
        const char *claim;
        struct member member;
        bool want;
    } rows[] = {
        {"the author", {.id = uuid_sample(1), .role = ROLE_REP}, true},
        {"the one concerned", {.id = uuid_sample(2), .role = ROLE_REP}, true},
        {"not another rep", {.id = uuid_sample(3), .role = ROLE_REP}, false},
        {"not a viewer", {.id = uuid_sample(3), .role = ROLE_VIEWER}, false},
        {"a manager", {.id = uuid_sample(3), .role = ROLE_MANAGER}, true},
        {"an owner", {.id = uuid_sample(3), .role = ROLE_OWNER}, true},
        {"not an author who left", {.id = uuid_sample(1), .role = ROLE_OWNER, .removed = true},
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (permission_sees(&rows[i].member, ENTITY_INBOX, &item) != rows[i].want) {
            fail_msg("%s", rows[i].claim);
        }
    }
}

static void devices_are_seen_by_their_member_and_managers(void **state)
{
    (void)state;
    struct device device = {.member = uuid_sample(1)};
    struct member member = {.id = uuid_sample(1), .role = ROLE_VIEWER};
    assert_true(permission_sees(&member, ENTITY_DEVICE, &device));
    member.id = uuid_sample(2);
    for (enum role role = ROLE_OWNER; role <= ROLE_VIEWER; role++) {
        member.role = role;
        assert_int_equal(permission_sees(&member, ENTITY_DEVICE, &device), role <= ROLE_MANAGER);
    }
    assert_false(permission_sees(&member, ENTITY_DEVICE, NULL));
}

static void invitations_are_seen_by_managers(void **state)
{
    (void)state;
    struct invitation invitation = {.member = uuid_sample(1)};
    struct member member = {.id = uuid_sample(1)};
    for (enum role role = ROLE_OWNER; role <= ROLE_VIEWER; role++) {
        member.role = role;
        assert_int_equal(permission_sees(&member, ENTITY_INVITATION, &invitation),
                         role <= ROLE_MANAGER);
    }
}

static void the_rest_is_team_wide_or_nobodys(void **state)
{
    (void)state;
    static const enum entity_kind seen[] = {ENTITY_TEAM,   ENTITY_MEMBER, ENTITY_DEFINITION,
                                            ENTITY_ORGANISATION, ENTITY_PERSON, ENTITY_DEAL,
                                            ENTITY_ACTIVITY, ENTITY_EVENT};
    static const enum entity_kind unseen[] = {ENTITY_OUTCOME, ENTITY_NONE, (enum entity_kind)99};
    struct member viewer = {.id = uuid_sample(1), .role = ROLE_VIEWER};
    struct member owner = {.id = uuid_sample(2), .role = ROLE_OWNER};
    struct member gone = {.id = uuid_sample(2), .role = ROLE_OWNER, .removed = true};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        assert_true(permission_sees(&viewer, seen[i], NULL));
        assert_false(permission_sees(&gone, seen[i], NULL));
    }
    for (size_t i = 0; i < sizeof unseen / sizeof unseen[0]; i++) {
        assert_false(permission_sees(&owner, unseen[i], NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_are_as_written_down),
        cmocka_unit_test(a_role_out_of_nowhere_may_nothing),
        cmocka_unit_test(actions_have_different_names),
        cmocka_unit_test(inbox_items_are_seen_by_those_concerned),
        cmocka_unit_test(devices_are_seen_by_their_member_and_managers),
        cmocka_unit_test(invitations_are_seen_by_managers),
        cmocka_unit_test(the_rest_is_team_wide_or_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
