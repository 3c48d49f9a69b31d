import * as z from 'zod';

/**
 * Words as they lie in the log: tagged, so that the words of a user can one day be sealed and erased
 * without rewriting an event. `plain` is the only form written today.
 */
export const Content = z.object({ enc: z.literal('plain'), text: z.string() });
export type Content = z.infer<typeof Content>;

/** Why words are not shown: their place then holds an empty string. */
export type Withheld = 'erased' | 'deleted' | 'hidden';

export const plain = (text: string): Content => ({ enc: 'plain', text });
export const words = (content: Content): string => content.text;
