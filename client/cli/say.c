/* say.c - sentences with {named} places, translated here and nowhere else. */
#include "client/cli/say.h"

#include <libintl.h>
#include <locale.h>

#include "common/base/check.h"
#include "common/link/channel.h"
#include "common/base/banned.h"

void say_begin(void)
{
    (void)setlocale(LC_CTYPE, "");
    (void)setlocale(LC_MESSAGES, "");
    (void)textdomain("sluice");
}

struct str say_sentence(struct arena *arena, const char *sentence, const struct place *places,
                        size_t count)
{
    return sentence_fill(arena, gettext(sentence), places, count);
}

struct str say_reason(struct arena *arena, struct work *work, const struct reason *reason)
{
    struct place places[REASON_PLACES];
    if (work) {
        work_reason_places(work, reason, places);
    } else {
        const struct place plain[REASON_PLACES] = {{"field", reason->field},
                                                   {"stage", reason->stage},
                                                   {"check", reason->check},
                                                   {"value", reason->value},
                                                   {"other", reason->other}};
        for (size_t i = 0; i < REASON_PLACES; i++) places[i] = plain[i];
    }
    return say_sentence(arena, reason_sentence(reason->code), places, REASON_PLACES);
}

static const char *say_refusal(enum session_refusal refusal, enum error_code *error)
{
    static const struct {
        enum error_code error;
        const char *sentence;
    } refusals[] = {
        [REFUSAL_NONE] = {ERROR_DEVICE_REFUSED,
                          "the server refuses this device; ask your administrator"},
        [REFUSAL_UNKNOWN_DEVICE] = {ERROR_DEVICE_UNKNOWN, "the server does not know this device; "
                                                          "ask for a new invitation"},
        [REFUSAL_REVOKED] = {ERROR_DEVICE_REVOKED,
                             "this device was revoked; ask your administrator for a new invitation"},
        [REFUSAL_INVITATION_UNKNOWN] = {ERROR_INVITATION_UNKNOWN,
                                        "the server does not know this invitation, or it was "
                                        "taken back; ask for a new one"},
        [REFUSAL_INVITATION_USED] = {ERROR_INVITATION_USED,
                                     "this invitation was used already; ask for a new one"},
        [REFUSAL_INVITATION_EXPIRED] = {ERROR_INVITATION_EXPIRED,
                                        "this invitation has expired; ask for a new one"},
        [REFUSAL_VERSION] = {ERROR_SERVER_VERSION,
                             "the server speaks another version; update sluice"},
        [REFUSAL_BUSY] = {ERROR_SERVER_BUSY, "the server is busy; try again in a minute"},
        [REFUSAL_INTERNAL] = {ERROR_SERVER_TROUBLE,
                              "the server has a problem of its own; try again later"},
    };
    size_t at = (size_t)refusal;
    if (at >= sizeof refusals / sizeof refusals[0] || !refusals[at].sentence) at = REFUSAL_NONE;
    *error = refusals[at].error;
    return refusals[at].sentence;
}

/* peer: what the server claims to speak, 0 when it did not say. */
static const char *say_version(uint8_t peer, enum error_code *error)
{
    *error = ERROR_SERVER_VERSION;
    if (peer == 0) return "the server speaks another version; update sluice";
    *error = ERROR_SERVER_OLDER;
    if (peer <= CHANNEL_VERSION) {
        return "the server is older than this sluice; ask your administrator to update it";
    }
    *error = ERROR_SERVER_NEWER;
    return "the server is newer than this sluice; update sluice";
}

