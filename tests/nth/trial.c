/* trial.c - see trial.h: making the trial, and putting it back. */
#define _GNU_SOURCE
#include "tests/nth/trial.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/edge/replica_file.h"
#include "common/base/check.h"
#include "common/codec/row.h"
#include "tests/nth/files.h"
#include "tests/simulation/file_layer.h"
#include "tests/support/link_pair.h"

#include "common/base/banned.h"

static const int64_t WALL = INT64_C(1800000000000);
static const char *const devices[DESKS] = {"laptop of Anna", "laptop of Bob", "laptop of Cid"};
static const char *const names[DESKS] = {"Anna", "Bob", "Cid"};

void trial_wrong(struct trial *trial, const char *format, ...)
{
    if (trial->problem[0]) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(trial->problem, sizeof trial->problem, format, arguments);
    va_end(arguments);
}

static void stands(const char *path)
{
    FILE *file = fopen(path, "w");
    check(file != NULL);
    check(fclose(file) == 0);
}

static void path_make(char path[PATH_BYTES_MAX], size_t desk,
                      const char *what)
{
    check(snprintf(path, PATH_BYTES_MAX, "%s/%zu-%s", files_folder(), desk, what) <
          PATH_BYTES_MAX);
}

void trial_begin(struct trial *trial, const struct database *database)
{
    memset(trial, 0, sizeof *trial);
    trial->database = database;
    files_start();
    random_init_number(&trial->random, 7);
    trial->now = (struct now){1000, WALL};
    trial->server_key = link_key_pair(&trial->random);
    trial->team = uuid_v7((uint64_t)WALL, &trial->random);
    for (size_t i = 0; i < DESKS; i++) {
        struct desk *desk = &trial->desks[i];
        trial->members[i] = uuid_v7((uint64_t)WALL, &trial->random);
        random_bytes(&trial->random, trial->codes[i], CODE_BYTES);
        desk->device = link_key_pair(&trial->random);
        random_bytes(&trial->random, desk->key.b, sizeof desk->key.b);
        path_make(desk->path, i, "copy");
        path_make(desk->kept[KEPT_BASE], i, "base");
        path_make(desk->kept[KEPT_EARLY], i, "early");
        path_make(desk->kept[KEPT_SCENE], i, "scene");
    }
}

void trial_end(struct trial *trial)
{
    server_end(trial);
    for (size_t i = 0; i < DESKS; i++) {
        desk_close(trial, i);
        (void)remove(trial->desks[i].path);
    }
    if (trial->store) store_memory_destroy(trial->store);
    for (size_t i = 0; i < KEPT_STATES; i++) {
        if (trial->kept[i]) store_memory_destroy(trial->kept[i]);
    }
    files_stop();
}

/* --- the team --- */

static void row_add(struct row *rows, size_t *count, enum entity_kind kind, struct uuid id,
                    const void *entity)
{
    rows[(*count)++] = (struct row){.kind = kind, .id = id, .seq = 1, .entity = entity};
}

void trial_found(struct trial *trial)
{
    static const struct zone zone = {.first_offset_s = 3600};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct team team = {.id = trial->team,
                        .name = STR("Roofers"),
                        .zone_name = STR("UTC+1"),
                        .currency = STR("EUR")};
    struct member members[DESKS];
    struct invitation invitations[DESKS];
    uint8_t hashes[DESKS][32];
    struct definition definition;
    struct row rows[2 + 2 * DESKS];
    size_t count = 0;
    check(zone_pack(&arena, &zone, &team.zone) == FAULT_NONE);
    check(definition_default(&arena, trial->team, &definition) == FAULT_NONE);
    row_add(rows, &count, ENTITY_TEAM, trial->team, &team);
    row_add(rows, &count, ENTITY_DEFINITION, trial->team, &definition);
    for (size_t i = 0; i < DESKS; i++) {
        members[i] = (struct member){.id = trial->members[i],
                                     .name = str_from(names[i]),
                                     .role = i == ANNA ? ROLE_OWNER : ROLE_MANAGER};
        codec_payload_hash((struct str){(const char *)trial->codes[i], CODE_BYTES}, hashes[i]);
        invitations[i] = (struct invitation){.id = uuid_v7((uint64_t)WALL, &trial->random),
                                             .member = trial->members[i],
                                             .code_hash = {(const char *)hashes[i], 32},
                                             .expires_at = {true, WALL + INT64_C(86400000000)},
                                             .created_at = {true, WALL}};
        row_add(rows, &count, ENTITY_MEMBER, members[i].id, &members[i]);
        row_add(rows, &count, ENTITY_INVITATION, invitations[i].id, &invitations[i]);
    }
    struct store_request commit = {.kind = STORE_COMMIT,
                                   .team = trial->team,
                                   .new_seq = 1,
                                   .mark = {1},
                                   .recorded_at = WALL,
                                   .rows = rows,
                                   .row_count = count};
    if (!trial->database) trial->store = store_memory_create();
    const struct store_result *result = trial_ask(trial, &commit);
    check(result->status == STORE_OK);
    trial_release(trial, result);
    arena_finish(&arena);
}

