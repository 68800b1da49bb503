# Sourced by the client tests: serves the sample city on a free port of this machine and ends the
# server with the script. Sets base_url and work, a folder that goes with the script, unless
# TUBAN_TEST_OUT names one to keep.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tuban=${TUBAN:-${CARGO_TARGET_DIR:-$root/target}/release/tuban}
[[ -x $tuban ]] || { echo "no binary at $tuban: run cargo build --release" >&2; exit 1; }
work=$(mktemp -d)
server=
finish() {
    [[ -z $server ]] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
    if [[ -n ${TUBAN_TEST_OUT:-} ]]; then mkdir -p "$TUBAN_TEST_OUT"; cp "$work"/*.png "$TUBAN_TEST_OUT" 2>/dev/null; fi || true
    rm -rf "$work"
}
trap finish EXIT

"$tuban" demo --dir "$work/demo" --listen 127.0.0.1:0 >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 1 600); do
    base_url=$(sed -n 's#^ *browser *\(http://[^ ]*[0-9]\)/.*#\1#p' "$work/server.log")
    [[ -z $base_url ]] || break
    kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
    sleep 0.1
done
[[ -n $base_url ]] || { echo "the server did not start:" >&2; cat "$work/server.log" >&2; exit 1; }
