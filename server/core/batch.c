/* batch.c - mutations in, one commit out. Called by the commit actor and by administration.
 *
 * For each mutation, in this order:
 *   number known, same bytes         -> answered before
 *   number known, other bytes        -> forked
 *   number is not the next one, or the copy is not known -> gap
 *   id answered under another number -> the same answer again (a renumbered copy), nothing applied
 *   else                             -> decided; one seq, its rows, one OUTCOME row
 *
 * Invariants: what is written depends only on the arguments; the rows of the commit are unique by
 * key and ordered by seq; after a fork or a gap nothing more of that replica is taken. */
#include "server/core/batch.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/codec/row.h"
#include "common/domain/use.h"

#include "common/base/banned.h"

enum { HASH_BYTES = 32, ROW_KEY_BYTES = 1 + 16 + 8 + 4, NUMBER_KEY_BYTES = 16 + 8 };

static struct str key_str(const void *bytes, size_t n)
{
    return (struct str){bytes, n};
}

static struct str id_key(const struct uuid *id)
{
    return key_str(id->b, sizeof id->b);
}

/* --- planning --- */

struct plan_builder {
    struct arena *arena;
    struct map seen;
    struct entity_key *keys;
    struct uuid *actors, *replicas;
    struct store_trace *traces;
    size_t trace_count, trace_cap;
    struct use *uses;
    size_t use_count, use_cap;
    size_t key_count, key_cap, actor_count, actor_cap, replica_count, replica_cap;
};

static bool plan_seen(struct plan_builder *plan, char scope, char kind, struct uuid id)
{
    char key[18] = {scope, kind};
    memcpy(key + 2, id.b, sizeof id.b);
    if (map_get(&plan->seen, key_str(key, sizeof key))) return true;
    if (map_put(&plan->seen, key_str(key, sizeof key), plan)) return true; /* the arena remembers */
    return false;
}

static void plan_key(struct plan_builder *plan, struct entity_key key)
{
    if (plan_seen(plan, 'k', (char)key.kind, key.id)) return;
    struct entity_key *slot = arena_push(plan->arena, (void **)&plan->keys, &plan->key_count,
                                         &plan->key_cap, sizeof *slot);
    if (slot) *slot = key;
}

static void plan_trace(struct plan_builder *plan, struct uuid target, struct uuid mutation)
{
    if (uuid_is_zero(mutation)) return;
    struct store_trace *slot = arena_push(plan->arena, (void **)&plan->traces, &plan->trace_count,
                                          &plan->trace_cap, sizeof *slot);
    if (slot) *slot = (struct store_trace){target, mutation};
}

static void plan_use(struct plan_builder *plan, const struct batch_mutation *item)
{
    struct use question;
    if (!mutation_use(&item->mutation, item->actor, &question)) return;
    struct use *slot = arena_push(plan->arena, (void **)&plan->uses, &plan->use_count,
                                  &plan->use_cap, sizeof *slot);
    if (slot) *slot = question;
}

static void plan_people(struct plan_builder *plan, const struct batch_mutation *item)
{
    struct uuid *slot;
    if (!uuid_is_zero(item->actor) && !plan_seen(plan, 'a', 0, item->actor)) {
        slot = arena_push(plan->arena, (void **)&plan->actors, &plan->actor_count,
                          &plan->actor_cap, sizeof *slot);
        if (slot) *slot = item->actor;
    }
    if (!uuid_is_zero(item->replica) && !plan_seen(plan, 'r', 0, item->replica)) {
        slot = arena_push(plan->arena, (void **)&plan->replicas, &plan->replica_count,
                          &plan->replica_cap, sizeof *slot);
        if (slot) *slot = item->replica;
    }
}

static enum fault plan_decode(struct arena *arena, struct batch_mutation *item)
{
    item->decoded = false;
    item->mutation = (struct mutation){.kind = MUTATION_NONE};
    item->mutation.id = codec_mutation_id(item->payload);
    if (item->failed) return FAULT_NONE;
    struct mutation unread = item->mutation;
    uint8_t hash[HASH_BYTES];
    codec_payload_hash(item->payload, hash);
    crash_note_begin(item->note, hash);
    enum fault fault = codec_mutation_unpack(arena, item->payload, &item->mutation);
    crash_note_end(item->note);
    if (fault == FAULT_MEMORY && arena->failed) return fault;
    item->decoded = fault == FAULT_NONE;
    if (!item->decoded) item->mutation = unread;
    return FAULT_NONE;
}

