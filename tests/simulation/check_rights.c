/* check_rights.c - who may do what, and who sees what, as the manual says: written without permission.c
 * on purpose.
 *
 *                        owner  manager  rep                      viewer
 *   make, edit           yes    yes      yes                      -
 *   give a deal away     yes    yes      own, or nobody's         -
 *   log for others       yes    yes      -                        -
 *   reopen               yes    yes      own                      -
 *   back where managed   yes    yes      -                        -
 *   delete               yes    yes      own                      -
 *   bring back           yes    yes      what they deleted        -
 *   settle a record      yes    yes      as author or concerned   as concerned
 *   import, correct      yes    yes      -                        -
 *   stages               yes    yes      -                        -
 *   invite rep, viewer   yes    yes      -                        -
 *   invite others        yes    -        -                        -
 *   devices              yes    yes      own                      own
 *
 * What takes an own move back is asked no right of its own. */
#include "tests/simulation/world.h"

#include <string.h>

#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

struct claim {
    struct world *world;
    const struct store_request *request;
    uint64_t seq;
    const struct member *member;
    const struct mutation *mutation;
};

bool oracle_is_chief(const struct member *member)
{
    return !member->removed && (member->role == ROLE_OWNER || member->role == ROLE_MANAGER);
}

static bool works(const struct member *member)
{
    return oracle_is_chief(member) || member->role == ROLE_REP;
}

/* --- sight --- */

bool oracle_sees(const struct member *member, enum entity_kind kind, const void *entity)
{
    if (!member || member->removed || !entity) return false;
    if (kind == ENTITY_OUTCOME) return false; /* its copy only */
    if (kind == ENTITY_INVITATION) return oracle_is_chief(member);
    if (kind == ENTITY_DEVICE) {
        const struct device *device = entity;
        return oracle_is_chief(member) || uuid_equal(device->member, member->id);
    }
    if (kind == ENTITY_INBOX) {
        const struct inbox_item *item = entity;
        return oracle_is_chief(member) || uuid_equal(item->author, member->id) ||
               uuid_equal(item->concerned, member->id);
    }
    return kind > ENTITY_NONE && kind < ENTITY_COUNT;
}

/* --- whose it is --- */

static bool told_is(const struct claim *c, struct str field, struct uuid id)
{
    const struct str *told = oracle_told(&c->world->oracle, c->mutation->target, field);
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(id, text);
    if (uuid_is_zero(id)) return told && told->n == 0;
    return told && str_equal(*told, str_from(text));
}

/* As history tells: the row itself may have changed hands earlier in this batch. */
static bool is_own(const struct claim *c)
{
    const struct row *row =
        oracle_row(c->world, (enum entity_kind)c->mutation->entity, c->mutation->target);
    const void *entity = row && !row->removed ? row->entity : NULL;
    bool undoes = !uuid_is_zero(c->mutation->undoes);
    size_t count;
    const struct field *fields = fields_of((enum entity_kind)c->mutation->entity, &count);
    bool deal = c->mutation->entity == ENTITY_DEAL;
    if (deal && told_is(c, STR("owner"), c->member->id)) return true;
    if (c->mutation->entity == ENTITY_ACTIVITY) return told_is(c, STR("member"), c->member->id);
    if (deal && !undoes) return false;
    if (!entity) return true; /* made earlier in this batch */
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, "created_by") == 0)
            return uuid_equal(field_get(&fields[i], entity).id, c->member->id);
    }
    return false;
}

/* --- what was done --- */

/* The n-th event under this seq about the target. */
static const struct event *event_at(const struct claim *c, size_t n)
{
    for (size_t i = 0; i < c->request->row_count; i++) {
        const struct row *row = &c->request->rows[i];
        if (row->kind != ENTITY_EVENT || row->seq != c->seq) continue;
        if (n-- == 0) return row->entity;
    }
    return NULL;
}

/* An own move, exactly turned round. */
static bool is_way_back(const struct claim *c, const struct event *event)
{
    struct str subject = oracle_id_key(&c->mutation->target);
    const struct model_history *history = map_get(&c->world->oracle.histories, subject);
    const struct model_row *row = history ? history->first : NULL;
    for (; row && !uuid_is_zero(c->mutation->undoes); row = row->next) {
        const struct event *done = row->row.entity;
        if (done->what == EVENT_STAGE && uuid_equal(done->mutation, c->mutation->undoes))
            return uuid_equal(done->who, c->member->id) &&
                   str_equal(done->from_stage, event->to_stage) &&
                   done->from_status == event->to_status;
    }
    return false;
}

