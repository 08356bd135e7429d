/* scenarios_copy.c - what becomes of a copy: snapshots, broken off too; who is removed; wrong clocks;
 * damage; a long queue. */
#include "tests/simulation/scenarios.h"

#include <stdio.h>
#include <string.h>

#include "common/base/check.h"
#include "common/codec/row.h"

#include "common/base/banned.h"

/* Scenario 17 (as amended: a cursor below sight_seq). A client with an old cursor comes back after its
 * role changed. Required: an explicit snapshot; rows deleted or out of sight vanish; pending edits are
 * kept and replayed. */
SCENARIO(cursor_below_sight)
{
    struct world *world = &scene->world;
    operators_set_role(world, &world->persons[CLEO], ROLE_MANAGER);
    struct uuid deal = scene_deal(scene, ANNA, "Roof"), gone = scene_deal(scene, ANNA, "Barn");
    scene_settle(scene);
    scene_away(scene, BEN);
    (void)scene_value(scene, ANNA, deal, 200);
    struct uuid his = scene_value(scene, BEN, deal, 300);
    scene_settle(scene);
    scene_back(scene, BEN);
    scene_settle(scene);
    EXPECT(scene, scene_item(scene, CLEO, his) != NULL); /* a manager sees what concerns others */
    scene_away(scene, CLEO);
    struct uuid kept = scene_edit(scene, CLEO, deal, "source", "fair");
    struct uuid step = scene_edit(scene, CLEO, deal, "next_step", "call");
    uint64_t generation = scene_identity(scene, CLEO).generation;
    operators_set_role(world, &world->persons[CLEO], ROLE_REP);
    (void)scene_delete(scene, MAX, gone);
    scene_settle(scene);
    uint64_t seq = world->oracle.seq;
    scene_back(scene, CLEO);
    while (!world->failed && scene_identity(scene, CLEO).generation == generation &&
           world->oracle.seq <= seq + 2 && scene_pending(scene, CLEO) > 0)
        scene_pass(scene, 5);
    scene_settle(scene);
    EXPECT(scene, scene_identity(scene, CLEO).generation > generation); /* a snapshot */
    EXPECT(scene, scene_item(scene, CLEO, his) == NULL);
    EXPECT(scene, scene_shown(scene, CLEO, gone) == NULL);
    EXPECT(scene, scene_outcome(scene, kept) == OUTCOME_APPLIED);
    EXPECT(scene, scene_outcome(scene, step) == OUTCOME_APPLIED);
    const struct deal *shown = scene_shown(scene, CLEO, deal);
    EXPECT(scene, shown && str_equal(shown->source, STR("fair")));
}

static void until_snapshotting(struct scene *scene, size_t laptop, bool wanted)
{
    struct world *world = &scene->world;
    uint64_t until = world->now_ms + 600000;
    while (!world->failed && world->laptops[laptop].snapshotting != wanted && world->now_ms < until)
        scene_pass(scene, 1);
}

/* Scenario 18: a snapshot breaks off in the middle, again and again, while rows change, move and
 * vanish. Required: nothing of it is shown before it is whole; it ends, and then equals the server. */
SCENARIO(snapshot_broken_off)
{
    enum { DEALS = 60, BREAKS = 12 };
    struct world *world = &scene->world;
    struct uuid deals[DEALS];
    for (size_t i = 0; i < DEALS; i++) deals[i] = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    world->weather.page_rows = 5;
    world->weather.store_delay_ms_max = 40;
    size_t late = scene_laptop(scene, CLEO);
    uint64_t broken = world->marks.counts[MARK_SNAPSHOT_BROKEN];
    for (size_t i = 0; i < BREAKS && !world->failed; i++) {
        until_snapshotting(scene, late, true);
        scene_pass(scene, world_below(world, 300)); /* somewhere among the pages */
        if (!world->laptops[late].snapshotting) continue;
        EXPECT(scene, scene_shown(scene, late, deals[i]) == NULL);
        (void)scene_delete(scene, ANNA, deals[i]);
        (void)scene_move(scene, BEN, deals[DEALS - 1 - i], "contact");
        (void)scene_value(scene, ANNA, deals[20 + i], 100);
        if (world->laptops[late].connection) scene_cut(scene, late, i % 3 == 2);
        if (i % 4 == 3) laptop_crash(world, late);
        if (!world->laptops[late].sync) laptop_start(world, late, true);
        until_snapshotting(scene, late, false);
    }
    scene_settle(scene);
    EXPECT(scene, world->marks.counts[MARK_SNAPSHOT_BROKEN] >= broken + BREAKS / 2);
    for (size_t i = 0; i < 5; i++) EXPECT(scene, scene_shown(scene, late, deals[i]) == NULL);
    EXPECT(scene, scene_shown(scene, late, deals[BREAKS]) != NULL);
}

