//! What has come of a campaign, as its card says it.

use super::{Surroundings, list_of, typed};
use crate::{
    card::Fact,
    wording::{clean, count},
};
use rekindle_core::{
    campaign::{Campaign, Variant},
    sequence::Sequence,
};

/// What has come of it.
pub(super) fn results(campaign: &Campaign, house: &Surroundings<'_>) -> Vec<Fact> {
    let figures = &campaign.figures;
    let share = |part: i64, of: i64| match of {
        0 => part.to_string(),
        of => format!("{part} ({:.1} %)", part as f64 * 100.0 / of as f64),
    };
    let link = list_of(house.public_url, campaign, "in", None);
    let mut facts = vec![Fact { link, ..Fact::new("In", campaign.counted_in.to_string()) }];
    if campaign.counted_out > 0 {
        let link = list_of(house.public_url, campaign, "out", None);
        facts.push(Fact { link, ..Fact::new("Out", campaign.counted_out.to_string()) });
    }
    if figures.sent > 0 {
        let delivered = figures.delivered();
        facts.push(Fact::new("Sent", figures.sent.to_string()));
        facts.push(Fact::new("Delivered", share(delivered, figures.sent)));
        facts.push(Fact::new("Bounced", share(figures.bounced, figures.sent)));
        if figures.complained > 0 {
            facts.push(Fact::new("Reported as spam", share(figures.complained, delivered)));
        }
        let clicked = format!("{} by people, {} answered", figures.clicked, figures.replied);
        facts.push(Fact::new("Clicked", clicked));
        facts.push(Fact::new("Unsubscribed", share(figures.unsubscribed, delivered)));
    }
    facts.extend(goal(campaign, house.plan));
    match subjects(campaign, house.plan) {
        none if none.is_empty() => facts.extend(typed(campaign)),
        figures => facts.extend(figures),
    }
    let listed = |label: &str, counts: &[(String, i64)]| {
        let said: Vec<String> =
            counts.iter().map(|(state, number)| format!("{number} {}", state.replace('_', " "))).collect();
        (!said.is_empty()).then(|| Fact::new(label, clean(&said.join(", "), 200)))
    };
    facts.extend(listed("Mails", &figures.mails));
    facts.extend(listed("Runs", &figures.runs));
    if figures.won > 0 {
        let sums: Vec<String> = figures
            .revenue
            .iter()
            .map(|(currency, sum)| format!("{sum} {currency}").trim().to_owned())
            .collect();
        let sums = if sums.is_empty() { String::new() } else { format!(": {}", sums.join(", ")) };
        facts.push(Fact::new("Won", clean(&format!("{}{sums}", count(figures.won, "deal")), 120)));
    }
    facts
}

/// How many reached what the sequence is for, where it says that; of those who have begun.
fn goal(campaign: &Campaign, plan: Option<&Sequence>) -> Option<Fact> {
    let (reached, begun) = (campaign.figures.reached(), campaign.figures.begun);
    let share = reached as f64 * 100.0 / begun.max(1) as f64;
    plan?.goal.as_ref().filter(|_| begun > 0)?;
    Some(Fact::new("Goal reached", format!("{reached} of {begun} ({share:.1} %)")))
}

/// What came of each subject, where a mail has several; at most four.
fn subjects(campaign: &Campaign, plan: Option<&Sequence>) -> Vec<Fact> {
    let tried = &campaign.figures.variants;
    let has_others = |one: &&Variant| tried.iter().filter(|other| other.mail == one.mail).count() > 1;
    let fact = |one: &Variant| {
        let subject = plan.and_then(|plan| {
            let steps = (0..plan.step.len()).filter_map(|step| Some((step, plan.mail_at(step)?)));
            let mut of_mail = steps.filter(|(_, written)| written.mail == one.mail);
            of_mail.find_map(|(step, written)| {
                campaign.subjects.at(plan, step).unwrap_or(written.subjects).get(one.number)
            })
        });
        let subject = subject.map(|subject| format!("“{subject}”: ")).unwrap_or_default();
        let share = one.clicked as f64 * 100.0 / one.sent.max(1) as f64;
        let said = format!("{subject}{} sent, {} clicked ({share:.1} %)", one.sent, one.clicked);
        Fact::new(&clean(&format!("{}, subject {}", one.mail, one.number + 1), 60), clean(&said, 200))
    };
    tried.iter().filter(has_others).take(4).map(fact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::gallery::draft;
    use chrono_tz::Tz;
    use rekindle_core::campaign::{Caution, Figures, Subjects};
    use serde_json::json;

    const GOAL: Option<&str> = Some("did \"Demo Requested\"");

    fn facts(campaign: &Campaign, goal: Option<&str>) -> Vec<String> {
        let steps = json!([{"mail": "breakup", "subjects": ["x", "y"]}]);
        let plan = json!({"name": "re-engagement", "goal": goal, "step": steps});
        let plan: Sequence = serde_json::from_value(plan).unwrap();
        let house = Surroundings {
            plan: Some(&plan),
            caution: Caution::NONE,
            zone: Tz::UTC,
            public_url: "https://x.test",
        };
        let facts = results(campaign, &house).into_iter();
        facts.map(|fact| format!("{}: {}", fact.label, fact.value)).collect()
    }

    #[test]
    fn the_goal_is_a_fact_of_its_own_where_there_is_one() {
        let runs = vec![("due".to_owned(), 9), ("goal".to_owned(), 3)];
        let campaign = Campaign { figures: Figures { begun: 12, runs, ..Figures::default() }, ..draft() };
        assert!(facts(&campaign, GOAL).contains(&"Goal reached: 3 of 12 (25.0 %)".to_owned()));
        let aimless = facts(&campaign, None);
        assert!(!aimless.iter().any(|fact| fact.starts_with("Goal")), "{aimless:?}");
        let begun = |begun| Campaign { figures: Figures { begun, ..Figures::default() }, ..draft() };
        assert!(!facts(&begun(0), GOAL).iter().any(|fact| fact.starts_with("Goal")));
        assert!(facts(&begun(4), GOAL).contains(&"Goal reached: 0 of 4 (0.0 %)".to_owned()));
    }

    #[test]
    fn what_was_typed_is_said_with_its_figures_as_soon_as_there_are_some() {
        let subjects = Subjects::of(["One", "Two"]).unwrap();
        let mut campaign = Campaign { subjects, ..draft() };
        assert!(facts(&campaign, GOAL).contains(&"Subjects tried: “One”, “Two”".to_owned()));
        let tried = |number, clicked| Variant { mail: "breakup".to_owned(), number, sent: 20, clicked };
        campaign.figures.variants = vec![tried(0, 1), tried(1, 5)];
        let said = facts(&campaign, GOAL);
        assert!(!said.iter().any(|fact| fact.starts_with("Subjects")), "{said:?}");
        assert!(
            said.contains(&"breakup, subject 2: “Two”: 20 sent, 5 clicked (25.0 %)".to_owned()),
            "{said:?}"
        );
        campaign.subjects = Subjects::default();
        let said = facts(&campaign, GOAL);
        assert!(said.contains(&"breakup, subject 1: “x”: 20 sent, 1 clicked (5.0 %)".to_owned()), "{said:?}");
    }
}
