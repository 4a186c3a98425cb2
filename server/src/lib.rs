//! boxoffice: an on-sale engine for seated concerts.
//!
//! Arrows point one way: `cli → http → write_path/read_model → store → core`.

pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod currency;
pub mod http;
pub mod log;
pub mod metrics;
pub mod networks;
pub mod origins;
pub mod passwords;
pub mod pressure;
pub mod rates;
pub mod read_model;
pub mod recent;
pub mod sheet;
pub mod store;
pub mod supervisor;
pub mod text;
pub mod tick;
pub mod tokens;
pub mod write_path;
pub mod zone;
