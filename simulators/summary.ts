/** The final report of a simulation as a small table for people. */
import type { SimulationReport } from './stats.js';

type Line = readonly [label: string, text: string];

/** Lines of the table, labels aligned, without a newline at the end. */
export function formatReport(report: SimulationReport): string {
  const lines: Line[] = [
    ['protocols', report.protocols.join(', ')],
    ['devices', `${count(report.devices)}, ${count(report.connected)} connected`],
    ['records', recordsText(report)],
    ['frames', `${count(report.framesSent)} sent, ${count(report.resent)} records sent again`],
    ['bytes', `${count(report.bytesSent)} sent, ${count(report.bytesReceived)} received`],
    ['ack latency', latencyText(report)],
    ['connections', `${count(report.reconnects)} reconnects, ${count(report.loginsRefused)} logins refused`],
    ['commands', `${count(report.commandsAnswered)} answered`],
    ['errors', errorsText(report)],
    ['elapsed', `${report.elapsedS.toFixed(1)} s, ${rate(report)} records/s acknowledged`],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n');
}

/** True when every record was acknowledged. */
export function isComplete(report: SimulationReport): boolean {
  return report.recordsAcknowledged === report.recordsMade;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function recordsText(report: SimulationReport): string {
  const parts = [`${count(report.recordsMade)} made`, `${count(report.recordsAcknowledged)} acknowledged`];
  if (report.recordsPending > 0) parts.push(`${count(report.recordsPending)} NOT ACKNOWLEDGED`);
  if (report.recordsLost > 0) parts.push(`${count(report.recordsLost)} LOST`);
  return parts.join(', ');
}

function latencyText(report: SimulationReport): string {
  const latency = report.ackLatencyMs;
  if (latency === null) return 'none';
  return `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms, max ${latency.max.toFixed(1)} ms`;
}

function errorsText(report: SimulationReport): string {
  const kinds = Object.entries(report.errors).map(([kind, times]) => `${kind} ${count(times)}`);
  return kinds.length === 0 ? 'none' : kinds.join(', ');
}

function rate(report: SimulationReport): string {
  return report.elapsedS === 0 ? '0' : (report.recordsAcknowledged / report.elapsedS).toFixed(1);
}
