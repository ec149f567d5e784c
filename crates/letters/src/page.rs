//! A page, as what is drawn on it. Lengths are in twentieths of a point, from the upper left corner.

use crate::fonts::Glyph;
use crate::text::{Style, width_of};

/// A4.
pub const WIDTH: i32 = 11_906;
pub const HEIGHT: i32 = 16_838;

/// Something that is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    Text {
        x: i32,
        baseline: i32,
        style: Style,
        glyphs: Vec<Glyph>,
    },
    /// A horizontal rule.
    Rule {
        x: i32,
        y: i32,
        width: i32,
        strong: bool,
    },
    /// An empty box.
    Frame {
        x: i32,
        y: i32,
        width: i32,
        height: i32,
    },
    /// Black squares, of the side `module`, from rows of a code.
    Code {
        x: i32,
        y: i32,
        module: i32,
        rows: Vec<Vec<bool>>,
    },
}

/// A page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub marks: Vec<Mark>,
}

impl Page {
    /// Writes a line whose upper edge is at `y`.
    pub fn write(&mut self, x: i32, y: i32, style: Style, glyphs: Vec<Glyph>) {
        if !glyphs.is_empty() {
            self.marks.push(Mark::Text {
                x,
                baseline: y + style.size * 11 / 10,
                style,
                glyphs,
            });
        }
    }

    /// The same, ending at `right`.
    pub fn write_to(&mut self, right: i32, y: i32, style: Style, glyphs: Vec<Glyph>) {
        let width = width_of(&glyphs, style);
        self.write(right.saturating_sub(width), y, style, glyphs);
    }

    pub fn rule(&mut self, x: i32, y: i32, width: i32, strong: bool) {
        self.marks.push(Mark::Rule {
            x,
            y,
            width,
            strong,
        });
    }
}
