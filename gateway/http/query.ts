import * as z from 'zod';
import { Position } from '../requests.ts';

const DIGITS = /^\d{1,15}$/;
const toNumber = (value: unknown): unknown => (typeof value === 'string' && DIGITS.test(value) ? Number(value) : value);

/** A schema of a number, as it stands in a query: digits and nothing else. */
export const inQuery = <T extends z.ZodType>(schema: T) => z.preprocess(toNumber, schema);

/** The fields of a query. What nobody knows is refused, so that a misspelt `asOf` is not answered with the present. */
export const query = <T extends z.ZodRawShape>(fields: T) => z.strictObject(fields);

/** The fields of a read: `minPosition` is for every one. */
export const readQuery = <T extends z.ZodRawShape>(fields: T) =>
  query({
    ...fields,
    minPosition: Position.optional().meta({
      description: 'Answer from at or after this position, or with `behind` after two seconds.',
    }),
  });
