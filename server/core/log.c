/* log.c - lines on their way to the log, and how many of them strangers may cause. */
#include "server/core/internal.h"

#include <stdlib.h>

#include "common/base/logline.h"

#include "common/base/banned.h"

enum { LOG_LINE_MAX = 2048 };

void log_line_free(struct log_line *line)
{
    if (!line) return;
    buffer_finish(&line->text);
    free(line);
}

struct buffer *server_log(struct server *server, const char *event, bool warning)
{
    struct log_line *line = calloc(1, sizeof *line);
    if (!line) return NULL;
    line->warning = warning;
    buffer_init(&line->text, LOG_LINE_MAX);
    logline_begin(&line->text, event);
    if (server->lines_last) {
        server->lines_last->next = line;
    } else {
        server->lines_first = line;
    }
    server->lines_last = line;
    return &line->text;
}

static const char *const topic_names[] = {
    [LOG_CONNECTION] = "connection", [LOG_CROWD] = "crowd", [LOG_SIGN_IN] = "sign_in",
    [LOG_FEED] = "feed"};

/* A minute is over: what was only counted in it is told in one line. */
void log_budgets_renew(struct server *server)
{
    for (size_t i = 0; i < LOG_TOPICS; i++) {
        struct log_budget *budget = &server->budgets[i];
        if (server->now_ms < budget->began_ms + STRANGER_LINES_MS) continue;
        uint64_t missed = budget->missed;
        *budget = (struct log_budget){.began_ms = server->now_ms};
        struct buffer *line = missed ? server_log(server, "lines_left_out", true) : NULL;
        if (!line) continue;
        logline_str(line, "topic", str_from(topic_names[i]));
        logline_number(line, "count", (int64_t)missed);
    }
}

struct buffer *server_log_stranger(struct server *server, enum log_topic topic, const char *event)
{
    log_budgets_renew(server);
    struct log_budget *budget = &server->budgets[topic];
    if (budget->lines < STRANGER_LINES_MAX) {
        budget->lines++;
        return server_log(server, event, false);
    }
    budget->missed++;
    server_wake(server, budget->began_ms + STRANGER_LINES_MS);
    return NULL;
}
