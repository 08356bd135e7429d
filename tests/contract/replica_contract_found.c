/* replica_contract_found.c - by what things are found and told apart: short ids, titles, external ids. */
#include "tests/contract/replica_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/random.h"

static size_t found(struct bench *b, enum entity_kind kind, const char *text)
{
    const void **items;
    size_t count = 0;
    ok(b->replica->f->find(b->replica, &b->world.arena, kind, str_from(text), 10, &items, &count));
    return count;
}

/* Three short ids with seven signs in common, one of them only in the overlay; a fourth apart. */
void short_ids_are_unique_in_the_copy(void **state)
{
    struct bench *b = *state;
    struct uuid ids[4] = {{{0}}};
    size_t lengths[4] = {0};
    world_fill(&b->world, b->replica, "rep");
    ok(b->replica->f->begin(b->replica));
    for (size_t i = 0; i < 4; i++) {
        struct deal deal = *world_deal(&b->world, "roof", "status=open");
        /* The short id begins with the last bits. */
        ids[i].b[11] = (uint8_t)(i << 3);
        ids[i].b[15] = i < 3 ? 9 : 10;
        deal.id = ids[i];
        if (i == 1) {
            struct row row = {.kind = ENTITY_DEAL, .id = ids[i], .entity = &deal};
            ok(b->replica->f->shown_put(b->replica, &row));
        } else {
            struct packed_row row = world_row(&b->world, ENTITY_DEAL, ids[i], 3, 0, &deal);
            ok(b->replica->f->put_row(b->replica, 1, &row));
        }
    }
    ok(b->replica->f->commit(b->replica));
    ok(b->replica->f->short_lengths(b->replica, &b->world.arena, ENTITY_DEAL, ids, 4, lengths));
    char texts[4][SHORT_ID_LENGTH_MAX + 1];
    for (size_t i = 0; i < 4; i++) {
        const void **found = NULL;
        size_t count = 0;
        uuid_short(ids[i], lengths[i], texts[i]);
        ok(b->replica->f->find(b->replica, &b->world.arena, ENTITY_DEAL, str_from(texts[i]), 9,
                               &found, &count));
        assert_int_equal(count, 1);
        uuid_short(ids[i], lengths[i] - 1, texts[i]); /* and no longer than that takes */
        ok(b->replica->f->find(b->replica, &b->world.arena, ENTITY_DEAL, str_from(texts[i]), 9,
                               &found, &count));
        assert_int_equal(count, i < 3 ? 3 : 1);
    }
    assert_int_equal(lengths[3], SHORT_ID_LENGTH_MIN);
}

/* Many at once, in clusters that begin alike and within them differ late; a third in the overlay, some
 * of the server's gone again: each as long as it takes among all that are there, and no longer. */
void short_ids_of_a_long_list_are_unique_too(void **state)
{
    enum { THINGS = 48 };
    struct bench *b = *state;
    struct uuid ids[THINGS] = {{{0}}};
    size_t lengths[THINGS] = {0}, count = 0;
    char texts[THINGS][SHORT_ID_LENGTH_MAX + 1];
    struct random random;
    random_init_number(&random, 7);
    world_fill(&b->world, b->replica, "rep");
    ok(b->replica->f->begin(b->replica));
    for (size_t i = 0; i < THINGS; i++) {
        struct deal deal = *world_deal(&b->world, "roof", "status=open");
        struct uuid id = {{(uint8_t)i}};
        for (size_t k = 8; k < 15; k++) id.b[k] = (uint8_t)random_below(&random, 3);
        id.b[15] = (uint8_t)random_below(&random, 6);
        deal.id = id;
        struct row shown = {.kind = ENTITY_DEAL, .id = id, .entity = &deal};
        struct packed_row row = world_row(&b->world, ENTITY_DEAL, id, 3, 0, &deal);
        if (i % 3 == 0) ok(b->replica->f->shown_put(b->replica, &shown));
        else ok(b->replica->f->put_row(b->replica, 1, &row));
        row = (struct packed_row){.kind = ENTITY_DEAL, .id = id, .seq = 4, .removed = true};
        if (i % 7 == 1) ok(b->replica->f->put_row(b->replica, 1, &row));
        if (i % 7 != 1 || i % 3 == 0) ids[count++] = id;
    }
    ok(b->replica->f->commit(b->replica));
    ok(b->replica->f->short_lengths(b->replica, &b->world.arena, ENTITY_DEAL, ids, count,
                                    lengths));
    for (size_t i = 0; i < count; i++) uuid_short(ids[i], SHORT_ID_LENGTH_MAX, texts[i]);
    for (size_t i = 0; i < count; i++) {
        size_t need = SHORT_ID_LENGTH_MIN;
        for (size_t k = 0; k < count; k++) {
            size_t common = 0;
            while (common < SHORT_ID_LENGTH_MAX && texts[i][common] == texts[k][common]) common++;
            if (common < SHORT_ID_LENGTH_MAX && common + 1 > need) need = common + 1;
        }
        assert_int_equal(lengths[i], need);
    }
}

