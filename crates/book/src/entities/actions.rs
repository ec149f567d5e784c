//! What is done with legal entities, and how other rooms find the one that is meant.

use std::collections::BTreeMap;

use super::input::{LegalEntityIn, LegalEntityPatch};
use super::model::{EntityRef, LegalEntity};
use super::store;
use crate::book::payment_terms::store as payment_terms;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::{LegalEntityId, MAIN_ENTITY};
use kernel::money::Currency;
use kernel::text::{Keyword, Number};

/// Why a use case on legal entities was refused.
#[derive(Debug, thiserror::Error)]
pub enum EntityError {
    #[error("there is no such legal entity")]
    Missing,
    #[error("the number {0} is taken")]
    NumberTaken(Number),
    #[error("there is no such calendar")]
    NoSuchCalendar,
    #[error("the functional currency is fixed")]
    CurrencyFixed,
    #[error("the legal entity changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Sets up a legal entity.
///
/// # Errors
/// When the number is taken, or the calendar is not there.
pub fn create(tx: &mut Tx, input: &LegalEntityIn) -> Result<LegalEntity, EntityError> {
    check_calendar(tx, input.calendar.as_ref())?;
    let entity = LegalEntity {
        id: LegalEntityId::new(),
        number: input.number.clone(),
        name: input.name.clone(),
        country: Some(input.country),
        functional_currency: Some(input.functional_currency),
        ledger: input.ledger.unwrap_or_default(),
        vat_id: input.vat_id.clone(),
        registration_number: input.registration_number.clone(),
        uscc: input.uscc.clone(),
        lei: input.lei.clone(),
        peppol_id: input.peppol_id.clone(),
        street: input.street.clone(),
        city: input.city.clone(),
        postal_code: input.postal_code.clone(),
        bank_details: input.bank_details.clone(),
        letter_sender: input.letter_sender.clone(),
        timezone: input.timezone.clone(),
        calendar: input.calendar.clone(),
        created_at: tx.now(),
        changed_at: tx.now(),
        version: 1,
    };
    store::insert(tx, &entity).map_err(|error| number_taken(error, &entity.number))?;
    tx.record(Change::new("legal_entity.created", entity.id).after(&entity))?;
    Ok(entity)
}

/// Changes what the patch names.
///
/// # Errors
/// When the entity is not there or changed since `version`, the number is taken, or it has a functional currency and that
/// would be another.
pub fn change(
    tx: &mut Tx,
    reference: &EntityRef,
    version: i64,
    patch: &LegalEntityPatch,
) -> Result<LegalEntity, EntityError> {
    let before = store::find(tx, reference)?.ok_or(EntityError::Missing)?;
    if before.version != version {
        return Err(EntityError::Stale);
    }
    check_calendar(tx, patch.calendar.as_ref().and_then(Option::as_ref))?;
    let mut after = before.clone();
    patch.apply_to(&mut after);
    if before.functional_currency.is_some()
        && before.functional_currency != after.functional_currency
    {
        return Err(EntityError::CurrencyFixed);
    }
    let after = store::update_if_unchanged(tx, &after)
        .map_err(|error| number_taken(error, &after.number))?
        .ok_or(EntityError::Stale)?;
    tx.record(
        Change::new("legal_entity.changed", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// What is said of the currency in which the first company keeps its books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstCurrency {
    /// It is known, now or from before; none is in a book without accounts.
    Settled(Option<Currency>),
    /// The setting says another one than the book.
    Otherwise { said: Currency },
    /// The accounts have several, and nobody has said which.
    Undecided,
}

/// Gives the first company its functional currency where it has none yet: the one of the deployment's setting, else the one
/// that all accounts have, which are asked only then.
///
/// # Errors
/// When the database fails.
pub fn settle_first_currency(
    tx: &mut Tx,
    setting: Option<Currency>,
    accounts: impl FnOnce(&mut Db) -> Result<Vec<Currency>, DbError>,
) -> Result<FirstCurrency, DbError> {
    let Some(main) = store::find(tx, &EntityRef::Id(MAIN_ENTITY))? else {
        return Ok(FirstCurrency::Settled(None));
    };
    if let Some(said) = main.functional_currency {
        let is_same = setting.is_none_or(|setting| setting == said);
        return Ok(if is_same {
            FirstCurrency::Settled(Some(said))
        } else {
            FirstCurrency::Otherwise { said }
        });
    }
    let known = match setting {
        Some(setting) => vec![setting],
        None => accounts(tx)?,
    };
    let currency = match known.as_slice() {
        [] => return Ok(FirstCurrency::Settled(None)),
        [only] => *only,
        _ => return Ok(FirstCurrency::Undecided),
    };
    let after = LegalEntity {
        functional_currency: Some(currency),
        ..main.clone()
    };
    if let Some(after) = store::update_if_unchanged(tx, &after)? {
        let change = Change::new("legal_entity.changed", after.id);
        tx.record(change.before(&main).after(&after))?;
    }
    Ok(FirstCurrency::Settled(Some(currency)))
}

/// What the deployment's setting says of the company that documents are of which name none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstNumber {
    /// It is the first company's number, now or from before.
    Settled,
    /// The first company has this number instead, and documents that name none are its.
    Otherwise { said: Number },
}

/// Gives the first company the number of the deployment's setting, where the book is new: documents that name no company
/// are of the first one, whose balances the accounts keep themselves, so that it has the number and no other gets its place.
///
/// # Errors
/// When the database fails.
pub fn settle_first_number(
    tx: &mut Tx,
    setting: &Number,
    accounts: impl FnOnce(&mut Db) -> Result<Vec<Currency>, DbError>,
) -> Result<FirstNumber, DbError> {
    let Some(main) = store::find(tx, &EntityRef::Id(MAIN_ENTITY))? else {
        return Ok(FirstNumber::Settled);
    };
    if main.number == *setting {
        return Ok(FirstNumber::Settled);
    }
    let is_taken = store::find(tx, &EntityRef::Number(setting.clone()))?.is_some();
    // Somebody has given it a number, or documents can be there already: an account comes before the first of them.
    if is_taken || main.version > 1 || !accounts(tx)?.is_empty() {
        return Ok(FirstNumber::Otherwise { said: main.number });
    }
    let after = LegalEntity {
        number: setting.clone(),
        ..main.clone()
    };
    if let Some(after) = store::update_if_unchanged(tx, &after)? {
        let change = Change::new("legal_entity.changed", after.id);
        tx.record(change.before(&main).after(&after))?;
    }
    Ok(FirstNumber::Settled)
}

/// A calendar that is named must be there.
fn check_calendar(tx: &mut Tx, code: Option<&Keyword>) -> Result<(), EntityError> {
    match code {
        Some(code) if payment_terms::find_calendar(tx, code)?.is_none() => {
            Err(EntityError::NoSuchCalendar)
        }
        _ => Ok(()),
    }
}

fn number_taken(error: DbError, number: &Number) -> EntityError {
    if error.is_duplicate_of("legal_entities", &["number"]) {
        EntityError::NumberTaken(number.clone())
    } else {
        error.into()
    }
}

/// The legal entities that documents name.
#[derive(Debug, Default)]
pub struct Entities(BTreeMap<EntityRef, LegalEntityId>);

impl Entities {
    /// Reads them, when anybody names one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read<'a>(
        db: &mut Db,
        named: impl IntoIterator<Item = Option<&'a EntityRef>>,
    ) -> Result<Entities, DbError> {
        if named.into_iter().flatten().next().is_none() {
            return Ok(Entities::default());
        }
        let mut entities = BTreeMap::new();
        for entity in store::list_all(db)? {
            entities.insert(EntityRef::Id(entity.id), entity.id);
            entities.insert(EntityRef::Number(entity.number), entity.id);
        }
        Ok(Entities(entities))
    }

    /// The one that is meant: the first when none is named.
    ///
    /// # Errors
    /// When there is no such legal entity.
    pub fn find(&self, reference: Option<&EntityRef>) -> Result<LegalEntityId, EntityError> {
        let Some(reference) = reference else {
            return Ok(MAIN_ENTITY);
        };
        self.0.get(reference).copied().ok_or(EntityError::Missing)
    }
}

/// The one that is meant: the first when none is named.
///
/// # Errors
/// When there is no such legal entity, or the database fails.
pub fn find(db: &mut Db, reference: Option<&EntityRef>) -> Result<LegalEntityId, EntityError> {
    Entities::read(db, [reference])?.find(reference)
}

/// The number of each legal entity, to be shown.
///
/// # Errors
/// When the database fails.
pub fn numbers(db: &mut Db) -> Result<BTreeMap<LegalEntityId, Number>, DbError> {
    let all = store::list_all(db)?.into_iter();
    Ok(all.map(|entity| (entity.id, entity.number)).collect())
}
