/* test_work_claims.c - what the verbs say and do, a sentence a row. */
#include "tests/support/work_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CLAIMS(rows, open) assert_claims((rows), sizeof(rows) / sizeof(rows)[0], (open))

static const struct {
    const char *name, *fields;
} deals[] = {
    {"roof", "title=Łódź roof;pipeline=sales;stage=contact;status=open;owner=rep;org=acme"},
    {"barn", "title=Barn;pipeline=sales;stage=lead;status=open;owner=other"},
    {"stray", "title=Stray;pipeline=sales;stage=lead;status=open"},
    {"silo", "title=Silo;pipeline=sales;stage=won;status=won;owner=rep;value=900000;currency=EUR;"
             "closed_at=-3"},
    {"shed", "title=Shed;pipeline=sales;stage=lost;status=lost;owner=rep;lost_reason=too dear;"
             "closed_at=-9"},
    {"pond", "title=Pond;pipeline=sales;stage=contact;status=iced;owner=rep;org=acme;"
             "wake_date=2026-03-01"},
    {"lease", "title=Lease;pipeline=renewal;stage=talk;status=open;owner=rep;contact=ann;"
              "probability=35;probability_by_hand=true;category=commit;value=500000;currency=USD"},
    {"north", "title=Tower north;pipeline=sales;stage=lead;status=open;owner=rep"},
    {"south", "title=Tower south;pipeline=sales;stage=lead;status=open;owner=rep"},
};

static void desk_fill(struct work_desk *desk)
{
    for (size_t i = 0; i < sizeof deals / sizeof deals[0]; i++) {
        world_put(&desk->world, ENTITY_DEAL, deals[i].name, deals[i].fields);
    }
    world_deal(&desk->world, "bridge", "title=Bridge;stage=proposal");
    world_put(&desk->world, ENTITY_DEVICE, "device", "member=rep;name=laptop;created_at=-30;invitation=ticket");
    world_put(&desk->world, ENTITY_DEVICE, "second", "member=rep;name=laptop;created_at=-20");
    world_put(&desk->world, ENTITY_DEVICE, "phone", "member=rep;name=phone;created_at=-20");
    world_put(&desk->world, ENTITY_DEVICE, "old",
              "member=rep;name=typewriter;created_at=-90;revoked=true;revoked_at=-80");
    world_put(&desk->world, ENTITY_INVITATION, "open",
              "member=other;invited_by=boss;created_at=-1;expires_at=1");
    world_put(&desk->world, ENTITY_INVITATION, "late",
              "member=looker;invited_by=boss;created_at=-9;expires_at=-7");
    world_put(&desk->world, ENTITY_INVITATION, "ticket",
              "member=rep;invited_by=boss;created_at=-30;expires_at=-28");
}

static void rep_sits(struct work_desk *desk)
{
    desk_fill(desk);
    work_desk_sit(desk, "rep");
}

static void viewer_sits(struct work_desk *desk)
{
    desk_fill(desk);
    work_desk_sit(desk, "looker");
}

static void boss_sits(struct work_desk *desk)
{
    desk_fill(desk);
    work_desk_sit(desk, "boss");
}

/* --- deals --- */