enum fault batch_plan(struct arena *arena, struct uuid team, struct batch_mutation *mutations,
                      size_t count, struct store_request *load)
{
    struct plan_builder plan = {.arena = arena};
    map_init(&plan.seen, arena);
    struct store_outcome_key *outcomes = arena_array(arena, count ? count : 1, sizeof *outcomes);
    struct entity_key *keys = arena_array(arena, MUTATION_KEYS_MAX, sizeof *keys);
    if (!outcomes || !keys) return FAULT_MEMORY;
    size_t outcome_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct batch_mutation *item = &mutations[i];
        enum fault fault = plan_decode(arena, item);
        if (fault) return fault;
        plan_people(&plan, item);
        if (item->number > 0) {
            outcomes[outcome_count++] = (struct store_outcome_key){
                .replica = item->replica, .number = item->number, .mutation = item->mutation.id};
        }
        if (!uuid_is_zero(item->device)) {
            plan_key(&plan, (struct entity_key){ENTITY_DEVICE, item->device});
        }
        if (!item->decoded) continue;
        size_t key_count = mutation_keys(&item->mutation, item->actor, keys);
        for (size_t k = 0; k < key_count; k++) {
            if (keys[k].kind != ENTITY_EVENT) plan_key(&plan, keys[k]);
        }
        plan_trace(&plan, item->mutation.target, item->mutation.undoes);
        plan_trace(&plan, item->mutation.target, item->mutation.replaces);
        plan_use(&plan, item);
    }
    *load = (struct store_request){
        .kind = STORE_LOAD,
        .team = team,
        .keys = plan.keys,
        .key_count = plan.key_count,
        .actors = plan.actors,
        .actor_count = plan.actor_count,
        .replicas = plan.replicas,
        .replica_count = plan.replica_count,
        .outcome_keys = outcomes,
        .outcome_key_count = outcome_count,
        .traces = plan.traces,
        .trace_count = plan.trace_count,
        .uses = plan.uses,
        .use_count = plan.use_count,
    };
    return arena_fault(arena);
}

/* --- deciding --- */

struct replica_stand {
    struct uuid id;
    uint64_t last_number;
    bool known, moved, broken;
};

struct batch {
    struct arena *arena;
    struct state state;
    int64_t recorded_at;
    uint64_t seq;
    struct map replicas; /* id -> replica_stand */
    struct map numbers;  /* replica, number -> outcome */
    struct map mutations; /* mutation id -> outcome */
    struct map row_keys; /* key of a row -> its place + 1 */
    struct row *rows;
    size_t row_count, row_cap;
};

static struct str number_key(char bytes[NUMBER_KEY_BYTES], struct uuid replica, uint64_t number)
{
    memcpy(bytes, replica.b, sizeof replica.b);
    memcpy(bytes + sizeof replica.b, &number, sizeof number);
    return key_str(bytes, NUMBER_KEY_BYTES);
}

/* Of several answers to one mutation the first is the one that counts. */
static enum fault outcome_know(struct batch *batch, struct outcome *outcome)
{
    char key[NUMBER_KEY_BYTES];
    enum fault fault = map_put(
        &batch->numbers, number_key(key, outcome->replica, (uint64_t)outcome->number), outcome);
    if (fault || uuid_is_zero(outcome->mutation)) return fault;
    if (map_get(&batch->mutations, id_key(&outcome->mutation))) return FAULT_NONE;
    return map_put(&batch->mutations, id_key(&outcome->mutation), outcome);
}

static struct replica_stand *stand_of(struct batch *batch, struct uuid replica)
{
    struct replica_stand *stand = map_get(&batch->replicas, id_key(&replica));
    if (stand) return stand;
    stand = arena_alloc(batch->arena, sizeof *stand);
    if (!stand) return NULL;
    stand->id = replica;
    return map_put(&batch->replicas, id_key(&replica), stand) ? NULL : stand;
}

static enum fault batch_begin(struct batch *batch, struct arena *arena,
                              const struct store_result *loaded, int64_t now_ms)
{
    *batch = (struct batch){.arena = arena, .seq = loaded->seq};
    batch->recorded_at = now_ms > loaded->recorded_last ? now_ms : loaded->recorded_last;
    map_init(&batch->replicas, arena);
    map_init(&batch->numbers, arena);
    map_init(&batch->mutations, arena);
    map_init(&batch->row_keys, arena);
    enum fault fault = state_init(&batch->state, arena, loaded->team_row, loaded->definition);
    batch->state.inbox_last = loaded->inbox_last;
    for (size_t i = 0; !fault && i < loaded->member_count; i++) {
        const struct member *member = loaded->members[i];
        fault = state_put(&batch->state, ENTITY_MEMBER, member->id, member);
    }
    for (size_t i = 0; !fault && i < loaded->row_count; i++) {
        const struct row *row = &loaded->rows[i];
        fault = row->kind == ENTITY_EVENT
                    ? state_put_trace(&batch->state, row->entity)
                    : state_put(&batch->state, row->kind, row->id,
                                row->removed ? NULL : row->entity);
    }
    for (size_t i = 0; !fault && i < loaded->use_count; i++) {
        fault = state_put_use(&batch->state, &loaded->uses[i]);
    }
    for (size_t i = 0; !fault && i < loaded->replica_count; i++) {
        struct replica_stand *stand = stand_of(batch, loaded->replicas[i].id);
        if (!stand) return FAULT_MEMORY;
        stand->last_number = loaded->replicas[i].last_number;
        stand->known = true;
    }
    for (size_t i = 0; !fault && i < loaded->outcome_count; i++) {
        fault = outcome_know(batch, loaded->outcomes[i]);
    }
    return fault;
}

