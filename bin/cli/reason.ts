import { Option } from 'commander';
import { REASON_MAX_LENGTH } from '../../gateway/http/ops/port.ts';
import { WrongUsage } from './io.ts';

/** Why an operator does something; over HTTP it may be as long. */
export const reasonOption = (what = 'why; it is recorded with what is done (`ops log`)'): Option =>
  new Option('--reason <text>', what).argParser((text) => {
    if (text.length >= 1 && text.length <= REASON_MAX_LENGTH) return text;
    throw new WrongUsage(`--reason takes 1 to ${REASON_MAX_LENGTH} characters`);
  });
