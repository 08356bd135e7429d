/* test_work_inbox.c - what did not simply go through: shown to whom it concerns, and settled. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/codec/row.h"
#include "common/domain/merge.h"

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static struct str packed(struct work_desk *desk, const struct mutation *mutation)
{
    struct buffer out;
    buffer_init(&out, MUTATION_BYTES_MAX);
    assert_int_equal(codec_mutation_pack(mutation, &out), FAULT_NONE);
    struct str text = arena_str(&desk->world.arena, buffer_str(&out));
    buffer_finish(&out);
    return text;
}

/* A change of rep's that the server refused. */
static struct inbox_item *parked(struct work_desk *desk, const char *name, enum mutation_kind kind,
                                 enum entity_kind entity, const char *target, const char *edits,
                                 const char *fields)
{
    struct mutation mutation = world_mutation(&desk->world, kind, entity, target, edits);
    struct inbox_item *item = world_put(&desk->world, ENTITY_INBOX, name, fields);
    item->kind = INBOX_PARKED;
    item->state = INBOX_OPEN;
    item->subject_kind = entity;
    item->subject = mutation.target;
    item->payload = packed(desk, &mutation);
    item->mutation = mutation.id;
    if (uuid_is_zero(item->author)) item->author = world_id("rep");
    item->acted_at = item->recorded_at = (struct optional){true, desk->world.recorded};
    return item;
}

