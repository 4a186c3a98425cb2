//! Reads the setting `log`: a level, or a filter of tracing. In such a filter a single word names a part of a program,
//! logs all of that part and nothing else. A misspelt level would so turn the log off without a warning.

use tracing_subscriber::EnvFilter;

/// The filter where nothing is set.
pub const DEFAULT: &str = "info";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Other names of the same level.
const ALSO: [(&str, &str); 2] = [("warning", "warn"), ("none", "off")];

/// A level by its name, in upper or lower case.
fn level(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let also = ALSO.iter().find(|(also, _)| *also == word).map(|(_, level)| *level);
    also.or_else(|| LEVELS.into_iter().find(|level| *level == word))
}

/// One part of a filter as tracing reads it.
fn directive(text: &str) -> Result<String, String> {
    let takes = || {
        let levels = LEVELS.join(", ");
        format!(
            "{text:?} is not a level; it takes {levels}, or a filter such as info,boxoffice::http=debug"
        )
    };
    match text.rsplit_once('=') {
        None => level(text).map(str::to_owned).ok_or_else(takes),
        Some((of, word)) => Ok(format!("{}={}", of.trim(), level(word.trim()).ok_or_else(takes)?)),
    }
}

/// The filter; an empty text gives the default.
///
/// # Errors
/// It is not usable; the text says why.
pub fn usual(filter: &str) -> Result<String, String> {
    // Commas and equals signs of spans and fields mean something else.
    let usual = if filter.contains(['[', '{']) {
        filter.to_owned()
    } else {
        let parts = filter.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(directive).collect::<Result<Vec<_>, _>>()?.join(",")
    };
    if usual.is_empty() {
        return Ok(DEFAULT.into());
    }
    EnvFilter::try_new(&usual).map_err(|error| error.to_string())?;
    Ok(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_taken() {
        for (given, want) in [
            ("info", "info"),
            ("", "info"),
            (" ", "info"),
            (",", "info"),
            ("WARN", "warn"),
            ("warning", "warn"),
            (" Warning , boxoffice = debug", "warn,boxoffice=debug"),
            ("none", "off"),
            ("off", "off"),
            ("boxoffice::http=WARNING", "boxoffice::http=warn"),
            ("warn,boxoffice::http=debug,hyper=off", "warn,boxoffice::http=debug,hyper=off"),
            ("info,[a_span{field=1}]=debug", "info,[a_span{field=1}]=debug"),
        ] {
            assert_eq!(usual(given).as_deref(), Ok(want), "{given:?}");
        }
    }

    /// H5: a word that is no level would turn the log off.
    #[test]
    fn what_is_no_level_is_refused_with_those_there_are() {
        for bad in ["verbose", "9", "boxoffice", "info,verbose", "boxoffice=loud", "a=b=c", "a="] {
            let why = usual(bad).unwrap_err();
            assert!(
                why.contains("it takes off, error, warn, info, debug, trace, or a filter"),
                "{why}"
            );
        }
        assert!(usual("[a_span{").is_err());
    }
}
