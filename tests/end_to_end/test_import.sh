#!/usr/bin/env bash
# A table from another CRM, dirty as they are, on a real server with two devices: every row lands or
# is in the rejects file with its reason; again, from elsewhere, or after an interruption it changes
# nothing; what the file says differently is told, taken with --update, taken back by one undo; and
# what is exported gives another team the same figures.
# ctest: timeout=420
set -euo pipefail

bin=${SLUICE_BIN_DIR:?}
[[ -x $bin/sluiced && -x $bin/sluice ]] || exit 77
work=$(mktemp -d)
chmod 755 "$work" # run by root, the server goes on as a user of its own
servers=()
finish() {
    for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    rm -rf "$work"
}
trap finish EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
ada() { SLUICE_HOME=$work/ada "$bin/sluice" "$@"; }
eva() { SLUICE_HOME=$work/eva "$bin/sluice" "$@"; } # the same member's other device
zoe() { SLUICE_HOME=$work/zoe "$bin/sluice" "$@"; } # of another team

# server_start NAME OWNER: a server with a team of one; its invitation in $work/NAME.line
server_start() {
    local name=$1 port=$((20000 + RANDOM % 20000))
    "$bin/sluiced" init --data "$work/$name" --team North --owner "$2" \
        --listen "127.0.0.1:$port" >"$work/$name.init" 2>&1 || { cat "$work/$name.init"; exit 1; }
    "$bin/sluiced" run --data "$work/$name" >"$work/$name.run" 2>&1 &
    servers+=($!)
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
    grep -o 'sluice1-[^ ]*' "$work/$name.init" | head -n 1 >"$work/$name.line"
}

# expect CODE WORD... -- COMMAND...: the exit code, and each word in what is said
expect() {
    local code=$1 words=() got=0
    shift
    while [[ $1 != -- ]]; do
        words+=("$1")
        shift
    done
    shift
    "$@" >"$work/out" 2>&1 || got=$?
    [[ $got == "$code" ]] || { cat "$work/out"; fail "exit $got, not $code: $*"; }
    for word in "${words[@]}"; do
        grep -qF -- "$word" "$work/out" || { cat "$work/out"; fail "not said: $word ($*)"; }
    done
}

options=(--map opportunity_id=id --map sales_agent=owner --map account=org --map deal_stage=stage
    --map engage_date=created --map close_date=closed --map close_value=value
    --map-stage Prospecting=Contact --map-stage Engaging=Qualification --currency USD)

# 600 rows of the shape such exports have: clean ones, and some without organisation or date.
awk 'BEGIN {
    srand(4711)
    split("Won Lost Engaging Prospecting", stages, " ")
    split("Isdom Cancity Betatech Codehow Konex Łódźbud", accounts, " ")
    split("Moses Frase|Anna Snelling|Zane Levy|Łucja Żak", agents, "|")
    split("GTX Basic|GTXPro|MG Special", products, "|")
    print "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    for (i = 1; i <= 600; i++) {
        stage = stages[i % 10 < 5 ? 1 : i % 10 < 8 ? 2 : i % 10 == 8 ? 3 : 4]
        account = stage == "Prospecting" && i % 3 == 0 ? "" : accounts[1 + int(rand() * 6)]
        from = stage == "Prospecting" ? "" : sprintf("2017-%02d-%02d", 1 + i % 6, 1 + i % 28)
        to = stage == "Won" || stage == "Lost" ? sprintf("2017-%02d-%02d", 7 + i % 6, 1 + i % 27) : ""
        value = stage == "Won" ? 100 + i : stage == "Lost" ? 0 : ""
        printf "ID%04d,%s,%s,%s,%s,%s,%s,%s\n", i, agents[1 + int(rand() * 4)],
            products[1 + i % 3], account, stage, from, to, value
    }
}' >"$work/crm.csv"

