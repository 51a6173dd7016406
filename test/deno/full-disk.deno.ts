/**
 * For full-disk.test.ts: fills the disk with the store, then revokes a key, deletes archives and fills the disk again.
 */
import { isRevocation } from '../../src/access/keys/key-record.ts';
import { systemClock as clock } from '../../src/core/clock.ts';
import { consoleLog as log } from '../../src/core/log.ts';
import { createReserveFile } from '../../src/deno/reserve-file.ts';
import { createDenoKvStore } from '../../src/storage/deno-kv.ts';
import { withReservedSpace } from '../../src/storage/reserved-space.ts';

const [path = ''] = Deno.args;
const value = 'x'.repeat(500_000);

const attempt = async (write: () => Promise<void>): Promise<string> => {
  try {
    await write();
    return 'done';
  } catch (error) {
    return String(error);
  }
};
/** Writes entries until one fails. Returns how many were written. */
async function fill(put: (key: string) => Promise<void>): Promise<number> {
  for (let n = 0; ; n++) if ((await attempt(() => put(`archive/${n}`))) !== 'done') return n;
}

const kv = await Deno.openKv(path);
const plain = await createDenoKvStore(kv, clock);
const reserve = createReserveFile(`${path}.reserve`);
await reserve.restore();
const store = withReservedSpace({ store: plain, reserve, isUrgent: isRevocation, log });

const filled = await fill((key) => store.put(key, value));
// The large write that failed has left some room, so smaller entries fill it.
await fill((key) => store.put(`small/${key}`, value.slice(0, 1_000)));
const revoked = await attempt(() => store.put('key/state/12345678', '{}'));
let deleted = 0;
for (let n = 0; n < filled; n++)
  if ((await attempt(() => store.delete(`archive/${n}`))) === 'done') deleted++;
const refilled = await fill((key) => store.put(key, value));
kv.close();
console.log(JSON.stringify({ filled, revoked, deleted, refilled }));
