/* acts_more.c - what people do more seldom: import, invite, correct, resolve, send again. See acts.h. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/domain/merge.h"
#include "common/domain/stage_edit.h"
#include "tests/simulation/acts_inside.h"

#include "common/base/banned.h"

static const struct str stages[] = {STR_INIT("lead"), STR_INIT("contact"),
                                    STR_INIT("qualification"), STR_INIT("proposal"),
                                    STR_INIT("won"), STR_INIT("lost")};

/* A deal with a past elsewhere. Reps try, too. */
void do_import(struct act *act)
{
    if (!act->world->weather.imports) return;
    act_begin(act, MUTATION_IMPORT, ENTITY_DEAL, (struct uuid){{0}}, "import");
    act_text(act, "title", NULL, act_word(act, "Roof"));
    if (world_chance(act->world, 700)) {
        act_number(act, "value", NULL, 1000 + (int64_t)world_below(act->world, 1000));
        act_text(act, "currency", NULL, STR("EUR"));
    }
    size_t count = 1 + (size_t)world_below(act->world, 4);
    struct stand *stands = arena_array(&act->arena, count, sizeof *stands);
    check(stands != NULL);
    int64_t wall = world_now(act->world).wall_ms;
    for (size_t i = 0; i < count; i++) {
        stands[i].stage = stages[world_below(act->world, i + 1 < count ? 4 : 6)];
        stands[i].status = STATUS_OPEN;
        bool known = world_chance(act->world, 700);
        if (known) stands[i].since = (struct optional){true, wall - (int64_t)(count - i) * 86400000};
    }
    act->mutation.stands = stands;
    act->mutation.stand_count = count;
    if (act_submit(act)) world_mark(act->world, MARK_IMPORT);
}

void do_invite(struct act *act)
{
    struct world *world = act->world;
    if (!world->weather.invites) return;
    size_t guest = PERSONS_FOUNDING + (size_t)world_below(world, PERSONS - PERSONS_FOUNDING);
    struct person_of_world *person = &world->persons[guest];
    if (person->invited) return;
    act_begin(act, MUTATION_INVITE, ENTITY_MEMBER, person->member, "invite");
    act_text(act, "name", NULL, str_from(person->name));
    act_number(act, "role", NULL, person->role);
    uint8_t hash[32];
    codec_payload_hash((struct str){(const char *)person->code, CODE_BYTES}, hash);
    act->mutation.code_hash = (struct str){(const char *)hash, sizeof hash};
    if (!act_submit(act)) return;
    person->invited = true;
    world_mark(world, MARK_INVITE);
}

void do_correct(struct act *act)
{
    if (!act->world->weather.corrects) return;
    for (size_t tries = 0; tries < 12; tries++) {
        const struct deal *deal = act_pick_made(act, ENTITY_DEAL);
        if (!deal || (deal->status != STATUS_WON && deal->status != STATUS_LOST)) continue;
        act_begin(act, MUTATION_CORRECT, ENTITY_DEAL, deal->id, "correct");
        act_number(act, "value", deal, (int64_t)world_below(act->world, 100) * 100);
        act_text(act, "currency", deal, STR("EUR"));
        if (act_submit(act)) world_mark(act->world, MARK_CORRECT);
        return;
    }
}

/* --- the inbox --- */

static const void *subject_of(struct act *act, const struct inbox_item *item)
{
    const void *entity;
    if (act->replica->f->entity(act->replica, &act->arena, (enum entity_kind)item->subject_kind,
                                item->subject, false, &entity))
        return NULL;
    return entity;
}

/* One's own value after all, over what stands now. */
static void conflict_mine(struct act *act, const struct inbox_item *item)
{
    enum entity_kind kind = (enum entity_kind)item->subject_kind;
    const struct field *leader = field_by_name(kind, item->field);
    const void *stands = subject_of(act, item);
    struct unit_value values[UNIT_FIELDS_MAX];
    size_t count;
    if (!leader || !stands || unit_parse(&act->arena, leader, item->mine, values, &count)) return;
    act_begin(act, MUTATION_EDIT, kind, item->subject, "mine");
    for (size_t i = 0; i < count; i++)
        act_edit(act, values[i].field->name, stands)->want = values[i].value;
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_MINE;
    if (act_submit(act)) world_mark(act->world, MARK_MINE);
}

