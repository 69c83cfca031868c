//! A static file server that behaves like the hosts the lab is published on.
//!
//! The same server is behind `serve` and behind the browser tests, and it sends the headers of `headers.rs`, so a
//! page that works here works there. It listens on the loopback address only.

use crate::error::{Error, Result};
use crate::headers;
use std::fs;
use std::io::Cursor;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tiny_http::{Header, Method, Request, Response, Server};

/// What is to be served, and how.
#[derive(Clone, Debug)]
pub struct Site {
    /// The folder.
    pub dir: PathBuf,
    /// The path it appears under; begins and ends with a slash.
    pub base: String,
    /// The status of a page that is no file: 200 on hosts with a rewrite rule, 404 on hosts with a `404.html`.
    pub fallback: u16,
    /// Pages that are open are to reload when this changes.
    pub live: Option<Arc<Live>>,
}

/// The number of the build being served, and a way to wait for the next.
#[derive(Debug, Default)]
pub struct Live {
    build: Mutex<u64>,
    changed: Condvar,
}

impl Live {
    /// Says that there is a new build.
    pub fn announce(&self) {
        *self.lock() += 1;
        self.changed.notify_all();
    }

    /// Waits until the build is another than `seen`, but not for ever: proxies and browsers give up too.
    fn wait_past(&self, seen: u64) -> u64 {
        let waited =
            self.changed
                .wait_timeout_while(self.lock(), Duration::from_secs(20), |build| *build == seen);
        match waited {
            Ok((build, _)) => *build,
            Err(poisoned) => *poisoned.into_inner().0,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, u64> {
        // The number stays true whatever happened to the thread that held it.
        self.build.lock().unwrap_or_else(|p| p.into_inner())
    }
}

/// A server that is listening. It stops when the process does.
pub struct Running {
    /// The address, with the port it got.
    pub address: SocketAddr,
    base: String,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Running {
    /// The address of the site, for a person to open.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.base)
    }

    /// Waits for ever.
    pub fn join(self) {
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// Starts serving; port 0 takes any that is free.
pub fn start(site: Site, port: u16) -> Result<Running> {
    let server = Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|e| {
        Error::new(format!("port {port} on 127.0.0.1 cannot be used"))
            .detail(e)
            .remedy(format!(
                "stop the program that uses it, or choose another: `--port {}`",
                other_port(port)
            ))
    })?;
    let address = server
        .server_addr()
        .to_ip()
        .ok_or_else(|| Error::new("the server has no address"))?;
    let server = Arc::new(server);
    let base = site.base.clone();
    let site = Arc::new(site);
    // More threads than a page opens connections, since each open page keeps one waiting for the next build.
    let threads = (0..16)
        .map(|_| {
            let (server, site) = (Arc::clone(&server), Arc::clone(&site));
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    answer(&site, request);
                }
            })
        })
        .collect();
    Ok(Running {
        address,
        base,
        threads,
    })
}

fn other_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}

fn answer(site: &Site, request: Request) {
    let (status, kind, path, mut body) = match request.method() {
        Method::Get | Method::Head => respond(site, request.url()),
        _ => plain(405, "only GET and HEAD are answered here"),
    };
    if *request.method() == Method::Head {
        body = body.map(|_| Vec::new());
    }
    let body = body.unwrap_or_default();
    let length = body.len();
    let mut response = Response::new(
        status.into(),
        Vec::new(),
        Cursor::new(body),
        Some(length),
        None,
    );
    let cache = if site.live.is_some() {
        "no-store"
    } else {
        headers::cache_control(&path)
    };
    let own = [
        ("Content-Type", kind.to_owned()),
        ("Cache-Control", cache.to_owned()),
    ];
    for (name, value) in own.into_iter().chain(headers::all()) {
        if let Ok(header) = Header::from_bytes(name, value) {
            response.add_header(header);
        }
    }
    // Whoever asked may be gone, and that is theirs to decide.
    let _ = request.respond(response);
}

