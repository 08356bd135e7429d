/* wire_sample.h - a message type with one field of each shape, for trying the pre-scan.
 *
 *   message Sample {
 *     optional int32   count    = 1;      optional string name = 2;   optional bytes data = 3;
 *     optional Sample  child    = 4;      repeated Sample children = 5;
 *     repeated uint64  numbers  = 6 [packed = true];
 *     repeated bool    marks    = 7 [packed = true];
 *     repeated fixed32 words    = 8;
 *     oneof side { string left = 9; Sample right = 10; }
 *     optional double  ratio    = 11;     repeated string names = 12; optional bool flag = 13;
 *     repeated sfixed64 longs   = 14;     optional Strict strict = 15;
 *   }
 *   message Strict { required uint32 must = 1; }
 *
 * Our own schema has no recursive type; this one has, since depth is what is tried. Written by hand
 * because it must not be mistaken for the schema. */
#ifndef SLUICE_TESTS_SUPPORT_WIRE_SAMPLE_H
#define SLUICE_TESTS_SUPPORT_WIRE_SAMPLE_H

#include <protobuf-c/protobuf-c.h>

enum { STRICT_FIELDS = 1, SAMPLE_FIELDS = 15 };

struct wire_strict {
    ProtobufCMessage base;
    uint32_t must;
};

struct wire_sample {
    ProtobufCMessage base;
    protobuf_c_boolean has_count;
    int32_t count;
    char *name;
    protobuf_c_boolean has_data;
    ProtobufCBinaryData data;
    struct wire_sample *child;
    size_t n_children;
    struct wire_sample **children;
    size_t n_numbers;
    uint64_t *numbers;
    size_t n_marks;
    protobuf_c_boolean *marks;
    size_t n_words;
    uint32_t *words;
    uint32_t side_case;
    union {
        char *left;
        struct wire_sample *right;
    } side;
    protobuf_c_boolean has_ratio;
    double ratio;
    size_t n_names;
    char **names;
    protobuf_c_boolean has_flag;
    protobuf_c_boolean flag;
    size_t n_longs;
    int64_t *longs;
    struct wire_strict *strict;
};

extern const ProtobufCMessageDescriptor wire_sample_type;

#endif
