//! The code for a SEPA credit transfer that a banking app scans: EPC069-12, "Quick Response Code: Guidelines to Enable
//! Data Capture for the Initiation of a SEPA Credit Transfer".

use iban::Iban;

/// The most that the code may hold.
const BYTES_MAX: usize = 331;

/// The largest amount: 999,999,999.99.
const CENTS_MAX: u64 = 99_999_999_999;

/// What the payer says to the payee: one or the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RemittanceInformation {
    #[default]
    None,
    /// A creditor reference, such as `RF18539007547034`.
    Structured(String),
    Text(String),
}

/// A credit transfer in EUR.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreditTransfer {
    /// May be absent within the European Economic Area.
    pub bic: Option<String>,
    pub name: String,
    pub iban: String,
    /// In cents.
    pub cents: u64,
    /// A purpose code of four letters at most, such as `CHAR`.
    pub purpose: Option<String>,
    pub remittance: RemittanceInformation,
    /// What the app shows the payer.
    pub information: Option<String>,
}

/// Why the guidelines do not allow a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpcError {
    Bic,
    Name,
    Iban,
    Amount,
    Purpose,
    Remittance,
    Information,
    TooLong,
}

impl std::fmt::Display for EpcError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            EpcError::Bic => "the BIC must have 8 or 11 letters and digits",
            EpcError::Name => "the name must have 1 to 70 characters in one line",
            EpcError::Iban => "the IBAN must be one, with its check digits",
            EpcError::Amount => "the amount must be from 0.01 to 999999999.99",
            EpcError::Purpose => "the purpose must have 4 letters or digits at most",
            EpcError::Remittance => {
                "the reference must have 25 characters, or 140 as text, at most"
            }
            EpcError::Information => "the information must have 70 characters in one line at most",
            EpcError::TooLong => "the code must have 331 bytes at most",
        })
    }
}

impl std::error::Error for EpcError {}

/// Whether a text is an IBAN, by the registry of its countries' forms and its check digits (ISO 13616). Spaces are not expected.
pub fn is_iban(text: &str) -> bool {
    let is_plain = text.bytes().all(|one| one.is_ascii_alphanumeric());
    is_plain && text.to_ascii_uppercase().parse::<Iban>().is_ok()
}

