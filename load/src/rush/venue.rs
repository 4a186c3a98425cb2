//! Where the rush takes place: a server of its own on a database of its own, or one that runs already.

pub(super) mod halls;

use super::fan::instant_of;
use super::hall::{BySecond, Hall};
use super::options::{Options, Seats};
use super::process::{Server, peak_memory_bytes};
use super::record::Linearizability;
use super::truth::Truth;
use super::wire::Pool;
use super::world::World;
use crate::bench::server::Child;
use crate::http::Ask;
use boxoffice_core::time::Time;
use boxoffice_server::audit;
use boxoffice_server::clock::Clock;
use boxoffice_server::config::{Config, Given};
use boxoffice_server::demo::ZONES;
use boxoffice_server::node::token_keys;
use boxoffice_server::tickets::PublicKey;
use boxoffice_server::tokens::{KeyFile, Keyring};
use boxoffice_server::{Failure, database, operator_key};
use serde_json::{Value, json};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a server may take to hear of a concert that another has made.
const SHOWN_WAIT: Duration = Duration::from_secs(5);

/// The database's name in the report where none was given.
pub const UNNAMED: &str = "a database that was not named";
/// The database's name in the report of a run with its own server.
pub const TEMPORARY: &str = "SQLite, a file of its own that was removed";
/// The one address that fans share with attackers, as behind a carrier (RFC 5737).
const SHARED: &str = "198.51.100.1";
/// Settings of a server of its own for that address: it trusts the generator, and limits unknown clients from there.
const SHARED_FLAGS: [&str; 4] =
    ["--trusted-proxies", "127.0.0.0/8", "--limit-requests", "100+600/min"];

/// How long a target may take to be connected to.
const CONNECT_WAIT: Duration = Duration::from_secs(3);

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// See the module.
pub struct Venue {
    /// For people.
    pub name: String,
    /// Which database, for people.
    pub database: String,
    /// The servers' addresses.
    pub addresses: Vec<SocketAddr>,
    /// The one address of fans and attackers, where there are both and the server is our own.
    pub named: Option<&'static str>,
    keys: KeyFile,
    /// Where the audit looks; `None` where only the API is known.
    audited: Option<Config>,
    operator_key: Option<String>,
    // In this order: the server ends before its files go.
    server: Option<Child>,
    _folder: Option<Folder>,
}

/// The results at the end.
#[derive(serde::Serialize)]
pub struct Judgement {
    /// The audit of the whole database; `None` where it was not named.
    pub audit: Option<audit::Report>,
    /// Answers that are not true in the database.
    pub untrue: Vec<String>,
    /// Facts that were looked up there.
    pub facts: usize,
    /// What became of the seats; `None` where the database was not named.
    pub hall: Option<Hall>,
    /// How many were held, and free, at the end of each second; `None` where the database was not named.
    pub seats_by_second: Option<BySecond>,
    /// When each place was let in (last), in order, milliseconds since the run began.
    #[serde(skip)]
    pub admissions_ms: Option<Vec<u64>>,
    /// Answers that no seats fit, and some did that nobody had ever asked for.
    pub wrongly_none_fit: Vec<String>,
    /// Whether every seat's history can have happened.
    pub linearizability: Linearizability,
}

impl Judgement {
    /// How many things are not as they should be.
    pub fn wrong(&self) -> u64 {
        let audit = self.audit.as_ref().map_or(0, audit::Report::broken);
        let Linearizability { broken, undecided, .. } = &self.linearizability;
        let lists = [&self.untrue, &self.wrongly_none_fit, broken, undecided];
        audit + lists.iter().map(|list| list.len() as u64).sum::<u64>()
    }
}

/// Starts the server, or connects to the target.
///
/// # Errors
/// The server does not start, or the target's name is none.
pub fn find(options: &Options) -> Result<Venue, Failure> {
    if options.target.is_empty() { own(options) } else { target(options) }
}

fn target(options: &Options) -> Result<Venue, Failure> {
    let address = |url: &String| -> Result<SocketAddr, Failure> {
        let host = url.strip_prefix("http://").ok_or_else(|| {
            format!("--target {url}: it takes http://HOST:PORT, as http://127.0.0.1:8080")
        })?;
        let mut found = host.trim_end_matches('/').to_socket_addrs()?;
        Ok(found.next().ok_or_else(|| format!("{url} has no address"))?)
    };
    let addresses = options.target.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    // First, since no key helps where nobody answers.
    for (url, address) in options.target.iter().zip(&addresses) {
        let answers = std::net::TcpStream::connect_timeout(address, CONNECT_WAIT);
        answers.map_err(|why| format!("--target {url} does not answer: {why}"))?;
    }
    let given = options.given()?;
    let named = given.database.is_some();
    if !named && given.keys_file.is_none() && given.token_keys.is_none() {
        return Err("with --target, --keys-file names the target's file of token keys".into());
    }
    let config = given.resolve()?;
    config.check_token_keys()?;
    let unknown = UNNAMED.to_owned();
    Ok(Venue {
        name: options.target.join(", "),
        database: if named { config.shown_database() } else { unknown },
        addresses,
        named: None,
        // Never made here: the target would not know them.
        keys: token_keys(&config, KeyFile::read)?,
        audited: named.then_some(config),
        operator_key: options.operator_key.clone(),
        server: None,
        _folder: None,
    })
}

