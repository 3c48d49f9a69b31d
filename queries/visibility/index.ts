export { isHidden, pushMerged, seenEvent, seenEvents } from './seen.ts';
export {
  type Access,
  frameSeq,
  hasGaps,
  messageSeqOf,
  type Sight,
  type Span,
  sees,
  seesSeq,
  sightOf,
  spanAt,
} from './sight.ts';
export { withoutWords } from './words.ts';
