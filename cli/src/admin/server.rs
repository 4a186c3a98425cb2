//! Asks a running server and shows its answer.

use super::answer::Answer;
use super::show::{self, told};
use crate::print_out;
use boxoffice_server::Failure;
use boxoffice_server::log::clean;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;
use ureq::http;

/// Longer than a server takes to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(40);
/// Largest answer that is read, bytes.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;
/// Pages of a list that are read.
const PAGES_MAX: usize = 10_000;

/// Which server, and as whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The server that is asked")]
pub struct Server {
    /// Where it is
    #[arg(long, env = "BOXOFFICE_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// File with the operator's key; without it the environment variable BOXOFFICE_OPERATOR_KEY
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// Prints the answer as it is, JSON
    #[arg(long)]
    json: bool,
    /// Key by which what is made or paid is done once when it is repeated; what is set or deleted is so anyway
    /// [default: one for each run]
    #[arg(long)]
    idempotency_key: Option<String>,
}

/// A request, and the server that it goes to.
#[derive(Debug, clap::Args)]
pub struct Asked<T: clap::Args + std::fmt::Debug> {
    #[command(flatten)]
    what: T,
    #[command(flatten)]
    server: Server,
}

/// Something that can be asked of a server.
pub trait Verb {
    /// The request.
    ///
    /// # Errors
    /// What was typed makes no request; the text says why.
    fn request(&self) -> Result<Request, Failure>;

    /// Asks for what the request needs to know and what was typed does not say.
    ///
    /// # Errors
    /// The server refuses, or cannot be asked.
    fn prepare(&mut self, _: &mut Asking<'_>) -> Result<(), Failure> {
        Ok(())
    }

    /// What was done, where the server's answer says nothing.
    fn done(&self) -> Option<String> {
        None
    }
}

/// Gets what is at a path.
pub type Asking<'a> = dyn FnMut(&str) -> Result<Answer, Failure> + 'a;

/// A request of the API.
#[derive(Debug)]
pub struct Request {
    method: String,
    path: String,
    content_type: String,
    body: Option<Vec<u8>>,
    pages_of: Option<&'static str>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: &str, path: impl Into<String>) -> Self {
        let (method, path) = (method.to_owned(), path.into());
        Self { method, path, content_type: String::new(), body: None, pages_of: None }
    }

    /// With a body.
    pub fn body(self, content_type: &str, body: Vec<u8>) -> Self {
        Self { content_type: content_type.to_owned(), body: Some(body), ..self }
    }

    /// With a body of JSON.
    pub fn json(self, body: &serde_json::Value) -> Self {
        self.body("application/json", body.to_string().into_bytes())
    }

    /// With a parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        self.path.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                self.path.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(self.path, "%{byte:02X}");
            }
        }
        self
    }

    /// Page after page, as long as the answer names a `next` one; `list` is the member that holds them.
    pub fn all_pages(self, list: &'static str) -> Self {
        Self { pages_of: Some(list), ..self }
    }

    fn is_change(&self) -> bool {
        self.method != "GET"
    }
}

/// The server gave no answer that is understood.
#[derive(Debug)]
pub struct Unheard(String);

impl Unheard {
    /// The program's exit code then.
    pub const CODE: u8 = 3;
}

impl std::fmt::Display for Unheard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unheard {}

/// An answer as it came.
struct Reply {
    status: u16,
    request_id: String,
    body: Vec<u8>,
}

impl Server {
    fn key(&self) -> Result<String, Failure> {
        let key = match &self.key_file {
            Some(file) => {
                let named = |why| format!("--key-file {}: {why}", file.display());
                std::fs::read_to_string(file).map_err(named)?
            }
            None => std::env::var("BOXOFFICE_OPERATOR_KEY").unwrap_or_default(),
        };
        let key = key.trim().to_owned();
        if key.is_empty() {
            return Err(told(
                "an operator's key is needed: --key-file FILE, or the environment variable BOXOFFICE_OPERATOR_KEY (boxoffice admin key create makes one)",
                "운영자 키가 필요합니다. --key-file FILE이나 환경 변수 BOXOFFICE_OPERATOR_KEY로 지정해 주세요(boxoffice admin key create로 만듭니다).",
            )
            .into());
        }
        Ok(key)
    }

