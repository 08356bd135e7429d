/* test_known.c - claims about what the server answers itself: the same rows as the database, at the same
 * seq, and nothing that it cannot know. */
#include "common/domain/use.h"
#include "server/core/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/base/bounds.h"
#include "common/domain/definition.h"

struct known_world {
    struct arena arena;
    struct known known;
    struct uuid team, rep, nobody, replica;
    struct team team_row;
    struct member member;
    const struct member *members[1];
    struct definition definition;
    struct store_replica stand;
    struct row rows[2];
    struct deal deal;
    struct device device;
    struct entity_key keys[3];
    struct store_outcome_key outcome;
    struct store_request load;
    struct store_result loaded;
};

static struct uuid id_of(uint8_t n)
{
    return (struct uuid){{n, 1, 2, 3}};
}

static void world_begin(struct known_world *w)
{
    *w = (struct known_world){.team = id_of(1), .rep = id_of(2), .nobody = id_of(3),
                              .replica = id_of(4)};
    arena_init(&w->arena, 64 << 20);
    known_init(&w->known, NULL);
    w->team_row = (struct team){.id = w->team, .name = STR("Roofers")};
    w->member = (struct member){.id = w->rep, .name = STR("Bert"), .role = ROLE_REP};
    w->members[0] = &w->member;
    assert_int_equal(definition_default(&w->arena, w->team, &w->definition), FAULT_NONE);
    w->stand = (struct store_replica){.id = w->replica, .known = true, .last_number = 7};
    w->deal = (struct deal){.id = id_of(5), .title = STR("Barn")};
    w->device = (struct device){.id = id_of(6)};
    w->rows[0] = (struct row){.kind = ENTITY_DEAL, .id = w->deal.id, .entity = &w->deal};
    w->rows[1] = (struct row){.kind = ENTITY_DEVICE, .id = w->device.id, .entity = &w->device};
    w->keys[0] = (struct entity_key){ENTITY_DEAL, w->deal.id};
    w->keys[1] = (struct entity_key){ENTITY_INBOX, id_of(7)};
    w->keys[2] = (struct entity_key){ENTITY_DEVICE, w->device.id};
    w->outcome = (struct store_outcome_key){w->replica, 8, id_of(8)};
    w->load = (struct store_request){.kind = STORE_LOAD, .team = w->team, .keys = w->keys,
                                     .key_count = 3, .actors = &w->rep, .actor_count = 1,
                                     .replicas = &w->replica, .replica_count = 1,
                                     .outcome_keys = &w->outcome, .outcome_key_count = 1};
    w->loaded = (struct store_result){.kind = STORE_LOAD, .status = STORE_OK, .seq = 10,
                                      .mark = "the tenth", .recorded_last = 1000,
                                      .inbox_last = 3, .team_row = &w->team_row,
                                      .definition = &w->definition, .members = w->members,
                                      .member_count = 1, .rows = w->rows, .row_count = 2,
                                      .replicas = &w->stand, .replica_count = 1};
}

static void world_end(struct known_world *w)
{
    known_finish(&w->known);
    arena_finish(&w->arena);
}

static bool answers(struct known_world *w, struct store_result *out)
{
    return known_answers(&w->known, &w->arena, &w->load, out);
}

static void loads(struct known_world *w)
{
    known_loaded(&w->known, &w->load, &w->loaded, KNOWN_TEAM_BYTES);
}

static struct store_request commit_of(const struct known_world *w, struct row *rows, size_t count)
{
    return (struct store_request){.kind = STORE_COMMIT, .team = w->team, .expected_seq = 10,
                                  .new_seq = 11, .mark = "the eleventh", .recorded_at = 2000,
                                  .inbox_last = 4, .rows = rows, .row_count = count};
}

