// @ts-check
// The map in a page: what fingers, mouse and keys do with it. A bare wheel and a finger on the whole
// map scroll the page; only a map that is zoomed in keeps them.

import { deviceRatio, Painter } from './draw.js';
import { FLAGS, seatAt, sectionAt, seatNear } from './layout.js';
import { make, seatPicture } from './shapes.js';
import { ABSENT, BLOCKED, FREE, HELD, SOLD } from './status.js';

/** Pixels that a press may move and still be a click. */
const SLOP = { mouse: 4, pen: 6, touch: 10 };

/** Pixels a seat must have to be chosen by a finger, and by a pointer; a tap on smaller ones zooms in. */
const TAP_PX = { touch: 17, pen: 12, mouse: 8 };

/** Largest seat, in pixels. */
const SEAT_MAX_PX = 46;

/** Milliseconds of a move to another view. */
const MOVE_MS = 220;

/** Milliseconds that the small map stays after a move, and a taken seat's name after a tap. */
const MINI_MS = 3000, STAY_MS = 1600;

/** Pixels around a finger, and around a pointer, within which a seat is meant. */
const REACH_PX = { touch: 22, pen: 16, mouse: 10 };

/** Whether the reader wants nothing to move. */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A button with a name and a sign. */
function button(sign, name, act) {
  const element = make('button', '', sign);
  element.type = 'button';
  element.setAttribute('aria-label', name);
  element.title = name;
  element.addEventListener('click', act);
  return element;
}

/** A map in an element. */
export class MapView {
  /**
   * @param {HTMLElement} host
   * @param {object} options
   * @param {import('./layout.js').Layout} options.layout
   * @param {import('./status.js').Status} options.status
   * @param {any} options.words As of `wordsFor` in app/sale/wording.js.
   * @param {(seat: number) => void} options.onSeat A seat was clicked.
   * @param {MapView} [like] One of which view and marks are taken over, as when only the words are others.
   */
  constructor(host, { layout, status, words, onSeat }, like) {
    Object.assign(this, { host, layout, status, words, onSeat });
    const { view = { s: 0.01, x: 0, y: 0 }, size, fit = 0.01 } = like ?? {};
    Object.assign(this, { view: { ...view }, size, fit });
    this.fingers = new Map();
    this.end = new AbortController();
    this.#build();
    this.painter = new Painter(this.canvas, layout, status, words);
    if (like) this.painter.marks = like.painter.marks;
    this.painter.mini = this.mini;
    this.#explain();
    this.#listen();
    this.#resized();
  }

