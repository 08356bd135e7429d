/* acts.c - one thing a person does: a mutation made from what their copy shows. See acts.h. */
#include "tests/simulation/world.h"
#include "tests/simulation/acts.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/acts_inside.h"
#include "tests/simulation/tell.h"

#include "common/base/banned.h"

enum { PICK_TRIES = 6 };

static const size_t ACT_BYTES_MAX = (size_t)64 * 1024 * 1024;

void act_begin(struct act *act, enum mutation_kind kind, enum entity_kind entity,
               struct uuid target, const char *summary)
{
    struct now now = laptop_now(act->world, act->laptop);
    uint64_t wall = now.wall_ms > 0 ? (uint64_t)now.wall_ms : 0;
    act->summary = summary;
    act->mutation = (struct mutation){
        .id = uuid_v7(wall, &act->world->random),
        .kind = kind,
        .entity = entity,
        .target = uuid_is_zero(target) ? uuid_v7(wall, &act->world->random) : target,
        .acted_at = {true, now.wall_ms},
        .definition_version = 1,
        .edits = act->edits,
    };
}

struct edit *act_edit(struct act *act, const char *name, const void *before)
{
    check(act->mutation.edit_count < EDITS_MAX);
    const struct field *field =
        field_by_name((enum entity_kind)act->mutation.entity, str_from(name));
    check(field != NULL);
    struct edit *edit = &act->edits[act->mutation.edit_count++];
    *edit = (struct edit){.tag = field->tag,
                          .field = field,
                          .base = value_absent(field->type),
                          .want = value_absent(field->type)};
    if (before && field->type != VALUE_SET) edit->base = field_get(field, before);
    return edit;
}

void act_text(struct act *act, const char *name, const void *before, struct str text)
{
    struct edit *edit = act_edit(act, name, before);
    edit->want = value_text(text);
}

void act_number(struct act *act, const char *name, const void *before, int64_t number)
{
    struct edit *edit = act_edit(act, name, before);
    edit->want = value_number(edit->field->type, number);
}

void act_reference(struct act *act, const char *name, const void *before, struct uuid id)
{
    act_edit(act, name, before)->want = value_reference(id);
}

void act_set(struct act *act, const char *name, struct str item, bool remove)
{
    struct edit *edit = act_edit(act, name, NULL);
    struct str *items = arena_copy(&act->arena, &item, sizeof item);
    check(items != NULL);
    *(remove ? &edit->remove : &edit->add) = (struct text_set){items, 1};
}

static bool act_is_queued(struct act *act, struct outbox_entry *entry)
{
    struct replica *inner = act->world->laptops[act->laptop].disk.inner;
    return inner->f->outbox_find(inner, &act->arena, act->mutation.id, entry) == FAULT_NONE;
}

static void made_note(struct act *act)
{
    if (act->mutation.kind != MUTATION_CREATE && act->mutation.kind != MUTATION_IMPORT) return;
    if (act->mutation.entity >= ENTITY_COUNT) return; /* of a newer version */
    struct made_of_world *made = &act->world->made[act->mutation.entity];
    if (made->count == made->cap) {
        made->cap = made->cap ? made->cap * 2 : 64;
        made->ids = realloc(made->ids, made->cap * sizeof *made->ids);
        check(made->ids != NULL);
    }
    made->ids[made->count++] = act->mutation.target;
}

/* What stands in the outbox was made, whatever the person was told: a commit that was torn may
 * be durable. */
static bool act_promise(struct act *act, enum fault fault, bool expected, const char *what)
{
    struct world *world = act->world;
    bool told = fault == FAULT_BUSY || fault == FAULT_IO || fault == FAULT_FULL;
    if (fault && !told && !world->laptops[act->laptop].revoked) /* whose copy may be empty by now */
        world_fail(world, "%s fails: %s", act->summary, fault_name(fault));
    bool torn = disk_crashed(&world->laptops[act->laptop].disk);
    struct outbox_entry entry;
    bool queued = act_is_queued(act, &entry);
    char wishes[TELL_BYTES];
    tell_wishes(wishes, &act->mutation);
    world_tell(world, "%s on laptop %zu: %s%s%s", act->person->name, act->laptop, act->summary,
               wishes, what);
    bool unsure = fault && world->options.files; /* an error at the end of a commit */
    if (!torn && !unsure && queued != expected)
        world_fail(world, "%s: %s in the outbox (%s)", act->summary,
                   queued ? "refused, and yet it is" : "made, and yet it is not",
                   fault_name(fault));
    if (!queued) return false;
    oracle_promise(world, act->mutation.id, entry.payload, act->laptop);
    act->person->made++;
    made_note(act);
    return !fault;
}

