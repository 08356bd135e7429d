/* scene.c - see scene.h. */
#include "tests/nth/scene.h"

#include <stdio.h>
#include <string.h>

#include "client/edge/replica_file.h"
#include "client/exchange/import.h"
#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/nth/files.h"

#include "common/base/banned.h"

static const uint64_t TRY_MS = 120000;

/* --- what scenes need besides commands --- */

/* The copy is of some days ago. */
static void copy_is_old(struct trial *trial)
{
    trial_copy_set_back(trial, KEPT_EARLY);
    words_all(trial, ANNA, "deal|edit|Roof|--next-step|Visit;deal|add|Late");
}

/* The server's database is of some days ago. */
static void server_is_old(struct trial *trial)
{
    words_all(trial, ANNA, "deal|edit|Roof|--next-step|Visit");
    trial_store_set_back(trial, KEPT_EARLY);
}

/* The copy has never heard of the commit it stands at, nor of anything after. */
static void cursor_is_lost(struct trial *trial)
{
    struct arena arena;
    struct identity identity;
    words_all(trial, ANNA, "deal|edit|Roof|--next-step|Visit");
    arena_init(&arena, 1 << 20);
    struct replica *replica = trial->desks[ANNA].replica;
    check(replica->f->identity_load(replica, &arena, &identity) == FAULT_NONE);
    identity.cursor_seq = 0;
    identity.has_mark = false;
    check(replica->f->begin(replica) == FAULT_NONE);
    check(replica->f->identity_store(replica, &identity) == FAULT_NONE);
    check(replica->f->commit(replica) == FAULT_NONE);
    arena_finish(&arena);
}

/* A row of the copy says something else than the server's, and one is gone. */
static void copy_is_damaged(struct trial *trial)
{
    struct arena arena;
    const struct deal **deals;
    size_t count;
    struct deal_filter filter = {.all = true};
    arena_init(&arena, 1 << 20);
    check(desk_open(trial, ANNA) == FAULT_NONE);
    struct replica *replica = trial->desks[ANNA].replica;
    check(replica->f->deals(replica, &arena, &filter, &deals, &count) == FAULT_NONE);
    check(count >= 2);
    struct identity identity;
    check(replica->f->identity_load(replica, &arena, &identity) == FAULT_NONE);
    check(replica->f->begin(replica) == FAULT_NONE);
    for (size_t i = 0; i < 2; i++) {
        struct deal deal = *deals[i];
        deal.title = STR("Something else");
        struct buffer body;
        buffer_init(&body, 1 << 16);
        check(codec_entity_pack(ENTITY_DEAL, &deal, &body) == FAULT_NONE);
        struct packed_row row = {.kind = ENTITY_DEAL,
                                 .id = deal.id,
                                 .seq = identity.cursor_seq,
                                 .removed = i == 1,
                                 .body = i == 1 ? STR_NONE : buffer_str(&body)};
        check(replica->f->put_row(replica, identity.generation, &row) == FAULT_NONE);
        buffer_finish(&body);
    }
    check(replica->f->commit(replica) == FAULT_NONE);
    arena_finish(&arena);
}

static void device_is_revoked(struct trial *trial)
{
    struct arena arena;
    struct identity identity;
    words_all(trial, ANNA, "deal|edit|Roof|--next-step|Visit;deal|add|Last");
    arena_init(&arena, 1 << 20);
    struct replica *replica = trial->desks[ANNA].replica;
    check(replica->f->identity_load(replica, &arena, &identity) == FAULT_NONE);
    desk_close(trial, ANNA);
    store_memory_revoke(trial->store, identity.device);
    arena_finish(&arena);
}

static void cid_has_a_copy(struct trial *trial)
{
    files_remove(trial->desks[CID].path);
    desk_make(trial, CID);
}

/* --- the scenes --- */

