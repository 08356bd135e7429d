# private_postgres.sh - a PostgreSQL of one's own in a temporary folder. Sourced by shell tests.
#
#   . scripts/lib/private_postgres.sh
#   private_postgres_start [-c name=value]...   makes a cluster, starts it, waits until it answers
#   psql "$PRIVATE_POSTGRES_URL" ...
#   private_postgres_crash                      kill -9, as a power cut of the process
#   private_postgres_resume                     starts the same cluster again
#   private_postgres_stop                       stops it and removes its folder; safe to call twice
#
# Sets PRIVATE_POSTGRES_DIR, _URL, _PID. It listens on a unix socket only. PostgreSQL refuses to run
# as root, so root runs it as user `postgres`. It is told to end when the calling shell dies, and
# private_postgres_stop belongs into the caller's EXIT trap.
#
# fsync is off: the tests kill processes, never the kernel. Pass -c fsync=on to measure.

# How often a condition is looked at, not how long is waited for it.
PRIVATE_POSTGRES_LOOK_AGAIN_S=0.02

private_postgres_programs() {
    local folder
    if [ -n "${SLUICE_POSTGRES_BINDIR:-}" ]; then
        echo "$SLUICE_POSTGRES_BINDIR"
        return 0
    fi
    folder=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null |
        sort -V | tail -n 1)
    [ -n "$folder" ] && [ -x "$folder/initdb" ] && echo "$folder" && return 0
    echo "private_postgres: no PostgreSQL programs found (package postgresql-15)" >&2
    return 1
}

# Runs a program as the user PostgreSQL may run as, and ends it with this shell.
private_postgres_run() {
    if [ "$(id -u)" -eq 0 ]; then
        exec setpriv --reuid postgres --regid postgres --init-groups --pdeathsig INT -- "$@"
    else
        exec setpriv --pdeathsig INT -- "$@"
    fi
}

# Waits until the postmaster has written that it is ready. Fails when it has ended instead.
private_postgres_wait() {
    local programs=$1 deadline=$((SECONDS + 60))
    while ! "$programs/pg_isready" -q -h "$PRIVATE_POSTGRES_DIR/run" -d postgres; do
        if ! kill -0 "$PRIVATE_POSTGRES_PID" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            echo "private_postgres: it did not start:" >&2
            tail -n 20 "$PRIVATE_POSTGRES_DIR/log" >&2
            return 1
        fi
        sleep "$PRIVATE_POSTGRES_LOOK_AGAIN_S"
    done
}

private_postgres_resume() {
    local programs
    programs=$(private_postgres_programs) || return 1
    (
        cd "$PRIVATE_POSTGRES_DIR" || exit 1
        private_postgres_run "$programs/postgres" -D "$PRIVATE_POSTGRES_DIR/data" \
            -k "$PRIVATE_POSTGRES_DIR/run" -c listen_addresses= -c unix_socket_permissions=0700 \
            -c logging_collector=off -c fsync=off -c shared_buffers=32MB -c max_connections=60 \
            "${PRIVATE_POSTGRES_SETTINGS[@]}" >>"$PRIVATE_POSTGRES_DIR/log" 2>&1 </dev/null
    ) &
    PRIVATE_POSTGRES_PID=$!
    private_postgres_wait "$programs"
}

private_postgres_start() {
    local programs
    programs=$(private_postgres_programs) || return 1
    PRIVATE_POSTGRES_DIR=$(mktemp -d) || return 1
    if [ ${#PRIVATE_POSTGRES_DIR} -gt 80 ]; then
        echo "private_postgres: TMPDIR is too long a path for a unix socket" >&2
        rmdir "$PRIVATE_POSTGRES_DIR"
        return 1
    fi
    PRIVATE_POSTGRES_SETTINGS=("$@")
    PRIVATE_POSTGRES_PID=
    mkdir -m 0700 "$PRIVATE_POSTGRES_DIR/run"
    : >"$PRIVATE_POSTGRES_DIR/log"
    if [ "$(id -u)" -eq 0 ]; then
        chown -R postgres "$PRIVATE_POSTGRES_DIR"
    fi
    if ! (
        cd "$PRIVATE_POSTGRES_DIR" || exit 1
        private_postgres_run "$programs/initdb" -D "$PRIVATE_POSTGRES_DIR/data" -U sluice -A trust \
            -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=und --no-sync \
            --no-instructions >>"$PRIVATE_POSTGRES_DIR/log" 2>&1
    ); then
        tail -n 20 "$PRIVATE_POSTGRES_DIR/log" >&2
        private_postgres_stop
        return 1
    fi
    # shellcheck disable=SC2034  # for the caller
    PRIVATE_POSTGRES_URL="postgresql:///postgres?host=$PRIVATE_POSTGRES_DIR/run&user=sluice&sslmode=disable"
    private_postgres_resume
}

private_postgres_crash() {
    local children child deadline=$((SECONDS + 10))
    children=$(cat "/proc/$PRIVATE_POSTGRES_PID/task/$PRIVATE_POSTGRES_PID/children" 2>/dev/null)
    kill -KILL "$PRIVATE_POSTGRES_PID" 2>/dev/null || :
    wait "$PRIVATE_POSTGRES_PID" 2>/dev/null || :
    PRIVATE_POSTGRES_PID=
    # Its children see that it is gone and leave; a new one does not start while one is there.
    # (A zombie has no exe any more.)
    for child in $children; do
        while readlink "/proc/$child/exe" >/dev/null 2>&1 && [ $SECONDS -lt $deadline ]; do
            sleep "$PRIVATE_POSTGRES_LOOK_AGAIN_S"
        done
    done
}

# SIGINT (fast): connected clients are cut off. SIGTERM would wait for them.
private_postgres_stop() {
    if [ -n "${PRIVATE_POSTGRES_PID:-}" ]; then
        kill -INT "$PRIVATE_POSTGRES_PID" 2>/dev/null || :
        wait "$PRIVATE_POSTGRES_PID" 2>/dev/null || :
    fi
    PRIVATE_POSTGRES_PID=
    if [ -n "${PRIVATE_POSTGRES_DIR:-}" ]; then
        rm -rf "$PRIVATE_POSTGRES_DIR"
    fi
    PRIVATE_POSTGRES_DIR=
    return 0
}
