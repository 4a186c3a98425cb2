//! HTTP: extract → command → desk (or board) → view. One file a resource, one list of routes, one
//! table of problems. Nothing here decides who gets a seat.

pub mod account;
pub mod address;
pub mod admin;
pub mod advice;
pub mod app;
pub mod asset;
pub mod body;
pub mod booking;
pub mod canned;
pub mod concert;
pub mod docs;
pub mod document;
pub mod draw;
pub mod edge;
pub mod edit;
pub mod extract;
pub mod funds;
pub mod lang;
pub mod limits;
pub mod me;
pub mod my_sessions;
pub mod observe;
pub mod operators;
pub mod ops;
pub mod pages;
pub mod payment;
pub mod problem;
pub mod proxy;
pub mod queue;
pub mod ready;
pub mod reservation;
pub mod routes;
pub mod sale;
pub mod seat;
pub mod serve;
pub mod session;
pub mod setting;
pub mod strict;
pub mod trail;
pub mod upload;
pub mod user;
pub mod view;
pub mod wallet;

pub use app::{App, Inner};