const struct scene scenes[] = {
    {.name = "a copy is made", .act = ACT_CREATE},
    {.name = "a copy is opened", .act = ACT_OPEN},

    /* Each kind of mutation. */
    {.name = "a deal, its organisation and its contact are added", .act = ACT_WORDS,
     .words = "deal|add|Silo|--org|Zenith|--contact|Zoe Lane|--value|9k|--next-step|Call|--due|+3d"},
    {.name = "a deal is edited", .act = ACT_WORDS,
     .words = "deal|edit|Roof|--value|14k|--next-step|Write|--tags|+vip"},
    {.name = "checks are said to hold", .act = ACT_WORDS, .words = "deal|check|Roof|interest|need"},
    {.name = "a deal moves on", .act = ACT_WORDS,
     .words = "deal|move|Roof|qualification|--check|interest"},
    {.name = "a move is refused", .act = ACT_WORDS, .words = "deal|move|Roof|proposal"},
    {.name = "a deal is won", .act = ACT_WORDS, 
     .words = "deal|win|Roof|--value|15k|--close|+9d|--check|"
              "interest,market,need,budget,timeline,people,cycle"},
    {.name = "a deal is lost", .act = ACT_WORDS, .words = "deal|lose|Roof|too dear"},
    {.name = "a deal goes on ice", .act = ACT_WORDS, .words = "deal|ice|Roof|--until|2030-01-01"},
    {.name = "a deal is thawed", .act = ACT_WORDS, .words = "deal|thaw|Shed|--next-step|Call"},
    {.name = "a deal is opened again", .act = ACT_WORDS, .words = "deal|reopen|Pond"},
    {.name = "a deal is given away", .act = ACT_WORDS, .words = "deal|assign|Roof|Bob"},
    {.name = "a lead is added", .act = ACT_WORDS, .words = "lead|add|Web form|--source|web"},
    {.name = "an organisation is edited", .act = ACT_WORDS,
     .words = "org|edit|Acme|--phone|+49 30 1|--country|Germany"},
    {.name = "a person is added", .act = ACT_WORDS,
     .words = "person|add|Tom Reed|--org|Acme|--email|tom@acme.example"},
    {.name = "a call is logged", .act = ACT_WORDS, .words = "log|call|Roof|Asked for the budget"},
    {.name = "somebody is invited", .act = ACT_WORDS, .words = "invite|Dora|--role|rep"},
    {.name = "a device is revoked", .act = ACT_WORDS, .words = "device|revoke|laptop of Bob"},
    {.name = "an edit is undone", .act = ACT_WORDS, .words = "undo",
     .before = "deal|edit|Roof|--value|14k|--next-step|Write"},
    {.name = "a creation is undone: a deletion", .act = ACT_WORDS, .words = "undo",
     .before = "deal|add|Mistake"},
    {.name = "a conflict is resolved: mine", .act = ACT_WORDS, .words = "inbox|resolve|1|--mine"},
    {.name = "a conflict is resolved: theirs", .act = ACT_WORDS,
     .words = "inbox|resolve|1|--theirs"},
    {.name = "what was parked is sent again", .act = ACT_WORDS, .words = "inbox|retry|2"},
    {.name = "what was parked is discarded", .act = ACT_WORDS, .words = "inbox|discard|2"},
    {.name = "a table is imported", .act = ACT_IMPORT},
    {.name = "a table is imported again, to update", .act = ACT_IMPORT, .updates = true},

    /* Looking. */
    {.name = "the open deals", .act = ACT_WORDS, .words = "deal|list"},
    {.name = "a deal and all about it", .act = ACT_WORDS, .words = "deal|show|Roof"},
    {.name = "a history", .act = ACT_WORDS, .words = "deal|history|Roof"},
    {.name = "the board", .act = ACT_WORDS, .words = "board"},
    {.name = "today", .act = ACT_WORDS, .words = "today"},
    {.name = "the inbox", .act = ACT_WORDS, .words = "inbox"},
    {.name = "the funnel", .act = ACT_WORDS, .words = "report|funnel|--period|all"},
    {.name = "the win rate", .act = ACT_WORDS, .words = "report|winrate|--period|all|--by|owner"},
    {.name = "who sold what", .act = ACT_WORDS, .words = "report|reps|--period|all"},
    {.name = "everything is exported", .act = ACT_WORDS, .words = "export|--lines"},
    {.name = "where things stand", .act = ACT_WORDS, .words = "status"},

    /* Exchanging. */
    {.name = "a first sync into an empty copy", .act = ACT_SYNC, .who = CID,
     .prepare = cid_has_a_copy},
    {.name = "a batch is pushed", .act = ACT_SYNC,
     .before = "deal|add|Silo|--org|Zenith;deal|edit|Roof|--next-step|Write;log|note|Roof|Hm;"
               "deal|move|Roof|qualification|--check|interest;deal|ice|Mill|--until|2030-01-01"},
    {.name = "a delta comes", .act = ACT_SYNC,
     .bob = "deal|edit|Roof|--value|13k;deal|add|Wall|--org|Acme;log|mail|Roof|Offer"},
    {.name = "a delta comes, and is in conflict", .act = ACT_SYNC,
     .before = "deal|edit|Roof|--value|14k;deal|edit|Roof|--next-step|Write",
     .bob = "deal|edit|Roof|--value|13k;deal|assign|Mill|Bob"},
    {.name = "an invitation is sent", .act = ACT_SYNC, .before = "invite|Dora|--role|rep"},
    {.name = "a revocation is sent", .act = ACT_SYNC, .before = "device|revoke|laptop of Bob"},
    {.name = "a snapshot into a new generation", .act = ACT_SYNC, .prepare = cursor_is_lost},
    {.name = "a copy of some days ago: new numbers", .act = ACT_SYNC, .prepare = copy_is_old,
     .forks = true},
    {.name = "a server of some days ago: offered again", .act = ACT_SYNC,
     .prepare = server_is_old, .in_memory = true},
    {.name = "a damaged copy is repaired", .act = ACT_SYNC, .prepare = copy_is_damaged,
     .check = true},
    {.name = "a revoked device delivers", .act = ACT_SYNC, .prepare = device_is_revoked,
     .refused = true, .in_memory = true},
    {.name = "two are connected, and both write", .act = ACT_SYNC, .both = true,
     .before = "deal|edit|Roof|--next-step|Write;deal|add|Silo"},
};
const size_t scene_count = sizeof scenes / sizeof scenes[0];

