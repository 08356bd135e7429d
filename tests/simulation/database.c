/* database.c - see database.h. */
#include "tests/simulation/world.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "tests/support/store_memory.h"

#include "common/base/banned.h"

static const size_t ASKED_BYTES_MAX = (size_t)256 * 1024 * 1024;

void database_open(struct world *world)
{
    world->database.store = store_memory_create();
    world->database.last_server = SIZE_MAX;
    check(world->database.store != NULL);
}

/* --- requests under way --- */

static struct asked *asked_find(struct world *world, uint64_t id)
{
    struct database *database = &world->database;
    for (size_t i = 0; i < database->asked_count; i++) {
        if (database->asked[i]->id == id) return database->asked[i];
    }
    return NULL;
}

static void asked_end(struct world *world, struct asked *asked)
{
    struct database *database = &world->database;
    for (size_t i = 0; i < database->asked_count; i++) {
        if (database->asked[i] != asked) continue;
        database->asked[i] = database->asked[--database->asked_count];
        break;
    }
    if (asked->good) store_memory_release(database->store, asked->good);
    arena_finish(&asked->arena);
    free(asked);
}

void database_finish(struct world *world)
{
    struct database *database = &world->database;
    while (database->asked_count > 0) asked_end(world, database->asked[0]);
    free(database->asked);
    store_memory_destroy(database->backup);
    store_memory_destroy(database->standby);
    store_memory_destroy(database->store);
    *database = (struct database){.store = NULL};
}

static uint64_t delay_draw(struct world *world)
{
    return world_below(world, world->weather.store_delay_ms_max + 1);
}

void database_ask(struct world *world, size_t server, const struct store_request *request)
{
    struct database *database = &world->database;
    if (database->asked_count == database->asked_cap) {
        database->asked_cap = database->asked_cap ? database->asked_cap * 2 : 16;
        database->asked =
            realloc((void *)database->asked, database->asked_cap * sizeof *database->asked);
        check(database->asked != NULL);
    }
    struct asked *asked = calloc(1, sizeof *asked);
    check(asked != NULL);
    database->asked[database->asked_count++] = asked;
    asked->id = ++database->asked_last;
    asked->server = server;
    asked->incarnation = world->servers[server].incarnation;
    asked->request = request;
    arena_init(&asked->arena, ASKED_BYTES_MAX);
    world_fact(world, "store", (uint64_t)request->kind, request->new_seq);
    world_schedule(world, delay_draw(world), WORLD_STORE, asked->id, 0);
}

/* --- running --- */

static void travel_tell(const struct world *world, bool standby, bool back)
{
    if (!world->options.travelled) return;
    world->options.travelled(world->options.ran_context, standby, back);
}

/* What was committed: to the books, to the other servers, and now and then to the standby. */
static void committed(struct world *world, size_t server, const struct store_request *request)
{
    struct database *database = &world->database;
    bool other = database->last_server != SIZE_MAX && database->last_server != server;
    if (other && server < world->server_count) world_mark(world, MARK_SEVERAL_SERVERS);
    if (server < world->server_count) database->last_server = server;
    if (database->lost_seq > 0 && request->new_seq > database->lost_seq) {
        world_mark(world, MARK_LOST_TAIL_PASSED);
        database->lost_seq = 0;
    }
    oracle_commit(world, request, server == SIZE_MAX);
    for (size_t i = 0; i < world->server_count; i++) {
        if (i == server) continue;
        if (world_chance(world, world->weather.hint_lost))
            world_mark(world, MARK_HINT_LOST);
        else
            world_schedule(world, delay_draw(world), WORLD_HINT, i, 0);
    }
    if (world->weather.failover > 0 && world_chance(world, 100)) {
        store_memory_destroy(database->standby);
        database->standby = store_memory_copy(database->store);
        travel_tell(world, true, false);
    }
}

static struct store_result *result_own(const struct store_result *result)
{
    union {
        const struct store_result *in;
        struct store_result *out;
    } whole = {.in = result};
    return whole.out;
}

