//! What a key may be made for, how its text looks, and whom it lets in.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::model::{ApiKey, KeyRole, KeyStatus};
use crate::platform::http::auth::SECOND_PERSON;
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::ids::ApiKeyId;
use kernel::text::Keyword;

/// What the text of every key begins with: programs that look for leaked secrets know them by it.
pub const PREFIX: &str = "ntk_";

/// How many characters the number of the key has, in hexadecimal.
const NUMBER_LENGTH: usize = 32;

/// A scope that a key can't be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("must be a permission of this service, such as limits:check")]
    Unknown { index: usize },
    #[error("must be a permission that the role {} has", role.as_str())]
    NotOfRole { index: usize, role: KeyRole },
    #[error("must not be a permission by which a second person judges what another did")]
    SecondPerson { index: usize },
}

/// Whether a key of this role may be held to these permissions: each must be one that the role has, and none a second
/// person's.
///
/// # Errors
/// The first that is none.
pub fn check_scopes(
    role: KeyRole,
    scopes: &[Keyword],
    permissions: &[(&str, &[Role])],
) -> Result<(), ScopeError> {
    for (index, scope) in scopes.iter().enumerate() {
        let known = permissions.iter().find(|(name, _)| *name == scope.as_str());
        let (_, roles) = known.ok_or(ScopeError::Unknown { index })?;
        if !roles.contains(&role.role()) {
            return Err(ScopeError::NotOfRole { index, role });
        }
        if SECOND_PERSON.contains(&scope.as_str()) {
            return Err(ScopeError::SecondPerson { index });
        }
    }
    Ok(())
}

/// The text of a key: `ntk_`, its number, and 256 random bits.
pub fn text_of(id: ApiKeyId, secret: &[u8]) -> String {
    let secret = URL_SAFE_NO_PAD.encode(secret);
    format!("{PREFIX}{}_{secret}", id.uuid().simple())
}

/// Which key a text says it is; none when it is no key's.
pub fn id_of(text: &str) -> Option<ApiKeyId> {
    let rest = text.strip_prefix(PREFIX)?;
    let (number, secret) = rest.split_at_checked(NUMBER_LENGTH)?;
    let secret = secret.strip_prefix('_')?;
    let is_long = URL_SAFE_NO_PAD
        .decode(secret)
        .is_ok_and(|bytes| bytes.len() == 32);
    let number = Uuid::try_parse(number).ok().filter(|_| is_long)?;
    Some(ApiKeyId::from_uuid(number))
}

/// What is kept of a key's text.
pub fn hash_of(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref())
}

/// Whether a key lets in whoever shows a text with this hash.
///
/// # Errors
/// Why it does not.
pub fn check_text(key: &ApiKey, hash: &str, now: Instant) -> Result<(), KeyRefusal> {
    let is = |kept: &str| verify_slices_are_equal(kept.as_bytes(), hash.as_bytes()).is_ok();
    let overlaps = key.previous_until.is_some_and(|until| now < until);
    let is_previous = overlaps && key.previous_hash.as_deref().is_some_and(is);
    if !is(&key.secret_hash) && !is_previous {
        return Err(KeyRefusal::Unknown);
    }
    match key.status(now) {
        KeyStatus::Active => Ok(()),
        KeyStatus::Expired => Err(KeyRefusal::Expired),
        KeyStatus::Revoked => Err(KeyRefusal::Revoked),
    }
}

/// Why a key lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefusal {
    Unknown,
    Expired,
    Revoked,
    /// The database can't be asked.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::auth::PERMISSIONS as PERMISSIONS_OF_ALL;

    const PERMISSIONS: &[(&str, &[Role])] = &[
        ("limits:check", &[Role::Sales, Role::System]),
        ("credit-blocks:decide", &[Role::Credit]),
    ];

    #[test]
    fn a_key_may_do_what_its_role_may_and_nothing_else() {
        let check = |role, scope: &str| check_scopes(role, &[scope.parse().unwrap()], PERMISSIONS);
        assert_eq!(check(KeyRole::System, "limits:check"), Ok(()));
        assert_eq!(
            check(KeyRole::System, "limits:chek"),
            Err(ScopeError::Unknown { index: 0 })
        );
        for (role, scope) in [
            (KeyRole::System, "credit-blocks:decide"),
            (KeyRole::Auditor, "limits:check"),
        ] {
            let refused = Err(ScopeError::NotOfRole { index: 0, role });
            assert_eq!(check(role, scope), refused);
        }
    }

    /// What is called so is a judgement of what another did, or proposed.
    const JUDGEMENTS: [&str; 4] = [":approve", ":decide", ":sign-off", ":override"];

    #[test]
    fn no_permission_of_a_second_person_is_open_to_keys() {
        for (name, roles) in PERMISSIONS_OF_ALL {
            let judges = JUDGEMENTS.iter().any(|verb| name.ends_with(verb));
            assert_eq!(judges, SECOND_PERSON.contains(name), "{name}");
            for role in KeyRole::ALL {
                let checked = check_scopes(*role, &[name.parse().unwrap()], PERMISSIONS_OF_ALL);
                let role = *role;
                let expected = if !roles.contains(&role.role()) {
                    Err(ScopeError::NotOfRole { index: 0, role })
                } else if judges {
                    Err(ScopeError::SecondPerson { index: 0 })
                } else {
                    Ok(())
                };
                assert_eq!(checked, expected, "{name}");
            }
        }
    }

    #[test]
    fn a_text_names_its_key_and_a_broken_one_none() {
        let id = ApiKeyId::new();
        let text = text_of(id, &[7; 32]);
        assert_eq!(id_of(&text), Some(id));
        assert_ne!(hash_of(&text), hash_of(&text_of(id, &[8; 32])));
        for broken in [
            "",
            "ntk_",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &text.replace("ntk_", "ntq_"),
            &text_of(id, &[7; 31]),
            &format!("ntk_{}", "é".repeat(40)),
        ] {
            assert_eq!(id_of(broken), None, "{broken}");
        }
    }
}
