//! Problems: every answer that is no answer, as RFC 9457 has it, from one table of codes.
//!
//! A [`Problem`] carries a code and facts, never a finished text: the outermost middleware writes it in the caller's
//! language, the messages of its errors by the catalogue ([`super::messages`]), its title and its page by
//! [`super::guide`]. What went wrong inside is logged, and never part of it.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::messages::{filled, told};
use crate::platform::db::{DbError, Retryable};
use kernel::places::Language;

macro_rules! codes {
    ($($variant:ident, $code:literal, $status:literal, $title:literal, $en:literal, $zh:literal;)*) => {
        /// What a problem is: a stable code with its status, its title, and its text in each language.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[serde(rename = $code)] $variant,)*
        }

        impl Code {
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status,)* }
            }

            /// A short summary in English.
            pub(super) const fn english_title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// The sentence about one case of it, with its facts in braces.
            pub(super) const fn template(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Code::$variant, Language::English) => $en, (Code::$variant, Language::Chinese) => $zh,)*
                }
            }
        }
    };
}

codes! {
    MalformedBody, "malformed_body", 400, "Malformed body",
        "The body is not what this operation takes; errors says where.", "请求正文不符合本接口的要求，详见 errors。";
    MalformedRequest, "malformed_request", 400, "No HTTP request",
        "What was sent can't be read as a request of HTTP/1.1.", "所发送的内容不是有效的 HTTP/1.1 请求。";
    HeadersTooLarge, "headers_too_large", 431, "The headers are too large",
        "The request line and headers are longer than this service takes.", "请求行与请求头超过本服务的上限。";
    MalformedParameter, "malformed_parameter", 400, "Malformed parameter",
        "A parameter is unknown, repeated or malformed; errors says which.", "参数未知、重复或格式错误，详见 errors。";
    InvalidCursor, "invalid_cursor", 422, "Invalid cursor",
        "The cursor was not given out for this list with this filter and sort; begin again without one.", "游标与本列表的筛选或排序不符，请不带游标重新开始。";
    IdempotencyKeyMissing, "idempotency_key_missing", 400, "Idempotency-Key is missing",
        "This operation moves money, capacity or approval: send an Idempotency-Key of 1 to 255 visible ASCII characters, new for each intent and the same for its retries.", "本操作涉及资金、额度或审批，请提供 1 至 255 个可见 ASCII 字符的 Idempotency-Key，每个意图一个，重试时不变。";
    IdempotencyKeyMalformed, "idempotency_key_malformed", 400, "Idempotency-Key is malformed",
        "An Idempotency-Key has 1 to 255 visible ASCII characters, in double quotes or bare.", "Idempotency-Key 应为 1 至 255 个可见 ASCII 字符，可带双引号。";
    TokenMissing, "token_missing", 401, "The token is missing",
        "Send a bearer token in the Authorization header, once.", "请在 Authorization 请求头中提供一个 Bearer 令牌。";
    TokenExpired, "token_expired", 401, "The token has expired",
        "The token is no longer valid; fetch a new one.", "令牌已过期，请获取新的令牌。";
    TokenInvalid, "token_invalid", 401, "The token is not valid",
        "The token is none that this service accepts: its form, signature, issuer, audience or claims are wrong.", "本服务不接受该令牌：其格式、签名、签发者、受众或声明有误。";
    Forbidden, "forbidden", 403, "Not permitted",
        "None of your roles permits this; it takes one of: {roles}.", "您的角色无权执行此操作，需要以下角色之一：{roles}。";
    OutOfScope, "out_of_scope", 403, "Not in the scope of the key",
        "The API key is not made for this; it takes the scope {scope}.", "该 API 密钥未被授予此权限，需要范围 {scope}。";
    SegregationOfDuties, "segregation_of_duties", 403, "Another person must do this",
        "You have taken another part in this already ({duty}); another person must do this step.", "您已参与其中另一职责（{duty}），本步骤须由他人完成。";
    OverAuthority, "over_authority", 403, "Above your authority",
        "{amount} is above your approval authority; it takes {needed}.", "{amount} 超出您的审批权限，需要 {needed}。";
    ExceptionAuthority, "exception_authority", 403, "Above your authority for exceptions",
        "You may not approve an exception of the kind {kind}; it takes {needed}.", "您无权审批 {kind} 类例外，需要 {needed}。";
    NotFound, "not_found", 404, "Not found",
        "There is no such {thing}, or you may not see it.", "不存在该{thing}，或您无权查看。";
    UnknownRoute, "unknown_route", 404, "No such route",
        "Nothing is served at this path; /docs lists what is.", "该路径不存在，可用接口见 /docs。";
    MethodNotAllowed, "method_not_allowed", 405, "Method not allowed",
        "This path does not take this method; the Allow header lists those that it does.", "该路径不支持此方法，支持的方法见 Allow 响应头。";
    RequestTimeout, "request_timeout", 408, "The request came too slowly",
        "The body did not arrive in time.", "请求正文未能及时到达。";
    StateConflict, "state_conflict", 409, "Not possible in this state",
        "The {thing} is {status}; from there it can be: {allowed}.", "该{thing}状态为 {status}，可执行：{allowed}。";
    NoSigningKey, "no_signing_key", 409, "Nobody signs",
        "The server has no signing key: set NETTERMS_SIGNING_KEY_FILE or NETTERMS_SIGNING_COMMAND.", "服务器没有签名密钥：请设置 NETTERMS_SIGNING_KEY_FILE 或 NETTERMS_SIGNING_COMMAND。";
    SigningFailed, "signing_failed", 503, "The checkpoint was not signed",
        "Whoever keeps the signing key gave no signature.", "签名密钥的保管方未给出签名。";
    DuplicateNumber, "duplicate_number", 409, "The number is taken",
        "The number {number} is taken by another {thing}.", "编号 {number} 已被另一{thing}使用。";
    AmbiguousNumber, "ambiguous_number", 409, "The number stands more than once",
        "Documents of several legal entities have the number {number}; name yours by its id, or give legal_entity where it can be given.", "多个法人实体的单据使用编号 {number}；请使用单据 id，或在可用处指定 legal_entity。";
    RequestInProgress, "request_in_progress", 409, "The request is still in progress",
        "A request with this Idempotency-Key is still being worked on; ask again in a moment.", "使用该 Idempotency-Key 的请求仍在处理中，请稍后再试。";
    ReservationExists, "reservation_exists", 409, "The order has a reservation",
        "Order {order_number} has the open reservation {existing_id}; amend that one, or release it first.", "订单 {order_number} 已有未结占用 {existing_id}，请变更或先释放该占用。";
    CreditBlockExists, "credit_block_exists", 409, "The order waits for credit",
        "Order {order_number} has the open credit block {existing_id}; it must be decided first.", "订单 {order_number} 已有待处理的信用冻结 {existing_id}，须先处理。";
    DraftExists, "draft_exists", 409, "There is one already",
        "There is already an open {thing}: {existing_id}.", "已存在未结的{thing}：{existing_id}。";
    CountedTwice, "counted_twice", 409, "It would count twice",
        "The number {number} counts as exposure already, from another source: {source}.", "编号 {number} 已由另一来源计入敞口：{source}。";
    OtherSource, "other_source", 409, "Another source tells of this",
        "The policy takes this category from one source alone: {source}.", "政策规定该类别只取自一个来源：{source}。";
    Stale, "stale", 412, "Changed meanwhile",
        "It was changed since you read it; read it again and decide anew.", "数据在您读取后已被更改，请重新读取后再操作。";
    PayloadTooLarge, "payload_too_large", 413, "Payload too large",
        "The body is larger than {limit} bytes.", "请求正文超过 {limit} 字节。";
    UnsupportedMediaType, "unsupported_media_type", 415, "Unsupported media type",
        "Send {expected} in UTF-8 without content coding.", "请使用 UTF-8 编码的 {expected}，不使用内容编码。";
    IdempotencyKeyReused, "idempotency_key_reused", 422, "Idempotency-Key is already used",
        "This Idempotency-Key was used for another request; take a new one.", "该 Idempotency-Key 已用于其他请求，请使用新的键。";
    Invalid, "invalid", 422, "Refused by the rules",
        "The request is well-formed, but the rules refuse it; errors says why.", "请求格式正确，但不符合业务规则，详见 errors。";
    SumTooLarge, "sum_too_large", 422, "The sum is too large",
        "The amounts add up to more than can be kept or told; nothing was cut, and nothing was changed.", "金额合计超出可记录或可显示的范围；未作截断，亦未作任何更改。";
    CurrencyMismatch, "currency_mismatch", 422, "Another currency",
        "The amount is in {given}, the account in {expected}.", "金额币种为 {given}，账户币种为 {expected}。";
    EntityMismatch, "entity_mismatch", 422, "Another legal entity",
        "The money and what it is to settle are of different legal entities; take a document of the same one.", "款项与待核销单据属于不同的法人实体，请选择同一法人实体的单据。";
    PeriodClosed, "period_closed", 422, "The period is closed",
        "The period {period} is closed for {day}; the first open day is {first_open}.", "{day} 所属的期间 {period} 已关账；首个可入账日为 {first_open}。";
    NoExchangeRate, "no_exchange_rate", 422, "No exchange rate",
        "No exchange rate leads from {from} to {to} on {on}: set one of these two currencies, or one of each with a common third, of that day or earlier.", "{on} 没有从 {from} 到 {to} 的汇率：请录入该日或更早的两币种间汇率，或两者各自对同一第三币种的汇率。";
    ReservationExceeded, "reservation_exceeded", 422, "More than was reserved",
        "{amount} is more than what the reservation has left, {remaining}, with the policy's tolerance.", "{amount} 超出占用剩余 {remaining} 及政策容差。";
    OverApplied, "over_applied", 422, "More than is open",
        "{amount} is more than {available}, which is what is left.", "{amount} 超出可用余额 {available}。";
    PreconditionRequired, "precondition_required", 428, "If-Match is missing",
        "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen.", "请在 If-Match 中提供您读取时的 ETag，以免覆盖他人的更改。";
    TooManyUploads, "too_many_uploads", 429, "Too many uploads at once",
        "You have {limit} uploads on their way, which is as many as one may have; let one end first.", "您已有 {limit} 个上传正在进行，已达上限，请等其中一个结束。";
    RateLimited, "rate_limited", 429, "Too many requests",
        "You ask more often than the operator allows; go on after the time in Retry-After.", "请求过于频繁，请按 Retry-After 稍后再试。";
    IssuerUnavailable, "issuer_unavailable", 503, "The issuer of the token can't be asked",
        "The service that issued the token has not said with which keys it signs; try again after the time in Retry-After.", "令牌签发方的密钥暂不可得，请按 Retry-After 稍后再试。";
    InternalError, "internal_error", 500, "Internal error",
        "Something went wrong on our side; tell the operator the request_id.", "服务内部错误，请将 request_id 告知运维人员。";
    Overloaded, "overloaded", 503, "Overloaded",
        "There is more work than can be done at the moment; try again after the time in Retry-After.", "当前负载过高，请按 Retry-After 稍后再试。";
    DatabaseUnavailable, "database_unavailable", 503, "The database is unavailable",
        "The database can't be reached or is busy; try again after the time in Retry-After.", "数据库暂不可用，请按 Retry-After 稍后再试。";
}

