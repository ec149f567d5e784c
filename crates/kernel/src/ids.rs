//! Ids: a UUIDv7 behind a prefix that says what it names (`cus_01k…`), in the TypeID format.
//!
//! `Id<Customer>` and `Id<Invoice>` are different types, so that one can't be passed for the other.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr, Required};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::clock::Instant;

/// What an id names: its prefix, and in the contract the name of its schema and what the thing is called.
pub trait Kind: Copy + Send + Sync + 'static {
    const PREFIX: &'static str;
    const SCHEMA: &'static str;
    const NOUN: &'static str;
}

/// The id of one thing of kind `K`.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident, $alias:ident, $prefix:literal, $noun:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $kind;

            impl Kind for $kind {
                const PREFIX: &'static str = $prefix;
                const SCHEMA: &'static str = stringify!($alias);
                const NOUN: &'static str = $noun;
            }

            $(#[$doc])*
            pub type $alias = Id<$kind>;
        )*

        /// The schema of every kind of id, for the contract.
        pub fn schemas() -> Vec<(String, RefOr<Schema>)> {
            vec![$(($kind::SCHEMA.to_owned(), $alias::schema()),)*]
        }
    };
}

kinds! {
    /// A limit beside the base limit.
    AdditionalLimit, AdditionalLimitId, "adl", "additional limit";
    /// A block on a credit account, with its cause.
    AccountBlock, AccountBlockId, "abl", "block";
    /// A key by which a system signs in.
    ApiKey, ApiKeyId, "key", "API key";
    /// One assessment of a credit application.
    Assessment, AssessmentId, "asm", "assessment";
    /// A credit application.
    Application, ApplicationId, "app", "application";
    /// One step in the life of a credit application.
    ApplicationStep, ApplicationStepId, "aps", "step";
    /// An account of the organisation's own at a bank.
    BankAccount, BankAccountId, "bac", "bank account";
    /// A payment on an account at a bank.
    BankEntry, BankEntryId, "ben", "bank entry";
    /// What a bank says of an account for a while.
    BankStatement, BankStatementId, "bst", "bank statement";
    /// A version of a catalogue.
    CatalogueVersion, CatalogueVersionId, "ctv", "version";
    /// Interest, a fixed sum or a fee for paying late.
    Charge, ChargeId, "chg", "charge";
    /// A change that one person proposed and another decides.
    ChangeRequest, ChangeRequestId, "chr", "request";
    /// A credit account.
    CreditAccount, CreditAccountId, "acc", "account";
    /// A credit block: an order waiting for credit.
    CreditBlock, CreditBlockId, "blk", "credit block";
    /// A credit note.
    CreditNote, CreditNoteId, "crn", "credit note";
    /// An idempotency key; its id is a hash of what it belongs to.
    IdempotencyKey, IdempotencyKeyId, "idk", "key";
    /// An entry of exposure from an order system.
    ExposureEntry, ExposureEntryId, "exe", "entry";
    /// A cap on what accounts owe together.
    PortfolioCap, PortfolioCapId, "cap", "cap";
    /// Somebody's answer about a customer.
    CustomerFact, CustomerFactId, "fct", "fact";
    /// What another system calls a customer.
    CustomerAlias, CustomerAliasId, "cal", "alias";
    /// A run of the controls.
    ControlRun, ControlRunId, "ctl", "control run";
    /// A customer.
    Customer, CustomerId, "cus", "customer";
    /// A day by which something must be done about a customer.
    Deadline, DeadlineId, "ddl", "deadline";
    /// A request for money before an invoice.
    DepositRequest, DepositRequestId, "dep", "deposit request";
    /// A dunning block.
    DunningBlock, DunningBlockId, "dbl", "block";
    /// A dunning case.
    DunningCase, DunningCaseId, "dca", "case";
    /// A dunning notice.
    DunningNotice, DunningNoticeId, "dno", "notice";
    /// A dunning procedure.
    DunningProcedure, DunningProcedureId, "dpr", "procedure";
    /// A version of a dunning procedure.
    DunningProcedureVersion, DunningProcedureVersionId, "dpv", "version";
    /// A dunning run.
    DunningRun, DunningRunId, "drn", "run";
    /// An exchange rate.
    ExchangeRate, ExchangeRateId, "fxr", "exchange rate";
    /// Something that happened, as other systems hear of it.
    Event, EventId, "evt", "event";
    /// An export: a table as a file.
    Export, ExportId, "exp", "export";
    /// What one expert of a panel said in one round.
    ExpertOpinion, ExpertOpinionId, "opn", "opinion";
    /// A panel of experts.
    ExpertPanel, ExpertPanelId, "pnl", "panel";
    /// An agreement with a factor.
    FactoringAgreement, FactoringAgreementId, "fag", "factoring agreement";
    /// A sale or pledge of an invoice under an agreement with a factor.
    FactoringAssignment, FactoringAssignmentId, "fas", "factoring assignment";
    /// A financial statement of a customer.
    FinancialStatement, FinancialStatementId, "fst", "statement";
    /// A version of what is known of an industry.
    IndustryVersion, IndustryVersionId, "ind", "version";
    /// A version of the grade scale.
    GradeScale, GradeScaleId, "gsc", "scale";
    /// A cheque, draft, bill or note that a customer paid with.
    Instrument, InstrumentId, "ins", "instrument";
    /// An invoice.
    Invoice, InvoiceId, "inv", "invoice";
    /// What is open: an invoice, or an instalment of one.
    Item, ItemId, "itm", "item";
    /// A background job.
    Job, JobId, "job", "job";
    /// A company that sells.
    LegalEntity, LegalEntityId, "ent", "legal entity";
    /// One granted limit in an account's history.
    Limit, LimitId, "lim", "limit";
    /// A limit check.
    LimitCheck, LimitCheckId, "chk", "check";
    /// Some days of a legal entity's books.
    Period, PeriodId, "per", "period";
    /// Something recorded in a closed period.
    PeriodViolation, PeriodViolationId, "pvi", "violation";
    /// What is sent to a customer.
    Message, MessageId, "msg", "message";
    /// A version of payment terms.
    PaymentTermsVersion, PaymentTermsVersionId, "ptv", "version";
    /// Whose money a payment may be, and what it may pay.
    MatchProposal, MatchProposalId, "mpr", "proposal";
    /// An account from which a customer paid.
    PayerAccount, PayerAccountId, "pac", "payer account";
    /// What began here and another ledger follows.
    Posting, PostingId, "pst", "posting";
    /// A version of the credit policy.
    Policy, PolicyId, "pol", "policy";
    /// A rating of a customer.
    Rating, RatingId, "rat", "rating";
    /// A version of a rating model.
    RatingModel, RatingModelId, "rmd", "model";
    /// A receipt.
    Receipt, ReceiptId, "rcp", "receipt";
    /// Money that is given back.
    Refund, RefundId, "rfd", "refund";
    /// What a payer says that a payment is for.
    RemittanceAdvice, RemittanceAdviceId, "rad", "remittance advice";
    /// A reservation of credit.
    Reservation, ReservationId, "res", "reservation";
    /// One application of cash or credit to an invoice.
    Settlement, SettlementId, "set", "settlement";
    /// Tokens that count no more.
    TokenRevocation, TokenRevocationId, "trv", "revocation";
    /// A signed place in the chain over the audit trail.
    TrailCheckpoint, TrailCheckpointId, "tcp", "checkpoint";
    /// An entry of the audit trail.
    TrailEntry, TrailEntryId, "trl", "entry";
    /// An event on its way to a webhook endpoint.
    WebhookDelivery, WebhookDeliveryId, "whd", "delivery";
    /// Where events are delivered to.
    WebhookEndpoint, WebhookEndpointId, "whe", "webhook endpoint";
}

