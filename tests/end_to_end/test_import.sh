#!/usr/bin/env bash
# A table from another CRM, dirty as they are, on a real server with two devices: every row lands or
# is in the rejects file with its reason; again, from elsewhere, or after an interruption it changes
# nothing; and what is exported gives another team the same histories and figures.
# ctest: timeout=420
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

eva() { home eva "$@"; } # the same member's other device
zoe() { home zoe "$@"; } # of another team
options=(--map opportunity_id=id --map sales_agent=owner --map account=org --map deal_stage=stage
    --map engage_date=created --map close_date=closed --map close_value=value
    --map-stage Prospecting=Contact --map-stage Engaging=Qualification --currency USD)
awk -v rows=600 -v prefix=ID -f "$SLUICE_SOURCE_DIR/tests/support/crm_table.awk" >"$folder/crm.csv"

stage_server
joins eva "Ada Berg" owner

# --- what the file needs is told before anything is written ---
expect 2 "no column is the stage" "--map 'deal_stage=stage'" "--map 'sales_agent=owner'" \
    -- ada --offline import "$folder/crm.csv"
expect 2 "none of the stages" "--map-stage 'Engaging=Qualification'" \
    -- ada --offline import <(grep -v -e Won -e Lost "$folder/crm.csv") --map deal_stage=stage
expect 2 "no column \"stadium\"" "deal_stage" -- ada --offline import "$folder/crm.csv" --map stadium=stage
expect 2 "there is no stage \"Moon\"" "Proposal" \
    -- ada --offline import "$folder/crm.csv" --map deal_stage=stage --map-stage Won=Moon
expect 2 "nobody called \"Nobody\"" \
    -- ada --offline import "$folder/crm.csv" "${options[@]}" --map-owner "Zane Levy=Nobody"
expect 0 "600 rows read, nothing written" "600 deals would be added" "would be added" \
    -- ada --offline import "$folder/crm.csv" "${options[@]}" --dry-run
[[ $(ada --offline ls --all --json id) == "[]" ]] || fail "a dry run wrote"

# --- interrupted half-way, and again ---
ada --offline import "$folder/crm.csv" "${options[@]}" >/dev/null 2>&1 &
victim=$!
for _ in $(seq 400); do
    kill -0 "$victim" 2>/dev/null || break
    [[ $(ada --offline ls --all --plain --no-headers --columns id 2>/dev/null | wc -l) -gt 0 ]] && break
done
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
expect 0 "600 rows read" -- ada --offline import "$folder/crm.csv" "${options[@]}"
[[ $(ada --offline ls --all --plain --no-headers --columns id | wc -l) == 600 ]] || fail "doubled or lost"
expect 0 "600 deals there already" -- ada --offline import "$folder/crm.csv" "${options[@]}"
ada sync >/dev/null 2>&1 || fail "cannot send"
expect 0 "600 deals there already" -- ada --offline import "$folder/crm.csv" "${options[@]}"
eva sync >/dev/null 2>&1
expect 0 "600 deals there already" -- eva --offline import "$folder/crm.csv" "${options[@]}"
[[ $(eva --offline ls --all --plain --no-headers --columns owner | sort -u | wc -l) == 4 ]] ||
    fail "the owners did not come"
won=$(awk -F, '$5 == "Won" {n++; v += $8} END {print n, v}' "$folder/crm.csv")
eva --offline report winrate --period all --json >"$folder/winrate"
grep -q "\"won\": ${won% *}\b" "$folder/winrate" || fail "won is not ${won% *}: $(<"$folder/winrate")"
grep -q "${won#* }.00" "$folder/winrate" || fail "value won is not ${won#* }"

