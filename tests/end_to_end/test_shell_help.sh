#!/usr/bin/env bash
# Completion and manual page are made of the table of verbs: bash takes the one, groff the other, and
# both know every command that the help knows. Needs no server and no identity.
set -u
. "${SLUICE_SOURCE_DIR:?}/tests/support/scratch.sh"

bin=${SLUICE_BIN_DIR:?}
[ -x "$bin/sluice" ] || exit 77
folder=$(mktemp -d /tmp/sluice-test-XXXXXX)
trap 'scratch_remove "$folder"' EXIT
failed=0
claim() { # claim SENTENCE command...
    local sentence=$1
    shift
    if "$@"; then echo "ok   $sentence"; else echo "FAIL $sentence"; failed=1; fi
}
sluice() { SLUICE_HOME="$folder/none" "$bin/sluice" "$@"; }

sluice completion bash >"$folder/completion" || exit 1
sluice completion man >"$folder/sluice.1" || exit 1
# every command that is not hidden, as the help lists them
sluice --help | sed -n '/^Deals:/,$s/^  \([a-z][a-z]*\) .*/\1/p' >"$folder/help"

# completes LINE...: what bash offers for the last word, sorted, one a line
completes() {
    bash -c 'source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _sluice; printf "%s\n" "${COMPREPLY[@]}" | sort' _ "$folder/completion" "$@"
}
offers() { # offers WORD LINE...
    local word=$1
    shift
    completes "$@" | grep -qx -- "$word"
}
offers_not() { ! offers "$@"; }

claim "bash takes it without a word" test -z "$(bash -n "$folder/completion" 2>&1)"
claim "and it is sourced as the first line says" \
    bash -c 'set -e; source <("$1" completion bash); complete -p sluice >/dev/null' _ "$bin/sluice"
claim "a verb is completed" offers history sluice hist
claim "to that alone" test "$(completes sluice hist)" = history
claim "a noun as well" offers invitation sluice inv
claim "then its verbs" offers revoke sluice invitation ""
claim "and only its" offers_not add sluice invitation ""
claim "a flag is completed" offers --next-step sluice deal edit k3f9a --ne
claim "of the daily alias, too" offers --lost-reason sluice mv k3f9a lost --lo
claim "a flag of another verb is not" offers_not --lost-reason sluice deal list --lo
claim "flags of every command" offers --json sluice today --js
claim "nothing hidden" offers_not deliver sluice del

# The page: no warning from who sets it, and nothing of it cut.
set_page() { groff -man -Tutf8 -ww "$folder/sluice.1"; }
if command -v groff >/dev/null; then
    claim "groff sets the page without a warning" test -z "$(set_page 2>&1 >/dev/null)"
    set_page 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g; s/.\x08//g' >"$folder/page"
else
    sed -e 's/^\.[A-Z]* *//; s/\\f[BR]//g; s/\\-/-/g; s/\\e/\\/g' "$folder/sluice.1" >"$folder/page"
fi
claim "it has its sections in order" test "$(grep -E '^\.SH' "$folder/sluice.1" | tr '\n' ' ')" = \
    ".SH NAME .SH SYNOPSIS .SH COMMANDS .SH OPTIONS OF EVERY COMMAND .SH EXIT STATUS .SH ENVIRONMENT "
claim "examples begin and end" test \
    "$(grep -c '^\.nf' "$folder/sluice.1")" = "$(grep -c '^\.fi' "$folder/sluice.1")"
claim "no line is a request by mistake" test -z \
    "$(grep -E "^['.]" "$folder/sluice.1" | grep -vE '^\.(TH|SH|SS|TP|PP|B|nf|fi)( |$)')"
in_page() { grep -qF -- "$1" "$folder/page"; }
for each in "sluice deal move DEAL STAGE" "--next-step" "sluice history k3f9a --restore value" \
    "sluice invitation revoke" "conflict" "SLUICE_HOME"; do
    claim "the page tells of $each" in_page "$each"
done
words_of() { awk '{print $1}' "$folder/help" | sort -u; }
missing() { words_of | while read -r word; do grep -q "^\.SS sluice $word\b" "$folder/sluice.1" || echo "$word"; done; }
claim "the help lists commands" test "$(words_of | wc -l)" -gt 20
claim "and the page all of them ($(missing | tr '\n' ' '))" test -z "$(missing)"
uncompleted() { words_of | while read -r word; do offers "$word" sluice "$word" || echo "$word"; done; }
claim "and bash as well ($(uncompleted | tr '\n' ' '))" test -z "$(uncompleted)"
exit $failed
