// @ts-check
// The seats as a list: section, row, seat. It is always there, for keyboards, screen readers, and for
// whoever prefers it. Rows are built when their section is opened; each row is one stop of the Tab
// key, and arrows go along it.

import { labelOf } from './layout.js';
import { make } from './shapes.js';
import { FREE } from './status.js';

/** The list in an element. */
export class SeatList {
  /**
   * @param {HTMLElement} host
   * @param {object} options
   * @param {import('./layout.js').Layout} options.layout
   * @param {import('./status.js').Status} options.status
   * @param {any} options.words As of `wordsFor` in app/sale/wording.js.
   * @param {(seat: number) => void} options.onSeat
   * @param {SeatList} [like] One of which choice and open sections are taken over.
   */
  constructor(host, { layout, status, words, onSeat }, like) {
    Object.assign(this, { host, layout, status, words, onSeat });
    /** @type {Set<number>} */
    this.chosen = new Set();
    /** Buttons and marks of seats that are built. @type {Map<number, HTMLElement>} */
    this.built = new Map();
    this.sections = layout.sections.map((section, index) => this.#section(section, index));
    host.classList.add('seats');
    host.replaceChildren(...this.sections.map(({ details }) => details));
    // A list that is made again takes the place of the one before.
    host.onclick = (event) => this.#clicked(event);
    host.onkeydown = (event) => this.#key(event);
    this.mark(like?.chosen ?? []);
    this.narrowed();
    this.sections.forEach(({ details }, i) => (details.open = this.sections.length === 1 || like?.sections[i].details.open));
  }

  #section(section, index) {
    const offer = make('span', 'seats-offer'), rows = make('div');
    const text = make('span', 'seats-text', make('span', 'seats-title', this.words.section(section)), ' ', offer);
    const details = make('details', '', make('summary', '', text), rows);
    const entry = { details, offer, rows, index, ready: false, lines: [] };
    details.addEventListener('toggle', () => details.open && this.#open(entry));
    this.#offer(entry);
    return entry;
  }

  #offer({ offer, index, details }) {
    const tally = this.status.tallies[index];
    const text = tally.free ? this.words.offer(tally) : this.words.soldOut;
    if (offer.textContent !== text) offer.textContent = text;
    details.classList.toggle('none', !tally.free);
  }

  /** Builds a section's rows; pieces of a row with one label are one row. */
  #open(entry) {
    if (entry.ready) return;
    entry.ready = true;
    const lines = new Map();
    for (const row of this.layout.sections[entry.index].rows) {
      const key = row.label || `${row.first}`;
      if (!lines.has(key)) lines.set(key, { label: row.label, seats: [] });
      for (let i = 0; i < row.count; i++) lines.get(key).seats.push(row.first + i);
    }
    for (const line of lines.values()) {
      line.seats.sort((a, b) => this.layout.x[a] - this.layout.x[b]);
      entry.lines.push(this.#line(entry, line));
    }
  }

  #line(entry, { label, seats }) {
    const title = make('span', 'seats-row-name', label ? this.words.row(label) : ''), keys = make('span', 'seats-keys'), group = make('div', 'seats-row', title, keys);
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', label ? this.words.row(label) : this.words.seatsFrom(labelOf(this.layout, seats[0]).seat));
    title.setAttribute('aria-hidden', 'true');
    const line = { group, keys, seats };
    // In fives, so that a row that is too long is broken where it is easy to count.
    let five = null;
    seats.forEach((seat, i) => {
      const apart = five && !this.layout.joined[seat] && !this.layout.joined[seats[i - 1]];
      if (apart) five.classList.add('apart');
      if (!five || apart || five.childElementCount === 5) {
        keys.append(five = make('span', 'seats-five'));
      }
      five.append(this.#key_of(seat));
    });
    entry.rows.append(group);
    this.#stop(line);
    this.#rowState(line);
    return line;
  }