/// The company that sells, where there is but one: it is there in every book from the start.
pub const MAIN_ENTITY: LegalEntityId =
    Id::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// The bits of a UUIDv7 that tell the time: milliseconds, and where there may be more of it, microseconds.
fn bits_of(at: Instant) -> u128 {
    let micros = u128::try_from(at.utc().timestamp_micros()).unwrap_or_default();
    (micros / 1000) << 80 | 7 << 76 | (micros % 1000) << 64 | 2 << 62
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 128 bits, five in each.
const SUFFIX_DIGITS: usize = 26;

impl<K: Kind> Id<K> {
    /// A new id: time-ordered, so that rows come in the order in which they were made.
    pub fn new() -> Id<K> {
        Id::from_uuid(Uuid::now_v7())
    }

    /// A new id of what happens at an instant, in its order whatever clock is used: to the microsecond by time, and then
    /// as they are made.
    pub fn at(at: Instant) -> Id<K> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = u128::from(MADE.fetch_add(1, Ordering::Relaxed));
        let random = Uuid::now_v7().as_u128() & ((1 << 30) - 1);
        Id::from_uuid(Uuid::from_u128(bits_of(at) | made << 30 | random))
    }

    /// Before every [`Id::at`] this instant or later, and after those of all before.
    pub fn first_at(at: Instant) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(bits_of(at)))
    }

    pub const fn from_uuid(uuid: Uuid) -> Id<K> {
        Id {
            uuid,
            kind: PhantomData,
        }
    }

    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    fn text(self) -> String {
        let bits = self.uuid.as_u128();
        let mut text = String::with_capacity(K::PREFIX.len() + 1 + SUFFIX_DIGITS);
        text.push_str(K::PREFIX);
        text.push('_');
        for place in (0..SUFFIX_DIGITS).rev() {
            let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
            text.push(ALPHABET.get(index).map_or('0', |digit| char::from(*digit)));
        }
        text
    }
}

