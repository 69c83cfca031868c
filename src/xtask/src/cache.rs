//! The folder tools are installed into: one folder per tool and version, shared by every clone.
//!
//! An installation is either whole or not there. It is made in a temporary folder beside its place, stamped, and
//! renamed; a folder without the stamp is what a cut-off run left behind, and the next run removes it. Two clones
//! that set up at once take turns by a lock, and the second finds the work done.

use crate::error::{Context, Error, Result};
use crate::progress::note;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The name of the stamp inside a whole installation.
const STAMP: &str = ".complete";

/// How long an attempt that could not succeed (a server out of reach) is not repeated.
const REMEMBER_FAILURE: Duration = Duration::from_secs(24 * 60 * 60);

/// The cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Finds the folder: `STUDY_LAB_CACHE`, or the place the operating system has for caches.
    pub fn locate() -> Result<Self> {
        let root = location(cfg!(windows), cfg!(target_os = "macos"), |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        })
        .ok_or_else(|| {
            Error::new("no place for the tool cache")
                .remedy("set STUDY_LAB_CACHE to a folder you can write to")
        })?;
        Ok(Self { root })
    }

    /// A cache in a given folder.
    #[cfg(test)]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of one version of one tool.
    pub fn entry(&self, tool: &str, version: &str) -> Entry {
        // Versions become folder names, and Debian's hold characters that some file systems refuse.
        let safe: String = version
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || "._-+".contains(c) {
                    c
                } else {
                    '_'
                }
            })
            .collect();
        Entry {
            tool_dir: self.root.join(tool),
            version: safe,
        }
    }

    /// The whole installations of a tool, oldest first.
    pub fn installed(&self, tool: &str) -> Vec<Entry> {
        let Ok(entries) = fs::read_dir(self.root.join(tool)) else {
            return Vec::new();
        };
        let mut found: Vec<(SystemTime, Entry)> = entries
            .flatten()
            .filter_map(|e| {
                let entry = Entry {
                    tool_dir: self.root.join(tool),
                    version: e.file_name().into_string().ok()?,
                };
                let stamped = fs::metadata(entry.dir().join(STAMP))
                    .ok()?
                    .modified()
                    .ok()?;
                (!entry.version.contains(".tmp")).then_some((stamped, entry))
            })
            .collect();
        found.sort_by_key(|(stamped, _)| *stamped);
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// A folder for build products that may be thrown away but are worth keeping while a build is not finished.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.root.join("build").join(name)
    }

    /// Notes that an attempt failed for a reason that will not go away by itself within the hour.
    pub fn note_failure(&self, attempt: &str, why: &str) {
        let path = self.failure_path(attempt);
        // Only a convenience: without the note the next run tries again, which is slow and not wrong.
        if let Some(dir) = path.parent()
            && fs::create_dir_all(dir).is_ok()
        {
            let _ = fs::write(path, format!("{}\n{why}\n", seconds_now()));
        }
    }

    /// Says whether an attempt failed not long ago, and which file to delete to have it tried again.
    pub fn failed_recently(&self, attempt: &str) -> Option<PathBuf> {
        let path = self.failure_path(attempt);
        let noted: u64 = fs::read_to_string(&path)
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()?;
        let age = seconds_now().checked_sub(noted)?;
        (age < REMEMBER_FAILURE.as_secs()).then_some(path)
    }

    fn failure_path(&self, attempt: &str) -> PathBuf {
        self.root.join("failed").join(attempt)
    }
}

/// Where the cache goes, given an operating system and an environment.
fn location(windows: bool, macos: bool, var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(own) = var("STUDY_LAB_CACHE") {
        return Some(own);
    }
    let base = if windows {
        var("LOCALAPPDATA")?
    } else if let Some(xdg) = var("XDG_CACHE_HOME") {
        xdg
    } else if macos {
        var("HOME")?.join("Library/Caches")
    } else {
        var("HOME")?.join(".cache")
    };
    Some(base.join("study-lab"))
}

fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}

/// The place of one version of one tool.
#[derive(Clone, Debug)]
pub struct Entry {
    tool_dir: PathBuf,
    version: String,
}

impl Entry {
    /// The folder the tool is in once it is installed.
    pub fn dir(&self) -> PathBuf {
        self.tool_dir.join(&self.version)
    }

    /// The version this place is for.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Says whether the installation is there and whole.
    pub fn ready(&self) -> bool {
        self.dir().join(STAMP).is_file()
    }

    /// Installs unless it is there already: `make` fills an empty folder, which then takes its place in one move.
    pub fn install(&self, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        if self.ready() {
            return Ok(self.dir());
        }
        fs::create_dir_all(&self.tool_dir)
            .context(|| format!("creating {}", self.tool_dir.display()))?;
        let _lock = self.lock()?;
        // Whoever held the lock before us may have been installing the same thing.
        if self.ready() {
            return Ok(self.dir());
        }
        self.remove_leftovers()?;
        let staging = self.tool_dir.join(format!("{}.tmp", self.version));
        fs::create_dir_all(&staging).context(|| format!("creating {}", staging.display()))?;
        make(&staging)?;
        fs::write(staging.join(STAMP), "").context(|| format!("stamping {}", staging.display()))?;
        let dir = self.dir();
        fs::rename(&staging, &dir).context(|| format!("moving {} into place", dir.display()))?;
        Ok(dir)
    }

    /// Removes a damaged installation, so that the next `install` makes it anew.
    pub fn discard(&self) -> Result<()> {
        let _lock = self.lock()?;
        remove(&self.dir())
    }

    /// With the lock held nobody else is installing, so what is not whole was left by a run that was cut off.
    fn remove_leftovers(&self) -> Result<()> {
        for leftover in [
            self.dir(),
            self.tool_dir.join(format!("{}.tmp", self.version)),
        ] {
            if leftover.exists() {
                note(format!(
                    "removing {}, left by a run that was cut off",
                    leftover.display()
                ));
                remove(&leftover)?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> Result<File> {
        let path = self.tool_dir.join(format!(".{}.lock", self.version));
        let file = File::create(&path).context(|| format!("opening {}", path.display()))?;
        if file.try_lock().is_err() {
            note(format!(
                "waiting for another set-up of {} to finish",
                self.dir().display()
            ));
            file.lock()
                .context(|| format!("locking {}", path.display()))?;
        }
        // The lock goes with the file handle, also when the process is killed.
        Ok(file)
    }
}

fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::new(format!("could not remove {}", dir.display()))
                .detail(e)
                .remedy("delete that folder yourself and run the command again"))
        }
        _ => Ok(()),
    }
}

/// A temporary folder for tests, gone when dropped.
#[cfg(test)]
pub mod scratch {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder that is removed when it goes out of scope.
    pub struct TempDir(pub PathBuf);

