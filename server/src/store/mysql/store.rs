//! The writer: one connection, one transaction at a time, few packets.

use super::super::events::Numbering;
use super::super::reads::{Of, Snapshot};
use super::super::records::Source;
use super::super::table::{CURRENCY, IN_CURRENCY};
use super::super::{Changes, Fault, News, Store};
use super::connect::{Link, Options};
use super::fault::Trouble;
use super::load::{Plan, Reading};
use super::outbox::{self, Look, Watch};
use super::save::{PACKET_BYTES, statements};
use super::text::{Line, words};
use super::{events, migrate, reads};
use boxoffice_core::id::{EventKey, Uuid};
use boxoffice_core::rows::{Keys, Rows};
use boxoffice_core::tables;
use boxoffice_core::time::Time;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a commit whose answer was lost is asked after.
const SETTLE_MAX: Duration = Duration::from_secs(5);
/// The pause between two of these questions.
const SETTLE_PAUSE: Duration = Duration::from_millis(100);

/// The one connection of this node that writes.
pub struct MySqlStore {
    link: Link,
    reading: Reading,
    /// This process, from its start to its end.
    node: Uuid,
    /// The number of the next batch that changes something.
    next_batch: u64,
    /// A transaction has begun at the server.
    is_begun: bool,
    /// What the transaction has locked.
    locked: Keys,
    /// What goes with the next packet.
    pending: Vec<String>,
    /// Keys of what the transaction has changed, for the outbox; none: nothing.
    changed: Option<String>,
    /// A batch that may stand, until it is fenced, and how many events it has.
    unsettled: Option<(u64, u64)>,
    /// Batches of this node that turned out to stand when nobody waited for them any more.
    late: Vec<u64>,
    watch: Watch,
    numbering: Numbering,
    /// Where this node's events were thought to go on when a write of them failed.
    doubted: Option<EventKey>,
}

impl MySqlStore {
    /// Connects, and brings the schema up to date.
    ///
    /// # Errors
    /// The database cannot be reached, belongs to another program, or has a newer schema.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        Self::open_with(options, Reading::Locked, "READ COMMITTED")
    }

    /// One that locks nothing and reads as the server does by default: for the test that shows that
    /// this sells seats twice.
    ///
    /// # Errors
    /// See [`MySqlStore::open`].
    #[doc(hidden)]
    pub fn open_unlocked(options: &Options) -> Result<Self, Fault> {
        Self::open_with(options, Reading::Plain, "REPEATABLE READ")
    }

    fn open_with(
        options: &Options,
        reading: Reading,
        isolation: &'static str,
    ) -> Result<Self, Fault> {
        let node = migrate::node_id()?;
        let mut link = Link::new(options, isolation);
        migrate::migrate(&mut link, node)?;
        let watch = Watch::start(&mut link)?;
        let mut numbering = Numbering::default();
        numbering.go_on(events::begin(&mut link)?);
        Ok(Self {
            link,
            reading,
            node,
            next_batch: 1,
            is_begun: false,
            locked: Keys::default(),
            pending: Vec::new(),
            changed: None,
            unsettled: None,
            late: Vec::new(),
            watch,
            numbering,
            doubted: None,
        })
    }

    /// Rows and index entries that its connection has read: for tests of what a request costs.
    ///
    /// # Errors
    /// The database is not available.
    #[doc(hidden)]
    pub fn rows_read(&mut self) -> Result<u64, Fault> {
        self.link.rows_read()
    }

    /// Packets that were sent to the database and waited for.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.link.trips()
    }

    fn clear(&mut self) {
        self.is_begun = false;
        self.locked = Keys::default();
        self.pending.clear();
        self.changed = None;
        self.numbering.forget();
    }

    /// Where the events go on. It is known but for after a write that failed: somebody else may have written
    /// under this node's number.
    fn next_event(&mut self) -> Result<EventKey, Fault> {
        if let Some(next) = self.numbering.next() {
            return Ok(next);
        }
        let next = match self.doubted {
            Some(before) => events::go_on(&mut self.link, before)?,
            None => events::begin(&mut self.link)?,
        };
        self.numbering.go_on(next);
        Ok(next)
    }

    /// A constraint has said no to a batch that may have events: their numbers are looked up anew.
    fn doubt(&mut self, fault: Fault) -> Fault {
        if matches!(fault, Fault::Constraint(_)) {
            self.doubted = self.numbering.doubt().or(self.doubted);
        }
        fault
    }

    /// The transaction's first packet begins it.
    fn beginning(&mut self) -> Option<&'static str> {
        let begun = std::mem::replace(&mut self.is_begun, true);
        (!begun).then_some("START TRANSACTION")
    }

    fn send_pending(&mut self) -> Result<(), Trouble> {
        let pending = std::mem::take(&mut self.pending);
        let statements = self.beginning().into_iter().chain(pending.iter().map(String::as_str));
        self.link.run(&statements.collect::<Vec<_>>()).map(|_| ())
    }

    /// Makes sure that the batch cannot be committed any more, unless it is: whether it is.
    fn fence(&mut self, (batch, events): (u64, u64)) -> Result<bool, Fault> {
        // What is left of the old connection is of no use, whatever state it is in.
        self.link.forget();
        self.link.open()?;
        let stands = outbox::fence(&mut self.link, &self.node, batch)?;
        self.unsettled = None;
        if stands {
            self.numbering.committed(events);
        }
        Ok(stands)
    }

    /// A batch whose clients were told that nobody knows: if it stands, the read model is told with the
    /// next news.
    fn settle_earlier(&mut self) -> Result<(), Fault> {
        if let Some(unsettled) = self.unsettled
            && self.fence(unsettled)?
        {
            self.late.push(unsettled.0);
        }
        Ok(())
    }

    /// Rows removed, outside of any transaction. None where another node is at it.
    fn delete(&mut self, text: &str) -> Result<usize, Fault> {
        self.link.open()?;
        match self.link.ask(text).map_err(Trouble::outside) {
            Ok(answers) => {
                let removed = answers.first().map_or(0, |answer| answer.affected);
                Ok(usize::try_from(removed).unwrap_or(usize::MAX))
            }
            Err(Fault::Conflict(_)) => Ok(0),
            Err(fault) => Err(fault),
        }
    }

    /// The read model starts anew: positions first, so that nothing is missed between them and the rows.
    fn start_anew(&mut self) -> Result<Snapshot, Fault> {
        let watch = Watch::start(&mut self.link)?;
        let now = outbox::clock(&mut self.link)?;
        let snapshot = reads::snapshot(&mut self.link, Of::Live(now))?;
        (self.watch, self.late) = (watch, Vec::new());
        Ok(snapshot)
    }

    /// A setting that the database keeps, by its name as a literal.
    fn kept(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let text = format!("SELECT setting_value FROM sale_setting WHERE setting_name = {name}");
        let found = self.link.ask_again(&text)?.pop().and_then(|mut answer| answer.rows.pop());
        Ok(found.map(|row| Line(row).text(0)).transpose()?.flatten())
    }
}

