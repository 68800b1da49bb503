# Sourced by the client tests: serves stores on free ports of this machine and ends the servers with
# the script. Sets tuban (the binary), work (a folder that goes with the script; its pictures are
# kept where TUBAN_TEST_OUT says) and, for the sample city, base_url and store. TUBAN_SAMPLE names the
# folder of a sample city that is there already: a copy of it is served.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tuban=${TUBAN:-${CARGO_TARGET_DIR:-$root/target}/release/tuban}
[[ -x $tuban ]] || { echo "no binary at $tuban: run cargo build --release" >&2; exit 1; }
work=$(mktemp -d)
servers=()
finish() {
    for server in "${servers[@]}"; do { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true; done
    if [[ -n ${TUBAN_TEST_OUT:-} ]]; then mkdir -p "$TUBAN_TEST_OUT"; cp "$work"/*.png "$TUBAN_TEST_OUT" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

# serving NAME ARGUMENT…: runs tuban with the arguments, sets served_url once it answers.
serving() {
    local log=$work/$1.log
    shift
    # The loop reads the log, perhaps before the server's own shell has opened it.
    : >"$log"
    "$tuban" "$@" --listen 127.0.0.1:0 >"$log" 2>&1 &
    servers+=("$!")
    for _ in $(seq 1 600); do
        served_url=$(sed -n 's#^ *browser *\(http://[^ ]*[0-9]\)/.*#\1#p' "$log")
        [[ -z $served_url ]] || return 0
        kill -0 "${servers[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not start:" >&2
    cat "$log" >&2
    return 1
}

[[ -z ${TUBAN_SAMPLE:-} ]] || cp -r "$TUBAN_SAMPLE" "$work/demo"
serving demo demo --dir "$work/demo"
base_url=$served_url
store=$work/demo/city.gpkg
