/* audit.c - see trial.h: what must hold of a copy, and of a copy and its server. */
#include "tests/nth/trial.h"

#include <stdlib.h>
#include <string.h>

#include "client/core/outbox.h"
#include "client/edge/replica_file.h"
#include "common/base/check.h"
#include "common/codec/row.h"
#include "common/domain/permission.h"
#include "tests/nth/files.h"

#include "common/base/banned.h"

static const size_t AUDIT_BYTES = (size_t)64 * 1024 * 1024;

struct entries audit_entries(struct trial *trial, size_t desk)
{
    struct entries entries = {0};
    struct replica *replica = trial->desks[desk].replica;
    struct outbox_entry *all = NULL;
    struct identity identity = {0};
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, AUDIT_BYTES);
    enum fault fault =
        replica->f->outbox_list(replica, &arena, 0, true, SIZE_MAX, &all, &count);
    if (!fault) fault = replica->f->identity_load(replica, &arena, &identity);
    if (fault) trial_wrong(trial, "the outbox cannot be read: %s", fault_name(fault));
    check(count <= ENTRIES_MAX);
    for (size_t i = 0; i < count && !fault; i++) {
        entries.mutations[entries.count++] = all[i].mutation;
        entries.pending += !all[i].answered;
        if (i > 0 && all[i].number != all[i - 1].number + 1)
            trial_wrong(trial, "the numbers of the outbox have a gap");
        if (i + 1 == count && all[i].number + 1 != identity.next_number)
            trial_wrong(trial, "the next number does not follow the last one");
    }
    entries.next = identity.next_number;
    arena_finish(&arena);
    return entries;
}

/* --- shown = server + pending --- */

static void pack(enum entity_kind kind, const void *entity, struct buffer *out)
{
    buffer_init(out, 1024 * 1024);
    check(codec_entity_pack(kind, entity, out) == FAULT_NONE);
}

static bool same(enum entity_kind kind, const void *a, const void *b)
{
    struct buffer one, other;
    pack(kind, a, &one);
    pack(kind, b, &other);
    bool equal = str_equal(buffer_str(&one), buffer_str(&other));
    buffer_finish(&one);
    buffer_finish(&other);
    return equal;
}

static enum fault list(struct replica *replica, struct arena *arena, enum entity_kind kind,
                       const void ***out, size_t *count)
{
    const struct deal **deals = NULL;
    const struct activity **activities = NULL;
    struct deal_filter filter = {.all = true};
    enum fault fault;
    if (kind == ENTITY_DEAL) {
        fault = replica->f->deals(replica, arena, &filter, &deals, count);
        *out = (const void **)deals;
    } else if (kind == ENTITY_ACTIVITY) {
        fault =
            replica->f->activities(replica, arena, (struct uuid){{0}}, &activities, count);
        *out = (const void **)activities;
    } else {
        fault = replica->f->all(replica, arena, kind, out, count);
    }
    return fault;
}

static const enum entity_kind listed[] = {ENTITY_DEAL,   ENTITY_ORGANISATION, ENTITY_PERSON,
                                          ENTITY_MEMBER, ENTITY_ACTIVITY,     ENTITY_INBOX,
                                          ENTITY_DEVICE};

static void compare_lists(struct trial *trial, struct replica *shown, struct replica *again,
                          struct arena *arena, enum entity_kind kind)
{
    const void **one = NULL, **other = NULL;
    size_t count = 0, others = 0;
    enum fault fault = list(shown, arena, kind, &one, &count);
    if (!fault) fault = list(again, arena, kind, &other, &others);
    if (fault) trial_wrong(trial, "the %s list cannot be read: %s", entity_name(kind),
                           fault_name(fault));
    if (!fault && count != others)
        trial_wrong(trial, "%zu of %s are shown, server and pending make %zu", count,
                    entity_name(kind), others);
    for (size_t i = 0; !fault && i < count && i < others; i++) {
        if (!same(kind, one[i], other[i]))
            trial_wrong(trial, "a %s is shown otherwise than server and pending make it",
                        entity_name(kind));
    }
}