static const struct work_claim deal_claims[] = {
    {"a deal may be named by part of its title", NULL, "deal|show|łódź", 0, "Łódź roof", NULL},
    {"what fits several is asked back, with the candidates", NULL, "deal|show|tower", 2,
     "Tower south", NULL},
    {"a slip of the finger is guessed", NULL, "deal|show|Bran", 3, "did you mean \"Barn\"", NULL},
    {"nothing like it is said plainly", NULL, "deal|show|zzzzzzzz", 3, "deal list --all", NULL},
    {"a deal on ice is thawed with its date gone", NULL, "deal|thaw|pond", 0, "Thawed", NULL},
    {"a thaw may bring a next step along", NULL, "deal|thaw|pond|--next-step|Call|--due|tomorrow",
     0, "Call", NULL},
    {"a thaw with a date that is none changes nothing", NULL, "deal|thaw|pond|--due|someday", 2,
     "not a date", NULL},
    {"what is not on ice cannot be thawed", NULL, "deal|thaw|roof", 4, "not on ice", NULL},
    {"an unknown deal cannot be thawed", NULL, "deal|thaw|zzzzzz", 3, NULL, NULL},
    {"an iced deal waits until its day", NULL, "deal|ice|roof|--until|2030-02-01", 0, "2030-02-01",
     NULL},
    {"the day to wake it must be one", NULL, "deal|ice|roof|--until|whenever", 2, "not a date",
     NULL},
    {"a closed deal cannot go on ice", NULL, "deal|ice|silo", 4, "reopen it first", NULL},
    {"what is open cannot be reopened", NULL, "deal|reopen|roof", 4, "not closed", NULL},
    {"what is on ice is not closed either", NULL, "deal|reopen|pond", 4, "not closed", NULL},
    {"without a past a deal opens again at the first stage", NULL, "deal|reopen|shed", 0, "Shed (Lead)",
     NULL},
    {"a deal opens again where it is told to", NULL,
     "deal|reopen|shed|contact|--org|acme", 0, "Contact", NULL},
    {"to reopen at a stage that does not exist is refused", NULL, "deal|reopen|shed|moon", 2,
     "there is no stage \"moon\"", NULL},
    {"reopening asks for what the stage needs", NULL, "deal|reopen|shed|contact", 4, "Contact",
     NULL},
    {"a won deal moves nowhere", NULL, "deal|move|silo|contact", 4, "reopen", NULL},
    {"a deal is one's own by `me`", NULL, "deal|assign|stray|me", 0, "Rep's now", NULL},
    {"a deal is given by the beginning of a name", NULL, "deal|assign|roof|oth", 0, "Other's now",
     NULL},
    {"who left the team gets no deals", NULL, "deal|assign|roof|leaver", 3, "there is no member",
     NULL},
    {"a rep gives away no deal of others", NULL, "deal|assign|barn|me", 4, "may not", NULL},
    {"several people with that beginning are asked back", NULL, "deal|assign|roof|l", 2,
     "several people", NULL},
    {"a lost deal tells why", NULL, "deal|lose|roof|went|elsewhere", 0, "went elsewhere", NULL},
    {"a reason is given as an option as well", NULL, "deal|lose|roof|--lost-reason|no budget", 0,
     "no budget", NULL},
    {"a deal is won with what winning needs", NULL, "deal|win|bridge|--next-step|Bill", 0, "Won",
     NULL},
    {"winning without it says what is missing, and the way", NULL, "deal|win|roof", 4, "--value",
     NULL},
    {"a won deal was won in the past", NULL, "deal|win|bridge|--next-step|Bill|--on|yesterday", 0,
     "Won", NULL},
    {"checks that hold are ticked", NULL, "deal|check|roof|interest|budget", 0, "budget", NULL},
    {"a check may be taken back", "deal|check|roof|budget", "deal|check|roof|-budget", 0,
     "Checked", NULL},
    {"a check that holds already changes nothing", "deal|check|roof|budget",
     "deal|check|roof|budget", 0, "already", NULL},
    {"renewals have no checks to tick", NULL, "deal|check|lease|budget", 2, "no check", NULL},
    {"a stage of another pipeline is named with it", NULL, "deal|edit|roof|--stage|renewal/talk",
     4, NULL, NULL},
    {"the other pipeline must exist", NULL, "deal|edit|roof|--stage|moon/talk", 2,
     "there is no pipeline \"moon\"", NULL},
    {"a percentage is by hand", NULL, "deal|edit|roof|--probability|40%", 0, "40", NULL},
    {"and goes back to the stage's", NULL, "deal|edit|lease|--probability|", 0, "35", NULL},
    {"a percentage is a number", NULL, "deal|edit|roof|--probability|high", 2,
     "not a whole number", NULL},
    {"and not above a hundred", NULL, "deal|edit|roof|--probability|140", 4, "between", NULL},
    {"a category is one of four", NULL, "deal|edit|roof|--category|maybe", 2, "best-case", NULL},
    {"a category that is one", NULL, "deal|edit|roof|--category|commit", 0, "commit", NULL},
    {"an amount may name its currency", NULL, "deal|edit|roof|--value|12.5k usd", 0, "12,500 USD",
     NULL},
    {"an amount keeps the deal's currency", NULL, "deal|edit|lease|--value|7k", 0, "7,000 USD",
     NULL},
    {"a currency must exist", NULL, "deal|edit|roof|--currency|XXQ|--value|5", 2,
     "not a currency", NULL},
    {"an amount is taken away", NULL, "deal|edit|lease|--value|", 0, "Value", NULL},
    {"an unknown contact is created with the deal's organisation", NULL,
     "deal|edit|roof|--contact|Newcomer", 0, "Newcomer", NULL},
    {"a contact that fits several is asked back", "person|add|Joe Ray;person|add|Joe Ray",
     "deal|edit|roof|--contact|Joe Ray", 2, "several", NULL},
    {"a title may not be emptied", NULL, "deal|edit|roof|--title|", 4, "Title", NULL},
    {"a text without end is refused", NULL, "deal|edit|roof|--next-step|\x01", 4, "cannot be shown",
     NULL},
    {"what is missing is put into the same command", NULL, "deal|move|roof|proposal|--check|budget",
     4, "proposal --check budget,interest --value", NULL},
    {"words with blanks stay together in it", NULL,
     "deal|move|roof|proposal|--next-step|Send (it) now", 4, "--next-step \"Send (it) now\"", NULL},
    {"plain ones need no quotes", NULL, "deal|move|roof|proposal|--next-step|Call2+x", 4,
     "--next-step Call2+x", NULL},
    {"an edit cannot tick checks, so no way is told", NULL, "deal|edit|roof|--stage|qualification",
     4, "Interest", "sluice deal edit"},
    {"to win by moving there", NULL, "deal|move|bridge|won|--next-step|Bill", 0, "Won", NULL},
    {"to lose by moving there", NULL, "deal|move|roof|lost|--lost-reason|dear", 0, "Lost", NULL},
    {"a day it happened must be one", NULL, "deal|win|bridge|--on|someday", 2, "not a date", NULL},
    {"today is now", NULL, "deal|move|roof|lead|--on|today", 0, "Lead", NULL},
    {"a tag is no sign alone", NULL, "deal|edit|roof|--tags|+,a,-", 0, "Tags: a", NULL},
    {"tags are added without a sign among signs", NULL, "deal|edit|roof|--tags|+a,b", 0,
     "Tags: a,b", NULL},
    {"an exact title beats part of one", "deal|add|Tower", "deal|show|tower", 0, "Tower",
     "could be several"},
    {"two of one title are asked back", "deal|add|Twin;deal|add|Twin", "deal|show|twin", 2,
     "could be several", NULL},
    {"more than a few are not all told",
     "deal|add|Co 1;deal|add|Co 2;deal|add|Co 3;deal|add|Co 4;deal|add|Co 5;deal|add|Co 6;"
     "deal|add|Co 7;deal|add|Co 8;deal|add|Co 9;deal|add|Co 10",
     "deal|show|co", 2, "\n  ...", NULL},
    {"one letter is too little to guess from", NULL, "deal|show|q", 3, "there is no deal", NULL},
    {"a full id of nothing", NULL, "deal|show|00000000-0000-7000-8000-000000000001", 3,
     "there is no deal", NULL},
    {"a person's organisation is told by its name", NULL,
     "deal|edit|barn|--stage|contact|--contact|Somebody New|--org|acme", 0, "Somebody New", NULL},
    {"tags are taken away", "deal|edit|roof|--tags|a,b", "deal|edit|roof|--tags|", 0, NULL, NULL},
    {"a viewer changes nothing", NULL, "deal|edit|roof|--value|5k", 4, "may not", NULL},
};

