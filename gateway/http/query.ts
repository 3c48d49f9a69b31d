import * as z from 'zod';
import { Position } from '../requests.ts';

const DIGITS = /^\d+$/;
/** No seq and no limit comes near it, and it is exact: a longer number means the same, more than there is. */
const NUMBER_MAX = 999_999_999_999_999;
const toNumber = (value: unknown): unknown =>
  typeof value === 'string' && DIGITS.test(value) ? Math.min(Number(value), NUMBER_MAX) : value;

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