  #build() {
    const { host, words } = this;
    host.classList.add('map');
    this.canvas = make('canvas');
    this.mini = make('canvas', 'map-mini');
    for (const canvas of [this.canvas, this.mini]) canvas.setAttribute('aria-hidden', 'true');
    this.tip = make('div', 'map-tip');
    this.tip.hidden = true;
    this.stage = make('div', 'map-stage', this.canvas, this.mini, this.tip);
    this.stage.tabIndex = 0;
    for (const [name, value] of [['role', 'application'], ['aria-label', words.map], ['aria-description', words.hint]]) this.stage.setAttribute(name, value);
    this.out = button('−', words.zoomOut, () => this.zoom(1 / 1.7));
    this.whole = button('⤢', words.whole, () => this.showAll());
    const tools = make('div', 'map-tools', button('+', words.zoomIn, () => this.nearer()), this.out, this.whole);
    this.legend = make('ul', 'map-legend');
    host.style.setProperty('--map-ratio', String(this.layout.bounds.width / this.layout.bounds.height));
    host.replaceChildren(make('div', 'map-bar', tools, this.legend), this.stage);
  }

  /** The legend, of what there is here. */
  #explain() {
    const { layout, status, words, painter: { dpr, look } } = this;
    const kinds = words.legend.filter(([kind]) => (kind === 'blocked' ? status.state.includes(BLOCKED) : !(FLAGS[kind] & ~layout.kinds)));
    if (this.explained === kinds.length) return;
    this.explained = kinds.length;
    this.legend.replaceChildren(...kinds.map(([kind, name]) => {
      const style = { ...FLAGS, held: 1000 + HELD, sold: 1000 + SOLD, blocked: 1000 + BLOCKED }[kind];
      return make('li', '', style ? seatPicture(style, 16 * dpr, { ...look, grades: [look.quiet] }) : make('i', `map-mark ${kind}`), name);
    }));
  }

  #listen() {
    const { stage } = this, { signal } = this.end;
    const on = (type, act, options = {}) => stage.addEventListener(type, act, { signal, ...options });
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => this.#drop(event));
    on('pointerleave', () => this.#hover(-1, -1));
    on('wheel', (event) => this.#wheel(event), { passive: false });
    on('keydown', (event) => this.#key(event));
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(stage);
    for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
      matchMedia(query).addEventListener('change', () => this.recolour(), { signal });
    }
  }

  /** Ends it. */
  destroy() {
    this.end.abort();
    this.observer.disconnect();
    cancelAnimationFrame(this.asked);
    clearTimeout(this.rest);
    this.host.replaceChildren();
  }

  #resized() {
    const { width, height } = this.stage.getBoundingClientRect();
    // Told at once when it is first watched, too.
    if (!width || !height || (width === this.size?.width && height === this.size.height && this.painter.width === width && this.painter.dpr === deviceRatio())) return;
    const { bounds } = this.layout, before = this.size, whole = !before || this.view.s <= this.fit * 1.001;
    this.size = { width, height };
    this.fit = Math.min(width / bounds.width, height / bounds.height);
    this.most = Math.max(this.fit, SEAT_MAX_PX / this.layout.seat);
    this.painter.resize(width, height);
    if (whole) this.view = this.#home();
    else {
      this.view.x += (width - before.width) / 2;
      this.view.y += (height - before.height) / 2;
    }
    this.#clamp(this.view);
    this.#touchAction();
    this.painter.open(this.view);
    // Tiles after the picture is seen.
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.draw();
    });
  }

  #home() {
    const view = { s: this.fit, x: 0, y: 0 };
    this.#clamp(view);
    return view;
  }

  /** Keeps a view within the map. */
  #clamp(view) {
    const { width, height } = this.size, { x0, y0, ...all } = this.layout.bounds;
    view.s = Math.max(this.fit, Math.min(this.most, view.s));
    const within = (at, room, size, from) => {
      const least = room * 0.75 - size, most = room * 0.25;
      return (size <= room * 1.001 ? (room - size) / 2 : Math.min(most, Math.max(least, at + from))) - from;
    };
    view.x = within(view.x, width, all.width * view.s, x0 * view.s);
    view.y = within(view.y, height, all.height * view.s, y0 * view.s);
  }

  get zoomed() {
    return this.view.s > this.fit * 1.02;
  }

  /** The whole map leaves fingers to the page; a part of it keeps them. */
  #touchAction() {
    this.mini.classList.toggle('on', this.view.s > this.fit * 1.6);
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.mini.classList.remove('on'), MINI_MS);
    this.stage.style.touchAction = this.zoomed ? 'none' : 'pan-y';
    this.stage.classList.toggle('zoomed', this.zoomed);
    this.out.setAttribute('aria-disabled', String(!this.zoomed));
    this.whole.setAttribute('aria-disabled', String(!this.zoomed));
  }

  /** Shows another view, now. */
  #set(view) {
    this.#clamp(view);
    this.view = view;
    this.#touchAction();
    this.draw();
  }

  /** Moves to another view. */
  #go(target) {
    this.#clamp(target);
    this.painter.job = null;
    if (calm()) return this.#set(target);
    this.flight = { from: { ...this.view }, to: target, since: performance.now() };
    this.draw();
  }

  #fly(now) {
    const { from, to, since } = this.flight, t = Math.min(1, Math.max(0, (now - since) / MOVE_MS));
    const e = 1 - (1 - t) ** 3, s = from.s * (to.s / from.s) ** e;
    // The point that stays while the scale goes from one to the other; without one, a straight line.
    const part = Math.abs(to.s - from.s) < 1e-9 ? e : (s - from.s) / (to.s - from.s);
    this.view = { s, x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
    if (t === 1) {
      this.view = to;
      this.flight = null;
      this.#touchAction();
    }
  }

  /** Draws soon. */
  draw() {
    if (!this.asked) this.asked = requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.asked = 0;
    if (!this.size) return;
    if (this.flight) this.#fly(now);
    const { painter, view } = this;
    let more = Boolean(this.flight);
    // While the scale changes the picture is stretched; it is drawn anew once that is still.
    if (!this.flight && this.fingers.size < 2 && painter.wants(view)) more = !painter.work(view) || more;
    more = painter.frame(view, this.fit) || more;
    if (more) this.draw();
  }

  /** Scales about a point of the view. @param {number} factor @param {number} [px] @param {number} [py] */
  zoom(factor, px = this.size.width / 2, py = this.size.height / 2) {
    this.#go(this.#scaled(this.flight?.to || this.view, factor, px, py));
  }

  /** Scales about the seat that is nearest to the middle: it stays where it is, so that there is something to see. */
  nearer() {
    const view = this.flight?.to || this.view, seat = this.#middle(view);
    if (seat < 0) return this.zoom(1.7);
    this.zoom(1.7, this.layout.x[seat] * view.s + view.x, this.layout.y[seat] * view.s + view.y);
  }

  /** The seat that is nearest to the middle of a view; -1: none. */
  #middle({ s, x, y }, accept) {
    return seatAt(this.layout, (this.size.width / 2 - x) / s, (this.size.height / 2 - y) / s, Infinity, accept);
  }

  /** A view by a factor larger; what was at a point of it is then at another, or still there. */
  #scaled(from, factor, px, py, nx = px, ny = py) {
    const s = Math.max(this.fit, Math.min(this.most, from.s * factor)), ratio = s / from.s;
    return { s, x: nx - (px - from.x) * ratio, y: ny - (py - from.y) * ratio };
  }

  /** Shows all of the map. */
  showAll() {
    this.#go(this.#home());
  }

  /** Shows a section so that its seats can be chosen, around a point of it if it is large: where a filter is, around what passes it. */
  showSection(index, around = null, kind = 'mouse') {
    const { layout, status } = this, { box, first, end } = layout.sections[index], { width, height } = this.size;
    const whole = Math.min(width * 0.92 / (box.x1 - box.x0), height * 0.9 / (box.y1 - box.y0));
    const s = Math.min(this.most, Math.max(whole, (TAP_PX[kind] + 4) / this.layout.seat));
    let middle = s <= whole || !around ? [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2] : around;
    const seat = status.narrowed && s > whole ? seatAt(layout, ...middle, Infinity, (i) => i >= first && i < end && status.offers(i)) : -1;
    if (seat >= 0) middle = [layout.x[seat], layout.y[seat]];
    this.#go({ s, x: width / 2 - middle[0] * s, y: height / 2 - middle[1] * s });
  }

  /** Shows seats, if they are not in view; `near`: they are large enough. @param {number[]} seats */
  showSeats(seats, near = this.painter.detailed(this.view.s)) {
    if (!seats.length) return;
    const { layout, view, size } = this, n = seats.length;
    const x = seats.reduce((sum, seat) => sum + layout.x[seat], 0) / n, y = seats.reduce((sum, seat) => sum + layout.y[seat], 0) / n;
    const [px, py] = [x * view.s + view.x, y * view.s + view.y];
    const inside = px > 20 && py > 20 && px < size.width - 20 && py < size.height - 20;
    const s = Math.max(view.s, Math.min(this.most, 22 / layout.seat));
    if (inside && near) return;
    this.#go({ s, x: size.width / 2 - x * s, y: size.height / 2 - y * s });
  }

  /** How far down in the window a seat is, px; nothing where it is not on the map's part that is shown. @param {number} seat */
  topOf(seat) {
    const y = this.layout.y[seat] * this.view.s + this.view.y;
    return y > 0 && y < this.size.height ? this.stage.getBoundingClientRect().top + y : undefined;
  }

  #point(event) {
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    // The small map goes out of the way.
    this.mini.classList.toggle('aside', x < box.width / 2 && y < box.height / 2);
    return [x, y];
  }

  #down(event) {
    if (event.button > 0) return;
    const [x, y] = this.#point(event);
    this.flight = null;
    this.fingers.set(event.pointerId, { x, y, x0: x, y0: y, kind: event.pointerType || 'mouse' });
    if (this.fingers.size === 1) this.moved = false;
    if (this.fingers.size > 1) this.moved = true;
  }

  #move(event) {
    const finger = this.fingers.get(event.pointerId), [x, y] = this.#point(event);
    if (!finger) return event.pointerType === 'mouse' ? this.#hover(x, y) : undefined;
    if (!this.moved && Math.hypot(x - finger.x0, y - finger.y0) > (SLOP[finger.kind] || 6)) {
      this.moved = true;
      this.stage.setPointerCapture(event.pointerId);
    }
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, other]) => other);
    const before = { x: finger.x, y: finger.y };
    [finger.x, finger.y] = [x, y];
    if (!this.moved) return;
    this.tip.hidden = true;
    const { view } = this;
    if (!others.length) return this.#set({ s: view.s, x: view.x + x - before.x, y: view.y + y - before.y });
    const [other] = others, far = (p) => Math.max(20, Math.hypot(p.x - other.x, p.y - other.y));
    this.#set(this.#scaled(view, far(finger) / far(before), (before.x + other.x) / 2, (before.y + other.y) / 2, (x + other.x) / 2, (y + other.y) / 2));
  }

  #drop(event) {
    this.fingers.delete(event.pointerId);
    this.draw();
  }

  #up(event) {
    const finger = this.fingers.get(event.pointerId);
    this.#drop(event);
    if (!finger || this.moved) return;
    this.#click(finger.x, finger.y, finger.kind);
  }

  /** A press that has not moved: a section or seats too small come nearer, a seat is chosen. */
  #click(px, py, kind) {
    const { view, layout } = this, [x, y] = [(px - view.x) / view.s, (py - view.y) / view.s];
    const size = layout.seat * view.s, now = performance.now();
    const twice = this.last && now - this.last.at < 350 && Math.hypot(px - this.last.px, py - this.last.py) < 24;
    this.last = { at: now, px, py };
    if (size >= (TAP_PX[kind] || 8)) {
      const seat = this.#meant(x, y, kind);
      if (seat >= 0) {
        if (this.status.state[seat] !== FREE) this.#name(seat);
        return this.onSeat(seat);
      }
      if (twice) this.zoom(2, px, py);
      return;
    }
    const section = sectionAt(layout, x, y);
    if (section >= 0) this.showSection(section, [x, y], kind);
    else if (twice) this.zoom(2, px, py);
  }

  /** The seat that a press means: the nearest; beside one that cannot be chosen, one within reach that can. -1: none. */
  #meant(x, y, kind) {
    const { layout, status, view } = this, least = (REACH_PX[kind] || 10) / view.s;
    const seat = seatNear(layout, x, y, least, (i) => status.state[i] !== ABSENT);
    if (seat < 0 || status.offers(seat)) return seat;
    // On such a seat itself that one is meant.
    if (Math.hypot(layout.x[seat] - x, layout.y[seat] - y) < layout.seat * 0.5) return seat;
    const free = seatAt(layout, x, y, least, (i) => status.offers(i));
    return free < 0 ? seat : free;
  }

  /** Shows what a seat is called above it; for a while where no pointer stays. */
  #name(seat, stay = STAY_MS) {
    const { layout, view, tip } = this, size = layout.seat * view.s;
    clearTimeout(this.named);
    tip.hidden = seat < 0;
    if (seat < 0) return;
    tip.textContent = this.words.tip(seat);
    const [tx, ty] = [layout.x[seat] * view.s + view.x, layout.y[seat] * view.s + view.y - size * 0.6], half = tip.offsetWidth / 2;
    tip.style.left = `${Math.max(half + 4, Math.min(this.size.width - half - 4, tx))}px`;
    tip.classList.toggle('below', ty < 64);
    tip.style.top = `${ty < 64 ? ty + size * 1.2 : ty}px`;
    if (stay) this.named = setTimeout(() => this.#name(-1), stay);
  }

  #hover(px, py) {
    const { view, layout, painter } = this, { marks } = painter;
    const [x, y] = [(px - view.x) / view.s, (py - view.y) / view.s];
    const near = px < 0 || !painter.detailed(view.s) ? -1 : layout.seat * view.s < TAP_PX.mouse ? seatAt(layout, x, y, layout.seat * 0.6) : this.#meant(x, y, 'mouse');
    const seat = near >= 0 && this.status.state[near] === ABSENT ? -1 : near;
    const section = px < 0 || painter.detailed(view.s) ? -1 : sectionAt(layout, x, y);
    if (seat === marks.hover && section === marks.section) return;
    [marks.hover, marks.section] = [seat, section];
    this.stage.classList.toggle('over', seat >= 0 || section >= 0);
    this.#name(seat, 0);
    this.draw();
  }

  #wheel(event) {
    this.tip.hidden = true;
    if (!event.ctrlKey && !event.metaKey) return this.#scrolled();
    event.preventDefault();
    this.flight = null;
    this.#set(this.#scaled(this.view, Math.exp(-event.deltaY * (event.deltaMode ? 0.06 : 0.004)), ...this.#point(event)));
  }

  /** Says once, for a while, how a wheel zooms. */
  #scrolled() {
    if (this.told) return;
    this.told = true;
    const note = make('div', 'map-note', this.words.wheel);
    this.stage.append(note);
    setTimeout(() => note.remove(), 2500);
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = 90, { view } = this, pan = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (pan && this.zoomed) this.#set({ s: view.s, x: view.x + pan[0], y: view.y + pan[1] });
    else if (event.key === '+' || event.key === '=') this.nearer();
    else if (event.key === '-') this.zoom(1 / 1.7);
    else if (event.key === '0') this.showAll();
    else return;
    event.preventDefault();
  }

  /** Seats have changed. @param {{whole: boolean, changed: number[]}} news */
  changed({ whole, changed }) {
    if (whole && changed.length > 500) this.painter.stale();
    else this.painter.touch(changed);
    this.#explain();
    this.draw();
  }

  /** What is marked. @param {{chosen?: Iterable<number>, own?: Iterable<number>, lost?: Iterable<number>}} marks */
  mark({ chosen, own, lost }) {
    if (chosen) this.painter.marks.chosen = new Set(chosen);
    if (own) this.painter.marks.own = new Set(own);
    if (lost) this.painter.marks.lost = new Set(lost);
    this.draw();
  }

  /** Another filter. Where nothing that passes it is in view, the map goes to the nearest. */
  narrowed() {
    const { status } = this;
    this.painter.stale();
    this.draw();
    if (!status.narrowed || !this.zoomed) return;
    const seat = this.#middle(this.view, (i) => status.offers(i));
    if (seat < 0) this.showAll();
    else this.showSeats([seat], true);
  }

  /** Reads the colours again. */
  recolour() {
    this.painter.recolour();
    this.explained = 0;
    this.#explain();
    this.painter.open(this.view);
    this.draw();
  }
}