static const struct store_result *execute(struct world *world, size_t server,
                                          const struct store_request *request)
{
    struct store_memory *store = world->database.store;
    struct arena arena;
    arena_init(&arena, ASKED_BYTES_MAX);
    struct store_request sent = *request;
    uint64_t few = world->weather.page_rows;
    if (sent.kind == STORE_PAGE && few > 0 && few < sent.row_limit) sent.row_limit = (size_t)few;
    plant_request(world, &arena, &sent);
    const struct store_result *result = store_memory_run(store, &sent);
    if (world->options.ran) world->options.ran(world->options.ran_context, &sent, result);
    bool written = sent.kind == STORE_COMMIT && result->status == STORE_OK;
    if (sent.kind == STORE_COMMIT && result->status == STORE_STALE)
        world_mark(world, MARK_STORE_STALE);
    if (sent.kind == STORE_COMMIT && result->status == STORE_FAILED)
        world_tell(world, "the database refuses a commit: %.*s", STR_ARGS(result->trouble));
    if (written) committed(world, server, &sent);
    if (written && plant_strikes(world, PLANT_COMMIT_DOUBLED, 20)) {
        struct row *rows = arena_copy(&arena, sent.rows, sent.row_count * sizeof *rows);
        check(rows != NULL);
        size_t count = 0;
        for (size_t i = 0; i < sent.row_count; i++) {
            if (rows[i].kind != ENTITY_OUTCOME) rows[count++] = rows[i];
        }
        database_write(world, rows, count);
    }
    plant_result(world, &sent, result_own(result));
    if (sent.kind == STORE_PAGE && result->status == STORE_OK && sent.cursor_seq == 0 &&
        result->to_seq < result->seq)
        world_mark(world, MARK_SNAPSHOT_PAGES);
    arena_finish(&arena);
    return result;
}

/* A result that the store never gave: the bad day of that request. */
static void bad_make(struct asked *asked, enum store_status status)
{
    asked->bad = (struct store_result){.kind = asked->request->kind,
                                       .ticket = asked->request->ticket,
                                       .status = status,
                                       .team = asked->request->team,
                                       .arena = &asked->arena,
                                       .trouble = STR("57P01 simulated")};
}

/* As a script wants it, once. */
static void request_spoil(struct world *world, struct asked *asked)
{
    struct database *database = &world->database;
    bool done = database->next_commit == STORE_UNKNOWN && database->next_done;
    bad_make(asked, database->next_commit);
    database->next_commit = (enum store_status)0;
    if (done) asked->good = execute(world, asked->server, asked->request);
    world_tell(world, "the database dies at COMMIT; it was %s", done ? "written" : "not written");
}

void database_run(struct world *world, uint64_t id)
{
    struct asked *asked = asked_find(world, id);
    if (!asked || asked->ran) return;
    const struct store_request *request = asked->request;
    const struct weather *weather = &world->weather;
    bool commit = request->kind == STORE_COMMIT;
    if (commit && world->database.held_server == asked->server + 1) {
        world_schedule(world, 20, WORLD_STORE, id, 0);
        return;
    }
    if (commit && request != &asked->own && world_chance(world, weather->server_crash) &&
        world_chance(world, 50)) { /* while its commit is under way */
        size_t server = asked->server;
        service_crash(world, server);
        world_schedule(world, 100 + world_span(world, 60000), WORLD_SERVER, server, 0);
        return;
    }
    asked->ran = true;
    if (request == &asked->own) { /* nobody waits for it any more */
        world_mark(world, MARK_COMMIT_AFTER_DEATH);
        world_tell(world, "a commit of a dead server reaches the database");
        asked->good = execute(world, asked->server, request);
        asked_end(world, asked);
        return;
    }
    if (commit && world->database.next_commit) {
        request_spoil(world, asked);
    } else if (world_chance(world, weather->store_failed)) {
        world_mark(world, MARK_STORE_FAILED);
        bad_make(asked, STORE_FAILED);
    } else if (commit && world_chance(world, weather->store_stale)) {
        bad_make(asked, STORE_STALE);
    } else if (commit && world_chance(world, weather->store_unknown)) {
        bad_make(asked, STORE_UNKNOWN);
        bool done = world_chance(world, 500);
        if (done) asked->good = execute(world, asked->server, request);
        done = done && asked->good->status == STORE_OK;
        world_mark(world, done ? MARK_COMMIT_UNKNOWN_DONE : MARK_COMMIT_UNKNOWN_UNDONE);
        world_tell(world, "the database dies at COMMIT; it was %s",
                   done ? "written" : "not written");
    } else {
        asked->good = execute(world, asked->server, request);
    }
    if (commit && world_chance(world, weather->server_stop) && world_chance(world, 100)) {
        service_pause(world, asked->server, 1 + world_span(world, 3600000));
    }
    world_schedule(world, delay_draw(world), WORLD_STORED, id, 0);
}

