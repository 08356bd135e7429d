/* test_work_day.c - a member's day: status, today, the board, what colleagues did, undo, everything
 * out again. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/core/outbox.h"

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static const int64_t DAY_MS = INT64_C(86400000);

static const struct {
    const char *name, *fields;
} deals[] = {
    {"late", "title=Late;pipeline=sales;stage=proposal;status=open;owner=rep;next_step=Call;"
             "due=2026-02-20;value=1200000;currency=EUR;stage_entered_at=-40;created_at=-60;"
             "expected_close=2026-02-10;tags=key,old"},
    {"now", "title=Now;pipeline=sales;stage=contact;status=open;owner=rep;next_step=Mail;"
            "due=2026-03-02;value=300000;currency=USD;org=acme"},
    {"blank", "title=Blank;pipeline=sales;stage=contact;status=open;owner=rep;due=2026-03-02"},
    {"idle", "title=Idle;pipeline=sales;stage=lead;status=open;owner=rep"},
    {"idler", "title=Idler;pipeline=sales;stage=lead;status=open;owner=rep;value=5000;currency=EUR"},
    {"idlest", "title=Idlest;pipeline=sales;stage=lead;status=open;owner=rep;value=5000;"
               "currency=PLN"},
    {"ahead", "title=Ahead;pipeline=sales;stage=closing;status=open;owner=rep;attention=true;"
              "next_step=Sign;due=2026-03-09;stage_entered_at=-1;created_at=-1"},
    {"theirs", "title=Theirs;pipeline=sales;stage=lead;status=open;owner=other"},
    {"won", "title=Won;pipeline=sales;stage=won;status=won;owner=rep;value=100;currency=EUR;"
            "closed_at=-3"},
};

static void deals_put(struct work_desk *desk)
{
    for (size_t i = 0; i < sizeof deals / sizeof deals[0]; i++) {
        world_put(&desk->world, ENTITY_DEAL, deals[i].name, deals[i].fields);
    }
    world_put(&desk->world, ENTITY_INBOX, "item",
              "number=3;kind=conflict;state=open;subject_kind=deal;subject=idlest;field=source;"
              "base=mail;mine=web;theirs=fair;author=rep");
}

static void rep_sits(struct work_desk *desk)
{
    deals_put(desk);
    work_desk_sit(desk, "rep");
}

static void identity_change(struct work_desk *desk, void (*change)(struct identity *identity))
{
    struct replica *replica = desk->replica;
    struct identity identity;
    assert_int_equal(replica->f->identity_load(replica, &desk->world.arena, &identity), FAULT_NONE);
    change(&identity);
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
}

/* --- who and where one is --- */

static void seen_yesterday(struct identity *identity)
{
    identity->address_count = 2;
    identity->last_sync_at = 1;
    identity->server_clock_offset = -3 * 3600000;
}

static void skewed_sits(struct work_desk *desk)
{
    rep_sits(desk);
    identity_change(desk, seen_yesterday);
}

static void long_behind(struct identity *identity)
{
    identity->last_sync_at = 1;
    identity->server_clock_offset = INT64_C(3) * 365 * 86400000 - 5000;
    identity->last_failure = STR("unreachable");
    identity->address_count = 0;
    identity->device_name = STR_NONE;
}

static void behind_sits(struct work_desk *desk)
{
    rep_sits(desk);
    identity_change(desk, long_behind);
}

static void not_joined(struct identity *identity)
{
    identity->joined = false;
}

static void stranger_sits(struct work_desk *desk)
{
    rep_sits(desk);
    identity_change(desk, not_joined);
}

/* Joined, but nothing has come yet. */
static void newcomer_sits(struct work_desk *desk)
{
    struct identity identity = world_identity("rep");
    desk->replica = replica_memory_open();
    assert_int_equal(desk->replica->f->begin(desk->replica), FAULT_NONE);
    assert_int_equal(desk->replica->f->identity_store(desk->replica, &identity), FAULT_NONE);
    assert_int_equal(desk->replica->f->commit(desk->replica), FAULT_NONE);
}

