//! Texts: forms, what is refused, and what looks alike.

use boxoffice_server::text::*;
use unicode_normalization::UnicodeNormalization;

/// What shows nothing, controls or turns is refused in every kind of text, wherever it stands.
#[test]
fn what_cannot_be_seen_is_refused() {
    let unseen = [
        '\0',
        '\t',
        '\n',
        '\r',
        '\u{1B}',
        '\u{7F}',
        '\u{85}',
        '\u{9B}',
        '\u{AD}',
        '\u{34F}',
        '\u{61C}',
        '\u{115F}',
        '\u{1160}',
        '\u{17B4}',
        '\u{180E}',
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{200E}',
        '\u{200F}',
        '\u{2028}',
        '\u{2029}',
        '\u{202A}',
        '\u{202E}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{2800}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{FFF9}',
        '\u{FFFD}',
        '\u{FFFE}',
        '\u{E000}',
        '\u{1D159}',
        '\u{E0041}',
        '\u{10FFFF}',
    ];
    for c in unseen {
        for text in
            [format!("abcdefgh{c}"), format!("{c}abcdefgh"), format!("abcd{c}efgh"), c.to_string()]
        {
            assert!(title(&text).is_err(), "{c:?} in {text:?}");
            assert!(password(&text).is_err(), "{c:?} in {text:?}");
            // White space around a name is no part of it.
            if !c.is_whitespace() || !text.trim().starts_with("abcdefgh") {
                let name = username(&text);
                assert!(name.is_err() || name.as_deref() == Ok("abcdefgh"), "{c:?} in {text:?}");
            }
        }
        let shown = printable(&format!("a{c}b"), 10);
        assert!(check(&shown).is_ok() && shown.contains("\\u{"), "{shown}");
    }
    assert_eq!(title("a\0b"), Err(Fault::Control('\0')));
    assert_eq!(title("a\u{202E}b"), Err(Fault::Turn('\u{202E}')));
    assert_eq!(title("\u{3164}"), Err(Fault::Invisible('\u{3164}')));
    for blank in ["", " ", "\u{3000}\u{A0}", "\u{2003}"] {
        assert_eq!(title(blank), Err(Fault::Blank), "{blank:?}");
    }
}

/// K4: what looks equal is equal, and what is shown stays as it was meant.
#[test]
fn titles_have_one_form() {
    for (raw, want) in [
        ("\u{1112}\u{1161}\u{11AB}", "한"),
        ("  Rose\u{A0}\u{3000} of  Versailles ", "Rose of Versailles"),
        ("Cafe\u{301}", "Café"),
        ("❤️ 1️⃣ 👩\u{200D}🎤", "❤️ 1️⃣ 👩\u{200D}🎤"),
        ("ＬＩＶＥ ㅋㅋ Ⅷ", "ＬＩＶＥ ㅋㅋ Ⅷ"),
        ("<b>&</b> =1+1", "<b>&</b> =1+1"),
    ] {
        assert_eq!(title(raw).as_deref(), Ok(want), "{raw:?}");
    }
}

#[test]
fn usernames_have_one_form() {
    let check = |raw: &str, want: Option<&str>| {
        assert_eq!(username(raw).ok().as_deref(), want, "{raw:?}");
    };
    check(" Mina.Kim ", Some("mina.kim"));
    check("ＭＩＮＡ", Some("mina"));
    check("김미나", Some("김미나"));
    check("\u{1100}\u{1175}\u{11B7}\u{1106}\u{1175}\u{1102}\u{1161}", Some("김미나"));
    check("ㅋㅋㅋ", Some("ㅋㅋㅋ"));
    check("ﾐﾅｺ", Some("ミナコ"));
    check("ab", None);
    check("a b c", None);
    check("x#y", None);
    check("min\u{200B}a", None);
    check(&"a".repeat(64), Some(&"a".repeat(64)));
    check(&"a".repeat(65), None);
    check(&"\u{FDFA}".repeat(64), None);
}

/// S20: names that look alike are one.
#[test]
fn names_that_look_alike_have_one_look() {
    let same = |a: &str, b: &str| {
        let (a, b) = (username(a).unwrap(), username(b).unwrap());
        assert_eq!(look(&a), look(&b), "{a} and {b}");
    };
    same("admin", "аdmin");
    same("admin", "ａｄｍｉｎ");
    same("ADMIN", "admin");
    same("admin", "𝐚𝐝𝐦𝐢𝐧");
    same("paypal", "раураl");
    same("bob", "b0b");
    same("mina1", "minal");
    same("modern", "modem");
    same("각하나", "\u{1100}\u{1161}\u{11A8}\u{1112}\u{1161}\u{1102}\u{1161}");
    same("가나다", "ㄱㅏㄴㅏㄷㅏ");
    same("οδος", "οδοσ");
    same("scope", "ѕсоре");
    let apart = [
        "mina",
        "mino",
        "김미나",
        "김마나",
        "악기들",
        "아끼들",
        "mina2",
        "mina3",
        "a.b",
        "a-b",
        "a_b",
        "ㅋㅋㅋ",
    ];
    for (at, a) in apart.iter().enumerate() {
        for b in &apart[at + 1..] {
            assert_ne!(look(a), look(b), "{a} and {b}");
        }
    }
}