/* A thing changed twice in a batch is written once, as it is at the end. */
static enum fault row_add(struct batch *batch, struct row row)
{
    char key[ROW_KEY_BYTES] = {(char)row.kind};
    memcpy(key + 1, row.id.b, sizeof row.id.b);
    if (row.kind == ENTITY_EVENT) memcpy(key + 17, &row.seq, sizeof row.seq);
    if (row.kind == ENTITY_EVENT || row.kind == ENTITY_OUTCOME) {
        memcpy(key + 25, &row.n, sizeof row.n);
    }
    size_t *place = map_get(&batch->row_keys, key_str(key, sizeof key));
    if (place) {
        batch->rows[*place].kind = ENTITY_NONE;
    } else {
        place = arena_alloc(batch->arena, sizeof *place);
        if (!place) return FAULT_MEMORY;
        enum fault fault = map_put(&batch->row_keys, key_str(key, sizeof key), place);
        if (fault) return fault;
    }
    struct row *slot = arena_push(batch->arena, (void **)&batch->rows, &batch->row_count,
                                  &batch->row_cap, sizeof *slot);
    if (!slot) return FAULT_MEMORY;
    *slot = row;
    *place = batch->row_count - 1;
    return FAULT_NONE;
}

static enum fault outcome_add(struct batch *batch, const struct batch_mutation *item,
                              struct str reasons, const uint8_t hash[HASH_BYTES])
{
    if (item->number == 0) return FAULT_NONE;
    struct outcome *outcome = arena_alloc(batch->arena, sizeof *outcome);
    const char *copy = arena_copy(batch->arena, hash, HASH_BYTES);
    if (!outcome || !copy) return FAULT_MEMORY;
    *outcome = (struct outcome){
        .replica = item->replica,
        .number = (int64_t)item->number,
        .kind = item->outcome,
        .mutation = item->mutation.id,
        .member = item->actor,
        .payload_hash = {copy, HASH_BYTES},
        .reasons = arena_str(batch->arena, reasons),
        .recorded_at = {true, batch->recorded_at},
    };
    enum fault fault = outcome_know(batch, outcome);
    if (fault) return fault;
    struct replica_stand *stand = stand_of(batch, item->replica);
    if (!stand) return FAULT_MEMORY;
    stand->last_number = item->number;
    stand->moved = true;
    return row_add(batch, (struct row){.kind = ENTITY_OUTCOME,
                                       .id = item->replica,
                                       .seq = batch->seq,
                                       .n = (uint32_t)item->number,
                                       .entity = outcome});
}

static bool hash_is(const struct outcome *outcome, const uint8_t hash[HASH_BYTES])
{
    return outcome->payload_hash.n == HASH_BYTES &&
           memcmp(outcome->payload_hash.p, hash, HASH_BYTES) == 0;
}

/* True when the number settles it: nothing is to be decided. */
static bool number_settles(struct batch *batch, struct batch_mutation *item,
                           struct replica_stand *stand, const uint8_t hash[HASH_BYTES])
{
    char key[NUMBER_KEY_BYTES];
    const struct outcome *known =
        map_get(&batch->numbers, number_key(key, item->replica, item->number));
    /* Unknown: registered in a part of history that is lost. Its copy has to say hello again. */
    if (stand->broken || !stand->known) {
        item->gap = true;
    } else if (known && hash_is(known, hash)) {
        item->outcome = (enum outcome_kind)known->kind;
        item->answered_before = true;
    } else if (known || item->number <= stand->last_number) {
        item->forked = true;
    } else if (item->number != stand->last_number + 1) {
        item->gap = true;
    } else {
        return false;
    }
    if (item->forked || item->gap) stand->broken = true;
    return true;
}

/* At commit: a session may not have heard of it yet. */
static bool device_is_revoked(const struct batch *batch, const struct batch_mutation *item)
{
    if (uuid_is_zero(item->device)) return false;
    const struct device *device = state_find(&batch->state, ENTITY_DEVICE, item->device);
    return !device || device->revoked;
}

