/* zone_file.c - TZif to transitions. Called by `sluiced init`.
 *
 * The rule behind the last transition (the POSIX TZ footer) is not read: Debian's files are "fat"
 * and reach to 2037. */
#define _GNU_SOURCE
#include "server/edge/zone_file.h"

#include <stdio.h>
#include <string.h>

#include "common/base/bounds.h"

#include "common/base/banned.h"

enum { HEADER = 44, FILE_MAX = 256 * 1024, TYPE_BYTES = 6 };

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

enum fault zone_file_parse(struct arena *arena, struct str s, struct zone *out)
{
    struct tzif_counts c;
    if (!counts_read(s, 0, &c) || s.p[4] < '2') return FAULT_FORMAT;
    size_t at = HEADER + c.time * 5 + c.type * TYPE_BYTES + c.chars + c.leap * 8 + c.isstd + c.isut;
    if (!counts_read(s, at, &c)) return FAULT_FORMAT;
    size_t times = at + HEADER, kinds = times + c.time * 8, types = kinds + c.time;
    if (types + c.type * TYPE_BYTES > s.n) return FAULT_FORMAT;
    struct zone_transition *list = arena_array(arena, c.time ? c.time : 1, sizeof *list);
    if (!list) return FAULT_MEMORY;
    *out = (struct zone){.first_offset_s = (int32_t)u32_at(s, types), .transitions = list};
    size_t from = c.time > ZONE_TRANSITIONS_MAX ? c.time - ZONE_TRANSITIONS_MAX : 0;
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
    return FAULT_NONE;
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
