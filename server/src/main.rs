//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    boxoffice::cli::main()
}
