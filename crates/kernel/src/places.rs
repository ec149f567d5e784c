//! Countries and languages.

use std::fmt;
use std::str::FromStr;

use isocountry::CountryCode;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A country by its ISO 3166-1 alpha-2 code, such as `CN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(CountryCode);

impl Country {
    pub fn code(self) -> &'static str {
        self.0.alpha2()
    }
}

impl FromStr for Country {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Country, &'static str> {
        CountryCode::for_alpha2(code)
            .map(Country)
            .map_err(|_| "is not a country code of ISO 3166-1 with two capitals, such as \"CN\"")
    }
}

impl TryFrom<String> for Country {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Country, &'static str> {
        code.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.code().to_owned()
    }
}

impl PartialSchema for Country {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("ISO 3166-1 alpha-2 country code."))
            .enum_values(Some(CountryCode::iter_alpha2().map(CountryCode::alpha2)))
            .examples(["CN"])
            .into()
    }
}

impl ToSchema for Country {}

/// A language that letters and messages are written in.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::English, Language::Chinese];

    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-CN",
        }
    }

    /// The best of our languages for an `Accept-Language` header: by weight, then by order; English when none fits.
    pub fn negotiate(header: &str) -> Language {
        let mut best = (0.0f32, Language::English);
        for range in header.split(',').take(20) {
            let (tag, weight) = match range.split_once(";q=") {
                Some((tag, weight)) => (tag, weight.trim().parse().unwrap_or(0.0)),
                None => (range, 1.0),
            };
            let language = match tag
                .trim()
                .split('-')
                .next()
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("zh") => Language::Chinese,
                Some("en" | "*") => Language::English,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Language, &'static str> {
        Language::ALL
            .into_iter()
            .find(|language| language.code() == code)
            .ok_or("is not one of \"en\", \"zh-CN\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_we_speak_wins() {
        for (header, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en;q=0.5, zh-Hans;q=0.7", Language::Chinese),
            ("de, en;q=0.1", Language::English),
            ("fr", Language::English),
            ("", Language::English),
            ("zh;q=x", Language::English),
        ] {
            assert_eq!(Language::negotiate(header), language, "{header}");
        }
    }
}