/// What [`Code::StateConflict`] says when nothing is allowed any more.
const ENDED: &str = "The {thing} is {status}; nothing more can be done with it.";
const ENDED_CHINESE: &str = "该{thing}状态为 {status}，不能再执行任何操作。";

/// The longest pointer, message and detail that an answer has, as the contract says: the rest is cut.
const POINTER_MAX: usize = 500;
const MESSAGE_MAX: usize = 1000;
const DETAIL_MAX: usize = 4000;
/// How many errors an answer lists at most.
const ERRORS_MAX: usize = 1000;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer into the body, or `#<name>` for a parameter or header.
    #[schema(max_length = 500, example = "/amount/amount")]
    pub pointer: String,
    /// What is wrong, as a stable code.
    #[schema(max_length = 64, example = "malformed")]
    pub code: String,
    /// What is wrong, in the caller's language.
    #[schema(max_length = 1000, example = "must not be negative")]
    pub message: String,
}

/// A [`FieldError`] before it is told: the message in English, by which the catalogue finds the Chinese one, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Complaint {
    pointer: String,
    code: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chinese: Option<String>,
}

impl Complaint {
    fn told(&self, language: Language) -> FieldError {
        let message = match (language, &self.chinese) {
            (Language::Chinese, Some(chinese)) => chinese.into(),
            _ => told(&self.message, language),
        };
        FieldError {
            pointer: cut(&self.pointer, POINTER_MAX),
            code: self.code.clone(),
            message: cut(&message, MESSAGE_MAX),
        }
    }
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

/// A request that could not be processed, and why.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    code: Code,
    facts: Map<String, Value>,
    errors: Vec<Complaint>,
    /// Seconds after which the caller may try again.
    retry_after: Option<u32>,
    /// The unit of work met another, and may be run again at once.
    #[serde(skip)]
    retryable: bool,
}

