/**
 * The browsable page of the API at `/docs`, made of the same document as `/openapi.json`. Everything it loads comes from the gateway
 * itself, so it works without a way to the internet, and its content security policy admits nothing else.
 */
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

/** The page styles its elements in place; the pictures in its style sheets are written out in them. */
const policy = {
  'default-src': ["'self'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
  'base-uri': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'self'"],
};

export async function mountDocsPage(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    theme: { title: 'Milepost API' },
    uiConfig: {
      docExpansion: 'none',
      filter: true,
      tryItOutEnabled: true,
      persistAuthorization: false,
      // The examples of a thousand schemas would take longer to draw than anybody waits.
      defaultModelsExpandDepth: -1,
    },
  });
}