# --- rows that cannot land are given back with their reasons, and land once mended ---
{
    head -n 1 "$folder/crm.csv"
    echo 'B1,Zane Levy,GTX,Isdom,Won,2017-01-10,2017-02-30,100'
    echo 'B2,Zane Levy,GTX,Isdom,Nowhere,2017-01-10,,100'
    echo 'B3,Zane Levy,GTX,Isdom,Won,2017-01-10,2017-02-10,-7'
    echo 'B4,Zane Levy,GTX,Isdom,Won,2017-01-10,2017-02-10,99999999999999999999'
    echo 'B5,Zane Levy,"two
lines",Isdom,Won,2017-03-10,2017-02-10,"$1,100.50"'
    echo 'B5,Zane Levy,GTX,Isdom,Won,2017-01-10,2017-02-10,100'
    echo 'B6,Zane Levy,GTX,Isdom,Won,2099-01-10,,100'
    printf 'B7,Zane Levy,"bad\001bell",Isdom,Won,2017-01-10,2017-02-10,100\n'
    echo 'B8,Zane Levy,GTX,Isdom,Won,2017-01-10,2017-02-10,100,one too many'
} >"$folder/bad.csv"
expect 4 "9 rows read" "1 deal added" "8 rows rejected" "bad.csv.rejects.csv" \
    "closed before it was created" "the same id stands on line 6" "is not a date" "lies in the future" \
    "below zero" "one of our stages" "Nowhere" -- ada --offline import "$folder/bad.csv" "${options[@]}"
rejects=$folder/bad.csv.rejects.csv
[[ $(grep -c '^B' "$rejects") == 8 ]] || fail "not all rejected rows are given back: $(<"$rejects")"
sed -i -e 's/2017-02-30/2017-02-20/' -e 's/Nowhere/Engaging/' -e '/^B[3-8]/d' "$rejects"
expect 0 "2 rows read" "2 deals added" -- ada --offline import "$rejects" "${options[@]}"
expect 0 "2 deals there already" -- ada --offline import "$rejects" "${options[@]}"

# --- other ways to write a table ---
printf 'sep=;\nid;deal;stage;value;created\nS1;"Roof; north";Contact;"1.234,56 €";13/04/2026\nS2;Żółw;Contact;2.000,00;03/04/2026\n' |
    iconv -t UTF-16 >"$folder/german.csv"
expect 0 "2 deals added" "day first" "decimal comma" -- ada --offline import "$folder/german.csv"
[[ $(ada --offline ls --plain --no-headers --columns value,currency "Roof; north") == $'1234.56\tEUR' ]] ||
    fail "the amount was misread"
printf 'id,deal,stage,created\nT1,Wie\xbfa,Contact,2026-01-01\n' >"$folder/polish.csv"
expect 0 "windows-1250" "1 deal added" -- ada --offline import "$folder/polish.csv"
[[ $(ada --offline ls --plain --no-headers --columns title Wieża) == Wieża ]] || fail "not Polish"
printf 'id,deal,stage,created\nU1,A,Contact,03/04/2026\n' >"$folder/dates.csv"
expect 2 "--dates dmy" "line 2" -- ada --offline import "$folder/dates.csv"
expect 0 "1 deal added" -- ada --offline import "$folder/dates.csv" --dates mdy
printf 'id,deal,stage,value\nV1,A,Contact,"1,234"\n' >"$folder/amounts.csv"
expect 2 "--decimal comma" "line 2" -- ada --offline import "$folder/amounts.csv"
printf 'id,deal,stage,value,amount\nV1,A,Contact,1,2\n' >"$folder/double.csv"
expect 2 "are the same field" -- ada --offline import "$folder/double.csv" --map amount=value
printf 'id,deal,stage\nW1,"never closed,Contact\n' >"$folder/quote.csv"
expect 2 "never" "line 2" -- ada --offline import "$folder/quote.csv"
: >"$folder/empty.csv"
expect 2 "is empty" -- ada --offline import "$folder/empty.csv"
echo "id,deal,stage" >"$folder/header.csv"
expect 0 "0 rows read" -- ada --offline import "$folder/header.csv"
expect 2 "not a table in a text file" -- ada --offline import "$bin/sluice"
expect 2 "it is a folder" -- ada --offline import "$folder"
expect 3 "cannot read" -- ada --offline import "$folder/nothing.csv"
{
    printf 'id,deal,stage\nX1,'
    head -c 3000000 /dev/zero | tr '\0' x
    printf ',Contact\n'
} >"$folder/long.csv"
expect 4 "too large to be one deal" -- ada --offline import "$folder/long.csv"

