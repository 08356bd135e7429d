/* store_memory.c - see store_memory.h. Everything that was ever written stays in one arena; a row
 * that is written again gets a new place in the log, so that a page is a walk along it. */
#include "tests/support/store_memory_inside.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/domain/field.h"
#include "common/domain/use.h"

struct store_memory *store_memory_create(void)
{
    struct store_memory *store = calloc(1, sizeof *store);
    check(store != NULL);
    store->pool = calloc(1, sizeof *store->pool);
    check(store->pool != NULL);
    arena_init(&store->pool->arena, SIZE_MAX / 2);
    store->pool->stores = 1;
    return store;
}

void store_memory_destroy(struct store_memory *store)
{
    if (!store) return;
    if (--store->pool->stores == 0) {
        arena_finish(&store->pool->arena);
        free(store->pool);
    }
    free(store);
}

void store_memory_fail(struct store_memory *store, enum store_kind kind, enum store_status status,
                       bool done, unsigned times)
{
    store->failures[kind] = (struct memory_failure){status, done, times};
}

void store_memory_slow(struct store_memory *store, unsigned times)
{
    store_memory_fail(store, STORE_COMMIT, STORE_FAILED, false, times);
    store->slow = true;
}

void *memory_alloc(struct store_memory *store, size_t size)
{
    void *p = arena_alloc(&store->pool->arena, size);
    check(p != NULL);
    return p;
}

struct str memory_row_key(char key[KEY_BYTES], enum entity_kind kind, struct uuid id, uint64_t seq,
                          uint32_t n)
{
    memset(key, 0, KEY_BYTES);
    key[0] = (char)kind;
    memcpy(key + 1, id.b, sizeof id.b);
    if (kind == ENTITY_EVENT) memcpy(key + 17, &seq, sizeof seq);
    if (kind == ENTITY_EVENT || kind == ENTITY_OUTCOME) memcpy(key + 25, &n, sizeof n);
    return (struct str){key, KEY_BYTES};
}

struct row *memory_row_find(const struct memory_team *team, enum entity_kind kind, struct uuid id,
                            uint32_t n)
{
    char key[KEY_BYTES];
    return map_get(&team->rows, memory_row_key(key, kind, id, 0, n));
}

static const void *entity_living(const struct memory_team *team, enum entity_kind kind,
                                 struct uuid id)
{
    const struct row *row = memory_row_find(team, kind, id, 0);
    return row && !row->removed ? row->entity : NULL;
}

struct memory_team *memory_team_find(struct store_memory *store, struct uuid id)
{
    for (struct memory_team *team = store->teams; team; team = team->next) {
        if (uuid_equal(team->id, id)) return team;
    }
    return NULL;
}

static struct memory_replica *replica_find(struct store_memory *store,
                                           const struct memory_team *team, struct uuid id)
{
    for (struct memory_replica *r = store->replicas; r; r = r->next) {
        if (r->team == team && uuid_equal(r->stand.id, id)) return r;
    }
    return NULL;
}

/* --- what results hold: copies, so that nobody sees a later write --- */

static const void *result_entity(struct arena *arena, enum entity_kind kind, const void *entity)
{
    if (!entity) return NULL;
    void *copy;
    if (kind == ENTITY_DEFINITION) {
        copy = arena_alloc(arena, sizeof(struct definition));
        check(copy && definition_copy(arena, entity, copy) == FAULT_NONE);
    } else {
        copy = entity_copy(arena, kind, entity);
    }
    check(copy != NULL);
    return copy;
}

static void result_stand(struct memory_result *out, const struct memory_team *team)
{
    struct store_result *result = &out->result;
    result->team = team->id;
    result->seq = team->seq;
    if (team->mark_count > 0) {
        memcpy(result->mark, team->marks[team->mark_count - 1].mark, MARK_BYTES);
    }
    result->recorded_last = team->recorded_last;
    result->inbox_last = team->inbox_last;
    result->definition_version = team->definition_version;
    result->access_version = team->access_version;
}

