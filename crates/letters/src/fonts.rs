//! The fonts, and which of them has a character. `fonts/README.md` says where they come from.

use std::collections::BTreeSet;

use ttf_parser::Face;

use crate::LetterError;
use crate::model::Language;

/// A font of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FontName {
    Latin,
    LatinBold,
    Han,
}

impl FontName {
    pub const ALL: [FontName; 3] = [FontName::Latin, FontName::LatinBold, FontName::Han];

    /// As PDF calls it.
    pub const fn post_script(self) -> &'static str {
        match self {
            FontName::Latin => "NotoSans-Regular",
            FontName::LatinBold => "NotoSans-Bold",
            FontName::Han => "NotoSansSC-Regular",
        }
    }

    /// As the pages call it.
    pub const fn on_page(self) -> &'static str {
        match self {
            FontName::Latin => "L",
            FontName::LatinBold => "B",
            FontName::Han => "H",
        }
    }

    const fn data(self) -> &'static [u8] {
        match self {
            FontName::Latin => include_bytes!("../fonts/NotoSans-Regular.ttf"),
            FontName::LatinBold => include_bytes!("../fonts/NotoSans-Bold.ttf"),
            FontName::Han => include_bytes!("../fonts/NotoSansSC-Regular.otf"),
        }
    }
}

/// A character as it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyph {
    pub font: FontName,
    pub index: u16,
    /// In thousandths of the size.
    pub advance: i32,
    pub character: char,
}

/// A font that was read.
pub struct Font {
    pub name: FontName,
    pub data: &'static [u8],
    pub face: Face<'static>,
}

impl Font {
    fn load(name: FontName) -> Result<Font, LetterError> {
        let data = name.data();
        let face = Face::parse(data, 0).map_err(|_| LetterError::Font(name.post_script()))?;
        Ok(Font { name, data, face })
    }

    /// A length in units of the font, in thousandths of the size.
    pub fn thousandths(&self, units: i32) -> i32 {
        let units_per_em = i32::from(self.face.units_per_em()).max(1);
        units.saturating_mul(1000) / units_per_em
    }

    /// The width of a glyph, in thousandths of the size.
    pub fn advance(&self, index: u16) -> i32 {
        let units = self.face.glyph_hor_advance(ttf_parser::GlyphId(index));
        self.thousandths(units.unwrap_or(0).into())
    }

    fn glyph(&self, character: char) -> Option<Glyph> {
        let index = self.face.glyph_index(character)?.0;
        Some(Glyph {
            font: self.name,
            index,
            advance: self.advance(index),
            character,
        })
    }
}

/// All fonts.
pub struct Fonts {
    latin: Font,
    latin_bold: Font,
    han: Font,
}

impl Fonts {
    /// # Errors
    /// When one of them can't be read.
    pub fn load() -> Result<Fonts, LetterError> {
        Ok(Fonts {
            latin: Font::load(FontName::Latin)?,
            latin_bold: Font::load(FontName::LatinBold)?,
            han: Font::load(FontName::Han)?,
        })
    }

    pub const fn get(&self, name: FontName) -> &Font {
        match name {
            FontName::Latin => &self.latin,
            FontName::LatinBold => &self.latin_bold,
            FontName::Han => &self.han,
        }
    }

    /// The glyph of a character; a box, and a note in `missing`, when no font has it.
    pub fn glyph(
        &self,
        character: char,
        language: Language,
        bold: bool,
        missing: &mut BTreeSet<char>,
    ) -> Option<Glyph> {
        let latin = if bold { &self.latin_bold } else { &self.latin };
        let han_first = language == Language::Chinese && is_shared(character);
        let (first, second) = if han_first {
            (&self.han, latin)
        } else {
            (latin, &self.han)
        };
        let found = first.glyph(character).or_else(|| second.glyph(character));
        found.or_else(|| {
            missing.insert(character);
            second.glyph(BOX).or_else(|| first.glyph(BOX))
        })
    }
}

/// What is drawn for a character that no font has.
const BOX: char = '\u{25A1}';

/// Punctuation that both scripts have, each with its own width.
const fn is_shared(character: char) -> bool {
    matches!(character, '“' | '”' | '‘' | '’' | '—' | '…' | '·')
}