type Answer = (u16, &'static str, String, Option<Vec<u8>>);

fn plain(status: u16, text: &str) -> Answer {
    (
        status,
        "text/plain; charset=utf-8",
        String::new(),
        Some(format!("{text}\n").into_bytes()),
    )
}

fn respond(site: &Site, url: &str) -> Answer {
    if let Some(live) = &site.live
        && let Some(rest) = url.strip_prefix("/__live")
    {
        return match rest.strip_prefix("?seen=") {
            Some(seen) => {
                // A page that has seen none yet is told at once.
                let build = seen
                    .parse()
                    .map_or_else(|_| *live.lock(), |seen| live.wait_past(seen));
                (
                    200,
                    "text/plain; charset=utf-8",
                    String::new(),
                    Some(build.to_string().into_bytes()),
                )
            }
            None => (
                200,
                "text/javascript; charset=utf-8",
                String::new(),
                Some(LIVE_SCRIPT.into()),
            ),
        };
    }
    match resolve(&site.base, url) {
        Target::Outside => plain(404, &format!("nothing here; the lab is at {}", site.base)),
        Target::Refused => plain(400, "not a path"),
        Target::File(path) => {
            if let Some(found) = read(&site.dir, &path) {
                let kind = content_type(&found.0);
                return (200, kind, found.0, Some(with_live(site, kind, found.1)));
            }
            if is_asset(&path) {
                // A missing wasm must be missing, and not a page that cannot be compiled.
                return plain(404, "no such file");
            }
            let page = read(&site.dir, "404.html").or_else(|| read(&site.dir, "index.html"));
            match page {
                Some((name, body)) => {
                    let kind = content_type(&name);
                    (site.fallback, kind, name, Some(with_live(site, kind, body)))
                }
                None if site.live.is_some() => {
                    let kind = "text/html; charset=utf-8";
                    (
                        503,
                        kind,
                        String::new(),
                        Some(with_live(site, kind, BEING_BUILT.into())),
                    )
                }
                None => plain(404, "the site has not been built"),
            }
        }
    }
}

/// Reloads the page when there is a new build. A file of its own, because the policy allows no inline script.
const LIVE_SCRIPT: &str = "\
let seen = null;
for (;;) {
  try {
    const answer = await fetch('/__live?seen=' + (seen ?? 'none'));
    const build = await answer.text();
    if (seen !== null && build !== seen) location.reload();
    seen = build;
  } catch {
    await new Promise((done) => setTimeout(done, 1000));
  }
}
";

/// Shown to whoever is there before the first build is.
const BEING_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Being built</title>\
    <h1>The lab is being built</h1><p>This page loads again by itself when it is.</p></html>";

fn with_live(site: &Site, kind: &str, body: Vec<u8>) -> Vec<u8> {
    if site.live.is_none() || !kind.starts_with("text/html") {
        return body;
    }
    let tag = b"<script type=\"module\" src=\"/__live\"></script>";
    [body.as_slice(), tag].concat()
}

fn read(dir: &Path, path: &str) -> Option<(String, Vec<u8>)> {
    let direct = dir.join(path);
    if !path.is_empty() && direct.is_file() {
        return Some((path.to_owned(), fs::read(direct).ok()?));
    }
    let index = if path.is_empty() {
        "index.html".to_owned()
    } else {
        format!("{}/index.html", path.trim_end_matches('/'))
    };
    Some((index.clone(), fs::read(dir.join(&index)).ok()?))
}

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A path below the base, without a leading slash.
    File(String),
    /// Not below the base.
    Outside,
    /// Not a path anybody should send.
    Refused,
}

