/* health_inside.h - what health.c and health_norms.c share; nobody else includes it. */
#ifndef SLUICE_COMMON_METRICS_HEALTH_INSIDE_H
#define SLUICE_COMMON_METRICS_HEALTH_INSIDE_H

#include "common/metrics/health.h"
#include "common/metrics/history.h"
#include "common/metrics/tally.h"

struct stage_norm {
    struct durations visits; /* of won deals */
    struct optional median, usual;
};

struct pipeline_norm {
    struct stage_norm *stages; /* by position */
    struct durations cycles;
    struct optional longest; /* p90 */
};

struct health_norms {
    struct arena *arena;
    const struct definition *definition;
    struct pipeline_norm *pipelines; /* by position */
    struct history history;          /* of the deal in hand */
};

struct pipeline_norm *health_pipeline_norm(const struct health_norms *norms,
                                           const struct pipeline *pipeline);
struct stage_norm *health_stage_norm(const struct health_norms *norms,
                                     const struct pipeline *pipeline, const struct stage *stage);

#endif
