//! Lists: typed filters, one page at a time, with cursors that can't be forged or used for another list.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError as _, web};
use aws_lc_rs::{aead, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::{IntoParams, ToSchema};

use super::body::fingerprint;
use super::forms::{self, Form};
use super::problem::{Code, Problem};
use super::reading::what_is_malformed_in_form;
use crate::platform::db::DbError;

/// How many items a page has when the caller doesn't say.
const LIMIT_DEFAULT: i64 = 50;
/// How many items a page has at most.
const LIMIT_MAX: i64 = 200;
/// The header that has the next page's cursor where the body can't.
const NEXT_CURSOR: &str = "Next-Cursor";
/// Of a log that is no JSON: whether there is more to be read at once. There is a cursor either way.
const HAS_MORE: &str = "Has-More";
/// How often one parameter may be repeated.
pub const REPETITIONS_MAX: usize = 100;

/// Seals cursors, so that a caller can use only those that it was given, and learns nothing from them.
pub struct CursorKey {
    sealing: aead::LessSafeKey,
    /// The nonce is a hash of what is sealed: the same page has the same cursor, and no two texts share a nonce.
    naming: hmac::Key,
}

impl CursorKey {
    /// Keys that every replica with the same secret shares.
    ///
    /// # Errors
    /// When the library refuses the key.
    pub fn derive(secret: &[u8]) -> Result<CursorKey, Problem> {
        let base = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let sealing = hmac::sign(&base, b"netterms cursor sealing");
        let naming = hmac::sign(&base, b"netterms cursor naming");
        let sealing = aead::UnboundKey::new(&aead::AES_256_GCM, sealing.as_ref())
            .map_err(|_| Problem::internal("no key to seal cursors with"))?;
        Ok(CursorKey {
            sealing: aead::LessSafeKey::new(sealing),
            naming: hmac::Key::new(hmac::HMAC_SHA256, naming.as_ref()),
        })
    }

    /// Seals a text; none when the library refuses.
    pub fn seal(&self, text: &str) -> Option<String> {
        let hash = hmac::sign(&self.naming, text.as_bytes());
        let nonce: [u8; aead::NONCE_LEN] = hash.as_ref().get(..aead::NONCE_LEN)?.try_into().ok()?;
        let mut sealed = text.as_bytes().to_vec();
        self.sealing
            .seal_in_place_append_tag(
                aead::Nonce::assume_unique_for_key(nonce),
                aead::Aad::empty(),
                &mut sealed,
            )
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat()))
    }

    /// Opens what was sealed with the same secret; none when it is nothing of ours.
    pub fn open(&self, cursor: &str) -> Option<String> {
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = self
            .sealing
            .open_in_place(nonce, aead::Aad::empty(), sealed)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Where a page begins, sealed into a cursor: the last row's sort key and id, and the list that they belong to.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Position {
    list: String,
    key: String,
    id: String,
}

/// Which page is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    limit: i64,
    after: Option<Position>,
    list: String,
}

impl PageRequest {
    /// Reads one page: `position` tells a row's sort key and id, `load` brings as many rows after a position as it
    /// is told: one more than the page has, which says whether there is another page.
    ///
    /// # Errors
    /// When the cursor doesn't fit this list, or when the database fails.
    pub fn read<T, K, I, E>(
        &self,
        position: impl Fn(&T) -> (&K, &I),
        load: impl FnOnce(Option<(K, I)>, i64) -> Result<Vec<T>, E>,
    ) -> Result<Page<T>, Problem>
    where
        K: FromStr + Display,
        I: FromStr + Display,
        DbError: From<E>,
    {
        let mut items = load(self.after()?, self.limit + 1).map_err(DbError::from)?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let position = items.last().filter(|_| more).map(|row| {
            let (key, id) = position(row);
            Position {
                list: self.list.clone(),
                key: key.to_string(),
                id: id.to_string(),
            }
        });
        Ok(Page { items, position })
    }

    fn after<K: FromStr, I: FromStr>(&self) -> Result<Option<(K, I)>, Problem> {
        let invalid = || Problem::new(Code::InvalidCursor);
        self.after
            .as_ref()
            .map(|position| {
                let key = position.key.parse().map_err(|_| invalid())?;
                let id = position.id.parse().map_err(|_| invalid())?;
                Ok((key, id))
            })
            .transpose()
    }
}

