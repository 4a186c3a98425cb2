//! Configuration as a person meets it: flags, environment, file, and what is said when one is wrong.

use crate::client::{Ask, once};
use crate::runtime;
use crate::sandbox::{Sandbox, Server, binary, command};
use std::fs;
use std::process::{Command, Output};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs what must not start; its first sentence must name what is wrong.
fn refused(mut command: Command, want: &str) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert!(matches!(status.code(), Some(1 | 2)), "{status}: {stderr}");
    assert_eq!(stdout, "");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let first = stderr.lines().next().unwrap_or_default();
    assert!(first.contains(want), "{want:?} is not in: {first}");
    // What our own code says is one line; clap adds a hint and the usage.
    assert!(first.starts_with("error: ") || stderr.lines().count() == 1, "{stderr}");
}

fn serve(sandbox: &Sandbox) -> Command {
    sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--demo", "false"])
}

#[test]
fn what_is_unknown_or_wrong_is_one_sentence() {
    let sandbox = Sandbox::new();
    let flags: [(&[&str], &str); 13] = [
        (&["--lisen", "x"], "--lisen"),
        (&["--readers", "0"], "readers: 0 is not between 1 and"),
        (
            &["--readers", "many"],
            "'many' for '--readers <READERS>': it takes a whole number such as 300",
        ),
        (&["--limits", "perhaps"], "it takes true or false"),
        (&["--limit-joins", "lots"], "it takes a rate such as 30+10/min, or off"),
        (&["--hold-seconds", "-5"], "hold_seconds: -5 is not between 1 and 86400"),
        (&["--readers", "-1"], "it takes a whole number"),
        (&["--log-format", "xml"], "log_format: \"xml\" is neither text nor json"),
        (&["--hold-seconds", "0"], "hold_seconds: 0 is not between 1 and"),
        (&["--seats-per-user", "51"], "seats_per_user"),
        (&["--log", "a=b=c"], "log: "),
        (&["--oidc-issuer", "https://x"], "belong together"),
        (&["--config", "missing.toml"], "missing.toml: "),
    ];
    for (flags, want) in flags {
        let mut command = serve(&sandbox);
        command.args(flags);
        refused(command, want);
    }
    let environment = [
        (
            "BOXOFFICE_LISTN",
            "127.0.0.1:0",
            "there is no setting BOXOFFICE_LISTN; did you mean BOXOFFICE_LISTEN?",
        ),
        ("BOXOFFICE_PORT", "8080", "BOXOFFICE_LISTEN takes an address with a port"),
        ("BOXOFFICE_READERS", "0", "readers: 0 is not between 1 and"),
        ("BOXOFFICE_MAX_ACTIVE", "lots", "'lots'"),
    ];
    for (name, value, want) in environment {
        let mut command = serve(&sandbox);
        command.env(name, value);
        refused(command, want);
    }
    let mut command = serve(&sandbox);
    let output = command.env("BOXOFFICE_READERS", "many").output().unwrap();
    let said = text(&output.stderr);
    assert!(said.contains("that of the environment variable BOXOFFICE_READERS"), "{said}");
    let files = [
        ("listn = \"127.0.0.1:0\"", "line 1: unknown field `listn`"),
        ("demo = true\nreaders = \"four\"", "line 2: invalid type"),
        ("readers = 0", "readers: 0 is not between 1 and"),
        ("readers = ", "line 1"),
    ];
    for (content, want) in files {
        fs::write(sandbox.path("bad.toml"), content).unwrap();
        let mut command = serve(&sandbox);
        command.args(["--config", "bad.toml"]);
        refused(command, want);
    }
    assert!(!sandbox.database().exists(), "nothing is made before the settings hold");
}

#[test]
fn a_database_that_is_not_ours_to_open_is_named_without_its_password() {
    let mut command = command(binary());
    command.args(["serve", "--database", "postgres://user:secret@host/name"]);
    let stderr = text(&command.output().unwrap().stderr);
    assert!(stderr.contains("postgres://") && !stderr.contains("secret"), "{stderr}");
}