impl<K: Kind> Default for Id<K> {
    fn default() -> Id<K> {
        Id::new()
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Id<K> {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Id<K>) -> bool {
        self.uuid == other.uuid
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Id<K>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Id<K>) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}

impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an id that begins with \"{prefix}_\"")]
pub struct NotAnId {
    prefix: &'static str,
}

/// Whether a text has the shape of an id, of whatever kind: three letters, an underscore, and 26 digits of our alphabet.
/// A number that another system gave may not: it would be taken for one.
pub fn looks_like_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, suffix)| {
        prefix.len() == 3
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && suffix.len() == SUFFIX_DIGITS
            && suffix.starts_with(|c: char| ('0'..='7').contains(&c))
            && suffix.bytes().all(|byte| ALPHABET.contains(&byte))
    })
}

impl<K: Kind> FromStr for Id<K> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id<K>, NotAnId> {
        let wrong = NotAnId { prefix: K::PREFIX };
        let suffix = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|suffix| {
                suffix.len() == SUFFIX_DIGITS
                    && suffix.starts_with(|c: char| ('0'..='7').contains(&c))
            })
            .ok_or(wrong)?;
        let mut bits: u128 = 0;
        for byte in suffix.bytes() {
            let value = ALPHABET.iter().position(|&c| c == byte).ok_or(wrong)?;
            bits = (bits << 5) | u128::try_from(value).map_err(|_| wrong)?;
        }
        Ok(Id::from_uuid(Uuid::from_u128(bits)))
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<K>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<K: Kind> PartialSchema for Id<K> {
    fn schema() -> RefOr<Schema> {
        let example =
            Id::<K>::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(format!(
                "^{}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
                K::PREFIX
            )))
            .max_length(Some(K::PREFIX.len() + 27))
            .examples([example.to_string()])
            .into()
    }
}

impl<K: Kind> ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        K::SCHEMA.into()
    }
}

/// `{id}` in a path.
impl<K: Kind> IntoParams for Id<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path("id", K::SCHEMA, &format!("The {}.", K::NOUN))]
    }
}

/// A part of a path, for the contract: its name, the name of its schema, and what it says.
pub fn in_path(name: &str, schema: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(Ref::from_schema_name(schema)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_typeid_examples_hold() {
        for (uuid, suffix) in [
            (
                "00000000-0000-0000-0000-000000000000",
                "00000000000000000000000000",
            ),
            (
                "01890a5d-ac96-774b-bcce-b302099a8057",
                "01h455vb4pex5vsknk084sn02q",
            ),
            (
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "7zzzzzzzzzzzzzzzzzzzzzzzzz",
            ),
        ] {
            let id = CustomerId::from_uuid(uuid.parse().unwrap());
            assert_eq!(id.to_string(), format!("cus_{suffix}"));
            assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn another_kind_or_a_wrong_letter_is_refused() {
        for text in [
            "inv_01h455vb4pex5vsknk084sn02q",
            "cus_81h455vb4pex5vsknk084sn02q",
            "cus_01h455vb4pex5vsknk084sn02",
            "cus_01h455vb4pex5vsknk084sn0lq",
            "cus-01h455vb4pex5vsknk084sn02q",
            "",
        ] {
            assert!(text.parse::<CustomerId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_of_instants_are_in_their_order(a in 0i64..200_000_000_000_000_000, between in 1i64..5_000) {
            let at = |micros| Instant::new(chrono::DateTime::from_timestamp_micros(micros).unwrap());
            let (earlier, later) = (CustomerId::at(at(a)), CustomerId::at(at(a + between)));
            prop_assert!(earlier < later);
            prop_assert!(CustomerId::first_at(at(a)) <= earlier);
            prop_assert!(earlier < CustomerId::first_at(at(a + 1)));
            prop_assert!(earlier < CustomerId::at(at(a)));
            prop_assert_eq!(earlier.uuid().get_version_num(), 7);
            prop_assert_eq!(earlier.uuid().get_variant(), uuid::Variant::RFC4122);
        }

        #[test]
        fn order_of_text_is_order_of_time(a: u128, b: u128) {
            let (a, b) = (CustomerId::from_uuid(Uuid::from_u128(a)), CustomerId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }
}
