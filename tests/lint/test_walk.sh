#!/usr/bin/env bash
# Every file and function that the README's walk names is there, the function in that file; and
# every folder has its row in the map.
set -euo pipefail

cd "$SLUICE_SOURCE_DIR"
bad=0
walk=$(tr '\n' ' ' <README.md | sed 's/  */ /g')
pairs=$(grep -oE '`[a-z_/]+\.c` `[a-z_]+`' <<<"$walk" | tr -d '`')
[ "$(wc -l <<<"$pairs")" -ge 10 ] || { echo "README.md: the walk is gone"; exit 1; }
while read -r file name; do
    grep -qE "^[a-z].*\b$name\(" "$file" 2>/dev/null || { echo "README.md: no $name in $file"; bad=1; }
done <<<"$pairs"
while read -r path; do
    [ -e "$path" ] || { echo "README.md: no $path"; bad=1; }
done < <(grep -oE '`[a-z]+/[a-z_/0-9.]+`' README.md | tr -d '`' | sort -u)
for folder in $(git ls-files 2>/dev/null | cut -d/ -f1 -s | grep -v '^\.' | sort -u); do
    grep -q "^| .*\`$folder[/\`]" README.md || { echo "README.md: the map lacks $folder/"; bad=1; }
done
exit $bad
