#!/usr/bin/env bash
# `board --watch` in a terminal: it shows what a colleague adds, fits what it is given, takes another
# size at once, says how the connection is, and leaves the terminal as it was. A second one of the same
# identity draws as well.
# ctest: timeout=300
. "${SLUICE_SOURCE_DIR:?}/tests/support/stage.sh"
set -e

command -v tmux >/dev/null || { echo "no tmux here"; exit 77; }
python3 -c 'import pty; pty.openpty()' 2>/dev/null || { echo "no terminals here (/dev/pts)"; exit 77; }
screen() { tmux -S "$folder/tmux" -f /dev/null "$@"; }
finish_first() { screen kill-server 2>/dev/null; }

shown() { screen capture-pane -p -t "$1"; }
screen_fail() {
    for pane in one two; do shown "$pane" >&2 || true; done
    fail "$@"
}
quietly() { "$@" >/dev/null 2>&1; }
# screen_shows SESSION TEXT: within half a minute
shown_has() { shown "$1" | grep -q -- "$2"; }
screen_shows() { until_true 30 shown_has "$1" "$2" || screen_fail "\"$2\" does not appear in $1"; }
bottom() { shown "$1" | grep -v '^$' | tail -n 1; }
# terminal SESSION: "1 0" is the other screen without a cursor, "0 1" how it is in a shell
terminal() { screen display-message -p -t "$1" '#{alternate_on} #{cursor_flag}'; }
terminal_now() { [[ $(terminal "$1") == "$2" ]]; }
terminal_is() {
    until_true 10 terminal_now "$1" "$2" || screen_fail "the terminal of $1 is $(terminal "$1"), not $2"
}
type_into() { screen send-keys -t "$1" "${@:2}"; }

stage_init
for n in $(seq 12); do quietly ada --offline add "Deal number $n"; done
quietly ada sync

for name in one two; do
    screen new-session -d -s "$name" -x 100 -y 30 -e "SLUICE_HOME=$folder/bob" \
        -e "ASAN_OPTIONS=${ASAN_OPTIONS:-}" "bash --norc --noprofile -i"
    type_into "$name" "PS1='shell> '; clear" Enter
    screen_shows "$name" '^shell>'
done
type_into one "$bin/sluice board --watch" Enter
screen_shows one 'live; q ends'
terminal_is one "1 0"
[[ $(shown one | head -n 1) == Lead* ]] || screen_fail "the board does not begin at the top"
shown one | grep -q '… [0-9]* more' || screen_fail "twelve deals are not cut to thirty lines"

# What a colleague does appears, in a second one of this identity as well.
type_into two "$bin/sluice board --watch" Enter
screen_shows two 'live, through another sluice; q ends'
quietly ada add "Łódź roof" --due today --next-step Call --wait
screen_shows one 'Łódź roof'
screen_shows two 'Łódź roof'

# Another size: at once, and all of it fits.
screen resize-window -t one -x 60 -y 12
screen_shows one '… 13'
[[ $(bottom one) == 'live; q ends'* ]] || screen_fail "no line at the bottom: $(bottom one)"
[[ $(shown one | wc -l) -le 12 ]] || screen_fail "higher than the terminal"
screen resize-window -t one -x 100 -y 30
screen_shows one 'Łódź roof'

# The server goes: since when, and how many changes wait; it comes back.
server_stop
screen_shows one 'offline since [0-9][0-9]:[0-9][0-9]; trying again'
bob add "Made offline" >/dev/null 2>&1
screen_shows one '1 waiting to be sent'
screen_shows two '1 waiting to be sent'
server_start
screen_shows one '^live; q ends'
quietly ada sync
ada ls --plain --columns title | grep -q 'Made offline' ||
    screen_fail "what was made offline has not arrived"

# The end of the first is the turn of the second; both leave the terminal as it was.
type_into one q
terminal_is one "0 1"
type_into one 'stty -a | grep -o " -*icanon\| -*echo "; echo status $?' Enter
screen_shows one 'status 0'
shown one | grep -q '^ icanon' || screen_fail "the keyboard is not as it was"
screen_shows two '^live; q ends'
type_into two C-c
terminal_is two "0 1"
type_into two 'echo status $?' Enter
screen_shows two 'status 0'
