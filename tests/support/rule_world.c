/* rule_world.c - see rule_world.h. */
#include "tests/support/rule_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const int64_t DAY_MS = INT64_C(86400000);

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

struct uuid world_id(const char *name)
{
    return uuid_derive((struct uuid){{1}}, str_from(name));
}

static void definition_build(struct rule_world *w)
{
    static struct gate contact[] = {{STR_INIT("org|contact")}};
    static struct gate qualification[] = {{STR_INIT("check:interest")}};
    static struct gate proposal[] = {{STR_INIT("value")}, {STR_INIT("expected_close")}};
    static struct gate negotiation[] = {{STR_INIT("source")}};
    static struct gate closing[] = {{STR_INIT("next_step")}};
    static struct gate won[] = {{STR_INIT("value")}};
    static struct gate lost[] = {{STR_INIT("lost_reason")}};
    static struct gate talk[] = {{STR_INIT("contact")}};
    struct stage sales[] = {
        {.key = STR("lead"), .name = STR("Lead"), .kind = STAGE_LEAD},
        {.key = STR("contact"),
         .name = STR("Contact"),
         .kind = STAGE_OPEN,
         .gates = contact,
         .gate_count = COUNT_OF(contact)},
        {.key = STR("qualification"),
         .name = STR("Qualification"),
         .kind = STAGE_OPEN,
         .gates = qualification,
         .gate_count = COUNT_OF(qualification),
         .back = BACK_MANAGER},
        {.key = STR("proposal"),
         .name = STR("Proposal"),
         .kind = STAGE_OPEN,
         .gates = proposal,
         .gate_count = COUNT_OF(proposal)},
        {.key = STR("negotiation"),
         .name = STR("Negotiation"),
         .kind = STAGE_OPEN,
         .removed = true,
         .successor = STR("proposal"),
         .gates = negotiation,
         .gate_count = COUNT_OF(negotiation)},
        {.key = STR("closing"),
         .name = STR("Closing"),
         .kind = STAGE_OPEN,
         .gates = closing,
         .gate_count = COUNT_OF(closing),
         .back = BACK_NEVER},
        {.key = STR("won"),
         .name = STR("Won"),
         .kind = STAGE_WON,
         .gates = won,
         .gate_count = COUNT_OF(won)},
        {.key = STR("lost"),
         .name = STR("Lost"),
         .kind = STAGE_LOST,
         .gates = lost,
         .gate_count = COUNT_OF(lost)},
    };
    struct stage renewal[] = {
        {.key = STR("talk"),
         .name = STR("Talk"),
         .kind = STAGE_OPEN,
         .gates = talk,
         .gate_count = COUNT_OF(talk),
         .skip_forbidden = true},
        {.key = STR("sign"), .name = STR("Sign"), .kind = STAGE_OPEN},
        {.key = STR("signed"), .name = STR("Signed"), .kind = STAGE_WON},
        {.key = STR("dropped"), .name = STR("Dropped"), .kind = STAGE_LOST},
    };
    struct stage_check checks[] = {{STR("interest"), STR("Interest")},
                                   {STR("budget"), STR("They have a budget")}};
    struct pipeline pipelines[] = {
        {.key = STR("sales"),
         .name = STR("Sales"),
         .stages = sales,
         .stage_count = COUNT_OF(sales),
         .checks = checks,
         .check_count = COUNT_OF(checks)},
        {.key = STR("renewal"),
         .name = STR("Renewal"),
         .stages = renewal,
         .stage_count = COUNT_OF(renewal)},
    };
    struct definition definition = {.id = world_id("team"),
                                    .version = 1,
                                    .pipelines = pipelines,
                                    .pipeline_count = COUNT_OF(pipelines)};
    assert_int_equal(definition_copy(&w->arena, &definition, &w->definition), FAULT_NONE);
}

void world_init(struct rule_world *w)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->arena, 256 * 1024 * 1024);
    w->recorded = INT64_C(1772452800000); /* 2026-03-02T12:00:00Z */
    w->team = (struct team){.id = world_id("team"), .name = STR("Team"), .currency = STR("EUR")};
    definition_build(w);
    assert_int_equal(state_init(&w->state, &w->arena, &w->team, &w->definition), FAULT_NONE);
    static const struct {
        const char *name, *fields;
    } members[] = {
        {"boss", "name=Boss;role=owner"},
        {"lead", "name=Lead;role=manager"},
        {"rep", "name=Rep;role=rep"},
        {"other", "name=Other;role=rep"},
        {"looker", "name=Looker;role=viewer"},
        {"ghost", "name=Ghost;role=rep;imported=true"},
        {"leaver", "name=Leaver;role=rep;removed=true"},
    };
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        world_put(w, ENTITY_MEMBER, members[i].name, members[i].fields);
    }
    world_put(w, ENTITY_ORGANISATION, "acme", "name=Acme;created_by=rep");
    world_put(w, ENTITY_ORGANISATION, "zenith", "name=Zenith;created_by=other");
    world_put(w, ENTITY_PERSON, "ann", "name=Ann;org=acme;created_by=rep");
}

