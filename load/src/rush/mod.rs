//! `boxoffice rush`: a crowd of simulated fans buys from a server, as persons and their phones do, and
//! then everything is counted again: proof, on the user's own machine, that nothing was oversold.
//!
//! Arrivals are an open loop, fixed before the first request; every latency counts from the moment when
//! its request was due, so that a server that stalls cannot hide it (no coordinated omission).

mod arrivals;
mod fan;
mod figures;
mod hall;
mod limit;
mod linear;
mod live;
mod map;
mod options;
mod pace;
mod process;
mod pushed;
mod record;
mod report;
mod seating;
mod sse;
mod truth;
mod venue;
mod wire;
mod world;

pub use options::Options;

use arrivals::Curve;
use boxoffice_server::Failure;
use fan::Fan;
use fan::hostile::{Attack, attackers};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;
use wire::{Pool, Pools};
use world::World;

/// Connections of a fan that has its own: one more than a double click needs is never under way.
const OWN_CONNECTIONS: usize = 2;

/// Sends the fans in, audits, and reports.
///
/// # Errors
/// The server cannot be used, or a check failed; the report says which.
pub fn run(options: Options) -> Result<(), Failure> {
    let options = options.checked()?;
    let curve = Curve::parse(&options.arrivals)?;
    let last = curve.ends(Duration::from_secs(options.over));
    if last > Duration::from_secs(options.seconds_max) {
        let last = last.as_secs();
        return Err(format!("fans come for {last} s; --seconds-max ends the run before").into());
    }
    let own = usize::try_from(options.fans)?.saturating_mul(OWN_CONNECTIONS);
    let connections = if options.connections == 0 { own } else { options.connections };
    let hostile = usize::try_from(attackers(options.fans, options.hostile))?;
    let streams = if options.stream_percent > 0.0 { fan::streaming::STREAMS_MAX } else { 0 };
    let connections = connections.saturating_add(hostile).saturating_add(streams);
    if let Some((allowed, wanted)) = boxoffice_server::serve::raise_descriptor_limit(connections) {
        live::note(&format!(
            "Only {allowed} files may be open (ulimit -Hn), and connections may need {wanted}: some may break."
        ));
    }
    let venue = venue::find(&options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let world = local.block_on(&runtime, async {
        tokio::select! {
            done = rush(&options, &curve, &venue) => done,
            // Dropping the venue ends the server and removes its files.
            _ = tokio::signal::ctrl_c() => Err("interrupted; nothing was counted".into()),
        }
    })?;
    let verdict = venue.judge(&world)?;
    let server = venue.server();
    let facts = report::Facts::of(&options, &venue.database);
    venue.close()?;
    let report = report::Report::of(&world, verdict, server, facts);
    report.write(&options.out)?;
    report.print(&options.out);
    let wrong = report.wrong();
    if wrong == 0 { Ok(()) } else { Err(format!("checks failed: {wrong}").into()) }
}

async fn rush(
    options: &Options,
    curve: &Curve,
    venue: &venue::Venue,
) -> Result<Rc<World>, Failure> {
    let setup = Pool::new(venue.addresses.clone(), 1, 0)?;
    let (concert, opens_at) = venue.open_sale(options, &setup).await?;
    venue.until_shown(concert).await?;
    if options.idle > 0 {
        live::note(&format!("The sale is open, and nobody comes for {} s", options.idle));
        tokio::time::sleep(Duration::from_secs(options.idle)).await;
    }
    let mut world = World::new(options.clone(), concert, venue.keyring())?;
    world.opens(opens_at);
    world.operator_key = venue.operator_key();
    world.ticket_keys = venue.ticket_keys(&setup).await?;
    world.halls = venue.halls(options, concert, &setup).await?;
    let world = Rc::new(world);
    if world.opened_ms > 0 {
        live::note(&format!("The sale opens in {} ms", world.opened_ms));
    }
    live::note(&format!(
        "{} fans come to {} for concert {}, seed {}",
        options.fans, venue.name, concert, options.seed
    ));
    let shared = Rc::new(Pools::shared(&venue.addresses, options.connections, venue.named)?);
    let watching = [
        tokio::task::spawn_local(live::watch(Rc::clone(&world))),
        tokio::task::spawn_local(limit::watch(Rc::clone(&world), Rc::clone(&shared))),
    ];
    let mut hostile = send_in_attackers(&world, venue)?;
    send_in(&world, curve, (venue, shared)).await?;
    world.fans_ended.set(true);
    // What they have asked for is answered first: it must be true, too.
    while let Some(ended) = hostile.join_next().await {
        ended?;
    }
    watching.iter().for_each(tokio::task::JoinHandle::abort);
    world.figures.borrow_mut().catch_up(true);
    Ok(world)
}

/// Lets the attackers begin, spread over the first second.
fn send_in_attackers(
    world: &Rc<World>,
    venue: &venue::Venue,
) -> Result<tokio::task::JoinSet<()>, Failure> {
    let mut hostile = tokio::task::JoinSet::new();
    for number in 0..world.attackers {
        let nth = usize::try_from(number)?;
        let pool = Pool::new(venue.addresses.clone(), 1, nth)?.behind(venue.named);
        let pools = Rc::new(Pools::own(pool));
        let due = world.began() + Duration::from_secs(1) * number / world.attackers;
        // Numbers that no fan has: chance is another's.
        let fan = Fan::new(world, pools, u64::MAX - u64::from(number), due);
        hostile.spawn_local(fan.attack(Attack::of(nth)));
    }
    Ok(hostile)
}

/// Every fan lives its life; returns when the last has ended.
async fn send_in(
    world: &Rc<World>,
    curve: &Curve,
    (venue, shared): (&venue::Venue, Rc<Pools>),
) -> Result<(), Failure> {
    let options = &world.options;
    let mut random = fastrand::Rng::with_seed(options.seed);
    let over = Duration::from_secs(options.over);
    let fans = usize::try_from(options.fans)?;
    let moments = curve.moments(fans, over, &mut random);
    let mut living = tokio::task::JoinSet::new();
    for (number, moment) in (0..).zip(moments) {
        let pools = if options.connections == 0 {
            let first = usize::try_from(number)?;
            let pool = Pool::new(venue.addresses.clone(), OWN_CONNECTIONS, first)?;
            Rc::new(Pools::own(pool.behind(venue.named)))
        } else {
            Rc::clone(&shared)
        };
        let due: Instant = world.began() + moment;
        tokio::time::sleep_until(due).await;
        living.spawn_local(Fan::new(world, pools, number, due).live());
        // The memory of fans who have ended.
        while let Some(ended) = living.try_join_next() {
            ended?;
        }
    }
    while let Some(ended) = living.join_next().await {
        ended?;
    }
    Ok(())
}