static const struct work_claim status_claims[] = {
    {"who one is", NULL, "status", 0, "Team\tRep\trep\tlaptop", NULL},
    {"what waits is counted", "deal|add|Pilot", "status", 0, "first:1\t1\t1", NULL},
    {"where the server is looked for", NULL, "server", 0, "first:1", NULL},
    {"another server", NULL, "server|crm.example:7117", 0, "crm.example:7117", NULL},
    {"several, each once", NULL, "server|a:1|b:2|a:1", 0, "a:1, b:2", "a:1, b:2, a:1"},
    {"from then on", "server|a:1|b:2", "server", 0, "b:2", "first:1"},
    {"an address has a port", NULL, "server|crm.example", 2, "is no address", NULL},
    {"and a host", NULL, "server|:7117", 2, "is no address", NULL},
};
static const struct work_claim skewed_claims[] = {
    {"a fast clock is told in words", NULL, "status", 0, "3 hours ahead of the server", NULL},
    {"all addresses are told", NULL, "status", 0, "first:1, second:2", NULL},
};
static const struct work_claim behind_claims[] = {
    {"a clock years behind is years behind", NULL, "status", 0, "3 years behind the server", NULL},
    {"what failed last is told", NULL, "status", 0, "the server could not be reached", NULL},
};
static const struct work_claim stranger_claims[] = {
    {"who has not joined is told how", NULL, "deal|list", 7, "join", NULL},
};
static const struct work_claim newcomer_claims[] = {
    {"before the first exchange there is nothing to list", NULL, "deal|list", 7, "sync", NULL},
    {"but one may ask where one is", NULL, "status", 0, "first:1", NULL},
};

static void one_knows_where_one_is(void **state)
{
    (void)state;
    CLAIMS(status_claims, rep_sits);
    CLAIMS(skewed_claims, skewed_sits);
    CLAIMS(behind_claims, behind_sits);
    CLAIMS(stranger_claims, stranger_sits);
    CLAIMS(newcomer_claims, newcomer_sits);
}

/* --- today --- */

static const struct work_claim today_claims[] = {
    {"what is overdue comes with its step", NULL, "today", 0, "Overdue", NULL},
    {"what is due today is that", NULL, "today", 0, "Mail: due today", NULL},
    {"also without a step", NULL, "today", 0, "\tdue today", NULL},
    {"a conflict needs a decision", NULL, "today", 0, "In conflict", NULL},
    {"behind its gates", NULL, "today", 0, "Behind its gates", NULL},
    {"only one's own", NULL, "today", 0, NULL, "Theirs"},
    {"or the team's, and whose", NULL, "today|--team", 0, "\tTheirs\t", NULL},
    {"or somebody's", NULL, "today|--owner|other", 0, "Theirs", "Late"},
    {"who must exist", NULL, "today|--owner|nobody", 3, "there is no member", NULL},
    {"everybody is not somebody", NULL, "today|--owner|other|--team", 2, "leave out --owner", NULL},
    {"one without deals has nothing", NULL, "today|--owner|looker", 0,
     "nothing of Looker is due today; `sluice today --team` has", NULL},
};

enum { CROWD = 31 };

static void crowded_sits(struct work_desk *desk)
{
    for (size_t i = 0; i < CROWD; i++) {
        struct str title = arena_format(&desk->world.arena, "c%zu", i);
        struct deal *deal = world_put(&desk->world, ENTITY_DEAL, title.p,
                                      "pipeline=sales;stage=lead;status=open;owner=rep");
        deal->title = title;
        deal->value = (struct optional){i % 3 != 0, (int64_t)i};
    }
    work_desk_sit(desk, "rep");
}

static void wide_sits(struct work_desk *desk)
{
    crowded_sits(desk);
    desk->width = 120;
    desk->height = 40;
}

static void script_sits(struct work_desk *desk)
{
    crowded_sits(desk);
    desk->script = true;
}

static void other_sits(struct work_desk *desk)
{
    deals_put(desk);
    work_desk_sit(desk, "boss");
}

