// @ts-check
// Draws the map on a canvas, on two levels: sections with what they cost, and seats. A picture larger
// than the view is drawn in slices while nothing moves; while something does, the picture is moved.

import { FLAGS } from './layout.js';
import { areaOf, corner, GRADE_COLOURS, middleOf, palette, sheet, spanAt, wheel } from './shapes.js';
import { ABSENT, BLOCKED, FREE, HELD, SOLD } from './status.js';

/** Pixels a seat must have to be drawn. */
export const SEAT_PX = 5;

/** Milliseconds of a frame that a slice may take. */
const SLICE_MS = 5;

/** Device pixels below which a seat is drawn as a square, without marks. */
const SQUARE_PX = 10;

/** How much of the view the picture has beyond it, on each side. */
const MARGIN = 0.4;

/**
 * @typedef {{s: number, x: number, y: number}} View A point of the layout is at `point * s + (x, y)` pixels.
 */

/** Pictures of a map, and the seats of one's own above them. */
export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./layout.js').Layout} layout
   * @param {import('./status.js').Status} status
   * @param {any} words What is written; see `words` of view.js.
   */
  constructor(canvas, layout, status, words) {
    Object.assign(this, { canvas, layout, status, words });
    this.ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: true }));
    this.dpr = Math.min(2, globalThis.devicePixelRatio || 1);
    this.width = this.height = 1;
    this.sheets = [];
    /** Grade that alone is shown in colour; null: all. @type {number|null} */
    this.only = null;
    this.base = this.front = this.job = this.small = null;
    /** What is drawn above: chosen seats, seats one holds already, lost seats, the seat under the pointer. */
    this.marks = { chosen: new Set(), own: new Set(), lost: new Set(), hover: -1, section: -1 };
    this.recolour();
  }

  /** Reads the colours again: the theme may have changed. */
  recolour() {
    this.look = palette(this.canvas.parentElement || document.body);
    this.base = this.front = this.job = this.small = null;
  }

  /** @param {number} width CSS pixels @param {number} height */
  resize(width, height) {
    this.dpr = Math.min(2, globalThis.devicePixelRatio || 1);
    [this.width, this.height] = [width, height];
    this.sheets = [];
    this.canvas.width = Math.round(width * this.dpr);
    this.canvas.height = Math.round(height * this.dpr);
    this.base = this.front = this.job = this.small = null;
  }

  /** Whether seats are drawn at a scale. @param {number} s */
  detailed(s) {
    return this.layout.seat * s >= SEAT_PX;
  }

  /** What is in view has changed by itself: other words, another filter. */
  stale() {
    if (this.front) this.front.old = true;
    this.job = null;
  }

  /** Seats have changed. @param {number[]} seats */
  touch(seats) {
    for (const picture of [this.front, this.job?.picture]) {
      if (!picture) continue;
      if (picture.detailed) for (const seat of seats) this.#repaint(picture, seat);
      else picture.old = true;
    }
  }

  /** Whether the picture is not what this view wants. @param {View} view */
  wants(view) {
    const { front, width, height } = this;
    if (!front || front.old || Math.abs(front.s / view.s - 1) > 0.001) return true;
    const { x0, y0, x1, y1 } = this.#seen(view, width, height, 0);
    return x0 < front.x0 - 1e-3 || y0 < front.y0 - 1e-3 || x1 > front.x1 + 1e-3 || y1 > front.y1 + 1e-3;
  }

  /**
   * Goes on drawing the picture that a view wants.
   * @param {View} view @param {number} [budget] Milliseconds; Infinity: all of it.
   * @returns {boolean} Whether it is finished.
   */
  work(view, budget = SLICE_MS) {
    const same = this.job && Math.abs(this.job.view.s / view.s - 1) < 0.001 && this.#covers(this.job.picture, view);
    if (!same) this.job = this.#begin(view);
    const until = performance.now() + budget;
    for (;;) {
      if (this.job.steps.next().done) {
        this.front = this.job.picture;
        this.job = null;
        return true;
      }
      if (performance.now() >= until) return false;
    }
  }

  /** What of the layout a view shows, with so much beyond; not beyond the layout. */
  #seen(view, width, height, margin) {
    const { s, x, y } = view, [mx, my] = [width * margin, height * margin];
    const { x0, y0, ...all } = this.layout.bounds;
    const within = (v, least, size) => Math.max(least, Math.min(least + size, v));
    return {
      x0: within((-mx - x) / s, x0, all.width), x1: within((width + mx - x) / s, x0, all.width),
      y0: within((-my - y) / s, y0, all.height), y1: within((height + my - y) / s, y0, all.height),
    };
  }

  #covers(picture, view) {
    const seen = this.#seen(view, this.width, this.height, 0);
    return seen.x0 >= picture.x0 && seen.y0 >= picture.y0 && seen.x1 <= picture.x1 && seen.y1 <= picture.y1;
  }

  #begin(view) {
    const box = this.#seen(view, this.width, this.height, MARGIN), k = view.s * this.dpr;
    const [width, height] = [Math.ceil((box.x1 - box.x0) * k), Math.ceil((box.y1 - box.y0) * k)];
    const { canvas, ctx } = this.#spare(width, height);
    const picture = { canvas, ctx, k, s: view.s, ...box, width, height, old: false, detailed: this.detailed(view.s), sprites: new Map() };
    return { picture, view: { ...view }, steps: this.#paint(picture) };
  }

  /** One of two sheets, the one that is not shown; making new ones costs more than clearing. */
  #spare(width, height) {
    let at = this.sheets.findIndex(({ canvas }) => canvas !== this.front?.canvas);
    if (at < 0 || this.sheets[at].canvas.width < width || this.sheets[at].canvas.height < height) {
      const [most_w, most_h] = [this.width, this.height].map((size) => size * (1 + 2 * MARGIN) * this.dpr + 2);
      const canvas = sheet(Math.max(width, most_w), Math.max(height, most_h));
      const made = { canvas, ctx: /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')) };
      if (at < 0) this.sheets.push(made);
      else this.sheets[at] = made;
      return made;
    }
    const spare = this.sheets[at];
    spare.ctx.setTransform(1, 0, 0, 1, 0, 0);
    spare.ctx.clearRect(0, 0, spare.canvas.width, spare.canvas.height);
    return spare;
  }

  /** Draws a picture, pausing now and then. */
  *#paint(picture) {
    const { ctx, k, x0, y0 } = picture;
    this.#floor(ctx, k, x0, y0, picture.detailed);
    yield;
    if (picture.detailed) yield* this.#seats(picture);
    this.#names(picture);
  }

  /** Areas and sections. */
  #floor(ctx, k, x0, y0, detailed) {
    const { layout, look, status } = this;
    ctx.setTransform(k, 0, 0, k, -x0 * k, -y0 * k);
    ctx.lineJoin = 'round';
    for (const area of layout.areas) {
      ctx.save();
      ctx.translate(area.x + area.width / 2, area.y + area.height / 2);
      ctx.rotate((area.rotation || 0) * Math.PI / 180);
      ctx.fillStyle = look.line;
      ctx.beginPath();
      ctx.roundRect(-area.width / 2, -area.height / 2, area.width, area.height, Math.min(area.height, area.width) / 8);
      ctx.fill();
      ctx.fillStyle = look.quiet;
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      const size = Math.max(Math.min(area.height * 0.4, area.width / 6, 20 * this.dpr / k), 9 * this.dpr / k);
      ctx.font = `600 ${size}px ${look.font}`;
      const text = area.kind === 'stage' ? this.words.stage : area.text || '';
      if (ctx.measureText(text).width < area.width) ctx.fillText(text, 0, 0);
      ctx.restore();
    }
    layout.sections.forEach(({ outline }, index) => {
      const { free, grade } = status.tallies[index];
      const shown = free > 0 && (this.only === null || this.#hasGrade(index));
      ctx.beginPath();
      for (const [x, y] of outline) ctx.lineTo(x, y);
      ctx.closePath();
      ctx.fillStyle = !detailed && shown ? look.tints[grade % GRADE_COLOURS] : look.section;
      ctx.fill();
      ctx.lineWidth = 1.5 * this.dpr / k;
      ctx.strokeStyle = !detailed && shown ? look.grades[grade % GRADE_COLOURS] : look.line;
      ctx.setLineDash(detailed || free ? [] : [6 * this.dpr / k, 5 * this.dpr / k]);
      ctx.stroke();
      ctx.setLineDash([]);
    });
    ctx.setTransform(1, 0, 0, 1, 0, 0);
  }

  #hasGrade(index) {
    const { first, end } = this.layout.sections[index];
    for (let seat = first; seat < end; seat++) {
      if (this.status.grade[seat] === this.only && this.status.state[seat] === FREE) return true;
    }
    return false;
  }

  /** How a seat is drawn: one number for what looks alike. */
  #style(seat) {
    const state = this.status.state[seat];
    if (state !== FREE) return 1000 + state;
    const grade = this.status.grade[seat];
    const dim = this.only !== null && grade !== this.only ? 500 : 0;
    return dim + (grade % GRADE_COLOURS) * 16 + this.layout.flags[seat] % 8;
  }

  *#seats(picture) {
    const { layout } = this, { x0, y0, x1, y1, s } = picture;
    const alike = new Map(), reach = layout.seat;
    let visited = 0;
    for (const { box, first, end } of layout.sections) {
      if (box.x1 < x0 || box.x0 > x1 || box.y1 < y0 || box.y0 > y1) continue;
      for (let seat = first; seat < end; seat++) {
        const x = layout.x[seat], y = layout.y[seat];
        if (x < x0 - reach || x > x1 + reach || y < y0 - reach || y > y1 + reach) continue;
        const style = this.#style(seat);
        let list = alike.get(style);
        if (!list) alike.set(style, list = []);
        list.push(seat);
        if (++visited % 4096 === 0) yield;
      }
    }
    for (const [style, list] of alike) {
      for (let at = 0; at < list.length; at += 512) {
        for (let i = at; i < Math.min(at + 512, list.length); i++) this.#stamp(picture, list[i], style);
        yield;
      }
    }
    if (layout.seat * s >= 20) {
      for (const list of alike.values()) {
        for (const seat of list) this.#number(picture, seat);
        yield;
      }
    }
  }

  /** Draws one seat as its style says. */
  #stamp(picture, seat, style) {
    if (style === 1000 + ABSENT) return;
    const { ctx, k, x0, y0 } = picture, d = this.layout.seat * k;
    // Squares are quicker than pictures of squares.
    if (d < SQUARE_PX) {
      const size = Math.max(1, Math.round(d * this.#square(ctx, style)));
      ctx.fillRect(Math.round((this.layout.x[seat] - x0) * k - size / 2), Math.round((this.layout.y[seat] - y0) * k - size / 2), size, size);
      ctx.globalAlpha = 1;
      return;
    }
    let sprite = picture.sprites.get(style);
    if (!sprite) picture.sprites.set(style, sprite = this.#sprite(style, d));
    const half = sprite.width / 2;
    ctx.drawImage(sprite, Math.round((this.layout.x[seat] - x0) * k - half), Math.round((this.layout.y[seat] - y0) * k - half));
  }

  /** Sets the colour of seats that are squares; gives how large they are. Held is larger than sold, both are smaller than what is free. */
  #square(ctx, style) {
    const { look } = this;
    if (style >= 1000) {
      ctx.fillStyle = look.taken;
      return { [HELD]: 0.57, [SOLD]: 0.41, [BLOCKED]: 0.2 }[style - 1000];
    }
    if (style >= 500) ctx.globalAlpha = 0.22;
    ctx.fillStyle = look.grades[Math.floor(style % 500 / 16)];
    return 0.92;
  }

  /** The picture of seats that look alike, `d` device pixels large. */
  #sprite(style, d) {
    const { look } = this, canvas = sheet(Math.round(d) + 2, Math.round(d) + 2), ctx = canvas.getContext('2d');
    const m = canvas.width / 2, r = d * 0.46, state = style >= 1000 ? style - 1000 : FREE;
    const dot = (radius) => {
      ctx.beginPath();
      ctx.roundRect(m - radius, m - radius, radius * 2, radius * 2, radius * 0.55);
    };
    const thin = Math.max(1, d / 14);
    if (state === FREE) {
      const dim = style >= 500, kind = style % 500, flags = kind % 16;
      ctx.globalAlpha = dim ? 0.22 : 1;
      ctx.fillStyle = look.grades[Math.floor(kind / 16)];
      dot(r);
      ctx.fill();
      if (d >= 12 && flags & (FLAGS.accessible | FLAGS.companion)) wheel(ctx, m, r, look['on-grade'], (flags & FLAGS.accessible) === 0);
      if (d >= 12 && flags & FLAGS.restricted_view) corner(ctx, m, r, look.surface);
      return canvas;
    }
    ctx.strokeStyle = ctx.fillStyle = look.taken;
    ctx.lineWidth = thin;
    if (state === BLOCKED) {
      dot(Math.max(1, r * 0.22));
      ctx.fill();
    } else {
      dot(r - thin / 2);
      ctx.stroke();
      ctx.beginPath();
      if (state === HELD) ctx.arc(m, m, r * 0.24, 0, 7);
      if (state === SOLD) {
        ctx.moveTo(m - r * 0.42, m + r * 0.42);
        ctx.lineTo(m + r * 0.42, m - r * 0.42);
        ctx.stroke();
      } else ctx.fill();
    }
    return canvas;
  }

  /** A free seat's label, where there is room. */
  #number(picture, seat) {
    if (this.status.state[seat] !== FREE || this.layout.flags[seat] & 3) return;
    const { ctx, k, x0, y0 } = picture, row = this.layout.rows[this.layout.row[seat]];
    const dim = this.only !== null && this.status.grade[seat] !== this.only;
    ctx.fillStyle = dim ? this.look.quiet : this.look['on-grade'];
    ctx.font = `600 ${Math.round(this.layout.seat * k * 0.4)}px ${this.look.font}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.fillText(row.say(seat - row.first), (this.layout.x[seat] - x0) * k, (this.layout.y[seat] - y0) * k + 1, this.layout.seat * k * 0.8);
  }

  /** One seat again, where it is. */
  #repaint(picture, seat) {
    const { ctx, k, x0, y0 } = picture, d = this.layout.seat * k + 2;
    const x = (this.layout.x[seat] - x0) * k, y = (this.layout.y[seat] - y0) * k;
    if (x < -d || y < -d || x > picture.width + d || y > picture.height + d) return;
    ctx.fillStyle = this.look.section;
    ctx.fillRect(Math.round(x - d / 2), Math.round(y - d / 2), Math.ceil(d), Math.ceil(d));
    this.#stamp(picture, seat, this.#style(seat));
    if (this.layout.seat * picture.s >= 20) this.#number(picture, seat);
  }

  /** Names of sections and rows, and on the first level what a section costs. */
  #names(picture) {
    const { ctx, k, x0, y0, x1, y1, detailed } = picture, { layout } = this;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    layout.sections.forEach((section, index) => {
      const { box } = section;
      if (box.x1 < x0 || box.x0 > x1 || box.y1 < y0 || box.y0 > y1) return;
      if (!detailed) this.#offer(ctx, section, index, { k, x0, y0 });
      else if (section.name && !layout.plain) this.#title(ctx, section, { k, x0, y0 });
    });
    if (detailed && layout.seat * picture.s >= 11) this.#rowNames(picture);
  }

  /** First level: name, price from–to, how many are free; as much as there is room for. */
  #offer(ctx, { outline, name, numbers }, index, { k, x0, y0 }) {
    const { look, dpr, words } = this, tally = this.status.tallies[index], [mx, my] = middleOf(outline);
    const lines = [
      { text: words.sectionShort(name, numbers), size: 14, weight: 700, colour: tally.free ? look.ink : look.quiet },
      { text: tally.free ? words.range(tally.low, tally.high) : words.soldOut, size: 12, weight: 500, colour: look.ink },
      { text: tally.free ? words.free(tally.free) : '', size: 12, weight: 400, colour: look.ink },
    ].filter(({ text }) => text);
    const step = 17 * dpr, y = (my - y0) * k;
    // Where each of n lines goes, and what of the section's width is there.
    const placed = (n) => lines.slice(0, n).map((line, i) => {
      const at = y + (i - (n - 1) / 2) * step, reach = line.size * dpr * 0.4;
      const spans = [at - reach, at + reach].map((edge) => spanAt(outline, edge / k + y0));
      const [left, right] = [Math.max(...spans.map((s) => s[0])), Math.min(...spans.map((s) => s[1]))];
      ctx.font = `${line.weight} ${line.size * dpr}px ${look.font}`;
      const room = (right - left) * k - 6 * dpr, wide = ctx.measureText(line.text).width;
      return { ...line, at, x: ((left + right) / 2 - x0) * k, shrink: Math.min(1, room / wide) };
    });
    const room = Math.sqrt(areaOf(outline)) * k, shown = room < 52 * dpr ? [] : placed(lines.length);
    if (shown.length && shown.every(({ shrink }) => shrink > 0.85)) {
      for (const { text, size, weight, colour, at, x, shrink } of shown) {
        ctx.font = `${weight} ${Math.floor(size * shrink * dpr)}px ${look.font}`;
        ctx.fillStyle = colour;
        ctx.fillText(text, x, at);
      }
      return;
    }
    // The name alone, by the section's area: so that equal sections are told alike, however they are turned.
    const { text, weight, colour } = lines[0];
    ctx.font = `${weight} ${14 * dpr}px ${look.font}`;
    const size = Math.min(14 * dpr, room * 0.62, room * 0.86 / ctx.measureText(text).width * 14 * dpr);
    if (size < 8 * dpr) return;
    ctx.font = `${weight} ${Math.floor(size)}px ${look.font}`;
    ctx.fillStyle = colour;
    ctx.fillText(text, (mx - x0) * k, y);
  }

  /** Second level: a section's name behind its last row. */
  #title(ctx, section, { k, x0, y0 }) {
    const { look, dpr } = this, { outline, focus } = section;
    const stage = this.layout.areas.find((area) => area.kind === 'stage');
    const from = stage ? [stage.x + stage.width / 2, stage.y + stage.height / 2] : focus;
    const middle = middleOf(outline);
    const [dx, dy] = [middle[0] - from[0], middle[1] - from[1]], long = Math.hypot(dx, dy) || 1;
    const far = Math.max(...outline.map(([x, y]) => ((x - middle[0]) * dx + (y - middle[1]) * dy) / long));
    const [px, py] = [(middle[0] + dx / long * far - x0) * k, (middle[1] + dy / long * far - y0) * k];
    const text = this.words.sectionShort(section.name);
    ctx.font = `700 ${12 * dpr}px ${look.font}`;
    const w = ctx.measureText(text).width + 12 * dpr, h = 18 * dpr;
    ctx.fillStyle = look.surface;
    ctx.strokeStyle = look.line;
    ctx.lineWidth = dpr;
    ctx.beginPath();
    ctx.roundRect(px - w / 2, py - h / 2, w, h, h / 2);
    ctx.fill();
    ctx.stroke();
    ctx.fillStyle = look.ink;
    ctx.fillText(text, px, py + dpr);
  }

  /** Labels of rows, beside their first seats. */
  #rowNames({ ctx, k, x0, y0, x1, y1 }) {
    const { layout, look } = this;
    ctx.fillStyle = look.quiet;
    ctx.font = `500 ${Math.min(layout.seat * k * 0.42, 13 * this.dpr)}px ${look.font}`;
    for (const { label, first, count } of layout.rows) {
      const x = layout.x[first], y = layout.y[first];
      if (!label || count < 2 || x < x0 || x > x1 || y < y0 || y > y1) continue;
      const [dx, dy] = [x - layout.x[first + 1], y - layout.y[first + 1]], long = Math.hypot(dx, dy) || 1;
      const away = layout.seat * 0.85;
      ctx.fillText(label, (x + dx / long * away - x0) * k, (y + dy / long * away - y0) * k);
    }
  }

  /** The whole map without seats, which stands where the picture does not reach. */
  #ground(fit) {
    const { x0, y0, width, height } = this.layout.bounds, k = fit * this.dpr, canvas = sheet(width * k, height * k);
    this.#floor(canvas.getContext('2d'), k, x0, y0, true);
    return { canvas, k };
  }

  /**
   * Shows a view: moves the picture there and draws marks above it.
   * @param {View} view @param {number} fit The scale at which all is seen.
   */
  frame(view, fit) {
    const { ctx, dpr, canvas, front } = this, { s, x, y } = view;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    if (!front || !this.#covers(front, view)) {
      this.base ||= this.#ground(fit);
      const ratio = s * dpr / this.base.k, { x0, y0 } = this.layout.bounds;
      ctx.drawImage(this.base.canvas, (x0 * s + x) * dpr, (y0 * s + y) * dpr, this.base.canvas.width * ratio, this.base.canvas.height * ratio);
    }
    if (front) {
      const ratio = s / front.s, [left, top] = [(front.x0 * s + x) * dpr, (front.y0 * s + y) * dpr];
      const { width: w, height: h } = front;
      // By whole device pixels, so that it stays sharp.
      if (ratio === 1) ctx.drawImage(front.canvas, 0, 0, w, h, Math.round(left), Math.round(top), w, h);
      else ctx.drawImage(front.canvas, 0, 0, w, h, left, top, w * ratio, h * ratio);
    }
    this.#above(view);
    if (s > fit * 1.6) this.#corner(view);
  }

  /** Sections and areas in one colour. */
  #silhouette(k) {
    const { layout, look } = this, { x0, y0, width, height } = layout.bounds, canvas = sheet(width * k, height * k);
    const ctx = canvas.getContext('2d');
    ctx.setTransform(k, 0, 0, k, -x0 * k, -y0 * k);
    ctx.fillStyle = look.taken;
    for (const { x, y, width: w, height: h } of layout.areas) ctx.fillRect(x, y, w, h);
    ctx.globalAlpha = 0.5;
    for (const { outline } of layout.sections) {
      ctx.beginPath();
      for (const [x, y] of outline) ctx.lineTo(x, y);
      ctx.fill();
    }
    return canvas;
  }

  /** The whole map, small in a corner, with the part that is in view. */
  #corner({ s, x, y }) {
    const { ctx, dpr, look } = this, { x0, y0, width, height } = this.layout.bounds;
    const k = Math.min(92 / width, 72 / height, this.width * 0.26 / width), [w, h, edge] = [width * k, height * k, 6];
    this.small ||= this.#silhouette(k * dpr);
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.globalAlpha = 0.94;
    ctx.fillStyle = look.surface;
    ctx.strokeStyle = look.line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.roundRect(edge, edge, w + 8, h + 8, 6);
    ctx.fill();
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.drawImage(this.small, edge + 4, edge + 4, w, h);
    const left = Math.max(0, (-x / s - x0) * k), top = Math.max(0, (-y / s - y0) * k);
    const right = Math.min(w, ((this.width - x) / s - x0) * k), bottom = Math.min(h, ((this.height - y) / s - y0) * k);
    ctx.strokeStyle = look.own;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(edge + 4 + left, edge + 4 + top, Math.max(3, right - left), Math.max(3, bottom - top));
  }

  /** Chosen seats with how many each stands for: of a section one, while seats are not drawn. */
  #pins(s) {
    const chosen = [...this.marks.chosen, ...this.marks.own];
    if (this.detailed(s)) return chosen.map((seat) => [seat, 1]);
    const sections = new Map();
    for (const seat of chosen) {
      const { section } = this.layout.rows[this.layout.row[seat]];
      sections.set(section, [sections.get(section)?.[0] ?? seat, (sections.get(section)?.[1] ?? 0) + 1]);
    }
    return sections.values();
  }

  /** Marks above the picture: what is under the pointer, what was lost, what is chosen. */
  #above({ s, x, y }) {
    const { ctx, dpr, layout, look, marks } = this;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    const at = (seat) => [layout.x[seat] * s + x, layout.y[seat] * s + y];
    if (marks.section >= 0 && !this.detailed(s)) {
      ctx.beginPath();
      for (const [px, py] of layout.sections[marks.section].outline) ctx.lineTo(px * s + x, py * s + y);
      ctx.closePath();
      ctx.lineWidth = 3;
      ctx.strokeStyle = look.own;
      ctx.stroke();
    }
    const r = Math.max(layout.seat * s * 0.5, this.detailed(s) ? 7 : 9);
    const ring = (seat, colour, radius) => {
      const [px, py] = at(seat);
      ctx.beginPath();
      ctx.arc(px, py, radius, 0, 7);
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = colour;
      ctx.stroke();
    };
    if (marks.hover >= 0 && this.detailed(s)) ring(marks.hover, look.own, Math.max(layout.seat * s * 0.6, 5));
    for (const seat of marks.lost) {
      const [px, py] = at(seat);
      ring(seat, look.alert, r + 1);
      ctx.beginPath();
      ctx.moveTo(px - r * 0.45, py - r * 0.45);
      ctx.lineTo(px + r * 0.45, py + r * 0.45);
      ctx.moveTo(px + r * 0.45, py - r * 0.45);
      ctx.lineTo(px - r * 0.45, py + r * 0.45);
      ctx.stroke();
    }
    for (const [seat, count] of this.#pins(s)) {
      const [px, py] = at(seat);
      ctx.beginPath();
      ctx.arc(px, py, r, 0, 7);
      ctx.fillStyle = look.own;
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = look.surface;
      ctx.stroke();
      ring(seat, look.own, r + 2);
      if (count > 1) {
        ctx.fillStyle = look['on-own'];
        ctx.font = `700 11px ${look.font}`;
        ctx.textAlign = 'center';
        ctx.textBaseline = 'middle';
        ctx.fillText(String(count), px, py + 0.5);
        continue;
      }
      ctx.beginPath();
      ctx.moveTo(px - r * 0.42, py + r * 0.02);
      ctx.lineTo(px - r * 0.1, py + r * 0.36);
      ctx.lineTo(px + r * 0.45, py - r * 0.34);
      ctx.lineWidth = Math.max(1.8, r / 5);
      ctx.lineCap = 'round';
      ctx.strokeStyle = look['on-own'];
      ctx.stroke();
    }
  }
}