/* Asks for so many of 512 ids, near each other or far apart, some twice, some of nothing. */
static void assert_asked_alike(struct bench *b, struct random *random, size_t among)
{
    enum { ASKED = 40 };
    struct uuid ids[ASKED];
    const void *found[ASKED];
    for (size_t i = 0; i < ASKED; i++) {
        uint64_t number = random_below(random, among);
        ids[i] = (struct uuid){{(uint8_t)(number >> 8), (uint8_t)number, 1}};
        if (number == 0) ids[i] = (struct uuid){{0}};
        found[i] = &ids; /* is written over */
    }
    ok(b->replica->f->entities(b->replica, &b->world.arena, ENTITY_ORGANISATION, ids, ASKED,
                               found));
    for (size_t i = 0; i < ASKED; i++) {
        const void *one = NULL;
        enum fault fault = b->replica->f->entity(b->replica, &b->world.arena,
                                                 ENTITY_ORGANISATION, ids[i], false, &one);
        if (fault == FAULT_NOT_FOUND) {
            assert_null(found[i]);
        } else {
            ok(fault);
            assert_non_null(found[i]);
            assert_true(entity_equal(ENTITY_ORGANISATION, found[i], one));
        }
    }
}

/* Of each: the server's, the server's and gone, shown otherwise, shown as gone, shown only, or nothing. */
void many_asked_at_once_are_those_asked_one_by_one(void **state)
{
    struct bench *b = *state;
    struct random random;
    random_init_number(&random, 11);
    world_fill(&b->world, b->replica, "rep");
    ok(b->replica->f->begin(b->replica));
    for (unsigned number = 1; number < 512; number++) {
        struct uuid id = {{(uint8_t)(number >> 8), (uint8_t)number, 1}};
        struct organisation organisation = {.id = id, .name = STR("Acme")};
        struct row shown = {.kind = ENTITY_ORGANISATION, .id = id, .entity = &organisation};
        uint64_t what = random_below(&random, 8);
        struct packed_row row = world_row(&b->world, ENTITY_ORGANISATION, id, 3, 0, &organisation);
        if (what != 5 && what != 6) ok(b->replica->f->put_row(b->replica, 1, &row));
        row = (struct packed_row){.kind = ENTITY_ORGANISATION, .id = id, .seq = 4, .removed = true};
        if (what == 1) ok(b->replica->f->put_row(b->replica, 1, &row));
        organisation.name = STR("Łódź");
        if (what == 3) shown.entity = NULL;
        if (what == 2 || what == 3 || what == 5) ok(b->replica->f->shown_put(b->replica, &shown));
    }
    ok(b->replica->f->commit(b->replica));
    for (size_t i = 0; i < 20; i++) assert_asked_alike(b, &random, i % 2 ? 600 : 60);
    ok(b->replica->f->look_begin(b->replica));
    assert_asked_alike(b, &random, 600);
    b->replica->f->look_end(b->replica);
    ok(b->replica->f->begin(b->replica));
    ok(b->replica->f->shown_clear(b->replica));
    ok(b->replica->f->commit(b->replica));
    assert_asked_alike(b, &random, 600);
    ok(b->replica->f->entities(b->replica, &b->world.arena, ENTITY_ORGANISATION, NULL, 0, NULL));
}

/* What a thing is found by follows what it says, whether much of it changes or little. */
void what_changes_is_found_as_it_is_now(void **state)
{
    static const struct {
        const char *fields;  /* NULL: removed */
        size_t roof, barn, outside; /* found by that title, by that external id */
        bool open, won;
    } steps[] = {
        {"title=Roof;status=open", 1, 0, 0, true, false},
        {"title=Roof;status=open;value=5", 1, 0, 0, true, false},
        {"title=Barn;status=open;external_id=X-1", 0, 1, 1, true, false},
        {"title=Barn;stage=won;status=won;external_id=X-1", 0, 1, 1, false, true},
        {"title=Roof;stage=won;status=won", 1, 0, 0, false, true},
        {NULL, 0, 0, 0, false, false},
        {"title=Roof;stage=lost;status=lost", 1, 0, 0, false, false},
        {"title=Roof;status=open", 1, 0, 0, true, false},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct deal **deals = NULL;
        const struct deal_filter open = {.all = false}, won = {.won = true};
        size_t count = 0;
        struct packed_row gone = {.kind = ENTITY_DEAL, .id = world_id("deal"), .seq = 10 + i,
                                  .removed = true};
        ok(b->replica->f->begin(b->replica));
        if (steps[i].fields) {
            struct packed_row row =
                world_row(&b->world, ENTITY_DEAL, world_id("deal"), 10 + i, 0,
                          world_deal(&b->world, "deal", steps[i].fields));
            ok(b->replica->f->put_row(b->replica, 0, &row));
        } else {
            ok(b->replica->f->put_row(b->replica, 0, &gone));
        }
        ok(b->replica->f->commit(b->replica));
        assert_int_equal(found(b, ENTITY_DEAL, "roof"), steps[i].roof);
        assert_int_equal(found(b, ENTITY_DEAL, "barn"), steps[i].barn);
        assert_int_equal(found(b, ENTITY_DEAL, "X-1"), steps[i].outside);
        ok(b->replica->f->deals(b->replica, &b->world.arena, &open, &deals, &count));
        assert_int_equal(count, steps[i].open);
        if (count == 1) assert_string_equal(deals[0]->title.p, steps[i].roof ? "Roof" : "Barn");
        ok(b->replica->f->deals(b->replica, &b->world.arena, &won, &deals, &count));
        assert_int_equal(count, steps[i].won);
    }
}
