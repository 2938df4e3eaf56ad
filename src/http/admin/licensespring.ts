/**
 * What the operator keeps for the licence API: keys of clients, products, licences and their users, the blacklist, and the devices that
 * were activated. A POST takes an item in the words of the setup file and makes or changes it.
 */
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Transaction } from '../../store/contract.js';
import { deleteDevice, deleteLicense } from '../../store/licensing/activation.js';
import { blacklistId } from '../../store/licensing/find.js';
import type { LicenseDeviceRow, LicenseRow } from '../../store/licensing/rows.js';
import { byName } from '../../store/licensing/shown-variables.js';
import type { Registry } from '../../store/registry.js';
import type { Tables } from '../../store/rows.js';
import * as setup from '../../store/setup/licensespring-schema.js';
import type { AdminOptions } from './dialect.js';
import { AdminError, notFound } from './errors.js';
import {
  codeOf,
  licensingId,
  licensingIdParams,
  made,
  mountDeletion,
  mountList,
  mountMaking,
  outcomeSchema,
  required,
  licensingRoot as root,
} from './licensespring-route.js';
import {
  answers,
  documented,
  done,
  isoTime,
  nullable,
  page,
  pageOf,
  pageQuery,
  pageQueryWith,
  typed,
} from './route.js';

const text = Type.String();
const int = Type.Integer();
const flag = Type.Boolean();
const texts = Type.Array(text);

/** What each kind of thing looks like in lists. */
export const licensingBodies = {
  apiKey: Type.Object({ key: text, read_only: flag, revoked: flag, products: nullable(texts) }),
  product: Type.Object({
    ...{ id: int, code: text, name: text, authorization_method: text, enabled: flag, archived: flag },
    licenses: Type.Integer({ description: 'How many there are' }),
  }),
  license: Type.Object({
    ...{ id: int, product: text, key: nullable(text), users: texts, type: text, enabled: flag, active: flag },
    ...{ validity_period: nullable(text), max_activations: int, allow_unlimited_activations: flag },
    ...{ times_activated: int, transfer_count: int },
  }),
  user: Type.Object({
    ...{ id: int, email: text, first_name: text, last_name: text, phone: text },
    license_ids: Type.Array(int),
  }),
  device: Type.Object({
    ...{ id: int, license_id: int, product: text, hardware_id: text, active: flag, blacklisted: flag },
    activated_at: nullable(text),
    facts: Type.Record(Type.String(), Type.Union([text, flag]), { description: 'What the client told of itself' }),
    variables: Type.Integer({ description: 'How many there are' }),
    source_id: nullable(Type.Integer({ description: 'The unit of this hardware id' })),
  }),
  variable: Type.Object({
    ...{ name: text, value: Type.Union([text, Type.Number(), flag]) },
    created_at: nullable(text),
  }),
  blacklistEntry: Type.Object({ hardware_id: text, product: nullable(text) }),
} as const;
type Shown = { [K in keyof typeof licensingBodies]: Static<(typeof licensingBodies)[K]> };

export function mountLicensing(scope: FastifyInstance, options: AdminOptions): void {
  mountApiKeys(scope, options);
  mountProducts(scope, options);
  mountLicenses(scope, options);
  mountUsers(scope, options);
  mountDevices(scope, options);
  mountBlacklist(scope, options);
}

function mountApiKeys(scope: FastifyInstance, options: AdminOptions): void {
  const { registry } = options.store;
  const show = (row: Tables['licenseApiKey']): Shown['apiKey'] => ({
    ...{ key: row.id, read_only: row.readOnly, revoked: row.revoked },
    products: row.productIds?.map((id) => codeOf(registry, id)) ?? null,
  });
  mountList(scope, options, { path: 'api-keys', table: 'licenseApiKey', item: licensingBodies.apiKey, show });
  mountMaking(scope, options, {
    path: 'api-keys',
    summary: 'Makes or changes a key of a client of the licence API',
    item: setup.licenseApiKeySchema,
    section: 'licensespring_api_keys',
    part: (item) => ({ api_keys: [item] }),
  });
  const params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });
  mountDeletion(scope, options, { path: 'api-keys', params, noun: 'API key', remove: removeApiKey });
}

function removeApiKey(tx: Transaction, { id }: { readonly id: string }): void {
  if (tx.registry.get('licenseApiKey', id) === undefined) throw notFound('API key');
  tx.remove('licenseApiKey', id);
}

