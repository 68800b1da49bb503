# `make demo` shows a city in the browser; `make test` runs every Rust test.
# The long suites have their own names; `make ci` runs all of them.

.PHONY: demo test test-clients test-qgis test-tiles test-browser test-conformance test-crash test-postgis test-scan fuzz lint bench ci build-tools

demo: build-tools
	cargo build --release --locked
	"$${CARGO_TARGET_DIR:-./target}/release/tuban" demo

test: build-tools
	cargo test --locked

# TUBAN names a binary that is there already; without it the release one is built.
test-clients: test-qgis test-tiles test-browser

test-qgis test-tiles test-browser: test-%: build-tools
	$(if $(TUBAN),,cargo build --release --locked)
	tests/$*/run

# The real server killed, cut off from its power, on full disks; TUBAN as above.
test-crash: build-tools
	$(if $(TUBAN),,cargo build --release --locked)
	tests/crash/run

# Relations, predicates, overlays and joins beside a PostGIS of its own.
test-postgis: build-tools
	tests/postgis/run

# The whole sample city asked for names, telephones and identity numbers; SCAN="--one-in 20" asks for less.
# TUBAN as above.
test-scan: build-tools
	$(if $(TUBAN),,cargo build --release --locked)
	tests/scan/run $(SCAN)

# OGC's suites and other checkers over HTTP; TUBAN as above.
test-conformance: build-tools
	$(if $(TUBAN),,cargo build --release --locked)
	tests/conformance/run

lint: build-tools
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

bench: build-tools
	cargo bench --locked

# FUZZ_SECONDS=600 fuzzes each target longer than a minute.
fuzz: build-tools
	tests/fuzz/run $(or $(FUZZ_SECONDS),60)

ci:
	.ci/run

# PROJ is compiled from source: that takes cmake, a C++ compiler and the sqlite3 command.
build-tools:
	@scripts/install-missing.sh cmake=cmake sqlite3=sqlite3 pkg-config=pkg-config g++=g++
	@command -v cargo >/dev/null || { echo "Rust is missing: install it with rustup, https://rustup.rs"; exit 1; }
