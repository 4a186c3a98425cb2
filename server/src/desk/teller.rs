//! The teller: shows a committed batch on the board, then answers those who wait, while the desk is
//! at the next batch. Batches come in the order of their commits.

use super::{Answer, NotRun};
use crate::board::Board;
use boxoffice_core::batch::Reply;
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// Who waits for the answers of a batch, in the order of its commands.
pub(super) type Waiting = Vec<oneshot::Sender<Answer>>;

/// A batch that is through.
#[expect(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub(super) enum Decided {
    /// Committed.
    Done { rows: Rows, replies: Vec<Reply>, now: Time, waiting: Waiting },
    /// Nothing has changed.
    NotRun { why: NotRun, waiting: Waiting },
}

/// Batches that may wait for the teller; with more, the desk waits.
pub(super) const BATCHES_MAX: usize = 2;

/// Runs until the desk is gone and everything handed over is answered.
pub(super) fn run(board: &Board, decided: &Receiver<Decided>) {
    while let Ok(batch) = decided.recv() {
        match batch {
            Decided::Done { rows, replies, now, waiting } => {
                let shown = catch_unwind(AssertUnwindSafe(|| board.apply(&rows, now)));
                if shown.is_err() {
                    tracing::error!(
                        "the board could not show a batch; it is committed all the same"
                    );
                }
                answer_all(waiting, replies.into_iter().map(Ok));
            }
            Decided::NotRun { why, waiting } => {
                answer_all(waiting, std::iter::repeat_with(|| Err(why.clone())));
            }
        }
    }
}

fn answer_all(waiting: Waiting, answers: impl Iterator<Item = Answer>) {
    for (waiting, answer) in waiting.into_iter().zip(answers) {
        // Whoever hung up meanwhile asks again and gets the stored reply.
        let _ = waiting.send(answer);
    }
}