static const uint8_t *mark_at(const struct memory_team *team, uint64_t seq)
{
    for (size_t i = team->mark_count; i > 0 && team->marks[i - 1].seq >= seq; i--) {
        if (team->marks[i - 1].seq == seq) return team->marks[i - 1].mark;
    }
    return NULL;
}

static bool mark_is(const struct memory_team *team, uint64_t seq, const uint8_t *wanted)
{
    const uint8_t *mark = mark_at(team, seq);
    return mark && memcmp(mark, wanted, MARK_BYTES) == 0;
}

static void result_known(struct memory_result *out, const struct memory_team *team,
                         const struct store_request *request)
{
    out->result.mark_known =
        request->has_known && mark_is(team, request->known_seq, request->known_mark);
}

/* --- devices --- */

static struct memory_device *device_find(struct store_memory *store, const uint8_t key[32])
{
    for (struct memory_device *d = store->devices; d; d = d->next) {
        if (memcmp(d->key, key, 32) == 0) return d;
    }
    return NULL;
}

/* Without a seq: pages show it once it is written by a commit. */
static void device_row_make(struct store_memory *store, const struct memory_device *device,
                            struct uuid invitation, const struct store_request *request)
{
    char key[KEY_BYTES];
    struct device entity = {.id = device->id, .member = device->member, .invitation = invitation,
                            .name = request->device_name,
                            .created_at = {true, request->now_ms}};
    struct row *row = memory_alloc(store, sizeof *row);
    *row = (struct row){.kind = ENTITY_DEVICE, .id = device->id};
    row->entity = result_entity(&store->pool->arena, ENTITY_DEVICE, &entity);
    struct str text = memory_row_key(key, ENTITY_DEVICE, device->id, 0, 0);
    check(map_put(&device->team->rows, text, row) == FAULT_NONE);
}

static bool device_is_revoked(const struct memory_device *device)
{
    const struct device *entity = entity_living(device->team, ENTITY_DEVICE, device->id);
    return !entity || entity->revoked;
}

static bool member_has_others(const struct store_memory *store, const struct memory_device *device)
{
    for (const struct memory_device *d = store->devices; d; d = d->next) {
        if (d != device && d->team == device->team && uuid_equal(d->member, device->member) &&
            !device_is_revoked(d)) {
            return true;
        }
    }
    return false;
}

static uint64_t member_sight(const struct memory_team *team, struct uuid member)
{
    const uint64_t *seq = map_get(&team->sights, (struct str){(const char *)member.b, 16});
    return seq ? *seq : 0;
}

static bool device_has_replica(const struct store_memory *store, struct uuid device)
{
    for (const struct memory_replica *r = store->replicas; r; r = r->next) {
        if (uuid_equal(r->stand.device, device)) return true;
    }
    return false;
}

static enum store_status run_sign_in(struct store_memory *store,
                                     const struct store_request *request,
                                     struct memory_result *out)
{
    const struct memory_device *device = device_find(store, request->device_key);
    if (!device) return STORE_NOT_FOUND;
    struct memory_team *team = device->team;
    const struct member *member = entity_living(team, ENTITY_MEMBER, device->member);
    const struct row *row = memory_row_find(team, ENTITY_DEVICE, device->id, 0);
    out->result.announced = row && row->seq > 0;
    out->result.others = member_has_others(store, device);
    out->result.sight_seq = member_sight(team, device->member);
    result_stand(out, team);
    out->result.device = device->id;
    out->result.member = result_entity(&out->arena, ENTITY_MEMBER, member);
    out->result.team_row = result_entity(&out->arena, ENTITY_TEAM, team->row);
    const struct memory_replica *replica = replica_find(store, team, request->replica);
    out->result.replica = (struct store_replica){.id = request->replica};
    if (replica) out->result.replica = replica->stand;
    bool copy = replica ? replica->copy : device_has_replica(store, device->id);
    out->result.copied = copy && !memory_row_find(team, ENTITY_INBOX, request->notice, 0);
    out->result.mark_known =
        request->has_mark && mark_is(team, request->cursor_seq, request->cursor_mark);
    out->result.top_known =
        request->has_top && mark_is(team, request->top_seq, request->top_mark);
    const struct device *kept = row ? row->entity : NULL;
    if (kept && kept->revoked_at.has) out->result.revoked_at = kept->revoked_at.v;
    const struct member *by =
        kept && kept->revoked ? entity_living(team, ENTITY_MEMBER, kept->revoked_by) : NULL;
    if (by) out->result.revoked_by = arena_str(&out->arena, by->name);
    bool revoked = device_is_revoked(device) || !member || member->removed;
    return revoked ? STORE_REVOKED : STORE_OK;
}

