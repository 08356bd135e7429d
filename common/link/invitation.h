/* invitation.h - the one line that brings a new device in:
 *
 *   sluice1-HOST:PORT[,HOST:PORT...]-BASE32(server key 32 | one-time code 16 | check 4)
 *
 * Made by `sluiced init` and `sluiced invite` (and by a client that invites), read by `sluice join`.
 * The server key is pinned from the first byte; the code is worth something once. The check bytes
 * (BLAKE2b over "sluice1-HOST:PORT-" and the two) catch a line that was cut or mistyped before any
 * network is touched. Pure. */
#ifndef SLUICE_COMMON_LINK_INVITATION_H
#define SLUICE_COMMON_LINK_INVITATION_H

#include "common/base/text.h"

enum {
    INVITATION_CODE_BYTES = 16,
    INVITATION_CHECK_BYTES = 4,
    INVITATION_ADDRESS_MAX = 261, /* a host name of 253, a colon, a port; brackets round IPv6 */
    INVITATION_ADDRESSES_MAX = 8, /* of servers that serve one team; more nobody has to type */
    INVITATION_LIST_MAX = 512,    /* all of them: a line still fits a terminal's and a mail's */
    INVITATION_TAIL_LENGTH = 84,  /* 52 bytes in base32 */
    INVITATION_LINE_MAX = 8 + INVITATION_LIST_MAX + 1 + INVITATION_TAIL_LENGTH
};

struct invitation_line {
    struct str address; /* HOST:PORT,HOST:PORT..., borrowed from the text it was read from */
    uint8_t server_key[32];
    uint8_t code[INVITATION_CODE_BYTES];
};

/* White space around the line is ignored, case of the last part too, and i, l, o read as 1, 1, 0.
 * FAULT_FORMAT when it is no invitation line; FAULT_CRYPTO when it is one but cut or mistyped. */
MUST_USE enum fault invitation_line_parse(struct str line, struct invitation_line *out);
/* FAULT_FORMAT when the address is no HOST:PORT, nor a list of them. */
MUST_USE enum fault invitation_line_format(const struct invitation_line *line,
                                           char out[INVITATION_LINE_MAX + 1]);
/* HOST:PORT, a port of 1 to 65535, IPv6 in brackets. The host comes back without brackets. */
MUST_USE enum fault invitation_address_split(struct str address, struct str *host,
                                             uint16_t *port);
/* One or several with commas between them, without spaces; out borrows from `list`. */
MUST_USE enum fault invitation_addresses(struct str list,
                                         struct str out[INVITATION_ADDRESSES_MAX], size_t *count);

#endif
