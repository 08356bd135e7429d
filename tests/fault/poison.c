/* poison.c - a library to preload, for test_scenario_25.sh: reading a mutation that holds the words
 * "Poison cake" ends the process, as a bug in its handler would. Nothing else does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

typedef ProtobufCMessage *unpack_fn(const ProtobufCMessageDescriptor *, ProtobufCAllocator *,
                                    size_t, const uint8_t *);

ProtobufCMessage *protobuf_c_message_unpack(const ProtobufCMessageDescriptor *type,
                                            ProtobufCAllocator *allocator, size_t n,
                                            const uint8_t *bytes)
{
    static const char words[] = "Poison cake";
    if (strcmp(type->name, "sluice.Mutation") == 0 && memmem(bytes, n, words, sizeof words - 1)) {
        abort();
    }
    union {
        void *object;
        unpack_fn *function;
    } next = {.object = dlsym(RTLD_NEXT, "protobuf_c_message_unpack")};
    return next.function(type, allocator, n, bytes);
}
