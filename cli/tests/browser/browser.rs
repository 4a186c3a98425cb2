//! A browser: a driver as a child process, and one headless Chromium that it starts.

use crate::common::{alone, runtime};
use crate::left_out::note;
use crate::ports::Port;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use url::{ParseError, Url};

/// Finds faults of accessibility.
const AXE: &str = include_str!("axe/axe.min.js");
const AXE_SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
/// How long a page may take until it shows what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// Notes what the policy of a page forbids, over all documents of the session.
const WATCH: &str = "addEventListener('securitypolicyviolation', (event) => {
  const found = JSON.parse(localStorage.getItem('test.csp') ?? '[]');
  found.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
  localStorage.setItem('test.csp', JSON.stringify(found));
});";

/// How a browser looks at a page.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub lang: &'static str,
    pub width: u32,
    pub is_dark: bool,
}

impl Look {
    pub const PHONE: Self = Self { lang: "en", width: 360, is_dark: false };

    fn name(self) -> String {
        format!("{}-{}{}", self.lang, self.width, if self.is_dark { "-dark" } else { "" })
    }
}

/// See the module. Dropped, driver and browser are ended.
pub struct Browser {
    driver: Child,
    client: Client,
    look: Look,
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

/// Runs a test in a browser, where there is one, and alone.
pub fn in_browser(test: impl AsyncFnOnce()) {
    if is_here() {
        let _turn = alone();
        runtime().block_on(test());
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
    let options =
        json!({ "binary": "chromium", "args": args, "prefs": { "intl.accept_languages": tag } });
    let options = match which("chromium") {
        Some(path) => json!({ "binary": path, "args": options["args"], "prefs": options["prefs"] }),
        None => options,
    };
    Capabilities::from_iter([("goog:chromeOptions".to_owned(), options)])
}

fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Asks again until there is an answer; fails with what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let end = Instant::now() + PATIENCE;
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
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
        browser.resize().await;
        browser
    }

    async fn resize(&self) {
        let Look { width, is_dark, .. } = self.look;
        let size =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
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
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
        self.resize().await;
    }

    /// Shows the first tab, and the newest where `is_newest`.
    pub async fn tab(&self, is_newest: bool) {
        let tabs = self.client.windows().await.unwrap();
        let tab = if is_newest { tabs.last() } else { tabs.first() };
        self.client.switch_to_window(tab.unwrap().clone()).await.unwrap();
    }

    /// What the policy of the pages has forbidden.
    pub async fn forbidden(&self) -> Vec<String> {
        let found = self.eval("JSON.parse(localStorage.getItem('test.csp') ?? '[]')").await;
        serde_json::from_value(found).unwrap()
    }

    /// The page as it is: words are there, nothing is wider than the screen, and axe finds no fault. Saves a picture
    /// where `SCREENSHOTS` names a folder.
    pub async fn check(&self, name: &str) {
        self.fits(name).await;
        let name = format!("{name}-{}", self.look.name());
        assert_eq!(self.eval("document.documentElement.lang").await, self.look.lang, "{name}");
        let text = self.text("body").await.unwrap();
        assert!(!text.contains('⟦'), "a word is missing: {name}: {text}");
        assert_eq!(self.forbidden().await, Vec::<String>::new(), "{name}");
        let faults = self.axe().await;
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }

    /// Nothing is wider than the screen. Saves a picture where `SCREENSHOTS` names a folder.
    pub async fn fits(&self, name: &str) {
        let name = format!("{name}-{}", self.look.name());
        self.picture(&name).await;
        let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
        assert_eq!(self.eval(wide).await, false, "{name} is wider than the screen");
    }

    /// From here on with few colours, little motion, and everything twice as large.
    pub async fn aided(&mut self) {
        self.look.width = self.look.width.max(720) / 2;
        self.resize().await;
        let features = [("forced-colors", "active"), ("prefers-reduced-motion", "reduce")];
        let features = features.map(|(name, value)| json!({ "name": name, "value": value }));
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// From here on this device's clock is wrong by an hour.
    pub async fn misdate(&self) {
        let source = "const Real = Date; const wrong = 3_600_000;
            globalThis.Date = class extends Real {
              constructor(...given) { if (given.length) super(...given); else super(Real.now() + wrong); }
              static now() { return Real.now() + wrong; }
            };";
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// Lets the page believe that nobody looks at it, or that somebody does again.
    pub async fn hide(&self, is_hidden: bool) {
        let state = if is_hidden { "hidden" } else { "visible" };
        let script = format!(
            "(Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }}),
              document.dispatchEvent(new Event('visibilitychange')))"
        );
        self.eval(&script).await;
    }

    /// Closes the tab that is shown.
    pub async fn close_tab(&self) {
        self.client.close_window().await.unwrap();
    }

    async fn axe(&self) -> Vec<String> {
        let hash = Sha256::digest(AXE).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hash, AXE_SHA256);
        if self.eval("'axe' in window").await == false {
            self.client.execute(AXE, Vec::new()).await.unwrap();
        }
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations.map((found) =>
              `${found.id}: ${found.help}: ${found.nodes.map((node) => `${node.html} ${node.any[0]?.message ?? ''}`).join(' | ')}`.slice(0, 600))));";
        let found = self.client.execute_async(run, Vec::new()).await.unwrap();
        serde_json::from_value(found).unwrap()
    }

    /// The whole page as a picture, where somebody wants it.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let height = metrics["cssContentSize"]["height"].as_f64().unwrap_or(800.0);
        let clip =
            json!({ "x": 0, "y": 0, "width": self.look.width, "height": height, "scale": 1 });
        let params = json!({ "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", params).await;
        let bytes = decoded(&picture);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }
}

fn decoded(answer: &Value) -> Vec<u8> {
    use base64::Engine;
    let text = answer["data"].as_str().unwrap_or_default();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser when it is told to stop; what is left of the group goes with it.
        for signal in [Signal::TERM, Signal::KILL] {
            let _ = kill_process_group(Pid::from_child(&self.driver), signal);
            std::thread::sleep(Duration::from_millis(150));
        }
        let _ = self.driver.wait();
    }
}
