//! Questions to many leads on PostgreSQL: what `/segment count` takes, and what keeping a segment up takes.

use std::time::Duration;

use rekindle_core::time::SharedClock;

use crate::bases::{Base, Engine, Place};
use crate::table::Rounds;
use crate::{Measured, Orders, mails};

/// What is asked: the questions of the handbook, and some that no index answers.
const QUESTIONS: [&str; 8] = [
    r#"score >= 60 and viewed "/pricing*" in last 14 days and not did "Demo Requested""#,
    "country in (TH, SG) and title matches director and quiet for 30 days",
    "score >= 40 and not hot",
    r#"title matches director, head, chief, vp or tag "vip""#,
    r#"did "Webinar Attended" at least 2 times or lifecycle = customer"#,
    r#"last did "E-book Downloaded" more than 90 days ago and consent = subscribed"#,
    r#"grade in (A1, A2) and not viewed "/pricing*""#,
    "everyone",
];
const KEPT: &str = "quiet for 30 days";

/// Measures and prints.
pub(crate) async fn measure(orders: &Orders, clock: &SharedClock) -> Measured<()> {
    let (rounds, leads) = (orders.number("rounds")?, orders.number("leads")?);
    let base = Base::fresh(orders, Engine::Postgres, Place::Disk, clock, &mails::playbook()).await?;
    let playbooks = base.store.playbooks().await?;
    let playbook = playbooks.current();
    let now = clock.calendar();
    for statement in fill(leads, now.timestamp_micros(), playbook.rules) {
        base.run(&statement).await?;
    }
    let activities = base.number("SELECT count(*) FROM activity").await?;
    println!("\nSegments: {leads} leads with {activities} activities, PostgreSQL on the real disk");
    println!("{:20}  {:>9}  {:>9}  question", "ms", "leads", "mailable");
    let segments = base.store.segments();
    for text in QUESTIONS {
        let question = text.parse().map_err(|error| format!("{error}"))?;
        let mut took = Rounds::default();
        let mut counted = segments.count(&question, playbook, now).await?;
        for _ in 0..rounds {
            let began = clock.stopwatch();
            counted = segments.count(&question, playbook, now).await?;
            took.push(millis(clock.stopwatch() - began));
        }
        println!("{took:20}  {:>9}  {:>9}  {text}", counted.leads, counted.mailable);
    }
    let question = KEPT.parse().map_err(|error| format!("{error}"))?;
    segments.keep("kept", &question).await?;
    for what in ["everybody for the first time", "a day later", "and nothing has moved"] {
        let later = now + chrono::TimeDelta::days(i64::from(what != "everybody for the first time"));
        let began = clock.stopwatch();
        let moves = segments.ask_everybody("kept", &question, playbook, later).await?;
        let took = millis(clock.stopwatch() - began);
        println!("{took:>8.0} ms  {what}: {} joined and {} left  {KEPT}", moves.joined, moves.left);
    }
    base.remove().await
}

pub(crate) fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// Leads as they are after some years, and five things that each did in the last one.
pub(crate) fn fill(leads: usize, now: i64, rules: i64) -> Vec<String> {
    let day = 86_400_000_000_i64;
    let texts = [
        (
            "title",
            "(ARRAY['Director of Sales', 'VP, Marketing', 'Clerk', 'Software Engineer', 'Head of IT', 'Student', 'Consultant', 'Nurse'])[1 + n % 8]",
        ),
        ("company", "'Company ' || n % 50000"),
        (
            "country",
            "(ARRAY['US', 'DE', 'FR', 'TH', 'GB', 'SG', 'JP', 'BR', 'IN', 'ES', 'IT', 'NL', 'SE', 'PL', 'CA', 'AU'])[1 + (n * 7919 % 65536) / 4096]",
        ),
        ("name", "'Lead Number ' || n"),
        ("email", "'lead' || n || '@company' || n % 50000 || '.test'"),
        ("domain", "'company' || n % 50000 || '.test'"),
    ];
    let columns: Vec<String> = texts.iter().map(|(name, text)| format!("{text} AS {name}")).collect();
    let told: Vec<String> = texts
        .iter()
        .map(|(name, _)| format!("'{name}', jsonb_build_array(lower({name}), ' ' || regexp_replace(lower({name}), '[^a-z0-9]+', ' ', 'g') || ' ')"))
        .collect();
    let lead = format!(
        "INSERT INTO lead (id, email, address_hash, name, title, company, country, traits, tags, verified, fit, engagement, \
           points_at, worth, may_be_hot, counted_by, hot, journey, lifecycle, nurture, nurture_since, consent, created_at, \
           last_human_at, quiet_since, told, mail_fewer) \
         SELECT id, email, md5(email), name, title, company, country, '{{\"plan\": \"pro\", \"seats\": 12}}', '[]', true, \
           CASE WHEN n % 8 IN (0, 1, 4) THEN 10 ELSE 0 END, points, at, jsonb_build_object('2592000', points), true, {rules}, \
           points > 105, 'awareness', CASE WHEN n % 100 = 0 THEN 'customer' ELSE 'lead' END, \
           CASE WHEN n % 10 = 0 THEN 'archived' WHEN n % 10 = 1 THEN 'cold' ELSE 'active' END, at, \
           CASE WHEN n % 4 = 0 THEN 'unknown' ELSE 'subscribed' END, at, at, at, \
           jsonb_build_object({told}) || CASE WHEN n % 500 = 0 THEN '{{\"tags\": [\"vip\"]}}'::jsonb ELSE '{{}}'::jsonb END, false \
         FROM (SELECT n, lpad(to_hex(n), 32, '0')::uuid AS id, {columns}, (n * 31 % 120)::double precision AS points, \
             {now} - (n * 13 % 365) * {day} AS at FROM generate_series(1::bigint, {leads}) n) f",
        told = told.join(", "),
        columns = columns.join(", "),
    );
    let activity = format!(
        "INSERT INTO activity (id, source, message_id, fingerprint, lead_id, kind, name, path, at, received_at, properties, human, trust) \
         SELECT ('b' || lpad(to_hex(n * 8 + k), 31, '0'))::uuid, 'site', n || '-' || k, 1, lpad(to_hex(n), 32, '0')::uuid, \
           CASE WHEN path IS NULL THEN 'track' ELSE 'page' END, name, path, at, at, '{{\"referrer\": \"https://example.com/a\"}}', true, 'browser' \
         FROM (SELECT n, k, \
             CASE WHEN k < 3 THEN 'Page Viewed' ELSE (ARRAY['Webinar Attended', 'E-book Downloaded', 'Signed In', 'Signed In', 'Signed In', \
               'Signed In', 'Demo Requested', 'Plan Chosen', 'Signed In', 'Signed In'])[1 + (n + k * 3) % 10] END AS name, \
             CASE WHEN k < 3 THEN (ARRAY['/', '/docs/start', '/blog/news', '/pricing', '/about', '/docs/api', '/jobs', '/', '/blog', '/help'])[1 + (n * 3 + k) % 10] END AS path, \
             {now} - ((n * 17 + k * 41) % 365) * {day} - k * 1000 AS at \
           FROM generate_series(1::bigint, {leads}) n CROSS JOIN generate_series(0, 4) k) f"
    );
    vec![lead, activity, "VACUUM ANALYZE".to_owned()]
}
