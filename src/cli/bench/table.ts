/**
 * Tables of text, and how figures are written in them.
 */

/** Columns as wide as their widest cell; numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const isNumber = (cell: string) => /^[\d.,%-]+$/.test(cell);
  return rows
    .map((row, index) => {
      const cells = row.map((cell, column) => {
        const toRight = isNumber(index === 0 ? (rows[1]?.[column] ?? '') : cell);
        return toRight ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
      });
      return cells.join('  ').trimEnd();
    })
    .join('\n');
}

export function whole(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : Math.round(value).toLocaleString('en');
}

export function decimals(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? '-' : value.toFixed(digits);
}

export function percent(value: number | null | undefined): string {
  return value === null || value === undefined ? '-' : `${Math.round(value)}%`;
}
