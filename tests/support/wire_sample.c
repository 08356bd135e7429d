/* wire_sample.c - see wire_sample.h. Called by test_wire and fuzz_wire. */
#include "tests/support/wire_sample.h"

#include <stddef.h>

#define PACKED     PROTOBUF_C_FIELD_FLAG_PACKED
#define ONEOF      PROTOBUF_C_FIELD_FLAG_ONEOF
#define AT(member) offsetof(struct wire_sample, member)
#define FIELD(number, text, kind, what, quantifier, member, type_of, bits)                     \
    {                                                                                          \
        .name = text, .id = number, .label = PROTOBUF_C_LABEL_##kind,                          \
        .type = PROTOBUF_C_TYPE_##what, .quantifier_offset = quantifier, .offset = AT(member), \
        .descriptor = type_of, .flags = bits                                                   \
    }

static const ProtobufCFieldDescriptor strict_fields[STRICT_FIELDS] = {
    {.name = "must",
     .id = 1,
     .label = PROTOBUF_C_LABEL_REQUIRED,
     .type = PROTOBUF_C_TYPE_UINT32,
     .offset = offsetof(struct wire_strict, must)},
};
static const unsigned strict_by_name[STRICT_FIELDS] = {0};
static const ProtobufCIntRange strict_ranges[] = {{1, 0}, {0, STRICT_FIELDS}};

static const ProtobufCMessageDescriptor strict_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Strict",
    .short_name = "Strict",
    .c_name = "Strict",
    .package_name = "",
    .sizeof_message = sizeof(struct wire_strict),
    .n_fields = STRICT_FIELDS,
    .fields = strict_fields,
    .fields_sorted_by_name = strict_by_name,
    .n_field_ranges = 1,
    .field_ranges = strict_ranges,
};

static const ProtobufCFieldDescriptor sample_fields[SAMPLE_FIELDS] = {
    FIELD(1, "count", OPTIONAL, INT32, AT(has_count), count, NULL, 0),
    FIELD(2, "name", OPTIONAL, STRING, 0, name, NULL, 0),
    FIELD(3, "data", OPTIONAL, BYTES, AT(has_data), data, NULL, 0),
    FIELD(4, "child", OPTIONAL, MESSAGE, 0, child, &wire_sample_type, 0),
    FIELD(5, "children", REPEATED, MESSAGE, AT(n_children), children, &wire_sample_type, 0),
    FIELD(6, "numbers", REPEATED, UINT64, AT(n_numbers), numbers, NULL, PACKED),
    FIELD(7, "marks", REPEATED, BOOL, AT(n_marks), marks, NULL, PACKED),
    FIELD(8, "words", REPEATED, FIXED32, AT(n_words), words, NULL, 0),
    FIELD(9, "left", OPTIONAL, STRING, AT(side_case), side, NULL, ONEOF),
    FIELD(10, "right", OPTIONAL, MESSAGE, AT(side_case), side, &wire_sample_type, ONEOF),
    FIELD(11, "ratio", OPTIONAL, DOUBLE, AT(has_ratio), ratio, NULL, 0),
    FIELD(12, "names", REPEATED, STRING, AT(n_names), names, NULL, 0),
    FIELD(13, "flag", OPTIONAL, BOOL, AT(has_flag), flag, NULL, 0),
    FIELD(14, "longs", REPEATED, SFIXED64, AT(n_longs), longs, NULL, 0),
    FIELD(15, "strict", OPTIONAL, MESSAGE, 0, strict, &strict_type, 0),
};
static const unsigned sample_by_name[SAMPLE_FIELDS] = {3, 4,  0, 2,  12, 8,  13, 6,
                                                       1, 11, 5, 10, 9,  14, 7};
static const ProtobufCIntRange sample_ranges[] = {{1, 0}, {0, SAMPLE_FIELDS}};

const ProtobufCMessageDescriptor wire_sample_type = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Sample",
    .short_name = "Sample",
    .c_name = "Sample",
    .package_name = "",
    .sizeof_message = sizeof(struct wire_sample),
    .n_fields = SAMPLE_FIELDS,
    .fields = sample_fields,
    .fields_sorted_by_name = sample_by_name,
    .n_field_ranges = 1,
    .field_ranges = sample_ranges,
};
