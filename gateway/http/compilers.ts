import type { FastifySchemaCompiler } from 'fastify';
import type { FastifySerializerCompiler } from 'fastify/types/schema.js';
import * as z from 'zod';
import { Refusal } from './problems.ts';

/**
 * Between zod and Fastify. fastify-type-provider-zod brings such functions too, but interprets each schema on each
 * request; these are compiled once per schema, and answer with our problems.
 */
const compiled = new WeakMap<z.ZodType, z.ZodType>();
function compile(schema: z.ZodType): z.ZodType {
  let ready = compiled.get(schema);
  if (ready === undefined) {
    ready = z.compile(schema);
    compiled.set(schema, ready);
  }
  return ready;
}

const PARTS: Readonly<Record<string, string>> = { querystring: 'query' };
const ISSUES_SHOWN = 20;

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const ready = compile(schema);
  return (data: unknown) => {
    const result = ready.safeParse(data ?? undefined);
    if (result.success) return { value: result.data };
    const part = PARTS[httpPart ?? ''] ?? httpPart ?? 'request';
    const errors = result.error.issues.slice(0, ISSUES_SHOWN).flatMap(fieldsAtFault);
    const first = errors[0];
    const detail = `${part}: ${first ? `${first.path || part} ${first.message}` : 'not as described'}`;
    return { error: new Refusal({ code: 'bad-request', detail, errors }) };
  };
};

function fieldsAtFault(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not known here' }));
}

/** What a handler answered does not fit its own description: our fault, and nothing of it may leave. */
class WrongAnswer extends Error {
  readonly code = 'wrong-answer';
  constructor(where: string, why: string) {
    super(`the answer of ${where} does not fit its schema: ${why}`);
    this.name = 'WrongAnswer';
  }
}

export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema, method, url }) => {
  const ready = compile(schema);
  return (data: unknown) => {
    const result = ready.safeParse(data);
    if (!result.success) throw new WrongAnswer(`${method} ${url}`, z.prettifyError(result.error));
    return JSON.stringify(result.data);
  };
};
