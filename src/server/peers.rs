//! From where a request comes. What `X-Forwarded-For` says counts only when a proxy of ours has said it.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

/// The proxies in front of this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses and networks with commas between, such as `10.0.0.0/8, 192.0.2.7`.
    ///
    /// # Errors
    /// The first that is neither.
    pub fn parse(text: &str) -> Result<Proxies, String> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let networks = parts.map(|part| {
            let network = part.parse::<IpNet>();
            let address = part.parse::<IpAddr>().map(IpNet::from);
            network.or(address).map_err(|_| part.to_owned())
        });
        networks
            .collect::<Result<Vec<IpNet>, String>>()
            .map(Proxies)
    }

    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of whoever asked: the last that no proxy of ours has. A caller may put what it likes in front of that.
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.has(peer) {
            return peer;
        }
        let lines = headers.get_all("x-forwarded-for");
        let said: Vec<&str> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .collect();
        let mut origin = peer;
        for hop in said.into_iter().rev() {
            let Some(address) = address_of(hop) else {
                return origin;
            };
            origin = address;
            if !self.has(address) {
                return origin;
            }
        }
        origin
    }
}

/// The address that a proxy wrote: some write its port as well, and brackets around one of IPv6.
fn address_of(hop: &str) -> Option<IpAddr> {
    let with_port = || Some(hop.parse::<SocketAddr>().ok()?.ip());
    let in_brackets = || {
        let inside = hop.strip_prefix('[')?.strip_suffix(']')?;
        Some(IpAddr::V6(inside.parse().ok()?))
    };
    let plain = hop.parse().ok();
    plain.or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_proxy_of_ours_is_believed() {
        let proxies = Proxies::parse("10.0.0.0/8, 192.0.2.7").unwrap();
        let origin = |peer: &str, said: &'static str| {
            let mut headers = HeaderMap::new();
            let name = HeaderName::from_static("x-forwarded-for");
            headers.append(name, HeaderValue::from_static(said));
            proxies.origin(peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(origin("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(origin("10.1.2.3", "198.51.100.1"), "198.51.100.1");
        assert_eq!(
            origin("10.1.2.3", "1.1.1.1, 198.51.100.1, 192.0.2.7"),
            "198.51.100.1"
        );
        assert_eq!(origin("::ffff:10.1.2.3", "198.51.100.1"), "198.51.100.1");
        assert_eq!(origin("10.1.2.3", "198.51.100.1:52817"), "198.51.100.1");
        assert_eq!(
            origin("10.1.2.3", "1.1.1.1, 198.51.100.1:443, 10.2.3.4:80"),
            "198.51.100.1"
        );
        assert_eq!(origin("10.1.2.3", "[2001:db8::7]:443"), "2001:db8::7");
        assert_eq!(origin("10.1.2.3", "[2001:db8::7]"), "2001:db8::7");
        assert_eq!(origin("10.1.2.3", "198.51.100.1:70000"), "10.1.2.3");
        assert_eq!(origin("10.1.2.3", "[198.51.100.1]"), "10.1.2.3");
        assert_eq!(origin("10.1.2.3", "unknown"), "10.1.2.3");
        assert_eq!(origin("10.1.2.3", "10.0.0.1"), "10.0.0.1");
        assert!(Proxies::parse("10.0.0.0/8, somewhere").is_err());
        assert_eq!(Proxies::parse("").unwrap(), Proxies::default());
    }
}
