//! boxoffice: an on-sale engine for seated concerts.
//!
//! Arrows point one way: `cli → http → desk/board → store → core`.

pub mod audit;
pub mod board;
pub mod cli;
pub mod clock;
pub mod config;
pub mod currency;
pub mod desk;
pub mod http;
pub mod jobs;
pub mod log;
pub mod metrics;
pub mod networks;
pub mod origins;
pub mod passwords;
pub mod pressure;
pub mod rates;
pub mod recent;
pub mod sheet;
pub mod store;
pub mod supervisor;
pub mod sweeper;
pub mod text;
pub mod tokens;
pub mod zone;
