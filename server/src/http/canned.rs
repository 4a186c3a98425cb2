//! What hyper answers by itself. A head that is none or too large never reaches the router: hyper writes
//! a bare status and closes. Here that answer gets the body of a problem like every other.

use super::lang::Lang;
use super::problem::{Code, Problem};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Longest head of an answer without a body that is looked at, bytes.
const HEAD_MAX: usize = 256;

/// A connection whose bare refusals are written out.
pub struct Canned<T> {
    io: T,
    /// A refusal on its way, and how much of it was sent.
    refusal: Vec<u8>,
    sent: usize,
}

/// Every answer of the router has this header, and none of hyper's own.
const OURS: &str = "x-content-type-options";

/// The same answer with a body, where these bytes are a bare refusal.
fn written_out(head: &[u8]) -> Option<Vec<u8>> {
    if head.len() > HEAD_MAX || !head.starts_with(b"HTTP/1.") || !head.ends_with(b"\r\n\r\n") {
        return None;
    }
    let text = std::str::from_utf8(head).ok()?;
    let code = match text.get(9..12)? {
        "400" => Code::InvalidRequest,
        "414" => Code::TargetTooLong,
        "431" => Code::HeadersTooLarge,
        _ => return None,
    };
    if text.contains(OURS) || !text.contains("content-length: 0\r\n") {
        return None;
    }
    let body = Problem::of(code).body(Lang::En);
    let length = format!(
        "content-type: application/problem+json\r\ncontent-language: en\r\n{OURS}: nosniff\r\n\
         cache-control: no-store\r\ncontent-length: {}\r\n",
        body.len()
    );
    Some((text.replace("content-length: 0\r\n", &length) + &body).into_bytes())
}

impl<T: Write + Unpin> Canned<T> {
    /// Over a connection.
    pub const fn new(io: T) -> Self {
        Self { io, refusal: Vec::new(), sent: 0 }
    }

    fn poll_refusal(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(rest) = self.refusal.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(Error::from(ErrorKind::WriteZero))),
                count => self.sent += count,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Keeps the refusal that is to be sent instead of these bytes.
    fn takes(&mut self, head: &[u8]) -> bool {
        let Some(refusal) = written_out(head) else { return false };
        (self.refusal, self.sent) = (refusal, 0);
        true
    }
}

impl<T: Read + Unpin> Read for Canned<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for Canned<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        ready!(self.poll_refusal(context))?;
        if self.takes(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        ready!(self.poll_refusal(context))?;
        let mut filled = parts.iter().filter(|part| !part.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next())
            && self.takes(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_refusal(context))?;
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_refusal(context))?;
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_refusals_are_written_out() {
        let bare = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let text = String::from_utf8(written_out(bare.as_bytes()).unwrap()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{text}");
        assert!(body.contains("\"code\":\"headers_too_large\""), "{text}");
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 5\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nx-content-type-options: nosniff\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n{}",
            "",
        ] {
            assert!(written_out(other.as_bytes()).is_none(), "{other}");
        }
    }
}
