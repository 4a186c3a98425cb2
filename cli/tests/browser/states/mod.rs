//! Every state that a page can be in, beside those that fans come through in the other tests: nothing there, loading,
//! slow, refused, away, over. Each is driven through the API where the server can make it, and by answers that are bent
//! on their way where only a network or a crowd can.
//!
//! Each is looked at narrow and wide, light and dark, in both languages, at 200 % and 400 %, in few colours and with
//! little motion. A test names all that is wrong, not the first alone.

mod browse;
pub mod halls;
mod room;
mod sale;
mod tickets;

use crate::browser::{Browser, Look};
use crate::check::none;
use crate::shop::Shop;
use serde_json::{Value, json};

/// Answers that are bent: the first rule whose pattern fits the method and the address holds.
const BEND: &str = include_str!("bend.js");
const WIDE: u32 = 1280;

/// A browser that is taken from state to state, and what was wrong there.
struct Tour {
    browser: Browser,
    /// Where the pages are.
    base: String,
    found: Vec<String>,
}

impl Tour {
    async fn begin(shop: &Shop) -> Self {
        let browser = Browser::open(Look::PHONE).await;
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": BEND })).await;
        browser.go(&shop.url("/livez")).await;
        Self { browser, base: shop.url(""), found: Vec::new() }
    }

    /// The same as somebody with an account.
    async fn as_user(shop: &Shop, username: &str) -> Self {
        let tour = Self::begin(shop).await;
        shop.account(username).await;
        tour.go("/sign-in?next=%2Faccount").await;
        crate::pages::sign_in(&tour.browser, username).await;
        tour.browser.at("/account").await;
        tour
    }

    async fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.base)).await;
    }

    /// From here on answers are bent by these rules: each has `of`, a pattern, and is `never` answered, `lost`, or
    /// answered by a `status` with a `body` and a `retry` in seconds, or by the server's answer with a `patch`.
    async fn bend(&self, rules: Value) {
        self.browser.eval(&format!("sessionStorage.bent = {}", json!(rules.to_string()))).await;
    }

    async fn unbend(&self) {
        self.browser.eval("sessionStorage.removeItem('bent')").await;
    }

    /// The state that the page is in, once it shows `css`.
    async fn look(&mut self, name: &str, css: &str) {
        self.browser.see(css).await;
        self.found.extend(self.browser.faults(name).await);
        self.browser.dress(WIDE, !self.browser.look.is_dark, false).await;
        let wide = format!("{name}-{}-{WIDE}-dark", self.browser.look.lang);
        self.found.extend(self.browser.shape(&wide).await);
        self.found.extend(self.browser.axe(&wide).await);
        self.browser.resize().await;
    }

    /// Clicks what may be under something that stays in sight.
    async fn press(&self, css: &str) {
        self.browser.see(css).await;
        let quoted = json!(css);
        let middle = format!(
            "document.querySelector({quoted}).scrollIntoView({{ block: 'center', inline: 'center' }})"
        );
        self.browser.eval(&middle).await;
        self.browser.click(css).await;
    }

    /// The page at a path.
    async fn visit(&mut self, name: &str, path: &str, css: &str) {
        self.go(path).await;
        self.look(name, css).await;
    }

    /// The page at a path in states that bent answers make: the name of each, its rules, and what shows it.
    async fn bent<const N: usize>(&mut self, path: &str, states: [(&str, Value, &str); N]) {
        for (name, rules, css) in states {
            self.bend(rules).await;
            self.visit(name, path, css).await;
            self.unbend().await;
        }
    }

    /// Waits for a page without looking at it.
    async fn open(&self, path: &str, css: &str) {
        self.go(path).await;
        self.browser.see(css).await;
    }

    fn end(self) {
        drop(self.browser);
        none(&self.found);
    }
}

/// An answer that says no.
fn problem(of: &str, status: u16, code: &str) -> Value {
    json!([{ "of": of, "status": status, "body": { "code": code, "title": code, "status": status }, "retry": null }])
}

/// The server is too busy for this.
fn busy(of: &str) -> Value {
    json!([{ "of": of, "status": 503, "body": { "code": "busy", "status": 503 }, "retry": 30 }])
}

fn never(of: &str) -> Value {
    json!([{ "of": of, "never": true }])
}

fn lost(of: &str) -> Value {
    json!([{ "of": of, "lost": true }])
}

/// The server's answers with other members.
fn patch(of: &str, members: &Value) -> Value {
    json!([{ "of": of, "patch": members }])
}

/// The organiser cancels a date.
async fn cancel(shop: &Shop, date: &str) {
    let reason = json!({ "reason": "The singer is ill. / 출연자 사정으로 취소되었습니다." });
    shop.operate("POST", &format!("/api/v1/admin/concert-dates/{date}/cancellation"), &reason)
        .await;
}

/// The id of a concert's date.
async fn date_of(shop: &Shop, concert: &str, at: usize) -> String {
    let told = shop.told(&format!("/api/v1/concerts/{concert}")).await;
    told["dates"][at]["concert_date_id"].as_str().unwrap().to_owned()
}
