//! What callers are told of faults, in their language.
//!
//! Rules and actions write their messages in English, with the facts in them. The catalogue `zh-CN.txt` has each of
//! them as a template with its Chinese twin; a message is recognised by its template, its facts are taken out, put into
//! Chinese where they are words themselves, and filled into the twin. So whoever adds a message adds two lines, and
//! tests see to it: one reads every message from the source, another every problem that a test is answered.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::problem::Code;
use kernel::places::Language;

const CATALOGUE: &str = include_str!("zh-CN.txt");

/// How deep facts may be messages themselves: "customer 3: must not be negative".
const DEPTH_MAX: usize = 4;

/// A fact of this name is a message itself, and must have an entry of its own.
const MESSAGE: &str = "error";

/// The text in the language; English, as it stands, when the catalogue does not know it.
pub fn told(text: &str, language: Language) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(text),
        Language::Chinese => TEMPLATES
            .translate(text, DEPTH_MAX)
            .map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// Whether the text has a Chinese one.
pub fn is_known(text: &str) -> bool {
    TEMPLATES.translate(text, DEPTH_MAX).is_some()
}

/// The texts of the catalogue in English and in Chinese, as they stand there.
fn pairs(catalogue: &str) -> Vec<(&str, &str)> {
    let mut lines = catalogue
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "));
    let mut pairs = Vec::new();
    while let (Some(english), Some(chinese)) = (lines.next(), lines.next()) {
        pairs.push((english, chinese.strip_prefix("= ").unwrap_or_default()));
    }
    pairs
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| {
    let codes = Code::ALL.iter().map(|code| {
        (
            code.template(Language::English),
            code.template(Language::Chinese),
        )
    });
    Templates::new(codes.chain(pairs(CATALOGUE)))
});

/// Templates, those with the most words of their own first: they say most exactly what a text is.
struct Templates(Vec<Template>);

/// A text with facts in it.
struct Template {
    /// What stands before, between and after the facts.
    words: Vec<&'static str>,
    facts: Vec<&'static str>,
    chinese: &'static str,
}

impl Templates {
    fn new(pairs: impl Iterator<Item = (&'static str, &'static str)>) -> Templates {
        let mut templates: Vec<Template> = pairs
            .map(|(english, chinese)| {
                let (words, facts) = taken_apart(english);
                Template {
                    words,
                    facts,
                    chinese,
                }
            })
            .collect();
        templates.sort_by_key(|template| {
            std::cmp::Reverse(
                template
                    .words
                    .iter()
                    .map(|words| words.len())
                    .sum::<usize>(),
            )
        });
        Templates(templates)
    }

    fn translate(&self, text: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        self.0.iter().find_map(|template| {
            let mut told: Vec<(&str, Cow<str>)> = Vec::new();
            for (name, fact) in template.facts.iter().zip(template.facts_in(text)?) {
                let chinese = self.translate(fact, depth);
                if chinese.is_none() && *name == MESSAGE {
                    return None;
                }
                told.push((*name, chinese.map_or(Cow::Borrowed(fact), Cow::Owned)));
            }
            Some(filled(template.chinese, |name| {
                told.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, fact)| fact.as_ref())
            }))
        })
    }
}

impl Template {
    /// The facts, when the text is of this template.
    fn facts_in<'text>(&self, text: &'text str) -> Option<Vec<&'text str>> {
        let (first, others) = self.words.split_first()?;
        let mut rest = text.strip_prefix(first)?;
        let Some((last, between)) = others.split_last() else {
            return rest.is_empty().then(Vec::new);
        };
        let mut facts = Vec::with_capacity(self.facts.len());
        for words in between {
            let (fact, after) = rest.split_once(words)?;
            facts.push(fact);
            rest = after;
        }
        facts.push(rest.strip_suffix(last)?);
        facts.iter().all(|fact| !fact.is_empty()).then_some(facts)
    }
}

/// The template with its facts in it; one that is not known stays as its name.
pub fn filled<'fact>(template: &str, fact: impl Fn(&str) -> Option<&'fact str>) -> String {
    let (words, names) = taken_apart(template);
    let mut text = String::with_capacity(template.len());
    let mut names = names.into_iter();
    for words in words {
        text.push_str(words);
        if let Some(name) = names.next() {
            text.push_str(fact(name).unwrap_or(name));
        }
    }
    text
}

/// A template's words and the names of its facts. `{% … %}` belongs to the words.
fn taken_apart(template: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut words, mut facts, mut from, mut at) = (Vec::new(), Vec::new(), 0, 0);
    while let Some(open) = template.get(at..).and_then(|rest| rest.find('{')) {
        let open = at + open;
        let inside = template.get(open + 1..).unwrap_or_default();
        let name = inside.split('}').next().unwrap_or_default();
        at = open + 1;
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            words.push(template.get(from..open).unwrap_or_default());
            facts.push(name);
            at = open + name.len() + 2;
            from = at;
        }
    }
    words.push(template.get(from..).unwrap_or_default());
    (words, facts)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_text_of_the_catalogue_has_its_twin_with_the_same_facts() {
        let lines = CATALOGUE
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("# "))
            .enumerate();
        for (place, line) in lines {
            assert_eq!(
                line.starts_with("= "),
                place % 2 == 1,
                "out of step: {line}"
            );
        }
        let mut seen = BTreeSet::new();
        for (english, chinese) in pairs(CATALOGUE) {
            let facts = |text| -> BTreeSet<&str> { taken_apart(text).1.into_iter().collect() };
            assert_eq!(facts(english), facts(chinese), "{english}");
            assert!(seen.insert(english), "twice: {english}");
            assert!(
                !taken_apart(english).0.concat().trim().is_empty(),
                "{english}"
            );
            let speaks_chinese = |c: char| !c.is_ascii();
            assert!(
                chinese.chars().any(speaks_chinese) || !english.contains(' '),
                "{chinese}"
            );
        }
    }

    #[test]
    fn a_message_is_told_with_its_facts_and_words_inside_are_told_too() {
        for (english, chinese) in [
            ("must be between 1 and 36", "必须在 1 与 36 之间"),
            ("There is no such dunning notice.", "没有这样的催收函。"),
            (
                "2.00 is more than 1.00, which is what is left",
                "2.00 超出余额 1.00",
            ),
            (
                "u-7: nobody has judged yet: ask at least one expert",
                "u-7：尚无人判断：请至少请一位专家",
            ),
            (
                "There is no such customer, or you may not see it.",
                "不存在该客户，或您无权查看。",
            ),
        ] {
            assert_eq!(told(english, Language::Chinese), chinese);
            assert_eq!(told(english, Language::English), english);
        }
    }

    #[test]
    fn an_unknown_text_stays_as_it_is() {
        assert!(!is_known("seven dragons"));
        assert_eq!(told("seven dragons", Language::Chinese), "seven dragons");
    }
}
