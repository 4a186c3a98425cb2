//! Whatever may come in, without a server around it: nothing panics; what is taken says the same when it
//! is written again.

use boxoffice_core::id::{ConcertId, DateId, PlaceKey, QueueId, ReservationId, UserId, Uuid};
use boxoffice_core::ticket::Ticket;
use boxoffice_core::time::Time;
use boxoffice_server::http::address::{FORWARDED_FOR, Origin};
use boxoffice_server::http::lang::Lang;
use boxoffice_server::http::proxy::announced;
use boxoffice_server::networks::Networks;
use boxoffice_server::sheet::{self, Column, Refused};
use boxoffice_server::text;
use boxoffice_server::tickets::{Signer, parts_of, public_keys, ticket_id, verify};
use boxoffice_server::tokens::{
    External, KeyFile, KeyPair, Keyring, Place, Trust, Use, queue_claims,
};
use encoding_rs::EUC_KR;
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::net::IpAddr;

/// Runs `check` on so many inputs, times `FUZZ_TIMES`.
fn fuzz<S: Strategy>(cases: u32, inputs: S, check: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let times = std::env::var("FUZZ_TIMES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let config = Config { cases: cases * times, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&inputs, check);
    result.unwrap_or_else(|failed| panic!("{failed}"));
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

const COLUMNS: &[Column] =
    &[Column { name: "number", also: &["번호"] }, Column { name: "zone", also: &[] }];

/// Number and zone of each row.
fn read(bytes: &[u8], charset: Option<&str>) -> Result<Vec<(u64, String)>, Refused> {
    let mut rows = Vec::new();
    let read = sheet::read(bytes, charset, COLUMNS, 100, |row| {
        let number = row.read(0, |value| Ok(sheet::whole(value)?.0));
        let zone = row.read(1, |value| text::title(value).map_err(sheet::Reason::Text));
        rows.extend(number.zip(zone));
    });
    read.map(|()| rows)
}

#[test]
fn fuzz_files() {
    let labels =
        vec!["utf-8", "utf-16", "utf-16be", "euc-kr", "cp949", "latin1", "gbk", "nonsense", ""];
    let charset = prop::option::of(prop::sample::select(labels));
    let pieces = vec![
        &b"number,zone\n"[..],
        b"sep=;\n",
        b"\xEF\xBB\xBF",
        b"\xFF\xFE",
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"1",
        b"1,000",
        b"1E5",
        b"=\"1\"",
        b"R",
        b"\0",
        b" ",
        "구역".as_bytes(),
        b"\xB1\xB8\xBF\xAA",
        b"zone",
        b"number",
        b"-",
        b"\xFF",
        b"'",
        b"\xE2\x82\xA9",
    ];
    let pieces = prop::collection::vec(prop::sample::select(pieces), 0..40);
    let file = prop_oneof![bytes(200), pieces.prop_map(|pieces| pieces.concat())];
    fuzz(8_000, (file, charset), |(file, charset)| {
        if let Err(Refused::Faults(faults)) = read(&file, charset) {
            prop_assert!(faults.total > 0 && !faults.listed.is_empty());
            for fault in &faults.listed {
                let shown = [fault.column.clone(), fault.value.clone(), Some(fault.line())];
                for text in shown.into_iter().flatten() {
                    prop_assert!(text::check(&text).is_ok(), "{text:?}");
                }
            }
        }
        Ok(())
    });
}

/// What the `csv` crate writes is read the same, in each encoding.
#[test]
fn fuzz_files_by_another_hand() {
    let zone = prop_oneof![
        "[A-Za-z][ -~&&[^\\\\]]{0,10}",
        "[가-힣]{1,8}[,;\"\t]?석",
        "[가-힣 ,;\"]{1,8}층"
    ];
    let rows = prop::collection::vec((any::<u64>(), zone), 1..8);
    let separator = prop::sample::select(vec![b',', b';', b'\t']);
    let always = any::<bool>();
    fuzz(1_500, (rows, separator, always, 0usize..5), |(rows, separator, always, encoding)| {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(separator)
            .terminator(csv::Terminator::CRLF)
            .quote_style(style)
            .from_writer(Vec::new());
        writer.write_record(["번호", "zone"]).expect("written");
        for (number, zone) in &rows {
            writer.write_record([&number.to_string(), zone]).expect("written");
        }
        let text = String::from_utf8(writer.into_inner().expect("whole")).expect("text");
        let utf16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect();
        let (file, charset) = match encoding {
            0 => (text.clone().into_bytes(), None),
            1 => (format!("\u{FEFF}{text}").into_bytes(), None),
            2 => (utf16(u16::to_le_bytes), None),
            3 => (utf16(u16::to_be_bytes), Some("utf-16be")),
            _ => (EUC_KR.encode(&text).0.into_owned(), None),
        };
        // Tabs within a text are refused, formulas too; all else is read as it was written.
        let refused =
            rows.iter().any(|(_, zone)| text::title(zone).is_err() || zone.starts_with('='));
        match read(&file, charset) {
            Ok(seen) => {
                prop_assert!(!refused);
                let want: Vec<_> = rows
                    .iter()
                    .map(|(n, zone)| (*n, text::title(zone).expect("a title")))
                    .collect();
                prop_assert_eq!(seen, want);
            }
            Err(why) => prop_assert!(refused, "{why:?} {text:?}"),
        }
        Ok(())
    });
}

#[test]
fn fuzz_texts() {
    let text =
        prop_oneof![any::<String>(), "[a-zA-Z가-힣ㄱ-ㅎぁ-んа-яＡ-Ｚ0-9._-]{0,70}", "\\PC{0,40}"];
    fuzz(20_000, text, |raw| {
        if let Ok(title) = text::title(&raw) {
            prop_assert_eq!(text::title(&title), Ok(title.clone()));
            prop_assert!(text::check(&title).is_ok());
        }
        if let Ok(name) = text::username(&raw) {
            prop_assert_eq!(text::username(&name), Ok(name.clone()));
            prop_assert!(text::look(&name).is_some());
            // The name, in whatever form it is typed, is counted as one account.
            prop_assert_eq!(text::Names::of(&raw).account(), text::Names::of(&name).account());
            prop_assert!(text::Names::of(&raw).exact.contains(&name));
        }
        if let Ok(password) = text::password(&raw) {
            prop_assert_eq!(text::password(&password), Ok(password.clone()));
            prop_assert_eq!(&text::passwords(&raw)[0], &password);
        }
        prop_assert!(text::check(&text::printable(&raw, 20)).is_ok());
        Ok(())
    });
}

fn keyring() -> Keyring {
    let key = KeyPair { kid: "k".into(), secret: vec![7; 32], created_at: Time(0) };
    Keyring::new(&KeyFile { keys: vec![key] })
}

/// A token is itself, or nothing.
#[test]
fn fuzz_tokens() {
    let keyring = keyring();
    let now = Time(1_000_000);
    let ids = (any::<u128>(), any::<u128>(), any::<u64>(), prop::option::of(any::<u64>()));
    let change = (any::<prop::sample::Index>(), any::<char>());
    fuzz(
        3_000,
        (ids, change, any::<String>()),
        |((user, concert, sequence, number), change, other)| {
            let user = UserId(Uuid::from_u128(user));
            let own = number.map(|number| Uuid::from_u128(number.into()));
            let queue = QueueId::named(ConcertId(Uuid::from_u128(concert)), own);
            let place = PlaceKey { queue, sequence };
            let claims = queue_claims(user, place, number, now, Time(2_000_000));
            let token = keyring.queue(&claims).expect("a key");
            prop_assert_eq!(keyring.verify_queue(&token, now), Some(claims.clone()));
            prop_assert_eq!(claims.place(), place);
            let identity = keyring.identity(Use::Identity, user, now, 60_000).expect("a key");
            let verified = keyring.verify_identity(&identity, Use::Identity, now);
            prop_assert_eq!(verified.map(|claims| claims.sub), Some(user));
            prop_assert_eq!(keyring.verify_identity(&token, Use::Identity, now), None);
            for token in [&token, &identity] {
                let mut chars: Vec<char> = token.chars().collect();
                let at = change.0.index(chars.len());
                chars[at] = change.1;
                let changed: String = chars.into_iter().collect();
                if changed != *token {
                    prop_assert_eq!(keyring.verify_queue(&changed, now), None);
                    prop_assert_eq!(keyring.verify_identity(&changed, Use::Identity, now), None);
                }
            }
            let _ = keyring.is_ours(&other);
            prop_assert_eq!(keyring.verify_queue(&other, now), None);
            Ok(())
        },
    );
}

/// A code of a ticket is itself, or nothing.
#[test]
fn fuzz_ticket_codes() {
    let key = KeyPair { kid: "k".into(), secret: vec![7; 32], created_at: Time(0) };
    let file = KeyFile { keys: vec![key] };
    let (signer, keys) = (Signer::new(&file).expect("a key"), public_keys(&file));
    let ticket = (any::<u128>(), any::<u128>(), any::<u32>(), any::<u16>());
    let change = (any::<prop::sample::Index>(), "[0-9A-Z $%*+./:-]");
    let other = prop_oneof![any::<String>(), "[0-9A-Z $%*+./:-]{0,170}"];
    fuzz(1_000, (ticket, change, other), |((date, reservation, seat, version), change, other)| {
        let (date, reservation) = (Uuid::from_u128(date), Uuid::from_u128(reservation));
        let (date, reservation) = (DateId(date), ReservationId(reservation));
        let ticket = Ticket { date, reservation, seat, version };
        let mut code = signer.code(&ticket);
        prop_assert_eq!(verify(&keys, &code), Ok(ticket));
        prop_assert_eq!(parts_of(&ticket_id(&ticket)), Some((reservation, seat)));
        let at = change.0.index(code.len());
        if code[at..=at] != change.1 {
            code.replace_range(at..=at, &change.1);
            prop_assert!(verify(&keys, &code).is_err());
        }
        prop_assert!(verify(&keys, &other).is_err());
        let _ = parts_of(&other);
        Ok(())
    });
}

#[test]
fn fuzz_key_sets() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.json");
    let word = prop::sample::select(vec![
        "RSA",
        "EC",
        "oct",
        "OKP",
        "P-256",
        "P-384",
        "Ed25519",
        "sig",
        "enc",
        "RS256",
        "ES256",
        "HS256",
        "none",
        "AQAB",
        "",
        "k",
        "!",
        "fB0Nxer3_qSQszq7PXcfSy0ldCy3aEgxAM4VIbjuLZA",
    ]);
    let name = prop::sample::select(vec![
        "kty", "crv", "use", "alg", "kid", "n", "e", "x", "y", "k", "key_ops", "x5c",
    ]);
    let key = prop::collection::btree_map(name, word.clone(), 0..8);
    let token = prop_oneof![
        any::<String>(),
        ("[A-Za-z0-9_-]{0,40}", "[A-Za-z0-9_-]{0,40}", "[A-Za-z0-9_-]{0,90}")
            .prop_map(|(a, b, c)| format!("{a}.{b}.{c}")),
        (word.clone(), word).prop_map(|(alg, kid)| {
            use base64::Engine;
            use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
            let header = serde_json::json!({ "alg": alg, "kid": kid, "typ": "JWT" });
            let claims =
                serde_json::json!({ "iss": "i", "aud": "a", "sub": "s", "exp": 9_999_999_999_i64 });
            format!(
                "{}.{}.{}",
                BASE64.encode(header.to_string()),
                BASE64.encode(claims.to_string()),
                BASE64.encode([0; 64])
            )
        }),
    ];
    let set = prop_oneof![
        4 => prop::collection::vec(key, 0..4).prop_map(|keys| serde_json::json!({ "keys": keys }).to_string().into_bytes()),
        1 => bytes(100),
    ];
    fuzz(1_500, (set, token), |(set, token)| {
        std::fs::write(&path, &set).expect("written");
        let place = Place::File(path.clone());
        let trust = Trust { place, issuer: "i".into(), audience: "a".into(), leeway_ms: 0 };
        if let Ok(external) = External::open(trust) {
            prop_assert!(runtime.block_on(external.verify(&token, Time(0))).is_err());
        }
        Ok(())
    });
}

#[test]
fn fuzz_languages() {
    let header = prop_oneof![
        bytes(80),
        "(ko|en|\\*|de|ko-KR)(;q=[0-9.eE+-]{0,8})?(, ?(ko|en)(;q=(1|0\\.5|NaN|inf|-1))?){0,6}"
            .prop_map(String::into_bytes),
    ];
    fuzz(5_000, header, |header| {
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            prop_assert!(matches!(Lang::of(Some(&value)), Lang::En | Lang::Ko));
        }
        Ok(())
    });
}

