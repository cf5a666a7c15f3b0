//! URLs, IP addresses, addresses of email.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::Judged;

/// A URL that no two readers take for different ones.
fn plain_url(text: &str) -> Option<Url> {
    let odd =
        |letter: char| letter.is_control() || letter.is_whitespace() || "\\\u{200b}\u{ad}".contains(letter);
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let port = authority.rsplit_once(']').map_or(authority, |(_, port)| port);
    let host = port.split(':').next()?;
    let octal = host.split('.').any(|part| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
    });
    let refused = authority.contains(['@', '%']) || octal || authority.is_empty() || text.contains(odd);
    if refused { None } else { Url::parse(text).ok() }
}

pub(super) fn url_host_in(text: &str, hosts: &[String], schemes: &[String]) -> Judged {
    let url = plain_url(text)?;
    if !schemes.iter().any(|scheme| scheme == url.scheme()) {
        return None;
    }
    let (host, port) = (url.host()?, url.port_or_known_default());
    Some(hosts.iter().any(|wanted| is_host(&host, port, wanted)))
}

fn is_host(host: &Host<&str>, port: Option<u16>, wanted: &str) -> bool {
    let address = match host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address).to_canonical()),
        Host::Domain(_) => None,
    };
    if let Some(wanted) = range(wanted.trim_matches(['[', ']'])) {
        return address.is_some_and(|address| lies_in(address, wanted));
    }
    if let Some((wanted, only)) = wanted.rsplit_once(':') {
        return port == only.parse().ok() && is_host(host, port, wanted);
    }
    let Host::Domain(name) = host else { return false };
    let name = name.strip_suffix('.').unwrap_or(name);
    match wanted.strip_prefix('*') {
        Some(below) => name.ends_with(below) && name.len() > below.len(),
        None => name == wanted,
    }
}

pub(super) fn url_scheme_in(text: &str, schemes: &[String]) -> Judged {
    let odd = |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
    if text.contains(odd) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    Some(schemes.iter().any(|scheme| scheme == url.scheme()))
}

/// An address and how many of its bits count.
fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse::<IpAddr>().ok()?, bits.parse().ok()?),
        None => {
            let address = text.parse::<IpAddr>().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    match (address, address.to_canonical()) {
        (IpAddr::V6(_), IpAddr::V4(inner)) if bits >= 96 => Some((IpAddr::V4(inner), bits - 96)),
        _ => Some((address, bits)),
    }
}

fn lies_in(address: IpAddr, (range, bits): (IpAddr, u32)) -> bool {
    let v4 = |address: Ipv4Addr| u128::from(u32::from(address));
    let (a, b, width) = match (address, range) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (v4(a), v4(b), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
        _ => return false,
    };
    bits == 0 || (a ^ b) >> (width - bits) == 0
}

pub(super) fn ip_in(text: &str, ranges: &[String]) -> Judged {
    let address = match text.parse::<Ipv4Addr>() {
        Ok(address) => IpAddr::V4(address),
        Err(_) => IpAddr::V6(text.parse::<Ipv6Addr>().ok()?).to_canonical(),
    };
    Some(ranges.iter().any(|wanted| lies_in(address, range(wanted).unwrap())))
}

/// One bare address.
pub(super) fn email_domain_in(text: &str, domains: &[String]) -> Judged {
    let (local, domain) = text.split_once('@')?;
    let is_local = |letter: char| letter.is_ascii_alphanumeric() || "._+-'".contains(letter);
    let labels = domain.split('.').collect::<Vec<_>>();
    let is_label = |label: &&str| {
        let inner = label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let number = labels.last()?.bytes().all(|byte| byte.is_ascii_digit());
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if local.is_empty() || !local.chars().all(is_local) || dots || !labels.iter().all(is_label) || number {
        return None;
    }
    let domain = domain.to_ascii_lowercase();
    Some(domains.iter().any(|wanted| match wanted.strip_prefix('*') {
        Some(below) => domain.ends_with(below) && domain.len() > below.len(),
        None => domain == *wanted,
    }))
}
