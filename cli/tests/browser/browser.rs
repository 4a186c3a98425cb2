//! A browser: a driver as a child process, and one headless Chromium that it starts.

use crate::common::runtime;
use crate::left_out::note;
use crate::ports::Port;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::future::Future;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;
use url::{ParseError, Url};

/// How long a page may take until it shows what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(45);
/// So many tests have their browsers at once: a browser takes up to half a gigabyte of memory.
const AT_ONCE: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// How a browser looks at a page.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub lang: &'static str,
    pub width: u32,
    pub is_dark: bool,
}

impl Look {
    pub const PHONE: Self = Self { lang: "en", width: 360, is_dark: false };

    pub fn name(self) -> String {
        format!("{}-{}{}", self.lang, self.width, if self.is_dark { "-dark" } else { "" })
    }
}

/// See the module. Dropped, driver and browser are ended, and the test fails if a page has complained.
pub struct Browser {
    driver: Child,
    pub client: Client,
    pub look: Look,
    _port: Port,
    _profile: TempDir,
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether there is a browser with its driver; where not, the run tells so.
fn is_here() -> bool {
    let here = is_installed("chromium") && is_installed("chromedriver");
    if !here {
        note(
            "the pages in a browser",
            "no chromium and chromedriver (apt-get install chromium chromium-driver)",
        );
    }
    here
}

/// Runs a test in a browser, where there is one, beside a few others.
pub fn in_browser(test: impl AsyncFnOnce()) {
    if is_here() {
        runtime().block_on(async {
            let _turn = TURNS.acquire().await.unwrap();
            test().await;
        });
    }
}

/// One of Chromium's own commands.
#[derive(Debug)]
struct Devtools(&'static str, Value);

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.0, "params": self.1 });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// What the pages of a session have written to the console, and what the browser has about them, since the last time.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// Whether a line of the log is a fault: a report of the policy, an error, a promise that nobody caught, a 500. Refusals
/// are answers, and a network that is away is part of the tests.
fn is_fault(line: &Value) -> bool {
    let text = line["message"].as_str().unwrap_or_default();
    match line["source"].as_str().unwrap_or_default() {
        "network" => ["500", "501", "502", "504"]
            .iter()
            .any(|status| text.contains(&format!("responded with a status of {status}"))),
        "security" => true,
        _ => line["level"] == "SEVERE",
    }
}

fn capabilities(look: Look, profile: &TempDir) -> Capabilities {
    let tag = if look.lang == "ko" { "ko-KR,ko" } else { "en-US,en" };
    let profile = format!("--user-data-dir={}", profile.path().display());
    let size = format!("--window-size={},800", look.width.max(500));
    let lang = format!("--lang={}", look.lang);
    // Without a sandbox of its own, since tests run as root in containers; it only meets our own pages.
    let args = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        &profile,
        &size,
        &lang,
    ];
    let options = json!({
        "binary": which("chromium"), "args": args, "prefs": { "intl.accept_languages": tag },
        // The driver would keep hidden tabs awake. Without it they wake once a second, and after some minutes once a minute.
        "excludeSwitches": ["disable-background-timer-throttling"],
    });
    Capabilities::from_iter([
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" })),
    ])
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Asks again until there is an answer; fails with what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    within(PATIENCE, what, look).await
}

