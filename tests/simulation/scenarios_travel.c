/* scenarios_travel.c - copies and databases that are of another time, or there twice. */
#include "tests/simulation/scenarios.h"

#include "common/base/banned.h"

/* The server comes back with the database as it was. */
static void database_goes_back(struct scene *scene)
{
    service_crash(&scene->world, 0);
    EXPECT(scene, database_restore(&scene->world));
    service_start(&scene->world, 0);
}

static void expect_value(struct scene *scene, struct uuid deal, int64_t value)
{
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && stands->value.has && stands->value.v == value);
}

/* 7: a client's database is restored from last week. Required: noticed at the hello; what is made on it
 * then arrives, and what was answered since stays. */
SCENARIO(copy_of_last_week)
{
    struct world *world = &scene->world;
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    laptop_backup(world, ANNA);
    struct uuid lately = scene_deal(scene, ANNA, "Wall");
    (void)scene_value(scene, ANNA, lately, 100);
    scene_settle(scene);
    struct uuid before = scene_identity(scene, ANNA).replica;
    laptop_restore(world, ANNA);
    scene_back(scene, ANNA);
    scene_away(scene, ANNA);
    EXPECT(scene, !scene_shown(scene, ANNA, lately));
    struct uuid value = scene_value(scene, ANNA, deal, 700);
    struct uuid fresh = scene_deal(scene, ANNA, "Door");
    scene_back(scene, ANNA);
    scene_settle(scene);
    EXPECT(scene, !uuid_equal(scene_identity(scene, ANNA).replica, before));
    EXPECT(scene, scene_outcome(scene, value) == OUTCOME_APPLIED);
    EXPECT(scene, scene_answers(scene, value) == 1);
    expect_value(scene, deal, 700);
    expect_value(scene, lately, 100);
    EXPECT(scene, scene_stands(scene, fresh) && scene_shown(scene, ANNA, lately));
}

/* 8: the folder is copied to a second laptop, both work. Required: one takes a new replica id; both keep
 * all they made. */
SCENARIO(folder_on_two_laptops)
{
    struct world *world = &scene->world;
    scene_settle(scene);
    scene_away(scene, ANNA);
    struct uuid waiting = scene_deal(scene, ANNA, "Roof");
    laptop_copy(world, ANNA);
    size_t twin = world->laptop_count - 1;
    scene_away(scene, twin);
    struct uuid one = scene_deal(scene, ANNA, "Wall");
    struct uuid other = scene_deal(scene, twin, "Door");
    scene_back(scene, ANNA);
    scene_back(scene, twin);
    scene_settle(scene);
    EXPECT(scene, !uuid_equal(scene_identity(scene, ANNA).replica,
                              scene_identity(scene, twin).replica));
    EXPECT(scene, scene_stands(scene, one) && scene_stands(scene, other));
    EXPECT(scene, scene_stands(scene, waiting) != NULL);
    EXPECT(scene, scene_shown(scene, ANNA, other) && scene_shown(scene, twin, one));
}

/* 9: the server is restored to a backup of five hours ago. Required: every copy notices; what was answered
 * in those hours is offered again, and is there. */
SCENARIO(server_of_five_hours_ago)
{
    struct world *world = &scene->world;
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    database_backup(world);
    (void)scene_value(scene, BEN, deal, 900);
    struct uuid made = scene_deal(scene, CLEO, "Wall");
    scene_settle(scene);
    scene_pass(scene, 5 * 3600 * 1000);
    database_goes_back(scene);
    EXPECT(scene, !scene_stands(scene, made));
    scene_settle(scene);
    expect_value(scene, deal, 900);
    EXPECT(scene, scene_stands(scene, made) && scene_shown(scene, ANNA, made));
    outside_wait(world);
}

/* 10: the same, and a different history has already passed the old seq. Required: the mark is unknown
 * though the seq looks fine; what was answered in the old one is offered again. */
SCENARIO(new_history_past_the_old_seq)
{
    struct world *world = &scene->world;
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    database_backup(world);
    (void)scene_value(scene, ANNA, deal, 900);
    struct uuid made = scene_deal(scene, ANNA, "Wall");
    scene_settle(scene);
    uint64_t passed = world->oracle.seq;
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (i != CLEO) scene_shut(scene, i);
    }
    database_goes_back(scene);
    for (size_t i = 0; i < 40; i++) (void)scene_deal(scene, CLEO, "Door");
    scene_pass(scene, 10 * 60000);
    EXPECT(scene, world->oracle.seq > passed);
    for (size_t i = 0; i < world->laptop_count; i++) {
        if (i != CLEO) scene_back(scene, i);
    }
    scene_settle(scene);
    expect_value(scene, deal, 900);
    EXPECT(scene, scene_stands(scene, made) != NULL);
    outside_wait(world);
}

/* Until the standby lacks what comes. */
static void standby_made(struct scene *scene, struct uuid deal)
{
    struct world *world = &scene->world;
    world->weather.failover = 1;
    for (size_t i = 0; i < 200 && !world->database.standby; i++) {
        (void)scene_value(scene, CLEO, deal, (int64_t)i);
        scene_settle(scene);
    }
    EXPECT(scene, world->database.standby != NULL);
    world->weather.failover = 0;
}

