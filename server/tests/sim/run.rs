//! A batch through a store, as the write path runs it.

use boxoffice_core::batch::{Envelope, Reply, load_all, run};
use boxoffice_core::rows::Rows;
use boxoffice_core::time::Time;
use boxoffice_server::store::{Fault, Store, transact};

/// Load, decide, save, commit.
pub fn run_batch<S: Store>(
    store: &mut S,
    envelopes: &[Envelope],
    now: Time,
) -> Result<(Rows, Vec<Reply>), Fault> {
    transact(store, |store| {
        let mut rows = Rows::default();
        load_all(envelopes, &mut rows, |keys, rows| store.load(keys, rows))?;
        let replies = run(envelopes, &mut rows, now);
        store.save(&rows)?;
        Ok((rows, replies))
    })
}
