/* known.c - see known.h. Called by commit.c only.
 *
 * Invariant: every row in it is that of (seq, mark); a row that is not in it may be anything. */
#include "server/core/known.h"

#include <string.h>

#include "common/domain/field.h"

#include "common/base/banned.h"

enum { KEY_BYTES = 1 + sizeof(struct uuid), KIND_REPLICA = 127 };

/* Present with no entity: there is no such row. */
struct known_row {
    const void *entity;
};

static struct str known_key(char bytes[KEY_BYTES], char kind, struct uuid id)
{
    bytes[0] = kind;
    memcpy(bytes + 1, id.b, sizeof id.b);
    return (struct str){bytes, KEY_BYTES};
}

/* Events and outcomes are asked for otherwise, an invitation's use takes no seq. */
static bool kind_is_kept(enum entity_kind kind)
{
    return kind > ENTITY_NONE && kind < ENTITY_COUNT && kind != ENTITY_EVENT &&
           kind != ENTITY_OUTCOME && kind != ENTITY_INVITATION;
}

static bool kind_is_complete(enum entity_kind kind)
{
    return kind_is_kept(kind) && kind != ENTITY_DEVICE && kind != ENTITY_DEFINITION;
}

/* --- generations --- */

static void generation_end(struct known_generation *generation)
{
    arena_finish(&generation->arena);
    *generation = (struct known_generation){.rows = {.count = 0}};
}

/* The maps point to their arena: those of a generation that moved do so again. */
static void generation_begin(struct known *known, size_t bytes_max)
{
    arena_init(&known->young.arena, bytes_max);
    known->young.arena.hash_key = known->hash_key;
    map_init(&known->young.rows, &known->young.arena);
}

void known_init(struct known *known, const uint8_t *hash_key)
{
    *known = (struct known){.hash_key = hash_key};
}

void known_finish(struct known *known)
{
    generation_end(&known->young);
    generation_end(&known->old);
    known->valid = false;
}

void known_forget(struct known *known)
{
    known_finish(known);
}

size_t known_bytes(const struct known *known)
{
    return known->young.arena.used + known->old.arena.used;
}

static void known_turn(struct known *known, size_t bytes_max)
{
    if (known->young.rows.arena && known->young.arena.used < bytes_max / 2) return;
    generation_end(&known->old);
    known->old = known->young;
    known->old.rows.arena = &known->old.arena;
    generation_begin(known, bytes_max);
}

/* --- rows --- */

static const struct known_row *known_find(const struct known *known, char kind, struct uuid id)
{
    char bytes[KEY_BYTES];
    struct str key = known_key(bytes, kind, id);
    const struct known_row *row = map_get(&known->young.rows, key);
    return row ? row : map_get(&known->old.rows, key);
}

static const void *known_copy(struct arena *arena, char kind, const void *entity)
{
    if (kind == KIND_REPLICA) return arena_copy(arena, entity, sizeof(struct store_replica));
    if (kind != (char)ENTITY_DEFINITION) {
        return entity_copy(arena, (enum entity_kind)kind, entity);
    }
    struct definition *definition = arena_alloc(arena, sizeof *definition);
    return definition && definition_copy(arena, entity, definition) == FAULT_NONE ? definition
                                                                                  : NULL;
}

/* Without the memory it knows nothing. */
static void known_put(struct known *known, char kind, struct uuid id, const void *entity)
{
    char bytes[KEY_BYTES];
    struct arena *arena = &known->young.arena;
    struct known_row *row = arena_alloc(arena, sizeof *row);
    if (row && entity) row->entity = known_copy(arena, kind, entity);
    bool kept = row && (!entity || row->entity) &&
                map_put(&known->young.rows, known_key(bytes, kind, id), row) == FAULT_NONE;
    if (!kept) arena->failed = true;
}

/* What is used stays: it is copied out of the generation that goes next. */
static const struct known_row *known_use(struct known *known, char kind, struct uuid id)
{
    char bytes[KEY_BYTES];
    struct str key = known_key(bytes, kind, id);
    const struct known_row *row = map_get(&known->young.rows, key);
    if (row) return row;
    row = map_get(&known->old.rows, key);
    if (row) known_put(known, kind, id, row->entity);
    return row;
}

/* --- what comes --- */

static void loaded_rows(struct known *known, const struct store_request *load,
                        const struct store_result *loaded)
{
    for (size_t i = 0; i < load->key_count; i++) {
        if (!kind_is_complete(load->keys[i].kind)) continue;
        known_put(known, (char)load->keys[i].kind, load->keys[i].id, NULL);
    }
    for (size_t i = 0; i < load->actor_count; i++) {
        known_put(known, (char)ENTITY_MEMBER, load->actors[i], NULL);
    }
    for (size_t i = 0; i < loaded->row_count; i++) {
        const struct row *row = &loaded->rows[i];
        if (!kind_is_kept(row->kind)) continue;
        known_put(known, (char)row->kind, row->id, row->removed ? NULL : row->entity);
    }
    for (size_t i = 0; i < loaded->member_count; i++) {
        known_put(known, (char)ENTITY_MEMBER, loaded->members[i]->id, loaded->members[i]);
    }
    for (size_t i = 0; i < loaded->replica_count; i++) {
        known_put(known, KIND_REPLICA, loaded->replicas[i].id, &loaded->replicas[i]);
    }
}

