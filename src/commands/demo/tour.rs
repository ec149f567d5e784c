//! The tour: what a visitor should see first, asked of the server that just started.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::client::Client;
use crate::book::receivables::store as receivables;
use crate::commands::Failure;
use crate::drill::{Figures, Showcase, Staff};
use crate::kernel::caller::Caller;
use crate::kernel::money::{Currency, Money};
use crate::kernel::text::Number;
use crate::platform::db::Database;
use crate::platform::http::auth::{SharedSecret, TokenRequest, mint};

/// How long the printed tokens hold.
const TOKEN_HOURS: u64 = 12;
/// Days past due at which the columns of the aging table end; the last column has no end.
const AGES: [i64; 4] = [0, 30, 60, 90];

/// Who shows the visitor around.
pub struct Guide {
    pub database: Database,
    pub staff: Staff,
    pub secret: SharedSecret,
    pub figures: Figures,
    pub showcase: Showcase,
}

impl Guide {
    /// Prints the tour.
    pub fn give(&self, address: SocketAddr) -> Result<(), Failure> {
        self.show_book();
        self.show_checks(address)?;
        self.show_aging()?;
        self.show_dunning(address)?;
        self.show_access(address)
    }

    fn show_book(&self) {
        let figures = &self.figures;
        heading("The book");
        let counts = [
            ("customers", figures.customers),
            ("groups", figures.groups),
            ("invoices", figures.invoices),
            ("receipts", figures.receipts),
            ("credit notes", figures.credit_notes),
            ("applications", figures.applications),
            ("dunning runs", figures.dunning_runs),
            ("dunning notices", figures.notices),
            ("reservations", figures.reservations),
            ("credit blocks", figures.credit_blocks),
        ];
        for pair in counts.chunks(2) {
            let cells: Vec<String> = pair
                .iter()
                .map(|(name, count)| format!("{name:<18}{:>8}", grouped_count(*count)))
                .collect();
            println!("  {}", cells.join("        "));
        }
    }

    fn show_checks(&self, address: SocketAddr) -> Result<(), Failure> {
        if let Some(order) = &self.showcase.passing {
            heading("A limit check that passes");
            self.show_check(address, order)?;
        }
        if let Some(order) = &self.showcase.refused {
            heading("A limit check that does not pass, and why");
            self.show_check(address, order)?;
        }
        Ok(())
    }

    fn show_check(
        &self,
        address: SocketAddr,
        (customer, amount): &(Number, Money),
    ) -> Result<(), Failure> {
        let system = self.client(address, &self.staff.erp)?;
        let file = system.get(&format!("/v1/customers/{customer}"))?;
        let body = json!({"customer_number": customer, "amount": amount});
        let answer = system.post("/v1/limit-checks", &body)?;
        println!("  POST /v1/limit-checks  {body}\n");
        let account = |member: &str| money_at(&answer, &format!("/credit_account/{member}"));
        line(
            "customer",
            &format!("{customer}  {}", text_at(&file, "/name")),
        );
        line("outcome", &text_at(&answer, "/outcome"));
        line("limit", &account("limit"));
        line("exposure", &account("exposure/total"));
        line("headroom", &account("headroom"));
        for reason in list_at(&answer, "/reasons") {
            let (code, message) = (text_at(reason, "/code"), text_at(reason, "/message"));
            line("reason", &format!("{message} ({code})"));
        }
        for offer in list_at(&answer, "/counter_offers") {
            let kind = text_at(offer, "/kind").replace('_', " ");
            line(
                "would pass",
                &format!("{kind} {}", money_at(offer, "/amount")),
            );
        }
        Ok(())
    }

    /// What is open, by days past due; every line adds up to what the credit accounts count as receivable.
    fn show_aging(&self) -> Result<(), Failure> {
        let mut db = self.database.reader()?;
        let today = db.today();
        let mut table: BTreeMap<Currency, [i64; AGES.len() + 1]> = BTreeMap::new();
        for invoice in receivables::open_invoices_due_before(&mut db, NaiveDate::MAX)? {
            let days = (today - invoice.due_date).num_days();
            let column = AGES.iter().take_while(|age| days > **age).count();
            let row = table.entry(invoice.currency).or_default();
            if let Some(cell) = row.get_mut(column) {
                *cell = cell.saturating_add(invoice.open_minor);
            }
        }
        heading(&format!("Aging on {today}, by days past due"));
        println!(
            "  {:<4}{:>15}{:>15}{:>14}{:>14}{:>14}{:>16}",
            "", "not due", "1-30", "31-60", "61-90", "over 90", "open"
        );
        for (currency, row) in &table {
            let cell = |minor: i64| grouped(Money::from_minor(minor, *currency));
            let widths = [15, 15, 14, 14, 14];
            let cells: String = row
                .iter()
                .zip(widths)
                .map(|(minor, width)| format!("{:>width$}", cell(*minor)))
                .collect();
            let sum: i64 = row.iter().sum();
            println!("  {:<4}{cells}{:>16}", currency.code(), cell(sum));
            let counted = self.figures.receivable.get(currency).map(|sum| sum.minor());
            if counted != Some(sum) {
                return Err(format!("aging in {currency} does not add up").into());
            }
        }
        println!("\n  Each line adds up to what the credit accounts count as receivable.");
        Ok(())
    }