impl PageRequest {
    /// How many items the page has at most.
    pub fn limit(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// The place in a log after which a page of it begins; none for the first page.
    ///
    /// # Errors
    /// When the cursor doesn't fit this list.
    pub fn place<P: FromStr>(&self) -> Result<Option<P>, Problem> {
        let place = self.after::<P, String>()?;
        Ok(place.map(|(place, _)| place))
    }

    /// A page of a log that was read up to a place.
    pub fn of_log<T>(&self, items: Vec<T>, reached: impl Display, has_more: bool) -> LogPage<T> {
        LogPage {
            items,
            has_more,
            position: Position {
                list: self.list.clone(),
                key: reached.to_string(),
                id: "log".to_owned(),
            },
        }
    }
}

/// One page of a log, which grows: there is always a place to read on from.
pub struct LogPage<T> {
    items: Vec<T>,
    has_more: bool,
    position: Position,
}

impl<T: Serialize> LogPage<T> {
    /// Writes the page out, with the cursor of the next one.
    ///
    /// # Errors
    /// When the cursor can't be sealed.
    pub fn into_response(
        self,
        request: &HttpRequest,
        key: &CursorKey,
    ) -> Result<HttpResponse, Problem> {
        let text = serde_json::to_string(&self.position).map_err(Problem::internal)?;
        let next_cursor = key
            .seal(&text)
            .ok_or_else(|| Problem::internal("a cursor can't be sealed"))?;
        let mut response = HttpResponse::Ok();
        match forms::settled(request) {
            Form::Json => Ok(response.json(LogPageOut {
                data: self.items,
                next_cursor,
                has_more: self.has_more,
            })),
            form => {
                response.insert_header((NEXT_CURSOR, next_cursor));
                response.insert_header((HAS_MORE, self.has_more.to_string()));
                forms::write(&mut response, form, &self.items)
            }
        }
    }
}

/// One page of a log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogPageOut<T> {
    /// May have fewer than `limit`, and even none, while there is more.
    #[schema(max_items = 200)]
    pub data: Vec<T>,
    /// Pass it as `cursor` to read on: at once while there is more, and else later, for what happens until then.
    #[schema(max_length = 2000)]
    pub next_cursor: String,
    /// Whether there is more to be read at once.
    pub has_more: bool,
}

/// One page of a list, before it is written out.
pub struct Page<T> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    position: Option<Position>,
}

impl<T> Page<T> {
    /// The only page of a list without items.
    pub const fn empty() -> Page<T> {
        Page {
            items: Vec::new(),
            position: None,
        }
    }

    /// The page with its items in another shape.
    pub fn map<U>(self, shape: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(shape).collect(),
            position: self.position,
        }
    }

    /// [`Page::map`] by a shape that may fail.
    ///
    /// # Errors
    /// Those of `shape`.
    pub fn try_map<U, E>(self, shape: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        Ok(Page {
            items: self
                .items
                .into_iter()
                .map(shape)
                .collect::<Result<_, E>>()?,
            position: self.position,
        })
    }

    /// The page with all its items described at once, in their order.
    ///
    /// # Errors
    /// Those of `describe`.
    pub fn try_map_all<U, E>(
        self,
        describe: impl FnOnce(Vec<T>) -> Result<Vec<U>, E>,
    ) -> Result<Page<U>, E> {
        Ok(Page {
            items: describe(self.items)?,
            position: self.position,
        })
    }
}

