//! A home as Slack shows it, in the tab that is each user's own (<https://docs.slack.dev/surfaces/app-home>).

use super::{limit, plain, plain_text, section};
use crate::{
    home::{Home, Line, NOTHING},
    wording::count,
};
use slack_morphism::prelude::*;

/// What the buttons begin with that only open a page: Slack tells of a press on them as of any other.
pub(crate) const LINK: &str = "link:";

/// The home of a member. `house` is where the pages of the team are.
pub(in crate::slack) fn home(home: &Home, name: &str, house: &str) -> SlackView {
    let mut blocks = vec![header(&format!("{name}, your leads")), section(&home.figures)];
    blocks.push(
        SlackActionsBlock::new(vec![
            link("dashboard", "Dashboard", &format!("{house}/")).into(),
            link("console", "Console", &format!("{house}/console")).into(),
        ])
        .into(),
    );
    if home.is_empty() {
        blocks.push(section(NOTHING));
    }
    for part in &home.parts {
        blocks.push(SlackDividerBlock::new().into());
        blocks.push(header(part.title));
        blocks.extend(part.lines.iter().map(|one| line(one, house)));
        if part.more > 0 {
            let more = count(i64::try_from(part.more).unwrap_or(i64::MAX), "more lead");
            blocks.push(section(&format!("… and {more}: `/lead mine` and the dashboard show them.")));
        }
    }
    SlackView::Home(SlackHomeView::new(blocks))
}

/// The home of somebody whom nobody knows: how they say who they are.
pub(in crate::slack) fn unknown(invitation: &str, link_to: &str) -> SlackView {
    let blocks = vec![
        header("I do not know yet who you are"),
        section(invitation),
        SlackActionsBlock::new(vec![link("who", "Say who I am", link_to).into()]).into(),
    ];
    SlackView::Home(SlackHomeView::new(blocks))
}

fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(text, limit::HEADER)).into()
}

fn link(id: &str, label: &str, to: &str) -> SlackBlockButtonElement {
    let button = SlackBlockButtonElement::new(plain(label, limit::BUTTON))
        .with_action_id(format!("{LINK}{id}").into());
    match to.parse() {
        Ok(url) => button.with_url(url),
        // The settings take no address that is none; without it, it is a button that does nothing.
        Err(_) => button,
    }
}

fn line(line: &Line, house: &str) -> SlackBlock {
    let who = match &line.company {
        Some(company) => format!("{}, {company}", line.name),
        None => line.name.clone(),
    };
    let text = format!("{who}\n{} · {} points · {}", line.grade, line.score, line.stands);
    let opens = link("lead", "Open", &format!("{house}/leads/{}", line.lead));
    SlackSectionBlock::new().with_text(plain_text(&text, limit::SECTION)).with_accessory(opens.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{card::gallery, home::tests::full_of};
    use serde_json::Value;

    fn shown(view: &SlackView) -> Value {
        serde_json::to_value(view).unwrap()
    }

    #[test]
    fn it_looks_as_it_was_agreed() {
        let kim = shown(&home(&full_of("Kim Park", 1), "Ana", "https://rekindle.acme.test"));
        let new = shown(&unknown("Open this link.", "https://rekindle.acme.test/link-chat/t0k3n"));
        let shown = format!(
            "{}\n{}\n",
            serde_json::to_string_pretty(&kim).unwrap(),
            serde_json::to_string_pretty(&new).unwrap()
        );
        let agreed = include_str!("home.txt");
        assert!(
            shown == agreed,
            "this is shown now; is it meant? Then it belongs into render/home.txt:\n{shown}"
        );
    }

    #[test]
    fn no_text_of_a_lead_is_more_than_text_and_a_full_one_is_within_the_limits() {
        for text in gallery::canaries().into_iter().chain(gallery::naughty()) {
            let view = shown(&home(&full_of(&text, 1), &text, "https://rekindle.acme.test"));
            crate::slack::render::tests::checked(&view["blocks"], "");
        }
        let full = shown(&home(&full_of("Kim", 25), "Ana", "https://rekindle.acme.test"));
        assert!(full["blocks"].as_array().unwrap().len() <= 100);
    }
}