    fn show_dunning(&self, address: SocketAddr) -> Result<(), Failure> {
        let credit = self.client(address, &self.staff.analyst)?;
        let run = credit.post("/v1/dunning-runs", &json!({}))?;
        let id = text_at(&run, "/id");
        heading("The dunning run of today, previewed");
        let path = format!("/v1/dunning-notices?run_id={id}&limit=200");
        let notices = credit.get(&path)?;
        let notices = list_at(&notices, "/data");
        let mut levels: BTreeMap<(i64, String), (usize, i64)> = BTreeMap::new();
        for notice in notices {
            let level = notice
                .pointer("/level")
                .and_then(Value::as_i64)
                .unwrap_or(0);
            let Some(total) = amount_at(notice, "/total") else {
                continue;
            };
            let cell = levels
                .entry((level, total.currency().code().to_owned()))
                .or_default();
            cell.0 += 1;
            cell.1 = cell.1.saturating_add(total.minor());
        }
        for ((level, currency), (count, minor)) in levels {
            let total = Money::from_minor(minor, currency.parse()?);
            println!(
                "  level {level}   {currency}   {count:>4} notices   {:>16}",
                grouped(total)
            );
        }
        let skipped: Vec<String> = list_at(&run, "/skipped")
            .iter()
            .map(|skipped| {
                let count = skipped.pointer("/invoices").and_then(Value::as_i64);
                let reason = text_at(skipped, "/reason").replace('_', " ");
                format!("{} {reason}", count.unwrap_or(0))
            })
            .collect();
        println!();
        line(
            "run",
            &format!("{id}, waits for approval by another person"),
        );
        line("left out", &skipped.join(", "));
        if let Some(notice) = notices.first() {
            line("a letter", &text_at(notice, "/subject"));
            line("to", &text_at(notice, "/customer_name"));
        }
        Ok(())
    }

    fn show_access(&self, address: SocketAddr) -> Result<(), Failure> {
        heading("Try it");
        println!("  docs      http://{address}/docs");
        println!("  contract  http://{address}/openapi.json\n");
        println!("  One token for each role, for {TOKEN_HOURS} hours; paste what you need:\n");
        for (role, caller) in self.staff.one_of_each() {
            println!("# {role}: {}", caller.subject);
            println!(
                "{}='{}'\n",
                role.as_str().to_uppercase(),
                self.token(caller)?
            );
        }
        let Some((customer, amount)) = &self.showcase.passing else {
            return Ok(());
        };
        let question = json!({
            "customer_number": customer, "order_number": "SO-DEMO-1", "amount": amount, "reserve": true
        });
        println!(
            "curl -s http://{address}/v1/customers?limit=3 -H \"Authorization: Bearer $CREDIT\"\n"
        );
        println!(
            "curl -s http://{address}/v1/limit-checks -H \"Authorization: Bearer $SYSTEM\" \\"
        );
        println!("  -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-1' \\");
        println!("  -d '{question}'\n");
        println!("curl -s 'http://{address}/v1/applications?status=pending_approval' \\");
        println!("  -H \"Authorization: Bearer $CREDIT\"");
        Ok(())
    }

    fn client(&self, address: SocketAddr, caller: &Caller) -> Result<Client, Failure> {
        Ok(Client {
            address,
            token: self.token(caller)?,
        })
    }

    fn token(&self, caller: &Caller) -> Result<String, Failure> {
        let request = TokenRequest {
            subject: caller.subject.clone(),
            roles: caller.roles.clone(),
            authority_level: caller.authority_level,
            lifetime_seconds: TOKEN_HOURS * 3_600,
        };
        Ok(mint(&self.secret, &request)?)
    }
}

fn heading(text: &str) {
    println!("\n{text}\n{}\n", "-".repeat(text.chars().count()));
}

fn line(name: &str, value: &str) {
    println!("  {name:<11}{value}");
}

fn list_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn text_at(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn amount_at(value: &Value, pointer: &str) -> Option<Money> {
    serde_json::from_value(value.pointer(pointer)?.clone()).ok()
}

fn money_at(value: &Value, pointer: &str) -> String {
    match amount_at(value, pointer) {
        Some(money) => format!("{} {}", money.currency(), grouped(money)),
        None => "unlimited".to_owned(),
    }
}

/// An amount for people: `1,250,000.00`.
fn grouped(money: Money) -> String {
    let text = money.amount_text();
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, format!(".{fraction}")),
        None => (text.as_str(), String::new()),
    };
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    format!("{sign}{}{fraction}", thousands(digits))
}

/// A count for people: `4,312`.
pub fn grouped_count(count: usize) -> String {
    thousands(&count.to_string())
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