server_start srv "Ada Berg"
ada join "$(<"$work/srv.line")" >/dev/null 2>&1
eva join "$(ada invite "Ada Berg" --role owner 2>/dev/null | tail -n 1)" >/dev/null 2>&1 ||
    eva join "$(ada invite "Eva Ross" --role manager | tail -n 1)" >/dev/null

# --- what the file needs is told before anything is written ---
expect 2 "no column is the stage" "--map 'deal_stage=stage'" "--map 'sales_agent=owner'" \
    -- ada --offline import "$work/crm.csv"
expect 2 "none of the stages" "--map-stage 'Engaging=Qualification'" \
    -- ada --offline import <(grep -v -e Won -e Lost "$work/crm.csv") --map deal_stage=stage
expect 2 "no column \"stadium\"" "deal_stage" -- ada --offline import "$work/crm.csv" --map stadium=stage
expect 2 "there is no stage \"Moon\"" "Proposal" \
    -- ada --offline import "$work/crm.csv" --map deal_stage=stage --map-stage Won=Moon
expect 2 "nobody called \"Nobody\"" \
    -- ada --offline import "$work/crm.csv" "${options[@]}" --map-owner "Zane Levy=Nobody"
expect 0 "600 rows read, nothing written" "600 deals would be added" "would be added" \
    -- ada --offline import "$work/crm.csv" "${options[@]}" --dry-run
[[ $(ada --offline ls --all --json id) == "[]" ]] || fail "a dry run wrote"

# --- interrupted half-way, and again ---
ada --offline import "$work/crm.csv" "${options[@]}" >/dev/null 2>&1 &
victim=$!
for _ in $(seq 400); do
    kill -0 "$victim" 2>/dev/null || break
    [[ $(ada --offline ls --all --plain --no-headers --columns id 2>/dev/null | wc -l) -gt 0 ]] && break
done
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
expect 0 "600 rows read" -- ada --offline import "$work/crm.csv" "${options[@]}"
[[ $(ada --offline ls --all --plain --no-headers --columns id | wc -l) == 600 ]] || fail "doubled or lost"
expect 0 "600 deals there already" -- ada --offline import "$work/crm.csv" "${options[@]}"
ada sync >/dev/null 2>&1 || fail "cannot send"
expect 0 "600 deals there already" -- ada --offline import "$work/crm.csv" "${options[@]}"
eva sync >/dev/null 2>&1
expect 0 "600 deals there already" -- eva --offline import "$work/crm.csv" "${options[@]}"
[[ $(eva --offline ls --all --plain --no-headers --columns owner | sort -u | wc -l) == 4 ]] ||
    fail "the owners did not come"
won=$(awk -F, '$5 == "Won" {n++; v += $8} END {print n, v}' "$work/crm.csv")
eva --offline report winrate --period all --json >"$work/winrate"
grep -q "\"won\": ${won% *}\b" "$work/winrate" || fail "won is not ${won% *}: $(<"$work/winrate")"
grep -q "${won#* }.00" "$work/winrate" || fail "value won is not ${won#* }"

# --- rows that cannot land are given back with their reasons, and land once mended ---
{
    head -n 1 "$work/crm.csv"
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
} >"$work/bad.csv"
expect 4 "9 rows read" "1 deals added" "8 rows rejected" "bad.csv.rejects.csv" \
    "closed before it was created" "the same id stands on line 6" "is not a date" "lies in the future" \
    "below zero" "one of our stages" "Nowhere" -- ada --offline import "$work/bad.csv" "${options[@]}"
rejects=$work/bad.csv.rejects.csv
[[ $(grep -c '^B' "$rejects") == 8 ]] || fail "not all rejected rows are given back: $(<"$rejects")"
sed -i -e 's/2017-02-30/2017-02-20/' -e 's/Nowhere/Engaging/' -e '/^B[3-8]/d' "$rejects"
expect 0 "2 rows read" "2 deals added" -- ada --offline import "$rejects" "${options[@]}"
expect 0 "2 deals there already" -- ada --offline import "$rejects" "${options[@]}"

