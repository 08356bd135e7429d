/* witness.c - see witness.h. */
#define _GNU_SOURCE
#include "server/edge/witness.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bounds.h"
#include "common/base/arena.h"
#include "server/edge/access_journal.h"
#include "server/edge/known_numbers.h"

#include "common/base/banned.h"

enum { NUMBERS_MS = 5 * 1000 };

struct asked { /* a request under way that may be worth remembering */
    struct asked *next;
    const struct store_request *request;
};

/* An enrolment that is made again: its invitation is lost no more. */
struct again {
    struct again *next;
    struct store_request request;
    char name[NAME_BYTES_MAX];
    bool given;
};

struct witness {
    struct access_journal *journal;
    struct again *again;
    uint64_t ticket; /* the last own one */
    struct known_numbers *numbers;
    struct asked *asked;
    uint64_t write_ms; /* when the numbers are written next; 0: they have not changed */
};

enum fault witness_open(const char *data, struct witness **out, struct trouble *trouble)
{
    struct witness *witness = calloc(1, sizeof *witness);
    *out = witness;
    if (witness) witness->ticket = WITNESS_TICKETS;
    if (witness) witness->numbers = known_numbers_open(data);
    enum fault fault = witness && witness->numbers ? FAULT_NONE : FAULT_MEMORY;
    if (fault) trouble_say(trouble, "there is not enough memory to start");
    if (!fault) fault = access_journal_open(data, &witness->journal, trouble);
    if (!fault) return FAULT_NONE;
    witness_close(witness);
    *out = NULL;
    return fault;
}

void witness_close(struct witness *witness)
{
    if (!witness) return;
    enum fault fault = FAULT_NONE;
    if (witness->numbers && known_numbers_changed(witness->numbers)) {
        fault = known_numbers_write(witness->numbers);
    }
    (void)fault; /* a help, no promise: known_numbers.h */
    while (witness->asked) {
        struct asked *next = witness->asked->next;
        free(witness->asked);
        witness->asked = next;
    }
    while (witness->again) {
        struct again *next = witness->again->next;
        free(witness->again);
        witness->again = next;
    }
    access_journal_close(witness->journal);
    known_numbers_close(witness->numbers);
    free(witness);
}

void witness_asked(struct witness *witness, const struct store_request *request)
{
    bool tells = request->kind == STORE_ENROL || request->kind == STORE_COMMIT ||
                 request->kind == STORE_TOKEN;
    struct asked *asked = tells ? malloc(sizeof *asked) : NULL;
    if (!asked) return; /* out of memory: the next start finds it in the database */
    *asked = (struct asked){.next = witness->asked, .request = request};
    witness->asked = asked;
}

static const struct store_request *asked_take(struct witness *witness, uint64_t ticket)
{
    struct asked **place = &witness->asked;
    while (*place && (*place)->request->ticket != ticket) place = &(*place)->next;
    struct asked *found = *place;
    if (!found) return NULL;
    const struct store_request *request = found->request;
    *place = found->next;
    free(found);
    return request;
}

/* --- what is written down --- */

static bool heard_enrolled(struct witness *witness, const struct store_request *request,
                           const struct store_result *result)
{
    struct access_entry entry = {.kind = ACCESS_ENROLLED,
                                 .team = result->team,
                                 .subject = result->device,
                                 .at_ms = request->now_ms,
                                 .name = request->device_name};
    memcpy(entry.key, request->device_key, sizeof entry.key);
    memcpy(entry.code_hash, request->code_hash, sizeof entry.code_hash);
    return access_journal_add(witness->journal, &entry) == FAULT_NONE;
}