void known_loaded(struct known *known, const struct store_request *load,
                  const struct store_result *loaded, size_t bytes_max)
{
    bool same = known->valid && known->seq == loaded->seq &&
                memcmp(known->mark, loaded->mark, MARK_BYTES) == 0;
    if (!same) known_forget(known);
    if (loaded->seq == 0 || !loaded->team_row || !loaded->definition) return;
    known_turn(known, bytes_max);
    known->valid = true;
    known->seq = loaded->seq;
    memcpy(known->mark, loaded->mark, MARK_BYTES);
    known->recorded_last = loaded->recorded_last;
    known->inbox_last = loaded->inbox_last;
    known_put(known, (char)ENTITY_TEAM, load->team, loaded->team_row);
    known_put(known, (char)ENTITY_DEFINITION, load->team, loaded->definition);
    loaded_rows(known, load, loaded);
    if (known->young.arena.failed) known_forget(known);
}

void known_committed(struct known *known, const struct store_request *commit, size_t bytes_max)
{
    if (!known->valid || known->seq != commit->expected_seq) {
        known_forget(known);
        return;
    }
    known_turn(known, bytes_max);
    if (commit->new_seq > commit->expected_seq) memcpy(known->mark, commit->mark, MARK_BYTES);
    known->seq = commit->new_seq;
    known->recorded_last = commit->recorded_at;
    known->inbox_last = commit->inbox_last;
    for (size_t i = 0; i < commit->row_count; i++) {
        const struct row *row = &commit->rows[i];
        if (!kind_is_kept(row->kind)) continue;
        known_put(known, (char)row->kind, row->id, row->removed ? NULL : row->entity);
    }
    for (size_t i = 0; i < commit->replica_number_count; i++) {
        const struct store_replica *moved = &commit->replica_numbers[i];
        const struct known_row *row = known_find(known, KIND_REPLICA, moved->id);
        if (!row) continue;
        struct store_replica replica;
        memcpy(&replica, row->entity, sizeof replica);
        replica.last_number = moved->last_number;
        known_put(known, KIND_REPLICA, moved->id, &replica);
    }
    if (known->young.arena.failed) known_forget(known);
}

/* --- what is asked --- */

/* Every row that is asked for; false as soon as one is not known. */
static bool answer_rows(struct known *known, const struct store_request *load,
                        struct store_result *loaded)
{
    for (size_t i = 0; i < load->key_count; i++) {
        enum entity_kind kind = load->keys[i].kind;
        bool asked = kind_is_kept(kind) && kind != ENTITY_DEFINITION;
        const struct known_row *row = asked ? known_use(known, (char)kind, load->keys[i].id) : NULL;
        if (!row) return false;
        if (!row->entity) continue;
        loaded->rows[loaded->row_count++] =
            (struct row){.kind = kind, .id = load->keys[i].id, .entity = row->entity};
    }
    for (size_t i = 0; i < load->actor_count; i++) {
        const struct known_row *row = known_use(known, (char)ENTITY_MEMBER, load->actors[i]);
        if (!row) return false;
        if (row->entity) loaded->members[loaded->member_count++] = row->entity;
    }
    return true;
}

/* A number above the last one has no answer yet; what is not above it has one to be looked up. */
static bool answer_replicas(struct known *known, const struct store_request *load,
                            struct store_result *loaded)
{
    for (size_t i = 0; i < load->replica_count; i++) {
        const struct known_row *row = known_use(known, KIND_REPLICA, load->replicas[i]);
        if (!row) return false;
        memcpy(&loaded->replicas[loaded->replica_count++], row->entity,
               sizeof *loaded->replicas);
    }
    for (size_t i = 0; i < load->outcome_key_count; i++) {
        const struct store_outcome_key *key = &load->outcome_keys[i];
        const struct known_row *row = known_find(known, KIND_REPLICA, key->replica);
        if (!row) return false;
        const struct store_replica *replica = row->entity;
        if (key->number <= replica->last_number) return false;
    }
    return true;
}

bool known_answers(struct known *known, struct arena *arena, const struct store_request *load,
                   struct store_result *loaded)
{
    if (!known->valid || load->trace_count > 0 || load->use_count > 0) return false;
    *loaded = (struct store_result){.kind = STORE_LOAD,
                                    .status = STORE_OK,
                                    .team = load->team,
                                    .seq = known->seq,
                                    .recorded_last = known->recorded_last,
                                    .inbox_last = known->inbox_last,
                                    .mark_known = true};
    memcpy(loaded->mark, known->mark, MARK_BYTES);
    loaded->rows = arena_array(arena, load->key_count + 1, sizeof *loaded->rows);
    void *members = arena_array(arena, load->actor_count + 1, sizeof *loaded->members);
    loaded->members = members;
    loaded->replicas = arena_array(arena, load->replica_count + 1, sizeof *loaded->replicas);
    if (!loaded->rows || !members || !loaded->replicas) return false;
    const struct known_row *team = known_use(known, (char)ENTITY_TEAM, load->team);
    const struct known_row *definition = known_use(known, (char)ENTITY_DEFINITION, load->team);
    if (!team || !definition) return false;
    loaded->team_row = team->entity;
    loaded->definition = definition->entity;
    return answer_rows(known, load, loaded) && answer_replicas(known, load, loaded) &&
           !known->young.arena.failed;
}