bool act_submit(struct act *act)
{
    struct change change = {.outcome = OUTCOME_NONE};
    enum fault fault =
        outbox_submit(act->replica, &act->arena, &act->mutation, str_from(act->summary),
                      laptop_now(act->world, act->laptop), &change);
    world_fact(act->world, act->summary, act->laptop, (uint64_t)fault << 8 | change.outcome);
    if (fault) return act_promise(act, fault, false, " (fails)");
    if (change.outcome == OUTCOME_PARKED) return act_promise(act, fault, false, " (refused)");
    bool nothing = change.row_count == 0 && change.outcome != OUTCOME_CONFLICT &&
                   act->mutation.kind != MUTATION_INVITE;
    return act_promise(act, fault, !nothing, nothing ? " (nothing to do)" : "");
}

static enum fault force(struct act *act, struct str payload)
{
    struct replica *replica = act->replica;
    struct now now = laptop_now(act->world, act->laptop);
    struct identity identity;
    enum fault fault = replica->f->identity_load(replica, &act->arena, &identity);
    if (fault) return fault;
    struct outbox_entry entry = {.number = identity.next_number++,
                                 .mutation = act->mutation.id,
                                 .payload = payload,
                                 .made_at = now.wall_ms,
                                 .summary = str_from(act->summary)};
    fault = replica->f->outbox_add(replica, &entry);
    if (!fault) fault = replica->f->identity_store(replica, &identity);
    return fault ? fault : outbox_rebase(replica, &act->arena, now);
}

bool act_force(struct act *act)
{
    struct replica *replica = act->replica;
    struct buffer packed;
    buffer_init(&packed, MUTATION_BYTES_MAX);
    enum fault fault = codec_mutation_pack(&act->mutation, &packed);
    check(fault == FAULT_NONE);
    fault = replica->f->begin(replica);
    if (!fault) {
        fault = force(act, buffer_str(&packed));
        if (fault)
            replica->f->rollback(replica);
        else
            fault = replica->f->commit(replica);
    }
    buffer_finish(&packed);
    world_fact(act->world, act->summary, act->laptop, (uint64_t)fault);
    return act_promise(act, fault, !fault, fault ? " (fails)" : "");
}

/* --- choosing --- */

struct str act_word(struct act *act, const char *what)
{
    return arena_format(&act->arena, "%s %llu", what,
                        (unsigned long long)world_below(act->world, 1000));
}

const void *act_pick_made(struct act *act, enum entity_kind kind)
{
    const struct made_of_world *made = &act->world->made[kind];
    const void *entity;
    if (made->count == 0) return NULL;
    struct uuid id = made->ids[world_below(act->world, made->count)];
    enum fault fault = act->replica->f->entity(act->replica, &act->arena, kind, id, false, &entity);
    check(fault == FAULT_NONE || fault == FAULT_NOT_FOUND);
    return fault ? NULL : entity;
}

const void *act_pick(struct act *act, enum entity_kind kind)
{
    for (size_t tries = 0; tries < PICK_TRIES && act->world->made[kind].count > 0; tries++) {
        const void *entity = act_pick_made(act, kind);
        if (entity) return entity;
    }
    const void **all;
    size_t count;
    check(act->replica->f->all(act->replica, &act->arena, kind, &all, &count) == FAULT_NONE);
    return count > 0 ? all[world_below(act->world, count)] : NULL;
}

const struct deal *act_pick_deal(struct act *act)
{
    struct deal_filter filter = {.all = world_chance(act->world, 200)};
    for (size_t tries = 0; tries < PICK_TRIES; tries++) {
        const struct deal *deal = act_pick_made(act, ENTITY_DEAL);
        if (deal && (filter.all || deal->status == STATUS_OPEN)) return deal;
    }
    const struct deal **deals;
    size_t count;
    check(act->replica->f->deals(act->replica, &act->arena, &filter, &deals, &count) == FAULT_NONE);
    return count > 0 ? deals[world_below(act->world, count)] : NULL;
}

