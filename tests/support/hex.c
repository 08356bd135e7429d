/* hex.c - see hex.h. Called by tests with tables of bytes. */
#include "tests/support/hex.h"

#include "common/base/check.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    bug("not a hexadecimal digit", __FILE__, __LINE__);
}

size_t hex_read(struct str hex, uint8_t *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < hex.n;) {
        if (hex.p[i] == ' ') {
            i++;
            continue;
        }
        check(i + 1 < hex.n);
        check(n < max);
        out[n++] = (uint8_t)(digit(hex.p[i]) << 4 | digit(hex.p[i + 1]));
        i += 2;
    }
    return n;
}
