/* configuration.c - reads and writes sluiced.conf and server.key.
 *
 * Invariant: files appear whole under their name (written beside, synced, renamed), 0600. */
#define _GNU_SOURCE
#include "server/edge/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libpq-fe.h>
#include <sodium.h>

#include "common/link/invitation.h"

#include "common/base/banned.h"

enum { SOCKET_FOLDER_MAX = 72, LINE_MAX_BYTES = 2048 }; /* + "/postgres/run/.s.PGSQL.5432" < 108 */

static void path_join(char out[CONFIGURATION_PATH_MAX + 64], const char *folder, const char *name)
{
    snprintf(out, CONFIGURATION_PATH_MAX + 64, "%s/%s", folder, name);
}

static enum fault file_write(const char *folder, const char *name, const void *bytes, size_t n,
                             struct trouble *trouble)
{
    char path[CONFIGURATION_PATH_MAX + 64], beside[CONFIGURATION_PATH_MAX + 80];
    path_join(path, folder, name);
    snprintf(beside, sizeof beside, "%s.new", path);
    enum fault fault = FAULT_NONE;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fsync(fd) != 0 ||
        rename(beside, path) != 0) {
        fault = errno == ENOSPC ? FAULT_FULL : FAULT_IO;
        trouble_say(trouble, "cannot write %s: %s%s", path, strerror(errno),
                    errno == ENOSPC ? "; make room on that disk" : "");
    }
    if (fd >= 0) close(fd);
    int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at >= 0) {
        (void)fsync(at);
        close(at);
    }
    return fault;
}

enum fault configuration_folder(const char *data, char out[CONFIGURATION_PATH_MAX],
                                struct trouble *trouble)
{
    char here[CONFIGURATION_PATH_MAX] = "";
    if (data[0] != '/' && !getcwd(here, sizeof here)) {
        trouble_say(trouble, "the current folder has no name; give --data as an absolute path");
        return FAULT_IO;
    }
    int n = snprintf(out, CONFIGURATION_PATH_MAX, "%s%s%s", here, here[0] ? "/" : "", data);
    while (n > 1 && n < CONFIGURATION_PATH_MAX && out[n - 1] == '/') out[--n] = 0;
    if (n > SOCKET_FOLDER_MAX) {
        trouble_say(trouble, "the path of the data folder is longer than %d bytes; choose a "
                             "shorter one (a socket's name must fit below it)",
                    SOCKET_FOLDER_MAX);
        return FAULT_LIMIT;
    }
    return FAULT_NONE;
}

static const char *const configuration_keys[] = {"listen", "address", "database", "database_app",
                                                 "team"};

static char *configuration_slot(struct configuration *c, struct str key)
{
    if (str_equal(key, STR("listen"))) return c->listen;
    if (str_equal(key, STR("address"))) return c->address;
    if (str_equal(key, STR("database"))) return c->database;
    if (str_equal(key, STR("database_app"))) return c->database_app;
    return NULL;
}

static enum fault key_unknown(struct str key, int number, struct trouble *trouble)
{
    enum { FAR = 3 };
    const char *nearest = NULL;
    size_t best = FAR;
    for (size_t i = 0; i < sizeof configuration_keys / sizeof configuration_keys[0]; i++) {
        size_t distance = text_distance(key, str_from(configuration_keys[i]), FAR);
        if (distance >= best) continue;
        best = distance;
        nearest = configuration_keys[i];
    }
    trouble_say(trouble, "sluiced.conf line %d: there is no setting \"%.*s\"; %s%s%s", number,
                STR_ARGS(str_slice(key, 0, 64)), nearest ? "did you mean " : "there are listen, "
                "address, database, database_app, team", nearest ? nearest : "", nearest ? "?" : "");
    return FAULT_FORMAT;
}