/* 11: a standby without the last moments is promoted, while everybody is connected. Required: as 9, by
 * itself. */
SCENARIO(standby_without_the_last_moments)
{
    struct world *world = &scene->world;
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    standby_made(scene, deal);
    struct uuid source = scene_edit(scene, BEN, deal, "source", "fair");
    struct uuid made = scene_deal(scene, ANNA, "Wall");
    scene_settle(scene);
    EXPECT(scene, scene_outcome(scene, source) != OUTCOME_NONE);
    EXPECT(scene, database_failover(world));
    EXPECT(scene, !scene_stands(scene, made));
    scene_settle(scene);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && str_equal(stands->source, STR("fair")));
    EXPECT(scene, scene_stands(scene, made) && scene_shown(scene, CLEO, made));
    outside_wait(world);
}

/* Spare: a copy is being filled when the database goes back. A row that was changed before it was read,
 * in what is lost, came under no seq that stands. Required: the copy begins anew, and is whole. */
SCENARIO(snapshot_across_restore)
{
    struct world *world = &scene->world;
    struct uuid firm = scene_organisation(scene, ANNA, "Firm");
    for (size_t i = 0; i < 30; i++) (void)scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    database_backup(world);
    struct act *act = scene_begin(scene, BEN, MUTATION_EDIT, ENTITY_ORGANISATION, firm);
    act_text(act, "phone", NULL, STR("+48"));
    (void)scene_submit(scene);
    scene_settle(scene);
    world->weather.page_rows = 5;
    size_t second = scene_laptop(scene, CLEO);
    for (size_t tries = 0; tries < 400 && scene_identity(scene, second).fill_seq == 0; tries++) {
        scene_pass(scene, 20);
        bool begun = sync_report(world->laptops[second].sync).rows_received > 10;
        if (begun && world->laptops[second].connection) scene_cut(scene, second, false);
    }
    EXPECT(scene, scene_identity(scene, second).fill_seq > 2);
    scene_shut(scene, second);
    database_goes_back(scene);
    scene_shut(scene, BEN); /* who would offer the change again */
    scene_pass(scene, 1000);
    scene_back(scene, second);
    scene_pass(scene, 60000);
    struct replica *replica = laptop_port(world, second);
    const void *found;
    EXPECT(scene, replica->f->entity(replica, &scene->arena, ENTITY_ORGANISATION, firm, true,
                                     &found) == FAULT_NONE);
    scene_back(scene, BEN);
    outside_wait(world); /* until nothing is told as missing any more */
}

/* Spare: of two copies of one folder one took a new replica id, the other is lost; then the database goes
 * back. Required: what was answered under the former id is offered again, and is there. */
SCENARIO(former_work_across_restore)
{
    struct world *world = &scene->world;
    scene_settle(scene);
    database_backup(world);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    struct uuid value = scene_value(scene, ANNA, deal, 700);
    scene_settle(scene);
    scene_shut(scene, ANNA);
    laptop_copy(world, ANNA);
    size_t twin = world->laptop_count - 1;
    scene_back(scene, ANNA);
    scene_pass(scene, 60000);
    (void)scene_deal(scene, ANNA, "Wall");
    scene_back(scene, twin);
    scene_pass(scene, 60000);
    bool renewed = !uuid_equal(scene_identity(scene, twin).replica,
                               scene_identity(scene, ANNA).replica);
    EXPECT(scene, renewed);
    for (size_t i = 0; i < twin; i++) scene_shut(scene, i);
    database_goes_back(scene);
    EXPECT(scene, !scene_stands(scene, deal));
    scene_pass(scene, 10 * 60000);
    EXPECT(scene, scene_stands(scene, deal) && scene_stands(scene, deal)->value.v == 700);
    EXPECT(scene, scene_outcome(scene, value) != OUTCOME_NONE);
    for (size_t i = 0; i < twin; i++) scene_back(scene, i);
    outside_wait(world);
}

/* Spare: a server sleeps before it hears that its commit was written; meanwhile a standby without that
 * commit takes over, and others go on. Required: who is with that server does not get the rest of the
 * new history on top of what is lost. */
SCENARIO(late_word_of_a_lost_commit)
{
    struct world *world = &scene->world;
    scene_prefer(scene, ANNA, 1);
    scene_prefer(scene, BEN, 1);
    scene_prefer(scene, CLEO, 0);
    struct uuid deal = scene_deal(scene, ANNA, "Roof");
    scene_settle(scene);
    standby_made(scene, deal);
    uint64_t seq = world->oracle.seq;
    (void)scene_edit(scene, ANNA, deal, "source", "fair");
    scene_until_seq(scene, seq + 1);
    service_pause(world, 1, 60000); /* its word of that commit is on its way */
    EXPECT(scene, database_failover(world));
    (void)scene_edit(scene, CLEO, deal, "next_step", "call");
    (void)scene_value(scene, CLEO, deal, 5000);
    scene_settle(scene);
    const struct deal *stands = scene_stands(scene, deal);
    EXPECT(scene, stands && str_equal(stands->source, STR("fair")));
    EXPECT(scene, stands && str_equal(stands->next_step, STR("call")));
}
