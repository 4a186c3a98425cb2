//! Checks and steps that several rules share. A step that changes rows has been checked by the rule
//! that takes it.

pub mod admission;
pub mod concert;
pub mod event;
pub mod hold;
pub mod job;
pub mod refund;
pub mod wallet;
