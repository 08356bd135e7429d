/* work_status.c - the verbs `status` and `server`: who one is here, where the server is, what waits,
 * and how far this machine's clock is off. */
#include "client/verbs/work_inside.h"

#include "common/base/banned.h"
#include "common/base/bounds.h"
#include "common/link/invitation.h"

/* --- the clock --- */

struct str work_clock_skew(struct work *work, bool *ahead)
{
    static const struct {
        int64_t ms;
        const char *one, *many;
    } units[] = {
        {INT64_C(365) * 86400000, "year", "years"},
        {INT64_C(86400000), "day", "days"},
        {INT64_C(3600000), "hour", "hours"},
        {INT64_C(60000), "minute", "minutes"},
    };
    int64_t offset = work->identity.server_clock_offset; /* server minus ours */
    *ahead = offset < 0;
    if (*ahead) offset = -offset;
    if (offset < CLOCK_SKEW_TOLD_MS) return STR_NONE;
    size_t i = 0;
    while (i + 1 < sizeof units / sizeof units[0] && offset < 2 * units[i].ms) i++;
    /* To the nearest: three years less the time the exchange took are three years. */
    size_t count = (size_t)((offset + units[i].ms / 2) / units[i].ms);
    return count_of(work->arena, count, units[i].one, units[i].many);
}

/* Machines get seconds that the clock is ahead; people a span. */
static struct cell cell_clock(struct work *work)
{
    bool ahead;
    struct str span = work_clock_skew(work, &ahead);
    int64_t ms = -work->identity.server_clock_offset;
    struct cell cell = cell_number(work->arena, (ms + (ms < 0 ? -500 : 500)) / 1000);
    cell.shown = !span.p  ? STR("right")
                 : ahead  ? arena_format(work->arena, "%.*s ahead of the server", STR_ARGS(span))
                          : arena_format(work->arena, "%.*s behind the server", STR_ARGS(span));
    return cell;
}

/* --- status --- */

static const struct column status_columns[] = {
    {"team", "Team", COLUMN_SHOWN},         {"member", "Member", COLUMN_SHOWN},
    {"role", "Role", COLUMN_SHOWN},         {"device", "Device", COLUMN_SHOWN},
    {"server", "Server", COLUMN_SHOWN},
    {"pending", "Waiting to be sent", COLUMN_SHOWN | COLUMN_RIGHT},
    {"attention", "Needs attention", COLUMN_SHOWN | COLUMN_RIGHT},
    {"last_sync", "Last exchange", COLUMN_SHOWN},
    {"last_failure", "Last failure", COLUMN_SHOWN},
    {"clock_ahead_s", "Clock", COLUMN_SHOWN},
    {"seq", "Seq", COLUMN_INSIDE},
};
const struct columns status_table = COLUMNS(status_columns);

/* Machines get the instant; people their own clock. */
static struct cell cell_moment(struct work *work, int64_t instant)
{
    struct optional at = {true, instant};
    struct cell cell = cell_time(work, at);
    cell.shown = moment_full_say(work, at);
    return cell;
}

/* Machines get the word; people what it means, and when it was. */
static struct cell cell_failure(struct work *work, const struct identity *identity)
{
    static const struct {
        const char *word, *said;
    } words[] = {
        {"unreachable", "the server could not be reached"},
        {"closed", "the connection was closed without a word"},
        {"lost", "the connection broke"},
        {"silent", "the server did not answer"},
        {"not_sluice", "something else than Sluice answered"},
        {"busy", "the server was busy"},
        {"version", "the server speaks another version"},
        {"server_key", "it is not the server that was joined"},
        {"tampered", "what the server sent was changed on its way"},
        {"protocol", "the server sent what cannot be understood"},
        {"revoked", "this device was revoked"},
        {"unknown_device", "the server does not know this device"},
    };
    struct str said = identity->last_failure;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_equal(said, str_from(words[i].word))) said = str_from(words[i].said);
    }
    struct optional at = {identity->last_failure_at != 0, identity->last_failure_at};
    struct str when = moment_full_say(work, at);
    if (when.n > 0) {
        said = arena_format(work->arena, "%.*s, %.*s", STR_ARGS(when), STR_ARGS(said));
    }
    return cell_faces(identity->last_failure, said);
}