static const struct work_claim crowded_claims[] = {
    {"eight of a group are enough", NULL, "today", 0, "23 more; `sluice ls owner:me", NULL},
    {"unless all are asked for", NULL, "today|--all", 0, "c30", "23 more"},
    {"the team's rest is in a list of all", NULL, "today|--team", 0, "23 more; `sluice ls is:", NULL},
    {"somebody's in one of theirs", NULL, "today|--owner|Rep", 0, "23 more; `sluice ls owner:me", NULL},
};
static const struct work_claim wide_claims[] = {
    {"a wide screen changes nothing about that", NULL, "today", 0, "23 more", NULL},
};
static const struct work_claim script_claims[] = {
    {"scripts get everything", NULL, "today", 0, "c30", "more;"},
};
static const struct work_claim idle_claims[] = {
    {"who owns nothing has nothing due", NULL, "today", 0,
     "nothing of yours is due today; `sluice today --team` has 8 of others", NULL},
    {"others' rest is in a list of theirs", NULL, "today|--owner|rep", 0, "Late", "more;"},
};

static void a_day_is_told_by_what_presses(void **state)
{
    (void)state;
    CLAIMS(today_claims, rep_sits);
    CLAIMS(crowded_claims, crowded_sits);
    CLAIMS(wide_claims, wide_sits);
    CLAIMS(script_claims, script_sits);
    CLAIMS(idle_claims, other_sits);
}

/* --- the board --- */

static const struct work_claim board_claims[] = {
    {"open deals stand in their stages", NULL, "board", 0, "Late", "Won"},
    {"each currency has its own sum", NULL, "board", 0, "3,000 USD", NULL},
    {"in all, without leads", NULL, "board", 0, "In all: 4 deals", NULL},
    {"another pipeline is another board", NULL, "board|renewal", 0, "Talk", "Late"},
    {"which must exist", NULL, "board|moon", 3, "there is no pipeline", NULL},
    {"what moved today is marked", "deal|move|Idle|contact|--org|acme", "board", 0, "moved today",
     NULL},
    {"what came today is new", "deal|add|Fresh|--stage|contact|--org|acme", "board", 0,
     "new today", NULL},
    {"conflicts are marked", NULL, "board", 0, "* conflict", NULL},
};
static const struct work_claim crowded_board_claims[] = {
    {"a crowded stage is cut, and says so", NULL, "board", 0, "more", "c30"},
    {"unless all are asked for", NULL, "board|--all", 0, "c30", NULL},
};

static void low_sits(struct work_desk *desk)
{
    crowded_sits(desk);
    desk->height = 14;
    desk->width = 20;
}

static const struct work_claim low_claims[] = {
    {"on a small screen the count is left", NULL, "board", 0, "… 31", "c30"},
};
static const struct work_claim script_board_claims[] = {
    {"scripts get a row for each stage", NULL, "board", 0, "Lead\t0\t31", "In all"},
};

static void the_board_shows_the_pipeline(void **state)
{
    (void)state;
    CLAIMS(board_claims, rep_sits);
    CLAIMS(crowded_board_claims, crowded_sits);
    CLAIMS(low_claims, low_sits);
    CLAIMS(script_board_claims, script_sits);
}

/* --- what colleagues did --- */

static const struct {
    const char *claim, *fields, *line; /* NULL: nothing is said */
    const char *subject, *who;
} told[] = {
    {"a move", "what=stage;from_stage=lead;to_stage=contact;from_status=open;to_status=open",
     "Other moved", "late", "other"},
    {"names the stage", "what=stage;to_stage=proposal;from_status=open;to_status=open",
     "to Proposal", "late", "other"},
    {"a win", "what=stage;to_stage=won;from_status=open;to_status=won", "Other won", "late",
     "other"},
    {"a loss", "what=stage;to_stage=lost;from_status=open;to_status=lost", "lost", "late", "other"},
    {"ice", "what=stage;to_stage=lead;from_status=open;to_status=iced", "put on ice", "late",
     "other"},
    {"discarding", "what=stage;to_stage=lead;from_status=open;to_status=discarded", "discarded",
     "late", "other"},
    {"a thaw", "what=stage;to_stage=lead;from_status=iced;to_status=open", "thawed", "late",
     "other"},
    {"a reopening", "what=stage;to_stage=lead;from_status=lost;to_status=open", "reopened", "late",
     "other"},
    {"a move taken back",
     "what=stage;to_stage=lead;from_status=open;to_status=open;undoes=mutation",
     "took back a move of", "late", "other"},
    {"a field", "what=field;field=source;from_value=web;to_value=fair", "changed", "late", "other"},
    {"and its value", "what=field;field=source;from_value=web;to_value=fair", "Source: fair",
     "late", "other"},
    {"a field taken back", "what=field;field=source;to_value=fair;undoes=mutation",
     "took back a change of", "late", "other"},
    {"a field of a newer version", "what=field;field=flavour;to_value=sweet", "flavour", "late",
     "other"},
    {"a creation", "what=created;to_stage=lead;to_status=open", "added", "late", "other"},
    {"an import", "what=imported;to_stage=lead;to_status=open", "imported", "late", "other"},
    {"a deletion is told by the id", "what=deleted", "deleted", "vanished", "other"},
    {"a change of what is gone is no news", "what=field;field=source;to_value=x", NULL, "vanished",
     "other"},
    {"somebody unknown", "what=field;field=source;to_value=x", "Somebody changed", "late",
     "stranger"},
    {"an organisation", "what=field;field=country;to_value=Chile;subject_kind=organisation",
     "Acme", "acme", "other"},
    {"a colleague's role", "what=field;field=role;from_value=rep;to_value=manager;subject_kind=member",
     "Role: manager", "other", "boss"},
    {"one's own role is told apart",
     "what=field;field=role;from_value=viewer;to_value=rep;subject_kind=member", NULL, "rep", "boss"},
    {"a device is nobody's news", "what=field;field=name;to_value=x;subject_kind=device", NULL,
     "acme", "other"},
};

