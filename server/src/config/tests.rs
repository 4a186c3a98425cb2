//! The settings: their names, defaults, secrets and refusals.

use super::*;

#[test]
fn the_example_file_names_every_key_with_its_default() {
    let text = include_str!("../../../boxoffice.example.toml");
    let uncommented: String = text
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .fold(String::new(), |all, line| all + line + "\n");
    let table: toml::Table = uncommented.parse().unwrap();
    let keys: Vec<&str> = table.keys().map(String::as_str).collect();
    let mut known = KEYS.to_vec();
    known.sort_unstable();
    assert_eq!(keys, known);
    let from_file = Given::from_toml(text).unwrap().resolve().unwrap();
    let default = Given::default().resolve().unwrap();
    assert_eq!(from_file, default);
}

#[test]
fn a_bad_value_says_what_is_expected_with_an_example() {
    let check = |toml: &str, want: &str| {
        let why = Given::from_toml(toml).unwrap_err().0;
        assert!(why.ends_with(want), "{why}");
    };
    check("listen = \"nowhere\"", "; listen takes an address with a port such as 127.0.0.1:8080");
    check("readers = \"four\"", "; readers takes a whole number such as 300");
    check("demo = 3", "; demo takes true or false");
    check("lisen = \"127.0.0.1:80\"", "; did you mean listen?");
}

/// A setting of before counts under its old name, below the new one.
#[test]
fn an_old_name_still_counts() {
    let waiting = |toml: &str| {
        Given::from_toml(toml).unwrap().resolve().map(|config| config.commands_waiting_max)
    };
    assert_eq!(waiting(""), Ok(8_192));
    assert_eq!(waiting("desk_waiting_max = 7"), Ok(7));
    assert_eq!(waiting("desk_waiting_max = 7\ncommands_waiting_max = 9"), Ok(9));
    assert!(waiting("desk_waiting_max = 2000000").is_err());
}

#[test]
fn secrets_are_not_printed() {
    let given = Given {
        database: Some("mysql://u:sesame@h/d".into()),
        token_keys: Some("sesame too".into()),
        ..Given::default()
    };
    let printed = format!("{given:?} {:?}", given.clone().resolve().unwrap());
    assert!(!printed.contains("sesame"), "{printed}");
    for part in ["Some(\"mysql://…@h/d\")", "database: \"mysql://…@h/d\"", "token_keys: …"] {
        assert!(printed.contains(part), "{part} is not in {printed}");
    }
    let none = format!("{:?} {:?}", Given::default(), Given::default().resolve().unwrap());
    for part in ["token_keys: None", "token_keys: \"\"", "\"sqlite://boxoffice.db\""] {
        assert!(none.contains(part), "{part} is not in {none}");
    }
}

#[test]
fn help_names_the_default_that_holds() {
    use clap::CommandFactory;
    #[derive(clap::Parser)]
    struct Only {
        #[command(flatten)]
        given: Given,
    }
    let config = format!("{:?}", Given::default().resolve().unwrap()).replace(['"', '_'], "");
    for argument in Only::command().get_arguments().filter(|a| a.get_long() != Some("help")) {
        let help = argument.get_help().unwrap().to_string();
        let (_, default) = help.rsplit_once("[default: ").expect("help ends with the default");
        let default = default.trim_end_matches(']');
        let name = argument.get_id().as_str().replace('_', "");
        if !default.contains(' ') && default != "none" {
            assert!(config.contains(&format!("{name}: {default}")), "{name}: {default}: {config}");
        }
    }
    let _ = Only { given: Given::default() }.given;
}

#[test]
fn what_cannot_be_used_is_refused_with_one_sentence() {
    let check = |toml: &str, want: &str| {
        let why = Given::from_toml(toml).and_then(Given::resolve).unwrap_err().0;
        assert!(why.starts_with(want) && !why.contains('\n'), "{why}");
    };
    check("liste = 1", "line 1: unknown field `liste`");
    check("demo = 3", "line 1: invalid type");
    check("\nlisten = \"nowhere\"", "line 2: invalid socket address");
    check("database = \"postgres://u:secret@h/d\"", "database: \"postgres://…@h/d\"");
    check("database = \"mysql://u:secret@h\"", "database: \"mysql://…@h\" is neither");
    check("database_tls = \"maybe\"", "database_tls: \"maybe\" is none of");
    check("hold_seconds = 0", "hold_seconds: 0 is not between");
    check("listen_operator = \"8081\"", "listen_operator: \"8081\" is not an address");
    check("listen_operator = \"127.0.0.1:8080\"", "listen_operator: it must differ");
    check("cors_origins = \"shop\"", "line 1: \"shop\" is not an origin");
    check("readers = 0", "readers: 0 is not between");
    check("drain_seconds = 3601", "drain_seconds: 3601 is more than 3600");
    check("currency = \"\"", "currency: \"\" is not an ISO 4217 code");
    check("currency = \"WRONG1\"", "currency: \"WRONG1\" is not an ISO 4217 code");
    check("seats_per_user = 51", "seats_per_user");
    check("max_active = 0", "max_active");
    check("limit_joins = \"many\"", "line 1: \"many\" is neither a rate");
    check("trusted_proxies = \"10\"", "line 1: \"10\" is not a network");
    check("proxy_protocol = true", "proxy_protocol: it needs trusted_proxies");
    check("oidc_issuer = \"https://x\"", "oidc_issuer, oidc_audience and oidc_jwks_file or");
    check("oidc_leeway_seconds = 601", "oidc_leeway_seconds: it is not between 0 and 600");
    check("listn = \"x\"", "line 1: unknown field `listn`");
    check("log_format = \"xml\"", "log_format: \"xml\" is neither text nor json");
    check("log = \"a=b=c\"", "log: ");
}
