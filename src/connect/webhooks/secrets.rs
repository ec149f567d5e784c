//! Secrets that sign: made here, shown once, and kept sealed.

use aws_lc_rs::{aead, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What the text of a secret begins with, by Standard Webhooks.
const PREFIX: &str = "whsec_";

/// How many bytes a secret has.
const SECRET_BYTES: usize = 32;

/// Seals and opens secrets. Every server with the same secret of its own has the same vault.
pub struct Vault(aead::LessSafeKey);

/// The library refused, or what was sealed is not of this vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret can't be sealed or opened with the server's own secret")]
pub struct VaultError;

impl Vault {
    /// The vault of webhook endpoints.
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn derive(secret: &[u8]) -> Result<Vault, VaultError> {
        Vault::derive_for(secret, "netterms webhook secrets")
    }

    /// A vault for one purpose: what is sealed for another can't be opened with it.
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn derive_for(secret: &[u8], purpose: &str) -> Result<Vault, VaultError> {
        let base = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let key = hmac::sign(&base, purpose.as_bytes());
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref());
        Ok(Vault(aead::LessSafeKey::new(key.map_err(|_| VaultError)?)))
    }

    /// A new secret, sealed.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn make(&self) -> Result<String, VaultError> {
        let mut secret = [0; SECRET_BYTES];
        rand::fill(&mut secret).map_err(|_| VaultError)?;
        self.seal(&secret)
    }

    fn seal(&self, secret: &[u8]) -> Result<String, VaultError> {
        let mut nonce = [0; aead::NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| VaultError)?;
        let mut sealed = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::empty(),
                &mut sealed,
            )
            .map_err(|_| VaultError)?;
        Ok(STANDARD.encode([nonce.as_slice(), sealed.as_slice()].concat()))
    }

    /// The bytes that sign.
    ///
    /// # Errors
    /// When it was sealed by another vault.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let mut bytes = STANDARD.decode(sealed).map_err(|_| VaultError)?;
        let (nonce, sealed) = bytes
            .split_at_mut_checked(aead::NONCE_LEN)
            .ok_or(VaultError)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError)?;
        let opened = self.0.open_in_place(nonce, aead::Aad::empty(), sealed);
        Ok(opened.map_err(|_| VaultError)?.to_vec())
    }

    /// The secret as its receiver is told it.
    ///
    /// # Errors
    /// When it was sealed by another vault.
    pub fn tell(&self, sealed: &str) -> Result<String, VaultError> {
        Ok(format!("{PREFIX}{}", STANDARD.encode(self.open(sealed)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_opened_by_its_own_vault_alone() {
        let vault = Vault::derive(b"one secret of a server").unwrap();
        let sealed = vault.make().unwrap();
        assert_eq!(vault.open(&sealed).unwrap().len(), SECRET_BYTES);
        assert!(vault.tell(&sealed).unwrap().starts_with("whsec_"));
        assert_ne!(vault.make().unwrap(), sealed);
        let other = Vault::derive(b"another secret").unwrap();
        assert_eq!(other.open(&sealed), Err(VaultError));
        assert_eq!(vault.open("AAAA"), Err(VaultError));
    }
}
