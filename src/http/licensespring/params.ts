/**
 * Parameters of the licence API: their schemas, and reading them in the order of its errors: first what is missing, then what is not as
 * documented. Bodies are JSON; in a query every value is a text.
 */
import { type Static, type TObject, type TProperties, type TSchema, Type } from '@sinclair/typebox';
import { Value, ValueErrorType } from '@sinclair/typebox/value';
import type { LicenseWanted } from '../../store/licensing/find.js';
import type { VariableValue } from '../../store/licensing/rows.js';
import { LicenseError } from './errors.js';

const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });
const ignored = Type.Optional(Type.String({ description: 'Taken and ignored' }));

export const hardwareId = text(128, 'Unique id of the hardware; that of a unit where it is one');
export const productCode = text(64, 'Short code of the product');
const licenseKey = Type.Optional(text(128, 'For key-based products'));
const username = Type.Optional(text(255, 'For user-based products: e-mail address of the licence user'));
const narrowing = 'Only the licence of this id is meant';
const idNumber = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: narrowing });
const idText = Type.Unsafe<string | number>(Type.String({ pattern: '^[1-9]\\d{0,15}$', description: narrowing }));

/** Parameters by which calls name a licence and its device. */
const naming = { hardware_id: hardwareId, product: productCode, license_key: licenseKey, username } as const;
const tolerated = { bundle_code: ignored, sdk_ver: ignored } as const;

/** Of a body. */
export const bodyNaming = { ...naming, license_id: Type.Optional(idNumber), ...tolerated } as const;
/** Of a query. */
export const queryNaming = { ...naming, license_id: Type.Optional(idText), ...tolerated } as const;

/** Only what is declared may be there. */
export function closed<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** What is not declared is ignored. */
export function open<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: true });
}

/** The licence that parameters name. */
export function wantedOf(params: Static<TObject<typeof bodyNaming>> | Static<TObject<typeof queryNaming>>) {
  const wanted: LicenseWanted = {
    product: params.product,
    hardwareId: params.hardware_id,
    licenseKey: params.license_key,
    username: params.username,
    licenseId: params.license_id === undefined ? undefined : Number(params.license_id),
  };
  return wanted;
}

/** Single sign-on. */
export const signOnNames = ['id_token', 'code', 'customer_account_code'] as const;

/** What a schema does not say of parameters. */
export interface ParamRules {
  /** Known to the vendor and not served here. */
  readonly unserved?: readonly string[];
}

/**
 * The parameters as declared. Which of the credentials is needed is a matter of the product. Throws `invalid_json` where there are none to
 * read, `missing_parameters` and `validation_error`.
 */
export function readParams<S extends TObject>(schema: S, given: unknown, { unserved = [] }: ParamRules): Static<S> {
  if (given === undefined) throw new LicenseError('invalid_json');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new LicenseError('validation_error', 'The body must be an object');
  }
  const has = (name: string) => Object.hasOwn(given, name);
  const missing = (schema.required ?? []).filter((name) => !has(name));
  if (missing.length > 0) throw new LicenseError('missing_parameters', `Missing: ${missing.join(', ')}`);
  const refused = unserved.find(has);
  if (refused !== undefined) throw new LicenseError('validation_error', `${refused}: is not served here`);
  const error = Value.Errors(schema, given).First();
  if (error !== undefined) throw new LicenseError('validation_error', faultOf(error));
  const id = (given as { readonly license_id?: unknown }).license_id;
  if (id !== undefined && !Number.isSafeInteger(Number(id))) {
    throw new LicenseError('validation_error', 'license_id: is too large');
  }
  return given as Static<S>;
}

function faultOf(error: { readonly type: ValueErrorType; readonly path: string; readonly message: string }): string {
  const name = error.path.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  const isUnknown = error.type === ValueErrorType.ObjectAdditionalProperties;
  return `${excerpt(name)}: ${isUnknown ? 'is not known' : error.message.toLowerCase()}`;
}

const limits = { count: 100, nameLength: 255, valueLength: 2048 } as const;

/** How variables are documented. They are read by `readVariables`, which knows names that no schema can hold. */
export const variablesSchema = Type.Unsafe<Record<string, VariableValue>>({
  type: 'object',
  maxProperties: limits.count,
  propertyNames: { minLength: 1, maxLength: limits.nameLength },
  additionalProperties: {
    anyOf: [{ type: 'string', maxLength: limits.valueLength }, { type: 'number' }, { type: 'boolean' }],
  },
  description: 'Name to value: a string, a number or a boolean',
});

/** What stands for them where parameters are read. */
export const anyVariables = Type.Unsafe<Record<string, VariableValue>>(Type.Unknown());

/** The same parameters with the variables as they are documented. */
export function withVariables(schema: TObject): TObject {
  const { variables, ...others } = schema.properties as Record<string, TSchema>;
  const documented = variables !== undefined && isOptional(schema) ? Type.Optional(variablesSchema) : variablesSchema;
  return Type.Object(
    { ...others, variables: documented },
    { additionalProperties: schema.additionalProperties ?? true },
  );
}

function isOptional(schema: TObject): boolean {
  return schema.required?.includes('variables') !== true;
}

/** Variables in their order. Throws `validation_error`. */
export function readVariables(given: unknown): ReadonlyMap<string, VariableValue> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) invalid('variables: must be an object');
  const entries = Object.entries(given);
  if (entries.length > limits.count) invalid(`variables: at most ${limits.count} at once`);
  for (const [name, value] of entries) {
    const fault = nameFault(name) ?? valueFault(value);
    if (fault !== undefined) invalid(`variables.${excerpt(name)}: ${fault}`);
  }
  return new Map(entries);
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'a name must not be empty';
  return name.length > limits.nameLength ? `a name has at most ${limits.nameLength} characters` : undefined;
}

function valueFault(value: unknown): string | undefined {
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'must be a finite number';
  if (typeof value !== 'string') return 'must be a string, a number or a boolean';
  return value.length > limits.valueLength ? `a text has at most ${limits.valueLength} characters` : undefined;
}

function invalid(message: string): never {
  throw new LicenseError('validation_error', message);
}

/** What a client sent is told back to it, but not all of it. */
function excerpt(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}...` : name;
}
