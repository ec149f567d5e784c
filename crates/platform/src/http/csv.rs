//! Tables as CSV (RFC 4180), safe to open in a spreadsheet.

use tables::is_formula;

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Something that people typed: it must not be taken for a formula.
    Text(String),
    /// A number or a word of ours, which stays as it is: a negative amount begins with a minus.
    Plain(String),
}

impl Cell {
    fn written(&self) -> String {
        match self {
            Cell::Text(text) if is_formula(text) => format!("'{text}"),
            Cell::Text(text) | Cell::Plain(text) => text.clone(),
        }
    }
}

/// Writes a table, each row with as many cells as the header.
///
/// # Errors
/// When a row has another number of cells.
pub fn table(
    header: &[String],
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = writer();
    writer.write_record(header)?;
    finish(writer, rows)
}

/// Writes rows of a table that was begun elsewhere.
///
/// # Errors
/// When a row has another number of cells than the one before.
pub fn rows(rows: impl Iterator<Item = Vec<Cell>>) -> Result<Vec<u8>, csv::Error> {
    finish(writer(), rows)
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

fn finish(
    mut writer: csv::Writer<Vec<u8>>,
    rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<Vec<u8>, csv::Error> {
    for row in rows {
        writer.write_record(row.iter().map(Cell::written))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_other_widths_begin_no_formula_either() {
        for sign in [
            "＝",
            "＋",
            "－",
            "＠",
            "﹦",
            "﹢",
            "﹣",
            "﹫",
            "⁼",
            "⁺",
            "⁻",
            "−",
            " =",
            "\u{3000}＝",
            "\n=",
        ] {
            let text = format!("{sign}HYPERLINK(1)");
            assert_eq!(Cell::Text(text.clone()).written(), format!("'{text}"));
        }
        let text = "株式会社＝".to_owned();
        assert_eq!(Cell::Text(text.clone()).written(), text);
    }

    #[test]
    fn what_people_typed_is_never_a_formula() {
        let row = ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "a=b", "a \"b\", c"]
            .map(|text| Cell::Text(text.to_owned()));
        let header: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        let written =
            String::from_utf8(table(&header, std::iter::once(row.to_vec())).unwrap()).unwrap();
        assert_eq!(
            written,
            "0,1,2,3,4,5,6,7\r\n'=1+1,'+x,'-x,'@x,'\tx,\"'\rx\",a=b,\"a \"\"b\"\", c\"\r\n"
        );
        assert_eq!(Cell::Plain("-1.00".to_owned()).written(), "-1.00");
    }
}
