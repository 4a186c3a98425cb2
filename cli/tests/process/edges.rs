//! HTTP on the wire: heads and bodies that break a rule of RFC 9112 are refused with a problem, and the
//! operators' address is one of its own.

use crate::client::{Answer, Ask, Client, once};
use crate::runtime;
use crate::sandbox::Sandbox;
use std::net::SocketAddr;

/// Sends bytes and reads the answer.
async fn said(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(address).await.unwrap();
    client.send_raw(bytes).await.unwrap();
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    client.receive().await.unwrap_or_else(|error| panic!("{shown}: {error}"))
}

/// A head with these lines.
fn head(lines: &[&str]) -> Vec<u8> {
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// S17: each is answered with this status and a problem.
async fn refused(address: SocketAddr) {
    let get = "GET /livez HTTP/1.1";
    let post = "POST /api/v1/sessions HTTP/1.1";
    let json = "content-type: application/json";
    let long = format!("x: {}", "x".repeat(20_000));
    let many = vec!["x: y"; 200].join("\r\n");
    let target = format!("GET /api/v1/concerts?{} HTTP/1.1", "x".repeat(9_000));
    for (status, lines) in [
        (400, vec![get]),
        (400, vec![get, "host: a", "host: a"]),
        (400, vec![get, "host: a", "host: b"]),
        (400, vec![get, "host: a b"]),
        (400, vec![get, "host: a/b"]),
        (400, vec![get, "host: u@a"]),
        (400, vec![get, "host: a:b"]),
        (400, vec!["GET http://a/livez HTTP/1.1"]),
        (400, vec![get, "host: [::1]x"]),
        (400, vec![get, "host: [1]"]),
        (400, vec!["GET ftp://a/livez HTTP/1.1", "host: a"]),
        (400, vec!["GET https://a/livez HTTP/1.1", "host: a"]),
        (400, vec!["GET http://u@a/livez HTTP/1.1", "host: a"]),
        (400, vec!["GET http://a:99999/livez HTTP/1.1", "host: a"]),
        (400, vec!["GET * HTTP/1.1", "host: a"]),
        (400, vec!["GET a:80 HTTP/1.1", "host: a"]),
        (400, vec![get, "host: a", "x : y"]),
        (400, vec![get, "host: a", "x: y", " folded"]),
        (400, vec!["GET  /livez HTTP/1.1", "host: a"]),
        (400, vec!["GET /livez HTTP/3.7", "host: a"]),
        (400, vec![post, "host: a", json, "content-length: -1"]),
        (400, vec![post, "host: a", json, "content-length: 5", "content-length: 6"]),
        (400, vec![post, "host: a", json, "content-length: 5, 5"]),
        (400, vec![post, "host: a", json, "transfer-encoding: chunked, chunked"]),
        (
            400,
            vec![post, "host: a", json, "transfer-encoding: chunked", "transfer-encoding: chunked"],
        ),
        (400, vec![post, "host: a", json, "transfer-encoding: gzip"]),
        (400, vec!["POST /api/v1/sessions HTTP/1.0", "transfer-encoding: chunked"]),
        (413, vec![post, "host: a", json, "content-length: 9223372036854775808"]),
        (413, vec![post, "host: a", json, "content-length: 70000", "expect: 100-continue"]),
        (414, vec![&target, "host: a"]),
        (431, vec![get, "host: a", &long]),
        (431, vec![get, "host: a", &many]),
        (501, vec![post, "host: a", json, "transfer-encoding: gzip, chunked"]),
    ] {
        let answer = said(address, &head(&lines)).await;
        let shown = &lines[..lines.len().min(4)].join(" | ");
        let shown = &shown[..shown.len().min(120)];
        assert_eq!(answer.status, status, "{shown}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{shown}");
        assert_eq!(answer.json()["status"], status, "{shown}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{shown}");
    }
    for chunk in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}x\r\n0\r\n\r\n", "ffffffffffffffffff\r\n"] {
        let mut bytes = head(&[post, "host: a", json, "transfer-encoding: chunked"]);
        bytes.extend(chunk.as_bytes());
        let answer = said(address, &bytes).await;
        assert!((400..500).contains(&answer.status), "{chunk}: {}", answer.status);
    }
}

