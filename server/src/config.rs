//! Configuration: by flag, environment variable, or TOML file, in this order of precedence. Every
//! key is described once, here; `serve --help`, the environment and the file are made from it.

mod address;
mod environment;
mod settings;
#[cfg(test)]
mod tests;
mod value;

pub use address::Database;
pub use environment::check_environment;
pub use settings::Settings;

use crate::cookie::SessionCookie;
use crate::currency::Currency;
use crate::networks::Networks;
use crate::origins::Origins;
use crate::rates::Rate;
use boxoffice_core::concert::Policy;
use boxoffice_core::queue::QueueSettings;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The heading in the help of what matters first; the rest is in the long help only.
pub const MAIN: &str = "Main settings";

/// A list of settings, `name, "ENV": type = default;`, by the heading that they have in the help.
macro_rules! settings {
    ($([$heading:literal] $($(#[$doc:meta])* $name:ident, $env:literal: $type:ty = $default:expr;)*)*) => {
        /// Settings as given; `None` where not. The help does not show what the environment holds:
        /// there may be a password or a key in it.
        #[derive(Clone, Default, Deserialize, clap::Args)]
        #[serde(deny_unknown_fields)]
        pub struct Given {
            $($($(#[$doc])*
            #[arg(long, env = $env, hide_env_values = true, help_heading = $heading,
                hide_short_help = $heading != MAIN, allow_negative_numbers = true,
                value_parser = value::read::<$type>)]
            pub $name: Option<$type>,)*)*
        }

        /// Settings as they hold.
        #[derive(Clone, PartialEq, Eq)]
        pub struct Config {
            $($($(#[$doc])* pub $name: $type,)*)*
        }

        impl std::fmt::Debug for Given {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut fields = f.debug_struct("Given");
                $($(fields.field(stringify!($name), &Discreet(stringify!($name), &self.$name));)*)*
                fields.finish()
            }
        }

        impl std::fmt::Debug for Config {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut fields = f.debug_struct("Config");
                $($(fields.field(stringify!($name), &Discreet(stringify!($name), &self.$name));)*)*
                fields.finish()
            }
        }

        /// Every environment variable that is understood.
        pub const ENVIRONMENT: &[&str] = &[$($($env),*),*];
        /// Every key of the file.
        pub const KEYS: &[&str] = &[$($(stringify!($name)),*),*];

        /// What a setting takes, with an example; none where there is no such setting.
        fn wanted(name: &str) -> Option<&'static str> {
            match name {
                $($(stringify!($name) => Some(<$type as value::Value>::WANTED),)*)*
                _ => None,
            }
        }

        impl Given {
            /// These settings, and where one is not given, those of `other`.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($($name: self.$name.or(other.$name),)*)* }
            }

            /// Settings as they hold: the default where nothing is given.
            fn resolved(self) -> Config {
                Config { $($($name: self.$name.unwrap_or_else(|| $default),)*)* }
            }
        }
    };
}

settings! {
    ["Main settings"]
    /// Address to listen on [default: 127.0.0.1:8080]
    listen, "BOXOFFICE_LISTEN": SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080));
    /// Address for operators: then their routes, /docs, /openapi.json and /metrics are there, beside all others, and not on the first [default: none]
    listen_operator, "BOXOFFICE_LISTEN_OPERATOR": String = String::new();
    /// Origins of web pages that may ask from a browser (CORS), as https://shop.example,https://m.shop.example, or * [default: none]
    cors_origins, "BOXOFFICE_CORS_ORIGINS": Origins = Origins::default();
    /// Database: sqlite://PATH, or mysql://USER:PASSWORD@HOST:PORT/NAME for any number of servers [default: sqlite://boxoffice.db]
    database, "BOXOFFICE_DATABASE": String = "sqlite://boxoffice.db".into();
    ["Database"]
    /// TLS to a MySQL database: off, required (encrypted, whoever answers), verify, or auto (off on this machine, else verify) [default: auto]
    database_tls, "BOXOFFICE_DATABASE_TLS": String = "auto".into();
    /// File with the certificates that a MySQL database is verified by [default: those of the web]
    database_tls_ca, "BOXOFFICE_DATABASE_TLS_CA": PathBuf = PathBuf::new();
    /// Seconds that a MySQL database may take to connect or to answer [default: 10]
    database_timeout_seconds, "BOXOFFICE_DATABASE_TIMEOUT_SECONDS": i64 = 10;
    ["Main settings"]
    /// File with the token keys, mode 0600; the same on all servers of one database [default: beside the database, .keys.json]
    keys_file, "BOXOFFICE_KEYS_FILE": PathBuf = PathBuf::new();
    ["Tokens and passwords"]
    /// The token keys themselves, as such a file has them; better by environment than by flag [default: none]
    token_keys, "BOXOFFICE_TOKEN_KEYS": String = String::new();
    ["Main settings"]
    /// Whether an empty database gets a demo sale [default: true]
    demo, "BOXOFFICE_DEMO": bool = true;
    /// What to log: off, error, warn, info, debug, trace, or a filter of tracing [default: info]
    log, "BOXOFFICE_LOG": String = crate::log::DEFAULT.into();
    /// How the log looks: text for people, or json, an object a line [default: text]
    log_format, "BOXOFFICE_LOG_FORMAT": String = "text".into();
    /// Batches and reads of the database that take longer than so many milliseconds are in the log; 0 for none [default: 1000]
    log_slow_ms, "BOXOFFICE_LOG_SLOW_MS": u64 = 1_000;
    /// Currency of all amounts, by its ISO 4217 code; a database keeps the one that it was begun with [default: KRW]
    currency, "BOXOFFICE_CURRENCY": String = "KRW".into();
    /// Whether users charge their balances themselves; if not, only operators do [default: true]
    self_charge, "BOXOFFICE_SELF_CHARGE": bool = true;
    /// Whether charging and reading one's balance needs an admission to a sale; if not, it is enough to be signed in [default: true]
    charge_needs_admission, "BOXOFFICE_CHARGE_NEEDS_ADMISSION": bool = true;
    ["Connections and load"]
    /// Connections at once; more wait in the system's backlog [default: 16000]
    connections_max, "BOXOFFICE_CONNECTIONS_MAX": usize = 16_000;
    /// Share of what this server can answer that people in line may ask for, per cent: they are told to come less often where more of them wait [default: 40]
    poll_share_percent, "BOXOFFICE_POLL_SHARE_PERCENT": u8 = 40;
    /// Polls that one place in line may make at once, beyond one a second; the next are told to wait (429). 0 for any number [default: 30]
    poll_burst, "BOXOFFICE_POLL_BURST": u32 = 30;
    /// Share of connections_max that streams of events may have, per cent; whoever gets none polls. 0 for none [default: 25]
    stream_share_percent, "BOXOFFICE_STREAM_SHARE_PERCENT": u8 = 25;
    /// Connections of one address at once (IPv6: of one /64; a /48 has 16 times as many); this machine and trusted proxies have no limit [default: 4000]
    connections_per_address_max, "BOXOFFICE_CONNECTIONS_PER_ADDRESS_MAX": usize = 4_000;
    /// Networks of proxies that are believed whom they speak for, as 10.0.0.0/8,192.0.2.7 [default: none]
    trusted_proxies, "BOXOFFICE_TRUSTED_PROXIES": Networks = Networks::default();
    /// Whether trusted proxies begin each connection with the PROXY protocol, version 1 or 2 [default: false]
    proxy_protocol, "BOXOFFICE_PROXY_PROTOCOL": bool = false;
    ["Limits by account and address"]
    /// Whether the limits hold that follow, and that of connections of an address [default: true]
    limits, "BOXOFFICE_LIMITS": bool = true;
    /// Places taken or left in line, by account: so many at once, then so many a minute, or off [default: 20+10/min]
    limit_joins, "BOXOFFICE_LIMIT_JOINS": Rate = Rate::new(20, 10);
    /// Seats held or released, by account [default: 30+15/min]
    limit_holds, "BOXOFFICE_LIMIT_HOLDS": Rate = Rate::new(30, 15);
    /// Charges and payments, by account [default: 30+10/min]
    limit_payments, "BOXOFFICE_LIMIT_PAYMENTS": Rate = Rate::new(30, 10);
    /// Bookings, balances, ledgers, dates and reservations looked at, by account [default: 240+120/min]
    limit_reads, "BOXOFFICE_LIMIT_READS": Rate = Rate::new(240, 120);
    /// Seat maps, by account: 1 for what changed, 3 for a whole compact one, 10 for a full one [default: 900+600/min]
    limit_maps, "BOXOFFICE_LIMIT_MAPS": Rate = Rate::new(900, 600);
    /// Sessions renewed, by account [default: 30+6/min]
    limit_refreshes, "BOXOFFICE_LIMIT_REFRESHES": Rate = Rate::new(30, 6);
    /// Accounts made, by address [default: 2000+300/min]
    limit_sign_ups, "BOXOFFICE_LIMIT_SIGN_UPS": Rate = Rate::new(2_000, 300);
    /// Sign-ins with a wrong password, by address, of those who did not sign in there before [default: 3000+600/min]
    limit_sign_ins, "BOXOFFICE_LIMIT_SIGN_INS": Rate = Rate::new(3_000, 600);
    /// Operators' requests, by key, and by address with keys that are not known [default: 600+300/min]
    limit_operators, "BOXOFFICE_LIMIT_OPERATORS": Rate = Rate::new(600, 300);
    /// Requests of every kind without a genuine token, by address [default: 60000+300000/min]
    limit_requests, "BOXOFFICE_LIMIT_REQUESTS": Rate = Rate::new(60_000, 300_000);
    ["Connections and load"]
    /// Told to stop: seconds that the server goes on serving while /readyz says no, so that a balancer sends nobody any more [default: 0]
    drain_seconds, "BOXOFFICE_DRAIN_SECONDS": u64 = 0;
    /// Commands in one transaction, at most; 1 is the conventional way [default: 128]
    batch_commands_max, "BOXOFFICE_BATCH_COMMANDS_MAX": usize = 128;
    /// Commands that may wait for the write path; beyond it the answer is 503 [default: 8192]
    commands_waiting_max, "BOXOFFICE_COMMANDS_WAITING_MAX": usize = 8_192;
    /// Old name of commands_waiting_max, which wins where both are given; 0: not given [default: 0]
    desk_waiting_max, "BOXOFFICE_DESK_WAITING_MAX": usize = 0;
    /// Database connections for reading [default: 4]
    readers, "BOXOFFICE_READERS": usize = 4;
    ["Tokens and passwords"]
    /// Threads that hash passwords [default: 1]
    password_threads, "BOXOFFICE_PASSWORD_THREADS": usize = 1;
    /// Passwords that may wait to be hashed, of sign-ins and of sign-ups each; beyond it the last in the order gets 503 [default: 512]
    password_waiting_max, "BOXOFFICE_PASSWORD_WAITING_MAX": usize = 512;
    /// Seconds that an access token counts [default: 21600]
    access_token_seconds, "BOXOFFICE_ACCESS_TOKEN_SECONDS": i64 = 6 * 3600;
    /// Cookie of browsers that are signed in: secure, or plain for http on a local network, which anybody there can read [default: secure]
    session_cookie, "BOXOFFICE_SESSION_COOKIE": SessionCookie = SessionCookie::Secure;
    /// Seconds that a refresh token, or the cookie of a browser, counts [default: 604800]
    refresh_token_seconds, "BOXOFFICE_REFRESH_TOKEN_SECONDS": i64 = 7 * 24 * 3600;
    /// Seconds that a queue token counts, from joining or the opening; then a new one is given [default: 259200]
    queue_token_seconds, "BOXOFFICE_QUEUE_TOKEN_SECONDS": i64 = 72 * 3600;
    ["New concerts"]
    /// New concerts: seconds that seats are held for payment [default: 300]
    hold_seconds, "BOXOFFICE_HOLD_SECONDS": i64 = Policy::default().hold_ttl_ms / 1000;
    /// New concerts: seconds that an admitted user may shop [default: 600]
    shop_seconds, "BOXOFFICE_SHOP_SECONDS": i64 = Policy::default().shop_ttl_ms / 1000;
    /// New concerts: seconds that an admitted user may take to come; browsers let a hidden tab ask once a minute [default: 180]
    arrival_grace_seconds, "BOXOFFICE_ARRIVAL_GRACE_SECONDS": i64 = Policy::default().arrival_grace_ms / 1000;
    /// New concerts: seats of one date that one user may have [default: 4]
    seats_per_user, "BOXOFFICE_SEATS_PER_USER": u32 = Policy::default().seats_per_user;
    /// New concerts: seconds that seats whose hold has lapsed stay closed to who held them; 0: not at all [default: 600]
    rehold_after_seconds, "BOXOFFICE_REHOLD_AFTER_SECONDS": i64 = Policy::default().rehold_after_ms / 1000;
    /// New concerts: users shopping at once [default: 1000]
    max_active, "BOXOFFICE_MAX_ACTIVE": u64 = QueueSettings::default().max_active;
    /// New concerts: users admitted a second [default: 500]
    admissions_per_second, "BOXOFFICE_ADMISSIONS_PER_SECOND": u64 = QueueSettings::default().admissions_per_second;
    /// New concerts: places in line [default: 2000000]
    max_waiting, "BOXOFFICE_MAX_WAITING": u64 = QueueSettings::default().max_waiting;
    ["External identities"]
    /// External identities: file with the provider's keys (JWKS) [default: none]
    oidc_jwks_file, "BOXOFFICE_OIDC_JWKS_FILE": PathBuf = PathBuf::new();
    /// External identities: address of the provider's keys instead (https) [default: none]
    oidc_jwks_url, "BOXOFFICE_OIDC_JWKS_URL": String = String::new();
    /// External identities: the issuer that tokens must name [default: none]
    oidc_issuer, "BOXOFFICE_OIDC_ISSUER": String = String::new();
    /// External identities: the audience that tokens must name [default: none]
    oidc_audience, "BOXOFFICE_OIDC_AUDIENCE": String = String::new();
    /// External identities: seconds that the provider's clock and ours may be apart [default: 60]
    oidc_leeway_seconds, "BOXOFFICE_OIDC_LEEWAY_SECONDS": i64 = 60;
}