static void items_put(struct work_desk *desk)
{
    struct rule_world *w = &desk->world;
    world_put(w, ENTITY_DEAL, "barn",
              "title=Barn;pipeline=sales;stage=lead;status=open;owner=rep;source=fair;"
              "value=900000;currency=EUR;next_step=Call");
    world_put(w, ENTITY_DEAL, "mill", "title=Mill;pipeline=sales;stage=lead;status=open;owner=other");
    world_put(w, ENTITY_INBOX, "source",
              "number=3;kind=conflict;state=open;subject_kind=deal;subject=barn;field=source;"
              "base=mail;mine=web;theirs=booth;author=rep;acted_at=-1;recorded_at=-1");
    struct inbox_item *money = world_put(
        w, ENTITY_INBOX, "money",
        "number=4;kind=conflict;state=open;subject_kind=deal;subject=barn;field=value;author=other;"
        "concerned=rep;acted_at=-1;recorded_at=0");
    const struct field *leader = field_by_name(ENTITY_DEAL, STR("value"));
    const struct deal mine = {.value = {true, 700000}, .currency = STR("EUR")};
    const struct deal nothing = {.value = {false, 0}};
    assert_int_equal(unit_format(&w->arena, leader, &mine, &money->mine), FAULT_NONE);
    assert_int_equal(unit_format(&w->arena, leader, &nothing, &money->base), FAULT_NONE);
    assert_int_equal(unit_format(&w->arena, leader, world_find(w, ENTITY_DEAL, "barn"),
                                 &money->theirs),
                     FAULT_NONE);
    parked(desk, "refused", MUTATION_EDIT, ENTITY_DEAL, "barn",
           "stage=proposal;source:fair>fair;tags+vip", "number=5;"
           "reasons=field_required stage=proposal field=value");
    parked(desk, "creation", MUTATION_CREATE, ENTITY_ORGANISATION, "orbis", "name=Orbis;country=X",
           "number=8;reasons=right_missing value=viewer other=edit");
    struct inbox_item *hangs =
        parked(desk, "hanging", MUTATION_CREATE, ENTITY_DEAL, "dock", "title=Dock;org=orbis",
               "number=7;reasons=parent_refused value=organisation");
    hangs->group = world_id("creation");
    struct inbox_item *gone = parked(desk, "gone", MUTATION_EDIT, ENTITY_DEAL, "vanished",
                                     "source=web", "number=9;reasons=gone value=deal");
    gone->acted_at.has = false;
    struct inbox_item *broken = parked(desk, "broken", MUTATION_EDIT, ENTITY_DEAL, "barn",
                                       "source=web", "number=10;reasons=undecodable");
    broken->payload = STR("\xff\xff");
    world_put(w, ENTITY_INBOX, "future",
              "number=11;kind=conflict;state=open;subject_kind=deal;subject=barn;field=flavour;"
              "base=a;mine=b;theirs=c;author=rep");
    world_put(w, ENTITY_INBOX, "lost",
              "number=12;kind=conflict;state=open;subject_kind=deal;subject=vanished;field=source;"
              "base=a;mine=b;theirs=c;author=rep");
    world_put(w, ENTITY_INBOX, "news",
              "number=13;kind=notice;state=open;subject_kind=device;subject=phone;concerned=rep;"
              "field=name;mine=phone");
    world_put(w, ENTITY_INBOX, "copied",
              "number=17;kind=notice;state=open;subject_kind=device;subject=phone;concerned=rep;"
              "field=copy;mine=phone");
    world_put(w, ENTITY_INBOX, "lacking",
              "number=18;kind=notice;state=open;subject_kind=device;subject=laptop;concerned=other;"
              "field=missing;mine=the laptop;base=3;theirs=7;acted_at=-1;recorded_at=0");
    world_put(w, ENTITY_INBOX, "closed",
              "number=14;kind=conflict;state=theirs;subject_kind=deal;subject=barn;field=source;"
              "base=a;mine=settled;theirs=c;author=rep");
    world_put(w, ENTITY_DEVICE, "tablet",
              "member=other;name=tablet;revoked=true;revoked_by=boss;revoked_at=-2");
    struct inbox_item *left =
        parked(desk, "left", MUTATION_EDIT, ENTITY_DEAL, "mill", "source=thief",
               "number=15;author=other;reasons=device_revoked");
    left->recorded_at.has = false;
    struct inbox_item *poison = parked(desk, "poison", MUTATION_EDIT, ENTITY_DEAL, "mill",
                                       "source=gas", "number=19;reasons=server_fault");
    poison->subject_kind = ENTITY_NONE;
    poison->subject = (struct uuid){{0}};
    poison->acted_at.has = false;
    parked(desk, "call", MUTATION_CREATE, ENTITY_ACTIVITY, "call1", "type=call;deal=mill;text=Loud",
           "number=20;reasons=right_missing value=viewer other=edit");
    parked(desk, "void", MUTATION_CREATE, ENTITY_ACTIVITY, "call2", "type=note;deal=vanished;text=Sad",
           "number=21;reasons=reference_unknown field=deal value=deal");
    parked(desk, "away", MUTATION_DELETE, ENTITY_DEAL, "mill", "title:Mill>",
           "number=22;reasons=right_missing value=viewer other=edit");
    struct inbox_item *nobody = parked(desk, "nobody", MUTATION_EDIT, ENTITY_DEAL, "mill", "source=x",
                                       "number=23;reasons=server_fault");
    nobody->subject_kind = ENTITY_NONE;
    nobody->payload = STR("\xff");
    parked(desk, "others", MUTATION_EDIT, ENTITY_DEAL, "mill", "next_step=Sleep",
           "number=16;author=other;reasons=gone value=deal");
}

