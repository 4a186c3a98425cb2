//! How the value of a setting is read from a flag or the environment, and what is said of one that cannot
//! be: what is expected, with an example.

use crate::cookie::SessionCookie;
use crate::networks::Networks;
use crate::origins::Origins;
use crate::rates::Rate;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// A type that settings have.
pub trait Value: FromStr {
    /// What is expected, with an example.
    const WANTED: &'static str;
}

macro_rules! values {
    ($($type:ty: $wanted:literal;)*) => {
        $(impl Value for $type {
            const WANTED: &'static str = $wanted;
        })*
    };
}

values! {
    String: "text";
    PathBuf: "a path such as /etc/boxoffice/keys.json";
    SocketAddr: "an address with a port such as 127.0.0.1:8080";
    bool: "true or false";
    i64: "a whole number such as 300";
    u8: "a whole number such as 40";
    u32: "a whole number such as 300";
    u64: "a whole number such as 300";
    usize: "a whole number such as 300";
    Rate: "a rate such as 30+10/min, or off";
    Origins: "origins separated by commas such as https://shop.example,https://m.shop.example, or *";
    SessionCookie: "secure or plain";
    Networks: "networks separated by commas such as 10.0.0.0/8,192.0.2.7";
}

/// Reads a value.
///
/// # Errors
/// It cannot be; the text says what is expected.
pub fn read<T: Value>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("it takes {}", T::WANTED))
}
