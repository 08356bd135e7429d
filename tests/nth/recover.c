/* recover.c - see loop.h: what must hold after a fault. */
#include "tests/nth/loop.h"

#include "client/edge/replica_file.h"

#include "common/base/banned.h"

static const uint64_t HEAL_MS = 3600000;

static bool keeps_entries(const struct scene *scene)
{
    return scene->act != ACT_CREATE && scene->act != ACT_SYNC;
}

struct before recover_measure(struct trial *trial, const struct scene *scene)
{
    struct before before = {.adds = 0};
    scene_begin(trial, scene, true);
    scene_ready(trial, scene);
    bool opened = trial->desks[scene->who].replica != NULL;
    if (!opened && scene->act == ACT_OPEN) {
        if (desk_open(trial, scene->who)) trial_wrong(trial, "cannot be opened");
    }
    if (scene->act != ACT_CREATE) before.entries = audit_entries(trial, scene->who);
    if (!opened) desk_close(trial, scene->who);
    before.done = scene_do(trial, scene);
    if (!before.done.ok)
        trial_wrong(trial, "without a fault: %s, %s", fault_name(before.done.fault),
                    before.done.text);
    if (keeps_entries(scene)) {
        struct entries after = audit_entries(trial, scene->who);
        before.adds = after.count - before.entries.count;
    }
    return before;
}

/* All that were there still are, in order, and nothing but what the scene makes came. */
static size_t entries_added(struct trial *trial, const struct scene *scene,
                            const struct before *before)
{
    struct entries now = audit_entries(trial, scene->who);
    if (trial->problem[0]) return 0;
    if (now.count < before->entries.count) {
        trial_wrong(trial, "%zu mutations of %zu are left", now.count, before->entries.count);
        return 0;
    }
    for (size_t i = 0; i < before->entries.count; i++) {
        if (!uuid_equal(now.mutations[i], before->entries.mutations[i]))
            trial_wrong(trial, "a mutation was replaced by another one");
    }
    return now.count - before->entries.count;
}

/* What was said of a local act, and what is there. True: it is done. */
static bool local_is_true(struct trial *trial, const struct scene *scene,
                          const struct before *before, const struct done *done)
{
    size_t added = entries_added(trial, scene, before);
    if (done->ok && added != before->adds)
        trial_wrong(trial, "said to be done, and %zu mutations of %zu are there", added,
                    before->adds);
    if (added != 0 && added != before->adds)
        trial_wrong(trial, "a half of it is there: %zu mutations of %zu", added, before->adds);
    if (done->ok && done->digest != before->done.digest)
        trial_wrong(trial, "said to be done, and the answer is another one: %s", done->text);
    return done->ok || (before->adds > 0 && added == before->adds);
}

static void settle(struct trial *trial, const struct scene *scene)
{
    struct desk *desk = &trial->desks[scene->who];
    if (!trial->server && !server_begin(trial)) trial_wrong(trial, "no server");
    if (!desk->sync && !desk_sync(trial, scene->who, !scene->check, scene->check))
        trial_wrong(trial, "no sync");
    if (scene->both && !trial->desks[BOB].sync && !desk_sync(trial, BOB, true, false))
        trial_wrong(trial, "no sync of the other");
    if (!trial_run(trial, HEAL_MS)) {
        struct sync_report report = sync_report(desk->sync);
        trial_wrong(trial, "client and server do not settle: state %d, %s, %s", (int)report.state,
                    sync_trouble_name(report.trouble), fault_name(report.local_fault));
    }
    struct sync_report report = sync_report(desk->sync);
    if (report.was_forked && !scene->forks) trial_wrong(trial, "the copy took new numbers");
    if (scene->refused && report.state != SYNC_REFUSED)
        trial_wrong(trial, "a revoked device was not refused");
}

/* Everything reaches the server, each once. */
static void exchange(struct trial *trial, const struct scene *scene)
{
    if (trial->problem[0]) return;
    desk_sync_end(trial, scene->who);
    settle(trial, scene);
    audit_copy(trial, scene->who);
    if (!scene->refused) audit_server(trial, scene->who);
    if (scene->both) audit_copy(trial, BOB);
    if (scene->both) audit_server(trial, BOB);
}

static void again(struct trial *trial, const struct scene *scene, const struct before *before)
{
    struct done done = scene_do(trial, scene);
    if (!done.ok) trial_wrong(trial, "done again: %s, %s", fault_name(done.fault), done.text);
    if (done.ok && keeps_entries(scene) && scene->act == ACT_WORDS && before->adds == 0 &&
        done.digest != before->done.digest)
        trial_wrong(trial, "done again it says something else: %s", done.text);
}

void recover_living(struct trial *trial, const struct scene *scene, const struct before *before,
                    const struct done *done)
{
    struct desk *desk = &trial->desks[scene->who];
    if (scene->act == ACT_CREATE || scene->act == ACT_OPEN) {
        if (done->ok != (desk->replica != NULL)) trial_wrong(trial, "a copy, and a fault");
        if (!done->ok) again(trial, scene, before);
        if (scene->act == ACT_CREATE) {
            if (desk->replica && replica_file_verify(desk->replica))
                trial_wrong(trial, "the new copy is not whole");
            return;
        }
    }
    if (scene->act == ACT_SYNC) { /* the same machine goes on by itself */
        if (!scene->check || done->ok) settle(trial, scene);
    } else if (scene->act != ACT_OPEN && !local_is_true(trial, scene, before, done) &&
               !trial->problem[0]) {
        again(trial, scene, before);
        if (entries_added(trial, scene, before) != before->adds)
            trial_wrong(trial, "done again, and not there");
    }
    if (trial->problem[0]) return;
    desk_restart(trial, scene->who, false);
    if (trial->problem[0]) return;
    audit_copy(trial, scene->who);
    if (keeps_entries(scene) && entries_added(trial, scene, before) != before->adds)
        trial_wrong(trial, "gone when the copy was opened again");
    exchange(trial, scene);
}

void recover_dead(struct trial *trial, const struct scene *scene, const struct before *before,
                  const struct done *done)
{
    if (trial->problem[0]) return;
    audit_copy(trial, scene->who);
    if (keeps_entries(scene)) {
        struct done claim = *done;
        /* What was only read needs no saying. */
        if (local_is_true(trial, scene, before, &claim) == false && !trial->problem[0])
            again(trial, scene, before);
    }
    /* Scenario 6: the numbers of what was never durable are given to other mutations. */
    if (!trial->problem[0] && !scene->refused)
        if (scene->who != CID) words_all(trial, scene->who, "deal|add|After it");
    exchange(trial, scene);
}
