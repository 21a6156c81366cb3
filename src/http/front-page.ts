import { createHash } from 'node:crypto'
import type { Middleware } from 'koa'
import { NotFound } from '../base/errors.js'
import { version } from '../base/version.js'
import type { Operation } from '../rest/operation.js'
import { definitionId } from '../rest/operation-definition.js'
import { basePath, baseUrl } from './base-url.js'
import type { Door } from './fhir.js'

const style = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1, h2 { line-height: 1.2; }
li { margin: .25rem 0; }
code { font-size: .95em; }
`

/** The page has a style and nothing else that runs or loads. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** The page at `/`: where FHIR is, what the server can do, and where that is written down. */
export function frontPage({ config, places }: Pick<Door, 'config' | 'places'>): Middleware {
  const { all } = places.operations
  const operations = [...all].sort((a, b) => (a.code < b.code ? -1 : 1)).map(operationLine)
  return (koa) => {
    if (koa.path !== '/' || (koa.method !== 'GET' && koa.method !== 'HEAD')) {
      throw new NotFound(`There is nothing at this path; FHIR is below ${basePath}`)
    }
    koa.type = 'html'
    koa.set('Content-Security-Policy', policy)
    koa.body = page(baseUrl(config.baseUrl, koa.headers), config.authJwksUrl !== undefined, operations)
  }
}

const operationLine = (operation: Operation): string => {
  const { code, on, title } = operation
  const of = on.resource === '*' ? 'every type' : (on.resource?.join(', ') ?? 'the server')
  return `<li><a href="${basePath}/OperationDefinition/${definitionId(operation)}"><code>$${code}</code></a>
of ${text(of)}: ${text(title)}</li>`
}

const page = (base: string, isAsked: boolean, operations: readonly string[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ingle, a FHIR R4 server</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Ingle, a FHIR R4 server</h1>
<p>The base of FHIR is <code>${text(base)}</code>. ${
  isAsked
    ? 'All but the first of these asks for a bearer token with SMART scopes.'
    : 'Nobody is asked for a token: who reaches this page may read and write everything.'
}</p>
<ul>
<li><a href="${basePath}/metadata?_pretty=true">CapabilityStatement</a>: all types, search parameters and operations</li>
<li><a href="${basePath}/Patient?_count=5&amp;_pretty=true">Five patients</a>, and as
<a href="${basePath}/Patient?_count=5&amp;_format=xml&amp;_pretty=true">XML</a></li>
<li><a href="${basePath}/Observation?_sort=-_lastUpdated&amp;_count=5&amp;_pretty=true">The five Observations that were written last</a></li>
</ul>
<h2>What it does</h2>
<ul>
<li>Every R4 resource type: read, vread, create, update, patch, delete, history, conditional interactions, batch and
transaction</li>
<li>Search by the parameters of R4 and by your own, with modifiers, chains, <code>_has</code>, <code>_filter</code>,
<code>_include</code>, sorting and pages</li>
<li>JSON, XML and NDJSON; decimals keep their digits</li>
<li>GraphQL, SQL on FHIR, and <code>Prefer: respond-async</code> on any interaction</li>
</ul>
<h2>Operations</h2>
<ul>
${operations.join('\n')}
</ul>
<h2>How to use it</h2>
<p>The README and the folder <code>docs</code> of the project have examples that run. The standard:
<a href="https://hl7.org/fhir/R4/http.html">RESTful API</a>,
<a href="https://hl7.org/fhir/R4/search.html">search</a>,
<a href="https://hl7.org/fhir/R4/resourcelist.html">resources</a>.</p>
<p>For machines: <a href="/livez"><code>/livez</code></a>, <a href="/readyz"><code>/readyz</code></a>,
<a href="/health"><code>/health</code></a>, <a href="/metrics"><code>/metrics</code></a>.</p>
</main>
<footer><p>Ingle ${text(version)}</p></footer>
</body>
</html>
`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const text = (plain: string) => plain.replace(/[&<>"]/g, (letter) => entities[letter]!)
