/**
 * What one record of a unit says, in domain units and free of bytes: the only thing protocols hand to the rest of the house.
 * Names are those of `fields.ts`; a value that the unit did not send is absent, never zero.
 */

/** A value of a named field. Lists hold cells, access points and beacons. */
export type FieldValue = number | string | boolean | readonly FieldEntry[];
/** One cell, access point or beacon: a flat object of plain values. */
export type FieldEntry = { readonly [key: string]: number | string | boolean };

/**
 * Where the unit says it is. Degrees WGS 84 (north and east positive), km/h, degrees clockwise from north (0-359), metres.
 * `lat` and `lng` are null when the record carries no usable coordinates. `valid` is the receiver's own word for a fix.
 */
export interface Position {
  readonly lat: number | null;
  readonly lng: number | null;
  readonly valid: boolean;
  readonly speedKmh: number | undefined;
  readonly headingDeg: number | undefined;
  readonly altitudeM: number | undefined;
  readonly satellites: number | undefined;
}

/** One timestamped record. `names[i]` has the value `values[i]`; a name stands at most once. */
export interface StateUpdate {
  /** When the unit sampled it, ms since 1970 UTC; the time of receipt when `timed` is false. */
  readonly at: number;
  /** False when the message carries no time of its own. */
  readonly timed: boolean;
  /** True when the unit says that the record comes from its memory. */
  readonly backlog: boolean;
  readonly position: Position | null;
  readonly names: readonly string[];
  readonly values: readonly FieldValue[];
}

/** Collects the named values of one record. `undefined` adds nothing, so callers need no conditions. */
export class UpdateBuilder {
  readonly names: string[] = [];
  readonly values: FieldValue[] = [];

  /** Adds a value; a later value of the same name replaces the earlier one. */
  set(name: string, value: FieldValue | undefined): this {
    if (value === undefined) return this;
    const at = this.names.indexOf(name);
    if (at < 0) {
      this.names.push(name);
      this.values.push(value);
    } else {
      this.values[at] = value;
    }
    return this;
  }

  build(at: number, options: { timed?: boolean; backlog?: boolean; position?: Position | null } = {}): StateUpdate {
    return {
      at,
      timed: options.timed ?? true,
      backlog: options.backlog ?? false,
      position: options.position ?? null,
      names: this.names,
      values: this.values,
    };
  }
}

/** The value of `name` in `update`, or undefined. */
export function fieldValue(update: StateUpdate, name: string): FieldValue | undefined {
  const at = update.names.indexOf(name);
  return at < 0 ? undefined : update.values[at];
}