/* What one thing that is not there is needed for, what was taken back, settled and closed elsewhere. */
static void stories_put(struct work_desk *desk)
{
    struct rule_world *w = &desk->world;
    items_put(desk);
    world_put(w, ENTITY_DEAL, "dusk",
              "title=Dusk;pipeline=sales;stage=lost;status=lost;lost_reason=price;owner=other");
    world_put(w, ENTITY_INBOX, "itself",
              "number=40;kind=notice;state=open;subject_kind=device;subject=mine;concerned=rep;"
              "field=copy;mine=laptop");
    world_put(w, ENTITY_INBOX, "twice",
              "number=41;kind=notice;state=open;subject_kind=device;subject=mine;concerned=rep;"
              "field=copy;mine=laptop");
    world_put(w, ENTITY_INBOX, "joined",
              "number=42;kind=notice;state=open;subject_kind=device;subject=mine;concerned=rep;"
              "field=name;mine=the one here");
    world_put(w, ENTITY_INBOX, "one",
              "number=43;kind=notice;state=open;subject_kind=device;subject=laptop;concerned=rep;"
              "field=missing;mine=the laptop;base=3;theirs=3;acted_at=-1;recorded_at=0");
    parked(desk, "shut", MUTATION_EDIT, ENTITY_DEAL, "dusk", "stage:lead>contact",
           "number=44;reasons=deal_closed value=lost");
    parked(desk, "lost", MUTATION_EDIT, ENTITY_DEAL, "dusk",
           "stage:lead>lost;status:open>lost;lost_reason:>timing",
           "number=45;reasons=changed_meanwhile field=stage value=lost");
    struct inbox_item *closed = world_put(
        w, ENTITY_INBOX, "first",
        "number=46;kind=conflict;state=mine;subject_kind=deal;subject=barn;field=source;"
        "base=a;mine=b;theirs=c;author=rep;closed_by=other;closed_at=-1");
    struct mutation late = world_mutation(w, MUTATION_EDIT, ENTITY_DEAL, "barn", "source:mail>web");
    struct inbox_item *second = parked(desk, "second", MUTATION_EDIT, ENTITY_DEAL, "barn",
                                       "source:mail>web", "number=47;reasons=item_closed");
    late.resolves = closed->id;
    late.resolution = INBOX_MINE;
    second->payload = packed(desk, &late);
    struct inbox_item *undo = parked(desk, "undo", MUTATION_EDIT, ENTITY_DEAL, "dusk",
                                     "stage:lost>lead", "number=48;reasons=changed_meanwhile "
                                                        "field=stage value=contact");
    struct mutation back =
        world_mutation(w, MUTATION_EDIT, ENTITY_DEAL, "dusk", "stage:contact>lead");
    back.undoes = world_id("done");
    undo->payload = packed(desk, &back);
    parked(desk, "dropped", MUTATION_EDIT, ENTITY_DEAL, "barn", "stage=qualified",
           "number=49;reasons=stage_removed stage=qualified other=contact value=lead");
    parked(desk, "used", MUTATION_DELETE, ENTITY_ORGANISATION, "acme", NULL,
           "number=60;reasons=in_use value=organisation other=deals");
    parked(desk, "unused", MUTATION_DELETE, ENTITY_ORGANISATION, "nobody", NULL,
           "number=61;reasons=in_use value=organisation other=deals");
    parked(desk, "worked", MUTATION_DELETE, ENTITY_DEAL, "barn", NULL,
           "number=62;reasons=worked_on value=deal field=Tags");
    parked(desk, "logged", MUTATION_DELETE, ENTITY_DEAL, "dusk", NULL,
           "number=63;reasons=worked_on value=deal field=activity");
    parked(desk, "again", MUTATION_RESTORE, ENTITY_DEAL, "vanished", NULL,
           "number=64;reasons=deleted_again value=deal");
    parked(desk, "reopened", MUTATION_EDIT, ENTITY_DEAL, "dusk", "source=web",
           "number=65;reasons=right_missing value=rep other=reopen");
    world_put(w, ENTITY_ACTIVITY, "call",
              "type=call;deal=dusk;member=other;text=Asked;created_at=-9");
    world_put(w, ENTITY_DEAL, "acmes", "title=Acmes;pipeline=sales;stage=lead;status=open;"
                                       "owner=other;org=acme");
}

