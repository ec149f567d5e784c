//! A caller of our own server, as small as can be: one request on one connection.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::commands::Failure;

/// Where to call, and as whom.
pub struct Client {
    pub address: SocketAddr,
    pub token: String,
}

impl Client {
    pub fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call("GET", path, "")
    }

    /// Posts JSON under a fresh key.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call("POST", path, &body.to_string())
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let (address, token, length) = (self.address, &self.token, body.len());
        let key = uuid::Uuid::now_v7().simple();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        )?;
        if method == "POST" {
            write!(
                stream,
                "Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
            )?;
        }
        write!(stream, "\r\n{body}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .ok_or("the server broke off its answer")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            return Err(format!("{method} {path} was answered {status}: {body}").into());
        }
        Ok(serde_json::from_str(body)?)
    }
}
