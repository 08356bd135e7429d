/* logline.h - one log line: "event key=value key=value", control bytes escaped, no payload.
 * Values with blanks are quoted. Builds into a buffer; the edge owns the sink and the clock. */
#ifndef SLUICE_COMMON_BASE_LOGLINE_H
#define SLUICE_COMMON_BASE_LOGLINE_H

#include "common/base/buffer.h"
#include "common/base/id.h"

void logline_begin(struct buffer *line, const char *event);
void logline_str(struct buffer *line, const char *key, struct str value);
void logline_number(struct buffer *line, const char *key, int64_t value);
void logline_id(struct buffer *line, const char *key, struct uuid value);

#endif
