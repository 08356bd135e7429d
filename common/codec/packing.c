/* packing.c - scratch memory and the small conversions between our structs and generated ones. */
#include "common/codec/packing.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/check.h"
#include "common/base/banned.h"

/* Generated structs are not const-correct; packing only reads through them. */
static uint8_t *mutable_bytes(const void *p)
{
    return (uint8_t *)(uintptr_t)p;
}

void packer_init(struct packer *packer)
{
    arena_init(&packer->scratch, WIRE_ARENA_MAX);
    packer->fault = FAULT_NONE;
}

void packer_finish(struct packer *packer)
{
    arena_finish(&packer->scratch);
}

static void packer_fail(struct packer *packer, enum fault fault)
{
    if (packer->fault == FAULT_NONE) packer->fault = fault;
}

void *packer_array(struct packer *packer, size_t count, size_t size)
{
    void *items = arena_array(&packer->scratch, count ? count : 1, size);
    if (!items) packer_fail(packer, FAULT_MEMORY);
    return items;
}

char *packer_string(struct packer *packer, struct str text)
{
    if (text.n == 0) return NULL;
    if (!text_is_utf8(text)) {
        packer_fail(packer, FAULT_FORMAT);
        return NULL;
    }
    char *copy = packer_array(packer, text.n + 1, 1);
    if (copy) memcpy(copy, text.p, text.n);
    return copy;
}

char **packer_strings(struct packer *packer, const struct str *texts, size_t n)
{
    if (n == 0) return NULL;
    char **strings = packer_array(packer, n, sizeof *strings);
    if (!strings) return NULL;
    for (size_t i = 0; i < n; i++) {
        /* In a list an empty one stays what it is. */
        strings[i] = texts[i].n ? packer_string(packer, texts[i]) : packer_array(packer, 1, 1);
    }
    return strings;
}

ProtobufCBinaryData packing_bytes(struct str bytes)
{
    return (ProtobufCBinaryData){.len = bytes.n, .data = mutable_bytes(bytes.p)};
}

ProtobufCBinaryData packing_id(const struct uuid *id)
{
    return (ProtobufCBinaryData){.len = sizeof id->b, .data = mutable_bytes(id->b)};
}

enum fault packer_append(struct packer *packer, const ProtobufCMessage *message,
                         struct buffer *out)
{
    if (packer->fault) return packer->fault;
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size == 0) return FAULT_NONE;
    uint8_t *to = buffer_reserve(out, size);
    if (!to) return buffer_fault(out);
    size_t packed = protobuf_c_message_pack(message, to);
    check(packed == size);
    buffer_grown(out, size);
    return FAULT_NONE;
}

struct str unpacked_bytes(protobuf_c_boolean has, ProtobufCBinaryData data)
{
    if (!has || data.len == 0) return STR_NONE;
    return (struct str){(const char *)data.data, data.len};
}

enum fault unpacked_id(protobuf_c_boolean has, ProtobufCBinaryData data, struct uuid *out)
{
    bool present;
    return unpacked_array(has, data, &present, out->b, sizeof out->b);
}

enum fault unpacked_array(protobuf_c_boolean has, ProtobufCBinaryData data, bool *present,
                          uint8_t *out, size_t n)
{
    memset(out, 0, n);
    *present = has;
    if (!has) return FAULT_NONE;
    if (data.len != n) return FAULT_FORMAT;
    memcpy(out, data.data, n);
    return FAULT_NONE;
}

enum fault unpacked_set(struct arena *arena, char *const *items, size_t count,
                        struct text_set *out)
{
    *out = (struct text_set){NULL, 0};
    if (count == 0) return FAULT_NONE;
    struct str *texts = arena_array(arena, count, sizeof *texts);
    if (!texts) return FAULT_MEMORY;
    for (size_t i = 0; i < count; i++) texts[i] = str_from(items[i]);
    return text_set_make(arena, texts, count, out);
}
