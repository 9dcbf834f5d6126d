# shellcheck shell=bash
# What the scripts share: the environment, the checkout as working directory, and one printed line per step.

# shellcheck source=scripts/env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$VEILMART_ROOT" || exit 1

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# What still runs when the script ends ends with it.
pulse='' beside_process='' beside_output=''
# shellcheck disable=SC2329 # called by the trap
stop() {
    [ -z "$pulse" ] || kill "$pulse" 2>/dev/null || true
    # A group of its own, with all that it started; just begun it may not be one yet.
    [ -z "$beside_process" ] || kill -- "-$beside_process" 2>/dev/null || kill "$beside_process" 2>/dev/null || true
    [ -z "$beside_output" ] || rm -f "$beside_output"
}
trap stop EXIT

# step NAME COMMAND...: announces, runs, and says how long it took. In CI a line a minute shows which
# program is at work, because cargo keeps the output of build scripts (the wasm runtime's, above all) to itself.
step() {
    local name=$1 start=$SECONDS status=0
    shift
    say "$name"
    [ -z "${CI:-}" ] || { heartbeat "$name" & pulse=$!; }
    "$@" || status=$?
    if [ -n "$pulse" ]; then
        kill "$pulse" 2>/dev/null || true
        wait "$pulse" 2>/dev/null || true
        pulse=''
    fi
    [ "$status" = 0 ] || { say "$name: FAILED with status $status after $((SECONDS - start)) s"; exit "$status"; }
    [ -n "${STEP_SILENT_END:-}" ] || say "$name: done in $((SECONDS - start)) s"
}

# beside NAME COMMAND...: starts something beside the next steps. One thing at a time, and one that does not need what they need.
# together: waits for it; what it printed is shown if it failed.
beside() {
    beside_name=$1 beside_start=$SECONDS
    shift
    beside_output=$(mktemp)
    say "$beside_name, beside what follows"
    setsid "$@" >"$beside_output" 2>&1 & beside_process=$!
}

together() {
    local status=0
    wait "$beside_process" || status=$?
    beside_process=''
    [ "$status" = 0 ] || cat "$beside_output" >&2
    rm -f "$beside_output"
    beside_output=''
    [ "$status" = 0 ] || { say "$beside_name: FAILED with status $status"; exit "$status"; }
    say "$beside_name: done, $((SECONDS - beside_start)) s after its start"
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
