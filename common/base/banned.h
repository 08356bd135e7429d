/* banned.h - functions that may not be called; include it last, in .c files only.
 *
 * A name poisoned here is a compile error from this line on. Headers included before are not
 * touched, headers included after would be. */
#ifndef SLUICE_COMMON_BASE_BANNED_H
#define SLUICE_COMMON_BASE_BANNED_H

/* Under _FORTIFY_SOURCE glibc makes some of them macros, and clang refuses to poison a macro. */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef gmtime
#undef localtime
#undef rand
#undef srand

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf
#pragma GCC poison strtok atoi atol gmtime localtime rand srand

#endif