/* What the server says of the past, of that subject. */
static void event_put(struct work_desk *desk, const char *subject, uint64_t seq, const char *fields)
{
    struct replica *replica = desk->replica;
    struct event event = {.subject = world_id(subject)};
    struct identity identity;
    struct buffer body;
    world_write(&desk->world, ENTITY_EVENT, &event, fields);
    buffer_init(&body, 1 << 16);
    assert_int_equal(codec_entity_pack(ENTITY_EVENT, &event, &body), FAULT_NONE);
    struct packed_row row = {
        .kind = ENTITY_EVENT, .id = event.subject, .seq = seq, .body = buffer_str(&body)};
    assert_int_equal(replica->f->identity_load(replica, &desk->world.arena, &identity), FAULT_NONE);
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->put_row(replica, identity.generation, &row), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
    buffer_finish(&body);
}

static void rep_sits(struct work_desk *desk)
{
    items_put(desk);
    work_desk_sit(desk, "rep");
    event_put(desk, "vanished", 5,
              "subject_kind=deal;what=deleted;who=other;recorded_at=-1");
    event_put(desk, "rep", 6,
              "subject_kind=member;what=field;field=role;who=boss;recorded_at=-1");
}

static void teller_sits(struct work_desk *desk)
{
    struct identity identity;
    stories_put(desk);
    work_desk_sit(desk, "rep");
    struct replica *replica = desk->replica;
    event_put(desk, "dusk", 5,
              "subject_kind=deal;what=stage;from_stage=lead;to_stage=lost;who=boss;recorded_at=-1");
    event_put(desk, "team", 6,
              "subject_kind=definition;what=field;field=gates;to_stage=proposal;from_value=close;"
              "to_value=value,close;who=boss;recorded_at=-1");
    event_put(desk, "barn", 7, "subject_kind=deal;what=field;field=tags;to_value=a;who=other;"
                               "recorded_at=-1");
    assert_int_equal(replica->f->identity_load(replica, &desk->world.arena, &identity), FAULT_NONE);
    identity.device = world_id("mine");
    identity.lost_since = 1;
    assert_int_equal(replica->f->begin(replica), FAULT_NONE);
    assert_int_equal(replica->f->identity_store(replica, &identity), FAULT_NONE);
    assert_int_equal(replica->f->commit(replica), FAULT_NONE);
}

static void boss_sits(struct work_desk *desk)
{
    items_put(desk);
    work_desk_sit(desk, "boss");
}

static void machine_sits(struct work_desk *desk)
{
    rep_sits(desk);
    desk->machine = desk->script = true;
}

static void nothing_waits(struct work_desk *desk)
{
    work_desk_sit(desk, "rep");
}