static const struct stage *stage_of(const struct claim *c, struct str pipeline, struct str key,
                                    size_t *place)
{
    const struct definition *definition = c->world->oracle.definition;
    for (size_t i = 0; definition && i < definition->pipeline_count; i++) {
        const struct pipeline *one = &definition->pipelines[i];
        if (!str_equal(one->key, pipeline)) continue;
        for (*place = 0; *place < one->stage_count; (*place)++) {
            if (str_equal(one->stages[*place].key, key)) return &one->stages[*place];
        }
    }
    return NULL;
}

static bool is_over(int64_t status)
{
    return status == STATUS_WON || status == STATUS_LOST || status == STATUS_DISCARDED;
}

static bool definition_changes(const struct claim *c)
{
    for (size_t i = 0; i < c->request->row_count; i++) {
        if (c->request->rows[i].kind == ENTITY_DEFINITION) return true;
    }
    return false;
}

/* Out of a stage that asks for a manager, or that nobody leaves so. */
static bool back_is_allowed(const struct claim *c, const struct event *event)
{
    size_t from, to;
    const struct stage *left = stage_of(c, event->pipeline, event->from_stage, &from);
    const struct stage *entered = stage_of(c, event->pipeline, event->to_stage, &to);
    bool moved = event->field.n == 0 && !str_equal(event->from_stage, event->to_stage);
    if (!moved || !left || !entered || left->removed || is_over(event->from_status)) return true;
    if (to >= from || (entered->kind != STAGE_LEAD && entered->kind != STAGE_OPEN)) return true;
    if (left->back == BACK_NEVER) return false;
    return left->back != BACK_MANAGER || oracle_is_chief(c->member);
}

static bool move_is_allowed(const struct claim *c, const struct event *event)
{
    if (is_way_back(c, event) || definition_changes(c)) return true;
    if (is_over(event->from_status) && !is_over(event->to_status))
        return oracle_is_chief(c->member) || told_is(c, STR("owner"), c->member->id);
    return back_is_allowed(c, event);
}

static bool edit_is_allowed(const struct claim *c)
{
    bool nobodys = told_is(c, STR("owner"), (struct uuid){{0}});
    bool own = nobodys || told_is(c, STR("owner"), c->member->id);
    for (size_t n = 0; event_at(c, n); n++) {
        const struct event *event = event_at(c, n);
        bool field = event->what == EVENT_FIELD;
        if (event->what == EVENT_STAGE && !move_is_allowed(c, event)) return false;
        if (field && c->mutation->entity == ENTITY_DEAL && str_equal(event->field, STR("owner")) &&
            !own && !oracle_is_chief(c->member))
            return false;
        if (field && c->mutation->entity == ENTITY_ACTIVITY &&
            str_equal(event->field, STR("member")) && !oracle_is_chief(c->member))
            return false;
    }
    return true;
}

static bool role_is_within(const struct claim *c, int64_t role)
{
    bool modest = role == ROLE_REP || role == ROLE_VIEWER || role == ROLE_NONE;
    return modest ? oracle_is_chief(c->member) : c->member->role == ROLE_OWNER;
}

/* Changed earlier in this commit, and perhaps written only later: history tells it. */
static struct member member_now(const struct store_request *request, uint64_t seq,
                                const struct member *member)
{
    struct member now = *member;
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind != ENTITY_EVENT || row->seq >= seq || !uuid_equal(row->id, now.id)) continue;
        const struct event *event = row->entity;
        bool digit = event->what == EVENT_FIELD && event->to_value.n == 1;
        if (digit && str_equal(event->field, STR("role")))
            now.role = event->to_value.p[0] - '0';
        if (event->what == EVENT_FIELD && str_equal(event->field, STR("removed")))
            now.removed = event->to_value.n > 0;
    }
    return now;
}

/* Who is let in or changed, as they are and as they are to be. */
static bool people_are_allowed(const struct claim *c)
{
    const struct row *row = oracle_row(c->world, ENTITY_MEMBER, c->mutation->target);
    const struct member *before = row && !row->removed ? row->entity : NULL;
    int64_t role = before ? member_now(c->request, c->seq, before).role : ROLE_NONE;
    bool allowed = role_is_within(c, role);
    for (size_t i = 0; i < c->mutation->edit_count; i++) {
        const struct edit *edit = &c->mutation->edits[i];
        if (edit->field && strcmp(edit->field->name, "role") == 0 && edit->want.present)
            allowed = allowed && role_is_within(c, edit->want.number);
    }
    return allowed;
}

static bool device_is_allowed(const struct claim *c)
{
    const struct row *row = oracle_row(c->world, ENTITY_DEVICE, c->mutation->target);
    const struct device *device = row && !row->removed ? row->entity : NULL;
    return oracle_is_chief(c->member) || (device && uuid_equal(device->member, c->member->id));
}

