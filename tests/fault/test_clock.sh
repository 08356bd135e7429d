#!/usr/bin/env bash
# ctest: timeout=600
# Clocks three years off, on laptops and on the server, and clocks that jump: no change is lost, what
# happened stays between what happened before and when it was recorded, invitations go by the
# server's clock, people are told. And time that goes by while the other side is gone without a word.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

years=$((3 * 366 * 86400))
shifter="$folder/clock_shift.so"
"${CC:-cc}" -shared -fPIC -O1 -o "$shifter" "$SLUICE_SOURCE_DIR/tests/fault/clock_shift.c" ||
    { echo "no C compiler here"; exit 77; }
chmod 755 "$shifter"
export SHIFT_BOOT_FILE="$folder/boot"
echo 0 >"$SHIFT_BOOT_FILE"
chmod 644 "$SHIFT_BOOT_FILE"
# at SECONDS command...: with a clock that is that much ahead
at() {
    local seconds=$1
    shift
    SHIFT_WALL_S=$seconds LD_PRELOAD=$shifter \
        ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$@"
}
none() { # none WHAT: no event for which that holds
    local found
    found=$(sql "SELECT count(*) FROM event e WHERE $1")
    [ "$found" = 0 ] || { echo "     $found: $1" >&9; return 1; }
}
some() { [ "$(sql "SELECT count(*) FROM event e WHERE $1")" -gt 0 ]; }

claim "a server and two reps" stage_init
claim "the clock can be moved" test "$(at "$years" date +%Y)" -ge $(($(date +%Y) + 3))

# --- ahead, behind
for who in Eve Finn; do invited "$who" rep >"$folder/$who.line"; done
claim "a laptop 3 years ahead joins, and is told" \
    says 0 "this machine's clock is 3 years ahead of the server's" at "$years" home eve join "$(cat "$folder/Eve.line")"
claim "one 3 years behind joins, and is told" \
    says 0 "this machine's clock is 3 years behind the server's" at "-$years" home finn join "$(cat "$folder/Finn.line")"
claim "status tells it" says 0 "3 years ahead of the server" at "$years" home eve status
claim "and to scripts in seconds" says 0 "clock_ahead_s\": 9486" \
    at "$years" home eve status --json clock_ahead_s
claim "one that is right is not bothered" test -z "$(ada sync 2>&1 | grep clock)"
ahead() { at "$years" home eve "$@" >"$folder/said" 2>&1; }
behind() { at "-$years" home finn "$@" >"$folder/said" 2>&1; }
claim "from ahead: a deal" ahead --offline add "From ahead" --org Futures --source fair
claim "and a move" ahead --offline mv "From ahead" contact
claim "from behind: a deal" behind --offline add "From behind" --org Pasts --source fair
claim "and a move" behind --offline mv "From behind" contact
claim "ahead is sent" ahead sync
claim "behind is sent" behind sync
ada sync 2>/dev/null
claim "ada moves the one from behind" ada mv "From behind" lead --wait >/dev/null 2>&1
behind sync
claim "whereupon it is moved from behind" behind mv "From behind" contact --wait
claim "and the one from ahead too" behind mv "From ahead" lead --wait
claim "nothing is recorded in the future" none "recorded_at > now() + interval '5 seconds'"
claim "or in the past" none "recorded_at < now() - interval '1 hour'"
claim "nothing happened after it was recorded" none "happened_at > recorded_at"
claim "what the clocks claimed is kept, ahead" some "claimed_at > now() + interval '1000 days'"
claim "and behind" some "claimed_at < now() - interval '1000 days'"
before="EXISTS (SELECT FROM event b WHERE b.team_id = e.team_id AND b.subject = e.subject
    AND (b.seq, b.n) < (e.seq, e.n) AND b.to_stage IS NOT NULL AND b.happened_at > e.happened_at)"
claim "a deal's stages follow one another" none "e.to_stage IS NOT NULL AND $before"
claim "a day that is still to come is not taken" \
    says 4 "future" at "$years" home eve log call "From ahead" Hello --on yesterday --wait