    /// No answer: to which request, with which key; it may have arrived.
    fn unheard(&self, why: &dyn std::fmt::Display, sent: Option<(&Request, &str)>) -> Failure {
        let again = match sent {
            Some((request, key)) if request.method == "POST" => told(
                format!(
                    "; it is not known whether it was done; repeat it with --idempotency-key {key}"
                ),
                format!(
                    "; 처리되었는지 알 수 없습니다. --idempotency-key {key}로 다시 실행해 주세요."
                ),
            ),
            Some((request, _)) if request.is_change() => told(
                "; it is not known whether it was done; it is safe to repeat it",
                "; 처리되었는지 알 수 없습니다. 다시 실행해도 안전합니다.",
            ),
            Some(_) => String::new(),
            None => told("; nothing was sent", "; 아무것도 보내지 않았습니다."),
        };
        Unheard(format!("{}: {why}{again}", self.url)).into()
    }

    fn send(&self, request: &Request, key: &str, once: &str) -> Result<Reply, Failure> {
        let base = self.url.trim_end_matches('/');
        let mut built = http::Request::builder()
            .method(request.method.as_str())
            .uri(format!("{base}{}", request.path))
            .header("x-api-key", key)
            .header("accept-language", language());
        if request.is_change() {
            built = built.header("idempotency-key", once);
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_WAIT))
            .timeout_connect(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            // A key is only for the server that was named.
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("boxoffice/", env!("CARGO_PKG_VERSION")))
            .allow_non_standard_methods(true)
            .build();
        let agent = ureq::Agent::new_with_config(config);
        let malformed = |why: http::Error| format!("{}: {why}", self.url);
        let answered = match &request.body {
            Some(body) => {
                let built = built.header("content-type", &request.content_type);
                agent.run(built.body(body.as_slice()).map_err(malformed)?)
            }
            None => agent.run(built.body(()).map_err(malformed)?),
        };
        let mut answer = answered.map_err(|why| {
            let unsent = match &why {
                ureq::Error::Io(why) => why.kind() == std::io::ErrorKind::ConnectionRefused,
                ureq::Error::HostNotFound
                | ureq::Error::ConnectionFailed
                | ureq::Error::BadUri(_) => true,
                _ => false,
            };
            self.unheard(&why, (!unsent).then_some((request, once)))
        })?;
        let id = answer.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        let request_id = id.unwrap_or_default().to_owned();
        let body = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_vec();
        let body = body.map_err(|why| self.unheard(&why, Some((request, once))))?;
        Ok(Reply { status: answer.status().as_u16(), request_id, body })
    }
}

/// The language of the person at this terminal.
fn language() -> &'static str {
    if show::is_korean() { "ko, en" } else { "en" }
}

/// A refusal as a sentence.
fn refusal(reply: &Reply) -> Option<String> {
    let Ok(Answer::Object(problem)) = serde_json::from_slice(&reply.body) else {
        return None;
    };
    let title = problem.get("title").and_then(Answer::text)?;
    // Most details begin with the title.
    let detail = problem.get("detail").and_then(Answer::text);
    let sentence = detail.filter(|detail| detail.starts_with(title)).unwrap_or(title);
    let (mut code, mut more) = (None, Vec::new());
    for (name, value) in &problem {
        match name.as_str() {
            "code" => code = value.text(),
            "title" | "type" | "status" => {}
            "detail" if value.text() == Some(sentence) => {}
            name => more.push(format!("{name}: {}", show::value(value))),
        }
    }
    let more = if more.is_empty() { String::new() } else { format!("; {}", more.join(", ")) };
    Some(format!("{sentence} ({}{more})", code?))
}

