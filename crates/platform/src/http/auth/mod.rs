//! Who may do what: tokens are verified in middleware, permissions are types on the handler.

mod tokens;

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::{Ready, ready};

pub use self::tokens::{
    Accepted, ISSUED_AHEAD_SECONDS, LIFETIME_MAX_SECONDS, SECRET_BYTES_MIN, SharedSecret,
    TokenRequest, Verifier, check_lifetime, is_access_token, is_name, mint, wall_seconds,
};
use super::problem::{Code, Problem};
use kernel::caller::{Caller, Role};
use kernel::text::Subject;

/// A permission: which roles it takes. Handlers name it in the type of their guard.
pub trait Permission: 'static {
    const NAME: &'static str;
    const ROLES: &'static [Role];
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident, $scope:literal => [$($role:ident),+];)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Permission for $name {
                const NAME: &'static str = $scope;
                const ROLES: &'static [Role] = &[$(Role::$role),+];
            }
        )*

        /// Every permission with its roles: handlers declare the name as their security scope, and the contract
        /// lists the roles.
        pub const PERMISSIONS: &[(&str, &[Role])] = &[$(($name::NAME, $name::ROLES),)*];
    };
}

permits! {
    /// Read the customer file.
    ReadCustomers, "customers:read" => [Sales, Credit, Finance, Auditor, System];
    /// Create and change customers.
    EditCustomers, "customers:edit" => [Sales, Credit, Finance];
    /// Say how far the law has come in on customers.
    SetLegalStatus, "customers:legal-status" => [Credit, Finance];
    /// Say what source systems call customers: whose documents an import brings.
    NameAliases, "customers:aliases" => [Credit, Finance];
    /// Read the legal entities: the companies that sell.
    ReadEntities, "legal-entities:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Set up and change legal entities.
    ManageEntities, "legal-entities:manage" => [Finance, Admin];
    /// Read credit accounts, their limits and exposure.
    ReadAccounts, "accounts:read" => [Sales, Credit, Finance, Auditor, System];
    /// Suspend, reinstate, lower limits, change terms.
    ManageAccounts, "accounts:manage" => [Credit];
    /// Grant and withdraw additional limits.
    GrantAdditionalLimits, "additional-limits:grant" => [Credit, Finance];
    /// Say what exposure other systems know of.
    PostExposureEntries, "exposure-entries:post" => [Finance, System];
    /// Read portfolio caps, and what is owed under them.
    ReadPortfolioCaps, "portfolio-caps:read" => [Credit, Finance, Auditor];
    /// Set up, change and remove portfolio caps.
    SetPortfolioCaps, "portfolio-caps:set" => [Finance];
    /// Read the audit trail: auditors whole, others what the events tell that they may read.
    ReadTrail, "trail:read" => [Credit, Finance, Auditor, Admin];
    /// Read the chain over the audit trail, and its checkpoints.
    ReadProof, "trail:prove" => [Auditor];
    /// Read what has happened with a customer.
    ReadTimelines, "timelines:read" => [Sales, Credit, Finance, Auditor];
    /// Read the controls, and what their runs found.
    ReadControls, "controls:read" => [Credit, Finance, Auditor];
    /// Run the controls over a period.
    RunControls, "controls:run" => [Finance, Auditor];
    /// Sign off runs of the controls that others began.
    SignOffControls, "controls:sign-off" => [Auditor];
    /// Read who took which step of every case, and when.
    ReadProcessLogs, "process-logs:read" => [Credit, Finance, Auditor];
    /// Read what this version of the service can do.
    ReadMeta, "meta:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Sign how far the trail's chain has come.
    SignTrail, "trail:sign" => [Admin];
    /// Read credit policies.
    ReadPolicies, "policies:read" => [Sales, Credit, Finance, Auditor, Admin];
    /// Draft credit policies.
    DraftPolicies, "policies:draft" => [Credit, Finance, Admin];
    /// Compare two policies, and what their terms would cost and bring.
    ComparePolicies, "policies:compare" => [Credit, Finance, Auditor, Admin];
    /// Set credit policies live.
    ApprovePolicies, "policies:approve" => [Credit, Finance];
    /// Read catalogues.
    ReadCatalogues, "catalogues:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Draft catalogues.
    DraftCatalogues, "catalogues:draft" => [Credit, Finance, Admin];
    /// Set catalogues live.
    ApproveCatalogues, "catalogues:approve" => [Credit, Finance];
    /// Read change requests.
    ReadChangeRequests, "change-requests:read" => [Sales, Credit, Finance, Auditor];
    /// Propose changes, and withdraw what one proposed.
    ProposeChanges, "change-requests:propose" => [Sales, Credit, Finance];
    /// Approve and reject changes that others proposed.
    DecideChanges, "change-requests:decide" => [Credit, Finance];
    /// Read exchange rates, and which one would be used.
    ReadExchangeRates, "exchange-rates:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Set exchange rates.
    SetExchangeRates, "exchange-rates:set" => [Finance, Admin];
    /// Read payment terms and calendars.
    ReadPaymentTerms, "payment-terms:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Draft payment terms.
    DraftPaymentTerms, "payment-terms:draft" => [Credit, Finance, Admin];
    /// Set payment terms live.
    ApprovePaymentTerms, "payment-terms:approve" => [Credit, Finance];
    /// Read periods, and what was recorded in closed ones.
    ReadPeriods, "periods:read" => [Sales, Credit, Finance, Auditor, System];
    /// State how the general ledger has its periods.
    StatePeriods, "periods:state" => [Finance, System];
    /// Close periods.
    ClosePeriods, "periods:close" => [Finance];
    /// Say which days are worked.
    EditCalendars, "calendars:edit" => [Credit, Finance, System, Admin];
    /// Read financial statements of customers, what is said of them, and their indicators.
    ReadFacts, "facts:read" => [Sales, Credit, Finance, Auditor];
    /// Enter financial statements of customers, and say what is known of them.
    RecordFacts, "facts:record" => [Sales, Credit];
    /// Read the catalogue of indicators and the industry table.
    ReadIndicators, "indicators:read" => [Sales, Credit, Finance, Auditor, Admin];
    /// Set what is known of industries.
    SetIndustries, "industries:set" => [Credit];
    /// Read credit applications.
    ReadApplications, "applications:read" => [Sales, Credit, Finance, Auditor];
    /// Read what credit's assessments of applications looked at.
    ReadAssessments, "assessments:read" => [Credit, Finance, Auditor];
    /// Draft, submit, complete, withdraw and appeal credit applications.
    ApplyForCredit, "applications:apply" => [Sales];
    /// Review credit applications, ask for information and recommend.
    ReviewApplications, "applications:review" => [Credit];
    /// Approve and decline credit applications.
    DecideApplications, "applications:decide" => [Credit, Finance];
    /// Compute what an order, a discount or a year on terms costs and brings.
    SimulateTerms, "terms:simulate" => [Sales, Credit, Finance];
    /// Read grade scales.
    ReadScales, "grade-scales:read" => [Sales, Credit, Finance, Auditor, Admin];
    /// Read rating models, their templates, reports and charts.
    ReadModels, "rating-models:read" => [Credit, Finance, Auditor, Admin];
    /// Draft, fit, try and retire rating models; draft grade scales.
    DraftModels, "rating-models:draft" => [Credit, Admin];
    /// Approve rating models and set them and grade scales live.
    ApproveModels, "rating-models:approve" => [Credit, Finance];
    /// Read ratings and how they came about.
    ReadRatings, "ratings:read" => [Sales, Credit, Finance, Auditor];
    /// Look at the ratings of the whole book: migrations, previews, rankings.
    SurveyRatings, "ratings:survey" => [Credit, Finance, Auditor];
    /// Rate customers.
    RateCustomers, "ratings:rate" => [Credit];
    /// Override ratings.
    OverrideRatings, "ratings:override" => [Credit, Finance];
    /// Convene panels of experts, close their rounds and conclude them.
    ConvenePanels, "expert-panels:convene" => [Credit];
    /// Say what one thinks as an expert of a panel.
    GiveOpinions, "expert-panels:opine" => [Sales, Credit, Finance];
    /// Read panels of experts.
    ReadPanels, "expert-panels:read" => [Sales, Credit, Finance, Auditor];
    /// Know what one's own token permits.
    ReadMe, "me:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Check limits and reserve credit.
    CheckLimits, "limits:check" => [Sales, Credit, System];
    /// Read recorded limit checks, reservations and credit blocks.
    ReadChecks, "limits:read" => [Sales, Credit, Finance, Auditor, System];
    /// Release and extend reservations.
    ManageReservations, "reservations:manage" => [Sales, Credit, System];
    /// Capture reservations into invoices.
    CaptureReservations, "reservations:capture" => [Finance, System];
    /// Decide recorded limit checks again.
    ReplayChecks, "limits:replay" => [Credit, Finance, Auditor];
    /// Try a version of the credit policy on recorded limit checks.
    SimulatePolicies, "policies:simulate" => [Credit, Admin];
    /// Ask for the release of an order that waits for credit.
    RequestReleases, "credit-blocks:request" => [Sales];
    /// Release and reject credit blocks.
    DecideCreditBlocks, "credit-blocks:decide" => [Credit];
    /// Read invoices, credit notes, receipts and settlements.
    ReadReceivables, "receivables:read" => [Sales, Credit, Finance, Auditor, System];
    /// Post invoices and credit notes.
    PostInvoices, "invoices:post" => [Finance, System];
    /// Post and apply receipts, post credit notes, reverse documents.
    PostCash, "cash:post" => [Finance, System];
    /// Set off invoices, and give up small differences.
    SetOffInvoices, "invoices:set-off" => [Finance];
    /// Request refunds of what was paid too much.
    RequestRefunds, "refunds:request" => [Credit, Finance];
    /// Approve and reject refunds, and say that they were paid.
    DecideRefunds, "refunds:decide" => [Finance];
    /// Reverse wrong invoices, credit notes and receipts.
    ReverseDocuments, "documents:reverse" => [Finance];
    /// Read deadlines.
    ReadDeadlines, "deadlines:read" => [Sales, Credit, Finance, Auditor];
    /// Add deadlines, and say what became of them.
    ManageDeadlines, "deadlines:manage" => [Sales, Credit, Finance];
    /// Read instruments that customers paid with.
    ReadInstruments, "instruments:read" => [Sales, Credit, Finance, Auditor, System];
    /// Receive instruments, and say what becomes of them.
    ManageInstruments, "instruments:manage" => [Finance];
    /// Read agreements with factors, and what is sold and pledged under them.
    ReadFactoring, "factoring:read" => [Credit, Finance, Auditor];
    /// Make and end agreements with factors; propose sales and pledges, approve those of others, take invoices back.
    ManageFactoring, "factoring:manage" => [Finance];
    /// Read bank accounts, statements, entries, payers' accounts and remittance advices.
    ReadBank, "bank:read" => [Credit, Finance, Auditor];
    /// Set up and change the organisation's own bank accounts.
    SetBankAccounts, "bank-accounts:set" => [Finance];
    /// Send bank statements, and have what waits matched again.
    SendStatements, "bank-statements:send" => [Finance, System];
    /// Say whose money bank entries are; forget payers' accounts.
    AssignCash, "bank-entries:assign" => [Finance];
    /// Post and withdraw remittance advices.
    PostAdvices, "remittance-advices:post" => [Credit, Finance, System];
    /// Read reports over the whole book.
    ReadReports, "reports:read" => [Sales, Credit, Finance, Auditor];
    /// Read charges for paying late, and what was agreed about them.
    ReadCharges, "charges:read" => [Sales, Credit, Finance, Auditor];
    /// Accrue charges, and compute interest without effect.
    AccrueCharges, "charges:accrue" => [Credit, Finance];
    /// Record fees, claim charges and cancel those that were recorded by mistake.
    ClaimCharges, "charges:claim" => [Finance];
    /// Say what was agreed with customers about paying late.
    AgreeLateInterest, "late-interest:agree" => [Credit];
    /// Read dunning procedures, runs, notices, stages and blocks.
    ReadDunning, "dunning:read" => [Sales, Credit, Finance, Auditor];
    /// Change dunning procedures; preview, issue and cancel runs; block and unblock.
    RunDunning, "dunning:run" => [Credit];
    /// Approve dunning runs.
    ApproveDunning, "dunning:approve" => [Credit, Finance];
    /// Decide whether a dunning case goes to an agency, to court or to be written off.
    EscalateDunning, "dunning:escalate" => [Finance];
    /// Read what is sent to customers, and what became of it.
    ReadMessages, "messages:read" => [Sales, Credit, Finance, Auditor];
    /// Say that letters were posted; cancel what waits, and have tried again what failed.
    SendMessages, "messages:send" => [Credit, Finance];
    /// Say that something arrived, or came back.
    ReportDeliveries, "messages:report" => [Credit, System];
    /// Upload files of customers, accounts, invoices, receipts and exchange rates.
    ImportFiles, "imports:run" => [Credit, Finance, System, Admin];
    /// Read events: of each type those may who may read what it tells.
    ReadEvents, "events:read" => [Sales, Credit, Finance, Auditor, System, Admin];
    /// Read webhook endpoints and what was delivered to them.
    ReadWebhooks, "webhooks:read" => [Auditor, Admin];
    /// Set up, change, try and remove webhook endpoints.
    ManageWebhooks, "webhooks:manage" => [Admin];
    /// Read what began here and another ledger has to follow.
    ReadPostings, "postings:read" => [Sales, Credit, Finance, Auditor, System];
    /// Say that another ledger has followed.
    AcknowledgePostings, "postings:acknowledge" => [Finance, System];
    /// Read the keys by which systems sign in: what they may, and when they were used.
    ReadApiKeys, "api-keys:read" => [Auditor, Admin];
    /// Make, rotate and revoke keys by which systems sign in.
    ManageApiKeys, "api-keys:manage" => [Admin];
    /// Read which tokens count no more.
    ReadRevocations, "token-revocations:read" => [Auditor, Admin];
    /// Say which tokens count no more.
    RevokeTokens, "token-revocations:manage" => [Admin];
    /// Take tables away as files: each those who may read what it holds.
    ExportTables, "exports:run" => [Credit, Finance, Auditor, Admin];
    /// Read and cancel background jobs.
    ReadJobs, "jobs:read" => [Sales, Credit, Finance, Auditor, System, Admin];
}