impl Store for MySqlStore {
    fn begin(&mut self) -> Result<(), Fault> {
        self.clear();
        self.settle_earlier()?;
        // The server learns of it with the first packet.
        self.link.open().map(|_| ())
    }

    fn load(&mut self, keys: &Keys, rows: &mut Rows) -> Result<(), Fault> {
        rows.number_events_from(self.next_event()?);
        let plan = Plan::of(keys, self.reading);
        if plan.statements.is_empty() {
            return Ok(());
        }
        let beginning = self.beginning();
        let skipped = usize::from(beginning.is_some());
        let statements = beginning.into_iter().chain(plan.statements.iter().map(String::as_str));
        let answers = self.link.run(&statements.collect::<Vec<_>>());
        let answers = answers.map_err(Trouble::within)?.into_iter();
        plan.read(answers.skip(skipped).map(|answer| answer.rows).collect(), rows)?;
        note(&mut self.locked, keys, rows);
        Ok(())
    }

    fn save(&mut self, rows: &Rows) -> Result<(), Fault> {
        let statements = statements(rows, &self.locked)?;
        if statements.is_empty() {
            return Ok(());
        }
        self.changed = Some(outbox::Changed::of(rows).to_json());
        self.numbering.save(rows);
        let mut bytes = 0;
        for statement in statements {
            bytes += statement.len();
            self.pending.push(statement);
            if bytes > PACKET_BYTES {
                let sent = self.send_pending().map_err(Trouble::within);
                sent.map_err(|fault| self.doubt(fault))?;
                bytes = 0;
            }
        }
        Ok(())
    }

