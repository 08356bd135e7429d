#!/usr/bin/env bash
# Whose processes these are: started by root, everything goes on as the owner of the data folder and
# can never be root again; started by a user, it stays that user. And what a bad configuration gets.
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"

claim "a server and two reps" stage_init
wanted=$(stat -c %u "$data")
claim "the data folder is not root's" test "$wanted" != 0
all_processes() { # the keeper and all that came from it
    local list=$server next=$server
    while next=$(pgrep -d, -P "$next"); do list="$list,$next"; done
    echo "${list//,/ }"
}
ids_are() { # every of the four user ids, no groups of root, no capability
    local pid count=0
    for pid in $(all_processes); do
        [ -r "/proc/$pid/status" ] || continue
        count=$((count + 1))
        awk -v want="$wanted" '
            /^Uid:/ { for (i = 2; i <= 5; i++) if ($i != want) bad = 1 }
            /^Gid:/ { for (i = 2; i <= 5; i++) if ($i == 0 && want != 0) bad = 1 }
            /^Groups:/ { for (i = 2; i <= NF; i++) if ($i == 0) bad = 1 }
            /^CapEff:|^CapPrm:/ { if ($2 !~ /^0+$/) bad = 1 }
            END { exit bad }' "/proc/$pid/status" || { cat "/proc/$pid/status" >&9; return 1; }
    done
    [ $count -ge 6 ] # keeper, worker, postmaster and its own
}
claim "keeper, worker and PostgreSQL are the service user, for good" ids_are
no_cores() { # none but PostgreSQL's own may leave its memory on the disk
    local pid worker=
    for pid in $(pgrep -P "$server"); do
        grep -q sluiced "/proc/$pid/comm" && worker=$pid
    done
    [ -n "$worker" ] && grep -Eq '^Max core file size +0 +0 ' "/proc/$worker/limits"
}
claim "the worker leaves no core file behind" no_cores
claim "no file in the data folder is another's" test -z "$(find "$data" ! -uid "$wanted")"
claim "nor readable by others" test -z "$(find "$data" -maxdepth 1 -perm /077)"
claim "the server stops with 0" server_stop

# --- the configuration ---
keep="$folder/kept.conf"
cp "$data/sluiced.conf" "$keep"
conf() { # conf SED-PROGRAM
    sed "$1" "$keep" >"$folder/new.conf"
    cat "$folder/new.conf" >"$data/sluiced.conf"
}
check() { "$bin/sluiced" check-config --data "$data"; }
claim "a good one is shown" says 0 "^listen *127.0.0.1:$port" check
conf 's/^address/adress/'
claim "an unknown key gets its line and the nearest" says 2 'line 5: .*"adress"; did you mean address?' check
claim "also at the start" says 2 'line 5: .*did you mean' "$bin/sluiced" run --data "$data"
conf 's/^address/colour/'
claim "one that is like none gets the list" says 2 'line 5: .*there are listen, address' check
conf 's/^listen = .*/listen = nowhere/'
claim "a bad address gets its line" says 2 'line 4: "nowhere" is no address; give HOST:PORT' check
conf 's/^listen = .*/listen = 127.0.0.1:99999/'
claim "a bad port too" says 2 'line 4: .*is no address' check
conf 's/^database = .*/database = postgresql:\/\/[/'
claim "a bad connection string too" says 2 'line 6: .*no connection string' check
conf 's/^team = .*/team = 7/'
claim "a bad team too" says 2 'line 8: team is no id' check
conf 's/^listen/listen this/; s/=.*127.*//'
claim "a line without = too" says 2 'line 4 is not key = value' check
conf ''
claim "the environment goes before the file" says 0 "^listen *127.0.0.1:7" \
    env SLUICED_LISTEN=127.0.0.1:7 "$bin/sluiced" check-config --data "$data"
claim "and is checked too" says 2 "SLUICED_LISTEN" \
    env SLUICED_LISTEN=nowhere "$bin/sluiced" check-config --data "$data"
chmod 000 "$data/sluiced.conf"
claim "one that cannot be read is told" says 2 "cannot read .*sluiced.conf" check
chmod 600 "$data/sluiced.conf"
mv "$data/server.key" "$folder/away.key"
claim "a missing server key is told" says 1 "server.key.*restore it" check
claim "and the server does not start without" says 1 "server.key" "$bin/sluiced" run --data "$data"
mv "$folder/away.key" "$data/server.key"
chmod 644 "$data/server.key"
claim "a server key that others may read is told" says 1 "chmod 600" check
chmod 600 "$data/server.key"
chmod 755 "$data"
claim "a data folder that others may read is told" says 1 "chmod 700" check
chmod 700 "$data"
claim "an unknown command gets a hint" says 2 'no command "rnu"' "$bin/sluiced" rnu --data "$data"
claim "status works alone" says 0 "^server *stopped" "$bin/sluiced" status --data "$data"
claim "nothing is left" until_true 10 nothing_left

# --- as an ordinary user ---
if [ "$(id -u)" = 0 ]; then
    mkdir "$folder/theirs"
    chown nobody "$folder/theirs"
    theirs() { setpriv --reuid nobody --regid nogroup --clear-groups -- "$bin/sluiced" "$@"; }
    claim "a user's init works" says 0 "sluice1-" theirs init --data "$folder/theirs/data" \
        --team T --owner O --listen "127.0.0.1:$(port_free)"
    claim "it is the user's" test "$(stat -c %U "$folder/theirs/data")" = nobody
    claim "another user is refused" says 1 "belongs to nobody" \
        setpriv --reuid daemon --regid daemon --clear-groups -- "$bin/sluiced" status \
        --data "$folder/theirs/data"
    data="$folder/theirs/data" wanted=$(id -u nobody)
    claim "root runs it as that user" server_start
    claim "all of it" ids_are
    claim "and stops it with 0" server_stop
    mkdir -m 700 "$folder/closed" "$folder/closed/data"
    touch "$folder/closed/data/sluiced.conf"
    claim "a data folder of root is refused" says 1 "belongs to root" \
        "$bin/sluiced" run --data "$folder/closed/data"
fi
stage_end
