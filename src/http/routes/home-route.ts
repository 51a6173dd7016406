/**
 * `GET /`: a browser is redirected to the viewer, which links to the documentation. Other clients get the 404
 * of an unknown path.
 */
import { fail, ok } from '../../core/errors.ts';
import { acceptsHtml } from '../accept.ts';
import type { Handler } from '../routing.ts';

/** Relative, so that it is also right behind a path prefix. */
const VIEWER = './watch';

export const homePage: Handler = async ({ request }) =>
  acceptsHtml(request.headers.get('Accept'))
    ? ok({
        status: 302,
        headers: { Location: VIEWER, Vary: 'Accept', 'Cache-Control': 'no-cache' },
        body: null,
      })
    : fail({ type: 'no-such-route' });
