/* check_copy.c - copies against the model: convergence, and shown = server + pending. */
#include "tests/simulation/world.h"

#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/simulation/check_inside.h"

#include "common/base/banned.h"

static const size_t COPY_BYTES_MAX = (size_t)512 * 1024 * 1024;

struct copy_check {
    struct world *world;
    size_t laptop;
    struct replica *replica;
    struct arena arena;
    const struct member *member;
    size_t counts[ENTITY_COUNT]; /* what it should have, by kind */
};

static void pack(enum entity_kind kind, const void *entity, struct buffer *out)
{
    buffer_init(out, 1024 * 1024);
    check(codec_entity_pack(kind, entity, out) == FAULT_NONE);
}

static bool packed_equal(enum entity_kind kind, const void *a, const void *b)
{
    struct buffer packed_a, packed_b;
    pack(kind, a, &packed_a);
    pack(kind, b, &packed_b);
    bool equal = str_equal(buffer_str(&packed_a), buffer_str(&packed_b));
    buffer_finish(&packed_a);
    buffer_finish(&packed_b);
    return equal;
}

static void copy_fail(struct copy_check *c, const char *what, enum entity_kind kind, struct uuid id)
{
    char text[UUID_TEXT_LENGTH + 1];
    uuid_format(id, text);
    world_fail(c->world, "laptop %zu of %s: %s %s %s", c->laptop,
               c->world->persons[c->world->laptops[c->laptop].person].name,
               entity_name(kind) ? entity_name(kind) : "?", text, what);
}

/* Entities: each row of the model is there, byte for byte, or not if it is removed or out of
 * sight. */
static void check_entity(struct copy_check *c, const struct row *row)
{
    const void *have = NULL;
    struct definition definition;
    enum fault fault;
    if (row->kind == ENTITY_DEFINITION) {
        fault = c->replica->f->definition(c->replica, &c->arena, &definition);
        have = &definition;
    } else {
        fault = c->replica->f->entity(c->replica, &c->arena, row->kind, row->id, true, &have);
    }
    bool wanted = !row->removed && oracle_sees(c->member, row->kind, row->entity);
    const void *there = row->entity;
    struct invitation plain;
    if (wanted && row->kind == ENTITY_INVITATION) {
        plain = *(const struct invitation *)row->entity;
        plain.code_hash = STR_NONE; /* it stays on the server */
        there = &plain;
    }
    if (wanted) c->counts[row->kind]++;
    if (fault != FAULT_NONE && fault != FAULT_NOT_FOUND) {
        copy_fail(c, fault_name(fault), row->kind, row->id);
    } else if (wanted && fault) {
        copy_fail(c, "is missing", row->kind, row->id);
    } else if (!wanted && !fault) {
        copy_fail(c, "should not be there", row->kind, row->id);
    } else if (wanted && !packed_equal(row->kind, have, there)) {
        copy_fail(c, "differs from the server's", row->kind, row->id);
    }
}

static void check_counts(struct copy_check *c)
{
    static const enum entity_kind kinds[] = {ENTITY_MEMBER, ENTITY_ORGANISATION, ENTITY_PERSON,
                                             ENTITY_INBOX, ENTITY_DEVICE, ENTITY_INVITATION};
    struct uuid none = {{0}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const void **all;
        size_t count;
        check(c->replica->f->all(c->replica, &c->arena, kinds[i], &all, &count) == FAULT_NONE);
        if (count != c->counts[kinds[i]]) copy_fail(c, "(any): too many", kinds[i], none);
    }
    const struct deal **deals;
    size_t count;
    struct deal_filter filter = {.all = true};
    enum fault fault = c->replica->f->deals(c->replica, &c->arena, &filter, &deals, &count);
    if (fault) {
        copy_fail(c, fault_name(fault), ENTITY_DEAL, none);
        return;
    }
    if (count != c->counts[ENTITY_DEAL]) copy_fail(c, "(any): too many", ENTITY_DEAL, none);
    const struct activity **activities;
    check(c->replica->f->activities(c->replica, &c->arena, none, &activities, &count) ==
          FAULT_NONE);
    if (count != c->counts[ENTITY_ACTIVITY]) copy_fail(c, "(any): too many", ENTITY_ACTIVITY, none);
}

