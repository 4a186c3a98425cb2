//! What comes in from outside: files, texts, and anything else that somebody may send.

mod encodings;
mod fuzz;
mod sheet;
mod text;