/// And what is only unusual is taken.
async fn taken(address: SocketAddr) {
    for lines in [
        vec!["GET /livez HTTP/1.1", "host: a"],
        vec!["GET /livez HTTP/1.1", "host: [::1]:8080"],
        vec!["GET /livez HTTP/1.1", "host:"],
        vec!["GET /livez HTTP/1.1", "host: a%41.example:80"],
        vec!["GET /livez HTTP/1.0"],
        vec!["GET http://other.example/livez HTTP/1.1", "host: a"],
        vec!["GET /livez HTTP/1.1", "HOST: a", "range: bytes=0-1", "if-match: \"x\""],
    ] {
        let answer = said(address, &head(&lines)).await;
        assert_eq!(answer.status, 200, "{lines:?}: {}", answer.body);
    }
    let body = "{\"username\":\"mina\",\"password\":\"correct horse\"}";
    let post = ["POST /api/v1/sessions HTTP/1.1", "host: a", "content-type: application/json"];
    let mut bytes = head(&[post.as_slice(), &["transfer-encoding: chunked"]].concat());
    bytes.extend(format!("{:x};ext=1\r\n{body}\r\n0\r\ntrailer: x\r\n\r\n", body.len()).as_bytes());
    assert_eq!(said(address, &bytes).await.code(), "credentials_wrong");
    // Two lengths: the chunks count, and the connection is closed, so that nobody reads the rest as a
    // request (RFC 9112 § 6.1).
    for lengths in [
        ["content-length: 2", "transfer-encoding: chunked"],
        ["transfer-encoding: chunked", "content-length: 2"],
    ] {
        let mut bytes = head(&[post.as_slice(), &lengths].concat());
        bytes.extend(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
        let answer = said(address, &bytes).await;
        assert_eq!(answer.code(), "credentials_wrong", "{lengths:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{lengths:?}");
    }
}

/// `Expect: 100-continue` is told to go on only where the body is wanted.
async fn continued(address: SocketAddr) {
    let mut client = Client::connect(address).await.unwrap();
    let lines = [
        "POST /api/v1/sessions HTTP/1.1",
        "host: a",
        "content-type: application/json",
        "content-length: 2",
        "expect: 100-continue",
    ];
    client.send_raw(&head(&lines)).await.unwrap();
    // An answer of its own, without a body or a length.
    assert!(
        client.receive().await.is_err_and(|error| error.to_string().contains("content-length"))
    );
    client.send_raw(b"{}").await.unwrap();
    assert_eq!(client.receive().await.unwrap().status, 400);
}

#[test]
fn rules_of_the_wire_hold() {
    let sandbox = Sandbox::new();
    let server = sandbox.start(&["--demo", "false", "--limits", "false"]);
    runtime().block_on(async {
        refused(server.address).await;
        taken(server.address).await;
        continued(server.address).await;
    });
    server.stop();
}

/// S14: operators have an address of their own, and the public one has nothing of theirs.
#[test]
fn operators_have_an_address_of_their_own() {
    let sandbox = Sandbox::new();
    let key = sandbox.operator_key();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = sandbox.start(&["--demo", "false", "--listen-operator", &free.to_string()]);
    runtime().block_on(async {
        let concert = format!("/api/v1/admin/concerts/{}", boxoffice_core::id::Uuid::nil());
        for path in ["/docs/", "/docs/codes", "/metrics", "/openapi.json", &concert] {
            let ask = Ask::get(path).with("x-api-key", &key);
            let public = once(server.address, &ask).await.unwrap();
            assert_eq!((public.status, public.code().as_str()), (404, "not_found"), "{path}");
            let operators = once(free, &ask).await.unwrap();
            assert!(operators.status == 200 || path == concert, "{path}: {}", operators.status);
            if path == concert {
                assert_eq!(operators.code(), "concert_not_found");
            }
        }
        for path in ["/", "/livez", "/readyz", "/api/v1/concerts"] {
            for address in [server.address, free] {
                assert_eq!(once(address, &Ask::get(path)).await.unwrap().status, 200, "{path}");
            }
        }
    });
    server.stop();
}