void database_told(struct world *world, uint64_t id)
{
    struct asked *asked = asked_find(world, id);
    if (!asked) return;
    struct service *service = &world->servers[asked->server];
    if (!service->server || service->incarnation != asked->incarnation) {
        asked_end(world, asked);
        return;
    }
    if (service_defers(world, asked->server, WORLD_STORED, id, 0)) return;
    const struct store_result *result = asked->bad.status ? &asked->bad : asked->good;
    world_fact(world, "stored", (uint64_t)result->status, result->seq);
    outside_hear(world, asked->request, result);
    server_store_done(service->server, result, world_now(world));
    size_t server = asked->server;
    asked_end(world, asked);
    service_drain(world, server);
}

/* A commit that outlives its server, deep enough for the store and the oracle. */
static void asked_keep(struct asked *asked)
{
    const struct store_request *from = asked->request;
    struct row *rows = arena_array(&asked->arena, from->row_count + 1, sizeof *rows);
    check(rows != NULL);
    asked->own = *from;
    for (size_t i = 0; i < from->row_count; i++) {
        rows[i] = from->rows[i];
        if (!rows[i].removed) rows[i].entity = oracle_entity_own(&asked->arena, &from->rows[i]);
    }
    asked->own.rows = rows;
    asked->own.replica_numbers =
        arena_copy(&asked->arena, from->replica_numbers,
                   from->replica_number_count * sizeof *from->replica_numbers);
    asked->own.unanswered = arena_copy(&asked->arena, from->unanswered,
                                       from->unanswered_count * sizeof *from->unanswered);
    asked->request = &asked->own;
}

void database_abandon(struct world *world, size_t server)
{
    struct database *database = &world->database;
    for (size_t i = database->asked_count; i > 0; i--) {
        struct asked *asked = database->asked[i - 1];
        if (asked->server != server || asked->request == &asked->own) continue;
        bool commit = !asked->ran && asked->request->kind == STORE_COMMIT;
        uint64_t fate = world_below(world, 3);
        if (commit && fate == 0) {
            asked_keep(asked);
            world_schedule(world, delay_draw(world), WORLD_STORE, asked->id, 0);
            continue;
        }
        if (commit && fate == 1) asked->good = execute(world, server, asked->request);
        asked_end(world, asked);
    }
}

/* --- beside the servers --- */

void database_write(struct world *world, struct row *rows, size_t count)
{
    struct store_memory *store = world->database.store;
    struct store_request look = {.kind = STORE_HEAD, .ticket = 2, .team = world->team};
    const struct store_result *head = store_memory_run(store, &look);
    int64_t wall = world_now(world).wall_ms;
    uint64_t seq = head->status == STORE_OK ? head->seq : 0;
    struct store_request write = {.kind = STORE_COMMIT,
                                  .ticket = 3,
                                  .team = world->team,
                                  .expected_seq = seq,
                                  .new_seq = seq + 1,
                                  .inbox_last = head->inbox_last,
                                  .recorded_at =
                                      wall > head->recorded_last ? wall : head->recorded_last,
                                  .now_ms = wall,
                                  .rows = rows,
                                  .row_count = count};
    random_bytes(&world->random, write.mark, sizeof write.mark);
    store_memory_release(store, head);
    for (size_t i = 0; i < count; i++) rows[i].seq = write.new_seq;
    const struct store_result *result = store_memory_run(store, &write);
    check(result->status == STORE_OK);
    if (world->options.ran) world->options.ran(world->options.ran_context, &write, result);
    store_memory_release(store, result);
    committed(world, SIZE_MAX, &write);
}

