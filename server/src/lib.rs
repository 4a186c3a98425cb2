//! The running system of boxoffice, an on-sale engine for seated concerts.
//!
//! Arrows point one way: `serve → node → http → write_path/read_model → store → core`.

pub mod audit;
pub mod bulk;
pub mod clock;
pub mod config;
pub mod cookie;
pub mod currency;
pub mod database;
pub mod demo;
pub mod http;
pub mod jobs;
pub mod layout;
pub mod log;
pub mod member;
pub mod metrics;
pub mod networks;
pub mod node;
pub mod operator_key;
pub mod origins;
pub mod passwords;
pub mod picture;
pub mod pressure;
pub mod rates;
pub mod read_model;
pub mod recent;
pub mod serve;
pub mod sheet;
pub mod store;
pub mod supervisor;
pub mod text;
pub mod tick;
pub mod tickets;
pub mod tokens;
pub mod turns;
pub mod write_path;
pub mod zone;

/// What stops a server or a verb; shown as one sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