/// Whether a text is one line of so many characters at most.
fn fits(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// Cents as the guidelines write them: `EUR12.3`, `EUR1`.
fn amount(cents: u64) -> String {
    let (whole, part) = (cents / 100, cents % 100);
    match part {
        0 => format!("EUR{whole}"),
        part if part.is_multiple_of(10) => format!("EUR{whole}.{}", part / 10),
        part => format!("EUR{whole}.{part:02}"),
    }
}

/// What the code says: version 002, in UTF-8, a line for each element; empty ones at the end are left out.
///
/// # Errors
/// When the guidelines do not allow it.
pub fn payload(transfer: &CreditTransfer) -> Result<String, EpcError> {
    let squeezed = |text: &str| -> String {
        let kept = text.chars().filter(|one| !one.is_whitespace());
        kept.collect::<String>().to_ascii_uppercase()
    };
    let bic = squeezed(transfer.bic.as_deref().unwrap_or_default());
    let is_code = bic.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_code || ![0, 8, 11].contains(&bic.len()) {
        return Err(EpcError::Bic);
    }
    let name = transfer.name.trim();
    if name.is_empty() || !fits(name, 70) {
        return Err(EpcError::Name);
    }
    let iban = squeezed(&transfer.iban);
    if !is_iban(&iban) {
        return Err(EpcError::Iban);
    }
    if transfer.cents == 0 || transfer.cents > CENTS_MAX {
        return Err(EpcError::Amount);
    }
    let purpose = transfer.purpose.as_deref().unwrap_or_default();
    if purpose.len() > 4 || !purpose.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(EpcError::Purpose);
    }
    let (structured, text) = match &transfer.remittance {
        RemittanceInformation::None => ("", ""),
        RemittanceInformation::Structured(reference) if fits(reference, 25) => {
            (reference.as_str(), "")
        }
        RemittanceInformation::Text(text) if fits(text, 140) => ("", text.as_str()),
        _ => return Err(EpcError::Remittance),
    };
    let information = transfer.information.as_deref().unwrap_or_default();
    if !fits(information, 70) {
        return Err(EpcError::Information);
    }
    let euros = amount(transfer.cents);
    let lines = [
        "BCD",
        "002",
        "1",
        "SCT",
        &bic,
        name,
        &iban,
        &euros,
        purpose,
        structured,
        text,
        information,
    ];
    let payload = lines.join("\n").trim_end_matches('\n').to_owned();
    if payload.len() > BYTES_MAX {
        return Err(EpcError::TooLong);
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the guidelines, the Red Cross of Belgium, in version 002.
    #[test]
    fn the_example_of_the_guidelines_is_written_as_they_write_it() {
        let transfer = CreditTransfer {
            bic: Some("BPOTBEB1".to_owned()),
            name: "Red Cross of Belgium".to_owned(),
            iban: "BE72 0000 0000 1616".to_owned(),
            cents: 100,
            purpose: Some("CHAR".to_owned()),
            remittance: RemittanceInformation::Text("Urgency fund".to_owned()),
            information: Some("Sample EPC QR Code".to_owned()),
        };
        assert_eq!(
            payload(&transfer).unwrap(),
            "BCD\n002\n1\nSCT\nBPOTBEB1\nRed Cross of Belgium\nBE72000000001616\nEUR1\nCHAR\n\nUrgency fund\nSample EPC QR Code"
        );
    }

    #[test]
    fn a_creditor_reference_has_its_own_line_and_nothing_follows() {
        let transfer = CreditTransfer {
            bic: Some("BHBLDEHHXXX".to_owned()),
            name: "Franz Mustermänn".to_owned(),
            iban: "DE71110220330123456789".to_owned(),
            cents: 1_230,
            purpose: Some("GDDS".to_owned()),
            remittance: RemittanceInformation::Structured("RF18539007547034".to_owned()),
            information: None,
        };
        assert_eq!(
            payload(&transfer).unwrap(),
            "BCD\n002\n1\nSCT\nBHBLDEHHXXX\nFranz Mustermänn\nDE71110220330123456789\nEUR12.3\nGDDS\nRF18539007547034"
        );
    }

    #[test]
    fn what_the_guidelines_do_not_allow_is_refused() {
        let good = CreditTransfer {
            name: "Red Cross".to_owned(),
            iban: "BE72000000001616".to_owned(),
            cents: 1,
            ..CreditTransfer::default()
        };
        assert_eq!(
            payload(&good).unwrap(),
            "BCD\n002\n1\nSCT\n\nRed Cross\nBE72000000001616\nEUR0.01"
        );
        let refused = |change: fn(&mut CreditTransfer)| {
            let mut transfer = good.clone();
            change(&mut transfer);
            payload(&transfer).unwrap_err()
        };
        assert_eq!(refused(|t| t.cents = 0), EpcError::Amount);
        assert_eq!(refused(|t| t.cents = CENTS_MAX + 1), EpcError::Amount);
        assert_eq!(
            refused(|t| t.iban = "BE73000000001616".into()),
            EpcError::Iban
        );
        assert_eq!(refused(|t| t.name = "a\nEUR9".into()), EpcError::Name);
        assert_eq!(refused(|t| t.name = "n".repeat(71)), EpcError::Name);
        assert_eq!(refused(|t| t.bic = Some("SHORT".into())), EpcError::Bic);
        assert_eq!(
            refused(|t| t.purpose = Some("CHARS".into())),
            EpcError::Purpose
        );
        let long = |t: &mut CreditTransfer| {
            t.remittance = RemittanceInformation::Text("中".repeat(140));
        };
        assert_eq!(refused(long), EpcError::TooLong);
    }

    proptest! {
        #[test]
        fn nothing_that_is_given_panics(name in ".*", iban in ".*", bic in ".*", text in ".*", cents: u64) {
            let transfer = CreditTransfer {
                bic: Some(bic), name, iban, cents, purpose: None,
                remittance: RemittanceInformation::Text(text), information: None,
            };
            let _ = payload(&transfer);
        }

        #[test]
        fn an_amount_says_its_cents(cents in 1..=CENTS_MAX) {
            let written = amount(cents);
            let number = written.strip_prefix("EUR").unwrap();
            let (whole, part) = number.split_once('.').unwrap_or((number, ""));
            let part = format!("{part:0<2}");
            prop_assert_eq!(whole.parse::<u64>().unwrap() * 100 + part.parse::<u64>().unwrap(), cents);
        }
    }
}
