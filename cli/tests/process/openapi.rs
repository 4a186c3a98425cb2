//! The OpenAPI document as machines use it: `scripts/check-openapi` on the real binary.

use crate::sandbox::{Sandbox, command};
use crate::{alone, skip};
use std::path::{Path, PathBuf};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/check-openapi")
}

/// What the script needs and this machine has not.
fn missing() -> Option<&'static str> {
    let runs = |words: &[&str]| {
        let output = command(words[0]).args(&words[1..]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !runs(&["python3", "-c", "import venv, ensurepip"]) {
        return Some("there is no python3 with venv");
    }
    if !runs(&["node", "--version"]) || !runs(&["npm", "--version"]) {
        return Some("there is no node with npm");
    }
    None
}

/// N1, F14, S19: a validator, a Python and a TypeScript generator, and schemathesis find nothing.
#[test]
fn machines_can_use_the_document() {
    let test = "machines_can_use_the_document";
    if let Some(reason) = missing() {
        return skip(test, reason);
    }
    let tools = command(script()).arg("tools").output().unwrap();
    if !tools.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&tools.stderr));
        return skip(test, "the tools cannot be installed");
    }
    let _alone = alone();
    let sandbox = Sandbox::new();
    let key = sandbox.operator_key();
    let server = sandbox.start(&["--demo", "false", "--limits", "false"]);
    let url = format!("http://{}", server.address);
    let output = command(script()).args(["check", &url, &key]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    server.stop();
}
