#!/usr/bin/env bash
# An import that was never sent, taken back, brought in again, and only then sent: every change is
# taken, no deal is doubled or missing, and who joins afterwards has the same figures as a team that
# imported once. SLUICE_IMPORT_ROWS says how many deals; SLUICE_IMPORT_TABLE names a table of that
# form to take instead.
# ctest: label=long timeout=600
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

rows=${SLUICE_IMPORT_ROWS:-1500}
table=$folder/crm.csv
options=(--map opportunity_id=id --map sales_agent=owner --map account=org --map deal_stage=stage
    --map engage_date=created --map close_date=closed --map close_value=value
    --map-stage Prospecting=Contact --map-stage Engaging=Qualification --currency USD)
awk -v rows="$rows" -v prefix=ID -f "$SLUICE_SOURCE_DIR/tests/support/crm_table.awk" >"$table"
if [ -n "${SLUICE_IMPORT_TABLE:-}" ]; then
    cp "$SLUICE_IMPORT_TABLE" "$table"
    rows=$(($(wc -l <"$table") - 1))
fi
count() { home "$1" --offline ls --all --plain --no-headers --columns id 2>/dev/null | wc -l; }
waits() { home "$1" --offline status --plain --no-headers --columns pending; }
timed() { # timed WHAT command...: and how long it took
    local began
    began=$(date +%s%N)
    "${@:2}"
    echo "     $1: $((($(date +%s%N) - began) / 1000000)) ms" >&9
}

stage_init
timed "import" expect 0 "$rows deals added" -- ada --offline import "$table" "${options[@]}"
timed "undo" expect 0 "Took back the import" "$rows deals removed" -- ada --offline undo
[[ $(count ada) == 0 ]] || fail "$(count ada) deals are left after the undo"
timed "again" expect 0 "$rows deals added" -- ada --offline import "$table" "${options[@]}"
[[ $(count ada) == "$rows" ]] || fail "$(count ada) deals, not $rows"
echo "     waiting: $(waits ada)" >&9
[[ $(waits ada) -gt $((3 * rows)) ]] || fail "only $(waits ada) changes wait"

timed "sync" expect 0 "Exchanged everything" -- ada sync
[[ $(waits ada) == 0 ]] || fail "$(waits ada) changes were not sent"
[[ $(ada --offline inbox --plain --no-headers --columns number | wc -l) == 0 ]] ||
    fail "there are items in the inbox: $(ada --offline inbox | head -n 5)"
[[ $(count ada) == "$rows" ]] || fail "$(count ada) deals after the exchange, not $rows"
expect 0 "$rows deals there already" -- ada --offline import "$table" "${options[@]}"

# Who was there gets the changes, who joins gets the state; both as from a team that imported once.
timed "another's sync" expect 0 -- bob sync
joins cy "Cy Dee" manager
timed "a newcomer's sync" expect 0 -- home cy sync
team_start zoe "Zoe Hill"
expect 0 "$rows deals added" -- home zoe --offline import "$table" "${options[@]}"
for figures in winrate reps funnel; do
    home zoe --offline report $figures --period all --csv --columns "$(
        case $figures in
        winrate) echo won,lost,win_rate,won_value ;;
        reps) echo owner,won,lost,win_rate,won_value,open,cycle_mean,cycle_median ;;
        funnel) echo key,entered,advanced,lost,open,failed,time_mean,time_median,time_p90 ;;
        esac
    )" >"$folder/wanted" 2>/dev/null
    for who in ada bob cy; do
        home $who --offline report $figures --period all --csv --columns "$(head -n 1 "$folder/wanted")" \
            >"$folder/got" 2>/dev/null
        cmp "$folder/got" "$folder/wanted" || { diff "$folder/got" "$folder/wanted"; fail "$who's $figures"; }
    done
done
expect 0 "whole" -- ada doctor