static struct str tell(struct work_desk *desk, const struct sync_revealed *revealed)
{
    struct str line;
    struct now now = {.boot_ms = 1, .wall_ms = desk->wall};
    assert_int_equal(work_open(&desk->work, desk->replica, &desk->world.arena, &desk->random, now),
                     FAULT_NONE);
    assert_int_equal(work_tell(&desk->work, revealed, &line), FAULT_NONE);
    return line;
}

static void row_add(struct work_desk *desk, enum entity_kind kind, struct uuid id, uint64_t seq,
                    const void *entity)
{
    struct packed_row row = world_row(&desk->world, kind, id, seq, 0, entity);
    assert_int_equal(desk->replica->f->begin(desk->replica), FAULT_NONE);
    assert_int_equal(desk->replica->f->put_row(desk->replica, 1, &row), FAULT_NONE);
    assert_int_equal(desk->replica->f->commit(desk->replica), FAULT_NONE);
}

static void what_colleagues_do_is_told_in_a_line(void **state)
{
    (void)state;
    static struct work_desk desk;
    size_t broken = 0;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        work_desk_begin(&desk);
        rep_sits(&desk);
        struct event entity = {.what = EVENT_NONE}, *event = &entity;
        world_write(&desk.world, ENTITY_EVENT, event, told[i].fields);
        event->subject = world_id(told[i].subject);
        if (event->subject_kind == ENTITY_NONE) event->subject_kind = ENTITY_DEAL;
        event->who = world_id(told[i].who);
        event->pipeline = STR("sales");
        event->recorded_at = (struct optional){true, desk.wall - (i % 2) * DAY_MS};
        row_add(&desk, ENTITY_EVENT, event->subject, 7, event);
        struct sync_revealed revealed = {ENTITY_EVENT, event->subject, 7};
        struct str line = tell(&desk, &revealed);
        const char *text = arena_str(&desk.world.arena, line).p;
        bool holds = told[i].line ? text && strstr(text, told[i].line) : !text;
        holds = holds && (!text || (strstr(text, "2026-03-01 ") != NULL) == (i % 2 == 1));
        if (!holds) print_message("NOT: %s: %s\n", told[i].claim, text ? text : "(nothing)");
        broken += !holds;
        /* Of another seq there is nothing to tell. */
        revealed.seq = 8;
        assert_null(tell(&desk, &revealed).p);
        work_desk_end(&desk);
    }
    assert_int_equal(broken, 0);
}

