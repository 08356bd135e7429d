/* row_definition.c - the stage definition as bytes. Called through codec_entity_pack and _unpack.
 *
 * Whether the definition makes sense is definition_mistake's matter, not the codec's; here only
 * what could not be held in the structs is refused. */
#include "common/codec/packing.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/domain/stage_edit.h"
#include "common/link/wire.h"
#include "proto/sluice.pb-c.h"
#include "common/base/banned.h"

static Sluice__Gate **gates_pack(struct packer *packer, const struct stage *stage)
{
    Sluice__Gate **list = packer_array(packer, stage->gate_count, sizeof *list);
    Sluice__Gate *gates = packer_array(packer, stage->gate_count, sizeof *gates);
    if (!list || !gates) return NULL;
    for (size_t i = 0; i < stage->gate_count; i++) {
        sluice__gate__init(&gates[i]);
        gates[i].requirement = packer_string(packer, stage->gates[i].requirement);
        list[i] = &gates[i];
    }
    return list;
}

static void stage_pack(struct packer *packer, const struct stage *stage, Sluice__Stage *out)
{
    sluice__stage__init(out);
    out->key = packer_string(packer, stage->key);
    out->name = packer_string(packer, stage->name);
    out->text = packer_string(packer, stage->text);
    out->has_kind = 1;
    out->kind = (uint32_t)stage->kind;
    out->has_probability = stage->probability != 0;
    out->probability = stage->probability;
    out->has_expected_days = stage->expected_days != 0;
    out->expected_days = stage->expected_days;
    out->has_quiet_days = stage->quiet_days != 0;
    out->quiet_days = stage->quiet_days;
    out->has_slow_days = stage->slow_days != 0;
    out->slow_days = stage->slow_days;
    out->has_skip_forbidden = out->skip_forbidden = stage->skip_forbidden;
    out->has_back = stage->back != 0;
    out->back = (uint32_t)stage->back;
    out->has_removed = out->removed = stage->removed;
    out->successor = packer_string(packer, stage->successor);
    out->gates = gates_pack(packer, stage);
    out->n_gates = out->gates ? stage->gate_count : 0;
}

static void pipeline_pack(struct packer *packer, const struct pipeline *pipeline,
                          Sluice__Pipeline *out)
{
    sluice__pipeline__init(out);
    out->key = packer_string(packer, pipeline->key);
    out->name = packer_string(packer, pipeline->name);
    out->stages = packer_array(packer, pipeline->stage_count, sizeof *out->stages);
    out->checks = packer_array(packer, pipeline->check_count, sizeof *out->checks);
    Sluice__Stage *stages = packer_array(packer, pipeline->stage_count, sizeof *stages);
    Sluice__StageCheck *checks = packer_array(packer, pipeline->check_count, sizeof *checks);
    if (!out->stages || !out->checks || !stages || !checks) return;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        stage_pack(packer, &pipeline->stages[i], &stages[i]);
        out->stages[i] = &stages[i];
    }
    for (size_t i = 0; i < pipeline->check_count; i++) {
        sluice__stage_check__init(&checks[i]);
        checks[i].key = packer_string(packer, pipeline->checks[i].key);
        checks[i].name = packer_string(packer, pipeline->checks[i].name);
        out->checks[i] = &checks[i];
    }
    out->n_stages = pipeline->stage_count;
    out->n_checks = pipeline->check_count;
}

enum fault codec_definition_pack(const struct definition *definition, struct buffer *out)
{
    struct packer packer;
    packer_init(&packer);
    Sluice__Definition message = SLUICE__DEFINITION__INIT;
    message.has_id = 1;
    message.id = packing_id(&definition->id);
    message.has_version = 1;
    message.version = definition->version;
    size_t count = definition->pipeline_count;
    message.pipelines = packer_array(&packer, count, sizeof *message.pipelines);
    Sluice__Pipeline *pipelines = packer_array(&packer, count, sizeof *pipelines);
    enum fault fault = packer.fault;
    if (!fault) {
        for (size_t i = 0; i < count; i++) {
            pipeline_pack(&packer, &definition->pipelines[i], &pipelines[i]);
            message.pipelines[i] = &pipelines[i];
        }
        message.n_pipelines = count;
        fault = packer_append(&packer, &message.base, out);
    }
    packer_finish(&packer);
    return fault;
}

Sluice__StageEdit *codec_stage_edit_pack(struct packer *packer, const struct stage_edit *edit)
{
    Sluice__StageEdit *out = packer_array(packer, 1, sizeof *out);
    Sluice__Stage *stages = packer_array(packer, 2, sizeof *stages);
    if (!out || !stages) return NULL;
    sluice__stage_edit__init(out);
    out->pipeline = packer_string(packer, edit->pipeline);
    if (!edit->created) {
        stage_pack(packer, &edit->base, &stages[0]);
        out->base_stage = &stages[0];
    }
    stage_pack(packer, &edit->want, &stages[1]);
    out->want = &stages[1];
    out->has_moved = out->moved = edit->moved;
    out->behind_base = packer_string(packer, edit->behind_base);
    out->behind = packer_string(packer, edit->behind);
    return out;
}

