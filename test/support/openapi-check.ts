/**
 * Holds answers against the OpenAPI document: the status has to be documented for path and method, and the body has to be what the
 * document says, without members it does not know. Everything that asks the API in tests goes through here.
 */
import type {} from '@fastify/swagger';
import { Type } from '@sinclair/typebox';
import { type FastifyInstance, fastify, type LightMyRequestResponse } from 'fastify';
import { type Call, PreparedAnswer } from '../../src/http/navixy/call.js';
import { canonicalUrl, pathOf } from '../../src/http/navixy/paths.js';
import { StreamedAnswer } from '../../src/http/navixy/streamed-answer.js';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly responses: Record<string, DocumentedAnswer>;
}

interface DocumentedAnswer {
  readonly $ref?: string;
  readonly content?: Record<string, { readonly schema: object }>;
}

export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, object>;
    readonly responses: Record<string, DocumentedAnswer>;
  };
}

export interface CheckedAnswer {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Validator = ((data: unknown) => boolean) & { readonly errors?: unknown };

/** Fastify's own validator, told to change nothing. */
async function makeCompiler(): Promise<(schema: object) => Validator> {
  const customOptions = { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false } as const;
  const app = fastify({ ajv: { customOptions } });
  let compile: ((schema: object) => Validator) | undefined;
  app.get('/', (request) => {
    compile = (schema) => request.compileValidationSchema(schema as never) as never;
    return {};
  });
  await app.inject('/');
  await app.close();
  if (compile === undefined) throw new Error('no compiler');
  return compile;
}

let compiler: ReturnType<typeof makeCompiler> | undefined;
const validators = new Map<string, Validator>();

/** Faults of a value by a schema of the document in which objects hold nothing but what is listed; undefined when there are none. */
export async function faultsOf(schema: object, value: unknown): Promise<unknown> {
  compiler ??= makeCompiler();
  const compile = await compiler;
  const key = JSON.stringify(schema);
  const validate = validators.get(key) ?? compile(closed(schema) as object);
  validators.set(key, validate);
  return validate(value) ? undefined : validate.errors;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}

/** Paths that may be missing in the document: the document itself and its page. */
const foreign = /^\/(?:openapi\.json$|docs(?:\/|$))/;
/** Everything under it is the licence API's, if the server has that API: a path of it tells. Otherwise tests put there what they like. */
const licensePrefix = /^\/api\/v4(?:\/|$)/;
const licensePath = '/api/v4/check_license';
/** Other ways to write a documented path. */
const otherPaths: Readonly<Record<string, string>> = { '/v2': '/v2/', '/v3': '/v3/', '/device-http/v2': '/v2/' };
/** Everything under these is HERE's, if the server has that API: a path of it tells. */
const herePrefix = /^\/(?:registry|users|shadows|traces|v3)(?:\/|$)/;
const herePath = '/registry/v2/{trackingId}';

export class DocumentCheck {
  readonly #document: OpenApiDocument;
  readonly #templates: readonly { readonly pattern: RegExp; readonly path: string }[];