void world_finish(struct rule_world *w)
{
    arena_finish(&w->arena);
}

/* --- values as text --- */

static struct value world_value(struct rule_world *w, const struct field *field, struct str text)
{
    struct value value = value_absent(field->type);
    if (text.n == 0) return value;
    int64_t number;
    if (field->type == VALUE_REFERENCE) {
        return value_reference(world_id(arena_str(&w->arena, text).p));
    }
    if (field->type == VALUE_CHOICE && str_to_int64(text, &number)) {
        number = field_choice_value(field, text);
        if (number == 0) fail_msg("no choice \"%.*s\" of %s", STR_ARGS(text), field->name);
        return value_number(VALUE_CHOICE, number);
    }
    if (field->type == VALUE_TIME) {
        assert_int_equal(str_to_int64(text, &number), FAULT_NONE);
        return value_number(VALUE_TIME, w->recorded + number * DAY_MS);
    }
    if (value_parse(&w->arena, field->type, text, &value)) {
        fail_msg("%s cannot be \"%.*s\"", field->name, STR_ARGS(text));
    }
    return value;
}

static const struct field *world_field(enum entity_kind kind, struct str name)
{
    const struct field *field = field_by_name(kind, name);
    if (!field) fail_msg("no field \"%.*s\"", STR_ARGS(name));
    return field;
}

void world_write(struct rule_world *w, enum entity_kind kind, void *entity, const char *fields)
{
    struct str rest = str_from(fields), part;
    while (str_split(&rest, ';', &part)) {
        if (part.n == 0) continue;
        size_t at = str_find(part, '=');
        const struct field *field = world_field(kind, str_slice(part, 0, at));
        field_set(field, entity, world_value(w, field, str_slice(part, at + 1, part.n)));
    }
}

void *world_put(struct rule_world *w, enum entity_kind kind, const char *name, const char *fields)
{
    void *entity = arena_alloc(&w->arena, entity_size(kind));
    assert_non_null(entity);
    struct uuid id = world_id(name);
    field_set(world_field(kind, STR("id")), entity, value_reference(id));
    world_write(w, kind, entity, fields);
    assert_int_equal(state_put(&w->state, kind, id, entity), FAULT_NONE);
    return entity;
}

void world_trace(struct rule_world *w, const char *mutation, const char *actor, const char *target,
                 const char *fields)
{
    struct event *event = arena_alloc(&w->arena, sizeof *event);
    assert_non_null(event);
    world_write(w, ENTITY_EVENT, event, fields);
    event->subject = world_id(target);
    event->subject_kind = ENTITY_DEAL;
    event->who = world_id(actor);
    event->mutation = world_id(mutation);
    assert_int_equal(state_put_trace(&w->state, event), FAULT_NONE);
}

struct deal *world_deal(struct rule_world *w, const char *name, const char *fields)
{
    struct deal *deal = world_put(
        w, ENTITY_DEAL, name,
        "title=Roof;org=acme;contact=ann;pipeline=sales;stage=contact;status=open;value=10000;"
        "currency=EUR;owner=rep;expected_close=2026-04-30;next_step=call;checks=interest;"
        "created_by=rep;created_at=-30;stage_entered_at=-10;stage_changed_at=-10");
    world_write(w, ENTITY_DEAL, deal, fields);
    return deal;
}

void assert_fields(struct rule_world *w, enum entity_kind kind, const void *entity,
                   const char *fields)
{
    assert_non_null(entity);
    struct str rest = str_from(fields), part;
    while (str_split(&rest, ';', &part)) {
        if (part.n == 0) continue;
        size_t at = str_find(part, '=');
        const struct field *field = world_field(kind, str_slice(part, 0, at));
        struct value want = world_value(w, field, str_slice(part, at + 1, part.n));
        struct value have = field_get(field, entity);
        if (value_equal(have, want)) continue;
        struct str text;
        assert_int_equal(value_format(&w->arena, have, &text), FAULT_NONE);
        fail_msg("expected %.*s, it is \"%.*s\"", STR_ARGS(part), STR_ARGS(text));
    }
}

/* --- mutations --- */