static const struct work_claim shown[] = {
    {"one's own wish and what stands are both told", NULL, "inbox", 0, "you       web", NULL},
    {"what others wanted of one's deals as well", NULL, "inbox", 0, "7,000 EUR", NULL},
    {"a refusal is told with its reason", NULL, "inbox", 0, "refused: Proposal needs", NULL},
    {"what hangs on a refused creation is told with it", NULL, "inbox", 0,
     "with it, in this order:\n         7  Dock: Title: Dock", "7  refused"},
    {"and goes with it", NULL, "inbox", 0, "sluice inbox retry 8 sends all of it",
     "inbox retry 7"},
    {"what would go through by now says so", NULL, "inbox", 0, "refused, but would go through now:",
     NULL},
    {"what would not any more says why", NULL, "inbox", 0, "now: Proposal needs Expected close",
     NULL},
    {"who took the right is told", NULL, "inbox", 0, "may not edit (Boss,", NULL},
    {"who deleted it meanwhile is told", NULL, "inbox", 0, "the deal no longer exists (Other,",
     NULL},
    {"a refused creation is called by its own words", NULL, "inbox", 0, "Orbis", NULL},
    {"what a newer version wrote is shown as it is", NULL, "inbox", 0, "flavour", NULL},
    {"a settled one is not shown", NULL, "inbox", 0, NULL, "settled"},
    {"what another's revoked device left is the managers' if they see it", NULL, "inbox", 0,
     "thief", NULL},
    {"a device joined", NULL, "inbox", 0, "a new device joined as you", NULL},
    {"a device was copied", NULL, "inbox", 0, "a device of yours was copied, or put back", NULL},
    {"a restored database lacks something: whose it is", NULL, "inbox", 0,
     "5 changes of Other are missing since", NULL},
    {"which device, and which numbers", NULL, "inbox", 0, "numbers 3 to 7, the last one made", NULL},
    {"and what to do", NULL, "inbox", 0, "ask for `sluice sync` on that device", NULL},
    {"by whom it was shut out is told", NULL, "inbox", 0, "was revoked (tablet, by Boss", NULL},
    {"what the server failed on is told by what it was", NULL, "inbox", 0,
     "Mill\n      you wanted Source: gas", NULL},
    {"and is not sent again", NULL, "inbox", 0, "sluice inbox discard 19: it cannot", "retry 19"},
    {"what was logged is told by the deal it is for", NULL, "inbox", 0,
     "go through now: call for Mill\n      you logged \"Loud\"", NULL},
    {"it has nothing to mend", NULL, "inbox", 0, "sluice inbox retry 20, or", NULL},
    {"without its deal there is nothing to log it for", NULL, "inbox", 0,
     "  21  note for a deal that is gone: Sad", "retry 21"},
    {"a deletion is one", NULL, "inbox", 0, "you wanted it gone", NULL},
    {"what nobody can read says so", NULL, "inbox", 0, "refused: a change that nobody can read",
     NULL},
    {"what is gone is settled by one word only", NULL, "inbox", 0,
     "it is gone: sluice inbox resolve 12 --theirs", NULL},
    {"other people's are not shown unasked", NULL, "inbox", 0, NULL, "Sleep"},
    {"but when asked", NULL, "inbox|--all", 0, "Sleep", NULL},
};

