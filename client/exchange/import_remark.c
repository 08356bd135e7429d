/* import_remark.c - what the report says of single lines; see import_inside.h. */
#include "client/exchange/import_inside.h"

enum fault import_remark_add(struct importer *im, size_t line, bool rejected, struct str text,
                             struct str detail)
{
    struct import_report *report = im->report;
    if (report->remark_count == IMPORT_REMARKS_MAX) {
        report->remarks_dropped++;
        return FAULT_NONE;
    }
    struct import_remark *remark =
        arena_push(im->arena, (void **)&report->remarks, &report->remark_count,
                   &report->remark_cap, sizeof *remark);
    if (!remark) return FAULT_MEMORY;
    *remark = (struct import_remark){line, rejected, arena_str(im->arena, text),
                                     arena_str(im->arena, detail)};
    return arena_fault(im->arena);
}