/* What can be told wrong without trying it; `where` is the line or the variable. */
static enum fault value_check(struct str key, const char *value, const char *where,
                              struct trouble *trouble)
{
    char host[256], port[6];
    struct str each[INVITATION_ADDRESSES_MAX];
    size_t count;
    if (!*value) return FAULT_NONE;
    if (str_equal(key, STR("listen"))) {
        if (listen_split(value, host, port)) return FAULT_NONE;
        trouble_say(trouble, "%s: \"%.100s\" is no address; give HOST:PORT", where, value);
        return FAULT_FORMAT;
    }
    if (str_equal(key, STR("address"))) {
        if (invitation_addresses(str_from(value), each, &count) == FAULT_NONE) return FAULT_NONE;
        trouble_say(trouble, "%s: \"%.100s\" is no address; give HOST:PORT, or several with "
                             "commas and no spaces between them",
                    where, value);
        return FAULT_FORMAT;
    }
    PQconninfoOption *options = PQconninfoParse(value, NULL);
    bool good = options != NULL;
    PQconninfoFree(options);
    if (good) return FAULT_NONE;
    /* It is not shown: there may be a password in it. */
    trouble_say(trouble, "%s: the value of %.*s is no connection string; give "
                         "postgresql://USER@HOST/DATABASE",
                where, STR_ARGS(key));
    return FAULT_FORMAT;
}

static enum fault configuration_line(struct configuration *c, struct str line, int number,
                                     struct trouble *trouble)
{
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#') return FAULT_NONE;
    size_t equals = str_find(line, '=');
    struct str key = str_trim(str_slice(line, 0, equals));
    struct str value = str_trim(str_slice(line, equals + 1, line.n));
    if (equals == line.n || value.n >= CONFIGURATION_VALUE_MAX) {
        trouble_say(trouble, "sluiced.conf line %d is not key = value; correct it", number);
        return FAULT_FORMAT;
    }
    if (str_equal(key, STR("team"))) {
        if (uuid_parse(value, &c->team) == FAULT_NONE) return FAULT_NONE;
        trouble_say(trouble, "sluiced.conf line %d: team is no id; restore what init wrote",
                    number);
        return FAULT_FORMAT;
    }
    char *slot = configuration_slot(c, key);
    if (!slot) return key_unknown(key, number, trouble);
    if (value.n > 0) memcpy(slot, value.p, value.n);
    slot[value.n] = 0;
    char where[48];
    snprintf(where, sizeof where, "sluiced.conf line %d", number);
    return value_check(key, slot, where, trouble);
}

static enum fault environment_apply(struct configuration *c, struct trouble *trouble)
{
    static const struct { const char *name, *key; } names[] = {
        {"SLUICED_LISTEN", "listen"},
        {"SLUICED_ADDRESS", "address"},
        {"SLUICED_DATABASE", "database"},
        {"SLUICED_DATABASE_APP", "database_app"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i].name);
        if (!value) continue;
        struct str key = str_from(names[i].key);
        if (strlen(value) >= CONFIGURATION_VALUE_MAX) {
            trouble_say(trouble, "%s is longer than %d bytes; shorten it", names[i].name,
                        CONFIGURATION_VALUE_MAX - 1);
            return FAULT_FORMAT;
        }
        enum fault fault = value_check(key, value, names[i].name, trouble);
        if (fault) return fault;
        memcpy(configuration_slot(c, key), value, strlen(value) + 1);
    }
    return FAULT_NONE;
}

