import { createNaiveViews } from '../support/naive-views.ts';
import { type ReadersOver, visibilitySuite } from './suite.ts';

const naive =
  (foldEvery: number): ReadersOver =>
  async (events) => {
    const views = createNaiveViews({ foldEvery });
    views.add(...events);
    return { deps: views.deps, close: async () => undefined };
  };

visibilitySuite('naive readers that fold every second change', naive(2));