/* History of one subject: the same events in the same order. */
static void check_history(struct copy_check *c, struct uuid subject)
{
    const struct model_history *history =
        map_get(&c->world->oracle.histories, oracle_id_key(&subject));
    const struct model_row *model = history ? history->first : NULL;
    const struct event **events;
    uint64_t *seqs;
    size_t count, at = 0;
    check(c->replica->f->events(c->replica, &c->arena, subject, &events, &seqs, &count) ==
          FAULT_NONE);
    for (; model; model = model->next, at++) {
        if (at < count && seqs[at] == model->row.seq &&
            packed_equal(ENTITY_EVENT, events[at], model->row.entity))
            continue;
        copy_fail(c, "has another history", ENTITY_EVENT, subject);
        return;
    }
    if (at != count) copy_fail(c, "has too much history", ENTITY_EVENT, subject);
}

static void check_rows(struct copy_check *c)
{
    const struct map *rows = &c->world->oracle.rows;
    for (size_t i = 0; i < rows->count && !c->world->failed; i++) {
        const struct row *row = &((const struct model_row *)rows->entries[i].value)->row;
        arena_reset(&c->arena);
        if (row->kind == ENTITY_OUTCOME) continue;
        if (row->kind != ENTITY_EVENT) {
            check_entity(c, row);
            continue;
        }
        const struct event *event = row->entity;
        bool first = event->what == EVENT_CREATED || event->what == EVENT_IMPORTED;
        if (first && row->n == 0) check_history(c, row->id);
    }
}

static const struct member *member_of(const struct world *world, size_t laptop)
{
    const struct row *row =
        oracle_row(world, ENTITY_MEMBER, world->persons[world->laptops[laptop].person].member);
    return row ? row->entity : NULL;
}

void check_converged(struct world *world, size_t laptop)
{
    struct copy_check c = {
        .world = world, .laptop = laptop, .replica = world->laptops[laptop].disk.inner};
    arena_init(&c.arena, COPY_BYTES_MAX);
    c.member = member_of(world, laptop);
    check(c.member != NULL);
    check_rows(&c);
    if (!world->failed) check_counts(&c);
    arena_finish(&c.arena);
}

/* --- who is told of copies --- */

/* A copy that took a new replica id is told to its member, once, and no other is. While the database
 * keeps to its history: one that went back may have known neither copy. */
void check_copy_told(struct world *world, size_t laptop)
{
    const uint64_t *marks = world->marks.counts;
    if (marks[MARK_RESTORED] + marks[MARK_FAILOVER] > 0 || world->laptops[laptop].revoked) return;
    struct arena arena;
    arena_init(&arena, 1024 * 1024);
    struct identity identity;
    if (laptop_identity(world, laptop, &arena, &identity) && laptop_joined(world, laptop)) {
        struct uuid notice = inbox_notice_id(notice_copied_id(identity.replica));
        bool told = oracle_row(world, ENTITY_INBOX, notice) != NULL;
        if (told) world_mark(world, MARK_COPY_TOLD);
        bool copy = !uuid_equal(identity.replica, world->laptops[laptop].first);
        if (told != copy)
            world_fail(world, told ? "laptop %zu is told of as a copy, and is none"
                                   : "laptop %zu is a copy, and nobody was told", laptop);
    }
    arena_finish(&arena);
}

/* --- by their bytes --- */

/* Of the rows of a copy that count. */
static struct team_digest marks_digest(struct replica *replica, bool shared_only)
{
    struct arena arena;
    arena_init(&arena, COPY_BYTES_MAX);
    struct row_mark *marks;
    size_t count;
    struct team_digest digest = {0};
    check(replica->f->marks(replica, &arena, &marks, &count) == FAULT_NONE);
    for (size_t i = 0; i < count; i++) {
        if (shared_only && !oracle_is_shared((enum entity_kind)marks[i].kind)) continue;
        digest.count++;
        digest.sum += marks[i].hash;
    }
    arena_finish(&arena);
    return digest;
}

void check_digest(struct world *world, size_t laptop)
{
    const struct map *rows = &world->oracle.rows;
    const struct member *member = member_of(world, laptop);
    struct team_digest wanted = {0};
    for (size_t i = 0; i < rows->count; i++) {
        const struct model_row *model = rows->entries[i].value;
        if (model->hash == 0 || !oracle_sees(member, model->row.kind, model->row.entity))
            continue;
        wanted.count++;
        wanted.sum += model->hash;
    }
    struct team_digest have = marks_digest(world->laptops[laptop].disk.inner, false);
    if (have.count == wanted.count && have.sum == wanted.sum) return;
    check_converged(world, laptop); /* says which, if it reads it at all */
    world_fail(world, "laptop %zu holds %llu rows, its member is to see %llu; their sums differ",
               laptop, (unsigned long long)have.count, (unsigned long long)wanted.count);
}

