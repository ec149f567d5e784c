//! What customers are called, and where they are.

/// A part of the world that customers come from.
pub struct Region {
    pub currency: &'static str,
    /// Country, city and postal code, in pairs with the street names.
    pub places: &'static [(&'static str, &'static str, &'static str)],
    pub streets: &'static [&'static str],
    pub stems: &'static [&'static str],
    pub trades: &'static [&'static str],
    pub forms: &'static [&'static str],
    /// How the head of a group is called, after its stem.
    pub head: &'static str,
    /// What stands between the parts of a name.
    pub gap: &'static str,
}

pub const CHINA: Region = Region {
    currency: "CNY",
    places: &[
        ("CN", "苏州", "215000"),
        ("CN", "上海", "200120"),
        ("CN", "杭州", "310000"),
        ("CN", "宁波", "315000"),
        ("CN", "深圳", "518000"),
        ("CN", "青岛", "266000"),
        ("CN", "无锡", "214000"),
    ],
    streets: &["人民路", "中山路", "解放路", "工业园大道", "建设路"],
    stems: &[
        "江南", "恒达", "华瑞", "天成", "永兴", "金桥", "东方", "瑞丰", "宏远", "嘉禾", "长江",
        "海川", "明德", "盛世", "远洋", "鼎新", "同济",
    ],
    trades: &[
        "精密机械",
        "电子科技",
        "国际贸易",
        "包装材料",
        "新能源",
        "汽车零部件",
        "纺织",
        "化工",
        "五金制品",
        "医疗器械",
        "食品",
    ],
    forms: &["有限公司", "股份有限公司"],
    head: "控股集团有限公司",
    gap: "",
};

pub const EUROPE: Region = Region {
    currency: "EUR",
    places: &[
        ("DE", "Stuttgart", "70173"),
        ("FR", "Lyon", "69002"),
        ("IT", "Bologna", "40121"),
        ("NL", "Eindhoven", "5611"),
        ("ES", "Valencia", "46002"),
        ("DE", "Hamburg", "20095"),
        ("AT", "Linz", "4020"),
    ],
    streets: &[
        "Industriestrasse",
        "Rue de la Gare",
        "Via Emilia",
        "Kade",
        "Bahnhofstrasse",
    ],
    stems: &[
        "Bergmann", "Lefèvre", "Rossi", "Van Dijk", "Keller", "Moreau", "Hoffmann", "Garcia",
        "Brandt", "Conti", "Dubois", "Steiner", "Vermeer",
    ],
    trades: &[
        "Antriebstechnik",
        "Components",
        "Packaging",
        "Automation",
        "Medical",
        "Textiles",
        "Foods",
        "Metall",
        "Logistics",
        "Tools",
    ],
    forms: &["GmbH", "S.A.", "S.p.A.", "B.V.", "AG"],
    head: "Holding SE",
    gap: " ",
};

pub const AMERICA: Region = Region {
    currency: "USD",
    places: &[
        ("US", "Cleveland", "44114"),
        ("US", "Portland", "97204"),
        ("US", "Austin", "78701"),
        ("CA", "Toronto", "M5H 2N2"),
        ("US", "Charlotte", "28202"),
    ],
    streets: &[
        "Commerce Street",
        "Lakeshore Drive",
        "Industrial Parkway",
        "Main Street",
    ],
    stems: &[
        "Cascade",
        "Hawthorne",
        "Great Lakes",
        "Blue Ridge",
        "Summit",
        "Redwood",
        "Pioneer",
        "Harbor",
        "Sterling",
        "Liberty",
        "Frontier",
    ],
    trades: &[
        "Tool & Supply",
        "Fasteners",
        "Packaging",
        "Controls",
        "Outfitters",
        "Medical Products",
        "Foods",
        "Plastics",
        "Hardware",
    ],
    forms: &["Inc.", "LLC", "Corp."],
    head: "Holdings Inc.",
    gap: " ",
};

/// The region of each block of five customers, over and over.
pub const BLOCKS: [&Region; 10] = [
    &CHINA, &EUROPE, &AMERICA, &CHINA, &EUROPE, &CHINA, &CHINA, &AMERICA, &EUROPE, &CHINA,
];

/// The item at `at`, counted around.
pub fn around<T: Copy>(list: &[T], at: usize) -> Option<T> {
    at.checked_rem(list.len())
        .and_then(|at| list.get(at))
        .copied()
}

/// The name of the customer at `at`; members of a group share its stem.
pub fn company(region: &Region, at: usize, group: Option<usize>) -> String {
    let round = at.checked_div(region.stems.len()).unwrap_or(0);
    let stem = around(region.stems, group.unwrap_or(at)).unwrap_or_default();
    let trade = around(region.trades, at + round).unwrap_or_default();
    let form = around(region.forms, at + round * 2).unwrap_or_default();
    let gap = region.gap;
    format!("{stem}{gap}{trade}{gap}{form}")
}

/// The name of a group's head.
pub fn group(region: &Region, at: usize) -> String {
    let stem = around(region.stems, at).unwrap_or_default();
    format!("{stem}{}{}", region.gap, region.head)
}
