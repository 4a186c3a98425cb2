//! Text that people send: one Unicode form before it is checked, compared or hashed. What shows nothing,
//! controls a terminal or turns the line is refused.
//!
//! Names of people follow RFC 8265 (`UsernameCaseMapped`, with the Bidi Rule), passwords its `OpaqueString`, titles RFC 8266
//! (`Nickname`, but upper and lower case stay). Which names look alike is said by UTS #39.

use boxoffice_core::limits::USERNAME_CHARS_MAX;
use icu_properties::props::{
    BidiClass, DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::fmt::Write;
use unicode_normalization::UnicodeNormalization;

/// Characters of a username, in the form in which it is kept.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 3..=USERNAME_CHARS_MAX;
/// Characters of a password, in the form in which it is hashed.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// Characters of a look, see [`look`]: what a column of the store has room for.
const LOOK_CHARS_MAX: usize = 760;
/// Bytes of a name or password as it comes: more than any has, composed or not. What is longer is read no further:
/// normalising it would cost as much as many requests.
const RAW_BYTES_MAX: usize = 4 * LOOK_CHARS_MAX;

/// Accents and the like that one letter of a title may have; no script needs as many.
const MARKS_MAX: usize = 8;

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It holds a control character (C0, C1, a line or paragraph separator).
    Control(char),
    /// It holds a character that turns the direction of the line.
    Turn(char),
    /// It holds a character that shows nothing.
    Invisible(char),
    /// It holds no character at all: the mark of broken text, a noncharacter, one of private use.
    Broken(char),
    /// Nothing is left of it.
    Blank,
    /// It holds a character that a username may not have.
    Letter(char),
    /// Too many accents stand on one letter, this one too.
    Marks(char),
    /// It mixes letters that run to the left with others, so that another name may be shown the same.
    Directions,
    /// It is shorter or longer than this.
    Length {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
}

impl Fault {
    /// A stable word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Control(_) => "control_character",
            Self::Turn(_) => "direction_character",
            Self::Invisible(_) => "invisible_character",
            Self::Broken(_) => "broken_character",
            Self::Blank => "blank",
            Self::Letter(_) => "character_not_allowed",
            Self::Marks(_) => "too_many_accents",
            Self::Directions => "directions_mixed",
            Self::Length { .. } => "length",
        }
    }

    /// The character, as `U+202E`.
    #[must_use]
    pub fn character(self) -> Option<String> {
        match self {
            Self::Control(c)
            | Self::Turn(c)
            | Self::Invisible(c)
            | Self::Broken(c)
            | Self::Letter(c)
            | Self::Marks(c) => Some(code_point(c)),
            Self::Blank | Self::Directions | Self::Length { .. } => None,
        }
    }

    /// English words.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            Self::Control(c) => format!("contains the control character {}", code_point(c)),
            Self::Turn(c) => {
                format!("contains {}, which changes the text direction", code_point(c))
            }
            Self::Invisible(c) => format!("contains {}, which is invisible", code_point(c)),
            Self::Broken(c) => {
                format!("contains {}, which is not a valid character", code_point(c))
            }
            Self::Blank => "is blank".into(),
            Self::Letter(c) => {
                format!("contains {}, which is not allowed in a username", code_point(c))
            }
            Self::Marks(c) => format!("has too many accents on one letter, as {}", code_point(c)),
            Self::Directions => {
                "mixes left-to-right and right-to-left letters, so another name may look the same"
                    .into()
            }
            Self::Length { min, max } => format!("must have {min} to {max} characters"),
        }
    }

    /// Korean words.
    #[must_use]
    pub fn ko(self) -> String {
        match self {
            Self::Control(c) => format!("제어 문자 {}가 있습니다", code_point(c)),
            Self::Turn(c) => format!("글자 방향을 바꾸는 문자 {}가 있습니다", code_point(c)),
            Self::Invisible(c) => format!("보이지 않는 문자 {}가 있습니다", code_point(c)),
            Self::Broken(c) => format!("올바른 문자가 아닌 {}가 있습니다", code_point(c)),
            Self::Blank => "내용이 없습니다".into(),
            Self::Letter(c) => {
                format!("사용자 이름에 쓸 수 없는 문자 {}가 있습니다", code_point(c))
            }
            Self::Marks(c) => format!("한 글자에 {} 같은 부호가 너무 많습니다", code_point(c)),
            Self::Directions => {
                "쓰는 방향이 다른 글자가 섞여 있어 다른 이름과 같아 보일 수 있습니다".into()
            }
            Self::Length { min, max } => format!("{min}~{max}자여야 합니다"),
        }
    }
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Whether the character turns the line (`Bidi_Control`).
const fn turns(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether the character shows nothing: by Unicode (`Default_Ignorable_Code_Point`), or since it is blank
/// without being a space (Braille, Khitan, hieroglyphs, music) or an annotation's mark.
fn shows_nothing(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(c,
            '\u{2800}' | '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}' | '\u{13441}' | '\u{13442}'
            | '\u{16FE4}' | '\u{1D159}')
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Whether the character is none that others can read: of private use, or none of Unicode's, but for those
/// that are set aside for pictures to come.
fn is_broken(c: char) -> bool {
    match category(c) {
        GeneralCategory::PrivateUse => true,
        GeneralCategory::Unassigned => !CodePointSetData::new::<ExtendedPictographic>().contains(c),
        _ => c == '\u{FFFD}',
    }
}

/// Whether the character is drawn onto the one before it.
fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

fn fault_of(c: char) -> Option<Fault> {
    match c {
        _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => Some(Fault::Control(c)),
        _ if turns(c) => Some(Fault::Turn(c)),
        _ if shows_nothing(c) => Some(Fault::Invisible(c)),
        _ if is_broken(c) => Some(Fault::Broken(c)),
        _ => None,
    }
}

/// A sign that may be drawn as an emoji: no letter of a script, no mark and no space.
fn is_symbol(c: char) -> bool {
    matches!(c, '\u{A9}' | '\u{AE}' | '\u{203C}'..='\u{2049}' | '\u{2122}'..='\u{2BFF}'
        | '\u{3030}'..='\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Emoji are joined and coloured by characters that show nothing by themselves: between two signs, and
/// behind one.
fn belongs_to_emoji(before: Option<char>, c: char, after: Option<char>) -> bool {
    let sign = |c: Option<char>| c.is_some_and(|c| is_symbol(c) || c == '\u{FE0F}');
    // A digit in a box is the digit, this, and the box.
    let boxed = || c == '\u{FE0F}' && after == Some('\u{20E3}');
    let key = |c: char| c.is_ascii_digit() || matches!(c, '#' | '*');
    match c {
        '\u{FE0E}' | '\u{FE0F}' => {
            before.is_some_and(|before| is_symbol(before) || (key(before) && boxed()))
        }
        '\u{200D}' => sign(before) && after.is_some_and(is_symbol),
        _ => false,
    }
}

/// Refuses what no text may hold, wherever it comes in.
///
/// # Errors
/// The first character that is refused.
pub fn check(text: &str) -> Result<(), Fault> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(fault) = fault_of(c)
            && !belongs_to_emoji(before, c, chars.peek().copied())
        {
            return Err(fault);
        }
        before = Some(c);
    }
    Ok(())
}

/// The text in Unicode's composed form (NFC), if it holds nothing that is refused.
///
/// # Errors
/// See [`check`].
pub fn plain(raw: &str) -> Result<String, Fault> {
    let text: String = raw.nfc().collect();
    check(&text).map(|()| text)
}

/// A title (of a show, a place, a zone, a key): in composed form, without spaces around it, and with one
/// simple space where there are several or others.
///
/// # Errors
/// It has nothing but spaces and accents, too many accents on one letter, or see [`check`].
pub fn title(raw: &str) -> Result<String, Fault> {
    let text = plain(raw)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    if !text.chars().any(|c| !c.is_whitespace() && !is_mark(c)) {
        return Err(Fault::Blank);
    }
    let mut marks = 0;
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS_MAX {
            return Err(Fault::Marks(c));
        }
    }
    Ok(words.join(" "))
}

/// A text of some lines, each [`plain`].
///
/// # Errors
/// See [`check`].
pub fn plain_lines(raw: &str) -> Result<String, Fault> {
    let lines = raw.split('\n').map(|line| plain(line.strip_suffix('\r').unwrap_or(line)));
    lines.collect::<Result<Vec<_>, _>>().map(|lines| lines.join("\n"))
}

/// A text of some lines, each as a [`title`] or empty, with no empty ones around it and no two between.
///
/// # Errors
/// Nothing is left of it, or see [`title`].
pub fn lines(raw: &str) -> Result<String, Fault> {
    let raw = plain_lines(raw)?;
    let mut lines: Vec<String> = Vec::new();
    for line in raw.split('\n') {
        if !line.trim().is_empty() {
            lines.push(title(line)?);
        } else if lines.last().is_some_and(|line| !line.is_empty()) {
            lines.push(String::new());
        }
    }
    let text = lines.join("\n");
    let text = text.trim_end();
    if text.is_empty() { Err(Fault::Blank) } else { Ok(text.to_owned()) }
}

/// Characters of full and half width in their usual one.
fn usual_width(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '\u{3000}' => text.push(' '),
            '\u{FF00}'..='\u{FFEF}' => text.extend(c.nfkc()),
            _ => text.push(c),
        }
    }
    text
}

