/* work.c - opening a copy for work, and running a verb on it. Callers: client/cli, client/board.
 *
 * Invariant: nothing here or in work_*.c knows a clock, a file or a terminal. */
#include "client/verbs/work.h"

#include <string.h>

#include "client/verbs/work_inside.h"
#include "common/base/banned.h"

const struct option *verb_option(const struct verb *verb, struct str name)
{
    for (size_t list = 0; verb->options && verb->options[list]; list++) {
        for (const struct option *option = verb->options[list]; option->name; option++) {
            if (str_equal(str_from(option->name), name)) return option;
        }
    }
    return NULL;
}

const struct request_option *request_option(const struct request *request, const char *name)
{
    for (size_t i = request->option_count; i-- > 0;) {
        if (strcmp(request->options[i].option->name, name) == 0) return &request->options[i];
    }
    return NULL;
}

static enum fault work_load(struct work *work)
{
    const struct replica_functions *f = work->replica->f;
    enum fault fault = f->team(work->replica, work->arena, &work->team);
    if (fault) return fault;
    if (work->team->zone.n > 0) {
        fault = zone_unpack(work->arena, work->team->zone, &work->zone);
        if (fault) return fault;
    }
    fault = f->definition(work->replica, work->arena, &work->definition);
    if (fault) return fault;
    const void **members;
    fault = f->all(work->replica, work->arena, ENTITY_MEMBER, &members, &work->member_count);
    if (fault) return fault;
    const struct member **list =
        arena_array(work->arena, work->member_count ? work->member_count : 1, sizeof *list);
    if (!list) return FAULT_MEMORY;
    for (size_t i = 0; i < work->member_count; i++) {
        list[i] = members[i];
        if (uuid_equal(list[i]->id, work->identity.member)) work->me = list[i];
    }
    work->members = list;
    work->ready = work->me != NULL;
    return FAULT_NONE;
}

enum fault work_open(struct work *work, struct replica *replica, struct arena *arena,
                     struct random *random, struct now now)
{
    *work = (struct work){.replica = replica, .arena = arena, .random = random, .now = now};
    enum fault fault = replica->f->identity_load(replica, arena, &work->identity);
    if (fault) return fault;
    fault = work_load(work);
    if (fault && fault != FAULT_NOT_FOUND) return fault;
    work->today = zone_date(&work->zone, now.wall_ms);
    return FAULT_NONE;
}

enum fault work_run(struct work *work, const struct request *request, struct answer *answer)
{
    if (!work->identity.joined) {
        answer_fail(answer, ERROR_NOT_JOINED,
                    "this device has not joined a team yet; run `sluice join INVITATION`");
        return FAULT_NONE;
    }
    if (!work->ready && !(request->verb->flags & VERB_EARLY)) {
        answer_fail(answer, ERROR_NOT_SYNCED,
                    "the team's data has not arrived yet; run `sluice sync`");
        return FAULT_NONE;
    }
    enum fault fault = request->verb->run(work, request, answer);
    if (!fault) fault = work->fault;
    return fault ? fault : arena_fault(work->arena);
}

void mutation_begin(struct work *work, struct mutation *mutation, enum mutation_kind kind,
                    enum entity_kind entity, struct uuid target)
{
    *mutation = (struct mutation){
        .id = uuid_v7((uint64_t)work->now.wall_ms, work->random),
        .kind = kind,
        .entity = entity,
        .target = target,
        .acted_at = {true, work->now.wall_ms},
        .definition_version = work->definition.version,
        .batch = work->batch,
    };
}

void work_say_progress(const struct work *work, const char *sentence, size_t done, size_t all)
{
    if (work->progress) work->progress->say(work->progress->context, sentence, done, all);
}
