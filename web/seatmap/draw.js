// @ts-check
// Draws the map on a canvas, on two levels: sections with what they cost, and seats. What is drawn is kept as
// tiles; while the map moves, tiles are moved, and those that come into view are drawn a few at a time.

import { drawNames, placeLabels } from './labels.js';
import { FLAGS, KEPT, placeSeats } from './layout.js';
import { bands, GRADE_COLOURS, meets, palette, pathOf, seatPicture, sheet } from './shapes.js';
import { ABSENT, BLOCKED, FREE, HELD, SOLD } from './status.js';

/** Pixels a seat must have to be drawn. */
export const SEAT_PX = 5;

/** Milliseconds of a frame that a slice may take. */
const SLICE_MS = 4;

/** Milliseconds of a frame for names. */
const NAMES_MS = 2;

/** Device pixels below which a seat is drawn as a square, without marks. */
const SQUARE_PX = 10;

/** Device pixels of one that is drawn. */
export const deviceRatio = () => Math.min(2, globalThis.devicePixelRatio || 1);

/** Device pixels of a tile, each way. */
const TILE = 384;
const keyOf = (i, j) => i * 4096 + j;

/** Pixels beyond the view that are drawn ahead. */
const AHEAD = 160;

/**
 * @typedef {{s: number, x: number, y: number}} View A point of the layout is at `point * s + (x, y)` pixels.
 */

