//! Somebody who receives webhooks.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// One message that came.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// Verifies it as a receiver does who has the secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let mut headers = ureq::http::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, self.headers[name].parse().unwrap());
        }
        let webhook = standardwebhooks::Webhook::new(secret).unwrap();
        webhook.verify(self.body.as_bytes(), &headers).is_ok()
    }
}

/// How a receiver answers.
type Answers = Arc<Mutex<Box<dyn FnMut(&Received) -> String + Send>>>;

/// A server that keeps what comes, and answers as it is told.
pub struct Receiver {
    port: u16,
    came: Channel<Received>,
    answers: Answers,
}

impl Receiver {
    /// One that receives everything.
    pub fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, came) = channel();
        let answers: Answers = Arc::new(Mutex::new(Box::new(|_| "204 Received".to_owned())));
        let answering = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (sender, answers) = (sender.clone(), Arc::clone(&answering));
                std::thread::spawn(move || answer_all(stream.unwrap(), &sender, &answers));
            }
        });
        Receiver {
            port,
            came,
            answers,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// From now on answers like this: the status with its words, and perhaps headers behind it.
    pub fn answer(&self, answers: impl FnMut(&Received) -> String + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// The next message.
    pub fn next(&self) -> Received {
        self.came.recv_timeout(Duration::from_mins(1)).unwrap()
    }

    /// What has come and was not looked at.
    pub fn rest(&self) -> Vec<Received> {
        self.came.try_iter().collect()
    }
}

/// Answers the requests of one connection, until it is closed.
fn answer_all(stream: TcpStream, came: &Sender<Received>, answers: &Answers) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(received) = read(&mut reader) {
        let answer = (answers.lock().unwrap())(&received);
        let _ = came.send(received);
        let text = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        if writer.write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|bytes| *bytes > 0)?;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
