//! A plan is read as it is written, and nothing else is.

use super::*;
use crate::read;

const BRANCHING: &str = r#"
name = "trial"
enroll = { on = "Trial Begun", unless = 'lifecycle = customer' }
reentry = { per = "trial_id" }
goal = 'did "Plan Chosen"'
exit_when = ["unsubscribed", "comes back", 'did "Trial Ended"']
priority = 8
holdout = 0

[[step]]
mail = "welcome"
subjects = ["A", "B"]
winner = { by = "clicks" }

[[step]]
until = 'did "Set Up"'
timeout = "3d"
then = [{ mail = "next" }]
otherwise = [{ wait = "1d" }, { mail = "help" }]

[[step]]
[[step.branch]]
when = 'journey = decision'
do = [{ mail = "call" }, { finish = true }]
[[step.branch]]
when = 'score >= 40'
do = [{ alert = "a trial that goes well" }]
[[step.branch]]
do = [{ wait = { days = "tue", at = "09:00" } }]

[[step]]
[[step.split]]
name = "short"
share = 3
do = [{ mail = "short" }]
[[step.split]]
name = "long"
do = "finish"

[[step]]
set = { tag = "tried", score = 10 }
"#;

fn read(text: &str) -> Result<Sequence, String> {
    read::toml("trial.toml", text).map_err(|error| error.to_string())
}

/// The plan as a person would draw it: each step with where it leads.
fn drawn(sequence: &Sequence) -> Vec<String> {
    let leads = |step: &Step| match step {
        Step::Leap(to) => format!("→{to}"),
        Step::Branch { otherwise, .. } => format!("?→{otherwise}"),
        Step::Until(watch) | Step::Watch(watch) => format!("…→{} or {}", watch.met, watch.unmet),
        Step::Split { paths, .. } => paths.iter().map(|path| format!("/{}→{}", path.name, path.to)).collect(),
        _ => String::new(),
    };
    let line = |step: &Step| match step {
        Step::Mail { mail, .. } => mail.clone(),
        step => step.label().unwrap_or_default(),
    };
    sequence
        .step
        .iter()
        .map(|step| format!("{}{}", line(step).split(' ').next().unwrap_or_default(), leads(step)))
        .collect()
}

#[test]
fn what_branches_in_the_file_is_a_list_that_only_leads_on() {
    let sequence = read(BRANCHING).unwrap();
    assert_eq!(
        drawn(&sequence),
        [
            "welcome",
            "until…→3 or 5",
            "until…→3 or 5",
            "next",
            "→7",
            "wait",
            "help",
            "if?→11",
            "call",
            "finish",
            "→15",
            "if?→14",
            "alert",
            "→15",
            "wait",
            "split/short→16/long→18",
            "short",
            "→20",
            "finish",
            "→20",
            "set",
        ]
    );
    assert_eq!(sequence.step.place(6), "step[1].otherwise[1]");
    assert_eq!(sequence.step.place(12), "step[2].branch[1].do[0]");
    assert_eq!(sequence.step.place(18), "step[3].split[1].do[0]");
    for (at, step) in sequence.step.iter().enumerate() {
        let leads_back = match step {
            Step::Leap(to) => *to <= at,
            Step::Branch { otherwise, .. } => *otherwise <= at,
            Step::Until(watch) | Step::Watch(watch) => watch.met <= at || watch.unmet <= at,
            Step::Split { paths, .. } => paths.iter().any(|path| path.to <= at),
            _ => false,
        };
        assert!(!leads_back, "step {at} leads back");
    }
    assert_eq!(sequence.priority.get(), 8);
    assert_eq!(sequence.holdout(), 0.0);
    assert_eq!(sequence.exit_when[1], Exit::ComesBack);
    assert_eq!(sequence.asks().count(), 7);
}

