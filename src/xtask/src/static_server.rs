//! A static file server that behaves like the hosts the lab is published on.
//!
//! The same server is behind `serve` and behind the browser tests, and it sends the headers of `headers.rs`, so a
//! page that works here works there. It listens on the loopback address only.

use crate::error::{Context, Error, Result};
use crate::headers;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::watch;

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
    build: watch::Sender<u64>,
}

impl Live {
    /// Says that there is a new build.
    pub fn announce(&self) {
        self.build.send_modify(|build| *build += 1);
    }

    /// Waits until the build is another than `seen`, but not for ever: proxies and browsers give up too.
    async fn wait_past(&self, seen: u64) {
        let mut build = self.build.subscribe();
        let changed = build.wait_for(|build| *build != seen);
        // Either way the number is told as it is then.
        let _ = tokio::time::timeout(Duration::from_secs(20), changed).await;
    }
}

/// A server that is listening. It stops when this is dropped.
pub struct Running {
    /// The address, with the port it got.
    pub address: SocketAddr,
    base: String,
    runtime: Runtime,
}

impl Running {
    /// The address of the site, for a person to open.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.base)
    }

    /// Serves for ever.
    pub fn join(self) {
        self.runtime.block_on(std::future::pending())
    }
}

/// Starts serving; port 0 takes any that is free.
pub fn start(site: Site, port: u16) -> Result<Running> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| {
        Error::new(format!("port {port} on 127.0.0.1 cannot be used"))
            .detail(e)
            .remedy(format!(
                "stop the program that uses it, or choose another: `--port {}`",
                other_port(port)
            ))
    })?;
    let starting = || "starting the server".to_owned();
    listener.set_nonblocking(true).context(starting)?;
    let address = listener.local_addr().context(starting)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context(starting)?;
    // Tokio's listener belongs to the runtime that is entered when it is made.
    let listener = {
        let _inside = runtime.enter();
        tokio::net::TcpListener::from_std(listener).context(starting)?
    };
    let base = site.base.clone();
    runtime.spawn(accept(listener, Arc::new(site)));
    Ok(Running {
        address,
        base,
        runtime,
    })
}

fn other_port(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}

/// Takes connections, each with a task of its own: browsers open some ahead of need, and those may stay silent.
async fn accept(listener: tokio::net::TcpListener, site: Arc<Site>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The visitor is gone again, or there are too many for now; neither is a reason to stop.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let site = Arc::clone(&site);
        let service = hyper::service::service_fn(move |request| answer(Arc::clone(&site), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service);
        // Whoever asked may be gone before the answer, and that is theirs to decide.
        tokio::spawn(async { _ = connection.await });
    }
}

/// Answers one request. For HEAD, hyper sends the headers of this answer and leaves its body out.
async fn answer(
    site: Arc<Site>,
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let live = site.live.is_some();
    let answer = match *request.method() {
        Method::GET | Method::HEAD => respond(site, &request).await,
        _ => Answer::plain(405, "only GET and HEAD are answered here"),
    };
    let cache = if live {
        "no-store"
    } else {
        headers::cache_control(&answer.path)
    };
    let mut response = Response::new(Full::from(answer.body));
    *response.status_mut() = answer.status;
    let to = response.headers_mut();
    to.insert(CONTENT_TYPE, HeaderValue::from_static(answer.kind));
    to.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    to.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(encoding) = answer.encoding {
        to.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    for (name, value) in headers::all() {
        if let Ok(value) = HeaderValue::from_str(&value) {
            to.insert(name, value);
        }
    }
    Ok(response)
}

/// What is sent, but for the headers that every answer has.
struct Answer {
    status: StatusCode,
    kind: &'static str,
    /// The file that decides how long a browser may keep the answer; empty if it is none.
    path: String,
    /// How the body is compressed.
    encoding: Option<&'static str>,
    body: Vec<u8>,
}

impl Answer {
    fn new(status: u16, kind: &'static str, path: String, body: Vec<u8>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind,
            path,
            encoding: None,
            body,
        }
    }

    fn plain(status: u16, text: &str) -> Self {
        let body = format!("{text}\n").into_bytes();
        Self::new(status, content_type(".txt"), String::new(), body)
    }
}

