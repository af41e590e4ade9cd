//! Composing: a shipped mail rendered and made into bytes on one core, and what signing it adds.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use rekindle_core::time::SharedClock;
use rekindle_mail::compose::{Bulk, Envelope, Party, compose};
use rekindle_mail::dkim::{Signer, new_ed25519, sign};
use rekindle_mail::letter::Letter;
use rekindle_mail::templates::Templates;

use crate::table::Rounds;

/// Where the mail's reader stops it.
const UNSUBSCRIBE: &str = "https://go.acme.test/u/1AAGfQmZ4uPH2w6Jw3rT0n8Yx5cVbK1LsDfGhJkQwErTyUiOp";

macro_rules! shipped {
    ($($file:literal),*) => {
        [$(($file, include_str!(concat!("../../../config/templates/", $file)))),*]
    };
}

fn templates() -> Result<Templates, Box<dyn Error + Send + Sync>> {
    let files = shipped![
        "_layout.mjml",
        "_footer.mjml",
        "breakup/subject.txt",
        "breakup/body.mjml",
        "breakup/body.txt"
    ];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(file, text)| (file.to_owned(), text.to_owned())).collect();
    Templates::load(&files).map_err(|errors| format!("{errors:?}").into())
}

fn envelope(letter: &Letter) -> Envelope {
    Envelope {
        from: Party { name: Some(letter.sender.name.clone()), address: "mia@acme.test".to_owned() },
        to: Party { name: letter.lead.name.clone(), address: letter.lead.email.clone() },
        reply_to: None,
        message_id: "0195f7c2a0e87b6e8d0c5a1b2c3d4e5f@acme.test".to_owned(),
        date: chrono::DateTime::UNIX_EPOCH,
        bulk: Some(Bulk {
            list_name: "Acme re-engagement".to_owned(),
            list_id: "re-engagement.acme.test".to_owned(),
            unsubscribe_url: UNSUBSCRIBE.to_owned(),
            unsubscribe_mailto: None,
            postal_address: letter.sender.postal_address.clone(),
            feedback_id: "re-engagement:breakup:rekindle".to_owned(),
        }),
    }
}

/// Measures and prints. `rsa` is a private key of 2048 bits, in PEM.
pub(crate) fn measure(
    rounds: usize,
    time: Duration,
    rsa: &str,
    clock: &SharedClock,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (templates, letter) = (templates()?, Letter::sample());
    let envelope = envelope(&letter);
    let ed25519 = new_ed25519()?;
    let signers = |pems: &[&str]| -> Result<Vec<Signer>, Box<dyn Error + Send + Sync>> {
        Ok(pems.iter().map(|pem| Signer::new("acme.test", "rk1", pem)).collect::<Result<_, _>>()?)
    };
    let kinds = [
        ("not signed", signers(&[])?),
        ("Ed25519", signers(&[&ed25519])?),
        ("RSA-2048", signers(&[rsa])?),
        ("both", signers(&[&ed25519, rsa])?),
    ];
    let one = |signers: &[Signer]| -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let rendered = templates.render("breakup", None, &letter, |_| UNSUBSCRIBE.to_owned())?;
        Ok(sign(signers, compose(&envelope, &rendered)?, envelope.date)?)
    };
    println!(
        "\nComposing: the shipped mail “breakup” ({} bytes), rendered, composed and signed on one core",
        one(&[])?.len()
    );
    let mut figures: [(Rounds, Rounds); 4] = Default::default();
    for _ in 0..rounds {
        let mut unsigned = f64::NAN;
        for (nth, (_, signers)) in kinds.iter().enumerate() {
            let (begun, mut made) = (clock.stopwatch(), 0_u32);
            while clock.stopwatch() - begun < time {
                black_box(one(signers)?);
                made += 1;
            }
            let micros = (clock.stopwatch() - begun).as_secs_f64() * 1e6 / f64::from(made);
            if nth == 0 {
                unsigned = micros;
            }
            figures[nth].0.push(micros);
            figures[nth].1.push(micros / unsigned);
        }
    }
    println!("{:12}  {:22}  {:18}", "", "us a mail", "of one not signed");
    for ((name, _), (micros, ratio)) in kinds.iter().zip(&figures) {
        println!("{name:12}  {micros:<22.0}  {ratio:<18.2}");
    }
    Ok(())
}
