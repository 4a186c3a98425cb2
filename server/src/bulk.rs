//! Large work that anybody in the shop can cause: on threads of its own, one piece of a kind after
//! another. Only so many pieces of a kind wait, so that neither the threads that serve requests nor the processor are
//! ever full of it.
//!
//! A search for the best seats is somebody's hold. It has a thread of its own, so that it waits behind no map, and of the
//! priority of those that serve requests: it takes less than a millisecond. A user has one at a time and waits for it
//! elsewhere, so that as many users as there is room for have one, and none of them takes the others' room. The rest
//! stands back.

use crate::metrics::{Metrics, WorkLabel};
use crate::supervisor::{Supervisor, caught, yield_to_others};
use crate::turns::Turns;
use boxoffice_core::id::{DateId, UserId};
use std::sync::{Arc, mpsc};
use tokio::sync::{Semaphore, oneshot};

/// Niceness of the thread that does the rest: on a busy machine it has what others leave.
const REST_NICENESS: i32 = 19;

/// Searches for the best seats that wait.
pub const SEARCHES_WAITING_MAX: usize = 2_048;
/// Whole seat maps that wait to be written.
pub const MAPS_WAITING_MAX: usize = 64;
/// Files that wait to be checked or compressed.
pub const FILES_WAITING_MAX: usize = 16;

/// Kinds of large work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Finding the best seats that are together.
    Search,
    /// Writing the whole map of a large date.
    Map,
    /// Checking what an operator sends, or compressing a layout.
    File,
}

impl Work {
    /// Its name in the metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Map => "map",
            Self::File => "file",
        }
    }

    const fn waiting_max(self) -> usize {
        match self {
            Self::Search => SEARCHES_WAITING_MAX,
            Self::Map => MAPS_WAITING_MAX,
            Self::File => FILES_WAITING_MAX,
        }
    }
}

/// Why work was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// Too much of its kind waits.
    Full,
    /// It has failed.
    Failed,
}

type Job = Box<dyn FnOnce() + Send>;

/// Room for one kind of work, and the thread that does it.
struct Lane {
    room: Arc<Semaphore>,
    thread: mpsc::Sender<Job>,
}

/// See the module.
pub struct Bulk {
    search: Lane,
    map: Lane,
    file: Lane,
    /// Of users, to search.
    pub searchers: Turns<UserId>,
    /// Of dates, to have their whole maps written.
    pub maps: Turns<DateId>,
    metrics: Arc<Metrics>,
}

/// A thread that does one job after another until nobody can ask any more.
fn start(
    name: &'static str,
    niceness: Option<i32>,
    metrics: &Arc<Metrics>,
    supervisor: &Supervisor,
) -> std::io::Result<mpsc::Sender<Job>> {
    let (jobs, taken) = mpsc::channel::<Job>();
    let metrics = Arc::clone(metrics);
    supervisor.thread(name, move || {
        if let Some(niceness) = niceness {
            yield_to_others(niceness);
        }
        for job in taken {
            // Who asked sees that no answer came. The thread goes on with the next job.
            if caught(name, job).is_none() {
                metrics.panics.inc();
            }
        }
    })?;
    Ok(jobs)
}