static void what_was_loaded_is_answered(void **state)
{
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    assert_false(answers(&w, &out));
    loads(&w);
    assert_true(answers(&w, &out));
    assert_int_equal(out.seq, 10);
    assert_memory_equal(out.mark, "the tenth", 9);
    assert_int_equal(out.recorded_last, 1000);
    assert_int_equal(out.inbox_last, 3);
    assert_true(str_equal(out.team_row->name, STR("Roofers")));
    assert_int_equal(out.definition->pipeline_count, w.definition.pipeline_count);
    assert_int_equal(out.member_count, 1);
    assert_int_equal(out.row_count, 2); /* the inbox item is known not to exist */
    assert_int_equal(out.replicas[0].last_number, 7);
    const struct deal *deal = out.rows[0].entity;
    assert_true(str_equal(deal->title, STR("Barn")));
    world_end(&w);
}

static void a_commit_moves_it_on(void **state)
{
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    loads(&w);
    struct deal changed = w.deal;
    changed.title = STR("Barn, north side");
    struct inbox_item item = {.id = id_of(7), .kind = INBOX_PARKED};
    struct row rows[] = {
        {.kind = ENTITY_DEAL, .id = changed.id, .seq = 11, .entity = &changed},
        {.kind = ENTITY_INBOX, .id = item.id, .seq = 11, .entity = &item},
        {.kind = ENTITY_DEVICE, .id = w.device.id, .seq = 11, .removed = true},
    };
    struct store_replica numbers[] = {{.id = w.replica, .last_number = 8},
                                      {.id = id_of(99), .last_number = 1}};
    struct store_request commit = commit_of(&w, rows, 3);
    commit.replica_numbers = numbers;
    commit.replica_number_count = 2;
    known_committed(&w.known, &commit, KNOWN_TEAM_BYTES);
    assert_false(answers(&w, &out)); /* number 8 has its answer by now */
    w.outcome.number = 9;
    assert_true(answers(&w, &out));
    assert_int_equal(out.seq, 11);
    assert_memory_equal(out.mark, "the eleventh", 12);
    assert_int_equal(out.inbox_last, 4);
    assert_int_equal(out.row_count, 2);
    assert_true(str_equal(((const struct deal *)out.rows[0].entity)->title, changed.title));
    assert_int_equal(out.rows[1].kind, ENTITY_INBOX);
    commit.expected_seq = 10; /* decided on something else */
    known_committed(&w.known, &commit, KNOWN_TEAM_BYTES);
    assert_false(answers(&w, &out));
    assert_int_equal(known_bytes(&w.known), 0);
    world_end(&w);
}

static void what_it_cannot_know_is_asked(void **state)
{
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    loads(&w);
    struct store_trace trace = {w.deal.id, id_of(9)};
    w.load.traces = &trace;
    w.load.trace_count = 1;
    assert_false(answers(&w, &out));
    w.load.trace_count = 0;
    struct use use = {.thing = w.deal.id};
    w.load.uses = &use;
    w.load.use_count = 1;
    assert_false(answers(&w, &out));
    w.load.use_count = 0;
    static const enum entity_kind kinds[] = {ENTITY_INVITATION, ENTITY_DEFINITION, ENTITY_EVENT};
    for (size_t i = 0; i < 3; i++) { /* an invitation's use takes no seq */
        w.keys[1].kind = kinds[i];
        assert_false(answers(&w, &out));
    }
    w.keys[1] = (struct entity_key){ENTITY_DEVICE, id_of(10)};
    loads(&w);
    assert_false(answers(&w, &out)); /* it may have enrolled since */
    w.keys[1] = (struct entity_key){ENTITY_DEAL, id_of(11)};
    assert_false(answers(&w, &out)); /* nobody asked for that deal yet */
    loads(&w);
    assert_true(answers(&w, &out));
    w.load.actors = &w.nobody;
    assert_false(answers(&w, &out));
    w.load.actors = &w.rep;
    w.load.replicas = &w.nobody; /* it may have registered since */
    assert_false(answers(&w, &out));
    w.load.replica_count = 0;
    w.outcome.replica = w.nobody;
    assert_false(answers(&w, &out));
    w.loaded.seq = 0; /* no team yet */
    loads(&w);
    assert_false(w.known.valid);
    world_end(&w);
}