/// How many requests the caller may make each second, where that is its own: left in a request by the middleware.
#[derive(Debug, Clone, Copy)]
pub struct OwnRate(pub Option<u32>);

/// Permissions by which somebody judges what another did or proposed: a second person's. No API key has one, whatever its
/// role, because whoever makes keys would be both persons.
pub const SECOND_PERSON: &[&str] = &[
    SignOffControls::NAME,
    ApprovePolicies::NAME,
    ApproveCatalogues::NAME,
    DecideChanges::NAME,
    ApprovePaymentTerms::NAME,
    DecideApplications::NAME,
    ApproveModels::NAME,
    OverrideRatings::NAME,
    DecideCreditBlocks::NAME,
    DecideRefunds::NAME,
    ApproveDunning::NAME,
];

/// The guard: the caller, proved to hold one of `P`'s roles. Every handler's first parameter.
#[derive(Debug)]
pub struct Actor<P> {
    caller: Arc<Caller>,
    permission: PhantomData<P>,
}

impl<P> Actor<P> {
    /// The caller, for work that goes on without the handler.
    pub fn caller(&self) -> Arc<Caller> {
        Arc::clone(&self.caller)
    }
}

impl<P> std::ops::Deref for Actor<P> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<P: Permission> FromRequest for Actor<P> {
    type Error = Problem;
    type Future = Ready<Result<Actor<P>, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(permitted::<P>(request))
    }
}

