/**
 * The AVL ids of a model family, arranged for lookup: an array a group width, indexed by id, so that an element costs one load. An id
 * that no row names gets an unnamed row on first sight. Also the way back, from a name to its row.
 */
import { type IoFamily, type IoRow, type IoWidth, ioFamilies, unnamedRow } from './spec.js';

/** Above the highest id of the tables; higher ids are looked up in a map. */
const arrayLength = 12_288;

/** The rows of one group. */
export class IoGroup {
  readonly width: IoWidth;
  /** Bits that a value of this width leaves of 32. */
  readonly shift: number;
  readonly rows: (IoRow | undefined)[] = new Array<IoRow | undefined>(arrayLength).fill(undefined);
  readonly #high = new Map<number, IoRow>();

  constructor(width: IoWidth) {
    this.width = width;
    this.shift = Math.max(0, 32 - 8 * width);
  }

  /** The row of an id that `rows` does not hold yet. */
  unnamed(id: number): IoRow {
    const known = this.#high.get(id);
    if (known !== undefined) return known;
    const row = unnamedRow(id, this.width);
    if (id < arrayLength) this.rows[id] = row;
    else this.#high.set(id, row);
    return row;
  }

  rowOf(id: number): IoRow {
    return this.rows[id] ?? this.unnamed(id);
  }
}

export class IoTable {
  readonly family: IoFamily;
  readonly one = new IoGroup(1);
  readonly two = new IoGroup(2);
  readonly four = new IoGroup(4);
  readonly eight = new IoGroup(8);
  readonly variable = new IoGroup(0);
  readonly #byName = new Map<string, IoRow>();

  constructor(family: IoFamily) {
    this.family = family;
    for (const row of family.rows) this.group(row.width).rows[row.id] ??= row;
    for (const row of family.rows) {
      if (row.onlyThisWidth || row.width === 0) continue;
      for (const group of [this.one, this.two, this.four, this.eight]) group.rows[row.id] ??= row;
    }
    for (const row of family.rows) if (!this.#byName.has(row.name)) this.#byName.set(row.name, row);
  }

  group(width: IoWidth): IoGroup {
    if (width === 1) return this.one;
    if (width === 2) return this.two;
    if (width === 4) return this.four;
    return width === 8 ? this.eight : this.variable;
  }

  /** The first row that carries `name`. */
  rowNamed(name: string): IoRow | undefined {
    return this.#byName.get(name);
  }
}

const tables = ioFamilies.map((family) => new IoTable(family));
const fallback = tables[tables.length - 1] as IoTable;
const byModel = new Map<string, IoTable>();

/** The table of a catalogue model; the common one when the model is not known. */
export function tableOf(model: string | undefined): IoTable {
  if (model === undefined) return fallback;
  const known = byModel.get(model);
  if (known !== undefined) return known;
  const table = tables.find((each) => each.family.models.test(model)) ?? fallback;
  // Models come from the catalogue; the bound is for contexts made by hand.
  if (byModel.size < 1024) byModel.set(model, table);
  return table;
}
