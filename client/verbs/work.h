/* work.h - the verbs: a table of what can be asked, and one function per verb.
 *
 * argv, the board's command line and its keys only build a request; the function reads the replica
 * port and submits mutations through the outbox. Pure: no input or output, time and randomness are
 * passed in; the answer is data. Verbs without a function need the network or the disk around the
 * copy: client/cli/command does those. */
#ifndef SLUICE_CLIENT_VERBS_WORK_H
#define SLUICE_CLIENT_VERBS_WORK_H

#include "client/core/replica.h"
#include "client/core/sync.h"
#include "client/verbs/answer.h"
#include "common/base/calendar.h"
#include "common/base/now.h"
#include "common/base/random.h"
#include "common/domain/permission.h"

enum { REQUEST_ARGUMENTS_MAX = 32, REQUEST_OPTIONS_MAX = 128 };

struct option {
    const char *name;  /* without the dashes: "next-step" */
    const char *value; /* what stands behind it in help, "DATE"; NULL: a switch */
    const char *field; /* the field it wishes for, if it is one */
    const char *help;
};

enum verb_flags {
    VERB_FILTERS = 1,  /* words may begin with '-': they are filters */
    VERB_HIDDEN = 2,
    VERB_WRITES = 4,
    VERB_HOMELESS = 8, /* needs no copy (join) */
    VERB_ONLINE = 16,  /* needs the server */
    VERB_WHOLE = 32,   /* bare --json prints the whole, not the names of the fields */
    VERB_EARLY = 64    /* works before the first exchange has brought the team's data */
};

struct work;
struct request;
typedef enum fault verb_run(struct work *work, const struct request *request,
                            struct answer *answer);

struct verb {
    const char *noun; /* NULL for what stands alone */
    const char *name;
    const char *alias;     /* a daily short form, or NULL */
    const char *arguments; /* "DEAL STAGE", for help */
    size_t arguments_min, arguments_max;
    const char *help;
    const char *const *examples;          /* NULL ends */
    const struct option *const *options;  /* lists of options, NULL ends */
    unsigned flags;
    verb_run *run; /* NULL: client/cli/command does it */
};

struct request_option {
    const struct option *option;
    struct str value; /* absent for switches; empty when given as empty */
};

struct request {
    const struct verb *verb;
    struct str arguments[REQUEST_ARGUMENTS_MAX];
    size_t argument_count;
    struct request_option options[REQUEST_OPTIONS_MAX];
    size_t option_count;
    size_t width;  /* cells to draw into, 0: any */
    size_t height; /* lines of the terminal, 0: there is none */
    bool machine;  /* --json or --csv was asked for */
    bool csv;     /* --csv was asked for */
    bool script;   /* those, or --plain: nothing is left out for shortness */
    struct str fields; /* the columns that will be printed; absent: */
    bool usual;        /* those shown to people; else all */
};

extern const struct verb verbs[];
extern const size_t verb_count;

const struct option *verb_option(const struct verb *verb, struct str name);
/* NULL when it was not given. The last one counts. */
const struct request_option *request_option(const struct request *request, const char *name);

/* Who is told how far a verb is that has much to do: the sentence has {done} and {all}. */
struct work_progress {
    void (*say)(void *context, const char *sentence, size_t done, size_t all);
    void *context;
};

/* What a verb works on. */
struct work {
    struct replica *replica;
    struct arena *arena;
    struct random *random;
    struct now now;
    struct identity identity;
    const struct team *team;
    struct definition definition;
    struct zone zone;
    int64_t today;
    const struct member *me; /* NULL: not known yet */
    const struct member *const *members;
    size_t member_count;
    const struct deal **deals; /* all of them, once somebody asked: see work_deals */
    size_t deal_count;
    bool deals_loaded;
    enum fault fault; /* the first lookup of a mere name that failed: then the answer lacks something */
    const struct work_progress *progress; /* NULL: nobody is told */
    struct uuid batch; /* what is done from now on is one command; zero: each is one */
    bool ready; /* the first sync brought team, definition and this member */
};

/* Reads what every verb needs. */
MUST_USE enum fault work_open(struct work *work, struct replica *replica, struct arena *arena,
                              struct random *random, struct now now);
MUST_USE enum fault work_run(struct work *work, const struct request *request,
                             struct answer *answer);
/* Asked before anything is done, where what comes of it would be in pieces. False: the answer says
 * what the role may not. */
bool work_may(struct work *work, enum action action, struct answer *answer);
enum { REASON_PLACES = 5 };
/* The parameters of a reason, keys and field names turned into what people call them. */
void work_reason_places(struct work *work, const struct reason *reason,
                        struct place places[REASON_PLACES]);
/* The same for machines; the sentence is the caller's. work NULL: keys as they are. */
void work_reason_parts(struct work *work, const struct reason *reason, struct reason_said *out);
/* The columns of what a request is answered with, known without running it; false if they are not. */
bool verb_columns(struct arena *arena, const struct request *request, struct columns *out);
/* What client/cli answers itself, in the order of the columns. */
enum join_column { JOIN_TEAM, JOIN_MEMBER, JOIN_ROLE, JOIN_DEVICE, JOIN_SERVER };
enum sync_column { SYNC_SENT, SYNC_PENDING, SYNC_ATTENTION, SYNC_RESTORED, SYNC_FORKED };
enum doctor_column {
    DOCTOR_HOME, DOCTOR_WHOLE, DOCTOR_PENDING, DOCTOR_COMPARED, DOCTOR_ROWS, DOCTOR_REPAIRED,
    DOCTOR_REFETCHED, DOCTOR_RECOMPUTED, DOCTOR_ASIDE, DOCTOR_JOINED, DOCTOR_LOST
};
enum wipe_column { WIPE_HOME, WIPE_UNSENT };
extern const struct columns join_table, sync_table, doctor_table, wipe_table;
/* One line about a change that came; absent: not worth one. */
MUST_USE enum fault work_tell(struct work *work, const struct sync_revealed *revealed,
                              struct str *line);
/* The same about this member's role, which was `before`; absent: it is so still. */
MUST_USE enum fault work_tell_role(struct work *work, int64_t before, struct str *line);
/* Open inbox items that wait for this member. */
MUST_USE enum fault work_attention(struct work *work, size_t *count);
/* The numbers of the open ones that a mutation became: "44", "44, 45"; empty: of none. */
MUST_USE enum fault work_items_of(struct work *work, struct uuid mutation, struct str *numbers);
/* How far this machine's clock was off the server's at the last exchange, in words ("3 years");
 * absent when that is nothing to speak of. *ahead: this machine's is. */
struct str work_clock_skew(struct work *work, bool *ahead);

#endif
