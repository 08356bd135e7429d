/* packing.h - what the files of this folder share to talk with generated code. Included by nobody
 * else (and by the test that holds the field table against the descriptors).
 *
 * Packing: text of ours is not NUL-terminated and generated structs want mutable pointers, so a
 * packer copies text into a scratch arena. Its first fault sticks; look once, at the end. */
#ifndef SLUICE_COMMON_CODEC_PACKING_H
#define SLUICE_COMMON_CODEC_PACKING_H

#include "common/base/buffer.h"
#include "common/domain/entity.h"
#include "common/domain/value.h"

#include <protobuf-c/protobuf-c.h>

struct packer {
    struct arena scratch;
    enum fault fault;
};

void packer_init(struct packer *packer);
void packer_finish(struct packer *packer);
/* Zeroed scratch; NULL with the fault kept. */
void *packer_array(struct packer *packer, size_t count, size_t size);
/* NULL for absent text. FAULT_FORMAT for what no string on the wire may be: not UTF-8, or NUL. */
char *packer_string(struct packer *packer, struct str text);
/* n strings; NULL when there are none. */
char **packer_strings(struct packer *packer, const struct str *texts, size_t n);
/* Borrow: they must outlive packing. */
ProtobufCBinaryData packing_bytes(struct str bytes);
ProtobufCBinaryData packing_id(const struct uuid *id);
/* Appends the message, unless the packer failed. FAULT_LIMIT when out is full. */
MUST_USE enum fault packer_append(struct packer *packer, const ProtobufCMessage *message,
                                  struct buffer *out);

/* Reading. Strings and bytes come from the arena wire_unpack was given and are borrowed from it. */
struct str unpacked_bytes(protobuf_c_boolean has, ProtobufCBinaryData data);
/* Absent is the zero id; FAULT_FORMAT for any length but 16. */
MUST_USE enum fault unpacked_id(protobuf_c_boolean has, ProtobufCBinaryData data,
                                struct uuid *out);
/* FAULT_FORMAT for any length but n. */
MUST_USE enum fault unpacked_array(protobuf_c_boolean has, ProtobufCBinaryData data, bool *present,
                                   uint8_t *out, size_t n);
MUST_USE enum fault unpacked_set(struct arena *arena, char *const *items, size_t count,
                                 struct text_set *out);

/* NULL for kinds we do not know. */
const ProtobufCMessageDescriptor *codec_descriptor(enum entity_kind kind);

struct definition;
struct stage_edit;
/* row_definition.c: the one entity that is a document, not a row of fields. */
MUST_USE enum fault codec_definition_pack(const struct definition *definition, struct buffer *out);
MUST_USE enum fault codec_definition_unpack(struct arena *arena, struct str bytes,
                                            struct definition **out);

/* A stage by itself, as a mutation carries it. NULL with the packer's fault kept. */
struct Sluice__StageEdit *codec_stage_edit_pack(struct packer *packer,
                                                 const struct stage_edit *edit);
MUST_USE enum fault codec_stage_edit_unpack(struct arena *arena,
                                            const struct Sluice__StageEdit *from,
                                            const struct stage_edit **out);

#endif
