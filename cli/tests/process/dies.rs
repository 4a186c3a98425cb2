//! H37: whichever thread or task of the server ends, the process says which and why, and ends with an error.

use crate::client::{Ask, once};
use crate::runtime;
use crate::sandbox::Server;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long the end may take: what was accepted is finished, where what is needed for it still lives.
const END_WAIT: Duration = Duration::from_secs(40);

/// A provider's key (RFC 8037, A.2).
const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"1",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// A server with everything that it can have. `dies` panics.
fn start(
    mut serve: Command,
    keys: &Path,
    dies: Option<&str>,
) -> Result<Server, (Option<i32>, String)> {
    std::fs::write(keys, JWKS).unwrap();
    serve.args(["--demo", "false", "--log", "debug"]);
    serve.args(["--listen", "127.0.0.1:0", "--listen-operator", "127.0.0.1:0"]);
    serve.args(["--oidc-issuer", "https://issuer.example", "--oidc-audience", "fans"]);
    serve.arg("--oidc-jwks-file").arg(keys);
    serve.envs(dies.map(|name| ("BOXOFFICE_DIES", name)));
    Server::spawn(serve).map_err(|ended| (ended.status.code(), ended.stderr))
}

/// The names that are given in the source where something is supervised.
fn named_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named_in(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !path.ends_with("supervisor.rs")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            for call in [".thread(", ".task(", "begin("] {
                let after = text.split(call).skip(1);
                let names = after.filter_map(|rest| rest.trim_start().strip_prefix('"'));
                found.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
}

/// The names of what a server has started.
fn supervised(log: &str) -> BTreeSet<String> {
    let lines = log.lines().filter(|line| line.contains("supervised from here on"));
    lines
        .map(|line| line.rsplit_once("name=\"").unwrap().1.trim_end_matches('"').to_owned())
        .collect()
}

/// Has each thread and task of a server end that is started so; it has none of those in `without`. Only a debug build has a
/// way to ask for that.
pub fn each_ends_the_process(keys: &Path, without: &[&str], serve: impl Fn() -> Command) {
    let server = start(serve(), keys, None).unwrap();
    let answer = runtime().block_on(once(server.address, &Ask::get("/readyz"))).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let names = supervised(&server.stop());
    let mut in_source = BTreeSet::new();
    named_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src"), &mut in_source);
    assert!(in_source.len() >= 10, "{in_source:?}");
    let missing: Vec<_> = in_source.difference(&names).map(String::as_str).collect();
    assert_eq!(missing, without, "not begun by this server: {names:?}");
    for name in &names {
        let (code, log) = match start(serve(), keys, Some(name)) {
            Ok(server) => {
                let (status, log) = server.wait(END_WAIT);
                (status.code(), log)
            }
            // Before it could tell its address.
            Err(ended) => ended,
        };
        assert_eq!(code, Some(1), "{name}: {log}");
        let why = format!("{name} panicked: BOXOFFICE_DIES says so");
        let told = log.lines().any(|line| line.starts_with("boxoffice: ") && line.contains(&why));
        assert!(told, "{name}: {log}");
    }
}
