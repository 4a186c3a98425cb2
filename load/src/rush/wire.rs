//! The connections of fans: bounded, and apart by what they are for.

use super::figures::Step;
use crate::http::{Answer, Ask, Connection, Opened, Sent};
use boxoffice_server::Failure;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long an answer may take.
const ANSWER_WAIT: Duration = Duration::from_secs(40);

/// Connections to one server, of which a request takes one for as long as it is under way.
pub struct Pool {
    /// Whom they go to, one after the other.
    addresses: Vec<SocketAddr>,
    host: String,
    /// The address that requests say they come from, as a proxy would.
    named: Option<&'static str>,
    idle: RefCell<Vec<Connection>>,
    room: Semaphore,
    opened: Cell<usize>,
    /// Requests that wait for a connection.
    waiting: Cell<usize>,
    /// Whether one began to wait since that was last asked.
    waited: Cell<bool>,
}

/// The pools of a fan: those who shop never wait for a connection behind those who wait in line, and an
/// answer to somebody in line is not waited for behind those who come. A search for the best seats may take long
/// while many ask for one: nobody else's request is to wait behind that either.
pub struct Pools {
    joins: Rc<Pool>,
    polls: Rc<Pool>,
    searches: Rc<Pool>,
    shop: Rc<Pool>,
}

impl Pools {
    /// For all fans together: a quarter of the connections each for those who shop, for searches for the best seats,
    /// for joins and for polls, at least one each.
    ///
    /// # Errors
    /// There is no address.
    pub fn shared(
        addresses: &[SocketAddr],
        connections: usize,
        named: Option<&'static str>,
    ) -> Result<Self, Failure> {
        let quarter = connections / 4;
        let pool = |size| {
            let pool = Pool::new(addresses.to_vec(), size, 0)?;
            Ok::<_, Failure>(Rc::new(pool.behind(named)))
        };
        let shop = connections.saturating_sub(3 * quarter);
        let (joins, polls, searches) = (pool(quarter)?, pool(quarter)?, pool(quarter)?);
        Ok(Self { joins, polls, searches, shop: pool(shop)? })
    }

    /// For one fan alone.
    pub fn own(pool: Pool) -> Self {
        let pool = Rc::new(pool);
        let other = || Rc::clone(&pool);
        Self { joins: other(), polls: other(), searches: other(), shop: pool }
    }

    /// The one that a step takes its connection of.
    pub fn of(&self, step: Step) -> &Pool {
        match step {
            Step::Join => &self.joins,
            Step::Poll => &self.polls,
            Step::Best => &self.searches,
            _ => &self.shop,
        }
    }

    /// Whether a request waits for a connection, or has since this was last asked.
    pub fn took_waiting(&self) -> bool {
        let all = [&self.joins, &self.polls, &self.searches, &self.shop];
        all.into_iter().fold(false, |any, pool| any | pool.waited.take() | (pool.waiting.get() > 0))
    }
}

/// Counts a request as waiting until it is dropped, also where its fan is.
struct Waiting<'a>(&'a Cell<usize>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Pool {
    /// At most `connections` at once; the first goes to the address of that number.
    pub fn new(
        addresses: Vec<SocketAddr>,
        connections: usize,
        first: usize,
    ) -> Result<Self, Failure> {
        let host = addresses.first().ok_or("no address to connect to")?.to_string();
        let room = Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS));
        Ok(Self {
            addresses,
            host,
            named: None,
            idle: RefCell::default(),
            room,
            opened: first.into(),
            waiting: Cell::new(0),
            waited: Cell::new(false),
        })
    }

    /// The same, behind this address.
    pub fn behind(mut self, named: Option<&'static str>) -> Self {
        self.named = named;
        self
    }

    /// A connection's turn.
    async fn turn(&self) -> std::io::Result<SemaphorePermit<'_>> {
        if let Ok(permit) = self.room.try_acquire() {
            return Ok(permit);
        }
        self.waited.set(true);
        self.waiting.set(self.waiting.get() + 1);
        let _waiting = Waiting(&self.waiting);
        self.room.acquire().await.map_err(std::io::Error::other)
    }

    /// One more connection.
    pub async fn connect(&self) -> std::io::Result<TcpStream> {
        let nth = self.opened.get();
        self.opened.set(nth.wrapping_add(1));
        let stream = TcpStream::connect(self.addresses[nth % self.addresses.len()]).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends and waits for the whole answer.
    pub async fn send(&self, ask: &Ask) -> std::io::Result<Answer> {
        let _permit = self.turn().await?;
        let (answer, kept) = tokio::time::timeout(ANSWER_WAIT, self.exchange(ask)).await??;
        self.idle.borrow_mut().extend(kept);
        Ok(answer)
    }

    /// A connection of before. What the server has closed meanwhile is of no use.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        std::iter::from_fn(|| idle.pop()).find(Connection::is_open)
    }

    async fn exchange(&self, ask: &Ask) -> std::io::Result<(Answer, Option<Connection>)> {
        loop {
            let (connection, is_new) = match self.kept() {
                Some(connection) => (connection, false),
                None => (Connection::over(self.connect().await?).await?, true),
            };
            match connection.send(ask, &self.host, self.named).await? {
                Sent::Answered(answer, kept) => return Ok((answer, kept)),
                Sent::Closed if is_new => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Sent::Closed => {}
            }
        }
    }

    /// Opens a stream on a connection of its own, beside those of the pool: it is held for long.
    pub async fn open(&self, ask: &Ask) -> std::io::Result<Opened> {
        let connection = Connection::over(self.connect().await?).await?;
        tokio::time::timeout(ANSWER_WAIT, connection.open(ask, &self.host, self.named)).await?
    }

    /// Sends, and cuts the connection without waiting for the answer, as a phone does in a tunnel.
    pub async fn send_and_cut(&self, ask: &Ask, after: Duration) -> std::io::Result<()> {
        let _permit = self.turn().await?;
        let connection = Connection::over(self.connect().await?).await?;
        let answer = connection.send(ask, &self.host, self.named);
        match tokio::time::timeout(after, answer).await {
            // Nothing was sent.
            Ok(Err(why)) => Err(why),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Joins and polls that use all of their connections leave those who shop theirs.
    #[tokio::test]
    async fn those_who_shop_have_connections_of_their_own() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        for (connections, sizes) in [(1, [1; 4]), (4, [1; 4]), (6, [1, 1, 1, 3]), (256, [64; 4])] {
            let pools = Pools::shared(&[address], connections, None).unwrap();
            let steps = [Step::Join, Step::Poll, Step::Best, Step::Hold];
            let free = steps.map(|step| pools.of(step).room.available_permits());
            assert_eq!(free, sizes);
        }
        let pools = Pools::shared(&[address], 4, None).unwrap();
        let _joining = pools.of(Step::Join).turn().await.unwrap();
        assert!(!pools.took_waiting());
        let second = pools.of(Step::Join).turn();
        let late = tokio::time::timeout(Duration::from_millis(1), second).await;
        assert!(late.is_err());
        // Each wait is counted once, also after it has ended.
        assert!(pools.took_waiting() && !pools.took_waiting());
        let _polling = pools.of(Step::Poll).turn().await.unwrap();
        let _searching = pools.of(Step::Best).turn().await.unwrap();
        let _paying = pools.of(Step::Pay).turn().await.unwrap();
        assert!(!pools.took_waiting());
    }
}
