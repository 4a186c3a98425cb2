// @ts-check
// A hall in typed arrays: where each seat is, what it is called, and which seat is at a point.
// Units are those of the layout document (1 = 1 cm, x right, y down). Seats have an *index* here,
// from 0, in the order of sections, rows and places; seat numbers are what the API knows.

/** Flags of a seat, as bits. */
export const FLAGS = { accessible: 1, companion: 2, restricted_view: 4, aisle: 8 };

/** Kept for wheelchairs and companions. */
export const KEPT = FLAGS.accessible | FLAGS.companion;

/**
 * @typedef {object} Section
 * @property {string} name
 * @property {string} [numbers] From–to, where a plain grid has several sections of a grade.
 * @property {number} first Index of its first seat.
 * @property {number} end Index after its last seat.
 * @property {Row[]} rows
 * @property {number[][]} outline
 * @property {number[]} focus Where it looks to, in a hall without a stage.
 * @property {{x0: number, y0: number, x1: number, y1: number}} box
 */

/** Where each seat of a row with gaps stands, counted in seats; null for a row without: there it is the place itself. */
function slots(count, gaps) {
  if (!gaps?.length) return null;
  const at = Uint32Array.from({ length: count }, (_, i) => i);
  for (const [after, width] of gaps) for (let i = after; i < count; i++) at[i] += width;
  return at;
}

/** A row, or a piece of one: where its seats stand, and what they are called. */
class Row {
  constructor(source, section, first) {
    this.source = source;
    this.section = section;
    this.label = source.label;
    this.first = first;
    this.count = source.count;
    this.slots = slots(source.count, source.gaps);
  }

  /** Label of the seat at a place of the row, from 0. */
  say(i) {
    const { labels, numbers } = this.source;
    return labels?.[i] ?? String((numbers?.start ?? 1) + i * (numbers?.step ?? 1));
  }

  /** Where the seat at a place of the row stands. */
  spot(i) {
    const { positions, arc, at: [x0, y0] = [0, 0], step: [sx, sy] = [0, 0] } = this.source, k = this.slots ? this.slots[i] : i;
    if (positions) return positions[i];
    if (!arc) return [x0 + k * sx, y0 + k * sy];
    const [cx, cy] = arc.center, turn = k * arc.degrees * Math.PI / 180, sin = Math.sin(turn), cos = Math.cos(turn);
    return [cx + (x0 - cx) * cos - (y0 - cy) * sin, cy + (x0 - cx) * sin + (y0 - cy) * cos];
  }
}

/** Convex hull of points (Andrew's monotone chain). */
function hull(points) {
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const kept = [];
  // Along the points and back; `least`: how many the way before has kept.
  const walk = (from, to, step, least) => {
    for (let i = from; i !== to; i += step) {
      const b = points[i];
      for (let n = kept.length; n > least; n--) {
        const o = kept[n - 2], a = kept[n - 1];
        if ((a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]) > 0) break;
        kept.pop();
      }
      kept.push(b);
    }
    kept.pop();
  };
  walk(0, points.length, 1, 1);
  walk(points.length - 1, -1, -1, kept.length + 1);
  return kept;
}

/** An outline where the layout has none: around some seats of each row, with a margin. */
function around(layout, rows) {
  const points = [], margin = layout.seat * 0.9;
  rows.forEach((row, at) => {
    // Between their ends, rows bend outwards only at the front and at the back.
    const parts = at < 1 || at > rows.length - 2 ? 6 : 1;
    for (let part = 0; part <= parts; part++) {
      points.push(row.spot(Math.round((row.count - 1) * part / parts)));
    }
  });
  // Each edge moves outwards, as a square would that is led around.
  const way = (d, then) => Math.sign(d || then) * margin;
  return hull(points).flatMap(([ax, ay], i, all) => {
    const [bx, by] = all[(i + 1) % all.length], [dx, dy] = [bx - ax, by - ay];
    return [[ax + way(dy, -dx), ay + way(-dx, -dy)], [bx + way(dy, dx), by + way(-dx, dy)]];
  });
}

function boxOf(points) {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const [x, y] of points) {
    if (x < box.x0) box.x0 = x;
    if (x > box.x1) box.x1 = x;
    if (y < box.y0) box.y0 = y;
    if (y > box.y1) box.y1 = y;
  }
  return box;
}

