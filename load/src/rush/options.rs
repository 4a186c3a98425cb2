//! What a rush is asked for.

use boxoffice_server::Failure;
use boxoffice_server::config::Given;
use boxoffice_server::config::Settings;
use serde::Serialize;
use std::path::PathBuf;

/// See `boxoffice rush --help`.
#[derive(Clone, Debug, clap::Args, Serialize)]
pub struct Options {
    /// Fans that come
    #[arg(long, default_value_t = 20_000)]
    pub fans: u64,
    /// Seats of each date of the sale that is made for the run
    #[arg(long, default_value_t = 5_000)]
    pub seats: u32,
    /// Its dates
    #[arg(long, default_value_t = 1)]
    pub dates: u32,
    /// Whether all come at once, more and more, or evenly: spike, ramp, steady, or a CSV file (second,fans)
    #[arg(long, default_value = "spike")]
    pub arrivals: String,
    /// Seconds over which fans come (ramp and steady)
    #[arg(long, default_value_t = 10)]
    pub over: u64,
    /// How its seats stand: in rows of sections with grades, by a layout that is made for so many seats and uploaded; or by their numbers alone
    #[arg(long, value_enum, default_value_t = Seats::Hall)]
    pub layout: Seats,
    /// Seconds from the making of the sale to its opening: the crowd comes before it and waits, as at a real on-sale
    #[arg(long, default_value_t = 0)]
    pub opens_in: u64,
    /// Seconds for which the sale is open and nobody comes, before the run begins
    #[arg(long, default_value_t = 0)]
    pub idle: u64,
    /// Attackers that come beside the fans, per cent of them (4,000 at most): join and leave, guess passwords, hold and release, flood seat maps and new keys, flood from the address that all fans share, idle connections, in equal parts; figures are the fans' alone
    #[arg(long, default_value_t = 0.0)]
    pub hostile: f64,
    /// Connections that all fans share: a quarter each for those who shop, for searches for the best seats, for joins and for polls, one each at least; 0 gives each fan its own
    #[arg(long, default_value_t = 256)]
    pub connections: usize,
    /// Seats that a fan wants, at most
    #[arg(long, default_value_t = 2)]
    pub seats_each: u32,
    /// Fans who ask for the best seats that are together, some of a grade or in a section, instead of choosing on the map, per cent
    #[arg(long, default_value_t = 30.0)]
    pub best_percent: f64,
    /// Fans who hold a stream of events, where the server offers one: of their place near the front of the line, and of the seats while they choose; 500 at once at most, per cent
    #[arg(long, default_value_t = 5.0)]
    pub stream_percent: f64,
    /// Fans who shop at once, at most
    #[arg(long, default_value_t = 1_000)]
    pub max_active: u64,
    /// Fans let in a second, at most
    #[arg(long, default_value_t = 500)]
    pub admissions_per_second: u64,
    /// Seconds for which seats are held for payment; short, so that abandoned seats come back in the run
    #[arg(long, default_value_t = 15)]
    pub hold_seconds: u64,
    /// Seconds that an admitted fan may take to come
    #[arg(long, default_value_t = 10)]
    pub arrival_grace_seconds: u64,
    /// Mean time to think between two steps, ms
    #[arg(long, default_value_t = 400)]
    pub think_ms: u32,
    /// Fans who leave their seats held and do not pay, per cent
    #[arg(long, default_value_t = 5.0)]
    pub abandon: f64,
    /// Fans who give their seats back, per cent
    #[arg(long, default_value_t = 2.0)]
    pub release: f64,
    /// Purchases of which an operator gives something back, all seats or one, per cent; needs the operator's key
    #[arg(long, default_value_t = 0.5)]
    pub refund: f64,
    /// Fans who join and are heard of no more, per cent
    #[arg(long, default_value_t = 3.0)]
    pub no_show: f64,
    /// Fans who have bought and look at their tickets, each of which is verified with the public keys, per cent
    #[arg(long, default_value_t = 20.0)]
    pub tickets: f64,
    /// Changes that are sent twice at once, per cent
    #[arg(long, default_value_t = 5.0)]
    pub double_click: f64,
    /// Changes whose connection is cut before the answer, and that are sent again, per cent
    #[arg(long, default_value_t = 3.0)]
    pub cut: f64,
    /// Everything that chance decides follows from this
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Seconds after which the run ends, whoever still waits
    #[arg(long, default_value_t = 300)]
    pub seconds_max: u64,
    /// A running server, http://HOST:PORT (several with commas); without it, one is started for the run
    #[arg(long, value_delimiter = ',')]
    pub target: Vec<String>,
    /// The database: of the server that is started (default: a new file that is removed), or where the audit looks at the target's
    #[arg(long)]
    #[serde(skip)]
    pub database: Option<String>,
    /// TLS to that database: off, required, verify or auto, as `boxoffice serve` takes it
    #[arg(long)]
    pub database_tls: Option<String>,
    /// File with the certificates that the database is verified by
    #[arg(long)]
    pub database_tls_ca: Option<PathBuf>,
    /// The target's file of token keys: the fans are signed in with it, so that password hashing is not measured
    #[arg(long)]
    pub keys_file: Option<PathBuf>,
    /// The servers' TOML file: what it (or the environment) says of their database and keys need not be said again
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// An operator's key of the target, with which the sale is made
    #[arg(long, env = "BOXOFFICE_OPERATOR_KEY", hide_env_values = true)]
    #[serde(skip)]
    pub operator_key: Option<String>,
    /// A concert of the target to buy from, instead of one that is made; its own size and settings count, and since others may buy, seats that are told to be taken are not checked
    #[arg(long)]
    pub concert: Option<uuid::Uuid>,
    /// Folder for report.html and report.json
    #[arg(long, default_value = "rush-report")]
    pub out: PathBuf,
}