/* --- copies --- */

void desk_make(struct trial *trial, size_t index)
{
    struct desk *desk = &trial->desks[index];
    struct identity identity = {.addresses = {STR("server:7117")},
                                .address_count = 1,
                                .has_code = true,
                                .device_name = str_from(devices[index]),
                                .replica = uuid_v7((uint64_t)WALL, &trial->random),
                                .next_number = 1};
    memcpy(identity.server_key, trial->server_key.public.b, 32);
    memcpy(identity.code, trial->codes[index], CODE_BYTES);
    check(replica_file_create(desk->path, &desk->key, &desk->device.secret, &desk->replica) ==
          FAULT_NONE);
    struct replica *replica = desk->replica;
    check(replica->f->begin(replica) == FAULT_NONE);
    check(replica->f->identity_store(replica, &identity) == FAULT_NONE);
    check(replica->f->commit(replica) == FAULT_NONE);
    desk_close(trial, index);
}

enum fault desk_open(struct trial *trial, size_t index)
{
    struct desk *desk = &trial->desks[index];
    if (desk->replica) return FAULT_NONE;
    return replica_file_open(desk->path, &desk->key, &desk->replica);
}

void desk_close(struct trial *trial, size_t index)
{
    struct desk *desk = &trial->desks[index];
    desk_sync_end(trial, index);
    if (desk->replica) desk->replica->f->close(desk->replica);
    desk->replica = NULL;
}

void desk_restart(struct trial *trial, size_t index, bool power)
{
    struct desk *desk = &trial->desks[index];
    desk_close(trial, index);
    (void)layer_disarm();
    file_layer_restart(desk->path, power);
    enum fault fault = desk_open(trial, index);
    if (fault) trial_wrong(trial, "the copy cannot be opened again: %s", fault_name(fault));
}

/* --- keeping and putting back --- */

static void store_put(struct store_memory **to, const struct store_memory *from)
{
    if (!from) return;
    if (*to) store_memory_destroy(*to);
    *to = store_memory_copy(from);
}

void trial_keep(struct trial *trial, enum kept_state which)
{
    server_end(trial);
    for (size_t i = 0; i < DESKS; i++) {
        desk_close(trial, i);
        file_layer_copy(trial->desks[i].path, trial->desks[i].kept[which]);
    }
    store_put(&trial->kept[which], trial->store);
    if (trial->database) trial->database->keep(which);
}

void trial_copy_set_back(struct trial *trial, enum kept_state which)
{
    desk_close(trial, ANNA);
    file_layer_copy(trial->desks[ANNA].kept[which], trial->desks[ANNA].path);
}

void trial_store_set_back(struct trial *trial, enum kept_state which)
{
    server_end(trial);
    store_put(&trial->store, trial->kept[which]);
    if (trial->database) trial->database->put_back(which);
}

void trial_reset(struct trial *trial, enum kept_state which)
{
    server_end(trial);
    for (size_t i = 0; i < DESKS; i++) {
        struct desk *desk = &trial->desks[i];
        desk_close(trial, i);
        file_layer_restart(desk->path, false);
        stands(desk->path);
        file_layer_copy(desk->kept[which], desk->path);
    }
    store_put(&trial->store, trial->kept[which]);
    if (trial->database) trial->database->put_back(which);
    trial->wire = (struct wire){.armed = false};
    /* Later than what was done before, and with other ids than that. */
    trial->now = (struct now){1000, WALL + INT64_C(3600000) * (1 + (int64_t)which)};
    trial->problem[0] = '\0';
    random_init_number(&trial->random, 11 + (uint64_t)which);
    files_seed(13 + trial->tries++);
}
