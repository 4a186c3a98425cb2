//! Fans: each joins, polls, charges, reserves, pays, and writes down every request with the answer
//! that came, or that none came.

use crate::client::{Answer, Ask, Client};
use crate::sandbox::Sale;
use boxoffice_core::id::{UserId, Uuid};
use boxoffice_server::clock::Clock;
use boxoffice_server::tokens::{Keyring, Use, random};
use serde_json::json;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Flags of a server for these fans: few buy here for thousands, again and again.
pub const TIRELESS: &[&str] = &["--demo", "false", "--limits", "false"];

/// A small generator (SplitMix64), so that a run is described by its seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// The seed of this run: from `CRASH_SEED`, or fresh; printed, so that a failure can be replayed.
    pub fn seed(test: &str) -> u64 {
        let given = std::env::var("CRASH_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from_le_bytes(random().unwrap()));
        eprintln!("{test}: CRASH_SEED={seed}");
        seed
    }
}

/// What a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Join,
    /// A poll that was told "admitted", or that had no answer.
    Admitted {
        token: String,
    },
    Charge {
        amount: i64,
    },
    Reserve {
        date: Uuid,
        seats: BTreeSet<u32>,
    },
    Pay {
        reservation: Uuid,
    },
    Cancel {
        reservation: Uuid,
    },
    Leave {
        token: String,
    },
}

/// A request, and the answer if one came.
#[derive(Clone, Debug)]
pub struct Entry {
    pub deed: Deed,
    pub ask: Ask,
    pub answer: Option<Answer>,
}

impl Entry {
    /// The answer, if it says that the deed is done.
    pub fn done(&self) -> Option<&Answer> {
        self.answer.as_ref().filter(|answer| answer.is_success())
    }
}

/// Everything that one fan asked for.
#[derive(Clone, Debug)]
pub struct Journal {
    pub user: Uuid,
    pub entries: Vec<Entry>,
}

/// A fan who shops on one connection until the server is gone or the fan is told to stop.
pub struct Fan {
    address: SocketAddr,
    client: Option<Client>,
    sale: Sale,
    identity: String,
    dice: Dice,
    journal: Journal,
    keys: u64,
    /// One fan in four may keep a hold and never pay: not more, so that slots remain for the rest.
    keeps: bool,
    /// Whether a load balancer may move the fan from one server to another.
    is_moved: bool,
    stop: Arc<AtomicBool>,
}

/// What a server may say, to somebody whom another one has just let in, until it has heard of it.
const NOT_HEARD: &str = "not_admitted";
/// For so long at most, on a busy machine.
const HEARD_WITHIN: Duration = Duration::from_secs(2);
/// Requests that were turned away with 503 are repeated for so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(20);

pub fn identity(keyring: &Keyring, user: Uuid) -> String {
    let now = Clock::System.now();
    keyring.identity(Use::Identity, UserId(user), now, 3_600_000).unwrap()
}

impl Fan {
    pub fn new(address: SocketAddr, sale: &Sale, keyring: &Keyring, seed: u64) -> Self {
        let user = Uuid::now_v7();
        Self {
            address,
            client: None,
            sale: sale.clone(),
            identity: identity(keyring, user),
            dice: Dice::new(seed),
            journal: Journal { user, entries: Vec::new() },
            keys: 0,
            keeps: seed.is_multiple_of(4),
            is_moved: false,
            stop: Arc::default(),
        }
    }

    /// A fan who stops, at the end of a visit, once this is set.
    pub fn until(self, stop: &Arc<AtomicBool>) -> Self {
        Self { stop: Arc::clone(stop), ..self }
    }

    /// A fan whom a load balancer may move.
    #[allow(dead_code, reason = "not every target has a load balancer")]
    pub fn moved(self) -> Self {
        Self { is_moved: true, ..self }
    }

    /// Shops until the server is gone, or something is held that is not to be paid for.
    pub async fn live(mut self) -> Journal {
        while !self.is_told() && self.visit().await.is_some() {}
        self.journal
    }

    fn is_told(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("{}-{}", self.journal.user, self.keys)
    }

    async fn try_send(&mut self, ask: &Ask) -> std::io::Result<Answer> {
        if self.client.is_none() {
            self.client = Some(Client::connect(self.address).await?);
        }
        let Some(client) = &mut self.client else { unreachable!() };
        client.send(ask).await
    }

