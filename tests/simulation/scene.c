/* scene.c - see scene.h. */
#define _GNU_SOURCE /* memmem */
#include "tests/simulation/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/domain/merge.h"

#include "common/base/banned.h"

static const size_t SCENE_BYTES_MAX = (size_t)512 * 1024 * 1024;

bool scenario_run(const struct scenario *scenario, const struct world_options *options,
                  uint64_t *hash)
{
    return scenario_told(scenario, options, hash, NULL);
}

bool scenario_told(const struct scenario *scenario, const struct world_options *options,
                   uint64_t *hash, char note[1024])
{
    struct scene *scene = calloc(1, sizeof *scene);
    check(scene != NULL);
    struct world *world = &scene->world;
    struct world_options calm = *options;
    calm.calm = true;
    calm.servers = scenario->servers ? scenario->servers : 1;
    arena_init(&scene->arena, SCENE_BYTES_MAX);
    arena_init(&scene->act.arena, SCENE_BYTES_MAX);
    world_open(world, &calm);
    scene_settle(scene);
    if (!world->failed) scenario->play(scene);
    if (!world->failed) {
        for (size_t i = 0; i < world->laptop_count; i++) world->laptops[i].away = false;
        world->healed = true;
        world->database.held_server = 0;
        actors_heal(world);
        world_settle(world);
    }
    if (!world->failed) world_check_quiet(world);
    if (!world->failed) oracle_check_end(world);
    bool ok = !world->failed;
    if (hash) *hash = world->hash;
    if (note) memcpy(note, scene->note, sizeof scene->note);
    arena_finish(&scene->act.arena);
    arena_finish(&scene->arena);
    world_finish_all(world);
    free(scene);
    return ok;
}

void scene_expect(struct scene *scene, bool holds, const char *what, const char *file, int line)
{
    const char *name = strrchr(file, '/');
    if (!holds) world_fail(&scene->world, "%s:%d: not so: %s", name ? name + 1 : file, line, what);
}

/* --- time and circumstances --- */

void scene_pass(struct scene *scene, uint64_t ms)
{
    world_run_until(&scene->world, scene->world.now_ms + ms, false);
}

void scene_settle(struct scene *scene)
{
    world_settle(&scene->world);
}

void scene_away(struct scene *scene, size_t laptop)
{
    struct world *world = &scene->world;
    world_tell(world, "%s is offline on laptop %zu",
               world->persons[world->laptops[laptop].person].name, laptop);
    laptop_leave(world, laptop);
}

void scene_back(struct scene *scene, size_t laptop)
{
    struct world *world = &scene->world;
    laptop_return(world, laptop);
    if (world->laptops[laptop].sync) {
        sync_poke(world->laptops[laptop].sync, laptop_now(world, laptop));
        laptop_drain(world, laptop);
    }
}

void scene_shut(struct scene *scene, size_t laptop)
{
    laptop_leave(&scene->world, laptop);
    laptop_crash(&scene->world, laptop);
}

void scene_days(struct scene *scene, uint64_t days)
{
    struct world *world = &scene->world;
    bool was_away[LAPTOPS_ROOM];
    for (size_t i = 0; i < world->laptop_count; i++) {
        was_away[i] = world->laptops[i].away;
        scene_shut(scene, i);
    }
    scene_pass(scene, days * 86400000);
    for (size_t i = 0; i < world->laptop_count; i++) {
        laptop_start(world, i, true);
        world->laptops[i].away = was_away[i];
    }
}

void scene_deaf(struct scene *scene, size_t laptop, bool deaf)
{
    scene->world.laptops[laptop].deaf = deaf;
    if (!deaf) service_read(&scene->world, laptop);
}

void scene_cut(struct scene *scene, size_t laptop, bool silent)
{
    struct world *world = &scene->world;
    EXPECT(scene, world->laptops[laptop].connection != 0);
    if (world->laptops[laptop].connection)
        network_cut(world, world->laptops[laptop].connection, silent);
}

void scene_until_seq(struct scene *scene, uint64_t seq)
{
    struct world *world = &scene->world;
    world->stop_seq = seq;
    world_run_until(world, world->now_ms + 3600000, false);
    world->stop_seq = 0;
    EXPECT(scene, world->oracle.seq >= seq);
}