impl Problem {
    pub fn new(code: Code) -> Problem {
        Problem {
            code,
            facts: Map::new(),
            errors: Vec::new(),
            retry_after: matches!(code.status(), 503).then_some(1),
            retryable: false,
        }
    }

    /// Adds a fact: it fills `{name}` in the text and is a member of the answer.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Problem {
        self.facts
            .insert(name.to_owned(), Value::String(value.to_string()));
        self
    }

    /// Adds a list as a fact, such as the transitions that are allowed.
    #[must_use]
    pub fn with_list(
        mut self,
        name: &str,
        values: impl IntoIterator<Item = impl ToString>,
    ) -> Problem {
        let values: Vec<Value> = values
            .into_iter()
            .map(|value| Value::String(value.to_string()))
            .collect();
        self.facts.insert(name.to_owned(), Value::Array(values));
        self
    }

    /// Points at what is wrong. The message is English and has its twin in the catalogue (`messages/zh-CN.txt`).
    #[must_use]
    pub fn at(mut self, pointer: impl ToString, code: &str, message: impl ToString) -> Problem {
        self.errors.push(Complaint {
            pointer: pointer.to_string(),
            code: code.to_owned(),
            message: message.to_string(),
            chinese: None,
        });
        self
    }

    /// Points at what is wrong, with a text that knows its languages itself.
    #[must_use]
    pub fn at_told(
        mut self,
        pointer: impl ToString,
        code: &str,
        message: impl Fn(Language) -> String,
    ) -> Problem {
        self.errors.push(Complaint {
            pointer: pointer.to_string(),
            code: code.to_owned(),
            message: message(Language::English),
            chinese: Some(message(Language::Chinese)),
        });
        self
    }

    /// The same problem of one item in a body of many: `prefix` leads to the item, and every problem points somewhere.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Problem {
        for error in &mut self.errors {
            error.pointer.insert_str(0, prefix);
        }
        if self.errors.is_empty() {
            let (code, told) = (self.code.as_str(), self.clone());
            return self.at_told(prefix, code, |language| told.detail(language));
        }
        self
    }

    /// This problem and what is wrong in another, such as another item of a body of many.
    #[must_use]
    pub fn and(mut self, other: Problem) -> Problem {
        self.errors.extend(other.errors);
        self
    }

    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    pub const fn code(&self) -> Code {
        self.code
    }

    /// Nothing is there under this id or number, or the caller may not see it: both look the same from outside.
    pub fn not_found(thing: &str) -> Problem {
        Problem::new(Code::NotFound).with("thing", thing)
    }

    /// The same of what a body names at `pointer`.
    pub fn not_found_at(pointer: impl ToString, thing: &str) -> Problem {
        let (code, message) = (
            format!("unknown_{thing}"),
            format!("there is no such {thing}"),
        );
        Problem::not_found(thing).at(pointer, &code, message)
    }

    /// The rules refuse what a field says.
    pub fn invalid(pointer: impl ToString, code: &str, message: impl ToString) -> Problem {
        Problem::new(Code::Invalid).at(pointer, code, message)
    }

    /// The thing's state does not allow this; `allowed` is what it does allow.
    pub fn state(
        thing: &str,
        status: impl ToString,
        allowed: impl IntoIterator<Item = impl ToString>,
    ) -> Problem {
        Problem::new(Code::StateConflict)
            .with("thing", thing)
            .with("status", status)
            .with_list("allowed", allowed)
    }

    /// The thing has ended: nothing more can be done with it.
    pub fn ended(thing: &str, status: impl ToString) -> Problem {
        Problem::state(thing, status, std::iter::empty::<&str>())
    }

    /// Something failed inside: the error goes to the log, the caller learns nothing of it.
    pub fn internal(error: impl fmt::Display) -> Problem {
        tracing::error!(error = %error, "internal error");
        Problem::new(Code::InternalError)
    }

    /// Whether a keyed request keeps this as its answer: a business refusal is as final as a success.
    pub const fn is_business_refusal(&self) -> bool {
        matches!(self.code.status(), 409 | 422)
    }

    /// After how many seconds the caller may try again.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after
    }

    /// A fact as text, a list separated by commas.
    pub fn fact_text(&self, name: &str) -> Option<String> {
        match self.facts.get(name)? {
            Value::Array(values) => Some(
                values
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
            ),
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The text for a person, with the facts filled in, words among them in the person's language.
    pub fn detail(&self, language: Language) -> String {
        let facts: BTreeMap<&str, String> = self
            .facts
            .keys()
            .filter_map(|name| {
                let text = self.fact_text(name)?;
                Some((name.as_str(), told(&text, language).into_owned()))
            })
            .collect();
        let ends_here =
            self.code == Code::StateConflict && facts.get("allowed").is_none_or(String::is_empty);
        let template = match (ends_here, language) {
            (true, Language::English) => ENDED,
            (true, Language::Chinese) => ENDED_CHINESE,
            (false, _) => self.code.template(language),
        };
        let text = filled(template, |name| facts.get(name).map(String::as_str));
        cut(&text, DETAIL_MAX)
    }

    /// What is wrong, field by field, in a language; the problem itself where it points nowhere.
    pub fn told(&self, language: Language) -> Vec<FieldError> {
        let problem = if self.errors.is_empty() {
            &self.clone().below("")
        } else {
            self
        };
        let errors = problem.errors.iter().take(ERRORS_MAX);
        errors.map(|error| error.told(language)).collect()
    }

    /// The body of the answer.
    pub fn body(&self, language: Language, instance: &str, request_id: &str) -> Value {
        let errors: Vec<FieldError> = self
            .errors
            .iter()
            .take(ERRORS_MAX)
            .map(|error| error.told(language))
            .collect();
        let mut body = json!({
            "type": format!("/problems/{}", self.code.as_str()),
            "title": self.code.title(language),
            "status": self.code.status(),
            "detail": self.detail(language),
            "instance": instance,
            "code": self.code.as_str(),
            "errors": errors,
            "request_id": request_id,
        });
        if let Some(members) = body.as_object_mut() {
            for (name, value) in &self.facts {
                members.entry(name).or_insert_with(|| value.clone());
            }
        }
        body
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail(Language::English))?;
        for error in &self.errors {
            write!(f, " {}: {}", error.pointer, error.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The outermost middleware knows the caller's language and the request's id, and writes the body.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl Retryable for Problem {
    fn is_retryable(&self) -> bool {
        self.retryable
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Problem {
        match error {
            DbError::Unavailable(reason) => {
                tracing::warn!(reason, "the database is unavailable");
                Problem::new(Code::DatabaseUnavailable)
            }
            DbError::Locked(reason) => {
                tracing::warn!(reason, "somebody else holds a lock for too long");
                Problem::new(Code::DatabaseUnavailable)
            }
            DbError::Serialization(reason) => {
                tracing::info!(reason, "a unit of work met another");
                Problem {
                    retryable: true,
                    ..Problem::new(Code::Overloaded)
                }
            }
            DbError::TooLarge(_) => Problem::new(Code::SumTooLarge),
            DbError::Ambiguous { number } => {
                Problem::new(Code::AmbiguousNumber).with("number", number)
            }
            DbError::Duplicate { .. } | DbError::Document(_) | DbError::Query(_) => {
                Problem::internal(error)
            }
        }
    }
}

/// The body of every answer that is no answer (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/not_found", "title": "Not found", "status": 404,
    "detail": "There is no such customer, or you may not see it.", "instance": "/v1/customers/C-9",
    "code": "not_found", "errors": [], "request_id": "01k5q0x3", "thing": "customer",
}))]
pub struct ProblemOut {
    /// A page that explains the code.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", max_length = 200)]
    kind: String,
    /// A short summary, in the language of Accept-Language.
    #[schema(max_length = 200)]
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong this time, in the language of Accept-Language.
    #[schema(max_length = 4000)]
    detail: String,
    /// The path that was asked for.
    #[schema(format = "uri-reference", max_length = 4000)]
    instance: String,
    /// The stable code to program against.
    #[schema(max_length = 64)]
    code: String,
    /// What is wrong, field by field.
    #[schema(max_items = 1000)]
    errors: Vec<FieldError>,
    /// Names this request in our logs.
    #[schema(max_length = 128)]
    request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_both_texts_with_the_same_facts() {
        let facts = |text: &str| -> Vec<String> {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split('}').next().map(str::to_owned))
                .collect();
            names.sort();
            names
        };
        for code in Code::ALL {
            let (en, zh) = (
                code.template(Language::English),
                code.template(Language::Chinese),
            );
            assert!(!en.is_empty() && !zh.is_empty());
            assert_eq!(facts(en), facts(zh), "{code:?}");
        }
    }

    #[test]
    fn facts_fill_the_text_and_are_members() {
        let problem = Problem::state("application", "draft", ["submit", "withdraw"]);
        assert_eq!(
            problem.detail(Language::English),
            "The application is draft; from there it can be: submit, withdraw."
        );
        let body = problem.body(Language::English, "/v1/x", "r");
        assert_eq!(body["allowed"], json!(["submit", "withdraw"]));
    }
}
