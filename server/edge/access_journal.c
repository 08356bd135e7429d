/* access_journal.c - see access_journal.h. Called by the keeper at start and by the worker.
 *
 *   enrolled TEAM DEVICE MS KEY CODE-HASH NAME CHECK      all but MS in hexadecimal, - for nothing
 *   revoked TEAM DEVICE MS BY CHECK
 *   removed TEAM MEMBER MS BY CHECK
 *
 * Invariant: what stands before the file's last line end was synced. */
#define _GNU_SOURCE
#include "server/edge/access_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "common/base/bounds.h"
#include "common/base/buffer.h"
#include "common/base/map.h"
#include "common/codec/row.h"
#include "server/edge/configuration.h"

#include "common/base/banned.h"

enum {
    JOURNAL_BYTES_MAX = 64 * 1024 * 1024, /* a hundred thousand devices */
    CHECK_BYTES = 8,
    CHECK_DIGITS = 2 * CHECK_BYTES,
    WORDS_MAX = 8,
};

struct access_journal {
    struct arena arena; /* of the names, and of lists that grew */
    struct access_entry *entries;
    size_t count, cap, damaged;
    struct map known; /* kind and subject */
    struct buffer unwritten;
    int fd;
};

/* --- a line --- */

static void check_of(struct str text, char out[CHECK_DIGITS + 1])
{
    uint8_t hash[32];
    codec_payload_hash(text, hash);
    sodium_bin2hex(out, CHECK_DIGITS + 1, hash, CHECK_BYTES);
}

static bool id_read(struct str word, struct uuid *out)
{
    return uuid_parse(word, out) == FAULT_NONE;
}

static bool hex_read(struct str word, uint8_t *out, size_t n)
{
    size_t got = 0;
    return word.n == 2 * n && sodium_hex2bin(out, n, word.p, word.n, NULL, &got, NULL) == 0 &&
           got == n;
}

static bool name_read(struct arena *arena, struct str word, struct str *out)
{
    *out = STR("");
    if (str_equal(word, STR("-"))) return true;
    size_t n = word.n / 2;
    if (word.n % 2 != 0 || n > NAME_BYTES_MAX) return false;
    uint8_t bytes[NAME_BYTES_MAX];
    if (!hex_read(word, bytes, n)) return false;
    *out = arena_str(arena, (struct str){(const char *)bytes, n});
    return text_is_clean(*out, false);
}

static const char *const kind_words[] = {[ACCESS_ENROLLED] = "enrolled",
                                         [ACCESS_REVOKED] = "revoked",
                                         [ACCESS_REMOVED] = "removed",
                                         [ACCESS_TAKEN_BACK] = "taken_back"};

/* 0: none. */
static enum access_kind kind_read(struct str word)
{
    for (int kind = ACCESS_ENROLLED; kind <= ACCESS_TAKEN_BACK; kind++) {
        if (str_equal(word, str_from(kind_words[kind]))) return (enum access_kind)kind;
    }
    return (enum access_kind)0;
}

/* Without its line end. */
static bool line_read(struct arena *arena, struct str line, struct access_entry *out)
{
    char check[CHECK_DIGITS + 1];
    struct str words[WORDS_MAX], rest = line;
    size_t count = 0;
    if (line.n <= CHECK_DIGITS + 1) return false;
    size_t body = line.n - CHECK_DIGITS - 1;
    check_of(str_slice(line, 0, body), check);
    if (!str_equal(str_slice(line, body + 1, line.n), str_from(check))) return false;
    while (count < WORDS_MAX && str_split(&rest, ' ', &words[count])) count++;
    *out = (struct access_entry){.kind = kind_read(words[0])};
    bool enrolled = out->kind == ACCESS_ENROLLED;
    if (out->kind == 0) return false;
    if (count != (enrolled ? 8 : 6)) return false;
    if (!id_read(words[1], &out->team) || !id_read(words[2], &out->subject)) return false;
    if (str_to_int64(words[3], &out->at_ms) != FAULT_NONE) return false;
    if (!enrolled) return id_read(words[4], &out->by);
    return hex_read(words[4], out->key, sizeof out->key) &&
           hex_read(words[5], out->code_hash, sizeof out->code_hash) &&
           name_read(arena, words[6], &out->name);
}

