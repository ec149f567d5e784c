//! Several currencies and companies: the worked numbers of the ECB's rates of 28 June 2024, in which EUR 1 is USD 1.0705
//! and CNY 7.7748.

use std::collections::BTreeMap;

use super::*;
use crate::book::exchange_rates::model::ExchangeRate;
use crate::book::exchange_rates::rules::{RateTable, Rounding};
use crate::book::exposure::model::BalanceKey;
use crate::book::exposure::rules::OtherBalance;
use kernel::ids::{ExchangeRateId, LegalEntityId, MAIN_ENTITY};

fn code(text: &str) -> Currency {
    text.parse().unwrap()
}

fn rate(quote: &str, rate: &str) -> ExchangeRate {
    ExchangeRate {
        id: ExchangeRateId::new(),
        base_currency: code("EUR"),
        quote_currency: code(quote),
        rate: rate.parse().unwrap(),
        rate_date: day("2024-06-28"),
        source: "ECB".parse().unwrap(),
        set_by: "u-31".parse().unwrap(),
        set_at: serde_json::from_str("\"2024-06-28T16:00:00Z\"").unwrap(),
    }
}

fn rates(usd: &str, cny: &str) -> Conversions {
    let table = RateTable::new(day("2024-06-28"), [rate("USD", usd), rate("CNY", cny)]);
    let mut known = Conversions::default();
    for from in ["CNY", "EUR", "USD"] {
        for to in ["CNY", "EUR", "USD"] {
            known.look_up(code(from), code(to), &table);
        }
    }
    known
}

struct Companies {
    de: LegalEntityId,
    us: LegalEntityId,
}

fn other(entity: LegalEntityId, currency: &str, exposure: Exposure) -> OtherBalance {
    OtherBalance {
        legal_entity_id: Some(entity),
        currency: code(currency),
        exposure,
    }
}

/// The book of the page: four balances against CNY 5,000,000.00.
fn the_book(companies: &Companies) -> Node {
    let own = Exposure {
        receivable_minor: 180_000_000,
        reserved_minor: 20_000_000,
        unapplied_minor: 5_000_000,
        ..Exposure::default()
    };
    let dollars = Exposure {
        receivable_minor: 8_000_000,
        unapplied_minor: 1_000_000,
        ..Exposure::default()
    };
    let mut node = a_node(NodeKind::Own, 500_000_000, own);
    node.others = vec![
        other(companies.de, "EUR", Exposure::receivable(12_000_000)),
        other(companies.de, "USD", dollars),
        other(companies.us, "USD", Exposure::reserved(10_000_000)),
    ];
    node
}

fn asked(companies: &Companies, nodes: Vec<Node>, rates: Conversions) -> (Facts, Question) {
    let mut facts = facts(nodes);
    facts.balance = Some(BalanceKey::new(companies.us, code("USD")));
    facts.rates = rates;
    let mut question = order(1);
    question.amount = Money::from_minor(15_000_000, code("USD"));
    (facts, question)
}

fn companies() -> Companies {
    Companies {
        de: LegalEntityId::new(),
        us: LegalEntityId::new(),
    }
}

fn reduced_to(decision: &Decision) -> Option<i64> {
    let mut offers = decision.counter_offers.iter();
    let reduced = offers.find(|offer| offer.kind == OfferKind::ReducedAmount)?;
    Some(reduced.amount?.minor())
}

fn figure(decision: &Decision, kind: NodeKind) -> &NodeFigures {
    let mut nodes = decision.nodes.iter();
    nodes.find(|node| node.kind == kind).unwrap()
}

#[test]
fn four_balances_count_against_one_limit_and_an_order_fits_to_the_cent() {
    let companies = companies();
    let book = the_book(&companies);
    let known = rates("1.0705", "7.7748");
    let policy = plain_document();
    let counted = book.counted_in_all(currency(), &policy, &known).unwrap();
    assert_eq!(counted, 411_764_767);
    let (facts, mut question) = asked(&companies, vec![book], known);
    // USD 150,000.00 is CNY 1,089,416.17.
    let credit = facts.credit(&question).unwrap();
    assert_eq!(credit.net_minor, 15_000_000);
    assert_eq!(credit.in_account.net_minor, 108_941_617);
    let decision = decide(&facts, &policy, &question);
    assert_eq!(decision.outcome, Outcome::ReviewRequired);
    let own = figure(&decision, NodeKind::Own);
    assert_eq!(own.exposure_minor, 411_764_767);
    assert_eq!(own.headroom(), Some(88_235_233));
    assert_eq!(reduced_to(&decision), Some(12_148_970));
    for (minor, outcome) in [(12_148_970, true), (12_148_971, false)] {
        question.amount = Money::from_minor(minor, code("USD"));
        let decision = decide(&facts, &policy, &question);
        assert_eq!(decision.outcome.is_approved(), outcome, "{minor}");
    }
}