/* Who is out: a revoked device, a member who left, who has an invitation that was taken back. */
static bool row_is_out(const struct row *row, struct access_entry *out)
{
    if (row->removed) return false;
    if (row->kind == ENTITY_MEMBER) {
        const struct member *member = row->entity;
        *out = (struct access_entry){.kind = ACCESS_REMOVED, .subject = member->id};
        return member->removed;
    }
    if (row->kind == ENTITY_INVITATION) {
        const struct invitation *invitation = row->entity;
        *out = (struct access_entry){
            .kind = ACCESS_TAKEN_BACK,
            .subject = invitation->id,
            .at_ms = invitation->revoked_at.has ? invitation->revoked_at.v : 0,
            .by = invitation->revoked_by};
        return invitation->revoked;
    }
    if (row->kind != ENTITY_DEVICE) return false;
    const struct device *device = row->entity;
    *out = (struct access_entry){.kind = ACCESS_REVOKED,
                                 .subject = device->id,
                                 .at_ms = device->revoked_at.has ? device->revoked_at.v : 0,
                                 .by = device->revoked_by};
    return device->revoked;
}

static bool heard_rows(struct witness *witness, struct uuid team, const struct row *rows,
                       size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        struct access_entry entry;
        if (!row_is_out(&rows[i], &entry)) continue;
        entry.team = team;
        good = access_journal_add(witness->journal, &entry) == FAULT_NONE && good;
    }
    return good;
}

/* --- who was let in, and whose invitation the database had lost --- */

static void enrolment_again(struct witness *witness, const struct access_entry *entry)
{
    if (access_journal_has(witness->journal, ACCESS_REVOKED, entry->subject)) return;
    struct again *again = calloc(1, sizeof *again);
    if (!again || entry->name.n > sizeof again->name) {
        free(again);
        return; /* at the next start */
    }
    if (entry->name.n > 0) memcpy(again->name, entry->name.p, entry->name.n);
    again->request = (struct store_request){.kind = STORE_ENROL,
                                            .ticket = ++witness->ticket,
                                            .device = entry->subject,
                                            .device_name = {again->name, entry->name.n},
                                            .now_ms = entry->at_ms};
    memcpy(again->request.device_key, entry->key, sizeof entry->key);
    memcpy(again->request.code_hash, entry->code_hash, sizeof entry->code_hash);
    again->next = witness->again;
    witness->again = again;
}

/* Its inviter has offered it again. Who had used it is known here, and let in as before. */
static void heard_invitation(struct witness *witness, const struct invitation *invitation)
{
    for (size_t i = 0; i < access_journal_count(witness->journal); i++) {
        const struct access_entry *entry = access_journal_entry(witness->journal, i);
        struct str hash = {(const char *)entry->code_hash, sizeof entry->code_hash};
        if (entry->kind != ACCESS_ENROLLED || !str_equal(hash, invitation->code_hash)) continue;
        enrolment_again(witness, entry);
    }
}

const struct store_request *witness_next(struct witness *witness)
{
    for (struct again *again = witness->again; again; again = again->next) {
        if (again->given) continue;
        again->given = true;
        return &again->request;
    }
    return NULL;
}

bool witness_own(struct witness *witness, const struct store_result *result)
{
    if (result->ticket <= WITNESS_TICKETS) return false;
    for (struct again **place = &witness->again; *place; place = &(*place)->next) {
        struct again *again = *place;
        if (again->request.ticket != result->ticket) continue;
        *place = again->next;
        free(again);
        break;
    }
    return true;
}

bool witness_shuts_out(const struct witness *witness, const struct store_result *result,
                       enum entity_kind *kind, struct uuid *subject)
{
    if (result->kind != STORE_SIGN_IN || result->status != STORE_OK || !result->member) return false;
    *kind = ENTITY_DEVICE;
    *subject = result->device;
    if (access_journal_has(witness->journal, ACCESS_REVOKED, *subject)) return true;
    *kind = ENTITY_MEMBER;
    *subject = result->member->id;
    return access_journal_has(witness->journal, ACCESS_REMOVED, *subject);
}

static bool heard_commit(struct witness *witness, const struct store_request *request)
{
    for (size_t i = 0; i < request->row_count; i++) {
        const struct row *row = &request->rows[i];
        if (row->kind == ENTITY_INVITATION && !row->removed) heard_invitation(witness, row->entity);
    }
    for (size_t i = 0; i < request->row_count; i++) {
        if (request->rows[i].kind != ENTITY_OUTCOME || request->rows[i].removed) continue;
        const struct outcome *outcome = request->rows[i].entity;
        known_numbers_learn(witness->numbers,
                            &(struct known_number){.team = request->team,
                                                   .replica = outcome->replica,
                                                   .mutation = outcome->mutation,
                                                   .number = (uint64_t)outcome->number,
                                                   .at_ms = outcome->recorded_at.v});
    }
    return heard_rows(witness, request->team, request->rows, request->row_count);
}

