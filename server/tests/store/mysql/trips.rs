//! A batch takes as many packets as it has rounds of loading, and one more, whatever its size.

use super::on_each;
use super::sale::{NOW, admit, charge, fan, in_the_shop, join, keyed, outcomes, reserve, run};
use crate::servers::Server;
use boxoffice_core::batch::Envelope;
use boxoffice_core::command::Command;
use boxoffice_core::id::{PaymentId, Uuid};
use boxoffice_core::limits::LOAD_ROUNDS_MAX;
use boxoffice_core::payment::Pay;
use boxoffice_server::store::mysql::MySqlStore;

on_each! {
    /// The measure of the store: round trips do not grow with the batch.
    a_batch_takes_few_packets;
}

fn pay(number: u32) -> Envelope {
    let reserve = reserve(number, []);
    let Command::Reserve(of) = reserve.command else { panic!("a reservation") };
    let payment = PaymentId(Uuid::from_u128(0xbb_0000 + u128::from(number)));
    let command = Pay { user: of.user, place: of.place, reservation: of.reservation, payment };
    keyed(Command::Pay(command), fan(number), "pay")
}

fn trips(store: &mut MySqlStore, envelopes: &[Envelope]) -> u64 {
    let before = store.round_trips();
    let replies = run(store, envelopes, NOW);
    assert_eq!(outcomes(replies.clone()).len(), envelopes.len(), "{:?}", replies[0]);
    store.round_trips() - before
}

fn a_batch_takes_few_packets(server: &'static Server) {
    let options = in_the_shop(server, 1_100, 501);
    let mut store = MySqlStore::open(&options).expect("a database of our own");
    let most = u64::try_from(LOAD_ROUNDS_MAX).expect("small") + 1;
    let mut check = |what: &str, one: &dyn Fn(u32) -> Envelope| {
        let few = trips(&mut store, &[one(501)]);
        let batch: Vec<Envelope> = (1..=500).map(one).collect();
        let began = std::time::Instant::now();
        let many = trips(&mut store, &batch);
        eprintln!("{what}: {few} packets for 1, {many} for 500 in {:?}", began.elapsed());
        assert_eq!(few, many, "{what}");
        assert!(few <= most, "{what}: {few}");
    };
    check("hold", &|n| reserve(n, [n * 2 - 1, n * 2]));
    check("charge", &|n| keyed(charge(n, n.into()), fan(n), "charge"));
    check("pay", &pay);
    check("join", &|n| join(n + 1_000));
    check("admit", &|_| admit());
}
