/**
 * `GET /` redirects browsers to the viewer, which links to the documentation. Other clients get a 404, as for
 * an unknown path.
 */
import { fail, ok } from '../../core/errors.ts';
import { acceptsHtml } from '../accept.ts';
import type { Handler } from '../routing.ts';

/** A relative URL, so that it also works under a path prefix. */
const VIEWER = './watch';

export const homePage: Handler = async ({ request }) =>
  acceptsHtml(request.headers.get('Accept'))
    ? ok({
        status: 302,
        headers: { Location: VIEWER, Vary: 'Accept', 'Cache-Control': 'no-cache' },
        body: null,
      })
    : fail({ type: 'no-such-route' });
