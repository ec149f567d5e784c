//! The customers, drawn by lot: who they are, what they buy, and how they pay.

use fastrand::Rng;

use super::names::{self, BLOCKS, Region, around};
use super::staff::SALES;
use crate::platform::http::Problem;
use kernel::ids::CustomerId;
use kernel::money::Currency;
use kernel::places::{Country, Language};
use kernel::text::{Email, Line, Number, Subject};

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Character {
    /// By the due date, give or take two days.
    Prompt,
    /// Usually so many days late.
    Late(i64),
    /// A part when it is due, the rest weeks later.
    InParts,
    /// Months late, and lately some of it not at all.
    Bad,
}

/// How a customer gets its first limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Taken over from the system before.
    Import,
    /// By an application, some weeks into the book.
    Application,
}

/// One customer to be.
#[derive(Debug, Clone)]
pub struct Member {
    /// Known once it is created.
    pub id: CustomerId,
    pub number: Number,
    pub name: Line,
    pub country: Country,
    pub street: Line,
    pub city: Line,
    pub postal_code: Line,
    pub email: Email,
    pub language: Language,
    pub owner: Subject,
    /// The place of its group's head in the cast.
    pub parent: Option<usize>,
    pub currency: Currency,
    pub net_days: i32,
    pub limit_minor: i64,
    pub opening: Opening,
    pub character: Character,
    /// How likely it buys in a week, in percent.
    pub buys_percent: u32,
    /// An ordinary invoice, in minor units.
    pub invoice_minor: i64,
}

/// Of ten customers, the first heads a group of these that follow.
const GROUP_EVERY: usize = 10;
/// Of so many customers, one is a bad payer, and one is always late.
const BAD_EVERY: usize = 12;

/// Draws the customers.
///
/// # Errors
/// Never, as long as the names are sound.
pub fn draw(rng: &mut Rng, count: usize) -> Result<Vec<Member>, Problem> {
    (0..count).map(|at| member(rng, at)).collect()
}

fn member(rng: &mut Rng, at: usize) -> Result<Member, Problem> {
    let region = around(&BLOCKS, at / 5).ok_or_else(|| Problem::internal("no region"))?;
    let place = rng.usize(..1_000);
    let (country, city, postal_code) = around(region.places, place).unwrap_or_default();
    let street = around(region.streets, place / 7).unwrap_or_default();
    let net_days = around(&[30, 30, 45, 60, 30, 14], rng.usize(..6)).unwrap_or(30);
    let character = character(rng, at);
    let buys_percent = rng.u32(12..=34);
    let invoice_minor = invoice_minor(rng, region);
    let number = 1_001 + at;
    Ok(Member {
        id: CustomerId::new(),
        number: text(&format!("C-{number}"))?,
        name: text(&name(region, at))?,
        country: text(country)?,
        street: text(&match region.gap {
            "" => format!("{street}{}号", rng.u32(1..400)),
            _ => format!("{} {street}", rng.u32(1..400)),
        })?,
        city: text(city)?,
        postal_code: text(postal_code)?,
        email: text(&format!("accounts@customer-{number}.example"))?,
        language: match country {
            "CN" => Language::Chinese,
            _ => Language::English,
        },
        owner: text(owner(region, at))?,
        parent: parent(at),
        currency: text(region.currency)?,
        net_days,
        limit_minor: limit_minor(rng, invoice_minor, buys_percent, net_days),
        // A group's head and its members begin with the limits that they had.
        opening: match at % 5 {
            4 => Opening::Application,
            _ => Opening::Import,
        },
        character,
        buys_percent,
        invoice_minor,
    })
}

fn name(region: &Region, at: usize) -> String {
    if at.is_multiple_of(GROUP_EVERY) {
        names::group(region, at / GROUP_EVERY)
    } else {
        let group = parent(at).map(|head| head / GROUP_EVERY);
        names::company(region, at, group)
    }
}

/// A group's head is followed by two or three members.
fn parent(at: usize) -> Option<usize> {
    let place = at % GROUP_EVERY;
    let head = at - place;
    let members = 2 + (at / GROUP_EVERY) % 2;
    (1..=members).contains(&place).then_some(head)
}

/// Salespeople know their part of the world.
fn owner(region: &Region, at: usize) -> &'static str {
    let at = at / 5;
    let place = match region.currency {
        "CNY" => at % 2,
        "EUR" => 2 + at % 2,
        _ => 4,
    };
    around(&SALES, place).unwrap_or_default()
}

fn character(rng: &mut Rng, at: usize) -> Character {
    let late_by = rng.i64(6..=34);
    let drawn = rng.u32(..100);
    match at % BAD_EVERY {
        7 => Character::Bad,
        3 => Character::Late(late_by + 20),
        _ if drawn < 60 => Character::Prompt,
        _ if drawn < 88 => Character::Late(late_by),
        _ => Character::InParts,
    }
}

/// Most buy little, some buy much. A yuan buys about an eighth of a euro.
fn invoice_minor(rng: &mut Rng, region: &Region) -> i64 {
    let units = match rng.u32(..10) {
        0..=5 => rng.i64(900..6_000),
        6..=8 => rng.i64(6_000..25_000),
        _ => rng.i64(25_000..90_000),
    };
    let times = if region.currency == "CNY" { 8 } else { 1 };
    units * times * 100
}

/// What would be open at most if it paid a month late, rounded up to a figure that a person would grant.
fn limit_minor(rng: &mut Rng, invoice_minor: i64, buys_percent: u32, net_days: i32) -> i64 {
    let weeks = i64::from(net_days) / 7 + 5;
    let open = invoice_minor * i64::from(buys_percent) * weeks / 100;
    let generous = open * rng.i64(110..=210) / 100 + invoice_minor;
    let step = if generous < 5_000_000 {
        500_000
    } else if generous < 50_000_000 {
        5_000_000
    } else {
        25_000_000
    };
    (generous / step + 1) * step
}

/// A text of ours as one of netterms' kinds of text.
pub fn text<T: std::str::FromStr>(text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(Problem::internal)
}