size_t scene_laptop(struct scene *scene, size_t person)
{
    struct world *world = &scene->world;
    operators_invite(world, &world->persons[person]);
    size_t index = laptop_create(world, person);
    laptop_start(world, index, true);
    return index;
}

void scene_prefer(struct scene *scene, size_t laptop, size_t server)
{
    struct world *world = &scene->world;
    struct replica *replica = laptop_port(world, laptop);
    struct identity identity = scene_identity(scene, laptop);
    size_t at = 0;
    while (at < identity.address_count && (size_t)(identity.addresses[at].p[0] - '0') != server) at++;
    check(at < identity.address_count);
    struct str first = identity.addresses[at];
    identity.addresses[at] = identity.addresses[0];
    identity.addresses[0] = first;
    check(replica->f->begin(replica) == FAULT_NONE);
    check(replica->f->identity_store(replica, &identity) == FAULT_NONE);
    check(replica->f->commit(replica) == FAULT_NONE);
    world->laptops[laptop].away = false;
    laptop_crash(world, laptop); /* a program reads them when it starts */
    laptop_start(world, laptop, true);
}

struct definition *scene_definition(struct scene *scene)
{
    struct definition *definition = arena_alloc(&scene->arena, sizeof *definition);
    check(definition && definition_copy(&scene->arena, scene->world.oracle.definition,
                                        definition) == FAULT_NONE);
    definition->version++;
    return definition;
}

void scene_define(struct scene *scene, struct definition *definition)
{
    EXPECT(scene, definition_mistake(&scene->arena, definition).n == 0);
    operators_define(&scene->world, definition);
    definition->version++; /* should it be changed again */
}

struct stage *scene_stage(struct definition *definition, const char *key)
{
    struct pipeline *pipeline = &definition->pipelines[0];
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (str_equal(pipeline->stages[i].key, str_from(key))) return &pipeline->stages[i];
    }
    bug("scene_stage", __FILE__, __LINE__);
}

void scene_gate(struct scene *scene, struct definition *definition, const char *stage,
                const char *requirement)
{
    struct stage *asks = scene_stage(definition, stage);
    struct gate *gates = arena_array(&scene->arena, asks->gate_count + 1, sizeof *gates);
    check(gates != NULL);
    if (asks->gate_count > 0) memcpy(gates, asks->gates, asks->gate_count * sizeof *gates);
    gates[asks->gate_count++] = (struct gate){.requirement = str_from(requirement)};
    asks->gates = gates;
}

/* --- doing --- */

struct act *scene_begin(struct scene *scene, size_t laptop, enum mutation_kind kind,
                        enum entity_kind entity, struct uuid target)
{
    struct world *world = &scene->world;
    struct act *act = &scene->act;
    arena_reset(&act->arena);
    act->world = world;
    act->laptop = laptop;
    act->person = &world->persons[world->laptops[laptop].person];
    act->replica = laptop_port(world, laptop);
    static const char *const words[] = {
        [MUTATION_NONE] = "acts",           [MUTATION_CREATE] = "adds something",
        [MUTATION_EDIT] = "edits",          [MUTATION_DELETE] = "deletes something",
        [MUTATION_IMPORT] = "imports",      [MUTATION_INVITE] = "invites",
        [MUTATION_CLOSE] = "closes an item", [MUTATION_CORRECT] = "corrects",
        [MUTATION_NOTICE] = "tells",         [MUTATION_RESTORE] = "brings something back"};
    act_begin(act, kind, entity, target, words[kind]);
    return act;
}

static struct uuid made(struct scene *scene)
{
    struct world *world = &scene->world;
    size_t laptop = scene->act.laptop;
    if (world->laptops[laptop].sync) {
        sync_poke(world->laptops[laptop].sync, laptop_now(world, laptop));
        laptop_drain(world, laptop);
    }
    return scene->act.mutation.id;
}

struct uuid scene_submit(struct scene *scene)
{
    EXPECT(scene, act_submit(&scene->act));
    return made(scene);
}