/// Longest time to drain: an hour, for those whose balancer is a person.
const DRAIN_SECONDS_MAX: u64 = 3_600;

/// Most that clocks may be apart: no more than a few minutes, as RFC 7519 § 4.1.4 says.
const OIDC_LEEWAY_MAX: i64 = 600;

/// A configuration that cannot be used; the text is one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name among these that is most like it, if one is like it at all.
fn similar<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let alike = names.iter().map(|known| (strsim::damerau_levenshtein(name, known), *known));
    alike
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 5))
        .map(|(_, known)| known)
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid(text.into()))
}

impl Given {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or has an unknown key or a bad value.
    pub fn from_file(path: &Path) -> Result<Self, Invalid> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Invalid(format!("{}: {error}", path.display())))?;
        Self::from_toml(&text).map_err(|why| Invalid(format!("{}: {why}", path.display())))
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// It has an unknown key or a bad value.
    pub fn from_toml(text: &str) -> Result<Self, Invalid> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text[..at].lines().count().max(1);
            let why = error.message().replace('\n', " ");
            let name = text.lines().nth(line - 1).and_then(|text| text.split_once('='));
            let name = name.map_or("", |(name, _)| name.trim());
            let hint = match wanted(name).filter(|_| !why.contains("expected one of")) {
                Some(wanted) => format!("; {name} takes {wanted}"),
                None => similar(name, KEYS)
                    .map_or_else(String::new, |key| format!("; did you mean {key}?")),
            };
            Invalid(format!("line {line}: {why}{hint}"))
        })
    }

    /// Settings as they hold, checked.
    ///
    /// # Errors
    /// A value is outside of what works.
    pub fn resolve(self) -> Result<Config, Invalid> {
        let old = self.desk_waiting_max.filter(|old| *old > 0);
        let old = old.filter(|_| self.commands_waiting_max.is_none());
        let mut config = self.resolved();
        config.commands_waiting_max = old.unwrap_or(config.commands_waiting_max);
        if let Database::Sqlite(path) = config.where_is_the_database()?
            && config.keys_file.as_os_str().is_empty()
        {
            config.keys_file = path.with_extension("keys.json");
        }
        config.check()?;
        Ok(config)
    }
}