#[test]
fn what_a_company_grants_for_itself_binds_where_it_is_less() {
    let companies = companies();
    let mut of_entity = a_node(NodeKind::Entity, 150_000_000, Exposure::default());
    of_entity.legal_entity_id = Some(companies.us);
    of_entity.others = vec![other(companies.us, "USD", Exposure::reserved(10_000_000))];
    let nodes = vec![the_book(&companies), of_entity];
    let (facts, question) = asked(&companies, nodes, rates("1.0705", "7.7748"));
    let decision = decide(&facts, &plain_document(), &question);
    let entity = figure(&decision, NodeKind::Entity);
    assert_eq!(entity.headroom(), Some(77_372_255));
    assert_eq!(reduced_to(&decision), Some(10_653_264));
    // An order of another company is no matter of this one.
    let mut elsewhere = facts;
    elsewhere.balance = Some(BalanceKey::new(MAIN_ENTITY, code("USD")));
    let decision = decide(&elsewhere, &plain_document(), &question);
    assert!(
        decision
            .nodes
            .iter()
            .all(|node| node.kind != NodeKind::Entity)
    );
}

#[test]
fn a_group_in_another_currency_is_judged_in_its_own() {
    let companies = companies();
    let book = the_book(&companies);
    let mut group = book.clone();
    group.kind = NodeKind::Group;
    group.limit = Limit::Amount(90_000_000);
    group.currency = Some(code("EUR"));
    // The group's own balance is in euro; what the member owes in yuan is beside. The sister owes EUR 150,000.00.
    group.exposure = Exposure::receivable(15_000_000);
    group.others.push(other(MAIN_ENTITY, "CNY", book.exposure));
    let (facts, question) = asked(&companies, vec![book, group], rates("1.0705", "7.7748"));
    let decision = decide(&facts, &plain_document(), &question);
    let group = figure(&decision, NodeKind::Group);
    assert_eq!(group.exposure_minor, 67_961_464);
    assert_eq!(group.headroom(), Some(22_038_536));
    assert_eq!(group.asked_minor, Some(14_012_144));
    let all = codes(&decision);
    assert!(
        all.iter().all(|code| *code == ReasonCode::LimitUtilisation),
        "{all:?}"
    );
    let most = facts.most_of_balance(22_038_536, code("EUR"));
    assert_eq!(most, Some(23_592_252));
}

#[test]
fn rates_move_between_decisions_and_the_books_do_not() {
    let companies = companies();
    let known = rates("1.0500", "8.0000");
    let counted = the_book(&companies).counted_in_all(currency(), &plain_document(), &known);
    assert_eq!(counted, Ok(420_523_811));
}

#[test]
fn money_that_is_not_applied_lowers_its_own_balance_alone() {
    let companies = companies();
    let mut book = a_node(NodeKind::Own, 1_000, Exposure::unapplied(5_000));
    book.others = vec![other(companies.us, "USD", Exposure::receivable(100))];
    let known = rates("1.0705", "7.7748");
    let counted = book.counted_in_all(currency(), &plain_document(), &known);
    assert_eq!(counted, Ok(727));
    // Alone, it is as it always was.
    book.others.clear();
    let counted = book.counted_in_all(currency(), &plain_document(), &known);
    assert_eq!(counted, Ok(-5_000));
}

/// The worked example, with USD 100,000.00 at the German company that settle nothing: USD 20,000.00 more than is owed there.
fn overpaid(companies: &Companies) -> Node {
    let mut book = the_book(companies);
    book.others[1].exposure.unapplied_minor = 10_000_000;
    book
}

fn netting(currencies: bool, entities: bool) -> PolicyDocument {
    PolicyDocument {
        net_across_currencies: currencies,
        net_across_entities: entities,
        ..plain_document()
    }
}

