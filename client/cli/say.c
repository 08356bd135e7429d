/* say.c - sentences with {named} places, translated here and nowhere else. */
#include "client/cli/say.h"

#include <libintl.h>
#include <locale.h>

#include "common/base/check.h"
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

static const char *say_refusal(enum session_refusal refusal, enum answer_code *code)
{
    *code = ANSWER_UNWANTED;
    switch (refusal) {
    case REFUSAL_NONE: break;
    case REFUSAL_UNKNOWN_DEVICE:
        return "the server does not know this device; ask for a new invitation";
    case REFUSAL_REVOKED: return "this device was locked out; ask your administrator";
    case REFUSAL_INVITATION_UNKNOWN:
        return "the server does not know this invitation; ask for a new one";
    case REFUSAL_INVITATION_USED:
        return "this invitation was used already; ask for a new one";
    case REFUSAL_INVITATION_EXPIRED: return "this invitation has expired; ask for a new one";
    case REFUSAL_VERSION:
        *code = ANSWER_FAILURE;
        return "the server speaks another version; update sluice";
    case REFUSAL_BUSY:
        *code = ANSWER_NETWORK;
        return "the server is busy; try again in a minute";
    case REFUSAL_INTERNAL:
        *code = ANSWER_NETWORK;
        return "the server has a problem of its own; try again later";
    }
    return "the server refuses this device; ask your administrator";
}

const char *say_trouble(const struct sync_report *report, enum answer_code *code)
{
    *code = ANSWER_NETWORK;
    switch (report->trouble) {
    case SYNC_TROUBLE_NONE:
        if (report->state == SYNC_DONE || report->state == SYNC_LIVE) {
            *code = ANSWER_OK;
            return NULL;
        }
        return "the server did not answer in time; your work is kept and sent later";
    case SYNC_TROUBLE_UNREACHABLE:
        return "the server cannot be reached; your work is kept and sent later";
    case SYNC_TROUBLE_LOST:
        return "the connection broke; your work is kept and sent later";
    case SYNC_TROUBLE_SILENT:
        return "the server does not answer; your work is kept and sent later";
    case SYNC_TROUBLE_NOT_SLUICE:
        return "something else than Sluice answers at that address; check the address";
    case SYNC_TROUBLE_BUSY: return "the server is busy; try again in a minute";
    case SYNC_TROUBLE_VERSION:
        *code = ANSWER_FAILURE;
        return "the server speaks another version; update sluice";
    case SYNC_TROUBLE_SERVER_KEY:
        *code = ANSWER_FAILURE;
        return "this is not the server you joined: its key differs; ask your administrator";
    case SYNC_TROUBLE_REFUSED: return say_refusal(report->refusal, code);
    case SYNC_TROUBLE_PROTOCOL:
        *code = ANSWER_FAILURE;
        return "the server sent something that cannot be understood; update sluice";
    case SYNC_TROUBLE_LOCAL:
        *code = ANSWER_FAILURE;
        return "the offline copy could not be written; is the disk full?";
    }
    bug("trouble", __FILE__, __LINE__);
}
