/* wire.c - the pre-scan and the arena behind protobuf-c. Called by the codec and by sessions.
 *
 * The scan walks the bytes the way protobuf-c will, but with an explicit stack of WIRE_DEPTH_MAX
 * levels, and is stricter wherever protobuf-c is lax. Invariant: levels are nested ranges, the
 * read position is within the innermost. */
#include "common/link/wire.h"

#include <string.h>

#include "common/base/check.h"

#include "common/base/banned.h"

struct wire_level {
    const ProtobufCMessageDescriptor *type;
    size_t end;
    uint64_t seen[WIRE_TYPE_FIELDS_MAX / 64]; /* singular fields met, by their index in the type */
};

struct wire_scanner {
    const uint8_t *p;
    size_t at;
    size_t fields, unknown;
    size_t depth; /* levels in use */
    struct wire_level level[WIRE_DEPTH_MAX];
};

/* A varint of at most `longest` bytes before `end`. */
static enum fault scan_varint(struct wire_scanner *s, size_t end, size_t longest, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < longest; i++) {
        if (s->at == end) return FAULT_FORMAT;
        uint8_t byte = s->p[s->at++];
        if (i == 9 && byte > 1) return FAULT_FORMAT; /* beyond 64 bits */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            *out = value;
            return FAULT_NONE;
        }
    }
    return FAULT_FORMAT;
}

static enum fault scan_level_push(struct wire_scanner *s, const ProtobufCMessageDescriptor *type,
                                  size_t end)
{
    check(type->n_fields <= WIRE_TYPE_FIELDS_MAX);
    if (s->depth == WIRE_DEPTH_MAX) return FAULT_LIMIT;
    s->level[s->depth++] = (struct wire_level){.type = type, .end = end};
    return FAULT_NONE;
}

static enum fault scan_count(struct wire_scanner *s, size_t n)
{
    if (n > WIRE_FIELDS_MAX - s->fields) return FAULT_LIMIT;
    s->fields += n;
    return FAULT_NONE;
}

/* A singular field may come once, and of a oneof only one. protobuf allows more and lets the last
 * win; for sub-messages it merges, which costs quadratic time. No honest encoder does it. */
static enum fault scan_once(struct wire_level *level, const ProtobufCFieldDescriptor *field)
{
    size_t index = (size_t)(field - level->type->fields);
    if ((level->seen[index / 64] >> (index % 64) & 1) != 0) return FAULT_FORMAT;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        level->seen[index / 64] |= UINT64_C(1) << (index % 64);
        return FAULT_NONE;
    }
    for (size_t i = 0; i < level->type->n_fields; i++) { /* its siblings share the case member */
        const ProtobufCFieldDescriptor *other = &level->type->fields[i];
        if ((other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            other->quantifier_offset == field->quantifier_offset) {
            level->seen[i / 64] |= UINT64_C(1) << (i % 64);
        }
    }
    return FAULT_NONE;
}

static ProtobufCWireType wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default: return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

/* The elements of a packed repeated field, up to `end`. */
static enum fault scan_packed(struct wire_scanner *s, const ProtobufCFieldDescriptor *field,
                              size_t end)
{
    size_t size = end - s->at, count = 0;
    ProtobufCWireType element = wire_type_of(field->type);
    if (element == PROTOBUF_C_WIRE_TYPE_VARINT) {
        while (s->at < end) {
            uint64_t value;
            /* protobuf-c takes a packed bool for exactly one byte of 0 or 1 */
            bool is_bool = field->type == PROTOBUF_C_TYPE_BOOL;
            enum fault fault = scan_varint(s, end, is_bool ? 1 : 10, &value);
            if (fault != FAULT_NONE) return fault;
            if (is_bool && value > 1) return FAULT_FORMAT;
            count++;
        }
    } else {
        size_t width = element == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
        if (size % width != 0) return FAULT_FORMAT;
        count = size / width;
        s->at = end;
    }
    return scan_count(s, count);
}

/* What a length-prefixed field of a known kind holds: [at, end). */
static enum fault scan_prefixed(struct wire_scanner *s, const ProtobufCFieldDescriptor *field,
                                size_t end)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) return scan_level_push(s, field->descriptor, end);
    if (wire_type_of(field->type) != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        return scan_packed(s, field, end);
    }
    struct str content = {(const char *)s->p + s->at, end - s->at};
    s->at = end;
    if (field->type == PROTOBUF_C_TYPE_STRING && !text_is_utf8(content)) return FAULT_FORMAT;
    return FAULT_NONE;
}

