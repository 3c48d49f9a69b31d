import pg from 'pg';

type GetTypeParser = pg.CustomTypesConfig['getTypeParser'];

const INT8 = 20;
/** Whose parsers of the driver's own are kept: bool, bytea, int2, int4, float4, float8. */
const PARSED = new Set([16, 17, 21, 23, 700, 701]);

/** Positions and seqs are whole numbers far below 2^53; everything else (times, JSON) stays text. */
export const toText = ((oid: number, format?: 'text' | 'binary') => {
  if (oid === INT8) return Number;
  return PARSED.has(oid) ? pg.types.getTypeParser(oid, format as 'text') : String;
}) as GetTypeParser;