/* --- the team --- */

void scene_base(struct trial *trial)
{
    trial_found(trial);
    desk_make(trial, ANNA);
    desk_make(trial, BOB);
    trial_sync(trial, ANNA);
    trial_sync(trial, BOB);
    words_all(trial, ANNA,
              "org|add|Acme;person|add|Ann Lee|--org|Acme;"
              "deal|add|Roof|--org|Acme|--contact|Ann Lee|--value|12k|--source|fair|--due|+2d|"
              "--next-step|Call;deal|move|Roof|contact;log|call|Roof|Asked;"
              "deal|add|Barn|--org|Acme|--value|5k|--stage|contact|--close|+9d;deal|win|Barn|"
              "--check|interest,market,need,budget,timeline,people,cycle;deal|add|Mill;"
              "deal|add|Shed|--value|3k;deal|ice|Shed|--until|2030-01-01;"
              "deal|add|Pond|--org|Acme;deal|lose|Pond|no budget");
    trial_sync(trial, ANNA);
    trial_sync(trial, BOB);
    trial_keep(trial, KEPT_EARLY);
    words_all(trial, BOB, "deal|edit|Roof|--source|web;deal|assign|Mill|Bob");
    trial_sync(trial, BOB);
    words_all(trial, ANNA, "deal|edit|Roof|--source|mail;deal|assign|Mill|Cid");
    trial_sync(trial, ANNA);
    trial_sync(trial, BOB);
    trial_sync(trial, ANNA);
    trial_keep(trial, KEPT_BASE);
}

void scene_begin(struct trial *trial, const struct scene *scene, bool first)
{
    trial->forks = scene->forks;
    trial->who = scene->who;
    if (first) {
        trial_reset(trial, KEPT_BASE);
        if (scene->bob) {
            words_all(trial, BOB, scene->bob);
            trial_sync(trial, BOB);
        }
        words_all(trial, ANNA, scene->before);
        if (scene->prepare) scene->prepare(trial);
        if (scene->both) words_all(trial, BOB, "deal|edit|Roof|--value|13k;deal|add|Wall");
        trial_keep(trial, KEPT_SCENE);
        if (trial->problem[0]) return;
    }
    trial_reset(trial, KEPT_SCENE);
}