/// A number as people type it, in usual width.
#[must_use]
pub fn figures(raw: &str) -> String {
    usual_width(raw.trim())
}

/// Letters that no name needs, and that are not seen in it: what lengthens a word (RFC 5892, 2.6).
const fn only_lengthens(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{7FA}' | '\u{3031}'..='\u{3035}' | '\u{303B}')
}

/// The Bidi Rule of RFC 5893, section 2: a name in which any letter runs to the left begins and ends as such,
/// and has no letter that runs to the right. Then it is shown in one way.
fn has_one_direction(name: &str) -> bool {
    let classes = CodePointMapData::<BidiClass>::new();
    let classes: Vec<BidiClass> = name.chars().map(|c| classes.get(c)).collect();
    let to_left = [BidiClass::RightToLeft, BidiClass::ArabicLetter];
    let has = |class: BidiClass| classes.contains(&class);
    if !to_left.into_iter().any(has) && !has(BidiClass::ArabicNumber) {
        return true;
    }
    let last = classes.iter().rfind(|class| **class != BidiClass::NonspacingMark);
    let numbers = [BidiClass::EuropeanNumber, BidiClass::ArabicNumber];
    let begins = classes.first().is_some_and(|first| to_left.contains(first));
    let ends = last.is_some_and(|last| to_left.contains(last) || numbers.contains(last));
    begins && ends && !has(BidiClass::LeftToRight) && !numbers.into_iter().all(has)
}

