//! How far leads are, said in chat: moved by hand, told with what showed it, counted.

use crate::stage::Stage;
use serde_json::json;

#[tokio::test]
async fn a_lead_s_way_is_said_and_whoever_takes_it_back_says_why() {
    let stage = Stage::set().await;
    stage.identify("kim@acme.test", json!({"name": "Kim Park", "consent": true})).await;
    stage.advance(3 * 86_400);
    for _ in 0..2 {
        stage.track("kim@acme.test", "Demo Requested").await;
    }
    stage.ask("ana", "/lead claim kim@acme.test").await;
    let said = stage.ask("ana", "/lead stage kim@acme.test opportunity they want an offer").await;
    assert_eq!((said.ok, said.text.as_str()), (true, "Kim Park is at opportunity now, before at sql."));
    let again = stage.ask("ana", "/lead stage kim@acme.test opportunity").await;
    assert_eq!((again.ok, again.text.as_str()), (false, "Kim Park is at opportunity already."));
    let back = stage.ask("ana", "/lead stage kim@acme.test mql").await;
    let text = "Kim Park is at opportunity: say why it goes back to mql, behind the stage.";
    assert_eq!((back.ok, back.text.as_str()), (false, text));
    let wrong = stage.ask("ana", "/lead stage kim@acme.test oportunity").await;
    assert!(wrong.text.contains("opportunity"), "{}", wrong.text);
    assert!(stage.ask("ana", "/lead stage kim@acme.test mql no budget this year").await.ok);

    let why = stage.ask("vic", "/lead why kim@acme.test").await.text;
    let way: Vec<&str> = why.lines().skip_while(|line| !line.starts_with("Stage: ")).take(6).collect();
    let told: Vec<&str> = way.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(
        told,
        [
            "mql on the lifecycle, decision on the journey",
            "from awareness to decision: Demo Requested",
            "from lead to mql: hot with 100 points",
            "from mql to sql, by Ana: claimed",
            "from sql to opportunity, by Ana: they want an offer",
            "back from opportunity to mql, by Ana: no budget this year",
        ]
    );

    let report = stage.ask("vic", "/report stages --days 7").await;
    let cells = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = report.text.lines().map(cells).collect();
    assert_eq!(lines[0], "Stages, the last 7 days");
    assert_eq!(lines[2], "Lifecycle now came went on took fell back");
    assert_eq!(lines[3], "lead - - 1 3 days -");
    assert_eq!(lines[6], "opportunity - 1 - - 1");
    assert_eq!(lines.last().unwrap(), "1 from opportunity to mql: no budget this year");
    let refused = stage.ask("vic", "/report stages --days 0").await;
    assert_eq!((refused.ok, refused.text.as_str()), (false, "--days is between 1 and 3650."));
}
