/* test_effect.c - the oracle's second judgement of single mutations: each row of the table is an answer
 * a server might give, right or wrong, and the oracle must say which.
 *
 * A deal of one rep stands in `contact`, of source `fair`, tagged `old`; then one mutation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/by_hand.h"
#include "tests/simulation/check_inside.h"

/* What is done, beside the answer. */
enum done {
    DONE_NOTHING = 0,
    DONE_SOURCE = 1 << 0,    /* the source becomes `web` */
    DONE_STAGE = 1 << 1,     /* it moves to `lead` */
    DONE_TITLE = 1 << 2,     /* the title becomes `Wall` */
    DONE_TAG = 1 << 3,       /* `new` beside `old` */
    DONE_TAG_ONLY = 1 << 4,  /* `new` in place of `old` */
    DONE_RECORD = 1 << 5,    /* of a conflict over the source: ads, web, fair */
    DONE_RECORD_WRONG = 1 << 6, /* with what was seen as what was wanted */
    DONE_PARKED = 1 << 7,    /* kept for its author */
    DONE_DELETED = 1 << 8,
    DONE_OWNER = 1 << 9,     /* it becomes the other rep's */
};

/* What is wanted. */
enum wish { WISH_SOURCE, WISH_SOURCE_STALE, WISH_STAGE, WISH_STAGE_STALE, WISH_TAG, WISH_DELETE,
            WISH_OWNER };

struct effect_case {
    const char *claim;
    enum wish wish;
    int done;
    enum outcome_kind outcome;
    bool right;
    uint8_t actor; /* 0: the rep whose deal it is */
};

static const struct effect_case cases[] = {
    {"an edit is done", WISH_SOURCE, DONE_SOURCE, OUTCOME_APPLIED, true, 0},
    {"an edit is answered and not done", WISH_SOURCE, DONE_NOTHING, OUTCOME_APPLIED, false, 0},
    {"an edit is called merged", WISH_SOURCE, DONE_SOURCE, OUTCOME_MERGED, false, 0},
    {"something else changes too", WISH_SOURCE, DONE_SOURCE | DONE_TITLE, OUTCOME_APPLIED, false, 0},
    {"a viewer edits", WISH_SOURCE, DONE_SOURCE, OUTCOME_APPLIED, false, 10},
    {"a parked edit changes something", WISH_SOURCE, DONE_SOURCE | DONE_PARKED, OUTCOME_PARKED,
     false, 0},
    {"a conflict is recorded", WISH_SOURCE_STALE, DONE_RECORD, OUTCOME_CONFLICT, true, 0},
    {"a conflict is won", WISH_SOURCE_STALE, DONE_SOURCE, OUTCOME_APPLIED, false, 0},
    {"a conflict is not recorded", WISH_SOURCE_STALE, DONE_NOTHING, OUTCOME_APPLIED, false, 0},
    {"a record holds what was seen as what was wanted", WISH_SOURCE_STALE, DONE_RECORD_WRONG,
     OUTCOME_CONFLICT, false, 0},
    {"a conflict is told of that is none", WISH_SOURCE, DONE_SOURCE | DONE_RECORD,
     OUTCOME_CONFLICT, false, 0},
    {"a deal moves", WISH_STAGE, DONE_STAGE, OUTCOME_APPLIED, true, 0},
    {"a deal that others moved is parked", WISH_STAGE_STALE, DONE_PARKED, OUTCOME_PARKED, true, 0},
    {"a deal that others moved is moved", WISH_STAGE_STALE, DONE_STAGE, OUTCOME_APPLIED, false, 0},
    {"a deal that others moved stays, and nobody is told", WISH_STAGE_STALE, DONE_NOTHING,
     OUTCOME_APPLIED, false, 0},
    {"a set grows", WISH_TAG, DONE_TAG, OUTCOME_APPLIED, true, 0},
    {"a set loses what others put there", WISH_TAG, DONE_TAG_ONLY, OUTCOME_APPLIED, false, 0},
    {"a deal is deleted by its owner", WISH_DELETE, DONE_DELETED, OUTCOME_APPLIED, true, 0},
    {"a deal is deleted by somebody else", WISH_DELETE, DONE_DELETED, OUTCOME_APPLIED, false, 8},
    {"a deletion is answered and not done", WISH_DELETE, DONE_NOTHING, OUTCOME_APPLIED, false, 0},
    {"a deal is given away by its owner", WISH_OWNER, DONE_OWNER, OUTCOME_APPLIED, true, 0},
    {"a deal is given away by somebody else", WISH_OWNER, DONE_OWNER, OUTCOME_APPLIED, false, 8},
};

struct scene_by_hand {
    struct by_hand hand;
    struct deal deal;
    struct event events[6];
    size_t event_count;
    struct inbox_item item;
    struct uuid actor;
};

