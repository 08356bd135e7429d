/* zone_file.c - TZif to transitions. Called by `sluiced init`.
 *
 * The rule behind the last transition (the footer) is followed to ZONE_YEAR_LAST, so that "slim"
 * files do as well as "fat" ones, which end in 2037. */
#define _GNU_SOURCE
#include "server/edge/zone_file.h"

#include <stdio.h>
#include <string.h>

#include "common/base/bounds.h"
#include "server/edge/zone_rule.h"

#include "common/base/banned.h"

enum {
    HEADER = 44,
    FILE_MAX = 256 * 1024,
    TYPE_BYTES = 6,
    ZONE_YEAR_FIRST = 1970,
    ZONE_YEAR_LAST = 2100, /* no date of a deal lies beyond */
    RULE_TRANSITIONS_MAX = 2 * (ZONE_YEAR_LAST - ZONE_YEAR_FIRST + 1),
};
static_assert(RULE_TRANSITIONS_MAX < ZONE_TRANSITIONS_MAX / 2, "the past must fit beside the rule");

static uint32_t u32_at(struct str s, size_t at)
{
    const uint8_t *p = (const uint8_t *)s.p + at;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t i64_at(struct str s, size_t at)
{
    return (int64_t)((uint64_t)u32_at(s, at) << 32 | u32_at(s, at + 4));
}

struct tzif_counts {
    size_t isut, isstd, leap, time, type, chars;
};

static bool counts_read(struct str s, size_t at, struct tzif_counts *out)
{
    if (s.n < at + HEADER || memcmp(s.p + at, "TZif", 4) != 0) return false;
    out->isut = u32_at(s, at + 20);
    out->isstd = u32_at(s, at + 24);
    out->leap = u32_at(s, at + 28);
    out->time = u32_at(s, at + 32);
    out->type = u32_at(s, at + 36);
    out->chars = u32_at(s, at + 40);
    size_t most = FILE_MAX;
    return out->isut <= most && out->isstd <= most && out->leap <= most && out->time <= most &&
           out->type > 0 && out->type <= 256 && out->chars <= most;
}

/* "\n" rule "\n" behind the second block; without one the last offset stays. */
static enum fault rule_follow(struct str footer, struct zone *zone, struct zone_transition *list)
{
    struct zone_rule rule;
    struct zone_transition changes[2];
    if (footer.n < 2 || footer.p[0] != '\n') return FAULT_FORMAT;
    footer = str_slice(footer, 1, footer.n);
    size_t end = str_find(footer, '\n');
    if (end == footer.n) return FAULT_FORMAT; /* cut short */
    struct str text = str_slice(footer, 0, end);
    if (text.n == 0) return FAULT_NONE;
    enum fault fault = zone_rule_parse(text, &rule);
    if (fault) return fault;
    if (!rule.has_summer) return FAULT_NONE;
    int64_t last_s = zone->count > 0 ? list[zone->count - 1].at_s : INT64_MIN;
    int64_t last_day = last_s / 86400;
    int year = last_day > 0 ? civil_from_days(last_day).year : ZONE_YEAR_FIRST;
    for (; year <= ZONE_YEAR_LAST; year++) {
        zone_rule_year(&rule, year, changes);
        for (size_t i = 0; i < 2; i++) {
            if (changes[i].at_s > last_s) list[zone->count++] = changes[i];
        }
    }
    return FAULT_NONE;
}

enum fault zone_file_parse(struct arena *arena, struct str s, struct zone *out)
{
    struct tzif_counts c;
    if (!counts_read(s, 0, &c) || s.p[4] < '2') return FAULT_FORMAT;
    size_t at = HEADER + c.time * 5 + c.type * TYPE_BYTES + c.chars + c.leap * 8 + c.isstd + c.isut;
    if (!counts_read(s, at, &c)) return FAULT_FORMAT;
    size_t times = at + HEADER, kinds = times + c.time * 8, types = kinds + c.time;
    if (types + c.type * TYPE_BYTES > s.n) return FAULT_FORMAT;
    struct zone_transition *list =
        arena_array(arena, c.time + RULE_TRANSITIONS_MAX, sizeof *list);
    if (!list) return FAULT_MEMORY;
    *out = (struct zone){.first_offset_s = (int32_t)u32_at(s, types), .transitions = list};
    size_t room = ZONE_TRANSITIONS_MAX - RULE_TRANSITIONS_MAX;
    size_t from = c.time > room ? c.time - room : 0;
    for (size_t i = 0; i < c.time; i++) {
        size_t type = (uint8_t)s.p[kinds + i];
        if (type >= c.type) return FAULT_FORMAT;
        int32_t offset = (int32_t)u32_at(s, types + type * TYPE_BYTES);
        if (i < from) {
            out->first_offset_s = offset;
            continue;
        }
        list[out->count++] =
            (struct zone_transition){.at_s = i64_at(s, times + i * 8), .offset_s = offset};
    }
    size_t footer = types + c.type * TYPE_BYTES + c.chars + c.leap * 12 + c.isstd + c.isut;
    return footer < s.n ? rule_follow(str_slice(s, footer, s.n), out, list) : FAULT_FORMAT;
}

enum fault zone_file_read(struct arena *arena, const char *name, struct str *packed)
{
    char path[256];
    struct zone zone;
    if (!name[0] || name[0] == '/' || strstr(name, "..") || strlen(name) > 128) {
        return FAULT_NOT_FOUND;
    }
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *file = fopen(path, "re");
    if (!file) {
        bool utc = strcmp(name, "UTC") == 0; /* also where no tz database is installed */
        zone = (struct zone){0};
        return utc ? zone_pack(arena, &zone, packed) : FAULT_NOT_FOUND;
    }
    char *bytes = arena_alloc(arena, FILE_MAX);
    size_t n = bytes ? fread(bytes, 1, FILE_MAX, file) : 0;
    fclose(file);
    if (!bytes) return FAULT_MEMORY;
    enum fault fault = zone_file_parse(arena, (struct str){bytes, n}, &zone);
    if (fault == FAULT_FORMAT) return FAULT_NOT_FOUND; /* a folder, zone.tab */
    return fault ? fault : zone_pack(arena, &zone, packed);
}