/// Whether the caller has one of the permission's roles, is not held to other permissions, and is no key where a second
/// person is asked for.
fn permits<P: Permission>(caller: &Caller) -> bool {
    let is_kept_from = caller.issuer == API_KEY_ISSUER && SECOND_PERSON.contains(&P::NAME);
    caller.has_any(P::ROLES) && caller.has_scope(P::NAME) && !is_kept_from
}

fn permitted<P: Permission>(request: &HttpRequest) -> Result<Actor<P>, Problem> {
    let verified = request.extensions().get::<Verified>().cloned();
    match verified {
        Some(Verified(Ok(caller))) if permits::<P>(&caller) => Ok(Actor {
            caller: within(caller, P::ROLES),
            permission: PhantomData,
        }),
        Some(Verified(Ok(caller))) => {
            tracing::warn!(subject = %caller.subject, permission = P::NAME, "authorisation denied");
            if caller.has_any(P::ROLES) {
                return Err(Problem::new(Code::OutOfScope).with("scope", P::NAME));
            }
            Err(Problem::new(Code::Forbidden).with_list("roles", P::ROLES))
        }
        Some(Verified(Err(refusal))) => {
            tracing::warn!(reason = refusal.reason, "authentication failed");
            Err(Problem::new(refusal.code))
        }
        None => Err(Problem::new(Code::TokenMissing)),
    }
}

