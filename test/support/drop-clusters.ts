import { afterAll } from 'vitest';
import { dropClusters } from './cluster.ts';

afterAll(dropClusters);
