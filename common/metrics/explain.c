/* explain.c - every metric's one sentence, and what is said where a number is missing.
 *
 * Called by whoever shows a report; the sentences are for translation. A test demands one for every
 * report, lack and note. */
#include "common/metrics/report.h"

#include "common/base/banned.h"

static const char *const names[REPORT_COUNT] = {
    [REPORT_WINRATE] = "winrate", [REPORT_REPS] = "reps", [REPORT_FUNNEL] = "funnel"};

static const struct {
    const char *key, *sentence;
} metrics[] = {
    {"winrate", "Of the deals closed in the period, how many were won, by count and by value."},
    {"reps", "Each owner's results at close, open deals now, and activities in the period."},
    {"funnel", "What became of the deals that entered each stage in the period, where deals fail, "
               "and how long they stay."},
    {"won", "Deals won in the period and still won, by the local date of closing."},
    {"lost", "Deals lost in the period and still lost, by the local date of closing."},
    {"win_rate", "Won / (won + lost) of deals closed in the period; open, iced and discarded ones "
                 "do not count."},
    {"won_value", "The sum of the values at closing of the deals won in the period."},
    {"lost_value", "The sum of the values at closing of the deals lost in the period."},
    {"win_rate_value", "Value won / (value won + value lost) of deals closed in the period."},
    {"open_value", "The value of the open deals in proper stages now, by their owner now."},
    {"open", "Open deals in proper stages now, by their owner now."},
    {"funnel.lost", "Of those that entered, the deals lost before they reached a later stage."},
    {"funnel.open", "Of those that entered, the deals that are neither further, lost nor on ice."},
    {"iced", "Of those that entered, the deals on ice now."},
    {"elsewhere", "Of those that entered, the deals that are in another pipeline now."},
    {"discarded", "Of those that entered, the deals sent back to be leads and discarded."},
    {"entered", "Deals whose first entry into the stage was in the period; reaching a later stage "
                "implies the earlier ones."},
    {"advanced", "Of those that entered, the deals that reached a later stage or are won."},
    {"conversion", "Advanced / entered; so far, while any of them are open or on ice."},
    {"conversion_decided", "Advanced / (advanced + lost), of the deals that entered."},
    {"failed", "Deals lost from this stage / deals that entered it, of the same cohort."},
    {"lost_in_period", "Deals lost in the period, by the last proper stage they were in."},
    {"time_mean", "The mean of the completed visits that ended in the period, without ice."},
    {"time_median", "The visit in the middle, by nearest rank, of those that ended in the period."},
    {"time_p90", "Nine in ten visits that ended in the period were no longer, by nearest rank."},
    {"running", "Deals that are in the stage now and not on ice; they are in no average."},
    {"cycle_mean", "The mean time from the first proper stage to won, without ice and closed time."},
    {"cycle_median", "The won deal in the middle by that time, by nearest rank."},
    {"rank", "The place by value won in the period; equal values share it."},
    {"calls", "Calls in the period, by who made them."},
    {"mails_out", "Mails sent in the period, by who sent them."},
    {"mails_in", "Mails received in the period, by who got them."},
    {"meetings", "Meetings in the period, by who held them."},
    {"notes", "Notes in the period, by who wrote them."},
};

static const char *const lacks[LACK_COUNT] = {
    [LACK_NONE] = "",
    [LACK_NO_CLOSED] = "nothing was won or lost",
    [LACK_NO_VALUE] = "what was won and lost has no value",
    [LACK_LOST_WORTHLESS] = "every lost deal has value 0",
    [LACK_LOST_ELSEWHERE] = "every lost deal is valued in another currency",
    [LACK_NO_TIMES] = "no duration is known",
    [LACK_NO_ENTERED] = "no deal entered",
    [LACK_NO_OUTCOME] = "no deal advanced or was lost",
    [LACK_TOO_LARGE] = "the sum is too large",
    [LACK_NO_MEANING] = "this row has no such figure",
};

/* Of one, of several. */
static const char *const notes[NOTE_COUNT][2] = {
    [NOTE_UNDONE] = {"{count} event was undone and is left out",
                     "{count} events were undone and are left out"},
    [NOTE_OTHER_CURRENCY] = {"{count} deal is not valued in {currency}: without a rate it is not "
                             "summed{which}",
                             "{count} deals are not valued in {currency}: without a rate they are "
                             "not summed{which}"},
    [NOTE_NO_VALUE] = {"{count} closed deal has no value and counts as 0{which}",
                       "{count} closed deals have no value and count as 0{which}"},
    [NOTE_UNKNOWN_CLOSING] = {"{count} closed deal has no known closing date and is left out{which}",
                              "{count} closed deals have no known closing date and are left "
                              "out{which}"},
    [NOTE_UNKNOWN_ENTRY] = {"{count} deal has no known date of entry and is left out there{which}",
                            "{count} deals have no known date of entry and are left out "
                            "there{which}"},
    [NOTE_UNKNOWN_DURATION] = {"{count} duration is not known and is left out{which}",
                               "{count} durations are not known and are left out{which}"},
    [NOTE_NEVER_PROPER] = {"{count} lost deal never was more than a lead and is left out{which}",
                           "{count} lost deals never were more than a lead and are left out{which}"},
    [NOTE_LATE] = {"{count} deal was recorded after the period had ended and restates it{which}",
                   "{count} deals were recorded after the period had ended and restate it{which}"},
    [NOTE_UNKNOWN_ACTIVITY] = {"{count} activity has no known date and is left out",
                               "{count} activities have no known date and are left out"},
    [NOTE_THIN] = {"only {count} deal: too few to say much",
                   "only {count} deals: too few to say much"},
};

const char *report_name(enum report_kind kind)
{
    return kind > REPORT_NONE && kind < REPORT_COUNT ? names[kind] : NULL;
}

enum report_kind report_named(struct str name)
{
    for (int i = REPORT_NONE + 1; i < REPORT_COUNT; i++) {
        if (str_equal(name, str_from(names[i]))) return (enum report_kind)i;
    }
    return REPORT_NONE;
}

const char *report_explain(struct str metric)
{
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (str_equal(metric, str_from(metrics[i].key))) return metrics[i].sentence;
    }
    return NULL;
}

const char *report_lack_sentence(enum report_lack lack)
{
    return lack < LACK_COUNT ? lacks[lack] : "";
}

const char *report_note_sentence(enum report_note note, int64_t count)
{
    if (note >= NOTE_COUNT) return "";
    return sentence_of((uint64_t)count, notes[note][0], notes[note][1]);
}
