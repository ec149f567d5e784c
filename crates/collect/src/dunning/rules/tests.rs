use proptest::prelude::*;

use super::*;
use crate::collect::dunning::model::{Channel, Texts, Wording};
use kernel::ids::{InvoiceId, ItemId, LegalEntityId, MAIN_ENTITY};
use kernel::money::{AmountIn, Money};

fn cny() -> Currency {
    "CNY".parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn level(level: i32, days_past_due: i32, minimum: &str, effect: Effect) -> Level {
    let wording = Wording {
        subject: "Reminder".parse().unwrap(),
        body: "{{ invoices }}".parse().unwrap(),
    };
    Level {
        level,
        days_past_due,
        minimum_days_between: 7,
        minimum_amounts: vec![AmountIn::try_from(Money::parse(minimum, cny()).unwrap()).unwrap()],
        channel: Channel::Letter,
        effect,
        approval: LevelApproval::None,
        timing: Timing::DueDate,
        texts: Texts {
            en: wording.clone(),
            zh_cn: wording,
        },
    }
}

fn ladder() -> Vec<Level> {
    vec![
        level(1, 1, "1.00", Effect::None),
        level(2, 15, "1.00", Effect::None),
        level(3, 30, "100.00", Effect::Block),
    ]
}

fn invoice(due: &str, open_minor: i64) -> OpenInvoice {
    let invoice_id = InvoiceId::new();
    OpenInvoice {
        id: ItemId::from_uuid(invoice_id.uuid()),
        invoice_id,
        number: "INV-1".parse().unwrap(),
        position: 1,
        amount_minor: open_minor,
        invoice_minor: open_minor,
        customer_id: CustomerId::new(),
        legal_entity_id: MAIN_ENTITY,
        currency: cny(),
        invoice_date: day(due),
        due_date: day(due),
        open_minor,
        stage: None,
        last_dunned_on: None,
    }
}

fn dunned(stage: i32, on: &str) -> OpenInvoice {
    OpenInvoice {
        stage: Some(stage),
        last_dunned_on: Some(day(on)),
        ..invoice("2026-01-31", 10_000)
    }
}

fn next(invoice: &OpenInvoice, as_of: &str) -> Result<i32, LeftOut> {
    next_level(invoice, &Blocks::default(), &ladder(), day(as_of)).map(|level| level.level)
}

#[test]
fn the_first_reminder_comes_a_day_after_the_due_date() {
    assert_eq!(
        next(&invoice("2026-03-31", 100), "2026-03-31"),
        Err(LeftOut::DaysNotReached)
    );
    assert_eq!(next(&invoice("2026-03-31", 100), "2026-04-01"), Ok(1));
}

#[test]
fn even_a_very_old_invoice_begins_at_the_first_level() {
    assert_eq!(next(&invoice("2024-01-31", 100), "2026-04-01"), Ok(1));
}

#[test]
fn a_level_waits_for_the_notice_before_to_sink_in() {
    assert_eq!(
        next(&dunned(1, "2026-02-20"), "2026-02-26"),
        Err(LeftOut::TooSoon)
    );
    assert_eq!(next(&dunned(1, "2026-02-20"), "2026-02-27"), Ok(2));
    assert_eq!(
        next(&dunned(3, "2026-02-20"), "2026-12-31"),
        Err(LeftOut::LastLevel)
    );
}

#[test]
fn a_block_on_the_invoice_or_its_customer_keeps_it_out() {
    let invoice = invoice("2026-01-31", 100);
    let levels = ladder();
    let of_customer = Blocks {
        customers: BTreeSet::from([invoice.customer_id]),
        ..Blocks::default()
    };
    let of_invoice = Blocks {
        invoices: BTreeSet::from([invoice.invoice_id]),
        ..Blocks::default()
    };
    for blocks in [of_customer, of_invoice] {
        assert_eq!(
            next_level(&invoice, &blocks, &levels, day("2026-04-01")),
            Err(LeftOut::Blocked)
        );
        assert_eq!(
            still_due(&invoice, &blocks, &Cover::default(), 1),
            Err(LeftOut::Blocked)
        );
    }
}

#[test]
fn the_minimum_is_for_the_whole_notice_not_for_each_invoice() {
    let levels = ladder();
    let one = OpenInvoice {
        open_minor: 6_000,
        ..dunned(2, "2026-03-01")
    };
    let other = OpenInvoice {
        id: ItemId::new(),
        open_minor: 4_000,
        ..one.clone()
    };
    let alone = [one.clone()];
    let plan_alone = plan(
        &alone,
        &Blocks::default(),
        &Cover::default(),
        |_, _| &levels,
        day("2026-04-01"),
    );
    assert!(plan_alone.proposals.is_empty());
    assert_eq!(
        plan_alone.skipped,
        Skipped::from([(LeftOut::BelowMinimum, 1)])
    );
    let both = [one, other];
    let plan_both = plan(
        &both,
        &Blocks::default(),
        &Cover::default(),
        |_, _| &levels,
        day("2026-04-01"),
    );
    let totals: Vec<i64> = plan_both
        .proposals
        .iter()
        .map(Proposal::total_minor)
        .collect();
    assert_eq!(totals, [10_000]);
}

/// Two invoices of one customer, the older first.
fn two_of_one(first: i64, second: i64) -> [OpenInvoice; 2] {
    let older = invoice("2026-01-31", first);
    let younger = OpenInvoice {
        customer_id: older.customer_id,
        ..invoice("2026-02-28", second)
    };
    [older, younger]
}

#[test]
fn what_is_unapplied_covers_the_oldest_due_first_and_the_rest_is_asked_for() {
    let (levels, blocks, today) = (ladder(), Blocks::default(), day("2026-04-01"));
    let invoices = two_of_one(10_000, 10_000);
    let with = |unapplied| {
        let cover = Cover::spread(&invoices, &blocks, |_, _| unapplied, today);
        let plan = plan(&invoices, &blocks, &cover, |_, _| &levels, today);
        let asked: Vec<(usize, i64)> = plan
            .proposals
            .iter()
            .map(|proposal| (proposal.invoices.len(), proposal.total_minor()))
            .collect();
        (asked, plan.skipped)
    };
    let covered = |count| Skipped::from([(LeftOut::Covered, count)]);
    assert_eq!(with(0), (vec![(2, 20_000)], Skipped::new()));
    assert_eq!(with(4_000), (vec![(2, 16_000)], Skipped::new()));
    assert_eq!(with(15_000), (vec![(1, 5_000)], covered(1)));
    assert_eq!(with(20_000), (vec![], covered(2)));
    // A cent short of the whole is asked for, unless it is below the minimum of the level.
    let below = Skipped::from([(LeftOut::Covered, 1), (LeftOut::BelowMinimum, 1)]);
    assert_eq!(with(19_999), (vec![], below));
}

#[test]
fn money_is_not_taken_for_an_invoice_that_is_disputed() {
    let invoices = two_of_one(10_000, 10_000);
    let blocks = Blocks {
        invoices: BTreeSet::from([invoices[0].invoice_id]),
        ..Blocks::default()
    };
    let cover = Cover::spread(&invoices, &blocks, |_, _| 10_000, day("2026-04-01"));
    assert_eq!(cover.of(&invoices[0]), 0);
    assert!(cover.is_whole(&invoices[1]));
}

#[test]
fn nobody_asks_the_insolvent_for_money_whatever_else_blocks() {
    let (levels, one) = (ladder(), invoice("2026-01-31", 10_000));
    let blocks = Blocks {
        customers: BTreeSet::from([one.customer_id]),
        by_law: BTreeMap::from([(one.customer_id, LeftOut::Insolvent)]),
        ..Blocks::default()
    };
    let next = next_level(&one, &blocks, &levels, day("2026-04-01"));
    assert_eq!(next.map(|level| level.level), Err(LeftOut::Insolvent));
    let still = still_due(&one, &blocks, &Cover::default(), 1);
    assert_eq!(still, Err(LeftOut::Insolvent));
    assert_eq!(by_law(LegalStatus::Sued), None);
}

#[test]
fn a_procedure_climbs() {
    assert_eq!(misfits(&ladder()), []);
    let mut gap = ladder();
    gap[2].level = 4;
    assert_eq!(misfits(&gap), [(2, Misfit::Numbering)]);
    let mut flat = ladder();
    flat[1].days_past_due = 1;
    assert_eq!(misfits(&flat), [(1, Misfit::DaysNotAscending)]);
    let mut weaker = ladder();
    weaker[1].effect = Effect::Block;
    weaker[2].effect = Effect::None;
    assert_eq!(misfits(&weaker), [(2, Misfit::EffectWeaker)]);
    let mut twice = ladder();
    let again = twice[0].minimum_amounts.clone();
    twice[0].minimum_amounts.extend(again);
    assert_eq!(misfits(&twice), [(0, Misfit::CurrencyTwice)]);
}

/// An invoice of one of three customers, in any state.
fn any_invoice(customers: [CustomerId; 3]) -> impl Strategy<Value = (OpenInvoice, bool)> {
    (
        0..3usize,
        0i64..20_000,
        0i64..90,
        proptest::option::of((1..4i32, 0i64..40)),
        any::<bool>(),
    )
        .prop_map(move |(customer, open_minor, overdue, dunned, blocked)| {
            let today = day("2026-04-01");
            let due_date = today - chrono::Duration::days(overdue);
            let invoice_id = InvoiceId::new();
            let invoice = OpenInvoice {
                id: ItemId::from_uuid(invoice_id.uuid()),
                invoice_id,
                number: "INV-1".parse().unwrap(),
                position: 1,
                amount_minor: open_minor,
                invoice_minor: open_minor,
                customer_id: customers[customer],
                legal_entity_id: MAIN_ENTITY,
                currency: cny(),
                invoice_date: due_date,
                due_date,
                open_minor,
                stage: dunned.map(|(stage, _)| stage),
                last_dunned_on: dunned.map(|(_, ago)| today - chrono::Duration::days(ago)),
            };
            (invoice, blocked)
        })
}

fn any_book() -> impl Strategy<Value = Vec<(OpenInvoice, bool)>> {
    let customers = [CustomerId::new(), CustomerId::new(), CustomerId::new()];
    proptest::collection::vec(any_invoice(customers), 0..30)
}

fn blocks_of(book: &[(OpenInvoice, bool)]) -> Blocks {
    Blocks {
        invoices: book
            .iter()
            .filter(|(_, blocked)| *blocked)
            .map(|(invoice, _)| invoice.invoice_id)
            .collect(),
        ..Blocks::default()
    }
}

proptest! {
    #[test]
    fn no_level_is_skipped_and_nobody_is_dunned_who_paid_or_is_blocked(
        book in any_book(), unapplied in 0i64..60_000,
    ) {
        let (levels, blocks) = (ladder(), blocks_of(&book));
        let invoices: Vec<OpenInvoice> = book.into_iter().map(|(invoice, _)| invoice).collect();
        let cover = Cover::spread(&invoices, &blocks, |_, _| unapplied, day("2026-04-01"));
        let mut taken: BTreeMap<CustomerId, i64> = BTreeMap::new();
        for invoice in &invoices {
            prop_assert!((0..=invoice.open_minor).contains(&cover.of(invoice)));
            *taken.entry(invoice.customer_id).or_default() += cover.of(invoice);
        }
        prop_assert!(taken.values().all(|taken| *taken <= unapplied));
        let plan = plan(&invoices, &blocks, &cover, |_, _| &levels, day("2026-04-01"));
        let mut seen = BTreeSet::new();
        for proposal in &plan.proposals {
            prop_assert!(proposal.total_minor() > 0);
            prop_assert!(proposal.total_minor() >= proposal.level.minimum_minor(proposal.currency));
            for invoice in &proposal.invoices {
                prop_assert!(seen.insert(invoice.id));
                prop_assert_eq!(proposal.level.level, invoice.stage.unwrap_or(0) + 1);
                prop_assert!(invoice.open_minor > cover.of(invoice));
                prop_assert!(blocks.refusal(invoice).is_none());
                prop_assert_eq!(still_due(invoice, &blocks, &cover, proposal.level.level), Ok(()));
            }
        }
        let skipped: i64 = plan.skipped.values().sum();
        prop_assert_eq!(seen.len() + usize::try_from(skipped).unwrap(), invoices.len());
    }

    #[test]
    fn a_second_run_on_the_same_day_dunns_nothing_again(book in any_book()) {
        let (levels, blocks, today) = (ladder(), blocks_of(&book), day("2026-04-01"));
        let mut invoices: Vec<OpenInvoice> = book.into_iter().map(|(invoice, _)| invoice).collect();
        let (before, cover) = (invoices.clone(), Cover::default());
        let first = plan(&before, &blocks, &cover, |_, _| &levels, today);
        for proposal in &first.proposals {
            for noticed in &proposal.invoices {
                let invoice = invoices.iter_mut().find(|invoice| invoice.id == noticed.id).unwrap();
                prop_assert!(proposal.level.level > invoice.stage.unwrap_or(0));
                invoice.stage = Some(proposal.level.level);
                invoice.last_dunned_on = Some(today);
                prop_assert_eq!(
                    still_due(invoice, &blocks, &cover, proposal.level.level),
                    Err(LeftOut::AlreadyDunned)
                );
            }
        }
        let dunned: BTreeSet<ItemId> =
            first.proposals.iter().flat_map(|proposal| &proposal.invoices).map(|invoice| invoice.id).collect();
        let second = plan(&invoices, &blocks, &cover, |_, _| &levels, today);
        let again: BTreeSet<ItemId> =
            second.proposals.iter().flat_map(|proposal| &proposal.invoices).map(|invoice| invoice.id).collect();
        prop_assert!(dunned.is_disjoint(&again));
        prop_assert!(again.is_empty());
    }
}

#[test]
fn a_level_closes_one_company_unless_the_procedure_or_the_account_knows_only_one() {
    let german = LegalEntityId::new();
    let held = |legal_entity_id, block_scope, level| Held {
        customer_id: CustomerId::new(),
        legal_entity_id,
        block_scope,
        level,
    };
    let by_entity = [
        held(german, BlockScope::Entity, 3),
        held(german, BlockScope::Entity, 4),
    ];
    let closed = closures(&by_entity, true);
    assert_eq!(closed.account, None);
    assert_eq!(closed.entities, BTreeMap::from([(german, 4)]));
    let alone = closures(&[held(MAIN_ENTITY, BlockScope::Entity, 3)], false);
    assert_eq!((alone.account, alone.entities.len()), (Some(3), 0));
    let whole = closures(&[held(german, BlockScope::Account, 3)], true);
    assert_eq!((whole.account, whole.entities.len()), (Some(3), 0));
    assert_eq!(closures([], true), Closures::default());
}

#[test]
fn money_covers_its_own_company_and_currency_alone() {
    let customer = CustomerId::new();
    let german = LegalEntityId::new();
    let of = |legal_entity_id| OpenInvoice {
        customer_id: customer,
        legal_entity_id,
        ..invoice("2026-03-01", 10_000)
    };
    let invoices = [of(MAIN_ENTITY), of(german)];
    let unapplied = |_, key: BalanceKey| {
        if key.legal_entity_id == german {
            6_000
        } else {
            0
        }
    };
    let cover = Cover::spread(&invoices, &Blocks::default(), unapplied, day("2026-04-01"));
    assert_eq!((cover.of(&invoices[0]), cover.of(&invoices[1])), (0, 6_000));
}

#[test]
fn a_level_counts_from_the_day_that_it_says() {
    let invoice = OpenInvoice {
        last_dunned_on: Some(day("2026-04-02")),
        ..invoice("2026-03-10", 100)
    };
    let from = |timing| counted_from(timing, &invoice).to_string();
    assert_eq!(from(Timing::DueDate), "2026-03-10");
    assert_eq!(from(Timing::MonthEnd), "2026-03-31");
    assert_eq!(from(Timing::LastNotice), "2026-04-02");
    let december = OpenInvoice {
        due_date: day("2026-12-31"),
        last_dunned_on: None,
        ..invoice
    };
    assert_eq!(counted_from(Timing::MonthEnd, &december), day("2026-12-31"));
    assert_eq!(
        counted_from(Timing::LastNotice, &december),
        day("2026-12-31")
    );
}

#[test]
fn a_scheduled_level_goes_alone_on_its_days_when_the_feed_is_fresh() {
    // 2026-04-02 is a Thursday.
    let schedule: Schedule =
        serde_json::from_str("{\"weekdays\": [\"thursday\"], \"cash_feed_days\": 2}").unwrap();
    let alone = |level: &Level, known: Option<&str>, today: &str| {
        goes_alone(level, Some(&schedule), known.map(day), day(today))
    };
    let reminder = level(1, 1, "1.00", Effect::None);
    assert_eq!(alone(&reminder, Some("2026-03-31"), "2026-04-02"), Ok(()));
    let stale = Err(LeftOut::FeedStale);
    assert_eq!(alone(&reminder, Some("2026-03-30"), "2026-04-02"), stale);
    assert_eq!(alone(&reminder, None, "2026-04-02"), stale);
    // Nobody knows what will be paid.
    assert_eq!(alone(&reminder, Some("2026-04-03"), "2026-04-02"), stale);
    let other_day = alone(&reminder, Some("2026-04-03"), "2026-04-03");
    assert_eq!(other_day, Err(LeftOut::NotScheduled));
    let seen = Level {
        approval: LevelApproval::SecondPerson,
        ..reminder
    };
    let waits = alone(&seen, Some("2026-04-02"), "2026-04-02");
    assert_eq!(waits, Err(LeftOut::NeedsApproval));
    assert_eq!(out_of_scope(RunScope::Unattended, waits), waits.err());
    assert_eq!(out_of_scope(RunScope::Attended, waits), None);
    assert_eq!(out_of_scope(RunScope::Attended, other_day), other_day.err());
    assert_eq!(out_of_scope(RunScope::All, other_day), None);
}

#[test]
fn a_slice_is_as_many_customers_as_fit_and_one_at_least() {
    assert_eq!(slice(&[("a", 60), ("b", 30), ("c", 20)], 100), 2);
    assert_eq!(slice(&[("a", 600), ("b", 30)], 100), 1);
    assert_eq!(slice::<&str>(&[], 100), 0);
}