/* Scenario 18, on a bad line: no connection lives long enough for the whole. Required: it goes on where
 * it broke off, and gets there. */
SCENARIO(snapshot_on_a_bad_line)
{
    enum { DEALS = 120, BREAKS_MAX = 60 };
    struct world *world = &scene->world;
    struct uuid deals[DEALS];
    for (size_t i = 0; i < DEALS; i++) {
        deals[i] = scene_deal(scene, ANNA, "Roof");
        if (i % 2 == 1) scene_settle(scene); /* commits smaller than a page, as they are */
    }
    scene_settle(scene);
    world->weather.page_rows = 5;
    world->weather.store_delay_ms_max = 40;
    size_t late = scene_laptop(scene, CLEO), breaks = 0;
    uint64_t resumed = world->marks.counts[MARK_SNAPSHOT_RESUMED];
    while (breaks < BREAKS_MAX && !world->failed && !scene_shown(scene, late, deals[0])) {
        until_snapshotting(scene, late, true);
        scene_pass(scene, 400);
        if (!world->laptops[late].snapshotting) break;
        (void)scene_value(scene, ANNA, deals[breaks % DEALS], 100 + (int64_t)breaks);
        if (world->laptops[late].connection) scene_cut(scene, late, false);
        if (!world->laptops[late].sync) laptop_start(world, late, true);
        until_snapshotting(scene, late, false);
        breaks++;
    }
    EXPECT(scene, breaks > 5 && breaks < BREAKS_MAX);
    EXPECT(scene, world->marks.counts[MARK_SNAPSHOT_RESUMED] > resumed + 3);
    scene_settle(scene);
    for (size_t i = 0; i < DEALS; i++) EXPECT(scene, scene_shown(scene, late, deals[i]) != NULL);
}

static uint64_t seq_highest(struct scene *scene, size_t laptop)
{
    struct replica *replica = laptop_port(&scene->world, laptop);
    struct row_mark *marks = NULL;
    size_t count = 0;
    uint64_t highest = 0;
    EXPECT(scene, replica->f->marks(replica, &scene->arena, &marks, &count) == FAULT_NONE);
    for (size_t i = 0; i < count; i++) {
        if (marks[i].seq > highest) highest = marks[i].seq;
    }
    return highest;
}

/* Scenario 28: thousands of changes at once while two colleagues watch and a third does not read.
 * Required: the two have all of it soon; what is kept for the third is bounded; it catches up. */
SCENARIO(bulk_edit_while_some_do_not_read)
{
    enum { DEALS = 60, ROUNDS = 36, LONG = 480, SOON_MS = 20000 };
    struct world *world = &scene->world;
    struct uuid deals[DEALS];
    char text[LONG + 1];
    for (size_t i = 0; i < DEALS; i++) deals[i] = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    scene_away(scene, ANNA);
    for (size_t i = 0; i < ROUNDS * DEALS; i++) {
        memset(text, 'a' + (int)(i / DEALS % 26), LONG);
        text[LONG] = 0;
        (void)scene_edit(scene, ANNA, deals[i % DEALS], "next_step", text);
    }
    scene_back(scene, ANNA);
    scene_until_seq(scene, world->oracle.seq + 1); /* she is connected */
    scene_deaf(scene, MAX, true);
    uint64_t until = world->now_ms + SOON_MS;
    while (!world->failed && world->now_ms < until && scene_pending(scene, ANNA) > 0)
        scene_pass(scene, 100);
    scene_pass(scene, 2000);
    EXPECT(scene, scene_pending(scene, ANNA) == 0 && world->now_ms < until);
    for (size_t who = BEN; who <= CLEO; who++)
        EXPECT(scene, scene_identity(scene, who).cursor_seq == world->oracle.seq);
    EXPECT(scene, scene_identity(scene, MAX).cursor_seq < world->oracle.seq);
    EXPECT(scene, world->laptops[MAX].unread_most > OUTPUT_SOFT);
    EXPECT(scene, world->laptops[MAX].unread_most < OUTPUT_HARD);
    scene_pass(scene, 3 * SLOW_MS); /* too slow: sent away, and to pull when it is back */
    scene_deaf(scene, MAX, false);
    scene_settle(scene);
    EXPECT(scene, scene_identity(scene, MAX).cursor_seq == world->oracle.seq);
}

/* Scenario 19: a rep is removed from the team with forty pending edits. Required: turned away; forty
 * kept, as parked, where the managers see them; none applied; nothing of later received. */
