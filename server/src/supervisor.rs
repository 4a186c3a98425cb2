//! Starts the threads and tasks that must live until the stop. When one of them ends before it, by itself or by a
//! panic, that is reported, so that the process can end and say why. Work that may fail while the process goes on is
//! run by [`caught`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// A thread or task that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Its name.
    pub name: &'static str,
    /// The message of its panic; none where it ended by itself.
    pub panic: Option<String>,
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.panic {
            Some(why) => write!(f, "{} panicked: {why}", self.name),
            None => write!(f, "{} ended before the stop", self.name),
        }
    }
}

/// Starts what must live until the stop. Cheap to clone. The default one reports to nobody.
#[derive(Clone, Debug, Default)]
pub struct Supervisor {
    reports: Option<mpsc::UnboundedSender<End>>,
}

/// The ends that a [`Supervisor`] reports, in their order.
pub struct Ends(mpsc::UnboundedReceiver<End>);

/// In a debug build the thread or task that this variable names panics at once: for tests of what follows.
#[cfg(debug_assertions)]
const DIES: &str = "BOXOFFICE_DIES";

/// Tells of one that begins.
fn begin(name: &str) {
    tracing::debug!(name, "supervised from here on");
    #[cfg(debug_assertions)]
    assert!(std::env::var(DIES).ok().as_deref() != Some(name), "{DIES} says so");
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no text".into())
}

impl Supervisor {
    /// A supervisor that reports, and its reports.
    #[must_use]
    pub fn new() -> (Self, Ends) {
        let (reports, ends) = mpsc::unbounded_channel();
        (Self { reports: Some(reports) }, Ends(ends))
    }

    fn report(&self, end: End) {
        if let Some(reports) = &self.reports {
            // At a stop nobody reads the reports any more.
            let _ = reports.send(end);
        }
    }

    /// Starts a thread of this name. Its end is reported. Joining it shows a panic, too.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn thread(
        &self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<JoinHandle<()>> {
        let supervisor = self.clone();
        std::thread::Builder::new().name(name.into()).spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(|| {
                begin(name);
                work();
            }));
            let panic = done.as_ref().err().map(|panic| text_of(panic.as_ref()));
            supervisor.report(End { name, panic });
            if let Err(panic) = done {
                resume_unwind(panic);
            }
        })
    }

    /// Starts a task of this name on the runtime. Its end is reported. At a stop its handle is waited for.
    pub fn task(
        &self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        let supervisor = self.clone();
        tokio::spawn(async move {
            let begun = async move {
                begin(name);
                work.await;
            };
            let done = tokio::spawn(begun).await;
            let panic = done.err().map(|error| match error.try_into_panic() {
                Ok(panic) => text_of(panic.as_ref()),
                Err(error) => error.to_string(),
            });
            supervisor.report(End { name, panic });
        })
    }
}

impl Ends {
    /// The next one that ends. Waits for ever where none does.
    pub async fn next(&mut self) -> End {
        match self.0.recv().await {
            Some(end) => end,
            None => std::future::pending().await,
        }
    }
}

impl Ends {
    /// What this one ended of, as far as it is known by now: of those that ended after it, the first that panicked. A
    /// thread that panics lets go of what others wait for before it is reported, and they may be sooner.
    pub fn cause(&mut self, end: End) -> End {
        let mut later = std::iter::from_fn(|| self.0.try_recv().ok());
        match end.panic {
            Some(_) => end,
            None => later.find(|later| later.panic.is_some()).unwrap_or(end),
        }
    }
}

/// Runs work that may never end, such as writing to somebody who does not read, on a thread of its own, and waits
/// for it for a limited time. Whether it was done.
pub fn within(time: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, end) = std::sync::mpsc::channel();
    let work = move || {
        work();
        // The caller may have stopped waiting.
        let _ = done.send(());
    };
    let thread = std::thread::Builder::new().spawn(work);
    thread.is_ok() && end.recv_timeout(time).is_ok()
}

/// Makes this thread stand back where the machine is busy, by so much of niceness. Where the system does not allow it,
/// it goes on at normal priority.
pub fn yield_to_others(niceness: i32) {
    let _ = rustix::process::setpriority_process(None, niceness);
}

/// Runs work whose panic stops only that work. The panic is logged under this name, and the result is none.
pub fn caught<T>(name: &str, work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(panic) => {
            tracing::error!(why = text_of(panic.as_ref()), "{name} panicked; the server continues");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(name: &'static str, panic: Option<&str>) -> End {
        End { name, panic: panic.map(str::to_owned) }
    }

    /// H37: every end is reported, with the message of its panic.
    #[tokio::test]
    async fn every_end_is_reported_with_its_reason() {
        let (supervisor, mut ends) = Supervisor::new();
        supervisor.thread("one", || {}).unwrap().join().unwrap();
        assert_eq!(ends.next().await, ended("one", None));
        let two = supervisor.thread("two", || panic!("a row of {}", "another shape")).unwrap();
        assert!(two.join().is_err());
        let end = ends.next().await;
        assert_eq!(end, ended("two", Some("a row of another shape")));
        assert_eq!(end.to_string(), "two panicked: a row of another shape");
        supervisor.task("three", async {}).await.unwrap();
        assert_eq!(ends.next().await.to_string(), "three ended before the stop");
        supervisor.task("four", async { panic!("late") }).await.unwrap();
        assert_eq!(ends.next().await, ended("four", Some("late")));
    }

    /// H37: who ends since another panicked is not taken for the cause, in whatever order they are reported.
    #[test]
    fn the_cause_is_the_one_that_panicked() {
        let (supervisor, mut ends) = Supervisor::new();
        for end in [ended("stops", None), ended("one", Some("why")), ended("two", Some("late"))] {
            supervisor.report(end);
        }
        assert_eq!(ends.cause(ended("waits", None)), ended("one", Some("why")));
        assert_eq!(ends.cause(ended("first", Some("itself"))), ended("first", Some("itself")));
        let (supervisor, mut ends) = Supervisor::new();
        supervisor.report(ended("stops", None));
        assert_eq!(ends.cause(ended("waits", None)), ended("waits", None));
    }

    /// H37: what lives on is not reported, and waiting for an end delays nobody.
    #[tokio::test]
    async fn what_lives_is_not_reported() {
        let (supervisor, mut ends) = Supervisor::new();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let task = supervisor.task("lives", async { drop(stopped.await) });
        tokio::task::yield_now().await;
        assert!(ends.0.try_recv().is_err());
        drop(stop);
        task.await.unwrap();
        assert_eq!(ends.next().await, ended("lives", None));
        drop(supervisor);
        tokio::select! {
            biased;
            end = ends.next() => panic!("{end}"),
            () = tokio::task::yield_now() => {}
        }
    }

    #[test]
    fn work_that_does_not_end_is_waited_for_for_a_while() {
        assert!(within(Duration::from_secs(20), || {}));
        let (_never, comes) = std::sync::mpsc::channel::<()>();
        assert!(!within(Duration::from_millis(20), move || {
            let _ = comes.recv();
        }));
    }

    #[test]
    fn a_caught_panic_gives_nothing() {
        assert_eq!(caught("a job", || 7), Some(7));
        assert_eq!(caught::<()>("a job", || panic!("seven")), None);
    }
}
