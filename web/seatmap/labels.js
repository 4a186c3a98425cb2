// @ts-check
// What is written on the map: on sections what they are and cost, beside seats the names of their rows and sections.

import { meets, middleOf, sheet, spanAt } from './shapes.js';

/** Pixels a seat must have for rows to be named. */
const ROWS_PX = 11;

/** Lines above each other on one middle, where a section has most room for them; null where they do not fit. */
function fitLines({ outline, box }, lines, k, { dpr, look, layout }) {
  const { x0, y0 } = layout.bounds, most = Math.max(...lines.map(({ wide }) => wide));
  for (const shrink of [1, 0.9, 0.8, 0.72]) {
    const step = 17 * dpr * shrink, tall = lines.length * step, free = (box.y1 - box.y0) * k - tall;
    let found = null;
    for (let part = 0; part <= 8 && free > 0 && most * shrink < (box.x1 - box.x0) * k; part++) {
      const top = (box.y0 - y0) * k + free * part / 8, middle = (i) => top + (i + 0.5) * step;
      let left = -Infinity, right = Infinity;
      for (let i = 0; i < lines.length * 2 && right >= left; i++) {
        const { wide, size } = lines[i >> 1], half = wide * shrink / 2;
        const [from, to] = spanAt(outline, (middle(i >> 1) + (i % 2 - 0.5) * 0.8 * size * dpr * shrink) / k + y0);
        [left, right] = [Math.max(left, (from - x0) * k + half), Math.min(right, (to - x0) * k - half)];
      }
      const worth = Math.round(Math.min(right - left, 24 * dpr) - Math.abs(part - 4) * 4 * dpr);
      if (right >= left && (!found || worth > found.worth)) found = { worth, top, middle, x: (left + right) / 2 };
    }
    if (!found) continue;
    const { top, middle, x } = found, half = most * shrink / 2;
    return {
      box: { x0: x - half, y0: top, x1: x + half, y1: top + tall },
      lines: lines.map(({ text, size, weight, colour }, i) => ({ text, colour, x, y: middle(i), font: `${weight} ${Math.floor(size * shrink * dpr)}px ${look.font}` })),
    };
  }
  return null;
}

/** What a section costs, and how much of it is free. */
function offersOf({ look, words }, { free, has, low, high }) {
  const line = (text, weight) => ({ text, size: 12, weight, colour: look.ink });
  return free ? [line(words.cost(low, high), 500), line(words.free(free), 400)] : has ? [line(words.soldOut, 500)] : [];
}

/**
 * Where sections are written on, in device pixels of the whole: name, price from–to, how many are free, as much as
 * there is room for; large sections first, and none over another.
 */
export function placeLabels(painter, k) {
  const { layout, dpr, look, words, status, wide: wideOf } = painter, { x0, y0 } = layout.bounds, labels = new Map(), names = [], taken = [];
  layout.sections.forEach((section, index) => {
    const [mx, my, area] = section.middle ||= middleOf(section.outline), room = Math.sqrt(area) * k, tally = status.tallies[index];
    const text = words.sectionShort(section.name, section.numbers), weight = 700, colour = tally.free ? look.ink : look.quiet;
    if (room >= 48 * dpr) {
      const lines = [{ text, weight, colour, size: 14 }, ...offersOf(painter, tally)];
      for (const line of lines) line.wide = (wideOf(line) * line.size + 8) * dpr;
      const fit = (...some) => fitLines(section, some, k, painter);
      const full = fit(...lines) || (lines[2] && (fit(...lines.slice(0, 2)) || fit(lines[0], lines[2])));
      if (full) {
        labels.set(index, full);
        taken.push(full.box);
        return;
      }
    }
    const wide = wideOf({ text, weight });
    names.push({ index, text, weight, colour, wide, room, size: Math.min(14 * dpr, room * 0.62, room * 0.9 / wide), x: (mx - x0) * k, y: (my - y0) * k });
  });
  names.sort((a, b) => b.room - a.room);
  // All names as large as none is over another; where that is too small, some are left out.
  for (const part of [1, 0.85, 0.72, 0.6]) {
    const boxes = [...taken], least = 8.5 * dpr;
    let over = false;
    for (const { index, text, weight, colour, wide, size: most, x, y } of names) {
      const size = Math.max(Math.min(most, least), most * part), half = wide * size / 2 + 2 * dpr, { outline } = layout.sections[index];
      labels.delete(index);
      if (most < 7 * dpr) continue;
      // In the middle; the smallest also in front of or behind a neighbour's name.
      const found = (part > 0.6 ? [0] : [0, -1.2, 1.2]).some((aside) => {
        const at = y + aside * size, [left, right] = spanAt(outline, at / k + y0);
        const box = { x0: x - half, y0: at - size * 0.55, x1: x + half, y1: at + size * 0.55 };
        if (left > x / k + x0 || right < x / k + x0 || boxes.some((other) => meets(other, box))) return false;
        boxes.push(box);
        labels.set(index, { box, lines: [{ text, colour, font: `${weight} ${Math.floor(size)}px ${look.font}`, x, y: at }] });
        return true;
      });
      over ||= !found;
    }
    if (!over) break;
  }
  return labels;
}

/** A section's place for its name: behind its last row; and the way there. */
function behind({ areas }, { outline, focus, middle }) {
  const stage = areas.find((area) => area.kind === 'stage');
  const from = stage ? [stage.x + stage.width / 2, stage.y + stage.height / 2] : focus, [mx, my] = middle || middleOf(outline);
  const [dx, dy] = [mx - from[0], my - from[1]], long = Math.hypot(dx, dy) || 1;
  const far = Math.max(...outline.map(([x, y]) => ((x - mx) * dx + (y - my) * dy) / long));
  return [mx + dx / long * far, my + dy / long * far, dx / long, dy / long];
}