static struct str addresses_say(struct work *work)
{
    struct str all = STR("");
    const struct identity *identity = &work->identity;
    for (size_t i = 0; i < identity->address_count; i++) {
        all = arena_format(work->arena, "%.*s%s%.*s", STR_ARGS(all), i ? ", " : "",
                           STR_ARGS(identity->addresses[i]));
    }
    return all;
}

enum fault status_show(struct work *work, const struct request *request, struct answer *answer)
{
    size_t pending, attention;
    (void)request;
    enum fault fault = work->replica->f->outbox_count(work->replica, &pending);
    if (!fault) fault = work_attention(work, &attention);
    if (fault) return fault;
    const struct identity *identity = &work->identity;
    answer_table(answer, SHAPE_RECORD, status_columns,
                 sizeof status_columns / sizeof status_columns[0]);
    struct cell *cells = answer_row(answer);
    if (!cells) return FAULT_MEMORY;
    if (work->team) cells[0] = cell_text(work->team->name);
    if (work->me) {
        cells[1] = cell_text(work->me->name);
        cells[2] = cell_field(work, field_by_name(ENTITY_MEMBER, STR("role")), work->me);
    }
    if (identity->device_name.n > 0) cells[3] = cell_text(identity->device_name);
    if (identity->address_count > 0) cells[4] = cell_text(addresses_say(work));
    cells[5] = cell_number(work->arena, (int64_t)pending);
    cells[6] = cell_number(work->arena, (int64_t)attention);
    if (identity->last_sync_at) {
        cells[7] = cell_moment(work, identity->last_sync_at);
        cells[9] = cell_clock(work);
    }
    if (identity->last_failure.n > 0) cells[8] = cell_failure(work, identity);
    cells[10] = cell_number(work->arena, (int64_t)identity->cursor_seq);
    return FAULT_NONE;
}

/* --- server --- */

static bool address_listed(const struct identity *identity, struct str address)
{
    for (size_t i = 0; i < identity->address_count; i++) {
        if (str_equal(identity->addresses[i], address)) return true;
    }
    return false;
}

/* False: the answer tells the mistake. */
static bool addresses_read(const struct request *request, struct identity *out,
                           struct answer *answer)
{
    out->address_count = 0;
    for (size_t i = 0; i < request->argument_count; i++) {
        struct str host, address = str_trim(request->arguments[i]);
        uint16_t port;
        if (invitation_address_split(address, &host, &port)) {
            FAIL(answer, ERROR_INVALID_ADDRESS,
                 "\"{address}\" is no address; give HOST:PORT, as in sales.example.org:7117",
                 {"address", address});
            return false;
        }
        if (!address_listed(out, address)) out->addresses[out->address_count++] = address;
    }
    return true;
}

/* In one transaction: another process may be storing what the server just told it. */
static enum fault addresses_store(struct work *work, const struct identity *wanted)
{
    struct replica *replica = work->replica;
    enum fault fault = replica->f->begin(replica);
    if (fault) return fault;
    fault = replica->f->identity_load(replica, work->arena, &work->identity);
    if (!fault) {
        work->identity.address_count = wanted->address_count;
        for (size_t i = 0; i < wanted->address_count; i++)
            work->identity.addresses[i] = wanted->addresses[i];
        work->identity.last_failure_at = 0; /* there it may go better: no need to wait */
        fault = replica->f->identity_store(replica, &work->identity);
    }
    if (!fault) return replica->f->commit(replica);
    replica->f->rollback(replica);
    return fault;
}

static const struct column server_columns[] = {
    {"address", "Server", COLUMN_SHOWN},
};
const struct columns server_table = COLUMNS(server_columns);

enum fault server_run(struct work *work, const struct request *request, struct answer *answer)
{
    struct identity wanted;
    if (request->argument_count > 0) {
        if (!addresses_read(request, &wanted, answer)) return FAULT_NONE;
        enum fault fault = addresses_store(work, &wanted);
        if (fault) return fault;
        NOTE(answer, NOTE_TALK, "From now on the server is looked for at {servers}",
             {"servers", addresses_say(work)});
        answer->machine_only = true;
    }
    answer_table(answer, SHAPE_TABLE, server_columns, server_table.count);
    for (size_t i = 0; i < work->identity.address_count; i++) {
        struct cell *cells = answer_row(answer);
        if (!cells) return FAULT_MEMORY;
        cells[0] = cell_text(work->identity.addresses[i]);
    }
    return FAULT_NONE;
}
