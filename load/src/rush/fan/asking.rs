//! How a fan asks: when it is due, again while the server is busy or the connection breaks, twice at once,
//! or cut off before the answer.

use super::hostile::Attack;
use super::{Fan, Span};
use crate::http::{Answer, Ask};
use crate::rush::figures::Step;
use boxoffice_server::http::problem::Code;
use std::time::Duration;
use tokio::time::Instant;

/// The pause before a request whose connection broke is repeated.
const BROKEN_PAUSE: Duration = Duration::from_millis(200);
/// How soon a phone loses its connection after it has sent, at most.
const CUT_AFTER_MS: u64 = 30;

/// How long servers may take to hear from each other that somebody was let in.
const NEWS_WAIT: Duration = Duration::from_secs(2);
/// The pause before a server that did not know yet is asked again.
const NEWS_PAUSE: Duration = Duration::from_millis(250);

/// The run was over before there was an answer that says something.
pub(super) enum Unanswered {
    /// Nothing was asked.
    NotSent,
    /// The fan does not know whether it was done.
    Sent(Span),
}

impl Fan {
    /// Sends when it is due, and again as long as the server is busy or the connection breaks, until
    /// there is an answer that says something. Its latency is what the fan has waited in all, except for
    /// the time that its own cut of the connection took.
    pub(super) async fn ask(
        &mut self,
        step: Step,
        ask: &Ask,
        changes: bool,
    ) -> Result<(Answer, Span), Unanswered> {
        let mut called = None;
        let is_fan = self.attack.is_none();
        if is_fan && changes && self.chance(self.world.options.cut) {
            self.until_due().await;
            if self.is_over() {
                return Err(Unanswered::NotSent);
            }
            called = Some(self.world.now_ns());
            let after = Duration::from_millis(self.random.u64(0..CUT_AFTER_MS));
            self.figures().cut += 1;
            // The fan does not know whether it arrived.
            let _ = Box::pin(self.pools.of(step).send_and_cut(ask, after)).await;
            self.due = Instant::now() + BROKEN_PAUSE;
        }
        let doubles = is_fan && changes && self.chance(self.world.options.double_click);
        let (first_due, mut broke) = (self.due, false);
        loop {
            self.until_due().await;
            if self.is_over() {
                let mut figures = self.figures();
                figures.unanswered += u64::from(broke);
                if called.is_some() {
                    figures.waited(step, first_due.elapsed());
                }
                let sent = |called| Unanswered::Sent((called, None));
                return Err(called.map_or(Unanswered::NotSent, sent));
            }
            let called = *called.get_or_insert_with(|| self.world.now_ns());
            let answer = if doubles {
                Box::pin(self.double(step, ask)).await
            } else {
                self.send(step, ask).await
            };
            broke = answer.is_err();
            let Ok(answer) = answer else {
                self.due = Instant::now() + BROKEN_PAUSE;
                continue;
            };
            if matches!(answer.status, 408 | 429 | 503) {
                // As it says: a server that turns a crowd away spreads it.
                let pause = answer.retry_after.unwrap_or(Duration::from_secs(1));
                let pause = if is_fan { pause } else { self.pace() };
                self.due = Instant::now() + pause;
                continue;
            }
            if answer.status == 403 && self.is_news() && answer.code() == Code::NotAdmitted.as_str()
            {
                self.due = Instant::now() + NEWS_PAUSE;
                continue;
            }
            self.figures().waited(step, first_due.elapsed());
            self.due = Instant::now();
            return Ok((answer, (called, Some(self.world.now_ns()))));
        }
    }

    /// Waits until the request is due, or the run is over: nobody sleeps past its end.
    async fn until_due(&self) {
        tokio::time::sleep_until(self.due.min(self.world.ends())).await;
    }

    /// Whether another server may not know yet that the fan was let in.
    fn is_news(&self) -> bool {
        self.world.has_several_servers() && self.admitted.is_some_and(|at| at.elapsed() < NEWS_WAIT)
    }

    /// Sends, and counts what came of it.
    async fn send(&self, step: Step, ask: &Ask) -> std::io::Result<Answer> {
        // Boxed, so that a waiting fan, as most are most of the time, stays small.
        let answer = Box::pin(self.pools.of(step).send(ask)).await;
        let name = self.attack.map_or(step.name(), Attack::name);
        let mut figures = self.figures();
        match &answer {
            Ok(answer) if answer.status >= 400 => {
                figures.counted(name, answer.status, &answer.code());
            }
            Ok(answer) => figures.counted(name, answer.status, ""),
            Err(_) => figures.broken += 1,
        }
        answer
    }

