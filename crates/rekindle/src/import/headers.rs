//! The headers we know: how HubSpot, Salesforce and others call what an export has in its columns.
//!
//! Sources: HubSpot, "Export your records" (labels of the default contact properties, and their internal names);
//! Salesforce, "Object Reference: Lead" (API names, and labels of the standard fields).

use super::{columns::Field, errors_file::ADDED};
use rekindle_core::consent::ConsentState;

/// A header we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) field: Field,
    /// The lower, the more usual for its field.
    pub(super) rank: usize,
}

/// Fields, each with its headers (folded), the most usual first.
const FIELDS: &[(Field, &[&str])] = &[
    (
        Field::Email,
        &[
            "email",
            "emailaddress",
            "mail",
            "workemail",
            "businessemail",
            "primaryemail",
            "contactemail",
            "emailadresse",
        ],
    ),
    (Field::FirstName, &["firstname", "givenname", "forename", "vorname"]),
    (Field::LastName, &["lastname", "surname", "familyname", "nachname"]),
    (Field::Name, &["name", "fullname", "contactname", "leadname"]),
    (Field::Title, &["title", "jobtitle", "position"]),
    (
        Field::Company,
        &[
            "company",
            "companyname",
            "companyaccount",
            "organization",
            "organisation",
            "accountname",
            "employer",
        ],
    ),
    (Field::Country, &["country", "countryregion", "countrycode", "mailingcountry"]),
    (Field::Zone, &["timezone", "tz", "hstimezone"]),
    (Field::UserId, &["userid"]),
    (
        Field::Consent,
        &["consent", "emailconsent", "marketingconsent", "optin", "emailoptin", "optedin", "subscribed"],
    ),
    (
        Field::Refusal(ConsentState::Unsubscribed),
        &[
            "unsubscribedfromallemail",
            "hsemailoptout",
            "hasoptedoutofemail",
            "emailoptout",
            "emailoptedout",
            "optedoutofemail",
            "hasoptedoutsolicit",
            "donotemail",
            "donotmail",
            "donotcontact",
            "optout",
            "optedout",
            "unsubscribe",
            "unsubscribed",
        ],
    ),
    (
        Field::Refusal(ConsentState::Objected),
        &["hasoptedoutprocessing", "hasoptedoutprofiling", "hasoptedouttracking", "objected"],
    ),
    (
        Field::Refusal(ConsentState::Bounced),
        &[
            "emailhardbouncereason",
            "hsemailhardbouncereason",
            "hsemailhardbouncereasonenum",
            "emailaddressquarantined",
            "hsemailquarantined",
            "emailaddressquarantinereason",
            "emailaddressautomatedquarantinereason",
            "hsemailquarantinedreason",
            "invalidemailaddress",
            "hsemailbadaddress",
            "emailbouncedreason",
            "emailbounceddate",
            "isemailbounced",
            "emailbounced",
            "hardbounced",
            "bounced",
        ],
    ),
    (Field::Refusal(ConsentState::Complained), &["spamcomplaint", "markedasspam", "complained"]),
    (
        Field::Evidence,
        &[
            "legalbasisforprocessingcontactsdata",
            "hslegalbasis",
            "legalbasis",
            "marketingemailconfirmationstatus",
            "hsemailconfirmationstatus",
        ],
    ),
    (Field::LastActivity, &["lastactivity", "lastnotableactivity"]),
    (Field::Deleted, &["isdeleted"]),
];

/// One no for each kind of mail: HubSpot's "Opted out of email: Customer Service Communication".
const OPTED_OUT_OF: [&str; 2] = ["optedoutofemail", "hsemailoptout"];

/// Traits that several CRMs have under several names.
const TRAITS: &[(&str, &[&str])] = &[
    ("phone", &["phone", "phonenumber", "telephone"]),
    ("mobilePhone", &["mobilephone", "mobilephonenumber", "mobile"]),
    ("website", &["website", "websiteurl"]),
    ("industry", &["industry"]),
    ("employees", &["numberofemployees", "numemployees", "noofemployees", "employees"]),
    ("companySize", &["companysize"]),
    ("companyDomain", &["companydomainname", "companydomain", "domain"]),
    ("annualRevenue", &["annualrevenue"]),
    ("street", &["street", "streetaddress"]),
    ("city", &["city", "town"]),
    ("state", &["state", "stateregion", "stateprovince"]),
    ("postalCode", &["postalcode", "zip", "zipcode", "zippostalcode"]),
    ("language", &["preferredlanguage", "language", "hslanguage"]),
    ("leadSource", &["leadsource", "originalsource"]),
    ("leadStatus", &["leadstatus", "status", "hsleadstatus"]),
    ("leadRating", &["rating", "leadrating"]),
];