impl Config {
    /// Whether it is said where the token keys are. Of several servers each would otherwise make its
    /// own, and none would know the tokens of another.
    ///
    /// # Errors
    /// It is not.
    pub fn check_token_keys(&self) -> Result<(), Invalid> {
        if self.token_keys.is_empty() && self.keys_file.as_os_str().is_empty() {
            return invalid(
                "keys_file or token_keys: servers of one database share their token keys; name the file (boxoffice admin key rotate --keys-file FILE makes one)",
            );
        }
        Ok(())
    }

    /// Whether external identities are trusted.
    #[must_use]
    pub fn has_oidc(&self) -> bool {
        !self.oidc_issuer.is_empty()
    }

    fn check(&self) -> Result<(), Invalid> {
        let counts = [
            ("connections_max", self.connections_max),
            ("connections_per_address_max", self.connections_per_address_max),
            ("batch_commands_max", self.batch_commands_max),
            ("commands_waiting_max", self.commands_waiting_max),
            ("readers", self.readers),
            ("password_threads", self.password_threads),
            ("password_waiting_max", self.password_waiting_max),
        ];
        for (name, value) in counts {
            if !(1..=1_000_000).contains(&value) {
                return invalid(format!("{name}: {value} is not between 1 and 1000000"));
            }
        }
        let seconds = [
            ("access_token_seconds", self.access_token_seconds, 366 * 86_400),
            ("refresh_token_seconds", self.refresh_token_seconds, 366 * 86_400),
            ("queue_token_seconds", self.queue_token_seconds, 366 * 86_400),
            ("hold_seconds", self.hold_seconds, 86_400),
            ("shop_seconds", self.shop_seconds, 86_400),
            ("arrival_grace_seconds", self.arrival_grace_seconds, 86_400),
            ("database_timeout_seconds", self.database_timeout_seconds, 600),
        ];
        for (name, value, most) in seconds {
            if !(1..=most).contains(&value) {
                return invalid(format!("{name}: {value} is not between 1 and {most}"));
            }
        }
        if !(1..=90).contains(&self.poll_share_percent) {
            let share = self.poll_share_percent;
            return invalid(format!("poll_share_percent: {share} is not between 1 and 90"));
        }
        if self.stream_share_percent > 90 {
            let share = self.stream_share_percent;
            return invalid(format!("stream_share_percent: {share} is not between 0 and 90"));
        }
        if crate::log::Format::of(&self.log_format).is_none() {
            return invalid(format!("log_format: {:?} is neither text nor json", self.log_format));
        }
        crate::log::usual(&self.log).map_err(|why| Invalid(format!("log: {why}")))?;
        self.operator_address()?;
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            return invalid("proxy_protocol: it needs trusted_proxies, and none are set");
        }
        if !(0..=86_400).contains(&self.rehold_after_seconds) {
            let value = self.rehold_after_seconds;
            return invalid(format!("rehold_after_seconds: {value} is not between 0 and 86400"));
        }
        if self.drain_seconds > DRAIN_SECONDS_MAX {
            let most = DRAIN_SECONDS_MAX;
            return invalid(format!("drain_seconds: {} is more than {most}", self.drain_seconds));
        }
        if !["auto", "off", "required", "verify"].contains(&self.database_tls.as_str()) {
            return invalid(format!(
                "database_tls: {:?} is none of auto, off, required, verify",
                self.database_tls
            ));
        }
        self.check_sale()
    }

    fn check_sale(&self) -> Result<(), Invalid> {
        if Currency::of(&self.currency).is_none() {
            let code = &self.currency;
            return invalid(format!(
                "currency: {code:?} is not an ISO 4217 code such as KRW or USD"
            ));
        }
        let most = boxoffice_core::limits::ADMISSION_MAX;
        let queue = [
            ("max_active", self.max_active),
            ("admissions_per_second", self.admissions_per_second),
            ("max_waiting", self.max_waiting),
        ];
        for (name, value) in queue {
            if !(1..=most).contains(&value) {
                return invalid(format!("{name}: {value} is not between 1 and {most}"));
            }
        }
        let seats = boxoffice_core::limits::SEATS_PER_RESERVATION_MAX;
        if !(1..=seats).contains(&usize::try_from(self.seats_per_user).unwrap_or(usize::MAX)) {
            return invalid(format!("seats_per_user: it is not between 1 and {seats}"));
        }
        let file = !self.oidc_jwks_file.as_os_str().is_empty();
        if file && !self.oidc_jwks_url.is_empty() {
            return invalid("set either oidc_jwks_file or oidc_jwks_url, not both");
        }
        if !(0..=OIDC_LEEWAY_MAX).contains(&self.oidc_leeway_seconds) {
            return invalid(format!(
                "oidc_leeway_seconds: it is not between 0 and {OIDC_LEEWAY_MAX}"
            ));
        }
        let given = [
            file || !self.oidc_jwks_url.is_empty(),
            !self.oidc_issuer.is_empty(),
            !self.oidc_audience.is_empty(),
        ];
        if given.contains(&true) && given.contains(&false) {
            return invalid(
                "oidc_issuer, oidc_audience and oidc_jwks_file or oidc_jwks_url belong together",
            );
        }
        Ok(())
    }
}

/// A setting by its name, with what is secret in it left out: whoever prints the settings to find a
/// mistake must not print these.
struct Discreet<'a>(&'static str, &'a dyn std::fmt::Debug);

impl std::fmt::Debug for Discreet<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:?}", self.1);
        match self.0 {
            "database" => f.write_str(&shown(&text)),
            "token_keys" if !["None", "\"\""].contains(&text.as_str()) => f.write_str("…"),
            _ => f.write_str(&text),
        }
    }
}

/// A database address without its password.
fn shown(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => address.to_owned(),
    }
}
