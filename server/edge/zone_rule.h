/* zone_rule.h - the rule behind a zone's last transition, as tz files and TZ write it
 * ("CET-1CEST,M3.5.0,M10.5.0/3"). Called by zone_file. */
#ifndef SLUICE_SERVER_EDGE_ZONE_RULE_H
#define SLUICE_SERVER_EDGE_ZONE_RULE_H

#include "common/base/calendar.h"

struct zone_day {
    char form; /* 'M': week `week` (5: last), weekday `day` of `month`; 'J': day 1..365 without 29
                  February; '0': day 0..365 */
    int month, week, day;
    int32_t time_s; /* local, -167 to 167 hours */
};

struct zone_rule {
    int32_t standard_s, summer_s; /* seconds east of UTC */
    bool has_summer;
    struct zone_day begin, end; /* of summer time */
};

/* FAULT_FORMAT when it is none. Summer time without dates has the American ones, as POSIX says. */
MUST_USE enum fault zone_rule_parse(struct str text, struct zone_rule *out);
/* Both changes of a year, in order of time. Only with has_summer. */
void zone_rule_year(const struct zone_rule *rule, int year, struct zone_transition out[2]);

#endif
