#!/usr/bin/env bash
# An imported table that has news, on a real server with two managers: told, then taken with
# --update; what both sides changed becomes a conflict, a closed deal is corrected, one undo takes
# the whole back but not what others worked on since. People are known by their e-mail address,
# owners by what is said of them, stages by pipeline and status.
# ctest: timeout=300
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
. "$SLUICE_SOURCE_DIR/tests/support/figures.sh"
set -e

import() { ada --offline import "$@"; }
# shows NAME WANTED FIELDS FILTER: exactly one deal, with these values
shows() {
    local got
    got=$(home "$1" --offline ls --all --plain --no-headers --columns "$3" "$4" 2>/dev/null)
    [[ $got == "$2" ]] || fail "$1 sees \"$got\", not \"$2\" ($4)"
}
exchange() { for name in "$@"; do home "$name" sync >"$folder/said" 2>&1 || fail "$name cannot sync"; done; }
count() { home "$1" --offline "${@:2}" --plain --no-headers 2>/dev/null | wc -l; }

stage_init --zone UTC

# --- the file has news: told, then taken; what was changed here stays ---
cat >"$folder/news.csv" <<'END'
id,deal,stage,value,next_step
N1,Mill,Contact,100,Call
N2,Dam,Contact,200,Call
END
expect 0 "2 deals added" -- import "$folder/news.csv"
expect 0 -- ada --offline deal edit Dam --value 250
sed -i -e 's/N1,Mill,Contact,100/N1,Mill,Contact,150/' "$folder/news.csv"
expect 0 "1 deal differs from the file" "100.00 here, 150.00 in the file" "changed here since" \
    -- import "$folder/news.csv"
expect 0 "1 deal would be changed to what the file says" -- import "$folder/news.csv" --update --dry-run
shows ada 100.00 value Mill
expect 0 "1 deal changed to what the file says" "1 deal there already" \
    -- import "$folder/news.csv" --update
shows ada 150.00 value Mill
shows ada 250.00 value Dam
expect 0 "2 deals there already" -- import "$folder/news.csv" --update
expect 0 "1 deal as it was before" -- ada --offline undo
shows ada 100.00 value Mill
exchange ada bob
shows bob 100.00 value Mill

# --- changed here and in the file: a conflict, at once when it is known, else by the server ---
sed -i -e 's/N2,Dam,Contact,200/N2,Dam,Contact,220/' -e 's/N1,Mill,Contact,150,Call/N1,Mill,Contact,100,Write/' \
    "$folder/news.csv"
expect 0 -- bob --offline deal edit Mill --next-step Visit
exchange bob
expect 0 "2 deals changed to what the file says" "1 of them changed here too" \
    -- import "$folder/news.csv" --update
exchange ada bob
shows ada 250.00 value Dam
shows bob 250.00 value Dam
shows ada Visit next_step Mill
ada --offline inbox --json kind,mine,theirs,base,who >"$folder/inbox"
python3 - "$folder/inbox" <<'PY' || fail "the conflicts are not told as they are: $(<"$folder/inbox")"
import json, sys
items = {(i["who"], *(tuple(i[side].values()) for side in ("base", "mine", "theirs")))
         for i in json.load(open(sys.argv[1])) if i["kind"] == "conflict"}
