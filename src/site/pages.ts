/** The pages under /docs that are generated from data: the API reference and the problems. */
import { stepFunctionsException, thingsGraphException } from '../problems/problem-catalogue.ts';
import { PROBLEM_STATUS, type ServiceProblemCode } from '../problems/problem-codes.ts';
import { problemDocumentation } from '../problems/problem-documentation.ts';
import type { ProblemDocumentation } from '../problems/problem-entry.ts';
import { escape, page, rootFrom } from './page.ts';

/** The API reference: Swagger UI over /openapi.json. */
export const referencePage = (): string =>
  page({
    path: 'docs',
    title: 'Flowtap API',
    styleSheets: ['docs/swagger-ui.css'],
    body: `<div id="reference"></div>
<noscript><p>The reference needs JavaScript. It displays <a href="./openapi.json">openapi.json</a>.
The <a href="./docs/http-api">description of the API</a> needs no JavaScript.</p></noscript>
<script src="./docs/swagger-ui-bundle.js"></script>
<script src="./docs/start.js"></script>
`,
  });

/**
 * Starts Swagger UI. Keys that a reader enters are not stored. Examples of optional parameters are moved to the
 * descriptions of the parameters. Otherwise, Swagger UI would send all of them in one request, which would be invalid.
 */
export const START_SCRIPT = `const leftOut = (parameter) => {
  if (parameter.required || parameter.example === undefined) return parameter;
  const { example, description, ...rest } = parameter;
  return { ...rest, description: description + ' Example: \`' + [example].flat().join(',') + '\`.' };
};

const withoutPrefill = (value) => {
  if (Array.isArray(value)) return value.map(withoutPrefill);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'parameters' && Array.isArray(member) ? member.map(leftOut) : withoutPrefill(member),
    ]),
  );
};

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

window.SwaggerUIBundle({
  url: './openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  plugins: [
    {
      statePlugins: {
        spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(withoutPrefill(document)) } },
      },
    },
  ],
});
`;

interface DocumentedProblem extends ProblemDocumentation {
  readonly code: string;
  readonly status: number;
}

const documentedProblems: readonly DocumentedProblem[] = Object.entries(problemDocumentation)
  .map(([code, documentation]) => ({
    code,
    // Safety: `problemDocumentation` has the same keys as `PROBLEM_STATUS`.
    status: PROBLEM_STATUS[code as ServiceProblemCode],
    ...documentation,
  }))
  .toSorted((one, other) => one.status - other.status);

/** A section for each code, with the anchor that the problem's `type` points to. */
export const problemsPage = (): string =>
  page({
    path: 'docs/problems',
    title: 'Problems · Flowtap',
    body: `<main>
<h1>Problems</h1>
<p>Errors are <code>application/problem+json</code> (RFC 9457). <code>type</code> points to this page. <code>code</code> is for
programs, <code>detail</code> and <code>errors</code> are for people, <code>requestId</code> is for the operator.</p>
${documentedProblems.map(problemSection).join('')}</main>
`,
  });

/** Escapes the text for HTML, and turns paths such as /docs/problems into links. */
const linked = (text: string): string =>
  escape(text).replaceAll(
    /(?<![\w/])\/(docs(?:\/[\w-]+)?)(?![\w/])/g,
    `<a href="${rootFrom('docs/problems')}$1">$&</a>`,
  );

/** The exceptions that AWS clients get for the failures with this code. */
const exceptionsOf = ({ examples }: DocumentedProblem): string =>
  [
    ...new Set(
      Object.values(examples).flatMap((failure) => [
        thingsGraphException(failure).name,
        stepFunctionsException(failure).name,
      ]),
    ),
  ]
    .map((name) => `<code>${name}</code>`)
    .join(', ');

const problemSection = (problem: DocumentedProblem): string => {
  const { code, status, meaning, cause, action } = problem;
  return `<section id="${code}">
<h2>${code} <small>${status}</small></h2>
<p>${linked(meaning)}</p>
<p><b>Cause.</b> ${linked(cause)}</p>
<p><b>Action.</b> ${linked(action)}</p>
<p><b>AWS clients</b> get ${exceptionsOf(problem)}.</p>
</section>
`;
};
