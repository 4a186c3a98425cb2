//! What the names of accounts look like that were made before that was kept. Can be run again, and by
//! several nodes at once.

use super::connect::Link;
use super::migrate::run;
use super::text::{Line, id, words};
use crate::store::Fault;
use crate::store::records::Source;
use crate::text;
use boxoffice_core::id::Uuid;

/// Accounts that are looked at with one question.
const CHUNK: usize = 500;

/// Gives every account its look, in the order of ids, which is that of time: who comes later
/// and looks the same has none, and is found by the exact name.
pub(super) fn fill(link: &mut Link) -> Result<(), Fault> {
    let mut last = Uuid::nil();
    loop {
        let text = format!(
            "SELECT user_id, username, password_hash IS NULL FROM user WHERE user_id > {} \
             ORDER BY user_id LIMIT {CHUNK}",
            id(&last)
        );
        let rows = link.ask_again(&text)?.pop().map(|answer| answer.rows).unwrap_or_default();
        let mut updates = Vec::new();
        let count = rows.len();
        for line in rows.into_iter().map(Line) {
            last = line.id(0)?;
            let (name, external) = (line.text(1)?.unwrap_or_default(), line.int(2)? == Some(1));
            let look = if external { Some(name) } else { text::look(&name) };
            if let Some(look) = look {
                updates.push(format!(
                    "UPDATE IGNORE user SET username_look = {} WHERE user_id = {}",
                    words(&look),
                    id(&last)
                ));
            }
        }
        if !updates.is_empty() {
            run(link, &updates.join("; "))?;
        }
        if count < CHUNK {
            return Ok(());
        }
    }
}
