//! The pages as they are served: a shell for every address, files that are kept for a year.

use crate::world::{Sale, get};
use boxoffice_server::http::web::{EMBEDDED, PAGES};
use std::io::Read;

/// The address of a file, as the shell names it.
fn file_of(shell: &str, name: &str) -> String {
    let links = shell.split('"').filter(|text| text.starts_with("/web/"));
    links.map(str::to_owned).find(|link| link.ends_with(name)).expect("the shell names it")
}

/// Opening a sale costs the server API calls only: a page asks nothing of the read model or the database, and any
/// cache may keep it.
#[tokio::test]
async fn every_page_is_the_one_shell() {
    let sale = Sale::new();
    let (sale, watch) = sale.rewired(100, |_| ());
    let before = watch.calls();
    let mut shells = Vec::new();
    for page in PAGES {
        let seen = sale.send(get(page.replace("{id}", &uuid::Uuid::nil().to_string()))).await;
        assert_eq!(seen.status, 200, "{page}");
        assert_eq!(seen.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(seen.header("cache-control"), "public, max-age=60");
        let policy = seen.header("content-security-policy").to_owned();
        assert!(
            !policy.contains("unsafe") && policy.contains("require-trusted-types-for 'script'")
        );
        shells.push(seen.body);
    }
    assert!(shells.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(watch.calls(), before);
    let text = String::from_utf8(shells[0].to_vec()).unwrap();
    assert!(
        !text.contains('{') && !text.contains("http://") && !text.contains("https://"),
        "{text}"
    );
}

#[tokio::test]
async fn files_are_kept_for_a_year_by_their_version() {
    let sale = Sale::new();
    let shell = String::from_utf8(sale.send(get("/")).await.body.to_vec()).unwrap();
    let main = file_of(&shell, "/app/main.js");
    let folder = main.strip_suffix("/app/main.js").unwrap();
    for (name, _) in EMBEDDED {
        let seen = sale.send(get(format!("{folder}/{name}"))).await;
        assert_eq!(seen.status, 200, "{name}");
        assert_eq!(seen.header("cache-control"), "public, max-age=31536000, immutable", "{name}");
        let packed =
            sale.send(get(format!("{folder}/{name}")).header("accept-encoding", "gzip")).await;
        if packed.header("content-encoding") == "gzip" {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, seen.body, "{name}");
            assert_ne!(packed.header("etag"), seen.header("etag"), "{name}");
            assert_eq!(seen.header("vary"), "Accept-Encoding", "{name}");
        }
    }
    // A shell from before an update gets files, and nobody keeps them under the wrong name.
    let seen = sale.send(get("/web/0123456789abcdef/app/main.js")).await;
    assert_eq!((seen.status, seen.header("cache-control")), (200, "no-store"));
    for nothing in ["/web/x/app/nothing.js", "/web/x/shell.html", "/web/x/../Cargo.toml", "/web/x"]
    {
        sale.send(get(nothing)).await.refused(404, "not_found");
    }
}

/// Who goes to an address that has no page is shown one that says so; apps get a problem.
#[tokio::test]
async fn a_browser_is_told_of_a_missing_page_by_a_page() {
    let sale = Sale::new();
    let ask = |path: &str| get(path).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let seen = sale.send(ask("/nothing/here")).await;
    assert_eq!((seen.status, seen.header("cache-control")), (404, "no-store"));
    assert!(seen.header("content-type").starts_with("text/html") && !seen.body.is_empty());
    sale.send(ask("/api/v1/nothing")).await.refused(404, "not_found");
    sale.send(get("/nothing/here")).await.refused(404, "not_found");
    let seen = sale.send(ask("/bookings/")).await;
    assert_eq!((seen.status, seen.header("location")), (308, "../bookings"));
}