/// From the address in a request to a path below the site's folder.
fn resolve(base: &str, url: &str) -> Target {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = percent_decode(path) else {
        return Target::Refused;
    };
    // A backslash separates folders on Windows, a colon names a drive there.
    if path.contains(['\\', '\0', ':']) || path.split('/').any(|s| s == "..") {
        return Target::Refused;
    }
    if path == base.trim_end_matches('/') {
        return Target::File(String::new());
    }
    let Some(below) = path.strip_prefix(base) else {
        return Target::Outside;
    };
    // Empty parts are dropped: joined to a folder, a path that begins with a slash would replace it.
    let parts: Vec<&str> = below
        .split('/')
        .filter(|s| !s.is_empty() && *s != ".")
        .collect();
    Target::File(parts.join("/"))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Whether a path names a file rather than a page: its last part has an ending.
fn is_asset(path: &str) -> bool {
    path.rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        // Browsers compile while downloading only when it is called by its name.
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::scratch::TempDir;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn file(path: &str) -> Target {
        Target::File(path.to_owned())
    }

    #[test]
    fn paths_below_the_base_are_files() {
        assert_eq!(resolve("/", "/"), file(""));
        assert_eq!(resolve("/", "/app.js?v=1#x"), file("app.js"));
        assert_eq!(resolve("/lab/", "/lab/"), file(""));
        assert_eq!(resolve("/lab/", "/lab"), file(""));
        assert_eq!(resolve("/lab/", "/lab/a/b.css"), file("a/b.css"));
        assert_eq!(resolve("/", "/a%20b.txt"), file("a b.txt"));
        assert_eq!(resolve("/", "//etc//passwd"), file("etc/passwd"));
    }

    #[test]
    fn nobody_gets_out_of_the_folder() {
        for url in [
            "/../x",
            "/a/../../x",
            "/%2e%2e/x",
            "/..%2fx",
            "/%5c..%5cx",
            "/C:/x",
            "/a%00b",
            "/%zz",
            "/%f",
            "/%ff",
        ] {
            assert_eq!(resolve("/", url), Target::Refused, "{url}");
        }
        assert_eq!(resolve("/lab/", "/other/x"), Target::Outside);
        assert_eq!(resolve("/lab/", "/laboratory"), Target::Outside);
    }

    #[test]
    fn files_are_called_by_their_names() {
        assert_eq!(content_type("app-1_bg.wasm"), "application/wasm");
        assert_eq!(content_type("a/b.mjs"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }

    fn ask(running: &Running, request: &str) -> String {
        let mut stream = TcpStream::connect(running.address).unwrap();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn small_site(base: &str, fallback: u16, live: bool) -> (TempDir, Running) {
        let temp = TempDir::new();
        fs::write(temp.0.join("index.html"), "<p>home</p>").unwrap();
        fs::write(temp.0.join("app.js"), "1").unwrap();
        let live = live.then(Arc::default);
        let site = Site {
            dir: temp.0.clone(),
            base: base.to_owned(),
            fallback,
            live,
        };
        let running = start(site, 0).unwrap();
        (temp, running)
    }

    #[test]
    fn pages_fall_back_to_the_shell_and_files_do_not() {
        let (_temp, server) = small_site("/lab/", 404, false);
        assert!(ask(&server, "GET /lab/").contains("200 OK"));
        let deep = ask(&server, "GET /lab/quiz/3");
        assert!(
            deep.contains("404 Not Found") && deep.contains("<p>home</p>"),
            "{deep}"
        );
        let missing = ask(&server, "GET /lab/gone.wasm");
        assert!(
            missing.contains("404 Not Found") && !missing.contains("<p>home</p>"),
            "{missing}"
        );
        assert!(ask(&server, "GET /elsewhere").contains("404 Not Found"));
        assert!(ask(&server, "GET /lab/%2e%2e/x").contains("400 Bad Request"));
        assert!(ask(&server, "POST /lab/").contains("405 Method Not Allowed"));
        let head = ask(&server, "HEAD /lab/");
        assert!(head.contains("200 OK") && !head.contains("home"), "{head}");
    }

    #[test]
    fn every_answer_carries_the_policy() {
        let (_temp, server) = small_site("/", 200, false);
        for request in ["GET /", "GET /app.js", "GET /deep/page", "GET /gone.js"] {
            let answer = ask(&server, request);
            assert!(
                answer.contains("Content-Security-Policy: default-src 'none'"),
                "{request}: {answer}"
            );
        }
        assert!(!ask(&server, "GET /").contains("__live"));
    }

    #[test]
    fn an_open_page_hears_of_the_next_build() {
        let live = Arc::new(Live::default());
        let waiting = std::thread::spawn({
            let live = Arc::clone(&live);
            move || live.wait_past(0)
        });
        std::thread::sleep(Duration::from_millis(20));
        live.announce();
        assert_eq!(waiting.join().unwrap(), 1);
        let (_temp, server) = small_site("/", 200, true);
        assert!(ask(&server, "GET /").contains("src=\"/__live\""));
        assert!(ask(&server, "GET /__live").contains("location.reload"));
        assert!(ask(&server, "GET /__live?seen=none").ends_with('0'));
    }

    #[test]
    fn a_visitor_before_the_first_build_is_told_to_wait() {
        let (temp, server) = small_site("/", 200, true);
        fs::remove_file(temp.0.join("index.html")).unwrap();
        let answer = ask(&server, "GET /");
        assert!(
            answer.contains("503") && answer.contains("being built") && answer.contains("/__live"),
            "{answer}"
        );
    }

    #[test]
    fn an_occupied_port_is_named_with_a_way_out() {
        let (temp, first) = small_site("/", 200, false);
        let port = first.address.port();
        let site = Site {
            dir: temp.0.clone(),
            base: "/".to_owned(),
            fallback: 200,
            live: None,
        };
        let e = start(site, port)
            .err()
            .expect("the port is taken")
            .to_string();
        assert!(e.contains(&port.to_string()) && e.contains("--port"), "{e}");
    }
}