static enum fault line_write(const struct access_entry *entry, struct buffer *out)
{
    char team[UUID_TEXT_LENGTH + 1], subject[UUID_TEXT_LENGTH + 1], by[UUID_TEXT_LENGTH + 1];
    char key[2 * ACCESS_KEY_BYTES + 1], code[2 * ACCESS_HASH_BYTES + 1];
    char name[2 * NAME_BYTES_MAX + 1] = "-", check[CHECK_DIGITS + 1], line[1024];
    uuid_format(entry->team, team);
    uuid_format(entry->subject, subject);
    int n;
    if (entry->kind == ACCESS_ENROLLED) {
        if (entry->name.n > NAME_BYTES_MAX) return FAULT_LIMIT;
        sodium_bin2hex(key, sizeof key, entry->key, sizeof entry->key);
        sodium_bin2hex(code, sizeof code, entry->code_hash, sizeof entry->code_hash);
        if (entry->name.n > 0) {
            sodium_bin2hex(name, sizeof name, (const uint8_t *)entry->name.p, entry->name.n);
        }
        n = snprintf(line, sizeof line, "enrolled %s %s %" PRId64 " %s %s %s", team, subject,
                     entry->at_ms, key, code, name);
    } else {
        uuid_format(entry->by, by);
        n = snprintf(line, sizeof line, "%s %s %s %" PRId64 " %s",
                     kind_words[entry->kind], team, subject, entry->at_ms, by);
    }
    if (n < 0 || (size_t)n >= sizeof line) return FAULT_LIMIT;
    check_of((struct str){line, (size_t)n}, check);
    buffer_append(out, line, (size_t)n);
    buffer_format(out, " %s\n", check);
    return buffer_fault(out);
}

/* --- memory --- */

enum { KNOWN_BYTES = 1 + sizeof(struct uuid) };

static struct str known_key(const struct access_entry *entry, char out[KNOWN_BYTES])
{
    out[0] = (char)entry->kind;
    memcpy(out + 1, entry->subject.b, sizeof(struct uuid));
    return (struct str){out, KNOWN_BYTES};
}

static bool entry_known(const struct access_journal *journal, const struct access_entry *entry)
{
    char key[KNOWN_BYTES];
    return map_get(&journal->known, known_key(entry, key)) != NULL;
}

static enum fault entry_keep(struct access_journal *journal, const struct access_entry *entry)
{
    char key[KNOWN_BYTES];
    void *entries = journal->entries;
    struct access_entry *kept =
        arena_push(&journal->arena, &entries, &journal->count, &journal->cap, sizeof *kept);
    journal->entries = entries;
    if (!kept) return FAULT_MEMORY;
    *kept = *entry;
    kept->name = arena_str(&journal->arena, entry->name);
    enum fault fault = map_put(&journal->known, known_key(entry, key), journal);
    return fault ? fault : arena_fault(&journal->arena);
}

/* --- the file --- */

/* All of it up to *whole, the end of the last whole line. */
static enum fault journal_read(struct access_journal *journal, struct str bytes, size_t *whole)
{
    struct str rest = bytes;
    *whole = 0;
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        if (!end) break; /* torn */
        size_t n = (size_t)(end - rest.p);
        struct access_entry entry;
        if (line_read(&journal->arena, str_slice(rest, 0, n), &entry)) {
            enum fault fault = entry_known(journal, &entry) ? FAULT_NONE
                                                            : entry_keep(journal, &entry);
            if (fault) return fault;
        } else {
            journal->damaged++;
        }
        rest = str_slice(rest, n + 1, rest.n);
        *whole = bytes.n - rest.n;
    }
    return FAULT_NONE;
}