# --- other ways to write a table ---
printf 'sep=;\nid;deal;stage;value;created\nS1;"Roof; north";Contact;"1.234,56 €";13/04/2026\nS2;Żółw;Contact;2.000,00;03/04/2026\n' |
    iconv -t UTF-16 >"$work/german.csv"
expect 0 "2 deals added" "day first" "decimal comma" -- ada --offline import "$work/german.csv"
[[ $(ada --offline ls --plain --no-headers --columns value,currency "Roof; north") == $'1234.56\tEUR' ]] ||
    fail "the amount was misread"
printf 'id,deal,stage,created\nT1,Wie\xbfa,Contact,2026-01-01\n' >"$work/polish.csv"
expect 0 "windows-1250" "1 deals added" -- ada --offline import "$work/polish.csv"
[[ $(ada --offline ls --plain --no-headers --columns title Wieża) == Wieża ]] || fail "not Polish"
printf 'id,deal,stage,created\nU1,A,Contact,03/04/2026\n' >"$work/dates.csv"
expect 2 "--dates dmy" "line 2" -- ada --offline import "$work/dates.csv"
expect 0 "1 deals added" -- ada --offline import "$work/dates.csv" --dates mdy
printf 'id,deal,stage,value\nV1,A,Contact,"1,234"\n' >"$work/amounts.csv"
expect 2 "--decimal comma" "line 2" -- ada --offline import "$work/amounts.csv"
printf 'id,deal,stage,value,amount\nV1,A,Contact,1,2\n' >"$work/double.csv"
expect 2 "are the same field" -- ada --offline import "$work/double.csv" --map amount=value
printf 'id,deal,stage\nW1,"never closed,Contact\n' >"$work/quote.csv"
expect 2 "never" "line 2" -- ada --offline import "$work/quote.csv"
: >"$work/empty.csv"
expect 2 "is empty" -- ada --offline import "$work/empty.csv"
echo "id,deal,stage" >"$work/header.csv"
expect 0 "0 rows read" -- ada --offline import "$work/header.csv"
expect 2 "not a table in a text file" -- ada --offline import "$bin/sluice"
expect 2 "it is a folder" -- ada --offline import "$work"
expect 3 "cannot read" -- ada --offline import "$work/nothing.csv"
{
    printf 'id,deal,stage\nX1,'
    head -c 3000000 /dev/zero | tr '\0' x
    printf ',Contact\n'
} >"$work/long.csv"
expect 4 "too large to be one deal" -- ada --offline import "$work/long.csv"

# --- the file has news: told, then taken; what was changed here stays ---
ada sync >/dev/null 2>&1
printf 'id,deal,stage,value,next_step\nN1,Mill,Contact,100,Call\nN2,Dam,Contact,200,Call\n' >"$work/news.csv"
expect 0 "2 deals added" -- ada --offline import "$work/news.csv"
ada --offline deal edit Dam --value 250 >/dev/null 2>&1
sed -i -e 's/N1,Mill,Contact,100/N1,Mill,Contact,150/' "$work/news.csv"
expect 0 "1 deals differ from the file" "100.00 here, 150.00 in the file" "changed here since" \
    -- ada --offline import "$work/news.csv"
expect 0 "1 deals changed to what the file says" "1 deals there already" \
    -- ada --offline import "$work/news.csv" --update
[[ $(ada --offline ls --plain --no-headers --columns title,value Mill) == $'Mill\t150.00' ]] ||
    fail "the news were not taken"
[[ $(ada --offline ls --plain --no-headers --columns title,value Dam) == $'Dam\t250.00' ]] ||
    fail "what was changed here was overwritten"
expect 0 "2 deals there already" -- ada --offline import "$work/news.csv" --update
expect 0 "1 deals as they were before" -- ada --offline undo
[[ $(ada --offline ls --plain --no-headers --columns title,value Mill) == $'Mill\t100.00' ]] ||
    fail "the update was not taken back"