/* --- unpacking --- */

static enum fault stage_unpack(struct arena *arena, const Sluice__Stage *from, struct stage *out)
{
    if (from->n_gates > GATES_MAX) return FAULT_FORMAT;
    *out = (struct stage){
        .key = str_from(from->key),
        .name = str_from(from->name),
        .text = str_from(from->text),
        .kind = from->has_kind ? from->kind : STAGE_NONE,
        .probability = from->has_probability ? from->probability : 0,
        .expected_days = from->has_expected_days ? from->expected_days : 0,
        .quiet_days = from->has_quiet_days ? from->quiet_days : 0,
        .slow_days = from->has_slow_days ? from->slow_days : 0,
        .skip_forbidden = from->has_skip_forbidden && from->skip_forbidden,
        .back = from->has_back ? from->back : BACK_ALLOWED,
        .removed = from->has_removed && from->removed,
        .successor = str_from(from->successor),
        .gate_count = from->n_gates,
    };
    out->gates = arena_array(arena, from->n_gates ? from->n_gates : 1, sizeof *out->gates);
    if (!out->gates) return FAULT_MEMORY;
    for (size_t i = 0; i < from->n_gates; i++) {
        out->gates[i].requirement = str_from(from->gates[i]->requirement);
    }
    return FAULT_NONE;
}

enum fault codec_stage_edit_unpack(struct arena *arena, const Sluice__StageEdit *from,
                                   const struct stage_edit **out)
{
    if (!from->want) return FAULT_FORMAT;
    struct stage_edit *edit = arena_alloc(arena, sizeof *edit);
    if (!edit) return FAULT_MEMORY;
    *edit = (struct stage_edit){
        .pipeline = str_from(from->pipeline),
        .created = !from->base_stage,
        .moved = from->has_moved && from->moved,
        .behind_base = str_from(from->behind_base),
        .behind = str_from(from->behind),
    };
    enum fault fault = stage_unpack(arena, from->want, &edit->want);
    if (!fault && from->base_stage) fault = stage_unpack(arena, from->base_stage, &edit->base);
    *out = edit;
    return fault;
}

static enum fault pipeline_unpack(struct arena *arena, const Sluice__Pipeline *from,
                                  struct pipeline *out)
{
    if (from->n_stages > STAGES_MAX || from->n_checks > CHECKS_MAX) return FAULT_FORMAT;
    *out = (struct pipeline){.key = str_from(from->key), .name = str_from(from->name)};
    out->stages = arena_array(arena, from->n_stages ? from->n_stages : 1, sizeof *out->stages);
    out->checks = arena_array(arena, from->n_checks ? from->n_checks : 1, sizeof *out->checks);
    if (!out->stages || !out->checks) return FAULT_MEMORY;
    for (size_t i = 0; i < from->n_stages; i++) {
        enum fault fault = stage_unpack(arena, from->stages[i], &out->stages[i]);
        if (fault) return fault;
    }
    for (size_t i = 0; i < from->n_checks; i++) {
        out->checks[i] = (struct stage_check){.key = str_from(from->checks[i]->key),
                                              .name = str_from(from->checks[i]->name)};
    }
    out->stage_count = from->n_stages;
    out->check_count = from->n_checks;
    return FAULT_NONE;
}

enum fault codec_definition_unpack(struct arena *arena, struct str bytes, struct definition **out)
{
    enum fault fault = FAULT_NONE;
    const ProtobufCMessage *message =
        wire_unpack(&sluice__definition__descriptor, arena, bytes, &fault);
    if (!message) return fault == FAULT_MEMORY ? fault : FAULT_FORMAT;
    const Sluice__Definition *from = (const Sluice__Definition *)message;
    if (from->n_pipelines > PIPELINES_MAX) return FAULT_FORMAT;
    struct definition *definition = arena_alloc(arena, sizeof *definition);
    if (!definition) return FAULT_MEMORY;
    fault = unpacked_id(from->has_id, from->id, &definition->id);
    if (fault) return fault;
    definition->version = from->has_version ? from->version : 0;
    definition->pipeline_count = from->n_pipelines;
    definition->pipelines = arena_array(arena, from->n_pipelines ? from->n_pipelines : 1,
                                        sizeof *definition->pipelines);
    if (!definition->pipelines) return FAULT_MEMORY;
    for (size_t i = 0; i < from->n_pipelines; i++) {
        fault = pipeline_unpack(arena, from->pipelines[i], &definition->pipelines[i]);
        if (fault) return fault;
    }
    *out = definition;
    return FAULT_NONE;
}
