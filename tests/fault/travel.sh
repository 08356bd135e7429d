# travel.sh - what the tests of time travel share, on top of stage.sh: a PostgreSQL of ours, deals made
# offline, and how they are counted. Sourced, never run.
# shellcheck disable=SC2154  # of stage.sh
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
. "$SLUICE_SOURCE_DIR/scripts/lib/private_postgres.sh"

unset PGPASSWORD PGUSER PGDATABASE PGHOST PGPORT

# travel_begin: a database `pipeline` with the roles of the manual, at the socket folder $run.
travel_begin() {
    private_postgres_start || exit 1
    run=$PRIVATE_POSTGRES_DIR/run
    [ "$(id -u)" = 0 ] && chmod 755 "$PRIVATE_POSTGRES_DIR" "$run"
    sql_at "$run" postgres "CREATE ROLE sluice_owner LOGIN" # no passwords: the socket is only ours
    sql_at "$run" postgres "CREATE ROLE sluice_app LOGIN"
    sql_at "$run" postgres "CREATE DATABASE pipeline OWNER sluice_owner"
}

sql_at() { psql -X -h "$1" -U sluice -d "$2" -Atqc "$3"; } # sql_at SOCKET_FOLDER DATABASE STATEMENT
sql() { sql_at "$run" pipeline "$1"; }
url() { echo "postgresql://$1@/pipeline?host=${2:-$run}&sslmode=disable"; } # url ROLE [FOLDERS]

cy() { home cy "$@"; }
sync_quietly() { home "$1" sync >"$folder/$1.sync" 2>&1; }
deal() { home "$1" --offline deal add "$2" --value "$3" >/dev/null 2>&1; } # only sync sends it
listed() { # listed NAME: title and value of every deal, sorted
    home "$1" --offline deal list --all --plain --no-headers --columns title,value 2>/dev/null | sort
}
shows() { # shows NAME TITLE...: that home sees these deals, once each, and no other
    local name=$1
    shift
    printf '%s\n' "$@" | sort >"$folder/wanted"
    titles "$name" >"$folder/seen" 2>/dev/null
    diff "$folder/wanted" "$folder/seen" >&9
}
same() { [ "$(listed "$1")" = "$(listed "$2")" ]; }
judges() { # judges NAME INVITED_BY: a fresh client of that name
    local line
    line=$(home "$2" invite "$1" --role manager 2>/dev/null | tail -n 1)
    home "$1" join "$line" >/dev/null 2>&1
}
another() { # another INVITED_BY MEMBER NAME: a further device of that member, called so
    local line
    line=$(home "$1" invite "$2" 2>/dev/null | tail -n 1)
    home "$3" join "$line" --device "the $3" >/dev/null 2>&1
}
told_of_copies() { # how many notices of copied devices are in that home's inbox
    home "$1" --offline inbox 2>/dev/null | grep -c "was copied, or put back from a backup"
}
device_of() { # the name of the member's first device, which is not called after that home
    sql "SELECT d.name FROM device d JOIN member m ON m.id = d.member WHERE m.name = '$1'
        AND d.name <> 'the $2' ORDER BY d.created_at LIMIT 1"
}
stored_once() { # every deal of the tables has one row, one creation, and that one outcome
    [ "$(sql "SELECT count(*) - count(DISTINCT title) FROM deal WHERE NOT row_removed")" = 0 ] &&
        [ "$(sql "SELECT count(*) FROM (SELECT FROM event WHERE what = 1 AND subject_kind = 6
            GROUP BY subject HAVING count(*) > 1) x")" = 0 ] &&
        [ "$(sql "SELECT count(*) FROM (SELECT FROM event WHERE what = 1 AND subject_kind = 6
            GROUP BY mutation HAVING count(*) > 1) x")" = 0 ]
}
value_of() { sql "SELECT value FROM deal WHERE title = '$1' AND NOT row_removed"; }

log_from() { log_at=$(cat "$folder/server.log" 2>/dev/null | wc -l); } # what is logged from here on
logged() { tail -n "+$((log_at + 1))" "$folder/server.log" | grep -q -- "$1"; }
log_from