static struct text_set set_of(struct scene_by_hand *s, size_t count, const char *a, const char *b)
{
    struct str *items = arena_array(&s->hand.arena, 2, sizeof *items);
    check(items != NULL);
    items[0] = str_from(a);
    if (count > 1) items[1] = str_from(b);
    return (struct text_set){items, count};
}

static struct event *tell(struct scene_by_hand *s, enum event_what what, uint8_t mutation)
{
    struct event *event = &s->events[s->event_count++];
    *event = (struct event){.subject = HAND_DEAL,
                            .subject_kind = ENTITY_DEAL,
                            .what = what,
                            .who = s->actor,
                            .mutation = by_hand_id(mutation),
                            .pipeline = STR("sales")};
    by_hand_put(&s->hand, ENTITY_EVENT, HAND_DEAL, mutation + 1, event);
    s->hand.rows[s->hand.count - 1].n = (uint32_t)(s->event_count - 1);
    return event;
}

static void tell_field(struct scene_by_hand *s, const char *field, const char *from, const char *to)
{
    struct event *event = tell(s, EVENT_FIELD, 2);
    event->field = str_from(field);
    event->from_value = str_from(from);
    event->to_value = str_from(to);
}

static void deal_make(struct scene_by_hand *s)
{
    struct edit edits[4] = {by_hand_text("title", "", "Roof"), by_hand_text("source", "", "fair"),
                            by_hand_text("stage", "", "contact"), by_hand_text("tags", "", "")};
    struct edit firm = by_hand_text("org", "", "");
    firm.base = value_absent(VALUE_REFERENCE);
    firm.want = value_reference(HAND_FIRM);
    edits[3].base = edits[3].want = value_absent(VALUE_SET);
    edits[3].add = set_of(s, 1, "old", "");
    struct edit all[5] = {edits[0], firm, edits[1], edits[2], edits[3]};
    struct mutation mutation = by_hand_mutation(1, MUTATION_CREATE, all, 5);
    s->actor = HAND_REP;
    s->deal = (struct deal){.id = HAND_DEAL,
                            .title = STR("Roof"),
                            .organisation = HAND_FIRM,
                            .owner = HAND_REP,
                            .created_by = HAND_REP,
                            .pipeline = STR("sales"),
                            .stage = STR("contact"),
                            .status = STATUS_OPEN,
                            .source = STR("fair"),
                            .tags = set_of(s, 1, "old", "")};
    by_hand_made(&s->hand, 1, &mutation);
    by_hand_put(&s->hand, ENTITY_DEAL, HAND_DEAL, 2, &s->deal);
    struct event *event = tell(s, EVENT_CREATED, 1);
    event->to_stage = STR("contact");
    event->to_status = STATUS_OPEN;
    by_hand_answer(&s->hand, 2, 1, 1, OUTCOME_APPLIED, HAND_REP);
    by_hand_commit(&s->hand, 1, 2);
    s->event_count = 0;
}

static void wish_make(struct scene_by_hand *s, enum wish wish)
{
    struct edit edit = by_hand_text("source", "fair", "web");
    enum mutation_kind kind = MUTATION_EDIT;
    switch (wish) {
    case WISH_SOURCE: break;
    case WISH_SOURCE_STALE: edit = by_hand_text("source", "ads", "web"); break;
    case WISH_STAGE: edit = by_hand_text("stage", "contact", "lead"); break;
    case WISH_STAGE_STALE: edit = by_hand_text("stage", "qualification", "lead"); break;
    case WISH_TAG:
        edit = by_hand_text("tags", "", "");
        edit.base = edit.want = value_absent(VALUE_SET);
        edit.add = set_of(s, 1, "new", "");
        break;
    case WISH_DELETE: kind = MUTATION_DELETE; break;
    case WISH_OWNER:
        edit = by_hand_text("owner", "", "");
        edit.base = value_reference(HAND_REP);
        edit.want = value_reference(HAND_OTHER);
        break;
    }
    struct mutation mutation = by_hand_mutation(2, kind, &edit, kind == MUTATION_DELETE ? 0 : 1);
    by_hand_made(&s->hand, 2, &mutation);
}

static void item_put(struct scene_by_hand *s, enum inbox_kind kind, const char *mine)
{
    s->item = (struct inbox_item){.id = {{77}},
                                  .kind = kind,
                                  .state = INBOX_OPEN,
                                  .subject_kind = ENTITY_DEAL,
                                  .subject = HAND_DEAL,
                                  .payload = s->hand.payloads[2],
                                  .mutation = by_hand_id(2),
                                  .author = s->actor};
    if (kind == INBOX_CONFLICT) {
        s->item.field = STR("source");
        s->item.base = STR("ads");
        s->item.mine = str_from(mine);
        s->item.theirs = STR("fair");
    }
    by_hand_put(&s->hand, ENTITY_INBOX, s->item.id, 3, &s->item);
}

