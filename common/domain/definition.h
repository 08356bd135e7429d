/* definition.h - the team's stage definition: versioned data, the same on every device.
 *
 * A removed stage stays with a successor; its deals are shown there without being rewritten. */
#ifndef SLUICE_COMMON_DOMAIN_DEFINITION_H
#define SLUICE_COMMON_DOMAIN_DEFINITION_H

#include "common/base/arena.h"
#include "common/domain/entity.h"

enum stage_kind {
    STAGE_NONE = 0,
    STAGE_LEAD = 1, /* pre-pipeline: on the radar, not an opportunity yet */
    STAGE_OPEN = 2, /* a proper stage */
    STAGE_WON = 3,
    STAGE_LOST = 4
};
enum back_policy { BACK_ALLOWED = 0, BACK_MANAGER = 1, BACK_NEVER = 2 };

/* One gate: any of its alternatives satisfies it. An alternative is a field name of a deal
 * ("value") or "check:KEY". Written "org|contact". */
struct gate {
    struct str requirement;
};

struct stage_check {
    struct str key, name; /* "budget", "They have a budget" */
};

struct stage {
    struct str key, name, text; /* text: what must be true to be in it */
    int64_t kind;               /* enum stage_kind */
    int64_t probability;        /* percent */
    int64_t expected_days, quiet_days, slow_days; /* 0 = the default */
    bool skip_forbidden;        /* a deal may not jump over it */
    int64_t back;               /* enum back_policy: leaving it backwards */
    bool removed;
    struct str successor; /* key, when removed */
    struct gate *gates;
    size_t gate_count;
};

struct pipeline {
    struct str key, name;
    struct stage *stages; /* left to right */
    size_t stage_count;
    struct stage_check *checks;
    size_t check_count;
};

struct definition {
    struct uuid id; /* of the synced row: the team's id */
    uint64_t version;
    struct pipeline *pipelines;
    size_t pipeline_count;
};

/* The default pipeline of a new team: Lead, Contact, Qualification, Proposal, Won, Lost. */
MUST_USE enum fault definition_default(struct arena *arena, struct uuid team,
                                       struct definition *out);
/* Every mistake in a definition, for init and later editing: unknown fields in gates, no proper
 * stage, doubled keys, a removed stage without successor. STR_NONE when it is sound. */
struct str definition_mistake(struct arena *arena, const struct definition *definition);

const struct pipeline *definition_pipeline(const struct definition *definition, struct str key);
const struct stage *pipeline_stage(const struct pipeline *pipeline, struct str key);
/* Follows successors of removed stages (bounded); NULL when unknown. */
const struct stage *pipeline_stage_today(const struct pipeline *pipeline, struct str key);
/* First live stage of that kind, NULL if none. */
const struct stage *pipeline_stage_of_kind(const struct pipeline *pipeline, enum stage_kind kind);
size_t pipeline_position(const struct pipeline *pipeline, const struct stage *stage);
const struct stage_check *pipeline_check(const struct pipeline *pipeline, struct str key);
/* By key or name, ignoring case and accents; unique prefix accepted. NULL when none or several. */
const struct stage *pipeline_stage_named(struct arena *arena, const struct pipeline *pipeline,
                                         struct str name);
const struct pipeline *definition_pipeline_named(struct arena *arena,
                                                 const struct definition *definition,
                                                 struct str name);
/* Copies everything into the arena. */
MUST_USE enum fault definition_copy(struct arena *arena, const struct definition *from,
                                    struct definition *out);

#endif
