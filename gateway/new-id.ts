import { ulid } from 'ulid';

/** A fresh ULID, for whatever a client left out. */
export const newId = (): string => ulid();
