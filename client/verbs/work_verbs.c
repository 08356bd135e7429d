/* work_verbs.c - the table of verbs: names, help, examples, arguments and options.
 *
 * argv, help, completion and the board's command line are made from it. One field has one name
 * everywhere, with '-' for '_' in options; --close is short for --expected-close. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"

/* --- options --- */

static const struct option deal_fields[] = {
    {"org", "NAME", "org", "the organisation; created if unknown"},
    {"contact", "NAME", "contact", "the person to talk to; created if unknown"},
    {"value", "AMOUNT", "value", "as 12500, 12.5k or 1.2M"},
    {"currency", "CODE", "currency", "ISO code; else the team's"},
    {"owner", "MEMBER", "owner", "whose deal it is; `me` is you"},
    {"close", "DATE", "expected_close", "short for --expected-close"},
    {"expected-close", "DATE", "expected_close", "when it should be signed"},
    {"next-step", "TEXT", "next_step", "what happens next"},
    {"due", "DATE", "due", "when the next step is due"},
    {"source", "TEXT", "source", "where it came from"},
    {"tags", "A,B", "tags", "tags; +a,-b adds and removes"},
    {"category", "WORD", "category", "commit, best-case, pipeline or omitted"},
    {"probability", "PERCENT", "probability", "by hand; empty goes back to the stage's"},
    {NULL, NULL, NULL, NULL},
};
static const struct option deal_stage[] = {
    {"stage", "STAGE", "stage", "where it stands: key or name, or PIPELINE/STAGE"},
    {NULL, NULL, NULL, NULL},
};
static const struct option deal_title[] = {
    {"title", "TEXT", "title", "another title"},
    {NULL, NULL, NULL, NULL},
};
static const struct option deal_checks[] = {
    {"check", "A,B", NULL, "checks that hold now; -A takes one back"},
    {NULL, NULL, NULL, NULL},
};
static const struct option lost_reason[] = {
    {"lost-reason", "TEXT", "lost_reason", "why it was lost"},
    {NULL, NULL, NULL, NULL},
};
static const struct option wake_date[] = {
    {"wake-date", "DATE", "wake_date", "when to look at it again"},
    {"until", "DATE", "wake_date", "short for --wake-date"},
    {NULL, NULL, NULL, NULL},
};
static const struct option on_date[] = {
    {"on", "DATE", NULL, "when it happened, if not now"},
    {NULL, NULL, NULL, NULL},
};
static const struct option list_options[] = {
    {"all", NULL, NULL, "closed, iced and discarded ones too"},
    {NULL, NULL, NULL, NULL},
};
static const struct option everything[] = {
    {"all", NULL, NULL, "nothing left out for shortness"},
    {NULL, NULL, NULL, NULL},
};
static const struct option today_options[] = {
    {"owner", "MEMBER", NULL, "somebody else's; `me` is you"},
    {"team", NULL, NULL, "everybody's"},
    {NULL, NULL, NULL, NULL},
};
static const struct option report_options[] = {
    {"period", "PERIOD", NULL,
     "all, month, last-quarter, 2027-Q1 (of the calendar), FROM..TO; else this quarter"},
    {"pipeline", "NAME", NULL, "one pipeline only; the funnel is of the first if not said"},
    {"owner", "MEMBER", NULL, "one member only; `me` is you"},
    {"by", "WORD", NULL, "rows of winrate: owner, source or month"},
    {"currency", "CODE", NULL, "sum values in this one; else the team's"},
    {"deals", "FIGURE", NULL, "list the deals behind won, lost, ... or ROW:FIGURE"},
    {"explain", NULL, NULL, "say how each figure is made"},
    {NULL, NULL, NULL, NULL},
};
static const struct option join_options[] = {
    {"device", "NAME", NULL, "what this device is called"},
    {"server", "HOST:PORT", NULL,
     "where the server is, if not where the line says; several with commas between them"},
    {NULL, NULL, NULL, NULL},
};
static const struct option wipe_options[] = {
    {"force", NULL, NULL, "also what was not sent yet, and a copy that cannot be read"},
    {NULL, NULL, NULL, NULL},
};
static const struct option board_options[] = {
    {"watch", NULL, NULL, "stay connected and redraw as changes come, until interrupted"},
    {NULL, NULL, NULL, NULL},
};
static const struct option sync_options[] = {
    {"watch", NULL, NULL, "stay connected and tell what comes, until interrupted"},
    {NULL, NULL, NULL, NULL},
};