/** A name on a little plate: of a section, of a row at the edge of the view, and without the plate at the row's end. */
function plate(text, kind, { look, dpr, ctx: ruler }) {
  const name = kind === 'name';
  const font = `${name ? 700 : 600} ${(name ? 12 : 11) * dpr}px ${look.font}`;
  ruler.font = font;
  const w = Math.ceil(ruler.measureText(text).width) + (name ? 16 : 8) * dpr, h = (name ? 20 : 15) * dpr, canvas = sheet(w + 2, h + 2);
  const ctx = canvas.getContext('2d');
  ctx.globalAlpha = { name: 1, edge: 0.88, end: 0 }[kind];
  ctx.fillStyle = look.surface;
  ctx.beginPath();
  ctx.roundRect(1, 1, w, h, h / 2);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.strokeStyle = look.line;
  ctx.lineWidth = dpr;
  if (name) ctx.stroke();
  ctx.font = font;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillStyle = name ? look.ink : look.quiet;
  ctx.fillText(text, canvas.width / 2, canvas.height / 2 + dpr / 2);
  return canvas;
}

/** Where a row is named: beyond its ends, or at its first seat in sight. */
function nameRow({ label, first, count }, { layout, set }, { x0, y0, x1, y1 }, put) {
  const { x, y, seat: size } = layout, last = first + count - 1;
  if (!label) return;
  const inside = (i) => x[i] > x0 && x[i] < x1 && y[i] > y0 && y[i] < y1;
  const beyond = (i, next, kind) => {
    const [dx, dy] = [x[i] - x[next], y[i] - y[next]], long = Math.hypot(dx, dy) || 1, away = size * 0.5 + 9 / set.s;
    put(kind, x[i] + dx / long * away, y[i] + dy / long * away);
  };
  let i = first;
  while (i <= last && !inside(i)) i++;
  if (i > last) return;
  if (count === 1) put('end', x[i] - size, y[i]);
  else if (i > first) beyond(i, i - 1 + 2 * (i < last), 'edge');
  else beyond(i, i + 1, x[i] - size * 1.2 < x0 ? 'edge' : 'end');
  if (count > 3 && inside(last)) beyond(last, last - 1, x[last] + size * 1.2 > x1 ? 'edge' : 'end');
}

/**
 * Names of rows and sections in sight: at their ends, or at the edge of the view where those are out of sight. `budget`:
 * milliseconds for new plates.
 * @returns {boolean} Whether some are missing.
 */
export function drawNames(painter, { s, x, y }, budget) {
  const { ctx, dpr, layout, width, height, words, tags } = painter, seen = { x0: -x / s, y0: -y / s, x1: (width - x) / s, y1: (height - y) / s };
  let spent = 0, owes = false;
  const tagOf = (text, kind) => {
    const key = kind + text;
    if (!tags.has(key)) {
      if (spent >= budget) return null;
      const since = performance.now();
      tags.set(key, plate(text, kind, painter));
      spent += performance.now() - since;
    }
    return tags.get(key);
  };
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  const titles = [], boxes = [];
  const put = (text, kind, at, to) => {
    let tag = tagOf(text, kind);
    if (!tag) return void (owes = true);
    const [w, h] = [tag.width / dpr / 2 + 2, tag.height / dpr / 2 + 2];
    const [px, py] = [Math.max(w, Math.min(width - w, at)), Math.max(h, Math.min(height - h, to))];
    const box = { x0: px - w, y0: py - h, x1: px + w, y1: py + h };
    // What is moved into the view may be over a seat.
    if (kind === 'end' && (px !== at || py !== to)) tag = tagOf(text, 'edge') || tag;
    if (boxes.some((other) => meets(other, box))) return;
    boxes.push(box);
    ctx.drawImage(tag, Math.round(px * dpr - tag.width / 2), Math.round(py * dpr - tag.height / 2));
  };
  for (const section of layout.sections) {
    const { box, rows, name } = section;
    if (!meets(box, seen)) continue;
    if (name && !layout.plain) titles.push(section);
    if (layout.seat * s >= ROWS_PX) for (const row of rows) nameRow(row, painter, seen, (kind, px, py) => put(row.label, kind, px * s + x, py * s + y));
  }
  boxes.length = 0;
  for (const section of titles) {
    const { box, outline, name } = section, [tx, ty, dx, dy] = section.tag ||= behind(layout, section);
    const text = words.sectionShort(name), edge = 12 / s;
    if (tx > seen.x0 && tx < seen.x1 && ty > seen.y0 && ty < seen.y1) {
      // Beside the seats.
      put(text, 'name', tx * s + x + dx * 22, ty * s + y + dy * 12);
      continue;
    }
    const above = box.y0 > seen.y0 + 2 * edge, at = Math.max(box.y0, seen.y0) + edge, [from, to] = spanAt(outline, at), [left, right] = [Math.max(from, seen.x0), Math.min(to, seen.x1)];
    if ((right - left) * s > (tagOf(text, 'name')?.width ?? 0) / dpr && (Math.min(box.y1, seen.y1) - at) * s > 40) put(text, 'name', (left + right) / 2 * s + x, (above ? box.y0 - edge : at) * s + y);
  }
  return owes;
}
