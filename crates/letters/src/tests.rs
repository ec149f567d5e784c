//! Letters as they are made.

use proptest::prelude::*;

use super::*;

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn column(title: &str, align: Align, share: u16) -> Column {
    Column {
        title: title.to_owned(),
        align,
        share,
    }
}

fn english(items: usize) -> Letter {
    let account = BankAccount {
        holder: "Northwind Steel GmbH".to_owned(),
        bank: Some("Sparkasse Düsseldorf".to_owned()),
        number: "DE71 1102 2033 0123 4567 89".to_owned(),
        bic: Some("DUSSDEDDXXX".to_owned()),
    };
    let row = |place: usize| {
        vec![
            format!("INV-2026-{place:04}"),
            "27 February 2026".to_owned(),
            "29 March 2026".to_owned(),
            "12".to_owned(),
            format!("{},250.00", place + 1),
        ]
    };
    Letter {
        language: Language::English,
        letterhead: Letterhead {
            company: "Northwind Steel GmbH".to_owned(),
            address: texts(&["Rheinallee 12", "40213 Düsseldorf", "Germany"]),
            contact: texts(&["receivables@northwind.example", "+49 211 555 0100"]),
            tax_id: Some("DE123456789".to_owned()),
            account: Some(account.clone()),
            foot: texts(&[
                "Amtsgericht Düsseldorf HRB 4711",
                "Managing director: Ana Müller",
            ]),
        },
        recipient: texts(&[
            "Jiangnan Trading Co. 江南贸易有限公司",
            "Accounts payable",
            "88 Renmin Road",
            "Suzhou 215000",
            "China",
        ]),
        details: [
            ("Date", "10 April 2026"),
            ("Reference", "DN-2026-0042"),
            ("Customer", "C-1001"),
        ]
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .to_vec(),
        subject: "Second reminder: EUR 12,500.00 overdue".to_owned(),
        opening: texts(&[
            "Dear Sir or Madam,",
            "according to our books the items below are overdue. Please check whether your payment crossed this letter; if it has not been made yet, we ask you to pay within seven days. If you believe that an item is not owed, tell us which and why.",
        ]),
        table: Some(Table {
            columns: vec![
                column("Invoice", Align::Left, 24),
                column("Dated", Align::Left, 24),
                column("Due", Align::Left, 24),
                column("Days late", Align::Right, 12),
                column("Open (EUR)", Align::Right, 18),
            ],
            rows: (0..items).map(row).collect(),
        }),
        totals: vec![
            Total {
                label: "Open items".to_owned(),
                amount: "EUR 12,460.00".to_owned(),
                strong: false,
            },
            Total {
                label: "Reminder fee".to_owned(),
                amount: "EUR 40.00".to_owned(),
                strong: false,
            },
            Total {
                label: "To be paid".to_owned(),
                amount: "EUR 12,500.00".to_owned(),
                strong: true,
            },
        ],
        closing: texts(&["Yours faithfully", "Northwind Steel GmbH, Receivables"]),
        payment: Some(Payment {
            account: account.clone(),
            amount: "EUR 12,500.00".to_owned(),
            reference: "C-1001 DN-2026-0042".to_owned(),
            until: Some("17 April 2026".to_owned()),
            transfer: Some(CreditTransfer {
                bic: account.bic.clone(),
                name: account.holder.clone(),
                iban: account.number,
                cents: 1_250_000,
                purpose: None,
                remittance: RemittanceInformation::Text("C-1001 DN-2026-0042".to_owned()),
                information: None,
            }),
        }),
    }
}

fn chinese(items: usize) -> Letter {
    let account = BankAccount {
        holder: "江南钢铁贸易有限公司".to_owned(),
        bank: Some("中国工商银行苏州工业园区支行".to_owned()),
        number: "1102 0210 0900 0123 456".to_owned(),
        bic: None,
    };
    let row = |place: usize| {
        vec![
            format!("INV-2026-{place:04}"),
            "2026年2月27日".to_owned(),
            "2026年3月29日".to_owned(),
            "12".to_owned(),
            format!("{},250.00", place + 1),
        ]
    };
    Letter {
        language: Language::Chinese,
        letterhead: Letterhead {
            company: "江南钢铁贸易有限公司".to_owned(),
            address: texts(&["苏州市人民路88号", "邮编 215000"]),
            contact: texts(&["ar@jiangnan.example", "0512-5550100"]),
            tax_id: Some("91320500MA1XXXXX0K".to_owned()),
            account: Some(account.clone()),
            foot: Vec::new(),
        },
        recipient: texts(&[
            "上海远洋机械有限公司",
            "财务部 王芳 女士",
            "上海市浦东新区世纪大道100号",
            "200120",
        ]),
        details: [
            ("日期", "2026年4月10日"),
            ("编号", "DN-2026-0042"),
            ("客户编号", "C-1001"),
        ]
        .map(|(label, value)| (label.to_owned(), value.to_owned()))
        .to_vec(),
        subject: "第二次付款提醒：逾期金额 CNY 12,500.00".to_owned(),
        opening: texts(&[
            "尊敬的客户：",
            "根据我公司账面记录，下列款项已逾期。如贵公司已付款，请忽略此函；如尚未付款，请于七日内支付。若贵公司对其中任何一笔款项（包括发票“INV-2026-0001”）有异议，请告知我方具体发票号码及理由，我方将尽快核实。",
        ]),
        table: Some(Table {
            columns: vec![
                column("发票号", Align::Left, 24),
                column("开票日期", Align::Left, 24),
                column("到期日", Align::Left, 24),
                column("逾期天数", Align::Right, 12),
                column("未付金额（元）", Align::Right, 20),
            ],
            rows: (0..items).map(row).collect(),
        }),
        totals: vec![Total {
            label: "应付合计".to_owned(),
            amount: "CNY 12,500.00".to_owned(),
            strong: true,
        }],
        closing: texts(&["此致\n敬礼", "江南钢铁贸易有限公司 应收账款部"]),
        payment: Some(Payment {
            account,
            amount: "CNY 12,500.00".to_owned(),
            reference: "C-1001 DN-2026-0042".to_owned(),
            until: Some("2026年4月17日".to_owned()),
            transfer: None,
        }),
    }
}

