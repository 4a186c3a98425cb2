//! What is wrong with a sheet, and where.

use super::FAULTS_LISTED_MAX;
use crate::text;

/// Why a value, a column or the whole is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is a workbook and no CSV.
    Workbook,
    /// It is no text, or in an encoding that is not read.
    NotText,
    /// Its encoding cannot be told for sure.
    UnknownEncoding,
    /// Its bytes are not of the charset that was named.
    OtherEncoding,
    /// The separator of its first line (`sep=`) is none that is read.
    UnknownSeparator,
    /// It is empty.
    NoHead,
    /// Nothing stands below its head.
    NoRows,
    /// It has more rows.
    TooManyRows {
        /// Rows that are taken.
        max: usize,
    },
    /// No column has this name here.
    UnknownColumn,
    /// The column stands twice in the head.
    DoubledColumn,
    /// The column is not there.
    MissingColumn,
    /// A value below no name: a separator too many, or a number with an unquoted comma.
    Unnamed,
    /// Bytes that are no character of the encoding.
    BrokenBytes,
    /// A quote within a value that does not begin with one.
    QuoteInside,
    /// Something stands behind the closing quote.
    AfterQuote,
    /// The quote is never closed.
    OpenQuote,
    /// Nothing stands there.
    Empty,
    /// A formula, and no value.
    Formula,
    /// No number.
    NotNumber,
    /// Below zero.
    Negative,
    /// A number with decimals, or what looks like it.
    Decimals,
    /// Scientific notation: digits may be lost.
    Scientific,
    /// Separators of thousands that do not stand between groups of three digits, or are of two kinds.
    Grouping,
    /// Another row separates thousands by another sign.
    OtherSeparator {
        /// Which row.
        row: u64,
    },
    /// The sign of another currency.
    Currency,
    /// A price in the currency's larger unit, or what looks like it.
    MinorUnits {
        /// Minor units of one.
        one: u64,
    },
    /// Too small or too large.
    Range {
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },
    /// Too many characters.
    TooLong {
        /// Most characters.
        max: usize,
    },
    /// The text holds what no text may hold.
    Text(text::Fault),
    /// It stands in another row already.
    Doubled {
        /// Which row.
        row: u64,
    },
    /// It is not larger than the row before.
    NotRising,
}