static const struct invitation *invitation_find(struct store_memory *store,
                                                const uint8_t hash[32],
                                                struct memory_team **team)
{
    for (*team = store->teams; *team; *team = (*team)->next) {
        for (size_t i = 0; i < (*team)->rows.count; i++) {
            const struct row *row = (*team)->rows.entries[i].value;
            if (row->kind != ENTITY_INVITATION || row->removed) continue;
            const struct invitation *invitation = row->entity;
            if (invitation->code_hash.n != 32) continue;
            if (memcmp(invitation->code_hash.p, hash, 32) == 0) return invitation;
        }
    }
    return NULL;
}

static enum store_status run_enrol(struct store_memory *store, const struct store_request *request,
                                   struct memory_result *out)
{
    struct memory_team *team;
    const struct invitation *invitation = invitation_find(store, request->code_hash, &team);
    if (!invitation) return STORE_NOT_FOUND;
    const struct member *member = entity_living(team, ENTITY_MEMBER, invitation->member);
    if (!member || member->removed) return STORE_REVOKED;
    out->result.team = team->id;
    for (const struct memory_use *use = store->uses; use; use = use->next) {
        if (!uuid_equal(use->invitation, invitation->id)) continue;
        return memcmp(use->key, request->device_key, 32) == 0 ? STORE_OK : STORE_USED;
    }
    if (invitation->revoked) return STORE_NOT_FOUND;
    bool expires = invitation->expires_at.has;
    if (expires && invitation->expires_at.v <= request->now_ms) return STORE_EXPIRED;
    if (device_find(store, request->device_key)) return STORE_USED; /* one home, one member */
    struct memory_device *device = memory_alloc(store, sizeof *device);
    *device = (struct memory_device){.next = store->devices,
                                     .id = request->device,
                                     .member = invitation->member,
                                     .team = team};
    memcpy(device->key, request->device_key, 32);
    store->devices = device;
    device_row_make(store, device, invitation->id, request);
    struct memory_use *use = memory_alloc(store, sizeof *use);
    *use = (struct memory_use){.next = store->uses, .invitation = invitation->id};
    memcpy(use->key, request->device_key, 32);
    store->uses = use;
    return STORE_OK;
}

static bool token_equal(bool has_a, const uint8_t *a, bool has_b, const uint8_t *b)
{
    return has_a == has_b && (!has_a || memcmp(a, b, TOKEN_BYTES) == 0);
}

