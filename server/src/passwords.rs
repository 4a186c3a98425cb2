//! Password hashing on a small pool of its own. A storm of sign-ins fills the pool and is refused; polls, holds and
//! payments go on. Turns are fair between addresses, between names at an address, and between signing in and signing
//! up: those who ask for much wait behind those who ask for little, and are refused first where there is no room.
//! Those of an address over its limit wait until its next turn is allowed, in the same order.

pub mod fair;
mod guesses;
mod hasher;

use crate::metrics::Metrics;
use crate::supervisor::{Supervisor, caught, yield_to_others};
use crate::text;
use fair::{FairQueue, Turn};
use guesses::{Guesses, Who};
use hasher::Hasher;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Niceness of the pool's threads: on a busy machine they have what others leave.
const NICENESS: i32 = 19;

/// How often it is looked again whether the next of those who wait may go.
const AGAIN: Duration = Duration::from_millis(20);

/// The hasher is done with it. Without a hasher its place went to another.
type Work = Box<dyn FnOnce(Option<&mut Hasher>) + Send>;

/// Asked when it would be somebody's turn: whether it may be now. If it may, that is counted.
pub type Gate = Box<dyn Fn() -> bool + Send>;

/// Work that waits.
struct Job {
    work: Work,
    gate: Gate,
}

/// Why a password was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotHashed {
    /// Too many wait, and this one is last in the order of turns.
    Full,
    /// Too many wrong passwords; for this time none is checked.
    Delayed(Duration),
    /// Hashing failed.
    Failed,
}

/// Why a password is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    SignIn,
    SignUp,
}

/// The next of those who wait.
enum Next {
    Work(Work),
    /// None may go yet.
    Later,
    /// Nobody waits.
    None,
}

/// What waits for the pool.
struct Waiting {
    sign_in: FairQueue<Job>,
    sign_up: FairQueue<Job>,
    /// Whose turn it is where both kinds wait.
    next: Lane,
    closed: bool,
}

impl Waiting {
    fn pop(&mut self) -> Next {
        let (first, second) = match self.next {
            Lane::SignIn => (&mut self.sign_in, &mut self.sign_up),
            Lane::SignUp => (&mut self.sign_up, &mut self.sign_in),
        };
        if let Some(job) = first.pop_if(|job| (job.gate)()) {
            self.next = if self.next == Lane::SignIn { Lane::SignUp } else { Lane::SignIn };
            return Next::Work(job.work);
        }
        match second.pop_if(|job| (job.gate)()) {
            Some(job) => Next::Work(job.work),
            None if first.is_empty() && second.is_empty() => Next::None,
            None => Next::Later,
        }
    }
}

struct Shared {
    waiting: Mutex<Waiting>,
    more: Condvar,
    guesses: Mutex<Guesses>,
    metrics: Arc<Metrics>,
}

/// See the module.
pub struct Passwords(Arc<Shared>);

/// A password that is being checked, until this is dropped.
struct Look(Arc<Shared>, Who);

impl Look {
    /// Its turn has come, perhaps long after the request.
    ///
    /// # Errors
    /// Wrong passwords came before it; it has to wait for this time.
    fn begin(shared: &Arc<Shared>, who: Who) -> Result<Self, NotHashed> {
        let may = locked(&shared.guesses).look(who, Instant::now());
        may.map(|()| Self(Arc::clone(shared), who)).map_err(NotHashed::Delayed)
    }

    fn end(self, fits: bool) {
        locked(&self.0.guesses).note(self.1, fits, Instant::now());
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        locked(&self.0.guesses).looked(self.1);
    }
}

