//! How much of a statement finds its invoices by itself, and rightly: 500 entries of a book, with what payers really
//! write.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::support::{
    APayment, TestApp, a_bank_account, a_payment, a_statement_of, import, on_both, send,
};

const DAY: &str = "2026-03-31";

/// What a payment pays in truth.
type Truth = BTreeMap<String, i64>;

/// A customer with its open invoices, and the account that it pays from.
struct Payer {
    number: String,
    name: String,
    account: String,
    open: Vec<(String, i64)>,
}

/// How a payer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Number,
    Spelled,
    Digits,
    Structured,
    Several,
    NameAndAmount,
    Cut,
    Short,
    Typo,
    Nothing,
}

/// Of a hundred payments, as many are written in each way.
const WAYS: [(Way, usize); 10] = [
    (Way::Number, 30),
    (Way::Spelled, 16),
    (Way::Digits, 10),
    (Way::Structured, 10),
    (Way::Several, 12),
    (Way::NameAndAmount, 6),
    (Way::Cut, 4),
    (Way::Short, 4),
    (Way::Typo, 4),
    (Way::Nothing, 4),
];

fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn a_book(app: &TestApp, random: &mut Rng) -> Vec<Payer> {
    app.turn_to(DAY);
    a_bank_account(app, "CNY");
    let words = [
        "Nord", "Sued", "West", "Ost", "Hansa", "Rhein", "Elbe", "Alpen", "Bohai", "Jiang",
    ];
    let trades = [
        "Stahl",
        "Handel",
        "Maschinen",
        "Textil",
        "Logistik",
        "Chemie",
        "Papier",
        "Glas",
    ];
    let forms = ["GmbH", "AG", "Ltd", "Co., Ltd.", "S.A.", "KG"];
    let mut payers = Vec::new();
    let (mut customers, mut accounts, mut invoices) = (
        "number,name,country\n".to_owned(),
        "customer_number,currency\n".to_owned(),
        "number,customer_number,invoice_date,due_date,amount,currency\n".to_owned(),
    );
    let mut serial = 100;
    for index in 0..80 {
        let name = format!(
            "{} {} {}",
            words[index % 10],
            trades[index / 10],
            forms[random.usize(0..forms.len())]
        );
        let number = format!("C-{:04}", 1000 + index);
        customers.push_str(&[&number, ",\"", &name, "\",CN\n"].concat());
        accounts.push_str(&[&number, ",CNY\n"].concat());
        let mut open = Vec::new();
        for _ in 0..random.usize(6..16) {
            serial += random.usize(1..4);
            let invoice = format!("RE-2026-{serial:05}");
            // Amounts come again, as they do where prices are lists.
            let minor = if random.usize(0..4) == 0 {
                50_000
            } else {
                random.i64(1_000..5_000_000)
            };
            let due = 1 + random.usize(0..28);
            let line = format!(
                "{invoice},{number},2026-03-01,2026-04-{due:02},{},CNY\n",
                money(minor)
            );
            invoices.push_str(&line);
            open.push((invoice, minor));
        }
        payers.push(Payer {
            number,
            name,
            account: format!("CN{:018}", 7_000_000 + index),
            open,
        });
    }
    import("customers", customers).run(&app.finance());
    import("credit_accounts", accounts).run(&app.finance());
    let job = import("invoices", invoices).run(&app.finance());
    assert_eq!(job["result"]["rejected"], 0, "{}", job.text);
    payers
}

/// A payment written in a way, and what it pays; none when the payer owes too little for it.
fn pay(payer: &mut Payer, way: Way, random: &mut Rng) -> Option<(APayment, Truth)> {
    let count = if way == Way::Several {
        2 + random.usize(0..3)
    } else {
        1
    };
    if payer.open.len() < count {
        return None;
    }
    let paid: Vec<(String, i64)> = payer.open.drain(..count).collect();
    let (first, sum) = (
        paid[0].0.clone(),
        paid.iter().map(|(_, minor)| minor).sum::<i64>(),
    );
    let minor = if way == Way::Short {
        sum - sum / 20 - 1
    } else {
        sum
    };
    let digits = first.replace("RE-", "").replace('-', "");
    let text = match way {
        Way::Number | Way::Short => format!("Invoice {first} of March"),
        Way::Spelled => {
            let spelled = [" ", "/", ".", ""][random.usize(0..4)];
            format!(
                "RG.NR {} KD {}",
                first.replace('-', spelled).to_lowercase(),
                payer.number
            )
        }
        Way::Digits => format!("rechnung {}", first.trim_start_matches("RE-")),
        Way::Structured => String::new(),
        Way::Several => {
            let all: Vec<&str> = paid.iter().map(|(number, _)| number.as_str()).collect();
            all.join(["; ", ", ", " + "][random.usize(0..3)])
        }
        Way::NameAndAmount => "our payment of today".to_owned(),
        Way::Cut => digits[..digits.len() - 2].to_owned(),
        Way::Typo => {
            let last = first.chars().last()?;
            let other = if last == '9' { '0' } else { '9' };
            format!("{}{other}", &first[..first.len() - 1])
        }
        Way::Nothing => "thank you for your business".to_owned(),
    };
    let mut payment = a_payment(&money(minor), &text);
    // Some banks say who paid, some from where, some both.
    if way != Way::Nothing && random.usize(0..5) > 0 {
        payment = payment.by(&payer.name.to_uppercase().replace([',', '.'], ""));
    }
    if way != Way::Nothing {
        payment = payment.from(&payer.account);
    }
    if way == Way::Structured {
        payment = payment.with_reference(&first);
    }
    let truth = if minor == sum {
        paid.into_iter().collect()
    } else {
        BTreeMap::from([(first, minor)])
    };
    Some((payment, truth))
}

