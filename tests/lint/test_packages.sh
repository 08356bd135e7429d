#!/usr/bin/env bash
# The installer sees what is missing, under the strict settings its callers run with.
set -euo pipefail

root=${SLUICE_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
command -v dpkg-query >/dev/null || exit 77
# shellcheck source=../../scripts/lib/install_packages.sh
. "$root/scripts/lib/install_packages.sh"

# Read as the installer reads it: there, unlike in $(...), `set -e` reaches into the function.
mapfile -t missing < <(packages_missing dpkg sluice-no-such-package base-files)
[ "${missing[*]}" = sluice-no-such-package ] || {
    echo "one missing package among installed ones: said '${missing[*]}'"
    exit 1
}
mapfile -t missing < <(packages_missing dpkg base-files)
[ ${#missing[@]} -eq 0 ] || {
    echo "installed packages only: said '${missing[*]}'"
    exit 1
}
! install_packages no-such-group 2>/dev/null
