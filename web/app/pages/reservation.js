// Seats that are held: pay for them, or give them back. One reservation is paid once.
import { until } from "../clock.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { forgetPlace } from "../line.js";
import { navigate } from "../main.js";
import { Bill, Heading, Release, Stopped, TimeLeft } from "../sale/frame.js";
import { bill, onPaid, pay, wasPaying } from "../sale/pay.js";
import { seatsText } from "../sale/labels.js";
import { nameOf, termsText } from "../show.js";
import { Button, forUser, Loaded, Notice, ProblemNotice, useLoad, useTitle } from "../ui.js";
import { money, t } from "../words.js";

/** Pauses between tries while nobody is reached, ms. */
const AWAY = [1000, 2000, 3000, 5000];

function Reservation({ id }) {
  useTitle(t("pay_title"));
  const all = useLoad((signal) => bill(id, signal), [id]);
  const { reload } = all, status = all.data?.reservation.status;
  useEffect(() => onPaid((paid) => paid === id && reload()), [id]);
  useEffect(() => {
    // Another tab or device may have paid or released it.
    const wake = () => document.visibilityState === "visible" && reload();
    document.addEventListener("visibilitychange", wake);
    return () => document.removeEventListener("visibilitychange", wake);
  }, [id]);
  useEffect(() => {
    if (status === "confirmed" || status === "refunded") navigate(`/bookings/${id}`, { replace: true });
  }, [status]);
  return html`<div class="page"><${Loaded} of=${all} title=${t("pay_title")}>${(data) => html`<${Stage} ...${data} reload=${reload} />`}<//></div>`;
}

export default forUser(Reservation);

function Stage({ reservation, balance, selfCharge, reload }) {
  const { status, concert_id: concert } = reservation;
  if (status === "expired") {
    return html`<${Stopped} title=${t("lapsed_title")}>
      <p><b>${nameOf(reservation)}</b><br />${seatsText(reservation.seats)}</p><p>${t("lapsed")}</p>
      <p class="actions"><${Button} href=${`/concerts/${concert}/queue`} onClick=${() => forgetPlace(concert)}>${t("to_line_again")}<//>
        <${Button} kind="plain" href=${`/concerts/${concert}`}>${t("to_concert")}<//></p><//>`;
  }
  if (status === "cancelled") {
    return html`<${Stopped} title=${t("released_title")}>
      <p>${t("released")}</p>
      <p class="actions"><${Button} href=${`/concerts/${concert}/seats?date=${reservation.concert_date_id}`}>${t("to_seats")}<//></p><//>`;
  }
  if (status !== "held") return html`<p role="status">${t("loading")}</p>`;
  return html`<${Pay} reservation=${reservation} balance=${balance} selfCharge=${selfCharge} reload=${reload} />`;
}

/** Pays, and goes on trying while nobody is reached: the same payment, as long as the hold lasts. */
function usePayment(reservation, balance, reload) {
  const [state, set] = useState({ isBusy: false, away: null, problem: null });
  const running = useRef(false), alive = useRef(true), latest = useRef({ balance });
  latest.current = { balance };
  useEffect(() => () => {
    alive.current = false;
  }, []);
  const run = async () => {
    if (running.current) return;
    running.current = true;
    set({ isBusy: true, away: null, problem: null });
    for (let tries = 0; alive.current; tries += 1) {
      try {
        await pay(reservation, latest.current.balance);
        if (alive.current) navigate(`/bookings/${reservation.reservation_id}?paid`, { replace: true });
        break;
      } catch (problem) {
        const passes = problem.isOffline || problem.isBusy;
        if (!passes || until(reservation.expires_at) < -60_000) {
          set({ isBusy: false, away: null, problem });
          // The balance was another, or the hold has ended: what is so now is shown.
          reload();
          break;
        }
        set({ isBusy: true, away: problem.isOffline ? "paying_away" : "paying_busy", problem: null });
        await new Promise((next) => setTimeout(next, problem.retryAfter ? problem.retryAfter * 1000 : AWAY[Math.min(tries, AWAY.length - 1)]));
      }
    }
    running.current = false;
  };
  // A reload in the middle of it: it is finished.
  useEffect(() => {
    if (wasPaying(reservation.reservation_id)) run();
  }, []);
  return { ...state, run };
}

function Pay({ reservation, balance, selfCharge, reload }) {
  const { reservation_id: id, total_price: total, currency, currency_decimals: decimals } = reservation;
  const said = (amount) => money(amount, currency, decimals);
  const payment = usePayment(reservation, balance, reload);
  const missing = Math.max(0, total - balance), stuck = missing > 0 && !selfCharge;
  useEffect(() => {
    if (!stuck) return undefined;
    const timer = setInterval(reload, 5000);
    return () => clearInterval(timer);
  }, [stuck]);
  const whole = Date.parse(reservation.expires_at) - Date.parse(reservation.reserved_at);
  const label = payment.isBusy ? t("paying") : missing ? t("charge_pay", { missing: said(missing) }) : t("pay", { sum: said(total) });
  return html`<div class="stack">
    <${Heading} concert=${reservation} date=${reservation} title=${t("pay_title")} />
    <${TimeLeft} to=${reservation.expires_at} whole=${whole} label=${t("pay_left")} say="pay_left_said" onEnd=${() => setTimeout(reload, 400)} />
    <${Bill} ...${reservation} sums=${[[t("pay_sum"), total], [t("pay_balance"), balance],
      missing ? [t("pay_missing"), missing, "bill-missing"] : [t("pay_rest"), balance - total]]} />
    ${termsText(reservation.refund) && html`<p class="small soft">${termsText(reservation.refund)}</p>`}
    ${stuck ? html`<${Notice} kind="info"><p>${t("charge_off")}</p><//>`
      : html`<div class="pay-go"><${Button} wide class="button button-primary button-wide button-large" busy=${payment.isBusy} onClick=${payment.run}>${label}<//></div>`}
    ${payment.away && html`<${Notice} kind="warn" role="status"><p>${t(payment.away)}</p><//>`}
    <${ProblemNotice} problem=${payment.problem} />
    ${!stuck && html`<p class="small soft bill-note">${missing ? t("charge_note", { missing: said(missing), sum: said(total) }) : t("pay_once")}</p>`}
    <p class="bill-release"><${Release} of=${reservation} disabled=${payment.isBusy}
      onDone=${() => navigate(`/concerts/${reservation.concert_id}/seats?date=${reservation.concert_date_id}`, { replace: true })} /></p>
  </div>`;
}
