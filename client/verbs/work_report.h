/* work_report.h - what work_report.c and work_behind.c share; included by nobody else. */
#ifndef SLUICE_CLIENT_VERBS_WORK_REPORT_H
#define SLUICE_CLIENT_VERBS_WORK_REPORT_H

#include "client/verbs/work_inside.h"
#include "common/metrics/report.h"

/* Every deal of the copy. */
struct report_deals {
    const struct deal **deals;
    size_t count;
};

/* The deals behind "[ROW:]FIGURE" as a table; the answer tells what there is when it is none. */
MUST_USE enum fault report_behind_answer(struct work *work, const struct report *report,
                                         struct str text, const struct report_deals *from,
                                         struct answer *answer);

#endif