# --- a clock that jumps under one device
hop() { # hop SECONDS SOURCE
    at "$1" home eve deal edit "From ahead" --source "$2" --wait >"$folder/said" 2>&1
}
claim "right again" hop 0 web
claim "and behind" hop "-$years" mail
claim "and ahead" hop "$years" phone
claim "the last edit stands" test "$(ada sync 2>/dev/null;
    ada --offline deal show "From ahead" --json source 2>/dev/null | grep -c phone)" = 1
claim "still nothing happened after it was recorded" none "happened_at > recorded_at"
pending() { [ "$(home "$1" status --json pending | grep -c ': "*0"*')" = 1 ]; }
claim "nothing waits at eve's" pending eve
claim "nothing waits at finn's" pending finn
home eve sync 2>/dev/null
home finn sync 2>/dev/null
all=$(printf '%s\n' "From ahead" "From behind" | sort)
for who in ada eve finn; do
    claim "$who has every deal" test "$(titles "$who")" = "$all"
done

# --- invitations go by the server's clock
late=$(at "-$years" bob invite "Gus" --role rep 2>/dev/null | tail -n 1)
claim "one that a manager makes who is 3 years behind is good" says 0 Joined home gus join "$late"
late=$(invited "Hans" rep)
sql "UPDATE invitation SET expires_at = now() - interval '1 minute' WHERE used_at IS NULL" >/dev/null
claim "an expired one stays so for who is 3 years behind" \
    says 8 "has expired" at "-$years" home hans join "$late"

# --- the server's clock
claim "the server stops" server_stop
behind_start() { at "-$years" server_start; }
claim "and starts with a clock 3 years behind" behind_start
claim "ada works on" ada add "While it was behind" --wait >/dev/null 2>&1
claim "and is told what she can see" says 0 "3 years ahead of the server" ada sync
later="EXISTS (SELECT FROM event b WHERE b.team_id = e.team_id AND b.seq < e.seq
    AND b.recorded_at > e.recorded_at)"
claim "records never go back" none "$later"

# --- gone without a word: the server notices, and so does the client
live() { # a watching client of bob's; its id comes into $watch
    : >"$folder/watch"
    # exec: the process that is stopped below has to be the client itself, not a shell that waits for it.
    (
        export SLUICE_HOME="$folder/bob" SHIFT_WALL_S=0 LD_PRELOAD=$shifter
        export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
        exec "$bin/sluice" sync --watch
    ) >>"$folder/watch" 2>&1 9>&- &
    watch=$!
    children+=("$watch")
    until_true 10 is_live
}
is_live() { [ "$(sessions open)" -gt "$(($(sessions bye) + $(sessions lost) + $(sessions silent)))" ]; }
sessions() { grep -c "session_$1 " "$folder/server.log"; }
claim "bob stays connected" live
kill -STOP "$watch"
echo 100 >"$SHIFT_BOOT_FILE"
# A loop that sleeps does not see the clock jump: it may sleep until its next look at the database.
claim "a client that is gone for 90 seconds is let go" until_true 60 logged session_silent
kill -CONT "$watch"
reconnected() { [ "$(sessions open)" -gt "$opened" ]; }
opened=$(sessions open)
claim "and comes back by itself" until_true 60 reconnected
worker=$(pgrep -P "$server" -f "$bin/sluiced run")
kill -STOP "$worker"
echo 200 >"$SHIFT_BOOT_FILE"
silent() { home bob --offline status --json last_failure | grep -q silent; }
claim "a server that is gone for 90 seconds is given up" until_true 60 silent
opened=$(sessions open)
kill -CONT "$worker"
claim "and found again" until_true 30 reconnected
ada add "After all that" --wait >/dev/null 2>&1
arrived() { titles bob | grep -qx "After all that"; }
claim "bob gets what comes then" until_true 10 arrived
kill -TERM "$watch"
wait "$watch" 2>/dev/null
claim "the server stops in order" server_stop
claim "no sanitizer had anything to say" \
    test -z "$(grep -a "ERROR: \|runtime error" "$folder/server.log" "$folder/watch")"
stage_end
