//! An answer as text for people: members as lines, lists as tables, both in the order of the answer. Names are those of
//! the API, with spaces.

use super::answer::Answer;
use boxoffice_server::layout::Label;
use boxoffice_server::log::{clean, grouped};

/// Whether people at this terminal read Korean.
pub fn is_korean() -> bool {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_some_and(|value| value.starts_with("ko"))
}

/// What the command line itself says, in the language of whoever is at this terminal.
pub fn told(en: impl Into<String>, ko: impl Into<String>) -> String {
    if is_korean() { ko.into() } else { en.into() }
}

/// Columns of a terminal that an answer fits. It does not go by the terminal: what is piped is the same.
const WIDTH: usize = 100;

/// A member's name as it is read.
fn named(name: &str) -> String {
    clean(&name.replace('_', " "))
}

/// A seat's label, as people say it.
pub fn said(label: &Label) -> String {
    clean(&if is_korean() { label.ko() } else { label.en() })
}

fn label(of: &Answer) -> Option<String> {
    let text = |name| of.get(name).and_then(Answer::text).map(str::to_owned);
    let label = Label { section: text("section")?, row: text("row")?, seat: text("seat")? };
    Some(said(&label))
}

/// An amount in minor units as people write it: 165,000 KRW, 12.50 EUR.
fn money(of: &Answer) -> Option<String> {
    let amount = of.get("amount").and_then(Answer::number)?;
    let decimals = of.get("currency_decimals").and_then(Answer::number)?;
    let currency = of.get("currency").and_then(Answer::text)?;
    let sign = if amount < 0 { "-" } else { "" };
    let decimals = u32::try_from(decimals).ok().filter(|decimals| *decimals <= 4)?;
    let (amount, scale) = (amount.unsigned_abs(), 10_u64.pow(decimals));
    let part = match decimals {
        0 => String::new(),
        _ => format!(".{:0>1$}", amount % scale, decimals as usize),
    };
    Some(format!("{sign}{}{part} {}", grouped(amount / scale), clean(currency)))
}

/// Something that is wrong with a body or a file: where, what stands there, and why it is not taken.
fn fault(of: &Answer) -> Option<String> {
    let told = |name: &str| of.get(name).filter(|value| **value != Answer::default()).map(value);
    let detail = told("detail")?;
    told("reason")?;
    let cell = told("row").map(|row| match told("column") {
        Some(column) => format!("row {row}, column {column}"),
        None => format!("row {row}"),
    });
    let place = [cell.or(told("pointer")), told("value")];
    let place = place.into_iter().flatten().filter(|part| !part.is_empty());
    let place = place.collect::<Vec<_>>().join(" ");
    Some(if place.is_empty() { detail } else { format!("{place}: {detail}") })
}

/// What an object says that people say shorter.
fn short(of: &Answer) -> Option<String> {
    let Answer::Object(members) = of else { return None };
    if let Some(fault) = fault(of) {
        return Some(fault);
    }
    let told = |name: &str| members.get(name).map(value);
    let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
    // Answers have an order of their own, refusals that of the alphabet.
    names.sort_unstable();
    match names[..] {
        ["row", "seat", "section"] => label(of),
        ["label", "seat_number"] => {
            Some(format!("{} (seat number {})", told("label")?, told("seat_number")?))
        }
        ["amount", "currency", "currency_decimals"] => money(of),
        ["en", "ko"] => {
            let (en, ko) = (told("en")?, told("ko")?);
            Some(if en == ko { en } else { format!("{en} / {ko}") })
        }
        ["grade", "price"] => Some(format!("{} {}", told("grade")?, told("price")?)),
        _ => None,
    }
}