enum fault configuration_read(const char *data, struct configuration *out, struct trouble *trouble)
{
    memset(out, 0, sizeof *out);
    snprintf(out->data, sizeof out->data, "%s", data);
    char path[CONFIGURATION_PATH_MAX + 64], line[LINE_MAX_BYTES];
    path_join(path, data, "sluiced.conf");
    FILE *file = fopen(path, "re");
    if (!file) {
        bool absent = errno == ENOENT;
        trouble_say(trouble, absent ? "%s is not initialised (%s); run `sluiced init` first"
                                    : "cannot read %s: %s; give it to the owner of its folder",
                    absent ? data : path, absent ? "no sluiced.conf" : strerror(errno));
        return absent ? FAULT_NOT_FOUND : FAULT_FORMAT;
    }
    enum fault fault = FAULT_NONE;
    for (int number = 1; !fault && fgets(line, sizeof line, file); number++) {
        fault = configuration_line(out, str_from(line), number, trouble);
    }
    fclose(file);
    if (!fault) fault = environment_apply(out, trouble);
    if (fault) return fault;
    char host[256], port[6];
    if (uuid_is_zero(out->team) || !listen_split(out->listen, host, port)) {
        trouble_say(trouble, "%s lacks %s; correct it", path,
                    uuid_is_zero(out->team) ? "a team" : "listen = HOST:PORT");
        return FAULT_FORMAT;
    }
    return FAULT_NONE;
}

enum fault configuration_write(const struct configuration *c, struct trouble *trouble)
{
    char text[5 * CONFIGURATION_VALUE_MAX], team[UUID_TEXT_LENGTH + 1];
    uuid_format(c->team, team);
    int n = snprintf(text, sizeof text,
                     "# sluiced.conf - settings of this server. Each goes also by environment\n"
                     "# (SLUICED_LISTEN ...). An empty database means the private cluster in\n"
                     "# postgres/ here; invitations say `address`, or `listen` when it is empty.\n"
                     "listen = %s\naddress = %s\ndatabase = %s\ndatabase_app = %s\nteam = %s\n",
                     c->listen, c->address, c->database, c->database_app, team);
    return file_write(c->data, "sluiced.conf", text, (size_t)n, trouble);
}

enum fault server_key_make(const char *data, struct key_pair *out, struct trouble *trouble)
{
    struct secret32 secret;
    randombytes_buf(secret.b, sizeof secret.b);
    *out = key_pair_from_secret(&secret);
    enum fault fault = file_write(data, "server.key", secret.b, sizeof secret.b, trouble);
    secret32_finish(&secret);
    return fault;
}

enum fault server_key_read(const char *data, struct key_pair *out, struct trouble *trouble)
{
    char path[CONFIGURATION_PATH_MAX + 64];
    path_join(path, data, "server.key");
    struct secret32 secret;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        trouble_say(trouble, "cannot read %s: %s; restore it, devices know the server by it", path,
                    strerror(errno));
        return FAULT_NOT_FOUND;
    }
    struct stat about;
    bool whole = fstat(fd, &about) == 0 && about.st_size == (off_t)sizeof secret.b &&
                 read(fd, secret.b, sizeof secret.b) == (ssize_t)sizeof secret.b;
    close(fd);
    if (!whole || about.st_mode & 077) {
        trouble_say(trouble, whole ? "%s can be read by others; chmod 600 %s"
                                   : "%s is damaged; restore %s from a backup",
                    path, path);
        secret32_finish(&secret);
        return whole ? FAULT_DENIED : FAULT_FORMAT;
    }
    *out = key_pair_from_secret(&secret);
    secret32_finish(&secret);
    return FAULT_NONE;
}

bool listen_split(const char *listen, char host[256], char port[6])
{
    const char *colon = strrchr(listen, ':');
    if (!colon || colon == listen || (size_t)(colon - listen) > 255) return false;
    struct str name = {listen, (size_t)(colon - listen)};
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']') {
        name = str_slice(name, 1, name.n - 1);
    }
    int64_t number;
    struct str digits = str_from(colon + 1);
    if (digits.n < 1 || digits.n > 5 || digits.p[0] == '+' || digits.p[0] == '-') return false;
    if (str_to_int64(digits, &number) != FAULT_NONE || number > 65535) return false;
    memcpy(host, name.p, name.n);
    host[name.n] = 0;
    snprintf(port, 6, "%d", (int)number);
    return true;
}