/* The code of a trouble that no refusal and no version says more about. */
static enum error_code trouble_error(enum sync_trouble trouble)
{
    switch (trouble) {
    case SYNC_TROUBLE_NONE:
    case SYNC_TROUBLE_SILENT: return ERROR_SERVER_SILENT;
    case SYNC_TROUBLE_UNREACHABLE: return ERROR_SERVER_UNREACHABLE;
    case SYNC_TROUBLE_CLOSED: return ERROR_SERVER_CLOSED;
    case SYNC_TROUBLE_LOST: return ERROR_CONNECTION_LOST;
    case SYNC_TROUBLE_NOT_SLUICE: return ERROR_NOT_SLUICE;
    case SYNC_TROUBLE_BUSY: return ERROR_SERVER_BUSY;
    case SYNC_TROUBLE_VERSION: return ERROR_SERVER_VERSION;
    case SYNC_TROUBLE_SERVER_KEY: return ERROR_SERVER_KEY_DIFFERS;
    case SYNC_TROUBLE_REFUSED: return ERROR_DEVICE_REFUSED;
    case SYNC_TROUBLE_TAMPERED: return ERROR_TAMPERED;
    case SYNC_TROUBLE_PROTOCOL: return ERROR_SERVER_NONSENSE;
    case SYNC_TROUBLE_LOCAL: return ERROR_COPY_TROUBLE;
    }
    bug("trouble", __FILE__, __LINE__);
}

const char *say_join_trouble(const struct sync_report *report, enum error_code *error)
{
    *error = trouble_error(report->trouble);
    switch (report->trouble) {
    case SYNC_TROUBLE_UNREACHABLE:
        return "the server cannot be reached at {server}; join again when the network is there";
    case SYNC_TROUBLE_CLOSED:
        return "what answers at {server} closed the connection without a word; it is no Sluice "
               "server, or one that is too busy: ask who invited you, or join again later";
    case SYNC_TROUBLE_LOST: return "the connection to {server} broke; join again with the same line";
    case SYNC_TROUBLE_NONE:
    case SYNC_TROUBLE_SILENT:
        return "{server} takes the connection but does not answer; join again later with the same "
               "line, or ask who invited you";
    case SYNC_TROUBLE_NOT_SLUICE:
        return "something else than Sluice answers at {server}; ask who invited you for the right "
               "address";
    case SYNC_TROUBLE_BUSY:
        return "the server at {server} is busy; join again in a minute with the same line";
    case SYNC_TROUBLE_SERVER_KEY:
        return "the server at {server} is not the one of this invitation: its key differs; ask for "
               "a new invitation";
    case SYNC_TROUBLE_VERSION:
    case SYNC_TROUBLE_REFUSED:
    case SYNC_TROUBLE_TAMPERED:
    case SYNC_TROUBLE_PROTOCOL:
    case SYNC_TROUBLE_LOCAL: break;
    }
    return say_trouble(report, error);
}

const char *say_trouble(const struct sync_report *report, enum error_code *error)
{
    *error = trouble_error(report->trouble);
    switch (report->trouble) {
    case SYNC_TROUBLE_NONE:
        if (report->state == SYNC_DONE || report->state == SYNC_LIVE) {
            *error = ERROR_NONE;
            return NULL;
        }
        return "the server did not answer in time; your work is kept and sent later";
    case SYNC_TROUBLE_UNREACHABLE:
        return "the server cannot be reached; your work is kept and sent later";
    case SYNC_TROUBLE_CLOSED:
        return "what answers at the server's address closed the connection without a word; if that "
               "goes on, check the address with `sluice server`; your work is kept and sent later";
    case SYNC_TROUBLE_LOST:
        return "the connection broke; your work is kept and sent later";
    case SYNC_TROUBLE_SILENT:
        return "the server does not answer; your work is kept and sent later";
    case SYNC_TROUBLE_NOT_SLUICE:
        return "something else than Sluice answers at the server's address; check it with `sluice "
               "server`; your work is kept and sent later";
    case SYNC_TROUBLE_BUSY: return "the server is busy; try again in a minute";
    case SYNC_TROUBLE_VERSION: return say_version(report->peer_version, error);
    case SYNC_TROUBLE_SERVER_KEY:
        return "this is not the server you joined: its key differs; ask your administrator";
    case SYNC_TROUBLE_REFUSED: return say_refusal(report->refusal, error);
    case SYNC_TROUBLE_TAMPERED:
        return "what the server sent was changed on its way here and is not taken; try another network; "
               "your work is kept and sent later";
    case SYNC_TROUBLE_PROTOCOL:
        return "the server sent something that cannot be understood; update sluice";
    case SYNC_TROUBLE_LOCAL: return "the offline copy could not be written; is the disk full?";
    }
    bug("trouble", __FILE__, __LINE__);
}
