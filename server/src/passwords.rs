//! Password hashing on its own small pool: a storm of sign-ins fills the pool and is told so; polls,
//! holds and payments go on.

use crate::metrics::Metrics;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Lowered priority of the pool's threads (nice value), so that they only take idle time of a busy
/// machine.
const NICENESS: i32 = 10;

/// OWASP's recommendation for Argon2id: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

/// The pool is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFull;

/// See the module.
pub struct Passwords {
    jobs: SyncSender<Job>,
    metrics: Arc<Metrics>,
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    // Where the system does not allow it, hashing runs at normal priority.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let argon2 = hasher();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(&argon2),
            Err(_) => return,
        }
    }
}

impl Passwords {
    /// A pool of `threads` with room for `waiting_max` passwords that wait.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        threads: usize,
        waiting_max: usize,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(waiting_max);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new().name("passwords".into()).spawn(move || work(&waiting))?;
        }
        Ok(Self { jobs, metrics })
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, PoolFull> {
        let (answer, answered) = oneshot::channel();
        let metrics = Arc::clone(&self.metrics);
        let job: Job = Box::new(move |argon2| {
            metrics.passwords_waiting.dec();
            // Hashing for somebody who hung up would let a storm outlive its senders.
            if !answer.is_closed() {
                let _ = answer.send(job(argon2));
            }
        });
        self.jobs.try_send(job).map_err(|_| PoolFull)?;
        self.metrics.passwords_waiting.inc();
        answered.await.map_err(|_| PoolFull)
    }

    /// The PHC string of a password. The salt is random.
    ///
    /// # Errors
    /// The pool is full, or (as a fault inside) hashing failed.
    pub async fn hash(&self, password: String, salt: [u8; 16]) -> Result<Option<String>, PoolFull> {
        self.run(move |argon2| {
            let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
            hash.ok().map(|hash| hash.to_string())
        })
        .await
    }

    /// Whether the password fits the PHC string. Without one, it takes as long and does not fit: the
    /// time does not tell whether a name exists.
    ///
    /// # Errors
    /// The pool is full.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PoolFull> {
        self.run(move |argon2| match hash {
            Some(hash) => PasswordHash::new(&hash)
                .is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok()),
            None => {
                let _ = argon2.hash_password_with_salt(password.as_bytes(), &[0; 16]);
                false
            }
        })
        .await
    }
}
