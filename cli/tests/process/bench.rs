//! The benchmark runs to its end and prints a line for each step. What it measures here means nothing.

use crate::alone;
use crate::sandbox::Sandbox;

#[test]
fn the_benchmark_measures_every_step() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let small = ["--rounds", "1", "--seconds", "0.2", "--changes", "50", "--waiting", "50"];
    let mut command = crate::sandbox::command(crate::sandbox::binary());
    let output = command.arg("bench").args(small).args(["--connections", "4"]);
    let output = output.env("TMPDIR", sandbox.dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).collect();
    let twice = [
        "join", "join", "hold", "hold", "charge", "charge", "pay", "pay", "buy", "buy", "seat map",
        "seat map",
    ];
    let gains = ["batched", "join", "hold", "charge", "pay", "buy"];
    let looks = ["step", "no-op", "public", "poll", "seat map of 50 ", "seat map of 5,000 "];
    let maps =
        ["seat map of 50,000 seats ", "seat map of 50,000 seats, c", "seat map of 50,000 seats, w"];
    let steps: Vec<&str> = looks.iter().chain(&maps).chain(&twice).chain(&gains).copied().collect();
    assert_eq!(lines.len(), steps.len(), "{table}");
    for (line, step) in lines.iter().zip(steps) {
        assert!(line.starts_with(&format!("| {step}")), "{table}");
        assert!(!line.contains("NaN"), "{table}");
    }
    assert_eq!(std::fs::read_dir(sandbox.dir.path()).unwrap().count(), 0, "nothing is left behind");
}

/// Three tables: lines, halls and crowds that grow.
#[test]
fn growth_is_measured() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    let small = ["--rounds", "1", "--seconds", "0.1", "--changes", "60", "--waiting", "50"];
    let mut command = crate::sandbox::command(crate::sandbox::binary());
    let output = command.args(["bench", "--growth", "--lines", "20,40"]).args(small);
    let output = output.args(["--connections", "4"]).env("TMPDIR", sandbox.dir.path());
    let output = output.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| "));
    assert_eq!(lines.count(), 3 + 2 * 3 + 3 * 4 + 4 * 3, "{table}");
    assert!(!table.contains("NaN"), "{table}");
    assert!(table.contains("| 50000 | seat map, compact |") && table.contains("| 40 | join"));
}
