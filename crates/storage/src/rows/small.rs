//! Rows of the small tables: names of leads, the team, keys, settings, cards, the console.

macro_rules! table {
    ($module:ident, $table:literal, { $($(#[$attr:meta])* $field:ident: $type:ty,)* }) => {
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub(crate) struct Model {
                $($(#[$attr])* pub(crate) $field: $type,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub(crate) enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(identity, "identity", {
    #[sea_orm(primary_key, auto_increment = false)] key: String,
    lead_id: Uuid,
});
table!(quarantine, "quarantine", {
    #[sea_orm(primary_key)] id: i64,
    source: String,
    message_id: Option<String>,
    code: String,
    reason: String,
    payload: String,
    at: i64,
});
table!(trace, "trace", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    delivery_id: Uuid,
    lead_id: Uuid,
    what: String,
    destination_id: Option<i32>,
    head: bool,
    at: i64,
    due_at: Option<i64>,
    agent: Option<String>,
    address: Option<String>,
    network: Option<String>,
});
table!(bucket, "bucket", {
    #[sea_orm(primary_key, auto_increment = false)] key: String,
    level: f64,
    at: i64,
});
table!(suppression, "suppression", {
    #[sea_orm(primary_key, auto_increment = false)] address_hash: String,
    reason: String,
    at: i64,
});
table!(confirmation, "confirmation", {
    #[sea_orm(primary_key, auto_increment = false)] delivery_id: Uuid,
    address_hash: String,
    form: String,
    title: String,
    wording: String,
    ip: Option<String>,
    user_agent: Option<String>,
    asked_at: i64,
    confirmed_at: Option<i64>,
});
table!(member, "member", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    handle: String,
    name: String,
    role: String,
    active: bool,
    created_at: i64,
    email: Option<String>,
    source: Option<String>,
});
table!(sign_in, "sign_in", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    member_id: Uuid,
    expires_at: i64,
});
table!(session, "session", {
    #[sea_orm(primary_key, auto_increment = false)] digest: String,
    member_id: Uuid,
    expires_at: i64,
});
table!(write_key, "write_key", {
    #[sea_orm(primary_key, auto_increment = false)] digest: String,
    name: String,
    trust: String,
    #[sea_orm(column_type = "JsonBinary")] origins: Json,
    basis: Option<String>,
    created_at: i64,
});
table!(secret, "secret", {
    #[sea_orm(primary_key, auto_increment = false)] id: i32,
    key: Vec<u8>,
    created_at: i64,
});
table!(segment, "segment", {
    #[sea_orm(primary_key, auto_increment = false)] name: String,
    question: String,
    saved_by: String,
    saved_at: i64,
});
table!(setting, "setting", {
    #[sea_orm(primary_key, auto_increment = false)] name: String,
    #[sea_orm(column_type = "JsonBinary")] value: Json,
});
table!(audit, "audit", {
    #[sea_orm(primary_key)] id: i64,
    at: i64,
    actor: String,
    place: String,
    deed: String,
    lead_id: Option<Uuid>,
    result: String,
});
table!(card, "card", {
    #[sea_orm(primary_key, auto_increment = false)] subject_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)] destination: String,
    message: Option<String>,
    revision: i64,
    nonce: Option<Uuid>,
});
table!(wall, "wall", {
    #[sea_orm(primary_key, auto_increment = false)] name: String,
    platform: String,
    hung_at: i64,
    broken_at: Option<i64>,
    why: Option<String>,
});
table!(work, "work", {
    #[sea_orm(primary_key, auto_increment = false)] name: String,
    owner: Uuid,
});
table!(news, "news", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    text: String,
    at: i64,
});
table!(heard, "heard", {
    #[sea_orm(primary_key, auto_increment = false)] delivery_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)] key: String,
    kind: String,
    lead_id: Uuid,
    at: i64,
});
table!(quote, "quote", {
    #[sea_orm(primary_key, auto_increment = false)] activity_id: Uuid,
    alert_id: Uuid,
    at: i64,
});
table!(breaker, "breaker", {
    #[sea_orm(primary_key, auto_increment = false)] name: String,
    state: String,
    since: i64,
    why: String,
    probes: i64,
});
table!(notice, "notice", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    member: String,
    topic: String,
    lead_id: Uuid,
    text: String,
    at: i64,
});
table!(told, "told", {
    #[sea_orm(primary_key, auto_increment = false)] notice_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)] platform: String,
    at: i64,
});
table!(mute, "mute", {
    #[sea_orm(primary_key, auto_increment = false)] member: String,
    #[sea_orm(primary_key, auto_increment = false)] topic: String,
});
table!(inbound, "inbound", {
    #[sea_orm(primary_key, auto_increment = false)] platform: String,
    #[sea_orm(primary_key, auto_increment = false)] workspace: String,
    #[sea_orm(primary_key, auto_increment = false)] id: String,
    received_at: i64,
    kind: String,
    #[sea_orm(column_type = "JsonBinary")] payload: Json,
    state: String,
    owner: Option<Uuid>,
});
table!(chat_user, "chat_user", {
    #[sea_orm(primary_key, auto_increment = false)] platform: String,
    #[sea_orm(primary_key, auto_increment = false)] workspace: String,
    #[sea_orm(primary_key, auto_increment = false)] user_id: String,
    member_id: Uuid,
    linked_at: i64,
    how: String,
});
table!(chat_link, "chat_link", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    platform: String,
    workspace: String,
    user_id: String,
    expires_at: i64,
});
table!(home, "home", {
    #[sea_orm(primary_key, auto_increment = false)] platform: String,
    #[sea_orm(primary_key, auto_increment = false)] workspace: String,
    #[sea_orm(primary_key, auto_increment = false)] user_id: String,
    shown: Option<String>,
    version: Option<String>,
});
table!(playbook, "playbook", {
    #[sea_orm(primary_key, auto_increment = false)] version: i64,
    digest: String,
    #[sea_orm(column_type = "JsonBinary")] files: Json,
    applied_at: i64,
    note: Option<String>,
});
table!(destination, "destination", {
    #[sea_orm(primary_key)] id: i32,
    mail: String,
    url: String,
});
table!(offer, "offer", {
    #[sea_orm(primary_key, auto_increment = false)] code: String,
    delivery_id: Uuid,
    lead_id: Uuid,
    gives: String,
    over_at: i64,
    taken_at: Option<i64>,
    redeemed_at: Option<i64>,
    redeemed_by: Option<String>,
});
table!(webhook_call, "webhook_call", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    event: String,
    body: String,
    lead_id: Option<Uuid>,
    created_at: i64,
    due_at: Option<i64>,
    tries: i32,
    answer: Option<String>,
});
table!(stage_move, "stage_move", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    lead_id: Uuid,
    ladder: String,
    from_stage: String,
    to_stage: String,
    back: bool,
    corrects: bool,
    why: String,
    activity_id: Option<Uuid>,
    said_by: Option<String>,
    at: i64,
});
table!(arm, "arm", {
    #[sea_orm(primary_key, auto_increment = false)] enrollment_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)] trial: String,
    number: i32,
    lead_id: Uuid,
    at: i64,
});
table!(model, "model", {
    #[sea_orm(primary_key, auto_increment = false)] version: i64,
    at: i64,
    by: String,
    since: i64,
    outcomes: i64,
    won: i64,
    auc: f64,
    brier: f64,
    #[sea_orm(column_type = "JsonBinary")] bands: Json,
    learnt: String,
    why_not: Option<String>,
    in_force: bool,
});
table!(prediction, "prediction", {
    #[sea_orm(primary_key, auto_increment = false)] lead_id: Uuid,
    chance: f64,
    #[sea_orm(column_type = "JsonBinary")] reasons: Json,
    version: i64,
    at: i64,
});
table!(asked, "asked", {
    #[sea_orm(primary_key, auto_increment = false)] alert_id: Uuid,
    lead_id: Uuid,
    at: i64,
    #[sea_orm(column_type = "JsonBinary")] stood: Json,
});
table!(trial, "trial", {
    #[sea_orm(primary_key, auto_increment = false)] key: String,
    won: i32,
    why: String,
    decided_at: i64,
});
table!(sender, "sender", {
    #[sea_orm(primary_key, auto_increment = false)] id: Uuid,
    started_at: i64,
});
table!(console_message, "console_message", {
    #[sea_orm(primary_key)] id: i64,
    seq: i64,
    channel: String,
    at: i64,
    author: String,
    text: String,
    card_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary", nullable)] card: Option<Json>,
    only_for: Option<String>,
});