void audit_copy(struct trial *trial, size_t index)
{
    struct desk *desk = &trial->desks[index];
    struct arena arena;
    enum fault fault = replica_file_verify(desk->replica);
    if (fault) trial_wrong(trial, "the copy is not whole: %s", fault_name(fault));
    (void)audit_entries(trial, index);
    if (trial->problem[0]) return;
    struct replica *again = files_duplicate(desk->path, &desk->key);
    if (!again) {
        trial_wrong(trial, "the copy, copied, cannot be opened");
        return;
    }
    bool differed = false;
    fault = replica_file_recompute(again, trial->now, &differed);
    if (fault || differed)
        trial_wrong(trial, "what is computed from the rows does not fit them (%s)",
                    fault_name(fault));
    arena_init(&arena, AUDIT_BYTES);
    check(again->f->begin(again) == FAULT_NONE);
    fault = outbox_rebase(again, &arena, trial->now);
    if (fault) trial_wrong(trial, "pending cannot be decided again: %s", fault_name(fault));
    check(again->f->commit(again) == FAULT_NONE);
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        arena_reset(&arena);
        compare_lists(trial, desk->replica, again, &arena, listed[i]);
    }
    arena_finish(&arena);
    again->f->close(again);
}

/* --- copy = server --- */

struct auditor {
    struct trial *trial;
    struct replica *replica;
    struct arena arena;
    struct identity identity;
    struct member member;
    size_t counts[ENTITY_COUNT];
};

static void audit_row(struct auditor *a, const struct row *row)
{
    const void *have = NULL;
    struct definition definition;
    enum fault fault;
    if (row->kind == ENTITY_DEFINITION) {
        fault = a->replica->f->definition(a->replica, &a->arena, &definition);
        have = &definition;
    } else {
        fault = a->replica->f->entity(a->replica, &a->arena, row->kind, row->id, true, &have);
    }
    bool wanted = !row->removed && permission_sees(&a->member, row->kind, row->entity);
    if (wanted) a->counts[row->kind]++;
    if (fault && fault != FAULT_NOT_FOUND)
        trial_wrong(a->trial, "a %s cannot be read: %s", entity_name(row->kind),
                    fault_name(fault));
    else if (wanted != (fault == FAULT_NONE))
        trial_wrong(a->trial, "a %s %s", entity_name(row->kind),
                    wanted ? "is missing in the copy" : "should not be in the copy");
    else if (wanted && !same(row->kind, have, row->entity))
        trial_wrong(a->trial, "a %s differs from the server's", entity_name(row->kind));
}

/* Each event of the server's is in the copy's history of its subject, and once; two of one mutation
 * about one thing would be its effect twice. */
static void audit_event(struct auditor *a, const struct row *rows, size_t at)
{
    const struct event *event = rows[at].entity, **events;
    uint64_t *seqs;
    size_t history, found = 0;
    if (a->replica->f->events(a->replica, &a->arena, rows[at].id, &events, &seqs, &history)) {
        trial_wrong(a->trial, "a history cannot be read");
        return;
    }
    for (size_t i = 0; i < history; i++)
        found += seqs[i] == rows[at].seq && same(ENTITY_EVENT, events[i], event);
    if (found != 1) trial_wrong(a->trial, "an event is %zu times in the copy", found);
    for (size_t i = 0; i < at; i++) {
        if (rows[i].kind != ENTITY_EVENT || rows[i].removed) continue;
        const struct event *other = rows[i].entity;
        if (!uuid_is_zero(event->mutation) && uuid_equal(other->mutation, event->mutation) &&
            uuid_equal(other->subject, event->subject) && other->what == event->what &&
            str_equal(other->field, event->field) && rows[i].seq != rows[at].seq)
            trial_wrong(a->trial, "a mutation took effect twice");
    }
}