/// F5: a password is the same in whatever form a system types it.
#[test]
fn passwords_have_one_form_and_older_ones_are_tried() {
    let typed = "여덟글자비밀번호";
    let decomposed: String = typed.nfd().collect();
    assert_ne!(typed, decomposed);
    assert_eq!(password(&decomposed).as_deref(), Ok(typed));
    assert_eq!(password("correct\u{A0}horse").as_deref(), Ok("correct horse"));
    assert_eq!(password("ｆｕｌｌ ｗｉｄｔｈ").as_deref(), Ok("ｆｕｌｌ ｗｉｄｔｈ"));
    // 8 syllables are enough in either form, and 7 are not.
    let seven: String = "일곱글자비밀번".nfd().collect();
    assert_eq!(password(&seven), Err(Fault::Length { min: 8, max: 128 }));
    assert_eq!(passwords("correct horse"), ["correct horse"]);
    assert_eq!(passwords(&decomposed), [typed, &decomposed]);
    assert_eq!(passwords(typed), [typed, &decomposed]);
}

#[test]
fn older_names_are_found_as_they_were_typed() {
    let names = Names::of("Mina");
    assert_eq!(names.exact, ["mina"]);
    assert!(names.look.is_some());
    let fillers = Names::of("\u{3164}\u{3164}\u{3164}");
    assert_eq!((fillers.exact, fillers.look), (vec!["\u{3164}".repeat(3)], None));
    let wide = Names::of("ａdmin");
    assert_eq!(wide.exact, ["ａdmin", "admin"]);
    assert_eq!(wide.account(), Names::of("аdmin").account());
}

/// A title has a letter, a digit or a sign that is seen, and not more accents than a script needs.
#[test]
fn titles_show_something() {
    for (raw, want) in [
        ("\u{301}", "blank"),
        ("\u{20DD}", "blank"),
        (" \u{301} \u{302} ", "blank"),
        ("\u{378}", "broken_character"),
        ("a\u{378}b", "broken_character"),
        ("\u{13441}\u{13442}", "invisible_character"),
        ("\u{13430}", "invisible_character"),
        ("a\u{13430}b", "invisible_character"),
        ("\u{16FE4}", "invisible_character"),
        ("\u{E0100}", "invisible_character"),
        ("\u{FFF0}", "invisible_character"),
        ("\u{F0000}", "broken_character"),
        ("\u{1FFFE}", "broken_character"),
    ] {
        assert_eq!(title(raw).map_err(Fault::code), Err(want), "{raw:?}");
    }
    let stacked = format!("a{}", "\u{301}".repeat(180));
    assert_eq!(title(&stacked), Err(Fault::Marks('\u{301}')));
    let seen = [
        "a",
        "1",
        "!",
        "?",
        "★",
        "①",
        "♥",
        "한",
        "ㅋ",
        "e\u{301}",
        "Zo\u{308}e\u{328}\u{301}",
        "ที่นั่ง",
        "क्षत्रिय",
        "שָׁלוֹם",
        "مُحَمَّدٌ",
        "བསྒྲུབས",
        "Việt",
        "👍🏽",
        "1️⃣",
        "🎤",
        "한\u{302E}",
        "€",
        "\u{1FAFF}",
    ];
    for raw in seen {
        assert!(title(raw).is_ok(), "{raw:?}: {:?}", title(raw));
    }
}

/// S20: a name is shown in one way, whatever runs to the left in it (RFC 5893); what only lengthens a word
/// is no part of a name (RFC 5892).
#[test]
fn names_run_in_one_direction() {
    for raw in [
        "1אבגskctdq",
        "אבג1skctdq",
        "אב.x",
        ".אבx",
        "שלוםx",
        "xשלום",
        "1אבג",
        ".אבג",
        "אבג.",
        "אב_",
        "12محمد",
        "محمدabc",
        "א1٢",
        "١٢٣",
        "-אבג",
        "ab١٢",
    ] {
        assert_eq!(username(raw), Err(Fault::Directions), "{raw:?}");
    }
    for raw in ["محـمد", "ـــ", "ߺߺߺ", "あ〵い"] {
        assert!(matches!(username(raw), Err(Fault::Letter(_))), "{raw:?}: {:?}", username(raw));
    }
    for raw in [
        "שלום",
        "אבג1",
        "אב.ג",
        "א-ב_ג",
        "محمد",
        "محمد١٢",
        "محمد12",
        "mina.kim",
        "1mina",
        "김미나1",
        "минa",
        "mina-",
        "_mina",
        "123",
        "...",
        "みなこ",
    ] {
        assert!(username(raw).is_ok(), "{raw:?}: {:?}", username(raw));
    }
}

/// What is far too long is not normalised; what fits composed fits decomposed, too.
#[test]
fn what_is_far_too_long_is_read_no_further() {
    let name = "각".repeat(64);
    assert_eq!(username(&name.nfd().collect::<String>()), Ok(name.clone()));
    let secret = "각".repeat(128);
    assert_eq!(password(&secret.nfd().collect::<String>()), Ok(secret));
    // Without its spaces it would be a name.
    let long = format!("{}mina", " ".repeat(4_000));
    assert_eq!(username(&long), Err(Fault::Length { min: 3, max: 64 }));
    assert_eq!(Names::of(&long), Names { exact: vec![], look: None });
    let long = "a\u{301}\u{316}".repeat(2_000);
    assert_eq!(username(&long), Err(Fault::Length { min: 3, max: 64 }));
    assert_eq!(password(&long), Err(Fault::Length { min: 8, max: 128 }));
}