/// A server on a shared database is told where the token keys are, before it connects; a verb that needs
/// none of them is not.
#[test]
fn servers_that_share_a_database_share_their_keys() {
    let nobody = "mysql://user:secret@127.0.0.1:1/name";
    let said = |words: &[&str]| {
        let output = command(binary()).args(words).args(["--database", nobody]).output().unwrap();
        assert!(!output.status.success());
        let said = text(&output.stderr);
        assert!(said.lines().count() == 1 && !said.contains("secret"), "{said}");
        said
    };
    let serve = said(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(serve.starts_with("boxoffice: keys_file or token_keys: "), "{serve}");
    let list = said(&["admin", "key", "list"]);
    assert!(list.contains("the database is not available"), "{list}");
}

/// The line of the announcement that names the database tells which source has won.
fn chosen(sandbox: &Sandbox, flag: bool, environment: bool) -> String {
    fs::write(
        sandbox.path("some.toml"),
        "database = \"sqlite://file.db\"\nlisten = \"127.0.0.1:0\"",
    )
    .unwrap();
    let mut command = command(binary());
    command.current_dir(sandbox.dir.path()).args(["serve", "--config", "some.toml"]);
    if flag {
        command.args(["--database", "sqlite://flag.db"]);
    }
    if environment {
        command.env("BOXOFFICE_DATABASE", "sqlite://environment.db");
    }
    let server = Server::spawn(command).unwrap();
    let line = server.said.iter().find(|line| line.contains("database:")).cloned();
    server.stop();
    line.unwrap_or_default().replace("database:", "").trim().to_owned()
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let sandbox = Sandbox::new();
    assert_eq!(chosen(&sandbox, false, false), "sqlite://file.db");
    assert_eq!(chosen(&sandbox, false, true), "sqlite://environment.db");
    assert_eq!(chosen(&sandbox, true, false), "sqlite://flag.db");
    assert_eq!(chosen(&sandbox, true, true), "sqlite://flag.db");
}

#[test]
fn without_a_verb_it_serves_the_demo() {
    let sandbox = Sandbox::new();
    let mut command = command(binary());
    command.current_dir(sandbox.dir.path()).env("BOXOFFICE_LISTEN", "127.0.0.1:0");
    let server = Server::spawn(command).unwrap();
    let answer = runtime().block_on(once(server.address, &Ask::get("/api/v1/concerts"))).unwrap();
    assert_eq!(answer.json()["concerts"].as_array().map(Vec::len), Some(3), "{}", answer.body);
    assert!(sandbox.database().exists() && sandbox.keys_file().exists());
    server.stop();
}

#[test]
fn the_demo_opens_once_and_only_where_nothing_is_sold() {
    let sandbox = Sandbox::new();
    let concerts = |flags: &[&str]| {
        let server = sandbox.start(flags);
        let ask = Ask::get("/api/v1/concerts");
        let answer = runtime().block_on(once(server.address, &ask)).unwrap();
        server.stop();
        answer.json()["concerts"].as_array().map(Vec::len)
    };
    assert_eq!(concerts(&["--demo", "false"]), Some(0));
    assert_eq!(concerts(&[]), Some(3));
    assert_eq!(concerts(&[]), Some(3));
}

#[test]
fn help_names_every_key_of_the_example_file() {
    let output = command(binary()).args(["serve", "--help"]).output().unwrap();
    assert!(output.status.success());
    let help = text(&output.stdout);
    let example = include_str!("../../../boxoffice.example.toml");
    let keys = example.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line));
    let keys: Vec<&str> = keys
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" ="))
        .map(|(key, _)| key)
        .collect();
    assert!(keys.len() > 20, "{keys:?}");
    for key in keys {
        assert!(help.contains(&format!("--{}", key.replace('_', "-"))), "{key}");
        assert!(help.contains(&format!("BOXOFFICE_{}", key.to_uppercase())), "{key}");
    }
}

/// Whatever the verb, a value that is none says what is expected, with an example.
#[test]
fn bad_values_of_other_verbs_say_what_is_expected() {
    for (words, want) in [
        (&["rush", "--fans", "many"] as &[&str], "it takes a whole number such as 300"),
        (&["rush", "--abandon", "few"], "it takes a number such as 2.5"),
        (&["rush", "--concert", "seven"], "it takes an id such as "),
        (&["admin", "figures", "seven"], "it takes an id such as "),
        (&["admin", "queue", "set", "seven"], "it takes an id such as "),
        (&["admin", "key", "revoke", "seven"], "it takes an id such as "),
        (&["admin", "concert", "create", "--max-active", "1k"], "it takes a whole number"),
        (&["admin", "figure", "x"], "figures"),
        (&["serve", "--lisen", "x"], "exists: '--listen'"),
    ] {
        let output = command(binary()).args(words).output().unwrap();
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(want), "{words:?}: {said}");
    }
}

/// What Kubernetes sets for a Service of this name stops nobody.
#[test]
fn it_starts_in_kubernetes_under_its_own_name() {
    let sandbox = Sandbox::new();
    let mut command = serve(&sandbox);
    for (name, value) in [
        ("BOXOFFICE_SERVICE_HOST", "10.0.0.1"),
        ("BOXOFFICE_SERVICE_PORT", "8080"),
        ("BOXOFFICE_SERVICE_PORT_HTTP", "8080"),
        ("BOXOFFICE_PORT", "tcp://10.0.0.1:8080"),
        ("BOXOFFICE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("BOXOFFICE_PORT_8080_TCP_PROTO", "tcp"),
        ("BOXOFFICE_PORT_8080_TCP_PORT", "8080"),
        ("BOXOFFICE_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ] {
        command.env(name, value);
    }
    Server::spawn(command).unwrap().stop();
}

/// Passwords and keys come by environment so that nobody reads them over a shoulder.
#[test]
fn help_does_not_show_what_the_environment_holds() {
    let verbs = [
        (&["serve"] as &[&str], "BOXOFFICE_TOKEN_KEYS"),
        (&["admin", "key", "create"], "BOXOFFICE_DATABASE"),
        (&["admin", "key", "rotate"], "BOXOFFICE_KEYS_FILE"),
    ];
    for (words, name) in verbs {
        let mut help = command(binary());
        help.args(words).arg("--help");
        help.env("BOXOFFICE_DATABASE", "mysql://u:sesame@127.0.0.1:1/d");
        help.env("BOXOFFICE_TOKEN_KEYS", "open-sesame");
        let output = help.output().unwrap();
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success() && shown.contains(name), "{shown}");
        assert!(!shown.contains("sesame"), "{words:?}: {shown}");
    }
}

#[test]
fn the_example_file_starts_a_server_as_it_is() {
    let sandbox = Sandbox::new();
    let example = include_str!("../../../boxoffice.example.toml");
    fs::write(sandbox.path("boxoffice.toml"), example).unwrap();
    sandbox.start(&["--config", "boxoffice.toml"]).stop();
}
