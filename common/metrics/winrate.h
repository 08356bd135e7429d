/* winrate.h - won and lost by group: the sums behind the reports winrate and reps. */
#ifndef SLUICE_COMMON_METRICS_WINRATE_H
#define SLUICE_COMMON_METRICS_WINRATE_H

#include "common/metrics/engine.h"

struct group {
    struct str key, name;
    uint64_t won, lost, open;
    uint64_t lost_valued; /* of the lost: in the report's currency */
    wide won_value, lost_value, open_value;
    uint64_t activities[ACTIVITY_NOTE + 1]; /* by enum activity_type */
    struct durations cycles;
};

struct winrate {
    struct map groups; /* key -> struct group */
    struct group total;
};

/* The group of a member, by name; everybody without an owner is one group. NULL: no memory. */
struct group *winrate_member_group(struct metrics *m, struct uuid member);
struct report_cell group_rate(const struct group *group);

#endif