static void deals_do_as_they_are_told(void **state)
{
    (void)state;
    size_t last = sizeof deal_claims / sizeof deal_claims[0] - 1;
    assert_claims(deal_claims, last, rep_sits);
    assert_claims(&deal_claims[last], 1, viewer_sits);
}

/* --- lists and filters --- */

static const struct work_claim list_claims[] = {
    {"open deals only, if nothing is said", NULL, "deal|list", 0, "Barn", "Silo"},
    {"all of them when asked", NULL, "deal|list|--all", 0, "Silo", NULL},
    {"words are looked for in titles", NULL, "deal|list|tower|south", 0, "Tower south",
     "Tower north"},
    {"a quoted word keeps its blank", NULL, "deal|list|owner:Rep|Tower north", 0, "Tower north",
     "Tower south"},
    {"a field with a blank in it", NULL, "deal|list|title:Tower north", 0, "Tower north",
     "Tower south"},
    {"mine", NULL, "deal|list|owner:me", 0, "Bridge", "Barn"},
    {"not mine", NULL, "deal|list|-owner:me", 0, "Barn", "Bridge"},
    {"nobody's", NULL, "deal|list|owner:", 0, "Stray", "Barn"},
    {"by worth, dearest first", NULL, "deal|list|sort:-value|value>1", 0, "Bridge", "Roof"},
    {"by title backwards", NULL, "deal|list|sort:-title", 0, "Tower south", NULL},
    {"by stage", NULL, "deal|list|sort:stage,title", 0, "Barn", NULL},
    {"by owner", NULL, "deal|list|sort:owner", 0, "Barn", NULL},
    {"tags have no order", NULL, "deal|list|sort:tags", 2, "no order of tags", NULL},
    {"by tag", "deal|edit|roof|--tags|z", "deal|list|tag:z", 0, "roof", "Barn"},
    {"a sort by nothing known is a mistake", NULL, "deal|list|sort:moon", 2, "moon", NULL},
    {"a comparison needs an amount", NULL, "deal|list|value>much", 2, "much", NULL},
    {"a date range", NULL, "deal|list|--all|wake-date<2026-04-01", 0, "Pond", "Barn"},
    {"closed ones by when", NULL, "deal|list|--all|closed>-7d", 0, "Silo", "Shed"},
    {"what is lost", NULL, "deal|list|--all|status:lost", 0, "Shed", "Silo"},
    {"a status that does not exist", NULL, "deal|list|status:gone", 2, "gone", NULL},
    {"a stage that does not exist", NULL, "deal|list|stage:moon", 2, "moon", NULL},
    {"a member that does not exist", NULL, "deal|list|owner:nobody", 2, "nobody", NULL},
    {"an organisation's", NULL, "deal|list|org:acme", 0, "roof", "Barn"},
    {"what has no amount", NULL, "deal|list|value:", 0, "Barn", "Bridge"},
    {"nothing fits", NULL, "deal|list|nothing-like-this", 0, NULL, "Barn"},
    {"history begins empty", NULL, "deal|history|roof", 0, NULL, NULL},
    {"an own change stands in the history before it is sent",
     "deal|edit|roof|--source|web;deal|move|roof|lead", "deal|history|roof", 0, "web", NULL},
    {"so does an end", "deal|lose|roof|dear", "deal|history|roof", 0, "Lost", NULL},
    {"and ice", "deal|ice|roof", "deal|history|roof", 0, "iced", NULL},
    {"of an unknown deal there is none", NULL, "deal|history|zzzzzz", 3, NULL, NULL},
    {"who is in the team, who left is not", NULL, "member|list", 0, "Looker", "Leaver"},
};