/// The form in which a username is kept and compared: usual width, without spaces around it, lower case,
/// composed; 3 to 64 letters and digits of any script, `.`, `_` or `-`.
///
/// # Errors
/// It has others, or too few or too many, shows nothing in part, or can be shown in two ways.
pub fn username(raw: &str) -> Result<String, Fault> {
    let (min, max) = (*USERNAME_CHARS.start(), *USERNAME_CHARS.end());
    if raw.len() > RAW_BYTES_MAX {
        return Err(Fault::Length { min, max });
    }
    let name: String = usual_width(raw).trim().to_lowercase().nfc().collect();
    check(&name)?;
    let allowed =
        |c: char| (c.is_alphanumeric() && !only_lengthens(c)) || matches!(c, '.' | '_' | '-');
    if let Some(other) = name.chars().find(|&c| !allowed(c)) {
        return Err(Fault::Letter(other));
    }
    if !has_one_direction(&name) {
        return Err(Fault::Directions);
    }
    let fits = USERNAME_CHARS.contains(&name.chars().count());
    if fits && look(&name).is_some() { Ok(name) } else { Err(Fault::Length { min, max }) }
}

/// The skeleton of UTS #39, but for syllables of Hangul: those would be taken apart, so that 악기 and 아끼
/// were one.
fn skeleton(text: &str) -> String {
    let syllable = |c: char| matches!(c, '가'..='힣');
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let end = rest.find(syllable).unwrap_or(rest.len());
        let (letters, from) = rest.split_at(end);
        out.extend(unicode_security::skeleton(letters));
        let end = from.find(|c| !syllable(c)).unwrap_or(from.len());
        let (syllables, from) = from.split_at(end);
        out.push_str(syllables);
        rest = from;
    }
    out
}

