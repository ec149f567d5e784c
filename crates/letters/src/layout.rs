//! Where everything stands on the pages.

use std::collections::BTreeSet;

use qrcode::{Color, EcLevel, QrCode};

use crate::epc;
use crate::fonts::{Fonts, Glyph};
use crate::model::{Align, BankAccount, Column, Letter, Payment, Table, Total};
use crate::page::{HEIGHT, Mark, Page, WIDTH};
use crate::text::{Setter, Style};
use crate::words::{self, Words};

/// 25 mm and 20 mm, so that the letter can be punched.
const LEFT: i32 = 1_417;
const RIGHT: i32 = WIDTH - 1_134;
const CONTENT: i32 = RIGHT - LEFT;
const TOP: i32 = 850;
/// Where the text of a page ends and its foot begins.
const BOTTOM: i32 = HEIGHT - 1_900;
/// Where the window of an envelope shows the recipient (DIN 5008, form B).
const ADDRESS_TOP: i32 = 2_780;
const ADDRESS_WIDTH: i32 = 4_600;
const DETAILS_LEFT: i32 = LEFT + 5_500;
/// Where the subject stands at the highest.
const SUBJECT_TOP: i32 = 5_100;

const TITLE: Style = Style::of(300).bold();
const SUBJECT: Style = Style::of(230).bold();
const TEXT: Style = Style::of(200);
const CELL: Style = Style::of(180);
const HEAD: Style = CELL.bold();
const SMALL: Style = Style::of(150).grey();
const TINY: Style = Style::of(140).grey();

/// The most lines of a cell, so that a row fits onto a page.
const CELL_LINES_MAX: usize = 30;
const CELL_GAP: i32 = 140;
const ROW_GAP: i32 = 70;

/// The pages of a letter, and the characters that no font has.
pub fn lay_out(fonts: &Fonts, letter: &Letter) -> (Vec<Page>, BTreeSet<char>) {
    let mut sheet = Sheet {
        letter,
        words: words::of(letter.language),
        setter: Setter {
            fonts,
            language: letter.language,
            missing: BTreeSet::new(),
        },
        full: Vec::new(),
        page: Page::default(),
        y: TOP,
    };
    sheet.head();
    sheet.subject();
    sheet.paragraphs(&letter.opening);
    if let Some(table) = &letter.table {
        sheet.table(table);
    }
    sheet.totals(&letter.totals);
    sheet.paragraphs(&letter.closing);
    if let Some(payment) = &letter.payment {
        sheet.payment(payment);
    }
    sheet.finish()
}

/// A letter while it is laid out.
struct Sheet<'a> {
    letter: &'a Letter,
    words: &'static Words,
    setter: Setter<'a>,
    /// The pages that are full.
    full: Vec<Page>,
    page: Page,
    /// Down to where the page is written.
    y: i32,
}

