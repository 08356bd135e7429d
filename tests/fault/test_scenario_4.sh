#!/usr/bin/env bash
# Scenario 4: a long idle transaction, and a pg_dump, in the database. Commits and what others see of
# them stay within three times of what they were, and nothing is missed.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

seconds=3
edits=100
as_owner() { # a program as the user whose database it is
    local owner=()
    [ "$(id -u)" -eq 0 ] &&
        owner=(setpriv "--reuid=$(stat -c %u "$data")" "--regid=$(stat -c %g "$data")" --clear-groups
            --pdeathsig TERM)
    "${owner[@]}" "$@"
}
line() { sql_line=$(invited "$1" rep); echo "$sql_line"; }
measure() { # measure WHAT: into $folder/WHAT.hot and .seen
    line "$1 hot" | "$bin/sluice-bench" hot "$port" $seconds 64 >"$folder/$1.hot" 2>>"$folder/bench.log" &&
        { line "$1 edits"; line "$1 sees"; } |
        "$bin/sluice-bench" seen "$port" 5 $edits >"$folder/$1.seen" 2>>"$folder/bench.log"
}
within() { # within FILE FIELD less|more: of what it was before, 3 times at most
    awk -v field="$2" -v more="$3" 'NR == FNR {before = $field; next}
        {printf "     %s was %s, is %s\n", FILENAME, before, $field
         exit !(more == "more" ? $field * 3 >= before : $field <= before * 3)}' \
        "$folder/quiet.$1" "$folder/busy.$1" >&9
}

claim "a server and two reps" stage_init
SLUICE_HOME="$folder/bob" "$bin/sluice" sync --watch >"$folder/bob.watch" 2>&1 9>&- &
watch=$!
children+=("$watch")

# What a program holds that read once and went to lunch; and one that only holds a place.
hold() { # hold STATEMENT: an open transaction, until its standard input ends
    mkfifo "$folder/hold.$1"
    as_owner psql -X -q -d postgres -h "$data/postgres/run" -U sluice \
        <"$folder/hold.$1" >"$folder/hold.$1.out" 2>&1 9>&- &
    holders+=($!)
    exec {fd}>"$folder/hold.$1"
    echo "BEGIN ISOLATION LEVEL REPEATABLE READ; $2;" >&$fd
    until_true 10 held "$1"
}
held() { [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'
    AND query LIKE '%$1%'")" = 1 ]; }
dump_on() { # one pg_dump after the other: each reads everything from one snapshot
    while [ ! -e "$folder/enough" ]; do
        as_owner pg_dump -h "$data/postgres/run" -U sluice -d postgres >"$folder/dump" 2>>"$folder/dump.log" &&
            echo one >>"$folder/dumps"
    done
}
once() {
    rm -f "$folder/enough" "$folder"/hold.*
    holders=()
    measure quiet || return 1
    hold reads "SELECT count(*) AS reads FROM deal" && hold takes "SELECT pg_current_xact_id() AS takes" ||
        return 1
    dump_on 9>&- &
    dumper=$!
    measure busy
    local measured=$?
    touch "$folder/enough"
    wait "$dumper"
    held reads && held takes || return 1 # all the time
    kill "${holders[@]}"
    wait "${holders[@]}" 2>/dev/null
    [ $measured = 0 ] && within hot 1 more && within hot 2 less && within seen 1 less
}
bounded() { once || once || once; } # others may work on this machine
claim "edits, answers and what is seen of them stay within 3 times" bounded
claim "dumps were made meanwhile" test -s "$folder/dumps"
claim "a dump is whole" grep -q "PostgreSQL database dump complete" "$folder/dump"
kill -TERM "$watch"
wait "$watch"
for each in ada bob; do
    claim "$each exchanges" home $each sync
    claim "and has missed nothing" says 0 "is whole; 0 changes" home $each doctor
done
claim "SIGTERM ends it with 0" server_stop
stage_end
