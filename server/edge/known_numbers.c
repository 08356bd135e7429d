/* known_numbers.c - see known_numbers.h. Called by the worker (witness.c) and by `status`. */
#define _GNU_SOURCE
#include "server/edge/known_numbers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include "common/base/map.h"
#include "server/edge/configuration.h"

#include "common/base/banned.h"

enum {
    NUMBERS_BYTES_MAX = 64 * 1024 * 1024, /* a quarter of a million copies */
    LINE_BYTES = 4 * (UUID_TEXT_LENGTH + 1) + 64,
    LOST_MAX = 4096, /* then the oldest goes */
};

struct known_numbers {
    char path[CONFIGURATION_PATH_MAX + 32];
    struct arena arena;
    struct map index; /* replica to struct known_number */
    struct known_number *lost; /* LOST_MAX, when there are any */
    size_t lost_count;
    bool changed;
};

static struct str key_of(const struct uuid *id)
{
    return (struct str){(const char *)id->b, sizeof id->b};
}

/* --- what is lost --- */

static void lost_remove(struct known_numbers *known, size_t i)
{
    known->lost_count--;
    memmove(known->lost + i, known->lost + i + 1, (known->lost_count - i) * sizeof *known->lost);
    known->changed = true;
}

static void lost_add(struct known_numbers *known, const struct known_number *number)
{
    if (!known->lost) known->lost = calloc(LOST_MAX, sizeof *known->lost);
    if (!known->lost) return; /* full: no more */
    if (known->lost_count == LOST_MAX) lost_remove(known, 0);
    struct known_number *lost = &known->lost[known->lost_count++];
    *lost = *number;
    lost->lost = true;
    lost->doubted = false;
    known->changed = true;
}

void known_numbers_answered(struct known_numbers *known, struct uuid replica, struct uuid mutation)
{
    struct known_number *at = map_get(&known->index, key_of(&replica));
    if (at && uuid_equal(at->mutation, mutation)) at->doubted = false;
    for (size_t i = known->lost_count; i > 0; i--) {
        if (uuid_equal(known->lost[i - 1].mutation, mutation)) lost_remove(known, i - 1);
    }
}

void known_numbers_doubt(struct known_numbers *known)
{
    for (size_t i = 0; i < known->index.count; i++) {
        struct known_number *each = known->index.entries[i].value;
        each->doubted = true;
    }
}

/* --- what comes --- */

static void number_replace(struct known_numbers *known, struct known_number *at,
                           const struct known_number *number)
{
    bool more = number->number > at->number, named = !uuid_is_zero(at->mutation);
    if (uuid_equal(number->mutation, at->mutation) && number->number == at->number) return;
    if (!more && (!named || uuid_is_zero(number->mutation))) return;
    if (named && (!more || at->doubted)) lost_add(known, at);
    at->number = number->number;
    at->mutation = number->mutation;
    at->at_ms = number->at_ms;
    at->doubted = false;
    known->changed = true;
}

void known_numbers_learn(struct known_numbers *known, const struct known_number *number)
{
    if (number->lost) {
        lost_add(known, number);
        return;
    }
    if (!uuid_is_zero(number->mutation)) {
        known_numbers_answered(known, number->replica, number->mutation);
    }
    struct known_number *at = map_get(&known->index, key_of(&number->replica));
    if (!at) {
        at = arena_copy(&known->arena, number, sizeof *number);
        if (!at || map_put(&known->index, key_of(&number->replica), at)) return; /* full: no more */
        known->changed = true;
        return;
    }
    number_replace(known, at, number);
    if (!uuid_is_zero(number->device) && !uuid_equal(number->device, at->device)) {
        at->device = number->device;
        known->changed = true;
    }
}

/* TEAM REPLICA DEVICE NUMBER MUTATION MS [lost] */
static bool line_read(struct str line, struct known_number *out)
{
    struct str word, rest = line;
    struct uuid *ids[] = {&out->team, &out->replica, &out->device};
    int64_t number = 0;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        if (!str_split(&rest, ' ', &word) || uuid_parse(word, ids[i]) != FAULT_NONE) return false;
    }
    if (!str_split(&rest, ' ', &word) || str_to_int64(word, &number) != FAULT_NONE) return false;
    if (number < 0 || !str_split(&rest, ' ', &word)) return false;
    if (uuid_parse(word, &out->mutation) != FAULT_NONE) return false;
    if (!str_split(&rest, ' ', &word) || str_to_int64(word, &out->at_ms) != FAULT_NONE) return false;
    out->lost = str_split(&rest, ' ', &word);
    if (out->lost && !str_equal(word, STR("lost"))) return false;
    out->number = (uint64_t)number;
    return !uuid_is_zero(out->replica);
}

struct known_numbers *known_numbers_open(const char *data)
{
    struct known_numbers *known = calloc(1, sizeof *known);
    if (!known) return NULL;
    snprintf(known->path, sizeof known->path, "%s/known.numbers", data);
    arena_init(&known->arena, NUMBERS_BYTES_MAX);
    map_init(&known->index, &known->arena);
    FILE *file = fopen(known->path, "re");
    char text[LINE_BYTES + 2];
    while (file && fgets(text, sizeof text, file)) {
        struct known_number number = {.number = 0};
        if (line_read(str_slice(str_from(text), 0, strcspn(text, "\n")), &number)) {
            known_numbers_learn(known, &number);
        }
    }
    if (file) fclose(file);
    known->changed = false;
    return known;
}

void known_numbers_close(struct known_numbers *known)
{
    if (!known) return;
    arena_finish(&known->arena);
    free(known->lost);
    free(known);
}

size_t known_numbers_count(const struct known_numbers *known)
{
    return known->index.count + known->lost_count;
}

const struct known_number *known_numbers_at(const struct known_numbers *known, size_t i)
{
    if (i < known->index.count) return known->index.entries[i].value;
    return &known->lost[i - known->index.count];
}

bool known_numbers_changed(const struct known_numbers *known)
{
    return known->changed;
}

static bool numbers_print(const struct known_numbers *known, FILE *file)
{
    for (size_t i = 0; i < known_numbers_count(known); i++) {
        const struct known_number *each = known_numbers_at(known, i);
        char team[UUID_TEXT_LENGTH + 1], replica[UUID_TEXT_LENGTH + 1];
        char device[UUID_TEXT_LENGTH + 1], mutation[UUID_TEXT_LENGTH + 1];
        uuid_format(each->mutation, mutation);
        uuid_format(each->team, team);
        uuid_format(each->replica, replica);
        uuid_format(each->device, device);
        if (fprintf(file, "%s %s %s %" PRIu64 " %s %" PRId64 "%s\n", team, replica, device,
                    each->number, mutation, each->at_ms, each->lost ? " lost" : "") < 0) {
            return false;
        }
    }
    return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

enum fault known_numbers_write(struct known_numbers *known)
{
    char beside[sizeof known->path + 8];
    snprintf(beside, sizeof beside, "%s.new", known->path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!file) {
        if (fd >= 0) close(fd);
        return FAULT_IO;
    }
    bool good = numbers_print(known, file);
    good = fclose(file) == 0 && good;
    good = good && rename(beside, known->path) == 0;
    if (!good) {
        unlink(beside);
        return FAULT_IO;
    }
    known->changed = false;
    return FAULT_NONE;
}