static const struct work_claim settled[] = {
    {"mine: the value is mine", NULL, "inbox|resolve|3|--mine", 0, "Source of Barn is web", NULL},
    {"theirs: what stands stays", NULL, "inbox|resolve|3|--theirs", 0,
     "Source of Barn stays as it stands", NULL},
    {"a third value", NULL, "inbox|resolve|3|--set|friend", 0, "is friend", NULL},
    {"a value of money", NULL, "inbox|resolve|4|--set|8k", 0, "8,000 EUR", NULL},
    {"money as its author wanted it", NULL, "inbox|resolve|4|--mine", 0, "7,000 EUR", NULL},
    {"no amount at all", NULL, "inbox|resolve|4|--set|", 0, "is nothing", NULL},
    {"an amount must be one", NULL, "inbox|resolve|4|--set|much", 2, "not an amount", NULL},
    {"how is asked back", NULL, "inbox|resolve|3", 2, "say which", NULL},
    {"both at once is asked back", NULL, "inbox|resolve|3|--mine|--theirs", 2, "say which", NULL},
    {"settled once, it is gone", "inbox|resolve|3|--mine", "inbox|resolve|3|--mine", 3,
     "item 3 is settled already: with the own value, by you", NULL},
    {"what another settled as well", NULL, "inbox|resolve|14|--mine", 3, "with what stood", NULL},
    {"sent again it is settled", "inbox|retry|8", "inbox|retry|7", 3, "sent again, by you", NULL},
    {"several at once", NULL, "inbox|resolve|3|4|--theirs", 0, "Item 4: Value of Barn", NULL},
    {"or from one to another", NULL, "inbox|resolve|3-4|--mine", 0, "Item 4 is resolved", NULL},
    {"what hangs on one of them goes with it, once", NULL, "inbox|discard|7-10", 0,
     "Item 10 is discarded", NULL},
    {"nothing is done before all can be", NULL, "inbox|resolve|3|5|--mine", 2,
     "item 5 is a refused change", "is resolved"},
    {"an empty range", NULL, "inbox|discard|50-60", 3, "none of the items 50-60 is open", NULL},
    {"one value for several is a mistake", NULL, "inbox|resolve|3|4|--set|x", 2, "one item at a time",
     NULL},
    {"so is one mend", NULL, "inbox|retry|5|8|--source|x", 2, "one item at a time", NULL},
    {"all of them are taken back as one", "inbox|resolve|3|4|--theirs", "undo", 0,
     "Item 3 of the inbox is open again", NULL},
    {"a discarded group too", "inbox|discard|8", "undo", 0, "Item 7 of the inbox is open again",
     NULL},
    {"what was settled with what stood is open again", "inbox|resolve|3|--set|booth", "undo", 0,
     "Item 3 of the inbox is open again", NULL},
    {"a number is a number", NULL, "inbox|resolve|three|--mine", 3, "no open item three", NULL},
    {"a refusal is not resolved but sent again", NULL, "inbox|resolve|5|--mine", 2,
     "`sluice inbox retry 5`", NULL},
    {"one that cannot be sent again only discarded", NULL, "inbox|resolve|9|--mine", 2,
     "`sluice inbox discard 9` closes it", "retry"},
    {"a conflict is not sent again", NULL, "inbox|retry|3", 2, "item 3 is a conflict", NULL},
    {"nor discarded", NULL, "inbox|discard|3", 2, "item 3 is a conflict", NULL},
    {"what a newer version wrote needs a newer version", NULL, "inbox|resolve|11|--mine", 1,
     "update sluice", NULL},
    {"of what is gone nothing can be mine", NULL, "inbox|resolve|12|--mine", 3,
     "no longer exists", NULL},
    {"but it can be left at that", NULL, "inbox|resolve|12|--theirs", 0, "stays", NULL},
    {"a refusal goes through with what it lacked", NULL,
     "inbox|retry|5|--close|2026-05-01|--check|interest|--org|acme", 0, "Item 5 is sent again",
     NULL},
    {"and waits again when that is taken back",
     "inbox|retry|5|--close|2026-05-01|--check|interest|--org|acme", "undo", 0,
     "Item 5 of the inbox is open again", NULL},
    {"a creation is deleted, and stays settled", "inbox|retry|8", "undo", 0,
     "Item 7 of the inbox stays settled", NULL},
    {"still lacking it, it is refused again", NULL, "inbox|retry|5", 4, "Proposal needs", NULL},
    {"a check that does not exist", NULL, "inbox|retry|5|--check|moon", 2, "no check", NULL},
    {"what chooses is no mend", NULL, "inbox|retry|5|--set|9k", 2, "retry` takes no --set", NULL},
    {"nor is a mend a choice", NULL, "inbox|resolve|3|--mine|--source|x", 2, "takes no --source", NULL},
    {"nothing is thrown away by halves", NULL, "inbox|discard|9|--mine", 2, "takes no --mine", NULL},
    {"a choice is for something", NULL, "inbox|--mine", 2, "say what --mine is for", NULL},
    {"an option that is none", NULL, "inbox|retry|5|--value|much", 2, "not an amount", NULL},
    {"a creation is sent again with what hangs on it", NULL, "inbox|retry|8", 0,
     "Item 7 is sent again: Dock", NULL},
    {"then both are there", "inbox|retry|8", "deal|list|org:orbis", 0, "Dock", NULL},
    {"a creation is discarded with what hangs on it", NULL, "inbox|discard|8", 0,
     "Item 7 is discarded", NULL},
    {"what no longer exists cannot be sent", NULL, "inbox|retry|9", 2, "what it changes is gone", NULL},
    {"nor what the server fails on", NULL, "inbox|retry|19", 2, "the server fails on it", NULL},
    {"what cannot be read cannot be sent", NULL, "inbox|retry|10", 2, "nobody can read it", NULL},
    {"but discarded", NULL, "inbox|discard|10", 0, "discarded", NULL},
    {"a notice is put away", NULL, "inbox|discard|13", 0, "discarded", NULL},
    {"what is lost for good too", NULL, "inbox|discard|18", 4, "no longer exists", NULL},
    {"a notice is not sent again", NULL, "inbox|retry|13", 2, "item 13 is a notice", NULL},
    {"another word is a mistake", NULL, "inbox|burn|3", 2, "the forms are", NULL},
    {"a word that is nearly one is guessed", NULL, "inbox|resolv|3", 2,
     "did you mean `sluice inbox resolve 3`", NULL},
    {"a number is needed", NULL, "inbox|retry", 2, "say which: `sluice inbox retry N`", NULL},
    {"closing an item is taken back", "inbox|resolve|3|--theirs", "undo", 0,
     "Item 3 of the inbox is open again", NULL},
    {"a deal's own change can, beside that", "deal|edit|barn|--source|ad;inbox|discard|10",
     "undo|barn", 0, "Took back", NULL},
    {"another's item is not a rep's to close", NULL, "inbox|discard|16", 4, "no longer exists",
     NULL},
};

