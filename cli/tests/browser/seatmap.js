// Checks of the seat map's modules; `load` and the halls come from who runs it. Gives what is wrong.
const [{ FLAGS, gridLayout, indexOf, labelOf, readLayout, seatAt, sectionAt }, { FREE, Status }, { better, blockAt, Choice }] =
  await Promise.all(["layout", "status", "pick"].map(load));
const wrong = [];
let checks = 0;
const is = (what, found, wanted) => {
  checks += 1;
  if (JSON.stringify(found) !== JSON.stringify(wanted)) wrong.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
};

// A straight row with an aisle and numbers that go down; a row of single positions.
const document_ = {
  width: 1000, height: 500, seat: 50,
  sections: [{
    name: "X", grade: "R",
    rows: [
      { label: "1", first: 10, count: 10, numbers: { start: 19, step: -2 }, at: [100, 100], step: [55, 0], gaps: [[4, 2]], flags: { accessible: [[1, 2]], restricted_view: [[10, 10]] } },
      { label: "2", first: 20, count: 3, grade: "S", labels: ["a", "b", "c"], positions: [[100, 200], [150, 210], [400, 220]] },
    ],
  }],
};
const layout = readLayout(document_);
is("places", [...layout.x].slice(0, 6), [100, 155, 210, 265, 430, 485]);
is("beside each other", [...layout.joined], [0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0]);
is("a label by step", labelOf(layout, 3), { section: "X", row: "1", seat: "13" });
is("a label by list", labelOf(layout, 11), { section: "X", row: "2", seat: "b" });
is("flags", [layout.flags[0], layout.flags[2], layout.flags[9]], [FLAGS.accessible, 0, FLAGS.restricted_view]);
is("a number", [indexOf(layout, 9), indexOf(layout, 10), indexOf(layout, 22), indexOf(layout, 23)], [-1, 0, 12, -1]);
is("a seat behind the aisle", seatAt(layout, 431, 102, 20), 4);
is("no seat in the aisle", seatAt(layout, 375, 100, 20), -1);
is("no seat far away", seatAt(layout, 100, 140, 20), -1);
is("the section", [sectionAt(layout, 300, 150), sectionAt(layout, 900, 400)], [0, -1]);

// Every seat of a hall is found where it is drawn: arcs of both directions, whole circles, straight rows.
for (const drawn of [hall(), stadium(), single()]) {
  const read = readLayout(drawn);
  let missed = 0;
  for (let seat = 0; seat < read.count; seat += 11) {
    if (seatAt(read, read.x[seat] + 3, read.y[seat] - 4, 24) !== seat) missed += 1;
    if (sectionAt(read, read.x[seat], read.y[seat]) !== read.rows[read.row[seat]].section) missed += 1;
  }
  is(`seats of ${drawn.name} missed`, missed, 0);
}
// A turn clockwise on the screen: from the right of the centre it goes down.
const arc = readLayout({ width: 400, height: 400, sections: [{ name: "", rows: [{ label: "1", first: 1, count: 2, at: [300, 200], arc: { center: [200, 200], degrees: 90 } }] }] });
is("clockwise", [Math.round(arc.x[1]), Math.round(arc.y[1])], [200, 300]);

// States: two bits a seat over all zones, then changes.
const state = (...codes) => btoa(String.fromCharCode(...Array.from({ length: Math.ceil(codes.length / 4) }, (_, i) =>
  [6, 4, 2, 0].reduce((byte, shift, k) => byte | (codes[i * 4 + k] ?? 0) << shift, 0))));