/// How the seats of the sale stand that is made for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seats {
    /// By a layout.
    Hall,
    /// By numbers.
    None,
}

/// Fans of one run, at most.
const FANS_MAX: u64 = 1_000_000;
/// Seconds of one run, at most.
const SECONDS_MAX: u64 = 24 * 60 * 60;

impl Options {
    /// The same, if they can be carried out.
    ///
    /// # Errors
    /// One of them cannot; the sentence names it.
    pub fn checked(self) -> Result<Self, Failure> {
        let shares = [
            ("abandon", self.abandon),
            ("release", self.release),
            ("refund", self.refund),
            ("no-show", self.no_show),
            ("tickets", self.tickets),
            ("double-click", self.double_click),
            ("cut", self.cut),
            ("hostile", self.hostile),
            ("best-percent", self.best_percent),
            ("stream-percent", self.stream_percent),
        ];
        if let Some((name, _)) = shares.iter().find(|(_, share)| !(0.0..=100.0).contains(share)) {
            return Err(format!("--{name} is a share in per cent, from 0 to 100").into());
        }
        let bounds = [
            ("fans", self.fans, 1, FANS_MAX),
            ("seats", self.seats.into(), 1, 100_000),
            ("dates", self.dates.into(), 1, 366),
            ("over", self.over, 1, SECONDS_MAX),
            ("seats-each", self.seats_each.into(), 1, 50),
            ("seconds-max", self.seconds_max, 1, SECONDS_MAX),
            ("opens-in", self.opens_in, 0, self.seconds_max),
            ("idle", self.idle, 0, SECONDS_MAX),
        ];
        for (name, value, least, most) in bounds {
            if !(least..=most).contains(&value) {
                return Err(format!("--{name} is from {least} to {most}").into());
            }
        }
        if self.opens_in > 0 && (self.idle > 0 || self.concert.is_some()) {
            return Err(
                "--opens-in is for a sale that the run makes, and not together with --idle".into(),
            );
        }
        let makes_sale = !self.target.is_empty() && self.concert.is_none();
        if makes_sale && self.operator_key.is_none() {
            return Err("with --target, give --operator-key to make a sale, or --concert".into());
        }
        Ok(self)
    }

    /// What the flags say of the server, and below them the environment and the file.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn given(&self) -> Result<Given, Failure> {
        let flags = Given {
            database: self.database.clone(),
            database_tls: self.database_tls.clone(),
            database_tls_ca: self.database_tls_ca.clone(),
            keys_file: self.keys_file.clone(),
            ..Given::default()
        };
        Ok(Settings::below(flags, self.config.clone())?)
    }
}