fn own(options: &Options) -> Result<Venue, Failure> {
    let folder = Folder(std::env::temp_dir().join(format!("boxoffice-rush-{}", Uuid::now_v7())));
    std::fs::create_dir_all(&folder.0)?;
    // Never a database that only the environment or a file names: that is where people buy.
    let file = || format!("sqlite://{}", folder.0.join("rush.db").display());
    let database = options.database.clone().unwrap_or_else(file);
    let file = options.keys_file.clone().unwrap_or_else(|| folder.0.join("rush.keys.json"));
    // Servers of a shared database do not make one.
    let keys = KeyFile::open(&file, Clock::System.now())?;
    let own = Given {
        database: Some(database.clone()),
        keys_file: Some(file.clone()),
        token_keys: Some(String::new()),
        ..Given::default()
    };
    let config = own.or(options.given()?).resolve()?;
    let ca = config.database_tls_ca.display().to_string();
    let tls = ["--database-tls", &config.database_tls, "--database-tls-ca", &ca];
    // A flag cannot be empty.
    let tls = if ca.is_empty() { &tls[..2] } else { &tls };
    let is_shared = options.hostile > 0.0;
    let flags = [tls, if is_shared { &SHARED_FLAGS } else { &[] }].concat();
    let server = Child::start(&database, &file, &flags)?;
    let temporary = TEMPORARY.to_owned();
    Ok(Venue {
        database: options.database.as_ref().map_or(temporary, |_| config.shown_database()),
        name: format!("a server of its own, http://{}", server.address),
        addresses: vec![server.address],
        named: is_shared.then_some(SHARED),
        keys,
        operator_key: Some(operator_key::secret(&config, "rush")?),
        audited: Some(config),
        server: Some(server),
        _folder: Some(folder),
    })
}

fn ranges(seats: u32) -> Vec<Value> {
    let mut from = 1;
    let range = |(zone, up_to, price): (&str, u32, i64)| {
        let to = u32::try_from(u64::from(seats) * u64::from(up_to) / 100).unwrap_or(seats);
        let to = if up_to == 100 { seats } else { to };
        let range = json!({ "from": from, "to": to, "zone": zone, "price": price });
        let some = from <= to;
        from = from.max(to + 1);
        some.then_some(range)
    };
    ZONES.into_iter().filter_map(range).collect()
}

impl Venue {
    /// Signs the fans in.
    pub fn keyring(&self) -> Keyring {
        Keyring::new(&self.keys)
    }

    /// With which an operator gives back what was bought, where one is known.
    pub fn operator_key(&self) -> Option<String> {
        self.operator_key.clone()
    }

