import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import * as z from 'zod';
import { NAMED_ANSWERS } from '../answers.ts';
import type { HttpOptions } from './options.ts';
import { DOCS_POLICY } from './security-headers.ts';

const TAGS = [
  { name: 'users', description: 'Registering and finding users.' },
  { name: 'sessions', description: 'Signing in and out.' },
  { name: 'me', description: 'My own profile.' },
  { name: 'chats', description: 'Direct chats and groups, now or as they stood.' },
  { name: 'members', description: 'Who is in a chat, now or as it stood.' },
  { name: 'messages', description: 'Messages and reactions, now or as they stood.' },
  { name: 'past', description: 'What happened in a chat, and what changed between two points.' },
  { name: 'receipts', description: 'How far everybody has read.' },
  { name: 'events', description: 'The events of all chats, for analysts.' },
  { name: 'ops', description: 'The views and their rebuilds, for operators.' },
  { name: 'server', description: 'Health.' },
];

/** What a schema says of itself goes into the document; its id does not, as only `NAMED_ANSWERS` are components. */
const override = ({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) => {
  const { id: _id, ...meta } = z.globalRegistry.get(zodSchema) ?? {};
  Object.assign(jsonSchema, meta);
  if (zodSchema._zod.def.type === 'undefined') jsonSchema.type = 'null';
};
const config = { schemaRegistry: NAMED_ANSWERS, zodToJsonConfig: { override } };

/** `/openapi.json`, made from the routes themselves, and a page to read it at `/docs`; `/asyncapi.json` for the socket. */
export async function serveDocuments(app: FastifyInstance, { version, asyncapi }: HttpOptions): Promise<void> {
  const named = createJsonSchemaTransformObject(config);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: {
        title: 'Hindsight',
        version,
        description: 'Any chat, exactly as it stood at any moment, through the same API as now.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: TAGS,
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: createJsonSchemaTransform(config),
    transformObject: (document) => withoutUnused(named(document) as Document) as never,
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  if (asyncapi) app.get('/asyncapi.json', { schema: { hide: true } }, async () => asyncapi());
  await app.register(async (docs) => {
    docs.addHook('onSend', async (_request, reply) => void reply.header('content-security-policy', DOCS_POLICY));
    await docs.register(swaggerUi, { routePrefix: '/docs', uiConfig: { persistAuthorization: false } });
  });
}

interface Document {
  components: { schemas: Record<string, unknown> };
}

/** Each named schema is written twice, for requests and for answers; what nothing refers to is left out again. */
function withoutUnused(document: Document): Document {
  const schemas = document.components.schemas;
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    if (unused.length === 0) return document;
    for (const name of unused) delete schemas[name];
  }
}
