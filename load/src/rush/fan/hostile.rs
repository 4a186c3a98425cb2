//! Attackers among the fans: each does over and over what costs a server most, as fast as one client on one
//! connection may, until the fans have ended. The answers that they got must be true as well.

use super::choosing::Claim;
use super::{Fan, Told};
use crate::http::Ask;
use crate::rush::figures::{Stage, Step};
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

/// Attackers of a run, at most: each has a connection of its own.
pub const ATTACKERS_MAX: u32 = 4_000;
/// Between two requests of one attacker, at least.
const PACE_MIN: Duration = Duration::from_millis(20);
/// What each of all attackers adds to that, so that all together send at most 2,000 requests a second.
const PACE_EACH: Duration = Duration::from_micros(500);
/// How often a silent connection is looked after.
const IDLE_LOOK: Duration = Duration::from_millis(500);
/// An attacker in line asks again after this at most, whatever the answer says.
pub(super) const POLL_MAX_MS: u64 = 1_000;

/// What an attacker does over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// Joins the line and leaves it.
    JoinLeave,
    /// Guesses passwords of one name and of many, and signs up.
    Passwords,
    /// Lets itself in, holds seats and gives them back.
    HoldRelease,
    /// Lets itself in, and asks for whole seat maps.
    Maps,
    /// Lets itself in, and charges 1 under new idempotency keys.
    Keys,
    /// Asks without a token and with a forged one, from the address that all fans stand behind.
    Flood,
    /// Opens a connection and says nothing.
    Idle,
}

impl Attack {
    /// Each in turn.
    const ALL: [Self; 7] = [
        Self::JoinLeave,
        Self::Passwords,
        Self::HoldRelease,
        Self::Maps,
        Self::Keys,
        Self::Flood,
        Self::Idle,
    ];

    /// Of the attacker of this number: the kinds have equal parts.
    pub const fn of(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }

    /// For tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JoinLeave => "join and leave",
            Self::Passwords => "passwords",
            Self::HoldRelease => "hold and release",
            Self::Maps => "seat maps",
            Self::Keys => "new keys",
            Self::Flood => "flood of a neighbour",
            Self::Idle => "idle connections",
        }
    }
}

/// How many attackers come with so many fans.
pub fn attackers(fans: u64, percent: f64) -> u32 {
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let wanted = fans as f64 * percent / 100.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the bounds"
    )]
    let wanted = wanted.ceil().clamp(0.0, ATTACKERS_MAX.into()) as u32;
    wanted
}

impl Fan {
    /// Between two requests of this attacker.
    pub(super) fn pace(&self) -> Duration {
        PACE_EACH.saturating_mul(self.world.attackers).max(PACE_MIN)
    }

    fn pause(&mut self) {
        self.due = Instant::now() + self.pace();
    }

    /// Attacks until the fans have ended.
    pub async fn attack(mut self, attack: Attack) {
        self.attack = Some(attack);
        self.streams = false;
        while !self.is_over() {
            let went = match attack {
                Attack::JoinLeave => self.join_and_leave().await,
                Attack::Passwords => self.guess().await,
                Attack::Flood => self.flood().await,
                Attack::Idle => self.say_nothing().await,
                Attack::HoldRelease | Attack::Maps | Attack::Keys => self.shop_ill(attack).await,
            };
            if matches!(went, Err(Stage::CutOff)) {
                return;
            }
            self.pause();
            tokio::time::sleep_until(self.due).await;
        }
    }

    async fn join_and_leave(&mut self) -> Told<()> {
        self.join().await?;
        self.pause();
        self.leave().await
    }

    async fn guess(&mut self) -> Told<()> {
        let name = format!("rush-{:016x}", self.random.u64(..));
        let password = format!("wrong-{:016x}", self.random.u64(..));
        let (path, username) = match self.random.u8(..3) {
            0 => ("/api/v1/users", name),
            1 => ("/api/v1/sessions", name),
            _ => ("/api/v1/sessions", "rush-everybody".to_owned()),
        };
        let body = json!({ "username": username, "password": password });
        let ask = Ask::new("POST", path).json(&body);
        // The step counts for nothing: an attacker's answers are counted by what it does.
        let asked = self.ask(Step::Join, &ask, false).await;
        asked.map(|_| ()).map_err(|_| Stage::CutOff)
    }

    async fn flood(&mut self) -> Told<()> {
        let ask = if self.random.bool() {
            Ask::new("GET", "/api/v1/concerts")
        } else {
            Ask::new("GET", "/api/v1/me").with("authorization", "Bearer none")
        };
        let asked = self.ask(Step::Join, &ask, false).await;
        asked.map(|_| ()).map_err(|_| Stage::CutOff)
    }

    async fn say_nothing(&mut self) -> Told<()> {
        let opened = self.pools.of(Step::Join).connect().await;
        let Ok(mut stream) = opened else {
            self.figures().counted(Attack::Idle.name(), 0, "not connected");
            return Ok(());
        };
        self.figures().counted(Attack::Idle.name(), 0, "connected");
        while !self.is_over() {
            let mut byte = [0];
            if tokio::time::timeout(IDLE_LOOK, stream.read(&mut byte)).await.is_ok() {
                self.figures().counted(Attack::Idle.name(), 0, "closed by the server");
                return Ok(());
            }
        }
        Err(Stage::CutOff)
    }

    /// In line as fans are, and then in the shop until its time is over.
    async fn shop_ill(&mut self, attack: Attack) -> Told<()> {
        self.join().await?;
        self.wait_in_line().await?;
        self.admitted = Some(Instant::now());
        self.identity = self.world.identity(self.user);
        while !self.is_over() {
            self.pause();
            match attack {
                Attack::Keys => self.charge(1).await?,
                Attack::Maps => {
                    // Forgotten, so that the whole map is asked for.
                    self.maps.clear();
                    let Some(date) = self.open_dates().await?.first().copied() else {
                        return Ok(());
                    };
                    self.pause();
                    self.look(date, false).await?;
                }
                _ => {
                    let Some(Claim { reservation: claim, date, seats, .. }) = self.choose().await?
                    else {
                        return Ok(());
                    };
                    self.pause();
                    self.give_back(claim, date, &seats).await?;
                }
            }
        }
        Err(Stage::CutOff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_have_equal_parts_of_a_bounded_number() {
        assert_eq!(attackers(20_000, 5.0), 1_000);
        assert_eq!(attackers(10, 1.0), 1);
        assert_eq!((attackers(10, 0.0), attackers(1_000_000, 50.0)), (0, ATTACKERS_MAX));
        let kinds: Vec<_> = (0..14).map(Attack::of).collect();
        assert!(Attack::ALL.iter().all(|kind| kinds.iter().filter(|of| *of == kind).count() == 2));
    }
}
