// Seats that are held, told wherever somebody may have strayed to: how long they are held, and the way to pay.
import { until } from "../clock.js";
import { html, useEffect } from "../html.js";
import { nameOf } from "../show.js";
import { Button, useLoad } from "../ui.js";
import { exactTime, t } from "../words.js";
import { holdsNow } from "./shop.js";

export default function Holds() {
  // What is not known is not told: the page stands without it.
  const load = useLoad((signal) => holdsNow(signal).catch(() => []), []);
  const { data = [], reload } = load;
  useEffect(() => {
    // Another tab or device may have paid, held or given back.
    const seen = () => document.visibilityState === "visible" && reload();
    document.addEventListener("visibilitychange", seen);
    const ends = data.map((hold) => until(hold.expires_at));
    const timer = ends.length && setTimeout(reload, Math.max(1000, Math.min(...ends) + 400));
    return () => {
      document.removeEventListener("visibilitychange", seen);
      clearTimeout(timer);
    };
  }, [load.data]);
  return data.map((hold) => html`<${Held} key=${hold.reservation_id} hold=${hold} />`);
}

const Held = ({ hold }) => html`<section class="strip" aria-label=${t("have_hold")}>
  <p><b>${t("held_seats", { n: hold.seats.length, name: nameOf(hold) })}</b><br />${t("have_hold_until", { time: exactTime(hold.expires_at) })}</p>
  <${Button} href=${`/reservations/${hold.reservation_id}`}>${t("to_pay")}<//></section>`;
