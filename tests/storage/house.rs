//! A house with a playbook, leads that may be written to, and mail in its outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono_tz::Tz;
use rekindle_core::{
    advance::{Plans, advance},
    arrival::{Arrival, Received},
    delivery::{Delivery, DeliveryState, Event},
    desk,
    enrollment::Enrollment,
    ids::{AlertId, DeliveryId, LeadId, MemberId},
    lead::Lead,
    playbook::{Files, Playbooks},
    refusal::Refusal,
    scene::{Change, Effect, Scene},
    team::{Handle, Member, Role},
    time::Moment,
    trial::Arm,
};
use rekindle_storage::{
    Store, StoreError,
    outbox::{Claimed, Fate, Passage, Rules, Sender, Ticket},
};
use rekindle_tests::{
    clock::ManualClock,
    stores::{Home, Shoulder},
};
use serde_json::json;

use crate::told::{Telling, identify};

/// What is tried in these stories.
pub(crate) const TRIED: &str = "plain:tried";

/// A house with a playbook.
pub(crate) struct House {
    pub(crate) home: Home,
    pub(crate) store: Store,
    pub(crate) playbooks: Arc<Playbooks>,
    names: AtomicU64,
}

const SCORING: &str = r#"
thresholds = { hot = 100, cools_below = 80 }
grades = { fit = [10, 5], engagement = [60, 25] }
engagement = [
  { activity = ["Demo Requested"], points = 50, half_life = "30d", stage = "decision" },
  { activity = ["Pricing Viewed"], page = ["/pricing*"], points = 20, max_per = { times = 2, every = "7d" }, half_life = "30d" },
  { activity = ["Webinar Attended"], points = 15, max_per = { times = 1, every = "1d" }, half_life = "5d" },
  { activity = ["Complained"], points = -30, half_life = "10d" },
  { page = ["/jobs*"], points = -10 },
]
fit = [{ when = "title matches director", points = 10 }]
"#;

/// The playbook of the stories: rules of every sort, and three plans.
pub(crate) fn playbook() -> Files {
    let plan = |name: &str, more: &str| {
        format!(
            "name = \"{name}\"\nreentry = {{ after = \"1d\" }}\n{more}\n[[step]]\nmail = \"first\"\n[[step]]\nwait = \"2d\"\n[[step]]\nmail = \"second\"\n[[step]]\narchive = true\n"
        )
    };
    let texts = [
        ("scoring.toml", SCORING.to_owned()),
        ("segments.toml", "[[segment]]\nname = \"everyone\"\nwhen = \"everyone\"\n".to_owned()),
        (
            "sunset.toml",
            "quiet_for = \"30d\"\nprotect = [\"claimed\"]\nenroll = \"plain\"\nagain_after = \"180d\"\n"
                .to_owned(),
        ),
        (
            "routing.toml",
            "alerts = \"hot-leads\"\ncampaigns = \"campaigns\"\noperations = \"ops\"\n".to_owned(),
        ),
        ("sequences/plain.toml", plan("plain", "exit_when = [\"any human activity\"]")),
        ("sequences/other.toml", plan("other", "")),
        ("sequences/service.toml", plan("service", "purpose = \"relationship\"")),
        (
            "sequences/daytime.toml",
            plan("daytime", "send_window = { days = \"mon-fri\", hours = \"12:00-13:00\", zone = \"UTC\" }"),
        ),
    ];
    texts.into_iter().map(|(file, text)| (file.to_owned(), text)).collect()
}

/// A member of the team.
pub(crate) fn member(name: &str) -> Member {
    let handle = Handle::of(name).expect("a name");
    Member { id: MemberId(uuid::Uuid::nil()), handle, name: name.to_owned(), role: Role::Sales, active: true }
}

/// The id that a claim by hand gives its alert.
pub(crate) fn alert_id(number: u128) -> AlertId {
    AlertId(uuid::Uuid::from_u128(number))
}

impl House {
    pub(crate) async fn of(home: Home) -> Self {
        let store = home.open().await;
        store.apply_playbook(&playbook()).await.expect("a playbook");
        let playbooks = store.playbooks().await.expect("a playbook");
        Self { home, store, playbooks, names: AtomicU64::new(0) }
    }

    pub(crate) fn now(&self) -> Moment {
        self.home.now()
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        self.home.clock()
    }

    pub(crate) async fn shoulder(&self) -> Shoulder {
        self.home.shoulder().await
    }

