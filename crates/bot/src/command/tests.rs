//! What people type, and what it means.

use super::*;
use rekindle_core::team::Role;

fn read(line: &str) -> Command {
    parse(line).unwrap_or_else(|refusal| panic!("{line}: {}", refusal.text(chrono_tz::UTC)))
}
fn said(line: &str) -> String {
    parse(line).unwrap_err().text(chrono_tz::UTC)
}
fn launch(sequence: &str, segment: &str, confirm: Option<&str>) -> Command {
    Command::Campaign(Campaign::Launch {
        confirm: confirm.map(str::to_owned),
        sequence: Some(sequence.to_owned()),
        segment: Some(segment.to_owned()),
        despite_mail_doctor: false,
        audience: None,
        subject: Vec::new(),
    })
}

#[test]
fn what_is_typed_is_understood() {
    let claim = Command::Lead(Lead::Claim { lead: "kim@acme.test".to_owned() });
    assert_eq!(read("/lead claim kim@acme.test"), claim);
    assert_eq!(read("  lead   claim kim@acme.test "), claim);
    assert_eq!(read("/rekindle lead claim kim@acme.test"), claim);
    assert_eq!(read("/rekindle status"), Command::Rekindle(House::Status));
    let revived = |page| Command::Report(Report::Revived { page });
    assert_eq!(read("/report revived"), revived(None));
    assert_eq!(read("/rekindle report revived --page 2"), revived(Some(2)));
    assert_eq!(read("/rekindle team"), Command::Rekindle(House::Team { what: None }));
    let add = Team::Add { name: "Ana López".to_owned(), role: Role::Sales };
    assert_eq!(
        read("/rekindle team add “Ana López” --role sales"),
        Command::Rekindle(House::Team { what: Some(add) })
    );
}

#[test]
fn the_rest_of_the_line_needs_no_quotes() {
    let note =
        |text: &str| Command::Lead(Lead::Note { lead: "kim@x.test".to_owned(), text: text.to_owned() });
    assert_eq!(read("/lead note kim@x.test said “call me”  on Monday"), note("said \"call me\"  on Monday"));
    assert_eq!(read("/lead note kim@x.test \"will call\""), note("will call"));
    assert_eq!(read("/lead note kim@x.test - it's a dash"), note("- it's a dash"));
    assert_eq!(read("/lead note kim@x.test -40 % is too much"), note("-40 % is too much"));
    let when =
        |text: &str| Command::Lead(Lead::Snooze { lead: "kim@x.test".to_owned(), when: text.to_owned() });
    assert_eq!(read("/lead snooze kim@x.test tomorrow 14:00"), when("tomorrow 14:00"));
    let outcome = |how, note: Option<&str>| {
        Command::Lead(Lead::Outcome { lead: "kim@x.test".to_owned(), how, note: note.map(str::to_owned) })
    };
    assert_eq!(read("/lead outcome kim@x.test won 5000"), outcome(Outcome::Won, Some("5000")));
    assert_eq!(read("/lead outcome kim@x.test lost no budget"), outcome(Outcome::Lost, Some("no budget")));
    assert_eq!(read("/lead outcome kim@x.test no-answer"), outcome(Outcome::NoAnswer, None));
    assert_eq!(
        read("/lead outcome kim@x.test not_a_fit \"student\""),
        outcome(Outcome::NotAFit, Some("student"))
    );
}

#[test]
fn a_segment_is_a_name_or_a_question() {
    let cold = launch("re-engagement", "gone cold", None);
    assert_eq!(read("/campaign launch re-engagement \"gone cold\""), cold);
    assert_eq!(read("/campaign launch re-engagement gone cold"), cold);
    let confirmed = launch("re-engagement", "gone cold", Some("campaign_1"));
    assert_eq!(read("/campaign launch re-engagement gone cold --confirm campaign_1"), confirmed);
    assert_eq!(read("/campaign launch re-engagement \"gone cold\" —confirm campaign_1"), confirmed);
    assert_eq!(read("/campaign launch re-engagement \"gone cold\" --confirm=campaign_1"), confirmed);
    let question = "viewed \"/pricing*\" in last 14 days and not hot";
    assert_eq!(
        read(&format!("/campaign launch re-engagement {question}")),
        launch("re-engagement", question, None)
    );
    assert_eq!(
        read(&format!("/campaign launch re-engagement '{question}'")),
        launch("re-engagement", question, None)
    );
    let bare = Campaign::Launch {
        confirm: Some("campaign_1".to_owned()),
        sequence: None,
        segment: None,
        despite_mail_doctor: false,
        audience: None,
        subject: Vec::new(),
    };
    assert_eq!(read("/campaign launch --confirm campaign_1"), Command::Campaign(bare));
    let follows = Campaign::Preview {
        audience: Some(Audience::Follows),
        subject: Vec::new(),
        sequence: "welcome".to_owned(),
        segment: question.to_owned(),
    };
    for line in ["--audience follows welcome", "welcome --audience follows"] {
        assert_eq!(read(&format!("/campaign preview {line} {question}")), Command::Campaign(follows.clone()));
    }
}

