/* crash_note.c - see the header. */
#include "server/core/crash_note.h"

#include <string.h>

#include "common/codec/row.h"

#include "common/base/banned.h"

void crash_note_begin(struct crash_note *note, const uint8_t hash[NOTE_HASH_BYTES])
{
    if (!note) return;
    memcpy(note->hash, hash, NOTE_HASH_BYTES);
    note->busy = true;
}

void crash_note_end(struct crash_note *note)
{
    if (note) note->busy = false;
}

static size_t suspect_find(const struct crash_note *note, const uint8_t hash[NOTE_HASH_BYTES])
{
    size_t i = 0;
    while (i < note->count && memcmp(note->suspects[i].hash, hash, NOTE_HASH_BYTES) != 0) i++;
    return i;
}

bool crash_note_condemns(const struct crash_note *note, struct str payload)
{
    uint8_t hash[NOTE_HASH_BYTES];
    if (!note || note->count == 0) return false;
    codec_payload_hash(payload, hash);
    size_t i = suspect_find(note, hash);
    return i < note->count && note->suspects[i].crashes >= CRASHES_MAX;
}

uint32_t crash_note_blame(struct crash_note *note)
{
    if (!note->busy) return 0;
    note->busy = false;
    size_t i = suspect_find(note, note->hash);
    if (i == note->count && note->count == SUSPECTS_MAX) {
        memmove(note->suspects, note->suspects + 1, (SUSPECTS_MAX - 1) * sizeof *note->suspects);
        i = --note->count;
    }
    if (i == note->count) {
        note->suspects[note->count++] = (struct suspect){.crashes = 0};
        memcpy(note->suspects[i].hash, note->hash, NOTE_HASH_BYTES);
    }
    return ++note->suspects[i].crashes;
}