impl<T: Serialize> Page<T> {
    /// Writes the page out, with the cursor of the next one, in the form that was asked for.
    pub fn into_response(self, request: &HttpRequest, key: &CursorKey) -> HttpResponse {
        let next_cursor = self
            .position
            .and_then(|position| serde_json::to_string(&position).ok())
            .and_then(|text| key.seal(&text));
        let mut response = HttpResponse::Ok();
        if let Some(cursor) = &next_cursor {
            let others: Vec<&str> = request
                .query_string()
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="))
                .collect();
            let link = format!(
                "<{}?{}{}cursor={cursor}>; rel=\"next\"",
                request.path(),
                others.join("&"),
                if others.is_empty() { "" } else { "&" },
            );
            response.insert_header(("Link", link));
        }
        match forms::settled(request) {
            Form::Json => response.json(PageOut {
                has_more: next_cursor.is_some(),
                data: self.items,
                next_cursor,
            }),
            form => {
                if let Some(cursor) = next_cursor {
                    response.insert_header((NEXT_CURSOR, cursor));
                }
                forms::write(&mut response, form, &self.items)
                    .unwrap_or_else(|problem| problem.error_response())
            }
        }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOut<T> {
    #[schema(max_items = 200)]
    pub data: Vec<T>,
    /// Pass it as `cursor` to read on; null on the last page.
    #[schema(max_length = 2000)]
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// A filter with nothing in it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

/// A list's query: the filter, and which page of it.
pub struct Listing<F> {
    pub filter: F,
    pub page: PageRequest,
}

impl<F: DeserializeOwned + 'static> FromRequest for Listing<F> {
    type Error = Problem;
    type Future = Ready<Result<Listing<F>, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(listing(request))
    }
}

fn listing<F: DeserializeOwned>(request: &HttpRequest) -> Result<Listing<F>, Problem> {
    let mut pairs = query_pairs(request)?;
    let limit = take_single(&mut pairs, "limit")?
        .map(|text| {
            text.parse::<i64>()
                .ok()
                .filter(|limit| (1..=LIMIT_MAX).contains(limit) && limit.to_string() == text)
                .ok_or_else(|| {
                    malformed("limit", format!("must be a number from 1 to {LIMIT_MAX}"))
                })
        })
        .transpose()?
        .unwrap_or(LIMIT_DEFAULT);
    let cursor = take_single(&mut pairs, "cursor")?;
    forms::settle(request, take_single(&mut pairs, "format")?.as_deref())?;
    pairs.sort();
    let joined: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut list = fingerprint(&[request.path(), &joined.join("&")]);
    list.truncate(16);
    let invalid = || Problem::new(Code::InvalidCursor);
    let after = cursor
        .map(|cursor| {
            let key = request
                .app_data::<web::Data<CursorKey>>()
                .ok_or_else(|| Problem::internal("no cursor key in app data"))?;
            let text = key.open(&cursor).ok_or_else(invalid)?;
            let position: Position = serde_json::from_str(&text).map_err(|_| invalid())?;
            if position.list == list {
                Ok(position)
            } else {
                Err(invalid())
            }
        })
        .transpose()?;
    Ok(Listing {
        filter: read_pairs(&pairs)?,
        page: PageRequest { limit, after, list },
    })
}

/// A query without pages: typed parameters, an unknown or repeated one refused.
pub struct Query<Q>(pub Q);

impl<Q: DeserializeOwned + 'static> FromRequest for Query<Q> {
    type Error = Problem;
    type Future = Ready<Result<Query<Q>, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            query_pairs(request)
                .and_then(|pairs| read_pairs(&pairs))
                .map(Query),
        )
    }
}

type Pairs = Vec<(String, String)>;

fn query_pairs(request: &HttpRequest) -> Result<Pairs, Problem> {
    let pairs: Pairs = serde_html_form::from_str(request.query_string()).map_err(|error| {
        tracing::debug!(%error, "a query that can't be read");
        malformed("query", "must have another form; the contract says which")
    })?;
    let mut repetitions: HashMap<&str, usize> = HashMap::new();
    for (name, value) in &pairs {
        if value.is_empty() {
            return Err(malformed(name, "must not be empty"));
        }
        if value.contains('\0') {
            return Err(malformed(name, "must have no NUL character"));
        }
        let repetition = repetitions.entry(name).or_default();
        *repetition += 1;
        if *repetition > REPETITIONS_MAX {
            return Err(malformed(
                name,
                format!("must be given {REPETITIONS_MAX} times at most"),
            ));
        }
    }
    Ok(pairs)
}

fn take_single(pairs: &mut Pairs, name: &str) -> Result<Option<String>, Problem> {
    let mut found: Vec<String> = Vec::new();
    pairs.retain(|(key, value)| {
        if key == name {
            found.push(value.clone());
        }
        key != name
    });
    if found.len() > 1 {
        return Err(malformed(name, "must be given once"));
    }
    Ok(found.pop())
}

fn read_pairs<Q: DeserializeOwned>(pairs: &Pairs) -> Result<Q, Problem> {
    let encoded = serde_html_form::to_string(pairs).map_err(Problem::internal)?;
    let form = serde_html_form::Deserializer::from_bytes(encoded.as_bytes());
    serde_path_to_error::deserialize(form).map_err(|error| {
        let fault = what_is_malformed_in_form(error.path(), &error.inner().to_string());
        Problem::new(Code::MalformedParameter).at(fault.parameter(), fault.code, fault.message)
    })
}

fn malformed(name: &str, message: impl ToString) -> Problem {
    Problem::new(Code::MalformedParameter).at(format!("#{name}"), "malformed", message)
}

/// A list's parameters: those of its filter, and which page of it.
impl<F: IntoParams> IntoParams for Listing<F> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        let mut all = F::into_params(|| Some(ParameterIn::Query));
        all.extend([
            parameter(
                "limit",
                "How many items the page has at most.",
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
                    .minimum(Some(1))
                    .maximum(Some(LIMIT_MAX))
                    .default(Some(LIMIT_DEFAULT.into())),
            ),
            parameter(
                "cursor",
                "The next_cursor of the page before, with the same filter and sort.",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some("^[A-Za-z0-9_-]+$"))
                    .max_length(Some(2000)),
            ),
            parameter(
                "format",
                "How the page is written; by Accept when not given.",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(Form::ALL.map(Form::as_str))),
            ),
        ]);
        all
    }
}
