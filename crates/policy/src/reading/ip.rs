//! `ip_in`: an address in one of several ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Flaw, Judged, Unjudgeable};
use crate::diagnostic::quoted;

/// Ranges of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<Range>);

/// `10.0.0.0/8`, `2001:db8::/32` or one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    text: String,
    network: IpAddr,
    prefix: u32,
}

impl Ranges {
    pub(crate) fn new(texts: &[String]) -> Result<Ranges, (usize, Flaw)> {
        let range = |(index, text): (usize, &String)| Range::parse(text).map_err(|flaw| (index, flaw));
        texts.iter().enumerate().map(range).collect::<Result<_, _>>().map(Ranges)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Range::as_str)
    }

    pub(super) fn judge(&self, text: &str) -> Judged {
        let address: IpAddr =
            text.parse().map_err(|_| Unjudgeable::from("is not an IP address in its usual form"))?;
        judge(&self.0, address)
    }
}

/// Whether an address lies in one of the ranges. An IPv4 address mapped into IPv6 is that IPv4 address.
fn judge(ranges: &[Range], address: IpAddr) -> Judged {
    let address = unmapped(address);
    if ranges.iter().any(|range| range.contains(address)) {
        return Ok(true);
    }
    match address {
        IpAddr::V6(address) if is_transition(address) => {
            Err("is an IPv6 address that may stand for an IPv4 one".into())
        }
        _ => Ok(false),
    }
}

pub(super) fn unmapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(inner) => inner.to_ipv4_mapped().map_or(address, IpAddr::V4),
    }
}

/// Addresses with an IPv4 address inside that a translator or a tunnel may reach: NAT64 (RFC 6052, RFC 8215), 6to4,
/// Teredo, and the old IPv4-compatible and IPv4-translated forms.
pub(super) fn is_transition(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    match address.segments() {
        [0x2002, ..] | [0x2001, 0, ..] | [0x64, 0xff9b, 1, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => true,
        [0, 0, 0, 0, 0xffff, 0, ..] => true,
        [0, 0, 0, 0, 0, 0, ..] => bits > 1,
        _ => false,
    }
}

impl Range {
    pub(super) fn parse(text: &str) -> Result<Range, Flaw> {
        let not_one = || {
            Flaw::new(format!("{} is not a range of addresses", quoted(text)))
                .help("write `10.0.0.0/8`, `2001:db8::/32` or one address")
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| not_one())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => widest,
            Some(digits) => {
                let prefix = digits.parse::<u32>().ok().filter(|prefix| prefix.to_string() == digits);
                prefix.filter(|prefix| *prefix <= widest).ok_or_else(not_one)?
            }
        };
        let (network, prefix) = match unmapped(address) {
            IpAddr::V4(inner) if address.is_ipv6() && prefix >= 96 => (IpAddr::V4(inner), prefix - 96),
            _ => (address, prefix),
        };
        let range = Range { text: text.to_owned(), network: masked(network, prefix), prefix };
        if range.network != network {
            let flaw = Flaw::new(format!("{} names an address inside its range", quoted(text)));
            return Err(flaw.help(format!("the range is `{}/{prefix}`", range.network)));
        }
        Ok(range)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.network.is_ipv4() && masked(address, self.prefix) == self.network
    }
}

fn masked(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or_default();
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or_default();
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}