/// An answer that is a refusal, as a failure.
fn refused(server: &Server, reply: &Reply) -> Failure {
    let sentence = refusal(reply);
    let ours = sentence.is_some();
    let (url, status) = (&server.url, reply.status);
    let sentence = sentence.unwrap_or_else(|| {
        told(format!("{url} answered {status}"), format!("{url}의 응답: {status}"))
    });
    let id = if reply.request_id.is_empty() {
        String::new()
    } else {
        format!(" [request {}]", reply.request_id)
    };
    let failure = clean(&format!("{sentence}{id}"));
    // An answer that is not one of our problems comes from a proxy, or another program.
    if ours { failure.into() } else { Unheard(failure).into() }
}

/// Sends the request and prints the answer.
///
/// # Errors
/// The server refuses, or cannot be asked.
pub fn ask<T: Verb + clap::Args + std::fmt::Debug>(asked: Asked<T>) -> Result<(), Failure> {
    let Asked { mut what, server } = asked;
    // What was typed wrongly is told before anything is asked for.
    what.request()?;
    let (key, own) = (server.key()?, uuid::Uuid::now_v7().to_string());
    what.prepare(&mut |path| {
        let reply = server.send(&Request::new("GET", path), &key, "")?;
        match reply.status {
            200..300 => Ok(serde_json::from_slice(&reply.body)?),
            _ => Err(refused(&server, &reply)),
        }
    })?;
    let mut request = what.request()?;
    let once = server.idempotency_key.as_deref().unwrap_or(&own);
    let path = request.path.clone();
    let mut pages: Option<Answer> = None;
    for _ in 0..PAGES_MAX {
        let reply = server.send(&request, &key, once)?;
        let text = String::from_utf8_lossy(&reply.body);
        if !(200..300).contains(&reply.status) {
            if server.json {
                print_out(format!("{text}\n"))?;
            }
            return Err(refused(&server, &reply));
        }
        let Ok(mut shown) = serde_json::from_slice::<Answer>(&reply.body) else {
            let done = what.done().filter(|_| reply.body.is_empty() && !server.json);
            return match done {
                Some(done) => print_out(format!("{done}\n")),
                None => print_out(&reply.body),
            };
        };
        let next = request.pages_of.and_then(|_| shown.get("next"));
        let next = next.and_then(Answer::text).map(str::to_owned);
        if let (Some(list), Some(before)) = (request.pages_of, &mut pages) {
            let more = shown.get_mut(list).map(std::mem::take);
            if let (Some(Answer::List(all)), Some(Answer::List(more))) =
                (before.get_mut(list), more)
            {
                all.extend(more);
            }
        } else {
            pages = Some(shown);
        }
        let Some(next) = next else { break };
        request.path.clone_from(&path);
        request = request.query("after", &next);
    }
    let shown = pages.unwrap_or_default();
    if server.json {
        print_out(format!("{}\n", serde_json::to_string_pretty(&shown)?))
    } else {
        print_out(show::text(&shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_sent_as_it_was_typed() {
        let request =
            Request::new("POST", "/x").query("at", "2027-05-01T19:00:00+09:00").query("b", "가 &");
        assert_eq!(request.path, "/x?at=2027-05-01T19%3A00%3A00%2B09%3A00&b=%EA%B0%80%20%26");
    }

    #[test]
    fn a_refusal_is_one_sentence_with_what_it_carries() {
        let body = br#"{"type":"urn:x","title":"No.","status":422,"code":"invalid_setting","field":"policy","limits":[1,2]}"#;
        let answer = Reply { status: 422, request_id: String::new(), body: body.to_vec() };
        assert_eq!(refusal(&answer).unwrap(), "No. (invalid_setting; field: policy, limits: 1, 2)");
        let body = br#"{"title":"No.","code":"x","detail":"No. It is: A.","seat_labels":[{"label":{"row":"5","seat":"6","section":"A"},"seat_number":101}]}"#;
        let answer = Reply { status: 409, request_id: String::new(), body: body.to_vec() };
        let told = "No. It is: A. (x; seat_labels: Section A, row 5, seat 6 (seat number 101))";
        assert_eq!(refusal(&answer).unwrap(), told);
        let body = b"<html>Bad gateway</html>".to_vec();
        assert_eq!(refusal(&Reply { status: 502, request_id: String::new(), body }), None);
    }
}
