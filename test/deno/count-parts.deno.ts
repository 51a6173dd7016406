/**
 * For kill.test.ts: counts rows in a store on Deno KV. Prints the number of parts, of parts that an entry refers to,
 * and of pending writes.
 */
const [path] = Deno.args;
const kv = await Deno.openKv(path);
let [parts, named, pending] = [0, 0, 0];
for await (const _ of kv.list({ prefix: ['part'] })) parts++;
for await (const _ of kv.list({ prefix: ['pending'] })) pending++;
for await (const { value } of kv.list<{ parts?: { count: number } }>({ prefix: ['entry'] })) {
  named += value.parts?.count ?? 0;
}
kv.close();
console.log(JSON.stringify({ parts, named, pending }));
