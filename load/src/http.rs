//! HTTP/1.1 as a client speaks it: a request, its whole answer, and a connection that is kept.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, RETRY_AFTER,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::borrow::Cow;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// JSON; empty for none.
    pub body: String,
}

impl Ask {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), ..Self::default() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a JSON body.
    #[must_use]
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string();
        self
    }

    /// As hyper sends it; `named` is the address that it says it comes from, as a proxy would.
    fn request(
        &self,
        host: &str,
        named: Option<&str>,
    ) -> hyper::http::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().method(self.method).uri(&self.path).header(HOST, host);
        if let Some(address) = named {
            request = request.header("x-forwarded-for", address);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if self.method != "GET" {
            request = request.header(CONTENT_LENGTH, self.body.len());
        }
        request.body(Full::from(self.body.clone()))
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What `Retry-After` says, if anything.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    async fn of(response: Response<hyper::body::Incoming>) -> io::Result<Self> {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let retry_after = number(&head.headers, RETRY_AFTER).map(Duration::from_secs);
        Ok(Self { status: head.status.as_u16(), retry_after, body })
    }

    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The problem's code, empty where the answer is none.
    #[must_use]
    pub fn code(&self) -> Cow<'_, str> {
        #[derive(serde::Deserialize)]
        struct Code<'a> {
            #[serde(borrow)]
            code: Cow<'a, str>,
        }
        serde_json::from_slice(&self.body).map_or(Cow::Borrowed(""), |found: Code<'_>| found.code)
    }
}

fn number(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A connection that serves one request after another. A task reads and writes it until either side closes it.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// An answer whose body comes bit by bit, on a connection of its own.
pub struct Stream {
    body: hyper::body::Incoming,
    _sender: SendRequest<Full<Bytes>>,
}

impl Stream {
    /// What comes next of the body; `None` at its end.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            // Trailers say nothing here.
            if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

/// How a stream was answered.
pub enum Opened {
    /// It is there.
    Stream(Stream),
    /// Anything but 200.
    Refused(Answer),
}

/// How a request ended on a connection that was kept.
pub enum Sent {
    /// The whole answer, and the connection where it can be used again.
    Answered(Answer, Option<Connection>),
    /// The server had closed the connection: nothing was sent.
    Closed,
}

impl Connection {
    /// On a stream that is connected.
    ///
    /// # Errors
    /// The stream is broken.
    pub async fn over(stream: TcpStream) -> io::Result<Self> {
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // What goes wrong there is told to whoever sends.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { sender })
    }

    /// Whether the server has not closed it, as far as is known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request, and lets its body come bit by bit if it is answered 200.
    ///
    /// # Errors
    /// The connection broke, or the request is none.
    pub async fn open(mut self, ask: &Ask, host: &str, named: Option<&str>) -> io::Result<Opened> {
        let request = ask.request(host, named).map_err(io::Error::other)?;
        let response = self.sender.send_request(request).await.map_err(io::Error::other)?;
        if response.status() != hyper::StatusCode::OK {
            return Ok(Opened::Refused(Answer::of(response).await?));
        }
        Ok(Opened::Stream(Stream { body: response.into_body(), _sender: self.sender }))
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// The connection broke, or the request is none.
    pub async fn send(mut self, ask: &Ask, host: &str, named: Option<&str>) -> io::Result<Sent> {
        let request = ask.request(host, named).map_err(io::Error::other)?;
        let response = match self.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut why) => match why.take_message() {
                Some(_) => return Ok(Sent::Closed),
                None => return Err(io::Error::other(why.into_error())),
            },
        };
        let keeps = response
            .headers()
            .get(CONNECTION)
            .is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"close"));
        let answer = Answer::of(response).await?;
        // Ready again once the connection's task has seen the end of the answer.
        let is_kept = keeps && self.sender.ready().await.is_ok();
        Ok(Sent::Answered(answer, is_kept.then_some(self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that answers each connection's requests with these bytes, and then closes. What it was sent.
    async fn server(
        answers: &'static [&'static str],
    ) -> (Connection, tokio::task::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        let told = tokio::spawn(async move {
            let mut told = Vec::new();
            for answer in answers {
                let mut buffer = vec![0; 4096];
                let length = peer.read(&mut buffer).await.unwrap();
                told.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                peer.write_all(answer.as_bytes()).await.unwrap();
            }
            told
        });
        (Connection::over(stream).await.unwrap(), told)
    }

    #[tokio::test]
    async fn a_request_is_put_on_the_wire_as_it_is() {
        let asks = [
            Ask::new("GET", "/a?b").with("x-queue-token", "t"),
            Ask::new("POST", "/a").json(&serde_json::json!({})),
            Ask::new("POST", "/a"),
        ];
        let expected = [
            "GET /a?b HTTP/1.1\r\nhost: h:1\r\nx-queue-token: t\r\n\r\n",
            "POST /a HTTP/1.1\r\nhost: h:1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
            "POST /a HTTP/1.1\r\nhost: h:1\r\ncontent-length: 0\r\n\r\n",
        ];
        let (connection, told) = server(&["HTTP/1.1 204 No Content\r\n\r\n"; 3]).await;
        let mut connection = Some(connection);
        for ask in &asks {
            let kept = connection.take().expect("the connection is kept");
            let Sent::Answered(answer, again) = kept.send(ask, "h:1", None).await.unwrap() else {
                panic!("no answer");
            };
            assert_eq!(answer.status, 204);
            connection = again;
        }
        assert_eq!(told.await.unwrap(), expected);
    }

    /// A body in chunks, an interim answer, and an answer that ends the connection.
    #[tokio::test]
    async fn answers_are_read_as_http_has_them() {
        let (connection, _told) = server(&[
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 429 x\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n\
             d\r\n{\"code\":\"busy\r\n2\r\n\"}\r\n0\r\n\r\n",
            "HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
        ])
        .await;
        let ask = Ask::new("GET", "/");
        let Sent::Answered(answer, Some(connection)) =
            connection.send(&ask, "h", Some("192.0.2.1")).await.unwrap()
        else {
            panic!("the connection is not kept");
        };
        assert_eq!((answer.status, answer.retry_after), (429, Some(Duration::from_secs(7))));
        assert_eq!(answer.code(), "busy");
        let last = connection.send(&ask, "h", None).await.unwrap();
        assert!(matches!(last, Sent::Answered(answer, None) if answer.body == "{}"));
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_is_none() {
        let (connection, _told) = server(&["HTTP/1.1 200 x\r\ncontent-length: 5\r\n\r\n{}"]).await;
        assert!(connection.send(&Ask::new("GET", "/"), "h", None).await.is_err());
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_told_from_one_that_broke() {
        let (connection, told) = server(&[]).await;
        told.await.unwrap();
        while connection.is_open() {
            tokio::task::yield_now().await;
        }
        let sent = connection.send(&Ask::new("GET", "/"), "h", None).await;
        assert!(matches!(sent, Ok(Sent::Closed)));
    }
}
