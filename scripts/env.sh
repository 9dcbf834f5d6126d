# shellcheck shell=bash
# The environment of every cargo call, in one place. To run cargo by hand with the same artefacts:
#     . scripts/env.sh
# It also puts the programs built (veilmart, veilmart-node) in front of PATH.
# Overridable from outside: VEILMART_CACHE, CARGO_TARGET_DIR, RUSTUP_TOOLCHAIN, WASM_BUILD_TOOLCHAIN.

VEILMART_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export VEILMART_ROOT

# Minimal environments have no HOME.
[ -n "${HOME:-}" ] || { HOME=$(getent passwd "$(id -u)" | cut -d: -f6) && export HOME; }

# rustup's tools come before those of the distribution even if the login shell has not been told about them.
_veilmart_bin=${CARGO_HOME:-$HOME/.cargo}/bin
if [ -x "$_veilmart_bin/cargo" ]; then
    case ":$PATH:" in *":$_veilmart_bin:"*) ;; *) export PATH="$_veilmart_bin:$PATH" ;; esac
fi
unset _veilmart_bin

# Outside the checkout, so that a fresh clone finds the dependencies compiled. The wasm builder looks for a
# path component `target`, and, as it cannot walk up to the checkout from there, wants to be told where it is.
export VEILMART_CACHE=${VEILMART_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/veilmart}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$VEILMART_CACHE/target}
export WASM_BUILD_WORKSPACE_HINT=$VEILMART_ROOT

# Link the system's OpenSSL instead of compiling one.
export OPENSSL_NO_VENDOR=1

# How scripts/setup-wasm found the compiler for the runtime: `target` (nothing to set), `linked` (a rustup
# toolchain of its own), `path` (a wrapper around the system's rustc, in front of it).
export VEILMART_WASM_SYSROOT=$VEILMART_CACHE/wasm-sysroot
_veilmart_wasm=$(cat "$VEILMART_CACHE/wasm-mode" 2>/dev/null || true)
case $_veilmart_wasm in
    linked) export WASM_BUILD_TOOLCHAIN=${WASM_BUILD_TOOLCHAIN:-veilmart-wasm} ;;
    path) case ":$PATH:" in *":$VEILMART_WASM_SYSROOT/bin:"*) ;; *) export PATH="$VEILMART_WASM_SYSROOT/bin:$PATH" ;; esac ;;
esac
unset _veilmart_wasm

case ":$PATH:" in *":$CARGO_TARGET_DIR/debug:"*) ;; *) export PATH="$CARGO_TARGET_DIR/debug:$PATH" ;; esac