    /// Sends twice at once, as a double click does. Both answers must say the same.
    async fn double(&self, step: Step, ask: &Ask) -> std::io::Result<Answer> {
        self.figures().doubled += 1;
        let (one, two) = tokio::join!(self.send(step, ask), self.send(step, ask));
        let (one, two) = match (one, two) {
            (Ok(one), Ok(two)) => (one, two),
            (Err(_), Ok(only)) | (Ok(only), Err(_)) => return Ok(only),
            (Err(why), Err(_)) => return Err(why),
        };
        // What may differ is the server's clock, and where a place stands.
        let said = |answer: &Answer| {
            let mut view = answer.json();
            view.as_object_mut().map(|members| members.remove("now"));
            view
        };
        let succeeded = one.status < 300 && two.status < 300;
        if succeeded && step != Step::Join && said(&one) != said(&two) {
            let text = |answer: &Answer| String::from_utf8_lossy(&answer.body).into_owned();
            self.surprise(&format!(
                "{}: a double click: {} and {}",
                step.name(),
                text(&one),
                text(&two)
            ));
        }
        let (answer, other) = if one.status < 300 { (one, two) } else { (two, one) };
        // The caller looks at the answer that counts.
        if other.status >= 500 && other.status != 503 {
            self.surprise(&format!("{}: a double click: {}", step.name(), other.status));
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rush::fan::tests::world;
    use crate::rush::wire::{Pool, Pools};
    use crate::rush::world::World;
    use std::rc::Rc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Answers each connection with the next of these and closes it; nothing at all where it is empty.
    async fn answer(listener: TcpListener, answers: Vec<&'static str>) {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    async fn asked(
        flags: &[&str],
        answers: Vec<&'static str>,
    ) -> (Rc<World>, Result<(Answer, Span), Unanswered>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(vec![listener.local_addr().unwrap()], 1, 0).unwrap();
        let world = world(flags);
        let mut fan = Fan::new(&world, Rc::new(Pools::own(pool)), 0, Instant::now());
        let ask = Ask::new("POST", "/");
        // Its end does not matter: a fan that is refused is broken off as well.
        let answering = tokio::spawn(answer(listener, answers));
        let told = fan.ask(Step::Join, &ask, true).await;
        answering.abort();
        (world, told)
    }

    const BUSY: &str =
        "HTTP/1.1 503 Busy\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const DONE: &str = "HTTP/1.1 201 Made\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    /// A server that turns fans away, or breaks off, cannot look fast by it: what counts is how long the
    /// fan has waited in all.
    #[tokio::test]
    async fn the_wait_counts_from_when_the_first_try_was_due() {
        let (world, told) = asked(&[], vec![BUSY, "", DONE]).await;
        assert!(told.is_ok_and(|(answer, span)| answer.status == 201 && span.1.is_some()));
        let figures = world.figures.borrow();
        let (_, join) = figures.latencies()[0];
        assert_eq!((join.count, figures.broken, figures.unanswered), (1, 1, 0));
        assert!((1_200.0..10_000.0).contains(&join.p50), "{join:?}");
        let counts: Vec<_> = figures.answers.iter().map(|((_, a, _), n)| (*a, *n)).collect();
        assert_eq!(counts, [(201, 1), (503, 1)]);
    }

    /// Fans without any answer are counted apart: broken off, turned away, or never asked.
    #[tokio::test]
    async fn whoever_has_no_answer_in_the_end_is_counted() {
        let (world, told) = asked(&["--seconds-max=1"], vec![""; 5]).await;
        assert!(matches!(told, Err(Unanswered::Sent((_, None)))));
        assert_eq!(world.figures.borrow().unanswered, 1);
        let (world, told) = asked(&["--seconds-max=1"], vec![BUSY]).await;
        assert!(matches!(told, Err(Unanswered::Sent((_, None)))));
        assert_eq!(world.figures.borrow().unanswered, 0);
        let (world, told) = asked(&["--seconds-max=0"], vec![]).await;
        assert!(matches!(told, Err(Unanswered::NotSent)));
        assert_eq!(world.figures.borrow().unanswered, 0);
    }

    /// A fan who has to ask again in minutes does not delay the run's end.
    #[tokio::test(start_paused = true)]
    async fn nobody_sleeps_past_the_end() {
        let world = world(&["--seconds-max=1"]);
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let pools = Rc::new(Pools::shared(&[address], 4, None).unwrap());
        let (began, later) = (Instant::now(), Instant::now() + Duration::from_secs(600));
        let mut fan = Fan::new(&world, pools, 0, later);
        let told = fan.ask(Step::Poll, &Ask::new("GET", "/"), false).await;
        assert!(matches!(told, Err(Unanswered::NotSent)));
        assert!(began.elapsed() < Duration::from_secs(2));
    }

    /// A million wait at once: what a fan needs to ask and to shop is made when it does.
    #[tokio::test]
    async fn a_fan_who_waits_is_small() {
        let world = world(&[]);
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let pools = Rc::new(Pools::shared(&[address], 4, None).unwrap());
        let life = Fan::new(&world, pools, 0, Instant::now()).live();
        let bytes = std::mem::size_of_val(&life);
        assert!(bytes <= 1_536, "{bytes} bytes");
    }
}
