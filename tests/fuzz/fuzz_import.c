/* fuzz_import.c - any bytes as a table of deals, into a copy in memory.
 *
 * Claims: nothing crashes; every record is counted exactly once; what is rejected is given back in
 * a table that reads again; a second time nothing new is added; a dry run writes nothing. The first
 * byte chooses the options. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "client/exchange/csv.h"
#include "client/exchange/encoding.h"
#include "client/exchange/import.h"
#include "common/base/check.h"
#include "tests/support/replica_memory.h"
#include "tests/support/replica_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum fault run(struct rule_world *world, struct replica *replica,
                      const struct import_options *options, struct import_report *report)
{
    struct random random;
    random_init_number(&random, 7);
    struct now now = {.boot_ms = 1, .wall_ms = world->recorded};
    enum fault fault = import_deals(replica, &world->arena, options, now, &random, report);
    check(fault == FAULT_NONE || fault == FAULT_FORMAT);
    check(fault == FAULT_NONE || report->mistake.n > 0);
    size_t counted = report->created + report->updated + report->unchanged + report->differing +
                     report->rejected;
    check(fault != FAULT_NONE || counted == report->rows);
    return fault;
}

/* Header and one record per rejected row; a control character cannot hide one. */
static void rejects_check(struct rule_world *world, const struct import_report *report)
{
    struct csv_reader reader;
    struct csv_record *record = arena_alloc(&world->arena, sizeof *record);
    check(record != NULL);
    csv_open(&reader, buffer_str(&report->rejects));
    check(csv_next(&reader, &world->arena, record) == FAULT_NONE);
    for (size_t i = 0; i < report->rejected; i++) {
        check(csv_next(&reader, &world->arena, record) == FAULT_NONE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rule_world world;
    struct import_options options = {.text = {(const char *)data, size}};
    struct import_report report;
    size_t pending;
    if (size == 0 || size > 1 << 16) return 0;
    (void)encoding_guess(options.text);
    options.text = str_slice(options.text, 1, size);
    if (!text_is_utf8(options.text)) return 0; /* the command line decodes first */
    options.date_order = (enum date_order)(data[0] & 3);
    options.decimal = (enum decimal_sign)((data[0] >> 2) % 3);
    options.update = (data[0] & 0x40) != 0;
    options.columns.items[0] = (struct import_map){STR("deal_stage"), STR("stage")};
    options.columns.count = (data[0] & 0x80) != 0;
    world_init(&world);
    struct replica *replica = replica_memory_open();
    world_fill(&world, replica, "lead");
    options.dry_run = true;
    enum fault fault = run(&world, replica, &options, &report);
    buffer_finish(&report.rejects);
    check(replica->f->outbox_count(replica, &pending) == FAULT_NONE && pending == 0);
    options.dry_run = false;
    size_t added = report.created;
    check(run(&world, replica, &options, &report) == fault);
    if (!fault) {
        check(report.created == added);
        rejects_check(&world, &report);
        buffer_finish(&report.rejects);
        check(run(&world, replica, &options, &report) == FAULT_NONE);
        check(report.created == 0);
    }
    buffer_finish(&report.rejects);
    replica->f->close(replica);
    world_finish(&world);
    return 0;
}
