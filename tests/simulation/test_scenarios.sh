#!/usr/bin/env bash
# test_scenarios.sh - the scripted runs: of the thirty hardest scenarios those that fit into the
# simulated world, by name; with sanitizers, and optimised from more seeds and on real files. A bug
# that is planted breaks the scenario that is about it.
# ctest: timeout=900
set -euo pipefail
simulator="$SLUICE_BIN_DIR/sluice-sim"
[ -x "$simulator" ] || { echo "sluice-sim is not built" >&2; exit 77; }
fast="$SLUICE_BIN_DIR/sluice-sim-fast"
[ -x "$fast" ] || fast=$simulator

"$simulator" --scenarios
"$fast" --scenarios --seeds 2..5 | tail -1
"$fast" --scenarios --files --seeds 6..7 | tail -1

breaks() { # breaks SCENARIO BUG
    if "$fast" --scenarios "$1" --plant "$2" --seeds 1..20 >/dev/null 2>&1; then
        echo "$1 holds although $2 is planted"
        exit 1
    fi
}
breaks different_fields PAGE_ROW_LOST
breaks same_amount CONFLICT_WON
breaks stages_change_under_moves GATES_SKIPPED
breaks cursor_below_sight PAGE_TOMBSTONE
breaks commit_unknown_and_lost OUTCOME_FORGOTTEN
breaks writers_cross STALE_ACCEPTED
breaks ten_thousand_queued SUBMIT_LOST
breaks creation_refused INBOX_DROPPED
breaks copy_of_last_week NUMBER_REUSED
breaks folder_on_two_laptops RENUMBER_LOST
breaks server_of_five_hours_ago REOFFER_LOST
breaks new_history_past_the_old_seq MARK_TRUSTED
breaks standby_without_the_last_moments REOFFER_LOST
echo "every planted bug breaks its scenario"
