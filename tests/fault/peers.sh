# peers.sh - what the tests of bad peers share, on top of stage.sh. Sourced, never run.
# shellcheck disable=SC2154  # of stage.sh
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

peers_py="$SLUICE_SOURCE_DIR/tests/fault/peers.py"

# peer_start NAME WORDS...: something of peers.py that serves; its port comes into $peer_port.
peer_start() {
    local name=$1
    shift
    python3 "$peers_py" "$@" >"$folder/$name.port" 2>"$folder/$name.log" 9>&- &
    children+=($!)
    until_true 10 test -s "$folder/$name.port" || return 1
    peer_port=$(head -n 1 "$folder/$name.port")
}

# peer INVITATION DEVICE ACT: what the server answers, on one line.
peer() { "$bin/sluice-peer" "$@" 2>&1 | tr '\n' ' '; }

# sql STATEMENT: asked of the server's own database, as its owner.
sql() {
    local owner=()
    [ "$(id -u)" -eq 0 ] &&
        owner=(setpriv "--reuid=$(stat -c %u "$data")" "--regid=$(stat -c %g "$data")" --clear-groups)
    "${owner[@]}" psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres -h "$data/postgres/run" -U sluice \
        -c "$1" 2>&1
}

# invited NAME ROLE: a new invitation of ada's, on standard output.
invited() { ada invite "$1" --role "$2" 2>/dev/null | tail -n 1; }

# logged WORDS: the server's log has a line with them.
logged() { grep -q -- "$1" "$folder/server.log"; }