static void another_seq_or_mark_forgets_what_was(void **state)
{
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    loads(&w);
    struct store_request all = w.load;
    w.load.key_count = 0;
    w.loaded.row_count = 0;
    loads(&w);
    w.load = all;
    assert_true(answers(&w, &out)); /* the same moment: both are known */
    memcpy(w.loaded.mark, "another one", 11);
    w.load.key_count = 0;
    loads(&w);
    w.load = all;
    assert_false(answers(&w, &out));
    known_forget(&w.known);
    w.load.key_count = 0;
    assert_false(answers(&w, &out));
    world_end(&w);
}

/* A generation of rows after another: what is in use stays, what is not goes, and it stays small. */
static void it_stays_within_its_bytes(void **state)
{
    enum { BYTES = 256 * 1024 };
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    known_loaded(&w.known, &w.load, &w.loaded, BYTES);
    struct store_request all = w.load;
    for (uint8_t i = 20; i < 250; i++) {
        struct deal other = {.id = id_of(i), .title = STR("Another")};
        struct row row = {.kind = ENTITY_DEAL, .id = other.id, .seq = 11, .entity = &other};
        struct entity_key key = {ENTITY_DEAL, other.id};
        struct store_request commit = commit_of(&w, &row, 1);
        commit.expected_seq = w.known.seq;
        commit.new_seq = w.known.seq + 1;
        known_committed(&w.known, &commit, BYTES);
        assert_true(answers(&w, &out));
        assert_true(known_bytes(&w.known) <= BYTES * 3 / 2);
        w.load.keys = &key;
        w.load.key_count = 1;
        assert_true(answers(&w, &out));
        w.load = all;
    }
    struct entity_key first = {ENTITY_DEAL, id_of(20)};
    for (int turn = 0; turn < 200; turn++) { /* so many more, of one deal */
        struct row row = {.kind = ENTITY_DEAL, .id = w.deal.id, .seq = 11, .entity = &w.deal};
        struct store_request commit = commit_of(&w, &row, 1);
        commit.expected_seq = w.known.seq;
        commit.new_seq = w.known.seq + 1;
        known_committed(&w.known, &commit, BYTES / 4);
        assert_true(w.known.valid);
        assert_true(answers(&w, &out));
    }
    w.load.keys = &first;
    w.load.key_count = 1;
    assert_false(answers(&w, &out));
    known_loaded(&w.known, &all, &w.loaded, 256); /* not even a team fits */
    assert_false(w.known.valid);
    world_end(&w);
}

static void without_memory_nothing_is_known(void **state)
{
    struct known_world w;
    struct store_result out;
    (void)state;
    world_begin(&w);
    loads(&w);
    struct arena small;
    arena_init(&small, 1);
    assert_false(known_answers(&w.known, &small, &w.load, &out));
    arena_finish(&small);
    struct deal long_one = {.id = w.deal.id};
    static char text[8192];
    memset(text, 'x', sizeof text);
    long_one.title = (struct str){text, sizeof text};
    struct row row = {.kind = ENTITY_DEAL, .id = w.deal.id, .seq = 11, .entity = &long_one};
    struct store_request commit = commit_of(&w, &row, 1);
    w.known.young.arena.max = w.known.young.arena.used + 64;
    known_committed(&w.known, &commit, KNOWN_TEAM_BYTES);
    assert_false(w.known.valid); /* rather than what was there before */
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_loaded_is_answered),
        cmocka_unit_test(a_commit_moves_it_on),
        cmocka_unit_test(what_it_cannot_know_is_asked),
        cmocka_unit_test(another_seq_or_mark_forgets_what_was),
        cmocka_unit_test(it_stays_within_its_bytes),
        cmocka_unit_test(without_memory_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