static void heard_token(struct witness *witness, const struct store_request *request)
{
    known_numbers_learn(witness->numbers,
                        &(struct known_number){.team = request->team,
                                               .replica = request->replica,
                                               .device = request->device,
                                               .number = request->wanted.last_number});
}

static void heard_answers(struct witness *witness, const struct store_result *result)
{
    for (size_t i = 0; i < result->outcome_count; i++) {
        const struct outcome *outcome = result->outcomes[i];
        known_numbers_answered(witness->numbers, outcome->replica, outcome->mutation);
    }
}

bool witness_heard(struct witness *witness, const struct store_result *result)
{
    const struct store_request *request = asked_take(witness, result->ticket);
    if (result->status != STORE_OK) return true;
    switch (result->kind) {
    case STORE_ENROL: return !request || heard_enrolled(witness, request, result);
    case STORE_COMMIT: return !request || heard_commit(witness, request);
    case STORE_TOKEN:
        if (request) heard_token(witness, request);
        return true;
    case STORE_PAGE: return heard_rows(witness, result->team, result->rows, result->row_count);
    case STORE_LOAD: heard_answers(witness, result); return true;
    case STORE_SIGN_IN:
    case STORE_HEAD: break;
    }
    return true;
}

bool witness_tick(struct witness *witness, uint64_t boot_ms)
{
    if (!known_numbers_changed(witness->numbers)) return true;
    if (witness->write_ms == 0) {
        witness->write_ms = boot_ms + NUMBERS_MS;
        return true;
    }
    if (boot_ms < witness->write_ms) return true;
    bool good = known_numbers_write(witness->numbers) == FAULT_NONE;
    witness->write_ms = good ? 0 : boot_ms + NUMBERS_MS;
    return good;
}

/* --- what is compared with the database --- */

struct team_stand {
    struct uuid team;
    struct known_stand stand;
};

static int team_stand_order(const void *a, const void *b)
{
    const struct team_stand *one = a, *other = b;
    return memcmp(one->team.b, other->team.b, sizeof one->team.b);
}

/* By team; *count of those that were answered at all. */
static struct team_stand *stands_sort(const struct witness *witness, struct arena *arena,
                                      size_t *count)
{
    size_t all = known_numbers_count(witness->numbers);
    struct team_stand *sorted = arena_array(arena, all + 1, sizeof *sorted);
    *count = 0;
    for (size_t i = 0; sorted && i < all; i++) {
        const struct known_number *each = known_numbers_at(witness->numbers, i);
        if (each->number == 0) continue;
        sorted[(*count)++] = (struct team_stand){.team = each->team,
                                                 .stand = {.replica = each->replica,
                                                           .device = each->device,
                                                           .mutation = each->mutation,
                                                           .number = each->number,
                                                           .at_ms = each->at_ms}};
    }
    if (sorted) qsort(sorted, *count, sizeof *sorted, team_stand_order);
    return sorted;
}

bool witness_compare(struct witness *witness, struct server *server, struct now now)
{
    struct arena arena;
    size_t count;
    arena_init(&arena, SIZE_MAX / 2);
    struct team_stand *sorted = stands_sort(witness, &arena, &count);
    struct known_stand *stands = arena_array(&arena, count + 1, sizeof *stands);
    bool good = sorted != NULL && stands != NULL;
    for (size_t i = 0; good && i < count;) {
        size_t n = 0;
        struct uuid team = sorted[i].team;
        while (i < count && uuid_equal(sorted[i].team, team)) stands[n++] = sorted[i++].stand;
        good = server_compare(server, team, stands, n, now);
    }
    arena_finish(&arena);
    if (good) known_numbers_doubt(witness->numbers);
    return good;
}