    /// A batch that has changed nothing.
    fn touch(&mut self) -> Result<(), Fault> {
        self.changed = Some(outbox::Changed::default().to_json());
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Fault> {
        let Some(changed) = self.changed.take() else {
            // Nothing to lose: what was decided on locked rows stands without the answer.
            self.rollback();
            return Ok(());
        };
        let batch = self.next_batch;
        self.pending.push(outbox::insert(&self.node, batch, &changed));
        self.pending.push("COMMIT".into());
        let statements = self.pending.len() + usize::from(!self.is_begun);
        match self.send_pending() {
            Ok(()) => {
                self.next_batch += 1;
                self.numbering.commit();
                self.clear();
                Ok(())
            }
            Err(trouble) if trouble.is_duplicate_at(statements.saturating_sub(2)) => {
                // The number stands for a batch of which no answer came and that was not settled, as
                // after a panic: it is told late, and this batch takes the next one.
                self.late.push(batch);
                self.next_batch += 1;
                // Its events are there, too.
                self.doubted = self.numbering.doubt();
                Err(Fault::Conflict("the batch's number is taken".into()))
            }
            Err(trouble) => {
                let fault = trouble.at_commit(statements);
                if matches!(fault, Fault::Unknown(_)) {
                    // Fenced or not, the number is used up.
                    self.next_batch += 1;
                    self.unsettled = Some((batch, self.numbering.forget()));
                    self.clear();
                }
                Err(self.doubt(fault))
            }
        }
    }

    fn keep(&mut self, name: &str, value: &str) -> Result<String, Fault> {
        let name = words(name);
        if let Some(kept) = self.kept(&name)? {
            return Ok(kept);
        }
        // Rows of before are in what is kept now; if this is cut off, the next start does it again.
        let value = words(value);
        for table in IN_CURRENCY.iter().filter(|_| name == words(CURRENCY)) {
            self.link.ask_again(&format!(
                "UPDATE {table} SET currency = {value} WHERE currency = 'XXX'"
            ))?;
        }
        self.link
            .ask_again(&format!("INSERT IGNORE INTO sale_setting VALUES ({name}, {value})"))?;
        self.kept(&name)?.ok_or_else(|| Fault::Unavailable("a setting was not kept".into()))
    }

    fn rollback(&mut self) {
        if self.is_begun && self.link.is_open() && self.link.ask("ROLLBACK").is_err() {
            // The server ends the transaction with its connection.
            self.link.forget();
        }
        self.clear();
    }

    fn prune(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        let old = format!(
            "DELETE FROM idempotency_key WHERE created_at < {} ORDER BY created_at LIMIT {limit}",
            cutoff.0
        );
        self.delete(&old)
    }

    fn prune_outbox(&mut self, limit: usize) -> Result<usize, Fault> {
        self.delete(&outbox::prune(limit))
    }

    fn prune_sessions(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        let old = format!(
            "DELETE FROM session WHERE expires_at < {by} AND access_until < {by} \
             ORDER BY expires_at LIMIT {limit}",
            by = cutoff.0
        );
        self.delete(&old)
    }

    fn prune_events(&mut self, cutoff: Time, limit: usize) -> Result<usize, Fault> {
        self.link.open()?;
        let statements = events::prune(&mut self.link, cutoff, limit)?;
        statements.iter().try_fold(0, |removed, text| Ok(removed + self.delete(text)?))
    }

    fn oldest_reply(&mut self) -> Result<Option<Time>, Fault> {
        let answers = self.link.ask_again("SELECT MIN(created_at) FROM idempotency_key")?;
        let row = answers.into_iter().flat_map(|answer| answer.rows).next();
        let oldest = row.map(|row| Line(row).int(0)).transpose()?.flatten();
        Ok(oldest.map(Time))
    }

    fn settle(&mut self) -> Result<bool, Fault> {
        let Some(unsettled) = self.unsettled else {
            return Ok(false);
        };
        let began = Instant::now();
        loop {
            match self.fence(unsettled) {
                Err(fault) if began.elapsed() >= SETTLE_MAX => {
                    tracing::error!(%fault, batch = unsettled.0, "the database did not answer a commit; whether it was made is not known");
                    return Err(fault);
                }
                Err(_) => std::thread::sleep(SETTLE_PAUSE),
                Ok(stands) => return Ok(stands),
            }
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn news(&mut self) -> Result<News, Fault> {
        // Without a further batch nobody else would ask after it.
        self.settle_earlier()?;
        let asked = Instant::now();
        let (look, clock) = if self.watch.is_too_late() {
            (Look::TooMuch, outbox::clock(&mut self.link)?)
        } else {
            outbox::look(&mut self.link, &self.node, &self.watch, &self.late)?
        };
        let changes = match look {
            Look::TooMuch => Changes::Snapshot(Box::new(self.start_anew()?)),
            Look::Nothing => {
                self.watch.advance(&BTreeMap::new(), asked);
                Changes::None
            }
            Look::Rows(rows, positions) => {
                self.watch.advance(&positions, asked);
                self.late.clear();
                Changes::Rows(rows)
            }
        };
        Ok(News { changes, clock: Some(clock) })
    }
}

/// Adds what a round has locked: the rows of the keys, and those that an index named.
fn note(locked: &mut Keys, keys: &Keys, rows: &Rows) {
    macro_rules! note {
        (row $field:ident: $key:ty => $row:ty) => {
            locked.$field.extend(keys.$field.iter().cloned());
        };
        ($($line:tt)*) => {};
    }
    tables!(each note);
    let open = keys.user_sessions.iter().filter_map(|user| rows.user_sessions.peek(user));
    locked.sessions.extend(open.flatten());
    let paid = keys.holdings.iter().filter_map(|key| rows.holdings.peek(key));
    locked.reservations.extend(paid.flatten());
}