/// What a username looks like: two names with the same look are one name. It is the skeleton of UTS #39,
/// of the name in lower case and compatibility form. None where it is longer than the store has room for.
#[must_use]
pub fn look(name: &str) -> Option<String> {
    let lower = |text: &str| -> String {
        let lower = text.chars().flat_map(char::to_lowercase);
        lower.map(|c| if c == 'ς' { 'σ' } else { c }).collect()
    };
    // Twice: a look-alike's own pattern may be a capital letter (0 is like O).
    let once = skeleton(&lower(&name.nfkc().collect::<String>()));
    let look: String = skeleton(&lower(&once)).nfc().collect();
    (look.chars().count() <= LOOK_CHARS_MAX).then_some(look)
}

/// How a name that somebody signs in with may be kept: as it was typed (older accounts), in the form of
/// [`username`], and by its look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Exact forms, the first found counts.
    pub exact: Vec<String>,
    /// See [`look`].
    pub look: Option<String>,
}

impl Names {
    /// Of what was typed.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        if raw.len() > RAW_BYTES_MAX {
            return Self { exact: Vec::new(), look: None };
        }
        // Accounts of the first version are kept in this form, whatever it shows.
        let older = raw.trim().to_lowercase();
        let fits = (1..=LOOK_CHARS_MAX).contains(&older.chars().count());
        let mut exact: Vec<String> = fits.then_some(older).into_iter().collect();
        let Ok(name) = username(raw) else { return Self { exact, look: None } };
        let look = look(&name);
        if !exact.contains(&name) {
            exact.push(name);
        }
        Self { exact, look }
    }

    /// By what wrong passwords are counted: the same for all ways to type a name.
    #[must_use]
    pub fn account(&self) -> String {
        let first = || self.exact.first().cloned().unwrap_or_default();
        self.look.clone().unwrap_or_else(first)
    }
}

/// The form in which a password is hashed (`OpaqueString`): composed, with simple spaces.
///
/// # Errors
/// It has too few or too many characters, or one that is refused.
pub fn password(raw: &str) -> Result<String, Fault> {
    let (min, max) = (*PASSWORD_CHARS.start(), *PASSWORD_CHARS.end());
    if raw.len() > RAW_BYTES_MAX {
        return Err(Fault::Length { min, max });
    }
    let text = opaque(raw);
    check(&text)?;
    let fits = PASSWORD_CHARS.contains(&text.chars().count());
    if fits { Ok(text) } else { Err(Fault::Length { min, max }) }
}

fn opaque(raw: &str) -> String {
    let space =
        |c: char| c.is_whitespace() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    let simple = |c: char| if space(c) { ' ' } else { c };
    raw.chars().map(simple).nfc().collect()
}

/// The forms that a password may have been hashed in, the usual one first: older accounts have it as it
/// was typed, which on some systems is decomposed. One for whatever is plain ASCII.
#[must_use]
pub fn passwords(raw: &str) -> Vec<String> {
    let mut forms = vec![opaque(raw)];
    let others = [raw.to_owned(), raw.nfc().collect(), raw.nfd().collect()];
    for form in others {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Somebody's text in an answer or a log: at most `chars` characters, and what cannot be seen is written
/// as `\u{202e}`.
#[must_use]
pub fn printable(raw: &str, chars: usize) -> String {
    let mut text = String::new();
    for (at, c) in raw.chars().enumerate() {
        if at == chars {
            text.push('…');
            break;
        }
        if fault_of(c).is_some() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", c.escape_unicode());
        } else {
            text.push(c);
        }
    }
    text
}
