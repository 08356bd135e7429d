/* hex.h - bytes written as hexadecimal in tables of tests. */
#ifndef SLUICE_TESTS_SUPPORT_HEX_H
#define SLUICE_TESTS_SUPPORT_HEX_H

#include "common/base/text.h"

/* Reads up to max bytes; blanks between them are skipped. Stops the program on anything else. */
size_t hex_read(struct str hex, uint8_t *out, size_t max);

#endif
