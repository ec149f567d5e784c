//! What use cases and lists are asked.

use std::borrow::Cow;

use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::{Ledger, LegalEntity, is_lei, is_uscc};
use crate::platform::http::nullable;
use kernel::money::Currency;
use kernel::places::Country;
use kernel::text::{Keyword, Line, Note, Number};

/// A company that sells.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "DE01", "name": "Jiangnan Deutschland GmbH", "country": "DE", "functional_currency": "EUR",
    "vat_id": "DE136695976", "city": "Hamburg"
}))]
pub struct LegalEntityIn {
    pub number: Number,
    pub name: Line,
    pub country: Country,
    /// The currency of its books, in which realised exchange differences are told.
    pub functional_currency: Currency,
    /// `mirror` when not given.
    pub ledger: Option<Ledger>,
    pub vat_id: Option<Line>,
    pub registration_number: Option<Line>,
    /// Unified social credit code (统一社会信用代码), with its check character.
    #[validate(custom(function = "check_uscc"))]
    pub uscc: Option<Line>,
    /// Legal entity identifier (ISO 17442), with its check digits.
    #[validate(custom(function = "check_lei"))]
    pub lei: Option<Line>,
    pub peppol_id: Option<Line>,
    pub street: Option<Line>,
    pub city: Option<Line>,
    pub postal_code: Option<Line>,
    /// Where customers pay, as letters print it.
    pub bank_details: Option<Note>,
    /// Who writes letters, as they print it.
    pub letter_sender: Option<Note>,
    /// By its IANA name, for letters alone: the organisation has one business day.
    #[validate(custom(function = "check_timezone"))]
    pub timezone: Option<Line>,
    /// The calendar, by its code: due dates of net days that it has as no business day go to the next one. They stay when not
    /// given.
    pub calendar: Option<Keyword>,
}

/// What is to change on a legal entity; null empties what may be empty.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "CN01", "name": "Jiangnan Trading Co.", "country": "CN"}))]
pub struct LegalEntityPatch {
    pub number: Option<Number>,
    pub name: Option<Line>,
    pub country: Option<Country>,
    /// Stays what it is once it has been said and a document is there.
    pub functional_currency: Option<Currency>,
    pub ledger: Option<Ledger>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub vat_id: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub registration_number: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    #[validate(custom(function = "check_uscc"))]
    pub uscc: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    #[validate(custom(function = "check_lei"))]
    pub lei: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub peppol_id: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub street: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub city: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub postal_code: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Note>)]
    pub bank_details: Option<Option<Note>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Note>)]
    pub letter_sender: Option<Option<Note>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    #[validate(custom(function = "check_timezone"))]
    pub timezone: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Keyword>)]
    pub calendar: Option<Option<Keyword>>,
}

impl LegalEntityPatch {
    /// Puts what the patch names into the entity.
    pub fn apply_to(&self, entity: &mut LegalEntity) {
        fn put<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        put(&mut entity.number, self.number.as_ref());
        put(&mut entity.name, self.name.as_ref());
        entity.country = self.country.or(entity.country);
        entity.functional_currency = self.functional_currency.or(entity.functional_currency);
        put(&mut entity.ledger, self.ledger.as_ref());
        put(&mut entity.vat_id, self.vat_id.as_ref());
        let registration = self.registration_number.as_ref();
        put(&mut entity.registration_number, registration);
        put(&mut entity.uscc, self.uscc.as_ref());
        put(&mut entity.lei, self.lei.as_ref());
        put(&mut entity.peppol_id, self.peppol_id.as_ref());
        put(&mut entity.street, self.street.as_ref());
        put(&mut entity.city, self.city.as_ref());
        put(&mut entity.postal_code, self.postal_code.as_ref());
        put(&mut entity.bank_details, self.bank_details.as_ref());
        put(&mut entity.letter_sender, self.letter_sender.as_ref());
        put(&mut entity.timezone, self.timezone.as_ref());
        put(&mut entity.calendar, self.calendar.as_ref());
    }
}

fn refused(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(Cow::Borrowed(message))
}

fn check_uscc(text: &Line) -> Result<(), ValidationError> {
    if is_uscc(text.as_str()) {
        return Ok(());
    }
    Err(refused(
        "check_digit",
        "must be a unified social credit code of 18 characters with its check character",
    ))
}

fn check_lei(text: &Line) -> Result<(), ValidationError> {
    if is_lei(text.as_str()) {
        return Ok(());
    }
    Err(refused(
        "check_digit",
        "must be a legal entity identifier of 20 characters with its check digits",
    ))
}

fn check_timezone(text: &Line) -> Result<(), ValidationError> {
    if text.as_str().parse::<chrono_tz::Tz>().is_ok() {
        return Ok(());
    }
    Err(refused(
        "timezone",
        "must be the IANA name of a time zone, such as Asia/Shanghai",
    ))
}