impl Sheet<'_> {
    /// Lines one below the other; gives where they end.
    fn block(&mut self, x: i32, y: i32, style: Style, width: i32, lines: &[Vec<Glyph>]) -> i32 {
        let _ = width;
        let mut y = y;
        for line in lines {
            self.page.write(x, y, style, line.clone());
            y += style.leading();
        }
        y
    }

    fn one_line(&mut self, text: &str, style: Style, width: i32) -> Vec<Glyph> {
        let lines = self.setter.lines(text, style, width, 1);
        lines.into_iter().next().unwrap_or_default()
    }

    /// Texts, each in one line or more, and no more than `lines_max` in all.
    fn set_all(
        &mut self,
        texts: &[String],
        style: Style,
        width: i32,
        lines_max: usize,
    ) -> Vec<Vec<Glyph>> {
        let mut lines = Vec::new();
        for text in texts.iter().take(lines_max) {
            lines.extend(self.setter.lines(text, style, width, lines_max));
        }
        lines.truncate(lines_max);
        lines
    }

    /// Letterhead, recipient and details.
    fn head(&mut self) {
        let letter = self.letter;
        let head = &letter.letterhead;
        let name = self.setter.lines(&head.company, TITLE, 5_600, 3);
        let name_end = self.block(LEFT, TOP, TITLE, 5_600, &name);
        let mut right = head.address.clone();
        right.extend(head.contact.iter().cloned());
        let lines = self.set_all(&right, SMALL, 3_400, 8);
        let mut y = TOP + 40;
        for line in lines {
            self.page.write_to(RIGHT, y, SMALL, line);
            y += SMALL.leading();
        }
        let rule = name_end.max(y) + 60;
        self.page.rule(LEFT, rule, CONTENT, true);

        let address_top = ADDRESS_TOP.max(rule + 500);
        let mut sender = vec![head.company.clone()];
        sender.extend(head.address.iter().cloned());
        let sender = self.one_line(&sender.join(" · "), TINY, ADDRESS_WIDTH);
        self.page.write(LEFT, address_top - 260, TINY, sender);
        let recipient = self.set_all(&letter.recipient, TEXT, ADDRESS_WIDTH, 10);
        let recipient_end = self.block(LEFT, address_top, TEXT, ADDRESS_WIDTH, &recipient);
        let details_end = self.details(address_top);
        self.y = SUBJECT_TOP.max(recipient_end.max(details_end) + 500);
    }

    fn details(&mut self, top: i32) -> i32 {
        let mut y = top;
        for (label, value) in self.letter.details.iter().take(10) {
            let label = self.one_line(label, SMALL, 1_600);
            self.page.write(DETAILS_LEFT, y + 30, SMALL, label);
            let value_left = DETAILS_LEFT + 1_700;
            let width = RIGHT - value_left;
            let value = self.setter.lines(value, CELL, width, 2);
            y = self.block(value_left, y, CELL, width, &value);
        }
        y
    }

    fn subject(&mut self) {
        let subject = &self.letter.subject;
        let lines = self.setter.lines(subject, SUBJECT, CONTENT, 6);
        self.y = self.block(LEFT, self.y, SUBJECT, CONTENT, &lines) + 160;
    }

    fn paragraphs(&mut self, paragraphs: &[String]) {
        for paragraph in paragraphs {
            let lines = self.setter.lines(paragraph, TEXT, CONTENT, usize::MAX);
            for line in lines {
                self.make_room(TEXT.leading());
                self.page.write(LEFT, self.y, TEXT, line);
                self.y += TEXT.leading();
            }
            self.y += 130;
        }
    }

    /// Turns the page when there is too little room on it.
    fn make_room(&mut self, height: i32) -> bool {
        let turns = self.y + height > BOTTOM;
        if turns {
            self.turn();
        }
        turns
    }

    /// Begins a page, with who writes about what at its top.
    fn turn(&mut self) {
        self.full.push(std::mem::take(&mut self.page));
        let letter = self.letter;
        let company = self.one_line(&letter.letterhead.company, SMALL, CONTENT / 2 - 100);
        self.page.write(LEFT, TOP, SMALL, company);
        let subject = self.one_line(&letter.subject, SMALL, CONTENT / 2 - 100);
        self.page.write_to(RIGHT, TOP, SMALL, subject);
        self.page
            .rule(LEFT, TOP + SMALL.leading() + 40, CONTENT, false);
        self.y = TOP + SMALL.leading() + 300;
    }

    fn table(&mut self, table: &Table) {
        let places = columns(&table.columns);
        if places.is_empty() {
            return;
        }
        self.y += 60;
        let titles: Vec<String> = table.columns.iter().map(|of| of.title.clone()).collect();
        // A head is not left alone at the bottom.
        self.make_room(3 * CELL.leading() + 4 * ROW_GAP);
        self.table_head(&places, &titles);
        for row in &table.rows {
            let cells = self.cells(&places, row, CELL);
            let height = height_of(&cells, CELL);
            if self.make_room(height + ROW_GAP) {
                self.table_head(&places, &titles);
            }
            self.row(&places, cells, CELL);
            self.page.rule(LEFT, self.y, CONTENT, false);
            self.y += ROW_GAP;
        }
        self.y += 100;
    }

    fn table_head(&mut self, places: &[Place], titles: &[String]) {
        let cells = self.cells(places, titles, HEAD);
        self.row(places, cells, HEAD);
        self.page.rule(LEFT, self.y, CONTENT, true);
        self.y += ROW_GAP;
    }

    fn cells(&mut self, places: &[Place], texts: &[String], style: Style) -> Vec<Vec<Vec<Glyph>>> {
        let empty = String::new();
        let texts = texts.iter().chain(std::iter::repeat(&empty));
        let cells = places.iter().zip(texts);
        cells
            .map(|(place, text)| self.setter.lines(text, style, place.width, CELL_LINES_MAX))
            .collect()
    }

    fn row(&mut self, places: &[Place], cells: Vec<Vec<Vec<Glyph>>>, style: Style) {
        let height = height_of(&cells, style);
        for (place, lines) in places.iter().zip(cells) {
            let mut y = self.y;
            for line in lines {
                match place.align {
                    Align::Left => self.page.write(place.x, y, style, line),
                    Align::Right => self.page.write_to(place.x + place.width, y, style, line),
                }
                y += style.leading();
            }
        }
        self.y += height + ROW_GAP;
    }

    fn totals(&mut self, totals: &[Total]) {
        let label_left = LEFT + CONTENT / 2;
        for total in totals {
            let style = if total.strong { TEXT.bold() } else { TEXT };
            let label = self.setter.lines(&total.label, style, 2_500, 3);
            let amount = self.one_line(&total.amount, style, 2_000);
            let lines = i32::try_from(label.len().max(1)).unwrap_or(1);
            let height = lines * style.leading();
            self.make_room(height + 100);
            if total.strong {
                self.page
                    .rule(label_left, self.y, RIGHT - label_left, false);
                self.y += 50;
            }
            self.block(label_left, self.y, style, 2_500, &label);
            self.page.write_to(RIGHT, self.y, style, amount);
            self.y += height + 40;
        }
        if !totals.is_empty() {
            self.y += 240;
        }
    }

    /// The box that says how to pay; it stays on one page.
    fn payment(&mut self, payment: &Payment) {
        let words = self.words;
        let code = payment.transfer.as_ref().and_then(code_rows);
        let width = if code.is_some() { 6_600 } else { CONTENT - 400 };
        let account = &payment.account;
        let mut rows = vec![(words.holder, account.holder.clone())];
        rows.extend(account.bank.iter().map(|bank| (words.bank, bank.clone())));
        rows.push((account_label(words, account), account.number.clone()));
        rows.extend(account.bic.iter().map(|bic| (words.bic, bic.clone())));
        rows.push((words.amount, payment.amount.clone()));
        rows.push((words.reference, payment.reference.clone()));
        rows.extend(
            payment
                .until
                .iter()
                .map(|day| (words.pay_until, day.clone())),
        );
        let mut set = Vec::new();
        let mut height = 500 + HEAD.leading();
        for (label, value) in rows.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let label = self.one_line(label, SMALL, 1_500);
            let value = self.setter.lines(value, CELL, width - 1_700, 3);
            let lines = i32::try_from(value.len()).unwrap_or(1);
            height += lines * CELL.leading();
            set.push((label, value));
        }
        let code_side = 1_900;
        if code.is_some() {
            height = height.max(code_side + 700);
        }
        self.make_room(height + 100);
        let top = self.y;
        self.page.marks.push(Mark::Frame {
            x: LEFT,
            y: top,
            width: CONTENT,
            height,
        });
        let title = self.one_line(words.payment, HEAD, width);
        self.page.write(LEFT + 200, top + 150, HEAD, title);
        let mut y = top + 250 + HEAD.leading();
        for (label, value) in set {
            self.page.write(LEFT + 200, y + 25, SMALL, label);
            y = self.block(LEFT + 1_900, y, CELL, width, &value);
        }
        if let Some(rows) = code {
            self.code(rows, top, code_side);
        }
        self.y = top + height + 200;
    }

    fn code(&mut self, rows: Vec<Vec<bool>>, top: i32, side: i32) {
        let modules = i32::try_from(rows.len()).unwrap_or(1).max(1);
        let module = (side / modules).max(1);
        let side = module * modules;
        let x = RIGHT - 250 - side;
        let caption = self.one_line(self.words.scan, TINY, side + 400);
        let width = crate::text::width_of(&caption, TINY);
        self.page.marks.push(Mark::Code {
            x,
            y: top + 200,
            module,
            rows,
        });
        let middle = x + side / 2 - width / 2;
        self.page.write(middle, top + 280 + side, TINY, caption);
    }

    /// Writes the feet, now that it is known how many pages there are.
    fn finish(mut self) -> (Vec<Page>, BTreeSet<char>) {
        self.full.push(std::mem::take(&mut self.page));
        let mut pages = std::mem::take(&mut self.full);
        let count = pages.len();
        let columns = self.foot_columns();
        for (number, page) in (1..).zip(&mut pages) {
            page.rule(LEFT, BOTTOM + 300, CONTENT, false);
            for (x, lines) in &columns {
                let mut y = BOTTOM + 360;
                for line in lines {
                    page.write(*x, y, TINY, line.clone());
                    y += TINY.leading();
                }
            }
            let text = words::page_of(self.letter.language, number, count);
            let text = self.one_line(&text, TINY, 3_000);
            page.write_to(RIGHT, BOTTOM + 360 + 5 * TINY.leading(), TINY, text);
        }
        (pages, self.setter.missing)
    }

    fn foot_columns(&mut self) -> Vec<(i32, Vec<Vec<Glyph>>)> {
        let head = &self.letter.letterhead;
        let mut who = vec![head.company.clone()];
        who.extend(head.address.iter().cloned());
        let mut money = Vec::new();
        if let Some(account) = &head.account {
            let label = account_label(self.words, account);
            money.extend(account.bank.clone());
            money.push(format!("{label} {}", account.number));
            money.extend(account.bic.iter().map(|bic| format!("BIC {bic}")));
        }
        let mut law = Vec::new();
        law.extend(
            head.tax_id
                .iter()
                .map(|id| format!("{} {id}", self.words.tax_id)),
        );
        law.extend(head.foot.iter().cloned());
        let width = CONTENT / 3 - 150;
        [(0, who), (1, money), (2, law)]
            .into_iter()
            .map(|(place, texts)| {
                let lines = self.set_all(&texts, TINY, width, 5);
                (LEFT + place * CONTENT / 3, lines)
            })
            .collect()
    }
}