/// Whether the password is right, in one of the forms in which it may have been hashed (F5). Without a hash it takes
/// as long and is wrong.
fn compare(hasher: &mut Hasher, password: &str, hash: Option<&str>) -> bool {
    let forms = text::passwords(password);
    let Some(hash) = hash else {
        for form in forms {
            let _ = hasher.hash(form.as_bytes(), &[0; 16]);
        }
        return false;
    };
    forms.iter().any(|form| hasher.fits(form.as_bytes(), hash))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Waits for the next job. None once nobody can ask any more.
    fn take(&self) -> Option<Work> {
        let mut waiting = locked(&self.waiting);
        loop {
            waiting = match waiting.pop() {
                Next::Work(work) => return Some(work),
                _ if waiting.closed => return None,
                Next::Later => {
                    let woken = self.more.wait_timeout(waiting, AGAIN);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                Next::None => self.more.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn work(&self) {
        yield_to_others(NICENESS);
        let mut hasher = Hasher::new();
        while let Some(job) = self.take() {
            // The caller sees that no answer came. The thread goes on with the next job.
            if caught("hashing a password", || job(Some(&mut hasher))).is_none() {
                self.metrics.panics.inc();
            }
        }
    }

    fn push(&self, lane: Lane, turn: Turn, job: Job) {
        self.metrics.passwords_waiting.inc();
        let mut waiting = locked(&self.waiting);
        let queue = match lane {
            Lane::SignIn => &mut waiting.sign_in,
            Lane::SignUp => &mut waiting.sign_up,
        };
        let left = queue.push(turn, job);
        drop(waiting);
        self.more.notify_one();
        if let Some(job) = left {
            (job.work)(None);
        }
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        locked(&self.0.waiting).closed = true;
        self.0.more.notify_all();
    }
}

impl Passwords {
    /// A pool of `threads`, with room for `waiting_max` waiting passwords of sign-ins and as many of sign-ups.
    /// `supervisor` hears of the end of a thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        threads: usize,
        waiting_max: usize,
        metrics: Arc<Metrics>,
        supervisor: &Supervisor,
    ) -> std::io::Result<Self> {
        let waiting = Waiting {
            sign_in: FairQueue::new(waiting_max),
            sign_up: FairQueue::new(waiting_max),
            next: Lane::SignIn,
            closed: false,
        };
        let shared = Arc::new(Shared {
            waiting: Mutex::new(waiting),
            more: Condvar::new(),
            guesses: Mutex::default(),
            metrics,
        });
        let passwords = Self(Arc::clone(&shared));
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            supervisor.thread("passwords", move || shared.work())?;
        }
        Ok(passwords)
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        turn: Turn,
        gate: Gate,
        job: impl FnOnce(&mut Hasher) -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let (answer, answered) = oneshot::channel();
        let metrics = Arc::clone(&self.0.metrics);
        let work: Work = Box::new(move |hasher| {
            metrics.passwords_waiting.dec();
            // Hashing for clients that have gone would make a storm last longer than its senders.
            if !answer.is_closed() {
                let _ = answer.send(hasher.map(job).ok_or(NotHashed::Full));
            }
        });
        // Dropped with the request.
        let here = Arc::new(());
        let still = Arc::downgrade(&here);
        // Who has gone neither waits nor counts.
        let gate: Gate = Box::new(move || still.strong_count() == 0 || gate());
        self.0.push(lane, turn, Job { work, gate });
        let answer = answered.await.unwrap_or(Err(NotHashed::Failed));
        drop(here);
        answer
    }

    /// The PHC string of a new password for an account, in its usual form. The salt is random.
    ///
    /// # Errors
    /// See [`NotHashed`].
    pub async fn hash(
        &self,
        (from, account): (Option<IpAddr>, &str),
        gate: Gate,
        password: String,
        salt: [u8; 16],
    ) -> Result<String, NotHashed> {
        let turn = Guesses::sign_up_turn(locked(&self.0.guesses).who(from, account));
        let hashed = self.run(Lane::SignUp, turn, gate, move |hasher| {
            let usual = text::passwords(&password).into_iter().next()?;
            hasher.hash(usual.as_bytes(), &salt)
        });
        hashed.await?.ok_or(NotHashed::Failed)
    }

    /// Whether this address may try this account's password now. Wrong passwords make it wait.
    ///
    /// # Errors
    /// It may not.
    pub fn may_try(&self, from: Option<IpAddr>, account: &str) -> Result<(), NotHashed> {
        let guesses = locked(&self.0.guesses);
        let delay = guesses.delay(guesses.who(from, account), Instant::now());
        delay.map_or(Ok(()), |delay| Err(NotHashed::Delayed(delay)))
    }

    /// Whether a sign-in would find room now. Who asks again and again costs no look into the database by that.
    ///
    /// # Errors
    /// It would not.
    pub fn has_room(&self, from: Option<IpAddr>, account: &str) -> Result<(), NotHashed> {
        let (_, turn) = self.turn(from, account)?;
        let turns_away = locked(&self.0.waiting).sign_in.turns_away(&turn);
        if turns_away { Err(NotHashed::Full) } else { Ok(()) }
    }

    /// Notes that the account was made from this address: whoever made it has its password.
    pub fn remember(&self, from: Option<IpAddr>, account: &str) {
        let mut guesses = locked(&self.0.guesses);
        let who = guesses.who(from, account);
        guesses.note(who, true, Instant::now());
    }

    /// A number for this address and account together, where the account was made or signed in there lately.
    #[must_use]
    pub fn known_pair(&self, from: Option<IpAddr>, account: &str) -> Option<u64> {
        let guesses = locked(&self.0.guesses);
        guesses.known_pair(guesses.who(from, account))
    }

    /// Whether the password is the one of the account's PHC string. Without a string it takes as long and is wrong, so
    /// that the time does not show whether a name exists. Wrong passwords are remembered, see [`Passwords::may_try`].
    ///
    /// # Errors
    /// See [`NotHashed`].
    pub async fn verify(
        &self,
        (from, account): (Option<IpAddr>, &str),
        gate: Gate,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, NotHashed> {
        let (who, turn) = self.turn(from, account)?;
        let shared = Arc::clone(&self.0);
        let verified = self.run(Lane::SignIn, turn, gate, move |hasher| {
            let look = Look::begin(&shared, who)?;
            let fits = compare(hasher, &password, hash.as_deref());
            // Here, so that it is remembered also where the client has gone.
            look.end(fits);
            Ok(fits)
        });
        verified.await?
    }

    fn turn(&self, from: Option<IpAddr>, account: &str) -> Result<(Who, Turn), NotHashed> {
        let guesses = locked(&self.0.guesses);
        let (who, now) = (guesses.who(from, account), Instant::now());
        match guesses.delay(who, now) {
            Some(delay) => Err(NotHashed::Delayed(delay)),
            None => Ok((who, guesses.turn(who, now))),
        }
    }
}

/// A gate that is open.
#[must_use]
pub fn open() -> Gate {
    Box::new(|| true)
}

#[cfg(test)]
mod tests {
    use super::fair::TURN;
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    fn pool() -> Passwords {
        Passwords::start(1, 4, Arc::new(Metrics::default()), &Supervisor::default()).unwrap()
    }

    #[tokio::test]
    async fn a_job_that_panics_is_a_fault_and_the_thread_goes_on() {
        let pool = pool();
        let turn = Turn::default;
        let failed =
            pool.run(Lane::SignIn, turn(), open(), |_| -> u8 { panic!("as a test") }).await;
        assert_eq!(failed, Err(NotHashed::Failed));
        assert_eq!(pool.run(Lane::SignUp, turn(), open(), |_| 7).await, Ok(7));
        assert_eq!(pool.0.metrics.passwords_waiting.get(), 0);
    }

    /// 7a: guesses that wait at once count as much as those that come one after another.
    #[tokio::test]
    async fn the_delay_holds_for_those_that_wait_already() {
        let pool = Passwords::start(2, 256, Arc::new(Metrics::default()), &Supervisor::default());
        let pool = Arc::new(pool.unwrap());
        let guess = |n: u8| {
            let pool = Arc::clone(&pool);
            let from = IpAddr::from([192, 0, 2, 1]);
            let hash = Some("none".to_owned());
            tokio::spawn(async move {
                pool.verify((Some(from), "mina"), open(), format!("guess {n}"), hash).await
            })
        };
        let (mut looked_at, mut delayed) = (0, 0);
        for guess in (0..14).map(guess).collect::<Vec<_>>() {
            match guess.await.unwrap() {
                Ok(false) => looked_at += 1,
                Err(NotHashed::Delayed(_)) => delayed += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((looked_at, delayed), (5, 9));
    }

    /// One job holds the thread until all others wait.
    #[test]
    fn both_lanes_have_turns_and_the_last_in_order_leaves() {
        let pool = pool();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (held, holds) = std::sync::mpsc::channel();
        let job = |work: Work| Job { work, gate: open() };
        let first: Work = Box::new(move |_| {
            held.send(()).unwrap();
            wait.recv().unwrap();
        });
        pool.0.push(Lane::SignIn, Turn::default(), job(first));
        holds.recv().unwrap();
        let (ended, ends) = std::sync::mpsc::channel();
        let sign_in = [1, 1, 1, 1, 2].map(|flow| (Lane::SignIn, flow));
        let sign_up = [1, 1].map(|flow| (Lane::SignUp, flow));
        for (n, (lane, flow)) in sign_in.into_iter().chain(sign_up).enumerate() {
            let ended = ended.clone();
            let work: Work = Box::new(move |hasher| ended.send((n, hasher.is_some())).unwrap());
            let turn = Turn { flows: vec![(flow, TURN)], ..Turn::default() };
            pool.0.push(lane, turn, job(work));
        }
        go.send(()).unwrap();
        drop(ended);
        let order: Vec<(usize, bool)> = ends.iter().collect();
        assert_eq!(order[0], (3, false), "the last of who asked for most");
        assert!(order[1..].iter().all(|(_, hashed)| *hashed));
        let order: Vec<usize> = order[1..].iter().map(|(n, _)| *n).collect();
        assert_eq!(order, [5, 0, 6, 4, 1, 2]);
    }

    /// Whose address is over its limit waits for it, and nobody else does; who has gone does not count.
    #[tokio::test]
    async fn who_may_not_go_yet_waits() {
        let pool = Arc::new(pool());
        let (open_at, counted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let verify = |last: u8, gate: Gate| {
            let (pool, from) = (Arc::clone(&pool), IpAddr::from([192, 0, 2, last]));
            tokio::spawn(async move {
                pool.verify((Some(from), "mina"), gate, "a guess".to_owned(), None).await
            })
        };
        let gate = || -> Gate {
            let (open_at, counted) = (Arc::clone(&open_at), Arc::clone(&counted));
            Box::new(move || {
                let may = open_at.load(Ordering::SeqCst);
                counted.fetch_add(usize::from(may), Ordering::SeqCst);
                may
            })
        };
        let (waits, gone) = (verify(1, gate()), verify(2, gate()));
        while pool.0.metrics.passwords_waiting.get() < 2 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert_eq!(verify(3, open()).await.unwrap(), Ok(false));
        while pool.0.metrics.passwords_waiting.get() > 1 {
            tokio::time::sleep(AGAIN).await;
        }
        assert!(!waits.is_finished() && counted.load(Ordering::SeqCst) == 0);
        open_at.store(true, Ordering::SeqCst);
        assert_eq!(waits.await.unwrap(), Ok(false));
        assert_eq!(counted.load(Ordering::SeqCst), 1);
    }
}
