//! Pages as the bytes of a PDF.

use std::collections::BTreeMap;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;

use crate::LetterError;
use crate::fonts::{Font, FontName, Fonts, Glyph};
use crate::model::{Language, Letter};
use crate::page::{HEIGHT, Mark, Page};
use crate::text::Style;

/// A twentieth of a point in points.
const UNIT: f32 = 0.05;
const LEVEL: u8 = 8;

const CATALOG: Ref = Ref::new(1);
const TREE: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);
/// Five objects for each font, then two for each page.
const FONTS_FROM: i32 = 10;
const PAGES_FROM: i32 = 40;

/// How the characters of glyphs are ordered.
const IDENTITY: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// What a document uses of a font: each glyph with its character.
struct Usage<'a> {
    font: &'a Font,
    characters: BTreeMap<u16, char>,
    remapper: GlyphRemapper,
}

impl<'a> Usage<'a> {
    fn of(font: &'a Font, pages: &[Page]) -> Usage<'a> {
        let mut characters = BTreeMap::new();
        let marks = pages.iter().flat_map(|page| &page.marks);
        for mark in marks {
            let Mark::Text { glyphs, .. } = mark else {
                continue;
            };
            for glyph in glyphs.iter().filter(|glyph| glyph.font == font.name) {
                let first = characters.entry(glyph.index).or_insert(glyph.character);
                *first = glyph.character.min(*first);
            }
        }
        let mut remapper = GlyphRemapper::new();
        for index in characters.keys() {
            remapper.remap(*index);
        }
        Usage {
            font,
            characters,
            remapper,
        }
    }

    /// The name of a font of which only a part is there has a tag before it: one for each part.
    fn name(&self) -> String {
        let mut sum = 0xCBF2_9CE4_8422_2325_u64;
        for index in self.characters.keys() {
            sum = (sum ^ u64::from(*index)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut tag = String::new();
        for _ in 0..6 {
            let letter = u8::try_from(sum % 26).unwrap_or(0);
            tag.push(char::from(b'A' + letter));
            sum /= 26;
        }
        format!("{tag}+{}", self.font.name.post_script())
    }
}

/// The references of a font's objects.
struct FontRefs {
    font: Ref,
    descendant: Ref,
    descriptor: Ref,
    file: Ref,
    cmap: Ref,
}

fn font_refs(name: FontName) -> FontRefs {
    let place = match name {
        FontName::Latin => 0,
        FontName::LatinBold => 1,
        FontName::Han => 2,
    };
    let from = FONTS_FROM + place * 5;
    FontRefs {
        font: Ref::new(from),
        descendant: Ref::new(from + 1),
        descriptor: Ref::new(from + 2),
        file: Ref::new(from + 3),
        cmap: Ref::new(from + 4),
    }
}

/// Writes a document.
pub fn write(fonts: &Fonts, letter: &Letter, pages: &[Page]) -> Result<Vec<u8>, LetterError> {
    let usages: Vec<Usage> = FontName::ALL
        .into_iter()
        .map(|name| Usage::of(fonts.get(name), pages))
        .filter(|usage| !usage.characters.is_empty())
        .collect();
    let mut pdf = Pdf::new();
    write_frame(&mut pdf, letter, pages.len());
    for usage in &usages {
        write_font(&mut pdf, usage)?;
    }
    let remappers: BTreeMap<FontName, &GlyphRemapper> = usages
        .iter()
        .map(|usage| (usage.font.name, &usage.remapper))
        .collect();
    for (place, page) in (0..).zip(pages) {
        let (id, content) = page_refs(place);
        let mut written = pdf.page(id);
        written
            .parent(TREE)
            .media_box(Rect::new(0.0, 0.0, 595.3, 841.9))
            .contents(content);
        let mut resources = written.resources();
        let mut of_fonts = resources.fonts();
        for name in remappers.keys() {
            of_fonts.pair(Name(name.on_page().as_bytes()), font_refs(*name).font);
        }
        of_fonts.finish();
        resources.finish();
        written.finish();
        let drawn = draw(page, &remappers);
        let drawn = compress_to_vec_zlib(&drawn, LEVEL);
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
    }
    Ok(pdf.finish())
}

fn page_refs(place: i32) -> (Ref, Ref) {
    let from = PAGES_FROM + place * 2;
    (Ref::new(from), Ref::new(from + 1))
}

fn write_frame(pdf: &mut Pdf, letter: &Letter, pages: usize) {
    let language = match letter.language {
        Language::English => "en",
        Language::Chinese => "zh-CN",
    };
    pdf.catalog(CATALOG).pages(TREE).lang(TextStr(language));
    let count = i32::try_from(pages).unwrap_or(i32::MAX);
    pdf.pages(TREE)
        .kids((0..count).map(|place| page_refs(place).0))
        .count(count);
    pdf.document_info(INFO)
        .title(TextStr(&letter.subject))
        .author(TextStr(&letter.letterhead.company))
        .producer(TextStr("netterms"));
}

fn write_font(pdf: &mut Pdf, usage: &Usage) -> Result<(), LetterError> {
    let font = usage.font;
    let refs = font_refs(font.name);
    let name = usage.name();
    let unreadable = LetterError::Font(font.name.post_script());
    let subset = subsetter::subset(font.data, 0, &usage.remapper);
    let subset = subset.map_err(|_| unreadable.clone())?;
    let is_cff = font.name == FontName::Han;
    // Of a font with CFF outlines PDF takes the outlines alone.
    let file = if is_cff {
        let face = ttf_parser::RawFace::parse(&subset, 0).map_err(|_| unreadable.clone())?;
        let table = face.table(ttf_parser::Tag::from_bytes(b"CFF "));
        table.ok_or(unreadable)?.to_vec()
    } else {
        subset
    };
    pdf.type0_font(refs.font)
        .base_font(Name(name.as_bytes()))
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.descendant)
        .to_unicode(refs.cmap);
    write_descendant(pdf, usage, &refs, &name);
    write_descriptor(pdf, font, &refs, &name);

    let length = i32::try_from(file.len()).unwrap_or(i32::MAX);
    let packed = compress_to_vec_zlib(&file, LEVEL);
    let mut stream = pdf.stream(refs.file, &packed);
    stream.filter(Filter::FlateDecode);
    if is_cff {
        stream.pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
    } else {
        stream.pair(Name(b"Length1"), length);
    }
    stream.finish();

    let mut cmap = UnicodeCmap::<u16>::new(Name(b"Custom"), IDENTITY);
    for (index, character) in &usage.characters {
        if let Some(cid) = usage.remapper.get(*index) {
            cmap.pair(cid, *character);
        }
    }
    let packed = compress_to_vec_zlib(&cmap.finish(), LEVEL);
    pdf.stream(refs.cmap, &packed).filter(Filter::FlateDecode);
    Ok(())
}

fn write_descendant(pdf: &mut Pdf, usage: &Usage, refs: &FontRefs, name: &str) {
    let font = usage.font;
    let mut descendant = pdf.cid_font(refs.descendant);
    descendant
        .base_font(Name(name.as_bytes()))
        .system_info(IDENTITY)
        .font_descriptor(refs.descriptor)
        .default_width(1000.0);
    if font.name == FontName::Han {
        descendant.subtype(CidFontType::Type0);
    } else {
        descendant
            .subtype(CidFontType::Type2)
            .cid_to_gid_map_predefined(Name(b"Identity"));
    }
    let widths: Vec<f32> = usage
        .remapper
        .remapped_gids()
        .map(|index| number(font.advance(index)))
        .collect();
    descendant.widths().consecutive(0, widths);
}

fn write_descriptor(pdf: &mut Pdf, font: &Font, refs: &FontRefs, name: &str) {
    let of = |units: i16| number(font.thousandths(units.into()));
    let bounds = font.face.global_bounding_box();
    let ascent = font.face.ascender();
    let mut descriptor = pdf.font_descriptor(refs.descriptor);
    descriptor
        .name(Name(name.as_bytes()))
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            of(bounds.x_min),
            of(bounds.y_min),
            of(bounds.x_max),
            of(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(of(ascent))
        .descent(of(font.face.descender()))
        .cap_height(of(font.face.capital_height().unwrap_or(ascent)))
        .stem_v(if font.name == FontName::LatinBold {
            140.0
        } else {
            80.0
        });
    if font.name == FontName::Han {
        descriptor.font_file3(refs.file);
    } else {
        descriptor.font_file2(refs.file);
    }
}

/// A length as PDF takes it; all that is on a page is far within what fits.
fn number(length: i32) -> f32 {
    let most = if length < 0 { i16::MIN } else { i16::MAX };
    f32::from(i16::try_from(length).unwrap_or(most))
}

/// From the upper edge, as from the lower one.
fn up(y: i32) -> f32 {
    number(HEIGHT.saturating_sub(y))
}

fn draw(page: &Page, remappers: &BTreeMap<FontName, &GlyphRemapper>) -> Vec<u8> {
    let mut content = Content::new();
    content.transform([UNIT, 0.0, 0.0, UNIT, 0.0, 0.0]);
    for mark in &page.marks {
        match mark {
            Mark::Text {
                x,
                baseline,
                style,
                glyphs,
            } => draw_text(&mut content, remappers, *x, *baseline, *style, glyphs),
            Mark::Rule {
                x,
                y,
                width,
                strong,
            } => {
                let (thick, grey) = if *strong { (14.0, 0.2) } else { (6.0, 0.75) };
                content
                    .set_stroke_gray(grey)
                    .set_line_width(thick)
                    .move_to(number(*x), up(*y))
                    .line_to(number(x.saturating_add(*width)), up(*y))
                    .stroke();
            }
            Mark::Frame {
                x,
                y,
                width,
                height,
            } => {
                content
                    .set_stroke_gray(0.5)
                    .set_line_width(10.0)
                    .rect(
                        number(*x),
                        up(y.saturating_add(*height)),
                        number(*width),
                        number(*height),
                    )
                    .stroke();
            }
            Mark::Code { x, y, module, rows } => draw_code(&mut content, *x, *y, *module, rows),
        }
    }
    content.finish().to_vec()
}

/// The dark modules of a row that stand beside each other are one rectangle, so that no gap is seen between them.
fn draw_code(content: &mut Content, x: i32, y: i32, module: i32, rows: &[Vec<bool>]) {
    content.set_fill_gray(0.0);
    for (row, modules) in (1..).zip(rows) {
        let bottom = y + row * module;
        let mut begun: Option<i32> = None;
        for (column, dark) in (0..).zip(modules.iter().copied().chain([false])) {
            match (begun, dark) {
                (None, true) => begun = Some(column),
                (Some(first), false) => {
                    content.rect(
                        number(x + first * module),
                        up(bottom),
                        number((column - first) * module),
                        number(module),
                    );
                    begun = None;
                }
                _ => {}
            }
        }
    }
    content.fill_nonzero();
}

/// Writes glyphs, run by run of one font. There is no bold Chinese font: its outlines are drawn as well.
fn draw_text(
    content: &mut Content,
    remappers: &BTreeMap<FontName, &GlyphRemapper>,
    x: i32,
    baseline: i32,
    style: Style,
    glyphs: &[Glyph],
) {
    let grey = if style.grey { 0.35 } else { 0.0 };
    content.set_fill_gray(grey).begin_text();
    let mut done = 0_i64;
    let runs = glyphs.chunk_by(|before, after| before.font == after.font);
    for run in runs {
        let Some(font) = run.first().map(|glyph| glyph.font) else {
            continue;
        };
        let offset = done.saturating_mul(style.size.into()) / 1000;
        let left = x.saturating_add(i32::try_from(offset).unwrap_or(i32::MAX));
        let drawn_bold = style.bold && font == FontName::Han;
        if drawn_bold {
            content
                .set_stroke_gray(grey)
                .set_line_width(number((style.size / 32).max(1)))
                .set_text_rendering_mode(TextRenderingMode::FillStroke);
        } else {
            content.set_text_rendering_mode(TextRenderingMode::Fill);
        }
        let mut bytes = Vec::new();
        for glyph in run {
            let cid = remappers.get(&font).and_then(|of| of.get(glyph.index));
            bytes.extend(cid.unwrap_or(0).to_be_bytes());
            done += i64::from(glyph.advance);
        }
        content
            .set_font(Name(font.on_page().as_bytes()), number(style.size))
            .set_text_matrix([1.0, 0.0, 0.0, 1.0, number(left), up(baseline)])
            .show(Str(&bytes));
    }
    content.end_text();
}
