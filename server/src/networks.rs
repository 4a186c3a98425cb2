//! Networks: lists of addresses, and which addresses count as one.

use serde::Deserialize;
use std::net::{IpAddr, Ipv6Addr};

/// A list of networks and addresses, `10.0.0.0/8, 192.0.2.7, 2001:db8::/32` in settings.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Networks {
    text: String,
    /// First address, and how many of its 128 bits count.
    of: Vec<(u128, u32)>,
}

/// An address as 128 bits; those of IPv4 as `::ffff:a.b.c.d`.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn differ(one: u128, other: u128, length: u32) -> bool {
    (one ^ other).checked_shr(128 - length).unwrap_or(0) != 0
}

fn network(text: &str) -> Option<(u128, u32)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
    let address: IpAddr = address.parse().ok()?;
    let (before, most) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
    let length: u32 = length.map_or(Some(most), |length| length.parse().ok())?;
    (length <= most).then_some((bits(address), before + length))
}

impl Networks {
    /// Whether the address is in one of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = bits(address);
        self.of.iter().any(|(first, length)| !differ(address, *first, *length))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

impl std::str::FromStr for Networks {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        let of = words.map(|word| {
            network(word).ok_or_else(|| format!("{word:?} is not a network such as 10.0.0.0/8"))
        });
        Ok(Self { text: text.to_owned(), of: of.collect::<Result<_, _>>()? })
    }
}

impl TryFrom<String> for Networks {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::fmt::Debug for Networks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.text, f)
    }
}

/// The address that counts: IPv6 by its first 64 bits, since one customer has all of them; IPv4 written as IPv6 as
/// the IPv4 address.
#[must_use]
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// The network of an IPv6 address that is given out as a whole to who asks for one, with 65,536 of what [`counted`]
/// makes one. An IPv4 address has none: such networks there have many customers.
#[must_use]
pub fn wide(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        IpAddr::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80).into()),
        IpAddr::V4(_) => None,
    }
}

/// How many addresses' share a wide network has.
pub const WIDE_SHARES: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_in_the_networks_or_not() {
        let networks: Networks = "10.0.0.0/8, 192.0.2.7,2001:db8::/32".parse().unwrap();
        for inside in ["10.255.0.1", "192.0.2.7", "2001:db8:ffff::1", "::ffff:10.1.1.1"] {
            assert!(networks.contain(ip(inside)), "{inside}");
        }
        for outside in ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::1", "::10.1.1.1"] {
            assert!(!networks.contain(ip(outside)), "{outside}");
        }
        let all: Networks = "0.0.0.0/0".parse().unwrap();
        assert!(all.contain(ip("8.8.8.8")) && !all.contain(ip("2001::1")));
        let all: Networks = "::/0".parse().unwrap();
        assert!(all.contain(ip("8.8.8.8")) && all.contain(ip("2001::1")));
        assert!(!"".parse::<Networks>().unwrap().contain(ip("8.8.8.8")));
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0", "x", "10.0.0.0/-1", "1.1.1.1;2.2.2.2"] {
            assert!(wrong.parse::<Networks>().unwrap_err().contains("10.0.0.0/8"), "{wrong}");
        }
    }

    #[test]
    fn who_has_an_ipv6_address_has_all_of_its_64() {
        assert_eq!(counted(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(counted(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(counted(ip("192.0.2.7")), ip("192.0.2.7"));
    }

    #[test]
    fn an_ipv6_address_has_a_wide_network_too() {
        assert_eq!(wide(ip("2001:db8:1:2:3:4:5:6")), Some(ip("2001:db8:1::")));
        assert_eq!((wide(ip("::ffff:192.0.2.7")), wide(ip("192.0.2.7"))), (None, None));
    }
}
