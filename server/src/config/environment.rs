//! Which environment variables are understood. A misspelt setting is refused, since it would be left out
//! without a word otherwise; what others put into every environment is not.

use super::{ENVIRONMENT, Invalid, invalid, similar};

/// Variables that are no settings of the server.
const ELSEWHERE: &[&str] = &[
    // The settings' file.
    "BOXOFFICE_CONFIG",
    // Of the verbs that ask a running server.
    "BOXOFFICE_URL",
    "BOXOFFICE_OPERATOR_KEY",
    // Of the build.
    "BOXOFFICE_COMMIT",
    // Of the tests: which servers they start.
    "BOXOFFICE_MYSQLD",
    "BOXOFFICE_MARIADBD",
    "BOXOFFICE_HAPROXY",
    // And, in a debug build, which thread or task panics in their place (the supervisor).
    #[cfg(debug_assertions)]
    "BOXOFFICE_DIES",
];

/// Whether Kubernetes sets such a variable, in each pod, for a Service whose name begins with `boxoffice`:
/// `…_SERVICE_HOST`, `…_SERVICE_PORT`, `…_SERVICE_PORT_NAME`, `…_PORT` and `…_PORT_8080_TCP…`. `…_PORT` is
/// a URL there; what is none was meant for this program.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let protocols = ["TCP", "UDP", "SCTP"];
    let after =
        |mark: &'static str| name.match_indices(mark).map(|(at, _)| &name[at + mark.len()..]);
    let service = name.ends_with("_SERVICE_HOST")
        || after("_SERVICE_PORT").any(|rest| rest.is_empty() || rest.starts_with('_'));
    let url = name.ends_with("_PORT") && value.contains("://");
    let port = |rest: &str| {
        let mut parts = rest.split('_');
        let number = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        let protocol = parts.next().is_some_and(|name| protocols.contains(&name));
        let what = parts.next().is_none_or(|what| ["PROTO", "PORT", "ADDR"].contains(&what));
        number && protocol && what && parts.next().is_none()
    };
    service || url || after("_PORT_").any(port)
}

/// Whether Docker sets such a variable for a link (`--link`) to a container whose alias begins with `boxoffice`,
/// beside those that Kubernetes took over: `…_NAME` with a path, the linked container's own as `…_ENV_…`, and of
/// ports in a row `…_PORT_8080_TCP_START`, `…_END`, `…_PORT_START`, `…_PORT_END`.
fn is_of_docker(name: &str, value: &str) -> bool {
    let path = name.ends_with("_NAME") && value.starts_with('/');
    let own = name.match_indices("_ENV_").any(|(at, mark)| at + mark.len() < name.len());
    let row = ["_START", "_END"].iter().find_map(|end| name.strip_suffix(end));
    path || own || row.is_some_and(|name| is_of_kubernetes(name, value) && name.contains("_PORT_"))
}