impl Bulk {
    /// Starts the threads. `supervisor` hears of the end of one.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(metrics: Arc<Metrics>, supervisor: &Supervisor) -> std::io::Result<Self> {
        let search = start("best seats", None, &metrics, supervisor)?;
        let rest = start("bulk", Some(REST_NICENESS), &metrics, supervisor)?;
        let lane = |work: Work, thread: &mpsc::Sender<Job>| Lane {
            room: Arc::new(Semaphore::new(work.waiting_max())),
            thread: thread.clone(),
        };
        Ok(Self {
            search: lane(Work::Search, &search),
            map: lane(Work::Map, &rest),
            file: lane(Work::File, &rest),
            searchers: Turns::default(),
            maps: Turns::default(),
            metrics,
        })
    }

    /// Has it done, and waits for that. What nobody waits for any more is not begun.
    ///
    /// # Errors
    /// See [`NotDone`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: Work,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let lane = match work {
            Work::Search => &self.search,
            Work::Map => &self.map,
            Work::File => &self.file,
        };
        let room = Arc::clone(&lane.room).try_acquire_owned().map_err(|_| NotDone::Full)?;
        let (answer, answered) = oneshot::channel();
        let label = WorkLabel { work: work.name() };
        let waiting = self.metrics.bulk_waiting.get_or_create_owned(&label);
        let done = self.metrics.bulk_done.get_or_create_owned(&label);
        waiting.inc();
        let job = Box::new(move || {
            waiting.dec();
            if !answer.is_closed() {
                let made = job();
                done.inc();
                drop(room);
                // It may be waited for no more since.
                let _ = answer.send(made);
            }
        });
        lane.thread.send(job).map_err(|_| NotDone::Failed)?;
        answered.await.map_err(|_| NotDone::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    fn done(bulk: &Bulk, work: Work) -> u64 {
        bulk.metrics.bulk_done.get_or_create_owned(&WorkLabel { work: work.name() }).get()
    }

    fn bulk() -> Arc<Bulk> {
        Arc::new(Bulk::start(Arc::default(), &Supervisor::default()).unwrap())
    }

    /// H39: of each kind one piece is at work, so many wait, and the next is refused at once.
    #[tokio::test]
    async fn one_is_at_work_and_so_many_wait() {
        let bulk = bulk();
        let (go, may_go) = mpsc::channel::<()>();
        let at_once = Arc::new(AtomicUsize::new(0));
        let first = tokio::spawn({
            let bulk = Arc::clone(&bulk);
            async move { bulk.run(Work::Map, move || may_go.recv()).await }
        });
        let room = |lane: &Lane| lane.room.available_permits();
        while room(&bulk.map) == MAPS_WAITING_MAX {
            tokio::task::yield_now().await;
        }
        let waiting: Vec<_> = (1..MAPS_WAITING_MAX)
            .map(|_| {
                let (bulk, at_once) = (Arc::clone(&bulk), Arc::clone(&at_once));
                tokio::spawn(async move {
                    let work = move || {
                        let others = at_once.fetch_add(1, SeqCst);
                        at_once.fetch_sub(1, SeqCst);
                        others
                    };
                    bulk.run(Work::Map, work).await
                })
            })
            .collect();
        while room(&bulk.map) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bulk.run(Work::Map, || ()).await, Err(NotDone::Full));
        assert_eq!(bulk.run(Work::Search, || 7).await, Ok(7), "a search waits behind no map");
        assert_eq!((done(&bulk, Work::Map), done(&bulk, Work::Search)), (0, 1));
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(Ok(())));
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(0));
        }
        assert_eq!(done(&bulk, Work::Map), u64::try_from(MAPS_WAITING_MAX).unwrap());
        assert_eq!(bulk.run(Work::Map, || 8).await, Ok(8), "there is room again");
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun_and_a_panic_is_one_jobs_fault() {
        let bulk = bulk();
        let (go, may_go) = mpsc::channel::<()>();
        let blocked = bulk.run(Work::File, move || may_go.recv());
        let gone = bulk.run(Work::File, || panic!("nobody waits for this"));
        tokio::select! {
            biased;
            done = async { tokio::join!(blocked, gone) } => panic!("{done:?}"),
            () = tokio::task::yield_now() => {}
        }
        // Where the first was not begun either, nobody hears this.
        let _ = go.send(());
        let failed = bulk.run::<()>(Work::File, || panic!("as a test")).await;
        assert_eq!(failed, Err(NotDone::Failed));
        assert_eq!(bulk.run(Work::File, || 7).await, Ok(7));
        assert_eq!(bulk.metrics.panics.get(), 1);
        assert_eq!(bulk.file.room.available_permits(), FILES_WAITING_MAX);
    }
}