/// Where a column stands.
struct Place {
    x: i32,
    width: i32,
    align: Align,
}

/// The columns beside each other, with gaps between.
fn columns(of: &[Column]) -> Vec<Place> {
    let shares: i32 = of
        .iter()
        .map(|column| i32::from(column.share.clamp(1, 1000)))
        .sum();
    let gaps = CELL_GAP * i32::try_from(of.len().saturating_sub(1)).unwrap_or(0);
    let room = (CONTENT - gaps).max(0);
    let mut x = LEFT;
    let mut places = Vec::new();
    for column in of.iter().take(20) {
        let width = room * i32::from(column.share.clamp(1, 1000)) / shares.max(1);
        places.push(Place {
            x,
            width,
            align: column.align,
        });
        x += width + CELL_GAP;
    }
    places
}

fn height_of(cells: &[Vec<Vec<Glyph>>], style: Style) -> i32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
    i32::try_from(lines).unwrap_or(1).max(1) * style.leading()
}

/// An account's number is called what it is.
fn account_label(words: &Words, account: &BankAccount) -> &'static str {
    let number = account.number.trim();
    let is_iban = number.chars().take(2).all(|one| one.is_ascii_alphabetic())
        && number
            .chars()
            .skip(2)
            .take(2)
            .all(|one| one.is_ascii_digit());
    if is_iban {
        "IBAN"
    } else {
        words.account_number
    }
}

/// The code of a transfer, row by row; none when the guidelines do not allow it.
fn code_rows(transfer: &epc::CreditTransfer) -> Option<Vec<Vec<bool>>> {
    let payload = epc::payload(transfer).ok()?;
    let code = QrCode::with_error_correction_level(payload.as_bytes(), EcLevel::M).ok()?;
    let colors = code.to_colors();
    let rows = colors.chunks(code.width().max(1));
    Some(
        rows.map(|row| row.iter().map(|one| *one == Color::Dark).collect())
            .collect(),
    )
}
