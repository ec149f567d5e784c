//! A mail server that keeps what comes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An e-mail that came.
#[derive(Debug, Clone)]
pub struct Caught {
    pub from: String,
    pub to: Vec<String>,
    /// As it came, without the dots that SMTP adds.
    pub text: String,
}

/// How a server answers a recipient: as it is told, or that it takes it.
type Answers = Arc<Mutex<Box<dyn FnMut(&str) -> Option<String> + Send>>>;

/// A mail server (RFC 5321).
pub struct Mailbox {
    port: u16,
    came: Receiver<Caught>,
    answers: Answers,
}

impl Mailbox {
    /// One that takes everything.
    pub fn start() -> Mailbox {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, came) = channel();
        let answers: Answers = Arc::new(Mutex::new(Box::new(|_| None)));
        let answering = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (sender, answers) = (sender.clone(), Arc::clone(&answering));
                std::thread::spawn(move || talk(stream.unwrap(), &sender, &answers));
            }
        });
        Mailbox {
            port,
            came,
            answers,
        }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// From now on answers recipients like this.
    pub fn answer(&self, answers: impl FnMut(&str) -> Option<String> + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// The next e-mail.
    pub fn next(&self) -> Caught {
        self.came.recv_timeout(Duration::from_mins(1)).unwrap()
    }

    /// What has come and was not looked at.
    pub fn rest(&self) -> Vec<Caught> {
        self.came.try_iter().collect()
    }
}

fn address(line: &str) -> String {
    let rest = line.split_once('<').map_or("", |(_, rest)| rest);
    rest.split_once('>')
        .map_or("", |(inside, _)| inside)
        .to_owned()
}

fn talk(stream: TcpStream, came: &Sender<Caught>, answers: &Answers) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut say = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    let mut caught = Caught {
        from: String::new(),
        to: Vec::new(),
        text: String::new(),
    };
    if !say("220 mail.example ESMTP") {
        return;
    }
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let verb = line
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let went = match verb.as_str() {
            "EHLO" | "HELO" => say("250-mail.example\r\n250 8BITMIME"),
            "MAIL" => {
                caught.from = address(&line);
                caught.to.clear();
                say("250 OK")
            }
            "RCPT" => {
                let to = address(&line);
                let answer = (answers.lock().unwrap())(&to);
                caught.to.push(to);
                say(answer.as_deref().unwrap_or("250 OK"))
            }
            "DATA" => {
                say("354 go on");
                caught.text = read_text(&mut reader);
                let _ = came.send(caught.clone());
                say("250 taken")
            }
            "QUIT" => {
                say("221 bye");
                return;
            }
            _ => say("250 OK"),
        };
        if !went {
            return;
        }
    }
}

/// The text up to the dot that stands alone.
fn read_text(reader: &mut BufReader<TcpStream>) -> String {
    let mut text = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 || line == b".\r\n" {
            return String::from_utf8(text).unwrap();
        }
        let stripped = line.strip_prefix(b".").unwrap_or(&line);
        text.extend_from_slice(stripped);
    }
}
