//! The page of each problem: what brings it about, what to do, and whether the same request may be sent again. Its
//! title in Chinese stands here, too.
//!
//! A new code does not compile before it has its lines here.

use super::problem::Code;
use kernel::places::Language;

/// Whether sending the request again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request is answered the same: it must be another one.
    Changed,
    /// Not before somebody has changed something else: a token, a role, a state, the book.
    Afterwards,
    /// The same request, with the same key, a little later.
    Same,
    /// Once, with the same key; then somebody must look.
    Once,
}

impl Retry {
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Retry::Changed, Language::English) => {
                "Not unchanged: the same request is answered the same. Send a corrected one."
            }
            (Retry::Changed, Language::Chinese) => {
                "原样重试无效：相同请求得到相同答复。请更正后再发送。"
            }
            (Retry::Afterwards, Language::English) => {
                "Not before the cause is removed; the request itself may stay as it is."
            }
            (Retry::Afterwards, Language::Chinese) => "原因消除之前重试无效；请求本身可以不变。",
            (Retry::Same, Language::English) => {
                "Yes: the same request with the same Idempotency-Key, after the seconds in Retry-After where it is \
                 given, and with growing pauses."
            }
            (Retry::Same, Language::Chinese) => {
                "可以：使用相同的 Idempotency-Key 发送相同请求；有 Retry-After 时按其秒数等待，并逐次延长间隔。"
            }
            (Retry::Once, Language::English) => {
                "Once, with the same Idempotency-Key, so that nothing happens twice; when it comes again, tell the \
                 operator the request_id."
            }
            (Retry::Once, Language::Chinese) => {
                "可用相同的 Idempotency-Key 重试一次，不会重复执行；若仍出现，请将 request_id 告知运维人员。"
            }
        }
    }
}

/// What a problem's page says.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    pub cause: &'static str,
    pub remedy: &'static str,
    pub retry: Retry,
}

macro_rules! guides {
    ($($code:ident, $retry:ident, $title:literal, $cause:literal, $chinese_cause:literal, $remedy:literal, $chinese_remedy:literal;)*) => {
        impl Code {
            /// A short summary.
            pub const fn title(self, language: Language) -> &'static str {
                match (language, self) {
                    (Language::English, code) => code.english_title(),
                    $((Language::Chinese, Code::$code) => $title,)*
                }
            }

            /// What to know about it and what to do.
            pub const fn guide(self, language: Language) -> Guide {
                match (self, language) {
                    $(
                        (Code::$code, Language::English) => Guide { cause: $cause, remedy: $remedy, retry: Retry::$retry },
                        (Code::$code, Language::Chinese) => Guide { cause: $chinese_cause, remedy: $chinese_remedy, retry: Retry::$retry },
                    )*
                }
            }
        }
    };
}

