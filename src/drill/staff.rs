//! Who works in the sandbox: five salespeople, two in credit, two in finance, and the machines.

use crate::kernel::caller::{Caller, Role};
use crate::kernel::text::Subject;
use crate::platform::http::Problem;
use crate::platform::http::auth::house_caller;

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
    pub auditor: Caller,
    pub admin: Caller,
    /// The house itself.
    pub house: Caller,
}

impl Staff {
    /// # Errors
    /// Never, as long as the names are subjects.
    pub fn hire() -> Result<Staff, Problem> {
        Ok(Staff {
            sales: SALES
                .iter()
                .map(|name| house_caller(name, &[Role::Sales]))
                .collect::<Result<_, Problem>>()?,
            analyst: at_level("zhao.min", Role::Credit, 1)?,
            head_of_credit: at_level("emma.schulz", Role::Credit, 3)?,
            head_of_finance: at_level("wang.fang", Role::Finance, 2)?,
            accountant: at_level("peter.novak", Role::Finance, 1)?,
            erp: house_caller("erp", &[Role::System, Role::Finance])?,
            auditor: house_caller("ines.costa", &[Role::Auditor])?,
            admin: house_caller("sam.taylor", &[Role::Admin])?,
            house: house_caller("netterms", &[])?,
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

    /// One person of each role, to be given a token.
    pub fn one_of_each(&self) -> Vec<(Role, &Caller)> {
        let order_system = (Role::System, &self.erp);
        self.sales
            .first()
            .map(|sales| (Role::Sales, sales))
            .into_iter()
            .chain([
                (Role::Credit, &self.head_of_credit),
                (Role::Finance, &self.head_of_finance),
                (Role::Auditor, &self.auditor),
                order_system,
                (Role::Admin, &self.admin),
            ])
            .collect()
    }
}

fn at_level(name: &str, role: Role, level: u8) -> Result<Caller, Problem> {
    Ok(Caller {
        authority_level: Some(level),
        ..house_caller(name, &[role])?
    })
}
