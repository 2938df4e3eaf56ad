/**
 * Licences on hardware: `activate_license`, `check_license`, `deactivate_license`, and `product_details`.
 * Source: LicenseSpring License API v4, "License activation and deactivation", "License check", "Product details".
 */
import { type Static, Type } from '@sinclair/typebox';
import { activate, deactivate } from '../../store/licensing/activation.js';
import { type FoundDevice, findDevice, findLicense, type LicenseWanted, userPart } from '../../store/licensing/find.js';
import type { DeviceFacts, LicenseUserRow } from '../../store/licensing/rows.js';
import { defineLicenseCall, granted, type LicenseContext } from './call.js';
import { LicenseError } from './errors.js';
import { licenseBody, licenseSchema, productBody, productSchema, type StateMembers } from './license-body.js';
import {
  anyVariables,
  bodyNaming,
  open,
  productCode,
  queryNaming,
  readVariables,
  signOnNames,
  wantedOf,
  withVariables,
} from './params.js';
import { licenseText } from './signature.js';
import { deviceErrors, keepVariables } from './variables.js';

const fact = Type.Optional(Type.Union([Type.String({ maxLength: 255 }), Type.Null()]));
const factNames = ['vm_info', 'os_ver', 'hostname', 'os_hostname', 'ip', 'ip_local', 'app_ver', 'mac_address'] as const;
const facts = {
  is_vm: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  ...{ vm_info: fact, os_ver: fact, hostname: fact, os_hostname: fact, ip: fact, ip_local: fact, app_ver: fact },
  mac_address: fact,
} as const;

const activateParams = open({
  ...bodyNaming,
  ...facts,
  password: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'For user-based products' })),
  variables: Type.Optional(anyVariables),
});
type ActivateParams = Static<typeof activateParams>;

const activateLicense = defineLicenseCall({
  name: 'activate_license',
  method: 'POST',
  summary: 'Activates a licence on hardware; what is active already stays as it is',
  params: activateParams,
  documented: withVariables(activateParams),
  unserved: signOnNames,
  response: licenseSchema({ active: Type.Literal(true), request: Type.Literal('activation') }),
  errors: [
    ...['unknown_product', 'license_not_found', 'license_not_enabled', 'disabled_product', 'archived_product'],
    ...['api_key_product_not_allowed', 'blacklisted', 'license_activated_max_times', 'too_many_requests'],
  ] as const,
  handler: async (context, params) => {
    const variables = params.variables === undefined ? new Map() : readVariables(params.variables);
    const wanted = wantedOf(params);
    const user = await requireUser(context, wanted, params.password);
    const found = await context.store.change((tx) => {
      const license = granted(findLicense(tx.registry, wanted));
      if (license.user?.password !== user?.password) throw new LicenseError('license_not_found');
      const activation = { hardwareId: wanted.hardwareId, apiKey: context.apiKey, facts: factsOf(params) };
      const done = granted(activate(tx, license, activation));
      keepVariables(tx, done.device, variables);
      return done;
    });
    return signedBody(context, found, wanted, { active: true, request: 'activation' });
  },
});

/**
 * The user whose password was given; undefined where the product wants none. Throws `unknown_product`, `missing_parameters`,
 * `license_not_found` and `too_many_requests`.
 */
async function requireUser(
  { store, logins, remoteAddress }: LicenseContext,
  wanted: LicenseWanted,
  password: string | undefined,
): Promise<LicenseUserRow | undefined> {
  const { licensing } = store.registry;
  const product = licensing.productByCode(wanted.product);
  if (product === undefined) throw new LicenseError('unknown_product');
  if (product.method !== 'user') return undefined;
  if (wanted.username === undefined || password === undefined) {
    throw new LicenseError('missing_parameters', 'Missing: username and password, which the product wants');
  }
  const email = userPart(wanted.username);
  const user = licensing.userByEmail(email);
  const result = await logins.check(`license user ${email}`, remoteAddress, password, user?.password);
  if (result === 'throttled') throw new LicenseError('too_many_requests');
  if (result === 'wrong') throw new LicenseError('license_not_found');
  return user;
}

function factsOf(params: ActivateParams): DeviceFacts {
  const texts = factNames.flatMap((name) => (typeof params[name] === 'string' ? [[name, params[name]] as const] : []));
  const isVm = typeof params.is_vm === 'boolean' ? { is_vm: params.is_vm } : {};
  return { ...Object.fromEntries(texts), ...isVm };
}

/** The body with its signature, over what the request said. */
async function signedBody<S extends StateMembers>(
  { sign, now }: LicenseContext,
  found: FoundDevice,
  wanted: LicenseWanted,
  state: S,
) {
  const holder = (found.user === undefined ? wanted.licenseKey : wanted.username) ?? '';
  const signature = await sign(licenseText(wanted.hardwareId, holder, found.license.validUntil));
  return { ...licenseBody(found, state, now), ...state, license_signature: signature };
}

const checkParams = open(queryNaming);

const checkLicense = defineLicenseCall({
  name: 'check_license',
  method: 'GET',
  summary: 'The licence of an active device',
  params: checkParams,
  response: licenseSchema({
    ...{ license_active: Type.Boolean(), license_enabled: Type.Boolean(), is_borrowed: Type.Literal(false) },
    borrowed_until: Type.Null(),
  }),
  errors: deviceErrors,
  handler: (context, params) => {
    const wanted = wantedOf(params);
    const found = granted(findDevice(context.store.registry, wanted));
    const { active, enabled } = found.license;
    const state = {
      license_active: active,
      license_enabled: enabled,
      is_borrowed: false as const,
      borrowed_until: null,
    };
    return signedBody(context, found, wanted, state) as never;
  },
});

const deactivateParams = open(bodyNaming);

const deactivateLicense = defineLicenseCall({
  name: 'deactivate_license',
  method: 'POST',
  summary: 'Deactivates a device; its variables come back when it is activated again',
  params: deactivateParams,
  unserved: signOnNames,
  response: Type.Literal('license_deactivated'),
  errors: deviceErrors,
  handler: async ({ store }, params) => {
    await store.change((tx) => deactivate(tx, granted(findDevice(tx.registry, wantedOf(params)))));
    return 'license_deactivated' as const;
  },
});

const productDetails = defineLicenseCall({
  name: 'product_details',
  method: 'GET',
  summary: 'A product',
  params: open({ product: productCode }),
  response: productSchema,
  errors: ['unknown_product'],
  handler: ({ store }, params) => {
    const product = store.registry.licensing.productByCode(params.product);
    if (product === undefined) throw new LicenseError('unknown_product');
    return productBody(product) as never;
  },
});

export const licenseCalls = [activateLicense, checkLicense, deactivateLicense, productDetails] as const;