    /// A name that nothing else in this house has.
    pub(crate) fn name(&self) -> String {
        format!("n{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells the house one thing, which it stores: whose it is.
    pub(crate) async fn tell(&self, arrival: Arrival) -> LeadId {
        match self.tell_all(&[arrival]).await.remove(0) {
            Received::Stored(lead) => lead,
            other => panic!("not stored: {other:?}"),
        }
    }

    /// Tells the house a group.
    pub(crate) async fn tell_all(&self, group: &[Arrival]) -> Vec<Received> {
        self.store.leads().observe(group, &self.playbooks).await.expect("the house takes it in")
    }

    /// A lead that may be written to.
    pub(crate) async fn lead(&self) -> LeadId {
        let name = self.name();
        self.lead_at(&format!("{name}@acme.test")).await
    }

    /// A lead with this address that may be written to.
    pub(crate) async fn lead_at(&self, email: &str) -> LeadId {
        let id = format!("identify-{}", self.name());
        self.tell(identify(&id, json!({"email": email, "consent": true}), self.now()).email(email)).await
    }

    pub(crate) async fn row(&self, lead: LeadId) -> Lead {
        self.store.leads().by_id(lead).await.expect("the lead")
    }

    pub(crate) async fn decide<F>(&self, lead: LeadId, decide: F) -> Result<Lead, StoreError>
    where
        F: Fn(&Scene, Moment) -> Result<Change, Refusal> + Send + Sync,
    {
        self.store.leads().decide(lead, &self.playbooks, decide).await
    }

    pub(crate) async fn claim(&self, lead: LeadId, by: &str) {
        let wall = self.now();
        let id = alert_id(u128::from(self.names.fetch_add(1, Ordering::Relaxed)) + 1);
        self.decide(lead, |scene, _| desk::claim(scene, &member(by), id, wall)).await.expect("claimed");
    }

    pub(crate) async fn release(&self, lead: LeadId, by: &str) {
        self.decide(lead, |scene, now| desk::release(scene, &member(by), now)).await.expect("released");
    }

    /// The lead begins a plan, and its first mail is in the outbox.
    pub(crate) async fn mail(&self, lead: LeadId, sequence: &str) -> DeliveryId {
        let playbooks = self.playbooks.clone();
        self.decide(lead, |scene, now| desk::enroll(scene, sequence, &playbooks, now))
            .await
            .expect("enrolled");
        self.step(lead).await;
        self.awaited(lead, sequence).await
    }

    /// The mail that a lead's run awaits.
    pub(crate) async fn awaited(&self, lead: LeadId, sequence: &str) -> DeliveryId {
        let run = self.run(lead, sequence).await;
        run.awaited().unwrap_or_else(|| panic!("awaits nothing: {:?}", run.state))
    }

    /// The newest run of a lead through a plan.
    pub(crate) async fn run(&self, lead: LeadId, sequence: &str) -> Enrollment {
        let dossier = self.store.leads().dossier(lead).await.expect("the lead");
        dossier.enrollments.into_iter().find(|run| run.sequence == sequence).expect("a run")
    }

    /// A lead gets the second of two that a run tries.
    pub(crate) async fn tries(&self, lead: LeadId, sequence: &str) {
        let run = self.run(lead, sequence).await.id;
        let arm = Arm { trial: TRIED.to_owned(), number: 1 };
        let tries = |scene: &Scene, _| {
            Ok(Change { effects: vec![Effect::Try { run, arm: arm.clone() }], ..scene.unchanged() })
        };
        self.decide(lead, tries).await.expect("a trial");
    }

    /// Takes the steps of a lead that are due, as the daemon does.
    pub(crate) async fn step(&self, lead: LeadId) {
        let decided = self.store.trials().decided().await.expect("the trials");
        let plans = Plans { playbooks: &self.playbooks, decided: &decided, zone: Tz::UTC };
        let step =
            |scene: &Scene, now: Moment| Ok(advance(scene, plans, now).unwrap_or_else(|| scene.unchanged()));
        self.decide(lead, step).await.expect("a step");
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { playbooks: &self.playbooks, zone: Tz::UTC, warming: Some("acme.test") }
    }

    pub(crate) async fn sender(&self) -> Sender {
        self.store.outbox().enlist().await.expect("a sender")
    }

    /// Claims what is due.
    pub(crate) async fn claimed(&self, sender: &Sender) -> Vec<Claimed> {
        self.store.outbox().claim(sender, 1000).await.expect("claimed")
    }

    /// Claims what is due, which is one mail alone.
    pub(crate) async fn ticket(&self, sender: &Sender) -> Ticket {
        let claimed = self.claimed(sender).await;
        assert_eq!(claimed.len(), 1, "one mail is due");
        claimed[0].ticket
    }

    /// Goes to the gate with tickets, to send.
    pub(crate) async fn pass(&self, sender: &Sender, tickets: &[Ticket]) -> Vec<Passage> {
        self.store.outbox().pass(sender, tickets, &[], self.rules()).await.expect("the gate")
    }

    /// Writes a fate down.
    pub(crate) async fn fate(&self, sender: &Sender, ticket: Ticket, event: Event) {
        let fate = Fate { ticket, event, answer: "250 2.0.0 queued".to_owned() };
        let passed = self.store.outbox().pass(sender, &[], &[fate], self.rules()).await;
        assert_eq!(passed.expect("written"), []);
    }

    pub(crate) async fn delivery(&self, id: DeliveryId) -> Delivery {
        self.store.links().delivery(id).await.expect("the outbox").expect("the delivery")
    }

    pub(crate) async fn state(&self, id: DeliveryId) -> DeliveryState {
        self.delivery(id).await.state
    }
}
