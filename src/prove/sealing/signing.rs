//! Who signs checkpoints: a key in a file, or a command that asks whoever keeps the key.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How long a command may take, and how often it is looked at.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// How long an Ed25519 key and signature are.
const KEY_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;

/// Signs with an Ed25519 key.
#[derive(Debug)]
pub enum Signer {
    Key(Box<Ed25519KeyPair>),
    /// Gets what is to be signed, and prints the signature in Base64.
    Command {
        program: PathBuf,
        public_key: Vec<u8>,
    },
}

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    #[error("the signing key {path} can't be read: {error}")]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error(
        "{path} holds no Ed25519 key in PKCS #8 (make one: openssl genpkey -algorithm ed25519)"
    )]
    Key { path: PathBuf },
    #[error("NETTERMS_SIGNING_PUBLIC_KEY must be the 32 bytes of an Ed25519 key in Base64")]
    PublicKey,
    #[error("the signing command {program} failed: {said}")]
    Command { program: PathBuf, said: String },
    #[error("the signing command {program} gave no signature of its key")]
    Signature { program: PathBuf },
}

impl Signer {
    /// # Errors
    /// When there is no Ed25519 key in the file.
    pub fn from_file(path: &Path) -> Result<Signer, SigningError> {
        let text = std::fs::read_to_string(path).map_err(|error| SigningError::File {
            path: path.to_owned(),
            error,
        })?;
        let encoded: String = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let key = STANDARD
            .decode(encoded)
            .ok()
            .and_then(|der| Ed25519KeyPair::from_pkcs8(&der).ok());
        match key {
            Some(key) => Ok(Signer::Key(Box::new(key))),
            None => Err(SigningError::Key {
                path: path.to_owned(),
            }),
        }
    }

    /// # Errors
    /// When the public key is none.
    pub fn from_command(program: &Path, public_key: &str) -> Result<Signer, SigningError> {
        match STANDARD.decode(public_key) {
            Ok(key) if key.len() == KEY_BYTES => Ok(Signer::Command {
                program: program.to_owned(),
                public_key: key,
            }),
            _ => Err(SigningError::PublicKey),
        }
    }

    pub fn public_key(&self) -> &[u8] {
        match self {
            Signer::Key(key) => key.public_key().as_ref(),
            Signer::Command { public_key, .. } => public_key,
        }
    }

    /// Signs a text.
    ///
    /// # Errors
    /// When the command fails, or what it gives is no signature of its key.
    pub fn sign(&self, message: &str) -> Result<Vec<u8>, SigningError> {
        match self {
            Signer::Key(key) => Ok(key.sign(message.as_bytes()).as_ref().to_vec()),
            Signer::Command {
                program,
                public_key,
            } => {
                let signature = ask(program, message)?;
                if is_signed(public_key, message, &signature) {
                    Ok(signature)
                } else {
                    Err(SigningError::Signature {
                        program: program.clone(),
                    })
                }
            }
        }
    }
}

/// Whether a signature is the key's over the message.
pub fn is_signed(public_key: &[u8], message: &str, signature: &[u8]) -> bool {
    public_key.len() == KEY_BYTES
        && signature.len() == SIGNATURE_BYTES
        && UnparsedPublicKey::new(&ED25519, public_key)
            .verify(message.as_bytes(), signature)
            .is_ok()
}

fn ask(program: &Path, message: &str) -> Result<Vec<u8>, SigningError> {
    let failed = |said: String| SigningError::Command {
        program: program.to_owned(),
        said,
    };
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all(message.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
    }
    let deadline = Instant::now() + PATIENCE;
    while child
        .try_wait()
        .map_err(|error| failed(error.to_string()))?
        .is_none()
    {
        if Instant::now() >= deadline {
            let ended = child.kill().and_then(|()| child.wait());
            ended.map_err(|error| failed(error.to_string()))?;
            return Err(failed("it took too long".to_owned()));
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let output = child
        .wait_with_output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    STANDARD
        .decode(text.trim())
        .map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::rules::hex;
    use super::*;

    /// RFC 8032, 7.1, test 1, as PKCS #8.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("netterms-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn the_published_key_signs_as_published() {
        let path = file("key.pem", PEM);
        let signer = Signer::from_file(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let public = hex(signer.public_key());
        assert_eq!(
            public,
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let signature = signer.sign("").unwrap();
        assert!(hex(&signature).starts_with("e5564300c360ac72"));
        assert!(is_signed(signer.public_key(), "", &signature));
        assert!(!is_signed(signer.public_key(), "x", &signature));
        assert!(!is_signed(b"short", "", &signature));
    }

    #[test]
    fn what_is_no_key_is_told() {
        let path = file("none.pem", "hello");
        let refused = Signer::from_file(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(refused.contains("openssl genpkey"), "{refused}");
        assert!(Signer::from_file(Path::new("/nowhere")).is_err());
        assert!(Signer::from_command(Path::new("/bin/true"), "AAAA").is_err());
    }
}