static const struct work_claim told[] = {
    {"who uses what was to go is told", NULL, "inbox", 0, "(Acmes, Other)", NULL},
    {"and who has worked on it", NULL, "inbox", 0, "since: Tags (Other, ", NULL},
    {"or moved it after it was logged for", NULL, "inbox", 0, "since: activity (Boss, ", NULL},
    {"what a restored server lacks is waited for", NULL, "inbox", 0,
     "refused: a deal that the restored server does not have yet", "the deal no longer exists"},
    {"and is not to be thrown away", NULL, "inbox", 0,
     "only if it is not to come again: sluice inbox discard 9 throws all of it away", NULL},
    {"all that needs it stands together", NULL, "inbox", 0, "  21  note for a deal that is gone: Sad",
     "refused: note"},
    {"it cannot be sent yet", NULL, "inbox|retry|9", 2, "cannot be sent yet", NULL},
    {"together it is thrown away", NULL, "inbox|discard|9", 0, "Item 21 is discarded", NULL},
    {"one copying is one item", NULL, "inbox", 0, "41, which goes with this, says the same",
     "41  notice"},
    {"of a copy of this device others judge", NULL, "inbox", 0, "it is about this device", NULL},
    {"it is not put away here", NULL, "inbox|discard|40", 4,
     "no device settles the notice about itself", NULL},
    {"that this device joined is for the others", NULL, "inbox", 0, NULL, "the one here"},
    {"one change of mine", NULL, "inbox", 0, "1 change of yours is missing", NULL},
    {"changes of others", NULL, "inbox", 0, "5 changes of Other are missing", NULL},
    {"who may not reopen is not told to", NULL, "inbox", 0,
     "the deal is lost; its owner or a manager can reopen it", "reopen it first"},
    {"what stands is told in full", NULL, "inbox", 0,
     "there stands Stage: Lost, Status: lost, Lost reason: price", NULL},
    {"by whom too", NULL, "inbox", 0, "Stage was changed meanwhile to Lost (Boss,", NULL},
    {"who settled it first, and how", NULL, "inbox", 0, "this was resolved already (Other,", NULL},
    {"to what end", NULL, "inbox", 0, "with the own value)", NULL},
    {"who made the rule", NULL, "inbox", 0, "Proposal needs Value (Boss,", NULL},
    {"sent again it would be a conflict", NULL, "inbox", 0,
     "sent again it becomes a conflict, to be resolved", NULL},
    {"an undo is told as one", NULL, "inbox", 0, "you wanted to take a change back, to Stage: Lead",
     NULL},
    {"what would help is offered", NULL, "inbox", 0, "sluice inbox retry 49 --stage STAGE, or",
     "--value AMOUNT ..."},
    {"and helps", NULL, "inbox|retry|49|--stage|contact|--org|Orbis", 0, "sent again", NULL},
};

