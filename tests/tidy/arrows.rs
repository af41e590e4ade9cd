//! Who may import whom: the arrows of ARCHITECTURE.md, held against what the Cargo.toml files say.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

const ALL: &[&str] = &[
    "rekindle-core",
    "rekindle-migrations",
    "rekindle-storage",
    "rekindle-mail",
    "rekindle-predict",
    "rekindle-report",
    "rekindle-bot",
    "rekindle-web",
    "rekindle-worker",
    "rekindle",
];

/// Each crate of the workspace, and which others of it it may import. Nothing else may.
#[rustfmt::skip]
const ARROWS: &[(&str, &[&str])] = &[
    ("rekindle-core",       &[]),
    ("rekindle-migrations", &[]),
    ("rekindle-storage",    &["rekindle-core", "rekindle-migrations"]),
    ("rekindle-mail",       &["rekindle-core"]),
    ("rekindle-predict",    &["rekindle-core"]),
    ("rekindle-report",     &["rekindle-core", "rekindle-storage"]),
    ("rekindle-bot",        &["rekindle-core", "rekindle-storage", "rekindle-report", "rekindle-mail"]),
    ("rekindle-web",        &["rekindle-core", "rekindle-storage", "rekindle-report", "rekindle-mail"]),
    ("rekindle-worker",     &["rekindle-core", "rekindle-storage", "rekindle-mail", "rekindle-predict"]),
    ("rekindle",            ALL),
    ("rekindle-tests",      ALL),
];

const WHY: &str = "Core decides, storage remembers, and the doors (web, bot, worker) never know each other. \
    The arrows are in ARCHITECTURE.md; a new one is a decision, to be made there and in tests/tidy/arrows.rs.";

/// What of the workspace each of its crates imports, by the names of the packages.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn nothing_imports_against_the_arrows() {
    crate::none_of(&against_the_arrows(&imports()), WHY);
}

#[test]
fn an_arrow_that_is_not_in_the_table_is_named() {
    let import = |from: &str, to: &str| {
        let to = BTreeSet::from([to.to_owned()]);
        against_the_arrows(&Imports::from([(from.to_owned(), to)]))
    };
    assert_eq!(import("rekindle-bot", "rekindle-storage"), Vec::<String>::new());
    let offences = import("rekindle-bot", "rekindle-web");
    assert_eq!(offences.len(), 1, "{offences:?}");
    assert!(offences[0].starts_with("rekindle-bot imports rekindle-web"));
    assert!(import("rekindle-engine", "rekindle-core")[0].starts_with("rekindle-engine is not"));
}

fn against_the_arrows(imports: &Imports) -> Vec<String> {
    let mut offences = Vec::new();
    for (package, imported) in imports {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == package) else {
            offences.push(format!("{package} is not in the table of arrows: say there what it may import"));
            continue;
        };
        let forbidden = imported.iter().filter(|name| !allowed.contains(&name.as_str()));
        offences.extend(
            forbidden.map(|name| {
                format!("{package} imports {name}, but may import only [{}]", allowed.join(", "))
            }),
        );
    }
    offences
}

/// Read from the manifests alone, so without the network. Tests may import what they like.
fn imports() -> Imports {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::workspace().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap_or_else(|why| panic!("cargo metadata: {why}"));
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let imported = |package: &Package| {
        let shipped = package.dependencies.iter().filter(|one| one.kind != DependencyKind::Development);
        shipped.map(|one| one.name.clone()).filter(|name| ours.contains(name.as_str())).collect()
    };
    let imports: Imports =
        metadata.packages.iter().map(|package| (package.name.to_string(), imported(package))).collect();
    assert_eq!(imports.len(), ARROWS.len(), "crates of the workspace: {:?}", imports.keys());
    imports
}