/// Refuses environment variables, with their values, that look like settings and are none.
///
/// # Errors
/// There is one.
pub fn check_environment(variables: impl Iterator<Item = (String, String)>) -> Result<(), Invalid> {
    for (name, value) in variables.filter(|(name, _)| name.starts_with("BOXOFFICE_")) {
        let is_known = [ENVIRONMENT, ELSEWHERE].iter().any(|names| names.contains(&name.as_str()));
        if is_known || is_of_kubernetes(&name, &value) || is_of_docker(&name, &value) {
            continue;
        }
        let known: Vec<&str> = [ENVIRONMENT, ELSEWHERE].concat();
        let hint = match similar(&name, &known) {
            Some(known) => format!("; did you mean {known}?"),
            None if name == "BOXOFFICE_PORT" => {
                "; BOXOFFICE_LISTEN takes an address with a port".into()
            }
            None => String::new(),
        };
        return invalid(format!("environment: there is no setting {name}{hint}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> Result<(), Invalid> {
        check_environment(std::iter::once((name.to_owned(), value.to_owned())))
    }

    #[test]
    fn what_kubernetes_sets_stops_nobody() {
        let set = [
            ("BOXOFFICE_PORT", "tcp://10.0.0.1:8080"),
            ("BOXOFFICE_PORT", "udp://[fd00::1]:8080"),
            ("BOXOFFICE_SERVICE_HOST", "10.0.0.1"),
            ("BOXOFFICE_SERVICE_PORT", "8080"),
            ("BOXOFFICE_SERVICE_PORT_HTTP", "8080"),
            ("BOXOFFICE_SERVICE_PORT_HTTP_METRICS", "8080"),
            ("BOXOFFICE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("BOXOFFICE_PORT_8080_TCP_PROTO", "tcp"),
            ("BOXOFFICE_PORT_8080_TCP_PORT", "8080"),
            ("BOXOFFICE_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("BOXOFFICE_PORT_53_UDP_ADDR", "10.0.0.1"),
            ("BOXOFFICE_PORT_9000_SCTP", "sctp://10.0.0.1:9000"),
            ("BOXOFFICE_LISTEN_SERVICE_HOST", "10.0.0.1"),
            ("BOXOFFICE_DB_PORT", "tcp://10.0.0.2:3306"),
            ("BOXOFFICE_DB_PORT_3306_TCP_ADDR", "10.0.0.2"),
            ("BOXOFFICE_HEADLESS_2_SERVICE_PORT_WEB", "80"),
            ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ];
        for (name, value) in set {
            assert_eq!(check(name, value), Ok(()), "{name}={value}");
        }
    }

    #[test]
    fn what_docker_sets_stops_nobody() {
        let set = [
            ("BOXOFFICE_NAME", "/shop/boxoffice"),
            ("BOXOFFICE_1_NAME", "/shop/boxoffice_1"),
            ("BOXOFFICE_ENV_LISTEN", "0.0.0.0:8080"),
            ("BOXOFFICE_DB_ENV_MYSQL_ROOT_PASSWORD", "sesame"),
            ("BOXOFFICE_PORT", "tcp://172.17.0.5:8080"),
            ("BOXOFFICE_PORT_8080_TCP_START", "tcp://172.17.0.5:8080"),
            ("BOXOFFICE_PORT_8080_TCP_END", "tcp://172.17.0.5:8081"),
            ("BOXOFFICE_PORT_8080_TCP_PORT_START", "8080"),
            ("BOXOFFICE_PORT_8080_TCP_PORT_END", "8081"),
        ];
        for (name, value) in set {
            assert_eq!(check(name, value), Ok(()), "{name}={value}");
        }
        for name in ["BOXOFFICE_NAME", "BOXOFFICE_ENV_", "BOXOFFICE_START", "BOXOFFICE_TCP_END"] {
            assert!(check(name, "8080").is_err(), "{name}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_told_with_the_one_that_is_meant() {
        let refused = [
            ("BOXOFFICE_LISTN", "did you mean BOXOFFICE_LISTEN?"),
            ("BOXOFFICE_MAX_ACTVE", "did you mean BOXOFFICE_MAX_ACTIVE?"),
            ("BOXOFFICE_OPERATORS_KEY", "did you mean BOXOFFICE_OPERATOR_KEY?"),
            ("BOXOFFICE_PORT", "BOXOFFICE_LISTEN takes an address with a port"),
            ("BOXOFFICE_PORT_HTTP_TCP", "no setting BOXOFFICE_PORT_HTTP_TCP"),
            ("BOXOFFICE_PORT_8080_TCP_NAME", "no setting BOXOFFICE_PORT_8080_TCP_NAME"),
            ("BOXOFFICE_SERVICE", "no setting BOXOFFICE_SERVICE"),
            ("BOXOFFICE_SERVICE_PORTS", "no setting BOXOFFICE_SERVICE_PORTS"),
            ("BOXOFFICE_", "no setting BOXOFFICE_"),
        ];
        for (name, want) in refused {
            let why = check(name, "8080").unwrap_err().0;
            assert!(why.contains(want), "{why}");
        }
        assert_eq!(check("BOXOFFICE_LISTEN", "x"), Ok(()), "its value is read elsewhere");
    }
}
