#!/usr/bin/env bash
# init and run with --database URL: a PostgreSQL of the administrator, with the least rights the
# manual names; passwords; and what is told when it is absent, closed, too old or too new.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
. "$SLUICE_SOURCE_DIR/scripts/lib/private_postgres.sh"

hba=$(mktemp /tmp/sluice-hba-XXXXXX)
printf 'local all sluice trust\nlocal all all scram-sha-256\n' >"$hba"
chmod 644 "$hba"
trap 'finish; private_postgres_stop; rm -f "$hba"' EXIT
unset PGPASSWORD PGUSER PGDATABASE PGHOST PGPORT
private_postgres_start -c "hba_file=$hba" || exit 1
sql() { psql -h "$PRIVATE_POSTGRES_DIR/run" -U sluice -d "${2:-postgres}" -Atqc "$1"; }
[ "$(id -u)" = 0 ] && chmod 755 "$PRIVATE_POSTGRES_DIR" "$PRIVATE_POSTGRES_DIR/run"

# What the manual tells the administrator to do.
sql "CREATE ROLE sluice_owner LOGIN PASSWORD 'owner word'"
sql "CREATE ROLE sluice_app LOGIN PASSWORD 'app word'"
sql "CREATE DATABASE pipeline OWNER sluice_owner"
url() { echo "postgresql://$1:$2@/${3:-pipeline}?host=$PRIVATE_POSTGRES_DIR/run&sslmode=disable"; }
owner=$(url sluice_owner owner%20word)
app=$(url sluice_app app%20word)
port=$(port_free)
init() { # init OWNER_URL APP_URL
    "$bin/sluiced" init --data "$data" --team North --owner "Ada Berg" \
        --listen "127.0.0.1:$port" --database "$1" --database-app "$2"
}
folder_empty() { [ -z "$(ls -A "$data" 2>/dev/null)" ]; }

claim "no connection string" says 2 "no connection string" init "postgresql://[" "$app"
claim "a wrong password is told" says 1 "password authentication failed.*sluice_owner" \
    init "$(url sluice_owner wrong)" "$app"
claim "and shows no password" test -z "$(grep -c 'wrong' "$folder/said" | grep -v '^0$')"
claim "an absent database is told" says 1 'database "nowhere" does not exist' \
    init "$(url sluice_owner owner%20word nowhere)" "$app"
claim "a server that is not there is told" says 1 "sluiced: .*; " \
    init "postgresql://sluice_owner@127.0.0.1:1/pipeline" "$app"
claim "a wrong password of sluice_app is told" says 1 "sluice_app" \
    init "$owner" "$(url sluice_app wrong)"
claim "after each the folder is empty again" folder_empty

# One that is too old: it says so before anything else.
python3 - >"$folder/old_port" 9>&- <<'END' &
import socket, struct
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen()
print(listener.getsockname()[1], flush=True)
def message(kind, body): return kind + struct.pack("!I", len(body) + 4) + body
while True:
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall(message(b"R", struct.pack("!I", 0)) +
        message(b"S", b"server_version\0" b"14.9\0") + message(b"Z", b"I"))
    while connection.recv(4096): pass
END
children+=($!)
until_true 10 test -s "$folder/old_port"
claim "a PostgreSQL that is too old is told" says 1 "PostgreSQL 14.*15 or newer" \
    init "postgresql://a@127.0.0.1:$(cat "$folder/old_port")/b?sslmode=disable" "$app"

init "$owner" "$app" >"$folder/init" 2>>"$folder/server.log"
claim "init with the least rights succeeds" test -n "$(invitation "$folder/init")"
claim "no private cluster was made" test ! -e "$data/postgres"
claim "the configuration is for its owner only" test "$(stat -c %a "$data/sluiced.conf")" = 600
claim "the server starts" server_start
claim "a rep joins" says 0 Joined ada join "$(invitation "$folder/init")"
claim "and works" says 0 Added ada add "Roof" --wait
claim "status reads it" says 0 "^deals *1$" "$bin/sluiced" status --data "$data"
claim "invite works beside it" says 0 "sluice1-" "$bin/sluiced" invite --data "$data" "Jan Kos"

# The walls inside.
claim "the application role owns nothing" test "$(sql "SELECT count(*) FROM pg_class c
    JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = 'sluice_app'" pipeline)" = 0
claim "it may pass by no policy" test "$(sql "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR
    rolcreatedb FROM pg_roles WHERE rolname = 'sluice_app'")" = f
claim "every table with team_id has row security, forced" test -z "$(sql "SELECT c.relname
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    WHERE c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)" pipeline)"
claim "the application sees no deal of a team it did not enter" test \
    "$(PGPASSWORD='app word' psql -h "$PRIVATE_POSTGRES_DIR/run" -U sluice_app -d pipeline \
        -Atqc 'SELECT count(*) FROM deal')" = 0
claim "and may drop nothing" says 1 "must be owner" env PGPASSWORD='app word' \
    psql -h "$PRIVATE_POSTGRES_DIR/run" -U sluice_app -d pipeline -Atqc 'DROP TABLE deal'

# The database goes and comes.
private_postgres_crash
claim "a write while it is away is kept" says 0 Added ada --offline add "Kept"
claim "the server waits for it" kill -0 "$server"
claim "it comes back" private_postgres_resume
synced() { ada sync >/dev/null 2>&1; }
claim "and everything goes on" until_true 30 synced
claim "the server stops with 0" server_stop
claim "theirs still runs" test "$(sql 'SELECT count(*) FROM deal' pipeline)" = 2
sql "INSERT INTO schema_migration (version, name, hash) VALUES (9999, '9999_later.sql', '')" pipeline
claim "a schema of a newer program is told" says 1 "newer.*update sluiced" \
    "$bin/sluiced" run --data "$data"
stage_end
