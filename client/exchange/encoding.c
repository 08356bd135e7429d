/* encoding.c - see encoding.h. Called by client/cli. Invariant: a legacy encoding is named only
 * when some letter could stand in no other of the two. */
#include "client/exchange/encoding.h"

#include "common/base/check.h"

enum { LOOKED_AT = 1 << 20 };

static bool is_letter(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* Beside a letter it is part of a word, and no sign. */
static bool in_word(struct str bytes, size_t at)
{
    bool before = at > 0 && is_letter((unsigned char)bytes.p[at - 1]);
    bool behind = at + 1 < bytes.n && is_letter((unsigned char)bytes.p[at + 1]);
    return before || behind;
}

static bool is_one_of(unsigned char byte, const char *set)
{
    for (; *set; set++) {
        if ((unsigned char)*set == byte) return true;
    }
    return false;
}

/* Latin letters the two have in common are no evidence: both read them alike. */
static enum encoding legacy_guess(struct str bytes)
{
    /* Letters only in 1250, where 1252 has signs: Polish, Czech, Hungarian. */
    static const char central[] = "\xA3\xA5\xAA\xAF\xB3\xB9\xBA\xBC\xBE\xBF\x8D\x8F\x9D";
    /* The same in both: ä ö ü ß é á í ó ú ç ë î â ô and quotes, dashes, the euro sign. */
    static const char alike[] = "\xC1\xC2\xC4\xC7\xC9\xCB\xCD\xCE\xD3\xD4\xD6\xDA\xDC\xDD\xDF\xE1"
                                "\xE2\xE4\xE7\xE9\xEB\xED\xEE\xF3\xF4\xF6\xFA\xFC\xFD\x80\x82\x84"
                                "\x85\x86\x87\x89\x8A\x8B\x8E\x91\x92\x93\x94\x95\x96\x97\x99\x9A"
                                "\x9B\x9E\xA0\xA4\xA6\xA7\xA8\xA9\xAB\xAC\xAD\xAE\xB0\xB1\xB4\xB5"
                                "\xB6\xB7\xB8\xBB\xD7\xF7";
    bool different = false;
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        if (byte < 0x80) continue;
        if (is_one_of(byte, central) && in_word(bytes, i)) return ENCODING_WINDOWS1250;
        different |= !is_one_of(byte, alike);
    }
    return different ? ENCODING_UNTOLD : ENCODING_WINDOWS1252;
}

enum encoding encoding_guess(struct str bytes)
{
    static const char workbook[] = "PK\x03\x04", old_workbook[] = "\xD0\xCF\x11\xE0";
    if (str_starts_with(bytes, str_from(workbook)) || str_starts_with(bytes, str_from(old_workbook)))
        return ENCODING_WORKBOOK;
    if (str_starts_with(bytes, STR("\xFF\xFE")) || str_starts_with(bytes, STR("\xFE\xFF")))
        return ENCODING_UTF16;
    struct str head = str_slice(bytes, 0, LOOKED_AT);
    size_t even = 0, odd = 0, control = 0;
    for (size_t i = 0; i < head.n; i++) {
        unsigned char byte = (unsigned char)head.p[i];
        if (byte == 0 && i % 2 == 0) even++;
        if (byte == 0 && i % 2 == 1) odd++;
        control += byte < 9 || (byte > 13 && byte < 32);
    }
    /* Latin text has a zero in every other byte, and in no others. */
    if (odd > head.n / 4 && even <= head.n / 50) return ENCODING_UTF16LE;
    if (even > head.n / 4 && odd <= head.n / 50) return ENCODING_UTF16BE;
    if (even + odd > 0 || control > head.n / 50) return ENCODING_BINARY;
    if (text_is_utf8(bytes)) return ENCODING_UTF8;
    return legacy_guess(bytes);
}

const char *encoding_name(enum encoding encoding)
{
    switch (encoding) {
    case ENCODING_UTF8: return NULL;
    case ENCODING_UTF16: return "UTF-16";
    case ENCODING_UTF16LE: return "UTF-16LE";
    case ENCODING_UTF16BE: return "UTF-16BE";
    case ENCODING_WINDOWS1250: return "windows-1250";
    case ENCODING_WINDOWS1252: return "windows-1252";
    case ENCODING_UNTOLD:
    case ENCODING_WORKBOOK:
    case ENCODING_BINARY: return NULL;
    }
    bug("encoding", __FILE__, __LINE__);
}
