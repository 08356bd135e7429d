#!/usr/bin/env bash
# ctest: timeout=600
# Three people work for a while, by two servers on one database, over bad lines, while servers,
# backends, PostgreSQL and clients are killed, stopped and cut off, as a seed says. Then all is mended,
# and the simulator's oracle is shown every commit and every copy: each change has one outcome, took
# effect at most once, nobody was overwritten, and every copy holds what the server does.
#
# SLUICE_CHAOS_SECONDS (12) and SLUICE_CHAOS_SEED (of the day); fault/test_chaos_long.sh goes on longer.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/travel.sh"
. "$SLUICE_SOURCE_DIR/tests/fault/record.sh"

seconds=${SLUICE_CHAOS_SECONDS:-12}
seed=${SLUICE_CHAOS_SEED:-$(date +%y%m%d)}
people="ada bob cy"
echo "seed $seed, $seconds s"
second=
trap 'finish; [ -n "$second" ] && kill -TERM "$second" 2>/dev/null && wait "$second" 2>/dev/null
    private_postgres_stop' EXIT
travel_begin

# --- the lines
line_start() { # line_start NAME TO NUMBER: its port comes into $line_port
    python3 "$SLUICE_SOURCE_DIR/tests/fault/peers.py" weather "$2" "$((seed * 10 + $3))" "$folder/calm" \
        >"$folder/$1.port" 2>"$folder/$1.line.log" 9>&- &
    children+=($!)
    until_true 10 test -s "$folder/$1.port" && line_port=$(head -n 1 "$folder/$1.port")
}
touch "$folder/calm"
claim "a line to the database" line_start database "$run/.s.PGSQL.5432" 1
database_port=$line_port
over_line() { echo "postgresql://$1@127.0.0.1:$database_port/pipeline?sslmode=disable"; }
second_start() { # on a copy of the first one's folder
    second_port=$(port_free)
    cp -a "$data" "$folder/data2" && rm -f "$folder/data2/lock" || return 1
    : >"$folder/out2"
    "$bin/sluiced" run --data "$folder/data2" --listen "127.0.0.1:$second_port" >"$folder/out2" \
        2>>"$folder/second.log" 9>&- &
    second=$!
    until_true 60 grep -q "^sluiced: ready on " "$folder/out2"
}
claim "a server on a bad line to its database, and two reps" stage_init \
    --database "$(over_line sluice_owner)" --database-app "$(over_line sluice_app)"
claim "a third one" judges cy ada
claim "every version of every row is kept" record_begin
claim "a second server" second_start
claim "a line to the first" line_start first "$port" 2
first_line=$line_port
claim "and to the second" line_start other "$second_port" 3
ada server "127.0.0.1:$first_line" "127.0.0.1:$line_port" >/dev/null 2>&1
bob server "127.0.0.1:$line_port" "127.0.0.1:$first_line" >/dev/null 2>&1
cy server "127.0.0.1:$second_port" "127.0.0.1:$port" >/dev/null 2>&1
deal ada "Shared 1" 100
deal bob "Shared 2" 200
deal cy "Shared 3" 300
for each in $people $people; do sync_quietly "$each"; done

# --- people: each does what its own stream of chance says
made() { # made NAME: its command has returned; what is in the outbox now is a promise
    "$bin/sluice-judge" --made "$folder/$1" >>"$folder/made.$1"
}
act() { # act NAME NUMBER: one thing
    local at=$((RANDOM % 10)) shared="Shared $((RANDOM % 3 + 1))" title="Of $1 $2"
    case $at in
    0 | 1)
        home "$1" --offline deal add "$title" --value $((RANDOM + 1)) && echo "$title" >>"$folder/promised.$1"
        ;;
    2 | 3 | 4) home "$1" --offline deal edit "$shared" --value $((RANDOM + 1)) ;;
    5) home "$1" --offline deal edit "$shared" --next "Call $RANDOM" ;;
    6) home "$1" --offline log "$shared" "Said $RANDOM" ;;
    7) home "$1" --offline deal move "$shared" Contact ;;
    8 | 9) home "$1" sync --wait=3 ;;
    esac
    [ $at -ge 8 ] || made "$1"
}
work() { # work NAME NUMBER: until told to end; now and then its program is killed
    RANDOM=$((seed % 10000 + $2 * 7))
    n=0
    while [ ! -e "$folder/enough" ]; do
        n=$((n + 1))
        if [ $((RANDOM % 6)) = 0 ]; then
            act "$1" $n &
            sleep "0.$(printf '%03d' $((RANDOM % 120)))" # a random moment is what is tested
            kill -9 "$(pgrep -P $! -x sluice)"
            wait $!
        else
            act "$1" $n
        fi
    done >/dev/null 2>&1
}

