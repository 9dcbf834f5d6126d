# shellcheck shell=bash
# What the scripts share: the environment, the checkout as working directory, and one printed line per step.

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$VEILMART_ROOT" || exit 1

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# step NAME COMMAND...: announces, runs, and says how long it took. In CI a line a minute shows which
# program is at work, because cargo keeps the output of build scripts (the wasm runtime's, above all) to itself.
step() {
    local name=$1 start=$SECONDS pulse='' status=0
    shift
    say "$name"
    if [ -n "${CI:-}" ]; then
        heartbeat "$name" & pulse=$!
        # shellcheck disable=SC2064 # the process of now is meant
        trap "kill $pulse 2>/dev/null || true" EXIT
    fi
    "$@" || status=$?
    if [ -n "$pulse" ]; then
        kill "$pulse" 2>/dev/null || true
        wait "$pulse" 2>/dev/null || true
        trap - EXIT
    fi
    [ "$status" = 0 ] || { say "$name: FAILED with status $status after $((SECONDS - start)) s"; exit "$status"; }
    [ -n "${STEP_SILENT_END:-}" ] || say "$name: done in $((SECONDS - start)) s"
}

heartbeat() {
    local start=$SECONDS never
    # Not `sleep`: it would outlive this loop and keep a pipe that somebody reads to its end open.
    exec {never}<> <(:)
    until read -r -t 60 -u "$never"; do
        say "$1: $((SECONDS - start)) s; busiest: $(ps -eo pcpu=,comm=,args= --sort=-pcpu 2>/dev/null | awk '
            { name = ""; for (i = 3; i < NF; i++) if ($i == "--crate-name") name = " " $(i + 1) }
            { printf "%s%s%s", separator, $2, name; separator = ", " } NR == 3 { exit }')"
    done
}

# Downloads from a registry fail now and then; what is there already costs nothing.
fetch() { cargo fetch --locked --quiet --target "$(host)" || cargo fetch --locked --target "$(host)"; }
host() { rustc -vV | sed -n 's/^host: //p'; }