    impl TempDir {
        /// Makes an empty folder nobody else has.
        pub fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            let dir =
                std::env::temp_dir().join(format!("study-lab-xtask-{}-{n}", std::process::id()));
            std::fs::create_dir_all(&dir).expect("a temporary folder can be made");
            Self(dir)
        }
    }

    impl Drop for TempDir {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scratch::TempDir;
    use super::*;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn put(dir: &Path) -> Result<()> {
        fs::write(dir.join("tool"), "x").context(|| "writing".into())
    }

    #[test]
    fn the_second_install_does_nothing() {
        let temp = TempDir::new();
        let entry = Cache::at(&temp.0).entry("trunk", "1.0");
        let runs = Cell::new(0);
        for _ in 0..2 {
            entry
                .install(|dir| {
                    runs.set(runs.get() + 1);
                    put(dir)
                })
                .unwrap();
        }
        assert_eq!(runs.get(), 1);
        assert!(entry.dir().join("tool").is_file());
    }

    #[test]
    fn a_failed_install_leaves_no_installation() {
        let temp = TempDir::new();
        let entry = Cache::at(&temp.0).entry("trunk", "1.0");
        assert!(
            entry
                .install(|dir| put(dir).and(Err(Error::new("cut off"))))
                .is_err()
        );
        assert!(!entry.ready());
        assert!(!entry.dir().exists());
    }

    #[test]
    fn what_a_cut_off_run_left_is_removed_and_made_anew() {
        let temp = TempDir::new();
        let entry = Cache::at(&temp.0).entry("trunk", "1.0");
        for half in [entry.dir(), temp.0.join("trunk/1.0.tmp")] {
            fs::create_dir_all(&half).unwrap();
            fs::write(half.join("half"), "x").unwrap();
        }
        let dir = entry.install(put).unwrap();
        assert!(entry.ready());
        assert!(!dir.join("half").exists());
    }

    #[test]
    fn a_discarded_installation_is_made_again() {
        let temp = TempDir::new();
        let entry = Cache::at(&temp.0).entry("trunk", "1.0");
        entry.install(put).unwrap();
        entry.discard().unwrap();
        assert!(!entry.ready());
        entry.install(put).unwrap();
        assert!(entry.ready());
    }

    #[test]
    fn two_clones_at_once_install_once() {
        let temp = TempDir::new();
        let cache = Cache::at(&temp.0);
        let runs = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    cache
                        .entry("trunk", "1.0")
                        .install(|dir| {
                            runs.fetch_add(1, Ordering::SeqCst);
                            std::thread::sleep(Duration::from_millis(30));
                            put(dir)
                        })
                        .unwrap();
                });
            }
        });
        assert_eq!(runs.into_inner(), 1);
    }

    #[test]
    fn only_whole_installations_are_listed() {
        let temp = TempDir::new();
        let cache = Cache::at(&temp.0);
        cache
            .entry("wasm-std", "1.96.0+dfsg1-1~deb12u2")
            .install(put)
            .unwrap();
        fs::create_dir_all(temp.0.join("wasm-std/1.97")).unwrap();
        fs::create_dir_all(temp.0.join("wasm-std/1.98.tmp")).unwrap();
        let versions: Vec<_> = cache
            .installed("wasm-std")
            .iter()
            .map(|e| e.version().to_owned())
            .collect();
        assert_eq!(versions, ["1.96.0+dfsg1-1_deb12u2"]);
    }

    #[test]
    fn a_failure_is_remembered_for_a_while_only() {
        let temp = TempDir::new();
        let cache = Cache::at(&temp.0);
        assert!(cache.failed_recently("rustup").is_none());
        cache.note_failure("rustup", "no route");
        let path = cache.failed_recently("rustup").unwrap();
        fs::write(
            path,
            format!("{}\nold\n", seconds_now() - REMEMBER_FAILURE.as_secs() - 1),
        )
        .unwrap();
        assert!(cache.failed_recently("rustup").is_none());
    }

    #[test]
    fn the_cache_is_where_the_system_keeps_caches() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs
                    .iter()
                    .find(|(k, _)| *k == name)
                    .map(|(_, v)| PathBuf::from(v))
            }
        };
        let at = |w, m, e| location(w, m, env(e));
        assert_eq!(
            at(false, false, &[("HOME", "/h")]),
            Some("/h/.cache/study-lab".into())
        );
        assert_eq!(
            at(false, true, &[("HOME", "/h")]),
            Some("/h/Library/Caches/study-lab".into())
        );
        assert_eq!(
            at(false, false, &[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")]),
            Some("/c/study-lab".into())
        );
        assert_eq!(
            at(true, false, &[("LOCALAPPDATA", "L")]),
            Some(PathBuf::from("L").join("study-lab"))
        );
        assert_eq!(
            at(
                false,
                false,
                &[("HOME", "/h"), ("STUDY_LAB_CACHE", "/mine")]
            ),
            Some("/mine".into())
        );
        assert_eq!(at(false, false, &[]), None);
    }
}
