//! What is wrong with a document, and where.

use kernel::form::{in_words, named};

/// Something in a document that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON Pointer into the document.
    pub pointer: String,
    pub code: &'static str,
    pub message: String,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, code: &'static str, message: impl ToString) -> Fault {
        Fault {
            pointer: pointer.into(),
            code,
            message: message.to_string(),
        }
    }
}

/// Reads a document of somebody else's writing.
///
/// # Errors
/// Where it is not of the shape that it should have.
pub fn read<T: serde::de::DeserializeOwned>(document: &serde_json::Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let text = error.inner().to_string();
        let mut pointer = pointer(error.path());
        if text.starts_with("missing field ")
            && let Some(member) = named(&text).next()
        {
            pointer = format!("{pointer}/{member}");
        }
        Fault::new(pointer, "malformed", in_words(&text))
    })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_malformed_document_is_refused_with_the_place() {
        let document = serde_json::json!({"a/b": [1, "two"]});
        let fault = read::<BTreeMap<String, Vec<i32>>>(&document).unwrap_err();
        assert_eq!(
            (fault.pointer.as_str(), fault.code),
            ("/a~1b/1", "malformed")
        );
    }
}