impl Reason {
    /// A stable word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::NotText => "not_text",
            Self::UnknownEncoding => "unknown_encoding",
            Self::OtherEncoding => "other_encoding",
            Self::UnknownSeparator => "unknown_separator",
            Self::NoHead => "no_head",
            Self::NoRows => "no_rows",
            Self::TooManyRows { .. } => "too_many_rows",
            Self::UnknownColumn => "unknown_column",
            Self::DoubledColumn => "doubled_column",
            Self::MissingColumn => "missing_column",
            Self::Unnamed => "column_without_name",
            Self::BrokenBytes => "broken_bytes",
            Self::QuoteInside => "quote_inside",
            Self::AfterQuote => "text_after_quote",
            Self::OpenQuote => "quote_not_closed",
            Self::Empty => "empty",
            Self::Formula => "formula",
            Self::NotNumber => "not_a_number",
            Self::Negative => "negative",
            Self::Decimals => "decimals",
            Self::Scientific => "scientific_notation",
            Self::Grouping => "ambiguous_separators",
            Self::OtherSeparator { .. } => "other_separator",
            Self::Currency => "other_currency",
            Self::MinorUnits { .. } => "minor_units",
            Self::Range { .. } => "out_of_range",
            Self::TooLong { .. } => "too_long",
            Self::Text(fault) => fault.code(),
            Self::Doubled { .. } => "doubled",
            Self::NotRising => "not_rising",
        }
    }

    /// English words.
    #[must_use]
    pub fn en(self) -> String {
        let words = match self {
            Self::Workbook => "this is a workbook; save it as CSV (UTF-8)",
            Self::NotText => {
                "this is not a text file, or its encoding is not supported; save it as CSV (UTF-8)"
            }
            Self::UnknownEncoding => {
                "the encoding is ambiguous; save it as CSV (UTF-8), or name it: Content-Type: text/csv; charset=…"
            }
            Self::OtherEncoding => {
                "its bytes do not look like the charset that was named; save it as CSV (UTF-8) and name utf-8"
            }
            Self::UnknownSeparator => "values are separated by a comma, a semicolon or a tab",
            Self::NoHead => "the file is empty; its first row must name the columns",
            Self::NoRows => "there are no rows below the column names",
            Self::TooManyRows { max } => return format!("at most {max} rows are taken"),
            Self::UnknownColumn => "there is no column of this name",
            Self::DoubledColumn => "this column appears twice",
            Self::MissingColumn => "this column is missing",
            Self::Unnamed => {
                "a value in a column without a name; put numbers with commas in quotes"
            }
            Self::BrokenBytes => "contains bytes that are not valid in the file's encoding",
            Self::QuoteInside => {
                "a quote inside a value; put the whole value in quotes and double the quote"
            }
            Self::AfterQuote => "text behind the closing quote",
            Self::OpenQuote => "the quote is never closed",
            Self::Empty => "empty",
            Self::Formula => "a formula; put its value here instead",
            Self::NotNumber => "not a whole number",
            Self::Negative => "below zero",
            Self::Decimals => "has decimals, or seems to; only whole numbers are allowed",
            Self::Scientific => {
                "scientific notation may have lost digits; format the column as a number"
            }
            Self::Grouping => "the separators are ambiguous; leave them out",
            Self::OtherSeparator { row } => {
                return format!("row {row} uses another thousands separator");
            }
            Self::Currency => "the symbol of another currency; leave it out",
            Self::MinorUnits { one } => {
                return format!(
                    "prices are whole minor units (such as cents) without a currency symbol: {one} for 1"
                );
            }
            Self::Range { min, max } => return format!("must be {min} to {max}"),
            Self::TooLong { max } => return format!("must have at most {max} characters"),
            Self::Text(fault) => return fault.en(),
            Self::Doubled { row } => return format!("is already in row {row}"),
            Self::NotRising => "must be larger than in the row before",
        };
        words.to_owned()
    }

    /// Korean words.
    #[must_use]
    pub fn ko(self) -> String {
        let words = match self {
            Self::Workbook => "엑셀 통합 문서입니다. CSV(UTF-8)로 저장해 주세요",
            Self::NotText => {
                "텍스트가 아니거나 읽을 수 없는 인코딩입니다. CSV(UTF-8)로 저장해 주세요"
            }
            Self::UnknownEncoding => {
                "인코딩을 확실히 알 수 없습니다. CSV(UTF-8)로 저장하거나 Content-Type: text/csv; charset=…로 알려 주세요"
            }
            Self::OtherEncoding => {
                "알려 준 charset과 파일의 바이트가 맞지 않습니다. CSV(UTF-8)로 저장하고 utf-8로 알려 주세요"
            }
            Self::UnknownSeparator => "구분자는 쉼표, 세미콜론, 탭만 쓸 수 있습니다",
            Self::NoHead => "빈 파일입니다. 첫 행에 열 이름이 있어야 합니다",
            Self::NoRows => "열 이름 아래에 내용이 없습니다",
            Self::TooManyRows { max } => return format!("최대 {max}행까지 가능합니다"),
            Self::UnknownColumn => "알 수 없는 열입니다",
            Self::DoubledColumn => "같은 열이 두 번 있습니다",
            Self::MissingColumn => "필요한 열이 없습니다",
            Self::Unnamed => {
                "이름 없는 열에 값이 있습니다. 쉼표가 있는 숫자는 따옴표로 묶어 주세요"
            }
            Self::BrokenBytes => "파일의 인코딩에 맞지 않는 바이트가 있습니다",
            Self::QuoteInside => {
                "값 안에 따옴표가 있습니다. 값 전체를 따옴표로 묶고 안의 따옴표는 두 번 써 주세요"
            }
            Self::AfterQuote => "닫는 따옴표 뒤에 글자가 있습니다",
            Self::OpenQuote => "따옴표가 닫히지 않았습니다",
            Self::Empty => "비어 있습니다",
            Self::Formula => "수식입니다. 값을 넣어 주세요",
            Self::NotNumber => "정수가 아닙니다",
            Self::Negative => "0보다 작습니다",
            Self::Decimals => "소수이거나 소수로 보입니다. 정수만 쓸 수 있습니다",
            Self::Scientific => {
                "지수 표기로 저장되어 자릿수가 사라졌을 수 있습니다. 열 서식을 숫자로 바꿔 주세요"
            }
            Self::Grouping => "구분 기호를 두 가지로 읽을 수 있습니다. 구분 기호를 빼 주세요",
            Self::OtherSeparator { row } => {
                return format!("{row}행과 천 단위 구분 기호가 다릅니다");
            }
            Self::Currency => "다른 통화의 기호입니다. 기호를 빼 주세요",
            Self::MinorUnits { one } => {
                return format!(
                    "가격은 통화 기호 없이 최소 단위(센트 등)의 정수로 적어 주세요. 1은 {one}입니다"
                );
            }
            Self::Range { min, max } => return format!("{min}~{max}이어야 합니다"),
            Self::TooLong { max } => return format!("최대 {max}자까지 가능합니다"),
            Self::Text(fault) => return fault.ko(),
            Self::Doubled { row } => return format!("{row}행에 이미 있습니다"),
            Self::NotRising => "앞 행보다 커야 합니다",
        };
        words.to_owned()
    }

    /// The limits that the value is outside of: least and most.
    #[must_use]
    pub fn limits(self) -> (Option<u64>, Option<u64>) {
        let count = |count: usize| u64::try_from(count).ok();
        match self {
            Self::TooManyRows { max } | Self::TooLong { max } => (None, count(max)),
            Self::Range { min, max } => (Some(min), Some(max)),
            Self::Text(text::Fault::Length { min, max }) => (count(min), count(max)),
            _ => (None, None),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Row as the sheet counts; none where it is the whole.
    pub row: Option<u64>,
    /// The column's name, or its letter where it has none.
    pub column: Option<String>,
    /// What stands there, cut, and without what cannot be seen.
    pub value: Option<String>,
    /// Why it is not taken.
    pub reason: Reason,
}

impl Fault {
    /// Of the whole sheet.
    #[must_use]
    pub const fn of_sheet(reason: Reason) -> Self {
        Self { row: None, column: None, value: None, reason }
    }

    /// Of a row.
    #[must_use]
    pub const fn of_row(row: u64, reason: Reason) -> Self {
        Self { row: Some(row), column: None, value: None, reason }
    }

    /// For a screen: where, what, why.
    #[must_use]
    pub fn line(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.row.map(|row| format!("row {row}")));
        words.extend(self.column.as_ref().map(|column| format!("column {column}")));
        words.extend(self.value.as_ref().map(|value| format!("\"{value}\"")));
        let place = words.join(", ");
        let why = self.reason.en();
        if place.is_empty() { why } else { format!("{place}: {why}") }
    }
}

/// All that is wrong: the first are listed, the rest are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The first [`FAULTS_LISTED_MAX`].
    pub listed: Vec<Fault>,
    /// How many there are.
    pub total: u64,
}

impl Faults {
    /// One more.
    pub fn add(&mut self, fault: Fault) {
        self.total += 1;
        if self.listed.len() < FAULTS_LISTED_MAX {
            self.listed.push(fault);
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { listed: vec![fault], total: 1 }
    }
}
