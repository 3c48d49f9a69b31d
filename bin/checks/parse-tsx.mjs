// Loaded before dependency-cruiser (`node --import`): it asks swc for TypeScript without JSX whatever the file is
// called, and would stop at the first .tsx.
import swc from '@swc/core';

const parseFileSync = swc.parseFileSync.bind(swc);
swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('.tsx') });