/* field is NULL when the type does not know it: then the value is only stepped over. */
static enum fault scan_value(struct wire_scanner *s, const ProtobufCFieldDescriptor *field,
                             unsigned wire_type, size_t end)
{
    uint64_t value;
    enum fault fault;
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT: return scan_varint(s, end, 10, &value);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
    case PROTOBUF_C_WIRE_TYPE_32BIT: {
        size_t width = wire_type == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
        if (end - s->at < width) return FAULT_FORMAT;
        s->at += width;
        return FAULT_NONE;
    }
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        fault = scan_varint(s, end, 5, &value);
        if (fault != FAULT_NONE) return fault;
        if (value > end - s->at) return FAULT_FORMAT;
        if (field != NULL) return scan_prefixed(s, field, s->at + (size_t)value);
        s->at += (size_t)value;
        return FAULT_NONE;
    default: return FAULT_FORMAT; /* groups (3, 4), and 6 and 7, which mean nothing */
    }
}

static enum fault scan_field(struct wire_scanner *s)
{
    struct wire_level *level = &s->level[s->depth - 1];
    uint64_t tag;
    enum fault fault = scan_varint(s, level->end, 5, &tag);
    if (fault != FAULT_NONE) return fault;
    unsigned wire_type = (unsigned)(tag & 7);
    uint64_t number = tag >> 3;
    if (number == 0 || number > WIRE_TAG_MAX) return FAULT_FORMAT;
    fault = scan_count(s, 1);
    if (fault != FAULT_NONE) return fault;

    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level->type, (unsigned)number);
    if (field == NULL) {
        if (++s->unknown > WIRE_UNKNOWN_MAX) return FAULT_LIMIT;
        return scan_value(s, NULL, wire_type, level->end);
    }
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool packed = repeated && wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    if (wire_type != (unsigned)wire_type_of(field->type) && !packed) return FAULT_FORMAT;
    if (!repeated) fault = scan_once(level, field);
    if (fault != FAULT_NONE) return fault;
    return scan_value(s, field, wire_type, level->end);
}

enum fault wire_scan(const ProtobufCMessageDescriptor *type, struct str bytes)
{
    struct wire_scanner s;
    s.p = (const uint8_t *)bytes.p;
    s.at = s.fields = s.unknown = s.depth = 0;
    enum fault fault = scan_level_push(&s, type, bytes.n);
    while (fault == FAULT_NONE && s.depth > 0) {
        if (s.at == s.level[s.depth - 1].end)
            s.depth--;
        else
            fault = scan_field(&s);
    }
    return fault;
}

/* --- a field at a time --- */

/* As scan_varint; false: FAULT_FORMAT. Whole lists are read through it, a byte or two at a time. */
static inline bool varint_next(const uint8_t *p, size_t n, size_t *at, size_t longest,
                               uint64_t *out)
{
    size_t i = *at, end = n - i < longest ? n : i + longest;
    uint64_t value = 0;
    for (unsigned shift = 0; i < end; shift += 7) {
        uint8_t byte = p[i++];
        if (shift == 63 && byte > 1) return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte >= 0x80) continue;
        *at = i;
        *out = value;
        return true;
    }
    return false;
}

enum fault wire_item_next(struct str message, size_t *at, struct wire_item *out)
{
    const uint8_t *p = (const uint8_t *)message.p;
    uint64_t tag = 0, length = 0;
    if (!varint_next(p, message.n, at, 5, &tag)) return FAULT_FORMAT;
    if (tag >> 3 == 0 || tag >> 3 > WIRE_TAG_MAX) return FAULT_FORMAT;
    out->number = (uint32_t)(tag >> 3);
    out->type = (unsigned)(tag & 7);
    out->value = 0;
    out->bytes = STR_NONE;
    switch (out->type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return varint_next(p, message.n, at, 10, &out->value) ? FAULT_NONE : FAULT_FORMAT;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        if (!varint_next(p, message.n, at, 5, &length)) return FAULT_FORMAT;
        break;
    case PROTOBUF_C_WIRE_TYPE_64BIT: length = 8; break;
    case PROTOBUF_C_WIRE_TYPE_32BIT: length = 4; break;
    default: return FAULT_FORMAT;
    }
    if (length > message.n - *at) return FAULT_FORMAT;
    out->bytes = (struct str){message.p + *at, (size_t)length};
    *at += (size_t)length;
    return FAULT_NONE;
}

/* --- unpacking --- */

static void *wire_alloc(void *context, size_t size)
{
    return arena_alloc(context, size > 0 ? size : 1);
}

static void wire_free(void *context, void *pointer)
{
    (void)context, (void)pointer; /* all of it dies with the arena */
}

ProtobufCMessage *wire_unpack(const ProtobufCMessageDescriptor *type, struct arena *arena,
                              struct str bytes, enum fault *fault)
{
    *fault = wire_scan(type, bytes);
    if (*fault != FAULT_NONE) return NULL;
    ProtobufCAllocator allocator = {wire_alloc, wire_free, arena};
    const uint8_t *p = (const uint8_t *)(bytes.p != NULL ? bytes.p : "");
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, bytes.n, p);
    if (message == NULL) *fault = arena->failed ? FAULT_MEMORY : FAULT_FORMAT;
    return message;
}
