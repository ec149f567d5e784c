//! Drawings of reports: plain SVG with a title, a description and text in every cell, so that it can be read aloud, in
//! black and white, and in a letter.

use std::fmt::Write as _;

use super::actions::Portfolio;
use kernel::money::Money;

const CELL_WIDTH: usize = 130;
const CELL_HEIGHT: usize = 44;
const LEFT: usize = 70;
const TOP: usize = 78;
const MARGIN: usize = 16;

/// The portfolio matrix: grades from the best down, value classes from the highest to the right; the larger the share of
/// the value in a cell, the darker it is.
pub fn matrix(portfolio: &Portfolio) -> String {
    let classes = portfolio.question.classes;
    let width = LEFT + classes * CELL_WIDTH + MARGIN;
    let height = TOP + portfolio.grades.len() * CELL_HEIGHT + MARGIN;
    let total = Money::from_minor(portfolio.matrix.value_minor, portfolio.question.currency);
    let (by, as_of) = (portfolio.question.value, portfolio.as_of);
    let title = format!("Portfolio by grade and {by}, {as_of}");
    let unknown = match portfolio.unknown {
        0 => String::new(),
        count => format!(", and {count} of whom an exchange rate is missing"),
    };
    let about = format!(
        "{} customers with {total}{unknown}. Rows are grades, the best first; columns are classes of {by}, the highest first.",
        portfolio.matrix.customers
    );
    let mut drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title about\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"about\">{}</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"15\" font-weight=\"bold\">{}</text>\n\
         <text x=\"{MARGIN}\" y=\"44\">{} customers, {total}{unknown}</text>\n",
        escaped(&title),
        escaped(&about),
        escaped(&title),
        portfolio.matrix.customers,
    );
    for class in 0..classes {
        let x = LEFT + class * CELL_WIDTH + CELL_WIDTH / 2;
        let label = match class {
            0 => "highest values".to_owned(),
            class if class + 1 == classes => "lowest values".to_owned(),
            class => format!("class {}", class + 1),
        };
        let y = TOP - 10;
        let _ = writeln!(
            drawing,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{label}</text>"
        );
    }
    for (row, grade) in portfolio.grades.iter().enumerate() {
        let y = TOP + row * CELL_HEIGHT + CELL_HEIGHT / 2 + 5;
        let grade = escaped(grade);
        let _ = writeln!(
            drawing,
            "<text x=\"{MARGIN}\" y=\"{y}\" font-weight=\"bold\">{grade}</text>"
        );
    }
    cells(portfolio, total, &mut drawing);
    drawing.push_str("</svg>\n");
    drawing
}

fn cells(portfolio: &Portfolio, total: Money, drawing: &mut String) {
    let classes = portfolio.question.classes.max(1);
    for (place, cell) in portfolio.matrix.cells.iter().enumerate() {
        let x = LEFT + (place % classes) * CELL_WIDTH;
        let y = TOP + (place / classes) * CELL_HEIGHT;
        let percent = percent(cell.value_minor, total.minor());
        // From white to a blue on which black can still be read.
        let (red, green) = (255 - percent * 155 / 100, 255 - percent * 95 / 100);
        let value = Money::from_minor(cell.value_minor, total.currency());
        let count = cell.customers.len();
        let (middle, upper, lower) = (x + CELL_WIDTH / 2, y + 19, y + 35);
        let (grade, class) = (escaped(&cell.band), cell.value_class);
        let _ = write!(
            drawing,
            "<g><title>{grade}, class {class}: {count} customers, {value}</title>\
             <rect x=\"{x}\" y=\"{y}\" width=\"{CELL_WIDTH}\" height=\"{CELL_HEIGHT}\" \
             fill=\"rgb({red},{green},255)\" stroke=\"#666666\"/>"
        );
        if count > 0 {
            let _ = write!(
                drawing,
                "<text x=\"{middle}\" y=\"{upper}\" text-anchor=\"middle\">{count}</text>\
                 <text x=\"{middle}\" y=\"{lower}\" text-anchor=\"middle\" font-size=\"11\">{percent} %</text>"
            );
        }
        drawing.push_str("</g>\n");
    }
}

/// A part of the whole in percent, rounded down; 0 of nothing.
fn percent(part: i64, whole: i64) -> i64 {
    let percent = (i128::from(part) * 100)
        .checked_div(i128::from(whole))
        .unwrap_or(0);
    i64::try_from(percent.clamp(0, 100)).unwrap_or(0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_percents_and_text_is_no_markup() {
        assert_eq!(percent(1, 3), 33);
        assert_eq!(percent(5, 0), 0);
        assert_eq!(percent(i64::MAX, i64::MAX), 100);
        assert_eq!(escaped("A<b>&"), "A&lt;b&gt;&amp;");
    }
}
