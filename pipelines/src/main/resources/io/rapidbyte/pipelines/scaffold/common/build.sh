#!/usr/bin/env bash
# Builds the connector.
#
#   ./build.sh          builds {{name}}.wasm
#   ./build.sh --test   checks the format of the source and runs the unit tests, on this machine
#
# Takes the tool chain of Debian bookworm when it is installed, with which Rapidbyte's own connectors are built, else the one of rustup.
set -euo pipefail

readonly TARGET=wasm32-unknown-unknown
readonly CRATES=/usr/share/cargo/registry
readonly PACKAGES="rustc cargo rustfmt lld-14 libstd-rust-dev-wasm32 librust-base64-dev librust-bytes-dev librust-fallible-iterator-dev \
librust-postgres-protocol-dev librust-serde-derive-dev librust-serde-dev librust-serde-json-dev"

cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

# Whatever is set for other Rust builds would change this one.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTC_WRAPPER
if [[ -x /usr/bin/cargo && -d /usr/lib/rustlib/$TARGET/lib && -d $CRATES ]] && command -v wasm-ld-14 >/dev/null; then
    cargo=/usr/bin/cargo
    export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTFMT=/usr/bin/rustfmt
    # Debian's packages of crates hold the very crates of the public registry.
    options=(--offline --config 'source.crates-io.replace-with="debian"' --config "source.debian.directory='$CRATES'"
        --config "target.$TARGET.linker='wasm-ld-14'")
elif command -v rustup >/dev/null && rustup target list --installed | grep -qx "$TARGET"; then
    cargo=cargo
    options=()
else
    fail "there is no Rust compiler for $TARGET. On Debian bookworm: apt-get install $PACKAGES. Elsewhere: install rustup (https://rustup.rs)," \
        "then rustup target add $TARGET"
fi

case "${1:-}" in
    "")
        "$cargo" build --quiet --release --target "$TARGET" "${options[@]}"
        install -m 644 "${CARGO_TARGET_DIR:-target}/$TARGET/release/connector.wasm" {{name}}.wasm
        echo "{{name}}.wasm is built."
        ;;
    --test)
        "$cargo" fmt --check
        "$cargo" test "${options[@]}"
        ;;
    *) fail "unknown option '$1'; the only one is --test" ;;
esac