#[test]
fn of_a_statement_of_500_entries_most_are_applied_and_none_wrongly() {
    on_both(|app| {
        let mut random = Rng::with_seed(15);
        let mut payers = a_book(app, &mut random);
        let mut ways: Vec<Way> = WAYS
            .iter()
            .flat_map(|(way, share)| std::iter::repeat_n(*way, share * 5))
            .collect();
        random.shuffle(&mut ways);
        let mut file = a_statement_of(DAY, "CNY");
        let mut truths: Vec<(Way, Truth)> = Vec::new();
        for way in ways {
            let paid = std::iter::repeat_with(|| random.usize(0..payers.len()))
                .take(2_000)
                .collect::<Vec<_>>()
                .into_iter()
                .find_map(|index| pay(&mut payers[index], way, &mut random));
            let (payment, truth) = paid.unwrap();
            file = file.with(payment.with_bank_reference(&format!("B-{:04}", truths.len())));
            truths.push((way, truth));
        }
        assert_eq!(truths.len(), 500);
        let job = send(app, file.text());
        let (right, wrong, by_way) = compare(app, &truths);
        eprintln!(
            "{:?}: {} of 500 applied by themselves, {right} rightly, {wrong:?} wrongly; by way (right, all): {by_way:?}",
            app.backend, job["result"]["applied"]
        );
        assert!(right >= 440, "{right}");
        assert!(wrong.is_empty(), "{wrong:?}");
        app.adds_up();
        let again = send(app, file.text());
        assert_eq!(again["result"]["applied_now"], json!(0));
    });
}

/// How many entries were applied rightly, which wrongly, and how many rightly of each way.
fn compare(
    app: &TestApp,
    truths: &[(Way, Truth)],
) -> (usize, Vec<Value>, BTreeMap<Way, (usize, usize)>) {
    let finance = app.finance();
    let mut by_way: BTreeMap<Way, (usize, usize)> = BTreeMap::new();
    for (way, _) in truths {
        by_way.entry(*way).or_default().1 += 1;
    }
    let (mut right, mut wrong, mut seen) = (0, Vec::new(), BTreeSet::new());
    let mut cursor = String::new();
    loop {
        let page = finance
            .get(&format!(
                "/v1/bank-entries?status=applied&limit=200{cursor}"
            ))
            .expect(200);
        for entry in page["data"].as_array().unwrap() {
            let reference = entry["bank_reference"].as_str().unwrap();
            let index: usize = reference[2..].parse().unwrap();
            assert!(seen.insert(index), "{reference} twice");
            let (way, truth) = &truths[index];
            if &paid_by(app, entry) == truth {
                right += 1;
                by_way.entry(*way).or_default().0 += 1;
            } else {
                wrong.push(json!([format!("{way:?}"), entry]));
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (right, wrong, by_way),
        }
    }
}

/// What the receipts of an entry settle: invoice numbers with amounts.
fn paid_by(app: &TestApp, entry: &Value) -> Truth {
    let mut paid = Truth::new();
    let mut db = app.database().reader().unwrap();
    for receipt in entry["receipts"].as_array().unwrap() {
        let id = receipt["receipt_id"].as_str().unwrap().parse().unwrap();
        let source = netterms::book::receivables::model::Source::Receipt(id);
        let rows =
            netterms::book::receivables::store::list_settlements_of(&mut db, source).unwrap();
        for row in rows {
            let reference = netterms::book::receivables::model::InvoiceRef::Id(row.invoice_id);
            let invoice = netterms::book::receivables::store::find_invoice(&mut db, &reference);
            let number = invoice.unwrap().unwrap().number.to_string();
            *paid.entry(number).or_default() += row.amount_minor;
        }
    }
    paid
}
