export { type Blamed, blame } from './blame.ts';
