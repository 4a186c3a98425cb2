//! Texts that people send, and the files of operators: one form, and what is wrong is told.

use crate::world::{Ask, Sale, post};
use boxoffice_core::command::Command;
use boxoffice_core::id::UserId;
use boxoffice_core::user::Register;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// "한글비밀번호입니다" as Windows types it, and as some other systems do.
const COMPOSED: &str = "한글비밀번호입니다";
const DECOMPOSED: &str = "\u{1112}\u{1161}\u{11AB}\u{1100}\u{1173}\u{11AF}\u{1107}\u{1175}\u{1106}\u{1175}\u{11AF}\u{1107}\u{1165}\u{11AB}\u{1112}\u{1169}\u{110B}\u{1175}\u{11B8}\u{1102}\u{1175}\u{1103}\u{1161}";

fn account(path: &str, username: &str, password: &str) -> Ask {
    post(path).json(&json!({ "username": username, "password": password }))
}

fn sign_up(username: &str, password: &str) -> Ask {
    account("/api/v1/users", username, password)
}

fn sign_in(username: &str, password: &str) -> Ask {
    account("/api/v1/sessions", username, password)
}

/// K4, F5: a password and a name are the same in whatever form a system types them.
#[tokio::test]
async fn what_looks_equal_is_equal() {
    let sale = Sale::new();
    sale.send(sign_up("김미나", COMPOSED)).await.want(201);
    sale.send(sign_up("noah", DECOMPOSED)).await.want(201);
    let mina = "\u{1100}\u{1175}\u{11B7}\u{1106}\u{1175}\u{1102}\u{1161}";
    for (username, password) in
        [("김미나", DECOMPOSED), (mina, COMPOSED), (mina, DECOMPOSED), ("ＮＯＡＨ", COMPOSED)]
    {
        sale.send(sign_in(username, password)).await.want(201);
    }
    sale.send(sign_up(mina, "correct horse")).await.refused(409, "username_taken");
    sale.send(sign_in(mina, "correct horse")).await.refused(401, "credentials_wrong");
}

/// S20: names that look alike are one: taken for others, and the owner's own.
#[tokio::test]
async fn names_that_look_alike_are_one() {
    let sale = Sale::new();
    sale.send(sign_up("admin", "correct horse")).await.want(201);
    for alike in ["аdmin", "ａdmin", "ADMIN", "аԁmіn", "𝐚𝐝𝐦𝐢𝐧", "admın"] {
        let seen = sale.send(sign_up(alike, "correct horse")).await;
        let refused = [("username_taken", 409), ("invalid_body", 400)];
        assert!(
            refused.contains(&(seen.code().as_str(), seen.status)),
            "{alike}: {}",
            seen.shown()
        );
    }
    sale.send(sign_up("аdmin", "correct horse")).await.refused(409, "username_taken");
    sale.send(sign_in("аdmin", "correct horse")).await.want(201);
    // In one batch, too: the write path decides both at once.
    let both = ["paypal", "раураl"].map(|name| sign_up(name, "correct horse"));
    let mut seen: Vec<u16> = sale.all(both).await.iter().map(|seen| seen.status).collect();
    seen.sort_unstable();
    assert_eq!(seen, [201, 409]);
}

/// An account of an older version: its name and password as they were typed then, and a look that another
/// account has.
#[tokio::test]
async fn older_accounts_sign_in_as_before() {
    let sale = Sale::new();
    sale.send(sign_up("admin", "correct horse")).await.want(201);
    let older = |password: &str| {
        use argon2::password_hash::PasswordHasher;
        let hashed =
            argon2::Argon2::default().hash_password_with_salt(password.as_bytes(), &[1; 16]);
        hashed.unwrap().to_string()
    };
    let names =
        [("аdmin", "decomposed"), ("ａdmin", "wide"), ("\u{3164}\u{3164}\u{3164}", "fillers")];
    for (at, (username, _)) in names.into_iter().enumerate() {
        let register = Register {
            user: UserId(boxoffice_core::id::Uuid::from_u128(at as u128 + 1)),
            username: username.into(),
            look: format!("not yet {at}"),
            password_hash: older(&format!("{DECOMPOSED}\u{200B}{at}")),
        };
        sale.app.outcome(Command::Register(register), None).await.expect("registered");
    }
    for (at, (username, _)) in names.into_iter().enumerate() {
        let password = format!("{DECOMPOSED}\u{200B}{at}");
        let seen = sale.send(sign_in(username, &password)).await.want(201);
        let id = boxoffice_core::id::Uuid::from_u128(at as u128 + 1).to_string();
        assert_eq!(seen["user_id"], id.as_str(), "{username}");
    }
}

