/**
 * The browsable page of the API at `/docs`, made of the same document as `/openapi.json`. Everything it loads comes from the gateway
 * itself, so it works without a way to the internet, and its content security policy admits nothing else.
 */
import helmet from '@fastify/helmet';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** What somebody has to know before the first call. Markdown. */
export const introduction = `Telematics gateway: the tracker API, and under \`/admin\` the operator's.

Every call of the tracker API answers \`GET\` with its parameters in the query, and \`POST\` with them as a form or as JSON, under \`/\`,
\`/v2\` and \`/api-v2\` alike. In queries and forms, lists and objects are JSON text. \`user/auth\` gives a session hash, \`api/key/create\`
an API key; either goes into the parameter \`hash\` or the header \`Authorization: NVX <hash>\`. The operator's API takes the header only.
Pages of other hosts may make the calls of the tracker API (CORS), and none of the operator's.

Errors are told by \`status.code\`; each call lists its own by HTTP status.`;

/** The page styles its elements in place; the pictures in its style sheets are written out in them. */
const policy = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  'script-src-attr': ["'none'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'base-uri': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'self'"],
};

export async function mountDocsPage(app: FastifyInstance): Promise<void> {
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: policy } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Milepost API' },
    uiConfig: {
      // The other layout has a bar on top that loads documents of other servers.
      layout: 'BaseLayout',
      docExpansion: 'none',
      filter: true,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: -1,
    },
  });
}
