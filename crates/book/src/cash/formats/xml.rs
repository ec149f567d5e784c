//! XML, element by element: no document types, no entities but XML's own, bounded depth.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{FormatError, decoded};

/// The deepest that elements may be nested.
const DEPTH_MAX: usize = 48;

/// An element with what is in it.
#[derive(Debug, Clone, Default)]
pub struct Element {
    /// Without the prefix of its namespace.
    pub name: String,
    /// The attribute `Ccy`.
    pub currency: Option<String>,
    pub text: String,
    pub children: Vec<Element>,
    /// The line in which it begins.
    pub line: usize,
}

impl Element {
    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name.
    pub fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The first element on a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }

    /// The text of the first element on a path of names, trimmed; none where it is empty.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        let text = self.at(path)?.text.trim();
        (!text.is_empty()).then_some(text)
    }
}

/// Reads a file. Each element that has ended is handed over with the names above it; what is taken is not kept in the
/// element around it.
///
/// # Errors
/// When the file is no XML, declares a document type, has other entities than XML's own, or is nested too deep.
pub fn read(
    bytes: &[u8],
    mut take: impl FnMut(&[String], Element) -> Result<Option<Element>, FormatError>,
) -> Result<(), FormatError> {
    let text = decoded(bytes, says_latin(bytes))?;
    let mut reader = Reader::from_str(&text);
    let mut lines = Lines::new(&text);
    let mut names: Vec<String> = Vec::new();
    let mut open: Vec<Element> = Vec::new();
    let mut has_root = false;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = lines.line_at(at);
        let event = reader
            .read_event()
            .map_err(|_| FormatError::NoXml { line })?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX || (has_root && open.is_empty()) {
                    return Err(if open.is_empty() {
                        FormatError::NoXml { line }
                    } else {
                        FormatError::TooDeep { max: DEPTH_MAX }
                    });
                }
                has_root = true;
                let element = element_of(&start, line)?;
                names.push(element.name.clone());
                open.push(element);
            }
            Event::Empty(start) => {
                has_root = true;
                let element = element_of(&start, line)?;
                if let Some(kept) = take(&names, element)?
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(kept);
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else {
                    return Err(FormatError::NoXml { line });
                };
                names.pop();
                if let Some(kept) = take(&names, element)?
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(kept);
                }
            }
            Event::Text(part) => push_text(&mut open, &part),
            Event::CData(part) => push_text(&mut open, &part),
            Event::GeneralRef(entity) => {
                let resolved = match entity.resolve_char_ref() {
                    Ok(Some(c)) => Some(c),
                    Ok(None) => own_entity(&entity),
                    Err(_) => None,
                };
                let c = resolved.ok_or(FormatError::Entity { line })?;
                push_text(&mut open, c.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(_) => return Err(FormatError::DocumentType { line }),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => {
                return if open.is_empty() && has_root {
                    Ok(())
                } else {
                    Err(FormatError::EndsEarly)
                };
            }
        }
    }
}

fn push_text(open: &mut [Element], part: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(part);
    }
}

fn element_of(start: &BytesStart<'_>, line: usize) -> Result<Element, FormatError> {
    let name = start.local_name().as_ref().to_owned();
    let found = start
        .try_get_attribute("Ccy")
        .map_err(|_| FormatError::NoXml { line })?;
    let currency = match found {
        Some(attribute) => Some(
            attribute
                .normalized_value(XmlVersion::default())
                .map_err(|_| FormatError::Entity { line })?
                .into_owned(),
        ),
        None => None,
    };
    Ok(Element {
        name,
        currency,
        line,
        ..Element::default()
    })
}

fn own_entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Whether the declaration says that the file is in Latin-1, or in what Windows made of it.
fn says_latin(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(200)).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let declaration = start.split("?>").next().unwrap_or_default();
    ["iso-8859-1", "latin1", "windows-1252", "iso-8859-15"]
        .iter()
        .any(|encoding| declaration.contains(encoding))
}

/// The line of a place in a text, asked for places that only go forward.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    const fn new(text: &'t str) -> Lines<'t> {
        Lines {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    fn line_at(&mut self, place: usize) -> usize {
        let place = place.min(self.text.len());
        if let Some(passed) = self.text.get(self.at..place) {
            self.line += passed.split(|byte| *byte == b'\n').count() - 1;
            self.at = place;
        }
        self.line
    }
}
