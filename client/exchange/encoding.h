/* encoding.h - which encoding a file of text is in, as far as its bytes tell. Pure. */
#ifndef SLUICE_CLIENT_EXCHANGE_ENCODING_H
#define SLUICE_CLIENT_EXCHANGE_ENCODING_H

#include "common/base/text.h"

enum encoding {
    ENCODING_UTF8 = 0,
    ENCODING_UTF16,      /* with a byte order mark */
    ENCODING_UTF16LE,
    ENCODING_UTF16BE,
    ENCODING_WINDOWS1250, /* central European */
    ENCODING_WINDOWS1252, /* western European */
    ENCODING_UNTOLD,      /* one byte per letter, but of which language? */
    ENCODING_WORKBOOK,    /* a spreadsheet program's own file, not text */
    ENCODING_BINARY
};

enum encoding encoding_guess(struct str bytes);
/* As iconv calls it; NULL for UTF-8 and for what cannot be decoded. */
const char *encoding_name(enum encoding encoding);

#endif
