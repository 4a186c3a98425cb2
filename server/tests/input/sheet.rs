//! Sheets as spreadsheets write them, in every combination: each is read as it is meant, or refused with
//! the row. Never something else.

use boxoffice_server::sheet::*;
use boxoffice_server::text;
use encoding_rs::EUC_KR;

const COLUMNS: &[Column] = &[
    Column { name: "seat_number", also: &["좌석번호"] },
    Column { name: "zone", also: &["구역"] },
    Column { name: "price", also: &["가격"] },
];

type Seats = Vec<(u64, String, u64)>;

fn seats_of(bytes: &[u8], charset: Option<&str>) -> Result<Seats, Refused> {
    let mut seats = Vec::new();
    let mut prices = Separators::default();
    read(bytes, charset, COLUMNS, 1000, |row| {
        let at = row.number;
        let number = row.read(0, digits);
        let zone = row.read(1, |value| text::title(value).map_err(Reason::Text));
        let price = row.read(2, |value| prices.same(at, price(value, "KRW")?));
        if let (Some(number), Some(zone), Some(price)) = (number, zone, price) {
            seats.push((number, zone, price));
        }
    })?;
    Ok(seats)
}

fn seats(text: &str) -> Result<Seats, Refused> {
    seats_of(text.as_bytes(), None)
}