static const struct option history_options[] = {
    {"restore", "FIELD[@N]", NULL, "as it was before its last change; with @N as line N left it"},
    {NULL, NULL, NULL, NULL},
};
static const struct option undo_options[] = {
    {"skip", NULL, NULL, "pass over what cannot be taken back, and say so"},
    {NULL, NULL, NULL, NULL},
};
static const struct option doctor_options[] = {
    {"rebuild", NULL, NULL, "set the copy aside, keep its unsent changes, fetch the rest anew"},
    {NULL, NULL, NULL, NULL},
};

static const struct option organisation_fields[] = {
    {"name", "NAME", "name", "another name"},
    {"website", "URL", "website", "its web site"},
    {"phone", "NUMBER", "phone", "telephone"},
    {"address", "TEXT", "address", "where it is"},
    {"country", "TEXT", "country", "its country"},
    {"industry", "TEXT", "industry", "what it does"},
    {"note", "TEXT", "note", "anything worth knowing"},
    {NULL, NULL, NULL, NULL},
};
static const struct option person_fields[] = {
    {"name", "NAME", "name", "another name"},
    {"org", "NAME", "org", "the organisation; created if unknown"},
    {"email", "ADDRESS", "email", "e-mail address"},
    {"phone", "NUMBER", "phone", "telephone"},
    {"position", "TEXT", "position", "what they do there"},
    {"note", "TEXT", "note", "anything worth knowing"},
    {NULL, NULL, NULL, NULL},
};
static const struct option inbox_options[] = {
    {"mine", NULL, NULL, "my value after all"},
    {"theirs", NULL, NULL, "what stands stays"},
    {"set", "VALUE", NULL, "a third value"},
    {"restore", NULL, NULL, "with retry: bring back first what was deleted"},
    {"all", NULL, NULL, "everybody's, for managers"},
    {NULL, NULL, NULL, NULL},
};
static const struct option import_options[] = {
    {"map", "THEIRS=OURS", NULL, "their column is our field (id, created, closed, or a deal's; - is none)"},
    {"map-stage", "THEIRS=OURS", NULL, "their stage is our stage"},
    {"map-owner", "THEIRS=OURS", NULL, "their owner is our member"},
    {"currency", "CODE", NULL, "of values without one; else the team's"},
    {"pipeline", "NAME", NULL, "of deals without one; else the first"},
    {"dates", "ORDER", NULL, "dmy, mdy or ymd, where the file cannot tell"},
    {"decimal", "SIGN", NULL, "point or comma, where the file cannot tell"},
    {"encoding", "NAME", NULL, "windows-1250, windows-1252, ... where the file cannot tell"},
    {"update", NULL, NULL, "take what the file says differently of deals that are here"},
    {"dry-run", NULL, NULL, "say what would happen, change nothing"},
    {"verbose", NULL, NULL, "every remark with its line"},
    {NULL, NULL, NULL, NULL},
};
static const struct option export_options[] = {
    {"output", "FILE", NULL, "into this file, whole or not at all"},
    {"lines", NULL, NULL, "one JSON object a line, each with its kind"},
    {NULL, NULL, NULL, NULL},
};
static const struct option invite_options[] = {
    {"role", "ROLE", NULL, "rep (if not said), viewer, manager or owner"},
    {"address", "HOST:PORT", NULL,
     "where they reach the server, if not as you do; several with commas between them"},
    {NULL, NULL, NULL, NULL},
};
static const struct option invitation_options[] = {
    {"all", NULL, NULL, "used, expired and revoked ones too"},
    {NULL, NULL, NULL, NULL},
};
static const struct option member_fields[] = {
    {"role", "ROLE", "role", "owner, manager, rep or viewer"},
    {"name", "NAME", "name", "another name"},
    {NULL, NULL, NULL, NULL},
};