/** Pictures of a map, and the seats of one's own above them. */
export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import('./layout.js').Layout} layout
   * @param {import('./status.js').Status} status
   * @param {any} words What is written.
   */
  constructor(canvas, layout, status, words) {
    Object.assign(this, { canvas, layout, status, words });
    this.ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    this.dpr = deviceRatio();
    this.width = this.height = 1;
    /** The whole map, small. @type {HTMLCanvasElement|null} */
    this.mini = null;
    this.pool = [];
    /** What is drawn above: chosen seats, seats one holds already, lost seats, the seat under the pointer. */
    this.marks = { chosen: new Set(), own: new Set(), lost: new Set(), hover: -1, section: -1 };
    this.recolour();
  }

  /** Reads the colours again: the theme may have changed. */
  recolour() {
    this.look = palette(this.canvas.parentElement || document.body);
    this.#forget();
  }

  /** @param {number} width CSS pixels @param {number} height */
  resize(width, height) {
    this.dpr = deviceRatio();
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.round(width * this.dpr);
    this.canvas.height = Math.round(height * this.dpr);
    this.#forget();
  }

  #forget() {
    /** Tiles of one scale, and those of the scale before, which stand until the first are there. */
    this.set = this.under = null;
    this.base = this.job = this.labels = this.first = null;
    this.tags = new Map();
    const widths = new Map();
    /** How wide a text is, for each pixel of its size. */
    this.wide = ({ text, weight }) => {
      if (!widths.has(text)) {
        this.ctx.font = `${weight} 20px ${this.look.font}`;
        widths.set(text, this.ctx.measureText(text).width / 20);
      }
      return widths.get(text);
    };
  }

  /** Whether seats are drawn at a scale. @param {number} s */
  detailed(s) {
    return this.layout.seat * s >= SEAT_PX;
  }

  /** What is in view has changed by itself: other words, another filter. */
  stale() {
    this.set?.tiles.forEach((tile) => (tile.old = true));
    this.job = this.labels = null;
  }

  /** Seats have changed. @param {number[]} seats */
  touch(seats) {
    const tiles = [...this.set?.tiles.values() ?? [], this.job?.tile].filter(Boolean);
    if (!tiles[0]?.detailed) {
      const boxes = new Set(seats.map((seat) => this.layout.sections[this.layout.rows[this.layout.row[seat]].section].box));
      for (const tile of tiles) if ([...boxes].some((box) => meets(box, tile))) tile.old = true;
      this.job = this.labels = null;
    } else for (const seat of seats) for (const tile of tiles) this.#repaint(tile, seat);
  }

  /** Which tiles a view meets, with so many pixels beyond it; not beyond the layout. */
  *#near({ s, x, y }, more) {
    const { bounds } = this.layout, k = s * this.dpr;
    const span = (at, room, least, size) => {
      const from = (-at - more) * this.dpr - least * k, most = Math.ceil(size * k / TILE) - 1;
      return [Math.max(0, Math.floor(from / TILE)), Math.min(most, Math.floor((from + (room + 2 * more) * this.dpr) / TILE))];
    };
    const [i0, i1] = span(x, this.width, bounds.x0, bounds.width), [j0, j1] = span(y, this.height, bounds.y0, bounds.height);
    for (let j = j0; j <= j1; j++) for (let i = i0; i <= i1; i++) yield [i, j];
  }

  #same = (s) => this.set && Math.abs(this.set.s / s - 1) < 0.001;

  /** The next tile that is missing: first what is in view, then what is near. */
  #next(view) {
    for (const more of [0, AHEAD]) {
      for (const [i, j] of this.#near(view, more)) {
        const tile = this.set?.tiles.get(keyOf(i, j));
        if (!tile || tile.old) return [i, j];
      }
    }
    return null;
  }

  /** Whether something is not drawn yet that this view wants. @param {View} view */
  wants(view) {
    return !this.#same(view.s) || !this.base || this.#next(view) !== null;
  }

  /** Draws all of a view at once, without tiles: they are made while the picture is looked at. @param {View} view */
  open(view) {
    const { bounds } = this.layout, k = view.s * this.dpr, { canvas, ctx } = this;
    // On whole device pixels, as tiles are laid.
    const [x0, y0] = [bounds.x0 - Math.round((bounds.x0 * view.s + view.x) * this.dpr) / k, bounds.y0 - Math.round((bounds.y0 * view.s + view.y) * this.dpr) / k];
    const tile = { s: view.s, k, ctx, x0, y0, x1: x0 + canvas.width / k, y1: y0 + canvas.height / k, detailed: this.detailed(view.s), sprites: new Map() };
    this.set = { s: view.s, tiles: new Map(), sprites: tile.sprites };
    for (const _ of this.#paint(tile));
    this.#over(view, Infinity);
    this.first = { ...view };
  }

  /**
   * Goes on drawing what a view wants.
   * @param {View} view @param {number} [budget] Milliseconds.
   * @returns {boolean} Whether it is finished.
   */
  work(view, budget = SLICE_MS) {
    if (!this.#same(view.s)) {
      if (this.set?.tiles.size) [this.under, this.set] = [this.set, null];
      this.set = { s: view.s, tiles: new Map() };
      this.job = this.labels = null;
    }
    const since = performance.now();
    if (this.job?.tile && ![...this.#near(view, AHEAD)].some(([i, j]) => i === this.job.tile.i && j === this.job.tile.j)) this.job = null;
    for (;;) {
      if (!this.job) {
        const at = this.base && this.#next(view);
        if (this.base && !at) {
          this.under = null;
          return true;
        }
        this.job = at ? this.#begin(view.s, ...at) : this.#ground();
      }
      if (this.job.steps.next().done) {
        const { tile } = this.job;
        if (tile) this.#keep(tile, view);
        this.job = null;
        // What was drawn costs as much again when it is first shown.
        if (performance.now() - since > budget / 3) return false;
      }
      if (performance.now() - since >= budget) return false;
    }
  }

  #begin(s, i, j) {
    const { bounds } = this.layout, k = s * this.dpr, canvas = this.pool.pop() || sheet(TILE, TILE);
    const [x0, y0] = [bounds.x0 + i * TILE / k, bounds.y0 + j * TILE / k];
    const tile = {
      i, j, s, k, canvas, ctx: canvas.getContext('2d', { alpha: false }), x0, y0, x1: x0 + TILE / k, y1: y0 + TILE / k,
      old: false, detailed: this.detailed(s), sprites: this.set.sprites ||= new Map(),
    };
    return { tile, steps: this.#paint(tile) };
  }

  /** Puts a tile where it belongs, and takes those back that are far. */
  #keep(tile, view) {
    const { tiles } = this.set, at = keyOf(tile.i, tile.j);
    if (tiles.has(at)) this.pool.push(tiles.get(at).canvas);
    tiles.set(at, tile);
    const near = new Set([...this.#near(view, AHEAD * 2)].map(([i, j]) => keyOf(i, j)));
    for (const [key, { canvas }] of tiles) {
      if (tiles.size < near.size + 8 || near.has(key)) continue;
      tiles.delete(key);
      this.pool.push(canvas);
    }
    this.pool.length = Math.min(this.pool.length, 12);
  }

  /** Draws a tile, pausing now and then. */
  *#paint(tile) {
    yield* this.#floor(tile.ctx, tile, tile.detailed);
    yield;
    if (tile.detailed) yield* this.#seats(tile);
    else this.#offers(tile);
  }

  /** Areas and sections. */
  *#floor(ctx, tile, detailed) {
    const { layout, look, status } = this, { k, x0, y0 } = tile;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = look.surface;
    ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    yield;
    ctx.setTransform(k, 0, 0, k, -x0 * k, -y0 * k);
    for (const area of layout.areas) {
      ctx.save();
      ctx.translate(area.x + area.width / 2, area.y + area.height / 2);
      ctx.rotate((area.rotation || 0) * Math.PI / 180);
      ctx.fillStyle = look.line;
      ctx.beginPath();
      ctx.roundRect(-area.width / 2, -area.height / 2, area.width, area.height, Math.min(area.height, area.width) / 8);
      ctx.fill();
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      const size = Math.max(Math.min(area.height * 0.4, area.width / 6, 20 * this.dpr / k), 9 * this.dpr / k);
      const text = area.kind === 'stage' ? this.words.stage : area.text || '';
      // Beside a stage that is too flat for it.
      const beside = size > area.height;
      ctx.fillStyle = look[beside ? 'quiet' : 'on-area'];
      if (text && this.wide({ text, weight: 600 }) * size < area.width) {
        ctx.font = `600 ${size}px ${look.font}`;
        ctx.fillText(text, 0, beside ? -area.height / 2 - size * 0.6 : 0);
      }
      ctx.restore();
    }
    let drawn = 0;
    for (const [index, section] of layout.sections.entries()) {
      if (!meets(section.box, tile)) continue;
      const tally = status.tallies[index], { free, has } = tally, shown = !detailed && free > 0;
      const path = section.path ||= pathOf(section.outline);
      ctx.fillStyle = shown ? bands(ctx, section, tally, look.tints) : look.section;
      ctx.fill(path);
      ctx.lineWidth = 1.5 * this.dpr / k;
      ctx.strokeStyle = shown ? bands(ctx, section, tally, look.grades) : look.line;
      if (!detailed && has && !free) ctx.setLineDash([6 * this.dpr / k, 5 * this.dpr / k]);
      ctx.stroke(path);
      ctx.setLineDash([]);
      if (++drawn % 16 === 0) yield;
    }
    ctx.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** How a seat is drawn: one number for what looks alike. */
  #style(seat) {
    const state = this.status.state[seat];
    if (state !== FREE) return 1000 + state;
    const grade = this.status.grade[seat];
    const dim = this.status.fits(seat) ? 0 : 500;
    return dim + (grade % GRADE_COLOURS) * 16 + this.layout.flags[seat] % 8;
  }

  *#seats(tile) {
    const { layout } = this, { x0, y0, x1, y1, s } = tile, { x, y } = layout;
    const alike = new Map(), reach = layout.seat;
    let visited = 0;
    for (const { box, first, end } of layout.sections) {
      if (!meets(box, tile)) continue;
      for (let seat = first; seat < end; seat++) {
        if (x[seat] < x0 - reach || x[seat] > x1 + reach || y[seat] < y0 - reach || y[seat] > y1 + reach) continue;
        const style = this.#style(seat), list = alike.get(style);
        if (list) list.push(seat);
        else alike.set(style, [seat]);
      }
      if ((visited += end - first) > 500) {
        visited = 0;
        yield;
      }
    }
    for (const [style, list] of alike) {
      for (let at = 0; at < list.length; at += 256) {
        for (let i = at; i < Math.min(at + 256, list.length); i++) this.#stamp(tile, list[i], style);
        yield;
      }
    }
    if (layout.seat * s < 20) return;
    for (const list of alike.values()) {
      for (let i = 0; i < list.length; i++) {
        this.#number(tile, list[i], i % 24 === 0);
        if (i % 24 === 23) yield;
      }
    }
  }

  /** Draws one seat as its style says. */
  #stamp(picture, seat, style) {
    if (style === 1000 + ABSENT) return;
    const { ctx, k, x0, y0 } = picture, d = this.layout.seat * k, x = (this.layout.x[seat] - x0) * k, y = (this.layout.y[seat] - y0) * k;
    // Squares are quicker than pictures of squares.
    if (d < SQUARE_PX) {
      const size = Math.max(1, Math.round(d * this.#square(ctx, style)));
      const left = Math.round(x - size / 2), top = Math.round(y - size / 2);
      ctx.fillRect(left, top, size, size);
      ctx.globalAlpha = 1;
      const flags = style < 1000 && style % 500 % 16, part = Math.max(2, Math.round(size / 3)), middle = size - part >> 1;
      if (!flags) return;
      // A hole where seats are kept, a corner less where the view is restricted.
      ctx.fillStyle = this.look.section;
      if (flags & KEPT) ctx.fillRect(left + middle, top + middle, part, part);
      if (flags & FLAGS.restricted_view) ctx.fillRect(left + size - part, top, part, part);
      return;
    }
    let sprite = picture.sprites.get(style);
    if (!sprite) picture.sprites.set(style, sprite = seatPicture(style, d, this.look));
    const half = sprite.width / 2;
    ctx.drawImage(sprite, Math.round(x - half), Math.round(y - half));
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

  /** A free seat's label, where there is room. */
  #number(picture, seat, begins = true) {
    const { ctx, k, x0, y0 } = picture, row = this.layout.rows[this.layout.row[seat]];
    if (begins) [ctx.font, ctx.textAlign, ctx.textBaseline] = [`600 ${Math.round(this.layout.seat * k * 0.4)}px ${this.look.font}`, 'center', 'middle'];
    if (this.status.state[seat] !== FREE || this.layout.flags[seat] & 3) return;
    ctx.fillStyle = this.status.fits(seat) ? this.look['on-grade'] : this.look.quiet;
    ctx.fillText(row.say(seat - row.first), (this.layout.x[seat] - x0) * k, (this.layout.y[seat] - y0) * k + 1, this.layout.seat * k * 0.8);
  }

  /** One seat again, where it is. */
  #repaint(picture, seat) {
    const { ctx, k, x0, y0 } = picture, d = this.layout.seat * k + 2;
    const x = (this.layout.x[seat] - x0) * k, y = (this.layout.y[seat] - y0) * k;
    if (x < -d || y < -d || x > TILE + d || y > TILE + d) return;
    ctx.fillStyle = this.look.section;
    ctx.fillRect(Math.round(x - d / 2), Math.round(y - d / 2), Math.ceil(d), Math.ceil(d));
    this.#stamp(picture, seat, this.#style(seat));
    if (this.layout.seat * picture.s >= 20) this.#number(picture, seat);
  }

  /** First level: what is written on sections, those that a tile meets. */
  #offers(tile) {
    const { ctx, k } = tile, { bounds } = this.layout;
    let last = '';
    this.labels ||= placeLabels(this, k);
    const [left, top] = [(tile.x0 - bounds.x0) * k, (tile.y0 - bounds.y0) * k];
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    for (const { box, lines } of this.labels.values()) {
      if (!meets(box, { x0: left, y0: top, x1: left + ctx.canvas.width, y1: top + ctx.canvas.height })) continue;
      for (const { text, font, colour, x, y } of lines) {
        // A font is costly to set: once for many.
        if (font !== last) ctx.font = last = font;
        ctx.fillStyle = colour;
        ctx.fillText(text, x - left, y - top);
      }
    }
  }

  /** The whole map without seats, coarse, which stands where nothing is drawn yet. */
  #ground() {
    const { x0, y0, x1, y1, width, height } = this.layout.bounds, k = Math.min(this.width / width, this.height / height);
    const canvas = sheet(width * k, height * k);
    this.base = { canvas, k };
    return { steps: this.#ahead(canvas.getContext('2d'), { k, x0, y0, x1: x0 + width, y1: y0 + height }) };
  }

  /** Draws the ground, and places seats for when they are wanted. */
  *#ahead(ctx, box) {
    yield* this.#floor(ctx, box, true);
    if (!this.layout.each) yield* placeSeats(this.layout);
  }

  /** Draws tiles where a view has them; says whether all that it meets is there. */
  #lay(set, view) {
    const { ctx, dpr } = this, { bounds } = this.layout, ratio = view.s / set.s;
    const [left, top] = [(bounds.x0 * view.s + view.x) * dpr, (bounds.y0 * view.s + view.y) * dpr];
    // By whole device pixels, so that it stays sharp and has no seams.
    const still = Math.abs(ratio - 1) < 1e-9, edge = (from, i) => (still ? Math.round(from) + i * TILE : Math.round(from + i * TILE * ratio));
    for (const { i, j, canvas } of set.tiles.values()) {
      const [x, y, x1, y1] = [edge(left, i), edge(top, j), edge(left, i + 1), edge(top, j + 1)];
      if (x1 < 0 || y1 < 0 || x > this.canvas.width || y > this.canvas.height) continue;
      if (still) ctx.drawImage(canvas, x, y);
      else ctx.drawImage(canvas, x, y, x1 - x, y1 - y);
    }
  }

  /**
   * Shows a view: moves the picture there and draws marks above it.
   * @param {View} view @param {number} fit The scale at which all is seen.
   * @returns {boolean} Whether names are missing.
   */
  frame(view, fit) {
    const { ctx, dpr, canvas, set } = this, { s, x, y } = view;
    const whole = set && this.#same(s) && [...this.#near(view, 0)].every(([i, j]) => set.tiles.has(keyOf(i, j)));
    // The first picture stands until its tiles are there.
    if (!whole && this.first?.s === s && this.first.x === x && this.first.y === y) return false;
    this.first = null;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = this.look.surface;
    ctx.fillRect(0, 0, canvas.width, canvas.height);
    if (!whole) {
      if (this.base) {
        const { x0, y0 } = this.layout.bounds, ratio = s * dpr / this.base.k, { canvas: base } = this.base;
        ctx.drawImage(base, (x0 * s + x) * dpr, (y0 * s + y) * dpr, base.width * ratio, base.height * ratio);
      }
      if (this.under) this.#lay(this.under, view);
    }
    if (set) this.#lay(set, view);
    if (this.base && s > fit * 1.6) this.#corner(view);
    return this.#over(view, NAMES_MS);
  }

  /** What is above the picture of seats and sections: names, and marks. */
  #over(view, budget) {
    const owes = this.set && this.detailed(view.s) && drawNames(this, view, budget);
    this.#above(view);
    return owes;
  }

  /** The whole map, small, with the part that is in view. */
  #corner({ s, x, y }) {
    const { mini, dpr, look, layout } = this, { x0, y0, width, height } = layout.bounds;
    const k = Math.min(92 / width, 72 / height, this.width * 0.26 / width), [w, h, edge] = [width * k, height * k, 5];
    const ctx = /** @type {CanvasRenderingContext2D} */ (mini.getContext('2d'));
    const wide = Math.round((w + 2 * edge) * dpr);
    if (mini.width !== wide) {
      [mini.width, mini.height] = [wide, (h + 2 * edge) * dpr];
      mini.style.width = `${wide / dpr}px`;
    }
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, mini.width, mini.height);
    ctx.drawImage(this.base.canvas, edge, edge, w, h);
    const left = Math.max(0, (-x / s - x0) * k), top = Math.max(0, (-y / s - y0) * k);
    const right = Math.min(w, ((this.width - x) / s - x0) * k), bottom = Math.min(h, ((this.height - y) / s - y0) * k);
    ctx.strokeStyle = look.own;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(edge + left, edge + top, Math.max(3, right - left), Math.max(3, bottom - top));
  }

  /** Chosen seats with how many each stands for: of a section one, while seats are not drawn. */
  #pins(s, at) {
    const chosen = [...this.marks.chosen, ...this.marks.own], sections = new Map();
    if (this.detailed(s)) return chosen.map((seat) => [...at(seat), 1]);
    for (const seat of chosen) {
      const { section } = this.layout.rows[this.layout.row[seat]];
      sections.set(section, [seat, (sections.get(section)?.[1] ?? 0) + 1]);
    }
    const { dpr } = this, [left, top] = at(-1), ratio = s / (this.set?.s || s) / dpr, room = 13 / ratio;
    const written = [...this.labels?.values() ?? []].map(({ box }) => box);
    // Above or below what is written on the section, where nothing is written.
    return [...sections].map(([section, [seat, count]]) => {
      const box = this.labels?.get(section)?.box;
      if (!box) return [...at(seat), count];
      const x = (box.x0 + box.x1) / 2, spots = [box.y0 - room, box.y1 + room];
      const y = spots.find((y) => !written.some((other) => meets(other, { x0: x - room, y0: y - room, x1: x + room, y1: y + room }))) ?? spots[0];
      return [left + x * ratio, top + y * ratio, count];
    });
  }

  /** Marks above the picture: what is under the pointer, what was lost, what is chosen. */
  #above({ s, x, y }) {
    const { ctx, dpr, layout, look, marks } = this;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    const { bounds } = layout, at = (seat) => (seat < 0 ? [bounds.x0 * s + x, bounds.y0 * s + y] : [layout.x[seat] * s + x, layout.y[seat] * s + y]);
    if (marks.section >= 0 && !this.detailed(s)) {
      ctx.beginPath();
      for (const [px, py] of layout.sections[marks.section].outline) ctx.lineTo(px * s + x, py * s + y);
      ctx.closePath();
      ctx.lineWidth = 3;
      ctx.strokeStyle = look.own;
      ctx.stroke();
    }
    const r = Math.max(layout.seat * s * 0.5, this.detailed(s) ? 7 : 9);
    const ring = (px, py, colour, radius) => {
      ctx.beginPath();
      ctx.arc(px, py, radius, 0, 7);
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = colour;
      ctx.stroke();
    };
    if (marks.hover >= 0 && this.detailed(s)) ring(...at(marks.hover), look.own, Math.max(layout.seat * s * 0.6, 5));
    for (const seat of marks.lost) {
      const [px, py] = at(seat);
      ring(px, py, look.alert, r + 1);
      ctx.beginPath();
      ctx.moveTo(px - r * 0.45, py - r * 0.45);
      ctx.lineTo(px + r * 0.45, py + r * 0.45);
      ctx.moveTo(px + r * 0.45, py - r * 0.45);
      ctx.lineTo(px - r * 0.45, py + r * 0.45);
      ctx.stroke();
    }
    for (const [px, py, count] of this.#pins(s, at)) {
      ctx.beginPath();
      ctx.arc(px, py, r, 0, 7);
      ctx.fillStyle = look.own;
      ctx.fill();
      ctx.lineWidth = 2;
      ctx.strokeStyle = look.surface;
      ctx.stroke();
      ring(px, py, look.own, r + 2);
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
