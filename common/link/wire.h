/* wire.h - the cage around protobuf-c: look at the bytes before it does, then give it an arena.
 *
 * protobuf-c 1.4 recurses without limit, merges repeated sub-messages in quadratic time, checks
 * neither UTF-8 nor NUL, and blows small input up a hundredfold. wire_scan refuses what endangers
 * the process, in O(n), without allocation or recursion; what it lets pass is harmless to unpack.
 * Called by the codec and wherever an envelope is opened. Sees descriptors only. */
#ifndef SLUICE_COMMON_LINK_WIRE_H
#define SLUICE_COMMON_LINK_WIRE_H

#include "common/base/arena.h"
#include "common/base/bounds.h"
#include "common/base/text.h"
#include <protobuf-c/protobuf-c.h>

enum {
    WIRE_TYPE_FIELDS_MAX = 256, /* fields one message type may have; one bit each while scanning */
    WIRE_TAG_MAX = (1 << 29) - 1
};

/* FAULT_LIMIT: nested deeper than WIRE_DEPTH_MAX (the outermost counts), more than WIRE_FIELDS_MAX
 * fields and packed elements, more than WIRE_UNKNOWN_MAX fields the type does not know.
 * FAULT_FORMAT: truncated or overlong, a group, field number 0 or above WIRE_TAG_MAX, a wire type
 * that is not the field's, a singular field (or one of a oneof) a second time, a string that is not
 * UTF-8 or holds NUL. Missing required fields are found by unpacking. */
MUST_USE enum fault wire_scan(const ProtobufCMessageDescriptor *type, struct str bytes);

/* One field of a message without sub-messages, for who reads such without protobuf-c. */
struct wire_item {
    uint32_t number;
    unsigned type;     /* ProtobufCWireType */
    uint64_t value;    /* of a varint */
    struct str bytes;  /* of the others, borrowed */
};
/* The field at *at, and *at behind it. FAULT_FORMAT: truncated or overlong, a group, field number 0 or
 * above WIRE_TAG_MAX. What wire_scan says beyond that is for the caller to say. */
MUST_USE enum fault wire_item_next(struct str message, size_t *at, struct wire_item *out);

/* Scans, then unpacks into the arena: never free the message, reset the arena. All its pointers
 * are into the arena, none into bytes. NULL with *fault FAULT_LIMIT or FAULT_FORMAT as above, or
 * FAULT_MEMORY when the arena's budget is used up. */
ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *type, struct arena *arena,
                              struct str bytes, enum fault *fault);

#endif
