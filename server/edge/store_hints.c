/* store_hints.c - see the header. Called by store_postgres. */
#define _GNU_SOURCE
#include "server/edge/store_hints.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "server/edge/postgres.h"

#include "common/base/banned.h"

enum {
    TEAMS_MAX = 200,       /* in one NOTIFY: its payload ends at 8,000 bytes */
    SENDING_BYTES_MAX = 64 * 1024,
};

struct store_hints {
    struct store_hints_options options;
    struct statement_text statements[STATEMENT_COUNT];
    struct postgres *connection;
    struct uuid teams[TEAMS_MAX]; /* to be told */
    size_t team_count;
    struct arena sending;
    bool under_way, closing;
};

static bool team_waits(const struct store_hints *hints, struct uuid team)
{
    for (size_t i = 0; i < hints->team_count; i++) {
        if (uuid_equal(hints->teams[i], team)) return true;
    }
    return false;
}

static void tell(struct store_hints *hints)
{
    if (hints->closing || hints->under_way || hints->team_count == 0) return;
    if (!hints->connection || !postgres_ready(hints->connection)) return;
    struct buffer names;
    buffer_init(&names, TEAMS_MAX * (UUID_TEXT_LENGTH + 1) + 1);
    for (size_t i = 0; i < hints->team_count; i++) {
        char name[UUID_TEXT_LENGTH + 1];
        uuid_format(hints->teams[i], name);
        buffer_append_str(&names, str_from(name));
    }
    struct postgres_call call = {.statement = STATEMENT_NOTIFY};
    arena_reset(&hints->sending);
    pg_parameters_begin(&call.parameters, &hints->sending);
    pg_add_text(&call.parameters, buffer_str(&names));
    if (!buffer_fault(&names) && postgres_send(hints->connection, &call, 1, hints)) {
        hints->under_way = true;
        hints->team_count = 0;
    }
    buffer_finish(&names);
}

static void on_result(void *context, void *segment, size_t index, const PGresult *result)
{
    (void)context;
    (void)segment;
    (void)index;
    (void)result;
}

static void on_end(void *context, void *segment, const struct postgres_end *end)
{
    struct store_hints *hints = context;
    (void)segment;
    (void)end; /* what was lost with the connection is found by the others' poll */
    hints->under_way = false;
    tell(hints);
}

static void on_ready(void *context)
{
    tell(context);
}

static void on_lost(void *context, const char *why)
{
    struct store_hints *hints = context;
    if (hints->options.lost && !hints->closing) hints->options.lost(hints->options.context, why);
}

static void on_notified(void *context, const char *payload)
{
    struct store_hints *hints = context;
    struct str text = str_from(payload);
    for (size_t at = 0; at + UUID_TEXT_LENGTH <= text.n; at += UUID_TEXT_LENGTH) {
        struct uuid team;
        struct str name = str_slice(text, at, at + UUID_TEXT_LENGTH);
        if (hints->closing || uuid_parse(name, &team) != FAULT_NONE) return;
        hints->options.heard(hints->options.context, team);
    }
}

static bool connect_now(struct store_hints *hints)
{
    hints->connection = postgres_open(&(struct postgres_options){
        .loop = hints->options.loop,
        .keywords = hints->options.keywords,
        .values = hints->options.values,
        .others = hints->options.others,
        .other_count = hints->options.other_count,
        .statements = hints->statements,
        .listen = hints->options.listens ? statement_listen : NULL,
        .context = hints,
        .result = on_result,
        .end = on_end,
        .ready = on_ready,
        .lost = on_lost,
        .notified = on_notified});
    return hints->connection != NULL;
}

struct store_hints *store_hints_open(const struct store_hints_options *options)
{
    struct store_hints *hints = calloc(1, sizeof *hints);
    if (!hints) return NULL;
    hints->options = *options;
    hints->statements[STATEMENT_NOTIFY] = statement_notify;
    arena_init(&hints->sending, SENDING_BYTES_MAX);
    if (!options->listens || connect_now(hints)) return hints;
    store_hints_destroy(hints);
    return NULL;
}

void store_hints_tell(struct store_hints *hints, struct uuid team)
{
    if (!hints || hints->closing || team_waits(hints, team)) return;
    if (hints->team_count == TEAMS_MAX) return; /* the poll tells it */
    hints->teams[hints->team_count++] = team;
    if (!hints->connection && !connect_now(hints)) return;
    tell(hints);
}

bool store_hints_told(const struct store_hints *hints)
{
    return !hints || (!hints->under_way && hints->team_count == 0);
}

void store_hints_close(struct store_hints *hints)
{
    if (!hints || hints->closing) return;
    hints->closing = true;
    if (hints->connection) postgres_close(hints->connection);
}

bool store_hints_closed(const struct store_hints *hints)
{
    if (!hints) return true;
    return hints->closing && (!hints->connection || postgres_closed(hints->connection));
}

void store_hints_destroy(struct store_hints *hints)
{
    if (!hints) return;
    postgres_destroy(hints->connection);
    arena_finish(&hints->sending);
    free(hints);
}
