//! Bank accounts of our own, and statements of them as banks send them.

use serde_json::json;

use super::{AnImport, Reply, TestApp, upload};

/// The account of ours to which tests' customers pay.
pub const OWN: &str = "DE89370400440532013000";

/// Sets up a bank account, and gives its id.
pub fn a_bank_account(app: &TestApp, currency: &str) -> String {
    let body = json!({"number": OWN, "currency": currency, "name": "Main account"});
    app.finance()
        .post("/v1/bank-accounts", body)
        .expect(201)
        .id()
}

/// A camt.053 of a day with an opening balance of 1,000.00.
pub fn a_statement_of(day: &str, currency: &str) -> ACamt {
    ACamt {
        id: format!("S-{day}"),
        account: OWN.to_owned(),
        day: day.to_owned(),
        currency: currency.to_owned(),
        opening_minor: 100_000,
        net_minor: 0,
        entries: Vec::new(),
        closing_minor: None,
    }
}

/// A statement that is being written.
#[derive(Clone)]
pub struct ACamt {
    id: String,
    account: String,
    day: String,
    currency: String,
    opening_minor: i64,
    net_minor: i64,
    entries: Vec<String>,
    closing_minor: Option<i64>,
}

/// A payment that is being described.
#[derive(Clone, Default)]
pub struct APayment {
    minor: i64,
    text: String,
    references: Vec<String>,
    payer: String,
    account: String,
    own_id: String,
    bank_reference: Option<String>,
    is_out: bool,
    is_returned: bool,
    value_day: Option<String>,
}

/// Money that came in, such as `"125.00"`, with what the payer wrote.
pub fn a_payment(amount: &str, text: &str) -> APayment {
    APayment {
        minor: minor(amount),
        text: text.to_owned(),
        ..APayment::default()
    }
}

fn minor(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap()
}

