// @ts-check
// A hall in typed arrays: where each seat is, what it is called, and which seat is at a point.
// Units are those of the layout document (1 = 1 cm, x right, y down). Seats have an *index* here,
// from 0, in the order of sections, rows and places; seat numbers are what the API knows.

/** Flags of a seat, as bits. */
export const FLAGS = { accessible: 1, companion: 2, restricted_view: 4, aisle: 8 };

/**
 * @typedef {object} Row
 * @property {number} section Index of its section.
 * @property {string} label
 * @property {number} first Index of its first seat.
 * @property {number} count
 * @property {string|null} grade
 * @property {(at: number) => string} say Label of the seat at a place of the row, from 0.
 * @property {(x: number, y: number) => number} near Place of the row nearest to a point.
 */
/**
 * @typedef {object} Section
 * @property {string} name
 * @property {string} [numbers] From–to, where a plain grid has several sections of a grade.
 * @property {number} first Index of its first seat.
 * @property {number} end Index after its last seat.
 * @property {Row[]} rows
 * @property {number[][]} outline
 * @property {number[]} focus
 * @property {{x0: number, y0: number, x1: number, y1: number}} box Around its outline.
 */
/**
 * @typedef {object} Layout
 * @property {boolean} plain Whether it was computed, since the date has no drawing of its hall.
 * @property {number} width
 * @property {number} height
 * @property {number} seat Size of a seat.
 * @property {{x0: number, y0: number, width: number, height: number}} bounds What is drawn.
 * @property {number} count
 * @property {any[]} areas
 * @property {Section[]} sections
 * @property {Row[]} rows
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {Uint32Array} number Seat number of each index.
 * @property {Uint16Array} row Row of each index.
 * @property {Uint8Array} flags
 * @property {Uint8Array} joined 1 where a seat is beside the one before it.
 * @property {{first: number, last: number, row: number}[]} ranges Numbers of each row, ascending.
 */

/** Where each seat of a row with gaps stands, counted in seats; null for a row without: there it is the place itself. */
function slots(count, gaps) {
  if (!gaps?.length) return null;
  const at = Uint32Array.from({ length: count }, (_, i) => i);
  for (const [after, width] of gaps) for (let i = after; i < count; i++) at[i] += width;
  return at;
}

/** How positions of a row are put into arrays, and the place nearest to a point is found. */
function geometry(row, at) {
  const [x0, y0] = row.at || [0, 0];
  const within = (k) => Math.max(0, Math.min(row.count - 1, k));
  // The place nearest to one counted in seats: beyond an end the last one, in an aisle the nearer side.
  const of = (k) => (at ? at.reduce((best, slot, i) => (Math.abs(slot - k) < Math.abs(at[best] - k) ? i : best), 0) : within(Math.round(k)));
  if (row.positions) {
    const near = (x, y) => {
      let best = -1, least = Infinity;
      row.positions.forEach(([px, py], i) => {
        const d = (px - x) ** 2 + (py - y) ** 2;
        if (d < least) [best, least] = [i, d];
      });
      return best;
    };
    return { put: (i, x, y, seat) => ([x[seat], y[seat]] = row.positions[i]), near };
  }
  if (row.arc) {
    const { center: [cx, cy], degrees } = row.arc;
    const [dx, dy] = [x0 - cx, y0 - cy];
    const start = Math.atan2(dy, dx), turn = degrees * Math.PI / 180;
    const put = (i, x, y, seat) => {
      const angle = (at ? at[i] : i) * turn, sin = Math.sin(angle), cos = Math.cos(angle);
      x[seat] = cx + dx * cos - dy * sin;
      y[seat] = cy + dx * sin + dy * cos;
    };
    const near = (x, y) => {
      const whole = 2 * Math.PI;
      const angle = (((Math.atan2(y - cy, x - cx) - start) * Math.sign(turn)) % whole + whole) % whole;
      const k = angle / Math.abs(turn), last = at ? at[row.count - 1] : row.count - 1;
      // Beyond the last place it may be nearer to the first, from the other side.
      return of(k > last && whole / Math.abs(turn) - k < k - last ? 0 : k);
    };
    return { put, near };
  }
  const [sx, sy] = row.step || [0, 0];
  const long = sx * sx + sy * sy || 1;
  const near = (x, y) => of(((x - x0) * sx + (y - y0) * sy) / long);
  const put = (i, x, y, seat) => {
    const k = at ? at[i] : i;
    x[seat] = x0 + k * sx;
    y[seat] = y0 + k * sy;
  };
  return { put, near };
}

