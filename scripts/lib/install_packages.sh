# install_packages.sh - installs what is missing, and costs nothing when nothing is. Sourced.
#
#   . scripts/lib/install_packages.sh
#   install_packages build          # or: install_packages build test
#
# Works as root and as a user with sudo, without a terminal and without a question. Returns 1 with a
# sentence when something is missing that cannot be installed.

# shellcheck source=packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

# Prints the given packages that are not installed, one a line.
packages_missing() {
    local installed
    # dpkg-query fails when it does not know a name, and still lists the others.
    installed=$({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || :; } |
        sed -n 's/^installed //p')
    LC_ALL=C comm -23 <(printf '%s\n' "$@" | LC_ALL=C sort -u) <(printf '%s\n' "$installed" | LC_ALL=C sort -u)
}

# Runs a command as root: directly, or through sudo without ever asking for a password.
packages_as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n -- "$@"
    fi
}

# Debian creates and starts a cluster of its own when postgresql-15 is installed. We need only its
# programs. The setting is taken away again afterwards: it is the machine's owner's to choose.
packages_without_main_cluster() {
    local folder=/etc/postgresql-common/createcluster.d result=0
    local file=$folder/sluice-install.conf
    packages_as_root mkdir -p "$folder"
    echo 'create_main_cluster = false' | packages_as_root tee "$file" >/dev/null
    "$@" || result=$?
    packages_as_root rm -f "$file"
    packages_as_root rmdir --ignore-fail-on-non-empty "$folder"
    return $result
}

packages_apt() {
    packages_as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_packages() {
    local wanted=() group
    for group in "$@"; do
        case $group in
        build) wanted+=("${SLUICE_PACKAGES_BUILD[@]}") ;;
        test) wanted+=("${SLUICE_PACKAGES_TEST[@]}") ;;
        *)
            echo "install_packages: no such group: $group" >&2
            return 1
            ;;
        esac
    done
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "install_packages: this is not a Debian system; see docs/dependencies.md" >&2
        return 1
    fi

    local missing
    mapfile -t missing < <(packages_missing "${wanted[@]}")
    [ ${#missing[@]} -eq 0 ] && return 0
    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        echo "These Debian packages are missing and need an administrator to install them:" >&2
        echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
        return 1
    fi

    echo "==> installing ${#missing[@]} packages: ${missing[*]}"
    local log start=$SECONDS
    log=$(mktemp)
    if ! packages_apt update >"$log" 2>&1; then
        # A stale or half-reachable list may still be good enough; the install below tells.
        tail -n 5 "$log" >&2
    fi
    if ! (
        set -o pipefail
        packages_without_main_cluster packages_apt install --no-install-recommends \
            "${missing[@]}" 2>&1 | tee "$log" | sed -un 's/^Setting up \([^ ]*\).*/    \1/p'
    ); then
        tail -n 30 "$log" >&2
        rm -f "$log"
        echo "install_packages: apt-get failed" >&2
        return 1
    fi
    rm -f "$log"
    mapfile -t missing < <(packages_missing "${wanted[@]}")
    if [ ${#missing[@]} -ne 0 ]; then
        echo "install_packages: still missing: ${missing[*]}" >&2
        return 1
    fi
    echo "==> installed in $((SECONDS - start)) s"
}
