#!/usr/bin/env bash
# Nothing unfinished, no path of somebody's machine and no package registry is written in the tree.
# The patterns hold a bracket each, so that they do not find themselves.
set -euo pipefail

root=${SLUICE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"

# Tracked files and new ones that are not ignored; without git, everything but build folders.
files_list() {
    if ! git ls-files -z --cached --others --exclude-standard 2>/dev/null; then
        find . -name .git -prune -o -path './build*' -prune -o -type f -print0
    fi
}

found=0
# words_absent WHAT PATTERN: lists every line with it.
words_absent() {
    local lines
    lines=$(files_list | xargs -0 -r grep -InE -- "$2" /dev/null 2>/dev/null || :)
    if [ -n "$lines" ]; then
        printf '%s\n    %s\n' "$1:" "${lines//$'\n'/$'\n'    }"
        found=1
    fi
}

words_absent "unfinished" '\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b|not [i]mplemented|not yet [i]mplemented'
# A path that starts at the root and goes into a folder that is not every machine's.
words_absent "a path of some machine" \
    '(^|[^A-Za-z0-9_.})-])/(wor[k]|workspac[e]|scratc[h]|User[s]|roo[t]|home/[a-z0-9]+)/'
words_absent "a package registry" \
    '//(deb|security|registry|pypi|proxy|index|crates)[.](debia[n]|ubunt[u]|npmj[s]|or[g]|golan[g]|crate[s]|docke[r]|i[o])'
exit $found