function mountProducts(scope: FastifyInstance, options: AdminOptions): void {
  const { registry } = options.store;
  const show = (row: Tables['licenseProduct']): Shown['product'] => ({
    ...{ id: row.id, code: row.code, name: row.name, authorization_method: row.method },
    ...{ enabled: row.enabled, archived: row.archived },
    licenses: registry.licensing.licensesOfProduct(row.id).length,
  });
  mountList(scope, options, { path: 'products', table: 'licenseProduct', item: licensingBodies.product, show });
  mountMaking(scope, options, {
    path: 'products',
    summary: 'Makes or changes a product',
    item: setup.licenseProductSchema,
    section: 'licensespring_products',
    part: (item) => ({ products: [item] }),
  });
  mountDeletion(scope, options, {
    path: 'products',
    params: licensingIdParams,
    noun: 'product',
    remove: removeProduct,
  });
  mountProductLicenses(scope, options);
}

function removeProduct(tx: Transaction, params: { readonly id: string }): void {
  const product = required(tx.registry, 'licenseProduct', params.id, 'product');
  if (tx.registry.licensing.licensesOfProduct(product.id).length > 0) {
    throw new AdminError('conflict', 'the product has licences');
  }
  if (tx.registry.licensing.apiKeysOfProduct(product.id).length > 0) {
    throw new AdminError('conflict', 'an API key is for this product');
  }
  for (const { id, productId } of [...tx.registry.all('licenseBlacklist')]) {
    if (productId === product.id) tx.remove('licenseBlacklist', id);
  }
  tx.remove('licenseProduct', product.id);
}

function mountProductLicenses(scope: FastifyInstance, options: AdminOptions): void {
  const schema = documented('Makes or changes a licence of a product', {
    params: licensingIdParams,
    body: setup.licenseSchema,
    response: answers(outcomeSchema),
  });
  typed(scope).post(`${root}/products/:id/licenses`, { schema }, async ({ params, body }) => {
    const { code } = required(options.store.registry, 'licenseProduct', params.id, 'product');
    return made(options, 'licensespring_licenses', { products: [{ code, licenses: [body] }] });
  });
}

function mountLicenses(scope: FastifyInstance, options: AdminOptions): void {
  const { registry } = options.store;
  const show = (row: LicenseRow): Shown['license'] => ({
    ...{ id: row.id, product: codeOf(registry, row.productId), key: row.key ?? null, type: row.type },
    users: (row.userIds ?? []).map((id) => registry.get('licenseUser', id)?.email ?? ''),
    ...{ enabled: row.enabled, active: row.active, validity_period: isoTime(row.validUntil) },
    ...{ max_activations: row.maxActivations, allow_unlimited_activations: row.unlimited },
    ...{ times_activated: row.timesActivated, transfer_count: row.transferCount },
  });
  mountList(scope, options, { path: 'licenses', table: 'license', item: licensingBodies.license, show });
  mountDeletion(scope, options, {
    path: 'licenses',
    params: licensingIdParams,
    noun: 'licence with its devices and their variables',
    remove: (tx, { id }) => deleteLicense(tx, required(tx.registry, 'license', id, 'licence')),
  });
}

function mountUsers(scope: FastifyInstance, options: AdminOptions): void {
  const { registry } = options.store;
  const show = (row: Tables['licenseUser']): Shown['user'] => ({
    ...{ id: row.id, email: row.email, first_name: row.firstName, last_name: row.lastName, phone: row.phone },
    license_ids: registry.licensing.licensesOfUser(row.id).map(({ id }) => id),
  });
  mountList(scope, options, { path: 'users', table: 'licenseUser', item: licensingBodies.user, show });
  mountDeletion(scope, options, {
    ...{ path: 'users', params: licensingIdParams, noun: 'licence user, who is taken from all licences' },
    remove: (tx, { id }) => {
      const user = required(tx.registry, 'licenseUser', id, 'licence user');
      for (const license of [...tx.registry.licensing.licensesOfUser(user.id)]) {
        tx.put('license', { ...license, userIds: license.userIds?.filter((each) => each !== user.id) ?? [] });
      }
      tx.remove('licenseUser', user.id);
    },
  });
}

