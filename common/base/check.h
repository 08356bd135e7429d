/* check.h - assertions about our own code, kept in release builds.
 *
 * check() is for what only a bug of ours can make false. What the world, the user or the peer can
 * cause is a fault or a refusal, never a check. */
#ifndef SLUICE_COMMON_BASE_CHECK_H
#define SLUICE_COMMON_BASE_CHECK_H

#include <stdnoreturn.h>

/* Prints "bug: WHAT (FILE:LINE)" to stderr and aborts. */
noreturn void bug(const char *what, const char *file, int line);

#define check(condition) ((condition) ? (void)0 : bug(#condition, __FILE__, __LINE__))

#endif
