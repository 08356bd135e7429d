# scratch.sh - removing a test's folder while a sender left behind may still write into a home in
# it. Sourced by the shell tests.

# scratch_remove FOLDER: until it is gone; a sender that finds its home gone ends.
scratch_remove() {
    local deadline=$((SECONDS + 15))
    until rm -rf "${1:?}" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || { rm -rf "$1"; return; }
        sleep 0.05
    done
}
