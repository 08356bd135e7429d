#!/usr/bin/env bash
# ctest: timeout=600
# What may stand at the server's door: garbage, a web browser, half a handshake, a slow writer, a
# crowd of idle connections, unknown keys, and enrolled devices whose program has gone mad. Each is
# told or closed in time and logged in few lines; meanwhile and afterwards others work, memory and
# database are as they were.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

# The sanitizer keeps freed memory for a while; the server's is looked at below.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=4"
claim "a server and two reps" stage_init
claim "bob adds a deal" bob add "Quiet harbour" --wait >/dev/null 2>&1
claim "and ada gets it" ada sync 2>/dev/null
line=$(invited "Mad Device" rep)

worker() { pgrep -P "$server" -f "$bin/sluiced run"; }
memory_kb() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(worker)/status"; }
descriptors() { find "/proc/$(worker)/fd" -mindepth 1 | wc -l; }
everything() { # of the team, as one number: nothing a stranger does may change it
    sql "SELECT count(*), coalesce(sum(t.head_seq), 0) FROM team t" &&
        sql "SELECT count(*) FROM deal" && sql "SELECT count(*) FROM event" &&
        sql "SELECT count(*) FROM outcome" && sql "SELECT count(*) FROM inbox"
}

# --- enrolled once, so that later acts come from a known device
claim "the mad device enrols" test "$(peer "$line" mad enrol)" = "welcome closed "
first_worker=$(worker)
before=$(everything)
claim "what the database holds can be told" test "$(wc -w <<<"$before")" = 5

# --- strangers that send something
sent() { # sent WHAT MS: closed, within that time
    local how answer ms
    read -r how answer _ ms _ <<<"$(python3 "$peers_py" send "$port" "$1")"
    [ "$how" = closed ] && [ "$ms" -le "$2" ] && [ "$answer" -le 8 ] && return 0
    echo "     $how after $ms ms and $answer bytes" >&9
    return 1
}
later() { # later NAME command...: in the background; its claim comes at the end
    local name=$1
    shift
    ("$@" && echo fine >"$folder/$name.fine") 9>&- 8>&- &
    late_jobs+=("$!")
}
late_jobs=()
later slow sent slow 9000
later prefix sent prefix 9000
half() { [ "$(peer "$line" stranger half)" = "closed " ]; }
later half half
claim "garbage is closed" sent garbage 3000
claim "a web browser is closed" sent http 3000

# --- keys that are right, and what they do is not
claim "an unknown device is refused" test "$(peer "$line" nobody sign-in)" = "refused unknown_device closed "
claim "a hello that is garbage gets a bye" test "$(peer "$line" mad hello)" = "bye 4 closed "
claim "a hello of another version is refused" test "$(peer "$line" mad version)" = "refused version closed "
claim "a message of garbage gets a bye" test "$(peer "$line" mad garbage)" = "welcome bye 4 closed "
claim "messages in messages get a bye" test "$(peer "$line" mad nest)" = "welcome bye 4 closed "
claim "groups in groups too" test "$(peer "$line" mad groups)" = "welcome bye 4 closed "
claim "what only a server says gets a bye" test "$(peer "$line" mad welcome)" = "welcome bye 4 closed "
claim "a frame over the cap is closed" test "$(peer "$line" mad large)" = "welcome closed "
claim "a frame that declares 4 GiB too" test "$(peer "$line" mad total)" = "welcome closed "
claim "what is not encrypted too" test "$(peer "$line" mad record)" = "welcome closed "

for job in "${late_jobs[@]}"; do wait "$job"; done
claim "a byte a second is closed when the handshake is late" test -f "$folder/slow.fine"
claim "a header and silence too" test -f "$folder/prefix.fine"
claim "half a handshake and silence too" test -f "$folder/half.fine"

# --- a crowd
started_kb=$(memory_kb)
started_fd=$(descriptors)
crowd() { # crowd COUNT SOURCES MOST: idle connections; no more than MOST stay open, bob works on
    local still
    coproc CROWD { exec python3 "$peers_py" idle "$port" "$1" "$2" 9>&-; }
    children+=("$CROWD_PID")
    read -r -t 30 still <&"${CROWD[0]}"
    [ "$still" = held ] || return 1
    bob add "deal beside $1 from $2" --wait=20 >"$folder/said" 2>&1 || return 1
    [ "$(descriptors)" -le $((started_fd + $3 + 4)) ] || return 1
    echo >&"${CROWD[1]}"
    read -r -t 30 still <&"${CROWD[0]}"
    kill "$CROWD_PID"
    wait "$CROWD_PID" 2>/dev/null
    [ "$still" -le "$3" ] && return 0
    echo "     $still of $1 are open still; $(cat "$folder/said")" >&9
    return 1
}
claim "500 idle connections of one address: 64 stay, and bob's change goes through" crowd 500 1 64
claim "500 of 50 addresses: 256 stay, and bob's change goes through" crowd 500 50 256
calm() { [ "$(descriptors)" -le $((started_fd + 2)) ]; }
claim "their descriptors come back" until_true 15 calm
grown=$(($(memory_kb) - started_kb))
claim "and memory ($grown kB more)" test "$grown" -lt 40000
claim "the worker has not been restarted" test "$(worker)" = "$first_worker"

# --- what is left of all that
claim "ada gets what bob did meanwhile" ada sync 2>/dev/null
claim "which is all there is" test "$(titles ada)" = "$(printf '%s\n' "Quiet harbour" \
    "deal beside 500 from 1" "deal beside 500 from 50" | sort)"
claim "no stranger left a row" test "$(sql "SELECT count(*) FROM device")" = 3
claim "nor changed any but bob's two" test "$(sql "SELECT count(*) FROM outcome")" = \
    "$(($(awk 'NR == 4' <<<"$before") + 2))"
for words in "session_channel .*source=127[.]0[.]0[.]1 reason=not_sluice" \
    "session_channel .*reason=handshake_timeout" "session_refused .*reason=unknown_device" \
    "session_refused .*reason=version" "session_bad_message .*reason=hello" \
    "session_bad_message .*reason=message" "session_channel .*reason=too_large" \
    "session_channel .*reason=tampered" "connection_dropped .*source=127[.]0[.]1[.]1 reason=handshakes_of_source" \
    ; do
    claim "the log has: $words" logged "$words"
done
claim "but few lines of it" test "$(grep -c "connection_dropped\|session_channel" "$folder/server.log")" -le 90
claim "and nothing that is not printable" test -z "$(grep -a -P '[^\x20-\x7e\t]' "$folder/server.log")"
claim "the server stops in order" server_stop

# --- hardly any descriptors
few_start() {
    ulimit -S -n 256 && ulimit -H -n 256 && server_start
}
claim "a server that may open 256 files only" few_start
started_fd=$(descriptors)
claim "says how many it can serve" logged "warning descriptors_few sessions_max=192"
claim "has room for bob beside 240 idle connections" crowd 240 50 192
claim "its descriptors come back too" until_true 15 calm
claim "and it stops in order" server_stop
claim "no sanitizer had anything to say" test -z "$(grep -a "ERROR: \|runtime error" "$folder/server.log")"
stage_end
