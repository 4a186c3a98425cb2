//! QR codes as SVG: dark modules on a light ground that brings its quiet zone, so that they are read in dark mode, too.

use qrcode::bits::encode_auto;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::types::QrError;
use qrcode::{Color, EcLevel};
use std::fmt::Write;

/// Modules that stay light on each side (ISO/IEC 18004 § 6.3.8).
const QUIET: usize = 4;
/// Corrects about 15 % of a symbol.
const LEVEL: EcLevel = EcLevel::M;
/// A symbol's mask is free: readers find in it which one it is. To try all eight, as one does for data with patterns
/// of their own, takes ten times as long as the rest, and brings nothing for a signature, which looks like chance.
const MASK: MaskPattern = MaskPattern::Checkerboard;

/// The modules of a code's symbol, row by row, and how wide it is.
fn modules(code: &str) -> Result<(usize, Vec<Color>), QrError> {
    let bits = encode_auto(code.as_bytes(), LEVEL)?;
    let version = bits.version();
    let (data, correction) = construct_codewords(&bits.into_bytes(), version, LEVEL)?;
    let mut canvas = Canvas::new(version, LEVEL);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(&data, &correction);
    canvas.apply_mask(MASK);
    Ok((usize::try_from(version.width()).unwrap_or_default(), canvas.into_colors()))
}

/// A code as a QR symbol; `None` if it is longer than a symbol holds. One unit is one module. The modules of a row that
/// lie together are one stroke, which makes a third of the size.
#[must_use]
pub fn svg(code: &str) -> Option<String> {
    let (width, modules) = modules(code).ok()?;
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
