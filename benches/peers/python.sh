# Sourced by the benches against DuckDB and SedonaDB: a virtual environment with both, kept in the
# target folder. Provides `peer_python`, and `peer_threads`, the threads that each side may use.
peer_threads=2
peer_venv=${CARGO_TARGET_DIR:-$root/target}/peers-venv
peer_python=$peer_venv/bin/python
if [[ ! -x $peer_python ]]; then
    "$root/scripts/install-missing.sh" python3=python3
    python3 -c 'import ensurepip' 2>/dev/null || "$root/scripts/install-missing.sh" python3-venv=python3-venv
    python3 -m venv "$peer_venv"
fi
"$peer_python" -m pip install --quiet --disable-pip-version-check \
    duckdb==1.5.5 duckdb-extension-spatial==1.5.5 sedonadb==0.5.0 pyarrow
# Threads of SedonaDB's runtime and of its plans.
export TOKIO_WORKER_THREADS=$peer_threads RAYON_NUM_THREADS=$peer_threads
export DATAFUSION_EXECUTION_TARGET_PARTITIONS=$peer_threads
