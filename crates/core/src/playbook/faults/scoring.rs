//! What cannot be meant by rules of worth: lines that cross, groups that nobody knows, limits that let nothing through.

use super::{Fault, fault};
use crate::{
    activity::{names, wildcard},
    nearest::did_you_mean,
    score::{CLICKS, EngagementRule, Grades, Group, Scoring, Surge, Thresholds},
    segment::{Predicate, Standing},
    span::Span,
};
use std::collections::BTreeMap;

pub(super) fn of(scoring: &Scoring) -> Vec<Fault> {
    let mut found = of_thresholds(&scoring.thresholds);
    found.extend(of_grades(&scoring.grades));
    found.extend(of_groups(&scoring.groups));
    for (at, rule) in scoring.engagement.iter().enumerate() {
        let in_rule = |(key, why): (&str, String)| fault(format!("engagement[{at}].{key}"), why);
        found.extend(of_rule(rule, &scoring.groups).into_iter().map(in_rule));
    }
    found.extend(of_order(&scoring.engagement));
    for (at, rule) in scoring.fit.iter().enumerate() {
        found.extend(of_fit(&rule.when).map(|why| fault(format!("fit[{at}].when"), why)));
    }
    found
}

/// An activity is worth the first rule that matches it: rules about nothing but what others before them take whole never count.
fn of_order(rules: &[EngagementRule]) -> Vec<Fault> {
    let mut found = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let before = || rules[..at].iter().filter(|one| one.having.is_none() && one.dwell.is_none());
        let taken = |name: &String| before().any(|one| one.activity.contains(name));
        let seen = |page: &String| {
            before().flat_map(|one| &one.page).any(|wider| wider == page || wildcard(wider, page))
        };
        let is_something = !rule.activity.is_empty() || !rule.page.is_empty();
        if is_something && rule.activity.iter().all(taken) && rule.page.iter().all(seen) {
            let key = if rule.activity.is_empty() { "page" } else { "activity" };
            let why = "this rule never counts: an activity is worth the first rule that matches it, and all of this is taken by rules before it; \
                       put it before them, or give those a `where`";
            found.push(fault(format!("engagement[{at}].{key}"), why));
        }
    }
    found
}

/// What of a question is not for fit: it stays as long as nobody tells more of who they are, and is counted when somebody does.
fn of_fit(when: &Predicate) -> Option<String> {
    when.leaves().find_map(|leaf| {
        let why = match leaf {
            Predicate::Everyone
            | Predicate::Text { .. }
            | Predicate::Tagged(_)
            | Predicate::FreeMail
            | Predicate::Standing { of: Standing::Level, .. } => return None,
            Predicate::Did(_) => "that is what they do: write it as [[engagement]]",
            Predicate::Segment(_) => "a segment may ask anything: write here what it asks",
            Predicate::Points { .. } | Predicate::Hot | Predicate::Standing { of: Standing::Grade, .. } => {
                "that follows from the points, which cannot follow from it, too"
            }
            Predicate::QuietFor(_)
            | Predicate::Unowned
            | Predicate::OwnedBy(_)
            | Predicate::Standing { .. } => "that changes with time and with what the team does",
            // No leaf.
            Predicate::All(_) | Predicate::Any(_) | Predicate::Not(_) => return None,
        };
        Some(format!("fit is who they are, by what was told of them; “{leaf}”: {why}"))
    })
}

fn of_thresholds(lines: &Thresholds) -> Vec<Fault> {
    let mut found = Vec::new();
    if lines.hot < 1 {
        found.push(fault("thresholds.hot", "hot is at least 1: with less, every lead would be hot"));
    } else if lines.max < lines.hot {
        let why = format!("max is below hot ({}): no lead could ever be hot", lines.hot);
        found.push(fault("thresholds.max", why));
    }
    if lines.cools_below > lines.hot {
        let why = format!(
            "cools_below is above hot: a lead would turn hot and have cooled at once; write at most {}",
            lines.hot
        );
        found.push(fault("thresholds.cools_below", why));
    }
    if let Some(Surge { points, within }) = lines.surge {
        if points < 1 {
            let why = "a surge is at least 1 point: with less, everybody would be surging";
            found.push(fault("thresholds.surge.points", why));
        }
        if within == Span::ZERO {
            found.push(fault("thresholds.surge.within", "a surge takes more than no time"));
        }
    }
    found
}

