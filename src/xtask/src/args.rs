//! The command line: what may be said, and what was probably meant when something else was said.
//!
//! Written out by hand because it is small and this program is compiled before anything else can happen.

use std::fmt;

/// What the person asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Set up, build, serve, rebuild on change.
    Serve(Serve),
    /// Set up and run every test.
    Test(Test),
    /// Set up and measure.
    Bench(Bench),
    /// Build the site for publication.
    Dist(Dist),
    /// Install every tool and do nothing with it.
    Setup,
    /// Say what is there and what is missing.
    Doctor,
    /// Print the variables with which cargo builds for wasm as this program does.
    Env,
    /// Explain.
    Help,
}

/// What `serve` was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Serve {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Open a browser when the site is up.
    pub open: bool,
    /// Serve the optimised site.
    pub release: bool,
    /// Rebuild when a source file changes.
    pub watch: bool,
}

/// What `test` was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Test {
    /// The stages to run; all of them when empty.
    pub only: Vec<String>,
    /// Print the stages instead of running them.
    pub list: bool,
}

/// What `bench` was asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bench {
    /// The parts to measure; all of them when empty.
    pub only: Vec<String>,
}

/// What `dist` was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Dist {
    /// The path the site will be served under; begins and ends with a slash.
    pub public_url: String,
}

/// A command line that means nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of `help`.
pub const HELP: &str = "\
Study Lab, the project's own commands

  cargo xtask serve [--port N] [--open] [--release] [--no-watch]
      sets up what is missing, builds, and serves the lab on 127.0.0.1:8080

  cargo xtask test [--only STAGE]... [--list]
      sets up what is missing and runs every test there is, browser tests included

  cargo xtask bench [--only kernel|engine|page]...
      sets up what is missing, measures, and prints the numbers beside their goals

  cargo xtask dist [--public-url /lab/]
      builds the static site for publication into dist/

  cargo xtask setup     installs every tool that serve, test and dist need, and stops
  cargo xtask doctor    says what is there, what is missing and what would be done about it
  cargo xtask env       prints the variables for building wasm with plain cargo

Tools are kept in the user's cache folder, one folder per version; STUDY_LAB_CACHE names another folder.
CHROMIUM names the browser for the browser tests.
";

const COMMANDS: [&str; 8] = [
    "serve", "test", "bench", "dist", "setup", "doctor", "env", "help",
];

/// Reads the words after `cargo xtask`; `stages` are those of `test`, `parts` those of `bench`.
pub fn parse(
    words: impl IntoIterator<Item = String>,
    stages: &[&str],
    parts: &[&str],
) -> Result<Command, Usage> {
    let mut words = Words {
        rest: words.into_iter().collect::<Vec<_>>().into_iter(),
        value: None,
    };
    let Some(command) = words.rest.next() else {
        return Ok(Command::Help);
    };
    match command.as_str() {
        "serve" => {
            let mut serve = Serve {
                port: 8080,
                open: false,
                release: false,
                watch: true,
            };
            while let Some(flag) = words.flag()? {
                match flag.as_str() {
                    "--port" => serve.port = port(&words.value("--port", "a port number")?)?,
                    "--open" => serve.open = words.bare("--open")?,
                    "--release" => serve.release = words.bare("--release")?,
                    "--no-watch" => serve.watch = !words.bare("--no-watch")?,
                    "--help" | "-h" => return Ok(Command::Help),
                    other => {
                        return Err(unknown(
                            "flag",
                            other,
                            &["--port", "--open", "--release", "--no-watch"],
                        ));
                    }
                }
            }
            Ok(Command::Serve(serve))
        }
        "test" => {
            let mut test = Test::default();
            while let Some(flag) = words.flag()? {
                match flag.as_str() {
                    "--only" => test.only.extend(words.some_of("stage", stages)?),
                    "--list" => test.list = words.bare("--list")?,
                    "--help" | "-h" => return Ok(Command::Help),
                    other => return Err(unknown("flag", other, &["--only", "--list"])),
                }
            }
            Ok(Command::Test(test))
        }
        "bench" => {
            let mut bench = Bench::default();
            while let Some(flag) = words.flag()? {
                match flag.as_str() {
                    "--only" => bench.only.extend(words.some_of("part", parts)?),
                    "--help" | "-h" => return Ok(Command::Help),
                    other => return Err(unknown("flag", other, &["--only"])),
                }
            }
            Ok(Command::Bench(bench))
        }
        "dist" => {
            let mut dist = Dist {
                public_url: "/".to_owned(),
            };
            while let Some(flag) = words.flag()? {
                match flag.as_str() {
                    "--public-url" => {
                        dist.public_url = public_url(&words.value("--public-url", "a path")?)?
                    }
                    "--help" | "-h" => return Ok(Command::Help),
                    other => return Err(unknown("flag", other, &["--public-url"])),
                }
            }
            Ok(Command::Dist(dist))
        }
        "setup" => words.nothing_more(Command::Setup),
        "doctor" => words.nothing_more(Command::Doctor),
        "env" => words.nothing_more(Command::Env),
        "help" | "--help" | "-h" => Ok(Command::Help),
        other => Err(unknown("command", other, &COMMANDS)),
    }
}