# --- for scripts ---
ada --offline import "$folder/crm.csv" "${options[@]}" --json 2>/dev/null >"$folder/json"
python3 - "$folder/json" <<'PY' || fail "the JSON is wrong"
import json, sys
said = json.load(open(sys.argv[1]))
assert said["import"]["rows"] == 600 and said["import"]["unchanged"] == 600, said["import"]
assert said["import"]["added"] == 0 and said["remarks"] == [] and said["import"]["rejects"] is None
PY

# --- out, and into another team: the same deals and figures; formulas harmless on the way ---
ada --offline deal add '=cmd|x' --org '@Acme' >/dev/null 2>&1
sed -e 's/^ID/UN/' "$folder/crm.csv" >"$folder/undone.csv" # taken back and done again: counted once
for each in 1 2; do
    expect 0 "600 deals added" -- ada --offline import "$folder/undone.csv" "${options[@]}"
    [[ $each == 2 ]] || expect 0 "600 deals removed" -- ada --offline undo
done
does() { expect 0 -- ada --offline deal "$@"; }
does add Kettle --org Isdom --value 100 --currency USD
does move Kettle contact
does ice Kettle
does thaw Kettle
does move Kettle qualification --check interest
does lose Kettle dear
does reopen Kettle qualification
does lose Kettle dearer
expect 0 "Took back" -- ada --offline undo Kettle
does add Pan --org Isdom --value 100 --currency USD
does lose Pan dear
does add Pot --org Isdom
does ice Pot
ada --offline export deals --csv --output "$folder/out.csv" 2>/dev/null
grep -q "'=cmd|x,'@Acme" "$folder/out.csv" || fail "a formula goes out as it is"
[[ $(stat -c %a "$folder/out.csv") == 600 ]] || fail "others can read the export"
expect 1 "cannot write" -- ada --offline export deals --csv --output "$folder/none/out.csv"
expect 2 "say which" -- ada --offline export --csv
ada --offline export --lines 2>/dev/null | python3 -c '
import json, sys
kinds = {json.loads(line)["kind"] for line in sys.stdin}
assert {"deals", "organisations", "events", "members"} <= kinds, kinds' || fail "the lines are wrong"
team_start zoe "Zoe Hill"
expect 0 "deals added" -- zoe --offline import "$folder/out.csv"
zoe sync >/dev/null 2>&1 || fail "cannot send"
for figures in "winrate --period all" "funnel --period all"; do
    # shellcheck disable=SC2086
    ada --offline report $figures --csv >"$folder/ours" 2>/dev/null
    # shellcheck disable=SC2086
    zoe --offline report $figures --csv >"$folder/theirs" 2>/dev/null
    cmp -s "$folder/ours" "$folder/theirs" || { diff "$folder/ours" "$folder/theirs"; fail "$figures differ"; }
done
columns=title,org,stage,status,value,currency,owner
ada --offline ls --all --plain --no-headers --columns $columns | sort >"$folder/ours"
zoe --offline ls --all --plain --no-headers --columns $columns | sort >"$folder/theirs"
cmp -s "$folder/ours" "$folder/theirs" || { diff "$folder/ours" "$folder/theirs" | head; fail "deals differ"; }
# To the millisecond: where each stood, and since when.
zoe --offline export deals --csv --output "$folder/again.csv" 2>/dev/null
python3 - "$folder/out.csv" "$folder/again.csv" <<'PY' || fail "the histories differ"
import csv, sys
first, second = ({row["external_id"] or row["id"]: row["history"]
                  for row in csv.DictReader(open(path, encoding="utf-8-sig"))}
                 for path in sys.argv[1:])
assert len(first) > 1200 and sum(history.count("@") for history in first.values()) > 2000
for key in first.keys() | second.keys():
    if first.get(key) != second.get(key):
        sys.exit("%s: %s, there %s" % (key, first.get(key), second.get(key)))
PY
expect 0 "deals there already" -- zoe --offline import "$folder/out.csv"
expect 0 "deals there already" -- ada --offline import "$folder/out.csv"
