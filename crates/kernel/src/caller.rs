//! Who acts: the person or system behind a request, with its roles.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::Subject;

/// What a token lets its bearer be.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Brings customers and asks for terms; sees its own customers.
    Sales,
    /// Assesses, sets limits, releases blocked orders, drives collections.
    Credit,
    /// Posts invoices and cash, approves large limits.
    Finance,
    /// Reads and exports everything, changes nothing.
    Auditor,
    /// An order system: limit checks, reservations, documents.
    System,
    /// Settings and drafts of policy; approves nothing.
    Admin,
}

impl Role {
    pub const ALL: [Role; 6] = [
        Role::Sales,
        Role::Credit,
        Role::Finance,
        Role::Auditor,
        Role::System,
        Role::Admin,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Sales => "sales",
            Role::Credit => "credit",
            Role::Finance => "finance",
            Role::Auditor => "auditor",
            Role::System => "system",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        Role::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| {
                format!("{text:?} is not one of sales, credit, finance, auditor, system, admin")
            })
    }
}

/// The person or system behind a unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Who it is, as the issuer names them. Separation of duties compares it.
    pub subject: Subject,
    /// The issuer of the token: a subject means something only together with it.
    pub issuer: String,
    /// The client program that the token was given to.
    pub client_id: String,
    pub roles: Vec<Role>,
    /// The permissions to which the caller is held, whatever its roles permit; none for a caller that is held by its roles
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The level in the policy's authority matrix that the token claims, when it claims one.
    pub authority_level: Option<u8>,
    /// The request that this work belongs to; trail entries and logs carry it.
    pub request_id: String,
}

impl Caller {
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    pub fn has_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.has(*role))
    }

    /// Whether the caller's scopes leave it this permission.
    pub fn has_scope(&self, permission: &str) -> bool {
        let scopes = self.scopes.as_ref();
        scopes.is_none_or(|scopes| scopes.iter().any(|scope| scope == permission))
    }

    /// The roles in one line, separated by spaces.
    pub fn role_names(&self) -> String {
        let names: Vec<&str> = self.roles.iter().map(|role| role.as_str()).collect();
        names.join(" ")
    }

    /// Whether the caller may see what a customer's group and our portfolios owe: credit, finance and auditors may.
    pub fn sees_others(&self) -> bool {
        self.has_any(&[Role::Credit, Role::Finance, Role::Auditor])
    }

    /// Whether the caller may see only the customers it owns: sales, and nothing wider. A guard has left the caller with
    /// the roles that its operation takes and those that read the whole book, so that no other role widens anything.
    pub fn sees_only_own(&self) -> bool {
        self.has(Role::Sales)
            && !self.has_any(&[
                Role::Credit,
                Role::Finance,
                Role::Auditor,
                Role::System,
                Role::Admin,
            ])
    }
}
