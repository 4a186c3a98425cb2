//! QR codes as SVG: dark modules on a light ground that brings its quiet zone, so that they are read in dark mode, too.

use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;

/// Modules that stay light on each side (ISO/IEC 18004 § 6.3.8).
const QUIET: usize = 4;

/// A code as a QR symbol with medium error correction, about 15 % of it; `None` if it is longer than a symbol holds.
/// One unit is one module. The modules of a row that lie together are one stroke, which makes a third of the size.
#[must_use]
pub fn svg(code: &str) -> Option<String> {
    let symbol = QrCode::with_error_correction_level(code, EcLevel::M).ok()?;
    let (width, modules) = (symbol.width(), symbol.to_colors());
    let side = width + 2 * QUIET;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\""
    );
    for (y, row) in modules.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, long) = (x + QUIET, y + QUIET, run.len());
                // A text cannot refuse what is written to it.
                let _ = write!(text, "M{left} {top}h{long}v1h-{long}z");
            }
            x += run.len();
        }
    }
    text.push_str("\"/></svg>");
    Some(text)
}
