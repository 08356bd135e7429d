#!/usr/bin/env bash
# Scenario 25: one poison mutation that crashes its handler, or always errors in the database. It is
# found and set aside after some tries and parked with an alarm; the others go on.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

library="$folder/poison.so"
"${CC:-cc}" -shared -fPIC -O1 -o "$library" "$SLUICE_SOURCE_DIR/tests/fault/poison.c" -ldl ||
    { echo "no C compiler here"; exit 77; }
chmod 755 "$library"
poisoned_start() { # the server, with the bug in it
    : >"$folder/out"
    LD_PRELOAD=$library ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        "$bin/sluiced" run --data "$data" >"$folder/out" 2>>"$folder/server.log" 9>&- &
    server=$!
    until_true 60 is_ready_or_gone && is_ready
}
ends() { # ends NAME: what waits there is answered
    home "$1" sync >"$folder/$1.sync" 2>&1
    home "$1" --offline status --json pending | grep -q ': "*0"*'
}
in_inbox() { home "$1" --offline inbox 2>/dev/null | grep -q -- "$2"; }

claim "a server and two reps" stage_init
claim "it stops" server_stop
claim "it starts, with a bug in it" poisoned_start

# --- it crashes its handler
ada --offline add "Bread" >/dev/null 2>&1
ada --offline add "Poison cake" >/dev/null 2>&1
ada --offline add "Butter" >/dev/null 2>&1
claim "the others' work waits meanwhile, and no longer than that" until_true 60 ends ada
claim "the worker was started again twice" \
    test "$(grep -c 'keeper.worker_ended' "$folder/server.log")" = 2
claim "the keeper tells which change it was at" logged "keeper.suspect crashes=2 set_aside=yes"
claim "the server says that it parked it: an alarm" logged 'outcome=parked alarm="broke the server twice"'
claim "who made it has it in the inbox" in_inbox ada "Poison cake"
claim "what came after it is there" test "$(titles ada | tr '\n' ' ')" = "Bread Butter "
bob --offline add "Jam" >/dev/null 2>&1
claim "others go on" until_true 30 ends bob
claim "and see the rest" test "$(titles bob | tr '\n' ' ')" = "Bread Butter Jam "
ada --offline add "Poison cake again" >/dev/null 2>&1
claim "another one is another one: it is parked too" until_true 60 ends ada
claim "after two crashes of its own" test "$(grep -c 'set_aside=yes' "$folder/server.log")" = 2

# --- it always errors, in a way nobody foresaw
refuse() { # refuse WORD SQLSTATE
    sql "CREATE OR REPLACE FUNCTION refuse_$1() RETURNS trigger LANGUAGE plpgsql AS
        \$\$BEGIN RAISE EXCEPTION 'no $1 here' USING ERRCODE = '$2'; END\$\$;
        CREATE TRIGGER refuse_$1 BEFORE INSERT ON deal FOR EACH ROW WHEN (NEW.title LIKE '$1%')
        EXECUTE FUNCTION refuse_$1()" >/dev/null
}
number=0
for state in P0001 XX000 23514 54000; do
    number=$((number + 1))
    refuse "Stone$number" $state
    bob --offline add "Salt $number" >/dev/null 2>&1
    bob --offline add "Stone$number" >/dev/null 2>&1
    bob --offline add "Honey $number" >/dev/null 2>&1
    claim "an error $state holds up nobody" until_true 60 ends bob
    claim "it alone is parked" in_inbox bob "Stone$number"
    claim "with an alarm" logged "commit_refused.*$state"
done
claim "all others are there" test "$(titles bob | grep -c '^Salt\|^Honey')" = 8
claim "none of the stones is" test "$(titles bob | grep -c Stone)" = 0
claim "each change has one outcome, and no number is left out" test -z "$(sql "SELECT replica FROM outcome WHERE number > 0
    GROUP BY replica HAVING count(*) <> max(number) OR count(DISTINCT payload_hash) <> count(*)")"

# --- the database as a whole says no: nobody's work is parked for that
parked() { sql "SELECT count(*) FROM outcome WHERE kind = 4"; }
before=$(parked)
sql "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    \$\$BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END\$\$;
    CREATE TRIGGER full_disk BEFORE INSERT ON deal FOR EACH ROW EXECUTE FUNCTION full_disk()" >/dev/null
bob --offline add "Pepper" >/dev/null 2>&1
told() { [ "$(grep -c 'commit_failed.*53100' "$folder/server.log")" -ge 3 ]; }
tries() { bob sync >/dev/null 2>&1; told; }
claim "a full disk is told and tried again" until_true 60 tries
claim "and parks nothing" test "$(parked)" = "$before"
sql "DROP TRIGGER full_disk ON deal" >/dev/null
claim "then the work goes through" until_true 60 ends bob
claim "and is there" test "$(titles bob | grep -c Pepper)" = 1
for each in ada bob; do claim "the copy of $each is whole" says 0 "is whole; 0 changes" home $each doctor; done
claim "SIGTERM ends it with 0" server_stop
stage_end