# --- one undo takes a whole import back, but not what others worked on since ---
sed -e 's/^ID/UN/' "$work/crm.csv" >"$work/undo.csv"
expect 0 "600 deals added" -- ada --offline import "$work/undo.csv" "${options[@]}"
ada sync >/dev/null 2>&1 || fail "cannot send"
eva sync >/dev/null 2>&1 || fail "cannot receive"
worked=$(eva --offline export deals --csv 2>/dev/null | awk -F, '/UN0009/ {print $1}')
eva --offline deal edit "$worked" --next-step "Call again" >/dev/null 2>&1 || fail "no work on $worked"
eva sync >/dev/null 2>&1 || fail "cannot send"
ada sync >/dev/null 2>&1 || fail "cannot receive"
before=$(ada --offline ls --all --plain --no-headers --columns id | wc -l)
expect 0 "Took back the import" "599 deals removed" "1 deals stay" -- ada --offline undo
after=$(ada --offline ls --all --plain --no-headers --columns id | wc -l)
[[ $((before - after)) == 599 ]] || fail "undo took $((before - after))"
ada sync >/dev/null 2>&1 || fail "cannot send the undo"
expect 0 "599 deals added" "1 deals there already" -- ada --offline import "$work/undo.csv" "${options[@]}"
expect 0 -- ada sync

# --- for scripts ---
ada --offline import "$work/crm.csv" "${options[@]}" --json 2>/dev/null >"$work/json"
python3 - "$work/json" <<'PY' || fail "the JSON is wrong"
import json, sys
said = json.load(open(sys.argv[1]))
assert said["import"]["rows"] == 600 and said["import"]["unchanged"] == 600, said["import"]
assert said["import"]["added"] == 0 and said["remarks"] == [] and said["import"]["rejects"] is None
PY

# --- out, and into another team: the same deals and figures; formulas harmless on the way ---
ada --offline deal add '=cmd|x' --org '@Acme' >/dev/null 2>&1
ada --offline export deals --csv --output "$work/out.csv" 2>/dev/null
grep -q "'=cmd|x,'@Acme" "$work/out.csv" || fail "a formula goes out as it is"
[[ $(stat -c %a "$work/out.csv") == 600 ]] || fail "others can read the export"
expect 1 "cannot write" -- ada --offline export deals --csv --output "$work/none/out.csv"
expect 2 "say which" -- ada --offline export --csv
ada --offline export --lines 2>/dev/null | python3 -c '
import json, sys
kinds = {json.loads(line)["kind"] for line in sys.stdin}
assert {"deals", "organisations", "events", "members"} <= kinds, kinds' || fail "the lines are wrong"
server_start other "Zoe Hill"
zoe join "$(<"$work/other.line")" >/dev/null 2>&1
expect 0 "deals added" -- zoe --offline import "$work/out.csv"
zoe sync >/dev/null 2>&1 || fail "cannot send"
for figures in "winrate --period all" "funnel --period all"; do
    # shellcheck disable=SC2086
    ada --offline report $figures --csv >"$work/ours" 2>/dev/null
    # shellcheck disable=SC2086
    zoe --offline report $figures --csv >"$work/theirs" 2>/dev/null
    cmp -s "$work/ours" "$work/theirs" || { diff "$work/ours" "$work/theirs"; fail "$figures differ"; }
done
columns=title,org,stage,status,value,currency,owner
ada --offline ls --all --plain --no-headers --columns $columns | sort >"$work/ours"
zoe --offline ls --all --plain --no-headers --columns $columns | sort >"$work/theirs"
cmp -s "$work/ours" "$work/theirs" || { diff "$work/ours" "$work/theirs" | head; fail "deals differ"; }
expect 0 "deals there already" -- zoe --offline import "$work/out.csv"
expect 0 "deals there already" -- ada --offline import "$work/out.csv"
