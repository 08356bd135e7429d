/* scenarios.c - the table of scripted runs: of the thirty hardest scenarios those that fit into the
 * simulated world, and spare ones. tests/simulation/README.md says where the others are. */
#include "tests/simulation/scenarios.h"

#include "common/base/banned.h"

const struct scenario scenarios[] = {
#define SCENARIO_ROW(number, name, servers, claim) {number, #name, claim, scenario_##name, servers},
    SCENARIOS(SCENARIO_ROW)
#undef SCENARIO_ROW
};

const size_t scenario_count = sizeof scenarios / sizeof scenarios[0];
