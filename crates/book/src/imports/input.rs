//! What use cases and lists are asked.

use utoipa::ToSchema;

use super::model::{ImportKind, ImportMode};
use kernel::text::Note;

/// The parts of an import, in any order.
#[derive(ToSchema)]
#[schema(as = ImportIn, example = json!({
    "kind": "customers", "mode": "per_line", "file": "number,name,country\nC-1001,Jiangnan Trading Co.,CN\n"
}))]
#[expect(
    dead_code,
    reason = "the contract's shape of a body that is read as a stream"
)]
pub struct ImportIn {
    kind: ImportKind,
    /// What happens to the good lines of a file with bad ones; `per_line` when not given. `customer_parents` are always
    /// proposed whole.
    mode: Option<ImportMode>,
    /// How a foreign file's columns are read, as JSON: `columns`, `date_format`, `defaults`,
    /// `constants`, `strip_suffix`, `skip`.
    #[schema(max_length = 16384)]
    mapping: Option<String>,
    /// Why the changes are proposed: for `customer_parents`, and for no other kind.
    reason: Option<Note>,
    /// The file: CSV in UTF-8.
    #[schema(format = Binary, max_length = 104_857_600)]
    file: String,
}
