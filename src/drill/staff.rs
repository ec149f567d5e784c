//! Who works in the sandbox: five salespeople, two of every other role, and the machines.

use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;
use kernel::caller::{Caller, Role};
use kernel::text::Subject;

/// The salespeople: each customer is one's own.
pub const SALES: [&str; 5] = [
    "lin.wei",
    "chen.jing",
    "sophie.martin",
    "lukas.weber",
    "jack.miller",
];

/// Everybody who acts in the sandbox, as their tokens would say.
#[derive(Debug, Clone)]
pub struct Staff {
    pub sales: Vec<Caller>,
    /// The credit analyst: reviews and recommends, prepares dunning.
    pub analyst: Caller,
    /// The head of credit: approves.
    pub head_of_credit: Caller,
    /// The head of finance: approves above credit's authority.
    pub head_of_finance: Caller,
    /// The accountant: posts what the ERP does not.
    pub accountant: Caller,
    /// The ERP: customers, invoices, orders.
    pub erp: Caller,
    /// The shop: orders alone.
    pub shop: Caller,
    pub auditors: [Caller; 2],
    pub admins: [Caller; 2],
    /// Netterms itself.
    pub house: Caller,
}

impl Staff {
    /// # Errors
    /// Never, as long as the names are subjects.
    pub fn hire() -> Result<Staff, Problem> {
        Ok(Staff {
            sales: SALES
                .iter()
                .map(|name| internal_caller(name, &[Role::Sales]))
                .collect::<Result<_, Problem>>()?,
            analyst: at_level("zhao.min", Role::Credit, 1)?,
            head_of_credit: at_level("emma.schulz", Role::Credit, 3)?,
            head_of_finance: at_level("wang.fang", Role::Finance, 2)?,
            accountant: at_level("peter.novak", Role::Finance, 1)?,
            erp: internal_caller("erp", &[Role::System, Role::Finance])?,
            shop: internal_caller("webshop", &[Role::System])?,
            auditors: [
                internal_caller("ines.costa", &[Role::Auditor])?,
                internal_caller("david.okafor", &[Role::Auditor])?,
            ],
            admins: [
                internal_caller("sam.taylor", &[Role::Admin])?,
                internal_caller("mia.larsen", &[Role::Admin])?,
            ],
            house: internal_caller("netterms", &[])?,
        })
    }

    /// The salesperson with this name.
    ///
    /// # Errors
    /// When nobody has it.
    pub fn owner(&self, name: &Subject) -> Result<&Caller, Problem> {
        self.sales
            .iter()
            .find(|caller| caller.subject == *name)
            .ok_or_else(|| Problem::internal("no such salesperson"))
    }

    /// Two of each role, to be given tokens under these names: what one proposes, the other may approve.
    pub fn two_of_each(&self) -> Vec<(&'static str, &Caller)> {
        let sales = ["SALES", "OTHER_SALES"].into_iter().zip(&self.sales);
        sales
            .chain([
                ("CREDIT", &self.analyst),
                ("HEAD_OF_CREDIT", &self.head_of_credit),
                ("FINANCE", &self.accountant),
                ("HEAD_OF_FINANCE", &self.head_of_finance),
                ("SYSTEM", &self.erp),
                ("SHOP", &self.shop),
            ])
            .chain(["AUDITOR", "OTHER_AUDITOR"].into_iter().zip(&self.auditors))
            .chain(["ADMIN", "OTHER_ADMIN"].into_iter().zip(&self.admins))
            .collect()
    }
}

fn at_level(name: &str, role: Role, level: u8) -> Result<Caller, Problem> {
    Ok(Caller {
        authority_level: Some(level),
        ..internal_caller(name, &[role])?
    })
}