/// F16: what shows nothing, controls or turns is refused wherever a text comes in.
#[tokio::test]
async fn what_cannot_be_seen_is_refused_everywhere() {
    let sale = Sale::new();
    let show = sale.concert(json!({})).await;
    let concert = |change: Value| {
        let mut body = json!({ "name": "n", "theater": "t", "run_time_minutes": 90, "opens_at": "2027-01-01T00:00:00Z" });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        post("/api/v1/admin/concerts").operator().json(&body)
    };
    let before = sale.dump();
    for unseen in [
        "\0",
        "\n",
        "\u{1B}[2J",
        "\u{85}",
        "\u{200B}",
        "\u{202E}",
        "\u{2066}",
        "\u{3164}",
        "\u{115F}",
        "\u{2800}",
        "\u{FEFF}",
        "\u{FFFD}",
    ] {
        let text = format!("a{unseen}b");
        let dates = json!([{ "starts_at": "2027-05-02T19:00:00Z", "seats": [{ "from": 1, "to": 1, "zone": text, "price": 1 }] }]);
        let path = format!("/api/v1/admin/concerts/{}/", show.id);
        for ask in [
            concert(json!({ "name": text })),
            concert(json!({ "theater": text })),
            concert(json!({ "draw_beacon": text })),
            concert(json!({ "dates": dates })),
            post(format!("{path}dates")).operator().json(&dates[0]),
            crate::world::put(format!("{path}draw")).operator().json(&json!({ "value": text })),
            sign_up(&format!("abc{text}"), "correct horse"),
            sign_up("abc", &format!("correct horse{text}")),
        ] {
            let path = ask.path.clone();
            let seen = sale.send(ask).await;
            assert_eq!(
                (seen.status, seen.code().as_str()),
                (422, "invalid_text"),
                "{path} {text:?}"
            );
        }
    }
    for blank in ["", "  ", "\u{3000}", "\u{A0}"] {
        sale.send(concert(json!({ "name": blank }))).await.refused(422, "invalid_setting");
    }
    assert_eq!(sale.dump(), before);
    let seen = sale.send(concert(json!({ "name": "a\0b", "theater": "c\u{202E}d" }))).await;
    assert_snapshot!(seen.shown(), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "invalid_text"
    faults: [{"detail":"contains the control character U+0000","pointer":"/name","reason":"control_character","value":"a\\u{0}b"},{"detail":"contains U+202E, which changes the text direction","pointer":"/theater","reason":"direction_character","value":"c\\u{202e}d"}]
    faults_total: 2
    status: 422
    title: "The text contains a character that cannot be displayed."
    type: "urn:boxoffice:problem:invalid_text"
    "#);
    let seen = sale.send(concert(json!({ "name": "a\0b" })).header("accept-language", "ko")).await;
    assert_eq!(seen.json()["faults"][0]["detail"], "제어 문자 U+0000가 있습니다");
}

/// F1, F3, F4: a file is refused with all that is wrong, in the language of whoever sends it; and what is
/// sent in another charset is read as it is meant.
#[tokio::test]
async fn files_are_read_or_refused() {
    let sale = Sale::new();
    let show = sale.concert(json!({ "dates": [] })).await;
    let mut day = 0;
    let mut csv = |media_type: &str, body: &[u8]| {
        day += 1;
        let path = format!(
            "/api/v1/admin/concerts/{}/dates?starts_at=2027-05-{day:02}T19:00:00Z",
            show.id
        );
        post(path).operator().body(media_type, body)
    };
    let text = "좌석번호,가격,구역\r\n1,\"150,000\",101\r\n2,\"150,000\",101\r\n";
    let (korean, ..) = encoding_rs::EUC_KR.encode(text);
    for media_type in [
        "text/csv",
        "text/csv; charset=euc-kr",
        "text/csv;charset=\"CP949\"",
        "application/vnd.ms-excel",
    ] {
        sale.send(csv(media_type, &korean)).await.want(201);
    }
    sale.send(csv("text/csv; charset=utf-8", &korean)).await.refused(422, "invalid_file");
    let seen = sale.send(csv("text/csv; charset=utf-7", &korean)).await;
    assert_snapshot!(seen.shown(), @r#"
    415
    content-type: application/problem+json
    content-language: en

    charset: "utf-7"
    code: "unsupported_charset"
    status: 415
    supported: ["utf-8","utf-16","utf-16le","utf-16be","euc-kr","cp949"]
    title: "The charset of this file is not supported."
    type: "urn:boxoffice:problem:unsupported_charset"
    "#);
    let wrong =
        "seat_number;price;zone;row\r\n\r\n1;1.000;R;\r\n1;1,5;\u{202E}R;x\r\n-1;1000000000;R;\r\n";
    let seen = sale.send(csv("text/csv", wrong.as_bytes())).await;
    assert_snapshot!(seen.shown(), @r#"
    422
    content-type: application/problem+json
    content-language: en

    code: "invalid_file"
    columns: ["seat_number","zone","price"]
    faults: [{"column":"row","detail":"there is no column of this name","reason":"unknown_column","row":1},{"column":"seat_number","detail":"is already in row 3","reason":"doubled","row":4,"value":"1"},{"column":"zone","detail":"contains U+202E, which changes the text direction","reason":"direction_character","row":4,"value":"\\u{202e}R"},{"column":"price","detail":"has decimals, or seems to; only whole numbers are allowed","reason":"decimals","row":4,"value":"1,5"},{"column":"seat_number","detail":"below zero","reason":"negative","row":5,"value":"-1"},{"column":"price","detail":"must be 0 to 100000000","max":100000000,"min":0,"reason":"out_of_range","row":5,"value":"1000000000"}]
    faults_total: 6
    field: "seats"
    status: 422
    title: "The file has invalid values, so nothing was changed. See faults."
    type: "urn:boxoffice:problem:invalid_file"
    "#);
    let seen = sale.send(csv("text/csv", b"").header("accept-language", "ko")).await;
    let faults = json!([{ "reason": "no_head", "detail": "빈 파일입니다. 첫 행에 열 이름이 있어야 합니다" }]);
    assert_eq!(seen.json()["faults"], faults);
}
