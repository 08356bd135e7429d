/* scenarios_commit.c - what may go wrong between a laptop, a server and the database: acknowledgements
 * lost, commits of unknown end, servers that cross, wake up late, or hear of nothing. */
#include "tests/simulation/scenarios.h"

#include "tests/support/store_memory.h"

#include "common/base/banned.h"

static void expect_once(struct scene *scene, const struct uuid *mutations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        EXPECT(scene, scene_answers(scene, mutations[i]) == 1);
        EXPECT(scene, scene_outcome(scene, mutations[i]) == OUTCOME_APPLIED);
    }
}

/* Scenario 1: the acknowledgement is lost after COMMIT, the client resends the batch. Required: each
 * mutation once, the same outcomes, no second row of history. */
SCENARIO(ack_lost_after_commit)
{
    struct uuid made[3], deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    uint64_t seq = scene->world.oracle.seq;
    scene_away(scene, ANNA);
    made[0] = scene_edit(scene, ANNA, deal, "source", "fair");
    made[1] = scene_edit(scene, ANNA, deal, "source", "web");
    made[2] = scene_log(scene, ANNA, deal, "spoke about it");
    scene_back(scene, ANNA);
    scene_until_seq(scene, seq + 3);
    EXPECT(scene, scene_pending(scene, ANNA) == 3); /* written there, and she has not heard */
    scene_cut(scene, ANNA, false);
    scene_settle(scene);
    EXPECT(scene, scene->world.oracle.seq == seq + 3);
    expect_once(scene, made, 3);
}

/* Scenario 1, the hard way: the batch is still on its way to the database when the client gives it to
 * another server. Whichever comes first, it is written once, and both answer alike. */
static void batch_at_two_servers(struct scene *scene, bool first_wins)
{
    struct world *world = &scene->world;
    struct uuid made[2], deal = scene_deal(scene, ANNA, "Roof");
    scene_prefer(scene, ANNA, 0);
    scene_settle(scene);
    uint64_t seq = world->oracle.seq;
    world->database.held_server = 1;
    made[0] = scene_edit(scene, ANNA, deal, "source", "fair");
    made[1] = scene_log(scene, ANNA, deal, "spoke about it");
    scene_pass(scene, 2000);
    EXPECT(scene, world->oracle.seq == seq); /* on its way */
    scene_prefer(scene, ANNA, 1);
    if (first_wins) {
        scene_pass(scene, 60); /* connected, and asks; then the first commit lands */
        world->database.held_server = 0;
    } else {
        scene_until_seq(scene, seq + 2);
        world->database.held_server = 0;
    }
    scene_settle(scene);
    EXPECT(scene, world->oracle.seq == seq + 2);
    expect_once(scene, made, 2);
}

SCENARIO(batch_at_two_servers_second_first)
{
    batch_at_two_servers(scene, false);
}

SCENARIO(batch_at_two_servers_first_first)
{
    batch_at_two_servers(scene, true);
}

/* Scenario 2: the connection to the database dies during COMMIT. Required: the server finds out by the
 * stored numbers; no double apply, no lost apply, the client is told only the truth. */
static void commit_unknown(struct scene *scene, bool done)
{
    struct world *world = &scene->world;
    struct uuid made[3], deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    uint64_t seq = world->oracle.seq;
    for (size_t i = 0; i < 3; i++) {
        world->database.next_commit = STORE_UNKNOWN;
        world->database.next_done = done;
        made[i] = scene_value(scene, ANNA, deal, 1000 + (int64_t)i);
        scene_settle(scene);
        EXPECT(scene, !world->database.next_commit);
    }
    EXPECT(scene, world->oracle.seq == seq + 3);
    expect_once(scene, made, 3);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && stands->value.has && stands->value.v == 1002);
}

SCENARIO(commit_unknown_and_written)
{
    commit_unknown(scene, true);
}

SCENARIO(commit_unknown_and_lost)
{
    commit_unknown(scene, false);
}

/* Scenario 3: two writers in one team commit in the opposite order to their start. Required: seqs are
 * contiguous, and no reader misses a change: each copy is compared with the team at every seq it
 * shows (check_at_cursor), and in the end with all of it. */