/** Stages no larger and no farther from the seats than a map needs: it is no plan to scale. */
function nearStages({ sections, areas, seat }) {
  const boxes = sections.map(({ box }) => box), most = (key, of) => of(...boxes.map((box) => box[key]));
  return areas.map((area) => {
    if (area.kind !== 'stage' || area.rotation) return area;
    const moved = { ...area };
    for (const [at, size, from, to] of [['y', 'height', most('y0', Math.min), most('y1', Math.max)], ['x', 'width', most('x0', Math.min), most('x1', Math.max)]]) {
      const large = Math.min(area[size], Math.max((to - from) * 0.2, seat * 3)), away = Math.max((to - from) * 0.08, seat * 1.5);
      if (area[at] + area[size] <= from) moved[at] = from - Math.min(away, from - area[at] - area[size]) - (moved[size] = large);
      else if (area[at] >= to) [moved[at], moved[size]] = [to + Math.min(away, area[at] - to), large];
    }
    return moved;
  });
}

/** What is drawn of a layout: its sections and areas, with a little room around. */
function boundsOf({ sections, areas, seat }) {
  const boxes = sections.map(({ box }) => box).concat(areas.map(({ x, y, width, height, rotation }) => {
    const [mx, my] = [x + width / 2, y + height / 2], half = rotation ? Math.hypot(width, height) / 2 : 0;
    return { x0: mx - (half || width / 2), y0: my - (half || height / 2), x1: mx + (half || width / 2), y1: my + (half || height / 2) };
  }));
  const most = (key, of) => of(...boxes.map((box) => box[key])), room = seat * 0.8;
  const x0 = most('x0', Math.min) - room, y0 = most('y0', Math.min) - room;
  return { x0, y0, width: most('x1', Math.max) + room - x0, height: most('y1', Math.max) + room - y0 };
}

/** Reads a layout document, as `GET /api/v1/layouts/{hash}` answers it. */
export function readLayout(json, plain = false) {
  const layout = new Layout(json, plain);
  let next = 0;
  for (const source of json.sections) {
    const rows = [], first = next;
    for (const row of source.rows) {
      rows.push(new Row(row, layout.sections.length, next));
      next += row.count;
    }
    const outline = source.outline || around(layout, rows);
    layout.rows.push(...rows);
    layout.sections.push({
      name: source.name, numbers: source.numbers, first, end: next, rows, outline, box: boxOf(outline), focus: source.focus || [json.width / 2, 0],
    });
  }
  layout.count = next;
  layout.areas = nearStages(layout);
  layout.bounds = boundsOf(layout);
  for (const { source, first: seat, count } of [...layout.rows].sort((a, b) => a.source.first - b.source.first)) {
    const last = layout.ranges[layout.ranges.length - 1], { first } = source;
    if (last?.last === first - 1 && last.seat + first - last.first === seat) last.last += count;
    else layout.ranges.push({ first, last: first + count - 1, seat });
  }
  return layout;
}

/** The numbers that a seat number is among, with the index of the first. */
export function rangeOf({ ranges }, number) {
  let low = 0, high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ranges[middle].first <= number) low = middle;
    else high = middle - 1;
  }
  const range = ranges[low];
  return range && number >= range.first && number <= range.last ? range : null;
}

/** The index of a seat number; -1 where there is none. */
export function indexOf(layout, number) {
  const range = rangeOf(layout, number);
  return range ? range.seat + number - range.first : -1;
}

/** Fills in what is known of each seat, by its index, pausing now and then. */
export function* placeSeats(layout) {
  const { count, rows, seat: size } = layout;
  const of = (Kind) => new Kind(count);
  const each = { x: of(Float32Array), y: of(Float32Array), number: of(Uint32Array), row: of(Uint16Array), flags: of(Uint8Array), joined: of(Uint8Array) };
  const { x, y, number, row, flags, joined } = each;
  for (const [index, line] of rows.entries()) {
    const { source, first, slots: at } = line;
    if (index % 64 === 63) yield;
    for (let i = 0; i < line.count; i++) {
      const seat = first + i;
      [x[seat], y[seat]] = line.spot(i);
      [number[seat], row[seat]] = [source.first + i, index];
      if (i > 0) joined[seat] = source.positions ? Math.hypot(x[seat] - x[seat - 1], y[seat] - y[seat - 1]) < size * 1.8 : !at || at[i] - at[i - 1] === 1;
    }
    for (const [flag, ranges] of Object.entries(source.flags || {})) {
      for (const [from, to] of ranges) for (let i = from; i <= to && i <= line.count; i++) flags[first + i - 1] |= FLAGS[flag] || 0;
    }
  }
  layout.each = each;
}