static const struct option stage_name[] = {
    {"name", "NAME", NULL, "another name"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_fields[] = {
    {"text", "TEXT", NULL, "what must be true to be in it"},
    {"gates", "A,B", NULL, "fields and check:KEYs it asks for; A|B one of them; +A,-B adds, takes away"},
    {"probability", "PERCENT", NULL, "how many of its deals are won"},
    {"expected-days", "DAYS", NULL, "how long a deal may take here"},
    {"days", "DAYS", NULL, "short for --expected-days"},
    {"quiet-days", "DAYS", NULL, "nothing happened for so long: quiet"},
    {"slow-days", "DAYS", NULL, "here for so long: slow"},
    {"skip-forbidden", "YES|NO", NULL, "deals may not jump over it"},
    {"back", "WORD", NULL, "leaving it backwards: allowed, manager or never"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_new[] = {
    {"pipeline", "NAME", NULL, "of which pipeline; the first if not said"},
    {"key", "KEY", NULL, "its lasting key; made from the name if not said"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_after[] = {
    {"after", "STAGE", NULL, "it stands behind that one"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_first[] = {
    {"first", NULL, NULL, "it stands before all others"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_successor[] = {
    {"successor", "STAGE", NULL, "where its deals belong from now on"},
    {NULL, NULL, NULL, NULL},
};
static const struct option stage_try[] = {
    {"dry-run", NULL, NULL, "say what would happen, change nothing"},
    {NULL, NULL, NULL, NULL},
};

#define OPTIONS(...) (const struct option *const[]){__VA_ARGS__, NULL}
#define EXAMPLES(...) (const char *const[]){__VA_ARGS__, NULL}

const struct verb verbs[] = {
    {"deal", "add", "add", "TITLE", 1, 32, "Add a deal",
     EXAMPLES("sluice add \"Roof, north side\" --org \"Acme GmbH\" --value 12.5k --close eom",
              "sluice deal add Pilot --stage contact --contact \"Ann Lee\" --due +2d"),
     OPTIONS(deal_fields, deal_stage, on_date), VERB_WRITES, deal_add},
    {"deal", "list", "ls", "[FILTER...]", 0, 32, "List open deals, soonest next step first",
     EXAMPLES("sluice ls owner:me stage:proposal", "sluice ls is:slow -tag:vip sort:-value",
              "sluice ls \"value>10k\" \"due<fri\" \"next-step:\"",
              "sluice deal list --all --json id,title,value"),
     OPTIONS(list_options), VERB_FILTERS, deal_list},
    {"deal", "show", NULL, "DEAL", 1, 1, "Show a deal",
     EXAMPLES("sluice deal show k3f9a", "sluice deal show \"Roof, north side\" --json id,stage"),
     NULL, 0, deal_show},
    {"deal", "edit", NULL, "DEAL", 1, 1, "Change fields of a deal",
     EXAMPLES("sluice deal edit k3f9a --value 14k --next-step \"Send offer\" --due fri"),
     OPTIONS(deal_title, deal_fields, deal_stage, on_date), VERB_WRITES, deal_edit},
    {"deal", "check", NULL, "DEAL CHECK...", 2, 32, "Say which checks hold",
     EXAMPLES("sluice deal check k3f9a budget timeline"), OPTIONS(on_date),
     VERB_WRITES | VERB_FILTERS, deal_check},
    {"deal", "move", "mv", "DEAL STAGE", 2, 2, "Move a deal to another stage",
     EXAMPLES("sluice mv k3f9a proposal --value 12k --close eoq --check budget,people"),
     OPTIONS(deal_fields, deal_checks, lost_reason, on_date), VERB_WRITES, deal_move},
    {"deal", "win", "win", "DEAL", 1, 1, "Close a deal as won",
     EXAMPLES("sluice deal win k3f9a", "sluice deal win k3f9a --value 11k --on yesterday"),
     OPTIONS(deal_fields, deal_checks, on_date), VERB_WRITES, deal_win},
    {"deal", "lose", "lose", "DEAL [REASON]", 1, 32, "Close a deal as lost, with the reason",
     EXAMPLES("sluice deal lose k3f9a \"no budget this year\""),
     OPTIONS(deal_fields, lost_reason, on_date), VERB_WRITES, deal_lose},
    {"deal", "ice", NULL, "DEAL", 1, 1, "Put a deal on ice, to be looked at again later",
     EXAMPLES("sluice deal ice k3f9a --until 2027-Q1"), OPTIONS(wake_date, on_date), VERB_WRITES,
     deal_ice},
    {"deal", "thaw", NULL, "DEAL", 1, 1, "Take a deal off the ice",
     EXAMPLES("sluice deal thaw k3f9a --next-step Call --due tomorrow"),
     OPTIONS(deal_fields, on_date), VERB_WRITES, deal_thaw},
    {"deal", "reopen", NULL, "DEAL [STAGE]", 1, 2, "Open a closed deal again",
     EXAMPLES("sluice deal reopen k3f9a", "sluice deal reopen k3f9a contact"),
     OPTIONS(deal_fields, deal_checks, on_date), VERB_WRITES, deal_reopen},
    {"deal", "assign", NULL, "DEAL MEMBER", 2, 2, "Give a deal to somebody",
     EXAMPLES("sluice deal assign k3f9a Bob", "sluice deal assign k3f9a me"), NULL, VERB_WRITES,
     deal_assign},
    {"deal", "delete", NULL, "DEAL", 1, 1, "Delete a deal; `deal restore` brings it back",
     EXAMPLES("sluice deal delete k3f9a"), NULL, VERB_WRITES, deal_delete},
    {"deal", "restore", NULL, "[DEAL]", 0, 1, "Bring a deleted deal back, or list them",
     EXAMPLES("sluice deal restore", "sluice deal restore k3f9a"), NULL, VERB_WRITES, deal_restore},
    {"deal", "history", "history", "DEAL", 1, 1,
     "Show who changed what and when, or restore a field",
     EXAMPLES("sluice history k3f9a", "sluice history k3f9a --restore value",
              "sluice history k3f9a --restore next-step@4"),
     OPTIONS(history_options), VERB_WRITES, deal_history},
    {"lead", "add", NULL, "TITLE", 1, 32, "Add a lead: somebody on the radar",
     EXAMPLES("sluice lead add \"Web form: Bauer AG\" --source web"),
     OPTIONS(deal_fields, on_date), VERB_WRITES, lead_add},
    {"org", "add", NULL, "NAME", 1, 1, "Add an organisation",
     EXAMPLES("sluice org add \"Acme GmbH\" --country Germany"), OPTIONS(organisation_fields),
     VERB_WRITES, organisation_add},
    {"org", "list", NULL, "[WORD...]", 0, 32, "List organisations",
     EXAMPLES("sluice org list acme", "sluice org list --csv"), NULL, 0, organisation_list},
    {"org", "show", NULL, "ORG", 1, 1, "Show an organisation", EXAMPLES("sluice org show Acme"),
     NULL, 0, organisation_show},
    {"org", "edit", NULL, "ORG", 1, 1, "Change fields of an organisation",
     EXAMPLES("sluice org edit Acme --phone \"+49 30 1234\""), OPTIONS(organisation_fields),
     VERB_WRITES, organisation_edit},
    {"person", "add", NULL, "NAME", 1, 1, "Add a person",
     EXAMPLES("sluice person add \"Ann Lee\" --org Acme --email ann@acme.example"),
     OPTIONS(person_fields), VERB_WRITES, person_add},
    {"person", "list", NULL, "[WORD...]", 0, 32, "List people",
     EXAMPLES("sluice person list lee"), NULL, 0, person_list},
    {"person", "show", NULL, "PERSON", 1, 1, "Show a person",
     EXAMPLES("sluice person show \"Ann Lee\""), NULL, 0, person_show},
    {"person", "edit", NULL, "PERSON", 1, 1, "Change fields of a person",
     EXAMPLES("sluice person edit \"Ann Lee\" --position CEO"), OPTIONS(person_fields),
     VERB_WRITES, person_edit},
    {NULL, "log", NULL, "call|mail|mail-in|meeting|note DEAL TEXT...", 2, 32,
     "Log what was done for a deal",
     EXAMPLES("sluice log call k3f9a \"Asked for the budget\"",
              "sluice log meeting k3f9a \"Demo\" --on yesterday"),
     OPTIONS(on_date), VERB_WRITES, log_add},
    {NULL, "board", NULL, "[PIPELINE]", 0, 1, "The pipeline, stages left to right",
     EXAMPLES("sluice board", "sluice board --watch", "sluice board sales --all"),
     OPTIONS(board_options, everything), 0, board_show},
    {"pipeline", "show", NULL, "[PIPELINE]", 0, 1, "Show the stages and what they need",
     EXAMPLES("sluice pipeline show"), NULL, 0, pipeline_show},
    {"stage", "add", NULL, "NAME", 1, 1, "Add a stage for everybody",
     EXAMPLES("sluice stage add \"Legal check\" --after proposal --probability 80 --days 10",
              "sluice stage add Trial --after contact --gates \"value,check:need\""),
     OPTIONS(stage_fields, stage_new, stage_after, stage_try), VERB_WRITES, stage_add},
    {"stage", "edit", NULL, "STAGE", 1, 1, "Change a stage: its name, what it needs, its figures",
     EXAMPLES("sluice stage edit proposal --name Offer --gates +source,-check:cycle"),
     OPTIONS(stage_name, stage_fields, stage_try), VERB_WRITES, stage_change},
    {"stage", "move", NULL, "STAGE", 1, 1, "Move a stage to another place in its pipeline",
     EXAMPLES("sluice stage move legal-check --after qualification"),
     OPTIONS(stage_after, stage_first, stage_try), VERB_WRITES, stage_move},
    {"stage", "remove", NULL, "STAGE", 1, 1, "Take a stage out; its deals show in another",
     EXAMPLES("sluice stage remove qualification --successor contact --dry-run"),
     OPTIONS(stage_successor, stage_try), VERB_WRITES, stage_remove},
    {"stage", "restore", NULL, "STAGE", 1, 1, "Bring a removed stage back",
     EXAMPLES("sluice stage restore qualification"), OPTIONS(stage_try), VERB_WRITES,
     stage_restore},
    {"stage", "history", NULL, "", 0, 0, "Show who changed the stages and when",
     EXAMPLES("sluice stage history --json when,who,stage,field,to"), NULL, 0, stage_history},
    {NULL, "inbox", NULL, "[resolve|retry|discard N...]", 0, 32,
     "What did not simply go through, and resolve it",
     EXAMPLES("sluice inbox", "sluice inbox resolve 3 --mine",
              "sluice inbox retry 4 --value 12k --check budget", "sluice inbox discard 5 7-9"),
     OPTIONS(inbox_options, deal_title, deal_fields, deal_stage, deal_checks, lost_reason,
             wake_date, on_date),
     VERB_WRITES, inbox_run},
    {NULL, "undo", NULL, "[DEAL]", 0, 1, "Take back your newest change, or your newest of a deal",
     EXAMPLES("sluice undo", "sluice undo k3f9a", "sluice undo --skip"), OPTIONS(undo_options),
     VERB_WRITES, undo_run},
    {NULL, "import", NULL, "FILE", 1, 1, "Bring in deals from a spreadsheet or another CRM",
     EXAMPLES("sluice import deals.csv --dry-run",
              "sluice import crm.csv --map Amount=value --map-stage Negotiation=Proposal",
              "sluice import crm.csv --update --map-owner \"D. Ross=Dana Ross\""),
     OPTIONS(import_options), VERB_WRITES | VERB_WHOLE, NULL},
    {NULL, "export", NULL, "[deals|organisations|people|activities|events]", 0, 1,
     "Everything out again, as JSON or CSV",
     EXAMPLES("sluice export --json --output all.json", "sluice export deals --csv >deals.csv",
              "sluice export --lines | jq -r .title"),
     OPTIONS(export_options), 0, export_run},
    {NULL, "invite", NULL, "NAME", 1, 1, "Invite somebody, or another device of theirs",
     EXAMPLES("sluice invite \"Bob Ross\" --role rep",
              "sluice invite \"Bob Ross\" --address sales.example.org:7117"),
     OPTIONS(invite_options),
     VERB_WRITES | VERB_ONLINE, member_invite},
    {"invitation", "list", NULL, "", 0, 0, "List the invitations that nobody has used yet",
     EXAMPLES("sluice invitation list", "sluice invitation list --all --json member,state"),
     OPTIONS(invitation_options), 0, invitation_list},
    {"invitation", "revoke", NULL, "NAME|ID", 1, 1, "Take back an invitation nobody has used",
     EXAMPLES("sluice invitation revoke \"Bob Ross\" --wait"), NULL, VERB_WRITES,
     invitation_revoke},
    {"member", "list", NULL, "", 0, 0, "List who is in the team",
     EXAMPLES("sluice member list --json name,role"), NULL, 0, member_list},
    {"member", "edit", NULL, "MEMBER", 1, 1, "Change somebody's role or name",
     EXAMPLES("sluice member edit \"Bob Ross\" --role manager"), OPTIONS(member_fields),
     VERB_WRITES, member_edit},
    {"device", "list", NULL, "", 0, 0, "List the devices you may see",
     EXAMPLES("sluice device list --json id,member,name,revoked_at"), NULL, 0, device_list},
    {"device", "revoke", NULL, "DEVICE", 1, 1, "Shut a lost or given-up device out, for good",
     EXAMPLES("sluice device revoke 7k2qd --wait"), NULL, VERB_WRITES, device_revoke},
    {NULL, "today", NULL, "", 0, 0, "What is due, overdue or stuck, of yours",
     EXAMPLES("sluice today", "sluice today --team", "sluice today --json group,title,reason"),
     OPTIONS(today_options, everything), 0, today_show},
    {NULL, "report", NULL, "winrate|reps|funnel", 1, 1, "Figures of a period, from the history",
     EXAMPLES("sluice report winrate --period last-quarter --by owner",
              "sluice report funnel --pipeline sales --period 2027-Q1 --explain",
              "sluice report reps --period all --json",
              "sluice report funnel --period 2027 --deals qualification:lost"),
     OPTIONS(report_options), VERB_WHOLE, report_show},
    {NULL, "status", NULL, "", 0, 0, "Who you are here, where the server is, and what waits",
     EXAMPLES("sluice status", "sluice status --json pending"), NULL, VERB_EARLY, status_show},
    {NULL, "server", NULL, "[HOST:PORT]...", 0, SERVER_ADDRESSES_MAX,
     "Show or set where the server is; several are tried in turn",
     EXAMPLES("sluice server", "sluice server sales.example.org:7117 10.0.0.5:7117"), NULL,
     VERB_EARLY, server_run},
    {NULL, "join", NULL, "INVITATION", 1, 1, "Join a team with an invitation line",
     EXAMPLES("sluice join sluice1-crm.example:7311-k3f9... --device laptop"), OPTIONS(join_options),
     VERB_HOMELESS | VERB_ONLINE, NULL},
    {NULL, "sync", NULL, "", 0, 0, "Exchange everything with the server now",
     EXAMPLES("sluice sync", "sluice sync --watch"), OPTIONS(sync_options), VERB_ONLINE, NULL},
    {NULL, "completion", NULL, "bash|man", 1, 1, "Completion for bash, or the manual page",
     EXAMPLES("sluice completion man | man -l -", "source <(sluice completion bash)"), NULL,
     VERB_HOMELESS, NULL},
    {NULL, "doctor", NULL, "", 0, 0, "Look whether the offline copy is whole, and mend it",
     EXAMPLES("sluice doctor", "sluice doctor --rebuild"), OPTIONS(doctor_options), VERB_HOMELESS,
     NULL},
    {NULL, "wipe", NULL, "", 0, 0, "Erase the offline copy and its key from this machine",
     EXAMPLES("sluice wipe", "sluice wipe --force"), OPTIONS(wipe_options), VERB_HOMELESS, NULL},
    {NULL, "deliver", NULL, "", 0, 0, "Deliver what waits, and end", NULL, NULL,
     VERB_HIDDEN | VERB_ONLINE, NULL},
};
const size_t verb_count = sizeof verbs / sizeof verbs[0];

/* What the verbs answer that client/cli does. */
static const struct column join_columns[] = {
    [JOIN_TEAM] = {"team", "Team", COLUMN_SHOWN},
    [JOIN_MEMBER] = {"member", "Member", COLUMN_SHOWN},
    [JOIN_ROLE] = {"role", "Role", COLUMN_SHOWN},
    [JOIN_DEVICE] = {"device", "Device", COLUMN_SHOWN},
    [JOIN_SERVER] = {"server", "Server", COLUMN_SHOWN},
};
const struct columns join_table = COLUMNS(join_columns);
static const struct column sync_columns[] = {
    [SYNC_SENT] = {"sent", "Sent", COLUMN_SHOWN | COLUMN_RIGHT},
    [SYNC_PENDING] = {"pending", "Waiting to be sent", COLUMN_SHOWN | COLUMN_RIGHT},
    [SYNC_ATTENTION] = {"attention", "Needs attention", COLUMN_SHOWN | COLUMN_RIGHT},
    [SYNC_RESTORED] = {"server_restored", "Server was restored", COLUMN_SHOWN},
    [SYNC_FORKED] = {"copy_forked", "Copy goes its own way", COLUMN_SHOWN},
};
const struct columns sync_table = COLUMNS(sync_columns);
static const struct column doctor_columns[] = {
    [DOCTOR_HOME] = {"home", "Home", COLUMN_SHOWN},
    [DOCTOR_WHOLE] = {"whole", "Whole", COLUMN_SHOWN},
    [DOCTOR_PENDING] = {"pending", "Waiting to be sent", COLUMN_SHOWN | COLUMN_RIGHT},
    [DOCTOR_COMPARED] = {"compared", "Compared with the server's", COLUMN_SHOWN},
    [DOCTOR_ROWS] = {"rows", "Rows", COLUMN_SHOWN | COLUMN_RIGHT},
    [DOCTOR_REPAIRED] = {"repaired", "Rows put right", COLUMN_SHOWN | COLUMN_RIGHT},
    [DOCTOR_REFETCHED] = {"refetched", "Fetched anew", COLUMN_SHOWN},
    [DOCTOR_RECOMPUTED] = {"recomputed", "Lists made anew", COLUMN_SHOWN},
    [DOCTOR_ASIDE] = {"aside", "The old copy", COLUMN_SHOWN},
    [DOCTOR_JOINED] = {"joined", "Still joined", COLUMN_SHOWN},
    [DOCTOR_LOST] = {"lost", "Rows lost", COLUMN_SHOWN | COLUMN_RIGHT},
};
const struct columns doctor_table = COLUMNS(doctor_columns);
static const struct column wipe_columns[] = {
    [WIPE_HOME] = {"home", "Home", COLUMN_SHOWN},
    [WIPE_UNSENT] = {"unsent", "Changes never sent", COLUMN_SHOWN | COLUMN_RIGHT},
};
const struct columns wipe_table = COLUMNS(wipe_columns);

/* What each verb answers to machines; those of one noun are alike, but for a few. */
static const struct {
    const char *noun, *name; /* NULL: any */
    const struct columns *columns;
} answers[] = {
    {"deal", "history", &history_table},
    {"deal", "delete", &deleted_table},
    {"deal", "restore", &deleted_table},
    {"deal", NULL, &deal_table},
    {"lead", NULL, &deal_table},
    {"org", NULL, &organisation_table},
    {"person", NULL, &person_table},
    {"pipeline", NULL, &stage_table},
    {"stage", "history", &stage_history_table},
    {"stage", NULL, &stage_table},
    {"invitation", NULL, &invitation_table},
    {"member", NULL, &member_table},
    {"device", NULL, &device_table},
    {NULL, "log", &log_table},
    {NULL, "board", &lane_table},
    {NULL, "inbox", &inbox_table},
    {NULL, "undo", &undo_table},
    {NULL, "invite", &invite_table},
    {NULL, "status", &status_table},
    {NULL, "server", &server_table},
    {NULL, "join", &join_table},
    {NULL, "sync", &sync_table},
    {NULL, "doctor", &doctor_table},
    {NULL, "wipe", &wipe_table},
};

bool verb_columns(struct arena *arena, const struct request *request, struct columns *out)
{
    const struct verb *verb = request->verb;
    struct str noun = str_from(verb->noun), name = str_from(verb->name);
    if (verb->run == today_show) {
        *out = today_table(arena, true, 0);
        return out->items != NULL;
    }
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        bool is = str_equal(str_from(answers[i].noun), noun) &&
                  (!answers[i].name || str_equal(str_from(answers[i].name), name));
        if (!is) continue;
        *out = request_option(request, "restore") ? deal_table : *answers[i].columns;
        return true;
    }
    return false;
}