static void the_whole_story_is_told(void **state)
{
    (void)state;
    CLAIMS(told, teller_sits);
}

/* Who waits for the server's answer is told where to look. */
static void what_became_of_a_change_is_found(void **state)
{
    (void)state;
    static struct work_desk desk;
    work_desk_begin(&desk);
    items_put(&desk);
    const struct inbox_item *call = world_find(&desk.world, ENTITY_INBOX, "call");
    struct uuid made = call->mutation;
    work_desk_sit(&desk, "rep");
    struct now now = {.boot_ms = 1, .wall_ms = desk.wall};
    assert_int_equal(work_open(&desk.work, desk.replica, &desk.world.arena, &desk.random, now),
                     FAULT_NONE);
    struct str numbers;
    assert_int_equal(work_items_of(&desk.work, made, &numbers), FAULT_NONE);
    assert_true(str_equal(numbers, STR("20")));
    assert_int_equal(work_items_of(&desk.work, world_id("nobody's"), &numbers), FAULT_NONE);
    assert_int_equal(numbers.n, 0);
    work_desk_end(&desk);
}

static const struct work_claim manager_claims[] = {
    {"managers see who wanted it", NULL, "inbox|--all", 0, "Rep wanted", NULL},
    {"and close it", NULL, "inbox|discard|16", 0, "discarded", NULL},
    {"what is lost for good is put away", NULL, "inbox|discard|18", 0, "discarded", NULL},
};

static const struct work_claim machine_claims[] = {
    {"of what is missing machines get the numbers", NULL, "inbox", 0, "the laptop", NULL},
    {"machines get rows, not stories", NULL, "inbox", 0, "resolve", "sluice inbox resolve"},
};

static const struct work_claim empty_claims[] = {
    {"nothing is said in a word", NULL, "inbox", 0, "nothing needs attention", NULL},
};

static void what_waits_is_shown(void **state)
{
    (void)state;
    CLAIMS(shown, rep_sits);
    CLAIMS(manager_claims, boss_sits);
    CLAIMS(machine_claims, machine_sits);
    CLAIMS(empty_claims, nothing_waits);
}

static void what_waits_is_settled(void **state)
{
    (void)state;
    CLAIMS(settled, rep_sits);
}

/* Who watches is told what comes to wait, and what was settled elsewhere. */
static void what_waits_is_told_as_it_comes(void **state)
{
    static const struct {
        const char *item, *line; /* NULL: it is no news of theirs */
    } rows[] = {
        {"source", "Item 3 of your inbox waits for you: conflict, Source of Barn"},
        {"call", "Item 20 of your inbox waits for you: parked, call for Mill"},
        {"news", "Item 13 of your inbox waits for you: notice"},
        {"closed", "Item 14 of your inbox is settled: with what stood, by the server, Source of Barn"},
        {"others", NULL},
        {"nothing", NULL},
    };
    (void)state;
    static struct work_desk desk;
    work_desk_begin(&desk);
    rep_sits(&desk);
    struct now now = {.boot_ms = 1, .wall_ms = desk.wall};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str line;
        struct sync_revealed revealed = {ENTITY_INBOX, world_id(rows[i].item), 1};
        assert_int_equal(work_open(&desk.work, desk.replica, &desk.world.arena, &desk.random, now),
                         FAULT_NONE);
        assert_int_equal(work_tell(&desk.work, &revealed, &line), FAULT_NONE);
        const char *text = arena_str(&desk.world.arena, line).p;
        bool holds = rows[i].line ? text && strstr(text, rows[i].line) : !text;
        if (!holds) fail_msg("%s: %s", rows[i].item, text ? text : "(nothing)");
    }
    work_desk_end(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_is_shown),
        cmocka_unit_test(what_waits_is_settled),
        cmocka_unit_test(the_whole_story_is_told),
        cmocka_unit_test(what_became_of_a_change_is_found),
        cmocka_unit_test(what_waits_is_told_as_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
