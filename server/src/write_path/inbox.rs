//! What waits for the write path, in three lines: the server's own, the shoppers', and the crowd's. The server's own is
//! looked at first: its jobs are few and each is for many (a tick of admission, a look at what other nodes
//! have done). Then those who shop (holds, charges, payments, operators); the crowd (who joins, leaves, signs
//! up or in) has a small part of each batch and what the others leave, since its line is thousands long for as long
//! as a rush lasts.

use super::publisher::Waiting;
use super::{Answer, NotRun};
use crate::metrics::Metrics;
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Who waits for a look at the news, or for a probe.
pub(super) type Asking = oneshot::Sender<Result<(), NotRun>>;

/// A command with who waits for its answer.
pub(super) struct Handed {
    pub envelope: Envelope,
    pub answer: oneshot::Sender<Answer>,
}

/// What the server itself asks for.
#[expect(clippy::large_enum_variant, reason = "nearly all jobs are the large one")]
pub(super) enum Chore {
    Run(Handed),
    Prune,
    Refresh(Asking),
    Probe(Asking),
    Stop,
}

/// A part of each batch that is the crowd's where it waits: one in so many.
const CROWD_PART: usize = 8;

/// Whether the command is one of the crowd that is not shopping.
pub(super) const fn is_crowds(command: &Command) -> bool {
    use Command::{Adopt, Join, Leave, OpenSession, Refresh, Register};
    matches!(command, Adopt(_) | Join(_) | Leave(_) | OpenSession(_) | Refresh(_) | Register(_))
}

/// The first that came, of any line.
enum First {
    Chore(Chore),
    Request(Handed),
}

/// What is done next: commands as one batch, and what belongs between two batches. It is filled again and
/// again: a batch's worth of commands is large enough for the system to give fresh pages for it each time.
#[derive(Default)]
pub(super) struct Gathered {
    pub envelopes: Vec<Envelope>,
    /// For the answer to each of them.
    pub waiting: Waiting,
    pub refresh: Vec<Asking>,
    pub probe: Vec<Asking>,
    pub prune: bool,
}

impl Gathered {
    fn clear(&mut self) {
        self.envelopes.clear();
        self.waiting.clear();
        self.refresh.clear();
        self.probe.clear();
        self.prune = false;
    }

    const fn is_empty(&self) -> bool {
        self.envelopes.is_empty() && self.refresh.is_empty() && self.probe.is_empty() && !self.prune
    }
}

/// See the module.
pub(super) struct Inbox {
    own: mpsc::Receiver<Chore>,
    shoppers: mpsc::Receiver<Handed>,
    crowd: mpsc::Receiver<Handed>,
    metrics: Arc<Metrics>,
    commands_max: usize,
    /// Batches gathered so far: where a batch cannot be divided, its odd place goes to the lines by
    /// turns.
    turn: usize,
    /// Only waits for the lines; nothing else runs on it.
    runtime: tokio::runtime::Runtime,
}

impl Inbox {
    /// # Errors
    /// The system gives no runtime.
    pub fn new(
        own: mpsc::Receiver<Chore>,
        shoppers: mpsc::Receiver<Handed>,
        crowd: mpsc::Receiver<Handed>,
        metrics: Arc<Metrics>,
        commands_max: usize,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        Ok(Self { own, shoppers, crowd, metrics, commands_max, turn: 0, runtime })
    }

    /// Waits for something to do and takes as much as makes a batch, in place of what was gathered before.
    /// False when every handle is gone, or [`Chore::Stop`] came, and everything that was taken has been
    /// given out.
    pub fn next(&mut self, gathered: &mut Gathered) -> bool {
        gathered.clear();
        self.gather(gathered);
        while gathered.is_empty() {
            match self.wait() {
                Some(First::Chore(chore)) => self.put(chore, gathered),
                Some(First::Request(handed)) => self.run(handed, gathered),
                None => return false,
            }
            self.gather(gathered);
        }
        self.turn += 1;
        true
    }