/* taken: its id stands for something else already. */
static enum fault decide_one(struct batch *batch, struct batch_mutation *item, bool taken,
                             const uint8_t hash[HASH_BYTES])
{
    struct member nobody = {.id = item->actor, .role = ROLE_NONE};
    const struct member *actor = state_find(&batch->state, ENTITY_MEMBER, item->actor);
    struct decision_context context = {.actor = actor ? actor : &nobody,
                                       .device = item->device,
                                       .recorded_at = batch->recorded_at,
                                       .administration = item->number == 0,
                                       .revoked = device_is_revoked(batch, item),
                                       .failed = item->failed};
    struct change change;
    enum fault fault =
        item->decoded && !taken
            ? decide(batch->arena, &batch->state, &context, &item->mutation, item->payload, &change)
            : decide_undecodable(batch->arena, &batch->state, &context,
                                 taken ? (struct uuid){{0}} : item->mutation.id, item->payload,
                                 &change);
    if (!fault) fault = apply(&batch->state, &change);
    if (fault) return fault;
    item->outcome = change.outcome;
    /* The server's own that says nothing new leaves no answer either: it takes no seq. */
    if (item->number == 0 && change.row_count == 0) batch->seq--;
    for (size_t i = 0; i < change.row_count; i++) {
        change.rows[i].seq = batch->seq;
        fault = row_add(batch, change.rows[i]);
        if (fault) return fault;
    }
    struct str reasons = STR_NONE;
    if (change.reasons.count > 0) fault = reasons_format(batch->arena, &change.reasons, &reasons);
    return fault ? fault : outcome_add(batch, item, reasons, hash);
}

static enum fault batch_one(struct batch *batch, struct batch_mutation *item)
{
    item->outcome = OUTCOME_NONE;
    item->answered_before = item->forked = item->gap = false;
    uint8_t hash[HASH_BYTES];
    codec_payload_hash(item->payload, hash);
    if (item->number > 0) {
        struct replica_stand *stand = stand_of(batch, item->replica);
        if (!stand) return FAULT_MEMORY;
        if (number_settles(batch, item, stand, hash)) return FAULT_NONE;
    }
    batch->seq++;
    const struct outcome *same = NULL;
    if (!uuid_is_zero(item->mutation.id)) {
        same = map_get(&batch->mutations, id_key(&item->mutation.id));
    }
    if (same && hash_is(same, hash) && uuid_equal(same->member, item->actor)) {
        item->outcome = (enum outcome_kind)same->kind;
        return outcome_add(batch, item, same->reasons, hash);
    }
    /* An id that is taken is not taken again: it would overwrite what hangs on it. */
    if (!item->failed) crash_note_begin(item->note, hash);
    enum fault fault = decide_one(batch, item, same != NULL, hash);
    crash_note_end(item->note);
    return fault;
}

static enum fault batch_finish(struct batch *batch, const struct store_result *loaded,
                               struct random *random, struct store_request *commit)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (batch->rows[i].kind != ENTITY_NONE) batch->rows[kept++] = batch->rows[i];
    }
    size_t known = batch->replicas.count, numbers = 0;
    struct store_replica *replicas = arena_array(batch->arena, known ? known : 1,
                                                 sizeof *replicas);
    if (!replicas) return FAULT_MEMORY;
    for (size_t i = 0; i < known; i++) {
        const struct replica_stand *stand = batch->replicas.entries[i].value;
        if (!stand->moved) continue;
        replicas[numbers++] =
            (struct store_replica){.id = stand->id, .last_number = stand->last_number};
    }
    *commit = (struct store_request){
        .kind = STORE_COMMIT,
        .team = loaded->team,
        .expected_seq = loaded->seq,
        .has_expected_mark = loaded->seq > 0,
        .new_seq = batch->seq,
        .recorded_at = batch->recorded_at,
        .inbox_last = batch->state.inbox_last,
        .rows = batch->rows,
        .row_count = kept,
        .replica_numbers = replicas,
        .replica_number_count = numbers,
    };
    if (batch->state.team) commit->team = batch->state.team->id;
    memcpy(commit->expected_mark, loaded->mark, sizeof commit->expected_mark);
    if (kept > 0) random_bytes(random, commit->mark, sizeof commit->mark);
    return arena_fault(batch->arena);
}

enum fault batch_decide(struct arena *arena, const struct store_result *loaded,
                        struct batch_mutation *mutations, size_t count, int64_t now_ms,
                        struct random *random, struct store_request *commit)
{
    struct batch batch;
    enum fault fault = batch_begin(&batch, arena, loaded, now_ms);
    for (size_t i = 0; !fault && i < count; i++) fault = batch_one(&batch, &mutations[i]);
    return fault ? fault : batch_finish(&batch, loaded, random, commit);
}