    /// Sends; a 503 is repeated with the same key. `None` when no answer came.
    async fn send(&mut self, ask: &Ask) -> Option<Answer> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let answer = self.try_send(ask).await.ok()?;
            match answer.status {
                503 => tokio::time::sleep(PAUSE).await,
                // A load balancer says that the server gave none.
                502 | 504 => return None,
                403 if self.is_moved
                    && began.elapsed() < HEARD_WITHIN
                    && answer.code() == NOT_HEARD =>
                {
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Some(answer),
            }
        }
        None
    }

    /// Sends and writes down what came of it.
    async fn act(&mut self, deed: Deed, ask: Ask) -> Option<Answer> {
        let answer = self.send(&ask).await;
        self.journal.entries.push(Entry { deed, ask, answer: answer.clone() });
        answer
    }

    /// One visit: `None` ends the fan's life.
    async fn visit(&mut self) -> Option<()> {
        let path = format!("/api/v1/concerts/{}/queue-tokens", self.sale.concert);
        let key = self.next_key();
        let ask = Ask::post(path, &json!({})).identity(&self.identity).key(&key);
        let answer = self.act(Deed::Join, ask).await?;
        assert!(answer.is_success(), "join: {}", answer.body);
        let token = answer.text("token");
        if answer.text("state") != "admitted" {
            self.wait_in_line(&token).await?;
        }
        for _ in 0..=self.dice.below(8) {
            self.charge(&token).await?;
        }
        let held = self.reserve(&token).await?;
        match (held, self.dice.below(8)) {
            (None, _) => self.leave(&token).await,
            // Holds, and is heard of no more.
            (Some(_), 0) if self.keeps => None,
            (Some(reservation), 1 | 2) => {
                let ask = Ask::new("DELETE", format!("/api/v1/reservations/{reservation}"));
                let ask = ask.identity(&self.identity).queue(&token);
                self.act(Deed::Cancel { reservation }, ask).await?;
                self.leave(&token).await
            }
            (Some(reservation), _) => self.pay(&token, reservation).await,
        }
    }

    async fn wait_in_line(&mut self, token: &str) -> Option<()> {
        let ask = Ask::get("/api/v1/queue-tokens/me").queue(token);
        while !self.is_told() {
            let answer = self.send(&ask).await;
            let told = answer.as_ref().map(|answer| {
                assert_eq!(answer.status, 200, "poll: {}", answer.body);
                answer.text("state")
            });
            if told.as_deref().is_none_or(|state| state == "admitted") {
                let deed = Deed::Admitted { token: token.to_owned() };
                self.journal.entries.push(Entry { deed, ask, answer });
                return told.map(drop);
            }
            tokio::time::sleep(Duration::from_millis(20 + self.dice.below(60))).await;
        }
        None
    }

    async fn charge(&mut self, token: &str) -> Option<()> {
        let amount = 100_000;
        let path = format!("/api/v1/users/{}/balance/charges", self.journal.user);
        let key = self.next_key();
        let ask = Ask::post(path, &json!({ "amount": amount })).identity(&self.identity);
        let answer = self.act(Deed::Charge { amount }, ask.queue(token).key(&key)).await?;
        assert_eq!(answer.status, 201, "charge: {}", answer.body);
        Some(())
    }

    /// Tries some seats; `Some(None)` when others were faster each time.
    async fn reserve(&mut self, token: &str) -> Option<Option<Uuid>> {
        for _ in 0..4 {
            let dates = u64::try_from(self.sale.dates.len()).unwrap();
            let date = self.sale.dates[usize::try_from(self.dice.below(dates)).unwrap()];
            let count = 1 + self.dice.below(3);
            let bound = u64::from(self.sale.seats);
            let number = |dice: &mut Dice| 1 + u32::try_from(dice.below(bound)).unwrap();
            let seats: BTreeSet<u32> = (0..count).map(|_| number(&mut self.dice)).collect();
            let body = json!({ "concert_date_id": date, "seat_numbers": &seats });
            let key = self.next_key();
            let ask = Ask::post("/api/v1/reservations", &body).identity(&self.identity);
            let deed = Deed::Reserve { date, seats };
            let answer = self.act(deed, ask.queue(token).key(&key)).await?;
            if answer.status == 201 {
                return Some(answer.text("reservation_id").parse().ok());
            }
            assert_eq!(answer.status, 409, "reserve: {}", answer.body);
        }
        Some(None)
    }

    async fn pay(&mut self, token: &str, reservation: Uuid) -> Option<()> {
        let key = self.next_key();
        let ask = Ask::post(format!("/api/v1/reservations/{reservation}/payment"), &json!({}));
        let ask = ask.identity(&self.identity).queue(token).key(&key);
        let answer = self.act(Deed::Pay { reservation }, ask).await?;
        assert_eq!(answer.status, 201, "pay: {}", answer.body);
        Some(())
    }

    async fn leave(&mut self, token: &str) -> Option<()> {
        let ask = Ask::new("DELETE", "/api/v1/queue-tokens/me").queue(token);
        let answer = self.act(Deed::Leave { token: token.to_owned() }, ask).await?;
        assert_eq!(answer.status, 204, "leave: {}", answer.body);
        Some(())
    }
}

/// Sends a crowd of fans in, ends the server by `end` after `load`, and returns what they wrote.
pub async fn crowd(
    (address, sale, keyring): (SocketAddr, &Sale, &Keyring),
    fans: u64,
    seed: u64,
    load: Duration,
    end: impl FnOnce(),
) -> Vec<Journal> {
    let script = async {
        tokio::time::sleep(load).await;
        end();
    };
    crowd_during((&[address], sale, keyring), fans, seed, script).await
}

/// Sends a crowd of fans to some servers, plays `script` meanwhile, tells the fans to stop, and
/// returns what they wrote.
pub async fn crowd_during(
    (addresses, sale, keyring): (&[SocketAddr], &Sale, &Keyring),
    fans: u64,
    seed: u64,
    script: impl Future<Output = ()>,
) -> Vec<Journal> {
    let fan = |address, seed| Fan::new(address, sale, keyring, seed);
    let fans = (0..fans).zip(addresses.iter().cycle());
    play(fans.map(|(number, address)| fan(*address, seed_of(seed, number))), script).await
}

/// The same behind a load balancer.
#[allow(dead_code, reason = "not every target has a load balancer")]
pub async fn moved_crowd_during(
    (front, sale, keyring): (SocketAddr, &Sale, &Keyring),
    fans: u64,
    seed: u64,
    script: impl Future<Output = ()>,
) -> Vec<Journal> {
    let fan = |number| Fan::new(front, sale, keyring, seed_of(seed, number)).moved();
    play((0..fans).map(fan), script).await
}

fn seed_of(seed: u64, number: u64) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(number)
}

async fn play(fans: impl Iterator<Item = Fan>, script: impl Future<Output = ()>) -> Vec<Journal> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut living = tokio::task::JoinSet::new();
    for fan in fans {
        living.spawn(fan.until(&stop).live());
    }
    script.await;
    stop.store(true, Ordering::SeqCst);
    living.join_all().await
}