function mountDevices(scope: FastifyInstance, options: AdminOptions): void {
  const app = typed(scope);
  const { registry } = options.store;
  const listing = documented('Devices of the licence API', {
    querystring: pageQueryWith({ hardware_id: Type.Optional(text), license_id: Type.Optional(licensingId) }),
    response: answers(pageOf(licensingBodies.device)),
  });
  app.get(`${root}/devices`, { schema: listing }, ({ query }) => {
    const rows = devicesOf(registry, query);
    return page(rows, query, (row) => deviceBody(registry, row));
  });

  const reading = documented('Variables of a device', {
    ...{ params: licensingIdParams, querystring: pageQuery },
    response: answers(pageOf(licensingBodies.variable)),
  });
  app.get(`${root}/devices/:id/variables`, { schema: reading }, ({ params, query }) => {
    const { id } = required(registry, 'licenseDevice', params.id, 'device');
    const rows = [...registry.licensing.variablesOfDevice(id)].sort(byName);
    return page(rows, query, ({ name, value, createdAt }) => ({ name, value, created_at: isoTime(createdAt) }));
  });

  for (const [action, blacklisted] of [['blacklist', true] as const, ['unblacklist', false] as const]) {
    const summary = blacklisted ? 'Serves a device no more' : 'Serves a device again';
    const schema = documented(summary, { params: licensingIdParams, response: answers(licensingBodies.device) });
    app.post(`${root}/devices/:id/${action}`, { schema }, async ({ params }) => {
      await options.store.change((tx) => {
        const device = required(tx.registry, 'licenseDevice', params.id, 'device');
        if (device.blacklisted !== blacklisted) tx.put('licenseDevice', { ...device, blacklisted });
      });
      return deviceBody(registry, required(registry, 'licenseDevice', params.id, 'device'));
    });
  }
  mountDeletion(scope, options, {
    path: 'devices',
    params: licensingIdParams,
    noun: 'device with its variables',
    remove: (tx, { id }) => deleteDevice(tx, required(tx.registry, 'licenseDevice', id, 'device')),
  });
}

interface DeviceQuery {
  readonly hardware_id?: string;
  readonly license_id?: string;
}

function devicesOf(registry: Registry, { hardware_id: hardwareId, license_id: licenseId }: DeviceQuery) {
  const rows =
    hardwareId === undefined ? registry.all('licenseDevice') : registry.licensing.devicesOfHardware(hardwareId);
  const found = [...rows].filter((row) => licenseId === undefined || row.licenseId === Number(licenseId));
  return found.sort((left, right) => left.id - right.id);
}

function deviceBody(registry: Registry, row: LicenseDeviceRow): Shown['device'] {
  const license = registry.get('license', row.licenseId);
  return {
    ...{ id: row.id, license_id: row.licenseId, product: codeOf(registry, license?.productId ?? 0) },
    ...{ hardware_id: row.hardwareId, active: row.active, blacklisted: row.blacklisted },
    ...{ activated_at: isoTime(row.activatedAt), facts: { ...row.facts } },
    variables: registry.licensing.variablesOfDevice(row.id).length,
    source_id: registry.sourceByDeviceId(row.hardwareId)?.id ?? null,
  };
}

function mountBlacklist(scope: FastifyInstance, options: AdminOptions): void {
  const { registry } = options.store;
  const show = ({ hardwareId, productId }: Tables['licenseBlacklist']): Shown['blacklistEntry'] => ({
    hardware_id: hardwareId,
    product: productId === undefined ? null : codeOf(registry, productId),
  });
  mountList(scope, options, {
    path: 'blacklist',
    table: 'licenseBlacklist',
    item: licensingBodies.blacklistEntry,
    show,
  });
  mountMaking(scope, options, {
    path: 'blacklist',
    summary: 'Serves hardware no more, for one product or for all',
    item: setup.blacklistEntrySchema,
    section: 'licensespring_blacklist',
    part: (item) => ({ blacklist: [item] }),
  });
  const schema = documented('Takes hardware from the blacklist', {
    querystring: Type.Object({ hardware_id: text, product: Type.Optional(text) }, { additionalProperties: false }),
    response: answers(done),
  });
  typed(scope).delete(`${root}/blacklist`, { schema }, async ({ query }) => {
    const product = query.product === undefined ? undefined : registry.licensing.productByCode(query.product);
    if (query.product !== undefined && product === undefined) throw notFound('product');
    const id = blacklistId(query.hardware_id, product?.id);
    await options.store.change((tx) => {
      if (tx.registry.get('licenseBlacklist', id) === undefined) throw notFound('entry');
      tx.remove('licenseBlacklist', id);
    });
    return { done: true as const };
  });
}
