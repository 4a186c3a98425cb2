//! What must be true of every page in every state: words are there in both languages, nothing is cut, covered or wider
//! than the screen, and axe finds no fault, light and dark.

use crate::browser::{Browser, until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Finds faults of accessibility.
const AXE: &str = include_str!("axe/axe.min.js");
const AXE_SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
/// What a picture of the page shows to be wrong.
const SHAPE: &str = include_str!("shape.js");
/// Widths of a screen of 1,280 points at 200 % and 400 %.
const ZOOMED: [(&str, u32); 2] = [("zoom200", 640), ("zoom400", 320)];

impl Browser {
    /// The page as it is and in all its other looks. Saves pictures where `SCREENSHOTS` names a folder.
    pub async fn check(&self, name: &str) {
        none(&self.faults(name).await);
    }

    /// The page as it is, for states that pass too soon for [`Self::check`].
    pub async fn glance(&self, name: &str) {
        none(&self.faults_now(name).await);
    }

    /// What [`Self::check`] finds wrong.
    pub async fn faults(&self, name: &str) -> Vec<String> {
        let mut found = self.faults_now(name).await;
        self.dress(self.look.width, !self.look.is_dark, false).await;
        found.extend(self.axe(&format!("{name} in the other theme")).await);
        let other = if self.look.lang == "ko" { "en" } else { "ko" };
        self.speak(other).await;
        found.extend(self.shape(&format!("{name}-{other}-{}", self.look.width)).await);
        for (zoom, width) in ZOOMED {
            self.dress(width, self.look.is_dark, true).await;
            found.extend(self.shape(&format!("{name}-{other}-{zoom}")).await);
        }
        found.extend(self.axe(&format!("{name} in few colours")).await);
        self.speak(self.look.lang).await;
        self.resize().await;
        found
    }

    /// What [`Self::glance`] finds wrong.
    pub async fn faults_now(&self, name: &str) -> Vec<String> {
        let name = format!("{name}-{}", self.look.name());
        let mut found = self.shape(&name).await;
        let lang = self.eval("document.documentElement.lang").await;
        if lang != self.look.lang {
            found.push(format!("{name}: it says that it speaks {lang}"));
        }
        found.extend(self.axe(&name).await);
        found
    }

    /// Lets the page speak the other language, in the state that it is in.
    async fn speak(&self, lang: &str) {
        self.eval("document.querySelector('.language').click()").await;
        until("the other language", async || {
            (self.eval("document.documentElement.lang").await == lang).then_some(())
        })
        .await;
    }

    /// Waits until a new look has been drawn, and colours no longer change.
    pub async fn settled(&self) {
        let drawn = "new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(() => next(true))))
            .then(() => Promise.allSettled(document.getAnimations()
              .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime)).map((one) => one.finished)))
            .then(() => true)";
        self.eval(drawn).await;
    }

    /// What is missing, cut, covered or wider than the screen.
    pub async fn shape(&self, name: &str) -> Vec<String> {
        self.settled().await;
        self.picture(name).await;
        let text = self.text("body").await.unwrap();
        let wrong = self.client.execute(SHAPE, Vec::new()).await.unwrap();
        let mut found: Vec<String> = serde_json::from_value(wrong).unwrap();
        if text.contains('⟦') {
            found.push(format!("a word is missing: {text}"));
        }
        found.into_iter().map(|fault| format!("{name}: {fault}")).collect()
    }

    /// What axe finds.
    pub async fn axe(&self, name: &str) -> Vec<String> {
        self.settled().await;
        let hash = Sha256::digest(AXE).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hash, AXE_SHA256);
        if self.eval("'axe' in window").await == false {
            self.client.execute(AXE, Vec::new()).await.unwrap();
        }
        let run = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations.map((found) =>
              `${found.id}: ${found.help}: ${found.nodes.map((node) => `${node.html} ${node.any[0]?.message ?? ''}`).join(' | ')}`.slice(0, 600))));";
        let found = self.client.execute_async(run, Vec::new()).await.unwrap();
        let faults: Vec<String> = serde_json::from_value(found).unwrap();
        faults.into_iter().map(|fault| format!("{name}: {fault}")).collect()
    }

    /// The whole page as a picture, where somebody wants it.
    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("SCREENSHOTS").map(PathBuf::from) else { return };
        let bytes = self.shot(None).await;
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), bytes).unwrap();
    }

    /// A PNG of the page from its top, so high, or all of it.
    pub async fn shot(&self, height: Option<u32>) -> Vec<u8> {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let size = &metrics["cssContentSize"];
        let width = metrics["cssLayoutViewport"]["clientWidth"].as_f64().unwrap_or(360.0);
        let height = height.map_or_else(|| size["height"].as_f64().unwrap_or(800.0), f64::from);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let params = json!({ "captureBeyondViewport": true, "clip": clip });
        decoded(&self.devtools("Page.captureScreenshot", params).await)
    }
}

/// Fails with all that is wrong.
pub fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{faults:#?}");
}

/// The bytes of a picture that Chromium answers.
pub fn decoded(answer: &Value) -> Vec<u8> {
    use base64::Engine;
    let text = answer["data"].as_str().unwrap_or_default();
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}