    /// What tickets are verified with.
    ///
    /// # Errors
    /// The server does not tell.
    pub async fn ticket_keys(&self, pool: &Pool) -> Result<Vec<PublicKey>, Failure> {
        let told = pool.send(&Ask::new("GET", "/api/v1/ticket-keys")).await?.json();
        let keys = told["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        let key = |key: &Value| PublicKey::of_text(key["public_key"].as_str()?, Time(0));
        Ok(keys.iter().filter_map(key).collect())
    }

    /// Makes the sale that the fans come for, or takes the one that was named. Also returns when it opens,
    /// UTC milliseconds.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn open_sale(&self, options: &Options, pool: &Pool) -> Result<(Uuid, i64), Failure> {
        if let Some(concert) = options.concert {
            let ask = Ask::new("GET", format!("/api/v1/concerts/{concert}"));
            let shown = pool.send(&ask).await?.json();
            let allowed = shown["seats_per_user"].as_u64();
            let allowed = allowed.ok_or_else(|| format!("there is no concert {concert}"))?;
            if u64::from(options.seats_each) > allowed {
                return Err(format!("--seats-each: the concert allows {allowed}").into());
            }
            return Ok((concert, instant_of(&shown["opens_at"]).unwrap_or(0)));
        }
        let opens_in = i64::try_from(options.opens_in)?.saturating_mul(1000);
        let opens_at = Clock::System.now().plus_ms(opens_in);
        let key = self.operator_key.clone().ok_or("no operator's key was given")?;
        let hall = match options.layout {
            Seats::Hall => Some(halls::upload(options.seats, &key, pool).await?),
            Seats::None => None,
        };
        let date = |day: u32| {
            let day = i64::from(day) + 30;
            let starts_at = Clock::System.now().plus_ms(day * 86_400_000);
            let starts_at = boxoffice_server::http::view::stamp(starts_at);
            match &hall {
                Some((layout, prices)) => {
                    json!({ "starts_at": starts_at, "layout": layout, "prices": prices })
                }
                None => json!({ "starts_at": starts_at, "seats": ranges(options.seats) }),
            }
        };
        let body = json!({
            "name": "Rush", "theater": "Loopback Hall", "run_time_minutes": 120,
            "opens_at": boxoffice_server::http::view::stamp(opens_at),
            "hold_seconds": options.hold_seconds,
            "arrival_grace_seconds": options.arrival_grace_seconds,
            "seats_per_user": options.seats_each.max(4),
            "max_active": options.max_active,
            "admissions_per_second": options.admissions_per_second,
            "dates": (0..options.dates).map(date).collect::<Vec<_>>(),
        });
        let ask = Ask::new("POST", "/api/v1/admin/concerts").with("x-api-key", key).json(&body);
        let answer = pool.send(&ask).await?;
        let made = answer.json();
        let concert = made["concert_id"].as_str().and_then(|text| text.parse().ok());
        let why = || format!("the sale was refused: {}", String::from_utf8_lossy(&answer.body));
        let concert = concert.filter(|_| answer.status == 201).ok_or_else(why)?;
        Ok((concert, opens_at.0))
    }

    /// Waits until each server shows the concert: it was made by way of one of them.
    ///
    /// # Errors
    /// One does not.
    pub async fn until_shown(&self, concert: Uuid) -> Result<(), Failure> {
        let ask = Ask::new("GET", format!("/api/v1/concerts/{concert}"));
        for address in &self.addresses {
            let pool = Pool::new(vec![*address], 1, 0)?;
            let began = Instant::now();
            while pool.send(&ask).await?.status != 200 {
                if began.elapsed() > SHOWN_WAIT {
                    return Err(format!("{address} does not show concert {concert}").into());
                }
                tokio::time::sleep(SHOWN_WAIT / 100).await;
            }
        }
        Ok(())
    }

    /// Memory and time of the server that was started for the run; before it ends.
    pub fn server(&self) -> Option<Server> {
        let start_ms = |child: &Child| u64::try_from(child.started_in.as_millis()).unwrap_or(0);
        self.server.as_ref().map(|child| Server {
            start_ms: start_ms(child),
            peak_memory_bytes: peak_memory_bytes(&child.id().to_string()),
        })
    }

    /// Ends the server, if it was started for the run.
    ///
    /// # Errors
    /// It did not end well.
    pub fn close(self) -> Result<(), Failure> {
        self.server.map_or(Ok(()), Child::stop)
    }

    /// Counts everything again, while the server still runs.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn judge(&self, world: &World) -> Result<Judgement, Failure> {
        let record = world.record.borrow();
        let mut judgement = Judgement {
            audit: None,
            untrue: Vec::new(),
            facts: 0,
            hall: None,
            seats_by_second: None,
            admissions_ms: None,
            // Where others buy, too, it is not known what they asked for.
            wrongly_none_fit: match world.options.concert {
                None => record.wrongly_none(&world.halls.seatings),
                Some(_) => Vec::new(),
            },
            linearizability: record.linearizability(),
        };
        let Some(config) = &self.audited else { return Ok(judgement) };
        let snapshot = database::snapshot(config)?;
        judgement.audit = Some(snapshot.audit()?);
        let truth = Truth::new(snapshot.rows(), world.concert);
        judgement.untrue = truth.broken(&record)?;
        judgement.facts = record.told.len();
        let figures = world.figures.borrow();
        let last_sale = world.began_at.saturating_add_unsigned(figures.last_sale_ms.unwrap_or(0));
        let hall = truth.hall(Clock::System.now().0, last_sale)?;
        let claims = truth.claims(world.began_at)?;
        let by_second = BySecond::of(&claims, hall.seats, figures.seconds.len());
        (judgement.hall, judgement.seats_by_second) = (Some(hall), Some(by_second));
        judgement.admissions_ms = Some(truth.admissions_ms(world.began_at)?);
        Ok(judgement)
    }
}