# --- what befalls them
stopped=()
worker_of() { pgrep -P "$1" -x sluiced; }
backends() { pgrep -P "$PRIVATE_POSTGRES_PID" -f 'sluice_app'; }
one_of() { shuf -n 1 --random-source=<(yes $RANDOM); }
stop_a_while() { # stop_a_while PID
    [ -n "$1" ] || return 0
    kill -STOP "$1" 2>/dev/null
    sleep "$((RANDOM % 2)).$((RANDOM % 10))" # how long it is away is what is tested
    kill -CONT "$1" 2>/dev/null
}
befall() {
    local at=$((RANDOM % 9))
    case $at in
    0) kill -9 "$(worker_of "$server")" ;;
    1) kill -9 "$(worker_of "$second")" ;;
    2) stop_a_while "$(worker_of "$server")" ;;
    3) stop_a_while "$(worker_of "$second")" ;;
    4) stop_a_while "$(backends | one_of)" ;;
    5 | 6) sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'sluice_app'" ;;
    7) kill -9 "$(backends | one_of)" ;;
    8) private_postgres_crash && private_postgres_resume ;;
    esac
    echo $at >>"$folder/befell"
}
chaos() {
    local i=0
    rm "$folder/calm"
    for each in $people; do
        i=$((i + 1))
        work "$each" $i 9>&- &
        children+=($!)
        workers+=($!)
    done
    RANDOM=$((seed % 30000))
    while [ $SECONDS -lt $chaos_end ]; do
        befall >/dev/null 2>>"$folder/befell.log"
        sleep "0.$((RANDOM % 9))"
    done
    touch "$folder/enough" "$folder/calm"
    wait "${workers[@]}"
}
workers=()
chaos_end=$((SECONDS + seconds))
chaos
claim "things befell them" test "$(wc -l <"$folder/befell")" -ge 3

# --- all is mended
both_serve() { kill -0 "$server" && kill -0 "$second" && sync_quietly ada && sync_quietly cy; }
claim "both servers serve again by themselves" until_true 90 both_serve
settled() {
    local each
    for each in $people; do
        sync_quietly "$each" || return 1
        home "$each" --offline status --json pending | grep -q ': "*0"*' || return 1
    done
}
claim "everything is delivered" until_true 90 settled
until_true 30 settled # what one delivered last, the others get
for each in $people; do
    claim "the copy of $each is whole" says 0 "is whole; 0 changes" home "$each" doctor
    titles "$each" >"$folder/found.$each"
done
for each in ada bob; do # who may see all
    claim "$each sees what cy sees" cmp "$folder/found.$each" "$folder/found.cy"
done
sort "$folder"/promised.* >"$folder/promised"
claim "$(wc -l <"$folder/promised") acknowledged deals: none is lost" \
    test -z "$(comm -23 "$folder/promised" "$folder/found.cy")"
claim "the tables have each once" stored_once
claim "the first server stops in order" server_stop
kill -TERM "$second" && wait "$second"
claim "and the second" test $? = 0
second=
claim "what was recorded is laid out" record_end
sort -u "$folder"/made.* >"$folder/made"
claim "$(wc -l <"$folder/made") changes were written down as they were made" \
    test "$(wc -l <"$folder/made")" -ge 3
judged() { # judged [BOB'S HOME [WHAT WAS MADE]]
    "$bin/sluice-judge" "$(url sluice)" "${2:-$folder/made}" "$folder/ada" "${1:-$folder/bob}" \
        "$folder/cy" >"$folder/judge.log" 2>&1
    local code=$?
    tail -n 1 "$folder/judge.log" >&9
    return $code
}
claim "the oracle finds nothing" judged

# --- and it would
notices() { # notices WHAT CHANGE: of the tables as they are shown to it
    sql "BEGIN; CREATE TABLE kept AS TABLE $1; $2; COMMIT"
    judged
    local code=$?
    sql "BEGIN; DELETE FROM $1; INSERT INTO $1 TABLE kept; DROP TABLE kept; COMMIT"
    [ $code = 1 ]
}
own="replica = (SELECT replica FROM outcome WHERE number > 2 LIMIT 1) AND number"
claim "it notices an answer that is lost" notices outcome "DELETE FROM outcome WHERE $own = 2"
claim "one that was given to nobody" notices outcome \
    "UPDATE outcome SET mutation = gen_random_uuid() WHERE $own = 1"
claim "a value that history does not tell" notices deal \
    "UPDATE deal SET value = value + 1 WHERE seq = (SELECT max(seq) FROM deal)"
claim "a row that the copies do not have" notices person \
    "INSERT INTO person (team_id, seq, row_removed, id, name) SELECT team_id, 2, false, gen_random_uuid(), 'Nobody' FROM team LIMIT 1"
forgotten() { # a change was made, its command returned, and it is in no outbox and no table
    cp -a "$folder/bob" "$folder/forgetful" && cp "$folder/made" "$folder/made_more" || return 1
    home forgetful --offline deal add "Forgotten" --value 1 >&9 2>&1 || return 1
    "$bin/sluice-judge" --made "$folder/forgetful" >>"$folder/made_more" || return 1
    "$bin/sluice-judge" --forget "$folder/forgetful" || return 1
    judged "$folder/forgetful" "$folder/made_more"
    [ $? = 1 ] && grep -q "is in no outbox" "$folder/judge.log"
}
claim "a change that its outbox has forgotten" forgotten
claim "and nothing when all is as it was" judged
stage_end
