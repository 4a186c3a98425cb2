//! The files of the pages. A test holds that each file of `web/` has its line here.

macro_rules! files {
    ($($path:literal,)*) => {
        /// Every file with its path below `web/`.
        pub const EMBEDDED: &[(&str, &[u8])] = &[
            $(($path, include_bytes!(concat!("../../../../web/", $path))),)*
        ];
    };
}

/// The page that every address answers.
pub const SHELL: &[u8] = include_bytes!("../../../../web/shell.html");

files! {
    "app.css",
    "icon.svg",
    "app/api.js",
    "app/clock.js",
    "app/draw.js",
    "app/html.js",
    "app/line.js",
    "app/main.js",
    "app/session.js",
    "app/show.js",
    "app/signal.js",
    "app/stream.js",
    "app/ui.js",
    "app/words.js",
    "app/words/common.js",
    "app/words/problems.js",
    "app/words/sale.js",
    "app/pages/account.js",
    "app/pages/booking.js",
    "app/pages/bookings.js",
    "app/pages/concert.js",
    "app/pages/concerts.js",
    "app/pages/draw.js",
    "app/pages/queue.js",
    "app/pages/reservation.js",
    "app/pages/seats.js",
    "app/pages/sign.js",
    "app/sale/frame.js",
    "app/sale/labels.js",
    "app/sale/live.js",
    "app/sale/pay.js",
    "app/sale/shop.js",
    "app/sale/tickets.js",
    "app/sale/wording.js",
    "sale.css",
    "seatmap/draw.js",
    "seatmap/labels.js",
    "seatmap/layout.js",
    "seatmap/list.js",
    "seatmap/pick.js",
    "seatmap/shapes.js",
    "seatmap/status.js",
    "seatmap/view.js",
    "sw.js",
    "vendor/hooks.js",
    "vendor/htm.js",
    "vendor/preact.js",
}