bool oracle_knows(const struct oracle *oracle, const struct identity *identity)
{
    uint64_t seq = identity->cursor_seq;
    if (seq == 0) return true;
    if (seq >= oracle->digest_cap || seq > oracle->seq || !oracle->digests[seq].known) return false;
    return identity->has_mark &&
           memcmp(oracle->digests[seq].mark, identity->cursor_mark, MARK_BYTES) == 0;
}

void check_at_cursor(struct world *world, size_t laptop, const struct identity *identity)
{
    const struct oracle *oracle = &world->oracle;
    uint64_t seq = identity->cursor_seq;
    if (seq == 0 || !oracle_knows(oracle, identity)) return;
    struct team_digest wanted = oracle->digests[seq];
    struct team_digest have = marks_digest(world->laptops[laptop].disk.inner, true);
    if (seq < oracle->seq) world_mark(world, MARK_COMPARED_BEHIND);
    if (have.count == wanted.count && have.sum == wanted.sum) return;
    if (seq == oracle->seq) check_converged(world, laptop);
    world_fail(world, "laptop %zu shows %llu rows at seq %llu, where the team had %llu, or others",
               laptop, (unsigned long long)have.count, (unsigned long long)seq,
               (unsigned long long)wanted.count);
}

/* --- what came of one's mutations, as the laptop knows it --- */

void check_answers(struct world *world, size_t laptop)
{
    struct replica *replica = world->laptops[laptop].disk.inner;
    struct arena arena;
    arena_init(&arena, COPY_BYTES_MAX);
    struct outbox_entry *entries;
    size_t count;
    check(replica->f->outbox_list(replica, &arena, 0, true, SIZE_MAX, &entries, &count) ==
          FAULT_NONE);
    for (size_t i = 0; i < count && !world->failed; i++) {
        const struct answer *answer =
            map_get(&world->oracle.answers, oracle_id_key(&entries[i].mutation));
        if (!entries[i].answered)
            world_fail(world, "laptop %zu still waits for an answer", laptop);
        else if (!answer || answer->kind != entries[i].outcome)
            world_fail(world, "laptop %zu believes that outcome %d came of mutation %zu, not %d",
                       laptop, (int)entries[i].outcome, answer ? answer->promise : 0,
                       answer ? (int)answer->kind : 0);
    }
    arena_finish(&arena);
}

/* --- shown = server + pending --- */

/* Times of predictions follow the laptop's clock, and so do not compare. */
static struct deal deal_timeless(const struct deal *deal)
{
    struct deal copy = *deal;
    struct optional never = {false, 0};
    copy.created_at = copy.stage_entered_at = copy.stage_changed_at = copy.closed_at = never;
    return copy;
}

static const struct deal *deal_with_id(const struct deal *const *deals, size_t count,
                                       struct uuid id)
{
    for (size_t i = 0; i < count; i++) {
        if (uuid_equal(deals[i]->id, id)) return deals[i];
    }
    return NULL;
}

void oracle_check_shown(struct world *world, size_t laptop)
{
    if (!laptop_joined(world, laptop)) return;
    struct copy_check c = {
        .world = world, .laptop = laptop, .replica = world->laptops[laptop].disk.inner};
    arena_init(&c.arena, COPY_BYTES_MAX);
    struct copy whole;
    laptop_disk_copy(world, laptop, &whole);
    struct replica *copy = whole.replica;
    check(copy->f->begin(copy) == FAULT_NONE);
    check(outbox_rebase(copy, &c.arena, laptop_now(world, laptop)) == FAULT_NONE);
    check(copy->f->commit(copy) == FAULT_NONE);
    const struct deal **shown, **again;
    size_t shown_count, again_count;
    struct deal_filter filter = {.all = true};
    check(c.replica->f->deals(c.replica, &c.arena, &filter, &shown, &shown_count) == FAULT_NONE);
    check(copy->f->deals(copy, &c.arena, &filter, &again, &again_count) == FAULT_NONE);
    if (shown_count != again_count)
        world_fail(world, "laptop %zu shows %zu deals, server and pending make %zu", laptop,
                   shown_count, again_count);
    for (size_t i = 0; i < shown_count && !world->failed; i++) {
        const struct deal *other = deal_with_id(again, again_count, shown[i]->id);
        struct deal a = deal_timeless(shown[i]), b = {0};
        if (other) b = deal_timeless(other);
        if (other && packed_equal(ENTITY_DEAL, &a, &b)) continue;
        copy_fail(&c, "is shown otherwise than server and pending make it", ENTITY_DEAL,
                  shown[i]->id);
    }
    copy_close(&whole);
    arena_finish(&c.arena);
}
