/* gate.h - what must be true of a deal before it may stand in a stage.
 *
 * Gates belong to stages and are asked on entry; those of skipped stages apply too, so that a jump
 * is no way around them. Callers: decide, `deal check`, the marking of imports. */
#ifndef SLUICE_COMMON_DOMAIN_GATE_H
#define SLUICE_COMMON_DOMAIN_GATE_H

#include "common/domain/definition.h"
#include "common/domain/reason.h"

/* One gate: is any of its alternatives ("value", "check:budget", "org|contact") satisfied? A
 * requirement this version does not know is never satisfied. */
bool gate_satisfied(const struct gate *gate, const struct deal *deal);

/* The gates a deal would have to pass to stand in `to`, entering from `from` (today's stage, see
 * pipeline_stage_today): every missing requirement, as reasons. From NULL, from a closed stage or
 * from another pipeline all earlier proper stages count as skipped. Into Lost, and backwards, only
 * the stage's own gates count. */
void gate_missing(const struct pipeline *pipeline, const struct deal *deal,
                  const struct stage *from, const struct stage *to, struct reasons *out);

/* SKIP_FORBIDDEN for each stage that entry would jump over although it may not be. */
void gate_skips(const struct pipeline *pipeline, const struct stage *from, const struct stage *to,
                struct reasons *out);

#endif