struct Words {
    rest: std::vec::IntoIter<String>,
    /// What stood after the equals sign of the flag just read.
    value: Option<String>,
}

impl Words {
    fn flag(&mut self) -> Result<Option<String>, Usage> {
        let Some(word) = self.rest.next() else {
            return Ok(None);
        };
        if !word.starts_with('-') {
            return Err(Usage(format!("unexpected word '{word}'")));
        }
        Ok(Some(match word.split_once('=') {
            Some((flag, value)) => {
                self.value = Some(value.to_owned());
                flag.to_owned()
            }
            None => word,
        }))
    }

    fn value(&mut self, flag: &str, what: &str) -> Result<String, Usage> {
        self.value
            .take()
            .or_else(|| self.rest.next())
            .ok_or_else(|| Usage(format!("{flag} needs {what}")))
    }

    /// The value of `--only`: some of the allowed words, with commas between them.
    fn some_of(&mut self, kind: &str, allowed: &[&str]) -> Result<Vec<String>, Usage> {
        let value = self.value("--only", &format!("a {kind}"))?;
        let check = |word: &str| match allowed.contains(&word) {
            true => Ok(word.to_owned()),
            false => Err(unknown(kind, word, allowed)),
        };
        value.split(',').map(check).collect()
    }

    fn bare(&mut self, flag: &str) -> Result<bool, Usage> {
        match self.value.take() {
            None => Ok(true),
            Some(value) => Err(Usage(format!("{flag} takes no value, but got '{value}'"))),
        }
    }

    fn nothing_more(mut self, command: Command) -> Result<Command, Usage> {
        match self.rest.next().as_deref() {
            None => Ok(command),
            Some("--help" | "-h") => Ok(Command::Help),
            Some(word) => Err(Usage(format!(
                "this command takes no arguments, but got '{word}'"
            ))),
        }
    }
}

fn port(value: &str) -> Result<u16, Usage> {
    match value.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Usage(format!(
            "'{value}' is not a port: a port is a number from 1 to 65535"
        ))),
    }
}

fn public_url(value: &str) -> Result<String, Usage> {
    // It ends up in the page's own addresses, so only what needs no escaping there is let through.
    let plain = value
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c));
    if !value.starts_with('/')
        || !plain
        || value.contains("//")
        || value.split('/').any(|s| s == ".." || s == ".")
    {
        return Err(Usage(format!(
            "'{value}' is not a public path: it looks like / or /lab/"
        )));
    }
    Ok(if value.ends_with('/') {
        value.to_owned()
    } else {
        format!("{value}/")
    })
}

fn unknown(kind: &str, said: &str, allowed: &[&str]) -> Usage {
    let mut text = format!("unknown {kind} '{said}'");
    if let Some(near) = nearest(said, allowed) {
        text.push_str(&format!("; did you mean '{near}'?"));
    }
    text.push_str(&format!("\n  allowed: {}", allowed.join(", ")));
    Usage(text)
}