static void lists_show_what_was_asked_for(void **state)
{
    (void)state;
    CLAIMS(list_claims, rep_sits);
}

/* --- organisations, people, devices, pipelines --- */

static const struct work_claim thing_claims[] = {
    {"an organisation is added with its fields", NULL,
     "org|add|Bauer AG|--country|Austria|--website|bauer.example", 0, "Added", NULL},
    {"and is there", "org|add|Bauer AG|--country|Austria", "org|show|bauer", 0, "Austria", NULL},
    {"a field is changed, and it is said what it was",
     "org|add|Bauer AG|--country|Austria", "org|edit|bauer|--country|Poland", 0, "was Austria",
     NULL},
    {"the same again changes nothing", "org|add|Bauer AG|--country|Austria",
     "org|edit|bauer|--country|Austria", 0, "already", NULL},
    {"a name may not be emptied", NULL, "org|edit|acme|--name|", 4, "Name", NULL},
    {"one that is spelled otherwise is said", NULL, "deal|add|Dome|--org|ÁCME", 0,
     "using organisation Acme (", NULL},
    {"one that is spelled so need not be", NULL, "deal|add|Dome|--org|Acme", 0, "Added", "using"},
    {"the spelled one counts", "org|add|ÁCME", "deal|add|Dome|--org|ÁCME", 0, "Added", "using"},
    {"read alike both could be meant", "org|add|ÁCME", "deal|add|Dome|--org|acme", 2,
     "could be several", NULL},
    {"what was logged is a record for machines", NULL, "log|call|barn|Hi", 0, "call\t", NULL},
    {"nothing to change is a mistake", NULL, "org|edit|acme", 2, "nothing to change", NULL},
    {"an unknown organisation is not edited", NULL, "org|edit|zzzzzz|--note|x", 3, "org list",
     NULL},
    {"nor shown", NULL, "org|show|zzzzzz", 3, "org list", NULL},
    {"organisations are listed by a word", NULL, "org|list|zen", 0, "Zenith", "Acme"},
    {"every word must fit", NULL, "org|list|zen|moon", 0, NULL, "Zenith"},
    {"people are listed with their organisation", NULL, "person|list", 0, "Acme", NULL},
    {"a person comes with a new organisation", NULL,
     "person|add|Eva Novak|--org|Orbis|--email|eva@orbis.example|--position|CEO", 0, "Orbis",
     NULL},
    {"which is there afterwards", "person|add|Eva Novak|--org|Orbis", "org|list", 0, "Orbis", NULL},
    {"a person changes houses", NULL, "person|edit|ann|--org|Zenith", 0, "was Acme", NULL},
    {"an unknown person is not edited", NULL, "person|edit|zzzzzz|--note|x", 3, "person list",
     NULL},
    {"a person is shown", NULL, "person|show|Ann", 0, "Acme", NULL},
    {"own devices are listed, revoked ones too", NULL, "device|list", 0, "typewriter", NULL},
    {"a device is revoked by its name", NULL, "device|revoke|phone", 0, "for good", NULL},
    {"a name of two devices is asked back", NULL, "device|revoke|laptop", 2, "several devices",
     NULL},
    {"a revoked device is not revoked again", NULL, "device|revoke|typewriter", 3,
     "that can be revoked", NULL},
    {"an unknown device", NULL, "device|revoke|abacus", 3, "abacus", NULL},
    {"the stages and what they need", NULL, "pipeline|show", 0, "check:interest", "Negotiation"},
    {"of one pipeline", NULL, "pipeline|show|renewal", 0, "Talk", "Qualification"},
    {"of one that does not exist", NULL, "pipeline|show|moon", 3, "there is no pipeline", NULL},
    {"a call is logged", NULL, "log|call|roof|Asked for|the budget", 0, "Logged call", NULL},
    {"a call may need no words", NULL, "log|mail-in|roof", 0, "Logged", NULL},
    {"what is no kind of contact", NULL, "log|dance|roof|x", 2, "dance", NULL},
    {"a log needs its deal", NULL, "log|call|zzzzzz|x", 3, NULL, NULL},
};

