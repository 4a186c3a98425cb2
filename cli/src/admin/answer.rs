//! JSON whose members keep the order in which a server writes them: the order in which people want to read them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// See the module.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A list.
    List(Vec<Answer>),
    /// An object.
    Object(IndexMap<String, Answer>),
    /// Neither a list nor an object.
    Plain(Value),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Plain(Value::Null)
    }
}

impl Answer {
    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.get(name)
    }

    /// See [`Answer::get`].
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Object(members) = self else { return None };
        members.get_mut(name)
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(value) => value.as_str(),
            _ => None,
        }
    }

    /// The whole number that it is.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Plain(value) => value.as_i64(),
            _ => None,
        }
    }

    /// What is listed; nothing where it is no list.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_as_it_came() {
        let text = r#"{"b":[1,-2,0.5,null,true],"a":{"z":"x","c":[]},"d":{}}"#;
        let answer: Answer = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&answer).unwrap(), text);
        assert_eq!(answer.get("a").unwrap().get("z").unwrap().text(), Some("x"));
    }
}