/// What a proxy says, in the connection's first bytes and in headers.
#[test]
fn fuzz_proxies() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let second = (any::<u8>(), any::<u8>(), any::<u16>(), bytes(60)).prop_map(
        |(command, family, length, rest)| {
            let length = (length % 80).to_be_bytes();
            [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[0x20 | (command & 0x1F), family], &length, &rest]
                .concat()
        },
    );
    let first = "PROXY (TCP4|TCP6|UNKNOWN|UDP4) ?[0-9a-f.:]{0,20} ?[0-9a-f.:]{0,20} ?[0-9]{0,6} ?[0-9]{0,6}(\r\n)?.{0,20}";
    let begun = prop_oneof![bytes(150), second, first.prop_map(String::into_bytes)];
    let listed = prop_oneof![
        "[0-9a-f.:\\[\\], ]{0,60}",
        "[ -~]{0,40}",
        "((1|10)\\.[0-9]{1,3}\\.0\\.1(:80)?, ?){0,4}::1"
    ];
    let trusted: Networks = "10.0.0.0/8,fd00::/8".parse().expect("networks");
    fuzz(
        8_000,
        (begun, prop::collection::vec(listed, 0..3), any::<u32>()),
        |(begun, listed, peer)| {
            let mut stream = &begun[..];
            let _ = runtime.block_on(announced(&mut stream));
            // It takes a header and not a byte more, so that what it leaves is the end of what came.
            prop_assert!(begun.ends_with(stream));
            let mut headers = HeaderMap::new();
            for line in &listed {
                headers.append(FORWARDED_FOR, HeaderValue::from_str(line).expect("a header"));
            }
            let peer = IpAddr::from(peer.to_be_bytes());
            for peer in [peer, IpAddr::from([10, 0, 0, 1])] {
                let client = Origin { peer, announced: None }.client(&headers, &trusted);
                // Nobody who is not trusted speaks for others.
                if !trusted.contain(peer) && !peer.is_loopback() {
                    prop_assert_eq!(client.0, Some(peer));
                }
            }
            Ok(())
        },
    );
}
