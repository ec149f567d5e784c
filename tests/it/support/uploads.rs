//! Files that are sent, and the jobs that import them.

use serde_json::Value;

use super::{Client, Reply};

/// A file to be imported.
pub fn import(kind: &str, csv: impl AsRef<[u8]>) -> AnImport {
    let mut upload = upload("/v1/imports", csv);
    // The kind is asked for before the file is read.
    upload
        .parts
        .insert(0, ("kind".to_owned(), kind.as_bytes().to_vec()));
    upload
}

/// A file to be sent somewhere, with its parts still to be added.
pub fn upload(path: &'static str, csv: impl AsRef<[u8]>) -> AnImport {
    AnImport {
        path,
        parts: vec![("file".to_owned(), csv.as_ref().to_vec())],
        key: None,
    }
}

/// An upload that is being put together.
#[derive(Clone)]
pub struct AnImport {
    path: &'static str,
    parts: Vec<(String, Vec<u8>)>,
    key: Option<String>,
}

const BOUNDARY: &str = "----a-boundary-that-no-file-holds";

impl AnImport {
    /// Adds a part.
    #[must_use]
    pub fn part(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.parts
            .push((name.to_owned(), content.as_ref().to_vec()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parts.retain(|(known, _)| known != name);
        self
    }

    #[must_use]
    pub fn all_or_nothing(self) -> Self {
        self.part("mode", "all_or_nothing")
    }

    #[must_use]
    pub fn mapped(self, mapping: Value) -> Self {
        self.part("mapping", mapping.to_string())
    }

    #[must_use]
    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Sends it, and gives the answer: 202 with the job.
    pub fn send(&self, client: &Client) -> Reply {
        let mut body = Vec::new();
        for (name, content) in &self.parts {
            let file = if name == "file" {
                "; filename=\"a.csv\""
            } else {
                ""
            };
            body.extend(
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n"
                )
                .bytes(),
            );
            body.extend(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let mut request = client.request("POST", self.path).header(
            "Content-Type",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
        );
        if let Some(key) = &self.key {
            request = request.key(key);
        }
        request.bytes(body).send()
    }

    /// Sends it, waits until the job has ended (its events end with it), and gives the job.
    #[track_caller]
    pub fn run(&self, client: &Client) -> Reply {
        let location = self
            .send(client)
            .expect(202)
            .header("location")
            .unwrap()
            .to_owned();
        client.get(&format!("{location}/events")).expect(200);
        client.get(&location).expect(200)
    }
}
