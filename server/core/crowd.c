/* crowd.c - room for those who have proven nothing yet. */
#include "server/core/internal.h"

#include "common/base/logline.h"

#include "common/base/banned.h"

/* Those who have proven nothing yet. */
struct crowd {
    size_t of_source;
    struct session *oldest, *oldest_of_source; /* that wait for nobody but their peer */
};

static struct crowd crowd_look(const struct server *server, struct str source)
{
    struct crowd crowd = {0};
    for (struct session *s = server->sessions; s; s = s->next) { /* the newest first */
        if (s->state == SESSION_OPEN || s->state == SESSION_CLOSING) continue;
        bool same = str_equal((struct str){s->source, s->source_length}, source);
        if (same) crowd.of_source++;
        if (s->state != SESSION_HANDSHAKE) continue;
        crowd.oldest = s;
        if (same) crowd.oldest_of_source = s;
    }
    return crowd;
}

/* NULL when there is room, or when the oldest half-open connection could be made to give it: a
 * client that means it is done in two round trips, so whoever fills the server with idle ones loses
 * them before the others lose theirs. Else what there is too much of. */
const char *crowd_make_room(struct server *server, struct str source)
{
    if (server->stopping) return "stopping";
    bool full = server->session_count >= server->sessions_max;
    if (!full && server->handshake_count < HANDSHAKES_PER_SOURCE_MAX) return NULL;
    struct crowd crowd = crowd_look(server, source);
    struct session *leaving = crowd.oldest;
    const char *why = "sessions";
    if (crowd.of_source >= HANDSHAKES_PER_SOURCE_MAX) {
        leaving = crowd.oldest_of_source;
        why = "handshakes_of_source";
    } else if (server->handshake_count >= HANDSHAKES_MAX) {
        why = "handshakes";
    } else if (!full) {
        return NULL;
    }
    if (!leaving) return why;
    session_drop(server, leaving, why);
    return NULL;
}

void crowd_refused(struct server *server, struct str source, const char *why)
{
    struct buffer *line = server_log_stranger(server, LOG_CROWD, "connection_refused");
    if (!line) return;
    if (source.n > 0) logline_str(line, "source", source);
    logline_str(line, "reason", str_from(why));
}
