/* store_contract_use.c - the claims about what hangs on a thing: who names it, and what others changed. */
#include "tests/contract/store_contract_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/domain/use.h"

static struct row row_of(enum entity_kind kind, struct uuid id, uint64_t seq, const void *entity)
{
    return (struct row){
        .kind = kind, .id = id, .seq = seq, .removed = entity == NULL, .entity = entity};
}

static void committed(struct contract_world *w, struct row row)
{
    row.seq = w->seq + 1;
    struct store_request commit = commit_of(w, &row, 1, row.seq);
    assert_int_equal(run_status(w, &commit), STORE_OK);
    w->seq++;
}

static void happened(struct contract_world *w, enum event_what what, const char *subject,
                     const char *who, const char *mutation, struct str field)
{
    struct event event = {.subject = id_of(w, subject),
                          .subject_kind = ENTITY_DEAL,
                          .what = what,
                          .field = field,
                          .who = id_of(w, who),
                          .mutation = id_of(w, mutation)};
    committed(w, row_of(ENTITY_EVENT, event.subject, 0, &event));
}

/* One question; what a batch with these keys is told. */
static struct use told(struct contract_world *w, struct use question,
                       const struct entity_key *keys, size_t key_count)
{
    struct store_request load = {.kind = STORE_LOAD, .ticket = 5, .team = w->team, .keys = keys,
                                 .key_count = key_count, .uses = &question, .use_count = 1};
    const struct store_result *result = run(w, &load);
    assert_int_equal(result->status, STORE_OK);
    assert_int_equal(result->use_count, 1);
    struct use use = result->uses[0];
    assert_true(uuid_equal(use.thing, question.thing) && uuid_equal(use.actor, question.actor));
    assert_true(uuid_equal(use.undoes, question.undoes));
    assert_true(use.changed.count <= 8);
    struct str names[8] = {STR_NONE};
    for (size_t i = 0; i < use.changed.count; i++) {
        names[i] = arena_str(&w->arena, use.changed.items[i]);
    }
    assert_int_equal(text_set_make(&w->arena, names, use.changed.count, &use.changed), FAULT_NONE);
    release(w, result);
    return use;
}

static void assert_changed(const struct use *use, const char *names)
{
    struct str rest = str_from(names), name;
    size_t count = 0;
    while (str_split(&rest, '|', &name)) {
        if (name.n == 0) continue;
        assert_true(text_set_has(use->changed, name));
        count++;
    }
    assert_int_equal(use->changed.count, count);
}

void what_names_a_thing_is_counted(struct contract_world *w)
{
    struct deal first = deal_of(w, "first", "Roof"), second = deal_of(w, "second", "Hut");
    struct deal gone = deal_of(w, "gone", "Shed"), elsewhere = deal_of(w, "elsewhere", "Barn");
    struct person person = {.id = id_of(w, "person"), .name = STR("Ann")};
    struct activity call = {.id = id_of(w, "call"), .type = 1};
    struct uuid firm = id_of(w, "firm");
    first.organisation = second.organisation = gone.organisation = firm;
    first.contact = person.id;
    elsewhere.organisation = id_of(w, "another firm");
    person.organisation = call.organisation = firm;
    committed(w, row_of(ENTITY_DEAL, first.id, 0, &first));
    committed(w, row_of(ENTITY_DEAL, second.id, 0, &second));
    committed(w, row_of(ENTITY_DEAL, elsewhere.id, 0, &elsewhere));
    committed(w, row_of(ENTITY_DEAL, gone.id, 0, &gone));
    committed(w, row_of(ENTITY_DEAL, gone.id, 0, NULL));
    committed(w, row_of(ENTITY_PERSON, person.id, 0, &person));
    committed(w, row_of(ENTITY_ACTIVITY, call.id, 0, &call));
    struct use use = told(w, (struct use){.thing = firm, .actor = w->owner}, NULL, 0);
    assert_true(use.deals == 2 && use.people == 1 && use.activities == 1);
    use = told(w, (struct use){.thing = person.id, .actor = w->owner}, NULL, 0);
    assert_true(use.deals == 1 && use.people == 0 && use.activities == 0);
    /* What the batch names is looked at there. */
    struct entity_key keys[] = {{ENTITY_DEAL, first.id}, {ENTITY_PERSON, person.id}};
    use = told(w, (struct use){.thing = firm, .actor = w->owner}, keys, 2);
    assert_true(use.deals == 1 && use.people == 0 && use.activities == 1);
    use = told(w, (struct use){.thing = id_of(w, "unknown"), .actor = w->owner}, NULL, 0);
    assert_true(use.deals == 0 && use.people == 0 && use.activities == 0 && !use.changed.count);
}

void only_what_others_logged_for_a_deal_counts(struct contract_world *w)
{
    struct uuid deal = id_of(w, "deal");
    struct activity own = {.id = id_of(w, "own"), .type = 1, .deal = deal, .member = w->owner};
    struct activity other = {
        .id = id_of(w, "other"), .type = 1, .deal = deal, .member = id_of(w, "bob")};
    commit_deal(w, "deal", "Roof");
    committed(w, row_of(ENTITY_ACTIVITY, own.id, 0, &own));
    struct use use = told(w, (struct use){.thing = deal, .actor = w->owner}, NULL, 0);
    assert_int_equal(use.activities, 0);
    committed(w, row_of(ENTITY_ACTIVITY, other.id, 0, &other));
    use = told(w, (struct use){.thing = deal, .actor = w->owner}, NULL, 0);
    assert_int_equal(use.activities, 1);
    use = told(w, (struct use){.thing = deal, .actor = id_of(w, "bob")}, NULL, 0);
    assert_int_equal(use.activities, 1);
}

void what_others_changed_since_its_creation_is_told(struct contract_world *w)
{
    struct use question = {
        .thing = id_of(w, "deal"), .actor = id_of(w, "anna"), .undoes = id_of(w, "made")};
    happened(w, EVENT_FIELD, "deal", "bob", "long ago", STR("title"));
    happened(w, EVENT_CREATED, "deal", "anna", "made", STR_NONE);
    struct use use = told(w, question, NULL, 0);
    assert_changed(&use, ""); /* what was before is of an earlier life of that id */
    happened(w, EVENT_FIELD, "deal", "anna", "own", STR("value"));
    happened(w, EVENT_FIELD, "another deal", "bob", "elsewhere", STR("value"));
    use = told(w, question, NULL, 0);
    assert_changed(&use, "");
    happened(w, EVENT_FIELD, "deal", "bob", "b1", STR("tags"));
    happened(w, EVENT_FIELD, "deal", "bob", "b2", STR("next_step"));
    happened(w, EVENT_FIELD, "deal", "cem", "c1", STR("tags"));
    happened(w, EVENT_STAGE, "deal", "bob", "b3", STR_NONE);
    use = told(w, question, NULL, 0);
    assert_changed(&use, "next_step|stage|tags");
    happened(w, EVENT_DELETED, "deal", "cem", "c2", STR_NONE);
    happened(w, EVENT_CREATED, "deal", "cem", "c3", STR_NONE);
    use = told(w, question, NULL, 0);
    assert_changed(&use, "created|deleted|next_step|stage|tags");
    question.undoes = id_of(w, "own"); /* not a creation: it takes back nothing of a creation */
    use = told(w, question, NULL, 0);
    assert_changed(&use, "created|deleted|next_step|stage|tags|title");
    question.undoes = (struct uuid){{0}};
    use = told(w, question, NULL, 0);
    assert_changed(&use, "");
}
