/**
 * The licence API against a model of it: whatever is activated, deactivated, set, blacklisted, switched off and passed on, in whatever
 * order, answers and what units show are what a plain reading of the rules gives.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { corruptSource } from '../../../src/store/removal.js';
import { LicenseApi } from './kit.js';

const hardware = ['h1', 'h2', 'h3'] as const;
const keys = ['K1', 'K2'] as const;
const names = ['a', 'b'] as const;
const maxActivations = 2;

type Hardware = (typeof hardware)[number];
type Key = (typeof keys)[number];

interface ModelDevice {
  active: boolean;
  readonly variables: Map<string, { readonly value: number; readonly at: number; readonly order: number }>;
}

interface ModelLicense {
  enabled: boolean;
  active: boolean;
  timesActivated: number;
  transferCount: number;
  readonly devices: Map<Hardware, ModelDevice>;
}

class Model {
  readonly licenses = new Map<Key, ModelLicense>(
    keys.map((key) => [
      key,
      { enabled: true, active: false, timesActivated: 0, transferCount: 0, devices: new Map<Hardware, ModelDevice>() },
    ]),
  );
  readonly blacklist = new Set<Hardware>();
  readonly endedAt = new Map<Hardware, number>();
  #writes = 0;

  license(key: Key): ModelLicense {
    return this.licenses.get(key)!;
  }

  refusal(key: Key, on: Hardware): string | undefined {
    const license = this.license(key);
    if (!license.active) return 'license_not_active';
    if (!license.enabled) return 'license_not_enabled';
    if (this.blacklist.has(on)) return 'blacklisted';
    return license.devices.get(on)?.active === true ? undefined : 'device_not_found';
  }

  activate(key: Key, on: Hardware): string | undefined {
    const license = this.license(key);
    if (!license.enabled) return 'license_not_enabled';
    if (this.blacklist.has(on)) return 'blacklisted';
    const known = license.devices.get(on);
    if (known === undefined && license.timesActivated >= maxActivations) return 'license_activated_max_times';
    if (known === undefined) license.timesActivated++;
    license.active = true;
    license.devices.set(on, { active: true, variables: known?.variables ?? new Map() });
    return undefined;
  }

  deactivate(key: Key, on: Hardware): string | undefined {
    const refusal = this.refusal(key, on);
    if (refusal !== undefined) return refusal;
    this.license(key).devices.get(on)!.active = false;
    this.license(key).transferCount++;
    return undefined;
  }

  track(key: Key, on: Hardware, values: Readonly<Record<string, number>>, at: number): string | undefined {
    const refusal = this.refusal(key, on);
    if (refusal !== undefined) return refusal;
    for (const [name, value] of Object.entries(values)) {
      this.license(key)
        .devices.get(on)!
        .variables.set(name, { value, at, order: this.#writes++ });
    }
    return undefined;
  }

  shown(on: Hardware): Record<string, { value: string }> {
    const newest = new Map<string, { value: number; at: number; order: number }>();
    for (const { devices } of this.licenses.values()) {
      const device = devices.get(on);
      for (const [name, variable] of device?.active === true ? device.variables : []) {
        const isNewer = variable.at > (newest.get(name)?.at ?? 0);
        if (variable.at > (this.endedAt.get(on) ?? 0) && isNewer) newest.set(name, variable);
      }
    }
    return Object.fromEntries([...newest].map(([name, { value }]) => [`variable.${name}`, { value: String(value) }]));
  }
}

const step = fc.record({
  kind: fc.constantFrom('activate', 'track', 'track', 'deactivate', 'switch', 'blacklist', 'pass on'),
  key: fc.constantFrom(...keys),
  on: fc.constantFrom(...hardware),
  name: fc.constantFrom(...names),
  both: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class Trial {
  readonly model = new Model();
  readonly api: LicenseApi;
  readonly #owners = new Map<Hardware, Awaited<ReturnType<LicenseApi['tracker']>>>();
  #value = 0;

  constructor(api: LicenseApi) {
    this.api = api;
  }

  async start(): Promise<void> {
    const licenses = keys.map((key) => ({ key, max_activations: maxActivations }));
    await this.api.setUp({ products: [{ code: 'GW', licenses }] });
    for (const on of hardware) this.#owners.set(on, await this.api.tracker(on));
  }

  async run({ kind, key, on, name, both }: Step): Promise<void> {
    const { api, model } = this;
    api.clock.advance(1);
    const named = { hardware_id: on, product: 'GW', license_key: key };
    const codeOf = async (call: string, params: object = {}) => {
      const { status, body } = await api.call(call, { ...named, ...params });
      return status === 200 ? undefined : (body as { code: string }).code;
    };
    if (kind === 'activate') expect(await codeOf('activate_license')).toBe(model.activate(key, on));
    if (kind === 'deactivate') expect(await codeOf('deactivate_license')).toBe(model.deactivate(key, on));
    if (kind === 'track') {
      const variables = Object.fromEntries((both ? names : [name]).map((each) => [each, this.#value++]));
      expect(await codeOf('track_device_variables', { variables })).toBe(
        model.track(key, on, variables, api.clock.now()),
      );
    }
    if (kind === 'switch') {
      model.license(key).enabled = !model.license(key).enabled;
      await api.setUp({ products: [{ code: 'GW', licenses: [{ key, enabled: model.license(key).enabled }] }] });
    }
    if (kind === 'blacklist') await this.#blacklist(on);
    if (kind === 'pass on') await this.#passOn(on);
    await this.#compare(key, on);
  }

  async #blacklist(on: Hardware): Promise<void> {
    const { api, model } = this;
    if (model.blacklist.delete(on)) await api.store.change((tx) => tx.remove('licenseBlacklist', `0:${on}`));
    else {
      model.blacklist.add(on);
      await api.setUp({ blacklist: [on] });
    }
  }

  async #passOn(on: Hardware): Promise<void> {
    const { api, model } = this;
    await api.store.change((tx) => corruptSource(tx, tx.registry.sourceByDeviceId(on)!));
    model.endedAt.set(on, api.clock.now());
    this.#owners.set(on, await api.tracker(on));
  }

  async #compare(key: Key, on: Hardware): Promise<void> {
    const { api, model } = this;
    const { tracker, hash } = this.#owners.get(on)!;
    const shown = (await api.additional(tracker.id, hash)) as Record<string, unknown>;
    expect(shown).toMatchObject(model.shown(on));
    expect(Object.keys(shown).sort()).toEqual(Object.keys(model.shown(on)).sort());
    const named = { hardware_id: on, product: 'GW', license_key: key };
    const { status, body } = await api.call('get_device_variables', named);
    const refusal = model.refusal(key, on);
    expect(status === 200 ? undefined : (body as { code: string }).code).toBe(refusal);
    if (refusal !== undefined) return;
    const variables = [...model.license(key).devices.get(on)!.variables].sort(([left], [right]) =>
      left < right ? -1 : 1,
    );
    expect(body).toMatchObject(variables.map(([variable, { value, at }]) => ({ variable, value, created_at: at })));
    const { timesActivated, transferCount } = model.license(key);
    expect((await api.call('check_license', named)).body).toMatchObject({
      times_activated: timesActivated,
      transfer_count: transferCount,
    });
  }
}

test('any sequence of steps', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
      const api = await LicenseApi.create();
      try {
        const trial = new Trial(api);
        await trial.start();
        for (const each of steps) await trial.run(each);
      } finally {
        await api.server.close();
      }
    }),
    { numRuns: 15 },
  );
});