/// One value in a line.
pub fn value(of: &Answer) -> String {
    if let Some(short) = short(of) {
        return short;
    }
    match of {
        Answer::Plain(serde_json::Value::Null) => "-".into(),
        // It may be text that somebody else has typed.
        Answer::Plain(serde_json::Value::String(text)) => clean(text),
        Answer::Plain(other) => other.to_string(),
        Answer::List(items) if items.is_empty() => "-".into(),
        Answer::List(items) => {
            let objects = items.iter().any(|item| matches!(item, Answer::Object(_)));
            let between = if objects { "; " } else { ", " };
            items.iter().map(value).collect::<Vec<_>>().join(between)
        }
        Answer::Object(members) => {
            let member = |(name, of): (&String, &Answer)| format!("{} {}", named(name), value(of));
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Columns to which a character counts: Hangul and its like take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}');
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

/// A member's line, its name in so many columns; a long value goes on below where it begins.
fn member(name: &str, of: &str, most: usize) -> String {
    let mut text = format!("{}{}", named(name), " ".repeat(most - width(&named(name))));
    let (begin, mut at) = (most + 2, most);
    for word in of.split(' ') {
        let long = at + 2 + width(word) > WIDTH && at > most;
        match at {
            _ if long => text += &format!("\n{}", " ".repeat(begin)),
            _ if at == most => text += "  ",
            _ => text.push(' '),
        }
        let before = if long || at == most { begin } else { at + 1 };
        at = before + width(word);
        text += word;
    }
    text.push('\n');
    text
}

/// Members, a line each.
fn lines(members: &[(&String, &Answer)]) -> String {
    let most = members.iter().map(|(name, _)| width(&named(name))).max().unwrap_or(0);
    members.iter().map(|(name, of)| member(name, &value(of), most)).collect()
}

/// A list: a row a line, or where these are too long, a member a line.
fn list(rows: &[Answer]) -> String {
    let table = table(rows);
    if table.lines().all(|line| width(line) <= WIDTH) {
        return table;
    }
    let one = |row: &Answer| match row {
        Answer::Object(members) => lines(&members.iter().collect::<Vec<_>>()),
        other => format!("{}\n", value(other)),
    };
    rows.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn table(rows: &[Answer]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        let Answer::Object(members) = row else { continue };
        for name in members.keys() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let cell = |row: &Answer, name: &&str| row.get(name).map(value).unwrap_or_default();
    let lines = rows.iter().map(|row| names.iter().map(|name| cell(row, name)).collect::<Vec<_>>());
    let head = names.iter().map(|name| named(name)).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(lines).collect();
    let most = |column: usize| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..names.len()).map(most).collect();
    let padded =
        |(text, most): (&String, &usize)| format!("{text}{}", " ".repeat(most - width(text)));
    let line = |line: &Vec<String>| {
        let line: Vec<String> = line.iter().zip(&widths).map(padded).collect();
        format!("{}\n", line.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

/// The whole answer.
pub fn text(answer: &Answer) -> String {
    let Answer::Object(members) = answer else {
        return format!("{}\n", value(answer));
    };
    let lists = |of: &Answer| {
        let items = of.items();
        !items.is_empty() && items.iter().all(|item| matches!(item, Answer::Object(_)))
    };
    let plain: Vec<_> = members.iter().filter(|(_, of)| !lists(of)).collect();
    let mut text = lines(&plain);
    for (name, of) in members.iter().filter(|(_, of)| lists(of)) {
        text += &format!("\n{}\n{}", named(name), list(of.items()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Answer {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn members_are_lines_and_lists_are_tables() {
        let answer = read(
            r#"{"name": "한\u001b[2J", "closes_at": null, "paused": false, "ids": [1, 2],
                "dates": [{ "zone": "한글", "starts_at": "x" }, { "starts_at": "yyy", "sold": 3 }]}"#,
        );
        let want = "name       한\\u001b[2J\ncloses at  -\npaused     false\nids        1, 2\n\
            \ndates\nzone  starts at  sold\n한글  x\n      yyy        3\n";
        assert_eq!(text(&answer), want);
        assert_eq!(text(&read("[]")), "-\n");
    }

    /// Nothing is wider than a terminal but a word by itself: a list whose rows are too wide has a member a line.
    #[test]
    fn a_terminal_is_wide_enough() {
        let (id, hash) = ("01a22008-8afa-70ea-ac96-ad682c022842", "c".repeat(64));
        let row = format!(r#"{{"concert_date_id":"{id}","starts_at":"x","layout":"{hash}"}}"#);
        let about = "긴 글 long text ".repeat(20);
        let answer = read(&format!(r#"{{"about":"{about}","dates":[{row},{row}]}}"#));
        let shown = text(&answer);
        assert!(shown.lines().all(|line| width(line) <= WIDTH), "{shown}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(words(&shown).starts_with(&words(&format!("about {about}"))), "{shown}");
        let one = format!("concert date id  {id}\nstarts at        x\nlayout           {hash}\n");
        assert!(shown.ends_with(&format!("\n\ndates\n{one}\n{one}")), "{shown}");
    }

    /// What an object says is said as people say it.
    #[test]
    fn seats_money_and_names_are_said_shortly() {
        for (json, said) in [
            (r#"{"section":"A","row":"3","seat":"12"}"#, "Section A, row 3, seat 12"),
            (r#"{"row":"3","seat":"12","section":"A"}"#, "Section A, row 3, seat 12"),
            (
                r#"[{"label":{"row":"3","seat":"12","section":"A"},"seat_number":312}]"#,
                "Section A, row 3, seat 12 (seat number 312)",
            ),
            (r#"{"amount":165000,"currency":"KRW","currency_decimals":0}"#, "165,000 KRW"),
            (r#"{"amount":-5,"currency":"EUR","currency_decimals":2}"#, "-0.05 EUR"),
            (r#"{"amount":123456,"currency":"EUR","currency_decimals":2}"#, "1,234.56 EUR"),
            (r#"{"en":"Moon","ko":"달"}"#, "Moon / 달"),
            (r#"{"en":"Moon","ko":"Moon"}"#, "Moon"),
            (
                r#"[{"grade":"R","price":{"amount":9,"currency":"KRW","currency_decimals":0}},{"grade":"S","price":null}]"#,
                "R 9 KRW; S -",
            ),
            (r#"{"paid_to":"balance","until":null}"#, "paid to balance, until -"),
            (
                r#"[{"pointer":"/prices","value":"S","reason":"no_price","detail":"has no price"},{"row":2,"column":"E","value":"1","reason":"x","detail":"is doubled"}]"#,
                "/prices S: has no price; row 2, column E 1: is doubled",
            ),
        ] {
            assert_eq!(value(&read(json)), said);
        }
    }
}