#[test]
fn subjects_are_typed_one_option_each_wherever_they_stand() {
    let subjects = |line: &str| match read(line) {
        Command::Campaign(
            Campaign::Launch { subject, segment: Some(segment), .. }
            | Campaign::Preview { subject, segment, .. },
        ) => (subject, segment),
        other => panic!("{other:?}"),
    };
    let typed = (
        vec![r#"Hi {{ first_name | default("there") }}"#.to_owned(), "-50 % today".to_owned()],
        "hot or warm".to_owned(),
    );
    for line in [
        r#"/campaign launch --subject "Hi {{ first_name | default("there") }}" --subject "-50 % today" welcome hot or warm"#,
        r#"/campaign preview welcome hot or warm --subject “Hi {{ first_name | default("there") }}” --subject "-50 % today""#,
        r#"/campaign launch welcome --subject="Hi {{ first_name | default("there") }}" hot or warm --subject="-50 % today""#,
    ] {
        assert_eq!(subjects(line), typed, "{line}");
    }
}

#[test]
fn a_slip_is_told_with_the_nearest_right_thing() {
    for (line, words) in [
        ("/lead clam kim@x.test", "There is no /lead clam; did you mean /lead claim?"),
        ("/leed hot", "There is no /leed; did you mean /lead?"),
        ("/wat", "There is no /wat; there are /lead, /campaign, /segment, /report, /rekindle."),
        ("/lead claim", "/lead claim needs LEAD. Write: /lead claim LEAD"),
        (
            "/lead claim kim@x.test now",
            "/lead claim takes no more words; “now” is one too many. Write: /lead claim LEAD",
        ),
        (
            "/lead outcome kim@x.test wun",
            "“wun” is not among connected, no-answer, meeting, won, lost, not-a-fit; did you mean won? \
             Write: /lead outcome LEAD HOW [NOTE]",
        ),
        (
            "/rekindle team add Ben --rol sales",
            "/rekindle team add has no “--rol”; did you mean --role? Write: /rekindle team add NAME --role ROLE",
        ),
        (
            "/campaign preview re-engagement",
            "/campaign preview needs SEGMENT. Write: /campaign preview SEQUENCE SEGMENT [--audience AUDIENCE] [--subject SUBJECT]…",
        ),
        (
            "/campaign launch re-engagement warm --confrim x",
            "/campaign launch has no “--confrim”; did you mean --confirm? \
             Write: /campaign launch SEQUENCE SEGMENT [--confirm ID] [--despite-mail-doctor] [--audience AUDIENCE] [--subject SUBJECT]…",
        ),
    ] {
        assert_eq!(said(line), words, "{line}");
    }
}

#[test]
fn a_question_is_taken_as_it_is_written() {
    let count = |line: &str| match read(line) {
        Command::Segment(Segment::Count { segment }) => segment,
        other => panic!("{other:?}"),
    };
    assert_eq!(count("/segment count gone cold"), "gone cold");
    assert_eq!(count("/segment count \"gone cold\""), "gone cold");
    let question = "score >= 60 and not did \"Demo Requested\" in last 2 days";
    assert_eq!(count(&format!("/rekindle segment count {question}")), question);
    assert_eq!(
        read(&format!("/segment save \"hot ones\" {question}")),
        Command::Segment(Segment::Save { name: "hot ones".to_owned(), question: question.to_owned() })
    );
}

#[test]
fn help_is_found_wherever_it_is_asked_for() {
    let help = |of: Option<&str>| Command::Rekindle(House::Help { of: of.map(str::to_owned) });
    assert_eq!(read("/lead"), help(Some("lead")));
    assert_eq!(read("/lead help"), help(Some("lead")));
    assert_eq!(read("/lead snooze --help"), help(Some("lead snooze")));
    assert_eq!(read("/rekindle help lead snooze"), help(Some("lead snooze")));
    assert_eq!(read("/rekindle help"), help(None));
    assert_eq!(read("/"), help(None));
    let all = help_of("").unwrap();
    for line in [
        "/lead claim LEAD",
        "/campaign launch SEQUENCE SEGMENT [--confirm ID] [--despite-mail-doctor] [--audience AUDIENCE] [--subject SUBJECT]…",
        "/rekindle team [add|role|email|link]",
    ] {
        assert!(all.contains(line), "{line} in {all}");
    }
    for of in ["lead snooze", "snooze", "/lead snooze"] {
        assert!(help_of(of).unwrap().starts_with("/lead snooze LEAD WHEN\n  Put a lead off"), "{of}");
    }
    let stop = help_of("stop").unwrap();
    assert!(stop.contains("/lead stop LEAD") && stop.contains("/campaign stop"), "{stop}");
    let refused = |of: &str| help_of(of).unwrap_err().text(chrono_tz::UTC);
    assert_eq!(refused("clam"), "There is nothing called “clam” to type; did you mean claim?");
    assert_eq!(
        refused("nonsense"),
        "There is nothing called “nonsense” to type; /rekindle help shows all there is."
    );
}

#[test]
fn outcomes_are_typed_as_they_are_said() {
    let outcome = |line: &str| match read(line) {
        Command::Lead(Lead::Outcome { how, note, .. }) => (how, note),
        other => panic!("{other:?}"),
    };
    use rekindle_core::alert::Outcome;
    assert_eq!(outcome("/lead outcome k@x.test no answer"), (Outcome::NoAnswer, None));
    assert_eq!(
        outcome("/rekindle lead outcome k@x.test Not a fit a \"student\""),
        (Outcome::NotAFit, Some("a \"student\"".to_owned()))
    );
    let said = parse("/lead outcome k@x.test no").unwrap_err().text(chrono_tz::UTC);
    assert!(!said.contains("did you mean") && said.contains("no-answer"), "{said}");
}

#[test]
fn what_could_come_next_is_offered() {
    let known = Known {
        leads: vec![("kim@acme.test".to_owned(), "Kim Park".to_owned())],
        sequences: vec![("re-engagement".to_owned(), String::new())],
        segments: vec![("gone cold".to_owned(), String::new()), ("warm".to_owned(), String::new())],
        ..Known::default()
    };
    let offers = |text: &str| complete(text, &known).into_iter().map(|s| s.insert).collect::<Vec<_>>();
    assert_eq!(offers("/"), ["/lead ", "/campaign ", "/segment ", "/report ", "/rekindle "]);
    assert_eq!(offers("/lead cl"), ["/lead claim "]);
    assert_eq!(offers("/lead claim "), ["/lead claim kim@acme.test "]);
    assert_eq!(offers("/rekindle lead claim k"), ["/rekindle lead claim kim@acme.test "]);
    assert_eq!(offers("/lead claim zoe"), Vec::<String>::new());
    assert_eq!(offers("/campaign launch re"), ["/campaign launch re-engagement "]);
    assert_eq!(
        offers("/campaign launch re-engagement "),
        ["/campaign launch re-engagement \"gone cold\" ", "/campaign launch re-engagement warm "]
    );
    assert_eq!(
        offers("/campaign launch re-engagement cold"),
        ["/campaign launch re-engagement \"gone cold\" "]
    );
    assert_eq!(offers("/lead outcome kim@acme.test wo"), ["/lead outcome kim@acme.test won "]);
    assert_eq!(offers("/rekindle team add Ben --role sa"), ["/rekindle team add Ben --role sales "]);
    assert_eq!(offers("hello"), Vec::<String>::new());
}

#[test]
fn every_command_says_what_it_is_for() {
    fn silent(command: &clap::Command) -> Vec<String> {
        let mut found = Vec::new();
        for verb in command.get_subcommands() {
            if verb.get_about().is_none()
                || verb.get_arguments().any(|argument| argument.get_help().is_none())
            {
                found.push(verb.get_name().to_owned());
            }
            found.extend(silent(verb));
        }
        found
    }
    assert_eq!(silent(declared()), Vec::<String>::new());
}
