//! What stands in the claims of a provider's token, wherever the provider puts it.

use std::collections::BTreeMap;

use serde_json::Value;

use kernel::caller::Role;

/// The claim at a path: a name, names with dots between (`realm_access.roles`), or a JSON Pointer. A claim whose own name
/// has dots in it is found by that name.
pub fn at<'a>(claims: &'a Value, path: &str) -> Option<&'a Value> {
    let found = if path.starts_with('/') {
        claims.pointer(path)
    } else if let Some(named) = claims.get(path) {
        Some(named)
    } else {
        path.split('.')
            .try_fold(claims, |inside, name| inside.get(name))
    };
    found.filter(|value| !value.is_null())
}

/// The claim at a path, as a text.
pub fn text_at<'a>(claims: &'a Value, path: &str) -> Option<&'a str> {
    at(claims, path).and_then(Value::as_str)
}

/// The roles at a path: a list of names, or names with spaces between. Names that stand for none of ours are passed over,
/// because a provider has others as well.
pub fn roles_at(claims: &Value, path: &str, names: &BTreeMap<String, Role>) -> Vec<Role> {
    let given: Vec<&str> = match at(claims, path) {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split(' ').collect(),
        _ => Vec::new(),
    };
    let ours = |name: &str| {
        if names.is_empty() {
            name.parse().ok()
        } else {
            names.get(name).copied()
        }
    };
    let mut roles: Vec<Role> = given.into_iter().filter_map(ours).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Whether the claims are those of an ID token, or of another that is not for access. Providers whose access tokens have the
/// same `typ` in their header tell them apart by this.
pub fn is_no_access_token(claims: &Value) -> bool {
    let kind = claims.get("typ").and_then(Value::as_str);
    let is_bearer = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let has = |name: &str| claims.get(name).is_some();
    (kind.is_some() && !is_bearer)
        || has("at_hash")
        || has("c_hash")
        || has("s_hash")
        || (has("nonce") && !is_bearer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_found_where_the_provider_puts_it() {
        let claims = json!({
            "roles": ["credit", "emperor"], "realm_access": {"roles": ["nt-credit", "nt-sales", "offline_access"]},
            "https://example.com/roles": ["finance"], "scope": "openid sales", "nothing": null, "one": 1,
        });
        let ours = BTreeMap::new();
        assert_eq!(roles_at(&claims, "roles", &ours), [Role::Credit]);
        assert_eq!(roles_at(&claims, "scope", &ours), [Role::Sales]);
        let named = [
            ("nt-credit".to_owned(), Role::Credit),
            ("nt-sales".to_owned(), Role::Sales),
        ];
        let mapped = roles_at(&claims, "realm_access.roles", &BTreeMap::from(named));
        assert_eq!(mapped, [Role::Sales, Role::Credit]);
        for path in ["https://example.com/roles", "/https:~1~1example.com~1roles"] {
            assert_eq!(roles_at(&claims, path, &ours), [Role::Finance]);
        }
        for path in ["nothing", "one", "realm_access", "roles.0", "", "a..b", "/"] {
            assert!(roles_at(&claims, path, &ours).is_empty(), "{path}");
        }
    }

    #[test]
    fn an_id_token_is_none_for_access() {
        for claims in [
            json!({"typ": "ID"}),
            json!({"typ": "Refresh"}),
            json!({"at_hash": "x"}),
            json!({"nonce": "x"}),
        ] {
            assert!(is_no_access_token(&claims), "{claims}");
        }
        for claims in [
            json!({}),
            json!({"typ": "Bearer", "nonce": "x"}),
            json!({"scp": "access"}),
        ] {
            assert!(!is_no_access_token(&claims), "{claims}");
        }
    }
}