/// Row, column, and reason of each fault.
fn faults_of(bytes: &[u8], charset: Option<&str>) -> Vec<(u64, String, &'static str)> {
    match seats_of(bytes, charset) {
        Err(Refused::Faults(faults)) => {
            let told = |fault: &Fault| {
                let column = fault.column.clone().unwrap_or_default();
                (fault.row.unwrap_or(0), column, fault.reason.code())
            };
            faults.listed.iter().map(told).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(text: &str, want: &[(u64, &str, &str)]) {
    let faults = faults_of(text.as_bytes(), None);
    let faults: Vec<_> = faults.iter().map(|(row, column, why)| (*row, &**column, *why)).collect();
    assert_eq!(faults, want, "{text:?}");
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some('\u{FEFF}');
    let text: String = mark.into_iter().chain(text.chars()).collect();
    let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

/// An encoding, a text in it, and the charsets that it may be sent with.
type Encoded = (&'static str, Vec<u8>, Vec<Option<&'static str>>);

fn encoded(text: &str) -> Vec<Encoded> {
    let marked = format!("\u{FEFF}{text}").into_bytes();
    let (korean, _, wrong) = EUC_KR.encode(text);
    assert!(!wrong);
    vec![
        ("utf-8", text.into(), vec![None, Some("utf-8"), Some("UTF8")]),
        ("utf-8 marked", marked, vec![None, Some("utf-8"), Some("euc-kr")]),
        ("utf-16le marked", utf16(text, true, true), vec![None, Some("utf-16"), Some("utf-8")]),
        ("utf-16be marked", utf16(text, false, true), vec![None, Some("UTF-16"), Some("utf-16be")]),
        ("utf-16le", utf16(text, true, false), vec![None, Some("utf-16"), Some("utf-16le")]),
        ("utf-16be", utf16(text, false, false), vec![None, Some("utf-16"), Some("utf-16be")]),
        (
            "cp949",
            korean.into_owned(),
            vec![None, Some("euc-kr"), Some("CP949"), Some("ks_c_5601-1987")],
        ),
    ]
}

struct Style {
    separator: char,
    end: [&'static str; 2],
    quoted: bool,
    tail: &'static str,
    last_end: bool,
}

/// The rows as a spreadsheet writes them in this style.
fn written(rows: &[[&str; 3]], style: &Style) -> String {
    let (separator, blank) = (style.separator.to_string(), style.tail);
    let cell = |cell: &&str| {
        let must = cell.contains([style.separator, '"']);
        if style.quoted || must {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            (*cell).to_owned()
        }
    };
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let columns = if blank == "columns" { separator.repeat(2) } else { String::new() };
            row.iter().map(cell).collect::<Vec<_>>().join(&separator) + &columns
        })
        .collect();
    if blank == "rows" {
        lines.insert(0, String::new());
        lines.insert(3, "  ".to_owned());
        lines.extend([String::new(), separator.repeat(2), "\"\"".to_owned(), " ".to_owned()]);
    }
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        text.push_str(line);
        if at + 1 < lines.len() || style.last_end {
            text.push_str(style.end[at % 2]);
        }
    }
    text
}

/// H49, F1: every encoding × separator × line end × quoting × tail × head × way to write a price.
#[test]
fn every_combination_is_read_as_it_is_meant() {
    let heads = [
        ["seat_number", "zone", "price"],
        ["Price ", " ZONE", "Seat Number"],
        ["좌석번호", "가격", "구역"],
    ];
    let prices =
        ["198000", "198,000", "198.000", "198 000", "198'000", "₩198,000", "198,000원", " 198000 "];
    let ends = [["\n", "\n"], ["\r\n", "\r\n"], ["\r", "\r"], ["\r\n", "\n"], ["\n", "\r"]];
    let want = vec![(1, "VIP석".to_owned(), 198_000), (1002, "R \"앞\", 왼쪽; 1".to_owned(), 0)];
    let mut read = 0;
    for head in heads {
        for separator in [',', ';', '\t'] {
            for end in ends {
                for (quoted, tail, last_end) in [
                    (false, "", true),
                    (true, "", false),
                    (false, "rows", true),
                    (true, "rows", false),
                    (false, "columns", false),
                    (true, "columns", true),
                ] {
                    let price = prices[read % prices.len()];
                    let rows = [
                        head,
                        row_of(head, ["1", "VIP석", price]),
                        row_of(head, ["1002", "R \"앞\", 왼쪽; 1", "0"]),
                    ];
                    let text = written(&rows, &Style { separator, end, quoted, tail, last_end });
                    // The won's sign is no character of CP949.
                    let text = text.replace('₩', "\\");
                    for (name, bytes, charsets) in encoded(&text) {
                        for charset in charsets {
                            let seen = seats_of(&bytes, charset);
                            assert_eq!(seen.as_ref(), Ok(&want), "{name} as {charset:?}: {text:?}");
                            read += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(read > 5_000, "{read}");
}

/// Seat, zone and price in the order of a head.
fn row_of<'a>(head: [&str; 3], values: [&'a str; 3]) -> [&'a str; 3] {
    head.map(|name| match name.trim().to_lowercase().as_str() {
        "zone" | "구역" => values[1],
        "price" | "가격" => values[2],
        _ => values[0],
    })
}

/// F1: columns go by the names in the head, in every encoding, and never by their place.
#[test]
fn a_head_that_names_no_columns_is_refused() {
    refused(
        "1,R,100\n2,R,100\n",
        &[
            (1, "1", "unknown_column"),
            (1, "R", "unknown_column"),
            (1, "100", "unknown_column"),
            (1, "seat_number", "missing_column"),
            (1, "zone", "missing_column"),
            (1, "price", "missing_column"),
        ],
    );
    refused(
        "seat_number,zone,price,note,Zone\n",
        &[(1, "note", "unknown_column"), (1, "Zone", "doubled_column"), (0, "", "no_rows")],
    );
    refused("seat_number,price\n1,100\n", &[(1, "zone", "missing_column")]);
    refused("", &[(0, "", "no_head")]);
    refused("\n\n,,\n", &[(0, "", "no_head")]);
    refused(
        "seat_number|zone|price\n1|R|1\n",
        &[
            (1, "seat_number|zone|price", "unknown_column"),
            (1, "seat_number", "missing_column"),
            (1, "zone", "missing_column"),
            (1, "price", "missing_column"),
        ],
    );
}

/// F3, F4: all that is wrong is told, by the row of the sheet, whatever the line ends are.
#[test]
fn faults_are_told_by_the_sheets_rows() {
    for end in ["\n", "\r\n", "\r"] {
        let lines = [
            "seat_number,zone,price",
            "1,R,100",
            "",
            "two,,-5",
            "\"3\",\"R\nleft\",1.5",
            ",,",
            "4,R,1e5",
            "5,R",
        ];
        let text = lines.map(|line| line.replace('\n', end)).join(end);
        refused(
            &text,
            &[
                (4, "seat_number", "not_a_number"),
                (4, "zone", "empty"),
                (4, "price", "negative"),
                (5, "zone", "control_character"),
                (5, "price", "decimals"),
                (7, "price", "scientific_notation"),
                (8, "price", "empty"),
            ],
        );
    }
    let many: String = (0..500).map(|n| format!("x{n},R,1\n")).collect();
    match seats(&format!("seat_number,zone,price\n{many}")) {
        Err(Refused::Faults(faults)) => {
            assert_eq!((faults.total, faults.listed.len()), (500, FAULTS_LISTED_MAX));
            assert_eq!(faults.listed[99].row, Some(101));
        }
        other => panic!("{other:?}"),
    }
    let rows: String = (0..1001).map(|n| format!("{n},R,1\n")).collect();
    refused(&format!("seat_number,zone,price\n{rows}"), &[(1002, "", "too_many_rows")]);
}

/// What has a stray quote, a value too many, or a number that splits is no guess.
#[test]
fn broken_rows_are_refused() {
    let head = "seat_number,zone,price\n";
    for (rows, want) in [
        ("1,R,198,000\n", (2, "D", "column_without_name")),
        ("1,5\" R,1\n", (2, "zone", "quote_inside")),
        ("1,\"R\" left,1\n", (2, "zone", "text_after_quote")),
        ("1,R,1\n2,\"R,1\n3,R,1\n", (3, "zone", "quote_not_closed")),
        ("1,=A1,1\n", (2, "zone", "formula")),
        ("1,\"=cmd|' /C calc'!A0\",1\n", (2, "zone", "formula")),
        ("1,R\u{200B},1\n", (2, "zone", "invisible_character")),
        ("1,R,\"1\n", (2, "price", "quote_not_closed")),
    ] {
        let faults = faults_of(format!("{head}{rows}").as_bytes(), None);
        let (row, column, why) = &faults[0];
        assert_eq!((*row, column.as_str(), *why), want, "{rows:?}: {faults:?}");
    }
    let wide = format!("{head}1,R,1{}x\n", ",".repeat(100));
    refused(&wide, &[(2, "CY", "column_without_name")]);
    for (at, name) in [(25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
        refused(
            &format!("{head}1,R,1{}x\n", ",".repeat(at - 2)),
            &[(2, name, "column_without_name")],
        );
    }
    assert!(seats(&format!("{head}1,R,1{}\n", ",".repeat(100))).is_ok());
}

/// What spreadsheets do to numbers and texts, decided one by one.
#[test]
fn the_ways_of_spreadsheets() {
    let check = |text: &str, want: (u64, &str, u64)| {
        assert_eq!(seats(text), Ok(vec![(want.0, want.1.to_owned(), want.2)]), "{text:?}");
    };
    let head = "seat_number,zone,price\n";
    check("sep=;\r\nseat_number;zone;price\r\n1;R;2\r\n", (1, "R", 2));
    check("\u{FEFF}SEP=\t\nseat_number\tzone\tprice\n1\tR\t2\n", (1, "R", 2));
    check("\"sep=,\"\nseat_number,zone,price\n1,R,2\n", (1, "R", 2));
    refused("sep=|\nseat_number|zone|price\n1|R|2\n", &[(1, "", "unknown_separator")]);
    // The sheet does not count the line that tells the separator.
    refused("sep=;\nseat_number;zone;price\n1;R;x\n", &[(2, "price", "not_a_number")]);
    check(&format!("{head}=\"001\",=\"1층\",\"=\"\"0200\"\"\"\n"), (1, "1층", 200));
    check(&format!("{head}'007,R,0100\n"), (7, "R", 100));
    check(&format!("{head}１２,Ｒ,１，０００\n"), (12, "Ｒ", 1000));
    check(&format!("{head} 12 , \"R\" ,\t\"1,000\" \n"), (12, "R", 1000));
    check(&format!("{head}1,\"R \"\"A\"\"\",1\n"), (1, "R \"A\"", 1));
    check(&format!("{head}1,001,1\n"), (1, "001", 1));
    for (value, why) in [
        ("1E+05", "scientific_notation"),
        ("1,5E+5", "scientific_notation"),
        ("1.0", "decimals"),
        ("1,00", "decimals"),
        ("0.150", "decimals"),
        ("1,2345", "decimals"),
        ("1,00,000", "ambiguous_separators"),
        ("1,000.00", "ambiguous_separators"),
        ("1.000,00", "ambiguous_separators"),
        ("1 000,000", "ambiguous_separators"),
        ("12 34", "ambiguous_separators"),
        ("-1", "negative"),
        ("(1,000)", "negative"),
        ("$100", "other_currency"),
        ("€1.000", "other_currency"),
        ("+1", "not_a_number"),
        ("1-", "not_a_number"),
        ("1,", "not_a_number"),
        (",1", "not_a_number"),
        ("무료", "not_a_number"),
        ("10²", "not_a_number"),
        ("½", "not_a_number"),
        ("٣", "not_a_number"),
        ("0x10", "not_a_number"),
        ("NaN", "not_a_number"),
        ("#REF!", "not_a_number"),
        ("₩", "empty"),
    ] {
        refused(&format!("\u{FEFF}{head}1,R,\"{value}\"\n"), &[(2, "price", why)]);
    }
    refused(&format!("{head}1,R,\"1,000\"\n2,R,1.000\n"), &[(3, "price", "other_separator")]);
    let most = seats(&format!("{head}1,R,99999999999999999999999\n"));
    assert_eq!(most, Ok(vec![(1, "R".into(), u64::MAX)]));
}

/// A seat's number is digits; a price may be written with separators.
#[test]
fn seat_numbers_have_no_separators() {
    for number in ["1.000", "1,000", "1 000", "1'000", "12.345.678"] {
        let text = format!("seat_number;zone;price\n{number};R;1000\n");
        refused(&text, &[(2, "seat_number", "ambiguous_separators")]);
    }
    for (number, want) in [("1000", 1000), ("007", 7), ("'7", 7), ("=\"012\"", 12), ("１２", 12)]
    {
        let read = seats(&format!("seat_number;zone;price\n{number};R;1.000\n")).unwrap();
        assert_eq!(read, [(want, "R".to_owned(), 1000)], "{number}");
    }
}

/// F12: the own currency's sign is known; where prices are in cents, one is never taken for the other.
#[test]
fn prices_are_minor_units_of_the_own_currency() {
    let check = |currency: &str, rows: &[(&str, Result<u64, &str>)]| {
        for (raw, want) in rows {
            let read = price(raw, currency).map(|(price, _)| price).map_err(Reason::code);
            assert_eq!(read, *want, "{raw} in {currency}");
        }
    };
    let won = ["₩1,000", "￦1000", "\\1000", "1000원", "1,000 원", "KRW 1,000", "1000krw", "1000₩"];
    check("KRW", &won.map(|raw| (raw, Ok(1000))));
    check("JPY", &["¥1,000", "￥1000", "1000円", "JPY1000"].map(|raw| (raw, Ok(1000))));
    let others =
        ["$100", "US$100", "USD 100", "100 usd", "€5", "100€", "£1", "¥100", "฿100", "₫100"];
    check("KRW", &others.map(|raw| (raw, Err("other_currency"))));
    check(
        "KRW",
        &[
            ("100円", Err("other_currency")),
            ("-₩5", Err("not_a_number")),
            ("ALL", Err("not_a_number")),
        ],
    );
    check(
        "KRW",
        &[("12.50", Err("decimals")), ("₩1.5", Err("decimals")), ("₩1000원", Err("not_a_number"))],
    );
    check("USD", &[("100", Ok(100)), ("1,250", Ok(1250)), ("0", Ok(0))]);
    let dollars =
        ["$100", "$1,234", "US$100", "USD 100", "100 USD", "$12.50", "12.50", "12,5", "1250.0"];
    check("USD", &dollars.map(|raw| (raw, Err("minor_units"))));
    check(
        "USD",
        &["€5", "₩100", "100원", "EUR 5", "5 KRW"].map(|raw| (raw, Err("other_currency"))),
    );
    check(
        "EUR",
        &[
            ("€5", Err("minor_units")),
            ("5,00 €", Err("minor_units")),
            ("$5", Err("other_currency")),
        ],
    );
    let words = price("$12.50", "USD").map_err(Reason::en).unwrap_err();
    assert!(words.contains("minor units") && words.contains("100 for 1"), "{words}");
    assert!(price("12.5", "KWD").map_err(Reason::ko).unwrap_err().contains("1000"));
}

/// What systems leave at the end of a file is no row.
#[test]
fn ends_of_files_are_no_rows() {
    let want = Ok(vec![(1, "R".to_owned(), 1000)]);
    for end in
        [";;", ";", ",;,", "\u{1A}", "\u{1A}\u{1A}", ";;\r\n\u{1A}", "\t\t", " ; ;\r\n", "\";;\""]
    {
        for separator in [',', ';', '\t'] {
            let rows =
                "seat_number,zone,price\r\n1,R,1000\r\n".replace(',', &separator.to_string());
            let text = format!("{rows}{end}");
            assert_eq!(seats(&text), want, "{text:?}");
        }
    }
    refused("seat_number,zone,price\n1,R\u{1A},1\n", &[(2, "zone", "control_character")]);
    refused(
        "seat_number,zone,price\n1,;,1000\n\n;x\n",
        &[(4, "seat_number", "not_a_number"), (4, "zone", "empty"), (4, "price", "empty")],
    );
}

/// What cannot be told for sure is not guessed.
#[test]
fn other_encodings_are_refused() {
    let latin = |text: &str| -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    };
    let sheet = |zone: &str| format!("seat_number,zone,price\n1,{zone},1\n2,{zone},1\n");
    for zone in
        ["Café", "Größe", "Séance créée", "Balcón", "ÄRGER", "Loge à gauche", "Übersicht Süd"]
    {
        let bytes = latin(&sheet(zone));
        let faults = faults_of(&bytes, None);
        assert!(faults.iter().all(|(_, _, why)| *why == "unknown_encoding"), "{zone}: {faults:?}");
        let read = seats_of(&bytes, Some("iso-8859-1")).unwrap();
        assert_eq!(read[0].1, zone);
    }
    for zone in ["1층", "VIP석", "스탠딩", "R석 앞", "똠방각하", "가"] {
        let text = sheet(zone);
        let (bytes, ..) = EUC_KR.encode(&text);
        assert_eq!(seats_of(&bytes, None).unwrap()[0].1, zone);
    }
    for (charset, text) in
        [("shift_jis", "アリーナ"), ("gbk", "贵宾席"), ("windows-1251", "Партер")]
    {
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).unwrap();
        let text = sheet(text);
        let (bytes, ..) = encoding.encode(&text);
        assert!(
            faults_of(&bytes, None).iter().all(|(_, _, why)| *why == "unknown_encoding"),
            "{charset}"
        );
        assert!(seats_of(&bytes, Some(charset)).is_ok(), "{charset}");
    }
    for charset in ["utf-7", "utf-32", "nonsense", "iso-2022-kr"] {
        let refused = seats_of(b"seat_number,zone,price\n1,R,1\n", Some(charset));
        assert_eq!(refused, Err(Refused::Charset(charset.into())));
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_row() {
    let broken = b"seat_number,zone,price\n1,R,1\n2,R\xFF,1\n".to_vec();
    assert_eq!(faults_of(&broken, Some("utf-8")), [(3, "zone".to_owned(), "broken_bytes")]);
    assert_eq!(faults_of(&broken, Some("euc-kr")), [(3, "zone".to_owned(), "broken_bytes")]);
    assert_eq!(faults_of(&broken, Some("us-ascii")), [(3, "zone".to_owned(), "broken_bytes")]);
    let mostly =
        "seat_number,zone,price\n1,가나다라,1\n2,마\u{1},1\n".replace('\u{1}', "\\").into_bytes();
    let mostly: Vec<u8> =
        mostly.into_iter().map(|byte| if byte == b'\\' { 0xFF } else { byte }).collect();
    assert_eq!(faults_of(&mostly, None), [(3, "zone".to_owned(), "broken_bytes")]);
    let mut odd = utf16("seat_number,zone,price\n1,R,1", true, true);
    odd.push(0x31);
    assert_eq!(faults_of(&odd, None), [(2, "price".to_owned(), "broken_bytes")]);
    for (bytes, why) in [
        (&b"PK\x03\x04rest"[..], "workbook"),
        (b"\xD0\xCF\x11\xE0rest", "workbook"),
        (b"\xFF\xFE\0\0s\0\0\0", "not_text"),
        (b"\0\0\0\0", "not_text"),
        (b"\x80\x81\xFF", "unknown_encoding"),
    ] {
        assert_eq!(faults_of(bytes, None), [(0, String::new(), why)]);
    }
}

/// H49: a sheet far longer than a hall is refused at the row after the last that may be, once, and what comes
/// after it is not looked at.
#[test]
fn a_million_rows_are_refused_at_the_first_too_many() {
    let mut text = "seat_number,zone,price\n".to_owned();
    for number in 1..=1_000_000 {
        text += &format!("{number},R,5\n");
    }
    text += "broken,\"";
    let mut given = 0;
    let read = read(text.as_bytes(), None, COLUMNS, 50_000, |_| given += 1);
    let Err(Refused::Faults(faults)) = read else { panic!("it was taken") };
    assert_eq!((faults.total, faults.listed.len(), given), (1, 1, 50_000));
    let fault = &faults.listed[0];
    assert_eq!((fault.row, fault.reason.code()), (Some(50_002), "too_many_rows"));
}