static struct edit *edit_add(struct rule_world *w, struct mutation *mutation,
                             const struct field *field)
{
    for (size_t i = 0; i < mutation->edit_count; i++) {
        bool set = field->type == VALUE_SET;
        if (set && mutation->edits[i].field == field) return &mutation->edits[i];
    }
    struct edit *edits = arena_array(&w->arena, mutation->edit_count + 1, sizeof *edits);
    assert_non_null(edits);
    if (mutation->edits) memcpy(edits, mutation->edits, mutation->edit_count * sizeof *edits);
    mutation->edits = edits;
    struct edit *edit = &edits[mutation->edit_count++];
    *edit = (struct edit){.tag = field->tag,
                          .field = field,
                          .base = value_absent(field->type),
                          .want = value_absent(field->type)};
    return edit;
}

static void set_item_add(struct rule_world *w, struct text_set *set, struct str item)
{
    struct str *items = arena_array(&w->arena, set->count + 1, sizeof *items);
    assert_non_null(items);
    if (set->count > 0) memcpy(items, set->items, set->count * sizeof *items);
    items[set->count] = item;
    *set = (struct text_set){items, set->count + 1};
}

static void edit_parse(struct rule_world *w, struct mutation *mutation, const void *stands,
                       struct str text)
{
    size_t at = 0;
    while (at < text.n && !strchr("=:+-", text.p[at])) at++;
    assert_true(at < text.n);
    const struct field *field =
        world_field((enum entity_kind)mutation->entity, str_slice(text, 0, at));
    struct edit *edit = edit_add(w, mutation, field);
    struct str value = str_slice(text, at + 1, text.n);
    if (text.p[at] == '+') {
        set_item_add(w, &edit->add, value);
    } else if (text.p[at] == '-') {
        set_item_add(w, &edit->remove, value);
    } else if (text.p[at] == '=') {
        if (stands) edit->base = field_get(field, stands);
        edit->want = world_value(w, field, value);
    } else {
        size_t arrow = str_find(value, '>');
        edit->base = world_value(w, field, str_slice(value, 0, arrow));
        edit->want = world_value(w, field, str_slice(value, arrow + 1, value.n));
    }
}

struct mutation world_mutation(struct rule_world *w, enum mutation_kind kind,
                               enum entity_kind entity, const char *target, const char *edits)
{
    char name[32];
    snprintf(name, sizeof name, "mutation %u", w->mutations++);
    struct mutation mutation = {
        .id = world_id(name),
        .kind = kind,
        .entity = entity,
        .target = world_id(target),
        .acted_at = {true, w->recorded - 3600 * 1000},
    };
    const void *stands = state_find(&w->state, entity, mutation.target);
    struct str rest = str_from(edits), part;
    while (str_split(&rest, ';', &part)) {
        if (part.n > 0) edit_parse(w, &mutation, stands, part);
    }
    return mutation;
}

struct change world_decide(struct rule_world *w, const char *actor, const struct mutation *mutation)
{
    struct decision_context context = {
        .actor = state_find(&w->state, ENTITY_MEMBER, world_id(actor)),
        .recorded_at = w->recorded,
        .predicted = w->predicted,
    };
    struct change change;
    assert_non_null(context.actor);
    assert_int_equal(decide(&w->arena, &w->state, &context, mutation, STR("payload"), &change),
                     FAULT_NONE);
    return change;
}

void world_apply(struct rule_world *w, const struct change *change)
{
    assert_int_equal(apply(&w->state, change), FAULT_NONE);
}

struct change world_do(struct rule_world *w, const char *actor, const struct mutation *mutation)
{
    struct change change = world_decide(w, actor, mutation);
    world_apply(w, &change);
    return change;
}

/* --- looking at results --- */

const char *world_reasons(struct rule_world *w, const struct change *change)
{
    struct str text;
    assert_int_equal(reasons_format(&w->arena, &change->reasons, &text), FAULT_NONE);
    return text.p ? arena_str(&w->arena, text).p : "";
}

const void *world_find(struct rule_world *w, enum entity_kind kind, const char *name)
{
    return state_find(&w->state, kind, world_id(name));
}

const struct inbox_item *world_item(struct rule_world *w, struct uuid id)
{
    return state_find(&w->state, ENTITY_INBOX, id);
}

static const void *change_nth(const struct change *change, enum entity_kind kind, size_t n)
{
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind == kind && n-- == 0) return change->rows[i].entity;
    }
    return NULL;
}

const struct event *change_event(const struct change *change, size_t n)
{
    return change_nth(change, ENTITY_EVENT, n);
}

const struct inbox_item *change_item(const struct change *change, size_t n)
{
    return change_nth(change, ENTITY_INBOX, n);
}

const char *outcome_name(enum outcome_kind outcome)
{
    const char *name =
        field_choice_name(field_by_name(ENTITY_OUTCOME, STR("kind")), (int64_t)outcome);
    return name ? name : "none";
}
