#!/usr/bin/env bash
# Every shell script parses; what is meant to be run is executable, what is sourced is not.
set -euo pipefail

root=${SLUICE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root"

bad=0
complain() {
    echo "$*"
    bad=1
}

folders=()
for folder in scripts .ci packaging tests; do
    [ -d "$folder" ] && folders+=("$folder")
done
while IFS= read -r -d '' file; do
    first=$(head -n 1 "$file" | tr -d '\0')
    case $first in
    '#!'*bash* | '#!'*/sh*) ;;
    *) [[ $file == *.sh ]] || continue ;;
    esac
    bash -n "$file" || complain "$file: does not parse"
    case $file in
    scripts/lib/*) [ -x "$file" ] && complain "$file: is sourced, yet executable" ;;
    scripts/* | .ci/*) [ -x "$file" ] || complain "$file: is not executable" ;;
    esac
done < <(find "${folders[@]}" -type f -print0 | sort -z)
exit $bad