/** Convex hull of points (Andrew's monotone chain). */
function hull(points) {
  points.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (list) => {
    const kept = [];
    for (const point of list) {
      while (kept.length > 1 && turn(kept[kept.length - 2], kept[kept.length - 1], point) <= 0) kept.pop();
      kept.push(point);
    }
    kept.pop();
    return kept;
  };
  return half(points).concat(half([...points].reverse()));
}

/** An outline where the layout has none: around some seats of each row, with a margin. */
function around(layout, rows) {
  const points = [], margin = layout.seat * 0.9;
  rows.forEach(({ first, count }, at) => {
    // Between their ends, rows bend outwards only at the front and at the back.
    const parts = at < 2 || at > rows.length - 3 ? 6 : 1;
    for (let part = 0; part <= parts; part++) {
      const i = first + Math.round((count - 1) * part / parts);
      points.push([layout.x[i], layout.y[i]]);
    }
  });
  const corners = [[-margin, -margin], [margin, -margin], [margin, margin], [-margin, margin]];
  return hull(hull(points).flatMap(([x, y]) => corners.map(([dx, dy]) => [x + dx, y + dy])));
}

function boxOf(points) {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
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

/** The seat of a section nearest to the stage, where the layout names no focus. */
function nearest(layout, section) {
  const stage = layout.areas.find((area) => area.kind === 'stage');
  const to = stage ? [stage.x + stage.width / 2, stage.y + stage.height / 2] : [layout.width / 2, 0];
  let best = section.first, least = Infinity;
  for (let i = section.first; i < section.end; i++) {
    const d = (layout.x[i] - to[0]) ** 2 + (layout.y[i] - to[1]) ** 2;
    if (d < least) [best, least] = [i, d];
  }
  return [layout.x[best], layout.y[best]];
}

/**
 * Reads a layout document.
 * @param {any} json As `GET /api/v1/layouts/{hash}` answers it.
 * @param {boolean} [plain]
 * @returns {Layout}
 */
export function readLayout(json, plain = false) {
  const count = json.sections.flatMap((s) => s.rows).reduce((sum, row) => sum + row.count, 0);
  /** @type {Layout} */
  const layout = {
    plain, count, width: json.width, height: json.height, seat: json.seat || 50, areas: json.areas || [],
    sections: [], rows: [], x: new Float32Array(count), y: new Float32Array(count),
    number: new Uint32Array(count), row: new Uint16Array(count), flags: new Uint8Array(count),
    joined: new Uint8Array(count), ranges: [],
  };
  let next = 0;
  for (const source of json.sections) {
    const rows = [], first = next;
    for (const row of source.rows) {
      rows.push(readRow(layout, row, source, layout.sections.length, next));
      next += row.count;
    }
    const section = { name: source.name, numbers: source.numbers, first, end: next, rows, outline: source.outline, focus: source.focus };
    section.outline ||= around(layout, rows);
    section.focus ||= nearest(layout, section);
    section.box = boxOf(section.outline);
    layout.sections.push(section);
  }
  layout.areas = nearStages(layout);
  layout.bounds = boundsOf(layout);
  layout.ranges = layout.rows.map(({ first, count: seats }, row) => {
    const from = layout.number[first];
    return { first: from, last: from + seats - 1, row };
  }).sort((a, b) => a.first - b.first);
  return layout;
}

/**
 * The index of a seat number.
 * @param {Layout} layout @param {number} number
 * @returns {number} -1 where there is none.
 */
export function indexOf(layout, number) {
  const { ranges } = layout;
  let low = 0, high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (ranges[middle].first <= number) low = middle;
    else high = middle - 1;
  }
  const range = ranges[low];
  return range && number >= range.first && number <= range.last ? layout.rows[range.row].first + number - range.first : -1;
}

