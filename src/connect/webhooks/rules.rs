//! Where events may be sent, when they are sent again, and how they are signed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Duration;
use reqwest::Url;
use url::Host;

use kernel::caller::Role;

/// What an operator allows beyond `https` to public addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Addresses inside our own network, and of this machine.
    pub private_addresses: bool,
    /// Without encryption.
    pub plain_http: bool,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("must be an address such as https://erp.example.com/hooks")]
    Malformed,
    #[error("must begin with https")]
    NotHttps,
    #[error("must have no user name and no password")]
    HasUser,
    #[error("must have no part after #")]
    HasFragment,
    #[error("must not lead into a private network")]
    Private,
}

/// Reads an address, and refuses one that is wrong whatever its name stands for. What the name stands for is looked at
/// whenever something is sent.
///
/// # Errors
/// When it is no address, or none that may be sent to.
pub fn check_address(text: &str, reach: Reach) -> Result<Url, AddressError> {
    let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
    match url.scheme() {
        "https" => {}
        "http" if reach.plain_http => {}
        "http" => return Err(AddressError::NotHttps),
        _ => return Err(AddressError::Malformed),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::HasUser);
    }
    if url.fragment().is_some() {
        return Err(AddressError::HasFragment);
    }
    // The parser has read decimal, octal and shortened forms as the address that they are.
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(_)) => None,
        None => return Err(AddressError::Malformed),
    };
    if address.is_some_and(|address| !may_connect(address, reach)) {
        return Err(AddressError::Private);
    }
    Ok(url)
}

/// Whether something may be sent to an address.
pub fn may_connect(address: IpAddr, reach: Reach) -> bool {
    reach.private_addresses || is_public(address)
}

