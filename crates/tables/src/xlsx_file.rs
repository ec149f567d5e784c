//! A workbook. Rows go to a file of the system's as they come, so that it may be large; what goes past the last line of a sheet
//! goes to the next.

use std::io::{self, Seek as _, Write};

use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook, Worksheet, XlsxError};

use super::{Column, Rows, TableError, Value, write_plain};

/// The last line of a sheet, counted from none.
const LAST_ROW: u32 = 1_048_575;

/// How many characters a cell holds.
const CELL_MAX: usize = 32_767;

/// As many digits a number of a spreadsheet has; one that has more is a text.
const DIGITS_MAX: usize = 15;

/// The longest name of a sheet.
const SHEET_NAME_MAX: usize = 31;

pub struct XlsxFile<W> {
    book: Workbook,
    name: String,
    columns: Vec<Column>,
    sheets: usize,
    row: u32,
    column: u16,
    text: String,
    day: CellFormat,
    file: W,
}

impl<W: Write> XlsxFile<W> {
    pub fn begin(name: &str, columns: &[Column], file: W) -> Result<XlsxFile<W>, TableError> {
        let mut begun = XlsxFile {
            book: Workbook::new(),
            name: name.to_owned(),
            columns: columns.to_vec(),
            sheets: 0,
            row: 0,
            column: 0,
            text: String::new(),
            day: CellFormat::new().set_num_format("yyyy-mm-dd"),
            file,
        };
        begun.next_sheet()?;
        Ok(begun)
    }

    fn next_sheet(&mut self) -> Result<(), TableError> {
        self.sheets += 1;
        let ending = match self.sheets {
            1 => String::new(),
            number => format!(" {number}"),
        };
        let room = SHEET_NAME_MAX.saturating_sub(ending.len());
        let short: String = self.name.chars().take(room).collect();
        let sheet = self
            .book
            .add_worksheet_with_constant_memory()
            .map_err(failed)?;
        sheet.set_name(format!("{short}{ending}")).map_err(failed)?;
        let bold = CellFormat::new().set_bold();
        for (index, column) in (0..).zip(&self.columns) {
            sheet
                .write_string_with_format(0, index, &column.name, &bold)
                .map_err(failed)?;
        }
        self.row = 1;
        Ok(())
    }

    fn sheet(&mut self) -> Result<&mut Worksheet, TableError> {
        self.book
            .worksheet_from_index(self.sheets - 1)
            .map_err(failed)
    }
}

impl<W: Write> Rows<W> for XlsxFile<W> {
    fn cell(&mut self, value: Value<'_>) -> Result<(), TableError> {
        if self.column == 0 && self.row > LAST_ROW {
            self.next_sheet()?;
        }
        let (row, column) = (self.row, self.column);
        self.column += 1;
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        write_plain(&mut text, value);
        let day = self.day.clone();
        let sheet = self.sheet()?;
        match value {
            Value::Null => {}
            Value::Boolean(said) => {
                sheet.write_boolean(row, column, said).map_err(failed)?;
            }
            Value::Day(_) => {
                let date = ExcelDateTime::parse_from_str(&text);
                match date {
                    Ok(date) => sheet.write_datetime_with_format(row, column, &date, &day),
                    // Before 1900, a spreadsheet has no days.
                    Err(_) => sheet.write_string(row, column, &text),
                }
                .map_err(failed)?;
            }
            Value::Integer(_) | Value::Decimal { .. } => {
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                match text.parse::<f64>() {
                    Ok(number) if digits <= DIGITS_MAX => sheet.write_number(row, column, number),
                    _ => sheet.write_string(row, column, &text),
                }
                .map_err(failed)?;
            }
            Value::Text(_) | Value::Id(..) | Value::Instant(_) | Value::Json(_) => {
                sheet
                    .write_string(row, column, fitting(&text))
                    .map_err(failed)?;
            }
        }
        self.text = text;
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.row += 1;
        self.column = 0;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<W, TableError> {
        // The form needs to go back in its file, and ours may be a stream.
        let mut made = tempfile::tempfile()?;
        self.book.save_to_writer(&mut made).map_err(failed)?;
        made.rewind()?;
        io::copy(&mut made, &mut self.file)?;
        Ok(self.file)
    }
}

/// As much of a text as a cell holds; what was cut ends in an ellipsis.
fn fitting(text: &str) -> String {
    if text.encode_utf16().count() <= CELL_MAX {
        return text.to_owned();
    }
    let mut units = 1;
    let mut short: String = text
        .chars()
        .take_while(|character| {
            units += character.len_utf16();
            units <= CELL_MAX
        })
        .collect();
    short.push('…');
    short
}

fn failed(error: XlsxError) -> TableError {
    match error {
        XlsxError::IoError(error) => TableError::Io(error),
        error => TableError::Format(error.to_string()),
    }
}