/// As [`until`], for what takes longer than a page.
pub async fn within<T, F: Future<Output = Option<T>>>(
    limit: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

impl Browser {
    pub async fn open(look: Look) -> Self {
        let port = Port::claim();
        let profile = tempfile::Builder::new().prefix("boxoffice-browser-").tempdir().unwrap();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={}", port.number));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own, so that its browser ends with it.
        let driver = command.process_group(0).spawn().unwrap();
        let address = format!("http://127.0.0.1:{}", port.number);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(look, &profile));
        let client = until("the driver", async || builder.connect(&address).await.ok()).await;
        let browser = Self { driver, client, look, _port: port, _profile: profile };
        browser.resize().await;
        browser
    }

    /// Shows pages in this browser's own look.
    pub async fn resize(&self) {
        self.dress(self.look.width, self.look.is_dark, false).await;
    }

    /// Shows pages so wide, light or dark, or with the few colours and little motion that somebody's system asks for.
    pub async fn dress(&self, width: u32, is_dark: bool, is_forced: bool) {
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = [
            ("prefers-color-scheme", scheme),
            ("forced-colors", if is_forced { "active" } else { "none" }),
            ("prefers-reduced-motion", if is_forced { "reduce" } else { "no-preference" }),
        ];
        let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    pub async fn devtools(&self, command: &'static str, params: Value) -> Value {
        self.client.issue_cmd(Devtools(command, params)).await.unwrap()
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub async fn back(&self) {
        self.client.back().await.unwrap();
    }

    pub async fn forward(&self) {
        self.client.forward().await.unwrap();
    }

    pub async fn eval(&self, script: &str) -> Value {
        self.client.execute(&format!("return ({script})"), Vec::new()).await.unwrap()
    }

    /// The text that is shown of a part of the page; none where there is no such part.
    pub async fn text(&self, css: &str) -> Option<String> {
        let quoted = json!(css).to_string();
        let text = self.eval(&format!("document.querySelector({quoted})?.innerText ?? null")).await;
        text.as_str().map(str::to_owned)
    }

    /// Waits until a part of the page is there.
    pub async fn see(&self, css: &str) -> String {
        until(&format!("{css} at {}", self.path().await), async || self.text(css).await).await
    }

    /// Waits until a part of the page says so.
    pub async fn read(&self, css: &str, text: &str) {
        until(&format!("{text:?} in {css}"), async || {
            self.text(css).await.filter(|found| found.contains(text))
        })
        .await;
    }

    /// Waits until the page is at this path.
    pub async fn at(&self, path: &str) {
        until(&format!("the page {path}"), async || (self.path().await == path).then_some(()))
            .await;
    }

    pub async fn path(&self) -> String {
        self.eval("location.pathname").await.as_str().unwrap_or_default().to_owned()
    }

    /// Types into a field, by its name.
    pub async fn fill(&self, name: &str, text: &str) {
        let css = format!("input[name={name}]");
        self.see(&css).await;
        let field = self.client.find(Locator::Css(&css)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Clicks a part of the page as a person would.
    pub async fn click(&self, css: &str) {
        self.see(css).await;
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    /// A further tab of the same browser, which is shown then.
    pub async fn new_tab(&self) {
        let tab = self.client.new_window(true).await.unwrap();
        self.client.switch_to_window(tab.handle).await.unwrap();
        self.resize().await;
    }

    /// Shows the first tab, and the newest where `is_newest`.
    pub async fn tab(&self, is_newest: bool) {
        let tabs = self.client.windows().await.unwrap();
        let tab = if is_newest { tabs.last() } else { tabs.first() };
        self.client.switch_to_window(tab.unwrap().clone()).await.unwrap();
    }

    /// What the pages have complained of since the last time: see [`is_fault`]. Dropping the browser asks for it, too.
    pub async fn complaints(&self) -> Vec<String> {
        match self.client.issue_cmd(Log).await {
            Ok(Value::Array(lines)) => {
                lines.iter().filter(|line| is_fault(line)).map(Value::to_string).collect()
            }
            other => vec![format!("there is no log: {other:?}")],
        }
    }

    /// From here on this device's clock is wrong by so much.
    pub async fn misdate(&self, hours: i32) {
        let source = "const Real = Date; const wrong = 3_600_000 * HOURS;
            globalThis.Date = class extends Real {
              constructor(...given) { if (given.length) super(...given); else super(Real.now() + wrong); }
              static now() { return Real.now() + wrong; }
            };";
        let source = source.replace("HOURS", &hours.to_string());
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// Takes the network away from the tab that is shown, or gives it back.
    pub async fn network(&self, is_there: bool) {
        self.devtools("Network.enable", json!({})).await;
        let bytes = if is_there { -1 } else { 0 };
        let params = json!({ "offline": !is_there, "latency": 0, "downloadThroughput": bytes, "uploadThroughput": bytes });
        self.devtools("Network.emulateNetworkConditions", params).await;
    }

    /// Has the tab's requests go past the service worker, whose own are not without a network when the tab's are, and past
    /// the browser's cache, which has a public answer for a second.
    pub async fn past_caches(&self) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
        self.devtools("Network.setBypassServiceWorker", json!({ "bypass": true })).await;
    }

    /// Closes the tab that is shown.
    pub async fn close_tab(&self) {
        self.client.close_window().await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let complaints = if std::thread::panicking() {
            Vec::new()
        } else {
            block_in_place(|| Handle::current().block_on(self.complaints()))
        };
        // The driver ends its browser when it is told to stop; what is left of the group goes with it.
        for signal in [Signal::TERM, Signal::KILL] {
            let _ = kill_process_group(Pid::from_child(&self.driver), signal);
            std::thread::sleep(Duration::from_millis(150));
        }
        let _ = self.driver.wait();
        assert!(complaints.is_empty(), "pages complain: {complaints:#?}");
    }
}
