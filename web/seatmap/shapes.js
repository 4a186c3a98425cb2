// @ts-check
// What the map is drawn with: colours, sheets, shapes, and where the middle of a shape is.

const TOKENS = ['surface', 'section', 'line', 'ink', 'quiet', 'taken', 'own', 'on-own', 'alert', 'on-grade'];

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

/** A canvas that is not in the page. */
export function sheet(width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.ceil(width));
  canvas.height = Math.max(1, Math.ceil(height));
  return canvas;
}

/** The middle of an area. */
export function middleOf(outline) {
  let area = 0, mx = 0, my = 0;
  outline.forEach(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length], part = ax * by - bx * ay;
    area += part;
    mx += (ax + bx) * part;
    my += (ay + by) * part;
  });
  return area ? [mx / area / 3, my / area / 3] : outline[0];
}

/** How large an area is. */
export const areaOf = (outline) => Math.abs(outline.reduce((sum, [ax, ay], i) => {
  const [bx, by] = outline[(i + 1) % outline.length];
  return sum + (ax * by - bx * ay) / 2;
}, 0));

/** How far an outline reaches to the left and right at a height. */
export function spanAt(outline, y) {
  const xs = [];
  outline.forEach(([ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length];
    if ((ay > y) !== (by > y)) xs.push((bx - ax) * (y - ay) / (by - ay) + ax);
  });
  return [Math.min(...xs), Math.max(...xs)];
}

/** The sign of a wheelchair space; hollow for the seat of who comes along. */
export function wheel(ctx, m, r, colour, hollow) {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.lineWidth = Math.max(1, r / 5);
  ctx.lineCap = 'round';
  ctx.beginPath();
  ctx.arc(m - r * 0.12, m - r * 0.55, r * 0.14, 0, 7);
  if (hollow) ctx.stroke();
  else ctx.fill();
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

/** A seat from which not all of the stage is seen: a corner is missing. */
export function corner(ctx, m, r, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(m + r + 1, m - r - 1);
  ctx.lineTo(m + r + 1, m - r * 0.1);
  ctx.lineTo(m + r * 0.1, m - r - 1);
  ctx.fill();
}
