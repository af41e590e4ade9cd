//! Mails before a real browser: every shipped one can be read on a phone and on a desk, light and dark; and who writes one sees all four
//! at once, and the line in which it is wrong.

use super::chromium::Chromium;
use crate::stage::{On, Stage};
use rekindle::files::template_files;
use rekindle_mail::{
    letter::Letter,
    preview::{Reader, Setting, in_scheme, show},
    templates::Templates,
};
use serde_json::json;
use std::path::Path;

/// What of a page cannot be read: words whose contrast with what lies behind them is below that of WCAG 2.2 (1.4.3: 4.5, large ones 3), and
/// frames that are wider than they should be.
const UNREADABLE: &str = r#"
const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const colour = text => (text.match(/[\d.]+/g) || []).map(Number);
const wrong = [];
for (const frame of document.querySelectorAll('iframe')) {
    const inside = frame.contentDocument, view = frame.contentWindow;
    if (inside.documentElement.scrollWidth > frame.clientWidth) wrong.push(`${frame.clientWidth}: it is ${inside.documentElement.scrollWidth} wide`);
    const walker = inside.createTreeWalker(inside.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (walker.nextNode()) {
        const words = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
        const style = view.getComputedStyle(element);
        if (!words || !element.getClientRects().length || style.visibility === 'hidden' || ['STYLE', 'TITLE'].includes(element.tagName)) continue;
        seen += 1;
        let behind = element, paper = [255, 255, 255];
        for (; behind; behind = behind.parentElement) {
            const [r, g, b, a = 1] = colour(view.getComputedStyle(behind).backgroundColor);
            if (a > 0) { paper = [r, g, b]; break; }
        }
        const [light, dark] = [luminance(colour(style.color)), luminance(paper)].sort((a, b) => b - a);
        const ratio = (light + 0.05) / (dark + 0.05), size = parseFloat(style.fontSize);
        const least = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700 ? 3 : 4.5;
        if (ratio < least) wrong.push(`${frame.clientWidth}: “${words.slice(0, 40)}” ${style.color} on ${paper}: ${ratio.toFixed(2)}`);
    }
    if (seen < 6) wrong.push(`${frame.clientWidth}: only ${seen} pieces of text are seen`);
}
return wrong;
"#;

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('"', "&quot;")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shipped_mail_can_be_read_on_a_phone_and_on_a_desk_light_and_dark() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let chromium = Chromium::start(&stage.place("chromium")).await;
    let ana = chromium.tab("ana", &stage.member("Ana", "viewer").await).await;
    let templates = Templates::load(&template_files(Path::new("/nowhere")).unwrap()).unwrap();
    let today = "2026-12-04".parse().unwrap();
    let sender = Letter::sample().sender;
    let setting = Setting { sender: &sender, plan: None, today };
    let mut looked = 0;
    for name in templates.names() {
        let language = templates.language(name).unwrap();
        let mail = name.split('.').next().unwrap();
        let shown = show(&templates, mail, &Reader::Sample, Some(language), &setting).unwrap();
        assert_eq!(shown.variant, name);
        for dark in [false, true] {
            let html = escaped(&in_scheme(&shown.rendered.html, dark));
            let frames = [390, 700].map(|wide| {
                format!("<iframe srcdoc=\"{html}\" style=\"border:0;width:{wide}px;height:900px\"></iframe>")
            });
            let page = stage.place(&format!("{name}-{dark}.html"));
            std::fs::write(&page, format!("<!doctype html><meta charset=utf-8>{}", frames.concat())).unwrap();
            ana.go(&format!("file://{}", page.display())).await;
            let wrong = ana.run(UNREADABLE).await;
            assert_eq!(wrong, json!([]), "{name}, dark: {dark}");
            looked += 1;
        }
    }
    assert!(looked >= 44, "{looked} of them");
    ana.close().await;
    drop(up);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_a_mail_sees_it_as_its_readers_do() {
    let stage = Stage::new(On::Sqlite);
    let up = stage.program.start(&["up"]).await;
    let chromium = Chromium::start(&stage.place("chromium")).await;
    let mia = chromium.tab("mia", &stage.member("Mia", "marketing").await).await;
    mia.go(&up.at("/templates")).await;
    assert!(mia.count("[data-mail]").await >= 11);
    mia.click("[data-mail='offer'] a[href$='language=de']").await;
    mia.wait_for(".frames iframe").await;
    assert_eq!(mia.count(".frames iframe").await, 4);
    let subject = mia.text("[data-field='subject']").await;
    assert_eq!(subject, "Wenn Sie möchten: 20 % Nachlass im ersten Jahr");
    let widths =
        mia.run("return [...document.querySelectorAll('.frames iframe')].map(f => f.clientWidth)").await;
    assert_eq!(widths, json!([390, 700, 390, 700]), "phone and desk, light and dark");
    mia.click(".choice-of a[href*='to=empty']").await;
    mia.wait_for(".choice-of a[href*='to=empty'][aria-current]").await;
    let text = mia.text(".text-part").await;
    assert!(text.starts_with("Guten Tag,") && text.contains("solange dieser Link gilt"), "{text}");
    assert_eq!(mia.complaints().await, Vec::<String>::new());

    // A slip, saved and looked at.
    let folder = stage.program.folder().join("templates/offer");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("subject.txt"), "Hi {{ frist_name }}").unwrap();
    mia.go(&up.at("/templates/offer")).await;
    let told = mia.text(".alarm").await;
    assert!(told.contains("offer/subject.txt:1: “frist_name” is nothing a mail knows"), "{told}");
    assert_eq!(mia.count("iframe").await, 0);
    assert_eq!(mia.complaints().await, Vec::<String>::new());
    mia.close().await;
}
