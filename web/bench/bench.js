// @ts-check
// Draws halls and measures it: the first picture after the data, and frames while the map is moved.
// `?hall=stadium&run` prints figures as JSON into the title and the page; without `run` it is to look at.

import { SeatList } from '../seatmap/list.js';
import { labelOf, readLayout, gridLayout } from '../seatmap/layout.js';
import { Choice } from '../seatmap/pick.js';
import { Status } from '../seatmap/status.js';
import { MapView } from '../seatmap/view.js';
import * as halls from './halls.js';

const asked = new URLSearchParams(location.search);
const drawn = halls[asked.get('hall') || 'hall']();
const answer = halls.answerOf(drawn, Number(asked.get('free') || 0.6));
const text = JSON.stringify(drawn);
const format = new Intl.NumberFormat('ko');
const won = (n) => `${format.format(n)}원`;

const next = () => new Promise((resolve) => requestAnimationFrame(resolve));

function wordsOf(layout, status) {
  const name = (seat) => {
    const { section, row, seat: number } = labelOf(layout, seat);
    return [section && `${section}구역`, row && `${row}열`, `${number}번`].filter(Boolean).join(' ');
  };
  const offer = (t) => (t.low === t.high ? won(t.low) : `${won(t.low)}~`);
  const say = (seat, state) => `${name(seat)}, ${status.grades[status.grade[seat]].name}석, ${won(status.price[seat])}, ${state}`;
  return {
    map: '좌석 배치도', hint: '', zoomIn: '확대', zoomOut: '축소', whole: '전체', wheel: 'Ctrl + 휠로 확대', stage: '무대',
    soldOut: '매진', legend: [['free', '예매 가능'], ['held', '선점'], ['sold', '판매'], ['chosen', '내 선택']], sectionShort: (n) => n, section: ({ name: n }) => `${n}구역`, row: (n) => `${n}열`, seatsFrom: (n) => `${n}번부터`,
    range: (low) => `${won(low)}`, cost: (low) => `${won(low)}`, free: (n) => `${n}석`, offer: (t) => `${offer(t)} · ${t.free}석 예매 가능`,
    tip: (seat) => say(seat, status.state[seat] ? '예매 불가' : '예매 가능'), name, say,
  };
}

async function start() {
  const since = performance.now();
  const layout = asked.has('grid') ? gridLayout(answer.zones) : readLayout(JSON.parse(text));
  const status = new Status(layout);
  status.apply(answer);
  const parsed = performance.now();
  const words = wordsOf(layout, status), choice = new Choice(layout, status, Number(asked.get('party') || 2));
  const host = /** @type {HTMLElement} */ (document.getElementById('map'));
  const onSeat = (seat) => {
    choice.click(seat);
    view.mark({ chosen: choice.seats });
    list.mark(choice.seats);
  };
  const view = new MapView(host, { layout, status, words, onSeat });
  const drawnAt = performance.now();
  await next();
  await next();
  const shown = performance.now();
  const list = new SeatList(/** @type {HTMLElement} */ (document.getElementById('list')), { layout, status, words, onSeat });
  const figures = { seats: layout.count, parse_ms: parsed - since, draw_ms: drawnAt - parsed, first_picture_ms: shown - since };
  Object.assign(globalThis, { figures_: figures, view, list, choice, layout, states: status, onSeat });
  if (asked.has('run')) await measure(view, layout, figures);
  else document.title = 'ready';
}

/** Moves the map for some seconds, near and far, and notes the time between frames and that in scripts. */
async function measure(view, layout, figures) {
  for (const [name, px] of [['seats', 6], ['near', 24]]) {
    const s = px / layout.seat;
    view.zoom(s / view.view.s);
    for (let i = 0; i < 60; i++) await next();
    const gaps = [], scripts = [];
    let last = await next();
    for (let i = 0; i < 180; i++) {
      const turn = i * 2 * Math.PI / 90, from = performance.now();
      view.view.x += Math.cos(turn) * 14;
      view.view.y += Math.sin(turn) * 9;
      view.draw();
      view.asked = (cancelAnimationFrame(view.asked), 0);
      frame(view);
      scripts.push(performance.now() - from);
      const now = await next();
      gaps.push(now - last);
      last = now;
    }
    const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * share)];
    figures[name] = { script_p50_ms: at(scripts, 0.5), script_p99_ms: at(scripts, 0.99), script_max_ms: at(scripts, 1), gap_p50_ms: at(gaps, 0.5), gap_p99_ms: at(gaps, 0.99) };
  }
  const told = JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value), 1);
  /** @type {HTMLElement} */ (document.getElementById('figures')).textContent = told;
  document.title = 'done';
}

/** A frame as the map draws it, in this task, so that its time can be told. */
function frame(view) {
  const { painter } = view;
  const more = painter.wants(view.view) && !painter.work(view.view);
  painter.frame(view.view, view.fit);
  return more;
}

start();
