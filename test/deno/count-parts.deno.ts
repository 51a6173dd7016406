/**
 * Counts the rows of a store on Deno KV: parts, parts that a pointer names, and what is pending. For
 * kill.test.ts.
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
