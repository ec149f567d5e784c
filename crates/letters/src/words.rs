//! The words that are the same in every letter.

use crate::model::Language;

/// The fixed words in one language.
pub struct Words {
    pub tax_id: &'static str,
    pub bank: &'static str,
    pub account_number: &'static str,
    pub bic: &'static str,
    pub holder: &'static str,
    pub amount: &'static str,
    pub reference: &'static str,
    pub pay_until: &'static str,
    pub payment: &'static str,
    pub scan: &'static str,
}

const ENGLISH: Words = Words {
    tax_id: "VAT ID",
    bank: "Bank",
    account_number: "Account",
    bic: "BIC",
    holder: "Payable to",
    amount: "Amount",
    reference: "Reference",
    pay_until: "Pay by",
    payment: "Payment",
    scan: "Scan to pay",
};

const CHINESE: Words = Words {
    tax_id: "税号",
    bank: "开户银行",
    account_number: "账号",
    bic: "BIC",
    holder: "收款人",
    amount: "金额",
    reference: "付款附言",
    pay_until: "付款期限",
    payment: "付款信息",
    scan: "扫码付款",
};

/// The words of a language.
pub const fn of(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    }
}

/// "Page 1 of 3".
pub fn page_of(language: Language, page: usize, pages: usize) -> String {
    match language {
        Language::English => format!("Page {page} of {pages}"),
        Language::Chinese => format!("第 {page} 页，共 {pages} 页"),
    }
}
