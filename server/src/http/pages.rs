//! Pages for those who write apps: the API to click through, every problem with what an app does, and
//! where they are. All links are relative, so that they hold behind a path prefix, too.

use super::advice::advice;
use super::asset::{Asset, Keep};
use super::problem::{Code, Problem, TABLE};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use hyper::{HeaderMap, StatusCode};
use std::fmt::Write;
use std::sync::LazyLock;

/// Scripts of this server only; the pages of Swagger UI set styles and images of their own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #8886;padding:.4rem .6rem;text-align:left;vertical-align:top}code{font-size:.9em}</style>";

const HTML: &str = "text/html; charset=utf-8";

fn page(asset: &Asset, headers: &HeaderMap) -> Response {
    let mut response = asset.answer(headers);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn html(title: &str, body: &str) -> Asset {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>{STYLE}</head>\
         <body>{body}</body></html>\n"
    );
    Asset::new(HTML, Keep::Asking, text)
}

/// Leads to another address, relative to this one.
fn lead(status: StatusCode, to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// Whether a path is one of a route.
pub fn fits(route: &str, path: &str) -> bool {
    route.split('/').count() == path.split('/').count()
        && route
            .split('/')
            .zip(path.split('/'))
            .all(|(want, is)| if want.starts_with('{') { !is.is_empty() } else { want == is })
}

/// Where the same address without slashes at its end is, for an address that ends with one: relative,
/// and never another host's. None where no route has it.
#[must_use]
pub fn without_slash(path: &str, query: Option<&str>, routes: &[&str]) -> Option<Response> {
    let bare = path.trim_end_matches('/');
    let slashes = path.len() - bare.len();
    if slashes == 0 || bare.is_empty() || !routes.iter().any(|route| fits(route, bare)) {
        return None;
    }
    let last = bare.rsplit('/').next()?;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let to = format!("{}{last}{query}", "../".repeat(slashes));
    Some(lead(StatusCode::PERMANENT_REDIRECT, &to))
}

/// `a_code` in backticks as code; the texts have nothing else that HTML would read.
fn marked(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(index, part): (usize, &str)| {
        let part = part.replace('&', "&amp;").replace('<', "&lt;");
        if index % 2 == 1 { format!("<code>{part}</code>") } else { part }
    };
    parts.map(part).collect()
}

/// Every code: what it means, and what an app does.
static CODES: LazyLock<Asset> = LazyLock::new(|| {
    let mut body = String::from(
        "<h1>Problems, and what an app does</h1><p>Errors are <code>application/problem+json</code>. Act on \
         <code>code</code>, show <code>title</code>: it comes in English or Korean by \
         <code>Accept-Language</code>. With 429 and 503, <code>detail</code> also says when to try again. Where a retry is safe, send the same <code>Idempotency-Key</code>. A code \
         that an app does not know is treated by its status.</p><table><thead><tr><th>code<th>status<th>English \
         <th>한국어<th>again after<th>what an app does</tr></thead><tbody>",
    );
    for entry in TABLE {
        let after = match entry.retry_after {
            Some(seconds) => format!("{seconds} s, or <code>Retry-After</code>"),
            None => "–".to_owned(),
        };
        let (en, ko, advice) = (marked(entry.en), marked(entry.ko), marked(advice(entry)));
        let _ = writeln!(
            body,
            "<tr id=\"{0}\"><td><code>{0}</code><td>{1}<td>{en}<td lang=\"ko\">{ko}<td>{after}<td>{advice}</tr>",
            entry.code, entry.status
        );
    }
    body.push_str("</tbody></table><p><a href=\"./\">The API</a></p>");
    html("boxoffice: problems, and what an app does", &body)
});

const INITIALIZER: &str = r##"window.onload = () => SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
});
"##;

/// The page of Swagger UI; its files stand in `swagger/`, as its package has them.
static SWAGGER: LazyLock<Asset> = LazyLock::new(|| {
    let text = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>boxoffice: the API</title>\
         <link rel=\"stylesheet\" href=\"swagger-ui.css\"><link rel=\"icon\" href=\"favicon-32x32.png\"></head>\
         <body style=\"margin:0\"><div id=\"swagger-ui\"></div><script src=\"swagger-ui-bundle.js\"></script>\
         <script src=\"swagger-initializer.js\"></script></body></html>\n";
    Asset::new(HTML, Keep::Asking, text)
});

/// Its files by name.
static FILES: LazyLock<[(&str, Asset); 4]> = LazyLock::new(|| {
    let file = |kind, bytes: &'static [u8]| Asset::new(kind, Keep::AnHour, bytes);
    [
        ("swagger-initializer.js", file("text/javascript", INITIALIZER.as_bytes())),
        (
            "swagger-ui-bundle.js",
            file("text/javascript", include_bytes!("swagger/swagger-ui-bundle.js")),
        ),
        ("swagger-ui.css", file("text/css", include_bytes!("swagger/swagger-ui.css"))),
        ("favicon-32x32.png", file("image/png", include_bytes!("swagger/favicon-32x32.png"))),
    ]
});

fn swagger_file(name: &str) -> Result<&'static Asset, Problem> {
    if name == "index.html" {
        return Ok(&SWAGGER);
    }
    let found = FILES.iter().find(|(known, _)| *known == name).map(|(_, asset)| asset);
    found.ok_or_else(|| Problem::of(Code::NotFound))
}

fn fixed<S: Clone + Send + Sync + 'static>(
    asset: &'static LazyLock<Asset>,
) -> axum::routing::MethodRouter<S> {
    get(move |headers: HeaderMap| async move { page(asset, &headers) })
}

/// The documents: few read them, and some are large.
pub fn documents<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(|| async { lead(StatusCode::TEMPORARY_REDIRECT, "docs/") }))
        .route("/docs/codes", fixed(&CODES))
        .route("/docs/codes/", get(|| async { lead(StatusCode::PERMANENT_REDIRECT, "../codes") }))
        .route("/docs/", fixed(&SWAGGER))
        .route(
            "/docs/{*file}",
            get(|Path(name): Path<String>, headers: HeaderMap| async move {
                if name.bytes().all(|byte| byte == b'/') {
                    let up = "../".repeat(name.len());
                    return Ok(lead(StatusCode::PERMANENT_REDIRECT, &up));
                }
                swagger_file(&name).map(|asset| page(asset, &headers))
            }),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_leads_to_the_route_and_nowhere_else() {
        let routes = ["/api/v1/concerts", "/api/v1/concerts/{id}"];
        let to = |path: &str, query| {
            let response = without_slash(path, query, &routes)?;
            Some(response.headers()[LOCATION].to_str().unwrap().to_owned())
        };
        assert_eq!(to("/api/v1/concerts/", Some("limit=3")).unwrap(), "../concerts?limit=3");
        assert_eq!(to("/api/v1/concerts/7//", None).unwrap(), "../../7");
        for path in [
            "/api/v1/concerts",
            "/",
            "//",
            "//evil.example/",
            "/nothing/",
            "/api/v1//",
            "/api/v1/concerts//7/",
        ] {
            assert!(to(path, None).is_none(), "{path}");
        }
    }
}