  /** A button for what can be chosen, a mark for what cannot. */
  #key_of(seat) {
    const usable = this.status.state[seat] === FREE || this.chosen.has(seat);
    // A mark is as wide as the button would be, so that the row does not shift.
    const { seat: label } = labelOf(this.layout, seat), key = usable ? make('button', '', make('span', 'unseen'), label, ...this.words.flags(seat).map((text) => make('small', '', text)), make('span', 'unseen')) : make('span', 'gone', make('i', '', label));
    if (usable) {
      key.setAttribute('type', 'button');
      key.tabIndex = -1;
      key.dataset.seat = String(seat);
    } else {
      key.setAttribute('aria-hidden', 'true');
    }
    this.built.set(seat, key);
    this.#look(seat);
    return key;
  }

  /** How a built seat looks and is called. */
  #look(seat) {
    const key = this.built.get(seat);
    if (!key || key.tagName !== 'BUTTON') return;
    const chosen = this.chosen.has(seat), free = this.status.state[seat] === FREE;
    const grade = this.status.grade[seat];
    key.className = `seat grade-${grade % 6 + 1}${chosen ? ' chosen' : ''}${free ? '' : ' taken'}${this.status.fits(seat) ? '' : ' dim'}`;
    key.setAttribute('aria-pressed', String(chosen));
    key.setAttribute('aria-disabled', String(!free && !chosen));
    // Its name is its text: what is seen stands in the middle of what is said.
    const name = this.words.name(seat), { seat: label } = labelOf(this.layout, seat), at = Math.max(0, name.lastIndexOf(label));
    key.firstChild.textContent = name.slice(0, at);
    key.lastChild.textContent = name.slice(at + label.length) + this.words.say(seat, chosen ? 'chosen' : free ? 'free' : 'taken').slice(name.length);
  }

  /** One seat of a row takes the Tab key: a chosen one, or the first that can be had. */
  #stop({ keys }) {
    const all = [...keys.querySelectorAll('button')];
    const at = all.find((key) => key === document.activeElement) || all.find((key) => key.tabIndex === 0 && !key.matches('[aria-disabled=true]'));
    const one = at || all.find((key) => key.matches('.chosen')) || all.find((key) => !key.matches('[aria-disabled=true]'));
    for (const key of all) key.tabIndex = key === one ? 0 : -1;
  }

  #rowState({ group, seats }) {
    group.classList.toggle('none', !seats.some((seat) => this.status.offers(seat) || this.chosen.has(seat)));
  }

  #clicked(event) {
    const key = event.target.closest('button[data-seat]');
    if (key) this.onSeat(Number(key.dataset.seat));
  }

  #key(event) {
    const key = event.target.closest?.('button[data-seat]');
    if (!key || event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = [...key.closest('.seats-keys').querySelectorAll('button[data-seat]')], at = keys.indexOf(key);
    const to = {
      ArrowRight: keys[at + 1], ArrowLeft: keys[at - 1], Home: keys[0], End: keys[keys.length - 1],
      ArrowDown: this.#beside(key, 1), ArrowUp: this.#beside(key, -1),
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    const next = to[event.key];
    if (!next) return;
    for (const other of next.closest('.seats-keys').querySelectorAll('button')) other.tabIndex = other === next ? 0 : -1;
    next.focus();
  }

  /** The seat in front or behind: of the next row that has one, the nearest. */
  #beside(key, step) {
    const x = this.layout.x[Number(key.dataset.seat)];
    let group = key.closest('.seats-row');
    for (;;) {
      group = step > 0 ? group.nextElementSibling : group.previousElementSibling;
      if (!group) return null;
      const keys = [...group.querySelectorAll('button[data-seat]')];
      if (!keys.length || group.matches('.none')) continue;
      const far = (one) => Math.abs(this.layout.x[Number(one.dataset.seat)] - x);
      return keys.reduce((a, b) => (far(b) < far(a) ? b : a));
    }
  }

  /** Seats have changed. @param {number[]} seats */
  changed(seats) {
    const touched = new Set();
    for (const seat of seats) {
      touched.add(this.layout.rows[this.layout.row[seat]].section);
      const key = this.built.get(seat);
      if (!key) continue;
      // A button stays one, so that nobody's focus is lost; a mark becomes a button.
      if (key.tagName === 'BUTTON') this.#look(seat);
      else if (this.status.state[seat] === FREE) key.replaceWith(this.#key_of(seat));
    }
    for (const index of touched) {
      const entry = this.sections[index];
      this.#offer(entry);
      for (const line of entry.lines) {
        this.#stop(line);
        this.#rowState(line);
      }
    }
  }

  /** @param {Iterable<number>} chosen */
  mark(chosen) {
    const before = this.chosen;
    this.chosen = new Set(chosen);
    for (const seat of new Set([...before, ...this.chosen])) this.#look(seat);
  }

  /** Another filter: what has no such seats goes. */
  narrowed() {
    for (const seat of this.built.keys()) this.#look(seat);
    for (const entry of this.sections) {
      entry.details.hidden = !this.status.tallies[entry.index].has;
      this.#offer(entry);
      for (const line of entry.lines) this.#rowState(line);
    }
  }
}
