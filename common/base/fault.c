/* fault.c - names of faults for logs. Callers: logline users, tests. Invariant: a name never
 * changes once released, because people grep for it. */
#include "common/base/fault.h"

#include "common/base/check.h"

const char *fault_name(enum fault fault)
{
    switch (fault) {
    case FAULT_NONE: return "none";
    case FAULT_MEMORY: return "memory";
    case FAULT_LIMIT: return "limit";
    case FAULT_FORMAT: return "format";
    case FAULT_CLOSED: return "closed";
    case FAULT_NOT_FOUND: return "not_found";
    case FAULT_EXISTS: return "exists";
    case FAULT_STALE: return "stale";
    case FAULT_BUSY: return "busy";
    case FAULT_DENIED: return "denied";
    case FAULT_CRYPTO: return "crypto";
    case FAULT_FULL: return "full";
    case FAULT_IO: return "io";
    case FAULT_UNKNOWN: return "unknown";
    case FAULT_COUNT: break;
    }
    bug("fault_name", __FILE__, __LINE__);
}
