//! The invented leads of the demo, and what each is about to do.

/// What a lead is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Looks at one thing after another until the team is told.
    TurnsHot {
        /// Seconds after the start.
        from: u64,
    },
    /// Looks around now and then, all the time.
    Browses,
    /// Went quiet a month ago, and stays silent to the end.
    StaysSilent,
    /// Follows the link of the first mail.
    ComesBack,
    /// Takes the offer.
    TakesOffer,
    /// Answers the survey.
    Answers,
    /// Asks us to stop, by the button of the mail program.
    Unsubscribes,
}

/// An invented lead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) title: &'static str,
    pub(super) company: &'static str,
    pub(super) country: &'static str,
    pub(super) fate: Fate,
}

const fn sample(
    id: &'static str,
    name: &'static str,
    email: &'static str,
    title: &'static str,
    company: &'static str,
    country: &'static str,
    fate: Fate,
) -> Sample {
    Sample { id, name, email, title, company, country, fate }
}

/// All of them.
pub(super) const ALL: [Sample; 15] = [
    sample("kim", "Kim Park", "kim@acme.test", "VP Operations", "Acme", "KR", Fate::TurnsHot { from: 2 }),
    sample(
        "noah",
        "Noah Weber",
        "noah@lindenbau.test",
        "Head of Purchasing",
        "Lindenbau",
        "DE",
        Fate::TurnsHot { from: 26 },
    ),
    sample("mia", "Mia Rossi", "mia@trattoria.test", "Owner", "Trattoria Rossi", "IT", Fate::Browses),
    sample("liam", "Liam Byrne", "liam@harbour.test", "Engineer", "Harbour Labs", "IE", Fate::Browses),
    sample(
        "nok",
        "Nok Srisai",
        "nok@andaman.test",
        "Marketing Manager",
        "Andaman Foods",
        "TH",
        Fate::Browses,
    ),
    sample("eva", "Eva Novák", "eva@sklo.test", "Director", "Sklo", "CZ", Fate::ComesBack),
    sample("omar", "Omar Haddad", "omar@atlas.test", "Consultant", "Atlas", "MA", Fate::Unsubscribes),
    sample("ines", "Inês Costa", "ines@mare.test", "Head of Sales", "Mare", "PT", Fate::TakesOffer),
    sample("jan", "Jan de Vries", "jan@dijk.test", "Analyst", "Dijk", "NL", Fate::Answers),
    sample("yuki", "Yuki Tanaka", "yuki@sora.test", "Planner", "Sora", "JP", Fate::StaysSilent),
    sample("lena", "Lena Koch", "lena@koch.test", "Founder", "Koch & Töchter", "AT", Fate::StaysSilent),
    sample("sam", "Sam Wilson", "sam@northwind.test", "Clerk", "Northwind", "GB", Fate::StaysSilent),
    sample("ana-b", "Ana Blanco", "blanco@sol.test", "Buyer", "Sol", "ES", Fate::StaysSilent),
    sample("piet", "Piet Janssen", "piet@molen.test", "Manager", "Molen", "BE", Fate::StaysSilent),
    sample("zoe", "Zoë Martin", "zoe@atelier.test", "Designer", "Atelier", "FR", Fate::StaysSilent),
];
