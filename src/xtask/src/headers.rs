//! The response headers the site is meant to be served with, written down once.
//!
//! The local server sends them, `dist` writes them into `_headers` for hosts that read that file, and what a page can
//! say about itself goes into the page for hosts that send nothing (GitHub Pages). So what is tested is what runs.

/// What the page may do. No inline script, no inline style, nothing from anywhere else.
///
/// `base-uri` is `'self'` because the page has a `<base>`: that is how one build finds its files under any path.
/// Trusted Types are on: the one policy is made in `boot.js`, and a string becomes markup only through it.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    connect-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; \
    base-uri 'self'; form-action 'none'; require-trusted-types-for 'script'; trusted-types default";

/// The part of the policy that browsers take from a header only.
const FRAMES: &str = "frame-ancestors 'none'";

/// Everything this site has no use for, switched off.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), \
    display-capture=(), encrypted-media=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=(), \
    xr-spatial-tracking=(), clipboard-read=(), clipboard-write=(self), fullscreen=(self)";

/// The headers of every response.
pub fn all() -> Vec<(&'static str, String)> {
    vec![
        ("Content-Security-Policy", format!("{POLICY}; {FRAMES}")),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
        ("Cross-Origin-Embedder-Policy", "require-corp".to_owned()),
        ("Cross-Origin-Resource-Policy", "same-origin".to_owned()),
        ("Permissions-Policy", PERMISSIONS.to_owned()),
    ]
}

/// What the page says about itself. It has to stand before anything it is to govern.
pub fn meta() -> String {
    format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
         <meta name=\"referrer\" content=\"no-referrer\">"
    )
}

/// How long a browser may keep a file without asking again.
///
/// A name with a fingerprint never means another content, so it may be kept for ever; everything else is asked for.
pub fn cache_control(path: &str) -> &'static str {
    if has_fingerprint(path) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

/// Whether some part of a path ends in a fingerprint: `app-0123456789abcdef.js`, `worker-0123456789abcdef/x.js`.
fn has_fingerprint(path: &str) -> bool {
    path.split('/').any(|segment| {
        let stem = segment
            .split('.')
            .next()
            .unwrap_or_default()
            .trim_end_matches("_bg");
        stem.rsplit_once('-').is_some_and(|(_, hash)| {
            hash.len() >= 12 && hash.bytes().all(|b| b.is_ascii_hexdigit())
        })
    })
}

/// The text of `_headers`, which Netlify, Cloudflare Pages and others read.
///
/// `files` are the paths of the site below `base`. No header stands in two blocks that match the same path: such
/// hosts join the values with a comma.
pub fn file(base: &str, files: &[String]) -> String {
    let mut text = format!("{base}*\n");
    for (name, value) in all() {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    text.push_str("  Strict-Transport-Security: max-age=63072000; includeSubDomains\n");
    for path in files {
        text.push_str(&format!(
            "{base}{path}\n  Cache-Control: {}\n",
            cache_control(path)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_and_nothing_foreign_is_allowed() {
        assert!(!POLICY.contains("unsafe-inline"));
        assert!(!POLICY.contains("'unsafe-eval'"));
        assert!(!POLICY.contains("http"));
        assert!(
            !meta().contains("frame-ancestors"),
            "browsers complain about it outside a header"
        );
    }

    #[test]
    fn only_fingerprinted_files_are_kept_for_ever() {
        for kept in [
            "app-1a2b3c4d5e6f7081.js",
            "app-1a2b3c4d5e6f7081_bg.wasm",
            "worker-1a2b3c4d5e6f7081/worker.js",
        ] {
            assert!(cache_control(kept).contains("immutable"), "{kept}");
        }
        for asked in [
            "index.html",
            "boot.js",
            "worker/worker.js",
            "some-page/index.html",
            "cafe-deed.css",
        ] {
            assert_eq!(cache_control(asked), "no-cache", "{asked}");
        }
    }

    #[test]
    fn each_path_gets_each_header_once() {
        let text = file(
            "/lab/",
            &[
                "index.html".to_owned(),
                "app-1a2b3c4d5e6f7081.js".to_owned(),
            ],
        );
        assert_eq!(text.matches("Content-Security-Policy").count(), 1);
        assert!(text.starts_with("/lab/*\n"));
        assert!(text.contains("/lab/index.html\n  Cache-Control: no-cache\n"));
        assert!(
            text.lines().all(|l| l.len() < 2000),
            "Cloudflare refuses longer lines"
        );
    }
}