SCENARIO(removed_with_forty_pending)
{
    enum { PENDING = 40 };
    struct world *world = &scene->world;
    struct uuid made[PENDING], deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    uint64_t knew = world->oracle.seq;
    scene_away(scene, ANNA);
    for (size_t i = 0; i < PENDING; i++) made[i] = scene_value(scene, ANNA, deal, 100 + (int64_t)i);
    operators_remove(world, &world->persons[ANNA]);
    (void)scene_edit(scene, BEN, deal, "source", "secret");
    scene_settle(scene);
    scene_back(scene, ANNA);
    scene_settle(scene);
    struct sync_report report = sync_report(world->laptops[ANNA].sync);
    EXPECT(scene, report.state == SYNC_REFUSED && report.refusal == REFUSAL_REVOKED);
    for (size_t i = 0; i < PENDING; i++) {
        EXPECT(scene, scene_outcome(scene, made[i]) == OUTCOME_PARKED);
        EXPECT(scene, scene_answers(scene, made[i]) == 1);
        const struct inbox_item *item = scene_item(scene, MAX, made[i]);
        EXPECT(scene, item && item->state == INBOX_OPEN && item->payload.n > 0);
        EXPECT(scene, scene_item(scene, CLEO, made[i]) == NULL);
    }
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && !stands->value.has);
    EXPECT(scene, seq_highest(scene, ANNA) <= knew);
    /* A second visit brings nothing more, and gets nothing. */
    laptop_crash(world, ANNA);
    laptop_start(world, ANNA, true);
    scene_settle(scene);
    EXPECT(scene, sync_report(world->laptops[ANNA].sync).state == SYNC_REFUSED);
    EXPECT(scene, seq_highest(scene, ANNA) <= knew);
}

/* --- scenario 23 --- */

static void note_add(struct scene *scene, struct uuid deal)
{
    const struct deal *stands = scene_stands(scene, deal);
    size_t at = strlen(scene->note);
    if (!stands) return;
    snprintf(scene->note + at, sizeof scene->note - at, "%.*s/%.*s/%.*s/%lld;",
             STR_ARGS(stands->stage), STR_ARGS(stands->source), STR_ARGS(stands->next_step),
             (long long)stands->value.v);
}

static void skew(struct scene *scene, size_t laptop, int64_t days)
{
    if (scene->skewed) scene->world.laptops[laptop].skew_ms = days * INT64_C(86400000);
}

/* Everybody edits the same things, in turn ahead and behind; what comes of it goes into the note. */
static void clocks_play(struct scene *scene)
{
    struct world *world = &scene->world;
    static const char *const sources[] = {"abc", "def", "ghi"};
    struct uuid made[64], deals[4];
    size_t count = 0;
    skew(scene, ANNA, 3 * 365);
    skew(scene, BEN, -3 * 365);
    for (size_t i = 0; i < 4; i++) deals[i] = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    for (size_t round = 0; round < 4; round++) {
        for (size_t who = ANNA; who <= CLEO; who++) scene_away(scene, who);
        for (size_t who = ANNA; who <= CLEO; who++) {
            struct uuid deal = deals[(round + who) % 4];
            made[count++] = scene_value(scene, who, deal, (int64_t)(100 * round + who));
            skew(scene, who, (int64_t)(round * 400) - 900 + (int64_t)who * 300); /* backwards too */
            made[count++] = scene_edit(scene, who, deals[round], "source", sources[who - ANNA]);
            made[count++] = scene_log(scene, who, deal, "spoke about it");
        }
        scene_pass(scene, 3600000);
        for (size_t i = 0; i < 3; i++) { /* not in the order of their clocks */
            scene_back(scene, ANNA + (i + round) % 3);
            scene_settle(scene);
        }
        scene_cut(scene, ANNA, false); /* back-off and tokens */
        scene_settle(scene);
    }
    made[count++] = scene_move(scene, BEN, deals[1], "contact");
    scene_settle(scene);
    snprintf(scene->note, sizeof scene->note, "%llu:", (unsigned long long)world->oracle.seq);
    for (size_t i = 0; i < count; i++) {
        size_t at = strlen(scene->note);
        snprintf(scene->note + at, sizeof scene->note - at, "%d",
                 (int)scene_outcome(scene, made[i]));
    }
    for (size_t i = 0; i < 4; i++) note_add(scene, deals[i]);
}

/* Scenario 23: clocks three years wrong, jumping backwards. Required: the same log and winners as with
 * right clocks; back-off and tokens still work; recorded time never runs back (the oracle). */
