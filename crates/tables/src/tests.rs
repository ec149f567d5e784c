use super::*;

fn columns() -> Vec<Column> {
    [
        ("name", Kind::Text),
        ("amount", AMOUNT),
        ("day", Kind::Day),
        ("at", Kind::Instant),
        ("yes", Kind::Boolean),
        ("count", Kind::Integer),
        ("id", Kind::Id),
        ("document", Kind::Json),
    ]
    .map(|(name, kind)| Column {
        name: name.to_owned(),
        kind,
    })
    .to_vec()
}

fn written(format: Format, name: &str) -> Vec<u8> {
    let mut table = TableWriter::begin(format, "things", &columns(), Vec::new()).unwrap();
    for value in [
        Value::Text(name),
        Value::Decimal {
            digits: -1_205,
            places: 2,
        },
        Value::Day(NaiveDate::from_ymd_opt(2026, 3, 31).unwrap()),
        Value::Instant(DateTime::from_timestamp_micros(1_774_944_000_000_001).unwrap()),
        Value::Boolean(true),
        Value::Integer(7),
        Value::Id("cus", Uuid::from_u128(1)),
        Value::Json("{\"a\": [1]}"),
    ] {
        table.cell(value).unwrap();
    }
    table.end_row().unwrap();
    for _ in columns() {
        table.cell(Value::Null).unwrap();
    }
    table.end_row().unwrap();
    assert_eq!(table.count(), 2);
    table.finish().unwrap()
}

#[test]
fn csv_has_amounts_as_they_are_and_no_formulas() {
    let text = String::from_utf8(written(Format::Csv, "=1+1")).unwrap();
    assert_eq!(
        text,
        "name,amount,day,at,yes,count,id,document\r\n\
         '=1+1,-12.05,2026-03-31,2026-03-31T08:00:00.000001Z,true,7,cus_00000000000000000000000001,\
         \"{\"\"a\"\": [1]}\"\r\n,,,,,,,\r\n"
    );
}

#[test]
fn a_line_of_json_is_what_the_api_says() {
    let text = String::from_utf8(written(Format::Ndjson, "a \"b\"\n")).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["name"], "a \"b\"\n");
    assert_eq!(first["amount"], "-12.05");
    assert_eq!(first["document"]["a"][0], 1);
    assert_eq!(first["yes"], true);
    let second: serde_json::Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(second["count"], serde_json::Value::Null);
}

#[test]
fn other_forms_begin_as_they_must() {
    assert!(written(Format::Parquet, "x").starts_with(b"PAR1"));
    assert!(written(Format::Xlsx, "x").starts_with(b"PK"));
}

#[test]
fn decimals_keep_their_places() {
    for (digits, places, text) in [
        (0, 0, "0"),
        (5, 2, "0.05"),
        (-5, 3, "-0.005"),
        (100, 2, "1.00"),
        (i128::from(i64::MIN), 2, "-92233720368547758.08"),
    ] {
        let mut written = String::new();
        write_decimal(&mut written, digits, places);
        assert_eq!(written, text);
    }
}

#[test]
fn a_rate_between_currencies_far_apart_fits_into_parquet() {
    let column = [Column {
        name: "rate".to_owned(),
        kind: RATE,
    }];
    let mut table = TableWriter::begin(Format::Parquet, "rates", &column, Vec::new()).unwrap();
    // One dong in dollars, with 12 digits that count, and more digits than are kept.
    for (digits, places) in [(393_128_120_454, 16), (123_456_789_012_345, 26), (-15, 25)] {
        table.cell(Value::Decimal { digits, places }).unwrap();
        table.end_row().unwrap();
    }
    assert!(!table.finish().unwrap().is_empty());
}
