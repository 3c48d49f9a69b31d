import type { Stay } from '../../queries/members/view.ts';

type StayPair = [from: number, to: number | null];

export const staysText = (stays: readonly Stay[]): string =>
  JSON.stringify(stays.map(({ from, to }): StayPair => [from, to]));

export const parseStays = (text: string): Stay[] =>
  (JSON.parse(text) as StayPair[]).map(([from, to]) => ({ from, to }));