/** A hall. */
class Layout {
  constructor({ width, height, seat = 50, areas = [], sections }, plain) {
    /** Whether it was computed, since the date has no drawing of its hall. */
    this.plain = plain;
    /** `seat`: size of a seat. */
    Object.assign(this, { width, height, seat, areas });
    /** @type {Section[]} */
    this.sections = [];
    /** @type {Row[]} */
    this.rows = [];
    /** Numbers that follow each other as their seats do, ascending; `seat`: index of the first. @type {{first: number, last: number, seat: number}[]} */
    this.ranges = [];
    /** Flags that some seat has. */
    this.kinds = 0;
    for (const { rows } of sections) for (const { flags } of rows) for (const flag in flags) if (flags[flag].length) this.kinds |= FLAGS[flag];
  }
}
// Of each seat: where it is, its number, row and flags, and whether it is beside the one before it. Filled in when it is
// first asked for: the picture of all sections needs none of it.
for (const name of ['x', 'y', 'number', 'row', 'flags', 'joined']) {
  Object.defineProperty(Layout.prototype, name, {
    get() {
      if (!this.each) for (const _ of placeSeats(this));
      return this.each[name];
    },
  });
}

/** Most seats of a section that is computed. */
const BLOCK = 600;

/** A grid for a date without a layout: a section for each zone of the compact map, in blocks where there are many seats. */
export function gridLayout(zones) {
  const sections = [], pitch = 60, total = zones.flatMap((z) => z.seats).reduce((n, [a, b]) => n + b - a + 1, 0);
  const columns = Math.min(30, Math.max(10, Math.round(Math.sqrt(Math.min(total, BLOCK) * 1.5))));
  const across = Math.max(1, Math.round(Math.sqrt(total / BLOCK)));
  let column = 0, top = 500, lowest = 0;
  const place = (zone, rows) => {
    const left = 100 + column * (columns * pitch + 120);
    rows.forEach((row, i) => {
      [row.at, row.step] = [[left, top + i * pitch], [pitch, 0]];
    });
    const last = rows[rows.length - 1];
    sections.push({ name: zone.zone, numbers: total > BLOCK ? `${rows[0].first}–${last.first + last.count - 1}` : '', rows });
    lowest = Math.max(lowest, top + rows.length * pitch);
    column += 1;
    if (column >= across) [column, top] = [0, lowest + 100];
  };
  for (const zone of [...zones].sort((a, b) => b.price - a.price)) {
    let rows = [], seats = 0;
    for (const [first, last] of zone.seats) {
      for (let from = first; from <= last; from += columns) {
        const count = Math.min(columns, last - from + 1);
        rows.push({ label: '', first: from, count, numbers: { start: from, step: 1 } });
        seats += count;
        if (seats >= BLOCK) {
          place(zone, rows);
          [rows, seats] = [[], 0];
        }
      }
    }
    if (rows.length) place(zone, rows);
  }
  const width = 140 + across * (columns * pitch + 120) - 120;
  const stage = { kind: 'stage', text: '', x: width / 2 - width / 4, y: 180, width: width / 2, height: 130 };
  return readLayout({ width, height: lowest + 60, seat: 50, areas: [stage], sections }, true);
}

/** What a seat is called. */
export function labelOf(layout, seat) {
  const row = layout.rows[layout.row[seat]];
  return { section: layout.sections[row.section].name, row: row.label, seat: row.say(seat - row.first) };
}

/** The seat nearest to a point, of those that are accepted: its index, or -1 where none is within reach. */
export function seatAt(layout, x, y, reach, accept = () => true) {
  let best = -1, least = reach * reach;
  const { x: xs, y: ys } = layout;
  for (const { box, first, end } of layout.sections) {
    if (x < box.x0 - reach || x > box.x1 + reach || y < box.y0 - reach || y > box.y1 + reach) continue;
    for (let seat = first; seat < end; seat++) {
      const d = (xs[seat] - x) ** 2 + (ys[seat] - y) ** 2;
      if (d <= least && accept(seat)) [best, least] = [seat, d];
    }
  }
  return best;
}

/** The seat that a point belongs to: the nearest, as far as half of the way to the next row and at least so far; or -1. */
export function seatNear(layout, x, y, least, accept) {
  const most = Math.max(least, layout.seat * 1.2), seat = seatAt(layout, x, y, most, accept);
  if (seat < 0) return seat;
  const { x: xs, y: ys, row, rows, sections } = layout, { first, end } = sections[rows[row[seat]].section];
  let next = Infinity;
  for (let i = first; i < end; i++) if (row[i] !== row[seat]) next = Math.min(next, Math.hypot(xs[i] - xs[seat], ys[i] - ys[seat]));
  return Math.hypot(xs[seat] - x, ys[seat] - y) <= Math.max(least, Math.min(most, next / 2)) ? seat : -1;
}

/** The section at a point, by its outline: its index, or -1. */
export function sectionAt(layout, x, y) {
  return layout.sections.findIndex(({ box, outline }) => {
    if (x < box.x0 || x > box.x1 || y < box.y0 || y > box.y1) return false;
    let inside = false;
    outline.forEach(([ax, ay], i) => {
      const [bx, by] = outline[(i + 1) % outline.length];
      if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
    });
    return inside;
  });
}
