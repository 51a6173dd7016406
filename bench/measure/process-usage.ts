/**
 * Reads from /proc how much CPU time and memory a process uses: all its threads, but not its child processes. Linux
 * only.
 */
import { readFileSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)` is 100 on every Linux that runs Node. */
const TICKS_PER_SECOND = 100;
const PAGE_KIB = 4;

/** CPU time so far in microseconds, user plus system. */
export function cpuMicros(pid: number): number {
  // Removes the fields up to the process name. The name is in parentheses and can contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return ((userTicks + systemTicks) * 1_000_000) / TICKS_PER_SECOND;
}

/** Resident memory in KiB. */
export function residentKib(pid: number): number {
  const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Number(resident) * PAGE_KIB;
}
