/* fuzz_wire.c - any bytes through the pre-scan and, if it lets them pass, through protobuf-c.
 *
 * Claims: neither crashes; what passes unpacks within the arena (or lacks a required field); it can
 * be packed again, and the result passes too. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/check.h"
#include "common/link/wire.h"
#include "tests/support/wire_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct arena arena;
    arena_init(&arena, WIRE_ARENA_MAX);
    enum fault fault;
    bool passes = wire_scan(&wire_sample_type, bytes) == FAULT_NONE;
    ProtobufCMessage *message = wire_unpack(&wire_sample_type, &arena, bytes, &fault);
    check(passes || message == NULL);
    check((message == NULL) == (fault != FAULT_NONE));
    if (message != NULL) {
        size_t n = protobuf_c_message_get_packed_size(message);
        uint8_t *again = malloc(n + 1);
        check(again != NULL);
        check(protobuf_c_message_pack(message, again) == n);
        check(wire_scan(&wire_sample_type, (struct str){(const char *)again, n}) == FAULT_NONE);
        free(again);
    }
    arena_finish(&arena);
    return 0;
}
