import type { FastifyInstance } from 'fastify';
import { parseJson } from '../json.ts';
import { accept, Refusal } from './problems.ts';

export const BODY_MAX_BYTES = 128 * 1_024;
/** The members of the largest group, and a bit. */
export const MEMBERS_BODY_MAX_BYTES = 512 * 1_024;
export const CREDENTIALS_BODY_MAX_BYTES = 16 * 1_024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** JSON is the only thing that is read. No body at all is tolerated; the route's schema says whether it may be missing. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      done(null, accept(parseJson(decode(body as Buffer))));
    } catch (error) {
      done(error as Error);
    }
  });
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refusal({ code: 'bad-request', detail: 'the body is not UTF-8' });
  }
}