static void things_do_as_they_are_told(void **state)
{
    (void)state;
    CLAIMS(thing_claims, rep_sits);
}

/* --- inviting --- */

static const struct work_claim invite_claims[] = {
    {"a rep invites nobody", NULL, "invite|Newcomer", 4, "may not", "sluice1-"},
    {"nor looks at invitations", NULL, "invitation|list", 4, "may not", NULL},
    {"nor takes one back", NULL, "invitation|revoke|Other", 4, "may not", NULL},
    {"nor gives roles", NULL, "member|edit|other|--role|manager", 4, "may not", NULL},
};
static const struct work_claim owner_invite_claims[] = {
    {"a newcomer is a rep", NULL, "invite|Newcomer", 0, "as rep", NULL},
    {"unless said otherwise", NULL, "invite|Newcomer|--role|manager", 0, "sluice1-", NULL},
    {"at another address", NULL, "invite|Newcomer|--address|north.example:7117,10.0.0.1:7", 0,
     "sluice1-north.example:7117,10.0.0.1:7-", NULL},
    {"which must be one", NULL, "invite|Newcomer|--address|nowhere", 2,
     "is no address; give HOST:PORT", "sluice1-"},
    {"a role must exist", NULL, "invite|Newcomer|--role|king", 2, "there is no role \"king\"",
     NULL},
    {"a known member gets another device", NULL, "invite|other", 0, "further device of Other (rep)",
     NULL},
    {"with the role said as it is", NULL, "invite|other|--role|rep", 0, "further device", NULL},
    {"but not with another role", NULL, "invite|other|--role|manager", 4,
     "Other is rep already", "sluice1-"},
    {"a role is changed by itself", "member|edit|other|--role|manager", "invite|other", 0,
     "(manager)", NULL},
    {"an edit says what came of it", NULL, "member|edit|other|--role|viewer", 0,
     "Other is viewer from now on", NULL},
    {"a name too", NULL, "member|edit|other|--name|Otto", 0, "Otto is rep", NULL},
    {"a name that is taken already changes nothing", NULL, "member|edit|other|--name|Other", 0,
     "so already", NULL},
    {"a name that another has is refused", NULL, "member|edit|other|--name|REP", 4,
     "is called so already", NULL},
    {"those who left have left their names", NULL, "member|edit|other|--name|Leaver", 0, "Leaver is rep",
     NULL},
    {"what to change is asked back", NULL, "member|edit|other", 2, "nothing to change", NULL},
    {"a member must exist", NULL, "member|edit|Nobody|--role|rep", 3, "no member", NULL},
    {"a role must be one", NULL, "member|edit|other|--role|king", 2, "possible: owner", NULL},
    {"an owner stays one", NULL, "member|edit|me|--role|rep", 4, "another owner only", NULL},
    {"a role can be given back", "member|edit|other|--role|manager", "undo", 0, "Took back", NULL},
    {"invitations that wait are listed", NULL, "invitation|list", 0, "Other", "Old"},
    {"all of them, with what became of them", NULL, "invitation|list|--all", 0, "expired", NULL},
    {"used ones say by what", NULL, "invitation|list|--all", 0, "used", NULL},
    {"one is taken back by whom it is for", NULL, "invitation|revoke|Other", 0,
     "Took back the invitation of Other", NULL},
    {"by the beginning of the name", NULL, "invitation|revoke|oth", 0, "Took back", NULL},
    {"then it is not open any more", "invitation|revoke|Other", "invitation|list", 0,
     "no invitation waits", NULL},
    {"but told when asked", "invitation|revoke|Other", "invitation|list|--all", 0, "revoked", NULL},
    {"nor is it taken back twice", "invitation|revoke|Other", "invitation|revoke|Other", 3,
     "no invitation", NULL},
    {"that cannot be undone", "invitation|revoke|Other", "undo", 4, "invite again", NULL},
    {"one that was used names the device", NULL, "invitation|revoke|Rep", 3,
     "used by the device laptop", NULL},
    {"one that is none", NULL, "invitation|revoke|Nobody", 3, "no invitation \"Nobody\"", NULL},

    {"a name is needed", NULL, "invite|", 4, "Name", "sluice1-"},
    {"an invitation cannot be taken back", "invite|Newcomer", "undo", 4, "`sluice invitation revoke NAME`",
     NULL},
    {"an owner gives others' deals away", NULL, "deal|assign|barn|me", 0, "Boss's now", NULL},
};

static void invitations_are_the_managers(void **state)
{
    (void)state;
    CLAIMS(invite_claims, rep_sits);
    CLAIMS(owner_invite_claims, boss_sits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deals_do_as_they_are_told),
        cmocka_unit_test(lists_show_what_was_asked_for),
        cmocka_unit_test(things_do_as_they_are_told),
        cmocka_unit_test(invitations_are_the_managers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