/* --- the table --- */

/* A rep brings back what that rep deleted. */
static bool deleted_by(const struct claim *c)
{
    struct str subject = oracle_id_key(&c->mutation->target);
    const struct model_history *history = map_get(&c->world->oracle.histories, subject);
    const struct model_row *row = history ? history->first : NULL;
    for (; row && c->member->role == ROLE_REP; row = row->next) {
        const struct event *event = row->row.entity;
        if (event->what != EVENT_DELETED || !uuid_equal(event->mutation, c->mutation->undoes))
            continue;
        return uuid_equal(event->who, c->member->id);
    }
    return false;
}

static bool settling_is_allowed(const struct claim *c)
{
    const struct row *row = oracle_row(c->world, ENTITY_INBOX, c->mutation->resolves);
    for (size_t i = 0; !row && i < c->request->row_count; i++) {
        const struct row *made = &c->request->rows[i];
        bool it = made->kind == ENTITY_INBOX && uuid_equal(made->id, c->mutation->resolves);
        if (it) row = made; /* made earlier in this batch */
    }
    const struct inbox_item *item = row && !row->removed ? row->entity : NULL;
    return item && (oracle_is_chief(c->member) || uuid_equal(item->author, c->member->id) ||
                    uuid_equal(item->concerned, c->member->id));
}

static bool creation_is_allowed(const struct claim *c)
{
    if (c->mutation->entity == ENTITY_MEMBER) return oracle_is_chief(c->member);
    for (size_t i = 0; i < c->mutation->edit_count; i++) {
        const struct edit *edit = &c->mutation->edits[i];
        if (!edit->field || !edit->want.present) continue;
        bool others = c->mutation->entity == ENTITY_ACTIVITY &&
                      strcmp(edit->field->name, "member") == 0 &&
                      !uuid_equal(edit->want.id, c->member->id);
        bool past = strcmp(edit->field->name, "external_id") == 0;
        if ((others || past) && !oracle_is_chief(c->member)) return false;
    }
    return works(c->member);
}

static bool right_is_there(const struct claim *c)
{
    if (c->member->removed) return false;
    switch ((enum mutation_kind)c->mutation->kind) {
    case MUTATION_NONE:
    case MUTATION_NOTICE: return false;
    case MUTATION_IMPORT:
    case MUTATION_CORRECT: return oracle_is_chief(c->member);
    case MUTATION_INVITE: return people_are_allowed(c);
    case MUTATION_CREATE: return creation_is_allowed(c);
    case MUTATION_CLOSE: return settling_is_allowed(c);
    case MUTATION_RESTORE: return oracle_is_chief(c->member) || deleted_by(c);
    case MUTATION_DELETE:
        return oracle_is_chief(c->member) || (works(c->member) && is_own(c));
    case MUTATION_EDIT: break;
    }
    switch ((enum entity_kind)c->mutation->entity) {
    case ENTITY_DEFINITION:
    case ENTITY_INVITATION: return oracle_is_chief(c->member);
    case ENTITY_MEMBER: return people_are_allowed(c);
    case ENTITY_DEVICE: return device_is_allowed(c);
    case ENTITY_ORGANISATION:
    case ENTITY_PERSON:
    case ENTITY_DEAL:
    case ENTITY_ACTIVITY: return works(c->member) && edit_is_allowed(c);
    case ENTITY_NONE:
    case ENTITY_TEAM:
    case ENTITY_EVENT:
    case ENTITY_INBOX:
    case ENTITY_OUTCOME:
    case ENTITY_COUNT: return false;
    }
    return false;
}

void check_right(struct world *world, const struct store_request *request, uint64_t seq,
                 const struct outcome *outcome, size_t effects)
{
    /* Who wants what is so already needs no right to it. */
    if (outcome->kind == OUTCOME_PARKED || effects == 0) return;
    struct arena arena;
    arena_init(&arena, (size_t)4 * 1024 * 1024);
    struct member member = {.removed = true};
    const struct row *row = oracle_row(world, ENTITY_MEMBER, outcome->member);
    if (row && !row->removed) member = member_now(request, seq, row->entity);
    struct claim claim = {.world = world,
                          .request = request,
                          .seq = seq,
                          .member = &member,
                          .mutation = oracle_mutation(world, &arena, outcome->mutation)};
    if (claim.mutation && !right_is_there(&claim))
        world_fail(world, "seq %llu: somebody did what they have no right to (kind %d)",
                   (unsigned long long)seq, (int)claim.mutation->kind);
    arena_finish(&arena);
}