static enum fault journal_load(struct access_journal *journal)
{
    struct stat about;
    if (fstat(journal->fd, &about) != 0) return FAULT_IO;
    if (about.st_size > JOURNAL_BYTES_MAX) return FAULT_LIMIT;
    size_t n = 0, size = (size_t)about.st_size, whole = 0;
    char *bytes = malloc(size + 1);
    if (!bytes) return FAULT_MEMORY;
    while (n < size) {
        ssize_t got = pread(journal->fd, bytes + n, size - n, (off_t)n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        n += (size_t)got;
    }
    enum fault fault = n == size ? journal_read(journal, (struct str){bytes, n}, &whole) : FAULT_IO;
    free(bytes);
    if (!fault && whole < size && ftruncate(journal->fd, (off_t)whole) != 0) fault = FAULT_IO;
    return fault;
}

/* A file that is new is there after a power cut too. */
static enum fault folder_sync(const char *data)
{
    int fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FAULT_IO;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced ? FAULT_NONE : FAULT_IO;
}

enum fault access_journal_open(const char *data, struct access_journal **out,
                               struct trouble *trouble)
{
    char path[CONFIGURATION_PATH_MAX + 32];
    struct access_journal *journal = calloc(1, sizeof *journal);
    enum fault fault = journal ? FAULT_NONE : FAULT_MEMORY;
    *out = journal;
    snprintf(path, sizeof path, "%s/access.journal", data);
    if (!fault) {
        arena_init(&journal->arena, 2 * JOURNAL_BYTES_MAX);
        map_init(&journal->known, &journal->arena);
        buffer_init(&journal->unwritten, JOURNAL_BYTES_MAX);
        journal->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (journal->fd < 0) fault = errno == EACCES || errno == ELOOP ? FAULT_DENIED : FAULT_IO;
    }
    if (!fault) fault = folder_sync(data);
    if (!fault) fault = journal_load(journal);
    if (!fault) return FAULT_NONE;
    trouble_say(trouble, "cannot read %s (%s); make it readable, or put it back from a backup of it: "
                         "it keeps revoked devices out when the database is restored",
                path, fault_name(fault));
    access_journal_close(journal);
    *out = NULL;
    return fault;
}

void access_journal_close(struct access_journal *journal)
{
    if (!journal) return;
    if (journal->fd >= 0) close(journal->fd);
    arena_finish(&journal->arena);
    buffer_finish(&journal->unwritten);
    free(journal);
}

size_t access_journal_count(const struct access_journal *journal)
{
    return journal->count;
}

const struct access_entry *access_journal_entry(const struct access_journal *journal, size_t i)
{
    return &journal->entries[i];
}

bool access_journal_has(const struct access_journal *journal, enum access_kind kind,
                        struct uuid subject)
{
    return entry_known(journal, &(struct access_entry){.kind = kind, .subject = subject});
}

size_t access_journal_damaged(const struct access_journal *journal)
{
    return journal->damaged;
}

/* What did not get in whole is taken back, so that the next try does not begin in a line. */
static enum fault journal_write(struct access_journal *journal)
{
    struct stat about;
    if (fstat(journal->fd, &about) != 0) return FAULT_IO;
    struct str rest = buffer_str(&journal->unwritten);
    while (rest.n > 0) {
        ssize_t wrote = write(journal->fd, rest.p, rest.n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) {
            enum fault fault = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? FAULT_FULL : FAULT_IO;
            return ftruncate(journal->fd, about.st_size) == 0 ? fault : FAULT_IO;
        }
        rest = str_slice(rest, (size_t)wrote, rest.n);
    }
    if (fsync(journal->fd) != 0) return FAULT_IO;
    buffer_clear(&journal->unwritten);
    return FAULT_NONE;
}

enum fault access_journal_add(struct access_journal *journal, const struct access_entry *entry)
{
    if (!entry_known(journal, entry)) {
        enum fault fault = line_write(entry, &journal->unwritten);
        if (!fault) fault = entry_keep(journal, entry);
        if (fault) return fault;
    }
    return buffer_str(&journal->unwritten).n > 0 ? journal_write(journal) : FAULT_NONE;
}
