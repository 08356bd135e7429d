# build_progress.sh - builds with ninja and shows how far it is. Sourced.
#
#   . scripts/lib/build_progress.sh
#   build_with_progress FOLDER [TARGET]...
#
# In a terminal ninja's own line, redrawn; elsewhere a line every ten percent. What compilers say is
# always shown. Returns ninja's exit code.
build_with_progress() {
    local folder=$1
    shift
    if [ -t 1 ]; then
        NINJA_STATUS='[%p] ' ninja -C "$folder" "$@"
        return
    fi
    NINJA_STATUS='[%p] ' ninja -C "$folder" "$@" | awk '
        /^\[ *[0-9]+%\]/ {
            percent = substr($0, 2) + 0
            if (percent >= next_told) {
                print "    " percent " %"
                fflush()
                next_told = percent - percent % 10 + 10
            }
            next
        }
        /^ninja: (Entering directory|no work to do)/ { next }
        { print; fflush() }'
    return "${PIPESTATUS[0]}"
}
