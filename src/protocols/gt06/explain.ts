/**
 * A readable account of a GT06 message: its envelope, then every field of the content with its unit, in wire order.
 */

import type { Content, Gt06Message } from './message.js';
import { zoneMinutes } from './put.js';
import { messageTitles } from './spec.js';

/** Units by the last word of a field's name. */
const units: readonly (readonly [ending: string, unit: string])[] = [
  ['Kmh', 'km/h'],
  ['Km', 'km'],
  ['Deg', '°'],
  ['Percent', '%'],
  ['Min', 'min'],
  ['M', 'm'],
  ['V', 'V'],
  ['C', '°C'],
  ['S', 's'],
];

/** Units of fields whose names do not end in one. */
const otherUnits: Readonly<Record<string, string>> = { engineHours: 'h', driveTime: 'min' };

export function explain(message: Gt06Message): string[] {
  const { form, protocol, serial, layout } = message;
  const number = `0x${protocol.toString(16).toUpperCase().padStart(2, '0')}`;
  const title = messageTitles.get(protocol) ?? 'unknown';
  const envelope = form === 'bare' ? 'without serial number and checksum' : `serial number ${serial}, checksum good`;
  const lines = [`${number} ${title} (${message.type}), ${form} form, layout ${layout}, ${envelope}`];
  describe(message.content, '', lines);
  return lines;
}

function describe(content: Content, indent: string, lines: string[]): void {
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined) continue;
    if (name === 'elements') describeElements(value as NonNullable<Content['elements']>, indent, lines);
    else if (name === 'zone')
      lines.push(`${indent}zone: UTC ${zoneMinutes(value as NonNullable<Content['zone']>) ?? '?'} min`);
    else lines.push(`${indent}${wordsOf(name)}: ${textOf(name, value)}`);
  }
}

function describeElements(elements: NonNullable<Content['elements']>, indent: string, lines: string[]): void {
  for (const { id, content, raw } of elements) {
    const label = `${indent}element 0x${id.toString(16).toUpperCase().padStart(4, '0')}`;
    if (content === undefined) lines.push(`${label}: ${raw}`);
    else {
      lines.push(`${label}:`);
      describe(content, `${indent}  `, lines);
    }
  }
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (/clock$/i.test(name) && typeof value === 'number') return `${new Date(value).toISOString()} (unit's clock)`;
  if (name === 'epochS' && typeof value === 'number') return new Date(value * 1000).toISOString();
  if (Array.isArray(value)) return value.map((each) => textOf(name, each)).join('; ') || 'none';
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value).filter(([, part]) => part !== undefined);
    return parts.map(([part, each]) => `${wordsOf(part)} ${textOf(part, each)}`).join(', ');
  }
  const unit = unitOf(name);
  if (typeof value === 'number') return unit === undefined ? String(value) : `${value} ${unit}`;
  return printable(String(value));
}

function unitOf(name: string): string | undefined {
  return otherUnits[name] ?? units.find(([ending]) => name.endsWith(ending))?.[1];
}

/** `boardVoltageV` as `board voltage`. */
function wordsOf(name: string): string {
  const ending = units.find(([each]) => name.endsWith(each))?.[0] ?? '';
  const words = name.slice(0, name.length - ending.length).replace(/^is(?=[A-Z])/, '');
  return words.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
}

/** Text on one line: control characters as escapes. */
function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