SCENARIO(clock_years_wrong)
{
    scene->skewed = true;
    clocks_play(scene);
    struct scenario right = {.name = "clocks_right", .play = clocks_play};
    char note[sizeof scene->note];
    struct world_options options = scene->world.options;
    options.story = false;
    bool ok = !scene->world.options.files && scenario_told(&right, &options, NULL, note);
    if (scene->world.options.files) return; /* one simulated disk at a time */
    EXPECT(scene, ok);
    if (strcmp(note, scene->note) != 0)
        world_fail(&scene->world, "right clocks: %s\nwrong clocks: %s\n", note, scene->note);
}

/* --- scenario 30 --- */

static void row_spoil(struct scene *scene, size_t laptop, const struct row *row, bool lose)
{
    struct replica *inner = scene->world.laptops[laptop].disk.inner;
    struct organisation wrong = *(const struct organisation *)row->entity;
    wrong.name = STR("Firm nobody wrote");
    struct buffer body;
    buffer_init(&body, 64 * 1024);
    check(codec_entity_pack(ENTITY_ORGANISATION, &wrong, &body) == FAULT_NONE);
    struct packed_row packed = {.kind = ENTITY_ORGANISATION,
                                .id = row->id,
                                .seq = row->seq,
                                .removed = lose,
                                .body = lose ? STR_NONE : buffer_str(&body)};
    check(inner->f->begin(inner) == FAULT_NONE);
    check(inner->f->put_row(inner, scene_identity(scene, laptop).generation, &packed) ==
          FAULT_NONE);
    check(inner->f->commit(inner) == FAULT_NONE);
    buffer_finish(&body);
    scene->world.laptops[laptop].spoiled = true;
}

/* The copy compared with the server; what `sluice doctor` does. */
static struct sync_report doctor(struct scene *scene, size_t laptop)
{
    struct world *world = &scene->world;
    scene_shut(scene, laptop);
    world->laptops[laptop].away = false;
    world->laptops[laptop].doctor = true;
    laptop_start(world, laptop, false);
    scene_pass(scene, 120000);
    struct sync_report report = sync_report(world->laptops[laptop].sync);
    world->laptops[laptop].doctor = world->laptops[laptop].spoiled = false;
    laptop_crash(world, laptop);
    laptop_start(world, laptop, true);
    return report;
}

/* Scenario 30: one row of a copy is damaged, and one lost. Required: found by comparing digests, only
 * what differs is fetched again, pending work untouched, and it is said. */
SCENARIO(row_corrupted)
{
    struct world *world = &scene->world;
    struct uuid firms[40];
    for (size_t i = 0; i < 40; i++) firms[i] = scene_organisation(scene, ANNA, "Firm");
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    struct sync_report report = doctor(scene, CLEO);
    EXPECT(scene, report.was_checked && report.rows_checked > 40 && report.rows_repaired == 0);
    scene_settle(scene);
    scene_away(scene, CLEO);
    struct uuid pending = scene_edit(scene, CLEO, deal, "source", "fair");
    row_spoil(scene, CLEO, oracle_row(world, ENTITY_ORGANISATION, firms[7]), false);
    row_spoil(scene, CLEO, oracle_row(world, ENTITY_ORGANISATION, firms[21]), true);
    report = doctor(scene, CLEO);
    EXPECT(scene, report.state == SYNC_DONE && report.was_checked && !report.was_refetched);
    EXPECT(scene, report.rows_repaired == 2);
    EXPECT(scene, scene_outcome(scene, pending) == OUTCOME_APPLIED);
    EXPECT(scene, scene_answers(scene, pending) == 1);
    scene_settle(scene);
}

/* Spare: ten thousand mutations wait on one laptop, more than a frame holds. Required: all arrive, in
 * order, each once. (Real files: fewer of them.) */
SCENARIO(ten_thousand_queued)
{
    struct world *world = &scene->world;
    size_t many = world->options.files ? 600 : 10000;
    struct uuid deal = scene_deal(scene, ANNA, "Roof"), last = {{0}};
    scene_settle(scene);
    uint64_t seq = world->oracle.seq;
    scene_away(scene, ANNA);
    for (size_t i = 0; i < many && !world->failed; i++) {
        last = scene_value(scene, ANNA, deal, 100 + (int64_t)i);
        if (i % 64 == 0) arena_reset(&scene->arena);
    }
    EXPECT(scene, scene_pending(scene, ANNA) == many);
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, world->oracle.seq == seq + many);
    EXPECT(scene, scene_outcome(scene, last) == OUTCOME_APPLIED);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && stands->value.v == 99 + (int64_t)many);
}
