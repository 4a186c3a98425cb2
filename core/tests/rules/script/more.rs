//! The words of jobs, of queues, and of what is told of a show.

use super::Words;
use crate::words::{self, START, id};
use boxoffice_core::command::Command;
use boxoffice_core::edit::{EditBilling, NewPoster};
use boxoffice_core::id::{ConcertId, DateId, JobId, PosterId, RefundId, ReservationId};
use boxoffice_core::job::{CancelDate, ClearDate, FailJob, TakeJob};
use boxoffice_core::poster::PosterType;
use boxoffice_core::queue::AddQueue;

impl Words<'_> {
    /// The concert that the line is about, if it is about one.
    pub(super) fn concert_id(&self) -> Option<ConcertId> {
        match self.0[0] {
            "register" | "adopt" | "session" | "refresh" | "sessions" | "password" | "user"
            | "adjust" | "layout" | "clear_date" | "take_job" | "fail_job" => None,
            "charge" if self.0.last() == Some(&"outside") => None,
            "join" | "leave" | "arrive" | "expire" | "reserve" | "reserve_best" | "cancel"
            | "charge" | "refund" | "pay" => Some(self.queue_id().concert),
            _ => Some(words::queue(self.0[1]).concert),
        }
    }

    /// The cancellation of a date, and what a process does with its job.
    pub(super) fn job(&self) -> Option<Command> {
        let named = |option| id(self.after(option).unwrap_or("j1"));
        let (job, holder) = (JobId(id(self.0[1])), named("by"));
        Some(match self.0[0] {
            "cancel_date" => Command::CancelDate(CancelDate {
                concert: ConcertId(id(self.0[1])),
                date: DateId(id(self.0[2])),
                reason: self.after("why").unwrap_or("ill").replace('_', " "),
                job: JobId(named("job")),
            }),
            "clear_date" => {
                let taken = self.after("take").into_iter().flat_map(|list| list.split(','));
                Command::ClearDate(ClearDate {
                    job,
                    holder,
                    date: DateId(id(self.0[2])),
                    reservations: taken
                        .map(|name| {
                            (ReservationId(id(name)), RefundId(id(&format!("back-{name}"))))
                        })
                        .collect(),
                    last: self.after("last") == Some("yes"),
                })
            }
            "take_job" => Command::TakeJob(TakeJob { job, holder }),
            "fail_job" => {
                let error = self.after("why").unwrap_or_default().to_owned();
                Command::FailJob(FailJob { job, holder, error })
            }
            _ => return None,
        })
    }

    pub(super) fn lane(&self) -> AddQueue {
        AddQueue {
            queue: words::queue(self.0[1]),
            queue_name: self.after("name").unwrap_or("Presale").replace('_', " "),
            opens_at: START.plus_ms(self.span("opens", "1m")),
            settings: self.settings(),
            seed: [self.number("seed").unwrap_or(9); 32],
            draw: self.draw_terms(),
        }
    }

    /// `none` takes away; a poster is named by its bytes.
    pub(super) fn billing(&self) -> EditBilling {
        let text = |option| {
            let text = |word: &str| (word != "none").then(|| word.replace('_', " "));
            self.after(option).map(text)
        };
        let poster = |word: String| NewPoster {
            id: PosterId([u8::try_from(word.len()).unwrap_or(0); 32]),
            media_type: PosterType::Png,
            body: if word == "empty" { Vec::new() } else { word.into_bytes() },
        };
        EditBilling {
            name_en: text("name_en"),
            name_ko: text("name_ko"),
            about_en: text("about_en"),
            about_ko: text("about_ko"),
            poster: text("poster").map(|word| word.map(poster)),
        }
    }
}