fn written(minor: i64) -> String {
    format!("{}.{:02}", minor.abs() / 100, minor.abs() % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

impl APayment {
    #[must_use]
    pub fn by(mut self, payer: &str) -> Self {
        payer.clone_into(&mut self.payer);
        self
    }

    #[must_use]
    pub fn from(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// In a field for references.
    #[must_use]
    pub fn with_reference(mut self, reference: &str) -> Self {
        self.references.push(reference.to_owned());
        self
    }

    /// By the payer's own reference, which goes from end to end.
    #[must_use]
    pub fn named(mut self, own_id: &str) -> Self {
        own_id.clone_into(&mut self.own_id);
        self
    }

    #[must_use]
    pub fn with_bank_reference(mut self, reference: &str) -> Self {
        self.bank_reference = Some(reference.to_owned());
        self
    }

    #[must_use]
    pub fn valued(mut self, day: &str) -> Self {
        self.value_day = Some(day.to_owned());
        self
    }

    /// Money that went out.
    #[must_use]
    pub fn going_out(mut self) -> Self {
        self.is_out = true;
        self
    }

    /// What went the other way before.
    #[must_use]
    pub fn returned(mut self) -> Self {
        self.is_returned = true;
        self
    }

    fn details(&self, currency: &str) -> String {
        let told = |reference: &String| {
            let reference = escaped(reference);
            format!("<Strd><CdtrRefInf><Ref>{reference}</Ref></CdtrRefInf></Strd>")
        };
        let references: Vec<String> = self.references.iter().map(told).collect();
        let references = references.concat();
        let account = if self.account.is_empty() {
            String::new()
        } else {
            format!(
                "<DbtrAcct><Id><IBAN>{}</IBAN></Id></DbtrAcct>",
                self.account
            )
        };
        format!(
            "<TxDtls><Refs><EndToEndId>{}</EndToEndId></Refs><Amt Ccy=\"{currency}\">{}</Amt>\
             <RltdPties><Dbtr><Pty><Nm>{}</Nm></Pty></Dbtr>{account}</RltdPties>\
             <RmtInf><Ustrd>{}</Ustrd>{references}</RmtInf></TxDtls>",
            if self.own_id.is_empty() {
                "NOTPROVIDED"
            } else {
                &self.own_id
            },
            written(self.minor),
            escaped(&self.payer),
            escaped(&self.text),
        )
    }
}

impl ACamt {
    #[must_use]
    pub fn called(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    #[must_use]
    pub fn of_account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    #[must_use]
    pub fn opening(mut self, amount: &str) -> Self {
        self.opening_minor = minor(amount);
        self
    }

    /// Says this closing balance, whatever it should be.
    #[must_use]
    pub fn claiming(mut self, amount: &str) -> Self {
        self.closing_minor = Some(minor(amount));
        self
    }

    #[must_use]
    pub fn with(self, payment: APayment) -> Self {
        self.batch(&[payment])
    }

    /// One booking of several payments.
    #[must_use]
    pub fn batch(mut self, payments: &[APayment]) -> Self {
        let first = &payments[0];
        let sum: i64 = payments.iter().map(|payment| payment.minor).sum();
        // What is returned goes the other way.
        let goes_out = first.is_out != first.is_returned;
        self.net_minor += if goes_out { -sum } else { sum };
        let details: String = payments
            .iter()
            .map(|one| one.details(&self.currency))
            .collect();
        let reference = first
            .bank_reference
            .as_ref()
            .map(|reference| format!("<AcctSvcrRef>{reference}</AcctSvcrRef>"))
            .unwrap_or_default();
        let value = first.value_day.as_ref().unwrap_or(&self.day);
        self.entries.push(format!(
            "<Ntry><Amt Ccy=\"{}\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><RvslInd>{}</RvslInd><Sts><Cd>BOOK</Cd></Sts>\
             <BookgDt><Dt>{}</Dt></BookgDt><ValDt><Dt>{value}</Dt></ValDt>{reference}<NtryDtls>{details}</NtryDtls></Ntry>",
            self.currency,
            written(sum),
            if goes_out { "DBIT" } else { "CRDT" },
            first.is_returned,
            self.day,
        ));
        self
    }

    pub fn text(&self) -> String {
        let closing = self
            .closing_minor
            .unwrap_or(self.opening_minor + self.net_minor);
        let balance = |code: &str, minor: i64| {
            format!(
                "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{}\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>\
                 <Dt><Dt>{}</Dt></Dt></Bal>",
                self.currency,
                written(minor),
                if minor < 0 { "DBIT" } else { "CRDT" },
                self.day
            )
        };
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\
             <BkToCstmrStmt><GrpHdr><MsgId>{id}</MsgId></GrpHdr><Stmt><Id>{id}</Id>\
             <Acct><Id><IBAN>{}</IBAN></Id><Ccy>{}</Ccy></Acct>{}{}\n{}\n</Stmt></BkToCstmrStmt></Document>\n",
            self.account,
            self.currency,
            balance("OPBD", self.opening_minor),
            balance("CLBD", closing),
            self.entries.join("\n"),
            id = self.id,
        )
    }

    /// The same entries as a camt.054, which has no balances.
    pub fn as_notification(&self) -> String {
        let text = self.text();
        let (head, rest) = text.split_once("<Bal>").unwrap();
        let (_, tail) = rest.rsplit_once("</Bal>").unwrap();
        format!("{head}{tail}")
            .replace("camt.053", "camt.054")
            .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
            .replace("<Stmt>", "<Ntfctn>")
            .replace("</Stmt>", "</Ntfctn>")
    }
}

/// A file of statements to be sent.
pub fn statement(text: impl AsRef<[u8]>) -> AnImport {
    upload("/v1/bank-statements", text)
}

/// Sends a statement by the head of finance, and gives the job once it has ended.
#[track_caller]
pub fn send(app: &TestApp, text: impl AsRef<[u8]>) -> Reply {
    let job = statement(text).run(&app.finance());
    assert_eq!(job["status"], "succeeded", "{}", job.text);
    job
}
