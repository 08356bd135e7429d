#!/usr/bin/env bash
# ctest: timeout=600
# Joining that cannot be, each with its sentence and exit code: a mistyped, used, expired, unknown
# invitation; another server's; nobody there, something else there, another version there. Nothing is
# left behind, and an invitation whose answer got lost can be used again by the same device.
. "${SLUICE_SOURCE_DIR:?}/tests/fault/peers.sh"

claim "a server and two reps" stage_init
line=$(invited "Cy Dee" rep)
to() { sed "s/^sluice1-[^-]*-/sluice1-127.0.0.1:$1-/"; } # only the address: the check breaks
relined() { python3 "$peers_py" relined "$line" "$@"; } # with all that belongs to it
no_home() { [ ! -e "$folder/$1" ]; }

# --- the line itself
at=$((${#line} - 30))
letter=0
[ "${line:at:1}" = 0 ] && letter=z
typo=${line:0:at}$letter${line:at+1}
claim "one letter typed wrong" says 2 "cut or mistyped" home cy join "$typo"
claim "the end cut off" says 2 "cut or mistyped" home cy join "${line%?}"
claim "the address typed wrong" says 2 "cut or mistyped" home cy join "$(echo "$line" | to 99)"
claim "another text" says 2 "begins with sluice1-" home cy join "https://example.org/join"
claim "no invitation at all" says 2 "" home cy join
claim "of which nothing is left" no_home cy

# --- who answers
claim "another server key" says 1 "its key differs; ask for a new invitation" \
    home cy join "$(python3 "$peers_py" other-key "$line" else)"
claim "another server key with the same id" says 1 "its key differs; ask for a new invitation" \
    home cy join "$(python3 "$peers_py" other-key "$line" same)"
claim "of which nothing is left either" no_home cy

claim "a code that this server never gave out" says 8 "does not know this invitation" \
    home cy join "$(relined "$port" other-code)"

free=$(port_free)
claim "nobody there" says 6 "cannot be reached at 127.0.0.1:$free" home cy join "$(relined "$free")"
# those that take their time, at the same time
slow() { # slow NAME CODE TEXT WORDS...
    local name=$1 code=$2 text=$3 slow_line
    shift 3
    peer_start "$name" "$@" || return 1
    slow_line=$(relined "$peer_port")
    (
        SLUICE_HOME="$folder/$name.home" timeout 30 "$bin/sluice" join "$slow_line" >"$folder/$name.said" 2>&1
        echo $? >"$folder/$name.code"
    ) 9>&- &
    slow_jobs+=("$! $name $code $text")
}
slow_jobs=()
slow blackhole 6 "cannot be reached at" blackhole
slow silent 6 "takes the connection but does not answer" silent
slow echo 6 "something else than Sluice answers" echo
slow http 6 "something else than Sluice answers" http
slow close 6 "closed the connection without a word" close
slow newer 1 "the server is newer than this sluice; update sluice" version 2
slow older 1 "the server speaks another version" version 0
answered() { # answered NAME CODE TEXT
    [ "$(cat "$folder/$1.code")" = "$2" ] && grep -q -- "$3" "$folder/$1.said" && return 0
    echo "     wanted $2 and \"$3\", got $(cat "$folder/$1.code" "$folder/$1.said")" >&9
    return 1
}
for job in "${slow_jobs[@]}"; do
    read -r pid name code text <<<"$job"
    wait "$pid"
    claim "joined where $name answers" answered "$name" "$code" "$text"
done

# --- the code
claim "a device's name that cannot be shown" says 2 "characters that can be shown; give another" \
    home cy join "$line" --device "$(printf 'a\033[31m')"
claim "a device's name without end" says 2 "at most 120 bytes" \
    home cy join "$line" --device "$(printf '%0200d' 0)"
claim "neither makes a home" test ! -e "$folder/cy"
claim "an unused invitation lets in" says 0 "Joined North as Cy Dee" home cy join "$line"
claim "the device has its name" says 0 "Cy Dee" home cy status
claim "a home that has joined already" says 1 "has joined a team already; set SLUICE_HOME" \
    home cy join "$(invited "Hal" rep)"
claim "and is still who it was" says 0 "Cy Dee" home cy status
claim "a used invitation, from another device" says 8 "was used already; ask for a new one" \
    home dan join "$line"
claim "and nothing is left of it" no_home dan
line=$(invited "Ida Jay" rep)
claim "time goes by" test -z "$(sql "UPDATE invitation SET expires_at = now() - interval '1 minute'
    WHERE used_at IS NULL")"
claim "an expired invitation" says 8 "has expired; ask for a new one" home ida join "$line"
claim "and nothing is left of it either" no_home ida

# --- the answer that got lost: the relay carries the invitation in, and nothing out
line=$(invited "Kit Low" rep)
claim "a relay that cuts the way back" peer_start cut cut "$port"
claim "the answer to an invitation gets lost" says 6 "broke; join again with the same line" \
    home kit join "$(relined "$peer_port")"
claim "the server has taken it" test "$(sql "SELECT count(*) FROM invitation i JOIN member m
    ON m.team_id = i.team_id AND m.id = i.member WHERE m.name = 'Kit Low' AND used_at IS NOT NULL")" = 1
claim "another device cannot use it now" says 8 "was used already" home dan join "$line"
claim "until then that home has not joined" says 7 "not joined" home kit deal list
claim "the same device can" says 0 "Joined North as Kit Low" home kit join "$line"
claim "and is one device" test "$(sql "SELECT count(*) FROM device d JOIN member m
    ON m.team_id = d.team_id AND m.id = d.member WHERE m.name = 'Kit Low'")" = 1

# --- what the server says of it, and that it goes on
claim "the log has the used one" logged "session_refused .*source=127[.]0[.]0[.]1 reason=invitation_used"
claim "and the expired one" logged "session_refused .*reason=invitation_expired"
claim "and the unknown one" logged "session_refused .*reason=invitation_unknown"
claim "and the other key" logged "session_channel .*source=127[.]0[.]0[.]1 reason=key_unknown"
claim "and that of the same id" logged "session_channel .*reason=handshake_failed"
secret=${line##*-}
claim "and no code of an invitation" test "$(grep -c -- "${secret:52:20}" "$folder/server.log")" = 0
claim "a rep is not bothered" says 0 "" bob sync
claim "the server stops in order" server_stop
stage_end
