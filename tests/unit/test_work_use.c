/* test_work_use.c - undo of what was made, when others use it or have worked on it since. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

static void sit(struct work_desk *desk)
{
    work_desk_begin(desk);
    world_put(&desk->world, ENTITY_DEAL, "lift", "title=Lift;pipeline=sales;stage=lead;status=open;"
                                                 "owner=other");
    world_put(&desk->world, ENTITY_DEAL, "own", "title=Own;pipeline=sales;stage=lead;status=open;"
                                                "owner=rep");
    work_desk_sit(desk, "rep");
}

/* What the server says of a thing. */
static void row_put(struct work_desk *desk, enum entity_kind kind, struct uuid id, uint64_t seq,
                    const void *entity)
{
    struct replica *replica = desk->replica;
    struct identity identity;
    struct buffer body;
    buffer_init(&body, 1 << 16);
    assert_int_equal(codec_entity_pack(kind, entity, &body), FAULT_NONE);
    struct packed_row row = {.kind = kind, .id = id, .seq = seq, .body = buffer_str(&body)};
    assert_int_equal(replica->f->identity_load(replica, &desk->world.arena, &identity), FAULT_NONE);
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->put_row(replica, identity.generation, &row), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
    buffer_finish(&body);
}

static const void *named(struct work_desk *desk, enum entity_kind kind, const char *name)
{
    const void **found;
    size_t count;
    assert_int_equal(desk->replica->f->find(desk->replica, &desk->world.arena, kind,
                                            str_from(name), 1, &found, &count), FAULT_NONE);
    assert_int_equal(count, 1);
    return found[0];
}

static struct uuid organisation(struct work_desk *desk, const char *name)
{
    return ((const struct organisation *)named(desk, ENTITY_ORGANISATION, name))->id;
}

static struct uuid deal(struct work_desk *desk, const char *title)
{
    return ((const struct deal *)named(desk, ENTITY_DEAL, title))->id;
}

static void said(struct work_desk *desk, const char *words, int code, const char *wanted)
{
    assert_int_equal(work_desk_run(desk, words), code);
    if (!strstr(work_desk_said(desk), wanted)) fail_msg("%s: %s", words, work_desk_said(desk));
}

static void made(struct work_desk *desk)
{
    sit(desk);
    said(desk, "deal|add|Ups|--org|Ups AG|--contact|Uma", 0, "Ups");
}

/* A deal of somebody else names it. */
static void deal_names(struct work_desk *desk, struct uuid firm, struct uuid person)
{
    struct deal other = *(const struct deal *)named(desk, ENTITY_DEAL, "Lift");
    other.organisation = firm;
    other.contact = person;
    row_put(desk, ENTITY_DEAL, other.id, 90, &other);
}

static void nothing_hangs_on_it(void **state)
{
    (void)state;
    struct work_desk desk;
    made(&desk);
    said(&desk, "undo", 0, "Took back: added Ups AG");
    said(&desk, "org|show|Ups AG", 3, "");
    work_desk_end(&desk);
}

static void what_others_use_is_kept(void **state)
{
    (void)state;
    struct work_desk desk;
    made(&desk);
    struct uuid none = {{0}};
    deal_names(&desk, organisation(&desk, "Ups AG"), none);
    said(&desk, "undo", 0, "Kept Ups AG");
    assert_non_null(strstr(work_desk_said(&desk), "(Lift, "));
    said(&desk, "org|show|Ups AG", 0, "Ups AG");
    said(&desk, "deal|show|Ups", 3, "");
    said(&desk, "undo", 3, "nothing of yours");
    work_desk_end(&desk);
}

static void people_and_activities_count(void **state)
{
    (void)state;
    struct work_desk desk;
    made(&desk);
    const struct person *uma = named(&desk, ENTITY_PERSON, "Uma");
    struct uuid none = {{0}};
    deal_names(&desk, none, uma->id);
    struct person other = {.id = world_id("other person"), .name = STR("Olaf"),
                           .organisation = organisation(&desk, "Ups AG"),
                           .created_by = world_id("other")};
    row_put(&desk, ENTITY_PERSON, other.id, 91, &other);
    desk.machine = true;
    said(&desk, "undo", 0, "kept");
    desk.machine = false;
    said(&desk, "org|show|Ups AG", 0, "Ups AG");
    said(&desk, "person|show|Uma", 0, "Uma");
    work_desk_end(&desk);
}

static void what_others_logged_for_stays(void **state)
{
    (void)state;
    struct work_desk desk;
    made(&desk);
    struct activity call = {.id = world_id("call"), .type = ACTIVITY_CALL,
                            .deal = deal(&desk, "Ups"), .member = world_id("other"),
                            .text = STR("Asked"), .created_at = {true, 1000}};
    row_put(&desk, ENTITY_ACTIVITY, call.id, 93, &call);
    said(&desk, "undo", 4, "others have worked on the deal since");
    /* What is one's own hinders nobody. */
    said(&desk, "deal|add|Pilot", 0, "Pilot");
    said(&desk, "log|call|Pilot|Asked", 0, "Pilot");
    said(&desk, "undo", 0, "Took back");
    said(&desk, "undo", 0, "Took back: added Pilot");
    work_desk_end(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_hangs_on_it),
        cmocka_unit_test(what_others_use_is_kept),
        cmocka_unit_test(people_and_activities_count),
        cmocka_unit_test(what_others_logged_for_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
