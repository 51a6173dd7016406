/** The HTML frame of the page at /watch. Its module and style sheet come from src/viewer/watch. */

/** All addresses are relative, so that the page also works behind a path prefix. */
export const watchPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flowtap</title>
<link rel="icon" type="image/svg+xml" href="./watch/icon.svg">
<link rel="stylesheet" href="./watch/page.css">
<script type="module" src="./watch/app.js"></script>
</head>
<body>
<watch-page></watch-page>
<noscript><p>This page needs JavaScript. <a href="./docs/client">The command <code>flowtap tail</code></a> shows an execution in a
terminal.</p></noscript>
</body>
</html>
`;

export const WATCH_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#4f46e5"/><g fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"><path d="M6 7h7a3.4 3.4 0 0 1 0 6.8h-3"/><path d="M6 18.5h12" opacity=".6"/></g><circle cx="7.4" cy="13.8" r="2" fill="#fff"/></svg>
`;