#[test]
fn what_is_overpaid_lowers_other_balances_only_where_the_policy_nets_them() {
    let companies = companies();
    let book = overpaid(&companies);
    let known = rates("1.0705", "7.7748");
    // CNY 1,950,000.00 + 932,976.00 + 726,277.45; the German dollars are CNY 145,255.48 more than is owed.
    let apart = 195_000_000 + 93_297_600 + 72_627_745;
    for (currencies, entities, counted) in [
        (false, false, apart),
        (true, false, apart - 14_525_548),
        (false, true, apart - 14_525_548),
        (true, true, apart - 14_525_548),
    ] {
        let policy = netting(currencies, entities);
        let found = book.counted_in_all(currency(), &policy, &known);
        assert_eq!(found, Ok(counted), "{currencies} {entities}");
    }
    // Where nothing is overpaid, netting changes nothing.
    for policy in [netting(true, true), plain_document()] {
        let found = the_book(&companies).counted_in_all(currency(), &policy, &known);
        assert_eq!(found, Ok(411_764_767));
    }
    // The American order has the German dollars beside its own only across companies.
    let own = |policy: &PolicyDocument| {
        let key = BalanceKey::new(companies.us, code("USD"));
        let counted = book.counted(key, currency(), policy, &known).unwrap();
        counted.own_minor
    };
    assert_eq!(own(&netting(true, false)), 72_627_745);
    assert_eq!(own(&netting(false, true)), 72_627_745 - 14_525_548);
}

#[test]
fn without_a_rate_for_a_balance_the_order_is_refused_and_the_pair_named() {
    let companies = companies();
    let book = the_book(&companies);
    let unknown = book.missing_rates(currency(), &Conversions::default());
    assert_eq!(unknown.len(), 3);
    let (mut facts, question) = asked(&companies, vec![book], Conversions::default());
    facts.unknown_nodes = unknown;
    let decision = decide(&facts, &plain_document(), &question);
    assert_eq!(decision.outcome, Outcome::Rejected);
    assert_eq!(decision.reasons[0].code, ReasonCode::NoExchangeRate);
}

proptest! {
    /// The pass rule: Σ over the sets that are netted of max(0, net, with the order in its own) is within the limit.
    #[test]
    fn an_order_passes_only_within_the_limit_whatever_is_netted(
        currencies: bool,
        entities: bool,
        limit in 1_i64..1_000_000_000,
        amount in 1_i64..50_000_000,
        owed in prop::collection::vec((0_i64..40_000_000, 0_i64..40_000_000), 4),
    ) {
        let companies = companies();
        let mut book = the_book(&companies);
        book.limit = Limit::Amount(limit);
        let some = |(receivable_minor, unapplied_minor): (i64, i64)| Exposure {
            receivable_minor,
            unapplied_minor,
            ..Exposure::default()
        };
        book.exposure = some(owed[0]);
        for (other, owed) in book.others.iter_mut().zip(&owed[1..]) {
            other.exposure = some(*owed);
        }
        let policy = netting(currencies, entities);
        let known = rates("1.0705", "7.7748");
        let places: Vec<(BalanceKey, Exposure)> = book.balances(currency()).collect();
        let (facts, mut question) = asked(&companies, vec![book], known.clone());
        question.amount = Money::from_minor(amount, code("USD"));
        let decision = decide(&facts, &policy, &question);
        // The same, added up by hand.
        let order = facts.balance();
        let cny = |minor, from, rounding| known.convert(minor, from, currency(), rounding).unwrap();
        let mut sets: BTreeMap<(Option<LegalEntityId>, Option<Currency>), i64> = BTreeMap::new();
        for (key, exposure) in places {
            let set = (
                (!entities).then_some(key.legal_entity_id),
                (!currencies).then_some(key.currency),
            );
            *sets.entry(set).or_default() += cny(exposure.receivable_minor, key.currency, Rounding::Up)
                - cny(exposure.unapplied_minor, key.currency, Rounding::Down);
        }
        let own = ((!entities).then_some(order.legal_entity_id), (!currencies).then_some(order.currency));
        *sets.entry(own).or_default() += cny(amount, order.currency, Rounding::Up);
        let sum: i64 = sets.values().map(|net| *net.max(&0)).sum();
        prop_assert_eq!(decision.outcome.is_approved(), sum <= limit, "{} of {}", sum, limit);
    }

    #[test]
    fn an_offer_passes_and_one_cent_more_does_not(limit in 1_i64..2_000_000_000, owed in 0_i64..1_000_000) {
        let companies = companies();
        let mut book = the_book(&companies);
        book.limit = Limit::Amount(limit);
        book.others.push(other(MAIN_ENTITY, "EUR", Exposure::receivable(owed)));
        let (facts, mut question) = asked(&companies, vec![book], rates("1.0705", "7.7748"));
        let policy = plain_document();
        question.amount = Money::from_minor(500_000_000, code("USD"));
        let decision = decide(&facts, &policy, &question);
        if let Some(most) = reduced_to(&decision) {
            question.amount = Money::from_minor(most, code("USD"));
            prop_assert!(decide(&facts, &policy, &question).outcome.is_approved());
            question.amount = Money::from_minor(most + 1, code("USD"));
            prop_assert!(!decide(&facts, &policy, &question).outcome.is_approved());
        }
    }
}