SCENARIO(writers_cross)
{
    struct world *world = &scene->world;
    scene_prefer(scene, ANNA, 0);
    scene_prefer(scene, BEN, 1);
    scene_prefer(scene, CLEO, 0);
    scene_prefer(scene, MAX, 1);
    scene_settle(scene);
    uint64_t seq = world->oracle.seq, stale = world->marks.counts[MARK_STORE_STALE];
    world->database.held_server = 1;
    struct uuid first = scene_organisation(scene, ANNA, "Firm early"); /* loads first */
    scene_pass(scene, 1000);
    struct uuid second = scene_organisation(scene, BEN, "Firm late"); /* commits first */
    scene_until_seq(scene, seq + 1);
    scene_pass(scene, 3000);
    EXPECT(scene, world->oracle.seq == seq + 1);
    world->database.held_server = 0;
    scene_settle(scene);
    EXPECT(scene, world->oracle.seq == seq + 2);
    EXPECT(scene, world->marks.counts[MARK_STORE_STALE] > stale);
    const struct row *early = oracle_row(world, ENTITY_ORGANISATION, first);
    const struct row *late = oracle_row(world, ENTITY_ORGANISATION, second);
    EXPECT(scene, early && late && late->seq == seq + 1 && early->seq == seq + 2);
}

/* Scenario 29: two server processes and a stale one after a failover. Required: the stale one cannot
 * commit, no seq is used twice for different things without everybody noticing, nothing is lost.
 * (A server of another version than the database's is refused at its start: tests/fault.) */
SCENARIO(stale_server_after_failover)
{
    struct world *world = &scene->world;
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_prefer(scene, ANNA, 0);
    scene_prefer(scene, BEN, 1);
    scene_settle(scene);
    world->database.standby = store_memory_copy(world->database.store);
    uint64_t behind = world->oracle.seq;
    struct uuid lost = scene_edit(scene, BEN, deal, "source", "fair"); /* the tail it lacks */
    scene_settle(scene);
    world->database.held_server = 1;
    struct uuid stale = scene_edit(scene, ANNA, deal, "next_step", "call");
    scene_pass(scene, 1000); /* decided on the old history; as if stopped before it sent COMMIT */
    EXPECT(scene, world->oracle.seq == behind + 1);
    EXPECT(scene, database_failover(world));
    EXPECT(scene, world->oracle.seq == behind);
    struct uuid fresh = scene_edit(scene, CLEO, deal, "category", "commit");
    scene_until_seq(scene, behind + 1); /* the same seq, another history */
    uint64_t refused = world->marks.counts[MARK_STORE_STALE];
    world->database.held_server = 0;
    scene_settle(scene);
    EXPECT(scene, world->marks.counts[MARK_STORE_STALE] > refused);
    EXPECT(scene, scene_answers(scene, fresh) == 1);
    EXPECT(scene, scene_answers(scene, stale) == 1); /* decided again, on what stands */
    EXPECT(scene, scene_answers(scene, lost) == 1);  /* offered again by Ben's copy */
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && str_equal(stands->source, STR("fair")) &&
                      str_equal(stands->next_step, STR("call")) &&
                      str_equal(stands->category, STR("commit")));
}

/* Spare: NOTIFY is lost. Required: the slow poll repairs it within two seconds and their trips. */
SCENARIO(notify_lost)
{
    struct world *world = &scene->world;
    scene_prefer(scene, ANNA, 0);
    scene_prefer(scene, BEN, 1);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    world->weather.hint_lost = 1000;
    for (size_t i = 0; i < 5; i++) {
        uint64_t seq = world->oracle.seq;
        scene_value(scene, ANNA, deal, 1000 + (int64_t)i);
        scene_until_seq(scene, seq + 1);
        scene_pass(scene, 2000 + 500 + 600); /* poll, trips, the wait for own answers */
        const struct deal *shown = scene_shown(scene, BEN, deal);
        EXPECT(scene, shown && shown->value.has && shown->value.v == 1000 + (int64_t)i);
        scene_pass(scene, world_below(world, 2000));
    }
    EXPECT(scene, world->marks.counts[MARK_HINT_LOST] >= 5);
}

/* Spare: everybody comes back at once after a restart. Required: the attempts are spread, all are
 * back within a minute and a half, none tries faster than its back-off allows. */
SCENARIO(reconnect_storm)
{
    struct world *world = &scene->world;
    enum { MANY = 50, SPAN_MS = 100 };
    while (world->laptop_count < MANY) (void)scene_laptop(scene, world->laptop_count % 5);
    scene_settle(scene);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    service_crash(world, 0);
    size_t before = world->network.count, most = 0, at = before;
    scene_pass(scene, 4000); /* all have noticed, and failed at least once */
    EXPECT(scene, world->network.count - before <= MANY * 6);
    service_start(world, 0);
    at = world->network.count;
    for (size_t i = 0; i < 90000 / SPAN_MS && !world->failed; i++) {
        scene_pass(scene, SPAN_MS);
        if (world->network.count - at > most) most = world->network.count - at;
        at = world->network.count;
    }
    EXPECT(scene, most <= MANY / 3);
    for (size_t i = 0; i < world->laptop_count; i++)
        EXPECT(scene, sync_report(world->laptops[i].sync).state == SYNC_LIVE);
    struct uuid made = scene_value(scene, ANNA, deal, 77);
    scene_settle(scene);
    expect_once(scene, &made, 1);
}