/// The allowed word nearest to what was said, if any is near enough to be meant.
fn nearest<'a>(said: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let (distance, word) = allowed
        .iter()
        .map(|word| (edits(said, word), *word))
        .min()?;
    (distance <= word.len().div_ceil(3)).then_some(word)
}

/// How many single-letter changes lead from one word to another.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replace = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Usage> {
        parse(
            line.split_whitespace().map(str::to_owned),
            &["format", "browser"],
            &["kernel", "page"],
        )
    }

    fn complaint(line: &str) -> String {
        read(line).unwrap_err().to_string()
    }

    #[test]
    fn serve_has_sensible_defaults_and_takes_every_flag() {
        let serve = |port, open, release, watch| {
            Ok(Command::Serve(Serve {
                port,
                open,
                release,
                watch,
            }))
        };
        assert_eq!(read("serve"), serve(8080, false, false, true));
        assert_eq!(
            read("serve --port 9000 --open --release --no-watch"),
            serve(9000, true, true, false)
        );
        assert_eq!(read("serve --port=9000"), serve(9000, false, false, true));
    }

    #[test]
    fn test_takes_stages_apart_or_together() {
        let only = |s: &[&str]| {
            Ok(Command::Test(Test {
                only: s.iter().map(|s| (*s).to_owned()).collect(),
                list: false,
            }))
        };
        assert_eq!(read("test"), only(&[]));
        assert_eq!(
            read("test --only format --only browser"),
            only(&["format", "browser"])
        );
        assert_eq!(
            read("test --only=format,browser"),
            only(&["format", "browser"])
        );
        assert_eq!(
            read("test --list"),
            Ok(Command::Test(Test {
                only: vec![],
                list: true
            }))
        );
    }

    #[test]
    fn bench_takes_parts_apart_or_together() {
        let only = |s: &[&str]| {
            Ok(Command::Bench(Bench {
                only: s.iter().map(|s| (*s).to_owned()).collect(),
            }))
        };
        assert_eq!(read("bench"), only(&[]));
        assert_eq!(read("bench --only page"), only(&["page"]));
        assert_eq!(
            read("bench --only kernel --only=page,kernel"),
            only(&["kernel", "page", "kernel"])
        );
        assert!(complaint("bench --only pages").contains("did you mean 'page'?"));
        assert!(complaint("bench --only").contains("needs a part"));
    }

    #[test]
    fn a_public_path_always_ends_in_a_slash() {
        let dist = |u: &str| {
            Ok(Command::Dist(Dist {
                public_url: u.to_owned(),
            }))
        };
        assert_eq!(read("dist"), dist("/"));
        assert_eq!(read("dist --public-url /lab"), dist("/lab/"));
        assert_eq!(read("dist --public-url /a/b/"), dist("/a/b/"));
        for bad in [
            "lab",
            "//evil.example",
            "/a/../b",
            "/a b",
            "/\"x\"",
            "https://x/",
        ] {
            assert!(public_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_with_what_is_allowed() {
        assert!(complaint("serv").contains("did you mean 'serve'?"));
        assert!(complaint("serve --prot 1").contains("did you mean '--port'?"));
        assert!(complaint("test --only brower").contains("did you mean 'browser'?"));
        assert!(complaint("zzzzzzzz").contains("allowed: serve, test"));
        assert!(!complaint("zzzzzzzz").contains("did you mean"));
        assert!(complaint("serve --port").contains("needs a port number"));
        assert!(complaint("serve --port 0").contains("1 to 65535"));
        assert!(complaint("serve --port 70000").contains("1 to 65535"));
        assert!(complaint("serve --open=yes").contains("takes no value"));
        assert!(complaint("doctor now").contains("takes no arguments"));
        assert!(complaint("serve now").contains("unexpected word 'now'"));
    }

    #[test]
    fn asking_for_help_is_no_mistake() {
        for line in ["", "help", "--help", "serve --help", "doctor -h"] {
            assert_eq!(read(line), Ok(Command::Help), "{line}");
        }
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("serve", "serve"), 0);
        assert_eq!(edits("serv", "serve"), 1);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
