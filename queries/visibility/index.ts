export { isHidden, pushMerged, seenEvent } from './seen.ts';
export { type Access, frameSeq, messageSeqOf, type Sight, sees, seesSeq, sightOf, spanAt } from './sight.ts';
export { withoutWords } from './words.ts';