  constructor(document: OpenApiDocument) {
    this.#document = document;
    this.#templates = Object.keys(document.paths)
      .filter((path) => path.includes('{'))
      .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }));
  }

  /** Throws when the answer is not what the document says. */
  async hold(answer: CheckedAnswer): Promise<void> {
    const path = pathOf(canonicalUrl(answer.url));
    const operation = this.#operationOf(path, answer.method);
    const name = `${answer.method} ${path} ${answer.status}`;
    if (operation === undefined) return this.#holdUnknown(name, path, answer);
    const { responses } = operation;
    const documented = responses[answer.status] ?? responses[`${String(answer.status)[0]}XX`];
    const content = documented === undefined ? undefined : this.#resolved(documented).content;
    if (content === undefined && this.#isForeign(path)) return;
    if (documented !== undefined && content === undefined && answer.body === '') return;
    if (content === undefined) throw new Error(`${name} is not documented: ${answer.body.slice(0, 300)}`);
    await this.#holdBody(name, content, answer);
  }

  /** A path without parameters comes before those that would match too. */
  #operationOf(written: string, method: string): Operation | undefined {
    const { paths } = this.#document;
    const path = otherPaths[written] ?? written;
    const templates = this.#templates.filter(({ pattern }) => pattern.test(path)).map((each) => each.path);
    const known = Object.hasOwn(paths, path) ? [path, ...templates] : templates;
    return known.map((each) => paths[each]?.[method.toLowerCase()]).find((operation) => operation !== undefined);
  }

  /** What is not in the document is refused in the words of the dialect whose path it is. */
  async #holdUnknown(name: string, path: string, answer: CheckedAnswer): Promise<void> {
    if (this.#isForeign(path)) return;
    if (answer.status < 400) throw new Error(`${name} is not documented`);
    if (answer.method === 'HEAD' && answer.body === '') return;
    const schema = this.#errorOf(path);
    if (schema === undefined) throw new Error('the document has no errors');
    const faults = await faultsOf(schema, JSON.parse(answer.body));
    if (faults !== undefined) throw new Error(`${name}: ${JSON.stringify(faults)}`);
  }

  #isForeign(path: string): boolean {
    return foreign.test(path) || (licensePrefix.test(path) && this.#licenseError === undefined);
  }

  get #licenseError(): object | undefined {
    return this.#document.paths[licensePath]?.get?.responses['4XX']?.content?.['application/json']?.schema;
  }

  #errorOf(path: string): object | undefined {
    if (licensePrefix.test(path)) return this.#licenseError;
    if (path === '/admin' || path.startsWith('/admin/')) return this.#adminError();
    const here = herePrefix.test(path) ? this.#document.paths[herePath]?.get?.responses[404]?.content : undefined;
    return here?.['application/json']?.schema ?? this.#document.components.schemas.Error;
  }

  #adminError(): object | undefined {
    const [path] = Object.entries(this.#document.paths).find(([each]) => each.startsWith('/admin/')) ?? [];
    const [operation] = path === undefined ? [] : Object.values(this.#document.paths[path] ?? {});
    // A server without that API refuses its paths as any other.
    return (
      operation?.responses['4XX']?.content?.['application/json']?.schema ?? this.#document.components.schemas.Error
    );
  }

  #resolved(answer: DocumentedAnswer): DocumentedAnswer {
    const name = answer.$ref?.replace('#/components/responses/', '');
    return name === undefined ? answer : (this.#document.components.responses[name] ?? {});
  }

  async #holdBody(
    name: string,
    content: Record<string, { readonly schema: object }>,
    answer: CheckedAnswer,
  ): Promise<void> {
    const type = answer.contentType.split(';', 1)[0] ?? '';
    const { schema } = content[type] ?? {};
    if (schema === undefined) throw new Error(`${name}: an answer of type "${type}" is not documented`);
    if (type !== 'application/json') return;
    const faults = await faultsOf(schema, JSON.parse(answer.body));
    if (faults !== undefined) throw new Error(`${name}: ${JSON.stringify(faults)} in ${answer.body.slice(0, 2000)}`);
  }
}

/** Answers of handlers that would lose something on their way out: serialisers drop what is not declared and cut numbers to size. */
const lossyAnswers: string[] = [];

/** From now on what the handlers of all calls return is held against their declarations, before it is serialised. */
export function holdHandlers(calls: readonly Call[]): void {
  for (const call of calls) {
    const { handler } = call;
    const held = async (context: never, params: never): Promise<unknown> => {
      const answer = await handler(context, params);
      if (answer instanceof PreparedAnswer || answer instanceof StreamedAnswer) return answer;
      const body = JSON.parse(JSON.stringify(answer)) as unknown;
      const faults = await faultsOf(Type.Object(call.response), body);
      if (faults !== undefined) lossyAnswers.push(`${call.name} gives ${JSON.stringify(faults)}`);
      return answer;
    };
    Object.assign(call, { handler: held });
  }
}

/** Checks by the routes of a server: the document is the same for the same routes, and takes longer to make than most tests. */
const checks = new Map<string, DocumentCheck>();

function checkOf(app: FastifyInstance): DocumentCheck {
  const key = app.printRoutes({ commonPrefix: false });
  const known = checks.get(key);
  if (known !== undefined) return known;
  const made = new DocumentCheck(app.swagger() as never);
  checks.set(key, made);
  return made;
}

/** From now on every answer that is injected into the server is held against its own document. */
export function holdToDocument(app: FastifyInstance): void {
  let check: DocumentCheck | undefined;
  const inject = app.inject.bind(app) as unknown as (options: unknown) => Promise<LightMyRequestResponse>;
  const checked = async (options: string | Json): Promise<LightMyRequestResponse> => {
    const response = await inject(options);
    check ??= checkOf(app);
    await check.hold({ ...requestOf(options), ...answerOf(response) });
    const lossy = lossyAnswers.splice(0);
    if (lossy.length > 0) throw new Error(lossy.join('\n'));
    return response;
  };
  Object.assign(app, { inject: checked });
}

function requestOf(options: string | Json): Pick<CheckedAnswer, 'method' | 'url'> {
  if (typeof options === 'string') return { method: 'GET', url: options };
  return { method: String(options.method ?? 'GET'), url: String(options.url) };
}

function answerOf(response: LightMyRequestResponse): Pick<CheckedAnswer, 'status' | 'contentType' | 'body'> {
  const contentType = String(response.headers['content-type'] ?? '');
  return { status: response.statusCode, contentType, body: response.body };
}
