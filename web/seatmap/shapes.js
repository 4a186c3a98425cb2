// @ts-check
// What the map is drawn with: colours, sheets, shapes, plates, and where something fits into a shape.

import { FLAGS } from './layout.js';
import { BLOCKED, FREE, HELD, SOLD } from './status.js';

const TOKENS = ['surface', 'section', 'line', 'ink', 'quiet', 'on-area', 'taken', 'own', 'on-own', 'alert', 'on-grade'];

/** Colours of grades that there are; further grades begin again. */
export const GRADE_COLOURS = 6;

/** Reads the tokens (`--map-…`) of an element, as colours that a canvas knows. */
export function palette(host) {
  const numbered = (kind) => Array.from({ length: GRADE_COLOURS }, (_, i) => `${kind}-${i + 1}`);
  const names = [...TOKENS, ...numbered('grade'), ...numbered('tint')], probe = document.createElement('div');
  probe.className = 'map-probe';
  for (const name of names) probe.appendChild(document.createElement('i')).style.color = `var(--map-${name})`;
  host.append(probe);
  const found = new Map(names.map((name, i) => [name, getComputedStyle(probe.children[i]).color]));
  probe.remove();
  const list = (kind) => numbered(kind).map((name) => found.get(name));
  return { ...Object.fromEntries(found), grades: list('grade'), tints: list('tint'), font: getComputedStyle(host).fontFamily };
}

/** An element of a class, with what is in it. */
export function make(tag, className = '', ...parts) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...parts);
  return element;
}

/** A canvas that is not in the page. */
export function sheet(width, height) {
  const canvas = make('canvas');
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return canvas;
}

/** The middle of an area, and how large it is. */
export function middleOf(outline) {
  let area = 0, mx = 0, my = 0, [ax, ay] = outline[outline.length - 1];
  for (const [bx, by] of outline) {
    const part = ax * by - bx * ay;
    area += part;
    mx += (ax + bx) * part;
    my += (ay + by) * part;
    [ax, ay] = [bx, by];
  }
  return area ? [mx / area / 3, my / area / 3, Math.abs(area / 2)] : [ax, ay, 0];
}

/** How far an outline reaches to the left and right at a height. */
export function spanAt(outline, y) {
  let least = Infinity, most = -Infinity, [ax, ay] = outline[outline.length - 1];
  for (const [bx, by] of outline) {
    if ((ay > y) !== (by > y)) {
      const x = (y - ay) / (by - ay) * (bx - ax) + ax;
      if (x < least) least = x;
      if (x > most) most = x;
    }
    [ax, ay] = [bx, by];
  }
  return [least, most];
}

/** The sign of a wheelchair space. */
function wheel(ctx, m, r, colour) {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = Math.max(1, r / 5);
  ctx.lineCap = 'round';
  ctx.beginPath();
  ctx.arc(m - r * 0.12, m - r * 0.55, r * 0.14, 0, 7);
  ctx.fill();
  ctx.beginPath();
  ctx.moveTo(m - r * 0.12, m - r * 0.3);
  ctx.lineTo(m - r * 0.12, m + r * 0.12);
  ctx.lineTo(m + r * 0.3, m + r * 0.12);
  ctx.lineTo(m + r * 0.48, m + r * 0.5);
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(m - r * 0.1, m + r * 0.22, r * 0.4, 0.9, 4.2);
  ctx.stroke();
}

/** The sign of the seat of who comes along: head and shoulders. */
function person(ctx, m, r, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(m, m - r * 0.32, r * 0.26, 0, 7);
  ctx.fill();
  ctx.beginPath();
  ctx.arc(m, m + r * 0.58, r * 0.5, Math.PI, 0);
  ctx.fill();
}

/** A seat from which not all of the stage is seen: a corner is missing. */
function corner(ctx, m, r) {
  ctx.globalAlpha = 1;
  ctx.globalCompositeOperation = 'destination-out';
  ctx.beginPath();
  ctx.moveTo(m + r + 1, m - r - 1);
  ctx.lineTo(m + r + 1, m - r * 0.1);
  ctx.lineTo(m + r * 0.1, m - r - 1);
  ctx.fill();
}

/** The colours of a section: a band for each grade that is free there, as wide as its share, from the first row to the last. */
export function bands(ctx, { rows }, { mix, rises }, colours) {
  const sum = (list) => list.reduce((a, b) => a + b, 0), all = sum(mix), parts = [...mix].map((free) => free && Math.max(free / all, 0.12)), whole = sum(parts);
  if (parts.filter(Boolean).length < 2) return colours[parts.findIndex(Boolean) % GRADE_COLOURS];
  const first = rows[0], last = rows[rows.length - 1], one = first === last;
  const ends = [first.spot(one ? 0 : first.count >> 1), last.spot(one ? last.count - 1 : last.count >> 1)];
  if (rises) ends.reverse();
  const drawn = ctx.createLinearGradient(...ends.flat());
  let at = 0;
  parts.forEach((part, grade) => {
    for (const more of part ? [0, part / whole] : []) drawn.addColorStop(at = Math.min(1, at + more), colours[grade % GRADE_COLOURS]);
  });
  return drawn;
}

/** Whether two boxes meet. */
export const meets = (a, b) => a.x0 < b.x1 && a.x1 > b.x0 && a.y0 < b.y1 && a.y1 > b.y0;

/** An outline as a path. */
export function pathOf(outline) {
  const path = new Path2D();
  for (const [x, y] of outline) path.lineTo(x, y);
  path.closePath();
  return path;
}

/** The picture of seats that look alike, `d` device pixels large. */
export function seatPicture(style, d, look) {
  const canvas = sheet(Math.round(d) + 2, Math.round(d) + 2), ctx = canvas.getContext('2d');
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
    if (flags & FLAGS.accessible) wheel(ctx, m, r, look['on-grade']);
    else if (flags & FLAGS.companion) person(ctx, m, r, look['on-grade']);
    if (flags & FLAGS.restricted_view) corner(ctx, m, r);
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
