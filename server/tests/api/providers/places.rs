//! Where keys come from: a file that changes, an address that is asked.

use super::{ISSUER, NOW, UNKNOWN_KEY, ec, headed, okp, set, trust, write};
use boxoffice_server::tokens::{External, Place, Refused, Trust};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const UNKNOWN: Refused = Refused(UNKNOWN_KEY);

#[test]
fn addresses_that_can_be_trusted() {
    let is_trusted = |url: &str| Place::Url(url.into()).is_trusted();
    let good = ["https://id.example.com/jwks", "https://id.example.com", "http://127.0.0.1:9/x"];
    assert!(good.into_iter().chain(["http://localhost/k", "http://[::1]:9"]).all(is_trusted));
    for bad in [
        "http://id.example.com/jwks",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "http://127.0.0.1@example.com/",
        "https://",
        "https:///jwks",
        "file:///etc/passwd",
        "https://a b",
        "",
    ] {
        assert!(!is_trusted(bad), "{bad}");
    }
}

/// F9: a key that a provider has changed to is taken when a token names it; a file that is spoilt changes
/// nothing.
#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    write(&path, &set(&[okp()]));
    let provider = External::open(trust(Place::File(path.clone()))).unwrap();
    let token = headed(json!({}));
    assert_eq!(provider.verify(&token, NOW).await, Err(UNKNOWN));
    write(&path, &set(&[okp(), ec(json!({}))]));
    assert!(provider.verify(&token, NOW).await.is_ok());
    std::fs::write(&path, "{").unwrap();
    assert!(provider.verify(&token, NOW).await.is_ok());
    assert_eq!(provider.verify(&headed(json!({ "kid": "?" })), NOW).await, Err(UNKNOWN));
    assert!(provider.verify(&token, NOW).await.is_ok(), "the keys stay as they were");
    write(&path, &set(&[okp()]));
    assert_eq!(provider.verify(&headed(json!({ "kid": "?" })), NOW).await, Err(UNKNOWN));
    assert_eq!(provider.verify(&token, NOW).await, Err(UNKNOWN), "it was withdrawn");
    assert!(External::open(trust(Place::File(folder.path().join("none")))).is_err());
}

/// M9: a provider that withdraws all its keys is heard: by a set without any, and by one whose key verifies no
/// more. What is no set withdraws nothing.
#[tokio::test]
async fn all_keys_can_be_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let token = headed(json!({}));
    for withdrawn in [set(&[]), set(&[ec(json!({ "key_ops": ["sign"] }))])] {
        write(&path, &set(&[ec(json!({}))]));
        let provider = External::open(trust(Place::File(path.clone()))).unwrap();
        assert!(provider.verify(&token, NOW).await.is_ok());
        for no_set in ["{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, ""] {
            write(&path, no_set.as_bytes());
            // Has the file looked at.
            assert!(provider.verify(&headed(json!({ "kid": "?" })), NOW).await.is_err());
            assert!(provider.verify(&token, NOW).await.is_ok(), "{no_set:?}");
        }
        write(&path, &withdrawn);
        assert!(provider.verify(&headed(json!({ "kid": "?" })), NOW).await.is_err());
        assert_eq!(provider.verify(&token, NOW).await, Err(UNKNOWN));
        write(&path, &set(&[ec(json!({}))]));
        assert!(provider.verify(&token, NOW).await.is_ok(), "and given again");
    }
}

/// A provider that answers each question with the next of these bodies; how often it was asked.
fn serving(bodies: Vec<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for body in bodies {
            let (mut connection, _) = listener.accept().unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = connection.read(&mut [0; 4096]);
            let size = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n");
            let _ = connection.write_all(&[head.into_bytes(), body].concat());
        }
    });
    (url, asked)
}

/// An address is asked when a token names a key that is not known, once for all who wait and not again for a
/// while, however many such tokens come; what is too large, or no set, changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_asked_when_a_key_is_not_known() {
    let large = vec![b' '; 300 * 1024];
    let both = set(&[okp(), ec(json!({}))]);
    let first = || set(&[okp()]);
    let (url, asked) = serving(vec![first(), first(), both, b"nonsense".to_vec(), large]);
    let times = || asked.load(Ordering::SeqCst);
    let unknown = headed(json!({ "kid": "?" }));
    let provider = External::open(trust(Place::Url(url.clone()))).unwrap();
    for _ in 0..50 {
        assert_eq!(provider.verify(&unknown, NOW).await, Err(UNKNOWN));
    }
    assert_eq!(times(), 1, "at the start only");
    let provider = External::open_with(trust(Place::Url(url)), Duration::ZERO);
    let provider = Arc::new(provider.unwrap());
    let many = (0..20).map(|_| {
        let provider = Arc::clone(&provider);
        tokio::spawn(async move { provider.verify(&headed(json!({})), NOW).await })
    });
    for one in many.collect::<Vec<_>>() {
        assert!(one.await.unwrap().is_ok());
    }
    assert_eq!(times(), 3, "once for all");
    for _ in 0..2 {
        assert_eq!(provider.verify(&unknown, NOW).await, Err(UNKNOWN));
    }
    assert_eq!(times(), 5);
    assert!(provider.verify(&headed(json!({})), NOW).await.is_ok(), "the keys stay as they were");
}

/// A provider that is not there keeps nobody else out, and is refused where it cannot be trusted.
#[test]
fn an_address_that_does_not_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert!(External::open(trust(Place::Url(url))).is_ok());
    assert!(External::open(trust(Place::Url("http://id.example.com/".into()))).is_err());
    let issuer = format!("{ISSUER}/{}", "x".repeat(500));
    assert!(External::open(Trust { issuer, ..trust(Place::File("none".into())) }).is_err());
}