void scene_ready(struct trial *trial, const struct scene *scene)
{
    bool opened = scene->act == ACT_OPEN || scene->act == ACT_CREATE;
    if (!opened) check(desk_open(trial, scene->who) == FAULT_NONE);
    if (scene->both) check(desk_open(trial, BOB) == FAULT_NONE);
    if (scene->act == ACT_CREATE) files_remove(trial->desks[scene->who].path);
}

/* --- doing it --- */

static struct done words_do(struct trial *trial, const char *words)
{
    struct said said = words_run(trial, ANNA, words);
    struct done done = {.ok = !said.fault, .fault = said.fault, .digest = said.digest};
    memcpy(done.text, said.text, sizeof done.text);
    return done;
}

static const char table[] = "id,title,value,stage,organisation,owner,created\n"
                            "1,Gate,1200,contact,Acme,Anna,2026-01-03\n"
                            "2,Fence,800,lead,Orbis,Eve,2026-01-04\n"
                            "3,Tower,90000,contact,Orbis,Bob,2026-02-01\n";
static const char table_later[] = "id,title,value,stage,organisation,owner,created\n"
                                  "1,Gate,1300,contact,Acme,Anna,2026-01-03\n"
                                  "2,Fence,800,lead,Orbis,Eve,2026-01-04\n"
                                  "4,Bridge,70000,contact,Orbis,Bob,2026-02-01\n";

static struct done import_do(struct trial *trial, const char *text, bool updates)
{
    static struct import_options options; /* large */
    static struct import_report report;
    struct done done = {.ok = false};
    struct arena arena;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    options = (struct import_options){.text = str_from(text), .update = updates};
    options.columns.items[0] = (struct import_map){STR("organisation"), STR("org")};
    options.columns.count = 1;
    report = (struct import_report){0};
    memory_enter(MEMORY_CLIENT);
    done.fault = import_deals(trial->desks[ANNA].replica, &arena, &options, trial->now,
                              &trial->random, &report);
    buffer_finish(&report.rejects);
    memory_enter(MEMORY_TEST);
    done.ok = !done.fault;
    size_t counts[] = {report.rows,     report.created,  report.updated,
                       report.rejected, report.attention, report.remark_count};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        done.digest = done.digest * 1000 + counts[i];
    snprintf(done.text, sizeof done.text, "%zu rows, %zu created, %zu updated, %zu rejected, %.100s",
             report.rows, report.created, report.updated, report.rejected,
             report.mistake.n        ? report.mistake.p
             : report.remark_count ? report.remarks[0].text.p
                                   : "");
    arena_finish(&arena);
    return done;
}

static struct done open_do(struct trial *trial, bool create)
{
    struct desk *desk = &trial->desks[ANNA];
    memory_enter(MEMORY_CLIENT);
    enum fault fault =
        create ? replica_file_create(desk->path, &desk->key, &desk->device.secret, &desk->replica)
               : replica_file_open(desk->path, &desk->key, &desk->replica);
    memory_enter(MEMORY_TEST);
    return (struct done){.ok = !fault, .fault = fault};
}

static struct done sync_do(struct trial *trial, const struct scene *scene)
{
    struct done done = {.fault = FAULT_MEMORY};
    if (!trial->server && !server_begin(trial)) return done;
    if (scene->both && !trial->desks[BOB].sync && !desk_sync(trial, BOB, true, false)) return done;
    struct desk *desk = &trial->desks[scene->who];
    if (!desk->sync && !desk_sync(trial, scene->who, !scene->check, scene->check)) return done;
    done.ok = trial_run(trial, TRY_MS);
    struct sync_report report = sync_report(desk->sync);
    if (done.ok && scene->refused != (report.state == SYNC_REFUSED)) done.ok = false;
    done.fault = done.ok ? FAULT_NONE : FAULT_CLOSED;
    snprintf(done.text, sizeof done.text, "%s", sync_trouble_name(report.trouble));
    return done;
}

struct done scene_do(struct trial *trial, const struct scene *scene)
{
    switch (scene->act) {
    case ACT_WORDS: return words_do(trial, scene->words);
    case ACT_IMPORT: return import_do(trial, scene->updates ? table_later : table, scene->updates);
    case ACT_OPEN: return open_do(trial, false);
    case ACT_CREATE: return open_do(trial, true);
    case ACT_SYNC: return sync_do(trial, scene);
    }
    bug("scene_act", __FILE__, __LINE__);
}