/* --- things to do --- */

static void do_create_organisation(struct act *act)
{
    act_begin(act, MUTATION_CREATE, ENTITY_ORGANISATION, (struct uuid){{0}}, "org add");
    act_text(act, "name", NULL, act_word(act, "Firm"));
    (void)act_submit(act);
}

static void do_create_person(struct act *act)
{
    const struct organisation *organisation = act_pick(act, ENTITY_ORGANISATION);
    act_begin(act, MUTATION_CREATE, ENTITY_PERSON, (struct uuid){{0}}, "person add");
    act_text(act, "name", NULL, act_word(act, "Person"));
    if (organisation) act_reference(act, "org", NULL, organisation->id);
    (void)act_submit(act);
}

static void do_create_deal(struct act *act)
{
    const struct organisation *organisation = act_pick(act, ENTITY_ORGANISATION);
    act_begin(act, MUTATION_CREATE, ENTITY_DEAL, (struct uuid){{0}}, "deal add");
    act_text(act, "title", NULL, act_word(act, "Roof"));
    if (organisation) act_reference(act, "org", NULL, organisation->id);
    if (world_chance(act->world, 600)) {
        act_number(act, "value", NULL, (int64_t)world_below(act->world, 1000000));
        act_text(act, "currency", NULL, STR("EUR"));
    }
    (void)act_submit(act);
}

static void do_edit_deal(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal edit");
    switch (world_below(act->world, 7)) {
    case 0: act_text(act, "title", deal, act_word(act, "Roof")); break;
    case 1:
        act_number(act, "value", deal, (int64_t)world_below(act->world, 100) * 1000);
        act_text(act, "currency", deal, STR("EUR"));
        break;
    case 2: act_text(act, "source", deal, act_word(act, "fair")); break;
    case 3:
        act_text(act, "next_step", deal, act_word(act, "call"));
        act_number(act, "due", deal, 20600 + (int64_t)world_below(act->world, 60));
        break;
    case 4:
        act_number(act, "expected_close", deal, 20600 + (int64_t)world_below(act->world, 90));
        break;
    case 5: act_set(act, "tags", act_word(act, "tag"), false); break;
    default:
        if (deal->tags.count > 0) act_set(act, "tags", deal->tags.items[0], true);
        act_text(act, "source", deal, STR_NONE);
        break;
    }
    (void)act_submit(act);
}

static void do_check(struct act *act)
{
    static const char *const keys[] = {"interest", "market", "need", "budget",
                                       "timeline", "people", "cycle"};
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal check");
    act_set(act, "checks", str_from(keys[world_below(act->world, 7)]),
            world_chance(act->world, 100));
    (void)act_submit(act);
}

/* A diligent rep: all checks, value and date at once, so that later stages are reached too. */
static void do_qualify(struct act *act)
{
    static const struct str all[] = {STR_INIT("budget"),  STR_INIT("cycle"), STR_INIT("interest"),
                                     STR_INIT("market"),  STR_INIT("need"),  STR_INIT("people"),
                                     STR_INIT("timeline")};
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal qualify");
    struct edit *edit = act_edit(act, "checks", NULL);
    edit->add = (struct text_set){arena_copy(&act->arena, all, sizeof all), 7};
    act_number(act, "value", deal, 5000);
    act_text(act, "currency", deal, STR("EUR"));
    act_number(act, "expected_close", deal, 20650);
    (void)act_submit(act);
}

static void do_move(struct act *act)
{
    static const char *const stages[] = {"lead", "contact", "qualification", "proposal"};
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    struct str to = str_from(stages[world_below(act->world, 4)]);
    if (act->world->weather.definition > 0 && world_chance(act->world, 200))
        to = arena_format(&act->arena, "extra-%llu", (unsigned long long)world_below(act->world, 6));
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal move");
    act_text(act, "stage", deal, to);
    act_edit(act, "status", deal)->want = value_number(VALUE_CHOICE, STATUS_OPEN);
    (void)act_submit(act);
}

