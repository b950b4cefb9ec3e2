#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the connector modules, byte for byte the same on every machine.
#
#   build.sh           builds modules/*.wasm and modules/test/*.wasm
#   build.sh --check   builds from nothing in a temporary folder and fails when a committed module differs
#   build.sh --test    checks the format of the source and runs the connectors' native unit tests
#
# The tool chain is Debian bookworm's: its compiler, its linker and its packages of crates. Another compiler would be as
# good, but would not give the same bytes, and the committed modules could not be checked against their source.
set -euo pipefail

readonly CARGO=/usr/bin/cargo
readonly RUST_VERSION=1.63.0
readonly LINKER=wasm-ld-14
readonly TARGET=wasm32-unknown-unknown
readonly CRATES=/usr/share/cargo/registry
readonly PACKAGES="rustc cargo rustfmt lld-14 libstd-rust-dev-wasm32 librust-base64-dev librust-bytes-dev \
librust-fallible-iterator-dev librust-postgres-protocol-dev librust-proptest+std-dev librust-serde-derive-dev \
librust-serde-dev librust-serde-json-dev"

# A module is the file of its crate, a test module one that only the tests of hosts use.
readonly MODULES="source-postgres dest-postgres"
readonly TEST_MODULES="probe-source probe-destination"

cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

require() {
    local what=$1
    shift
    "$@" >/dev/null 2>&1 || fail "$what is missing. On Debian bookworm: apt-get install $PACKAGES"
}

check_tools() {
    require "Debian's cargo ($CARGO)" test -x "$CARGO"
    require "Debian's Rust compiler (/usr/bin/rustc)" test -x /usr/bin/rustc
    require "Debian's Rust library for $TARGET" test -d "/usr/lib/rustlib/$TARGET/lib"
    require "the linker $LINKER" command -v "$LINKER"
    require "the folder of crates ($CRATES)" test -d "$CRATES"
    local version
    version=$(/usr/bin/rustc --version)
    [[ $version == "rustc $RUST_VERSION"* ]] ||
        fail "the modules are built with rustc $RUST_VERSION, but /usr/bin/rustc is '$version': use Debian bookworm"
}

# Whatever the caller has set for other Rust builds would change the modules.
cargo_clean_environment() {
    env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTC_WRAPPER \
        RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTFMT=/usr/bin/rustfmt "$CARGO" "$@"
}

build() {
    local target_folder=$1 modules_folder=$2 module
    shift 2
    local selection=()
    for module in $MODULES $TEST_MODULES; do
        selection+=(-p "$module")
    done
    # The messages of panics name source files: without the folder this checkout happens to be in.
    local flags="target.$TARGET.rustflags=['--remap-path-prefix', '$PWD=connectors']"
    cargo_clean_environment build --quiet "$@" --release --target "$TARGET" --target-dir "$target_folder" \
        --config "$flags" "${selection[@]}" || fail "the connectors cannot be built; when a crate is missing: apt-get install $PACKAGES"
    mkdir -p "$modules_folder/test"
    for module in $MODULES; do
        install -m 644 "$target_folder/$TARGET/release/${module//-/_}.wasm" "$modules_folder/$module.wasm"
    done
    for module in $TEST_MODULES; do
        install -m 644 "$target_folder/$TARGET/release/${module//-/_}.wasm" "$modules_folder/test/$module.wasm"
    done
}

check() {
    local file differing=()
    # Not local: the trap runs after the function has ended.
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    build "$folder/target" "$folder/modules" --locked
    while read -r file; do
        cmp -s "$folder/modules/$file" "modules/$file" || differing+=("connectors/modules/$file")
    done < <(cd "$folder/modules" && find . -name '*.wasm' -printf '%P\n' | sort)
    [[ ${#differing[@]} == 0 ]] ||
        fail "these committed modules are not what their source builds: ${differing[*]}. Run connectors/build.sh and commit the result."
    echo "The committed modules are what their source builds."
}

if [[ ${1:-} == --packages ]]; then
    # For those who install them.
    echo "$PACKAGES"
    exit 0
fi
check_tools
readonly TARGET_FOLDER=${CARGO_TARGET_DIR:-$PWD/target}
case "${1:-}" in
    "") build "$TARGET_FOLDER" modules ;;
    --check) check ;;
    --test)
        cargo_clean_environment fmt --all --check ||
            fail "the source is not formatted. Run RUSTFMT=/usr/bin/rustfmt cargo fmt --all in connectors/ and commit the result."
        cargo_clean_environment test --target-dir "$TARGET_FOLDER" --workspace
        cargo_clean_environment test --target-dir "$TARGET_FOLDER" --manifest-path getrandom/Cargo.toml
        ;;
    *) fail "unknown option '$1'; the options are --check, --test and --packages" ;;
esac