/// Puts a letter where it can be looked at, when `LETTERS_SHOWN_IN` names a folder.
fn show(name: &str, letter: &Letter) -> Rendered {
    let rendered = render(letter).unwrap();
    if let Ok(folder) = std::env::var("LETTERS_SHOWN_IN") {
        std::fs::write(format!("{folder}/{name}.pdf"), &rendered.pdf).unwrap();
    }
    rendered
}

#[test]
fn the_same_letter_is_the_same_bytes_in_both_languages() {
    for (name, letter) in [("english", english(5)), ("chinese", chinese(5))] {
        let first = show(name, &letter);
        assert_eq!(first, render(&letter).unwrap());
        assert!(first.pdf.starts_with(b"%PDF-1.7"), "{name}");
        assert_eq!((first.pages, first.missing.len()), (1, 0), "{name}");
        assert!(first.pdf.len() < 100_000, "{name}: {}", first.pdf.len());
    }
}

#[test]
fn a_long_table_goes_on_over_pages() {
    let pages = |items| show(&format!("long-{items}"), &english(items)).pages;
    assert!(pages(60) >= 3);
    assert!(pages(500) > pages(60));
    assert_eq!(show("long-chinese", &chinese(60)).missing, []);
}

#[test]
fn a_letter_of_nothing_is_a_page() {
    let rendered = show("nothing", &Letter::default());
    assert_eq!(rendered.pages, 1);
}

#[test]
fn a_character_that_no_font_has_is_reported_once() {
    let mut letter = english(1);
    letter.recipient = texts(&["شركة", "Smile 😀 and 😀", "鎔"]);
    let rendered = show("missing", &letter);
    assert!(rendered.missing.contains(&'😀'));
    assert!(rendered.missing.contains(&'ش'));
    assert!(!rendered.missing.contains(&'S'));
}

#[test]
fn names_as_long_as_they_may_be_stay_on_the_page() {
    let mut letter = chinese(3);
    letter.recipient = vec!["上海远洋机械有限公司".repeat(20), "W".repeat(300)];
    letter.subject = "付款提醒".repeat(100);
    letter.letterhead.company = "Very Long Company Name ".repeat(20);
    letter.letterhead.address = texts(&["Street"; 40]);
    if let Some(table) = &mut letter.table {
        table.rows.push(vec!["X".repeat(2_000); 9]);
    }
    assert!(show("long-names", &letter).pages < 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_that_a_letter_says_panics(
        lines in proptest::collection::vec("\\PC{0,200}", 0..12),
        odd in proptest::collection::vec(any::<String>(), 0..6),
        shares in proptest::collection::vec(any::<u16>(), 0..25),
        items in 0_usize..40,
        chinese_words: bool,
    ) {
        let columns = shares
            .iter()
            .map(|share| column(odd.first().map_or("", String::as_str), Align::Right, *share));
        let letter = Letter {
            language: if chinese_words { Language::Chinese } else { Language::English },
            recipient: odd.clone(),
            subject: odd.concat(),
            opening: lines.clone(),
            closing: odd.clone(),
            table: Some(Table { columns: columns.collect(), rows: vec![lines.clone(); items] }),
            totals: lines.iter().map(|label| Total { label: label.clone(), amount: odd.concat(), strong: true }).collect(),
            details: lines.iter().map(|line| (line.clone(), line.clone())).collect(),
            payment: Some(Payment { reference: lines.concat(), ..Payment::default() }),
            letterhead: Letterhead { company: odd.concat(), address: lines.clone(), contact: odd, foot: lines, ..Letterhead::default() },
        };
        let rendered = render(&letter).unwrap();
        prop_assert!(rendered.pages >= 1);
    }
}