static void another_role_of_ones_own_is_told(void **state)
{
    (void)state;
    static struct work_desk desk;
    struct str line;
    work_desk_begin(&desk);
    rep_sits(&desk);
    struct now now = {.boot_ms = 1, .wall_ms = desk.wall};
    assert_int_equal(work_open(&desk.work, desk.replica, &desk.world.arena, &desk.random, now),
                     FAULT_NONE);
    assert_int_equal(work_tell_role(&desk.work, ROLE_REP, &line), FAULT_NONE);
    assert_null(line.p);
    /* It came with a new copy: nothing says by whom. */
    assert_int_equal(work_tell_role(&desk.work, ROLE_VIEWER, &line), FAULT_NONE);
    assert_string_equal(arena_str(&desk.world.arena, line).p, "Somebody made you rep (you were viewer)");
    struct event event = {.what = EVENT_NONE};
    world_write(&desk.world, ENTITY_EVENT, &event,
                "what=field;field=role;from_value=viewer;to_value=rep;subject_kind=member");
    event.subject = world_id("rep");
    event.who = world_id("boss");
    event.recorded_at = (struct optional){true, desk.wall - DAY_MS};
    row_add(&desk, ENTITY_EVENT, event.subject, 7, &event);
    assert_int_equal(work_tell_role(&desk.work, ROLE_VIEWER, &line), FAULT_NONE);
    assert_non_null(strstr(arena_str(&desk.world.arena, line).p, "Boss made you rep (you were viewer)"));
    work_desk_end(&desk);
}

static const struct {
    const char *claim, *fields, *line;
} logged[] = {
    {"a call with its words", "type=call;deal=late;member=other;text=Asked;created_at=0",
     "Other logged call for"},
    {"the words stand behind it", "type=call;deal=late;member=other;text=Asked;created_at=0",
     ": Asked"},
    {"a call without words", "type=meeting;deal=late;member=other;created_at=0", "Late"},
    {"what is logged for a person only is no news", "type=call;person=ann;member=other", NULL},
};

static void what_colleagues_log_is_told_in_a_line(void **state)
{
    (void)state;
    static struct work_desk desk;
    for (size_t i = 0; i < sizeof logged / sizeof logged[0]; i++) {
        work_desk_begin(&desk);
        rep_sits(&desk);
        struct activity *activity =
            world_put(&desk.world, ENTITY_ACTIVITY, "activity", logged[i].fields);
        row_add(&desk, ENTITY_ACTIVITY, activity->id, 7, activity);
        struct str line = tell(&desk, &(struct sync_revealed){ENTITY_ACTIVITY, activity->id, 7});
        const char *text = arena_str(&desk.world.arena, line).p;
        bool holds = logged[i].line ? text && strstr(text, logged[i].line) : !text;
        if (!holds) fail_msg("%s: %s", logged[i].claim, text ? text : "(nothing)");
        /* One that is gone again. */
        struct uuid gone = world_id("gone");
        assert_null(tell(&desk, &(struct sync_revealed){ENTITY_ACTIVITY, gone, 7}).p);
        work_desk_end(&desk);
    }
}

/* --- taking back --- */

static const struct work_claim undo_claims[] = {
    {"nothing of one's own to take back", NULL, "undo", 3, "nothing of yours", NULL},
    {"nor of that deal", "deal|add|Pilot", "undo|Late", 3, "nothing of yours", NULL},
    {"of an unknown deal", NULL, "undo|zzzzzz", 3, NULL, NULL},
    {"an added deal is gone", "deal|add|Pilot;undo", "deal|show|Pilot", 3, NULL, NULL},
    {"a set is as it was", "deal|edit|Late|--tags|+new,-old;undo", "deal|show|Late", 0, "key,old",
     "new"},
    {"a date is as it was", "deal|edit|Late|--due|2026-05-05;undo", "deal|show|Late", 0,
     "2026-02-20", "2026-05-05"},
    {"money is as it was", "deal|edit|Now|--value|9k EUR;undo", "deal|show|Now", 0, "3,000 USD",
     "9,000 EUR"},
    {"a deal is off the ice", "deal|ice|Now|--until|2030-01-01;undo", "deal|show|Now", 0, "open",
     "2030-01-01"},
    {"a loss is taken back with its reason", "deal|lose|Now|dear;undo", "deal|show|Now", 0,
     "Contact", "dear"},
    {"a log is taken back", "log|call|Now|Asked;undo", "deal|show|Now", 0, NULL, "Asked"},
    {"of a deal: what was logged for it", "log|call|Now|Asked;deal|add|Pilot", "undo|Now", 0,
     "Took back", NULL},
    {"the newest of a deal, not the newest of all", "deal|edit|Now|--source|web;deal|add|Pilot",
     "undo|Now", 0, "deal edit Now", NULL},
    {"an organisation is as it was", "org|edit|acme|--country|Chile;undo", "org|show|acme", 0,
     NULL, "Chile"},
    {"one after another", "deal|edit|Now|--source|a;deal|edit|Now|--source|b;undo;undo",
     "deal|show|Now", 0, NULL, "\ta\t"},
    {"no further than the beginning", "deal|add|Pilot;undo", "undo", 3, "nothing of yours", NULL},
    {"a revoked device stays revoked", "device|revoke|phone", "undo", 4, "cannot be taken back", NULL},
};

