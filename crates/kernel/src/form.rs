//! What serde says of a form that it can't read, in words for whoever sent it: never how our types are called.

/// What stands between backticks.
pub fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What serde says, in words that do not name our types. What our own types say is left as it is.
pub fn in_words(text: &str) -> String {
    let known = |text: &str| named(text).skip(1).collect::<Vec<_>>().join(", ");
    let expected = || {
        text.rsplit_once(", expected ")
            .map_or("", |(_, expected)| expected)
    };
    if text.starts_with("missing field ") {
        "must be given".to_owned()
    } else if text.starts_with("duplicate field ") {
        "is given twice".to_owned()
    } else if text.starts_with("unknown field ") {
        match known(text) {
            none if none.is_empty() => "is not known here".to_owned(),
            known => format!("is not known here; known are {known}"),
        }
    } else if text.starts_with("unknown variant ") {
        match known(text) {
            none if none.is_empty() => must_be("").to_owned(),
            known => format!("must be one of {known}"),
        }
    } else if text.starts_with("invalid length ") {
        "has the wrong number of entries".to_owned()
    } else if text.starts_with("invalid type: ") || text.starts_with("invalid value: ") {
        must_be_within(expected()).unwrap_or_else(|| must_be(expected()).to_owned())
    } else if text.starts_with("data did not match any variant of ") {
        must_be("").to_owned()
    } else if text.starts_with("invalid digit found") || text.starts_with("cannot parse integer") {
        "must be a whole number".to_owned()
    } else if text.starts_with("number too ") {
        "is not allowed".to_owned()
    } else if text == "expected value" {
        "must be a text".to_owned()
    } else if text.starts_with("invalid float literal") {
        "must be a number".to_owned()
    } else if text.starts_with("provided string was not `true` or `false`") {
        "must be true or false".to_owned()
    } else {
        text.to_owned()
    }
}

/// The whole numbers that a small type of ours takes.
fn must_be_within(expected: &str) -> Option<String> {
    let (least, most): (i64, i64) = match expected {
        "u8" => (0, u8::MAX.into()),
        "i8" => (i8::MIN.into(), i8::MAX.into()),
        "u16" => (0, u16::MAX.into()),
        "i16" => (i16::MIN.into(), i16::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "i32" => (i32::MIN.into(), i32::MAX.into()),
        _ => return None,
    };
    Some(format!("must be a whole number from {least} to {most}"))
}

/// What a place must be, by what serde expects there.
fn must_be(expected: &str) -> &'static str {
    match expected {
        "a string" | "a borrowed string" | "str" | "string" | "string or map" | "a character" => {
            "must be a text"
        }
        "a boolean" => "must be true or false",
        "i64" | "i128" | "isize" => "must be a whole number",
        "u64" | "u128" | "usize" => "must be a whole number that is not negative",
        "f64" | "f32" => "must be a number",
        "unit" | "null" => "must be null or left out",
        text if text.starts_with("a sequence")
            || text.starts_with("a tuple")
            || text.starts_with("tuple ") =>
        {
            "must be a list"
        }
        text if text.starts_with("struct ")
            || text.ends_with("map")
            || text == "amounts by line" =>
        {
            "must be an object"
        }
        text if text.starts_with("enum ") => "must be a text",
        _ => "must have another form; the contract says which",
    }
}
