/* replica_world.c - see replica_world.h. */
#include "tests/support/replica_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"

struct packed_row world_row(struct rule_world *w, enum entity_kind kind, struct uuid id,
                            uint64_t seq, uint32_t n, const void *entity)
{
    struct packed_row row = {
        .kind = kind, .n = n, .id = id, .seq = seq, .removed = entity == NULL};
    if (!entity) return row;
    struct buffer body;
    buffer_init(&body, FRAME_TO_CLIENT_MAX);
    assert_int_equal(codec_entity_pack(kind, entity, &body), FAULT_NONE);
    row.body = arena_str(&w->arena, buffer_str(&body));
    if (buffer_str(&body).n == 0) row.body = STR("");
    buffer_finish(&body);
    return row;
}

struct packed_row *world_rows(struct rule_world *w, uint64_t seq, size_t *count)
{
    struct packed_row *rows = arena_array(&w->arena, w->state.rows.count + 2, sizeof *rows);
    assert_non_null(rows);
    rows[0] = world_row(w, ENTITY_TEAM, w->team.id, seq, 0, &w->team);
    rows[1] = world_row(w, ENTITY_DEFINITION, w->team.id, seq, 0, &w->definition);
    *count = 2;
    for (size_t i = 0; i < w->state.rows.count; i++) {
        const struct map_entry *entry = &w->state.rows.entries[i];
        struct uuid id;
        memcpy(id.b, entry->key.p + 1, sizeof id.b);
        if (entry->value)
            rows[(*count)++] =
                world_row(w, (enum entity_kind)entry->key.p[0], id, seq, 0, entry->value);
    }
    return rows;
}

struct identity world_identity(const char *member)
{
    return (struct identity){
        .addresses = {STR("first:1"), STR("second:2")},
        .address_count = 1,
        .joined = true,
        .device_name = STR("laptop"),
        .team = world_id("team"),
        .member = world_id(member),
        .device = world_id("device"),
        .replica = world_id("replica"),
        .next_number = 1,
        .generation = 1,
    };
}

void world_fill(struct rule_world *w, struct replica *replica, const char *member)
{
    size_t count = 0;
    struct packed_row *rows = world_rows(w, 1, &count);
    struct identity identity = world_identity(member);
    identity.cursor_seq = 1;
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(replica->f->put_row(replica, 1, &rows[i]), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
}

const struct deal *replica_deal(struct rule_world *w, struct replica *replica, const char *name,
                                bool server)
{
    const void *deal = NULL;
    enum fault fault =
        replica->f->entity(replica, &w->arena, ENTITY_DEAL, world_id(name), server, &deal);
    if (fault == FAULT_NOT_FOUND) return NULL;
    assert_int_equal(fault, FAULT_NONE);
    return deal;
}
