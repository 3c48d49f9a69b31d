import * as z from 'zod';

/** Each has a stream `ops-<area>`, and `ops log` reads these. */
export const OPS_AREAS = [
  'projections',
  'parked',
  'import',
  'events',
  'export',
  'query',
  'replay',
  'backup',
  'users',
] as const;
export type OpsArea = (typeof OPS_AREAS)[number];

/** `ops-<area>`: what operators and analysts did: who, what, on what, why and how it ended. Words withheld never appear. */
export const StoredOpsData = {
  OperatorActed: z.object({
    action: z.string(),
    target: z.string(),
    reason: z.string().optional(),
    outcome: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
  /** In `ops-parked`: an event that views leave out from now on and for ever, whenever they are folded. */
  EventSkipped: z.object({
    views: z.array(z.string()),
    stream: z.string(),
    revision: z.int().min(0),
    position: z.int().min(0),
    type: z.string(),
    reason: z.string(),
    /** Why the views could not take it. */
    error: z.string(),
  }),
  /** A read of chats' events by role `analyst`: recorded before the first byte is sent (PROTOCOL §3.5). */
  EventsRead: z.object({ content: z.boolean(), filter: z.record(z.string(), z.string()) }),
};
export type StoredSkip = z.infer<(typeof StoredOpsData)['EventSkipped']>;
/** Where `EventSkipped` lies. */
export const PARKED_AREA = 'parked' satisfies OpsArea;
/** `config-<section>`: a section of the dynamic configuration as it is from now on. */
export const StoredConfigData = {
  ConfigurationChanged: z.object({ values: z.record(z.string(), z.unknown()) }),
};
