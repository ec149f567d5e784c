//! Names of payers as banks write them, compared with those of customers.

use std::collections::{BTreeMap, BTreeSet};

use super::references::cleaned;
use crate::book::customers::model::fold;
use kernel::ids::CustomerId;

/// What says only which form a company has.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "bvba",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "ek",
    "eg",
    "gbr",
    "gmbh",
    "group",
    "holding",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kgaa",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "spzoo",
    "srl",
    "srls",
    "und",
    "and",
    "ug",
    "the",
];

/// The forms of Chinese companies, the longest first.
const CHINESE_FORMS: &[&str] = &[
    "股份有限公司",
    "有限责任公司",
    "有限公司",
    "集团公司",
    "公司",
];

/// How long a name must be to be recognised by its beginning: banks cut names.
const PREFIX_CHARS_MIN: usize = 18;

/// A name without what differs from bank to bank: case, accents, punctuation, and the form of the company.
///
/// `Müller Maschinenbau GmbH & Co. KG` and `MUELLER MASCHINENBAU` are one.
pub fn normalised(name: &str) -> String {
    let folded: String = fold(name)
        .replace('ä', "ae")
        .replace('ö', "oe")
        .replace('ü', "ue")
        .replace('ß', "ss");
    let plain = CHINESE_FORMS
        .iter()
        .fold(plain_letters(&folded), |name, form| name.replace(form, " "));
    let dotless = plain.replace(['.', '\''], "");
    let words: Vec<&str> = dotless
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !LEGAL_FORMS.contains(word))
        .collect();
    words.join(" ")
}

/// Letters without their accents, as far as one letter stands for one.
fn plain_letters(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            'à' | 'á' | 'â' | 'ã' | 'å' => 'a',
            'ç' | 'č' | 'ć' => 'c',
            'è' | 'é' | 'ê' | 'ë' | 'ě' | 'ę' => 'e',
            'ì' | 'í' | 'î' | 'ï' => 'i',
            'ł' => 'l',
            'ñ' | 'ń' => 'n',
            'ò' | 'ó' | 'ô' | 'õ' | 'ø' => 'o',
            'ś' | 'š' => 's',
            'ù' | 'ú' | 'û' => 'u',
            'ý' => 'y',
            'ż' | 'ź' | 'ž' => 'z',
            other => other,
        })
        .collect()
}

/// The names and numbers of customers, to be looked up by.
#[derive(Debug, Default)]
pub struct Names {
    by_name: BTreeMap<String, BTreeSet<CustomerId>>,
    by_number: BTreeMap<String, CustomerId>,
}

impl Names {
    pub fn new<'n>(customers: impl IntoIterator<Item = (CustomerId, &'n str, &'n str)>) -> Names {
        let mut names = Names::default();
        for (id, number, name) in customers {
            let name = normalised(name);
            if !name.is_empty() {
                names.by_name.entry(name).or_default().insert(id);
            }
            names.by_number.insert(cleaned(number), id);
        }
        names
    }

    /// Whose name this is, also when the bank cut it; nobody when it is several customers'.
    pub fn find(&self, name: &str) -> Option<CustomerId> {
        let name = normalised(name);
        if name.is_empty() {
            return None;
        }
        let mut found: BTreeSet<CustomerId> = BTreeSet::new();
        if let Some(ids) = self.by_name.get(&name) {
            found.extend(ids);
        } else if name.chars().count() >= PREFIX_CHARS_MIN {
            let beginning = self.by_name.range(name.clone()..);
            let beginning = beginning.take_while(|(known, _)| known.starts_with(&name));
            found.extend(beginning.flat_map(|(_, ids)| ids));
        }
        match found.len() {
            1 => found.first().copied(),
            _ => None,
        }
    }

    /// Whose number this is, cleaned.
    pub fn find_number(&self, key: &str) -> Option<CustomerId> {
        self.by_number.get(key).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banks_write_names_in_their_own_way() {
        for (bank, customer) in [
            ("MUELLER MASCHINENBAU", "Müller Maschinenbau GmbH & Co. KG"),
            ("JIANGNAN TRADING CO.,LTD.", "Jiangnan Trading Co."),
            ("江南贸易有限公司", "江南贸易股份有限公司"),
            ("Etablissements Dupre SA", "Établissements Dupré S.A."),
        ] {
            assert_eq!(normalised(bank), normalised(customer), "{bank}");
        }
        assert_ne!(normalised("Bohai Steel"), normalised("Bohai Iron"));
    }

    #[test]
    fn a_name_of_two_customers_is_nobodys() {
        let (a, b, c) = (CustomerId::new(), CustomerId::new(), CustomerId::new());
        let names = Names::new([
            (a, "C-1", "Acme Ltd"),
            (b, "C-2", "ACME Inc."),
            (c, "C-3", "Vereinigte Stahlwerke Oberhausen AG"),
        ]);
        assert_eq!(names.find("Acme"), None);
        assert_eq!(names.find("VEREINIGTE STAHLWERKE OBER"), Some(c));
        assert_eq!(names.find("VEREINIGTE"), None);
        assert_eq!(names.find_number("C2"), Some(b));
    }
}