/* A change of a stage, on the stages as they are shown now. */
static void stage_resend(struct act *act, const struct inbox_item *item,
                         const struct mutation *again)
{
    struct definition definition;
    struct stage_edit edit;
    if (act->replica->f->definition(act->replica, &act->arena, &definition)) return;
    const struct pipeline *pipeline = definition_pipeline(&definition, again->stage->pipeline);
    if (!pipeline || !stage_edit_again(pipeline, again->stage, &edit)) return;
    act_begin(act, MUTATION_EDIT, ENTITY_DEFINITION, again->target, "resend of a stage");
    act->mutation.stage = &edit;
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_RESENT;
    if (act_submit(act)) world_mark(act->world, MARK_RESENT);
}

/* The same wish again, on what stands now. */
static void parked_resend(struct act *act, const struct inbox_item *item)
{
    struct mutation again;
    if (codec_mutation_unpack(&act->arena, item->payload, &again)) return;
    if (again.edit_count > EDITS_MAX || again.stand_count > 0) return;
    if (again.stage) {
        stage_resend(act, item, &again);
        return;
    }
    enum entity_kind kind = (enum entity_kind)again.entity;
    bool edit = again.kind == MUTATION_EDIT;
    const void *stands = edit ? subject_of(act, item) : NULL;
    if (again.kind != MUTATION_CREATE && !stands) return;
    act_begin(act, (enum mutation_kind)again.kind, kind, again.target, "resend");
    for (size_t i = 0; i < again.edit_count; i++) {
        if (!again.edits[i].field) return;
        struct edit *made = act_edit(act, again.edits[i].field->name, stands);
        made->want = again.edits[i].want;
        made->add = again.edits[i].add;
        made->remove = again.edits[i].remove;
    }
    act->mutation.resolves = item->id;
    act->mutation.resolution = INBOX_RESENT;
    if (act_submit(act)) world_mark(act->world, MARK_RESENT);
}

void do_inbox(struct act *act)
{
    const struct inbox_item *item = act_pick(act, ENTITY_INBOX);
    if (!item || item->state != INBOX_OPEN) return;
    bool conflict = item->kind == INBOX_CONFLICT;
    if (world_chance(act->world, 500)) {
        if (conflict)
            conflict_mine(act, item);
        else
            parked_resend(act, item);
        return;
    }
    act_begin(act, MUTATION_CLOSE, ENTITY_INBOX, item->id, "inbox close");
    act->mutation.resolves = item->id;
    act->mutation.resolution = conflict ? INBOX_THEIRS : INBOX_DISCARDED;
    if (act_submit(act)) world_mark(act->world, conflict ? MARK_THEIRS : MARK_DISCARDED);
}

/* --- sizes --- */

static struct str long_text(struct act *act, size_t n)
{
    char *text = arena_alloc(&act->arena, n + 1);
    check(text != NULL);
    memset(text, 'x', n);
    return (struct str){text, n};
}

/* At the limit, or one beyond. */
void do_large(struct act *act)
{
    if (!act->world->weather.large_texts) return;
    size_t beyond = world_chance(act->world, 300) ? 1 : 0;
    const struct organisation *organisation = act_pick(act, ENTITY_ORGANISATION);
    const struct deal *deal = act_pick_deal(act);
    if (world_chance(act->world, 500) && organisation) {
        act_begin(act, MUTATION_EDIT, ENTITY_ORGANISATION, organisation->id, "long note");
        act_text(act, "note", organisation, long_text(act, NOTE_BYTES_MAX + beyond));
    } else if (deal) {
        act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "long title");
        act_text(act, "title", deal, long_text(act, TITLE_BYTES_MAX + beyond));
        struct edit *tags = act_edit(act, "tags", NULL);
        struct str *items = arena_array(&act->arena, SET_ITEMS_MAX, sizeof *items);
        check(items != NULL);
        for (size_t i = 0; i < SET_ITEMS_MAX; i++)
            items[i] = arena_format(&act->arena, "tag %02zu %s", i, "of fifty");
        tags->add = (struct text_set){items, SET_ITEMS_MAX};
    } else {
        return;
    }
    if (act_submit(act)) world_mark(act->world, MARK_LARGE_TEXT);
}

void do_edit_activity(struct act *act)
{
    const struct activity *activity = act_pick_made(act, ENTITY_ACTIVITY);
    if (!activity) return;
    if (world_chance(act->world, 200)) {
        act_begin(act, MUTATION_DELETE, ENTITY_ACTIVITY, activity->id, "log delete");
    } else {
        act_begin(act, MUTATION_EDIT, ENTITY_ACTIVITY, activity->id, "log edit");
        act_text(act, "text", activity, act_word(act, "spoke about"));
    }
    (void)act_submit(act);
}