static enum store_status run_token(struct store_memory *store, const struct store_request *request)
{
    struct memory_team *team = memory_team_find(store, request->team);
    if (!team) return STORE_NOT_FOUND;
    struct memory_replica *replica = replica_find(store, team, request->replica);
    const struct store_replica *expected = &request->expected, *wanted = &request->wanted;
    if (expected->known != (replica != NULL)) return STORE_STALE;
    if (!replica) {
        bool copy = device_has_replica(store, request->device);
        replica = memory_alloc(store, sizeof *replica);
        replica->next = store->replicas;
        replica->team = team;
        replica->copy = copy;
        store->replicas = replica;
        replica->stand.id = request->replica;
        replica->stand.device = request->device;
    } else if (!token_equal(replica->stand.has_token, replica->stand.token, expected->has_token,
                            expected->token) ||
               !token_equal(replica->stand.has_next_token, replica->stand.next_token,
                            expected->has_next_token, expected->next_token)) {
        return STORE_STALE;
    }
    struct store_replica *stand = &replica->stand;
    stand->known = true;
    stand->has_token = wanted->has_token;
    stand->has_next_token = wanted->has_next_token;
    memcpy(stand->token, wanted->token, TOKEN_BYTES);
    memcpy(stand->next_token, wanted->next_token, TOKEN_BYTES);
    if (!stand->has_deliver_to && wanted->has_deliver_to) {
        stand->has_deliver_to = true;
        stand->deliver_to = wanted->deliver_to;
    }
    return STORE_OK; /* numbers move by commits only */
}

/* --- rows --- */

/* Is it the newest deletion of its subject? */
static bool is_last_deletion(const struct memory_team *team, const struct row *row)
{
    const struct event *event = row->entity;
    if (event->what != EVENT_DELETED) return false;
    for (size_t i = 0; i < team->rows.count; i++) {
        const struct row *other = team->rows.entries[i].value;
        if (other->kind != ENTITY_EVENT || other->seq <= row->seq) continue;
        const struct event *later = other->entity;
        if (later->what == EVENT_DELETED && uuid_equal(later->subject, event->subject))
            return false;
    }
    return true;
}

