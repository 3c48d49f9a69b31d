export type * from './api.ts';
export * from './visibility/index.ts';
