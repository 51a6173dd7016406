import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { history, idsIn, pageOf } from '../target.ts';

export const ids: Section = {
  title: 'Execution ids',
  requirements: [
    requirement(
      'Ids with `:` `/` `.` work raw and percent-encoded. They are decoded once',
      'an execution is found by its raw and by its percent-encoded id, and no id is decoded twice',
      ['emulator'],
      async (target) => {
        const id = target.newId('2019-05-11T19:39:55.317Z/a.b');
        await target.script(id, history(3));
        const raw = await target.json(`/v1/executions/${id}/messages`);
        assert.deepEqual(idsIn(raw), ['0', '1', '2']);
        assert.deepEqual(await target.json(pageOf(id)), raw);
        assert.equal((await target.json(`/v1/executions/${id}`))['flowExecutionId'], id);

        const percent = target.newId('100%25 %2F');
        await target.script(percent, history(2));
        assert.equal(idsIn(await target.json(pageOf(percent))).length, 2);
      },
    ),
    requirement(
      'An id has 1 to 512 characters. It must not contain control characters, an API key or a ticket, even percent-encoded: ids are logged.',
      'an id of 512 characters is accepted; a longer, empty or badly encoded id, or an id with a control character, is a 400 that names the path',
      ['emulator'],
      async (target) => {
        const longest = target.newId('x').padEnd(512, 'x');
        await target.script(longest, history(1));
        await target.json(pageOf(longest));
        const bad = [pageOf(`${longest}x`), pageOf('a\u0000b'), '/v1/executions//messages'];
        for (const path of [...bad, '/v1/executions/%ff/messages', '/v1/executions/%zz/messages']) {
          const problem = await target.problem(path, 400, 'InvalidRequestException');
          assert.equal(problem['errors'][0].in, 'path', path);
        }
      },
    ),
    requirement(
      'The 404 of an unknown execution repeats the id. A mistyped last segment (`…/message`) counts as part of the id.',
      'the 404 for a mistyped last segment repeats that segment',
      ['emulator'],
      async (target) => {
        const id = target.newId('typo');
        await target.script(id, history(1));
        const path = `/v1/executions/${id}/message`;
        const problem = await target.problem(path, 404, 'ResourceNotFoundException');
        assert(problem['detail'].includes(`${id}/message`), problem['detail']);
      },
    ),
    requirement(
      'If an id itself ends in `/messages`, `/tickets` or `/children`, encode that slash.',
      'an id that ends in /messages can be read if that slash is encoded',
      ['emulator'],
      async (target) => {
        const id = `${target.newId('odd')}/messages`;
        await target.script(id, history(4));
        assert.equal((await target.json(`/v1/executions/${encodeURIComponent(id)}`))['messageCount'], 4);
        assert.equal(idsIn(await target.json(pageOf(id))).length, 4);
      },
    ),
  ],
};