/* In order of seq. */
static void traces_sort(struct row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct row row = rows[i];
        size_t at = i;
        for (; at > 0 && rows[at - 1].seq > row.seq; at--) rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

static void load_traces(struct memory_team *team, const struct store_request *request,
                        struct memory_result *out)
{
    struct store_result *result = &out->result;
    size_t cap = 0, count = 0;
    struct row *rows = NULL;
    for (size_t i = 0; request->trace_count > 0 && i < team->rows.count; i++) {
        const struct row *row = team->rows.entries[i].value;
        for (size_t k = 0; k < request->trace_count && row->kind == ENTITY_EVENT; k++) {
            const struct event *event = row->entity;
            if (!uuid_equal(event->subject, request->traces[k].subject)) continue;
            if (!uuid_equal(event->mutation, request->traces[k].mutation) &&
                !is_last_deletion(team, row)) {
                continue;
            }
            struct row *copy =
                arena_push(&out->arena, (void **)&rows, &count, &cap, sizeof *copy);
            check(copy != NULL);
            *copy = *row;
            copy->entity = result_entity(&out->arena, row->kind, row->entity);
        }
    }
    if (count == 0) return;
    traces_sort(rows, count);
    struct row *all = arena_array(&out->arena, result->row_count + count, sizeof *all);
    check(all != NULL);
    if (result->row_count > 0) memcpy(all, result->rows, result->row_count * sizeof *all);
    memcpy(all + result->row_count, rows, count * sizeof *all);
    result->rows = all;
    result->row_count += count;
}

/* The model looks at all there is. */
static void load_use(struct memory_team *team, const struct store_request *request,
                     struct memory_result *out, struct use *use)
{
    const struct event **events = NULL;
    size_t count = 0, cap = 0;
    for (size_t i = 0; i < team->rows.count; i++) {
        const struct row *row = team->rows.entries[i].value;
        bool named = row->removed;
        for (size_t k = 0; k < request->key_count && !named; k++) {
            named = request->keys[k].kind == row->kind && uuid_equal(request->keys[k].id, row->id);
        }
        if (!named) use_row(use, row->kind, row->entity);
        if (row->kind != ENTITY_EVENT || !uuid_equal(row->id, use->thing)) continue;
        const struct event **slot =
            arena_push(&out->arena, (void **)&events, &count, &cap, sizeof *slot);
        check(slot != NULL);
        *slot = row->entity;
    }
    check(use_history(&out->arena, use, events, count) == FAULT_NONE);
}

static void load_uses(struct memory_team *team, const struct store_request *request,
                      struct memory_result *out)
{
    struct store_result *result = &out->result;
    if (request->use_count == 0) return;
    result->uses = arena_copy(&out->arena, request->uses,
                              request->use_count * sizeof *result->uses);
    check(result->uses != NULL);
    result->use_count = request->use_count;
    for (size_t i = 0; i < result->use_count; i++) load_use(team, request, out, &result->uses[i]);
}

static void load_rows(struct memory_team *team, const struct store_request *request,
                      struct memory_result *out)
{
    struct store_result *result = &out->result;
    result->rows = arena_array(&out->arena, request->key_count + 1, sizeof *result->rows);
    result->members = arena_array(&out->arena, request->actor_count + 1, sizeof(void *));
    check(result->rows && result->members);
    for (size_t i = 0; i < request->key_count; i++) {
        const struct row *row = memory_row_find(team, request->keys[i].kind, request->keys[i].id, 0);
        if (!row || row->removed || row->kind == ENTITY_EVENT) continue;
        struct row *copy = &result->rows[result->row_count++];
        *copy = *row;
        copy->entity = result_entity(&out->arena, row->kind, row->entity);
    }
    load_traces(team, request, out);
    for (size_t i = 0; i < request->actor_count; i++) {
        const void *member = entity_living(team, ENTITY_MEMBER, request->actors[i]);
        if (!member) continue;
        result->members[result->member_count++] =
            result_entity(&out->arena, ENTITY_MEMBER, member);
    }
}

static void load_outcome(struct memory_result *out, const struct row *row, size_t *caps)
{
    struct store_result *result = &out->result;
    size_t seqs = result->outcome_count;
    union {
        const void *in;
        struct outcome *out;
    } copy = {.in = result_entity(&out->arena, ENTITY_OUTCOME, row->entity)};
    struct outcome **slot = arena_push(&out->arena, (void **)&result->outcomes,
                                       &result->outcome_count, &caps[0], sizeof *slot);
    uint64_t *seq =
        arena_push(&out->arena, (void **)&result->outcome_seqs, &seqs, &caps[1], sizeof *seq);
    check(slot && seq);
    *slot = copy.out;
    *seq = row->seq;
}

/* In order of seq: that of the number, and all of that mutation. */
static void load_outcomes(struct memory_team *team, const struct store_outcome_key *key,
                          struct memory_result *out, size_t *caps)
{
    const struct row *own =
        memory_row_find(team, ENTITY_OUTCOME, key->replica, (uint32_t)key->number);
    const struct row *first =
        map_get(&team->mutations, (struct str){(const char *)key->mutation.b, 16});
    if (own && (!first || own->seq < first->seq)) load_outcome(out, own, caps);
    for (size_t i = 0; first && i < team->log_count; i++) {
        const struct row *row = team->log[i].row;
        if (team->log[i].seq < first->seq || row->kind != ENTITY_OUTCOME) continue;
        const struct outcome *outcome = row->entity;
        if (row == own || uuid_equal(outcome->mutation, key->mutation))
            load_outcome(out, row, caps);
    }
}

static enum store_status run_load(struct store_memory *store, const struct store_request *request,
                                  struct memory_result *out)
{
    struct memory_team *team = memory_team_find(store, request->team);
    if (!team) return STORE_NOT_FOUND;
    result_stand(out, team);
    result_known(out, team, request);
    struct store_result *result = &out->result;
    result->team_row = result_entity(&out->arena, ENTITY_TEAM, team->row);
    result->definition = result_entity(&out->arena, ENTITY_DEFINITION, team->definition);
    load_rows(team, request, out);
    load_uses(team, request, out);
    result->replicas =
        arena_array(&out->arena, request->replica_count + 1, sizeof *result->replicas);
    check(result->replicas != NULL);
    for (size_t i = 0; i < request->replica_count; i++) {
        const struct memory_replica *r = replica_find(store, team, request->replicas[i]);
        if (r) result->replicas[result->replica_count++] = r->stand;
    }
    size_t caps[2] = {0};
    for (size_t i = 0; i < request->outcome_key_count; i++)
        load_outcomes(team, &request->outcome_keys[i], out, caps);
    return STORE_OK;
}

static void sight_note(struct store_memory *store, struct memory_team *team, const struct row *from)
{
    const struct member *before = entity_living(team, ENTITY_MEMBER, from->id);
    const struct member *after = from->entity;
    if (!before || !after || before->role == after->role) return;
    uint64_t *seq = memory_alloc(store, sizeof *seq);
    *seq = from->seq;
    check(map_put(&team->sights, (struct str){(const char *)from->id.b, 16}, seq) == FAULT_NONE);
}

static void row_write(struct store_memory *store, struct memory_team *team, const struct row *from)
{
    char key[KEY_BYTES];
    struct str text = memory_row_key(key, from->kind, from->id, from->seq, from->n);
    if (from->kind == ENTITY_MEMBER) sight_note(store, team, from);
    struct row *row = map_get(&team->rows, text);
    if (!row) {
        row = memory_alloc(store, sizeof *row);
        check(map_put(&team->rows, text, row) == FAULT_NONE);
    }
    *row = *from;
    row->entity = from->removed ? NULL : result_entity(&store->pool->arena, from->kind, from->entity);
    struct log_entry *entry = arena_push(&store->pool->arena, (void **)&team->log, &team->log_count,
                                         &team->log_cap, sizeof *entry);
    check(entry != NULL);
    *entry = (struct log_entry){from->seq, row};
    if (from->kind == ENTITY_TEAM) team->row = row->entity;
    if (from->kind == ENTITY_MEMBER) team->access_version++;
    if (from->kind == ENTITY_DEFINITION) {
        team->definition = row->entity;
        team->definition_version++;
    }
    if (from->kind != ENTITY_OUTCOME) return;
    const struct outcome *outcome = row->entity;
    struct str id = {(const char *)outcome->mutation.b, 16};
    if (uuid_is_zero(outcome->mutation) || map_get(&team->mutations, id)) return;
    check(map_put(&team->mutations, id, row) == FAULT_NONE);
}

static bool code_is_taken(struct store_memory *store, const struct row *row)
{
    const struct invitation *own = row->kind == ENTITY_INVITATION ? row->entity : NULL;
    struct memory_team *team;
    if (!own || !own->code_hash.p) return false;
    own = invitation_find(store, (const uint8_t *)own->code_hash.p, &team);
    return own && !uuid_equal(own->id, row->id);
}

/* What a database's constraints would say. */
static const char *commit_trouble(struct store_memory *store, struct memory_team *team,
                                  const struct store_request *request)
{
    uint64_t last = request->expected_seq;
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->seq <= request->expected_seq || row->seq > request->new_seq) return "row_seq";
        if (row->seq < last) return "row_order";
        last = row->seq;
        if (row->removed != (row->entity == NULL)) return "row_removed";
        if (row->kind == ENTITY_OUTCOME && memory_row_find(team, row->kind, row->id, row->n)) {
            return "outcome_unique";
        }
        if (code_is_taken(store, row)) return "23505 invitation_code";
    }
    for (size_t i = 0; i < request->replica_number_count; i++) {
        const struct store_replica *number = &request->replica_numbers[i];
        const struct memory_replica *replica = replica_find(store, team, number->id);
        if (!replica) return "replica_exists";
        if (replica->stand.last_number >= number->last_number) return "replica_number_grows";
    }
    return NULL;
}

