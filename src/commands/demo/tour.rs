//! The tour: what a visitor should see first, asked of the server that just started.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::client::Client;
use crate::commands::Failure;
use crate::drill::{Figures, Showcase, Staff};
use crate::platform::http::auth::{SharedSecret, TokenRequest, mint};
use kernel::caller::Caller;
use kernel::money::{Money, sum_minor};
use kernel::text::Number;

/// How long the printed tokens hold.
const TOKEN_HOURS: u64 = 12;
/// How many characters of a value stand in one line.
const VALUE_WIDTH: usize = 86;

/// Whether the server stays after the tour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    Serving,
    Ends,
}

/// Who shows the visitor around.
pub struct Guide {
    pub staff: Staff,
    pub secret: SharedSecret,
    pub figures: Figures,
    pub showcase: Showcase,
}

impl Guide {
    /// Prints the tour; how to go on by oneself only where somebody serves after it.
    pub fn give(&self, address: SocketAddr, stays: Stays) -> Result<(), Failure> {
        self.show_book();
        self.show_checks(address)?;
        self.show_aging(address)?;
        self.show_dunning(address)?;
        match stays {
            Stays::Serving => self.show_access(address),
            Stays::Ends => Ok(()),
        }
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
            ("statements", figures.statements),
            ("ratings", figures.ratings),
            ("exchange rates", figures.exchange_rates),
            ("portfolio caps", figures.portfolio_caps),
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
        let body = json!({"customer": customer, "amount": amount});
        let answer = system.post("/v1/limit-checks", &body)?;
        println!("  POST /v1/limit-checks\n  {body}\n");
        let account = |member: &str| money_at(&answer, &format!("/credit_account/{member}"));
        line(
            "customer",
            &format!("{customer}  {}", text_at(&file, "/name")),
        );
        line("outcome", &text_at(&answer, "/outcome"));
        line("limit", &account("limit"));
        line("exposure", &account("exposure/total"));
        line("headroom", &account("headroom"));
        // A rule may stand twice in the policy, to warn before it stops; one sentence tells it.
        let mut told = String::new();
        for reason in list_at(&answer, "/reasons") {
            let message = text_at(reason, "/message");
            if message != told {
                line("rule", &text_at(reason, "/code"));
                line("reason", &message);
                told = message;
            }
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
    fn show_aging(&self, address: SocketAddr) -> Result<(), Failure> {
        let finance = self.client(address, &self.staff.head_of_finance)?;
        let aging = finance.get("/v1/reports/aging?by=currency&buckets=30,60,90")?;
        let day = text_at(&aging, "/as_of");
        heading(&format!("Aging on {day}, by days past due"));
        let lines = list_at(&aging, "/totals");
        for (place, line) in lines.iter().enumerate() {
            let buckets = list_at(line, "/buckets");
            if place == 0 {
                let names = buckets.iter().map(|bucket| text_at(bucket, "/name"));
                println!("  {:<4}{}", "", row(names.chain(["open".to_owned()])));
            }
            let total = amount_at(line, "/outstanding").ok_or("aging without a total")?;
            let amounts: Vec<Money> = buckets
                .iter()
                .filter_map(|bucket| amount_at(bucket, "/amount"))
                .chain([total])
                .collect();
            let cells = amounts.iter().map(|amount| grouped(*amount));
            println!("  {:<4}{}", total.currency().code(), row(cells));
            let sum: i64 = amounts.iter().map(|amount| amount.minor()).sum();
            let counted = self.figures.receivable.get(&total.currency());
            if sum - total.minor() != total.minor() || counted != Some(&total) {
                return Err(format!("aging in {} does not add up", total.currency()).into());
            }
        }
        if lines.len() != self.figures.receivable.len() {
            return Err("aging leaves a currency out".into());
        }
        println!("\n  Each line adds up, to what the credit accounts count as receivable.");
        Ok(())
    }

    fn show_dunning(&self, address: SocketAddr) -> Result<(), Failure> {
        let credit = self.client(address, &self.staff.analyst)?;
        let run = credit.post("/v1/dunning-runs", &json!({}))?;
        let id = text_at(&run, "/id");
        heading("The dunning run of today, previewed");
        let notices = all(
            &credit,
            &format!("/v1/dunning-notices?run_id={id}&limit=200"),
        )?;
        show_levels(&notices)?;
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
        let english = notices
            .iter()
            .find(|notice| text_at(notice, "/language") == "en");
        if let Some(notice) = english.or(notices.first()) {
            line("a letter", &text_at(notice, "/subject"));
            line("to", &text_at(notice, "/customer_name"));
        }
        Ok(())
    }

    fn show_access(&self, address: SocketAddr) -> Result<(), Failure> {
        heading("Try it");
        println!("  docs      http://{address}/docs");
        println!("  contract  http://{address}/openapi.json\n");
        println!("  Tokens of two people of each role, since nobody approves what they proposed;");
        println!("  they hold {TOKEN_HOURS} hours. Paste what you need:\n");
        for (name, caller) in self.staff.two_of_each() {
            println!("# {}: {}", caller.role_names(), caller.subject);
            println!("{name}='{}'\n", self.token(caller)?);
        }
        let Some((customer, amount)) = &self.showcase.passing else {
            return Ok(());
        };
        let order = format!("{{\"customer\":\"{customer}\",\"order_number\":\"SO-DEMO-1\",");
        let question = format!("\"amount\":{},\"reserve\":true}}", json!(amount));
        println!(
            "curl -s 'http://{address}/v1/customers?limit=3' -H \"Authorization: Bearer $CREDIT\"\n"
        );
        println!(
            "curl -s http://{address}/v1/limit-checks -H \"Authorization: Bearer $SYSTEM\" \\"
        );
        println!("  -H 'Content-Type: application/json' -H 'Idempotency-Key: demo-1' \\");
        println!("  -d '{order}\n      {question}'\n");
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

/// A name and its value; a long one goes on in the next line, below where it began.
fn line(name: &str, value: &str) {
    let mut name = name;
    let mut written = String::new();
    for word in value.split_inclusive(' ') {
        let is_full = written.chars().count() + word.trim_end().chars().count() > VALUE_WIDTH;
        if is_full && !written.is_empty() {
            println!("  {name:<11}{}", written.trim_end());
            name = "";
            written.clear();
        }
        written.push_str(word);
    }
    println!("  {name:<11}{written}");
}

/// How many notices of each level there are in each currency, and what they ask for.
fn show_levels(notices: &[Value]) -> Result<(), Failure> {
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
        cell.1 = sum_minor([cell.1, total.minor()])?;
    }
    for ((level, currency), (count, minor)) in levels {
        let total = Money::from_minor(minor, currency.parse()?);
        println!(
            "  level {level}   {currency}   notices {count:>4}   {:>18}",
            grouped(total)
        );
    }
    Ok(())
}

/// Every row of a list, page by page.
fn all(client: &Client, path: &str) -> Result<Vec<Value>, Failure> {
    let mut page = client.get(path)?;
    let mut rows = list_at(&page, "/data").to_vec();
    while let Some(next) = page.pointer("/next_cursor").and_then(Value::as_str) {
        page = client.get(&format!("{path}&cursor={next}"))?;
        rows.extend_from_slice(list_at(&page, "/data"));
    }
    Ok(rows)
}

/// The cells of a table's row, flush right.
fn row(cells: impl Iterator<Item = String>) -> String {
    cells.fold(String::new(), |row, cell| row + &format!("{cell:>15}"))
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
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