/// Whether an address is one of the internet's: not of a private network, this machine, its neighbours, a cloud's
/// metadata, a group, an example, or of a range that stands for another.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Where every machine in Azure finds its cloud's metadata.
const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    // This network, carriers' NAT, IETF, relays, benchmarks, and what is reserved.
    let is_special = matches!(
        (a, b, c),
        (0 | 240..=255, ..) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18 | 19, _)
    );
    !(is_special
        || address == AZURE
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    let embedded = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        is_public_v4(Ipv4Addr::from_bits(bits))
    };
    match address.segments() {
        // NAT64 and 6to4 stand for the address inside.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => embedded(high, low),
        // Teredo, benchmarks and the like; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// Whether endpoints are told events that these roles may read. A system at an endpoint is nobody whose roles could be looked
/// at, and who sets it up is an admin: neither may come by what both may not read.
pub fn is_told(roles: &[Role]) -> bool {
    roles.contains(&Role::System) || roles.contains(&Role::Admin)
}

/// How long the first attempts are apart, in seconds: that of Standard Webhooks, for three days.
const WAITS_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// As often something is sent.
pub const ATTEMPTS_MAX: i32 = 10;

/// An endpoint that received nothing for as long, though something was sent, is switched off.
pub const FAILING_HOURS_MAX: i64 = 72;

/// How much earlier or later an attempt is than planned, so that not all come at once: up to a tenth.
const JITTER_PERCENT: i64 = 10;

/// When the next attempt is after so many, or none. `chance` is from 0 to 1,000; a receiver that asks for more time is
/// given it, a day at most.
///
/// Example: after the first attempt the next is 4.5 to 5.5 seconds later, after the second 270 to 330.
pub fn wait_after(attempts: i32, chance: u16, asked: Option<Duration>) -> Option<Duration> {
    if attempts >= ATTEMPTS_MAX {
        return None;
    }
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    let planned = WAITS_SECONDS.get(index).copied().unwrap_or(86_400) * 1_000;
    let jitter = planned * JITTER_PERCENT / 100 * (i64::from(chance.min(1_000)) - 500) / 500;
    let planned = Duration::milliseconds(planned + jitter);
    let asked = asked.map_or(planned, |asked| asked.min(Duration::days(1)));
    Some(planned.max(asked))
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Received,
    /// Not received; to be tried again.
    Failed,
    /// The endpoint is not there any more.
    Gone,
}

/// What an answer's HTTP status means: a redirection is none that we follow.
pub const fn meaning(answer_code: Option<u16>) -> Meaning {
    match answer_code {
        Some(200..=299) => Meaning::Received,
        Some(410) => Meaning::Gone,
        _ => Meaning::Failed,
    }
}

/// The signature of a message by Standard Webhooks: of each secret one, separated by a space.
pub fn signature(secrets: &[Vec<u8>], id: &str, timestamp: i64, body: &str) -> String {
    let content = format!("{id}.{timestamp}.{body}");
    let signed = secrets.iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let tag = hmac::sign(&key, content.as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    });
    signed.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CLOSED: Reach = Reach {
        private_addresses: false,
        plain_http: false,
    };
    const OPEN: Reach = Reach {
        private_addresses: true,
        plain_http: true,
    };

    #[test]
    fn addresses_inside_are_refused_in_every_form() {
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://198.18.0.1/",
            "https://192.0.2.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://[2001::1]/",
            "https://[2001:db8::1]/",
            "https://[ff02::1]/",
        ] {
            assert_eq!(
                check_address(text, CLOSED),
                Err(AddressError::Private),
                "{text}"
            );
            assert!(check_address(text, OPEN).is_ok(), "{text}");
        }
        for text in [
            "https://erp.example.com/hooks?tenant=1",
            "https://8.8.8.8:8443/",
            "https://[2606:4700::1111]/",
            "https://[64:ff9b::808:808]/",
        ] {
            assert!(check_address(text, CLOSED).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_https_address_is_refused() {
        for (text, error) in [
            ("http://erp.example.com/", AddressError::NotHttps),
            ("ftp://erp.example.com/", AddressError::Malformed),
            ("file:///etc/passwd", AddressError::Malformed),
            ("erp.example.com", AddressError::Malformed),
            ("https://", AddressError::Malformed),
            ("https://me:secret@erp.example.com/", AddressError::HasUser),
            ("https://me@erp.example.com/", AddressError::HasUser),
            ("https://erp.example.com/#a", AddressError::HasFragment),
        ] {
            assert_eq!(check_address(text, CLOSED), Err(error), "{text}");
        }
        assert!(check_address("http://erp.example.com/", OPEN).is_ok());
    }

    #[test]
    fn what_neither_systems_nor_admins_read_is_told_to_no_endpoint() {
        assert!(is_told(&[Role::Sales, Role::System]));
        assert!(is_told(&[Role::Auditor, Role::Admin]));
        assert!(!is_told(&[
            Role::Sales,
            Role::Credit,
            Role::Finance,
            Role::Auditor
        ]));
        assert!(!is_told(&[]));
    }

    #[test]
    fn waits_grow_for_three_days_and_then_it_is_over() {
        let seconds: Vec<Option<i64>> = [1, 2, 3, 9, 10, i32::MAX]
            .into_iter()
            .map(|attempts| wait_after(attempts, 500, None).map(|wait| wait.num_seconds()))
            .collect();
        let expected = [Some(5), Some(300), Some(1_800), Some(86_400), None, None];
        assert_eq!(seconds, expected);
        let all: i64 = WAITS_SECONDS.iter().sum();
        assert!((71..80).contains(&(all / 3_600)), "{all}");
    }

    #[test]
    fn a_receiver_that_asks_for_time_is_given_it_a_day_at_most() {
        let asked = |seconds| wait_after(1, 500, Some(Duration::seconds(seconds))).unwrap();
        assert_eq!(asked(120).num_seconds(), 120);
        assert_eq!(asked(1).num_seconds(), 5);
        assert_eq!(asked(1_000_000).num_seconds(), 86_400);
    }

    #[test]
    fn the_example_of_the_standard_is_signed_as_it_says() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = signature(
            &[secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_2xx_is_received() {
        assert_eq!(meaning(Some(204)), Meaning::Received);
        assert_eq!(meaning(Some(302)), Meaning::Failed);
        assert_eq!(meaning(Some(410)), Meaning::Gone);
        assert_eq!(meaning(None), Meaning::Failed);
    }

    proptest! {
        #[test]
        fn chance_moves_an_attempt_by_a_tenth_at_most(attempts in 1..10_i32, chance in 0..=1_000_u16) {
            let planned = wait_after(attempts, 500, None).unwrap().num_milliseconds();
            let wait = wait_after(attempts, chance, None).unwrap().num_milliseconds();
            prop_assert!((wait - planned).abs() * 10 <= planned);
        }
    }
}