const status = new Status(layout);
const zones = [{ zone: "R", price: 5, seats: [[10, 19]] }, { zone: "S", price: 3, seats: [[20, 22]] }];
status.apply({ complete: true, version: "a", available_seats: 10, zones, states: state(0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0) });
is("states", [...status.state].slice(4, 9), [0, 1, 2, 3, 0]);
is("what can be had", [status.tallies[0].free, status.tallies[0].low, status.tallies[0].high, [...status.tallies[0].mix]], [10, 3, 5, [7, 3]]);
const news = status.apply({ complete: false, version: "b", available_seats: 10, changed: { available: [15], held: [10], sold: [], blocked: [] } });
is("changes", [news.changed.sort((a, b) => a - b), status.state[0], status.state[5], status.version], [[0, 5], 1, 0, "b"]);
is("a seat that the layout lacks", new Status(layout).apply({ complete: true, version: "c", available_seats: 1, zones: [{ zone: "R", price: 1, seats: [[99, 99]] }], states: state(0) }).strangers, 1);
is("counted again", status.tallies[0].free, 10);

// What a click takes: together, with nobody left alone where that can be helped, never across an aisle.
const all = new Status(layout);
all.apply({ complete: true, version: "d", available_seats: 13, zones, states: state(...Array(13).fill(0)) });
is("a block that leaves nobody alone", blockAt(layout, all, 1, 2), { seats: [0, 1], orphans: 0 });
is("not across an aisle, nor from what is kept for wheelchairs", blockAt(layout, all, 3, 6).seats, [2, 3]);
const spaces = readLayout({ width: 400, height: 200, sections: [{ name: "W", rows: [
  { label: "1", first: 1, count: 6, at: [50, 50], step: [50, 0], flags: { accessible: [[1, 2], [5, 5]], companion: [[3, 4], [6, 6]] } },
] }] });
const room = new Status(spaces);
room.apply({ complete: true, version: "w", available_seats: 6, zones: [{ zone: "R", price: 5, seats: [[1, 6]] }], states: state(0, 0, 0, 0, 0, 0) });
is("a wheelchair's space and its companion's", [1, 3, 4, 5].map((seat) => blockAt(spaces, room, seat, 2).seats), [[1, 2], [3, 4], [4, 5], [4, 5]]);
is("a better block", better(layout, all, [1, 2]), [0, 1]);
is("none is better", better(layout, all, [0, 1]), null);
const choice = new Choice(layout, all, 3);
is("a party of three", [choice.click(7), [...choice.seats]], ["taken", [7, 8, 9]]);
is("one is given back", [choice.click(9), [...choice.seats]], ["given", [7, 8]]);
is("and taken elsewhere", [choice.click(11), choice.seats.has(11), choice.sum], ["taken", true, 13]);
is("all move", [choice.click(5), [...choice.seats]], ["moved", [4, 5, 6]]);
all.apply({ complete: false, version: "e", available_seats: 12, changed: { held: [15] } });
is("one is lost", [choice.lose(), [...choice.seats]], [[5], [4, 6]]);
is("what is gone", choice.click(5), "refused");

// A filter: what it leaves out is neither counted nor taken.
const filtered = new Status(layout), pick = new Choice(layout, filtered, 3);
filtered.apply({ complete: true, version: "f", available_seats: 13, zones, states: state(...Array(13).fill(0)) });
filtered.narrow({ grade: null, wheel: true });
is("spaces that are kept", [pick.click(5), pick.click(1), [...pick.seats], filtered.tallies[0].free], ["other", "few", [0, 1], 2]);
filtered.narrow({ grade: 1, wheel: false });
is("a grade", [pick.click(3), filtered.tallies[0].low, filtered.tallies[0].high, [...filtered.tallies[0].mix]], ["other", 3, 3, [0, 3]]);
filtered.narrow({ grade: 1, wheel: true });
is("none is left", [filtered.tallies[0].free, filtered.tallies[0].has, filtered.grades.map(({ free }) => free)], [0, false, [10, 3]]);

// A date without a layout: every seat stands somewhere, in sections that are not too large.
const grid = gridLayout([{ zone: "R", price: 2, seats: [[1, 700], [900, 950]] }, { zone: "VIP", price: 9, seats: [[701, 899]] }]);
is("all seats of a grid", [grid.count, indexOf(grid, 950) >= 0, grid.plain], [950, true, true]);
is("the dearest in front", grid.sections[0].name, "VIP");
is("sections of a grid", grid.sections.every(({ first, end }) => end - first < 640), true);
return { wrong, checks };