/* The journal and the server's outcomes of this copy tell the same. */
static void audit_outcomes(struct auditor *a, const struct row *rows, size_t count)
{
    struct outbox_entry *entries = NULL;
    size_t entry_count = 0;
    if (a->replica->f->outbox_list(a->replica, &a->arena, 0, true, SIZE_MAX, &entries,
                                   &entry_count)) {
        trial_wrong(a->trial, "the journal cannot be read");
        return;
    }
    for (size_t i = 0; i < entry_count; i++) {
        size_t found = 0;
        uint8_t hash[32];
        codec_payload_hash(entries[i].payload, hash);
        if (!entries[i].answered) trial_wrong(a->trial, "a mutation still waits for its answer");
        for (size_t k = 0; k < count; k++) {
            if (rows[k].kind != ENTITY_OUTCOME) continue;
            const struct outcome *outcome = rows[k].entity;
            if (!uuid_equal(outcome->mutation, entries[i].mutation)) continue;
            found++;
            if (outcome->kind != entries[i].outcome)
                trial_wrong(a->trial, "the copy believes that %d came of a mutation (%.60s), not %d", (int)entries[i].outcome, entries[i].summary.p ? entries[i].summary.p : "", (int)outcome->kind);
            if (!str_equal(outcome->payload_hash, (struct str){(const char *)hash, sizeof hash}))
                trial_wrong(a->trial, "the server has another payload under that number");
        }
        if (found > 1 || (found == 0 && !a->trial->forks))
            trial_wrong(a->trial, "a mutation has %zu outcomes at the server", found);
    }
    for (size_t k = 0; k < count; k++) {
        if (rows[k].kind != ENTITY_OUTCOME) continue;
        for (size_t i = k + 1; i < count; i++) {
            if (rows[i].kind != ENTITY_OUTCOME) continue;
            const struct outcome *one = rows[k].entity, *other = rows[i].entity;
            if (one->number == other->number || uuid_equal(one->mutation, other->mutation))
                trial_wrong(a->trial, "two outcomes of one number or mutation");
        }
    }
}

static void audit_counts(struct auditor *a)
{
    for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++) {
        const void **all = NULL;
        size_t count = 0;
        enum fault fault = list(a->replica, &a->arena, listed[i], &all, &count);
        if (fault || count != a->counts[listed[i]])
            trial_wrong(a->trial, "%zu of %s in the copy, %zu at the server", count,
                        entity_name(listed[i]), a->counts[listed[i]]);
    }
}

void audit_server(struct trial *trial, size_t desk)
{
    struct auditor a = {.trial = trial, .replica = trial->desks[desk].replica};
    if (trial->problem[0]) return;
    arena_init(&a.arena, AUDIT_BYTES);
    check(a.replica->f->identity_load(a.replica, &a.arena, &a.identity) == FAULT_NONE);
    struct store_request request = {.kind = STORE_PAGE,
                                    .team = trial->team,
                                    .replica = a.identity.replica,
                                    .row_limit = 100000};
    const struct store_result *page = trial_ask(trial, &request);
    check(page->status == STORE_OK && page->to_seq == page->seq);
    if (a.identity.cursor_seq != page->seq)
        trial_wrong(trial, "the copy stands at %llu, the server at %llu",
                    (unsigned long long)a.identity.cursor_seq, (unsigned long long)page->seq);
    for (size_t i = 0; i < page->row_count; i++) {
        const struct row *row = &page->rows[i];
        if (row->kind == ENTITY_MEMBER && uuid_equal(row->id, trial->members[desk]))
            a.member = *(const struct member *)row->entity;
    }
    for (size_t i = 0; i < page->row_count && !trial->problem[0]; i++) {
        const struct row *row = &page->rows[i];
        if (row->kind == ENTITY_OUTCOME || row->kind == ENTITY_INVITATION) continue;
        if (row->kind == ENTITY_EVENT)
            audit_event(&a, page->rows, i);
        else
            audit_row(&a, row);
    }
    audit_counts(&a);
    audit_outcomes(&a, page->rows, page->row_count);
    trial_release(trial, page);
    arena_finish(&a.arena);
}
