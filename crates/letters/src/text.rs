//! Lines of text: which glyphs, how wide, and where they break.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;

use crate::fonts::{Fonts, Glyph};
use crate::model::Language;

/// How a text is set. Sizes and widths are in twentieths of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub size: i32,
    pub bold: bool,
    pub grey: bool,
}

impl Style {
    pub const fn of(size: i32) -> Style {
        Style {
            size,
            bold: false,
            grey: false,
        }
    }

    pub const fn bold(self) -> Style {
        Style { bold: true, ..self }
    }

    pub const fn grey(self) -> Style {
        Style { grey: true, ..self }
    }

    /// From one line to the next.
    pub const fn leading(self) -> i32 {
        self.size * 7 / 5
    }
}

/// Sets texts, and notes what no font has.
pub struct Setter<'a> {
    pub fonts: &'a Fonts,
    pub language: Language,
    pub missing: BTreeSet<char>,
}

impl Setter<'_> {
    /// A text as glyphs: composed, without what has no form of its own. `None` is a line break.
    fn glyphs(&mut self, text: &str, bold: bool) -> Vec<Option<Glyph>> {
        let mut glyphs = Vec::new();
        for character in text.nfc() {
            match character {
                '\n' => glyphs.push(None),
                '\r'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{FEFF}'
                | '\u{FE00}'..='\u{FE0F}' => {}
                other => {
                    let shown = if other.is_control() { ' ' } else { other };
                    let glyph = self
                        .fonts
                        .glyph(shown, self.language, bold, &mut self.missing);
                    glyphs.extend(glyph.map(Some));
                }
            }
        }
        glyphs
    }

    /// A text in lines that are no wider than `width`, and no more of them than `lines_max`.
    pub fn lines(
        &mut self,
        text: &str,
        style: Style,
        width: i32,
        lines_max: usize,
    ) -> Vec<Vec<Glyph>> {
        let mut lines = Vec::new();
        for paragraph in self.glyphs(text, style.bold).split(Option::is_none) {
            let glyphs: Vec<Glyph> = paragraph.iter().copied().flatten().collect();
            wrap(&glyphs, style, width, &mut lines);
        }
        if lines.len() > lines_max {
            lines.truncate(lines_max);
            let dots = self.glyphs("…", style.bold);
            if let Some(last) = lines.last_mut() {
                last.extend(dots.into_iter().flatten());
                while last.len() > 2 && width_of(last, style) > width {
                    let place = last.len() - 2;
                    last.remove(place);
                }
            }
        }
        lines
    }
}

/// How wide glyphs are.
pub fn width_of(glyphs: &[Glyph], style: Style) -> i32 {
    let thousandths: i64 = glyphs.iter().map(|glyph| i64::from(glyph.advance)).sum();
    let width = thousandths.saturating_mul(style.size.into()) / 1000;
    i32::try_from(width).unwrap_or(i32::MAX)
}

/// Adds the lines of one paragraph: one empty line for an empty paragraph.
fn wrap(glyphs: &[Glyph], style: Style, width: i32, lines: &mut Vec<Vec<Glyph>>) {
    let budget = i64::from(width).saturating_mul(1000) / i64::from(style.size.max(1));
    let mut rest = glyphs;
    loop {
        let (line, after) = first_line(rest, budget);
        lines.push(line.to_vec());
        if after.is_empty() {
            return;
        }
        rest = after;
    }
}

/// What fits into a line, and what is left.
fn first_line(glyphs: &[Glyph], budget: i64) -> (&[Glyph], &[Glyph]) {
    let mut used = 0_i64;
    let mut break_at = None;
    for (place, pair) in (0_usize..).zip(glyphs.iter().zip(followers(glyphs))) {
        let (glyph, next) = pair;
        used += i64::from(glyph.advance);
        if used > budget && glyph.character != ' ' {
            let at = break_at.unwrap_or(place).max(1);
            let (line, after) = glyphs.split_at_checked(at).unwrap_or((glyphs, &[]));
            return (trimmed_end(line), trimmed_start(after));
        }
        if next.is_some_and(|next| may_break(glyph.character, next.character)) {
            break_at = Some(place + 1);
        }
    }
    (trimmed_end(glyphs), &[])
}

/// Each glyph's next one.
fn followers(glyphs: &[Glyph]) -> impl Iterator<Item = Option<&Glyph>> {
    glyphs.iter().skip(1).map(Some).chain([None])
}

fn trimmed_end(glyphs: &[Glyph]) -> &[Glyph] {
    let kept = glyphs.iter().rposition(|glyph| glyph.character != ' ');
    kept.and_then(|last| glyphs.get(..=last)).unwrap_or(&[])
}

fn trimmed_start(glyphs: &[Glyph]) -> &[Glyph] {
    let kept = glyphs.iter().position(|glyph| glyph.character != ' ');
    kept.and_then(|first| glyphs.get(first..)).unwrap_or(&[])
}

/// Whether a line may end between two characters.
fn may_break(before: char, after: char) -> bool {
    if is_closing(after) || is_opening(before) {
        return false;
    }
    before == ' ' || before == '-' || is_han(before) || is_han(after)
}

/// Never at the beginning of a line.
const fn is_closing(character: char) -> bool {
    matches!(
        character,
        '，' | '。'
            | '、'
            | '；'
            | '：'
            | '？'
            | '！'
            | '）'
            | '》'
            | '〉'
            | '」'
            | '』'
            | '】'
            | '〕'
            | '”'
            | '’'
            | '…'
            | '·'
            | '％'
            | ','
            | '.'
            | ';'
            | ':'
            | '?'
            | '!'
            | ')'
            | ']'
            | '}'
            | '%'
    )
}

/// Never at the end of a line.
const fn is_opening(character: char) -> bool {
    matches!(
        character,
        '（' | '《'
            | '〈'
            | '「'
            | '『'
            | '【'
            | '〔'
            | '“'
            | '‘'
            | '￥'
            | '¥'
            | '('
            | '['
            | '{'
    )
}

const fn is_han(character: char) -> bool {
    matches!(character, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FF60}' | '\u{25A1}')
}
