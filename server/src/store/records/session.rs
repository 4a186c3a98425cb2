//! Sessions as columns and back.

use super::columns;
use boxoffice_core::id::SessionId;
use boxoffice_core::session::Session;

columns! {
    Session[SessionId] in "session", found by session_id;
    |key, row|
    key { session_id: key }
    fixed { user_id: row.user, created_at: row.created_at, user_agent: row.user_agent }
    mutable {
        generation: row.generation,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        access_until: row.access_until,
        ended_at: row.ended_at,
        refused_until: row.refused_until,
    }
    read session_id => Session {
        user: user_id,
        created_at,
        user_agent,
        generation,
        last_used_at,
        expires_at,
        access_until,
        ended_at,
        refused_until,
    }
}
