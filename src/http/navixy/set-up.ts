/**
 * Asking for the set-up commands of a device again: who may, and when. The commands themselves go by SMS, where a gateway for those is
 * configured; without one nothing is sent and the calls succeed all the same.
 */
import { setUpTexts } from '../../downlink/set-up.js';
import type { SourceRow } from '../../store/rows.js';
import type { CallContext } from './call.js';
import { NavixyError } from './errors.js';
import { type ApnParams, withApn } from './registration.js';
import { connectionStatusOf } from './state-body.js';
import type { TrackerView } from './visibility.js';

/** Whether the device is connected, or was heard from just now with a position or without. */
export function isConnected(view: TrackerView, context: CallContext): boolean {
  if (context.services.live.hasSession(view.source.id)) return true;
  const status = connectionStatusOf(view, context);
  return status === 'active' || status === 'idle';
}

/** Whether the box that the tracker has now ever sent anything. */
export function isActivated(view: TrackerView): boolean {
  return view.state !== undefined && view.state.heardAt > 0;
}

/** Throws codes 219 (clone), 214 (no SIM card in this model), 242 (it is connected already) and 264 (asked for too soon). */
export function requireSetUp(view: TrackerView, context: CallContext): void {
  if (view.tracker.clone) throw new NavixyError(219);
  if (view.model?.has_phone !== true) throw new NavixyError(214);
  // The retry calls have their own words for this code.
  if (isConnected(view, context)) {
    throw new NavixyError(242, { status: { code: 242, description: 'Device already connected' } });
  }
  const timeoutMs = context.services.setUpPauseMs ?? 0;
  const remainderMs = (view.source.setUpAt ?? Number.NEGATIVE_INFINITY) + timeoutMs - context.now;
  if (remainderMs > 0) throw new NavixyError(264, { timeout: duration(timeoutMs), remainder: duration(remainderMs) });
}

/** ISO 8601: `PT2M`, `PT1M31.575S`. */
function duration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  const text = `${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds > 0 ? `${seconds}S` : ''}`;
  return `PT${text === '' ? '0S' : text}`;
}

/**
 * Sends the set-up commands of a source by SMS, where that is wanted and possible. They wait in its queue, so a gateway that is down now
 * gets them later.
 */
export async function sendSetUp(context: CallContext, source: SourceRow, isWanted = true): Promise<void> {
  const { commands, reportTo } = context.services;
  if (!isWanted || source.phone === null || reportTo === undefined || !commands.hasSms) return;
  const { accountId } = context.user;
  const wishes = setUpTexts(source, reportTo).map((text) => {
    return { source, accountId, command: { kind: 'text', text }, via: 'sms', reliable: true } as const;
  });
  if (wishes.length > 0) await commands.submit(wishes);
}

/** Ends what goes on with a box that is no longer registered: its session, and the commands that wait for it. */
export async function dismiss(context: CallContext, source: SourceRow): Promise<void> {
  const { live, commands } = context.services;
  live.disconnect(source.id, 'unknown_unit');
  await commands.cancelAll(source.id);
}

/** The source as it is once its set-up was asked for with these access point settings. */
export function setUpSource(source: SourceRow, params: ApnParams, at: number): SourceRow {
  const apn = withApn(source.apn, params);
  return { ...source, ...(apn === undefined ? {} : { apn }), setUpAt: at };
}