fn of_grades(grades: &Grades) -> Vec<Fault> {
    let mut found = Vec::new();
    for (name, [best, second]) in [("fit", grades.fit), ("engagement", grades.engagement)] {
        if best < second {
            let why = format!(
                "the borders go from the best grade down, and {best} is below {second}; write [{second}, {best}]"
            );
            found.push(fault(format!("grades.{name}"), why));
        }
    }
    found
}

fn of_groups(groups: &BTreeMap<String, Group>) -> Vec<Fault> {
    let mut found = Vec::new();
    for (name, Group { max, min }) in groups {
        let mut told = |key: &str, why: &str| found.push(fault(format!("groups.{name}{key}"), why));
        if name == CLICKS {
            told("", "links of mails are a group by themselves, worth a quarter of hot at most");
        } else if !name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c)) || name.trim().is_empty() {
            told("", "the name of a group has letters, digits, - and _");
        }
        match (max, min) {
            (None, None) => told("", "a group says what it is worth at most (max), or at least (min)"),
            (Some(..0), _) => told(".max", "max is not below 0: who did nothing of it would lose points"),
            (_, Some(1..)) => told(".min", "min is not above 0: who did nothing of it would have points"),
            _ => {}
        }
    }
    found
}

/// What cannot be meant in one rule: under which key, and why.
fn of_rule<'a>(rule: &EngagementRule, groups: &BTreeMap<String, Group>) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    let mut told = |key, why: &str| found.push((key, why.to_owned()));
    if rule.activity.is_empty() && rule.page.is_empty() {
        told("points", "this rule counts nothing: it names an activity or a page");
    }
    // Mail-rules M1.
    if rule.activity.iter().any(|name| [names::OPENED, "Email Opened"].contains(&name.as_str())) {
        let why = "opens are worth nothing: mail programs and filters load pictures by themselves; count what people click";
        told("activity", why);
    }
    if let Some(page) =
        rule.page.iter().find(|page| !page.starts_with(['/', '*']) || page.contains(['?', '#']))
    {
        let why = format!(
            "“{page}” is no path, and matches none: a path begins with / and ends before ? and #, as /pricing*"
        );
        told("page", &why);
    }
    if rule.activity.iter().any(|name| name.trim().is_empty()) {
        told("activity", "an activity has a name");
    }
    if rule.hits == Some(0) {
        told("hits", "hits is at least 1; without it, each counts");
    }
    if rule.within.is_some() && rule.hits.is_none() {
        told("within", "within goes with hits: hits = 3, within = \"7d\"");
    }
    if rule.max_per.is_some_and(|max| max.times == 0) {
        told("max_per", "with times = 0 this rule would never count");
    }
    let spans = [
        ("within", rule.within),
        ("dwell", rule.dwell),
        ("returns", rule.returns),
        ("cooldown", rule.cooldown),
        ("max_per", rule.max_per.map(|max| max.every)),
        ("half_life", rule.half_life),
    ];
    for (key, _) in spans.into_iter().filter(|(_, span)| *span == Some(Span::ZERO)) {
        told(key, "this is more than no time");
    }
    match &rule.group {
        Some(group) if group == CLICKS => {
            told("group", "links of mails are in the group “clicks” by themselves, and nothing else is");
        }
        Some(group) if !groups.contains_key(group) => {
            let near = did_you_mean(group, groups.keys().map(String::as_str));
            let how = "; a group is written as [groups.NAME] with its max";
            let help = if near.is_empty() { how } else { &*near };
            told("group", &format!("there is no group “{group}”{help}"));
        }
        _ => {}
    }
    found
}