static struct memory_team *team_found(struct store_memory *store,
                                      const struct store_request *request)
{
    if (request->expected_seq != 0 || uuid_is_zero(request->team)) return NULL;
    bool has_team = false;
    for (size_t i = 0; i < request->row_count; i++) {
        if (request->rows[i].kind == ENTITY_TEAM) has_team = true;
    }
    if (!has_team) return NULL;
    struct memory_team *team = memory_alloc(store, sizeof *team);
    team->id = request->team;
    map_init(&team->rows, &store->pool->arena);
    map_init(&team->mutations, &store->pool->arena);
    map_init(&team->sights, &store->pool->arena);
    team->next = store->teams;
    store->teams = team;
    return team;
}

static enum store_status run_commit(struct store_memory *store,
                                    const struct store_request *request,
                                    struct memory_result *out)
{
    struct memory_team *team = memory_team_find(store, request->team);
    if (!team) team = team_found(store, request);
    if (!team) return STORE_NOT_FOUND;
    if (team->seq != request->expected_seq) return STORE_STALE;
    const uint8_t *mark_last = request->has_expected_mark ? mark_at(team, team->seq) : NULL;
    bool same = mark_last && memcmp(mark_last, request->expected_mark, MARK_BYTES) == 0;
    if (request->has_expected_mark && !same) return STORE_STALE;
    for (size_t i = 0; i < request->unanswered_count; i++) {
        struct str id = {(const char *)request->unanswered[i].b, 16};
        if (map_get(&team->mutations, id)) return STORE_STALE;
    }
    const char *trouble = commit_trouble(store, team, request);
    if (trouble) {
        out->result.trouble = str_from(trouble);
        return str_starts_with(out->result.trouble, STR("23")) ? STORE_REFUSED : STORE_FAILED;
    }
    for (size_t i = 0; i < request->row_count; i++) row_write(store, team, &request->rows[i]);
    for (size_t i = 0; i < request->replica_number_count; i++) {
        const struct store_replica *number = &request->replica_numbers[i];
        replica_find(store, team, number->id)->stand.last_number = number->last_number;
    }
    team->seq = request->new_seq;
    team->recorded_last = request->recorded_at;
    team->inbox_last = request->inbox_last;
    if (request->new_seq == request->expected_seq) return STORE_OK; /* no seq, no mark */
    struct commit_mark *mark = arena_push(&store->pool->arena, (void **)&team->marks, &team->mark_count,
                                          &team->mark_cap, sizeof *mark);
    check(mark != NULL);
    mark->seq = request->new_seq;
    memcpy(mark->mark, request->mark, MARK_BYTES);
    return STORE_OK;
}