struct uuid scene_force(struct scene *scene)
{
    EXPECT(scene, act_force(&scene->act));
    return made(scene);
}

struct uuid scene_organisation(struct scene *scene, size_t laptop, const char *name)
{
    struct act *act =
        scene_begin(scene, laptop, MUTATION_CREATE, ENTITY_ORGANISATION, (struct uuid){{0}});
    act_text(act, "name", NULL, str_from(name));
    (void)scene_submit(scene);
    return act->mutation.target;
}

struct uuid scene_deal(struct scene *scene, size_t laptop, const char *title)
{
    struct uuid organisation = scene_organisation(scene, laptop, title);
    struct act *act = scene_begin(scene, laptop, MUTATION_CREATE, ENTITY_DEAL, (struct uuid){{0}});
    act->summary = title;
    act_text(act, "title", NULL, str_from(title));
    act_reference(act, "org", NULL, organisation);
    (void)scene_submit(scene);
    return act->mutation.target;
}

static const struct deal *seen(struct scene *scene, size_t laptop, struct uuid deal)
{
    const struct deal *before = scene_shown(scene, laptop, deal);
    EXPECT(scene, before != NULL);
    static const struct deal none = {.status = STATUS_OPEN};
    return before ? before : &none;
}

struct uuid scene_edit(struct scene *scene, size_t laptop, struct uuid deal, const char *field,
                       const char *text)
{
    const struct deal *before = seen(scene, laptop, deal);
    struct act *act = scene_begin(scene, laptop, MUTATION_EDIT, ENTITY_DEAL, deal);
    act_text(act, field, before, str_from(text));
    act->summary = field;
    return scene_submit(scene);
}

struct uuid scene_value(struct scene *scene, size_t laptop, struct uuid deal, int64_t value)
{
    const struct deal *before = seen(scene, laptop, deal);
    struct act *act = scene_begin(scene, laptop, MUTATION_EDIT, ENTITY_DEAL, deal);
    act->summary = "value";
    act_number(act, "value", before, value);
    act_text(act, "currency", before, STR("EUR"));
    return scene_submit(scene);
}

struct uuid scene_move(struct scene *scene, size_t laptop, struct uuid deal, const char *stage)
{
    const struct deal *before = seen(scene, laptop, deal);
    struct act *act = scene_begin(scene, laptop, MUTATION_EDIT, ENTITY_DEAL, deal);
    act->summary = stage;
    act_text(act, "stage", before, str_from(stage));
    act_edit(act, "status", before)->want = value_number(VALUE_CHOICE, STATUS_OPEN);
    return scene_submit(scene);
}

struct uuid scene_delete(struct scene *scene, size_t laptop, struct uuid deal)
{
    (void)scene_begin(scene, laptop, MUTATION_DELETE, ENTITY_DEAL, deal);
    return scene_submit(scene);
}

struct uuid scene_log(struct scene *scene, size_t laptop, struct uuid deal, const char *text)
{
    struct act *act =
        scene_begin(scene, laptop, MUTATION_CREATE, ENTITY_ACTIVITY, (struct uuid){{0}});
    act->summary = text;
    act_number(act, "type", NULL, 1);
    act_reference(act, "deal", NULL, deal);
    act_text(act, "text", NULL, str_from(text));
    return scene_submit(scene);
}

struct act *scene_again(struct scene *scene, size_t laptop, const struct inbox_item *item)
{
    struct mutation again;
    check(codec_mutation_unpack(&scene->arena, item->payload, &again) == FAULT_NONE);
    enum entity_kind kind = (enum entity_kind)again.entity;
    const void *stands = NULL;
    if (again.kind == MUTATION_EDIT) stands = seen(scene, laptop, again.target);
    struct act *act =
        scene_begin(scene, laptop, (enum mutation_kind)again.kind, kind, again.target);
    for (size_t i = 0; i < again.edit_count; i++) {
        struct edit *edit = act_edit(act, again.edits[i].field->name, stands);
        edit->want = again.edits[i].want;
        edit->add = again.edits[i].add;
        edit->remove = again.edits[i].remove;
    }
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_RESENT;
    return act;
}

