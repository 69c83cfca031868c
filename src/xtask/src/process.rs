//! Running other programs: visibly or quietly, with a limit on how long they may take.
//!
//! A tool that hangs without saying so is the worst first run there is, and one of ours does (`rustup target add`
//! behind a firewall that drops packets). Every step that reaches for the network therefore has a limit, and when
//! the limit passes the whole family of the process goes, not only the parent that would leave its children behind.

use crate::error::{Error, Result};
use crate::progress::{human, note};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A program about to be run.
pub struct Cmd {
    command: Command,
    limit: Option<Duration>,
    heartbeat: Option<String>,
}

impl Cmd {
    /// Names the program: a path, or a name to be looked up on `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        // A daemon, a prompt for a password or a pager must never wait for an answer nobody is there to give.
        command.stdin(Stdio::null());
        Self {
            command,
            limit: None,
            heartbeat: None,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds several arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable for the child only.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Sets several environment variables for the child only.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.command.envs(vars);
        self
    }

    /// Hides an environment variable from the child.
    pub fn without(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Sets the working directory.
    pub fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Sets how long it may take before it is stopped.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Says every so often that `what` is still going on; for programs that say nothing themselves.
    pub fn heartbeat(mut self, what: impl Into<String>) -> Self {
        self.heartbeat = Some(what.into());
        self
    }

    /// Runs with the terminal shared: the person sees what the program says.
    pub fn run(mut self) -> Result<()> {
        let line = self.line();
        let child = self.command.spawn().map_err(|e| not_started(&line, e))?;
        let status = wait(child, self.limit, self.heartbeat.as_deref(), &line)?;
        check(status, &line, "")
    }

    /// Runs without a word, and shows the last lines of what the program said if it fails.
    pub fn quiet(self) -> Result<()> {
        self.output().map(|_| ())
    }

    /// Runs without a word and gives back what the program wrote on standard output.
    pub fn output(mut self) -> Result<String> {
        let line = self.line();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|e| not_started(&line, e))?;
        // Both pipes are drained while waiting: a child whose pipe is full would never end.
        let out = drain(child.stdout.take());
        let err = drain(child.stderr.take());
        let status = wait(child, self.limit, self.heartbeat.as_deref(), &line)?;
        let out = out.join().unwrap_or_default();
        let err = err.join().unwrap_or_default();
        check(status, &line, &format!("{out}\n{err}"))?;
        Ok(out)
    }

    fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let mut line = name.to_string_lossy().into_owned();
        for arg in self.command.get_args() {
            line.push(' ');
            line.push_str(&arg.to_string_lossy());
        }
        line
    }
}

fn not_started(line: &str, e: std::io::Error) -> Error {
    Error::new(format!("could not start `{line}`")).detail(e)
}

fn check(status: ExitStatus, line: &str, said: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    Err(Error::new(format!("`{line}` ended with {status}")).detail(tail(said, 25)))
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What arrived before a broken pipe is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(
    mut child: Child,
    limit: Option<Duration>,
    what: Option<&str>,
    line: &str,
) -> Result<ExitStatus> {
    let start = Instant::now();
    let mut next_beat = Duration::from_secs(15);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => {}
            Err(e) => return Err(Error::new(format!("lost track of `{line}`")).detail(e)),
        }
        let elapsed = start.elapsed();
        if let Some(limit) = limit
            && elapsed > limit
        {
            stop_family(&mut child);
            return Err(
                Error::new(format!("`{line}` was stopped after {}", human(limit)))
                    .detail("it did not end within its limit"),
            );
        }
        if let Some(what) = what
            && elapsed > next_beat
        {
            note(format!("still {what} ({})", human(elapsed)));
            next_beat += Duration::from_secs(15);
        }
        std::thread::sleep(Duration::from_millis(if elapsed < Duration::from_secs(1) {
            5
        } else {
            50
        }));
    }
}

/// Stops a child and everything it started.
///
/// Not by process group: a child in a group of its own does not hear Ctrl-C, and would outlive us.
pub fn stop_family(child: &mut Child) {
    if cfg!(windows) {
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &child.id().to_string()])
            .output();
    } else {
        let pids: Vec<String> = descendants(child.id(), &process_table())
            .iter()
            .map(u32::to_string)
            .collect();
        if !pids.is_empty() {
            let _ = Command::new("kill").arg("-KILL").args(&pids).output();
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Every process below `root` in a table of (process, parent).
fn descendants(root: u32, table: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let parent = found[at];
        found.extend(
            table
                .iter()
                .filter(|(pid, ppid)| *ppid == parent && *pid != parent)
                .map(|(pid, _)| *pid),
        );
        at += 1;
    }
    found.remove(0);
    found
}

fn process_table() -> Vec<(u32, u32)> {
    // Slim images have no `ps`, so /proc comes first where there is one.
    if let Ok(entries) = std::fs::read_dir("/proc") {
        return entries
            .flatten()
            .filter_map(|entry| {
                let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                Some((pid, parent_in_stat(&stat)?))
            })
            .collect();
    }
    let Ok(out) = Command::new("ps").args(["-axo", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        })
        .collect()
}

/// The parent in a line of /proc/N/stat. The name, in brackets, may itself hold spaces and brackets.
fn parent_in_stat(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// The last `lines` lines of `text`: where programs say what went wrong.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Finds a program on `PATH`, as a shell would.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|dir| {
        // Windows runs `npm.cmd` when asked for `npm`, but only a shell knows that.
        let endings: &[&str] = if cfg!(windows) {
            &[".exe", ".cmd", ".bat"]
        } else {
            &[""]
        };
        endings
            .iter()
            .map(|ending| dir.join(format!("{name}{ending}")))
            .find(|p| is_program(p))
    })
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        path.metadata()
            .is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}

/// `PATH` with these folders in front, so that our pinned tools win over whatever else is there.
pub fn path_with(first: &[PathBuf]) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = first.iter().cloned().chain(std::env::split_paths(&rest));
    // A folder with the separator in its name cannot be on a path; then the plain path has to do.
    std::env::join_paths(all).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descendants_are_found_through_every_generation() {
        let table = [(1, 0), (10, 1), (11, 10), (12, 11), (20, 1)];
        assert_eq!(descendants(10, &table), [11, 12]);
        assert!(descendants(20, &table).is_empty());
    }

    #[test]
    fn the_parent_is_read_past_a_name_with_brackets() {
        assert_eq!(parent_in_stat("42 (a) b (c)) S 7 42 42 0"), Some(7));
        assert_eq!(parent_in_stat("garbage"), None);
    }

    #[test]
    fn a_tail_keeps_the_end() {
        assert_eq!(tail("a\n\nb\nc\n", 2), "b\nc");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_hangs_is_stopped_with_its_children() {
        let start = Instant::now();
        let e = Cmd::new("sh")
            .args(["-c", "sleep 30 & wait"])
            .within(Duration::from_millis(200))
            .output();
        // The grandchild holds the pipe: had it lived, draining the pipe would have taken half a minute.
        assert!(e.is_err_and(|e| e.to_string().contains("was stopped")));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[cfg(unix)]
    #[test]
    fn a_failure_shows_what_the_program_said() {
        let e = Cmd::new("sh")
            .args(["-c", "echo why >&2; exit 3"])
            .quiet()
            .unwrap_err();
        assert!(e.to_string().contains("why"), "{e}");
    }
}
