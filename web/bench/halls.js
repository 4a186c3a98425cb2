// @ts-check
// Halls to look at and to measure: some 2,300 seats in curves, a stadium of 50,000, 50 in one row; and a
// compact map for them, with seats that are taken at random by a fixed seed.

/** A hall as the layout contract writes it, with how many seats it has. */
function hallOf(name, width, height, seat, stage, build) {
  const sections = [];
  let next = 1;
  const row = (into, label, count, grade, place, more = {}) => {
    into.push({ label: String(label), first: next, count, grade, numbers: { start: 1, step: 1 }, ...place, ...more });
    next += count;
  };
  build((named, rows) => sections.push({ name: named, rows }), row);
  const [x, y, w, h] = stage;
  const areas = [{ kind: 'stage', text: 'STAGE', x, y, width: w, height: h, rotation: 0 }];
  return { layout: 1, name, width, height, seat, areas, sections, total: next - 1 };
}

/** Rows on arcs about a centre, from one angle to another; 0 is left of the stage, 90 in front of it. */
function wedge(row, center, grade, [from, to], first, rows, { depth = 92, pitch = 54, label = 1, flags = (_r, _n) => ({}) } = {}) {
  const out = [];
  for (let r = 0; r < rows; r++) {
    const radius = first + r * depth, degrees = pitch / radius * 180 / Math.PI;
    const count = Math.floor((to - from) / degrees), slack = (to - from - (count - 1) * degrees) / 2;
    const a = (from + slack) * Math.PI / 180;
    const at = [Math.round(center[0] - radius * Math.cos(a)), Math.round(center[1] + radius * Math.sin(a))];
    row(out, label + r, count, grade, { at, arc: { center, degrees: -degrees } }, { flags: flags(r, count) });
  }
  return out;
}

/** Some 2,300 seats on two floors. */
export const hall = () => hallOf('Hangang Hall', 6000, 4300, 46, [2100, 80, 1800, 420], (section, row) => {
  const center = [3000, 250];
  const wheels = (r) => (r === 0 ? { accessible: [[1, 2]], companion: [[3, 3]] } : {});
  const side = (_r, n) => ({ restricted_view: [[n - 1, n]] });
  section('A', wedge(row, center, 'R', [30, 63], 850, 13, { flags: wheels }));
  section('B', wedge(row, center, 'VIP', [65, 115], 850, 13));
  section('C', wedge(row, center, 'R', [117, 150], 850, 13, { flags: wheels }));
  section('D', wedge(row, center, 'A', [26, 58], 2250, 16, { label: 14, flags: side }));
  section('E', wedge(row, center, 'S', [60, 89], 2250, 16, { label: 14 }));
  section('F', wedge(row, center, 'S', [91, 120], 2250, 16, { label: 14 }));
  section('G', wedge(row, center, 'A', [122, 154], 2250, 16, { label: 14, flags: side }));
});

/** A stadium of some 50,000 seats in 126 sections. */
export const stadium = () => hallOf('Stadium', 22000, 18400, 40, [6800, 5600, 8400, 900], (section, row) => {
  const center = [11000, 9200];
  for (let i = 0; i < 18; i++) {
    const rows = [], [x, y] = [6900 + i % 6 * 1400, 7000 + Math.floor(i / 6) * 1700];
    for (let r = 0; r < 20; r++) row(rows, r + 1, 25, 'VIP', { at: [x, y + r * 72], step: [50, 0] });
    section(`F${i + 1}`, rows);
  }
  const rings = [['R', 32, 5300, 21], ['S', 36, 6900, 18], ['A', 40, 8200, 14]];
  rings.forEach(([grade, sections, first, rows], ring) => {
    for (let i = 0; i < Number(sections); i++) {
      const turn = 360 / Number(sections);
      section(`${ring + 1}${String(i + 1).padStart(2, '0')}`,
        wedge(row, center, grade, [turn * i + 0.8, turn * (i + 1) - 0.8], Number(first), Number(rows), { depth: 66, pitch: 48 }));
    }
  });
});

/** 50 seats in one row. */
export const single = () => hallOf('One row', 2950, 900, 50, [975, 60, 1000, 250], (section, row) => {
  const rows = [];
  row(rows, 1, 50, 'R', { at: [120, 650], step: [55, 0] });
  section('A', rows);
});

/** Prices for the grades above. */
export const PRICES = { VIP: 198000, R: 165000, S: 132000, A: 99000 };

/** A compact map of a hall, of which about so much is free. */
export function answerOf(hallDocument, free = 0.6) {
  const zones = new Map();
  let seed = 7, run = 0, state = 0, available = 0;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (const { rows } of hallDocument.sections) {
    for (const { grade, first, count } of rows) {
      const seats = zones.get(grade) || [], last = seats[seats.length - 1];
      if (last?.[1] === first - 1) last[1] += count;
      else seats.push([first, first + count - 1]);
      zones.set(grade, seats);
    }
  }
  const bytes = new Uint8Array(Math.ceil(hallDocument.total / 4));
  for (let i = 0; i < hallDocument.total; i++) {
    if (run-- <= 0) {
      const at = random();
      run = Math.floor(random() * 6);
      state = at < free ? 0 : at < free + 0.08 ? 1 : at < 0.985 ? 2 : 3;
    }
    bytes[i >> 2] |= state << (6 - 2 * (i & 3));
    if (state === 0) available += 1;
  }
  return {
    complete: true, version: 'bench-1', available_seats: available, currency: 'KRW', currency_decimals: 0,
    zones: [...zones].map(([zone, seats]) => ({ zone, price: PRICES[zone], seats })),
    states: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
  };
}
