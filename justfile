# What is done often. `just --list` shows it; without just, the commands are plain.

# Runs the server with the demo sale.
run *arguments:
    cargo run --release -- {{arguments}}

# All tests.
test *arguments:
    cargo test --workspace {{arguments}}

# Format, lints, checks of the tree.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace --test tidy

# The figures of docs/PERFORMANCE.md.
bench *arguments:
    cargo run --profile dist -- bench {{arguments}}

# The simulation at length: `just sim 5000000 42`.
sim commands="2000000" seed="1":
    SIM_COMMANDS={{commands}} SIM_SEED={{seed}} cargo test --workspace --test sim

# What comes in from outside, at length: `just fuzz 100` takes 100 times as many inputs as a test does.
fuzz times="20":
    FUZZ_TIMES={{times}} cargo test --workspace --test input --test api fuzz

# Licences and advisories of the dependencies (needs cargo-deny).
deny:
    cargo deny check