function readRow(layout, source, section, index, first) {
  const { count } = source, at = slots(count, source.gaps), { x, y, number, joined } = layout;
  const { put, near } = geometry(source, at), line = layout.rows.length;
  const { start = 1, step = 1 } = source.numbers || {};
  const say = (i) => source.labels?.[i] ?? String(start + i * step);
  const row = { section: index, label: source.label, first, count, grade: source.grade ?? section.grade ?? null, say, near };
  for (let i = 0; i < count; i++) {
    const seat = first + i;
    put(i, x, y, seat);
    number[seat] = source.first + i;
    layout.row[seat] = line;
    if (i === 0) continue;
    const beside = source.positions
      ? Math.hypot(x[seat] - x[seat - 1], y[seat] - y[seat - 1]) < layout.seat * 1.8 : !at || at[i] - at[i - 1] === 1;
    joined[seat] = beside ? 1 : 0;
  }
  for (const [flag, ranges] of Object.entries(source.flags || {})) {
    for (const [from, to] of ranges) {
      for (let i = from; i <= to && i <= count; i++) layout.flags[first + i - 1] |= FLAGS[flag] || 0;
    }
  }
  layout.rows.push(row);
  return row;
}

/** Most seats of a section that is computed. */
const BLOCK = 600;

/**
 * A grid for a date without a layout: a section a grade, in blocks where there are many seats.
 * @param {{zone: string, price: number, seats: number[][]}[]} zones Of the compact map.
 * @returns {Layout}
 */
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
    const [from, to] = [rows[0].first, rows[rows.length - 1].first + rows[rows.length - 1].count - 1];
    const wide = Math.max(...rows.map(({ count }) => count)) * pitch, edge = pitch * 0.75;
    const [x0, y0, x1, y1] = [left - edge, top - edge, left + wide - pitch + edge, top + (rows.length - 1) * pitch + edge];
    const outline = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    sections.push({ name: zone.zone, numbers: total > BLOCK ? `${from}–${to}` : '', rows, outline, grade: zone.zone });
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

/**
 * What a seat is called.
 * @param {Layout} layout @param {number} seat
 */
export function labelOf(layout, seat) {
  const row = layout.rows[layout.row[seat]];
  return { section: layout.sections[row.section].name, row: row.label, seat: row.say(seat - row.first) };
}

/**
 * The seat at a point, by arithmetic: sections whose box has it, then the nearest place of each row.
 * @param {Layout} layout @param {number} x @param {number} y
 * @param {number} reach How far from a seat's middle still counts.
 * @param {(seat: number) => boolean} [accept] Which seats are looked for.
 * @returns {number} Its index, or -1.
 */
export function seatAt(layout, x, y, reach, accept = () => true) {
  let best = -1, least = reach * reach;
  for (const { box, rows } of layout.sections) {
    if (x < box.x0 - reach || x > box.x1 + reach || y < box.y0 - reach || y > box.y1 + reach) continue;
    for (const row of rows) {
      const i = row.first + row.near(x, y), d = (layout.x[i] - x) ** 2 + (layout.y[i] - y) ** 2;
      if (d <= least && accept(i)) [best, least] = [i, d];
    }
  }
  return best;
}

/**
 * The seat that a point belongs to: the nearest, as far as half of the way to the next row.
 * @param {Layout} layout @param {number} x @param {number} y
 * @param {number} least How far it reaches at least.
 * @param {(seat: number) => boolean} accept
 * @returns {number} Its index, or -1.
 */
export function seatNear(layout, x, y, least, accept) {
  const most = Math.max(least, layout.seat * 1.2), seat = seatAt(layout, x, y, most, accept);
  if (seat < 0) return seat;
  const at = layout.row[seat], far = (to) => Math.hypot(layout.x[to] - layout.x[seat], layout.y[to] - layout.y[seat]);
  let next = Infinity;
  layout.sections[layout.rows[at].section].rows.forEach((row) => {
    if (row.first !== layout.rows[at].first) next = Math.min(next, far(row.first + row.near(layout.x[seat], layout.y[seat])));
  });
  const reach = Math.max(least, Math.min(most, next / 2));
  return Math.hypot(layout.x[seat] - x, layout.y[seat] - y) <= reach ? seat : -1;
}

/**
 * The section at a point, by its outline.
 * @param {Layout} layout @param {number} x @param {number} y
 * @returns {number} Its index, or -1.
 */
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