async fn respond(site: Arc<Site>, request: &Request<Incoming>) -> Answer {
    let url = request.uri().to_string();
    if let Some(live) = &site.live
        && let Some(rest) = url.strip_prefix("/__live")
    {
        return next_build(live, rest).await;
    }
    let accepted = request.headers().get(ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let accepted = accepted.unwrap_or_default().to_owned();
    let pages = request.headers().get(ACCEPT);
    let pages = pages.and_then(|value| value.to_str().ok());
    let pages = pages.is_some_and(|kinds| kinds.contains("text/html"));
    // A disk may be slow, and these threads are for what never waits.
    tokio::task::spawn_blocking(move || file(&site, &url, &accepted, pages))
        .await
        .unwrap_or_else(|_| Answer::plain(500, "the server failed; its terminal says why"))
}

/// Answers the script that reloads open pages, or gives out that script.
async fn next_build(live: &Live, query: &str) -> Answer {
    let (kind, body) = match query.strip_prefix("?seen=") {
        Some(seen) => {
            // A page that has seen none yet is told at once.
            if let Ok(seen) = seen.parse() {
                live.wait_past(seen).await;
            }
            (content_type(".txt"), live.build.borrow().to_string())
        }
        None => (content_type(".js"), LIVE_SCRIPT.to_owned()),
    };
    Answer::new(200, kind, String::new(), body.into_bytes())
}

/// Answers with a file, or with what stands for it; `pages` says whether the visitor takes a page.
fn file(site: &Site, url: &str, accepted: &str, pages: bool) -> Answer {
    let path = match resolve(&site.base, url) {
        Target::Outside => {
            return Answer::plain(404, &format!("nothing here; the lab is at {}", site.base));
        }
        Target::Refused => return Answer::plain(400, "not a path"),
        Target::File(path) => path,
    };
    if let Some(found) = send(site, 200, &path, accepted) {
        return found;
    }
    if is_asset(&path) && !pages {
        // A missing wasm must be missing, and not a page that cannot be compiled; a person is to see the lab's own page.
        return Answer::plain(404, "no such file");
    }
    let page = ["404.html", "index.html"]
        .iter()
        .find_map(|name| send(site, site.fallback, name, accepted));
    match page {
        Some(page) => page,
        None if site.live.is_some() => {
            let kind = content_type(".html");
            let body = with_live(site, kind, BEING_BUILT.into());
            Answer::new(503, kind, String::new(), body)
        }
        None => Answer::plain(404, "the site has not been built"),
    }
}

/// The file at a path or the page of a folder, compressed if it is there so and the visitor takes it.
fn send(site: &Site, status: u16, path: &str, accepted: &str) -> Option<Answer> {
    let index = format!("{}/index.html", path.trim_end_matches('/'));
    let name = [path, index.trim_start_matches('/')]
        .into_iter()
        .find(|name| site.dir.join(name).is_file())?;
    let kind = content_type(name);
    let answer = |body| Answer::new(status, kind, name.to_owned(), body);
    // A page that is to hear of the next build gets something added, so that only the plain one will do.
    for (ending, encoding) in ENCODINGS.iter().filter(|_| site.live.is_none()) {
        if accepts(accepted, encoding)
            && let Ok(body) = fs::read(site.dir.join(format!("{name}.{ending}")))
        {
            return Some(Answer {
                encoding: Some(encoding),
                ..answer(body)
            });
        }
    }
    let body = fs::read(site.dir.join(name)).ok()?;
    Some(answer(with_live(site, kind, body)))
}

/// The endings of the compressed files that `dist` writes, with what HTTP calls them, the smaller first.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gz", "gzip")];

/// Whether the value of `Accept-Encoding` names an encoding and does not rule it out.
fn accepts(value: &str, encoding: &str) -> bool {
    value.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let refused =
            |weight: &str| weight.strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0);
        parts.next() == Some(encoding) && !parts.any(refused)
    })
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

    fn small_site(base: &str, fallback: u16, live: Option<Arc<Live>>) -> (TempDir, Running) {
        let temp = TempDir::new();
        fs::write(temp.0.join("index.html"), "<p>home</p>").unwrap();
        fs::write(temp.0.join("app.js"), "1").unwrap();
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
        let (_temp, server) = small_site("/lab/", 404, None);
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
        let person = ask(
            &server,
            "GET /lab/r/v1.garbage HTTP/1.1\r\nAccept: text/html\r\nRest:",
        );
        assert!(person.contains("<p>home</p>"), "{person}");
        assert!(ask(&server, "GET /elsewhere").contains("404 Not Found"));
        assert!(ask(&server, "GET /lab/%2e%2e/x").contains("400 Bad Request"));
        assert!(ask(&server, "POST /lab/").contains("405 Method Not Allowed"));
        let head = ask(&server, "HEAD /lab/");
        assert!(head.contains("200 OK") && !head.contains("home"), "{head}");
        assert!(head.contains("Content-Length: 11"), "{head}");
    }

    #[test]
    fn a_compressed_file_goes_to_those_who_take_it() {
        let (temp, server) = small_site("/", 200, None);
        fs::write(temp.0.join("app.js.br"), "b").unwrap();
        fs::write(temp.0.join("app.js.gz"), "g").unwrap();
        fs::write(temp.0.join("index.html.gz"), "home by gzip").unwrap();
        for (path, accepted, encoding, body) in [
            ("app.js", "gzip, deflate, br, zstd", Some("br"), "b"),
            ("app.js", "br;q=0, gzip;q=0.5", Some("gzip"), "g"),
            ("app.js", "identity", None, "1"),
            ("deep/page", "br, gzip", Some("gzip"), "home by gzip"),
        ] {
            let mut stream = TcpStream::connect(server.address).unwrap();
            let request = format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close");
            write!(stream, "{request}\r\nAccept-Encoding: {accepted}\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let header = encoding.map(|e| format!("Content-Encoding: {e}\r\n"));
            let told = header.map_or(!answer.contains("Content-Encoding"), |h| {
                answer.contains(&h)
            });
            assert!(
                told && answer.ends_with(&format!("\r\n\r\n{body}")),
                "{answer}"
            );
            assert!(!answer.contains("octet-stream"), "{answer}");
        }
    }

    #[test]
    fn every_answer_carries_the_policy() {
        let (_temp, server) = small_site("/", 200, None);
        for request in ["GET /", "GET /app.js", "GET /deep/page", "GET /gone.js"] {
            let answer = ask(&server, request);
            assert!(
                answer.contains("Content-Security-Policy: default-src 'none'"),
                "{request}: {answer}"
            );
        }
        assert!(!ask(&server, "GET /").contains("__live"));
    }

    /// Browsers open connections ahead of need and keep those they have used; neither may hold up another visitor.
    #[test]
    fn nobody_waits_for_connections_that_say_nothing() {
        let (_temp, server) = small_site("/", 200, None);
        let connect = || {
            let stream = TcpStream::connect(server.address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(2)))
                .unwrap();
            stream
        };
        let _silent: Vec<TcpStream> = (0..40).map(|_| connect()).collect();
        for round in 0..20 {
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let mut kept = connect();
                        // Twice on the same connection, which stays open meanwhile.
                        for _ in 0..2 {
                            write!(kept, "GET /app.js HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
                            let mut answer = Vec::new();
                            let mut bytes = [0; 4096];
                            while !answer.ends_with(b"\r\n\r\n1") {
                                let read = kept.read(&mut bytes).unwrap_or_else(|e| {
                                    panic!("round {round}: no answer in time: {e}")
                                });
                                assert_ne!(read, 0, "the connection is kept");
                                answer.extend(&bytes[..read]);
                            }
                        }
                    });
                }
            });
        }
    }

    #[test]
    fn an_open_page_hears_of_the_next_build() {
        let live = Arc::new(Live::default());
        let (_temp, server) = small_site("/", 200, Some(Arc::clone(&live)));
        assert!(ask(&server, "GET /").contains("src=\"/__live\""));
        assert!(ask(&server, "GET /__live").contains("location.reload"));
        assert!(ask(&server, "GET /__live?seen=none").ends_with('0'));
        std::thread::scope(|scope| {
            // Many pages may wait, and others are served meanwhile.
            let waiting: Vec<_> = (0..20)
                .map(|_| scope.spawn(|| ask(&server, "GET /__live?seen=0")))
                .collect();
            assert!(ask(&server, "GET /app.js").ends_with('1'));
            std::thread::sleep(Duration::from_millis(50));
            live.announce();
            for page in waiting {
                assert!(page.join().unwrap().ends_with("\r\n\r\n1"));
            }
        });
    }

    #[test]
    fn a_visitor_before_the_first_build_is_told_to_wait() {
        let (temp, server) = small_site("/", 200, Some(Arc::default()));
        fs::remove_file(temp.0.join("index.html")).unwrap();
        let answer = ask(&server, "GET /");
        assert!(
            answer.contains("503") && answer.contains("being built") && answer.contains("/__live"),
            "{answer}"
        );
    }

    #[test]
    fn an_occupied_port_is_named_with_a_way_out() {
        let (temp, first) = small_site("/", 200, None);
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