guides! {
    MalformedBody, Changed, "请求正文有误",
        "The body is no JSON, lacks a member, has one that this operation does not know, or a value of another form.", "正文不是 JSON、缺少成员、含有未知成员，或某个值的格式不符。",
        "Look at errors: each has a JSON pointer to the place, a code and a message. The contract at /openapi.json has the form of each member.", "请查看 errors：每项都有位置指针、代码和说明。各成员的格式见 /openapi.json。";
    MalformedRequest, Changed, "不是有效的 HTTP 请求",
        "The request line, a header or the length of the body is not as HTTP/1.1 writes it.", "请求行、请求头或正文长度不符合 HTTP/1.1 的格式。",
        "Let an HTTP library write the request; look at what a proxy on the way makes of it.", "请使用 HTTP 库发送请求，并检查途中代理是否改动了请求。";
    HeadersTooLarge, Changed, "请求头过大",
        "The address and the headers together are longer than 128 KiB.", "地址与请求头合计超过 128 KiB。",
        "Send fewer or shorter headers: one token, no cookies, filters that repeat fewer values.", "请减少或缩短请求头：一个令牌、不带 Cookie、减少重复的筛选值。";
    MalformedParameter, Changed, "参数有误",
        "A query parameter or header is unknown, given more often than it may be, or of another form.", "查询参数或请求头未知、重复或格式不符。",
        "Look at errors: each names the parameter or header after a #.", "请查看 errors：每项在 # 后指明参数或请求头。";
    InvalidCursor, Changed, "游标无效",
        "The cursor belongs to another list, another filter or sort, or was not given out by this service.", "游标属于其他列表、筛选或排序，或不是本服务给出的。",
        "Begin again without cursor, and pass next_cursor with the very filter and sort that it came from.", "请不带 cursor 重新开始，并在相同的筛选和排序下使用 next_cursor。";
    IdempotencyKeyMissing, Changed, "缺少 Idempotency-Key",
        "The operation moves money, capacity or an approval, and must be safe to repeat.", "该操作涉及资金、额度或审批，必须可以安全地重试。",
        "Send an Idempotency-Key: a new one for each intent, the same one for each retry of it.", "请提供 Idempotency-Key：每个意图一个新值，重试时不变。";
    IdempotencyKeyMalformed, Changed, "Idempotency-Key 格式错误",
        "The key is empty, longer than 255 characters, given twice, or has characters that are not visible ASCII.", "键为空、超过 255 个字符、出现多次，或含有不可见或非 ASCII 字符。",
        "Take a UUID, for instance.", "例如可使用 UUID。";
    TokenMissing, Afterwards, "缺少令牌",
        "The request has no Authorization header, more than one, or one of another scheme than Bearer.", "请求没有 Authorization 请求头、有多个，或不是 Bearer 方式。",
        "Send Authorization: Bearer with an access token.", "请发送 Authorization: Bearer 及访问令牌。";
    TokenExpired, Afterwards, "令牌已过期",
        "The token's time (exp) is over.", "令牌的有效期（exp）已过。",
        "Fetch a new token where you got this one, and send the request again with it.", "请在原处获取新令牌后重新发送请求。";
    TokenInvalid, Afterwards, "令牌无效",
        "The token is no signed access token of an issuer and audience that this service knows, or its claims do not hold: it is not valid yet, lasts too long, or lacks one.", "令牌不是本服务认可的签发者和受众的已签名访问令牌，或其声明不成立：尚未生效、有效期过长或缺少声明。",
        "Compare issuer, audience, algorithm and typ (at+jwt) with the service's settings; its log names the reason.", "请将签发者、受众、算法和 typ（at+jwt）与服务配置核对；具体原因见服务日志。";
    Forbidden, Afterwards, "无权限",
        "None of the token's roles permits the operation.", "令牌的角色均不允许该操作。",
        "Ask somebody who has one of the roles that the answer lists, or have the role given.", "请由具有所列角色之一的人员操作，或申请该角色。";
    OutOfScope, Afterwards, "超出密钥范围",
        "The API key has a role that permits this, and was made for other things alone.", "该 API 密钥的角色允许此操作，但密钥仅为其他用途而建。",
        "Use a key with this scope, or have an admin make one.", "请使用具有该范围的密钥，或请管理员新建。";
    SegregationOfDuties, Afterwards, "须由他人完成",
        "You took a part in this already that may not be in one hand with this step, whatever roles you have.", "您已参与另一职责，无论角色如何，均不能再由同一人完成本步骤。",
        "Ask another person for this step.", "请由另一人完成本步骤。";
    OverAuthority, Afterwards, "超出权限",
        "What you approve is above the amount that the policy lets you approve.", "您审批的内容超出信用政策授予您的金额。",
        "Ask somebody with the authority that the answer names, or approve less.", "请由具有所述权限的人员审批，或审批较小金额。";
    ExceptionAuthority, Afterwards, "超出例外审批权限",
        "What you approve passes the policy's terms for the customer's grade, and the policy lets others approve such exceptions.", "您审批的内容超出信用政策对该客户等级的规定，此类例外须由他人审批。",
        "Ask somebody with the authority that the answer names, or let a recommendation within the policy be made.", "请由具有所述权限的人员审批，或在政策范围内重新建议。";
    NotFound, Changed, "未找到",
        "Nothing has this id or number, or it belongs to a customer whom you may not see.", "没有该标识或编号的内容，或其所属客户您无权查看。",
        "Look at the id or number, and at whose customer it is.", "请核对标识或编号以及客户的归属。";
    UnknownRoute, Changed, "路径不存在",
        "No operation has this path.", "没有接口使用该路径。",
        "Look for the path at /docs.", "请在 /docs 查找正确路径。";
    MethodNotAllowed, Changed, "不支持该方法",
        "The path exists, but not with this method.", "路径存在，但不支持该方法。",
        "Take one of the methods in the Allow header.", "请使用 Allow 响应头所列的方法。";
    RequestTimeout, Same, "请求过慢",
        "The body did not arrive in the time that the service waits for it.", "请求正文未在规定时间内到达。",
        "Look at the connection; send large files in smaller ones.", "请检查网络连接；较大的文件请拆分。";
    StateConflict, Afterwards, "当前状态不允许",
        "The thing is in a state that does not take this step.", "对象当前的状态不允许该步骤。",
        "Read it, and take one of the steps in allowed; an ended thing takes none.", "请读取其状态，并执行 allowed 所列的步骤；已终结的对象不再接受任何步骤。";
    DuplicateNumber, Changed, "编号已被使用",
        "Another thing of this kind carries the number.", "同类的另一对象已使用该编号。",
        "Read what has the number: perhaps it is what you meant to send. Otherwise take another number.", "请读取使用该编号的对象：可能正是您要提交的内容；否则请使用其他编号。";
    AmbiguousNumber, Changed, "编号不唯一",
        "Documents of several legal entities carry the number that the request names.", "请求所用的编号在多个法人实体的单据中出现。",
        "Name the document by its id, or give legal_entity where the request has such a member.", "请使用单据的 id，或在请求支持时填写 legal_entity。";
    RequestInProgress, Same, "请求仍在处理中",
        "The first request with this Idempotency-Key has not ended yet.", "使用该 Idempotency-Key 的首个请求尚未结束。",
        "Wait, and ask again with the same key: you get the first one's answer.", "请稍候并用相同的键重试，即可得到首个请求的答复。";
    ReservationExists, Changed, "订单已有占用",
        "An order has one open reservation for each purpose.", "每个订单的每种用途只有一个未结占用。",
        "Amend the reservation in existing_id, or release it first.", "请变更 existing_id 所指的占用，或先释放它。";
    CreditBlockExists, Afterwards, "订单等待信用审核",
        "The order waits for credit to decide.", "该订单正等待信用部处理。",
        "Have the credit block in existing_id released or rejected.", "请先放行或拒绝 existing_id 所指的信用冻结。";
    DraftExists, Changed, "已存在",
        "There may be one only, and there is one.", "只能有一个，且已存在。",
        "Read the one in existing_id, and go on with it.", "请读取 existing_id 所指的对象并在其上继续。";
    CountedTwice, Afterwards, "重复计入敞口",
        "The same instrument is posted as a document and stated as an exposure entry; counted from both, it would weigh twice.", "同一票据既作为单据入账，又作为敞口条目申报；两者都计入会重复。",
        "Decide which source is right: set the exposure entry to 0, or leave the document out. The policy's sources can name one for all.", "请确定以哪个来源为准：将敞口条目设为 0，或不录入该单据。政策的 sources 可统一指定来源。";
    OtherSource, Afterwards, "须由其他来源提供",
        "The live policy's sources name another source for this category of exposure.", "现行政策的 sources 为该敞口类别指定了另一来源。",
        "Send it from the source that the policy names, or have the policy changed.", "请由政策指定的来源提供，或申请修改政策。";
    Stale, Changed, "数据已被更改",
        "The ETag in If-Match is not that of the present version; a weak one never is.", "If-Match 中的 ETag 不是当前版本；弱 ETag 永远不匹配。",
        "Read it again, look at what changed, and send your change with the new ETag. A proxy that compresses answers can turn ETags weak: turn that off.", "请重新读取，核对变化后用新的 ETag 提交。压缩答复的代理可能使 ETag 变为弱 ETag，请关闭该功能。";
    PayloadTooLarge, Changed, "请求正文过大",
        "The body has more bytes than the operation takes.", "正文字节数超过该接口的限制。",
        "Send less at once; the answer says how much is taken.", "请分批发送；答复中注明了限制。";
    UnsupportedMediaType, Changed, "不支持的媒体类型",
        "The Content-Type is another one, names another character set than UTF-8, or the body is compressed.", "Content-Type 不符、字符集不是 UTF-8，或正文经过压缩。",
        "Send the type that the answer names, uncompressed.", "请按答复所述类型发送，不要压缩。";
    IdempotencyKeyReused, Changed, "Idempotency-Key 已被使用",
        "The key was used within seven days for a request with another body, path or query.", "该键在七天内已用于正文、路径或查询不同的请求。",
        "Take a new key for a new intent. When you meant to retry, send the first request unchanged.", "新的意图请使用新的键；若是重试，请原样发送首个请求。";
    Invalid, Changed, "不符合规则",
        "The request can be read, but what it asks for can't be, by the rules or by what is in the book.", "请求可以读取，但其内容不符合规则或账中的数据。",
        "Look at errors: each has a JSON pointer, a code and a message.", "请查看 errors：每项都有位置指针、代码和说明。";
    SumTooLarge, Changed, "合计过大",
        "With this amount, what is added up of an account, a group or a document would leave the range of what can be kept.", "加上该金额后，账户、集团或单据的合计将超出可记录的范围。",
        "Look for a mistyped amount. Reports by currency or by customer add up less at once.", "请检查金额是否有误；按币种或客户分列的报表合计较小。";
    CurrencyMismatch, Changed, "币种不符",
        "The amount is in a currency in which the account has no documents.", "账户不使用该币种的单据。",
        "Send the amount in the account's currency, or add the other one to the account's billing_currencies.", "请使用账户的币种，或将该币种加入账户的 billing_currencies。";
    EntityMismatch, Changed, "法人实体不符",
        "The money and what it is to settle are of different legal entities.", "款项与待核销单据属于不同的法人实体。",
        "Choose a document of the same legal entity, or post the money to the other one.", "请选择同一法人实体的单据，或将款项记入另一法人实体。";
    NoSigningKey, Afterwards, "没有签名密钥",
        "A checkpoint of the audit trail was asked for, and the server has no key to sign it with.", "请求审计轨迹检查点，但服务器没有签名密钥。",
        "Have an operator set NETTERMS_SIGNING_KEY_FILE, or NETTERMS_SIGNING_COMMAND with NETTERMS_SIGNING_PUBLIC_KEY.", "请运维人员设置 NETTERMS_SIGNING_KEY_FILE，或 NETTERMS_SIGNING_COMMAND 与 NETTERMS_SIGNING_PUBLIC_KEY。";
    SigningFailed, Same, "签名失败",
        "The command that signs checkpoints failed, or gave no signature of its key.", "签署检查点的命令失败，或未给出其密钥的签名。",
        "Look at the server's log for what the command said, and try again.", "请在服务器日志中查看命令的输出，然后重试。";
    PeriodClosed, Afterwards, "期间已关账",
        "The day lies in a period that is closed for its legal entity, whose receivables are kept here.", "该日期所在期间对其法人实体已关账，且其应收账款在本系统记账。",
        "Take the first open day, or have two persons open the period again.", "请使用首个可入账日，或由两人重新开放该期间。";
    NoExchangeRate, Afterwards, "没有汇率",
        "Amounts in two currencies must be compared, and no rate of that day or earlier leads from one to the other.", "需要比较两种币种的金额，但没有该日或更早的汇率。",
        "Have finance set the rate, then send the request again.", "请财务部录入汇率后重试。";
    ReservationExceeded, Changed, "超出占用",
        "The amount is more than what is left of the reservation, with the policy's tolerance.", "金额超出占用的剩余额及政策容差。",
        "Amend the reservation first, or capture less.", "请先变更占用，或减少金额。";
    OverApplied, Changed, "超出可用余额",
        "The amount is more than what is open on the invoice or left of the document.", "金额超出发票未清额或单据余额。",
        "Read the document, and apply at most what is left.", "请读取单据，核销金额不得超过余额。";
    PreconditionRequired, Changed, "缺少 If-Match",
        "The operation changes what others may change, too.", "该操作更改的内容他人也可能更改。",
        "Read the thing, and send its ETag in If-Match.", "请读取对象，并在 If-Match 中提供其 ETag。";
    TooManyUploads, Same, "上传过多",
        "You have as many uploads on their way as one caller may have.", "您正在进行的上传已达单个调用者的上限。",
        "Send files one after the other.", "请逐个上传文件。";
    RateLimited, Same, "请求过于频繁",
        "Your requests come faster than the operator allows one caller; RateLimit says how many are left.", "您的请求速度超过运维人员对单个调用者的限制；剩余次数见 RateLimit。",
        "Wait for the time in Retry-After; send many things in one request where that is possible.", "请按 Retry-After 等待；可合并的请求请合并发送。";
    IssuerUnavailable, Same, "无法联系签发方",
        "The keys of the service that issues tokens have not been fetched since the start, or for long.", "自启动以来或较长时间内未能获取令牌签发方的密钥。",
        "Wait; when it lasts, the operator looks at the issuer and its jwks_url.", "请稍候；若持续出现，请运维人员检查签发方及其 jwks_url。";
    InternalError, Once, "服务内部错误",
        "Something failed inside. The answer says no more; the log does, under the request_id.", "服务内部发生故障。详情见日志中的 request_id。",
        "Tell the operator the request_id.", "请将 request_id 告知运维人员。";
    Overloaded, Same, "负载过高",
        "More requests are waiting than can be served soon.", "等待的请求多于短时间内可处理的数量。",
        "Wait; when it lasts, the operator gives the service more room.", "请稍候；若持续出现，请运维人员扩容。";
    DatabaseUnavailable, Same, "数据库不可用",
        "The database can't be reached, or a lock was not free in time.", "数据库无法连接，或未能及时取得锁。",
        "Wait; when it lasts, the operator looks at the database.", "请稍候；若持续出现，请运维人员检查数据库。";
}