/// The roles that read the whole book whatever the operation: they widen nobody's sight beyond what they see by themselves.
const READ_ALL: &[Role] = &[Role::Credit, Role::Finance, Role::Auditor];

/// The caller with those of its roles alone that the operation takes, or that read the whole book anyway. What somebody
/// may see and do with several roles is what each of them may, put together: a role that may neither do this nor read all
/// adds nothing.
fn within(caller: Arc<Caller>, taken: &[Role]) -> Arc<Caller> {
    let counts = |role: &Role| taken.contains(role) || READ_ALL.contains(role);
    if caller.roles.iter().all(counts) {
        return caller;
    }
    let held = caller.roles.iter().copied();
    Arc::new(Caller {
        roles: held.filter(counts).collect(),
        ..Caller::clone(&caller)
    })
}

/// What the middleware found out about the request's token.
#[derive(Debug, Clone)]
pub struct Verified(pub Result<Arc<Caller>, Refusal>);

/// Why a token was refused: the code for the caller, and the reason for the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    reason: &'static str,
}

impl Refusal {
    /// There is no token to look at.
    pub const fn missing(reason: &'static str) -> Refusal {
        let code = Code::TokenMissing;
        Refusal { code, reason }
    }

    /// The token was good once.
    pub const fn expired() -> Refusal {
        Refusal {
            code: Code::TokenExpired,
            reason: "expired",
        }
    }