    fn wait(&mut self) -> Option<First> {
        let Self { own, shoppers, crowd, runtime, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                biased;
                Some(chore) = own.recv() => Some(First::Chore(chore)),
                Some(handed) = shoppers.recv() => Some(First::Request(handed)),
                Some(handed) = crowd.recv() => Some(First::Request(handed)),
                else => None,
            }
        })
    }

    /// Fills the batch with what is there: half of it at most by the server itself and a part by the crowd as long
    /// as there are shoppers, so that none keeps the others away.
    fn gather(&mut self, gathered: &mut Gathered) {
        let half = usize::midpoint(self.commands_max, self.turn % 2);
        let part = (self.commands_max + self.turn % CROWD_PART) / CROWD_PART;
        self.take_chores(gathered, half);
        self.take_requests(gathered, |inbox| &mut inbox.shoppers, self.commands_max - part);
        self.take_requests(gathered, |inbox| &mut inbox.crowd, self.commands_max);
        self.take_requests(gathered, |inbox| &mut inbox.shoppers, self.commands_max);
        self.take_chores(gathered, self.commands_max);
    }

    fn take_requests(
        &mut self,
        gathered: &mut Gathered,
        line: impl Fn(&mut Self) -> &mut mpsc::Receiver<Handed>,
        most: usize,
    ) {
        while gathered.envelopes.len() < most
            && let Ok(handed) = line(self).try_recv()
        {
            self.run(handed, gathered);
        }
    }

    fn take_chores(&mut self, gathered: &mut Gathered, most: usize) {
        while gathered.envelopes.len() < most
            && let Ok(chore) = self.own.try_recv()
        {
            self.put(chore, gathered);
        }
    }

    fn put(&mut self, chore: Chore, gathered: &mut Gathered) {
        match chore {
            Chore::Run(handed) => self.run(handed, gathered),
            Chore::Prune => gathered.prune = true,
            Chore::Refresh(asking) => gathered.refresh.push(asking),
            Chore::Probe(asking) => gathered.probe.push(asking),
            Chore::Stop => {
                self.own.close();
                self.shoppers.close();
                self.crowd.close();
            }
        }
    }

    /// Whoever hung up before the decision is not served: nothing was promised.
    fn run(&self, handed: Handed, gathered: &mut Gathered) {
        self.metrics.commands_waiting.dec();
        if !handed.answer.is_closed() {
            gathered.envelopes.push(handed.envelope);
            gathered.waiting.push(handed.answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::id::{ConcertId, PlaceKey, QueueId, UserId, Uuid};
    use boxoffice_core::queue::{Arrive, Expire, Join};

    const QUEUE: QueueId = QueueId::general(ConcertId(Uuid::nil()));

    struct WritePath {
        own: mpsc::Sender<Chore>,
        shoppers: mpsc::Sender<Handed>,
        crowd: mpsc::Sender<Handed>,
        inbox: Inbox,
        answers: Vec<oneshot::Receiver<Answer>>,
    }

    fn write_path(commands_max: usize) -> WritePath {
        let (own, chores) = mpsc::channel(64);
        let (shoppers, shopping) = mpsc::channel(64);
        let (crowd, coming) = mpsc::channel(64);
        let inbox = Inbox::new(chores, shopping, coming, Arc::default(), commands_max);
        WritePath { own, shoppers, crowd, inbox: inbox.expect("a runtime"), answers: Vec::new() }
    }

    impl WritePath {
        fn handed(&mut self, command: Command) -> Handed {
            let (answer, answered) = oneshot::channel();
            self.answers.push(answered);
            Handed { envelope: Envelope { command, key: None }, answer }
        }

        fn request(&mut self, count: usize) {
            for _ in 0..count {
                let place = PlaceKey { queue: QUEUE, sequence: 1 };
                let handed =
                    self.handed(Command::Arrive(Arrive { user: UserId(Uuid::nil()), place }));
                self.shoppers.try_send(handed).expect("there is room");
            }
        }

        fn join(&mut self, count: usize) {
            for _ in 0..count {
                let join = Join::of(UserId(Uuid::nil()), QUEUE);
                let handed = self.handed(Command::Join(join));
                self.crowd.try_send(handed).expect("there is room");
            }
        }

        fn chore(&mut self, count: usize) {
            for _ in 0..count {
                let place = PlaceKey { queue: QUEUE, sequence: 1 };
                let handed = self.handed(Command::Expire(Expire { place }));
                self.own.try_send(Chore::Run(handed)).expect("there is room");
            }
        }

        /// The commands of the next batch: `h` for one of the server, `r` for a shopper's request, `c` for one of the crowd.
        fn next(&mut self) -> Option<String> {
            let mut gathered = Gathered::default();
            if !self.inbox.next(&mut gathered) {
                return None;
            }
            let by = |envelope: &Envelope| match envelope.command {
                Command::Expire(_) => 'h',
                Command::Join(_) => 'c',
                _ => 'r',
            };
            assert_eq!(gathered.envelopes.len(), gathered.waiting.len());
            Some(gathered.envelopes.iter().map(by).collect())
        }
    }

    #[test]
    fn own_work_goes_first_and_takes_half() {
        let mut write_path = write_path(6);
        write_path.request(7);
        write_path.chore(1);
        assert_eq!(write_path.next().as_deref(), Some("hrrrrr"));
        write_path.chore(8);
        assert_eq!(write_path.next().as_deref(), Some("hhhrrh"), "no more requests are there");
        assert_eq!(write_path.next().as_deref(), Some("hhhh"));
    }

    /// H35: those who shop go before those who come, who have a part all the same.
    #[test]
    fn shoppers_go_before_the_crowd() {
        let mut write_path = write_path(8);
        write_path.join(20);
        write_path.request(9);
        assert_eq!(write_path.next().as_deref(), Some("rrrrrrrc"));
        assert_eq!(write_path.next().as_deref(), Some("rrcccccc"));
        let mut single = self::write_path(1);
        single.join(1);
        single.request(9);
        let batches: String = (0..10).filter_map(|_| single.next()).collect();
        assert_eq!(batches.matches('c').count(), 1);
        assert!(batches.find('c').is_some_and(|at| at < 9), "{batches}");
    }

    #[test]
    fn a_batch_of_one_is_for_each_by_turns() {
        let mut write_path = write_path(1);
        write_path.request(2);
        write_path.chore(3);
        let batches: String = (0..5).filter_map(|_| write_path.next()).collect();
        assert_eq!(batches, "rhrhh");
    }

    /// H33: what was taken before the stop is given out, and nothing is taken after it.
    #[test]
    fn a_stop_goes_first_and_loses_nothing() {
        let mut write_path = write_path(4);
        write_path.request(6);
        write_path.own.try_send(Chore::Stop).expect("there is room");
        assert_eq!(write_path.next().as_deref(), Some("rrrr"));
        assert!(
            write_path.own.is_closed()
                && write_path.shoppers.is_closed()
                && write_path.crowd.is_closed()
        );
        assert_eq!(write_path.next().as_deref(), Some("rr"));
        assert_eq!(write_path.next(), None);
    }

    #[test]
    fn either_line_wakes_the_write_path_and_who_hung_up_is_left_out() {
        let mut write_path = write_path(4);
        let (own, (asking, _asked)) = (write_path.own.clone(), oneshot::channel());
        write_path.request(2);
        write_path.answers.clear();
        let waker = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            own.blocking_send(Chore::Refresh(asking)).expect("the write path is there");
        });
        let mut gathered = Gathered::default();
        assert!(write_path.inbox.next(&mut gathered), "the write path is open");
        assert_eq!((gathered.envelopes.len(), gathered.refresh.len()), (0, 1));
        waker.join().expect("it sends");
        write_path.request(1);
        assert_eq!(write_path.next().as_deref(), Some("r"));
        drop((write_path.own, write_path.shoppers, write_path.crowd));
        assert!(!write_path.inbox.next(&mut gathered) && gathered.refresh.is_empty());
    }
}
