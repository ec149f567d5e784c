//! One Rust type, each database's best column: ids are `uuid` or `BLOB`, instants `timestamptz` or `TEXT`, texts,
//! currencies, rates and states `TEXT`. Days are Diesel's own `Date`.

use std::io::Write as _;

use chrono::{DateTime, Utc};
use diesel::deserialize::{self, FromSql};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, SqlType, Text, Timestamptz};
use diesel::sqlite::{Sqlite, SqliteValue};
use uuid::Uuid;

use crate::clock::Instant;
use crate::drafters::Drafters;
use crate::figures::Figure;
use crate::ids::{Id, Kind};
use crate::money::Currency;
use crate::places::{Country, Language};
use crate::rates::Rate;
use crate::text::{Email, GradeCode, Keyword, Line, Note, Number, SnakeCode, Source, Subject};

/// The SQL type of ids.
#[derive(Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 2950, array_oid = 2951),
    sqlite_type(name = "Binary")
)]
pub struct IdColumn;

/// The SQL type of instants.
#[derive(Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 1184, array_oid = 1185),
    sqlite_type(name = "Text")
)]
pub struct InstantColumn;

/// Lets a type of ours stand for a column of `$sql` in queries and rows. It replaces Diesel's derives, so that the
/// kernel needs to know nothing of databases.
#[macro_export]
macro_rules! stands_for {
    ($sql:ty, $rust:ty $(, $kind:ident)?) => {
        $crate::columns::stands_for!(@expression $sql, $rust $(, $kind)?);
        $crate::columns::stands_for!(@expression diesel::sql_types::Nullable<$sql>, $rust $(, $kind)?);

        impl<ST, DB: diesel::backend::Backend $(, $kind: Kind)?> diesel::deserialize::Queryable<ST, DB> for $rust
        where
            $rust: diesel::deserialize::FromStaticSqlRow<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl<DB: diesel::backend::Backend $(, $kind: Kind)?>
            diesel::serialize::ToSql<diesel::sql_types::Nullable<$sql>, DB> for $rust
        where
            $rust: diesel::serialize::ToSql<$sql, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<$sql, DB>::to_sql(self, out)
            }
        }
    };
    (@expression $as:ty, $rust:ty $(, $kind:ident)?) => {
        impl $(<$kind: Kind>)? diesel::expression::AsExpression<$as> for $rust {
            type Expression = diesel::internal::derives::as_expression::Bound<$as, Self>;

            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }

        impl<'expr $(, $kind: Kind)?> diesel::expression::AsExpression<$as> for &'expr $rust {
            type Expression = diesel::internal::derives::as_expression::Bound<$as, Self>;

            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self)
            }
        }
    };
}
pub use stands_for;

stands_for!(IdColumn, Id<K>, K);
stands_for!(InstantColumn, Instant);

impl<K: Kind> ToSql<IdColumn, Pg> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.uuid().as_bytes())?;
        Ok(IsNull::No)
    }
}

impl<K: Kind> FromSql<IdColumn, Pg> for Id<K> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Id<K>> {
        Ok(Id::from_uuid(Uuid::from_slice(value.as_bytes())?))
    }
}

impl<K: Kind> ToSql<IdColumn, Sqlite> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.uuid().as_bytes().to_vec());
        Ok(IsNull::No)
    }
}

impl<K: Kind> FromSql<IdColumn, Sqlite> for Id<K> {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Id<K>> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Id::from_uuid(Uuid::from_slice(&bytes)?))
    }
}

impl ToSql<InstantColumn, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&self.utc(), &mut out.reborrow())
    }
}

impl FromSql<InstantColumn, Pg> for Instant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Instant> {
        <DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value).map(Instant::new)
    }
}

impl ToSql<InstantColumn, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<InstantColumn, Sqlite> for Instant {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Instant> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Instant::new(DateTime::parse_from_rfc3339(&text)?.to_utc()))
    }
}

/// Stores a type as `TEXT`: by the given function to text, or as it is shown (`@shown`), and back by `FromStr`.
#[macro_export]
macro_rules! text_column {
    (@read $rust:ty) => {
        $crate::columns::stands_for!(diesel::sql_types::Text, $rust);

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $rust
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<$rust> {
                let text =
                    <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(value)?;
                text.parse().map_err(|_| {
                    format!("{text:?} in the database is no {}", stringify!($rust)).into()
                })
            }
        }
    };
    // A text that people type: read back as it was stored, whatever the rules for new ones have become.
    (@typed $rust:ty) => {
        $crate::columns::stands_for!(diesel::sql_types::Text, $rust);

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $rust
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<$rust> {
                <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(value)
                    .map(<$rust>::stored)
            }
        }

        $crate::columns::text_column!(@write $rust, |text| text.as_str());
    };
    (@shown $rust:ty) => {
        $crate::columns::text_column!(@read $rust);

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $rust {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                use std::io::Write as _;
                write!(out, "{self}")?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for $rust {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
            ) -> diesel::serialize::Result {
                out.set_value(self.to_string());
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
    ($rust:ty, $as_text:expr) => {
        $crate::columns::text_column!(@read $rust);
        $crate::columns::text_column!(@write $rust, $as_text);
    };
    (@write $rust:ty, $as_text:expr) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $rust {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                use std::io::Write as _;
                let as_text: fn(&$rust) -> &str = $as_text;
                out.write_all(as_text(self).as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for $rust {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
            ) -> diesel::serialize::Result {
                let as_text: fn(&$rust) -> &str = $as_text;
                out.set_value(as_text(self));
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
}
pub use text_column;

text_column!(Currency, |currency| currency.code());
text_column!(Country, |country| country.code());
text_column!(Language, |language| language.code());
text_column!(@typed Number);
text_column!(@typed Line);
text_column!(@typed Note);
text_column!(@typed Email);
text_column!(@typed GradeCode);
text_column!(@typed Keyword);
text_column!(@typed SnakeCode);
text_column!(@typed Source);
text_column!(@typed Subject);

text_column!(@shown Drafters);
text_column!(@shown Rate);
text_column!(@shown Figure);

/// Declares an enumeration that is the same in Rust, in JSON, in the contract and in its `TEXT` column.
#[macro_export]
macro_rules! text_enum {
    // `$text` is a `tt`: as a `literal` it would be opaque to the derived schema, which would then name the variants.
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:tt,)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<$name, String> {
                $name::ALL
                    .iter()
                    .copied()
                    .find(|value| value.as_str() == text)
                    .ok_or_else(|| format!("{text:?} is not one of {}", [$($text),+].join(", ")))
            }
        }

        $crate::columns::text_column!($name, |value| value.as_str());
    };
}
pub use text_enum;
