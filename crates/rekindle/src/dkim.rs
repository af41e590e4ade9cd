//! `rekindle dkim new`: makes a key that signs mails, and says what to publish and what to set.

use crate::{
    config::Config,
    exit::{self, Doing, Done, Halt, say},
    files,
};
use rekindle_mail::dkim::{DkimError, Signer, new_ed25519};
use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of keys, in the data folder.
pub(crate) const FOLDER: &str = "dkim";

/// A key that was made.
struct Made {
    path: PathBuf,
    /// The line of a zone file.
    record: String,
    /// The lines of rekindle.toml.
    settings: String,
}

/// Makes a key for the domain of the settings, and prints the record to publish. A key that is there is never touched.
///
/// # Errors
/// When it cannot be made or written.
pub(crate) fn new(config: &Config, data: &Path, rsa: bool, selector: Option<&str>) -> Done {
    let made = make(config, data, rsa, selector)?;
    say(format_args!("The key is in {}. Publish this record in the DNS:", made.path.display()));
    exit::data(made.record)?;
    say(
        "Then set this in rekindle.toml; several keys stand beside each other, and each mail has a signature of each:",
    );
    exit::data(made.settings)?;
    if !rsa {
        say("Some providers verify RSA alone: make a second key with --rsa.");
    }
    Ok(())
}

fn make(config: &Config, data: &Path, rsa: bool, selector: Option<&str>) -> Result<Made, Halt> {
    let domain = config.dkim.domain.as_deref().unwrap_or_else(|| config.mail.from.address.domain());
    let selector = selector.unwrap_or(if rsa { "rk-rsa" } else { "rk-ed25519" });
    let pem = if rsa { new_rsa() } else { new_ed25519() };
    let pem = pem.doing("make a key")?;
    let signer = Signer::new(domain, selector, &pem).map_err(|why| Halt::refused(why.to_string()))?;

    let folder = data.join(FOLDER);
    files::private_folder(&folder).doing("make the folder of keys")?;
    let path = std::path::absolute(folder.join(format!("{selector}.pem"))).doing("find the data folder")?;
    let mut file = match files::private_file(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let there = format!(
                "{} is there already, and mails that it signed may be on their way; --selector names another",
                path.display()
            );
            return Err(Halt::refused(there));
        }
        file => file.doing("write the key")?,
    };
    file.write_all(pem.as_bytes()).doing("write the key")?;
    Ok(Made {
        record: format!("{}. IN TXT {}", signer.record_name(), signer.record_in_strings()),
        settings: format!("[dkim]\ndomain = \"{domain}\"\nkeys = {{ {selector} = \"{}\" }}", path.display()),
        path,
    })
}

/// An RSA key, by the machine's openssl: our library signs with such keys and makes none.
fn new_rsa() -> Result<String, DkimError> {
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    let made = openssl
        .output()
        .map_err(|e| DkimError::Making(format!("openssl, which makes RSA keys, does not run: {e}")))?;
    if !made.status.success() {
        return Err(DkimError::Making(String::from_utf8_lossy(&made.stderr).trim().to_owned()));
    }
    String::from_utf8(made.stdout).map_err(|e| DkimError::Making(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a key in a folder, and reads the settings that it asks for.
    fn made(data: &Path, rsa: bool) -> (Made, Config) {
        let before = Config::read(None, &[]).unwrap();
        let made = make(&before, data, rsa, None).unwrap_or_else(|halt| panic!("{}", halt.told()));
        let after = Config::read(Some(("rekindle.toml", &made.settings)), &[]).unwrap();
        (made, after)
    }

    #[test]
    fn the_settings_it_asks_for_sign_with_the_record_it_publishes() {
        let data = tempfile::tempdir().unwrap();
        for (rsa, record) in [
            (false, "rk-ed25519._domainkey.example.test. IN TXT \"v=DKIM1; k=ed25519; p="),
            (true, "rk-rsa._domainkey.example.test. IN TXT \"v=DKIM1; k=rsa; p="),
        ] {
            let (made, config) = made(data.path(), rsa);
            assert!(made.record.starts_with(record), "{}", made.record);
            let [signer] = config.signers.as_slice() else { panic!("{:?}", config.signers) };
            assert!(made.record.ends_with(&signer.record_in_strings()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it_and_it_is_never_written_over() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let (made, config) = made(data.path(), false);
        assert_eq!(std::fs::metadata(&made.path).unwrap().permissions().mode() & 0o777, 0o600);
        let key = std::fs::read_to_string(&made.path).unwrap();
        let again = make(&config, data.path(), false, None).err().unwrap();
        assert!(again.told().contains("--selector names another"), "{}", again.told());
        assert_eq!(std::fs::read_to_string(&made.path).unwrap(), key);
        assert!(make(&config, data.path(), false, Some("s2026")).is_ok());
        assert!(make(&config, data.path(), false, Some("../s2026")).is_err());
    }
}
