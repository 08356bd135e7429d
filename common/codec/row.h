/* row.h - entities and mutations as bytes: driven by the field table and the generated descriptors.
 *
 * The only place besides message.c that sees generated protobuf code. What is unpacked lives in the
 * arena and owes nothing to the input bytes. */
#ifndef SLUICE_COMMON_CODEC_ROW_H
#define SLUICE_COMMON_CODEC_ROW_H

#include "common/base/buffer.h"
#include "common/domain/definition.h"
#include "common/domain/mutation.h"

/* Packs the entity (struct of its kind; struct definition for ENTITY_DEFINITION). Server-only
 * fields are left out. Appends to out. FAULT_LIMIT when out is full. */
MUST_USE enum fault codec_entity_pack(enum entity_kind kind, const void *entity,
                                      struct buffer *out);
/* FAULT_FORMAT when the bytes are not such an entity (scan included); unknown fields are ignored
 * here, and kept by whoever keeps the bytes. FAULT_NOT_FOUND for a kind we do not know. */
MUST_USE enum fault codec_entity_unpack(struct arena *arena, enum entity_kind kind,
                                        struct str bytes, void **out);

MUST_USE enum fault codec_mutation_pack(const struct mutation *mutation, struct buffer *out);
/* Unknown tags come back as edits with a NULL field. FAULT_FORMAT when it is no mutation. Content
 * is not judged here: decide does. A Value that misfits its field's type is FAULT_FORMAT. */
MUST_USE enum fault codec_mutation_unpack(struct arena *arena, struct str bytes,
                                          struct mutation *out);
/* Only its id, read without unpacking anything, for bytes that are not to be looked into. Zero when
 * there is none. */
struct uuid codec_mutation_id(struct str bytes);

/* BLAKE2b-256 of a mutation's bytes: what makes "the same number, another payload" visible. */
void codec_payload_hash(struct str bytes, uint8_t out[32]);

#endif