/// Columns that are kept as traits under their own names.
const OWN_NAMES: &[&str] = &[
    // HubSpot
    "Record ID",
    "Average Pageviews",
    "Became a Customer Date",
    "Became a Lead Date",
    "Became a Marketing Qualified Lead Date",
    "Became a Sales Qualified Lead Date",
    "Became a Subscriber Date",
    "Became an Evangelist Date",
    "Became an Opportunity Date",
    "Became an Other Lifecycle Date",
    "Buying Role",
    "Close Date",
    "Contact owner",
    "Contact priority",
    "Contact unworked",
    "Create Date",
    "Created by user ID",
    "Currently in Sequence",
    "Currently in workflow",
    "Date of birth",
    "Days To Close",
    "Email Confirmed",
    "Email Domain",
    "First Conversion",
    "First Conversion Date",
    "First marketing email click date",
    "First marketing email open date",
    "First marketing email reply date",
    "First marketing email send date",
    "First Page Seen",
    "First Referring Site",
    "HubSpot Score",
    "HubSpot Team",
    "IP City",
    "IP Country",
    "IP Timezone",
    "Job function",
    "Last Activity Date",
    "Last Contacted",
    "Last Engagement Date",
    "Last marketing email click date",
    "Last marketing email name",
    "Last marketing email open date",
    "Last marketing email reply date",
    "Last marketing email send date",
    "Last Modified Date",
    "Last Page Seen",
    "Last sequence ended date",
    "Last sequence enrolled",
    "Latest Source",
    "Latest Source Date",
    "Lifecycle Stage",
    "Likelihood to close",
    "Marketing contact until next update",
    "Marketing emails bounced",
    "Marketing emails clicked",
    "Marketing emails delivered",
    "Marketing emails opened",
    "Marketing emails replied",
    "Next Activity Date",
    "Number of Form Submissions",
    "Number of Pageviews",
    "Number of Sessions",
    "Object create date/time",
    "Original Source Drill-Down 1",
    "Original Source Drill-Down 2",
    "Owner Assigned Date",
    "Persona",
    "Recent Conversion",
    "Recent Conversion Date",
    "Salutation",
    "Sends Since Last Engagement",
    "Time First Seen",
    "Time Last Seen",
    "Total Revenue",
    "WhatsApp Phone Number",
    "Associated Company",
    "Associated Deal",
    "Associated Company IDs",
    // Salesforce
    "Id",
    "MasterRecordId",
    "Latitude",
    "Longitude",
    "GeocodeAccuracy",
    "Address",
    "Fax",
    "PhotoUrl",
    "Description",
    "OwnerId",
    "IsConverted",
    "ConvertedDate",
    "ConvertedAccountId",
    "ConvertedContactId",
    "ConvertedOpportunityId",
    "IsUnreadByOwner",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
    "Jigsaw",
    "JigsawContactId",
    "CleanStatus",
    "CompanyDunsNumber",
    "DandbCompanyId",
    "IndividualId",
    "Lead Owner",
    "Lead ID",
    "DoNotCall",
    "HasOptedOutOfFax",
];

/// The longest name of a trait, in characters.
const LONGEST: usize = 100;

/// What we know of a header, if anything.
pub(super) fn known(header: &str) -> Option<Known> {
    if ADDED.contains(&header) {
        return Some(Known { field: Field::Nothing, rank: 0 });
    }
    let folded = fold(header);
    let fields = FIELDS.iter().map(|(field, names)| (field.clone(), *names));
    let traits = TRAITS.iter().map(|(name, names)| (Field::Trait((*name).to_owned()), *names));
    for (field, names) in fields.chain(traits) {
        if let Some(rank) = names.iter().position(|name| *name == folded) {
            return Some(Known { field, rank });
        }
    }
    if OPTED_OUT_OF.iter().any(|start| folded.starts_with(start)) {
        return Some(Known { field: Field::Refusal(ConsentState::Unsubscribed), rank: 0 });
    }
    let own = OWN_NAMES.iter().any(|name| fold(name) == folded);
    own.then(|| Known { field: Field::Trait(camel(header)), rank: usize::MAX - 1 })
}

/// The names of traits that several CRMs have.
pub(super) fn traits() -> impl Iterator<Item = &'static str> {
    TRAITS.iter().map(|(name, _)| *name)
}

/// A header without what differs between exports: case, blanks and signs, Salesforce's `__c` of one's own fields.
pub(super) fn fold(header: &str) -> String {
    let header = header.trim();
    let header = header.strip_suffix("__c").unwrap_or(header);
    header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A header as it may be shown and kept: a file that is no text has anything in it.
pub(super) fn seen(header: &str) -> String {
    header.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>().trim().to_owned()
}

/// A header as the name of a trait that we know: "Annual Revenue", "AnnualRevenue" and "annual_revenue" are `annualRevenue`.
pub(super) fn camel(header: &str) -> String {
    let header: String = header.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let mut name = String::new();
    for word in header.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let shouted = word.chars().all(|c| !c.is_lowercase());
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        if name.is_empty() {
            name.extend(first.flat_map(char::to_lowercase));
        } else {
            name.extend(first.flat_map(char::to_uppercase));
        }
        let rest = letters.as_str();
        name.push_str(&if shouted { rest.to_lowercase() } else { rest.to_owned() });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_traits_are_the_same_however_the_header_is_spelled() {
        for (header, name) in [
            ("Annual Revenue", "annualRevenue"),
            ("AnnualRevenue", "annualRevenue"),
            ("annual_revenue", "annualRevenue"),
            ("IP Timezone", "ipTimezone"),
            ("Website URL", "websiteUrl"),
            ("emp.var.rate", "empVarRate"),
            ("Legal basis for processing contact's data", "legalBasisForProcessingContactsData"),
            ("ID", "id"),
            ("Größe", "größe"),
            ("???", ""),
        ] {
            assert_eq!(camel(header), name);
        }
    }

    #[test]
    fn no_header_is_known_as_two_things() {
        let listed = FIELDS.iter().flat_map(|(_, names)| names.iter());
        let listed = listed.chain(TRAITS.iter().flat_map(|(_, names)| names.iter()));
        let mut all: Vec<String> = listed.map(|name| (*name).to_owned()).collect();
        assert!(all.iter().all(|name| fold(name) == *name), "they are folded");
        all.extend(OWN_NAMES.iter().map(|name| fold(name)));
        all.sort();
        let doubled: Vec<_> = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
        // HubSpot's "Last Activity Date" and "Last Modified Date" are Salesforce's too.
        assert_eq!(doubled, ["lastactivitydate", "lastmodifieddate"]);
    }
}