    /// The service that issues the token has not said with which keys it signs.
    pub const fn issuer_unavailable() -> Refusal {
        Refusal {
            code: Code::IssuerUnavailable,
            reason: "the issuer's keys are not known",
        }
    }

    /// The database that knows the key can't be asked.
    pub const fn database_unavailable() -> Refusal {
        Refusal {
            code: Code::DatabaseUnavailable,
            reason: "the database can't be asked for the key",
        }
    }

    /// The token is none of ours, or says what none may say.
    pub const fn invalid(reason: &'static str) -> Refusal {
        let code = Code::TokenInvalid;
        Refusal { code, reason }
    }
}

/// What the subject of an API key begins with: no token may speak for one.
pub const API_KEY_PREFIX: &str = "api-key:";

/// The issuer of all API keys.
pub const API_KEY_ISSUER: &str = "netterms-api-keys";

/// Whether a subject is one under which netterms itself works, or an API key: no token may speak for it.
pub fn is_of_the_house(subject: &Subject) -> bool {
    let name = subject.as_str();
    name == HOUSE
        || name.starts_with(API_KEY_PREFIX)
        || name
            .strip_prefix(HOUSE)
            .is_some_and(|rest| rest.starts_with('-'))
}

/// The subject of what netterms does by itself; its parts add a hyphen and their name.
pub const HOUSE: &str = "netterms";

/// The caller for work that no request began: the sweepers, the demo, the command line.
pub fn internal_caller(name: &str, roles: &[Role]) -> Result<Caller, Problem> {
    Ok(Caller {
        subject: name.parse().map_err(Problem::internal)?,
        issuer: "netterms".to_owned(),
        client_id: "netterms".to_owned(),
        roles: roles.to_vec(),
        scopes: None,
        authority_level: None,
        request_id: uuid::Uuid::now_v7().simple().to_string(),
    })
}
