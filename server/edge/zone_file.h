/* zone_file.h - a time zone of the system's tz database as the packed table a team row carries. */
#ifndef SLUICE_SERVER_EDGE_ZONE_FILE_H
#define SLUICE_SERVER_EDGE_ZONE_FILE_H

#include "common/base/arena.h"
#include "common/base/calendar.h"

/* TZif version 2 or later (RFC 8536). FAULT_FORMAT when it is none. Transitions beyond
 * ZONE_TRANSITIONS_MAX are cut off at the old end. */
MUST_USE enum fault zone_file_parse(struct arena *arena, struct str bytes, struct zone *out);
/* Name as "Europe/Warsaw". FAULT_NOT_FOUND when there is no such zone. */
MUST_USE enum fault zone_file_read(struct arena *arena, const char *name, struct str *packed);

#endif