#[test]
fn what_cannot_be_a_step_is_told_with_its_line_and_what_would_be_right() {
    let head = "name = \"x\"\n";
    for (text, line, words) in [
        ("[[step]]\n", 2, "a step is exactly one of `mail`, `wait`"),
        ("[[step]]\nmail = \"a\"\nwait = \"1d\"\n", 2, "this one has `mail` and `wait`"),
        ("[[step]]\nmial = \"a\"\n", 3, "did you mean \"mail\""),
        ("[[step]]\nwait = \"1d\"\nsubjects = [\"a\"]\n", 2, "`subjects` belongs to a step with `mail`"),
        ("[[step]]\nuntil = 'hot'\n", 2, "has a `timeout`"),
        ("[[step]]\nuntil = 'hott'\ntimeout = \"1d\"\n", 3, "did you mean hot"),
        ("[[step]]\nmail = \"a\"\nwinner = { by = \"clicks\" }\n", 2, "two `subjects` or more"),
        ("[[step]]\nmail = \"a\"\nsubjects = [\"a\", \"b\"]\nwinner = { by = \"opens\" }\n", 5, "clicks"),
        ("[[step]]\nuntil = 'hot'\ntimeout = \"1d\"\nthen = \"stop\"\n", 5, "\"finish\""),
        ("[[step]]\nbranch = [{ do = [{ mail = \"a\" }] }]\n", 2, "has a `when`"),
        ("[[step]]\nsplit = [{ name = \"a\" }]\n", 2, "two ways or more"),
        ("[[step]]\nsplit = [{ name = \"a\" }, { name = \"a\" }]\n", 2, "different names"),
        ("[[step]]\nset = {}\n", 2, "says what to set"),
        ("[[step]]\narchive = false\n", 2, "or leave the step out"),
        ("[[step]]\nwait = { days = \"tue\", date = \"2027-01-01\" }\n", 3, "4d"),
        ("priority = 11\n[[step]]\nfinish = true\n", 2, "from 0 to 9"),
        ("holdout = 95\n[[step]]\nfinish = true\n", 2, "between 0 and 90"),
        (
            "enroll = { on = \"A\", segment = \"b\" }\n[[step]]\nfinish = true\n",
            2,
            "begins with a `segment`, or",
        ),
        ("enroll = { segment = \"b\", within = \"1d\" }\n[[step]]\nfinish = true\n", 2, "go with `on`"),
        ("exit_when = [\"comes bakc\"]\n[[step]]\nfinish = true\n", 2, "“comes back”"),
    ] {
        let error = read(&format!("{head}{text}")).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
        assert!(error.starts_with(&format!("trial.toml:{line}:")), "{text}: {error}");
    }
}

#[test]
fn five_per_cent_are_held_out_of_what_sells_and_nobody_of_what_serves() {
    let sells = read("name = \"x\"\n[[step]]\nfinish = true\n").unwrap();
    let serves = read("name = \"x\"\npurpose = \"relationship\"\n[[step]]\nfinish = true\n").unwrap();
    assert_eq!((sells.holdout(), serves.holdout()), (5.0, 0.0));
    let lead = |number: usize| {
        let mut lead =
            Lead::anonymous(crate::ids::LeadId(Default::default()), crate::time::Moment::UNIX_EPOCH);
        lead.email = crate::email::EmailAddress::parse(&format!("lead{number}@acme.test")).ok();
        lead
    };
    let held = (0..10_000).filter(|number| sells.holds_out(&lead(*number))).count();
    assert!((440..560).contains(&held), "{held} of 10,000");
    assert!((0..10_000).all(|number| !serves.holds_out(&lead(number))));
}

#[test]
fn a_run_that_is_moved_stands_at_the_same_step_of_the_other_version() {
    let plan = |steps: &str| read(&format!("name = \"x\"\nstep = [{steps}]\n")).unwrap();
    let old =
        plan("{ mail = \"a\" }, { wait = \"4d\" }, { mail = \"b\" }, { wait = \"4d\" }, { mail = \"c\" }");
    // Another subject, a step before it, and a branch around it change nothing.
    let new = plan(
        "{ alert = \"x\" }, { mail = \"a\", subjects = [\"other\"] }, { wait = \"4d\" }, { mail = \"b\" }, { wait = \"4d\" }, \
         { branch = [{ when = 'hot', do = [{ mail = \"c\" }] }] }",
    );
    let places: Vec<Option<usize>> = (0..=5).map(|step| new.place_of(step, &old)).collect();
    assert_eq!(places, [Some(1), Some(2), Some(3), Some(4), Some(6), Some(8)]);
    // One wait less: nobody can say which is meant; a mail that is gone has no place.
    let shorter = plan("{ mail = \"a\" }, { wait = \"4d\" }, { mail = \"c\" }");
    let places: Vec<Option<usize>> = (0..=5).map(|step| shorter.place_of(step, &old)).collect();
    assert_eq!(places, [Some(0), None, None, None, Some(2), Some(3)]);
}

#[test]
fn the_first_mail_is_the_one_that_every_run_writes_first() {
    let first = |steps: &str| read(&format!("name = \"x\"\nstep = [{steps}]\n")).unwrap().first_mail();
    assert_eq!(first("{ wait = \"1d\" }, { mail = \"a\" }, { mail = \"b\" }"), Some(1));
    assert_eq!(first("{ wait = \"1d\" }, { archive = true }"), None);
    let branch = |inside: &str| {
        first(&format!("{{ branch = [{{ when = 'hot', do = [{inside}] }}] }}, {{ mail = \"a\" }}"))
    };
    assert_eq!(branch("{ mail = \"b\" }"), None, "some write b first, some a");
    assert_eq!(branch("{ wait = \"1d\" }"), Some(3));
    assert_eq!(branch("{ finish = true }"), Some(3), "who ends before writes none");
    assert_eq!(
        first("{ until = 'hot', timeout = \"1d\", then = [{ mail = \"b\" }] }, { mail = \"a\" }"),
        None
    );
}