static void owner_of_things_sits(struct work_desk *desk)
{
    world_put(&desk->world, ENTITY_DEVICE, "phone", "member=rep;name=phone;created_at=-20");
    rep_sits(desk);
}

static void own_work_is_taken_back(void **state)
{
    (void)state;
    CLAIMS(undo_claims, owner_of_things_sits);
}

/* A file brought an organisation, a person, two deals and a note. */
static void import_run(struct work_desk *desk)
{
    static const struct {
        enum mutation_kind kind;
        enum entity_kind entity;
        const char *target, *edits;
    } rows[] = {
        {MUTATION_CREATE, ENTITY_ORGANISATION, "orbis", "name=Orbis"},
        {MUTATION_CREATE, ENTITY_ORGANISATION, "novum", "name=Novum"},
        {MUTATION_CREATE, ENTITY_PERSON, "eva", "name=Eva;org=orbis"},
        {MUTATION_CREATE, ENTITY_MEMBER, "temp", "name=Temp"},
        {MUTATION_IMPORT, ENTITY_DEAL, "dock", "title=Dock;org=orbis;contact=eva;owner=boss"},
        {MUTATION_IMPORT, ENTITY_DEAL, "pier", "title=Pier;org=novum;owner=boss"},
        {MUTATION_CREATE, ENTITY_ACTIVITY, "note", "type=note;deal=dock;text=Hm"},
        {MUTATION_EDIT, ENTITY_DEAL, "late", "source=file"},
    };
    enum { COUNT = sizeof rows / sizeof rows[0] };
    struct mutation mutations[COUNT];
    static struct stand stands[] = {{.stage = STR_INIT("lead"), .status = STATUS_OPEN}};
    struct uuid batch = uuid_derive((struct uuid){{9}}, STR("file"));
    for (size_t i = 0; i < COUNT; i++) {
        mutations[i] = world_mutation(&desk->world, rows[i].kind, rows[i].entity, rows[i].target,
                                      rows[i].edits);
        mutations[i].batch = batch;
        mutations[i].bulk = true;
        if (rows[i].kind != MUTATION_IMPORT) continue;
        mutations[i].stands = stands;
        mutations[i].stand_count = 1;
    }
    struct change changes[COUNT];
    struct now now = {.boot_ms = 1, .wall_ms = desk->wall};
    assert_int_equal(outbox_submit_many(desk->replica, &desk->world.arena, mutations, COUNT,
                                        STR("import"), now, changes),
                     FAULT_NONE);
    for (size_t i = 0; i < COUNT; i++) assert_int_equal(changes[i].outcome, OUTCOME_APPLIED);
}

static void importer_sits(struct work_desk *desk)
{
    deals_put(desk);
    work_desk_sit(desk, "boss");
    import_run(desk);
}

static const struct work_claim import_claims[] = {
    {"an import is taken back whole", NULL, "undo", 0, "2 deals removed", "stay:"},
    {"with what it brought beside deals", NULL, "undo", 0, "2 organisations removed", NULL},
    {"what it changed is as before", NULL, "undo", 0, "1 deal as it was before", NULL},
    {"members stay, somebody may have named them", NULL, "undo", 0, "1 member without a device",
     NULL},
    {"then nothing of it is left", "undo", "deal|list|--all", 0, "Late", "Dock"},
    {"and it is not taken back twice", "undo", "undo", 3, "nothing of yours", NULL},
    {"what came after it is taken back first", "deal|edit|Dock|--source|web", "undo", 0,
     "deal edit Dock", "removed"},
    {"a change taken back leaves the import the newest", "deal|edit|Dock|--source|web;undo",
     "undo", 0, "removed", NULL},
};