money = tuple(("%s.00" % n, "EUR") for n in (200, 220, 250))
steps = tuple((step, None) for step in ("Call", "Write", "Visit"))
assert items == {("Ada Berg", *money), ("Bob Ross", *steps)}, items
PY
number=$(ada --offline inbox --json number,theirs | python3 -c 'import json, sys
print(*(i["number"] for i in json.load(sys.stdin) if "next_step" in (i["theirs"] or {})))')
expect 0 -- ada inbox resolve "$number" --mine --wait
exchange bob
shows bob Write next_step Mill

# --- a closed deal: its value and its day are corrected, which restates ---
cat >"$folder/closed.csv" <<'END'
id,deal,stage,created,closed,value
W1,Bridge,Won,2017-01-10,2017-02-10,1000
W2,Tower,Won,2017-01-10,2017-02-10,2000
END
expect 0 "2 deals added" -- import "$folder/closed.csv"
exchange ada bob
sed -i -e 's/2017-02-10,1000/2017-05-20,1500/' "$folder/closed.csv"
expect 0 "1 deal differs" "1000.00 here, 1500.00 in the file" -- import "$folder/closed.csv"
expect 0 "1 deal changed to what the file says" -- import "$folder/closed.csv" --update
exchange ada bob
shows bob 1500.00 value Bridge
won() { home "$1" --offline report winrate --period "$2" --plain --no-headers --columns won,won_value 2>/dev/null; }
for each in ada bob; do
    [[ $(won $each 2017-02) == $'1\t2000.00' ]] || fail "$each has in February: $(won $each 2017-02)"
    [[ $(won $each 2017-05) == $'1\t1500.00' ]] || fail "$each has in May: $(won $each 2017-05)"
done
# Both managers correct the same one, from two files: the later one is told of it.
sed -e 's/2017-05-20,1500/2017-05-20,1600/' "$folder/closed.csv" >"$folder/bobs.csv"
sed -i -e 's/2017-05-20,1500/2017-05-20,1700/' "$folder/closed.csv"
expect 0 "1 deal changed to what the file says" -- bob --offline import "$folder/bobs.csv" --update
expect 0 "1 deal changed to what the file says" -- import "$folder/closed.csv" --update
exchange bob ada bob
shows ada 1600.00 value Bridge
shows bob 1600.00 value Bridge
ada --offline inbox --json mine,theirs >"$folder/inbox"
grep -q '"mine": {"value": "1700.00", .*"theirs": {"value": "1600.00", ' "$folder/inbox" || fail "not told: $(<"$folder/inbox")"
# And taken back: as the last import had brought it.
expect 0 "1 deal as it was before" -- bob --offline undo
exchange bob ada
shows ada 1500.00 value Bridge

# --- people are known by their e-mail address, whatever they are called ---
people=$(count ada person list)
cat >"$folder/people.csv" <<'END'
id,deal,stage,organisation,contact,email
P1,Lamp,Contact,Hill Ltd,Łucja Żak,lucja@example.org
P2,Lens,Contact,Hill Ltd,L. Zak,LUCJA@example.org
P3,Lock,Contact,Dale Ltd,Łucja Żak,
END
expect 0 "3 deals added" "2 people added" "2 organisations added" -- import "$folder/people.csv"
exchange ada bob
[[ $(count bob person list) == $((people + 2)) ]] || fail "not two people more: $(bob person list)"
shows bob "Łucja Żak" contact Lens
cat >"$folder/people2.csv" <<'END'
id,deal,stage,organisation,contact,email
P4,Loom,Contact,Vale Ltd,Lucy,lucja@EXAMPLE.org
END
expect 0 "1 deal added" -- bob --offline import "$folder/people2.csv"
! grep -q "people added" "$folder/said" || fail "one address became two people"
shows bob "Łucja Żak" contact Loom

# --- owners by what is said of them ---
members=$(count ada member list)
printf 'id,deal,stage,owner\nO1,Oven,Contact,"R., Robert"\nO2,Oar,Contact,Bob Ross\n' >"$folder/owners.csv"
expect 0 "2 deals added" -- import "$folder/owners.csv" --map-owner "r., ROBERT=bob ross"
! grep -q "members without a device" "$folder/said" || fail "a mapped owner became a new member"
shows ada "Bob Ross" owner Oven
shows ada "Bob Ross" owner Oar
[[ $(count ada member list) == "$members" ]] || fail "there are more members than before"
expect 0 "2 deals there already" -- import "$folder/owners.csv" --map-owner "R., Robert=Bob Ross"

# --- pipelines: named for all or in a column, by name or key; unknown ones are told ---
printf 'id,deal,stage\nL1,Pipe,Contact\n' >"$folder/pipe.csv"
expect 2 'there is no pipeline "Moon"' "Sales" -- import "$folder/pipe.csv" --pipeline Moon
expect 0 "1 deal added" -- import "$folder/pipe.csv" --pipeline SALES
shows ada sales pipeline Pipe
printf 'id,deal,pipeline,stage\nL2,Pump,sales,Contact\nL3,Pail,Moon,Contact\n' >"$folder/column.csv"
expect 4 "1 deal added" "1 row rejected" "one of our pipelines" -- import "$folder/column.csv"

# --- a status beside the stage: closed, on ice or discarded from there ---
cat >"$folder/status.csv" <<'END'
id,deal,stage,status,created,closed,value,lost_reason
S1,Salt,Qualification,Won,2017-01-10,2017-03-11,100,
S2,Sand,Qualification,lost,2017-01-10,2017-03-12,100,price
S3,Seed,Contact,Iced,2017-01-10,,100,
S4,Silk,Lead,discarded,2017-01-10,,,
S5,Soap,Contact,open,2017-01-10,,100,
S6,Sock,Contact,Sleeping,2017-01-10,,100,
END
expect 4 "5 deals added" "1 row rejected" "open, won, lost, iced or discarded" \
    -- import "$folder/status.csv"
exchange ada bob
shows bob $'won\twon' stage,status Salt
shows bob $'lost\tlost' stage,status Sand
shows bob $'contact\ticed' stage,status Seed
shows bob $'lead\tdiscarded' stage,status Silk
shows bob $'contact\topen' stage,status Soap
expect 4 "5 deals there already" -- import "$folder/status.csv"
sed -i -e '/^S6/d' -e 's/^S5,Soap,Contact,open,2017-01-10,,100/S5,Soap,Contact,iced,2017-01-10,,100/' "$folder/status.csv"
expect 0 "1 deal changed to what the file says" "4 deals there already" -- import "$folder/status.csv" --update
shows ada $'contact\ticed' stage,status Soap
exchange ada bob
shows bob $'contact\ticed' stage,status Soap

# --- one undo takes a whole import back, but not what others worked on since ---
options=(--map opportunity_id=id --map sales_agent=owner --map account=org --map deal_stage=stage
    --map engage_date=created --map close_date=closed --map close_value=value
    --map-stage Prospecting=Contact --map-stage Engaging=Qualification --currency USD)
awk -v rows=300 -v prefix=UN -f "$SLUICE_SOURCE_DIR/tests/support/crm_table.awk" >"$folder/undo.csv"
expect 0 "300 deals added" -- import "$folder/undo.csv" "${options[@]}"
exchange ada bob
worked=$(bob --offline export deals --csv 2>/dev/null | awk -F, '/UN0009/ {print $1}')
expect 0 -- bob --offline deal edit "$worked" --next-step "Call again"
exchange bob ada
before=$(count ada ls --all)
expect 0 "Took back the import" "299 deals removed" "1 deal stays" -- ada --offline undo
[[ $((before - $(count ada ls --all))) == 299 ]] || fail "undo took $((before - $(count ada ls --all)))"
exchange ada bob
[[ $(count bob ls --all) == $((before - 299)) ]] || fail "bob has $(count bob ls --all)"
expect 0 "299 deals added" "1 deal there already" -- import "$folder/undo.csv" "${options[@]}"
exchange ada bob
[[ $(count bob ls --all) == "$before" ]] || fail "bob has $(count bob ls --all), not $before"

# --- after all this the reports are what the histories say, computed a second time ---
figures_export bob
for report in winrate reps funnel; do
    for currency in EUR USD; do
        for span in "all" "2017 2017-01-01 2018-01-01" "2017-Q3 2017-07-01 2017-10-01 sales" \
            "2017-03 2017-03-01 2017-04-01" "2017-02-10..2017-02-10 2017-02-10 2017-02-11"; do
            # shellcheck disable=SC2086
            figures_agree bob $report $currency $span >"$folder/said" 2>&1 ||
                fail "$report of $span in $currency is not what its history says"
        done
    done
done