static void owner_change(struct scene_by_hand *s)
{
    char from[UUID_TEXT_LENGTH + 1], to[UUID_TEXT_LENGTH + 1];
    uuid_format(HAND_REP, from);
    uuid_format(HAND_OTHER, to);
    struct event *event = tell(s, EVENT_FIELD, 2);
    event->field = STR("owner");
    event->from_value = arena_str(&s->hand.arena, str_from(from));
    event->to_value = arena_str(&s->hand.arena, str_from(to));
    s->deal.owner = HAND_OTHER;
}

static void do_it(struct scene_by_hand *s, int done)
{
    const int changes = DONE_SOURCE | DONE_STAGE | DONE_TITLE | DONE_TAG | DONE_TAG_ONLY |
                        DONE_OWNER;
    if (done & DONE_STAGE) {
        struct event *event = tell(s, EVENT_STAGE, 2);
        event->from_stage = STR("contact");
        event->to_stage = STR("lead");
        event->from_status = event->to_status = STATUS_OPEN;
        s->deal.stage = STR("lead");
    }
    if (done & DONE_SOURCE) tell_field(s, "source", "fair", "web");
    if (done & DONE_SOURCE) s->deal.source = STR("web");
    if (done & DONE_TITLE) tell_field(s, "title", "Roof", "Wall");
    if (done & DONE_TITLE) s->deal.title = STR("Wall");
    if (done & DONE_TAG) tell_field(s, "tags", "old", "new,old");
    if (done & DONE_TAG) s->deal.tags = set_of(s, 2, "new", "old");
    if (done & DONE_TAG_ONLY) tell_field(s, "tags", "old", "new");
    if (done & DONE_TAG_ONLY) s->deal.tags = set_of(s, 1, "new", "");
    if (done & DONE_OWNER) owner_change(s);
    if (done & DONE_RECORD) item_put(s, INBOX_CONFLICT, "web");
    if (done & DONE_RECORD_WRONG) item_put(s, INBOX_CONFLICT, "ads");
    if (done & DONE_PARKED) item_put(s, INBOX_PARKED, "");
    if (done & DONE_DELETED) (void)tell(s, EVENT_DELETED, 2);
    if (done & DONE_DELETED) by_hand_put(&s->hand, ENTITY_DEAL, HAND_DEAL, 3, NULL);
    if (done & changes) by_hand_put(&s->hand, ENTITY_DEAL, HAND_DEAL, 3, &s->deal);
}

static bool holds(const struct effect_case *one)
{
    struct scene_by_hand s = {.event_count = 0};
    by_hand_open(&s.hand);
    deal_make(&s);
    assert_true(by_hand_holds(&s.hand));
    s.actor = one->actor > 0 ? (struct uuid){{one->actor}} : HAND_REP;
    wish_make(&s, one->wish);
    do_it(&s, one->done);
    struct outcome *outcome = by_hand_answer(&s.hand, 3, 2, 2, one->outcome, s.actor);
    if (one->outcome == OUTCOME_PARKED) outcome->reasons = STR("changed_meanwhile");
    by_hand_commit(&s.hand, 2, 3);
    bool ok = by_hand_holds(&s.hand);
    by_hand_close(&s.hand);
    return ok;
}

static void what_was_done_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (holds(&cases[i]) != cases[i].right)
            fail_msg("%s: %s", cases[i].right ? "held against it" : "not noticed", cases[i].claim);
    }
}

/* Who sees what, from the table of the manual. */
static void sight_is_judged(void **state)
{
    (void)state;
    struct member owner = {.role = ROLE_OWNER}, rep = {.id = {{7}}, .role = ROLE_REP};
    struct member gone = {.role = ROLE_OWNER, .removed = true};
    struct inbox_item item = {.author = {{8}}}, told = {.concerned = {{7}}};
    struct device device = {.member = {{8}}};
    struct deal deal = {.owner = {{8}}};
    assert_true(oracle_sees(&owner, ENTITY_INBOX, &item));
    assert_false(oracle_sees(&rep, ENTITY_INBOX, &item));
    assert_true(oracle_sees(&rep, ENTITY_INBOX, &told));
    assert_false(oracle_sees(&rep, ENTITY_DEVICE, &device));
    assert_true(oracle_sees(&owner, ENTITY_DEVICE, &device));
    assert_true(oracle_sees(&rep, ENTITY_DEAL, &deal));
    assert_false(oracle_sees(&gone, ENTITY_DEAL, &deal));
    assert_false(oracle_sees(NULL, ENTITY_DEAL, &deal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_done_is_judged),
                                       cmocka_unit_test(sight_is_judged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
