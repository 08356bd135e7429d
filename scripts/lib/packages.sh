# packages.sh - every Debian 12 package Sluice needs, in one place, by what needs it.
# Sourced by scripts; docs/dependencies.md says why each is there.

# To build the programs and run them (what a demo or an installation from source needs).
SLUICE_PACKAGES_BUILD=(
    gcc libc6-dev cmake ninja-build pkg-config ccache
    libuv1-dev libpq-dev libsodium-dev libsqlcipher-dev libutf8proc-dev libncurses-dev libseccomp-dev
    libprotobuf-c-dev protobuf-c-compiler
    postgresql-15
    gettext
)

# To test them, on top of the first group.
SLUICE_PACKAGES_TEST=(
    libcmocka-dev
    python3 protobuf-compiler                                      # independent checks
    tmux ncurses-term                                              # the board in a real terminal
    tshark                                                         # what a sniffer sees
    python3-dissononce golang-go golang-github-flynn-noise-dev     # other Noise implementations
    clang clang-tidy libclang-rt-14-dev                            # libFuzzer, second compiler
    sqlcipher util-linux procps
)