static size_t log_after(const struct memory_team *team, uint64_t seq)
{
    size_t low = 0, high = team->log_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (team->log[middle].seq > seq) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static bool entry_shows(const struct log_entry *entry, const struct store_request *request)
{
    const struct row *row = entry->row;
    if (row->seq != entry->seq) return false;
    return row->kind != ENTITY_OUTCOME || uuid_equal(row->id, request->replica);
}

/* A page that ends near a commit's end ends there, as in the database: there it has a mark. */
static void page_end_at_commit(const struct memory_team *team, uint64_t cursor,
                               struct store_result *result)
{
    size_t i = team->mark_count;
    while (i > 0 && team->marks[i - 1].seq > result->to_seq) i--;
    uint64_t end = i > 0 ? team->marks[i - 1].seq : 0;
    if (end <= cursor || (end - cursor) * 4 < (result->to_seq - cursor) * 3) return;
    result->to_seq = end;
    while (result->row_count > 0 && result->rows[result->row_count - 1].seq > end)
        result->row_count--;
}

static enum store_status run_page(struct store_memory *store, const struct store_request *request,
                                  struct memory_result *out)
{
    struct memory_team *team = memory_team_find(store, request->team);
    if (!team) return STORE_NOT_FOUND;
    result_stand(out, team);
    result_known(out, team, request);
    struct store_result *result = &out->result;
    result->to_seq = team->seq;
    size_t cap = 0, i = log_after(team, request->cursor_seq);
    while (i < team->log_count) {
        size_t end = i, shown = 0;
        while (end < team->log_count && team->log[end].seq == team->log[i].seq) {
            if (entry_shows(&team->log[end++], request)) shown++;
        }
        if (result->row_count > 0 && result->row_count + shown > request->row_limit) {
            result->to_seq = team->log[i].seq - 1;
            break;
        }
        for (; i < end; i++) {
            if (!entry_shows(&team->log[i], request)) continue;
            const struct row *from = team->log[i].row;
            struct row *row = arena_push(&out->arena, (void **)&result->rows, &result->row_count,
                                         &cap, sizeof *row);
            check(row != NULL);
            *row = *from;
            row->entity = result_entity(&out->arena, from->kind, from->entity);
        }
    }
    if (result->to_seq < team->seq) page_end_at_commit(team, request->cursor_seq, result);
    const uint8_t *mark = mark_at(team, result->to_seq);
    result->has_mark = mark != NULL;
    if (mark) memcpy(result->to_mark, mark, MARK_BYTES);
    return STORE_OK;
}

/* --- the port --- */

static enum store_status run_kind(struct store_memory *store, const struct store_request *request,
                                  struct memory_result *out)
{
    struct memory_team *team;
    switch (request->kind) {
    case STORE_SIGN_IN: return run_sign_in(store, request, out);
    case STORE_ENROL: return run_enrol(store, request, out);
    case STORE_TOKEN: return run_token(store, request);
    case STORE_LOAD: return run_load(store, request, out);
    case STORE_COMMIT: return run_commit(store, request, out);
    case STORE_PAGE: return run_page(store, request, out);
    case STORE_HEAD:
        team = memory_team_find(store, request->team);
        if (!team) return STORE_NOT_FOUND;
        result_stand(out, team);
        result_known(out, team, request);
        return STORE_OK;
    }
    return STORE_FAILED;
}

const struct store_result *store_memory_run(struct store_memory *store,
                                            const struct store_request *request)
{
    struct memory_result *out = calloc(1, sizeof *out);
    check(out != NULL);
    arena_init(&out->arena, SIZE_MAX / 2);
    out->result.arena = &out->arena;
    struct memory_failure *failure = &store->failures[request->kind];
    if (failure->times > 0) {
        failure->times--;
        if (failure->done) (void)run_kind(store, request, out);
        out->result.status = failure->status;
        out->result.trouble = store->slow ? STR("57014 as the test wants it")
                                          : STR("08006 as the test wants it");
    } else {
        out->result.status = run_kind(store, request, out);
    }
    out->result.kind = request->kind;
    out->result.ticket = request->ticket;
    return &out->result;
}

void store_memory_release(struct store_memory *store, const struct store_result *result)
{
    (void)store;
    union {
        const struct store_result *in;
        struct memory_result *out;
    } whole = {.in = result}; /* the result is its first member */
    arena_finish(&whole.out->arena);
    free(whole.out);
}

static void device_revoke(struct store_memory *store, const struct memory_device *found)
{
    struct memory_team *team = found->team;
    struct row *row = memory_row_find(team, ENTITY_DEVICE, found->id, 0);
    struct device *entity = entity_copy(&store->pool->arena, ENTITY_DEVICE, row->entity);
    check(entity != NULL);
    entity->revoked = true;
    entity->revoked_at = (struct optional){true, 1};
    entity->revoked_by = entity->member;
    struct row written = {
        .kind = ENTITY_DEVICE, .id = found->id, .seq = team->seq + 1, .entity = entity};
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = team->id,
                                   .expected_seq = team->seq,
                                   .new_seq = team->seq + 1,
                                   .recorded_at = team->recorded_last,
                                   .inbox_last = team->inbox_last,
                                   .rows = &written,
                                   .row_count = 1};
    memcpy(commit.mark, "revoked by hand", 15);
    const struct store_result *result = store_memory_run(store, &commit);
    check(result->status == STORE_OK);
    store_memory_release(store, result);
}

void store_memory_revoke(struct store_memory *store, struct uuid device)
{
    for (const struct memory_device *d = store->devices; d; d = d->next) {
        if (uuid_equal(d->id, device)) device_revoke(store, d);
    }
}
