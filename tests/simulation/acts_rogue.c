/* acts_rogue.c - what a program would send that does not keep to the rules: the server is to refuse it
 * all, whatever this laptop thought. Who has the right anyway just does it. See acts.h. */
#include "tests/simulation/world.h"

#include "common/base/check.h"
#include "tests/simulation/acts_inside.h"

#include "common/base/banned.h"

static void rogue_delete(struct act *act, const struct deal *deal)
{
    act_begin(act, MUTATION_DELETE, ENTITY_DEAL, deal->id, "rogue delete");
    (void)act_force(act);
}

static void rogue_move(struct act *act, const struct deal *deal)
{
    static const char *const stages[] = {"contact", "qualification", "proposal", "won"};
    size_t to = (size_t)world_below(act->world, 4);
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "rogue move");
    act_text(act, "stage", deal, str_from(stages[to]));
    act_edit(act, "status", deal)->want =
        value_number(VALUE_CHOICE, to == 3 ? STATUS_WON : STATUS_OPEN);
    (void)act_force(act);
}

static void rogue_correction(struct act *act, const struct deal *deal)
{
    act_begin(act, MUTATION_CORRECT, ENTITY_DEAL, deal->id, "rogue correction");
    act_number(act, "value", deal, 1);
    (void)act_force(act);
}

static void rogue_assign(struct act *act, const struct deal *deal)
{
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "rogue assignment");
    act_reference(act, "owner", deal, act->person->member);
    (void)act_force(act);
}

/* A deal of anybody's that is won, lost or discarded. */
static void rogue_reopen(struct act *act, const struct deal *deal)
{
    for (size_t tries = 0; deal->status == STATUS_OPEN; tries++) {
        const struct deal *other = act_pick_made(act, ENTITY_DEAL);
        if (tries == 12) return;
        if (other) deal = other;
    }
    act_begin(act, MUTATION_EDIT, ENTITY_DEAL, deal->id, "rogue reopening");
    act_text(act, "stage", deal, STR("lead"));
    act_number(act, "status", deal, STATUS_OPEN);
    (void)act_force(act);
}

/* Any record there is, of whomever: its id is no secret that protects it. */
static void rogue_close(struct act *act)
{
    const struct map *rows = &act->world->oracle.rows;
    for (size_t tries = 0; tries < 200 && rows->count > 0; tries++) {
        const struct model_row *model = rows->entries[world_below(act->world, rows->count)].value;
        const struct inbox_item *item = model->row.entity;
        if (model->row.kind != ENTITY_INBOX || model->row.removed) continue;
        if (item->state != INBOX_OPEN || uuid_equal(item->author, act->person->member)) continue;
        act_begin(act, MUTATION_CLOSE, ENTITY_INBOX, item->id, "rogue closing");
        act->mutation.resolves = item->id;
        act->mutation.resolution = INBOX_DISCARDED;
        (void)act_force(act);
        return;
    }
}

void do_rogue(struct act *act)
{
    const struct deal *deal = act_pick_deal(act);
    if (!deal) return;
    switch (world_below(act->world, 6)) {
    case 0: rogue_delete(act, deal); return;
    case 1: rogue_move(act, deal); return;
    case 2: rogue_correction(act, deal); return;
    case 3: rogue_assign(act, deal); return;
    case 4: rogue_reopen(act, deal); return;
    default: rogue_close(act); return;
    }
}