static void do_status(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal status");
    static const int64_t wishes[] = {STATUS_WON, STATUS_LOST, STATUS_ICED, STATUS_OPEN,
                                     STATUS_DISCARDED};
    int64_t wish = wishes[world_below(act->world, 5)];
    if (wish == STATUS_OPEN && deal->status != STATUS_ICED)
        act_text(act, "stage", deal, STR("contact"));
    act_number(act, "status", deal, wish);
    if (wish == STATUS_LOST) act_text(act, "lost_reason", deal, act_word(act, "price"));
    if (wish == STATUS_ICED) act_number(act, "wake_date", deal, 20700);
    (void)act_submit(act);
}

static void do_assign(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal assign");
    act_reference(act, "owner", deal, act->world->persons[world_below(act->world, PERSONS)].member);
    (void)act_submit(act);
}

static void do_delete(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    const struct organisation *organisation = act_pick(act, ENTITY_ORGANISATION);
    if (world_chance(act->world, 800) && deal)
        act_begin(act, MUTATION_DELETE, ENTITY_DEAL, deal->id, "deal delete");
    else if (organisation)
        act_begin(act, MUTATION_DELETE, ENTITY_ORGANISATION, organisation->id, "org delete");
    else
        return;
    (void)act_submit(act);
}

static void do_log(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    act_begin(act, MUTATION_CREATE, ENTITY_ACTIVITY, (struct uuid){{0}}, "log");
    act_number(act, "type", NULL, 1 + (int64_t)world_below(act->world, 5));
    act_reference(act, "deal", NULL, deal->id);
    act_text(act, "text", NULL, act_word(act, "spoke about"));
    (void)act_submit(act);
}

static void do_edit_organisation(struct act *act)
{
    const struct organisation *organisation = act_pick(act, ENTITY_ORGANISATION);
    if (!organisation) return;
    act_begin(act, MUTATION_EDIT, ENTITY_ORGANISATION, organisation->id, "org edit");
    act_text(act, "name", organisation, act_word(act, "Firm"));
    act_text(act, "phone", organisation, act_word(act, "+48"));
    (void)act_submit(act);
}

/* Edits a value and at once takes it back: the inverse, marked as an undo. */
static void do_undo(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    struct value before = value_text(deal->source);
    if (!deal->source.p) before = value_absent(VALUE_TEXT);
    struct str wish = act_word(act, "fair");
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "deal edit to undo");
    act_text(act, "source", deal, wish);
    struct uuid done = act->mutation.id;
    if (!act_submit(act)) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "undo");
    struct edit *edit = act_edit(act, "source", NULL);
    edit->base = value_text(wish);
    edit->want = before;
    act->mutation.undoes = done;
    if (act_submit(act)) world_mark(act->world, MARK_UNDO);
}

struct act_choice {
    uint64_t weight;
    void (*act)(struct act *);
};

static const struct act_choice choices[] = {
    {8, do_create_organisation},
    {5, do_create_person},
    {15, do_create_deal},
    {25, do_edit_deal},
    {10, do_check},
    {10, do_qualify},
    {20, do_move},
    {8, do_status},
    {5, do_assign},
    {2, do_delete},
    {8, do_log},
    {5, do_edit_organisation},
    {4, do_undo},
    {8, do_inbox},
    {3, do_edit_activity},
    {5, do_rogue},
    {3, do_import},
    {6, do_invite},
    {4, do_correct},
    {6, do_large},
};

void act_open(struct act *act, struct world *world, size_t laptop)
{
    *act = (struct act){.world = world,
                        .laptop = laptop,
                        .person = &world->persons[world->laptops[laptop].person],
                        .replica = laptop_port(world, laptop)};
    arena_init(&act->arena, ACT_BYTES_MAX);
}

void act_once(struct world *world, size_t laptop)
{
    struct act act;
    act_open(&act, world, laptop);
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) total += choices[i].weight;
    uint64_t drawn = world_below(world, total);
    size_t at = 0;
    while (drawn >= choices[at].weight) drawn -= choices[at++].weight;
    choices[at].act(&act);
    arena_finish(&act.arena);
}
