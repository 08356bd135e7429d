#!/usr/bin/env bash
# Reports over an imported table: the totals awk adds up from the file, the same text byte by byte
# as is kept here, on the copy that imported, on one that joined afterwards, and without a network.
# SLUICE_GOLDEN_KEEP=1 writes the kept files anew.
# ctest: timeout=240
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

here=$SLUICE_SOURCE_DIR/tests/golden
stage_server

file=$folder/opportunities.csv
awk -f "$SLUICE_SOURCE_DIR/scripts/lib/sample.awk" -f "$here/sample_opportunities.awk" >"$file"
ada --offline import "$file" --map opportunity_id=id --map sales_agent=owner --map account=org \
    --map deal_stage=stage --map engage_date=created --map close_date=closed \
    --map close_value=value --map-stage Prospecting=Contact --map-stage Engaging=Qualification \
    --map-stage Won=Won --map-stage Lost=Lost --currency USD >"$folder/import" 2>&1 ||
    { cat "$folder/import"; fail "the import failed"; }
for _ in 1 2 3 4 5; do
    ada sync >/dev/null 2>"$folder/sync" && break
done
[[ $(ada status --plain --no-headers --columns pending) == 0 ]] ||
    { cat "$folder/sync"; fail "not all was sent"; }
joins bob "Bob Ross" manager
bob sync >/dev/null

# What the file says, by awk.
totals() { # totals COLUMN VALUE-PATTERN: won lost value of the rows where that column matches
    awk -F, -v column="$1" -v wanted="$2" 'NR > 1 && $column ~ wanted {
        if ($5 == "Won") { won++; value += $8 }
        if ($5 == "Lost") lost++
    } END { printf "%d\t%d\t%.2f\t%.2f\n", won, lost, 100 * won / (won + lost), value }' "$file"
}
figures() { "$@" --plain --no-headers --columns won,lost,win_rate,won_value 2>/dev/null; }

for who in ada bob; do
    [[ $(figures "$who" --offline report winrate --period all) == "$(totals 5 .)" ]] ||
        fail "$who's win rate is not $(totals 5 .)"
    for quarter in 1:0[1-3] 2:0[4-6] 3:0[7-9] 4:1[0-2]; do
        period=2017-Q${quarter%:*}
        wanted=$(totals 7 "^2017-${quarter#*:}")
        got=$(figures "$who" --offline report winrate --period "$period")
        [[ $got == "$wanted" ]] || fail "$who's $period is $got, not $wanted"
    done
    while IFS=$'\t' read -r name got; do
        [[ $got == "$(totals 2 "^$name\$")" ]] || fail "$name has $got, not $(totals 2 "^$name\$")"
    done < <("$who" --offline report reps --period all --plain --no-headers \
        --columns owner,won,lost,win_rate,won_value 2>/dev/null | grep -v '^	')
    rows=$("$who" --offline report reps --period all --plain --no-headers 2>/dev/null | wc -l)
    [[ $rows == 7 ]] ||
        fail "not six reps and their total"
done

# The same to the byte, on both copies, and as it was.
for report in winrate reps funnel; do
    ada --offline report "$report" --period all >"$folder/$report" 2>/dev/null
    bob report "$report" --period all 2>/dev/null | cmp - "$folder/$report" ||
        fail "$report differs on the other copy"
    [[ -z ${SLUICE_GOLDEN_KEEP:-} ]] || cp "$folder/$report" "$here/report_$report.txt"
    diff -u "$here/report_$report.txt" "$folder/$report" || fail "$report is not what it was"
done

# Each deal behind a figure is listed, once.
[[ $(bob report winrate --period all --deals won --plain --no-headers 2>/dev/null | wc -l) == \
    "$(totals 5 . | cut -f 1)" ]] || fail "the deals behind won are not as many"

# What is exported gives the same figures, computed a second time.
command -v python3 >/dev/null || { echo "python3 is not installed: not computed twice"; exit 0; }
. "$SLUICE_SOURCE_DIR/tests/support/figures.sh"
figures_export bob
for report in winrate reps funnel; do
    figures_agree bob $report USD || fail "$report is not what its history says"
    figures_agree bob $report USD 2017 2017-01-01 2018-01-01 || fail "nor of the year"
    figures_agree bob $report USD 2017-Q2 2017-04-01 2017-07-01 sales || fail "nor of the quarter"
done