/* What a server looks up now and then for as long as something is missing (server/core/missing.c):
 * outcomes, and nobody who asked. */
static bool request_compares(const struct store_request *request)
{
    return request->kind == STORE_LOAD && request->actor_count == 0 &&
           request->outcome_key_count > 0;
}

bool database_is_busy(const struct world *world)
{
    const struct database *database = &world->database;
    for (size_t i = 0; i < database->asked_count; i++) {
        const struct store_request *request = database->asked[i]->request;
        if (request->kind == STORE_COMMIT) return true;
        /* A load is the first half of a commit. */
        if (request->kind == STORE_LOAD && !request_compares(request)) return true;
    }
    return false;
}

const struct deal *database_deal(struct world *world, struct uuid id)
{
    const struct row *row = oracle_row(world, ENTITY_DEAL, id);
    return row && !row->removed ? row->entity : NULL;
}

/* --- time travel --- */

void database_backup(struct world *world)
{
    struct database *database = &world->database;
    store_memory_destroy(database->backup);
    database->backup = store_memory_copy(database->store);
    travel_tell(world, false, false);
}

/* Requests that were sent to the old database die with it. */
static void requests_die(struct world *world)
{
    struct database *database = &world->database;
    for (size_t i = database->asked_count; i > 0; i--) {
        struct asked *asked = database->asked[i - 1];
        if (asked->ran || database->held_server == asked->server + 1) continue;
        if (asked->request == &asked->own) {
            asked_end(world, asked);
            continue;
        }
        asked->ran = true;
        bad_make(asked, asked->request->kind == STORE_COMMIT ? STORE_UNKNOWN : STORE_FAILED);
        world_schedule(world, delay_draw(world), WORLD_STORED, asked->id, 0);
    }
}

static bool store_replace(struct world *world, struct store_memory **with)
{
    struct database *database = &world->database;
    if (!*with) return false;
    struct store_request look = {.kind = STORE_HEAD, .ticket = 2, .team = world->team};
    const struct store_result *head = store_memory_run(*with, &look);
    uint64_t seq = head->seq;
    store_memory_release(*with, head);
    if (seq >= world->oracle.seq) return false;
    requests_die(world);
    for (size_t i = 0; i < database->asked_count; i++)
        check(database->asked[i]->ran || database->held_server == database->asked[i]->server + 1);
    if (world->oracle.seq > database->lost_seq) database->lost_seq = world->oracle.seq;
    /* Which device keys there are, and which are revoked, is also kept outside the database. */
    store_memory_keep_access(*with, database->store);
    world->outside.travelled = true;
    world_fact(world, "went_back", world->oracle.seq, seq);
    world_tell(world, "seq %llu becomes %llu again", (unsigned long long)world->oracle.seq,
               (unsigned long long)seq);
    store_memory_destroy(database->store);
    database->store = *with;
    *with = NULL;
    oracle_rewind(world, seq);
    return true;
}

bool database_restore(struct world *world)
{
    struct database *database = &world->database;
    if (!store_replace(world, &database->backup)) return false;
    store_memory_destroy(database->standby);
    database->standby = NULL;
    travel_tell(world, false, true);
    world_mark(world, MARK_RESTORED);
    operators_turn_away(world);
    return true;
}

bool database_failover(struct world *world)
{
    if (!store_replace(world, &world->database.standby)) return false;
    store_memory_destroy(world->database.backup);
    world->database.backup = NULL;
    travel_tell(world, true, true);
    world_mark(world, MARK_FAILOVER);
    operators_turn_away(world);
    return true;
}
