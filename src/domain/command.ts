/**
 * Commands to a unit, as the product understands them, before a protocol gives them bytes.
 */

/**
 * - `text`: a line in the unit's own command language (`getinfo`, `RELAY,1#`).
 * - `raw`: bytes to be wrapped as the protocol wraps a command payload.
 * - `output`: switch output `output` (1 = first) on or off.
 * - `position`: ask for a position now.
 * - `lock`: seal or unseal an electronic lock; `password` is the lock's own, null for none.
 */
export type Command =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'output'; readonly output: number; readonly enable: boolean }
  | { readonly kind: 'position' }
  | { readonly kind: 'lock'; readonly seal: boolean; readonly password: string | null };

/** What the unit answered. `ok` is false when the unit refused. */
export interface CommandReply {
  readonly text: string;
  readonly ok: boolean;
}
