//! Letters as PDF: letterhead, recipient, text, a table of items, totals, and how to pay. Values in, bytes out: no
//! database, no HTTP, no clock.
//!
//! The same letter is the same bytes, on every machine. Latin and Chinese may stand in one text; the fonts are embedded,
//! as far as the letter uses them, and the text can be searched and copied. A character that no font has is drawn as a
//! box and reported.
#![forbid(unsafe_code)]

pub mod epc;
mod fonts;
mod layout;
pub mod model;
mod page;
mod pdf;
mod text;
mod words;

pub use epc::{CreditTransfer, EpcError, RemittanceInformation};
pub use model::{Align, BankAccount, Column, Language, Letter, Letterhead, Payment, Table, Total};

/// A letter that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The PDF.
    pub pdf: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// The characters that no font has, in order of their code points: each is drawn as a box.
    pub missing: Vec<char>,
}

/// Why a letter can't be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterError {
    /// A font of the program can't be read.
    Font(&'static str),
}

impl std::fmt::Display for LetterError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LetterError::Font(name) => write!(f, "the font {name} can't be read"),
        }
    }
}

impl std::error::Error for LetterError {}

/// Makes a letter.
///
/// # Errors
/// When a font of the program can't be read.
pub fn render(letter: &Letter) -> Result<Rendered, LetterError> {
    let fonts = fonts::Fonts::load()?;
    let (pages, missing) = layout::lay_out(&fonts, letter);
    let pdf = pdf::write(&fonts, letter, &pages)?;
    Ok(Rendered {
        pdf,
        pages: pages.len(),
        missing: missing.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests;
