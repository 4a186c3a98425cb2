//! Load from outside: a crowd of simulated fans (`rush`) and measurements (`bench`), on servers that are
//! asked over HTTP as everybody asks them.

pub mod bench;
pub mod http;
pub mod rush;