struct uuid scene_discard(struct scene *scene, size_t laptop, const struct inbox_item *item)
{
    struct act *act = scene_begin(scene, laptop, MUTATION_CLOSE, ENTITY_INBOX, item->id);
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_DISCARDED;
    return scene_submit(scene);
}

struct uuid scene_mine(struct scene *scene, size_t laptop, const struct inbox_item *item)
{
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    const struct field *leader = field_by_name(kind, item->field);
    const struct deal *stands = seen(scene, laptop, item->subject);
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count = 0;
    check(leader &&
          unit_parse(&scene->arena, leader, item->mine, values, &count) == FAULT_NONE);
    struct act *act = scene_begin(scene, laptop, MUTATION_EDIT, kind, item->subject);
    for (size_t i = 0; i < count; i++)
        act_edit(act, values[i].field->name, stands)->want = values[i].value;
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_MINE;
    return scene_submit(scene);
}

/* --- looking --- */

const struct deal *scene_shown(struct scene *scene, size_t laptop, struct uuid deal)
{
    struct replica *replica = laptop_port(&scene->world, laptop);
    const void *entity = NULL;
    enum fault fault =
        replica->f->entity(replica, &scene->arena, ENTITY_DEAL, deal, false, &entity);
    EXPECT(scene, fault == FAULT_NONE || fault == FAULT_NOT_FOUND);
    return fault ? NULL : entity;
}

const struct deal *scene_stands(struct scene *scene, struct uuid deal)
{
    return database_deal(&scene->world, deal);
}

static const struct answer *answer_of(struct scene *scene, struct uuid mutation)
{
    struct str key = {(const char *)mutation.b, sizeof mutation.b};
    return map_get(&scene->world.oracle.answers, key);
}

enum outcome_kind scene_outcome(struct scene *scene, struct uuid mutation)
{
    const struct answer *answer = answer_of(scene, mutation);
    return answer ? (enum outcome_kind)answer->kind : OUTCOME_NONE;
}

size_t scene_answers(struct scene *scene, struct uuid mutation)
{
    const struct answer *answer = answer_of(scene, mutation);
    return answer ? answer->outcomes : 0;
}

static const struct inbox_item **items_of(struct scene *scene, size_t laptop, size_t *count)
{
    struct replica *replica = laptop_port(&scene->world, laptop);
    const void **all = NULL;
    *count = 0;
    EXPECT(scene, replica->f->all(replica, &scene->arena, ENTITY_INBOX, &all, count) == FAULT_NONE);
    return (const struct inbox_item **)all;
}

const struct inbox_item *scene_item(struct scene *scene, size_t laptop, struct uuid mutation)
{
    size_t count;
    const struct inbox_item **items = items_of(scene, laptop, &count);
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(items[i]->mutation, mutation)) return items[i];
    }
    return NULL;
}

size_t scene_items_open(struct scene *scene, size_t laptop)
{
    size_t count, open = 0;
    const struct inbox_item **items = items_of(scene, laptop, &count);
    for (size_t i = 0; i < count; i++) {
        if (items[i]->state != INBOX_OPEN || items[i]->kind == INBOX_NOTICE) continue;
        open++;
        world_tell(&scene->world, "in the inbox on laptop %zu: %lld, kind %lld, %.*s: %.*s", laptop,
                   (long long)items[i]->number, (long long)items[i]->kind,
                   STR_ARGS(items[i]->field), STR_ARGS(items[i]->reasons));
    }
    return open;
}

size_t scene_pending(struct scene *scene, size_t laptop)
{
    struct replica *replica = laptop_port(&scene->world, laptop);
    size_t pending = SIZE_MAX;
    EXPECT(scene, replica->f->outbox_count(replica, &pending) == FAULT_NONE);
    return pending;
}

struct identity scene_identity(struct scene *scene, size_t laptop)
{
    struct identity identity = {.cursor_seq = 0};
    EXPECT(scene, laptop_identity(&scene->world, laptop, &scene->arena, &identity));
    return identity;
}

bool scene_reason_has(const struct inbox_item *item, const char *words)
{
    return item && item->reasons.n > 0 &&
           memmem(item->reasons.p, item->reasons.n, words, strlen(words)) != NULL;
}