static void an_import_is_taken_back_whole(void **state)
{
    (void)state;
    CLAIMS(import_claims, importer_sits);
}

/* What others worked on since stays. */
static void what_was_worked_on_stays(void **state)
{
    (void)state;
    static struct work_desk desk;
    work_desk_begin(&desk);
    importer_sits(&desk);
    struct activity *call =
        world_put(&desk.world, ENTITY_ACTIVITY, "call", "type=call;deal=dock;member=other");
    row_add(&desk, ENTITY_ACTIVITY, call->id, 7, call);
    assert_int_equal(work_desk_run(&desk, "undo"), ANSWER_OK);
    const char *said = work_desk_said(&desk);
    assert_non_null(strstr(said, "1 deal removed"));
    assert_non_null(strstr(said, "1 deal stays"));
    assert_non_null(strstr(said, "1 organisation removed")); /* the other one is Dock's */
    assert_int_equal(work_desk_run(&desk, "deal|show|Dock"), ANSWER_OK);
    assert_int_equal(work_desk_run(&desk, "person|show|Eva"), ANSWER_OK);
    work_desk_end(&desk);
}

/* --- everything out again --- */

static void machine_sits(struct work_desk *desk)
{
    struct deal *deal = world_deal(&desk->world, "full", "title=Full;contact=ann");
    deal->lost_reason = STR("none");
    world_put(&desk->world, ENTITY_PERSON, "eva",
              "name=Eva;org=acme;email=eva@acme.example;phone=123");
    world_deal(&desk->world, "reachable", "title=Reachable;contact=eva");
    deals_put(desk);
    work_desk_sit(desk, "rep");
    desk->machine = true;
}

static void csv_sits(struct work_desk *desk)
{
    machine_sits(desk);
    desk->csv = true;
}

static const struct work_claim export_claims[] = {
    {"everything comes out", NULL, "export", 0, "organisations:", NULL},
    {"one kind on request", NULL, "export|people", 0, "eva@acme.example", "Late"},
    {"deals with whom to talk to", NULL, "export|deals", 0, "eva@acme.example", NULL},
    {"a kind that does not exist", NULL, "export|moons", 2, "moons", NULL},
    {"line by line", NULL, "export|--lines", 0, "Late", NULL},
    {"one kind line by line", NULL, "export|events|--lines", 0, NULL, "Late"},
    {"with what waits to be sent", "deal|add|Pilot", "export|deals", 0, "Pilot", NULL},
    {"and where it stood", "deal|add|Pilot;deal|move|Pilot|contact|--org|acme", "export|deals", 0,
     "lead@", NULL},
    {"a move taken back never was", "deal|move|Idle|contact|--org|acme;undo", "export|deals", 0,
     NULL, "contact@"},
    {"an end stands as such", "deal|lose|Idle|dear", "export|deals", 0, "lost@", NULL},
    {"ice as well", "deal|ice|Idle", "export|deals", 0, ":iced@", NULL},
};
static const struct work_claim csv_claims[] = {
    {"a table is of one kind", NULL, "export", 2, "export", NULL},
    {"which is named", NULL, "export|deals", 0, "Late", NULL},
};
static const struct work_claim human_claims[] = {
    {"it is made for machines", NULL, "export", 2, "--json", NULL},
};

static void everything_comes_out_again(void **state)
{
    (void)state;
    CLAIMS(export_claims, machine_sits);
    CLAIMS(csv_claims, csv_sits);
    CLAIMS(human_claims, rep_sits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_knows_where_one_is),
        cmocka_unit_test(a_day_is_told_by_what_presses),
        cmocka_unit_test(the_board_shows_the_pipeline),
        cmocka_unit_test(what_colleagues_do_is_told_in_a_line),
        cmocka_unit_test(another_role_of_ones_own_is_told),
        cmocka_unit_test(what_colleagues_log_is_told_in_a_line),
        cmocka_unit_test(own_work_is_taken_back),
        cmocka_unit_test(an_import_is_taken_back_whole),
        cmocka_unit_test(what_was_worked_on_stays),
        cmocka_unit_test(everything_comes_out_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
