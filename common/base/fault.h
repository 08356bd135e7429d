/* fault.h - mechanical failures, as opposed to refusals by a rule (domain/reason.h).
 *
 * A fault says what went wrong inside a module; it carries no text. The edge that knows the
 * operation and the path turns it into a sentence. */
#ifndef SLUICE_COMMON_BASE_FAULT_H
#define SLUICE_COMMON_BASE_FAULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum fault {
    FAULT_NONE = 0,
    FAULT_MEMORY,    /* an allocation failed, or an arena passed its budget */
    FAULT_LIMIT,     /* a bound of bounds.h would be passed */
    FAULT_FORMAT,    /* bytes or text that do not parse */
    FAULT_CLOSED,    /* the other side, or the object, is closed */
    FAULT_NOT_FOUND, /* no such row, file, key */
    FAULT_EXISTS,    /* it is there already */
    FAULT_STALE,     /* the world moved on since it was read; read again */
    FAULT_BUSY,      /* somebody else holds it; try again */
    FAULT_DENIED,    /* not allowed */
    FAULT_CRYPTO,    /* authentication of bytes failed: wrong key or tampered */
    FAULT_FULL,      /* the disk is full */
    FAULT_IO,        /* any other input or output error */
    FAULT_UNKNOWN,   /* the outcome cannot be known (connection lost at COMMIT) */
    FAULT_COUNT
};

/* A stable lower-case name for logs ("not_found"). Never NULL. */
const char *fault_name(enum fault fault);

#endif
